"""What the right to exercise early adds to options in scenarios."""

from __future__ import annotations

import numpy as np

from hedging._numerics.american_table import Tables, american_value
from hedging._numerics.types import Array, Rows
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
    tables: Tables,
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
    tables : dict
        Those of the market.
    """
    out = european.copy()
    rate = table.rate[rows]
    for r, b in sorted(set(zip(rate.tolist(), carry.tolist(), strict=True))):
        here = np.flatnonzero((rate == r) & (carry == b))
        sign, strike = table.sign[rows[here], None], table.strike[rows[here], None]
        out[here] = american_value(
            sign, spot, strike, vol[here], european[here], r=r, T=time, q=r - b, tables=tables
        )
    return out
