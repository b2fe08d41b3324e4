"""An audit of a saved plan against newer quotes: what drifted, what it earned, what restores it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases.later import later
from cases.markets import flat_chain

from hedging import samples
from hedging.book import Book, Holding
from hedging.errors import InputError
from hedging.market.market import Market
from hedging.paths.paths import Paths, grid
from hedging.planner import (
    Effort,
    Limits,
    Target,
    audit,
    plan,
    read_plan,
)

BOOK, CHAIN = samples.book(), samples.chain()


def falls(count: int, days: float = 30.0, seed: int = 5) -> Paths:
    move = np.clip(0.25 * np.random.default_rng(seed).standard_t(4, count), -2.0, 1.5)
    shift = 0.2 * np.maximum(-move, 0.0)
    return Paths(np.array([days]), np.exp(move)[:, None], shift[:, None], tuple(str(i) for i in range(count)))


def test_a_shortfall_is_audited_over_the_outcomes_it_is_given(tmp_path):
    outcomes, worse = falls(500), falls(500, seed=6)
    found = plan(
        BOOK,
        CHAIN,
        Target(delta=(8, 14), shortfall=-0.12),
        outcomes=outcomes,
        effort=Effort(alternatives=False),
    )
    found.to_json(tmp_path / "plan.json")
    saved = read_plan(tmp_path / "plan.json")
    with pytest.raises(InputError, match=r"pass them, hedging.audit\(plan, chain, outcomes="):
        audit(saved, CHAIN)
    today = audit(saved, CHAIN, outcomes=outcomes)
    said = {str(check.limit): check.value for check in today.checks}
    planned = {str(check.limit): check.value for check in found.checks}
    assert today.ok
    # The audit counts from after the orders, the plan from before.
    market = Market.of(CHAIN)
    paid = BOOK.value(market) - (BOOK + found).value(market)
    assert said["shortfall"] == pytest.approx(planned["shortfall"] + paid / found.base, abs=1e-9)
    other = audit(saved, CHAIN, outcomes=worse)
    assert {str(check.limit): check.value for check in other.checks}["shortfall"] != said["shortfall"]


def test_an_audit_right_away_finds_nothing_to_do(tmp_path):
    found = plan(BOOK, CHAIN, Target(delta=(8, 12), floor=-0.25), Limits(), effort=Effort(alternatives=False))
    found.to_json(tmp_path / "plan.json")
    report = audit(read_plan(tmp_path / "plan.json"), CHAIN)
    assert report.days == 0
    assert -found.cost.execution - 1e-6 <= report.overlay_gain < 0
    assert report.drift["planned"].to_numpy() == pytest.approx(report.drift["now"].to_numpy())
    assert report.cost_now.execution == pytest.approx(found.cost.execution)


def test_an_audit_after_a_fall_says_what_drifted_and_what_restores_it():
    found = plan(
        BOOK,
        CHAIN,
        Target(delta=(11, 12), floor=-0.25),
        Limits(expiries=(20, None)),
        effort=Effort(alternatives=False),
    )
    moved = later(CHAIN, 3.0, 0.15)
    report = audit(found, moved)
    assert report.days == pytest.approx(3.0)
    assert report.overlay_gain > 0  # protection pays in a fall
    assert report.gain == pytest.approx(
        (BOOK + found).value(Market.of(moved)) - BOOK.value(Market.of(CHAIN)), rel=1e-9
    )
    assert not report.ok
    assert "delta is" in repr(report)
    assert report.restore is not None
    after = (BOOK + found + report.restore).exposure(Market.of(moved))
    assert 11 <= after.delta <= 12


def test_an_audit_judges_a_floor_over_the_days_that_restoring_it_plans_for():
    """Nothing is traded, so that the plan that restores the floor sees the worst case that the audit sees."""
    limits = Limits(expiries=(30, 40), max_legs=1)
    found = plan(BOOK, CHAIN, Target(floor=-0.2), limits, horizon=34.0, effort=Effort(alternatives=False))
    report = audit(found, later(CHAIN, 4.0, 0.0))
    assert found.legs
    assert not report.restore.legs
    assert report.restore.inputs["horizon_days"] == pytest.approx(30.0)
    (judged,) = (check.value for check in report.checks if str(check.limit) == "floor")
    assert judged * found.base == pytest.approx(report.restore.troughs[1].pnl, rel=1e-9)


def test_an_older_chain_is_refused():
    found = plan(BOOK, CHAIN, Target(delta=(8, 12)), effort=Effort(alternatives=False))
    with pytest.raises(InputError, match="older than the plan"):
        audit(found, replace(CHAIN, as_of=CHAIN.as_of - pd.Timedelta(days=1)))


def test_a_plan_of_its_own_scenarios_is_audited_over_these():
    own = grid([0.7, 1.0, 1.3], days=[30.0])
    made = plan(BOOK, CHAIN, Target(floor=-0.10), scenarios=own, effort=Effort(alternatives=False))
    with pytest.raises(InputError, match="scenarios of its own"):
        audit(made, CHAIN)
    audited = audit(made, CHAIN, scenarios=own)
    assert audited.ok
    assert audited.restore is not None
    assert not audited.restore.legs


def test_after_its_days_an_audit_says_over_what_it_judges():
    found = plan(BOOK, CHAIN, Target(delta=(8, 12)), horizon=5.0, effort=Effort(alternatives=False))
    assert "days of the plan are over" not in repr(audit(found, later(CHAIN, 4.0, 0.0), restore=False))
    assert "The 5 days of the plan are over" in repr(audit(found, later(CHAIN, 6.0, 0.0), restore=False))


def test_a_book_that_counts_in_coin_is_audited_over_the_coins_it_staked():
    book = Book([Holding.spot("BTC", 20.0), Holding.perpetual("BTC", -25.0, 70_000.0)], numeraire="BTC")
    target = Target(floor=-0.9)
    found = plan(book, CHAIN, target, effort=Effort(alternatives=False))
    assert not found.legs
    fallen = later(CHAIN, 5.0, 0.3)
    fresh = plan(book, fallen, target, effort=Effort(alternatives=False))
    (said,), (anew,) = (
        [c for c in each.checks if c.limit.kind == "floor"] for each in (audit(found, fallen), fresh)
    )
    coins = found.base / CHAIN.spot
    # The same coins are lost in the worst case, of those that the plan and of those that a new one stakes.
    assert said.value * coins == pytest.approx(anew.value * fresh.base / fallen.spot, rel=1e-3)
    assert found.base_at({"BTC": fallen.spot}) == pytest.approx(coins * fallen.spot)
    # Twenty coins and what the perpetual gained: 25 * (70,000 / 49,000 - 1).
    gained = audit(found, fallen).gain
    assert found.share_gained(gained, {"BTC": fallen.spot}) * coins == pytest.approx(
        25 * (1 / 0.7 - 1), rel=1e-6
    )


def test_a_book_in_coin_is_told_its_gain_in_coin_and_every_sum_its_unit() -> None:
    chain = flat_chain(half_spread=0.01)
    book = Book(Holding.spot("BTC", 10.0), numeraire="BTC")
    saved = plan(book, chain, Target(delta=(4.9, 5.1)))
    lower = flat_chain(spot=80.0, half_spread=0.01)
    found = audit(saved, replace(lower, as_of=lower.as_of + pd.Timedelta(days=1)), restore=False)
    now = (book + saved).value(replace(lower, as_of=lower.as_of + pd.Timedelta(days=1)))
    assert found.in_coin is not None
    assert found.in_coin[0] == pytest.approx(now / 80.0 - 10.0)
    assert found.in_coin[1] == pytest.approx(found.in_coin[0])  # coins alone gain none
    assert found.to_dict()["in_coin"]["currency"] == "BTC"
    text = repr(found)
    assert f"gain {found.in_coin[0]:.5g} BTC" in text
    assert "USD per vol point" in text
    money = audit(
        plan(Book(Holding.spot("BTC", 10.0)), chain, Target(delta=(4.9, 5.1))), chain, restore=False
    )
    assert money.in_coin is None
    assert "USD, of which overlay" in repr(money)
