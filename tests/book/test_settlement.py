"""Settlement at an average: Deribit's own example, a simulation of the half hour, and what scenarios pay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases.markets import AS_OF, flat_market, option
from numpy.testing import assert_allclose

from hedging.book.book import Book, Holding
from hedging.book.pricer import unit_values
from hedging.book.settlement import AVERAGED, averaged_value, is_averaged, mean_spot, net_delta_at_settlement
from hedging.errors import InputError
from hedging.paths.crash import crash_path
from hedging.paths.paths import Paths, along, grid
from hedging.paths.reactions import STILL
from hedging.scenario import run

MINUTES = 1.0 / 1440.0


def test_net_delta_of_the_exchange_s_own_example() -> None:
    # Deribit, "Delta decay during settlement": a 7000 call of delta 1.0 and mark 0.3 after 15 of 30 minutes.
    assert_allclose(net_delta_at_settlement(1.0, 0.3, 15.0), 0.35)
    assert_allclose(net_delta_at_settlement([0.5, 1.0], [0.0, 0.3], [15.0, 30.0]), [0.25, 0.0])
    with pytest.raises(InputError, match="between 0 and 30"):
        net_delta_at_settlement(1.0, 0.3, 31.0)


def test_call_deep_in_the_money_half_way_has_half_its_delta_and_its_coins() -> None:
    # Spot 10,000, strike 7,000: delta 1, mark 0.3. Half of the mean is known at 10,000.
    def value(spot: float) -> float:
        return float(averaged_value(1.0, spot, 7_000.0, 10_000.0, 15 * MINUTES, 0.6))

    assert_allclose(value(10_000.0), 3_000.0, rtol=1e-9)
    delta = (value(10_001.0) - value(9_999.0)) / 2.0
    assert_allclose(delta, 0.5, rtol=1e-9)
    # Coins that the rest is worth: what is left of the mark; the rest of it is fixed already.
    left = 0.5 * (10_000.0 - 7_000.0) / 10_000.0
    assert_allclose(delta - left, net_delta_at_settlement(1.0, 0.3, 15.0), rtol=1e-9)


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("left", [1.0, 12.0, 29.0])
def test_value_within_the_half_hour_is_that_of_a_simulated_mean(sign: float, left: float) -> None:
    random, steps, vol = np.random.default_rng(4), 120, 0.8
    # Steps' ends as the mean's points, less half of the first and last as a continuous mean has them.
    moves = random.standard_normal((40_000, steps)) * vol * np.sqrt(left * MINUTES / 365 / steps)
    log = np.concatenate((np.zeros((40_000, 1)), np.cumsum(moves - moves.var() / 2, axis=1)), axis=1)
    mean = np.trapezoid(100.0 * np.exp(log), dx=1.0 / steps, axis=1)
    share = left / 30.0
    payoff = np.maximum(sign * ((1 - share) * 100.1 + share * mean - 100.05), 0.0)
    found = averaged_value(sign, 100.0, 100.05, 100.1, left * MINUTES, vol)
    assert abs(found - payoff.mean()) < 3.0 * payoff.std() / 200.0 + 2e-6


def test_strike_below_what_is_known_is_passed_for_certain() -> None:
    call, put = (averaged_value(s, 100.0, 40.0, 100.0, 10 * MINUTES, 0.8) for s in (1.0, -1.0))
    assert_allclose((call, put), (60.0, 0.0), rtol=1e-12)
    assert averaged_value(1.0, 100.0, 90.0, 95.0, 0.0, 0.8) == 5.0


def test_path_settles_at_the_mean_of_its_last_half_hour_at_eight_only() -> None:
    market = flat_market("cash", days=(2.0,))
    put = option(market, "p", 100.0, 2.0)
    assert AS_OF.hour == 8
    assert is_averaged(put)
    path = along([1.0, 2.0 - AVERAGED, 2.0], [[-0.2, -0.2, -0.3]], reaction=STILL)
    mean = 100.0 * np.exp(-0.2) * (1 - np.exp(-0.1)) / 0.1  # of a straight line in log-price
    assert_allclose(unit_values([put], [np.nan], market, path)[0, -1, 0], 100.0 - mean, rtol=1e-4)
    at_spot = replace(path, averaged=False)
    assert_allclose(unit_values([put], [np.nan], market, at_spot)[0, -1, 0], 100.0 - 100.0 * np.exp(-0.3))


def test_value_runs_without_a_step_into_the_half_hour_and_to_the_payoff() -> None:
    market = flat_market("cash", days=(2.0,))
    put = option(market, "p", 100.0, 2.0)
    ends = 2.0 - AVERAGED * np.array([1.002, 0.998, 0.5, 1e-6, 0.0])
    path = along(ends, np.full((1, 5), -0.001), reaction=STILL)
    before, within, half, last, paid = unit_values([put], [np.nan], market, path)[0, :, 0]
    # On both sides of its beginning the mean has a third of the variance that spot has until the end.
    assert_allclose(within, before, rtol=0.02)
    assert paid < half < within
    assert_allclose(last, paid, atol=1e-3)


def test_result_says_at_what_its_options_settle() -> None:
    market = flat_market(days=(10.0,))
    book = Book(Holding(option(market, "p", 90.0, 10.0), 1.0))
    walked = run(book, market, crash_path(-0.02, days=10, reaction=STILL))
    assert any("mean of spot over the last 30 minutes" in remark for remark in walked.remarks)
    assert not run(book, market, grid([-0.1], days=[10.0])).remarks


def test_mean_between_dates_is_that_of_the_line() -> None:
    path = Paths(np.array([1.0]), np.array([[0.5]]), np.zeros((1, 1)), ("x",))
    assert_allclose(mean_spot(path, 0.0, 1.0), [[0.5 / np.log(2.0)]], rtol=1e-3)
    assert_allclose(mean_spot(path, 1.0, 1.0), [[0.5]])
