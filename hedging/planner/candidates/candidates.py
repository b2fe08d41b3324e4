"""Orders that may be given as columns of numbers, per lot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from hedging._numerics.types import Array, Mask
from hedging.book.pricer import unit_values
from hedging.market.contracts import Instrument, kind_of
from hedging.market.market import Market
from hedging.paths.by_asset import PathsBy, leading, paths_of_asset
from hedging.planner.request.limits import Limits

__all__ = ["Candidates"]


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Orders that may be given, one column a side, all numbers per lot.

    Buys and sells are separate columns: ask and bid put a kink into the cost at zero, and the premium paid
    in coin differs.

    Attributes
    ----------
    instruments : tuple of Instrument, length columns
    size : ndarray, shape (columns,)
        Signed units of underlying per lot, > 0 for a buy.
    lot : ndarray
        Contracts per lot.
    cost : ndarray
        Execution cost: half spread and fee, and the funding and basis that are paid to the horizon; see
        `hedging.planner.candidates.carry`. [money]
    premium : ndarray
        Paid > 0, received < 0; zero for spot and perpetuals. [money]
    delta, gamma, vega, theta : ndarray
        Change of the book's, the coins that leave it as premium and fee included.
    entry : ndarray
        What a perpetual is entered at, 0 for what is paid for. [money per unit]
    coins, cash : ndarray
        What leaves the book in coin and in cash. A mark beyond the quote counts as no gain: what it seems
        to give leaves as cash. [units of underlying], [money]
    least, most : ndarray
        Smallest and largest order. [lots]
    closes : ndarray of bool
        Whether it does no more than close what is held. Beyond that it is another order.
    """

    instruments: tuple[Instrument, ...]
    size: Array
    lot: Array
    cost: Array
    premium: Array
    delta: Array
    gamma: Array
    vega: Array
    theta: Array
    entry: Array
    coins: Array
    cash: Array
    least: Array
    most: Array
    closes: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.instruments)

    @property
    def kinds(self) -> npt.NDArray[np.str_]:
        """What each column trades, as `kind_of` says."""
        return np.array([kind_of(item) for item in self.instruments])

    def tradable(self, limits: Limits) -> Mask:
        """Which columns `limits` allow: options, and the underlying where they say so."""
        return np.isin(self.kinds, ("call", "put", *(item.kind for item in limits.outright)))

    def take(self, keep: npt.NDArray[Any]) -> Candidates:
        """Return some of the columns, by mask or index."""
        index = np.arange(len(self))[keep]
        arrays = {f.name: getattr(self, f.name)[..., index] for f in fields(self)[1:]}
        return Candidates(tuple(self.instruments[i] for i in index), **arrays)

    def pnl(self, markets: Sequence[Market], paths: PathsBy) -> Array:
        """Value less what was paid at every node, per lot, shape (scenarios, dates, columns). [money]"""
        # Each order's P&L lies side by side in memory, as values do, and is made while it is in the cache.
        out = np.empty((len(self), *leading(paths).spot.T.shape))
        for market in markets:
            here = [i for i, item in enumerate(self.instruments) if item.asset == market.asset]
            # An instrument quoted on both sides is valued once.
            keys = [(self.instruments[i], self.entry[i]) for i in here]
            place = {key: n for n, key in enumerate(dict.fromkeys(keys))}
            own = paths_of_asset(paths, market.asset)
            value = unit_values([key[0] for key in place], [key[1] for key in place], market, own).T
            spot = np.ascontiguousarray(market.spot * own.spot.T)
            for i, key in zip(here, keys, strict=True):
                np.multiply(value[place[key]], self.size[i], out=out[i])
                out[i] -= self.coins[i] * spot
                out[i] -= self.cash[i]
        return out.T

    @staticmethod
    def join(parts: Sequence[Candidates]) -> Candidates:
        """Put the columns of several markets side by side."""
        arrays = {
            f.name: np.concatenate([getattr(part, f.name) for part in parts], axis=-1)
            for f in fields(Candidates)[1:]
        }
        return Candidates(tuple(item for part in parts for item in part.instruments), **arrays)
