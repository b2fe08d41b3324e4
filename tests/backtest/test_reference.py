"""Recorded chains replayed against numbers of an independent prototype: legs, coins, money and drawdowns."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose

import hedging as hg
from hedging import backtest as bt
from hedging import overlays
from hedging.backtest import Rules
from hedging.book import option_leg
from hedging.overlays import Tolerance

# Coins and money at the end, and drawdown in per cent, from the first snapshot to the last, delivered at the
# close of the hour bar; 10 BTC or 100 ETH, no cash, overlays with their defaults unless said.
REFERENCE = {
    "BTC": {
        "hold": (10.0, 738_192.0, -34.67),
        "put, delta 0.25": (9.939110, 733_697.05, -27.36),
        "put": (10.372332, 765_677.12, -22.72),
        "put-spread": (10.444305, 770_990.10, -25.19),
        "collar": (10.387612, 766_805.10, -23.32),
        "zero-cost-collar": (10.327776, 762_388.06, -21.94),
        "put-spread-collar": (10.812872, 798_197.44, -22.84),
    },
    "ETH": {
        "hold": (100.0, None, -45.40),
        "put, delta 0.25": (107.765945, None, -33.42),
        "put": (109.675190, None, -31.48),
        "put-spread": (115.529162, None, -30.99),
        "collar": (120.295688, None, -28.89),
        "zero-cost-collar": (124.399256, None, -25.40),
        "put-spread-collar": (124.586613, None, -28.73),
    },
}
PUT_LEGS = [
    ("BTC-30JAN26-82000-P", 10.0, 0.0190),
    ("BTC-27FEB26-75000-P", 9.8, 0.0165),
    ("BTC-27MAR26-60000-P", 10.6, 0.0230),
    ("BTC-24APR26-62000-P", 10.4, 0.0245),
    ("BTC-29MAY26-72000-P", 10.1, 0.0220),
    ("BTC-26JUN26-68000-P", 9.9, 0.0135),
]
# The prototype took the nearest delta however far, and any quote.
NEAREST = {"tolerance": Tolerance(delta=1.0, off_mark=np.inf)}
PUT = bt.rolled("put", settings={"delta": 0.25, **NEAREST})


def zero_cost(book: hg.Book, chain: hg.OptionChain, *, days: tuple[float, float]) -> SimpleNamespace:
    """The prototype's zero-cost collar: the highest-struck call whose bid pays for the put, both fees in."""
    put = overlays.protective_put(book, chain, days=days, delta=0.25, **NEAREST).legs[0]
    rows = chain.quotes[(chain.quotes["flag"] == "c") & (chain.quotes["expiry"] == put.instrument.expiry)]
    rows = rows[(rows["strike"] > put.instrument.strike) & rows["bid"].notna()].sort_values("strike")
    lot, due = chain.terms.lot, put.price + put.fee
    calls = (option_leg(chain, symbol, -lot) for symbol in rows["symbol"][::-1])
    call = next(leg for leg in calls if leg.price - leg.fee >= due)
    paid = (due - call.price + call.fee) / chain.spot
    units = sum(held.units for held in book.holdings if held.instrument.symbol == chain.asset)
    size = math.floor(min(units, units / (1.0 + paid)) / lot + 1e-9) * lot
    symbols = ((put.instrument.symbol, size), (call.instrument.symbol, -size))
    return SimpleNamespace(
        legs=[option_leg(chain, symbol, round(quantity, 10)) for symbol, quantity in symbols]
    )


UNITS = {"BTC": 10.0, "ETH": 100.0}


@pytest.fixture(scope="module")
def tapes(shared_data):
    return {
        asset: hg.read_tape(
            shared_data / "chains" / f"deribit_{asset.lower()}_daily_20251230_20260531.parquet",
            delivery=shared_data / "prices" / "hourly_binance_spot_btc_eth.parquet",
        )
        for asset in UNITS
    }


def book(asset: str) -> hg.Book:
    return hg.Book([hg.Holding.spot(asset, UNITS[asset])])


def strategy(name: str) -> bt.Strategy:
    known = {"hold": bt.hold, "put, delta 0.25": PUT, "zero-cost-collar": bt.rolled(zero_cost)}
    return known.get(name) or bt.rolled(name, settings=NEAREST)


