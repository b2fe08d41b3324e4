"""Tables as people write them: other separators, lines above the header, numbers and days in the ways of a country.

Nothing is guessed. What can be told from how all of it is written is told; a comma that may part thousands or decimals
is not.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

import pandas as pd

from hedging.errors import ChainError

__all__ = [
    "DAYS_OF_SHEETS",
    "as_numbers",
    "decimal_of",
    "forms_of_days",
    "records_of",
    "text_table",
    "with_commas",
]

SEPARATORS: Final = (",", ";", "\t", "|")
DAYS_OF_SHEETS: Final = "excel"
"""Form of days that are counted as spreadsheets do, from 1899-12-30."""

_LOOKED_AT: Final = 200  # lines
_LEAST: Final = 3  # columns of a table of quotes
_NUMBER: Final = re.compile(r"[+-]?[\d.,]+([eE][+-]?\d+)?%?")
_AROUND: Final = r"[$€£¥₿\s\u00a0\u2009\u202f'’]"  # currencies, and what stands between thousands
_PLAIN: Final = {
    ".": re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)?(\.\d*)?([eE][+-]?\d+)?%?"),
    ",": re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+)?(,\d*)?([eE][+-]?\d+)?%?"),
}
_FORMS: Final = (
    "%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y", "%m/%d/%y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d",
    "%d%b%y", "%d%b%Y", "%d-%b-%y", "%d-%b-%Y", "%d %b %y", "%d %b %Y", "%b %d %Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y",
    "%a %b %d %Y", "%y%m%d", "%Y%m%d",
)  # fmt: skip


def with_commas(text: str) -> str:
    r"""A table's text with commas between its fields, and points before decimals where they surely are; any other as it is.

    Examples
    --------
    >>> with_commas("strike;bid\n60000;0,0145\n")
    'strike,bid\n60000,0.0145\n'
    """
    lines = text.lstrip("\n").split("\n", 2)
    header = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    mark = max(SEPARATORS[1:], key=header.count)
    if "," in header or header[:1] in ("{", "[") or mark not in header:
        return text
    body = text[text.index(header) :]
    second = body.split("\n", 2)[1:2]
    if second and second[0].strip() and mark not in second[0]:
        return text
    try:
        rows = list(csv.reader(io.StringIO(body), delimiter=mark))
    except csv.Error:  # a field longer than any
        return text
    if decimal_of(rows[1:_LOOKED_AT]) == ",":
        rows = [[_with_point(cell) for cell in row] for row in rows]
    made = io.StringIO()
    csv.writer(made, lineterminator="\n").writerows(rows)
    return text[: text.index(header)] + made.getvalue()


def _with_point(cell: str) -> str:
    plain = cell.strip()
    if not plain or not _PLAIN[","].fullmatch(plain):
        return cell
    return plain.replace(".", "").replace(",", ".")


def text_table(text: str, *, as_written: bool = False) -> pd.DataFrame | None:
    """The table in a text: its header the first line with as many fields as most lines have, none of them a number.

    Parameters
    ----------
    text : str
    as_written : bool
        Whether cells stay texts.

    Returns
    -------
    DataFrame or None
        None where no separator makes a table of it.
    """
    lines = text.splitlines()
    found: list[tuple[int, str, int]] = []
    for mark in SEPARATORS:
        fields = [_fields(line, mark) for line in lines[:_LOOKED_AT]]
        width = Counter(len(row) for row in fields if any(row)).most_common(1)
        if not width or width[0][0] < _LEAST:
            continue
        at = next(number for number, row in enumerate(fields) if len(row) == width[0][0])
        if not any(_NUMBER.fullmatch(name) for name in fields[at]):
            found.append((width[0][0], mark, at))
    if not found:
        return None
    _, mark, at = max(found)
    kept = io.StringIO("\n".join(lines[at:]))
    kind: Any = str if as_written else None
    try:
        return pd.read_csv(
            kept, sep=mark, dtype=kind, low_memory=False, skipinitialspace=True, index_col=False
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, pd.errors.ParserWarning, ValueError):
        return None


def _fields(line: str, mark: str) -> list[str]:
    try:
        return [field.strip() for field in next(csv.reader([line], delimiter=mark), [])]
    except csv.Error:  # longer than any field
        return []


def records_of(content: Any) -> pd.DataFrame | None:
    """The table in JSON: a list of rows, alone or the only one of an object; columns of one length; pandas' "split"."""
    if isinstance(content, list):
        whole = content and all(isinstance(row, dict) for row in content)
        return pd.DataFrame(content) if whole else None
    if not isinstance(content, dict):
        return None
    if {"columns", "data"} <= set(content):
        try:
            return pd.DataFrame(content["data"], columns=content["columns"])
        except (ValueError, TypeError):
            return None
    lists = [
        made
        for value in content.values()
        if isinstance(value, list) and (made := records_of(value)) is not None
    ]
    if len(lists) == 1:
        return lists[0]
    return _of_columns(content)


