"""HiGHS as `highspy` has it: silent, and stopped when it is asked to be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from hedging._numerics.types import Array

__all__ = ["interruptible", "model_of", "set_to", "silent"]


def silent() -> Any:
    """A solver that prints nothing."""
    return _silent_class()()


@cache
def _silent_class() -> Any:
    import highspy

    class Silent(highspy.Highs):
        """HiGHS that is told to print nothing before its first chance to: it greets whoever sets a callback."""

        def enableCallbacks(self) -> None:  # noqa: N802, the name is highspy's
            self.setOptionValue("output_flag", False)
            super().enableCallbacks()  # type: ignore[no-untyped-call]

    return Silent


def model_of(
    cost: Array,
    low: Array,
    high: Array,
    matrix: Any = None,
    bound: Array | None = None,
    whole: npt.NDArray[np.bool_] | None = None,
) -> Any:
    """Minimise ``cost @ x`` where ``low <= x <= high`` and ``matrix @ x <= bound``, as HiGHS takes it.

    Parameters
    ----------
    cost, low, high : ndarray, shape (n,)
    matrix : scipy sparse array, shape (rows, n), optional
    bound : ndarray, shape (rows,), optional
    whole : ndarray of bool, shape (n,), optional
        Variables that are whole numbers.
    """
    import highspy

    n, rows = cost.size, 0 if bound is None else bound.size
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = n, rows
    model.col_cost_, model.col_lower_, model.col_upper_ = cost, low, high
    model.a_matrix_.num_col_, model.a_matrix_.num_row_ = n, rows
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    if matrix is None or bound is None:
        model.a_matrix_.start_ = np.zeros(n + 1, dtype=np.int32)
    else:
        columns = matrix.tocsc()
        model.a_matrix_.start_, model.a_matrix_.index_ = columns.indptr, columns.indices
        model.a_matrix_.value_ = columns.data
        model.row_lower_, model.row_upper_ = np.full(rows, -np.inf), bound
    if whole is not None:
        kinds = highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger
        model.integrality_ = [kinds[int(each)] for each in whole]
    return model


def interruptible(event: Any, stopped: Callable[[], bool]) -> None:
    """Have one of HiGHS's interrupt events, such as ``highs.cbMipInterrupt``, ask whether to stop."""

    def called(asked: Any) -> None:
        asked.interrupt(stopped())

    event.subscribe(called)


@contextmanager
def set_to(highs: Any, options: Mapping[str, object]) -> Iterator[None]:
    """Some options for a while."""
    before = {name: highs.getOptionValue(name)[1] for name in options}
    try:
        for name, value in options.items():
            highs.setOptionValue(name, value)
        yield
    finally:
        for name, value in before.items():
            highs.setOptionValue(name, value)
