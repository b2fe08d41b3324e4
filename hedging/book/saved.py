"""Instruments, orders and books as plain values, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from hedging.book.accounts import DeclaredAccount, Transfer
from hedging.book.book import Book, Holding
from hedging.book.legs import Leg, orders_frame
from hedging.market.contracts import (
    ContractTerms,
    FeeRule,
    Future,
    Instrument,
    Option,
    Perpetual,
    Spot,
)
from hedging.units import utc

__all__ = ["book_from", "book_to_dict", "legs_from", "legs_to_dicts", "plain_values"]


def plain_values(value: Any) -> Any:
    """The same with lists for tuples, at every depth: what JSON gives back."""
    if isinstance(value, Mapping):
        return {key: plain_values(each) for key, each in value.items()}
    return [plain_values(each) for each in value] if isinstance(value, tuple | list) else value


def legs_to_dicts(legs: Sequence[Leg]) -> list[dict[str, Any]]:
    """Orders as a person reads them, with all that is needed to rebuild the legs."""
    rows = orders_frame(legs).to_dict(orient="records")
    return [
        {str(key): value for key, value in row.items()}
        | {
            "price_per_unit": leg.price,
            "half_spread_per_unit": leg.half_spread,
            "fee_per_unit": leg.fee,
            "spot": leg.spot,
            "terms": _instrument(leg.instrument),
        }
        for row, leg in zip(rows, legs, strict=True)
    ]


def legs_from(orders: Sequence[dict[str, Any]]) -> tuple[Leg, ...]:
    """The legs that `legs_to_dicts` saved."""
    sides = {"buy": 1.0, "sell": -1.0}
    return tuple(
        Leg(
            _instrument_from(row["terms"]),
            sides[row["side"]] * row["quantity"],
            row["price_per_unit"],
            row["half_spread_per_unit"],
            row["fee_per_unit"],
            row["spot"],
            None if row["limit_price_money"] == row["price_per_unit"] else row["limit_price_money"],
        )
        for row in orders
    )


def book_to_dict(book: Book) -> dict[str, Any]:
    """A book by holding; an unknown entry price is None."""
    holdings = [
        {
            "instrument": held.instrument.symbol,
            "quantity": held.quantity,
            "entry": held.entry,
            "account": held.account,
            "terms": _instrument(held.instrument),
        }
        for held in book.holdings
    ]
    return {
        "holdings": holdings,
        "cash": book.cash,
        "numeraire": book.numeraire,
        "accounts": [plain_values(asdict(account)) for account in book.accounts],
        "transfers": [
            asdict(each) | {"date": None if each.date is None else each.date.isoformat()}
            for each in book.transfers
        ],
        "orders": book.orders,
    }


def book_from(saved: dict[str, Any]) -> Book:
    """The book that `book_to_dict` saved."""
    holdings = [
        Holding(
            _instrument_from(row["terms"]),
            row["quantity"],
            row["entry"],
            row.get("account", ""),
        )
        for row in saved["holdings"]
    ]
    return Book(
        holdings,
        cash=saved["cash"],
        numeraire=saved["numeraire"],
        accounts=[DeclaredAccount(**told) for told in saved.get("accounts", ())],
        transfers=[Transfer(**told) for told in saved.get("transfers", ())],  # its date becomes a time there
        orders=saved.get("orders", ""),
    )


def _instrument(item: Instrument) -> dict[str, Any]:
    plain: dict[str, Any] = {"kind": type(item).__name__.lower(), "asset": item.asset}
    if isinstance(item, Option):
        terms = asdict(item.terms)
        terms["fee"] = plain_fee(terms["fee"])
        if not terms["combo_waiver"]:
            del terms[
                "combo_waiver"
            ]  # as in files from before venues had one: the id of a plan is that of this form
        return plain | {
            "flag": item.flag,
            "strike": item.strike,
            "expiry": item.expiry.isoformat(),
            "contract": terms,
            "venue_symbol": item.venue_symbol,
        }
    if isinstance(item, Future):
        plain["expiry"] = item.expiry.isoformat()
    if not isinstance(item, Spot):
        plain["settlement"] = item.settlement
    return plain


def _instrument_from(saved: dict[str, Any]) -> Instrument:
    kind, asset = saved["kind"], saved["asset"]
    if kind == "spot":
        return Spot(asset)
    if kind == "perpetual":
        return Perpetual(asset, saved["settlement"])
    if kind == "future":
        return Future(asset, utc(saved["expiry"]), saved["settlement"])
    terms = dict(saved["contract"])
    ticks = tuple((float(start), float(tick)) for start, tick in terms["ticks"])
    contract = ContractTerms(**(terms | {"fee": fee_from(terms["fee"]), "ticks": ticks}))
    return Option(
        asset, saved["flag"], saved["strike"], utc(saved["expiry"]), contract, saved["venue_symbol"]
    )


def fee_from(saved: dict[str, Any]) -> FeeRule:
    """Fee rule as `plain_fee` wrote it."""
    return FeeRule(saved["rate"], math.inf if saved["cap"] is None else saved["cap"])


def plain_fee(fee: dict[str, float]) -> dict[str, float | None]:
    """A fee rule by field, None for no cap: JSON knows no infinity."""
    return {name: None if math.isinf(value) else value for name, value in fee.items()}
