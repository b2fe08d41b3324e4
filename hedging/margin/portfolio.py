"""Deribit's portfolio margin for coin-settled accounts: the worst of a table of moves, plus roll risk.

Every contract is revalued over price moves times vol moves; the gains and losses of the whole account are
added entry by entry, and the worst sum is the requirement. Long puts count in full. Two replies of the
exchange's own calculator are reproduced to every printed digit in the tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from hedging._ground.shown import Shown
from hedging._numerics import kernels
from hedging._numerics.types import Array, Rows
from hedging.errors import InputError
from hedging.margin.account import Account, Margin
from hedging.units import DAYS_PER_YEAR

__all__ = ["DERIBIT_BTC_2024", "DERIBIT_ETH_2026", "PortfolioMargin"]


EXTENDED_MOVES = (-0.66, -0.33, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0)
VEGA_DAYS = 30.0


@dataclass(frozen=True, slots=True, repr=False)
class PortfolioMargin(Shown):
    """Segregated portfolio margin of one coin; parameters as `private/pme/simulate` prints them.

    Attributes
    ----------
    price_range : float
        Furthest move of the standard table.
    buckets : int
        Moves to each side of none.
    volatility_range_up, volatility_range_down : float
        Relative move of a 30-day vol; other tenors move by (30 days / T) to the power below.
    short_term_vega_power, long_term_vega_power : float
        Below and above 30 days.
    min_volatility_for_shock_up : float
        A shocked vol is at least this in the upward scenario. How the exchange applies it is not published
        in full; 0 leaves it out. [decimal a year]
    extended_table_factor, extended_dampener : float
        Scale of the extended table of far moves; losses there are reduced by a sum of money that grows
        with the move. [1], [money]
    pnl_offset, max_offsettable_pnl : float
        Share of the gains of this coin's table that counts, and up to what. [1], [money]
    annualised_move_risk, min_annualised_move : float
        Roll shock of each expiry: ``exp(risk * T) - 1`` of its delta, at least the minimum. [1/year], [1]
    maintenance_factor : float
        Maintenance as a share of the risk matrix.
    initial_extra : float
        Constant part of the initial margin that the matrix does not explain: open orders, market maker
        protection. [coin]
    as_of, source : str

    Notes
    -----
    Not here: the delta shock of one-sided books beyond 20 million USD, whose size the exchange does not
    publish. The requirement of such a book is understated.
    """

    price_range: float = 0.16
    buckets: int = 4
    volatility_range_up: float = 0.50
    volatility_range_down: float = 0.25
    short_term_vega_power: float = 0.30
    long_term_vega_power: float = 0.13
    min_volatility_for_shock_up: float = 0.0
    extended_table_factor: float = 1.0
    extended_dampener: float = 100_000.0
    pnl_offset: float = 0.0
    max_offsettable_pnl: float = 0.0
    annualised_move_risk: float = 0.075
    min_annualised_move: float = 0.01
    maintenance_factor: float = 0.8
    initial_extra: float = 0.0
    as_of: str = "2024-06-17"
    source: str = "docs.deribit.com, private/pme/simulate, example of BTC"

    def assess(self, account: Account) -> Margin:
        """Balance (all equity, options included), initial and maintenance margin, in coin.

        Raises
        ------
        InputError
            If the account holds cash-settled contracts: the published tables are of coin.
        """
        if not (account.linear_coin.all() and account.option_coin.all()):
            raise InputError("portfolio margin here is of coin-settled contracts; the book holds others.")
        balance = account.coin_equity() + account.option_equity() / account.spot
        matrix = self.worst_case(account) + self.roll_shock(account)
        return Margin(account.asset, balance, matrix + self.initial_extra, self.maintenance_factor * matrix)

    def moves(self) -> Array:
        """Price moves of the standard table, from the furthest fall to the furthest rise."""
        steps = np.arange(-self.buckets, self.buckets + 1) / self.buckets
        return np.asarray(steps * self.price_range)

    def standard_table(self, account: Account) -> Array:
        """Gains over moves times vol down, same, up, shape (moves, 3, n). [coin]"""
        shocks = (-1.0, 0.0, 1.0)
        return np.array([[self._gain(account, x, side) for side in shocks] for x in self.moves()])

    def extended_table(self, account: Account) -> Array:
        """Gains over the far moves with vol up, scaled back to the standard range, shape (8, n). [coin]"""
        return np.array([self._scale(x) * self._gain(account, x, 1.0) for x in EXTENDED_MOVES])

    def losses(self, account: Account) -> Array:
        """Losses of each position, of whose sums the worst counts, shape (nodes, positions, n). [coin]

        Nodes are none, the standard and the extended table, of which the latter counts less `allowances`;
        positions are perpetuals and futures, then options. Gains are negative.
        """
        nodes = [(1.0, x, side) for x in self.moves() for side in (-1.0, 0.0, 1.0)]
        nodes += [(self._scale(x), x, 1.0) for x in EXTENDED_MOVES]
        gains = np.array([scale * self._gains(account, x, side) for scale, x, side in nodes])
        return np.concatenate((np.zeros_like(gains[:1]), -gains))

    def allowances(self, spot: Array) -> Array:
        """What the losses of each node count less, shape (nodes, n). [coin]"""
        x = np.array(EXTENDED_MOVES)[:, None]
        reach = np.maximum(np.abs(x) / self.price_range, 1.0) - 1.0
        extended = reach * self.extended_dampener / ((1.0 + np.sign(x) * self.price_range) * spot)
        return np.concatenate((np.zeros((1 + 3 * self.moves().size, spot.size)), extended))

    def worst_case(self, account: Account) -> Array:
        """The greatest loss over both tables, shape (n,). [coin]"""
        standard = self._offset(self.standard_table(account), account.spot)
        extended = self._dampened(self._offset(self.extended_table(account), account.spot), account.spot)
        worst = np.minimum(standard.min(axis=(0, 1)), extended.min(axis=0))
        # The exchange's replies show that it rounds here, before it adds the roll shock.
        return np.asarray(np.round(np.maximum(-worst, 0.0), 9))

    def roll_shock(self, account: Account) -> Array:
        """Risk of the basis: the delta of each expiry times how far it may move on its own. [coin]"""
        terms, times, deltas = self._deltas(account)
        total = np.zeros_like(account.spot)
        for term in np.unique(terms):  # perpetuals together; what expires together nets
            there = terms == term
            total += np.abs(deltas[there].sum(axis=0)) * self._roll(float(times[there][0]))
        return total

    def roll_shocks(self, account: Account) -> Array:
        """Roll shock of each position if it were alone, shape (positions, n). [coin]"""
        _, times, deltas = self._deltas(account)
        roll = np.array([self._roll(float(time)) for time in times])
        return np.asarray(np.abs(deltas) * roll[:, None])

    def rolls(self, account: Account) -> tuple[Rows, Array, Array]:
        """Expiry by number, delta and roll shock of a delta of one, of each position, in the first scenario."""
        terms, times, deltas = self._deltas(account)
        return terms, deltas[:, 0], np.array([self._roll(float(time)) for time in times])

    def _deltas(self, account: Account) -> tuple[Rows, Array, Array]:
        """Expiry by number, time to it, 0 for perpetuals, and delta of each position. [1], [years], [coins]"""
        terms = np.concatenate((account.linear_term, account.option_term))
        times = np.concatenate((account.linear_expiry, account.option_expiry))
        return terms, times, np.concatenate((account.linear_size(), self._option_deltas(account)))

    def _scale(self, move: float) -> float:
        """What a gain at a far move counts for at the edge of the standard table."""
        edge = np.sign(move) * self.price_range
        return float(self.extended_table_factor * edge / move * (1.0 + move) / (1.0 + edge))

    def _gain(self, account: Account, move: float, side: float) -> Array:
        """Gain of the account at one move of all forwards and one of the vols, shape (n,). [coin]"""
        return np.asarray(self._gains(account, move, side).sum(axis=0))

    def _gains(self, account: Account, move: float, side: float) -> Array:
        """The same of each position, shape (positions, n)."""
        linear = account.linear_size() * (1.0 - 1.0 / (1.0 + move))
        if not account.option_units.size:
            return np.asarray(linear)
        moved = self._coin_value(
            account, account.option_forward * (1.0 + move), self.shocked_vol(account, side)
        )
        now = self._coin_value(account, account.option_forward, account.option_vol)
        return np.concatenate((linear, account.option_units[:, None] * (moved - now)))

    def shocked_vol(self, account: Account, side: float) -> Array:
        """Vol of each option moved down (-1), left (0) or moved up (+1), shape (k, n). [decimal a year]"""
        vol = account.option_vol * (1.0 + side * self._vol_range(side, account.option_expiry[:, None]))
        return np.maximum(vol, self.min_volatility_for_shock_up) if side > 0 else np.asarray(vol)

    def _vol_range(self, side: float, time: Array) -> Array:
        days = np.maximum(time * DAYS_PER_YEAR, 1.0)
        power = np.where(days < VEGA_DAYS, self.short_term_vega_power, self.long_term_vega_power)
        reach = self.volatility_range_up if side > 0 else self.volatility_range_down
        # A very short vol would move down by more than all of itself.
        return np.minimum(reach * (VEGA_DAYS / days) ** power, 1.0 if side < 0 else np.inf)

    @staticmethod
    def _coin_value(account: Account, forward: Array, vol: Array) -> Array:
        total = vol * np.sqrt(account.option_expiry)[:, None]
        value = kernels.black76(account.option_sign[:, None], forward, account.option_strike[:, None], total)
        return np.asarray(value / forward)

    def _option_deltas(self, account: Account) -> Array:
        """Forward delta of each option position, by a symmetric step, shape (k, n). [coins]"""
        step = 1e-4
        F = account.option_forward
        up, down = (
            self._coin_value(account, F * (1 + h), account.option_vol) * F * (1 + h) for h in (step, -step)
        )
        return np.asarray(account.option_units[:, None] * (up - down) / (2 * step * F))

    def _roll(self, time: float) -> float:
        return max(self.min_annualised_move, float(np.expm1(self.annualised_move_risk * time)))

    def _offset(self, table: Array, spot: Array) -> Array:
        """Losses in full, gains only as far as they may be set against losses elsewhere."""
        gains = np.minimum(self.pnl_offset * table, self.max_offsettable_pnl / spot)
        return np.where(table > 0, gains, table)

    def _dampened(self, table: Array, spot: Array) -> Array:
        allowance = self.allowances(spot)[-len(EXTENDED_MOVES) :]
        return np.where(table < 0, np.minimum(table + allowance, 0.0), table)


DERIBIT_BTC_2024: Final = PortfolioMargin()
DERIBIT_ETH_2026: Final = PortfolioMargin(
    price_range=0.18,
    volatility_range_up=0.40,
    extended_dampener=200_000.0,
    pnl_offset=0.6,
    max_offsettable_pnl=20_000_000.0,
    annualised_move_risk=0.05,
    min_annualised_move=0.005,
    as_of="2026-02-15",
    source="a recorded reply of private/pme/simulate for ETH",
)
