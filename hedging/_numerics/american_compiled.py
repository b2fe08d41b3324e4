"""The loops of `american` compiled by numba: one option at a time, its integrals four or eight abreast.

What a loop reads and what it writes are two arrays cut into rows of fixed length, as in `loops_compiled`.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from hedging._numerics import american_formulas, formulas, machine_compiled
from hedging._numerics.american_formulas import build_integrands, build_start, build_tail
from hedging._numerics.american_grid import Grid
from hedging._numerics.cache_compiled import cached
from hedging._numerics.machine_compiled import _LN2_HIGH, _LN2_LOW, _MACHINE, _SHIFT, _bits, _jit, _number

Array = npt.NDArray[np.float64]

_cached = cached(american_formulas, formulas, machine_compiled)

ROW, MOST = 256, 16  # points and nodes there is room for
INV, DRIFT, STRIKE, SPOT, SD, THERE, HERE = range(0, 7 * ROW, ROW)  # rows of x; the last two hold c
_E2, _E3, _E4, _E5, _E6, _E7, _E8, _E9 = (1.0 / math.factorial(k) for k in range(2, 10))


@_jit
def _quick_exp(x: float) -> float:
    """exp(x) to 1e-11 between -700 and 700, and what it is there beyond."""
    x = -700.0 if x < -700.0 else x
    x = 700.0 if x > 700.0 else x
    k = (x * 1.4426950408889634 + _SHIFT) - _SHIFT
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    r2 = r * r
    r4 = r2 * r2
    p = (
        (1.0 + r)
        + r2 * (_E2 + r * _E3)
        + r4 * ((_E4 + r * _E5) + r2 * (_E6 + r * _E7) + r4 * (_E8 + r * _E9))
    )
    result: float = p * _number((_bits(k + _SHIFT) + 1023) << 52)
    return result


_QUICK = _MACHINE._replace(exp=_quick_exp)
_tail, _start, _integrands = build_tail(_QUICK), build_start(_MACHINE), build_integrands(_QUICK)
_exp, _log = _MACHINE.exp, _MACHINE.log


@_cached
def _prepare(r: float, q: float, v: float, T: float, flat: Array, size: int, x: Array) -> None:
    """Fill what does not turn on the boundary; the last angle is the whole time, to the strike at expiry."""
    drift, sT, rT, qT = r - q + 0.5 * v * v, v * math.sqrt(T), r * T, q * T
    roots, inside, whole = flat[:size], flat[size : 2 * size], flat[2 * size : 3 * size]
    for e in range(size):
        root = roots[e]
        u, sd = T * root * root, sT * root
        x[INV + e] = 1.0 / sd
        x[DRIFT + e] = drift * u / sd
        x[STRIKE + e] = (rT * inside[e] + whole[e]) * _exp(-r * u)
        x[SPOT + e] = (qT * inside[e] + whole[e]) * _exp(-q * u)
        x[SD + e] = sd


@_cached
def _spread(A: Array, c: Array, top: float, n: int, rows: int, x: Array) -> None:
    """Fill c at the angles and, beside it, c of the node itself."""
    inner = (rows - 1) * n
    for e in range(inner):
        x[THERE + e] = 0.0
    for j in range(n):
        square = c[j] * c[j]
        row = A[j * inner : (j + 1) * inner]
        for e in range(inner):
            x[THERE + e] += row[e] * square
    for e in range(inner):
        x[THERE + e] = math.sqrt(max(x[THERE + e], 1e-30))
    for i in range(n):
        x[THERE + inner + i] = top
    for k in range(rows):
        for i in range(n):
            x[HERE + k * n + i] = c[i]


@_cached
def _integrate(x: Array, y: Array, first: int, size: int) -> None:
    """Rows of y: terms of N and of D, then their slopes in ln B; those of D are 0 before `first`."""
    for e in range(size):
        P, p = _tail((x[THERE + e] - x[HERE + e]) * x[INV + e] + x[DRIFT + e] - x[SD + e])
        y[e] = x[STRIKE + e] * P
        y[2 * ROW + e] = x[STRIKE + e] * p * x[INV + e]
    for e in range(first):
        y[ROW + e] = 0.0
        y[3 * ROW + e] = 0.0
    there, here, inv = (
        x[THERE + first : THERE + size],
        x[HERE + first : HERE + size],
        x[INV + first : INV + size],
    )
    drift, spot = x[DRIFT + first : DRIFT + size], x[SPOT + first : SPOT + size]
    value, slope = y[ROW + first : ROW + size], y[3 * ROW + first : 3 * ROW + size]
    for e in range(size - first):
        P, p = _tail((there[e] - here[e]) * inv[e] + drift[e])
        value[e] = spot[e] * P
        slope[e] = spot[e] * p * inv[e]


@_cached
def _sum(y: Array, z: Array, n: int, rows: int) -> None:
    for a in range(4):
        for i in range(n):
            z[a * MOST + i] = 0.0
        for k in range(rows):
            for i in range(n):
                z[a * MOST + i] += y[a * ROW + k * n + i]


@_cached
def _linearise(
    At: Array, x: Array, y: Array, z: Array, c: Array, top: float, n: int, rows: int, J: Array
) -> None:
    """Rows of J: slopes of D - N / B in every c, and its value."""
    for i in range(n):
        over_B = _exp(c[i] - top)
        N, dN = z[i] * over_B, z[2 * MOST + i] * over_B
        row = J[i * (n + 1) : (i + 1) * (n + 1)]
        row[:] = 0.0
        for k in range(rows - 1):
            e = k * n + i
            g = (y[3 * ROW + e] - y[2 * ROW + e] * over_B) / x[THERE + e]
            for j in range(n):
                row[j] += g * At[e * n + j]
        for j in range(n):
            row[j] *= c[j]
        row[i] -= z[3 * MOST + i] - dN + N
        row[n] = z[MOST + i] - N


@_cached
def _solve(J: Array, n: int) -> None:
    """Replace the last column by the solution: elimination with pivots."""
    m = n + 1
    for j in range(n):
        best = j
        for i in range(j + 1, n):
            if abs(J[i * m + j]) > abs(J[best * m + j]):
                best = i
        if best != j:
            for k in range(j, m):
                J[j * m + k], J[best * m + k] = J[best * m + k], J[j * m + k]
        inverse = 1.0 / J[j * m + j]
        for i in range(j + 1, n):
            f = J[i * m + j] * inverse
            for k in range(j + 1, m):
                J[i * m + k] -= f * J[j * m + k]
    for j in range(n - 1, -1, -1):
        total = J[j * m + n]
        for k in range(j + 1, n):
            total -= J[j * m + k] * J[k * m + n]
        J[j * m + n] = total / J[j * m + j]


@_cached
def _find_boundary(
    r: float, q: float, v: float, T: float, top: float,
    flat: Array, A: Array, At: Array, n: int, rows: int, fixed: int, newton: int,
    x: Array, y: Array, z: Array, c: Array, J: Array,
) -> None:  # fmt: skip
    root = math.sqrt(T)
    least = 1e-6 * v * root
    whole = flat[(rows - 1) * n : rows * n]
    _prepare(r, q, v, T, flat, rows * n, x)
    for i in range(n):
        c[i] = max(_start(r, q, v, root * whole[i], top), least * whole[i])
    first = (rows - 1) * n if q == 0.0 else 0
    for turn in range(fixed + newton):
        _spread(A, c, top, n, rows, x)
        _integrate(x, y, first, rows * n)
        _sum(y, z, n, rows)
        if turn < fixed:
            for i in range(n):
                c[i] = max(top - _log(z[i] / z[MOST + i]), least * whole[i])
            continue
        _linearise(At, x, y, z, c, top, n, rows, J)
        _solve(J, n)
        for i in range(n):
            c[i] = min(max(c[i] - J[i * (n + 1) + n], 0.4 * c[i]), 2.5 * c[i])


@_cached
def _add_up(
    s: float, r: float, q: float, v: float, T: float, top: float, c: Array, L: Array, sines: Array, weights: Array,
    x: Array, y: Array, out: Array,
) -> None:  # fmt: skip
    points = sines.size
    log_s, drift, sT = _log(s), r - q + 0.5 * v * v, v * math.sqrt(T)
    for p in range(points):
        x[p] = 0.0
    for j in range(c.size):
        square = c[j] * c[j]
        row = L[j * points : (j + 1) * points]
        for p in range(points):
            x[p] += row[p] * square
    for p in range(points):
        x[ROW + p] = sines[p]
        x[2 * ROW + p] = weights[p]
    for p in range(points):
        root = x[ROW + p]
        u, sd = T * root * root, sT * root
        weight = x[2 * ROW + p] * T
        d1 = (log_s - top + math.sqrt(max(x[p], 0.0)) + drift * u) / sd
        R, Q = r * weight * _quick_exp(-r * u), q * weight * _quick_exp(-q * u)
        y[p], y[ROW + p], y[2 * ROW + p] = _integrands(s, R, Q, d1, sd)
    for a in range(3):
        total = 0.0
        for p in range(points):
            total += y[a * ROW + p]
        out[a] = total


@_cached
def _premiums(
    S: Array, r: Array, q: Array, v: Array, T: Array,
    flat: Array, A: Array, At: Array, n: int, rows: int, fixed: int, newton: int,
    last_sines: Array, last_weights: Array, L: Array, out: Array,
) -> None:  # fmt: skip
    x, y, z, c, J = (
        np.empty(7 * ROW),
        np.empty(4 * ROW),
        np.empty(4 * MOST),
        np.empty(n),
        np.empty(n * (n + 1)),
    )
    for o in range(S.size):
        top = math.log(r[o] / q[o]) if q[o] > r[o] else 0.0
        _find_boundary(
            r[o], q[o], v[o], T[o], top, flat, A, At, n, rows, fixed, newton, x, y, z, c, J
        )  # fmt: skip
        _add_up(S[o], r[o], q[o], v[o], T[o], top, c, L, last_sines, last_weights, x, y, out[o])
        out[o, 3] = top - c[0]


def premiums(S: Array, r: Array, q: Array, v: Array, T: Array, grid: Grid) -> Array:
    """Compute what `american.premiums` does."""
    out = np.empty((S.size, 4))
    _premiums(
        *(np.ascontiguousarray(a) for a in (S, r, q, v, T)),
        grid.flat.ravel(),
        grid.to_angles.ravel(),
        grid.to_angles.transpose(1, 2, 0).ravel(),
        grid.nodes,
        grid.rows,
        grid.fixed,
        grid.newton,
        grid.sines,
        grid.weights,
        grid.to_points.ravel(),
        out,
    )
    return out.T
