"""Frames that print as the library's tables do: thousands, signs and units, and never an exponent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from hedging._ground.tables import Page, Table, as_html, as_text

__all__ = ["ReadableFrame", "readable"]

_UNITS = "units"  # in attrs, which a copy and a pickle keep


class ReadableFrame(pd.DataFrame):
    """A DataFrame that shows itself as a table for readers; what is taken out of it is a plain one."""

    @property
    def _constructor(self) -> Callable[..., pd.DataFrame]:
        return pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """The numbers as a plain DataFrame."""
        return pd.DataFrame(self)

    def __repr__(self) -> str:
        return as_text(self._page())

    def _repr_html_(self) -> str:
        return as_html(self._page())

    def _page(self) -> Page:
        numbered = isinstance(self.index, pd.RangeIndex)
        return Page("", (Table(self.to_frame(), self.attrs.get(_UNITS, {}), index=not numbered, rows=60),))


def readable(frame: pd.DataFrame, units: Mapping[str, str] | None = None) -> pd.DataFrame:
    """The frame, shown with the units of its columns.

    Examples
    --------
    >>> readable(pd.DataFrame({"leg": ["put"], "premium": [77_770.0]}), {"premium": "USD"})
    leg  premium [USD]
    put         77,770
    """
    shown: Any = ReadableFrame(frame)
    shown.attrs = frame.attrs | {_UNITS: dict(units or {})}
    return shown  # type: ignore[no-any-return]
