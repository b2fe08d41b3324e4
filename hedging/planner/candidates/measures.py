"""What a target may hold in a band: sums over all that is held, of one more lot and of a whole book."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hedging._ground.counts import without_dust
from hedging._numerics.types import Array
from hedging.book.book import Book
from hedging.book.skew_delta import book_delta_gamma, option_delta_gamma
from hedging.market.contracts import Option
from hedging.market.market import Market
from hedging.planner.candidates.candidates import Candidates
from hedging.planner.request.limit import BANDS, Limit
from hedging.planner.request.target import Band, Target
from hedging.units import days

__all__ = ["Measure", "measures"]


SKEWED = ("delta", "gamma", "delta_value", "gamma_value")
ROUNDING = 1e-6  # of a lot
COINS = ("delta", "vega_coin", "theta_coin")


@dataclass(frozen=True, slots=True, eq=False)
class Measure:
    """One number in a band.

    Attributes
    ----------
    limit : Limit
    band : (low, high)
    of_columns : callable
        Its change per lot of each order, shape (columns,).
    of_book : callable
        Its value for a book.
    lot : float
        What one lot of the liveliest option changes it by, about: what is far below is rounding, in the programme
        and in the check alike.
    in_coins : bool
        Whether it is counted in units of the underlying, or in money.
    """

    limit: Limit
    band: Band
    of_columns: Callable[[Candidates], Array]
    of_book: Callable[[Book], float]
    lot: float
    in_coins: bool = False

    def size(self, held: float) -> float:
        """Size that a miss is measured against: the largest of what is held, what is asked for, and one lot."""
        return max(self.lot, self._asked(held))

    def asks_for_something(self, held: float) -> bool:
        """Whether anything is held or asked for that is more than rounding."""
        return self._asked(held) > ROUNDING * self.lot

    def _asked(self, held: float) -> float:
        return max(abs(held), *(abs(side) for side in self.band if side is not None))


def measures(target: Target, market: Market, *, several: bool) -> Iterator[Measure]:
    """Every band that a target holds on one market; `several` puts the asset into their names."""
    asset = market.asset if several else ""
    for name in BANDS:
        band = target.band(name, market.asset)
        if band is not None:
            of_columns, of_book = _functions(name, target, market)
            rule = "" if target.delta_rule is None or name not in SKEWED else target.rule_name
            limit = Limit(name, asset, rule=rule)
            yield Measure(limit, band, of_columns, of_book, _one_lot(name, market), in_coins=name in COINS)
    for window, band in target.vega_by_days.items():
        lot = _one_lot("vega", market)
        yield Measure(target.window(window, asset), band, *_vega_by_expiry(market, _inside(window)), lot)


def _one_lot(name: str, market: Market) -> float:
    """What a lot of the option with most of a Greek has of it: at the money, with days or with years to go."""
    spot = market.spot
    units = min(part.terms.lot * part.terms.multiplier for part in market.chain.by_venue())
    greek, _, unit = name.partition("_")
    most = {"delta": 1.0, "gamma": 10.0 / spot, "vega": 0.01 * spot, "theta": 0.01 * spot}[greek]
    return units * most * _in_unit(name, spot) if unit in ("value", "coin") else units * most


def _in_unit(name: str, spot: float) -> float:
    """What `Exposure.delta_value` and `gamma_value` are, and money counted in coins."""
    return {"delta_value": spot, "gamma_value": 0.01 * spot**2}.get(name, 1.0 / spot)


def _functions(
    name: str, target: Target, market: Market
) -> tuple[Callable[[Candidates], Array], Callable[[Book], float]]:
    """How one measure is taken of orders, and of a book."""
    spot = market.spot
    if name == "vega_weighted":
        return _vega_by_expiry(market, lambda left: np.sqrt(target.reference_days / left))
    greek, _, unit = name.partition("_")
    of_columns, of_book = _greek(greek, target, market)
    if not unit:
        return of_columns, of_book
    factor = _in_unit(name, spot)
    return lambda candidates: factor * of_columns(candidates), lambda book: factor * of_book(book)


def _greek(
    name: str, target: Target, market: Market
) -> tuple[Callable[[Candidates], Array], Callable[[Book], float]]:
    """One Greek of orders and of a book, with the surface moving as the target's rule says."""
    rule = target.delta_rule

    def of_columns(candidates: Candidates) -> Array:
        here = np.array([item.asset == market.asset for item in candidates.instruments])
        plain = np.where(here, getattr(candidates, name), 0.0)
        if rule is None or name not in SKEWED:
            return plain
        options = {
            i: item for i, item in enumerate(candidates.instruments) if here[i] and isinstance(item, Option)
        }
        added = np.zeros(len(candidates))
        added[list(options)] = option_delta_gamma(list(options.values()), market, rule)[name]
        return np.asarray(plain + candidates.size * added)

    def of_book(book: Book) -> float:
        if rule is None or name not in SKEWED:
            return float(getattr(book.exposure(market), name))
        return book_delta_gamma(book, market, rule)[name]

    return of_columns, of_book


def _vega_by_expiry(
    market: Market, weight: Callable[[Array], Array]
) -> tuple[Callable[[Candidates], Array], Callable[[Book], float]]:
    """Vega of orders and of a book, that of each expiry times a weight by its days from now."""

    def of_columns(candidates: Candidates) -> Array:
        items = candidates.instruments
        here = np.array([item.asset == market.asset and isinstance(item, Option) for item in items])
        left = np.array([days(market.as_of, item.expiry) for item in items if isinstance(item, Option)])
        weights = np.zeros(len(items))
        weights[[isinstance(item, Option) for item in items]] = weight(left)
        return np.asarray(np.where(here, weights * candidates.vega, 0.0))

    def of_book(book: Book) -> float:
        table = book.exposure_by_expiry(market)
        if table.empty:  # of a book that holds nothing, without columns
            return 0.0
        dated = table[table.index.notna()]
        left = np.array([days(market.as_of, pd.Timestamp(expiry)) for expiry in dated.index])
        vegas = weight(left) * dated["vega"].to_numpy(dtype=float)
        return without_dust(float(vegas.sum()), float(np.abs(vegas).sum()))

    return of_columns, of_book


def _inside(window: tuple[float, float]) -> Callable[[Array], Array]:
    first, last = window
    return lambda left: np.asarray((left >= first) & (left <= last), dtype=float)
