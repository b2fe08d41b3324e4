"""How long plans take on whole recorded chains, and what the same problem takes handed over whole.

Run: python tests/bench/bench_planner.py [--help]. Needs the recorded chains beside the project. Median of
several runs in one process; the whole problem is handed once to each solver there is, for a minute at most.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

import hedging as hg
from hedging.book.book import Book, Holding
from hedging.market.market import Market
from hedging.paths.paths import Paths
from hedging.planner import Limits, Outcomes, Target, frontier
from hedging.planner.candidates.build import candidates_of
from hedging.planner.outcomes.free_lunch import check_outcomes
from hedging.planner.programme.build import build
from hedging.planner.programme.programme import Programme
from hedging.planner.request.request import Request
from hedging.planner.solver.backends import Milp, solve_milp
from hedging.planner.solver.exact import milp_of
from hedging.planner.solver.relaxation import relax
from hedging.planner.solver.search import solve
from hedging.planner.solver.search_state import Search

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
GAP = 1e-3
PARTS = ["floors", "shortfall", "frontier", "scale", "index"]


def timed(run: Callable[[], Any], repeat: int) -> tuple[float, Any]:
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        result = run()
        seconds.append(time.perf_counter() - start)
    return median(seconds), result


def request_of(market: Market, outcomes: Outcomes | None = None, first: float = 7.0) -> Request:
    """Delta and vega bands with a floor (or a shortfall), budget 2 %, at most 4 legs, expiries from a day on."""
    coins = COINS[market.asset]
    book = Book([Holding.spot(market.asset, coins)])
    target = Target(delta=(0.32 * coins, 0.48 * coins), vega=(0, None), floor=-0.15)
    if outcomes is not None:
        target = Target(delta=(0.32 * coins, 0.48 * coins), vega=(0, None), shortfall=-0.10)
    limits = Limits(budget=0.02, max_legs=4, expiries=(first, None))
    return Request.of(book, market, target, limits, horizon=30.0, outcomes=outcomes)


def built(request: Request) -> Programme:
    return orders_allowed(request, build(request, candidates_of(request)))


def orders_allowed(request: Request, whole: Programme) -> Programme:
    return whole.only(whole.candidates.tradable(request.limits))


def whole_programme(programme: Programme) -> Milp:
    """Every row and column at once, as a solver gets it that knows nothing of hedging."""
    search = Search(programme, GAP, np.inf)
    search.active[:] = True
    every = np.arange(len(programme.candidates))
    return milp_of(
        search, every, programme.candidates.most, programme.max_legs, price=programme.price_per_leg
    )


def by_backend(milp: Milp, solver: str, seconds: float) -> tuple[float, float]:
    """Objective and bound."""
    found = solve_milp(milp, solver=solver, gap=GAP, seconds=seconds)
    return np.nan if found.x is None else float(milp.cost @ found.x), found.bound


def by_cvxpy(milp: Milp, seconds: float) -> tuple[float, float]:
    """Objective of cvxpy with HiGHS; it does not tell the bound."""
    import cvxpy

    x = cvxpy.Variable(milp.cost.size, integer=True)  # no limit may be missed here: all are whole
    limits = [milp.matrix @ x <= milp.bound, x >= 0, x <= milp.upper]
    task = cvxpy.Problem(cvxpy.Minimize(milp.cost @ x), limits)
    task.solve(solver="HIGHS", highs_options={"mip_rel_gap": GAP, "time_limit": seconds})
    return float(task.value), np.nan


def rivals() -> dict[str, Callable[[Milp, float], tuple[float, float]]]:
    """Who is handed the whole problem: HiGHS, and what else is installed."""
    found = {"highs": lambda milp, seconds: by_backend(milp, "highs", seconds)}
    if find_spec("ortools"):
        found |= {
            name: lambda milp, seconds, name=name: by_backend(milp, name, seconds) for name in ("scip", "cbc")
        }
    if find_spec("cvxpy") and find_spec("highspy"):
        found["cvxpy"] = by_cvxpy
    return found


def students(count: int) -> Paths:
    """Fat-tailed falls and rises over 30 days, vol rising with the fall."""
    random = np.random.default_rng(1)
    move = np.clip(0.2 * random.standard_t(4, count) / np.sqrt(2.0) - 0.02, -2.5, 1.5)
    shift = 0.15 * -move + 0.03 * random.standard_normal(count)
    return Paths(np.array([30.0]), np.exp(move)[:, None], shift[:, None], ("",) * count)


def bench_floors(cases: list[int], repeat: int, *, names: list[str], seconds: float) -> None:
    print("Delta, vega and floor (412 scenarios at 4 dates), lots, at most 4 legs, gap 0.1 %")
    print("Beside: the whole problem handed over, its seconds, gap and ratio to ours (build and solve)")
    print(
        f"{'chain':<32}{'quotes':>7}{'orders':>7}{'build s':>9}{'solve s':>9}{'gap':>9}{'legs':>6}{'cost':>9}"
    )
    for case in cases:
        file, asset, at = CASES[case]
        market = Market.of(hg.read_chain(CHAINS / file, asset=asset, at=at))
        building, programme = timed(lambda m=market: built(request_of(m)), repeat)
        solving, found = timed(lambda p=programme: solve(p, gap=GAP), repeat)
        name = f"{asset} {file.removeprefix('deribit_')[:26]}"
        line = (
            f"{name:<32}{len(market.chain.quotes):>7}{len(programme.candidates):>7}{building:>9.2f}{solving:>9.2f}"
            f"{found.gap:>9.2%}{np.count_nonzero(found.lots):>6}{found.objective:>9,.0f}"
        )
        for rival in names:
            milp = whole_programme(programme)
            taking, (value, bound) = timed(lambda r=rival, g=milp: rivals()[r](g, seconds), 1)
            gap = (value - bound) / value if value else np.nan
            line += f" | {rival} {taking:.1f} s {gap:.2%} x{taking / (building + solving):.0f}"
        print(line, flush=True)


def bench_shortfall(repeat: int) -> None:
    print(
        "\nExpected shortfall 95 % by cuts, crash chain of BTC: valuation, free lunch and reweighting, relaxation, "
        "lots with at most 4 legs"
    )
    market = Market.of(hg.read_chain(CHAINS / CASES[0][0], asset="BTC"))
    for count in (2_000, 20_000, 100_000):
        for first in (7.0, 31.0):
            request = request_of(market, Outcomes(students(count)), first)
            building, whole = timed(
                lambda r=request: build(r, candidates_of(r)), 1 if count > 50_000 else repeat
            )
            holding, (*_, seen) = timed(lambda r=request, w=whole: check_outcomes(r, w), repeat)
            programme = orders_allowed(request, whole)
            relaxing, relaxed = timed(lambda p=programme: relax(p), repeat)
            solving, found = timed(lambda p=programme: solve(p, gap=GAP), repeat)
            print(
                f"{count:>9,} scenarios, from {first:g} days: build {building:.2f} s, agreement {holding:.2f} s "
                f"({'lunch' if seen.lunch else f'entropy {seen.entropy:.3g}'}), relaxation "
                f"{relaxing:.2f} s ({relaxed.value:,.1f}), continuous {building + holding + relaxing:.2f} s; lots "
                f"{solving:.2f} s ({found.objective:,.1f}, gap {found.gap:.2%})",
                flush=True,
            )
            del whole, programme  # of the largest there is room for one


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


def scaled(quotes: int, floor: float | None) -> tuple[int, float, float, float]:
    """Orders, CPU seconds of building and of solving, and the most memory in use; in a process of its own."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from cases import large

    start = time.process_time()
    request = large.request_of(
        large.chain_of(quotes), replace(large.BANDS, floor=floor), large.scenarios_of()
    )
    programme = large.programme_of(request)
    building = time.process_time() - start
    found = solve(programme, gap=GAP)
    solving = time.process_time() - start - building
    assert found.gap <= GAP * 1.01
    return (
        len(programme.candidates),
        building,
        solving,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
    )


