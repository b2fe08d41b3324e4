"""Pictures of risk: distributions, attribution, Greeks over spot, headroom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging.margin import Survival
from hedging.plots.style import (
    HEDGED,
    MARKERS,
    OVERLAY,
    QUIET,
    SERIES,
    UNHEDGED,
    UNHEDGED_DASHES,
    axes_or_new,
    money,
    money_axis,
    roles,
    share,
    styled,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["attribution", "distribution", "greeks_profile", "headroom"]


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
    gains : mapping of name to array_like
        For example ``{"position alone": ..., "with overlay": ...}``. [currency]
    risk : DataFrame, optional
        From `hedging.risk.tail_risk` of the same gains; its first level is drawn.
    currency : str
        For the label.
    bins : int
    ax : Axes, optional
    """
    with styled():
        ax = axes_or_new(ax)
        arrays = {name: np.asarray(values, dtype=float) for name, values in gains.items()}
        low = min(float(np.quantile(v, 0.002)) for v in arrays.values())
        high = max(float(np.quantile(v, 0.998)) for v in arrays.values())
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
        ax.legend(loc="best")
    return ax


def attribution(table: pd.DataFrame, *, currency: str = "USD", ax: Axes | None = None) -> Axes:
    """Waterfall of a gain by Greek; see `hedging.risk.attribution`.

    Parameters
    ----------
    table : DataFrame
        Its row ``total`` is drawn. [currency]
    currency : str
        For the label.
    ax : Axes, optional
    """
    with styled():
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
                fontsize=8,
            )
        ax.axhline(0.0, color=QUIET, linewidth=0.8)
        ax.set(ylabel=f"gain [{currency}]", title="where the gain came from")
        ax.use_sticky_edges = False  # a bar's end would sit on the frame, its number outside
        ax.margins(y=0.12)
        ax.grid(False, axis="x")
        ax.tick_params(axis="x", labelrotation=30)
        money_axis(ax.yaxis)
    return ax


def greeks_profile(
    profiles: Mapping[str, pd.DataFrame],
    *,
    asset: str = "",
    currency: str = "USD",
    figure: Figure | None = None,
) -> Figure:
    """Delta, gamma, vega and theta over spot, one line a book; see `hedging.risk.profile`.

    Parameters
    ----------
    profiles : mapping of name to DataFrame
        For example ``{"position alone": ..., "with overlay": ...}``.
    asset, currency : str
        For the labels.
    figure : Figure, optional
        An empty one to draw on.
    """
    units = {
        "delta": f"delta [{asset or 'units'}]",
        "gamma": f"gamma [{asset or 'units'} per {currency}]",
        "vega": f"vega [{currency} per vol point]",
        "theta": f"theta [{currency} per day]",
    }
    with styled():
        if figure is None:
            from matplotlib import pyplot as plt

            figure = plt.figure(figsize=(9.0, 6.2))
        for ax, (name, label) in zip(figure.subplots(2, 2, sharex=True).flat, units.items(), strict=True):
            for (book, table), color in zip(profiles.items(), roles(profiles), strict=False):
                dashes = UNHEDGED_DASHES if color == UNHEDGED else "-"
                ax.plot(table.index, table[name], color=color, linestyle=dashes, label=book)
            ax.axhline(0.0, color=QUIET, linewidth=0.8)
            ax.set_ylabel(label)
            money_axis(ax.xaxis)
            if name != "gamma":
                money_axis(ax.yaxis)
        for ax in figure.axes[2:]:
            ax.set_xlabel(f"{asset} spot [{currency}]".strip())
        figure.axes[0].legend(loc="best")
        figure.suptitle("Greeks over spot", x=0.01, ha="left", fontweight="bold")
    return figure


def headroom(
    accounts: Mapping[str, Survival] | Survival, *, scenario: int = 0, ax: Axes | None = None
) -> Axes:
    """Collateral above the requirement along one scenario, with the moment of liquidation.

    Parameters
    ----------
    accounts : Survival or mapping of name to Survival
        From `hedging.margin.survive`; several account models or overlays in one picture.
    scenario : int
        Which of the scenarios.
    ax : Axes, optional
    """
    named = {"headroom": accounts} if isinstance(accounts, Survival) else accounts
    with styled():
        ax = axes_or_new(ax)
        for i, (name, account) in enumerate(named.items()):
            color = SERIES[i % len(SERIES)]
            ax.plot(
                account.days,
                account.headroom[scenario],
                color=color,
                marker=MARKERS[i % len(MARKERS)],
                markevery=max(1, account.days.size // 8),
                label=name,
            )
            day, price = (values[scenario] for values in account.first())
            if np.isfinite(day):
                ax.plot(day, 0.0, marker="x", markersize=11, color=color, linestyle="none")
                ax.annotate(
                    f"day {day:.1f} at {price:,.0f}",
                    (day, 0.0),
                    xytext=(6, 6 + 13 * i),
                    textcoords="offset points",
                    color=color,
                    fontsize=8,
                )
        first = next(iter(named.values()))
        ax.axhline(0.0, color="black", linewidth=1.0)
        ax.set(
            xlabel="days from now",
            ylabel=f"balance less maintenance margin [{first.currency}]",
            title=f"headroom: {first.labels[scenario]}",
        )
        money_axis(ax.yaxis)
        ax.legend(loc="best")
    return ax
