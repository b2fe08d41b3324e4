"""Values, Greeks and vols of quotes by how they are exercised: where European and American options part.

Whatever is asked of a quote in the rooms above is asked here, with the price of the underlying where the right to
exercise early is to be counted, and without it where exercise is at expiry. An American option is valued by
`hedging.greeks.american_price` with what its forward loses against spot as a yield. In scenarios, where there are
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
from hedging.market.terms import ContractTerms

__all__ = [
    "american_spot",
    "implied_vols",
    "option_greeks",
    "out_of_the_money",
    "side_vols",
    "undiscounted",
    "vols_of_marks",
]

_TERMS = ("flag", "forward", "strike", "time_to_expiry")


def american_spot(terms: ContractTerms, spot: float) -> float | None:
    """The price of the underlying where options of such terms may be exercised early, None where they may not. [money]"""
    return spot if terms.exercise == "american" else None


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
) -> dict[str, Array]:
    """Values of one unit of options, each by its own exercise; the arguments broadcast.

    Parameters
    ----------
    american : array_like of bool
        Which may be exercised early.
    flag, spot, strike, time_to_expiry, rate, vol, dividend_yield, names
        As in `hedging.greeks.greeks`.

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
    return out


def implied_vols(quotes: pd.DataFrame, price: pd.Series, spot: npt.ArrayLike | None = None) -> pd.Series:
    """Vols at which quotes are worth a price [money]; NaN where there is none.

    Parameters
    ----------
    quotes : DataFrame
        ``flag, forward, strike, time_to_expiry, discount``.
    price : Series
        [money]
    spot : array_like, optional
        Where exercise is American: of the underlying, one or by quote. [money]
    """
    vol = np.asarray(
        _greeks.black76_implied_vol((price / quotes["discount"]).to_numpy(), *_terms(quotes), errors="nan")
    )
    if spot is not None and len(quotes):
        here = ~_left_out(quotes["flag"].to_numpy(), *_carried(quotes, spot)[1:])
        some = quotes[here]
        flag, _, strike, time = _terms(some)
        at = np.broadcast_to(np.asarray(spot, dtype=float), len(quotes))[here]
        at, rate, yielded = _carried(some, at)
        vol = vol.copy()
        vol[here] = _greeks.american_implied_vol(
            price[some.index].to_numpy(), flag, at, strike, time, rate, yielded, errors="nan"
        )
    return pd.Series(vol, index=quotes.index)


def vols_of_marks(quotes: pd.DataFrame, terms: ContractTerms, spot: float) -> pd.Series:
    """Vols that marks have under some terms, NaN where there is none above 0."""
    vols = implied_vols(quotes, quotes["mark"], american_spot(terms, spot))
    return vols.where(vols > 0.0)


def side_vols(quotes: pd.DataFrame, side: str, spot: npt.ArrayLike | None = None) -> pd.Series:
    """Vols of a bid or an ask, for fits; of American quotes by what early exercise takes off the vol of the mark.

    That is a quick stand-in for `implied_vols`, right where the premium of early exercise is nearly the same at
    the mark and at either side: out of the money.
    """
    found = implied_vols(quotes, quotes[side])
    if spot is None:
        return found
    taken = quotes["mark_vol"] - implied_vols(quotes, quotes["mark"])
    return (found + taken.fillna(0.0)).clip(lower=0.0)


def undiscounted(
    quotes: pd.DataFrame, vol: pd.Series, names: tuple[str, ...], spot: npt.ArrayLike | None = None
) -> pd.DataFrame:
    """Values of quotes at given vols over their discount, in market units; of European ones those of Black-76.

    Deltas are to the forward of European quotes, to spot of American ones; `spot` is as in `implied_vols`.
    """
    if spot is None or not len(quotes):
        flag, forward, strike, time = _terms(quotes)
        values = _greeks.black76_greeks(flag, forward, strike, time, 0.0, vol.to_numpy(), names=names)
        return values.to_frame().set_index(quotes.index)
    flag, _, strike, time = _terms(quotes)
    at, rate, yielded = _carried(quotes, spot)
    found = option_greeks(True, flag, at, strike, time, rate, vol.to_numpy(), yielded, names)
    return pd.DataFrame(found, index=quotes.index).div(quotes["discount"], axis=0)


def out_of_the_money(table: pd.DataFrame) -> pd.Series:
    """Whether each quote's strike lies beyond its forward; at the forward itself the call's does."""
    return (table["flag"] == "c") == (table["strike"] >= table["forward"])


def _terms(quotes: pd.DataFrame) -> tuple[npt.NDArray[Any], ...]:
    return tuple(quotes[name].to_numpy() for name in _TERMS)


def _carried(quotes: pd.DataFrame, spot: npt.ArrayLike) -> tuple[Array, Array, Array]:
    """Spot, rate and yield of each quote, which turn its forward form into the spot form."""
    time = quotes["time_to_expiry"].to_numpy(dtype=float)
    at = np.broadcast_to(np.asarray(spot, dtype=float), time.shape)
    rate = -np.log(quotes["discount"].to_numpy(dtype=float)) / time
    return at, rate, rate - np.log(quotes["forward"].to_numpy(dtype=float) / at) / time


def _left_out(flag: npt.NDArray[Any], rate: Array, dividend_yield: Array) -> Mask:
    """Where exercise would pay between two boundaries only, at rates below 0: it is worth next to nothing."""
    return is_double(np.where(flag == "c", 1.0, -1.0), rate, dividend_yield)
