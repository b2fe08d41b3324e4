"""A limit on initial margin, in the terms that a planner can plan with: what adds up, and what can only grow.

Under every model here the requirement of an account is the worst of a table of losses, which add up over
positions, and a rest, of which two positions together need no more than each alone. So the sum of what orders
need alone is never too little. For `StandardMargin` and `FlatMargin` the table is empty and short options add up
exactly; of `PortfolioMargin` the whole table adds up and only the roll shock is bounded; stock that covers
calls under `RegT` covers those already held, not new ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from numbers import Real
from typing import Any, Final

import numpy as np

from hedging._ground.forms import meant
from hedging._ground.shown import Shown
from hedging._numerics.types import Array, Rows
from hedging.book.book import Book, Holding
from hedging.errors import InputError
from hedging.margin.account import Account, Ledger, Margin
from hedging.margin.portfolio import PortfolioMargin
from hedging.margin.reg_t import RegT
from hedging.margin.requirement import Requirement
from hedging.margin.standard import FlatMargin, StandardMargin
from hedging.market.contracts import Option, Spot
from hedging.market.market import Market
from hedging.paths.paths import today

__all__ = ["InitialMargin"]

Models = StandardMargin | PortfolioMargin | FlatMargin | RegT

_MODELS: Final[dict[str, type[Models]]] = {
    model.__name__: model for model in (StandardMargin, PortfolioMargin, FlatMargin, RegT)
}


@dataclass(frozen=True, slots=True)
class InitialMargin(Shown):
    """The greatest initial margin that an account may need; for `hedging.planner.Limits`.

    Attributes
    ----------
    model : StandardMargin, PortfolioMargin, FlatMargin or RegT
        Rules of the account.
    most : float
        Share of the plan's base that the account of each asset may need, orders and holdings together. [1]

    Raises
    ------
    InputError
        If `most` is no share >= 0, or the model is none of these.

    Examples
    --------
    >>> import hedging as hg
    >>> limit = InitialMargin(hg.margin.DERIBIT_BTC, 0.10)
    >>> limit.of(hg.samples.book(), hg.Market.of(hg.samples.chain()))  # coins alone need none
    0.0
    """

    model: Models
    most: float

    def __post_init__(self) -> None:
        if not isinstance(self.model, Models):
            raise InputError(
                f"model must be one of {', '.join(_MODELS)}; got {self.model!r:.100}{meant(str(self.model), _MODELS) or '.'}"
            )
        most: Any = self.most
        if isinstance(most, bool) or not (isinstance(most, Real) and 0.0 <= float(most) < np.inf):
            raise InputError(
                f"most must be a share >= 0 of the plan's base; got {self.most!r}. 10 % is written 0.10."
            )
        object.__setattr__(self, "most", float(most))

    def of(self, book: Book, market: Market) -> float:
        """Initial margin of all that a book holds of the market's asset. [money]

        Where it declares accounts, of what lies in the one that orders are traded in.
        """
        return _money(self.model.assess(_account(_margined(book).of(market.asset), market)), market)

    def held(self, book: Book, market: Market) -> tuple[Array, float]:
        """What the holdings of the market's asset need.

        Returns
        -------
        (ndarray, shape (nodes,), float)
            Losses at each node of the table, less what the model allows there; and the rest. [money]
        """
        account = _account(_margined(book).of(market.asset), market)
        losses = np.zeros(1)
        if isinstance(self.model, PortfolioMargin):
            spot = account.spot
            losses = ((self.model.losses(account).sum(axis=1) - self.model.allowances(spot)) * spot)[:, 0]
        return losses, self._initial(account, market) - float(losses.max(initial=0.0))

    def alone(self, holdings: Sequence[Holding], market: Market) -> tuple[Array, Array]:
        """What each of some holdings would need if it were the whole account.

        Returns
        -------
        (ndarray, shape (nodes, holdings), ndarray, shape (holdings,))
            As for `held`, before what the model allows, and without what an empty account needs. [money]
        """
        whole = _account(holdings, market, netted=False)
        if isinstance(self.model, PortfolioMargin):
            self.model.assess(whole)  # refuses what the model has no table for
            place = _positions(holdings)
            losses = np.zeros((len(self.model.allowances(whole.spot)), len(holdings)))
            rest = np.zeros(len(holdings))
            losses[:, place >= 0] = self.model.losses(whole)[:, place[place >= 0], 0] * market.spot
            rest[place >= 0] = self.model.roll_shocks(whole)[place[place >= 0], 0] * market.spot
            return losses, rest
        nothing = self._initial(_account((), market), market)
        each = [self._initial(account, market) - nothing for account in _one_by_one(whole, holdings)]
        return np.zeros((1, len(holdings))), np.array(each)

    def requirement(self, book: Book, market: Market, orders: Sequence[Holding]) -> Requirement | None:
        """The same as a function of orders with its slopes, so that what is closed is released; not known of `RegT`."""
        if isinstance(self.model, RegT):
            return None
        return Requirement.of_model(_margined(book), market, orders, self.model)

    def to_dict(self) -> dict[str, Any]:
        """The limit as plain values."""
        return {"most": self.most, "model": type(self.model).__name__, "parameters": asdict(self.model)}

    @classmethod
    def from_dict(cls, saved: dict[str, Any]) -> InitialMargin:
        """The limit that `to_dict` gave."""
        return cls(_MODELS[saved["model"]](**saved["parameters"]), saved["most"])

    def _initial(self, account: Account, market: Market) -> float:
        return _money(self.model.assess(account), market)


def _money(margin: Margin, market: Market) -> float:
    return float(margin.initial[0]) * (market.spot if margin.currency == market.asset else 1.0)


def _margined(book: Book) -> Book:
    """What a limit on margin looks at: cold holdings and other accounts need none here."""
    return book.account(book.trading_account) if book.accounts else book


def _account(holdings: Sequence[Holding], market: Market, *, netted: bool = True) -> Account:
    return Ledger(Book(holdings), market, netted=netted).at(today(), 0)


def _positions(holdings: Sequence[Holding]) -> Rows:
    """Where each holding stands among perpetuals and futures, then options; -1 for spot."""
    kinds = np.array([_kind(holding) for holding in holdings], dtype=np.intp)
    place = np.full(kinds.size, -1, dtype=np.intp)
    place[kinds == 0] = np.arange(np.count_nonzero(kinds == 0))
    place[kinds == 1] = np.count_nonzero(kinds == 0) + np.arange(np.count_nonzero(kinds == 1))
    return place


def _kind(holding: Holding) -> int:
    """0 for perpetuals and futures, 1 for options, -1 for spot."""
    return 1 if isinstance(holding.instrument, Option) else -1 if isinstance(holding.instrument, Spot) else 0


def _one_by_one(whole: Account, holdings: Sequence[Holding]) -> list[Account]:
    """The accounts of single holdings, cut out of that of all of them."""
    linear = len([holding for holding in holdings if _kind(holding) == 0])
    parts = []
    for holding, place in zip(holdings, _positions(holdings), strict=True):
        rows = np.array([place])
        if place < 0:
            parts.append(_cut(whole, rows[:0], rows[:0], holding.units))
        elif place < linear:
            parts.append(_cut(whole, rows, rows[:0], 0.0))
        else:
            parts.append(_cut(whole, rows[:0], rows - linear, 0.0))
    return parts


def _cut(whole: Account, linear: Rows, options: Rows, coins: float) -> Account:
    kept = {
        name: getattr(whole, name)[linear if name.startswith("linear") else options]
        for name in Account.__slots__
        if name.startswith(("linear", "option"))
    }
    return replace(whole, coins=np.full_like(whole.spot, coins), cash=0.0 * whole.cash, **kept)
