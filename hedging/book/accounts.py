"""Accounts that a book declares: which rules hold there, what money lies there, what moves between them and when.

A holding belongs to an account or, where accounts are declared and it names none, to nobody's margin: it is cold.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, Final, Literal, TypeAlias, get_args

import pandas as pd

from hedging._ground.forms import meant
from hedging._ground.names import check_name
from hedging._ground.shown import Shown
from hedging.errors import InputError
from hedging.units import days, utc

__all__ = [
    "ACCOUNT_MODELS",
    "COLD",
    "ONLY",
    "AccountModelName",
    "DeclaredAccount",
    "Transfer",
    "called",
    "check_accounts",
]

COLD: Final = "cold"
"""The name, in transfers, of what is held outside all accounts."""

ONLY: Final = "account"
"""The name of an account that all of a book is taken to lie in."""

AccountModelName: TypeAlias = Literal[
    "standard", "portfolio", "cross-standard", "cross-portfolio", "flat", "reg-t"
]
ACCOUNT_MODELS: Final[tuple[str, ...]] = get_args(AccountModelName)


@dataclass(frozen=True, slots=True)
class DeclaredAccount(Shown):
    """One account at a venue.

    Attributes
    ----------
    name : str
    model : {'standard', 'portfolio', 'cross-standard', 'cross-portfolio', 'flat', 'reg-t'}
        Rules of its margin; see `hedging.margin.rules_of`.
    cash : float
        Quote currency that lies in it, < 0 for a debit. [money]
    stablecoins : mapping of str to float
        Amounts by name; worth one unit of the quote currency each, unless a path says otherwise. [coins]
    haircuts : mapping of str to float
        Share of each coin and stablecoin that does not count as collateral, where the model takes several.
    parameters : mapping of str to float
        Numbers of the rules that are not the stored ones, such as ``{"maintenance": 0.02}``.

    Raises
    ------
    InputError
        If a name or a number breaks its rule.
    """

    name: str
    model: str = "standard"
    cash: float = 0.0
    stablecoins: Mapping[str, float] = field(default_factory=dict)
    haircuts: Mapping[str, float] = field(default_factory=dict)
    parameters: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.name or self.name == COLD:
            raise InputError(
                f"an account needs a name other than {COLD!r}, which is what lies in none; got {self.name!r}."
            )
        for name in (self.name, *self.stablecoins, *self.haircuts):
            check_name(f"a name in account {self.name!r}", name)
        if self.model not in ACCOUNT_MODELS:
            raise InputError(
                f"model of account {self.name} must be one of {', '.join(ACCOUNT_MODELS)}; got {self.model!r}{meant(str(self.model), ACCOUNT_MODELS) or '.'}"
            )
        _number(self.cash, f"cash of account {self.name}")
        for coin, amount in self.stablecoins.items():
            _number(amount, f"stablecoins.{coin} of account {self.name}")
        for coin, share in self.haircuts.items():
            if not 0.0 <= _number(share, f"haircuts.{coin} of account {self.name}") <= 1.0:
                raise InputError(
                    f"haircuts.{coin} of account {self.name} must be a share from 0 to 1 (5 % is 0.05); got {share!r}."
                )
        for key, value in self.parameters.items():
            _number(value, f"parameters.{key} of account {self.name}")

    @property
    def money(self) -> float:
        """Cash and stablecoins, each of those at one unit of the quote currency. [money]"""
        return self.cash + sum(self.stablecoins.values())


@dataclass(frozen=True, slots=True)
class Transfer(Shown):
    """Collateral that moves on a day: a deposit, a withdrawal, or from one account to another.

    Attributes
    ----------
    asset : str
        A coin, a stablecoin, or the quote currency.
    quantity : float
        > 0. [coins, or money]
    source, target : str
        Names of accounts, ``'cold'`` for what is held outside of them, or empty for what comes from or goes to
        outside of the book.
    day : float, optional
        Days after the quotes were taken, >= 0.
    date : Timestamp, optional
        The same as a time; one of both is needed.

    Raises
    ------
    InputError
        If it does not say how much, when, or between what.
    """

    asset: str
    quantity: float
    source: str = ""
    target: str = ""
    day: float | None = None
    date: pd.Timestamp | None = None

    def __post_init__(self) -> None:
        check_name("asset of a transfer", self.asset)
        if not _number(self.quantity, f"quantity of a transfer of {self.asset}") > 0:
            raise InputError(f"quantity of a transfer must be > 0; got {self.quantity!r} of {self.asset}.")
        if self.source == self.target:
            raise InputError(
                f"a transfer of {self.asset} needs a source or a target, and not the same; got {self.source!r} twice."
            )
        if (self.day is None) == (self.date is None):
            came = "neither" if self.day is None else "both"
            raise InputError(
                f"a transfer of {self.asset} needs either its day, such as 3, or its date, such as 2026-12-01; got {came}."
            )
        if self.day is not None and not _number(self.day, f"day of a transfer of {self.asset}") >= 0:
            raise InputError(f"day of a transfer must be >= 0; got {self.day!r}.")
        if self.date is not None:
            object.__setattr__(self, "date", utc(self.date, "date of a transfer"))

    def after(self, as_of: pd.Timestamp) -> float:
        """Days from the time of some quotes to the transfer.

        Raises
        ------
        InputError
            If its date lies before them: what it moved is held where it went by now.
        """
        if self.date is None:
            return float(self.day or 0.0)
        if self.date < as_of:
            raise InputError(
                f"the transfer of {self.asset} on {self.date:%Y-%m-%d %H:%M} UTC lies before the quotes of "
                f"{as_of:%Y-%m-%d %H:%M} UTC; put what it moved where it is now, and remove it."
            )
        return days(as_of, self.date)


def called(name: str) -> str:
    """An account, or a purse of it, in a sentence.

    Examples
    --------
    >>> called("deribit"), called("account"), called("account: BTC")
    ('account deribit', 'the account', 'the account: BTC')
    """
    return f"the {name}" if name.partition(": ")[0] == ONLY else f"account {name}"


def check_accounts(
    named: Iterable[str], accounts: tuple[DeclaredAccount, ...], transfers: tuple[Transfer, ...], orders: str
) -> None:
    """Refuse names of accounts that are not declared, or declared twice.

    Raises
    ------
    InputError
    """
    names = [account.name for account in accounts]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"account {name} is declared twice.")
    told = ", ".join(names) or "none"
    # Some holdings taken out of a book keep their account's name where none is declared.
    for name in named if names else ():
        if name and name not in names:
            raise InputError(f"a holding is in account {name!r}, which is not declared; declared: {told}.")
    if orders and orders not in names:
        raise InputError(f"orders go to account {orders!r}, which is not declared; declared: {told}.")
    for transfer in transfers:
        for end in (transfer.source, transfer.target):
            if end and end != COLD and end not in names:
                raise InputError(
                    f"a transfer of {transfer.asset} names account {end!r}; declared: {told}, and {COLD!r} for what "
                    "lies in none."
                )


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise InputError(f"{name} must be a number; got {value!r}.")
    return float(value)
