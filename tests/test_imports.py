"""The shape of the house: lower rows never import higher ones, and the import stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "hedging"

# Lowest first. Modules of one row never import each other; a folder's own files may.
ROWS = [
    {"_svi", "errors"},
    {"_extras", "_fitting", "_search", "_writing", "units"},
    {"_arrays", "_formulas"},
    {"_arithmetic", "_implied"},
    {"_blocks", "_kernels_fast"},
    {"_kernels"},
    {"greeks", "instruments", "momentum", "reactions"},
    {"_cleaning", "_parity", "_revaluation_formulas", "paths"},
    {"_revaluation_fast", "simulate"},
    {"_revaluation"},
    {"_intake"},
    {"chain"},
    {"health", "smile"},
    {"density", "market", "legs"},
    {"valuation", "tickets"},
    {"book"},
    {"skew"},
    {"overlays", "margin", "planner", "scenario", "risk", "replays"},
    {"config", "plots", "venues", "screen", "rotation", "backtest"},
    {"samples", "report", "_console"},
    {"_plan_options"},
    {"cli_chain", "cli_frontier", "cli_plan", "cli_scenario"},
    {"cli"},
    {"__main__"},
]
ROW = {name: row for row, names in enumerate(ROWS) for name in names}
MODULES = sorted(
    path.relative_to(PACKAGE).with_suffix("").parts
    for path in PACKAGE.rglob("*.py")
    if path != PACKAGE / "__init__.py"
)


def imported(tree: ast.Module) -> set[str]:
    """Top-level names of this package that a module imports at run time, wherever in the file."""
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found = set()
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.ImportFrom) and node.module == "hedging":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("hedging."):
            found.add((node.module or "").split(".")[1])
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("hedging.")}
    return found


@pytest.mark.parametrize("parts", MODULES, ids=".".join)
def test_lower_rows_never_import_higher_ones(parts: tuple[str, ...]) -> None:
    path = PACKAGE.joinpath(*parts).with_suffix(".py")
    own = parts[0]
    assert own in ROW, f"{own} has no row yet: add it where it belongs"
    for name in imported(ast.parse(path.read_text(encoding="utf-8"))) - {own, "__version__"}:
        assert ROW[name] < ROW[own], f"{own} imports {name}, which is not below it"


def test_import_leaves_heavy_libraries_alone() -> None:
    code = (
        "import sys, hedging; hedging.greeks.price('c', 100, [90, 110], 0.5, 0.0, 0.6); "
        "heavy = ['scipy.stats', 'scipy.optimize', 'matplotlib', 'numba', 'vollib', 'py_vollib', "
        "'requests', 'pydantic', 'jinja2']; "
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_import_alone_loads_no_numbers_library() -> None:
    code = (
        "import sys, hedging; print([name for name in ('numpy', 'pandas', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
