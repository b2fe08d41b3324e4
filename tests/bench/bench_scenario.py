"""Full revaluation of 50 option legs in 100,000 scenarios beside the bare price kernel.

Run: python tests/bench/bench_scenario.py

The kernel is given vols; a scenario has to read each one off the surface first. Both are shown: the kernel
alone, and the kernel with one reading of the surface per price. Measurements take turns, so that a busy
machine slows them alike.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from hedging import _kernels, samples, scenario
from hedging.book import Book, Holding
from hedging.market import Market
from hedging.paths import Paths

LEGS, SCENARIOS, ROUNDS = 50, 100_000, 9
ROWS, COLUMNS = 10, 1_000  # legs and scenarios of one call of the kernel


def kernel(market: Market, *, surface: bool) -> None:
    """Price 5 million options in calls that fit the cache."""
    random = np.random.default_rng(0)
    phi = np.where(np.arange(ROWS) % 2, 1.0, -1.0)[:, None]
    strike = np.linspace(60e3, 80e3, ROWS)[:, None]
    forward = 70e3 * np.exp(random.normal(0, 0.1, (1, COLUMNS)))
    total_sd = np.abs(random.normal(0.2, 0.02, (ROWS, COLUMNS)))
    moneyness = np.log(strike / forward)
    for _ in range(LEGS * SCENARIOS // (ROWS * COLUMNS)):
        if surface:
            total_sd = market.smile.vol_at(moneyness, 0.08) * 0.28
        _kernels.black76(phi, forward, strike, total_sd)


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
        work = {
            "price kernel alone, vols given": partial(kernel, market, surface=False),
            "price kernel and surface": partial(kernel, market, surface=True),
            "scenario.run, 1 thread": partial(scenario.run, book, market, paths, executor=one),
            f"scenario.run, {cores} threads": partial(scenario.run, book, market, paths, executor=all_cores),
        }
        best = dict.fromkeys(work, float("inf"))
        for _ in range(ROUNDS):
            for name, job in work.items():
                best[name] = min(best[name], seconds(job))
    print(f"{LEGS} option legs x {SCENARIOS:,} scenarios x 1 date, best of {ROUNDS}")
    for name, took in best.items():
        print(f"{name:<32}{LEGS * SCENARIOS / took / 1e6:6.1f} M options/s")


if __name__ == "__main__":
    main()
