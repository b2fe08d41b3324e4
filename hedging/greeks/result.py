"""Values of options by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

__all__ = ["Greeks", "Result"]

Result: TypeAlias = Any  # float, ndarray, Series or DataFrame, as the arguments were


@dataclass(frozen=True, repr=False)  # no slots: Python 3.11 then mistakes which attributes are frozen
class Greeks:
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

    def __repr__(self) -> str:
        return f"Greeks({', '.join(f'{name}={value!r}' for name, value in self.values.items())})"

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
