"""Any result as a file: CSV, Parquet, JSON or Excel, by the ending of its name."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from hedging._extras import require
from hedging._ground.arguments import must_be
from hedging._ground.cells import cell
from hedging._ground.shown import flat, free_name, plain
from hedging._writing import check_writable, for_spreadsheets, whole_file, write_csv, write_text
from hedging.book.legs import Leg, legs_to_export, orders_frame
from hedging.errors import InputError
from hedging.market import OptionChain
from hedging.venues import write_chain

__all__ = ["save"]

MOST_ROWS: Final = 1_048_575  # of a sheet, below its header
_OF: Final = "\0name"  # of a table among several, while it is joined to them
WIDEST: Final = 48  # characters of a column of a sheet


def save(result: Any, path: str | Path) -> None:
    """Write a result to a file, whole or not at all.

    Parameters
    ----------
    result : any value of this library, DataFrame, Series, or several of them
        As a table it is its `to_frame`, an index that says something in columns of its own; as JSON its `to_dict`. Legs
        are the order ticket; a mapping of tables is one table with the name of each in its first column.
    path : str or Path
        Ends in ``.csv``, ``.parquet``, ``.json`` or ``.xlsx``. A plan's JSON is read back by `hedging.read_plan`; a
        chain's CSV and Parquet are those of `hedging.venues.write_chain`, which `hedging.read_chain` reads back.

    Raises
    ------
    InputError
        If the ending is another, the result is no table, or the file cannot be written.
    MissingExtraError
        For Parquet without pyarrow (extra ``parquet``), for Excel without openpyxl (extra ``xlsx``).

    Examples
    --------
    >>> import hedging as hg, tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "overlays.csv"
    >>> save(hg.overlays.compare(hg.samples.book(), hg.samples.chain()), path)
    >>> path.read_text()[:29]
    'overlay,days,execution,premiu'
    """
    must_be("path", path, str, Path)
    ending = Path(path).suffix.lower()
    if ending not in WRITERS:
        raise InputError(f"path must end in {', '.join(WRITERS)}; got {str(path)!r}.")
    check_writable(path)
    if isinstance(result, OptionChain) and ending in (".csv", ".parquet"):
        write_chain(result, path)
    else:
        WRITERS[ending](result, path)


def _json(result: Any, path: str | Path) -> None:
    value = list(result) if isinstance(result, Sequence) and not isinstance(result, str) else result
    if not (hasattr(value, "to_dict") or isinstance(value, Mapping | list | np.ndarray)):
        raise _no_result(result)
    write_text(path, json.dumps(plain(value), indent=2, allow_nan=False) + "\n")


def _csv(result: Any, path: str | Path) -> None:
    write_csv(path, _table(result))


def _parquet(result: Any, path: str | Path) -> None:
    require("pyarrow", "parquet")
    table = _table(result)
    mixed = [str(name) for name in table if table[name].dtype == object]
    # A column of Parquet has one type: what has several is text.
    table = table.assign(**{name: _one_type(table[name]) for name in mixed})
    with whole_file(path) as aside:
        table.to_parquet(aside, index=False)


def _excel(result: Any, path: str | Path) -> None:
    require("openpyxl", "xlsx")
    table = _table(result)
    if len(table) > MOST_ROWS:
        raise InputError(
            f"a sheet holds {MOST_ROWS:,} rows; this table has {len(table):,}: write .parquet or .csv."
        )
    zoned = {
        str(name): f"{name} [UTC]" for name in table if isinstance(table[name].dtype, pd.DatetimeTZDtype)
    }
    # A sheet knows no time zones, and no values but numbers, times and texts.
    naive = {name: table[name].dt.tz_convert("UTC").dt.tz_localize(None) for name in zoned}
    texts = {str(name): table[name].map(_cell) for name in table if table[name].dtype == object}
    shown = for_spreadsheets(table.assign(**naive, **texts).rename(columns=zoned))
    with whole_file(path) as aside, pd.ExcelWriter(aside, engine="openpyxl") as book:
        shown.to_excel(book, index=False, sheet_name="result", freeze_panes=(1, 0))
        for column, name in zip(book.sheets["result"].columns, shown, strict=False):
            longest = max([len(str(name)), *shown[name].head(200).map(lambda value: len(str(value)))])
            book.sheets["result"].column_dimensions[column[0].column_letter].width = min(longest + 2, WIDEST)


WRITERS: Final[dict[str, Callable[[Any, str | Path], None]]] = {
    ".csv": _csv,
    ".parquet": _parquet,
    ".json": _json,
    ".xlsx": _excel,
}


def _table(result: Any) -> pd.DataFrame:
    """One flat table with texts as names of its columns."""
    found = flat(_frame(result))
    found = found.set_axis([_name(name) for name in found.columns], axis=1)
    if found.columns.has_duplicates:
        raise InputError("two columns of the table have one name; rename one.")
    found.attrs = {}
    return found


def _frame(result: Any) -> pd.DataFrame:
    """The table that a result is."""
    if isinstance(result, pd.DataFrame):
        return result
    if isinstance(result, pd.Series):
        return result.to_frame(result.name if result.name is not None else "value")
    if hasattr(result, "trusted"):
        legs_to_export(result)  # an edited plan's orders stay where they are
    if hasattr(result, "to_frame"):
        made: pd.DataFrame = result.to_frame()
        return made
    if isinstance(result, np.ndarray) and result.ndim <= 2 and result.dtype.names is None:
        return pd.DataFrame(result)
    return _several(result)


def _several(result: Any) -> pd.DataFrame:
    if isinstance(result, Mapping) and result:
        if all(isinstance(each, str | int | float | bool | np.generic | None) for each in result.values()):
            return pd.DataFrame({"name": list(map(str, result)), "value": list(result.values())})
        tables = {str(name): _table(each) for name, each in result.items()}
        taken = {str(name) for each in tables.values() for name in each}
        named = [each.assign(**{_OF: name})[[_OF, *each]] for name, each in tables.items()]
        return pd.concat(named, ignore_index=True).rename(columns={_OF: free_name("name", taken)})
    if isinstance(result, Sequence) and not isinstance(result, str) and result:
        if all(isinstance(each, Leg) for each in result):
            return orders_frame(result)
        return pd.concat([_table(each) for each in result], ignore_index=True)
    raise _no_result(result)


def _no_result(result: Any) -> InputError:
    return InputError(
        "what is saved must be a value of this library, a table, or several of them; got "
        f"{type(result).__name__}: {result!s:.60}."
    )


def _name(name: Any) -> str:
    return " ".join(map(_name, name)).strip() if isinstance(name, tuple) else cell(name) if name != "" else ""


def _one_type(values: pd.Series[Any]) -> pd.Series[Any]:
    """A column of one type, or of texts; what is not there stays so."""
    kinds = {type(value) for value in values if not _missing(value)}
    return values if len(kinds) == 1 and kinds <= {str, bool, int, float} else values.map(_text)


def _text(value: Any) -> str | None:
    return (
        None
        if _missing(value)
        else value.isoformat()
        if isinstance(value, pd.Timestamp)
        else str(plain(value))
    )


def _cell(value: Any) -> Any:
    """A value that a sheet can hold."""
    if _missing(value) or isinstance(value, str | bool | int | float):
        return None if _missing(value) else value
    return _text(value)


def _missing(value: Any) -> bool:
    return value is None or value is pd.NaT or (isinstance(value, float) and math.isnan(value))
