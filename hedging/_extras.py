"""The ways to what is not loaded yet: a library that only an extra installs, and a room above the one that asks."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType

from hedging.errors import HedgingError, MissingExtraError


def version_of(name: str) -> str:
    """The version of a library; of this one what runs, not what was installed once."""
    if name == "hedging":
        return str(sys.modules["hedging"].__version__)
    from importlib import metadata  # with it come the mail readers of the standard library

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:  # a checkout that was never installed
        return "unknown"


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
            f"{module} is needed for this and is not installed; the extra {extra} is: python -m pip install "
            f"{_brought_by(extra, module)}"
        ) from error


def _brought_by(extra: str, module: str) -> str:
    """What an extra installs, as pip takes it whether or not this package is on an index."""
    from importlib.metadata import PackageNotFoundError, requires

    try:
        told = requires("hedging") or []
    except PackageNotFoundError:  # run from its source
        return module
    needs = [each.partition(";") for each in told]
    mine = [name.strip() for name, _, when in needs if re.search(rf"extra == ['\"]{extra}['\"]", when)]
    return " ".join(f"'{name}'" for name in mine) or module


def _unopened(room: str) -> ModuleType:
    raise HedgingError(f"the room {room} is not there: import hedging first.")


open_room: Callable[[str], ModuleType] = _unopened
"""Finds a room by its name. The package's front door fills it in, so that a result can draw itself although the
room that draws stands above it."""
