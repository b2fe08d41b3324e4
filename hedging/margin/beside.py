"""Orders of perpetuals and futures beside what is held of the same contracts: what nets, counted on both sides.

Of one contract an account needs a rate on ``|held + ordered|``, the larger of two sums: all of it counted as if it were
long, and as if it were short. Each adds up order by order, so that two rows are exact where a row of ``|held| + |ordered|``
passes plans over. What a rate that rises with size asks is convex: an order's part of it at its largest size is never too
little for less.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any, TypeAlias

import numpy as np

from hedging._numerics.types import Array
from hedging.book.pricer import time_left
from hedging.margin.account import Account, Ledger, contract_of
from hedging.margin.cross import CASH, AccountRules, Cross, Segregated
from hedging.margin.portfolio import PortfolioMargin
from hedging.margin.standard import FlatMargin, StandardMargin
from hedging.market.contracts import Instrument, Settlement
from hedging.paths.paths import Paths, today

__all__ = ["Beside"]

Contract: TypeAlias = tuple[Any, ...]

MOST = 2  # contracts that are counted on both sides: every combination of sides is a row


@dataclass(frozen=True, slots=True, eq=False)
class Beside:
    """One purse of an account, as orders of perpetuals and futures find it.

    Attributes
    ----------
    rules : AccountRules
    purse : str
    ledgers : mapping of str to Ledger
        What is held, by asset.
    both : tuple of (str, tuple)
        Assets and contracts that are counted on both sides, those of which most is held.
    """

    rules: AccountRules
    purse: str
    ledgers: Mapping[str, Ledger]
    both: tuple[tuple[str, Contract], ...]

    @classmethod
    def of(
        cls, rules: AccountRules, purse: str, ledgers: Mapping[str, Ledger], ordered: Iterable[Instrument]
    ) -> Beside:
        """The purse beside what may be ordered."""
        wanted = {(item.asset, contract_of(item)) for item in ordered}
        found = [
            (float(need[0]), (asset, contract))
            for asset, ledger in ledgers.items()
            for account in [ledger.at(today(), 0)]
            for contract, need in zip(_alive(ledger, 0.0), _nets(rules, purse, account)[0], strict=True)
            if (asset, contract) in wanted and need[0] > 0.0
        ]
        found.sort(key=lambda each: -each[0])
        return cls(rules, purse, ledgers, tuple(each for _, each in found[:MOST]))

    @property
    def sides(self) -> list[tuple[float, ...]]:
        """Every combination of sides, +1 for long, one a contract."""
        return list(product((1.0, -1.0), repeat=len(self.both)))

    def held(self, paths: Mapping[str, Paths]) -> Array:
        """What each side leaves more of what is held, shape (sides, scenarios, dates). [currency of the purse]"""
        first = next(iter(paths.values()))
        total = np.zeros((len(self.sides), *first.spot.shape))
        for asset, ledger in self.ledgers.items() if self.both else ():
            for date, account in enumerate(ledger.along(paths[asset])):
                total[:, :, date] += self._released(asset, ledger, account, first.days[date]).sum(axis=1)
        return total

    def ordered(self, asset: str, orders: Ledger, paths: Paths, date: int) -> Array:
        """What each side leaves more of orders, and what is held takes from them by size.

        Shape (sides, perpetuals and futures alive, scenarios). [currency of the purse]
        """
        day, account = float(paths.days[date]), orders.at(paths, date)
        found = self._released(asset, orders, account, day)
        ledger = self.ledgers.get(asset)
        if ledger is None or not ledger.linear:
            return found
        held = ledger.at(paths, date)
        sizes = dict(zip(_alive(ledger, day), held.linear_size(), strict=True))
        by_size, own = _nets(self.rules, self.purse, account)[1], account.linear_size()
        for row, contract in enumerate(_alive(orders, day)):
            if contract in sizes:
                found[:, row] -= 2.0 * by_size[row] * own[row] * sizes[contract]
        return found

    def _released(self, asset: str, ledger: Ledger, account: Account, day: float) -> Array:
        """What is counted on the other side, given instead of asked for, shape (sides, contracts, scenarios)."""
        needs, contracts = _nets(self.rules, self.purse, account)[0], _alive(ledger, day)
        found = np.zeros((len(self.sides), *needs.shape))
        for at, side in enumerate(self.sides):
            for (where, contract), sign in zip(self.both, side, strict=True):
                for row, own in enumerate(contracts):
                    if (where, contract) == (asset, own):
                        found[at, row] = (1.0 - sign * np.sign(account.linear_amount[row])) * needs[row]
        return found


def _alive(ledger: Ledger, day: float) -> list[Contract]:
    """Contracts of the rows of perpetuals and futures on a day."""
    left = np.append(time_left(ledger.times, day), np.inf)
    return [
        contract_of(position[0].instrument)
        for position, term in zip(ledger.linear, ledger.linear_terms, strict=True)
        if left[term] > 0.0
    ]


def _nets(rules: AccountRules, purse: str, account: Account) -> tuple[Array, Array]:
    """What each perpetual and future needs in proportion to its size, and per size squared; (contracts, scenarios) each.

    Of rules by which long and short of one contract net, and of the purse that it is margined in; 0 elsewhere.
    """
    shape = (account.linear_amount.size, account.spot.size)
    need, by_size = np.zeros(shape), np.zeros(shape)
    if not isinstance(rules, Segregated | Cross):
        return need, by_size
    crossed, kinds = isinstance(rules, Cross), tuple[Settlement, Settlement](("coin", "cash"))
    for kind, known in zip(kinds, (rules.coin, rules.cash), strict=True):
        rows = account.linear_coin == (kind == "coin")
        model = known.get(account.asset)
        if not rows.any() or not (crossed or purse == (account.asset if kind == "coin" else CASH)):
            continue
        part = account.settled_in(kind)
        price = part.spot if crossed and kind == "coin" else 1.0
        if isinstance(model, StandardMargin | FlatMargin):
            worth = 1.0 if kind == "coin" else part.linear_mark
            need[rows] = model.maintenance * np.abs(part.linear_size()) * worth * price
            by_size[rows] = getattr(model, "per_unit", 0.0) * worth * price
        elif isinstance(model, PortfolioMargin):
            # Futures net with the options that expire with them; perpetuals with nothing else.
            alone = (part.linear_term < 0)[:, None] * model.roll_shocks(part)[: part.linear_amount.size]
            need[rows] = model.maintenance_factor * alone * price
    return need, by_size
