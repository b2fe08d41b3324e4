"""What a plan does to the margin accounts of a book, as values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from hedging._ground.cells import on_day, when
from hedging._ground.shown import Shown
from hedging.book.accounts import called
from hedging.planner.request.wording import figure, move, per_cent

__all__ = ["AccountSurvival", "Least", "LiquidationMove", "Prices"]

Prices: TypeAlias = tuple[float | None, float | None]
"""On the way down and on the way up; None where none is in reach. [money]"""


@dataclass(frozen=True, slots=True, repr=False)
class LiquidationMove(Shown):
    """Prices of one asset at which an account is liquidated, if spot moves there at once, without and with a plan.

    Attributes
    ----------
    account : str
        Its name, with the purse where it is several.
    model : str
        As `hedging.book.DeclaredAccount` names it.
    asset : str
        The one that moves; others in the account stay.
    spot : float
        Today's; it is also the liquidation price of an account that is below its maintenance already. [money]
    before, after : (float or None, float or None)
        [money]
    assumed : bool
        True where the book declares no account, and all of it is taken to lie in one.
    """

    account: str
    model: str
    asset: str
    spot: float
    before: Prices
    after: Prices
    assumed: bool = False

    @property
    def nearer(self) -> bool:
        """Whether the plan brings liquidation nearer on either side."""
        sides = zip((1.0, -1.0), self.before, self.after, strict=True)
        return any(
            now is not None and (then is None or sign * (now - then) > 1e-9 * self.spot)
            for sign, then, now in sides
        )

    def __str__(self) -> str:
        rules = f"{self.model} margin"
        where = f"{rules} assumed of all of the book" if self.assumed else f"{called(self.account)}, {rules}"
        return f"{self.asset} {self._told()} ({where})"

    def _told(self) -> str:
        then, now = self._is_below(self.before), self._is_below(self.after)
        today = f"below maintenance at today's {self.spot:,.6g} already"
        if then and now:
            return (
                f"{today}, without the plan and with it: it is liquidated at once unless collateral is added"
            )
        if then:
            return f"{today} without the plan; with it {self._after() or 'no price liquidates it'}"
        sides = [
            self._side(*each)
            for each in zip(("down", "up"), self.before, self.after, strict=True)
            if any(price is not None for price in each[1:])
        ]
        if now:
            sides = [f"{way} at {self._price(price)}" for way, price in self._sides(self.before)]
            before = " and ".join(sides) or "at no price"
            return f"{before} before; BELOW MAINTENANCE at today's {self.spot:,.6g} with the plan: NEARER"
        return f"{'; '.join(sides)}: {'NEARER' if self.nearer else 'not nearer'} with the plan"

    def _is_below(self, prices: Prices) -> bool:
        """Whether the account is below its maintenance where spot is today."""
        return any(price == self.spot for price in prices)

    @staticmethod
    def _sides(prices: Prices) -> list[tuple[str, float]]:
        named = zip(("down", "up"), prices, strict=True)
        return [(way, price) for way, price in named if price is not None]

    def _after(self) -> str:
        return " and ".join(f"{way} at {self._price(price)}" for way, price in self._sides(self.after))

    def _side(self, way: str, then: float | None, now: float | None) -> str:
        return f"{way} at {self._price(then)} before, {self._price(now)} after"

    def _price(self, price: float | None) -> str:
        return "no price" if price is None else f"{price:,.6g} ({price / self.spot - 1.0:+.1%})"

    def to_dict(self) -> dict[str, Any]:
        """The prices by name."""
        named = {name: dict(zip(("down", "up"), getattr(self, name), strict=True)) for name in _TIMES}
        return asdict(self) | named | {"nearer": self.nearer}

    @staticmethod
    def from_dict(saved: dict[str, Any]) -> LiquidationMove:
        """The value that `to_dict` gave."""
        named = {name: (saved[name]["down"], saved[name]["up"]) for name in _TIMES}
        plain = {name: value for name, value in saved.items() if name != "nearer"}
        return LiquidationMove(**(plain | named))


_TIMES = ("before", "after")


@dataclass(frozen=True, slots=True, repr=False)
class Least(Shown):
    """Where an account has least above its maintenance.

    Attributes
    ----------
    share : float
        Of the plan's base, at the prices there; not above 0 where it is liquidated. [1]
    scenario : str
    day : float
        [days]
    dies : float or None
        First day on which it is liquidated in any scenario. [days]
    """

    share: float
    scenario: str
    day: float
    dies: float | None

    def __str__(self) -> str:
        return self.told(None)

    def told(self, as_of: Any) -> str:
        """In words, with dates where it is known what day 0 was."""
        where = f"at {self.scenario}, {when(as_of, self.day)}"
        if self.dies is None:
            return f"lives, {per_cent(self.share)} of the base left at least, {where}"
        return f"is LIQUIDATED from {on_day(as_of, self.dies)} on, short of {per_cent(-self.share)} of the base {where}"


@dataclass(frozen=True, slots=True, repr=False)
class AccountSurvival(Shown):
    """How an account stands through what it must live through, without and with a plan.

    Attributes
    ----------
    account : str
        Its name, with the purse where it is several.
    currency : str
    before, after : Least
    top_up_before, top_up_after : float or None
        Collateral that must be added today for it to live instead of the plan, and beside it; None where that is
        out of all proportion. [currency]
    between : Least or None
        The worst place found with the plan between the nodes, on a finer grid of levels and dates; None where it is no
        worse than they are.
    reach : (float, float) or None
        Least and greatest move of spot that was looked at, of any asset; None in files that do not say. [1]
    """

    account: str
    currency: str
    before: Least
    after: Least
    top_up_before: float | None
    top_up_after: float | None
    between: Least | None = None
    reach: tuple[float, float] | None = None

    def __str__(self) -> str:
        return self.told(None)

    def told(self, as_of: Any) -> str:
        """In a sentence, with dates where it is known what day 0 was."""
        text = f"{self.account} {self.after.told(as_of)}"
        if self.reach is not None:
            text += f", of spot from {move(1.0 + self.reach[0])} to {move(1.0 + self.reach[1])}"
        if self.between is not None:
            text += f" (between the nodes, of which nothing is proven, it {self.between.told(as_of)})"
        text += f"; without the plan it {self.before.told(as_of)}"
        if self.top_up_before is None:
            text += "; no top-up in proportion would do instead"
        elif self.top_up_before > 0.0:
            text += f"; a top-up of {figure(self.top_up_before, 4)} {self.currency} would do instead"
        if self.top_up_after:
            text += f", with the plan {figure(self.top_up_after, 4)} {self.currency}"
        return text

    def to_dict(self) -> dict[str, Any]:
        """The numbers by name."""
        return asdict(self)

    @staticmethod
    def from_dict(saved: dict[str, Any]) -> AccountSurvival:
        """The value that `to_dict` gave."""
        known = {name: Least(**saved[name]) for name in (*_TIMES, "between") if saved.get(name)}
        reach = {"reach": tuple(saved["reach"])} if saved.get("reach") else {}
        return AccountSurvival(**(saved | known | reach))
