"""The reservation price of a package: by hand, by brute force, and by planning again at it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases.orders import enumerated
from cases.planner import CASH, LOOSE, coins, small_chain
from numpy.testing import assert_allclose

import hedging as hg
from hedging import samples
from hedging.book.legs import cost_of, option_leg
from hedging.errors import InputError
from hedging.market.market import Market
from hedging.paths.paths import grid
from hedging.planner import Effort, Limits, Target, plan

EXACT = Effort(gap=1e-7, alternatives=False)
FIVE = [("p", 80.0, 30), ("p", 90.0, 30), ("p", 100.0, 30), ("c", 110.0, 30), ("c", 130.0, 30)]
SPREADS = [0.05, 0.02, 0.04, 0.03, 0.02]


def test_a_plan_that_is_bought_as_one_is_worth_the_screen_and_what_one_order_saves():
    book, chain = samples.book(), samples.chain()
    target, limits = Target(delta=(8, 12), vega=(0, None), floor=-0.15), Limits(budget=0.05, parsimony=0.0)
    found = plan(book, chain, target, limits, effort=EXACT)
    assert len(found.legs) > 1
    price = hg.worth(found, book, chain, target, limits, quote=found.cost.premium - 100.0)
    waived = found.cost.fees - price.fees
    orders = (len(found.legs) - 1) * limits.price_per_leg * found.base
    assert price.rest == ()
    assert_allclose(price.screen, found.cost.premium)
    assert_allclose(price.alone, found.objective, rtol=1e-6)
    assert_allclose(price.price, found.cost.premium + waived + orders, atol=0.2)
    assert_allclose(price.under_screen, 100.0)
    assert_allclose(price.gain, 100.0 + waived + orders, atol=0.2)
    assert "100.00 better than the screen" in repr(price)
    assert price.to_dict()["gain"] == price.gain


@pytest.mark.parametrize("seed", range(6))
def test_it_is_what_enumeration_of_every_rest_says(seed):
    random = np.random.default_rng(seed)
    chain = small_chain(FIVE, terms=CASH, spreads=list(random.uniform(0.01, 0.08, 5)))
    book, market = coins(4.0), Market.of(chain)
    symbols = chain.quotes["symbol"].tolist()
    low = float(random.uniform(1.0, 2.5))
    target, limits = (
        Target(delta=(low, low + 0.6)),
        Limits(budget=0.2, max_legs=3, price_per_leg=0.0005, **LOOSE),
    )
    limits = replace(limits, parsimony=0.0, max_leg_share=0.75, close=False)
    package = {symbols[int(random.integers(0, 3))]: float(random.integers(1, 4))}
    found = hg.worth(package, book, chain, target, limits)
    makers = [lambda q, s=s: option_leg(chain, s, q) for s in symbols]
    scenarios = grid([0.0], days=[0.0])
    base = book.value(market)

    def least(held, left, most) -> float:
        own = held.value(market)
        adjusted = replace(
            limits, budget=left / own, price_per_leg=limits.price_per_leg * base / own, max_legs=most
        )
        return enumerated(held, market, makers, target, adjusted, scenarios, 3)

    def whole(price: float) -> float:
        (leg,) = found.package
        own = abs(leg.units) * (leg.half_spread + leg.fee) + price - leg.units * leg.price
        held = book + [replace(leg, price=price / leg.units)]
        return (
            own + limits.price_per_leg * base + least(held, limits.budget * base - price, limits.max_legs - 1)
        )

    alone = least(book, limits.budget * base, limits.max_legs)
    assert_allclose(found.alone, alone, rtol=1e-6)
    assert found.price is not None
    assert whole(found.price - 1e-3) <= alone + 1e-4
    assert whole(found.price + 1e-3) >= alone - 1e-4


def test_planning_again_with_the_package_on_the_screen_at_its_price_changes_nothing():
    """In lots of the package, a put that was too dear comes in below its price, and not above it."""
    terms = replace(CASH, lot=5.0)
    chain = small_chain(FIVE, terms=terms, spreads=SPREADS)
    put = chain.quotes["symbol"].iloc[1]
    here = chain.quotes["symbol"] == put
    book = coins(20.0)
    target = Target(delta=(12.0, 15.0))
    limits = Limits(price_per_leg=0.0002, parsimony=0.0, **LOOSE)

    def quoted(ask: float):
        quotes = chain.quotes.assign(
            bid=chain.quotes["bid"].mask(here), ask=chain.quotes["ask"].mask(here, ask), ask_size=5.0
        )
        return replace(chain, quotes=quotes)

    dear = quoted(float(chain.quotes.loc[here, "ask"].iloc[0]) * 1.5)
    alone = plan(book, dear, target, limits, effort=EXACT)
    assert put not in [leg.instrument.symbol for leg in alone.legs]
    found = hg.worth({put: 5.0}, book, dear, target, limits)
    fee = found.fees / 5.0
    assert found.price is not None
    for ask, cheaper in ((found.price / 5.0 - 1e-3, True), (found.price / 5.0 + 1e-3, False)):
        again = plan(book, quoted(ask), target, limits, effort=EXACT)
        assert (put in [leg.instrument.symbol for leg in again.legs]) == cheaper
        assert_allclose(again.objective, alone.objective - 5e-3 * cheaper, atol=1e-4)
    assert fee > 0.0


def test_at_its_price_the_book_with_it_costs_what_it_does_without():
    """By the public planner: the package in the book, and the rest planned."""
    book, chain = samples.book(), samples.chain()
    target, limits = Target(delta=(8, 12), vega=(0, None)), Limits(parsimony=0.0, max_legs=3)
    alone = plan(book, chain, target, limits, effort=EXACT)
    symbol = "BTC-10APR26-68000-P"
    found = hg.worth({symbol: 10.0}, book, chain, target, limits)
    (leg,) = found.package
    held = book + [replace(leg, price=found.price / 10.0)]
    ratio = book.position("BTC") / held.position("BTC")
    same = replace(
        limits,
        max_legs=2,
        price_per_leg=limits.price_per_leg * book.value(Market.of(chain)) / held.value(Market.of(chain)),
        min_leg_share=limits.min_leg_share * ratio,
        max_leg_share=limits.max_leg_share * ratio,
    )
    rest = plan(held, chain, target, same, effort=EXACT)
    own = cost_of([leg]).execution + found.price - leg.units * leg.price
    assert_allclose(own + limits.price_per_leg * alone.base + rest.objective, alone.objective, atol=0.5)


def test_a_floor_and_a_budget_are_those_of_the_whole():
    """A package that eats the budget is worth no more than what is left for it."""
    book, chain = samples.book(), samples.chain()
    target, limits = Target(delta=(8, 12), floor=-0.2), Limits(budget=0.012, parsimony=0.0)
    found = hg.worth({"BTC-10APR26-68000-P": 18.0}, book, chain, target, limits, quote=60_000.0)
    assert found.price is not None
    base = book.value(Market.of(chain))
    spent = found.price + cost_of(found.rest).premium
    assert spent <= limits.budget * base + 0.5
    held = book + (
        replace(found.package[0], price=found.price / 18.0),
        *found.rest,
    )
    assert 8.0 - 1e-6 <= held.exposure(Market.of(chain)).delta <= 12.0 + 1e-6


@pytest.mark.parametrize(
    ("package", "target", "options", "message"),
    [
        ({}, Target(delta=(8, 12)), {}, "package is empty"),
        ({"BTC-1JAN30-1-P": 1.0}, Target(delta=(8, 12)), {}, "has no quote of"),
        ({"BTC-10APR26-68000-P": 0.05}, Target(delta=(8, 12)), {}, "whole lots"),
        ({"BTC-10APR26-68000-P": -5.0}, Target(delta=(8, 12)), {}, "short beyond what the book covers"),
        (
            {"BTC-10APR26-68000-P": 5.0},
            Target(delta=(8, 12), minimise="worst"),
            {"limits": Limits(cost=0.01)},
            "minimise",
        ),
        ({"BTC-10APR26-68000-P": 5.0}, Target(delta=(8, 12)), {"quote": float("nan")}, "quote must be"),
    ],
)
def test_what_has_no_price_is_refused(package, target, options, message):
    with pytest.raises(InputError, match=message):
        hg.worth(package, samples.book(), samples.chain(), target, **options)


def test_where_nothing_else_helps_the_price_is_no_number():
    chain = small_chain([("p", 90.0, 30), ("c", 110.0, 30)], terms=CASH, sizes=[1.0, 1.0])
    symbol = chain.quotes["symbol"].iloc[0]
    found = hg.worth({symbol: 6.0}, coins(4.0), chain, Target(delta=(1.5, 2.5)), Limits(**LOOSE))
    assert found.price is None
    assert "no plan meets the limits without it" in found.why
    assert "no reservation price" in repr(found)
    far = hg.worth({symbol: 60.0}, coins(4.0), chain, Target(delta=(3.5, 4.0)), Limits(close=False, **LOOSE))
    assert (far.price, far.why) == (None, "no plan with it meets the limits")
