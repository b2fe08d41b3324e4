"""Every picture of `hedging.plots`, of an asset of any name, on a new figure or on a caller's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

import hedging as hg
from cases.coins import walks
from cases.later import later
from hedging import backtest, margin, overlays, paths, plots, risk, samples, scenario, screen
from hedging.book import Ladder
from hedging.market import OptionChain

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


def frontier_of() -> hg.planner.Frontier:
    columns = ("level", "floor", "relaxed", "cost", "legs", "premium", "given_up", "bound")
    rows = [(-0.1, -0.1, 90.0, 100.0, 3, 20.0, 0.2, 99.0), (-0.2, -0.2, 40.0, 50.0, 1, -5.0, 0.1, 50.0)]
    return hg.planner.Frontier("floor", pd.DataFrame(rows, columns=columns), ((), ()), 1_000.0)
