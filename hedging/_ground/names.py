"""Names of what is held, quoted and traded: text that a terminal can show, and nothing that steers it."""

from __future__ import annotations

from typing import Final

from hedging._ground.arguments import must_be
from hedging.errors import InputError

__all__ = ["MONTHS", "check_name", "shown"]

MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
"""As names of contracts have them."""


def check_name(what: str, name: str) -> str:
    """A name, refused where it has characters that no screen shows: control codes, line ends, turns of direction.

    Raises
    ------
    InputError
        If it has one, or is no text.

    Examples
    --------
    >>> check_name("asset", "BTC")
    'BTC'
    """
    if not must_be(what, name, str).isprintable():
        raise InputError(f"{what} must be a name without control characters; got {name!r}.".lstrip())
    return name


def shown(text: str) -> str:
    r"""A text as a terminal may show it: what would steer it is written out, lines and tabs stay.

    Examples
    --------
    >>> shown("a\x1b[31mred\nb")
    'a\\x1b[31mred\nb'
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each in "\n\t" else repr(each)[1:-1] for each in text)
