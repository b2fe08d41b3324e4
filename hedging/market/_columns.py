"""The columns of a chain's three tables: what they are called, hold and are typed as."""

from __future__ import annotations

from functools import cache
from typing import Any, Final, Literal

import pandas as pd

__all__ = ["FUTURES_COLUMNS", "QUOTE_COLUMNS", "in_columns", "no_futures"]

QUOTE_COLUMNS: Final = {
    "symbol": "the venue's name",
    "flag": "'c' or 'p'",
    "strike": "quote currency per unit",
    "expiry": "UTC",
    "time_to_expiry": "years, ACT/365",
    "forward": "quote currency per unit, for this expiry",
    "discount": "value today of 1 at expiry",
    "bid": "money per unit of underlying; NaN: no bid",
    "ask": "money per unit of underlying; NaN: no ask",
    "mark": "money per unit of underlying",
    "bid_quoted": "as the venue shows it (coin where coin-settled)",
    "ask_quoted": "as the venue shows it (coin where coin-settled)",
    "mark_quoted": "as the venue shows it (coin where coin-settled); NaN: shows none",
    "bid_size": "contracts; NaN: unknown",
    "ask_size": "contracts; NaN: unknown",
    "mark_vol": "decimal a year",
    "open_interest": "units of underlying; NaN: unknown",
    "volume": "units of underlying in 24 hours; NaN: unknown",
}
"""The columns of `OptionChain.quotes` and what they hold."""

FUTURES_COLUMNS: Final = ("symbol", "expiry", "bid", "ask", "mark", "funding_8h", "open_interest")
"""The columns of `OptionChain.futures`; expiry NaT is the perpetual, funding a share per 8 hours."""


_TIME: Final = "datetime64[ns, UTC]"
_DTYPES: Final[dict[str, dict[str, Any]]] = {
    "quotes": dict.fromkeys(QUOTE_COLUMNS, float) | {"symbol": object, "flag": object, "expiry": _TIME},
    "rejected": {"row": "int64", "symbol": object, "reason": object, "detail": object},
    "futures": dict.fromkeys(FUTURES_COLUMNS, float) | {"symbol": object, "expiry": _TIME},
}


def in_columns(table: pd.DataFrame, kind: Literal["quotes", "rejected", "futures"]) -> pd.DataFrame:
    """Bring one of a chain's three tables to its columns and types, whatever it was made of."""
    found = table[list(_DTYPES[kind])]
    other = {
        name: type_
        for (name, type_), came in zip(_DTYPES[kind].items(), found.dtypes, strict=True)
        if came != type_
    }
    return (found.astype(other) if other else found).reset_index(drop=True)


def no_futures() -> pd.DataFrame:
    """Return an empty table of futures."""
    return _no_futures().copy()


@cache
def _no_futures() -> pd.DataFrame:
    return in_columns(pd.DataFrame(columns=list(FUTURES_COLUMNS)), "futures")
