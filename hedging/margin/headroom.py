"""What an account has above its maintenance along paths, with orders, and order by order in terms that add up.

For whoever chooses orders: balances add up, and requirements are never more together than apart, so the sum of
what each order does alone is never too much. Where the requirement is the worst of a table of losses, the table's
nodes are kept apart, as losses add up at each of them: what hedges counts as a hedge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hedging._ground.shown import Shown
from hedging._numerics.types import Array
from hedging.book.book import Book
from hedging.book.legs import Leg, Legs, legs_of
from hedging.errors import InputError
from hedging.margin.account import Account
from hedging.margin.cross import AccountRules, Cross, Segregated
from hedging.margin.portfolio import PortfolioMargin
from hedging.margin.rules import rules_of
from hedging.margin.standard import FlatMargin, StandardMargin
from hedging.margin.whole import WholeAccount
from hedging.market.contracts import Option, Settlement
from hedging.market.market import Chains, markets_of
from hedging.paths.by_asset import PathsBy, paths_by_asset
from hedging.paths.paths import Paths

__all__ = ["Headroom", "headroom"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Headroom(Shown):
    """Balance less maintenance of one account, or of one purse of it.

    Attributes
    ----------
    currency : str
        The coin, or ``'cash'``.
    whole : ndarray, shape (scenarios, dates)
        With all orders, by the rules themselves: it survives where this stays above 0. [currency]
    held : ndarray, shape (nodes, scenarios, dates)
        Without orders, at each node of the rules' table; one node where they have none. [currency]
    legs : ndarray, shape (legs, nodes, scenarios, dates)
        What each order adds, premium and fees paid. [currency]
    exact : ndarray of bool, shape (legs,)
        True where the rules add the order up, so that its part is all it does, at any share of its size.
    """

    currency: str
    whole: Array
    held: Array
    legs: Array
    exact: npt.NDArray[np.bool_]

    def bound(self, shares: Sequence[float] | Array | None = None) -> Array:
        """Headroom that is left at least when shares of the orders are traded, shape (scenarios, dates).

        Parameters
        ----------
        shares : sequence of float, optional
            From 0 to 1, one an order; by default all of each. [1]
        """
        taken = np.ones(len(self.legs)) if shares is None else np.asarray(shares, dtype=float)
        return np.asarray((self.held + np.tensordot(taken, self.legs, axes=1)).min(axis=0))


def headroom(book: Book, chains: Chains, paths: PathsBy, legs: Legs = ()) -> dict[str, Headroom]:
    """Balance less maintenance of every declared account along paths, whole and order by order.

    Parameters
    ----------
    book : Book
        With its accounts; orders are traded in `Book.account_of` each.
    chains : OptionChain, Market or several
    paths : Paths or mapping of str to Paths
    legs : plan, overlay or legs
        Orders.

    Returns
    -------
    dict of str to Headroom
        Named as by `survive_accounts`.

    Raises
    ------
    InputError
        If the book declares no account, or something is missing for what one holds.
    """
    if not book.accounts:
        raise InputError(
            "the book declares no account: add [accounts.NAME] to it and account = 'NAME' to what lies there."
        )
    orders, markets = list(legs_of(legs)), markets_of(chains)
    after, found = book + orders, {}
    for declared in book.accounts:
        name, rules = declared.name, rules_of(declared, markets)
        here = np.array([book.account_of(leg.instrument) == name for leg in orders], dtype=bool)
        own = [leg for leg, mine in zip(orders, here, strict=True) if mine]
        before, whole = (WholeAccount.of(each, markets, name) for each in (book, after))
        alone = [WholeAccount.of(_alone(book, leg), markets, name) for leg in own]
        ways = paths_by_asset(paths, list(whole.ledgers))
        purses = whole.margins(rules, ways)
        for purse, margins in purses.items():
            parts = _Parts(rules, purse, ways)
            total = np.stack([margin.headroom for margin in margins], axis=1)
            held = parts.of(before, allowed=True) - _size_charge(rules, purse, before, alone, ways)
            added = np.zeros((len(orders), *held.shape))
            if own:
                added[here] = np.array([parts.of(each) for each in alone])
            exact = np.array(
                [mine and _adds_up(rules, leg, after, book) for leg, mine in zip(orders, here, strict=True)],
                dtype=bool,
            )
            key = name if len(purses) == 1 else f"{name}: {purse}"
            found[key] = Headroom(margins[0].currency, total, held, added, exact)
    return found


@dataclass(frozen=True, slots=True)
class _Parts:
    """Headroom of one purse at each node of its table of losses."""

    rules: AccountRules
    purse: str
    paths: dict[str, Paths]

    @property
    def table(self) -> PortfolioMargin | None:
        """The rules whose losses add up at each node, if that is what they are."""
        rule = self.rules.coin.get(self.purse) if isinstance(self.rules, Segregated) else None
        return rule if isinstance(rule, PortfolioMargin) else None

    def of(self, whole: WholeAccount, *, allowed: bool = False) -> Array:
        """Shape (nodes, scenarios, dates); allowances are made once, to what is held."""
        if self.table is None or self.purse not in whole.ledgers:
            dates = whole.margins(self.rules, self.paths, every=True).get(self.purse)
            first = next(iter(self.paths.values()))
            shape = (len(first), first.days.size)
            if dates is None:
                return np.zeros((1, *shape))
            each = [np.broadcast_to(margin.headroom, shape[:1]) for margin in dates]
            return np.stack(each, axis=1)[None]
        nodes = [self._nodes(part, allowed) for part in whole.parts(self.purse, self.paths)]
        return np.stack(nodes, axis=2)

    def _nodes(self, part: Account, allowed: bool) -> Array:
        """Shape (nodes, scenarios) on one date."""
        rule, coin = self.table, part.settled_in("coin")
        assert rule is not None
        losses = rule.losses(coin).sum(axis=1) - (rule.allowances(coin.spot) if allowed else 0.0)
        balance = coin.coin_equity() + coin.option_equity() / coin.spot
        return np.asarray(balance - rule.maintenance_factor * (losses + rule.roll_shock(coin)))


def _alone(book: Book, leg: Leg) -> Book:
    """The accounts with nothing in them but one order and what it paid."""
    empty = [replace(item, cash=0.0, stablecoins={}) for item in book.accounts]
    return Book(accounts=empty, orders=book.orders, numeraire=book.numeraire) + [leg]


def _adds_up(rules: AccountRules, leg: Leg, after: Book, book: Book) -> bool:
    """Whether an order's part is exact: an option that closes nothing, under rules that take options one by one."""
    models = (*rules.coin.values(), *rules.cash.values()) if isinstance(rules, Segregated) else ()
    simple = bool(models) and all(isinstance(model, StandardMargin | FlatMargin) for model in models)
    if not (simple and isinstance(leg.instrument, Option)):
        return False
    name = book.account_of(leg.instrument)
    lots = [*book.account(name).holdings, *(held for held in after.account(name).holdings)]
    opposite = [
        held for held in lots if held.instrument == leg.instrument and held.quantity * leg.quantity < 0
    ]
    return not opposite


