"""Limits on every surface inside the quotes: extremes by hand, plans that hold there, and what they cost."""

from __future__ import annotations

import numpy as np
import pytest
from cases.planner import LOOSE, coins, small_chain
from numpy.testing import assert_allclose

from hedging import greeks
from hedging.market.market import Market
from hedging.paths.paths import grid
from hedging.planner import Effort, Limits, Target, plan, read_plan
from hedging.planner.request.surfaces import surfaces_of

OPTIONS = [(flag, strike, day) for flag in "cp" for strike in (80.0, 90.0, 100.0, 110.0) for day in (30, 60)]
CHAIN = small_chain(OPTIONS, spreads=[0.06] * len(OPTIONS))
BTC = Market.of(CHAIN)
QUIET = Effort(alternatives=False)


def vols(market: Market) -> np.ndarray:
    return market.chain.quotes["mark_vol"].to_numpy()


def test_no_contract_leaves_its_quotes_and_level_reaches_them() -> None:
    quotes = CHAIN.quotes
    found = {name: vols(market) for name, (market,) in surfaces_of((BTC,)).items()}
    assert set(found) == {
        f"{shape} {way}" for shape in ("level", "skew", "term", "wings") for way in ("up", "down")
    }
    out = (quotes["flag"] == "c") == (quotes["strike"] >= quotes["forward"])
    for name, vol in found.items():
        value = greeks.black76_price(
            quotes["flag"], quotes["forward"], quotes["strike"], quotes["time_to_expiry"], 0.0, vol
        )
        money = value * quotes["discount"]
        assert (money[out] <= quotes["ask"][out] * (1 + 1e-9)).all(), name
        assert (money[out] >= quotes["bid"][out] * (1 - 1e-9)).all(), name
    assert (found["level up"] > vols(BTC)).all()
    low = (quotes["strike"] < quotes["forward"]).to_numpy()
    assert (found["skew up"][low] > vols(BTC)[low]).all()
    assert (found["skew up"][~low] <= vols(BTC)[~low]).all()
    first = (quotes["time_to_expiry"] < 0.1).to_numpy()
    assert (found["term up"][first] > vols(BTC)[first]).all()
    assert (found["term up"][~first] < vols(BTC)[~first]).all()


@pytest.mark.parametrize(
    "target",
    [
        {"delta": (2.0, 2.6), "vega": (0.0, None)},
        {"floor": -0.12},
        {"delta": (1.5, 2.5), "gamma": (0.0, 0.1)},
    ],
)
def test_a_robust_plan_holds_on_every_surface_anew(target: dict) -> None:
    book, limits = coins(4.0), Limits(parsimony=0.0, **LOOSE)
    scenarios = grid([-0.5, -0.2, -0.1, 0.0, 0.2], [0.0], [0.0, 15.0])
    plain, robust = (
        plan(book, CHAIN, Target(**target, robust=each), limits, scenarios=scenarios, effort=QUIET)
        for each in (False, True)
    )
    assert robust.cost.execution >= plain.cost.execution - 1e-9
    after = book + robust
    for (market,) in surfaces_of((BTC,)).values():
        shown = after.exposure(market)
        for name, (low, high) in ((name, band) for name, band in target.items() if name != "floor"):
            value = getattr(shown, name)
            assert low is None or value >= low - 1e-6
            assert high is None or value <= high + 1e-6
        if "floor" in target:
            worst = after.values(market, scenarios).sum(axis=2).min() + after.cash
            assert worst - book.value(market) >= target["floor"] * book.value(BTC) - 1e-6


def test_a_plain_plan_says_what_moves_and_a_robust_one_what_it_costs(tmp_path) -> None:
    book, target = coins(4.0), {"delta": (2.0, 2.5), "vega": (0.0, None)}
    plain = plan(book, CHAIN, Target(**target), Limits(**LOOSE))
    moved = {each.limit.kind: each for each in plain.robustness}
    deltas = [(book + plain).exposure(market).delta for (market,) in surfaces_of((BTC,)).values()]
    here = plain.after.delta
    assert_allclose((moved["delta"].low, moved["delta"].high), (min(*deltas, here), max(*deltas, here)))
    shown = " ".join(repr(plain).split())
    assert "inside quotes delta" in shown
    missed = sum(not each.ok for each in plain.robustness)
    assert shown.count(", missed") == missed > 0
    assert ": on some surface within bid and ask; a plan with Target(robust=...) misses none" in shown
    robust = plan(book, CHAIN, Target(**target, robust=True), Limits(**LOOSE))
    assert all(each.ok for each in robust.robustness)
    (beside,) = (each for each in robust.alternatives if each.name == "not robust")
    assert_allclose(beside.cost.execution, plain.cost.execution)
    robust.to_json(tmp_path / "plan.json")
    read = read_plan(tmp_path / "plan.json")
    assert read.robustness == robust.robustness
    assert read.inputs["target"]["robust"] is True
