"""What the vol of each option drifts by on average on the way to a date, beside all that scenarios move."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hedging._ground.shown import Shown
from hedging._numerics.checks import finite
from hedging._numerics.types import Array
from hedging.errors import InputError

__all__ = ["VolDrift"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class VolDrift(Shown):
    """Factors on the variance of options, by expiry and strike, that are reached on a day.

    A surface that moves both ways is worth more on average than one that stays, each option by another amount.
    `hedging.scenario.draw` finds the factors that leave every option worth its forward value on average.

    Attributes
    ----------
    day : float
        When they are reached; the logs grow in proportion until then, and stay from then on. [days]
    time, log_strike : ndarray, shape (options,)
        Expiries in ascending order [years from now], and ln(strike / spot of today), ascending within each.
    log_factor : ndarray, shape (options,)
        What the log of each option's variance is moved by. Other strikes and expiries lie in between, or beyond as the last.

    Raises
    ------
    InputError
        If the day is not above 0, a number is not finite, or the options are not sorted.
    """

    day: float
    time: Array
    log_strike: Array
    log_factor: Array

    def __post_init__(self) -> None:
        columns = [
            np.ravel(finite(name, getattr(self, name))) for name in ("time", "log_strike", "log_factor")
        ]
        for name, column in zip(("time", "log_strike", "log_factor"), columns, strict=True):
            object.__setattr__(self, name, column)
        time, log_strike, log_factor = columns
        if not time.size or not time.size == log_strike.size == log_factor.size:
            raise InputError(
                f"time, log_strike and log_factor must be as many, one at least; got {[each.size for each in columns]}."
            )
        if not 0.0 < self.day < np.inf:
            raise InputError(f"day must be a number of days > 0; got {self.day!r}.")
        same = np.diff(time) == 0.0
        if not ((np.diff(time) >= 0.0).all() and (np.diff(log_strike)[same] > 0.0).all()):
            raise InputError(
                "options must be sorted by time, and by log_strike within each, none of them twice."
            )

    def factor(self, time: float, log_strike: Array, day: float) -> Array:
        """Factors on the variance of options of one expiry on a day, shape of `log_strike`. [1]"""
        expiries = np.unique(self.time)
        above = int(np.clip(np.searchsorted(expiries, time), 0, expiries.size - 1))
        below = above if expiries[above] <= time else max(above - 1, 0)
        near, far = (self._of(expiries[at], log_strike) for at in (below, above))
        between = expiries[above] - expiries[below]
        share = (time - expiries[below]) / between if between > 0.0 else 0.0
        return np.asarray(np.exp((near + share * (far - near)) * min(day / self.day, 1.0)))

    def _of(self, expiry: float, log_strike: Array) -> Array:
        own = self.time == expiry
        return np.asarray(np.interp(log_strike, self.log_strike[own], self.log_factor[own]))
