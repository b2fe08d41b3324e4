"""What a plan must reach and what it may use: `Target`, `Limits`, `Outright`. Values only, checked once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from hedging.book.ladder import Ladder
from hedging.errors import InputError
from hedging.market.contracts import FeeRule, Future, Linear, Perpetual, Settlement, Spot
from hedging.market.smile import stickiness
from hedging.planner.request.floors import Floor, checked_floor
from hedging.units import GREEK_UNITS

if TYPE_CHECKING:
    from hedging.planner.programme.margin_rows import MarginLimit

__all__ = ["GREEK_TARGETS", "Band", "Limits", "Outright", "Target", "around"]

Band: TypeAlias = tuple[float | None, float | None]
"""Least and greatest value; None leaves a side open."""


def around(value: float, tolerance: float) -> Band:
    """The band of a value with a tolerance to either side.

    Raises
    ------
    InputError
        If one is no finite number, or the tolerance is below 0.

    Examples
    --------
    >>> around(10.0, 0.5)
    (9.5, 10.5)
    """
    if not (math.isfinite(number(value)) and 0.0 <= number(tolerance) < math.inf):
        raise InputError(
            f"a value with a tolerance is two numbers, the tolerance >= 0; got {value!r} and {tolerance!r}."
        )
    return number(value) - number(tolerance), number(value) + number(tolerance)


GREEK_TARGETS = ("delta", "gamma", "vega", "theta")
BANDS = {name: GREEK_UNITS[name].position for name in GREEK_TARGETS} | {
    "delta_value": "money",
    "gamma_value": "money per 1 % of spot",
    "vega_coin": "units of underlying per vol point",
    "theta_coin": "units of underlying per calendar day",
    "vega_weighted": "money per weighted vol point",
}
"""What may be held in a band, and the unit."""
LOSSES = ("floor", "shortfall", "value_at_risk")
TARGETS = (*BANDS, *LOSSES)
SHARES = (*LOSSES, "budget", "cost", "initial_margin")
"""Limits that are shares of the base."""
LEAST: dict[str, str] = {"cost": "", "worst": "floor", "shortfall": "shortfall"}
"""What a plan may minimise, and the limit whose miss that is."""
COST_WEIGHT = 1e-3
"""Of the cost in the objective where a loss is minimised, which the cost is part of already: of plans that
lose the same, the cheapest."""


def limit_name(greek: str, asset: str, *, several: bool) -> str:
    """What the limit on a Greek is called: the Greek, with the asset where there are several."""
    return f"{greek} {asset}" if several else greek


@dataclass(frozen=True, slots=True)
class Target:
    """What book and plan together must show.

    Attributes
    ----------
    delta, gamma, vega, theta : (low, high), or {asset: (low, high)}, optional
        Bands in the units of `hedging.units.GREEK_UNITS`: [units of underlying], [units per 1.00 of spot],
        [money per vol point], [money per calendar day]. None leaves a side open; a value with a tolerance is
        ``around(10, 0.5)``, see `hedging.planner.around`. A plain band holds for every asset of the book.
    delta_value, gamma_value : band, optional
        The same in money, as in `hedging.book.Exposure`. [money], [money of delta per 1 % of spot]
    vega_coin, theta_coin : band, optional
        Vega and theta in coins at today's price, for who counts in coin. [units of underlying per vol point],
        [units of underlying per calendar day]
    vega_weighted : band, optional
        Time-weighted vega: that of each expiry times the root of `reference_days` over its days left, as
        short vols move more than long ones, about so much more [1]_. [money per vol point at `reference_days`]
    reference_days : float
        The expiry whose vega has a weight of 1. [days]
    delta_rule : {'sticky_strike', 'sticky_moneyness'} or float, optional
        Deltas and gammas of this target know that the surface moves with spot, as in `Smile.move`: a plain
        Black delta is that at sticky strike. See `hedging.book`.
    vega_by_days : {(first, last): (low, high)}, optional
        Bands for the vega of what expires within a window of days; vega of one expiry moves little with
        that of another. Holds for every asset of the book. [days], [money per vol point]
    floor : float or {day: float}, optional
        Least P&L over the scenario set, at all its dates, as a share of the plan's base: -0.15 is a loss of
        at most 15 %. Or by day, {7: -0.08, 30: -0.15}: on those dates only, each its own. [1], [days from now]
    shortfall : float, optional
        Expected shortfall over the `Outcomes` given to the planner: the mean P&L of the worst ``1 - level``
        of them is at least this share of the base. [1]
    value_at_risk : float, optional
        The P&L that the outcomes fall below with a probability of ``1 - level`` at most is this share of the
        base. Exact, outcome by outcome (see `hedging.planner.solver.value_at_risk`), so for some hundreds of them. What lies
        beyond is not looked at: give a floor or a shortfall with it. [1]
    level : float
        Of shortfall and value at risk; 0.95 looks at the worst 5 %.
    minimise : {'cost', 'worst', 'shortfall'}
        What the plan makes as small as the limits allow: its execution cost; the worst loss over the scenario
        set; or the expected shortfall over the outcomes. A loss has all that is paid in it, premium included;
        `Limits.cost` caps what may be spent on it. Where nothing need be lost, the cheapest such plan is
        taken: gains are not hedged for.
    soft : mapping of str to float
        Limits of this target that may be missed, and what a miss costs: [money] per unit of a Greek, and
        per 1 % of the base for floor, shortfall and value at risk. ``"vega_by_days"`` stands for all windows,
        ``"vega_by_days 20-45"`` for one of them. The others hold without exception.

    Raises
    ------
    InputError
        If a band is upside down or empty, a number is NaN, or `floor` is not in [-1, 0].

    References
    ----------
    .. [1] Interactive Brokers, knowledge base 3948: the column "Vega x T-1/2" of its Risk Navigator.

    Examples
    --------
    >>> Target(delta=(8, 12), vega=(0, None), floor=-0.15).band("vega", "BTC")
    (0.0, None)
    """

    delta: Band | Mapping[str, Band] | None = None
    gamma: Band | Mapping[str, Band] | None = None
    vega: Band | Mapping[str, Band] | None = None
    theta: Band | Mapping[str, Band] | None = None
    delta_value: Band | Mapping[str, Band] | None = None
    gamma_value: Band | Mapping[str, Band] | None = None
    vega_coin: Band | Mapping[str, Band] | None = None
    theta_coin: Band | Mapping[str, Band] | None = None
    vega_weighted: Band | Mapping[str, Band] | None = None
    reference_days: float = 30.0
    delta_rule: str | float | None = None
    vega_by_days: Mapping[tuple[float, float], Band] = field(default_factory=dict)
    floor: Floor | None = None
    shortfall: float | None = None
    value_at_risk: float | None = None
    level: float = 0.95
    minimise: Literal["cost", "worst", "shortfall"] = "cost"
    soft: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in BANDS:
            given = getattr(self, name)
            if isinstance(given, Mapping):
                _check_assets(name, given)
                checked: Any = {asset: _band(f"{name} of {asset}", band) for asset, band in given.items()}
            else:
                checked = None if given is None else _band(name, given)
            object.__setattr__(self, name, checked)
        for name in ("vega_by_days", "soft"):
            if not isinstance(getattr(self, name), Mapping):
                raise InputError(
                    f"{name} must be a mapping, such as {{...: ...}}; got {getattr(self, name)!r}."
                )
        windows = {
            _window(days): _band(f"vega of {days} days", band) for days, band in self.vega_by_days.items()
        }
        object.__setattr__(self, "vega_by_days", windows)
        object.__setattr__(self, "floor", checked_floor(self.floor, _loss))
        for name in ("shortfall", "value_at_risk"):
            _loss(name, getattr(self, name))
        if not 0.0 < number(self.reference_days) < math.inf:
            raise InputError(f"reference_days must be a number of days > 0; got {self.reference_days!r}.")
        if self.delta_rule is not None:
            stickiness(self.delta_rule if isinstance(self.delta_rule, str) else number(self.delta_rule))
        if not 0.0 < number(self.level) < 1.0:
            raise InputError(f"level must lie between 0 and 1, such as 0.95; got {self.level!r}.")
        if self.minimise not in tuple(LEAST):
            raise InputError(f"minimise must be one of {', '.join(LEAST)}; got {self.minimise!r}.")
        if self.least and getattr(self, self.least) is not None:
            raise InputError(
                f"minimise={self.minimise!r} finds the best {self.least} there is: leave out {self.least}="
                f"{getattr(self, self.least)!r}, or minimise the cost of keeping it."
            )
        limited = [name for name in TARGETS if getattr(self, name) is not None]
        limited += ["vega_by_days", *map(window_name, windows)] if windows else []
        for name, price in self.soft.items():
            if name not in limited:
                raise InputError(
                    f"soft may name targets that are set, here {', '.join(limited) or 'none'}; got {name!r}."
                )
            if not 0.0 <= number(price) < math.inf:
                raise InputError(f"the price of missing {name} must be a number >= 0; got {price!r}.")

    @property
    def least(self) -> str:
        """The limit whose miss is minimised, empty where that is the cost."""
        return LEAST[self.minimise]

    @property
    def needs_outcomes(self) -> bool:
        """Whether something is taken over scenarios with probabilities."""
        limited = self.shortfall is not None or self.value_at_risk is not None
        return limited or self.least == "shortfall"

    @property
    def rule_name(self) -> str:
        """What `delta_rule` is called in the name of a limit."""
        return self.delta_rule if isinstance(self.delta_rule, str) else f"stickiness {self.delta_rule:g}"

    def band(self, greek: str, asset: str) -> Band | None:
        """The band that holds for one of `BANDS` of one asset."""
        given = getattr(self, greek)
        return given.get(asset) if isinstance(given, Mapping) else given

    def miss_price(self, limit: str) -> float | None:
        """Price of missing a limit, by its name, by 1 of its unit or 1 % of the base; None if it may not be missed."""
        name, _, which = limit.partition(" ")
        return self.soft.get(f"{name} {which.partition(' ')[0]}", self.soft.get(name))

    def to_dict(self) -> dict[str, Any]:
        """The targets that are set, by name."""
        named = {name: getattr(self, name) for name in TARGETS}
        plain: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
        if isinstance(self.floor, Mapping):
            plain["floor"] = [list(each) for each in self.floor.items()]
        if self.vega_by_days:
            plain["vega_by_days"] = [[*days, *band] for days, band in self.vega_by_days.items()]
        if self.needs_outcomes:
            plain["level"] = self.level
        if self.vega_weighted is not None:
            plain["reference_days"] = self.reference_days
        if self.delta_rule is not None:
            plain["delta_rule"] = self.delta_rule
        if self.least:
            plain["minimise"] = self.minimise
        return plain | ({"soft": dict(self.soft)} if self.soft else {})


@dataclass(frozen=True, slots=True)
class Outright:
    """Trading the underlying itself: spot, the perpetual or dated futures, at a stated spread and fee.

    Futures are those whose expiry lies within `Limits.expiries`: the ones the chain lists, or one for each
    expiry of its options where it lists none. Their fair price is the chain's own forward.

    Attributes
    ----------
    kind : {'spot', 'perpetual', 'future'}
    half_spread : float
        Distance from spot, or the forward, to the price got, as a share of it. [1]
    fee : FeeRule
        What a taker pays.
    settlement : {'coin', 'cash'}
        Of perpetual and futures.
    lot : float
        Smallest order and its increment. [units of underlying]
    """

    kind: Literal["spot", "perpetual", "future"] = "spot"
    half_spread: float = 0.0001
    fee: FeeRule = field(default_factory=lambda: FeeRule(0.0005))
    settlement: Settlement = "coin"
    lot: float = 0.001

    def __post_init__(self) -> None:
        if self.kind not in ("spot", "perpetual", "future"):
            raise InputError(f"kind must be 'spot', 'perpetual' or 'future'; got {self.kind!r}.")
        if self.settlement not in ("coin", "cash"):
            raise InputError(f"settlement must be 'coin' or 'cash'; got {self.settlement!r}.")
        if not isinstance(self.fee, FeeRule):
            raise InputError(f"fee must be a FeeRule, such as FeeRule(0.0005) for 5 bp; got {self.fee!r}.")
        if not 0.0 <= number(self.half_spread) < 1.0:
            raise InputError(f"half_spread must be a share in [0, 1); got {self.half_spread!r}.")
        if not 0.0 < number(self.lot) < math.inf:
            raise InputError(f"lot must be a number > 0; got {self.lot!r}.")

    def instrument(self, asset: str, expiry: pd.Timestamp | None = None) -> Linear:
        """The instrument traded on `asset`; a future needs its expiry.

        Raises
        ------
        InputError
            If a future has none.
        """
        if self.kind == "future":
            if expiry is None:
                raise InputError(f"a future on {asset} needs its expiry.")
            return Future(asset, expiry, self.settlement)
        return Spot(asset) if self.kind == "spot" else Perpetual(asset, self.settlement)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a plan may use; the defaults keep it to what a desk would trade.

    Attributes
    ----------
    budget : float, optional
        Greatest net premium as a share of the plan's base; 0 is zero cost, None is no limit. [1]
    cost : float, optional
        Greatest execution cost, carry to the horizon included, as a share of the base; what a view expects
        to gain is no money to spend. [1]
    max_legs : int
        Greatest number of orders. One that closes an option held counts, so that a roll is two: each has its
        spread, its fee and its ticket.
    expiries : (float, float or None)
        Least and greatest time to expiry. [days]
    deltas : (float, float)
        Least and greatest absolute delta of an option. Deep in-the-money options are sales of the
        underlying in disguise, far ones lottery tickets. [1]
    moneyness : (float, float)
        Least and greatest strike as a multiple of spot. [1]
    min_leg_share : float
        Smallest leg as a share of the position; an order of a few lots protects nobody. [1]
    max_leg_share : float
        Largest leg as a multiple of the position: a hedge of many times what it hedges is another bet. [1]
    outright : tuple of Outright
        Also trade the underlying, as further legs.
    price_per_leg : float
        What each further order must save to earn its place, as a share of the base. [1]
    parsimony : float
        Among plans that cost this share more than the optimum at most, the one with the fewest legs is
        taken, of these the most standard structure, and of that the easiest to trade; see
        `hedging.planner.selection.structure_rank` and `hedging.planner.selection.liquid`. [1]
    quoted_size : bool
        Trade no more than is quoted, where the quoted size is known.
    open_interest_share : float, optional
        Trade no more than this share of a contract's open interest, where that is known. [1]
    depth : mapping of str to Ladder
        Order books of some options by the venue's symbol, as `hedging.book.Ladder`; an order there may reach beyond the best quote, at
        the prices of the levels it takes. Trade no more than they hold, where `quoted_size` is set.
    gross_vega : float, optional
        Greatest sum of the absolute vegas of the orders. [money per vol point]
    initial_margin : InitialMargin, optional
        Greatest initial margin of the account after the plan, and the rules that say what it is; see
        `hedging.margin.InitialMargin`. Where several assets are held, of the account of each.
    close : bool
        Whether options held may be closed, also outside these windows and in any size: from one lot to all of
        it, whatever the leg shares.

    Raises
    ------
    InputError
        If a number is out of its range, or a window upside down.
    """

    budget: float | None = None
    cost: float | None = None
    max_legs: int = 4
    expiries: tuple[float, float | None] = (7.0, None)
    deltas: tuple[float, float] = (0.05, 0.60)
    moneyness: tuple[float, float] = (0.0, math.inf)
    min_leg_share: float = 0.04
    max_leg_share: float = 1.5
    outright: tuple[Outright, ...] = ()
    price_per_leg: float = 0.00005
    parsimony: float = 0.01
    quoted_size: bool = True
    open_interest_share: float | None = None
    depth: Mapping[str, Ladder] = field(default_factory=dict)
    gross_vega: float | None = None
    initial_margin: MarginLimit | None = None
    close: bool = True

    def __post_init__(self) -> None:
        for name in ("budget", "cost"):
            share = getattr(self, name)
            if share is not None and not 0.0 <= number(share) < math.inf:
                raise InputError(
                    f"{name} must be a share >= 0 of the book's value; got {share!r}. 2 % is written 0.02."
                )
        if not (number(self.max_legs) >= 1.0 and number(self.max_legs).is_integer()):
            raise InputError(f"max_legs must be a whole number >= 1; got {self.max_legs!r}.")
        first, last = _pair(self.expiries)  # an open end is infinite
        if not 0.0 <= first <= last:
            raise InputError(f"expiries must be (first day, last day), first <= last; got {self.expiries!r}.")
        low, high = _pair(self.deltas)
        if not 0.0 <= low <= high <= 1.0:
            raise InputError(f"deltas must be 0 <= low <= high <= 1; got {self.deltas!r}.")
        low, high = _pair(self.moneyness)
        if not 0.0 <= low <= high:
            raise InputError(f"moneyness must be 0 <= low <= high; got {self.moneyness!r}.")
        for name in ("open_interest_share", "gross_vega"):
            if getattr(self, name) is not None and not 0.0 < number(getattr(self, name)) < math.inf:
                raise InputError(f"{name} must be a number > 0; got {getattr(self, name)!r}.")
        for name in ("min_leg_share", "price_per_leg", "parsimony"):
            if not 0.0 <= number(getattr(self, name)) < 1.0:
                raise InputError(f"{name} must be a share in [0, 1); got {getattr(self, name)!r}.")
        if not max(self.min_leg_share, 1e-300) <= number(self.max_leg_share) < math.inf:
            raise InputError(
                f"max_leg_share must be a number > 0 and >= min_leg_share; got {self.max_leg_share!r}."
            )
        ladders = self.depth.values() if isinstance(self.depth, Mapping) else (self.depth,)
        if not all(isinstance(ladder, Ladder) for ladder in ladders):
            raise InputError(f"depth must map symbols to Ladder values; got {self.depth!r:.100}.")
        for name in ("quoted_size", "close"):
            if not isinstance(getattr(self, name), bool | np.bool_):
                raise InputError(f"{name} must be True or False; got {getattr(self, name)!r}.")
            object.__setattr__(self, name, bool(getattr(self, name)))
        margin = self.initial_margin
        if margin is not None and (isinstance(margin, type) or not hasattr(margin, "alone")):
            raise InputError(
                "initial_margin takes the rules of the account with the share, such as "
                f"hedging.margin.InitialMargin(hedging.margin.DERIBIT_BTC, 0.1); got {self.initial_margin!r}."
            )
        given: Any = self.outright  # one is taken for a tuple of one
        given = (given,) if isinstance(given, Outright) else given
        given = tuple(given) if isinstance(given, Iterable) else (given,)
        if not all(isinstance(item, Outright) for item in given):
            raise InputError(
                f"outright takes Outright values, such as Outright('spot'); got {self.outright!r}."
            )
        object.__setattr__(self, "outright", given)
        object.__setattr__(self, "max_legs", int(self.max_legs))
        object.__setattr__(self, "expiries", (float(first), float(last) if math.isfinite(last) else None))
        if len({item.kind for item in given}) < len(given):
            raise InputError("outright must name each of spot, perpetual and future at most once.")

    def to_dict(self) -> dict[str, Any]:
        """The limits by name; an uncapped fee shows no cap."""
        plain = asdict(replace(self, initial_margin=None))
        plain["initial_margin"] = None if self.initial_margin is None else self.initial_margin.to_dict()
        plain["moneyness"] = [side if math.isfinite(side) else None for side in self.moneyness]
        for item in plain["outright"]:
            item["fee"] = plain_fee(item["fee"])
        return plain


