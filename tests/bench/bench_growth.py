"""How time grows with size, as an exponent: python tests/bench/bench_growth.py [--plan]."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from cases.large import chain_of

from hedging.book import Holding, read_book
from hedging.book.book import Book
from hedging.planner import Effort, Limits, Target, plan
from hedging.venues import read_chain, write_chain


def growth(name: str, sizes: Sequence[int], make: Callable[[int], Callable[[], object]]) -> None:
    """Print the time at each size, the least of three, and the slope of its logarithm over the larger ones."""
    times = []
    for size in sizes:
        call, best = make(size), np.inf
        for _ in range(3):
            began = time.process_time()
            call()
            best = min(best, time.process_time() - began)
        times.append(best)
    half = len(sizes) // 2
    slope = np.polyfit(np.log(sizes[half:]), np.log(times[half:]), 1)[0]
    told = ", ".join(f"{size:,}: {1e3 * taken:,.0f} ms" for size, taken in zip(sizes, times, strict=True))
    print(f"{name:<18} n^{slope:.2f}   {told}")


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:

        def reading(ending: str) -> Callable[[int], Callable[[], object]]:
            def make(size: int) -> Callable[[], object]:
                path = Path(folder) / f"x{size}{ending}"
                write_chain(chain_of(size), path)
                return lambda: read_chain(path)

            return make

        def book(size: int) -> Callable[[], object]:
            path = Path(folder) / "book.toml"
            held = '[[holdings]]\nasset = "BTC"\nkind = "spot"\nquantity = 1.5\n'
            path.write_text(held * size)
            return lambda: read_book(path)

        def planning(size: int) -> Callable[[], object]:
            chain = chain_of(size)
            held = Book(Holding.spot(chain.asset, 25.0))
            limits, effort = Limits(budget=0.02), Effort(gap=0.01, time_limit=60.0, alternatives=False)
            return lambda: plan(held, chain, Target(delta=(8.0, 12.0)), limits, effort=effort)

        growth("own CSV", (500, 1_000, 2_000, 4_000, 8_000), reading(".csv"))
        growth("own Parquet", (500, 1_000, 2_000, 4_000, 8_000), reading(".parquet"))
        growth("book", (50, 100, 200, 400, 800), book)
        if "--plan" in sys.argv:
            growth("plan", (250, 500, 1_000, 2_000, 4_000), planning)


if __name__ == "__main__":
    main()
