"""What the right to exercise early is worth: bare numbers, nothing is checked.

A call is the put with spot and strike, rate and yield exchanged (McDonald and Schroder 1998), and everything scales
with the strike: so all is one put of strike 1. Its boundary B(t), t before expiry, obeys D B = N with

    N = exp(-rt) N(e2) + integral of r exp(-ru) N(d2) du,   D = exp(-qt) N(e1) + integral of q exp(-qu) N(d1) du,

the option at the boundary being worth what exercise pays; d is taken from B(t) to B(t - u), e to the strike. Taken
as B <- N / D this closes in from anywhere (the form B of Andersen, Lake and Offengenden 2016, whose polynomial
for the boundary `american_grid` uses); two rounds of Newton's method over all nodes at once finish it.

Within vol 5 % to 120 %, three years, rates and yields 0 to 10 % values are right to 1e-6 of spot, most to 1e-9; up
to vol 200 %, ten years, 20 % to 1e-5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hedging._ground import clock
from hedging._numerics import kernels
from hedging._numerics.american_formulas import build_integrands, build_start, build_tail
from hedging._numerics.american_grid import FINE, FINE_TABLE, QUICK, QUICK_TABLE, Grid
from hedging._numerics.arithmetic import ARRAYS
from hedging._numerics.kernels import _loops

__all__ = ["Early", "compiled", "early_exercise", "is_double", "is_fine"]

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

BLOCK = 256  # options that numpy takes through the rounds at once
ALONG = 4_096  # spots that it takes a premium at
LOOKED = 1_024  # options between two looks at the clock: some ten thousandths of a second each without compiled loops
COMPILED = (
    5  # an option costs so many times one of `kernels`: what divides the count from which loops are used
)
# Standard deviation until expiry, and drift in such deviations, from which the boundary wants the finer grid.
WIDE, STEEP = 1.0, 4.0

_tail, _start, _integrands = build_tail(ARRAYS), build_start(ARRAYS), build_integrands(ARRAYS)


class Early(NamedTuple):
    """What early exercise adds to a European option.

    Attributes
    ----------
    value, slope, bend : ndarray
        Of the premium: itself, and its first and second derivative with respect to spot.
    until : ndarray
        How long the option is held at most, as known today: 0 if it is exercised now, the time to expiry if that
        is open; without vol the best time to exercise. In the first and last case `value` is not used.
    """

    value: Array
    slope: Array
    bend: Array
    until: Array


def is_fine(T: Array, r: Array, v: Array, q: Array) -> Mask:
    """Whether the finer grid is needed; to be told apart once, so that slopes do not see the step between both."""
    root = np.sqrt(T)
    return np.asarray((v * root > WIDE) | ((abs(r) + abs(q)) * root > STEEP * v))


def is_double(w: Array, r: Array, q: Array) -> Mask:
    """Whether exercise pays between two boundaries only: a put with q < r < 0, a call with r < q < 0."""
    strike_rate, spot_rate = np.where(w > 0, q, r), np.where(w > 0, r, q)
    return np.asarray((spot_rate < strike_rate) & (strike_rate < 0.0))


def never(w: Array, r: Array, q: Array) -> Mask:
    """Whether early exercise never pays: interest on what is received is not positive, and below what is given up."""
    strike_rate, spot_rate = np.where(w > 0, q, r), np.where(w > 0, r, q)
    return np.asarray((strike_rate <= 0.0) & (spot_rate >= strike_rate))


def early_exercise(
    w: Array, S: Array, K: Array, T: Array, r: Array, v: Array, q: Array, fine: Mask | None = None
) -> Early:
    """Premium of options in one dimension; NaN where there are two boundaries.

    Parameters
    ----------
    w, S, K, T, r, v, q : ndarray, shape (options,)
    fine : ndarray of bool, shape (options,), optional
        Which options want the finer grid; `is_fine` unless told.
    """
    value, slope, bend, until = np.zeros_like(S), np.zeros_like(S), np.zeros_like(S), T.copy()
    certain = (v == 0.0) & (T > 0.0)
    until[certain] = best_time(*(a[certain] for a in (w, S, K, T, r, q)))
    two = is_double(w, r, q)
    open_ = ~(certain | two | never(w, r, q)) & (T > 0.0)
    value[two & ~certain] = np.nan
    if open_.any():
        fine = is_fine(T, r, v, q) if fine is None else fine
        w, S, K, T, r, v, q, fine = (a[open_] for a in (w, S, K, T, r, v, q, fine))
        found = _of_calls_and_puts(w, S, K, T, r, v, q, fine)
        value[open_], slope[open_], bend[open_] = found[:3]
        until[open_] = np.where(found[3] > 0.0, 0.0, T)
    return Early(value, slope, bend, until)


def best_time(w: Array, S: Array, K: Array, T: Array, r: Array, q: Array) -> Array:
    """When to exercise without vol: now, at expiry, or when rate on the strike and yield on the spot are equal."""
    with np.errstate(all="ignore"):
        between = np.log(r * K / (q * S)) / (r - q)
    between = np.where((between > 0.0) & (between < T), between, T)
    times = np.stack(
        [T, between, np.zeros_like(T)]
    )  # among equals the last: nothing is gained by waiting for less
    paid = w * (S * np.exp(-q * times) - K * np.exp(-r * times))
    best = np.take_along_axis(times, np.argmax(paid, axis=0)[None], axis=0)[0]
    return np.where(paid.max(axis=0) > 0.0, best, T)


def _of_calls_and_puts(
    w: Array, S: Array, K: Array, T: Array, r: Array, v: Array, q: Array, fine: Mask
) -> tuple[Array, Array, Array, Mask]:
    """Value, slope and bend of the premium, and whether the option is exercised now."""
    call = w > 0.0
    strike, spot = np.where(call, S, K), np.where(call, K, S)
    s = spot / strike
    f, f1, f2, boundary = premiums(s, np.where(call, q, r), np.where(call, r, q), v, T, fine)
    # A call is S f(K / S), a put K f(S / K).
    slope = np.where(call, f - s * f1, f1)
    bend = np.where(call, s * s * f2 / S, f2 / K)
    return np.maximum(strike * f, 0.0), slope, bend, np.log(s) <= boundary


def premiums(s: Array, r: Array, q: Array, v: Array, T: Array, fine: Mask) -> Array:
    """Premium of puts of strike 1, its two slopes in s, and ln B, shape (4, options)."""
    out, engine = np.empty((4, s.size)), _engine(s.size)
    for grid, mask in ((QUICK, ~fine), (FINE, fine)):
        for rows in _parts(np.flatnonzero(mask), LOOKED):
            out[:, rows] = engine(s[rows], r[rows], q[rows], v[rows], T[rows], grid)
    return out


def _parts(rows: npt.NDArray[np.intp], size: int) -> Iterator[npt.NDArray[np.intp]]:
    """Some rows at a time, with a look at the clock before each: of an index chain's options all take long."""
    for start in range(0, rows.size, size):
        clock.look()
        yield rows[start : start + size]


