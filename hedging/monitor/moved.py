"""A market after spot, vol or time alone has moved, with what a book holds as its only quotes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from hedging.book.book import Book
from hedging.errors import InputError
from hedging.market.contracts import Option
from hedging.market.market import Market
from hedging.market.smile import Smile
from hedging.units import DAYS_PER_YEAR, VOL_POINT

__all__ = ["moved"]

LOWEST_VOL = 0.02


def moved(market: Market, book: Book, *, spot: float = 0.0, vol: float = 0.0, days: float = 0.0) -> Market:
    """The market after a move at once or after some quiet days; nothing can be traded on it.

    Parameters
    ----------
    market : Market
    book : Book
        Whose options keep what their own vol is of the surface's.
    spot : float, > -1
        Relative move; each moneyness keeps its vol, forwards move alike. [share of spot]
    vol : float
        Change at the money, in proportion elsewhere: the shape of each smile stays. [vol points]
    days : float, >= 0
        That pass: vol and carry of a time to expiry stay, as in a scenario. [days]

    Raises
    ------
    InputError
        If spot would not stay above 0.
    """
    if not spot > -1.0:
        raise InputError(f"spot must be a relative move > -1; got {spot!r}.")
    chain, as_of = market.chain, market.chain.as_of + pd.Timedelta(days=days)
    if market.is_bare:
        return replace(market, chain=replace(chain, spot=chain.spot * (1.0 + spot), as_of=as_of))
    smile = replace(_moved_smile(market.smile, spot, vol), as_of=as_of)
    held = dict.fromkeys(each.instrument for each in book.of(market.asset))
    options = [item for item in held if isinstance(item, Option) and item.expiry > as_of]
    quotes = _quotes(market, smile, options, 1.0 + spot, days / DAYS_PER_YEAR)
    return Market(replace(chain, spot=smile.spot, as_of=as_of, quotes=quotes), smile, market.funding_8h)


def _moved_smile(before: Smile, spot: float, vol: float) -> Smile:
    smile = before.move(spot, "sticky_moneyness")
    at_the_money = before.vol_at(np.zeros(smile.times.size), smile.times)
    scale = (np.maximum(at_the_money + vol * VOL_POINT, LOWEST_VOL) / at_the_money) ** 2
    slices = smile.slices.copy()
    slices[:, :2] *= scale[:, None]  # total variance is linear in a and b
    return replace(smile, slices=slices)


def _quotes(
    market: Market, smile: Smile, options: Iterable[Option], ratio: float, passed: float
) -> pd.DataFrame:
    """The listed rows of some options, with their times, forwards and vols moved; no side is quoted."""
    quotes = market.chain.quotes
    keys = {(item.flag, float(item.strike), item.expiry) for item in options}
    here = [key in keys for key in zip(quotes["flag"], quotes["strike"], quotes["expiry"], strict=True)]
    rows = quotes[here].reset_index(drop=True)
    if rows.empty:
        return rows
    time = rows["time_to_expiry"].to_numpy(dtype=float)
    forward, strike = (rows[name].to_numpy(dtype=float) for name in ("forward", "strike"))
    # Rate and carry of a contract stay what they are a year, as in a scenario.
    left = time - passed
    after = market.spot * ratio * (forward / market.spot) ** (left / time)
    vols = [
        surface.vol_at(np.log(strike / at), t)
        for surface, at, t in ((market.smile, forward, time), (smile, after, left))
    ]
    nothing = dict.fromkeys(("bid", "ask", "bid_quoted", "ask_quoted", "mark", "mark_quoted"), np.nan)
    discount = rows["discount"].to_numpy(dtype=float) ** (left / time)
    return rows.assign(
        time_to_expiry=left,
        forward=after,
        discount=discount,
        mark_vol=rows["mark_vol"] * vols[1] / vols[0],
        **nothing,
    )
