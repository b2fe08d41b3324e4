"""Pictures of what the other modules returned; nothing is computed here.

Every function takes `ax` (or makes one through pyplot), returns what it drew on, shows nothing, and leaves
the settings of matplotlib as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging import scenario
from hedging.book import Book
from hedging.chain import OptionChain
from hedging.legs import Leg
from hedging.margin import Survival
from hedging.market import Market
from hedging.scenario import ScenarioResult
from hedging.smile import Smile
from hedging.units import DAYS_PER_YEAR

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "attribution",
    "crash_fan",
    "distribution",
    "greeks_profile",
    "headroom",
    "heatmap",
    "money",
    "overlays",
    "payoff",
    "pnl_paths",
    "smile",
    "surface",
]

STYLE = Path(__file__).with_name("hedging.mplstyle")

# Colour by role, from the style's cycle: the same thing looks the same in every picture.
HEDGED, UNHEDGED, OVERLAY = "#0072B2", "#D55E00", "#009E73"
QUIET = "0.45"
SERIES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
UNHEDGED_DASHES = (0, (4, 2))
ANNOTATED_CELLS = 120


@contextmanager
def _styled() -> Iterator[None]:
    """Apply the style of this library, and nothing but inside the block."""
    import matplotlib as mpl
    from matplotlib import style

    with style.context(str(STYLE)):
        yield
        interactive = mpl.is_interactive()
    # A notebook's backend turns this on with its first figure, which may be ours: keep it on, or no later
    # figure shows.
    mpl.interactive(interactive)


def _axes(ax: Axes | None) -> Axes:
    """Take the axes given, or a new figure's that a notebook will show."""
    if ax is not None:
        return ax
    from matplotlib import pyplot as plt

    return plt.subplots()[1]


def money(value: float, _position: object = None) -> str:
    """A tick of money: 1.5M, 250k, -80; as matplotlib's formatters are called.

    Examples
    --------
    >>> money(-1_500_000), money(250_000), money(0.0), money(0.25)
    ('−1.5M', '250k', '0', '0.25')
    """
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.4g}{letter}".replace("-", "−")
    return f"{value + 0.0:.4g}".replace("-", "−")


def percent(value: float, _position: object = None) -> str:
    """A tick of a share: −20 %.

    Examples
    --------
    >>> percent(-0.2), percent(0.05)
    ('−20 %', '+5 %')
    """
    points = round(100 * value, 9)  # 0.1 * 3 - 0.3 is not quite nothing
    return f"{points:+.3g} %".replace("-", "−") if points else "0 %"


def _share(value: float, _position: object = None) -> str:
    return f"{100 * value:g} %"


def _points(value: float, _position: object = None) -> str:
    return f"{100 * value:g}"


def _plain(value: float, _position: object = None) -> str:
    return f"{value:g}"


