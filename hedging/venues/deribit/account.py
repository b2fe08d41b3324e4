"""A Deribit account's recorded replies made into a `Book`. Nothing here asks for a key, or connects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from hedging._ground.reading import foreign
from hedging.book.book import Book, Holding
from hedging.book.holding import LARGEST
from hedging.errors import InputError
from hedging.market.contracts import Future, Option, Perpetual
from hedging.venues.deribit.names import Name, parse_name
from hedging.venues.deribit.terms import option_terms

__all__ = ["book_from_account"]

Row = Mapping[str, Any]
Reply = Mapping[str, Any] | Sequence[Mapping[str, Any]]


def book_from_account(
    positions: Reply, summary: Reply, *, as_of: str | pd.Timestamp | None = None, numeraire: str = "USD"
) -> Book:
    """Book of the positions and balances of a Deribit account.

    Futures carry the entry that gives their gain since the last daily settlement, because gains before it
    are in the balance already. So the book's value at the exchange's own marks is the account's equity.

    Parameters
    ----------
    positions : list or mapping
        ``private/get_positions``, with or without its JSON-RPC envelope.
    summary : list or mapping
        ``private/get_account_summary`` of one currency, or ``get_account_summaries`` of several, likewise.
    as_of : str or Timestamp, optional
        When, for the terms of the options; by default now.
    numeraire : str
        Passed on to `Book`.

    Returns
    -------
    Book
        Coin balances as spot holdings, stablecoin balances as cash.

    Raises
    ------
    InputError
        If a position's name or a field cannot be read, or a position's currency has no summary.
    """
    with foreign("Deribit's account", ours=False):
        return _book(positions, summary, as_of, numeraire)


def _book(positions: Reply, summary: Reply, as_of: str | pd.Timestamp | None, numeraire: str) -> Book:
    rows = [row for row in _rows(positions, "positions") if _number(row, "size") != 0.0]
    accounts = {str(row.get("currency")): row for row in _rows(summary, "summary")}
    when = pd.Timestamp.now("UTC") if as_of is None else as_of
    holdings: list[Holding] = []
    gains = dict.fromkeys(accounts, 0.0)
    for row in rows:
        name = _name(row)
        currency = name.asset.partition("_")[2] or name.asset
        if currency not in accounts:
            raise InputError(
                f"{row['instrument_name']} settles in {currency}, but the summary is of {', '.join(accounts)}: "
                "pass the summaries of all currencies held."
            )
        held, gain = _option(row, name, when) if name.flag else _future(row, name)
        holdings.append(held)
        gains[currency] += gain
    cash = 0.0
    for currency, row in accounts.items():
        balance = _number(row, "equity") - gains[currency]
        if currency in ("USDC", "USDT", "USD", "USDE"):
            cash += balance
        elif balance != 0.0:
            holdings.append(Holding.spot(currency, balance))
    return Book(holdings, cash=cash, numeraire=numeraire)


def _option(row: Row, name: Name, when: str | pd.Timestamp) -> tuple[Holding, float]:
    """Holding of an option, and what it adds to the equity. [settlement currency]"""
    terms = option_terms(name.asset, when)
    size = _number(row, "size")  # coins
    coin = name.asset.partition("_")[0]
    option = Option(coin, name.flag, name.strike, name.expiry, terms, str(row["instrument_name"]))  # type: ignore[arg-type]
    paid = row.get("average_price_usd") if terms.settlement == "coin" else row.get("average_price")
    entry = float(paid) if isinstance(paid, int | float) and paid > 0 else None
    return Holding(option, size / terms.multiplier, entry), size * _number(row, "mark_price")


def _future(row: Row, name: Name) -> tuple[Holding, float]:
    """Holding of a future or perpetual, and what it adds to the equity. [settlement currency]"""
    size, mark, gain = (_number(row, field) for field in ("size", "mark_price", "floating_profit_loss"))
    coin, _, pair = name.asset.partition("_")
    settlement = "cash" if pair else "coin"
    # Inverse: size is money, gain = size (1/entry - 1/mark) coins. Linear: size is coins.
    entry = mark - gain / size if pair else 1.0 / (gain / size + 1.0 / mark)
    quantity = size if pair else size / entry
    if str(row["instrument_name"]).endswith("-PERPETUAL"):
        return Holding(Perpetual(coin, settlement), quantity, entry), gain  # type: ignore[arg-type]
    return Holding(Future(coin, name.expiry, settlement), quantity, entry), gain  # type: ignore[arg-type]


def _rows(reply: Reply, what: str) -> list[Row]:
    """Rows of a reply, out of its envelope; a single row counts as one."""
    content: Any = reply.get("result", reply) if isinstance(reply, Mapping) else reply
    if isinstance(content, Mapping):
        content = content.get("summaries", [content])
    if not isinstance(content, Iterable) or not all(isinstance(row, Mapping) for row in content):
        raise InputError(
            f"{what} must be a recorded reply of Deribit: rows of named fields; got {str(reply)[:80]!r}."
        )
    return list(content)


def _name(row: Row) -> Name:
    name = parse_name(str(row.get("instrument_name")))
    if name is None:
        raise InputError(
            f"a position is in {row.get('instrument_name')!r}, which is no option or future of Deribit's."
        )
    return name


def _number(row: Row, field: str) -> float:
    value = row.get(field)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LARGEST:
        where = row.get("instrument_name") or row.get("currency")
        raise InputError(f"{field} of {where} must be a number; got {value!r}.")
    return float(value)