def _size_charge(
    rules: AccountRules,
    purse: str,
    before: WholeAccount,
    alone: Sequence[WholeAccount],
    paths: dict[str, Paths],
) -> Array:
    """What rates that rise with size ask for all positions together beyond each alone, shape (scenarios, dates)."""
    first = next(iter(paths.values()))
    charge = np.zeros((len(first), first.days.size))
    if not isinstance(rules, Segregated | Cross):
        return charge
    for asset, way in paths.items():
        kinds: tuple[Settlement, Settlement] = ("coin", "cash")
        for kind, known in zip(kinds, (rules.coin, rules.cash), strict=True):
            rule = known.get(asset)
            own = isinstance(rules, Cross) or purse == (asset if kind == "coin" else "cash")
            if not (own and isinstance(rule, StandardMargin) and rule.per_unit):
                continue
            holders = [before, *alone]
            each = [_sizes(holder, asset, kind, paths) for holder in holders if asset in holder.ledgers]
            if sum(bool(sizes.size) for sizes in each) > 1:
                worth = (
                    way.spot * _spot(holders, asset) if isinstance(rules, Cross) or kind == "cash" else 1.0
                )
                charge = charge + rule.per_unit * _crossed(each) * worth
    return charge


def _crossed(each: Sequence[Array]) -> Array:
    """Twice the sum of products of sizes of different holders' contracts, shape (scenarios, dates)."""
    every = np.concatenate([sizes for sizes in each if sizes.size])
    held = [sizes for sizes in each[:1] if sizes.size]
    known = sum((sizes.sum(axis=0) ** 2 - (sizes**2).sum(axis=0) for sizes in held), 0.0)
    return np.asarray(every.sum(axis=0) ** 2 - (every**2).sum(axis=0) - known)


def _sizes(whole: WholeAccount, asset: str, kind: Settlement, paths: dict[str, Paths]) -> Array:
    """Size of each contract of one asset, shape (contracts, scenarios, dates); at least what any date shows."""
    dates = [np.abs(part.settled_in(kind).linear_size()) for part in whole.parts(asset, paths)]
    count = max(len(sizes) for sizes in dates)
    # A future that settles on the way leaves no row: it charges nothing from then on.
    padded = [np.concatenate((sizes, np.zeros((count - len(sizes), sizes.shape[1])))) for sizes in dates]
    return np.stack(padded, axis=2)


def _spot(holders: Sequence[WholeAccount], asset: str) -> float:
    return next(holder.ledgers[asset].market.spot for holder in holders if asset in holder.ledgers)
