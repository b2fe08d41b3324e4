"""Levels at which each limit of a plan breaks next: spot and vol both ways, and time, by the audit's own verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import pandas as pd

from hedging._ground.shown import Shown
from hedging.book.book import Book
from hedging.market.market import Market
from hedging.monitor.moved import moved
from hedging.planner.request.limit import Limit
from hedging.planner.result.checks import Check

__all__ = ["Judge", "Level", "levels", "name_of"]

# Steps of a scan: the first that fails is then halved until the level is known to a thousandth of itself.
SPOT_MOVES: Final = (0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.13, 0.17, 0.21, 0.26, 0.32, 0.4, 0.5)
VOL_MOVES: Final = (1.0, 2.0, 4.0, 6.0, 9.0, 12.0, 16.0, 20.0, 25.0, 30.0)
DAYS: Final = (1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 14.0, 18.0, 23.0, 29.0, 36.0, 45.0, 60.0, 80.0, 110.0, 150.0)
HALVINGS: Final = 7

Judge: TypeAlias = "Callable[[Mapping[str, Market]], tuple[Check, ...]]"
"""The checks on the markets of all assets: the audit itself, so that a level is where the audit says so."""
Verdict: TypeAlias = "Callable[[float], Mapping[str, bool]]"


@dataclass(frozen=True, slots=True, repr=False)
class Level(Shown):
    """Where one limit breaks next, all else as it is.

    Attributes
    ----------
    limit : str
    spot_below, spot_above : float or None
        Of `asset`; None where it holds as far as was looked. [money]
    vol_below, vol_above : float or None
        Of `asset`, change at the money, in proportion elsewhere. [vol points]
    asset : str
        Whose spot and vol move, where there are several assets; empty where there is one.
    broken_from : Timestamp or None
        When it breaks if nothing moves; None where it holds until the last day that was looked at.
    """

    limit: str
    spot_below: float | None
    spot_above: float | None
    vol_below: float | None
    vol_above: float | None
    asset: str = ""
    broken_from: pd.Timestamp | None = None

    @property
    def breaks(self) -> bool:
        """Whether any move that was looked at breaks it."""
        moves = (self.spot_below, self.spot_above, self.vol_below, self.vol_above, self.broken_from)
        return any(each is not None for each in moves)

    def to_dict(self) -> dict[str, Any]:
        """The level by field."""
        named: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        when = self.broken_from
        return named | {"broken_from": None if when is None else when.isoformat()}

    def __str__(self) -> str:
        of = f" of {self.asset}" if self.asset else ""
        spots = [f"{each:,.6g}" for each in (self.spot_below, self.spot_above) if each is not None]
        vols = [f"{each:+.1f} points" for each in (self.vol_below, self.vol_above) if each is not None]
        where = [
            *([f"with spot{of} at {' and '.join(spots)}"] if spots else []),
            *([f"with vol{of} by {' and '.join(vols)}"] if vols else []),
            *([f"from {self.broken_from:%d %b %Y} if nothing moves"] if self.broken_from else []),
        ]
        return (
            f"{self.limit} breaks {', or '.join(where) if where else f'with no move{of} that was looked at'}"
        )


def levels(
    judge: Judge, book: Book, markets: Mapping[str, Market], *, vol: bool = True, until: float = 0.0
) -> tuple[Level, ...]:
    """Where each limit that holds now breaks next, if spot or vol of one asset alone moves, or nothing does.

    Parameters
    ----------
    judge : callable
        The checks on the markets of all assets.
    book : Book
        What is held, which the markets that it is asked about must price.
    markets : mapping of str to Market
        Today's, by asset.
    vol : bool
        Whether to look for levels of vol too.
    until : float
        How far to look ahead in time. [days]

    Returns
    -------
    tuple of Level
        Of each limit that holds now, by each asset that it depends on. Spot is scanned to half of it and to one and a
        half, each moneyness keeping its vol; vol to 30 points either way. What breaks and is mended again within one
        step is missed.
    """
    now = {asset: moved(market, book) for asset, market in markets.items()}
    start = min(market.as_of for market in now.values())

    def verdict(at: Mapping[str, Market]) -> dict[str, bool]:
        as_of = min(market.as_of for market in at.values())
        return {name_of(check, as_of): check.ok for check in judge(at)}

    limits = {name_of(check, start): check.limit for check in judge(now) if check.ok}

    def wait(day: float) -> dict[str, bool]:
        return verdict({asset: moved(market, book, days=day) for asset, market in markets.items()})

    steps = [*(day for day in DAYS if day < until), until] if until > 0.0 else []
    waited = _first_broken(limits, steps, wait)
    due = {limit: start + pd.Timedelta(days=day) for limit, day in waited.items()}
    found = []
    for asset, market in markets.items():

        def spot_at(move: float, asset: str = asset, market: Market = market) -> dict[str, bool]:
            return verdict({**now, asset: moved(market, book, spot=move)})

        def vol_at(move: float, asset: str = asset, market: Market = market) -> dict[str, bool]:
            return verdict({**now, asset: moved(market, book, vol=move)})

        of = {name: limit for name, limit in limits.items() if limit.asset in ("", asset)}
        spots = [_first_broken(of, [side * m for m in SPOT_MOVES], spot_at) for side in (-1, 1)]
        looks = vol and not market.is_bare
        vols = [_first_broken(of, [side * m for m in VOL_MOVES if looks], vol_at) for side in (-1, 1)]
        name = asset if len(markets) > 1 else ""
        for limit in of:
            below, above = (None if limit not in w else market.spot * (1.0 + w[limit]) for w in spots)
            down, up = (way.get(limit) for way in vols)
            found.append(Level(limit, below, above, down, up, name, due.get(limit)))
    return tuple(found)


def _first_broken(limits: Mapping[str, Limit], moves: Sequence[float], verdict: Verdict) -> dict[str, float]:
    """The smallest move that breaks each limit that one breaks, closed in on from the first step that does."""
    known: dict[float, Mapping[str, bool]] = {}

    def holds(limit: str, move: float) -> bool:
        if move not in known:
            known[move] = verdict(move)
        return known[move].get(limit, True)  # what is asked no more, such as a floor of a day gone by, holds

    return dict(_closed_in(limits, moves, holds))


def _closed_in(
    limits: Mapping[str, Limit], moves: Sequence[float], holds: Callable[[str, float], bool]
) -> Iterator[tuple[str, float]]:
    for limit in limits:
        near = 0.0
        for far in moves:
            if not holds(limit, far):
                for _ in range(HALVINGS):
                    middle = 0.5 * (near + far)
                    near, far = (middle, far) if holds(limit, middle) else (near, middle)
                yield limit, far
                break
            near = far


def name_of(check: Check, as_of: pd.Timestamp) -> str:
    """A limit by a name that stays: a floor by day is called by its date, as its days grow fewer."""
    if check.limit.day is None:
        return str(check.limit)
    due = (as_of + pd.Timedelta(days=check.limit.day)).round("min")
    return f"{check.limit.kind} by {due:%Y-%m-%d %H:%M}"
