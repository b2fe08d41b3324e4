"""Whose plan a plan is: of which assets, of which book."""

from __future__ import annotations

from collections.abc import Iterable

from hedging.book.book import Book
from hedging.book.saved import book_from
from hedging.errors import InputError
from hedging.planner.result.plan import HedgePlan

__all__ = ["assets_of", "check_assets", "check_book", "check_one_asset", "other_book"]


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
    before, now = _quantities(planned), _quantities(book)
    differs = [
        f"{name} {before.get(name, 0.0):,.6g} when planned, {now.get(name, 0.0):,.6g} here"
        for name in {**before, **now}
        if abs(before.get(name, 0.0) - now.get(name, 0.0)) > 1e-9 * max(1.0, abs(before.get(name, 0.0)))
    ]
    return "; ".join(differs)


def _quantities(book: Book) -> dict[str, float]:
    """Units by instrument, and the money."""
    found = {"cash": book.cash}
    for held in book.holdings:
        name = held.instrument.symbol
        found[name] = found.get(name, 0.0) + held.quantity
    return found
