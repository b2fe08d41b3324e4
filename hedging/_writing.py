"""Files are written whole or not at all: aside first, then renamed into place."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hedging._ground.counts import twelve_digits
from hedging._ground.nearest import why_not
from hedging.errors import HedgingError, InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_writable", "for_spreadsheets", "not_written", "whole_file", "write_csv", "write_text"]

_FAILED: Final = {
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EFBIG", "EIO", "EMFILE", "ENFILE")
    if hasattr(errno, name)
}
"""Where no other path would help: the system failed."""
_ASIDE: Final = "-being-written-"
_STALE: Final = 3_600.0  # seconds


class _SystemFailedError(InputError):
    """A file that could not be written for no fault of its path; the command leaves as where the system failed."""

    exit_code = HedgingError.exit_code


def not_written(path: str | Path, error: OSError) -> InputError:
    """What to raise where a file cannot be written: the path is no good, or the disk is full."""
    kind = _SystemFailedError if error.errno in _FAILED else InputError
    return kind(f"{path} cannot be written: {why_not(path, error)}.".replace("?.", "?"))


def check_writable(path: str | Path) -> None:
    """Refuse a path that could not be written in the end, before the work that leads there.

    Raises
    ------
    InputError
        If it is a folder, or its folder is missing or may not be written to.
    """
    target = _target(path)
    if not _replaceable(target):
        return
    if not target.parent.is_dir():
        what = "there is no folder" if not target.parent.exists() else "a file, and no folder, is"
        raise InputError(f"{path} cannot be written: {what} {os.path.dirname(path)}.")
    if not os.access(target.parent, os.W_OK):
        raise InputError(f"{path} cannot be written: its folder may not be written to.")


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; what is written there becomes `path` if nothing fails.

    The suffix is kept, so that writers that go by it (figures, tables) work unchanged. A link is followed;
    a device or a pipe is written to, never replaced.

    Raises
    ------
    InputError
        If the folder is missing or may not be written to, or the disk is full.
    """
    target = _target(path)
    folder = target.parent if _replaceable(target) else None
    prefix = f".{target.stem}{_ASIDE}"
    try:
        if folder is not None:
            _sweep(folder, prefix, target.suffix)
        handle, name = tempfile.mkstemp(prefix=prefix, suffix=target.suffix, dir=folder)
    except OSError as error:
        raise not_written(path, error) from error
    os.close(handle)
    aside = Path(name)
    try:
        yield aside
        if _replaceable(target):
            aside.chmod(_rights(target))
            aside.replace(target)
        else:
            with aside.open("rb") as written, target.open("wb") as stream:
                shutil.copyfileobj(written, stream)
    except OSError as error:
        raise not_written(path, error) from error
    finally:
        aside.unlink(missing_ok=True)


def _sweep(folder: Path, prefix: str, suffix: str) -> None:
    """Remove what processes left aside that were killed while they wrote the same file; nothing takes an hour."""
    for left in folder.iterdir():
        if left.name.startswith(prefix) and left.name.endswith(suffix):
            with suppress(OSError):
                if time.time() - left.stat().st_mtime > _STALE:
                    left.unlink()


def write_csv(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table for spreadsheets, whole or not at all; no text in it is a formula there.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    with whole_file(path) as aside:
        for_spreadsheets(table).to_csv(aside, index=False)


def for_spreadsheets(table: pd.DataFrame) -> pd.DataFrame:
    """The table with an apostrophe before every text that a spreadsheet would run: names come from elsewhere.

    Numbers stay numbers, also below zero, of twelve significant digits, and so does text that is a number.

    Examples
    --------
    >>> import pandas as pd
    >>> for_spreadsheets(pd.DataFrame({"name": ["=HYPERLINK(1)", "-5", "BTC"], "pnl": [-1.0, 2.0, 3.0]}))["name"].tolist()
    ["'=HYPERLINK(1)", '-5', 'BTC']
    """
    safe = table.copy()
    for place, kind in enumerate(table.dtypes):
        if kind.kind not in "biucM":  # neither counts nor times
            safe.isetitem(place, [_plain(cell) for cell in table.iloc[:, place]])
    return safe.rename(columns=_plain)


def _plain(cell: Any) -> Any:
    if isinstance(cell, float):
        return twelve_digits(cell)
    if not isinstance(cell, str) or not cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r")):
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell


def _target(path: str | Path) -> Path:
    try:
        target = Path(os.path.realpath(path))
    except ValueError as error:  # a NUL in the path
        raise InputError(f"{str(path)!r} cannot be written: {error}.") from error
    if target.is_dir():
        raise InputError(f"{path} is a folder; give the name of a file.")
    return target


def _replaceable(target: Path) -> bool:
    """Whether a rename may put a file there: /dev/null must stay what it is."""
    return target.is_file() or not target.exists()


def _rights(target: Path) -> int:
    """Rights of the file that is replaced; mkstemp alone makes files that only their owner reads."""
    if target.exists():
        return stat.S_IMODE(target.stat().st_mode)
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def write_text(path: str | Path, text: str) -> None:
    """Write text to a file in UTF-8, whole or not at all.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    with whole_file(path) as aside:
        aside.write_text(text, encoding="utf-8")
