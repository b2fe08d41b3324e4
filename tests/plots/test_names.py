"""Names are text in every picture: an asset called like a formula is drawn letter by letter, and breaks none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cases.coins import walks
from cases.later import later
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.text import Text

import hedging as hg
from hedging import backtest, margin, overlays, paths, plots, risk, samples, scenario, screen
from hedging.book import Ladder
from hedging.market import OptionChain

NAMES = (r"$\frac$", "a_b^$c$")
QUOTED = ["flag", "strike", "expiry", "forward", "bid", "ask", "mark", "mark_vol", "bid_size", "ask_size"]


@cache
def chain_of(name: str) -> OptionChain:
    """The sample's quotes, of an asset and in a currency of that name."""
    made = samples.chain()
    coin = made.quotes[QUOTED].assign(index=made.spot)
    coin[["bid", "ask", "mark"]] = coin[["bid", "ask", "mark"]].div(made.spot)
    terms = replace(made.terms, currency=name + "$")
    units = {"price": "coin", "vol": "decimal"}
    return OptionChain.from_frame(
        coin, asset=name, as_of=made.as_of, units=units, terms=terms, spot=made.spot
    )


@cache
def market_of(name: str) -> hg.Market:
    return hg.Market.of(chain_of(name))


def book_of(name: str) -> hg.Book:
    return hg.Book(hg.Holding.spot(name, 25.0), hg.Holding.perpetual(name, 5.0, entry=70_000.0))


@cache
def collar_of(name: str) -> overlays.Overlay:
    return overlays.collar(hg.Book(hg.Holding.spot(name, 25.0)), chain_of(name))


@cache
def falls_of(name: str) -> scenario.ScenarioResult:
    falls = paths.fan(-0.02, -0.004, 10)
    named = replace(falls, labels=tuple(f"{name} {label}" for label in falls.labels))
    return scenario.run(book_of(name), market_of(name), named, collar_of(name))


@cache
def lives_of(name: str) -> margin.Survival:
    model = margin.StandardMargin()
    falls = paths.fan(-0.02, -0.004, 10)
    named = replace(falls, labels=tuple(f"{name} {label}" for label in falls.labels))
    return margin.survive(book_of(name), market_of(name), named, model)


@cache
def compared(name: str) -> backtest.Comparison:
    tape = backtest.Tape.of(
        [chain_of(name), later(chain_of(name), 1.0, 0.1), later(chain_of(name), 2.0, 0.15)]
    )
    held = hg.Book(hg.Holding.spot(name, 25.0))
    return backtest.compare(held, tape, {name: backtest.rolled("put"), "$b$": backtest.rolled("collar")})


@cache
def prices_of(name: str) -> hg.Prices:
    closes = walks(coins=6, days=200)
    closes.loc[closes.index[-3:], "C03"] *= 0.4
    return hg.Prices.from_frame(closes.rename(columns={"C03": name, "C04": "$x$", "C05": "$^$"}))


@cache
def decided(name: str) -> screen.Decision:
    prices = prices_of(name)
    held = hg.Book(*(hg.Holding.spot(coin, 100.0) for coin in (name, "$x$", "C01")))
    return screen.decide(held, prices)


