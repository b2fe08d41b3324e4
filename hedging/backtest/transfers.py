"""A book's dated transfers between its accounts: when each is due, and the book once it is carried out."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from hedging.backtest.account import Watch
from hedging.backtest.ledger import coins_of
from hedging.backtest.marks import Marker
from hedging.backtest.positions import Flow
from hedging.book import Book, Transfer
from hedging.book.accounts import COLD
from hedging.margin.cross import CASH

__all__ = ["CARRIED_OUT", "REFUSED", "Schedule", "moved"]

CARRIED_OUT = "transfers carried out"
REFUSED = "transfers refused: their source had less, or less than its initial margin left"


@dataclass(slots=True)
class Schedule:
    """Transfers still to come, by the time from which each is due.

    A transfer arrives at the first snapshot at or after its time: what is liquidated on the way there did not have it.
    """

    due: list[tuple[pd.Timestamp, Transfer]] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, book: Book, start: pd.Timestamp, asset: str, currency: str) -> Schedule:
        """Those of a book that a replay from `start` can follow, and a count by reason of those that it cannot."""
        made = cls()
        for each in book.transfers:
            time = each.date if each.day is None else start + pd.Timedelta(days=each.day)
            assert time is not None
            if not (each.source and each.target):
                made._leave_out("a return is over what was there at the start")
            elif each.asset not in (asset, currency, CASH):
                made._leave_out(f"the tape prices {asset} and {currency}")
            elif time < start:
                made._leave_out("before the first snapshot")
            else:
                made.due.append((time, each))
        made.due.sort(key=lambda item: item[0])
        return made

    def _leave_out(self, why: str) -> None:
        reason = f"transfers not carried out: {why}"
        self.left_out[reason] = self.left_out.get(reason, 0) + 1

    def take(self, now: pd.Timestamp) -> list[Transfer]:
        """Those that are due by now; they are due once."""
        taken = [each for time, each in self.due if time <= now]
        self.due = self.due[len(taken) :]
        return taken


def moved(
    book: Book, transfer: Transfer, asset: str, marker: Marker, number: int, watch: Watch | None
) -> Book | None:
    """The book after a transfer; None where its source has less than that, or would fall below its initial margin."""
    coin, size = transfer.asset == asset, transfer.quantity
    source, target = ("" if name == COLD else name for name in (transfer.source, transfer.target))
    part = book.account(source) if source else book.cold
    money = part.accounts[0].cash if source else part.cash
    if (coins_of(part) if coin else money) < size:
        return None
    out, back = (Flow(each if coin else 0.0, 0.0 if coin else each, 1.0) for each in (-size, size))
    after = back.into(out.into(book, asset, source), asset, target)
    if source and watch is not None:
        own = (left for (name, _), left in watch.parts(after).items() if name == source)
        rooms = (watch.room(left, marker.market_now(number, left)) for left in own)
        if any(room < 0.0 for each in rooms for room in each.values()):
            return None
    return after
