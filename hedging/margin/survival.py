"""The first price, and the first moment, at which collateral no longer covers what must stay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._numerics.bisection import first_false
from hedging._numerics.types import Array
from hedging.book.book import Book
from hedging.book.legs import Legs
from hedging.margin.account import Ledger, Margin, MarginModel
from hedging.market.chain import OptionChain
from hedging.market.market import Market, market_of
from hedging.paths.paths import Paths, along, today
from hedging.paths.reactions import STILL, Reaction

__all__ = ["Liquidation", "Survival", "assess", "liquidation_price", "survive"]


FURTHEST_FALL, FURTHEST_RISE = -7.0, 3.0  # in log-price
ROWS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Liquidation:
    """Prices at which an account is liquidated if spot moves there at once; None where none is in reach.

    Attributes
    ----------
    spot : float
        Today's. [money]
    down, up : float or None
        The first on the way down and on the way up. [money]
    """

    spot: float
    down: float | None
    up: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Survival:
    """Collateral and requirement of an account along scenarios.

    Attributes
    ----------
    currency : str
        What the account is kept in.
    days : ndarray, shape (dates,)
    labels : tuple of str
    spot, balance, maintenance : ndarray, shape (scenarios, dates)
        Had the account been left alone: what comes after a liquidation did not happen to its owner.
        [money], [currency], [currency]
    """

    currency: str
    days: Array
    labels: tuple[str, ...]
    spot: Array
    balance: Array
    maintenance: Array

    @property
    def headroom(self) -> Array:
        """Balance less maintenance, shape (scenarios, dates). [currency]"""
        return np.asarray(self.balance - self.maintenance)

    @property
    def survives(self) -> npt.NDArray[np.bool_]:
        """Whether the headroom stays above 0 on every date, shape (scenarios,)."""
        return np.asarray((self.headroom > 0).all(axis=1))

    @property
    def top_up(self) -> Array:
        """Collateral that must be added today for the account to live, 0 where none, shape (scenarios,). [currency]

        Exact for collateral that is the account's own currency and itself takes no requirement.
        """
        return np.asarray(np.maximum(-self.headroom.min(axis=1), 0.0))

    def first(self) -> tuple[Array, Array]:
        """Day and price of the liquidation, NaN where there is none, each of shape (scenarios,).

        Between two dates headroom and log-price are taken as straight lines.
        """
        room = self.headroom
        hit = room <= 0
        last = hit.argmax(axis=1)
        before = np.maximum(last - 1, 0)
        rows = np.arange(len(room))
        high, low = room[rows, before], room[rows, last]
        inside = (last > 0) & (high > low)
        share = np.where(inside, high / np.where(inside, high - low, 1.0), 1.0)
        day = self.days[before] + share * (self.days[last] - self.days[before])
        logs = np.log(self.spot)
        price = np.exp(logs[rows, before] + share * (logs[rows, last] - logs[rows, before]))
        none = ~hit.any(axis=1)
        return np.where(none, np.nan, day), np.where(none, np.nan, price)

    def summary(self) -> pd.DataFrame:
        """One row per scenario: ``survives, day, price, least headroom, top-up``."""
        day, price = self.first()
        return pd.DataFrame(
            {
                "survives": self.survives,
                "day": day,
                "price": price,
                "least headroom": self.headroom.min(axis=1),
                "top-up": self.top_up,
            },
            index=pd.Index(self.labels, name="scenario"),
        )

    def __repr__(self) -> str:
        count = int(self.survives.sum())
        head = f"{count:,} of {len(self.labels):,} scenarios survived; headroom and top-up in {self.currency}"
        return f"{head}\n{self.summary().head(ROWS_SHOWN).to_string(float_format='{:,.6g}'.format)}"

    def _repr_html_(self) -> str:
        from html import escape

        head, *_ = repr(self).splitlines()
        return f"<p>{escape(head)}</p>{self.summary().head(ROWS_SHOWN).to_html(border=0)}"


def assess(
    book: Book,
    market: OptionChain | Market,
    model: MarginModel,
    overlay: Legs | None = None,
) -> Margin:
    """Balance and requirements of an account now.

    Parameters
    ----------
    book : Book
        All of the account; coins are spot holdings.
    market : OptionChain or Market
    model : MarginModel
    overlay : plan, overlay or legs, optional
        Bought from the account first.
    """
    ledger = Ledger(_with(book, overlay), market_of(market))
    return model.assess(next(ledger.along(today())))


def liquidation_price(
    book: Book,
    market: OptionChain | Market,
    model: MarginModel,
    overlay: Legs | None = None,
    *,
    reaction: Reaction = STILL,
) -> Liquidation:
    """First prices down and up at which an account is liquidated, by revaluing all of it.

    Parameters
    ----------
    book, market, model, overlay
        As in `assess`.
    reaction : Reaction
        What vol does on the way; by default each moneyness keeps its vol.

    Returns
    -------
    Liquidation

    Notes
    -----
    Requirements of options may jump, so the way is scanned in steps of 0.7 % down and 0.3 % up before the
    first crossing is closed in on; a dip between two steps would be missed.
    """
    found = market_of(market)
    ledger = Ledger(_with(book, overlay), found)

    def alive(log_price: Array) -> npt.NDArray[np.bool_]:
        paths = along([0.0], log_price[:, None], reaction=reaction)
        return np.asarray(model.assess(next(ledger.along(paths))).headroom > 0)

    ends = (first_false(alive, end) for end in (FURTHEST_FALL, FURTHEST_RISE))
    down, up = (None if end is None else found.spot * float(np.exp(end)) for end in ends)
    return Liquidation(found.spot, down, up)


def survive(
    book: Book,
    market: OptionChain | Market,
    paths: Paths,
    model: MarginModel,
    overlay: Legs | None = None,
) -> Survival:
    """Follow an account along scenarios: collateral, requirement, first liquidation, top-up.

    Parameters
    ----------
    book, market, model, overlay
        As in `assess`.
    paths : Paths

    Returns
    -------
    Survival
    """
    found = market_of(market)
    ledger = Ledger(_with(book, overlay), found)
    margins = [model.assess(account) for account in ledger.along(paths)]
    return Survival(
        currency=found.currency if margins[0].currency == "cash" else margins[0].currency,
        days=paths.days,
        labels=paths.labels,
        spot=found.spot * paths.spot,
        balance=np.stack([margin.balance for margin in margins], axis=1),
        maintenance=np.stack([margin.maintenance for margin in margins], axis=1),
    )


def _with(book: Book, overlay: Legs | None) -> Book:
    return book if overlay is None else book + overlay
