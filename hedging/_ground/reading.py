"""What comes from outside, read in one place: files, JSON and TOML, with what their parsers throw turned into ours."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from hedging._ground.arguments import must_be
from hedging._ground.counts import number_of
from hedging._ground.file_kinds import begins_toml, kind_of_bytes
from hedging._ground.nearest import beside, meant
from hedging.errors import InputError

__all__ = [
    "MOST_BYTES",
    "foreign",
    "in_line_order",
    "parse_json",
    "parse_toml",
    "read_bytes",
    "read_text",
    "rule_broken",
    "toml_lines",
    "where",
]

MOST_BYTES: Final = 32_000_000  # of a plan or a book: hundreds of times what a real one has
_MOST_DIGITS: Final = 308  # of a whole number: a float holds no more
_MOST_BITS: Final = 1023  # of the same
_BRACKETS: Final = 2  # at the beginning, which other texts begin with too
# Too deep or too large a text ends in RecursionError or MemoryError, a column that Arrow cannot turn in its
# NotImplementedError: of a file these are as much its reader's as a ValueError.
_FOREIGN: Final = (
    *(ValueError, TypeError, KeyError, IndexError, AttributeError),
    *(ArithmeticError, RecursionError, MemoryError, NotImplementedError),
)


@contextmanager
def foreign(what: str, error: type[InputError] = InputError, *, ours: bool = True) -> Iterator[None]:
    """Turn what a parser or a constructor throws into one of our errors.

    Parameters
    ----------
    what : str
        Begins the message: the file, the field.
    error : type
        What is raised.
    ours : bool
        Whether our own errors get `what` before them too; otherwise they pass as they are.

    Examples
    --------
    >>> with foreign("book.toml: quantity"):
    ...     float("many")
    Traceback (most recent call last):
        ...
    hedging.errors.InputError: book.toml: quantity: could not convert string to float: 'many'.
    """
    try:
        yield
    except InputError as known:
        if not ours:
            raise
        raise error(f"{what}: {known}") from known
    except _FOREIGN as thrown:
        raise error(f"{what}: {_in_words(thrown)}.") from thrown


def read_bytes(
    path: str | Path, *, most: int | None = None, error: type[InputError] = InputError, what: str = ""
) -> bytes:
    """The bytes of a file, of at most so many.

    Raises
    ------
    InputError
        Or `error`, if it cannot be read or is larger.
    """
    must_be("path", path, str, Path)
    shown = repr(str(path))  # a name may hold what a terminal would not show
    told = f"{what} {path}" if what else shown
    try:
        with Path(path).open("rb") as stream:
            data = stream.read() if most is None else stream.read(most + 1)
    except FileNotFoundError as thrown:
        raise error(f"{told} cannot be read: {thrown.strerror}{beside(path) or '.'}") from thrown
    except OSError as thrown:
        raise error(f"{told} cannot be read: {thrown.strerror or thrown}.") from thrown
    except ValueError as thrown:  # a NUL in the path
        raise error(f"{what} {shown} cannot be read: {thrown}.".strip()) from thrown
    if most is not None and len(data) > most:
        raise error(f"{told} is larger than {number_of(most, 'byte')}, which none of its kind is.")
    return data


def read_text(
    path: str | Path, *, most: int | None = MOST_BYTES, error: type[InputError] = InputError, what: str = ""
) -> str:
    """The text of a file in UTF-8, without the mark that some editors begin with.

    Raises
    ------
    InputError
        Or `error`, if it cannot be read, is larger or is no such text.
    """
    data = read_bytes(path, most=most, error=error, what=what)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as thrown:
        kind = kind_of_bytes(data) if data[:2] == b"\x1f\x8b" or data[:4] == b"PAR1" else ""
        told = f"is {kind}; here it must be text" if kind else f"is no text in UTF-8: {_in_words(thrown)}"
        raise error(f"{path} {told}.") from thrown


def parse_json(
    text: str | bytes,
    name: str,
    *,
    finite: bool = False,
    pairs: Callable[[list[tuple[str, Any]]], Any] | None = None,
    error: type[InputError] = InputError,
) -> Any:
    """The values of a JSON text.

    Parameters
    ----------
    text : str or bytes
    name : str
        For messages.
    finite : bool
        Whether NaN, Infinity and floats too large for one are refused; whole numbers of over 308 digits are always.
    pairs : callable, optional
        Makes an object of its pairs.
    error : type
        What is raised.
    """

    def whole(digits: str) -> int:
        if len(digits) > _MOST_DIGITS:
            raise ValueError(
                f"a whole number of {number_of(len(digits), 'digit')}, more than a number can have"
            )
        return int(digits)

    def number(digits: str) -> float:
        value = float(digits)
        if math.isinf(value):
            raise ValueError(f"{digits} is larger than a number can be")
        return value

    def no_number(word: str) -> float:
        raise ValueError(f"{word} is no number")

    if not text.strip():
        raise error(f"{name} is empty.")
    try:
        strict: dict[str, Any] = {"parse_constant": no_number, "parse_float": number} if finite else {}
        return json.loads(text, parse_int=whole, object_pairs_hook=pairs, **strict)
    except InputError:
        raise
    except _FOREIGN as thrown:
        begin = (text if isinstance(text, bytes) else text.encode()).lstrip()
        damaged = begin[:1] in (b"{", b"[") and not begins_toml(begin[:200].decode("utf-8", "replace"))
        if not damaged and (kind := kind_of_bytes(begin)):
            raise error(f"{name} is {kind}; a saved result in JSON is asked for here.") from thrown
        raise error(f"{name}: the JSON is cut off or damaged: {_in_words(thrown)}.") from thrown


def parse_toml(text: str, name: str) -> dict[str, Any]:
    """The values of a TOML text.

    Raises
    ------
    InputError
        If it is none, or nested too deep.
    """
    if "\n" not in text:  # line ends of old Macs
        text = text.replace("\r", "\n")
    try:
        values = tomllib.loads(text)
        if large := next((place for place, value in _leaves(values) if _too_large(value)), None):
            raise ValueError(f"{large} is a whole number of more than {_MOST_DIGITS} digits")
    except tomllib.TOMLDecodeError as thrown:
        if (kind := kind_of_bytes(text.encode())) and "TOML" not in kind:
            raise InputError(f"{name} is {kind}; here it must be TOML.") from thrown
        raise InputError(f"{name} is not TOML: {_toml_rule(str(thrown), text)}.") from thrown
    except _FOREIGN as thrown:
        raise InputError(f"{name} is not TOML: {_in_words(thrown)}.") from thrown
    return values


def _toml_rule(said: str, text: str) -> str:
    """The rule of TOML that a line breaks, and that line."""
    rule = next((ours for theirs, ours in _TOML.items() if theirs in said), said.partition(" (at ")[0])
    at, lines = re.search(r"at line (\d+)", said), text.rstrip().splitlines()
    if at is None and "not closed" in rule:  # the parser knows where it ended, not where it began
        return rule.replace("its quotes are", "quotes are") + " until the end of the file"
    number = int(at[1]) if at and int(at[1]) <= len(lines) else len(lines)
    line = lines[number - 1].strip()
    way_out = next((how for told, how in _TWICE.items() if told == rule), None) or _as_toml(line)
    return f"line {number}: {rule}; got {line[:60]!r}{way_out}"


def _as_toml(line: str) -> str:
    """How a line of TOML with a bare word, a share or a number in another form is written."""
    plain = line.partition("#")[0].strip()
    if plain != (straight := _CURLY.sub('"', plain)):
        return f": write {straight}, with straight quotes"
    match = re.fullmatch(r"([A-Za-z0-9_.\"'-]+)\s*=\s*([^\s\"'\[{#][^\"'\[{#]*?)\s*(#.*)?", line)
    if match is None:
        return ""
    key, value = match[1], match[2]
    if value.lower() in ("true", "false"):
        return f": write {key} = {value.lower()}"
    if re.fullmatch(r"[+-]?[1-9]\d{0,2}([.,]\d{3})+", value) and (value.count(".") > 1 or "," in value):
        return f": write {key} = {re.sub('[.,]', '_', value)}"
    if re.fullmatch(r"[+-]?\d+,\d+", value):
        return f": write {key} = {value.replace(',', '.')}"
    if re.fullmatch(r"[+-]?\d*\.?\d*", value) and any(each.isdigit() for each in value):  # .5, 5., 007
        return f": write {key} = {float(value):.12g}"
    return f': write {key} = "{value}"'


def in_line_order(wrong: Iterable[str]) -> list[str]:
    """Mistakes as they stand in a file; those without a line first.

    Examples
    --------
    >>> in_line_order(["line 12: b", "line 4, holding 1: a", "c"])
    ['c', 'line 4, holding 1: a', 'line 12: b']
    """

    def place(text: str) -> int:
        match = re.match(r"line (\d+)\b", text)
        return int(match[1]) if match else 0

    return sorted(wrong, key=place)


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


def rule_broken(problem: Mapping[str, Any]) -> str:
    """A rule of pydantic's that is broken, in our words: the rule, and what came."""
    kind, told, came = problem["type"], problem.get("ctx", {}), problem["input"]
    if kind == "missing":
        return "is missing"
    if kind == "literal_error":
        known = [word.strip("'") for word in str(told["expected"]).replace(" or ", ", ").split(", ")]
        return f"must be {told['expected'].replace(chr(39), '')}; got {came!r:.80}{meant(str(came), known)}"
    rule = _RULES.get(kind)
    if rule is None:
        said = str(problem["msg"]).removeprefix("Value error, ").removeprefix("expiry ").rstrip(".")
        return said[:1].lower() + said[1:] if "got " in said else f"{said[:1].lower()}{said[1:]}{_got(came)}"
    if came != came or came in (float("inf"), float("-inf")):
        rule = _RULES["finite_number"]
    return rule.format(**told) + _got(came)


