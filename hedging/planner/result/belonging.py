"""Whose plan a plan is: of which assets, of which book."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from hedging.book.book import Book
from hedging.book.saved import book_from
from hedging.errors import InputError
from hedging.market.contracts import Future, Perpetual
from hedging.market.market import Market
from hedging.planner.result.plan import HedgePlan
from hedging.units import days

__all__ = ["assets_of", "check_assets", "check_book", "check_one_asset", "days_since", "other_book"]

_APART: Final = 1.0  # days


def assets_of(plan: HedgePlan) -> tuple[str, ...]:
    """The assets that a plan was made over."""
    return tuple(before.asset for before, _ in plan.exposures)


def check_assets(plan: HedgePlan, given: Iterable[str]) -> None:
    """Refuse chains of other assets than the plan's.

    Raises
    ------
    InputError
    """
    planned, chains = assets_of(plan), list(given)
    if set(planned) != set(chains):
        joint = "one chain of each is needed" if len(planned) > 1 else "a chain of that asset is needed"
        raise InputError(
            f"the plan is of {' and '.join(planned)}, but the chain is of {' and '.join(chains)}: {joint}."
        )


def days_since(plan: HedgePlan, markets: Mapping[str, Market]) -> float:
    """Days from the quotes that a plan was made on to these; refuses quotes from before them.

    The plan knows when those of its first asset were taken; chains of several are taken within a day of each other.

    Raises
    ------
    InputError
        If the quotes are older than the plan.
    """
    made, first = plan.as_of, assets_of(plan)[0]
    since = {asset: days(made, market.as_of) for asset, market in markets.items()}
    told = {asset: each for asset, each in since.items() if each < (0.0 if asset == first else -_APART)}
    if told:
        raise InputError(
            f"the chain is {-min(told.values()):.2f} days older than the plan; give one that is not."
        )
    return max(0.0, min(since.values()))


def check_one_asset(plan: HedgePlan, what: str) -> None:
    """Refuse a plan of several assets where only one can be answered for.

    Raises
    ------
    InputError
    """
    planned = assets_of(plan)
    if len(planned) > 1:
        raise InputError(
            f"{what} is of one asset, and the plan is of {' and '.join(planned)} together: audit it on a chain of each, "
            "which says what would mend it, or plan each asset alone."
        )


def check_book(plan: HedgePlan, book: Book) -> None:
    """Refuse a book that is not the one that was planned for.

    Raises
    ------
    InputError
        It says what differs.
    """
    differs = other_book(plan, book)
    if differs:
        raise InputError(f"the plan belongs to another book: {differs}. Plan for this one, or give that one.")


def other_book(plan: HedgePlan, book: Book) -> str:
    """How a book differs from the one that was planned for, in words; empty if it does not.

    Raises
    ------
    InputError
        If they hold other assets: a joint plan goes with its joint book only.
    """
    planned = book_from(plan.inputs["book"])
    theirs, ours = set(assets_of(plan)), set(book.assets)
    if not ours <= theirs or not set(planned.assets) <= ours:
        joint = "joint book of " if len(theirs) > 1 else "book of "
        raise InputError(
            f"the plan goes with a {joint}{' and '.join(assets_of(plan))}; this book holds "
            f"{' and '.join(book.assets) or 'nothing'}."
        )
    # An account that a command names for all of a book is none of the plan's.
    apart = bool(planned.accounts and book.accounts)
    before, now = (_quantities(each, apart=apart) for each in (planned, book))
    differs = [
        f"counted in {each.numeraire} {when}"
        for each, when in ((planned, "when planned"), (book, "here"))
        if planned.numeraire != book.numeraire
    ]
    differs += [
        f"{name} {before.get(name, 0.0):,.6g} when planned, {now.get(name, 0.0):,.6g} here"
        for name in {**before, **now}
        if abs(before.get(name, 0.0) - now.get(name, 0.0)) > 1e-9 * max(1.0, abs(before.get(name, 0.0)))
    ]
    return "; ".join(differs)


def _quantities(book: Book, *, apart: bool) -> dict[str, float]:
    """Units by instrument, what perpetuals and futures were entered for, and the money; by account if told apart."""
    found: dict[str, float] = defaultdict(float, cash=book.cash)
    for account in book.accounts if apart else ():
        found[f"cash in account {account.name}"] = account.cash
    for held in book.holdings:
        item = held.instrument
        name = f"{item.symbol} in account {held.account}" if apart and held.account else item.symbol
        found[name] += held.quantity
        # Of other things the entry says nothing of what they are worth.
        if isinstance(item, Perpetual | Future):
            found[f"{name} settled in {item.settlement}, quantity times entry"] += (
                held.quantity * held.entered
            )
    return found
