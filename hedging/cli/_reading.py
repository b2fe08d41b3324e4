"""What may be said of a quote file on the command line beside its name, as `hedging.read_chain` takes it."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from typing import Any

from hedging._ground import forms
from hedging._ground.nearest import meant
from hedging.errors import InputError

__all__ = ["add_given", "add_terms", "add_zone", "given", "terms_of"]


def _step(text: str) -> Any:
    """A step of prices, or one by price, ``0:0.05,3:0.1``."""
    if ":" not in text:
        return forms.positive(text)
    return tuple(_pair(part, text) for part in text.split(","))


def _pair(part: str, text: str) -> tuple[float, float]:
    price, _, step = part.partition(":")
    try:
        return forms.number(price), forms.positive(step)
    except InputError:
        raise InputError(
            f"must be a step, or PRICE:STEP with commas, as 0:0.05,3:0.1; got {text!r}"
        ) from None


def _fee(text: str) -> tuple[float, ...]:
    """A share of the underlying's price, and the most of the premium that it takes."""
    rule = "must be a share of the underlying's price, with the most of the premium as 0.0003:0.125"
    basis = re.fullmatch(r"([\d.]+)\s*bps?", text.strip().lower())
    if basis:
        raise InputError(f"{rule}; got {text!r}: write {float(basis[1]) / 1e4:.10g}")
    parts = text.split(":")
    try:
        shares = tuple(forms.share(part) for part in parts)
    except InputError:
        shares = ()
    if not 1 <= len(shares) <= 2 or min(shares) < 0.0:
        raise InputError(f"{rule}; got {text!r}")
    return shares


def _zone(text: str) -> str:
    """The name of a time zone."""
    import zoneinfo

    known = zoneinfo.available_timezones()
    if text in known:
        return text
    spelt = {name.lower(): name for name in known}
    city = sorted(name for name in known if name.lower().rpartition("/")[2] == text.strip().lower())
    near = spelt.get(text.strip().lower()) or next(iter(city), None)
    how = f": write {near}" if near else meant(text, known)
    raise InputError(f"must be a zone's name such as Europe/Rome or UTC; got {text!r}{how}")


_TERMS: dict[str, tuple[str, str, str, Callable[[str], Any]]] = {
    "settlement": (
        *("--settlement", "coin|cash", "what premium and payoff are paid in"),
        forms.one_of("coin", "cash"),
    ),
    "exercise": ("--exercise", "STYLE", "european or american", forms.one_of("european", "american")),
    "multiplier": ("--multiplier", "UNITS", "units of the underlying a contract", forms.positive),
    "lot": ("--lot", "CONTRACTS", "smallest order and its increment", forms.positive),
    "ticks": ("--tick", "STEP", "step of prices: 0.01, or by price 0:0.05,3:0.1", _step),
    "fee": (
        *("--fee", "RATE[:CAP]", "share of the underlying's price, at most of the premium: 0.0003:0.125"),
        _fee,
    ),
}


def add_zone(parser: argparse.ArgumentParser) -> None:
    """The zone of times that carry none."""
    parser.add_argument(
        "--timezone", type=_zone, metavar="ZONE", help="zone of times that carry none: Europe/Rome"
    )


def add_given(parser: argparse.ArgumentParser, *, several: bool = False) -> None:
    """Options for what a file does not say, or says otherwise than holds for you; `several` are read at once."""
    add_zone(parser)
    parser.add_argument("--map", metavar="FILE", help="how to read a table of no known format, in TOML")
    if several:
        parser.add_argument(
            "--step",
            dest="every",
            metavar="TIME",
            help="time between the chains of a file of single updates, or of rows stamped one by one: 1h",
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
        "--rate", dest="given_rate", type=forms.share, metavar="SHARE", help="continuous rate a year: 4.5%%"
    )
    underlying.add_argument("--dividends", metavar="FILE", help="CSV of ex-dates and amounts: date,amount")


def add_terms(parser: argparse.ArgumentParser) -> None:
    """Options for terms of the options, in place of the venue's."""
    terms = parser.add_argument_group("terms", "of the options, in place of the venue's")
    for name, (option, form, text, read) in _TERMS.items():
        terms.add_argument(option, dest=f"terms_{name}", type=read, metavar=form, help=text)


def terms_of(args: argparse.Namespace) -> dict[str, Any] | None:
    """The terms given, as `hedging.read_chain` takes them; None without any."""
    terms = {name: getattr(args, f"terms_{name}", None) for name in _TERMS}
    return {name: value for name, value in terms.items() if value is not None} or None


def given(args: argparse.Namespace) -> dict[str, Any]:
    """Arguments of `hedging.read_chain`, without those that were not given.

    Raises
    ------
    InputError
        If the file of dividends cannot be read.
    """
    dividends = getattr(args, "dividends", None)
    found = {
        "timezone": args.timezone,
        "map": getattr(args, "map", None),
        "beside": getattr(args, "beside", None),
        "every": getattr(args, "every", None),
        "terms": terms_of(args),
        "spot": getattr(args, "given_spot", None),
        "rate": getattr(args, "given_rate", None),
        "dividends": None if dividends is None else _dividends(dividends),
    }
    return {name: value for name, value in found.items() if value is not None}


def _dividends(file: str) -> Any:
    from hedging.venues.dividends import read_dividends

    return read_dividends(file)
