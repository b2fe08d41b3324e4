"""The promises of the package: names, types, docstrings."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import pkgutil
import re
from contextlib import suppress
from pathlib import Path

import pytest
from cases.processes import in_a_process

import hedging

PUBLIC = sorted(
    module.name
    for module in pkgutil.walk_packages(hedging.__path__, "hedging.")
    if not any(part.startswith("_") for part in module.name.split(".")[1:])
)
ROOMS = [name for name in PUBLIC if name.count(".") == 1 and name not in ("hedging.cli", "hedging.__main__")]


def test_every_public_name_of_the_package_loads() -> None:
    assert set(hedging._NAMES) < set(hedging.__all__)
    for name in hedging.__all__:
        assert getattr(hedging, name) is not None


FRESH = """
import importlib, os, sys
import matplotlib.pyplot, numpy, pandas, pydantic, scipy.optimize, scipy.special, scipy.stats, tomllib  # not ours

def fails(module, below):
    # A fork is as fresh as a process of its own, but for libraries that are not ours.
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1] != 0
    try:
        importlib.import_module(module)
        # To import one of its files is to import the room first: what that loads has been seen to load.
        os._exit(any([fails(name, ()) for name in below if name not in sys.modules]))
    except BaseException as error:
        print(f"{module}: {type(error).__name__} {error}", flush=True)
        os._exit(1)

modules = sys.argv[1:]
rooms = [name for name in modules if name.count(".") == 1]
sys.exit(any([fails(room, [name for name in modules if name.startswith(room + ".")]) for room in rooms]))
"""


@pytest.mark.slow  # a process for each module
def test_every_public_module_is_the_first_to_be_imported() -> None:
    done = in_a_process(FRESH, *PUBLIC)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_module_that_cannot_be_the_first_is_found() -> None:
    done = in_a_process(FRESH, "hedging.units", "hedging.units.nowhere", "hedging.nowhere")
    assert done.returncode == 1
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == [
        "hedging.units.nowhere",
        "hedging.nowhere",
    ]


@pytest.mark.parametrize("room", ["hedging", *ROOMS])
def test_a_room_shows_what_is_public_and_its_files(room: str) -> None:
    loaded = importlib.import_module(room)
    files = {name.rpartition(".")[2] for name in PUBLIC if name.rpartition(".")[0] == room}
    shown = {name for name in dir(loaded) if not name.startswith("_")}
    assert shown <= {*loaded.__all__, *files}
    assert shown >= set(loaded.__all__)
    assert not shown & {"np", "pd", "Any", "import_module", "annotations"}


def test_names_in_docstrings_lead_somewhere() -> None:
    named = {
        name
        for file in Path(hedging.__file__).parent.rglob("*.py")
        for name in re.findall(r"`~?(hedging(?:\.\w+)+)", file.read_text(encoding="utf-8"))
    }
    assert len(named) > 20
    assert [name for name in sorted(named) if not leads_somewhere(name)] == []


def leads_somewhere(name: str) -> bool:
    """Whether a dotted name is a module, or something that one has."""
    head, _, rest = name.rpartition(".")
    with suppress(ModuleNotFoundError):
        return bool(importlib.import_module(name))
    with suppress(ModuleNotFoundError):
        return hasattr(importlib.import_module(head), rest)
    above, _, of_class = head.rpartition(".")
    return hasattr(getattr(importlib.import_module(above), of_class, None), rest)


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'graeks'"):
        hedging.graeks  # noqa: B018


def test_type_checkers_see_the_lazy_names() -> None:
    source = Path(hedging.__file__).read_text(encoding="utf-8")
    block = next(
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    seen = {alias.name for node in block.body for alias in node.names}  # type: ignore[attr-defined]
    assert seen == set(hedging.__all__)


def test_the_package_ships_its_types() -> None:
    assert (Path(hedging.__file__).parent / "py.typed").exists()


@pytest.mark.parametrize("module", PUBLIC)
def test_all_names_exist_and_are_documented(module: str) -> None:
    loaded = importlib.import_module(module)
    assert loaded.__doc__, f"{module} has no docstring"
    for name in getattr(loaded, "__all__", ()):
        value = getattr(loaded, name)
        if inspect.isfunction(value) or inspect.isclass(value):
            assert inspect.getdoc(value), f"{module}.{name} has no docstring"


@pytest.mark.parametrize("module", PUBLIC)
def test_no_value_has_nan_for_nothing(module: str) -> None:
    """NaN equals nothing, so that a value which holds one would not equal its own copy."""
    loaded = importlib.import_module(module)
    for name in getattr(loaded, "__all__", ()):
        value = getattr(loaded, name)
        if inspect.isclass(value) and dataclasses.is_dataclass(value) and value.__dataclass_params__.eq:
            for field in dataclasses.fields(value):
                assert field.default == field.default, f"{module}.{name}.{field.name}"


@pytest.mark.parametrize("module", PUBLIC)
def test_parameter_sections_name_every_argument(module: str) -> None:
    loaded = importlib.import_module(module)
    for name in getattr(loaded, "__all__", ()):
        value = getattr(loaded, name)
        if not inspect.isfunction(value):
            continue
        doc = inspect.getdoc(value) or ""
        section = re.search(r"Parameters\n-+\n(.*?)(\n\n[A-Z][a-z]+\n-+\n|\Z)", doc, re.S)
        if section is None:
            continue
        documented = {
            part.strip().lstrip("*")
            for line in re.findall(r"^(\S.*?)(?: :|$)", section.group(1), re.M)
            for part in line.split(",")
        }
        missing = set(inspect.signature(value).parameters) - documented
        assert not missing, f"{module}.{name} leaves out {sorted(missing)}"
