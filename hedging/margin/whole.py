"""A whole account on every date of some paths: all its assets, its money, and what is moved in and out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hedging.book.accounts import COLD, DeclaredAccount
from hedging.book.book import Book, Holding
from hedging.book.doubts import overdrawn
from hedging.book.legs import Legs
from hedging.errors import InputError
from hedging.margin.account import Account, Ledger, Margin
from hedging.margin.cross import CASH, AccountRules, Money, Segregated
from hedging.market.contracts import Instrument, Option, Spot
from hedging.market.market import Market
from hedging.paths.paths import Paths

__all__ = ["WholeAccount", "after_orders", "by_purse"]

INSTANT = 1e-9  # of a day: a transfer on a date of the paths is there on that date


@dataclass(frozen=True, slots=True, eq=False)
class WholeAccount:
    """One account prepared once, to be looked at along any paths.

    Attributes
    ----------
    book : Book
        All that lies in it.
    declared : DeclaredAccount or None
        As the book declares it; None where all of a book is the account.
    ledgers : dict of str to Ledger
        By asset, without money.
    moved : tuple of (float, str, float)
        Day, asset and signed quantity of each deposit (> 0) and withdrawal.
    """

    book: Book
    declared: DeclaredAccount | None
    ledgers: dict[str, Ledger]
    moved: tuple[tuple[float, str, float], ...] = ()

    @classmethod
    def of(cls, book: Book, markets: Mapping[str, Market], name: str | None = None) -> WholeAccount:
        """The account of a name; where none is declared, all of the book.

        Raises
        ------
        InputError
            If the book declares no such account, several and none is named, or holds there what no market prices.
        """
        if not book.accounts:
            if name:
                raise InputError(f"the book declares no account {name!r}: add [accounts.{name}] to it.")
            return cls(book, None, _ledgers(book, markets, ()))
        name = name or book.trading_account
        own = book.account(name)
        moved = _moved(book, name, markets)
        return cls(own, own.accounts[0], _ledgers(own, markets, [asset for _, asset, _ in moved]), moved)

    def margins(
        self, rules: AccountRules, paths: Mapping[str, Paths], *, every: bool = False
    ) -> dict[str, list[Margin]]:
        """Balance and requirements by purse, one a date: of purses that trade contracts, or of every one."""
        found: dict[str, list[Margin]] = {}
        for date, parts in enumerate(self._along(paths)):
            moved = [self._on(part, paths, date) for part in parts]
            for purse, margin in rules.assess(moved, self._money(paths, date)).items():
                found.setdefault(purse, []).append(margin)
        used = self.purses()
        whole = every or len(found) == 1 or not used
        return {purse: dates for purse, dates in found.items() if whole or purse in used}

    def parts(self, asset: str, paths: Mapping[str, Paths]) -> Iterator[Account]:
        """What it holds of one asset on each date."""
        for date, part in enumerate(self.ledgers[asset].along(paths[asset])):
            yield self._on(part, paths, date)

    def counted(self, rules: AccountRules | None = None, purse: str = "") -> str:
        """What counts as collateral or is margined, in words: of one purse, where the rules keep several apart."""
        items = [text for text, where in self._items(rules) if where in ("", purse)]
        return ", ".join(items) or "nothing"

    def left_out(self, book: Book, rules: AccountRules | None = None, purse: str = "") -> str:
        """What of a book is elsewhere, or is no collateral of a purse, in words; empty where all of it counts."""
        idle = [text for text, where in self._items(rules) if where not in ("", purse)]
        last = [f"{', '.join(idle)}: {_idle(purse)}"] if idle else []
        if self.declared is None:
            return ", ".join(last)
        items = [_said(held) + " held cold" for held in book.cold.holdings]
        items += [f"cash {book.cold.cash:,.10g} held cold"] if book.cold.cash else []
        others = [other.name for other in book.accounts if other.name != self.declared.name]
        return ", ".join(items + [f"account {name}" for name in others] + last)

    def idle_money(self, rules: AccountRules, purse: str) -> str:
        """Money that lies in the account and carries nothing of a purse, with the reason; empty where all does."""
        money = [text for text, where in self._money_items(rules) if where not in ("", purse)]
        return f"{', '.join(money)}: {_idle(purse)}" if money else ""

    def _items(self, rules: AccountRules | None) -> list[tuple[str, str]]:
        """What lies there, and the purse that it is in; none where all of it counts together."""
        apart = isinstance(rules, Segregated)
        items = [(_said(held), _purse_of(held.instrument) if apart else "") for held in self.book.holdings]
        moved = [
            (f"{amount:+.10g} {asset} on day {day:.6g}", self._purse_named(asset, rules))
            for day, asset, amount in self.moved
        ]
        return items + self._money_items(rules) + moved

    def _money_items(self, rules: AccountRules | None) -> list[tuple[str, str]]:
        return [
            (f"{name} {amount:,.10g}", self._purse_named(name, rules))
            for name, amount in self._own_money().items()
            if amount
        ]

    def _purse_named(self, name: str, rules: AccountRules | None) -> str:
        if not isinstance(rules, Segregated):
            return ""
        currencies = {market.currency for market in self._markets()}
        return CASH if name in rules.settlement or name in currencies else name

    def _along(self, paths: Mapping[str, Paths]) -> Iterator[list[Account]]:
        every = [ledger.along(paths[asset]) for asset, ledger in self.ledgers.items()]
        return (list(parts) for parts in zip(*every, strict=True))

    def _on(self, part: Account, paths: Mapping[str, Paths], date: int) -> Account:
        """A part with what was moved in and out by then."""
        added = self._added(part.asset, float(paths[part.asset].days[date]))
        return replace(part, coins=part.coins + added) if added else part

    def _added(self, asset: str, day: float) -> float:
        return sum(amount for when, what, amount in self.moved if what == asset and when <= day + INSTANT)

    def _own_money(self) -> dict[str, float]:
        """Money by name as it lies there today."""
        if self.declared is None:
            return {CASH: self.book.cash}
        return {CASH: self.declared.cash, **self.declared.stablecoins}

    def _money(self, paths: Mapping[str, Paths], date: int) -> Money:
        """Money by name on a date, stablecoins at their price, shape (n,) each. [money]"""
        first = paths[next(iter(self.ledgers))]
        day, ones = float(first.days[date]), np.ones(len(first))
        amounts, currencies = self._own_money(), {market.currency for market in self._markets()}
        for asset in {what for _, what, _ in self.moved} - set(self.ledgers):
            name = CASH if asset in currencies or asset == CASH else asset
            amounts[name] = amounts.get(name, 0.0) + self._added(asset, day)
        return {
            name: amount * (paths[name].spot[:, date] if name in paths else ones)
            for name, amount in amounts.items()
        }

    def _markets(self) -> list[Market]:
        return [ledger.market for ledger in self.ledgers.values()]

    def purses(self) -> set[str]:
        """Where contracts settle: by coin, or in cash."""
        held = [each.instrument for each in self.book.holdings]
        return {_purse_of(item) for item in held if not isinstance(item, Spot)}


def after_orders(book: Book, overlay: Legs | None) -> Book:
    """The book once some orders are executed; all of it where there are none."""
    return book if overlay is None else book + overlay


def by_purse(account: Book) -> dict[str, Book]:
    """A segregated account as an account a purse: the coins with what settles in them, the money with what settles in cash."""
    (declared,) = account.accounts
    held: dict[str, list[Holding]] = {}
    for each in account.holdings:
        held.setdefault(_purse_of(each.instrument), []).append(each)
    bare = replace(declared, cash=0.0, stablecoins={})
    owners = {purse: declared if purse == CASH else bare for purse in (*held, CASH)}
    return {
        purse: Book(
            held.get(purse, ()),
            cash=owner.money,
            numeraire=account.numeraire,
            accounts=[owner],
            orders=declared.name,
        )
        for purse, owner in owners.items()
    }


def _ledgers(book: Book, markets: Mapping[str, Market], moved: Sequence[str]) -> dict[str, Ledger]:
    """A ledger of each asset held or moved there; of the first market if there is none."""
    unknown = [asset for asset in book.assets if asset not in markets]
    if unknown:
        raise InputError(
            f"a margin account here is in one asset, {', '.join(markets)}; the book also holds {', '.join(unknown)}."
            if len(markets) == 1
            else f"no market is given for {', '.join(unknown)}; got {', '.join(markets)}."
        )
    assets = [asset for asset in markets if asset in book.assets or asset in moved] or [next(iter(markets))]
    return {asset: Ledger(Book(book.of(asset)), markets[asset]) for asset in assets}


def _moved(book: Book, name: str, markets: Mapping[str, Market]) -> tuple[tuple[float, str, float], ...]:
    """Deposits and withdrawals of one account, in order of time."""
    _check_cold(book, markets)
    moves, as_of = [], next(iter(markets.values())).as_of
    for transfer in book.transfers:
        day = transfer.after(as_of)
        if name in (transfer.source, transfer.target):
            sign = 1.0 if transfer.target == name else -1.0
            moves.append((day, transfer.asset, sign * transfer.quantity))
    return tuple(sorted(moves))


def _check_cold(book: Book, markets: Mapping[str, Market]) -> None:
    """Refuse to move what is not there by then: what lies outside of all accounts is held or it is not."""
    missing = overdrawn(book, COLD, next(iter(markets.values())).as_of, coins=markets)
    if missing:
        raise InputError(
            f"transfers move {missing}; hold it there first, or leave the source out for a deposit from outside of the book."
        )


def _purse_of(item: Instrument) -> str:
    """Where an instrument settles: the purse of its coin, or of cash."""
    if isinstance(item, Spot):
        return item.asset
    kind = item.terms.settlement if isinstance(item, Option) else item.settlement
    return item.asset if kind == "coin" else CASH


def _idle(purse: str) -> str:
    if purse == CASH:
        return "no collateral for contracts settled in cash under this model (cross-standard counts it)"
    return f"no collateral for contracts settled in {purse}, which {purse} alone carries under this model (cross-standard counts it)"


def _said(held: Holding) -> str:
    entry = "" if isinstance(held.instrument, Spot | Option) else f" at {held.entry:,.10g}"
    return f"{held.quantity:,.10g} {held.instrument.symbol}{entry}"
