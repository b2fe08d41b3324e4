"""Tickets of each venue against its published parameters: names, counts, steps, batches, packages."""

from __future__ import annotations

import json
from fractions import Fraction

import pandas as pd
import pytest

from hedging.book import FIX_TAGS, fix_orders
from hedging.book.legs import Leg, outright_leg
from hedging.cli import main as cli
from hedging.errors import InputError
from hedging.market.contracts import ContractTerms, FeeRule, Future, Option, Perpetual, Spot
from hedging.venues import TICKETS, binance, bybit, deribit, okx, venue_ticket

EXPIRY = pd.Timestamp("2026-05-29T08:00Z")
SPOT = 70_000.0


def option(flag: str, strike: float, *, asset: str = "BTC", expiry=EXPIRY, **terms) -> Option:
    return Option(asset, flag, strike, expiry, ContractTerms(**terms))


def leg(item, quantity: float, price: float, *, spot: float = SPOT, fee: float = 0.0) -> Leg:
    return Leg(item, quantity, price, 0.0, fee, spot)


COIN = {"settlement": "coin", "lot": 0.1, "ticks": ((0.0, 0.0001), (0.005, 0.0005)), "venue": "deribit"}
PUT = option("p", 60_000, combo_waiver=1.0, **COIN)
CALL = option("c", 80_000, combo_waiver=1.0, **COIN)
PERPETUAL = outright_leg(Perpetual("BTC"), SPOT, -1.5, half_spread=0.0, fee=FeeRule())


# --- Deribit: what trades together -------------------------------------------------------------------


def test_a_collar_is_one_combo_and_what_is_left_of_the_put():
    legs = [leg(PUT, 30.0, 0.0345 * SPOT), leg(CALL, -20.0, 0.0205 * SPOT)]
    create, order, rest = deribit.combo_orders(legs, plan_id="abc", time_in_force="fill_or_kill")
    assert create["method"] == "private/create_combo"
    assert create["params"]["trades"] == [
        {"instrument_name": "BTC-29MAY26-60000-P", "amount": 1, "direction": "buy"},
        {"instrument_name": "BTC-29MAY26-80000-C", "amount": 1, "direction": "sell"},
    ]
    assert order["params"] == {
        "instrument_name": "",
        "amount": 20.0,
        "type": "limit",
        "price": 0.014,  # 0.0345 - 0.0205
        "label": "abc-1c",
        "time_in_force": "fill_or_kill",
    }
    assert (rest["params"]["instrument_name"], rest["params"]["amount"]) == ("BTC-29MAY26-60000-P", 10.0)


def test_a_net_price_is_on_the_tick_of_packages_and_may_be_received():
    legs = [leg(PUT, 1.0, 0.0105 * SPOT), leg(CALL, -1.0, 0.02054 * SPOT)]
    _, order = deribit.combo_orders(legs)
    assert Fraction(str(order["params"]["price"])) == Fraction("-0.0100")  # -0.01004 up to the next 0.0001


def test_what_is_bought_alone_is_no_combo():
    legs = [leg(PUT, 30.0, 0.0345 * SPOT)]
    assert deribit.combo_orders(legs) == deribit.orders(legs)
    assert deribit.combo_orders([]) == []


def test_a_block_rfq_holds_the_options_and_the_perpetual_as_its_hedge():
    legs = [leg(PUT, 25.0, 0.0345 * SPOT), leg(CALL, -30.0, 0.02 * SPOT), PERPETUAL]
    found = deribit.block_rfq(legs, plan_id="abc", makers=("M1",))
    assert found["method"] == "private/create_block_rfq"
    assert found["params"] == {
        "legs": [
            {"instrument_name": "BTC-29MAY26-60000-P", "amount": 25.0, "direction": "buy"},
            {"instrument_name": "BTC-29MAY26-80000-C", "amount": 30.0, "direction": "sell"},
        ],
        "hedge": {
            "instrument_name": "BTC-PERPETUAL",
            "direction": "sell",
            "amount": 105_000.0,
            "price": SPOT,
        },
        "label": "abc-rfq",
        "makers": ["M1"],
    }


