"""Rules of whole accounts: several assets, coins and stablecoins as collateral, segregated or crossed.

A segregated account is one purse a currency, each by itself. A crossed one values every collateral in money after
a haircut and holds the sum against the sum of all requirements.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeAlias

import numpy as np

from hedging._numerics import kernels
from hedging._numerics.types import Array
from hedging.errors import InputError
from hedging.margin.account import Account, Margin, MarginModel
from hedging.margin.haircuts import after_haircut, counted_coins
from hedging.margin.portfolio import EXTENDED_MOVES, PortfolioMargin
from hedging.margin.reg_t import RegT

__all__ = [
    "CASH",
    "AccountRules",
    "Cross",
    "CrossPortfolio",
    "Money",
    "OneModel",
    "Securities",
    "Segregated",
    "known_rule",
]

Money: TypeAlias = Mapping[str, Array]
"""Money of an account by name: ``'cash'``, and each stablecoin, at its value. [money]"""

CASH = "cash"


class AccountRules(Protocol):
    """Rules of a whole account."""

    def assess(self, parts: Sequence[Account], money: Money) -> dict[str, Margin]:
        """Balance and requirements by purse: the name of a coin, or ``'cash'``.

        Parameters
        ----------
        parts : sequence of Account
            One an asset, without money.
        money : mapping of str to ndarray, shape (n,)
            [money]
        """


@dataclass(frozen=True, slots=True)
class OneModel:
    """An account of one asset under a given model; stablecoins count as money after their haircuts.

    Attributes
    ----------
    model : MarginModel
    haircuts : mapping of str to float
        Of stablecoins; what is not listed counts in full.
    """

    model: MarginModel
    haircuts: Mapping[str, float] = field(default_factory=dict)

    def assess(self, parts: Sequence[Account], money: Money) -> dict[str, Margin]:
        """Balance and requirements of the one asset.

        Raises
        ------
        InputError
            If there are several.
        """
        if len(parts) != 1:
            names = ", ".join(part.asset for part in parts)
            raise InputError(f"this model is of an account in one asset; the account is in {names}.")
        cash = sum((after_haircut(x, self.haircuts.get(name, 0.0)) for name, x in money.items()), np.zeros(1))
        margin = self.model.assess(replace(parts[0], cash=parts[0].cash + cash))
        return {margin.currency: margin}


@dataclass(frozen=True, slots=True)
class Segregated:
    """One purse a settlement currency: what lies in one never helps another.

    Attributes
    ----------
    coin, cash : mapping of str to MarginModel
        Rules of contracts that settle in coin and in cash, by asset.
    settlement : tuple of str
        What the purse of cash-settled contracts may hold; other stablecoins margin nothing.
    """

    coin: Mapping[str, MarginModel]
    cash: Mapping[str, MarginModel]
    settlement: tuple[str, ...] = (CASH, "USD", "USDC")

    def assess(self, parts: Sequence[Account], money: Money) -> dict[str, Margin]:
        """Balance and requirements of each purse."""
        purses = {part.asset: _assessed(self.coin, part.settled_in("coin"), part.asset) for part in parts}
        linear = [_assessed(self.cash, part.settled_in("cash"), CASH) for part in parts]
        own = [value for name, value in money.items() if name in self.settlement]
        return purses | {CASH: _sum(linear, sum(own, np.zeros(1)))}


@dataclass(frozen=True, slots=True)
class Cross:
    """All collateral in money after haircuts, against the sum of what every position needs.

    Attributes
    ----------
    coin, cash : mapping of str to MarginModel
        As in `Segregated`.
    haircuts : mapping of str to float
        Share of each coin and stablecoin that does not count; one that is not listed is refused. Gains of
        inverse contracts are coins and are cut with them; a debt counts in full. Deribit states haircuts for
        initial margin; here they hold for maintenance too.
    """

    coin: Mapping[str, MarginModel]
    cash: Mapping[str, MarginModel]
    haircuts: Mapping[str, float] = field(default_factory=dict)

    def assess(self, parts: Sequence[Account], money: Money) -> dict[str, Margin]:
        """Balance and requirements of the account, in money.

        Raises
        ------
        InputError
            If a haircut is missing.
        """
        margins = []
        for part in parts:
            held = _assessed(self.coin, part.settled_in("coin"), part.asset)
            balance = counted_coins(held.balance, part.asset, self.haircuts)
            margins.append(Margin(CASH, *(x * part.spot for x in (balance, held.initial, held.maintenance))))
            margins.append(_assessed(self.cash, part.settled_in("cash"), CASH))
        return {CASH: _sum(margins, _counted_money(money, self.haircuts))}


@dataclass(frozen=True, slots=True)
class CrossPortfolio:
    """Portfolio margin over all assets of an account, valued in money, collateral coins included.

    Every contract and every coin of collateral is revalued over the moves of its asset. Each asset is taken at
    its own worst move and the losses are added: coins do not offset each other, as the venue's way of adding
    them is not published, and no way of adding needs more.

    Attributes
    ----------
    rules : mapping of str to PortfolioMargin
        By asset.
    haircuts : mapping of str to float
        As in `Cross`.
    """

    rules: Mapping[str, PortfolioMargin]
    haircuts: Mapping[str, float] = field(default_factory=dict)

    def assess(self, parts: Sequence[Account], money: Money) -> dict[str, Margin]:
        """Balance and requirements of the account, in money.

        Raises
        ------
        InputError
            If an asset has no rules, or a haircut is missing.
        """
        margins = []
        for part in parts:
            rule = known_rule(self.rules, part.asset, "portfolio margin")
            coin = part.settled_in("coin")
            equity = coin.coin_equity() + coin.option_equity() / part.spot
            counted = counted_coins(equity, part.asset, self.haircuts)
            matrix = _worst_in_money(rule, part, counted) + rule.roll_shock(part) * part.spot
            balance = counted * part.spot + part.cash_equity() + part.settled_in("cash").option_equity()
            initial = matrix + rule.initial_extra * part.spot
            margins.append(Margin(CASH, balance, initial, rule.maintenance_factor * matrix))
        return {CASH: _sum(margins, _counted_money(money, self.haircuts))}


@dataclass(frozen=True, slots=True)
class Securities:
    """A US securities account: stock is a position, not collateral; one purse of money.

    Attributes
    ----------
    model : RegT
        Of every underlying.
    """

    model: RegT = field(default_factory=RegT)

    def assess(self, parts: Sequence[Account], money: Money) -> dict[str, Margin]:
        """Balance and requirements of the account, in money."""
        return {CASH: _sum([self.model.assess(part) for part in parts], sum(money.values(), np.zeros(1)))}


def _counted_money(money: Money, haircuts: Mapping[str, float]) -> Array:
    """Cash in full, stablecoins after their haircuts."""
    counted = [
        value if name == CASH else counted_coins(value, name, haircuts) for name, value in money.items()
    ]
    return np.asarray(sum(counted, np.zeros(1)))


def _assessed(rules: Mapping[str, MarginModel], part: Account, currency: str) -> Margin:
    """What a part needs; without contracts that is nothing, whatever the rules."""
    if part.has_contracts:
        rule: MarginModel = known_rule(rules, part.asset, "margin")
        return rule.assess(part)
    nothing = np.zeros_like(part.spot)
    own = part.cash_equity() if currency == CASH else part.coin_equity()
    return Margin(currency, own, nothing, nothing)


def known_rule(rules: Mapping[str, Any], asset: str, what: str) -> Any:
    """The rules of an asset.

    Raises
    ------
    InputError
        If there are none.
    """
    if asset not in rules:
        raise InputError(
            f"no {what} rules are stored for {asset}; known: {', '.join(sorted(rules)) or 'none'}. Give the account "
            "model 'flat' with its parameters initial and maintenance, or a model of your own."
        )
    return rules[asset]


def _sum(margins: Sequence[Margin], money: Array) -> Margin:
    balance, initial, maintenance = (
        np.asarray(sum(getattr(margin, name) for margin in margins))
        for name in ("balance", "initial", "maintenance")
    )
    return Margin(CASH, balance + money, initial, maintenance)


def _worst_in_money(rule: PortfolioMargin, part: Account, coins: Array) -> Array:
    """Greatest loss of one asset's contracts and collateral over both tables, shape (n,). [money]"""
    standard = [_gain(rule, part, coins, x, side) for x in rule.moves() for side in (-1.0, 0.0, 1.0)]
    worst = np.maximum(-np.min(standard, axis=0), 0.0)
    for x in EXTENDED_MOVES:
        # In money a contract gains in proportion to the move: scaled by it, all far moves count as the edge does.
        scale = rule.extended_table_factor * rule.price_range / abs(x)
        allowed = (max(abs(x) / rule.price_range, 1.0) - 1.0) * rule.extended_dampener
        worst = np.maximum(worst, -scale * _gain(rule, part, coins, x, 1.0) - allowed)
    return np.asarray(worst)


