"""What a plan must reach and what it may use: `Target`, `Limits`, `Outright`. Values only, checked once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeAlias

from hedging._ground.bounds import LARGEST, MOST_PRICE
from hedging._ground.cells import SHARE
from hedging._ground.forms import meant
from hedging._ground.numbers import in_digits
from hedging._ground.shown import Shown
from hedging.errors import InputError
from hedging.market.smile import stickiness
from hedging.planner.request.coerce import loss, number
from hedging.planner.request.floors import Floor, checked_floor
from hedging.planner.request.limit import BANDS, FLOOR, LEAST, SHORTFALL, TARGETS, Limit

__all__ = ["COST_WEIGHT", "Band", "Target", "around"]

Band: TypeAlias = tuple[float | None, float | None]
Given: TypeAlias = Band | float | Mapping[str, Band | float]
"""A band for every asset of the book, or one for each; a number is exactly that, in whole lots."""
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


COST_WEIGHT = 1e-3
"""Of the cost in the objective where a loss is minimised, which the cost is part of already: of plans that
lose the same, the cheapest."""


RESIDUAL = 0.2
"""Share by which an asset may be off its beta, where none is given."""
MOST_BETA = 5.0


@dataclass(frozen=True, slots=True, repr=False)
class Target(Shown):
    """What book and plan together must show.

    Attributes
    ----------
    delta, gamma, vega, theta : (low, high), or {asset: (low, high)}, optional
        Bands in the units of `hedging.units.GREEK_UNITS`: [units of underlying], [units per 1.00 of spot],
        [money per vol point], [money per calendar day]. None leaves a side open; a value with a tolerance is
        ``around(10, 0.5)``, see `hedging.planner.around`. A plain band holds for every asset of the book; a number alone, 0,
        is exactly that.
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
    minimise : {'cost', 'worst', 'shortfall', 'margin'}
        What the plan makes as small as the limits allow: its execution cost; the worst loss over the scenario
        set; or the expected shortfall over the outcomes. A loss has all that is paid in it, premium included;
        `Limits.cost` caps what may be spent on it. Where nothing need be lost, the cheapest such plan is
        taken: gains are not hedged for. Or the initial margin of the account that trades, by the rules that it declares
        (``'standard'`` where the book declares none): the cheapest way to free what can be freed within the limits. Not by
        ``'reg-t'`` and ``'cross-portfolio'`` rules, under which no order has a margin of its own.
    joint : {'box', 'beta', 'together'}
        How several assets move under a floor: each anywhere in its own range by itself; the others as their betas to
        the first asset have it, within a band; or all by the same share, which holds nothing of a move of one alone.
    betas : {asset: beta}, optional
        Of the log-price of each other asset to that of the first, for ``joint='beta'``; by default what each lost in
        stress, see `hedging.paths.STRESS_BETA`. [1]
    residual : float
        How far from there each other asset may be, to either side, as a share of its price there. [1]
    robust : bool
        Whether the limits of this target hold on every surface inside the quotes' bid and ask, at the extremes of
        level, skew, term and wings; see `hedging.planner.request.surfaces`. Otherwise on the fitted one, and the plan
        says by how much each moves over the others.
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

    delta: Given | None = None
    gamma: Given | None = None
    vega: Given | None = None
    theta: Given | None = None
    delta_value: Given | None = None
    gamma_value: Given | None = None
    vega_coin: Given | None = None
    theta_coin: Given | None = None
    vega_weighted: Given | None = None
    reference_days: float = 30.0
    delta_rule: str | float | None = None
    vega_by_days: Mapping[tuple[float, float], Band] = field(default_factory=dict)
    floor: Floor | None = None
    shortfall: float | None = None
    value_at_risk: float | None = None
    level: float = 0.95
    minimise: Literal["cost", "worst", "shortfall", "margin"] = "cost"
    joint: Literal["box", "beta", "together"] = "box"
    betas: Mapping[str, float] = field(default_factory=dict)
    residual: float = RESIDUAL
    robust: bool = False
    soft: Mapping[str, float] = field(default_factory=dict)

    _UNITS: ClassVar[Mapping[str, str]] = {
        **BANDS,
        **dict.fromkeys(("floor", "shortfall", "value_at_risk", "level"), SHARE),
        "reference_days": "days",
    }

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
        object.__setattr__(self, "floor", checked_floor(self.floor, loss))
        for name in ("shortfall", "value_at_risk"):
            loss(name, getattr(self, name))
        if not 0.0 < number(self.reference_days) < math.inf:
            raise InputError(f"reference_days must be a number of days > 0; got {self.reference_days!r}.")
        if self.delta_rule is not None:
            stickiness(self.delta_rule if isinstance(self.delta_rule, str) else number(self.delta_rule))
        if not 0.0 < number(self.level) < 1.0:
            raise InputError(f"level must lie between 0 and 1, such as 0.95; got {self.level!r}.")
        if self.minimise not in tuple(LEAST):
            raise InputError(
                f"minimise must be one of {', '.join(LEAST)}; got {self.minimise!r}{meant(str(self.minimise), LEAST) or '.'}"
            )
        if not isinstance(self.robust, bool):
            raise InputError(f"robust must be True or False; got {self.robust!r}.")
        _check_joint(self)
        if self.least in (FLOOR, SHORTFALL) and getattr(self, self.least.kind) is not None:
            raise InputError(
                f"minimise={self.minimise!r} finds the best {self.least} there is: leave out {self.least}="
                f"{getattr(self, self.least.kind)!r}, or minimise the cost of keeping it."
            )
        limited = [name for name in TARGETS if getattr(self, name) is not None]
        limited += ["vega_by_days", *(str(self.window(days)) for days in windows)] if windows else []
        for name, price in self.soft.items():
            if name not in limited:
                raise InputError(
                    f"soft may name targets that are set, here {', '.join(limited) or 'none'}; got {name!r}."
                )
            if not 0.0 <= number(price) <= MOST_PRICE:
                raise InputError(
                    f"the price of missing {name} must be a number >= 0, {in_digits(MOST_PRICE)} at most; got {price!r}."
                )

    @property
    def least(self) -> Limit | None:
        """The limit whose miss is minimised, None where that is the cost."""
        return LEAST[self.minimise]

    @property
    def needs_outcomes(self) -> bool:
        """Whether something is taken over scenarios with probabilities."""
        limited = self.shortfall is not None or self.value_at_risk is not None
        return limited or self.least == SHORTFALL

    @property
    def rule_name(self) -> str:
        """What `delta_rule` is called in the name of a limit; nothing without one."""
        if self.delta_rule is None:
            return ""
        return self.delta_rule if isinstance(self.delta_rule, str) else f"stickiness {self.delta_rule:g}"

    def band(self, greek: str, asset: str) -> Band | None:
        """The band that holds for one of `BANDS` of one asset.

        Raises
        ------
        InputError
            If it is none of them.
        """
        if greek not in BANDS:
            raise InputError(f"greek must be one of {', '.join(BANDS)}; got {greek!r}.")
        given = getattr(self, greek)
        return given.get(asset) if isinstance(given, Mapping) else given

    @staticmethod
    def window(days: tuple[float, float], asset: str = "") -> Limit:
        """The limit on the vega of what expires within a window of days."""
        return Limit("vega_by_days", asset, window=days)

    def miss_price(self, limit: Limit) -> float | None:
        """Price of missing a limit, by 1 of its unit or 1 % of the base; None if it may not be missed."""
        of_all = self.soft.get(limit.kind)
        return of_all if limit.window is None else self.soft.get(str(self.window(limit.window)), of_all)

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
        if self.robust:
            plain["robust"] = True
        if self.joint != "box":
            plain["joint"] = self.joint
        if self.joint == "beta":
            plain |= {"betas": dict(self.betas), "residual": self.residual}
        return plain | ({"soft": dict(self.soft)} if self.soft else {})


