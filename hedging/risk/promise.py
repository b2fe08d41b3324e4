"""A loss promised over outcomes, and what the same rule kept of its promises on dates before."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
import pandas as pd

from hedging._ground.counts import number_of
from hedging._ground.shown import Shown, plain

__all__ = ["MOST_LEFT", "WALK", "Promise"]

FEWEST_FALLS: Final = 10  # periods in which what is held fell; fewer say nothing of what a hedge leaves
MOST_LEFT: Final = (
    0.75  # share of a fall left, made worse by what the past broke; what leaves more is no hedge
)
A_FALL: Final = -0.05  # of what is held: of less, the share that is left is that of noise
WALK: Final = ("promised", "limit", "without", "with", "left")
"""Columns of `Promise.walk`."""


@dataclass(frozen=True, eq=False, repr=False)
class Promise(Shown):
    """What a hedge promises over outcomes like the past's, and how far such promises were kept.

    Attributes
    ----------
    value : float
        What shares are shares of. [money]
    horizon : float
        [days]
    level : float
    quantile, shortfall : tuple of float
        Loss that outcomes exceed with ``1 - level``, and the mean beyond, without and with. [share]
    walk : DataFrame
        Index date; ``promised``: shortfall with over without, ``limit``: the loss promised not to be exceeded with
        `level`; ``without, with``: what then came; ``left``: their ratio where it was a fall of 5 % or more. [shares]
    stays : Series
        Share of the shortfall that is left, by what it comes from; < 0 for what gains there.
    """

    value: float
    horizon: float
    level: float
    quantile: tuple[float, float]
    shortfall: tuple[float, float]
    walk: pd.DataFrame
    stays: pd.Series[float]

    @property
    def promised(self) -> float:
        """Shortfall with over shortfall without. [1]"""
        return self.shortfall[1] / self.shortfall[0]

    @property
    def falls(self) -> int:
        """Periods of the walk in which what is held fell by 5 % or more."""
        return int(self.walk["left"].notna().sum())

    @property
    def kept(self) -> int:
        """Periods of the walk that lost no more than was promised."""
        return int((self.walk["with"] >= -self.walk["limit"]).sum())

    @property
    def left(self) -> float | None:
        """Share of a fall that was left, in the median of the walk; none where it fell too seldom."""
        return float(self.walk["left"].median()) if self.falls >= FEWEST_FALLS else None

    @property
    def calibrated(self) -> float | None:
        """The share promised to be left, made worse by as much as the same rule's promises were broken."""
        if self.left is None:
            return None
        fell = self.walk["left"].notna()
        return self.promised * max(1.0, self.left / float(self.walk.loc[fell, "promised"].median()))

    @property
    def loss(self) -> float | None:
        """The loss promised, made so much wider that `level` of the past periods keep it. [share]"""
        if self.left is None:
            return None
        lost, limit = -self.walk["with"], self.walk["limit"]
        beyond = (lost / limit)[limit > 0.0]
        wider = float(np.quantile(beyond, self.level, method="higher")) if len(beyond) else 1.0
        return self.quantile[1] * max(1.0, wider)

    @property
    def usable(self) -> bool:
        """Whether the promise has been judged, leaves little enough, and no more is lost by it than without."""
        return (
            self.left is not None
            and self.left < 1.0
            and self.calibrated is not None
            and self.calibrated <= MOST_LEFT
            and self.loss is not None
            and self.loss <= self.quantile[0]
        )

    @property
    def refusal(self) -> str | None:
        """Why nothing is promised, in words; none where something is."""
        if self.usable:
            return None
        if self.calibrated is None or self.loss is None:
            return f"what is held fell in {self.falls} of {number_of(len(self.walk), 'past period')}, too few to judge a promise by"
        return (
            f"with what the past broke, {self.calibrated:.0%} of a fall is left, where a hedge may leave at most {MOST_LEFT:.0%}, "
            f"and a loss of {self.loss:.0%}, where {self.quantile[0]:.0%} are lost without"
        )

    @property
    def verdict(self) -> str:
        """What may be promised, as a sentence."""
        if self.left is None or self.loss is None:
            return f"Refused: {self.refusal}."
        judged = (
            f"{self.kept} of {number_of(len(self.walk), 'past period')} of {number_of(self.horizon, 'day')} kept what the same rule promised on "
            f"their first day; it promised {self.walk['promised'].median():.0%} and left {self.left:.0%} of a fall in the "
            f"median of {number_of(self.falls, 'past fall')}, {self.walk['left'].quantile(0.9):.0%} in the worst tenth"
        )
        if not self.usable:
            return f"Refused: {judged}; {self.refusal}. {self._way_out}"
        asked, widened = f"{self.quantile[1]:.0%}", f"{self.loss:.0%}"
        over = f" ({asked} over the outcomes, wider by what the past broke)" if asked != widened else ""
        return (
            f"A loss of {widened}{over} holds in {self.level:.0%} of outcomes like those of these years, no hard floor: "
            f"{judged}."
        )

    @property
    def _way_out(self) -> str:
        return "Sell part of what is held instead."

    @property
    def staying(self) -> str:
        """Where the shortfall that is left comes from, in words."""
        return ", ".join(f"{name} {share:+.0%}" for name, share in self.stays.items())

    def to_dict(self) -> dict[str, Any]:
        """Plain values, the walk as rows, and what follows from them."""
        own = {item.name: plain(getattr(self, item.name)) for item in fields(self)}
        follows = ("promised", "falls", "kept", "left", "calibrated", "loss", "usable", "verdict")
        rows = self.walk.rename_axis("date").reset_index()
        return (
            own
            | {"walk": [plain(row) for row in rows.to_dict(orient="records")]}
            | {name: plain(getattr(self, name)) for name in follows}
        )

    @classmethod
    def from_dict(cls, saved: dict[str, Any]) -> Promise:
        """The value that `to_dict` gave."""
        walk = pd.DataFrame(saved["walk"], columns=["date", *WALK]).set_index("date")
        walk.index = pd.to_datetime(walk.index, utc=True)
        return cls(
            value=saved["value"],
            horizon=saved["horizon"],
            level=saved["level"],
            quantile=tuple(saved["quantile"]),
            shortfall=tuple(saved["shortfall"]),
            walk=walk.astype(float),
            stays=pd.Series(saved["stays"], dtype=float),
        )

    @staticmethod
    def row(promised: float, limit: float, without: float, with_: float) -> tuple[float, ...]:
        """One row of `walk`."""
        return promised, limit, without, with_, with_ / without if without <= A_FALL else math.nan

    @staticmethod
    def table(rows: dict[Any, tuple[float, ...]]) -> pd.DataFrame:
        """Rows by date as a `walk`."""
        found = pd.DataFrame.from_dict(rows, orient="index", columns=list(WALK), dtype=float)
        return found.rename_axis("date").sort_index()

    def __repr__(self) -> str:
        wider = self.calibrated is not None and f"{self.calibrated:.0%}" != f"{self.promised:.0%}"
        judged = f", {self.calibrated:.0%} by what the past broke" if wider else ""
        return (
            f"shortfall at {self.level:.0%} over {number_of(self.horizon, 'day')} {self.shortfall[0]:.0%} without, "
            f"{self.shortfall[1]:.0%} with (promised {self.promised:.0%} left{judged})\n"
            f"what is left comes from {self.staying}\n{self.verdict}"
        )
