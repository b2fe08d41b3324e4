"""Pictures of what is quoted: overlays side by side, smiles, the vol surface, its term structure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hedging._ground.arguments import must_be
from hedging._numerics.types import Array
from hedging.errors import InputError
from hedging.market.chain import OptionChain
from hedging.market.contracts import expiry_of
from hedging.market.market import Market, chain_of, market_of
from hedging.market.smile import Smile
from hedging.overlays import RALLIES, nearly_capped
from hedging.plots.legends import legend
from hedging.plots.style import (
    INK,
    MARKERS,
    OVERLAY,
    SERIES,
    UNHEDGED,
    axes_or_new,
    check_drawable,
    ink,
    money,
    money_axis,
    percent,
    points,
    styled,
    width_of,
)
from hedging.units import DAYS_PER_YEAR

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["overlays", "smile", "surface", "term_structure"]

SHARES = (0.9, 1.0, 1.1)
MOST_DATES = 7
NARROW = 4.0  # inches, in which five ticks of shares touch
EXPIRY_WIDTH = 1.15  # inches of a panel that the tick of an expiry takes


def overlays(table: pd.DataFrame, *, currency: str | None = None, ax: Axes | None = None) -> Axes:
    """Overlays side by side: what is lost at worst, gained at best and in rallies; see `hedging.overlays.compare`.

    A bar that ends in an arrow has no cap, or no floor. A bar that gains without bound by a trifle, as collars for coin do, ends
    where a rally of 100 % leaves it.

    Parameters
    ----------
    table : DataFrame
        Index of names; ``floor, cap`` and the gains of `hedging.overlays.RALLIES` as shares, ``upside`` [units],
        ``premium, execution``. [currency]
    currency : str, optional
        For the labels; by default as the table says, else USD.
    ax : Axes, optional

    Raises
    ------
    InputError
        If it is no such table, or has no row.
    """
    must_be("table", table, pd.DataFrame, hint="One comes from hedging.overlays.compare.")
    missing = [
        name for name in ("floor", "cap", "upside", "premium", "execution", *RALLIES) if name not in table
    ]
    if missing:
        raise InputError(f"the table has no {', '.join(missing)}; one comes from hedging.overlays.compare.")
    check_drawable("the table", table["gain_100"])  # floors may all be endless
    from matplotlib.ticker import MaxNLocator

    currency = currency or table.attrs.get("currency", "USD")
    rallies = table[[*RALLIES]].to_numpy(dtype=float)
    with styled(ax):
        ax = axes_or_new(ax)
        place = np.arange(len(table))[::-1]
        gain = table["cap"].where(~nearly_capped(table), table["gain_100"]).to_numpy(dtype=float)
        bounded = np.isfinite(gain)
        reach = max(0.6, 1.15 * float(gain[bounded].max(initial=0.0)), 1.08 * float(np.nanmax(rallies)))
        worst = table["floor"].to_numpy(dtype=float)
        floored = np.isfinite(worst)
        depth = min(-0.6, 1.15 * float(worst[floored].min(initial=0.0)), 1.08 * float(np.nanmin(rallies)))
        ax.barh(place, np.where(floored, worst, depth), color=UNHEDGED, height=0.6, label="worst")
        ax.barh(place, np.where(bounded, gain, reach), color=OVERLAY, height=0.6, label="best")
        for (column, share), marker in zip(RALLIES.items(), MARKERS, strict=False):
            ax.plot(
                table[column],
                place,
                linestyle="none",
                marker=marker,
                markersize=4.5,
                color=ink(),
                markerfacecolor="white",
                label=f"spot {percent(share)}",
            )
        small = 0.8 * _font()
        for row, (name, item) in zip(place, table.iterrows(), strict=True):
            costs = f"{money(float(f'{item.premium:.3g}'))} | {money(float(f'{item.execution:.3g}'))}"
            _beside(ax, costs if name != "no hedge" else "", reach, row, small)
        _beside(ax, f"premium | execution\n[{currency}]", reach, len(table) - 0.2, small)
        _arrows(ax, place[~bounded], reach, ">", OVERLAY, "no cap")
        _arrows(ax, place[~floored], depth, "<", UNHEDGED, "no floor")
        ax.set_yticks(place, list(map(str, table.index)))
        ax.axvline(0.0, color=ink(), linewidth=0.8)
        ax.set(
            xlabel=f"result of the whole book at expiry, in {currency} [share]",
            title="overlays side by side",
            xlim=(None if floored.all() else depth, reach),
        )
        ax.xaxis.set_major_locator(MaxNLocator(5 if width_of(ax) > NARROW else 3))
        ax.xaxis.set_major_formatter(percent)
        ax.grid(False, axis="y")
        legend(ax)
    return ax


def _arrows(ax: Axes, places: Array, at: float, marker: str, color: str, label: str) -> None:
    """Ends of bars that go on without end."""
    if places.size:
        ends = np.full(places.size, at)
        ax.plot(ends, places, marker, markersize=9, color=color, clip_on=False, label=label)


def _font() -> float:
    import matplotlib as mpl

    return float(mpl.rcParams["font.size"])


def _beside(ax: Axes, text: str, at: float, row: float, size: float) -> None:
    """Words beyond the right end of a row."""
    ax.annotate(text, (at, row), xytext=(10, 0), textcoords="offset points", va="center", fontsize=size)


def smile(
    chain: OptionChain | Market,
    surface: Smile | None = None,
    *,
    expiries: Sequence[int | str | pd.Timestamp] | int | str | pd.Timestamp | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Quoted vols and the fitted surface over strikes, one colour an expiry.

    Parameters
    ----------
    chain : OptionChain or Market
        Its out-of-the-money mark vols are the points.
    surface : Smile, optional
        By default the one fitted to the chain.
    expiries : sequence of int, str or Timestamp, optional
        Which of the chain's expiries that have vols: by position, or by date (``"2026-03-27"``); one alone need not be
        in a list. By default up to six, spread over those of a day or more.
    ax : Axes, optional

    Raises
    ------
    InputError
        If the chain has no vols or no such expiry.
    """
    quoted, fitted = chain_of(chain), surface or market_of(chain).smile
    must_be("surface", fitted, Smile)
    known = quoted.quotes[quoted.quotes["mark_vol"].notna()]
    check_drawable("the chain's vols", known["mark_vol"])
    listed = quoted.expiries[quoted.expiries["expiry"].isin(known["expiry"])].reset_index(drop=True)
    chosen = _places(listed, expiries)
    with styled(ax):
        ax = axes_or_new(ax)
        for i, place in enumerate(chosen):
            quotes = known[known["expiry"] == listed["expiry"][place]]
            out = (quotes["flag"] == "c") == (quotes["strike"] >= quotes["forward"])
            time, forward = (float(quotes[name].iloc[0]) for name in ("time_to_expiry", "forward"))
            color, marker = SERIES[i % len(SERIES)], MARKERS[i % len(MARKERS)]
            ax.plot(
                quotes["strike"][out],
                quotes["mark_vol"][out],
                linestyle="none",
                marker=marker,
                markersize=3.5,
                color=color,
                alpha=0.6,
            )
            fine = np.geomspace(float(quotes["strike"].min()), float(quotes["strike"].max()), 200)
            vols = fitted.vol_at(np.log(fine / forward), time)
            ax.plot(fine, vols, color=color, label=f"{listed['expiry'][place]:%d %b %Y}")
        ax.axvline(quoted.spot, color=ink(), linewidth=0.8, linestyle=":", label=f"spot {quoted.spot:,.6g}")
        ax.set(
            xlabel=f"strike [{quoted.terms.currency}]",
            ylabel="implied vol [per cent a year]",
            title=f"{quoted.asset} smile, {quoted.as_of:%d %b %Y %H:%M} UTC; points are quotes",
        )
        money_axis(ax.xaxis)
        ax.yaxis.set_major_formatter(points)
        legend(ax)
    return ax


