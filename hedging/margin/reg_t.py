"""Reg T: a US securities account under Regulation T and the exchanges' strategy-based rules.

What is margined together is found, not told: of all pairings that the rules know, the one that needs least.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hedging._ground.shown import Shown
from hedging._numerics.least_cost import least_cost
from hedging._numerics.types import Array
from hedging.errors import InputError
from hedging.margin._pairing import Package, Positions, constraints, packages, spread_pools
from hedging.margin.account import Account, Margin

__all__ = ["RegT"]


@dataclass(frozen=True, slots=True, repr=False)
class RegT(Shown):
    """A US securities account under Regulation T and the exchanges' strategy-based rules.

    Stock held long needs 50 % to open and 25 % to keep; sold short 30 %, at least 5 dollars a share, and below 5
    dollars all of its price, at least 2.50. Options are paid in full and lend nothing. What is sold needs, beyond
    its value, 20 % of the underlying less what it is out of the money, at least 10 % (of the strike for puts),
    unless it is margined with something else: short calls and puts together need the greater side; spreads of any
    number of options their greatest loss; stock covers what is sold against it, counted at no more than the
    strike; stock that options protect keeps 10 % of the strike and what they are out of the money, collars and
    conversions likewise.

    Parts of a contract may be paired, which no broker does: a requirement may come out below what whole contracts
    need by less than one contract's worth. A broker's house rules may ask for more.

    Attributes
    ----------
    stock_initial, stock_maintenance : float
        Share of the value of stock held long; the first also of stock sold short. [1]
    short_maintenance : float
        Share of the value of stock sold short. [1]
    short_least, low_price, low_least : float
        Least for a share sold short; below what price the whole of it is needed, and then at least what. [money]
    option_rate, option_floor : float
        0.15 instead of 0.20 for broad indices. [1]
    strike_rate, collar_rate : float
        Of stock that options protect: share of the strike, and of the call's strike in a collar. [1]
    as_of, source : str

    Notes
    -----
    Balance is cash and stock, less what the values of short options add to the requirement: what is paired
    in a spread owes its greatest loss, and its value on the way is not asked for as well.
    """

    stock_initial: float = 0.50
    stock_maintenance: float = 0.25
    short_maintenance: float = 0.30
    short_least: float = 5.0
    low_price: float = 5.0
    low_least: float = 2.50
    option_rate: float = 0.20
    option_floor: float = 0.10
    strike_rate: float = 0.10
    collar_rate: float = 0.25
    as_of: str = "2024"
    source: str = "Cboe Strategy-based Margin; FINRA Rule 4210"

    def assess(self, account: Account) -> Margin:
        """Balance and requirements in every scenario.

        Raises
        ------
        InputError
            If the account holds futures, perpetuals or coin-settled options.
        """
        if account.linear_amount.size or account.option_coin.any():
            raise InputError("a Reg T account holds stock and cash-settled options only.")
        held = Positions.of(account)
        found = packages(held)
        if not found:
            nothing = np.zeros_like(account.spot)
            return Margin("cash", account.cash + nothing, nothing, nothing)
        beyond_values = [self._costs(found, account, initial=first, values=False) for first in (True, False)]
        initial, maintenance = (_least(held, found, costs) for costs in beyond_values)
        in_full = _least(held, found, self._costs(found, account, initial=False, values=True))
        balance = account.cash + account.coins * account.spot - (in_full - maintenance)
        return Margin("cash", balance, initial, maintenance)

    def _costs(self, found: list[Package], account: Account, *, initial: bool, values: bool) -> Array:
        """What one unit of each package needs, shape (packages, n). [money]"""
        return np.array([self._cost(package, account, initial, values) for package in found])

    def _cost(self, package: Package, account: Account, initial: bool, values: bool) -> Array:
        if package.kind == "unused":
            return np.zeros_like(account.spot)
        if package.kind in ("naked", "straddle"):
            return self._uncovered(package, account, values)
        needed = self._stock(package, account, initial)
        return needed if initial or len(package.options) == 0 else self._relieved(package, account, needed)

    def _uncovered(self, package: Package, account: Account, values: bool) -> Array:
        """A short option, or a call and a put of which the side that needs more counts."""
        rows = list(package.options)
        beyond = np.array([self._naked(account, i) for i in rows])
        worth = account.option_value[rows]
        greater = (beyond + worth).argmax(axis=0)
        needed = np.take_along_axis(beyond, greater[None, :], axis=0)[0]
        return np.asarray(needed + worth.sum(axis=0) if values else needed)

    def _naked(self, account: Account, i: int) -> Array:
        """What a short option needs beyond its value."""
        S, K, sign = account.spot, account.option_strike[i], account.option_sign[i]
        least = self.option_floor * (S if sign > 0 else K)
        return np.asarray(np.maximum(self.option_rate * S - np.maximum(sign * (K - S), 0.0), least))

    def _stock(self, package: Package, account: Account, initial: bool) -> Array:
        """Stock, at no more than the strike of a call sold against it, or no less than that of a put."""
        S, short = account.spot, account.coins[0] < 0
        rate = self.stock_initial if initial else self.stock_maintenance
        if short:
            needed = np.where(
                self.low_price > S,
                np.maximum(S, self.low_least),
                np.maximum(self.short_maintenance * S, self.short_least),
            )
            needed = np.maximum(needed, rate * S) if initial else needed
        else:
            needed = rate * np.minimum(S, self._sold_strike(package, account, np.inf))
        return np.asarray(needed + self._in_the_money(package, account))

    def _relieved(self, package: Package, account: Account, needed: Array) -> Array:
        """Maintenance of stock with an option that protects it, where that is less."""
        if package.kind == "covered":
            return needed
        S, K = account.spot, account.option_strike[package.options[0]]
        owed, sign = self._in_the_money(package, account), account.option_sign[package.options[0]]
        relief = self.strike_rate * K
        if package.kind == "conversion":
            return np.asarray(relief + owed)
        relief = relief + np.maximum(sign * (K - S), 0.0)
        if package.kind == "collar":
            return np.asarray(
                np.minimum(relief, self.collar_rate * self._sold_strike(package, account, 0.0)) + owed
            )
        return np.asarray(np.minimum(relief, needed))

    @staticmethod
    def _sold_strike(package: Package, account: Account, otherwise: float) -> float:
        sold = [i for i in package.options if account.option_units[i] < 0]
        return float(account.option_strike[sold[0]]) if sold else otherwise

    @staticmethod
    def _in_the_money(package: Package, account: Account) -> Array:
        """What exercise of the option sold takes from the stock's value."""
        owed = np.zeros_like(account.spot)
        for i in package.options:
            if account.option_units[i] < 0:
                owed = np.maximum(account.option_sign[i] * (account.spot - account.option_strike[i]), 0.0)
        return owed


def _least(held: Positions, found: list[Package], costs: Array) -> Array:
    """The least that all positions need together, shape (n,). [money]"""
    use, amount = constraints(held, found)
    pooled, rows, charged = spread_pools(held)
    if not charged.size and use.sum() == np.count_nonzero(amount):  # each by itself: nothing to choose
        return np.asarray(amount @ use @ costs)
    matrix = np.zeros((len(use) + len(rows), use.shape[1] + pooled.shape[1]))
    matrix[: len(use), : use.shape[1]] = use
    matrix[: len(use), use.shape[1] :] = pooled
    matrix[len(use) :, use.shape[1] :] = rows
    of_spreads = np.zeros((pooled.shape[1], costs.shape[1]))
    of_spreads[charged] = 1.0
    bound = np.concatenate((amount, np.zeros(len(rows))))
    # What is not held needs no row; no column uses it.
    kept = matrix.any(axis=1)
    return least_cost(np.concatenate((costs, of_spreads)), matrix[kept], bound[kept])
