"""What forced selling does to itself, and what collateral is worth when it is needed.

Both are stated rules with stated coefficients; nothing here happens unless it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from hedging.book.book import Book, Holding
from hedging.errors import InputError
from hedging.margin.account import Ledger, MarginModel
from hedging.market.chain import OptionChain
from hedging.market.contracts import Future, Perpetual, Spot
from hedging.market.market import Market, market_of
from hedging.paths.paths import Paths

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
    that covers it again; what is closed moves the price from then on, which may call for more at once.

    Parameters
    ----------
    book, market, model
        As in `survive`.
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
    found, walk, pushed = market_of(market), paths.select([scenario]), 0.0
    rows = []
    for date in range(walk.days.size):
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
        Its spot holdings are the collateral.
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
    for holding in book.holdings:
        if not isinstance(holding.instrument, Spot):
            continue
        asset = holding.asset
        if asset not in haircuts:
            raise InputError(
                f"no haircut is set for {asset} as collateral; pass haircuts={{{asset!r}: ...}}."
            )
        ratio, counted = paths[asset].spot[scenario], holding.units * (1.0 - haircuts[asset])
        high = np.maximum(np.maximum.accumulate(ratio), 1.0)
        value = counted * markets[asset].spot
        worst = int(ratio.argmin())
        rows[asset] = {
            "value now": value,
            "worst value": value * min(1.0, float(ratio[worst])),
            "drawdown": float((ratio / high - 1.0).min()),
            "haircut": haircuts[asset],
            "day": float(paths[asset].days[worst]),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("asset")


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
    size, spot = account.linear_size()[:, 0], float(account.spot[0])
    paid = share * (account.linear_gain[:, 0] - fee * np.abs(size) * spot)
    left = 1.0 - share if share < 1.0 - LEAST_LEFT else 0.0
    kept = [
        replace(item, quantity=item.quantity * left) if _is_linear(item) else item for item in book.holdings
    ]
    coins = float(paid[account.linear_coin].sum()) / spot
    holdings = [item for item in kept if item.quantity] + (
        [Holding.spot(market.asset, coins)] if coins else []
    )
    cash = book.cash + float(paid[~account.linear_coin].sum())
    return Book(holdings, cash=cash, numeraire=book.numeraire), share * float(size.sum())
