"""A book held against quotes, before anything is planned: what the quotes do not list, cannot price or contradict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hedging._ground.counts import number_of
from hedging.book.book import Book
from hedging.book.doubts import doubts
from hedging.book.holding import Holding
from hedging.errors import InputError
from hedging.market._chain_words import absent
from hedging.market.contracts import Option
from hedging.market.market import Market

__all__ = ["Against", "against", "nothing_held"]


class Against(NamedTuple):
    """What does not fit, what was looked at, and what is taken as it is written, though quotes speak against it."""

    mistakes: tuple[str, ...]
    looked_at: tuple[str, ...]
    doubts: tuple[str, ...]


def against(book: Book, markets: Sequence[Market]) -> Against:
    """Hold a book against the quotes of its assets: assets, numeraire, every contract, its price.

    Parameters
    ----------
    book : Book
    markets : sequence of Market

    Returns
    -------
    Against
    """
    mistakes = _refused(book, markets)
    looked_at = []
    for market in markets:
        held = book.of(market.asset)
        options = [each.instrument for each in held if isinstance(each.instrument, Option)]
        wrong = [why for option in options if (why := _unlisted(option, market))]
        mistakes += wrong
        if not wrong:
            mistakes += _unpriced(book, market)
        chain = market.chain
        looked_at.append(
            f"{number_of(len(held), 'holding')} of {market.asset}, {number_of(len(options), 'option')} of them, against "
            f"{number_of(len(chain.quotes), 'quote')} of {chain.source}, {market.as_of:%Y-%m-%d %H:%M} UTC"
        )
    doubted = tuple(doubt for market in markets for doubt in doubts(book, market))
    return Against(tuple(mistakes), tuple(looked_at), doubted)


def nothing_held(holdings: Sequence[Holding]) -> list[str]:
    """Holdings of nothing, which a slip of the keyboard leaves."""
    return [
        f"holding {place}, {held.instrument.symbol}: quantity must not be 0; leave the holding out"
        for place, held in enumerate(holdings, start=1)
        if held.quantity == 0.0
    ]


def _refused(book: Book, markets: Sequence[Market]) -> list[str]:
    try:
        book.check_assets(*markets)
    except InputError as error:
        return [str(error)]
    return []


def _unlisted(option: Option, market: Market) -> str:
    """Why the quotes have no such contract; empty where they do."""
    chain = market.chain
    if option.expiry <= market.as_of:
        return f"{option.symbol} expired before the quotes of {market.as_of:%Y-%m-%d %H:%M} UTC"
    if int(market.rows_of([option])[0]) >= 0:
        return ""
    rejected = chain.rejected
    if (rejected["symbol"] == option.symbol).any():  # it is listed, and valued by the surface
        return ""
    if (chain.quotes["symbol"] == option.symbol).any():
        terms = f"settlement {chain.terms.settlement}, venue {chain.terms.venue or 'none'}"
        return f"{option.symbol} is listed with other terms: {terms}"
    return absent(chain, option.symbol)


def _unpriced(book: Book, market: Market) -> list[str]:
    try:
        book.exposure(market)
    except InputError as error:
        return [str(error)]
    return []
