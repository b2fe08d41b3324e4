"""Values, Greeks and vols of quotes by how they are exercised: where European and American options part.

Whatever is asked of a quote in the rooms above is asked here, with spot and ex-dates where the right to exercise early
is to be counted, and without them where exercise is at expiry. An American option is valued by
`hedging.greeks.american_price` with what its forward loses against spot as a yield; where dividends were given, by no
less than exercise beside an ex-date (`hedging.market.ex_dates`). In scenarios, where there are
many spots and vols of one contract, `hedging.book.pricer` adds the same premium from tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging import greeks as _greeks
from hedging._numerics.american import is_double
from hedging._numerics.types import Array, Mask
from hedging.market.ex_dates import NO_EX_DATES, Early, exercises

__all__ = [
    "implied_vols",
    "option_greeks",
    "out_of_the_money",
    "side_vols",
    "undiscounted",
    "vols_of_marks",
]

_TERMS = ("flag", "forward", "strike", "time_to_expiry")


def option_greeks(
    american: npt.ArrayLike,
    flag: npt.NDArray[Any],
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    time_to_expiry: npt.ArrayLike,
    rate: npt.ArrayLike,
    vol: npt.ArrayLike,
    dividend_yield: npt.ArrayLike,
    names: Sequence[str],
    ex_dates: Array = NO_EX_DATES,
) -> dict[str, Array]:
    """Values of one unit of options, each by its own exercise; the arguments broadcast.

    Parameters
    ----------
    american : array_like of bool
        Which may be exercised early.
    flag, spot, strike, time_to_expiry, rate, vol, dividend_yield, names
        As in `hedging.greeks.greeks`.
    ex_dates : ndarray, shape (dividends, 2)
        Those within `dividend_yield`, as in `hedging.market.option_table.OptionTable`.

    Returns
    -------
    dict of str to ndarray
        By name, in market units.
    """
    numbers = (spot, strike, time_to_expiry, rate, vol, dividend_yield)
    early = np.asarray(american, dtype=bool)
    if not early.any():
        found = _greeks.greeks(flag, *numbers, names=tuple(names))
        return {name: np.asarray(getattr(found, name)) for name in names}
    mask, flags, *columns = np.broadcast_arrays(early, flag, *numbers)
    mask = mask & ~_left_out(flags, columns[3], columns[5])
    out = {name: np.empty(mask.shape) for name in names}
    for here, function in ((~mask, _greeks.greeks), (mask, _greeks.american_greeks)):
        if here.any():
            at, k, t, r, v, q = (column[here] for column in columns)
            part = function(flags[here], at, k, t, r, v, q, names=tuple(names))
            for name in names:
                out[name][here] = getattr(part, name)
    if len(ex_dates) and mask.any():
        _exercised_for_dividends(out, mask, flags, columns, names, ex_dates)
    return out


def _exercised_for_dividends(
    out: dict[str, Array],
    american: Mask,
    flags: npt.NDArray[Any],
    columns: Sequence[Array],
    names: Sequence[str],
    ex_dates: Array,
) -> None:
    """Put the European option that ends at an ex-date in the place of what is worth less."""
    at, k, t, r, v, q = (column[american] for column in columns)
    flag, wanted = flags[american], tuple(dict.fromkeys(("price", *names)))
    best = np.asarray(_greeks.american_price(flag, at, k, t, r, v, q))
    found = {name: out[name][american] for name in names}
    for options, time, carry in exercises(np.where(flag == "c", 1.0, -1.0), t, r - q, ex_dates):
        part = _greeks.greeks(
            flag[options],
            at[options],
            k[options],
            time,
            r[options],
            v[options],
            (r - carry)[options],
            names=wanted,
        )
        price = np.asarray(part.price)
        better = price > best[options]
        here = np.flatnonzero(options)[better]
        best[here] = price[better]
        for name in names:
            found[name][here] = np.asarray(getattr(part, name))[better]
    for name in names:
        out[name][american] = found[name]


def implied_vols(quotes: pd.DataFrame, price: pd.Series, early: Early | None = None) -> pd.Series:
    """Vols at which quotes are worth a price [money]; NaN where there is none.

    Parameters
    ----------
    quotes : DataFrame
        ``flag, forward, strike, time_to_expiry, discount``.
    price : Series
        [money]
    early : Early, optional
        Where exercise is American.
    """
    vol = np.asarray(
        _greeks.black76_implied_vol((price / quotes["discount"]).to_numpy(), *_terms(quotes), errors="nan")
    )
    if early is not None and len(quotes):
        vol = vol.copy()
        here = ~_left_out(quotes["flag"].to_numpy(), *_carried(quotes, early)[1:])
        vol[here] = _american_vols(quotes, price, early)[here]
    return pd.Series(vol, index=quotes.index)


def _american_vols(quotes: pd.DataFrame, price: pd.Series, early: Early) -> Array:
    """The vol at which the dearest way to exercise is worth the price: the least that any of them has."""
    flag, _, strike, time = _terms(quotes)
    at, rate, yielded = _carried(quotes, early)
    paid = price.to_numpy(dtype=float)
    two = _left_out(flag, rate, yielded)  # which would be solved one by one, and are not asked for
    vol = np.array(
        _greeks.american_implied_vol(
            np.where(two, np.nan, paid), flag, at, strike, time, rate, yielded, errors="nan"
        )
    )
    for options, until, carry in exercises(
        np.where(flag == "c", 1.0, -1.0), time, rate - yielded, early.ex_dates
    ):
        other = _greeks.implied_vol(
            paid[options],
            flag[options],
            at[options],
            strike[options],
            until,
            rate[options],
            (rate - carry)[options],
            errors="nan",
        )
        vol[options] = np.minimum(vol[options], other)  # NaN where one of them is worth more without any vol
    return vol


def vols_of_marks(quotes: pd.DataFrame, early: Early | None) -> pd.Series:
    """Vols that marks have, NaN where there is none above 0."""
    vols = implied_vols(quotes, quotes["mark"], early)
    return vols.where(vols > 0.0)


def side_vols(quotes: pd.DataFrame, side: str, early: Early | None = None) -> pd.Series:
    """Vols of a bid or an ask, for fits; of American quotes by what early exercise takes off the vol of the mark.

    That is a quick stand-in for `implied_vols`, right where the premium of early exercise is nearly the same at
    the mark and at either side: out of the money.
    """
    found = implied_vols(quotes, quotes[side])
    if early is None:
        return found
    taken = quotes["mark_vol"] - implied_vols(quotes, quotes["mark"])
    return (found + taken.fillna(0.0)).clip(lower=0.0)


def undiscounted(
    quotes: pd.DataFrame, vol: pd.Series, names: tuple[str, ...], early: Early | None = None
) -> pd.DataFrame:
    """Values of quotes at given vols over their discount, in market units; of European ones those of Black-76.

    Deltas are to the forward of European quotes, to spot of American ones; `early` is as in `implied_vols`.
    """
    if early is None or not len(quotes):
        flag, forward, strike, time = _terms(quotes)
        values = _greeks.black76_greeks(flag, forward, strike, time, 0.0, vol.to_numpy(), names=names)
        return values.to_frame().set_index(quotes.index)
    flag, _, strike, time = _terms(quotes)
    at, rate, yielded = _carried(quotes, early)
    found = option_greeks(True, flag, at, strike, time, rate, vol.to_numpy(), yielded, names, early.ex_dates)
    return pd.DataFrame(found, index=quotes.index).div(quotes["discount"], axis=0)


def out_of_the_money(table: pd.DataFrame) -> pd.Series:
    """Whether each quote's strike lies beyond its forward; at the forward itself the call's does."""
    return (table["flag"] == "c") == (table["strike"] >= table["forward"])


def _terms(quotes: pd.DataFrame) -> tuple[npt.NDArray[Any], ...]:
    return tuple(quotes[name].to_numpy() for name in _TERMS)


def _carried(quotes: pd.DataFrame, early: Early) -> tuple[Array, Array, Array]:
    """Spot, rate and yield of each quote, which turn its forward form into the spot form."""
    time = quotes["time_to_expiry"].to_numpy(dtype=float)
    at = np.broadcast_to(np.asarray(early.spot, dtype=float), time.shape)
    rate = -np.log(quotes["discount"].to_numpy(dtype=float)) / time
    return at, rate, rate - np.log(quotes["forward"].to_numpy(dtype=float) / at) / time


def _left_out(flag: npt.NDArray[Any], rate: Array, dividend_yield: Array) -> Mask:
    """Where exercise would pay between two boundaries only, at rates below 0: it is worth next to nothing."""
    return is_double(np.where(flag == "c", 1.0, -1.0), rate, dividend_yield)
