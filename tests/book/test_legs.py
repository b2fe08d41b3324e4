"""Orders at executable prices: which side, which fee, what is gone for good."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from cases.markets import flat_chain

from hedging import InputError, Option, OptionChain, Perpetual, Spot
from hedging.book.legs import (
    Cost,
    Leg,
    cost_of,
    crossing_cost,
    legs_of,
    option_leg,
    orders_frame,
    outright_leg,
)
from hedging.market.contracts import FeeRule

PUT = "BTC-27MAR26-60000-P"


def test_a_buy_is_at_the_ask_and_a_sale_at_the_bid(sample: OptionChain) -> None:
    row = sample.row(PUT)
    buy, sale = option_leg(sample, PUT, 2.0), option_leg(sample, PUT, -2.0)
    assert (buy.side, buy.price, sale.side, sale.price) == ("buy", row["ask"], "sell", row["bid"])
    for leg in (buy, sale):
        assert leg.half_spread >= (row["ask"] - row["bid"]) / 2
        assert leg.fee == pytest.approx(min(0.0003 * 70_000.0, 0.125 * leg.price))
    # As the venue shows it, to the last digit: a limit beside the tick is refused there.
    assert (buy.quoted_price, buy.quote_unit) == (row["ask_quoted"], "BTC")


def test_every_limit_price_is_exactly_the_quote(sample: OptionChain) -> None:
    for symbol, ask in zip(sample.quotes["symbol"], sample.quotes["ask_quoted"], strict=True):
        assert option_leg(sample, symbol, 0.1).quoted_price == ask


def test_crossing_costs_half_the_spread_or_the_distance_to_the_mark() -> None:
    # Around the mark; mark beyond the quote; one side missing; no mark; nothing known.
    nan = math.nan
    found = crossing_cost(
        [11.0, 11.0, 11.0, 11.0, 11.0], [9.0, 9.0, nan, 9.0, nan], [11.0] * 5, [10.0, 8.0, 10.5, nan, nan]
    )
    np.testing.assert_array_equal(found, [1.0, 3.0, 0.5, 1.0, nan])


def test_cost_counts_units_and_a_premium_received_is_negative() -> None:
    chain = flat_chain("cash", half_spread=0.02)
    symbol = chain.quotes["symbol"].iloc[0]
    buy, sale = option_leg(chain, symbol, 3.0), option_leg(chain, symbol, -1.0)
    cost = cost_of([buy, sale], carry=7.0)
    assert cost.premium == pytest.approx(3.0 * buy.price - sale.price)
    assert cost.half_spread == pytest.approx(3.0 * buy.half_spread + sale.half_spread)
    assert cost.execution == pytest.approx(cost.half_spread + cost.fees + 7.0)
    assert Cost(1.0, 2.0, 3.0, 4.0) + Cost(1.0, 1.0, 1.0, 1.0) == Cost(2.0, 3.0, 4.0, 5.0)


def test_spot_costs_no_premium_and_stands_half_a_spread_away() -> None:
    buy = outright_leg(Spot("BTC"), 100.0, 2.0, half_spread=0.01, fee=FeeRule(0.001))
    sale = outright_leg(Perpetual("BTC"), 100.0, -2.0, half_spread=0.01, fee=FeeRule(0.001))
    assert (buy.price, sale.price) == (101.0, 99.0)
    assert (buy.fee, sale.fee) == (pytest.approx(0.101), pytest.approx(0.099))
    assert cost_of([buy, sale]).premium == 0.0
    assert (buy.pays_coin, sale.pays_coin) == (False, True)
    assert (sale.quoted_price, sale.quote_unit) == (99.0, "money")


@pytest.mark.parametrize(
    ("symbol", "quantity", "message"),
    [
        (PUT, 0.25, r"must be whole lots of 0\.1; got 0\.25"),
        (PUT, 0.0, "must be whole lots"),
        (PUT, math.nan, "must be whole lots"),
        ("BTC-27MAR26-60001-P", 1.0, "has no quote of 'BTC-27MAR26-60001-P'; close to it"),
    ],
)
def test_orders_nobody_could_give_are_refused(
    sample: OptionChain, symbol: str, quantity: float, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        option_leg(sample, symbol, quantity)


def test_a_missing_side_is_named(sample: OptionChain) -> None:
    unbid = sample.quotes.loc[sample.quotes["bid"].isna(), "symbol"].iloc[0]
    option_leg(sample, unbid, 1.0)
    with pytest.raises(InputError, match=f"{unbid} has no bid"):
        option_leg(sample, unbid, -1.0)


@pytest.mark.parametrize(("quantity", "alone"), [(1.0, "an ask"), (-1.0, "a bid")])
def test_a_quote_that_stands_alone_has_no_known_cost(
    sample: OptionChain, quantity: float, alone: str
) -> None:
    quotes = sample.quotes.copy()
    here = quotes["symbol"] == PUT
    quotes.loc[here, ["bid" if quantity > 0 else "ask", "mark"]] = np.nan
    with pytest.raises(InputError, match=f"{PUT} shows {alone} alone, neither the other side nor a mark"):
        option_leg(replace(sample, quotes=quotes), PUT, quantity)


def test_the_ticket_says_everything_per_order(sample: OptionChain) -> None:
    legs = [
        option_leg(sample, PUT, 2.5),
        outright_leg(Spot("BTC"), 70_000.0, -1.0, half_spread=1e-4, fee=FeeRule()),
    ]
    ticket = orders_frame(legs)
    assert ticket["side"].tolist() == ["buy", "sell"]
    assert ticket["quantity"].tolist() == [2.5, 1.0]
    assert ticket["quote_unit"].tolist() == ["BTC", "money"]
    assert ticket["limit_price_money"].tolist() == [leg.price for leg in legs]
    assert ticket[["half_spread", "fees", "premium"]].sum().tolist() == pytest.approx(
        [cost_of(legs).half_spread, cost_of(legs).fees, cost_of(legs).premium]
    )
    assert list(orders_frame([]).columns) == list(ticket.columns)


def test_prices_print_with_all_their_digits() -> None:
    chain = flat_chain("cash", asset="XRP_USDC", spot=1.3, strikes=(1.2, 1.3, 1.4))
    item = chain.option(chain.quotes["symbol"].iloc[0])
    assert isinstance(item, Option)
    assert Leg(item, 1.0, 0.0345, 0.0, 0.0, 1.3).price_text == "0.0345"
    assert Leg(Spot("BTC"), 1.0, 64_767.5, 0.0, 0.0, 1.0).price_text == "64,767.5"


def test_legs_come_from_an_overlay_a_list_or_nothing(sample: OptionChain) -> None:
    leg = option_leg(sample, PUT, 1.0)

    class Plan:
        legs = (leg,)

    assert legs_of(None) == ()
    assert legs_of([leg]) == legs_of(Plan()) == (leg,)
