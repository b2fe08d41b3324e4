"""Branch and bound by each solver, against every point there is; and what an interrupt leaves."""

from __future__ import annotations

import functools
import io
import itertools
import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from cases.enumeration import cheapest
from cases.planner import random_case
from scipy.sparse import csr_array

from hedging import samples
from hedging.cli import _console
from hedging.errors import InputError, MissingExtraError, SolverError
from hedging.paths.paths import grid
from hedging.planner import Effort, Limits, PlanStatus, Target, plan
from hedging.planner.result.infeasible import InfeasibleHedgeError
from hedging.planner.solver import backends, search_state
from hedging.planner.solver.backends import Engine, Milp, solve_milp


@pytest.fixture(params=backends.SOLVERS)
def solver(request):
    if request.param != "highs":
        pytest.importorskip("ortools.linear_solver.pywraplp", reason="OR-tools is the extra `solver`")
    return request.param


def random_programme(seed: int, size: int = 4, rows: int = 3) -> Milp:
    random = np.random.default_rng(seed)
    return Milp(
        cost=random.normal(size=size),
        matrix=csr_array(random.normal(size=(rows, size))),
        bound=random.normal(size=rows),
        upper=random.integers(1, 5, size).astype(float),
        whole=np.ones(size, dtype=bool),
    )


def every_point(milp: Milp) -> tuple[float, bool]:
    """Least cost over all whole points; whether there is one."""
    points = np.array(list(itertools.product(*(np.arange(high + 1) for high in milp.upper))))
    fits = (points @ milp.matrix.toarray().T <= milp.bound + 1e-9).all(axis=1)
    return float((points @ milp.cost)[fits].min(initial=np.inf)), bool(fits.any())


@pytest.mark.parametrize("seed", range(30))
def test_no_whole_point_costs_less(solver, seed):
    milp = random_programme(seed)
    least, possible = every_point(milp)
    found = solve_milp(milp, solver=solver, gap=1e-9, seconds=60.0)
    assert found.infeasible == (not possible)
    if possible:
        assert milp.cost @ found.x == pytest.approx(least, abs=1e-6)
        assert found.bound <= least + 1e-6
        assert (milp.matrix @ found.x <= milp.bound + 1e-6).all()
        assert np.abs(found.x - np.round(found.x)).max() < 1e-6
    else:
        assert found.x is None


QUIET = """
    import numpy as np
    from scipy.sparse import csr_array
    from hedging.planner.solver.backends import Milp, solve_milp
    from hedging.planner.solver.linear import LinearProgramme

    linear = LinearProgramme(np.array([-1.0]), np.zeros(1), np.ones(1))
    linear.add(np.ones((1, 1)), np.ones(1))
    linear.solve()
    one = np.ones(3)
    solve_milp(Milp(-one, csr_array([one]), np.ones(1), one, one > 0.0), gap=1e-9, seconds=60.0)
"""


def test_highs_prints_nothing():
    # In a process of its own: what C prints shows when that ends.
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(QUIET)], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize("seed", range(8))
def test_each_solver_proves_the_cheapest_book_there_is(solver, seed, monkeypatch):
    from hedging.planner.solver import search

    # Without the pairs every number of legs is for the solver to decide.
    monkeypatch.setattr(search, "GONE_THROUGH", 0)
    book, chain, target, limits = random_case(seed)
    scenarios = grid(np.linspace(-0.6, 0.6, 13), (-0.1, 0.1), (5.0, 20.0))
    expected = cheapest(book, chain, target, limits, scenarios, 3)
    effort = Effort(gap=1e-6, solver=solver, alternatives=False)
    if expected is None:
        with pytest.raises(InfeasibleHedgeError, match="no plan meets every limit"):
            plan(book, chain, target, limits, horizon=20.0, scenarios=scenarios, effort=effort)
        return
    found = plan(book, chain, target, limits, horizon=20.0, scenarios=scenarios, effort=effort)
    assert found.status is PlanStatus.OPTIMAL
    assert found.objective == pytest.approx(expected, rel=2e-6, abs=1e-7)


def test_a_solver_that_does_not_exist_is_refused():
    with pytest.raises(InputError, match="solver must be one of highs, scip, cbc"):
        plan(samples.book(), samples.chain(), Target(delta=(8, 12)), effort=Effort(solver="gurobi"))