PICTURES: dict[str, Callable[[str, dict[str, Any]], Any]] = {
    "attribution": lambda x, on: plots.attribution(
        risk.attribution(book_of(x), market_of(x), paths.crash_path(-0.03, days=5)), currency=x, **on
    ),
    "backtest": lambda x, on: plots.backtest(compared(x), **on),
    "cost_against_protection": lambda x, on: plots.cost_against_protection(compared(x), **on),
    "crash_fan": lambda x, on: plots.crash_fan(falls_of(x), survival={"position alone": lives_of(x)}, **on),
    "decision": lambda x, on: plots.decision(decided(x), **on),
    "depth": lambda x, on: plots.depth(chain_of(x), collar_of(x), **on),
    "distribution": lambda x, on: plots.distribution(
        {x: np.arange(50.0)}, risk.tail_risk({x: np.arange(50.0)}), currency=x, **on
    ),
    "drawdowns": lambda x, on: plots.drawdowns(screen.drawdowns(prices_of(x), [x, "$x$"]), **on),
    "equity": lambda x, on: plots.equity(compared(x).runs, **on),
    "explanation": lambda x, on: plots.explanation(
        hg.explain(book_of(x), chain_of(x), later(chain_of(x), 2.0, 0.1)), **on
    ),
    "frontier": lambda x, on: plots.frontier(frontier_of(), currency=x, **on),
    "greeks_profile": lambda x, on: plots.greeks_profile(
        {x: risk.profile(book_of(x), market_of(x))}, asset=x, currency=x, **on
    ),
    "headroom": lambda x, on: plots.headroom({x: lives_of(x)}, **on),
    "heatmap": lambda x, on: plots.heatmap(
        scenario.table(book_of(x), market_of(x), spot_moves=[-0.1, 0.1], days=[0, 5]), currency=x, **on
    ),
    "holdings": lambda x, on: plots.holdings(compared(x).runs[0], **on),
    "order_book": lambda x, on: plots.order_book(
        Ladder(bids=((0.04, 1.0),), asks=((0.05, 1.0),)), name=x, quantity=1.0, **on
    ),
    "orders": lambda x, on: plots.orders(market_of(x), collar_of(x), **on),
    "over_time": lambda x, on: plots.over_time(
        {x: risk.over_time(book_of(x), market_of(x), [0, 10])}, asset=x, currency=x, **on
    ),
    "overlays": lambda x, on: plots.overlays(
        overlays.compare(hg.Book(hg.Holding.spot(x, 25.0)), chain_of(x)).rename(index={"collar": x}), currency=x, **on
    ),
    "payoff": lambda x, on: plots.payoff(book_of(x), market_of(x), collar_of(x), **on),
    "payoff_table": lambda x, on: plots.payoff_table(book_of(x), market_of(x), collar_of(x), **on),
    "pnl_paths": lambda x, on: plots.pnl_paths(falls_of(x), **on),
    "ranking": lambda x, on: plots.ranking(screen.run(prices_of(x)), **on),
    "rolling_alpha": lambda x, on: plots.rolling_alpha(
        screen.rolling_alpha(prices_of(x), [x, "$x$"], window=90, days=20), window=90, **on
    ),
    "rolls": lambda x, on: plots.rolls(compared(x).runs[0], **on),
    "smile": lambda x, on: plots.smile(market_of(x), **on),
    "surface": lambda x, on: plots.surface(market_of(x), **on),
    "term_structure": lambda x, on: plots.term_structure(market_of(x), **on),
    "underwater": lambda x, on: plots.underwater(compared(x).runs, **on),
    "waterfall": lambda x, on: plots.waterfall(compared(x).runs[0], **on),
}  # fmt: skip
WHOLE = {"backtest", "crash_fan", "greeks_profile", "orders", "over_time"}  # take a figure instead of axes
NO_PICTURES = {"Explorer", "explore", "money"}  # widgets and a word; the explorer draws a payoff


def frontier_of() -> hg.planner.Frontier:
    columns = ("level", "floor", "relaxed", "cost", "legs", "premium", "given_up", "bound")
    rows = [(-0.1, -0.1, 90.0, 100.0, 3, 20.0, 0.2, 99.0), (-0.2, -0.2, 40.0, 50.0, 1, -5.0, 0.1, 50.0)]
    return hg.planner.Frontier("floor", pd.DataFrame(rows, columns=columns), ((), ()), 1_000.0)


def test_every_public_picture_is_tried() -> None:
    assert {*PICTURES} | NO_PICTURES == {*plots.__all__}


@pytest.mark.parametrize("picture", PICTURES)
def test_no_name_is_a_formula(picture: str) -> None:
    """On a figure of its own, and on a caller's, whose texts were made to be parsed."""
    theirs = Figure(figsize=(5, 4), dpi=40)
    on = {"figure": theirs} if picture in WHOLE else {"ax": theirs.subplots()}
    with plt.rc_context({"figure.figsize": (5, 4), "figure.dpi": 40}):
        drawn = PICTURES[picture](NAMES[0], {})
    PICTURES[picture](NAMES[1], on)
    for figure in (getattr(drawn, "figure", drawn), theirs):
        figure.canvas.draw()  # raises on what is no formula
        texts = [each for each in figure.findobj(Text) if "$" in each.get_text()]
        assert not [each.get_text() for each in texts if each.get_parse_math()]
    plt.close("all")


@pytest.mark.parametrize("picture", ["decision", "overlays"])
def test_texts_below_a_narrow_panel_lie_apart(picture: str) -> None:
    with plt.rc_context({"figure.figsize": (3.4, 2.4)}):
        ax = PICTURES[picture](NAMES[1], {})
    ax.figure.canvas.draw()
    low, high = ax.get_xlim()
    ticks = [each for each in ax.get_xticklabels() if low <= each.get_position()[0] <= high]
    below = [each.get_window_extent() for each in (*ticks, ax.xaxis.label, ax.get_legend())]
    assert not [1 for place, first in enumerate(below) for other in below[:place] if first.overlaps(other)]
    plt.close("all")


def test_lines_of_falls_are_named_and_labels_have_one_minus() -> None:
    names = [run.name for run in compared("SOL").runs]
    told = [each.get_text() for each in plots.underwater(compared("SOL").runs).get_legend().get_texts()]
    assert told == names
    legend = plots.pnl_paths(falls_of("SOL")).get_legend()
    assert legend.get_texts()[1].get_text() == "SOL velocity −2 %/day, −0.4 %/day²"
    plt.close("all")


def test_what_the_caller_wrote_stays_a_formula() -> None:
    ax = Figure().subplots()
    ax.set_title(r"$\sigma^2$", loc="right")
    ax.annotate(r"$\alpha$", (0.0, 0.0))
    plots.term_structure(market_of(NAMES[0]), ax=ax)
    formulas = {
        each.get_text() for each in ax.findobj(Text) if "$" in each.get_text() and each.get_parse_math()
    }
    assert formulas == {r"$\sigma^2$", r"$\alpha$"}
