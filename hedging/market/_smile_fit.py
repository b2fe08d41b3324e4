"""Fit SVI slices and an SSVI surface to vols: small least-squares problems, solved together with their penalties.

The slices are fitted from the longest expiry to the shortest. Each is pulled weakly towards the SSVI surface,
which settles what few quotes leave open, and kept off butterfly and calendar arbitrage by penalties on a grid.
The order matters: far out a short slice is extrapolation, while the longer one has quotes there, so it is the
short one that must give way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from hedging._ground import clock
from hedging._numerics import svi
from hedging._numerics.types import Array
from hedging.units import DAYS_PER_YEAR

__all__ = ["Quotes", "fit_ssvi", "fit_svi", "margins"]

Residuals = Callable[[Array], Array]
Outline = tuple[Array, Array, Array]  # log-moneyness, total variance, weight

_VOL_SCALE: Final = 0.003  # a misfit of 0.3 vol points weighs as much as a free parameter off by one sd
_QUOTE_PULL: Final = (
    4.0  # a vol outside its quote by a half spread weighs as much as a misfit of 1.2 vol points
)
_INSIDE: Final = 0.4  # how far inside its quote a vol is wanted [half spreads]
_TIGHTEST: Final = 0.002  # least half spread that tells quotes apart [vol]
_OUTLINE_PULL: Final = 2.0  # of what shorter expiries show, against a misfit of the slice's own vols
_PULL: Final = 0.02  # of the SSVI surface on a free parameter of a slice
_MARGIN: Final = 0.01  # g is kept above this on the penalty's grid, so that it is above 0 between its points
_CALENDAR_MARGIN: Final = 1e-3  # share of variance
_LEAST: Final = 0.03  # least variance of a slice, in shares of that at the money: a sixth of its vol
_SHORT: Final = 7.0 / DAYS_PER_YEAR  # years; shorter slices count for less in the SSVI surface
_REWEIGHTED: Final = 2  # times the slices are fitted again with outliers weighed down
_NOISE: Final = 1e-4  # a misfit of a hundredth of a vol point makes no outlier
_QUOTE_NOISE: Final = 0.3  # nor does a vol that misses its quote by a third of a half spread
_STEP_DOWN: Final = 5e-4  # largest share of variance that a slice is lowered by to lie below the next one
_STRENGTHS: Final = (1.0, 10.0, 100.0, 1_000.0, 10_000.0)
_WIDE: Final = np.linspace(-2.0, 2.0, 41)
_CLOSE: Final = np.linspace(-8.0, 8.0, 49)  # in standard deviations


@dataclass(frozen=True, slots=True)
class Quotes:
    """What one slice is fitted to.

    Attributes
    ----------
    time : float
        Time to expiry. [years]
    k, vol, weight : ndarray, shape (quotes,)
        Log-moneyness, vol [decimal] and weight of its misfit, whose mean square is 1.
    middle, half_spread : ndarray, shape (quotes,)
        Vol midway between bid and ask, and half of what they are apart; infinite where not both are known.
        [decimal]
    trust : ndarray, shape (quotes,)
        How much it counts to lie between bid and ask, 0 to 1.
    """

    time: float
    k: Array
    vol: Array
    weight: Array
    middle: Array
    half_spread: Array
    trust: Array

    @property
    def at_the_money(self) -> float:
        """Total variance of the quote closest to the forward. [1]"""
        return float(self.vol[np.argmin(np.abs(self.k))] ** 2 * self.time)

    def beyond(self, vol: Array) -> Array:
        """How far vols, shape (..., quotes), are from where they are wanted inside bid and ask. [half spreads]"""
        outside = np.abs(vol - self.middle) - (1.0 - _INSIDE) * self.half_spread
        return np.asarray(np.maximum(outside, 0.0) / np.maximum(self.half_spread, _TIGHTEST))


def grid(variance: float, fine: int = 1) -> Array:
    """Log-moneyness where arbitrage is looked for: wide, and close around the money; `fine` times as dense."""
    count = [1 + fine * (len(points) - 1) for points in (_WIDE, _CLOSE)]
    wide, close = (np.linspace(p[0], p[-1], n) for p, n in zip((_WIDE, _CLOSE), count, strict=True))
    return np.sort(np.concatenate([wide, np.clip(np.sqrt(variance) * close, wide[0], wide[-1])]))


def fit_ssvi(quotes: Sequence[Quotes]) -> Array:
    """Raw parameters, shape (expiries, 5), of the SSVI surface nearest to the quotes.

    ``phi(theta) = eta * theta^-gamma`` with gamma in (0, 1/2); the at-the-money variance of each expiry is
    fitted along with rho, eta and gamma.
    """
    start = np.array([np.arctanh(-0.25), np.log(0.8), 2.0, *(np.log(q.at_the_money) for q in quotes)])
    index = np.repeat(np.arange(len(quotes)), [len(q.k) for q in quotes])
    k, vol = (np.concatenate([getattr(q, name) for q in quotes]) for name in ("k", "vol"))
    # Within days of expiry smiles have shapes of their own; three numbers for all must not follow those.
    share = [min(1.0, q.time / _SHORT) / np.sqrt(len(q.k)) for q in quotes]
    weight = np.concatenate([q.weight * s for q, s in zip(quotes, share, strict=True)]) / _VOL_SCALE
    time = np.array([q.time for q in quotes])[index]

    def surface(free: Array) -> tuple[Array, Array, Array]:
        rho, eta = np.tanh(free[..., 0:1]), np.exp(np.clip(free[..., 1:2], -5, 5))
        gamma = 0.5 / (1.0 + np.exp(-np.clip(free[..., 2:3], -30, 30)))
        theta = np.exp(np.clip(free[..., 3:], -30, 5))
        return theta, np.clip(rho, -0.999, 0.999), eta * theta**-gamma

    def residuals(free: Array) -> Array:
        level, rho, phi = surface(free)
        theta, shift = level[..., index], phi[..., index] * k
        variance = 0.5 * theta * (1.0 + rho * shift + np.sqrt((shift + rho) ** 2 + 1.0 - rho**2))
        parts = [
            (np.sqrt(variance / time) - vol) * weight,
            _PULL * (free - start),
            *_ssvi_penalties(level, rho, phi),
        ]
        return np.concatenate(parts, axis=-1)

    return np.asarray(svi.raw_from_ssvi(*surface(_least_squares(residuals, start))))


def _ssvi_penalties(theta: Array, rho: Array, phi: Array) -> list[Array]:
    """Breaches of Gatheral and Jacquier's conditions (theorems 4.1 and 4.2) for a surface without arbitrage."""
    skew = 1.0 + np.abs(rho)
    return [
        100.0 * np.maximum(theta * phi * skew / 4.0 - 0.99, 0.0),
        100.0 * np.maximum(theta * phi**2 * skew / 4.0 - 0.99, 0.0),
        100.0 * np.maximum(theta[..., :-1] / theta[..., 1:] - 0.999, 0.0),  # variance grows with time
    ]


