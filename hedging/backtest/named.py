"""Strategies and rules by name and settings in text, as a command gives them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any

from hedging._ground import fields
from hedging._ground.forms import meant, share
from hedging.backtest.hedged import Planned, banded, pair, planned
from hedging.backtest.indices import bxm, cll, cllz, pput
from hedging.backtest.rules import Rules
from hedging.backtest.state import Strategy
from hedging.backtest.strategies import MAKERS, hold, rolled
from hedging.book import Book
from hedging.errors import InputError
from hedging.market.contracts import Option, Perpetual
from hedging.planner import Mandate
from hedging.planner.request.mandate import mandate_from_dict

__all__ = ["STRATEGIES", "named"]

ROLLED = {"days": "days", "roll": "roll", "profit": "profit", "roll_delta": "delta"}
INDICES: dict[str, Callable[..., Strategy]] = {"pput": pput, "cll": cll, "cllz": cllz, "bxm": bxm}
STRATEGIES = ("hold", *MAKERS, *INDICES, "banded", "planned")
WITH = "+"
DRAWN = {"shortfall", "value_at_risk", "level"}  # of outcomes, which `planned` does not draw
ALWAYS = ("longest_gap",)
OF_OPTIONS = ("delay", "price", "open_interest", "volume", "depth", "delivery")
OF_PERPETUALS = ("delay", "price", "half_spread", "funding")
RULES = (*OF_OPTIONS, "half_spread", "funding", "longest_gap", "liquidation_fee")  # fees are no text
WORDS = {"price", "delivery", "to", "expiries"}
SHARES = {"coverage", "profit", "half_spread", "funding", "open_interest", "volume", "liquidation_fee"}
WINDOWS = {"days": True, "target": False, "band": False}  # whether it must be one


def named(
    names: Iterable[str],
    settings: Mapping[str, str],
    *,
    book: Book | None = None,
    account: bool = True,
    mandate: Mandate | None = None,
) -> tuple[Rules, dict[str, Strategy]]:
    """Rules, and strategies by name.

    Parameters
    ----------
    names : iterable of str
        Among `STRATEGIES`; ``put+banded`` is the first of them on options with the perpetual beside it, a `pair`.
    settings : mapping of str to str
        Fields of `Rules`, and settings of the strategies: each goes to those that know it, and must be known to one.
    book : Book, optional
        What is held: rules of options or perpetuals have a use where it holds one.
    account : bool
        Whether there is a margin account, which may be liquidated.
    mandate : Mandate, optional
        What ``planned`` must reach and may use, such as the book's file says; settings replace it field by field.

    Raises
    ------
    InputError
        If a name is unknown, a setting changes nothing of these strategies, or a value is not of its kind.
    """
    names = list(dict.fromkeys(names))
    parts = list(dict.fromkeys(part for name in names for part in _parts(name)))
    if unknown := [part for part in parts if part not in STRATEGIES]:
        raise InputError(
            f"strategy must be one of {', '.join(STRATEGIES)}; got {', '.join(unknown)}{meant(unknown[0], STRATEGIES) or '.'}"
        )
    if not names:
        raise InputError(f"at least one strategy is needed: {', '.join(STRATEGIES)}.")
    rules = _rules_with_a_use(parts, book, account=account)
    own = set().union(*(_known(part) for part in parts))
    _check_known(settings, own, rules, parts)
    _check_meaning(settings, parts)
    made = {name: _together(name, settings, mandate or Mandate()) for name in names}
    ruled = {key: _value(key, text) for key, text in settings.items() if key in rules}
    return Rules(**ruled), made


def _parts(name: str) -> list[str]:
    """The strategies behind a name: one, or both of a pair."""
    return [part.strip() for part in name.split(WITH)]


def _check_meaning(settings: Mapping[str, str], names: Sequence[str]) -> None:
    """Refuse a setting that is one thing to the planner and another to a strategy beside it."""
    others = {key: [name for name in names if name != "planned" and key in _known(name)] for key in settings}
    for key, also in others.items():
        if "planned" in names and also and key in {**fields.TARGETS, **fields.LIMITS}:
            table = "targets" if key in fields.TARGETS else "limits"
            raise InputError(
                f"{key} means one thing to planned, another to {', '.join(also)}: write it under [{table}] of the book's "
                "file, or run them one by one."
            )


def _rules_with_a_use(names: Sequence[str], book: Book | None, *, account: bool) -> set[str]:
    """Rules that can change a run of these strategies."""
    held = () if book is None else tuple(each.instrument for each in book.holdings)
    found = set(ALWAYS) | ({"liquidation_fee"} if account else set())
    if any(name in MAKERS or name in INDICES or name == "planned" for name in names):
        found |= set(OF_OPTIONS)
    if "banded" in names or "planned" in names:
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
                "liquidation_fee has no use without an account that can be liquidated: --account, or one that the book declares."
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
    if name == "planned":
        return ({*fields.TARGETS, *fields.LIMITS} - DRAWN) | {"every"}
    if name in INDICES:
        return set(inspect.signature(INDICES[name]).parameters)
    made = set(inspect.signature(MAKERS[name]).parameters) - {"book", "chain", "tolerance"}
    return made | set(ROLLED)


def _together(name: str, settings: Mapping[str, str], mandate: Mandate) -> Strategy:
    """One strategy, or two as a pair: one of options, and the perpetual beside it."""
    parts = _parts(name)
    if len(parts) == 1:
        return _strategy(name, settings, mandate)
    first, *others = parts
    if others != ["banded"] or first in ("hold", "banded"):
        raise InputError(
            f"a pair is a strategy of options with the perpetual beside it, such as put{WITH}banded; got {name!r}."
        )
    options = Mandate(
        {}, {"outright": ()}
    )  # the perpetual is the other one's, unless the planner is given it
    return pair(
        _strategy(first, settings, mandate.over(options)), _strategy("banded", settings, mandate), name=name
    )


def _strategy(name: str, settings: Mapping[str, str], mandate: Mandate) -> Strategy:
    own = {key: text for key, text in settings.items() if key in _known(name)}
    if name == "planned":
        return _planned(own, mandate)
    mine = {key: _value(key, text) for key, text in own.items()}
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


def _planned(own: Mapping[str, str], mandate: Mandate) -> Planned:
    """The planner's overlay on what the book's file asks for, and the settings in its place."""
    tables = (("targets", fields.TARGETS), ("limits", fields.LIMITS))
    said = {table: {key: own[key] for key in own if key in forms} for table, forms in tables}
    asked = mandate_from_dict(said, source="settings").over(mandate)
    if not asked.aims:
        raise InputError(
            "planned needs a target: --set floor=-20%, --set delta=8:12 or another of those of a plan, or [targets] in "
            "the book's file."
        )
    every = _value("every", own["every"]) if "every" in own else None
    return planned(asked, every=every)


def _value(key: str, text: str) -> Any:
    """A setting as a word, a window, a truth or a number."""
    if key in WORDS:
        return text
    if key == "depth" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        if key == "coverage" or (text.endswith("%") and (key in SHARES or key.endswith("delta"))):
            return share(text)
        parts = [float(part) for part in text.split(":")]
    except InputError as error:
        raise InputError(f"{key} {error}.") from None
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
