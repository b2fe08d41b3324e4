"""Bare-number inner loops: Black-76 and Black-Scholes-Merton values and raw derivatives. No checks here.

Everything rests on three numbers of the out-of-the-money side: its two normal tails and the density they
share. Written with the Mills ratio R(y) = N(-y) / n(y), the value keeps its digits in the wings, where the
textbook difference of two tiny tails loses them; an in-the-money option is its intrinsic value plus the same
time value (put-call parity).

With h = |ln(F/K)| / s and s = vol sqrt(T), the tails lie at a = h - s/2 and b = h + s/2, and
min(F, K) n(a) = max(F, K) n(b) is the density.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import erfcx

Array = npt.NDArray[np.float64]

_SQRT_HALF = np.sqrt(0.5)
_SQRT_HALF_PI = np.sqrt(0.5 * np.pi)
_INV_SQRT_2PI = 1.0 / np.sqrt(2.0 * np.pi)


def mills(y: Array) -> Array:
    """N(-y) / n(y) for y >= 0."""
    return np.asarray(_SQRT_HALF_PI * erfcx(y * _SQRT_HALF))


class _Tails(NamedTuple):
    """The out-of-the-money side of one option, undiscounted."""

    low: Array  # min(F, K)
    a: Array
    b: Array
    pdf: Array  # n(a)
    near_mills: Array  # R(|a|)
    far_mills: Array  # R(b)


def _tails(forward: Array, strike: Array, log_moneyness: Array, total_sd: Array) -> _Tails:
    # At the money h is 0 whatever the total_sd, 0 included; off it h is inf at 0, and the density 0.
    h = np.where(log_moneyness == 0.0, 0.0, np.abs(log_moneyness) / total_sd)
    a = h - 0.5 * total_sd
    b = h + 0.5 * total_sd
    pdf = np.exp(-0.5 * a * a) * _INV_SQRT_2PI
    return _Tails(np.minimum(forward, strike), a, b, pdf, mills(np.abs(a)), mills(b))


def _undiscounted(w: Array, forward: Array, strike: Array, t: _Tails) -> Array:
    time_value = np.where(t.a < 0, t.low, 0.0)
    time_value += t.low * t.pdf * (np.copysign(t.near_mills, t.a) - t.far_mills)
    return np.asarray(np.maximum(w * (forward - strike), 0.0) + time_value)


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
    with np.errstate(all="ignore"):
        value = _undiscounted(w, F, K, _tails(F, K, np.log(F / K), s))
    if out is None:
        return value
    out[...] = value
    return out


def black_scholes(
    names: tuple[str, ...],
    phi: npt.ArrayLike,
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    time_to_expiry: npt.ArrayLike,
    rate: npt.ArrayLike,
    vol: npt.ArrayLike,
    dividend_yield: npt.ArrayLike,
) -> list[Array]:
    """Value and derivatives asked for by name, per 1.00 of each variable and per year; nothing is checked.

    Derivatives to time are to calendar time: theta, charm, veta and color fall as the option ages. With
    ``dividend_yield = rate`` and the forward as `spot` this is Black-76, the forward held fixed.
    Limits at zero time and zero vol are those from above; on the kink gamma is infinite.
    """
    w, S, K, T, r, v, q = (
        np.asarray(x, dtype=np.float64)
        for x in (phi, spot, strike, time_to_expiry, rate, vol, dividend_yield)
    )
    with np.errstate(all="ignore"):
        terms = _terms(w, S, K, T, r, v, q)
        return [np.asarray(FORMULAS[name](terms)) for name in names]


class _Terms(NamedTuple):
    """Inputs and shared parts of every formula, discounted."""

    w: Array
    S: Array
    K: Array
    T: Array
    r: Array
    v: Array
    q: Array
    D: Array  # discount factor
    Q: Array  # yield factor
    root: Array  # sqrt(T)
    s: Array  # vol sqrt(T)
    m: Array  # ln(F/K) / s^2, so that d1 = s (m + 1/2) and d2 = s (m - 1/2)
    d1: Array
    d2: Array
    n: Array  # S Q n(d1) = K D n(d2)
    N1: Array  # N(w d1)
    N2: Array  # N(w d2)
    price: Array


def _terms(w: Array, S: Array, K: Array, T: Array, r: Array, v: Array, q: Array) -> _Terms:
    D, Q, root = np.exp(-r * T), np.exp(-q * T), np.sqrt(T)
    s = v * root
    F = S * np.exp((r - q) * T)
    x = np.log(S / K) + (r - q) * T
    t = _tails(F, K, x, s)
    near = np.where(t.a < 0, 1.0 - t.pdf * t.near_mills, t.pdf * t.near_mills)
    far = np.exp(-0.5 * t.b * t.b) * _INV_SQRT_2PI * t.far_mills
    below = x <= 0
    n1, n2 = np.where(below, near, far), np.where(below, far, near)
    out = w * x <= 0
    n1, n2 = np.where(out, n1, 1.0 - n1), np.where(out, n2, 1.0 - n2)
    n = D * t.low * t.pdf
    # Where the density is 0 every term that holds m is 0; on the kink m has the limit of x / s^2.
    m = np.where(x == 0.0, np.where((T == 0.0) & (v > 0), (r - q) / (v * v), 0.0), x / (s * s))
    m = np.where(n == 0.0, 0.0, m)
    d1, d2 = np.where(below, -t.a, t.b), np.where(below, -t.b, t.a)
    return _Terms(w, S, K, T, r, v, q, D, Q, root, s, m, d1, d2, n, n1, n2, D * _undiscounted(w, F, K, t))


def _over(top: Array, bottom: Array) -> Array:
    """Return top / bottom, and 0 where top is 0: a vanishing density beats every power of 1/s."""
    return np.where(top == 0.0, 0.0, top / bottom)


def _times(a: Array, b: Array) -> Array:
    """A product in which 0 beats infinity: an infinite strike that is never paid costs nothing."""
    return np.where((a == 0.0) | (b == 0.0), 0.0, a * b)


def _strike_leg(t: _Terms) -> Array:
    return _times(t.K * t.D, t.N2)


def _drift(t: _Terms) -> Array:
    """How fast d1 moves in calendar time, times -s."""
    return np.asarray(t.r - t.q - 0.5 * t.v * t.v * (t.m - 0.5))


def _theta(t: _Terms) -> Array:
    carry = t.w * (t.q * t.S * t.Q * t.N1 - _times(t.r, _strike_leg(t)))
    return np.asarray(carry - _over(t.n * t.v, 2.0 * t.root))


def _charm(t: _Terms) -> Array:
    return np.asarray(t.w * t.q * t.Q * t.N1 - _over(t.n * _drift(t), t.S * t.s))


def _veta(t: _Terms) -> Array:
    slow = t.root * t.n * (t.q + (t.r - t.q) * (t.m + 0.5))
    d1d2 = np.where(t.n == 0.0, 0.0, t.d1 * t.d2)
    return np.asarray(slow - _over(t.n * (1.0 + d1d2), 2.0 * t.root))


def _color(t: _Terms) -> Array:
    area = t.S * t.S * t.s
    return np.asarray(_over(t.n * (t.q + _drift(t) * (t.m + 0.5)), area) + _over(t.n, 2.0 * t.T * area))


def _ultima(t: _Terms) -> Array:
    square = t.s * t.s
    m2 = t.m * t.m
    return np.asarray(-t.n * t.root * t.T * ((m2 - 0.25) * (1.0 - square * (m2 - 0.25)) + 2.0 * (m2 + 0.25)))


def _zomma(t: _Terms) -> Array:
    d1d2 = np.where(t.n == 0.0, 0.0, t.d1 * t.d2)
    return _over(t.n * (d1d2 - 1.0), t.S * t.S * t.s * t.v)


# Haug, The Complete Guide to Option Pricing Formulas, 2nd ed., ch. 2, rearranged so that the limits hold.
FORMULAS: dict[str, Callable[[_Terms], Array]] = {
    "price": lambda t: t.price,
    "delta": lambda t: np.asarray(t.w * t.Q * t.N1),
    "gamma": lambda t: _over(t.n, t.S * t.S * t.s),
    "vega": lambda t: np.asarray(t.n * t.root),
    "theta": _theta,
    "rho": lambda t: np.asarray(t.w * _times(t.T, _strike_leg(t))),
    "rho_yield": lambda t: np.asarray(-t.w * t.T * t.S * t.Q * t.N1),
    "vanna": lambda t: np.asarray(-t.n / t.S * t.root * (t.m - 0.5)),
    "volga": lambda t: np.asarray(t.n * t.T * t.s * (t.m * t.m - 0.25)),
    "charm": _charm,
    "veta": _veta,
    "speed": lambda t: _over(-t.n * (t.m + 1.5), t.S * t.S * t.S * t.s),
    "zomma": _zomma,
    "color": _color,
    "ultima": _ultima,
    "dual_delta": lambda t: np.asarray(-t.w * t.D * t.N2),
    "dual_gamma": lambda t: _over(t.n, t.K * t.K * t.s),
}


def raw_greeks(
    phi: npt.ArrayLike,
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    time_to_expiry: npt.ArrayLike,
    rate: npt.ArrayLike,
    vol: npt.ArrayLike,
    dividend_yield: npt.ArrayLike = 0.0,
) -> list[Array]:
    """Price, delta, gamma, vega and theta at once, raw and unchecked: for engines inside the library."""
    names = ("price", "delta", "gamma", "vega", "theta")
    return black_scholes(names, phi, spot, strike, time_to_expiry, rate, vol, dividend_yield)


def black76_total_sd(
    phi: npt.ArrayLike, forward: npt.ArrayLike, strike: npt.ArrayLike, price: npt.ArrayLike
) -> Array:
    """Total standard deviation that gives an attainable undiscounted price, NaN where there is none.

    Bisection-safe Newton steps on the logarithm of the time value, which is concave and smooth in the wings.
    """
    w, F, K, p = np.broadcast_arrays(
        *(np.asarray(v, dtype=np.float64) for v in (phi, forward, strike, price))
    )
    with np.errstate(all="ignore"):
        low = np.minimum(F, K)
        target = p - np.maximum(w * (F - K), 0.0)
        x = np.log(F / K)
        known = (target > 0) & (target < low)
        s = np.sqrt(2.0 * np.abs(x)) + 1e-8
        bottom, top = np.zeros_like(s), np.full_like(s, np.inf)
        for _ in range(200):
            t = _tails(F, K, x, s)
            value = np.where(t.a < 0, t.low, 0.0)
            value = value + t.low * t.pdf * (np.copysign(t.near_mills, t.a) - t.far_mills)
            error = np.log(value / target)
            bottom, top = np.where(error < 0, s, bottom), np.where(error > 0, s, top)
            step = s - error * value / (t.low * t.pdf)
            middle = np.where(np.isinf(top), 2.0 * s, 0.5 * (bottom + top))
            step = np.where((step > bottom) & (step < top), step, middle)
            moved = np.abs(step - s)
            s = np.where(error == 0.0, s, step)
            if not (known & (error != 0.0) & (moved > 1e-15 * s)).any():
                break
        return np.where(known, s, np.where(target == 0.0, 0.0, np.nan))
