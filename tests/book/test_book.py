from __future__ import annotations

import copy
import math
import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import hedging as hg
from hedging import Book, Exposure, Holding, InputError, Market, OptionChain, samples
from hedging.book.legs import Leg, cost_of, option_leg
from hedging.market.contracts import ContractTerms, FeeRule, Future, Instrument, Option, Perpetual, Spot
from hedging.paths.paths import grid

EXPIRY = pd.Timestamp("2026-03-27T08:00Z")


def put(settlement: str, multiplier: float = 1.0) -> Option:
    terms = ContractTerms(settlement=settlement, multiplier=multiplier, lot=0.1)  # type: ignore[arg-type]
    return Option("BTC", "p", 60_000.0, EXPIRY, terms)


def leg(instrument: object, quantity: float, price: float, fee: float = 0.0) -> Leg:
    return Leg(instrument, quantity, price, half_spread=0.0, fee=fee, spot=70_000.0)  # type: ignore[arg-type]


def test_spot_book_is_worth_quantity_times_spot_plus_cash(market: Market) -> None:
    book = Book(Holding.spot("BTC", 25, entry=88_000), cash=500.0)
    assert book.value(market) == pytest.approx(25 * market.spot + 500.0, rel=1e-15)
    exposure = book.exposure(market)
    assert (exposure.delta, exposure.gamma, exposure.vega) == (25.0, 0.0, 0.0)
    assert exposure.delta_value == 25 * market.spot


def test_perpetual_is_worth_its_gain_since_entry(market: Market) -> None:
    book = Book(Holding.perpetual("BTC", -2, entry=80_000))
    assert book.value(market) == pytest.approx(-2 * (market.spot - 80_000))
    assert book.exposure(market).delta == -2.0


def test_inverse_perpetual_in_money_is_the_exchange_formula_in_coin(market: Market) -> None:
    # Deribit: a position of A USD gains A (1/entry - 1/exit) coins, which are worth exit each.
    entry, amount = 80_000.0, 160_000.0
    book = Book(Holding.perpetual("BTC", amount / entry, entry))
    down = grid([-0.3])
    exit_price = 0.7 * market.spot
    expected = amount * (1 / entry - 1 / exit_price) * exit_price
    assert book.values(market, down)[0, 0, 0] == pytest.approx(expected, rel=1e-12)


def test_coin_premium_leaves_the_coin_balance() -> None:
    book = Book(Holding.spot("BTC", 10), cash=1_000.0) + [leg(put("coin"), 2.0, 700.0, fee=21.0)]
    spot, option = book.holdings
    # Two puts at 0.01 coin each and a fee of 0.0003 coin each, paid from ten coins.
    assert spot.quantity == pytest.approx(10 - 2 * (0.01 + 0.0003), rel=1e-15)
    assert (option.quantity, option.entry, book.cash) == (2.0, 700.0, 1_000.0)


def test_cash_premium_leaves_cash_and_counts_the_multiplier() -> None:
    book = Book(cash=1_000.0) + [leg(put("cash", multiplier=10.0), -0.5, 7.0, fee=0.25)]
    assert book.cash == pytest.approx(1_000.0 + 5 * 7.0 - 5 * 0.25)
    assert book.holdings[0].units == -5.0


def test_trading_and_closing_leaves_only_the_costs() -> None:
    start = Book(Holding.spot("BTC", 10))
    end = (
        start
        + [leg(put("coin"), 0.3, 700.0)]
        + [leg(put("coin"), -0.1, 700.0)]
        + [leg(put("coin"), -0.2, 700.0)]
    )
    assert len(end.holdings) == 1
    assert end.holdings[0].quantity == pytest.approx(10.0, rel=1e-15)


def test_selling_spot_turns_coins_into_cash() -> None:
    book = Book(Holding.spot("BTC", 10)) + [leg(Spot("BTC"), -4.0, 69_000.0, fee=10.0)]
    assert book.holdings[0].quantity == 6.0
    assert book.cash == pytest.approx(4 * 69_000.0 - 40.0)


def test_perpetuals_of_different_entries_stay_apart() -> None:
    book = Book(Holding.perpetual("BTC", 1.0, 80_000.0)) + [leg(Perpetual("BTC"), -1.0, 70_000.0)]
    assert [holding.entry for holding in book.holdings] == [80_000.0, 70_000.0]


