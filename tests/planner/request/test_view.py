"""What a view expects orders to gain, in closed form and by simulation, and what a plan makes of it."""

from __future__ import annotations

import numpy as np
import pytest
from cases.enumeration import assert_proven, random_chain, random_outcomes, view_gain
from cases.markets import flat_market, option
from cases.planner import CASH, COIN, LOOSE, coins
from numpy.testing import assert_allclose

from hedging import samples
from hedging.book.book import Book, Holding
from hedging.book.legs import option_leg
from hedging.book.pricer import unit_values, unit_values_now
from hedging.errors import InputError
from hedging.market.contracts import Perpetual, Spot
from hedging.market.market import Market
from hedging.paths.paths import Paths, grid
from hedging.planner import Effort, Limits, Outright, Target, View, plan, read_plan
from hedging.planner.request.view import expected_gain, expected_gains

BOOK, CHAIN = samples.book(), samples.chain()
GRID = grid(np.linspace(-0.6, 0.6, 13), (-0.1, 0.1), (5.0, 20.0))
DAYS = (10.0, 30.0, 90.0)


# --- what is expected ---------------------------------------------------------------------------------


@pytest.mark.parametrize("settlement", ["coin", "cash"])
def test_the_chains_own_forward_and_vol_expect_nothing(settlement):
    market = flat_market(settlement, days=DAYS, carry=0.08)
    items = [option(market, flag, 90.0, day) for flag in "cp" for day in DAYS]
    gains = expected_gains([*items, Spot("BTC")], [0.0] * 7, market, View(drift=0.08, vol=0.6), 30.0)
    assert_allclose(gains, 0.0, atol=1e-10)


