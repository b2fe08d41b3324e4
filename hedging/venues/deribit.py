"""Deribit: contract names, the terms that held on a date, and rows of its API made into a chain.

Names: ``BTC-5MAR26-70000-P`` settles in coin; ``XRP_USDC-21SEP26-1d325-C`` in USDC, ``d`` being the decimal
point. The day has no leading zero; every expiry is at 08:00 UTC. Fees, lots and ticks are those of the
exchange's help pages (contract specifications of the inverse and of the linear USDC options, and fees),
as of the date each entry starts on; pass your own `ContractTerms` where your account differs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

import pandas as pd

from hedging.chain import OptionChain
from hedging.errors import ChainError, InputError
from hedging.instruments import ContractTerms, FeeRule
from hedging.units import utc

__all__ = ["LinearTerms", "Name", "chain_from_rows", "linear_terms", "option_terms", "parse_name"]

_NAME: Final = re.compile(
    r"(?P<base>[A-Z0-9]+)(?:_(?P<quote>[A-Z]+))?-(?P<day>\d{1,2})(?P<month>[A-Z]{3})(?P<year>\d{2})"
    r"-(?P<strike>\d+(?:[d.]\d+)?)-(?P<flag>[CP])"
)
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


class Name(NamedTuple):
    """What an option's name says; `asset` is ``BTC``, or ``XRP_USDC`` where it settles in USDC."""

    asset: str
    expiry: pd.Timestamp
    strike: float
    flag: str


def parse_name(symbol: str) -> Name | None:
    """Read an option's name; None if it is no option of Deribit's.

    Examples
    --------
    >>> parse_name("XRP_USDC-21SEP26-1d325-C")
    Name(asset='XRP_USDC', expiry=Timestamp('2026-09-21 08:00:00+0000', tz='UTC'), strike=1.325, flag='c')
    >>> parse_name("BTC-PERPETUAL") is None
    True
    """
    match = _NAME.fullmatch(symbol)
    if match is None or match["month"] not in _MONTHS:
        return None
    try:
        expiry = pd.Timestamp(
            year=2000 + int(match["year"]),
            month=_MONTHS.index(match["month"]) + 1,
            day=int(match["day"]),
            hour=8,
            tz="UTC",
        )
    except ValueError:  # 31 June
        return None
    asset = f"{match['base']}_{match['quote']}" if match["quote"] else match["base"]
    return Name(asset, expiry, float(match["strike"].replace("d", ".")), match["flag"].lower())


# --- terms, by date ---------------------------------------------------------------------------------

_LONG_AGO: Final = "2016-01-01"
_NEW_FEES: Final = "2026-08-01"


class _Product(NamedTuple):
    multiplier: float
    lot: float  # contracts
    ticks: tuple[tuple[float, float], ...]


_INVERSE: Final = {
    "BTC": _Product(1, 0.1, ((0.0, 0.0001), (0.005, 0.0005))),
    "ETH": _Product(1, 1.0, ((0.0, 0.0001), (0.005, 0.0005))),
}
_LINEAR: Final = {
    "BTC_USDC": _Product(1, 0.01, ((0.0, 5.0), (1_000.0, 20.0))),
    "ETH_USDC": _Product(1, 0.1, ((0.0, 0.2), (50.0, 1.0))),
    "SOL_USDC": _Product(10, 1.0, ((0.0, 0.1),)),
    "XRP_USDC": _Product(1_000, 1.0, ((0.0, 0.0005),)),
    "AVAX_USDC": _Product(100, 1.0, ((0.0, 0.0005), (0.1, 0.002))),
    "TRX_USDC": _Product(10_000, 1.0, ((0.0, 0.00005), (0.01, 0.0001))),
}

# What a taker pays, from each date on.
_OPTION_FEE: Final = {
    "coin": {_LONG_AGO: FeeRule(0.0003, 0.125)},
    "cash": {_LONG_AGO: FeeRule(0.0005, 0.125), _NEW_FEES: FeeRule(0.0003, 0.125)},
}
_FUTURE_FEE: Final = {_LONG_AGO: FeeRule(0.0005), _NEW_FEES: FeeRule(0.00035)}
_SPOT_FEE: Final = {_LONG_AGO: FeeRule(0.0), _NEW_FEES: FeeRule(0.0005)}


class LinearTerms(NamedTuple):
    """What it costs to trade the underlying itself: taker fee, lot, and a typical half spread."""

    fee: FeeRule
    lot: float  # units of underlying, at about 100,000 a coin for those sized in money
    half_spread: float  # share of the price


