"""What a book and its overlay come to in every scenario: full revaluation, leg by leg, date by date.

`run` revalues every leg on the moved surface, settles on the path what expires on the way, and keeps the
position and the overlay apart. `payoff` and `table` are the same over grids.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging.book import Book
from hedging.chain import OptionChain
from hedging.errors import InputError
from hedging.instruments import Instrument, Option
from hedging.legs import Legs, legs_of
from hedging.market import Chains, Market, markets_of
from hedging.paths import Paths, crash_path, grid, hitting_time, today
from hedging.reactions import BTC, Reaction
from hedging.units import days as days_between
from hedging.valuation import Pricer

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["ScenarioResult", "by_speed", "payoff", "run", "table"]

Array = npt.NDArray[np.float64]
Group: TypeAlias = Literal["position", "overlay"]

# Values in one block, over legs, dates and scenarios: some megabytes each, and long enough to work on that
# handing a block to a worker costs nothing beside it.
BLOCK_VALUES = 400_000
ROWS_SHOWN = 12


@dataclass(frozen=True, slots=True, eq=False)
class ScenarioResult:
    """Values of every leg in every scenario on every date.

    Attributes
    ----------
    currency : str
        What the values are in: the quote currency, or the asset whose coin they are counted in.
    money : str
        The quote currency, which spot is in.
    days : ndarray, shape (dates,)
        Days from now.
    labels : tuple of str
        One name per scenario.
    spot : dict of str to ndarray, shape (scenarios, dates)
        Spot of each asset. [money]
    spot_now : dict of str to float
        Spot of each asset today. [money]
    legs, groups : tuple of str
        Name of each leg, and whether it belongs to the position or to the overlay.
    start : ndarray, shape (legs,)
        Value today; 0 for a leg of an overlay, whose price and fee are counted in its values. [currency]
    values : ndarray, shape (scenarios, dates, legs)
        [currency]
    """

    currency: str
    money: str
    days: Array
    labels: tuple[str, ...]
    spot: dict[str, Array]
    spot_now: dict[str, float]
    legs: tuple[str, ...]
    groups: tuple[Group, ...]
    start: Array
    values: Array

    @property
    def pnl(self) -> Array:
        """Gain since today, shape (scenarios, dates, legs). [currency]"""
        return np.asarray(self.values - self.start)

    @property
    def position(self) -> Array:
        """Gain of the position alone, shape (scenarios, dates). [currency]"""
        return self._gain("position")

    @property
    def overlay(self) -> Array:
        """Gain of the overlay, what it cost included, shape (scenarios, dates). [currency]"""
        return self._gain("overlay")

    @property
    def total(self) -> Array:
        """Gain of both together, shape (scenarios, dates). [currency]"""
        return self.position + self.overlay

    @property
    def has_overlay(self) -> bool:
        """Whether there is anything to compare the position with."""
        return "overlay" in self.groups

    @property
    def base(self) -> float:
        """Value of the position today, of which shares are taken. [currency]"""
        return float(sum(v for v, group in zip(self.start, self.groups, strict=True) if group == "position"))

    def _gain(self, group: Group) -> Array:
        gain = np.zeros(self.values.shape[:2])
        for leg, belongs_to in enumerate(self.groups):
            if belongs_to == group:
                gain += self.values[:, :, leg] - self.start[leg]
        return gain

    def in_coin(self, asset: str | None = None) -> ScenarioResult:
        """Return the same result counted in coins of `asset`, each node at its own spot.

        Raises
        ------
        InputError
            If the asset is not part of the result, or the result is in coin already.
        """
        asset = asset or next(iter(self.spot), "")
        if asset not in self.spot or self.currency in self.spot:
            raise InputError(
                f"a result in {self.currency} over {', '.join(self.spot)} has no version in coins of {asset!r}."
            )
        return replace(
            self,
            currency=asset,
            start=self.start / self.spot_now[asset],
            values=self.values / self.spot[asset][:, :, None],
        )

    def to_frame(self) -> pd.DataFrame:
        """One row per scenario, day and leg: ``scenario, day, leg, group, value, pnl`` [currency]."""
        scenarios, dates, legs = self.values.shape
        return pd.DataFrame(
            {
                "scenario": np.repeat(np.array(self.labels, dtype=object), dates * legs),
                "day": np.tile(np.repeat(self.days, legs), scenarios),
                "leg": np.tile(np.array(self.legs, dtype=object), scenarios * dates),
                "group": np.tile(np.array(self.groups, dtype=object), scenarios * dates),
                "value": self.values.ravel(),
                "pnl": self.pnl.ravel(),
            }
        )

    def summary(self) -> pd.DataFrame:
        """One row per scenario: gains at the end, and the worst on the way, of position and both.

        Returns
        -------
        DataFrame
            Index ``scenario``; ``<asset> end`` as a relative move; ``position``, ``overlay``, ``both`` at
            the last date; ``position worst``, ``both worst`` over all dates with ``worst day`` of both.
            [currency]
        """
        total = self.total
        columns: dict[str, Array] = {
            f"{asset} end": spot[:, -1] / self.spot_now[asset] - 1.0 for asset, spot in self.spot.items()
        }
        columns["position"] = self.position[:, -1]
        if self.has_overlay:
            columns |= {"overlay": self.overlay[:, -1], "both": total[:, -1]}
        columns["position worst"] = self.position.min(axis=1)
        if self.has_overlay:
            columns["both worst"] = total.min(axis=1)
        columns["worst day"] = self.days[total.argmin(axis=1)]
        return pd.DataFrame(columns, index=pd.Index(self.labels, name="scenario"))

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain lists, for JSON."""
        return {
            "currency": self.currency,
            "units": {"gain": self.currency, "spot": f"{self.money} per unit", "days": "from now"},
            "days": self.days.tolist(),
            "base": self.base,
            "scenarios": [
                {
                    "label": label,
                    "spot": {asset: spot[i].tolist() for asset, spot in self.spot.items()},
                    "position": self.position[i].tolist(),
                    "overlay": self.overlay[i].tolist(),
                    "both": self.total[i].tolist(),
                    "legs": {leg: self.pnl[i, :, j].tolist() for j, leg in enumerate(self.legs)},
                }
                for i, label in enumerate(self.labels)
            ],
        }

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the gains over time; see `hedging.plots.pnl_paths`."""
        import hedging  # plots stands above this module; the package finds it when it is asked for

        return hedging.plots.pnl_paths(self, ax=ax)

    def _head(self) -> str:
        return (
            f"{len(self.labels):,} scenarios x {self.days.size} dates x {len(self.legs)} legs; gains in "
            f"{self.currency} on a position worth {self.base:,.6g} {self.currency} today"
        )

    def _table(self) -> pd.DataFrame:
        shown = self.summary().head(ROWS_SHOWN)
        moves = [f"{asset} end" for asset in self.spot]
        gain = "{:+,.0f}" if abs(self.base) >= 10_000 else "{:+,.4f}"
        formats = dict.fromkeys(moves, "{:+.1%}") | {"worst day": "{:g}"}
        return pd.DataFrame({name: shown[name].map(formats.get(str(name), gain).format) for name in shown})

    def __repr__(self) -> str:
        more = f"\n... and {len(self.labels) - ROWS_SHOWN:,} more" if len(self.labels) > ROWS_SHOWN else ""
        return f"{self._head()}\n{self._table().to_string()}{more}"

    def _repr_html_(self) -> str:
        from html import escape

        more = (
            f"<p>... and {len(self.labels) - ROWS_SHOWN:,} more</p>" if len(self.labels) > ROWS_SHOWN else ""
        )
        return f"<p>{escape(self._head())}</p>{self._table().to_html(border=0)}{more}"


def run(
    book: Book,
    markets: Chains,
    paths: Paths | Mapping[str, Paths],
    overlay: Legs | None = None,
    *,
    closing: bool = False,
    executor: Executor | None = None,
    block: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> ScenarioResult:
    """Revalue a book, and an overlay beside it, in every scenario.

    Parameters
    ----------
    book : Book
        What is held; ``book + plan`` to see a hedged book as one.
    markets : OptionChain, Market, or several of them
        What prices each asset of the book.
    paths : Paths, or a mapping of asset to Paths
        One set of scenarios for each asset; over the same days, and scenario by scenario the same states
        of the world.
    overlay : plan, overlay or legs, optional
        Shown beside the position: each leg gains its value less the price and fee paid for it. What is
        paid in coin is counted as coins that the book no longer has.
    closing : bool
        Value options at what closing them would bring: less half their spread of today, as a share of spot,
        times the paths' `spread`. What has expired costs nothing to close; unquoted options are at the model.
    executor : concurrent.futures.Executor, optional
        Who computes the blocks: a process pool, or a cluster's, such as Dask's
        ``client.get_executor()``. By default threads. The numbers are the same to the bit.
    block : int, optional
        Scenarios per block; by default as many as fit some megabytes.
    progress : callable, optional
        Called with blocks done and blocks in all.

    Returns
    -------
    ScenarioResult
        In the book's numeraire.

    Raises
    ------
    InputError
        If an asset has no market or no paths, or the paths do not fit each other.
    """
    by_asset = markets_of(markets)
    lines = [*_position_lines(book), *_overlay_lines(overlay)]
    held = Book([holding for line in lines for holding in line.book.holdings])
    held.check_assets(*by_asset.values())
    moves = _paths(paths, held.assets or tuple(by_asset))
    task = _Task.of(lines, held, by_asset, closing=closing)
    shape = next(iter(moves.values())).spot.shape
    values = np.empty((len(lines), *shape[::-1]))
    done = _blocks(task, moves, executor, block, progress)
    for where, found in done:
        values[:, :, where] = found
    now = _block_values(task, dict.fromkeys(moves, today()))[:, 0, 0]
    start = np.where([line.group == "position" for line in lines], now, 0.0)
    first = next(iter(moves.values()))
    spot_now = {asset: by_asset[asset].spot for asset in moves}
    currency = next(iter(by_asset.values())).currency
    result = ScenarioResult(
        currency=currency,
        money=currency,
        days=first.days,
        labels=first.labels,
        spot={asset: spot_now[asset] * path.spot for asset, path in moves.items()},
        spot_now=spot_now,
        legs=tuple(line.label for line in lines),
        groups=tuple(line.group for line in lines),
        start=start,
        values=values.transpose(2, 1, 0),
    )
    return result.in_coin(book.numeraire) if book.numeraire in spot_now else result


def payoff(
    book: Book,
    market: OptionChain | Market,
    overlay: Legs | None = None,
    *,
    spot_moves: Sequence[float] | Array | None = None,
    days: Sequence[float] | None = None,
    vol_shift: float = 0.0,
    stickiness: float = 0.0,
) -> ScenarioResult:
    """Gains over a range of spot on some days: today, midway, at the horizon.

    Parameters
    ----------
    book, market, overlay
        As in `run`; of the book, the holdings in the market's asset.
    spot_moves : sequence of float, optional
        Relative moves of spot, > -1; by default -60 % to +40 %.
    days : sequence of float, optional
        Days from now, ascending; by default today, midway and the first expiry of an option in the overlay
        or else the book (30 days if there is none).
    vol_shift, stickiness : float
        As in `hedging.grid`.

    Returns
    -------
    ScenarioResult
        One scenario per spot move.
    """
    moves = np.linspace(-0.6, 0.4, 201) if spot_moves is None else np.asarray(spot_moves, dtype=float)
    legs = legs_of(overlay)
    if days is None:
        horizon = _first_expiry([leg.instrument for leg in legs], market)
        horizon = (
            horizon
            or _first_expiry([holding.instrument for holding in book.of(market.asset)], market)
            or 30.0
        )
        days = (0.0, horizon / 2.0, horizon)
    return _on_asset(book, market, legs, grid(moves, [vol_shift], days, stickiness=stickiness))


def _first_expiry(instruments: Iterable[Instrument], market: OptionChain | Market) -> float | None:
    """Days to the first expiry among the options of the market's asset."""
    expiries = [
        item.expiry for item in instruments if isinstance(item, Option) and item.asset == market.asset
    ]
    return days_between(market.as_of, min(expiries)) if expiries else None


