"""Speed and accuracy of American values, beside QuantLib's in the same run.

Run from the project root: ``python tests/bench/bench_american.py [options]`` (20,000 unless told; QuantLib, one
option at a time, gets a tenth of them). Both are held against a grid of twice the nodes and three times the points,
which shares our method, and against QuantLib's highest precision, which does not. One core; ratios count.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from time import process_time
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from hedging import greeks
from hedging._numerics import american, american_grid, kernels

SCHEMES = ("fastScheme", "accurateScheme", "highPrecisionScheme")


def options(count: int, seed: int = 0) -> dict[str, Any]:
    """Spot 100, vol 5 to 120 %, a day to three years, rates and yields 0 to 10 %, calls and puts that may pay."""
    rng = np.random.default_rng(seed)

    def between(low: float, high: float) -> np.ndarray:
        return np.exp(rng.uniform(np.log(low), np.log(high), count))

    vol, days = between(0.05, 1.2), np.maximum(1, np.round(between(1, 1095)))
    flag = rng.choice(["c", "p"], count)
    carry = np.where((flag == "p") & (rng.random(count) < 0.5), 0.0, rng.uniform(0, 0.1, count))
    return {
        "flag": flag,
        "spot": np.full(count, 100.0),
        "strike": 100 * np.exp(rng.normal(0, 1, count) * np.maximum(vol * np.sqrt(days / 365), 0.02)),
        "time_to_expiry": days / 365,
        "rate": rng.uniform(0, 0.1, count),
        "vol": vol,
        "dividend_yield": carry,
    }


def timed(call: Any, count: int, rounds: int = 5) -> tuple[Any, float]:
    """Return the result and microseconds of CPU an option, best of the rounds."""
    times, result = [], call()
    for _ in range(rounds):
        start = process_time()
        result = call()
        times.append(process_time() - start)
    return result, min(times) / count * 1e6


def quantlib(o: dict[str, Any], scheme: str) -> tuple[np.ndarray, float]:
    """Values, and microseconds of the engines alone: the objects are made before the clock starts."""
    import QuantLib as ql  # type: ignore[import-not-found]  # noqa: N813 - the name its own manual uses

    today, days = ql.Date(2, 1, 2026), ql.Actual365Fixed()
    ql.Settings.instance().evaluationDate = today
    made = []
    for flag, S, K, T, r, vol, q in zip(*(column.tolist() for column in o.values()), strict=True):
        kind = ql.Option.Call if flag == "c" else ql.Option.Put
        exercise = ql.AmericanExercise(today, today + round(T * 365))
        option = ql.VanillaOption(ql.PlainVanillaPayoff(kind, K), exercise)
        curves = (ql.YieldTermStructureHandle(ql.FlatForward(today, rate, days)) for rate in (q, r))
        level = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), vol, days))
        process = ql.BlackScholesMertonProcess(ql.QuoteHandle(ql.SimpleQuote(S)), *curves, level)
        option.setPricingEngine(ql.QdFpAmericanEngine(process, getattr(ql.QdFpAmericanEngine, scheme)()))
        made.append(option)
    start = process_time()
    values = np.array([option.NPV() for option in made])
    return values, (process_time() - start) / len(made) * 1e6


def very_fine(o: dict[str, Any]) -> np.ndarray:
    usual = american.QUICK, american.FINE
    american.QUICK = american.FINE = american_grid.build_grid(24, 30, 200, 40, 0)
    compiled, kernels.COMPILED = kernels.COMPILED, sys.maxsize
    try:
        return greeks.american_price(**o)
    finally:
        american.QUICK, american.FINE = usual
        kernels.COMPILED = compiled


def report(title: str, values: np.ndarray, each: float, truth: np.ndarray, base: float) -> None:
    error = np.abs(values - truth) / 100
    worst, most, usual = error.max(), np.quantile(error, 0.99), np.median(error)
    print(
        f"  {title:28s} {1e6 / each:10,.0f}/s {base / each:8.2f} x   "
        f"error over spot: worst {worst:.1e}  99 % {most:.1e}  median {usual:.1e}"
    )


def main(count: int) -> None:
    o = options(count)
    few = {name: column[: max(100, count // 10)] for name, column in o.items()}
    some = len(few["spot"])
    truth = very_fine(few)
    peers = {scheme: quantlib(few, scheme) for scheme in SCHEMES} if find_spec("QuantLib") else {}
    base = peers["accurateScheme"][1] if peers else 1.0
    rows: list[tuple[str, np.ndarray, float]] = []
    if find_spec("numba"):
        rows.append(("hedging[fast]", *timed(lambda: greeks.american_price(**o), count)))
    usual, kernels.COMPILED = kernels.COMPILED, sys.maxsize
    rows.append(("hedging, core", *timed(lambda: greeks.american_price(**few), some, 2)))
    kernels.COMPILED = usual
    rows += [(f"QuantLib {scheme}", *found) for scheme, found in peers.items()]
    print(
        f"{count:,} American options on one core, over the accurate scheme of QuantLib; against a very fine grid"
    )
    for title, values, each in rows:
        report(title, values[:some], each, truth, base)
    if peers:
        print("against QuantLib's highest precision")
        for title, values, each in rows[:-1]:
            report(title, values[:some], each, peers[SCHEMES[-1]][0], base)
    others(o, count)


def others(o: dict[str, Any], count: int) -> None:
    """Greeks, implied vols and cash dividends."""
    _, each = timed(lambda: greeks.american_greeks(**o), count, 2)
    print(f"price and five Greeks      {1e6 / each:10,.0f}/s")
    price, vol = greeks.american_price(**o), o["vol"]
    rest = {name: column for name, column in o.items() if name != "vol"}
    found, each = timed(lambda: greeks.american_implied_vol(price, **rest, errors="nan"), count, 2)
    gap = np.abs(found / vol - 1)
    known = price - greeks.american_price(**rest, vol=0.0) > 1e-2
    print(
        f"implied vol                {1e6 / each:10,.0f}/s   back to {np.nanquantile(gap[known], 0.99):.0e} (99 %)"
    )
    few = {name: column[:200] for name, column in o.items()}
    _, each = timed(lambda: greeks.american_price(**few, dividends=[(1e-4, 0.5), (0.2, 0.5)]), 200, 1)
    print(f"price with cash dividends  {1e6 / each:10,.0f}/s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
