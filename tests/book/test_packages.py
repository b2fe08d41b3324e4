"""Fees of packages: the cheaper side's is waived, and never more than is paid."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedging import samples
from hedging.book.legs import Leg, cost_of
from hedging.book.packages import package_fees, packages
from hedging.market.contracts import ContractTerms, Option
from hedging.planner import Effort, Limits, Target, plan
from hedging.units import utc
from hedging.venues.deribit import linear_terms, option_terms

TERMS = ContractTerms(settlement="coin", lot=0.1, combo_waiver=1.0)
EXPIRY = utc("2026-03-27T08:00Z")


def leg(flag, strike, quantity, fee, terms=TERMS, asset="BTC"):
    return Leg(Option(asset, flag, strike, EXPIRY, terms), quantity, 100.0, 1.0, fee, 70_000.0)


def test_the_published_example():
    # Deribit: buys of 10, sales of 8; 10 is paid.
    assert package_fees([leg("p", 60_000.0, 1.0, 10.0), leg("c", 80_000.0, -1.0, 8.0)]) == 10.0


def test_one_side_alone_gets_no_discount():
    assert package_fees([leg("p", 60_000.0, 1.0, 10.0), leg("c", 60_000.0, 1.0, 8.0)]) == 18.0


def test_what_exceeds_the_ratio_is_ordered_alone():
    legs = [leg("p", 60_000.0, 22.0, 21.0), leg("c", 80_000.0, -9.0, 21.0)]
    (package,) = packages(legs)
    assert package.contracts == 9.0
    assert package_fees(legs) == pytest.approx(22.0 * 21.0)


def test_coins_are_apart_and_venues_without_the_rule_waive_nothing():
    apart = [leg("p", 60_000.0, 1.0, 10.0), leg("c", 80_000.0, -1.0, 8.0, asset="ETH")]
    assert package_fees(apart) == 18.0
    other = replace(TERMS, combo_waiver=0.0)
    assert package_fees([leg("p", 6.0, 1.0, 10.0, other), leg("c", 8.0, -1.0, 8.0, other)]) == 18.0


SIZES = st.lists(st.tuples(st.integers(1, 50), st.floats(0.1, 30.0), st.booleans()), min_size=1, max_size=6)


@given(SIZES)
def test_a_waiver_is_at_most_the_cheaper_side_and_never_below_nothing(sizes):
    legs = [
        leg("p", 1000.0 * (i + 1), (1 if buys else -1) * lots / 10, fee)
        for i, (lots, fee, buys) in enumerate(sizes)
    ]
    sides = [
        sum(abs(each.units) * each.fee for each in legs if (each.quantity > 0) == buys)
        for buys in (True, False)
    ]
    waived = cost_of(legs).fees - package_fees(legs)
    assert -1e-9 <= waived <= min(sides) + 1e-9
    if len({fee for _, fee, _ in sizes}) == 1:  # where all fees are alike, it is the whole smaller side
        assert waived == pytest.approx(min(sides))


def test_a_plan_shows_both():
    chain = samples.chain()
    terms = replace(chain.terms, combo_waiver=1.0)
    target, limits = (
        Target(delta=(8, 12), vega=(0, None), floor=-0.15),
        Limits(budget=0.02, expiries=(20, 100)),
    )
    found = plan(
        samples.book(), replace(chain, terms=terms), target, limits, effort=Effort(alternatives=False)
    )
    assert 0.0 < package_fees(found.legs) < found.cost.fees
    assert f"fees {found.cost.fees:,.0f} ({package_fees(found.legs):,.0f} as combos)" in str(found)


def test_terms_by_tier_and_role():
    now, before = "2026-09-01T00:00Z", "2026-02-06T08:00Z"
    assert option_terms("BTC", now).fee.cap == 0.125
    assert option_terms("BTC", now, tier=5).fee.cap == 0.0417
    assert option_terms("BTC", before, tier=5).fee.cap == 0.125
    assert option_terms("SOL_USDC", before, maker=True).fee.rate == 0.0001
    assert linear_terms("perpetual", now, maker=True).fee.rate == 0.00015
    assert option_terms("BTC", "2021-06-01T00:00Z").combo_waiver == 0.0
    assert option_terms("BTC", now).combo_waiver == 1.0
