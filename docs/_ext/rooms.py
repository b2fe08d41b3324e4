"""A page for each room from what its `__all__` lists, written before Sphinx reads: nothing public is left out."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

# In the order in which the rooms stand, and modules that a room lists as a whole.
ROOMS = (
    "greeks", "market", "paths", "prices", "book", "overlays", "margin", "risk", "scenario", "venues",
    "venues.deribit", "planner", "screen", "screen.allocation", "screen.rotation", "monitor", "backtest", "plots", "report",
    "samples", "units", "errors",
)  # fmt: skip
LONG = 120  # characters of a value that a page still shows


def page(name: str) -> str:
    """One room as reStructuredText: its docstring, then tables of classes and functions, then constants."""
    module = importlib.import_module(name)
    above = importlib.import_module(name.rpartition(".")[0])
    public = [
        key
        for key in module.__all__
        # A room within a room does not describe anew what the room above lists too.
        if not isinstance(getattr(module, key), ModuleType)
        and (above.__name__ == "hedging" or getattr(above, key, None) is not getattr(module, key))
        and not _described(name, getattr(module, key))
    ]
    classes = [key for key in public if inspect.isclass(getattr(module, key))]
    functions = [key for key in public if inspect.isroutine(getattr(module, key))]
    constants = [key for key in public if key not in classes and key not in functions]
    parts = [
        f"{name}\n{'=' * len(name)}",
        f".. automodule:: {name}\n   :no-members:",
        f".. currentmodule:: {name}",
    ]
    parts += [_table("Functions", functions), _table("Classes", classes)]
    if constants:
        parts += [_heading("Constants"), *(_constant(module, key) for key in constants)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _described(name: str, value: object) -> bool:
    """Whether a room before this one lists a class or function already, which this one hands on."""
    if not (inspect.isclass(value) or inspect.isroutine(value)):
        return False
    earlier = ROOMS[: ROOMS.index(name.removeprefix("hedging."))]
    rooms = [importlib.import_module(f"hedging.{room}") for room in earlier]
    return any(getattr(room, key) is value for room in rooms for key in room.__all__)


def _heading(text: str) -> str:
    return f"{text}\n{'-' * len(text)}"


def _table(title: str, names: list[str]) -> str:
    if not names:
        return ""
    return f"{_heading(title)}\n\n.. autosummary::\n   :toctree: generated\n\n" + "\n".join(
        f"   {name}" for name in names
    )


def _constant(module: ModuleType, name: str) -> str:
    """A constant with its value, where that is short, and the comment that stands above it in the source."""
    value = getattr(module, name)
    text = re.sub(r"<([\w.]+) object at 0x\w+>", r"\1", repr(value))
    shown = (
        f"\n   :value: {text}"
        if len(text) <= LONG and "\n" not in text
        else f"\n   :type: {type(value).__name__}"
    )
    comment = _comment(module, name)
    return f".. py:data:: {name}{shown}" + (f"\n\n   {comment}" if comment else "")


def _comment(module: ModuleType, name: str) -> str:
    """The comment lines above ``NAME = ...``, wherever in the room that stands, or the string below it."""
    folder = Path(str(module.__file__)).parent
    for path in sorted(folder.glob("*.py")):
        found = re.search(
            rf'((?:^#.*\n)*)^{name}\b[^=\n]*=.*\n(?:"""(.*?)""")?', path.read_text(encoding="utf-8"), re.M
        )
        if found:
            above = " ".join(line.lstrip("# ") for line in found.group(1).splitlines())
            return above or found.group(2) or ""
    return ""


def write(app: Sphinx) -> None:
    """Write the pages, each only where it changed, so that a second build is quick."""
    folder = Path(app.srcdir) / "api"
    folder.mkdir(exist_ok=True)
    for room in ROOMS:
        text, path = page(f"hedging.{room}"), folder / f"{room}.rst"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    write(app)  # at once: autosummary looks for tables in what is there when the build begins
    return {"parallel_read_safe": True, "parallel_write_safe": True}
