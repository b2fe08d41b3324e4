"""Bare-number inner loops: values, raw derivatives and implied vol of floats and arrays. No checks here.

The formulas are those of `_formulas` and `_implied`, in an arithmetic of `_arithmetic`: Python floats, few array
entries, many, or any that may be at a limit. `_blocks` takes arrays through them; where numba is installed, the
compiled loops of `kernels_compiled` do.
"""

from __future__ import annotations

import logging
import math
import os
import sys
from collections.abc import Sequence
from functools import cache, partial
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hedging._numerics import arithmetic as _arithmetic
from hedging._numerics.blocks import BLOCK, Plan, Sweep, few, fill, sweep
from hedging._numerics.formulas import (
    COIN,
    FIRST,
    HIGHER,
    Arithmetic,
    Function,
    build_black,
    build_moneyness,
    build_price,
    build_terms,
    build_values,
)
from hedging._numerics.implied import build_implied
from hedging._numerics.types import Array

__all__ = [
    "COIN",
    "black76",
    "black_scholes",
    "implied_vol",
    "one",
    "one_implied_vol",
]

Inputs = Sequence[npt.NDArray[Any]]

# Entries from which the compiled loops are used: they pay from about ten on, but loading them takes most of a
# second, and results of one size should not turn on what ran before. HEDGING_FAST=0 switches them off.
_FAST = os.environ.get("HEDGING_FAST", "")
COMPILED = (int(_FAST) or sys.maxsize) if _FAST.isdecimal() else 1000
FEW = 1000  # up to which calls cost more than passes over memory
_LOOPED = frozenset({*FIRST, *HIGHER})  # what there is a compiled loop for


class _Kit(NamedTuple):
    """The formulas in one arithmetic."""

    price: Function
    terms: Function
    values: dict[str, Function]
    moneyness: Function
    implied: Function


def _kit(arithmetic: Arithmetic) -> _Kit:
    return _Kit(
        build_price(arithmetic),
        build_terms(arithmetic),
        build_values(arithmetic),
        build_moneyness(arithmetic),
        build_implied(arithmetic),
    )


_ON_FLOATS, _ON_ARRAYS, _ON_USUAL, _ON_FEW = map(
    _kit, (_arithmetic.FLOATS, _arithmetic.ARRAYS, _arithmetic.USUAL, _arithmetic.FEW)
)
_black = build_black(_arithmetic.ARRAYS)


def _values(names: tuple[str, ...], kit: _Kit, *inputs: Any) -> list[Any]:
    if names == ("price",):
        return [kit.price(*inputs)]
    terms = kit.terms(*inputs)
    higher: Any = None if HIGHER.keys().isdisjoint(names) else kit.moneyness(terms)
    values = kit.values
    return [values[name](terms) if name in values else HIGHER[name](terms, higher) for name in names]


# Bounds of w, S, K, T, r, vol (or price), q within which nothing is near a limit, over- or underflows.
_USUAL_BOUNDS = np.array(
    [
        [[-1.0], [1e-50], [1e-50], [1e-12], [-5.0], [1e-10], [-5.0]],
        [[1.0], [1e50], [1e50], [100.0], [5.0], [1e10], [5.0]],
    ]
)
_USUAL_IMPLIED = _USUAL_BOUNDS.copy()
_USUAL_IMPLIED[:, 5, 0] = -1e60, 1e60


# Whole calls ------------------------------------------------------------------------------------------------


@cache
def _plan(names: tuple[str, ...], is_few: bool) -> Plan:
    kit = _ON_FEW if is_few else _ON_USUAL
    return Plan(partial(_values, names, kit), partial(_values, names, _ON_ARRAYS), _USUAL_BOUNDS)


_IMPLIED = {
    is_few: Plan(kit.implied, _ON_ARRAYS.implied, _USUAL_IMPLIED)
    for is_few, kit in ((True, _ON_FEW), (False, _ON_USUAL))
}


def one(names: tuple[str, ...], *inputs: float) -> list[float] | None:
    """Raw values of one option given as floats (w, S, K, T, r, vol, q); None where floats cannot say it."""
    try:
        return _values(names, _ON_FLOATS, *inputs)
    except ArithmeticError:  # overflow, or a division by zero that arrays answer with infinity
        return None


