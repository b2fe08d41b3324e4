"""Floors between the nodes of the default scenarios: payoffs written out by hand, on grids much finer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from cases.planner import AS_OF, CASH, COIN, LOOSE, SPOT, coins, small_chain

from hedging.book.book import Book
from hedging.market.contracts import Option
from hedging.planner import Effort, Limits, Target, plan
from hedging.planner.request.default_scenarios import default_scenarios
from hedging.planner.request.request import Request
from hedging.planner.result.infeasible import InfeasibleHedgeError

FIRST, LAST = 10, 20
ROUNDING = 2e-6  # of the book: what a check lets pass, and what is lost from the lowest node to zero


def random_case(seed: int, *days: int):
    """Strikes that are on no round grid, a floor near or far, and premium that is scarce."""
    random = np.random.default_rng(seed)
    options = [("p", 93.7, days[-1]), ("c", 107.9, days[-1])]
    for day in days:
        strikes = np.unique(np.round(random.uniform(62.0, 128.0, 4), 1))
        options += [("p" if strike < SPOT else "c", float(strike), day) for strike in strikes]
    spreads = list(random.uniform(0.005, 0.15, len(options)))
    chain = small_chain(options, terms=COIN if seed % 2 else CASH, spreads=spreads)
    floor = -round(float(random.uniform(0.12, 0.6)), 3)
    target = Target(floor=floor, delta=(None, float(random.uniform(6, 9))))
    return chain, target, Limits(budget=float(random.uniform(0.0, 0.06)), **LOOSE)


def planned(book: Book, case, **keywords):
    """The plan of a case, None if no plan meets its limits."""
    chain, target, limits = case
    try:
        return plan(
            book, chain, target, limits, horizon=LAST, effort=Effort(alternatives=False, gap=1e-2), **keywords
        )
    except InfeasibleHedgeError:
        return None


def settled(book: Book, legs, first, last) -> np.ndarray:
    """P&L as a share of the book when all has expired; spot at the first and the last expiry, of today's."""
    first, last = SPOT * np.asarray(first), SPOT * np.asarray(last)
    after = book + legs
    left = sum(held.units for held in after.holdings if not isinstance(held.instrument, Option))
    value = after.cash + left * last
    for held in after.holdings:
        if isinstance(option := held.instrument, Option):
            early = option.expiry < AS_OF + pd.Timedelta(days=LAST)
            payoff = held.units * intrinsic(option, first if early else last)
            value = value + payoff * (last / first if early and option.terms.settlement == "coin" else 1.0)
    return value / (10.0 * SPOT) - 1.0


def intrinsic(option: Option, at) -> np.ndarray:
    return np.maximum((at - option.strike) * (1.0 if option.flag == "c" else -1.0), 0.0)


FINE = np.append(np.linspace(0.0, 5.0, 40_001)[1:], 1e-9)  # 0.0125 % of spot apart, and zero
SEEDS = range(30)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_floor_at_expiry_holds_between_the_nodes(seed):
    found = planned(coins(10), case := random_case(seed, LAST))
    assert found is not None
    assert settled(coins(10), found.legs, FINE, FINE).min() >= case[1].floor - ROUNDING


def test_without_strikes_and_zero_floors_broke_between_the_nodes():
    broken = []
    for seed in SEEDS:
        case = random_case(seed, LAST)
        found = planned(coins(10), case, scenarios=default_scenarios(LAST, to_zero=False))
        broken.append(case[1].floor - settled(coins(10), found.legs, FINE, FINE).min())
    assert sum(each > ROUNDING for each in broken) >= 3
    assert max(broken) > 0.01


@pytest.mark.parametrize("seed", range(20))
def test_a_floor_holds_between_the_nodes_of_two_expiries(seed):
    found = planned(coins(10), case := random_case(seed, FIRST, LAST))
    assert found is not None
    assert settled(coins(10), found.legs, FINE, FINE).min() >= case[1].floor - ROUNDING
    first, last = np.linspace(0.1, 3.0, 1_161)[:, None], np.append(np.linspace(0.0025, 3.0, 1_199), 1e-9)
    assert settled(coins(10), found.legs, first, last).min() >= case[1].floor - ROUNDING


def test_a_coin_floor_holds_between_strikes_too():
    """In coins P&L is linear in 1 / spot; from a tenth of today's spot to three times it."""
    chain = small_chain([("p", 93.7, LAST), ("p", 71.3, LAST), ("c", 107.9, LAST), ("c", 121.7, LAST)])
    book = coins(10, numeraire="BTC")
    target = Target(floor=-0.15, delta=(None, 6.0))
    found = plan(book, chain, target, Limits(**LOOSE), horizon=LAST, effort=Effort(alternatives=False))
    at = FINE[(FINE >= 0.1) & (FINE <= 3.0)]
    in_coins = (1.0 + settled(coins(10), found.legs, at, at)) / at - 1.0
    assert found.legs
    assert in_coins.min() >= -0.15 - ROUNDING


def test_today_the_quarters_and_every_expiry_within_are_dates():
    chain = small_chain([("p", 93.7, LAST), ("p", 90.0, 60), ("c", 107.9, FIRST)])
    request = Request.of(coins(10), chain, Target(), Limits(**LOOSE))
    assert request.scenarios.days.tolist() == [0.0, 7.5, FIRST, 15.0, LAST, 22.5, 30.0]


def test_where_coins_are_counted_spot_does_not_go_to_zero():
    assert default_scenarios(30.0).spot.min() == 1e-6
    assert np.isclose(default_scenarios(30.0, [10.0], to_zero=False).spot.min(), 0.1)
