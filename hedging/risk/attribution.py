"""Gains along a path by what made them, Greek by Greek; Greeks over spot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from hedging._ground.arguments import takes
from hedging._numerics.quiet import quiet
from hedging._numerics.types import Array
from hedging.book._node import OptionNodes
from hedging.book.book import Book
from hedging.book.pricer import Pricer
from hedging.errors import InputError
from hedging.market.by_exercise import option_greeks
from hedging.market.chain import OptionChain
from hedging.market.contracts import Option, Perpetual
from hedging.market.market import Market, market_of
from hedging.paths.paths import Paths, along
from hedging.paths.reactions import STILL, Reaction
from hedging.units import DAYS_PER_YEAR, VOL_POINT

__all__ = ["attribution", "profile"]

ATTRIBUTED = ("delta", "gamma", "vega", "vanna", "volga", "theta", "funding", "unexplained")


EXPLAINING = ATTRIBUTED[:6]


PROFILED = ("delta", "gamma", "vega", "theta")


@takes(book=Book, market=market_of, paths=Paths)
def attribution(book: Book, market: OptionChain | Market, paths: Paths, scenario: int = 0) -> pd.DataFrame:
    """Why a book gained what it gained along one path, Greek by Greek, step by step.

    Between two dates each option moves by its Greeks at the first one times the moves of spot, of its own
    vol and of time; what the full revaluation says beyond is unexplained. Shorter steps explain more.

    Parameters
    ----------
    book : Book
        ``book + plan`` for a hedged one; of it, the holdings in the market's asset.
    market : OptionChain or Market
    paths : Paths
        A path, not a grid.
    scenario : int
        Which of its scenarios.

    Returns
    -------
    DataFrame
        One row per holding and ``total``; ``delta, gamma, vega, vanna, volga, theta, funding, unexplained,
        total``. The columns before ``total`` sum to it, which is the full revaluation. [money]

    Raises
    ------
    InputError
        If `paths` is a grid.
    """
    if paths.straight:
        raise InputError("an attribution follows one path from date to date; a grid has none.")
    found = Market.of(market) if isinstance(market, OptionChain) else market
    held = book.of(found.asset)
    pricer = Pricer.of([item.instrument for item in held], [item.entry for item in held], found)
    walk = _from_now(paths.select([scenario]))
    values = pricer.values(walk)[0]
    spot = found.spot * walk.spot[0]
    parts = np.zeros((len(held), len(ATTRIBUTED)))
    parts[list(pricer.option_columns)] = _option_parts(pricer, walk, spot)
    flat = np.array([not isinstance(item.instrument, Option) for item in held])
    parts[flat, 0] = spot[-1] - spot[0]
    perpetual = np.array([isinstance(item.instrument, Perpetual) for item in held])
    total = values[-1] - values[0]
    # A perpetual's gain beyond the move of spot is funding; of a future it is carry, called theta.
    rest = total - parts.sum(axis=1)
    parts[:, ATTRIBUTED.index("funding")] = np.where(perpetual, rest, 0.0)
    future = flat & ~perpetual
    parts[:, ATTRIBUTED.index("theta")] += np.where(future, rest, 0.0)
    parts[:, -1] = np.where(flat, 0.0, rest)
    units = np.array([item.units for item in held])[:, None]
    table = pd.DataFrame(
        np.column_stack((parts, total)) * units,
        index=[item.instrument.symbol for item in held],
        columns=[*ATTRIBUTED, "total"],
    )
    table.loc["total"] = table.sum()
    return table


@takes(book=Book, market=market_of)
@quiet
def profile(
    book: Book,
    market: OptionChain | Market,
    spot_moves: Sequence[float] | Array | None = None,
    *,
    day: float = 0.0,
    vol_shift: float = 0.0,
    reaction: Reaction = STILL,
) -> pd.DataFrame:
    """Exposure over spot: what the book's Greeks become where the price goes.

    Parameters
    ----------
    book, market
        As in `attribution`.
    spot_moves : sequence of float, optional
        Relative moves, > -1; by default -60 % to +40 %.
    day : float
        Days from now.
    vol_shift : float
        Added to the vol of 30 days, as in `hedging.grid`; 0.1 is ten points.
    reaction : Reaction
        What vol does on the way; by default each moneyness keeps its vol.

    Returns
    -------
    DataFrame
        Index ``spot`` [money]; ``delta`` [units], ``gamma`` [units per 1.00 of spot], ``vega`` [money per vol
        point], ``theta`` [money per day]. A perpetual or future counts with the delta of its units.
    """
    found = Market.of(market) if isinstance(market, OptionChain) else market
    moves = np.linspace(-0.6, 0.4, 201) if spot_moves is None else np.asarray(spot_moves, dtype=float)
    paths = along([day], np.log1p(moves)[:, None], reaction=reaction, averaged=False)
    paths = paths.with_vol_shift(vol_shift)
    sums = greeks_along(book, found, paths)
    return pd.DataFrame(
        {name: values[:, 0] for name, values in sums.items()},
        index=pd.Index(found.spot * paths.spot[:, 0], name="spot"),
    )


@quiet
def greeks_along(book: Book, market: Market, paths: Paths) -> dict[str, Array]:
    """Greeks of a book at every node, each of shape (scenarios, dates), in the units of `profile`."""
    held = book.of(market.asset)
    options = [item for item in held if isinstance(item.instrument, Option)]
    pricer = Pricer.of([item.instrument for item in options], [item.entry for item in options], market)
    units = np.array([item.units for item in options])
    sums = {name: np.zeros(paths.spot.shape) for name in PROFILED}
    for date in range(paths.days.size):
        nodes = pricer.options_at(paths, date)
        alive = units[nodes.remaining > 0, None]
        each = _node_greeks(pricer, nodes, market.spot * paths.spot[:, date], PROFILED)
        for name in PROFILED:
            sums[name][:, date] = (alive * each[name]).sum(axis=0)
    sums["delta"] += sum(item.units for item in held if not isinstance(item.instrument, Option))
    return sums


def _option_parts(pricer: Pricer, walk: Paths, spot: Array) -> Array:
    """What each Greek explains of one unit of each option, shape (options, Greeks)."""
    nodes = [pricer.options_at(walk, date) for date in range(walk.days.size)]
    parts = np.zeros((pricer.options.strike.size, len(ATTRIBUTED)))
    for date, (before, after) in enumerate(pairwise(nodes)):
        alive = np.flatnonzero(before.remaining > 0)
        g = _node_greeks(pricer, before, spot[date : date + 1], EXPLAINING)
        ds = spot[date + 1] - spot[date]
        dv = np.nan_to_num(after.vol[alive, 0] - before.vol[alive, 0]) / VOL_POINT
        days = (before.remaining[alive] - after.remaining[alive]) * DAYS_PER_YEAR
        steps = [
            g["delta"][:, 0] * ds,
            0.5 * g["gamma"][:, 0] * ds**2,
            g["vega"][:, 0] * dv,
            g["vanna"][:, 0] * ds * dv,
            0.5 * g["volga"][:, 0] * dv**2,
            g["theta"][:, 0] * days,
        ]
        parts[alive, : len(steps)] += np.stack(steps, axis=1)
    return parts


def _node_greeks(pricer: Pricer, nodes: OptionNodes, spot: Array, names: Sequence[str]) -> dict[str, Array]:
    """Greeks of one unit of the options that have not expired, shape (such options, scenarios)."""
    table, alive = pricer.options, nodes.remaining > 0
    time, forward = nodes.remaining[alive, None], nodes.forward[alive]
    carry = np.log(forward / spot) / time
    elapsed = float((table.time_to_expiry - nodes.remaining)[alive].max(initial=0.0))
    rate = np.where(table.coin[alive, None], carry, table.rate[alive, None])
    flag = np.where(table.sign[alive, None] > 0, "c", "p")
    return option_greeks(
        table.american[alive, None],
        flag,
        spot,
        table.strike[alive, None],
        time,
        rate,
        nodes.vol[alive],
        rate - carry,
        names,
        table.ahead(elapsed),
    )


def _from_now(paths: Paths) -> Paths:
    """The same path with today as its first date."""
    if paths.days[0] == 0:
        return paths
    still = {"spot": 1.0, "spread": 1.0}
    arrays: dict[str, Any] = {
        name: np.insert(values, 0, still.get(name, 0.0), axis=1) for name, values in paths.arrays().items()
    }
    return replace(paths, days=np.insert(paths.days, 0, 0.0), **arrays)
