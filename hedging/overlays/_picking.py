"""Strikes and expiries of an overlay: the nearest option that is really quoted, or why there is none."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd

from hedging._ground.counts import number_of
from hedging.errors import InputError
from hedging.market.chain import OptionChain
from hedging.market.stubs import OFF_MARK, distance_from_mark
from hedging.units import DAYS_PER_YEAR

__all__ = ["FAR", "MONTH", "Finder", "Found", "Pick", "Tolerance", "Window"]

Window = tuple[float, float]

MONTH: Window = (20.0, 45.0)
"""Days to expiry; with two expiries, of the nearer one, which is sold."""

FAR: Window = (45.0, 100.0)
"""Days to expiry of the leg that is bought behind one sold nearer."""

_SAME = 1e-9  # strikes this near are one


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a listed option may be from the one asked for, and its quote from its mark.

    Beyond that it is another trade: it is refused by name, with the nearest there is.

    Attributes
    ----------
    strike : float
        Largest distance from a strike asked for. [share of it]
    delta : float
        Largest distance from an absolute delta asked for. [1]
    off_mark : float
        Largest distance of the bid sold at, or the ask bought at, from the mark: beyond it the quote is a stub that
        is named and passed over. Infinity consents to trade any quote, also one that no vol fits if its strike
        was asked for. [share of the mark]
    """

    strike: float = 0.05
    delta: float = 0.10
    off_mark: float = OFF_MARK

    def __post_init__(self) -> None:
        for f in fields(self):
            if not (isinstance(value := getattr(self, f.name), int | float) and value > 0):
                raise InputError(f"tolerance of {f.name} must be a number > 0; got {value!r}.")


@dataclass(frozen=True, slots=True)
class Pick:
    """Which option to take: a side, and a strike or an absolute delta.

    `lots` are taken for one of what covers; `far` takes it from the later of two expiries; `as_first` at the strike
    of the first pick.
    """

    flag: str
    side: str
    strike: float | None = None
    delta: float | None = None
    lots: float = 1.0
    far: bool = False
    as_first: bool = False

    def __post_init__(self) -> None:
        if self.strike is not None and not (self.strike > 0 and math.isfinite(self.strike)):
            raise InputError(f"strike must be > 0 and finite; got {self.strike!r}.")
        if self.strike is None and not self.as_first and (self.delta is None or not 0 < self.delta < 1):
            raise InputError(f"give a strike, or a delta between 0 and 1; got delta {self.delta!r}.")

    @property
    def quote(self) -> str:
        """The side of the quote that it trades at."""
        return "ask" if self.side == "buy" else "bid"

    @property
    def kind(self) -> str:
        """Put or call."""
        return "put" if self.flag == "p" else "call"

    def __str__(self) -> str:
        where = f"delta {self.delta}" if self.strike is None else f"strike {self.strike:,.8g}"
        return f"{self.kind} to {self.side} at {where}"


@dataclass(frozen=True, slots=True)
class _Miss:
    """Why an expiry has no such option, and how far the nearest is from it in tolerances."""

    pick: Pick
    why: str
    distance: float = math.inf


@dataclass(frozen=True, slots=True)
class Found:
    """Symbols for the picks, and what was passed over on the way to them, in words."""

    symbols: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()


