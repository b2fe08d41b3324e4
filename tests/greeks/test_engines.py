"""Scalars, arrays, threads and compiled loops give one result, in memory that nobody else looks at."""

from __future__ import annotations

import math
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from hedging import greeks
from hedging._numerics import blocks, kernels
from hedging.units import GREEK_UNITS

REST = {"time_to_expiry": 0.5, "rate": 0.05, "vol": 0.6, "dividend_yield": 0.01}
SCALAR = greeks.price("c", 100.0, 95.0, **REST)


def test_all_engines_give_the_same_values(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    n = 30_000
    case = {
        "flag": rng.choice(["c", "p"], n),
        "spot": np.exp(rng.normal(0, 2, n)),
        "strike": np.exp(rng.normal(0, 2, n)),
        "time_to_expiry": np.exp(rng.uniform(-15, 3, n)),
        "rate": rng.uniform(-0.05, 0.2, n),
        "vol": np.exp(rng.uniform(-5, 3, n)),
        "dividend_yield": rng.uniform(-0.05, 0.2, n),
    }
    names = tuple(GREEK_UNITS)
    monkeypatch.setattr(blocks, "THREADED", 10_000)
    with_all = greeks.greeks(**case, names=names)
    monkeypatch.setattr(kernels, "COMPILED", 10**9)
    on_arrays = greeks.greeks(**case, names=names)
    monkeypatch.setattr(blocks, "THREADED", 10**9)
    on_one_thread = greeks.greeks(**case, names=names)
    few = range(0, n, 500)
    one_by_one = [greeks.greeks(*(c[i].item() for c in case.values()), names=names) for i in few]
    h = np.abs(np.log(case["spot"] / case["strike"])) / (case["vol"] * np.sqrt(case["time_to_expiry"]))
    seen = h < 30  # further out the values themselves turn on the last digit of h
    for name in names:
        assert_array_equal(getattr(on_arrays, name), getattr(on_one_thread, name))
        scalar = np.array([getattr(found, name) for found in one_by_one])
        size = np.abs(getattr(on_arrays, name))
        for found, reference, where in (
            (getattr(with_all, name), getattr(on_arrays, name), seen),
            (scalar, getattr(on_arrays, name)[few], seen[few]),
        ):
            scale = size if found.shape == size.shape else size[few]
            noise = 1e-11 * scale + 1e-15 * np.median(size[seen]) + 1e-290
            assert (np.abs(found - reference) <= noise)[where].mean() > 0.999, name


@pytest.mark.parametrize("dividend_yield", ["0", "one", "each"])
def test_a_compiled_result_does_not_turn_on_where_it_stands(
    dividend_yield: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("numba")
    monkeypatch.setattr(kernels, "COMPILED", 1)
    rng = np.random.default_rng(5)
    n = 700
    yields = {"0": np.zeros(()), "one": np.full((), 0.03), "each": rng.uniform(-0.05, 0.2, n)}
    case = [
        rng.choice([ord("c"), ord("p")], n).astype(np.uint32),
        *(np.exp(rng.normal(0, width, n)) for width in (2.0, 2.0, 1.0)),
        rng.uniform(-0.05, 0.2, n),
        np.exp(rng.normal(-1, 1, n)),
        yields[dividend_yield],
    ]
    prices = (kernels.black_scholes(("price",), case, (n,)) or [])[0]
    quoted = [*case[:5], prices, case[6]]

    def results(where: slice) -> list[list[np.ndarray]]:
        some, priced = ([c[where] if c.ndim else c for c in columns] for columns in (case, quoted))
        shape = some[1].shape
        return [
            kernels.black_scholes(("price",), some, shape) or [],
            kernels.black_scholes((*kernels.FIRST, *kernels.HIGHER), some, shape) or [],
            kernels.implied_vol(priced, shape) or [],
        ]

    whole = results(slice(None))
    for where in (slice(1), slice(7, 15), slice(3, 131), slice(100, 357), slice(13, None)):
        for found, rows in zip(results(where), whole, strict=True):
            assert found
            for row, all_of_it in zip(found, rows, strict=True):
                assert_array_equal(row, all_of_it[where])


def test_a_numba_that_does_not_load_costs_no_call(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "numba.py").write_text('raise ImportError("Numba needs NumPy 2.2 or less")')
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "numba", raising=False)
    monkeypatch.setattr(kernels, "COMPILED", 1000)
    kernels._loops.cache_clear()
    try:
        for _ in range(2):
            value = greeks.price("c", np.full(1000, 100.0), 95.0, **REST)
            assert value == pytest.approx(np.full(1000, SCALAR), rel=1e-14)
    finally:
        kernels._loops.cache_clear()
    assert [record.getMessage() for record in caplog.records] == [
        "numba does not load, so nothing is compiled: Numba needs NumPy 2.2 or less"
    ]


def test_loops_are_compiled_where_nothing_can_be_kept_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    numba = pytest.importorskip("numba")
    from numba.core import caching

    from hedging._numerics.cache_compiled import cached

    def double(x: float) -> float:
        return 2.0 * x

    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    with pytest.raises(RuntimeError, match="no locator available"):
        numba.njit(cache=True)(double)
    assert cached()(double)(21.0) == 42.0


@pytest.mark.parametrize("rows", [1, 6])
def test_memory_of_a_result_is_used_again_only_when_nobody_looks_at_it(rows: int) -> None:
    def result(value: float) -> list[np.ndarray]:
        out = blocks._empty(rows, 200_000)
        out[:] = value
        return list(out)

    first = result(1.0)
    last_row, where = first[-1][::2], first[0].__array_interface__["data"]
    second = result(2.0)
    assert (last_row == 1.0).all()
    assert all((row == 2.0).all() for row in second)
    del first
    assert result(3.0)[0].__array_interface__["data"] != where  # a view of one row still looks at it
    assert (last_row == 1.0).all()
    del last_row
    assert result(4.0)[0].__array_interface__["data"] == where


def test_a_large_result_outlives_the_next_call() -> None:
    case = {"spot": 100.0, "strike": np.linspace(50, 150, 200_000), "time_to_expiry": 0.5, "rate": 0.0}
    calls = greeks.price("c", **case, vol=0.5)
    kept = calls.copy()
    puts = greeks.price("p", **case, vol=0.5)
    assert_array_equal(calls, kept)
    assert calls - puts == pytest.approx(100 - case["strike"], abs=1e-12)


def usual_inputs(bounds: np.ndarray, count: int) -> list[np.ndarray]:
    """Every corner of the bounds with every middle, then points in between, far and near."""
    low, high = bounds[:, :, 0]
    corners = np.array(list(product(*([a, 0.1, b] for a, b in zip(low[1:], high[1:], strict=True)))))
    rng = np.random.default_rng(4)
    chosen = [rng.choice([-1.0, 1.0], count)]
    for a, b in zip(low[1:], high[1:], strict=True):
        wide = rng.uniform(a, b, count) if a <= 0 else np.exp(rng.uniform(math.log(a), math.log(b), count))
        chosen.append(np.where(rng.random(count) < 0.5, wide, rng.uniform(0.01, 3, count)))
    flags = np.repeat([1.0, -1.0], len(corners))
    return [np.concatenate([x, y]) for x, y in zip([flags, *np.tile(corners, (2, 1)).T], chosen, strict=True)]


@pytest.mark.parametrize("kind", ["values", "implied"])
def test_usual_numbers_give_the_same_bits_with_and_without_a_search_for_limits(kind: str) -> None:
    names = (*kernels.FIRST, *kernels.HIGHER)
    plan = kernels._plan(names, is_few=False) if kind == "values" else kernels._IMPLIED[False]
    x = usual_inputs(plan.bounds, 50_000)
    with np.errstate(all="ignore"):
        for ours, reference in zip(plan.usual(*x), plan.any(*x), strict=True):
            assert_array_equal(ours, reference)
            assert kind == "implied" or not np.isnan(ours).any()
