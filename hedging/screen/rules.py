"""When a coin gets which verdict: stated thresholds, each of them adjustable."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._ground.shown import Shown
from hedging.errors import InputError

__all__ = ["UNCLEAR", "VERDICTS", "Group", "Rules", "Test", "criteria", "judge", "rule_holds"]

Mask = npt.NDArray[np.bool_]

UNCLEAR: Final = "unclear"
VERDICTS: Final = ("break", "liquidity trap", "structural decay", "recovering", "sector fall")
"""In the order in which they are given: the first that holds."""


@dataclass(frozen=True, slots=True, repr=False)
class Rules(Shown):
    """Thresholds of the verdicts.

    Attributes
    ----------
    break_peers : float
        *break*: the last week, net of benchmark and peers, at or below. [standard deviations]
    alpha_t : float
        *structural decay*: t of alpha below it ...
    agreeing : float
        ... in at least this share of the windows. [1]
    reversal_z : float
        *liquidity trap*: decay, and z of the residuals' variance ratio of 5 over the longest window at or below
        it ...
    volume_surge : float
        ... and, where volume is known, a last week traded more than this above the days before it. [log]
    drawdown : float
        *sector fall* and *recovering*: distance to the high of the longest window below it. [log]
    sector_alpha_t : float
        *sector fall*: t of alpha over the longest window above it: the market's fall explains the coin's.
    recovering_t : float
        *recovering*: t of velocity at or above it, and stronger than the benchmark over the shortest window.
    """

    break_peers: float = -5.0
    alpha_t: float = -1.0
    agreeing: float = 2.0 / 3.0
    reversal_z: float = -1.64
    volume_surge: float = 0.0
    drawdown: float = -0.4
    sector_alpha_t: float = -1.0
    recovering_t: float = 2.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
                raise InputError(f"{field.name} must be a finite number; got {value!r}.")
        if not 0.0 < self.agreeing <= 1.0:
            raise InputError(
                f"agreeing must be a share of the windows, 0 < share <= 1; got {self.agreeing!r}."
            )


class Test(NamedTuple):
    """A measure against a threshold."""

    measure: str
    relation: str  # '<', '<=', '>', '>='
    threshold: float

    def holds(self, values: pd.Series[float]) -> Mask:
        """Where the measure is beyond the threshold; nowhere that it is missing."""
        array = values.to_numpy(dtype=float)
        with np.errstate(invalid="ignore"):
            if self.relation == "<":
                return np.asarray(array < self.threshold)
            if self.relation == "<=":
                return np.asarray(array <= self.threshold)
            return np.asarray(array > self.threshold if self.relation == ">" else array >= self.threshold)


class Group(NamedTuple):
    """Tests of which at least `needed` must hold."""

    tests: tuple[Test, ...]
    needed: int


def criteria(windows: Sequence[int], rules: Rules, *, volume: bool) -> dict[str, tuple[Group, ...]]:
    """What each verdict asks for, all of its groups together.

    Parameters
    ----------
    windows : sequence of int
    rules : Rules
    volume : bool
        Whether volumes are known.
    """
    short, long = min(windows), max(windows)
    decay = Group(
        tuple(Test(f"alpha_t_{days}", "<", rules.alpha_t) for days in sorted(windows)),
        math.ceil(rules.agreeing * len(windows) - 1e-9),
    )
    low = Group((Test(f"drawdown_{long}", "<", rules.drawdown),), 1)
    trap = [decay, Group((Test(f"residual_vr5_z_{long}", "<=", rules.reversal_z),), 1)]
    if volume:
        trap.append(Group((Test(f"volume_surge_{long}", ">", rules.volume_surge),), 1))
    rising = (Test("velocity_t", ">=", rules.recovering_t), Test(f"strength_{short}", ">", 0.0))
    return {
        "break": (Group((Test("break_peers", "<=", rules.break_peers),), 1),),
        "liquidity trap": tuple(trap),
        "structural decay": (decay,),
        "recovering": (low, Group(rising, 2)),
        "sector fall": (low, Group((Test(f"alpha_t_{long}", ">", rules.sector_alpha_t),), 1)),
    }


def rule_holds(table: pd.DataFrame, groups: tuple[Group, ...]) -> Mask:
    """Rows for which all groups of a verdict hold, and of which every measure it asks for is there."""
    holds = np.ones(len(table), dtype=bool)
    for group in groups:
        met = np.zeros(len(table), dtype=int)
        for test in group.tests:
            values = table[test.measure] if test.measure in table else pd.Series(np.nan, table.index)
            met += test.holds(values)
            holds &= values.notna().to_numpy()
        holds &= met >= group.needed
    return holds


def judge(table: pd.DataFrame, asked: dict[str, tuple[Group, ...]]) -> pd.Series[str]:
    """Verdict of every row of a table of measures: the first one whose rule holds."""
    words = np.full(len(table), UNCLEAR, dtype=object)
    for verdict in reversed(VERDICTS):
        words[rule_holds(table, asked[verdict])] = verdict
    return pd.Series(words, table.index, dtype="str", name="verdict")
