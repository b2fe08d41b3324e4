"""`Subject`: what a report is about, checked once; what its sections have in common is asked here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from hedging.book import Book, Leg
from hedging.book.entering import counted_from, filled_before
from hedging.book.legs import Orders
from hedging.errors import InputError
from hedging.market import Chains, Market, Option, markets_of
from hedging.planner import Check, HedgePlan, audit
from hedging.planner.explain.liquidation import liquidations, margined
from hedging.planner.request.turning import end_of
from hedging.planner.result.belonging import check_book, days_since
from hedging.report.words import amount, places, signed, stamp
from hedging.units import days

__all__ = ["InputFile", "Subject"]

DAY_DIGITS = 10  # of a day: as good as the expiry itself
HORIZON = 30.0  # days, where no plan says


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that the page was made of.

    Attributes
    ----------
    what, name, sha256 : str
        What it holds, its name, and the digest of its bytes.
    """

    what: str
    name: str
    sha256: str


@dataclass(frozen=True, eq=False)
class Subject:
    """A book, the markets that price it, and what was found out about it.

    Attributes
    ----------
    book : Book
    markets : tuple of Market
    plan : HedgePlan or None
    backtest, screen : mapping or None
        As `to_dict` of a `Comparison` and of a `Screen` gives them.
    files : tuple of InputFile
    command : str
        The command line that writes the same page, empty where there is none.
    """

    book: Book
    markets: tuple[Market, ...]
    plan: HedgePlan | None = None
    backtest: Mapping[str, Any] | None = None
    screen: Mapping[str, Any] | None = None
    files: tuple[InputFile, ...] = field(default=())
    command: str = ""

    @classmethod
    def of(
        cls,
        book: Book,
        chains: Chains,
        plan: HedgePlan | None,
        **more: Any,
    ) -> Subject:
        """The subject, once every asset of book and plan has its market.

        Raises
        ------
        InputError
            If one has not, or there is nothing to report on.
        """
        markets = tuple(markets_of(chains).values())
        book.check_assets(*markets)
        known = [market.asset for market in markets]
        for leg in () if plan is None else plan.legs:
            if leg.instrument.asset not in known:
                raise InputError(
                    f"the plan trades {leg.instrument.symbol}, and the chain is {', '.join(known)}: give the chain that "
                    f"the plan was made on, or a newer one of {leg.instrument.asset}."
                )
        if plan is not None:
            days_since(plan, {market.asset: market for market in markets})
            # Its floor, limits and liquidation would be told of a book that has others.
            check_book(plan, book)
        (book + (() if plan is None else plan)).value(*markets)  # refuses what expired before the quotes
        held = [market for market in markets if market.asset in (*book.assets, *_traded(plan))]
        return cls(book, tuple(held) or markets, plan, **more)

    @cached_property
    def margined(self) -> Book:
        """The book with the accounts that its margin is judged by, as plans judge it."""
        return margined(self.book, self.legs)

    @property
    def legs(self) -> tuple[Leg, ...]:
        """The plan's orders."""
        return () if self.plan is None else self.plan.legs

    def orders_in(self, asset: str) -> Orders:
        """The plan's orders in one asset."""
        legs = (leg for leg in self.legs if leg.instrument.asset == asset)
        return Orders(tuple(legs), None if self.plan is None else self.plan.as_of)

    @property
    def assets(self) -> tuple[str, ...]:
        """Every asset that the page prices."""
        return tuple(market.asset for market in self.markets)

    @property
    def as_of(self) -> pd.Timestamp:
        """When the quotes were taken."""
        return self.markets[0].as_of

    @cached_property
    def made(self) -> pd.Timestamp | None:
        """When the quotes of the plan were taken, if they are older than the page's."""
        return filled_before(self.plan, self.markets)

    @property
    def at_plan(self) -> str:
        """What a figure of an older plan adds to its name: of which quotes it is."""
        return "" if self.made is None else f", at the quotes of {stamp(self.made)}"

    @property
    def at_page(self) -> str:
        """The same of a figure of the page's own quotes, where the plan's are older."""
        return "" if self.made is None else f", at the quotes of {stamp(self.as_of)}"

    @cached_property
    def liquidated(self) -> tuple[object, ...]:
        """Where accounts are liquidated without and with the plan, from the page's spot; or why that is not known."""
        if self.plan is None or self.made is None:
            return () if self.plan is None else self.plan.liquidations
        moves, unknown = liquidations(self.book, self.markets, self.legs)
        return (*moves, *unknown)

    @property
    def since(self) -> Mapping[str, str]:
        """From when gains count, as a heading adds it; nothing where all of them do from the page's quotes.

        The position counts from the page's quotes, the orders of an older plan from their fills.
        """
        if self.made is None:
            return {"position": "", "hedged": ""}
        return {
            "position": f", since {stamp(self.as_of)}",
            "hedged": f", its orders since {stamp(self.made)}",
        }

    @property
    def bases(self) -> str:
        """The same as one clause of a caption."""
        if self.made is None:
            return ""
        return f"; {counted_from(self.as_of, self.made)}"

    @cached_property
    def standing(self) -> tuple[Check, ...] | str:
        """The limits of an older plan held against the page's quotes, or why that is not known."""
        if self.plan is None or self.made is None:
            return ()
        try:
            return audit(self.plan, self.markets, book=self.book, restore=False).checks
        except InputError as error:
            return str(error)

    @property
    def money(self) -> str:
        """The quote currency."""
        return self.markets[0].currency

    @property
    def currency(self) -> str:
        """What results are judged in: the quote currency, or a coin."""
        return self.book.numeraire if self.book.numeraire in self.assets else self.money

    @cached_property
    def base(self) -> tuple[float, str]:
        """What shares are shares of, and its name. [currency]"""
        value, name = self.book.base(*self.markets)
        price = next((each.spot for each in self.markets if each.asset == self.currency), 1.0)
        return value / price, name

    @property
    def digits(self) -> int:
        """Digits behind the point that gains are worth showing with."""
        return places(self.base[0])

    @property
    def horizon(self) -> float:
        """Days that the plan was asked for. [days]"""
        return HORIZON if self.plan is None else float(self.plan.inputs["horizon_days"])

    @property
    def end(self) -> float:
        """The day that counts as the horizon, as for the plan's floor. [days]"""
        return end_of(self.horizon, self.expiries)

    @cached_property
    def expiries(self) -> tuple[float, ...]:
        """Days to each expiry of an option held or ordered, ascending. [days]"""
        items = [held.instrument for held in self.book.holdings] + [leg.instrument for leg in self.legs]
        lives = {
            round(days(self.as_of, item.expiry), DAY_DIGITS) for item in items if isinstance(item, Option)
        }
        return tuple(sorted(lives))

    def amount(self, value: float | None) -> str:
        """A sum in the currency of the page."""
        return amount(value, self.digits)

    def gain(self, value: float | None) -> str:
        """A gain in the currency of the page."""
        return signed(value, self.digits)


def _traded(plan: HedgePlan | None) -> tuple[str, ...]:
    return () if plan is None else tuple(leg.instrument.asset for leg in plan.legs)
