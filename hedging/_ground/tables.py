"""Tables for readers: one form for text and one for HTML, of the same content.

Whatever is returned to a caller describes itself by a `Page`: a headline, and tables and sentences in their order.
Text and HTML are made of the same page here, so that they cannot say different things.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from html import escape
from typing import Any, Final, TypeAlias

import numpy as np
import pandas as pd

from hedging._ground.cells import (
    DIGITS,
    MOST_DECIMALS,
    SHARE,
    SIGNED,
    SIGNED_SHARE,
    cell,
    figure,
    share_text,
)

__all__ = [
    "ROWS_SHOWN",
    "Page",
    "Part",
    "Table",
    "as_html",
    "as_text",
    "frame_text",
    "line_width",
    "named_texts",
    "on_screen",
]

ROWS_SHOWN: Final = 12
WIDTH: Final = 110
_SCREEN: Final[ContextVar[int | None]] = ContextVar("columns of the screen", default=None)


@dataclass(frozen=True, slots=True)
class Table:
    """A frame, and how it is read.

    Attributes
    ----------
    frame : DataFrame
    units : mapping of column to str
        Shown in the header; ``SHARE``, ``SIGNED`` and ``SIGNED_SHARE`` say how the column is written instead.
    index : bool
        Whether the index is a column of its own.
    caption : str
    rows : int
        More are counted, not shown.
    right : tuple of str
        Columns of texts that are numbers, and stand at the right as those do.
    """

    frame: pd.DataFrame
    units: Mapping[Any, str] = field(default_factory=dict)
    index: bool = False
    caption: str = ""
    rows: int = ROWS_SHOWN
    right: tuple[str, ...] = ()

    def texts(self) -> tuple[list[str], list[list[str]], list[bool]]:
        """Headers, rows of cells, and which columns are numbers."""
        shown = self.frame.reset_index() if self.index else self.frame
        shown = shown.head(self.rows)
        columns = [shown.iloc[:, place] for place in range(shown.shape[1])]
        cells = [_column(each, self.units.get(each.name, "")) for each in columns]
        headers = [_header(each.name, self.units.get(each.name, "")) for each in columns]
        numbers = [
            each.name in self.right
            or (pd.api.types.is_numeric_dtype(each) and not pd.api.types.is_bool_dtype(each))
            for each in columns
        ]
        return headers, [list(row) for row in zip(*cells, strict=True)], numbers

    @property
    def more(self) -> str:
        """How many rows are not shown, if any."""
        left = len(self.frame) - self.rows
        return f"... and {left:,} more" if left > 0 else ""


Part: TypeAlias = "Table | str"


def named_texts(rows: Mapping[Any, Any], caption: str = "") -> Table:
    """Table of names and what is said of each, without a header."""
    frame = pd.DataFrame({"": [str(name) for name in rows], " ": [cell(each) for each in rows.values()]})
    return Table(frame, caption=caption, rows=len(frame))


@dataclass(frozen=True, slots=True)
class Page:
    """What a value shows of itself: a headline, then tables and sentences."""

    head: str
    parts: tuple[Part, ...] = ()


def _header(name: Any, unit: str) -> str:
    text = " ".join(map(str, name)) if isinstance(name, tuple) else str(name)
    text = text.replace("_", " ")
    return f"{text} [{unit}]" if unit and unit not in (SHARE, SIGNED, SIGNED_SHARE) else text


def _column(values: pd.Series[Any], unit: str) -> list[str]:
    """Cells of one column: numbers to the same decimals, so that their points stand below each other."""
    if pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values):
        return [cell(each, unit) for each in values]
    numbers = values.to_numpy(dtype=float, na_value=math.nan)
    if unit in (SHARE, SIGNED_SHARE):
        return [share_text(each, signed=unit == SIGNED_SHARE) for each in numbers]
    form = _number_form(numbers[np.isfinite(numbers)], signed=unit == SIGNED)
    return [form(each) if math.isfinite(each) else figure(each) for each in numbers]


def _number_form(finite: np.ndarray[Any, Any], *, signed: bool) -> Callable[[float], str]:
    sizes = np.abs(finite[finite != 0.0])
    sign = "+" if signed else ""
    if not sizes.size or (finite == np.round(finite)).all():
        return lambda value: f"{value + 0.0:{sign},.0f}"
    if sizes.min() < 1e-5 * sizes.max():  # one unit does not fit all of them
        return lambda value: (
            ("+" if signed and value > 0 else "") + figure(round(value, MOST_DECIMALS) + 0.0, DIGITS)
        )
    largest = math.floor(math.log10(sizes.max()))
    decimals = int(np.clip(4 - largest, 0, MOST_DECIMALS))
    while decimals and (np.abs(finite - np.round(finite, decimals - 1)) < 1e-12 * sizes.max()).all():
        decimals -= 1
    return lambda value: f"{round(value, decimals) + 0.0:{sign},.{decimals}f}"


@contextmanager
def on_screen(columns: int) -> Iterator[None]:
    """Texts made within fit a screen of so many columns; without, lines have 110 and tables what they need.

    Examples
    --------
    >>> table = pd.DataFrame({"name": ["one"], "low": [1.25], "high": [2.5]})
    >>> with on_screen(12):
    ...     print(frame_text(table, index=False))
    name  low
     one 1.25
    <BLANKLINE>
    name  high
     one   2.5
    """
    token = _SCREEN.set(columns)
    try:
        yield
    finally:
        _SCREEN.reset(token)


def line_width() -> int:
    """Columns that a line of text may take."""
    return min(WIDTH, _SCREEN.get() or WIDTH)


def frame_text(frame: pd.DataFrame, **form: Any) -> str:
    """A frame as pandas writes it; columns that the screen has no room for stand below, after those that name a row."""

    def written(columns: Sequence[int]) -> str:
        return str(frame.iloc[:, [*columns]].to_string(**form))

    def widest(columns: Sequence[int]) -> int:
        return max(map(len, written(columns).split("\n")))

    rows = [list(map(str, row)) for row in frame.itertuples(index=False)]
    lead = 0 if form.get("index", True) else _naming(rows, widest)
    return "\n\n".join(map(written, _groups(frame.shape[1], lead, widest)))


def _naming(rows: Sequence[Sequence[str]], widest: Callable[[Sequence[int]], int]) -> int:
    """How many columns at the left tell the rows apart, as a side and a contract do; one where no other fits beside."""
    screen, count = _SCREEN.get(), len(rows[0]) if rows else 0
    if screen is None:
        return 1
    for lead in range(1, count):
        if len({tuple(row[:lead]) for row in rows}) == len(rows):
            beside = (widest([*range(lead), column]) for column in range(lead, count))
            return lead if max(beside) <= screen else 1
    return 1


def _groups(columns: int, lead: int, widest: Callable[[Sequence[int]], int]) -> list[list[int]]:
    """Columns in groups, of which each begins with the leading ones and fits the screen; one group without a screen."""
    screen = _SCREEN.get()
    if screen is None or widest(range(columns)) <= screen:
        return [list(range(columns))]
    found: list[list[int]] = [[*range(lead)]]
    for column in range(lead, columns):
        if len(found[-1]) > lead and widest([*found[-1], column]) > screen:
            found.append([*range(lead)])
        found[-1].append(column)
    return found


def as_text(page: Page, *, indent: str = "") -> str:
    """A page in aligned lines of at most 110 characters, tables excepted; within `on_screen` all of it fits."""
    width = line_width()
    lines = textwrap.wrap(page.head, width, subsequent_indent="  ", break_on_hyphens=False)
    for part in page.parts:
        if isinstance(part, Table):
            lines += [f"{indent}{line}" for line in _table_lines(part)]
        else:
            lines += textwrap.wrap(part, width, subsequent_indent="  ", break_on_hyphens=False)
    return "\n".join(lines)


def _table_lines(table: Table) -> list[str]:
    headers, rows, numbers = table.texts()
    lines = [table.caption] if table.caption else []
    if rows:
        cells = [headers, *rows] if any(text.strip() for text in headers) else rows
        widths = [max(len(row[place]) for row in cells) for place in range(len(headers))]

        def width(group: Sequence[int]) -> int:
            return sum(2 + widths[place] for place in group) - 2

        for number, shown in enumerate(_groups(len(headers), _naming(rows, width), width)):
            lines += [""] if number else []
            lines += [
                "  ".join(
                    f"{row[place]:>{widths[place]}}" if numbers[place] else f"{row[place]:<{widths[place]}}"
                    for place in shown
                ).rstrip()
                for row in cells
            ]
    else:
        lines.append("none")
    return [*lines, table.more] if table.more else lines


def as_html(page: Page) -> str:
    """A page for notebooks and reports; every colour is that of the text around it, in light and in dark."""
    head = f"<p><b>{escape(page.head)}</b></p>" if page.head else ""
    parts = [table_html(part) if isinstance(part, Table) else f"<p>{escape(part)}</p>" for part in page.parts]
    return "".join([head, *parts])


_LONG = 48  # characters beyond which a cell is a sentence, and may break between its words
_WRAPS = "white-space:normal;min-width:24em;"
_RULE = "border:0;border-bottom:1px solid currentColor;"
_CELL = "padding:2px 10px 2px 0;color:currentColor;background:none;white-space:nowrap;"


def table_html(table: Table) -> str:
    """One table; wide ones scroll by themselves instead of breaking words."""
    headers, rows, numbers = table.texts()
    caption = (
        f'<caption style="text-align:left;color:currentColor;caption-side:top">{escape(table.caption)}</caption>'
        if table.caption
        else ""
    )
    if not rows:
        return f"<p>{escape(table.caption)}: none</p>" if table.caption else "<p>none</p>"
    sides = ["right" if right else "left" for right in numbers]
    top = "".join(
        f'<th scope="col" style="{_CELL}{_RULE}white-space:normal;vertical-align:bottom;text-align:{side}">{escape(text)}</th>'
        for text, side in zip(headers, sides, strict=True)
    )
    # Names and texts need no headers, and an empty row of them is none.
    head = f"<thead><tr>{top}</tr></thead>" if any(text.strip() for text in headers) else ""
    body = "".join(
        "<tr>"
        + "".join(
            f'<td style="{_CELL}{_WRAPS if len(text) > _LONG else ""}text-align:{side}">{escape(text)}</td>'
            for text, side in zip(row, sides, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    more = f"<p>{table.more}</p>" if table.more else ""
    return (
        f'<div style="overflow-x:auto"><table style="border-collapse:collapse;color:currentColor;margin:0 0 0.6em 0">'
        f"{caption}{head}<tbody>{body}</tbody></table></div>{more}"
    )
