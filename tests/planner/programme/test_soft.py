"""Every target may be missed at a price, each against the enumeration of all books."""

from __future__ import annotations

import numpy as np
import pytest
from cases.enumeration import assert_proven, measure, random_chain, random_outcomes
from cases.planner import CASH, COIN, LOOSE, coins, small_chain

from hedging import samples
from hedging.book.book import Book, Holding
from hedging.book.legs import option_leg
from hedging.errors import InputError
from hedging.market.market import Market
from hedging.paths.paths import grid
from hedging.planner import Effort, Limits, Target, audit, plan, read_plan
from hedging.planner.request.limit import BANDS, LOSSES
from hedging.planner.result.saved import target_from

BOOK, CHAIN = samples.book(), samples.chain()
GRID = grid(np.linspace(-0.6, 0.6, 9), (-0.1, 0.1), (5.0, 20.0))
WINDOWS = ((0.0, 20.0), (20.0, 100.0))
KINDS = [*BANDS, *LOSSES, "vega_by_days", "one window"]


def soft_case(kind: str, seed: int):
    """One soft target of a kind beside a hard band of delta, at a price that some misses are worth and some not."""
    random = np.random.default_rng([21, KINDS.index(kind), seed])
    chain = random_chain(random, terms=COIN if seed % 2 else CASH)
    book, market = coins(float(random.integers(3, 6)), cash=40.0), Market.of(chain)
    symbols = random.choice(chain.quotes["symbol"], 2, replace=False)
    aim = book + [option_leg(chain, symbol, float(random.choice([-2, 1, 2, 3]))) for symbol in symbols]
    base, price = book.value(market), float(np.exp(random.uniform(-2.0, 3.0)))
    given, outcomes = {}, None
    if kind in BANDS:
        value, now = (measure(kind, held, market, Target()) for held in (aim, book))
        width = 0.1 * abs(value - now) + 1e-6
        # A miss by all of the way costs a small share of the base.
        given = {kind: (value - width, value + width)}
        soft = {kind: price * 0.002 * base / (abs(value - now) + 1e-3 * abs(now) + 1e-9)}
    elif kind in LOSSES:
        given, soft = {kind: float(random.uniform(-0.3, -0.02))}, {kind: price * 1e-4 * base}
        outcomes = random_outcomes(random, 24) if kind != "floor" else None
    else:
        bands = {}
        for days in WINDOWS:
            value = measure(days, aim, market, Target())
            bands[days] = (value - 0.01, value + 0.01)
        per_unit = price * 0.02 * base / 3.0
        given, soft = {"vega_by_days": bands}, {"vega_by_days": per_unit}
        if kind == "one window":
            given["vega_by_days"][WINDOWS[0]] = (-1.0, 1.0)
            soft = {"vega_by_days 20-100": per_unit}
    delta = book.exposure(market).delta
    hard = {} if kind == "delta" else {"delta": (0.2 * delta, 0.95 * delta)}
    target = Target(**hard, **given, soft=soft, level=0.9)
    limits = Limits(max_legs=int(random.integers(1, 4)), price_per_leg=0.0002, parsimony=0.0, **LOOSE)
    return book, chain, target, limits, outcomes


def assert_equals_enumeration(kind: str, seed: int) -> float:
    """The size of the miss."""
    book, chain, target, limits, outcomes = soft_case(kind, seed)
    found = assert_proven(book, chain, target, limits, GRID, 3, outcomes=outcomes)
    if found is None:
        return 0.0
    missed = [check for check in found.checks if not check.ok]
    assert {str(check.limit).partition(" ")[0] for check in missed} <= {kind, "vega_by_days"}
    return sum(check.miss / check.scale for check in missed)


@pytest.mark.parametrize("kind", KINDS)
def test_no_book_is_cheaper_with_what_it_misses_priced(kind):
    misses = [assert_equals_enumeration(kind, seed) for seed in range(4)]
    assert any(misses)


def test_one_window_may_be_missed_where_the_other_holds(tmp_path):
    chain = small_chain([("p", 95.0, 30), ("p", 90.0, 60)])
    windows = {(0, 45): (0.5, None), (45, 90): (0.5, None)}
    limits = Limits(parsimony=0.0, **LOOSE)
    hard = plan(coins(100), chain, Target(vega_by_days=windows), limits, effort=Effort(alternatives=False))
    assert len(hard.legs) == 2
    soft = Target(vega_by_days=windows, soft={"vega_by_days 45-90": 1e-3})
    found = plan(coins(100), chain, soft, limits, effort=Effort(alternatives=False))
    (leg,) = found.legs
    assert leg.instrument.strike == 95.0
    missed = {str(check.limit): check.miss for check in found.checks if not check.ok}
    assert missed == {"vega_by_days 45-90": pytest.approx(0.5)}
    free = Target(vega_by_days=windows, soft={"vega_by_days": 1e-3})
    assert plan(coins(100), chain, free, limits, effort=Effort(alternatives=False)).legs == ()
    # What is missed, and at what price, is saved with the plan.
    found.to_json(tmp_path / "plan.json")
    assert target_from(read_plan(tmp_path / "plan.json").inputs["target"]) == soft
    assert {str(check.limit) for check in audit(found, chain).checks if not check.ok} == {
        "vega_by_days 45-90"
    }


def test_a_window_of_each_of_two_assets_may_be_missed():
    chains = [small_chain([("p", 95.0, 30), ("p", 90.0, 60)], asset=asset) for asset in ("BTC", "ETH")]
    book = Book([Holding.spot("BTC", 100.0), Holding.spot("ETH", 100.0)])
    target = Target(vega_by_days={(0, 45): (0.5, None)}, soft={"vega_by_days 0-45": 1e-3})
    found = plan(book, chains, target, Limits(**LOOSE), effort=Effort(alternatives=False))
    assert found.legs == ()
    assert found.objective == pytest.approx(2 * 0.5e-3)


@pytest.mark.parametrize(
    "soft", [{"vega_by_days": 1.0}, {"vega_by_days 20-45": 1.0}, {"delta": 1.0}, {"shape": 1.0}]
)
def test_what_is_not_asked_for_cannot_be_missed(soft):
    with pytest.raises(InputError, match="soft may name targets that are set, here vega"):
        Target(vega=(0.0, 1.0), soft=soft)
    windows = {(20, 50): (0.0, 1.0)}
    with pytest.raises(InputError, match="here vega_by_days, vega_by_days 20-50; got 'vega_by_days 20-45'"):
        Target(vega_by_days=windows, soft={"vega_by_days 20-45": 1.0})


def test_a_band_of_a_window_stays_hard_where_the_whole_is_soft():
    target = Target(delta=(8, 12), vega=(0, None), vega_by_days={(0, 400): (3000, None)}, soft={"vega": 0.01})
    found = plan(BOOK, CHAIN, target, effort=Effort(alternatives=False))
    assert found.after.vega >= 3000 - 1e-3
    assert all(check.ok for check in found.checks)
