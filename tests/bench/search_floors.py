"""Whether floors hold: plans over every recorded chain, each searched by what is not the planner's.

Run: python tests/bench/search_floors.py [--plans 150]. Needs the recorded chains beside the project. One line a plan: what
was promised, the least found over single turns, and over paths that are anywhere at every expiry, of which nothing is
promised.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

import hedging as hg
from hedging.book.book import Book, Holding
from hedging.market.chain import OptionChain
from hedging.market.market import Market
from hedging.planner import Effort, InfeasibleHedgeError, Limits, Outright, Target
from hedging.planner.request.request import Request
from hedging.units import DAYS_PER_YEAR

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from cases.floor_search import lowest
from cases.planner import small_chain

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
SNAPSHOTS = [
    *((f"chains/deribit_full_{at}.csv.gz", asset) for at in ("20260111T091434Z", "20260206T043012Z", "20260511T121945Z")
      for asset in ("BTC", "ETH")),
    ("chains/deribit_btc_book_summary_20250614.json.gz", "BTC"),
    ("chains/deribit_btc_ticker_20200521.csv.gz", "BTC"),
    ("chains/deribit_btc_snapshot_20260526.json.gz", "BTC"),
    ("chains/bybit_btc_sol_usdt_20250702.csv.gz", "BTC"),
    ("chains/bybit_btc_sol_usdt_20250702.csv.gz", "SOL"),
    ("found/deribit_btc_book_summary_20240312.csv.gz", "BTC"),
]  # fmt: skip
SHARES: list[tuple[str, dict[str, str]]] = [  # 100 a contract; several plans of each
    ("found/cboe_spx_20230207.csv.gz", {}),
    ("chains/cboe_spx_20220610.csv.gz", {}),
    ("found/spx_eod_20241111.csv.gz", {"asset": "SPX"}),
    ("found/cboe_spy_20230914.csv.gz", {}),
    ("found/yfinance_aapl_20260211.csv.gz", {}),
    ("found/yfinance_nvda_20260211.csv.gz", {}),
    ("found/yfinance_ibit_20260211.csv.gz", {}),
    ("found/tda_msft_puts_20210518.json.gz", {}),
    ("found/thinkorswim_spy_2018.csv.gz", {"asset": "SPY", "at": "2018-01-05T20:59Z"}),
]
PER_FILE = 4
DAILY = [
    ("chains/deribit_btc_daily_20251230_20260531.parquet", "BTC", "2025-12-31", "2026-05-30", 14),
    ("chains/deribit_eth_daily_20251230_20260531.parquet", "ETH", "2025-12-31", "2026-05-30", 10),
    ("chains/deribit_crash_6h_20260129_20260208.parquet", "BTC", "2026-01-30", "2026-02-08", 5),
    ("chains/deribit_crash_6h_20260129_20260208.parquet", "ETH", "2026-01-30", "2026-02-08", 4),
    ("chains/deribit_btc_eod_2021_2022.parquet", "BTC", "2021-06-03", "2021-07-28", 6),
    ("chains/deribit_btc_eod_2021_2022.parquet", "BTC", "2022-01-05", "2022-02-25", 4),
    ("chains/deribit_btc_quotes_20260428.csv.gz", "BTC", "2026-04-28", "2026-04-28", 1),
]
FAR = pd.Timedelta(days=10_000)
WEEKLY = [1, 2, 3, 8, 15, 22, 29, 57, 113]  # days to the expiries of a Friday in 2024


def chains() -> Iterator[tuple[str, OptionChain]]:
    """Every recorded chain by name, and made-up ones on the calendar of 2024."""
    for file, asset in SNAPSHOTS:
        yield (
            f"{Path(file).name[:34]} {asset or ''}",
            hg.read_chain(DATA / file, asset=asset, timezone="Europe/Rome" if "bybit" in file else None),
        )
    for file, given in SHARES:
        chain = hg.read_chain(DATA / file, **given)
        for number in range(PER_FILE):
            yield f"{Path(file).name[:34]} {number + 1}", chain
    for file, asset, first, last, count in DAILY:
        for at in pd.date_range(first, last, periods=count).floor("D"):
            yield (
                f"{Path(file).name[:24]} {asset} {at:%Y-%m-%d}",
                hg.read_chain(DATA / file, asset=asset, at=at.tz_localize("UTC") + pd.Timedelta(hours=23.9)),
            )
    for vol in np.linspace(0.4, 1.0, 9).tolist():
        menu = [(flag, float(k), day) for day in WEEKLY for flag in "pc" for k in range(70, 135, 4)]
        yield f"calendar of 2024, vol {vol:g}", small_chain(menu, vol=vol, spreads=[0.03] * len(menu))


def planned(chain: OptionChain, seed: int) -> tuple[Book, Market, hg.HedgePlan, float] | None:
    """A plan of some floor whose legs may expire inside the horizon, its own end; None where there is none."""
    random, market = np.random.default_rng(seed), Market.of(chain)
    last = float(chain.quotes["time_to_expiry"].max()) * DAYS_PER_YEAR
    book = Book([Holding.spot(chain.asset, 1_000.0 if chain.terms.multiplier > 1 else 25.0)])
    end = min(float(random.choice([10.0, 21.0, 30.0, 45.0])), last)
    target = Target(
        floor=-round(float(random.uniform(0.1, 0.3)), 3), delta=(None, 0.8 * book.holdings[0].quantity)
    )
    limits = Limits(max_legs=int(random.integers(2, 5)), expiries=(1.0, 120.0), budget=0.06)
    perpetual = () if chain.terms.multiplier > 1 else (Outright("perpetual"),)
    if seed % 3 == 1:  # what is near, and the perpetual
        limits = replace(limits, expiries=(1.0, end + 5.0), outright=perpetual)
    if seed % 3 == 2:  # vega that only legs can have which end inside the horizon
        least = 1e-4 * market.spot * book.holdings[0].quantity
        target = replace(target, vega=(least, None))
        limits = replace(limits, expiries=(1.0, end - 1.5), outright=perpetual)
    effort = Effort(alternatives=False, gap=1e-2, time_limit=60.0)
    plain = replace(target, vega=None), replace(limits, expiries=(1.0, 120.0), budget=0.1)
    for asked, allowed in ((target, limits), plain):
        with suppress(InfeasibleHedgeError, hg.errors.InputError):  # or no option in the window
            found = hg.plan(book, market, asked, allowed, horizon=end, effort=effort)
            turning = Request.of(book, market, asked, allowed, horizon=end).turning
            return book, market, found, end if turning is None else turning.end
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plans", type=int, default=150)
    worst, anywhere, count = 0.0, 0.0, 0
    given = parser.parse_args()
    for seed, (name, chain) in enumerate(chains()):
        start = time.process_time()
        made = planned(chain, seed)
        if made is None:
            print(f"{name:<48} no plan", flush=True)
            continue
        book, market, found, end = made
        once, where = lowest(book, market, found, end, seed)
        ends = [getattr(leg.instrument, "expiry", market.as_of + FAR) for leg in found.legs]
        inside = sum((day - market.as_of).total_seconds() / 86_400 < end - 1e-6 for day in ends)
        every, _ = lowest(book, market, found, end, seed, turns=max(inside, 1) + 1)
        floor = next(check.low for check in found.checks if check.limit.kind == "floor")
        worst, count = min(worst, once - floor), count + 1
        anywhere = min(anywhere, every - floor)
        print(
            f"{name:<48} {end:>6.2f} days, {len(found.legs)} legs, {inside} end inside; floor {floor:.1%}, found "
            f"{once:.3%} ({where}), anywhere at every expiry {every:.1%}; {time.process_time() - start:.1f} s",
            flush=True,
        )
        if count >= given.plans:
            break
    print(
        f"{count} plans; the furthest below a floor: {worst:.5%} of the book; anywhere at every expiry {anywhere:.5%}"
    )


if __name__ == "__main__":
    main()
