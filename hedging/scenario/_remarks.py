"""What a scenario assumes that may surprise its reader, in words."""

from __future__ import annotations

from collections.abc import Mapping

from hedging.book.book import Book
from hedging.book.settlement import is_averaged
from hedging.market.contracts import Option
from hedging.paths.paths import Paths

__all__ = ["remarks_on"]


def remarks_on(book: Book, moves: Mapping[str, Paths]) -> tuple[str, ...]:
    """Where options settle at an average, and where an asset moves by rules fitted to another."""
    found = [
        f"vol, skew, spreads and funding of {asset} move by the rules fitted to {paths.fitted_to}: none were fitted to "
        f"{asset}, give reactions of your own (hedging.paths.Reaction)"
        for asset, paths in moves.items()
        if paths.fitted_to not in ("", asset)
    ]
    averaged = [
        holding
        for holding in book.holdings
        if isinstance(holding.instrument, Option)
        and moves[holding.asset].averaged
        and is_averaged(holding.instrument)
    ]
    if averaged:
        found.append("what expires at 08:00 UTC settles at the mean of spot over the last 30 minutes")
    return tuple(found)
