"""Pictures of risk: distributions, attribution, Greeks over spot and over time, headroom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._ground.arguments import must_be, whole
from hedging._ground.cells import figure as figure_text
from hedging._numerics.types import Array
from hedging.errors import InputError
from hedging.margin import Survival
from hedging.plots.legends import legend, legend_of_all
from hedging.plots.style import (
    HEDGED,
    MARKERS,
    OVERLAY,
    QUIET,
    SERIES,
    UNHEDGED,
    UNHEDGED_DASHES,
    axes_or_new,
    check_drawable,
    date_axis,
    date_text,
    dates,
    every,
    figure_or_new,
    ink,
    money,
    money_axis,
    percent,
    roles,
    share,
    styled,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["attribution", "distribution", "greeks_profile", "headroom", "over_time"]

MOST_BINS: Final = 10_000


def distribution(
    gains: Mapping[str, npt.ArrayLike],
    risk: pd.DataFrame | None = None,
    *,
    currency: str = "USD",
    bins: int = 80,
    ax: Axes | None = None,
) -> Axes:
    """Histograms of gains, before and after, with value at risk and expected shortfall.

    Parameters
    ----------
    gains : mapping of name to array_like, or array_like
        For example ``{"position alone": ..., "with overlay": ...}``. [currency]
    risk : DataFrame, optional
        From `hedging.risk.tail_risk` of the same gains; its first level is drawn.
    currency : str
        For the label.
    bins : int
        From 1 to 10,000.
    ax : Axes, optional

    Raises
    ------
    InputError
        If there is nothing to draw, or a gain is no finite number.
    """
    whole("bins", bins, most=MOST_BINS)
    if risk is not None and not (risk.index.names[:1] == ["name"] and {"VaR", "ES"} <= set(risk)):
        raise InputError("risk must be a table of hedging.risk.tail_risk, of the same gains.")
    named = gains if isinstance(gains, Mapping) else {"gain": gains}
    arrays = {str(name): _numbers(f"gains of {name!r}", values) for name, values in named.items()}
    if not arrays:
        raise InputError("there is nothing to draw: no gains are given.")
    with styled(ax):
        ax = axes_or_new(ax)
        low = min(float(np.quantile(v, 0.002)) for v in arrays.values())
        high = max(float(np.quantile(v, 0.998)) for v in arrays.values())
        if low == high:  # one point, or the same number each time
            low, high = low - 0.5 * (abs(low) or 1.0), high + 0.5 * (abs(high) or 1.0)
        edges = np.linspace(low, high, bins + 1)
        for (name, values), color in zip(arrays.items(), roles(arrays), strict=False):
            ax.hist(
                np.clip(values, low, high),
                edges.tolist(),
                weights=np.full(values.size, 1.0 / values.size),
                color=color,
                alpha=0.45,
                label=name,
            )
            if risk is not None and name in risk.index.get_level_values("name"):
                row = risk.loc[name].iloc[0]
                level = f"{100 * float(risk.loc[name].index[0]):g} %"
                ax.axvline(-row["VaR"], color=color, linestyle=UNHEDGED_DASHES, label=f"{name}: VaR {level}")
                ax.axvline(-row["ES"], color=color, linestyle="-", label=f"{name}: ES {level}")
        ax.axvline(0.0, color=QUIET, linewidth=0.8)
        ax.set(xlabel=f"gain [{currency}]", ylabel="share of scenarios", title="gains, and the worst of them")
        money_axis(ax.xaxis)
        ax.yaxis.set_major_formatter(share)
        legend(ax)
    return ax


def _numbers(what: str, values: npt.ArrayLike) -> Array:
    """All of them finite: a histogram that leaves some out would say shares of something else."""
    numbers: Array = check_drawable(what, values).ravel()
    if not np.isfinite(numbers).all():
        raise InputError(
            f"{what} must be finite; {int((~np.isfinite(numbers)).sum()):,} of {numbers.size:,} are not."
        )
    return numbers


def attribution(table: pd.DataFrame, *, currency: str = "USD", ax: Axes | None = None) -> Axes:
    """Waterfall of a gain by Greek; see `hedging.risk.attribution`.

    Parameters
    ----------
    table : DataFrame
        Its row ``total`` is drawn. [currency]
    currency : str
        For the label.
    ax : Axes, optional

    Raises
    ------
    InputError
        If it is no such table.
    """
    must_be("table", table, pd.DataFrame, hint="One comes from hedging.risk.attribution.")
    if "total" not in table.index or "total" not in table:
        raise InputError("the table has no row and column 'total'; one comes from hedging.risk.attribution.")
    check_drawable("the gain", table.loc["total"])
    with styled(ax):
        ax = axes_or_new(ax)
        row = table.loc["total"]
        steps = row.drop("total")
        ends = steps.cumsum().to_numpy(dtype=float)
        starts = np.concatenate(([0.0], ends[:-1]))
        names = [*steps.index, "total"]
        heights = [*steps, row["total"]]
        colors = [OVERLAY if h >= 0 else UNHEDGED for h in heights[:-1]] + [HEDGED]
        ax.bar(names, heights, bottom=[*starts, 0.0], color=colors, width=0.7)
        for i, (start, height) in enumerate(zip([*starts, 0.0], heights, strict=True)):
            up = height >= 0
            ax.annotate(
                money(float(f"{height:.3g}")),
                (i, start + height),
                xytext=(0, 3 if up else -3),
                textcoords="offset points",
                ha="center",
                va="bottom" if up else "top",
                fontsize="small",
            )
        ax.axhline(0.0, color=QUIET, linewidth=0.8)
        ax.set(ylabel=f"gain [{currency}]", title="where the gain came from")
        ax.use_sticky_edges = False  # a bar's end would sit on the frame, its number outside
        ax.margins(y=0.12)
        ax.grid(False, axis="x")
        ax.set_xticks(range(len(names)), names, rotation=30, ha="right")
        money_axis(ax.yaxis)
    return ax


def greeks_profile(
    profiles: Mapping[str, pd.DataFrame] | pd.DataFrame,
    *,
    asset: str = "",
    currency: str = "USD",
    figure: Figure | None = None,
) -> Figure:
    """Delta, gamma, vega and theta over spot, one line a book; see `hedging.risk.profile`.

    Parameters
    ----------
    profiles : mapping of name to DataFrame, or DataFrame
        For example ``{"position alone": ..., "with overlay": ...}``; one alone is called book.
    asset, currency : str
        For the labels.
    figure : Figure, optional
        An empty one to draw on.

    Raises
    ------
    InputError
        If they are no such tables.
    """
    named = _profiles(profiles, "profile")
    with styled(figure):
        figure = figure_or_new(figure, 1.3)
        panels = figure.subplots(2, 2, sharex=True).flat
    for ax, (name, label) in zip(panels, _greek_units(asset, currency).items(), strict=True):
        with styled(ax):
            for (book, table), color in zip(named.items(), roles(named), strict=True):
                dashes = UNHEDGED_DASHES if color == UNHEDGED else "-"
                ax.plot(table.index, table[name], color=color, linestyle=dashes, label=book)
            _greek_axes(ax, name, label)
            money_axis(ax.xaxis)
            if ax in figure.axes[2:]:
                ax.set_xlabel(f"{asset} spot [{currency}]".strip())
    with styled(figure):
        legend_of_all(figure)
        figure.suptitle("Greeks over spot", x=0.01, ha="left", fontweight="bold")
    return figure


def over_time(
    tables: Mapping[str, pd.DataFrame] | pd.DataFrame,
    *,
    asset: str = "",
    currency: str = "USD",
    figure: Figure | None = None,
) -> Figure:
    """Delta, gamma, vega and theta over the dates to come, one line a book; see `hedging.risk.over_time`.

    Parameters
    ----------
    tables : mapping of name to DataFrame, or DataFrame
        For example ``{"position alone": ..., "with overlay": ...}``; one alone is called book. Where spot stays is
        the full line; the other moves of spot are fainter, a fall dotted and a rise dashed.
    asset, currency : str
        For the labels.
    figure : Figure, optional
        An empty one to draw on.

    Raises
    ------
    InputError
        If they are no such tables.
    """
    named = _profiles(tables, "over_time")
    said = next(iter(named.values())).attrs.get("as_of")
    as_of = None if said is None else pd.Timestamp(said)
    with styled(figure):
        figure = figure_or_new(figure, 1.3)
        panels = figure.subplots(2, 2, sharex=True).flat
    for ax, (name, label) in zip(panels, _greek_units(asset, currency).items(), strict=True):
        with styled(ax):
            for (book, table), color in zip(named.items(), roles(named), strict=True):
                at = dates(as_of, table.index)
                moves = table[name]
                stay = min(moves, key=abs)
                for move in moves:
                    still = move == stay
                    ax.plot(
                        at,
                        moves[move],
                        color=color,
                        alpha=1.0 if still else 0.6,
                        linewidth=1.8 if still else 1.1,
                        linestyle="-" if still else ":" if move < stay else "--",
                        label=f"{book}, spot {percent(float(move))}",
                    )
            _greek_axes(ax, name, label)
            date_axis(ax, known=as_of is not None)
            if ax in figure.axes[:2]:
                ax.set_xlabel("")
    with styled(figure):
        legend_of_all(figure)
        figure.suptitle("Greeks over time", x=0.01, ha="left", fontweight="bold")
    return figure


def _profiles(given: Mapping[str, pd.DataFrame] | pd.DataFrame, maker: str) -> dict[str, pd.DataFrame]:
    """Tables of Greeks by book."""
    hint = f"One comes from hedging.risk.{maker}."
    named = {"book": given} if isinstance(given, pd.DataFrame) else given
    must_be("what is drawn", named, Mapping, pd.DataFrame, hint=hint)
    if not named:
        raise InputError(f"there is nothing to draw: no book is given. {hint}")
    for name, table in named.items():
        must_be(f"{name!r}", table, pd.DataFrame, hint=hint)
        level = table.columns.get_level_values(0)
        if not {"delta", "gamma", "vega", "theta"} <= set(level) or (maker == "over_time") != (
            table.columns.nlevels == 2
        ):
            raise InputError(f"{name!r} is no table of Greeks. {hint}")
        check_drawable(f"the Greeks of {name!r}", table)
    return dict(named)


def _greek_units(asset: str, currency: str) -> dict[str, str]:
    return {
        "delta": f"delta [{asset or 'units'}]",
        "gamma": f"gamma [{asset or 'units'} per {currency}]",
        "vega": f"vega [{currency} per vol point]",
        "theta": f"theta [{currency} per day]",
    }


def _greek_axes(ax: Axes, name: str, label: str) -> None:
    ax.axhline(0.0, color=QUIET, linewidth=0.8)
    ax.set_ylabel(label)
    if name == "gamma":
        ax.ticklabel_format(axis="y", style="sci", scilimits=(-3, 3))
    else:
        money_axis(ax.yaxis)


def headroom(
    accounts: Mapping[str, Survival] | Survival, *, scenario: int = 0, ax: Axes | None = None
) -> Axes:
    """Collateral above the requirement along one scenario, up to the moment of liquidation.

    Parameters
    ----------
    accounts : Survival or mapping of name to Survival
        From `hedging.margin.survive`; several account models or overlays in one picture.
    scenario : int
        Which of the scenarios.
    ax : Axes, optional

    Raises
    ------
    InputError
        If they are no such accounts, or have no such scenario.
    """
    named = {"headroom": accounts} if isinstance(accounts, Survival) else accounts
    must_be("accounts", named, Mapping, hint="They come from hedging.margin.survive.")
    if not named:
        raise InputError("there is nothing to draw: no account is given.")
    for name, account in named.items():
        must_be(f"account {name!r}", account, Survival, hint="One comes from hedging.margin.survive.")
        if not -len(account.labels) <= scenario < len(account.labels):
            raise InputError(f"scenario must be below {len(account.labels)}; got {scenario}.")
    first = next(iter(named.values()))
    with styled(ax):
        ax = axes_or_new(ax)
        for i, (name, account) in enumerate(named.items()):
            _room(ax, name, account, scenario, i)
        # The whole time, also of an account that is dead at once.
        ends = ax.convert_xunits(dates(first.as_of, first.days[[0, -1]]))  # type: ignore[no-untyped-call]
        ax.update_datalim([(float(end), 0.0) for end in ends])
        ax.axhline(0.0, color=ink(), linewidth=1.0)
        ax.set(
            ylabel=f"balance less maintenance [{first.currency}]",
            title=f"headroom: {first.labels[scenario]}",
        )
        date_axis(ax, known=first.as_of is not None)
        ax.margins(x=0.05)
        money_axis(ax.yaxis)
        legend(ax)
    return ax


def _room(ax: Axes, name: str, account: Survival, scenario: int, place: int) -> None:
    """The headroom of one account up to where it dies."""
    color = SERIES[place % len(SERIES)]
    day, price = (float(values[scenario]) for values in account.first())
    room = account.headroom[scenario]
    died = bool(np.isfinite(day))
    before = account.days < day if died else np.ones(account.days.size, dtype=bool)
    days, values = account.days[before], room[before]
    told = name
    if died:
        days = np.append(days, day)
        # At once below the requirement: nothing was above it before.
        values = np.append(values, 0.0 if before.any() else room[0])
        told = (
            f"{name}: liquidated {date_text(account.as_of, day)}, {account.asset} at {figure_text(price, 5)}"
        )
    at = dates(account.as_of, days)
    ax.plot(
        at,
        values,
        color=color,
        marker=MARKERS[place % len(MARKERS)],
        markevery=every(days),
        markersize=4,
        label=told,
    )
    if died:
        ax.plot(at[-1:], values[-1:], marker="x", markersize=11, color=color, linestyle="none")
