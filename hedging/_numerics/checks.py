"""The only place that coerces, checks and broadcasts array input, and gives results the caller's kind back.

Scalars, lists, numpy arrays and pandas objects come in; a float, an array or the same pandas kind with the same
index goes out. Nothing that came in is ever written to.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._ground.counts import number_of
from hedging._numerics.types import Array
from hedging.errors import InputError

__all__ = [
    "ERRORS",
    "FINITE",
    "FLAG",
    "NONNEGATIVE",
    "NONNEGATIVE_OR_INFINITE",
    "POSITIVE",
    "Array",
    "Errors",
    "Inputs",
    "Rule",
    "check",
    "finite",
    "flags",
    "gather",
    "number",
    "positive",
    "refuse",
]

Errors = Literal["raise", "nan"]
ERRORS: tuple[str, ...] = get_args(Errors)

_PLAIN = frozenset({np.ndarray, float, int, str, list})  # what most calls are made of, none of it pandas
_FLOAT64, _CHARACTER = np.dtype(np.float64), np.dtype("=U1")
# What numpy would make a number of all the same.
_NO_NUMBERS = (str, bytes, bool, np.bool_, np.complexfloating, np.timedelta64, np.datetime64)
_TINY = 5e-324
_LARGEST = sys.float_info.max
_CALL, _PUT = ord("c"), ord("p")


class Rule(NamedTuple):
    """A closed interval of float64, in words and in numbers; NaN breaks every rule."""

    text: str
    low: float
    high: float


FINITE = Rule("finite", -_LARGEST, _LARGEST)
POSITIVE = Rule("> 0 and finite", _TINY, _LARGEST)
NONNEGATIVE = Rule(">= 0 and finite", 0.0, _LARGEST)
NONNEGATIVE_OR_INFINITE = Rule(">= 0", 0.0, np.inf)
FLAG = Rule("'c' or 'p'", -1.0, 1.0)  # of the sign that stands for it; anything else is NaN


def number(name: str, value: object, errors: Errors = "raise") -> Array:
    """Return `value` as float64; NaN passes, text, booleans and complex numbers do not.

    With ``errors="nan"`` an entry of an object array that is no number becomes NaN.

    Raises
    ------
    InputError
        If it is no array of real numbers.
    """
    if isinstance(value, np.ma.MaskedArray):
        value = np.ma.filled(value.astype(float), np.nan)
    elif isinstance(value, (pd.Series, pd.DataFrame)) and (missing := value.isna().to_numpy()).any():
        value = np.where(missing, np.nan, value.to_numpy(dtype=object))
    array = _rectangular(name, value)
    if array.dtype == np.float64:
        return array
    if array.dtype.kind == "O":
        return _from_objects(name, array, errors)
    if array.dtype.kind not in "fiu":
        raise InputError(f"{name} must be real numbers; got {_shown(value)} of type {array.dtype}.")
    return array.astype(np.float64)


def _rectangular(name: str, value: object) -> npt.NDArray[Any]:
    try:
        return np.asarray(value)
    except ValueError as error:
        raise InputError(f"{name} must be a scalar or a rectangular array; got {_shown(value)}.") from error


def _from_objects(name: str, array: npt.NDArray[Any], errors: Errors) -> Array:
    result = np.full(array.shape, np.nan)
    for where, entry in np.ndenumerate(array):
        if isinstance(entry, _NO_NUMBERS):
            fits = False
        else:
            try:
                result[where] = entry
                fits = True
            except (TypeError, ValueError, OverflowError):
                fits = False
        if not fits and errors == "raise":
            raise InputError(f"{name} must be real numbers; got {_shown(entry)}{_at(where)}.")
    return result


def check(name: str, value: object, rule: Rule) -> Array:
    """Return `value` as numbers that all obey the rule.

    Raises
    ------
    InputError
        Naming argument, rule, the first bad entry and its index.
    """
    array = number(name, value)
    if not _holds(array, rule):
        refuse(name, array, _broken(array, rule), rule.text)
    return array


def finite(name: str, value: object) -> Array:
    """Return `value` as numbers, none of them NaN or infinite."""
    return check(name, value, FINITE)


def positive(name: str, value: object) -> Array:
    """Return `value` as finite numbers > 0."""
    return check(name, value, POSITIVE)


def flags(value: object, name: str = "flag") -> Array:
    """Return +1 for ``'c'`` and -1 for ``'p'``; every other spelling is refused.

    Raises
    ------
    InputError
        If an entry is not exactly ``'c'`` or ``'p'``.
    """
    codes = _flag_codes(name, value)
    signs = _signs(codes)
    if not _holds(signs, FLAG):
        refuse(name, _rectangular(name, value), np.isnan(signs), FLAG.text)
    return signs


def _flag_codes(name: str, value: object) -> npt.NDArray[np.uint32]:
    """The code point of every flag; for what is none, 0 or a code point that is none."""
    if isinstance(value, (list, tuple)):
        value = np.asarray(value, dtype=object)  # else numpy would make text of bytes and numbers among it
    array = _rectangular(name, value)
    if array.dtype == _CHARACTER:
        return array.view(np.uint32)
    codes = np.zeros(array.shape, dtype=np.uint32)
    if array.dtype.kind in "OTU":
        for code in (_CALL, _PUT):
            codes[_equals(array, chr(code))] = code
    return codes


def _equals(array: npt.NDArray[Any], letter: str) -> npt.NDArray[np.bool_]:
    try:
        return np.asarray(array == letter, dtype=np.bool_)
    except (TypeError, ValueError):  # an entry that is not simply equal or unequal, as pandas' NA
        same = (isinstance(entry, str) and entry == letter for entry in array.flat)
        return np.fromiter(same, dtype=np.bool_, count=array.size).reshape(array.shape)


def _signs(codes: npt.NDArray[np.uint32]) -> Array:
    signs = np.asarray(2.0 * (codes == _CALL) - 1.0)
    strange = (codes != _PUT) & (signs < 0)
    if strange.any():
        signs = np.where(strange, np.nan, signs)
    return signs


def _holds(array: Array, rule: Rule) -> bool:
    """Whether all entries obey the rule; NaN spreads through the minimum and so does not."""
    return array.size == 0 or bool(rule.low <= array.min() and array.max() <= rule.high)


def _broken(array: Array, rule: Rule) -> npt.NDArray[np.bool_]:
    return ~((array >= rule.low) & (array <= rule.high))


def refuse(name: str, array: npt.NDArray[Any], bad: npt.NDArray[np.bool_], rule: str) -> None:
    """Raise if `bad` marks an entry that breaks the rule.

    Raises
    ------
    InputError
        Naming argument, rule, the first bad entry and its index.
    """
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        found = array[where]
        of = f" ({int(bad.sum())} of {number_of(array.size, 'entry')})" if array.ndim else ""
        raise InputError(f"{name} must be {rule}; got {_shown(found)}{_at(where)}{of}.")


def _at(where: tuple[int, ...]) -> str:
    return f" at index {where}" if where else ""


def _shown(value: object) -> str:
    text = repr(value.item() if isinstance(value, np.generic) else value)
    return text if len(text) <= 80 else f"{text[:77]}..."


class Inputs(NamedTuple):
    """Coerced arguments of one call, each in its own shape.

    Attributes
    ----------
    values : tuple of ndarray
        Float64; flags as code points in uint32.
    shape : tuple of int
        What the arguments broadcast to.
    invalid : ndarray of bool or None
        Rows that break a rule, where NaN was asked for instead of an error.
    like : Series, DataFrame or None
        Whose kind and index the results take.
    """

    values: tuple[npt.NDArray[Any], ...]
    shape: tuple[int, ...]
    invalid: npt.NDArray[np.bool_] | None
    like: pd.Series | pd.DataFrame | None

    def wrap(self, result: npt.NDArray[Any], missing: float | str = np.nan) -> Any:
        """Return a result in the kind the arguments had, `missing` where they were invalid."""
        if self.invalid is not None:
            result = np.where(self.invalid, missing, result)
        if self.like is None:
            return result if result.ndim else result.item()
        if isinstance(self.like, pd.Series):
            return pd.Series(result, index=self.like.index)
        return pd.DataFrame(result, index=self.like.index, columns=self.like.columns)


def gather(
    rules: Mapping[str, Rule], arguments: Sequence[object], errors: Errors = "raise", *, now: bool
) -> Inputs:
    """Coerce the arguments of one call, and check them unless that is left to the kernel.

    Parameters
    ----------
    rules : mapping
        By name of argument, in order.
    arguments : sequence
    errors : {'raise', 'nan'}
        Whether a bad entry raises or marks its row invalid.
    now : bool
        Whether to check here; a kernel that has the numbers in the cache does it for less.

    Raises
    ------
    InputError
        If an entry breaks its rule, the shapes do not broadcast, or pandas indexes differ.
    """
    if errors not in ERRORS:
        raise InputError(f"errors must be 'raise' or 'nan'; got {errors!r}.")
    values: list[npt.NDArray[Any]] = []
    like = None
    for (name, rule), argument in zip(rules.items(), arguments, strict=True):
        kind = type(argument)
        if rule is FLAG:
            values.append(_flag_codes(name, argument))
        elif kind is np.ndarray and argument.dtype is _FLOAT64:  # type: ignore[attr-defined]
            values.append(argument)  # type: ignore[arg-type]
        else:
            values.append(np.asarray(argument) if kind is float else number(name, argument, errors))
        if kind not in _PLAIN and like is None:
            like = _common_index(rules, arguments)
    shape = _common_shape(rules, values)
    if like is not None and like.shape != shape:
        raise InputError(f"arguments of shape {shape} cannot keep a pandas index of shape {like.shape}.")
    invalid = _check_all(rules, arguments, values, shape, errors) if now else None
    return Inputs(tuple(values), shape, invalid, like)


def _check_all(
    rules: Mapping[str, Rule],
    arguments: Sequence[object],
    values: list[npt.NDArray[Any]],
    shape: tuple[int, ...],
    errors: Errors,
) -> npt.NDArray[np.bool_] | None:
    """Raise for entries that break a rule, or replace them by valid ones and say where they were."""
    invalid = None
    for k, ((name, rule), argument) in enumerate(zip(rules.items(), arguments, strict=True)):
        ready = _signs(values[k]) if rule is FLAG else values[k]
        if not _holds(ready, rule):
            bad = _broken(ready, rule)
            if errors == "raise":
                refuse(name, _rectangular(name, argument) if rule is FLAG else ready, bad, rule.text)
            invalid = bad if invalid is None else invalid | bad
            harmless = values[k].dtype.type(_CALL if rule is FLAG else 1)
            values[k] = np.where(bad, harmless, values[k])
    return None if invalid is None else np.broadcast_to(invalid, shape)


def _common_index(names: Iterable[str], arguments: Sequence[object]) -> pd.Series | pd.DataFrame | None:
    like: pd.Series | pd.DataFrame | None = None
    first = ""
    for name, value in zip(names, arguments, strict=True):
        if not isinstance(value, (pd.Series, pd.DataFrame)):
            continue
        if like is None:
            like, first = value, name
        elif type(value) is not type(like) or not all(map(pd.Index.equals, value.axes, like.axes)):
            raise InputError(
                f"{name} and {first} must be pandas objects of one kind with the same index; align them first."
            )
    return like


def _common_shape(names: Iterable[str], arrays: Sequence[npt.NDArray[Any]]) -> tuple[int, ...]:
    shapes = {array.shape for array in arrays}
    shapes.discard(())
    if len(shapes) <= 1:
        return shapes.pop() if shapes else ()
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError as error:
        found = ", ".join(f"{name} {a.shape}" for name, a in zip(names, arrays, strict=True) if a.ndim)
        raise InputError(f"shapes must broadcast; got {found}.") from error
