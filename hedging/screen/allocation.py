"""Weights before and after, what compounding makes of an overlay, and how much to hedge as far as that is learned."""

from hedging.screen.growth import Growth, growth
from hedging.screen.learned import LearnedCoverage, learned_coverage
from hedging.screen.positions import Sample, effective_bets, sample_of, tail_correlation
from hedging.screen.regimes import regimes
from hedging.screen.weights import Weights, weights

__all__ = [
    "Growth",
    "LearnedCoverage",
    "Sample",
    "Weights",
    "effective_bets",
    "growth",
    "learned_coverage",
    "regimes",
    "sample_of",
    "tail_correlation",
    "weights",
]
