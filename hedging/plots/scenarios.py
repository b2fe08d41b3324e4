"""Pictures of gains over time: some scenarios by name, many as bands, falls that stop where an account does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hedging._ground.arguments import must_be, whole
from hedging._ground.cells import listed
from hedging._ground.counts import number_of
from hedging.errors import InputError
from hedging.margin import Survival
from hedging.margin.ended import Ends, first_ends, until
from hedging.plots.legends import legend
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
    gain_label,
    ink,
    money_axis,
    note_fills,
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
    whole("scenarios", scenarios)
    with styled(ax):
        ax = axes_or_new(ax)
        ax.axhline(0.0, color=QUIET, linewidth=0.8)
        if len(result.labels) > min(scenarios, len(SERIES)):
            _bands(ax, result)
        else:
            _lines(ax, result, {})
        ax.set_ylabel(gain_label(result.currency, result.filled))
        note_fills(ax, result.filled)
        date_axis(ax, known=result.as_of is not None)
        ax.margins(x=0.01)
        money_axis(ax.yaxis)
        legend(ax)
    return ax


def _lines(ax: Axes, result: ScenarioResult, ends: Mapping[str, Ends]) -> None:
    """Each scenario by its name, up to the day on which an account ends."""
    at = dates(result.as_of, result.days)
    for i, label in enumerate(result.labels[: len(SERIES)]):
        style: dict[str, Any] = {"color": SERIES[i], "marker": MARKERS[i], "markevery": every(result.days)}
        ways = [(ALONE, result.position, UNHEDGED_DASHES, 0.75)] if result.has_overlay else []
        for name, gains, dashes, alpha in (*ways, (WITH, result.total, "-", 1.0)):
            end = ends[name].days[i] if name in ends else np.nan
            days, gain = until(result.days, gains[i], end)
            x = at if days is result.days else dates(result.as_of, days)
            told = label if name == WITH else None
            ax.plot(x, gain, linestyle=dashes, alpha=alpha, label=told, **style)
            if np.isfinite(end):
                ax.plot(x[-1:], gain[-1:], linestyle="none", marker="x", markersize=9, color=SERIES[i])
    if result.has_overlay:
        ax.set_title("solid: with the overlay, dashed: position alone")
    else:
        ax.set_title("gain")


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
    survival: Survival | Mapping[str, Survival] | Mapping[str, Mapping[str, Survival]] | None = None,
    figure: Figure | None = None,
) -> Figure:
    """Several falls side by side: the price above, the gain with and without the overlay below.

    Parameters
    ----------
    result : ScenarioResult
        Of a few scenarios, such as `hedging.paths.fan`.
    survival : Survival, or mapping of str to Survival, optional
        Of the same scenarios: of the account with the overlay, or of every account by its name, as
        `hedging.margin.survive_accounts` gives them, or either of ``"position alone"`` and ``"with overlay"`` each.
        A line of gains stops where the first of its accounts is liquidated; prices go on, faint.
    figure : Figure, optional
        An empty one to draw on; by default a new one through pyplot.

    Raises
    ------
    InputError
        If the accounts were not followed along the same scenarios.
    """
    must_be("result", result, ScenarioResult, hint="One comes from hedging.scenario.run.")
    ends = _ends(result, survival)
    with styled(figure):
        figure = figure_or_new(figure, 1.5)
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2, 3))
    with styled(upper):
        asset, spot = next(iter(result.spot.items()))
        at = dates(result.as_of, result.days)
        died = ends.get(WITH) or ends.get(ALONE)
        dead: list[list[Any]] = []
        for i, label in enumerate(result.labels[: len(SERIES)]):
            style: dict[str, Any] = {
                "color": SERIES[i],
                "marker": MARKERS[i],
                "markevery": every(result.days),
            }
            end = np.nan if died is None else died.days[i]
            days, log_price = until(result.days, np.log(spot[i]), end)
            if days is not result.days:
                upper.plot(at, spot[i], color=SERIES[i], alpha=0.35, linewidth=1.0)
            drawn = dates(result.as_of, days), np.exp(log_price)
            upper.plot(*drawn, label=label, **style)
            if days is not result.days:
                dead.append([each[-1] for each in drawn])
        cross: dict[str, Any] = {"linestyle": "none", "marker": "x", "markersize": 9, "color": ink()}
        if died is not None and dead:
            upper.plot(*zip(*dead, strict=True), zorder=4, label=_of_accounts(died), **cross)
        upper.set(
            ylabel=f"{asset} spot [{result.money}]",
            ylim=(0.0, None),
            title=f"{asset}: the fall{', faster and faster' if len(result.labels) > 1 else ''}",
        )
        money_axis(upper.yaxis)
    with styled(lower):
        lower.axhline(0.0, color=QUIET, linewidth=0.8)
        _lines(lower, result, ends)
        lower.set_ylabel(gain_label(result.currency, result.filled))
        date_axis(lower, known=result.as_of is not None)
        lower.margins(x=0.01)
        money_axis(lower.yaxis)
        if died is not None and dead:
            lower.plot([], [], label=_of_accounts(died), **cross)
        note_fills(lower, result.filled)
        legend(lower)
    return figure


def _of_accounts(died: Ends) -> str:
    """What the cross is, and of which accounts."""
    names = [name for name in dict.fromkeys(died.accounts) if name]
    return f"liquidation of {listed(names)}" if names and names != [WITH] else "liquidation"


def _ends(result: ScenarioResult, survival: object) -> dict[str, Ends]:
    """Where the position alone and the book with the overlay end; without an overlay they are one line."""
    found = {
        name: first_ends(_accounts(result, each), len(result.labels))
        for name, each in _ways(survival).items()
        if not (isinstance(each, Mapping) and not each)
    }
    if not result.has_overlay and found:
        found = {WITH: found.get(ALONE) or found[WITH]}
    return found


def _ways(survival: object) -> Mapping[str, object]:
    if survival is None or (isinstance(survival, Mapping) and survival and set(survival) <= {ALONE, WITH}):
        return survival or {}
    return {WITH: survival}


def _accounts(result: ScenarioResult, survival: object) -> Mapping[str, Survival]:
    """Accounts by name, followed along the scenarios of the result."""
    given = {WITH: survival} if isinstance(survival, Survival) else survival
    hint = "One comes from hedging.margin.survive, several from survive_accounts."
    accounts: Mapping[str, Survival] = must_be("survival", given, Mapping, hint=hint)
    for name, each in accounts.items():
        must_be(f"survival of {name!r}", each, Survival, hint=hint)
        if len(each.labels) != len(result.labels):
            raise InputError(
                f"survival must be of the {number_of(len(result.labels), 'scenario')} of the result; got {len(each.labels)}."
            )
    return accounts
