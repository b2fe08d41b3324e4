"""Early exercise where the strike moves or two boundaries meet: finite differences, one option at a time.

Cash dividends are taken out of the spot: X = S - (their present value) diffuses, and exercise pays
w (X - k) with k = K - (present value of what is still to come), the full spot against the strike. Without early
exercise this is Black-76 on the forward, which is how vols are quoted.

With x = ln X and time to expiry t the value times exp(rt) obeys the heat equation along x + (r - q - vol^2/2) t. It
is solved by Crank-Nicolson on steps that grow from each ex-date on, the first two implicit (Rannacher 1984); the
obstacle by Howard's iteration over the points exercised. The European value is carried along on the same grid
and taken off, so that what both get wrong at the strike cancels; the result is extrapolated from two grids.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["ROUNDS", "Steps", "plan_steps", "premium_of_arrays", "stepped"]

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

SPACING = 0.02  # of points, in standard deviations until expiry
REACH = 6.0  # standard deviations on either side of the strike and the spot
MOST = 2000  # points
TIMES = 150  # steps if no dividend falls into the option's life, and about as many if some do
IMPLICIT = 2  # first steps of a segment
ROUNDS = 30  # of Howard's iteration; two or three are what it takes


class Steps(NamedTuple):
    """The grid of one option.

    Attributes
    ----------
    log_points : ndarray
        Of X at expiry; the strike is one of them.
    at : float
        The point of today's X, along the drift.
    ends : ndarray, shape (steps,)
        Time to expiry at the end of each step.
    strikes, strikes_before : ndarray, shape (steps,)
        k at the end of each step; and just before the dividend that goes ex there, equal if none does.
    implicit : ndarray of bool, shape (steps,)
    """

    log_points: Array
    at: float
    ends: Array
    strikes: Array
    strikes_before: Array
    implicit: Mask


def stepped(
    w: float, X: float, K: float, T: float, r: float, v: float, q: float,
    *, times: Array, amounts: Array, march: Callable[..., tuple[Array, Mask]],
) -> tuple[float, float, float, bool]:  # fmt: skip
    """Premium of one option, its two slopes in X, and whether it is exercised now.

    `march` is `premium_of_arrays` or its compiled twin; dividends go ex at times in (0, T].
    """
    found = []
    for coarser in (1, 2):
        steps = plan_steps(X, K, T, r, v, q, times, amounts, coarser)
        premium, exercised = march(steps, w, K, r, v, q)
        found.append(_read_off(steps, premium, exercised, X, r * T))
    (f, slope, bend, now), (rough, *_) = found
    return (4.0 * f - rough) / 3.0, slope, bend, now


def plan_steps(
    X: float, K: float, T: float, r: float, v: float, q: float, times: Array, amounts: Array, coarser: int = 1
) -> Steps:
    """Return the grid; `coarser` 2 has half of the points and steps."""
    sd = v * math.sqrt(T)
    at = math.log(X) + (r - q - 0.5 * v * v) * T
    far = at - math.log(K)
    spacing = max(SPACING * sd, (abs(far) + 2.0 * REACH * sd) / MOST) * coarser
    low, high = (math.ceil((REACH * sd + max(side, 0.0)) / spacing) + 3 for side in (-far, far))
    points: Array = math.log(K) + spacing * np.arange(-low, high + 1, dtype=np.float64)
    edges = np.unique(np.concatenate([[0.0, T], T - times]))
    ends, implicit = [], []
    for start, stop in pairwise(edges.tolist()):
        count = (
            max(8, math.ceil(TIMES * math.sqrt((stop - start) / T) / math.sqrt(len(edges) - 1))) // coarser
        )
        ends.append(start + (stop - start) * (np.arange(1, count + 1) / count) ** 2)
        ends[-1][-1] = stop
        implicit.append(np.arange(count) < IMPLICIT)
    t = np.concatenate(ends)
    now = T - t
    present = np.exp(-r * (times[:, None] - now)) * amounts[:, None]
    after, before = (
        K - np.where(times[:, None] > now + gap, present, 0.0).sum(axis=0) for gap in (1e-12 * T, -1e-12 * T)
    )
    return Steps(points, at, t, after, before, np.concatenate(implicit))


def premium_of_arrays(steps: Steps, w: float, K: float, r: float, v: float, q: float) -> tuple[Array, Mask]:
    """Premium by point, times exp(r T), and what is exercised now."""
    x, spacing = steps.log_points, steps.log_points[1] - steps.log_points[0]
    payoff = np.maximum(w * (np.exp(x) - K), 0.0)
    american, european = payoff.copy(), payoff.copy()
    exercised = np.zeros(x.size, dtype=bool)
    before = 0.0
    for end, strike, strike_before, implicit in zip(
        steps.ends, steps.strikes, steps.strikes_before, steps.implicit, strict=True
    ):
        share = 1.0 if implicit else 0.5
        a = 0.5 * v * v * (end - before) / (spacing * spacing)
        grown = np.exp(x - (r - q - 0.5 * v * v) * end)
        obstacle = math.exp(r * end) * w * (grown - strike)
        european = _step(european, a, share)
        american, exercised = _step_above(american, a, share, obstacle, exercised)
        if strike_before != strike:
            american = raised(american, math.exp(r * end) * w * (grown - strike_before))
        before = end
    return american - european, exercised


def raised(u: Array, obstacle: Array) -> Array:
    """The larger of both; where they cross, its mean over the cell of the point, so that the kink may lie anywhere."""
    gain = obstacle - u
    between = 0.5 * (gain[1:] + gain[:-1])
    left, right = np.append(gain[0], between), np.append(between, gain[-1])
    crossed = (np.minimum(left, right) < 0.0) & (np.maximum(left, right) > 0.0)
    mean = 0.5 * (_positive_mean(left, gain) + _positive_mean(gain, right))
    return np.asarray(u + np.where(crossed, mean, np.maximum(gain, 0.0)))


def _positive_mean(a: Array, b: Array) -> Array:
    """Mean of the positive part of what goes straight from a to b."""
    with np.errstate(all="ignore"):
        mean = 0.5 * (np.maximum(a, 0.0) ** 2 - np.maximum(b, 0.0) ** 2) / (a - b)
    return np.where(a == b, np.maximum(a, 0.0), mean)


def _right_side(u: Array, a: float, share: float) -> Array:
    b = (1.0 - share) * a
    d = u.copy()
    d[1:-1] += b * (u[:-2] - 2.0 * u[1:-1] + u[2:])
    return d


def _solve(a: float, share: float, d: Array, fixed: Mask) -> Array:
    """Solve the step; a fixed point keeps what is in d."""
    from scipy.linalg.lapack import dgtsv  # takes longer to load than a plan on a European chain

    off = np.full(d.size, -share * a)
    main = np.full(d.size, 1.0 + 2.0 * share * a)
    off[fixed], main[fixed] = 0.0, 1.0
    return np.asarray(dgtsv(off[1:], main, off[:-1], d)[3])


def _step(u: Array, a: float, share: float) -> Array:
    fixed = np.zeros(u.size, dtype=bool)
    fixed[[0, -1]] = True
    return _solve(a, share, _right_side(u, a, share), fixed)


def _step_above(u: Array, a: float, share: float, obstacle: Array, exercised: Mask) -> tuple[Array, Mask]:
    d = _right_side(u, a, share)
    d[[0, -1]] = np.maximum(d[[0, -1]], obstacle[[0, -1]])
    inside = slice(1, -1)
    ends = np.ones(u.size, dtype=bool)
    ends[inside] = False
    exercised = exercised & ~ends
    new = u
    for _ in range(ROUNDS):
        new = _solve(a, share, np.where(exercised, obstacle, d), exercised | ends)
        # Not negative where exercised.
        left = new[inside] + share * a * (2.0 * new[inside] - new[:-2] - new[2:]) - d[inside]
        changed = np.zeros(u.size, dtype=bool)
        changed[inside] = np.where(exercised[inside], left >= 0.0, new[inside] < obstacle[inside])
        if (changed == exercised).all():
            break
        exercised = changed
    return np.maximum(new, obstacle), exercised


def _read_off(
    steps: Steps, premium: Array, exercised: Mask, X: float, rT: float
) -> tuple[float, float, float, bool]:
    """Premium at today's X, its two slopes in X, and whether the points around are exercised.

    Taken from six points around, moved aside so that none is exercised: the second slope jumps at the boundary.
    """
    x = steps.log_points
    spacing = x[1] - x[0]
    j = min(max(int((steps.at - x[0]) / spacing), 2), x.size - 4)
    for move in (0, 1, -1, 2, -2, 3, -3):
        if 2 <= j + move <= x.size - 4 and not exercised[j + move - 2 : j + move + 4].any():
            break
    else:
        move = 0
    points = slice(j + move - 2, j + move + 4)
    weights = _lagrange((steps.at - x[j + move]) / spacing)
    f, f1, f2 = (weight @ premium[points] * math.exp(-rT) for weight in weights)
    slope, bend = f1 / spacing, f2 / spacing**2
    return float(f), float(slope / X), float((bend - slope) / X**2), bool(exercised[j] and exercised[j + 1])


_NODES = np.arange(-2.0, 4.0)
_POWERS = np.linalg.inv(np.vander(_NODES, increasing=True))  # from values at six points to a polynomial


def _lagrange(z: float) -> tuple[Array, Array, Array]:
    n = np.arange(6.0)
    power = z**n
    first = np.concatenate([[0.0], n[1:] * power[:-1]])
    second = np.concatenate([[0.0, 0.0], n[2:] * n[1:-1] * power[:-2]])
    return power @ _POWERS, first @ _POWERS, second @ _POWERS
