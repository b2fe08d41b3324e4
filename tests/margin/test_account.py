"""One clock, one row a contract, each contract at its own price, and nothing left of what has settled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cases.markets import AS_OF, flat_market, option
from numpy.testing import assert_allclose

from hedging import margin
from hedging.book.book import Book, Holding
from hedging.margin import DERIBIT_BTC, DERIBIT_BTC_2024, DERIBIT_BTC_USDC, StandardMargin
from hedging.margin.account import Ledger
from hedging.market.market import Market
from hedging.paths.crash import crash_path
from hedging.paths.paths import Paths, grid, today
from hedging.paths.reactions import STILL
from hedging.venues import read_chain

CARRY = 0.12
DAYS = (1.0 + 1.0 / 3.0, 2.7, 11.04, 30.0, 47.123456, 93.0, 180.77)
MARKET = flat_market(spot=100_000.0, strikes=(80e3, 100e3, 120e3), days=DAYS, carry=CARRY, vol=0.5)


def package(market: Market, days: float, strike: float = 100e3, size: float = 20.0) -> Book:
    """Calls, puts sold and the future sold, all of one expiry: worth the same coins at every price."""
    call, put = option(market, "c", strike, days), option(market, "p", strike, days)
    forward = market.forward(call.expiry)
    return Book(
        Holding(call, size),
        Holding(put, -size),
        # Its money is fixed at entry: strike dollars a coin.
        Holding.future("BTC", call.expiry, -size * strike / forward, forward),
        Holding.spot("BTC", 5.0),
    )


@pytest.mark.parametrize("days", DAYS)
@pytest.mark.parametrize("later", [0.0, 0.01, 0.37, 1.3])
def test_a_future_nets_with_options_of_its_own_expiry_on_every_date(days: float, later: float) -> None:
    after = grid([0.0], [0.0], [later])
    held = Ledger(package(MARKET, days), MARKET).at(after, 0)
    # What is left of delta is that of the coin itself, 1 - K / F a pair, at the roll of this expiry.
    forward = 100e3 * np.exp(CARRY * (days - later) / 365)
    roll = max(0.01, np.expm1(0.075 * (days - later) / 365))
    assert_allclose(DERIBIT_BTC_2024.worst_case(held), 0.0, atol=1e-6)
    assert_allclose(DERIBIT_BTC_2024.roll_shock(held), 20 * abs(1 - 100e3 / forward) * roll, atol=1e-5)


def test_all_expiries_of_a_book_have_one_number_each() -> None:
    expiries = [option(MARKET, "p", 80e3, day).expiry for day in DAYS]
    book = Book([Holding.future("BTC", expiry, 1.0, 1e5) for expiry in reversed(expiries)])
    book = Book(*book.holdings, [Holding(option(MARKET, "p", 80e3, day), -1.0) for day in DAYS])
    for date in (0.0, 1.0 / 7.0, 1.0):
        held = Ledger(book, MARKET).at(grid([0.0], [0.0], [date]), 0)
        assert sorted(held.linear_term) == sorted(held.option_term) == list(range(len(DAYS)))
        by_term = dict(zip(held.linear_term, held.linear_expiry, strict=True))
        assert [by_term[term] for term in held.option_term] == held.option_expiry.tolist()
        assert_allclose(sorted(held.option_expiry * 365), np.array(DAYS) - date, rtol=1e-12)


@pytest.mark.parametrize(
    "model", [DERIBIT_BTC, DERIBIT_BTC_2024, StandardMargin("cross", haircuts={"BTC": 0.0})]
)
@pytest.mark.parametrize("settlement", ["coin", "cash"])
def test_a_settled_future_needs_nothing_and_has_paid(settlement: str, model: margin.MarginModel) -> None:
    if settlement == "cash" and model in (DERIBIT_BTC, DERIBIT_BTC_2024):
        model = DERIBIT_BTC_USDC
    expiry = AS_OF + pd.Timedelta(days=2.7)
    future = Holding.future("BTC", expiry, 3.0, 100e3, settlement=settlement)  # type: ignore[arg-type]
    walk = Paths(np.array([2.7, 9.0]), np.array([[0.9, 0.3]]), np.zeros((1, 2)), ("x",))
    found = margin.survive(Book(Holding.spot("BTC", 2.0), future, cash=90e3), MARKET, walk, model)
    assert_allclose(found.maintenance, 0.0)
    # Settled at 90,000: coins 3 (1 - 100 / 90) or money 3 (90,000 - 100,000), whatever spot does later.
    cross = isinstance(model, StandardMargin) and model.collateral == "cross"
    gain = 3 * (1 - 100 / 90) if settlement == "coin" else -30e3
    if settlement == "coin" and not cross:
        assert_allclose(found.balance, [[2 + gain] * 2])
    elif not cross:
        assert_allclose(found.balance, [[90e3 + gain] * 2])
    else:
        coins, cash = (2 + gain, 90e3) if settlement == "coin" else (2.0, 90e3 + gain)
        assert_allclose(found.balance, [[cash + coins * 90e3, cash + coins * 30e3]])


def test_dated_futures_are_sized_at_their_own_mark() -> None:
    # 2 % of the coins that the contract is worth at its own price, contango or backwardation.
    for carry in (0.3, -0.3):
        market = flat_market(spot=100_000.0, strikes=(100e3,), days=(90.0,), carry=carry)
        expiry = AS_OF + pd.Timedelta(days=90)
        forward = market.forward(expiry)
        held = Ledger(Book(Holding.future("BTC", expiry, 10.0, 100e3)), market).at(today(), 0)
        assert_allclose(held.linear_mark, forward)
        size = 1e6 / forward
        model = StandardMargin(per_unit=0.0005)
        assert_allclose(model.assess(held).initial, (0.02 + 0.0005 * size) * size, rtol=1e-12)
        assert_allclose(DERIBIT_BTC_2024.worst_case(held), size * (1 / 0.84 - 1), atol=1e-9)
        linear = Ledger(Book(Holding.future("BTC", expiry, 10.0, 100e3, settlement="cash")), market)
        money = StandardMargin("cash", per_unit=0.0).assess(linear.at(today(), 0)).initial
        assert_allclose(money, 0.02 * 10 * forward, rtol=1e-12)


@pytest.mark.parametrize("model", [DERIBIT_BTC, DERIBIT_BTC_2024])
def test_a_position_bought_and_sold_again_needs_nothing(model: margin.MarginModel) -> None:
    expiry, put = AS_OF + pd.Timedelta(days=30.0), option(MARKET, "p", 80e3, 30.0)
    lots = [
        Holding.perpetual("BTC", 3.0, 100e3),
        Holding.perpetual("BTC", -0.1, 75e3),
        Holding.perpetual("BTC", -300e3 / 90e3 + 0.1 * 75 / 90, 90e3),
        Holding.future("BTC", expiry, 0.7, 100e3),
        Holding.future("BTC", expiry, -0.7, 100e3),
        Holding(put, 0.1, 2_000.0),
        Holding(put, 0.2, 2_100.0),
        Holding(put, -0.3, 2_200.0),
    ]
    fall = crash_path(-0.05, days=5, reaction=STILL)
    found = margin.survive(Book(Holding.spot("BTC", 1.0), lots), MARKET, fall, model)
    assert_allclose(found.maintenance, 0.0, atol=1e-12)
    # Bought at 100,000 and sold at 75,000 and 90,000: a loss in coin that no price changes any more.
    assert_allclose(found.balance, 1 + (7_500 / 100e3 - 7_500 / 75e3) + (292_500 / 100e3 - 292_500 / 90e3))


def test_debts_are_never_cut_and_gains_in_coin_are() -> None:
    half = StandardMargin("cross", per_unit=0.0, haircuts={"BTC": 0.5})
    owed = margin.assess(Book(Holding.spot("BTC", -1.0), cash=300e3), MARKET, half)
    assert_allclose(owed.balance, 200e3)
    assert_allclose(margin.assess(Book(Holding.spot("BTC", 1.0)), MARKET, half).balance, 50e3)
    # 3 coins at 80,000 have gained 240,000 (1 / 80,000 - 1 / 100,000) = 0.6 coins, which are cut as coins are;
    # a loss of 0.6 coins is first taken from the coins there are, and owed in full beyond them.
    for coins, entry, counted in [(1.0, 80e3, 0.8), (0.0, 80e3, 0.3), (1.0, 125e3, 0.2), (0.0, 125e3, -0.6)]:
        size = 240e3 / 80e3 if entry == 80e3 else 300e3 / 125e3
        book = Book(Holding.spot("BTC", coins), Holding.perpetual("BTC", size, entry))
        assert_allclose(margin.assess(book, MARKET, half).balance, counted * 100e3)
    flat = margin.FlatMargin(0.1, 0.05, "cross", haircuts={"BTC": 0.5})
    assert_allclose(margin.assess(Book(Holding.spot("BTC", -1.0), cash=300e3), MARKET, flat).balance, 200e3)


def test_a_coin_settled_put_bought_from_a_cash_account_never_improves_it() -> None:
    from hedging.book.legs import option_leg

    model = StandardMargin("cross", haircuts={"BTC": 0.5})
    put = option_leg(MARKET.chain, option(MARKET, "p", 80e3, 30.0).symbol, 1.0)
    book = Book(Holding.perpetual("BTC", 1.0, 100e3), cash=50e3)
    before, after = (margin.assess(book, MARKET, model, legs).headroom[0] for legs in (None, [put]))
    assert_allclose(before - after, put.price, rtol=1e-9)


@pytest.mark.parametrize("day", ["20260111T091434Z", "20260206T043012Z", "20260511T121945Z"])
def test_conversions_of_every_expiry_of_recorded_chains_need_next_to_nothing(
    day: str, shared_data: Path
) -> None:
    market = Market.of(read_chain(shared_data / f"chains/deribit_full_{day}.csv.gz", asset="BTC"))
    quotes = market.chain.quotes
    for expiry, rows in quotes.groupby("expiry"):
        forward = market.forward(expiry)
        strikes = rows.groupby("strike")["flag"].nunique()
        strike = min(strikes.index[strikes == 2], key=lambda each: abs(each - forward))
        pair = {
            row.flag: market.chain.option(row.symbol) for row in rows.itertuples() if row.strike == strike
        }
        future = Holding.future("BTC", expiry, -20.0 * strike / forward, forward)
        book = Book(Holding(pair["c"], 20.0), Holding(pair["p"], -20.0), future)
        nodes = grid([0.0], [0.0], [0.0, 0.01])
        now, later = (DERIBIT_BTC_2024.assess(held) for held in Ledger(book, market).along(nodes))
        # Twenty coins bare need some 3; forwards of quotes and of the surface differ by less than 0.1 %.
        assert now.initial[0] < 0.05
        assert_allclose(later.initial, now.initial, atol=2e-4)