def test_value_after_a_trade_falls_by_exactly_its_cost(market: Market, sample: OptionChain) -> None:
    book = Book(Holding.spot("BTC", 25))
    symbol = str(
        sample.quotes[(sample.quotes["flag"] == "p") & sample.quotes["ask"].notna()]["symbol"].iloc[20]
    )
    order = option_leg(sample, symbol, 3.0)
    row = sample.row(symbol)
    paid = 3.0 * (row["ask"] - row["mark"] + order.fee)
    change = (book + [order]).value(market) - book.value(market)
    assert change == pytest.approx(-paid, rel=1e-6)


def test_worked_example_of_coin_premium_delta() -> None:
    # Deribit's account numbers: 10 BTC, 10 puts of delta -0.61575 at 0.2843 coin: 0.9995 coins of USD delta.
    bought = Book(Holding.spot("BTC", 10)) + [leg(put("coin"), 10.0, 0.2843 * 70_000.0)]
    coins = bought.holdings[0].units
    assert coins == pytest.approx(7.157, rel=1e-12)
    assert coins + 10 * -0.61575 == pytest.approx(0.9995, abs=1e-12)


def test_what_rounding_leaves_of_a_vega_that_is_hedged_is_none(sample: OptionChain) -> None:
    """Sold calls and as much vega bought elsewhere; a millionth part of a contract more is no rounding."""
    sold = Holding.option("BTC", "call", 80_000, "2026-03-27", -10)
    other = Holding.option("BTC", "put", 60_000, "2026-03-27", 1)
    per_unit = Book([other]).exposure(sample).vega
    for size in np.arange(0.1, 60.0, 0.7):
        short = replace(sold, quantity=-float(size))
        needed = -Book([short]).exposure(sample).vega / per_unit
        found = Book([short, replace(other, quantity=needed)]).exposure(sample)
        assert str(found.vega) == "0.0"
        more = Book([short, replace(other, quantity=needed + 1e-6)]).exposure(sample)
        assert more.vega == pytest.approx(1e-6 * per_unit, rel=1e-3)


def test_exposures_of_one_underlying_add_and_of_two_do_not() -> None:
    one = Exposure("BTC", 70_000.0, value=1.0, delta=2.0, vega=3.0)
    assert (one + one) == Exposure("BTC", 70_000.0, value=2.0, delta=4.0, vega=6.0)
    with pytest.raises(InputError, match="only exposures of one underlying"):
        one + Exposure("ETH", 2_000.0)


def test_exposure_by_expiry_sums_to_the_whole(market: Market, sample: OptionChain) -> None:
    symbols = sample.quotes["symbol"].iloc[[5, 60, 120]]
    options = [Holding(sample.option(str(s)), q) for s, q in zip(symbols, (1.0, -2.0, 3.0), strict=True)]
    book = Book(Holding.spot("BTC", 25), options)
    table = book.exposure_by_expiry(market)
    whole = book.exposure(market).to_dict()
    assert pd.isna(table.index[0])
    for column in ("value", "delta", "gamma", "vega", "theta"):
        assert_allclose(table[column].sum(), whole[column], rtol=1e-12)


def test_delta_and_gamma_are_the_slopes_of_the_value(market: Market, sample: OptionChain) -> None:
    symbols = sample.quotes["symbol"].iloc[[40, 90, 121]]
    book = Book(Holding.spot("BTC", 5), [Holding(sample.option(str(s)), 2.0) for s in symbols])
    h = 1e-4
    # The forward moves with spot and each strike keeps its vol: the setting of the Black-Scholes Greeks.
    paths = grid([-h, 0.0, h], stickiness=1.0)
    value = book.values(market, paths)[:, 0].sum(axis=1)
    exposure = book.exposure(market)
    assert (value[2] - value[0]) / (2 * h * market.spot) == pytest.approx(exposure.delta, rel=1e-5)
    second = (value[2] - 2 * value[1] + value[0]) / (h * market.spot) ** 2
    assert second == pytest.approx(exposure.gamma, rel=1e-3)


def test_the_total_is_the_sum_of_what_each_holding_is_worth(market: Market, sample: OptionChain) -> None:
    """Also where a contract is held twice, entries differ, and expiries lie before, between and after the dates."""
    options = [sample.option(name) for name in sample.quotes["symbol"][::40]]
    book = Book(
        Holding.spot("BTC", 2.0),
        Holding.perpetual("BTC", -1.0, entry=70_000.0),
        Holding.perpetual("BTC", 3.0, entry=90_000.0),
        *(Holding(option, size) for option in options for size in (0.3, -0.1)),
    )
    paths = grid([-0.6, -0.1, 0.0, 0.7], [-0.2, 0.1], days=[0.0, 3.0, 40.0, 400.0])
    each = book.values(market, paths)
    assert each.shape == (8, 4, 3 + 2 * len(options))
    assert_allclose(book.total(market, paths), each.sum(axis=2), rtol=1e-12)
    assert_allclose(Book().total(market, paths), np.zeros((8, 4)), rtol=0)


