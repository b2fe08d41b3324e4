"""The form of a saved plan: every field, its type and its range; what a reader holds a file against."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import pydantic
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from hedging._ground.reading import rule_broken, where
from hedging.errors import InputError
from hedging.planner.result.schema_book import (
    AtLeastZero,
    BookForm,
    Day,
    Number,
    Pair,
    Positive,
    Row,
    Share,
    Terms,
    Text,
)

__all__ = ["check_form"]

SHOWN: Final = 4  # mistakes that a message names


class _VenueNeed(Row):
    venue: Text
    currency: Text
    orders: Annotated[int, Field(ge=1)]
    paid: Number
    initial_margin: AtLeastZero
    held: Number
    account: str
    rules: str = "the standard rules of the asset"
    collateral: AtLeastZero
    to_bring: AtLeastZero


class _MandateSource(Row):
    book: Text
    kept: list[Text]
    replaced: list[Text]


class _Order(Row):
    instrument: Text
    side: Literal["buy", "sell"]
    quantity: Positive
    limit_price: AtLeastZero
    quote_unit: Text
    limit_price_money: AtLeastZero
    premium: Number
    half_spread: Number
    fees: Number
    price_per_unit: AtLeastZero
    half_spread_per_unit: AtLeastZero
    fee_per_unit: AtLeastZero
    spot: Positive
    terms: Terms


class _Cost(Row):
    half_spread: Number
    fees: Number
    carry: Number
    premium: Number
    execution: Number


class _Entering(Row):
    execution: Number
    quotes: Number
    currency: str
    at_once: Number


class _Exposure(Row):
    spot: Positive
    value: Number
    delta: Number
    gamma: Number
    vega: Number
    theta: Number
    rho: Number
    vanna: Number
    volga: Number
    charm: Number
    delta_value: Number
    gamma_value: Number


class _Limit(Row):
    kind: Text
    asset: str = ""
    window: Pair | None = None
    rule: str = ""
    day: Day | None = None
    expiry: Text | None = None


class _Check(Row):
    limit: Text
    of: _Limit
    value: Number
    low: Number | None
    high: Number | None
    scale: AtLeastZero
    ok: bool


class _Trough(Row):
    pnl: Number
    share: Share
    scenario: str
    day: Day


class _Worst(Row):
    before: _Trough
    after: _Trough


class _Price(Row):
    limit: Text
    of: _Limit
    price: Number
    step: Text


class _Driver(Row):
    scenario: str
    day: Day
    weight: Annotated[float, Field(ge=-1e-9, le=1.0 + 1e-9)]


class _Alternative(Row):
    name: str
    orders: list[_Order]
    cost: _Cost
    misses: list[_Check]
    loss: Share | None = None


class _Lunch(Row):
    orders: list[_Order]
    gain: Number
    gain_share: Share


class _Agreement(Row):
    count: Annotated[int, Field(ge=1)]
    largest_gain: Number
    free_lunch: _Lunch | None
    entropy: AtLeastZero | None
    effective: AtLeastZero | None
    largest_gain_left: Number | None
    widened: AtLeastZero = 0.0
    reweighted: bool


class _Joint(Row):
    asset: Text
    limits: list[_Limit]
    condition: AtLeastZero | None
    gross: AtLeastZero | None
    one_by_one: AtLeastZero
    expiries: Annotated[int, Field(ge=0)]
    ill: bool


class _Numeraire(Row):
    unit: Text
    price: Positive
    cost: _Cost
    base: Number
    worst: _Worst


class _LegGreeks(Row):
    instrument: Text
    flag: Literal["c", "p"]
    spot: Positive
    strike: Positive
    time_to_expiry: AtLeastZero
    rate: Number
    dividend_yield: Number
    vol: AtLeastZero
    price: Number
    delta: Number
    gamma: Number
    vega: Number
    theta: Number
    exercise: Literal["european", "american"] = "european"


class _Decay(Row):
    days: Day
    options: Number
    funding: Number
    basis: Number
    total: Number


class _BreakEven(Row):
    asset: Text
    rate: Number
    below: bool
    structure: str
    cost: Number


class _Prices(Row):
    down: AtLeastZero | None
    up: AtLeastZero | None


class _LiquidationMove(Row):
    account: Text
    model: Text
    asset: Text
    spot: Positive
    before: _Prices
    after: _Prices
    assumed: bool
    nearer: bool


class _Least(Row):
    share: Share
    scenario: str
    day: Day
    dies: AtLeastZero | None


class _AccountSurvival(Row):
    account: Text
    currency: Text
    before: _Least
    after: _Least
    top_up_before: AtLeastZero | None
    top_up_after: AtLeastZero | None
    between: _Least | None = None
    reach: Annotated[list[Number], Field(min_length=2, max_length=2)] | None = None


class _Robustness(Row):
    limit: Text
    of: _Limit
    value: Number
    low: Number
    high: Number
    low_at: str
    high_at: str
    ok: bool


class _Period(Row):
    date: Text
    promised: Share
    limit: Share
    without: Share
    with_: Share = Field(alias="with")
    left: Share | None


class _Promise(Row):
    value: Positive
    horizon: Positive
    level: Annotated[float, Field(gt=0.0, lt=1.0)]
    quantile: Annotated[list[Share], Field(min_length=2, max_length=2)]
    shortfall: Annotated[list[Positive], Field(min_length=2, max_length=2)]
    walk: list[_Period]
    stays: Annotated[dict[str, Share], Field(min_length=1)]
    promised: Share
    falls: Annotated[int, Field(ge=0)]
    kept: Annotated[int, Field(ge=0)]
    left: Share | None
    calibrated: Share | None
    loss: Share | None
    usable: bool
    verdict: Text


class _Between(Row):
    filled: list[Text]
    share: Share
    scenario: str
    day: Day


class _Fills(Row):
    order: list[Text]
    best: _Between | None
    worst: _Between | None
    tick_cost: Number
    misses: list[_Check]


class _File(Row):
    name: str
    sha256: str


class _Inputs(BaseModel):
    """What went in. Target, limits and view are checked by their own constructors."""

    model_config = ConfigDict(strict=True)
    files: list[_File]
    as_of: Text
    currency: Text
    spot: dict[str, Positive]
    vol_30_days: dict[str, Positive] = Field(default_factory=dict)
    book: BookForm
    target: dict[str, Any]
    limits: dict[str, Any]
    horizon_days: Annotated[Day, Field(gt=0.0)]
    scenarios: dict[str, Any]
    outcomes: Annotated[int, Field(ge=1)] | None
    view: dict[str, Any] | None
    funding_8h: dict[str, Number | None]


class _Plan(Row):
    version: Annotated[int, Field(ge=1)] = 1
    digest: str | None = None
    id: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    status: Literal["optimal", "feasible", "closest"]
    message: str
    objective: Number
    bound: Number
    # Without the largest of others: a bound may say nothing.
    gap: Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
    seconds: AtLeastZero
    nodes: Annotated[int, Field(ge=0)]
    cost: _Cost
    entering: _Entering | None = None
    package_fees: AtLeastZero | None = None
    warnings: list[str] = Field(default_factory=list)
    orders: list[_Order]
    before: Annotated[dict[str, _Exposure], Field(min_length=1)]
    after: Annotated[dict[str, _Exposure], Field(min_length=1)]
    checks: list[_Check]
    binding: list[str]
    worst: _Worst
    structure: str
    shadow_prices: list[_Price]
    drivers: list[_Driver]
    remarks: list[str]
    base: Positive
    base_name: str
    alternatives: list[_Alternative]
    clashes: list[str]
    outcomes: _Agreement | None = None
    joint_feasibility: list[_Joint] = Field(default_factory=list)
    numeraires: list[_Numeraire] = Field(default_factory=list)
    leg_greeks: list[_LegGreeks] = Field(default_factory=list)
    liquidations: list[_LiquidationMove] = Field(default_factory=list)
    survivals: list[_AccountSurvival] = Field(default_factory=list)
    robustness: list[_Robustness] = Field(default_factory=list)
    fills: _Fills | None = None
    venues: list[_VenueNeed] = Field(default_factory=list)
    decay: _Decay | None = None
    break_even: _BreakEven | None = None
    promise: _Promise | None = None
    asked: _MandateSource | None = None
    inputs: _Inputs
    units: dict[str, str]


_PLAN: Final = TypeAdapter(_Plan)


def check_form(saved: Any, name: str) -> None:
    """Refuse a saved plan with a field that is missing, unknown, of another type, or out of its range.

    Raises
    ------
    InputError
        Naming each of those fields, the rule and what came.
    """
    try:
        _PLAN.validate_python(saved)
    except ValidationError as error:
        raise InputError(
            f"{name} is no hedge plan: {_in_words(error)}. Save one with plan.to_json(path)."
        ) from error
    except (RecursionError, OverflowError) as error:
        raise InputError(f"{name} is no hedge plan: a value is too deep or too large.") from error


def _in_words(error: pydantic.ValidationError) -> str:
    """Broken rules: where, the rule, and what came."""
    problems = error.errors(include_url=False)
    found = [f"{where(problem['loc'])}: {rule_broken(problem)}" for problem in problems[:SHOWN]]
    more = [f"{len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
    return " | ".join([*found, *more])
