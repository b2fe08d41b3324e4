"""Public functions name an argument of the wrong kind when they fail on it, whatever they fail with."""

from __future__ import annotations

import builtins
import inspect
import re
import sys
import types
import typing
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, CancelledError
from enum import Enum
from functools import lru_cache, wraps
from itertools import islice, takewhile
from typing import Any, Final, Literal, Union

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._ground.shown import Shown
from hedging.errors import HedgingError, InputError

__all__ = ["fits", "guarded"]

_LOOKED_AT: Final = 100  # items of a collection
_CLASSES: Final[dict[str, Any]] = {}
"""Classes of the guarded rooms by name, a union where two share one: what others import for type checkers alone."""
_OTHERS: Final = (BaseException, Enum, tuple, pd.DataFrame)
_TOLD: Final = (
    HedgingError,
    OSError,
    MemoryError,
    ImportError,
    AssertionError,
    BrokenExecutor,
    CancelledError,
)
"""Errors that no argument of a wrong kind makes: they say themselves what went wrong."""
_NUMBERS: Final[Mapping[type, tuple[type, ...]]] = {
    float: (int, float, np.number),
    int: (int, np.integer),
    bool: (bool, np.bool_),
}
_WORDS: Final = {
    "ArrayLike": "numbers",
    "Array": "numbers",
    "Chains": "OptionChain | Market | several of them",
    "Legs": "Overlay | HedgePlan | Iterable[Leg]",
    "Numbers": "numbers",
    "PathsBy": "Paths | Mapping[str, Paths]",
    "Schedule": "times | 'third-friday' | 'last-friday'",
}
_COMES_FROM: Final = {
    "Backtest": "hedging.backtest.run(book, tape, strategy)",
    "Book": "hedging.Book([hedging.Holding('BTC', 1)])",
    "Chains": "hedging.read_chain(path)",
    "Comparison": "hedging.backtest.compare(book, tape, strategies)",
    "HedgePlan": "hedging.plan(book, chain, target)",
    "Legs": "hedging.overlays.of_contracts(chain, {'BTC-27MAR26-62000-P': 1})",
    "Market": "hedging.Market.of(chain)",
    "OptionChain": "hedging.read_chain(path)",
    "Paths": "hedging.crash_path(velocity=-0.02, acceleration=-0.004)",
    "PathsBy": "hedging.crash_path(velocity=-0.02, acceleration=-0.004)",
    "Prices": "hedging.read_prices(path)",
    "ScenarioResult": "hedging.scenario.run(book, chain, paths)",
    "Screen": "hedging.screen.run(prices)",
    "Smile": "hedging.Market.of(chain).smile",
    "Survival": "hedging.margin.survive(book, chain, paths)",
    "Tape": "hedging.read_tape(path)",
    "Target": "hedging.Target(delta=(8, 12))",
}


def guarded(room: dict[str, Any]) -> None:
    """Guard all that a room lists in `__all__`, in place: functions, constructors, public methods, rooms within it.

    Nothing is looked at before a call fails: what a function takes in other forms than its annotation it goes on
    taking. When it fails with another error than one of ours, its arguments are held against their annotations, and
    the first that is none of what they say is named in an `InputError`; where all are, the error is left as it is.
    """
    for name in room["__all__"]:
        value = room[name]
        if inspect.ismodule(value):  # a room in a room, such as hedging.screen.allocation
            guarded(vars(value))
        if inspect.isclass(value):
            _CLASSES[name] = value | _CLASSES.get(name, value)
        if inspect.isfunction(value) and not hasattr(value, "guarded"):
            home = vars(sys.modules[value.__module__])
            known = home.get(name)  # of another room that lists it too
            room[name] = known if getattr(known, "__wrapped__", None) is value else _guarded(value)
            if known is value:  # it is pickled by this name
                home[name] = room[name]
        elif (
            inspect.isclass(value)
            and not issubclass(value, _OTHERS)
            and not getattr(value, "_is_protocol", False)
        ):
            _guard_class(value)


def _guard_class(cls: type) -> None:
    for name, member in list(vars(cls).items()):
        bare = member.__func__ if isinstance(member, classmethod | staticmethod) else member
        if not inspect.isfunction(bare) or hasattr(bare, "guarded"):
            continue
        if name == "__init__" or not name.startswith("_"):
            made: Any = _guarded(bare, cls.__name__ if name == "__init__" else f"{cls.__name__}.{name}")
            setattr(cls, name, type(member)(made) if bare is not member else made)


