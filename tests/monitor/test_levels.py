"""Levels ahead: by spot and vol of each asset, by time alone, and after everything has expired."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases.later import later
from numpy.testing import assert_allclose

from hedging import greeks, samples
from hedging.book.book import Book, Holding
from hedging.book.expired import expiry_name
from hedging.errors import InputError
from hedging.market.market import Market
from hedging.monitor import Rules, levels_of, next_trades, roll, roll_dates, watch
from hedging.monitor.moved import moved
from hedging.paths.paths import grid
from hedging.planner import Effort, Limits, Target, audit, plan

CHAIN = samples.chain()
FAST = Effort(alternatives=False)
DAYS = (CHAIN.expiries["expiry"] - CHAIN.as_of) / pd.Timedelta(days=1)


def scaled(chain, asset: str, by: float):
    """The same chain of another coin, in money of another size."""
    money = ["strike", "forward", "bid", "ask", "mark"]
    quotes = chain.quotes.assign(
        symbol=chain.quotes["symbol"].str.replace("BTC", asset),
        **{name: chain.quotes[name] * by for name in money},
    )
    return replace(chain, asset=asset, spot=chain.spot * by, quotes=quotes)


ETHER = scaled(CHAIN, "ETH", 0.05)
MARKETS = [Market.of(CHAIN), Market.of(ETHER)]


@pytest.fixture(scope="module")
def joint():
    book = Book([Holding.spot("BTC", 10), Holding.spot("ETH", 150)])
    target = Target(delta={"BTC": (4, 7), "ETH": (60, 110)}, floor=-0.5)
    return plan(book, MARKETS, target, Limits(expiries=(5, 40), max_legs=4), horizon=12, effort=FAST)


@pytest.fixture(scope="module")
def joint_levels(joint):
    return {(each.limit, each.asset): each for each in levels_of(joint, MARKETS)}


def test_a_joint_plan_has_levels_by_each_coin_where_the_audit_says_so(joint, joint_levels):
    found = joint_levels
    assert {asset for limit, asset in found if limit == "floor"} == {"BTC", "ETH"}
    assert ("delta BTC", "ETH") not in found
    after = Book([Holding.spot("BTC", 10), Holding.spot("ETH", 150)]) + joint
    now = {market.asset: moved(market, after) for market in MARKETS}
    for market in MARKETS:
        asset = market.asset
        level = found[f"delta {asset}", asset]
        assert level.spot_above is not None
        for share, ok in ((-2e-4, True), (1e-4, False)):
            move = level.spot_above / market.spot - 1.0 + share
            at = {**now, asset: moved(market, after, spot=move)}
            checks = {str(check.limit): check.ok for check in audit(joint, at, restore=False).checks}
            assert checks[f"delta {asset}"] is ok
        assert f"with spot of {asset} at" in str(level)


def test_next_trades_of_a_joint_plan_are_those_of_each_coin_by_itself(joint, joint_levels):
    for asset, low, high in (("BTC", 4, 7), ("ETH", 60, 110)):
        found = next_trades(joint, MARKETS, asset=asset, count=1)
        assert (found.low, found.high) == (low, high)
        level = joint_levels[f"delta {asset}", asset]
        assert_allclose(found.above[0].spot, level.spot_above, rtol=1e-9)
        assert low <= found.above[0].after <= high
    with pytest.raises(InputError, match="pass asset=, one of BTC, ETH; got None"):
        next_trades(joint, MARKETS)
    with pytest.raises(InputError, match="got 'SOL'"):
        next_trades(joint, MARKETS, asset="SOL")


@pytest.fixture(scope="module")
def short():
    """A put of 11 days under a horizon of 30: the floor goes with it."""
    limits = Limits(expiries=(DAYS[2] - 0.1, DAYS[2] + 0.1), max_legs=1)
    return plan(
        Book([Holding.spot("BTC", 25)]), CHAIN, Target(delta=(8, 20), floor={3: -0.2}), limits,
        horizon=DAYS[2] + 5, effort=FAST,
    )  # fmt: skip


def test_delta_breaks_by_time_alone_when_the_put_is_gone(short):
    """By audits every six quiet hours, at today's spot: the first that finds it broken."""
    found = {each.limit: each for each in levels_of(short, CHAIN)}
    when = found["delta"].broken_from
    assert when is not None
    after = Book([Holding.spot("BTC", 25)]) + short
    market, name = MARKETS[0], expiry_name("BTC", short.legs[0].instrument.expiry)

    def ok(day: float) -> bool:
        at = moved(market, after, days=day)
        settled = {name: market.spot} if at.as_of >= short.legs[0].instrument.expiry else {}
        return {str(c.limit): c.ok for c in audit(short, at, restore=False, settled=settled).checks}["delta"]

    first = next(hour for hour in range(6, 24 * 30, 6) if not ok(hour / 24))
    assert first - 6 <= (when - CHAIN.as_of) / pd.Timedelta(hours=1) <= first + 2
    assert f"from {when:%d %b %Y} if nothing moves" in str(found["delta"])


