"""The ways out of one falling position, each measured alike: overlay, short perpetual, proxy, sale, nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from hedging._ground.shown import Shown
from hedging.book import Book, Holding, Leg, cost_of, outright_leg
from hedging.errors import InputError
from hedging.margin import StandardMargin, survive
from hedging.market import Market, Perpetual, Spot
from hedging.paths import STILL, Paths, along
from hedging.planner import Effort, HedgePlan, InfeasibleHedgeError, Outright, Proxy, Target
from hedging.planner.plan import plan
from hedging.planner.request.default_scenarios import default_scenarios
from hedging.scenario import run
from hedging.units import DAYS_PER_YEAR

__all__ = ["Way", "Ways"]

FUNDING_PERIODS_PER_YEAR: Final = 3 * DAYS_PER_YEAR
RALLY: Final = 0.5  # move at which upside given up is measured
FAILED: Final = (-0.70, -0.12)  # 10 October 2025: AVAX and BTC in one day


@dataclass(
    frozen=True, slots=True, eq=False, repr=False
)  # measured: what is not is NaN, which equals nothing
class Way(Shown):
    """One way out of one position; shares are of the position's value today.

    Attributes
    ----------
    coin, way : str
    open : bool
        Whether it exists and keeps the floor; `note` says why not.
    execution : float
        Half spreads and fees. [money]
    carry : float
        Expected a year, what is paid > 0: funding, or premium that decays if nothing moves. [share a year]
    worst, worst_left : float
        Worst loss over the scenarios, the coin alone falling to nothing among them: without and with it.
    crash, crash_left : float
        At the end of the crash path, which the proxy shares: without and with it.
    upside : float
        Of a rise by half, the share that is given up. [1]
    residual : float
        Share of the variance that stays. [1]
    headroom : float
        Least of collateral over maintenance on the way of the crash; none where nothing is margined.
    break_even : float
        Fall of the coin over the horizon that pays for it; none where there is none.
    note : str
    orders : tuple of Leg
    """

    coin: str
    way: str
    open: bool
    execution: float = 0.0
    carry: float = 0.0
    worst: float = -1.0
    worst_left: float | None = None
    crash: float | None = None
    crash_left: float | None = None
    upside: float | None = None
    residual: float | None = None
    headroom: float | None = None
    break_even: float | None = None
    note: str = ""
    orders: tuple[Leg, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values, orders as text."""
        plain = {name: getattr(self, name) for name in self.__slots__ if name != "orders"}
        plain = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in plain.items()}
        return plain | {"orders": [f"{leg.quantity:+g} {leg.instrument.symbol}" for leg in self.orders]}


