"""Whether a book can pay for what is ordered, out of what it has or what its account lends."""

from __future__ import annotations

from collections.abc import Sequence

from hedging.backtest.account import Watch
from hedging.backtest.fills import Fill
from hedging.backtest.ledger import coins_of
from hedging.backtest.marks import Marker
from hedging.backtest.positions import split, traded, worth
from hedging.backtest.tape import Tape
from hedging.book import Book
from hedging.market.contracts import Future, Perpetual

__all__ = ["UNPAID", "unpaid"]

UNPAID = "not enough "
"""What every reason of `unpaid` begins with."""
COIN_DUST, MONEY_DUST = 1e-9, 0.005


def unpaid(
    book: Book, fills: Sequence[Fill], marker: Marker, tape: Tape, number: int, watch: Watch | None
) -> str:
    """What is missing to pay for a package, in words; empty where nothing is.

    Without an account nobody lends: neither coins nor money may fall below zero, gains and losses of perpetuals
    and futures counted, which the venue pays out daily. An account lends up to its initial margin. What only
    closes perpetuals and futures is never refused, nor what leaves a debt no larger than it was.
    """
    after, closes = book, True
    for found in fills:
        for leg, kind, where in split(after, found.leg):
            closes = closes and kind == "close" and isinstance(leg.instrument, Perpetual | Future)
            after, _, _ = traded(after, leg, where)
    if closes:
        return ""
    if watch is not None:
        free: dict[str, float]
        parts = watch.parts(book)
        for key, part in watch.parts(after).items():
            if part == parts.get(key):
                continue
            rooms = watch.room(part, marker.market_now(number, part))
            free = watch.room(parts[key], marker.market_now(number, parts[key])) if key in parts else {}
            if any(room < min(free.get(purse, 0.0), 0.0) for purse, room in rooms.items()):
                return f"{UNPAID}margin for it in the account{f' {key[0]}' if key[0] else ''}"
        return ""
    had, left = (_free(each, marker, tape, number) for each in (book, after))
    for name, before, now, dust in zip(
        (tape.asset, tape.currency), had, left, (COIN_DUST, MONEY_DUST), strict=True
    ):
        if now < min(before, 0.0) - dust:
            return f"{UNPAID}{name} to pay for it"
    return ""


def _free(book: Book, marker: Marker, tape: Tape, number: int) -> tuple[float, float]:
    """Coins and money to pay with: balances, and what perpetuals and futures have gained or lost."""
    coins, money, spot = coins_of(book), book.cash, float(tape.spot[number])
    for held in book.holdings:
        item = held.instrument
        if isinstance(item, Perpetual | Future):
            gain = worth(held, marker.mark(number, held).price, spot)
            coins, money = (
                (coins + gain / spot, money) if item.settlement == "coin" else (coins, money + gain)
            )
    return coins, money
