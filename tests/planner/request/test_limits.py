"""Targets and limits that make no sense are refused when they are made."""

from __future__ import annotations

import math

import pytest
from cases.planner import coins, small_chain

from hedging import samples
from hedging.book.book import Book, Holding
from hedging.errors import InputError
from hedging.planner import (
    Effort,
    Limits,
    Outright,
    Target,
    View,
    plan,
)

LADDER = [
    ("p", 80.0, 30),
    ("p", 90.0, 30),
    ("p", 100.0, 30),
    ("c", 110.0, 30),
    ("p", 95.0, 60),
    ("c", 120.0, 60),
]
BOOK, CHAIN = samples.book(), samples.chain()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"moneyness": (1.2, 0.8)}, "moneyness"),
        ({"open_interest_share": 0.0}, "open_interest_share"),
        ({"gross_vega": -1.0}, "gross_vega"),
    ],
)
def test_such_limits_that_make_no_sense_are_refused(wrong, message):
    with pytest.raises(InputError, match=message):
        Limits(**wrong)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"effort": {"gap": -1}}, "gap must be a share"),
        ({"effort": {"gap": 5}}, "gap must be a share"),
        ({"effort": {"gap": math.nan}}, "gap must be a share"),
        ({"effort": {"gap": "a"}}, "gap must be a share"),
        ({"effort": {"time_limit": "a"}}, "number of seconds"),
        ({"effort": {"time_limit": math.nan}}, "number of seconds"),
        ({"effort": {"progress": 3}}, "progress must be a function"),
        ({"view": View(drift={"DOGE": -1.0})}, "the view is of DOGE"),
    ],
)
def test_effort_and_views_that_make_no_sense_are_refused(keywords, message):
    def ask(effort=(), **more):
        return plan(BOOK, CHAIN, Target(delta=(8, 12)), effort=Effort(**dict(effort)), **more)

    with pytest.raises(InputError, match=message):
        ask(**keywords)


@pytest.mark.parametrize("view", [{"drift": {}}, {"drift": 1e6}, {"drift": math.nan}])
def test_views_of_nothing_or_beyond_sense_are_refused(view):
    with pytest.raises(InputError, match=r"view needs|drift must be"):
        View(**view)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"delta": (12, 8)}, "low <= high"),
        ({"delta": (None, None)}, "at least one side"),
        ({"delta": (float("nan"), 1)}, "finite"),
        ({"vega": "3"}, "band"),
        ({"floor": 15.0}, "between -1 and 0"),
        ({"floor": float("nan")}, "between -1 and 0"),
    ],
)
def test_a_target_that_makes_no_sense_is_refused(wrong, message):
    with pytest.raises(InputError, match=message):
        Target(**wrong)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"budget": -0.1}, "budget"),
        ({"max_legs": 0}, "max_legs"),
        ({"max_legs": 2.5}, "max_legs"),
        ({"expiries": (60, 20)}, "expiries"),
        ({"deltas": (0.6, 0.1)}, "deltas"),
        ({"min_leg_share": 1.0}, "min_leg_share"),
        ({"max_leg_share": 0.01}, "max_leg_share"),
        ({"outright": (Outright("spot"), Outright("spot"))}, "at most once"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(wrong, message):
    with pytest.raises(InputError, match=message):
        Limits(**wrong)


def test_bad_books_chains_and_horizons_are_refused():
    chain = small_chain(LADDER)
    with pytest.raises(InputError, match="holds ETH"):
        plan(Book([Holding.spot("ETH", 3)]), chain, Target(delta=(0, 1)))
    with pytest.raises(InputError, match="got 300 to 400 days"):
        plan(coins(3), chain, Target(delta=(0, 1)), Limits(expiries=(300, 400)))
    with pytest.raises(InputError, match="horizon"):
        plan(coins(3), chain, Target(delta=(0, 1)), horizon=0.0)
    with pytest.raises(InputError, match="empty"):
        plan(Book(), chain, Target(delta=(0, 1)))


def test_one_outright_needs_no_tuple():
    assert Limits(outright=Outright("spot")) == Limits(outright=(Outright("spot"),))