def test_a_solver_that_is_not_installed_names_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "ortools", None)
    for name in ("ortools.linear_solver", "ortools.linear_solver.pywraplp"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(MissingExtraError, match="the extra solver is"):
        plan(samples.book(), samples.chain(), Target(delta=(8, 12)), effort=Effort(solver="scip"))


def test_what_a_solver_cannot_make_sense_of_is_an_error_of_ours():
    given = random_programme(1)
    broken = Milp(given.cost, given.matrix * np.inf, given.bound, given.upper, given.whole)
    with pytest.raises(SolverError, match="solver"):
        solve_milp(broken, gap=1e-9, seconds=60.0)


# --- stopped by hand --------------------------------------------------------------------------------


def hard_programme() -> Milp:
    """A knapsack of many weights that keeps any solver busy for long."""
    random = np.random.default_rng(0)
    weights = random.integers(5, 100, (12, 120)).astype(float)
    return Milp(
        cost=-random.integers(10, 100, 120).astype(float),
        matrix=csr_array(weights),
        bound=weights.sum(axis=1) / 2,
        upper=np.ones(120),
        whole=np.ones(120, dtype=bool),
    )


def test_an_interrupt_brings_the_best_point_so_far_and_its_bound():
    asked = []

    def interrupting():
        asked.append(1)
        if len(asked) == 20:
            raise KeyboardInterrupt

    found = solve_milp(hard_programme(), gap=0.0, seconds=3600.0, tick=interrupting)
    assert found.interrupted
    assert found.x is not None
    assert (hard_programme().matrix @ found.x <= hard_programme().bound + 1e-6).all()
    assert found.bound < hard_programme().cost @ found.x


LONG = """
    import signal, time
    from hedging import samples
    from hedging.planner import Effort, Limits, Target, plan

    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored by what a shell has in its background

    def said(cost, bound):
        if cost < float("inf"):
            print("working", flush=True)
            time.sleep(60.0)

    found = plan(
        samples.book(), samples.chain(), Target(minimise="worst"), Limits(cost=0.005),
        effort=Effort(gap=1e-12, time_limit=3600.0, progress=said),
    )
    print("plan", found.status, len(found.legs) > 0, found.bound < found.objective, found.message)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to a child")
def test_ctrl_c_ends_a_long_search_with_the_best_plan():
    command = [sys.executable, "-c", textwrap.dedent(LONG)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "working\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert process.returncode == 0, err
    assert out.splitlines()[-1].startswith("plan feasible True True Stopped before")


# --- progress ---------------------------------------------------------------------------------------


def test_progress_hears_of_plans_that_get_cheaper_and_of_a_bound_below_them(monkeypatch):
    heard = []

    def listening(cost, bound):
        heard.append((cost, bound))
        if len(heard) == 10:
            raise KeyboardInterrupt

    monkeypatch.setattr(search_state, "TICK", 0.0)  # every node is reported, however fast the machine
    target, limits = Target(minimise="worst"), Limits(cost=0.005)
    found = plan(
        samples.book(),
        samples.chain(),
        target,
        limits,
        effort=Effort(gap=1e-12, time_limit=3600.0, progress=listening),
    )
    costs, bounds = zip(*heard, strict=True)
    assert list(costs) == sorted(costs, reverse=True)
    assert max(bounds) <= found.objective <= min(costs)
    assert found.status is PlanStatus.FEASIBLE


@pytest.mark.parametrize("memory", [0.0, -1.0, float("nan")])
def test_memory_is_a_number_of_bytes(memory):
    with pytest.raises(InputError, match="memory must be a number of bytes > 0"):
        Engine(memory=memory)


def test_an_engine_is_a_value():
    assert Engine() == Engine("highs")


def test_progress_is_for_a_terminal_alone(monkeypatch, capsys):
    pytest.importorskip("tqdm", reason="tqdm is the extra `cli`")
    with _console.search_progress("planning") as report:
        report(np.inf, -np.inf)
        report(1_200.0, 1_100.0)
    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_progress_shows_the_best_plan_its_bound_and_the_gap(monkeypatch):
    tqdm = pytest.importorskip("tqdm", reason="tqdm is the extra `cli`")
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys, "stderr", screen)
    at_once = functools.partial(tqdm.tqdm, mininterval=0.0)
    monkeypatch.setattr(tqdm, "tqdm", lambda **keywords: at_once(**(keywords | {"delay": 0.0})))
    with _console.search_progress("planning") as report:
        report(1_200.0, 1_140.0)
    assert "best 1,200, gap 5.00%, bound 1,140" in screen.getvalue()