def fit_svi(quotes: Sequence[Quotes], prior: Array) -> Array:
    """Raw parameters, shape (expiries, 5), of SVI slices near the quotes and free of arbitrage on the grid.

    Parameters
    ----------
    quotes : sequence of Quotes
        By ascending expiry.
    prior : ndarray, shape (expiries, 5)
        Slices to lean on, as `fit_ssvi` returns them.
    """
    slices = prior.copy()
    weighed = quotes
    for again in range(1 + _REWEIGHTED):
        if again:
            weighed = [_reweighted(q, slices[i]) for i, q in enumerate(quotes)]
        outlines = _outlines(weighed)
        for i in reversed(range(len(quotes))):
            clock.look()
            later = slices[i + 1] if i + 1 < len(quotes) else None
            slices[i] = _fit_slice(weighed[i], outlines[i], prior[i], slices[i], later)
    return slices


def _outlines(quotes: Sequence[Quotes]) -> list[Outline]:
    """What shorter expiries show, for each expiry; of every stretch of strikes the latest that quotes it.

    An expiry of few strikes knows nothing of its wings; without this it may leave no room below itself for
    shorter ones that do.
    """
    k = variance = weight = np.empty(0)
    outlines = []
    for q in quotes:
        outlines.append((k, variance, weight))
        beyond = (k < q.k.min()) | (k > q.k.max())
        k = np.concatenate([k[beyond], q.k])
        variance = np.concatenate([variance[beyond], q.vol**2 * q.time])
        weight = np.concatenate([weight[beyond], q.weight])
    return outlines


