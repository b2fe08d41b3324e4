"""Hedging a coin without options by the options of another, and when not to.

The proxy takes away what the two share. What is left, ``1 - correlation²`` of the variance, no position in
the proxy removes; and in a crash the coin's own part can dwarf it (10 October 2025: BTC fell 12 %, AVAX 70 %).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from hedging._ground.cells import SHARE
from hedging._ground.shown import Shown
from hedging._ground.tables import Page
from hedging._numerics.checks import number
from hedging._numerics.types import Array
from hedging.book.book import Book, Holding
from hedging.errors import InputError

__all__ = ["Proxy", "proxy"]


MOST_RESIDUAL = 0.5  # share of variance beyond which the proxy hedges less than half
FEWEST = 30  # returns, in the tail too, below which a beta is a guess


@dataclass(frozen=True, slots=True, repr=False)
class Proxy(Shown):
    """How one asset stands in for another.

    Attributes
    ----------
    asset, by : str
        What is hedged, and by what.
    beta : float
        Minimum-variance ratio: money in the proxy per money in the asset. [1]
    downside_beta : float
        The same over the returns on which the proxy fell below the threshold. [1]
    correlation : float
    residual : float
        Share of the asset's variance that no position in the proxy removes. [1]
    worst_left : float
        Worst return of the asset less `downside_beta` times the proxy's. [1]
    count, tail_count : int
        Returns, and those below the threshold.
    """

    asset: str
    by: str
    beta: float
    downside_beta: float
    correlation: float
    residual: float
    worst_left: float
    count: int
    tail_count: int

    _UNITS: ClassVar[Mapping[str, str]] = {"residual": SHARE, "worst_left": SHARE}

    def _page(self) -> Page:
        return Page(self.verdict, super(Proxy, self)._page().parts)

    @property
    def usable(self) -> bool:
        """Whether the proxy removes more than it leaves."""
        return self.residual <= MOST_RESIDUAL and self.downside_beta > 0

    @property
    def verdict(self) -> str:
        """What to do about it, as a sentence."""
        left = (
            f"{self.by} leaves {self.residual:.0%} of the variance of {self.asset} "
            f"({np.sqrt(self.residual):.0%} of its volatility), and left {self.worst_left:.0%} at worst"
        )
        if self.usable:
            return f"Hedge with {self.downside_beta:.2f} of {self.by} per 1.00 of {self.asset}: {left}."
        return f"Do not hedge {self.asset} with {self.by}: {left}. Sell part of it instead."

    def units(self, quantity: float, spot: float, proxy_spot: float) -> float:
        """Units of the proxy that fall as `quantity` of the asset falls, by the downside beta."""
        return self.downside_beta * quantity * spot / proxy_spot

    def book(self, quantity: float, spot: float, proxy_spot: float) -> Book:
        """The stand-in: a book of the proxy that the planner can hedge with the proxy's options.

        The overlay of this book is the overlay of the asset, as far as the proxy goes.
        """
        return Book([Holding.spot(self.by, self.units(quantity, spot, proxy_spot))])


def proxy(
    returns: npt.ArrayLike,
    proxy_returns: npt.ArrayLike,
    *,
    asset: str = "asset",
    by: str = "proxy",
    threshold: float | None = None,
) -> Proxy:
    """Measure how well one asset stands in for another.

    Parameters
    ----------
    returns, proxy_returns : array_like, shape (dates,)
        Of the same dates, as simple returns. [1]
    asset, by : str
        Their names.
    threshold : float, optional
        Returns of the proxy below it make the downside beta; by default its mean. [1]

    Raises
    ------
    InputError
        If the returns differ in length, are fewer than 30 (or 30 below the threshold), or are no numbers.
    """
    own, other = (np.asarray(number("returns", each)) for each in (returns, proxy_returns))
    if (
        own.ndim != 1
        or not own.size
        or own.shape != other.shape
        or not np.isfinite(np.concatenate((own, other))).all()
    ):
        raise InputError(
            f"returns must be two rows of finite numbers of the same dates; got {own.shape}, {other.shape}."
        )
    below = other < (other.mean() if threshold is None else threshold)
    if own.size < FEWEST or below.sum() < min(FEWEST, own.size // 4):
        raise InputError(
            f"a beta needs at least {FEWEST} returns, also below the threshold; got {own.size} and {below.sum()}."
        )
    if other.std() == 0 or own.std() == 0 or other[below].std() == 0:
        raise InputError("returns must vary; got a constant.")
    correlation = float(np.corrcoef(own, other)[0, 1])
    downside = _slope(own[below], other[below])
    return Proxy(
        asset=asset,
        by=by,
        beta=_slope(own, other),
        downside_beta=downside,
        correlation=correlation,
        residual=1.0 - correlation**2,
        worst_left=float((own - downside * other).min()),
        count=int(own.size),
        tail_count=int(below.sum()),
    )


def _slope(own: Array, other: Array) -> float:
    return float(np.cov(own, other)[0, 1] / other.var(ddof=1))
