"""The loops of `american_steps` compiled by numba."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from hedging._numerics import american_steps
from hedging._numerics.american_steps import ROUNDS, Steps
from hedging._numerics.cache_compiled import cached

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_cached = cached(american_steps)  # of which it takes the number of rounds


@_cached
def _right_side(u: Array, b: float, d: Array) -> None:
    d[0], d[-1] = u[0], u[-1]
    for j in range(1, u.size - 1):
        d[j] = u[j] + b * (u[j - 1] - 2.0 * u[j] + u[j + 1])


@_cached
def _solve(b: float, d: Array, obstacle: Array, exercised: Mask, c: Array, u: Array) -> None:
    """Solve (1 + 2b) u - b (neighbours) = d, with u what is given in `obstacle` where exercised and in d at the ends."""
    n = d.size
    c[0], u[0] = 0.0, d[0]
    for j in range(1, n - 1):
        if exercised[j]:
            c[j], u[j] = 0.0, obstacle[j]
        else:
            inverse = 1.0 / (1.0 + 2.0 * b - b * c[j - 1])
            c[j] = b * inverse
            u[j] = (d[j] + b * u[j - 1]) * inverse
    u[n - 1] = d[n - 1]
    for j in range(n - 2, -1, -1):
        u[j] += c[j] * u[j + 1]


@_cached
def _step_above(b: float, d: Array, obstacle: Array, exercised: Mask, c: Array, u: Array) -> None:
    n = d.size
    d[0], d[n - 1] = max(d[0], obstacle[0]), max(d[n - 1], obstacle[n - 1])
    for _ in range(ROUNDS):
        _solve(b, d, obstacle, exercised, c, u)
        changes = 0
        for j in range(1, n - 1):
            if exercised[j]:
                wanted = u[j] + b * (2.0 * u[j] - u[j - 1] - u[j + 1]) >= d[j]
            else:
                wanted = u[j] < obstacle[j]
            if wanted != exercised[j]:
                exercised[j] = wanted
                changes += 1
        if changes == 0:
            break
    for j in range(n):
        u[j] = max(u[j], obstacle[j])


@_cached
def _positive_mean(a: float, b: float) -> float:
    """Mean of the positive part of what goes straight from a to b."""
    if a == b:
        return max(a, 0.0)
    return 0.5 * (max(a, 0.0) ** 2 - max(b, 0.0) ** 2) / (a - b)


@_cached
def _raise_above(u: Array, obstacle: Array, gain: Array) -> None:
    n = u.size
    for j in range(n):
        gain[j] = obstacle[j] - u[j]
    for j in range(n):
        here = gain[j]
        left = 0.5 * (here + gain[j - 1]) if j > 0 else here
        right = 0.5 * (here + gain[j + 1]) if j < n - 1 else here
        if min(left, right) < 0.0 < max(left, right):
            u[j] += 0.5 * (_positive_mean(left, here) + _positive_mean(here, right))
        else:
            u[j] += max(here, 0.0)


@_cached
def _march(
    x: Array, ends: Array, strikes: Array, strikes_before: Array, implicit: Mask,
    w: float, K: float, r: float, v: float, q: float, american: Array, european: Array, exercised: Mask,
) -> None:  # fmt: skip
    n = x.size
    d, c, spots, obstacle, nowhere = (
        np.empty(n),
        np.empty(n),
        np.exp(x),
        np.empty(n),
        np.zeros(n, dtype=np.bool_),
    )
    spacing, drift, before = x[1] - x[0], r - q - 0.5 * v * v, 0.0
    for j in range(n):
        american[j] = max(w * (spots[j] - K), 0.0)
        european[j] = american[j]
    for k in range(ends.size):
        end = ends[k]
        share = 1.0 if implicit[k] else 0.5
        a = 0.5 * v * v * (end - before) / (spacing * spacing)
        growth, carry = math.exp(r * end), math.exp((r - drift) * end)
        for j in range(n):
            obstacle[j] = w * (carry * spots[j] - growth * strikes[k])
        _right_side(european, (1.0 - share) * a, d)
        _solve(share * a, d, obstacle, nowhere, c, european)
        _right_side(american, (1.0 - share) * a, d)
        _step_above(share * a, d, obstacle, exercised, c, american)
        if strikes_before[k] != strikes[k]:
            for j in range(n):
                obstacle[j] = w * (carry * spots[j] - growth * strikes_before[k])
            _raise_above(american, obstacle, d)
        before = end


def premium(steps: Steps, w: float, K: float, r: float, v: float, q: float) -> tuple[Array, Mask]:
    """Compute what `american_steps.premium_of_arrays` does."""
    size = steps.log_points.size
    american, european, exercised = np.empty(size), np.empty(size), np.zeros(size, dtype=np.bool_)
    _march(
        steps.log_points, steps.ends, steps.strikes, steps.strikes_before, steps.implicit,
        w, K, r, v, q, american, european, exercised,
    )  # fmt: skip
    return american - european, exercised
