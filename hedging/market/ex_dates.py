"""Dividends given to a chain, and the exercises that pay because of them.

A dividend counts as a share of spot, so that it falls with spot in scenarios as forwards do. A call is worth
exercising right before an ex-date, a put right after one: an American option is worth no less than the European one
that ends there (F. Black, *Fact and fantasy in the use of options*, 1975, for calls). Between the ex-dates what is lost
counts as a yield. The largest of these is the value, which no yield alone can say in the days around an ex-date.

That is not the value with cash dividends, which `hedging.greeks.american_price` solves for: holders who wait for an
ex-date and then for another have more, and a share of a spot far away is more or less than the cash. In a search over
terms of weeks to a year and a half, yields of a dividend of 0.2 to 2 % of spot a quarter, rates to 6 % and vols of 12 to
60 % the two were within `APART` of one dividend.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._numerics.types import Array, Mask
from hedging.units import years

__all__ = ["APART", "NO_EX_DATES", "Early", "Exercise", "ex_dates_of", "exercises", "rate_at"]

NO_EX_DATES: Array = np.empty((0, 2))

APART: Final = 0.75
"""How far values of American options are from those with cash dividends at most. [share of one dividend]"""


class Early(NamedTuple):
    """What the value of the right to exercise early is made of, beside the terms of each quote.

    Attributes
    ----------
    spot : float or ndarray
        Of the underlying, one or by quote. [money]
    ex_dates : ndarray, shape (dividends, 2)
        As in `hedging.market.option_table.OptionTable`.
    """

    spot: npt.ArrayLike
    ex_dates: Array = NO_EX_DATES


class Exercise(NamedTuple):
    """A date on which some options may be exercised for a dividend."""

    options: Mask
    time: float
    carry: Array  # over that time, of every option


def exercises(sign: npt.ArrayLike, time: Array, carry: Array, ex_dates: Array) -> Iterator[Exercise]:
    """Every ex-date within the life of some options, as calls and puts meet it.

    Parameters
    ----------
    sign : array_like
        +1 for calls, -1 for puts.
    time : ndarray, shape (options,)
        To expiry. [years]
    carry : ndarray, shape (options,)
        Of the forward over that time, dividends included. [1/year]
    ex_dates : ndarray, shape (dividends, 2)
    """
    ex, kept = ex_dates.T
    lost = np.where(ex <= time[:, None], kept, 0.0).sum(axis=1)
    smooth = carry - lost / time
    for when in ex[ex > 0.0].tolist():
        for side, gone in ((1.0, ex < when), (-1.0, ex <= when)):
            options = np.asarray((time > when) & (np.asarray(sign) == side))
            if options.any():
                yield Exercise(options, when, smooth + kept[gone & (ex > 0.0)].sum() / when)


def ex_dates_of(
    dividends: Mapping[str, float], quotes: pd.DataFrame, as_of: pd.Timestamp, spot: float
) -> Array:
    """Dividends that are still to come: time until the ex-date [years] and log of what is left of spot then."""
    rows, left = [], spot
    for day, amount in sorted(dividends.items()):
        time = years(as_of, pd.Timestamp(f"{day[:10]}T13:30Z"))
        if time > 0.0 and amount > 0.0:
            worth = amount * math.exp(-float(rate_at(quotes, time)) * time)
            rows.append((time, math.log1p(-worth / left)))
            left -= worth
    return np.array(rows, dtype=float).reshape(len(rows), 2)


def rate_at(quotes: pd.DataFrame, time: npt.ArrayLike) -> Array:
    """Rate at which quotes discount money of a time [years]: between their expiries, flat before and after. [1/year]"""
    factor = quotes.groupby("time_to_expiry")["discount"].median()
    known = factor.index.to_numpy(dtype=float)
    return np.asarray(np.interp(np.asarray(time, dtype=float), known, -np.log(factor.to_numpy()) / known))
