"""Pictures of what is quoted: overlays side by side, smiles, the vol surface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hedging.market.chain import OptionChain
from hedging.market.smile import Smile
from hedging.overlays import RALLIES, nearly_capped
from hedging.plots.style import (
    MARKERS,
    OVERLAY,
    SERIES,
    UNHEDGED,
    axes_or_new,
    money,
    percent,
    plain,
    points,
    styled,
)
from hedging.units import DAYS_PER_YEAR

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["overlays", "smile", "surface"]


def overlays(table: pd.DataFrame, *, currency: str = "USD", ax: Axes | None = None) -> Axes:
    """Overlays side by side: what is lost at worst, gained at best and in rallies; see `hedging.overlays.compare`.

    A bar that ends in an arrow has no cap. A bar that gains without bound by a trifle, as collars for coin do, ends
    where a rally of 100 % leaves it.

    Parameters
    ----------
    table : DataFrame
        Index of names; ``floor, cap`` and the gains of `hedging.overlays.RALLIES` as shares, ``upside`` [units],
        ``premium, execution``. [currency]
    currency : str
        For the labels.
    ax : Axes, optional
    """
    with styled():
        ax = axes_or_new(ax)
        place = np.arange(len(table))[::-1]
        gain = table["cap"].where(~nearly_capped(table), table["gain_100"]).to_numpy(dtype=float)
        bounded = np.isfinite(gain)
        reach = max(0.6, 1.15 * float(gain[bounded].max(initial=0.0)))
        ax.barh(place, table["floor"], color=UNHEDGED, height=0.6, label="worst")
        ax.barh(place, np.where(bounded, gain, reach), color=OVERLAY, height=0.6, label="best")
        for (column, share), marker in zip(RALLIES.items(), MARKERS, strict=False):
            ax.plot(
                table[column],
                place,
                linestyle="none",
                marker=marker,
                markersize=4.5,
                color="black",
                markerfacecolor="white",
                label=f"spot +{share:.0%}",
            )
        for row, (name, item) in zip(place, table.iterrows(), strict=True):
            costs = f"{money(float(f'{item.premium:.3g}'))} | {money(float(f'{item.execution:.3g}'))}"
            _beside(ax, costs if name != "no hedge" else "", reach, row)
        _beside(ax, f"premium | execution\n[{currency}]", reach, len(table) - 0.2)
        ax.plot(
            np.full(int((~bounded).sum()), reach),
            place[~bounded],
            linestyle="none",
            marker=">",
            markersize=9,
            color=OVERLAY,
            clip_on=False,
            label="no cap",
        )
        ax.set_yticks(place, list(map(str, table.index)))
        ax.axvline(0.0, color="black", linewidth=0.8)
        ax.set(
            xlabel="result of the whole book at expiry [share]",
            title="overlays side by side",
            xlim=(None, reach),
        )
        ax.xaxis.set_major_formatter(percent)
        ax.grid(False, axis="y")
        ax.legend(
            loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3, columnspacing=1.0, handletextpad=0.4
        )
    return ax


def _beside(ax: Axes, text: str, at: float, row: float) -> None:
    """Words beyond the right end of a row."""
    ax.annotate(text, (at, row), xytext=(10, 0), textcoords="offset points", va="center", fontsize=8)


def smile(
    chain: OptionChain, surface: Smile, *, expiries: Sequence[int] | None = None, ax: Axes | None = None
) -> Axes:
    """Quoted vols and the fitted surface over moneyness, one colour an expiry.

    Parameters
    ----------
    chain : OptionChain
        Its out-of-the-money mark vols are the points.
    surface : Smile
    expiries : sequence of int, optional
        Which of the chain's expiries that have vols, by position; by default up to six, spread over those of a day or more.
    ax : Axes, optional
    """
    with styled():
        ax = axes_or_new(ax)
        known = chain.quotes[chain.quotes["mark_vol"].notna()]
        listed = chain.expiries[chain.expiries["expiry"].isin(known["expiry"])]
        dates = listed["expiry"].tolist()
        first = int((listed["days"] < 1.0).sum()) % len(dates)  # the last hours would hide the rest
        chosen = np.unique(np.linspace(first, len(dates) - 1, 6).round().astype(int))
        for i, place in enumerate(chosen if expiries is None else expiries):
            quotes = known[known["expiry"] == dates[place]]
            k = np.log(quotes["strike"] / quotes["forward"])
            out = (quotes["flag"] == "c") == (k >= 0)
            time = float(quotes["time_to_expiry"].iloc[0])
            color, marker = SERIES[i % len(SERIES)], MARKERS[i % len(MARKERS)]
            ax.plot(
                k[out],
                quotes["mark_vol"][out],
                linestyle="none",
                marker=marker,
                markersize=3.5,
                color=color,
                alpha=0.6,
            )
            fine = np.linspace(float(k.min()), float(k.max()), 200)
            ax.plot(fine, surface.vol_at(fine, time), color=color, label=f"{DAYS_PER_YEAR * time:.3g} days")
        ax.set(
            xlabel="log of strike over forward",
            ylabel="implied vol [per cent a year]",
            title=f"{chain.asset} smile, {chain.as_of:%d %b %Y %H:%M} UTC",
        )
        ax.yaxis.set_major_formatter(points)
        ax.legend(loc="best", title="points: quotes")
    return ax


def surface(
    fitted: Smile, *, days: Sequence[float] | None = None, reach: float = 0.4, ax: Axes | None = None
) -> Axes:
    """The vol surface from above: moneyness across, days up (logarithmic).

    Parameters
    ----------
    fitted : Smile
    days : sequence of float, optional
        Least and greatest days; by default those of the surface's expiries.
    reach : float
        Log-moneyness to each side.
    ax : Axes, optional
    """
    with styled():
        ax = axes_or_new(ax)
        ends = DAYS_PER_YEAR * fitted.times[[0, -1]] if days is None else np.asarray(days, dtype=float)
        k, at = np.linspace(-reach, reach, 81), np.geomspace(max(1.0, ends[0]), ends[-1], 61)
        vols = 100 * fitted.vol_at(k[None, :], at[:, None] / DAYS_PER_YEAR)
        mesh = ax.pcolormesh(k, at, vols, cmap="cividis", shading="gouraud", rasterized=True)
        lines = ax.contour(k, at, vols, levels=10, colors="white", linewidths=0.6)
        ax.clabel(lines, fmt="%g", fontsize=7)
        ax.set(
            yscale="log",
            xlabel="log of strike over forward",
            ylabel="days to expiry",
            title=f"{fitted.asset} vol surface",
        )
        ax.yaxis.set_major_formatter(plain)
        ax.grid(False)
        ax.figure.colorbar(mesh, ax=ax).set_label("implied vol [per cent a year]")
    return ax
