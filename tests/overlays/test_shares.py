"""Overlays on shares say what options on them bring: delivery by the hundred, odd lots, calls assigned for a dividend."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cases.stocks import american_chain

from hedging import Book, Holding, overlays
from hedging.market.contracts import Option

BOOK = Book(Holding.spot("XYZ", 1_050.0))


@pytest.fixture(scope="module")
def chain():
    made = american_chain(strikes=tuple(range(70, 145, 2)))
    return replace(made, dividends={"2026-02-20": 0.4})


def test_each_says_its_own_shares_odd_lot_and_assignments_once(chain) -> None:
    made = overlays.standard(BOOK, chain)
    assert {"collar", "covered call", "zero-cost collar", "seagull"} <= {each.name for each in made}
    for each in made:
        assert sum("50 of 1,050 XYZ are an odd lot" in remark for remark in each.remarks) == 1
        assert sum("settled by delivery, 100 shares a contract" in remark for remark in each.remarks) == 1
        calls = [
            leg for leg in each.legs if isinstance(leg.instrument, Option) and leg.instrument.flag == "c"
        ]
        sold = [
            f"{-leg.quantity:g} {leg.instrument.symbol} are short over" for leg in calls if leg.quantity < 0
        ]
        told = [remark for remark in each.remarks if "ex-dividend of 0.4 a share on 2026-02-20" in remark]
        assert [remark.partition(" an ex-")[0] for remark in told] == sold
        assert all(f"{abs(leg.units):,.0f} shares" in " ".join(told) for leg in calls if leg.quantity < 0)


def test_a_round_number_of_shares_has_no_odd_lot(chain) -> None:
    (put,) = overlays.protective_put(Book(Holding.spot("XYZ", 1_000.0)), chain).legs
    assert put.quantity == 10.0
    assert not any(
        "odd lot" in each
        for each in overlays.protective_put(Book(Holding.spot("XYZ", 1_000.0)), chain).remarks
    )