def option_terms(asset: str, as_of: str | pd.Timestamp) -> ContractTerms:
    """Terms of Deribit's options on `asset` that held at `as_of`.

    Parameters
    ----------
    asset : str
        ``"BTC"``, ``"ETH"`` (settled in coin) or a pair such as ``"SOL_USDC"`` (settled in USDC).
    as_of : str or Timestamp
        When; with a time zone.

    Raises
    ------
    InputError
        If Deribit's terms for that asset are not known here.

    Examples
    --------
    >>> option_terms("BTC", "2026-02-06T00:00Z").lot
    0.1
    """
    coin = asset in _INVERSE
    product = (_INVERSE | _LINEAR).get(asset)
    if product is None:
        known = ", ".join(_INVERSE | _LINEAR)
        raise InputError(
            f"no terms are known for Deribit options on {asset!r}; known are {known}. Pass terms=."
        )
    settlement: Literal["coin", "cash"] = "coin" if coin else "cash"
    return ContractTerms(
        settlement=settlement,
        currency="USD" if coin else asset.partition("_")[2],
        multiplier=product.multiplier,
        lot=product.lot,
        ticks=product.ticks,
        fee=_held(_OPTION_FEE[settlement], as_of),
        venue="deribit",
    )


def linear_terms(kind: Literal["perpetual", "future", "spot"], as_of: str | pd.Timestamp) -> LinearTerms:
    """Cost of trading the underlying itself on Deribit, as it held at `as_of`.

    The lot of BTC instruments is 10 USD, stated here in coins at 100,000 USD a coin; half spreads are one
    tick of the perpetual and of a dated future at that price, and 1 basis point for spot.

    Raises
    ------
    InputError
        If `kind` is none of the three.

    Examples
    --------
    >>> linear_terms("perpetual", "2026-09-01T00:00Z").fee.rate
    0.00035
    """
    table = {
        "perpetual": (_FUTURE_FEE, 0.0001, 0.0000025),
        "future": (_FUTURE_FEE, 0.0001, 0.0000125),
        "spot": (_SPOT_FEE, 0.0001, 0.0001),
    }
    if kind not in table:
        raise InputError(f"kind must be one of {', '.join(table)}; got {kind!r}.")
    fees, lot, half_spread = table[kind]
    return LinearTerms(_held(fees, as_of), lot, half_spread)


def _held(entries: Mapping[str, FeeRule], as_of: str | pd.Timestamp) -> FeeRule:
    """Return the entry with the latest starting date that is not after `as_of`."""
    when = utc(as_of, "as_of")
    started = [start for start in sorted(entries) if utc(f"{start}T00:00Z") <= when]
    return entries[started[-1] if started else min(entries)]


# --- rows into a chain ------------------------------------------------------------------------------

API_COLUMNS: Final = {
    "symbol": "instrument_name",
    "forward": "underlying_price",
    "index": "index_price",
    "bid": "bid_price",
    "ask": "ask_price",
    "mark": "mark_price",
    "mark_vol": "mark_iv",
    "open_interest": "open_interest",
    "volume": "volume",
}
"""Our columns and what the public API calls them."""


_NO_NAME: Final = (None, pd.NaT, float("nan"), None)


def named(rows: pd.DataFrame, column: str = "instrument_name") -> pd.DataFrame:
    """Add ``asset, expiry, strike, flag`` as the names say them; NaN where a name is no option's."""
    symbols = rows[column].astype(str)
    parsed = {symbol: parse_name(symbol) or _NO_NAME for symbol in symbols.unique()}
    names = pd.DataFrame([parsed[symbol] for symbol in symbols], columns=Name._fields, index=rows.index)
    return rows.assign(**names.astype({"expiry": "datetime64[ns, UTC]"}))


def chain_from_rows(
    rows: pd.DataFrame,
    *,
    asset: str,
    as_of: pd.Timestamp,
    columns: Mapping[str, str] = API_COLUMNS,
    vol: Literal["percent", "decimal"] = "percent",
    **keywords: Any,
) -> OptionChain:
    """Build the chain of `asset` from rows with Deribit's names.

    Parameters
    ----------
    rows : DataFrame
        One row an option, as `named` returns it.
    asset : str
        Which underlying to keep: ``"BTC"``, ``"SOL_USDC"``.
    as_of : Timestamp
        Time of the quotes.
    columns : mapping
        Our columns and what they are called in `rows`.
    vol : {'percent', 'decimal'}
        Unit of the vols in `rows`.
    **keywords
        Passed on to `OptionChain.from_frame`.

    Raises
    ------
    ChainError
        If no row is usable.
    """
    terms = keywords.pop("terms", None) or option_terms(asset, as_of)
    # Rows whose name is no option's stay: they are rejected by name, not dropped in silence.
    mine = rows[(rows["asset"] == asset) | rows["asset"].isna()]
    if mine.empty:
        raise ChainError(f"{keywords.get('source', 'table')}: no row of {asset} among {len(rows)}.")
    return OptionChain.from_frame(
        mine,
        asset=asset,
        as_of=as_of,
        units={"price": "coin" if terms.settlement == "coin" else "money", "vol": vol},
        columns={ours: theirs for ours, theirs in columns.items() if theirs in mine.columns},
        terms=terms,
        **keywords,
    )