def _got(came: Any) -> str:
    return f"; got {came!r:.80}" if isinstance(came, str | int | float | bool | None) else ""


_ARRAY: Final = re.compile(r"\s*\[\[([^\]]+)\]\]")
_TABLE: Final = re.compile(r"\s*\[([^\[\]]+)\]\s*(?:#.*)?$")
_KEY: Final = re.compile(r"\s*([A-Za-z0-9_.\"'-]+)\s*=")
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
    "Unclosed": "a bracket is not closed",
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
_RULES: Final = {
    **dict.fromkeys(("float_type", "float_parsing", "decimal_type"), "must be a number, without quotes"),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "must be a whole number, without quotes"),
    **dict.fromkeys(("string_type", "string_sub_type"), "must be text in quotes"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "must be true or false"),
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type", "mapping_type"), "must be a table"),
    **dict.fromkeys(("list_type", "tuple_type"), "must be a list"),
    "finite_number": "must be a finite number",
    "greater_than": "must be > {gt:g}",
    "greater_than_equal": "must be >= {ge:g}",
    "less_than": "must be < {lt:g}",
    "less_than_equal": "must be <= {le:g}",
    "string_too_short": "must not be empty",
    "too_short": "must not be empty: it needs {min_length} at least",
    "too_long": "must have {max_length} at most",
    "extra_forbidden": "is no key of it",
    "none_required": "must be left out",
}


