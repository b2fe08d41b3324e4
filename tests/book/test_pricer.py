"""Values in every scenario: today's mark, parity, path settlement by hand, slopes against Greeks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases.markets import AS_OF, flat_market, option
from numpy.testing import assert_allclose

import hedging as hg
from hedging.book.pricer import Pricer, unit_values, unit_values_now
from hedging.book.unit_greeks import unit_greeks
from hedging.errors import InputError
from hedging.market.contracts import Future, Option, Perpetual, Spot
from hedging.market.market import Market
from hedging.paths.crash import crash_path
from hedging.paths.paths import Paths, grid

NONE = float("nan")


def path(days: list[float], spot: list[float]) -> Paths:
    return Paths(np.array(days), np.array([spot]), np.zeros((1, len(days))), ("by hand",))


@pytest.mark.parametrize("settlement", ["coin", "cash"])
def test_value_today_is_the_mark_of_every_contract(settlement: str) -> None:
    market = flat_market(settlement, carry=0.08, skew=0.3)
    options = [market.chain.option(symbol) for symbol in market.chain.quotes["symbol"]]
    now = unit_values_now(options, [NONE] * len(options), market)
    assert_allclose(now, market.chain.quotes["mark"], rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("settlement", ["coin", "cash"])
def test_values_on_one_date_of_each_scenario_are_those_of_all_nodes(settlement: str) -> None:
    market = flat_market(settlement, carry=0.08, skew=0.3)
    items = [option(market, "p", 100.0, 2.0), Perpetual("BTC"), option(market, "c", 110.0, 30.0), Spot("BTC")]
    pricer = Pricer.of(items, [NONE, 95.0, NONE, NONE], market)
    paths = grid([-0.5, 0.0, 0.3, 0.6], [-0.1, 0.2], [0.0, 2.0, 10.0, 29.0])
    dates = np.arange(len(paths)) % paths.days.size
    expected = pricer.values(paths)[np.arange(len(paths)), dates]
    assert_allclose(pricer.values_on(paths, dates), expected, rtol=1e-13, atol=1e-12)


@pytest.mark.parametrize("settlement", ["coin", "cash"])
def test_parity_holds_in_every_state(settlement: str) -> None:
    market = flat_market(settlement, carry=0.08, skew=0.3)
    call, put = (option(market, flag, 110.0, 30.0) for flag in "cp")
    paths = grid([-0.5, 0.0, 0.3], [-0.2, 0.4], [0.0, 10.0, 29.0])
    values = unit_values([call, put], [NONE, NONE], market, paths)
    remaining = (30.0 - paths.days) / 365.0
    spot = 100.0 * paths.spot
    # A coin at expiry is worth a coin now; money at expiry is discounted, in coin by spot / forward.
    assert_allclose(values[..., 0] - values[..., 1], spot - 110.0 * np.exp(-0.08 * remaining), atol=1e-10)


def test_parity_holds_with_every_reaction_on() -> None:
    market = flat_market(carry=0.05, skew=0.3)
    call, put = (option(market, flag, 90.0, 30.0) for flag in "cp")
    nodes = grid([-0.4, 0.1], [0.3], [5.0])
    paths = replace(
        nodes, skew_shift=np.full((2, 1), -0.2), carry_shift=np.full((2, 1), -0.5), stickiness=0.5
    )
    values = unit_values([call, put], [NONE, NONE], market, paths)
    discount = np.exp(-(0.05 - 0.5) * 25 / 365)
    assert_allclose(values[..., 0] - values[..., 1], 100 * nodes.spot - 90 * discount, atol=1e-10)


def test_leg_that_expires_on_the_way_settles_at_its_own_expiry() -> None:
    market = flat_market("cash", vol=0.6)
    put = option(market, "p", 100.0, 2.0)
    # Down to 80 when it expires on day 2, back to 120 on day 3: the 20 stay, whatever comes after.
    values = unit_values([put], [NONE], market, path([2.0, 3.0], [0.8, 1.2]))
    assert_allclose(values[0, :, 0], [20.0, 20.0])


def test_coin_payoff_stays_coin_after_its_expiry() -> None:
    market = flat_market("coin")
    put = option(market, "p", 100.0, 2.0)
    values = unit_values([put], [NONE], market, path([2.0, 3.0], [0.8, 1.2]))
    # (100 - 80) / 80 = 0.25 coins, worth 20 on day 2 and 30 on day 3.
    assert_allclose(values[0, :, 0], [20.0, 30.0])


def test_settlement_between_two_dates_is_on_the_line_between_them() -> None:
    market = flat_market("cash")
    put = option(market, "p", 100.0, 2.0)
    values = unit_values([put], [NONE], market, path([1.0, 3.0], [1.0, 0.64]))
    assert_allclose(values[0, 1, 0], 100.0 - 80.0)  # half way in log-price from 100 to 64


def test_two_day_long_against_three_day_short_leaves_the_short_naked() -> None:
    market = flat_market("cash")
    long, short = option(market, "p", 100.0, 2.0), option(market, "p", 100.0, 3.0)
    values = unit_values([long, short], [NONE, NONE], market, path([2.0, 3.0], [1.0, 0.7]))
    # The long lapses worthless at 100; the short then loses all of the fall to 70.
    assert_allclose(values[0, 1], [0.0, 30.0])
    assert_allclose(values[0, 1, 0] - values[0, 1, 1], -30.0)


def test_straight_scenarios_settle_on_their_own_line() -> None:
    market = flat_market("cash")
    put = option(market, "p", 100.0, 3.0)
    values = unit_values([put], [NONE], market, grid([-0.5], [0.0], [30.0]))
    assert_allclose(values[0, 0, 0], 100.0 - 100.0 * 0.5**0.1)


@pytest.mark.parametrize("settlement", ["coin", "cash"])
def test_expiry_date_itself_is_the_payoff(settlement: str) -> None:
    market = flat_market(settlement)
    legs = [option(market, flag, 100.0, 30.0) for flag in "cp"]
    values = unit_values(legs, [NONE, NONE], market, path([30.0], [0.7]))
    assert_allclose(values[0, 0], [0.0, 30.0], atol=1e-12)


def test_last_minutes_are_continuous() -> None:
    market = flat_market()
    put = option(market, "p", 100.0, 2.0)
    just_before = unit_values([put], [NONE], market, path([2.0 - 1e-8], [0.9]))
    assert_allclose(just_before[0, 0, 0], 10.0, atol=1e-6)


@pytest.mark.parametrize("settlement", ["coin", "cash"])
@pytest.mark.parametrize("flag", ["c", "p"])
def test_small_moves_follow_the_greeks(settlement: str, flag: str) -> None:
    # Flat surface: moving spot, vol and time by a little is the Greeks' own expansion.
    market = flat_market(settlement, carry=0.06)
    leg = option(market, flag, 110.0, 30.0)
    greeks = {name: float(value[0]) for name, value in unit_greeks([leg], [NONE], market).items()}
    for move, points, days in [(1e-4, 0.0, 0.0), (0.0, 1e-2, 0.0), (0.0, 0.0, 1e-3), (-2e-4, 5e-3, 1e-3)]:
        nodes = grid([move], [points / 100], [days])
        value = unit_values([leg], [NONE], market, replace(nodes, tenor_power=0.0))[0, 0, 0]
        step = 100.0 * move
        expected = (
            greeks["delta"] * step
            + greeks["gamma"] * step**2 / 2
            + greeks["vega"] * points
            + greeks["theta"] * days
            + greeks["vanna"] * step * points
            + greeks["volga"] * points**2 / 2
            + greeks["charm"] * step * days
        )
        assert_allclose(value - greeks["price"], expected, rtol=2e-4, atol=1e-9)


def test_sticky_strike_keeps_each_strikes_vol() -> None:
    market = flat_market("cash", skew=0.4)
    leg = option(market, "p", 90.0, 30.0)
    moved = unit_values([leg], [NONE], market, grid([-0.05], [0.0], [0.0], stickiness=1.0))[0, 0, 0]
    own_vol = 0.6 - 0.4 * np.log(90 / 100)
    expected = hg.greeks.price("p", 95.0, 90.0, 30 / 365, 0.0, own_vol)
    assert_allclose(moved, expected, rtol=1e-12)


def test_sticky_moneyness_reads_the_vol_at_the_new_moneyness() -> None:
    market = flat_market("cash", skew=0.4)
    leg = option(market, "p", 90.0, 30.0)
    moved = unit_values([leg], [NONE], market, grid([-0.1]))[0, 0, 0]  # 90 is at the money now
    surface = market.smile.vol_at(np.array([0.0, np.log(0.9)]), np.full(2, 30 / 365))
    own_vol = 0.6 - 0.4 * np.log(0.9)
    expected = hg.greeks.price("p", 90.0, 90.0, 30 / 365, 0.0, own_vol * surface[0] / surface[1])
    assert_allclose(moved, expected, rtol=1e-12)


def test_spot_and_perpetual_gain_the_move() -> None:
    market = flat_market()
    values = unit_values([Spot("BTC"), Perpetual("BTC")], [NONE, 90.0], market, path([1.0], [0.8]))
    assert_allclose(values[0, 0], [80.0, -10.0])


def test_funding_is_the_rate_times_the_average_spot_on_the_way() -> None:
    market = replace(flat_market(), funding_8h=0.001)
    walk = path([1.0, 3.0], [0.8, 0.6])
    paid = 0.003 * (1 * 90 + 2 * 70)
    value = unit_values([Perpetual("BTC")], [100.0], market, walk)[0, 1, 0]
    assert_allclose(value, 60.0 - 100.0 - paid)


@pytest.mark.parametrize("entry", [50.0, 100.0, 170.0])
def test_funding_of_a_coin_settled_perpetual_is_paid_on_the_money_it_was_entered_for(entry: float) -> None:
    market = replace(flat_market(), funding_8h=0.001)
    items = [Perpetual("BTC", "coin"), Perpetual("BTC", "cash")]
    # Nine payments of coins on `entry` of money each, where spot stays; on the spot where it settles in cash.
    value = unit_values(items, [entry, entry], market, path([3.0], [1.0]))[0, 0]
    coins = sum(0.001 * entry / 100.0 for _ in range(9))
    assert_allclose(value, [100.0 - entry - coins * 100.0, 100.0 - entry - 9 * 0.1], rtol=1e-13)
    theta = unit_greeks(items, [entry, entry], market)["theta"]
    assert_allclose(theta, [-3 * 0.001 * entry, -0.3], rtol=1e-13)
    # On a straight way half of the coins are paid at either end: worth that at its end.
    fallen = unit_values(items[:1], [entry], market, path([3.0], [0.6]))[0, 0, 0]
    coins = 9 * 0.001 * entry * (1 / 100.0 + 1 / 60.0) / 2
    assert_allclose(fallen, 60.0 - entry - coins * 60.0, rtol=1e-13)


def test_funding_of_the_scenario_is_added_to_the_markets() -> None:
    market = replace(flat_market(), funding_8h=0.001)
    walk = replace(path([1.0, 2.0], [1.0, 1.0]), funding_shift=np.array([[-0.003, -0.001]]))
    value = unit_values([Perpetual("BTC")], [100.0], market, walk)[0, :, 0]
    assert_allclose(value, [0.6, 0.6])  # a negative rate pays the long: 3 * 0.2 % of 100


@pytest.mark.parametrize(("settlement", "expected"), [("cash", [-20.0, -20.0]), ("coin", [-20.0, -25.0])])
def test_future_settles_at_its_own_expiry(settlement: str, expected: list[float]) -> None:
    market = flat_market()
    future = Future("BTC", AS_OF + pd.Timedelta(days=2), settlement)  # type: ignore[arg-type]
    # 100 to 80 at expiry: -0.25 coins per coin at entry, worth -25 once the coin is back at 100.
    values = unit_values([future], [100.0], market, path([2.0, 3.0], [0.8, 1.0]))
    assert_allclose(values[0, :, 0], expected)


def test_other_assets_and_expired_contracts_are_refused() -> None:
    market = flat_market()
    with pytest.raises(InputError, match="not on BTC"):
        unit_values([Spot("ETH")], [NONE], market, grid([0.0]))
    old = Option("BTC", "p", 100.0, AS_OF - pd.Timedelta(days=1))
    with pytest.raises(InputError, match="expired before"):
        unit_values([old], [NONE], market, grid([0.0]))


def test_values_do_not_depend_on_the_company_of_a_leg() -> None:
    market = flat_market(carry=0.05, skew=0.3)
    legs = [
        option(market, flag, strike, day) for flag in "cp" for strike in (80.0, 120.0) for day in (3.0, 30.0)
    ]
    paths = crash_path(-0.03, -0.01, 5, step=0.5)
    together = unit_values(legs, [NONE] * len(legs), market, paths)
    alone = np.stack([unit_values([leg], [NONE], market, paths)[..., 0] for leg in legs], axis=-1)
    assert np.array_equal(together, alone)


@pytest.mark.parametrize("asset", ["BTC", "ETH"])
def test_marks_of_the_recorded_crash_come_back(shared_data: object, asset: str) -> None:
    from hedging import read_chain

    file = shared_data / "chains" / "deribit_full_20260206T043012Z.csv.gz"  # type: ignore[operator]
    market = Market.of(read_chain(file, asset=asset))
    options = [market.chain.option(symbol) for symbol in market.chain.quotes["symbol"]]
    now = unit_values_now(options, [NONE] * len(options), market)
    gap = np.abs(now - market.chain.quotes["mark"]) / market.spot  # in coin
    # Published vols have two decimals of a point, and rows were computed moments apart.
    assert np.median(gap) < 2e-5
    assert np.quantile(gap, 0.99) < 3e-3


def rolled(market: Market, leg: Option, paths: Paths) -> np.ndarray:
    return Pricer.of([leg], [NONE], market, roll=True).values(paths)[0, :, 0]


@pytest.mark.parametrize("settlement", ["coin", "cash"])
def test_rolled_put_is_its_payoff_less_the_next_premium_and_the_next_put(settlement: str) -> None:
    market = flat_market(settlement, days=(10.0,), strikes=(90.0, 100.0))
    put = option(market, "p", 90.0, 10.0)
    walk = path([10.0, 20.0, 25.0], [0.8, 0.5, 0.5])
    values = rolled(market, put, walk)
    premium = float(market.chain.row(put.symbol)["mark"])  # of a 10-day put struck 10 % below 100
    # Struck at 72 when spot is 80, at 45 when it is 50; premiums scale with spot.
    first, second = 90.0 - 80.0, 72.0 - 50.0
    if settlement == "cash":
        account = [first - 0.8 * premium, first - 0.8 * premium + second - 0.5 * premium]
    else:
        coins = (first - 0.8 * premium) / 80.0
        account = [coins * 80.0, (coins + (second - 0.5 * premium) / 50.0) * 50.0]
    assert_allclose(values[0], account[0] + 0.8 * premium, rtol=1e-9)
    assert_allclose(values[1], account[1] + 0.5 * premium, rtol=1e-9)
    left = unit_values([put], [NONE], market, path([5.0], [1.0]))[0, 0, 0]
    assert_allclose(values[2], account[1] + 0.5 * left, rtol=1e-9)


def test_rolling_changes_nothing_before_and_at_the_first_expiry() -> None:
    market = flat_market(carry=0.05, skew=0.3, days=(10.0,))
    put = option(market, "p", 90.0, 10.0)
    walk = crash_path(-0.02, -0.002, 10, step=1.0)
    lapsing = unit_values([put], [NONE], market, walk)[0, :, 0]
    assert_allclose(rolled(market, put, walk), lapsing, rtol=1e-9)


def test_rolled_leg_goes_on_protecting() -> None:
    market = flat_market("cash", days=(10.0,))
    put = option(market, "p", 90.0, 10.0)
    late = path([10.0, 20.0], [1.0, 0.5])  # falls only after the first put has lapsed
    assert unit_values([put], [NONE], market, late)[0, 1, 0] == 0.0
    assert rolled(market, put, late)[1] > 35.0
