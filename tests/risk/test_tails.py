"""Risk numbers: closed forms, exact sums, honest errors; attribution against full revaluation."""

from __future__ import annotations

import numpy as np
import pytest
from cases.markets import flat_market, option
from numpy.testing import assert_allclose

from hedging import risk
from hedging.book.book import Book, Holding
from hedging.errors import InputError
from hedging.paths.crash import crash_path
from hedging.paths.paths import Paths, grid
from hedging.paths.reactions import BTC


def test_empirical_numbers_by_hand() -> None:
    gains = -np.arange(1.0, 101.0)
    assert risk.value_at_risk(gains, 0.95) == 95.0
    assert risk.expected_shortfall(gains, 0.95) == 98.0
    # A level between two scenarios takes part of one: (100 + 99 + 0.5 * 98) / 2.5.
    assert_allclose(risk.expected_shortfall(gains, 0.975), (100 + 99 + 0.5 * 98) / 2.5)


def test_weights_are_repeats() -> None:
    gains, counts = np.array([-5.0, -3.0, 1.0, 4.0]), np.array([1, 2, 4, 3])
    repeated = np.repeat(gains, counts)
    for level in (0.55, 0.8, 0.95):
        assert risk.value_at_risk(gains, level, counts) == risk.value_at_risk(repeated, level)
        assert_allclose(
            risk.expected_shortfall(gains, level, counts), risk.expected_shortfall(repeated, level)
        )


@pytest.mark.parametrize("degrees", [3.0, 6.0, np.inf])
def test_sampled_numbers_meet_the_closed_form_of_student_t(degrees: float) -> None:
    random = np.random.default_rng(11)
    draws = random.standard_normal(400_000) if np.isinf(degrees) else random.standard_t(degrees, 400_000)
    table = risk.tail_risk(2.0 * draws + 0.5, levels=(0.95, 0.99))
    for level in (0.95, 0.99):
        var, shortfall = risk.student_t_risk(2.0, degrees, level, mean=0.5)
        row = table.loc[("gain", level)]
        assert abs(row["VaR"] - var) < 4 * row["VaR error"]
        assert abs(row["ES"] - shortfall) < 4 * row["ES error"]


def test_normal_closed_form_is_the_textbooks() -> None:
    var, shortfall = risk.student_t_risk(1.0, np.inf, 0.95)
    assert_allclose([var, shortfall], [1.6448536269514722, 2.0627128075074257], rtol=1e-12)


def test_errors_are_the_spread_over_many_samples() -> None:
    random = np.random.default_rng(2)
    tables = [risk.tail_risk(random.standard_t(5, 2_000), levels=(0.95,)).iloc[0] for _ in range(300)]
    for name in ("VaR", "ES"):
        spread = np.std([row[name] for row in tables])
        assert_allclose(np.mean([row[f"{name} error"] for row in tables]), spread, rtol=0.12)


def test_contributions_sum_to_the_shortfall_and_a_hedge_is_negative() -> None:
    random = np.random.default_rng(4)
    spot = random.normal(0, 100, 5_000)
    legs = np.column_stack([spot, np.maximum(-spot - 50, 0) - 10, random.normal(0, 5, 5_000)])
    parts = risk.shortfall_contributions(legs, 0.95)
    assert_allclose(parts.sum(), risk.expected_shortfall(legs.sum(axis=1), 0.95), rtol=1e-12)
    assert parts[1] < 0 < parts[0]


def test_contributions_to_the_value_at_risk_sum_to_it_with_weights_and_ties() -> None:
    random = np.random.default_rng(6)
    legs = random.normal(0, 100, (4_001, 3)) * [1.0, -0.4, 0.1]
    weights = random.random(4_001)
    for level in (0.5, 0.9, 0.99):
        parts = risk.value_at_risk_contributions(legs, level, weights)
        total = legs.sum(axis=1)
        assert_allclose(parts.sum(), risk.value_at_risk(total, level, weights), rtol=1e-12)
        assert (-legs == parts).all(axis=1).sum() == 1  # the losses of one scenario
    # Two scenarios lose 6 together, one three times as likely.
    tied = [[-6.0, 0.0], [-2.0, -4.0], [5.0, 5.0], [-50.0, -50.0]]
    assert_allclose(risk.value_at_risk_contributions(tied, 0.6, [1, 3, 4, 1]), [3.0, 3.0])


