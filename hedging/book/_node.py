"""One date of some paths, and what an option's value needs to know of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hedging._ground.shown import Shown
from hedging._numerics.revaluation_formulas import Moves, OptionColumns
from hedging._numerics.types import Array, Rows
from hedging.market.option_table import OptionTable
from hedging.market.smile import Smile
from hedging.paths.paths import Ageing, Paths
from hedging.paths.reactions import SKEW_TENOR_POWER, tenor_scale, term_weight
from hedging.paths.vol_drift import VolDrift
from hedging.units import DAYS_PER_YEAR

LEAST_FORWARD_VARIANCE = 0.05
"""Of the variance of the same time from now. Surfaces of quotes have calendar arbitrage within the spread."""


SAME_TIME = 1e-9
"""Years, a thirtieth of a second."""

SHIFTS = ("vol_shift", "skew_shift", "term_shift", "carry_shift")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class OptionNodes(Shown):
    """Options on one date over all scenarios.

    Attributes
    ----------
    remaining : ndarray, shape (options,)
        Time to expiry, 0 for what has expired. [years]
    forward, vol : ndarray, shape (options, scenarios)
        NaN for what has expired. [money], [decimal a year]
    value : ndarray, shape (options, scenarios)
        Of one unit; of what has expired, its payoff as it is worth now. [money]
    """

    remaining: Array
    forward: Array
    vol: Array
    value: Array


@dataclass(frozen=True, slots=True, eq=False)
class Roll:
    """One expiry on the way to a node, over all scenarios; the next option has the same tenor."""

    spot: Array
    settled: Array
    premium: Array
    spread: Array | float
    next_expiry: float


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """The state of the market on one date, over all scenarios; None where nothing moves."""

    date: int
    day: float
    spot: Array
    spot_now: float
    log_ratio: Array
    stickiness: float
    tenor_power: float
    vol_shift: Array | None
    skew_shift: Array | None
    term_shift: Array | None
    carry_shift: Array | None
    ageing: Ageing = "tenor"
    vol_drift: VolDrift | None = None

    @classmethod
    def of(cls, paths: Paths, date: int, spot: Array, spot_now: float) -> Node:
        vol = paths.vol_shift[:, date]
        return cls(
            date=date,
            day=float(paths.days[date]),
            spot=spot,
            spot_now=spot_now,
            log_ratio=np.log(spot / spot_now),
            stickiness=paths.stickiness,
            tenor_power=paths.tenor_power,
            vol_shift=np.ascontiguousarray(vol) if vol.any() else None,
            skew_shift=_column(paths.skew_shift, date),
            term_shift=_column(paths.term_shift, date),
            carry_shift=_column(paths.carry_shift, date),
            ageing=paths.ageing,
            vol_drift=paths.vol_drift,
        )

    @property
    def unmoved(self) -> Rows:
        """The scenarios in which nothing has moved yet, by their numbers."""
        if self.day != 0.0:
            return np.array([], dtype=np.intp)
        shifts = (self.vol_shift, self.skew_shift, self.term_shift, self.carry_shift)
        moved = np.array([each for each in (self.log_ratio, *shifts) if each is not None])
        return np.flatnonzero(~moved.any(axis=0))

    @classmethod
    def on_the_way(cls, paths: Paths, day: float, node: Node, spot: Array) -> Node:
        """The state on the way to a node, seen from a spot of one's own."""
        shifts = {name: paths.shift_at(name, day) for name in SHIFTS}
        at_node: dict[str, Any] = {name: None if v is None else v[:, node.date] for name, v in shifts.items()}
        return replace(node, day=day, spot=spot, log_ratio=np.log(spot / node.spot_now), **at_node)


def _column(values: Array | None, date: int) -> Array | None:
    return None if values is None else np.ascontiguousarray(values[:, date])


