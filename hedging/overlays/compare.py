"""Overlays side by side: what they cost, what they do to the exposure, where they end."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._ground.arguments import must_be, takes
from hedging._numerics.crossings import zeros
from hedging.book.book import Book
from hedging.book.pnl import growth_of
from hedging.market.chain import OptionChain
from hedging.market.contracts import Option
from hedging.market.market import Market, market_of
from hedging.overlays._picking import MONTH
from hedging.overlays.compared import RALLIES, Compared, counted_in
from hedging.overlays.overlay import Overlay
from hedging.overlays.standard import standard
from hedging.paths.paths import grid
from hedging.units import days as days_between

__all__ = ["compare"]

# A slope of less than this share of the position is the rest of a lot, and counts as flat.
_FLAT: Final = 1e-4
_DUST: Final = 1e-12  # of the book: what is left of values that cancel


@takes(book=Book)
def compare(book: Book, chain: OptionChain | Market, overlays: Iterable[Overlay] | None = None) -> Compared:
    """Overlays side by side, judged at the expiry of their options, the first where they have several.

    Parameters
    ----------
    book : Book
    chain : OptionChain or Market
    overlays : iterable of Overlay, optional
        `standard` ones by default.

    Returns
    -------
    Compared
        A DataFrame that prints as three tables. One row an overlay, the bare book first. What a book counts in is
        its numeraire, the quote currency or the asset's coin: ``attrs["currency"]``. `days`: when it is judged;
        `execution` and `premium` [currency]; `floor` and `cap`: worst and best P&L of the whole book over all prices
        then, as shares of `Book.base` (infinite is unbounded); `gain_25`, `gain_50`, `gain_100`: the same where spot
        has risen by 25, 50 and 100 %; `upside`: units of underlying that go on gaining above all strikes, which is
        what is left of the coins where calls are sold for coin (0 below 0.01 % of the position); `breakeven`: the
        price nearest to spot at which the book is worth what it is now [money]; `delta` [units], `delta_value`
        [currency], `gamma` [units per 1.00 of spot], `vega` [currency per vol point], `theta` [currency per day]
        after the trade, and `carry_day`: the change in theta it brings. [currency per day]

    Raises
    ------
    InputError
        If the book holds another asset or is worth nothing, or no overlay can be built.

    Notes
    -----
    Floor and cap are exact where every option has expired by then: the value is piecewise linear between the
    strikes, so zero, the strikes and the two slopes decide. Where an option lives longer, the second put of a
    calendar or one that is held, they are the worst and best over 400 prices more. In coin it is the value over
    the price that is judged: puts make coins without end as the price goes to zero, debts lose them so.
    """
    market = market_of(chain)
    overlays = standard(book, market.chain) if overlays is None else _overlays(overlays)
    book.check_assets(market)
    before = book.exposure(market)
    currency = counted_in(book, market)
    unit = market.spot if currency == market.asset else 1.0
    rows = []
    for overlay in [Overlay("no hedge", ()), *overlays]:
        after = (book + overlay).exposure(market)
        rows.append(
            {
                "overlay": overlay.name,
                "days": _horizon(overlay, market),
                "execution": overlay.cost.execution / unit,
                "premium": overlay.cost.premium / unit,
                **_extremes(book, overlay, market),
                "delta": after.delta,
                "delta_value": after.delta_value / unit,
                "gamma": after.gamma,
                "vega": after.vega / unit,
                "theta": after.theta / unit,
                "carry_day": (after.theta - before.theta) / unit,
            }
        )
    table = Compared(pd.DataFrame(rows).set_index("overlay"))
    table.attrs |= {
        "asset": market.asset,
        "currency": currency,
        "money": market.currency,
        "as_of": market.as_of.isoformat(),
    }
    return table


def _overlays(overlays: Iterable[Overlay]) -> list[Overlay]:
    must_be("overlays", overlays, Iterable)
    return [must_be("an overlay", overlay, Overlay) for overlay in overlays]


def _horizon(overlay: Overlay, market: Market) -> float:
    """Days to the first expiry of an overlay's options."""
    options = [leg.instrument for leg in overlay.legs if isinstance(leg.instrument, Option)]
    return min((days_between(market.as_of, option.expiry) for option in options), default=MONTH[1])


def _extremes(book: Book, overlay: Overlay, market: Market) -> dict[str, float]:
    """Floor, cap, rallies and breakeven of the book with an overlay at its first expiry."""
    base, _ = book.base(market)
    hedged, horizon = book + overlay, _horizon(overlay, market)
    prices = _prices(hedged, market, horizon)
    paths = grid(prices / market.spot - 1.0, days=[horizon])
    value = hedged.total(market, paths)[:, 0] + hedged.cash
    growth = np.ravel(growth_of(book, [market], paths))  # one number in money, one a price in coin
    pnl = value / growth - book.value(market)
    pnl[np.abs(pnl) <= _DUST * base] = 0.0
    gains = {
        name: float(np.interp(market.spot * (1.0 + share), prices, pnl)) / base
        for name, share in RALLIES.items()
    }
    upside = float((value[-1] - value[-2]) / (prices[-1] - prices[-2]))
    if abs(upside) <= _FLAT * book.position(market.asset):
        upside = 0.0
    # What goes on without end: money as the price rises, coins as it goes to zero.
    if growth.size == 1:
        endless, inside = upside, slice(None, None if upside else -1)
    else:
        endless = 0.0 if abs(value[0]) <= _FLAT * base else float(value[0])
        inside = slice(0 if endless else 1, None)
    return {
        "floor": -math.inf if endless < 0.0 else float(pnl[inside].min() / base),
        "cap": math.inf if endless > 0.0 else float(pnl[inside].max() / base),
        **gains,
        "upside": upside,
        "breakeven": _nearest_zero(prices[inside], (pnl * growth)[inside], market.spot),
    }


def _prices(hedged: Book, market: Market, horizon: float) -> npt.NDArray[np.float64]:
    """Prices that decide: next to zero, the strikes, rallies, far out; many between where an option lives on."""
    options = [h.instrument for h in hedged.of(market.asset) if isinstance(h.instrument, Option)]
    outlives = any(days_between(market.as_of, option.expiry) > horizon * (1.0 + 1e-9) for option in options)
    between = np.geomspace(0.02, 10.0, 400) if outlives else np.empty(0)
    moves = [1e-9, *between, 1.0, *(1.0 + share for share in RALLIES.values()), 1e6]
    return np.unique([*(market.spot * move for move in moves), *(option.strike for option in options)])


def _nearest_zero(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], near: float) -> float:
    """Zero of a piecewise linear curve nearest to a point, NaN if there is none."""
    found = zeros(x, y)
    return float(found[np.abs(found - near).argmin()]) if found.size else math.nan
