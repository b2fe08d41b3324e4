"""Decide about laggards that are held: hedge, short, stand in, sell or leave, side by side; and pairs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd

from hedging._ground.cells import SHARE, SIGNED_SHARE
from hedging._ground.counts import number_of
from hedging._ground.shown import Shown
from hedging._ground.tables import Page, Table
from hedging.book import Book, Holding
from hedging.errors import InputError
from hedging.margin import collateral_quality
from hedging.market import Market, OptionChain, market_of
from hedging.paths import Paths, crash_path
from hedging.planner import (
    Effort,
    Funding,
    HedgePlan,
    InfeasibleHedgeError,
    Limits,
    Outright,
    Proxy,
    Target,
    proxy,
)
from hedging.planner.plan import plan
from hedging.prices import Past, Prices
from hedging.screen._plain import records
from hedging.screen.pairs import Pair, pair
from hedging.screen.rules import Rules
from hedging.screen.screen import Screen, run
from hedging.screen.ways import Way, Ways

__all__ = ["Decision", "Pair", "decide", "pair"]

LAGGARDS: Final = ("break", "liquidity trap", "structural decay", "sector fall")
PROXY_DAYS: Final = 180  # returns that a proxy is measured on
APART: Final = pd.Timedelta(days=3)  # between the last price and a chain
COLUMNS: Final = {
    "execution": "cost",
    "carry": "carry/year",
    "worst": "worst without",
    "worst_left": "worst with",
    "crash_left": "crash with",
    "upside": "upside given up",
    "residual": "residual",
    "headroom": "headroom",
    "break_even": "break-even fall",
}
SHARES: Final = {
    **dict.fromkeys(("carry/year", "upside given up", "residual", "headroom"), SHARE),
    **dict.fromkeys(("worst without", "worst with", "crash with", "break-even fall"), SIGNED_SHARE),
}


@dataclass(frozen=True, eq=False, repr=False)
class Decision(Shown):
    """The ways out of every laggard that a book holds, each for the same floor.

    Attributes
    ----------
    ways : tuple of Way
        By coin: overlay, short perpetual, proxy, sell part, leave; those that do not exist say why.
    screen : Screen
    floor : float
        Worst loss to be kept. [share of each position]
    horizon : float
        [days]
    proxies : mapping of str to Proxy
        By laggard, its best stand-in.
    plans : mapping of (coin, way) to HedgePlan
    collateral : DataFrame
        Laggards that serve as collateral along the crash path; see `hedging.margin.collateral_quality`.
    together : HedgePlan, optional
        All laggards as one book, by options and perpetuals, where that was asked for; its floor is a promise over
        outcomes.
    unjudged : mapping of str to str
        Coins held that the screen could not measure, and why: of them nothing is said, neither good nor bad.
    currency : str
        Of the costs.
    """

    ways: tuple[Way, ...]
    screen: Screen
    floor: float
    horizon: float
    proxies: Mapping[str, Proxy]
    plans: Mapping[tuple[str, str], HedgePlan]
    collateral: pd.DataFrame
    together: HedgePlan | None = None
    unjudged: Mapping[str, str] = field(default_factory=dict)
    currency: str = "USD"

    @property
    def coins(self) -> tuple[str, ...]:
        """The laggards."""
        return tuple(dict.fromkeys(way.coin for way in self.ways))

    @property
    def table(self) -> pd.DataFrame:
        """One row a coin and way; shares are of the position, cost in money, the break-even fall one of the coin."""
        rows = {(way.coin, way.way): [getattr(way, name) for name in COLUMNS] for way in self.ways}
        index = pd.MultiIndex.from_tuples(rows, names=["coin", "way"])
        table = pd.DataFrame(list(rows.values()), index, list(COLUMNS.values()), dtype=float)
        table.insert(0, "keeps floor", [way.open for way in self.ways])
        return table.assign(note=[way.note for way in self.ways])

    def of(self, coin: str) -> tuple[Way, ...]:
        """The ways out of one coin."""
        return tuple(way for way in self.ways if way.coin == coin)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "floor": self.floor,
            "horizon_days": self.horizon,
            "as_of": str(self.screen.as_of),
            "currency": self.currency,
            "ways": [way.to_dict() for way in self.ways],
            "proxies": {coin: found.verdict for coin, found in self.proxies.items()},
            "collateral": records(self.collateral.reset_index()),
            "together": None if self.together is None else self.together.to_dict(),
            "unjudged": dict(self.unjudged),
        }

    def _page(self) -> Page:
        unknown = [f"not judged: {coin}: {why}" for coin, why in self.unjudged.items()]
        if not self.ways:
            among = " among the coins that were judged" if unknown else ""
            return Page(f"no laggard is held on {self.screen.as_of:%Y-%m-%d}{among}", tuple(unknown))
        head = f"floor {self.floor:.0%} over {number_of(self.horizon, 'day')}; shares of each position, cost in {self.currency}"
        table = self.table.drop(columns="note")
        ways = Table(table, SHARES, index=True, rows=len(table))
        notes = [f"{way.coin}, {way.way}: {way.note}" for way in self.ways if way.note]
        words = [str(self.screen.verdicts[coin]) for coin in self.coins]
        risky = "collateral that is itself a laggard"
        pledged = [Table(self.collateral, index=True, caption=risky)] if len(self.collateral) else []
        whole = [] if self.together is None else ["all of them together", *self.together._page().parts]  # noqa: SLF001  of the family
        return Page(head, (ways, *words, *notes, *pledged, *unknown, *whole))


def decide(
    book: Book,
    prices: Prices,
    chains: Mapping[str, OptionChain | Market] | None = None,
    funding: Mapping[str, float] | None = None,
    floor: float = -0.15,
    horizon: float = 30.0,
    *,
    at: str | dt.date | pd.Timestamp | None = None,
    coins: Sequence[str] | None = None,
    benchmark: str = "BTC",
    rules: Rules | None = None,
    crash: Paths | None = None,
    half_spread: float = 0.0005,
    haircut: float = 0.2,
    together: bool = False,
) -> Decision:
    """Lay out the ways out of every laggard held, each sized for the same floor.

    Parameters
    ----------
    book : Book
    prices : Prices
        Of the coins held.
    chains : mapping of str to OptionChain or Market, optional
        By coin, those on which options are quoted.
    funding : mapping of str to float, optional
        Of the perpetual by coin, per 8 hours, > 0 where longs pay; nothing where it is not known. [share]
    floor : float
        Worst loss to be kept over the horizon, < 0. [share of each position]
    horizon : float
        [days]
    coins : sequence of str, optional
        Positions to decide about; by default those whose verdict is one of decline.
    at, benchmark, rules
        As in `hedging.screen.run`.
    crash : Paths, optional
        One path of a laggard, by default falling 2 % a day and 0.4 % more each day.
    half_spread : float
        Of spot and perpetual. [share]
    haircut : float
        Of a coin as collateral. [share]
    together : bool
        Whether all laggards are planned for as one book too, over outcomes like the past's; that takes some seconds.

    Returns
    -------
    Decision

    Raises
    ------
    InputError
        If a coin held has no price, the floor or the horizon is none, or a chain is of another time.
    """
    if not -1.0 < floor < 0.0:
        raise InputError(
            f"floor must be a share of the position, -1 < floor < 0, such as -0.15; got {floor!r}."
        )
    if not 0.0 < horizon <= 3_650.0:
        raise InputError(f"horizon must be a number of days > 0; got {horizon!r}.")
    found = run(prices, benchmark, at, rules=rules)
    past = prices.daily().until(at)
    markets = _markets(book, past, chains or {}, funding or {})
    path = crash if crash is not None else crash_path(-0.02, -0.004, days=min(horizon, 21.0))
    held = _laggards(book, found) if coins is None else _asked(coins, book, found)
    ways: list[Way] = []
    proxies: dict[str, Proxy] = {}
    plans: dict[tuple[str, str], HedgePlan] = {}
    for coin in held:
        quantity = book.position(coin)
        if quantity <= 0.0:
            continue  # a short in a laggard is no problem of this kind
        asked = Ways(coin, quantity, markets[coin], floor, horizon, path, half_spread, haircut)
        overlay, own_plan = asked.overlay()
        ways += [overlay, asked.short()]
        if own_plan is not None:
            plans[coin, overlay.way] = own_plan
        stand_in = _best_proxy(coin, past, {name: item for name, item in markets.items() if not item.is_bare})
        if stand_in is not None:
            proxies[coin] = stand_in
            way, proxy_plan = asked.proxy(stand_in, markets[stand_in.by])
            ways.append(way)
            if proxy_plan is not None:
                plans[coin, way.way] = proxy_plan
        ways += [asked.sell(), asked.leave()]
    spots = Book([Holding.spot(coin, book.position(coin)) for coin in held if book.position(coin) > 0.0])
    collateral = collateral_quality(spots, markets, dict.fromkeys(held, path), dict.fromkeys(held, haircut))
    known = prices if at is None else prices.before(at)
    quoted = [market for market in markets.values() if not market.is_bare]
    paid = {coin: Funding(rate, source="as given") for coin, rate in (funding or {}).items()}
    limits = Limits(outright=(Outright("perpetual"),), funding=paid or None)
    asked_for = together and bool(spots.holdings)
    joint = _together(spots, quoted, known, floor, horizon, limits) if asked_for else None
    unjudged = {} if coins is not None else _unjudged(book, found)
    currency = " and ".join(sorted({market.currency for market in markets.values()}))
    return Decision(tuple(ways), found, floor, horizon, proxies, plans, collateral, joint, unjudged, currency)


def _together(
    book: Book, quoted: Sequence[Market], prices: Prices, floor: float, horizon: float, limits: Limits
) -> HedgePlan:
    """All laggards as one book; the closest plan where none keeps the floor."""
    try:
        return plan(
            book,
            list(quoted),
            Target(floor=floor),
            limits,
            horizon=horizon,
            prices=prices,
            effort=Effort(alternatives=False),
        )
    except InfeasibleHedgeError as error:
        if error.closest is None:
            raise
        return error.closest


def _unjudged(book: Book, screen: Screen) -> dict[str, str]:
    """Coins held that have no verdict, and why: one that stopped trading is no laggard, and no comfort."""
    why = dict(zip(screen.excluded["coin"], screen.excluded["reason"], strict=True))
    return {
        coin: why.get(coin, "no window could be measured")
        for coin in book.assets
        if coin not in screen.verdicts and coin != screen.benchmark
    }


def _laggards(book: Book, screen: Screen) -> list[str]:
    words = {coin: verdict.word for coin, verdict in screen.verdicts.items()}
    return [coin for coin in book.assets if words.get(coin) in LAGGARDS]


def _asked(coins: Sequence[str], book: Book, screen: Screen) -> list[str]:
    for coin in coins:
        if coin not in book.assets or coin not in screen.verdicts:
            raise InputError(
                f"coins must be held and screened; {coin} is not (held: {', '.join(book.assets)}; the benchmark "
                f"{screen.benchmark} is never screened)."
            )
    return list(coins)


def _markets(
    book: Book, past: Past, chains: Mapping[str, OptionChain | Market], funding: Mapping[str, float]
) -> dict[str, Market]:
    """A market of every coin held and of every chain; bare where no option is quoted."""
    found: dict[str, Market] = {}
    for coin, chain in chains.items():
        market = market_of(chain)
        if market.asset != coin:
            raise InputError(f"chains[{coin!r}] is a chain of {market.asset}.")
        if abs(market.as_of - past.at) > APART:
            raise InputError(
                f"the chain of {coin} is of {market.as_of:%Y-%m-%d %H:%M} and the last price of {past.as_of:%Y-%m-%d}: "
                f"they must be at most {APART.days} days apart; pass at=."
            )
        known = funding.get(coin, market.funding_8h)
        found[coin] = Market(market.chain, market.smile, float(known))
    for coin in book.assets:
        if coin not in found:
            price = float(past.series(coin).iloc[-1])
            found[coin] = Market.bare(coin, price, past.at, funding_8h=funding.get(coin, 0.0))
    return found


def _best_proxy(coin: str, past: Past, optionable: Mapping[str, Market]) -> Proxy | None:
    """The stand-in that leaves least, of the coins with options; None where none has enough prices."""
    closes = past.closes.iloc[-PROXY_DAYS - 1 :]
    found = []
    for by in optionable:
        if by == coin or by not in closes or coin not in closes:
            continue
        moves = closes[[coin, by]].pct_change(fill_method=None).dropna()
        try:
            found.append(proxy(moves[coin], moves[by], asset=coin, by=by))
        except InputError:
            continue  # too few returns in common
    return min(found, key=lambda each: (each.residual, each.by), default=None)
