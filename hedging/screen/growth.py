"""What compounding makes of an overlay: growth with and without it, and the coverage that grows most."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from hedging._ground.shown import Shown
from hedging._numerics.types import Array
from hedging.errors import InputError
from hedging.scenario import ScenarioResult
from hedging.screen.positions import effective_bets, sample_of, tail_correlation
from hedging.units import DAYS_PER_YEAR

__all__ = ["Growth", "growth"]

MOST: Final = 3.0  # times the overlay
STEPS: Final = 301
REFINED: Final = 60  # halvings of the step around the best


@dataclass(frozen=True, slots=True)
class Growth(Shown):
    """Growth of a book over outcomes, with its overlay and without.

    Attributes
    ----------
    without, with_overlay : float
        Expected log growth; minus infinity where an outcome leaves nothing. [1/year]
    premium : float
        What the overlay loses on average. [share of the book a year]
    kelly, half_kelly : float
        Multiple of the overlay that grows most, and half of it.
    at_kelly : float
        Growth there. [1/year]
    floor : float
    coverage : float
        Least multiple of the overlay that keeps the floor in all outcomes; NaN where none does.
    at_coverage : float
        Growth there. [1/year]
    bets, tail : tuple of float
        Effective number of bets, and mean correlation in the tail, without and with.
    """

    without: float
    with_overlay: float
    premium: float
    kelly: float
    half_kelly: float
    at_kelly: float
    floor: float
    coverage: float
    at_coverage: float
    bets: tuple[float, float]
    tail: tuple[float, float]

    @property
    def verdict(self) -> str:
        """Whether the overlay raises growth, as a sentence."""
        change = self.with_overlay - self.without
        if not math.isfinite(change):
            return "Without the overlay an outcome ruins the book; no growth makes up for that."
        verb = "raises" if change > 0.0 else "lowers"
        paid = "costs" if self.premium >= 0.0 else "earns"
        return f"The overlay {paid} {abs(self.premium):.1%} a year on average and {verb} growth by {abs(change):.1%} a year."

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        found = {name: getattr(self, name) for name in self.__slots__}
        return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in found.items()}

    def __repr__(self) -> str:
        needs = f"needs {self.coverage:.2f} ({self.at_coverage:+.2%})"
        kept = needs if math.isfinite(self.coverage) else "is kept by no multiple of it in all outcomes"
        return (
            f"log growth a year: {self.without:+.2%} without, {self.with_overlay:+.2%} with the overlay. {self.verdict}\n"
            f"grows most at {self.kelly:.2f} times the overlay ({self.at_kelly:+.2%}), half of that {self.half_kelly:.2f}; "
            f"a floor of {self.floor:.0%} {kept}\n"
            f"effective bets {self.bets[0]:.1f} and {self.bets[1]:.1f}, correlation in the tail {self.tail[0]:.2f} and "
            f"{self.tail[1]:.2f}, without and with"
        )


def growth(result: ScenarioResult, floor: float = -0.15) -> Growth:
    r"""Expected log growth of a book over outcomes, with its overlay and at other sizes of it.

    Parameters
    ----------
    result : ScenarioResult
        Outcomes of equal probability that are meant, at their last date; drift, vol, leverage, premium and
        funding are as they were put in.
    floor : float
        Worst loss to be kept, < 0. [share of the book]

    Raises
    ------
    InputError
        If there is no overlay, the book is worth nothing, or the outcomes are today's.

    Notes
    -----
    :math:`g(c) = E \ln(1 + R + c H) \cdot 365 / T` is concave in the multiple :math:`c` of the overlay, so that its
    peak, the Kelly size, is the only one.
    """
    if not isinstance(result, ScenarioResult) or not result.has_overlay:
        raise InputError("growth compares a book with its overlay: run the scenario with overlay=.")
    if not result.base > 0.0 or not result.days[-1] > 0.0:
        raise InputError(
            f"the book must be worth more than nothing, and days pass; got {result.base:,.2f}, {result.days[-1]:g}."
        )
    if not -1.0 < floor < 0.0:
        raise InputError(f"floor must be a share, -1 < floor < 0; got {floor!r}.")
    years = float(result.days[-1]) / DAYS_PER_YEAR
    held, hedge = result.position[:, -1] / result.base, result.overlay[:, -1] / result.base
    kelly = _kelly(held, hedge)
    coverage = _least_coverage(held, hedge, floor)
    alone, both = sample_of(result, hedged=False), sample_of(result)
    share = alone.shares
    spreads = [each.covariance for each in (alone, both)]
    return Growth(
        without=_log_growth(held) / years,
        with_overlay=_log_growth(held + hedge) / years,
        premium=-float(hedge.mean()) / years,
        kelly=kelly,
        half_kelly=kelly / 2.0,
        at_kelly=_log_growth(held + kelly * hedge) / years,
        floor=floor,
        coverage=coverage,
        at_coverage=_log_growth(held + coverage * hedge) / years if math.isfinite(coverage) else math.nan,
        bets=(effective_bets(share, spreads[0]), effective_bets(share, spreads[1])),
        tail=(tail_correlation(alone.array, share), tail_correlation(both.array, share)),
    )


def _log_growth(returns: Array) -> float:
    """Mean log of one plus the return."""
    if (returns <= -1.0).any():
        return -math.inf
    return float(np.log1p(returns).mean())


def _kelly(held: Array, hedge: Array) -> float:
    """Multiple of the overlay at which growth is greatest, between none and three times it."""
    sizes = np.linspace(0.0, MOST, STEPS)
    best = float(sizes[int(np.argmax([_log_growth(held + size * hedge) for size in sizes]))])
    step = MOST / (STEPS - 1)
    for _ in range(REFINED):
        step /= 2.0
        near = [max(0.0, best - step), best, min(MOST, best + step)]
        best = max(near, key=lambda size: _log_growth(held + size * hedge))
    return best


def _least_coverage(held: Array, hedge: Array, floor: float) -> float:
    """Least multiple that keeps every outcome at or above the floor; outcomes bound it from both sides."""
    short = floor - held  # what the overlay must bring, at size one, times the multiple
    helps, hurts = hedge > 0.0, hedge < 0.0
    least = float(np.max(short[helps] / hedge[helps], initial=0.0))
    most = float(np.min(short[hurts] / hedge[hurts], initial=math.inf))
    still = short[~helps & ~hurts]
    return least if least <= most * (1 + 1e-12) and (still <= 1e-12).all() else math.nan
