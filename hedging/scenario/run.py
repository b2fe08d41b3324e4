"""Runs of scenarios over a book and its overlay: paths, payoffs, tables, and falls at several speeds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor

import numpy as np
import pandas as pd

from hedging._ground.arguments import takes
from hedging._ground.frames import readable
from hedging._numerics.checks import finite
from hedging._numerics.types import Array
from hedging.book.book import Book
from hedging.book.entering import Entering, filled_before
from hedging.book.legs import Leg, Legs, legs_of, orders_of
from hedging.errors import InputError
from hedging.market.chain import OptionChain
from hedging.market.contracts import Instrument, Option
from hedging.market.market import Chains, Market, market_of, markets_of
from hedging.paths.by_asset import PathsBy, paths_by_asset
from hedging.paths.crash import crash_path, hitting_time
from hedging.paths.paths import Paths, grid, today
from hedging.paths.reactions import Reaction
from hedging.scenario._blocks import Line, Task, all_values, block_values, exit_cost
from hedging.scenario._remarks import remarks_on
from hedging.scenario.result import ScenarioResult
from hedging.scenario.rule import rule_of
from hedging.units import days as days_between

__all__ = ["by_speed", "payoff", "run", "table"]


@takes(book=Book, overlay=orders_of)
def run(
    book: Book,
    markets: Chains,
    paths: PathsBy,
    overlay: Legs | None = None,
    *,
    closing: bool = False,
    roll: bool = False,
    by_leg: bool = True,
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
        of the world. They are taken as they were made: a fall that was made without a market moves vol as from 60 %,
        where the command and a report move it as from today's, ``crash_path(..., reaction=rule_of(chain))``.
    overlay : plan, overlay or legs, optional
        Shown beside the position: each leg gains its value less the price and fee paid for it. What is
        paid in coin is counted as coins that the book no longer has.
    closing : bool
        Value options at what closing them would bring: less half their spread of today, as a share of spot,
        times the paths' `spread`. What has expired costs nothing to close; unquoted options are at the model.
    roll : bool
        Options that expire on the way lapse. True buys (or sells) each anew at its expiry, of the same flag,
        tenor and moneyness, out of its own payoff and the account: at the model's value, half its spread of
        today as a share of spot, times the paths' `spread`, and its fee.
    by_leg : bool
        False keeps the position and the overlay as one line each, which holds the memory of a large run to
        two numbers per node.
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
    lines = [*_position_lines(book), *_overlay_lines(overlay)] if by_leg else list(_totals(book, overlay))
    held = Book([holding for line in lines for holding in line.book.holdings])
    held.check_assets(*by_asset.values())
    assets = held.assets or tuple(by_asset)
    given = paths_by_asset(paths, assets)
    moves = {asset: given[asset] for asset in assets}
    shape = next(iter(moves.values())).spot.shape
    task = Task.of(lines, held, by_asset, closing=closing, roll=roll, nodes=math.prod(shape))
    values = all_values(task, moves, executor=executor, block=block, progress=progress)
    now = block_values(task, dict.fromkeys(moves, today()))[:, 0, 0]
    bought = [float(gain) for gain, line in zip(now, lines, strict=True) if line.group == "overlay"]
    legs = legs_of(overlay)
    start = np.where([line.group == "position" for line in lines], now, 0.0)
    first = next(iter(moves.values()))
    spot_now = {asset: by_asset[asset].spot for asset in moves}
    currency = next(iter(by_asset.values())).currency
    exit_costs = exit_cost(task, dict.fromkeys(moves, today()))
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
        exit_cost=exit_cost(task, moves),
        exit_cost_now=0.0 if exit_costs is None else float(exit_costs[0, 0]),
        remarks=remarks_on(held, moves, by_asset),
        entering=Entering.of(legs, math.fsum(bought), currency) if legs else None,
        filled=filled_before(overlay, by_asset.values()) if legs else None,
        as_of=next(iter(by_asset.values())).as_of,
        paid=_paid([(leg,) for leg in legs] if by_leg else [legs], len(lines), currency),
    )
    return result.in_coin(book.numeraire) if book.numeraire in spot_now else result


def _paid(orders: Sequence[tuple[Leg, ...]], lines: int, money: str) -> dict[str, Array]:
    """What the orders of the last lines paid, by what it is in, shape (lines,) each."""
    found: dict[str, Array] = {}
    for place, legs in enumerate(orders, start=lines - len(orders)):
        for leg in legs:
            coin = leg.pays_coin
            paid = found.setdefault(leg.instrument.asset if coin else money, np.zeros(lines))
            paid[place] += leg.paid / leg.spot if coin else leg.paid
    return found


@takes(book=Book, overlay=orders_of)
def payoff(
    book: Book,
    market: Chains,
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
        As in `run`; of the book, the holdings in the market's asset. Several assets move together, by the same
        shares and shifts of vol: a cut through what each may do by itself.
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
    moves = np.linspace(-0.6, 0.4, 201) if spot_moves is None else np.ravel(finite("spot_moves", spot_moves))
    legs, markets = legs_of(overlay), markets_of(market)
    if days is None:
        held = [holding.instrument for asset in markets for holding in book.of(asset)]
        first = next(iter(markets.values()))
        horizon = _first_expiry([leg.instrument for leg in legs], first) or _first_expiry(held, first) or 30.0
        days = (0.0, horizon / 2.0, horizon)
    return _together(book, markets, overlay, grid(moves, [vol_shift], days, stickiness=stickiness))


def _first_expiry(instruments: Iterable[Instrument], market: OptionChain | Market) -> float | None:
    """Days to the first expiry among the options of the market's asset."""
    expiries = [
        item.expiry for item in instruments if isinstance(item, Option) and item.asset == market.asset
    ]
    return days_between(market.as_of, min(expiries)) if expiries else None


