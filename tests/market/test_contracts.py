"""Terms of what is held: names, ticks, fees, and what is refused."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest

from hedging import ContractTerms, Future, Holding, InputError, Market, Option, Perpetual, Spot, samples
from hedging.market.contracts import CASH_EQUITY, FeeRule, option_symbol

EXPIRY = pd.Timestamp("2026-03-27T08:00Z")


@pytest.mark.parametrize(
    ("item", "symbol"),
    [
        (Spot("BTC"), "BTC"),
        (Perpetual("SOL_USDC", "cash"), "SOL_USDC-PERPETUAL"),
        (Future("BTC", EXPIRY), "BTC-27MAR26"),
        (Option("BTC", "p", 70_000.0, pd.Timestamp("2026-03-05T08:00Z")), "BTC-5MAR26-70000-P"),
        (Option("BTC", "c", 70_000.0, EXPIRY, venue_symbol="BTC-27MAR26-70000-C-USDT"), "BTC-27MAR26-70000-C-USDT"),
    ],
)  # fmt: skip
def test_names_are_those_of_the_exchange(item, symbol) -> None:  # type: ignore[no-untyped-def]
    assert item.symbol == symbol


@pytest.mark.parametrize(
    ("strike", "text"), [(1.325, "1d325"), (0.85, "0d85"), (1e6, "1000000"), (6.5, "6d5")]
)
def test_a_decimal_point_is_written_d(strike: float, text: str) -> None:
    assert option_symbol("XRP_USDC", EXPIRY, strike, "c") == f"XRP_USDC-27MAR26-{text}-C"


def test_fee_is_a_rate_of_the_underlying_capped_by_the_premium() -> None:
    # Deribit: 0.03 % of the underlying, at most 12.5 % of the option's price.
    deribit = FeeRule(0.0003, 0.125)
    assert float(deribit.per_unit(0.05, 1.0)) == 0.0003
    assert float(deribit.per_unit(0.0001, 1.0)) == pytest.approx(0.0000125)
    # Bybit's page: 0.3 BTC at 3,000 with the index at 42,000 costs 3.78.
    assert 0.3 * float(deribit.per_unit(3_000.0, 42_000.0)) == pytest.approx(3.78)
    np.testing.assert_array_equal(FeeRule().per_unit([1.0, 2.0], 100.0), 0.0)
    np.testing.assert_allclose(FeeRule(0.01).per_unit([0.0, 1e-9], [100.0, 50.0]), [1.0, 0.5])


def test_ticks_hold_from_their_price_on() -> None:
    terms = ContractTerms(ticks=((0.0, 0.0001), (0.005, 0.0005)))
    assert [terms.tick_at(price) for price in (0.0, 0.0049, 0.005, 1.0)] == [0.0001, 0.0001, 0.0005, 0.0005]


def test_a_call_gains_and_a_put_loses_with_the_price() -> None:
    assert Option("BTC", "c", 1.0, EXPIRY).sign == 1.0
    assert Option("BTC", "p", 1.0, EXPIRY).sign == -1.0
    assert CASH_EQUITY.multiplier == 100.0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ContractTerms(settlement="shares"), "settlement must be 'coin' or 'cash'; got 'shares'"),  # type: ignore[arg-type]
        (lambda: ContractTerms(multiplier=0.0), r"multiplier must be a number > 0; got 0\.0"),
        (lambda: ContractTerms(lot=math.nan), "lot must be a number > 0; got nan"),
        (lambda: ContractTerms(lot=math.inf), "lot must be a number > 0; got inf"),
        (lambda: ContractTerms(ticks=()), r"ticks must be pairs of a price and the tick > 0 .*; got \(\)"),
        (lambda: ContractTerms(ticks=((0.0, 0.0),)), "ticks must be pairs"),
        (lambda: ContractTerms(ticks=((5.0, 0.1), (0.0, 0.1))), "ascending"),
        (lambda: ContractTerms(ticks="ab"), "ticks must be pairs .* got 'ab'"),  # type: ignore[arg-type]
        (lambda: ContractTerms(fee=5), "fee must be a FeeRule; got int: 5"),  # type: ignore[arg-type]
        (lambda: FeeRule(math.nan), r"rate of a fee must be a share in \[0, 1\]; got nan"),
        (lambda: FeeRule(-0.01), r"rate of a fee must be a share in \[0, 1\]; got -0.01"),
        (lambda: FeeRule(0.0003, math.nan), "cap of a fee must be a share >= 0; got nan"),
        (lambda: Option("BTC", "straddle", 1.0, EXPIRY), "'call' or 'put'; got 'straddle'"),  # type: ignore[arg-type]
        (lambda: Option("BTC", "c", 0.0, EXPIRY), r"strike must be a number > 0; got 0\.0"),
        (lambda: Option("BTC", "c", math.nan, EXPIRY), "strike must be a number > 0; got nan"),
        (lambda: Option("BTC", "c", 1e-320, EXPIRY), r"> 0, 1e-15 to 1e\+15; got 1e-320"),
        (lambda: Option("BTC", "c", 1e300, EXPIRY), r"> 0, 1e-15 to 1e\+15; got 1e\+300"),
    ],
)  # fmt: skip
def test_impossible_terms_are_refused(make, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=message):
        make()


def test_terms_are_values() -> None:
    option = Option("BTC", "c", 70_000.0, EXPIRY)
    assert option == Option("BTC", "c", 70_000.0, EXPIRY)
    assert len({option, Option("BTC", "c", 70_000.0, EXPIRY)}) == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        option.strike = 1.0  # type: ignore[misc]


def test_exercise_is_a_term_that_is_shown_and_can_be_changed() -> None:
    assert ContractTerms().exercise == "european"
    assert CASH_EQUITY.exercise == "american"
    with pytest.raises(InputError, match="exercise must be 'european' or 'american'; got 'bermudan'"):
        ContractTerms(exercise="bermudan")  # type: ignore[arg-type]
    chain = samples.chain()
    assert "european exercise" in repr(chain)
    assert "american exercise" in repr(chain.with_terms(exercise="american"))


def test_a_bare_date_of_a_us_option_is_the_close_in_new_york() -> None:
    spx = ContractTerms(multiplier=100.0, venue="cboe")
    for terms in (CASH_EQUITY, spx):
        assert Option("SPY", "p", 400.0, "2026-03-27", terms).expiry == pd.Timestamp("2026-03-27T20:00Z")
        assert Option("SPY", "p", 400.0, "2026-01-16", terms).expiry == pd.Timestamp("2026-01-16T21:00Z")
        said = pd.Timestamp("2026-03-27T13:30Z")
        assert Option("SPX", "p", 400.0, said, terms).expiry == said
    assert Option("BTC", "p", 4e4, "2026-03-27").expiry == pd.Timestamp("2026-03-27T08:00Z")
    assert CASH_EQUITY.outrights == ("spot",)
    assert spx.outrights == ()


def test_a_date_is_an_expiry_wherever_its_text_is_one() -> None:
    day, text = dt.date(2026, 3, 27), "2026-03-27"
    assert Option("BTC", "p", 4e4, day) == Option("BTC", "p", 4e4, text)  # type: ignore[arg-type]
    for terms in (None, CASH_EQUITY):
        dated = Holding.option("BTC", "put", 4e4, day, 1.0, terms=terms)
        assert dated == Holding.option("BTC", "put", 4e4, text, 1.0, terms=terms)
    assert Holding.future("BTC", day, 1.0, 7e4) == Holding.future("BTC", text, 1.0, 7e4)
    smile = Market.of(samples.chain()).smile
    assert smile.vol(70_000.0, day) == smile.vol(70_000.0, text)
    assert smile.time_to(day) == smile.time_to(text)


def test_an_option_shows_its_terms_in_words() -> None:
    fee = FeeRule(0.0003, 0.125)
    terms = ContractTerms(settlement="coin", lot=0.1, ticks=((0.0, 0.0001), (0.005, 0.0005)), fee=fee)
    shown = Option("BTC", "c", 65_000.0, pd.Timestamp("2026-03-27T08:00Z"), terms)._repr_html_()
    for words in (
        "european exercise, settled in coin",
        "lots of 0.1",
        "0.03% of the underlying, at most 12.5%",
    ):
        assert words in shown
    assert "ContractTerms" not in shown
    assert "fee: none set" in str(ContractTerms())
