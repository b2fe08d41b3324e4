"""Pictures of gains over time: some scenarios by name, many as bands, falls that stop where an account does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hedging._ground.arguments import must_be
from hedging._ground.counts import number_of
from hedging._numerics.types import Array
from hedging.errors import InputError
from hedging.margin import Survival
from hedging.plots.style import (
    HEDGED,
    MARKERS,
    QUIET,
    SERIES,
    UNHEDGED,
    UNHEDGED_DASHES,
    axes_or_new,
    date_axis,
    dates,
    every,
    figure_or_new,
    ink,
    legend,
    money_axis,
    styled,
)
from hedging.scenario import ScenarioResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["crash_fan", "pnl_paths"]

BANDS: Final = ((0.05, 0.95, 0.18), (0.25, 0.75, 0.3))
ALONE, WITH = "position alone", "with overlay"


def pnl_paths(result: ScenarioResult, *, scenarios: int = 6, ax: Axes | None = None) -> Axes:
    """Gain over time: one colour a scenario, or bands of many.

    Parameters
    ----------
    result : ScenarioResult
    scenarios : int
        Up to how many are lines of their own, dashed the position alone and solid with the overlay. More are drawn as
        the median of all, with bands in which half and nine tenths of them lie.
    ax : Axes, optional
    """
    must_be("result", result, ScenarioResult, hint="One comes from hedging.scenario.run.")
    if not isinstance(scenarios, int) or scenarios < 1:
        raise InputError(f"scenarios must be a whole number from 1 on; got {scenarios!r}.")
    with styled(ax):
        ax = axes_or_new(ax)
        ax.axhline(0.0, color=QUIET, linewidth=0.8)
        if len(result.labels) > min(scenarios, len(SERIES)):
            _bands(ax, result)
        else:
            _lines(ax, result, {})
        ax.set_ylabel(f"gain since today [{result.currency}]")
        date_axis(ax, known=result.as_of is not None)
        ax.margins(x=0.01)
        money_axis(ax.yaxis)
        legend(ax)
    return ax


def _lines(ax: Axes, result: ScenarioResult, ends: Mapping[str, Array]) -> None:
    """Each scenario by its name, up to the day on which its account ends."""
    at = dates(result.as_of, result.days)
    for i, label in enumerate(result.labels[: len(SERIES)]):
        style: dict[str, Any] = {"color": SERIES[i], "marker": MARKERS[i], "markevery": every(result.days)}
        ways = [(ALONE, result.position, UNHEDGED_DASHES, 0.75)] if result.has_overlay else []
        for name, gains, dashes, alpha in (*ways, (WITH, result.total, "-", 1.0)):
            end = ends.get(name, np.full(len(result.labels), np.nan))[i]
            days, gain = _until(result.days, gains[i], end)
            x = at if days is result.days else dates(result.as_of, days)
            told = label if name == WITH else None
            ax.plot(x, gain, linestyle=dashes, alpha=alpha, label=told, **style)
            if np.isfinite(end):
                ax.plot(x[-1:], gain[-1:], linestyle="none", marker="x", markersize=9, color=SERIES[i])
    if result.has_overlay:
        ax.set_title("solid: with the overlay, dashed: position alone")
    else:
        ax.set_title("gain")


def _until(days: Array, gain: Array, end: float) -> tuple[Array, Array]:
    """A line up to a day, on which it ends; all of it where there is none."""
    if not np.isfinite(end):
        return days, gain
    before = days < end
    return np.append(days[before], end), np.append(gain[before], np.interp(end, days, gain))


def _bands(ax: Axes, result: ScenarioResult) -> None:
    """Medians, and bands around them, of all scenarios."""
    at = dates(result.as_of, result.days)
    ways = [(ALONE, result.position, UNHEDGED, UNHEDGED_DASHES)] if result.has_overlay else []
    last = (WITH if result.has_overlay else "gain", result.total, HEDGED, "-")
    for name, gains, color, dashes in (*ways, last):
        for low, high, alpha in BANDS:
            edges = np.quantile(gains, (low, high), axis=0)
            ax.fill_between(at, edges[0], edges[1], color=color, alpha=alpha, linewidth=0.0)
            if name == ALONE:  # the edges show where the other band lies over it
                ax.plot(at, edges.T, color=color, linewidth=0.6, linestyle=UNHEDGED_DASHES)
        ax.plot(at, np.median(gains, axis=0), color=color, linestyle=dashes, label=f"{name}, median")
    ax.set_title(f"{number_of(len(result.labels), 'scenario')}: half of them, and nine tenths")


def crash_fan(
    result: ScenarioResult,
    *,
    survival: Survival | Mapping[str, Survival] | None = None,
    figure: Figure | None = None,
) -> Figure:
    """Several falls side by side: the price above, the gain with and without the overlay below.

    Parameters
    ----------
    result : ScenarioResult
        Of a few scenarios, such as `hedging.paths.fan`.
    survival : Survival, or mapping of str to Survival, optional
        Of the same scenarios: of the account with the overlay, or of ``"position alone"`` and ``"with overlay"`` each.
        A line of gains stops where its account is liquidated; prices go on, faint.
    figure : Figure, optional
        An empty one to draw on; by default a new one through pyplot.

    Raises
    ------
    InputError
        If the accounts were not followed along the same scenarios.
    """
    must_be("result", result, ScenarioResult, hint="One comes from hedging.scenario.run.")
    accounts = _accounts(result, survival)
    with styled(figure):
        figure = figure_or_new(figure, 1.5)
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2, 3))
    with styled(upper):
        asset, spot = next(iter(result.spot.items()))
        at = dates(result.as_of, result.days)
        died = accounts.get(WITH) or accounts.get(ALONE)
        for i, label in enumerate(result.labels[: len(SERIES)]):
            style: dict[str, Any] = {
                "color": SERIES[i],
                "marker": MARKERS[i],
                "markevery": every(result.days),
            }
            end = np.nan if died is None else died.first()[0][i]
            if np.isfinite(end):
                upper.plot(at, spot[i], color=SERIES[i], alpha=0.35, linewidth=1.0)
            days, price = _until(result.days, spot[i], end)
            upper.plot(dates(result.as_of, days), price, label=label, **style)
        if died is not None:
            day, price = died.first()
            hit = np.isfinite(day)
            upper.plot(
                dates(result.as_of, day[hit]),
                price[hit],
                linestyle="none",
                marker="x",
                markersize=9,
                color=ink(),
                zorder=4,
                label="liquidation",
            )
        upper.set(
            ylabel=f"{asset} spot [{result.money}]",
            ylim=(0.0, None),
            title=f"{asset}: the fall, faster and faster",
        )
        money_axis(upper.yaxis)
        upper.legend(loc="lower left")
        lower.axhline(0.0, color=QUIET, linewidth=0.8)
        _lines(lower, result, {name: each.first()[0] for name, each in accounts.items()})
        lower.set_ylabel(f"gain since today [{result.currency}]")
        date_axis(lower, known=result.as_of is not None)
        lower.margins(x=0.01)
        money_axis(lower.yaxis)
    return figure


def _accounts(
    result: ScenarioResult, survival: Survival | Mapping[str, Survival] | None
) -> dict[str, Survival]:
    """Accounts by what they hold, followed along the scenarios of the result."""
    if survival is None:
        return {}
    given = {WITH: survival} if isinstance(survival, Survival) else survival
    must_be("survival", given, Mapping, hint="One comes from hedging.margin.survive.")
    for name, each in given.items():
        if name not in (ALONE, WITH):
            raise InputError(f"survival must be of {ALONE!r} or {WITH!r}; got {name!r}.")
        must_be(f"survival of {name!r}", each, Survival)
        if len(each.labels) != len(result.labels):
            raise InputError(
                f"survival must be of the {number_of(len(result.labels), 'scenario')} of the result; got {len(each.labels)}."
            )
    return dict(given)
