"""Every public function called as it should be but for one argument: a result or an error of ours, never another.

What all arguments wrong at once cannot find: the first one is refused, and nobody looks at the others.
"""

from __future__ import annotations

import importlib
import inspect
import pickle
import random
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hedging as hg
from hedging.errors import HedgingError, InputError

BOOK = hg.samples.book()
CHAIN = hg.samples.chain()
CHAIN = replace(
    CHAIN, quotes=CHAIN.quotes[CHAIN.quotes["expiry"].dt.day.isin((20, 27, 10))]
)  # thousands of calls
ROOMS = [name for name in hg.__all__ if inspect.ismodule(getattr(hg, name)) and name != "errors"]
ALWAYS: tuple[Any, ...] = (None, "abc", {}, int, float("inf"), pd.DataFrame({"a": [1]}), np.array([]))
TRIED = 4  # of the others, by argument
WRONG: tuple[Any, ...] = (
    *(5, "", float("nan"), -1, True, 1 + 2j, b"x", object(), {1}, (1,), []),
    *({5: 1}, {"BTC": None}, {"a": {"b": "x"}}, [1, "x", None], [[1], [2, 3]], np.zeros(3)),
    *(pd.Series(["a"]), pd.Timestamp("2026-01-01"), CHAIN, BOOK),
)
DEAR = {  # a good call takes a fiftieth of a second and more: they get one wrong value an argument
    *("screen.decide", "screen.run", "plots.distribution", "plots.depth", "plots.payoff_table"),
    *(
        "allocation.learned_coverage",
        "report.html",
        "planner.frontier",
        "backtest.cost_curve",
        "backtest.interval",
    ),
    *("plots.explore", "screen.history", "overlays.compare", "planner.plan", "rotation.pair", "screen.pair"),
    *("backtest.deflated_sharpe", "scenario.draw", "overlays.standard"),
}
NOT_CALLED = {
    "samples.chain": "made anew for each seed: below",
    "venues.fetch_chain": "asks an exchange",
    "venues.fetch_prices": "asks an exchange",
}


def good() -> dict[str, Any]:
    """What fits a parameter, by its name."""
    market, puts = hg.Market.of(CHAIN), hg.overlays.of_contracts(CHAIN, {"BTC-27MAR26-62000-P": 1.0})
    fall = hg.crash_path(velocity=-0.02, acceleration=-0.004, days=3)
    rng = np.random.default_rng(1)
    run = hg.scenario.run(BOOK, CHAIN, hg.scenario.draw(CHAIN, horizon=5, scenarios=40, seed=1), puts)
    stamps = pd.date_range("2025-01-01", periods=240, tz="UTC")
    closes = pd.DataFrame(
        np.exp(np.cumsum(rng.normal(size=(240, 3)) * 0.02, axis=0)) * 100.0, stamps, ["BTC", "ETH", "SOL"]
    )
    gains, put = rng.normal(size=60) * 0.02, hg.Holding.option("BTC", "put", 62_000.0, "2026-03-27", 1.0)
    return {
        **dict.fromkeys(("chain", "chains", "quotes"), CHAIN),
        **dict.fromkeys(("market", "markets"), market),
        **dict.fromkeys(("overlay", "legs", "plan"), puts),
        **dict.fromkeys(("paths", "outcomes"), fall),
        **dict.fromkeys(("result", "run", "scenario"), run),
        **dict.fromkeys(("returns", "gains", "losses"), gains),
        **dict.fromkeys(("spot", "forward"), 70_000.0),
        **dict.fromkeys(("strike", "put_strike"), 60_000.0),
        "book": BOOK,
        "smile": market.smile,
        "asset": "BTC",
        "flag": "p",
        "vol": 0.6,
        "rate": 0.0,
        "time": 0.1,
        "time_to_expiry": 0.1,
        "expiry": "2026-03-27",
        "quantity": 1.0,
        "call_strike": 80_000.0,
        "days": 5,
        "horizon": 5,
        "velocity": -0.02,
        "acceleration": -0.004,
        "spot_moves": [-0.2, 0.0],
        "holding": put,
        "holdings": [put],
        "target": hg.Target(delta=(8, 12)),
        "limits": hg.Limits(max_legs=1),
        "prices": hg.Prices.from_frame(closes) if hasattr(hg.Prices, "from_frame") else closes,
        "short": "ETH",
        "long": "BTC",
        "notional": 1_000.0,
        "weights": [0.5, 0.5],
        "covariance": np.eye(2),
        "scenarios": 40,
        "seed": 1,
        "level": 0.95,
        "symbol": "BTC-27MAR26-62000-P",
        "contracts": {"BTC-27MAR26-62000-P": 1.0},
        "table": pd.DataFrame({"a": [1.0, 2.0]}),
        "path": "it.csv",
        "delta": 11.0,
        "lot": 0.1,
        "band": 1.0,
    }


GOOD = good()


