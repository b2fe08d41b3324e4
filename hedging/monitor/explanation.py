"""`Explanation`: P&L by what earned it, per leg and in total, that sums to the cent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from hedging import _extras
from hedging._ground.counts import number_of
from hedging._ground.shown import Shown
from hedging._ground.tables import Page, Table
from hedging._numerics.types import Array
from hedging.book.expired import Settled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PARTS", "Explanation", "summed"]

PARTS: Final = (
    "trades",
    "fees",
    "delta",
    "gamma",
    "vega",
    "vanna",
    "volga",
    "theta",
    "charm",
    "basis",
    "funding",
    "settlements",
    "numeraire",
    "unexplained",
)
"""What earns: trades against the mark, fees, the Greeks, the move of forwards against spot, funding of perpetuals,
coins that a settlement paid since then, the move of the coin that all is counted in, and the rest."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Explanation(Shown):
    """P&L between two chains, or over many, by what earned it.

    Attributes
    ----------
    table : DataFrame
        One row an instrument, and ``total``; columns `PARTS` and ``total``, their sum. [unit]
    vega_by_expiry : Series
        Part of vega by expiry. [unit]
    start, end : Timestamp
    unit : str
        The currency, or the coin that the book is judged in.
    spots : dict
        Price before and after, by asset. [money]
    settled : tuple of Settled
        What expired on the way.
    steps : tuple of Explanation
        From each chain to the next, where there are several.
    """

    table: pd.DataFrame
    vega_by_expiry: pd.Series
    start: pd.Timestamp
    end: pd.Timestamp
    unit: str
    spots: dict[str, tuple[float, float]]
    settled: tuple[Settled, ...] = ()
    steps: tuple[Explanation, ...] = ()

    @classmethod
    def of(
        cls,
        rows: Sequence[tuple[str, pd.Timestamp | None, Array]],
        *,
        total: float,
        start: pd.Timestamp,
        end: pd.Timestamp,
        unit: str,
        settled: tuple[Settled, ...],
        spots: Mapping[str, tuple[float, float]],
    ) -> Explanation:
        """Rows by instrument added up; `total` is the P&L of the whole book, valued at both ends by itself."""
        table = pd.DataFrame([row for _, _, row in rows], columns=list(PARTS), dtype=float)
        names = pd.Index([name for name, _, _ in rows], name="instrument")
        expiries = pd.Index([expiry for _, expiry, _ in rows], name="expiry")
        dated = pd.Series([not pd.isna(expiry) for expiry in expiries], dtype=bool).to_numpy()
        vega = table["vega"].set_axis(expiries)[dated].groupby(level=0).sum()
        vega.index = pd.DatetimeIndex(vega.index, name="expiry")
        table = table.set_axis(names).groupby(level=0, sort=False).sum()
        return cls(_totalled(table, total), vega, start, end, unit, dict(spots), settled)

    @property
    def parts(self) -> pd.Series:
        """What earned how much, of the whole book. [unit]"""
        return self.table[list(PARTS)].iloc[-1]

    @property
    def total(self) -> float:
        """The P&L. [unit]"""
        return float(self.table["total"].iloc[-1])

    @property
    def unexplained(self) -> float:
        """What the Greeks leave. [unit]"""
        return float(self.table["unexplained"].iloc[-1])

    @property
    def unexplained_share(self) -> float:
        """What the Greeks leave over all that moved: absolute values, step by step. [1]"""
        each = self.steps or (self,)
        moved = sum(float(step.parts.abs().sum()) for step in each)
        return sum(abs(step.unexplained) for step in each) / moved if moved else 0.0

    def to_frame(self) -> pd.DataFrame:
        """One row a step: ``start, end``, `PARTS` and ``total`` of the whole book. [unit]"""
        each = self.steps or (self,)
        rows = [{"start": step.start, "end": step.end, **step.table.loc["total"].to_dict()} for step in each]
        return pd.DataFrame(rows)

    def to_dict(self) -> dict[str, Any]:
        """The explanation as plain values."""
        rows = self.table.reset_index().to_dict(orient="records")
        return {
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "unit": self.unit,
            "spots": {asset: list(prices) for asset, prices in self.spots.items()},
            "total": self.total,
            "unexplained_share": self.unexplained_share,
            "rows": [{str(name): value for name, value in row.items()} for row in rows],
            "vega_by_expiry": {
                pd.Timestamp(str(expiry)).isoformat(): float(value)
                for expiry, value in self.vega_by_expiry.items()
            },
            "settled": [each.to_dict() for each in self.settled],
            "steps": len(self.steps) or 1,
        }

    def plot(self, ax: Axes | None = None) -> Axes:
        """Waterfall of the parts; see `hedging.plots.explanation`."""
        axes: Axes = _extras.open_room("plots").explanation(self, ax=ax)
        return axes

    def _page(self) -> Page:
        shown = self.table.loc[:, (self.table != 0.0).any()]
        shown = shown.round(5 if self.unit in self.spots else 0)
        moves = ", ".join(
            f"{asset} {before:,.6g} to {after:,.6g}" for asset, (before, after) in self.spots.items()
        )
        steps = f" in {number_of(len(self.steps), 'step')}" if self.steps else ""
        head = f"P&L from {self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M} UTC{steps}, {moves}, in {self.unit}"
        parts = Table(shown.T.rename_axis("part"), index=True, rows=shown.shape[1])
        left = f"unexplained: {self.unexplained_share:.2%} of all that moved"
        return Page(head, (parts, *map(str, self.settled), left))


def summed(steps: Iterable[Explanation]) -> Explanation:
    """Explanations that follow each other, as one."""
    each = tuple(steps)
    table = pd.concat([step.table.drop(index="total") for step in each])
    table = table[list(PARTS)].groupby(level=0, sort=False).sum()
    vega = pd.concat([step.vega_by_expiry for step in each]).groupby(level=0).sum()
    spots = {asset: (prices[0], each[-1].spots[asset][1]) for asset, prices in each[0].spots.items()}
    return Explanation(
        _totalled(table, sum(step.total for step in each)),
        vega,
        each[0].start,
        each[-1].end,
        each[0].unit,
        spots,
        tuple(payment for step in each for payment in step.settled),
        each,
    )


def _totalled(table: pd.DataFrame, total: float) -> pd.DataFrame:
    """Rows with their sums, and a last row of the whole.

    The total is that of the book; rounding between it and the rows goes where it belongs, to the unexplained.
    """
    table = table.assign(total=table[list(PARTS)].sum(axis=1))
    whole = table.sum()
    whole["unexplained"] += total - whole["total"]
    whole["total"] = total
    table.loc["total"] = whole
    return table
