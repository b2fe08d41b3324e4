"""The first price, and the first moment, at which collateral no longer covers what must stay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._ground.arguments import takes
from hedging._ground.cells import SIGNED_SHARE, figure, on_day
from hedging._ground.counts import number_of
from hedging._ground.shown import Shown
from hedging._ground.tables import Page, Table
from hedging._numerics.bisection import first_false
from hedging._numerics.types import Array
from hedging.book.book import Book
from hedging.book.legs import Legs, legs_of
from hedging.errors import InputError
from hedging.margin.account import Margin, MarginModel, is_short
from hedging.margin.cross import CASH, AccountRules, OneModel
from hedging.margin.rules import rules_of
from hedging.margin.whole import WholeAccount, after_orders
from hedging.market.chain import OptionChain
from hedging.market.market import Chains, Market, market_of, markets_of
from hedging.paths.by_asset import PathsBy, paths_by_asset
from hedging.paths.paths import Paths, along, today
from hedging.paths.reactions import STILL, Reaction

__all__ = [
    "Liquidation",
    "Survival",
    "assess",
    "liquidation_price",
    "survive",
    "survive_accounts",
]


FURTHEST_FALL, FURTHEST_RISE = -7.0, 3.0  # in log-price


@dataclass(frozen=True, slots=True, repr=False)
class Liquidation(Shown):
    """Prices at which an account is liquidated if spot moves there at once; None where none is in reach.

    Attributes
    ----------
    spot : float
        Today's. [money]
    down, up : float or None
        The first on the way down and on the way up. [money]
    asset : str
        Whose prices these are.
    """

    spot: float
    down: float | None
    up: float | None
    asset: str = ""

    _UNITS: ClassVar[Mapping[str, str]] = {"spot": "money", "down": "money", "up": "money"}

    def _page(self) -> Page:
        rows = [
            (way, price, price / self.spot - 1.0)
            for way, price in (("on the way down", self.down), ("on the way up", self.up))
            if price is not None
        ]
        if not rows:
            return Page(
                f"No move of {self.asset} from {figure(self.spot, 8)} within reach liquidates the account"
            )
        table = pd.DataFrame(rows, columns=["", "price", "move"])
        head = f"Liquidation, {self.asset} now {figure(self.spot, 8)}"
        return Page(head, (Table(table, {"price": "money", "move": SIGNED_SHARE}),))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Survival(Shown):
    """Collateral and requirement of an account along scenarios.

    Attributes
    ----------
    currency : str
        What the account is kept in.
    counted, left_out : str
        What was taken to lie in it, and what of the book was not.
    days : ndarray, shape (dates,)
    labels : tuple of str
    spot, balance, maintenance : ndarray, shape (scenarios, dates)
        Had the account been left alone: what comes after a liquidation did not happen to its owner.
        [money], [currency], [currency]
    as_of : Timestamp or None
        When day 0 was, UTC.
    asset : str
        Whose price `spot` is: of several that an account holds, the first.
    """

    currency: str
    days: Array
    labels: tuple[str, ...]
    spot: Array
    balance: Array
    maintenance: Array
    counted: str = ""
    left_out: str = ""
    as_of: pd.Timestamp | None = None
    asset: str = ""

    @property
    def headroom(self) -> Array:
        """Balance less maintenance, shape (scenarios, dates). [currency]"""
        return np.asarray(self.balance - self.maintenance)

    @property
    def survives(self) -> npt.NDArray[np.bool_]:
        """Whether the headroom stays above 0 on every date, or nothing must stay and nothing is owed; (scenarios,)."""
        return np.asarray(~is_short(self.balance, self.maintenance).any(axis=1))

    @property
    def top_up(self) -> Array:
        """Collateral that must be added today for the account to live, 0 where none, shape (scenarios,). [currency]

        Exact for collateral that is the account's own currency and itself takes no requirement.
        """
        return np.asarray(np.maximum(-self.headroom.min(axis=1), 0.0))

    def first(self) -> tuple[Array, Array]:
        """Day and price of the liquidation, NaN where there is none, each of shape (scenarios,).

        Between two dates headroom and log-price are taken as straight lines.
        """
        room = self.headroom
        hit = is_short(self.balance, self.maintenance)
        last = hit.argmax(axis=1)
        before = np.maximum(last - 1, 0)
        rows = np.arange(len(room))
        high, low = room[rows, before], room[rows, last]
        inside = (last > 0) & (high > low)
        share = np.where(inside, high / np.where(inside, high - low, 1.0), 1.0)
        day = self.days[before] + share * (self.days[last] - self.days[before])
        logs = np.log(self.spot)
        price = np.exp(logs[rows, before] + share * (logs[rows, last] - logs[rows, before]))
        none = ~hit.any(axis=1)
        return np.where(none, np.nan, day), np.where(none, np.nan, price)

    def summary(self) -> pd.DataFrame:
        """One row per scenario: ``survives, day, price, least headroom, top-up``."""
        day, price = self.first()
        return pd.DataFrame(
            {
                "survives": self.survives,
                "day": day,
                "price": price,
                "least headroom": self.headroom.min(axis=1),
                "top-up": self.top_up,
            },
            index=pd.Index(self.labels, name="scenario"),
        )

    def heading(self) -> str:
        """How many scenarios survived, and what was counted."""
        count = int(self.survives.sum())
        told = {"counted": self.counted, "not counted": self.left_out}
        lines = [
            f"{count:,} of {number_of(len(self.labels), 'scenario')} survived; headroom and top-up in {self.currency}",
            *(f"{name}: {what}" for name, what in told.items() if what),
        ]
        return "\n".join(lines)

    def to_frame(self) -> pd.DataFrame:
        """One row a scenario, as `summary`, and the name of each."""
        return self.summary().reset_index()

    def _page(self) -> Page:
        head, *told = self.heading().splitlines()
        return Page(head, (*told, survival_table(self.to_frame(), self)))


def survival_table(table: pd.DataFrame, kept: Survival) -> Table:
    """Rows of `Survival.summary` as they are read: dates instead of days, and neither where nothing happened."""
    priced = f"price of {kept.asset}" if kept.asset else "price"
    if table["survives"].all():
        table = table.drop(columns=["day", "price"])
    elif kept.as_of is not None:
        dates = ["-" if np.isnan(day) else on_day(kept.as_of, day) for day in table["day"]]
        table = table.assign(day=dates).rename(columns={"day": "on"})
    units = {"least headroom": kept.currency, "top-up": kept.currency, priced: "money", "on": "UTC"}
    return Table(table.rename(columns={"price": priced}), units)


@takes(book=Book, market=market_of, overlay=legs_of)
def assess(
    book: Book,
    market: OptionChain | Market,
    model: MarginModel | None = None,
    overlay: Legs | None = None,
    *,
    account: str | None = None,
) -> Margin:
    """Balance and requirements of an account now.

    Parameters
    ----------
    book : Book
        All of the account; coins are spot holdings. Where it declares accounts, only what lies in one counts.
    market : OptionChain or Market
    model : MarginModel, optional
        By default the one that the account declares.
    overlay : plan, overlay or legs, optional
        Bought from the account first.
    account : str, optional
        Which of the declared accounts; by default the one that orders are traded in.

    Raises
    ------
    InputError
        If there is no model, or the account is several purses: ask `survive_accounts` for those.
    """
    found = market_of(market)
    whole = _whole(book, found, overlay, account)
    return _one(whole.margins(_rules(model, whole), {found.asset: today()}))[0]


@takes(book=Book, market=market_of, overlay=legs_of)
def liquidation_price(
    book: Book,
    market: OptionChain | Market,
    model: MarginModel | None = None,
    overlay: Legs | None = None,
    *,
    reaction: Reaction = STILL,
    account: str | None = None,
) -> Liquidation:
    """First prices down and up at which an account is liquidated, by revaluing all of it.

    Parameters
    ----------
    book, market, model, overlay, account
        As in `assess`.
    reaction : Reaction
        What vol does on the way; by default each moneyness keeps its vol.

    Returns
    -------
    Liquidation

    Notes
    -----
    Requirements of options may jump, so the way is scanned in steps of 0.7 % down and 0.3 % up before the
    first crossing is closed in on; a dip between two steps would be missed.
    """
    found = market_of(market)
    whole = _whole(book, found, overlay, account)
    rules = _rules(model, whole)

    def alive(log_price: Array) -> npt.NDArray[np.bool_]:
        paths = along([0.0], log_price[:, None], reaction=reaction)
        return ~_one(whole.margins(rules, {found.asset: paths}))[0].short

    ends = (first_false(alive, end) for end in (FURTHEST_FALL, FURTHEST_RISE))
    down, up = (None if end is None else found.spot * float(np.exp(end)) for end in ends)
    return Liquidation(found.spot, down, up, found.asset)


@takes(book=Book, market=market_of, paths=Paths, overlay=legs_of)
def survive(
    book: Book,
    market: OptionChain | Market,
    paths: Paths,
    model: MarginModel | None = None,
    overlay: Legs | None = None,
    *,
    account: str | None = None,
) -> Survival:
    """Follow an account along scenarios: collateral, requirement, first liquidation, top-up.

    Parameters
    ----------
    book, market, model, overlay, account
        As in `assess`.
    paths : Paths

    Returns
    -------
    Survival
    """
    found = market_of(market)
    whole = _whole(book, found, overlay, account)
    rules = _rules(model, whole)
    margins = whole.margins(rules, {found.asset: paths})
    _one(margins)
    every = _survivals(book, whole, {found.asset: found}, {found.asset: paths}, margins, rules)
    return next(iter(every.values()))


@takes(book=Book, overlay=legs_of)
def survive_accounts(
    book: Book, chains: Chains, paths: PathsBy, overlay: Legs | None = None
) -> dict[str, Survival]:
    """Follow every account that a book declares along scenarios, each by its own rules.

    Parameters
    ----------
    book : Book
    chains : OptionChain, Market or several
        Of every asset held.
    paths : Paths or mapping of str to Paths
        Of the one asset, or of each; a stablecoin may have one too.
    overlay : plan, overlay or legs, optional
        Bought first, from the account that orders are traded in.

    Returns
    -------
    dict of str to Survival
        By account; a segregated account that trades contracts of several currencies is one a currency, named
        ``"account: currency"``.

    Raises
    ------
    InputError
        If rules, a haircut, a market or paths are missing for what an account holds.
    """
    markets = markets_of(chains)
    after = after_orders(book, overlay)
    found = {}
    for declared in after.accounts:
        whole = WholeAccount.of(after, markets, declared.name)
        ways = paths_by_asset(paths, list(whole.ledgers))
        rules = rules_of(declared, markets)
        purses = whole.margins(rules, ways)
        for purse, kept in _survivals(after, whole, markets, ways, purses, rules).items():
            found[declared.name if len(purses) == 1 else f"{declared.name}: {purse}"] = kept
    return found


def _survivals(
    book: Book,
    whole: WholeAccount,
    markets: Mapping[str, Market],
    paths: Mapping[str, Paths],
    margins: Mapping[str, list[Margin]],
    rules: AccountRules,
) -> dict[str, Survival]:
    """The reports of an account by purse."""
    first = next(iter(whole.ledgers))
    found = {}
    for purse, dates in margins.items():
        asset = purse if purse in whole.ledgers else first
        found[purse] = Survival(
            currency=markets[asset].currency if dates[0].currency == CASH else dates[0].currency,
            days=paths[asset].days,
            labels=paths[asset].labels,
            spot=markets[asset].spot * paths[asset].spot,
            balance=_over_dates([margin.balance for margin in dates], paths[asset]),
            maintenance=_over_dates([margin.maintenance for margin in dates], paths[asset]),
            counted=whole.counted(rules, purse),
            left_out=whole.left_out(book, rules, purse),
            as_of=markets[asset].as_of,
            asset=asset,
        )
    return found


def _over_dates(each: list[Array], paths: Paths) -> Array:
    return np.stack([np.broadcast_to(values, (len(paths),)) for values in each], axis=1)


def _whole(book: Book, market: Market, overlay: Legs | None, account: str | None) -> WholeAccount:
    return WholeAccount.of(after_orders(book, overlay), {market.asset: market}, account)


def _rules(model: MarginModel | None, whole: WholeAccount) -> AccountRules:
    if model is not None and not hasattr(model, "assess"):
        raise InputError(f"model must be one of hedging.margin, such as StandardMargin(); got {model!r}.")
    if model is not None:
        return OneModel(model, whole.declared.haircuts if whole.declared else {})
    if whole.declared is None:
        raise InputError(
            "say by which rules: pass a model, such as hedging.margin.DERIBIT_BTC, or declare an account in the book."
        )
    return rules_of(whole.declared, whole.ledgers)


def _one(margins: Mapping[str, list[Margin]]) -> list[Margin]:
    """The dates of an account that is one purse."""
    if len(margins) > 1:
        raise InputError(
            f"the account is purses of {', '.join(margins)}, each by itself; ask hedging.margin.survive_accounts."
        )
    return next(iter(margins.values()))
