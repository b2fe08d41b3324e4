"""Excel sheets, read as the CSV text that they would be saved as."""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from typing import Any, Final

from hedging._extras import require
from hedging.errors import ChainError

__all__ = ["sheet_text"]

_MOST_CELLS: Final = 20_000_000


def sheet_text(name: str, data: bytes) -> str:
    """The one sheet of an Excel workbook that holds anything, as CSV.

    Raises
    ------
    ChainError
        If it is no workbook, is damaged or empty, or has several sheets with cells in them.
    MissingExtraError
        Without openpyxl, which the extra ``xlsx`` brings.
    """
    openpyxl = require("openpyxl", "xlsx")
    odd = (
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        OSError,
        EOFError,
        SyntaxError,
    )
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheets = {sheet.title: _rows(sheet) for sheet in book.worksheets}
    except odd as error:  # the library throws whatever its parsers do
        raise ChainError(f"{name} is no Excel workbook, or a damaged one ({error}).") from error
    filled = {title: rows for title, rows in sheets.items() if rows}
    if not filled:
        raise ChainError(f"{name} is empty.")
    if len(filled) > 1:
        raise ChainError(f"{name} has several sheets, {', '.join(filled)}; save the one that is meant alone.")
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(next(iter(filled.values())))
    return written.getvalue()


def _rows(sheet: Any) -> list[list[str]]:
    rows: list[list[str]] = []
    cells = 0
    for row in sheet.iter_rows(values_only=True):
        cells += len(row)
        if cells > _MOST_CELLS:
            raise ValueError(f"sheet {sheet.title} has over {_MOST_CELLS:,} cells")
        rows.append([_text(cell) for cell in row])
    while rows and not any(rows[-1]):
        rows.pop()
    return rows


def _text(cell: Any) -> str:
    """A cell as CSV would say it: days without a time of day as dates, which is how they were typed."""
    if cell is None:
        return ""
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat(sep=" ")
    return str(cell)
