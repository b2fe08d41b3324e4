"""The files that somebody who tries the command has: a book, chains of today and of other days, prices, quotes, a plan."""

from __future__ import annotations

from pathlib import Path

from cases.coins import walks
from cases.commands import BOOK
from cases.later import later
from hedging import Limits, Target, plan, samples
from hedging.venues import write_chain


def write_files(folder: Path) -> None:
    """Write book.toml, chain.csv, tomorrow.csv, recorded/0.csv to 2.csv, prices.csv, quotes.csv and plan.json."""
    chain = samples.chain()
    (folder / "book.toml").write_text(BOOK)
    (folder / "recorded").mkdir()
    write_chain(chain, folder / "chain.csv")
    write_chain(later(chain, 1.0, 0.01), folder / "tomorrow.csv")
    for number in range(3):
        write_chain(later(chain, number, 0.01 * number), folder / "recorded" / f"{number}.csv")
    walks(coins=4, days=150).to_csv(folder / "prices.csv")
    chain.quotes.loc[:20, ["symbol", "bid", "ask"]].to_csv(folder / "quotes.csv", index=False)
    limits = Limits(max_legs=1, budget=0.2)
    plan(samples.book(), chain, Target(delta=(6, 20)), limits).to_json(folder / "plan.json")
