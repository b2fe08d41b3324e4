"""Strategies and rules by name and settings in text, as a command gives them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from typing import Any

from hedging._ground.forms import meant
from hedging.backtest.hedged import banded
from hedging.backtest.indices import bxm, cll, cllz, pput
from hedging.backtest.rules import Rules
from hedging.backtest.state import Strategy
from hedging.backtest.strategies import MAKERS, hold, rolled
from hedging.errors import InputError

__all__ = ["STRATEGIES", "named"]

ROLLED = {"days": "days", "roll": "roll", "profit": "profit", "roll_delta": "delta"}
INDICES: dict[str, Callable[..., Strategy]] = {"pput": pput, "cll": cll, "cllz": cllz, "bxm": bxm}
STRATEGIES = ("hold", *MAKERS, *INDICES, "banded")
RULES = {each.name for each in fields(Rules)} - {"fee", "delivery_fee", "linear_fee"}
WORDS = {"price", "delivery", "to"}


def named(names: Iterable[str], settings: Mapping[str, str]) -> tuple[Rules, dict[str, Strategy]]:
    """Rules, and strategies by name.

    Parameters
    ----------
    names : iterable of str
        Among `STRATEGIES`.
    settings : mapping of str to str
        Fields of `Rules`, and settings of the strategies: each goes to those that know it.

    Raises
    ------
    InputError
        If a name or a setting is unknown, or a value is not of its kind.
    """
    names = list(names)
    if unknown := [name for name in names if name not in STRATEGIES]:
        raise InputError(
            f"a strategy must be one of {', '.join(STRATEGIES)}; got {', '.join(unknown)}{meant(unknown[0], STRATEGIES) or '.'}"
        )
    if not names:
        raise InputError(f"at least one strategy is needed: {', '.join(STRATEGIES)}.")
    values = {key: _value(key, text) for key, text in settings.items()}
    rules = Rules(**{key: value for key, value in values.items() if key in RULES})
    own = {key: value for key, value in values.items() if key not in RULES}
    used: set[str] = set()
    found = {name: _strategy(name, own, used) for name in dict.fromkeys(names)}
    if lost := sorted(set(own) - used):
        known = sorted(RULES | set(ROLLED) | {key for name in names for key in _known(name)})
        raise InputError(f"no such setting: {', '.join(lost)}; there are {', '.join(known)}.")
    return rules, found


def _known(name: str) -> set[str]:
    """Settings of what is behind a name, beside those of every rolled overlay."""
    if name == "banded":
        return set(inspect.signature(banded).parameters) - {"name"}
    made = MAKERS.get(name)
    return set() if made is None else set(inspect.signature(made).parameters) - {"book", "chain", "days"}


def _strategy(name: str, own: Mapping[str, Any], used: set[str]) -> Strategy:
    if name == "hold":
        return hold
    if name in INDICES:
        return INDICES[name]("last-friday")  # the monthly expiries of what is recorded
    if name == "banded":
        if "target" not in own:
            raise InputError(
                "banded needs --set target=DELTA, in units of the underlying; band=UNITS widens it."
            )
        chosen = {key: value for key, value in own.items() if key in _known(name)}
        used |= set(chosen)
        return banded(**chosen, name=name)
    mine = {ROLLED[key]: value for key, value in own.items() if key in ROLLED}
    settings = {key: value for key, value in own.items() if key in _known(name)}
    used |= set(settings) | {key for key in own if key in ROLLED}
    return rolled(name, settings=settings, name=name, **mine)


def _value(key: str, text: str) -> Any:
    """A setting as a word, a window, a truth or a number."""
    if key in WORDS:
        return text
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        parts = [float(part) for part in text.split(":")]
    except ValueError:
        raise InputError(f"{key} must be a number, or a window such as 20:45; got {text!r}.") from None
    if (len(parts) == 2) != (key == "days"):
        raise InputError(
            f"{key} must be {'a window such as 20:45' if key == 'days' else 'one number'}; got {text!r}."
        )
    if len(parts) == 2:
        return parts[0], parts[1]
    return int(parts[0]) if key == "delay" and parts[0].is_integer() else parts[0]
