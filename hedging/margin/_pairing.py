"""Which positions of a securities account may be margined together, as columns of a linear programme.

A column is one use of one unit of some positions: alone, or in one of the packages that FINRA's Rule 4210 and the
Cboe margin manual name. Every position is used up by some columns; the cheapest use of all is the requirement.
Spreads of any number of options are one pool an expiry: its requirement is its greatest loss over all strikes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from hedging._numerics.types import Array, Rows
from hedging.margin.account import Account

__all__ = ["Kind", "Package", "Positions", "packages", "spread_pools"]

Kind: TypeAlias = Literal[
    "stock", "unused", "naked", "straddle", "covered", "protective", "conversion", "collar"
]


@dataclass(frozen=True, slots=True)
class Positions:
    """Stock and options of one account as what a pairing looks at; rows of options as in the account.

    Attributes
    ----------
    stock : float
        Signed units.
    units, sign, strike : ndarray, shape (k,)
        Signed units, +1 for calls, [money].
    term : ndarray of int, shape (k,)
        Expiries by number, ascending.
    """

    stock: float
    units: Array
    sign: Array
    strike: Array
    term: Rows

    @classmethod
    def of(cls, account: Account) -> Positions:
        """The positions of an account, which are the same in every scenario."""
        return cls(
            float(account.coins[0]),
            account.option_units,
            account.option_sign,
            account.option_strike,
            account.option_term,
        )

    def select(self, sign: float, side: float) -> list[int]:
        """Rows of calls (sign > 0) or puts that are held long (side > 0) or short."""
        return [int(i) for i in np.flatnonzero((self.sign == sign) & (self.units * side > 0))]


@dataclass(frozen=True, slots=True)
class Package:
    """One use of one unit of each of some positions.

    Attributes
    ----------
    kind : str
    stock : bool
        Whether a unit of stock is in it.
    options : tuple of int
        Rows of the options in it; of a collar or conversion the option held long first.
    """

    kind: Kind
    stock: bool = False
    options: tuple[int, ...] = ()


def packages(held: Positions) -> list[Package]:
    """Every package that is not a spread."""
    found = [Package("unused", options=(i,)) for i in (*held.select(1, 1), *held.select(-1, 1))]
    calls, puts = held.select(1, -1), held.select(-1, -1)
    found += [Package("naked", options=(i,)) for i in (*calls, *puts)]
    found += [Package("straddle", options=(i, j)) for i in calls for j in puts]
    return found + list(_with_stock(held)) if held.stock else found


def _with_stock(held: Positions) -> Iterator[Package]:
    """Stock alone, and with an option sold against it, with one that protects it, and with both."""
    side = 1.0 if held.stock > 0 else -1.0
    sold, bought = held.select(side, -1), held.select(-side, 1)
    yield Package("stock", stock=True)
    yield from (Package("covered", True, (i,)) for i in sold)
    yield from (Package("protective", True, (i,)) for i in bought)
    for i in bought:
        for j in sold:
            if held.term[i] != held.term[j]:
                continue
            if held.strike[i] == held.strike[j]:
                yield Package("conversion", True, (i, j))
            elif side > 0 and held.strike[i] < held.strike[j]:
                yield Package("collar", True, (i, j))


def constraints(held: Positions, found: Sequence[Package]) -> tuple[Array, Array]:
    """Rows that use every position up, shape (1 + k, packages), and how much of each there is."""
    matrix = np.zeros((1 + held.units.size, len(found)))
    for column, package in enumerate(found):
        matrix[0, column] = float(package.stock)
        matrix[[1 + i for i in package.options], column] = 1.0
    return matrix, np.concatenate(([abs(held.stock)], np.abs(held.units)))


def spread_pools(held: Positions) -> tuple[Array, Array, Rows]:
    """Options margined as spreads, one pool an expiry of options that are short.

    In a pool no option held long expires before one that is short. Its requirement is its greatest loss at any
    price where all are exercised, which lies at a strike, at 0, or beyond all strikes, where none may grow.

    Returns
    -------
    (ndarray, ndarray, ndarray of int)
        Use of the positions, shape (1 + k, columns); rows that equal 0, shape (rows, columns); and the columns
        that cost 1, the others nothing.
    """
    uses, rows, charged = [np.zeros((1 + held.units.size, 0))], [], []
    for term in np.unique(held.term[held.units < 0]):
        short = np.flatnonzero((held.units < 0) & (held.term <= term))
        long = np.flatnonzero((held.units > 0) & (held.term >= term))
        if long.size:
            charged.append(sum(use.shape[1] for use in uses))
            members = np.concatenate((short, long))
            pool = _pool(held, members)
            rows.append(pool)
            use = np.zeros((1 + held.units.size, pool.shape[1]))
            use[1 + members, 1 + np.arange(members.size)] = 1.0
            uses.append(use)
    from scipy.linalg import block_diag

    blocks = block_diag(*rows) if rows else np.zeros((0, 0))
    return np.concatenate(uses, axis=1), np.asarray(blocks, dtype=float), np.array(charged, dtype=np.intp)


def _pool(held: Positions, members: Rows) -> Array:
    """Rows of one pool: requirement, its members, and what is left over of each row."""
    strike, sign = held.strike[members], held.sign[members]
    prices = np.unique(np.append(held.strike[members], 0.0))
    worth = np.maximum(sign * (prices[:, None] - strike), 0.0)
    # Beyond the last strike only calls move, each one for one.
    worth = np.concatenate((worth, (sign > 0)[None, :].astype(float))) * np.sign(held.units[members])
    charge = np.append(np.ones(prices.size), 0.0)[:, None]
    return np.concatenate((charge, worth, -np.eye(len(worth))), axis=1)
