"""Gains as a table in colour: prices down, dates or vols across."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from hedging import scenario
from hedging._ground.arguments import must_be
from hedging.book.book import Book
from hedging.book.legs import Legs
from hedging.errors import InputError
from hedging.market.market import Chains
from hedging.plots.style import (
    axes_or_new,
    check_drawable,
    date_text,
    fills_text,
    money,
    percent,
    styled,
    width_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["heatmap", "payoff_table"]

ANNOTATED_CELLS: Final = 120
TABLE_MOVES: Final = (0.4, 0.3, 0.2, 0.1, 0.05, 0.0, -0.05, -0.1, -0.2, -0.3, -0.4, -0.5)
TABLE_DATES: Final = 6
NARROW: Final = 4.2  # inches of a panel
LETTER: Final = 0.62  # width of a letter, in its size
LINE: Final = 1.15  # height of a line
LONGEST: Final = 7  # characters of a gain: -59.95k is written as -60k


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
    gain = f"gain [{currency or table.attrs.get('currency', 'USD')}]{_since(table)}"
    with styled(ax):
        ax = axes_or_new(ax)
        reach = float(np.abs(values).max()) or 1.0
        # Equal cells, whatever the steps between the moves; rows from the worst fall upward.
        mesh = ax.pcolormesh(values, cmap="PuOr", norm=TwoSlopeNorm(0.0, -reach, reach), rasterized=True)
        across, down = list(_across(table)), list(_down(table))
        # A narrow table has its numbers in the cells, and no room beside them.
        bare = width_of(ax) < NARROW and values.size <= ANNOTATED_CELLS
        cell = _cell(ax, values.shape, down, bare=bare)
        _ticks(ax.xaxis, across, max(map(len, across)) * LETTER, cell[0])
        _ticks(ax.yaxis, down, LINE, cell[1])
        by_vol = table.columns.name == "vol_shift"
        spots = table.attrs.get("spot", {})
        ax.set(
            xlabel="shift of the 30-day vol [points]" if by_vol else _dates_label(table),
            ylabel=f"{next(iter(spots))} spot [{table.attrs.get('money', '')}]"
            if len(spots) == 1
            else "move of spot",
            title=gain if bare else f"gain over spot and {'vol' if by_vol else 'time'}",
        )
        ax.grid(False)
        if values.size <= ANNOTATED_CELLS:
            _numbers(ax, values, reach, cell[0])
        if not bare:
            ax.figure.colorbar(mesh, ax=ax, format=money).set_label(gain)
    return ax


def _since(table: pd.DataFrame) -> str:
    """From when the gains of orders count, where they were filled before today."""
    filled = table.attrs.get("filled")
    return "" if filled is None else f"; {fills_text(pd.Timestamp(filled))}"


def _cell(ax: Axes, shape: tuple[int, int], down: Sequence[str], *, bare: bool) -> tuple[float, float]:
    """Width and height of a cell, about: what the panel's labels, and a bar of colours, leave of it. [points]"""
    import matplotlib as mpl

    size, rows = float(mpl.rcParams["ytick.labelsize"]), max(map(len, down))
    wide = 72.0 * width_of(ax) - size * (LETTER * rows + 3.0)
    high = 72.0 * ax.bbox.height / float(ax.figure.dpi)
    return (wide if bare else 0.85 * wide - 6.0 * size) / shape[1], high / shape[0]


def _ticks(axis: Any, texts: Sequence[str], needs: float, room: float) -> None:
    """Texts of rows or columns, of as many as there is room for."""
    import matplotlib as mpl

    step = max(1, math.ceil(needs * float(mpl.rcParams["ytick.labelsize"]) / room))
    axis.set_ticks(np.arange(len(texts))[::step] + 0.5, list(texts)[::step])


def _numbers(ax: Axes, values: Any, reach: float, room: float) -> None:
    """The gain of each cell, in letters that its colour lets be read and that its width holds."""
    import matplotlib as mpl

    size = min(0.95 * room / (LETTER * LONGEST), 0.8 * float(mpl.rcParams["font.size"]))
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