def _guarded(function: Callable[..., Any], told: str = "") -> Callable[..., Any]:
    told = told or function.__name__

    if inspect.isgeneratorfunction(function):

        @wraps(function)
        def checked(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            try:
                return (yield from function(*args, **kwargs))
            except Exception as error:
                blamed = _blamed(function, told, args, kwargs, error)
                if blamed is error:
                    raise
                raise blamed from blamed.__cause__
    else:

        @wraps(function)
        def checked(*args: Any, **kwargs: Any) -> Any:
            try:
                return function(*args, **kwargs)
            except Exception as error:
                blamed = _blamed(function, told, args, kwargs, error)
                if blamed is error:
                    raise
                raise blamed from blamed.__cause__

    checked.guarded = True  # type: ignore[attr-defined]
    return checked


def _blamed(function: Callable[..., Any], told: str, args: Any, kwargs: Any, error: Exception) -> Exception:
    """What to raise: an error that names the first argument of another kind than its annotation, else the same.

    Where a public function calls another, the guard of the inner one has spoken first, of an argument that nobody
    wrote: the outer one's takes its place as soon as it finds one of its own.
    """
    cause = (error.__cause__ or error) if getattr(error, "of_a_guard", False) else error
    if isinstance(cause, _TOLD):
        if isinstance(error, HedgingError) and "\n" in str(error):
            error.args = (_without_tables(str(error), (*args, *kwargs.values())), *error.args[1:])
        return error
    signature = inspect.signature(function)
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError:
        return error  # the call itself: Python's words say it best
    given = list(_given(bound))
    for name, annotation, value in given:
        if not fits(value, _resolved(function, annotation)):
            return _naming(cause, _message(told, name, str(annotation), value))
    if cause is error:
        for name, _, value in given:
            if missed := _missed(value, error):
                return _naming(cause, f"{told}: {name} {missed}")
    return error


def _without_tables(said: str, given: Iterable[Any]) -> str:
    """A message in which what was given and shows itself as a table stands by its first line."""
    for value in given:
        text = _text_of(value) if isinstance(value, Shown | pd.DataFrame | pd.Series) else ""
        first = text.partition("\n")[0]
        short = first if isinstance(value, Shown) else f"a {type(value).__name__}"
        at = said.find(first) if first != text else -1
        while at >= 0:
            same = takewhile(lambda pair: pair[0] == pair[1], zip(said[at:], text, strict=False))
            said = said[:at] + short + said[at + len(list(same)) :]
            at = said.find(first, at + len(short))
    return said


def _text_of(value: Any) -> str:
    try:
        return repr(value)
    except Exception:  # half-made, or of a class that cannot show itself
        return "what cannot be shown"


def _given(bound: inspect.BoundArguments) -> Iterator[tuple[str, Any, Any]]:
    """Names, annotations and values of what a call was given, without defaults; each of several by itself."""
    for name, value in bound.arguments.items():
        parameter = bound.signature.parameters[name]
        if name in ("self", "cls") or value is parameter.default:
            continue
        values = value if parameter.kind is parameter.VAR_POSITIONAL else (value,)
        if parameter.kind is parameter.VAR_KEYWORD:
            values = tuple(value.values())
        for each in values:
            yield name, parameter.annotation, each


def _naming(cause: BaseException, message: str) -> InputError:
    named = InputError(message)
    named.of_a_guard = True  # type: ignore[attr-defined]
    named.__cause__ = cause
    return named


def _missed(value: Any, error: Exception) -> str:
    """What a table or mapping lacks, where that is what a call failed on; empty where it is not."""
    if isinstance(error, KeyError) and error.args and isinstance(value, Mapping | pd.DataFrame):
        key, known = error.args[0], list(map(str, value.keys()))
        if isinstance(key, str | int | float) and str(key) not in known:
            return f"must have {key!r}; it has {', '.join(known[:8]) or 'nothing'}."
    if isinstance(error, TypeError | ValueError) and re.search(r"\bstr(ing)?\b|sequence", str(error)):
        table = value.to_frame() if isinstance(value, pd.Series) else value
        if isinstance(table, pd.DataFrame):
            texts = [name for name in table if not pd.api.types.is_numeric_dtype(table[name])]
            return f"must hold numbers; the column {texts[0]!r} does not." if texts else ""
    return ""


def _message(told: str, name: str, annotation: str, value: Any) -> str:
    words = re.sub(
        r"\b\w+\b", lambda found: _WORDS.get(found[0], found[0]), re.sub(r"'|\b(npt|pd|np)\.", "", annotation)
    )
    words = words.replace(" | ", " or ")
    text = _text_of(value).partition("\n")[0]
    text = text if len(text) <= 60 else f"{text[:57]}..."
    known = next((_COMES_FROM[word] for word in re.findall(r"\w+", annotation) if word in _COMES_FROM), "")
    hint = f" One comes from {known}." if known else ""
    return f"{told}: {name} must be {words}; got {type(value).__name__}: {text}.{hint}"


def _resolved(function: Callable[..., Any], annotation: Any) -> Any:
    """The annotation as an object; Any where its names are only there for type checkers.

    `typing.get_type_hints` needs the same names and the same two changes, and gives up on all of a function's
    annotations where one fails. Nor do pydantic's adapters replace `fits`: they cannot be made of tables, protocols
    and many classes here, take any iterable unseen, and refuse numpy's numbers.
    """
    if not isinstance(annotation, str):
        return Any if annotation is inspect.Parameter.empty else annotation
    names = _Names(vars(sys.modules[inspect.unwrap(function).__module__]))
    names["_NumbersLike"] = _NumbersLike  # as npt.ArrayLike is a union, which loses itself in others
    plain = re.sub(
        r"\bnpt\.ArrayLike\b", "_NumbersLike", re.sub(r"\b(Series|Index)\[\w+\]", r"\1", annotation)
    )
    try:
        return eval(plain, {}, names)
    except Exception:
        return Any


class _NumbersLike:
    """Stands for what numpy makes numbers of."""


class _Names(dict[str, Any]):
    """Names of a module; those that it imports for type checkers alone are looked for among the rooms, else Any."""

    def __getitem__(self, name: str) -> Any:
        found = super().__getitem__(name)
        return eval(found, {}, self) if isinstance(found, str) else found  # an alias written as a text

    def __missing__(self, name: str) -> Any:
        found = vars(builtins).get(name) or _CLASSES.get(name) or _alias(name, len(sys.modules))
        return eval(found, {}, self) if isinstance(found, str) else found


@lru_cache(256)
def _alias(name: str, _loaded: int) -> Any:
    """What the library's modules mean by a name, where all that have it mean the same; anew when more are loaded."""
    ours = [vars(module) for key, module in list(sys.modules.items()) if key.startswith("hedging.")]
    meant = [each[name] for each in ours if name in each]
    return meant[0] if meant and all(each == meant[0] for each in meant) else Any


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is what an annotation says, as far as that can be seen; True where it cannot.

    Examples
    --------
    >>> fits(5, float), fits("5", float), fits([1, 2], npt.ArrayLike), fits({"a": 1}, Mapping[str, str])
    (True, False, True, False)
    """
    if hint in (npt.ArrayLike, _NumbersLike):
        return _are_numbers(value)
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (Union, types.UnionType):
        return any(fits(value, each) for each in args)
    if origin is Literal:
        return any(type(value) is type(each) and value == each for each in args)
    if origin is None:
        return _is_one(value, hint)
    return _fits_items(value, origin, args)


def _is_one(value: Any, hint: Any) -> bool:
    if hint is None:
        return value is None
    if hint in (Any, object) or not isinstance(hint, type):
        return True
    if hint in _NUMBERS:
        return isinstance(value, _NUMBERS[hint]) and (hint is bool or not isinstance(value, bool | np.bool_))
    if getattr(hint, "_is_protocol", False):
        return not isinstance(value, type) and all(hasattr(value, name) for name in _asked(hint))
    return isinstance(value, hint) and value is not pd.NaT


def _asked(protocol: type) -> list[str]:
    """What a protocol asks for: its methods and properties, and to be called."""
    return [name for name in vars(protocol) if not name.startswith("_") or name == "__call__"]


def _fits_items(value: Any, origin: Any, args: tuple[Any, ...]) -> bool:
    if origin is Callable and isinstance(value, type) and value.__module__ == "builtins":
        return False  # int can be called, and is no function that anybody means
    if not isinstance(origin, type) or origin is type or issubclass(origin, np.ndarray | pd.Series):
        return not isinstance(origin, type) or isinstance(value, origin)
    if not isinstance(value, origin) or isinstance(value, str | bytes):
        return False
    if isinstance(value, Mapping):
        return all(
            fits(each, hint)
            for item in islice(value.items(), _LOOKED_AT)
            for each, hint in zip(item, args, strict=False)
        )
    if isinstance(value, tuple) and origin is tuple and Ellipsis not in args:
        return len(value) == len(args) and all(map(fits, value, args))
    several: Any = value
    if not args or not hasattr(value, "__iter__") or iter(several) is several:  # an iterator would be used up
        return True
    return all(fits(each, args[0]) for each in islice(several, _LOOKED_AT))


def _are_numbers(value: Any) -> bool:
    try:
        return np.asarray(value).dtype.kind in "biuf" or bool(np.asarray(value, dtype=float).size)
    except (TypeError, ValueError):
        return False
