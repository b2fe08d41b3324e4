"""Initial margin of the account that trades, as a convex function of orders: its value and its slopes.

A requirement is a sum over contracts of what each needs, or the worst of a table of losses and what each expiry may
lose by its basis: convex in what is held, so that the plane through it at some orders lies under it everywhere. What
an order closes is released. Of one contract only one order is given, so that each side has a slope of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hedging._numerics.types import Array, Mask
from hedging.book.accounts import DeclaredAccount
from hedging.book.book import Book, Holding
from hedging.errors import InputError
from hedging.margin.account import Account, Ledger, MarginModel, contract_of
from hedging.margin.cross import Cross, Segregated, known_rule
from hedging.margin.portfolio import PortfolioMargin
from hedging.margin.rules import rules_of
from hedging.margin.whole import WholeAccount
from hedging.market.contracts import Future, Option, Perpetual
from hedging.market.market import Market
from hedging.paths.paths import Paths, today

__all__ = ["ASSUMED_MODEL", "Requirement", "accounted", "initial_margin", "rules_in_words"]

ASSUMED_MODEL = "standard"
"""Of a book that declares no account."""
STEP = 1e-6  # of a position, by which the slope of its requirement is taken
NOTHING = 1e-9  # of what was held and ordered, below which a position is closed


def initial_margin(book: Book, markets: Mapping[str, Market]) -> float:
    """Initial margin of the account that orders are traded in, by its own rules; all of the book where none is declared.

    All purses together, at today's prices. [money]
    """
    book = accounted(book)
    declared = _declared(book)
    whole = WholeAccount.of(book, markets, declared.name)
    ways: dict[str, Paths] = dict.fromkeys(whole.ledgers, today())
    if not ways:
        return 0.0
    margins = whole.margins(rules_of(declared, markets), ways, every=True)
    return sum(
        float(each[0].initial[0]) * (markets[each[0].currency].spot if each[0].currency in markets else 1.0)
        for each in margins.values()
    )


def rules_in_words(book: Book) -> str:
    """The model that the account which trades is margined by."""
    return f"{_declared(accounted(book)).model} rules{'' if book.accounts else ', as no account is declared'}"


def accounted(book: Book) -> Book:
    """The book with its accounts; all of it in one of the assumed model where it declares none."""
    return book if book.accounts else book.with_model(ASSUMED_MODEL)


def _declared(book: Book) -> DeclaredAccount:
    return next(each for each in book.accounts if each.name == book.trading_account)


_NO_SLOPE = {
    "reg-t": "what covers what is paired anew with every order",
    "cross-portfolio": "each asset's worst move is taken with the collateral, which every order changes",
}
_ELSEWHERE = {
    "reg-t": "; Limits(initial_margin=InitialMargin(RegT(), 0.6)) keeps what orders add within a limit, and counts nothing "
    "as released"
}


class Requirement:
    """Initial margin of an account, given orders in lots.

    Parameters
    ----------
    parts : iterable of _Part
        Contracts that are margined together.
    count : int
        Of all orders.
    """

    def __init__(self, parts: Iterable[_Part | None], count: int) -> None:
        self.parts, self.count = [part for part in parts if part is not None], count

    @classmethod
    def of_account(cls, book: Book, markets: Mapping[str, Market], orders: Sequence[Holding]) -> Requirement:
        """Of the account that trades, by the rules that it declares, given what one lot of each order adds.

        Raises
        ------
        InputError
            If its rules are none of which slopes are known, or none are stored for an asset.
        """
        book = accounted(book)
        declared = _declared(book)
        rules = rules_of(declared, markets)
        if not isinstance(rules, Segregated | Cross):
            raise InputError(
                f"the margin of account {declared.name} cannot be minimised by its rules, model {declared.model}: "
                f"{_NO_SLOPE[declared.model]}, so that no order has a margin of its own. It can be minimised by "
                "'standard', 'portfolio', 'flat' and 'cross-standard' rules (book.with_model('portfolio'), or "
                "--account portfolio)" + _ELSEWHERE.get(declared.model, "") + "."
            )
        own, parts = book.account(declared.name), list[_Part | None]()
        for market in markets.values():
            for settlement, known in (("coin", rules.coin), ("cash", rules.cash)):
                held = [each for each in own.of(market.asset) if _settles(each) == settlement]
                added = {i: each for i, each in _contracts(orders, market) if _settles(each) == settlement}
                # What is only a candidate, and has no rules, is refused once it is traded.
                if held or (added and market.asset in known):
                    parts.append(_Part.of(held, added, market, known_rule(known, market.asset, "margin")))
        return cls(parts, len(orders))

    @classmethod
    def of_model(
        cls, held: Book, market: Market, orders: Sequence[Holding], model: MarginModel
    ) -> Requirement:
        """Of all that is held of one asset, by one model."""
        own = [each for each in held.of(market.asset) if _settles(each)]
        return cls([_Part.of(own, dict(_contracts(orders, market)), market, model)], len(orders))

    def at(self, lots: Array) -> float:
        """Initial margin with some orders, shape (orders,) of lots. [money]"""
        return sum(part.at(lots[part.places]) for part in self.parts)

    def slopes(self, lots: Array) -> Array:
        """What each order adds to it per lot, there, shape (orders,). [money per lot]"""
        found = np.zeros(self.count)
        for part in self.parts:
            found[part.places] += part.slopes(lots[part.places])
        return found


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Contracts of one asset and settlement, under one model.

    Attributes
    ----------
    account : Account
        Of one row a contract; sizes come from lots.
    held : ndarray, shape (contracts,)
        Perpetuals and futures, as `Account.linear_amount` counts them, then options.
    orders : ndarray, shape (contracts, orders)
        What a lot of each adds.
    places : list of int
        The orders, as the requirement counts them.
    alone : ndarray, shape (contracts,)
        What one unit of each option sold needs, where needs add up. [money]
    """

    account: Account
    model: Any
    held: Array
    orders: Array
    places: list[int]
    alone: Array

    @classmethod
    def of(
        cls, held: Sequence[Holding], orders: Mapping[int, Holding], market: Market, model: Any
    ) -> _Part | None:
        """The part of some holdings and of orders by their places; None where there is no contract."""
        whole = [*held, *orders.values()]
        if not whole:
            return None
        # Of any size: contracts that cancel must keep their row.
        ledger = Ledger(Book([replace(each, quantity=1.0, account="") for each in whole]), market)
        contracts = [contract_of(each[0].instrument) for each in (*ledger.linear, *ledger.options)]
        number = {contract: i for i, contract in enumerate(contracts)}
        sizes = np.zeros((len(contracts), len(whole)))
        for column, each in enumerate(whole):
            sizes[number[contract_of(each.instrument)], column] = _size(each)
        own, added = sizes[:, : len(held)].sum(axis=1), sizes[:, len(held) :]
        account = ledger.at(today(), 0)
        model.assess(account)  # refuses what it has no rules for
        part = cls(account, model, own, added, list(orders), np.zeros(len(contracts)))
        return part if isinstance(model, PortfolioMargin) else replace(part, alone=part._each_alone())

    @property
    def _linear(self) -> int:
        return len(self.account.linear_amount)

    def _sizes(self, lots: Array) -> Array:
        """Net size of every contract; what is left of a closed one by rounding is nothing."""
        net = self.held + self.orders @ lots
        gross = np.abs(self.held) + np.abs(self.orders) @ lots
        return np.where(np.abs(net) > NOTHING * gross, net, 0.0)

    def _account(self, sizes: Array, keep: Mask | None = None) -> Account:
        """The account with some sizes of its contracts; those of none are left out."""
        keep = sizes != 0.0 if keep is None else keep
        rows = {"linear": keep[: self._linear], "option": keep[self._linear :]}
        kept: dict[str, Any] = {
            name: getattr(self.account, name)[rows[name.partition("_")[0]]]
            for name in Account.__slots__
            if name.startswith(("linear", "option"))
        }
        kept |= {
            "linear_amount": sizes[: self._linear][rows["linear"]],
            "option_units": sizes[self._linear :][rows["option"]],
        }
        return replace(self.account, **kept)

    def _needs(self, sizes: Array) -> float:
        if not sizes.any():
            return 0.0
        margin = self.model.assess(self._account(sizes))
        return float(margin.initial[0]) * (float(self.account.spot[0]) if margin.currency != "cash" else 1.0)

    def at(self, lots: Array) -> float:
        """What it needs. [money]"""
        return self._needs(self._sizes(lots))

    def slopes(self, lots: Array) -> Array:
        """What one lot of each order adds. [money per lot]"""
        if isinstance(self.model, PortfolioMargin):
            return np.asarray(self._table_slopes(self._sizes(lots)) @ self.orders)
        return self._sum_slopes(lots)

    def _table_slopes(self, sizes: Array) -> Array:
        """By one more of each contract: at the worst node of the table, and by the side that each expiry is on."""
        spot, ones = float(self.account.spot[0]), np.ones(sizes.size)
        every = self._account(ones, np.ones(sizes.size, dtype=bool))
        losses = self.model.losses(every)[:, :, 0]
        node = int((losses @ sizes - self.model.allowances(every.spot)[:, 0]).argmax())
        terms, deltas, rolls = self.model.rolls(every)
        for term in np.unique(terms):
            there = terms == term
            rolls[there] *= np.sign(deltas[there] @ sizes[there])
        return np.asarray((losses[node] + rolls * deltas) * spot)

    def _sum_slopes(self, lots: Array) -> Array:
        """Contract by contract: of an order that is given, back along what it has; of any other, onwards."""
        sizes, found = self._sizes(lots), np.zeros(lots.size)
        for order in range(lots.size):
            (contract,) = np.flatnonzero(self.orders[:, order])
            step = float(self.orders[contract, order]) * (-1.0 if lots[order] > 0.0 else 1.0)
            found[order] = self._change(int(contract), float(sizes[contract]), step) * (
                -1.0 if lots[order] > 0.0 else 1.0
            )
        return found

    def _change(self, contract: int, size: float, step: float) -> float:
        """What one contract needs more, per whole step, as its size begins to move that way. [money]"""
        if contract >= self._linear:
            sold = size < 0.0 or (size == 0.0 and step < 0.0)
            return -step * float(self.alone[contract]) if sold else 0.0
        part = STEP * (abs(size) / abs(step) or 1.0)
        return (self._alone(contract, size + part * step) - self._alone(contract, size)) / part

    def _alone(self, contract: int, size: float) -> float:
        sizes = np.zeros(self.held.size)
        sizes[contract] = size
        return self._needs(sizes)

    def _each_alone(self) -> Array:
        every = range(self._linear, self.held.size)
        return np.append(np.zeros(self._linear), [self._alone(contract, -1.0) for contract in every])


def _contracts(orders: Sequence[Holding], market: Market) -> Iterator[tuple[int, Holding]]:
    """Orders of one asset that are no spot, with their places."""
    for i, order in enumerate(orders):
        if order.asset == market.asset and _settles(order):
            yield i, order


def _settles(held: Holding) -> str:
    """How a contract settles; spot is none."""
    item = held.instrument
    if isinstance(item, Option):
        return item.terms.settlement
    return item.settlement if isinstance(item, Perpetual | Future) else ""


def _size(held: Holding) -> float:
    """Size as accounts count it: money of a coin-settled perpetual or future, and units of anything else."""
    linear = not isinstance(held.instrument, Option)
    return held.units * (held.entered if linear and _settles(held) == "coin" else 1.0)
