"""Surfaces that the quotes allow: every contract's vol anywhere between its bid and its ask, at the extremes.

A fitted surface is one of many inside the quotes. The extremes here are those of four shapes, each contract going
as far to either side as its own quotes let it: all up or down (level); low strikes against high ones (skew); short
expiries against long ones (term); the wings against the middle. A contract without both quotes keeps its vol.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd

from hedging._ground import clock
from hedging._numerics.types import Array
from hedging.market.by_exercise import side_vols
from hedging.market.market import Market

__all__ = ["SHAPES", "surfaces_of"]

SHAPES: Final = ("level", "skew", "term", "wings")


def surfaces_of(markets: tuple[Market, ...]) -> dict[str, tuple[Market, ...]]:
    """Markets at each extreme, by its name; of several assets all at the same. Without options there is none."""
    each = [_extremes(market) for market in markets if not market.is_bare]
    names = list(dict.fromkeys(name for found in each for name in found))
    return {
        name: tuple(market if market.is_bare else _extremes(market)[name] for market in markets)
        for name in names
    }


def _extremes(market: Market) -> Mapping[str, Market]:
    if "surfaces" not in market.memo:
        quotes = market.chain.quotes
        vol, low, high = _ranges(market, quotes)
        market.memo["surfaces"] = {
            f"{shape} {name}": _moved(
                market, np.where(sign * way > 0.0, high, np.where(way == 0.0, vol, low))
            )
            for shape, way in zip(SHAPES, _directions(quotes, vol), strict=True)
            for name, sign in (("up", 1.0), ("down", -1.0))
        }
    found: Mapping[str, Market] = market.memo["surfaces"]
    return found


def _moved(market: Market, vol: Array) -> Market:
    """The same market with other vols of its contracts; the fit keeps its shape, each contract its ratio to it."""
    clock.look()
    chain = replace(market.chain, quotes=market.chain.quotes.assign(mark_vol=vol))
    return Market.of(chain, smile=market.smile, funding_8h=market.funding_8h, premiums=market.premiums)


def _ranges(market: Market, quotes: pd.DataFrame) -> tuple[Array, Array, Array]:
    """Vol of each contract and what its strike's out-of-the-money quotes allow, shape (contracts,) each."""
    forward, strike, time = (
        quotes[name].to_numpy(dtype=float) for name in ("forward", "strike", "time_to_expiry")
    )
    fitted = market.smile.vol_at(np.log(strike / forward), time)
    marked = quotes["mark_vol"].to_numpy(dtype=float)
    vol = np.where(marked > 0.0, marked, fitted)
    sides = []
    for side in ("bid", "ask"):
        clock.look()
        sides.append(side_vols(quotes, side, market.chain.early).to_numpy(dtype=float))
    table = pd.DataFrame({"expiry": quotes["expiry"], "strike": strike, "bid": sides[0], "ask": sides[1]})
    outside = (quotes["flag"] == "c").to_numpy() == (strike >= forward)
    # A call and a put of one strike have one vol; what is out of the money tells it best.
    known = table[outside].groupby(["expiry", "strike"])[["bid", "ask"]].first()
    both = table[["expiry", "strike"]].join(known, on=["expiry", "strike"])
    bid, ask = both["bid"].to_numpy(dtype=float), both["ask"].to_numpy(dtype=float)
    two_sided = (bid > 0.0) & (ask >= bid)
    return vol, np.where(two_sided, np.minimum(bid, vol), vol), np.where(two_sided, np.maximum(ask, vol), vol)


def _directions(quotes: pd.DataFrame, vol: Array) -> tuple[Array, Array, Array, Array]:
    """Which way each contract goes in each shape: its sign."""
    forward, strike, time = (
        quotes[name].to_numpy(dtype=float) for name in ("forward", "strike", "time_to_expiry")
    )
    sds = np.log(strike / forward) / (vol * np.sqrt(time))
    middle = float(np.median(np.unique(time)))
    term = np.sign(middle - time) if np.unique(time).size > 1 else np.zeros_like(time)
    return np.ones_like(sds), -np.sign(sds), term, np.sign(np.abs(sds) - 1.0)
