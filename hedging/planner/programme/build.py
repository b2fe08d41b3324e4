"""The programme as arrays: targets and limits become rows ``matrix @ lots <= bound``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._numerics.types import Array
from hedging.book.book import Book
from hedging.errors import InputError
from hedging.market.contracts import Instrument, Option, Spot
from hedging.market.market import Market
from hedging.paths.paths import Paths
from hedging.planner.candidates.candidates import Columns, columns_of
from hedging.planner.candidates.measures import Measure, measures
from hedging.planner.programme.margin_rows import margin_rows
from hedging.planner.programme.shortfall import ROUNDING, Chance, Outcomes, Tail
from hedging.planner.request.floors import dates_of, floors_of
from hedging.planner.request.target import (
    COST_WEIGHT,
    Band,
    Limits,
    Target,
    limit_name,
)
from hedging.planner.request.view import View, expected_gains
from hedging.planner.request.wording import in_shares

__all__ = ["Problem", "Rows", "allowed", "build", "growth_of", "pnl_of"]


MOST_VALUES = 250_000_000  # 2 GB, which the rows and the solver hold some five times over


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Some rows of the programme, ``matrix @ lots <= bound``.

    Attributes
    ----------
    matrix : ndarray, shape (rows, columns)
    bound : ndarray, shape (rows,)
    group : ndarray of str
        The limit that each row belongs to, in the words of `Target` and `Limits`.
    scale : ndarray
        What a miss of 1 is in the norm of the closest plan: the position, or the base.
    soft : ndarray of bool
        Whether the closest plan may miss it. What guards against short tails never gives.
    many : ndarray of bool
        One row of a scenario set, of which few matter: the solver adds these when they are broken.
    """

    matrix: Array
    bound: Array
    group: npt.NDArray[np.str_]
    scale: Array
    soft: npt.NDArray[np.bool_]
    many: npt.NDArray[np.bool_]

    @staticmethod
    def join(parts: Sequence[Rows]) -> Rows:
        """Put rows on top of each other."""
        names = ("matrix", "bound", "group", "scale", "soft", "many")
        return Rows(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def take(self, keep: npt.NDArray[Any]) -> Rows:
        """Return some of the rows, by mask or index."""
        names = ("matrix", "bound", "group", "scale", "soft", "many")
        return Rows(*(getattr(self, name)[keep] for name in names))

    def columns(self, keep: npt.NDArray[Any]) -> Rows:
        """Return the same rows over some of the columns."""
        return replace(self, matrix=self.matrix[:, keep])


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A mixed-integer programme over orders in lots, and what its numbers mean.

    Attributes
    ----------
    columns : Columns
    rows : Rows
    price_per_leg : float
        [money]
    max_legs : int
    base : float
        What shares are shares of. [money]
    base_name : str
    tails : tuple of Tail
        Limits on expected shortfall, which make their rows as they are needed.
    miss_price : dict of str to float
        Groups of rows that may be missed, and the price of a miss of one scale. [money]
    chance : Chance or None
        How much of the rows of the value at risk may be broken. Where there is one, the programme is for
        `hedging.planner.solver.value_at_risk` to solve.
    least : str
        The group whose miss is minimised, at a price of 1 for 1; empty where that is the cost.
    """

    columns: Columns
    rows: Rows
    price_per_leg: float
    max_legs: int
    base: float
    base_name: str
    tails: tuple[Tail, ...] = ()
    miss_price: dict[str, float] = field(default_factory=dict)
    least: str = ""
    chance: Chance | None = None

    @property
    def groups(self) -> list[str]:
        """The limits that a plan must keep, by name; what is minimised is none."""
        names = dict.fromkeys(str(group) for group in self.rows.group)
        names |= {"shortfall": None} if self.tails else {}
        return [name for name in names if name != self.least]

    @property
    def outcome_pnl(self) -> Array:
        """P&L of each order in every outcome, per lot, shape (outcomes, columns). [money]

        Raises
        ------
        InputError
            If nothing in the programme is taken over outcomes.
        """
        if self.tails:
            return self.tails[0].pnl
        if self.chance is None:
            raise InputError("no limit is taken over outcomes.")
        return np.asarray(-self.rows.matrix[self.rows.group == "value_at_risk"])

    def weighted(self, probabilities: Array) -> Problem:
        """Return the same programme with other probabilities of the outcomes."""
        return replace(
            self,
            tails=tuple(replace(tail, probabilities=probabilities) for tail in self.tails),
            chance=None if self.chance is None else replace(self.chance, probabilities=probabilities),
        )

    def only(self, keep: npt.NDArray[Any]) -> Problem:
        """Return the same programme over some of the columns."""
        return replace(
            self,
            columns=self.columns.take(keep),
            rows=self.rows.columns(keep),
            tails=tuple(tail.only(keep) for tail in self.tails),
        )


def build(
    book: Book,
    markets: Sequence[Market],
    target: Target,
    limits: Limits,
    horizon: float,
    scenarios: Paths,
    outcomes: Outcomes | None = None,
    view: View | None = None,
) -> Problem:
    """Turn targets and limits into rows over every order allowed."""
    base, base_name = book.base(*markets)
    positions = [book.position(market.asset) or base / market.spot for market in markets]
    columns = Columns.join(
        [
            columns_of(market, limits, book, size, horizon)
            for market, size in zip(markets, positions, strict=True)
        ]
    )
    blocks = [
        block
        for market in markets
        for block in _market_rows(book, market, target, limits, columns, base, several=len(markets) > 1)
    ]
    if floors := floors_of(target):
        blocks += _floor_rows(book, markets, columns, scenarios, floors, base)
    blocks += _spending_rows(columns, limits, base)
    tails: tuple[Tail, ...] = ()
    chance = None
    if target.needs_outcomes and outcomes is not None:
        exceeded, tails, chance = _over_outcomes(book, markets, columns, target, outcomes, base)
        blocks += exceeded
    rows = Rows.join(blocks)
    if view is not None:
        columns = replace(columns, cost=columns.cost - _gains(columns, markets, view, horizon))
    return Problem(
        replace(columns, cost=COST_WEIGHT * columns.cost) if target.least else columns,
        rows,
        limits.price_per_leg * base,
        limits.max_legs,
        base,
        base_name,
        tails,
        _miss_prices(target, rows) | ({target.least: base} if target.least else {}),
        target.least,
        chance,
    )


def _market_rows(
    book: Book,
    market: Market,
    target: Target,
    limits: Limits,
    columns: Columns,
    base: float,
    *,
    several: bool,
) -> list[Rows]:
    """What holds for one asset: its bands, its tails, its margin."""
    here = np.array([item.asset == market.asset for item in columns.instruments])
    blocks = [
        row
        for measure in measures(target, market, several=several)
        for row in _measure_rows(book, market, measure, columns, base)
    ]
    blocks += _tail_rows(book, market, columns, here)
    if limits.initial_margin is not None:
        matrix, bound = margin_rows(limits.initial_margin, book, market, columns, here, base)
        blocks.append(_rows(limit_name("initial_margin", market.asset, several=several), matrix, bound, base))
    return blocks


def _spending_rows(columns: Columns, limits: Limits, base: float) -> list[Rows]:
    """What all orders together may spend, and how much vega they may be."""
    blocks = []
    if limits.budget is not None:
        blocks.append(_rows("budget", columns.premium, limits.budget * base, base))
    if limits.cost is not None:
        blocks.append(_rows("cost", columns.cost, limits.cost * base, base))
    if limits.gross_vega is not None:
        blocks.append(_rows("gross_vega", np.abs(columns.vega), limits.gross_vega, limits.gross_vega))
    return blocks


def _over_outcomes(
    book: Book, markets: Sequence[Market], columns: Columns, target: Target, outcomes: Outcomes, base: float
) -> tuple[list[Rows], tuple[Tail, ...], Chance | None]:
    """What is taken over scenarios with probabilities, at their last date: value at risk and shortfall."""
    paths, probabilities = outcomes.paths, outcomes.probabilities
    held = pnl_of(book, markets, paths)[:, -1]
    growth = np.broadcast_to(growth_of(book, markets, paths), paths.spot.shape)
    pnl = columns.pnl(markets, paths)[:, -1]
    pnl /= growth[:, -1:]  # in place: of 100,000 outcomes there is no room for copies
    blocks, tails, chance = [], [], None
    if target.shortfall is not None or target.least == "shortfall":
        limit = -(target.shortfall or 0.0) * base
        tails.append(Tail(held, pnl, probabilities, target.level, limit))
    if target.value_at_risk is not None:
        blocks.append(_rows("value_at_risk", -pnl, held - target.value_at_risk * base, base, many=True))
        chance = Chance(probabilities, 1.0 - target.level + ROUNDING)
    return blocks, tuple(tails), chance


def _gains(columns: Columns, markets: Sequence[Market], view: View, horizon: float) -> Array:
    """What a view expects one lot of each order to gain, less the coins paid for it would have. [money]"""
    gains = np.zeros(len(columns))
    for market in markets:
        here = [i for i, item in enumerate(columns.instruments) if item.asset == market.asset]
        items, entries = [columns.instruments[i] for i in here], columns.entry[here]
        *each, coin = expected_gains([*items, Spot(market.asset)], [*entries, 0.0], market, view, horizon)
        gains[here] = columns.size[here] * np.array(each) - columns.coins[here] * coin
    return gains


def allowed(whole: Problem, limits: Limits) -> npt.NDArray[np.bool_]:
    """Which columns of the whole programme `limits` allow: options, and the underlying where they say so."""
    kinds = ("call", "put", *(item.kind for item in limits.outright))
    return np.isin(whole.columns.kinds, kinds)


def _miss_prices(target: Target, rows: Rows) -> dict[str, float]:
    """Price of missing each soft limit by its whole scale. [money]"""
    prices = {}
    for group, scale in zip(rows.group, rows.scale, strict=True):
        price = target.miss_price(str(group))
        if price is not None:
            prices[str(group)] = price * (100.0 if in_shares(str(group)) else float(scale))
    if target.shortfall is not None and "shortfall" in target.soft:
        prices["shortfall"] = 100.0 * target.soft["shortfall"]
    return prices


def pnl_of(book: Book, markets: Sequence[Market], scenarios: Paths) -> Array:
    """P&L of a book at every node, shape (scenarios, dates). [money]

    Judged in the book's numeraire: where that is a coin, what is gained is coins, at today's price.
    """
    value = np.full(scenarios.spot.shape, book.cash)
    for market in markets:
        value = value + book.values(market, scenarios).sum(axis=2)
    return np.asarray(value / growth_of(book, markets, scenarios) - book.value(*markets))


def growth_of(book: Book, markets: Sequence[Market], scenarios: Paths) -> Array | float:
    """What the numeraire is worth at every node, as a multiple of today: spot for a coin, 1 for money."""
    if book.numeraire in {market.asset for market in markets}:
        return scenarios.spot
    return 1.0


def _rows(
    name: str,
    matrix: Array,
    bound: Array | float,
    scale: float,
    *,
    soft: bool = True,
    many: bool = False,
) -> Rows:
    matrix = np.atleast_2d(matrix)
    count = len(matrix)
    return Rows(
        matrix,
        np.broadcast_to(np.asarray(bound, dtype=float), count).copy(),
        np.full(count, name),
        np.full(count, scale),
        np.full(count, soft),
        np.full(count, many),
    )


def _measure_rows(book: Book, market: Market, measure: Measure, columns: Columns, base: float) -> list[Rows]:
    held = measure.of_book(book)
    scale = _greek_scale(held, measure.band, base / market.spot if measure.in_coins else base)
    return _band_rows(measure.limit, measure.of_columns(columns), held, measure.band, scale)


def _band_rows(name: str, effect: Array, held: float, band: Band, scale: float) -> list[Rows]:
    """The rows of one band: at least its low side, at most its high side."""
    return [
        _rows(name, sign * effect, sign * (limit - held), scale)
        for sign, limit in ((-1.0, band[0]), (1.0, band[1]))
        if limit is not None
    ]


def _expiry(item: Instrument) -> pd.Timestamp | None:
    """When an instrument expires, None for spot and perpetuals."""
    return getattr(item, "expiry", None)


def _greek_scale(held: float, band: Band, fallback: float) -> float:
    """Size of a Greek that a miss is measured against: the largest of what is held and what is asked for."""
    return max(abs(held), *(abs(side) for side in band if side is not None)) or fallback


def _floor_rows(
    book: Book,
    markets: Sequence[Market],
    columns: Columns,
    scenarios: Paths,
    floors: Mapping[str, float | None],
    base: float,
) -> list[Rows]:
    _check_room(len(columns), scenarios)
    unhedged = pnl_of(book, markets, scenarios)
    growth = np.broadcast_to(growth_of(book, markets, scenarios), scenarios.spot.shape)
    pnl = columns.pnl(markets, scenarios) / growth[:, :, None]
    blocks = []
    for name, share in floors.items():
        at = dates_of(name, scenarios.days)
        lost, held = -pnl[:, at].reshape(-1, len(columns)), unhedged[:, at].ravel()
        blocks.append(_rows(name, lost, held - (share or 0.0) * base, base, many=True))
    return blocks


def _check_room(orders: int, scenarios: Paths) -> None:
    """Refuse a floor that memory does not hold, rather than be killed over it."""
    count, dates = scenarios.spot.shape
    if orders * count * dates > MOST_VALUES:
        raise InputError(
            f"a floor is held at {MOST_VALUES:,} values at most; {count:,} scenarios on {dates} dates for {orders:,} "
            f"orders are {orders * count * dates:,}. Narrow expiries, deltas or moneyness, shorten the horizon, or "
            "give fewer scenarios: the default ones go through every strike of each expiry within the horizon."
        )


def _tail_rows(book: Book, market: Market, columns: Columns, here: npt.NDArray[np.bool_]) -> list[Rows]:
    """No tail is short beyond what is held, at any time: a leg covers only what expires no later, futures too.

    From each expiry on, calls sold must be covered by coins and by calls that still live, and puts sold by
    puts that still live, in number and (which is what counts in coin as spot goes to 0) in strike times
    number. A book that is short already may not get any shorter.
    """
    held = [(holding.instrument, holding.units) for holding in book.of(market.asset)]
    traded = columns.instruments
    call, put = (
        np.array([isinstance(item, Option) and item.flag == flag for item in traded]) & here
        for flag in ("c", "p")
    )
    linear = np.array([not isinstance(item, Option) for item in traded]) & here
    strike = np.array([item.strike if isinstance(item, Option) else 0.0 for item in traded])
    coins = np.where(here, columns.coins, 0.0)
    expiries = sorted({day for item in (*traded, *(item for item, _ in held)) if (day := _expiry(item))})
    blocks = []
    for expiry in expiries or [market.as_of]:
        lives = np.array([(_expiry(item) or expiry) >= expiry for item in traded])
        alive = [(item, units) for item, units in held if (_expiry(item) or expiry) >= expiry]
        own_calls = sum(q for item, q in alive if not isinstance(item, Option) or item.flag == "c")
        own = [(item.strike, q) for item, q in alive if isinstance(item, Option) and item.flag == "p"]
        own_puts, own_strikes = sum(q for _, q in own), sum(strike * q for strike, q in own)
        # Coins paid as premium cover no call any more. A book without coins owes them all the same, but
        # that is a purchase of coin, no short call.
        slope = np.where((call | linear) & lives, columns.size, 0.0) - (coins if own_calls > 0 else 0.0)
        puts = np.where(put & lives, columns.size, 0.0)
        blocks += [
            _rows("calls covered", -slope, max(own_calls, 0.0), 1.0, soft=False),
            _rows("puts covered", -puts, max(own_puts, 0.0), 1.0, soft=False),
            _rows("puts covered", -puts * strike, max(own_strikes, 0.0), market.spot, soft=False),
        ]
    return blocks
