"""What holds for every account model, on books drawn at random."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases.markets import flat_market, option
from numpy.testing import assert_allclose

from hedging.book.book import Book, Holding
from hedging.margin import (
    DERIBIT_BTC,
    DERIBIT_BTC_2024,
    DERIBIT_BTC_USDC,
    DERIBIT_ETH_2026,
    FlatMargin,
    Margin,
    MarginModel,
    RegT,
    StandardMargin,
)
from hedging.margin.account import Ledger
from hedging.paths.paths import Paths, grid

STRIKES, DAYS = (70e3, 90e3, 100e3, 110e3, 130e3), (2.25, 30.0, 93.0)
COIN = flat_market(spot=100e3, strikes=STRIKES, days=DAYS, carry=0.1)
CASH = flat_market("cash", spot=100e3, strikes=STRIKES, days=DAYS)
STOCK = flat_market("cash", spot=100e3, strikes=STRIKES, days=DAYS)
NODES = grid([-0.4, -0.1, 0.0, 0.15], [0.0, 0.3], [0.0, 1.0, 2.25, 40.0])

MODELS: dict[str, MarginModel] = {
    "standard coin": DERIBIT_BTC,
    "standard cash": DERIBIT_BTC_USDC,
    "standard cross": StandardMargin("cross", haircuts={"BTC": 0.1}),
    "portfolio": DERIBIT_BTC_2024,
    "portfolio of 2026": DERIBIT_ETH_2026,
    "flat coin": FlatMargin(0.1, 0.05, "coin"),
    "flat cross": FlatMargin(0.1, 0.05, "cross", haircuts={"BTC": 0.1}),
    "Reg T": RegT(),
}


def settlements(name: str) -> list[str]:
    if "cross" in name:
        return ["coin", "cash"]
    return ["cash"] if name in ("standard cash", "Reg T") else ["coin"]


def drawn(name: str, seed: int, count: int = 7) -> list[Holding]:
    """Coins, perpetuals, futures and options of all sides that a model takes."""
    draw = np.random.default_rng(seed)
    holdings = [
        Holding.spot("BTC", float(draw.normal(0, 3)) if name == "Reg T" else float(draw.uniform(0, 5)))
    ]
    while len(holdings) < count:
        settlement = str(draw.choice(settlements(name)))
        market = COIN if settlement == "coin" else CASH
        size, entry = round(float(draw.normal(0, 2)), 1) or 0.1, float(draw.uniform(8e4, 12e4))
        expiry = option(market, "c", 100e3, float(draw.choice(DAYS)))
        kind = draw.choice(["perpetual", "future", "option", "option"])
        if kind == "perpetual" and name != "Reg T":
            holdings.append(Holding.perpetual("BTC", size, entry, settlement=settlement))  # type: ignore[arg-type]
        elif kind == "future" and name != "Reg T":
            holdings.append(Holding.future("BTC", expiry.expiry, size, entry, settlement=settlement))  # type: ignore[arg-type]
        else:
            chosen = replace(expiry, flag=str(draw.choice(["c", "p"])), strike=float(draw.choice(STRIKES)))
            holdings.append(Holding(replace(chosen, venue_symbol=""), size))
    return holdings


def assessed(
    name: str, holdings: list[Holding], model: MarginModel | None = None, paths: Paths = NODES
) -> list[Margin]:
    market = CASH if name in ("standard cash", "Reg T") else COIN
    ledger = Ledger(Book(holdings, cash=1e5), market)
    return [(model or MODELS[name]).assess(held) for held in ledger.along(paths)]


def assert_same(left: list[Margin], right: list[Margin]) -> None:
    for one, other in zip(left, right, strict=True):
        for part in ("balance", "initial", "maintenance"):
            scale = 1.0 if one.currency != "cash" else 1e5
            assert_allclose(getattr(one, part), getattr(other, part), rtol=1e-7, atol=1e-8 * scale)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("seed", range(4))
def test_order_and_lots_change_nothing(name: str, seed: int) -> None:
    holdings, draw = drawn(name, seed), np.random.default_rng(100 + seed)
    whole = assessed(name, holdings)
    assert_same(whole, assessed(name, [holdings[i] for i in draw.permutation(len(holdings))]))
    # Each holding in three lots, of which one is larger than the whole and one of the other side.
    shares = [[0.25, 1.0, -0.25], [0.5, 0.3, 0.2]]
    lots = [
        replace(held, quantity=held.quantity * w) for held in holdings for w in shares[int(draw.integers(2))]
    ]
    assert_same(whole, assessed(name, [lots[i] for i in draw.permutation(len(lots))]))


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("seed", range(3))
def test_what_is_closed_or_settled_needs_nothing(name: str, seed: int) -> None:
    holdings = [held for held in drawn(name, seed) if held.asset != held.instrument.symbol]
    closed = [*holdings, *(replace(held, quantity=-held.quantity) for held in holdings)]
    for found in assessed(name, closed):
        assert_allclose(found.initial, 0.0, atol=1e-9)
        assert_allclose(found.maintenance, 0.0, atol=1e-9)
    dated = [held for held in holdings if getattr(held.instrument, "expiry", None)]
    last = max((held.instrument.expiry for held in dated), default=COIN.as_of)
    over = (last - COIN.as_of).total_seconds() / 86_400
    for found in assessed(name, dated, paths=grid([-0.3, 0.2], [0.0], [over, over + 1.0])):
        assert_allclose(found.maintenance, 0.0, atol=1e-12)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("seed", range(4))
def test_two_books_never_need_more_together_than_apart(name: str, seed: int) -> None:
    # But for two rules that a venue states: rates that rise with size, and an allowance that is given once an
    # account. Both are switched off here, and bounded below.
    one, other = drawn(name, seed), drawn(name, 50 + seed)
    switched_off = {"per_unit": 0.0} if "standard" in name else {"extended_dampener": 0.0}
    model = MODELS[name] if "flat" in name or name == "Reg T" else replace(MODELS[name], **switched_off)  # type: ignore[type-var]
    parts = zip(*(assessed(name, book, model) for book in (one, other, one + other)), strict=True)
    for a, b, both in parts:
        for part in ("initial", "maintenance"):
            apart = getattr(a, part) + getattr(b, part)
            assert (getattr(both, part) <= apart * (1 + 1e-7) + 2e-9 * (1 + np.abs(apart))).all()


def test_rates_that_rise_with_size_need_more_together_by_what_the_venue_states() -> None:
    # (m + p (a + b)) (a + b) is more than the sum of both by 2 p a b.
    parts = [[Holding.perpetual("BTC", size, 100e3)] for size in (3.0, 5.0)]
    a, b, both = (assessed("standard coin", lots)[0] for lots in (*parts, parts[0] + parts[1]))
    size = 100e3 / (COIN.spot * NODES.spot[:, 0])
    assert_allclose(both.maintenance - a.maintenance - b.maintenance, 2 * 0.00005 * 15 * size**2, rtol=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_an_allowance_given_once_is_all_that_two_books_may_need_more(seed: int) -> None:
    one, other = drawn("portfolio", seed), drawn("portfolio", 50 + seed)
    for a, b, both in zip(*(assessed("portfolio", lots) for lots in (one, other, one + other)), strict=True):
        reach = 5.0 / 0.16 - 1.0  # of the furthest move
        allowed = reach * 100e3 / (0.84 * 100e3 * NODES.spot[:, 0])
        assert (both.initial <= a.initial + b.initial + allowed).all()


@pytest.mark.parametrize("days", DAYS)
@pytest.mark.parametrize("strike", STRIKES)
@pytest.mark.parametrize("side", [1.0, -1.0])
def test_riskless_packages_need_their_stated_minimum(days: float, strike: float, side: float) -> None:
    call, put = option(COIN, "c", strike, days), option(COIN, "p", strike, days)
    forward = COIN.forward(call.expiry)
    conversion = [
        Holding(call, -4.0 * side),
        Holding(put, 4.0 * side),
        Holding.future("BTC", call.expiry, 4.0 * side * strike / forward, forward),
    ]
    found = assessed("portfolio", conversion, paths=grid([0.0], [0.0], [0.0]))[0]
    # Only the delta of the premiums is left, which are coins: 1 - K / F a pair, times the roll of the expiry.
    roll = max(0.01, np.expm1(0.075 * days / 365))
    assert_allclose(found.initial, 4.0 * abs(1 - strike / forward) * roll, atol=2e-5)
    box = [
        Holding(option(CASH, flag, at, days), size * side)
        for flag, at, size in [("c", 90e3, 1.0), ("p", 90e3, -1.0), ("c", 110e3, -1.0), ("p", 110e3, 1.0)]
    ]
    # A box is worth 20,000 at expiry whatever happens: held it needs nothing, sold it needs that.
    whole = assessed("Reg T", box, paths=grid([0.0], [0.0], [0.0]))[0]
    assert_allclose(whole.maintenance, 0.0 if side > 0 else 20e3, atol=1e-6)


def test_a_perpetual_fully_offset_by_one_of_the_same_contract_is_no_position() -> None:
    for name in ("standard coin", "portfolio", "flat coin"):
        lots = [Holding.perpetual("BTC", 2.0, 90e3), Holding.perpetual("BTC", -2.0 * 90 / 110, 110e3)]
        for found in assessed(name, lots):
            assert_allclose(found.maintenance, 0.0, atol=1e-12)
