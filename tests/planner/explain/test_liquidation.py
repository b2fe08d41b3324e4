"""A plan on a leveraged book says first where it is liquidated, before and after: by hand and by the rules."""

from __future__ import annotations

import json

import numpy as np
import pytest
from cases.markets import flat_market, option
from numpy.testing import assert_allclose

from hedging import margin
from hedging.book import Book, DeclaredAccount, Holding, option_leg
from hedging.book.legs import outright_leg
from hedging.market.contracts import FeeRule, Perpetual
from hedging.planner import Effort, Target, plan, read_plan
from hedging.planner.explain.liquidation import liquidations
from hedging.planner.result.accounts import LiquidationMove

SPOT = 64_774.21
BTC = flat_market(spot=SPOT, strikes=(50e3, 60e3, 65e3, 80e3), days=(10.0, 30.0))
ETH = flat_market(asset="ETH", spot=2_000.0, strikes=(1_800.0, 2_000.0, 2_200.0), days=(30.0,))
QUIET = Effort(alternatives=False)


def levered(*accounts: DeclaredAccount) -> Book:
    held = [Holding.spot("BTC", 5.0), Holding.perpetual("BTC", 10.0, SPOT)]
    return Book([item.in_account(accounts[0].name) for item in held] if accounts else held, accounts=accounts)


def by_hand(coins: float, size: float) -> float:
    """P of C + A / P0 - A / P = (1 % + 0.005 % A / P) A / P: a quadratic in A / P."""
    units = (-1.01 + np.sqrt(1.01**2 + 4 * 0.00005 * (coins + size))) / (2 * 0.00005)
    return float(size * SPOT / units)


def test_premium_brings_liquidation_nearer_under_standard_margin() -> None:
    leg = option_leg(BTC.chain, option(BTC, "p", 65e3, 30.0).symbol, 10.0)
    (move,), remarks = liquidations(levered(), (BTC,), (leg,))
    assert not remarks
    assert move.assumed
    assert move.nearer
    assert move.model == "standard"
    assert_allclose(move.before[0], by_hand(5.0, 10.0), rtol=1e-9)
    assert_allclose(move.after[0], by_hand(5.0 - leg.paid / SPOT, 10.0), rtol=1e-9)
    assert move.before[1] is None
    assert move.after[1] is None


@pytest.mark.parametrize("model", ["standard", "portfolio"])
def test_a_declared_account_is_liquidated_where_its_own_rules_say(model: str) -> None:
    book = levered(DeclaredAccount("deribit", model))
    legs = (option_leg(BTC.chain, option(BTC, "p", 65e3, 30.0).symbol, 14.0),)
    (move,), _ = liquidations(book, (BTC,), legs)
    for told, orders in ((move.before, None), (move.after, legs)):
        asked = margin.liquidation_price(book, BTC, overlay=orders)
        assert_allclose(np.array(told, dtype=float), np.array([asked.down, asked.up], dtype=float), rtol=1e-9)
    assert move.nearer == (model == "standard")
    assert (move.account, move.assumed) == ("deribit", False)


def test_coins_alone_are_not_liquidated() -> None:
    leg = option_leg(BTC.chain, option(BTC, "p", 65e3, 30.0).symbol, 5.0)
    assert liquidations(Book(Holding.spot("BTC", 5.0)), (BTC,), (leg,)) == ((), ())


def test_coins_without_contracts_are_not_liquidated_before_an_order_brings_some() -> None:
    """Empty purses need nothing: a holder of coins alone was told to be below maintenance today."""
    short = outright_leg(Perpetual("BTC"), SPOT, -10.0, half_spread=0.0, fee=FeeRule(0.0))
    assert liquidations(Book([Holding.spot("BTC", 25.0)]), (BTC,), (short,)) == ((), ())


def test_a_purse_that_orders_bring_is_not_told_by_another_one() -> None:
    """Bought BTC puts make the coins a purse; a short in ETH that nothing carries is no BTC account below maintenance."""
    book = Book([Holding.spot("BTC", 10.0), Holding.perpetual("ETH", -300.0, 2_000.0)])
    leg = option_leg(BTC.chain, option(BTC, "p", 60e3, 30.0).symbol, 8.0)
    moves, _ = liquidations(book, (BTC, ETH), (leg,))
    assert [(each.asset, each.before, each.after) for each in moves] == [
        ("ETH", (2_000.0, 2_000.0), (2_000.0, 2_000.0))
    ]


