"""Premiums looked up against each solved by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hedging import greeks
from hedging._numerics import american
from hedging._numerics.american_table import PremiumTable, american_value

RATES = [(0.045, 0.013), (0.03, 0.06), (0.0, 0.03), (0.05, 0.0), (0.002, 0.001), (0.04, -0.02)]


def drawn(count: int, seed: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    w = rng.choice([1.0, -1.0], count)
    S, K = 100.0 * np.exp(rng.normal(0, 0.35, count)), 100.0 * np.exp(rng.normal(0, 0.2, count))
    return w, S, K, rng.uniform(0.06, 1.2, count)


def both(T: float, r: float, q: float, seed: int = 0, count: int = 500) -> tuple[np.ndarray, ...]:
    """Values looked up, each solved, European ones, and strikes."""
    w, S, K, v = drawn(count, seed)
    flag = np.where(w > 0, "c", "p")
    european = np.asarray(greeks.price(flag, S, K, T, r, v, q))
    columns = (each[:, None] for each in (w, S, K, v, european))
    found = american_value(*columns, r=r, T=T, q=q, tables={})[:, 0]
    return found, np.asarray(greeks.american_price(flag, S, K, T, r, v, q)), european, K


@pytest.mark.parametrize(("r", "q"), RATES)
@pytest.mark.parametrize("T", [2 / 365, 0.25, 1.0])
def test_within_a_millionth_of_the_strike(T: float, r: float, q: float) -> None:
    found, solved, european, strike = both(T, r, q)
    assert np.abs((found - solved) / strike).max() < 1e-6
    assert (solved - european).max() > 10.0 * np.abs(found - solved).max()
    assert (found >= european).all()


def test_where_exercise_never_pays_values_are_european_to_the_bit() -> None:
    for r, q in ((0.0, 0.0), (-0.01, 0.01)):
        found, _, european, _ = both(0.5, r, q)
        calls_and_puts = drawn(500, 0)[0] > 0
        assert (found[~calls_and_puts] == european[~calls_and_puts]).all()
    found, *_, european, _ = both(0.5, 0.03, 0.0)
    calls = drawn(500, 0)[0] > 0
    assert (found[calls] == european[calls]).all()


def test_what_is_exercised_pays_exactly() -> None:
    found = american_value(
        np.array([[1.0], [-1.0]]), np.array([[300.0], [20.0]]), np.array([[100.0]]), np.array([[0.2]]),
        np.array([[190.0], [78.0]]), r=0.05, T=1.0, q=0.05, tables={},
    )  # fmt: skip
    assert found.tolist() == [[200.0], [80.0]]


def test_no_answer_depends_on_what_else_was_asked() -> None:
    _, S, K, v = drawn(200, 3)
    table, alone = PremiumTable(0.05, 0.01, 0.5), PremiumTable(0.05, 0.01, 0.5)
    whole = table.premium(S / K, v)[0]
    parts = np.concatenate([alone.premium((S / K)[i : i + 20], v[i : i + 20])[0] for i in range(0, 200, 20)])
    assert (whole == parts).all()


def test_two_boundaries_are_left_out() -> None:
    """A put at a yield below a rate below 0: the European value, which is no more than the American one."""
    found, _, european, _ = both(0.25, -0.01, -0.03)
    assert (found == european)[drawn(500, 0)[0] < 0].all()


def test_a_boundary_is_found_once_for_all_spots(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is nearly all that a premium costs: found anew for each spot of a column, a plan on shares took minutes."""
    asked: list[int] = []
    found = american._boundary

    def counted(r: np.ndarray, *rest: Any) -> np.ndarray:
        asked.append(r.size)
        return found(r, *rest)

    monkeypatch.setattr(american, "_boundary", counted)
    table = PremiumTable(0.05, 0.01, 0.5)
    table.premium(np.linspace(0.5, 1.5, 1_000), np.linspace(0.2, 0.6, 1_000))
    assert sum(asked) == len(table.columns)
    table.premium(np.linspace(0.4, 1.6, 2_000), np.linspace(0.2, 0.6, 2_000))
    assert sum(asked) == len(table.columns)


@pytest.mark.parametrize(("r", "q"), RATES)
def test_along_a_boundary_premiums_are_those_of_each_spot(r: float, q: float) -> None:
    y, v = np.array([0.0, 0.7, 3.0]), np.array([0.1, 0.4, 1.5])
    for fine in (True, False):
        rates = [np.full(3, number) for number in (r, q)]
        edge, value, slope = american.premiums_along(*rates, v, np.full(3, 0.5), y, np.full(3, fine))
        s = np.exp(edge[:, None] + y * v[:, None] * np.sqrt(0.5)).ravel()
        each = (np.repeat(a, 3) for a in (*rates, v, np.full(3, 0.5)))
        alone = american.premiums_of_arrays(s, *each, american.FINE_TABLE if fine else american.QUICK_TABLE)
        np.testing.assert_allclose(value.ravel(), alone[0], atol=1e-14)
        np.testing.assert_allclose(slope.ravel(), alone[1] * s * np.repeat(v, 3) * np.sqrt(0.5), atol=1e-13)
        np.testing.assert_allclose(np.repeat(edge, 3), alone[3], atol=1e-13)
