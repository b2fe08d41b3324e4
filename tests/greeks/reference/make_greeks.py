"""Write greeks.csv.gz: Black-Scholes-Merton values to 20 digits, with their conditioning, over all regions.

Run from the project root: ``python tests/reference/make_greeks.py`` (needs mpmath; about a minute).

Values are the textbook closed forms in 80-digit arithmetic; on a sample of rows they are checked against
nested central differences of the price in 160 digits, so a wrong formula cannot become a reference. The
conditioning of a value G is |G| + sum over the inputs of |x dG/dx|: times 2**-53, the largest change that
rounding the inputs and the result to float64 can cause.
"""

from __future__ import annotations

import csv
import gzip
import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from mpmath import mp, mpf

INPUTS = ("spot", "strike", "time_to_expiry", "rate", "vol", "dividend_yield")
SECOND = 1 / (365 * 86_400)


def closed_forms(w: int, S: mpf, K: mpf, T: mpf, r: mpf, v: mpf, q: mpf) -> dict[str, mpf]:
    """Textbook formulas, per 1.00 of each variable and per year; time derivatives to calendar time."""
    root = mp.sqrt(T)
    s = v * root
    d1 = (mp.log(S / K) + (r - q) * T) / s + s / 2
    d2 = d1 - s
    N1, N2 = (mp.erfc(-w * d / mp.sqrt(2)) / 2 for d in (d1, d2))
    n1 = mp.exp(-d1 * d1 / 2) / mp.sqrt(2 * mp.pi)
    D, Q = mp.exp(-r * T), mp.exp(-q * T)
    vega = S * Q * n1 * root
    gamma = Q * n1 / (S * s)
    moving = (r - q) / s - d2 / (2 * T)
    return {
        "price": w * (S * Q * N1 - K * D * N2),
        "delta": w * Q * N1,
        "gamma": gamma,
        "vega": vega,
        "theta": w * (q * S * Q * N1 - r * K * D * N2) - S * Q * n1 * v / (2 * root),
        "rho": w * K * T * D * N2,
        "rho_yield": -w * S * T * Q * N1,
        "dual_delta": -w * D * N2,
        "vanna": -Q * n1 * d2 / v,
        "volga": vega * d1 * d2 / v,
        "charm": w * q * Q * N1 - Q * n1 * moving,
        "veta": vega * (q + (r - q) * d1 / s - (1 + d1 * d2) / (2 * T)),
        "speed": -gamma * (d1 / s + 1) / S,
        "zomma": gamma * (d1 * d2 - 1) / v,
        "color": gamma * (q + moving * d1 + 1 / (2 * T)),
        "dual_gamma": D * mp.exp(-d2 * d2 / 2) / mp.sqrt(2 * mp.pi) / (K * s),
        "ultima": -vega * (d1 * d2 * (1 - d1 * d2) + d1 * d1 + d2 * d2) / v**2,
    }


# Every Greek as derivatives of the price: positions among S, K, T, r, v, q and the sign.
DERIVATIVES: dict[str, tuple[tuple[int, ...], int]] = {
    "delta": ((0,), 1),
    "gamma": ((0, 0), 1),
    "vega": ((4,), 1),
    "theta": ((2,), -1),
    "rho": ((3,), 1),
    "rho_yield": ((5,), 1),
    "dual_delta": ((1,), 1),
    "vanna": ((0, 4), 1),
    "volga": ((4, 4), 1),
    "charm": ((0, 2), -1),
    "veta": ((4, 2), -1),
    "speed": ((0, 0, 0), 1),
    "zomma": ((0, 0, 4), 1),
    "color": ((0, 0, 2), -1),
    "dual_gamma": ((1, 1), 1),
    "ultima": ((4, 4, 4), 1),
}


def difference(function: Callable[..., mpf], x: tuple[mpf, ...], at: tuple[int, ...]) -> mpf:
    if not at:
        return function(*x)
    k, h = at[0], mpf(10) ** -30 * max(abs(x[at[0]]), mpf("0.01"))
    moved = [x[:k] + (x[k] + step,) + x[k + 1 :] for step in (h, -h)]
    up, down = (difference(function, point, at[1:]) for point in moved)
    return (up - down) / (2 * h)


