"""Gain over spot: a curve a date, with strikes, entry, breakeven and floor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hedging import scenario
from hedging._ground.cells import figure
from hedging._ground.counts import number_of
from hedging.book.book import Book
from hedging.book.legs import Leg, Legs, legs_of
from hedging.market.contracts import Option
from hedging.market.market import Chains
from hedging.plots.legends import legend
from hedging.plots.style import (
    HEDGED,
    MARKERS,
    OVERLAY,
    QUIET,
    UNHEDGED,
    UNHEDGED_DASHES,
    axes_or_new,
    date_text,
    gain_label,
    money,
    money_axis,
    note_fills,
    percent,
    styled,
)
from hedging.scenario import ScenarioResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["payoff"]

NAMED_LEGS: Final = 6


def payoff(
    book: Book,
    market: Chains,
    overlay: Legs | None = None,
    *,
    spot_moves: Sequence[float] | None = None,
    days: Sequence[float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Gain over spot on several dates, with the overlay and without; legs, entry, breakeven and floor by name.

    Parameters
    ----------
    book, market, overlay, spot_moves, days
        As in `hedging.scenario.payoff`, which is what is drawn; over the move of several assets alike.
    ax : Axes, optional

    Returns
    -------
    Axes
        A line a date; a mark at the strike of each option held or ordered, on the line of the last date; the prices
        at which the position was entered and at which nothing is gained; the floor that a plan was asked for, or
        the worst that is drawn.
    """
    result = scenario.payoff(book, market, overlay, spot_moves=spot_moves, days=days)
    asset, *others = result.spot
    now, spot = result.spot_now[asset], result.spot[asset][:, 0]
    if others:
        now, spot = 0.0, spot / now - 1.0
    with styled(ax):
        ax = axes_or_new(ax)
        ax.axhline(0.0, color=QUIET, linewidth=0.8)
        ax.axvline(now, color=QUIET, linewidth=0.8, linestyle=":")
        _curves(ax, result, spot)
        names = " and ".join(result.spot)
        ax.set(
            xlabel=f"move of {names} alike" if others else f"{asset} spot [{result.money}]",
            title=f"{names}: gain over spot",
            xlim=(spot.min(), spot.max()) if spot.size > 1 else None,
        )
        _strikes(ax, result, spot, book, legs_of(overlay))
        _entries(ax, result, book)
        _levels(ax, result, spot, overlay)
        ax.set_ylabel(gain_label(result.currency, result.filled))
        note_fills(ax, result.filled)
        money_axis(ax.yaxis)
        if others:
            ax.xaxis.set_major_formatter(percent)
        else:
            money_axis(ax.xaxis)
            _moves_on_top(ax, now)
        legend(ax)
    return ax


def _curves(ax: Axes, result: ScenarioResult, spot: Any) -> None:
    """A line a date; the position alone once where time changes nothing."""
    point: dict[str, Any] = {"marker": "o"} if spot.size == 1 else {}
    shades = np.linspace(0.6, 1.0, result.days.size)
    last = result.days.size - 1
    for date, shade in enumerate(shades):
        if date == last or not np.allclose(result.position[:, date], result.position[:, -1]):
            ax.plot(
                spot,
                result.position[:, date],
                color=UNHEDGED,
                alpha=shade,
                linestyle=UNHEDGED_DASHES,
                label="position alone" if date == last else None,
                zorder=1.5,
                **point,
            )
    for date, (day, shade) in enumerate(zip(result.days, shades, strict=True)):
        if result.has_overlay:
            ax.plot(
                spot,
                result.total[:, date],
                color=HEDGED,
                alpha=shade,
                linestyle="-" if date == last else [":", "-."][date % 2],
                label=f"with overlay, {date_text(result.as_of, float(day))}",
                **point,
            )