def test_contributions_to_the_value_at_risk_are_its_slopes() -> None:
    legs = np.random.default_rng(7).normal(0, 100, (999, 3))
    for leg, part in enumerate(risk.value_at_risk_contributions(legs, 0.95)):
        up, down = (
            risk.value_at_risk((legs * (1.0 + h * (np.arange(3) == leg))).sum(axis=1)) for h in (1e-7, -1e-7)
        )
        assert_allclose((up - down) / 2e-7, part, rtol=1e-5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: risk.shortfall_contributions([1.0, 2.0]), "one column a leg"),
        (lambda: risk.value_at_risk([], 0.95), "at least one"),
        (lambda: risk.value_at_risk([1.0, np.nan], 0.95), "finite"),
        (lambda: risk.value_at_risk([1.0], 95), "level must lie between 0 and 1"),
        (lambda: risk.value_at_risk([1.0], 0.95, [1.0, 2.0]), "weights must be"),
        (lambda: risk.student_t_risk(1.0, 1.0), "degrees must be > 1"),
        (lambda: risk.reverse_stress(Book(), flat_market(), -5.0), "loss must be"),
        (lambda: risk.attribution(Book(), flat_market(), grid([0.1])), "a grid has none"),
    ],
)
def test_bad_input_is_refused(call: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()  # type: ignore[operator]


def book_of_everything() -> tuple[Book, object]:
    market = flat_market(carry=0.05, skew=0.2, half_spread=0.01)
    options = [Holding(option(market, f, k, 30.0), q) for f, k, q in [("p", 90.0, 10.0), ("c", 120.0, -10.0)]]
    return Book(Holding.spot("BTC", 10.0), Holding.perpetual("BTC", -2.0, 105.0), options), market


def test_attribution_sums_to_the_full_revaluation() -> None:
    book, market = book_of_everything()
    walk = crash_path(-0.02, -0.004, 10, step=0.25, reaction=BTC)
    table = risk.attribution(book, market, walk)  # type: ignore[arg-type]
    assert_allclose(table.drop(columns="total").sum(axis=1), table["total"], atol=1e-9)
    values = book.values(market, walk)  # type: ignore[arg-type]
    assert_allclose(table["total"].iloc[:-1], values[0, -1] - values[0, 0], atol=1e-9)
    assert_allclose(table.loc["total", "total"], (values[0, -1] - values[0, 0]).sum())


def test_shorter_steps_leave_less_unexplained() -> None:
    book, market = book_of_everything()
    left = [
        abs(risk.attribution(book, market, crash_path(-0.02, -0.004, 8, step=step)).iloc[2]["unexplained"])  # type: ignore[arg-type]
        for step in (2.0, 0.5, 0.1)
    ]
    assert left[2] < left[1] < left[0]
    assert left[2] < 0.05


def test_attribution_of_an_option_that_expires_on_the_way_is_complete() -> None:
    market = flat_market("cash")
    book = Book(Holding(option(market, "p", 100.0, 2.0), 1.0))
    walk = Paths(np.array([1.0, 2.0, 3.0]), np.array([[0.9, 0.8, 0.9]]), np.zeros((1, 3)), ("x",))
    table = risk.attribution(book, market, walk)
    assert_allclose(table.loc["total", "total"], 20.0 - book.value(market))
    assert_allclose(table.drop(columns="total").sum(axis=1), table["total"], atol=1e-12)


def test_funding_is_named() -> None:
    from dataclasses import replace

    market = replace(flat_market(), funding_8h=0.001)
    walk = Paths(np.array([1.0]), np.array([[1.0]]), np.zeros((1, 1)), ("flat",))
    row = risk.attribution(Book(Holding.perpetual("BTC", 2.0, 100.0)), market, walk).loc["total"]
    assert_allclose(row[["funding", "total"]].to_numpy(dtype=float), [-0.6, -0.6])


def test_reverse_stress_of_spot_and_of_a_floor() -> None:
    market = flat_market("cash")
    found = risk.reverse_stress(Book(Holding.spot("BTC", 10.0)), market, 250.0)
    assert_allclose([found.down, found.down_move], [75.0, -0.25])
    assert found.up is None
    assert found.up_move is None
    floored = Book(Holding.spot("BTC", 10.0), Holding(option(market, "p", 90.0, 30.0), 10.0))
    paid = floored.value(market) - 1000.0
    assert risk.reverse_stress(floored, market, 100 + paid + 0.01, day=30.0).down is None
    assert_allclose(risk.reverse_stress(floored, market, 100 + paid - 1, day=30.0).down, 90.1, rtol=1e-9)


def test_profile_is_the_slope_of_the_value_and_meets_the_exposure_today() -> None:
    book, market = book_of_everything()
    table = risk.profile(book, market, [-0.2, -0.1999, 0.0])  # type: ignore[arg-type]
    exposure = book.exposure(market)  # type: ignore[arg-type]
    for name in ("delta", "gamma", "vega", "theta"):
        # The perpetual's funding is zero here, so its theta is too.
        assert_allclose(table[name].iloc[-1], getattr(exposure, name), rtol=1e-6)
    nodes = grid([-0.2 - 1e-5, -0.2 + 1e-5], stickiness=1.0)
    flat = flat_market(carry=0.05)
    values = book.values(flat, nodes).sum(axis=-1)[:, 0]
    slope = (values[1] - values[0]) / (2e-5 * 100)
    # The fitted surface is flat within a hundredth of a vol point.
    assert_allclose(risk.profile(book, flat, [-0.2])["delta"].iloc[0], slope, rtol=2e-4)


def test_profile_after_every_expiry_is_the_linear_part() -> None:
    book, market = book_of_everything()
    table = risk.profile(book, market, [-0.5, 0.1], day=31.0)  # type: ignore[arg-type]
    assert_allclose(table["delta"], 8.0)
    assert not table[["gamma", "vega", "theta"]].to_numpy().any()


@pytest.mark.parametrize("measure", [risk.value_at_risk, risk.expected_shortfall])
def test_weights_are_finite_and_only_their_proportions_count(measure):
    gains = [1.0, -2.0, 3.0]
    for weights in ([np.inf, 1, 1], [np.inf] * 3, [np.nan, 1, 1], [-1, 1, 1], [0, 0, 0], [1, 2]):
        with pytest.raises(InputError, match="weights must be numbers >= 0"):
            measure(gains, 0.9, weights=weights)
    for scale in (1.7e308, 1.0, 1e-300):
        assert measure(gains, 0.9, weights=[scale] * 3) == measure(gains, 0.9)
