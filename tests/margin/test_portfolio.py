"""Portfolio margin with options, futures and perpetuals against formulas written apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases.markets import flat_market, option
from numpy.testing import assert_allclose
from scipy.stats import norm

from hedging import margin
from hedging.book import Book, Holding
from hedging.margin import DERIBIT_BTC_2024, DERIBIT_ETH_2026, PortfolioMargin
from hedging.margin.account import Ledger
from hedging.paths.paths import grid

VOL, CARRY = 0.6, 0.08
STRIKES, DAYS = (60e3, 80e3, 100e3, 120e3), (4.0, 30.0, 150.0)
MARKET = flat_market(spot=100e3, strikes=STRIKES, days=DAYS, vol=VOL, carry=CARRY)


def black_coin(sign: int, F: float, K: float, vol: float, T: float) -> float:
    d = (np.log(F / K) + 0.5 * vol**2 * T) / (vol * np.sqrt(T))
    return float(sign * (norm.cdf(sign * d) - K / F * norm.cdf(sign * (d - vol * np.sqrt(T)))))


def requirement(
    rules: PortfolioMargin, S: float, day: float, options: list[tuple], futures: list[tuple[float, float]]
) -> float:
    """Worst case and roll shock, written from the venue's description. [coin]

    Options are (sign, strike, days, units); futures (days, money), 0 days for the perpetual.
    """
    R = rules.price_range

    def gain(x: float, side: int) -> float:
        total = 0.0
        for days, money in futures:
            F = S * np.exp(CARRY * max(days - day, 0.0) / 365)
            total += money / F * (1 - 1 / (1 + x))
        for sign, K, days, units in options:
            T = (days - day) / 365
            F, tenor = S * np.exp(CARRY * T), max(days - day, 1.0)
            power = rules.short_term_vega_power if tenor < 30 else rules.long_term_vega_power
            reach = {1: rules.volatility_range_up, 0: 0.0, -1: -rules.volatility_range_down}[side]
            vol = VOL * max(1 + reach * (30 / tenor) ** power, 0.0)
            vol = max(vol, rules.min_volatility_for_shock_up) if side > 0 else vol
            total += units * (black_coin(sign, F * (1 + x), K, vol, T) - black_coin(sign, F, K, VOL, T))
        return total

    losses = [
        -gain(R * k / rules.buckets, side)
        for k in range(-rules.buckets, rules.buckets + 1)
        for side in (-1, 0, 1)
    ]
    for x in (-0.66, -0.33, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0):
        edge = np.sign(x) * R
        scaled = gain(x, 1) * rules.extended_table_factor * edge / x * (1 + x) / (1 + edge)
        allowed = (max(abs(x) / R, 1) - 1) * rules.extended_dampener / ((1 + edge) * S)
        losses.append(-scaled - allowed)
    deltas: dict[float, float] = {}
    for days, money in futures:
        F = S * np.exp(CARRY * max(days - day, 0.0) / 365)
        deltas[days] = deltas.get(days, 0.0) + money / F
    for sign, K, days, units in options:
        T = (days - day) / 365
        d = (np.log(S * np.exp(CARRY * T) / K) + 0.5 * VOL**2 * T) / (VOL * np.sqrt(T))
        deltas[days] = deltas.get(days, 0.0) + units * sign * norm.cdf(sign * d)
    roll = sum(
        abs(delta)
        * max(rules.min_annualised_move, np.expm1(rules.annualised_move_risk * max(days - day, 0.0) / 365))
        for days, delta in deltas.items()
    )
    return max(*losses, 0.0) + roll


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    "rules",
    [DERIBIT_BTC_2024, replace(DERIBIT_ETH_2026, min_volatility_for_shock_up=0.5)],
    ids=["2024", "2026"],
)
def test_books_of_everything_against_the_description(rules: PortfolioMargin, seed: int) -> None:
    draw = np.random.default_rng(seed)
    options = [
        (int(draw.choice([-1, 1])), float(draw.choice(STRIKES)), float(draw.choice(DAYS)), round(float(draw.normal(0, 4)), 1))
        for _ in range(5)
    ]  # fmt: skip
    futures = [(0.0, float(draw.normal(0, 3e5))), (30.0, float(draw.normal(0, 2e5)))]
    expiry = option(MARKET, "c", 100e3, 30.0).expiry
    held = [
        Holding(option(MARKET, "c" if sign > 0 else "p", K, days), units) for sign, K, days, units in options
    ]
    held += [
        Holding.perpetual("BTC", futures[0][1] / 100e3, 100e3),
        Holding.future("BTC", expiry, futures[1][1] / 90e3, 90e3),
    ]
    nodes = grid([-0.35, 0.0, 0.4], [0.0], [0.0, 2.5])
    for date, state in enumerate(Ledger(Book(held), MARKET).along(nodes)):
        found = rules.assess(state)
        for row, spot in enumerate(state.spot):
            by_hand = requirement(rules, float(spot), float(nodes.days[date]), options, futures)
            # The surface is fitted: its vols are flat within 1e-5.
            assert_allclose(found.initial[row], by_hand, rtol=2e-4)
            assert_allclose(found.maintenance[row], rules.maintenance_factor * by_hand, rtol=2e-4)


def test_a_long_put_counts_and_lowers_the_liquidation_price() -> None:
    put = option(MARKET, "p", 80e3, 150.0)
    bare = Book(Holding.spot("BTC", 1.0), Holding.perpetual("BTC", 2.0, 100e3))
    hedged = Book(bare.holdings, Holding(put, 2.0))
    found = [margin.liquidation_price(book, MARKET, DERIBIT_BTC_2024).down for book in (bare, hedged)]
    assert found[1] < 0.8 * found[0]
