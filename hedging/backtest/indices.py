"""The rules of Cboe's overlay indices, on any schedule of rolls: PPUT, CLL, CLLZ and BXM.

Their published returns rest on index chains that no file here holds; what is proven is the rule, roll by roll.
The indices trade at the bid or ask of the roll's own settlement; here each roll trades at the snapshot's quotes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import pandas as pd

from hedging._ground.counts import number_of, twelve_digits
from hedging._ground.shown import Shown
from hedging.backtest.state import Decision, State, Wait, waiting
from hedging.book import Holding, Leg, option_leg
from hedging.errors import InputError
from hedging.market import Option, OptionChain

__all__ = ["Cboe", "Part", "bxm", "cll", "cllz", "pput", "roll_fridays"]

Schedule: TypeAlias = "Sequence[pd.Timestamp] | Literal['third-friday', 'last-friday']"


class Part(NamedTuple):
    """One option of an index: puts bought or calls sold at a moneyness, for so many rolls.

    Attributes
    ----------
    flag : str
        ``'p'`` bought, ``'c'`` sold; a put that is sold has a sign of -1.
    sign : float
        +1 bought, -1 sold.
    moneyness : float
        Strike wanted as a share of spot; NaN for the strike that pays for the other parts.
    nearest : {'below', 'above'}
        The closest listed strike on this side of it.
    months : int
        Rolls it lasts.
    """

    flag: Literal["c", "p"]
    sign: float
    moneyness: float
    nearest: Literal["below", "above"]
    months: int


@dataclass(frozen=True, slots=True)
class Cboe(Shown):
    """A rule of Cboe's kind: each part held to its own expiry, then bought or sold anew.

    Attributes
    ----------
    name : str
    parts : tuple of Part
    expiries : tuple of Timestamp or str
        When parts expire and are rolled: stated times, or ``third-friday`` (Cboe's), ``last-friday`` (the
        monthly expiries of Deribit).
    """

    name: str
    parts: tuple[Part, ...]
    expiries: tuple[pd.Timestamp, ...] | Literal["third-friday", "last-friday"] = "third-friday"

    def __call__(self, state: State) -> Decision:
        """Open what is missing; a put above which no new call fits is replaced."""
        chain = state.chain
        held = {_flag(item): item for item in state.overlay if isinstance(item.instrument, Option)}
        units = sum(item.units for item in state.book.holdings if not isinstance(item.instrument, Option))
        lots = math.floor(units / (chain.terms.multiplier * chain.terms.lot) + 1e-9)
        if lots < 1:
            return Wait("the position is less than a lot")
        quantity = twelve_digits(lots * chain.terms.lot)
        legs: list[Leg] = []
        try:
            for part in self.parts:
                if (part.flag, part.sign) not in held:
                    legs.append(self._open(chain, part, quantity, legs))
            return legs + self._crossed(chain, held, legs, quantity)
        except InputError as error:
            return waiting("no roll", error)

    def _open(self, chain: OptionChain, part: Part, quantity: float, legs: Sequence[Leg]) -> Leg:
        """The part's option at the closest listed strike on its side, on the expiry of its roll."""
        expiry = self._expiry(chain, part.months)
        side = "ask" if part.sign > 0 else "bid"
        rows = chain.quotes[(chain.quotes["flag"] == part.flag) & (chain.quotes["expiry"] == expiry)]
        rows = rows[rows[side].notna()].sort_values("strike")
        if math.isnan(part.moneyness):
            return self._paying(chain, rows, part, quantity, legs)
        wanted = part.moneyness * chain.spot
        fits = rows[rows["strike"] <= wanted] if part.nearest == "below" else rows[rows["strike"] >= wanted]
        if fits.empty:
            raise InputError(
                f"no {'put' if part.flag == 'p' else 'call'} {part.nearest} {part.moneyness:.0%} of spot is quoted; wait."
            )
        symbol = fits["symbol"].iloc[-1 if part.nearest == "below" else 0]
        return option_leg(chain, str(symbol), part.sign * quantity)

    def _paying(
        self, chain: OptionChain, rows: pd.DataFrame, part: Part, quantity: float, legs: Sequence[Leg]
    ) -> Leg:
        """The highest-struck call above spot whose premium covers what the other parts cost."""
        due = sum(leg.units * leg.price for leg in legs) / quantity / chain.terms.multiplier
        for symbol in rows.loc[rows["strike"] >= chain.spot, "symbol"][::-1]:
            leg = option_leg(chain, str(symbol), part.sign * quantity)
            if leg.price >= due:
                return leg
        raise InputError("no call above spot pays for the puts; wait.")

    def _crossed(
        self, chain: OptionChain, held: dict[tuple[str, float], Holding], legs: Sequence[Leg], quantity: float
    ) -> list[Leg]:
        """Cross-roll: a new call struck below the standing put replaces that put as well."""
        calls = [leg.instrument for leg in legs if leg.quantity < 0 and _option(leg.instrument).flag == "c"]
        standing = next((item for (flag, sign), item in held.items() if flag == "p" and sign > 0), None)
        if standing is None or not calls or _option(calls[0]).strike >= _option(standing.instrument).strike:
            return []
        part = next(part for part in self.parts if part.flag == "p" and part.sign > 0)
        closing = option_leg(chain, standing.instrument.symbol, -standing.quantity)
        return [closing, self._open(chain, part, quantity, ())]

    def _expiry(self, chain: OptionChain, months: int) -> pd.Timestamp:
        """The listed expiry of the roll that is so many rolls away."""
        listed = list(pd.DatetimeIndex(chain.expiries["expiry"]))
        if isinstance(self.expiries, str):
            day = roll_fridays(chain.as_of, months, self.expiries)[-1]
            found = [expiry for expiry in listed if expiry.normalize() == day]
        else:
            ahead = [expiry for expiry in self.expiries if expiry > chain.as_of][:months]
            found = [expiry for expiry in listed if len(ahead) == months and expiry == ahead[-1]]
        if not found:
            raise InputError(f"the chain lists no expiry {number_of(months, 'roll')} ahead; wait.")
        return found[0]