def table(
    book: Book,
    market: OptionChain | Market,
    overlay: Legs | None = None,
    *,
    spot_moves: Sequence[float] | Array = (-0.5, -0.4, -0.3, -0.2, -0.1, 0.0, 0.1, 0.2),
    vol_shifts: Sequence[float] | Array | None = None,
    days: float | Sequence[float] = 0.0,
    stickiness: float = 0.0,
) -> pd.DataFrame:
    """Gain of position and overlay together: spot against vol on one day, or spot against days.

    Parameters
    ----------
    book, market, overlay
        As in `payoff`.
    spot_moves, vol_shifts : sequence of float
        See `hedging.grid`; give either several vol shifts or several days.
    days : float or sequence of float
        Days from now.
    stickiness : float
        See `hedging.grid`.

    Returns
    -------
    DataFrame
        Index ``spot_move``; columns ``vol_shift`` or ``day``. [currency of the book]

    Raises
    ------
    InputError
        If both several vol shifts and several days are given.
    """
    dates = np.atleast_1d(np.asarray(days, dtype=float))
    shifts = np.zeros(1) if vol_shifts is None else np.asarray(vol_shifts, dtype=float)
    if dates.size > 1 and vol_shifts is not None:
        raise InputError("a table has two axes: give several vol_shifts with one day, or several days alone.")
    result = _on_asset(book, market, overlay, grid(spot_moves, shifts, dates, stickiness=stickiness))
    index = pd.Index(np.asarray(spot_moves, dtype=float), name="spot_move")
    if vol_shifts is None:
        return pd.DataFrame(result.total, index=index, columns=pd.Index(dates, name="day"))
    gains = result.total[:, 0].reshape(index.size, shifts.size)
    return pd.DataFrame(gains, index=index, columns=pd.Index(shifts, name="vol_shift"))


