"""Open a quote file: read, unpack and parse it, or say what keeps it from being one."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from hedging._extras import require
from hedging._ground.counts import number_of
from hedging._ground.file_kinds import (
    begins_toml,
    kind_of_bytes,
    kind_of_columns,
    kind_of_text,
    kind_of_value,
)
from hedging._ground.packing import packed_by, unpacked
from hedging._ground.reading import parse_json, read_bytes
from hedging.errors import ChainError
from hedging.venues._sheets import sheet_text
from hedging.venues._texts import with_commas

__all__ = ["QuoteFile", "known_kind", "open_file", "refuse_another", "repeated_columns", "shape_of"]

_MOST_COLUMNS: Final = 1_000
_DEEPEST: Final = 4  # objects around a list of rows
_WIDEST: Final = 1_000  # characters of a line that need not be counted
_LONGEST: Final = 1_000_000  # characters of a line of any
_MOST_UNPACKED: Final = 1_000_000_000  # bytes
_BRACKETED: Final = re.compile(r"\[[A-Z_]+\] *,")  # a header of OptionsDX, which is no list of JSON


@dataclass(frozen=True, slots=True)
class QuoteFile:
    """A quote file in memory.

    Attributes
    ----------
    name, sha256 : str
        Its name for messages, and the digest of its bytes.
    content : Any
        Parsed JSON, or a DataFrame; None for text that is neither.
    text : str
        The text as it stands; empty for Parquet.
    metadata : mapping
        What a Parquet file says about itself; empty for text.
    written : str
        The text before commas came between its fields.
    sheet : bool
        Whether that is of the typed cells of a sheet.
    beside : QuoteFile, optional
        A second file that belongs to it, where a venue gives quotes and vols in two replies.
    """

    name: str
    sha256: str
    content: Any
    text: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    beside: QuoteFile | None = None
    written: str = ""
    sheet: bool = False

    @property
    def columns(self) -> frozenset[str]:
        """The column names of a table; empty for JSON."""
        return (
            frozenset(map(str, self.content.columns))
            if isinstance(self.content, pd.DataFrame)
            else frozenset()
        )


def open_file(path: Path) -> QuoteFile:
    """Read, unpack and parse a file.

    Raises
    ------
    ChainError
        If it is not there, cut off, without a row, or neither JSON, JSON lines, CSV, Excel nor Parquet.
    """
    raw = read_bytes(path, error=ChainError)
    digest = hashlib.sha256(raw).hexdigest()
    data = _unpacked(path.name, raw)
    if data[:4] == b"PAR1":
        file = QuoteFile(path.name, digest, *_parquet(path.name, data))
    else:
        # A sheet is read as the CSV it would be saved as: what is recognised as that is recognised as this.
        sheet = data[:4] == b"PK\x03\x04"
        written = sheet_text(path.name, data) if sheet else _text(path.name, data)
        text = with_commas(written)
        file = QuoteFile(path.name, digest, _parsed(path.name, text), text, written=written, sheet=sheet)
    if isinstance(file.content, pd.DataFrame) and file.content.empty:
        raise ChainError(f"{path.name} holds no rows of quotes; it holds {shape_of(file)}.")
    return file


def _unpacked(name: str, raw: bytes) -> bytes:
    try:
        data = unpacked(raw, _MOST_UNPACKED)
    except ValueError as error:
        raise ChainError(f"{name}: {error}.") from error
    if packed_by(raw) and len(data) > _MOST_UNPACKED:
        raise ChainError(
            f"{name} unpacks to more than {_MOST_UNPACKED:,} bytes, which no file of quotes does; split it by day."
        )
    return data


def _text(name: str, data: bytes) -> str:
    encoding = "utf-16" if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
    try:
        text = data.decode(encoding).replace("\r\n", "\n")  # as Windows saves it
    except UnicodeDecodeError as error:
        raise ChainError(
            f"{name} is neither Parquet nor {encoding.removesuffix('-sig').upper()} text: byte {error.start + 1} is {data[error.start]:#04x}."
        ) from error
    if not text.strip():
        raise ChainError(f"{name} is empty.")
    if text.lstrip().startswith("<"):
        raise ChainError(f"{name} holds HTML or XML, not quotes: an error page saved in place of data?")
    return text


def _parsed(name: str, text: str) -> Any:
    """Return JSON or a table; None for text that is neither, which some readers know how to take apart."""
    if text.lstrip()[0] in "[{" and not _BRACKETED.match(text.lstrip()) and not begins_toml(text):
        lines = text.split("\n") if text.lstrip()[0] == "{" else []
        whole = [line for line in lines if line.strip()]
        if len(whole) > 1 and all(line.lstrip()[0] == "{" and line.rstrip()[-1] == "}" for line in whole):
            rows = [_json(line, f"{name}, line {number}") for number, line in enumerate(whole, 1)]
            _check_keys(rows, name)
            return rows
        return _json(text, name)
    _check_width(name, text)
    try:
        table = pd.read_csv(io.StringIO(text), low_memory=False, skipinitialspace=True)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError, OverflowError):
        return None
    # pandas gives a repeated column another name; the first line still has it twice: a table with calls beside
    # puts, which its own reader takes apart by place, and no other may read.
    return None if repeated_columns(text) else table


def repeated_columns(text: str) -> list[str]:
    """Columns of a CSV table that its first line names more than once."""
    if not text or text.startswith("#"):  # one of our own files starts with a line that is no header
        return []
    try:
        first = next(csv.reader([text.lstrip().splitlines()[0]]), [])
    except csv.Error:  # longer than any header
        return []
    return sorted(column for column, count in Counter(first).items() if column and count > 1)


def _json(text: str, name: str) -> Any:
    content = parse_json(text, name, pairs=partial(_unrepeated, name), error=ChainError)
    _check_keys(content, name)
    return content


def _check_keys(content: Any, name: str, depth: int = 0) -> None:
    """Rows whose keys differ make a table of rows times keys, of which some are none: as wide as one of text at most.

    Raises
    ------
    ChainError
    """
    if isinstance(content, dict) and depth < _DEEPEST:
        for each in content.values():
            _check_keys(each, name, depth + 1)
    elif isinstance(content, list):
        keys = set[str]().union(*(row for row in content if isinstance(row, dict)))
        if len(keys) > _MOST_COLUMNS:
            raise ChainError(
                f"{name} has rows of {number_of(len(keys), 'different key')}; a table of quotes has at most {_MOST_COLUMNS:,}."
            )


def _unrepeated(name: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of JSON, whose parser would keep the last of a repeated key and say nothing."""
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = Counter(keys).most_common(1)[0][0]
        raise ChainError(
            f"{name}: the key {twice!r} stands more than once in one object; which one is meant?"
        )
    return made


