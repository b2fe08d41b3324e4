"""Files packed by gzip, bzip2, xz or zip, known by their first bytes."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Final

__all__ = ["packed_by", "unpacked"]

_BEGIN: Final = {
    "gzip": (b"\x1f\x8b",),
    "bzip2": tuple(b"BZh%d1AY&SY" % level for level in range(1, 10)),
    "xz": (b"\xfd7zXZ\x00",),
    "zip": (b"PK\x03\x04",),
}
_ODD: Final = (
    *(OSError, EOFError, MemoryError, RuntimeError, NotImplementedError),
    *(zlib.error, lzma.LZMAError, zipfile.BadZipFile),
)
_OPEN: Final[dict[str, Callable[[IO[bytes]], IO[bytes]]]] = {
    "gzip": gzip.open,  # type: ignore[dict-item]  # its signature names modes besides
    "bzip2": bz2.open,
    "xz": lzma.open,
}
_SHEET: Final = "[Content_Types].xml"  # within a workbook, which is a zip of its own kind
_OF_MAC: Final = "__MACOSX/"  # what macOS packs beside each file


def packed_by(data: bytes) -> str:
    """What packed a file; empty where nothing did, a workbook included."""
    kind = next((kind for kind, begins in _BEGIN.items() if data.startswith(begins)), "")
    if kind == "zip":
        with suppress(*_ODD), zipfile.ZipFile(io.BytesIO(data)) as packed:
            return kind if _SHEET not in packed.namelist() else ""
    return kind


def unpacked(data: bytes, most: int) -> bytes:
    """The file that is packed, `most` + 1 bytes of it at most; itself where it is not.

    Raises
    ------
    ValueError
        If it is damaged, or a zip of no file or of several; the message says which.
    """
    kind = packed_by(data)
    if not kind:
        return data
    try:
        if kind == "zip":
            return _of_zip(data, most)
        with _OPEN[kind](io.BytesIO(data)) as stream:
            return stream.read(most + 1)
    except _ODD as error:
        raise ValueError(f"the {kind} data is cut off or damaged ({error})") from error


def _of_zip(data: bytes, most: int) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        names = [
            each for each in packed.namelist() if not each.endswith("/") and not each.startswith(_OF_MAC)
        ]
        if len(names) != 1:
            shown = (
                f"several files, {', '.join(names[:5])}{', ...' * (len(names) > 5)}" if names else "no file"
            )
            raise ValueError(f"the zip holds {shown}: unpack it and give the one that is meant")
        with packed.open(names[0]) as stream:
            return stream.read(most + 1)
