"""TOML as people write it: the values of a text, the line of each key, and how a line that is none is written."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from typing import Any, Final

from hedging._ground.file_kinds import kind_of_bytes
from hedging._ground.reading import MOST_DIGITS, foreign
from hedging._ground.spellings import literal
from hedging.errors import InputError

__all__ = ["parse_toml", "toml_lines", "toml_value", "with_line"]

_MOST_BITS: Final = 1023  # of a whole number: a float holds no more
_ARRAY: Final = re.compile(r"\s*\[\[([^\]]+)\]\]")
_TABLE: Final = re.compile(r"\s*\[([^\[\]]+)\]\s*(?:#.*)?$")
_KEY: Final = re.compile(r"\s*([A-Za-z0-9_.\"'-]+)\s*=")
_PAIR: Final = re.compile(r"[-*]?\s*(\w[\w.-]*|\"[^\"]+\"|'[^']+')\s*(?:=>|:=|==?|:|\s(?=[\"'\d]))\s*(.+)")
_TOML: Final = {  # what the parser says, and the rule as it is meant
    "Expected '=' after a key": "a line is key = value, or a [table]",
    "Invalid statement": "a line is key = value, or a [table]",
    "Invalid initial character for a key": "a line is key = value, or a [table]",
    "Invalid value": "a value is a number, text in quotes, a date, true, false or a list",
    "Expected newline": "one value stands behind each key, text in quotes",
    "Cannot overwrite": "it is there twice",
    "Duplicate": "it is there twice",
    "Cannot declare": "the table is there twice",
    "Cannot mutate": "the table is there twice",
    "Expected ']": "a bracket is not closed",
    "Unclosed": "a bracket is not closed, or a value in it is not in quotes",
    "Unterminated string": "its quotes are not closed",
    'Expected "\'"': "its quotes are not closed",
    "Illegal character '\\n'": "its quotes are not closed",
    "Found invalid character": "a character that no text may hold",
    "Unescaped": "a backslash is written \\\\",
}
_TWICE: Final = {
    "it is there twice": ": leave one of the two lines out",
    "the table is there twice": ": put all its keys under one of the two headers",
}
_CURLY: Final = re.compile(
    "[\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u201b\u00ab\u00bb]"
)  # of text programs


def parse_toml(
    text: str, name: str, way_out: Callable[[str, int, str, str], str] | None = None
) -> dict[str, Any]:
    """The values of a TOML text.

    Parameters
    ----------
    text : str
    name : str
        For messages.
    way_out : callable, optional
        Says of a text, a line's number in it, and the key and the value there, as they were meant, how that line is
        written; by the form of the value alone without.

    Raises
    ------
    InputError
        If it is none, or nested too deep.
    """
    if "\n" not in text:  # line ends of old Macs
        text = text.replace("\r", "\n")
    with foreign(f"{name} is not TOML", ours=False):
        try:
            values = tomllib.loads(text)
        except tomllib.TOMLDecodeError as thrown:
            if (kind := kind_of_bytes(text.encode())) and "TOML" not in kind:
                raise InputError(f"{name} is {kind}; here it must be TOML.") from thrown
            raise InputError(f"{name} is not TOML: {_rule(str(thrown), text, way_out)}.") from thrown
        if large := next((place for place, value in _leaves(values) if _too_large(value)), None):
            raise ValueError(f"{large} is a whole number of more than {MOST_DIGITS} digits")
    return values


def with_line(text: str, number: int, line: str, *, last: bool = False) -> str:
    """A text with another line in place of one, and cut off behind it if it is the last."""
    lines = text.splitlines()
    return "\n".join([*lines[: number - 1], line, *([] if last else lines[number:])])


def toml_value(told: str) -> Any:
    """The value that stands behind a key."""
    return tomllib.loads(f"value = {told}")["value"]


def _rule(said: str, text: str, way_out: Callable[[str, int, str, str], str] | None) -> str:
    """The rule of TOML that a line breaks, that line, and how it is written."""
    rule = next((ours for theirs, ours in _TOML.items() if theirs in said), said.partition(" (at ")[0])
    at, lines = re.search(r"at line (\d+)", said), text.rstrip().splitlines()
    if at is None and "not closed" in rule:  # the parser knows where it ended, not where it began
        return rule.replace("its quotes are", "quotes are") + " until the end of the file"
    number = int(at[1]) if at and int(at[1]) <= len(lines) else len(lines)
    line = lines[number - 1].strip()
    found = _TWICE.get(rule) or _as_meant(text, number, line, way_out or _by_form)
    return f"line {number}: {rule}; got {line[:60]!r}{found}"


def _as_meant(text: str, number: int, line: str, way_out: Callable[[str, int, str, str], str]) -> str:
    """How a line is written that is none of TOML; empty where nobody knows."""
    plain, _, comment = line.partition("#")
    plain = plain.strip()
    if plain != (straight := _CURLY.sub('"', plain)):
        return f": write {straight}, with straight quotes" if _reads(straight) else ""
    if header := re.fullmatch(r"(\[+)\s*([\w.-]+)\s*\]*", plain):
        size = min(len(header[1]), 2)
        return f": write {'[' * size}{header[2]}{']' * size}"
    if remark := re.fullmatch(r"(?://|;|--|%)\s*(.*)", plain):
        return f": write # {remark[1]}{comment}, or leave the line out"
    if not (pair := _PAIR.fullmatch(plain.rstrip(",; "))):
        return ""
    key, value = pair[1].strip("\"'"), pair[2].strip()
    if value[:1] in "[{" and _reads(f"{key} = {value}"):  # only what stood between or behind them was wrong
        return f": write {key} = {value}"
    if value[:1] == "{":
        inner = _inline(value, lambda name, told: way_out(text, number, f"{key}.{name}", told))
        return way_out(text, number, key, inner) if inner else ""
    return way_out(text, number, key, value.strip("[]\"' "))


def _inline(value: str, way_out: Callable[[str, str], str]) -> str:
    """A table in one line, each of its values as its own line would be written; empty where nobody knows."""
    told = []
    for part in value.strip("{} ").split(","):
        if not (pair := _PAIR.fullmatch(part.strip())):
            return ""
        name, inner = pair[1], pair[2].strip()
        if not _reads(f"{name} = {inner}"):
            found = re.fullmatch(r": write [^=]+ = (.+)", way_out(name, inner.strip("\"'")))
            if found is None:
                return ""
            inner = found[1]
        told.append(f"{name} = {inner}")
    return f"{{ {', '.join(told)} }}"


def _reads(line: str) -> bool:
    try:
        return bool(tomllib.loads(line))
    except tomllib.TOMLDecodeError:
        return False


def _by_form(_text: str, _number: int, key: str, value: str) -> str:
    """How a line with a bare word, or with a number in another form, is written."""
    if value.lower() in ("true", "false"):
        return f": write {key} = {value.lower()}"
    if re.fullmatch(r"[+-]?\d*\.?\d*", value) and any(each.isdigit() for each in value):  # .5, 5., 007
        return f": write {key} = {literal(f'{float(value):.12g}')}"
    line = f'{key} = "{value}"'
    return f": write {line}" if _reads(line) else ""


def _leaves(values: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every value that holds no others, and where it stands."""
    if isinstance(values, dict | list):
        for key, value in values.items() if isinstance(values, dict) else enumerate(values):
            yield from _leaves(value, f"{place}.{key}" if place else str(key))
    else:
        yield place, values


def _too_large(value: Any) -> bool:
    """Whether a whole number is none that a float holds; hexadecimal ones pass the parser at any length."""
    return isinstance(value, int) and value.bit_length() > _MOST_BITS


def toml_lines(text: str) -> dict[tuple[str | int, ...], int]:
    r"""The line of each key and table, from 1, by its place in the values; of plain files, as people write them.

    Examples
    --------
    >>> lines = toml_lines('cash = 1\n[[holdings]]\nquantity = 2')
    >>> lines["cash",], lines["holdings", 0], lines["holdings", 0, "quantity"]
    (1, 2, 3)
    """
    found: dict[tuple[str | int, ...], int] = {}
    counts: dict[str, int] = {}
    above: tuple[str | int, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if match := _ARRAY.match(line):
            name = match[1].strip()
            above = (name, counts.get(name, 0))
            counts[name] = counts.get(name, 0) + 1
            found[above] = number
            found.setdefault((name,), number)
        elif match := _TABLE.match(line):
            above = tuple(part.strip().strip("\"'") for part in match[1].split("."))
            found[above] = number
            found.setdefault(above[:1], number)
        elif match := _KEY.match(line):
            found[(*above, *(part.strip().strip("\"'") for part in match[1].split(".")))] = number
    return found
