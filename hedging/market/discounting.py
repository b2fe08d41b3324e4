"""Value today of money at a later time, as the quotes of a chain have it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._numerics.types import Array, Mask
from hedging.market.market import Market

__all__ = ["discounts"]


def discounts(market: Market, time: npt.ArrayLike, coin: Mask | bool) -> Array:
    """Discount factors of money by what options are settled in, log-linear in time between the expiries.

    Parameters
    ----------
    market : Market
    time : array_like
        [years]
    coin : bool or ndarray of bool
        Whether that of coin-settled options is asked for, spot over forward, or that of cash-settled ones; 1 where the
        chain has none.

    Returns
    -------
    ndarray, shape of both together
        [1]
    """
    asked, coins = np.broadcast_arrays(np.asarray(time, dtype=float), coin)
    found = np.ones(asked.shape)
    for settled in (True, False):
        parts = [
            part.quotes
            for part in market.chain.by_venue()
            if (part.terms.settlement == "coin") == settled and len(part.quotes)
        ]
        if parts and (coins == settled).any():
            known = pd.concat(parts).groupby("time_to_expiry")["discount"].median()
            times, logs = known.index.to_numpy(dtype=float), np.log(known.to_numpy(dtype=float))
            here = asked[coins == settled]
            found[coins == settled] = np.exp(np.interp(here, np.append(0.0, times), np.append(0.0, logs)))
    return found
