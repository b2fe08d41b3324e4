"""What forced selling does to itself, and what collateral is worth when it is needed.

Both are stated rules with stated coefficients; nothing here happens unless it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from hedging.book.book import Book, Holding
from hedging.book.pricer import time_left
from hedging.errors import InputError
from hedging.margin.account import Ledger, MarginModel
from hedging.market.chain import OptionChain
from hedging.market.contracts import Future, Option, Perpetual, Spot
from hedging.market.market import Market, market_of
from hedging.paths.paths import Paths
from hedging.units import years

__all__ = ["collateral_quality", "deleverage"]

LEAST_LEFT = 1e-6  # share of a position below which it is closed for good
STEPS = 50  # of the share to close, by bisection


def deleverage(
    book: Book,
    market: OptionChain | Market,
    paths: Paths,
    model: MarginModel,
    *,
    impact: float,
    fee: float = 0.0075,
    scenario: int = 0,
) -> pd.DataFrame:
    """Follow an account whose liquidations move the price against it.

    Whenever maintenance is no longer covered, perpetuals and futures are closed in the smallest equal share
    that covers it again; what is closed moves the price from then on, which may call for more at once. What has
    expired is paid out, and is no longer there to be closed.

    Parameters
    ----------
    book, market, model
        As in `survive`; where accounts are declared, of the one that orders are traded in.
    paths : Paths
        Where the price would go without this account.
    impact : float
        Log-price lost per unit of underlying sold, >= 0; bought units raise it. 0 for none.
    fee : float
        Liquidation fee as a share of what is closed; 0.75 % for BTC futures on Deribit until July 2026.
    scenario : int
        Which of the scenarios.

    Returns
    -------
    DataFrame
        Index ``day``; ``price`` [money] and ``price alone`` without the feedback, ``closed`` on that day and
        ``left`` [units at entry], ``headroom`` [currency of the account]; NaN headroom once nothing is left.

    Raises
    ------
    InputError
        If impact or fee is below 0.
    """
    if not (impact >= 0 and fee >= 0 and np.isfinite(impact + fee)):
        raise InputError(f"impact and fee must be numbers >= 0; got {impact!r} and {fee!r}.")
    _check_scenario(scenario, paths)
    found, walk, pushed = market_of(market), paths.select([scenario]), 0.0
    book = book.account(book.trading_account) if book.accounts else book
    rows = []
    for date in range(walk.days.size):
        book = _settle(book, found, replace(walk, spot=walk.spot * np.exp(-pushed)), date)
        before = _linear_units(book)
        while True:
            here = replace(walk, spot=walk.spot * np.exp(-pushed))
            share = _share_to_close(book, found, here, date, model, fee)
            if share <= 0.0:
                break
            book, sold = _close(book, found, here, date, share, fee)
            pushed += impact * sold
            if not _linear_units(book):
                break
        room = _headroom(book, found, here, date, model) if _linear_units(book) else np.nan
        spot = found.spot * walk.spot[0, date]
        left = _linear_units(book)
        rows.append((spot * np.exp(-pushed), spot, before - left, left, room))
    columns = ["price", "price alone", "closed", "left", "headroom"]
    return pd.DataFrame(rows, index=pd.Index(walk.days, name="day"), columns=columns)


def collateral_quality(
    book: Book,
    markets: Mapping[str, Market],
    paths: Mapping[str, Paths],
    haircuts: Mapping[str, float],
    scenario: int = 0,
) -> pd.DataFrame:
    """What each collateral coin is worth now and at its worst in the same scenario, haircut included.

    Parameters
    ----------
    book : Book
        Its spot holdings are the collateral; where it declares accounts, those that lie in one.
    markets, paths : mapping of asset
        Price now, and where it goes.
    haircuts : mapping of asset to float
        Share that does not count; every collateral asset needs one.
    scenario : int
        Which of the scenarios.

    Returns
    -------
    DataFrame
        Index ``asset``; ``value now`` and ``worst value`` after the haircut [money], ``drawdown`` of the price
        from its high, ``haircut``, and ``day`` of the worst.

    Raises
    ------
    InputError
        If a haircut is missing.
    """
    rows = {}
    for asset, units in _coins(book).items():
        _check_scenario(scenario, paths[asset])
        if asset not in haircuts:
            raise InputError(
                f"no haircut is set for {asset} as collateral; pass haircuts={{{asset!r}: ...}}."
            )
        # A debt is no collateral: none of it is let off.
        ratio, counted = paths[asset].spot[scenario], units * (1.0 - haircuts[asset] * (units > 0))
        high = np.maximum(np.maximum.accumulate(ratio), 1.0)
        value = counted * markets[asset].spot
        worst = int((ratio * np.sign(units)).argmin())
        rows[asset] = {
            "value now": value,
            "worst value": min(value, value * float(ratio[worst])),
            "drawdown": float((ratio / high - 1.0).min()),
            "haircut": haircuts[asset],
            "day": float(paths[asset].days[worst]),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("asset")


def _check_scenario(scenario: int, paths: Paths) -> None:
    if not 0 <= scenario < len(paths):
        raise InputError(f"scenario must be one of the {len(paths)} of the paths, from 0; got {scenario!r}.")


def _coins(book: Book) -> dict[str, float]:
    """Coins of each asset, all lots together; where accounts are declared, of those that lie in one."""
    coins: dict[str, float] = {}
    for held in book.holdings:
        if isinstance(held.instrument, Spot) and (held.account or not book.accounts):
            coins[held.asset] = coins.get(held.asset, 0.0) + held.units
    return coins


def _is_linear(holding: Holding) -> bool:
    return isinstance(holding.instrument, Perpetual | Future)


def _linear_units(book: Book) -> float:
    return sum(abs(item.units) for item in book.holdings if _is_linear(item))


def _headroom(book: Book, market: Market, paths: Paths, date: int, model: MarginModel) -> float:
    return float(model.assess(Ledger(book, market).at(paths, date)).headroom[0])


def _share_to_close(
    book: Book, market: Market, paths: Paths, date: int, model: MarginModel, fee: float
) -> float:
    """Smallest share of all perpetuals and futures that has to go at this price; 1 if even all does not do."""

    def short(share: float) -> bool:
        return _headroom(_close(book, market, paths, date, share, fee)[0], market, paths, date, model) <= 0

    if not _linear_units(book) or _headroom(book, market, paths, date, model) > 0:
        return 0.0
    low, high = 0.0, 1.0
    if short(high):
        return high
    for _ in range(STEPS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if short(middle) else (low, middle)
    return high


def _close(
    book: Book, market: Market, paths: Paths, date: int, share: float, fee: float
) -> tuple[Book, float]:
    """Close a share of every perpetual and future at this price; the book after it and net units sold."""
    account = Ledger(book, market).at(paths, date)
    size, spot = account.linear_size(), float(account.spot[0])
    paid = share * (account.linear_gain - fee * np.abs(account.linear_notional()))[:, 0]
    left = 1.0 - share if share < 1.0 - LEAST_LEFT else 0.0
    kept = [
        replace(item, quantity=item.quantity * left) if _is_linear(item) else item for item in book.holdings
    ]
    coin = account.linear_coin
    closed = _paid_out(book, kept, market, float(paid[coin].sum()) / spot, float(paid[~coin].sum()))
    return closed, share * float(size.sum())


def _settle(book: Book, market: Market, paths: Paths, date: int) -> Book:
    """The book once what has expired by this date is paid out: later pushes no longer move it."""
    day = float(paths.days[date])
    over = [_expired(item, market, day) for item in book.holdings]
    if not any(over):
        return book
    done = [item for item, gone in zip(book.holdings, over, strict=True) if gone]
    kept = [item for item, gone in zip(book.holdings, over, strict=True) if not gone]
    paid = Ledger(Book(done), market).at(paths, date)
    return _paid_out(book, kept, market, float(paid.coins[0]), float(paid.cash[0]))


def _expired(holding: Holding, market: Market, day: float) -> bool:
    if not isinstance(holding.instrument, Future | Option):
        return False
    return not time_left(np.array([years(market.as_of, holding.instrument.expiry)]), day)[0]


def _paid_out(book: Book, kept: list[Holding], market: Market, coins: float, cash: float) -> Book:
    """The holdings that are kept, with coins and cash added."""
    new = [Holding.spot(market.asset, coins)] if coins else []
    holdings = [item for item in kept if item.quantity]
    return Book([*holdings, *new], cash=book.cash + cash, numeraire=book.numeraire)
