"""What holds for every model that an account may declare, on accounts of two assets drawn at random."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from cases.markets import flat_market, option
from numpy.testing import assert_allclose

from hedging.book import ACCOUNT_MODELS, Book, DeclaredAccount, Holding, Transfer
from hedging.margin import rules_of
from hedging.margin.account import Margin
from hedging.margin.whole import WholeAccount
from hedging.market import Market
from hedging.paths.paths import grid

DAYS = (2.25, 30.0)
COIN = {
    "BTC": flat_market(spot=100e3, strikes=(80e3, 100e3, 120e3), days=DAYS, carry=0.05),
    "ETH": flat_market(asset="ETH", spot=3e3, strikes=(2_500.0, 3e3, 3_500.0), days=DAYS),
}
CASH = {
    asset: flat_market(
        "cash", asset=asset, spot=market.spot, strikes=(0.8 * market.spot, market.spot), days=DAYS
    )
    for asset, market in COIN.items()
}
WAYS = {
    asset: grid(moves, [0.0, 0.2], [0.0, 1.0, 2.25, 31.0])
    for asset, moves in {"BTC": [-0.4, 0.0, 0.2], "ETH": [-0.5, 0.1, 0.3]}.items()
}
HAIRCUTS = {"BTC": 0.05, "ETH": 0.1, "USDT": 0.02}
# An allowance that an account is given once, and rates that rise with size, are no property of these models.
SWITCHED_OFF: dict[str, dict[str, float]] = {
    "standard": {"per_unit": 0.0},
    "cross-standard": {"per_unit": 0.0},
    "portfolio": {"extended_dampener": 0.0},
    "cross-portfolio": {"extended_dampener": 0.0},
    "flat": {"initial": 0.1, "maintenance": 0.05},
    "reg-t": {},
}


def drawn(model: str, seed: int, count: int = 8) -> list[Holding]:
    """Coins, perpetuals, futures and options of both assets and sides, of what a model takes."""
    draw = np.random.default_rng(seed)
    held = [Holding.spot("BTC", float(draw.uniform(0, 4))), Holding.spot("ETH", float(draw.uniform(0, 100)))]
    while len(held) < count:
        asset = str(draw.choice(["BTC", "ETH"]))
        settlement: Any = {"reg-t": "cash", "portfolio": "coin"}.get(model) or str(
            draw.choice(["coin", "cash"])
        )
        market = (COIN if settlement == "coin" else CASH)[asset]
        size = round(float(draw.normal(0, 2)), 1) * (1.0 if asset == "BTC" else 25.0) or 0.1
        contract = option(market, str(draw.choice(["c", "p"])), market.spot, float(draw.choice(DAYS)))
        entry = market.spot * float(draw.uniform(0.9, 1.1))
        kind = "option" if model == "reg-t" else str(draw.choice(["perpetual", "future", "option"]))
        if kind == "perpetual":
            held.append(Holding.perpetual(asset, size, entry, settlement=settlement))
        elif kind == "future":
            held.append(Holding.future(asset, contract.expiry, size, entry, settlement=settlement))
        else:
            held.append(Holding(replace(contract, venue_symbol=""), size))
    return held


def margins(model: str, held: list[Holding], money: float = 1e5, **told: Any) -> dict[str, list[Margin]]:
    account = DeclaredAccount("desk", model, money, {"USDT": money / 2}, HAIRCUTS, SWITCHED_OFF[model])
    book = Book([item.in_account("desk") for item in held], cash=1.5 * money, accounts=[account], **told)
    markets: dict[str, Market] = CASH if model == "reg-t" else COIN
    return WholeAccount.of(book, markets).margins(rules_of(account, markets), WAYS, every=True)


def assert_same(left: dict[str, list[Margin]], right: dict[str, list[Margin]]) -> None:
    assert left.keys() == right.keys()
    for purse in left:
        for one, other in zip(left[purse], right[purse], strict=True):
            for part in ("balance", "initial", "maintenance"):
                assert_allclose(getattr(one, part), getattr(other, part), rtol=1e-7, atol=1e-3)


@pytest.mark.parametrize("model", ACCOUNT_MODELS)
@pytest.mark.parametrize("seed", range(3))
def test_order_and_lots_change_nothing(model: str, seed: int) -> None:
    held, draw = drawn(model, seed), np.random.default_rng(100 + seed)
    whole = margins(model, held)
    assert_same(whole, margins(model, [held[i] for i in draw.permutation(len(held))]))
    lots = [replace(item, quantity=item.quantity * w) for item in held for w in (0.25, 1.0, -0.25)]
    assert_same(whole, margins(model, [lots[i] for i in draw.permutation(len(lots))]))


@pytest.mark.parametrize("model", ACCOUNT_MODELS)
def test_what_is_closed_or_settled_needs_nothing(model: str) -> None:
    held = [item for item in drawn(model, 7) if item.asset != item.instrument.symbol]
    closed = [*held, *(replace(item, quantity=-item.quantity) for item in held)]
    # Bought and sold at one price; coins alone are a position across a portfolio's table, so none lie there.
    for dates in margins(model, closed).values():
        for found in dates:
            assert_allclose(found.maintenance, 0.0, atol=1e-4)
    dated = [item for item in held if getattr(item.instrument, "expiry", None)]
    if model == "cross-portfolio":  # what was paid out in coin is collateral, which its table moves too
        dated = [item for item in dated if getattr(item.instrument, "settlement", "") == "cash"]
    for dates in margins(model, dated).values():
        assert_allclose(dates[-1].maintenance, 0.0, atol=1e-6)


@pytest.mark.parametrize("model", ACCOUNT_MODELS)
@pytest.mark.parametrize("seed", range(3))
def test_two_books_never_need_more_together_than_apart(model: str, seed: int) -> None:
    one, other = drawn(model, seed), drawn(model, 50 + seed)
    apart = [margins(model, book, money=0.0) for book in (one, other)]
    for purse, dates in margins(model, one + other, money=0.0).items():
        for date, both in enumerate(dates):
            parts = [book[purse][date] for book in apart]
            apart_room = sum(found.headroom for found in parts)
            assert (both.headroom >= apart_room - 1e-7 * np.abs(apart_room) - 1e-3).all()
            # Where coins are a position, those that a debt of the other book leaves uncut are a larger one.
            for part in ("initial", "maintenance") if model != "cross-portfolio" else ():
                alone = sum(getattr(found, part) for found in parts)
                assert (getattr(both, part) <= alone * (1 + 1e-7) + 1e-3).all()


@pytest.mark.parametrize("model", ACCOUNT_MODELS)
def test_a_transfer_is_there_from_its_day_on_whatever_the_model(model: str) -> None:
    held = drawn(model, 3)
    before = margins(model, held)
    for asset in ("USDT", "BTC"):
        after = margins(model, held, transfers=[Transfer(asset, 2.0, target="desk", day=1.0)])
        for date in range(4):
            change = {name: after[name][date].balance - before[name][date].balance for name in before}
            if date == 0:
                assert all(not moved.any() for moved in change.values())
            elif asset == "USDT" and model in ("standard", "portfolio"):
                assert all(not moved.any() for moved in change.values())  # margins nothing there
            else:
                assert all((moved >= 0).all() for moved in change.values())
                assert any((moved > 0).all() for moved in change.values())
