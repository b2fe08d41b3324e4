"""Pictures of orders against the quotes that they take: on the smile, in the sizes shown, in one order book."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from hedging._ground.arguments import must_be
from hedging.book.entering import filled_before
from hedging.book.ladder import Ladder
from hedging.book.legs import Leg, Legs, legs_of
from hedging.errors import InputError
from hedging.market.chain import OptionChain
from hedging.market.contracts import Option, expiry_of
from hedging.market.market import Market, chain_of, market_of
from hedging.market.quoted_vols import quoted_vols
from hedging.plots.legends import legend
from hedging.plots.style import (
    HEDGED,
    MARKERS,
    OVERLAY,
    QUIET,
    UNHEDGED,
    axes_or_new,
    check_drawable,
    figure_or_new,
    ink,
    money,
    money_axis,
    points,
    styled,
)
from hedging.units import years

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["depth", "order_book", "orders"]

MOST_PANELS: Final = 4
USUAL_DAYS: Final = 30.0


def orders(chain: OptionChain | Market, overlay: Legs, *, figure: Figure | None = None) -> Figure:
    """Orders for options against the quotes on the smile: a bar from bid to ask, the surface, a mark an order.

    Parameters
    ----------
    chain : OptionChain or Market
    overlay : plan, overlay or legs
        Its options of the chain's asset; a panel an expiry, the first four.
    figure : Figure, optional
        An empty one to draw on; by default a new one through pyplot.

    Raises
    ------
    InputError
        If no option of the chain is ordered.
    """
    market, ordered = market_of(chain), _ordered(chain_of(chain), overlay)
    made = filled_before(overlay, [market])
    expiries = sorted({leg.instrument.expiry for leg in ordered if isinstance(leg.instrument, Option)})
    vols = quoted_vols(market)
    shown = expiries[:MOST_PANELS]
    with styled(figure):
        figure = figure_or_new(figure, 0.25 + 0.75 * len(shown))
        panels = figure.subplots(len(shown), 1, squeeze=False)[:, 0]
    for ax, expiry in zip(panels, shown, strict=True):
        with styled(ax):
            legs = [leg for leg in ordered if getattr(leg.instrument, "expiry", None) == expiry]
            _panel(ax, market, vols[vols["expiry"] == expiry], legs, made)
    return figure


def _panel(
    ax: Any, market: Market, quotes: pd.DataFrame, legs: Sequence[Leg], made: pd.Timestamp | None
) -> None:
    """One expiry: what is quoted out of the money and near what is ordered, at which prices of when."""
    symbols = {leg.instrument.symbol for leg in legs}
    strikes = [leg.instrument.strike for leg in legs if isinstance(leg.instrument, Option)]
    low, high = min(*strikes, market.spot) * 0.8, max(*strikes, market.spot) * 1.2
    near = quotes[quotes["strike"].between(low, high) & (quotes["out"] | quotes["symbol"].isin(symbols))]
    both = near.dropna(subset=["bid_vol", "ask_vol"])
    ax.vlines(
        both["strike"],
        both["bid_vol"],
        both["ask_vol"],
        color=QUIET,
        linewidth=3.0,
        alpha=0.5,
        label="bid to ask",
    )
    expiry, forward = quotes["expiry"].iloc[0], float(quotes["forward"].iloc[0])
    fine = np.linspace(float(near["strike"].min()), float(near["strike"].max()), 100)
    vols = market.smile.vol_at(np.log(fine / forward), years(market.as_of, expiry))
    ax.plot(fine, vols, color=HEDGED, linewidth=1.2, label="surface")
    by_symbol = quotes.set_index("symbol")
    for place, leg in enumerate(legs):
        row = by_symbol.loc[leg.instrument.symbol]
        bought = leg.quantity > 0
        ax.plot(
            row["strike"],
            row["ask_vol" if bought else "bid_vol"],
            linestyle="none",
            marker=MARKERS[(place + 1) % len(MARKERS)],
            markersize=7,
            color=OVERLAY if bought else UNHEDGED,
            label=f"{leg.side} {abs(leg.quantity):,.6g} {leg.instrument.symbol} at {leg.price_text}",
        )
    if made is not None:
        ax.plot([], [], linestyle="none", label=f"orders: at prices of {made:%d %b %Y}; the marks are of now")
    ax.axvline(market.spot, color=ink(), linewidth=0.8, linestyle=":")
    ax.set(
        title=f"{market.asset}, expiry {expiry:%d %b %Y}",
        xlabel=f"strike [{market.currency}]",
        ylabel="implied vol [% a year]",
    )
    money_axis(ax.xaxis)
    ax.yaxis.set_major_formatter(points)
    legend(ax)


def _ordered(chain: OptionChain, overlay: Legs) -> list[Leg]:
    """Orders for options that the chain lists."""
    listed = set(chain.quotes["symbol"])
    found = [leg for leg in legs_of(overlay) if leg.instrument.symbol in listed]
    if not found:
        raise InputError(f"there is nothing to draw: no option of the {chain.asset} chain is ordered.")
    return found


def depth(
    chain: OptionChain | Market,
    overlay: Legs | None = None,
    *,
    expiry: str | pd.Timestamp | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Sizes that are quoted over the strikes of one expiry, asks up and bids down, and what of them is ordered.

    Parameters
    ----------
    chain : OptionChain or Market
        Out of the money, and what is ordered.
    overlay : plan, overlay or legs, optional
    expiry : str or Timestamp, optional
        By default that of the first option ordered, or the one nearest to 30 days.
    ax : Axes, optional

    Raises
    ------
    InputError
        If the chain has no such expiry, or no sizes.
    """
    quoted, legs = chain_of(chain), legs_of(overlay)
    day = _expiry(quoted, legs, expiry)
    of_day = quoted.quotes[quoted.quotes["expiry"].dt.strftime("%Y-%m-%d") == day]
    if of_day.empty:
        listed = ", ".join(f"{each:%Y-%m-%d}" for each in quoted.expiries["expiry"])
        raise InputError(f"the {quoted.asset} chain has no expiry on {day}; it has {listed}.")
    mine = [leg for leg in legs if leg.instrument.symbol in set(of_day["symbol"])]
    out = (of_day["flag"] == "c") == (of_day["strike"] >= of_day["forward"])
    rows = of_day[out | of_day["symbol"].isin([leg.instrument.symbol for leg in mine])].sort_values("strike")
    if rows[["bid_size", "ask_size"]].isna().all(axis=None):
        raise InputError(
            f"there is nothing to draw: the {quoted.asset} chain says no sizes; tickers and order books do, a book "
            "summary does not."
        )
    with styled(ax):
        ax = axes_or_new(ax)
        strikes = rows["strike"].to_numpy()
        width = 0.8 * float(np.min(np.diff(np.unique(strikes)))) if np.unique(strikes).size > 1 else 1.0
        ax.bar(strikes, rows["ask_size"].fillna(0.0), width, color=OVERLAY, alpha=0.45, label="asks")
        ax.bar(strikes, -rows["bid_size"].fillna(0.0), width, color=UNHEDGED, alpha=0.45, label="bids")
        for place, leg in enumerate(mine):
            assert isinstance(leg.instrument, Option)
            ax.plot(
                leg.instrument.strike,
                leg.quantity,
                linestyle="none",
                marker=MARKERS[(place + 1) % len(MARKERS)],
                markersize=7,
                color=HEDGED,
                label=f"{leg.side} {abs(leg.quantity):,.6g} {leg.instrument.symbol}",
            )
        ax.axhline(0.0, color=ink(), linewidth=0.8)
        ax.axvline(quoted.spot, color=ink(), linewidth=0.8, linestyle=":")
        ax.set(
            xlabel=f"strike [{quoted.terms.currency}]",
            ylabel="contracts at the best quote",
            title=f"{quoted.asset} sizes quoted, expiry {of_day['expiry'].iloc[0]:%d %b %Y}",
        )
        money_axis(ax.xaxis)
        ax.yaxis.set_major_formatter(lambda value, _: money(abs(value)))
        legend(ax)
    return ax