def _places(listed: pd.DataFrame, expiries: Any) -> list[int]:
    """Positions of the expiries asked for; by default six, without the last hours that would hide the rest."""
    if expiries is None:
        first = int((listed["days"] < 1.0).sum()) % len(listed)
        return [int(i) for i in np.unique(np.linspace(first, len(listed) - 1, 6).round().astype(int))]
    alone = isinstance(expiries, int | str | pd.Timestamp) or not isinstance(expiries, Iterable)
    found = [_place(listed, each) for each in ([expiries] if alone else expiries)]
    if not found:
        raise InputError("expiries must name at least one expiry; got none.")
    return found


def _place(listed: pd.DataFrame, asked: Any) -> int:
    days = [f"{each:%Y-%m-%d}" for each in listed["expiry"]]
    if isinstance(asked, int | np.integer) and not isinstance(asked, bool):
        if -len(listed) <= asked < len(listed):
            return int(asked) % len(listed)
        raise InputError(f"expiries must be positions below {len(listed)}, or dates; got {asked}.")
    day = f"{expiry_of(asked):%Y-%m-%d}"
    if day not in days:
        raise InputError(f"no expiry on {day} has vols; there are {', '.join(days)}.")
    return days.index(day)


def surface(
    fitted: Smile | OptionChain | Market,
    *,
    days: Sequence[float] | None = None,
    reach: float = 0.4,
    ax: Axes | None = None,
) -> Axes:
    """The vol surface from above: strikes across, expiries up (spaced by the logarithm of their days).

    Parameters
    ----------
    fitted : Smile, OptionChain or Market
    days : sequence of float, optional
        Least and greatest days; by default those of the surface's expiries.
    reach : float, > 0
        Log-moneyness to each side.
    ax : Axes, optional

    Raises
    ------
    InputError
        If days or reach make no picture.
    """
    if isinstance(fitted, Smile):
        found, money = fitted, "quote currency"
    else:
        market = market_of(fitted)
        found, money = market.smile, market.currency
    ends = DAYS_PER_YEAR * found.times[[0, -1]] if days is None else check_drawable("days", days).ravel()
    low, high = max(0.5, float(ends[0])), float(ends[-1])
    if not (0 < reach < 5):
        raise InputError(f"reach must be a log-moneyness above 0; got {reach!r}.")
    if not low < high:  # one expiry: half a picture to each side of it
        low, high = low / 1.2, low * 1.2
    with styled(ax):
        ax = axes_or_new(ax)
        k, at = np.linspace(-reach, reach, 81), np.geomspace(low, high, 61)
        vols = 100 * found.vol_at(k[None, :], at[:, None] / DAYS_PER_YEAR)
        strikes = found.forward(at / DAYS_PER_YEAR)[:, None] * np.exp(k)[None, :]
        up = np.broadcast_to(at[:, None], vols.shape)
        mesh = ax.pcolormesh(strikes, up, vols, cmap="cividis", shading="gouraud", rasterized=True)
        lines = ax.contour(strikes, up, vols, levels=10, colors="white", linewidths=0.6)
        ax.clabel(lines, fmt="%g", fontsize=0.7 * _font())
        ax.set_yscale("log")
        shown = _spread(DAYS_PER_YEAR * found.times, low, high)
        ax.set_yticks(shown, _expiries(found.as_of, shown))
        ax.minorticks_off()
        ax.set(
            xlabel=f"strike [{money}]",
            ylabel="expiry",
            title=f"{found.asset} vol surface, {found.as_of:%d %b %Y}",
        )
        money_axis(ax.xaxis)
        ax.grid(False)
        ax.figure.colorbar(mesh, ax=ax).set_label("implied vol [per cent a year]")
    return ax


