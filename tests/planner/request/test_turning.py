"""Floors to the horizon's end: turns of spot after the last expiry inside it, by payoffs written out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from cases.planner import AS_OF, CASH, COIN, LOOSE, SPOT, coins, small_chain

from hedging.book.book import Book, Holding
from hedging.book.pnl import pnl_of
from hedging.market.contracts import Option
from hedging.market.market import Market
from hedging.planner import Effort, Limits, Target, plan
from hedging.planner.request.floors import no_later
from hedging.planner.request.request import Request
from hedging.planner.request.turning import MOMENT, Turning, end_of, turning_paths
from hedging.planner.result.infeasible import InfeasibleHedgeError

QUIET = Effort(alternatives=False, gap=1e-2)


def test_a_put_that_lapses_before_the_end_holds_no_floor():
    chain = small_chain([("p", 95.0, 20), ("p", 90.0, 20), ("c", 108.0, 20)])
    with pytest.raises(InfeasibleHedgeError, match="floor"):
        plan(coins(10), chain, Target(floor=-0.15), Limits(**LOOSE), horizon=30.0, effort=QUIET)
    assert plan(coins(10), chain, Target(floor=-0.15), Limits(**LOOSE), horizon=20.5, effort=QUIET).legs


@pytest.mark.parametrize("terms", [COIN, CASH], ids=["coin", "cash"])
@pytest.mark.parametrize("seed", range(12))
def test_a_floor_holds_at_the_end_wherever_spot_was_at_the_last_expiry_inside(seed, terms):
    """Calls and puts of one expiry inside the horizon; at its end a put still lives, worth its payoff at least."""
    random = np.random.default_rng(seed)
    near = [("c", float(k), 12) for k in np.round(random.uniform(101, 125, 3), 1)]
    near += [("p", float(k), 12) for k in np.round(random.uniform(80, 99, 2), 1)]
    chain = small_chain([*near, ("p", 93.7, 30), ("c", 109.3, 30)], terms=terms, spreads=[0.02] * 7)
    floor = -round(float(random.uniform(0.12, 0.3)), 3)
    target = Target(floor=floor, delta=(None, 7.5))
    try:
        found = plan(coins(10), chain, target, Limits(**LOOSE), horizon=30.0, effort=QUIET)
    except InfeasibleHedgeError:
        return
    after, level = coins(10) + found, np.append(np.linspace(0.005, 3.0, 600), 1e-6)
    first, last = SPOT * level[level >= 0.1][:, None], SPOT * level
    value = after.cash + sum(h.units for h in after.holdings if not isinstance(h.instrument, Option)) * last
    for held in after.holdings:
        if isinstance(option := held.instrument, Option):
            early = option.expiry < AS_OF + pd.Timedelta(days=29)
            at = first if early else last
            paid = held.units * np.maximum((at - option.strike) * option.sign, 0.0)
            value = value + paid * (last / first if early and terms is COIN else 1.0)
    assert value.min() / (10 * SPOT) - 1.0 >= floor - 2e-6


def test_an_expiry_within_a_day_of_the_horizon_counts_as_it():
    assert end_of(30.0, [5.0, 29.4, 30.3, 45.0]) == 30.3
    assert end_of(30.0, [5.0, 28.9, 31.1]) == 30.0
    chain = small_chain([("p", 95.0, 29), ("c", 108.0, 29)])
    found = plan(coins(10), chain, Target(floor=-0.15), Limits(**LOOSE), horizon=29.6, effort=QUIET)
    assert any("counts as it" in remark for remark in found.remarks)


@pytest.mark.parametrize("terms", [COIN, CASH], ids=["coin", "cash"])
def test_a_floor_of_a_day_behind_an_expiry_that_counts_as_the_horizon_is_of_that_expiry(terms):
    """Nothing is judged between the two: by coins paid there, which fall on, the plan failed its own check."""
    chain = small_chain([("p", 99.0, 20), ("p", 95.0, 27), ("c", 108.0, 27)], terms=terms)
    given = {"limits": Limits(**LOOSE), "horizon": 27.6, "effort": QUIET}
    found = plan(coins(10), chain, Target(floor={7.0: -0.15, 27.6: -0.14}), **given)
    assert any("judged to day 27, not 27.6" in remark for remark in found.remarks)
    same = plan(coins(10), chain, Target(floor={7.0: -0.15, 27.0: -0.14}), **given)
    assert [str(leg) for leg in found.legs] == [str(leg) for leg in same.legs] != []
    assert [str(each.limit) for each in found.checks if each.limit.kind == "floor"] == [
        "floor day 7",
        "floor day 27",
    ]


def test_of_several_floors_behind_the_end_the_strictest_holds():
    assert no_later({7.0: -0.1, 27.3: -0.2, 27.6: -0.15}, 27.0) == {7.0: -0.1, 27.0: -0.15}
    assert no_later({7.0: -0.1, 27.0: -0.12, 27.6: -0.15}, 27.0) == {7.0: -0.1, 27.0: -0.12}
    assert no_later({7.0: -0.1, 27.0: -0.12}, 27.0) == {7.0: -0.1, 27.0: -0.12}
    assert no_later(-0.2, 27.0) == -0.2


def test_funding_is_paid_at_the_level_after_a_turn_from_then_on():
    """Half of the stretch to the next date was paid at the level before it: a floor was missed by that."""
    market = Market.of(small_chain([("p", 95.0, 12), ("p", 95.0, 40)]), funding_8h=1e-3)
    turning = Turning.of(30.0, [12.0], to_zero=True)
    paths = turning_paths(turning, {12.0: [0.95]})
    book = Book([Holding.perpetual("BTC", 1.0, entry=SPOT, settlement="cash")])
    first, then = paths.spot[:, list(paths.days).index(12.0)], paths.spot[:, -1]
    expected = SPOT * (then - 1.0 - 3e-3 * (12.0 * first + 18.0 * then))
    assert pnl_of(book, (market,), paths)[:, -1] == pytest.approx(expected, rel=1e-6, abs=1e-4)
    assert expected.min() < -1.0 * SPOT


def test_turns_are_at_the_strikes_of_each_side_and_settle_there():
    turning = Turning.of(30.0, [12.0, 20.0, 40.0], to_zero=True)
    paths = turning_paths(turning, {12.0: [0.91], 20.0: [1.13], 40.0: [0.5]})
    days = list(paths.days)
    assert list(turning.dates) == [12.0, 20.0, 30.0]
    assert days == [0.0, 12.0, 12.0 + MOMENT, 20.0, 20.0 + MOMENT, 30.0]
    at = paths.spot[:, [days.index(12.0), days.index(20.0)]]
    for first in (0.1, 0.91, 3.0):
        for last in (1e-6, 0.1, 1.13, 3.0):
            assert np.isclose(at, [first, last], rtol=1e-12).all(axis=1).any()
    assert not np.isclose(paths.spot, 0.505).any()


def test_what_lies_beyond_one_turn_is_said():
    """A put sold for one expiry and a call for the next: spot that falls, rises and falls loses on both."""
    options = [("p", 98.0, 8), ("c", 104.0, 16), ("p", 97.0, 30), ("p", 90.0, 30), ("c", 120.0, 30)]
    chain = small_chain(options, terms=CASH)
    held = [Holding(chain.option(symbol), -4.0) for symbol in chain.quotes["symbol"].iloc[[0, 1]]]
    near = {each.instrument.expiry for each in held}
    assert len(near) == 2
    book = Book([Holding.spot("BTC", 10.0), *held])
    limits = Limits(close=False, **LOOSE | {"expiries": (25.0, None)})
    found = plan(book, chain, Target(minimise="worst"), limits, horizon=30.0, effort=QUIET)
    assert any("turns at every expiry" in remark for remark in found.remarks)


def test_of_two_assets_the_floor_holds_wherever_each_goes_alone():
    menu = [("p", 95.0, 30), ("p", 90.0, 30), ("c", 108.0, 30)]
    chains = [small_chain(menu, asset=asset, terms=CASH) for asset in ("BTC", "ETH")]
    book = Book([Holding.spot("BTC", 10.0), Holding.spot("ETH", -6.0)])
    found = plan(book, chains, Target(floor=-0.4), Limits(max_legs=4, **LOOSE), horizon=30.0, effort=QUIET)
    level = np.append(np.linspace(0.005, 3.0, 600), 1e-6) * SPOT
    after, worst = book + found, 0.0
    for asset in ("BTC", "ETH"):
        value = np.zeros(level.size)
        for held in after.of(asset):
            item = held.instrument
            payoff = np.maximum((level - item.strike) * item.sign, 0.0) if isinstance(item, Option) else level
            value += held.units * payoff
        worst += value.min()
    assert (worst + after.cash - 4.0 * SPOT) / found.base >= -0.4 - 1e-6
    together = plan(
        book,
        chains,
        Target(floor=-0.4, joint="together"),
        Limits(max_legs=4, **LOOSE),
        horizon=30.0,
        effort=QUIET,
    )
    assert together.objective < found.objective  # what moves by the same share hedges itself
    assert any("same share" in warning for warning in together.warnings)


def test_a_request_knows_its_turns_only_where_scenarios_were_not_given():
    chain = small_chain([("p", 95.0, 20), ("c", 108.0, 20)])
    request = Request.of(coins(10), chain, Target(floor=-0.3), Limits(**LOOSE))
    assert request.by_default
    own = Request.of(coins(10), chain, Target(floor=-0.3), Limits(**LOOSE), scenarios=request.scenarios)
    assert own.turning is None
