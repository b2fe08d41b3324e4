"""The grid behind the sliders: gains and Greeks at every node, and how far straight lines between nodes are off."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

import numpy as np

from hedging.book import Book
from hedging.market import Market, Option
from hedging.paths import grid
from hedging.report.subject import DAY_DIGITS, Subject
from hedging.risk.attribution import greeks_along
from hedging.scenario import run

__all__ = ["GAINS", "Axes", "Grid", "axes_of", "grid_of", "interpolated", "refined"]

GAINS: Final = ("position", "hedged")
"""Gain since today of the position alone, and with the plan."""
MOVES: Final = (
    *(-0.9, -0.8, -0.7),
    *np.round(np.arange(-0.60, 0.4001, 0.025), 10).tolist(),
    *(0.5, 0.6, 0.8, 1.0),
)
VOLS: Final = (-0.2, -0.1, 0.0, 0.1, 0.2, 0.4)
DATES: Final = (0.0, 1.0, 3.0, 7.0, 14.0, 21.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 270.0, 365.0)
LONGEST: Final = 366.0  # days that the sliders reach
EXPIRIES: Final = 6  # that become dates, the day before each too
CLOSE: Final = 1e-3  # of the base: cells that are further off are cut in two
STRIKES: Final = 12  # that become nodes: a payoff bends there
# Nodes for so many assets, so that a page stays below 1.5 MB: each has a delta and a gamma of its own, until there are
# too many of them, and they are put together in money.
MOST: Final = {1: 9_300, 2: 5_800, 3: 3_900}
NAMES: Final = ("moves", "vols", "days")
PASSES: Final = 5
APART: Final = 0.25  # days: of dates that are closer one is enough

Array = np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Axes:
    """The nodes of a grid.

    Attributes
    ----------
    moves : ndarray
        Of spot, every asset by the same share. [1]
    vols : ndarray
        Added to the 30-day vol, as a decimal.
    days : ndarray
        From now.
    """

    moves: Array
    vols: Array
    days: Array

    @property
    def shape(self) -> tuple[int, int, int]:
        """Nodes by axis."""
        return self.moves.size, self.vols.size, self.days.size

    def middles(self) -> Axes:
        """The middle of every cell."""
        return Axes(*((nodes[1:] + nodes[:-1]) / 2.0 for nodes in (self.moves, self.vols, self.days)))


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Values at every node, and the errors between them.

    Attributes
    ----------
    axes : Axes
    values : dict of str to ndarray, shape (moves, vols, days)
        `GAINS` in the currency of the page; Greeks by ``'<greek> <book>'`` in the units of
        `hedging.units.GREEK_UNITS`, delta and gamma by ``'<greek> <asset> <book>'``; of many assets ``delta_value``
        of all in their place. [money]
    largest, usual : dict of str to float
        Of each value, the largest distance of the straight lines from the truth in the middle of a cell, and that
        which 95 % of the cells keep within.
    """

    axes: Axes
    values: dict[str, Array]
    largest: dict[str, float]
    usual: dict[str, float]


def axes_of(subject: Subject) -> Axes:
    """Nodes for a book: strikes and expiries of its options and of the plan's are among them."""
    end = min(max(subject.end, *subject.expiries, 0.0), LONGEST)
    settled = [day for day in subject.expiries if day <= end][:EXPIRIES]
    near = [day - 1.0 for day in settled if day > 1.0]
    first = [0.0, end, min(subject.end, end), *settled, *near, *(day for day in DATES if day < end)]
    moves = np.unique(np.round([*MOVES, *_strikes(subject)[:STRIKES]], DAY_DIGITS))
    room = _most(subject) // (len(VOLS) * moves.size)
    dates = list(dict.fromkeys(np.round(first, DAY_DIGITS).tolist()))[:room]
    return Axes(
        moves, np.array(VOLS), _apart(np.unique(dates), np.round([*settled, subject.end], DAY_DIGITS))
    )


def _most(subject: Subject) -> int:
    return MOST[min(len(subject.assets), len(MOST))]


def _strikes(subject: Subject) -> list[float]:
    """Moves to the strikes, those nearest to spot first."""
    spot = {market.asset: market.spot for market in subject.markets}
    items = [held.instrument for held in subject.book.holdings] + [leg.instrument for leg in subject.legs]
    moves = {item.strike / spot[item.asset] - 1.0 for item in items if isinstance(item, Option)}
    inside = [move for move in moves if MOVES[0] < move < MOVES[-1]]
    return sorted(inside, key=abs)


def _apart(dates: Array, kept: Array) -> Array:
    """Dates that are not too close to the next one; expiries and the horizon stay."""
    close = np.append(np.diff(dates) < APART, False)
    return np.asarray(dates[~close | np.isin(dates, kept)])


