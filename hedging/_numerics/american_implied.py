"""From an American price to its vol: raw, in one dimension.

The vol at which the European option would be worth the price is too high, if at all; the one at which it would be
worth the price less the premium found there is the next guess. From these two a secant goes on, between bounds
that close in, to the last digits of our own value.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hedging._numerics import kernels
from hedging._numerics.american import is_fine
from hedging._numerics.american_values import Options, premium, settled_value
from hedging._numerics.implied import ABOVE, BELOW, NO_INFORMATION, NOT_CONVERGED

__all__ = ["implied"]

Array = npt.NDArray[np.float64]

ROUNDS = 100
EXACT = 1e-13  # of spot and strike: where two values are one
CLOSE = 1e-12  # of the vol
HIGHEST = 20.0  # standard deviations until expiry: beyond, values do not move any more


def implied(o: Options, price: Array) -> tuple[Array, Array]:
    """Vol and status, as `kernels.implied_vol`; the vol in `o` is not read."""
    with np.errstate(all="ignore"):
        return _implied(o, price)


def _implied(o: Options, price: Array) -> tuple[Array, Array]:
    still = o._replace(v=np.zeros_like(o.T))
    blur = EXACT * (o.X + o.K)
    lowest = american_value(still)
    highest = np.where(
        o.w > 0.0, _most(o.X + o.dividends_after(np.zeros_like(o.T))[0], o.q, o.T), _most(o.K, o.r, o.T)
    )
    status = np.zeros_like(o.T)
    status[(price <= lowest + blur) | (o.T == 0.0)] = NO_INFORMATION
    status[price >= highest] = ABOVE
    status[price < lowest - blur] = BELOW
    vol = np.full_like(o.T, np.nan)
    rows = np.flatnonzero(status == 0.0)
    if rows.size:
        vol[rows], found = _search(_some(o, rows), price[rows])
        status[rows] = np.where(found, 0.0, NOT_CONVERGED)
    return vol, status


def _most(worth: Array, rate: Array, T: Array) -> Array:
    return np.asarray(worth * np.maximum(1.0, np.exp(-rate * T)))


def _some(o: Options, rows: npt.NDArray[np.intp]) -> Options:
    shared = {"times": o.times, "amounts": o.amounts}
    return Options(
        **{name: shared.get(name, part[rows]) for name, part in o._asdict().items() if name not in shared}
        | shared
    )


def american_value(o: Options) -> Array:
    """Value of American options."""
    early = premium(o)
    held = early.until >= o.T
    return np.where(held, o.european("price")[0] + early.value, settled_value(o, early.until)["price"])


def _european_vol(o: Options, price: Array, otherwise: Array) -> Array:
    codes = np.where(o.w > 0.0, ord("c"), ord("p")).astype(np.uint32)
    inputs: list[npt.NDArray[np.generic]] = [codes, o.X, o.K, o.T, o.r, price, o.q]
    vol, status = kernels.implied_vol(inputs, o.T.shape) or (otherwise, otherwise)
    return np.where((status == 0.0) & (vol > 0.0), vol, otherwise)


def _search(o: Options, price: Array) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Vols, and whether each was found."""
    count = o.T.size
    low, high = np.zeros(count), HIGHEST / np.sqrt(o.T)
    at = np.minimum(_european_vol(o, price, np.minimum(high, 1.0)), high)
    before, miss_before = low.copy(), -np.inf * np.ones(count)
    vol, found = at.copy(), np.zeros(count, dtype=bool)
    left = np.arange(count)
    for turn in range(ROUNDS):
        part = _some(o, left)
        part = part._replace(v=at, fine=is_fine(part.T, part.r, at, part.q))
        early = premium(part)
        european = part.european("price")[0]
        value = np.where(
            early.until >= part.T, european + early.value, settled_value(part, early.until)["price"]
        )
        miss = value - price[left]
        low, high = np.where(miss < 0.0, at, low), np.where(miss > 0.0, at, high)
        if turn == 0:
            after = _european_vol(part, price[left] - early.value, 0.5 * (low + high))
        else:
            after = at - miss * (at - before) / (miss - miss_before)
        inside = (after > low) & (after < high)
        slow = (turn > 8) & (turn % 3 == 0)  # a secant that only creeps from one side is helped
        after = np.where(inside & ~np.bool_(slow), after, 0.5 * (low + high))
        done = (miss == 0.0) | (abs(after - at) <= CLOSE * at) | (high - low <= CLOSE * high)
        vol[left], found[left[done]] = np.where(miss == 0.0, at, after), True
        go = ~done
        if not go.any():
            break
        left, low, high, before, miss_before, at = (a[go] for a in (left, low, high, at, miss, after))
    return vol, found
