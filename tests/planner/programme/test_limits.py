"""Strikes, open interest, gross vega and vega by expiry: kept by the orders that come out."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from cases.planner import AS_OF, LOOSE, coins, small_chain

from hedging.book.book import Book
from hedging.errors import InputError
from hedging.market.market import Market
from hedging.planner import Limits, Target, audit, plan

LADDER = [
    ("p", 80.0, 30),
    ("p", 90.0, 30),
    ("p", 99.0, 30),
    ("c", 105.0, 30),
    ("c", 115.0, 60),
    ("p", 90.0, 60),
]


def test_strikes_open_interest_and_gross_vega_are_kept():
    chain = small_chain(LADDER)
    quotes = chain.quotes.assign(open_interest=100.0)
    chain = replace(chain, quotes=quotes)
    target = Target(delta=(None, 7.0))
    near = plan(coins(10), chain, target, Limits(moneyness=(0.95, 1.2), **LOOSE))
    assert all(95 <= leg.instrument.strike <= 120 for leg in near.legs)
    small = plan(coins(10), chain, target, Limits(open_interest_share=0.03, max_legs=6, **LOOSE))
    assert all(abs(leg.units) <= 3 for leg in small.legs)
    free = sum(abs(leg.units) for leg in plan(coins(10), chain, target, Limits(**LOOSE)).legs)
    assert free > 0
    market = Market.of(chain)
    capped = plan(coins(10), chain, target, Limits(gross_vega=0.9, **LOOSE))
    gross = sum(abs((Book() + legs).exposure(market).vega) for legs in ((leg,) for leg in capped.legs))
    assert gross <= 0.9


def test_vega_is_kept_by_expiry(tmp_path):
    chain = small_chain(LADDER)
    target = Target(delta=(None, 7.0), vega_by_days={(0, 45): (None, 0.0), (45, 90): (0.1, 2.0)})
    found = plan(coins(10), chain, target, Limits(**LOOSE))
    table = (coins(10) + found).exposure_by_expiry(Market.of(chain))
    by_days = {(expiry - AS_OF).days: vega for expiry, vega in table["vega"].items() if not pd.isna(expiry)}
    assert by_days.get(30, 0.0) <= 1e-9
    assert 0.1 <= by_days[60] <= 2.0
    assert {str(check.limit) for check in found.checks} >= {"vega_by_days 0-45", "vega_by_days 45-90"}
    found.to_json(tmp_path / "plan.json")
    assert audit(found, chain).ok
    with pytest.raises(InputError, match="first <= last"):
        Target(vega_by_days={(60, 30): (0, 1)})
