"""A screen and a backtest that were run before, as their files tell them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hedging.errors import InputError
from hedging.report.blocks import Column, Section, Table, Text, tabled
from hedging.report.words import exact

__all__ = ["backtest", "check_given", "screen"]

# What a file must have to be one, and the command that writes it.
KINDS = {
    "backtest": (("table", "runs", "starts"), "hedging backtest ... --json FILE"),
    "screen": (("coins", "verdicts", "benchmark"), "hedging screen ... --json FILE"),
}
SCREENED = ("coin", "verdict")
COLUMNS = 7  # of a screen's dozens


def check_given(kind: str, content: object) -> Mapping[str, Any]:
    """A result as plain values, if it is one of that kind.

    Raises
    ------
    InputError
        If it is not.
    """
    needed, how = KINDS[kind]
    plain = content.to_dict() if hasattr(content, "to_dict") else content
    rows = needed[0]
    if (
        not isinstance(plain, Mapping)
        or any(name not in plain for name in needed)
        or not isinstance(plain[rows], Sequence)
        or not all(isinstance(row, Mapping) for row in plain[rows])
    ):
        raise InputError(f"{kind} must be what {how} writes, with {', '.join(needed)}; got something else.")
    return plain


def backtest(found: Mapping[str, Any]) -> Section:
    """The section of a backtest."""
    said = f"On {found.get('quotes', 'recorded')} quotes, each strategy begun on {found['starts']} days."
    table = _records("Strategies side by side; shares, and money a year", found["table"])
    return Section("backtest", "Backtest", (Text(said), table))


def screen(found: Mapping[str, Any]) -> Section:
    """The section of a screen."""
    said = (
        f"Against {found['benchmark']}, last bar {found.get('as_of', 'unknown')} ({found.get('source', 'no source')}). A "
        "screen describes; it forecasts nothing."
    )
    table = _records("Coins by verdict", sorted(found["coins"], key=_unclear), columns=COLUMNS)
    return Section("screen", "Screen", (Text(said), table))


def _unclear(row: Mapping[str, Any]) -> bool:
    """Coins with a verdict first."""
    return str(row.get("verdict")) == "unclear"


def _records(caption: str, records: Sequence[Mapping[str, Any]], columns: int = 12) -> Table:
    names = list(records[0])[:columns] if records else ["nothing"]
    numbers = [all(_is_number(row.get(name)) for row in records) for name in names]
    heads = [
        Column(name, number and place > 0)
        for place, (name, number) in enumerate(zip(names, numbers, strict=True))
    ]
    rows = [[_cell(row.get(name)) for name in names] for row in records]
    return tabled(caption, heads, rows)


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _cell(value: object) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return exact(float(value))
    return "–" if value is None else str(value)
