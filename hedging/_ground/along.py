"""What an account must live through, as it is written: nodes, moves of spot, falls, crashes that happened."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from hedging._ground.forms import days, names, share
from hedging.errors import InputError

__all__ = ["Along", "survival"]

_FALL: Final = "fall:"


class Along(NamedTuple):
    """What an account must live through: moves of spot, falls (velocity, acceleration, days), crashes by name.

    Without any of them, all nodes.
    """

    moves: tuple[float, float] | None = None
    falls: tuple[tuple[float, float, float], ...] = ()
    crashes: tuple[str, ...] = ()


def survival(text: str) -> Along:
    """What an account must live through: ``nodes``, or ``-40%:50%,fall:-2%:-0.4%:21,feb-2026``.

    Examples
    --------
    >>> survival("-40%:50%,feb-2026")
    Along(moves=(-0.4, 0.5), falls=(), crashes=('feb-2026',))
    """
    parts = names(text)
    falls = tuple(_fall(part) for part in parts if part.startswith(_FALL))
    moves = tuple(_moves(part) for part in parts if ":" in part and not part.startswith(_FALL))
    crashes = tuple(part for part in parts if ":" not in part and part != "nodes")
    if bare := next((part for part in crashes if re.fullmatch(r"[+-]?[\d.]+%?", part)), ""):
        end = bare.rstrip("%") + "%"
        near = (
            f"{end}:0%"
            if bare.startswith("-")
            else f"-{end.lstrip('+')}:0% for a fall, 0%:{end.lstrip('+')} for a rise"
        )
        raise InputError(f"must have moves as LO:HI, such as -40%:50%; got {bare!r}: write {near}")
    if len(moves) > 1 or ("nodes" in parts and len(parts) > 1):
        raise InputError(
            f"must be nodes alone, or moves LO:HI once, with falls and crashes beside them; got {text!r}"
        )
    return Along(moves[0] if moves else None, falls, crashes)


def _moves(part: str) -> tuple[float, float]:
    try:
        low, high = map(share, part.split(":"))
    except ValueError:
        raise InputError(f"must have moves as LO:HI, such as -40%:50%; got {part!r}{_near(part)}") from None
    if low > high:
        raise InputError(f"must have the low move first; got {part!r}")
    return low, high


def _near(part: str) -> str:
    two = re.fullmatch(r"([+-]?)(\d+(?:\.\d+)?):([+-]?\d+(?:\.\d+)?)", part)
    return f": write -{two[2]}%:{two[3].lstrip('+')}%" if two else ""


def _fall(part: str) -> tuple[float, float, float]:
    try:
        velocity, acceleration, length = part.removeprefix(_FALL).split(":")
        return share(velocity), share(acceleration), days(length)
    except ValueError:
        raise InputError(
            f"must have a fall as fall:VELOCITY:ACCELERATION:DAYS, such as fall:-2%:-0.4%:21; got {part!r}"
        ) from None
