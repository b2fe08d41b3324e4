"""Bybit's linear options, settled in USDT or USDC: ``BTC-26SEP25-300000-C-USDT``, ``BTC-26SEP25-300000-C``.

Vols are decimals here, unlike Deribit's. A price of 0 means none. Recorded tables without an underlying price
get their forwards from put-call parity.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import pandas as pd

from hedging.book.legs import Leg, Legs, legs_to_export
from hedging.book.tickets import order_ids
from hedging.errors import ChainError, InputError
from hedging.market.chain import OptionChain
from hedging.market.contracts import ContractTerms, FeeRule, Perpetual, option_symbol
from hedging.venues._files import Format, Pick, QuoteFile, pick_asset, pick_snapshot
from hedging.venues._orders import (
    Steps,
    batches,
    checked_time,
    own_option,
    price_of,
    request,
    steps_of,
    text,
    whole_steps,
)
from hedging.venues._times import epoch, held, stamps
from hedging.venues.deribit.names import named

__all__ = ["TABLE", "TICKERS", "option_terms", "orders"]

MOST_ORDERS: Final = 20  # in one request
TIMES: Final = {"good_til_cancelled": "GTC", "immediate_or_cancel": "IOC", "fill_or_kill": "FOK"}


class _Product(NamedTuple):
    lot: float  # contracts
    ticks: tuple[tuple[float, float], ...]


# Lots: help pages. Ticks: BTC and SOL as every price of the recorded chain of 2 July 2025 has them; that of
# ETH is the same share of its price as BTC's, rounded, and no recorded price confirms it.
_PRODUCTS: Final = {
    "BTC": _Product(0.01, ((0.0, 5.0),)),
    "ETH": _Product(0.1, ((0.0, 0.1),)),
    "SOL": _Product(1.0, ((0.0, 0.01),)),
}
# 0.03 % of the index, at most 12.5 % of the premium; the cap is 7 % in the schedules of 2025.
_FEE: Final = {"2020-01-01": FeeRule(0.0003, 0.125), "2025-01-01": FeeRule(0.0003, 0.07)}


def option_terms(asset: str, as_of: str | pd.Timestamp, currency: str = "USDT") -> ContractTerms:
    """Terms of Bybit's options on `asset` that held at `as_of`.

    Parameters
    ----------
    asset : str
        ``"BTC"``, ``"ETH"`` or ``"SOL"``.
    as_of : str or Timestamp
        When; with a time zone.
    currency : {'USDT', 'USDC'}
        What they settle in.

    Raises
    ------
    InputError
        If the terms for that asset are not known here.

    Examples
    --------
    >>> option_terms("BTC", "2025-07-02T00:00Z").fee
    FeeRule(rate=0.0003, cap=0.07)
    """
    product = _PRODUCTS.get(asset)
    if product is None:
        raise InputError(
            f"no terms are known for Bybit options on {asset!r}; known are {', '.join(_PRODUCTS)}."
        )
    return ContractTerms(
        settlement="cash",
        currency=currency,
        lot=product.lot,
        ticks=product.ticks,
        fee=held(_FEE, as_of),
        venue="bybit",
    )


def _named(rows: pd.DataFrame) -> pd.DataFrame:
    """Add what the names say: Deribit's shape, with the currency behind where it is USDT."""
    parts = rows["symbol"].astype(str).str.extract(r"^(?P<plain>.*-[CP])(?:-(?P<currency>USDT|USDC))?$")
    read = named(rows.assign(plain=parts["plain"]), "plain")
    return read.assign(currency=parts["currency"].fillna("USDC"))


def _chain(
    rows: pd.DataFrame, pick: Pick, file: QuoteFile, as_of: pd.Timestamp, columns: dict[str, str]
) -> OptionChain:
    asset = pick_asset(rows["asset"], pick, file.name)
    mine = rows[(rows["asset"] == asset) | rows["asset"].isna()]
    currencies = mine.loc[mine["asset"].notna(), "currency"].unique()
    if len(currencies) != 1:
        raise ChainError(
            f"{file.name} holds options on {asset} settled in {', '.join(currencies)}; split them first."
        )
    return OptionChain.from_frame(
        mine,
        asset=asset,
        as_of=as_of,
        units={"price": "money", "vol": "decimal"},
        columns=columns,
        terms=option_terms(asset, as_of, currencies[0]),
        reject=mine["contradiction"],
        source=file.name,
        sha256=file.sha256,
        rules=pick.rules,
    )


def _minutes(file: QuoteFile, pick: Pick) -> pd.Series:
    """Times of one asset's rows. A download takes some seconds; its rows make one chain, at the last of its times."""
    rows = _named(file.content)
    minutes = stamps(rows["download_date"], file.name, pick.timezone).dt.floor("min")
    mine: pd.Series = minutes[rows["asset"] == pick_asset(rows["asset"], pick, file.name)]
    return mine


