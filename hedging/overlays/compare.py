"""Overlays side by side: what they cost, what they do to the exposure, where they end."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging.book.book import Book
from hedging.market.chain import OptionChain
from hedging.market.contracts import Option
from hedging.market.market import Market, market_of
from hedging.overlays._picking import FLAT, MONTH, Overlay
from hedging.overlays.overlays import standard
from hedging.paths.paths import grid
from hedging.units import days as days_between

__all__ = ["compare"]


def compare(
    book: Book, chain: OptionChain | Market, overlays: Iterable[Overlay] | None = None
) -> pd.DataFrame:
    """Overlays side by side, judged at the expiry of their last option.

    Parameters
    ----------
    book : Book
    chain : OptionChain or Market
    overlays : iterable of Overlay, optional
        `standard` ones by default.

    Returns
    -------
    DataFrame
        One row an overlay, the bare book first. `execution` and `premium` [money]; `floor` and `cap`: worst and
        best P&L of the whole book over all prices at expiry, as shares of `Book.base` (infinite is
        unbounded); `upside`: units of underlying that go on gaining above all strikes, which is what is left
        of the coins where calls are sold for coin (0 below 0.01 % of the position); `breakeven`: the price nearest to spot at which the book
        is worth what it is now [money]; `delta` [units], `delta_value` [money], `gamma` [units per 1.00 of
        spot], `vega` [money per vol point], `theta` [money per day] after the trade, and `carry_day`: the
        change in theta it brings. [money per day]

    Raises
    ------
    InputError
        If the book holds another asset or is worth nothing, or no overlay can be built.

    Notes
    -----
    Floor and cap are exact where every option has expired by then: the value is piecewise linear between the
    strikes, so zero, the strikes and the two slopes decide.
    """
    market = market_of(chain)
    overlays = standard(book, market.chain) if overlays is None else list(overlays)
    book.check_assets(market)
    before = book.exposure(market)
    rows = []
    for overlay in [Overlay("no hedge", ()), *overlays]:
        after = (book + overlay).exposure(market)
        rows.append(
            {
                "overlay": overlay.name,
                "execution": overlay.cost.execution,
                "premium": overlay.cost.premium,
                **_extremes(book, overlay, market),
                "delta": after.delta,
                "delta_value": after.delta_value,
                "gamma": after.gamma,
                "vega": after.vega,
                "theta": after.theta,
                "carry_day": after.theta - before.theta,
            }
        )
    return pd.DataFrame(rows).set_index("overlay")


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """`compare`'s table as text: money in whole units, floor and cap in percent, a dash for what is not there."""
    forms = dict.fromkeys(("floor", "cap"), "{:.1%}")
    forms |= dict.fromkeys(("upside", "delta"), "{:,.3f}") | {"gamma": "{:.3g}", "breakeven": "{:,.8g}"}

    def text(name: str, value: float) -> str:
        if math.isnan(value):
            return "-"
        return "unbounded" if math.isinf(value) else forms.get(name, "{:,.0f}").format(value + 0.0)

    return pd.DataFrame(
        {name: [text(str(name), x) for x in table[name]] for name in table}, index=table.index
    )


def _extremes(book: Book, overlay: Overlay, market: Market) -> dict[str, float]:
    """Floor, cap and breakeven of the book with an overlay at its last expiry."""
    base, _ = book.base(market)
    hedged = book + overlay
    bought = [leg.instrument for leg in overlay.legs if isinstance(leg.instrument, Option)]
    horizon = max((days_between(market.as_of, option.expiry) for option in bought), default=MONTH[1])
    held = [h.instrument.strike for h in hedged.of(market.asset) if isinstance(h.instrument, Option)]
    prices = np.unique(np.array([1e-9 * market.spot, market.spot, *held, 1e6 * market.spot]))
    paths = grid(prices / market.spot - 1.0, days=[horizon])
    pnl = hedged.values(market, paths)[:, 0].sum(axis=1) + hedged.cash - book.value(market)
    upside = float((pnl[-1] - pnl[-2]) / (prices[-1] - prices[-2]))
    if abs(upside) <= FLAT * book.position(market.asset):
        prices, pnl, upside = prices[:-1], pnl[:-1], 0.0
    return {
        "floor": -math.inf if upside < 0.0 else float(pnl.min() / base),
        "cap": math.inf if upside > 0.0 else float(pnl.max() / base),
        "upside": upside,
        "breakeven": _nearest_zero(prices, pnl, market.spot),
    }


def _nearest_zero(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], near: float) -> float:
    """Zero of a piecewise linear curve nearest to a point, NaN if there is none."""
    left, right = y[:-1], y[1:]
    crosses = np.flatnonzero((left * right <= 0) & (left != right))
    if not crosses.size:
        return math.nan
    zeros = x[crosses] - left[crosses] * (x[crosses + 1] - x[crosses]) / (right[crosses] - left[crosses])
    return float(zeros[np.abs(zeros - near).argmin()])
