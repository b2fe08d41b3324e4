"""Overlays of unequal sizes and of two expiries, against their payoff formulas."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from hedging import Book, Holding, InputError, Market, OptionChain, overlays
from hedging.market.contracts import Option
from hedging.overlays import Overlay
from hedging.paths.paths import grid

BOOK = Book(Holding.spot("BTC", 25.0, entry=88_000.0))


def options(overlay: Overlay) -> list[Option]:
    return [leg.instrument for leg in overlay.legs if isinstance(leg.instrument, Option)]


def payoff(overlay: Overlay, spot: float, prices: np.ndarray) -> np.ndarray:
    """P&L of 25 coins at one expiry by hand: coins left, and intrinsic values."""
    coins, value = 25.0, np.zeros_like(prices)
    for leg, option in zip(overlay.legs, options(overlay), strict=True):
        sign = 1.0 if option.flag == "c" else -1.0
        value += leg.quantity * np.maximum(sign * (prices - option.strike), 0.0)
        coins -= (leg.quantity * leg.price + abs(leg.quantity) * leg.fee) / spot
    return coins * prices + value - 25.0 * spot


def test_backspread_buys_twice_what_it_sells_higher(sample: OptionChain) -> None:
    overlay = overlays.backspread(BOOK, sample)
    lower, upper = options(overlay)
    assert lower.strike < upper.strike
    assert [leg.quantity for leg in overlay.legs] == [50.0, -25.0]
    assert [leg.quantity for leg in overlays.backspread(BOOK, sample, ratio=4).legs] == [33.2, -8.3]
    assert [leg.quantity for leg in overlays.backspread(BOOK, sample, coverage=0.5).legs] == [25.0, -12.5]


@pytest.mark.parametrize("ratio", [1, 0, 2.5, math.nan])
def test_backspread_needs_a_whole_ratio_above_one(ratio: int, sample: OptionChain) -> None:
    with pytest.raises(InputError, match="ratio must be a whole number >= 2"):
        overlays.backspread(BOOK, sample, ratio=ratio)


@pytest.mark.parametrize("make", [overlays.backspread, overlays.seagull])
def test_floor_and_rallies_are_those_of_the_payoff(make, sample: OptionChain, market: Market) -> None:  # type: ignore[no-untyped-def]
    overlay = make(BOOK, sample)
    row = overlays.compare(BOOK, market, [overlay]).iloc[1]
    prices = np.concatenate(([0.0], np.linspace(100.0, 400_000.0, 400_000)))
    pnl, base = payoff(overlay, market.spot, prices), 25.0 * market.spot
    assert row["floor"] == pytest.approx(pnl.min() / base, abs=1e-5)
    for name, share in overlays.RALLIES.items():
        there = payoff(overlay, market.spot, np.array([market.spot * (1.0 + share)]))[0]
        assert row[name] == pytest.approx(there / base, rel=1e-9)
    assert math.isinf(row["cap"])


def test_seagull_opens_the_upside_again(sample: OptionChain, market: Market) -> None:
    overlay = overlays.seagull(BOOK, sample)
    put, sold, bought = options(overlay)
    assert put.strike < sold.strike < bought.strike
    assert [np.sign(leg.quantity) for leg in overlay.legs] == [1.0, -1.0, 1.0]
    assert len({abs(leg.quantity) for leg in overlay.legs}) == 1
    table = overlays.compare(BOOK, market, [overlay, overlays.collar(BOOK, sample)])
    assert table.loc["seagull", "upside"] > 24.0
    assert table.loc["seagull", "gain_100"] > 4 * table.loc["collar", "gain_100"]
    with pytest.raises(InputError, match="must have a lower strike than"):
        overlays.seagull(BOOK, sample, call_strike=90_000.0, upper_strike=80_000.0)


def test_calendar_is_one_strike_and_two_expiries(sample: OptionChain) -> None:
    overlay = overlays.calendar(BOOK, sample)
    far, near = options(overlay)
    assert far.strike == near.strike
    assert near.expiry < far.expiry
    assert [leg.quantity for leg in overlay.legs] == [25.0, -25.0]
    delta = sample.greeks(("delta",))["delta"].abs()[(sample.quotes["symbol"] == far.symbol).to_numpy()]
    assert float(delta.iloc[0]) == pytest.approx(0.30, abs=0.10)
    with pytest.raises(InputError, match="is later than one between"):
        overlays.calendar(BOOK, sample, days=(30, 40), far_days=(20, 26))


def test_calendar_takes_a_strike_that_both_expiries_have(sample: OptionChain) -> None:
    far = options(overlays.calendar(BOOK, sample))[0]
    quotes = sample.quotes
    gone = (quotes["strike"] == far.strike) & (quotes["expiry"] != far.expiry)
    thin = replace(sample, quotes=quotes[~gone].reset_index(drop=True))
    later, near = options(overlays.calendar(BOOK, thin))
    assert later.strike == near.strike != far.strike
    apart = (quotes["expiry"] < far.expiry) & (quotes["strike"] > 30_000.0) & (quotes["flag"] == "p")
    bare = replace(sample, quotes=quotes[~apart].reset_index(drop=True))
    with pytest.raises(InputError, match=r"no put has both (bid|ask) and vol"):
        overlays.calendar(BOOK, bare, far_days=(50.0, 55.0))


def test_diagonal_sells_lower_and_nearer(sample: OptionChain) -> None:
    overlay = overlays.diagonal(BOOK, sample)
    far, near = options(overlay)
    assert near.strike < far.strike
    assert near.expiry < far.expiry
    with pytest.raises(InputError, match="must have a lower strike than"):
        overlays.diagonal(BOOK, sample, strike=60_000.0, lower_strike=64_000.0)


def test_two_expiries_are_judged_at_the_first_with_the_other_alive(
    sample: OptionChain, market: Market
) -> None:
    overlay = overlays.calendar(BOOK, sample)
    row = overlays.compare(BOOK, market, [overlay]).iloc[1]
    far, near = options(overlay)
    day = (near.expiry - market.as_of).total_seconds() / 86_400
    assert row["days"] == pytest.approx(day)
    moves = np.linspace(-0.97, 1.5, 700)
    hedged = BOOK + overlay
    pnl = hedged.values(market, grid(moves, days=[day]))[:, 0].sum(axis=1) + hedged.cash - 25 * market.spot
    assert row["floor"] <= pnl.min() / (25 * market.spot) + 1e-12
    assert row["gain_25"] == pytest.approx(np.interp(0.25, moves, pnl) / (25 * market.spot), abs=1e-4)
    # The later put is worth more than the one that just expired where spot is at the strike.
    at = np.interp(far.strike / market.spot - 1.0, moves, pnl)
    assert at > payoff(overlay, market.spot, np.array([far.strike]))[0] + 25 * 0.01 * market.spot