def _strikes(ax: Axes, result: ScenarioResult, spot: Any, book: Book, legs: tuple[Leg, ...]) -> None:
    """A mark at the strike of every option, on the line of the last date, by name."""
    held = [
        (item.instrument, item.quantity, f"held {item.quantity:+,.6g}")
        for item in book.holdings
        if item.asset in result.spot
    ]
    ordered = [
        (leg.instrument, leg.quantity, f"{leg.side} {abs(leg.quantity):,.6g}")
        for leg in legs
        if leg.instrument.asset in result.spot
    ]
    options = [each for each in (*ordered, *held) if isinstance(each[0], Option)]
    several = len(result.spot) > 1
    for place, (option, quantity, how) in enumerate(options[:NAMED_LEGS]):
        assert isinstance(option, Option)
        at = option.strike / result.spot_now[option.asset] - 1.0 if several else option.strike
        inside = spot.min() <= at <= spot.max()
        ax.plot(
            [at] if inside else [],
            [np.interp(at, spot, result.total[:, -1])] if inside else [],
            linestyle="none",
            marker=MARKERS[(place + 1) % len(MARKERS)],
            markersize=6,
            color=OVERLAY if quantity > 0 else UNHEDGED,
            zorder=3,
            label=f"{how} {option.symbol}",
        )
        if inside:
            ax.axvline(at, color=QUIET, linewidth=0.5, alpha=0.5, zorder=0.5)
    if len(options) > NAMED_LEGS:
        ax.plot([], [], linestyle="none", label=f"and {number_of(len(options) - NAMED_LEGS, 'more option')}")


def _entries(ax: Axes, result: ScenarioResult, book: Book) -> None:
    """Where the position was entered, of what is not an option."""
    several = len(result.spot) > 1
    for item in book.holdings:
        if item.entry and item.asset in result.spot and not isinstance(item.instrument, Option):
            at = item.entry / result.spot_now[item.asset] - 1.0 if several else item.entry
            low, high = ax.get_xlim()
            if low <= at <= high:
                name = item.instrument.symbol
                ax.axvline(
                    at,
                    color=UNHEDGED,
                    linewidth=1.0,
                    linestyle=(0, (1, 2)),
                    label=f"entry of {name}: {figure(item.entry, 5)}",
                )


def _levels(ax: Axes, result: ScenarioResult, spot: Any, overlay: Any) -> None:
    """Breakevens of the last date, and the floor."""
    found = result.breakevens()
    first = next(iter(result.spot))
    at = found / result.spot_now[first] - 1.0 if len(result.spot) > 1 else found
    if at.size:
        told = ", ".join(percent(each) if len(result.spot) > 1 else figure(each, 5) for each in at[:3])
        ax.plot(
            at,
            np.zeros(at.size),
            linestyle="none",
            marker="o",
            markersize=6,
            markerfacecolor="none",
            color=HEDGED if result.has_overlay else UNHEDGED,
            zorder=3,
            label=f"breakeven: {told}" + (" ..." if at.size > 3 else ""),
        )
    target = getattr(overlay, "inputs", {}).get("target", {})
    asked = target.get("floor")
    if isinstance(asked, float | int) and result.currency == result.money and len(result.spot) == 1:
        level, told = asked * overlay.base, f"floor asked: {percent(asked)} of {overlay.base_name}"
    elif result.has_overlay:
        worst = int(result.total[:, -1].argmin())
        level = float(result.total[worst, -1])
        where = percent(float(spot[worst])) if len(result.spot) > 1 else figure(float(spot[worst]), 5)
        told = f"worst drawn: {money(float(f'{level:.3g}'))} at {where}"
    else:
        return
    ax.axhline(level, color=OVERLAY, linewidth=1.0, linestyle="--", label=told)


def _moves_on_top(ax: Axes, spot: float) -> None:
    """A second axis above, in per cent of today's spot."""
    to_move: tuple[Callable[[Any], Any], Callable[[Any], Any]] = (
        lambda x: x / spot - 1.0,
        lambda m: (1.0 + m) * spot,
    )
    top = ax.secondary_xaxis("top", functions=to_move)
    top.xaxis.set_major_formatter(percent)
    top.grid(False)
