"""Rules of a declared account: the stored numbers of its model, asset by asset, with what the account overrides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any, Final, TypeVar

from hedging.book.accounts import DeclaredAccount
from hedging.errors import InputError
from hedging.margin.cross import AccountRules, Cross, CrossPortfolio, Securities, Segregated
from hedging.margin.portfolio import DERIBIT_BTC_2024, DERIBIT_ETH_2026, PortfolioMargin
from hedging.margin.reg_t import RegT
from hedging.margin.standard import (
    DERIBIT_BTC,
    DERIBIT_BTC_USDC,
    DERIBIT_ETH,
    DERIBIT_ETH_USDC,
    FlatMargin,
    StandardMargin,
)

__all__ = ["rules_of"]

Rule = TypeVar("Rule", StandardMargin, PortfolioMargin, FlatMargin, RegT)

STANDARD: Final = {
    "coin": {"BTC": DERIBIT_BTC, "ETH": DERIBIT_ETH},
    "cash": {"BTC": DERIBIT_BTC_USDC, "ETH": DERIBIT_ETH_USDC},
}
PORTFOLIO: Final = {"BTC": DERIBIT_BTC_2024, "ETH": DERIBIT_ETH_2026}


def rules_of(declared: DeclaredAccount, assets: Iterable[str]) -> AccountRules:
    """Rules of a declared account.

    Parameters
    ----------
    declared : DeclaredAccount
        Its model: ``standard`` and ``portfolio`` are Deribit's segregated ones, a purse a currency;
        ``cross-standard`` and ``cross-portfolio`` hold all collateral after its haircuts against all
        positions; ``flat`` asks a share of every position, of the same collateral; ``reg-t`` is a US securities
        account.
    assets : iterable of str
        What may be traded in it.

    Returns
    -------
    AccountRules

    Raises
    ------
    InputError
        If a parameter is none of the model's, or one is missing.
    """
    numbers = dict(declared.parameters)
    if declared.model == "flat":
        model = {settled: _flat(declared, numbers, settled) for settled in ("coin", "cash")}
        every = {settled: dict.fromkeys(assets, rule) for settled, rule in model.items()}
        return Cross(every["coin"], every["cash"], declared.haircuts)
    if declared.model == "reg-t":
        return Securities(_changed(RegT(), numbers, declared))
    if declared.model.endswith("portfolio"):
        tables = {asset: _changed(rule, numbers, declared) for asset, rule in PORTFOLIO.items()}
        crossed = declared.model.startswith("cross")
        return CrossPortfolio(tables, declared.haircuts) if crossed else Segregated(tables, {})
    coin, cash = (
        {asset: _changed(rule, numbers, declared) for asset, rule in STANDARD[s].items()} for s in STANDARD
    )
    return (
        Cross(coin, cash, declared.haircuts) if declared.model.startswith("cross") else Segregated(coin, cash)
    )


def _flat(declared: DeclaredAccount, numbers: Mapping[str, float], settled: Any) -> FlatMargin:
    missing = {"initial", "maintenance"} - set(numbers)
    if missing:
        raise InputError(
            f"account {declared.name} has model flat: set parameters.{' and parameters.'.join(sorted(missing))}, the "
            "share of each position that it asks."
        )
    return _changed(FlatMargin(0.0, 0.0, settled), numbers, declared)


def _changed(rule: Rule, numbers: Mapping[str, float], declared: DeclaredAccount) -> Rule:
    """Rules with some numbers of their own."""
    known = {field.name for field in fields(rule)} - {"collateral", "haircuts", "as_of", "source"}
    for name in numbers:
        if name not in known:
            raise InputError(
                f"parameters.{name} of account {declared.name} is no number of model {declared.model}; "
                f"known: {', '.join(sorted(known))}."
            )
    changes: dict[str, Any] = dict(numbers)
    return replace(rule, **changes)
