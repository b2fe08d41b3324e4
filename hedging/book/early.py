"""What the right to exercise early adds to options in scenarios."""

from __future__ import annotations

import numpy as np

from hedging._numerics import kernels
from hedging._numerics.american_table import Tables, american_value
from hedging._numerics.types import Array, Rows
from hedging.market.ex_dates import exercises
from hedging.market.option_table import OptionTable

__all__ = ["with_early_exercise"]


def with_early_exercise(
    european: Array,
    spot: Array,
    vol: Array,
    table: OptionTable,
    rows: Rows,
    time: float,
    carry: Array,
    ex_dates: Array,
    tables: Tables,
    solved: bool = False,
) -> Array:
    """Value of American options of one expiry, shape (rows, scenarios). [money]

    Parameters
    ----------
    european : ndarray, shape (rows, scenarios)
        What they are worth without the right. [money]
    spot : ndarray, shape (scenarios,)
        [money]
    vol : ndarray, shape (rows, scenarios)
        [1/sqrt(year)]
    table : OptionTable
    rows : ndarray of int
    time : float
        Until expiry. [years]
    carry : ndarray, shape (rows,)
        Of today's surface over that time. Where a scenario shifts it the European value follows alone. [1/year]
    ex_dates : ndarray, shape (dividends, 2)
        Those ahead.
    tables : dict
        Those of the market.
    solved : bool
        Whether each value is solved by itself instead of looked up.
    """
    out = european.copy()
    rate = table.rate[rows]
    for r, b in sorted(set(zip(rate.tolist(), carry.tolist(), strict=True))):
        here = np.flatnonzero((rate == r) & (carry == b))
        sign, strike = table.sign[rows[here], None], table.strike[rows[here], None]
        out[here] = american_value(
            sign, spot, strike, vol[here], european[here], r=r, T=time, q=r - b, tables=tables, solved=solved
        )
    if len(ex_dates):
        _at_ex_dates(out, spot, vol, table, rows, time, carry, ex_dates)
    return out


def _at_ex_dates(
    out: Array,
    spot: Array,
    vol: Array,
    table: OptionTable,
    rows: Rows,
    time: float,
    carry: Array,
    ex_dates: Array,
) -> None:
    """Raise values to those of exercise beside an ex-date."""
    sign, times = table.sign[rows], np.full(rows.size, time)
    for options, when, until in exercises(sign, times, carry, ex_dates):
        forward = spot * np.exp(until[options, None] * when)
        w, K = sign[options, None], table.strike[rows[options], None]
        value = kernels.black76(w, forward, K, vol[options] * np.sqrt(when))
        out[options] = np.maximum(out[options], value * np.exp(-table.rate[rows[options], None] * when))
