"""What many orders do to an account's headroom, each by itself, on one date of some paths at a time.

As `Headroom.legs`, for whoever chooses among hundreds of orders: all of them are valued at once, and only where
they are asked for. What adds up and what is never too much is said in `hedging.margin.headroom`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hedging._numerics.types import Array, Mask, Rows
from hedging.book.book import Book, Holding
from hedging.book.pricer import time_left
from hedging.margin.account import Account, Ledger
from hedging.margin.beside import Beside
from hedging.margin.cross import AccountRules, Segregated
from hedging.margin.portfolio import PortfolioMargin
from hedging.margin.standard import FlatMargin, StandardMargin
from hedging.market.contracts import Option, Spot
from hedging.market.market import Market
from hedging.paths.paths import Paths
from hedging.units import years

__all__ = ["Orders"]


class Orders:
    """Orders of one asset, by what they would add to an account.

    Parameters
    ----------
    market : Market
    holdings : sequence of Holding
        What each order adds.
    coins, cash : ndarray, shape (orders,)
        What leaves the account when it is traded. [coins], [money]
    closes : ndarray of bool, shape (orders,)
        Whether it closes an option that is held, and nothing beyond.
    """

    def __init__(
        self, market: Market, holdings: Sequence[Holding], coins: Array, cash: Array, closes: Mask
    ) -> None:
        self.market, self.holdings = market, tuple(holdings)
        self.coins, self.cash, self.closes = coins, cash, closes
        contracts = [held for held in holdings if not isinstance(held.instrument, Spot)]
        self._ledger = Ledger(Book(contracts), market, netted=False)
        self._kind = np.array([_kind(held) for held in holdings], dtype=np.intp)
        expiries = [getattr(held.instrument, "expiry", None) for held in holdings]
        self._times = np.array(
            [np.inf if e is None else years(market.as_of, e) for e in expiries], dtype=float
        )

    def take(self, some: Rows) -> Orders:
        """Return some of the orders, by index."""
        held = [self.holdings[i] for i in some]
        return Orders(self.market, held, self.coins[some], self.cash[some], self.closes[some])

    def beside(self, held: Beside, paths: Paths, date: int) -> Array:
        """Headroom that each order adds to one purse, at each node of its table on each side of what is held.

        Shape (sides, nodes, orders, scenarios). [currency of the purse]
        """
        sides, place = held.sides, self._places(float(paths.days[date]))
        alone = self.effects(held.rules, held.purse, paths, date)
        found = np.repeat(alone[None], len(sides), axis=0)
        linear = (self._kind == 0) & (place >= 0)
        if linear.any():
            found[:, :, linear] += held.ordered(self.market.asset, self._ledger, paths, date)[
                :, None, place[linear]
            ]
        return found

    def effects(self, rules: AccountRules, purse: str, paths: Paths, date: int) -> Array:
        """Headroom that each order adds to one purse, shape (nodes, orders, scenarios). [currency of the purse]"""
        table = rules.coin.get(purse) if isinstance(rules, Segregated) else None
        if isinstance(table, PortfolioMargin):
            return self._over_table(table, purse, paths, date)
        flipped = self.closes if _options_add_up(rules) else np.zeros_like(self.closes)
        parts = self._accounts(paths, date, np.where(flipped, -1.0, 1.0))
        found = np.zeros((1, len(parts), len(paths)))
        for i, part in enumerate(parts):
            margin = rules.assess([part], {}).get(purse)
            if margin is not None:
                found[0, i] = margin.headroom
        found[0, flipped] *= -1.0
        return found

    def _over_table(self, rule: PortfolioMargin, purse: str, paths: Paths, date: int) -> Array:
        """At each node of the table of losses; what is bounded beside it is the roll shock."""
        if purse != self.market.asset:
            return np.zeros((1, len(self.holdings), len(paths)))
        whole, parts = self._ledger.at(paths, date), self._accounts(paths, date, np.ones(len(self.holdings)))
        balance = np.array([part.coin_equity() + part.option_equity() / part.spot for part in parts])
        losses, rolls = rule.losses(whole), rule.roll_shocks(whole)
        found = np.repeat(balance[None], len(losses), axis=0)
        place = self._places(float(paths.days[date]))
        there = place >= 0
        found[:, there] -= rule.maintenance_factor * (losses[:, place[there]] + rolls[place[there]])
        return found

    def _places(self, day: float) -> Rows:
        """Row of each order among perpetuals and futures, then options, on a day; -1 for what is not there."""
        alive, kind = time_left(self._times, day) > 0.0, self._kind
        place = np.full(kind.size, -1, dtype=np.intp)
        linear, option = (alive & (kind == each) for each in (0, 1))
        place[linear] = np.arange(np.count_nonzero(linear))
        place[option] = np.count_nonzero(linear) + np.arange(np.count_nonzero(option))
        return place

    def _accounts(self, paths: Paths, date: int, sign: Array) -> list[Account]:
        """Each order by itself, with what it paid and what it was settled for; of sign -1 the opposite order."""
        whole, day = self._ledger.at(paths, date), float(paths.days[date])
        linear, place, settled = len(whole.linear_amount), self._places(day), self._settled(paths, date)
        none, accounts = np.zeros(0, dtype=np.intp), []
        for i, held in enumerate(self.holdings):
            row = place[i : i + 1]
            is_linear = 0 <= row[0] < linear
            own = held.units if isinstance(held.instrument, Spot) else 0.0
            in_coin, in_cash = settled[i]
            accounts.append(
                _cut(
                    whole,
                    row if is_linear else none,
                    none if is_linear or row[0] < 0 else row - linear,
                    sign[i] * (own - self.coins[i] + in_coin),
                    sign[i] * (in_cash - self.cash[i]),
                    sign[i],
                )
            )
        return accounts

    def _settled(self, paths: Paths, date: int) -> list[tuple[Array, Array]]:
        """What each order was settled for by a date, in coins and in money, shape (scenarios,) each."""
        ledger, kind, nothing = self._ledger, self._kind, np.zeros(len(paths))
        spot = self.market.spot * paths.spot[:, date]
        found = [(nothing, nothing)] * kind.size
        over = time_left(self._times, float(paths.days[date])) <= 0.0
        if not over.any():
            return found
        rank = np.zeros(kind.size, dtype=np.intp)
        for each in (0, 1):
            rank[kind == each] = np.arange(np.count_nonzero(kind == each))
        options = ledger.pricer.options_at(paths, date).value
        linear = ledger.pricer.linear_values(paths)[:, date]
        for i in np.flatnonzero(over):
            held = self.holdings[i]
            value = held.units * (options if kind[i] == 1 else linear)[rank[i]]
            found[i] = (value / spot, nothing) if _in_coin(held) else (nothing, value)
        return found


def _cut(
    whole: Account, linear: Rows, options: Rows, coins: Array | float, cash: Array | float, sign: float
) -> Account:
    kept = {
        name: getattr(whole, name)[linear if name.startswith("linear") else options]
        for name in Account.__slots__
        if name.startswith(("linear", "option"))
    }
    for name in ("option_units", "linear_amount", "linear_gain"):
        kept[name] = sign * kept[name]
    nothing = np.zeros_like(whole.spot)
    return replace(whole, coins=nothing + coins, cash=nothing + cash, **kept)


def _options_add_up(rules: AccountRules) -> bool:
    """Whether what an option needs, it needs alone, and in proportion to its size."""
    models = (*rules.coin.values(), *rules.cash.values()) if isinstance(rules, Segregated) else ()
    return bool(models) and all(isinstance(model, StandardMargin | FlatMargin) for model in models)


def _kind(held: Holding) -> int:
    """0 for a perpetual or future, 1 for an option, -1 for spot."""
    return -1 if isinstance(held.instrument, Spot) else int(isinstance(held.instrument, Option))


def _in_coin(held: Holding) -> bool:
    item = held.instrument
    return (
        item.terms.settlement if isinstance(item, Option) else getattr(item, "settlement", "cash")
    ) == "coin"
