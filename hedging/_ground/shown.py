"""`Shown`: what every returned value can do: print, print in a notebook, become a frame, become plain values."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Container, Iterable, Mapping
from enum import Enum
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from hedging._ground.cells import SHARE, SIGNED, SIGNED_SHARE, cell
from hedging._ground.tables import Page, Table, as_html, as_text
from hedging.errors import InputError

__all__ = ["Shown", "flat", "free_name", "plain"]


def plain(value: Any) -> Any:
    """A value as JSON can hold it: None for what is not there or has no bound, text for a time.

    Examples
    --------
    >>> plain({"at": pd.Timestamp("2026-03-02", tz="UTC"), "x": np.array([1.0, np.nan])})
    {'at': '2026-03-02T00:00:00+00:00', 'x': [1.0, None]}
    """
    if value is None or (isinstance(value, str | bool | int) and not isinstance(value, Enum)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, np.generic):
        return plain(value.item())
    return _plain_object(value)


def _plain_object(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return None if pd.isna(value) else value.isoformat()
    if isinstance(value, pd.DataFrame):
        whole = flat(value)
        _check_names(map(str, whole.columns))
        return [
            {str(name): plain(each) for name, each in row.items()} for row in whole.to_dict(orient="records")
        ]
    if isinstance(value, pd.Series):
        _check_names(map(_key, value.index))
        return {_key(name): plain(each) for name, each in value.items()}
    if isinstance(value, np.ndarray):
        return [plain(each) for each in value.tolist()]
    if isinstance(value, Mapping):
        _check_names(map(_key, value))
        return {_key(name): plain(each) for name, each in value.items()}
    if isinstance(value, Enum):
        return plain(value.value)
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if dataclasses.is_dataclass(value):
        return {item.name: plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, tuple | list | set | frozenset | pd.Index):
        return [plain(each) for each in value]
    return None if value is pd.NaT else str(value)


def flat(table: pd.DataFrame) -> pd.DataFrame:
    """A table whose index, where it says something, is columns of their own, named as no other column is.

    Examples
    --------
    >>> list(flat(pd.DataFrame({"name": [1]}, index=pd.Index(["x"], name="name"))))
    ['name ', 'name']
    """
    if isinstance(table.index, pd.RangeIndex):
        return table
    several, taken, names = table.index.nlevels > 1, set(map(str, table.columns)), []
    for level, name in enumerate(table.index.names):
        names.append(
            free_name(str(name) if name is not None else f"level_{level}" if several else "index", taken)
        )
        taken.add(names[-1])
    return table.rename_axis(index=names).reset_index()


def free_name(name: str, taken: Container[str]) -> str:
    """The name, with a space behind it for as long as it is taken."""
    while name in taken:
        name += " "
    return name


def _check_names(names: Iterable[str]) -> None:
    """Refuse two of one name: of what is kept by name, the one would be lost."""
    told = list(names)
    twice = (
        next((name for name in told if told.count(name) > 1), None) if len(set(told)) < len(told) else None
    )
    if twice is not None:
        raise InputError(f"two columns or entries have one name, {twice!r}; rename one.")


def _key(name: Any) -> str:
    return name.isoformat() if isinstance(name, pd.Timestamp) else str(name)


class Shown:
    """A value that shows itself: as text, as HTML, as a frame and as plain values, all of the same content.

    A dataclass gets all four from its fields; one with more to say has its own `_page` or `to_frame`.
    """

    __slots__ = ()
    _UNITS: ClassVar[Mapping[str, str]] = {}

    def to_frame(self) -> pd.DataFrame:
        """One row a field: ``name, value, unit``; those whose value is a table stay out of it."""
        named = [
            (name, value, self._unit_of(name))
            for name, value in self._fields()
            if not isinstance(value, pd.DataFrame | pd.Series)
        ]
        return pd.DataFrame(named, columns=["name", "value", "unit"], dtype=object)

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values, for JSON; what is not there or has no bound is None."""
        return {name: plain(value) for name, value in self._fields()}

    def _fields(self) -> list[tuple[str, Any]]:
        return [(item.name, getattr(self, item.name)) for item in dataclasses.fields(self)]  # type: ignore[arg-type]

    def _unit_of(self, name: str) -> str:
        return self._UNITS.get(name, "")

    def _head(self) -> str:
        name = type(self).__name__
        return name if type(self).__str__ is object.__str__ else f"{name}: {self}"

    def _page(self) -> Page:
        told = [each for each in self._fields() if _worth_a_row(each[1]) and not _are_records(each[1])]
        rows = [
            (name.replace("_", " "), cell(value, self._unit_of(name)), _unit(self._unit_of(name)))
            for name, value in told
        ]
        right = ("value",) if all(isinstance(value, float) for _, value in told) else ()
        table = pd.DataFrame(rows, columns=["", "value", "unit"])
        if not any(table["unit"]):
            table = table.drop(columns="unit")
        head, *said = [line.strip() for line in self._said().splitlines()]
        return Page(head, (*said, Table(table, rows=len(table), right=right), *self._frames()))

    def _said(self) -> str:
        """What stands above the table of a notebook: the text of a value that has one of its own, else its head."""
        written = type(self).__repr__
        # A dataclass wraps the constructor that it writes; Shown's is made of the page.
        own = written is not Shown.__repr__ and not hasattr(written, "__wrapped__")
        return repr(self) if own else self._head()

    def _frames(self) -> tuple[Table, ...]:
        """Fields that are tables themselves, or several values of one kind."""
        found = []
        for name, value in self._fields():
            if _are_records(value):
                value = _records(value)
            if isinstance(value, pd.Series):
                value = value.to_frame(value.name if value.name is not None else "value")
            if isinstance(value, pd.DataFrame):
                index = not isinstance(value.index, pd.RangeIndex)
                found.append(Table(value, self._UNITS, index=index, caption=name.replace("_", " ")))
        return tuple(found)

    def __repr__(self) -> str:
        # What is said in one sentence is read in one line, in lists of them too.
        if type(self).__str__ is not object.__str__:
            return self._head()
        return as_text(self._page())

    def _repr_html_(self) -> str:
        return as_html(self._page())


def _are_records(value: Any) -> bool:
    """Whether it is a tuple of dataclasses of one kind, which read as the rows of a table; contracts are their names."""
    if not isinstance(value, tuple) or not value or hasattr(value[0], "symbol"):
        return False
    return dataclasses.is_dataclass(value[0]) and len({type(each) for each in value}) == 1


def _records(values: tuple[Any, ...]) -> pd.DataFrame:
    """One row each, a column a field that says anything of any of them."""
    names = [item.name for item in dataclasses.fields(values[0]) if not item.name.startswith("_")]
    columns = {name: [getattr(each, name) for each in values] for name in names}
    return pd.DataFrame({name: column for name, column in columns.items() if any(map(_worth_a_row, column))})


def _worth_a_row(value: Any) -> bool:
    """Whether there is anything to say: tables have their own place, and nothing needs none."""
    if value is None or isinstance(value, pd.DataFrame | pd.Series):
        return False
    return not (isinstance(value, str | tuple | list | Mapping) and not value)


def _unit(unit: str) -> str:
    return "" if unit in (SHARE, SIGNED, SIGNED_SHARE) else unit
