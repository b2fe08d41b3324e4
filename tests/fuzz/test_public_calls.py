"""Every public function called with what nobody should call it with: a result or an error of ours, never another."""

from __future__ import annotations

import importlib
import inspect
import pickle
import pkgutil
import random
import warnings
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from cases.outcomes import tried

import hedging as hg
from hedging._ground.kinds import fits, guarded
from hedging.errors import HedgingError, InputError

ROOMS = [
    room.name
    for room in pkgutil.iter_modules(hg.__path__)
    if not room.name.startswith("_") and room.name not in ("cli", "errors")
]
WRONG: tuple[Any, ...] = (
    *(None, 5, float("nan"), True, "x", "BTC", "BTC-PERPETUAL", "BTC-27FEB26-80000-P", "2026-03-27", "12"),
    *([], [None], ["x"], {}, {"a": 1}, {5: "x"}, ("put", 80_000, "2026-03-27"), object(), int, pd.NaT),
    *(np.array([1.0, np.nan]), pd.DataFrame({"a": [1]}), pd.DataFrame({"a": ["x"]}), pd.Series(["x"])),
    *(hg.samples.book(), hg.samples.chain(), hg.crash_path(velocity=-0.02, days=3)),
)
SLOW = {"samples.chain", "backtest.cost_curve"}  # another chain for each seed; a study of seconds


def functions(room: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    module = importlib.import_module(f"hedging.{room}")
    for name in module.__all__:
        value = getattr(module, name)
        others = (BaseException, Enum, pd.DataFrame)
        is_class = (
            inspect.isclass(value)
            and not issubclass(value, others)
            and not getattr(value, "_is_protocol", False)
        )
        if f"{room}.{name}" not in SLOW and (inspect.isfunction(value) or is_class):
            yield name, value


def called(function: Callable[..., Any], value: Any) -> None:
    """With one value for all that must be given; a generator to its first item."""
    asked = inspect.signature(function).parameters.values()
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    needed = [each for each in asked if each.default is each.empty and each.kind not in kinds]
    made = function(
        *(value for each in needed if each.kind is not each.KEYWORD_ONLY),
        **{each.name: value for each in needed if each.kind is each.KEYWORD_ONLY},
    )
    if inspect.isgenerator(made):
        next(made, None)


@pytest.mark.parametrize("room", ROOMS)
def test_no_call_fails_in_the_words_of_python(
    room: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    others = []
    for name, function in functions(room):
        for value in random.Random(f"{room}.{name}").sample(WRONG, tried(10, len(WRONG))):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    called(function, value)
            except HedgingError as error:
                if "\n" in str(error):  # a table that was given is named, not shown
                    others.append(f"{name}({type(value).__name__}): {error}")
            except Exception as error:
                others.append(f"{name}({str(value)[:40]!r}): {type(error).__name__} {error}")
    assert others == []


def test_the_argument_is_named_with_its_kind_and_the_way_to_one() -> None:
    with pytest.raises(InputError, match=r"tape must be (a )?Tape; got int: 5\. .*read_tape"):
        hg.backtest.compare(hg.samples.book(), 5, ["put"])  # type: ignore[arg-type, list-item]
    with pytest.raises(InputError, match=r"over_strikes_shown: table must have 'asked'; it has a"):
        hg.overlays.over_strikes_shown(pd.DataFrame({"a": [1]}))
    with pytest.raises(InputError, match=r"returns must hold numbers; the column 'a' does not"):
        hg.paths.ewma_vol(pd.DataFrame({"a": ["x", "y"]}))
    with pytest.raises(InputError, match=r"drift must have 'BTC'; it has ETH"):
        hg.paths.student_t({"BTC": 0.5}, [1, 2], 5, 1, drift={"ETH": 0.0})
    with pytest.raises(
        InputError, match=r"reactions must be .*; got int: 5"
    ):  # an alias of type checkers alone
        hg.scenario.risk_neutral(hg.crash_path(velocity=-0.02, days=3), hg.samples.chain(), reactions=5)  # type: ignore[arg-type]


def test_what_is_wrong_inside_is_not_blamed_on_the_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise KeyError("a fault of ours")

    monkeypatch.setattr(hg.Book, "exposure", broken)
    with pytest.raises(KeyError, match="a fault of ours"):
        hg.monitor.levels_of(_plan(), hg.samples.chain())


def test_the_outermost_call_names_its_own_argument() -> None:
    """Where one public function calls another, of which nobody wrote the arguments."""
    room: dict[str, Any] = {"__all__": ["inner", "outer"]}

    def inner(number: float) -> float:
        return number + 1

    def outer(count: float, text: str = "") -> float:
        return float(room["inner"](count or text))

    inner.__module__ = outer.__module__ = __name__
    room |= {"inner": inner, "outer": outer}
    guarded(room)
    with pytest.raises(InputError, match=r"^outer: count must be float; got str: 'x'"):
        room["outer"]("x")
    with pytest.raises(InputError, match=r"^inner: number must be float") as told:
        room["outer"](
            0, "x"
        )  # all that was given is what it should be: the fault is ours, its traceback there
    assert isinstance(told.value.__cause__, TypeError)
    assert isinstance(pickle.loads(pickle.dumps(told.value)), InputError)


def test_what_no_argument_can_help_is_left_as_it_is() -> None:
    def needing(number: float) -> None:
        raise ModuleNotFoundError("no module of that name")

    needing.__module__ = __name__
    room: dict[str, Any] = {"__all__": ["needing"], "needing": needing}
    guarded(room)
    with pytest.raises(ModuleNotFoundError):
        room["needing"]("x")


def _plan() -> hg.HedgePlan:
    return hg.plan(
        hg.samples.book(),
        hg.samples.chain(),
        hg.Target(delta=(8, 12)),
        hg.Limits(max_legs=1, expiries=(20, 40)),
    )


def test_a_call_that_does_not_fit_the_signature_keeps_pythons_words() -> None:
    with pytest.raises(TypeError, match="unexpected keyword"):
        hg.samples.chain(sed=7)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="missing"):
        hg.risk.profile()  # type: ignore[call-arg]


def test_guarded_functions_are_pickled_by_their_names() -> None:
    assert pickle.loads(pickle.dumps(hg.risk.profile)) is hg.risk.profile


@pytest.mark.parametrize(
    ("value", "hint", "is_one"),
    [
        *((1, float, True), (True, float, False), (np.float64(1), float, True), (1.5, int, False)),
        *(("x", str, True), (None, str | None, True), (5, str | None, False), (pd.NaT, pd.Timestamp, False)),
        *(("a", Literal["a", "b"], True), ("c", Literal["a", "b"], False), ([1.0, 2.0], npt.ArrayLike, True)),
        *(
            ("x", npt.ArrayLike, False),
            ({"a": 1.0}, Mapping[str, float], True),
            ({"a": "b"}, Mapping[str, float], False),
        ),
        *(
            ((1.0, 2.0), tuple[float, float], True),
            ((1.0,), tuple[float, float], False),
            ([1], tuple[int, ...], False),
        ),
        *(((1, 2), tuple[int, ...], True), (len, Callable[..., Any], True), (5, Any, True)),
    ],
)
def test_values_are_held_against_annotations(value: Any, hint: Any, is_one: bool) -> None:
    assert fits(value, hint) is is_one
