"""The form of what stands in a saved plan more than once: numbers in their ranges, contracts, books."""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["AtLeastZero", "BookForm", "Day", "Number", "Pair", "Positive", "Row", "Share", "Terms", "Text"]

LARGEST: Final = 1e18  # of any number of a plan, in any of its units
MOST_DAYS: Final = 40_000.0  # more than twice the longest horizon
Number: TypeAlias = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
Positive: TypeAlias = Annotated[float, Field(gt=0.0, le=LARGEST, allow_inf_nan=False)]
AtLeastZero: TypeAlias = Annotated[float, Field(ge=0.0, le=LARGEST, allow_inf_nan=False)]
Day: TypeAlias = Annotated[float, Field(ge=0.0, le=MOST_DAYS, allow_inf_nan=False)]
Share: TypeAlias = Annotated[float, Field(ge=-1e9, le=1e9, allow_inf_nan=False)]
Pair: TypeAlias = Annotated[list[AtLeastZero], Field(min_length=2, max_length=2)]
Text: TypeAlias = Annotated[str, Field(min_length=1)]


class Row(BaseModel):
    """A record of known fields, each of its own type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Fee(Row):
    rate: AtLeastZero
    cap: AtLeastZero | None


class Contract(BaseModel):
    model_config = ConfigDict(strict=True)  # the constructor of the terms knows the others
    settlement: Literal["coin", "cash"]
    currency: Text
    multiplier: Positive
    lot: Positive
    ticks: Annotated[list[Pair], Field(min_length=1)]
    fee: Fee
    venue: str
    exercise: Literal["european", "american"] = "european"


class Option(Row):
    kind: Literal["option"]
    asset: Text
    flag: Literal["c", "p"]
    strike: Positive
    expiry: Text
    contract: Contract
    venue_symbol: str


class Dated(Row):
    kind: Literal["future"]
    asset: Text
    expiry: Text
    settlement: Literal["coin", "cash"]


class Perpetual(Row):
    kind: Literal["perpetual"]
    asset: Text
    settlement: Literal["coin", "cash"]


class Spot(Row):
    kind: Literal["spot"]
    asset: Text


Terms: TypeAlias = Annotated[Option | Dated | Perpetual | Spot, Field(discriminator="kind")]


class HoldingForm(Row):
    instrument: Text
    quantity: Number
    entry: AtLeastZero | None
    account: str = ""
    terms: Terms


class AccountForm(Row):
    name: Text
    model: Text
    cash: Number
    stablecoins: dict[str, Number]
    haircuts: dict[str, Number]
    parameters: dict[str, Number]


class TransferForm(Row):
    asset: Text
    quantity: Positive
    source: str
    target: str
    day: AtLeastZero | None
    date: Text | None


class BookForm(Row):
    """A book as `hedging.book.saved` writes it."""

    holdings: list[HoldingForm]
    cash: Number
    numeraire: Text
    accounts: list[AccountForm] = Field(default_factory=list)
    transfers: list[TransferForm] = Field(default_factory=list)
    orders: str = ""