class Finder:
    """Options of one chain that picks may take."""

    def __init__(self, chain: OptionChain, tolerance: Tolerance) -> None:
        self.chain = chain
        self.tolerance = tolerance
        self.delta = chain.greeks(("delta",))["delta"].abs()
        self._flag = chain.quotes["flag"].to_numpy()
        self._expiry = pd.DatetimeIndex(chain.quotes["expiry"]).as_unit("ns").asi8
        self._off: dict[str, pd.Series] = {}

    def off(self, side: str) -> pd.Series:
        """How far each quote of a side is from its mark, looked up once. [share of the mark]"""
        if side not in self._off:
            self._off[side] = distance_from_mark(self.chain, side)
        return self._off[side]

    def choose(self, picks: Sequence[Pick], days: Window, far_days: Window | None = None) -> Found:
        """Options for all picks at the first expiries that have them.

        Raises
        ------
        InputError
            If none has; it names the nearest option to the pick that failed.
        """
        misses = []
        for near, far in self._pairs(days, far_days):
            found = self._all(picks, near, far)
            if isinstance(found, Found):
                return found
            misses.append(found)
        if not misses:
            later = FAR if far_days is None else far_days
            raise InputError(
                f"no expiry between {later[0]:g} and {later[1]:g} days is later than one between {days[0]:g} and "
                f"{number_of(days[1], 'day')}; widen a window."
            )
        miss = min(misses, key=lambda each: each.distance)
        window = far_days if far_days is not None and miss.pick.far else days
        raise InputError(
            f"no expiry between {window[0]:g} and {window[1]:g} days quotes a {miss.pick}{self._limit(miss.pick)}: "
            f"{miss.why}. Widen the window, ask for another strike or delta, or loosen the tolerance."
        )

    def candidates(self, flag: str, quote: str, expiry: pd.Timestamp, *, by_strike: bool) -> pd.DataFrame:
        """Options of an expiry that are quoted on a side, with ``delta`` and ``off``, how far that is from the mark.

        A quote without a vol has no delta and no mark to be held against: none is a candidate without consent.
        """
        quotes, off = self.chain.quotes, self.off(quote)
        delta, away = self.delta.to_numpy(), off.to_numpy()
        rows = (self._flag == flag) & (self._expiry == expiry.value) & quotes[quote].notna().to_numpy()
        if not (by_strike and math.isinf(self.tolerance.off_mark)):
            rows &= ~(np.isnan(delta) | np.isnan(away))
        found: pd.DataFrame = quotes[rows].assign(delta=delta[rows], off=away[rows])
        return found

    def stub(self, row: pd.Series, quote: str) -> str | None:
        """Words for a candidate whose quote is further from its mark than is tolerated; None where it is not."""
        if not row["off"] > self.tolerance.off_mark:
            return None
        return (
            f"{row['symbol']} has {'an' if quote == 'ask' else 'a'} {quote} of {row[quote]:,.8g}, {row['off']:.0%} off its "
            f"mark of {row['mark']:,.8g}"
        )

    def _find(
        self, pick: Pick, expiry: pd.Timestamp, strikes: pd.Series | None = None
    ) -> tuple[pd.Series, tuple[str, ...]] | _Miss:
        """Quote nearest to what a pick asks for, among some strikes, and what was passed over; or why there is none."""
        rows = self.candidates(pick.flag, pick.quote, expiry, by_strike=pick.strike is not None)
        if strikes is not None:
            rows = rows[rows["strike"].isin(strikes)]
        if rows.empty:
            return _Miss(pick, f"no {pick.kind} has both {pick.quote} and vol")
        if pick.strike is None:
            away, allowed = (rows["delta"] - (pick.delta or 0.0)).abs(), self.tolerance.delta
        else:
            away, allowed = (rows["strike"] / pick.strike - 1.0).abs(), self.tolerance.strike
            allowed = _SAME if pick.as_first else allowed
        order = away.sort_values(kind="stable").index
        passed: list[str] = []
        for at in order[(away[order] <= allowed).to_numpy()]:
            stub = self.stub(rows.loc[at], pick.quote)
            if stub is None:
                return rows.loc[at], tuple(passed)
            passed.append(f"{stub}: not traded")
        nearest = rows.loc[order[0]]
        what = self.stub(nearest, pick.quote) or f"the nearest is {nearest['symbol']}"
        why = f"{what}, strike {nearest['strike']:,.8g}, delta {nearest['delta']:.2f}"
        return _Miss(pick, why, float(away[order[0]]) / allowed)

    def _all(self, picks: Sequence[Pick], near: pd.Timestamp, far: pd.Timestamp) -> Found | _Miss:
        found, common = Found(), None
        for pick in picks:
            if pick.as_first:  # so the first is one of the strikes that the nearer expiry has too
                common = self.candidates(pick.flag, pick.quote, near, by_strike=True)["strike"]
        for pick in picks:
            if pick.as_first:
                pick = replace(pick, strike=float(self.chain.row(found.symbols[0])["strike"]))
            one = self._find(pick, far if pick.far else near, common)
            if isinstance(one, _Miss):
                return one
            row, passed = one
            found = Found((*found.symbols, str(row["symbol"])), (*found.passed, *passed))
        return found

    def _pairs(self, days: Window, far_days: Window | None) -> Iterator[tuple[pd.Timestamp, pd.Timestamp]]:
        """Expiries near and far in the order to try; one and the same without `far_days`."""
        for near in _expiries(self.chain, days):
            if far_days is None:
                yield near, near
            else:
                yield from ((near, far) for far in _expiries(self.chain, far_days) if far > near)

    def _limit(self, pick: Pick) -> str:
        if pick.as_first:
            return ""
        if pick.strike is None:
            return f" within {self.tolerance.delta:g}"
        return f" within {self.tolerance.strike:.0%}"


def _expiries(chain: OptionChain, days: Window) -> list[pd.Timestamp]:
    """Expiries inside a window of days, the nearest to its middle first."""
    if not days[0] <= days[1]:
        raise InputError(f"days must be a window (from, to) that ascends; got {days}.")
    times, first = np.unique(chain.quotes["time_to_expiry"].to_numpy(), return_index=True)
    away = times * DAYS_PER_YEAR
    inside = (away >= days[0]) & (away <= days[1])
    if not inside.any():
        listed = ", ".join(f"{day:.1f}" for day in away)
        raise InputError(
            f"no expiry lies between {days[0]:g} and {number_of(days[1], 'day')}; the chain has {listed} days."
        )
    middle = (days[0] + days[1]) / 2.0
    order = np.argsort(np.abs(away[inside] - middle), kind="stable")
    return list(chain.quotes["expiry"].iloc[first[inside][order]])
