"""How well gamma and vega can be hedged together with the options at hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases.planner import COIN, small_chain

from hedging import samples
from hedging.book.book import Book, Holding
from hedging.market.contracts import Option
from hedging.market.market import Market
from hedging.planner import (
    conditioning,
)

BOOK, CHAIN = samples.book(), samples.chain()


def options_of(chain, symbols) -> list[Option]:
    return [chain.option(symbol) for symbol in symbols]


def flat(chain, vols: list[float]):
    return replace(chain, quotes=chain.quotes.assign(mark_vol=vols))


def test_gamma_and_vega_within_one_expiry_take_ever_more_as_the_vols_agree():
    """vega = gamma S² vol T: ten times less difference in vol takes ten times the position."""
    held = Holding.option(
        "BTC", "c", 100.0, small_chain([("c", 101.0, 30)]).quotes["expiry"].iloc[0], 10.0, terms=COIN
    )
    gross = []
    for difference in (0.02, 0.002, 0.0002):
        chain = small_chain([("p", 95.0, 91), ("c", 105.0, 91), ("c", 101.0, 30)])
        rows = chain.quotes
        far = rows["time_to_expiry"] > 0.2
        vols = np.where(far, 0.6 + difference * (rows["strike"] > 100), 0.6)
        market = Market.of(flat(chain, list(vols)))
        report = conditioning(Book([held]), market, options_of(market.chain, rows["symbol"][far]))
        assert max(abs(left) for left in report.residual.values()) < 1e-6
        gross.append(report.gross)
    assert gross[1] / gross[0] == pytest.approx(10.0, rel=0.1)
    assert gross[2] / gross[1] == pytest.approx(10.0, rel=0.02)
    assert "another expiry" in report.message


def test_two_expiries_hedge_gamma_and_vega_in_ordinary_size():
    chain = small_chain([("c", 101.0, 14), ("c", 101.0, 30), ("c", 101.0, 91)])
    market = Market.of(chain)
    held = Book([Holding.option("BTC", "c", 101.0, chain.quotes["expiry"].iloc[1], 10.0, terms=COIN)])
    symbols = chain.quotes["symbol"].iloc[[0, 2]]
    report = conditioning(held, market, options_of(chain, symbols))
    assert report.condition < 10
    assert report.gross < 25
    assert "well conditioned" in report.message


def test_equal_vols_in_one_expiry_cannot_hedge_both():
    chain = flat(small_chain([("p", 95.0, 91), ("c", 105.0, 91)]), [0.6, 0.6])
    report = conditioning(BOOK, Market.of(chain), options_of(chain, chain.quotes["symbol"]))
    assert report.condition > 1e8 or np.isinf(report.condition)