def by_speed(
    book: Book,
    market: OptionChain | Market,
    overlay: Legs | None = None,
    *,
    velocity: float,
    acceleration: float = 0.0,
    depth: float,
    speeds: Sequence[float] = (0.5, 1.0, 2.0, 4.0),
    reaction: Reaction = BTC,
) -> pd.DataFrame:
    """Gain at one depth of a fall, by how fast it came there: what a doubling of the speed costs or brings.

    Running a fall c times as fast takes ``c v`` and ``c^2 a``: the same prices, c times sooner.

    Parameters
    ----------
    book, market, overlay
        As in `payoff`.
    velocity, acceleration, depth
        As in `hedging.crash_path`; the depth must be reached.
    speeds : sequence of float
        Multiples of the speed, ascending, > 0.
    reaction : Reaction
        What moves with the price; what it says of speed counts here.

    Returns
    -------
    DataFrame
        Index ``speed``; ``days`` to the depth, ``position, overlay, both`` there, and ``per doubling`` of the
        speed since the row before. [currency of the book]

    Raises
    ------
    InputError
        If the fall never reaches the depth, or a speed is not above 0.
    """
    at = np.asarray(speeds, dtype=float)
    if not (at.size and (at > 0).all() and (np.diff(at) > 0).all()):
        raise InputError(f"speeds must be multiples > 0, ascending; got {list(speeds)}.")
    days = hitting_time(velocity, acceleration, depth)
    if not np.isfinite(days):
        raise InputError(
            f"velocity {velocity!r} and acceleration {acceleration!r} never reach a depth of {depth!r}."
        )
    rows = []
    for speed in at:
        fall = crash_path(
            speed * velocity, speed**2 * acceleration, days / speed, step=days / speed / 50, reaction=reaction
        )
        end = _on_asset(book, market, overlay, fall)
        rows.append((days / speed, end.position[0, -1], end.overlay[0, -1], end.total[0, -1]))
    found = pd.DataFrame(
        rows, index=pd.Index(at, name="speed"), columns=["days", "position", "overlay", "both"]
    )
    found["per doubling"] = found["both"].diff() / np.log2(at / np.roll(at, 1))
    return found


