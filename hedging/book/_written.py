"""The form of a book's file: what each table may hold, as written, and the book that it says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import Annotated, Any, Final, Literal

import pandas as pd
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema

from hedging._ground.forms import asset
from hedging._ground.spellings import form_meant
from hedging.book.accounts import AccountModelName, DeclaredAccount, Transfer
from hedging.book.book import Book, Holding
from hedging.errors import InputError
from hedging.market.contracts import (
    ContractTerms,
    Exercise,
    Future,
    Instrument,
    Option,
    Perpetual,
    Settlement,
    Spot,
    expiry_of,
    instrument_of,
)

__all__ = ["KINDS", "BookFile", "plain_holding"]

KINDS: Final = ("spot", "perpetual", "future", "option", "put", "call")
_KINDS: Final = {
    **dict.fromkeys(("coin", "share", "shares", "stock", "etf"), "spot"),
    **dict.fromkeys(("perp", "swap"), "perpetual"),
    "futures": "future",
}
_FLAGS: Final = {"put": "p", "p": "p", "call": "c", "c": "c"}


def _expiry(value: object) -> pd.Timestamp:
    """Expiry as a UTC time; a bare date means 08:00 UTC, when Deribit's contracts expire."""
    return expiry_of(value.isoformat() if isinstance(value, date) else value)


def _expiry_or_day(value: object) -> pd.Timestamp | str:
    """The same, but a bare date stays one: what it means is a matter of an option's terms."""
    found = _expiry(value)
    text = value.isoformat() if isinstance(value, date) else value
    return text if isinstance(text, str) and len(text) <= len("2026-03-27") else found


def _upper(value: object) -> object:
    return asset(value) if isinstance(value, str) else value


Finite = Annotated[float, Field(allow_inf_nan=False)]
Price = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Expiry = Annotated[
    pd.Timestamp,
    PlainValidator(_expiry),
    WithJsonSchema({"type": "string", "description": "2026-03-27 (08:00 UTC), or a time with its zone"}),
]
Day = Annotated[
    Any,
    PlainValidator(_expiry_or_day),
    WithJsonSchema(
        {"type": "string", "description": "2026-03-27 (08:00 UTC, New York's close of US options), or a time"}
    ),
]
Asset = Annotated[str, BeforeValidator(_upper), Field(min_length=1, description="BTC, ETH, SOL_USDC, ...")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True, str_strip_whitespace=True, strict=True)


class _Held(_Strict):
    """What every ``[[holdings]]`` table has."""

    contract: Annotated[str, Field(description="its name, in place of what the name says: BTC-PERPETUAL")] = (
        ""
    )
    asset: Asset
    quantity: Annotated[Finite, Field(description="units of the underlying; short is negative")]
    entry: Annotated[Price | None, Field(alias="entry_price", description="price paid [money]")] = None
    account: Annotated[str, Field(description="name of an [accounts.NAME]; cold without")] = ""


class _HeldSpot(_Held):
    kind: Literal["spot"]
    quantity: Annotated[Finite, Field(ge=0)]  # a short is a perpetual or a future

    def instrument(self) -> Instrument:
        return Spot(self.asset)


class _HeldPerpetual(_Held):
    kind: Literal["perpetual"]
    entry: Annotated[Price, Field(alias="entry_price", description="price paid [money]")]
    settlement: Settlement = "coin"

    def instrument(self) -> Instrument:
        return Perpetual(self.asset, self.settlement)


class _HeldFuture(_Held):
    kind: Literal["future"]
    entry: Annotated[Price, Field(alias="entry_price", description="price paid [money]")]
    expiry: Expiry
    settlement: Settlement = "coin"

    def instrument(self) -> Instrument:
        return Future(self.asset, self.expiry, self.settlement)


class _HeldOption(_Held):
    kind: Literal["option"]
    flag: Annotated[Literal["c", "p"], Field(description="c or call, p or put")]
    strike: Price
    expiry: Day
    settlement: Settlement = "coin"
    multiplier: Price = 1.0
    lot: Price = 0.1
    exercise: Exercise = "european"
    venue: Annotated[str, Field(description="where it is listed: deribit, bybit, okx, binance, cboe")] = ""

    def instrument(self) -> Instrument:
        terms = ContractTerms(
            settlement=self.settlement,
            multiplier=self.multiplier,
            lot=self.lot,
            exercise=self.exercise,
            venue=self.venue,
        )
        return Option(self.asset, self.flag, self.strike, self.expiry, terms)


AnyHeld = Annotated[_HeldSpot | _HeldPerpetual | _HeldFuture | _HeldOption, Field(discriminator="kind")]


class _Account(_Strict):
    """One ``[accounts.NAME]`` table."""

    model: AccountModelName
    cash: Finite = 0.0
    stablecoins: dict[str, Finite] = {}
    haircuts: dict[str, Annotated[Finite, Field(ge=0, le=1)]] = {}
    parameters: dict[str, Finite] = {}


class _Transfer(_Strict):
    """One ``[[transfers]]`` table."""

    asset: Asset
    quantity: Price
    source: Annotated[str, Field(alias="from")] = ""
    target: Annotated[str, Field(alias="to")] = ""
    day: Annotated[Finite, Field(ge=0)] | None = None
    date: Expiry | None = None


