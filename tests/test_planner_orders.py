"""What may be traded and what comes out: audits with outcomes, futures, margins, rolls, liquidity, depth."""

from __future__ import annotations

import numpy as np
import pytest

from hedging import samples
from hedging.errors import InputError
from hedging.market import Market
from hedging.paths import Paths
from hedging.planner import Limits, Target, plan, read_plan

BOOK, CHAIN = samples.book(), samples.chain()
LOOSE = {"expiries": (0.0, None), "deltas": (0.0, 1.0), "min_leg_share": 0.0, "max_leg_share": 20.0}


# --- audits of an expected shortfall ----------------------------------------------------------------


def falls(count: int, days: float = 30.0, seed: int = 5) -> Paths:
    move = np.clip(0.25 * np.random.default_rng(seed).standard_t(4, count), -2.0, 1.5)
    shift = 0.2 * np.maximum(-move, 0.0)
    return Paths(np.array([days]), np.exp(move)[:, None], shift[:, None], tuple(str(i) for i in range(count)))


def test_a_shortfall_is_audited_over_the_outcomes_it_is_given(tmp_path):
    outcomes, worse = falls(500), falls(500, seed=6)
    found = plan(BOOK, CHAIN, Target(delta=(8, 14), shortfall=-0.12), outcomes=outcomes, compare=False)
    found.to_json(tmp_path / "plan.json")
    saved = read_plan(tmp_path / "plan.json")
    with pytest.raises(InputError, match=r"pass them, plan.audit\(chain, outcomes="):
        saved.audit(CHAIN)
    today = saved.audit(CHAIN, outcomes=outcomes)
    said = {check.limit: check.value for check in today.checks}
    planned = {check.limit: check.value for check in found.checks}
    assert today.ok
    # The audit counts from after the orders, the plan from before.
    market = Market.of(CHAIN)
    paid = BOOK.value(market) - (BOOK + found).value(market)
    assert said["shortfall"] == pytest.approx(planned["shortfall"] + paid / found.base, abs=1e-9)
    other = saved.audit(CHAIN, outcomes=worse)
    assert {check.limit: check.value for check in other.checks}["shortfall"] != said["shortfall"]


# --- messages ---------------------------------------------------------------------------------------


def test_a_window_without_options_is_told_what_the_chain_has():
    with pytest.raises(InputError, match="meets days") as caught:
        plan(BOOK, CHAIN, Target(delta=(8, 12)), Limits(expiries=(300, 400)))
    said = str(caught.value)
    assert "flag" not in said.partition(";")[0]
    assert str(CHAIN.expiries["days"].round(1).tolist()) in said
    assert "absolute deltas from" in said
