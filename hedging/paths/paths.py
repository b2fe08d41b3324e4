"""Scenarios as arrays: where spot and vol go, and when.

A `Paths` holds ratios and shifts, no prices, so one set of scenarios fits any asset. `grid` reaches every
node straight from today; `crash_path` follows a price that falls faster and faster.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import pandas as pd

from hedging._ground.arguments import must_be
from hedging._ground.cells import SIGNED_SHARE
from hedging._ground.counts import number_of
from hedging._ground.shown import Shown, plain
from hedging._ground.tables import Page, Table
from hedging._numerics.checks import finite
from hedging._numerics.types import Array
from hedging.errors import InputError
from hedging.paths.reactions import BTC, TENOR_POWER, Reaction
from hedging.paths.vol_drift import VolDrift

__all__ = ["Paths", "along", "grid", "join", "today"]


Ageing: TypeAlias = Literal["tenor", "expiry"]

FURTHEST_SHIFT: Final = 5.0  # of vol: 500 points, which no market has moved by
_SHIFTS = ("vol_shift", "skew_shift", "term_shift", "carry_shift", "funding_shift")
_NODE_ARRAYS = ("spot", *_SHIFTS, "spread")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Paths(Shown):
    """Scenarios of one underlying over common dates.

    All but `days`, `spot`, `vol_shift` and `labels` may be left out: the market then stays as it is.

    Attributes
    ----------
    days : ndarray, shape (dates,)
        Days from now, ascending, >= 0.
    spot : ndarray, shape (scenarios, dates)
        Spot as a multiple of today's, > 0.
    vol_shift : ndarray, shape (scenarios, dates)
        Added to the vol of 30 days' tenor, as a decimal; `tenor_power` spreads it over the tenors.
    labels : tuple of str
        One name per scenario.
    straight : bool
        True if each column is reached from today along a straight line in log-price (a grid); False if
        the columns follow each other (a path). It decides where a leg settles that expires on the way.
    stickiness : float
        0 leaves each moneyness its vol when spot moves, 1 leaves each strike its vol; in between linear.
    tenor_power : float
        See `hedging.paths.reactions.tenor_scale`.
    skew_shift : ndarray, shape (scenarios, dates), optional
        Change of the 25-delta risk reversal (call vol less put vol) of 30 days' tenor, as a decimal.
    term_shift : ndarray, shape (scenarios, dates), optional
        Change of the vol of 90 days' tenor less that of 30, beside what `vol_shift` does, as a decimal; other tenors
        by `hedging.paths.term_weight`.
    carry_shift : ndarray, shape (scenarios, dates), optional
        Added to the carry of every forward. [1/year]
    funding_shift : ndarray, shape (scenarios, dates), optional
        Added to the market's funding from the previous date to this one, per 8 hours. [share of spot]
    spread : ndarray, shape (scenarios, dates), optional
        Bid-ask spread as a multiple of today's.
    ageing : {'tenor', 'expiry'}
        What time does to the surface. 'tenor' leaves each time to expiry its vol, so that an option slides along
        the term structure; 'expiry' leaves each expiry the variance that today's surface has between then and it,
        so that no option earns or loses by the shape of the term structure alone.
    averaged : bool
        Whether what expires at 08:00 UTC settles at the mean of spot over the 30 minutes before, as the exchanges of
        coins have it, and is worth an option on that mean within them; otherwise at spot. A path that is walked has
        it; a grid of levels, which says at what an option settles, has not.
    vol_drift : VolDrift, optional
        What the variance of each option is moved by in all scenarios alike.
    fitted_to : str
        The asset whose `Reaction` moved the rest with the price; empty where none did, or figures of one's own.
    """

    days: Array
    spot: Array
    vol_shift: Array
    labels: tuple[str, ...]
    straight: bool = False
    stickiness: float = 0.0
    tenor_power: float = TENOR_POWER
    skew_shift: Array | None = None
    carry_shift: Array | None = None
    funding_shift: Array | None = None
    spread: Array | None = None
    term_shift: Array | None = None
    ageing: Ageing = "tenor"
    averaged: bool = False
    fitted_to: str = ""
    vol_drift: VolDrift | None = None

    def __post_init__(self) -> None:
        if self.days.ndim != 1 or not self.days.size:
            raise InputError("days must be a list of at least one date.")
        if not (np.isfinite(self.days).all() and (self.days >= 0).all() and (np.diff(self.days) > 0).all()):
            raise InputError(f"days must be >= 0 and ascending; got {self.days.tolist()}.")
        shape = (len(self.labels), self.days.size)
        for name, values in self.arrays().items():
            if values.shape != shape:
                raise InputError(f"{name} must have shape {shape}; got {values.shape}.")
            if not np.isfinite(values).all():
                raise InputError(f"{name} must be finite in every entry.")
        if self.ageing not in ("tenor", "expiry"):
            raise InputError(f"ageing must be 'tenor' or 'expiry'; got {self.ageing!r}.")
        if not (self.spot > 0).all():
            raise InputError("spot must be multiples > 0 of today's price.")

    def to_frame(self) -> pd.DataFrame:
        """One row a scenario and day: ``scenario, day``, and every array that is there, in its own unit."""
        scenarios, dates = self.spot.shape
        table = {
            "scenario": np.repeat(np.array(self.labels, dtype=object), dates),
            "day": np.tile(self.days, scenarios),
        }
        return pd.DataFrame(table | {name: values.ravel() for name, values in self.arrays().items()})

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values; what was left out is None."""
        return {item.name: plain(getattr(self, item.name)) for item in fields(self)}

    def _page(self) -> Page:
        last = self.days[-1]
        table = pd.DataFrame(
            {
                "scenario": self.labels,
                "spot at worst": self.spot.min(axis=1) - 1.0,
                "spot at the end": self.spot[:, -1] - 1.0,
                "vol at the end": 100.0 * self.vol_shift[:, -1],
            }
        )
        units = {"spot at worst": SIGNED_SHARE, "spot at the end": SIGNED_SHARE, "vol at the end": "points"}
        kind = "levels reached along straight lines" if self.straight else "paths"
        head = f"{number_of(len(self), 'scenario')} over {number_of(self.days.size, 'date')} to day {last:.4g}, {kind}"
        return Page(head, (Table(table, units),))

    def arrays(self) -> dict[str, Array]:
        """The arrays over scenarios and dates by name, without those that were left out."""
        every = {name: getattr(self, name) for name in _NODE_ARRAYS}
        return {name: values for name, values in every.items() if values is not None}

    def select(self, scenarios: slice | Sequence[int]) -> Paths:
        """Some of the scenarios, by position from 0; negative ones count from the last."""
        if not isinstance(scenarios, slice):
            missing = [i for i in scenarios if not -len(self) <= i < len(self)]
            if missing:
                raise InputError(
                    f"the paths have {number_of(len(self), 'scenario')}, from 0; got {missing[0]!r}."
                )
        labels = (
            self.labels[scenarios]
            if isinstance(scenarios, slice)
            else tuple(self.labels[i] for i in scenarios)
        )
        chosen: dict[str, Any] = {name: values[scenarios] for name, values in self.arrays().items()}
        return replace(self, labels=labels, **chosen)

    def __len__(self) -> int:
        return len(self.labels)

    def spot_at(self, day: float) -> Array:
        """Spot ratio on `day` on the way to each node, shape (scenarios, dates); log-linear in between.

        Entries of nodes that lie before `day` are the node itself: nothing is known beyond it.
        """
        return np.asarray(np.exp(self._on_the_way(np.log(self.spot), day)))

    def shift_at(self, name: str, day: float) -> Array | None:
        """One of the shifts on `day` on the way to each node, linear in between; None if it was left out.

        Raises
        ------
        InputError
            If there is no shift of that name.
        """
        if name not in _SHIFTS:
            raise InputError(f"name must be one of {', '.join(_SHIFTS)}; got {name!r}.")
        values = getattr(self, name)
        return None if values is None else self._on_the_way(values, day)

    def spread_at(self, day: float) -> Array | None:
        """Multiple of today's spread on `day` on the way to each node, linear in between; None if left out."""
        return None if self.spread is None else 1.0 + self._on_the_way(self.spread - 1.0, day)

    def _on_the_way(self, values: Array, day: float) -> Array:
        """Values on `day` on straight lines from 0 today through the dates, shape (scenarios, dates)."""
        if self.straight:
            share = np.minimum(1.0, day / np.where(self.days > 0, self.days, np.inf))
            return np.asarray(values * np.where(self.days > 0, share, 1.0))
        nodes, known = self.days, values
        if nodes[0] > 0:
            nodes = np.concatenate(([0.0], nodes))
            known = np.concatenate((np.zeros((len(self), 1)), known), axis=1)
        right = min(int(np.searchsorted(nodes, day)), nodes.size - 1)
        left = max(right - 1, 0)
        weight = 1.0 if right == left else min(1.0, (day - nodes[left]) / (nodes[right] - nodes[left]))
        at_day = known[:, left] + weight * (known[:, right] - known[:, left])
        return np.asarray(np.where(self.days[None, :] >= day, at_day[:, None], values))

    def with_vol_shift(self, shift: float) -> Paths:
        """Return the same scenarios with `shift` added to every vol shift."""
        return replace(self, vol_shift=self.vol_shift + _near("vol_shift", shift))


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
        If a move is not above -1, a shift is over 500 points, a number is not finite, or the days do not ascend.

    Examples
    --------
    >>> g = grid([-0.2, 0.0], [0.0, 0.1], [0, 30])
    >>> g.labels
    ('spot -20 %, vol +0 pt', 'spot -20 %, vol +10 pt', 'spot +0 %, vol +0 pt', 'spot +0 %, vol +10 pt')
    >>> g.spot[:, 1].tolist()
    [0.8, 0.8, 1.0, 1.0]
    """
    moves = np.ravel(finite("spot_moves", spot_moves))
    shifts = _near("vol_shifts", vol_shifts, " Days come after them: grid(spot_moves, vol_shifts, days).")
    at = np.ravel(finite("days", days))
    if not moves.size or not shifts.size:
        raise InputError("a grid needs at least one spot move and one vol shift; got none.")
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


def _near(name: str, shifts: object, hint: str = "") -> Array:
    """Shifts of vol as they may be asked for, in one row; points or days in their place are further than any."""
    found = np.ravel(finite(name, shifts))
    if not (np.abs(found) <= FURTHEST_SHIFT).all():
        raise InputError(
            f"{name} must be decimals, 0.1 for ten vol points, {FURTHEST_SHIFT:g} at most to either side; got "
            f"{found[np.abs(found).argmax()]:g}.{hint}"
        )
    return found


def today() -> Paths:
    """One scenario with one date: now, as it is."""
    return Paths(np.zeros(1), np.ones((1, 1)), np.zeros((1, 1)), ("now",), straight=True)


def along(
    days: Sequence[float] | Array,
    log_price: Array,
    labels: Sequence[str] | None = None,
    reaction: Reaction = BTC,
    *,
    averaged: bool = True,
) -> Paths:
    """Scenarios that follow given paths of log-price, with all that moves with them.

    Parameters
    ----------
    days : sequence of float
        Days from now, ascending, >= 0.
    log_price : array_like, shape (scenarios, dates)
        Log of spot over today's.
    labels : sequence of str, optional
        One name per scenario; by default their numbers.
    reaction : Reaction
        What vol, skew, spreads, funding and basis do.
    averaged : bool
        See `Paths`; False where log-prices are levels at which options settle.

    Raises
    ------
    InputError
        If shapes do not fit or a number is not finite.
    """
    dates, logs = np.asarray(finite("days", days)), np.atleast_2d(finite("log_price", log_price))
    if dates.ndim != 1 or logs.ndim != 2 or logs.shape[1] != dates.size:
        raise InputError(
            f"log_price must have one column a date; got shape {logs.shape} and {number_of(dates.size, 'day')}."
        )
    names = [str(i) for i in range(len(logs))] if labels is None else labels
    moved: dict[str, Any] = dict(reaction.along(dates, logs))
    return Paths(
        days=dates,
        spot=np.exp(logs),
        labels=tuple(names),
        stickiness=reaction.stickiness,
        tenor_power=reaction.tenor_power,
        averaged=averaged,
        fitted_to=reaction.fitted_to,
        **moved,
    )


def _check(name: str, value: object, holds: object, rule: str) -> None:
    if not holds:
        raise InputError(f"{name} must be {rule}; got {value!r}.")


def join(*parts: Paths) -> Paths:
    """Put scenarios over the same dates into one set.

    Raises
    ------
    InputError
        If there is nothing to join, or the parts differ in dates or rules.
    """
    if not parts:
        raise InputError("join needs at least one set of paths.")
    first = parts[0]
    for part in parts:
        must_be("a part", part, Paths)
    for part in parts[1:]:
        if _rules(part) != _rules(first) or not np.array_equal(part.days, first.days):
            raise InputError("paths can only be joined over the same days and with the same rules.")
    names = [name for name in _NODE_ARRAYS if any(getattr(part, name) is not None for part in parts)]
    joined: dict[str, Any] = {name: np.concatenate([_known(part, name) for part in parts]) for name in names}
    return replace(first, labels=tuple(label for part in parts for label in part.labels), **joined)


def _rules(paths: Paths) -> tuple[object, ...]:
    """What all scenarios of a set have in common beside their days."""
    names = ("straight", "stickiness", "tenor_power", "ageing", "averaged", "fitted_to", "vol_drift")
    return tuple(getattr(paths, name) for name in names)


def _known(paths: Paths, name: str) -> Array:
    """One of the arrays; as it is today where it was left out."""
    values: Array | None = getattr(paths, name)
    return np.full_like(paths.spot, 1.0 if name == "spread" else 0.0) if values is None else values
