"""Levels at which each limit of a plan breaks next: spot and vol, both ways, by the audit's own verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from hedging._ground.shown import Shown
from hedging.book.book import Book
from hedging.errors import InputError
from hedging.market.contracts import Option
from hedging.market.market import Market
from hedging.planner.result.checks import Check
from hedging.units import VOL_POINT

__all__ = ["Level", "levels", "moved"]

# Steps of a scan: the first that fails is then halved until the level is known to a thousandth of itself.
SPOT_MOVES = (0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.13, 0.17, 0.21, 0.26, 0.32, 0.4, 0.5)
VOL_MOVES = (1.0, 2.0, 4.0, 6.0, 9.0, 12.0, 16.0, 20.0, 25.0, 30.0)
HALVINGS = 7
LOWEST_VOL = 0.02


@dataclass(frozen=True, slots=True)
class Level(Shown):
    """Where one limit breaks next, all else as it is.

    Attributes
    ----------
    limit : str
    spot_below, spot_above : float or None
        None where it holds as far as was looked. [money]
    vol_below, vol_above : float or None
        Change at the money, in proportion elsewhere. [vol points]
    """

    limit: str
    spot_below: float | None
    spot_above: float | None
    vol_below: float | None
    vol_above: float | None

    def to_dict(self) -> dict[str, Any]:
        """The level by field."""
        return {name: getattr(self, name) for name in self.__slots__}

    def __str__(self) -> str:
        spots = [f"{each:,.6g}" for each in (self.spot_below, self.spot_above) if each is not None]
        vols = [f"{each:+.1f} points" for each in (self.vol_below, self.vol_above) if each is not None]
        where = [f"spot at {' and '.join(spots)}"] * bool(spots) + [f"vol by {' and '.join(vols)}"] * bool(
            vols
        )
        return (
            f"{self.limit} breaks with {', or with '.join(where) if where else 'no move that was looked at'}"
        )


def levels(
    judge: Callable[[Market], tuple[Check, ...]], book: Book, market: Market, *, vol: bool = True
) -> tuple[Level, ...]:
    """Where each limit that holds now breaks next, if spot or vol alone moves.

    Parameters
    ----------
    judge : callable
        The checks on a market: the audit itself, so that a level is where the audit says so.
    book : Book
        What is held, which the markets it is asked about must price.
    market : Market
        Today's.
    vol : bool
        Whether to look for levels of vol too.

    Returns
    -------
    tuple of Level
        Of each limit that holds now. Spot is scanned to half of it and to one and a half, each moneyness keeping
        its vol; vol to 30 points either way. What breaks and is mended again within one step is missed.
    """
    found: dict[str, dict[str, float | None]] = {
        str(check.limit): {} for check in judge(moved(market, book)) if check.ok
    }
    ways: dict[str, tuple[tuple[float, ...], Callable[[float], Market], Callable[[float], float]]] = {
        "spot_below": (
            tuple(-m for m in SPOT_MOVES),
            _by_spot(market, book),
            lambda m: market.spot * (1 + m),
        ),
        "spot_above": (SPOT_MOVES, _by_spot(market, book), lambda m: market.spot * (1 + m)),
        "vol_below": (tuple(-m for m in VOL_MOVES), _by_vol(market, book), lambda m: m),
        "vol_above": (VOL_MOVES, _by_vol(market, book), lambda m: m),
    }
    for way, (moves, at, shown) in ways.items():
        if way.startswith("vol") and not vol:
            continue
        known: dict[float, dict[str, bool]] = {}

        def verdict(
            move: float,
            known: dict[float, dict[str, bool]] = known,
            at: Callable[[float], Market] = at,
        ) -> Mapping[str, bool]:
            if move not in known:
                known[move] = {str(check.limit): check.ok for check in judge(at(move))}
            return known[move]

        for limit, row in found.items():
            broken = _first_broken(limit, moves, verdict)
            row[way] = None if broken is None else shown(broken)
    return tuple(
        Level(limit, row["spot_below"], row["spot_above"], row.get("vol_below"), row.get("vol_above"))
        for limit, row in found.items()
    )


def _first_broken(
    limit: str, moves: tuple[float, ...], verdict: Callable[[float], Mapping[str, bool]]
) -> float | None:
    """The smallest move that breaks a limit, closed in on from the first step that does."""
    near = 0.0
    for move in moves:
        if not verdict(move).get(limit, True):
            far = move
            for _ in range(HALVINGS):
                middle = 0.5 * (near + far)
                near, far = (middle, far) if verdict(middle).get(limit, True) else (near, middle)
            return far
        near = move
    return None


def _by_spot(market: Market, book: Book) -> Callable[[float], Market]:
    return lambda move: moved(market, book, spot=move)


def _by_vol(market: Market, book: Book) -> Callable[[float], Market]:
    return lambda move: moved(market, book, vol=move)


def moved(market: Market, book: Book, *, spot: float = 0.0, vol: float = 0.0) -> Market:
    """The market after a move at once, with what a book holds as its quotes; nothing can be traded on it.

    Parameters
    ----------
    market : Market
    book : Book
        Whose options keep what their own vol is of the surface's.
    spot : float, > -1
        Relative move; each moneyness keeps its vol, forwards move alike. [share of spot]
    vol : float
        Change at the money, in proportion elsewhere: the shape of each smile stays. [vol points]

    Raises
    ------
    InputError
        If spot would not stay above 0.
    """
    if not spot > -1.0:
        raise InputError(f"spot must be a relative move > -1; got {spot!r}.")
    chain = market.chain
    if market.is_bare:
        return replace(market, chain=replace(chain, spot=chain.spot * (1.0 + spot)))
    smile = market.smile.move(spot, "sticky_moneyness")
    at_the_money = market.smile.vol_at(np.zeros(smile.times.size), smile.times)
    scale = (np.maximum(at_the_money + vol * VOL_POINT, LOWEST_VOL) / at_the_money) ** 2
    slices = smile.slices.copy()
    slices[:, :2] *= scale[:, None]  # total variance is linear in a and b
    smile = replace(smile, slices=slices)
    options = [
        item
        for item in dict.fromkeys(held.instrument for held in book.of(market.asset))
        if isinstance(item, Option)
    ]
    return Market(
        replace(chain, spot=smile.spot, quotes=_quotes(market, smile, options, 1.0 + spot)),
        smile,
        market.funding_8h,
    )


def _quotes(market: Market, smile: Any, options: list[Option], ratio: float) -> pd.DataFrame:
    """The listed rows of some options, with their forwards and vols moved; no side is quoted."""
    quotes = market.chain.quotes
    keys = {(item.flag, float(item.strike), item.expiry) for item in options}
    here = [key in keys for key in zip(quotes["flag"], quotes["strike"], quotes["expiry"], strict=True)]
    rows = quotes[here].reset_index(drop=True)
    if rows.empty:
        return rows
    time = rows["time_to_expiry"].to_numpy(dtype=float)
    before, after = (
        surface.vol_at(np.log(rows["strike"].to_numpy(dtype=float) / forward), time)
        for surface, forward in (
            (market.smile, rows["forward"].to_numpy(dtype=float)),
            (smile, rows["forward"].to_numpy(dtype=float) * ratio),
        )
    )
    nothing = dict.fromkeys(("bid", "ask", "bid_quoted", "ask_quoted", "mark", "mark_quoted"), np.nan)
    return rows.assign(forward=rows["forward"] * ratio, mark_vol=rows["mark_vol"] * after / before, **nothing)