@dataclass(frozen=True, slots=True)
class Ways:
    """One position, and what its ways out are measured with.

    Attributes
    ----------
    coin : str
    quantity : float
        Coins held, > 0.
    market : Market
        Of the coin; bare where no option is quoted.
    floor : float
        Worst loss to be kept, < 0. [share]
    horizon : float
        [days]
    crash : Paths
        One path of the coin.
    half_spread : float
        Of spot and perpetual, where no chain tells. [share]
    haircut : float
        Of the coin as collateral. [share]
    """

    coin: str
    quantity: float
    market: Market
    floor: float
    horizon: float
    crash: Paths
    half_spread: float
    haircut: float

    @property
    def book(self) -> Book:
        """The position alone."""
        return Book([Holding.spot(self.coin, self.quantity)])

    @property
    def value(self) -> float:
        """Of the position. [money]"""
        return self.quantity * self.market.spot

    def leave(self) -> Way:
        """Nothing is done."""
        return self._measured("leave", (), residual=1.0, note="the whole fall is taken")

    def sell(self) -> Way:
        """Sell as much as keeps the floor with the coin at nothing."""
        legs, share = self._outright(Spot(self.coin))
        return self._measured("sell part", legs, residual=(1.0 - share) ** 2, note=f"sell {share:.0%}")

    def short(self) -> Way:
        """Short as much of the perpetual as keeps the floor with the coin at nothing."""
        rate = (
            0.0 - self.market.funding_8h * FUNDING_PERIODS_PER_YEAR
        )  # longs pay shorts where funding is > 0
        legs, share = self._outright(
            Perpetual(self.coin, "cash"), max(rate, 0.0) * self.horizon / DAYS_PER_YEAR
        )
        paid = share * rate
        execution = cost_of(legs).execution / self.value
        # Nothing uncertain pays for an order: funding that is received counts as carry, never as a saving here.
        needed = (execution + max(paid, 0.0) * self.horizon / DAYS_PER_YEAR) / share
        side = "pays" if paid > 0 else "receives"
        told = (
            f"{side} {abs(paid):.1%} a year at today's funding" if paid else "no funding is known or counted"
        )
        return self._measured(
            "short perpetual",
            legs,
            carry=paid,
            residual=(1.0 - share) ** 2,
            break_even=-needed,
            note=f"short {share:.0%}; {told}; a rally is what liquidates it",
        )

    def overlay(self) -> tuple[Way, HedgePlan | None]:
        """The cheapest overlay of the coin's own options."""
        if self.market.is_bare:
            return Way(self.coin, "overlay", False, note=f"no option on {self.coin} is quoted"), None
        try:
            found = plan(
                self.book,
                self.market,
                Target(floor=self.floor),
                horizon=self.horizon,
                effort=Effort(alternatives=False),
            )
        except (InfeasibleHedgeError, InputError) as error:
            return Way(self.coin, "overlay", False, note=str(error)), None
        note = f"{found.structure}, premium {found.cost.premium / self.value:.1%}"
        return self._measured("overlay", found.legs, residual=0.0, note=note), found

    def proxy(self, stand_in: Proxy, market: Market) -> tuple[Way, HedgePlan | None]:
        """Options of another coin, where they remove more than they leave."""
        name = f"{stand_in.by} puts"
        failed = FAILED[0] - stand_in.downside_beta * FAILED[1]
        recorded = f"on a day like 2025-10-10 ({stand_in.by} {FAILED[1]:.0%}, AVAX {FAILED[0]:.0%}) it leaves {failed:.0%}"
        if not stand_in.usable:
            note = f"{stand_in.verdict} {recorded[0].upper()}{recorded[1:]}."
            return Way(self.coin, name, False, residual=stand_in.residual, note=note), None
        book = stand_in.book(self.quantity, self.market.spot, market.spot)
        try:
            found = plan(
                book,
                market,
                Target(floor=self.floor),
                horizon=self.horizon,
                effort=Effort(alternatives=False),
            )
        except (InfeasibleHedgeError, InputError) as error:
            return Way(self.coin, name, False, residual=stand_in.residual, note=str(error)), None
        own = float(self.crash.spot[0, -1])
        by = max(
            stand_in.downside_beta, 1.0
        )  # a coin that falls less than its proxy has no claim to a deeper one
        shared = along(self.crash.days, np.log(self.crash.spot) / by)
        gain = float(run(book, market, shared, overlay=found.legs).overlay[0, -1]) / self.value
        rally = _to((1.0 + RALLY) ** (1.0 / by), self.horizon)
        lost = -float(run(book, market, rally, overlay=found.legs).overlay[0, -1]) / self.value
        way = Way(
            self.coin,
            name,
            False,  # nothing of another coin keeps a floor of this one
            execution=found.cost.execution,
            carry=_decay(found.legs, book, market, self.horizon, self.value),
            worst_left=-1.0 - max(0.0, -_least_overlay(found.legs, book, market, self.horizon) / self.value),
            crash=own - 1.0,
            crash_left=own - 1.0 + gain,
            upside=lost / RALLY,
            residual=stand_in.residual,
            note=f"keeps no floor: {self.coin} may fall alone; {recorded}",
            orders=found.legs,
        )
        return way, found

    def _outright(self, instrument: Spot | Perpetual, carry: float = 0.0) -> tuple[tuple[Leg, ...], float]:
        """Sell enough that what is left can fall to nothing within the floor, costs included."""
        terms = Outright(
            "spot" if isinstance(instrument, Spot) else "perpetual", half_spread=self.half_spread
        )
        one = outright_leg(instrument, self.market.spot, -1.0, half_spread=terms.half_spread, fee=terms.fee)
        cost = cost_of([one]).execution / self.market.spot
        share = min(1.0, (1.0 + self.floor) / (1.0 - cost - carry))
        quantity = -share * self.quantity
        leg = outright_leg(
            instrument, self.market.spot, quantity, half_spread=terms.half_spread, fee=terms.fee
        )
        return (leg,), share

    def _measured(
        self, way: str, legs: tuple[Leg, ...], *, note: str, carry: float | None = None, **more: float
    ) -> Way:
        """Value the position with some orders in every scenario."""
        nodes = default_scenarios(self.horizon)
        everywhere = run(self.book, self.market, nodes, overlay=legs)
        crash = run(self.book, self.market, self.crash, overlay=legs)
        rally = run(self.book, self.market, _to(1.0 + RALLY, self.horizon), overlay=legs)
        worst = float(everywhere.total.min()) / self.value
        return Way(
            self.coin,
            way,
            worst >= self.floor - 1e-4,
            execution=cost_of(legs).execution,
            carry=_decay(legs, self.book, self.market, self.horizon, self.value) if carry is None else carry,
            worst=float(everywhere.position.min()) / self.value,
            worst_left=worst,
            crash=float(crash.position[0, -1]) / self.value,
            crash_left=float(crash.total[0, -1]) / self.value,
            upside=0.0 - float(rally.overlay[0, -1]) / (RALLY * self.value),
            headroom=self._headroom(legs),
            note=note,
            orders=legs,
            **more,
        )

    def _headroom(self, legs: tuple[Leg, ...]) -> float | None:
        """Least of collateral over maintenance along the crash, with the coin as collateral. [share]"""
        if not any(isinstance(leg.instrument, Perpetual) for leg in legs):
            return None
        model = StandardMargin(
            "cross", initial=0.10, maintenance=0.05, per_unit=0.0, haircuts={self.coin: self.haircut}
        )
        found = survive(self.book, self.market, self.crash, model, overlay=legs)
        return float(found.headroom.min()) / self.value


def _to(level: float, days: float) -> Paths:
    """Spot at a multiple of today's after some days, vol as it is."""
    return along([days], np.array([[math.log(level)]]), reaction=STILL)


def _decay(legs: tuple[Leg, ...], book: Book, market: Market, horizon: float, value: float) -> float:
    """What orders lose a year if spot and vol stay, beyond their execution. [share a year]"""
    if not legs or isinstance(legs[0].instrument, (Spot, Perpetual)):
        return 0.0
    still = run(book, market, _to(1.0, horizon), overlay=legs)
    execution = cost_of(legs).execution
    return (-float(still.overlay[0, -1]) - execution) / value * DAYS_PER_YEAR / horizon


def _least_overlay(legs: tuple[Leg, ...], book: Book, market: Market, horizon: float) -> float:
    return float(np.min(run(book, market, default_scenarios(horizon), overlay=legs).overlay))
