"""Rows without vols, quotes or marks, planted in a chain: every public answer is what it is without them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cases.stocks import american_chain

import hedging as hg
from hedging import Book, Holding, OptionChain, Target, margin, market, overlays, plots, risk, samples
from hedging.planner import Effort, Limits

NOTHING = [
    "bid",
    "ask",
    "mark",
    "bid_quoted",
    "ask_quoted",
    "mark_quoted",
    "mark_vol",
    "bid_size",
    "ask_size",
]


def planted(chain: OptionChain) -> OptionChain:
    """The chain with rows that say nothing before, between and after those of every expiry."""
    more = []
    for _, rows in chain.quotes.groupby("expiry"):
        low, middle, high = rows.iloc[[0]], rows.iloc[[len(rows) // 2]], rows.iloc[[-1]]
        for row, share in ((low, 0.5), (middle, 1.0001), (high, 2.0)):
            for flag in "cp":
                new = row.assign(strike=row["strike"] * share, flag=flag)
                name = f"planted-{len(more)}"
                new = new.assign(**dict.fromkeys(NOTHING, np.nan), symbol=name)
                more.append(new)
    quotes = pd.concat([*more, chain.quotes]).sort_values(["expiry", "strike", "flag"], kind="stable")
    return replace(chain, quotes=market.chain.in_columns(quotes, "quotes"))


def legs(made: Any) -> list[tuple[str, float, float]]:
    return [(leg.instrument.symbol, leg.quantity, leg.price) for leg in made.legs]


def book_of(chain: OptionChain) -> Book:
    held = next(s for s in chain.quotes.loc[chain.quotes["mark_vol"].notna(), "symbol"])
    size = 1_000.0 if chain.terms.exercise == "american" else 25.0
    return Book([Holding.spot(chain.asset, size, entry=chain.spot), Holding(chain.option(held), 1.0, 1.0)])


def plan(chain: OptionChain) -> Any:
    target, limits = Target(floor=-0.25), Limits(max_legs=2, expiries=(5, 150))
    made = hg.plan(book_of(chain), chain, target, limits, horizon=20, effort=Effort(alternatives=False))
    return legs(made), made.cost.execution, [check.value for check in made.checks]


ANSWERS: dict[str, Callable[[OptionChain], Any]] = {
    **{
        name: lambda chain, name=name: legs(getattr(overlays, name)(book_of(chain), chain, days=(10, 150)))
        for name in ("protective_put", "covered_call", "collar", "zero_cost_collar", "put_spread")
    },
    "standard": lambda chain: {
        made.name: legs(made) for made in overlays.standard(book_of(chain), chain, days=(10, 150))
    },
    "over_strikes": lambda chain: overlays.over_strikes(
        "protective_put", book_of(chain), chain, strikes=(0.9, 0.95)
    ),
    "plan": plan,
    "smile": lambda chain: market.fit(chain).to_frame(),
    "ssvi": lambda chain: market.fit_ssvi(chain).to_frame(),
    "fit_quality": lambda chain: market.fit_quality(market.fit(chain), chain),
    "rich_cheap": lambda chain: market.rich_cheap(market.fit(chain), chain),
    "violations": lambda chain: market.check(chain).violations,
    "forwards": lambda chain: market.check(chain).forwards,
    "stub_quotes": lambda chain: market.stub_quotes(chain),
    "greeks": lambda chain: chain.greeks()[~chain.quotes["symbol"].str.startswith("planted")],
    "quoted_vols": lambda chain: market.quoted_vols(chain).query("not symbol.str.startswith('planted')"),
    "exposure": lambda chain: book_of(chain).exposure(chain).delta,
    "scenario": lambda chain: (
        hg.scenario.run(book_of(chain), chain, hg.crash_path(velocity=-0.02, days=20)).values
    ),
    "density": lambda chain: market.density(
        market.fit(chain), chain.spot * np.array([0.7, 1.0, 1.3]), chain.quotes["expiry"].max()
    ),
    "drawn": lambda chain: hg.scenario.draw(chain, 20.0, 50)[chain.asset].spot,
    "survival": lambda chain: (
        margin.survive(
            book_of(chain),
            chain,
            hg.crash_path(velocity=-0.02, days=20),
            margin.RegT() if chain.terms.exercise == "american" else margin.DERIBIT_BTC,
        ).headroom
    ),
    "term_structure": lambda chain: np.concatenate(
        [line.get_xydata() for line in plots.term_structure(chain).lines]
    ),
    "profile": lambda chain: risk.profile(book_of(chain), chain, [-0.3, 0.0, 0.2]),
}


def assert_same(name: str, chain: OptionChain) -> None:
    """An answer of a chain and of the same chain with rows planted, which are there, and none of which is usable."""
    more = planted(chain)
    new = more.quotes["symbol"].str.startswith("planted")
    assert new.sum() == 6 * chain.quotes["expiry"].nunique()
    assert more.quotes.loc[new, NOTHING].isna().all(axis=None)
    assert_equal(ANSWERS[name](chain), ANSWERS[name](more))


def assert_equal(a: Any, b: Any) -> None:
    if isinstance(a, pd.DataFrame):
        pd.testing.assert_frame_equal(a.reset_index(drop=True), b.reset_index(drop=True))
    elif isinstance(a, np.ndarray):
        np.testing.assert_array_equal(a, b)
    else:
        assert a == b


@pytest.mark.parametrize("name", ANSWERS)
def test_of_coins(name: str) -> None:
    chain = samples.chain()
    assert_same(name, chain)


@pytest.mark.parametrize("name", ANSWERS)
def test_of_shares(name: str) -> None:
    chain = american_chain(days=(30.0, 60.0, 120.0))
    assert_same(name, chain)
