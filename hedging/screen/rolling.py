"""How the market model and the drawdown of a coin came to be what they are, day by day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd

from hedging._ground.counts import number_of
from hedging.errors import InputError
from hedging.prices import Prices
from hedging.screen import market_model
from hedging.screen.measures import check_windows
from hedging.screen.window import window_of

__all__ = ["drawdowns", "rolling_alpha"]


def rolling_alpha(
    prices: Prices,
    coins: Sequence[str],
    *,
    window: int = 90,
    benchmark: str = "BTC",
    at: str | dt.date | pd.Timestamp | None = None,
    days: int = 180,
) -> pd.DataFrame:
    """Alpha of coins at each of the last days, each with data up to it only.

    Parameters
    ----------
    prices : Prices
    coins : sequence of str
    window : int
        Days of each regression.
    benchmark, at
        As in `run`.
    days : int
        How many days to look back.

    Returns
    -------
    DataFrame
        Index date; columns coin and ``alpha`` [1/year] or ``t``. NaN where a coin has not the window.

    Raises
    ------
    InputError
        As `run`, and if no day has the window.
    """
    (window,) = check_windows((window,))
    prices = prices.daily()
    past = prices.until(at)
    _check_coins(coins, past.coins, prices.source)
    rows = {}
    for date in past.stamps[-days:]:
        until = prices.until(date.date())
        if until.rows_in_a_row() <= window:
            continue
        of_date = window_of(until, window, benchmark)
        found = market_model.measure(of_date, market_model.fit(of_date))
        place = {coin: index for index, coin in enumerate(of_date.coins)}
        rows[date] = [
            found[name][place[coin]] if coin in place else np.nan
            for coin in coins
            for name in ("alpha", "alpha_t")
        ]
    if not rows:
        raise InputError(
            f"none of the last {number_of(days, 'day')} of {prices.source} has {number_of(window + 1, 'close')} in a row before it."
        )
    columns = pd.MultiIndex.from_product([list(coins), ["alpha", "t"]], names=["coin", "measure"])
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("date")


def drawdowns(
    prices: Prices,
    coins: Sequence[str],
    *,
    at: str | dt.date | pd.Timestamp | None = None,
    days: int = 365,
) -> pd.DataFrame:
    """Distance of each close to the highest one before it, within the last days.

    Parameters
    ----------
    prices : Prices
    coins : sequence of str
    at
        As in `run`.
    days : int
        How many days to look back.

    Returns
    -------
    DataFrame
        Dates by coins; shares <= 0, NaN where there is no close.

    Raises
    ------
    InputError
        If a coin has no close by then.
    """
    past = prices.daily().until(at)
    _check_coins(coins, past.coins, prices.source)
    closes = past.closes[list(coins)].iloc[-days:]
    return closes / closes.cummax() - 1.0


def _check_coins(coins: Sequence[str], there: Sequence[str], source: str) -> None:
    missing = [coin for coin in coins if coin not in there]
    if missing or not coins or isinstance(coins, str):
        raise InputError(f"coins must name some of {source} ({', '.join(there)}); got {coins!r}.")
