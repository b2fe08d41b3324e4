"""Coins without options: valued, shocked, margined, planned over; options refused by name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hedging import (
    Book,
    Holding,
    Limits,
    Market,
    Outright,
    Target,
    crash_path,
    margin,
    plan,
    samples,
    scenario,
)
from hedging.errors import InputError
from hedging.planner import Effort, InfeasibleHedgeError

TIME = "2026-03-02T12:00Z"
EXPIRY = pd.Timestamp("2026-06-26T08:00Z")
PERPETUAL = Limits(outright=(Outright("perpetual", settlement="cash", lot=10.0),))


@pytest.fixture
def doge() -> Market:
    return Market.bare("DOGE", 0.12, TIME, funding_8h=-0.0001)


def test_spot_and_perpetuals_are_valued_and_shocked(doge: Market) -> None:
    assert doge.is_bare
    book = Book([Holding.spot("DOGE", 1e5), Holding.perpetual("DOGE", -4e4, 0.15, settlement="cash")])
    assert book.value(doge) == pytest.approx(12_000 + 4e4 * 0.03)
    assert book.exposure(doge).delta == pytest.approx(6e4)
    assert book.exposure(doge).vega == 0.0
    path = crash_path(-0.02, -0.004, 21)
    result = scenario.run(Book([Holding.spot("DOGE", 1e5)]), doge, path)
    np.testing.assert_allclose(result.total, 12_000 * (path.spot - 1.0))


def test_a_perpetual_is_margined(doge: Market) -> None:
    book = Book([Holding.perpetual("DOGE", 1e5, 0.12, settlement="cash")], cash=4_000)
    model = margin.StandardMargin("cash", initial=0.1, maintenance=0.05, per_unit=0.0)
    found = margin.survive(book, doge, crash_path(-0.02, 0.0, 30), model)
    assert not found.survives.any()


def test_a_plan_shorts_the_perpetual(doge: Market) -> None:
    found = plan(Book([Holding.spot("DOGE", 1e5)]), doge, Target(floor=-0.4), PERPETUAL)
    assert [leg.instrument.symbol for leg in found.legs] == ["DOGE-PERPETUAL"]
    assert -0.62e5 < found.legs[0].quantity < -0.6e5
    assert found.troughs[1].share >= -0.4 - 1e-6


def test_a_book_of_which_one_coin_has_no_chain_is_planned_over(doge: Market) -> None:
    book = Book([Holding.spot("BTC", 5.0), Holding.spot("DOGE", 1e6)])
    found = plan(
        book, [samples.chain(), doge], Target(floor=-0.4), PERPETUAL, effort=Effort(alternatives=False)
    )
    assert found.troughs[1].share >= -0.4 - 1e-6
    alone = plan(book, [samples.chain(), doge], Target(floor=-0.5), effort=Effort(alternatives=False))
    assert {leg.instrument.asset for leg in alone.legs} == {"BTC"}


def test_nothing_to_trade_is_no_plan(doge: Market) -> None:
    with pytest.raises(InfeasibleHedgeError):
        plan(Book([Holding.spot("DOGE", 1e5)]), doge, Target(floor=-0.4))


def test_options_and_futures_are_refused_by_name(doge: Market) -> None:
    option = Book([Holding.option("DOGE", "p", 0.1, EXPIRY, 1.0)])
    with pytest.raises(
        InputError, match=r"DOGE-26JUN26-0.*-P on DOGE cannot be valued: no option on DOGE is quoted"
    ):
        option.value(doge)
    with pytest.raises(InputError, match="no option on DOGE is quoted"):
        Book([Holding.future("DOGE", EXPIRY, 1.0, 0.1)]).value(doge)
    with pytest.raises(InputError, match="no option on DOGE is quoted"):
        doge.smile.vol_at(0.0, 0.1)


@pytest.mark.parametrize("spot", [0.0, -1.0, np.nan, np.inf, "x"])
def test_a_price_that_is_none_is_refused(spot: object) -> None:
    with pytest.raises(InputError, match="spot"):
        Market.bare("DOGE", spot, TIME)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="funding_8h"):
        Market.bare("DOGE", 1.0, TIME, funding_8h=np.nan)
    with pytest.raises(InputError, match="time zone"):
        Market.bare("DOGE", 1.0, "2026-03-02T12:00")
    with pytest.raises(InputError, match="name of a coin"):
        Market.bare("", 1.0, TIME)
