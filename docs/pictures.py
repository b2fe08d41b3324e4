"""Draw the pictures that the README and the pages show: ``python docs/pictures.py [FOLDER]``.

Each carries in its metadata the orders that it shows, so that a test can tell whether it is still the plan's.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt

import hedging as hg


def readme_plan() -> tuple[hg.Book, hg.OptionChain, hg.HedgePlan]:
    """The plan of the README's script."""
    chain, book = hg.samples.chain(), hg.samples.book()
    target = hg.Target(delta=(8, 12), vega=(0, None), floor=-0.15)
    limits = hg.Limits(budget=0.02, max_legs=4, expiries=(20, 100))
    return book, chain, hg.plan(book, chain, target, limits, horizon=30)


def orders(plan: hg.HedgePlan) -> str:
    """Orders in one line, signed quantity and symbol."""
    return ", ".join(f"{leg.quantity:+.10g} {leg.instrument.symbol}" for leg in plan.legs)


def draw(folder: Path) -> None:
    """Payoff and crash beside each other, as one PNG."""
    book, chain, plan = readme_plan()
    figure, (left, right) = plt.subplots(1, 2, figsize=(11.5, 4.2), layout="constrained")
    hg.plots.payoff(book, chain, overlay=plan, ax=left)
    fall = hg.crash_path(velocity=-0.02, acceleration=-0.004, days=14)
    hg.plots.pnl_paths(hg.scenario.run(book, chain, fall, overlay=plan), ax=right)
    figure.savefig(folder / "plan.png", dpi=100, metadata={"Description": orders(plan), "Software": None})


if __name__ == "__main__":
    draw(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "_static")