@takes(book=Book, overlay=orders_of)
def table(
    book: Book,
    market: Chains,
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
        Index ``spot_move``; columns ``vol_shift`` or ``day``. [currency of the book] Its ``attrs`` hold ``as_of``,
        ``currency``, ``money``, ``spot`` by asset, from which `hedging.plots.heatmap` writes prices and dates, and
        ``filled``, when the orders of a plan on older quotes were, from when their gains count.

    Raises
    ------
    InputError
        If both several vol shifts and several days are given.
    """
    dates = np.ravel(finite("days", days))
    shifts = np.zeros(1) if vol_shifts is None else np.ravel(finite("vol_shifts", vol_shifts))
    if dates.size > 1 and vol_shifts is not None:
        raise InputError("a table has two axes: give several vol_shifts with one day, or several days alone.")
    nodes = grid(spot_moves, shifts, dates, stickiness=stickiness)
    result = _together(book, markets_of(market), overlay, nodes)
    index = pd.Index(np.ravel(finite("spot_moves", spot_moves)), name="spot_move")
    if vol_shifts is None:
        gains = pd.DataFrame(result.total, index=index, columns=pd.Index(dates, name="day"))
    else:
        by_shift = result.total[:, 0].reshape(index.size, shifts.size)
        gains = pd.DataFrame(by_shift, index=index, columns=pd.Index(shifts, name="vol_shift"))
    gains.attrs |= {
        "as_of": None if result.as_of is None else result.as_of.isoformat(),
        "currency": result.currency,
        "money": result.money,
        "spot": result.spot_now,
        "filled": None if result.filled is None else result.filled.isoformat(),
    }
    return gains


@takes(book=Book, market=market_of, overlay=orders_of)
def by_speed(
    book: Book,
    market: OptionChain | Market,
    overlay: Legs | None = None,
    *,
    velocity: float,
    acceleration: float = 0.0,
    depth: float,
    speeds: Sequence[float] = (0.5, 1.0, 2.0, 4.0),
    reaction: Reaction | None = None,
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
    reaction : Reaction, optional
        What moves with the price; what it says of speed counts here. By default as fitted for the asset, for a
        market at its 30-day vol now.

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
    at = np.ravel(finite("speeds", speeds))
    if not (at.size and (at > 0).all() and (np.diff(at) > 0).all()):
        raise InputError(f"speeds must be multiples > 0, ascending; got {list(speeds)}.")
    days = hitting_time(velocity, acceleration, depth)
    if not np.isfinite(days):
        raise InputError(
            f"velocity {velocity!r} and acceleration {acceleration!r} never reach a depth of {depth!r}."
        )
    rows, rule = [], reaction or rule_of(market_of(market))
    for speed in at:
        fall = crash_path(
            speed * velocity, speed**2 * acceleration, days / speed, step=days / speed / 50, reaction=rule
        )
        end = _together(book, markets_of(market), overlay, fall)
        rows.append((days / speed, end.position[0, -1], end.overlay[0, -1], end.total[0, -1]))
    found = pd.DataFrame(
        rows, index=pd.Index(at, name="speed"), columns=["days", "position", "overlay", "both"]
    )
    found["per doubling"] = found["both"].diff() / np.log2(at / np.roll(at, 1))
    return readable(found, dict.fromkeys(found.columns.drop("days"), end.currency))


def _together(
    book: Book, markets: Mapping[str, Market], overlay: Legs | None, paths: Paths
) -> ScenarioResult:
    """What is held of some assets, all of them along the same paths."""
    elsewhere = book.numeraire in book.assets and book.numeraire not in markets
    holdings = [held for asset in markets for held in book.of(asset)]
    part = Book(holdings, cash=book.cash, numeraire="USD" if elsewhere else book.numeraire)
    return run(part, list(markets.values()), dict.fromkeys(markets, paths), overlay)


def _position_lines(book: Book) -> Iterator[Line]:
    for holding in book.holdings:
        yield Line(holding.instrument.symbol, "position", Book([holding]))
    if book.cash or not book.holdings:
        yield Line("cash", "position", Book(cash=book.cash))


def _overlay_lines(overlay: Legs | None) -> Iterator[Line]:
    for leg in legs_of(overlay):
        order = (leg,)
        # The leg and what was paid for it: coins or cash that the book no longer has.
        yield Line(f"{leg.side} {leg.instrument.symbol}", "overlay", Book() + order)


def _totals(book: Book, overlay: Legs | None) -> Iterator[Line]:
    yield Line("position", "position", book)
    if overlay is not None:
        yield Line("overlay", "overlay", Book() + overlay)