def one_implied_vol(*inputs: float) -> tuple[float, float] | None:
    """`implied_vol` of one price given as floats; None where floats cannot say it."""
    try:
        found: tuple[float, float] = _ON_FLOATS.implied(*inputs)
        return found
    except (ArithmeticError, ValueError):
        return None


def black_scholes(
    names: tuple[str, ...],
    inputs: Inputs,
    shape: tuple[int, ...],
    bounds: Array | None = None,
    scales: Sequence[float] | None = None,
) -> list[Array] | None:
    """Values by name, raw or times `scales`, of flag, S, K, T, r, vol, q, which broadcast to `shape`.

    Derivatives are per 1.00 of each variable and per year; those to time are to calendar time. With the
    forward as spot and the rate as yield this is Black-76, the forward held fixed. Limits at zero time and vol
    are those from above; on the kink gamma is infinite. Flags are the code
    points of 'c' and 'p' as uint32. None if there are `bounds`, two rows, and an input breaks them.

    Raises
    ------
    FloatingPointError
        If there are `bounds` and a value comes out NaN all the same: discount factors overflow.
    """
    size, scales = math.prod(shape), scales or [1.0] * len(names)
    if size >= COMPILED and _LOOPED.issuperset(names) and (fast := _loops()) is not None:
        way: Sweep = partial(fast.sweep, fast.value_rows(names))
    else:
        plan = _plan(names, size <= FEW)
        if size <= FEW and len(shape) == 1 and (found := few(plan, inputs, size, scales)) is not None:
            return found
        way = partial(sweep, plan)
    return fill(way, inputs, shape, bounds, scales)


def implied_vol(inputs: Inputs, shape: tuple[int, ...], bounds: Array | None = None) -> list[Array] | None:
    """Vol and status (of `_implied`) of flag, S, K, T, r, p, q; the vol means nothing unless the status is 0.

    None if there are `bounds` and an input breaks them.
    """
    size = math.prod(shape)
    if size >= COMPILED and (fast := _loops()) is not None:
        way: Sweep = partial(fast.sweep, fast.IMPLIED_ROWS)
    else:
        plan = _IMPLIED[size <= FEW]
        if size <= FEW and len(shape) == 1 and (found := few(plan, inputs, size, (1.0, 1.0))) is not None:
            return found
        way = partial(sweep, plan)
    return fill(way, inputs, shape, bounds, (1.0, 1.0))


@cache
def _loops() -> Any:
    """The compiled loops; None where numba is not installed or does not load, which costs time and no digits."""
    if find_spec("numba") is None:
        return None
    try:
        import numba  # noqa: F401
    except Exception as error:  # whatever a build for another numpy or another machine raises
        logging.getLogger(__name__).warning("numba does not load, so nothing is compiled: %s", error)
        return None
    from hedging._numerics import kernels_compiled

    return kernels_compiled


# For engines inside the library -----------------------------------------------------------------------------


def black76(
    phi: npt.ArrayLike,
    forward: npt.ArrayLike,
    strike: npt.ArrayLike,
    total_sd: npt.ArrayLike,
    out: Array | None = None,
) -> Array:
    """Undiscounted Black-76 value: arrays of any shapes that broadcast, `phi` +1 for calls, -1 for puts.

    `total_sd` is vol * sqrt(T); at 0 the value is exactly the intrinsic one. Nothing is checked.
    """
    w, F, K, s = (np.asarray(v, dtype=np.float64) for v in (phi, forward, strike, total_sd))
    shape = np.broadcast_shapes(w.shape, F.shape, K.shape, s.shape)
    if math.prod(shape) <= BLOCK:
        with np.errstate(all="ignore"):
            value = np.asarray(_black(w, F, K, np.log(F / K), s))
    else:  # as a year at no rate, in blocks; never compiled, so that no bit turns on the size of a call
        one_year, no_rate = np.asarray(1.0), np.asarray(0.0)
        inputs: list[npt.NDArray[Any]] = [_codes(w), F, K, one_year, no_rate, s, no_rate]
        way = partial(sweep, _plan(("price",), is_few=False))
        value = (fill(way, inputs, shape, None, (1.0,)) or [one_year])[0]  # nothing is refused
    if out is None:
        return value
    out[...] = value
    return out


def _codes(phi: npt.ArrayLike) -> npt.NDArray[np.uint32]:
    return np.where(np.asarray(phi) > 0, ord("c"), ord("p")).astype(np.uint32)
