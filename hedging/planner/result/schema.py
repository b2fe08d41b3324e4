"""The form of a saved plan: every field, its type and its range; what a reader holds a file against."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeAlias

import pydantic
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from hedging._ground.reading import rule_broken, where
from hedging.errors import InputError

__all__ = ["check_form"]

LARGEST: Final = 1e18  # of any number of a plan, in any of its units
SHOWN: Final = 4  # mistakes that a message names

Number: TypeAlias = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
Positive: TypeAlias = Annotated[float, Field(gt=0.0, le=LARGEST, allow_inf_nan=False)]
AtLeastZero: TypeAlias = Annotated[float, Field(ge=0.0, le=LARGEST, allow_inf_nan=False)]
Share: TypeAlias = Annotated[float, Field(ge=-1e9, le=1e9, allow_inf_nan=False)]
Pair: TypeAlias = Annotated[list[AtLeastZero], Field(min_length=2, max_length=2)]
Text: TypeAlias = Annotated[str, Field(min_length=1)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Fee(_Row):
    rate: AtLeastZero
    cap: AtLeastZero | None


class _Contract(BaseModel):
    model_config = ConfigDict(strict=True)  # the constructor of the terms knows the others
    settlement: Literal["coin", "cash"]
    currency: Text
    multiplier: Positive
    lot: Positive
    ticks: Annotated[list[Pair], Field(min_length=1)]
    fee: _Fee
    venue: str
    exercise: Literal["european", "american"] = "european"


class _Option(_Row):
    kind: Literal["option"]
    asset: Text
    flag: Literal["c", "p"]
    strike: Positive
    expiry: Text
    contract: _Contract
    venue_symbol: str


class _Dated(_Row):
    kind: Literal["future"]
    asset: Text
    expiry: Text
    settlement: Literal["coin", "cash"]


class _Perpetual(_Row):
    kind: Literal["perpetual"]
    asset: Text
    settlement: Literal["coin", "cash"]


class _Spot(_Row):
    kind: Literal["spot"]
    asset: Text


_Terms: TypeAlias = Annotated[_Option | _Dated | _Perpetual | _Spot, Field(discriminator="kind")]


class _Order(_Row):
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
    terms: _Terms


class _Cost(_Row):
    half_spread: Number
    fees: Number
    carry: Number
    premium: Number
    execution: Number


class _Entering(_Row):
    execution: Number
    quotes: Number
    currency: str
    at_once: Number


class _Exposure(_Row):
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


class _Limit(_Row):
    kind: Text
    asset: str = ""
    window: Pair | None = None
    rule: str = ""
    day: AtLeastZero | None = None
    expiry: Text | None = None


class _Check(_Row):
    limit: Text
    of: _Limit
    value: Number
    low: Number | None
    high: Number | None
    scale: AtLeastZero
    ok: bool


class _Trough(_Row):
    pnl: Number
    share: Share
    scenario: str
    day: AtLeastZero


class _Worst(_Row):
    before: _Trough
    after: _Trough


class _Price(_Row):
    limit: Text
    of: _Limit
    price: Number
    step: Text


class _Driver(_Row):
    scenario: str
    day: AtLeastZero
    weight: Annotated[float, Field(ge=-1e-9, le=1.0 + 1e-9)]


class _Alternative(_Row):
    name: str
    orders: list[_Order]
    cost: _Cost
    misses: list[_Check]
    loss: Share | None = None


class _Lunch(_Row):
    orders: list[_Order]
    gain: Number
    gain_share: Share


class _Agreement(_Row):
    count: Annotated[int, Field(ge=1)]
    largest_gain: Number
    free_lunch: _Lunch | None
    entropy: AtLeastZero | None
    effective: AtLeastZero | None
    largest_gain_left: Number | None
    reweighted: bool


class _Joint(_Row):
    asset: Text
    limits: list[_Limit]
    condition: AtLeastZero | None
    gross: AtLeastZero | None
    one_by_one: AtLeastZero
    expiries: Annotated[int, Field(ge=0)]
    ill: bool


class _Numeraire(_Row):
    unit: Text
    price: Positive
    cost: _Cost
    base: Number
    worst: _Worst


class _LegGreeks(_Row):
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


class _Decay(_Row):
    days: AtLeastZero
    options: Number
    funding: Number
    basis: Number
    total: Number


class _BreakEven(_Row):
    asset: Text
    rate: Number
    below: bool
    structure: str
    cost: Number


class _Prices(_Row):
    down: AtLeastZero | None
    up: AtLeastZero | None


class _LiquidationMove(_Row):
    account: Text
    model: Text
    asset: Text
    spot: Positive
    before: _Prices
    after: _Prices
    assumed: bool
    nearer: bool


class _Least(_Row):
    share: Share
    scenario: str
    day: AtLeastZero
    dies: AtLeastZero | None


class _AccountSurvival(_Row):
    account: Text
    currency: Text
    before: _Least
    after: _Least
    top_up_before: AtLeastZero | None
    top_up_after: AtLeastZero | None


class _Robustness(_Row):
    limit: Text
    of: _Limit
    value: Number
    low: Number
    high: Number
    low_at: str
    high_at: str
    ok: bool


class _Between(_Row):
    filled: list[Text]
    share: Share
    scenario: str
    day: AtLeastZero


class _Fills(_Row):
    order: list[Text]
    best: _Between | None
    worst: _Between | None
    tick_cost: Number
    misses: list[_Check]


class _Holding(_Row):
    instrument: Text
    quantity: Number
    entry: AtLeastZero | None
    account: str = ""
    terms: _Terms


class _Account(_Row):
    name: Text
    model: Text
    cash: Number
    stablecoins: dict[str, Number]
    haircuts: dict[str, Number]
    parameters: dict[str, Number]


class _Transfer(_Row):
    asset: Text
    quantity: Positive
    source: str
    target: str
    day: AtLeastZero | None
    date: Text | None


class _Book(_Row):
    holdings: list[_Holding]
    cash: Number
    numeraire: Text
    accounts: list[_Account] = []
    transfers: list[_Transfer] = []
    orders: str = ""


class _File(_Row):
    name: str
    sha256: str


class _Inputs(BaseModel):
    """What went in. Target, limits and view are checked by their own constructors."""

    model_config = ConfigDict(strict=True)
    files: list[_File]
    as_of: Text
    currency: Text
    spot: dict[str, Positive]
    book: _Book
    target: dict[str, Any]
    limits: dict[str, Any]
    horizon_days: Positive
    scenarios: dict[str, Any]
    outcomes: Annotated[int, Field(ge=1)] | None
    view: dict[str, Any] | None
    funding_8h: dict[str, Number | None]


class _Plan(_Row):
    version: Annotated[int, Field(ge=1)] = 1
    digest: str | None = None
    id: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    status: Literal["optimal", "feasible", "closest"]
    message: str
    objective: Number
    bound: Number
    gap: AtLeastZero
    seconds: AtLeastZero
    nodes: Annotated[int, Field(ge=0)]
    cost: _Cost
    entering: _Entering | None = None
    package_fees: AtLeastZero | None = None
    warnings: list[str] = []
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
    joint_feasibility: list[_Joint] = []
    numeraires: list[_Numeraire] = []
    leg_greeks: list[_LegGreeks] = []
    liquidations: list[_LiquidationMove] = []
    survivals: list[_AccountSurvival] = []
    robustness: list[_Robustness] = []
    fills: _Fills | None = None
    decay: _Decay | None = None
    break_even: _BreakEven | None = None
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
