"""The exceptions this library raises, sorted by what the caller can do about them.

::

    HedgingError
    ├── InputError (ValueError)        a value, shape or column breaks its rule: retry with better input
    │   └── ChainError                 a quote file that cannot be used at all
    ├── InfeasibleHedgeError           no plan meets the limits, or none was found in time (in `hedging.planner`)
    ├── SolverError                    the solver stopped, or its answer failed our check: report it
    ├── VenueError                     an exchange did not answer, or not with what was asked for
    └── MissingExtraError (ImportError)  an optional library is not installed

Every message says what, the rule, what came and where, and the way out if it is not obvious.
"""

from __future__ import annotations

__all__ = [
    "ChainError",
    "HedgingError",
    "InputError",
    "MissingExtraError",
    "SolverError",
    "VenueError",
]


class HedgingError(Exception):
    """Base of every error this library raises on purpose.

    Attributes
    ----------
    exit_code : int
        What the command ``hedging`` leaves with: 1 no plan meets the limits, 2 the input, 3 anything else.
    """

    exit_code: int = 3


class InputError(HedgingError, ValueError):
    """A value, shape or column breaks its rule; retry with better input."""

    exit_code = 2


class ChainError(InputError):
    """A quote file or table that cannot be used; the message names row, column and rule."""


class SolverError(HedgingError):
    """The solver stopped without an answer, or its answer failed the independent check."""


class VenueError(HedgingError):
    """An exchange did not answer, refused, or sent something other than what was asked for."""


class MissingExtraError(HedgingError, ImportError):
    """An optional library is not installed; the message names the extra that brings it."""

    exit_code = 2


def __dir__() -> list[str]:
    return [*__all__]
