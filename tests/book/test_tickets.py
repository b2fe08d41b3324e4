"""Tickets and Deribit's order parameters: what leaves the library is what the legs say, on tick and step."""

from __future__ import annotations

import json
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hedging import HedgePlan, Limits, OptionChain, Outright, Target, plan, read_plan, samples
from hedging.book.legs import Leg, option_leg, outright_leg
from hedging.book.tickets import SCHEMA, ticket
from hedging.cli import main as cli
from hedging.errors import InputError
from hedging.market.contracts import ContractTerms, FeeRule, Future, Option, Perpetual, Spot, on_tick
from hedging.planner import Effort
from hedging.venues import deribit, write_chain

STEPS = ((0.0, 0.0001), (0.005, 0.0005))
LINEAR = ((0.0, 5.0), (1_000.0, 20.0))
MAY = pd.Timestamp("2026-05-29T08:00Z")


@pytest.fixture(scope="module")
def found(sample: OptionChain) -> HedgePlan:
    limits = Limits(outright=Outright("perpetual"), budget=0.02)
    return plan(samples.book(), sample, Target(delta=(8, 12), vega=(0, None), floor=-0.18), limits)


# --- ticks ------------------------------------------------------------------------------------------


def valid(ticks, most: str) -> list[Fraction]:
    """Every price on its tick, by counting up from 0 in exact fractions."""
    bounds = [(Fraction(str(start)), Fraction(str(tick))) for start, tick in ticks]
    prices, price = [], Fraction(0)
    while price <= Fraction(most):
        prices.append(price)
        tick = max(step for step in bounds if step[0] <= price)[1]
        price += tick
    return prices


COIN_PRICES, MONEY_PRICES = valid(STEPS, "0.2"), valid(LINEAR, "40000")


@given(
    st.sampled_from([(STEPS, COIN_PRICES), (LINEAR, MONEY_PRICES)]), st.floats(0.001, 0.999), st.booleans()
)
def test_a_price_goes_to_the_next_one_a_venue_takes(case, place, buy):
    ticks, prices = case
    price = place * float(prices[-2])
    exact = Fraction(price)
    # What floats leave of a price on its tick is that price: the next test's.
    assume(min(abs(p - exact) for p in prices) > Fraction(1, 10**9))
    expected = min(p for p in prices if p >= exact) if buy else max(p for p in prices if p <= exact)
    assert on_tick(price, ticks, 1.0 if buy else -1.0) == float(expected)


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_a_price_on_its_tick_stays_whatever_floats_leave_of_it(side):
    for price in COIN_PRICES[1:]:
        for spot in (64_774.0, 70_000.0, 3.1):
            assert on_tick(float(price) * spot / spot, STEPS, side) == float(price)


# --- tickets ----------------------------------------------------------------------------------------


def test_a_ticket_says_what_the_legs_say_and_survives_its_file(found, tmp_path):
    path = tmp_path / "ticket.json"
    assert json.loads(found.to_ticket(path)) == json.loads(path.read_text()) == found.ticket()
    said = found.ticket()
    assert (said["schema"], said["plan"], said["currency"]) == (SCHEMA, found.id, "USD")
    assert said["as_of"] == samples.AS_OF.isoformat()
    assert len(said["orders"]) == len(found.legs) == len({order["id"] for order in said["orders"]})
    for order, leg in zip(said["orders"], found.legs, strict=True):
        signed = {"buy": 1.0, "sell": -1.0}[order["side"]]
        assert signed * order["quantity"] * order["instrument"]["multiplier"] == leg.units
        assert order["units"] == abs(leg.units)
        assert order["limit_price_money"] == leg.price
        coin = order["price_unit"] == "BTC"
        assert order["limit_price"] * (samples.SPOT if coin else 1.0) == pytest.approx(leg.price, rel=1e-12)


def test_an_option_can_be_found_without_its_symbol(sample):
    row = sample.quotes[sample.quotes["flag"] == "p"].iloc[40]
    (order,) = ticket([option_leg(sample, row["symbol"], 1.3)], as_of="now", currency="USD")["orders"]
    terms = order["instrument"]
    same = sample.quotes["flag"].map({"c": "call", "p": "put"}) == terms["flag"]
    same &= sample.quotes["strike"] == terms["strike"]
    same &= sample.quotes["expiry"] == pd.Timestamp(terms["expiry"])
    assert sample.quotes["symbol"][same].tolist() == [row["symbol"]]
    assert (terms["kind"], terms["settlement"], terms["style"], order["price_unit"]) == (
        "option",
        "coin",
        "european",
        "BTC",
    )
    assert order["limit_price"] == row["ask_quoted"]
    assert order["time_in_force"] is None


