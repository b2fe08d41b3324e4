"""Tables for readers: one form for text and one for HTML, of the same content.

Whatever is returned to a caller describes itself by a `Page`: a headline, and tables and sentences in their order.
Text and HTML are made of the same page here, so that they cannot say different things.
"""

from __future__ import annotations

import dataclasses
import math
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from html import escape
from typing import Any, Final, TypeAlias

import numpy as np
import pandas as pd

from hedging._ground.counts import number_of

__all__ = [
    "ROWS_SHOWN",
    "SHARE",
    "SIGNED",
    "SIGNED_SHARE",
    "Page",
    "Part",
    "Table",
    "amount",
    "as_html",
    "as_text",
    "cell",
    "date",
    "figure",
    "formatted",
    "frame_text",
    "line_width",
    "named_texts",
    "on_day",
    "on_screen",
    "per_cent",
    "when",
]

ROWS_SHOWN: Final = 12
WIDTH: Final = 110
_SCREEN: Final[ContextVar[int | None]] = ContextVar("columns of the screen", default=None)
NOTHING: Final = "-"
SHARE, SIGNED_SHARE, SIGNED = "share", "signed share", "signed"
"""Kinds of columns that need more than their unit: decimals read in per cent, and numbers with their sign."""
_DIGITS, _MOST_DECIMALS = 6, 12
_EXPIRY_HOUR = 8  # of Deribit; a date says it all
_LIST_SHOWN = 4


