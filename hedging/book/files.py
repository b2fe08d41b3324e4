"""Book files: TOML in, a checked `Book` out, with every mistake named at once."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError

from hedging._ground.arguments import takes
from hedging._ground.reading import foreign, parse_toml, read_text
from hedging.book.accounts import DeclaredAccount, Transfer
from hedging.book.book import Book, Holding
from hedging.errors import InputError
from hedging.market.contracts import ContractTerms, Future, Instrument, Option, Perpetual, Settlement, Spot
from hedging.units import utc

__all__ = ["book_from_dict", "read_book"]


def _expiry(value: object) -> pd.Timestamp:
    """Expiry as a UTC time; a bare date means 08:00 UTC, when Deribit's contracts expire."""
    if isinstance(value, datetime):
        value = value.isoformat()
    elif isinstance(value, date) or (isinstance(value, str) and len(value) == len("2026-03-27")):
        value = f"{value}T08:00:00Z"
    return utc(str(value), "expiry")


Finite = Annotated[float, Field(allow_inf_nan=False)]
Price = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Expiry = Annotated[pd.Timestamp, PlainValidator(_expiry)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True, str_strip_whitespace=True, strict=True)


class _Held(_Strict):
    """What every ``[[holdings]]`` table has."""

    asset: Annotated[str, Field(min_length=1)]
    quantity: Finite
    entry: Annotated[Price | None, Field(alias="entry_price")] = None
    account: str = ""


class _HeldSpot(_Held):
    kind: Literal["spot"]
    quantity: Annotated[Finite, Field(ge=0)]  # a short is a perpetual or a future

    def instrument(self) -> Instrument:
        return Spot(self.asset)


class _HeldPerpetual(_Held):
    kind: Literal["perpetual"]
    entry: Annotated[Price, Field(alias="entry_price")]
    settlement: Settlement = "coin"

    def instrument(self) -> Instrument:
        return Perpetual(self.asset, self.settlement)


class _HeldFuture(_Held):
    kind: Literal["future"]
    entry: Annotated[Price, Field(alias="entry_price")]
    expiry: Expiry
    settlement: Settlement = "coin"

    def instrument(self) -> Instrument:
        return Future(self.asset, self.expiry, self.settlement)


class _HeldOption(_Held):
    kind: Literal["option"]
    flag: Literal["c", "p"]
    strike: Price
    expiry: Expiry
    settlement: Settlement = "coin"
    multiplier: Price = 1.0
    lot: Price = 0.1

    def instrument(self) -> Instrument:
        terms = ContractTerms(settlement=self.settlement, multiplier=self.multiplier, lot=self.lot)
        return Option(self.asset, self.flag, self.strike, self.expiry, terms)


_AnyHeld = Annotated[_HeldSpot | _HeldPerpetual | _HeldFuture | _HeldOption, Field(discriminator="kind")]


class _Account(_Strict):
    """One ``[accounts.NAME]`` table."""

    model: Literal["standard", "portfolio", "cross-standard", "cross-portfolio", "flat", "reg-t"]
    cash: Finite = 0.0
    stablecoins: dict[str, Finite] = {}
    haircuts: dict[str, Annotated[Finite, Field(ge=0, le=1)]] = {}
    parameters: dict[str, Finite] = {}


class _Transfer(_Strict):
    """One ``[[transfers]]`` table."""

    asset: Annotated[str, Field(min_length=1)]
    quantity: Price
    source: Annotated[str, Field(alias="from")] = ""
    target: Annotated[str, Field(alias="to")] = ""
    day: Annotated[Finite, Field(ge=0)] | None = None
    date: Expiry | None = None


class _BookFile(_Strict):
    """The whole file."""

    cash: Finite = 0.0
    numeraire: str = "USD"
    holdings: Annotated[list[_AnyHeld], Field(min_length=1)]
    accounts: dict[str, _Account] = {}
    transfers: list[_Transfer] = []
    orders: str = ""

    def book(self) -> Book:
        for i, held in enumerate(self.holdings):
            if held.account and not self.accounts:
                raise InputError(
                    f"holdings.{i}.account: {held.account!r} is not declared; add a table [accounts.{held.account}] "
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


@takes(path=(str, Path))
def read_book(path: str | Path) -> Book:
    """Read a book from a TOML file.

    Parameters
    ----------
    path : path
        Keys: ``cash`` [money], ``numeraire`` (the currency, or an asset for its coin), and one
        ``[[holdings]]`` table per holding with ``asset``, ``kind`` (spot, perpetual, future, option),
        ``quantity`` (signed; a short perpetual is negative) and ``entry`` (price paid, in money; also
        ``entry_price``); futures and options add ``expiry`` (a date means 08:00 UTC), options ``flag`` and
        ``strike``, and ``settlement`` (coin or cash), ``multiplier`` and ``lot`` where they are not Deribit's.

        Where margin matters, one ``[accounts.NAME]`` table per account with ``model`` (standard, portfolio,
        cross-standard, cross-portfolio, flat, reg-t), and as needed ``cash`` [money], ``stablecoins`` by name,
        ``haircuts`` by asset and ``parameters`` of the rules; each holding in it says ``account = "NAME"``, one
        that does not is held outside of all accounts, as is the ``cash`` at the top. ``orders`` names the account
        that orders are traded in, if there are several. One ``[[transfers]]`` table per movement of collateral
        has ``asset``, ``quantity`` > 0, ``from`` and ``to`` (an account, "cold", or left out for outside of the
        book) and ``day`` (after the quotes) or ``date``.

    Returns
    -------
    Book

    Raises
    ------
    InputError
        If the file is missing, no TOML, or breaks a rule; the message names every key that does.
    """
    file = Path(path)
    content = parse_toml(read_text(file, what="book file"), f"book file {file}")
    return book_from_dict(content, source=str(file))


def book_from_dict(content: dict[str, Any], *, source: str = "book") -> Book:
    """Check the content of a book file and build the book; `source` names it in messages.

    Raises
    ------
    InputError
        If a rule is broken; the message names every key that does.

    Examples
    --------
    >>> held = {"asset": "BTC", "kind": "spot", "quantity": 25, "entry": 88_000}
    >>> book_from_dict({"holdings": [held]}).holdings[0].units
    25.0
    """
    try:
        parsed = _BookFile.model_validate(content)
    except ValidationError as error:
        raise InputError(f"{source}: {_in_words(error)}.") from error
    with foreign(source):
        return parsed.book()


def _in_words(error: ValidationError) -> str:
    """Every broken rule: where, the rule, and what came, unless the rule says it already."""
    found = []
    for problem in error.errors():
        where = ".".join(str(part) for part in problem["loc"]) or "file"
        rule = _RULES.get(problem["type"], problem["msg"].removeprefix("Value error, ")).rstrip(".")
        got = problem["input"]
        said = "got " in rule or not isinstance(got, str | int | float | bool | None)
        found.append(f"{where}: {rule[0].lower()}{rule[1:]}{'' if said else f'; got {got!r}'}")
    return " | ".join(found)


_RULES = {
    "extra_forbidden": "no such key, or given twice under two names (entry, entry_price)",
    "union_tag_not_found": "kind is missing; it must be spot, perpetual, future or option",
}
