"""Seeds: what is one is a generator, what is none is refused in words, wherever something is drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import hedging as hg
from hedging._numerics.seeds import generator_of
from hedging.errors import InputError


def test_a_generator_is_taken_as_it_is_and_a_number_starts_one() -> None:
    given = np.random.default_rng(1)
    assert generator_of(given) is given
    assert generator_of(7).random() == np.random.default_rng(7).random()


@pytest.mark.parametrize("seed", [-1, 1.5, "x", [1, -1], object(), float("nan")])
def test_what_is_no_seed_is_refused(seed: Any) -> None:
    with pytest.raises(InputError, match="seed must be a whole number >= 0"):
        generator_of(seed)


def test_draws_refuse_a_negative_seed() -> None:
    chain = hg.samples.chain()
    fall = hg.crash_path(velocity=-0.02, days=3)
    for drawn in (
        lambda: hg.scenario.draw(chain, horizon=5, scenarios=10, seed=-1),
        lambda: hg.scenario.risk_neutral(fall, chain, seed=-1),
        lambda: hg.paths.student_t({"BTC": 0.5}, [1.0, 2.0], 5, -1),
        lambda: hg.backtest.cost_curve(100.0, 0.1, 0.5, 0.001, spot=100.0, seed=-1),
    ):
        with pytest.raises(InputError, match="seed must be a whole number >= 0"):
            drawn()
