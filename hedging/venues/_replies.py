"""Replies of exchanges that say the same of a contract in two places, put together by its name."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

import pandas as pd

from hedging.errors import ChainError
from hedging.venues._opening import QuoteFile

__all__ = ["joined", "six_digit_names"]

MOST: Final = 32  # tables in one file: replies of as many endpoints, or of an endpoint by expiry


def joined(file: QuoteFile, key: str) -> pd.DataFrame:
    """Rows of a file and of the one beside it, those of one contract put together.

    Parameters
    ----------
    file : QuoteFile
        A table; or a list of rows, as it is or within the envelope of a reply; or an object of several of these.
    key : str
        The column that names a contract.

    Returns
    -------
    DataFrame
        Empty if no row has the key.

    Raises
    ------
    ChainError
        If the file beside it has no such row.
    """
    own = _together(_few(file.content, key), key)
    if file.beside is None:
        return own
    other = _together(_few(file.beside.content, key), key)
    if other.empty:
        raise ChainError(
            f"{file.beside.name} has no rows with {key!r}: it does not belong beside {file.name}."
        )
    return _together([own, other], key)


def _together(tables: list[pd.DataFrame], key: str) -> pd.DataFrame:
    """Tables of one list of contracts side by side; what the first says of a contract is not said again."""
    if not tables:
        return pd.DataFrame()
    made = tables[0]
    for table in tables[1:]:
        fresh = [name for name in table.columns if name == key or name not in made.columns]
        made = made.merge(table[fresh].drop_duplicates(key), on=key, how="outer")
    return made


def _few(content: Any, key: str) -> list[pd.DataFrame]:
    """The tables in a file; none where there are more than these exchanges have: it is of another kind."""
    found = list(islice(_tables(content, key), MOST + 1))
    return found if len(found) <= MOST else []


def _tables(content: Any, key: str, depth: int = 0) -> Iterator[pd.DataFrame]:
    """The tables in a file: one, or those of the objects and lists in it."""
    if isinstance(content, pd.DataFrame):
        if key in content.columns:
            yield content
    elif isinstance(content, list):
        rows = [row for row in content if isinstance(row, dict)]
        if len(rows) < len(content) or not any(key in row for row in rows):
            return
        # Rows of several replies in one list, where each has other fields.
        kinds: dict[frozenset[str], list[dict[str, Any]]] = {}
        for row in rows:
            kinds.setdefault(frozenset(row), []).append(row)
        names = [[row.get(key) for row in each] for each in kinds.values()]
        if len(kinds) > 1 and all(set(map(str, each)) == set(map(str, names[0])) for each in names):
            yield from (pd.DataFrame(each) for each in kinds.values())
        else:
            yield pd.DataFrame(rows)
    elif isinstance(content, dict) and depth < 3:
        for value in content.values():
            yield from _tables(value, key, depth + 1)


def six_digit_names(rows: pd.DataFrame, column: str, pattern: str) -> pd.DataFrame:
    """Add what names say that hold a day as ``260327``; every expiry is at 08:00 UTC.

    Parameters
    ----------
    rows : DataFrame
    column : str
        Which column holds the names.
    pattern : str
        A regular expression of the groups ``base, day, strike, flag``, and others that are added as they are.
    """
    parts = rows[column].astype(str).str.extract(f"^{pattern}$")
    day = pd.to_datetime(parts["day"], format="%y%m%d", errors="coerce").dt.tz_localize("UTC")
    return rows.assign(
        **{name: parts[name] for name in parts.columns.difference(["day", "strike", "flag"])},
        expiry=day + pd.Timedelta(hours=8),
        strike=pd.to_numeric(parts["strike"], errors="coerce"),
        flag=parts["flag"].str.lower(),
    )
