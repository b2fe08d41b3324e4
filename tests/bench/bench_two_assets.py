"""CPU of a floor over two assets that move apart, against the sum of each alone.

Run: python tests/bench/bench_two_assets.py [--repeat 3]. Needs the recorded chains beside the project. Both are timed
in one run, turn by turn, by CPU and as the least of several, so that what else the machine does matters little.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import hedging as hg
from hedging.book.book import Book, Holding
from hedging.market.market import Market
from hedging.planner import Effort, Limits, Outright, Target

CHAINS = Path(__file__).resolve().parents[3] / "shared" / "data" / "chains"
FILES = [f"deribit_full_{at}.csv.gz" for at in ("20260111T091434Z", "20260206T043012Z", "20260511T121945Z")]
CASES = {
    "floor": Limits(expiries=(7.0, None)),
    "near expiries": Limits(expiries=(3.0, 80.0)),
    "perpetuals": Limits(expiries=(7.0, None), outright=(Outright("perpetual"),)),
    "budget": Limits(expiries=(20.0, 100.0), budget=0.02),
}


def cpu(holdings: Sequence[Holding], markets: Sequence[Market], limits: Limits) -> float:
    """Seconds of a plan, proven, without structures beside."""
    start = time.process_time()
    effort = Effort(alternatives=False, time_limit=60.0)
    hg.plan(Book(holdings), markets, Target(floor=-0.15), limits, horizon=30.0, effort=effort)
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=3)
    repeat = parser.parse_args().repeat
    held = [Holding.spot("BTC", 12.0)], [Holding.spot("ETH", 400.0)]
    print(f"{'chain':<34}{'case':<16}{'BTC':>7}{'ETH':>7}{'both':>7}{'ratio':>7}")
    for file in FILES:
        btc, eth = (Market.of(hg.read_chain(CHAINS / file, asset=asset)) for asset in ("BTC", "ETH"))
        for name, limits in CASES.items():
            runs = [
                (
                    cpu(held[0], [btc], limits),
                    cpu(held[1], [eth], limits),
                    cpu([*held[0], *held[1]], [btc, eth], limits),
                )
                for _ in range(repeat + 1)
            ][1:]  # the first looks things up
            first, second, both = (min(each) for each in zip(*runs, strict=True))
            ratio = both / (first + second)
            print(f"{file:<34}{name:<16}{first:7.2f}{second:7.2f}{both:7.2f}{ratio:7.2f}", flush=True)


if __name__ == "__main__":
    main()