def roll_fridays(after: pd.Timestamp, count: int, rule: str = "third-friday") -> list[pd.Timestamp]:
    """The next third, or last, Fridays of a month whose day is not over at a time, at midnight UTC.

    Examples
    --------
    >>> [f"{day:%d %b}" for day in roll_fridays(pd.Timestamp("2026-01-16T09:00Z"), 2)]
    ['20 Feb', '20 Mar']
    >>> [f"{day:%d %b}" for day in roll_fridays(pd.Timestamp("2026-01-16T09:00Z"), 2, "last-friday")]
    ['30 Jan', '27 Feb']
    """
    found: list[pd.Timestamp] = []
    month = after.normalize().replace(day=1)
    while len(found) < count:
        fridays = pd.date_range(month, month + pd.offsets.MonthEnd(1), freq="W-FRI")
        day = fridays[2] if rule == "third-friday" else fridays[-1]
        if day > after.normalize():
            found.append(day)
        month = month + pd.offsets.MonthBegin(1)
    return found


def pput(expiries: Schedule = "third-friday") -> Cboe:
    """PPUT: a one-month put at 95 %, the closest listed strike below, rolled when it expires."""
    return Cboe("pput", (Part("p", 1.0, 0.95, "below", 1),), _days(expiries))


def bxm(expiries: Schedule = "third-friday") -> Cboe:
    """BXM: a one-month call just above spot, sold and rolled when it expires."""
    return Cboe("bxm", (Part("c", -1.0, 1.0, "above", 1),), _days(expiries))


def cll(expiries: Schedule = "third-friday") -> Cboe:
    """CLL: a three-month put at 95 % and a one-month call at 110 %, each rolled when it expires.

    Where a new call would be struck below the standing put, that put is replaced too.
    """
    return Cboe("cll", (Part("p", 1.0, 0.95, "below", 3), Part("c", -1.0, 1.10, "above", 1)), _days(expiries))


def cllz(expiries: Schedule = "third-friday") -> Cboe:
    """CLLZ: a one-month put spread, 2.5 % to 5 % below spot, paid for by the highest call that does."""
    parts = (
        Part("p", 1.0, 0.975, "below", 1),
        Part("p", -1.0, 0.95, "below", 1),
        Part("c", -1.0, math.nan, "above", 1),
    )
    return Cboe("cllz", parts, _days(expiries))


def _days(expiries: Schedule) -> tuple[pd.Timestamp, ...] | Literal["third-friday", "last-friday"]:
    if not isinstance(expiries, str):
        return tuple(sorted(expiries))
    if expiries not in ("third-friday", "last-friday"):
        raise InputError(f"expiries must be times, 'third-friday' or 'last-friday'; got {expiries!r}.")
    return expiries


def _flag(held: Holding) -> tuple[str, float]:
    return _option(held.instrument).flag, math.copysign(1.0, held.quantity)


def _option(item: object) -> Option:
    assert isinstance(item, Option)
    return item
