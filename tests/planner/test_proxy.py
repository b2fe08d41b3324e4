"""Hedges of a coin by another that has options: ratios, what they leave, and when they are refused."""

from __future__ import annotations

import numpy as np
import pytest

from hedging import samples
from hedging.errors import InputError
from hedging.planner import (
    Effort,
    Target,
    plan,
    proxy,
)

BOOK, CHAIN = samples.book(), samples.chain()


def test_a_gaussian_pair_gives_the_minimum_variance_ratio_and_its_residual():
    random = np.random.default_rng(11)
    other = 0.04 * random.standard_normal(200_000)
    own = 1.5 * other + 0.03 * random.standard_normal(other.size)
    found = proxy(own, other, asset="AVAX", by="BTC")
    rho = 1.5 * 0.04 / np.hypot(1.5 * 0.04, 0.03)
    assert found.beta == pytest.approx(rho * np.hypot(0.06, 0.03) / 0.04, rel=0.01)
    assert found.downside_beta == pytest.approx(1.5, rel=0.02)
    assert found.residual == pytest.approx(1 - rho**2, rel=0.02)
    left = own - found.beta * other
    assert left.var() / own.var() == pytest.approx(found.residual, rel=1e-6)
    assert found.usable
    assert found.verdict.startswith("Hedge with 1.5")


def test_a_proxy_that_leaves_most_of_the_risk_is_refused_with_a_verdict():
    random = np.random.default_rng(12)
    other = 0.03 * random.standard_normal(500)
    own = 0.5 * other + 0.06 * random.standard_normal(500)
    # 10 October 2025: BTC -12 %, AVAX -70 %.
    found = proxy(np.append(own, -0.70), np.append(other, -0.12), asset="AVAX", by="BTC")
    assert not found.usable
    assert found.verdict.startswith("Do not hedge AVAX with BTC")
    assert found.worst_left < -0.5


def test_the_stand_in_book_is_hedged_like_any_other():
    random = np.random.default_rng(13)
    other = 0.03 * random.standard_normal(500)
    found = proxy(1.2 * other + 0.01 * random.standard_normal(500), other, asset="AVAX", by="BTC")
    stand_in = found.book(quantity=70_000, spot=30.0, proxy_spot=70_000.0)
    assert stand_in.holdings[0].units == pytest.approx(30 * found.downside_beta)
    hedged = plan(stand_in, CHAIN, Target(delta=(10, 20)), effort=Effort(alternatives=False))
    assert 10 <= hedged.after.delta <= 20


def test_returns_that_make_no_pair_are_refused():
    with pytest.raises(InputError, match="same dates"):
        proxy(np.zeros(50), np.zeros(40))
    with pytest.raises(InputError, match="at least 30"):
        proxy(np.arange(5.0), np.arange(5.0))
    with pytest.raises(InputError, match="constant"):
        proxy(np.zeros(50), np.random.default_rng(1).standard_normal(50))
