"""Errors in units of what rounding of the inputs alone can cause, against a table of 20 digits."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, localcontext
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from hedging._numerics import kernels
from hedging._numerics.arithmetic import ARRAYS, FEW
from hedging._numerics.formulas import evaluate_mills
from hedging._numerics.implied import OK

Array = npt.NDArray[np.float64]
INPUTS = ("spot", "strike", "time_to_expiry", "rate", "vol", "dividend_yield")
NAMES = (*kernels.FIRST, *kernels.HIGHER)
TABLED = tuple(name for name in NAMES if name != "rho_forward")
ROUNDING = 2.0**-53
WORST_VALUE = 4.0  # the promise; measured figures are in reference/README.md
WORST_VOL = 20.0


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return pd.read_csv(Path(__file__).parent / "reference" / "greeks.csv.gz", dtype=str)


@pytest.fixture(params=["floats", "few", "arrays", "compiled"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "compiled":
        pytest.importorskip("numba")
    monkeypatch.setattr(kernels, "COMPILED", 1 if request.param == "compiled" else 10**9)
    monkeypatch.setattr(kernels, "FEW", 10**9 if request.param == "few" else 0)
    return str(request.param)


def inputs(table: pd.DataFrame) -> list[Array]:
    sign = np.where(table["flag"] == "c", 1.0, -1.0)
    return [sign, *(table[name].astype(float).to_numpy() for name in INPUTS)]


def codes(table: pd.DataFrame) -> npt.NDArray[np.uint32]:
    return table["flag"].map(ord).to_numpy(np.uint32)


def units(ours: Array, exact: pd.Series, conditioning: Array) -> Array:
    """Errors, measured in 30 digits, over the largest that rounding can cause."""
    with localcontext() as context:
        context.prec = 30
        errors = [float(abs(Decimal(float(a)) - Decimal(b))) for a, b in zip(ours, exact, strict=True)]
    return np.asarray(np.array(errors) / (conditioning * ROUNDING))


def each(function: Callable[..., object], columns: list[Array]) -> Array:
    return np.array([function(*map(float, row)) for row in zip(*columns, strict=True)], dtype=float).T


def worst(table: pd.DataFrame, size: Array) -> str:
    row = table.iloc[int(np.nanargmax(size))]
    return f"{np.nanmax(size):.2f} at {dict(row.iloc[:8])}"


def test_values_are_as_good_as_the_inputs_allow(engine: str, table: pd.DataFrame) -> None:
    columns = inputs(table)
    if engine == "floats":
        values = each(lambda *row: kernels.one(TABLED, *row), columns)
    else:
        values = np.array(kernels.black_scholes(TABLED, [codes(table), *columns[1:]], (len(table),)))
    for name, ours in zip(TABLED, values, strict=True):
        conditioning = table[f"{name}_conditioning"].astype(float).to_numpy()
        seen = conditioning > 1e-280  # below, digits are lost to the smallest float64
        size = np.where(seen, units(ours, table[name], np.where(seen, conditioning, 1.0)), 0.0)
        assert np.nanmax(size) <= WORST_VALUE, f"{name}: {worst(table, size)}"
        assert not np.isnan(size).any()


def vol_conditioning(table: pd.DataFrame) -> Array:
    """Largest relative error of the vol, in roundings, that rounding of price and inputs can cause."""
    number = {name: table[name].astype(float).to_numpy() for name in (*INPUTS, *TABLED)}
    slopes = (
        ("spot", "delta"),
        ("strike", "dual_delta"),
        ("time_to_expiry", "theta"),
        ("rate", "rho"),
        ("dividend_yield", "rho_yield"),
    )
    moved = sum(np.abs(number[x] * number[slope]) for x, slope in slopes)
    with np.errstate(divide="ignore", over="ignore"):
        return 1.0 + (number["price"] + moved) / (number["vega"] * number["vol"])


def test_every_recoverable_vol_is_recovered(engine: str, table: pd.DataFrame) -> None:
    w, S, K, T, r, vol, q = inputs(table)
    price = table["price"].astype(float).to_numpy()
    columns = [w, S, K, T, r, price, q]
    if engine == "floats":
        found, status = each(lambda *row: kernels.one_implied_vol(*row) or (np.nan, np.nan), columns)
    else:
        found, status = kernels.implied_vol([codes(table), *columns[1:]], (len(table),)) or ((), ())
    limit = vol_conditioning(table) * ROUNDING
    recoverable = limit < 1e-7
    assert recoverable.sum() > 1500
    assert (status[recoverable] == OK).all()
    error = np.abs(found / vol - 1.0)
    size = np.where(status == OK, error / limit, 0.0)
    assert np.nanmax(size[recoverable]) <= WORST_VOL, worst(table, np.where(recoverable, size, 0.0))
    # And where less is recoverable, what is returned is no worse than that, or refused.
    assert np.nanmax(size) <= WORST_VOL, worst(table, size)


def test_mills_ratio_to_three_roundings() -> None:
    mpmath = pytest.importorskip("mpmath")
    y = np.concatenate([np.linspace(0, 12, 300), np.geomspace(1e-9, 1, 100), np.geomspace(10, 1e6, 100)])
    on_arrays, _ = ARRAYS.mills(y, y)
    on_few, _ = FEW.mills(y, y)
    with mpmath.workdps(40):
        for i, x in enumerate(map(mpmath.mpf, y.tolist())):
            # N(-y) / (n(y) sqrt(2 pi))
            exact = mpmath.exp(x * x / 2) * mpmath.erfc(x / mpmath.sqrt(2)) / 2
            for ours in (on_arrays[i], on_few[i], evaluate_mills(y[i])):
                assert abs(ours / exact - 1) <= 3 * ROUNDING, y[i]
