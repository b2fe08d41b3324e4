"""Files are written whole or not at all: aside first, then renamed into place."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hedging.errors import InputError

__all__ = ["check_writable", "whole_file", "write_text"]


def check_writable(path: str | Path) -> None:
    """Refuse a path that could not be written in the end, before the work that leads there.

    Raises
    ------
    InputError
        If it is a folder, or its folder is missing or may not be written to.
    """
    target = _target(path)
    if _replaceable(target) and not os.access(target.parent, os.W_OK):
        raise InputError(f"{path} cannot be written: its folder is missing or may not be written to.")


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
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.stem}-", suffix=target.suffix, dir=folder)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}.") from error
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
        raise InputError(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        aside.unlink(missing_ok=True)


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
