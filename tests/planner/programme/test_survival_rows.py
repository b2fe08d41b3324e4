"""Survival as rows: made on the way, they end with the time of the call, and are the same when asked for again."""

from __future__ import annotations

import numpy as np
import pytest
from cases.planner import programme_for
from numpy.testing import assert_array_equal

from hedging import Book, Holding, samples
from hedging._ground import clock
from hedging._ground.clock import OutOfTimeError
from hedging.planner import Limits, Outright, Target


def test_rows_that_the_time_ran_out_over_are_not_kept() -> None:
    book = Book([Holding.spot("BTC", 5.0), Holding.perpetual("BTC", 10.0, entry=70_000.0)])
    limits = Limits(survive=True, outright=(Outright("perpetual"),))
    whole, again = (programme_for(book, samples.chain(), Target(floor=-0.5), limits) for _ in range(2))
    (rows,), (fresh,) = (
        [each for each in made.lazy if each.limit.kind == "survive"] for made in (whole, again)
    )
    worst = np.argsort(-rows.over(np.zeros(len(whole.candidates))))[:3]
    with clock.until(clock.now() - 1.0), pytest.raises(OutOfTimeError):
        rows.rows(worst)
    assert_array_equal(rows.rows(worst), fresh.rows(worst))
