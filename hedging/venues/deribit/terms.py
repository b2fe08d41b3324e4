"""Deribit's fees, lots, ticks and multipliers as dated data, and as its own replies state them.

Source: the exchange's help pages (specifications of inverse options and of linear USDC options; fees and the
notice of the schedule that holds from 1 August 2026). Pass your own `ContractTerms` where your account differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, Literal, NamedTuple

import pandas as pd

from hedging._ground.forms import meant
from hedging.errors import ChainError, InputError
from hedging.market.chain import OptionChain
from hedging.market.contracts import ContractTerms, FeeRule, Ticks
from hedging.venues._terms import agreed, fields_of
from hedging.venues._times import held

__all__ = ["LinearTerms", "agreed_terms", "linear_terms", "option_terms", "terms_from_instrument"]


class _Product(NamedTuple):
    multiplier: float
    lot: float  # contracts
    ticks: Mapping[str, Ticks]  # from each date on


class LinearTerms(NamedTuple):
    """What it costs to trade the underlying itself: taker fee, lot, and a typical half spread."""

    fee: FeeRule
    lot: float  # units of underlying
    half_spread: float  # share of the price


_EVER: Final = "2016-01-01"
# The day of the finer tick is not published any more; no price of the recorded chains up to 28 February 2022
# is finer than 0.0005, and those of 2025 and 2026 are.
_FINER_TICKS: Final = "2023-01-01"
_NEW_FEES: Final = "2026-08-01"

_COIN_TICKS: Final = {_EVER: ((0.0, 0.0005),), _FINER_TICKS: ((0.0, 0.0001), (0.005, 0.0005))}
_PRODUCTS: Final = {
    "BTC": _Product(1, 0.1, _COIN_TICKS),
    "ETH": _Product(1, 1.0, _COIN_TICKS),
    "BTC_USDC": _Product(1, 0.01, {_EVER: ((0.0, 5.0), (1_000.0, 20.0))}),
    "ETH_USDC": _Product(1, 0.1, {_EVER: ((0.0, 0.2), (50.0, 1.0))}),
    "SOL_USDC": _Product(10, 1.0, {_EVER: ((0.0, 0.1),)}),
    "XRP_USDC": _Product(1_000, 1.0, {_EVER: ((0.0, 0.0005),)}),
    "AVAX_USDC": _Product(100, 1.0, {_EVER: ((0.0, 0.0005), (0.1, 0.002))}),
    "TRX_USDC": _Product(10_000, 1.0, {_EVER: ((0.0, 0.00005), (0.01, 0.0001))}),
}

# Largest share of the premium by tier, the standard one first; rates are the same in all.
_CAPS: Final = (0.125, 0.1042, 0.0833, 0.0729, 0.0625, 0.0417)
# Of the cheaper side of an option combo, bought legs against sold ones, all of the fee is waived.
_COMBO_WAIVER: Final = {_EVER: 0.0, "2022-08-18": 1.0}
# What a maker pays, where that is less than a taker does.
_USDC_OPTION_MAKER: Final = {_EVER: FeeRule(0.0001, 0.125), _NEW_FEES: FeeRule(0.0003, 0.125)}
_FUTURE_MAKER: Final = {_EVER: FeeRule(0.0), _NEW_FEES: FeeRule(0.00015)}
_SPOT_MAKER: Final = {_EVER: FeeRule(0.0), _NEW_FEES: FeeRule(0.0002)}

# What a taker pays of the index, at most 12.5 % of the premium.
_COIN_OPTION_FEE: Final = {_EVER: FeeRule(0.0003, 0.125)}
_USDC_OPTION_FEE: Final = {_EVER: FeeRule(0.0005, 0.125), _NEW_FEES: FeeRule(0.0003, 0.125)}
_FUTURE_FEE: Final = {_EVER: FeeRule(0.0005), _NEW_FEES: FeeRule(0.00035)}
_SPOT_FEE: Final = {_EVER: FeeRule(0.0), _NEW_FEES: FeeRule(0.0005)}

# The lot of BTC instruments is 10 USD or 0.0001 BTC: the same at 100,000. A half spread is half a tick of 0.5
# (perpetual) and of 2.5 (dated) at 100,000, rounded up to what is typically quoted; spot is a rule of thumb.
_LINEAR: Final = {
    "perpetual": (_FUTURE_FEE, 0.0001, 0.000005),
    "future": (_FUTURE_FEE, 0.0001, 0.000025),
    "spot": (_SPOT_FEE, 0.0001, 0.0001),
}


def option_terms(
    asset: str, as_of: str | pd.Timestamp, *, tier: int = 0, maker: bool = False
) -> ContractTerms:
    """Terms of Deribit's options on `asset` that held at `as_of`.

    Parameters
    ----------
    asset : str
        ``"BTC"``, ``"ETH"`` (settled in coin) or a pair such as ``"SOL_USDC"`` (settled in USDC).
    as_of : str or Timestamp
        When; with a time zone.
    tier : int
        Of the account: 0 is the standard one, 5 the highest; what a fee may take of the premium falls with it. From
        1 August 2026, before which there was one.
    maker : bool
        Whether orders rest in the book (post-only); by default they take.

    Returns
    -------
    ContractTerms

    Raises
    ------
    InputError
        If Deribit's terms for that asset are not known here, or there is no such tier.

    Examples
    --------
    >>> option_terms("SOL_USDC", "2026-09-20T00:00Z").multiplier
    10
    """
    product = _PRODUCTS.get(asset)
    if product is None:
        raise InputError(
            f"no terms are known for Deribit options on {asset!r}; known are {', '.join(_PRODUCTS)}. "
            "Pass terms=, or read them from the exchange's reply with terms_from_instrument."
        )
    if not (isinstance(tier, int) and 0 <= tier < len(_CAPS)):
        raise InputError(f"tier must be a whole number from 0 to {len(_CAPS) - 1}; got {tier!r}.")
    pair = asset.partition("_")[2]
    usdc = _USDC_OPTION_MAKER if maker else _USDC_OPTION_FEE
    fee = held(usdc if pair else _COIN_OPTION_FEE, as_of)  # in coin, maker and taker pay the same
    cap = held({_EVER: fee.cap, _NEW_FEES: _CAPS[tier]}, as_of)
    return ContractTerms(
        settlement="cash" if pair else "coin",
        currency=pair or "USD",
        multiplier=product.multiplier,
        lot=product.lot,
        ticks=held(product.ticks, as_of),
        fee=FeeRule(fee.rate, cap),
        venue="deribit",
        combo_waiver=held(_COMBO_WAIVER, as_of),
    )


def at_account_fees(chain: OptionChain, *, tier: int = 0, maker: bool = False) -> OptionChain:
    """The same quotes at the fees of an account's tier, for orders that take or rest.

    Parameters
    ----------
    chain : OptionChain
        Of Deribit.
    tier : int
        As for `option_terms`.
    maker : bool
        Whether orders rest in the book; what they cross is counted all the same.

    Returns
    -------
    OptionChain
        With a note where there were no tiers yet.

    Raises
    ------
    InputError
        If the chain is of another venue, or there is no such tier.
    """
    if chain.terms.venue != "deribit" or chain.venues:
        raise InputError(
            f"tiers and maker fees are known of Deribit alone; the chain is of {chain.terms.venue or 'no venue'}: give "
            "its fee itself, chain.with_terms(fee=FeeRule(0.0003, 0.125)) (--fee 0.0003:0.125)."
        )
    product = chain.asset if chain.terms.settlement == "coin" else f"{chain.asset}_{chain.terms.currency}"
    fees = [option_terms(product, chain.as_of, tier=each, maker=maker).fee for each in (tier, 0)]
    found = chain.with_terms(fee=fees[0])
    if tier and fees[0] == fees[1]:
        note = f"tier {tier} changes no fee: Deribit has tiers from {_NEW_FEES} on, and the quotes are of {chain.as_of:%Y-%m-%d}"
        found = replace(found, notes=(*found.notes, note))
    return found


def agreed_terms(
    asset: str, as_of: str | pd.Timestamp, given: ContractTerms | Mapping[str, Any] | None = None
) -> ContractTerms:
    """Terms of Deribit's options on `asset` with those given in their place, or completing what is not known here.

    Raises
    ------
    ChainError
        If the product is not known here and its size, lot or ticks are not given.
    """
    if isinstance(given, ContractTerms):
        return given
    if asset in _PRODUCTS:
        return agreed(given, fields_of(option_terms(asset, as_of)))
    pair = asset.partition("_")[2]
    known = {
        "settlement": "cash" if pair else "coin",
        "currency": pair or "USD",
        "fee": held(_USDC_OPTION_FEE if pair else _COIN_OPTION_FEE, as_of),
        "venue": "deribit",
        "combo_waiver": held(_COMBO_WAIVER, as_of),
    }
    who = f"Deribit options on {asset!r}; known are {', '.join(_PRODUCTS)}"
    return agreed(given, known, missing=("multiplier", "lot", "ticks"), who=who)


def linear_terms(
    kind: Literal["perpetual", "future", "spot"], as_of: str | pd.Timestamp, *, maker: bool = False
) -> LinearTerms:
    """Cost of trading the underlying itself on Deribit, as it held at `as_of`.

    Parameters
    ----------
    kind : {'perpetual', 'future', 'spot'}
        What is traded.
    as_of : str or Timestamp
        When; with a time zone.
    maker : bool
        Whether orders rest in the book (post-only), which crosses no spread; by default they take.

    Raises
    ------
    InputError
        If `kind` is none of the three.

    Examples
    --------
    >>> linear_terms("perpetual", "2026-09-01T00:00Z").fee.rate
    0.00035
    """
    if kind not in _LINEAR:
        raise InputError(
            f"kind must be one of {', '.join(_LINEAR)}; got {kind!r}{meant(str(kind), _LINEAR) or '.'}"
        )
    fees, lot, half_spread = _LINEAR[kind]
    if maker:
        makers = _SPOT_MAKER if kind == "spot" else _FUTURE_MAKER
        return LinearTerms(held(makers, as_of), lot, 0.0)
    return LinearTerms(held(fees, as_of), lot, half_spread)


def terms_from_instrument(entry: Mapping[str, Any], *, cap: float = 0.125) -> ContractTerms:
    """Terms of one option as a row of ``get_instruments`` states them.

    Parameters
    ----------
    entry : mapping
        One element of the reply's ``result``.
    cap : float
        Largest share of the premium a fee may take, which the reply does not state. [1]

    Raises
    ------
    ChainError
        If it is no option, or a field is missing.
    """
    try:
        if entry["kind"] != "option":
            raise ChainError(f"{entry['instrument_name']} is of kind {entry['kind']!r}, not an option.")
        coin = entry["instrument_type"] == "reversed"
        multiplier = float(entry["contract_size"])
        steps = ((float(step["above_price"]), float(step["tick_size"])) for step in entry["tick_size_steps"])
        return ContractTerms(
            settlement="coin" if coin else "cash",
            currency=str(entry["counter_currency" if coin else "quote_currency"]),
            multiplier=multiplier,
            lot=float(entry["min_trade_amount"]) / multiplier,  # amounts are coins, lots contracts
            ticks=((0.0, float(entry["tick_size"])), *sorted(steps)),
            fee=FeeRule(float(entry["taker_commission"]), cap),
            venue="deribit",
            combo_waiver=1.0,
        )
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        if isinstance(error, ChainError):
            raise
        raise ChainError(
            f"a row of get_instruments cannot be read: {error!r}; got {dict(entry)!r:.300}"
        ) from error