def compiled(size: int) -> bool:
    """Whether loops are to be compiled for so many options, and can be."""
    return size >= max(kernels.COMPILED // COMPILED, 1) and _loops() is not None


def _engine(size: int) -> Callable[..., Array]:
    if compiled(size):
        from hedging._numerics import american_compiled

        return american_compiled.premiums
    return premiums_of_arrays


# On arrays: rows of angles, nodes, options ------------------------------------------------------------------------


def premiums_of_arrays(s: Array, r: Array, q: Array, v: Array, T: Array, grid: Grid) -> Array:
    """What the compiled loops compute, by numpy."""
    parts = [slice(start, start + BLOCK) for start in range(0, s.size, BLOCK)]
    with np.errstate(all="ignore"):
        return np.concatenate(
            [_block(*(a[part] for a in (s, r, q, v, T)), grid=grid) for part in parts], axis=1
        )


def premiums_along(
    r: Array, q: Array, v: Array, T: Array, y: Array, fine: Mask
) -> tuple[Array, Array, Array]:
    """Boundaries ln B of puts of strike 1; and at distances y from them premium and slope in y, shape (options, y).

    The distance of a spot s is ln(s / B) / (v sqrt(T)). A boundary is found once for all spots: it is nearly all
    that a premium costs.
    """
    edge, value, slope = np.empty(r.size), np.empty((r.size, y.size)), np.empty((r.size, y.size))
    for grid, mask in ((QUICK_TABLE, ~fine), (FINE_TABLE, fine)):
        rows = np.flatnonzero(mask)
        for some in _parts(rows, max(ALONG // y.size, 1)):
            found = _along(r[some], q[some], v[some], T[some], y, grid)
            edge[some], value[some], slope[some] = found
    return edge, value, slope


def _along(r: Array, q: Array, v: Array, T: Array, y: Array, grid: Grid) -> tuple[Array, Array, Array]:
    with np.errstate(all="ignore"):
        top = _top(r, q)
        c = _boundary(r, q, v, T, top, grid)
        edge, sd = top - c[0], v * np.sqrt(T)
        s = np.exp(edge[:, None] + y * sd[:, None]).ravel()
        r, q, v, T, top, c = (np.repeat(a, y.size, axis=-1) for a in (r, q, v, T, top, c))
        value, slope, _ = _integrated(s, r, q, v, T, top, c, grid)
    return edge, value.reshape(-1, y.size), (slope * s).reshape(-1, y.size) * sd[:, None]


def _block(s: Array, r: Array, q: Array, v: Array, T: Array, *, grid: Grid) -> Array:
    top = _top(r, q)
    c = _boundary(r, q, v, T, top, grid)
    return np.stack([*_integrated(s, r, q, v, T, top, c, grid), top - c[0]])


def _top(r: Array, q: Array) -> Array:
    """The boundary at expiry, ln B."""
    return np.where(q > r, np.log(np.where(q > r, r / np.where(q > r, q, 1.0), 1.0)), 0.0)


def _integrated(
    s: Array, r: Array, q: Array, v: Array, T: Array, top: Array, c: Array, grid: Grid
) -> tuple[Array, Array, Array]:
    """Premium and its two slopes in s, given the boundary."""
    there = top - np.sqrt(np.maximum(grid.to_points.T @ (c * c), 0.0))
    root, weights = grid.sines[:, None], grid.weights[:, None] * T
    u, sd = T * root**2, v * np.sqrt(T) * root
    d1 = (np.log(s) - there + (r - q + 0.5 * v * v) * u) / sd
    terms = _integrands(s, r * weights * np.exp(-r * u), q * weights * np.exp(-q * u), d1, sd)
    value, first, second = (term.sum(axis=0) for term in terms)
    return value, first, second


def _boundary(r: Array, q: Array, v: Array, T: Array, top: Array, grid: Grid) -> Array:
    """Return c at the nodes, shape (nodes, options)."""
    flat, inside, whole = grid.flat[..., None]
    u, sd = T * flat**2, v * np.sqrt(T) * flat
    weights = (r * T * inside + whole) * np.exp(-r * u), (q * T * inside + whole) * np.exp(-q * u)
    drift, ends = (r - q + 0.5 * v * v) * u / sd, np.broadcast_to(top, (1, grid.nodes, top.size))
    roots = grid.flat[0, -1][:, None]
    least = 1e-6 * v * np.sqrt(T) * roots
    c = np.maximum(_start(r, q, v, np.sqrt(T) * roots, top), least)
    for turn in range(grid.fixed + grid.newton):
        squares = np.tensordot(grid.to_angles, c * c, axes=(0, 0))
        there = np.concatenate([np.sqrt(np.maximum(squares, 1e-30)), ends])
        d1 = (there - c) / sd + drift
        (N1, n1), (N2, n2) = _tail(d1), _tail(d1 - sd)
        N, D = (weights[0] * N2).sum(axis=0), (weights[1] * N1).sum(axis=0)
        if turn < grid.fixed:
            c = np.maximum(top - np.log(N / D), least)
            continue
        bend = weights[1] * n1 / sd, weights[0] * n2 / sd * np.exp(c - top)
        step = _newton_step(c, D, N * np.exp(c - top), *bend, there, grid)
        c = np.clip(c - step, 0.4 * c, 2.5 * c)
    return np.asarray(c)


def _newton_step(c: Array, D: Array, N: Array, dD: Array, dN: Array, there: Array, grid: Grid) -> Array:
    """Solve for the step of all nodes; N over B, and slopes in ln B by angle."""
    pull = (dD - dN)[:-1] / there[:-1]
    J = np.einsum("kio,jki->oij", pull, grid.to_angles, optimize=True) * c.T[:, None, :]
    each = np.arange(grid.nodes)
    J[:, each, each] -= ((dD - dN).sum(axis=0) + N).T
    return np.asarray(np.linalg.solve(J, (D - N).T[..., None])[..., 0].T)
