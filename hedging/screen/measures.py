"""All measures of all coins at one instant, as one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._ground.counts import number_of
from hedging.errors import InputError
from hedging.prices import Past
from hedging.screen import breaks, liquidity, market_model, persistence, speed, strength, vol
from hedging.screen.window import EQUAL, window_of

__all__ = ["Measured", "check_windows", "measure"]

Array = npt.NDArray[np.float64]

LEAST_WINDOW = 10  # returns; five lags and three coefficients leave nothing of fewer


@dataclass(frozen=True, eq=False)
class Measured:
    """Measures of every coin that has the window of each.

    Attributes
    ----------
    table : DataFrame
        Index coin; a column a measure, those of a window with its days: ``alpha_30``. NaN where a coin has not
        the window.
    excluded : DataFrame
        ``coin, window, reason``; the window of the break is 97 days.
    """

    table: pd.DataFrame
    excluded: pd.DataFrame


def check_windows(windows: Sequence[int]) -> tuple[int, ...]:
    """The windows, ascending.

    Raises
    ------
    InputError
        If one is no whole number of at least ten days, or none is given, or one twice.
    """
    if isinstance(windows, (str, bytes)) or not isinstance(windows, Sequence) or not windows:
        raise InputError(
            f"windows must be one or more whole numbers of days, such as (30, 60, 90); got {windows!r}."
        )
    for days in windows:
        if isinstance(days, bool) or not isinstance(days, (int, np.integer)) or days < LEAST_WINDOW:
            raise InputError(f"windows must be whole numbers of days >= {LEAST_WINDOW}; got {days!r}.")
    if len(set(windows)) < len(windows):
        raise InputError(f"windows must differ; got {tuple(windows)}.")
    return tuple(sorted(int(days) for days in windows))


def measure(
    past: Past,
    benchmark: str,
    windows: Sequence[int],
    factors: Mapping[str, pd.Series[float]] | None = None,
) -> Measured:
    """Measure every coin; see `hedging.screen.run`."""
    parts: list[pd.DataFrame] = []
    reasons: list[tuple[str, int, str]] = []
    for days in windows:
        window = window_of(past, days, benchmark, factors)
        reasons += [(coin, days, reason) for coin, reason in window.excluded.items()]
        if not window.coins:
            continue
        model = market_model.fit(window)
        found = {
            **market_model.measure(window, model),
            **strength.measure(window, model),
            **vol.measure(window),
            **liquidity.measure(window),
            **persistence.measure(window, model),
        }
        parts.append(
            pd.DataFrame({f"{name}_{days}": values for name, values in found.items()}, list(window.coins))
        )
    if not parts:
        shown = "; ".join(f"{coin}: {reason}" for coin, _, reason in reasons[:3])
        raise InputError(
            f"no coin of {past.source} can be measured on {past.as_of:%Y-%m-%d}: {shown or f'it holds the benchmark {benchmark} alone'}."
        )
    parts += _without_window(past, benchmark, reasons)
    table = pd.concat(parts, axis=1).sort_index().rename_axis("coin")
    return Measured(table, pd.DataFrame(reasons, columns=["coin", "window", "reason"]))


def _without_window(past: Past, benchmark: str, reasons: list[tuple[str, int, str]]) -> list[pd.DataFrame]:
    """The measures whose window is their own."""
    parts = []
    days = breaks.BREAK_WINDOW + breaks.BREAK_DAYS
    if past.rows_in_a_row() > days:
        window = window_of(past, days, benchmark)
        reasons += [(coin, days, reason) for coin, reason in window.excluded.items()]
        if window.coins:
            found = breaks.measure(window, peers=benchmark != EQUAL)
            parts.append(pd.DataFrame(found, list(window.coins)))
    else:
        reasons += [
            (coin, days, f"the file has no {number_of(days + 1, 'bar')} in a row") for coin in past.coins
        ]
    if past.rows_in_a_row() > speed.SPEED_DAYS:
        week = window_of(past, speed.SPEED_DAYS, benchmark).coins
        parts.append(pd.DataFrame(speed.measure(past, week), list(week)))
    in_a_row = past.fields["close"][-min(past.rows_in_a_row(), 7 * strength.WEEKS[-1] + 1) :]
    coins = [coin for coin in past.coins if coin != benchmark]
    places = [past.coins.index(coin) for coin in coins]
    weeks = pd.DataFrame(strength.momentum(in_a_row.T[places]), coins)
    known = set().union(*(part.index for part in parts)) if parts else set(coins)
    parts.append(weeks[weeks.notna().any(axis=1) & weeks.index.isin(known)])
    return parts