def refined(subject: Subject, axes: Axes) -> Axes:
    """The same axes with more nodes where gains bend: what has expired on the way bends them anywhere."""
    close = CLOSE * abs(subject.base[0])
    for _ in range(PASSES):
        bends = sorted(each for name in NAMES for each in _bends(subject, axes, name, close))
        finer = axes
        for _, name, middle in bends:
            added = replace(finer, **{name: np.unique([*getattr(finer, name), middle])})
            finer = added if math.prod(added.shape) <= _most(subject) else finer
        if finer is axes:
            break
        axes = finer
    return axes


def _bends(subject: Subject, axes: Axes, name: str, close: float) -> Iterator[tuple[float, str, float]]:
    """Middles of the intervals of one axis that are not close, by the error that a node there takes off, negative."""
    nodes, place = getattr(axes, name), NAMES.index(name)
    middles = np.round((nodes[1:] + nodes[:-1]) / 2.0, DAY_DIGITS)
    if not middles.size:
        return
    truth, known = _gains(subject, replace(axes, **{name: middles})), _gains(subject, axes)
    off = np.zeros(middles.size)
    for gain, values in known.items():
        ends = np.moveaxis(values, place, 0)
        miss = np.abs((ends[1:] + ends[:-1]) / 2.0 - np.moveaxis(truth[gain], place, 0))
        off = np.maximum(off, miss.reshape(middles.size, -1).max(axis=1))
    # A date costs as many nodes as there are moves and vols.
    yield from (
        (-float(miss) * nodes.size, name, float(middles[at])) for at, miss in enumerate(off) if miss > close
    )


def grid_of(subject: Subject, axes: Axes | None = None) -> Grid:
    """Gains and Greeks over the nodes, by full revaluation, with the errors between them."""
    nodes = axes or refined(subject, axes_of(subject))
    values, middles = _values(subject, nodes), nodes.middles()
    largest, usual = {}, {}
    for name, truth in _values(subject, middles).items():
        off = np.abs(interpolated(values[name]) - truth)
        largest[name] = float(off.max(initial=0.0))
        usual[name] = float(np.quantile(off, 0.95)) if off.size else 0.0
    return Grid(nodes, values, largest, usual)


def interpolated(values: Array) -> Array:
    """Trilinear values in the middle of every cell: the mean of its corners."""
    corners = [values[tuple(slice(a, a - 1 or None) for a in at)] for at in product((0, 1), repeat=3)]
    return np.asarray(sum(corners) / len(corners))


def _gains(subject: Subject, axes: Axes) -> dict[str, Array]:
    """`GAINS`; of the position alone where there is no plan."""
    paths = dict.fromkeys(subject.assets, grid(axes.moves, axes.vols, axes.days))
    found = run(subject.book, subject.markets, paths, subject.plan, by_leg=False)
    gains = dict(zip(GAINS, (found.position, found.total), strict=True))
    shown = GAINS if subject.plan is not None else GAINS[:1]
    return {name: gains[name].reshape(axes.shape) for name in shown}


def _values(subject: Subject, axes: Axes) -> dict[str, Array]:
    if not all(axes.shape):
        return {}
    values = _gains(subject, axes)
    books = {"position": subject.book, "hedged": subject.book + subject.legs}
    for name in tuple(values):
        greeks = _greeks(books[name], subject.markets, axes)
        if len(subject.markets) > len(MOST):
            greeks = _together(greeks, subject.markets, axes)
        values |= {f"{greek} {name}": value for greek, value in greeks.items()}
    return values


def _together(greeks: Mapping[str, Array], markets: Sequence[Market], axes: Axes) -> Mapping[str, Array]:
    """The same with one delta in money in place of those by asset."""
    prices = (1.0 + axes.moves)[:, None, None]
    values = [greeks[f"delta {market.asset}"] * market.spot * prices for market in markets]
    return {"vega": greeks["vega"], "theta": greeks["theta"], "delta_value": np.sum(values, axis=0)}


def _greeks(book: Book, markets: Iterable[Market], axes: Axes) -> Mapping[str, Array]:
    """Greeks of a book at every node: delta and gamma by asset, vega and theta of all."""
    found: dict[str, Array] = {"vega": np.zeros(axes.shape), "theta": np.zeros(axes.shape)}
    paths = grid(axes.moves, axes.vols, axes.days)
    for market in markets:
        own = {name: each.reshape(axes.shape) for name, each in greeks_along(book, market, paths).items()}
        found |= {f"{name} {market.asset}": own[name] for name in ("delta", "gamma")}
        found |= {name: found[name] + own[name] for name in ("vega", "theta")}
    return found
