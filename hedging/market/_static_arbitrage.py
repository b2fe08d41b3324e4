"""Quotes that pay whatever spot does, after fees: orders of one expiry by an exact programme, and pairs over time.

Payoffs of options are linear between strikes, and beyond the last: orders that gain at every strike and at the one end,
and lose nothing more towards the other, gain everywhere. A linear programme has those whose least gain is largest. No
forward is asked for, so that a stale one accuses no quote.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pandas as pd

from hedging._numerics.types import Array, Rows
from hedging.market.by_exercise import out_of_the_money
from hedging.market.terms import ContractTerms

__all__ = ["calendars", "index_of_running_minimum", "never_losing"]

LEAST_SHARE: Final = 1e-6  # of the orders: less is rounding
FEWEST: Final = 2  # quotes, of which one is worth more than the other

Found = tuple[Any, str, float]
"""Expiry, symbols, and what the orders gain at least, one unit altogether. [money]"""


def never_losing(quotes: pd.DataFrame, terms: ContractTerms) -> Iterator[Found]:
    """Of each expiry the orders that gain most in the worst case, where they gain at all.

    Calls and puts that may be exercised early are taken by themselves, and no interest on what they bring: what is sold
    may be exercised at once, and what is bought can be too.
    """
    by = ["expiry", "flag"] if terms.exercise == "american" else ["expiry"]
    for _, rows in quotes[(quotes["bid"] > 0.0) | (quotes["ask"] > 0.0)].groupby(by, sort=True):
        if len(rows) >= FEWEST:
            gain, symbols = _best(rows, terms)
            if gain > 0.0:
                yield rows["expiry"].iloc[0], symbols, gain


def _best(rows: pd.DataFrame, terms: ContractTerms) -> tuple[float, str]:
    """What the orders of one expiry gain at least, and their symbols, the largest order first."""
    coin = terms.settlement == "coin"
    money, (bid, ask) = _money(rows, terms), _after_fees(rows, terms)
    paid, grows = _payoffs(rows, coin=coin)
    buys, sells = np.flatnonzero(np.isfinite(ask)), np.flatnonzero(bid > 0.0)
    gains = np.concatenate((paid[buys] - (ask / money)[buys, None], (bid / money)[sells, None] - paid[sells]))
    worst, sizes = _largest_worst_case(gains, np.concatenate((grows[buys], -grows[sells])))
    names = rows["symbol"].to_numpy()[np.concatenate((buys, sells))]
    largest = np.argsort(-sizes, kind="stable")
    return worst * float(np.median(money)), " ".join(names[[i for i in largest if sizes[i] > LEAST_SHARE]])


def _after_fees(rows: pd.DataFrame, terms: ContractTerms) -> tuple[Array, Array]:
    """What selling brings and buying costs, infinite or below 0 where a side is not quoted. [money]"""
    bid, ask = (rows[side].to_numpy(dtype=float) for side in ("bid", "ask"))
    bid, ask = np.where(bid > 0.0, bid, -1.0), np.where(ask > 0.0, ask, np.inf)
    underlying = rows["forward"].to_numpy(dtype=float)
    return bid - terms.fee.per_unit(np.abs(bid), underlying), ask + terms.fee.per_unit(ask, underlying)


def _money(rows: pd.DataFrame, terms: ContractTerms) -> Array:
    """What money of today is worth in what is paid: coins, or money of then."""
    if terms.exercise == "american":
        return np.ones(len(rows))
    discount = rows["discount"].to_numpy(dtype=float)
    return discount * rows["forward"].to_numpy(dtype=float) if terms.settlement == "coin" else discount


def _payoffs(rows: pd.DataFrame, *, coin: bool) -> tuple[Array, Array]:
    """What each option pays at every strike and one end, shape (options, prices), and how it grows towards the other.

    Money at 0, and per unit of spot beyond the strikes; or coins there, and per unit of 1 / spot towards 0.
    """
    strike, call = rows["strike"].to_numpy(dtype=float), (rows["flag"] == "c").to_numpy()
    sign, spot = np.where(call, 1.0, -1.0), np.unique(strike)
    money = np.maximum(sign[:, None] * (spot - strike[:, None]), 0.0)
    if coin:
        return np.column_stack((money / spot, call)), np.where(call, 0.0, strike)
    return np.column_stack((money, np.where(call, 0.0, strike))), call.astype(float)


def _largest_worst_case(gains: Array, grows: Array) -> tuple[float, Array]:
    """The mixture of orders whose least gain is largest, and that gain.

    Parameters
    ----------
    gains : ndarray, shape (orders, prices)
    grows : ndarray, shape (orders,)
        What each gains more and more beyond; together no less than nothing.
    """
    from scipy.optimize import linprog

    orders, prices = gains.shape
    scale, steepest = float(np.abs(gains).max()), float(np.abs(grows).max()) or 1.0
    found = linprog(
        np.append(np.zeros(orders), -1.0),
        A_ub=np.block(
            [[-gains.T / scale, np.ones((prices, 1))], [-grows[None, :] / steepest, np.zeros((1, 1))]]
        ),
        b_ub=np.zeros(prices + 1),
        A_eq=np.append(np.ones(orders), 0.0)[None, :],
        b_eq=[1.0],
        bounds=[(0.0, None)] * orders + [(None, None)],
        method="highs",
    )
    if found.x is None:
        return 0.0, np.zeros(orders)
    return float(found.x[-1]) * scale, np.asarray(found.x[:-1])


def calendars(quotes: pd.DataFrame, terms: ContractTerms) -> Iterator[Found]:
    """Options out of the money that are bid above what later ones no further out are asked, by share of their forwards.

    Of the forward's change only the surprise counts: at the chain's forwards the later one is worth no less. One for each
    option of the earlier expiry; none of options that may be exercised early, whose forward is no martingale's.
    """
    if terms.exercise == "american":
        return
    out = quotes[out_of_the_money(quotes)]
    bid, ask = _after_fees(out, terms)
    unit = (out["discount"] * out["forward"]).to_numpy(dtype=float)
    away = np.abs(np.log((out["strike"] / out["forward"]).to_numpy(dtype=float)))
    times, names = out["time_to_expiry"].to_numpy(dtype=float), out["symbol"].to_numpy()
    for flag in ("c", "p"):
        here = (out["flag"] == flag).to_numpy()
        for time in np.unique(times[here]):
            early = np.flatnonzero(here & (times == time) & (bid > 0.0))
            late = np.flatnonzero(here & (times > time) & np.isfinite(ask))
            late = late[np.argsort(away[late], kind="stable")]
            nearer = np.searchsorted(away[late], away[early], side="right")  # how many are no further out
            early, nearer = early[nearer > 0], nearer[nearer > 0]
            cheapest = index_of_running_minimum((ask / unit)[late])[nearer - 1]
            gain = bid[early] - (ask / unit)[late][cheapest] * unit[early]
            for i in np.flatnonzero(gain > 0.0):
                yield (
                    out["expiry"].iloc[early[i]],
                    f"{names[early[i]]} {names[late[cheapest[i]]]}",
                    float(gain[i]),
                )


def index_of_running_minimum(values: Array) -> Rows:
    """Index of the least value up to each position, the last of several."""
    new_low = values <= np.minimum.accumulate(values)
    return np.maximum.accumulate(np.where(new_low, np.arange(len(values)), 0))
