"""Strikes and expiries of a standard overlay, and how many contracts of it cover a holding."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from hedging.book.book import Book
from hedging.book.legs import Cost, Leg, cost_of, option_leg, orders_frame
from hedging.errors import InputError
from hedging.market.chain import OptionChain
from hedging.market.contracts import Option

__all__ = ["Overlay"]

Window = tuple[float, float]


MONTH: Window = (20.0, 45.0)


# A listed strike further than this from the one asked for is another trade: say so instead of taking it.
STRIKE_TOLERANCE = 0.05


# A slope of less than this share of the position is the rest of a lot, and counts as flat.
FLAT = 1e-4


@dataclass(frozen=True, slots=True)
class Overlay:
    """A named set of legs on a book; ``book + overlay`` is the book after trading it."""

    name: str
    legs: tuple[Leg, ...]

    @property
    def cost(self) -> Cost:
        """What trading it costs, in money."""
        return cost_of(self.legs)

    @property
    def orders(self) -> pd.DataFrame:
        """The order ticket, one row a leg."""
        return orders_frame(self.legs)

    def __repr__(self) -> str:
        head = f"{self.name}: execution {self.cost.execution:,.0f}, net premium {self.cost.premium:,.0f}"
        legs = (
            f"  {leg.side:<4} {abs(leg.quantity):>10,.10g}  {leg.instrument.symbol} at {leg.price_text}"
            for leg in self.legs
        )
        return "\n".join([head, *legs])

    def _repr_html_(self) -> str:
        return f"<b>{self.name}</b>{self.orders.to_html(index=False)}"


@dataclass(frozen=True, slots=True)
class _Pick:
    """Which option to take: a side, and a strike or an absolute delta."""

    flag: str
    side: str
    strike: float | None
    delta: float | None

    def __post_init__(self) -> None:
        if self.strike is None and (self.delta is None or not 0 < self.delta < 1):
            raise InputError(f"give a strike, or a delta between 0 and 1; got delta {self.delta!r}.")
        if self.strike is not None and not self.strike > 0:
            raise InputError(f"strike must be > 0; got {self.strike!r}.")

    @property
    def wanted_delta(self) -> float:
        return math.nan if self.delta is None else self.delta

    def __str__(self) -> str:
        kind = f"{'put' if self.flag == 'p' else 'call'} to {self.side}"
        return f"{kind} at {f'delta {self.delta:g}' if self.strike is None else f'strike {self.strike:g}'}"


def _build(
    name: str, book: Book, chain: OptionChain, coverage: float, days: Window, picks: list[_Pick]
) -> Overlay:
    greeks = chain.greeks(("delta",))["delta"].abs()
    for expiry in _expiries(chain, days):
        symbols = [_find(chain, greeks, expiry, pick) for pick in picks]
        if None not in symbols:
            sides = [1.0 if pick.side == "buy" else -1.0 for pick in picks]
            lot = chain.terms.lot
            legs = [option_leg(chain, str(s), side * lot) for s, side in zip(symbols, sides, strict=True)]
            return Overlay(name, _sized(legs, book, chain, coverage))
    wanted = " and a ".join(str(pick) for pick in picks)
    raise InputError(
        f"no expiry between {days[0]:g} and {days[1]:g} days quotes a {wanted}; widen the window, or ask for "
        "another strike or delta."
    )


def _find(chain: OptionChain, deltas: pd.Series, expiry: pd.Timestamp, pick: _Pick) -> str | None:
    """Symbol of the quoted option nearest to what is asked for, None if there is none."""
    quotes = chain.quotes
    quoted = quotes["ask" if pick.side == "buy" else "bid"].notna()
    rows = quotes[(quotes["flag"] == pick.flag) & (quotes["expiry"] == expiry) & quoted]
    if rows.empty:
        return None
    if pick.strike is None:
        best = int((deltas[rows.index] - pick.wanted_delta).abs().to_numpy().argmin())
    else:
        away = (rows["strike"] / pick.strike - 1.0).abs().to_numpy()
        best = int(away.argmin())
        if away[best] > STRIKE_TOLERANCE:
            return None
    return str(rows["symbol"].iloc[best])


def _expiries(chain: OptionChain, days: Window) -> list[pd.Timestamp]:
    """Expiries inside a window of days, the nearest to its middle first."""
    if not days[0] <= days[1]:
        raise InputError(f"days must be a window (from, to) that ascends; got {days}.")
    table = chain.expiries
    inside = table[(table["days"] >= days[0]) & (table["days"] <= days[1])]
    if inside.empty:
        listed = ", ".join(f"{day:.1f}" for day in table["days"])
        raise InputError(
            f"no expiry lies between {days[0]:g} and {days[1]:g} days; the chain has {listed} days."
        )
    middle = (days[0] + days[1]) / 2.0
    order = (inside["days"] - middle).abs().sort_values(kind="stable").index
    return list(inside.loc[order, "expiry"])


def _long_units(book: Book, chain: OptionChain) -> float:
    held = [h for h in book.of(chain.asset) if not isinstance(h.instrument, Option)]
    units = sum(h.units for h in held)
    if units <= 0:
        raise InputError(
            f"these overlays protect a long position; the book holds {units:g} {chain.asset} in spot, perpetuals "
            "and futures."
        )
    return units


def _sized(one_lot: Sequence[Leg], book: Book, chain: OptionChain, coverage: float) -> tuple[Leg, ...]:
    """Legs of one lot each, made as many whole lots as cover a share of the position."""
    if not (coverage > 0 and math.isfinite(coverage)):
        raise InputError(f"coverage must be a number > 0 (1 covers all); got {coverage!r}.")
    size = abs(one_lot[0].units)
    units = _covered_units(one_lot, book, chain, coverage)
    # The nudge keeps 0.29 * 100 = 28.999999999999996 at 29 lots.
    lots = math.floor(units / size + 1e-9)
    if lots < 1:
        raise InputError(
            f"coverage {coverage:g} of {_long_units(book, chain):g} {chain.asset} is less than one lot of "
            f"{size:g} {chain.asset}."
        )
    return tuple(replace(leg, quantity=round(lots * leg.quantity, 12)) for leg in one_lot)


def _covered_units(legs: Sequence[Leg], book: Book, chain: OptionChain, coverage: float) -> float:
    """Units that a share of the position covers.

    Where upside is sold, premium and fees paid in coin leave fewer coins to deliver: H coins cover
    n = H / (1 + p) units that cost p coins each, or the position ends short of a rally.
    """
    held = _long_units(book, chain)
    sells_upside = any(
        leg.quantity < 0 and not (isinstance(leg.instrument, Option) and leg.instrument.flag == "p")
        for leg in legs
    )
    if not sells_upside:
        return coverage * held
    if coverage > 1:
        raise InputError(f"coverage must be at most 1 where calls or perpetuals are sold; got {coverage!r}.")
    paid = sum(
        (math.copysign(leg.price, leg.quantity) * isinstance(leg.instrument, Option) + leg.fee) / leg.spot
        for leg in legs
        if leg.pays_coin
    )
    return min(coverage * held, held / (1.0 + paid))


def _ascending(overlay: Overlay, *, lower: int, upper: int) -> None:
    low, high = (leg.instrument for leg in (overlay.legs[lower], overlay.legs[upper]))
    if isinstance(low, Option) and isinstance(high, Option) and not low.strike < high.strike:
        raise InputError(f"{overlay.name}: {low.symbol} must have a lower strike than {high.symbol}.")
