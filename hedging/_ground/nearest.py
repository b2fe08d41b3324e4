"""The nearest right word where a wrong one is refused: by spelling, and by what others call the same thing."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

__all__ = ["beside", "meant"]

_OTHERS: Final = {  # what others call it, which no spelling is near to
    **dict.fromkeys(("qty", "size", "amount", "units", "contracts"), "quantity"),
    **dict.fromkeys(("price", "cost_basis", "avg_price", "average"), "entry"),
    **dict.fromkeys(("expiration", "maturity", "exp"), "expiry"),
    **dict.fromkeys(("symbol", "instrument"), "contract"),
    **dict.fromkeys(("coin", "ticker", "underlying"), "asset"),
    **dict.fromkeys(("type", "side"), "kind"),
}
_NEAR: Final = 0.65  # below it the nearest word is another one


def meant(word: str, known: Iterable[str]) -> str:
    """The nearest of the known words as a question, empty where none is near.

    Examples
    --------
    >>> meant("quantty", ["quantity", "entry"])
    '; did you mean quantity?'
    >>> meant("put", ["collar", "protective put"])
    '; did you mean protective put?'
    """
    by_lower = {each.lower(): each for each in known}
    if (other := _OTHERS.get(word.lower().replace("-", "_"))) in by_lower:
        return f"; did you mean {by_lower[other]}?"
    near = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=_NEAR)
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
