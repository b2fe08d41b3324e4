"""The text of plans: figures that read as such, lines that end with words, and what is missed."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from cases.planner import COIN, LOOSE, small_chain

from hedging import samples
from hedging.book.book import Book, Holding
from hedging.errors import InputError
from hedging.planner import Effort, Frontier, Limits, Target, plan
from hedging.planner.programme import floor_rows
from hedging.planner.request.limit import FLOOR, Limit
from hedging.planner.request.wording import figure, figure_of, per_cent
from hedging.planner.result.checks import Check
from hedging.planner.result.infeasible import InfeasibleHedgeError

CHAIN = samples.chain()
FEW = small_chain([("p", 90.0, 30), ("p", 95.0, 30), ("c", 105.0, 30)], terms=COIN)


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (1_234_567.8, 3, "1,234,568"),
        (999.6, 3, "1,000"),
        (119.6, 2, "120"),
        (0.012345, 2, "0.012"),
        (-250_000.4, 5, "-250,000"),
        (0.0, 3, "0"),
    ],
)
def test_figures_have_no_exponents(value, digits, text):
    assert figure(value, digits) == text


def test_shares_are_in_per_cent_whatever_date_or_asset_they_are_of():
    assert figure_of(Limit("floor", day=7.0), -0.0825) == "-8.25%"
    assert figure_of(Limit("initial_margin", "ETH"), 0.5) == "50%"
    assert figure_of(Limit("delta", "BTC"), 0.5) == "0.5"
    assert str(Check(FLOOR, -0.852684, -0.1)) == "floor is -85.2684%, allowed -10% to any"


def test_what_rounds_to_nothing_has_no_sign():
    assert per_cent(-1e-17) == per_cent(-0.0004) == "0.0%"
    assert per_cent(-0.0006) == "-0.1%"


@pytest.mark.parametrize("numeraire", ["USD", "BTC"])
def test_lines_end_with_words_and_tear_nothing_apart(numeraire):
    book = Book([Holding.spot("BTC", 25.0)], numeraire=numeraire)
    lines = repr(plan(book, CHAIN, Target(delta=(8, 12), floor=-0.25))).splitlines()
    assert all(line == line.rstrip() and len(line) <= 110 for line in lines)
    assert not any(line.lstrip().startswith("%") or line.endswith("-") for line in lines)
    assert any(line.startswith(" " * 16) for line in lines[1:])  # some line was wrapped


def test_wide_bands_keep_their_distance_to_the_unit():
    book, target = Book([Holding.spot("BTC", 10.0)]), Target(delta_value=(1.25, 1_000_000.25))
    text = repr(plan(book, FEW, target, Limits(**LOOSE), effort=Effort(alternatives=False)))
    assert "1.25 .. 1,000,000 USD" in text


def test_what_a_soft_target_misses_is_said():
    """A delta of 5 of 10 coins would need puts; at 1 a coin it is cheaper to miss it, by all of the 5 coins."""
    book = Book([Holding.spot("BTC", 10.0)])
    target = Target(delta=(None, 5), soft={"delta": 1e-6})
    found = plan(book, FEW, target, Limits(**LOOSE), effort=Effort(alternatives=False))
    assert not found.legs
    assert re.search(r"^  misses +delta by 5$", repr(found), re.MULTILINE)
    assert "misses" not in repr(
        plan(book, FEW, Target(delta=(None, 10)), Limits(**LOOSE), effort=Effort(alternatives=False))
    )


def test_in_coin_a_debt_is_not_counted_where_spot_is_nothing():
    """10 perpetuals lose 9 of 10 dollars by -90 %, which are 90 coins there: 10 (1 / 0.1 - 1)."""
    book = Book([Holding.perpetual("BTC", 10.0, entry=CHAIN.spot)])
    found = plan(book, CHAIN, Target(delta=(9, 11), floor=-1.0), effort=Effort(alternatives=False))
    money, coin = found.numeraires
    assert not found.legs
    assert money.troughs[0].share == pytest.approx(-1.0, abs=1e-5)
    assert coin.troughs[0].pnl == pytest.approx(-90.0, rel=1e-6)


def test_a_floor_whose_rows_are_made_as_they_are_broken_is_the_same_floor(monkeypatch):
    book, quiet = Book([Holding.spot("BTC", 10.0)]), Effort(alternatives=False)
    listed = plan(book, FEW, Target(floor=-0.2), Limits(**LOOSE), effort=quiet)
    monkeypatch.setattr(floor_rows, "LISTED", 100)
    made = plan(book, FEW, Target(floor=-0.2), Limits(**LOOSE), effort=quiet)
    assert made.objective == pytest.approx(listed.objective, rel=1e-6)
    monkeypatch.setattr(floor_rows, "MOST_ROWS", 1_000)
    with pytest.raises(InputError, match=r"1,000 scenarios and dates at most; .* Give fewer scenarios"):
        plan(book, FEW, Target(floor=-0.2), Limits(**LOOSE))


@pytest.mark.parametrize("coins", [0.05, 1e6])  # a lot is 0.1; nobody quotes 4 % of a million
def test_a_book_too_small_or_too_large_for_every_quote_is_told_so(coins):
    book = Book([Holding.spot("BTC", coins)])
    with pytest.raises(
        InfeasibleHedgeError, match=r"No option fits the size of a leg, min_leg_share 0\.04 to"
    ):
        plan(book, CHAIN, Target(floor=-0.3))


def test_nothing_quoted_between_some_strikes_names_the_strikes():
    limits = Limits(expiries=(0.0, None), moneyness=(5.0, np.inf))
    with pytest.raises(InputError, match=r"strikes of 5 to inf times spot .* or moneyness"):
        plan(Book([Holding.spot("BTC", 10.0)]), FEW, Target(delta=(5, 9)), limits)


def test_a_frontier_shows_levels_in_per_cent():
    table = pd.DataFrame(
        {"floor": [-0.125], "relaxed": [123_456.0], "price": [0.0], "cost": [np.nan], "legs": [0]}
    )
    text = repr(Frontier("floor", table, ((),), 1e6))
    assert "-12.5%" in text
    assert "123,456" in text