def _gain(rule: PortfolioMargin, part: Account, coins: Array, move: float, side: float) -> Array:
    """Gain of one asset's contracts and collateral at one move of price and vol, shape (n,). [money]"""
    options = part.option_units[:, None] * _option_gains(rule, part, move, side)
    # An inverse contract gains size * move of money whatever the coin does, as a linear one does.
    moving = coins * part.spot + part.linear_notional().sum(axis=0)
    return np.asarray(moving * move + options.sum(axis=0))


def _option_gains(rule: PortfolioMargin, part: Account, move: float, side: float) -> Array:
    """Gain of one unit of each option, without what its coins gain by the move, shape (k, n). [money]

    Of a coin-settled option the value in coins changes, and is worth the moved spot; the coins that it is worth
    before are among the collateral.
    """
    root, F, K = np.sqrt(part.option_expiry)[:, None], part.option_forward, part.option_strike[:, None]
    sign, coin = part.option_sign[:, None], part.option_coin[:, None]
    moved = kernels.black76(sign, F * (1.0 + move), K, rule.shocked_vol(part, side) * root)
    now = kernels.black76(sign, F, K, part.option_vol * root)
    in_coin = (moved / (F * (1.0 + move)) - now / F) * part.spot * (1.0 + move)
    return np.asarray(np.where(coin, in_coin, moved - now))
