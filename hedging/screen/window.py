"""The last days of every coin that has them all, and why the others have not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._ground.counts import number_of
from hedging.errors import InputError
from hedging.prices import Past

__all__ = ["EQUAL", "VOLUME", "Window", "window_of"]

Array = npt.NDArray[np.float64]

EQUAL: Final = "equal"
VOLUME: Final = "volume"


@dataclass(frozen=True, eq=False)
class Window:
    """The last `days` returns of the coins that have `days` + 1 closes in a row.

    Attributes
    ----------
    days : int
    coins : tuple of str
        Without the benchmark, if that is a coin.
    fields : mapping of str to ndarray, shape (coins, days + 1)
        As in `hedging.prices.Prices`; NaN where something beside the close is missing.
    benchmark : ndarray, shape (coins, days)
        Log-returns of what each coin is measured against.
    factors : mapping of str to ndarray, shape (days,)
        Further daily series.
    excluded : mapping of str to str
        Coin and reason.
    """

    days: int
    coins: tuple[str, ...]
    fields: Mapping[str, Array]
    benchmark: Array
    factors: Mapping[str, Array]
    excluded: Mapping[str, str]

    @property
    def logs(self) -> Array:
        """Log-closes, shape (coins, days + 1)."""
        return np.log(self.fields["close"])

    @property
    def returns(self) -> Array:
        """Log-returns, shape (coins, days)."""
        return np.diff(self.logs, axis=1)

    @property
    def ranged(self) -> bool:
        """Whether open, high and low are known."""
        return {"open", "high", "low"} <= self.fields.keys()

    @property
    def quote_volume(self) -> Array | None:
        """Volume in the quote currency, or coins times close where only those are known."""
        if "quote_volume" in self.fields:
            return self.fields["quote_volume"]
        if "volume" in self.fields:
            return self.fields["volume"] * self.fields["close"]
        return None


def window_of(
    past: Past, days: int, benchmark: str = "BTC", factors: Mapping[str, pd.Series[float]] | None = None
) -> Window:
    """Take the last `days` returns that were known.

    Raises
    ------
    InputError
        If the window is longer than the file, the benchmark is missing, has a hole in it or never moved,
        or a factor does not cover it.
    """
    in_a_row = past.rows_in_a_row()
    if days + 1 > in_a_row:
        raise InputError(
            f"a window of {number_of(days, 'day')} needs {number_of(days + 1, 'close')} in a row, and {past.source} has {in_a_row} that end on "
            f"{past.as_of:%Y-%m-%d}; shorten windows, or take a later date."
        )
    close = past.fields["close"][-days - 1 :]
    excluded = _reasons(past, close)
    if benchmark not in (EQUAL, VOLUME):
        _check_benchmark(past, benchmark, excluded, days)
    # A coin measured against itself says nothing.
    coins = tuple(coin for coin in past.coins if coin not in excluded and coin != benchmark)
    places = [past.coins.index(coin) for coin in coins]
    fields = {name: values[-days - 1 :, places].T.copy() for name, values in past.fields.items()}
    own = Window(days, coins, fields, np.empty(0), _factors(past, days, factors or {}), excluded)
    return Window(days, coins, fields, _benchmark(past, own, benchmark), own.factors, excluded)


def _reasons(past: Past, close: Array) -> dict[str, str]:
    """Why a coin has not all of the closes, or cannot be measured."""
    reasons: dict[str, str] = {}
    dates = past.stamps[-len(close) :]
    printed = ~np.isfinite(close) & np.isfinite(past.as_recorded[-len(close) :])
    for place, coin in enumerate(past.coins):
        there = np.isfinite(close[:, place])
        if there.all():
            if np.ptp(close[:, place]) == 0.0:
                reasons[coin] = f"the close did not move in {number_of(len(close), 'bar')}"
            continue
        need = f"{number_of(len(close), 'close')} in a row are needed"
        if printed[:, place].any():
            reasons[coin] = (
                f"{need}; that of {dates[int(np.argmax(printed[:, place]))]:%Y-%m-%d} is a bad print"
            )
            continue
        rows = np.flatnonzero(np.isfinite(past.fields["close"][:, place]))
        first, last = past.stamps[rows[0]], past.stamps[rows[-1]]
        if not there[-1]:
            reasons[coin] = f"{need}; the last is that of {last:%Y-%m-%d}"
        elif first > dates[0]:
            reasons[coin] = f"{need}; the first is that of {first:%Y-%m-%d}"
        else:
            reasons[coin] = (
                f"{need}; {(~there).sum()} are missing, the first of {dates[int(np.argmin(there))]:%Y-%m-%d}"
            )
    return reasons


def _check_benchmark(past: Past, benchmark: str, excluded: Mapping[str, str], days: int) -> None:
    if benchmark not in past.coins:
        raise InputError(
            f"the benchmark {benchmark!r} is not in {past.source} by {past.as_of:%Y-%m-%d}; choose one of "
            f"{', '.join(past.coins)}, 'equal' or 'volume'."
        )
    if benchmark in excluded:
        raise InputError(
            f"the benchmark {benchmark} cannot carry a window of {number_of(days, 'day')} that ends on {past.as_of:%Y-%m-%d}: "
            f"{excluded[benchmark]}. Choose another benchmark or date, or 'equal'."
        )


def _factors(past: Past, days: int, factors: Mapping[str, pd.Series[float]]) -> dict[str, Array]:
    """The factors on the days of the window; none is filled in."""
    dates = past.stamps[-days:]
    found: dict[str, Array] = {}
    for name, series in factors.items():
        if not isinstance(series, pd.Series) or not isinstance(series.index, pd.DatetimeIndex):
            raise InputError(f"factor {name!r} must be a Series over dates.")
        index = series.index.tz_localize("UTC") if series.index.tz is None else series.index.tz_convert("UTC")
        if index.has_duplicates:
            raise InputError(
                f"factor {name!r} has more than one value on {index[index.duplicated()][0]:%Y-%m-%d}."
            )
        values = series.set_axis(index).reindex(dates).to_numpy(dtype=np.float64)
        bad = ~np.isfinite(values)
        if bad.any():
            raise InputError(
                f"factor {name!r} must have a finite value on each day of a window; there is none on "
                f"{dates[int(np.argmax(bad))]:%Y-%m-%d} ({bad.sum()} of {number_of(days, 'day')}). Fill it as you know it was known."
            )
        found[str(name)] = np.asarray(values)
    return found


def _benchmark(past: Past, window: Window, benchmark: str) -> Array:
    """Log-returns of the benchmark, one row a coin."""
    returns = window.returns
    if benchmark == EQUAL:
        weights = np.ones(returns.shape)
    elif benchmark == VOLUME:
        volume = window.quote_volume
        if volume is None:
            raise InputError(f"{past.source} has no volumes; take benchmark='equal' or a coin.")
        weights = np.nan_to_num(volume[:, :-1])  # of the day before: a day's volume follows its own return
    else:
        of_coin = np.diff(np.log(past.fields["close"][-window.days - 1 :, past.coins.index(benchmark)]))
        if of_coin.std() == 0.0:
            raise InputError(
                f"the benchmark {benchmark} never moves in {number_of(window.days, 'day')}; choose another."
            )
        return np.broadcast_to(of_coin, returns.shape)
    if len(returns) == 1:
        raise InputError(
            f"benchmark={benchmark!r} is the mean of the other coins, and {window.coins[0]} has none."
        )
    others = weights.sum(axis=0) - weights
    if (others <= 0.0).any():
        raise InputError("benchmark='volume' needs a volume of some other coin on every day of a window.")
    return np.asarray(((weights * returns).sum(axis=0) - weights * returns) / others)
