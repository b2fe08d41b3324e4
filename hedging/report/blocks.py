"""What a section of the page is made of, as values that the template shows; texts are escaped there, never here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

__all__ = [
    "Block",
    "Column",
    "Columns",
    "Explorer",
    "Listing",
    "Notice",
    "Picture",
    "Section",
    "Table",
    "Text",
    "tabled",
]

ROWS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; one that is `verbatim` keeps its minus signs, as a command must."""

    text: str
    verbatim: bool = False
    kind: str = field(default="text", init=False)


@dataclass(frozen=True, slots=True)
class Notice:
    """A paragraph that must not be overlooked; `word` says what sort of thing it is, so that no colour has to."""

    word: str
    text: str
    kind: str = field(default="notice", init=False)


@dataclass(frozen=True, slots=True)
class Listing:
    """Sentences one below the other."""

    items: tuple[str, ...]
    kind: str = field(default="listing", init=False)


@dataclass(frozen=True, slots=True)
class Column:
    """Head of a column, and whether numbers stand in it."""

    title: str
    number: bool = True


Columns: TypeAlias = list[Column | str]
"""Heads of a table; one given by its title alone is of numbers."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text that is formatted already; the first cell of each is its head.

    Attributes
    ----------
    caption : str
        What is shown, with its unit.
    columns : tuple of Column
    rows : tuple of tuple of str
    more : int
        How many rows were left out.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    more: int = 0
    kind: str = field(default="table", init=False)


@dataclass(frozen=True, slots=True)
class Picture:
    """An inline SVG, with what it shows in words for who does not see it."""

    svg: str
    alt: str
    caption: str
    kind: str = field(default="picture", init=False)


@dataclass(frozen=True, slots=True)
class Explorer:
    """The interactive part; `data` is what the template and the script need of it."""

    data: dict[str, object]
    kind: str = field(default="explorer", init=False)


Block: TypeAlias = Text | Notice | Listing | Table | Picture | Explorer


@dataclass(frozen=True, slots=True)
class Section:
    """One heading with what stands below it."""

    name: str
    title: str
    blocks: tuple[Block, ...]


def tabled(
    caption: str,
    columns: Sequence[Column | str],
    rows: Sequence[Sequence[str]],
    *,
    most: int = ROWS_SHOWN,
) -> Table:
    """A table of the first rows; a column given by its title alone holds numbers."""
    heads = tuple(Column(each) if isinstance(each, str) else each for each in columns)
    shown = tuple(tuple(row) for row in rows[:most])
    return Table(caption, heads, shown, more=max(0, len(rows) - most))
