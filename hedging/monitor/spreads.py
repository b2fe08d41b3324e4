"""Half spreads of puts as the quotes of a chain have them, by days to expiry and moneyness."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

__all__ = ["Spreads"]

CENTRES: Final = np.array(
    [0.8, 0.9, 0.95, 1.0, 1.1, 1.3]
)  # strikes over spot by which spreads are told apart


class Spreads(NamedTuple):
    """Half spreads as a share of the middle, by days to expiry and moneyness; shape (expiries, `CENTRES`)."""

    days: np.ndarray[Any, Any]
    shares: np.ndarray[Any, Any]

    @staticmethod
    def of(puts: pd.DataFrame, times: np.ndarray[Any, Any], spot: float) -> Spreads:
        """Medians of today's quotes; where there is none of a moneyness, that of its expiry."""
        ask, bid = puts["ask"].to_numpy(dtype=float), puts["bid"].to_numpy(dtype=float)
        shares, at = (ask - bid) / (ask + bid), puts["strike"].to_numpy(dtype=float) / spot
        nearest = np.abs(at[:, None] - CENTRES).argmin(axis=1)
        known = np.unique(times)
        table = np.array(
            [
                [_median(shares, (times == t) & (nearest == k), times == t) for k in range(CENTRES.size)]
                for t in known
            ]
        )
        return Spreads(known, table)

    def at(self, left: float, moneyness: float) -> float:
        """At some days to expiry and strike over spot, linear between."""
        by_day = [np.interp(moneyness, CENTRES, row) for row in self.shares]
        return float(np.interp(left, self.days, by_day))


def _median(shares: np.ndarray[Any, Any], here: np.ndarray[Any, Any], else_: np.ndarray[Any, Any]) -> float:
    return float(np.median(shares[here if here.any() else else_]))
