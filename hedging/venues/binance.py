"""Binance's options (eapi): ``BTC-260327-70000-C``, settled in USDT, vols as decimals.

Quotes come in one reply (ticker), marks and vols in another (mark); each is read alone, the two together where one is
handed in beside the other, or where rows of both were put in one list. ``exercisePrice`` is the index until shortly
before expiry. Only a ticker's ``closeTime`` says when a quote was taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import pandas as pd

from hedging.market.chain import OptionChain
from hedging.market.contracts import ContractTerms, FeeRule
from hedging.venues._binance_orders import orders
from hedging.venues._formats import Format, Pick, columns_there, given_time, own_time, pick_asset
from hedging.venues._opening import QuoteFile
from hedging.venues._replies import joined, six_digit_names
from hedging.venues._terms import agreed
from hedging.venues._times import epoch

__all__ = ["NAME", "ROWS", "agreed_terms", "orders"]


class _Product(NamedTuple):
    tick: float
    lot: float  # contracts
    multiplier: float = 1.0


# The exchange's page of contract specifications.
_PRODUCTS: Final = {
    "BTC": _Product(5.0, 0.01),
    "ETH": _Product(0.1, 0.01),
    "BNB": _Product(0.1, 0.01),
    "SOL": _Product(0.01, 0.1),
    "XRP": _Product(0.01, 0.1, 100.0),
    "DOGE": _Product(0.01, 0.01, 1_000.0),
}
_FEE: Final = FeeRule(0.0003, 0.1)  # of the index, at most a tenth of the premium

NAME: Final = r"(?P<base>[A-Z0-9]+)-(?P<day>\d{6})-(?P<strike>[\d.]+)-(?P<flag>[CP])"
_COLUMNS: Final = {
    "bid": "bidPrice",
    "ask": "askPrice",
    "mark": "markPrice",
    "mark_vol": "markIV",
    "index": "exercisePrice",
    "volume": "volume",
}


def agreed_terms(
    asset: str, given: ContractTerms | Mapping[str, Any] | None = None, currency: str = "USDT"
) -> ContractTerms:
    """Terms of Binance's options on a coin, with those given in their place or beside them.

    Raises
    ------
    ChainError
        If the coin is not known here and its size, lot or ticks are not given.
    """
    known: dict[str, Any] = {"settlement": "cash", "currency": currency, "fee": _FEE, "venue": "binance"}
    product = _PRODUCTS.get(asset)
    if product is not None:
        known |= {"multiplier": product.multiplier, "lot": product.lot, "ticks": ((0.0, product.tick),)}
        return agreed(given, known)
    who = f"Binance options on {asset!r}; known are {', '.join(_PRODUCTS)}"
    return agreed(given, known, missing=("multiplier", "lot", "ticks"), who=who)


def _read(file: QuoteFile, pick: Pick) -> OptionChain:
    rows = six_digit_names(joined(file, "symbol"), "symbol", NAME)
    rows = rows.assign(asset=rows["base"].where(rows["base"].notna(), None))
    asset = pick_asset(rows["asset"], pick, file.name)
    mine = rows[(rows["asset"] == asset) | rows["asset"].isna()]
    terms = agreed_terms(asset, pick.terms)
    return OptionChain.from_frame(
        mine,
        asset=asset,
        as_of=_time(mine, pick, file.name),
        units={"price": "money", "vol": "decimal"},
        columns=columns_there(_COLUMNS, mine, file.name),
        terms=terms,
        spot=pick.spot,
        source=file.name,
        sha256=file.sha256,
        rules=pick.rules,
    )


def _time(rows: pd.DataFrame, pick: Pick, name: str) -> pd.Timestamp:
    """The latest time that tickers carry, or the one asked for."""
    column = "closeTime" if "closeTime" in rows.columns else "time"
    if column not in rows.columns or rows[column].isna().all():
        return given_time(pick, name)
    latest: pd.Timestamp = epoch(rows[column].dropna(), "ms", name).max()
    return own_time(pick, latest, name)


def _matches(file: QuoteFile) -> bool:
    rows = joined(file, "symbol")
    if not len(rows) or not {"bidPrice", "markPrice", "markIV"} & set(rows.columns):
        return False
    return bool(rows["symbol"].astype(str).str.fullmatch(NAME).any())


ROWS: Final = Format("binance", _matches, _read, heeds=("spot",), takes_beside=True)
