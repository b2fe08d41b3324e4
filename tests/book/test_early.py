"""American legs in books and scenarios: today the mark, on the way their American value, at expiry what they pay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases.stocks import RATE, SPOT, VOL, YIELD, american_chain
from cases.trees import tree

from hedging import Book, Holding, greeks
from hedging.book.pricer import Pricer
from hedging.book.unit_greeks import unit_greeks
from hedging.market import Market, Option
from hedging.paths.paths import along
from hedging.paths.reactions import STILL
from hedging.risk import attribution, profile
from hedging.units import DAYS_PER_YEAR

CHAIN = american_chain()
MARKET = Market.of(CHAIN)


def option(flag: str, strike: float, days: float = 120.0) -> Option:
    q = CHAIN.quotes
    there = (q["flag"] == flag) & (q["strike"] == strike) & (q["time_to_expiry"] * 365 - days).abs().lt(0.1)
    return CHAIN.option(q.loc[there, "symbol"].iloc[0])


LEGS = [option("p", 110), option("p", 95), option("c", 90), option("c", 120), option("p", 105, 30.0)]
FALLS = np.log([0.55, 0.8, 0.97, 1.0, 1.25])


def values(days: list[float], legs: list[Option] = LEGS, market: Market = MARKET) -> np.ndarray:
    paths = along(days, np.repeat(FALLS[:, None], len(days), axis=1), reaction=STILL, averaged=False)
    return Pricer.of(legs, [None] * len(legs), market).values(paths)


def test_today_they_are_their_marks() -> None:
    marks = [CHAIN.row(leg.symbol)["mark"] for leg in LEGS]
    assert values([0.0])[3, 0] == pytest.approx(marks, abs=2e-5)
    book = Book([Holding(leg, 1.0, 0.0) for leg in LEGS])
    assert book.value(MARKET) == pytest.approx(100.0 * sum(marks), abs=5e-3)


def test_of_many_contracts_they_are_today_what_exposures_show_to_the_cent() -> None:
    many = [Book([Holding(leg, 10_000.0, 0.0)]) for leg in LEGS]
    moved = FALLS != 0.0
    assert moved.any()
    found = values([0.0])
    for leg, book, each in zip(LEGS, many, found[np.flatnonzero(~moved)[0], 0], strict=True):
        assert 1_000_000.0 * each == pytest.approx(book.value(MARKET), abs=1e-4), leg.symbol


def test_on_the_way_they_are_worth_what_a_tree_says() -> None:
    found = values([0.0, 20.0, 60.0])
    paths = along([0.0, 20.0, 60.0], np.repeat(FALLS[:, None], 3, axis=1), reaction=STILL, averaged=False)
    pricer = Pricer.of(LEGS, [None] * len(LEGS), MARKET)
    vols = [pricer.options_at(paths, date).vol for date in range(3)]
    for date, day in enumerate((0.0, 20.0, 60.0)):
        for k, leg in enumerate(LEGS[:4]):
            for j in (0, 2, 4):
                spot, left = SPOT * float(np.exp(FALLS[j])), (120.0 - day) / DAYS_PER_YEAR
                value = tree(leg.sign, spot, leg.strike, left, RATE, vols[date][k, j], YIELD, steps=1_000)
                assert found[j, date, k] == pytest.approx(value, abs=5e-3)
    # Far in the money a put is exercised: what it pays, and no interest lost.
    assert found[0, 1, 0] == pytest.approx(110.0 - 55.0, abs=1e-12)


def test_at_expiry_they_are_what_they_pay() -> None:
    found = values([120.0])[:, 0]
    spot = SPOT * np.exp(FALLS)
    for k, leg in enumerate(LEGS[:4]):
        assert found[:, k] == pytest.approx(np.maximum(leg.sign * (spot - leg.strike), 0.0))


def test_no_leg_is_worth_less_than_what_exercise_pays() -> None:
    found = values([0.0, 10.0, 29.0, 90.0, 119.0])
    spot = SPOT * np.exp(FALLS)[:, None]
    for k, leg in enumerate(LEGS[:4]):
        assert (found[:, :, k] >= leg.sign * (spot - leg.strike) - 1e-12).all()


def test_european_legs_are_what_they_were_to_the_bit() -> None:
    terms = replace(LEGS[0].terms, exercise="european")
    european = Market.of(CHAIN.with_terms(exercise="european"), smile=MARKET.smile)
    plain = [replace(leg, terms=terms) for leg in LEGS]
    mixed = Pricer.of([*plain, *LEGS], [None] * 10, european)
    paths = along([0.0, 45.0], np.repeat(FALLS[:, None], 2, axis=1), reaction=STILL, averaged=False)
    assert (mixed.values(paths)[:, :, :5] == Pricer.of(plain, [None] * 5, european).values(paths)).all()


@pytest.mark.parametrize("leg", LEGS, ids=lambda leg: leg.symbol)
def test_greeks_are_slopes_of_the_american_value(leg: Option) -> None:
    got = unit_greeks([leg], [None], MARKET)
    table = MARKET.table([leg])
    given = (float(table.time_to_expiry[0]), RATE)

    def value(spot: float, vol: float) -> float:
        return float(greeks.american_price(leg.flag, spot, leg.strike, *given, vol, YIELD))

    h = 0.05
    assert got["price"][0] == pytest.approx(value(SPOT, VOL), abs=1e-6)
    assert got["delta"][0] == pytest.approx((value(SPOT + h, VOL) - value(SPOT - h, VOL)) / (2 * h), abs=1e-4)
    assert got["vega"][0] == pytest.approx((value(SPOT, VOL + 0.005) - value(SPOT, VOL - 0.005)), abs=1e-4)


def test_the_greeks_of_a_scenario_explain_it() -> None:
    book = Book([Holding(LEGS[0], 10.0, 0.0), Holding(LEGS[2], -10.0, 0.0)])
    paths = along([0.0, 1.0, 2.0], np.log([[1.0, 0.995, 0.985]]), reaction=STILL, averaged=False)
    table = attribution(book, MARKET, paths)
    total = table.loc["total"]
    assert abs(total["unexplained"] / total["total"]) < 0.02
    at = profile(book, MARKET, [0.0])
    assert at["delta"].iloc[0] == pytest.approx(book.exposure(MARKET).delta, rel=1e-6)


def test_a_given_dividend_falls_out_of_the_forward_when_it_is_paid() -> None:
    """Before the ex-date the forward lacks it, after it no more; a fall takes the dividend along."""
    chain = replace(CHAIN, dividends={"2026-04-07": 1.5})
    market = Market.of(chain, smile=MARKET.smile)
    leg = LEGS[0]
    paths = along([0.0, 59.0, 61.0], np.log([[1.0] * 3, [0.8] * 3]), reaction=STILL, averaged=False)
    pricer = Pricer.of([leg], [None], market)
    growth = [pricer.options_at(paths, date).forward[0] / (SPOT * np.array([1.0, 0.8])) for date in range(3)]
    time = [(120.0 - day) / DAYS_PER_YEAR for day in (0.0, 59.0, 61.0)]
    ex = (60.0 - 7.5 / 24.0) / DAYS_PER_YEAR  # 13:30 UTC of that day
    kept = 1.0 - 1.5 * np.exp(-RATE * ex) / SPOT
    smooth = np.log(np.exp((RATE - YIELD) * time[0]) / kept) / time[0]
    assert growth[0] == pytest.approx([np.exp((RATE - YIELD) * time[0])] * 2)
    assert growth[1] == pytest.approx([kept * np.exp(smooth * time[1])] * 2)
    assert growth[2] == pytest.approx([np.exp(smooth * time[2])] * 2)


def test_a_strike_that_is_not_listed_is_discounted_as_those_beside_it() -> None:
    mine = replace(LEGS[0], strike=101.0, venue_symbol="")
    table = MARKET.table([mine])
    assert table.rate[0] == pytest.approx(RATE)
    assert float(unit_greeks([mine], [None], MARKET)["price"][0]) == pytest.approx(
        float(greeks.american_price("p", SPOT, 101.0, 120 / 365, RATE, VOL, YIELD)), abs=0.02
    )