def figure(value: float, digits: int = _DIGITS) -> str:
    """A number to so many digits, in whole units where it has more before the point: never 1.2e+06.

    Examples
    --------
    >>> figure(1_234_567.8, 3), figure(119.6, 2), figure(0.01234, 2), figure(0.0000034567, 3)
    ('1,234,568', '120', '0.012', '0.00000346')
    """
    if not math.isfinite(value):
        return NOTHING if math.isnan(value) else ("unbounded" if value > 0 else "-unbounded")
    if abs(value) >= 10.0**digits:
        return f"{value:,.0f}"
    if value == 0.0:
        return "0"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{float(f'{value:.{digits}g}'):,.{min(decimals, _MOST_DECIMALS + digits)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def amount(value: float, unit: str = "") -> str:
    """Money as it is read: whole above a thousand, else to five digits, thousands apart.

    Examples
    --------
    >>> amount(1_750_000.4, "USD"), amount(0.0284, "BTC"), amount(-1990.69)
    ('1,750,000 USD', '0.0284 BTC', '-1,991')
    """
    return f"{figure(value, 3 if abs(value) >= 1000 else 5)} {unit}".rstrip()


def formatted(value: float, form: str, unit: str = "") -> str:
    """A number in a form of its own with its unit, or the sign for nothing where there is none.

    Examples
    --------
    >>> formatted(0.0123, "+.1%"), formatted(1750.2, ",.0f", " USD"), formatted(float("nan"), ",.0f", " USD")
    ('+1.2%', '1,750 USD', '-')
    """
    return NOTHING if math.isnan(value) else f"{value:{form}}{unit}"


def per_cent(share: float, decimals: int = 1) -> str:
    """A share in per cent; what rounds to nothing has no sign."""
    return f"{round(share, decimals + 2) + 0.0:.{decimals}%}"


def date(when: Any) -> str:
    """A time as a date; the hour only where it is neither midnight nor that of an expiry.

    Examples
    --------
    >>> date(pd.Timestamp("2026-03-27T08:00Z")), date(pd.Timestamp("2026-03-02T12:00Z"))
    ('2026-03-27', '2026-03-02 12:00')
    """
    at: Any = pd.Timestamp(when)
    if pd.isna(at):
        return NOTHING
    bare = at.minute == at.second == 0 and at.hour in (0, _EXPIRY_HOUR)
    return f"{at:%Y-%m-%d}" if bare else f"{at:%Y-%m-%d %H:%M}"


def on_day(as_of: Any, day: float) -> str:
    """The date so many days after `as_of`, or ``day 49.1`` where nobody knows what day it was.

    Examples
    --------
    >>> on_day(pd.Timestamp("2026-03-02T12:00Z"), 49.1), on_day(None, 49.1), on_day(None, 0)
    ('2026-04-20', 'day 49.1', 'today')
    >>> on_day(pd.Timestamp("2026-03-02T12:00Z"), 4e6)
    'day 4e+06'
    """
    if as_of is None:
        return "today" if day == 0 else f"day {day:.3g}"
    try:
        return f"{pd.Timestamp(as_of) + pd.Timedelta(days=float(day)):%Y-%m-%d}"
    except (ValueError, OverflowError, NotImplementedError):  # beyond the years that a calendar has
        return f"day {day:.3g}"


def when(as_of: Any, day: float) -> str:
    """The date of a day, as a sentence has it: `on_day` with its preposition.

    Examples
    --------
    >>> when(pd.Timestamp("2026-03-02T12:00Z"), 30.0), when(None, 30.0), when(None, 0)
    ('on 2026-04-01', 'day 30', 'today')
    """
    if day == 0:
        return "today"
    return on_day(as_of, day) if as_of is None else f"on {on_day(as_of, day)}"


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
        return [_share(each, signed=unit == SIGNED_SHARE) for each in numbers]
    form = _number_form(numbers[np.isfinite(numbers)], signed=unit == SIGNED)
    return [form(each) if math.isfinite(each) else figure(each) for each in numbers]


def _number_form(finite: np.ndarray[Any, Any], *, signed: bool) -> Callable[[float], str]:
    sizes = np.abs(finite[finite != 0.0])
    sign = "+" if signed else ""
    if not sizes.size or (finite == np.round(finite)).all():
        return lambda value: f"{value + 0.0:{sign},.0f}"
    if sizes.min() < 1e-5 * sizes.max():  # one unit does not fit all of them
        return lambda value: ("+" if signed and value > 0 else "") + figure(value, _DIGITS)
    largest = math.floor(math.log10(sizes.max()))
    decimals = int(np.clip(4 - largest, 0, _MOST_DECIMALS))
    while decimals and (np.abs(finite - np.round(finite, decimals - 1)) < 1e-12 * sizes.max()).all():
        decimals -= 1
    return lambda value: f"{round(value, decimals) + 0.0:{sign},.{decimals}f}"


def _share(value: float, *, signed: bool) -> str:
    if not math.isfinite(value):
        return figure(value)
    if 0.0 < abs(value) < 0.001:
        return ("+" if signed and value > 0 else "") + f"{figure(100.0 * value, 2)}%"
    return f"{round(value, 3) + 0.0:{'+' if signed and round(value, 3) else ''}.1%}"


def cell(value: Any, unit: str = "") -> str:
    """One value as it is read."""
    simple = value is None or isinstance(value, float | np.floating | type(pd.NaT) | type(pd.NA))
    if simple and (value is None or pd.isna(value)):
        return NOTHING
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | float | np.number):
        if unit in (SHARE, SIGNED_SHARE):
            return _share(float(value), signed=unit == SIGNED_SHARE)
        return ("+" if unit == SIGNED and value > 0 else "") + figure(float(value))
    return _words(value, unit)


def _words(value: Any, unit: str) -> str:
    if isinstance(value, pd.Timestamp):
        return date(value)
    if isinstance(value, pd.DatetimeIndex):
        return (
            f"{number_of(len(value), 'time')}, {date(value[0])} .. {date(value[-1])}"
            if len(value)
            else "none"
        )
    if isinstance(value, np.ndarray):
        if value.ndim == 1 and value.size <= _LIST_SHOWN:
            return ", ".join(cell(each, unit) for each in value) or "none"
        return " x ".join(map(str, value.shape)) + " numbers"
    if isinstance(value, pd.Series | pd.DataFrame):
        return f"table of {number_of(len(value), 'row')}"
    if isinstance(value, Mapping):
        return _listed(f"{key} {cell(each, unit)}" for key, each in value.items())
    if isinstance(value, tuple | list | frozenset | set):
        if len(value) == 2 and all(each is None or isinstance(each, int | float) for each in value):
            return " .. ".join("" if each is None else cell(each, unit) for each in value).strip()
        return _listed(cell(each, unit) for each in value)
    symbol = getattr(value, "symbol", None)
    if isinstance(symbol, str):
        return symbol
    if dataclasses.is_dataclass(value) and type(value).__str__ is object.__str__:
        return type(value).__name__
    return str(value).partition("\n")[0]


def _listed(texts: Iterable[str]) -> str:
    items = list(texts)
    more = f" and {len(items) - _LIST_SHOWN:,} more" if len(items) > _LIST_SHOWN else ""
    return (", ".join(items[:_LIST_SHOWN]) + more) or "none"


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
    """A frame as pandas writes it; columns that the screen has no room for stand below, after the first one again."""
    lead = 0 if form.get("index", True) else 1

    def written(columns: Sequence[int]) -> str:
        return str(frame.iloc[:, [*range(lead), *columns]].to_string(**form))

    def widest(columns: Sequence[int]) -> int:
        return max(map(len, written(columns).split("\n")))

    return "\n\n".join(map(written, _groups(range(lead, frame.shape[1]), widest)))


def _groups(columns: Sequence[int], widest: Callable[[Sequence[int]], int]) -> list[list[int]]:
    """Columns in groups, of which each fits the screen; all of them together without one."""
    screen = _SCREEN.get()
    if screen is None or widest(columns) <= screen:
        return [list(columns)]
    found: list[list[int]] = [[]]
    for column in columns:
        if found[-1] and widest([*found[-1], column]) > screen:
            found.append([])
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
        groups = _groups(
            range(1, len(headers)), lambda group: widths[0] + sum(2 + widths[place] for place in group)
        )
        for number, group in enumerate(groups):
            shown = [0, *group]
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
