"""Full revaluation of 50 option legs in 100,000 scenarios beside the bare price kernel.

Run: python tests/bench/bench_scenario.py

The kernels are given vols; a scenario has to read each one off the surface first and shift it. Shown with the
compiled loops (if numba is installed) and without, each beside the kernel of its own kind. Measurements take
turns, so that a busy machine slows them alike; medians.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.util import find_spec

import numpy as np

from hedging import samples, scenario
from hedging._numerics import kernels
from hedging.book import pricer as valuation
from hedging.book.book import Book, Holding
from hedging.market.market import Market
from hedging.paths.paths import Paths

LEGS, SCENARIOS, ROUNDS = 50, 100_000, 9
ROWS, COLUMNS = 10, 800  # legs and scenarios of one call of the kernel


def kernel(market: Market, *, surface: bool) -> None:
    """Price 5 million options with numpy, in calls that fit the cache."""
    random = np.random.default_rng(0)
    phi = np.where(np.arange(ROWS) % 2, 1.0, -1.0)[:, None]
    strike = np.linspace(60e3, 80e3, ROWS)[:, None]
    forward = 70e3 * np.exp(random.normal(0, 0.1, (1, COLUMNS)))
    total_sd = np.abs(random.normal(0.2, 0.02, (ROWS, COLUMNS)))
    moneyness = np.log(strike / forward)
    for _ in range(LEGS * SCENARIOS // (ROWS * COLUMNS)):
        if surface:
            total_sd = market.smile.vol_at(moneyness, 0.08) * 0.28
        kernels.black76(phi, forward, strike, total_sd)


def compiled_kernel() -> None:
    """Price 5 million options, vols given, by the compiled loop of `greeks.price`, in calls that fit the cache."""
    random = np.random.default_rng(0)
    count = ROWS * COLUMNS
    spot, strike = (
        70e3 * np.exp(random.normal(0, 0.1, count)),
        np.repeat(np.linspace(60e3, 80e3, ROWS), COLUMNS),
    )
    vol = np.abs(random.normal(0.7, 0.07, count))
    flag, time_to_expiry, rate = np.array(ord("c"), np.uint32), np.array(0.08), np.array(0.0)
    for _ in range(LEGS * SCENARIOS // count):
        kernels.black_scholes(("price",), [flag, spot, strike, time_to_expiry, rate, vol, rate], (count,))


def without_numba(work: Callable[[], object]) -> None:
    usual, valuation.COMPILED = valuation.COMPILED, sys.maxsize
    try:
        work()
    finally:
        valuation.COMPILED = usual


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    chain = samples.chain()
    market = Market.of(chain)
    random = np.random.default_rng(0)
    quoted = chain.quotes[chain.quotes["time_to_expiry"] > 9 / 365]["symbol"]
    book = Book(
        Holding(chain.option(name), float(random.normal())) for name in quoted.sample(LEGS, random_state=1)
    )
    shape = (SCENARIOS, 1)
    spot, vol = np.exp(random.normal(0, 0.1, shape)), random.normal(0, 0.1, shape)
    paths = Paths(np.array([5.0]), spot, vol, tuple(map(str, range(SCENARIOS))))
    cores = os.cpu_count() or 1
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(cores) as all_cores:
        runs = {
            "scenario.run, 1 thread": partial(scenario.run, book, market, paths, executor=one),
            f"scenario.run, {cores} threads": partial(scenario.run, book, market, paths, executor=all_cores),
        }
        work: dict[str, Callable[[], object]] = {
            "numpy: kernel, vols given": partial(kernel, market, surface=False),
            "numpy: kernel and surface": partial(kernel, market, surface=True),
        }
        work |= {f"numpy: {name}": partial(without_numba, job) for name, job in runs.items()}
        if find_spec("numba"):
            work["compiled: kernel, vols given"] = compiled_kernel
            work |= {f"compiled: {name}": job for name, job in runs.items()}
        times: dict[str, list[float]] = {name: [seconds(job)] for name, job in work.items()}
        for took in times.values():
            took.clear()  # the first round loads and compiles
        for _ in range(ROUNDS):
            for name, job in work.items():
                times[name].append(seconds(job))
    print(f"{LEGS} option legs x {SCENARIOS:,} scenarios x 1 date, median (best) of {ROUNDS}, M options/s")
    for name, took in times.items():
        middle, best = (LEGS * SCENARIOS / t / 1e6 for t in (np.median(took), min(took)))
        print(f"{name:<36}{middle:7.1f} ({best:.1f})")


if __name__ == "__main__":
    main()