def where(location: Sequence[int | str]) -> str:
    """A place in nested values, as ``orders.0.quantity``."""
    return ".".join(map(str, location)) or "file"


def _json_place(text: str, place: int, line: int) -> str:
    """Where a JSON text is damaged, and what stands there."""
    if not text.strip():
        return "it holds no text"
    if len(text[:place].strip()) <= _BRACKETS:
        return f"it begins with {text.strip()[:40]!r}"
    if place >= len(text.rstrip()):
        return f"it ends in line {line}, before its last bracket"
    return (
        f"line {line} goes on with {text[place : place + 40]!r} behind {text[max(0, place - 20) : place]!r}"
    )


def _in_words(thrown: BaseException) -> str:
    if isinstance(thrown, RecursionError):
        return "it is nested too deep"
    if isinstance(thrown, MemoryError):
        return "it is too large for this machine's memory"
    if isinstance(thrown, json.JSONDecodeError):
        return _json_place(thrown.doc, thrown.pos, thrown.lineno)
    if isinstance(thrown, UnicodeDecodeError):
        packed = ", as gzip packs it" if thrown.object[:2] == b"\x1f\x8b" else ""
        return f"byte {thrown.start + 1} is 0x{thrown.object[thrown.start]:02x}{packed}"
    if isinstance(thrown, KeyError):
        return f"{thrown.args[0] if thrown.args else thrown!r} is missing"
    said = str(thrown).strip().rstrip(".")
    return said or type(thrown).__name__
