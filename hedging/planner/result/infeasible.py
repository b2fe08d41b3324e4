"""The error of a request that no plan meets."""

from __future__ import annotations

from hedging.errors import HedgingError
from hedging.planner.result.plan import HedgePlan

__all__ = ["InfeasibleHedgeError"]


class InfeasibleHedgeError(HedgingError):
    """No plan meets every limit, or none was found in the time.

    Attributes
    ----------
    closest : HedgePlan or None
        The plan that misses the limits by the least.
    clashes : tuple of str
        Limits that cannot hold together, none of which can be left out; empty if only the time ran out.
    exit_code : int
        1 where the clash is proven, 3 where only the time ran out: nobody knows whether there is a plan.
    """

    exit_code = 1

    def __init__(
        self, message: str, *, closest: HedgePlan | None = None, clashes: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message)
        self.closest = closest
        self.clashes = clashes
        if not clashes:
            self.exit_code = HedgingError.exit_code
