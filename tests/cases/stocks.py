"""A chain of American options on a stock, its marks made by `hedging.greeks.american_price` at one vol."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from hedging import OptionChain, greeks
from hedging.market import CASH_EQUITY

AS_OF = pd.Timestamp("2026-02-06T21:00Z")
RATE, YIELD, VOL, SPOT = 0.05, 0.02, 0.3, 100.0


def american_chain(
    days: tuple[float, ...] = (30.0, 120.0),
    strikes: tuple[float, ...] = (70, 80, 90, 95, 100, 105, 110, 120, 140),
    half_spread: float = 0.01,
    **changes: Any,
) -> OptionChain:
    """Calls and puts on XYZ at 100, without vols; `changes` go to `OptionChain.from_frame`."""
    rows = pd.DataFrame(list(product("cp", strikes, days)), columns=["flag", "strike", "days"])
    T = rows["days"] / 365.0
    mark = np.asarray(greeks.american_price(rows["flag"], SPOT, rows["strike"], T, RATE, VOL, YIELD))
    table = rows.assign(
        expiry=AS_OF + pd.to_timedelta(rows["days"], unit="D"),
        forward=SPOT * np.exp((RATE - YIELD) * T),
        discount=np.exp(-RATE * T),
        mark=mark,
        bid=np.where(mark > 2.0 * half_spread, mark - half_spread, np.nan),
        ask=np.where(mark > 2.0 * half_spread, mark + half_spread, np.nan),
    )
    given = {"terms": CASH_EQUITY, "spot": SPOT} | changes
    return OptionChain.from_frame(
        table, asset="XYZ", as_of=AS_OF, units={"price": "money", "vol": "decimal"}, **given
    )
