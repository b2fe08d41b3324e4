"""Strategies and rules by name and settings in text, as a command gives them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any

from hedging._ground.forms import meant
from hedging.backtest.hedged import banded
from hedging.backtest.indices import bxm, cll, cllz, pput
from hedging.backtest.rules import Rules
from hedging.backtest.state import Strategy
from hedging.backtest.strategies import MAKERS, hold, rolled
from hedging.book import Book
from hedging.errors import InputError
from hedging.market.contracts import Option, Perpetual

__all__ = ["STRATEGIES", "named"]

ROLLED = {"days": "days", "roll": "roll", "profit": "profit", "roll_delta": "delta"}
INDICES: dict[str, Callable[..., Strategy]] = {"pput": pput, "cll": cll, "cllz": cllz, "bxm": bxm}
STRATEGIES = ("hold", *MAKERS, *INDICES, "banded")
ALWAYS = ("longest_gap",)
OF_OPTIONS = ("delay", "price", "open_interest", "volume", "depth", "delivery")
OF_PERPETUALS = ("delay", "price", "half_spread", "funding")
RULES = (*OF_OPTIONS, "half_spread", "funding", "longest_gap", "liquidation_fee")  # fees are no text
WORDS = {"price", "delivery", "to", "expiries"}
WINDOWS = {"days": True, "target": False, "band": False}  # whether it must be one


def named(
    names: Iterable[str], settings: Mapping[str, str], *, book: Book | None = None, account: bool = True
) -> tuple[Rules, dict[str, Strategy]]:
    """Rules, and strategies by name.

    Parameters
    ----------
    names : iterable of str
        Among `STRATEGIES`.
    settings : mapping of str to str
        Fields of `Rules`, and settings of the strategies: each goes to those that know it, and must be known to one.
    book : Book, optional
        What is held: rules of options or perpetuals have a use where it holds one.
    account : bool
        Whether there is a margin account, which may be liquidated.

    Raises
    ------
    InputError
        If a name is unknown, a setting changes nothing of these strategies, or a value is not of its kind.
    """
    names = list(dict.fromkeys(names))
    if unknown := [name for name in names if name not in STRATEGIES]:
        raise InputError(
            f"a strategy must be one of {', '.join(STRATEGIES)}; got {', '.join(unknown)}{meant(unknown[0], STRATEGIES) or '.'}"
        )
    if not names:
        raise InputError(f"at least one strategy is needed: {', '.join(STRATEGIES)}.")
    rules = _rules_with_a_use(names, book, account=account)
    own = set().union(*(_known(name) for name in names))
    _check_known(settings, own, rules, names)
    values = {key: _value(key, text) for key, text in settings.items()}
    chosen = {key: value for key, value in values.items() if key in own}
    made = {name: _strategy(name, chosen) for name in names}
    return Rules(**{key: value for key, value in values.items() if key in rules}), made


def _rules_with_a_use(names: Sequence[str], book: Book | None, *, account: bool) -> set[str]:
    """Rules that can change a run of these strategies."""
    held = () if book is None else tuple(each.instrument for each in book.holdings)
    found = set(ALWAYS) | ({"liquidation_fee"} if account else set())
    if any(name in MAKERS or name in INDICES for name in names):
        found |= set(OF_OPTIONS)
    if "banded" in names:
        found |= set(OF_PERPETUALS)
    if any(isinstance(item, Option) for item in held):
        found.add("delivery")
    if any(isinstance(item, Perpetual) for item in held):
        found.add("funding")
    return found


def _check_known(settings: Mapping[str, str], own: Set[str], rules: Set[str], names: Sequence[str]) -> None:
    """Refuse a setting that would change nothing."""
    known = ", ".join(sorted(own | rules))
    for key in settings:
        if key in own | rules:
            continue
        elsewhere = [name for name in STRATEGIES if key in _known(name)]
        if key == "liquidation_fee":
            raise InputError(
                "liquidation_fee has no use without an account that can be liquidated: --account."
            )
        if key in RULES or elsewhere:
            what = (
                f"a setting of {', '.join(elsewhere)}"
                if elsewhere
                else "a rule of what is not traded or held"
            )
            raise InputError(
                f"{key} has no use: it is {what}, not of {', '.join(names)}; settings with a use are {known}."
            )
        near = meant(key, own | rules)
        raise InputError(f"no such setting: {key}{f'{near} There' if near else '; there'} are {known}.")


def _known(name: str) -> set[str]:
    """Settings of what is behind a name."""
    if name == "hold":
        return set()
    if name == "banded":
        return set(inspect.signature(banded).parameters) - {"name"}
    if name in INDICES:
        return set(inspect.signature(INDICES[name]).parameters)
    made = set(inspect.signature(MAKERS[name]).parameters) - {"book", "chain", "tolerance"}
    return made | set(ROLLED)


def _strategy(name: str, chosen: Mapping[str, Any]) -> Strategy:
    mine = {key: value for key, value in chosen.items() if key in _known(name)}
    if name == "hold":
        return hold
    if name in INDICES:
        # By default the monthly expiries of what is recorded.
        return INDICES[name](**{"expiries": "last-friday"} | mine)
    if name == "banded":
        if "target" not in mine:
            raise InputError(
                "banded needs --set target=DELTA, in units of the underlying; band=UNITS widens it."
            )
        return banded(**mine, name=name)
    rolling = {ROLLED[key]: value for key, value in mine.items() if key in ROLLED}
    settings = {key: value for key, value in mine.items() if key not in ROLLED}
    return rolled(name, settings=settings, name=name, **rolling)


def _value(key: str, text: str) -> Any:
    """A setting as a word, a window, a truth or a number."""
    if key in WORDS:
        return text
    if key == "depth" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        parts = [float(part) for part in text.split(":")]
    except ValueError:
        raise InputError(
            f"{key} must be a number{', or a window such as 20:45' if key in WINDOWS else ''}; got {text!r}."
        ) from None
    if len(parts) > 2 or (len(parts) == 2 and key not in WINDOWS) or (len(parts) == 1 and WINDOWS.get(key)):
        raise InputError(
            f"{key} must be {'a window such as 20:45' if key in WINDOWS else 'one number'}; got {text!r}."
        )
    if len(parts) == 2:
        return parts[0], parts[1]
    return int(parts[0]) if key == "delay" and parts[0].is_integer() else parts[0]