def payoff(
    book: Book,
    market: OptionChain | Market,
    overlay: Iterable[Leg] | Any = None,
    *,
    spot_moves: Sequence[float] | None = None,
    days: Sequence[float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Gain over spot on several days, with the overlay and without.

    Parameters
    ----------
    book, market, overlay, spot_moves, days
        As in `hedging.scenario.payoff`, which is what is drawn.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    result = scenario.payoff(book, market, overlay, spot_moves=spot_moves, days=days)
    with _styled():
        ax = _axes(ax)
        asset = next(iter(result.spot))
        now, spot = result.spot_now[asset], result.spot[asset][:, 0]
        _zero_lines(ax, now)
        names = _day_names(result.days)
        shades = np.linspace(0.45, 1.0, result.days.size)
        for date, (name, shade) in enumerate(zip(names, shades, strict=True)):
            last = date == result.days.size - 1
            if last or not np.allclose(result.position[:, date], result.position[:, -1]):
                ax.plot(
                    spot,
                    result.position[:, date],
                    color=UNHEDGED,
                    alpha=shade,
                    linestyle=UNHEDGED_DASHES,
                    label="position alone" if last else None,
                    zorder=1.5,
                )
            if result.has_overlay:
                ax.plot(
                    spot,
                    result.total[:, date],
                    color=HEDGED,
                    alpha=shade,
                    linestyle="-" if last else [":", "-."][date % 2],
                    label=f"with overlay, {name}",
                )
        ax.set(
            xlabel=f"{asset} spot [{result.money}]",
            ylabel=f"gain since today [{result.currency}]",
            title=f"{asset}: gain over spot",
            xlim=(spot[0], spot[-1]),
        )
        _money_axis(ax.yaxis)
        _money_axis(ax.xaxis)
        _moves_on_top(ax, now)
        ax.legend(loc="upper left" if result.position[-1, -1] > 0 else "best")
    return ax


def pnl_paths(result: ScenarioResult, *, scenarios: int = 6, ax: Axes | None = None) -> Axes:
    """Gain over time, one colour a scenario: dashed the position alone, solid with the overlay.

    Parameters
    ----------
    result : ScenarioResult
    scenarios : int
        How many to draw, from the first on.
    ax : Axes, optional
    """
    with _styled():
        ax = _axes(ax)
        shown = range(min(scenarios, len(result.labels), len(SERIES)))
        ax.axhline(0.0, color=QUIET, linewidth=0.8)
        for i in shown:
            style: dict[str, Any] = {"color": SERIES[i], "marker": MARKERS[i], "markevery": _sparse(result)}
            if result.has_overlay:
                ax.plot(result.days, result.position[i], linestyle=UNHEDGED_DASHES, alpha=0.75, **style)
            ax.plot(result.days, result.total[i], label=result.labels[i], **style)
        ax.set(xlabel="days from now", ylabel=f"gain since today [{result.currency}]")
        ax.margins(x=0.01)
        _money_axis(ax.yaxis)
        ax.set_title("solid: with the overlay, dashed: position alone" if result.has_overlay else "gain")
        if len(result.labels) > 1:
            ax.legend(loc="best")
    return ax


def crash_fan(
    result: ScenarioResult, *, survival: Survival | None = None, figure: Figure | None = None
) -> Figure:
    """Several falls side by side: the price above, the gain with and without the overlay below.

    Parameters
    ----------
    result : ScenarioResult
        Of a few scenarios, such as `hedging.paths.fan`.
    survival : Survival, optional
        Of the same scenarios; each liquidation is marked on its price.
    figure : Figure, optional
        An empty one to draw on; by default a new one through pyplot.
    """
    with _styled():
        if figure is None:
            from matplotlib import pyplot as plt

            figure = plt.figure(figsize=(8.0, 7.2))
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2, 3))
        asset, spot = next(iter(result.spot.items()))
        for i in range(min(len(result.labels), len(SERIES))):
            upper.plot(
                result.days,
                spot[i],
                color=SERIES[i],
                marker=MARKERS[i],
                markevery=_sparse(result),
                label=result.labels[i],
            )
        if survival is not None:
            day, price = survival.first()
            upper.plot(
                day, price, linestyle="none", marker="x", markersize=11, color="black", label="liquidation"
            )
        upper.set(
            ylabel=f"{asset} spot [{result.money}]",
            ylim=(0.0, None),
            title=f"{asset}: the fall, faster and faster",
        )
        _money_axis(upper.yaxis)
        upper.legend(loc="lower left")
        pnl_paths(result, scenarios=len(SERIES), ax=lower)
        legend = lower.get_legend()
        if legend is not None:
            legend.remove()
        upper.set_xlabel("")
    return figure


def heatmap(table: pd.DataFrame, *, currency: str = "USD", ax: Axes | None = None) -> Axes:
    """Gain over spot moves and vol shifts, or over spot moves and days; see `hedging.scenario.table`.

    Parameters
    ----------
    table : DataFrame
        Index ``spot_move``, columns ``vol_shift`` or ``day``. [currency]
    currency : str
        What the gains are in, for the label.
    ax : Axes, optional
    """
    from matplotlib.colors import TwoSlopeNorm

    with _styled():
        ax = _axes(ax)
        values = table.to_numpy(dtype=float)
        reach = float(np.abs(values).max()) or 1.0
        # Equal cells, whatever the steps between the moves; rows from the worst fall upward.
        mesh = ax.pcolormesh(values, cmap="PuOr", norm=TwoSlopeNorm(0.0, -reach, reach), rasterized=True)
        by_vol = table.columns.name == "vol_shift"
        ax.set_xticks(
            np.arange(values.shape[1]) + 0.5,
            [f"{100 * x:+g}".replace("-", "−") if by_vol else f"{x:g}" for x in table.columns],
        )
        ax.set_yticks(np.arange(values.shape[0]) + 0.5, [percent(float(x)) for x in table.index])
        ax.set(
            xlabel="shift of the 30-day vol [points]" if by_vol else "days from now",
            ylabel="move of spot",
            title=f"gain over spot and {'vol' if by_vol else 'time'}",
        )
        ax.grid(False)
        if values.size <= ANNOTATED_CELLS:
            for (row, column), value in np.ndenumerate(values):
                shade = "white" if abs(value) > 0.65 * reach else "black"
                ax.text(
                    column + 0.5,
                    row + 0.5,
                    money(float(f"{value:.3g}")),
                    ha="center",
                    va="center",
                    color=shade,
                    fontsize=8,
                )
        bar = ax.figure.colorbar(mesh, ax=ax, format=money)
        bar.set_label(f"gain [{currency}]")
    return ax


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
    with _styled():
        ax = _axes(ax)
        arrays = {name: np.asarray(values, dtype=float) for name, values in gains.items()}
        low = min(float(np.quantile(v, 0.002)) for v in arrays.values())
        high = max(float(np.quantile(v, 0.998)) for v in arrays.values())
        edges = np.linspace(low, high, bins + 1)
        for (name, values), color in zip(arrays.items(), _roles(arrays), strict=False):
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
        _money_axis(ax.xaxis)
        ax.yaxis.set_major_formatter(_share)
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
    with _styled():
        ax = _axes(ax)
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
        _money_axis(ax.yaxis)
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
    with _styled():
        if figure is None:
            from matplotlib import pyplot as plt

            figure = plt.figure(figsize=(9.0, 6.2))
        for ax, (name, label) in zip(figure.subplots(2, 2, sharex=True).flat, units.items(), strict=True):
            for (book, table), color in zip(profiles.items(), _roles(profiles), strict=False):
                dashes = UNHEDGED_DASHES if color == UNHEDGED else "-"
                ax.plot(table.index, table[name], color=color, linestyle=dashes, label=book)
            ax.axhline(0.0, color=QUIET, linewidth=0.8)
            ax.set_ylabel(label)
            _money_axis(ax.xaxis)
            if name != "gamma":
                _money_axis(ax.yaxis)
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
    with _styled():
        ax = _axes(ax)
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
        _money_axis(ax.yaxis)
        ax.legend(loc="best")
    return ax


