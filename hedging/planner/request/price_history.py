"""Prices behind a plan of coins without options: their markets, outcomes like the past's, and what a floor means there.

A coin without options may fall alone, to nothing, and no option of another coin keeps a floor under that. So what is
promised of such a book is promised of outcomes that carry each coin's own moves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import pandas as pd

from hedging._ground.arguments import whole
from hedging._ground.counts import number_of
from hedging._ground.shown import Shown
from hedging.book.book import Book
from hedging.errors import InputError
from hedging.market.market import Chains, Market, markets_of
from hedging.planner.proxy import Proxy, proxy
from hedging.planner.request.outcomes import Outcomes
from hedging.planner.request.target import Target
from hedging.prices import Event, Past, Prices
from hedging.scenario.resample import LATE, daily_closes, known_by, past_returns, resampled
from hedging.scenario.risk_neutral import dates_of

__all__ = ["Backed", "PriceHistory"]

MOST_SCENARIOS: Final = 5_000  # a value at risk is judged outcome by outcome
ODD: Final = {
    "stale run": "closes unchanged {dates}: what does not trade does not move, so outcomes and promises of it are too mild",
    "gap": "has no close {dates}: none of its own moves is drawn from there",
}
"""By kind of event, what it means for a plan."""
SHOWN: Final = 3  # events of a kind whose dates are said


@dataclass(frozen=True, slots=True, repr=False)
class PriceHistory(Shown):
    """Prices of all coins of a book, and how outcomes are drawn from them; for ``hedging.plan(..., prices=...)``.

    Attributes
    ----------
    prices : Prices
        What was known when the quotes were taken is used, and nothing after.
    days : int
        Of the past that is drawn from.
    scenarios : int
    seed : int

    Raises
    ------
    InputError
        If prices are none, or a number is out of its range.
    """

    prices: Prices
    days: int = 365
    scenarios: int = 1_000
    seed: int = 1

    def __post_init__(self) -> None:
        if not isinstance(self.prices, Prices):
            raise InputError(
                f"prices must be Prices; got {type(self.prices).__name__}. Read them with hedging.read_prices(path)."
            )
        for name, least, most in (
            ("days", 90, 36_500),
            ("scenarios", 100, MOST_SCENARIOS),
            ("seed", 0, 2**63),
        ):
            whole(name, getattr(self, name), least, most)

    @staticmethod
    def of(given: Any) -> PriceHistory:
        """Prices with the usual terms; a history as it is."""
        return given if isinstance(given, PriceHistory) else PriceHistory(given)

    def markets(self, book: Book, chain: Chains) -> tuple[Market, ...]:
        """The markets of the chains, then a bare one of every other coin of a book, at its last price by their time.

        Raises
        ------
        InputError
            If a coin has no price of the quotes' time.
        """
        quoted = _quoted(chain)
        when, money = (
            self._time(quoted.values()),
            next((market.currency for market in quoted.values()), "USD"),
        )
        past = known_by(self.prices, when)
        bare = (asset for asset in book.assets if asset not in quoted)
        return (*quoted.values(), *(_bare(asset, past, when, money) for asset in bare))

    def _time(self, quoted: Iterable[Market]) -> pd.Timestamp:
        """The time of the quotes; the end of the prices where there are none."""
        return max((market.as_of for market in quoted), default=self.prices.daily().until().at)

    def behind(
        self, book: Book, chain: Chains, target: Target, horizon: float, outcomes: object = None
    ) -> Backed:
        """Markets of all coins of a book, outcomes, and the target over them.

        Raises
        ------
        InputError
            If outcomes are given too, a coin has no price of the quotes' time or too few, or the target holds a floor
            by day or the worst loss of a coin without options.
        """
        if outcomes is not None:
            raise InputError("prices draw the outcomes: give prices=..., or outcomes=..., not both.")
        if not isinstance(target, Target):
            raise InputError(f"target must be a Target; got {type(target).__name__}.")
        if not isinstance(book, Book):
            raise InputError(f"book must be a Book; got {type(book).__name__}.")
        markets = self.markets(book, chain)
        bare = [market.asset for market in markets if market.is_bare]
        asked = over_outcomes(target, bare)
        if not asked.needs_outcomes:
            return Backed(self, markets, tuple(bare), asked)
        past = known_by(self.prices, self._time(markets))
        closes = daily_closes(past, [market.asset for market in markets])
        known = past_returns(closes, self.days, self.seed, past.source)
        drawn = resampled(known, markets, dates_of(markets, horizon), self.scenarios, self.seed)
        return Backed(self, markets, tuple(bare), asked, Outcomes(drawn), closes, past.events)


@dataclass(frozen=True, slots=True, eq=False)
class Backed:
    """What prices bring to a request.

    Attributes
    ----------
    history : PriceHistory
    markets : tuple of Market
        Those of the chains, then the bare ones.
    bare : tuple of str
        Coins without options.
    target : Target
        Its floor over the outcomes, where a coin has no options.
    outcomes : Outcomes or None
        None where nothing is taken over any.
    closes : DataFrame or None
        Daily, of all markets, as known by the quotes.
    events : tuple of Event
        What is odd about prices as known by the quotes.
    """

    history: PriceHistory
    markets: tuple[Market, ...]
    bare: tuple[str, ...]
    target: Target
    outcomes: Outcomes | None = None
    closes: pd.DataFrame | None = None
    events: tuple[Event, ...] = ()

    @property
    def proxies(self) -> tuple[Proxy, ...]:
        """Of each coin without options, the coin with options that leaves least of it, over the days drawn from."""
        if self.closes is None:
            return ()
        moves = self.closes.iloc[-self.history.days - 1 :].pct_change(fill_method=None)
        quoted = [market.asset for market in self.markets if not market.is_bare]
        return tuple(found for coin in self.bare if (found := _best(coin, quoted, moves)) is not None)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader must know of promises over outcomes, and how each coin without options moves."""
        if self.closes is None:
            return ()
        history = self.history
        drawn = (
            f"outcomes are drawn from {number_of(history.days, 'day')} of {history.prices.source} to {self.closes.index[-1]:%Y-%m-%d}: "
            "no coin is expected to rise or fall, and nothing worse than what runs of those days make is among them"
        )
        moves = (
            f"{each.asset} moves {each.downside_beta:.2f} with falls of {each.by}, correlation {each.correlation:.2f}; "
            f"{each.residual:.0%} of its variance is its own, which nothing of {each.by} removes"
            for each in self.proxies
        )
        alone = (
            f"{', '.join(self.bare)} may fall to nothing alone, and no option is quoted on that: what is promised holds in "
            "outcomes, at their end, and not in every scenario"
        )
        odd = (
            _odd(coin, kind, [each for each in self.events if (each.coin, each.kind) == (coin, kind)])
            for coin in ("", *(market.asset for market in self.markets))  # first what is of the whole file
            for kind in ODD
        )
        return (*([alone] if self.bare else []), drawn, *self._modelled, *moves, *filter(None, odd))

    @property
    def _modelled(self) -> tuple[str, ...]:
        """Coins without a return on some of the days drawn from, and what stands there instead."""
        if self.closes is None:
            return ()
        there = self.closes.pct_change(fill_method=None).iloc[1:].iloc[-self.history.days :].notna()
        leader = str(there.sum().idxmax())
        missing = (~there[there[leader]]).sum()
        return tuple(
            f"{coin} has no return on {count} of those days: there it moves with {leader} by its beta, with a residual "
            "drawn from its other days"
            for coin, count in missing.items()
            if count
        )

    def to_dict(self) -> dict[str, Any]:
        """Where prices are from and how they are drawn from."""
        history = self.history
        return {
            "source": history.prices.source,
            "days": history.days,
            "scenarios": history.scenarios,
            "seed": history.seed,
            "without_options": list(self.bare),
            "last": None if self.closes is None else self.closes.index[-1].isoformat(),
        }


