"""How shares and money are written: 2%, -15%, 20000USD."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from hedging._ground.bounds import LARGEST
from hedging._ground.numbers import TIMES, is_number, number
from hedging._ground.spellings import decimal_point, tidy
from hedging.errors import InputError

__all__ = ["Money", "loss", "share", "spend", "velocity"]

_MONEY: Final = re.compile(
    r"(?P<amount>[+-]?[\d_,]*\.?\d+(?:[eE][+-]?\d+)?)\s*(?P<currency>[A-Za-z][A-Za-z0-9_]*)"
)
_NO_CURRENCY: Final = (
    "percent",
    "pct",
    "d",
    "day",
    "days",
    "week",
    "weeks",
    "month",
    "months",
    "year",
    "years",
)
_LARGEST: Final = 10.0  # as a share: nobody means 1000 %


class Money(NamedTuple):
    """An amount in a currency or a coin; who knows the book makes a share of it."""

    amount: float
    currency: str

    def __str__(self) -> str:
        return f"{self.amount:,.10g} {self.currency}"


def share(text: str) -> float:
    """A share written as ``2%`` or ``0.02``."""
    rule = f"must be a share like 2% or 0.02; got {text!r}"
    try:
        value = float(text[:-1]) / 100.0 if text.endswith("%") else float(text)
    except ValueError:
        raise InputError(rule) from None
    # A bare 2 is 200 % to one reader and 2 % to the next.
    if not abs(value) <= (_LARGEST if text.endswith("%") else 1.0):  # also NaN
        near = f": write {text}% for {text} per cent" if 1.0 < abs(value) <= 100.0 else ""
        if text.endswith("%"):
            near = f": {100.0 * _LARGEST:g}% is the most"
        raise InputError(rule + near)
    return value


def velocity(text: str) -> float:
    """A move a day with its sign, ``-2%`` or ``+2%``: of a bare ``2%`` who plans for a fall means the other one."""
    value = share(text)
    if abs(value) > 1.0:
        raise InputError(f"must be a move of log-price a day from -100% to +100%, such as -2%; got {text!r}")
    if value > 0.0 and not text.startswith("+"):
        raise InputError(f"must have its sign; got {text!r}: write -{text} for a fall, +{text} for a rise")
    return value


def loss(text: str) -> float | Money:
    """A loss at most, <= 0: a share like ``-15%``, or money like ``-20000USD``."""
    value = _share_or_money(text, "-15%", "-20000USD")
    if (value.amount if isinstance(value, Money) else value) > 0:
        raise InputError(
            f"must be a loss, a share like -15%; got {text!r}: write -{_joined(text).lstrip('+')}"
        )
    if not isinstance(value, Money) and value < -1.0:
        raise InputError(f"must be a loss of all at most, a share from -100% to 0%; got {text!r}")
    return value


def spend(text: str) -> float | Money:
    """What may be spent, >= 0: a share of the book like ``2%``, or money like ``20000USD``."""
    value = _share_or_money(text, "2%", "20000USD")
    if (value.amount if isinstance(value, Money) else value) < 0:
        raise InputError(
            f"must be a share >= 0 like 2%, or money; got {text!r}: write {_joined(text).lstrip('-')}"
        )
    return value


def _joined(text: str) -> str:
    return re.sub(r"[\s,_]", "", text)


def _share_or_money(text: str, as_share: str, as_money: str) -> float | Money:
    match = _MONEY.fullmatch(text.strip())
    if match and not (is_number(text) or match["currency"].lower() in _NO_CURRENCY):  # nor the e of 1e9
        return Money(_amount(match, text), match["currency"].upper())
    try:
        return share(text)
    except InputError:
        amount = decimal_point(tidy(text).strip("$")).replace("_", "").replace(",", "")
        how = f"must be a share like {as_share} or {float(as_share[:-1]) / 100:g}, or money with its currency like {as_money}"
        near = ""
        if amount.endswith("%") and is_number(amount[:-1]):
            near = f": write {amount}"
        elif is_number(amount) and abs(float(amount)) <= LARGEST:
            amount = f"{float(amount):.15g}"
            amount = as_share[: as_share.index(as_share.lstrip("-"))] + amount.lstrip("+-")
            percent = f"{amount}% for a share, " if abs(float(amount)) <= 100 else ""
            near = f": write {percent}{amount}USD for money"
        raise InputError(f"{how}; got {text!r}{near}") from None


def _amount(match: re.Match[str], text: str) -> float:
    """The amount of money; what is thousands to one reader and a fraction to the next is refused."""
    told, currency = match["amount"].replace("_", ""), match["currency"]
    rule = "must be money with its currency, such as 20000USD"
    if times := re.fullmatch(r"(k|tsd|m|mn|mio|b|bn)([A-Z]{3,4})?", currency, re.IGNORECASE):
        plain = float(told.replace(",", "")) * TIMES[times[1].lower()]
        raise InputError(f"{rule}; got {text!r}: write {plain:.15g}{(times[2] or 'USD').upper()}")
    if re.fullmatch(r"[+-]?[1-9]\d{0,2}\.\d{3}", told):
        fraction = f"{float(told):g}" if told.endswith("0") else f"{told}0"
        both = f"{told.replace('.', '')}{currency} or {fraction}{currency}"
        raise InputError(f"{rule}; got {text!r}, which may be thousands or a fraction: write {both}")
    if "," in told and not re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", told):
        raise InputError(f"{rule}; got {text!r}: write {told.replace(',', '.')}{currency}")
    return number(told.replace(",", ""))
