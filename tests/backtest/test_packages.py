"""Packages that liquidity cuts: in one proportion, in whole lots, and never so that a leg loses its cover."""

from __future__ import annotations

import math

import numpy as np
import pytest
from cases.strategies import scripted
from cases.tapes import LATER, TERMS, call, made_chain, name, put
from numpy.testing import assert_allclose

import hedging as hg
from hedging.backtest import Order, Rules, Tape, rolled, run
from hedging.backtest.fills import Fill, Refusal
from hedging.backtest.packages import cut
from hedging.book.legs import Leg
from hedging.market import Option, Perpetual

COINS = hg.Book([hg.Holding.spot("BTC", 20.0)], cash=1e6)


def filled(
    quantity: float, most: float = math.inf, *, strike: float = 80_000.0, closing: bool = False
) -> Fill:
    leg = Leg(Option("BTC", "p", strike, LATER, TERMS), quantity, 800.0, 8.0, 24.0, 80_000.0)
    return Fill(leg, (), 0.1, closing, most, "share of volume")


def test_every_random_package_keeps_its_lots_its_shares_and_its_cover() -> None:
    random = np.random.default_rng(5)
    seen = 0
    for _ in range(600):
        lots = random.integers(1, 120, random.integers(1, 5))
        signs = random.choice([-1.0, 1.0], lots.size)
        most = np.where(random.random(lots.size) < 0.6, random.uniform(0.0, 14.0, lots.size), math.inf)
        made = [
            filled(float(sign * n) / 10, float(top), strike=60_000.0 + 1_000 * k)
            for k, (n, sign, top) in enumerate(zip(lots, signs, most, strict=True))
        ]
        kept = cut(made)
        if isinstance(kept, Refusal):
            continue
        seen += 1
        sizes = np.array([found.leg.quantity for found in kept])
        share = min(1.0, float((most / (lots / 10)).min()))
        assert (np.sign(sizes) == signs).all()
        assert (np.abs(sizes) <= most + 1e-9).all()
        assert_allclose(sizes * 10, np.round(sizes * 10), atol=1e-9)
        assert (np.abs(sizes) <= share * lots / 10 + 1e-9).all()
        bought = signs > 0
        if bought.any():  # what is sold is no larger a share than of anything that was bought
            assert (np.abs(sizes) / lots)[~bought].max(initial=0.0) <= (sizes / lots)[bought].min() + 1e-12
    assert seen > 200


@pytest.mark.parametrize(("volume", "kept"), [(9.0, 4.5), (0.8, 0.4), (40.0, 10.0)])
def test_a_spread_whose_bought_leg_is_scarce_is_bought_and_sold_alike(volume, kept) -> None:
    rows = [
        put(75_000.0, LATER, bid=0.019, ask=0.02, volume=volume),
        put(70_000.0, LATER, bid=0.009, ask=0.01, volume=200.0),
    ]
    tape = Tape.of([made_chain("2026-01-02T09:00Z", 80_000.0, rows)])
    spread = scripted([Order(name("p", 75_000.0, LATER), 10.0), Order(name("p", 70_000.0, LATER), -10.0)])
    done = run(COINS, tape, spread, rules=Rules(volume=0.5))
    sizes = [entry.quantity for entry in done.entries if entry.kind == "open"]
    assert sizes == [kept, -kept]


def test_a_package_of_which_a_leg_would_vanish_is_refused_whole() -> None:
    assert isinstance(cut([filled(10.0, 0.05), filled(-10.0, strike=70_000.0)]), Refusal)
    assert isinstance(cut([filled(10.0, 1.0), filled(0.1, strike=70_000.0)]), Refusal)
    assert cut([filled(10.0, 20.0), filled(-10.0)]) == (filled(10.0, 20.0), filled(-10.0))


def test_two_orders_for_one_contract_share_what_there_is_of_it() -> None:
    kept = cut([filled(3.0, 4.0), filled(5.0, 4.0)])
    assert [found.leg.quantity for found in kept] == [1.5, 2.5]


def test_a_hedge_beside_the_options_is_cut_with_them() -> None:
    leg = Leg(Perpetual("BTC", "coin"), -3.0, 80_000.0, 8.0, 40.0, 80_000.0)
    kept = cut([filled(10.0, 5.0), Fill(leg, (), 1e-4)])
    assert [found.leg.quantity for found in kept] == [5.0, -1.5]


def test_closing_a_spread_in_part_leaves_a_spread() -> None:
    kept = cut([filled(-9.8, 4.91, closing=True), filled(9.8, closing=True, strike=70_000.0), filled(10.1)])
    assert [found.leg.quantity for found in kept] == [-4.9, 4.9, 5.0]


@pytest.mark.parametrize("overlay", ["put-spread", "collar", "put-spread-collar"])
def test_no_rolled_overlay_is_ever_short_of_its_cover(overlay) -> None:
    rows = [
        make(strike, LATER, bid=0.004 * k + 0.002, ask=0.004 * k + 0.0025, mark=0.004 * k + 0.00225, volume=v)
        for make, strikes in ((put, range(60, 80, 2)), (call, range(100, 80, -2)))
        for k, (strike, v) in enumerate((1_000.0 * each, 3.0 + 7.0 * (each % 5)) for each in strikes)
    ]
    rows = [row | {"mark_vol": 0.6} for row in rows]
    tape = Tape.of([made_chain("2026-02-01T09:00Z", 80_000.0, rows)])
    done = run(COINS, tape, rolled(overlay), rules=Rules(volume=0.37))
    sizes = {abs(entry.quantity) for entry in done.entries if entry.kind == "open"}
    assert len(sizes) == 1, done.counts
    assert sizes.pop() < 20.0


def test_time_without_overlay_says_how_much_was_covered_after_a_cut() -> None:
    row = put(75_000.0, LATER, bid=0.019, ask=0.02, mark=0.0195, volume=10.0)
    chains = [made_chain(f"2026-01-0{day}T09:00Z", 80_000.0, [row]) for day in (2, 3, 4)]
    done = run(
        COINS, Tape.of(chains), scripted([Order(name("p", 75_000.0, LATER), 20.0)]), rules=Rules(volume=0.5)
    )
    coins = 20.0 - 5.0 * 0.02 - 5.0 * 0.0003
    assert done.uncovered.hours == 0.0
    assert_allclose(done.uncovered.cover, 5.0 / coins)
    assert "in the mean 25.1% of the underlying covered" in " ".join(repr(done).split())
