"""What every order makes in few of many scenarios, each on one date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hedging._numerics.types import Array
from hedging._numerics.types import Rows as Places
from hedging.book.pricer import Pricer
from hedging.market.market import Market
from hedging.paths.by_asset import PathsBy, leading, paths_of_asset
from hedging.planner.candidates.candidates import Candidates

__all__ = ["OrderPnl"]


@dataclass(frozen=True, slots=True, eq=False)
class OrderPnl:
    """Values less what was paid, with everything that prices the orders looked up once.

    `Candidates.pnl` has every node; this is for rows of a whole chain that are made as they are broken.
    """

    candidates: Candidates
    parts: tuple[tuple[Market, Places, Pricer, Places], ...]

    @classmethod
    def of(cls, candidates: Candidates, markets: Sequence[Market]) -> OrderPnl:
        """Look up the orders of each market: where they stand, and which instrument each is on."""
        parts = []
        for market in markets:
            here = [i for i, item in enumerate(candidates.instruments) if item.asset == market.asset]
            keys = [(candidates.instruments[i], float(candidates.entry[i])) for i in here]
            # An instrument quoted on both sides is valued once.
            place = {key: n for n, key in enumerate(dict.fromkeys(keys))}
            pricer = Pricer.of([key[0] for key in place], [key[1] for key in place], market)
            which = np.array([place[key] for key in keys], dtype=np.intp)
            parts.append((market, np.array(here, dtype=np.intp), pricer, which))
        return cls(candidates, tuple(parts))

    def on(self, paths: PathsBy, dates: Places) -> Array:
        """P&L of one lot of each order in each scenario on its date, shape (scenarios, columns). [money]"""
        count = np.arange(len(leading(paths)))
        out = np.empty((count.size, len(self.candidates)))
        for market, here, pricer, which in self.parts:
            own = paths_of_asset(paths, market.asset)
            spot = market.spot * own.spot[count, dates]
            value = pricer.values_on(own, dates)[:, which] * self.candidates.size[here]
            out[:, here] = value - self.candidates.coins[here] * spot[:, None] - self.candidates.cash[here]
        return out