def _check_joint(target: Target) -> None:
    """Refuse ways of moving together that there are not, and betas that are none."""
    if target.joint not in ("box", "beta", "together"):
        raise InputError(f"joint must be 'box', 'beta' or 'together'; got {target.joint!r}.")
    if not isinstance(target.betas, Mapping) or not all(
        isinstance(asset, str) and 0.0 < number(beta) <= MOST_BETA for asset, beta in target.betas.items()
    ):
        raise InputError(
            f"betas must map assets to numbers > 0, {MOST_BETA:g} at most, such as {{'ETH': 1.35}}; got {target.betas!r}."
        )
    if not 0.0 <= number(target.residual) < 1.0:
        raise InputError(f"residual must be a share in [0, 1), such as 0.2; got {target.residual!r}.")
    if target.joint != "beta" and (target.betas or target.residual != RESIDUAL):
        raise InputError("betas and residual say how assets follow the first: give joint='beta' with them.")


def _check_assets(name: str, given: Mapping[Any, Any]) -> None:
    """Refuse a mapping by asset that names none."""
    if not given or not all(isinstance(asset, str) for asset in given):
        raise InputError(
            f"{name} by asset must be such as {{'BTC': ...}}; got {given!r}. Leave it out if free."
        )


def _window(days: Any) -> tuple[float, float]:
    try:
        first, last = (number(day) for day in days)
    except (TypeError, ValueError) as error:
        raise InputError(f"vega_by_days takes windows (first day, last day); got {days!r}.") from error
    if not 0.0 <= first <= last:
        raise InputError(f"vega_by_days takes windows (first day, last day), first <= last; got {days!r}.")
    return first, last


def _band(name: str, given: Any) -> Band:
    """A band as two floats or None, checked; a number alone is both sides."""
    if not math.isnan(number(given)):
        given = (given, given)
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
    if not all(abs(side) <= LARGEST for side in numbers):  # also NaN
        raise InputError(
            f"{name} must be a band of finite numbers, {in_digits(LARGEST)} at most, None for an open side; got {given!r}."
        )
    if len(numbers) == 2 and numbers[0] > numbers[1]:
        raise InputError(f"{name} must be (low, high) with low <= high; got {given!r}. Turn it round.")
    return band  # type: ignore[return-value]