def test_another_asset_needs_its_own_chain(market: Market) -> None:
    book = Book(Holding.spot("BTC", 1), Holding.spot("ETH", 1))
    with pytest.raises(InputError, match="the book holds ETH, but the chain is BTC"):
        book.value(market)


@pytest.mark.parametrize("quantity", [math.nan, math.inf, -1e300])
def test_a_holding_is_a_finite_number(quantity: float) -> None:
    with pytest.raises(InputError, match="quantity of BTC must be a number of at most"):
        Holding.spot("BTC", quantity)


def test_a_perpetual_needs_its_entry() -> None:
    with pytest.raises(InputError, match="BTC-PERPETUAL needs its entry price"):
        Holding.perpetual("BTC", 1.0, math.nan)


def test_option_fee_is_capped_by_the_premium(sample: OptionChain) -> None:
    # Deribit: 0.0003 coin, capped at 12.5 % of the premium: a premium of 0.0001 pays 0.0000125.
    assert float(FeeRule(0.0003, 0.125).per_unit(0.0001, 1.0)) == pytest.approx(0.0000125, rel=1e-15)
    order = option_leg(sample, str(sample.quotes["symbol"].iloc[40]), 1.0)
    assert order.fee == pytest.approx(min(0.0003 * sample.spot, 0.125 * order.price), rel=1e-15)


@pytest.mark.parametrize("quantity", [0.0, 0.05, math.nan])
def test_orders_are_whole_lots(sample: OptionChain, quantity: float) -> None:
    with pytest.raises(InputError, match=r"must be whole lots of 0\.1"):
        option_leg(sample, str(sample.quotes["symbol"].iloc[40]), quantity)


def test_a_missing_quote_cannot_be_traded(sample: OptionChain) -> None:
    unbid = sample.quotes.loc[sample.quotes["bid"].isna(), "symbol"]
    assert len(unbid), "the sample has options without a bid"
    with pytest.raises(InputError, match="has no bid"):
        option_leg(sample, str(unbid.iloc[0]), -1.0)


def test_costs_split_and_add(sample: OptionChain) -> None:
    orders = [
        option_leg(sample, str(s), q)
        for s, q in zip(sample.quotes["symbol"].iloc[[40, 41]], (2.0, -1.0), strict=True)
    ]
    total = cost_of(orders, carry=5.0)
    assert total.premium == pytest.approx(2 * orders[0].price - orders[1].price)
    assert total.execution == pytest.approx(
        sum(abs(o.quantity) * (o.half_spread + o.fee) for o in orders) + 5.0
    )
    assert total == cost_of(orders[:1], carry=5.0) + cost_of(orders[1:])


def test_ticket_quotes_coin_and_money(sample: OptionChain) -> None:
    symbol = str(sample.quotes["symbol"].iloc[40])
    ticket = hg.book.orders_frame([option_leg(sample, symbol, 1.0)])
    row = sample.row(symbol)
    assert ticket.loc[0, "limit_price"] == pytest.approx(row["ask_quoted"], rel=1e-15)
    assert ticket.loc[0, "limit_price_money"] == row["ask"]
    assert ticket.loc[0, "quote_unit"] == "BTC"


def test_a_book_is_immutable_and_flat() -> None:
    book = Book([Holding.spot("BTC", 1)], Holding.spot("ETH", 2))
    assert book.assets == ("BTC", "ETH")
    assert book.holdings[0].entry is None
    with pytest.raises(AttributeError):
        book.cash = 5.0  # type: ignore[misc]
    with pytest.raises(InputError, match="a book holds Holding values"):
        Book("BTC")  # type: ignore[arg-type]


FRIDAY = pd.Timestamp("2026-06-26T08:00Z")


