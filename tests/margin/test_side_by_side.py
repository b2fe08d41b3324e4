"""One account with two books: one table, and one name where orders make a purse several."""

from __future__ import annotations

import numpy as np
import pytest

from hedging.margin import Survival
from hedging.margin.side_by_side import SideBySide, alike


def kept(balance: float, currency: str = "BTC", counted: str = "1 BTC") -> Survival:
    """Two scenarios over two days; maintenance is 2, the price falls from 100 to 50."""
    spot = np.array([[100.0, 100.0], [100.0, 50.0]])
    each = np.array([[balance, balance], [balance, 0.5 * balance]])
    return Survival(
        currency, np.array([0.0, 1.0]), ("still", "falls"), spot, each, np.full((2, 2), 2.0), counted
    )


def test_rows_of_a_scenario_stand_below_each_other_with_the_numbers_of_each_book() -> None:
    found = SideBySide("deribit", {"alone": kept(3.0), "with the plan": kept(5.0, counted="1 BTC, 1 put")})
    table = found.to_frame()
    assert table["scenario"].tolist() == ["still", "still", "falls", "falls"]
    assert table["book"].tolist() == ["alone", "with the plan"] * 2
    assert table["least headroom"].tolist() == [1.0, 3.0, -0.5, 0.5]
    # From 1 to -0.5 along a straight line: two thirds of the day, and of the way down in log-price.
    assert table["day"][2] == pytest.approx(2.0 / 3.0)
    assert table["price"][2] == pytest.approx(100.0 * 0.5 ** (2.0 / 3.0))
    told = repr(found)
    assert "deribit: survives alone 1, with the plan 2 of 2 scenarios; headroom and top-up in BTC" in told
    assert "counted, alone: 1 BTC\n" in told
    assert "counted, with the plan: 1 BTC, 1 put\n" in told
    assert "counted: 1 BTC\n" in repr(SideBySide("deribit", {"alone": kept(3.0), "with the plan": kept(5.0)}))


def test_a_purse_that_orders_make_several_has_one_name() -> None:
    alone = {"deribit": kept(1.0, "ETH"), "cold": kept(1.0), "deribit two": kept(1.0, "ETH")}
    hedged = {"deribit: BTC": kept(1.0), "deribit: ETH": kept(1.0, "ETH"), "cold": kept(1.0)}
    assert [*alike(alone, hedged)] == ["deribit: ETH", "cold", "deribit two"]
    assert [*alike(hedged, alone)] == [*hedged]
    assert [*alike({"deribit": kept(1.0, "USD")}, hedged)] == ["deribit"]
