"""What orders make in few of many scenarios is what the table of all nodes has there."""

from __future__ import annotations

import numpy as np
from cases.large import chain_of, request_of, scenarios_of

from hedging.planner.candidates.build import candidates_of
from hedging.planner.candidates.order_pnl import OrderPnl


def test_each_scenario_on_its_date_as_in_the_table_of_all() -> None:
    request = request_of(chain_of(120))
    candidates, paths = candidates_of(request), scenarios_of(7)
    dates = np.arange(len(paths)) % paths.days.size
    expected = candidates.pnl(request.markets, paths)[np.arange(len(paths)), dates]
    found = OrderPnl.of(candidates, request.markets).on(paths, dates)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-9)
