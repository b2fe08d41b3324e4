"""Published examples and formulas of venues, by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cases.markets import flat_chain

from hedging import Book, Holding, Market, margin
from hedging.margin.venue_rules import venue_rules
from hedging.market import ContractTerms


def needed(venue: str, flag: str, strike: float) -> tuple[float, float, float, float]:
    """Initial and maintenance margin of one unit sold, its mark, and spot. [money]"""
    chain = replace(flat_chain("cash", asset="BTC"), terms=ContractTerms(settlement="cash", venue=venue))
    market = Market.of(chain)
    q = chain.quotes
    row = q[(q["flag"] == flag) & (q["strike"] == strike)].iloc[-1]
    book = Book([Holding(chain.option(row["symbol"]), -1.0, 0.0)])
    rules, _ = venue_rules(venue, "BTC", "cash")
    asked = margin.assess(book, market, rules.cash["BTC"])
    return float(asked.initial[0]), float(asked.maintenance[0]), float(row["mark"]), chain.spot


@pytest.mark.parametrize(("flag", "strike"), [("c", 110.0), ("c", 90.0), ("p", 90.0), ("p", 110.0)])
def test_what_bybit_and_okx_ask_of_one_option_sold(flag: str, strike: float) -> None:
    for venue, fee in (("bybit", 0.002), ("okx", 0.0)):
        initial, maintenance, mark, spot = needed(venue, flag, strike)
        out = max(strike - spot if flag == "c" else spot - strike, 0.0)
        kept = max(0.03 * spot, 0.03 * mark) + mark
        assert maintenance == pytest.approx(kept + fee * spot)
        asked = max(0.15 * spot - out, 0.10 * spot) + mark
        assert initial == pytest.approx(max(asked, kept) if flag == "p" else asked)


def test_bybits_own_example() -> None:
    """Max(3 % x 30,000, 3 % x 300) + 300 + 0.2 % x 30,000 = 1,260 USDC (its help, December 2023)."""
    rules, name = venue_rules("bybit", "BTC", "cash")
    rule = rules.cash["BTC"]
    assert max(rule.option_maintenance * 30_000, rule.option_maintenance * 300) + 300 + rule.liquidation_fee * 30_000 == (
        pytest.approx(1_260)
    )  # fmt: skip
    assert name.startswith("Bybit")


def test_whose_rules_stand_in_is_said() -> None:
    assert venue_rules("binance", "BTC", "cash")[1] == (
        "Deribit's standard margin, as binance's own rules are not known here"
    )
    assert venue_rules("deribit", "BTC", "coin")[1] == "Deribit's standard margin"
    assert venue_rules("okx", "ETH", "coin")[1].startswith("OKX, Option Margin")
