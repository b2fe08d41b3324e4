"""The one way to import a library that only an extra installs."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from hedging.errors import MissingExtraError


def require(module: str, extra: str) -> ModuleType:
    """Import `module`, or say which extra of this package brings it.

    Raises
    ------
    MissingExtraError
        If the module is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != module.partition(".")[0]:
            raise  # installed, but broken inside: that traceback is the useful one
        raise MissingExtraError(
            f"{module} is needed for this and is not installed; install it with: pip install 'hedging[{extra}]'"
        ) from error