def _expiries(as_of: pd.Timestamp, days: Sequence[float]) -> list[str]:
    return [f"{as_of + pd.Timedelta(days=day):%d %b %y}" for day in days]


def _spread(days: Any, low: float, high: float, most: int = 12) -> list[float]:
    """Those of some days within a range that stand apart on a logarithmic axis."""
    kept: list[float] = []
    for day in days[(days >= low * (1 - 1e-9)) & (days <= high * (1 + 1e-9))]:
        if not kept or np.log(day / kept[-1]) > np.log(high / low) / most:
            kept.append(float(day))
    return kept


def term_structure(chain: OptionChain | Market, *, ax: Axes | None = None) -> Axes:
    """Vols of the surface by expiry, at 90, 100 and 110 % of the forward, and the quote nearest to each.

    Expiries are spaced by the logarithm of their days: the near ones are many.

    Parameters
    ----------
    chain : OptionChain or Market
    ax : Axes, optional

    Raises
    ------
    InputError
        If the chain has no vols.
    """
    market = market_of(chain)
    must_be("the surface of the chain", market.smile, Smile)
    known = market.chain.quotes[market.chain.quotes["mark_vol"].notna()]
    check_drawable("the chain's vols", known["mark_vol"])
    times = market.smile.times
    single = times.size == 1
    fine = times if single else np.geomspace(times[0], times[-1], 200)
    with styled(ax):
        ax = axes_or_new(ax)
        for share, color, marker in zip(SHARES, (UNHEDGED, INK, OVERLAY), MARKERS, strict=False):
            vols = market.smile.vol_at(np.log(share), fine)
            name = "at the forward" if share == 1.0 else f"strike at {100 * share:.0f} % of the forward"
            mark = marker if single else ""
            ax.plot(DAYS_PER_YEAR * fine, vols, color=color, marker=mark, label=name)
            near = _nearest(known, share)
            ax.plot(
                DAYS_PER_YEAR * near["time_to_expiry"].to_numpy(),
                near["mark_vol"],
                linestyle="none",
                marker=marker,
                markersize=4.5,
                color=color,
                markerfacecolor="none",
            )
        ax.set(
            ylabel="implied vol [per cent a year]",
            title=f"{market.asset} term structure, {market.as_of:%d %b %Y}; marks are quotes",
        )
        ax.set_xscale("log")
        days = DAYS_PER_YEAR * times
        shown = _spread(
            days, float(days[0]), float(days[-1]), most=int(np.clip(width_of(ax) / EXPIRY_WIDTH, 2, 6))
        )
        ax.set_xticks(shown, _expiries(market.as_of, shown))
        ax.minorticks_off()
        ax.set_xlabel("expiry")
        ax.yaxis.set_major_formatter(points)
        legend(ax)
    return ax


def _nearest(quotes: pd.DataFrame, share: float) -> pd.DataFrame:
    """Of each expiry the quote whose strike lies nearest to a share of the forward, the out-of-the-money one."""
    flag = "p" if share < 1.0 else "c"
    side = quotes[quotes["flag"] == flag]
    away = (side["strike"] / side["forward"] - share).abs()
    best = side.loc[away.groupby(side["expiry"]).idxmin()]
    return best[(best["strike"] / best["forward"] - share).abs() < 0.03]
