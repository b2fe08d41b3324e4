"""What comes from outside, read in one place: files, JSON and TOML, with what their parsers throw turned into ours."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from hedging._ground.arguments import must_be
from hedging._ground.counts import number_of
from hedging._ground.file_kinds import begins_toml, kind_of_bytes
from hedging._ground.nearest import meant, why_not
from hedging._ground.packing import packed_by
from hedging.errors import InputError

__all__ = [
    "MOST_BYTES",
    "MOST_DIGITS",
    "foreign",
    "in_line_order",
    "parse_json",
    "read_bytes",
    "read_text",
    "rule_broken",
    "where",
]

MOST_BYTES: Final = 32_000_000  # of a plan or a book: hundreds of times what a real one has
MOST_DIGITS: Final = 308  # of a whole number: a float holds no more
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
    except OSError as thrown:
        raise error(f"{told} cannot be read: {why_not(path, thrown)}.".replace("?.", "?")) from thrown
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
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0\0" in (data[:4:2], data[1:4:2]):
        raise error(f"{path} is text in UTF-16; save it in UTF-8, which editors offer when they save.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as thrown:
        kind = kind_of_bytes(data) if packed_by(data) or data[:4] == b"PAR1" else ""
        told = (
            f"is {kind}; here it must be text"
            if kind
            else f"is no text in UTF-8: {_in_words(thrown)}; save it in UTF-8"
        )
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
        if len(digits) > MOST_DIGITS:
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
    if not isinstance(came, str):  # what has no quotes is not told to leave them out
        rule = rule.removesuffix(_UNQUOTED)
    return rule.format(**told).removesuffix(": it needs 1 at least") + _got(came)


def _got(came: Any) -> str:
    """What came, as TOML and JSON write it."""
    if isinstance(came, bool):
        return f"; got {str(came).lower()}"
    return f"; got {came!r:.80}" if isinstance(came, str | int | float | None) else ""


_UNQUOTED: Final = ", without quotes"


_RULES: Final = {
    **dict.fromkeys(("float_type", "float_parsing", "decimal_type"), f"must be a number{_UNQUOTED}"),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), f"must be a whole number{_UNQUOTED}"),
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