@pytest.mark.parametrize("entry", [None, math.nan, 0.0, 88_000.0])
@pytest.mark.parametrize(
    "instrument",
    [
        Spot("BTC"),
        Option("BTC", "p", 60_000.0, FRIDAY, ContractTerms(settlement="coin")),
        Perpetual("BTC", "coin"),
        Future("BTC", FRIDAY, "cash"),
    ],
)
def test_a_holding_equals_itself_and_its_copy(instrument: Instrument, entry: float | None) -> None:
    unknown = entry is None or math.isnan(entry)
    if unknown and isinstance(instrument, Perpetual | Future):
        with pytest.raises(InputError, match="needs its entry price"):
            Holding(instrument, 2.0, entry)
        return
    one, again = (Holding(instrument, 2.0, entry) for _ in range(2))
    assert one.entry is None if unknown else one.entry == entry
    assert one == again == pickle.loads(pickle.dumps(one))
    assert len({one, again}) == 1
    assert Book(one) == Book(copy.deepcopy(one))
    assert math.isnan(Book(one).to_frame()["entry"].iloc[0]) == unknown


def test_an_unknown_entry_prices_as_any(sample: OptionChain, market: Market) -> None:
    option = sample.option(str(sample.quotes["symbol"].iloc[40]))
    spot = Spot(market.asset)
    books = [Book(Holding(option, 2.0, paid), Holding(spot, 3.0, paid)) for paid in (None, 100.0)]
    assert books[0].exposure(market) == books[1].exposure(market)
    assert (books[0].values(market, grid([-0.1, 0.1])) == books[1].values(market, grid([-0.1, 0.1]))).all()


def test_a_numeraire_that_nothing_is_priced_in_is_named(market: Market) -> None:
    for numeraire in ("USD", "BTC"):
        assert Book(Holding.spot("BTC", 1.0), numeraire=numeraire).value(market) == market.spot
    with pytest.raises(
        InputError, match=r"numeraire must be USD or an asset of the chain \(BTC\); got 'BCT'"
    ):
        Book(Holding.spot("BTC", 1.0), numeraire="BCT").value(market)


def test_shares_are_of_the_value_owned_or_else_of_the_notional(market: Market) -> None:
    owned = Book(Holding.spot("BTC", 2.0), Holding.perpetual("BTC", 1.0, 80_000.0), cash=5_000.0)
    assert owned.base(market) == (pytest.approx(2 * 70_000 - 10_000 + 5_000), "book value")
    # A perpetual is worth its gain alone, here nothing: a share of that would be no share.
    pair = Book(Holding.perpetual("BTC", 3.0, 70_000.0), Holding.perpetual("BTC", -1.0, 60_000.0))
    assert pair.base(market) == (4 * 70_000.0, "gross notional")
    ruined = Book(Holding.spot("BTC", 2.0), cash=-1e6)
    assert ruined.base(market) == (2 * 70_000.0, "gross notional")
    with pytest.raises(InputError, match="nothing to hedge"):
        Book(Holding.spot("BTC", 0.0)).base(market)


def test_position_counts_options_only_where_nothing_else_is_held() -> None:
    option = Holding.option("BTC", "p", 60_000.0, EXPIRY, -4.0)
    assert Book(option).position("BTC") == 4.0
    assert Book(option, Holding.perpetual("BTC", -3.0, 70_000.0)).position("BTC") == 3.0
    assert Book(option).position("ETH") == 0.0


def test_an_exposure_names_its_currency_and_its_asset() -> None:
    found = samples.book().exposure(samples.chain())
    text = repr(found + found)
    assert "Exposure to BTC at 70,000 USD" in text
    assert "USD per vol point" in text
    assert "money" not in text
    ends = {len(line.split("  USD")[0]) for line in text.splitlines()[2:] if "  USD" in line}
    assert len(ends) == 1  # numbers stand at the right
    assert set(found.to_dict()) == set(found.to_frame()["name"]) | {"spot"}


@pytest.mark.parametrize("several", [lambda one: {"BTC": one}, lambda one: [one], lambda one: (one, one)])
def test_several_markets_where_one_is_wanted_are_told_which_to_pass(market: Market, several: object) -> None:
    given, held, still = several(market), Book(Holding.spot("BTC", 25)), grid([0.0])  # type: ignore[operator]
    for call in (
        lambda: held.values(given, still),
        lambda: held.total(given, still),
        lambda: held.exposure(given),
        lambda: held.exposure_by_expiry(given),
        lambda: hg.overlays.of_contracts(given, {"BTC-27MAR26-62000-P": 1.0}),
        lambda: hg.overlays.over_strikes("protective put", held, given, strikes=[0.9]),
    ):
        with pytest.raises(InputError, match="one is wanted here: pass that of BTC"):
            call()


def test_a_chain_values_a_book_as_its_market_does() -> None:
    held, still = Book(Holding.spot("BTC", 25)), grid([-0.1])
    chain = samples.chain()
    assert held.values(chain, still).item() == held.total(chain, still).item() == 25 * 0.9 * chain.spot
