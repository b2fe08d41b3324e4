"""How long plans take on whole recorded chains, and what the same problem takes handed over whole.

Run: python tests/bench/bench_planner.py [--quick]. Needs the recorded chains beside the project. Median of
several runs in one process; the whole problem is solved once, up to a minute.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

import hedging as hg
from hedging.book import Book, Holding
from hedging.market import Market
from hedging.paths import Paths
from hedging.planner import Limits, Outcomes, Target, frontier
from hedging.planner.problem import Problem, allowed, build, default_scenarios
from hedging.planner.solve import relax, solve

CHAINS = Path(__file__).resolve().parents[3] / "shared" / "data" / "chains"
FULL = "deribit_full_{}.csv.gz"
CASES = [
    (FULL.format("20260206T043012Z"), "BTC", None),
    (FULL.format("20260206T043012Z"), "ETH", None),
    ("deribit_btc_book_summary_20250614.json.gz", "BTC", None),
    (FULL.format("20260111T091434Z"), "BTC", None),
    (FULL.format("20260111T091434Z"), "ETH", None),
    (FULL.format("20260511T121945Z"), "BTC", None),
    (FULL.format("20260511T121945Z"), "ETH", None),
    ("deribit_btc_daily_20251230_20260531.parquet", "BTC", "2026-02-05"),
    ("deribit_eth_daily_20251230_20260531.parquet", "ETH", "2026-02-05"),
]
COINS = {"BTC": 25.0, "ETH": 300.0}
GAP, WHOLE_SECONDS = 1e-3, 60.0


def timed(run: Callable[[], Any], repeat: int) -> tuple[float, Any]:
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        result = run()
        seconds.append(time.perf_counter() - start)
    return median(seconds), result


def problem_of(market: Market, outcomes: Outcomes | None = None) -> Problem:
    """Delta and vega bands with a floor (or a shortfall), budget 2 %, at most 4 legs."""
    coins = COINS[market.asset]
    book = Book([Holding.spot(market.asset, coins)])
    target = Target(delta=(0.32 * coins, 0.48 * coins), vega=(0, None), floor=-0.15)
    if outcomes is not None:
        target = Target(delta=(0.32 * coins, 0.48 * coins), vega=(0, None), shortfall=-0.10)
    limits = Limits(budget=0.02, max_legs=4)
    whole = build(book, (market,), target, limits, 30.0, default_scenarios(30.0), outcomes)
    return whole.only(allowed(whole, limits))


def handed_over_whole(problem: Problem) -> tuple[float, float]:
    """Objective and bound of scipy's milp on every row and column at once."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array, diags_array, hstack, vstack

    columns, rows, n = problem.columns, problem.rows, len(problem.columns)
    eye = diags_array(np.ones(n))
    matrix = vstack(
        [
            hstack([csr_array(rows.matrix), csr_array((len(rows.bound), n))]),
            hstack([eye, -diags_array(columns.most)]),
            hstack([-eye, diags_array(columns.least)]),
            hstack([csr_array((1, n)), csr_array(np.ones((1, n)))]),
        ]
    )
    bound = np.concatenate((rows.bound, np.zeros(2 * n), [problem.max_legs]))
    result = milp(
        np.concatenate((columns.cost, np.full(n, problem.price_per_leg))),
        integrality=np.ones(2 * n),
        bounds=Bounds(0.0, np.concatenate((columns.most, np.ones(n)))),
        constraints=LinearConstraint(csr_array(matrix), -np.inf, bound),
        options={"mip_rel_gap": GAP, "time_limit": WHOLE_SECONDS},
    )
    return float("nan") if result.fun is None else result.fun, float(result.mip_dual_bound or "nan")


def students(count: int) -> Paths:
    """Fat-tailed falls and rises over 30 days, vol rising with the fall."""
    random = np.random.default_rng(1)
    move = np.clip(0.2 * random.standard_t(4, count) / np.sqrt(2.0) - 0.02, -2.5, 1.5)
    shift = 0.15 * -move + 0.03 * random.standard_normal(count)
    return Paths(np.array([30.0]), np.exp(move)[:, None], shift[:, None], ("",) * count)


def bench_floors(repeat: int, *, whole: bool) -> None:
    print("Delta, vega and floor (412 scenarios at 4 dates), lots, at most 4 legs, gap 0.1 %")
    head = (
        f"{'chain':<32}{'quotes':>7}{'orders':>7}{'build s':>9}{'solve s':>9}{'gap':>9}{'left':>6}{'cost':>9}"
    )
    print(head + (f"{'whole s':>10}{'gap':>8}{'ratio':>7}" if whole else ""))
    for file, asset, at in CASES:
        market = Market.of(hg.read_chain(CHAINS / file, asset=asset, at=at))
        building, problem = timed(lambda m=market: problem_of(m), repeat)
        solving, found = timed(lambda p=problem: solve(p, gap=GAP), repeat)
        name = f"{asset} {file.removeprefix('deribit_')[:26]}"
        line = (
            f"{name:<32}{len(market.chain.quotes):>7}{len(problem.columns):>7}{building:>9.2f}{solving:>9.2f}"
            f"{found.gap:>9.2%}{found.columns_left:>6}{found.objective:>9,.0f}"
        )
        if whole:
            seconds, (value, bound) = timed(lambda p=problem: handed_over_whole(p), 1)
            line += f"{seconds:>10.1f}{(value - bound) / value:>8.2%}{seconds / (building + solving):>7.1f}"
        print(line, flush=True)


def bench_shortfall(repeat: int) -> None:
    print(
        "\nExpected shortfall 95 % by cuts, crash chain of BTC: valuation, relaxation, lots with at most 4 legs"
    )
    market = Market.of(hg.read_chain(CHAINS / CASES[0][0], asset="BTC"))
    for count in (2_000, 20_000, 100_000):
        outcomes = Outcomes(students(count))
        building, problem = timed(lambda o=outcomes: problem_of(market, o), 1 if count > 50_000 else repeat)
        relaxing, relaxed = timed(lambda p=problem: relax(p), repeat)
        solving, found = timed(lambda p=problem: solve(p, gap=GAP), repeat)
        print(
            f"{count:>9,} scenarios: build {building:.2f} s, relaxation {relaxing:.2f} s ({relaxed.value:,.1f}), "
            f"lots {solving:.2f} s ({found.objective:,.1f}, gap {found.gap:.2%})",
            flush=True,
        )


def bench_frontier() -> None:
    chain = hg.read_chain(CHAINS / CASES[0][0], asset="BTC")
    book = Book([Holding.spot("BTC", 25.0)])
    target, limits = Target(delta=(6, 14), vega=(0, None)), Limits(budget=0.03)
    seconds, curve = timed(
        lambda: frontier(book, chain, target, limits, levels=np.linspace(-0.05, -0.5, 20)), 1
    )
    table = curve.table
    widest = ((table["cost"] - table["bound"]) / table["cost"]).max()
    print(f"\nFrontier of 20 floors: {seconds:.1f} s, widest gap {widest:.2%}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one run each, no whole problems")
    quick = parser.parse_args().quick
    repeat = 1 if quick else 3
    bench_floors(repeat, whole=not quick)
    bench_shortfall(repeat)
    bench_frontier()


if __name__ == "__main__":
    main()
