"""What a holding is worth at a snapshot, and whose word that is."""

from __future__ import annotations

import math
from typing import NamedTuple

from hedging.backtest.tape import Tape
from hedging.book import Book, Holding
from hedging.book.pricer import unit_values_now
from hedging.errors import HedgingError
from hedging.market.contracts import Future, Option
from hedging.market.market import Market

__all__ = ["Mark", "Marker"]


class Mark(NamedTuple):
    """Value of one unit.

    Attributes
    ----------
    price : float
        Of a perpetual or future its price, not its gain. [money per unit of underlying]
    kind : str
        ``venue``; ``mid``, ``bid``, ``ask`` or ``zero`` where the venue shows no mark; ``smile`` or ``last``
        where the contract left the file; ``index`` or ``future`` for what is no option.
    """

    price: float
    kind: str


class Marker:
    """Marks of one run, with the last one of every contract remembered."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._last: dict[str, float] = {}
        self._known: dict[
            tuple[str, bool], Mark
        ] = {}  # of one snapshot: an option is looked at several times at it
        self._known_at = -1

    def market(self, number: int) -> Market:
        """The market of a snapshot."""
        return self._tape.shared_market(number)

    def market_for(self, number: int, book: Book) -> Market:
        """The market of a snapshot, without its surface where a book needs none: that takes most of a run to fit."""
        needed = any(isinstance(held.instrument, Option | Future) for held in book.holdings)
        return self._tape.shared_market(number) if needed else self._tape.bare_market(number)

    def market_now(self, number: int, book: Book) -> Market:
        """The market that margins a book as it stands, fitted only where a contract has no mark vol of its own."""
        if any(isinstance(held.instrument, Future) for held in book.holdings):
            return self._tape.shared_market(number)
        options = (held.instrument for held in book.holdings if isinstance(held.instrument, Option))
        quotes = (self._tape.quote(number, option.symbol) for option in options)
        marked = all(quote is not None and quote.mark_vol > 0.0 for quote in quotes)
        return self._tape.level_market(number) if marked else self._tape.shared_market(number)

    def mark(self, number: int, holding: Holding) -> Mark:
        """The mark of a holding at a snapshot."""
        item = holding.instrument
        if isinstance(item, Future):
            return self.future(number, item)
        if not isinstance(item, Option):
            return Mark(float(self._tape.spot[number]), "index")
        if number != self._known_at:
            self._known, self._known_at = {}, number
        key = item.symbol, holding.quantity >= 0.0
        if key not in self._known:
            self._known[key] = self._listed(number, item, holding.quantity) or self._left(number, item)
        found = self._known[key]
        self._last[item.symbol] = found.price
        return found

    def _listed(self, number: int, item: Option, quantity: float) -> Mark | None:
        quote = self._tape.quote(number, item.symbol)
        if quote is None:
            return None
        if not math.isnan(quote.mark_shown):
            return Mark(quote.mark_shown, "venue")
        if not (math.isnan(quote.bid) or math.isnan(quote.ask)):
            return Mark((quote.bid + quote.ask) / 2.0, "mid")
        if quantity >= 0:
            return Mark(0.0, "zero") if math.isnan(quote.bid) else Mark(quote.bid, "bid")
        return None if math.isnan(quote.ask) else Mark(quote.ask, "ask")

    def _left(self, number: int, item: Option) -> Mark:
        """The mark of a contract that this snapshot has no usable quote of."""
        known = self._tape.smile_marks
        try:
            if (number, item.symbol) not in known:
                value = float(unit_values_now([item], [math.nan], self.market(number))[0])
                known[number, item.symbol] = value
            if math.isfinite(known[number, item.symbol]):
                return Mark(known[number, item.symbol], "smile")
        except HedgingError:
            if item.symbol not in self._last:
                raise
        return Mark(self._last[item.symbol], "last")

    def future(self, number: int, item: Future) -> Mark:
        """The recorded mark of a dated future, else the forward of its expiry."""
        futures = self._tape.snapshots.futures
        ends = self._tape.snapshots.future_ends
        mine = futures.iloc[ends[number] : ends[number + 1]]
        listed = mine.loc[mine["expiry"] == item.expiry, "mark"].dropna()
        if len(listed):
            return Mark(float(listed.iloc[0]), "future")
        return Mark(self.market(number).forward(item.expiry), "forward")