def test_a_ticket_says_when_an_option_may_be_exercised(sample):
    chain = sample.with_terms(exercise="american")
    row = chain.quotes.iloc[0]
    (order,) = ticket([option_leg(chain, row["symbol"], 1.3)], as_of="now", currency="USD")["orders"]
    assert order["instrument"]["style"] == "american"


def test_a_multiplier_stands_between_contracts_and_units():
    terms = deribit.option_terms("SOL_USDC", "2026-03-01T00:00Z")
    put = Option("SOL", "p", 120.0, MAY, terms, "SOL_USDC-29MAY26-120-P")
    (order,) = ticket([Leg(put, -3.0, 7.5, 0.1, 0.01, 130.0)], as_of="now", currency="USDC")["orders"]
    assert (order["quantity"], order["units"], order["notional"]) == (3.0, 30.0, 3_900.0)
    assert (order["premium"], order["fees"], order["price_unit"]) == (-225.0, pytest.approx(0.3), "USDC")


def test_the_id_of_a_plan_is_that_of_what_it_says(found, sample, tmp_path):
    found.to_json(tmp_path / "plan.json")
    again = read_plan(tmp_path / "plan.json")
    assert again.id == found.id
    assert again.ticket() == found.ticket()
    other = plan(
        samples.book(), sample, Target(delta=(8, 12.5)), Limits(max_legs=1), effort=Effort(alternatives=False)
    )
    assert other.id != found.id


def test_legs_without_a_plan_have_numbers_for_ids(sample):
    symbols = sample.quotes["symbol"].iloc[:2]
    said = ticket([option_leg(sample, symbol, 1.0) for symbol in symbols], as_of="now", currency="USD")
    assert [order["id"] for order in said["orders"]] == ["1", "2"]


# --- Deribit ----------------------------------------------------------------------------------------


def put(symbol: str, quantity: float = 1.0, price: float = 900.0, **terms) -> Leg:
    strike = 60_000.0
    return Leg(
        Option("BTC", "p", strike, MAY, ContractTerms(**terms), symbol), quantity, price, 0.0, 0.0, 7e4
    )


def perpetual(asset: str, quantity: float, *, price: float = 70_000.0, settlement="coin") -> Leg:
    return outright_leg(
        Perpetual(asset, settlement), price, quantity, half_spread=0.0001, fee=FeeRule(0.0005)
    )


def test_a_plan_becomes_orders_that_the_exchange_would_take(found):
    sent = deribit.orders(found, time_in_force="good_til_day")
    for order, leg in zip(sent, found.legs, strict=True):
        params = order["params"]
        assert order["method"] == ("private/buy" if leg.quantity > 0 else "private/sell")
        assert params["type"] == "limit"
        assert params["time_in_force"] == "good_til_day"
        assert found.id.startswith(params["label"].split("-")[0])
        if isinstance(leg.instrument, Option):
            assert Fraction(str(params["price"])) in COIN_PRICES
            assert params["price"] == leg.quoted_price  # quotes are on their tick already
            assert params["amount"] == abs(leg.quantity)
        else:
            assert params["instrument_name"] == "BTC-PERPETUAL"
            assert params["amount"] % 10 == 0
            assert abs(params["amount"] - abs(leg.units) * leg.price) <= 5.0


@pytest.mark.parametrize(("quantity", "price"), [(1.5, 70_007.0), (-1.5, 69_993.0)])
def test_an_inverse_perpetual_is_sized_in_dollars_and_priced_to_trade(quantity, price):
    (order,) = deribit.orders([perpetual("BTC", quantity)])
    # 1.5 coins at 70,007 are 105,010.5 dollars, at 69,993 they are 104,989.5: the nearest tens.
    assert order["params"]["amount"] == {1.5: 105_010.0, -1.5: 104_990.0}[quantity]
    assert order["params"]["price"] == price


def test_a_price_between_ticks_moves_to_the_side_that_trades():
    buy, sale = deribit.orders([perpetual("BTC", q, price=70_000.3) for q in (2.0, -2.0)])
    # 70,000.3 and a spread of 0.01 %: 70,007.30003 and 69,993.29997, on ticks of 0.5.
    assert (buy["params"]["price"], sale["params"]["price"]) == (70_007.5, 69_993.0)


def test_a_dated_future_is_named_by_its_day():
    leg = outright_leg(Future("BTC", MAY), 70_000.0, -1.0, half_spread=0.0, fee=FeeRule())
    (order,) = deribit.orders([leg], plan_id="abc")
    assert order["params"] == {
        "instrument_name": "BTC-29MAY26",
        "amount": 70_000.0,
        "type": "limit",
        "price": 70_000.0,
        "label": "abc-1",
    }


