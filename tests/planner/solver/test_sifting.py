"""Linear programmes over few of their variables, against scipy's given whole."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from hedging.planner.solver import sifting
from hedging.planner.solver.linear import LinearProgramme
from hedging.planner.solver.sifting import SIFTED, Sifted, programme_over


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(sifting, "SPREAD", (3, 3))


@pytest.mark.parametrize("seed", range(40))
def test_a_sifted_programme_is_the_one_given_whole(few, seed):
    random = np.random.default_rng(seed)
    n = 30
    cost, high = random.uniform(0.1, 1.0, n) - 0.3 * (seed % 2), random.uniform(0.5, 4.0, n)
    low = np.where(random.uniform(size=n) < 0.05, 0.5 * high, 0.0)
    matrix, bound = random.normal(size=(9, n)), random.normal(size=9) - 0.5
    programme = Sifted(cost, low, high)
    for start, end in ((0, 3), (3, 3), (3, 9)):
        programme.add(matrix[start:end], bound[start:end])
        found = programme.solve()
        box = list(zip(low, high, strict=True))
        whole = linprog(cost, A_ub=matrix[:end], b_ub=bound[:end], bounds=box)
        assert (found is None) == (whole.status == 2)
        if found is None:
            return
        assert found.value == pytest.approx(whole.fun, abs=1e-6)
        assert cost @ found.x == pytest.approx(found.value, abs=1e-8)
        assert (matrix[:end] @ found.x <= bound[:end] + 1e-6).all()
        assert found.reduced == pytest.approx(np.maximum(cost + found.duals @ matrix[:end], 0.0), abs=1e-6)
        assert found.duals.size == programme.rows == end


def test_what_only_variables_outside_can_meet_is_met(few):
    # The first, the middle and the last variable are inside; the second alone meets the row.
    matrix = np.ones((1, 9))
    matrix[0, 1] = -1.0
    programme = Sifted(np.ones(9), np.zeros(9), np.full(9, 5.0))
    programme.add(matrix, np.array([-4.0]))
    assert programme.solve().x == pytest.approx([0, 4, 0, 0, 0, 0, 0, 0, 0])
    programme.add(matrix, np.array([-6.0]))
    assert programme.solve() is None


def test_prices_of_very_different_size_leave_out_nothing(few):
    # A dear miss beside cheap orders: what counts as no improvement must not follow the dearest.
    cost = np.append(np.linspace(1.0, 0.9, 40), 1e7)
    high = np.append(np.ones(40), np.inf)
    programme = Sifted(cost, np.zeros(41), high)
    programme.add(-np.ones((1, 41)), np.array([-3.0]))
    assert programme.solve().value == pytest.approx(np.sort(cost)[:3].sum(), abs=1e-9)


def test_small_programmes_are_not_sifted():
    small, large = np.ones(SIFTED - 1), np.ones(SIFTED)
    assert isinstance(programme_over(small, 0.0 * small, small), LinearProgramme)
    assert isinstance(programme_over(large, 0.0 * large, large), Sifted)


def test_a_programme_without_a_point_is_one_wherever_its_variables_begin(few):
    # Whatever the variables inside, HiGHS's proof that rows clash tells which of the others could help.
    random = np.random.default_rng(3)
    for _ in range(60):
        matrix, bound = random.normal(size=(4, 25)), random.normal(size=4) - 2.0
        programme = Sifted(np.ones(25), np.zeros(25), np.where(np.arange(25) == 7, np.inf, 0.4))
        programme.add(matrix, bound)
        box = [(0.0, None if at == 7 else 0.4) for at in range(25)]
        whole = linprog(np.ones(25), A_ub=matrix, b_ub=bound, bounds=box)
        found = programme.solve()
        assert (found is None) == (whole.status == 2)
        assert found is None or found.value == pytest.approx(whole.fun, abs=1e-7)
