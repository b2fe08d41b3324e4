"""`Mandate`: targets and limits as they are written, in a book's file or on the command line, before the quotes.

A budget in money is a share only of a book, and dates are days only from a chain: with both it resolves to the
`Target` and the `Limits` that a plan takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

import pandas as pd

from hedging._ground import fields
from hedging._ground.forms import Dates, Money, meant, written
from hedging._ground.hints import as_line, with_form
from hedging._ground.reading import in_line_order
from hedging._ground.shown import Shown
from hedging.book.book import Book
from hedging.book.files import content_of
from hedging.errors import InputError
from hedging.market.market import Chains, Market, markets_of
from hedging.planner.request.limits import Limits, Outright
from hedging.planner.request.target import Target
from hedging.planner.request.written_survive import survive_from
from hedging.units import days

__all__ = ["HORIZON", "Mandate", "days_of", "mandate_from_dict", "read_mandate"]

HORIZON: Final = 30.0  # days
_BY_DAY: Final = ("floor", "vega_by_days")
_NO_TARGET: Final = ("horizon",)
# How targets are measured; they say nothing that is to be reached.
_RULES: Final = (
    *("level", "delta_rule", "joint", "betas", "residual", "reference_days", "soft", "minimise", "robust"),
    *_NO_TARGET,
)
_NO_LIMIT: Final = ("survive", "account")


@dataclass(frozen=True, slots=True, repr=False)
class Mandate(Shown):
    """What a plan must reach and what it may use, as written.

    Attributes
    ----------
    targets, limits : mapping of str to object
        Fields of `Target` and `Limits` by name, with ``horizon`` [days] among the targets, and ``survive`` and
        ``account`` among the limits. Money and dates are not shares and days yet.

    Examples
    --------
    >>> import hedging as hg
    >>> told = mandate_from_dict({"targets": {"delta": "8:12"}, "limits": {"budget": "35000 USD"}})
    >>> target, limits = told.resolve(hg.samples.book(), hg.samples.chain())
    >>> target.delta, limits.budget
    ((8.0, 12.0), 0.02)
    """

    targets: Mapping[str, Any] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)

    def over(self, other: Mandate) -> Mandate:
        """Both, this one's values where both have one."""
        return Mandate({**other.targets, **self.targets}, {**other.limits, **self.limits})

    @property
    def horizon(self) -> float:
        """Days that the floor holds for."""
        return float(self.targets.get("horizon", HORIZON))

    @property
    def aims(self) -> bool:
        """Whether there is anything to reach: a target, or something other than the cost to minimise."""
        return bool({*self.targets} - {*_RULES}) or self.targets.get("minimise", "cost") != "cost"

    @property
    def _frees_margin(self) -> bool:
        return bool(self.targets.get("minimise") == "margin")

    def accounts(self, book: Book) -> Book:
        """The book, its accounts by the rules that are named where their margin is minimised."""
        model = self.limits.get("account")
        return book.with_model(model) if model and self._frees_margin else book

    def resolve(self, book: Book, chain: Chains) -> tuple[Target, Limits]:
        """The target and the limits of a book at the time and prices of a chain.

        Raises
        ------
        InputError
            If money is in another currency, dates lie before the quotes, or a value breaks its rule.
        """
        markets = tuple(markets_of(chain).values())
        share = _shares_of(book, markets)
        target = {name: share(name, value) for name, value in self.targets.items() if name not in _NO_TARGET}
        limits = {name: share(name, value) for name, value in self.limits.items() if name not in _NO_LIMIT}
        if isinstance(limits.get("expiries"), Dates):
            limits["expiries"] = days_of(limits["expiries"], markets[0].as_of)
        if "outright" in limits:
            limits["outright"] = tuple(map(Outright, limits["outright"]))
        account = (
            None if self._frees_margin and not self.limits.get("survive") else self.limits.get("account")
        )
        survive = survive_from(self.limits.get("survive"), markets, account)
        return Target(**target), Limits(**limits, survive=survive)


