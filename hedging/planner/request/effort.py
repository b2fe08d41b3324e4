"""`Effort`: how hard to look for a plan; one value for every search."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from hedging._extras import require
from hedging._ground.forms import meant
from hedging._ground.shown import Shown
from hedging.errors import InputError
from hedging.planner.request.coerce import number

__all__ = ["SOLVERS", "Effort"]

SOLVERS = ("highs", "scip", "cbc")


@dataclass(frozen=True, slots=True, repr=False)
class Effort(Shown):
    """How hard to look, and who hears of it.

    Attributes
    ----------
    gap : float
        Share of the objective within which a plan counts as optimal. [1]
    time_limit : float
        Of the whole call, from the look at the chain to the alternatives. After it the best plan found is returned,
        with its gap; what would explain or embellish it, and was not begun by then, is left out. The clock is looked
        at between two steps of the arithmetic, of which one takes up to a tenth of a second over 20,000 quotes: by so
        much a call may end late, be its limit 0. So does the first of an installation with the extra ``fast``, by the
        seconds in which loops are compiled, once. [seconds]
    nodes : float
        Of branch and bound, after which a search comes back with what it has: on any machine the same. What only
        embellishes a plan is limited so, and not by the clock. SCIP and CBC go through their own nodes whatever it is.
    memory : float
        What the search may hold at a time. [bytes]
    solver : {'highs', 'scip', 'cbc'}
        What branches: HiGHS, or one that the extra ``solver`` brings. The proof is the same.
    alternatives : bool
        Whether to size other structures beside the optimum.
    progress : callable, optional
        Called some ten times a second with the cost of the best plan so far and the least that any can cost,
        infinite where unknown. [money]

    Raises
    ------
    InputError
        If the gap is no share, the time, nodes or memory no number >= 0, or there is no such solver.
    MissingExtraError
        If the solver is not installed.
    """

    gap: float = 1e-3
    time_limit: float = 10.0
    nodes: float = math.inf
    memory: float = 1e9
    solver: str = "highs"
    alternatives: bool = True
    progress: Callable[[float, float], object] | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= number(self.gap) < 1.0:
            raise InputError(f"gap must be a share in [0, 1), such as 0.001; got {self.gap!r}.")
        if not 0.0 <= number(self.time_limit) < math.inf:
            raise InputError(f"the time limit must be a number of seconds >= 0; got {self.time_limit!r}.")
        if not number(self.nodes) >= 0.0:
            raise InputError(f"nodes must be a number >= 0; got {self.nodes!r}.")
        if not 1e6 <= number(self.memory) < math.inf:
            raise InputError(f"memory must be a number of bytes, 1e6 at least; got {self.memory!r}.")
        if not isinstance(self.alternatives, bool):
            raise InputError(f"alternatives must be True or False; got {self.alternatives!r}.")
        if not (self.progress is None or callable(self.progress)):
            raise InputError(f"progress must be a function of cost and bound; got {self.progress!r}.")
        if self.solver not in SOLVERS:
            raise InputError(
                f"solver must be one of {', '.join(SOLVERS)}; got {self.solver!r}{meant(str(self.solver), SOLVERS) or '.'}"
            )
        if self.solver != "highs":
            require("ortools.linear_solver.pywraplp", "solver")