@pytest.mark.parametrize(("settlement", "carry"), [("coin", 0.0), ("coin", 0.1), ("cash", 0.0)])
def test_what_is_expected_is_the_mean_of_the_simulated_values(settlement, carry):
    """200,000 pairs of opposite lognormal paths, valued by the scenario engine, discounted to today."""
    market = flat_market(settlement, days=DAYS, carry=carry)
    items = [option(market, "p", 90.0, 10), option(market, "c", 110.0, 30), option(market, "p", 100.0, 90)]
    items += [Spot("BTC")]
    entries, view, horizon = [0.0] * 4, View(drift=-0.5, vol=0.9), 30.0
    normal = np.random.default_rng(3).standard_normal((200_000, 2))
    normal = np.concatenate((normal, -normal))
    dates = np.array([10.0, horizon])
    step = np.diff(dates, prepend=0.0) / 365.0
    log_spot = np.cumsum((view.drift - view.vol**2 / 2.0) * step + view.vol * np.sqrt(step) * normal, axis=1)
    paths = Paths(dates, np.exp(log_spot), np.zeros(log_spot.shape), ("",) * len(log_spot))
    value = unit_values(items, entries, market, paths)[:, -1] * np.exp(-carry * horizon / 365.0)
    gain = value - unit_values_now(items, entries, market)
    pairs = (gain[: len(gain) // 2] + gain[len(gain) // 2 :]) / 2.0
    error = pairs.std(axis=0) / np.sqrt(len(pairs))
    assert (
        np.abs(pairs.mean(axis=0) - expected_gains(items, entries, market, view, horizon)) < 4.5 * error
    ).all()


@pytest.mark.parametrize("terms", [COIN, CASH])
def test_an_order_gains_what_the_formula_written_out_says(terms):
    chain = random_chain(np.random.default_rng(5), most=4, terms=terms)
    market, view = Market.of(chain), View(drift=-0.7, vol=0.45)
    for symbol in chain.quotes["symbol"]:
        for side in (1.0, -1.0):
            leg = option_leg(chain, symbol, side)
            found = expected_gain(Book() + [leg], market, view, 20.0)
            assert found == pytest.approx(view_gain(leg, chain, view.drift, view.vol, 20.0), rel=1e-9)


def test_a_perpetual_gains_what_spot_does():
    market = flat_market("coin", days=DAYS, carry=0.08)
    spot, perpetual = expected_gains(
        [Spot("BTC"), Perpetual("BTC", "coin")], [0.0, 100.0], market, View(drift=-0.5), 30.0
    )
    assert spot == perpetual == pytest.approx(100.0 * np.expm1((-0.5 - 0.08) * 30.0 / 365.0), rel=1e-9)


def test_a_synthetic_short_is_expected_to_gain_what_a_sale_does():
    """Put-call parity under any view: long put and short call of one strike are a short forward."""
    market = flat_market("coin", days=DAYS)
    view = View(drift=-0.4, vol=0.3)
    for day in DAYS:
        parity = Book(
            Holding(option(market, "p", 100.0, day), 1.0), Holding(option(market, "c", 100.0, day), -1.0)
        )
        sale = Book(Holding.spot("BTC", -1.0))
        found = expected_gain(parity, market, view, 30.0)
        expected = expected_gain(sale, market, view, 30.0)
        strike = 100.0 * np.expm1(-0.4 * max(30.0 - day, 0.0) / 365.0)  # coin paid for the strike drifts too
        assert found == pytest.approx(expected + strike, rel=1e-9)


# --- what a plan makes of it --------------------------------------------------------------------------


def random_case(seed: int):
    random = np.random.default_rng([17, seed])
    chain = random_chain(random, most=5 if seed % 10 == 0 else 4, terms=COIN if seed % 2 else CASH)
    book = coins(float(random.integers(3, 7)))
    delta = book.holdings[0].quantity * random.uniform(0.4, 0.9)
    minimise = str(random.choice(["cost", "cost", "worst", "shortfall"]))
    target = Target(
        delta=(delta - 1.5, delta + 1.0) if random.random() < 0.6 else None,
        vega=(float(random.uniform(-0.2, 0.1)), None) if random.random() < 0.4 else None,
        minimise=minimise,
    )
    limits = Limits(
        budget=float(random.uniform(0.0, 0.08)) if random.random() < 0.5 else None,
        cost=float(random.uniform(0.002, 0.02)) if random.random() < 0.5 else None,
        max_legs=int(random.integers(1, 4)),
        price_per_leg=float(random.choice([0.0, 0.0005])),
        parsimony=0.0,
        **LOOSE,
    )
    view = View(drift=float(random.uniform(-1.0, 0.6)), vol=float(random.uniform(0.3, 0.9)))
    outcomes = random_outcomes(random, 40) if minimise == "shortfall" else None
    return book, chain, target, limits, outcomes, view


@pytest.mark.parametrize("seed", range(12))
def test_no_book_of_whole_lots_is_expected_to_do_better(seed):
    _assert_equals_enumeration(seed)


@pytest.mark.slow  # every book of every case is valued
@pytest.mark.parametrize("seed", range(12, 60))
def test_no_book_of_whole_lots_is_expected_to_do_better_in_many_cases(seed):
    _assert_equals_enumeration(seed)


def _assert_equals_enumeration(seed):
    book, chain, target, limits, outcomes, view = random_case(seed)
    assert_proven(book, chain, target, limits, GRID, 3, outcomes=outcomes, view=view, share=2e-7)


def test_who_expects_a_fall_hedges_with_more_and_says_so(tmp_path):
    target, limits = Target(delta=(8, 20), floor=-0.3), Limits(budget=0.02, max_legs=2)
    plain = plan(BOOK, CHAIN, target, limits, effort=Effort(alternatives=False, time_limit=60.0))
    view = View(drift=-0.4, vol=0.55)
    bear = plan(BOOK, CHAIN, target, limits, view=view, effort=Effort(alternatives=False, time_limit=60.0))
    assert bear.after.delta < plain.after.delta
    assert bear.cost.carry < 0.0
    assert all(check.ok for check in bear.checks)
    assert "view          drift -40 % a year, vol 55 %" in repr(bear)
    assert any("bet" in remark and "1.5 times" in remark for remark in bear.remarks)
    assert "view" not in repr(plain)
    assert bear.inputs["view"] == {"drift": -0.4, "vol": 0.55}
    bear.to_json(tmp_path / "plan.json")
    assert read_plan(tmp_path / "plan.json").to_json() == bear.to_json()


def test_the_most_cheerful_view_still_sells_no_more_than_is_covered():
    found = plan(
        BOOK,
        CHAIN,
        Target(delta=(0, 60)),
        Limits(max_legs=3),
        view=View(drift=3.0, vol=0.1),
        effort=Effort(alternatives=False),
    )
    assert found.legs
    assert all(check.ok for check in found.checks if "covered" in str(check.limit))
    assert any("covered" in str(check.limit) for check in found.checks)
    assert all(abs(leg.units) <= 1.5 * 25 + 1e-9 for leg in found.legs)


def test_what_a_view_expects_is_no_money_to_spend():
    """The cost cap holds over spread, fees and funding, whatever the orders are expected to gain."""
    limits = Limits(cost=0.0005, outright=(Outright("perpetual"),))
    found = plan(
        BOOK, CHAIN, Target(delta=(0, 30)), limits, view=View(drift=-2.0), effort=Effort(alternatives=False)
    )
    assert found.cost.half_spread + found.cost.fees <= 0.0005 * found.base * (1 + 1e-6)
    assert found.cost.carry < -0.01 * found.base


def test_each_asset_may_have_its_own_view():
    view = View(drift={"BTC": -0.4, "ETH": -0.6}, vol=0.5)
    assert view.of("BTC") == (-0.4, 0.5)
    assert view.of("ETH") == (-0.6, 0.5)
    assert view.of("SOL") == (None, 0.5)
    assert str(view) == "drift BTC -40 % a year, drift ETH -60 % a year, vol 50 %"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({}, "needs a drift, a vol or both"),
        ({"drift": float("nan")}, "drift must be a number"),
        ({"drift": "down"}, "drift must be a number"),
        ({"vol": 0.0}, "vol must be a number > 0"),
        ({"vol": {"BTC": float("inf")}}, "vol must be a number > 0"),
    ],
)
def test_a_view_that_makes_no_sense_is_refused(wrong, message):
    with pytest.raises(InputError, match=message):
        View(**wrong)
