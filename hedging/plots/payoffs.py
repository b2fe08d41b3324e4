"""Pictures of gains over spot: curves by date with strikes, entry, breakeven and floor; tables in colour."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from hedging import scenario
from hedging._ground.arguments import must_be
from hedging._ground.cells import figure
from hedging._ground.counts import number_of
from hedging.book.book import Book
from hedging.book.legs import Leg, Legs, legs_of
from hedging.errors import InputError
from hedging.market.contracts import Option
from hedging.market.market import Chains
from hedging.plots.style import (
    HEDGED,
    MARKERS,
    OVERLAY,
    QUIET,
    UNHEDGED,
    UNHEDGED_DASHES,
    axes_or_new,
    check_drawable,
    date_text,
    fills_text,
    gain_label,
    legend,
    money,
    money_axis,
    note_fills,
    percent,
    styled,
)
from hedging.scenario import ScenarioResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["heatmap", "payoff", "payoff_table"]

ANNOTATED_CELLS: Final = 120
NAMED_LEGS: Final = 6
TABLE_MOVES: Final = (0.4, 0.3, 0.2, 0.1, 0.05, 0.0, -0.05, -0.1, -0.2, -0.3, -0.4, -0.5)
TABLE_DATES: Final = 6


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


def payoff_table(
    book: Book,
    market: Chains,
    overlay: Legs | None = None,
    *,
    spot_moves: Sequence[float] = TABLE_MOVES,
    days: Sequence[float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Gain at some prices on some dates, prices down and dates across, in colour and in numbers.

    Parameters
    ----------
    book, market, overlay
        As in `hedging.scenario.table`, whose numbers these are.
    spot_moves : sequence of float
    days : sequence of float, optional
        Days from now; by default six dates from today to the first expiry of an option in overlay or book.
    ax : Axes, optional
    """
    if days is None:
        ends = scenario.payoff(book, market, overlay, spot_moves=(0.0,)).days
        days = [float(day) for day in np.linspace(0.0, ends[-1], TABLE_DATES)]
    return heatmap(scenario.table(book, market, overlay, spot_moves=sorted(spot_moves), days=days), ax=ax)


def heatmap(table: pd.DataFrame, *, currency: str | None = None, ax: Axes | None = None) -> Axes:
    """Gain over prices and vol shifts, or over prices and dates; see `hedging.scenario.table`.

    Parameters
    ----------
    table : DataFrame
        Index ``spot_move``, columns ``vol_shift`` or ``day``. [currency] Prices and dates come from its ``attrs``;
        without them moves and days are written.
    currency : str, optional
        What the gains are in, for the label; by default as the table says, else USD.
    ax : Axes, optional

    Raises
    ------
    InputError
        If it is no such table or has nothing to draw.
    """
    from matplotlib.colors import TwoSlopeNorm

    must_be("table", table, pd.DataFrame, hint="One comes from hedging.scenario.table.")
    values = np.ma.masked_invalid(check_drawable("the table", table))
    currency = currency or table.attrs.get("currency", "USD")
    with styled(ax):
        ax = axes_or_new(ax)
        reach = float(np.abs(values).max()) or 1.0
        # Equal cells, whatever the steps between the moves; rows from the worst fall upward.
        mesh = ax.pcolormesh(values, cmap="PuOr", norm=TwoSlopeNorm(0.0, -reach, reach), rasterized=True)
        ax.set_xticks(np.arange(values.shape[1]) + 0.5, list(_across(table)))
        ax.set_yticks(np.arange(values.shape[0]) + 0.5, list(_down(table)))
        by_vol = table.columns.name == "vol_shift"
        spots = table.attrs.get("spot", {})
        ax.set(
            xlabel="shift of the 30-day vol [points]" if by_vol else _dates_label(table),
            ylabel=f"{next(iter(spots))} spot [{table.attrs.get('money', '')}]"
            if len(spots) == 1
            else "move of spot",
            title=f"gain over spot and {'vol' if by_vol else 'time'}",
        )
        ax.grid(False)
        if values.size <= ANNOTATED_CELLS:
            _numbers(ax, values, reach)
        bar = ax.figure.colorbar(mesh, ax=ax, format=money)
        filled = table.attrs.get("filled")
        since = "" if filled is None else f"; {fills_text(pd.Timestamp(filled))}"
        bar.set_label(f"gain [{currency}]{since}")
    return ax


def _numbers(ax: Axes, values: Any, reach: float) -> None:
    """The gain of each cell, in letters that its colour lets be read and that its width holds."""
    import matplotlib as mpl

    drawn: Any = ax.figure
    room = 72.0 * drawn.get_figwidth() * ax.get_position().width * 0.85 / values.shape[1]
    size = min(room / 4.4, 0.8 * float(mpl.rcParams["font.size"]))
    for (row, column), value in np.ndenumerate(values.filled(np.nan)):
        if np.isfinite(value):
            ax.text(
                column + 0.5,
                row + 0.5,
                money(float(f"{value:.3g}")),
                ha="center",
                va="center",
                color="white" if abs(value) > 0.65 * reach else "black",
                fontsize=size,
            )


def _across(table: pd.DataFrame) -> Iterator[str]:
    if not pd.api.types.is_numeric_dtype(table.columns):
        raise InputError(
            f"the table must have vols or days across, as hedging.scenario.table has; got {list(table.columns)[:5]}."
        )
    for x in table.columns:
        if table.columns.name == "vol_shift":
            yield f"{100 * x:+g}".replace("-", "−")
        else:
            yield date_text(_as_of(table), float(x)) if _as_of(table) is not None else f"{x:g}"


def _down(table: pd.DataFrame) -> Iterator[str]:
    """Prices and their moves; moves alone of several assets, or where no price is known."""
    spots = table.attrs.get("spot", {})
    now = next(iter(spots.values())) if len(spots) == 1 else None
    for move in table.index:
        yield f"{_price(now * (1.0 + move), now)}  {percent(float(move))}" if now else percent(float(move))


def _price(price: float, now: float) -> str:
    """A price to the digits of the spot: whole from a thousand on."""
    return f"{price:,.0f}" if now >= 1_000.0 else f"{price:.4g}"


def _as_of(table: pd.DataFrame) -> pd.Timestamp | None:
    said = table.attrs.get("as_of")
    return None if said is None else pd.Timestamp(said)


def _dates_label(table: pd.DataFrame) -> str:
    at = _as_of(table)
    return "days from now" if at is None else f"date, today is {at:%d %b %Y}"
