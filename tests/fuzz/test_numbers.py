"""Numbers of any size through every formula: an error of ours or numbers that are none of them NaN, without a warning."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cases.outcomes import attempt, tries
from hypothesis import given
from hypothesis import strategies as st

from hedging import greeks, risk
from hedging.errors import InputError

EDGES = [
    0.0,
    -0.0,
    5e-324,
    1e-300,
    1e-14,
    1e-8,
    0.1,
    1.0,
    1.0 + 1e-15,
    2.0,
    100.0,
    1e8,
    1e150,
    1e300,
    1.7e308,
]
WRONG = [-1e-14, -1.0, -1e300, float("inf"), -float("inf"), float("nan")]
numbers = st.sampled_from(EDGES) | st.sampled_from(EDGES + WRONG) | st.floats(-40.0, 40.0).map(np.exp)
FORMULAS: dict[str, Callable[..., Any]] = {
    name: formula
    for name in greeks.__all__
    if callable(formula := getattr(greeks, name)) and not inspect.isclass(formula)
}
sizes = st.sampled_from([0.0, 1e-300, 1.0, 3.0, 1e15, 1e300, -1.0, -1e-300, -1e300, 5e-324])
chances = st.sampled_from([0.0, 5e-324, 1e-300, 1.0, 3.0, 1e300, 1.7e308]) | st.sampled_from(WRONG)


def values_of(found: Any) -> list[float]:
    """Every number of a result: of one, of an array, of several by name."""
    if isinstance(found, greeks.Greeks):
        return [each for value in found.values.values() for each in values_of(value)]
    return list(np.ravel(found).tolist())


@st.composite
def arguments(draw: st.DrawFn, formula: Callable[..., Any]) -> dict[str, Any]:
    """What a formula takes: single numbers, or two of each; the strike is now and then where spot is."""
    made: dict[str, Any] = {}
    many = draw(st.booleans())
    for name, parameter in inspect.signature(formula).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if name == "flag":
            made[name] = draw(st.sampled_from("cp"))
        elif parameter.default is inspect.Parameter.empty or isinstance(parameter.default, float):
            made[name] = np.array([draw(numbers), draw(numbers)]) if many else draw(numbers)
    middle = "forward" if "forward" in made else "spot"
    if "strike" in made and middle in made and draw(st.booleans()):
        made["strike"] = made[middle]
    return made


@pytest.mark.parametrize("name", FORMULAS)
def test_formulas(name: str) -> None:
    @tries(25)
    @given(arguments(FORMULAS[name]))
    def run(given: dict[str, Any]) -> None:
        with np.errstate(all="raise"):
            found = attempt("formulas", lambda: FORMULAS[name](**given), InputError)
        if not isinstance(found, str):
            assert not np.isnan(values_of(found)).any(), found

    run()


@tries(150)
@given(st.data(), st.integers(1, 5), st.sampled_from([1e-300, 0.5, 0.95, 0.999999999999, 1.0 - 1e-16, 1.0]))
def test_tails(data: st.DataObject, count: int, level: float) -> None:
    gains = data.draw(st.lists(sizes, min_size=count, max_size=count))
    weights = data.draw(st.none() | st.lists(chances, min_size=count, max_size=count))
    likely = [True] * count if weights is None else [weight > 0.0 for weight in weights]
    losses = [-gain for gain, can_come in zip(gains, likely, strict=True) if can_come]
    for measure in (risk.value_at_risk, risk.expected_shortfall):
        with np.errstate(all="raise"):
            found = attempt("tails", lambda of=measure: of(gains, level, weights), InputError)
        if not isinstance(found, str):
            slack = 1e-9 * max(map(abs, losses)) + 5e-324
            assert min(losses) - slack <= found <= max(losses) + slack
    with np.errstate(all="raise"):
        table = attempt("tails", lambda: risk.tail_risk(gains, [level], weights), InputError)
    assert isinstance(table, str) or not table.isna().to_numpy().any()


def test_a_scenario_that_cannot_come_is_no_quantile() -> None:
    assert risk.value_at_risk([-5.0, 1.0, 2.0], 1e-3, [1.0, 1.0, 0.0]) == -1.0
    assert risk.value_at_risk([-5.0, 1.0, 2.0], 0.999, [0.0, 1.0, 1.0]) == -1.0