def bench_scale() -> None:
    """By what power of the number of quotes CPU time grows, with and without a floor of 360 rows."""
    for floor in (None, -0.25):
        print(f"\nDelta, vega, budget, at most 3 legs, floor {floor}")
        print(f"{'quotes':>7}{'orders':>8}{'build s':>9}{'solve s':>9}{'peak MB':>9}")
        sizes, seconds = [100, 400, 1_600, 4_900, 10_000, 20_000], []
        for quotes in sizes:
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
                orders, building, solving, memory = alone.submit(scaled, quotes, floor).result()
            print(f"{quotes:>7}{orders:>8}{building:>9.2f}{solving:>9.3f}{memory:>9,.0f}", flush=True)
            seconds.append(solving)
        large = slice(2, None)  # below, a solve takes what it takes to begin
        power = np.polyfit(np.log(sizes[large]), np.log(seconds[large]), 1)[0]
        print(f"grows with the power {power:.2f} of quotes from {sizes[2]:,} on")


def bench_whole_index(file: Path) -> None:
    """A floor over every strike of SPX, 58,440 rows for 4,704 orders, made as they are needed."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from cases.lazy_floor import lazy_floor

    market = Market.of(hg.read_chain(file))
    book, bands = Book([Holding.spot(market.asset, 1_000.0)]), Target(delta=(400, 600))
    limits = Limits(budget=0.02, max_legs=3, expiries=(20, 100))
    scenarios = Request.of(book, market, replace(bands, floor=-0.12), limits, horizon=30.0).scenarios
    start = time.process_time()
    programme = built(Request.of(book, market, bands, limits, horizon=30.0))
    floor = lazy_floor(book, market, programme.candidates, scenarios, -0.12, programme.base)
    building = time.process_time() - start
    found = solve(replace(programme, lazy=(floor,)), gap=GAP)
    print(
        f"\n{file.name}: {len(market.chain.quotes):,} quotes, {len(programme.candidates):,} orders, {len(floor):,} floor rows; "
        f"CPU build {building:.2f} s, solve {time.process_time() - start - building:.2f} s, gap {found.gap:.2%}, peak "
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:,.0f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", choices=PARTS, nargs="*")
    parser.add_argument("--cases", type=int, nargs="*", default=list(range(len(CASES))))
    parser.add_argument(
        "--beside", nargs="*", choices=sorted(rivals()), default=sorted({*rivals()} - {"cvxpy"})
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="for each whole problem")
    given = parser.parse_args()
    parts = given.only or PARTS
    if "floors" in parts:
        bench_floors(given.cases, given.repeat, names=given.beside, seconds=given.seconds)
    if "shortfall" in parts:
        bench_shortfall(given.repeat)
    if "frontier" in parts:
        bench_frontier()
    if "scale" in parts:
        bench_scale()
    if "index" in parts:
        bench_whole_index(CHAINS.parent / "found" / "cboe_spx_20230207.csv.gz")


if __name__ == "__main__":
    main()
