"""Margin as planes: under the account's own requirement everywhere, and no book of a small chain needs less."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from cases.planner import CASH, COIN, LOOSE, SPOT, small_chain

from hedging import margin
from hedging.book.accounts import DeclaredAccount
from hedging.book.book import Book, Holding
from hedging.book.legs import cost_of, option_leg
from hedging.errors import InputError
from hedging.margin.requirement import Requirement, initial_margin
from hedging.market.contracts import Perpetual
from hedging.market.market import Market
from hedging.planner import Effort, InfeasibleHedgeError, Limits, Outright, Target, plan, read_plan
from hedging.planner.request.target import COST_WEIGHT

MENU = [("p", 85.0, 30), ("p", 97.0, 30), ("c", 105.0, 30), ("c", 115.0, 60)]
QUIET = Effort(alternatives=False, gap=1e-6)


def chain_of(terms=COIN, count=4):
    return small_chain(
        MENU[:count], terms=terms, sizes=[3.0] * count, spreads=[0.03, 0.05, 0.04, 0.06][:count]
    )


def levered(chain, model, *, short=(0, 2), size=-2.0):
    items = [chain.option(symbol) for symbol in chain.quotes["symbol"]]
    held = [Holding.spot("BTC", 10.0), Holding.perpetual("BTC", 6.0, SPOT)]
    held += [Holding(items[i], size) for i in short]
    return Book([each.in_account("a") for each in held], accounts=[DeclaredAccount("a", model)])


def needed(book, market) -> float:
    """Initial margin of an account by its own rules. [money]"""
    model = {"standard": margin.DERIBIT_BTC, "portfolio": margin.DERIBIT_BTC_2024}[book.accounts[0].model]
    bare = Book([each.in_account("") for each in book.holdings], cash=book.cash)
    return float(margin.assess(bare, market, model).initial[0]) * market.spot


@pytest.mark.parametrize("model", ["standard", "portfolio"])
def test_planes_lie_under_the_requirement_that_the_rules_have(model):
    chain, random = chain_of(), np.random.default_rng(2)
    market, book = Market.of(chain), levered(chain, model)
    items = [chain.option(symbol) for symbol in chain.quotes["symbol"]]
    orders = [Holding(item, side) for item in items for side in (1.0, -1.0)]
    orders += [Holding(Perpetual("BTC"), side, SPOT) for side in (0.5, -0.5)]
    planes = Requirement.of_account(book, {"BTC": market}, orders)

    def some():
        lots = np.zeros(len(orders))
        lots[[2 * i + int(random.integers(2)) for i in range(5)]] = random.integers(0, 5, 5)
        return lots

    def by_rules(lots):
        added = [
            Holding(each.instrument, each.quantity * n, each.entry)
            for each, n in zip(orders, lots, strict=True)
            if n
        ]
        return needed(
            book.like([*book.holdings, *(each.in_account("a") for each in added)], 0.0, book.accounts), market
        )

    for _ in range(25):
        here, there = some(), some()
        assert planes.at(here) == pytest.approx(by_rules(here), rel=1e-9, abs=1e-6)
        plane = planes.at(here) + planes.slopes(here) @ (there - here)
        assert plane <= planes.at(there) + 1e-6 * market.spot
    closed = np.zeros(len(orders))
    closed[[0, 4]] = 2.0  # what was sold is bought back
    assert planes.at(closed) < planes.at(np.zeros(len(orders)))


@pytest.mark.parametrize("model", ["standard", "portfolio"])
@pytest.mark.parametrize("seed", range(2))
def test_no_book_needs_less(model, seed):
    chain, random = chain_of(count=3), np.random.default_rng(seed)
    market = Market.of(chain)
    book = levered(chain, model)
    most = float(random.uniform(0.001, 0.006))
    limits = Limits(cost=most, max_legs=2, parsimony=0.0, **LOOSE)
    found = plan(
        book, chain, Target(minimise="margin", delta=(None, 30.0)), limits, horizon=20.0, effort=QUIET
    )
    best, symbols = np.inf, list(chain.quotes["symbol"])
    for lots in product(range(-3, 4), repeat=3):
        legs = [option_leg(chain, symbol, float(n)) for symbol, n in zip(symbols, lots, strict=True) if n]
        cost = cost_of(legs).execution if legs else 0.0
        if len(legs) > 2 or cost > most * found.base or not _allowed(book, legs, market):
            continue
        total = (
            needed(book + legs, market) + COST_WEIGHT * cost + limits.price_per_leg * found.base * len(legs)
        )
        best = min(best, total)
    assert found.objective == pytest.approx(best, abs=4e-7 * found.base)  # what rows may be off by
    assert found.objective < needed(book, market)


def _allowed(book: Book, legs, market: Market) -> bool:
    """Whether delta keeps its band and no tail is shorter than it was, written out for two calls and two puts."""
    after = book + legs
    if after.exposure(market).delta > 30.0 + 1e-9:
        return False
    for expiry in sorted(
        {each.instrument.expiry for each in (*after.holdings,) if hasattr(each.instrument, "expiry")}
    ):
        slopes = []
        for held in (book, after):
            up = puts = strikes = 0.0
            for each in held.holdings:
                item = each.instrument
                if getattr(item, "expiry", expiry) < expiry:
                    continue
                if getattr(item, "flag", "") == "p":
                    puts, strikes = puts + each.units, strikes + each.units * item.strike
                else:
                    up += each.units
            slopes.append((up, puts, strikes))
        if any(now < min(0.0, before) - 1e-9 for before, now in zip(*slopes, strict=True)):
            return False
    return True


def test_what_a_plan_closes_is_released_under_a_limit_too():
    """Options sold need more than may be needed: buying them back is the plan, where no release meant none."""
    chain = chain_of()
    market, book = Market.of(chain), levered(chain, "standard", short=(0, 1, 2), size=-3.0)
    limit = margin.InitialMargin(margin.DERIBIT_BTC, 0.6 * needed(book, market) / book.value(market))
    found = plan(book, chain, Target(), Limits(initial_margin=limit, **LOOSE), horizon=20.0, effort=QUIET)
    assert needed(book + found, market) <= 0.6 * needed(book, market) + 1e-6
    assert {leg.side for leg in found.legs} == {"buy"}
    tight = margin.InitialMargin(margin.DERIBIT_BTC, 0.0)
    with pytest.raises(InfeasibleHedgeError, match="initial_margin"):  # the perpetual may not be traded
        plan(book, chain, Target(), Limits(initial_margin=tight, **LOOSE), horizon=20.0, effort=QUIET)


def test_a_plan_says_what_it_frees_and_is_saved(tmp_path):
    chain = chain_of()
    book = levered(chain, "standard")
    limits = Limits(cost=0.01, outright=(Outright("perpetual", lot=1.0),), **LOOSE)
    found = plan(book, chain, Target(minimise="margin"), limits, effort=Effort(gap=1e-2))
    market = Market.of(chain)
    before, after = needed(book, market), needed(book + found, market)
    assert after < before
    assert f"from {before:,.0f} to {after:,.0f} USD: {before - after:,.0f} freed" in found.warnings[0]
    (check,) = (each for each in found.checks if str(each.limit) == "margin")
    assert check.value * found.base == pytest.approx(after, rel=1e-9)
    assert initial_margin(book + found, {"BTC": market}) == pytest.approx(after, rel=1e-9)
    found.to_json(tmp_path / "plan.json")
    assert repr(read_plan(tmp_path / "plan.json")) == repr(found)
    assert "minimised" in repr(found)


@pytest.mark.parametrize(
    ("model", "why"),
    [("reg-t", "paired anew with every order"), ("cross-portfolio", "taken with the collateral")],
)
def test_rules_without_slopes_are_refused(model, why):
    chain = chain_of(CASH)
    book = Book([Holding.spot("BTC", 10.0)]).with_model(model)
    with pytest.raises(
        InputError, match=rf"cannot be minimised by its rules, model {model}: .*{why}.*with_model"
    ):
        plan(book, chain, Target(minimise="margin"), Limits(**LOOSE))
