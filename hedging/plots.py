"""Pictures of what the other modules returned; nothing is computed here.

Every function takes `ax` (or makes one through pyplot), returns what it drew on, shows nothing, and leaves
the settings of matplotlib as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hedging import scenario
from hedging.book import Book
from hedging.chain import OptionChain
from hedging.legs import Leg
from hedging.market import Market
from hedging.scenario import ScenarioResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["crash_fan", "money", "payoff", "pnl_paths"]

STYLE = Path(__file__).with_name("hedging.mplstyle")

# Colour by role, from the style's cycle: the same thing looks the same in every picture.
HEDGED, UNHEDGED, OVERLAY = "#0072B2", "#D55E00", "#009E73"
QUIET = "0.45"
SERIES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
UNHEDGED_DASHES = (0, (4, 2))


@contextmanager
def _styled() -> Iterator[None]:
    """Apply the style of this library, and nothing but inside the block."""
    from matplotlib import style

    with style.context(str(STYLE)):
        yield


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
    return f"{100 * value:+.3g} %".replace("-", "−") if value else "0 %"


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


def crash_fan(result: ScenarioResult, *, figure: Figure | None = None) -> Figure:
    """Several falls side by side: the price above, the gain with and without the overlay below.

    Parameters
    ----------
    result : ScenarioResult
        Of a few scenarios, such as `hedging.paths.fan`.
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