def options_of(table: OptionTable, rows: Rows, remaining: float, node: Node, smile: Smile) -> OptionColumns:
    """Options of one expiry that is still ahead, all that scenarios do not touch."""
    carry = carry_of(table, rows, remaining, node, smile)
    growth = np.exp(carry * remaining)
    discount = np.exp(-np.where(table.coin[rows], carry, table.rate[rows]) * remaining)
    strike = table.strike[rows]
    slices = np.repeat(smile.slices_at(remaining).reshape(10, 1), rows.size, axis=1)
    # The contract's own distance from the surface is a factor on its vol.
    slices[[0, 1, 5, 6]] *= (table.vol[rows] / table.smile_vol[rows]) ** 2
    if node.ageing == "expiry" and node.day > 0:
        slices[[0, 1, 5, 6]] *= _forward_variance(smile, node.day / DAYS_PER_YEAR, remaining)
    if node.vol_drift is not None:
        expiry = remaining + node.day / DAYS_PER_YEAR
        slices[[0, 1, 5, 6]] *= node.vol_drift.factor(expiry, np.log(strike / node.spot_now), node.day)
    columns = (
        table.sign[rows],
        growth * discount,
        strike * discount,
        np.log(strike / (growth * node.spot_now)),
        np.full(rows.size, math.sqrt(remaining)),
        *slices,
    )
    return OptionColumns(*(column[:, None] for column in columns))


def carry_of(table: OptionTable, rows: Rows, remaining: float, node: Node, smile: Smile) -> Array:
    """Carry over what remains of some options of one expiry, shape (rows,). [1/year]

    Where each expiry ages by itself, what today's forwards have between the node and it: the mean of every forward is
    then today's, if that of spot is.
    """
    elapsed = node.day / DAYS_PER_YEAR
    carry = table.carry_from(rows, elapsed, remaining)
    if node.ageing != "expiry" or not elapsed:
        return carry
    whole = table.time_to_expiry[rows]
    # Not where it was bought anew on the way, nor where dividends fall on their days.
    own = (np.abs(whole - elapsed - remaining) < SAME_TIME) & ~(
        table.american[rows] & bool(len(table.ex_dates))
    )
    return np.where(own, (carry * whole - log_growth(smile, elapsed, node.spot_now)) / remaining, carry)


def log_growth(smile: Smile, time: npt.ArrayLike, spot: float) -> Array:
    """Log of the forward of today's surface over today's spot."""
    return np.asarray(np.log(smile.forward(time) / spot))


def _forward_variance(smile: Smile, elapsed: float, remaining: float) -> float:
    """What today's surface has at the money between two times, over what it has of the time in between alone."""
    near, far, same = (
        float(smile.vol_at(0.0, time)) ** 2 * time for time in (elapsed, elapsed + remaining, remaining)
    )
    return max((far - near) / same, LEAST_FORWARD_VARIANCE)


def moves_of(node: Node, remaining: float, *, coin: bool) -> Moves:
    """What has moved, as options of one expiry feel it."""
    scale = tenor_scale(remaining, node.tenor_power)
    skew_scale = tenor_scale(remaining, SKEW_TENOR_POWER)
    moves = Moves(
        spot=node.spot,
        money=1.0,
        log_forward=node.log_ratio,
        slide=node.stickiness * node.log_ratio if node.stickiness else 0.0,
        vol_shift=0.0 if node.vol_shift is None else node.vol_shift * scale,
        skew_shift=None if node.skew_shift is None else node.skew_shift * skew_scale,
    )
    if node.term_shift is not None:
        moves = moves._replace(vol_shift=moves.vol_shift + node.term_shift * term_weight(remaining))
    if node.carry_shift is None:
        return moves
    log_shift = node.carry_shift * remaining
    moves = moves._replace(log_forward=node.log_ratio + log_shift)
    # Money that settles in coin is discounted by spot / forward, whatever the forward has become.
    return (
        moves._replace(money=np.exp(-log_shift))
        if coin
        else moves._replace(spot=node.spot * np.exp(log_shift))
    )
