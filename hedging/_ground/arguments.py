"""Arguments of public functions held against their kind, so that a wrong one is named before anything is computed."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from numbers import Integral
from typing import Any, ParamSpec, TypeVar, cast

from hedging.errors import InputError

__all__ = ["must_be", "takes", "whole"]

P = ParamSpec("P")
R = TypeVar("R")


def must_be(name: str, value: Any, *kinds: type, hint: str = "") -> Any:
    """The value, if it is of one of the kinds.

    Raises
    ------
    InputError
        If it is not.
    """
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        names = " or ".join(kind.__name__ for kind in kinds)
        article = "an" if names[0] in "AEIOaeio" else "a"
        raise InputError(
            f"{name} must be {article} {names}; got {type(value).__name__}: {_short(value)}.{hint and ' ' + hint}"
        )
    return value


def whole(name: str, value: Any, least: int = 1, most: int | None = None) -> int:
    """A whole number that counts something.

    Raises
    ------
    InputError
        If it is none, or out of bounds.
    """
    fits = isinstance(value, Integral) and not isinstance(value, bool)
    if not fits or value < least or (most is not None and value > most):
        rule = f">= {least}" if most is None else f"from {least} to {most}"
        raise InputError(f"{name} must be a whole number {rule}; got {_short(value)}.")
    return int(value)


def takes(
    **rules: type | tuple[type, ...] | Callable[[Any], Any],
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate a function so that it refuses arguments of the wrong kind, or takes them in another form.

    Parameters
    ----------
    **rules : type, tuple of types or callable
        By parameter: what it must be, or what makes it so (and raises `InputError` where it cannot). An argument that
        is left at its default passes.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        @wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                bound = signature.bind(*args, **kwargs)
            except TypeError:
                # Raises the same, in Python's words; a decorator between would look into what is not bound yet.
                return cast("R", inspect.unwrap(function)(*args, **kwargs))
            for name, rule in rules.items():
                if (
                    name in bound.arguments
                    and bound.arguments[name] is not signature.parameters[name].default
                ):
                    bound.arguments[name] = _held(name, bound.arguments[name], rule)
            return function(*bound.args, **bound.kwargs)

        return checked

    return decorate


def _held(name: str, value: Any, rule: Any) -> Any:
    if isinstance(rule, type | tuple):
        return must_be(name, value, *(rule if isinstance(rule, tuple) else (rule,)))
    return rule(value)


def _short(value: Any) -> str:
    text = repr(value).partition("\n")[0]
    return text if len(text) <= 60 else f"{text[:57]}..."