def test_each_asset_of_a_crossed_account_moves_by_itself() -> None:
    account = DeclaredAccount("one", "cross-standard", haircuts={"BTC": 0.05, "ETH": 0.05})
    held = [
        Holding.spot("BTC", 2.0),
        Holding.perpetual("BTC", 4.0, SPOT),
        Holding.perpetual("ETH", -80.0, 2_000.0),
    ]
    book = Book([item.in_account("one") for item in held], accounts=[account])
    moves, remarks = liquidations(book, (BTC, ETH), ())
    assert not remarks
    sides = {move.asset: (move.after[0] is not None, move.after[1] is not None) for move in moves}
    assert sides == {"BTC": (True, False), "ETH": (False, True)}
    assert not any(move.nearer for move in moves)


def test_what_no_rules_are_stored_for_is_a_remark() -> None:
    sol = flat_market(asset="SOL", spot=100.0, strikes=(80.0, 100.0, 120.0), days=(30.0,))
    book = Book(Holding.spot("SOL", 5.0), Holding.perpetual("SOL", 10.0, 100.0))
    moves, (remark,) = liquidations(book, (sol,), ())
    assert moves == ()
    assert "not known" in remark
    assert "SOL" in remark


def test_the_plan_says_it_before_its_orders_and_keeps_it_in_its_file(tmp_path) -> None:
    found = plan(levered(), BTC, Target(floor=-0.25), effort=QUIET)
    assert found.warnings  # of premium that nobody limited, which comes after it
    first = repr(found).splitlines()[1]
    assert first.strip().startswith("liquidation")
    assert f"{by_hand(5.0, 10.0):,.6g}" in first
    assert "liquidation" not in repr(
        plan(Book(Holding.spot("BTC", 5.0)), BTC, Target(floor=-0.25), effort=QUIET)
    )
    html = found._repr_html_()
    assert html.index("down at") < html.index(found.legs[0].instrument.symbol)
    found.to_json(tmp_path / "plan.json")
    assert read_plan(tmp_path / "plan.json").liquidations == found.liquidations
    (saved,) = json.loads(found.to_json())["liquidations"]
    assert saved["nearer"] is True
    assert saved["before"]["down"] < saved["after"]["down"]


def test_selling_the_perpetual_moves_it_away() -> None:
    sale = outright_leg(Perpetual("BTC", "coin"), SPOT, -5.0, half_spread=0.0, fee=FeeRule(0.0))
    (move,), _ = liquidations(levered(), (BTC,), (sale,))
    assert not move.nearer
    assert_allclose(move.after[0], by_hand(5.0, 5.0), rtol=1e-9)


def test_an_account_that_is_below_its_maintenance_is_said_to_be() -> None:
    """No coin beside the perpetual: cash is no collateral of a coin-margined account, and the plan says so."""
    account = DeclaredAccount("one", cash=60_000.0)
    book = Book([Holding.perpetual("BTC", 6.0, 1.2 * SPOT).in_account("one")], accounts=[account])
    leg = option_leg(BTC.chain, option(BTC, "p", 65e3, 30.0).symbol, 1.0)
    (move,), remarks = liquidations(book, (BTC,), (leg,))
    told = str(move)
    assert "below maintenance at today's 64,774.2 already, without the plan and with it" in told
    assert "once after" not in told
    assert "nearer" not in told.lower()
    assert remarks == (
        "account one holds cash 60,000: no collateral for contracts settled in BTC, which BTC alone carries under "
        "this model (cross-standard counts it)",
    )


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ((SPOT, SPOT), (0.7 * SPOT, None), "already without the plan; with it down at 45,341.9 (-30.0%)"),
        ((SPOT, SPOT), (None, None), "already without the plan; with it no price liquidates it"),
        ((0.5 * SPOT, None), (SPOT, SPOT), "down at 32,387.1 (-50.0%) before; BELOW MAINTENANCE at today's"),
        (
            (None, None),
            (SPOT, SPOT),
            "at no price before; BELOW MAINTENANCE at today's 64,774.2 with the plan: NEARER",
        ),
        ((0.5 * SPOT, None), (0.6 * SPOT, None), "NEARER with the plan"),
        ((0.5 * SPOT, None), (0.4 * SPOT, None), "not nearer with the plan"),
    ],
)
def test_each_way_that_a_plan_moves_a_liquidation_is_readable(
    before: tuple[float | None, float | None], after: tuple[float | None, float | None], words: str
) -> None:
    told = str(LiquidationMove("one", "standard", "BTC", SPOT, before, after))
    assert words in told
    assert told.endswith("(account one, standard margin)")