@pytest.mark.parametrize(
    ("legs", "message"),
    [
        ([leg(PUT, 24.9, 1_000.0)], "below the least, 25 contracts"),
        ([PERPETUAL], "trades none"),
        ([leg(PUT, 25.0, 1_000.0), PERPETUAL, PERPETUAL], "one hedge leg"),
        (
            [leg(PUT, 25.0, 1_000.0), outright_leg(Spot("BTC"), SPOT, 1.0, half_spread=0.0, fee=FeeRule())],
            "one hedge leg",
        ),
        (
            [leg(option("p", 1.0, asset="DOGE_USDC", settlement="cash"), 25.0, 0.1, spot=1.0)],
            "least block of DOGE_USDC",
        ),
    ],
)
def test_a_block_that_the_exchange_would_refuse_is_refused_here(legs, message):
    with pytest.raises(InputError, match=message):
        deribit.block_rfq(legs)


def test_a_block_of_coins_counts_contracts_of_ten():
    terms = deribit.option_terms("SOL_USDC", "2026-03-01T00:00Z")
    put = Option("SOL", "p", 120.0, EXPIRY, terms, "SOL_USDC-29MAY26-120-P")
    (found,) = deribit.block_rfq([leg(put, 150.0, 7.5, spot=130.0)])["params"]["legs"]
    assert found["amount"] == 1_500.0
    with pytest.raises(InputError, match="below the least, 150 contracts"):
        deribit.block_rfq([leg(put, 149.0, 7.5, spot=130.0)])


# --- Bybit, OKX, Binance -----------------------------------------------------------------------------


def test_bybit_names_its_options_and_batches_twenty():
    terms = bybit.option_terms("BTC", "2025-07-02T00:00Z")
    strikes = [50_000.0 + 1_000.0 * k for k in range(23)]
    legs = [leg(Option("BTC", "p", k, EXPIRY, terms), 0.05, 1_203.0) for k in strikes]
    first, second = bybit.orders(legs, plan_id="abc", time_in_force="immediate_or_cancel")
    assert (first["method"], first["path"]) == ("POST", "/v5/order/create-batch")
    assert [len(each["body"]["request"]) for each in (first, second)] == [20, 3]
    assert first["body"]["category"] == "option"
    assert first["body"]["request"][0] == {
        "symbol": "BTC-29MAY26-50000-P-USDT",
        "side": "Buy",
        "orderType": "Limit",
        "qty": "0.05",
        "price": "1205",  # ticks of 5, up for a buy
        "orderLinkId": "abc-1",
        "timeInForce": "IOC",
    }


def test_bybit_perpetuals_go_by_their_own_category_and_the_steps_that_are_given():
    linear = outright_leg(Perpetual("BTC", "cash"), SPOT, -1.2345, half_spread=0.0, fee=FeeRule())
    steps = {"BTCUSD": (((0.0, 0.5),), 1.0), "BTCUSDT": (((0.0, 0.1),), 0.0005)}
    found = {
        each["body"]["category"]: each["body"]["request"]
        for each in bybit.orders([PERPETUAL, linear], steps=steps)
    }
    assert (found["inverse"][0]["symbol"], found["inverse"][0]["qty"]) == ("BTCUSD", "105000")
    assert (found["linear"][0]["symbol"], found["linear"][0]["qty"]) == ("BTCUSDT", "1.2345")
    with pytest.raises(InputError, match="tick and step of BTCUSD are not known"):
        bybit.orders([PERPETUAL])


def test_okx_counts_hundredths_of_a_coin():
    terms = {"settlement": "coin", "lot": 1.0, "multiplier": 0.01, "ticks": ((0.0, 0.0005),), "venue": "okx"}
    put = option("p", 40_000, expiry=pd.Timestamp("2024-03-29T08:00Z"), **terms)
    (found,) = okx.orders([leg(put, -250.0, 0.01 * SPOT)], plan_id="abc", time_in_force="fill_or_kill")
    assert found["path"] == "/api/v5/trade/batch-orders"
    assert found["body"] == [
        {
            "instId": "BTC-USD-240329-40000-P",
            "tdMode": "cross",
            "clOrdId": "abcn1",
            "side": "sell",
            "ordType": "fok",
            "px": "0.01",
            "sz": "250",
        }
    ]
    whole = option("p", 40_000, expiry=EXPIRY, **(COIN | {"venue": ""}))  # the same in contracts of a coin
    (same,) = okx.orders([leg(whole, 2.5, 0.01 * SPOT)])
    assert same["body"][0]["sz"] == "250"
    assert same["body"][0]["clOrdId"].isalnum()
    swap = {"BTC-USD-SWAP": (((0.0, 0.1),), 1.0)}
    (sold,) = okx.orders([PERPETUAL], steps=swap)
    assert (sold["body"][0]["instId"], sold["body"][0]["sz"]) == ("BTC-USD-SWAP", "1050")


