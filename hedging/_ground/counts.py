"""Numbers as they leave the library: counts in words, and quantities without the dust of their sums."""

from __future__ import annotations

from typing import Final, SupportsFloat

__all__ = ["number_of", "twelve_digits", "without_dust"]

_DUST: Final = 1e-12  # of what was added up, below which nothing is left

_ONE: Final = frozenset({"1", "+1", "-1"})


def number_of(count: SupportsFloat, noun: str, form: str = "") -> str:
    """Count and its noun, singular where the count is shown as one.

    Parameters
    ----------
    count : number
        How many; whole or not.
    noun : str
        The singular, which may have words before it (``"past period"``).
    form : str, optional
        How the count is shown, as in a format string; thousands apart and six digits where none is given.

    Examples
    --------
    >>> number_of(1, "holding"), number_of(2_000, "scenario"), number_of(3, "expiry"), number_of(0.5, "day")
    ('1 holding', '2,000 scenarios', '3 expiries', '0.5 days')
    """
    shown = format(count, form or ("," if hasattr(count, "__index__") else ",.6g"))
    return f"{shown} {noun if shown in _ONE else _several(noun)}"


def _several(noun: str) -> str:
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return f"{noun[:-1]}ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")


def without_dust(total: float, size: float) -> float:
    """A sum of signed terms, or 0 where it is what rounding leaves of terms that cancel.

    Parameters
    ----------
    total : float
    size : float
        Sum of the terms' absolute values, in the same unit.

    Examples
    --------
    >>> without_dust(0.1 + 0.2 - 0.3, 0.6), without_dust(-1e-9, 0.6), without_dust(0.0, 0.0)
    (0.0, -1e-09, 0.0)
    """
    return total if abs(total) > _DUST * size else 0.0


def twelve_digits(value: float) -> float:
    """Value without what sums and products of binary fractions leave behind its twelfth significant digit.

    No lot, tick or amount of money has so many; a digit more would still show 700.0000000000045 lots of 0.01.

    Examples
    --------
    >>> twelve_digits(700.0000000000045), twelve_digits(3 * 0.1), twelve_digits(-1e-7)
    (700.0, 0.3, -1e-07)
    """
    return float(f"{value:.12g}")
