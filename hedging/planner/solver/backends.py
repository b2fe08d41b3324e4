"""Branch and bound by one of several solvers: matrices in, the best point and a bound out.

HiGHS is `highspy`; SCIP and CBC come with OR-tools, the extra ``solver``. The solver works in a thread of its
own while the caller's waits for it, reports, and can be interrupted: then the best point so far comes back.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from hedging._extras import require
from hedging._ground.forms import meant
from hedging._numerics.types import Array
from hedging.errors import InputError, SolverError
from hedging.planner.solver.highs import interruptible, model_of, silent

__all__ = ["SOLVERS", "Branched", "Engine", "Milp", "solve_milp"]


SOLVERS = ("highs", "scip", "cbc")
TICK = 0.1  # seconds between two reports
MEMORY = 1e9  # bytes
MOST_NODES = 2**31 - 1  # that HiGHS can count
FEW = 32  # variables of a programme that is searched sooner than HiGHS simplifies it or begins its threads
AT_ONCE: tuple[tuple[str, object], ...] = (
    ("presolve", "off"),
    ("mip_heuristic_run_feasibility_jump", False),
    ("threads", 1),
)


@dataclass(frozen=True, slots=True)
class Engine:
    """Which solver branches, and who hears of it while it does.

    Attributes
    ----------
    solver : {'highs', 'scip', 'cbc'}
    progress : callable, optional
        Called some ten times a second with the cost of the best plan so far and the bound, infinite where
        unknown. [money]
    nodes : float
        After which it comes back with what it has, on any machine the same. What only embellishes a plan is
        limited so, and not by the clock. SCIP and CBC go through their own nodes whatever it is.
    memory : float
        Bytes that the search may hold beside the programme itself; what needs more is done in blocks.

    Raises
    ------
    InputError
        If there is no such solver.
    MissingExtraError
        If it is not installed.
    """

    solver: str = "highs"
    progress: Callable[[float, float], object] | None = None
    nodes: float = np.inf
    memory: float = MEMORY

    def __post_init__(self) -> None:
        if not (self.progress is None or callable(self.progress)):
            raise InputError(f"progress must be a function of cost and bound; got {self.progress!r}.")
        if self.solver not in SOLVERS:
            raise InputError(
                f"solver must be one of {', '.join(SOLVERS)}; got {self.solver!r}{meant(str(self.solver), SOLVERS) or '.'}"
            )
        if not self.memory > 0.0:
            raise InputError(f"memory must be a number of bytes > 0; got {self.memory!r}.")
        if self.solver != "highs":
            require("ortools.linear_solver.pywraplp", "solver")


@dataclass(frozen=True, slots=True, eq=False)
class Milp:
    """Minimise ``cost @ x`` where ``matrix @ x <= bound`` and ``0 <= x <= upper``, some x whole.

    Attributes
    ----------
    cost, upper : ndarray, shape (n,)
    matrix : scipy.sparse.csr_array, shape (rows, n)
    bound : ndarray, shape (rows,)
    whole : ndarray of bool, shape (n,)
    """

    cost: Array
    matrix: Any
    bound: Array
    upper: Array
    whole: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Branched:
    """What came of a programme.

    Attributes
    ----------
    x : ndarray or None
        The best point found.
    bound : float
        No point costs less.
    nodes : int
    infeasible : bool
        Proven that there is no point.
    interrupted : bool
        Whether it was stopped by hand.
    """

    x: Array | None
    bound: float
    nodes: int
    infeasible: bool = False
    interrupted: bool = False


class _Job(Protocol):
    def run(self) -> Branched: ...

    def stop(self) -> None: ...


def solve_milp(
    milp: Milp,
    *,
    solver: str = "highs",
    gap: float,
    seconds: float,
    nodes: float = np.inf,
    tick: Callable[[], object] | None = None,
) -> Branched:
    """Solve a programme, to a relative gap or until the time is up.

    Parameters
    ----------
    milp : Milp
    solver : {'highs', 'scip', 'cbc'}
    gap : float
        [1]
    seconds : float
    nodes : float
        That HiGHS goes through at most, but for the first.
    tick : callable, optional
        Called some ten times a second while the solver works.

    Raises
    ------
    SolverError
        If the solver stops for another reason than time, infeasibility or an interrupt.
    MissingExtraError
        If the solver is not installed.
    """
    job: _Job = (
        _Highs(milp, gap, seconds, nodes) if solver == "highs" else _OrTools(milp, solver, gap, seconds)
    )
    with ThreadPoolExecutor(1) as thread:
        working = thread.submit(job.run)
        interrupted = False
        while True:
            try:
                return _marked(_waited(working, tick), interrupted=interrupted)
            except KeyboardInterrupt:
                if interrupted:
                    raise
                interrupted = True
                job.stop()
            except BaseException:  # of the caller's own report: the thread must not go on to its time limit
                job.stop()
                raise


def _waited(working: Future[Branched], tick: Callable[[], object] | None) -> Branched:
    while True:
        try:
            return working.result(timeout=TICK)
        except TimeoutError:
            if tick is not None:
                tick()


def _marked(found: Branched, *, interrupted: bool) -> Branched:
    if not interrupted:
        return found
    return Branched(found.x, found.bound, found.nodes, found.infeasible, interrupted=True)


class _Highs:
    """HiGHS, stopped by its own interrupt event."""

    def __init__(self, milp: Milp, gap: float, seconds: float, nodes: float) -> None:
        self._stopped = threading.Event()
        self.highs = silent()
        for name, value in (
            ("time_limit", float(seconds)),
            ("mip_rel_gap", gap),
            ("mip_max_nodes", int(min(max(nodes, 1.0), MOST_NODES))),
        ):
            self.highs.setOptionValue(name, value)
        n = milp.cost.size
        for name, setting in AT_ONCE if n <= FEW else ():
            self.highs.setOptionValue(name, setting)
        model = model_of(
            milp.cost,
            np.zeros(n),
            milp.upper,
            milp.matrix,
            milp.bound,
            milp.whole,
        )
        import highspy

        if self.highs.passModel(model) == highspy.HighsStatus.kError:
            raise SolverError("the integer solver refused the programme: a coefficient is no finite number.")
        interruptible(self.highs.cbMipInterrupt, self._stopped.is_set)

    def stop(self) -> None:
        self._stopped.set()

    def run(self) -> Branched:
        import highspy

        self.highs.run()
        status, info, states = self.highs.getModelStatus(), self.highs.getInfo(), highspy.HighsModelStatus
        nodes = max(int(info.mip_node_count), 0)
        if status in (states.kInfeasible, states.kUnboundedOrInfeasible):  # nothing here is unbounded
            return Branched(None, np.inf, nodes, infeasible=True)
        if status not in (states.kOptimal, states.kTimeLimit, states.kSolutionLimit, states.kInterrupt):
            raise SolverError(f"the integer solver stopped: {self.highs.modelStatusToString(status)}")
        found = info.objective_function_value < highspy.kHighsInf
        x = np.array(self.highs.getSolution().col_value) if found else None
        return Branched(x, float(info.mip_dual_bound), nodes)


class _OrTools:
    """SCIP and CBC by OR-tools. CBC cannot be stopped before its time is up."""

    def __init__(self, milp: Milp, solver: str, gap: float, seconds: float) -> None:
        library: Any = require("ortools.linear_solver.pywraplp", "solver")
        self.solver: Any = library.Solver.CreateSolver(solver.upper())
        if self.solver is None:
            raise SolverError(f"this build of OR-tools has no {solver.upper()}; use solver='highs'.")
        self.solver.SetTimeLimit(max(1, round(1000 * seconds)))
        self.parameters: Any = library.MPSolverParameters()
        self.parameters.SetDoubleParam(self.parameters.RELATIVE_MIP_GAP, gap)
        self.status: Any = library.Solver
        infinity = self.solver.infinity()
        self.x = [
            self.solver.Var(0.0, float(min(high, infinity)), bool(whole), "")
            for high, whole in zip(milp.upper, milp.whole, strict=True)
        ]
        goal = self.solver.Objective()
        for x, cost in zip(self.x, milp.cost, strict=True):
            goal.SetCoefficient(x, float(cost))
        goal.SetMinimization()
        matrix = milp.matrix.tocsr()
        for row, bound in enumerate(milp.bound):
            constraint = self.solver.RowConstraint(-infinity, float(bound), "")
            for at in range(matrix.indptr[row], matrix.indptr[row + 1]):
                constraint.SetCoefficient(self.x[matrix.indices[at]], float(matrix.data[at]))

    def stop(self) -> None:
        self.solver.InterruptSolve()

    def run(self) -> Branched:
        status, states = self.solver.Solve(self.parameters), self.status
        nodes = max(int(self.solver.nodes()), 0)
        if status == states.INFEASIBLE:
            return Branched(None, np.inf, nodes, infeasible=True)
        if status not in (states.OPTIMAL, states.FEASIBLE, states.NOT_SOLVED):
            raise SolverError(f"the integer solver stopped with status {status} of OR-tools.")
        found = status != states.NOT_SOLVED
        x = np.array([each.solution_value() for each in self.x]) if found else None
        bound = float(self.solver.Objective().BestBound())
        return Branched(x, bound if np.isfinite(bound) else -np.inf, nodes)
