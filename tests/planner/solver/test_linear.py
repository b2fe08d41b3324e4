"""Linear programmes that grow, against scipy's given whole; and what stops a large one."""

from __future__ import annotations

import highspy
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


@pytest.mark.parametrize("failures", [1, 2, 3])
def test_a_solver_that_lost_its_way_is_set_going_in_other_ways(failures, monkeypatch):
    states, run, left = highspy.HighsModelStatus, LinearProgramme._run, [failures]

    def lost(programme: LinearProgramme) -> object:
        left[0] -= 1
        return states.kNotset if left[0] >= 0 else run(programme)

    programme = LinearProgramme(np.array([1.0, 2.0]), np.zeros(2), np.full(2, 5.0))
    programme.add(np.array([[-1.0, -1.0]]), np.array([-6.0]))
    with monkeypatch.context() as patched:
        patched.setattr(LinearProgramme, "_run", lost)
        found = programme.solve()
    assert found is not None
    assert found.value == pytest.approx(7.0)  # five of the cheaper, one of the other
    assert found.duals == pytest.approx([2.0])
    assert programme._highs.getOptionValue("presolve")[1] == "off"
    programme.add(np.array([[1.0, 0.0]]), np.array([4.0]))
    again = programme.solve()
    assert again is not None
    assert again.value == pytest.approx(8.0)


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


@pytest.mark.parametrize("least", [1e19, 1e20, 1e25, 1e300])
def test_a_row_that_is_beyond_what_the_solver_takes_for_infinite_still_holds(least):
    # HiGHS drops such a row and says so by a status alone: a programme without it has a best point.
    programme = LinearProgramme(np.ones(2), np.zeros(2), np.full(2, 9.0))
    programme.add(np.array([[-1.0, -1.0]]), np.array([-least]))
    assert programme.solve() is None
