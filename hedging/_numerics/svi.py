"""Raw SVI and SSVI: total variance as a function of log-moneyness, its slopes, and its no-arbitrage tests.

A slice is five numbers ``(a, b, rho, m, s)`` with total variance

    w(k) = a + b (rho (k - m) + sqrt((k - m)^2 + s^2)),    k = ln(strike / forward).

Functions take parameters of shape (..., 5) and k of shape (points,), and return (..., points).

References
----------
J. Gatheral and A. Jacquier, Arbitrage-free SVI volatility surfaces, Quantitative Finance 14 (2014) 59-71.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from hedging._numerics.types import Array

__all__ = [
    "STEEPEST",
    "butterfly",
    "from_free",
    "raw_from_ssvi",
    "to_free",
    "total_variance",
    "variance",
    "variance_slopes",
    "wings",
]


STEEPEST: Final = 1.25
"""Slope of a fitted wing. Lee's bound is 2; close to it spot may go to 0, and the density would not show it."""

_TINY: Final = 1e-12


def total_variance(slices: Array, k: Array) -> Array:
    """Total variance ``w(k)``. [1]"""
    a, b, rho, m, s = (slices[..., i, None] for i in range(5))
    return np.asarray(variance(a, b, rho, m, s, k))


def variance(a: Any, b: Any, rho: Any, m: Any, s: Any, k: Any) -> Any:
    """Total variance of one slice, of numbers or of arrays that broadcast; also inside compiled loops. [1]"""
    x = k - m
    return a + b * (rho * x + np.sqrt(x * x + s * s))


def variance_slopes(slices: Array, k: Array) -> tuple[Array, Array, Array]:
    """``w``, ``w'`` and ``w''`` with respect to k."""
    a, b, rho, m, s = (slices[..., i, None] for i in range(5))
    x = k - m
    root = np.sqrt(x * x + s * s)
    return a + b * (rho * x + root), b * (rho + x / root), b * s * s / root**3


def butterfly(variance: Array, slope: Array, curvature: Array, k: Array) -> Array:
    """Durrleman's function g(k): the density of the slice is not negative where g is not. [1]"""
    straight = 1.0 - 0.5 * k * slope / variance
    return np.asarray(straight**2 - 0.25 * slope**2 * (1.0 / variance + 0.25) + 0.5 * curvature)


def wings(slices: Array) -> Array:
    """Slopes of total variance far out, ``(left, right)``; both at most 2 (Lee). [1]"""
    return np.asarray(slices[..., 1:2] * (1.0 + np.array([-1.0, 1.0]) * slices[..., 2:3]))


def raw_from_ssvi(theta: Array, rho: Array, phi: Array) -> Array:
    """Raw SVI parameters of SSVI slices; `theta` is the at-the-money total variance."""
    theta, rho, phi = np.broadcast_arrays(theta, rho, phi)
    flat = 1.0 - rho**2
    return np.stack([0.5 * theta * flat, 0.5 * theta * phi, rho, -rho / phi, np.sqrt(flat) / phi], axis=-1)


def to_free(slices: Array) -> Array:
    """Map slices to unbounded coordinates ``(ln least variance, its k, logit of both wings' slopes, ln s)``.

    The least variance, where it lies and the wings are what quotes show; m and rho are not: along the
    near-parabolas that wide smiles are, they change together with s by any amount, and a fit in them crawls.
    """
    a, b, rho, m, s = (slices[..., i] for i in range(5))
    flat = np.sqrt(1.0 - rho**2)
    least = np.maximum(a + b * s * flat, _TINY)
    left, right = (np.clip(b * (1.0 + side * rho) / STEEPEST, _TINY, 1.0 - 1e-6) for side in (-1.0, 1.0))
    slopes = (np.log(slope / (1.0 - slope)) for slope in (left, right))
    return np.stack([np.log(least), m - s * rho / flat, *slopes, np.log(s)], axis=-1)


def from_free(free: Array) -> Array:
    """Inverse of `to_free`: any numbers give a slice of positive variance, no wing steeper than `STEEPEST`."""
    # The bounds lie far outside any market; they keep a wild step of the fit from overflowing.
    least, s = np.exp(np.clip(free[..., 0], -30, 5)), np.exp(np.clip(free[..., 4], -12, 5))
    left, right = (STEEPEST / (1.0 + np.exp(-np.clip(free[..., i], -30, 30))) for i in (2, 3))
    b = 0.5 * (left + right)
    rho = np.clip((right - left) / (right + left), -0.9999, 0.9999)
    flat = np.sqrt(1.0 - rho**2)
    return np.stack([least - b * s * flat, b, rho, free[..., 1] + s * rho / flat, s], axis=-1)
