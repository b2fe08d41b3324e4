"""Where an account is liquidated without and with a plan: what a floor does not say of a leveraged book."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from hedging._numerics.bisection import first_false
from hedging._numerics.types import Array
from hedging.book.accounts import called
from hedging.book.book import Book
from hedging.book.legs import Leg
from hedging.errors import InputError
from hedging.margin import survive_accounts
from hedging.margin.idle import idle_money
from hedging.margin.requirement import accounted
from hedging.margin.survival import FURTHEST_FALL, FURTHEST_RISE
from hedging.market.contracts import Future, Perpetual
from hedging.market.market import Market
from hedging.paths.paths import along, today
from hedging.paths.reactions import STILL
from hedging.planner.result.accounts import LiquidationMove, Prices

__all__ = ["liquidations", "margined"]


def liquidations(
    book: Book, markets: Sequence[Market], legs: Sequence[Leg]
) -> tuple[tuple[LiquidationMove, ...], tuple[str, ...]]:
    """Liquidation prices of every account before and after some orders, and what cannot be known of them.

    By the rules of the accounts that a book declares. Where it declares none and holds, or is to hold, a perpetual
    or a future, all of it is taken to lie in one account of the asset's default model.

    Returns
    -------
    (tuple of LiquidationMove, tuple of str)
        Of accounts that some price liquidates, and remarks.
    """
    declared, assumed = margined(book, legs), not book.accounts
    if not declared.accounts:
        return (), ()
    by_asset = {market.asset: market for market in markets}
    try:
        books = declared, declared + legs
        moves = [
            LiquidationMove(key, _model(declared, key), market.asset, market.spot, before, after, assumed)
            for key, currency in _purses(books, by_asset).items()
            for market in markets
            # One kept in another coin, by itself, does not see its price.
            if currency not in by_asset or currency == market.asset
            if market.asset in declared.assets or any(leg.instrument.asset == market.asset for leg in legs)
            for before, after in [(_prices(each, by_asset, (key, currency), market.asset) for each in books)]
        ]
    except InputError as error:
        return (), (f"where the book is liquidated is not known: {error}",)
    near = tuple(move for move in moves if any((*move.before, *move.after)))
    # What lies there and carries nothing looks like collateral to whoever put it there.
    idle = idle_money(books[1], markets) if near and not assumed else {}
    return near, tuple(f"{called(name)} holds {what}" for name, what in idle.items())


def margined(book: Book, legs: Sequence[Leg] = ()) -> Book:
    """The book with the accounts that its margin is judged by: its own, or one assumed of all of it.

    Where it declares none and neither holds a perpetual or a future nor is to hold one, it has none here either.
    """
    return accounted(book) if book.accounts or _levered(book + legs) or _levered(book) else book


def _levered(book: Book) -> bool:
    return any(isinstance(held.instrument, Perpetual | Future) for held in book.holdings)


def _model(book: Book, key: str) -> str:
    return next(each.model for each in book.accounts if each.name == key.partition(": ")[0])


def _purses(books: Sequence[Book], markets: Mapping[str, Market]) -> dict[str, str]:
    """Every account, or purse of it, with or without orders, and its currency; a name that becomes several is these."""
    still = dict.fromkeys(markets, today())
    kept = {
        key: each.currency for book in books for key, each in survive_accounts(book, markets, still).items()
    }
    return {
        key: currency
        for key, currency in kept.items()
        if not any(other.startswith(f"{key}: ") for other in kept)
    }


def _prices(book: Book, markets: Mapping[str, Market], purse: tuple[str, str], asset: str) -> Prices:
    """First prices of one asset, down and up, at which a purse of a currency does not survive; the others stay."""
    key, currency = purse

    def alive(logs: Array) -> npt.NDArray[np.bool_]:
        still = along([0.0], np.zeros((logs.size, 1)), reaction=STILL)
        moved = along([0.0], logs[:, None], reaction=STILL)
        found = survive_accounts(book, markets, dict.fromkeys(markets, still) | {asset: moved})
        kept = found.get(key) or found.get(key.partition(": ")[0])
        # The one purse of an account may be another one, before orders bring this.
        gone = kept is None or kept.currency != currency
        return np.ones(logs.size, dtype=bool) if gone or kept is None else kept.survives

    down, up = (first_false(alive, end) for end in (FURTHEST_FALL, FURTHEST_RISE))
    spot = markets[asset].spot
    return _price(spot, down), _price(spot, up)


def _price(spot: float, log_price: float | None) -> float | None:
    return None if log_price is None else spot * float(np.exp(log_price))
