"""Rows of turns against the book valued along every turn that its own orders can tell apart."""

from __future__ import annotations

import numpy as np
import pytest
from cases.planner import CASH, COIN, LOOSE, coins, programme_for, small_chain

from hedging._ground import clock
from hedging._ground.clock import OutOfTimeError
from hedging.book.book import Book, Holding
from hedging.book.pnl import pnl_of
from hedging.market.contracts import Option
from hedging.market.market import Market
from hedging.planner import Limits, Outright, Target
from hedging.planner.candidates.orders import orders_of
from hedging.planner.programme.turning_rows import TurningRows
from hedging.planner.request.request import Request
from hedging.planner.request.turning import turning_paths
from hedging.units import days

MENU = [("p", 93.7, 12), ("c", 107.9, 12), ("p", 88.0, 20), ("c", 104.0, 20), ("p", 91.0, 40)]


@pytest.mark.parametrize("numeraire", ["USD", "BTC"])
@pytest.mark.parametrize("terms", [COIN, CASH], ids=["coin", "cash"])
def test_the_worst_turn_of_some_orders_is_that_of_the_book_along_all_turns(terms, numeraire):
    chain = small_chain(MENU, terms=terms)
    market, random = Market.of(chain), np.random.default_rng(3)
    held = Holding(chain.option(chain.quotes["symbol"].iloc[1]), -2.0)
    book = Book([Holding.spot("BTC", 10.0), held], cash=50.0, numeraire=numeraire)
    limits = Limits(outright=(Outright("perpetual"),), **LOOSE)
    request = Request.of(book, market, Target(floor=-0.2), limits, horizon=30.0)
    whole = programme_for(book, market, Target(floor=-0.2), limits)
    (turns,) = (each for each in whole.lazy if isinstance(each, TurningRows))
    base, broken = whole.base, 0
    for _ in range(20):
        lots = np.zeros(len(whole.candidates))
        used = random.choice(lots.size, 3, replace=False)
        lots[used] = np.ceil(random.uniform(1, 5, 3))
        after = book + orders_of(request, whole.candidates, lots)
        strikes: dict[float, list[float]] = {}
        for each in after.holdings:
            if isinstance(item := each.instrument, Option):
                strikes.setdefault(days(market.as_of, item.expiry), []).append(item.strike / market.spot)
        paths = turning_paths(request.turning, strikes)
        judged = np.searchsorted(paths.days, request.turning.judged)
        pnl = pnl_of(after, (market,), paths)[:, judged] + after.value(market) - book.value(market)
        unearned = whole.candidates.cash  # what a quote beyond the mark seems to give is paid as cash
        over = turns.over(lots).max(initial=-np.inf)
        if pnl.min() > -0.2 * base + abs(unearned @ lots):
            assert over <= 1e-6 * base  # within the floor, and only what is near it is known by number
            continue
        broken += 1
        assert -0.2 * base - over == pytest.approx(pnl.min(), abs=1e-6 * base + abs(unearned @ lots))
        row = np.array([int(turns.over(lots).argmax())])
        assert turns.rows(row)[0] @ lots - turns.held[row][0] == pytest.approx(over, abs=1e-7 * base)
    assert broken > 3


def test_rows_of_some_orders_are_those_of_all_at_the_same_lots():
    chain = small_chain(MENU)
    whole = programme_for(coins(10), chain, Target(floor=-0.2), Limits(**LOOSE))
    keep = np.arange(0, len(whole.candidates), 2)
    few, lots = whole.only(keep), np.zeros(len(whole.candidates))
    lots[keep[:3]] = 2.0
    assert few.lazy[-1].over(lots[keep]).max() == pytest.approx(whole.lazy[-1].over(lots).max(), rel=1e-12)
    wider = whole.lazy[-1].wider(7.0)
    assert wider.over(lots).max() == pytest.approx(whole.lazy[-1].over(lots).max() - 7.0, rel=1e-9)


@pytest.mark.parametrize("terms", [COIN, CASH], ids=["coin", "cash"])
def test_perpetuals_pay_funding_on_both_sides_of_a_turn_at_the_worse_of_both_rates(terms):
    """What is received counts as nothing, net of all that is held: the worst of both rates along every turn."""
    market, random = Market.of(small_chain(MENU, terms=terms), funding_8h=1e-3), np.random.default_rng(5)
    settled = terms.settlement
    book = Book([Holding.spot("BTC", 10.0), Holding.perpetual("BTC", -4.0, entry=130.0, settlement=settled)])
    limits = Limits(outright=(Outright("perpetual", settlement=settled),), **LOOSE)
    request = Request.of(book, market, Target(floor=-0.2), limits, horizon=30.0)
    assert [each.markets[0].funding_8h for each in request.at_fundings(request.scenarios)] == [1e-3, 0.0]
    whole = programme_for(book, market, Target(floor=-0.2), limits)
    turns = [each for each in whole.lazy if isinstance(each, TurningRows)]
    perpetual = np.flatnonzero(whole.candidates.kinds == "perpetual")
    worse = set()
    for _ in range(12):
        lots = np.zeros(len(whole.candidates))
        lots[random.choice(np.flatnonzero(whole.candidates.kinds != "perpetual"), 2, replace=False)] = 2.0
        lots[random.choice(perpetual)] = float(random.integers(1_000, 12_000))
        after = book + orders_of(request, whole.candidates, lots)
        strikes: dict[float, list[float]] = {}
        for each in after.holdings:
            if isinstance(item := each.instrument, Option):
                strikes.setdefault(days(market.as_of, item.expiry), []).append(item.strike / market.spot)
        paths = turning_paths(request.turning, strikes)
        judged = np.searchsorted(paths.days, request.turning.judged)
        by_hand = [
            pnl_of(after, each.markets, paths)[:, judged].min() + after.value(market) - book.value(market)
            for each in request.at_fundings(request.scenarios)
        ]
        over = [each.over(lots).max(initial=-np.inf) for each in turns]
        for value, found in zip(by_hand, over, strict=True):
            if value < -0.2 * whole.base:
                unearned = abs(whole.candidates.cash @ lots)
                assert -0.2 * whole.base - found == pytest.approx(value, abs=1e-6 * whole.base + unearned)
        for each in turns:
            row = np.array([int(each.over(lots).argmax())]) if len(each) else np.zeros(0, dtype=int)
            if row.size:
                held = each.held[row][0]
                assert each.rows(row)[0] @ lots - held == pytest.approx(
                    each.over(lots).max(), abs=1e-7 * whole.base
                )
        worse.add(int(np.argmin(by_hand)))
    assert worse == {0, 1}


def test_values_that_the_time_ran_out_over_are_not_believed():
    chain = small_chain(MENU)
    whole, again = (programme_for(coins(10), chain, Target(floor=-0.2), Limits(**LOOSE)) for _ in range(2))
    lots = np.zeros(len(whole.candidates))
    lots[::2] = 2.0
    with clock.until(clock.now() - 1.0), pytest.raises(OutOfTimeError):
        whole.lazy[-1].over(lots)
    assert whole.lazy[-1].over(lots).tolist() == again.lazy[-1].over(lots).tolist()