def _on_asset(book: Book, market: OptionChain | Market, overlay: Legs | None, paths: Paths) -> ScenarioResult:
    asset = market.asset
    numeraire = book.numeraire if book.numeraire not in book.assets or book.numeraire == asset else "USD"
    part = Book(book.of(asset), cash=book.cash, numeraire=numeraire)
    return run(part, market, {asset: paths}, overlay)


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of the result: what it is called and what it comes to, as a small book."""

    label: str
    group: Group
    book: Book


def _position_lines(book: Book) -> Iterator[_Line]:
    for holding in book.holdings:
        yield _Line(holding.instrument.symbol, "position", Book([holding]))
    if book.cash or not book.holdings:
        yield _Line("cash", "position", Book(cash=book.cash))


def _overlay_lines(overlay: Legs | None) -> Iterator[_Line]:
    for leg in legs_of(overlay):
        order = (leg,)
        # The leg and what was paid for it: coins or cash that the book no longer has.
        yield _Line(f"{leg.side} {leg.instrument.symbol}", "overlay", Book() + order)


def _paths(paths: Paths | Mapping[str, Paths], assets: Sequence[str]) -> dict[str, Paths]:
    """Paths of each asset held, over the same days and scenarios."""
    if isinstance(paths, Paths):
        if len(assets) > 1:
            raise InputError(
                f"the book holds {', '.join(assets)}, but one set of paths was given: say how each moves, "
                f"for example hedging.paths.couple(crash, {list(assets)})."
            )
        return dict.fromkeys(assets, paths)
    missing = [asset for asset in assets if asset not in paths]
    if missing:
        raise InputError(f"no paths were given for {', '.join(missing)}; they are given for {list(paths)}.")
    found = {asset: paths[asset] for asset in assets}
    first = found[assets[0]]
    for asset, path in found.items():
        if len(path) != len(first) or not np.array_equal(path.days, first.days):
            raise InputError(f"paths of {asset} and {assets[0]} must have the same scenarios and days.")
    return found


@dataclass(frozen=True, slots=True)
class _Closing:
    """Cost of closing one option: a share of spot per day on which it is still alive, for all its units."""

    asset: str
    share: float
    last_day: float

    def along(self, pricer: Pricer, paths: Paths) -> Array:
        """Money at every node, shape (dates, scenarios)."""
        spread = 1.0 if paths.spread is None else paths.spread.T
        alive = (paths.days < self.last_day)[:, None]
        return np.asarray(np.where(alive, self.share * spread * pricer.spot * paths.spot.T, 0.0))


def _closing_costs(book: Book, markets: Mapping[str, Market]) -> Iterator[_Closing]:
    for holding in book.holdings:
        option = holding.instrument
        if isinstance(option, Option):
            market = markets[option.asset]
            half_spread = market.half_spread(option)
            if half_spread > 0:
                share = abs(holding.units) * half_spread / market.spot
                yield _Closing(option.asset, share, days_between(market.as_of, option.expiry))


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """All that a worker needs beside the scenarios: pricers, and what each line holds of what they price.

    `parts` lists per line the asset, the place of an instrument in its pricer, and units; `cash` per line;
    `closing` what leaving its options costs.
    """

    pricers: dict[str, Pricer]
    parts: tuple[tuple[tuple[str, int, float], ...], ...]
    cash: tuple[float, ...]
    closing: tuple[tuple[_Closing, ...], ...]

    @classmethod
    def of(cls, lines: Sequence[_Line], held: Book, markets: Mapping[str, Market], *, closing: bool) -> _Task:
        places: dict[str, dict[tuple[Instrument, float], int]] = {asset: {} for asset in held.assets}
        parts = []
        for line in lines:
            found = []
            for holding in line.book.holdings:
                known = places[holding.asset]
                # A missing entry price is NaN, which equals nothing: entries matter to no such instrument.
                entry = holding.entry if holding.entry == holding.entry else -1.0
                place = known.setdefault((holding.instrument, entry), len(known))
                found.append((holding.asset, place, holding.units))
            parts.append(tuple(found))
        pricers = {
            asset: Pricer.of([item for item, _ in known], [entry for _, entry in known], markets[asset])
            for asset, known in places.items()
        }
        costs = tuple(tuple(_closing_costs(line.book, markets)) if closing else () for line in lines)
        return cls(pricers, tuple(parts), tuple(line.book.cash for line in lines), costs)


def _block_values(task: _Task, moves: dict[str, Paths]) -> Array:
    """Values of all lines in some scenarios, shape (lines, dates, scenarios)."""
    each = {asset: pricer.values(moves[asset]).transpose(2, 1, 0) for asset, pricer in task.pricers.items()}
    first = next(iter(moves.values()))
    values = np.empty((len(task.parts), first.days.size, len(first)))
    # Sums in a fixed order, entry by entry: a matrix product would round differently in another block.
    for line, (parts, cash) in enumerate(zip(task.parts, task.cash, strict=True)):
        out = values[line]
        out[:] = cash
        for count, (asset, place, units) in enumerate(parts):
            if count == 0 and not cash:
                np.multiply(each[asset][place], units, out=out)
            else:
                out += units * each[asset][place]
        for cost in task.closing[line]:
            out -= cost.along(task.pricers[cost.asset], moves[cost.asset])
    return values


def _blocks(
    task: _Task,
    moves: dict[str, Paths],
    executor: Executor | None,
    block: int | None,
    progress: Callable[[int, int], object] | None,
) -> Iterator[tuple[slice, Array]]:
    """Values block by block, in order; at most a few blocks are in flight at a time."""
    first = next(iter(moves.values()))
    if block is not None and block < 1:
        raise InputError(f"block must be a number of scenarios >= 1; got {block!r}.")
    size = block or max(1, BLOCK_VALUES // (first.days.size * max(1, len(task.parts))))
    slices = [slice(start, min(start + size, len(first))) for start in range(0, len(first), size)]
    pieces = ({asset: path.select(where) for asset, path in moves.items()} for where in slices)
    if executor is None and len(slices) == 1:
        results: Iterator[Array] = (_block_values(task, piece) for piece in pieces)
    elif executor is None:
        results = _in_threads(task, pieces)
    else:
        results = _in_flight(executor, task, pieces)
    for count, (where, found) in enumerate(zip(slices, results, strict=True), start=1):
        yield where, found
        if progress is not None:
            progress(count, len(slices))


def _in_threads(task: _Task, pieces: Iterator[dict[str, Paths]]) -> Iterator[Array]:
    # More threads than cores only take turns at the interpreter's lock.
    with ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="hedging-scenario") as threads:
        yield from _in_flight(threads, task, pieces)


def _in_flight(executor: Executor, task: _Task, pieces: Iterator[dict[str, Paths]]) -> Iterator[Array]:
    """Results in order of submission, with a bounded number of blocks waiting; none is left behind."""
    waiting: list[Future[Array]] = []
    window = 2 * getattr(executor, "_max_workers", 16)
    try:
        for piece in pieces:
            waiting.append(executor.submit(_block_values, task, piece))
            if len(waiting) >= window:
                yield waiting.pop(0).result()
        while waiting:
            yield waiting.pop(0).result()
    finally:
        for unfinished in waiting:
            unfinished.cancel()
