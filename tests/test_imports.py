"""The shape of the house: a row imports only rows below it, whatever the form of the import; no circles."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# Lowest first. Rooms of one row never import each other; a room's own files may, without a circle.
ROWS = [
    {"errors"},
    {"_ground"},
    {"units", "_extras", "_writing"},
    {"_numerics"},
    {"greeks"},
    {"market", "paths", "prices"},
    {"book"},
    {"overlays", "margin", "risk", "scenario", "venues"},
    {"planner"},
    {"screen"},
    {"monitor", "backtest"},
    {"plots"},
    {"report", "samples"},
    {"cli"},
    {"__main__"},
]
PLANNER = [
    {"proxy"},
    {"request"},
    {"result"},
    {"candidates"},
    {"programme", "verify"},
    {"solver"},
    {"outcomes"},
    {"selection", "explain"},
    {"plan"},
    {"audit", "frontier"},
]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "hedging").rglob("*.py"))
}


def names_imported(module: str, path: Path) -> Iterator[str]:
    """Dotted names that a file imports: at its top, in functions, for types, relative, or by `import_module`."""
    inside = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                up = inside.split(".")
                base = ".".join(up[: len(up) - node.level + 1] + ([node.module] if node.module else []))
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if called in ("import_module", "__import__", "require"):
                yield str(node.args[0].value)


def home(name: str) -> str:
    """The file in which a dotted name is looked for."""
    while name and name not in MODULES:
        name = name.rpartition(".")[0]
    return name


def imports(module: str) -> set[str]:
    """The files of this package that one of its files imports."""
    ours = (name for name in names_imported(module, MODULES[module]) if name.split(".")[0] == "hedging")
    return {home(name) for name in ours} - {module}


def row_of(rows: list[set[str]], room: str) -> int:
    return next(place for place, rooms in enumerate(rows) if room in rooms)


INSIDE = [module for module in MODULES if module != "hedging"]  # the front door lists every room


@pytest.mark.parametrize("module", INSIDE)
def test_a_row_imports_only_rows_below_it(module: str) -> None:
    own = module.split(".")[1]
    for other in sorted(imports(module)):
        assert other != "hedging", f"{module} imports the bare package: import from the room it needs"
        room = other.split(".")[1]
        assert room == own or row_of(ROWS, room) < row_of(ROWS, own), (
            f"{module} imports {other}, not below it"
        )


@pytest.mark.parametrize("module", [module for module in MODULES if module.startswith("hedging.planner.")])
def test_in_the_planner_too(module: str) -> None:
    own = module.split(".")[2]
    for other in sorted(imports(module)):
        if other.startswith("hedging.planner"):
            assert other != "hedging.planner", f"{module} imports its own front door"
            room = other.split(".")[2]
            below = row_of(PLANNER, room) < row_of(PLANNER, own)
            assert room == own or below, f"{module} imports {other}, not below it"


def test_no_two_files_import_each_other_in_a_circle() -> None:
    assert circle({module: imports(module) for module in INSIDE}) == []


def test_a_circle_is_found_however_long() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}
    assert sorted(set(circle(graph))) == ["a", "b", "c"]


def circle(graph: Mapping[str, Iterable[str]]) -> list[str]:
    """The modules of one circle of imports, none where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("def f():\n    from hedging.book import Book\n", "hedging.book.Book"),
        ("if TYPE_CHECKING:\n    import hedging.cli\n", "hedging.cli"),
        ("import importlib\nimportlib.import_module('hedging.plots')\n", "hedging.plots"),
        ("from ..planner import plan\n", "hedging.planner.plan"),
        ("import hedging\n", "hedging"),
    ],
)
def test_every_form_of_import_is_seen(text: str, found: str, tmp_path: Path) -> None:
    (tmp_path / "probe.py").write_text(text)
    assert found in set(names_imported("hedging.book.probe", tmp_path / "probe.py"))


def test_nothing_stands_loose_beside_the_rooms() -> None:
    loose = {path.name for path in (ROOT / "hedging").iterdir() if path.is_file()}
    assert loose == {
        *(
            "__init__.py",
            "__main__.py",
            "_extras.py",
            "_writing.py",
            "errors.py",
            "samples.py",
            "units.py",
        ),
        *("hedging.mplstyle", "py.typed"),
    }


def loaded(code: str, *names: str) -> list[str]:
    """Which of some libraries a fresh process has loaded after some code."""
    probe = f"import sys; {code}; print(*[name for name in {names!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_import_leaves_heavy_libraries_alone() -> None:
    heavy = ("scipy.stats", "scipy.optimize", "matplotlib", "numba", "vollib", "py_vollib", "requests")
    code = "import hedging; hedging.greeks.price('c', 100, [90, 110], 0.5, 0.0, 0.6)"
    assert loaded(code, *heavy, "pydantic", "jinja2") == []


def test_import_alone_loads_no_numbers_library() -> None:
    assert loaded("import hedging", "numpy", "pandas", "scipy") == []


def test_what_checks_a_plan_imports_neither_programme_nor_solver_nor_what_does() -> None:
    reached, ahead = set(), [module for module in MODULES if module.startswith("hedging.planner.verify")]
    while ahead:
        module = ahead.pop()
        if module not in reached:
            reached.add(module)
            ahead += [other for other in imports(module) if other != "hedging"]
    bad = [m for m in reached if m.startswith(("hedging.planner.programme", "hedging.planner.solver"))]
    assert bad == []
