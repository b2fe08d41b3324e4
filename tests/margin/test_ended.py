"""Where accounts end along scenarios, by hand."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from hedging.margin import Survival
from hedging.margin.ended import first_ends, until

DAYS = np.array([0.0, 1.0, 2.0])


def account(*headroom: list[float]) -> Survival:
    room = np.array(headroom)
    labels = tuple(map(str, range(len(room))))
    return Survival("USD", DAYS, labels, np.full(room.shape, 100.0), room, np.zeros_like(room))


def test_the_first_of_several_accounts_ends_a_scenario() -> None:
    calm = account([3.0, 2.0, 1.0], [4.0, -4.0, -5.0], [1.0, 1.0, -1.0])
    wild = account([2.0, 2.0, 2.0], [1.0, 1.0, -1.0], [3.0, -1.0, 5.0])
    found = first_ends({"calm": calm, "wild": wild}, 3)
    assert_allclose(found.days, [np.nan, 0.5, 0.75])
    assert found.accounts == ("", "calm", "wild")
    assert first_ends({}, 2).accounts == ("", "")


def test_a_line_ends_on_the_day_and_goes_on_without_one() -> None:
    line = np.array([0.0, -10.0, -30.0])
    days, cut = until(DAYS, line, 1.5)
    assert_array_equal(days, [0.0, 1.0, 1.5])
    assert_allclose(cut, [0.0, -10.0, -20.0])
    assert until(DAYS, line, np.nan)[1] is line
    assert_allclose(until(DAYS, line, 0.0)[1], [0.0])
