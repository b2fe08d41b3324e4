"""Rule-based margins: a rate per position, nothing nets. Deribit's standard margin, a flat rate.

Numbers are dated defaults: venues change them, and every one is a field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from hedging._ground.shown import Shown
from hedging._numerics.types import Array
from hedging.errors import InputError
from hedging.margin.account import Account, Margin
from hedging.margin.haircuts import counted_coins

__all__ = [
    "DERIBIT_BTC",
    "DERIBIT_BTC_USDC",
    "DERIBIT_ETH",
    "DERIBIT_ETH_USDC",
    "FlatMargin",
    "StandardMargin",
]


@dataclass(frozen=True, slots=True)
class StandardMargin(Shown):
    """Deribit's segregated standard margin, and its cross version.

    Long options need nothing beyond their premium and give nothing: the balance leaves the value of all
    options out. A long put therefore never moves the liquidation price of a perpetual here.

    Attributes
    ----------
    collateral : {'coin', 'cash', 'cross'}
        What the account is kept in: the coin (inverse contracts), the quote currency (linear contracts), or
        both, valued in money after `haircuts`.
    initial, maintenance : float
        Rate on the size of each perpetual or future.
    per_unit : float
        Added to both rates per unit of its size.
    call_out, floor, option_maintenance : float
        Of short options: 0.15, 0.10 and 0.075 of the underlying for BTC.
    liquidation_fee : float
        Share of the underlying that is added to the maintenance of short options.
    put_from_strike : bool
        Whether the floors of a linear put out of the money are shares of its strike; else of the underlying, and of its
        mark, as those of an inverse put are.
    haircuts : mapping of str to float
        Share of each collateral asset that does not count; needed for 'cross', where an asset that is not
        listed is refused rather than taken in full. What is cut is the equity in that asset: gains of inverse
        contracts are coins, and are cut as the coins they are. A debt counts in full. Deribit speaks of
        haircuts where it computes initial margin; here they hold for maintenance too, so that an account is
        never said to live longer than it may.
    as_of, source : str
        When the numbers held, and who said so.
    """

    collateral: Literal["coin", "cash", "cross"] = "coin"
    initial: float = 0.02
    maintenance: float = 0.01
    per_unit: float = 0.00005
    call_out: float = 0.15
    floor: float = 0.10
    option_maintenance: float = 0.075
    liquidation_fee: float = 0.0
    put_from_strike: bool = True
    haircuts: Mapping[str, float] = field(default_factory=dict)
    as_of: str = "2026-07"
    source: str = "Deribit: inverse options, linear USDC options, release notes of 11 Jan 2022"

    def assess(self, account: Account) -> Margin:
        """Balance and requirements in every scenario.

        Raises
        ------
        InputError
            If the account holds contracts that are not margined in its collateral, or a haircut is missing.
        """
        _refuse_others(account, self.collateral)
        rate, notional = self.per_unit * np.abs(account.linear_size()), np.abs(account.linear_notional())
        futures_initial = ((self.initial + rate) * notional).sum(axis=0)
        futures_maintenance = ((self.maintenance + rate) * notional).sum(axis=0)
        options_initial, options_maintenance = self._short_options(account)
        initial, maintenance = futures_initial + options_initial, futures_maintenance + options_maintenance
        if self.collateral == "coin":
            return Margin(
                account.asset, account.coin_equity(), initial / account.spot, maintenance / account.spot
            )
        balance = account.cash_equity()
        if self.collateral == "cross":
            balance = (
                balance + counted_coins(account.coin_equity(), account.asset, self.haircuts) * account.spot
            )
        return Margin("cash", balance, initial, maintenance)

    def _short_options(self, account: Account) -> tuple[Array, Array]:
        """Requirements of short options, shape (n,). [money]"""
        short = np.maximum(-account.option_units, 0.0)[:, None]
        S, K = account.spot, account.option_strike[:, None]
        mark = account.option_value / S
        call = (account.option_sign > 0)[:, None]
        out = np.maximum(np.where(call, K - S, S - K), 0.0) / S
        base = np.maximum(self.call_out - out, self.floor)
        m = self.option_maintenance
        # Puts whose floors are shares of the underlying.
        coin = account.option_coin[:, None] | (not self.put_from_strike)
        # Where the strike of a linear put lies below spot its floors count from the strike.
        linear_put = ~coin & ~call
        base = np.where(linear_put, np.maximum(self.call_out - out, self.floor * K / S), base)
        needed = np.where(linear_put, m * np.minimum(1.0, K / S), m)
        needed = np.where(coin & ~call, np.maximum(m, m * mark), needed) + mark
        initial = np.where(coin & ~call, np.maximum(base + mark, needed), base + mark)
        kept = needed + self.liquidation_fee
        return (short * initial).sum(axis=0) * S, (short * kept).sum(axis=0) * S


@dataclass(frozen=True, slots=True)
class FlatMargin(Shown):
    """A venue that asks a share of each position; long options count at their value.

    Attributes
    ----------
    collateral : {'coin', 'cash', 'cross'}
        As in `StandardMargin`.
    initial, maintenance : float
        Share of the size of each perpetual, future and short option.
    haircuts : mapping of str to float
        As in `StandardMargin`.
    """

    initial: float
    maintenance: float
    collateral: Literal["coin", "cash", "cross"] = "cash"
    haircuts: Mapping[str, float] = field(default_factory=dict)

    def assess(self, account: Account) -> Margin:
        """Balance and requirements in every scenario."""
        _refuse_others(account, self.collateral)
        short = np.maximum(-account.option_units, 0.0).sum()
        size = np.abs(account.linear_notional()).sum(axis=0) + short * account.spot
        options = account.option_units[:, None] * account.option_value
        in_coin = options[account.option_coin].sum(axis=0)
        if self.collateral == "coin":
            balance, coins = account.coin_equity() + in_coin / account.spot, size / account.spot
            return Margin(account.asset, balance, self.initial * coins, self.maintenance * coins)
        balance = account.cash_equity() + options[~account.option_coin].sum(axis=0)
        if self.collateral == "cross":
            coins = account.coin_equity() + in_coin / account.spot
            balance = balance + counted_coins(coins, account.asset, self.haircuts) * account.spot
        return Margin("cash", balance, self.initial * size, self.maintenance * size)


def _refuse_others(account: Account, collateral: str) -> None:
    if collateral == "cross":
        return
    in_coin = np.concatenate((account.linear_coin, account.option_coin))
    if (in_coin != (collateral == "coin")).any():
        raise InputError(
            f"an account kept in {collateral} margins contracts settled in {collateral} only; the book holds others. "
            "Split the book, or use collateral='cross'."
        )


# The linear-in-size rates of 11 Jan 2022, replaced in August and September 2026 by tiers whose shape is not
# published in full (initial rate 1 / leverage, maintenance two thirds of it): pass those as fields.
DERIBIT_BTC: Final = StandardMargin()
DERIBIT_ETH: Final = StandardMargin(per_unit=0.000004)
DERIBIT_BTC_USDC: Final = StandardMargin("cash")
DERIBIT_ETH_USDC: Final = StandardMargin(
    "cash", per_unit=0.000004, call_out=0.20, floor=0.13, option_maintenance=0.10
)
