"""Options of one market as columns, with all that prices them today and how they are carried from any later day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hedging._ground.shown import Shown
from hedging._numerics.types import Array, Mask, Rows

__all__ = ["OptionTable"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class OptionTable(Shown):
    """Options as columns, with all that prices them today; each field has shape (options,).

    Attributes
    ----------
    sign : ndarray
        +1 for calls, -1 for puts.
    strike, time_to_expiry : ndarray
        [money], [years]
    carry : ndarray
        ``ln(forward / spot) / time_to_expiry``; held constant when spot and time move. [1/year]
    rate : ndarray
        Discount rate of the premium's money. For a coin-settled option it equals the carry: a coin paid at
        expiry is worth a coin today, so money is discounted by spot / forward. [1/year]
    vol : ndarray
        Today's vol of the contract, as marked where it is listed. [1/sqrt(year)]
    smile_vol : ndarray
        The surface's vol of the same contract; ``vol / smile_vol`` is kept when the surface moves, so that
        today's value is the mark and no scenario earns the fit's residual.
    coin : ndarray of bool
        True where premium and payoff are paid in the coin.
    american : ndarray of bool
        True where exercise before expiry is allowed: `vol` is then that of an American option.
    ex_dates : ndarray, shape (dividends, 2)
        Of dividends given to the chain: time until the ex-date [years] and log of what is left of spot then. They
        are part of today's `carry` of American options, and fall out of it as time passes them by.
    """

    sign: Array
    strike: Array
    time_to_expiry: Array
    carry: Array
    rate: Array
    vol: Array
    smile_vol: Array
    coin: Mask
    american: Mask
    ex_dates: Array

    def carry_from(self, rows: Rows, elapsed: float, remaining: float) -> Array:
        """Carry of some options of one expiry over what remains of their time, both in years, shape (rows,). [1/year]"""
        carry = self.carry[rows]
        early = self.american[rows]
        if not (len(self.ex_dates) and elapsed > 0.0 and remaining > 0.0 and early.any()):
            return carry
        ex, kept = self.ex_dates.T
        whole = self.time_to_expiry[rows]
        smooth = carry - np.where(ex <= whole[:, None], kept, 0.0).sum(axis=1) / whole
        ahead = kept[(ex > elapsed) & (ex <= elapsed + remaining)].sum() / remaining
        return np.where(early, smooth + ahead, carry)

    def ahead(self, elapsed: float) -> Array:
        """Ex-dates that are still to come on a later day, from there, in the form of `ex_dates`."""
        if not len(self.ex_dates):
            return self.ex_dates
        later = self.ex_dates - np.array([elapsed, 0.0])
        return np.asarray(later[later[:, 0] > 0.0])
