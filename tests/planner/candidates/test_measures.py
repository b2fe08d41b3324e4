"""Bands beyond the plain Greeks: in money, in coins, weighted by time, and with the surface's reaction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases.enumeration import assert_proven, bumped, measure, random_chain
from cases.markets import flat_chain, flat_market, option
from cases.planner import CASH, COIN, LOOSE, SPOT, coins, programme_for, small_chain

from hedging import samples
from hedging.book.book import Book, Holding
from hedging.book.legs import option_leg
from hedging.errors import InputError
from hedging.market.market import Market
from hedging.paths.paths import grid
from hedging.planner import Effort, Limits, Outright, Target, audit, plan, read_plan
from hedging.planner.candidates.measures import measures
from hedging.planner.candidates.orders import leg_of
from hedging.planner.request.default_scenarios import default_scenarios
from hedging.planner.request.target import BANDS
from hedging.planner.result.infeasible import InfeasibleHedgeError

BOOK, CHAIN = samples.book(), samples.chain()
GRID = grid(np.linspace(-0.6, 0.6, 13), (-0.1, 0.1), (5.0, 20.0))


def random_case(seed: int):
    """One to three bands of any kind around what a random book of the chain has, so that most can be met."""
    random = np.random.default_rng([11, seed])
    chain = random_chain(random, most=5 if seed % 10 == 0 else 4, terms=COIN if seed % 2 else CASH)
    book, market = coins(float(random.integers(3, 7))), Market.of(chain)
    rule = [None, "sticky_moneyness", 1.6][int(random.integers(3))]
    loose = Target(delta_rule={"sticky_moneyness": 0.0}.get(rule, rule), reference_days=45.0)
    symbols = random.choice(chain.quotes["symbol"], 2, replace=False)
    aim = book + [option_leg(chain, symbol, float(random.integers(1, 3))) for symbol in symbols]
    bands = {}
    for name in random.choice(list(BANDS), int(random.integers(1, 4)), replace=False):
        value, now = (measure(name, held, market, loose) for held in (aim, book))
        width = 0.3 * abs(value - now) + 1e-6
        bands[name] = (value - width, value + width if random.random() < 0.7 else None)
    target = Target(
        **bands,
        delta_rule=rule,
        reference_days=45.0,
        floor=float(random.uniform(-0.8, -0.3)) if random.random() < 0.4 else None,
    )
    limits = Limits(
        max_legs=int(random.integers(1, 4)),
        cost=0.02 if random.random() < 0.5 else None,
        price_per_leg=float(random.choice([0.0, 0.0005])),
        parsimony=0.0,
        **LOOSE,
    )
    return book, chain, target, limits


@pytest.mark.parametrize("seed", range(16))
def test_no_book_of_whole_lots_is_cheaper(seed):
    _assert_equals_enumeration(seed)


@pytest.mark.slow  # every book of every case is valued
@pytest.mark.parametrize("seed", range(16, 80))
def test_no_book_of_whole_lots_is_cheaper_in_many_cases(seed):
    _assert_equals_enumeration(seed)


def _assert_equals_enumeration(seed):
    book, chain, target, limits = random_case(seed)
    rule = {"sticky_moneyness": 0.0}.get(target.delta_rule, target.delta_rule)
    assert_proven(book, chain, target, limits, GRID, 3, judged=replace(target, delta_rule=rule))


# --- each measure by itself ---------------------------------------------------------------------------


def of_book(name: str, book: Book, market: Market, **target) -> float:
    (found,) = measures(Target(**{name: (0.0, 1.0)}, **target), market, several=False)
    return found.of_book(book)


def test_weighted_vega_is_the_vega_of_a_move_that_shrinks_with_the_root_of_time():
    """Vols moved by 1 point times the root of 30 days over the days left: revalued, not summed."""
    market = flat_market(days=(10.0, 30.0, 90.0))
    held = [
        Holding(option(market, "p", 90.0, day), units) for day, units in ((10, 3.0), (30, -2.0), (90, 4.0))
    ]
    step = 1e-4
    shifts = replace(
        grid([0.0], (-step, step), (0.0,)), tenor_power=0.5
    )  # as that of 30 days by the root of time
    down, up = Book(held).values(market, shifts).sum(axis=2)[:, 0]
    moved = (up - down) / (2.0 * step) * 0.01
    assert of_book("vega_weighted", Book(held), market) == pytest.approx(moved, rel=1e-4)
    one = Book(held[1])
    assert of_book("vega_weighted", one, market) == pytest.approx(one.exposure(market).vega, rel=1e-12)
    assert of_book("vega_weighted", one, market, reference_days=120.0) == pytest.approx(
        2.0 * one.exposure(market).vega, rel=1e-12
    )


@pytest.mark.parametrize("rule", ["sticky_moneyness", 1.7])
@pytest.mark.parametrize("greek", ["delta", "gamma"])
def test_a_skew_aware_greek_is_the_slope_of_the_book_with_its_surface_moving(rule, greek):
    market = Market.of(flat_chain(skew=0.3, days=(20.0, 60.0)))
    held = [Holding(option(market, "p", 90.0, 20), 3.0), Holding(option(market, "c", 120.0, 60), -2.0)]
    book = Book(Holding.spot("BTC", 5.0), *held)
    ratio = 0.0 if rule == "sticky_moneyness" else rule
    expected = bumped(greek, book, market, ratio)
    assert of_book(greek, book, market, delta_rule=rule) == pytest.approx(expected, rel=1e-4)
    assert abs(expected - getattr(book.exposure(market), greek)) > 1e-3 * abs(expected)


def test_bands_in_money_and_in_coins_are_the_same_limits_in_other_units():
    chain, spot = small_chain([("p", 90.0, 30), ("c", 110.0, 30), ("p", 100.0, 60)]), SPOT
    pairs = [
        ({"delta": (6.0, 7.5)}, {"delta_value": (6.0 * spot, 7.5 * spot)}),
        ({"gamma": (0.05, None)}, {"gamma_value": (0.05 * spot**2 * 0.01, None)}),
        ({"vega": (0.3, None)}, {"vega_coin": (0.3 / spot, None)}),
        ({"theta": (None, -0.2)}, {"theta_coin": (None, -0.2 / spot)}),
    ]
    for one, other in pairs:
        first, second = (
            plan(coins(10), chain, Target(**each), Limits(**LOOSE), effort=Effort(alternatives=False))
            for each in (one, other)
        )
        assert first.legs
        assert first.legs == second.legs


def test_the_rows_and_the_check_agree_on_every_order():
    """What one lot changes a measure by, in the programme, is what it changes in the book."""
    market = Market.of(CHAIN)
    target = Target(
        **dict.fromkeys(BANDS, (0.0, 1.0)), vega_by_days={(20, 50): (0.0, 1.0)}, delta_rule="sticky_moneyness"
    )
    limits = Limits(outright=(Outright("spot"), Outright("perpetual")))
    programme = programme_for(BOOK, (market,), target, limits, 30.0, default_scenarios(30.0))
    checked = 0
    for measure_ in measures(target, market, several=False):
        effect, before = measure_.of_columns(programme.candidates), measure_.of_book(BOOK)
        for i in range(0, len(programme.candidates), 17):
            leg = leg_of(programme.candidates, i, 3.0, {"BTC": market}, limits)
            change = measure_.of_book(BOOK + [leg]) - before
            assert 3.0 * effect[i] == pytest.approx(change, rel=1e-6, abs=1e-9 * max(abs(before), 1.0))
            checked += 1
    assert checked > 100


def test_what_is_asked_for_is_printed_saved_and_read_back(tmp_path):
    target = Target(
        delta=(8, 12),
        delta_value=(500_000, 900_000),
        vega_weighted=(0, None),
        delta_rule=0.5,
        reference_days=60.0,
    )
    found = plan(BOOK, CHAIN, target, Limits(budget=0.02), effort=Effort(alternatives=False))
    limits = {str(check.limit): check for check in found.checks}
    assert {"delta stickiness 0.5", "delta_value stickiness 0.5", "vega_weighted"} <= set(limits)
    for limit in ("delta stickiness 0.5", "vega_weighted"):
        (line,) = [line for line in repr(found).splitlines() if line.startswith(f"  {limit}")]
        assert f"{limits[limit].value:,.5g}" in line
    found.to_json(tmp_path / "plan.json")
    again = read_plan(tmp_path / "plan.json")
    assert again.to_json() == found.to_json()
    audited = audit(again, CHAIN)
    assert {str(check.limit) for check in audited.checks} >= set(limits) - {"budget", "max_legs"}
    assert audited.restore.legs == ()


def test_a_measure_has_its_price_and_may_be_missed_at_one():
    chain = small_chain([("p", 95.0, 30), ("p", 90.0, 60)])
    hard = plan(coins(100), chain, Target(vega_weighted=(3.0, None)), Limits(**LOOSE))
    assert {str(price.limit) for price in hard.shadow_prices} == {"vega_weighted"}
    per_unit = hard.objective / 3.0
    soft = Target(vega_weighted=(3.0, None), soft={"vega_weighted": 0.2 * per_unit})
    cheap = plan(coins(100), chain, soft, Limits(**LOOSE))
    assert cheap.legs == ()
    assert cheap.objective == pytest.approx(0.2 * per_unit * 3.0, rel=1e-9)


def test_a_measure_that_cannot_be_met_is_named():
    chain = small_chain([("p", 95.0, 30), ("p", 90.0, 60)], sizes=[3.0, 3.0])
    with pytest.raises(InfeasibleHedgeError, match="vega_weighted") as caught:
        plan(coins(10), chain, Target(vega_weighted=(1e6, None)), Limits(**LOOSE))
    assert caught.value.clashes == ("vega_weighted",)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"delta_value": (2, 1)}, "delta_value must be .* low <= high"),
        ({"vega_weighted": (0, None), "reference_days": 0.0}, "reference_days"),
        ({"delta": (0, 1), "delta_rule": "sticky_tape"}, "rule must be one of"),
        ({"delta": (0, 1), "delta_rule": float("nan")}, "rule must be one of"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong, message):
    with pytest.raises(InputError, match=message):
        Target(**wrong)


def test_a_book_that_holds_nothing_has_no_vega_by_days() -> None:
    target = Target(vega_weighted=(-1.0, 1.0), vega_by_days={(0.0, 30.0): (-1.0, 1.0)})
    found = [
        each.of_book(Book(cash=1_000.0))
        for each in measures(target, Market.of(samples.chain()), several=False)
    ]
    assert found == [0.0, 0.0]
