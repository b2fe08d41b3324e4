"""Account models: published examples, closed liquidation prices, two replies of the exchange's calculator."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases.markets import AS_OF, flat_market, option
from numpy.testing import assert_allclose

from hedging import margin
from hedging.book.book import Book, Holding
from hedging.book.legs import option_leg
from hedging.errors import InputError
from hedging.margin import DERIBIT_BTC, DERIBIT_BTC_2024, DERIBIT_BTC_USDC, DERIBIT_ETH_2026, StandardMargin
from hedging.margin.account import Ledger
from hedging.market.contracts import ContractTerms
from hedging.market.market import Market
from hedging.paths.crash import crash_path, fan
from hedging.paths.paths import Paths, grid, join, today
from hedging.paths.reactions import STILL

BTC = flat_market(spot=100_000.0, strikes=(60e3, 90e3, 100e3, 105e3, 150e3), days=(2.0, 30.0))
USDC = flat_market("cash", spot=100_000.0, strikes=(90e3, 100e3, 105e3), days=(30.0,))


def levered(times: float, collateral: float = 1.0) -> Book:
    """Coins as collateral, and an inverse perpetual of so many coins bought at 100,000."""
    return Book(Holding.spot("BTC", collateral), Holding.perpetual("BTC", times, 100_000.0))


def account(book: Book, market: Market) -> margin.Account:
    return next(Ledger(book, market).along(today()))


def with_mark(held: margin.Account, mark: float) -> margin.Account:
    """The account with one option at a stated mark, to meet a printed example."""
    return replace(held, option_value=np.full_like(held.option_value, mark))


@pytest.mark.parametrize(
    ("times", "simple", "sized"),
    [(1, 50_500, 50_504.95), (2, 67_333.33, 67_343.23), (3, 75_750, 75_764.85), (5, 84_166.67, 84_191.41),
     (10, 91_818.18, 91_867.66)],
)  # fmt: skip
def test_liquidation_of_a_long_inverse_perpetual(times: float, simple: float, sized: float) -> None:
    # A (1 + m) / (C + A / P0); the second column with 0.005 % per coin of size.
    flat = replace(DERIBIT_BTC, per_unit=0.0)
    assert_allclose(margin.liquidation_price(levered(times), BTC, flat).down, simple, rtol=1e-7)
    assert_allclose(
        margin.liquidation_price(levered(times), BTC, flat).down, times * 1e5 * 1.01 / (1 + times), rtol=1e-9
    )
    assert_allclose(margin.liquidation_price(levered(times), BTC, DERIBIT_BTC).down, sized, rtol=1e-7)


@pytest.mark.parametrize("short", [2.0, 5.0])
def test_liquidation_of_a_short_inverse_perpetual(short: float) -> None:
    flat = replace(DERIBIT_BTC, per_unit=0.0)
    found = margin.liquidation_price(levered(-short), BTC, flat)
    assert_allclose(found.up, short * 1e5 * 0.99 / (short - 1.0), rtol=1e-9)
    assert found.down is None
    assert found == replace(found)


def test_fully_backed_short_inverse_perpetual_has_no_liquidation_upward() -> None:
    # Dollar neutral: the balance is A / P at every price, and the requirement a hundredth of it.
    assert margin.liquidation_price(levered(-1.0), BTC, replace(DERIBIT_BTC, per_unit=0.0)).up is None


def test_linear_perpetual_in_cash() -> None:
    book = Book(Holding.perpetual("BTC", 3.0, 100_000.0, settlement="cash"), cash=100_000.0)
    found = margin.liquidation_price(book, USDC, replace(DERIBIT_BTC_USDC, per_unit=0.0))
    # C + q (P - P0) = m q P
    assert_allclose(found.down, (3 * 1e5 - 1e5) / (3 * 0.99), rtol=1e-9)


def test_long_puts_do_not_move_the_liquidation_price_but_by_their_premium() -> None:
    flat = replace(DERIBIT_BTC, per_unit=0.0)
    put = option(BTC, "p", 90e3, 30.0)
    book = Book(Holding.spot("BTC", 0.91), Holding.perpetual("BTC", 3.0, 1e5), Holding(put, 3.0))
    assert_allclose(margin.liquidation_price(book, BTC, flat).down, 300_000 * 1.01 / 3.91, rtol=1e-9)
    free = Book(Holding.spot("BTC", 1.0), Holding.perpetual("BTC", 3.0, 1e5), Holding(put, 3.0))
    assert_allclose(margin.liquidation_price(free, BTC, flat).down, 75_750, rtol=1e-9)


def test_in_portfolio_margin_long_puts_carry_the_account_far_below() -> None:
    put = option(BTC, "p", 90e3, 30.0)
    bare = Book(Holding.spot("BTC", 1.0), Holding.perpetual("BTC", 3.0, 1e5))
    hedged = Book(Holding.spot("BTC", 0.91), Holding.perpetual("BTC", 3.0, 1e5), Holding(put, 3.0))
    without = margin.liquidation_price(bare, BTC, DERIBIT_BTC_2024).down
    insured = margin.liquidation_price(hedged, BTC, DERIBIT_BTC_2024).down
    # Bare: 1 + 3 - 300,000 / P = 0.8 (3e5 / P) (0.16 / 0.84 + 0.01) by hand.
    assert_allclose(without, 3e5 * (1 + 0.8 * (0.16 / 0.84 + 0.01)) / 4, rtol=1e-8)
    # Insured, intrinsic value alone is worth 0.91 - 30,000 / P coins, which is gone at 32,967.
    assert insured < 45_000


def test_reply_of_the_calculator_for_eth_to_every_printed_digit() -> None:
    # A recorded reply of private/pme/simulate, 15 Feb 2026: short 0.999487053 ETH of the perpetual.
    market = flat_market(asset="ETH", spot=1949.34, strikes=(2000.0,))
    held = account(Book(Holding.perpetual("ETH", -0.999487053, 1949.34)), market)
    standard = DERIBIT_ETH_2026.standard_table(held)[:, :, 0]
    assert standard.shape == (9, 3)
    assert_allclose(standard[0], 0.21939959699999997, rtol=1e-15)
    assert_allclose(standard[1], 0.155989308849711, rtol=1e-14)
    assert_allclose(standard[5, 0], -0.04304011233014354, rtol=1e-14)
    assert_allclose(standard[8], -0.15246412672881357, rtol=1e-15)
    extended = DERIBIT_ETH_2026.extended_table(held)[:, 0]
    assert_allclose(extended, [0.219399597] * 2 + [-0.15246412672881357] * 6, rtol=1e-14)
    assert_allclose(DERIBIT_ETH_2026.worst_case(held), 0.15246412672881357, atol=5e-10)
    assert_allclose(DERIBIT_ETH_2026.roll_shock(held), 0.004997435265, rtol=1e-15)
    found = DERIBIT_ETH_2026.assess(held)
    assert f"{found.initial[0]:.9f}" == "0.157461562"
    assert f"{found.maintenance[0]:.12f}" == "0.125969249812"


def test_reply_of_the_calculator_for_btc_to_every_printed_digit() -> None:
    # docs.deribit.com, private/pme/simulate, example: the perpetual and BTC-28JUN24 at an index of 65,666.19.
    market = flat_market(spot=65_666.19, strikes=(65_000.0,))
    expiry = AS_OF + pd.Timedelta(days=11)
    book = Book(
        Holding.perpetual("BTC", 0.314538364, 65_666.19),
        Holding.future("BTC", expiry, -0.001187534, 65_666.19),
    )
    model = replace(DERIBIT_BTC_2024, initial_extra=0.06 + 0.000018212)
    held = account(book, market)
    losses = np.minimum(model.standard_table(held)[:, 0, 0], 0.0)
    printed = [-0.05968587238095239, -0.04272965863636364, -0.02724789826086957, -0.013056284583333334]
    assert_allclose(losses[:4], printed, rtol=1e-14)
    assert_allclose(model.worst_case(held), 0.05968587238095239, atol=5e-10)
    assert_allclose(model.roll_shock(held), 0.00315725898, rtol=1e-12)
    found = model.assess(held)
    assert f"{found.initial[0]:.9f}" == "0.122861343"
    assert f"{found.maintenance[0]:.12f}" == "0.050274504784"


def test_extended_losses_of_a_small_book_are_dampened_away() -> None:
    market = flat_market(spot=65_666.19, strikes=(65_000.0,))
    held = account(Book(Holding.perpetual("BTC", 0.3, 65_666.19)), market)
    table = DERIBIT_BTC_2024.extended_table(held)
    assert (table[:2] < 0).all()
    assert not DERIBIT_BTC_2024._dampened(np.minimum(table, 0.0), held.spot).any()


@pytest.mark.parametrize(
    ("market", "model", "flag", "strike", "mark", "initial", "maintenance"),
    [
        # crypto venue help page, worked examples: inverse in coin, linear in money.
        (BTC, DERIBIT_BTC, "p", 90e3, 2_000.0, 0.12, 0.095),
        (BTC, DERIBIT_BTC, "c", 105e3, 3_000.0, 0.13, 0.105),
        (BTC, DERIBIT_BTC, "p", 150e3, 50_000.0, 0.65, 0.575),
        (USDC, DERIBIT_BTC_USDC, "p", 90e3, 2_000.0, 11_000.0, 8_750.0),
    ],
)
def test_short_options_in_standard_margin(
    market: Market,
    model: StandardMargin,
    flag: str,
    strike: float,
    mark: float,
    initial: float,
    maintenance: float,
) -> None:
    book = Book(Holding(option(market, flag, strike, 30.0), -1.0))
    found = model.assess(with_mark(account(book, market), mark))
    assert_allclose([found.initial[0], found.maintenance[0]], [initial, maintenance])


@pytest.mark.parametrize(
    ("size", "initial", "maintenance"), [(25, 53_125, 28_125), (350, 1_312_500, 962_500)]
)
def test_futures_rates_rise_with_size(size: float, initial: float, maintenance: float) -> None:
    book = Book(Holding.perpetual("BTC", size, 100_000.0, settlement="cash"), cash=1e9)
    found = margin.assess(book, USDC, DERIBIT_BTC_USDC)
    assert_allclose([found.initial[0], found.maintenance[0]], [initial, maintenance])


def test_cross_collateral_is_cut_and_never_guessed() -> None:
    book = Book(
        Holding.spot("BTC", 2.0), Holding.perpetual("BTC", 1.0, 90_000.0, settlement="cash"), cash=500.0
    )
    found = margin.assess(book, BTC, StandardMargin("cross", haircuts={"BTC": 0.1}))
    assert_allclose(found.balance, 500 + 10_000 + 2 * 100_000 * 0.9)
    with pytest.raises(InputError, match="no haircut is set for BTC"):
        margin.assess(book, BTC, StandardMargin("cross"))


def test_mixed_settlement_is_refused() -> None:
    with pytest.raises(InputError, match="kept in cash margins contracts settled in cash only"):
        margin.assess(levered(1.0), BTC, DERIBIT_BTC_USDC)
    linear = Book(Holding.perpetual("BTC", 1.0, 1e5, settlement="cash"))
    with pytest.raises(InputError, match="coin-settled contracts"):
        margin.assess(linear, BTC, DERIBIT_BTC_2024)
    with pytest.raises(InputError, match="also holds ETH"):
        margin.assess(Book(Holding.spot("ETH", 1.0)), BTC, DERIBIT_BTC)


def test_flat_rate_venue_counts_long_options() -> None:
    put = option(USDC, "p", 90e3, 30.0)
    book = Book(Holding(put, 2.0), Holding.perpetual("BTC", 1.0, 1e5, settlement="cash"), cash=1_000.0)
    found = margin.assess(book, USDC, margin.FlatMargin(initial=0.1, maintenance=0.05))
    value = float(USDC.chain.row(put.symbol)["mark"])
    assert_allclose([found.balance[0], found.maintenance[0]], [1_000 + 2 * value, 5_000])


def test_reg_t_short_put_and_covered_call() -> None:
    market = flat_market("cash", asset="XYZ", spot=95.0, strikes=(90.0, 105.0), days=(30.0,))
    put, call = option(market, "p", 90.0, 30.0), option(market, "c", 105.0, 30.0)
    # Cboe's rule: 20 % of 95 less 5 out of the money is 14, above 10 % of the strike.
    short = margin.RegT().assess(account(Book(Holding(put, -1.0), cash=100.0), market))
    assert_allclose(short.maintenance, 14.0)
    covered = margin.RegT().assess(account(Book(Holding.spot("XYZ", 1.0), Holding(call, -1.0)), market))
    assert_allclose(covered.maintenance, 0.25 * 95)
    half = margin.RegT().assess(account(Book(Holding.spot("XYZ", 1.0), Holding(call, -2.0)), market))
    assert_allclose(half.maintenance, 0.25 * 95 + max(0.2 * 95 - 10, 9.5))


def test_survival_finds_the_day_the_price_and_the_top_up() -> None:
    flat = replace(DERIBIT_BTC, per_unit=0.0)
    fall = crash_path(-0.05, days=10, reaction=STILL)
    found = margin.survive(levered(3.0), BTC, fall, flat)
    day, price = found.first()
    assert_allclose(price, 75_750, rtol=2e-3)  # a straight line between two days
    assert_allclose(day, -np.log(0.7575) / 0.05, rtol=5e-3)
    # In coin, C must rise by A (1 + m) / P - A / P0 - C at the lowest price.
    low = 1e5 * np.exp(-0.5)
    assert_allclose(found.top_up, 3e5 * 1.01 / low - 4.0, rtol=1e-12)
    assert not found.survives[0]
    assert margin.survive(levered(3.0, 1.0 + float(found.top_up[0]) + 1e-9), BTC, fall, flat).survives[0]


def test_survivor_has_no_day_and_needs_nothing() -> None:
    found = margin.survive(levered(1.0), BTC, crash_path(-0.01, days=5), DERIBIT_BTC)
    assert found.survives.all()
    assert np.isnan(found.first()[0]).all()
    assert found.summary().loc[found.labels[0], "top-up"] == 0
    assert repr(found).startswith("1 of 1 scenario survived")


def test_more_collateral_never_hurts_and_faster_falls_never_help() -> None:
    falls = fan(-0.01, -0.004, 8)
    days = [margin.survive(levered(3.0, c), BTC, falls, DERIBIT_BTC).first()[0] for c in (1.0, 1.5)]
    reached = [np.nan_to_num(day, nan=np.inf) for day in days]
    assert (reached[1] >= reached[0]).all()
    assert (reached[0][1:] <= reached[0][:-1]).all()


def test_overlay_is_paid_from_the_account() -> None:
    put = option_leg(BTC.chain, option(BTC, "p", 90e3, 30.0).symbol, 3.0)
    falls = join(crash_path(-0.04, days=10, reaction=STILL))
    bare = margin.survive(levered(3.0), BTC, falls, DERIBIT_BTC)
    insured = margin.survive(levered(3.0), BTC, falls, DERIBIT_BTC, [put])
    assert_allclose(bare.balance - insured.balance, 3 * put.price / 1e5, rtol=1e-9)  # puts lend nothing here
    portfolio = margin.survive(levered(3.0), BTC, falls, DERIBIT_BTC_2024, [put])
    assert portfolio.survives[0]
    assert not insured.survives[0]


def test_payoff_of_an_expired_put_is_collateral_again() -> None:
    put = option(BTC, "p", 90e3, 2.0)
    walk = Paths(np.array([1.0, 2.0]), np.array([[0.8, 0.8]]), np.zeros((1, 2)), ("x",))
    found = margin.survive(Book(Holding.spot("BTC", 1.0), Holding(put, 2.0)), BTC, walk, DERIBIT_BTC)
    assert_allclose(found.balance, [[1.0, 1.0 + 2 * (90e3 / 80e3 - 1)]])


def test_requirement_of_options_is_the_same_one_at_a_time() -> None:
    terms = ContractTerms(settlement="coin", lot=0.1)
    legs = [
        Holding.option("BTC", "p", k, AS_OF + pd.Timedelta(days=30), -1.0, terms=terms) for k in (60e3, 90e3)
    ]
    both = margin.assess(Book(legs), BTC, DERIBIT_BTC)
    alone = [margin.assess(Book([leg]), BTC, DERIBIT_BTC) for leg in legs]
    assert_allclose(both.maintenance, sum(item.maintenance for item in alone))


def test_portfolio_matrix_revalues_every_option() -> None:
    put = option(BTC, "p", 90e3, 30.0)
    held = account(Book(Holding(put, -2.0)), BTC)
    table = DERIBIT_BTC_2024.standard_table(held)[:, :, 0]
    # By hand with the library's own scenarios: a fall by 16 % at the vol raised by half.
    from hedging.book.pricer import unit_values

    moved = replace(grid([-0.16], [0.6 * 0.5], [0.0]), tenor_power=0.0)
    after = unit_values([put], [float("nan")], BTC, moved)[0, 0, 0] / 84_000
    now = unit_values([put], [float("nan")], BTC, today())[0, 0, 0] / 100_000
    assert_allclose(table[0, 2], -2 * (after - now), rtol=1e-5)  # the fitted surface is flat within that


def test_forced_selling_closes_just_enough_and_moves_the_price_only_with_an_impact() -> None:
    flat = replace(DERIBIT_BTC, per_unit=0.0)
    fall = crash_path(-0.05, days=6, step=0.05, reaction=STILL)
    alone = margin.deleverage(levered(3.0), BTC, fall, flat, impact=0.0, fee=0.0)
    assert_allclose(alone["price"], alone["price alone"])
    first = alone.index[alone["closed"] > 0][0]
    assert_allclose(alone.loc[first, "headroom"], 0.0, atol=1e-9)
    # By hand: C + A / P0 - A / P = m s A / P with A = 300,000 and what is left s, all losses so far realised.
    price = alone.loc[first, "price"]
    left = (1 + 3 - 3e5 / price) / (0.01 * 3e5 / price)
    assert_allclose(alone.loc[first, "left"], 3.0 * max(left, 0.0), atol=1e-6)
    pushed = margin.deleverage(levered(3.0), BTC, fall, flat, impact=0.01, fee=0.0)
    assert (pushed["price"] <= alone["price"] + 1e-9).all()
    assert pushed["price"].iloc[-1] < alone["price"].iloc[-1]
    assert_allclose(pushed["closed"].sum() + pushed["left"].iloc[-1], 3.0)


def test_a_survivor_sells_nothing() -> None:
    table = margin.deleverage(levered(1.0), BTC, crash_path(-0.01, days=3), DERIBIT_BTC, impact=0.5)
    assert not table["closed"].any()
    assert_allclose(table["price"], table["price alone"])
    with pytest.raises(InputError, match="impact and fee"):
        margin.deleverage(levered(1.0), BTC, crash_path(-0.01, days=3), DERIBIT_BTC, impact=-1)


def test_forced_selling_pays_out_what_has_expired_and_closes_none_of_it() -> None:
    # The future settles at 90,000 on day 2; of the fall after it only the coins are left, and nothing is sold.
    future = Holding.future("BTC", AS_OF + pd.Timedelta(days=2), 3.0, 100_000.0)
    walk = Paths(np.array([1.0, 2.0, 5.0]), np.array([[0.95, 0.9, 0.2]]), np.zeros((1, 3)), ("x",))
    table = margin.deleverage(Book(Holding.spot("BTC", 1.0), future), BTC, walk, DERIBIT_BTC, impact=0.1)
    assert table["closed"].tolist() == [0.0, 0.0, 0.0]
    assert table["left"].tolist() == [3.0, 0.0, 0.0]
    assert_allclose(table["price"], table["price alone"])
    # Beside a perpetual that is closed later, the loss of the settled future stays what it was: 3 (1 - 10 / 9).
    perpetual = Holding.perpetual("BTC", 1.0, 100_000.0)
    both = margin.deleverage(
        Book(Holding.spot("BTC", 2.0), future, perpetual), BTC, walk, DERIBIT_BTC, impact=0.0, fee=0.0
    )
    alone = margin.deleverage(
        Book(Holding.spot("BTC", 2.0 + 3.0 * (1 - 100 / 90)), perpetual),
        BTC,
        walk,
        DERIBIT_BTC,
        impact=0.0,
        fee=0.0,
    )
    assert_allclose(both.loc[5.0], alone.loc[5.0])


@pytest.mark.parametrize("lots", [[3.0], [1.0, 2.0], [2.5, -1.0, 0.25, 1.25]])
def test_collateral_counts_every_lot(lots: list[float]) -> None:
    book = Book([Holding.spot("BTC", units, 70e3 + i) for i, units in enumerate(lots)])
    fall = {"BTC": crash_path(-0.05, days=4)}
    table = margin.collateral_quality(book, {"BTC": BTC}, fall, {"BTC": 0.02})
    assert_allclose(table.loc["BTC", ["value now", "worst value"]], 294e3 * np.array([1, np.exp(-0.2)]))
    owed = margin.collateral_quality(Book(Holding.spot("BTC", -1.0)), {"BTC": BTC}, fall, {"BTC": 0.02})
    assert_allclose(owed.loc["BTC", ["value now", "worst value"]], -100e3)


def test_collateral_falls_with_its_own_coin() -> None:
    from hedging.paths.joint import couple

    book = Book(Holding.spot("BTC", 1.0), Holding.spot("ETH", 10.0))
    markets = {"BTC": BTC, "ETH": flat_market(asset="ETH", spot=2_000.0)}
    falls = couple(crash_path(-0.05, days=4), ["BTC", "ETH"], betas={"BTC": 1.0, "ETH": 1.5})
    table = margin.collateral_quality(book, markets, falls, {"BTC": 0.0, "ETH": 0.075})
    assert_allclose(table.loc["ETH", "value now"], 18_500.0)
    assert_allclose(table.loc["ETH", "worst value"], 18_500.0 * np.exp(-0.3))
    assert_allclose(table["drawdown"], np.expm1([-0.2, -0.3]))
    with pytest.raises(InputError, match="no haircut is set for ETH"):
        margin.collateral_quality(book, markets, falls, {"BTC": 0.0})