def _reweighted(quotes: Quotes, found: Array) -> Quotes:
    """Weigh down what the slice misses by far: a quote that no smile can meet must not bend it elsewhere."""
    vol = np.sqrt(svi.total_variance(found, quotes.k) / quotes.time)
    weight = quotes.weight * _calm(np.abs(vol - quotes.vol) * quotes.weight, _NOISE)
    return replace(
        quotes,
        weight=weight / np.sqrt((weight**2).mean()),
        trust=_calm(quotes.beyond(vol), _QUOTE_NOISE),
    )


def _calm(off: Array, noise: float) -> Array:
    """Factor that keeps what is off by much more than three times the median from counting by its size."""
    return np.asarray(1.0 / np.sqrt(1.0 + (off / max(3.0 * float(np.median(off)), noise)) ** 2))


def margins(slice_: Array, before: Array | None) -> tuple[float, float]:
    """Least butterfly function of a slice, and least gain of total variance over the slice before, on a fine grid.

    Neither is negative where there is no arbitrage; without a slice before, the gain is over 0.
    """
    k = grid(float(svi.total_variance(slice_, np.zeros(1))[0]), fine=10)
    variance, slope, curvature = svi.variance_slopes(slice_, k)
    gain = variance if before is None else variance - svi.total_variance(before, k)
    return float(svi.butterfly(variance, slope, curvature, k).min()), float(gain.min())


def _sound(slice_: Array, later: Array | None) -> bool:
    """Whether a slice is free of arbitrage, also against the next later one."""
    butterfly, least = margins(slice_, None)
    return butterfly >= 0.0 and least > 0.0 and (later is None or margins(later, slice_)[1] >= 0.0)


def _fit_slice(quotes: Quotes, outline: Outline, prior: Array, start: Array, later: Array | None) -> Array:
    """Fit one slice below the next later one; the penalties grow until a finer grid finds no arbitrage."""
    free = svi.to_free(start)
    for strength in _STRENGTHS:
        free = _least_squares(_slice_residuals(quotes, outline, prior, later, strength), free)
        found = svi.from_free(free)
        # What the penalties leave undone, a hundredth of a vol point, the whole slice steps down by.
        excess = 0.0 if later is None else max(-margins(later, found)[1], 0.0)
        found[0] -= excess
        if excess <= _STEP_DOWN * quotes.at_the_money and _sound(found, later):
            return found
    return _made_sound(found, quotes.at_the_money, later)


def _made_sound(slice_: Array, at_the_money: float, later: Array | None) -> Array:
    """Go from a slice with arbitrage towards one that has none, as little as will do.

    That one is flat, or the later slice scaled down: where g is not negative for a total variance it is not
    for any share of it either, being concave in the share.
    """
    if later is None:
        safe = svi.to_free(np.array([at_the_money, 1e-9, 0.0, 0.0, 0.1]))
    else:
        share = min(0.999, at_the_money / float(svi.total_variance(later, np.zeros(1))[0]))
        safe = svi.to_free(later * np.array([share, share, 1.0, 1.0, 1.0]))
    free = svi.to_free(slice_)
    steps = (svi.from_free(free + part * (safe - free)) for part in np.linspace(0.0, 1.0, 33))
    return next((step for step in steps if _sound(step, later)), svi.from_free(safe))


