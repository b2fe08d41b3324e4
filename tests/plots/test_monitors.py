"""The waterfall of a P&L draws the numbers that the explanation has."""

from __future__ import annotations

import itertools

import matplotlib.pyplot as plt
import pytest
from cases.later import later

from hedging import samples
from hedging.book.book import Book, Holding
from hedging.market.contracts import ContractTerms, Option
from hedging.monitor import explain
from hedging.plots import explanation


@pytest.mark.parametrize("numeraire", ["USD", "BTC"])
def test_the_waterfall_adds_up_to_the_whole(numeraire):
    chain = samples.chain()
    put = Option("BTC", "p", 70_000, chain.expiries["expiry"].iloc[4], ContractTerms(settlement="coin"))
    book = Book([Holding.spot("BTC", 25), Holding(put, 20)], numeraire=numeraire)
    found = explain(book, chain, later(chain, 2.0, 0.1))
    axes = found.plot()
    bars = [bar for bar in axes.patches if bar.get_height()]
    assert bars[-1].get_height() == pytest.approx(found.total)
    assert sum(bar.get_height() for bar in bars[:-1]) == pytest.approx(found.total, rel=1e-2)
    assert [label.get_text() for label in axes.get_xticklabels()][-1] == "P&L"
    assert numeraire in axes.get_ylabel()
    for before, after in itertools.pairwise(bars[:-1]):
        assert after.get_y() == pytest.approx(before.get_y() + before.get_height())
    plt.close(axes.figure)
    _, own = plt.subplots()
    assert explanation(found, ax=own) is own
    plt.close(own.figure)
