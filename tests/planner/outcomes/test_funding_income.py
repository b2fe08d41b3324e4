"""Expected shortfall and value at risk count no funding that is received: every outcome by hand, at what is paid."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases.planner import small_chain

from hedging.book.book import Book, Holding
from hedging.market.market import Market
from hedging.paths.paths import Paths
from hedging.planner import Effort, Funding, Limits, Outcomes, Outright, Target, plan
from hedging.planner.request.limit import SHORTFALL, VALUE_AT_RISK
from hedging.risk import expected_shortfall, value_at_risk

MENU = [("p", 90.0, 40), ("p", 95.0, 40)]
DAYS, COUNT, QUICK = 30.0, 400, Effort(alternatives=False)
LIMITS = Limits(
    outright=(Outright("perpetual"),), max_legs=1, budget=0.0
)  # no put is bought: the perpetual alone


def outcomes(shift=None) -> Outcomes:
    moves = np.exp(0.2 * np.random.default_rng(4).standard_normal((COUNT, 1)))
    shifts = None if shift is None else np.resize(shift, (COUNT, 1))
    labels = tuple(map(str, range(COUNT)))
    return Outcomes(Paths(np.array([DAYS]), moves, np.zeros_like(moves), labels, funding_shift=shifts))


def ended(
    drawn: Outcomes, spot: float, coins: float, perpetuals: float, rate: float, *, entry: float
) -> np.ndarray:
    """P&L by hand: a perpetual pays its rate three times a day in coins of what it was entered for, and receives nothing."""
    move = drawn.paths.spot[:, 0]
    shift = 0.0 if drawn.paths.funding_shift is None else drawn.paths.funding_shift[:, 0]
    paid = np.maximum(perpetuals * (rate + shift), 0.0) * 3.0 * DAYS * entry * (1.0 + move) / 2.0
    return spot * (coins + perpetuals) * (move - 1.0) - paid


@pytest.mark.parametrize("kind", ["shortfall", "value_at_risk"])
@pytest.mark.parametrize("rate", [-1e-4, 0.0, 2e-3])
def test_a_tail_is_no_shorter_for_what_a_short_receives(kind, rate):
    market, drawn = Market.of(small_chain(MENU), funding_8h=rate), outcomes()
    book = Book([Holding.spot("BTC", 10.0)])
    found = plan(
        book, market, Target(**{kind: -0.15}, level=0.9), LIMITS, outcomes=drawn, horizon=DAYS, effort=QUICK
    )
    (leg,) = found.legs
    assert leg.units < 0
    move = drawn.paths.spot[:, 0]  # which the fee's coins would have moved with
    paid = abs(leg.units) * (leg.half_spread + leg.fee * move)
    by_hand = (ended(drawn, market.spot, 10.0, leg.units, rate, entry=leg.price) - paid) / found.base
    measured = expected_shortfall if kind == "shortfall" else value_at_risk
    limit = SHORTFALL if kind == "shortfall" else VALUE_AT_RISK
    (check,) = (each for each in found.checks if each.limit == limit)
    assert check.value == pytest.approx(-measured(by_hand, 0.9), abs=1e-9)
    one_less = ended(drawn, market.spot, 10.0, leg.units + 0.1, rate, entry=leg.price) / found.base
    assert -measured(one_less, 0.9) < -0.15  # the least that keeps the limit: nothing received was counted


def test_a_stated_share_of_a_low_percentile_counts():
    drawn, book = outcomes(), Book([Holding.spot("BTC", 10.0)])
    market = Market.of(small_chain(MENU), funding_8h=4e-4)
    limits = replace(LIMITS, funding=Funding(low=3e-4, high=5e-4, received=0.5))
    target = Target(shortfall=-0.15, level=0.9)
    found = plan(book, market, target, limits, outcomes=drawn, horizon=DAYS, effort=QUICK)
    (leg,) = found.legs
    move = drawn.paths.spot[:, 0]
    income = abs(leg.units) * 0.5 * 3e-4 * 3.0 * DAYS * leg.price * (1.0 + move) / 2.0
    paid = abs(leg.units) * (leg.half_spread + leg.fee * move)
    by_hand = (ended(drawn, market.spot, 10.0, leg.units, 0.0, entry=leg.price) + income - paid) / found.base
    (check,) = (each for each in found.checks if each.limit == SHORTFALL)
    assert check.value == pytest.approx(-expected_shortfall(by_hand, 0.9), abs=1e-9)


@pytest.mark.parametrize("size", [4.0, -4.0])
@pytest.mark.parametrize("rate", [-1e-3, 0.0, 1e-3])
def test_what_is_held_receives_nothing_either_wherever_the_rate_goes(size, rate):
    drawn = outcomes(np.random.default_rng(9).uniform(-2e-3, 2e-3, (COUNT, 1)))
    market = Market.of(small_chain(MENU), funding_8h=rate)
    book = Book([Holding.spot("BTC", 10.0), Holding.perpetual("BTC", size, entry=market.spot)])
    target = Target(minimise="shortfall", level=0.9, delta=(10.0 + size, 10.0 + size))
    found = plan(book, market, target, LIMITS, outcomes=drawn, horizon=DAYS, effort=QUICK)
    assert not found.legs
    (check,) = (each for each in found.checks if each.limit == SHORTFALL)
    by_hand = ended(drawn, market.spot, 10.0, size, rate, entry=market.spot) / found.base
    assert check.value == pytest.approx(-expected_shortfall(by_hand, 0.9), abs=1e-9)


def test_a_path_moves_the_rate_up_to_where_a_side_would_receive():
    shift = np.array([[-3e-4, -1e-4, 0.0, 2e-4]])
    paths = Paths(np.arange(1.0, 5.0), np.ones((1, 4)), np.zeros((1, 4)), ("",), funding_shift=shift)

    def paid(funding, side):
        moved = funding.along(paths, side).funding_shift
        return (funding.counted(side) + side * moved)[0]

    np.testing.assert_allclose(paid(Funding(1e-4), +1), [0.0, 0.0, 1e-4, 3e-4], atol=1e-12)
    np.testing.assert_allclose(paid(Funding(1e-4), -1), [2e-4, 0.0, 0.0, 0.0], atol=1e-12)
    history = Funding(1e-4, low=5e-5, high=4e-4, received=0.5)
    np.testing.assert_allclose(paid(history, +1), [1e-4, 3e-4, 4e-4, 6e-4], atol=1e-12)
    # A short receives half of the low percentile, and no more where the rate rises.
    np.testing.assert_allclose(paid(history, -1), [2.5e-4, 5e-5, -2.5e-5, -2.5e-5], atol=1e-12)
    assert Funding(1e-4).along(replace(paths, funding_shift=None), +1).funding_shift is None
