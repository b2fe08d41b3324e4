"""How fast a screen and its history are: ``python tests/bench/bench_screen.py [PRICES]``, after the extra `stats`.

Without a file a made one of 68 coins and 1,624 days stands in for it. Ratios are to the time that one
regression a coin and window takes with statsmodels, which this machine shares.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import statsmodels.api as sm

from hedging import Prices, read_prices, screen


def made(coins: int = 68, days: int = 1_624) -> Prices:
    rng = np.random.default_rng(0)
    market = rng.normal(0, 0.03, days)
    moves = np.column_stack([market, 1.1 * market[:, None] + rng.normal(0, 0.03, (days, coins - 1))])
    names = ["BTC", *(f"C{place}" for place in range(coins - 1))]
    return Prices.from_frame(
        pd.DataFrame(np.exp(moves.cumsum(axis=0)), pd.date_range("2021-01-01", periods=days), names)
    )


def seconds(job: Callable[[], object], repeats: int) -> float:
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        job()
        taken.append(time.perf_counter() - start)
    return min(taken)


def regressions() -> None:
    """What a screen's alphas alone cost with statsmodels: 67 coins x 3 windows."""
    rng = np.random.default_rng(1)
    for days in (30, 60, 90):
        design = sm.add_constant(rng.normal(size=days))
        for _ in range(67):
            sm.OLS(rng.normal(size=days), design).fit(cov_type="HAC", cov_kwds={"maxlags": 5}).tvalues  # noqa: B018


def main() -> None:
    prices = read_prices(sys.argv[1]) if len(sys.argv) > 1 else made()
    unit = seconds(regressions, 3)
    one = seconds(lambda: screen.run(prices), 5)
    start = time.perf_counter()
    found = screen.history(prices)
    walked = time.perf_counter() - start
    start = time.perf_counter()
    _ = found.table, found.verdicts
    judged = time.perf_counter() - start
    print(f"{prices}")
    print(f"201 regressions of statsmodels      {unit:8.3f} s")
    print(f"one screen, 3 windows               {one:8.3f} s   {one / unit:6.2f} of them")
    print(
        f"history, {len(found.dates)} dates                  {walked:8.3f} s   {walked / len(found.dates) / one:6.2f} screens a date"
    )
    print(f"its evidence, 1,000 draws           {judged:8.3f} s")


if __name__ == "__main__":
    main()