def _expiry(chain: OptionChain, legs: Sequence[Leg], asked: Any) -> str:
    """The day of the expiry that is drawn."""
    if asked is not None:
        return f"{expiry_of(asked):%Y-%m-%d}"
    listed = set(chain.quotes["symbol"])
    for leg in legs:
        if isinstance(leg.instrument, Option) and leg.instrument.symbol in listed:
            return f"{leg.instrument.expiry:%Y-%m-%d}"
    near = (chain.expiries["days"] - USUAL_DAYS).abs()
    if near.empty:
        raise InputError(f"there is nothing to draw: the {chain.asset} chain has no options.")
    return f"{chain.expiries['expiry'].iloc[int(near.argmin())]:%Y-%m-%d}"


def order_book(
    ladder: Ladder, *, name: str = "", quantity: float | None = None, ax: Axes | None = None
) -> Axes:
    """One contract's order book: contracts to be had up to each price, and where an order ends.

    Parameters
    ----------
    ladder : Ladder
        As `hedging.venues.deribit.ladders` makes them, by symbol.
    name : str
        For the title.
    quantity : float, optional
        Signed contracts of an order; the price that it reaches is marked.
    ax : Axes, optional

    Raises
    ------
    InputError
        If the book is empty, or holds less than the order.
    """
    must_be("ladder", ladder, Ladder)
    check_drawable("the order book", [*ladder.bids, *ladder.asks])
    must_be("quantity", quantity, int, float, type(None))
    reached = ladder.reached(quantity) if quantity else None
    with styled(ax):
        ax = axes_or_new(ax)
        for side, levels, color in (("bids", ladder.bids, UNHEDGED), ("asks", ladder.asks, OVERLAY)):
            if levels:
                prices, sizes = np.array(levels).T
                ax.step(
                    [prices[0], *prices],
                    [0.0, *np.cumsum(sizes)],
                    where="post",
                    color=color,
                    marker=".",
                    label=side,
                )
        if reached is not None and quantity:
            told = f"{'buy' if quantity > 0 else 'sell'} {abs(quantity):,.6g}: to {reached.worst:,.6g}"
            ax.plot(reached.worst, abs(quantity), linestyle="none", marker="D", color=HEDGED, label=told)
        ax.set(xlabel="price as quoted", ylabel="contracts up to there", title=f"{name} order book".strip())
        ax.set_ylim(bottom=0.0)
        legend(ax)
    return ax