def test_binance_batches_ten_and_counts_its_units():
    terms = {
        "settlement": "cash",
        "lot": 0.01,
        "ticks": ((0.0, 5.0),),
        "currency": "USDT",
        "venue": "binance",
    }
    call = option("c", 126_000, expiry=pd.Timestamp("2025-11-20T08:00Z"), **terms)
    found = binance.orders([leg(call, -0.11, 1_203.0)] * 12, time_in_force="good_til_cancelled")
    assert [len(each["body"]["orders"]) for each in found] == [10, 2]
    assert found[0]["path"] == "/eapi/v1/batchOrders"
    assert found[0]["body"]["orders"][0] == {
        "symbol": "BTC-251120-126000-C",
        "side": "SELL",
        "type": "LIMIT",
        "quantity": "0.11",
        "price": "1200",
        "clientOrderId": "1",
        "timeInForce": "GTC",
    }
    doge = option(
        "p", 0.25, asset="DOGE", settlement="cash", lot=1.0, multiplier=1_000.0, ticks=((0.0, 0.001),)
    )
    (one,) = binance.orders([leg(doge, 3.0, 0.0204, spot=0.3)])
    assert one["body"]["orders"][0]["symbol"] == "DOGE-260529-0.25-P"
    assert (one["body"]["orders"][0]["quantity"], one["body"]["orders"][0]["price"]) == ("3", "0.021")


@pytest.mark.parametrize(
    ("make", "item", "message"),
    [
        (bybit.orders, PUT, "is an option of deribit, not of bybit"),
        (bybit.orders, option("p", 60_000, **(COIN | {"venue": ""})), "settles in coin"),
        (bybit.orders, Future("BTC", EXPIRY), "under a name that is not said"),
        (okx.orders, option("p", 60_000, settlement="cash"), "none of OKX's"),
        (okx.orders, option("p", 0.1, asset="DOGE", settlement="coin"), "none of OKX's"),
        (okx.orders, Spot("BTC"), "none of OKX's"),
        (binance.orders, option("p", 60_000, **(COIN | {"venue": ""})), "no option of Binance's"),
        (binance.orders, Perpetual("BTC"), "no option of Binance's"),
    ],
)
def test_what_is_none_of_a_venue_s_is_not_renamed_into_one(make, item, message):
    with pytest.raises(InputError, match=message):
        make([leg(item, 1.0, 1_000.0)])


@pytest.mark.parametrize("venue", [name for name in TICKETS if name != "deribit-rfq"])
def test_a_time_in_force_that_a_venue_does_not_know_is_refused(venue):
    with pytest.raises(InputError, match="time_in_force must be one of"):
        venue_ticket([], venue, time_in_force="forever")
    with pytest.raises(InputError, match="venue must be one of deribit"):
        venue_ticket([], "mtgox")


def test_half_a_step_is_refused_everywhere():
    put = option("p", 60_000, settlement="cash", lot=0.1, ticks=((0.0, 5.0),))
    for make in (bybit.orders, binance.orders):
        with pytest.raises(InputError, match="no whole number of steps"):
            make([leg(put, 0.25, 1_000.0)])


# --- FIX ---------------------------------------------------------------------------------------------


def test_fix_rows_say_what_the_legs_say():
    # 55=..., 167=OPT, 201=0 for a put, 202 the strike, 541 the day, 54=1 buys, 40=2 is a limit.
    rows = fix_orders([leg(PUT, 30.0, 0.0345 * SPOT), PERPETUAL], currency="USD", plan_id="abc")
    put, perpetual = rows.to_dict(orient="records")
    assert list(rows.columns) == list(FIX_TAGS)
    assert put["ClOrdID"] == "abc-1"
    assert (put["SecurityType"], put["PutOrCall"], put["StrikePrice"], put["MaturityDate"]) == (
        "OPT",
        0,
        60_000,
        "20260529",
    )
    assert (put["Side"], put["OrdType"], put["OrderQty"], put["Price"], put["Currency"]) == (
        1,
        2,
        30.0,
        0.0345,
        "BTC",
    )
    assert (perpetual["SecurityType"], perpetual["MaturityDate"], perpetual["Side"]) == ("FUT", "", 2)
    assert (perpetual["Price"], perpetual["Currency"]) == (SPOT, "USD")
    with pytest.raises(InputError, match="time_in_force must be one of good_til_day"):
        fix_orders([], currency="USD", time_in_force="forever")


