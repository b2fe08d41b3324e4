"""The next trades of a band of delta: where delta leaves it by pricing alone, in whole lots, each after the one before."""

from __future__ import annotations

import pytest
from numpy.testing import assert_allclose

from hedging import greeks, samples
from hedging.book.book import Book, Holding
from hedging.book.legs import outright_leg
from hedging.errors import InputError
from hedging.market.contracts import Perpetual
from hedging.market.market import Market
from hedging.monitor import levels_of, next_trades
from hedging.monitor.moved import moved
from hedging.planner import Effort, Limits, Outright, Target, plan, read_plan

CHAIN = samples.chain()
BOOK = Book([Holding.spot("BTC", 25)])
FAST = Effort(alternatives=False)
TERMS = Outright("perpetual")  # what holds where a plan allows none


@pytest.fixture(scope="module")
def made():
    limits = Limits(expiries=(5, 40), max_legs=2)
    return plan(BOOK, CHAIN, Target(delta=(8, 12), floor=-0.3), limits, effort=FAST)


def test_they_are_at_the_levels_that_the_watch_tells(made):
    (delta,) = [each for each in levels_of(made, CHAIN) if each.limit == "delta"]
    found = next_trades(made, CHAIN, count=1)
    assert found.now is None
    assert_allclose(found.below[0].spot, delta.spot_below, rtol=1e-9)
    assert_allclose(found.above[0].spot, delta.spot_above, rtol=1e-9)


def test_delta_there_is_that_of_the_contracts_priced_one_by_one(made):
    """By `hedging.greeks` at the moved forward, each moneyness keeping its vol; coins that were paid come off."""
    market, after = Market.of(CHAIN), BOOK + made
    for trade in (*next_trades(made, CHAIN, count=1).below, *next_trades(made, CHAIN, count=1).above):
        shift = trade.spot / market.spot
        there = moved(market, after, spot=shift - 1.0)
        total = 0.0
        for held in after.holdings:
            item = held.instrument
            if not hasattr(item, "strike"):
                total += held.units
                continue
            row = there.chain.row(item.symbol)
            assert_allclose(row["forward"], CHAIN.row(item.symbol)["forward"] * shift)
            total += held.units * _money_delta(row, item, there.spot)
        assert_allclose(trade.delta, total, rtol=1e-6)


def _money_delta(row, item, spot) -> float:
    """Slope of the value in money per 1.00 of spot, by a small move of the forward with spot."""
    step = 1e-4

    def at(ratio: float) -> float:
        coin = greeks.coin_price(
            item.flag, row["forward"] * ratio, item.strike, row["time_to_expiry"], row["mark_vol"]
        )
        return float(coin) * spot * ratio

    return (at(1 + step) - at(1 - step)) / (2 * step * spot)


@pytest.mark.parametrize("to", ["target", "edge"])
def test_each_trade_is_whole_lots_that_bring_delta_back_at_the_plan_s_terms(made, to):
    found = next_trades(made, CHAIN, count=3, to=to)
    for trades, sign in ((found.below, 1), (found.above, -1)):
        assert len(trades) == 3
        for trade in trades:
            assert trade.units * sign > 0
            assert_allclose(trade.units, trade.lots * TERMS.lot)
            assert 8.0 <= trade.after <= 12.0
            if to == "target":
                assert abs(trade.after - 10.0) <= TERMS.lot / 2 + 1e-3
            else:
                assert min(trade.after - 8.0, 12.0 - trade.after) <= TERMS.lot + 1e-9
            leg = outright_leg(
                Perpetual("BTC"), trade.spot, trade.units, half_spread=TERMS.half_spread, fee=TERMS.fee
            )
            assert_allclose(trade.price, leg.price)
            assert_allclose(trade.cost, abs(trade.units) * (0.0001 * trade.spot + 0.0005 * leg.price))
    assert [t.spot for t in found.below] == sorted((t.spot for t in found.below), reverse=True)
    assert [t.spot for t in found.above] == sorted(t.spot for t in found.above)


def test_a_second_trade_is_where_the_book_with_the_first_leaves_the_band(made):
    first, second = next_trades(made, CHAIN, count=2).below
    market, after = Market.of(CHAIN), BOOK + made
    leg = outright_leg(
        Perpetual("BTC"), first.spot, first.units, half_spread=TERMS.half_spread, fee=TERMS.fee
    )
    coins = leg.paid / first.spot  # the fee, in coins, at the price then
    held = Book(
        [*after.holdings, Holding.perpetual("BTC", first.units, first.price), Holding.spot("BTC", -coins)]
    )
    below, above = (
        held.exposure(moved(market, after, spot=second.spot * (1 + s) / market.spot - 1)).delta
        for s in (-2e-3, 2e-3)
    )
    assert below < 8.0 < above


def test_outside_the_band_the_first_trade_is_now_and_a_wider_band_is_left_later(made):
    wide, narrow = (next_trades(made, CHAIN, count=1, band=band) for band in (3.5, 0.05))
    assert (wide.low, wide.high) == (6.5, 13.5)
    assert wide.below[0].spot < next_trades(made, CHAIN, count=1).below[0].spot
    delta = (BOOK + made).exposure(Market.of(CHAIN)).delta
    assert abs(delta - 10.0) > 0.05
    assert narrow.now is not None
    assert narrow.now.spot == CHAIN.spot
    assert abs(narrow.now.after - 10.0) <= 0.05
    assert "now, at" in repr(narrow)
    assert set(narrow.to_frame()["way"]) == {"now", "below", "above"}


def test_an_open_side_never_trades():
    made = plan(BOOK, CHAIN, Target(delta=(None, 15)), Limits(expiries=(5, 40)), effort=FAST)
    found = next_trades(made, CHAIN, count=1)
    assert found.below == ()
    assert found.above[0].after <= 15.0
    assert "down, none" in repr(found)
    with pytest.raises(InputError, match="both sides"):
        next_trades(made, CHAIN, band=1.0)


def test_what_has_no_band_of_delta_is_refused(made):
    without = plan(BOOK, CHAIN, Target(floor=-0.4), Limits(expiries=(5, 60)), effort=FAST)
    with pytest.raises(InputError, match="no band of delta"):
        next_trades(without, CHAIN)
    with pytest.raises(InputError, match="count must be"):
        next_trades(made, CHAIN, count=0)


def test_they_stand_in_the_plan_and_need_quotes_once_it_is_read_back(made, tmp_path):
    path = tmp_path / "plan.json"
    path.write_text(made.to_json())
    assert made.next_trades().to_dict() == next_trades(made, CHAIN).to_dict()
    saved = read_plan(path)
    assert saved.next_trades(CHAIN, count=1).to_dict() == next_trades(made, CHAIN, count=1).to_dict()
    with pytest.raises(InputError, match="has no quotes: pass the chain"):
        saved.next_trades()
