"""The promises of the package: names, types, docstrings."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import hedging

PUBLIC = sorted(
    module.name
    for module in pkgutil.walk_packages(hedging.__path__, "hedging.")
    if not any(part.startswith("_") for part in module.name.split(".")[1:])
)


def test_every_public_name_of_the_package_loads() -> None:
    assert set(hedging._NAMES) < set(hedging.__all__)
    for name in hedging.__all__:
        assert getattr(hedging, name) is not None


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
        if inspect.isclass(value) and dataclasses.is_dataclass(value):
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
