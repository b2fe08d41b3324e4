"""Tables whose fields stand apart by semicolons or tabs, as spreadsheets of half of Europe write them, made comma ones."""

from __future__ import annotations

import csv
import io
import re
from typing import Final

__all__ = ["with_commas"]

_SEPARATORS: Final = (";", "\t")
_DECIMAL_COMMA: Final = re.compile(r"[+-]?\d+,\d+")
_DECIMAL_POINT: Final = re.compile(r"[+-]?\d+\.\d+")
_LOOKED_AT: Final = 200  # rows that say how decimals are written


def with_commas(text: str) -> str:
    r"""A table's text with commas between its fields; any other text as it is.

    Examples
    --------
    >>> with_commas("strike;bid\n60000;0,0145\n")
    'strike,bid\n60000,0.0145\n'
    """
    lines = text.lstrip("\n").split("\n", 2)
    header = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    if "," in header or not header or header[:1] in "{[":
        return text
    separator = max(_SEPARATORS, key=header.count)
    body = text[text.index(header) :]
    second = body.split("\n", 2)[1:2]
    if not header.count(separator) or (second and second[0].strip() and separator not in second[0]):
        return text
    try:
        rows = list(csv.reader(io.StringIO(body), delimiter=separator))
    except csv.Error:  # a field longer than any
        return text
    cells = [cell.strip() for row in rows[1:_LOOKED_AT] for cell in row]
    comma = any(map(_DECIMAL_COMMA.fullmatch, cells)) and not any(map(_DECIMAL_POINT.fullmatch, cells))
    if comma:
        rows = [[_with_point(cell) for cell in row] for row in rows]
    made = io.StringIO()
    csv.writer(made, lineterminator="\n").writerows(rows)
    return text[: text.index(header)] + made.getvalue()


def _with_point(cell: str) -> str:
    return cell.replace(",", ".") if _DECIMAL_COMMA.fullmatch(cell.strip()) else cell