class BookFile(_Strict):
    """A book's file: what is held and where, and what its plans must reach and may use."""

    cash: Annotated[Finite, Field(description="outside of all accounts [money]")] = 0.0
    numeraire: Annotated[str, BeforeValidator(_upper), Field(description="USD, or an asset for its coin")] = (
        "USD"
    )
    orders: Annotated[str, Field(description="the account that orders are traded in")] = ""
    holdings: Annotated[list[AnyHeld], Field(min_length=1)]
    accounts: dict[str, _Account] = {}
    transfers: list[_Transfer] = []
    # What they may hold the planner knows, which stands above the book.
    targets: dict[str, Any] = {}
    limits: dict[str, Any] = {}

    def book(self) -> Book:
        """The book that the file says.

        Raises
        ------
        InputError
            If a name is of no account, or a number breaks a rule of its kind.
        """
        for i, held in enumerate(self.holdings, start=1):
            if held.account and not self.accounts:
                raise InputError(
                    f"holding {i}: account {held.account!r} is not declared; add a table [accounts.{held.account}] "
                    "with its model."
                )
        accounts = [DeclaredAccount(name, **dict(told)) for name, told in self.accounts.items()]
        return Book(
            (Holding(held.instrument(), held.quantity, held.entry, held.account) for held in self.holdings),
            cash=self.cash + sum(account.money for account in accounts),
            numeraire=self.numeraire,
            accounts=accounts,
            transfers=[Transfer(**dict(told)) for told in self.transfers],
            orders=self.orders,
        )


def plain_holding(told: Any) -> Any:
    """A holding with its kind, flag and contract spelled out; what cannot be is left for the checks.

    Raises
    ------
    InputError
        If it names no contract that can be read, or says of it what its name does not.

    Examples
    --------
    >>> plain_holding({"kind": "Put", "strike": 60_000})
    {'kind': 'option', 'strike': 60000, 'flag': 'p'}
    """
    if not isinstance(told, Mapping):
        return told
    plain = dict(told)
    for key in ("kind", "flag", "settlement"):
        if isinstance(plain.get(key), str):
            plain[key] = plain[key].strip().lower()
    if isinstance(plain.get("kind"), str):
        plain["kind"] = _KINDS.get(plain["kind"], plain["kind"])
    for key in ("kind", "flag"):
        if not isinstance(plain.get(key, ""), str):
            return plain
    if plain.get("kind") in _FLAGS:
        flag = _FLAGS[plain["kind"]]
        given: str = plain.get("flag", flag)
        if _FLAGS.get(given, given) != flag:
            raise InputError(
                f"flag {told['flag']!r} contradicts kind {told['kind']!r}: leave one of them out"
            )
        plain |= {"kind": "option", "flag": flag}
    if plain.get("flag") in _FLAGS:
        plain["flag"] = _FLAGS[plain["flag"]]
    if isinstance(plain.get("contract"), str):
        said = _said(plain["contract"])
        if "flag" not in told and plain.get("flag") not in (None, said.get("flag")):
            named = {"p": "put", "c": "call"}.get(said.get("flag", ""), said["kind"])
            raise InputError(
                f"kind {told['kind']!r} contradicts {plain['contract']!r}, which is a {named}: leave one of them out"
            )
        _agree(plain, said, plain["contract"])
    elif name := _contract_in(plain.get("asset", ""), named="kind" in plain):
        also = " and kind" if plain.get("kind") else ""
        raise InputError(
            f'asset is the name of a contract: write contract = "{name}" in place of asset{also}'
        )
    return plain


def _contract_in(asset: object, *, named: bool) -> str:
    """The contract whose name stands where an asset's does; empty of a coin, a share, or what is of no known form."""
    text = str(asset).strip()
    with suppress(InputError):
        name = re.sub(r"-(?:PERP|SWAP)$", "-PERPETUAL", re.sub(r"[\s_/-]+", "-", text).upper())
        if not isinstance(instrument_of(name), Spot):
            return name
    return text if not named and "-" in text.strip("-") else ""


def _said(contract: str) -> dict[str, Any]:
    """What the name of a contract says, as keys of a holding."""
    try:
        item = instrument_of(contract.strip().upper())
    except InputError:
        near = form_meant(contract, instrument_of)
        how = (
            f'write contract = "{near}"'
            if near
            else "else give asset, kind, and where it has them strike and expiry"
        )
        raise InputError(
            f"contract must be a name such as BTC-27MAR26-60000-P, BTC-27MAR26 or BTC-PERPETUAL; got {contract!r}: {how}"
        ) from None
    said: dict[str, Any] = {"kind": type(item).__name__.lower(), "asset": item.asset}
    if isinstance(item, Option):
        said |= {"flag": item.flag, "strike": item.strike}
    if isinstance(item, Option | Future):
        said["expiry"] = item.expiry.isoformat()
    if "_" in item.asset and not isinstance(item, Spot):  # Deribit's name of what settles in USDC
        said["settlement"] = "cash"
    return said


def _agree(plain: dict[str, Any], said: Mapping[str, Any], name: str) -> None:
    """Put what a name says into a holding, and refuse what contradicts it."""
    for key, value in said.items():
        given = plain.get(key, value)
        given = _FLAGS.get(given, given) if key == "flag" and isinstance(given, str) else given
        same = _same_time(given, value) if key == "expiry" else given == value or _upper(given) == value
        if not same:
            raise InputError(
                f"{key} {given!r} contradicts {name!r}, which says {value!r}: leave one of them out"
            )
        plain[key] = value


def _same_time(given: object, said: str) -> bool:
    try:
        return bool(_expiry(given) == _expiry(said))
    except InputError:
        return False
