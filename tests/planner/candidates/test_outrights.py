"""The underlying itself is offered only where it is traded: shares of a stock, nothing of an index."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cases.markets import flat_chain

import hedging as hg
from hedging import Book, Holding, Limits, Outright, Target
from hedging.errors import InputError
from hedging.market import CASH_EQUITY

INDEX = replace(CASH_EQUITY, exercise="european", venue="cboe")


def of(terms):
    return replace(flat_chain("cash", asset="XYZ", days=(10.0, 30.0), half_spread=0.02), terms=terms)


BOOK = Book([Holding.spot("XYZ", 10_000)])


@pytest.mark.parametrize("terms", [INDEX, CASH_EQUITY])
def test_no_perpetual_is_offered_or_shown_beside(terms) -> None:
    plan = hg.plan(BOOK, of(terms), Target(delta=(6_000, 7_000)))
    assert "perpetual" not in repr(plan).lower()
    beside = {alternative.name for alternative in plan.alternatives}
    assert ("spot" in beside) == (terms is CASH_EQUITY)


def test_asking_for_what_is_not_traded_is_refused() -> None:
    for kind, terms in (("perpetual", INDEX), ("spot", INDEX), ("perpetual", CASH_EQUITY)):
        with pytest.raises(InputError, match=f"no {kind} on XYZ is traded beside its options"):
            hg.plan(BOOK, of(terms), Target(delta=(6_000, 7_000)), Limits(outright=(Outright(kind),)))
    with pytest.raises(InputError, match="no perpetual on XYZ"):
        hg.overlays.short_perpetual(BOOK, of(INDEX))
    assert "short perpetual" in hg.overlays.standard(BOOK, of(CASH_EQUITY)).refused


def test_shares_are_traded_whole_and_physical_delivery_is_told() -> None:
    limits = Limits(outright=(Outright("spot"),))
    plan = hg.plan(BOOK, of(CASH_EQUITY), Target(delta=(6_000.5, 6_001.7)), limits)
    shares = [leg.quantity for leg in plan.legs if leg.instrument.symbol == "XYZ"]
    assert all(float(quantity).is_integer() for quantity in shares)
    options = hg.plan(BOOK, of(CASH_EQUITY), Target(delta=(6_000, 7_000)))
    assert any("settled by delivery, 100 shares a contract" in remark for remark in options.remarks)
