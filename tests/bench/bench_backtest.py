"""Times of backtests beside their anchors: reading the Parquet alone, and the same arithmetic on bare arrays.

Run it as ``python tests/bench/bench_backtest.py``; it needs the recorded chains beside the project.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pandas as pd

import hedging as hg
from hedging import backtest as bt

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
FILE = SHARED / "chains" / "deribit_btc_daily_20251230_20260531.parquet"
PRICES = SHARED / "prices" / "hourly_binance_spot_btc_eth.parquet"
BOOK = hg.Book([hg.Holding.spot("BTC", 10.0)])


def best(call: Callable[[], object], times: int = 3) -> float:
    """Least seconds of some calls."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return min(found)


def bare(table: pd.DataFrame, rolls: pd.DataFrame) -> float:
    """Coins of the replayed legs on bare arrays: what a replay computes at the least."""
    coins = 10.0
    marks = {
        name: part["mark_price"].to_numpy()
        for name, part in table.groupby("instrument_name")
        if name in set(rolls["instrument"])
    }
    for row in rolls.to_dict("records"):
        fee = min(0.0003, 0.125 * row["price"])
        coins -= row["quantity"] * row["price"] + abs(row["quantity"]) * fee
        if row["how"] == "settle":
            coins += row["quantity"] * row["end price"]
        else:
            coins += row["quantity"] * marks[row["instrument"]][-1]
    return coins


def main() -> None:
    read = best(lambda: pd.read_parquet(FILE))
    print(f"Parquet alone                        {read:7.3f} s")
    tape = hg.read_tape(FILE, delivery=PRICES)
    made = best(lambda: hg.read_tape(FILE, delivery=PRICES), 2)
    print(f"tape from the file                   {made:7.3f} s   {made / read:6.1f} times the Parquet")
    print(f"read_chains over the file            {best(lambda: list(hg.read_chains(FILE)), 1):7.3f} s")
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "tape.parquet"
        tape.save(saved)
        print(f"tape from its saved form             {best(lambda: hg.read_tape(saved)):7.3f} s")
        (Path(folder) / "book.toml").write_text('[[holdings]]\nkind = "spot"\nasset = "BTC"\nquantity = 10\n')
        for name, chains in (("file", FILE), ("saved tape", saved)):
            line = ["-m", "hedging", "backtest", f"{folder}/book.toml", "--chains", str(chains)]
            line += ["--strategy", "collar", "--prices", str(PRICES)]
            taken = best(lambda: subprocess.run([sys.executable, *line], check=True, capture_output=True), 1)  # noqa: B023
            print(f"command, {name:<27} {taken:7.3f} s")
    collar = bt.rolled("collar")
    run = bt.run(BOOK, tape, collar)
    replay = best(lambda: bt.run(BOOK, tape, collar))
    table, rolls = pd.read_parquet(FILE), run.rolls
    arrays = best(lambda: bare(table, rolls))
    print(
        f"replay of a rolled collar            {replay:7.3f} s   {replay / arrays:6.1f} times bare arrays ({arrays:.3f} s)"
    )
    variants = {f"put {k}": bt.rolled("put", settings={"delta": 0.1 + 0.001 * k}) for k in range(200)}
    serial = best(lambda: bt.sweep(BOOK, tape, variants), 1)
    print(
        f"sweep of {len(variants)} variants, here           {serial:7.3f} s   {serial / len(variants):6.3f} s each"
    )
    with ProcessPoolExecutor(2) as processes:
        bt.sweep(BOOK, tape, dict(list(variants.items())[:40]), executor=processes)  # warm
        two = best(lambda: bt.sweep(BOOK, tape, variants, executor=processes), 1)
    print(f"the same on two warm processes       {two:7.3f} s   {serial / two:6.2f} times as fast")
    print(
        f"memory at most                       {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:7.0f} MB"
    )


if __name__ == "__main__":
    main()