def check_by_differences(w: int, x: tuple[mpf, ...]) -> None:
    with mp.workdps(160):
        exact = closed_forms(w, *x)
        for name, (at, sign) in DERIVATIVES.items():
            slope = sign * difference(lambda *y: closed_forms(w, *y)["price"], x, at)
            scale = abs(exact[name]) + mpf(10) ** -20 * exact["price"]
            if abs(slope - exact[name]) > mpf(10) ** -15 * scale:
                raise AssertionError(f"{name} at {w}, {x}: {mp.nstr(exact[name], 20)}, {mp.nstr(slope, 20)}")


def conditioning(w: int, x: tuple[mpf, ...], exact: dict[str, mpf]) -> dict[str, mpf]:
    total = {name: abs(value) for name, value in exact.items()}
    for k, value in enumerate(x):
        if value:
            h = mpf(10) ** -25 * value
            up, down = (closed_forms(w, *x[:k], value + e, *x[k + 1 :]) for e in (h, -h))
            for name in total:
                total[name] += abs((up[name] - down[name]) / (2 * mpf(10) ** -25))
    return total


def points() -> Iterator[tuple[str, int, tuple[float, ...]]]:
    """Region, flag and inputs, rounded to few digits so that the file stays readable."""
    rng = np.random.default_rng(20261121)

    def between(low: float, high: float) -> float:
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))

    hour, day = 3600 * SECOND, 1 / 365
    regions: dict[str, tuple[int, Callable[[], tuple[float, float, float]]]] = {
        # strike / spot, time, vol
        "ordinary": (500, lambda: (between(0.5, 2), between(day, 2), between(0.1, 2))),
        "wings": (500, lambda: (between(1e-4, 1e4), between(day, 30), between(0.05, 3))),
        "short": (350, lambda: (between(0.97, 1.03), between(SECOND, hour), between(0.1, 5))),
        "quiet": (350, lambda: (between(0.99, 1.01), between(day, 30), between(0.001, 0.01))),
        "wild": (350, lambda: (between(0.01, 100), between(SECOND, 30), between(5, 30))),
        "exact": (60, lambda: (1.0, between(SECOND, 30), between(0.01, 5))),  # at the money to the bit
        "money": (
            350,
            lambda: (1 + rng.normal() * between(1e-9, 1e-3), between(SECOND, 30), between(0.01, 5)),
        ),
    }
    for region, (count, draw) in regions.items():
        for i in range(count):
            ratio, time, vol = draw()
            spot = float(f"{between(1e-4, 1e5):.5g}")
            rate, carry = (0.0, 0.0) if i % 5 == 0 else rng.uniform(-0.05, 0.2, 2)
            strike = float(f"{spot * ratio:.12g}" if region == "money" else f"{spot * ratio:.7g}")
            carry = rate if region == "exact" else carry
            rest = (f"{time:.5g}", f"{rate:.4g}", f"{vol:.4g}", f"{carry:.4g}")
            yield region, 1 if i % 2 else -1, (spot, strike, *map(float, rest))


def main() -> None:
    mp.dps = 80
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    names = ("price", *DERIVATIVES)
    table.writerow(["region", "flag", *INPUTS, *names, *(f"{name}_conditioning" for name in names)])
    kept = 0
    for region, w, floats in points():
        x = tuple(map(mpf, floats))
        exact = closed_forms(w, *x)
        if exact["price"] < mpf(10) ** -250 * x[0]:
            continue  # too near the smallest float for a statement about digits
        if kept % 60 == 0:
            check_by_differences(w, x)
        kept += 1
        limits = conditioning(w, x, exact)
        values = [mp.nstr(exact[name], 20, strip_zeros=True) for name in names]
        sizes = [mp.nstr(limits[name], 4) for name in names]
        table.writerow([region, "c" if w > 0 else "p", *map(repr, floats), *values, *sizes])
    path = Path(__file__).with_name("greeks.csv.gz")
    path.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))
    sys.stdout.write(f"{kept} rows, {path.stat().st_size // 1024} KiB\n")


if __name__ == "__main__":
    main()