# --- depth -------------------------------------------------------------------------------------------


def test_order_books_come_from_a_table_or_from_replies(tmp_path, shared_data):
    table = pd.DataFrame(
        [("A", "ask", 0, 0.05, 2.0), ("A", "bid", 0, 0.04, 3.0)],
        columns=["symbol", "side", "level", "price", "amount"],
    )
    table.to_csv(tmp_path / "depth.csv", index=False)
    assert deribit.read_depth(tmp_path / "depth.csv").equals(table)
    reply = {"result": {"instrument_name": "A", "bids": [[0.04, 3.0]], "asks": [[0.05, 2.0]]}}
    (tmp_path / "depth.json").write_text(json.dumps([reply]))
    found = deribit.read_depth(tmp_path / "depth.json").sort_values("side").reset_index(drop=True)
    assert found.equals(table)
    recorded = shared_data / "api" / "deribit_result_get_order_book_btc_perpetual.json"
    assert set(deribit.read_depth(recorded)["symbol"]) == {"BTC-PERPETUAL"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "needs the columns"),
        ("{", "cut off"),
        ('[{"bids": 3}]', "no reply"),
        ("", "is empty"),
    ],
)
def test_a_file_that_is_no_order_book_is_one_error(tmp_path, text, message):
    (tmp_path / "depth").write_text(text)
    with pytest.raises(InputError, match=message):
        deribit.read_depth(tmp_path / "depth")


# --- the command -------------------------------------------------------------------------------------


@pytest.fixture
def asked(tmp_path, sample, monkeypatch):
    from hedging.venues import write_chain

    monkeypatch.chdir(tmp_path)
    (tmp_path / "book.toml").write_text('[[holdings]]\nasset = "BTC"\nkind = "spot"\nquantity = 25\n')
    write_chain(sample, tmp_path / "chain.csv")
    return ["plan", "book.toml", "--chain", "chain.csv", "--delta", "8:12", "--max-legs", "1"]


def test_stdout_takes_one_of_them_and_nothing_else(asked, capsys, tmp_path):
    assert cli.main([*asked, "--orders", "-"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("instrument,side")
    assert len(lines) == 2
    assert not (tmp_path / "-").exists()
    assert cli.main([*asked, "--ticket", "-", "--ticket-for", "deribit"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["method"] == "private/buy"
    assert cli.main([*asked, "--ticket", "-", "--ticket-for", "fix"]) == 0
    assert capsys.readouterr().out.startswith("ClOrdID,")
    assert cli.main([*asked, "--ticket", "-", "--orders", "-"]) == 2
    assert "only one result can go to stdout" in capsys.readouterr().err
    assert cli.main([*asked, "--ticket", "t.json", "--ticket-for", "okx"]) == 2
    assert "not of okx" in capsys.readouterr().err


def test_depth_reaches_the_plan_and_its_trading(asked, capsys, tmp_path, sample):
    (tmp_path / "none.csv").write_text("symbol,side,level,price,amount\nDOGE,ask,0,1,1\n")
    assert cli.main([*asked, "--depth", "none.csv"]) == 2
    assert "which no --chain lists" in capsys.readouterr().err
    assert cli.main([*asked, "--json", "-"]) == 0
    order = json.loads(capsys.readouterr().out)["orders"][0]
    name, price = order["instrument"], order["limit_price"]
    (tmp_path / "depth.csv").write_text(
        f"symbol,side,level,price,amount\n{name},ask,0,{price},1\n{name},ask,1,{price + 0.001},500\n"
    )
    assert cli.main([*asked, "--depth", "depth.csv", "--trading"]) == 0
    out = capsys.readouterr().out
    assert "Trading, in this order" in out
    if name in out.split("Trading")[1]:
        assert f"1 at {price:g}" in out
