"""Plans in money and in coin, against books valued by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases.planner import CASH, COIN, SPOT, small_chain

from hedging import samples
from hedging.book.book import Book, Holding
from hedging.market.contracts import Option
from hedging.market.market import Market
from hedging.paths.paths import Paths
from hedging.planner import Effort, Limits, Target, plan, read_plan

BOOK, CHAIN = samples.book(), samples.chain()
MARKET = Market.of(CHAIN)
WIDE = {"expiries": (0.0, None), "deltas": (0.0, 1.0), "min_leg_share": 0.0}
TARGET = Target(delta=(8, 12), floor=-0.25)


def moves(*levels: float) -> Paths:
    spot = np.tile(np.array(levels)[:, None], 2)
    return Paths(np.array([10.0, 30.0]), spot, np.zeros_like(spot), tuple(f"{each:g}" for each in levels))


@pytest.fixture(scope="module")
def hedged():
    return plan(
        BOOK, CHAIN, TARGET, scenarios=moves(0.2, 0.5, 0.8, 1.0, 1.3, 2.0), effort=Effort(alternatives=False)
    )


@pytest.mark.parametrize("strike", [85.0, 95.0, 99.0])
def test_puts_paid_out_of_the_coins_they_hedge_are_fewer_than_the_coins(strike):
    """H coins, less n premiums of p coins and less n that the puts sell at their strike: flat below it at n = H / (1 + p)."""
    held, lot = 100.0, 0.1
    chain = small_chain([("p", strike, 30)], terms=replace(COIN, lot=lot))
    found = plan(
        Book([Holding.spot("BTC", held)]),
        chain,
        Target(minimise="worst"),
        Limits(**WIDE, parsimony=0.0),
        horizon=30.0,
        effort=Effort(gap=0.0, alternatives=False),
    )
    (put,) = found.legs
    paid = (put.price + put.fee) / SPOT
    assert put.quantity == pytest.approx(held / (1.0 + paid), abs=lot)
    assert put.quantity < held - lot
    # What is left at expiry: of nothing below the strike, of the coins at it; no lot more or less is as good.
    kept = (held - put.quantity * paid) * strike
    sold = put.quantity * strike
    assert sold == pytest.approx(kept, abs=2 * lot * strike)
    assert found.troughs[1].pnl == pytest.approx(min(sold, kept) - held * SPOT, abs=1e-3 * SPOT)
    # And through the book itself: flat.
    after = Book([Holding.spot("BTC", held)]) + found
    values = (
        after.values(Market.of(chain), moves(1e-4, 0.3, 0.6, strike / SPOT)).sum(axis=2)[:, -1] + after.cash
    )
    assert np.ptp(values) <= 2 * lot * strike


def test_coins_are_money_at_the_price_of_the_path(hedged):
    money, coin = hedged.numeraires
    assert (money.unit, coin.unit) == ("USD", "BTC")
    assert coin.price == CHAIN.spot
    for held, place in ((BOOK, 0), (BOOK + hedged, 1)):
        paths = moves(0.2, 0.5, 0.8, 1.0, 1.3, 2.0)
        value = held.values(MARKET, paths).sum(axis=2) + held.cash
        spot = CHAIN.spot * paths.spot
        start = BOOK.value(MARKET)
        assert money.troughs[place].pnl == pytest.approx((value - start).min(), rel=1e-9)
        assert coin.troughs[place].pnl == pytest.approx(
            (value / spot - start / CHAIN.spot).min(), rel=1e-9, abs=1e-9
        )
    assert coin.troughs[1].share == pytest.approx(coin.troughs[1].pnl / coin.base)
    # Coins held lose none of themselves; what hedges them against money costs some.
    assert coin.troughs[0].pnl == pytest.approx(0.0, abs=1e-9)
    assert coin.troughs[1].scenario != money.troughs[1].scenario


def test_what_is_paid_in_coin_is_the_quotes_added_up(hedged):
    _, coin = hedged.numeraires
    premium = sum(
        leg.quantity * leg.quoted_price for leg in hedged.legs if isinstance(leg.instrument, Option)
    )
    assert coin.cost.premium == pytest.approx(premium, rel=1e-9)
    assert coin.cost.execution == pytest.approx(hedged.cost.execution / CHAIN.spot)
    assert coin.base == pytest.approx(25.0)


def test_the_numeraire_of_the_book_changes_nothing_of_it(hedged):
    """The same orders, judged in money and in coin."""
    in_coin = Book(BOOK.holdings, cash=BOOK.cash, numeraire="BTC")
    paths = moves(0.2, 0.5, 0.8, 1.0, 1.3, 2.0)
    found = plan(
        in_coin + hedged, CHAIN, Target(delta=(5, 15)), scenarios=paths, effort=Effort(alternatives=False)
    )
    same = plan(
        BOOK + hedged, CHAIN, Target(delta=(5, 15)), scenarios=paths, effort=Effort(alternatives=False)
    )
    assert not found.legs
    for ours, theirs in zip(found.numeraires, same.numeraires, strict=True):
        assert ours.to_dict() == theirs.to_dict()
    assert found.troughs[1].pnl == pytest.approx(found.numeraires[1].troughs[1].pnl * CHAIN.spot)
    assert same.troughs[1].pnl == pytest.approx(same.numeraires[0].troughs[1].pnl)
    assert "  in USD" in repr(found)
    assert "  in USD" not in repr(same)
    assert "  in BTC" in repr(same)


def test_it_is_saved_with_its_units(hedged, tmp_path):
    hedged.to_json(tmp_path / "plan.json")
    again = read_plan(tmp_path / "plan.json")
    assert again.numeraires == hedged.numeraires
    assert repr(again) == repr(hedged)
    assert [each["unit"] for each in hedged.to_dict()["numeraires"]] == ["USD", "BTC"]
    assert "own unit" in hedged.to_dict()["units"]["numeraires"]


def test_options_that_settle_in_cash_have_no_coin_to_count_in():
    chain = small_chain([("p", 95.0, 30), ("c", 105.0, 30)], terms=CASH)
    found = plan(
        Book([Holding.spot("BTC", 10.0)]),
        chain,
        Target(delta=(0, 9)),
        Limits(**WIDE),
        effort=Effort(alternatives=False),
    )
    assert found.numeraires == ()
    assert "  in BTC" not in repr(found)
