"""Linear programmes that grow: small ones, and many of them.

`scipy.optimize.linprog` takes some milliseconds before HiGHS begins, several times what HiGHS itself takes
here, and begins anew with every row that is added. So HiGHS is called directly where scipy has it: it goes on
from the point it had.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hedging._numerics.types import Array
from hedging.errors import SolverError
from hedging.planner.solver.backends import highs_of_scipy

__all__ = ["Linear", "LinearProgramme"]


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
    """

    def __init__(self, cost: Array, low: Array, high: Array) -> None:
        self.cost, self.low, self.high = cost, low, high
        self.matrix, self.bound = np.zeros((0, cost.size)), np.zeros(0)
        self._core = highs_of_scipy()
        self._highs: Any = None if self._core is None else self._started(self._core)

    def _started(self, core: Any) -> Any:
        model: Any = core.HighsLp()
        model.num_col_, model.num_row_ = self.cost.size, 0
        model.a_matrix_.num_col_, model.a_matrix_.num_row_ = self.cost.size, 0
        model.a_matrix_.start_ = np.zeros(self.cost.size + 1, dtype=np.int32)
        model.col_cost_, model.col_lower_, model.col_upper_ = self.cost, self.low, self.high
        options: Any = core.HighsOptions()
        options.output_flag = False
        options.presolve = "off"
        highs: Any = core._Highs()  # noqa: SLF001
        highs.passOptions(options)
        highs.passModel(model)
        return highs

    def add(self, matrix: Array, bound: Array) -> None:
        """Add rows."""
        self.matrix = np.vstack((self.matrix, matrix))
        self.bound = np.append(self.bound, bound)
        if self._highs is not None:
            row, column = np.nonzero(matrix)
            start = np.searchsorted(row, np.arange(len(matrix))).astype(np.int32)
            low = np.full(len(matrix), -np.inf)
            self._highs.addRows(
                len(matrix), low, bound, row.size, start, column.astype(np.int32), matrix[row, column]
            )

    def solve(self) -> Linear | None:
        """The best point; None if there is none.

        Raises
        ------
        SolverError
            If the solver stops for another reason.
        """
        if self._highs is not None:
            self._highs.run()
            status, states = self._highs.getModelStatus(), self._core.HighsModelStatus
            if status == states.kInfeasible:
                return None
            if status == states.kOptimal:
                found = self._highs.getSolution()
                return Linear(
                    np.array(found.col_value),
                    float(self._highs.getInfo().objective_function_value),
                    np.maximum(-np.array(found.row_dual), 0.0),
                    np.maximum(np.array(found.col_dual), 0.0),
                )
        return self._by_linprog()

    def _by_linprog(self) -> Linear | None:
        from scipy.optimize import linprog

        bounds: Any = np.column_stack((self.low, self.high))
        result: Any = linprog(self.cost, A_ub=self.matrix, b_ub=self.bound, bounds=bounds, method="highs-ds")
        if result.status == 2:
            return None
        if result.status != 0:
            raise SolverError(f"the relaxation stopped: {result.message}")
        return Linear(
            result.x,
            float(result.fun),
            np.maximum(-result.ineqlin.marginals, 0.0),
            np.maximum(result.lower.marginals, 0.0),
        )