def plain_fee(fee: dict[str, float]) -> dict[str, float | None]:
    """A fee rule by field, None for no cap: JSON knows no infinity."""
    return {name: None if math.isinf(value) else value for name, value in fee.items()}


def window_name(days: tuple[float, float]) -> str:
    """What the limit on the vega of a window of days is called."""
    return f"vega_by_days {days[0]:g}-{days[1]:g}"


def number(given: Any) -> float:
    """A number as a float, and NaN for anything else: no rule that names what it takes is met by that."""
    if isinstance(given, bool) or not isinstance(given, Real):
        return math.nan
    return float(given)


def _loss(name: str, share: Any) -> Any:
    """A loss as a share, checked; None is none."""
    if share is not None and not -1.0 <= number(share) <= 0.0:
        raise InputError(
            f"{name} must be a share between -1 and 0; got {share!r}. A loss of at most 15 % is written -0.15."
        )
    return share


def _check_assets(name: str, given: Mapping[Any, Any]) -> None:
    """Refuse a mapping by asset that names none."""
    if not given or not all(isinstance(asset, str) for asset in given):
        raise InputError(
            f"{name} by asset must be such as {{'BTC': ...}}; got {given!r}. Leave it out if free."
        )


def _pair(given: Any) -> tuple[float, float]:
    """Two numbers, None for an open end; NaN for anything else."""
    try:
        low, high = given
    except (TypeError, ValueError):
        return math.nan, math.nan
    return number(low), math.inf if high is None else number(high)


def _window(days: Any) -> tuple[float, float]:
    try:
        first, last = (number(day) for day in days)
    except (TypeError, ValueError) as error:
        raise InputError(f"vega_by_days takes windows (first day, last day); got {days!r}.") from error
    if not 0.0 <= first <= last:
        raise InputError(f"vega_by_days takes windows (first day, last day), first <= last; got {days!r}.")
    return first, last


def _band(name: str, given: Any) -> Band:
    """A band as two floats or None, checked."""
    try:
        low, high = given
        band = tuple(None if side is None else number(side) for side in (low, high))
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{name} must be a band (low, high), None for an open side; got {given!r}."
        ) from error
    numbers = [side for side in band if side is not None]
    if not numbers:
        raise InputError(f"{name} must have at least one side; leave it out if it is free.")
    if any(math.isnan(side) or math.isinf(side) for side in numbers):
        raise InputError(f"{name} must be a band of finite numbers, None for an open side; got {given!r}.")
    if len(numbers) == 2 and numbers[0] > numbers[1]:
        raise InputError(f"{name} must be (low, high) with low <= high; got {given!r}. Turn it round.")
    return band  # type: ignore[return-value]
