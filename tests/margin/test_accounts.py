"""Accounts of a book: what lies in each, what is cold, what moves, several assets and kinds of collateral."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cases.markets import AS_OF, flat_market, option
from numpy.testing import assert_allclose

from hedging import margin
from hedging.book import Book, DeclaredAccount, Holding, Leg, Transfer, book_from_dict, option_leg
from hedging.errors import InputError
from hedging.market.market import Market
from hedging.paths.crash import crash_path, fan
from hedging.paths.joint import couple
from hedging.paths.paths import Paths, grid, today
from hedging.paths.reactions import STILL

SPOT = 64_774.21
BTC = flat_market(spot=SPOT, strikes=(50e3, 60e3, 65e3, 80e3), days=(10.0, 30.0))
ETH = flat_market(asset="ETH", spot=2_000.0, strikes=(1_800.0, 2_000.0, 2_200.0), days=(30.0,))
FALL = crash_path(-0.02, -0.003, days=21, step=0.05, reaction=STILL)


def deribit(model: str = "standard", **told: Any) -> DeclaredAccount:
    return DeclaredAccount("deribit", model, **told)


def levered(*accounts: DeclaredAccount, cold: float = 12.5, **told: Any) -> Book:
    """Three coins long on each of two coins of collateral, beside cold coins."""
    held = [Holding.spot("BTC", 2.0), Holding.perpetual("BTC", 6.0, SPOT)]
    if accounts:
        held = [item.in_account(accounts[0].name) for item in held]
    return Book(Holding.spot("BTC", cold), held, accounts=accounts, **told)


def closed_price(size: float, coins: float, entry: float = SPOT) -> float:
    """P of C + A / P0 - A / P = (1 % + 0.005 % A / P) A / P, by hand: a quadratic in A / P."""
    amount, full = size * entry, coins + size
    units = (-1.01 + np.sqrt(1.01**2 + 4 * 0.00005 * full)) / (2 * 0.00005)
    return float(amount / units)


def test_cold_coins_never_keep_an_account_alive() -> None:
    before = margin.survive(levered(), BTC, FALL, margin.DERIBIT_BTC)
    assert before.survives.all()  # every coin is taken for collateral where no account is declared
    assert before.counted == "12.5 BTC, 2 BTC, 6 BTC-PERPETUAL at 64,774.21"
    after = margin.survive_accounts(levered(deribit()), BTC, FALL)["deribit"]
    day, price = after.first()
    assert_allclose(price, closed_price(6.0, 2.0), rtol=3e-4)
    assert_allclose(FALL.spot[0][np.searchsorted(FALL.days, day[0])], price / SPOT, rtol=3e-3)
    assert after.counted == "2 BTC, 6 BTC-PERPETUAL at 64,774.21"
    assert after.left_out == "12.5 BTC held cold"
    assert "not counted: 12.5 BTC held cold" in repr(after)
    assert "held cold" in after._repr_html_()
    # The same by a model of one's own choice, and alone.
    chosen = margin.survive(levered(deribit()), BTC, FALL, margin.DERIBIT_BTC)
    alone = margin.survive(levered(cold=0.0), BTC, FALL, margin.DERIBIT_BTC)
    assert_allclose(chosen.headroom, after.headroom)
    assert_allclose(alone.headroom, after.headroom)
    down = margin.liquidation_price(levered(deribit()), BTC, margin.DERIBIT_BTC).down
    assert_allclose(down, closed_price(6.0, 2.0), rtol=1e-8)
    assert_allclose(margin.assess(levered(deribit()), BTC, margin.DERIBIT_BTC).balance, 2.0)


def test_cold_coins_count_for_delta_and_value() -> None:
    assert levered(deribit()).exposure(BTC).delta == levered().exposure(BTC).delta == 20.5
    book = levered(deribit(cash=1_000.0, stablecoins={"USDT": 500.0}), cash=4_000.0)
    assert_allclose(book.value(BTC), 14.5 * SPOT + 4_000)
    assert (book.account("deribit").cash, book.cold.cash) == (1_500.0, 2_500.0)


def test_orders_are_paid_from_the_account_that_trades_them() -> None:
    put = option_leg(BTC.chain, option(BTC, "p", 60e3, 30.0).symbol, 2.0)
    after = levered(deribit()) + [put]
    own = after.account("deribit")
    assert (
        sum(held.units for held in own.holdings if held.instrument.symbol == "BTC")
        == 2 - 2 * put.price / SPOT
    )
    assert [held.units for held in after.cold.holdings] == [12.5]
    two = levered(deribit(), DeclaredAccount("okx"))
    with pytest.raises(InputError, match=r"declares accounts deribit, okx; say where orders are traded"):
        two + [put]
    elsewhere = levered(deribit(), DeclaredAccount("okx"), orders="okx") + [put]
    assert [held.quantity for held in elsewhere.account("okx").holdings] == [2.0, -2 * put.price / SPOT]
    perpetual = Leg(
        Holding.perpetual("BTC", 1.0, SPOT, settlement="cash").instrument, 1.0, SPOT, 0.0, 3.0, SPOT
    )
    paid = levered(deribit(cash=100.0), cash=100.0) + [perpetual]
    assert (paid.cash, paid.accounts[0].cash) == (97.0, 97.0)


def test_a_deposit_saves_and_a_withdrawal_kills_from_its_day_on() -> None:
    walk = Paths(np.array([1.0, 5.0, 6.0, 9.0]), np.array([[0.9, 0.8, 0.78, 0.74]]), np.zeros((1, 4)), ("x",))

    def headroom(*transfers: Transfer) -> np.ndarray:
        return margin.survive_accounts(levered(deribit(), transfers=transfers), BTC, walk)[
            "deribit"
        ].headroom[0]

    plain = headroom()
    assert_allclose(plain[2], 8 - 6 / 0.78 * 1.01 - 0.00005 * (6 / 0.78) ** 2, rtol=1e-9)
    added = headroom(Transfer("BTC", 1.5, source="cold", target="deribit", day=5.5))
    assert_allclose(added - plain, [0, 0, 1.5, 1.5])
    dated = headroom(Transfer("BTC", 1.5, target="deribit", date=AS_OF + pd.Timedelta(days=5)))
    assert_allclose(dated - plain, [0, 1.5, 1.5, 1.5])
    gone = headroom(Transfer("BTC", 0.5, source="deribit", target="cold", day=0.0))
    assert_allclose(gone - plain, -0.5)
    with pytest.raises(InputError, match=r"0.5 BTC more out of 'cold' than lies there"):
        headroom(Transfer("BTC", 13.0, source="cold", target="deribit", day=5.5))
    with pytest.raises(InputError, match="lies before the quotes"):
        headroom(Transfer("BTC", 1.0, target="deribit", date=AS_OF - pd.Timedelta(days=1)))


def test_what_is_moved_out_of_the_cold_lies_there_by_then() -> None:
    out, back = (
        Transfer("BTC", 14.0, source="cold", target="deribit", day=2.0),
        Transfer("BTC", 3.0, target="cold", day=5.0),
    )

    def followed(*transfers: Transfer, **told: Any) -> None:
        book = levered(deribit(), transfers=transfers, **told)
        margin.survive_accounts(book, [BTC, ETH], {"BTC": today(), "ETH": today()})

    with pytest.raises(InputError, match=r"1.5 BTC more out of 'cold' than lies there on day 2;"):
        followed(back, out)  # 12.5 lie there, whatever comes three days later
    followed(out, replace(back, day=2.0))
    followed(*(Transfer("BTC", 1.25, source="cold", target="deribit", day=float(day)) for day in range(10)))
    # Money is one heap whatever it is moved as, and a coin that is not held is none of it.
    coins = [Transfer(name, 800.0, source="cold", target="deribit", day=1.0) for name in ("USDC", "USDT")]
    followed(coins[0], cash=1_000.0)
    with pytest.raises(InputError, match="600 USDT more"):
        followed(*coins, cash=1_000.0)
    with pytest.raises(InputError, match="5 ETH more"):
        followed(Transfer("ETH", 5.0, source="cold", target="deribit", day=1.0), cash=1_000.0)


def test_segregated_purses_never_help_each_other() -> None:
    book = Book(
        Holding.spot("BTC", 1.0),
        Holding.perpetual("BTC", 3.0, SPOT),
        Holding.perpetual("BTC", 1.0, SPOT, settlement="cash"),
        Holding.spot("ETH", 50.0),
        Holding.perpetual("ETH", 10.0, 2_000.0),
    )
    book = Book(
        [held.in_account("deribit") for held in book.holdings], cash=20e3, accounts=[deribit(cash=20e3)]
    )
    ways = couple(
        crash_path(-0.05, days=8, reaction=STILL),
        ["BTC", "ETH"],
        betas={"BTC": 1.0, "ETH": 1.3},
        reactions={"ETH": STILL},
    )
    found = margin.survive_accounts(book, [BTC, ETH], ways)
    assert list(found) == ["deribit: BTC", "deribit: ETH", "deribit: cash"]
    for name, units, coins, rate in [("BTC", 3.0, 1.0, 0.00005), ("ETH", 10.0, 50.0, 0.000004)]:
        size = units / ways[name].spot
        assert_allclose(found[f"deribit: {name}"].headroom, coins + units - size * (1.01 + rate * size))
    price = SPOT * ways["BTC"].spot
    assert_allclose(found["deribit: cash"].headroom, 20e3 + price - SPOT - (0.01 + 0.00005) * price)
    assert [bool(kept.survives[0]) for kept in found.values()] == [False, True, False]


HAIRCUTS = {"BTC": 0.05, "ETH": 0.1, "USDT": 0.02}


def mixed(model: str, **told: Any) -> Book:
    """Two coins, two stablecoin balances, inverse and linear contracts and short options, all in one account."""
    put, call = option(BTC, "p", 60e3, 30.0), option(ETH, "c", 2_200.0, 30.0)
    held = [
        Holding.spot("BTC", 0.5),
        Holding.spot("ETH", 20.0),
        Holding.perpetual("BTC", -0.8, 70e3),
        Holding.perpetual("ETH", 5.0, 2_100.0, settlement="cash"),
        Holding(put, -1.5),
        Holding(call, -4.0),
    ]
    account = deribit(model, cash=3_000.0, stablecoins={"USDT": 10e3}, haircuts=HAIRCUTS, **told)
    return Book([item.in_account("deribit") for item in held], cash=13e3, accounts=[account])


WAYS = {
    "BTC": grid([-0.3, 0.0, 0.2], [0.0], [0.0, 5.0]),
    "ETH": grid([-0.4, 0.0, 0.25], [0.0], [0.0, 5.0]),
    "USDT": Paths(
        np.array([0.0, 5.0]), np.array([[1.0, 0.9]] * 3), np.zeros((3, 2)), ("a", "b", "c"), straight=True
    ),
}


def marks(market: Market, contract: Any, way: Paths) -> np.ndarray:
    from hedging.book.pricer import unit_values

    return unit_values([contract], [np.nan], market, way)[:, :, 0]


def test_cross_collateral_over_several_assets_by_hand() -> None:
    found = margin.survive_accounts(mixed("cross-standard"), [BTC, ETH], WAYS)["deribit"]
    B, E = SPOT * WAYS["BTC"].spot, 2_000.0 * WAYS["ETH"].spot
    size = 0.8 * 70e3 / B
    coins = 0.5 - 0.8 * (1 - 70e3 / B)
    balance = B * np.where(coins > 0, 0.95 * coins, coins) + 0.9 * 20 * E
    balance += 3_000 + 0.98 * 10e3 * WAYS["USDT"].spot + 5 * (E - 2_100)
    assert_allclose(found.balance, balance, rtol=1e-12)
    put = marks(BTC, option(BTC, "p", 60e3, 30.0), WAYS["BTC"]) / B
    call = marks(ETH, option(ETH, "c", 2_200.0, 30.0), WAYS["ETH"]) / E
    needed = B * (size * (0.01 + 0.00005 * size) + 1.5 * (np.maximum(0.075, 0.075 * put) + put))
    needed += E * (5 * (0.01 + 0.000004 * 5) + 4 * (0.075 + call))
    assert_allclose(found.maintenance, needed, rtol=1e-9)


def test_cross_portfolio_margin_over_several_assets_by_formulas_written_apart() -> None:
    from scipy.stats import norm

    book = mixed("cross-portfolio")
    found = margin.survive_accounts(book, [BTC, ETH], WAYS)["deribit"]
    # On the first date: flat smiles, so the vol is 0.6 and forwards are spot.
    for row in range(3):
        total = 0.0
        for market, x, units, entry, linear, strike, sign, short, haircut, pm in [
            (BTC, WAYS["BTC"], 0.5, 70e3, (-0.8, 0.0), 60e3, -1, -1.5, 0.05, margin.DERIBIT_BTC_2024),
            (ETH, WAYS["ETH"], 20.0, 2_100.0, (0.0, 5.0), 2_200.0, 1, -4.0, 0.1, margin.DERIBIT_ETH_2026),
        ]:
            S, T = market.spot * x.spot[row, 0], 30.0 / 365

            def black(F: float, vol: float, strike: float = strike, sign: int = sign, T: float = T) -> float:
                d = (np.log(F / strike) + 0.5 * vol**2 * T) / (vol * np.sqrt(T))
                return float(
                    sign * (F * norm.cdf(sign * d) - strike * norm.cdf(sign * (d - vol * np.sqrt(T))))
                )

            inverse, cash = linear
            equity = units + inverse * (1 - entry / S) + short * black(S, 0.6) / S
            counted = equity * (1 - haircut) if equity > 0 else equity

            def gain(
                move: float, side: int, S: float = S, short: float = short, counted: float = counted,
                inverse: float = inverse, cash: float = cash, entry: float = entry, pm: Any = pm, black: Any = black,
            ) -> float:  # fmt: skip
                vol = 0.6 * (1 + {1: pm.volatility_range_up, 0: 0.0, -1: -pm.volatility_range_down}[side])
                after = S * (1 + move)
                moved = short * (black(after, vol) / after - black(S, 0.6) / S) * after
                return counted * S * move + inverse * entry * move + cash * S * move + moved

            R = pm.price_range
            losses = [-gain(k / 4 * R, side) for k in range(-4, 5) for side in (-1, 0, 1)]
            for move in (-0.66, -0.33, 0.5, 1, 2, 3, 4, 5):
                allowed = (abs(move) / R - 1) * pm.extended_dampener
                losses.append(-gain(move, 1) * R / abs(move) - allowed)
            delta = short * (norm.cdf((np.log(S / strike) + 0.18 * T) / (0.6 * np.sqrt(T))) - (sign < 0))
            roll = (abs(delta) + abs(inverse * entry / S + cash)) * pm.min_annualised_move * S
            total += 0.8 * (max(*losses, 0.0) + roll)
        assert_allclose(found.maintenance[row, 0], total, rtol=2e-4)


def test_a_coin_sold_short_against_coins_held_is_no_risk_across() -> None:
    # One coin, and its money at entry sold in the inverse perpetual: money that no move changes.
    held = [Holding.spot("BTC", 1.0), Holding.perpetual("BTC", -1.0, SPOT)]
    account = deribit("cross-portfolio", haircuts={"BTC": 0.0})
    book = Book([item.in_account("deribit") for item in held], accounts=[account])
    found = margin.survive_accounts(book, BTC, grid([-0.6, 0.0, 1.0], [0.0], [0.0]))["deribit"]
    assert_allclose(found.balance, SPOT, rtol=1e-12)
    assert_allclose(found.maintenance, 0.8 * 0.01 * SPOT, rtol=1e-9)  # the roll of the perpetual alone


@pytest.mark.parametrize("model", ["cross-standard", "cross-portfolio", "flat"])
def test_no_haircut_is_guessed(model: str) -> None:
    parameters = {"initial": 0.1, "maintenance": 0.05} if model == "flat" else {}
    for missing in HAIRCUTS:
        book = mixed(model, parameters=parameters)
        cut = {name: share for name, share in HAIRCUTS.items() if name != missing}
        book = Book(book.holdings, cash=book.cash, accounts=[replace(book.accounts[0], haircuts=cut)])
        with pytest.raises(InputError, match=f"no haircut is set for {missing}"):
            margin.survive_accounts(book, [BTC, ETH], WAYS)


def test_flat_rates_over_several_assets() -> None:
    book = mixed("flat", parameters={"initial": 0.1, "maintenance": 0.05})
    found = margin.survive_accounts(book, [BTC, ETH], WAYS)["deribit"]
    B, E = SPOT * WAYS["BTC"].spot, 2_000.0 * WAYS["ETH"].spot
    assert_allclose(found.maintenance, 0.05 * (0.8 * 70e3 + 1.5 * B + (5 + 4) * E), rtol=1e-12)


def test_what_is_wrong_is_told_with_the_way_out() -> None:
    levered_file = {
        "holdings": [{"asset": "BTC", "kind": "spot", "quantity": 2.0, "account": "deribit"}],
        "accounts": {"deribit": {"model": "standard"}},
    }
    assert book_from_dict(levered_file).accounts[0].model == "standard"
    for change, message in [
        (
            {"accounts": {}},
            r"account 'deribit' is not declared; add a table \[accounts.deribit\]",
        ),
        (
            {"accounts": {"okx": {"model": "standard"}}},
            "in account 'deribit', which is not declared; declared: okx",
        ),
        ({"accounts": {"deribit": {"model": "fancy"}}}, "accounts.deribit: model must be standard"),
        (
            {"accounts": {"deribit": {"model": "standard", "haircuts": {"BTC": 5.0}}}},
            "accounts.deribit.haircuts: BTC must be <= 1",
        ),
        ({"orders": "okx"}, "orders go to account 'okx', which is not declared"),
        ({"transfers": [{"asset": "BTC", "quantity": 1.0, "day": 2}]}, "needs a source or a target"),
        (
            {"transfers": [{"asset": "BTC", "quantity": 1.0, "to": "deribit"}]},
            "needs either its day, such as 3, or its date",
        ),
        (
            {"transfers": [{"asset": "BTC", "quantity": 1.0, "day": 2, "to": "elsewhere"}]},
            "names account 'elsewhere'",
        ),
        (
            {"transfers": [{"asset": "BTC", "quantity": -1.0, "day": 2, "to": "deribit"}]},
            "transfer 1: quantity must be > 0",
        ),
    ]:
        with pytest.raises(InputError, match=message):
            book_from_dict(levered_file | change)
    with pytest.raises(
        InputError, match=r"parameters\.leverage of account deribit is no number of model standard"
    ):
        margin.survive_accounts(levered(deribit(parameters={"leverage": 3.0})), BTC, today())
    with pytest.raises(InputError, match=r"model flat: set parameters.initial and parameters.maintenance"):
        margin.survive_accounts(levered(deribit("flat")), BTC, today())
    with pytest.raises(InputError, match="account must be one that the book declares"):
        margin.survive(levered(deribit()), BTC, today(), margin.DERIBIT_BTC, account="okx")
    with pytest.raises(InputError, match="declares no account 'okx'"):
        margin.survive(levered(), BTC, today(), margin.DERIBIT_BTC, account="okx")
    with pytest.raises(InputError, match="give paths of each by name"):
        margin.survive_accounts(mixed("cross-standard"), [BTC, ETH], today())
    with pytest.raises(InputError, match="also holds ETH"):
        margin.survive_accounts(mixed("cross-standard"), BTC, today())


def test_a_book_file_with_accounts_says_all_there_is() -> None:
    told = {
        "cash": 1_000.0,
        "orders": "deribit",
        "accounts": {
            "deribit": {"model": "cross-standard", "cash": 50.0, "stablecoins": {"USDC": 200.0}, "haircuts": {"BTC": 0.1, "USDC": 0.0}},
            "desk": {"model": "flat", "parameters": {"initial": 0.1, "maintenance": 0.05}},
        },
        "transfers": [
            {"asset": "BTC", "quantity": 0.5, "from": "cold", "to": "deribit", "day": 3},
            {"asset": "USDC", "quantity": 10.0, "from": "deribit", "date": "2026-03-01"},
        ],
        "holdings": [
            {"asset": "BTC", "kind": "spot", "quantity": 3.0},
            {"asset": "BTC", "kind": "perpetual", "quantity": -1.0, "entry": 60_000, "account": "deribit"},
        ],
    }  # fmt: skip
    book = book_from_dict(told)
    assert (book.cash, book.cold.cash, book.account("deribit").cash) == (1_250.0, 1_000.0, 250.0)
    assert [held.account for held in book.holdings] == ["", "deribit"]
    assert book.transfers[1].date == pd.Timestamp("2026-03-01T08:00Z")
    assert list(book.to_frame()["account"]) == ["cold", "deribit"]
    found = margin.survive_accounts(book, BTC, grid([0.0], [0.0], [0.0, 4.0]))
    assert list(found) == ["deribit", "desk"]
    assert "+0.5 BTC on day 3" in found["deribit"].counted
    assert found["deribit"].left_out == "3 BTC held cold, cash 1,000 held cold, account desk"


@pytest.mark.parametrize("model", ["standard", "portfolio", "cross-standard", "cross-portfolio", "flat"])
def test_headroom_by_parts_is_never_more_than_that_of_the_whole(model: str) -> None:
    parameters = {"initial": 0.1, "maintenance": 0.05} if model == "flat" else {}
    account = deribit(model, haircuts={"BTC": 0.1}, parameters=parameters)
    book = levered(account)
    legs = [
        option_leg(BTC.chain, option(BTC, "p", 60e3, 30.0).symbol, 4.0),
        option_leg(BTC.chain, option(BTC, "p", 50e3, 30.0).symbol, -3.0),
        option_leg(BTC.chain, option(BTC, "c", 80e3, 10.0).symbol, -2.0),
        Leg(Holding.perpetual("BTC", -1.5, SPOT).instrument, -1.5, SPOT, 0.0, 20.0, SPOT),
    ]
    falls = fan(-0.02, -0.004, 12)
    found = margin.headroom(book, BTC, falls, legs)["deribit"]
    after = margin.survive_accounts(book, BTC, falls, legs)["deribit"]
    assert_allclose(found.whole, after.headroom, rtol=1e-12)
    assert found.legs.shape == (4, len(found.held), len(falls), falls.days.size)
    scale = 1.0 if found.currency == "BTC" else SPOT
    assert (found.bound() <= found.whole + 1e-8 * scale).all()
    draw = np.random.default_rng(3)
    for _ in range(4):
        shares = draw.uniform(0, 1, 4)
        part = [replace(leg, quantity=leg.quantity * w) for leg, w in zip(legs, shares, strict=True)]
        whole = margin.survive_accounts(book, BTC, falls, part)["deribit"].headroom
        assert (found.bound(shares) <= whole + 1e-8 * scale).all()
    none = margin.survive_accounts(book, BTC, falls)["deribit"].headroom
    alone = margin.headroom(book, BTC, falls)["deribit"]
    assert_allclose(alone.bound(), none, rtol=1e-7, atol=1e-8 * scale)
    if model == "standard":
        assert found.exact.tolist() == [True, True, True, False]
        for i in range(3):
            one = margin.survive_accounts(book, BTC, falls, legs[i : i + 1])["deribit"].headroom
            assert_allclose(one - none, found.legs[i, 0], rtol=1e-9, atol=1e-9)
    if model == "portfolio":
        # A hedge is worth something at the nodes where it hedges: the bound is close for long puts.
        put = margin.headroom(book, BTC, falls, legs[:1])["deribit"]
        assert_allclose(put.bound(), put.whole, atol=0.02)


def test_a_limit_on_initial_margin_looks_at_the_account_that_trades() -> None:
    limit = margin.InitialMargin(margin.DERIBIT_BTC, 0.5)
    short = Holding(option(BTC, "p", 60e3, 30.0), -1.0)
    bare = limit.of(levered(deribit()), BTC)
    assert_allclose(bare, SPOT * 6 * (0.02 + 0.00005 * 6))
    with_cold = Book(short, levered(deribit()).holdings, accounts=[deribit()])
    assert_allclose([limit.of(with_cold, BTC), limit.held(with_cold, BTC)[1]], bare)
    assert limit.of(Book(short.in_account("deribit"), accounts=[deribit()]), BTC) > 0


def test_what_an_account_declares_is_its_model_by_default() -> None:
    book = levered(deribit())
    down = margin.liquidation_price(book, BTC).down
    assert_allclose(down, closed_price(6.0, 2.0), rtol=1e-8)
    assert_allclose(
        margin.survive(book, BTC, FALL).headroom, margin.survive_accounts(book, BTC, FALL)["deribit"].headroom
    )
    with pytest.raises(InputError, match="say by which rules"):
        margin.assess(levered(), BTC)
    linear = Holding.perpetual("BTC", 1.0, SPOT, settlement="cash").in_account("deribit")
    both = Book(book.holdings, linear, accounts=book.accounts)
    with pytest.raises(InputError, match="purses of BTC, cash"):
        margin.survive(both, BTC, FALL)


def test_collateral_and_forced_selling_leave_cold_coins_alone() -> None:
    fall = crash_path(-0.05, days=6, step=0.5, reaction=STILL)
    table = margin.collateral_quality(levered(deribit()), {"BTC": BTC}, {"BTC": fall}, {"BTC": 0.0})
    assert_allclose(table.loc["BTC", "value now"], 2.0 * SPOT)
    flat = replace(margin.DERIBIT_BTC, per_unit=0.0)
    told = [
        margin.deleverage(book, BTC, fall, flat, impact=0.0)
        for book in (levered(deribit()), levered(cold=0.0))
    ]
    assert_allclose(told[0], told[1])
    assert told[0]["closed"].sum() > 0


def test_a_securities_account_of_two_stocks_is_one_purse() -> None:
    from hedging.market.contracts import ContractTerms

    one, other = (
        flat_market("cash", asset=name, spot=price, strikes=(price,))
        for name, price in [("X", 100.0), ("Y", 50.0)]
    )
    put = Holding.option(
        "X", "p", 95.0, AS_OF + pd.Timedelta(days=30), 1.0, terms=ContractTerms(multiplier=100.0)
    )
    held = [Holding.spot("X", 100.0), put, Holding.spot("Y", -200.0)]
    desk = DeclaredAccount("desk", "reg-t", cash=7_000.0)
    book = Book([item.in_account("desk") for item in held], cash=7_000.0, accounts=[desk])
    nodes = grid([-0.1, 0.0], [0.0], [0.0])
    found = margin.survive_accounts(book, [one, other], {"X": nodes, "Y": nodes})["desk"]
    # At 90 the married put is in the money: 10 % of 95; short stock 30 % or 5 dollars, of 45 and of 50.
    assert_allclose(found.maintenance[:, 0], [950 + 200 * 13.5, 950 + 500 + 200 * 15])
    assert_allclose(found.balance[:, 0], [7_000 + 9_000 - 9_000, 7_000 + 10_000 - 10_000])


@pytest.mark.parametrize("model", ["standard", "portfolio", "cross-standard", "cross-portfolio", "flat"])
@pytest.mark.parametrize("money", ["cash", "USDC", "USD", "EURR", "spot ETH"])
@pytest.mark.parametrize("contract", ["coin", "cash"])
def test_what_is_said_to_count_is_what_carries_the_margin(model: str, money: str, contract: str) -> None:
    """By taking it away: what is called counted moves the balance, what is called left out does not."""
    if "portfolio" in model:  # whose rules are of coin-settled contracts
        contract = "coin"
    settlement: Any = contract
    held = [Holding.spot("BTC", 2.0), Holding.perpetual("BTC", 6.0, SPOT, settlement=settlement)]
    told: dict[str, Any] = {"haircuts": {"BTC": 0.05, "ETH": 0.1, "USDC": 0.0, "USD": 0.0, "EURR": 0.5}}
    told |= {"parameters": {"initial": 0.1, "maintenance": 0.05}} if model == "flat" else {}
    more: dict[str, Any] = {}
    if money == "cash":
        more = {"cash": 60_000.0}
    elif money != "spot ETH":
        more = {"stablecoins": {money: 60_000.0}}
    rich = [*held, Holding.spot("ETH", 30.0)] if money == "spot ETH" else held

    def kept(holdings: list[Holding], **amounts: Any) -> dict[str, margin.Survival]:
        account = deribit(model, **told, **amounts)
        book = Book([item.in_account("deribit") for item in holdings], accounts=[account])
        return margin.survive_accounts(book, [BTC, ETH], {"BTC": today(), "ETH": today()})

    without, named = kept(held), "30 ETH" if money == "spot ETH" else f"{money} 60,000"
    for key, each in kept(rich, **more).items():
        moved = bool(abs(each.balance - without[key].balance).max() > 1e-9)
        assert (named in each.counted) == moved, key
        assert (named in each.left_out) == (not moved), key
        assert moved or "no collateral for contracts settled in" in each.left_out
