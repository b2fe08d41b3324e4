"""The only place that coerces, checks and broadcasts array input.

Every helper takes the name of the argument first, so that a message can say what broke which rule where.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hedging.errors import InputError

__all__ = ["Array", "broadcast", "finite", "flags", "nonnegative", "number", "positive", "refuse"]

Array = npt.NDArray[np.float64]


def number(name: str, value: object) -> Array:
    """Return `value` as a float64 array that is never written to; NaN passes, text and booleans do not.

    Raises
    ------
    InputError
        If an entry is no real number.
    """
    if isinstance(value, np.ma.MaskedArray):
        value = np.ma.filled(value.astype(float), np.nan)
    array = np.asarray(value)
    if array.dtype.kind == "O":
        array = _from_objects(name, array)
    if array.dtype.kind not in "fiu":
        raise InputError(f"{name} must be real numbers; got {value!r} of type {array.dtype}.")
    return np.asarray(array, dtype=np.float64)


def _from_objects(name: str, array: npt.NDArray[Any]) -> Array:
    for where, entry in np.ndenumerate(array):
        if isinstance(entry, (str, bytes, bool, np.bool_)):
            raise InputError(f"{name} must be real numbers; got {entry!r}{_at(where)}.")
    try:
        return np.asarray(array.astype(np.float64))
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must be real numbers; got {array.dtype} entries ({error}).") from error


def finite(name: str, value: object) -> Array:
    """Return `value` as numbers, none of them NaN or infinite."""
    array = number(name, value)
    return refuse(name, array, ~np.isfinite(array), "finite")


def positive(name: str, value: object, *, infinite: bool = False) -> Array:
    """Return `value` as numbers > 0; infinity only where asked for."""
    array = number(name, value)
    good = array > 0 if infinite else (array > 0) & (array < np.inf)
    return refuse(name, array, ~good, "> 0" if infinite else "> 0 and finite")


def nonnegative(name: str, value: object, *, infinite: bool = False) -> Array:
    """Return `value` as numbers >= 0; infinity only where asked for."""
    array = number(name, value)
    good = array >= 0 if infinite else (array >= 0) & (array < np.inf)
    return refuse(name, array, ~good, ">= 0" if infinite else ">= 0 and finite")


def flags(value: object, name: str = "flag") -> Array:
    """Return +1 for ``'c'`` and -1 for ``'p'``; every other spelling is refused.

    Raises
    ------
    InputError
        If an entry is not exactly ``'c'`` or ``'p'``.
    """
    array = np.asarray(value)
    if array.dtype.kind not in "UO" and array.size:
        raise InputError(f"{name} must be 'c' or 'p'; got {value!r}.")
    calls = np.asarray(array == "c")
    bad = ~(calls | np.asarray(array == "p"))
    refuse(name, array, bad, "'c' or 'p'")
    return np.where(calls, 1.0, -1.0)


def refuse(name: str, array: npt.NDArray[Any], bad: npt.NDArray[np.bool_], rule: str) -> npt.NDArray[Any]:
    """Return `array`, unless `bad` marks an entry that breaks the rule.

    Raises
    ------
    InputError
        Naming argument, rule, the first bad entry and its index.
    """
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        found = array[where]
        shown = repr(found.item() if isinstance(found, np.generic) else found)
        of = f" ({int(bad.sum())} of {array.size} entries)" if array.ndim else ""
        raise InputError(f"{name} must be {rule}; got {shown}{_at(where)}{of}.")
    return array


def _at(where: tuple[int, ...]) -> str:
    return f" at index {where}" if where else ""


def broadcast(**arrays: Array) -> list[Array]:
    """Return read-only views of the arrays in their common shape.

    Raises
    ------
    InputError
        If the shapes do not broadcast.
    """
    try:
        return [np.asarray(a) for a in np.broadcast_arrays(*arrays.values())]
    except ValueError as error:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items() if array.ndim)
        raise InputError(f"shapes must broadcast; got {shapes}.") from error
