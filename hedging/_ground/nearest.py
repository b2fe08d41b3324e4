"""The nearest right word where a wrong one is refused: by spelling, and by what others call the same thing."""

from __future__ import annotations

import difflib
import errno
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

__all__ = ["beside", "meant", "why_not"]

_OTHERS: Final = {  # what others call it, which no spelling is near to
    **dict.fromkeys(("qty", "size", "amount", "units", "contracts"), "quantity"),
    **dict.fromkeys(("price", "cost_basis", "avg_price", "average"), "entry"),
    **dict.fromkeys(("expiration", "maturity", "exp"), "expiry"),
    **dict.fromkeys(("symbol", "instrument"), "contract"),
    **dict.fromkeys(("coin", "ticker", "underlying"), "asset"),
    **dict.fromkeys(("type", "side"), "kind"),
}
_IN_MONEY: Final = (
    r"[-_/]?(?:usdt?|usdc|eur|perp)(?:[-_/]?(?:perp|swap))?"  # a coin's pair, as venues list it
)
_SHOWN: Final = 3
_NEAR: Final = 0.65  # below it the nearest word is another one


def meant(word: str, known: Iterable[str]) -> str:
    """The nearest of the known words as a question, empty where none is near.

    Examples
    --------
    >>> meant("quantty", ["quantity", "entry"])
    '; did you mean quantity?'
    >>> meant("put", ["collar", "protective put"]), meant("BTCUSDT", ["BTC", "ETH"])
    ('; did you mean protective put?', '; did you mean BTC?')
    """
    by_lower = {each.lower(): each for each in known}
    if (other := _OTHERS.get(word.lower().replace("-", "_"))) in by_lower:
        return f"; did you mean {by_lower[other]}?"
    near = [each for each in by_lower if re.fullmatch(rf"{re.escape(each)}{_IN_MONEY}", word.lower())]
    near += difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=_NEAR)
    near += [each for each in by_lower if word.lower() in re.findall(r"[a-z0-9]+", each)]
    return f"; did you mean {by_lower[near[0]]}?" if near else ""


def beside(path: str | Path) -> str:
    """The nearest name among the files that lie where a file is not, as a question; empty where none is near."""
    missing = Path(path)
    try:
        names = [each.name for each in missing.parent.iterdir()]
    except OSError:
        return f": there is no folder {missing.parent}" if not missing.parent.exists() else ""
    # Endings are alike by themselves, and make any two short names look near.
    stems = {each.partition(".")[0]: each for each in names}
    alike = difflib.get_close_matches(missing.name.partition(".")[0], stems, n=1, cutoff=_NEAR)
    return f"; did you mean {missing.parent / stems[alike[0]]}?" if alike else ""


def why_not(path: str | Path, error: OSError) -> str:
    """Why the system refuses a file, and where the right one may lie.

    Examples
    --------
    >>> why_not("nowhere/book.toml", FileNotFoundError(2, "No such file or directory"))
    'there is no folder nowhere'
    >>> why_not("book.toml", PermissionError(13, "Permission denied"))
    'its permissions keep you out'
    """
    if isinstance(error, FileNotFoundError):
        near = beside(path)
        return near.removeprefix(": ") if near.startswith(": ") else f"there is no such file{near}"
    if isinstance(error, PermissionError):
        return "its permissions keep you out"
    if isinstance(error, IsADirectoryError):
        return f"it is a folder{_files_of(Path(path))}"
    if isinstance(error, NotADirectoryError):
        return "a part of its path is a file, and no folder"
    return {errno.ENAMETOOLONG: "its name is too long", errno.ELOOP: "its links lead in a circle"}.get(
        error.errno or 0, error.strerror or str(error)
    )


def _files_of(folder: Path) -> str:
    """Some of the files that a folder holds, one of which was meant."""
    with suppress(OSError):
        names = sorted(each.name for each in folder.iterdir() if each.is_file() and each.name[:1] != ".")
        more = ", ..." if len(names) > _SHOWN else ""
        return (
            f"; it holds {', '.join(names[:_SHOWN])}{more}: name one of them" if names else ", without files"
        )
    return ""