def read_mandate(path: str | Path) -> Mandate:
    """Read the ``[targets]`` and ``[limits]`` of a book's file; empty where it has none.

    Raises
    ------
    InputError
        If the file cannot be read, or a key or a value breaks its rule; it names every one.
    """
    content, lines = content_of(path)
    return mandate_from_dict(content, source=str(path), lines=lines)


def mandate_from_dict(
    content: Mapping[str, Any],
    *,
    source: str = "book",
    lines: Mapping[tuple[str | int, ...], int] | None = None,
) -> Mandate:
    """The mandate in the content of a book's file; values are text as on the command line, or plain TOML.

    Parameters
    ----------
    content : mapping
        As TOML gives it.
    source : str
        Names the file in messages.
    lines : mapping of tuple to int, optional
        Line of each key.

    Raises
    ------
    InputError
        As for `read_mandate`.
    """
    wrong: list[str] = []
    parts = [
        _read(content.get(table, {}), table, forms, wrong, lines or {})
        for table, forms in (("targets", fields.TARGETS), ("limits", fields.LIMITS))
    ]
    if wrong:
        raise InputError(f"{source}: {' | '.join(in_line_order(wrong))}.".replace("?.", "?"))
    return Mandate(*parts)


def _read(
    told: Any, table: str, forms: fields.Forms, wrong: list[str], lines: Mapping[tuple[str | int, ...], int]
) -> dict[str, Any]:
    """The fields of one table; what is wrong is added to the list."""
    found: dict[str, Any] = {}
    if not isinstance(told, Mapping):
        wrong.append(f"{table} must be a table [{table}]; got {told!r}")
        return found
    for key, value in told.items():
        name = key.replace("-", "_")
        where = f"line {lines[table, key]}: " if (table, key) in lines else ""
        if name not in forms:
            wrong.append(
                f"{where}{table}.{key}: {_misplaced(name, table) or f'no such key{meant(name, forms)}'}"
            )
            continue
        if name in found:
            wrong.append(f"{where}{table}.{key}: given twice, as {name} too")
            continue
        text = written(value, ":" if name == "floor" else "=")
        try:
            found[name] = forms[name](text)
        except InputError as error:
            wrong.append(f"{where}{table}.{key} {as_line(key, with_form(str(error), text, forms[name]))}")
    return found


def _misplaced(name: str, table: str) -> str:
    """Where a key of the other table belongs; empty where it is of neither."""
    other = "limits" if table == "targets" else "targets"
    known = fields.LIMITS if other == "limits" else fields.TARGETS
    return f"it belongs in [{other}]: move the line there" if name in known else ""


def _shares_of(book: Book, markets: tuple[Market, ...]) -> Callable[[str, Any], Any]:
    """What makes shares of the book out of money, also by day."""

    def share(name: str, value: Any) -> Any:
        if isinstance(value, Mapping) and name in _BY_DAY:
            return {key: share(name, part) for key, part in value.items()}
        if not isinstance(value, Money):
            return value
        worth = {market.asset: market.spot for market in markets} | {"USD": 1.0}
        worth |= {market.currency: 1.0 for market in markets}
        if value.currency not in worth:
            raise InputError(
                f"{name} of {value} is in none of {', '.join(sorted(worth))}, in which the book is priced"
                f"{meant(value.currency, worth)}"
            )
        base, _ = book.base(*markets)
        return value.amount * worth[value.currency] / base

    return share


def days_of(dates: Dates, as_of: pd.Timestamp) -> tuple[float, float | None]:
    """A window of days from the quotes, both UTC days included."""
    first = 0.0 if dates.first is None else max(0.0, days(as_of, _midnight(dates.first)))
    last = None if dates.last is None else days(as_of, _midnight(dates.last)) + 1.0
    if last is not None and last <= 0.0:
        raise InputError(f"expiries {dates} lie before the quotes of {as_of:%Y-%m-%d %H:%M} UTC.")
    return first, last


def _midnight(day: date) -> pd.Timestamp:
    return pd.Timestamp(day, tz="UTC")
