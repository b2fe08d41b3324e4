"""Scenarios as arrays: where spot and vol go, and when.

A `Paths` holds ratios and shifts, no prices, so one set of scenarios fits any asset. `grid` reaches every
node straight from today; `crash_path` follows a price that falls faster and faster.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hedging.errors import InputError

__all__ = ["DOWN_MOVE_VOL_RISE", "Paths", "crash_path", "grid", "join"]

Array = npt.NDArray[np.float64]

# ATM 30-day vol rises by 12.0 points per -10 % on days that BTC falls (measured on 931 Deribit
# snapshots, 30 Dec 2025 to 22 Aug 2026); by tenor roughly as T^-0.45 (7 days +20.7, 90 days +6.5).
DOWN_MOVE_VOL_RISE = 0.12
TENOR_POWER = 0.45
TENOR_DAYS = 30.0
SHORTEST_TENOR_DAYS = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """Scenarios of one underlying over common dates.

    Attributes
    ----------
    days : ndarray, shape (dates,)
        Days from now, ascending, >= 0.
    spot : ndarray, shape (scenarios, dates)
        Spot as a multiple of today's, > 0.
    vol_shift : ndarray, shape (scenarios, dates)
        Added to the vol of 30 days' tenor, as a decimal; `tenor_scale` spreads it over the tenors.
    labels : tuple of str
        One name per scenario.
    straight : bool
        True if each column is reached from today along a straight line in log-price (a grid); False if
        the columns follow each other (a path). It decides where a leg settles that expires on the way.
    stickiness : float
        0 leaves each moneyness its vol when spot moves, 1 leaves each strike its vol; in between linear.
    """

    days: Array
    spot: Array
    vol_shift: Array
    labels: tuple[str, ...]
    straight: bool = False
    stickiness: float = 0.0

    def __post_init__(self) -> None:
        if self.days.ndim != 1 or not self.days.size:
            raise InputError("days must be a list of at least one date.")
        if not (np.isfinite(self.days).all() and (self.days >= 0).all() and (np.diff(self.days) > 0).all()):
            raise InputError(f"days must be >= 0 and ascending; got {self.days.tolist()}.")
        shape = (len(self.labels), self.days.size)
        for name in ("spot", "vol_shift"):
            if getattr(self, name).shape != shape:
                raise InputError(f"{name} must have shape {shape}; got {getattr(self, name).shape}.")
        if not (np.isfinite(self.spot).all() and (self.spot > 0).all()):
            raise InputError("spot must be finite multiples > 0 of today's price.")
        if not np.isfinite(self.vol_shift).all():
            raise InputError("vol_shift must be finite.")

    def __len__(self) -> int:
        return len(self.labels)

    def spot_at(self, day: float) -> Array:
        """Spot ratio on `day` on the way to each node, shape (scenarios, dates); log-linear in between.

        Entries of nodes that lie before `day` are the node itself: nothing is known beyond it.
        """
        if self.straight:
            share = np.minimum(1.0, day / np.where(self.days > 0, self.days, np.inf))
            share = np.where(self.days > 0, share, 1.0)
            return np.asarray(np.exp(np.log(self.spot) * share))
        nodes, logs = self.days, np.log(self.spot)
        if nodes[0] > 0:
            nodes = np.concatenate(([0.0], nodes))
            logs = np.concatenate((np.zeros((len(self), 1)), logs), axis=1)
        right = min(int(np.searchsorted(nodes, day)), nodes.size - 1)
        left = max(right - 1, 0)
        weight = 1.0 if right == left else min(1.0, (day - nodes[left]) / (nodes[right] - nodes[left]))
        at_day = np.exp(logs[:, left] + weight * (logs[:, right] - logs[:, left]))
        return np.asarray(np.where(self.days[None, :] >= day, at_day[:, None], self.spot))

    def with_vol_shift(self, shift: float) -> Paths:
        """Return the same scenarios with `shift` added to every vol shift."""
        return replace(self, vol_shift=self.vol_shift + shift)


def tenor_scale(time_to_expiry: Array) -> Array:
    """Share of the 30-day vol shift that reaches a tenor: (30 days / T)^0.45, at most that of one day.

    Parameters
    ----------
    time_to_expiry : ndarray
        [years]
    """
    tenor = np.maximum(time_to_expiry * 365.0, SHORTEST_TENOR_DAYS)
    return np.asarray((TENOR_DAYS / tenor) ** TENOR_POWER)


def shifted_vol(vol: Array, shift: Array) -> Array:
    """Vol after an additive shift: ``vol + shift`` upward, ``vol^2 / (vol - shift)`` downward.

    The downward form is the same to first order and never reaches zero, so that no floor is needed.
    """
    down = np.minimum(shift, 0.0)
    return np.asarray(vol * (vol / (vol - down)) + np.maximum(shift, 0.0))


def grid(
    spot_moves: Sequence[float] | Array,
    vol_shifts: Sequence[float] | Array = (0.0,),
    days: Sequence[float] | Array = (0.0,),
    *,
    stickiness: float = 0.0,
) -> Paths:
    """Every combination of a spot move and a vol shift, on each of some days.

    Parameters
    ----------
    spot_moves : sequence of float
        Relative moves of spot, > -1: -0.2 is a fall by 20 %.
    vol_shifts : sequence of float
        Added to the 30-day vol, as decimals: 0.1 is ten vol points.
    days : sequence of float
        Days from now, ascending, >= 0.
    stickiness : float
        See `Paths`.

    Returns
    -------
    Paths
        ``len(spot_moves) * len(vol_shifts)`` scenarios; the spot move is the slow index.

    Raises
    ------
    InputError
        If a move is not above -1, a number is not finite, or the days do not ascend.

    Examples
    --------
    >>> g = grid([-0.2, 0.0], [0.0, 0.1], [0, 30])
    >>> g.labels
    ('spot -20 %, vol +0 pt', 'spot -20 %, vol +10 pt', 'spot +0 %, vol +0 pt', 'spot +0 %, vol +10 pt')
    >>> g.spot[:, 1].tolist()
    [0.8, 0.8, 1.0, 1.0]
    """
    moves = np.asarray(spot_moves, dtype=float)
    shifts = np.asarray(vol_shifts, dtype=float)
    at = np.asarray(days, dtype=float)
    if not (moves > -1.0).all():
        raise InputError(f"spot_moves must be > -1 (a fall by 100 %); got {np.nanmin(moves)}.")
    ones = np.ones(at.size)
    return Paths(
        days=at,
        spot=np.repeat(1.0 + moves, shifts.size)[:, None] * ones,
        vol_shift=np.tile(shifts, moves.size)[:, None] * ones,
        labels=tuple(f"spot {m:+.4g} %, vol {v:+.4g} pt" for m in 100 * moves for v in 100 * shifts),
        straight=True,
        stickiness=stickiness,
    )


def crash_path(
    velocity: float,
    acceleration: float = 0.0,
    days: float = 21.0,
    *,
    step: float = 1.0,
    vol_rise: float = DOWN_MOVE_VOL_RISE,
) -> Paths:
    r"""A fall that starts at `velocity` and gets faster by `acceleration`.

    Log-price after t days is :math:`v t + a t^2 / 2`; a fall has negative signs.

    Parameters
    ----------
    velocity : float
        Log-price per day; -0.02 falls by 2 % a day.
    acceleration : float
        Log-price per day per day; -0.004 makes the next day's fall 0.4 % larger.
    days : float
        Length of the path, > 0.
    step : float
        Days between dates, > 0; the last date is `days` itself.
    vol_rise : float
        Rise of the 30-day at-the-money vol per 10 % (in log-price) below the highest price so far, as a
        decimal; the default is BTC's, measured on falling days (see the source of this module).

    Returns
    -------
    Paths
        One scenario.

    Raises
    ------
    InputError
        If a number is not finite or out of its range.

    Examples
    --------
    >>> path = crash_path(velocity=-0.02, acceleration=-0.004, days=21)
    >>> round(float(np.log(path.spot[0, -1])), 4)  # -0.02 * 21 - 0.004 * 21**2 / 2
    -1.302
    """
    for name, value in {"velocity": velocity, "acceleration": acceleration, "vol_rise": vol_rise}.items():
        if not np.isfinite(value):
            raise InputError(f"{name} must be a finite number; got {value!r}.")
    for name, value in {"days": days, "step": step}.items():
        if not (np.isfinite(value) and value > 0):
            raise InputError(f"{name} must be a number > 0; got {value!r}.")
    dates = np.append(np.arange(0.0, days * (1 - 1e-12), step), days)
    log_price = velocity * dates + 0.5 * acceleration * dates**2
    if np.abs(log_price).max() > 20.0:
        raise InputError(
            f"velocity {velocity!r} and acceleration {acceleration!r} over {days!r} days move the price by a "
            f"factor of e^{np.abs(log_price).max():.3g}; velocity is per day: -0.02 is 2 % a day."
        )
    drawdown = np.maximum.accumulate(log_price) - log_price
    return Paths(
        days=dates,
        spot=np.exp(log_price)[None, :],
        vol_shift=(vol_rise * drawdown / 0.10)[None, :],
        labels=(f"velocity {100 * velocity:+.3g} %/day, acceleration {100 * acceleration:+.3g} %/day²",),
    )


def join(*parts: Paths) -> Paths:
    """Put scenarios over the same dates into one set.

    Raises
    ------
    InputError
        If there is nothing to join, or the parts differ in dates, straightness or stickiness.
    """
    if not parts:
        raise InputError("join needs at least one set of paths.")
    first = parts[0]
    for part in parts[1:]:
        same_rules = (part.straight, part.stickiness) == (first.straight, first.stickiness)
        if not (np.array_equal(part.days, first.days) and same_rules):
            raise InputError("paths can only be joined over the same days, straightness and stickiness.")
    return replace(
        first,
        spot=np.concatenate([part.spot for part in parts]),
        vol_shift=np.concatenate([part.vol_shift for part in parts]),
        labels=tuple(label for part in parts for label in part.labels),
    )