def over_outcomes(target: Target, bare: list[str]) -> Target:
    """The target with its floor as a loss that outcomes exceed with ``1 - level`` at most, where a coin has no options.

    Raises
    ------
    InputError
        If it has no such reading.
    """
    if not bare:
        return target
    coins = ", ".join(bare)
    if isinstance(target.floor, Mapping):
        raise InputError(
            f"a floor by day is held over scenarios, in which {coins}, without options, may fall to nothing alone: over "
            "outcomes a floor holds at the horizon. Give one share, such as floor=-0.15."
        )
    if target.minimise == "worst":
        raise InputError(
            f"the worst loss of {coins}, without options, is all of it: minimise the 'shortfall' over outcomes."
        )
    if target.floor is None:
        return target
    given = [share for share in (target.floor, target.value_at_risk) if share is not None]
    soft = {("value_at_risk" if name == "floor" else name): price for name, price in target.soft.items()}
    return replace(target, floor=None, value_at_risk=max(given), soft=soft)


def _odd(coin: str, kind: str, own: list[Event]) -> str:
    """What events of a kind mean for a coin, with the dates of the last ones; nothing where there are none."""
    if not own:
        return ""
    spans = [
        f"on {each.first:%Y-%m-%d}"
        if each.first == each.last
        else f"from {each.first:%Y-%m-%d} to {each.last:%Y-%m-%d}"
        for each in own[-SHOWN:]
    ]
    more = len(own) - SHOWN
    earlier = (
        "" if more <= 0 else " and once before" if more == 1 else f" and {number_of(more, 'time')} before"
    )
    return f"{coin or 'every coin'} {ODD[kind].format(dates=', '.join(spans) + earlier)}"


def _best(coin: str, quoted: list[str], moves: pd.DataFrame) -> Proxy | None:
    """The stand-in that leaves least; none where none has enough returns in common."""
    found = []
    for by in quoted:
        both = moves[[coin, by]].dropna()
        try:
            found.append(proxy(both[coin], both[by], asset=coin, by=by))
        except InputError:
            continue
    return min(found, key=lambda each: (each.residual, each.by), default=None)


def _quoted(chain: Chains) -> dict[str, Market]:
    """Markets of the chains; none of an empty mapping or list."""
    empty = isinstance(chain, Mapping | list | tuple) and not chain
    return {} if empty else markets_of(chain)


def _bare(asset: str, past: Past, when: pd.Timestamp, currency: str) -> Market:
    own = past.series(asset)
    age = past.at - (own.index[-1] + past.length)
    if age > LATE:
        raise InputError(
            f"{asset} has no chain, and its last price in {past.source} is of {own.index[-1]:%Y-%m-%d}, {number_of(age.days, 'day')} "
            f"before the quotes: it has no market to plan on. Take it out of the book, or bring its price."
        )
    return Market.bare(asset, float(own.iloc[-1]), when, currency=currency)