@pytest.mark.parametrize("asset", list(UNITS))
def test_overlays_end_with_the_coins_of_the_reference(tapes, asset) -> None:
    for name, (coins, money, fall) in REFERENCE[asset].items():
        done = bt.run(book(asset), tapes[asset], strategy(name))
        assert_allclose(done.equity_in_coin.iloc[-1], coins, rtol=1e-7, err_msg=name)
        if money is not None:
            # The last index is that of the rows quoted on the index itself, 2 USD from the reference's median.
            assert_allclose(done.equity.iloc[-1], money, rtol=1e-4, err_msg=name)
        assert_allclose(100 * done.drawdown.depth, fall, atol=0.02, err_msg=name)


def test_legs_of_the_put_are_those_of_the_reference(tapes) -> None:
    rolls = bt.run(book("BTC"), tapes["BTC"], PUT).rolls
    assert list(zip(rolls["instrument"], rolls["quantity"], rolls["price"], strict=True)) == PUT_LEGS
    assert rolls["delivery"][1] == 67_690.60
    assert_allclose(rolls["end price"][1], 0.107982, atol=5e-7)


def test_hours_without_overlay_are_counted(tapes) -> None:
    done = bt.run(book("BTC"), tapes["BTC"], PUT)
    assert_allclose(done.uncovered[0], 18.2, atol=0.05)
    second, third = done.rolls.iloc[1], done.rolls.iloc[2]
    assert_allclose((third["opened"] - second["ended"]).total_seconds() / 3_600, 7.8, atol=0.05)


def test_the_other_edge_of_the_hour_is_the_run_at_it(tapes) -> None:
    done = bt.run(book("BTC"), tapes["BTC"], PUT)
    opened = bt.run(book("BTC"), tapes["BTC"], PUT, rules=Rules(delivery="open"))
    # The answer leaves the trades as they are; run anew, one roll buys a lot (0.1 at 0.0230) more.
    change = opened.equity_in_coin.iloc[-1] - done.equity_in_coin.iloc[-1]
    assert_allclose(done.other_delivery, change, atol=2.5e-3)


def test_half_sold_by_the_perpetual_without_funding(tapes) -> None:
    done = bt.run(book("BTC"), tapes["BTC"], bt.banded(5.0, 5.0), rules=Rules(funding=0.0))
    assert done.entries == ()
    done = bt.run(book("BTC"), tapes["BTC"], bt.banded(5.0, 0.0), rules=Rules(funding=0.0))
    first = (
        done.equity.iloc[-1] / done.equity.iloc[0] - 1.0
    )  # the reference counts from after the first trade
    assert_allclose(100 * first, -8.31, atol=0.01)
    assert_allclose(100 * done.drawdown.depth, -18.10, atol=0.02)


def nearest_to_30_days(make, **settings):
    """The prototype's expiry: of those in the window the one nearest to 30 days, where ours is nearest to its middle."""

    def made(book, chain, *, days):
        listed = chain.expiries["days"].to_numpy()
        inside = listed[(listed >= days[0]) & (listed <= days[1])]
        at = inside[np.abs(inside - 30.0).argmin()] if inside.size else 30.0
        return make(book, chain, days=(at - 1e-6, at + 1e-6), **settings)

    return made


PUT_IN_30_DAYS = nearest_to_30_days(overlays.protective_put, delta=0.25, **NEAREST)


def test_starts_lie_where_the_reference_has_them(tapes) -> None:
    # Ours lie nearest to 32.5 days, which is the same expiry in all legs of the table above; it is not on 15 January
    # (22 or 43 days), where the best of the reference's starts begins.
    found = bt.starts(book("BTC"), tapes["BTC"], bt.rolled(PUT_IN_30_DAYS), 28)
    spread = 100 * found.spread.loc["against holding"]
    assert_allclose(spread[["mean", "worst", "best"]], [7.9, -0.5, 19.8], atol=0.1)