def _columns_unrepeated(name: str, columns: list[str]) -> None:
    """Raise a `ChainError` if two columns of a table have one name."""
    if twice := sorted(column for column, count in Counter(columns).items() if column and count > 1):
        raise ChainError(f"{name}: columns {twice} occur more than once; which one is meant?")


def _parquet(name: str, data: bytes) -> tuple[pd.DataFrame, str, dict[str, str]]:
    """Return the table, no text, and the metadata."""
    arrow, parquet = require("pyarrow", "parquet"), require("pyarrow.parquet", "parquet")
    try:
        table = parquet.read_table(io.BytesIO(data))
        metadata = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
        # The index that pandas stores may repeat itself, as that of days put together; rows are told by place.
        columns, content = list(table.column_names), table.to_pandas().reset_index(drop=True)
    except (arrow.ArrowException, OSError, ValueError, TypeError, KeyError, MemoryError) as error:
        raise ChainError(f"{name}: the Parquet data is cut off or damaged ({error}).") from error
    _columns_unrepeated(name, columns)
    for column in (each for each in content.columns if pd.api.types.is_object_dtype(content[each].dtype)):
        _check_cells(name, column, content[column])
    return content, "", metadata


def _check_cells(name: str, column: str, cells: pd.Series) -> None:
    """Refuse a column of lists, structures or bytes: a quote is numbers, texts and times."""
    odd = cells.map(lambda cell: isinstance(cell, bytes | list | dict | tuple | set | np.ndarray))
    if odd.any():
        row = int(np.flatnonzero(odd)[0])
        raise ChainError(
            f"{name}: column {column!r}, row {row}: a cell must be a number, text or time; got "
            f"{type(cells.iloc[row]).__name__} {cells.iloc[row]!s:.60}."
        )


def _check_width(name: str, text: str) -> None:
    """Refuse text with a line of more fields than any table of quotes has, before a parser spends minutes on it."""
    widest = max((line for line in text.splitlines() if not line.startswith("#")), key=len, default="")
    if len(widest) > _LONGEST:
        raise ChainError(
            f"{name} has a line of {number_of(len(widest), 'character')}; a table of quotes has at most {_LONGEST:,}."
        )
    if len(widest) > _WIDEST and (fields := widest.count(",")) >= _MOST_COLUMNS:
        raise ChainError(
            f"{name} has a line of {number_of(fields + 1, 'field')}; a table of quotes has at most {_MOST_COLUMNS:,}."
        )


def _short(names: Iterable[Any]) -> list[str]:
    """The first names, each cut to what can be read."""
    return [f"{name:.40}" for name in map(str, list(names)[:12])]


def known_kind(file: QuoteFile) -> str:
    """What a file is that holds no quotes; empty where nobody knows."""
    of_text = kind_of_text(file.text) if file.text else ""
    return of_text or kind_of_value(file.content) or kind_of_columns(file.columns)


def refuse_another(file: QuoteFile, wanted: str, own: str) -> None:
    """Refuse a file that is known to be of another kind; `own` is a word of the kind that is asked for.

    Raises
    ------
    ChainError
        With what it is, and what is wanted.
    """
    of_text = kind_of_bytes(file.text[:2_000_000].encode()) if file.text else ""
    kind = of_text or kind_of_value(file.content) or kind_of_columns(file.columns)
    if kind and own not in kind:
        raise ChainError(f"{file.name} is {kind}; {wanted}.")


def shape_of(file: QuoteFile) -> str:
    """What a file holds, in some words."""
    if isinstance(file.content, pd.DataFrame):
        return f"a table with columns {_short(file.content.columns)}"
    if isinstance(file.content, dict):
        return f"a JSON object with keys {_short(file.content)}"
    if isinstance(file.content, list):
        return f"a JSON list of {number_of(len(file.content), 'entry')}"
    return f"text that starts with {file.text[:60]!r}"
