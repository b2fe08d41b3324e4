"""An account along the same scenarios with two books, in one table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from hedging._ground.counts import number_of
from hedging._ground.shown import Shown
from hedging._ground.tables import Page
from hedging.margin.survival import Survival, survival_table

__all__ = ["SideBySide", "alike"]

COUNTED = {"counted": "counted", "left_out": "not counted"}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SideBySide(Shown):
    """One account along the same scenarios with one book and with another.

    Attributes
    ----------
    name : str
        The account's.
    ways : mapping of str to Survival
        By the book, such as ``'alone'`` and ``'with the plan'``; at least one.
    """

    name: str
    ways: Mapping[str, Survival]

    def to_frame(self) -> pd.DataFrame:
        """One row a scenario and book: ``scenario, book`` and the columns of `Survival.summary`."""
        each = [kept.to_frame() for kept in self.ways.values()]
        for way, table in zip(self.ways, each, strict=True):
            table.insert(1, "book", way)
        # The books of a scenario one below the other.
        return pd.concat(each).sort_index(kind="stable").reset_index(drop=True)

    def heading(self) -> str:
        """How many scenarios it survives with each book, and what was counted."""
        kept = next(iter(self.ways.values()))
        lived = [f"{way} {int(each.survives.sum()):,}" for way, each in self.ways.items()]
        of = f"of {number_of(len(kept.labels), 'scenario')}"
        head = f"{self.name}: survives {', '.join(lived)} {of}; headroom and top-up in {kept.currency}"
        return "\n".join([head, *self._counted()])

    def _counted(self) -> Iterator[str]:
        """What lies in it and what does not, once where it is the same with each book."""
        for name, what in COUNTED.items():
            said = {way: getattr(kept, name) for way, kept in self.ways.items()}
            texts = set(said.values())
            for way, text in said.items() if len(texts) > 1 else [("", texts.pop())]:
                if text:
                    yield f"{what}{way and f', {way}'}: {text}"

    def _page(self) -> Page:
        head, *told = self.heading().splitlines()
        table = self.to_frame()
        if table["scenario"].nunique() == 1:
            table = table.drop(columns="scenario")
        return Page(head, (*told, survival_table(table, next(iter(self.ways.values())))))


def alike(found: Mapping[str, Survival], other: Mapping[str, Survival]) -> dict[str, Survival]:
    """Accounts of one book by the names that they have with another, of which orders make one purse several."""
    return {_named(name, kept, other): kept for name, kept in found.items()}


def _named(name: str, kept: Survival, other: Mapping[str, Survival]) -> str:
    if name in other:
        return name
    purses = (
        key for key, its in other.items() if key.startswith(f"{name}: ") and its.currency == kept.currency
    )
    return next(purses, name)