def test_linear_options_count_coins_and_carry_their_decimal_names():
    terms = deribit.option_terms("XRP_USDC", "2026-03-01T00:00Z")
    put = Option("XRP", "p", 1.325, MAY, terms, "XRP_USDC-29MAY26-1d325-P")
    (order,) = deribit.orders([Leg(put, 3.0, 0.0512, 0.0, 0.0, 1.4)])
    # 1,000 coins a contract; 0.0512 lies between ticks of 0.0005.
    assert order["params"]["amount"] == 3_000.0
    assert order["params"]["price"] == 0.0515


def test_the_exchange_s_own_rows_go_before_what_is_known(shared_data):
    rows = json.loads((shared_data / "api" / "deribit_get_instruments_btc_future.json").read_text())["result"]
    legs = [
        perpetual("BTC", 1.0),
        outright_leg(
            Future("BTC", pd.Timestamp("2026-12-25T08:00Z")), 70_001.0, 1.0, half_spread=0.0, fee=FeeRule()
        ),
    ]
    assert deribit.orders(legs, instruments=rows) == deribit.orders(legs)
    coarse = [row | {"tick_size": 100.0, "min_trade_amount": 1_000.0} for row in rows]
    stated = deribit.orders(legs, instruments=coarse)
    assert [order["params"]["price"] for order in stated] == [70_100.0, 70_100.0]
    assert [order["params"]["amount"] for order in stated] == [70_000.0, 70_000.0]


def test_option_steps_of_the_exchange_are_those_of_the_terms(shared_data):
    path = shared_data / "api" / "deribit_result_get_instruments_option_xrp_btc.json"
    rows = {row["instrument_name"]: row for row in json.loads(path.read_text())}
    for name, row in rows.items():
        said = deribit.parse_name(name)
        terms = deribit.terms_from_instrument(row)
        put = Option(said.asset.partition("_")[0], said.flag, said.strike, said.expiry, terms, name)
        leg = [Leg(put, 2.0, 0.0613 * (1.0 if terms.settlement == "cash" else 1.3), 0.0, 0.0, 1.3)]
        assert deribit.orders(leg, instruments=[row]) == deribit.orders(leg)


@pytest.mark.parametrize(
    ("leg", "message"),
    [
        (outright_leg(Spot("BTC"), 70_000.0, 1.0, half_spread=0.0, fee=FeeRule()), "in pairs"),
        (perpetual("ETH", 1.0, price=2_000.0), "tick and step of ETH-PERPETUAL are not known"),
        (perpetual("SOL", 1.0, price=150.0, settlement="cash"), "SOL_USDC-PERPETUAL are not known"),
        (perpetual("BTC", 0.00001), "smaller than half a step of 10"),
        (put("BTC-29MAY26-60000-P", 1.0, 9.0, venue="bybit"), "no option of Deribit"),
        (put("BTC-29MAY26-61000-P", 1.0, 9.0), "no option of Deribit"),
        (put("AAPL", 1.0, 9.0), "no option of Deribit"),
        (put("", 0.25, 9.0, lot=0.1), "whole number of steps of 0.1"),
        (put("", -1.0, 0.004), "less than one tick"),
    ],
)
def test_what_the_exchange_would_refuse_is_refused_here(leg, message):
    with pytest.raises(InputError, match=message):
        deribit.orders([leg])


@pytest.mark.parametrize("row", [{"instrument_name": "BTC-PERPETUAL"}, {}, 5])
def test_a_row_without_ticks_is_an_error_of_ours(row):
    with pytest.raises(InputError, match="get_instruments cannot be read"):
        deribit.orders([perpetual("BTC", 1.0)], instruments=[row])
    with pytest.raises(InputError, match="time_in_force must be one of good_til_cancelled"):
        deribit.orders([perpetual("BTC", 1.0)], time_in_force="forever")


def test_the_command_writes_the_ticket(tmp_path, sample, capsys):
    book, chain, made = (tmp_path / name for name in ("book.toml", "chain.csv", "ticket.json"))
    book.write_text('[[holdings]]\nasset = "BTC"\nkind = "spot"\nquantity = 25\n')
    write_chain(sample, chain)
    asked = ["--chain", str(chain), "--delta", "8:12", "--max-legs", "1", "--json", "-"]
    assert cli.main(["plan", str(book), *asked, "--ticket", str(made)]) == 0
    saved, said = json.loads(capsys.readouterr().out), json.loads(made.read_text())
    assert said["plan"] == saved["id"]
    assert [order["limit_price"] for order in said["orders"]] == [o["limit_price"] for o in saved["orders"]]


def test_the_command_refuses_a_ticket_it_cannot_write_before_it_plans(tmp_path, capsys):
    missing = str(tmp_path / "missing" / "ticket.json")
    assert cli.main(["plan", "none.toml", "--chain", "none.csv", "--delta", "8:12", "--ticket", missing]) == 2
    assert "cannot be written" in capsys.readouterr().err
