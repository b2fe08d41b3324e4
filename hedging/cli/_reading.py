"""What may be said of a quote file on the command line beside its name, as `hedging.read_chain` takes it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from hedging._ground import forms
from hedging.errors import InputError

__all__ = ["add_given", "add_terms", "given", "terms_of"]

_TERMS = {
    "settlement": ("--settlement", "coin|cash", "what premium and payoff are paid in"),
    "exercise": ("--exercise", "STYLE", "european or american"),
    "multiplier": ("--multiplier", "UNITS", "units of the underlying a contract"),
    "lot": ("--lot", "CONTRACTS", "smallest order and its increment"),
    "ticks": ("--tick", "STEP", "step of prices: 0.01, or by price 0:0.05,3:0.1"),
    "fee": ("--fee", "RATE[:CAP]", "share of the underlying's price, at most of the premium: 0.0003:0.125"),
}


def add_given(parser: argparse.ArgumentParser, *, several: bool = False) -> None:
    """Options for what a file does not say, or says otherwise than holds for you; `several` are read at once."""
    parser.add_argument("--timezone", metavar="ZONE", help="zone of times that carry none: Europe/Rome")
    parser.add_argument("--map", metavar="FILE", help="how to read a table of no known format, in TOML")
    if several:
        parser.add_argument(
            "--step",
            dest="every",
            metavar="TIME",
            help="time between the chains of a file of single updates: 1h",
        )
    else:
        parser.add_argument(
            "--beside", metavar="FILE", help="second file of the same quotes: OKX's opt-summary"
        )
    add_terms(parser)
    underlying = parser.add_argument_group("underlying of US options", "in place of what the quotes say")
    underlying.add_argument(
        "--spot", dest="given_spot", type=forms.positive, metavar="PRICE", help="price of one share"
    )
    underlying.add_argument(
        "--rate", dest="given_rate", metavar="SHARE", help="continuous rate a year: 4.5%%"
    )
    underlying.add_argument("--dividends", metavar="FILE", help="CSV of ex-dates and amounts: date,amount")


def add_terms(parser: argparse.ArgumentParser) -> None:
    """Options for terms of the options, in place of the venue's."""
    terms = parser.add_argument_group("terms", "of the options, in place of the venue's")
    for name, (option, form, text) in _TERMS.items():
        terms.add_argument(option, dest=f"terms_{name}", metavar=form, help=text)


def terms_of(args: argparse.Namespace) -> dict[str, Any] | None:
    """The terms given, as `hedging.read_chain` takes them; None without any.

    Raises
    ------
    InputError
        If one is no number, or no such step or fee.
    """
    texts = {name: getattr(args, f"terms_{name}", None) for name in _TERMS}
    return {name: _term(name, text) for name, text in texts.items() if text is not None} or None


def given(args: argparse.Namespace) -> dict[str, Any]:
    """Arguments of `hedging.read_chain`, without those that were not given.

    Raises
    ------
    InputError
        If one is no number, or no such step or fee.
    """
    rate = getattr(args, "given_rate", None)
    dividends = getattr(args, "dividends", None)
    found = {
        "timezone": args.timezone,
        "map": getattr(args, "map", None),
        "beside": getattr(args, "beside", None),
        "every": getattr(args, "every", None),
        "terms": terms_of(args),
        "spot": getattr(args, "given_spot", None),
        "rate": None if rate is None else _number("--rate", rate),
        "dividends": None if dividends is None else _dividends(dividends),
    }
    return {name: value for name, value in found.items() if value is not None}


def _dividends(file: str) -> Any:
    from hedging.venues.dividends import read_dividends

    return read_dividends(file)


def _term(name: str, text: str) -> Any:
    option = _TERMS[name][0]
    if name in ("settlement", "exercise"):
        return text
    if name == "fee":
        return _numbers(option, text, lambda parts: len(parts) <= 2)
    if name == "ticks":
        if ":" not in text:
            return _number(option, text)
        return tuple(_numbers(option, step, lambda parts: len(parts) == 2) for step in text.split(","))
    return _number(option, text)


def _numbers(option: str, text: str, fits: Callable[[list[str]], bool]) -> tuple[float, ...]:
    parts = text.split(":")
    if not fits(parts):
        raise InputError(f"{option} {text} must be numbers with one colon between, as 0.0003:0.125.")
    return tuple(_number(option, part) for part in parts)


def _number(option: str, text: str) -> float:
    try:
        value = float(text.removesuffix("%")) / (100.0 if text.endswith("%") else 1.0)
    except ValueError:
        raise InputError(f"{option} must be a number; got {text!r}.") from None
    if not abs(value) < float("inf"):
        raise InputError(f"{option} must be a finite number; got {text!r}.")
    return value
