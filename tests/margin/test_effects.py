"""Orders valued all at once do what each does by itself, and never less than it does to the whole account."""

from __future__ import annotations

import numpy as np
import pytest
from cases.markets import flat_market, option
from numpy.testing import assert_allclose

from hedging.book import Book, DeclaredAccount, Holding, Leg, option_leg
from hedging.book.legs import outright_leg
from hedging.margin import headroom, rules_of, survive_accounts
from hedging.margin.effects import Orders
from hedging.market.contracts import FeeRule, Future, Perpetual, Spot
from hedging.paths.crash import fan
from hedging.paths.paths import Paths, grid

SPOT = 64_000.0
BTC = flat_market(spot=SPOT, strikes=(50e3, 60e3, 65e3, 80e3), days=(10.0, 30.0), half_spread=0.02)
FEE = FeeRule(0.0005)


def orders() -> list[Leg]:
    symbols = [
        (flag, strike, day, side * 3.0)
        for flag in "cp"
        for strike in (60e3, 80e3)
        for day in (10.0, 30.0)
        for side in (1, -1)
    ]
    legs = [option_leg(BTC.chain, option(BTC, f, k, d).symbol, q) for f, k, d, q in symbols]
    future = Future("BTC", BTC.chain.expiries["expiry"].iloc[0], "coin")
    return [
        *legs,
        outright_leg(Perpetual("BTC", "coin"), SPOT, -4.0, half_spread=0.0001, fee=FEE),
        outright_leg(Spot("BTC"), SPOT, 2.0, half_spread=0.0001, fee=FEE),
        outright_leg(future, SPOT, 2.0, half_spread=0.0001, fee=FEE, forward=BTC.forward(future.expiry)),
    ]


def of_legs(legs: list[Leg], closes: np.ndarray | None = None) -> Orders:
    held = [Holding(leg.instrument, leg.quantity, leg.price) for leg in legs]
    coins = np.array([leg.paid / leg.spot if leg.pays_coin else 0.0 for leg in legs])
    cash = np.array([0.0 if leg.pays_coin else leg.paid for leg in legs])
    return Orders(BTC, held, coins, cash, np.zeros(len(legs), dtype=bool) if closes is None else closes)


def book(model: str, *more: Holding) -> Book:
    haircuts = {"BTC": 0.1} if model.startswith("cross") else {}
    numbers = {"initial": 0.02, "maintenance": 0.01} if model == "flat" else {}
    account = DeclaredAccount("one", model, haircuts=haircuts or {"BTC": 0.0}, parameters=numbers)
    held = [Holding.spot("BTC", 5.0), Holding.perpetual("BTC", 10.0, SPOT), *more]
    return Book([item.in_account("one") for item in held], accounts=[account])


PATHS = {
    "a fall": fan(-0.02, -0.004, 21.0, multiples=(0.0, 1.0, -1.0), step=3.0),
    "a grid": grid([-0.5, -0.1, 0.2, 1.0], [-0.1, 0.2], [0.0, 7.0, 10.0, 12.0, 30.0]),
}


@pytest.mark.parametrize("model", ["standard", "portfolio", "cross-standard", "flat"])
@pytest.mark.parametrize("paths", PATHS.values(), ids=PATHS)
def test_each_order_does_what_it_does_alone(model: str, paths: Paths) -> None:
    legs, account = orders(), book(model)
    rules = rules_of(account.accounts[0], ["BTC"])
    together = of_legs(legs)
    whole = headroom(account, BTC, paths, legs)
    purse = "cash" if model in ("cross-standard", "flat") else "BTC"
    (expected,) = (each for key, each in whole.items() if key in ("one", f"one: {purse}"))
    for date in range(paths.days.size):
        found = together.effects(rules, purse, paths, date)
        assert_allclose(
            found,
            expected.legs[:, :, :, date].swapaxes(0, 1),
            rtol=1e-9,
            atol=1e-9 * (SPOT if purse == "cash" else 1.0),
        )
        few = together.take(np.array([16, 3])).effects(rules, purse, paths, date)
        assert_allclose(few, found[:, [16, 3]], rtol=1e-9, atol=1e-9)


def test_buying_back_a_short_option_frees_what_it_needed() -> None:
    short = Holding(option(BTC, "c", 65e3, 30.0), -6.0)
    account, paths = book("standard", short), PATHS["a grid"]
    legs = [option_leg(BTC.chain, short.instrument.symbol, 6.0)]
    rules = rules_of(account.accounts[0], ["BTC"])
    before, after = (survive_accounts(account, BTC, paths, each)["one"].headroom for each in ((), legs))
    closing = of_legs(legs, closes=np.array([True]))
    for date in range(paths.days.size):
        (effect,) = closing.effects(rules, "BTC", paths, date)[0]
        assert_allclose(before[:, date] + effect, after[:, date], atol=1e-9)
