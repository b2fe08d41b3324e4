"""Keeping an overlay beside what could replace it: costs, floors and break-evens, each valued by other code."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases.later import later

from hedging import samples
from hedging.book.book import Book, Holding
from hedging.errors import InputError
from hedging.market.market import Market
from hedging.monitor import programme_of, roll
from hedging.paths.paths import grid
from hedging.planner import Effort, Limits, Target, audit, plan
from hedging.scenario import run

CHAIN = samples.chain()
BOOK = Book([Holding.spot("BTC", 25)])
FAST = Effort(alternatives=False)


@pytest.fixture(scope="module")
def made():
    limits = Limits(expiries=(20, 40), max_legs=1)
    return plan(BOOK, CHAIN, Target(delta=(6, 16), floor=-0.25), limits, horizon=20, effort=FAST)


@pytest.fixture(scope="module")
def fallen():
    return later(CHAIN, 5.0, 0.15)


@pytest.fixture(scope="module")
def found(made, fallen):
    return roll(made, fallen, when=25)


def test_keeping_is_what_the_audit_says(made, fallen, found):
    keep, report = found["keep"], audit(made, fallen, restore=False)
    assert keep.legs == ()
    assert keep.cost.execution == keep.cost.premium == 0.0
    assert [str(check) for check in keep.checks] == [str(check) for check in report.checks]
    assert keep.ok is report.ok


def test_each_choice_is_the_contract_it_is_called_after(made, fallen, found):
    (old,) = [leg.instrument for leg in made.legs]
    for name, lower, later_ in (
        ("roll down", True, False),
        ("roll out", False, True),
        ("roll down and out", True, True),
    ):
        sold, bought = found[name].legs
        assert sold.instrument.symbol == old.symbol
        assert sold.quantity == -bought.quantity == -made.legs[0].quantity
        assert (bought.instrument.strike < old.strike) is lower
        assert (bought.instrument.strike == old.strike) is not lower
        assert (bought.instrument.expiry > old.expiry) is later_
    wanted = old.strike / CHAIN.spot * fallen.spot
    strikes = fallen.quotes[fallen.quotes["expiry"] == old.expiry]["strike"]
    chosen = found["roll down"].legs[1].instrument.strike
    assert abs(np.log(chosen / wanted)) == pytest.approx(np.abs(np.log(strikes / wanted)).min())
    assert [leg.quantity for leg in found["close"].legs] == [-made.legs[0].quantity]
    assert all(leg.instrument.strike < old.strike for leg in found["monetise"].legs if leg.quantity > 0)


def test_costs_are_those_of_the_quotes(made, fallen, found):
    quotes = fallen.quotes.set_index("symbol")
    for choice in found.choices:
        premium = sum(
            leg.units * quotes.at[leg.instrument.symbol, "ask" if leg.quantity > 0 else "bid"]
            for leg in choice.legs
        )
        assert choice.cost.premium == pytest.approx(premium)
        if not choice.why:
            now = (BOOK + made + choice.legs).value(Market.of(fallen))
            keep = (BOOK + made).value(Market.of(fallen))
            assert now - keep == pytest.approx(
                -choice.cost.half_spread - choice.cost.fees, rel=1e-6, abs=1e-6
            )


def test_at_a_breakeven_it_does_as_well_as_keeping(made, fallen, found):
    """Valued by a scenario of its own, at that price and to either side."""
    market, crossed = Market.of(fallen), 0
    for choice in found.choices[1:]:
        for price in choice.breakevens:
            gains = []
            for at in (0.97 * price, price, 1.03 * price):
                paths = grid([at / fallen.spot - 1.0], days=[found.day])
                both = [
                    float(run(BOOK + made + legs, market, paths).position[0, -1])
                    for legs in ((), choice.legs)
                ]
                gains.append(both[1] - both[0] - choice.cost.half_spread - choice.cost.fees)
            assert abs(gains[1]) < 0.02 * max(abs(gains[0]), abs(gains[2]))
            assert gains[0] * gains[2] < 0.0
            crossed += 1
    assert crossed >= 3


def test_what_is_searched_for_carries_its_bound_and_meets_the_targets(found):
    for name in ("monetise", "plan anew"):
        choice = found[name]
        assert choice.ok
        assert choice.bound <= choice.cost.execution * (1 + 1e-9) + len(choice.legs) * 1e4
    assert found.cheapest.ok
    assert found.cheapest.cost.execution == min(c.cost.execution for c in found.choices if c.ok)


def test_it_is_due_once_fewer_days_are_left(made, fallen, found):
    expiry = made.legs[0].instrument.expiry
    assert found.due_on == expiry - pd.Timedelta(days=25)
    assert found.due is (found.due_on <= fallen.as_of)
    assert roll(made, fallen, when=1).due is False
    assert roll(made, fallen).due_on is None


def test_it_prints_and_saves(found):
    assert "roll down and out" in repr(found)
    json.dumps(found.to_dict(), allow_nan=False)
    assert found.to_frame()["choice"].tolist() == [choice.name for choice in found.choices]


def test_after_a_rise_it_is_a_roll_up(made):
    risen = roll(made, later(CHAIN, 5.0, -0.1))
    assert risen["roll up"].legs[1].instrument.strike > made.legs[0].instrument.strike
    with pytest.raises(InputError, match="no choice is called 'roll down'"):
        risen["roll down"]


def test_what_has_no_bid_cannot_be_sold_and_says_so(made, fallen):
    (symbol,) = [leg.instrument.symbol for leg in made.legs]
    bids = fallen.quotes["bid"].where(fallen.quotes["symbol"] != symbol)
    found = roll(made, replace(fallen, quotes=fallen.quotes.assign(bid=bids)))
    for name in ("roll down", "roll out", "close", "monetise"):
        assert "has no bid" in found[name].why
        assert not found[name].ok
    assert found["keep"].why == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"when": -1.0}, "when must be days"),
        ({"when": float("nan")}, "when must be days"),
    ],
)
def test_bad_input_is_named(made, fallen, arguments, message):
    with pytest.raises(InputError, match=message):
        roll(made, fallen, **arguments)


def test_a_plan_without_a_live_option_or_of_another_asset_is_refused(made, fallen):
    with pytest.raises(InputError, match="nothing to roll"):
        roll(plan(BOOK, CHAIN, Target(), effort=FAST), fallen)
    with pytest.raises(InputError, match="the plan is of BTC"):
        roll(made, replace(fallen, asset="ETH"))
    with pytest.raises(InputError, match="older than the plan"):
        roll(made, replace(CHAIN, as_of=CHAIN.as_of - pd.Timedelta(days=1)))


def test_a_joint_plan_is_refused_before_anything_is_read(made):
    exposure = made.exposures[0]
    other = tuple(replace(each, asset="ETH") for each in exposure)
    joint = replace(made, exposures=(exposure, other))
    for ask in (lambda: roll(joint, None), lambda: programme_of(joint, None, dates=[0, 7])):
        with pytest.raises(InputError, match="is of one asset, and the plan is of BTC and ETH together"):
            ask()
