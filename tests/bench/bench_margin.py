"""Reg T in many scenarios at once beside one linear programme a scenario.

Run: python tests/bench/bench_margin.py

Which pairings there are does not change with the price, only what each needs: a pairing that is best in one scenario
is checked in all others at once. Shown: the ratio of both times, and how many programmes were solved.
"""

from __future__ import annotations

import time
from unittest import mock

import numpy as np
import pandas as pd

from hedging import samples
from hedging._numerics import least_cost
from hedging.book.book import Book, Holding
from hedging.margin import RegT
from hedging.margin.account import Account, Ledger
from hedging.market.contracts import ContractTerms
from hedging.market.market import Market
from hedging.paths.paths import grid

SCENARIOS, APART, LEGS = 5_000, 50, 12


def account(moves: np.ndarray) -> Account:
    """A short stock with options of two expiries around it."""
    market, random = Market.of(samples.chain()), np.random.default_rng(0)
    terms = ContractTerms(settlement="cash")
    legs = [
        Holding.option(
            market.asset,
            str(random.choice(["c", "p"])),
            float(market.spot * random.choice([0.8, 0.9, 1.0, 1.1, 1.2])),
            market.as_of + pd.Timedelta(days=int(random.choice([30, 60]))),
            float(random.integers(1, 6) * random.choice([-1, 1])),
            terms=terms,
        )
        for _ in range(LEGS)
    ]
    book = Book(Holding.spot(market.asset, -4.0), legs, cash=1e6)
    return Ledger(book, market).at(grid(moves, [0.0], [5.0]), 0)


def timed(moves: np.ndarray) -> tuple[float, int]:
    """Seconds of one assessment, and programmes solved in it."""
    held = account(moves)
    with mock.patch.object(least_cost, "linprog", wraps=least_cost.linprog) as solved:
        start = time.perf_counter()
        RegT().assess(held)
        return time.perf_counter() - start, solved.call_count


def main() -> None:
    """Print the ratio."""
    moves = np.linspace(-0.6, 0.6, SCENARIOS)
    together, programmes = timed(moves)
    each = [timed(moves[i : i + 1])[0] for i in range(0, SCENARIOS, SCENARIOS // APART)]
    ratio = float(np.median(each)) * SCENARIOS / together
    print(f"{SCENARIOS:,} scenarios: {programmes} programmes, {ratio:,.0f} times faster than one by one")


if __name__ == "__main__":
    main()
