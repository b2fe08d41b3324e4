"""Outcomes of several assets: each moves by its own path, in the same states of the world."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases.markets import flat_chain
from numpy.testing import assert_allclose

from hedging.book import Book, Holding
from hedging.errors import InputError
from hedging.paths.paths import Paths
from hedging.planner import Effort, Limits, Outcomes, Target, free_lunch, plan
from hedging.scenario import draw

BTC = flat_chain(days=(30.0,))
ETH = flat_chain(asset="ETH", spot=4.0, strikes=(3.0, 3.5, 4.0, 4.5, 5.0), days=(30.0,))
BOOK = Book(Holding.spot("BTC", 1.0), Holding.spot("ETH", 25.0))
QUIET = Effort(alternatives=False)
COUNT = 400


def moved(seed: int) -> Paths:
    log = 0.2 * np.random.default_rng(seed).standard_normal((COUNT, 1))
    return Paths(np.array([30.0]), np.exp(log), np.zeros((COUNT, 1)), tuple(map(str, range(COUNT))))


def mean_of_worst(pnl: np.ndarray, share: float) -> float:
    return float(np.sort(pnl)[: round(share * pnl.size)].mean())


def test_the_shortfall_is_that_of_the_sum_over_the_same_states() -> None:
    btc, eth = moved(1), moved(2)
    pnl = 100.0 * (btc.spot[:, 0] - 1.0) + 25.0 * 4.0 * (eth.spot[:, 0] - 1.0)
    floor = mean_of_worst(pnl, 0.05) / 200.0
    found = plan(BOOK, [BTC, ETH], Target(shortfall=floor), outcomes={"BTC": btc, "ETH": eth}, effort=QUIET)
    (check,) = (each for each in found.checks if str(each.limit) == "shortfall")
    assert not found.legs  # what it loses already is what it may lose
    assert_allclose(check.value, floor, rtol=1e-9)
    # Moving together it loses more, so the same limit needs orders.
    alike = plan(BOOK, [BTC, ETH], Target(shortfall=floor), outcomes={"BTC": btc, "ETH": btc}, effort=QUIET)
    assert alike.legs


def test_the_orders_hold_the_shortfall_by_hand() -> None:
    ways = {"BTC": moved(3), "ETH": moved(4)}
    found = plan(BOOK, [BTC, ETH], Target(shortfall=-0.15), Limits(max_legs=4), outcomes=ways, effort=QUIET)
    assert found.legs
    pnl = 100.0 * (ways["BTC"].spot[:, 0] - 1.0) + 100.0 * (ways["ETH"].spot[:, 0] - 1.0)
    for leg in found.legs:
        option = leg.instrument
        spot = leg.spot * ways[option.asset].spot[:, 0]
        sign = 1.0 if option.flag == "c" else -1.0
        payoff = np.maximum(sign * (spot - option.strike), 0.0)
        coins = leg.paid / leg.spot if leg.pays_coin else 0.0
        pnl = pnl + leg.units * payoff - (coins * spot if leg.pays_coin else leg.paid)
    assert mean_of_worst(pnl, 0.05) / 200.0 >= -0.15 - 1e-6


def test_one_set_for_assets_that_move_apart_is_refused() -> None:
    with pytest.raises(InputError, match="one set of paths was given for BTC, ETH"):
        plan(BOOK, [BTC, ETH], Target(shortfall=-0.2), outcomes=moved(1))
    with pytest.raises(InputError, match="no paths are given for ETH"):
        plan(BOOK, [BTC, ETH], Target(shortfall=-0.2), outcomes={"BTC": moved(1)})
    together = Target(shortfall=-0.4, joint="together")
    assert plan(BOOK, [BTC, ETH], together, outcomes=moved(1), effort=QUIET).checks


def test_paths_that_do_not_fit_each_other_are_refused() -> None:
    short = moved(2)
    short = replace(short, spot=short.spot[:5], vol_shift=short.vol_shift[:5], labels=short.labels[:5])
    with pytest.raises(InputError, match="paths of ETH must have the scenarios and dates of those of BTC"):
        Outcomes({"BTC": moved(1), "ETH": short})
    with pytest.raises(InputError, match="one number >= 0 for each of 400 scenarios"):
        Outcomes({"BTC": moved(1), "ETH": moved(2)}, weights=np.ones(3))


def test_drawn_outcomes_of_two_assets_have_no_free_lunch() -> None:
    drawn = draw([BTC, ETH], 30.0, 2_000, 1, correlation=[[1.0, 0.8], [0.8, 1.0]])
    assert free_lunch([BTC, ETH], drawn) is None