def _read_table(file: QuoteFile, pick: Pick) -> OptionChain:
    rows = _named(file.content)
    when = pick_snapshot(_minutes(file, pick), pick, file.name)
    minutes = stamps(rows["download_date"], file.name, pick.timezone).dt.floor("min")
    last = stamps(rows["download_date"], file.name, pick.timezone)[minutes == when].max()
    return _chain(rows[minutes == when], pick, file, last, {"mark_vol": "iv"})


def _entries(content: Any) -> list[dict[str, Any]]:
    if not isinstance(content, dict) or not isinstance(content.get("result"), dict):
        return []
    entries = content["result"].get("list")
    whole = isinstance(entries, list) and bool(entries) and all(isinstance(entry, dict) for entry in entries)
    return entries if whole else []


def _read_tickers(file: QuoteFile, pick: Pick) -> OptionChain:
    rows = _named(pd.DataFrame(_entries(file.content)))
    when = epoch(pd.Series([file.content.get("time")], name="time"), "ms", file.name).iloc[0]
    theirs = {
        "bid": "bid1Price",
        "ask": "ask1Price",
        "bid_size": "bid1Size",
        "ask_size": "ask1Size",
        "mark": "markPrice",
        "mark_vol": "markIv",
        "forward": "underlyingPrice",
        "index": "indexPrice",
        "open_interest": "openInterest",
        "volume": "volume24h",
    }
    columns = {ours: name for ours, name in theirs.items() if name in rows.columns}
    return _chain(rows, pick, file, when, columns)


TABLE: Final = Format(
    "bybit-table",
    lambda file: {"symbol", "bid", "ask", "iv", "download_date"} <= file.columns,
    _read_table,
    _minutes,
)
TICKERS: Final = Format(
    "bybit-tickers",
    lambda file: {"symbol", "bid1Price"} <= set((_entries(file.content) or [{}])[0]),
    _read_tickers,
)


def orders(
    plan: Legs,
    *,
    steps: Mapping[str, Steps] | None = None,
    plan_id: str | None = None,
    time_in_force: str | None = None,
) -> list[dict[str, Any]]:
    """Requests of ``/v5/order/create-batch``, of 20 limit orders at most each. Nothing is sent.

    Parameters
    ----------
    plan : HasLegs or iterable of Leg
        Options of Bybit's, linear perpetuals (``BTCUSDT``) and inverse ones (``BTCUSD``, sized in dollars).
    steps : mapping, optional
        Ticks and the step of the amount by symbol, as the exchange states them; needed for perpetuals.
    plan_id : str, optional
        For ``orderLinkId``, which options must have; by default the plan's own id.
    time_in_force : {'good_til_cancelled', 'immediate_or_cancel', 'fill_or_kill'}, optional

    Returns
    -------
    list of dict
        ``method``, ``path`` and ``body``; numbers are text, as the exchange takes them.

    Raises
    ------
    InputError
        If a leg is none of Bybit's, its steps are not known, or its amount is no whole steps.
    """
    legs = legs_to_export(plan)
    checked_time(time_in_force, tuple(TIMES))
    names = order_ids(legs, getattr(plan, "id", "") if plan_id is None else plan_id)
    made: dict[str, list[dict[str, Any]]] = {}
    for leg, label in zip(legs, names, strict=True):
        category, symbol = _named_leg(leg)
        here = steps_of(leg, symbol, "Bybit", 1.0, steps or {})
        inverse = category == "inverse"
        size = abs(leg.units) * (leg.price if inverse else 1.0)
        row = {
            "symbol": symbol,
            "side": leg.side.capitalize(),
            "orderType": "Limit",
            "qty": text(whole_steps(size, symbol, here.amount, rounded=inverse)),
            "price": text(price_of(leg, symbol, here.ticks)),
            "orderLinkId": label,
        }
        if time_in_force is not None:
            row["timeInForce"] = TIMES[time_in_force]
        made.setdefault(category, []).append(row)
    return [
        request("POST", "/v5/order/create-batch", {"category": category, "request": batch})
        for category, rows in made.items()
        for batch in batches(rows, MOST_ORDERS)
    ]


def _named_leg(leg: Leg) -> tuple[str, str]:
    """Category and symbol of a leg's instrument."""
    item = leg.instrument
    option = own_option(leg, "bybit")
    if option is not None:
        if option.terms.settlement != "cash":
            raise InputError(f"{option.symbol} settles in coin; options of Bybit settle in USDT or USDC.")
        plain = option_symbol(option.asset, option.expiry, option.strike, option.flag).replace("d", ".")
        return "option", f"{plain}-USDT" if option.terms.currency == "USDT" else plain
    if isinstance(item, Perpetual):
        return (
            ("inverse", f"{item.asset}USD") if item.settlement == "coin" else ("linear", f"{item.asset}USDT")
        )
    raise InputError(
        f"{item.symbol} is traded on Bybit under a name that is not said; route it by its terms instead."
    )