@pytest.mark.parametrize(
    ("make", "best"), [(nearest_to_30_days(overlays.collar, **NEAREST), 23.6), (nearest_to_30_days(zero_cost), 24.8)]
)  # fmt: skip
def test_the_best_starts_of_collars_are_those_of_the_reference(tapes, make, best) -> None:
    done = bt.run(book("BTC"), tapes["BTC"], bt.rolled(make), first=16)
    # The reference counts from after the first trade.
    gained, held = (curve.iloc[-1] / curve.iloc[0] for curve in (done.equity, done.held))
    assert_allclose(100 * (gained - held), best, atol=0.25)


def test_a_put_rolled_a_week_early_sells_at_the_bid(tapes) -> None:
    early = bt.run(book("BTC"), tapes["BTC"], bt.rolled(PUT_IN_30_DAYS, roll=7.0))
    assert_allclose(100 * (early.equity.iloc[-1] / early.equity.iloc[0] - 1.0), -10.2, atol=0.05)
    assert_allclose(100 * early.drawdown.depth, -20.6, atol=0.05)
    # On 17 April 8 May is 20.9 days away, 29 May 41.9: nearer to 30 days is the one, nearer to 32.5 the other.
    ours = bt.run(book("BTC"), tapes["BTC"], bt.rolled("put", roll=7.0, settings={"delta": 0.25, **NEAREST}))
    legs = [done.rolls["instrument"].tolist() for done in (early, ours)]
    assert legs[0][:4] == legs[1][:4]
    assert [each[4:] for each in legs] == [
        ["BTC-8MAY26-71000-P", "BTC-29MAY26-72000-P", "BTC-26JUN26-72000-P"],
        ["BTC-29MAY26-70000-P", "BTC-26JUN26-72000-P"],
    ]


def test_the_crash_by_the_six_hourly_file(shared_data) -> None:
    tape = hg.read_tape(
        shared_data / "chains" / "deribit_crash_6h_20260129_20260208.parquet",
        asset="BTC",
        delivery=shared_data / "prices" / "hourly_binance_spot_btc_eth.parquet",
    )
    assert_allclose(tape.spot[[0, -1]], [87_785.0, 70_952.0], rtol=1e-4)
    for each, total in ((bt.hold, -19.2), (PUT, -7.4), (bt.rolled("collar", settings=NEAREST), -6.4)):
        done = bt.run(book("BTC"), tape, each)
        assert_allclose(100 * (done.equity.iloc[-1] / done.equity.iloc[0] - 1.0), total, atol=0.2)
        # By elapsed time: a year of rows every six hours is no 365 rows.
        if each is bt.hold:
            steps = np.diff(np.log(done.equity))
            assert_allclose(done.numbers()["vol a year"], steps.std() * np.sqrt(4 * 365), rtol=0.05)


def test_two_blocks_where_the_file_has_no_marks(shared_data) -> None:
    tape = hg.read_tape(
        shared_data / "chains" / "deribit_btc_eod_2021_2022.parquet",
        delivery=shared_data / "prices" / "hourly_binance_perp_btc_eth.parquet",
    )
    held, puts = (bt.run_blocks(book("BTC"), tape, each) for each in (bt.hold, PUT))
    assert_allclose([100 * done.total_return for done in held], [14.2, -19.0], atol=0.1)
    assert_allclose([100 * done.total_return for done in puts], [2.1, -11.8], atol=1.0)
    assert set(puts[0].marks) <= {"mid", "bid", "zero"}


def test_a_comparison_shows_mean_worst_and_best_of_its_starts(tapes) -> None:
    found = bt.compare(book("BTC"), tapes["BTC"], [PUT], starts=3)
    assert list(found.table.index) == ["hold", PUT.name]
    row = found.table.loc[PUT.name]
    assert row["worst"] <= row["mean"] <= row["best"]
    assert_allclose(row["crash captured"], found.runs[1].crash.captured)
    assert "3 starts" in repr(found)
    assert "recorded quotes" in found._repr_html_()
    parts = found.runs[1].attribution()
    assert_allclose(parts["total"].sum(), found.runs[1].equity.iloc[-1] - found.runs[1].start_value)
    # Daily steps explain most of an option's life.
    assert parts["unexplained"].abs().sum() < 0.5 * parts.drop(columns=["total", "spot"]).abs().sum().sum()
