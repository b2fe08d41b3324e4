"""Values of options by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from hedging._ground.counts import number_of
from hedging._ground.shown import Shown, plain
from hedging._ground.tables import Page, Table
from hedging.units import GREEK_UNITS

__all__ = ["Greeks", "Result"]

Result: TypeAlias = Any  # float, ndarray, Series or DataFrame, as the arguments were


@dataclass(frozen=True, repr=False)  # no slots: Python 3.11 then mistakes which attributes are frozen
class Greeks(Shown):
    """Values of one or many options, as attributes; only what was asked for is there.

    The arrays of one call share one block of memory: to keep one of them and let go of the rest, copy it.

    Attributes
    ----------
    values : dict
        By name, in market units.

    Examples
    --------
    >>> from hedging.greeks import greeks
    >>> found = greeks("c", 49, 50, 20 / 52, 0.05, 0.20, names=("price", "delta"))
    >>> round(found.price, 4), round(found.delta, 4)
    (2.4005, 0.5216)
    """

    values: dict[str, Result]

    def __getattr__(self, name: str) -> Result:
        if name.startswith("_") or name == "values":  # while a copy is being made
            raise AttributeError(name)
        if name not in self.values:
            asked = ", ".join(self.values)
            raise AttributeError(f"{name!r} was not asked for (names were {asked}); add it to names=(...)")
        return self.values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values)

    def to_dict(self) -> dict[str, Any]:
        """Values by name: numbers or lists, as the arguments were."""
        return {name: plain(value) for name, value in self.values.items()}

    def _page(self) -> Page:
        table = self.to_frame()
        units = {name: each.per_unit for name, each in GREEK_UNITS.items()}
        if len(table) == 1:
            rows = [(name, value, units.get(str(name), "")) for name, value in table.iloc[0].items()]
            return Page("Greeks of one option", (Table(pd.DataFrame(rows, columns=["", "value", "unit"])),))
        said = "; ".join(f"{name} [{units[name]}]" for name in map(str, table) if name in units)
        return Page(
            f"Greeks of {number_of(len(table), 'option')}", (Table(table, index=_named(table.index)), said)
        )

    def to_frame(self) -> pd.DataFrame:
        """One row an option, one column a Greek; the index of pandas arguments is kept."""
        columns = {
            name: value.stack()
            if isinstance(value, pd.DataFrame)
            else value
            if isinstance(value, pd.Series)
            else np.ravel(value)
            for name, value in self.values.items()
        }
        return pd.DataFrame(columns)


def _named(index: pd.Index) -> bool:
    """Whether rows are called anything but their number."""
    return not isinstance(index, pd.RangeIndex)
