"""What options on shares bring with them, worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from cases.markets import flat_chain

from hedging import Book, Holding, OptionChain
from hedging.book import option_leg
from hedging.book.delivery import delivery_remarks, expected_dividends
from hedging.market import CASH_EQUITY

SHARES = Book([Holding.spot("XYZ", 1_050)])


def stock(**changes) -> OptionChain:
    """Shares at 100, options of 3 and 30 days from 6 February 2026."""
    made = flat_chain("cash", asset="XYZ", days=(3.0, 30.0), half_spread=0.02)
    return replace(made, terms=CASH_EQUITY, **changes)


def leg(chain: OptionChain, flag: str, strike: float, contracts: float, days: float = 30.0):
    q = chain.quotes
    there = (q["flag"] == flag) & (q["strike"] == strike) & (q["time_to_expiry"] * 365 - days).abs().lt(0.1)
    return option_leg(chain, q.loc[there, "symbol"].iloc[0], contracts)


def test_shares_that_change_hands_and_those_too_few_for_a_contract() -> None:
    chain = stock()
    legs = [leg(chain, "p", 90.0, 10), leg(chain, "c", 110.0, -7), leg(chain, "p", 80.0, -2)]
    delivered, odd, *_ = delivery_remarks(SHARES, legs, chain)
    assert "100 shares a contract" in delivered
    assert "puts bought sell 1,000 shares, calls sold sell 700 shares, puts sold buy 200 shares" in delivered
    assert odd.startswith("50 of 1,050 XYZ are an odd lot")


def test_a_short_call_over_an_ex_date_is_told_with_date_and_amount() -> None:
    chain = stock(dividends={"2026-02-20": 0.5, "2026-03-30": 0.5, "2026-01-05": 0.5})
    remark = delivery_remarks(SHARES, [leg(chain, "c", 110.0, -10)], chain)[2]
    assert "are short over an ex-dividend of 0.5 a share on 2026-02-20" in remark
    assert "in the money by then with less time value than that" in remark
    assert "1,000 shares with 500 USD of dividends" in remark
    assert not any(
        "ex-dividend" in each for each in delivery_remarks(SHARES, [leg(chain, "c", 110.0, 10)], chain)
    )
    short = [leg(chain, "c", 110.0, -10, days=3.0)]  # expires before the ex-date
    assert not any("ex-dividend" in each for each in delivery_remarks(SHARES, short, chain))


def test_deep_in_the_money_it_is_likely() -> None:
    chain = stock(dividends={"2026-02-20": 0.5})
    sold = leg(chain, "c", 70.0, -10)
    left = chain.row(sold.instrument.symbol)["mark"] - 30.0
    assert 0.0 < left < 0.5
    remark = delivery_remarks(SHARES, [sold], chain)[2]
    assert f"at {left:,.4g} of time value they are likely to be assigned the evening before" in remark


def test_calls_that_are_held_short_count_too() -> None:
    chain = stock(dividends={"2026-02-20": 0.5})
    sold = leg(chain, "c", 110.0, -10)
    held = Book([*SHARES.holdings, Holding(sold.instrument, -10, 1.0)])
    assert any("ex-dividend" in each for each in delivery_remarks(held, [], chain))


def test_dividends_that_nobody_gave_are_what_forwards_lose() -> None:
    chain = stock()
    later = chain.quotes["time_to_expiry"] * 365 > 10
    quotes = chain.quotes.assign(forward=chain.quotes["forward"].where(~later, 99.2))
    found = expected_dividends(replace(chain, quotes=quotes))
    assert found["amount"].tolist() == pytest.approx([0.8])
    assert found["after"].iloc[0] == pd.Timestamp("2026-02-09T08:00Z")
    assert found["until"].iloc[0] == pd.Timestamp("2026-03-08T08:00Z")
    assert expected_dividends(chain).empty


def test_nothing_of_european_options() -> None:
    chain = replace(stock(), terms=replace(CASH_EQUITY, exercise="european"))
    assert delivery_remarks(SHARES, [leg(chain, "c", 110.0, -10)], chain) == ()