def overlays(table: pd.DataFrame, *, currency: str = "USD", ax: Axes | None = None) -> Axes:
    """Overlays side by side: what is lost at worst and gained at best; see `hedging.overlays.compare`.

    Parameters
    ----------
    table : DataFrame
        Index of names; ``floor, cap`` as shares, ``premium, execution``. [currency]
    currency : str
        For the labels.
    ax : Axes, optional
    """
    with _styled():
        ax = _axes(ax)
        place = np.arange(len(table))[::-1]
        cap = table["cap"].to_numpy(dtype=float)
        bounded = np.isfinite(cap)
        reach = max(0.4, 1.15 * float(cap[bounded].max(initial=0.0)))
        ax.barh(place, table["floor"], color=UNHEDGED, height=0.6, label="floor")
        ax.barh(place, np.where(bounded, cap, reach), color=OVERLAY, height=0.6, label="cap")
        for row, (name, item) in zip(place, table.iterrows(), strict=True):
            costs = f"premium {money(float(f'{item.premium:.3g}'))}, execution {money(float(f'{item.execution:.3g}'))} {currency}"
            ax.annotate(
                costs if name != "no hedge" else "",
                (reach, row),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
            )
        for row in place[~bounded]:
            ax.annotate(
                "no cap →",
                (reach, row),
                xytext=(-4, 0),
                textcoords="offset points",
                va="center",
                ha="right",
                fontsize=8,
                color="white",
            )
        ax.set_yticks(place, list(map(str, table.index)))
        ax.axvline(0.0, color="black", linewidth=0.8)
        ax.set(
            xlabel="worst and best result of the whole book at expiry",
            title="overlays side by side",
            xlim=(None, reach),
        )
        ax.xaxis.set_major_formatter(percent)
        ax.grid(False, axis="y")
        ax.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2)
    return ax


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
        Which of the chain's expiries, by position; by default up to six, spread over those of a day or more.
    ax : Axes, optional
    """
    with _styled():
        ax = _axes(ax)
        dates = chain.expiries["expiry"].tolist()
        first = int((chain.expiries["days"] < 1.0).sum()) % len(dates)  # the last hours would hide the rest
        chosen = np.unique(np.linspace(first, len(dates) - 1, 6).round().astype(int))
        for i, place in enumerate(chosen if expiries is None else expiries):
            quotes = chain.quotes[chain.quotes["expiry"] == dates[place]]
            k = np.log(quotes["strike"] / quotes["forward"])
            out = ((quotes["flag"] == "c") == (k >= 0)) & quotes["mark_vol"].notna()
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
        ax.yaxis.set_major_formatter(_points)
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
    with _styled():
        ax = _axes(ax)
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
        ax.yaxis.set_major_formatter(_plain)
        ax.grid(False)
        ax.figure.colorbar(mesh, ax=ax).set_label("implied vol [per cent a year]")
    return ax


def _roles(named: Mapping[str, object]) -> list[str]:
    """Colours: the position's and the hedged book's for two, else a series."""
    return [UNHEDGED, HEDGED] if len(named) == 2 else list(SERIES)


def _day_names(days: Sequence[float] | Any) -> list[str]:
    return ["today" if day == 0 else f"day {day:.3g}" for day in days]


def _sparse(result: ScenarioResult) -> int:
    """Markers on about eight of the dates."""
    return max(1, result.days.size // 8)


def _zero_lines(ax: Axes, spot: float) -> None:
    ax.axhline(0.0, color=QUIET, linewidth=0.8)
    ax.axvline(spot, color=QUIET, linewidth=0.8, linestyle=":")


def _money_axis(axis: Any) -> None:
    axis.set_major_formatter(money)


def _moves_on_top(ax: Axes, spot: float) -> None:
    """A second axis above, in per cent of today's spot."""
    to_move: tuple[Callable[[Any], Any], Callable[[Any], Any]] = (
        lambda x: x / spot - 1.0,
        lambda m: (1.0 + m) * spot,
    )
    top = ax.secondary_xaxis("top", functions=to_move)
    top.xaxis.set_major_formatter(percent)
    top.grid(False)