def _of_columns(content: dict[str, Any]) -> pd.DataFrame | None:
    """Columns of one length, as lists or by row."""
    columns = list(content.values())
    if len(columns) < _LEAST or len({type(column) for column in columns}) != 1:
        return None
    if (
        all(isinstance(column, dict) for column in columns)
        and len({tuple(column) for column in columns}) == 1
    ):
        return pd.DataFrame({name: list(column.values()) for name, column in content.items()})
    if all(isinstance(column, list) for column in columns) and len({len(column) for column in columns}) == 1:
        return pd.DataFrame(content)
    return None


def as_numbers(column: pd.Series, decimal: str | None, where: str) -> pd.Series:
    """Texts of a column of numbers as Python writes numbers; what is no number stays what it is.

    Parameters
    ----------
    column : Series
    decimal : {'.', ','}, optional
        What stands before decimals.
    where : str
        The column, and who must say `decimal`, for the message.

    Raises
    ------
    ChainError
        If a cell has a comma and nobody says what it parts.
    """
    if pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_datetime64_any_dtype(column.dtype):
        return column
    texts = column[column.map(lambda cell: isinstance(cell, str))]
    bare = texts.str.replace(_AROUND, "", regex=True)
    written = bare[bare.map(lambda text: _NUMBER.fullmatch(text) is not None)]
    if decimal is None:
        if (commas := written[written.str.contains(",", regex=False)]).size:
            raise ChainError(
                f"{where} decimal = '.' or ',': a comma may part thousands or decimals, as in {texts[commas.index[0]]!r}."
            )
        decimal = "."
    good = written[written.map(lambda text: _PLAIN[decimal].fullmatch(text) is not None)]
    other = "," if decimal == "." else "."
    plain = good.str.replace(other, "", regex=False).str.replace(decimal, ".", regex=False)
    return column.where(~column.index.isin(good.index), plain.reindex(column.index))


def decimal_of(columns: Iterable[Iterable[Any]]) -> str | None:
    """What stands before decimals in columns of texts: empty where commas leave it open, None where there are none."""
    bare = {re.sub(_AROUND, "", cell) for column in columns for cell in column if isinstance(cell, str)}
    fits = {mark: {text for text in bare if text and form.fullmatch(text)} for mark, form in _PLAIN.items()}
    numbers = fits["."] | fits[","]
    if not any("," in text for text in numbers):
        return None
    fitting = [mark for mark, texts in fits.items() if texts == numbers]
    return fitting[0] if len(fitting) == 1 else ""


def forms_of_days(column: pd.Series) -> list[str] | None:
    """Forms in which every day of a column can be read; None where it is written as 2026-03-27, or says its own."""
    cells = column.dropna()
    if pd.api.types.is_datetime64_any_dtype(cells.dtype) or cells.empty:
        return None
    if pd.api.types.is_numeric_dtype(cells.dtype) and cells.between(36_526, 73_050).all():
        return [DAYS_OF_SHEETS]
    if pd.api.types.is_numeric_dtype(cells.dtype) and (cells > 1e8).all():
        return None  # counts since 1970
    texts = cells.astype(str).str.strip()
    if texts.str.match(r"\d{4}-\d\d-\d\d").all():
        return None
    distinct = pd.Series(texts.unique())
    return [form for form in _FORMS if pd.to_datetime(distinct, format=form, errors="coerce").notna().all()]
