"""What a refused value was meant as: every form that a message says to write is one that the value's reader takes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from hedging._ground.forms import days, days_left, days_window, floor, window
from hedging._ground.spellings import literal, spellings

__all__ = ["as_line", "takes", "with_form"]

_WRITE: Final = ": write "
_FORM: Final = re.compile(r"(^|, | or )(\S*[^\s,])")  # one of those that a message says to write
_IN_DAYS: Final = (days, days_left, days_window, floor, window)
_DEEPEST: Final = 3  # hints that lead to hints: 15k, 15000USD, -15000USD


def with_form(rule: str, text: str, read: Callable[[str], Any]) -> str:
    """A rule that a text breaks, with the form that was meant where its reader takes one.

    Parameters
    ----------
    rule : str
        As the reader says it, perhaps with forms to write: those that it would refuse too are left out.
    text : str
    read : callable

    Examples
    --------
    >>> from hedging._ground.forms import band, loss
    >>> with_form("must be a band LO:HI", "at least 8", band)
    'must be a band LO:HI: write 8:'
    >>> with_form("must be money; got '15k': write 15000USD", "15k", loss)
    "must be money; got '15k': write -15000USD"
    """
    told, found, values = rule.rstrip(".").partition(_WRITE)
    if kept := _kept(values, read) if found else "":
        return f"{told}{_WRITE}{kept}"
    if "did you mean" in rule:
        return rule
    for spelling in spellings(text, days=read in _IN_DAYS):
        if kept := _taken(spelling, read):
            return f"{told}{_WRITE}{kept}"
    return told


def _kept(values: str, read: Callable[[str], Any], deep: int = _DEEPEST) -> str:
    """Those of some forms that a reader takes, or what it says was meant by them."""
    by = " or " if " or " in values else ", "
    return by.join(
        filter(None, (_taken(part, read, deep) for part in re.split(r", (?=\S+ for )| or ", values)))
    )


def _taken(part: str, read: Callable[[str], Any], deep: int = _DEEPEST) -> str:
    """A form with what is said of it, as its reader takes it or says that it was meant; empty where it does not."""
    value, space, said = part.partition(" for ")
    try:
        read(value.replace("TOLERANCE", "1"))
    except ValueError as error:
        _, found, nearer = str(error).rstrip(".").partition(_WRITE)
        return _kept(nearer, read, deep - 1) if found and deep else ""
    return f"{value}{space}{said}"


def takes(read: Callable[[str], Any], text: str) -> bool:
    """Whether a reader takes a text."""
    try:
        read(text)
    except ValueError:
        return False
    return True


def as_line(key: str, message: str) -> str:
    """A message whose way out is a value, or one of several, with that value as a line of a TOML file.

    Examples
    --------
    >>> as_line("max_legs", "must be a whole number >= 1; got '1k': write 1000")
    "must be a whole number >= 1; got '1k': write max_legs = 1_000"
    """
    told, found, values = message.partition(_WRITE)
    if not found:
        return message
    return f"{told}{_WRITE}{key} = {_FORM.sub(lambda each: each[1] + literal(each[2]), values)}"
