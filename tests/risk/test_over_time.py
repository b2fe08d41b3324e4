"""Exposure by date: each date is the profile of that day, and nothing is left when all has expired."""

from __future__ import annotations

import numpy as np
import pytest

import hedging as hg
from hedging import overlays, risk, samples
from hedging.errors import InputError

CHAIN, BOOK = samples.chain(), samples.book()
HEDGED = BOOK + overlays.of_contracts(CHAIN, {"BTC-27MAR26-62000-P": 25.0})


def test_each_date_is_the_profile_of_that_day() -> None:
    table = risk.over_time(HEDGED, CHAIN, [0.0, 10.0, 20.0], spot_moves=[-0.1, 0.0])
    for day in table.index:
        of_day = risk.profile(HEDGED, CHAIN, [-0.1, 0.0], day=day)
        for name in of_day:
            np.testing.assert_array_equal(table.loc[day, name], of_day[name])


def test_after_the_last_expiry_the_coins_are_left() -> None:
    table = risk.over_time(HEDGED, CHAIN)
    coins = HEDGED.of("BTC")[0].units  # less those that the put was paid with
    np.testing.assert_allclose(table["delta"].iloc[-1], coins + sum(h.units for h in HEDGED.of("BTC")[1:-1]))
    assert (table[["gamma", "vega", "theta"]].iloc[-1] == 0.0).all()
    assert table.index[0] == 0.0
    assert hg.Market.of(CHAIN).as_of.isoformat() == table.attrs["as_of"]


@pytest.mark.parametrize("days", [[], [3.0, 1.0], [-1.0], [float("nan")], "soon"])
def test_days_that_do_not_ascend_are_refused(days) -> None:
    with pytest.raises(InputError):
        risk.over_time(BOOK, CHAIN, days)
