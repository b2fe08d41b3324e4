"""Files are written whole or not at all: aside first, then renamed into place."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hedging.errors import InputError

__all__ = ["whole_file", "write_text"]


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; what is written there becomes `path` if nothing fails.

    The suffix is kept, so that writers that go by it (figures, tables) work unchanged.

    Raises
    ------
    InputError
        If the folder is missing or may not be written to.
    """
    target = Path(path)
    if target.is_dir():
        raise InputError(f"{target} is a folder; give the name of a file.")
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.stem}-", suffix=target.suffix, dir=target.parent)
    except OSError as error:
        raise InputError(f"{target} cannot be written: {error.strerror or error}.") from error
    os.close(handle)
    aside = Path(name)
    try:
        yield aside
        # mkstemp makes files that only their owner reads; a result has the usual rights.
        umask = os.umask(0)
        os.umask(umask)
        aside.chmod(0o666 & ~umask)
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write text to a file in UTF-8, whole or not at all.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    with whole_file(path) as aside:
        aside.write_text(text, encoding="utf-8")
