"""Linear programmes that grow, against scipy's given whole; and what stops a large one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from hedging.errors import SolverError
from hedging.planner.solver.linear import LARGE, LinearProgramme, OutOfTimeError


@pytest.mark.parametrize("seed", range(20))
def test_a_linear_programme_that_grows_is_the_one_given_whole(seed):
    random = np.random.default_rng(seed)
    cost, high = random.normal(size=6), random.uniform(0.5, 4.0, 6)
    matrix, bound = random.normal(size=(8, 6)), random.normal(size=8) + 0.3
    programme = LinearProgramme(cost, np.zeros(6), high)
    for start, end in ((0, 3), (3, 3), (3, 8)):
        programme.add(matrix[start:end], bound[start:end])
        found = programme.solve()
        whole = linprog(
            cost, A_ub=matrix[:end], b_ub=bound[:end], bounds=list(zip(np.zeros(6), high, strict=True))
        )
        assert (found is None) == (whole.status == 2)
        if found is None:
            return
        assert found.value == pytest.approx(whole.fun, abs=1e-8)
        assert cost @ found.x == pytest.approx(found.value, abs=1e-8)
        assert (matrix[:end] @ found.x <= bound[:end] + 1e-6).all()
        # Its prices prove it: no point costs less than what they leave of the box.
        assert (found.duals >= 0.0).all()
        left = cost + found.duals @ matrix[:end]
        assert np.minimum(left * high, 0.0).sum() - found.duals @ bound[:end] == pytest.approx(
            found.value, abs=1e-7
        )
        assert found.reduced == pytest.approx(np.maximum(left, 0.0), abs=1e-7)


def test_a_linear_programme_without_a_least_is_an_error_of_ours():
    programme = LinearProgramme(np.array([-1.0]), np.zeros(1), np.array([np.inf]))
    programme.add(np.array([[-1.0]]), np.zeros(1))
    with pytest.raises(SolverError, match="the relaxation stopped"):
        programme.solve()


def asked(programme: LinearProgramme) -> LinearProgramme:
    random = np.random.default_rng(1)
    matrix = random.uniform(size=(60, LARGE))
    programme.add(matrix, 0.1 * matrix.sum(axis=1))
    return programme


def test_a_large_linear_programme_stops_when_the_time_is_up(monkeypatch):
    calls = []
    cost = -np.random.default_rng(0).uniform(size=LARGE)

    def over() -> bool:
        calls.append(1)
        return len(calls) > 3

    with pytest.raises(OutOfTimeError):
        asked(LinearProgramme(cost, np.zeros(LARGE), np.ones(LARGE), over=over)).solve()
    assert len(calls) == 4
    assert (
        asked(LinearProgramme(cost, np.zeros(LARGE), np.ones(LARGE), over=lambda: False)).solve() is not None
    )


def test_ctrl_c_within_a_large_linear_programme_is_one():
    def over() -> bool:
        raise KeyboardInterrupt

    cost = -np.ones(LARGE)
    with pytest.raises(KeyboardInterrupt):
        asked(LinearProgramme(cost, np.zeros(LARGE), np.ones(LARGE), over=over)).solve()