def functions(room: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    """What a room and the rooms in it make public: functions, and methods of the values above."""
    module = (
        importlib.import_module(f"hedging.{room}")
        if room not in ("allocation", "rotation")
        else getattr(hg, room)
    )
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.isfunction(value) and f"{room}.{name}" not in NOT_CALLED:
            yield name, value
        elif inspect.isclass(value) and not issubclass(value, BaseException | Enum | pd.DataFrame):
            for method, bound in _methods(value):
                yield f"{name}.{method}", bound


def _methods(kind: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Public methods of the value of a kind that is there, and what makes one."""
    value = next((each for each in GOOD.values() if type(each) is kind), kind)
    for name, member in inspect.getmembers_static(kind):
        known = inspect.isfunction(member) and value is not kind
        if not name.startswith("_") and (known or isinstance(member, classmethod)):
            yield name, getattr(value, name)


def failure(function: Callable[..., Any], given: dict[str, Any]) -> Exception | None:
    """What a call fails with, where that is no error of ours."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = function(**given)
            if inspect.isgenerator(made):
                next(made, None)
    except HedgingError:
        return None
    except Exception as error:
        return error
    return None


def calls(room: str) -> Iterator[tuple[str, Callable[..., Any], str, Any, dict[str, Any]]]:
    """Each argument of each function with some wrong values, the same ones in each run."""
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    for name, function in functions(room):
        asked = [each for each in inspect.signature(function).parameters.values() if each.kind not in kinds]
        base = {each.name: GOOD.get(each.name, 1.0) for each in asked if each.default is each.empty}
        for each in asked:
            drawn = random.Random(f"{room}.{name}.{each.name}")
            dear = f"{room}.{name}" in DEAR
            for value in drawn.sample(ALWAYS, 1) if dear else (*ALWAYS, *drawn.sample(WRONG, TRIED)):
                yield name, function, each.name, value, base | {each.name: value}


@pytest.mark.parametrize("room", [room for room in ROOMS if room != "rotation"])  # all of it is screen's
def test_no_argument_fails_in_the_words_of_python(
    room: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from matplotlib import pyplot as plt

    monkeypatch.chdir(tmp_path)
    others = []
    for name, function, argument, value, given in calls(room):
        if (error := failure(function, given)) is not None:
            others.append(f"{name}({argument}={str(value)[:40]!r}): {type(error).__name__} {error}")
        plt.close("all")
    assert others == []


def test_rooms_in_rooms_and_methods_are_among_them() -> None:
    found = {f"{room}.{name}" for room in ROOMS for name, _ in functions(room)}
    assert {"allocation.growth", "rotation.pair", "paths.Paths.shift_at", "planner.Target.band"} <= found
    assert len(found) > 300


@pytest.mark.parametrize("seed", ["x", -1, None, 1.5, True, [1, "x"], {}, object()])
def test_a_seed_of_the_sample_is_a_whole_number(seed: object) -> None:
    with pytest.raises(InputError, match="seed must be a whole number"):
        hg.samples.chain(seed=seed)  # type: ignore[arg-type]


NO_SHAPE: list[tuple[str, Callable[[], Any]]] = [
    ("returns must be", lambda: hg.allocation.tail_correlation(np.zeros(3), np.zeros(3))),
    ("covariance must be", lambda: hg.allocation.effective_bets([0.5, 0.5], [1, 2])),
    ("floor must be", lambda: hg.allocation.growth(GOOD["run"], floor="abc")),  # type: ignore[arg-type]
    ("prices must be", lambda: hg.allocation.learned_coverage("p.parquet")),  # type: ignore[arg-type]
    ("floor must be", lambda: hg.allocation.learned_coverage(GOOD["prices"], floor="-15%")),  # type: ignore[arg-type]
    ("outcomes must", lambda: hg.planner.free_lunch(CHAIN, {})),
    ("must be one of", lambda: hg.Target().band("abc", "BTC")),
    ("under their own", lambda: hg.plan(BOOK, {"ETH": CHAIN}, hg.Target(delta=(8, 12)))),
]


@pytest.mark.parametrize(("said", "call"), NO_SHAPE, ids=[str(place) for place in range(len(NO_SHAPE))])
def test_what_was_wrong_is_named(said: str, call: Callable[[], Any]) -> None:
    with pytest.raises(InputError, match=said):
        call()


def test_lists_are_numbers_as_arrays_are() -> None:
    assert hg.allocation.effective_bets([0.5, 0.5], [[1, 0], [0, 1]]) == pytest.approx(2.0)
    held = [[0.1, 0.2], [-0.1, -0.2], [0.3, 0.6]]
    assert hg.allocation.tail_correlation(held, [0.5, 0.5]) == pytest.approx(1.0)


def test_a_function_of_two_rooms_is_one_and_pickled() -> None:
    for one in (hg.rotation.pair, hg.allocation.growth):
        assert pickle.loads(pickle.dumps(one)) is one
    assert hg.rotation.pair is hg.screen.pair