def _slice_residuals(
    quotes: Quotes, outline: Outline, prior: Array, later: Array | None, strength: float
) -> Residuals:
    """Misfit in vol, vols outside their quotes or below the outline, pull of the prior, penalties of arbitrage."""
    level = quotes.at_the_money
    points = grid(level)
    start = svi.to_free(prior)
    weight = quotes.weight / (_VOL_SCALE * np.sqrt(len(quotes.k)))
    trust = _QUOTE_PULL * quotes.trust / np.sqrt(len(quotes.k))
    pull = _PULL * np.array([1.0, 0.5 / np.sqrt(level), 1.0, 1.0, 1.0])
    below, floor, share = outline
    floor = np.sqrt(floor / quotes.time)
    share = share * _OUTLINE_PULL / (_VOL_SCALE * np.sqrt(max(len(below), 1)))
    count = np.sqrt(len(points))
    least = np.log(_LEAST * level)
    if later is not None:
        ceiling, steepest = svi.total_variance(later, points), svi.wings(later)

    def residuals(free: Array) -> Array:
        slices = svi.from_free(free)
        slopes = svi.wings(slices)
        variance, slope, curvature = svi.variance_slopes(slices, points)
        g = svi.butterfly(variance, slope, curvature, points)
        vol = np.sqrt(svi.total_variance(slices, quotes.k) / quotes.time)
        parts = [
            (vol - quotes.vol) * weight,
            quotes.beyond(vol) * trust,
            np.maximum(floor - np.sqrt(svi.total_variance(slices, below) / quotes.time), 0.0) * share,
            (free - start) * pull,
            strength * 30.0 * np.minimum(g - _MARGIN, 0.0) / count,
            strength * 10.0 * np.maximum(least - free[..., :1], 0.0),
        ]
        if later is not None:
            over = np.maximum(variance * (1.0 + _CALENDAR_MARGIN) - ceiling, 0.0)
            parts.append(strength * 500.0 * over / np.sqrt(ceiling * quotes.time) / count)
            parts.append(
                strength * 30.0 * np.maximum(slopes * (1.0 + _CALENDAR_MARGIN) / steepest - 1.0, 0.0)
            )
        return np.concatenate(parts, axis=-1)

    return residuals


def _least_squares(residuals: Residuals, start: Array, steps: int = 60) -> Array:
    """Minimise a sum of squares by Levenberg-Marquardt with forward differences.

    `residuals` takes parameters of shape (..., n): all n shifted points are evaluated in one call, which
    makes this a hundred times quicker than scipy's general solver on problems of this size.
    """
    width = 1e-6
    shifts = width * np.vstack([np.zeros(start.size), np.eye(start.size)])

    def linearised(point: Array) -> tuple[Array, Array, float]:
        values = residuals(point + shifts)
        return values[0], (values[1:] - values[0]).T / width, float(values[0] @ values[0])

    point, damping = start, 1e-3
    value, jacobian, cost = linearised(point)
    for _ in range(steps):
        clock.look()
        normal, gradient = jacobian.T @ jacobian, jacobian.T @ value
        step = np.linalg.solve(normal + damping * np.diag(normal.diagonal() + 1e-12), -gradient)
        trial = point + np.clip(step, -1.0, 1.0)
        trial_value, trial_jacobian, trial_cost = linearised(trial)
        if trial_cost < cost:
            gain = cost - trial_cost
            point, value, jacobian, cost = trial, trial_value, trial_jacobian, trial_cost
            damping = max(damping / 5.0, 1e-9)
            if gain < 1e-6 * cost:
                break
        elif damping > 1e9:
            break
        else:
            damping *= 4.0
    return point
