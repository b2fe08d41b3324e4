"""Free lunches of small chains, and the least change of probabilities that leaves none."""

from __future__ import annotations

import numpy as np
import pytest
from cases.planner import LOOSE, SPOT, small_chain

from hedging.book.book import Book
from hedging.errors import InputError
from hedging.market.market import Market
from hedging.paths.paths import Paths
from hedging.planner import (
    Limits,
    Outcomes,
    free_lunch,
    reweighted,
)

LADDER = [("p", 80.0, 30), ("p", 90.0, 30), ("p", 100.0, 30), ("c", 105.0, 30), ("c", 115.0, 30)]


def lognormal(vol: float, count: int = 4_000, days: float = 30.0) -> Paths:
    from scipy.special import ndtri

    deviation = vol * np.sqrt(days / 365)
    move = np.exp(deviation * ndtri((np.arange(count) + 0.5) / count) - deviation**2 / 2)
    return Paths(np.array([days]), move[:, None], np.zeros((count, 1)), tuple(str(i) for i in range(count)))


def test_scenarios_that_miss_the_falls_give_puts_away():
    chain = small_chain([("p", 99.0, 30), ("c", 101.0, 30)])
    rising = Paths(np.array([30.0]), np.linspace(0.99, 1.6, 50)[:, None], np.zeros((50, 1)), ("",) * 50)
    lunch = free_lunch(chain, rising, Limits(**LOOSE), size=10.0)
    assert lunch.gain > 0
    sold = {leg.instrument.flag for leg in lunch.legs if leg.quantity < 0}
    assert sold == {"p"}
    # It loses nowhere indeed.
    after = Book() + lunch.legs
    values = after.values(Market.of(chain), rising).sum(axis=2) + after.cash
    assert values.min() >= -1e-6


def test_scenarios_that_span_the_strikes_give_nothing_away():
    assert free_lunch(small_chain(LADDER), lognormal(0.6), Limits(**LOOSE), size=10.0) is None


def test_reweighting_brings_every_model_price_within_bid_and_ask():
    chain = small_chain(LADDER, spreads=[0.03] * len(LADDER))
    wrong = lognormal(0.9)  # far wilder than the quotes
    found = reweighted(chain, wrong, Limits(**LOOSE))
    market = Market.of(chain)
    weights = found.outcomes.probabilities
    for row in chain.quotes.itertuples():
        payoff = np.maximum((1 if row.flag == "c" else -1) * (SPOT * wrong.spot[:, 0] - row.strike), 0.0)
        # Paid in coins today, settled in coins then: both move with spot.
        model = weights @ (payoff - row.ask / SPOT * (SPOT * wrong.spot[:, 0]))
        assert model <= 1e-3 * SPOT
        model = weights @ (payoff - row.bid / SPOT * (SPOT * wrong.spot[:, 0]))
        assert model >= -1e-3 * SPOT
    assert found.entropy > 0
    assert 1 < found.effective < len(wrong)
    assert market.asset == "BTC"


def test_scenarios_that_fit_the_quotes_keep_their_probabilities():
    chain = small_chain([("p", 95.0, 30), ("c", 105.0, 30)], spreads=[0.3, 0.3])
    found = reweighted(chain, lognormal(0.6), Limits(**LOOSE))
    assert found.entropy == pytest.approx(0.0, abs=1e-4)


def test_scenarios_with_a_free_lunch_cannot_be_reweighted():
    chain = small_chain([("p", 99.0, 30), ("c", 101.0, 30)])
    rising = Paths(np.array([30.0]), np.linspace(1.01, 1.6, 50)[:, None], np.zeros((50, 1)), ("",) * 50)
    with pytest.raises(InputError, match="no probabilities"):
        reweighted(chain, Outcomes(rising), Limits(**LOOSE))
