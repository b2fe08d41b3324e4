"""The plan to trade, and the optimum beside it where that is another."""

from __future__ import annotations

import pytest

from hedging import Book, Holding, Market, read_chain
from hedging.planner import Target, plan


@pytest.mark.parametrize("floor", [-0.15, -0.2, -0.3])
@pytest.mark.parametrize("stamp", ["20260206T043012Z", "20260511T121945Z"])
def test_no_plan_stands_beside_itself(shared_data, stamp, floor):
    """Of 50 ETH the optimum was found once more by another way, and called the dearer one."""
    chain = read_chain(shared_data / "chains" / f"deribit_full_{stamp}.csv.gz", asset="ETH")
    found = plan(
        Book([Holding.spot("ETH", 50.0)], cash=1_000.0), Market.of(chain), Target(floor=floor), horizon=30.0
    )

    def orders(legs):
        return sorted((leg.instrument.symbol, leg.quantity) for leg in legs)

    assert found.legs
    assert all(orders(each.legs) != orders(found.legs) for each in found.alternatives)
    optimum = [each for each in found.alternatives if each.name == "optimum"]
    assert ("optimum beside" in str(found)) == bool(optimum)
    assert all(each.cost.execution <= found.cost.execution + 1e-9 for each in optimum)
