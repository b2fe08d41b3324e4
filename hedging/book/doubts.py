"""What of a book is taken as it is written, and may be meant otherwise: prices paid, options that none quotes, transfers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import pandas as pd

from hedging._ground.counts import without_dust
from hedging.book.accounts import COLD, called
from hedging.book.book import Book
from hedging.market.contracts import Option, Spot
from hedging.market.market import Market

__all__ = ["doubts", "doubts_without_quotes", "overdrawn"]

_FAR: Final = 50.0
"""How many times today's price, or what part of it, a price paid is doubted from: a slip of the unit is a hundred or a thousand."""
_FAR_HELD: Final = 500.0
"""The same of coins and shares: who holds them for years has seen hundredfold gains, and the weakest coins lose 99 %."""


def doubts(book: Book, market: Market) -> Iterator[str]:
    """What a reader should know of the holdings of a market's asset, a sentence each, without its stop.

    Parameters
    ----------
    book : Book
    market : Market
        Whose asset's holdings are looked at.

    Yields
    ------
    str
        On an entry price far from the quotes', and on options held that are valued without a quote.
    """
    for held in book.of(market.asset):
        times = held.entry / market.spot if held.entry else 1.0
        far = _FAR_HELD if isinstance(held.instrument, Spot) else _FAR
        if not isinstance(held.instrument, Option) and not 1.0 / far <= times <= far:
            counts = (
                "" if isinstance(held.instrument, Spot) else ", and its gain since then counts as it stands"
            )
            yield (
                f"{held.instrument.symbol} is entered at {held.entry:,.10g} {market.currency}, where its quotes are at "
                f"{market.spot:,.10g}: entry is a price per unit in money{counts}"
            )
    held_options = [each.instrument for each in book.of(market.asset) if isinstance(each.instrument, Option)]
    living = [option for option in dict.fromkeys(held_options) if option.expiry > market.as_of]
    rows = market.rows_of(living)
    names = [option.symbol for option, row in zip(living, rows, strict=True) if row < 0]
    if names:
        yield (
            f"no quote can be used of {', '.join(names)}, held: valued by the surface that the other quotes make, and "
            "not to be closed here"
        )


def doubts_without_quotes(book: Book) -> Iterator[str]:
    """The same of what a book says by itself: what it counts in, and transfers that its accounts cannot make.

    Parameters
    ----------
    book : Book

    Yields
    ------
    str
        A sentence each, without its stop.
    """
    if book.holdings and book.numeraire not in {"USD", *book.assets}:
        yield (
            f"numeraire {book.numeraire!r} is neither USD nor an asset held ({', '.join(book.assets)}): it is taken only where "
            "the quotes count in it"
        )
    if len(book.accounts) > 1 and not book.orders:
        names = ", ".join(account.name for account in book.accounts)
        yield f"accounts {names}, and none for orders: a plan asks for one, such as orders = {book.accounts[0].name!r}"
    for account in book.accounts:
        if missing := overdrawn(book, account.name):
            yield f"transfers move {missing}: only what it gains by then could make up for that"


def overdrawn(book: Book, where: str, as_of: pd.Timestamp | None = None, *, coins: Iterable[str] = ()) -> str:
    """How much more transfers take out of an account, or the cold, than lies there and came in by then.

    Coins count by their name, money of all names together. What an account gains on the way is not counted.

    Parameters
    ----------
    book : Book
    where : str
        Name of a declared account, or ``'cold'``.
    as_of : Timestamp, optional
        When the quotes were taken; without it, days and dates are in no order to each other, and a book that has both
        is not judged.
    coins : iterable of str
        What is a coin beside the assets held; anything else is money.

    Returns
    -------
    str
        As ``"75 BTC more out of account deribit than lies there on day 3"``, empty where nothing is missing.

    Raises
    ------
    InputError
        If a transfer lies before the quotes.
    """
    moves = [each for each in book.transfers if where in (each.source, each.target)]
    if as_of is None:
        if len({each.date is None for each in moves}) > 1:
            return ""
        as_of = min((each.date for each in moves if each.date is not None), default=pd.Timestamp.min)
    part = book.cold if where == COLD else book.account(where)
    known = {*coins, *book.assets}
    pools: dict[str, list[float]] = {}
    # Of one moment, what comes in is there for what goes out.
    for each in sorted(moves, key=lambda each: (each.after(as_of), each.source == where)):
        pool = each.asset if each.asset in known else ""
        lying = [held.units for held in part.of(pool) if isinstance(held.instrument, Spot)]
        amounts = pools.setdefault(pool, lying if pool else [part.cash])
        out = each.source == where
        amounts.append(-each.quantity if out else each.quantity)
        left = without_dust(sum(amounts), sum(map(abs, amounts)))
        if out and left < 0.0:
            when = f"day {each.after(as_of):.6g}" if each.date is None else f"{each.date:%Y-%m-%d %H:%M} UTC"
            name = repr(COLD) if where == COLD else called(where)
            return f"{-left:.10g} {each.asset} more out of {name} than lies there on {when}"
    return ""
