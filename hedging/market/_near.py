"""What is quoted nearest to a contract that is not."""

from __future__ import annotations

import difflib

import numpy as np
import pandas as pd

from hedging.errors import InputError
from hedging.market.contracts import Option, instrument_of

__all__ = ["nearest_contracts"]


def nearest_contracts(quotes: pd.DataFrame, symbol: str, count: int = 3) -> list[str]:
    """Options of the same kind nearest in expiry and then in strike; by spelling where the name says no option.

    Parameters
    ----------
    quotes : DataFrame
        As in `hedging.market.OptionChain`.
    symbol : str
    count : int
        How many at most.
    """
    try:
        wanted = instrument_of(symbol.upper())
    except InputError:
        wanted = None
    if not isinstance(wanted, Option):
        return difflib.get_close_matches(symbol, quotes["symbol"].tolist(), n=count)
    same = quotes[quotes["flag"] == wanted.flag]
    apart = pd.DataFrame(
        {
            "time": (same["expiry"] - wanted.expiry).abs(),
            "strike": np.log(same["strike"] / wanted.strike).abs(),
            "symbol": same["symbol"],
        }
    )
    return apart.sort_values(["time", "strike", "symbol"])["symbol"].head(count).tolist()
