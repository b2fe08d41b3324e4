"""Arithmetic whose underflows and overflows are meant, whatever the caller's numpy does of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import numpy as np

__all__ = ["quiet"]

Given = ParamSpec("Given")
Found = TypeVar("Found")


def quiet(function: Callable[Given, Found]) -> Callable[Given, Found]:
    """The same function without numpy's warnings or errors of floating point.

    Not ``np.errstate`` itself as a decorator: before numpy 2 all threads would share what it remembers.
    """

    @wraps(function)
    def quietly(*args: Given.args, **named: Given.kwargs) -> Found:
        with np.errstate(all="ignore"):
            return function(*args, **named)

    return quietly
