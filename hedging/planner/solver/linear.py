"""Linear programmes that grow: small ones and many of them, or one over a whole chain.

HiGHS goes on from the point it had when rows are added; what wraps it elsewhere begins anew each time, and
takes longer to begin than HiGHS takes here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from hedging._ground.clock import OutOfTimeError
from hedging._numerics.types import Array
from hedging.errors import SolverError
from hedging.planner.solver.highs import interruptible, model_of, set_to, silent

__all__ = ["Linear", "LinearProgramme"]

LARGE = 2_000  # variables from which one solve takes long enough to be asked whether it should stop
# HiGHS takes 1e20 for infinite, and drops a row that would have to be below it: no lots reach this one either.
LOWEST = -1e15
# What is tried, from the beginning, where the solver lost its way: dual values that grow too large for the dual
# simplex method are none to the primal one, and none to interior points.
ANEW: tuple[dict[str, object], ...] = (
    {"presolve": "on"},
    {"simplex_strategy": 4},
    {"presolve": "on", "solver": "ipm"},
)


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """The best point of a linear programme.

    Attributes
    ----------
    x : ndarray, shape (n,)
    value : float
    duals : ndarray, shape (rows,)
        What one more unit of each bound saves, >= 0.
    reduced : ndarray, shape (n,)
        What one more unit of each variable adds to the value at least, >= 0.
    """

    x: Array
    value: float
    duals: Array
    reduced: Array


class LinearProgramme:
    """Minimise ``cost @ x`` where ``low <= x <= high`` and ``matrix @ x <= bound`` for all rows added.

    Parameters
    ----------
    cost, low, high : ndarray, shape (n,)
    over : callable, optional
        Says that the time is up; a large programme is then stopped.
    """

    def __init__(
        self, cost: Array, low: Array, high: Array, *, over: Callable[[], bool] | None = None
    ) -> None:
        self.rows = 0
        self._over = over
        self._interrupt: KeyboardInterrupt | None = None
        self._highs = silent()
        self._highs.setOptionValue("presolve", "off")
        self._highs.passModel(model_of(cost, low, high))
        if cost.size >= LARGE:
            interruptible(self._highs.cbSimplexInterrupt, self._stopped)

    def _stopped(self) -> bool:
        """Whether to stop; a Ctrl-C arrives here, while HiGHS works, and must not pass through it."""
        try:
            return self._interrupt is not None or (self._over is not None and self._over())
        except KeyboardInterrupt as interrupt:
            self._interrupt = interrupt
            return True

    def add(self, matrix: Array, bound: Array) -> None:
        """Add rows."""
        row, column = np.nonzero(matrix)
        start = np.searchsorted(row, np.arange(len(matrix))).astype(np.int32)
        low, within = np.full(len(matrix), -np.inf), np.maximum(bound, LOWEST)
        self._highs.addRows(
            len(matrix), low, within, row.size, start, column.astype(np.int32), matrix[row, column]
        )
        self.rows += len(matrix)

    def widen(self, cost: Array, low: Array, high: Array, matrix: Array) -> None:
        """Add variables, with what each is in every row, shape (rows, variables)."""
        column, row = np.nonzero(matrix.T)
        start = np.searchsorted(column, np.arange(cost.size)).astype(np.int32)
        self._highs.addCols(
            cost.size, cost, low, high, row.size, start, row.astype(np.int32), matrix[row, column]
        )

    def solve(self) -> Linear | None:
        """The best point; None if there is none.

        Raises
        ------
        OutOfTimeError
            If it was stopped.
        SolverError
            If the solver stops for another reason.
        """
        import highspy

        states = highspy.HighsModelStatus
        status = self._run()
        for options in ANEW:
            if status in (states.kOptimal, states.kInfeasible):
                break
            self._highs.clearSolver()
            with set_to(self._highs, options):
                status = self._run()
        if status == states.kInfeasible:
            return None
        if status != states.kOptimal:
            raise SolverError(f"the relaxation stopped: {self._highs.modelStatusToString(status)}")
        found = self._highs.getSolution()
        return Linear(
            np.array(found.col_value),
            float(self._highs.getInfo().objective_function_value),
            np.maximum(-np.array(found.row_dual), 0.0),
            np.maximum(np.array(found.col_dual), 0.0),
        )

    def clash(self) -> Array | None:
        """Weights of the rows, >= 0, whose sum no point within the bounds can keep; None if HiGHS has none.

        After `solve` found no point.
        """
        _, known, ray = self._highs.getDualRay()
        return np.maximum(-np.asarray(ray), 0.0) if known else None

    def _run(self) -> Any:
        """Run HiGHS; returns the status of the model."""
        import highspy

        self._highs.run()
        if self._interrupt is not None:
            raise self._interrupt
        status = self._highs.getModelStatus()
        if status in (highspy.HighsModelStatus.kInterrupt, highspy.HighsModelStatus.kTimeLimit):
            raise OutOfTimeError
        return status