def test_a_market_after_quiet_days_is_worth_what_a_scenario_says():
    options = [CHAIN.option(symbol) for symbol in CHAIN.quotes["symbol"].iloc[::17]]
    book = Book([Holding(item, 1.0) for item in options])
    for day in (0.0, 2.5, 9.0):
        alive = Book(
            [held for held in book.holdings if held.instrument.expiry > CHAIN.as_of + pd.Timedelta(days=day)]
        )
        expected = alive.values(MARKETS[0], grid([0.0], days=[day])).sum()
        assert_allclose(alive.value(moved(MARKETS[0], alive, days=day)), expected, rtol=1e-9)


def test_levels_are_told_after_everything_has_expired(short):
    """A market of no quotes at all is asked about then."""
    last = later(CHAIN, DAYS[2] + 0.2, 0.05)
    found = levels_of(short, last)
    assert "delta" not in {each.limit for each in found}  # broken: nothing holds it
    assert next_trades(short, last, count=1).now is not None


# --- when to roll ------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", [3, 4])
def test_an_option_is_worth_rolling_when_the_cheapest_cycle_ends(which):
    """By trying every length of a cycle, each end priced by `hedging.greeks` at the surface's vol and carry."""
    limits = Limits(expiries=(DAYS[which] - 0.1, DAYS[which] + 0.1), max_legs=1)
    made = plan(Book([Holding.spot("BTC", 25)]), CHAIN, Target(delta=(8, 16)), limits, effort=FAST)
    (leg,), (date,) = made.legs, roll_dates(made, CHAIN)
    item, market = leg.instrument, MARKETS[0]
    tenor = (item.expiry - CHAIN.as_of) / pd.Timedelta(days=1)

    def value(left: float) -> float:
        time = left / 365
        # What is rolled into has the carry that the surface has at its time.
        forward = CHAIN.spot * np.exp(float(market.carry(tenor / 365)) * time)
        vol = float(market.smile.vol_at(np.log(item.strike / forward), time))
        return float(greeks.coin_price(item.flag, forward, item.strike, time, vol)) * CHAIN.spot

    row = CHAIN.row(item.symbol)
    trading = row["ask"] - row["bid"] + 2 * item.terms.fee.per_unit(value(tenor), CHAIN.spot)
    costs = {d: (value(tenor) - value(tenor - d) + trading) / d for d in np.arange(1.0, tenor)}
    best = min(costs, key=costs.get)
    assert date.tenor == pytest.approx(tenor)
    assert date.held_for == best
    assert date.on == item.expiry - pd.Timedelta(days=tenor - best)
    assert_allclose(date.cycle, leg.units * costs[best], rtol=1e-3)
    found = roll(made, CHAIN)
    assert found.dates == (date,)
    assert str(date) in repr(found)
    # The watch tells it once, when a rule asks for it.
    days = [later(CHAIN, day, 0.0) for day in np.arange(0.5, best + 2.0, 1.0)]
    events = [
        e
        for e in watch(made, days, Rules(near=0.0, bands={"days_to_roll": (0, None)}))
        if e.what == "days_to_roll"
    ]
    assert [e.kind for e in events][:1] in (["broken"], [])


def test_dates_of_an_older_chain_or_of_another_coin_are_refused(short):
    with pytest.raises(InputError, match="older than the plan"):
        roll_dates(short, replace(CHAIN, as_of=CHAIN.as_of - pd.Timedelta(days=1)))
    with pytest.raises(InputError, match="the plan is of BTC"):
        roll_dates(short, ETHER)
