"""A binomial tree of many steps for American options with cash dividends: slow, simple, independent."""

from __future__ import annotations

import math

import numpy as np

WIDTH = 8.0  # standard deviations beyond which the tree is cut


def tree(
    w: float,
    S: float,
    K: float,
    T: float,
    r: float,
    vol: float,
    q: float = 0.0,
    dividends: tuple[tuple[float, float], ...] = (),
    steps: int = 20_000,
) -> float:
    """Value on a tree of so many steps, extrapolated from half of them; the last step is Black-Scholes."""
    half, whole = (_once(w, S, K, T, r, vol, q, dividends, n) for n in (steps // 2, steps))
    return 2.0 * whole - half


def _present(r: float, now: float, dividends: tuple[tuple[float, float], ...], *, before: bool) -> float:
    gap = -1e-12 if before else 1e-12
    return sum(amount * math.exp(-r * (time - now)) for time, amount in dividends if time > now + gap)


def _once(
    w: float, S: float, K: float, T: float, r: float, vol: float, q: float,
    dividends: tuple[tuple[float, float], ...], steps: int,
) -> float:  # fmt: skip
    from hedging import greeks

    X = S - _present(r, 0.0, dividends, before=False)
    dt = T / steps
    up = vol * math.sqrt(dt)
    growth = math.exp((r - q) * dt)
    p = (growth - math.exp(-up)) / (math.exp(up) - math.exp(-up))
    good, bad = p * math.exp(-r * dt), (1.0 - p) * math.exp(-r * dt)
    # Node j of step i is X exp((2 j - i) up); only those within the cone around the middle are kept.
    width = int(WIDTH * math.sqrt(steps)) + 2

    def spots(i: int) -> tuple[int, np.ndarray]:
        first = max(0, (i - width) // 2)
        last = min(i, (i + width) // 2)
        return first, X * np.exp((2.0 * np.arange(first, last + 1) - i) * up)

    def pays(i: int, x: np.ndarray) -> np.ndarray:
        now, before = i * dt, (i - 1) * dt
        owed = _present(r, now, dividends, before=False)
        crossed = [a for t, a in dividends if before < t <= now]  # exercised right before it goes ex
        return np.maximum(w * (x + owed - K), w * (x + owed + sum(crossed) - K))

    first, x = spots(steps - 1)
    flag = "c" if w > 0 else "p"
    value = np.maximum(greeks.price(flag, x, K, dt, r, vol, q), pays(steps - 1, x))
    for i in range(steps - 2, -1, -1):
        start, x = spots(i)
        down = start - first
        if down >= 0 and down + x.size + 1 <= value.size:
            held = good * value[down + 1 : down + 1 + x.size] + bad * value[down : down + x.size]
        else:  # an edge that was cut: beyond it nothing matters
            index = np.arange(x.size) + down
            held = (
                good * value[np.clip(index + 1, 0, value.size - 1)]
                + bad * value[np.clip(index, 0, value.size - 1)]
            )
        value, first = np.maximum(held, pays(i, x)), start
    return float(value[0])
