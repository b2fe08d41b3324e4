"""Sizings from books and manuals, to the digits printed there."""

from __future__ import annotations

import numpy as np
import pytest
from cases.planner import LOOSE, coins, small_chain

from hedging.market.contracts import ContractTerms, Spot
from hedging.planner import Limits, Target, plan
from hedging.planner.candidates.candidates import Candidates
from hedging.planner.programme.programme import Programme
from hedging.planner.programme.rows import Rows
from hedging.planner.request.limit import Limit
from hedging.planner.solver.search import relax


def neutral(greeks: np.ndarray, held: np.ndarray, most: float = 1e6) -> np.ndarray:
    """Quantities that take the held Greeks to zero, at equal cost per unit; greeks is (greeks, instruments)."""
    count = greeks.shape[1]
    both = np.hstack((greeks, -greeks))
    ones, zeros = np.ones(2 * count), np.zeros(2 * count)
    names = ("premium", "delta", "gamma", "vega", "theta", "entry", "coins", "cash", "least", "closes")
    candidates = Candidates(
        instruments=(Spot("A"),) * (2 * count),
        size=ones,
        lot=ones,
        cost=ones,
        most=np.full(2 * count, most),
        **dict.fromkeys(names, zeros),
    )
    rows = 2 * len(held)
    none = np.zeros(rows, dtype=bool)
    group = np.zeros(rows, dtype=int)
    bound = np.hstack((-held, held))
    equal = Rows((Limit("delta"),), np.vstack((both, -both)), bound, group, np.ones(rows), none, none)
    found = relax(Programme(candidates, equal, 0.0, 2 * count, 1.0, "one"))
    assert found is not None
    return found.lots[:count] - found.lots[count:]


def test_hulls_delta_gamma_and_vega_neutral_portfolio():
    """Hull, Options, Futures and Other Derivatives: gamma -5,000, vega -8,000; two options and the asset."""
    options = np.array([[0.6, 0.5, 2.0], [0.5, 0.8, 1.2], [1.0, 0.0, 0.0]]).T
    all_three = neutral(options, np.array([0.0, -5_000.0, -8_000.0]))
    assert all_three == pytest.approx([400.0, 6_000.0, -3_240.0])
    assert neutral(options[:2][:, [0, 2]], np.array([0.0, -5_000.0])) == pytest.approx([10_000.0, -6_000.0])
    assert neutral(options[[0, 2]][:, [0, 2]], np.array([0.0, -8_000.0])) == pytest.approx(
        [4_000.0, -2_400.0]
    )


def test_matlabs_hedgeopt_neutral_portfolio():
    """MATLAB Financial Instruments Toolbox, hedgeopt: instruments 2, 3 and 6 free, all sensitivities zero."""
    delta = np.array([-272.6462, -347.4315, -8.0781, -272.6462, -1.0445, 294.9700, -47.1629, -282.0465])
    gamma = 1e3 * np.array([1.0299, 1.6227, 0.6434, 1.0299, 0.0033, 6.8526, 8.4600, 1.0597])
    vega = np.array([0.0, -0.0397, 34.0746, 0.0, 0.0, 93.6946, 93.6946, 0.0])
    price = np.array([98.7159, 97.5280, 0.0486, 98.7159, 100.5529, 6.2831, 0.0486, 3.6923])
    holdings = np.array([100.0, 50.0, -50.0, 80.0, 8.0, 30.0, 40.0, 10.0])
    assert holdings @ price == pytest.approx(23_674.62, abs=0.02)
    free = [1, 2, 5]
    fixed = np.setdiff1d(np.arange(8), free)
    greeks = np.vstack((delta, gamma, vega))
    found = neutral(greeks[:, free], greeks[:, fixed] @ holdings[fixed])
    assert found == pytest.approx([-182.36, -19.55, -32.97], abs=0.02)
    value = found @ price[free] + holdings[fixed] @ price[fixed]
    assert holdings @ price - value == pytest.approx(23_055.90, abs=0.1)


def test_a_multiplier_divides_the_contracts():
    """pmorissette/bt, pull request 540: risk +100, unit risk 1, multiplier 10 takes 10 contracts sold, not 100."""
    terms = ContractTerms(settlement="cash", multiplier=10.0, lot=1.0)
    chain = small_chain([("c", 105.0, 30)], terms=terms)
    found = plan(
        coins(100),
        chain,
        Target(delta=(None, 60.0)),
        Limits(max_leg_share=2.0, **{k: LOOSE[k] for k in ("expiries", "deltas", "min_leg_share")}),
    )
    (leg,) = found.legs
    assert leg.units == 10 * leg.quantity
    each = -chain.greeks(("delta",))["delta"].iloc[0]
    assert leg.quantity == -np.ceil(40 / 10 / -each)
