"""What is held, what it is worth, and what it exposes to."""

from __future__ import annotations

from hedging.paths import today
from hedging.report.blocks import Column, Columns, Section, Table, Text, tabled
from hedging.report.subject import Subject
from hedging.report.words import NOTHING, amount, exact, stamp
from hedging.units import GREEK_UNITS

__all__ = ["SHOWN", "position", "unit_of"]

SHOWN = {name: name for name in ("delta", "gamma", "vega", "theta")} | {"delta_value": "delta in money"}


def position(subject: Subject) -> Section:
    """The section."""
    prices = ", ".join(f"{each.asset} at {amount(each.spot, 2)} {each.currency}" for each in subject.markets)
    value, name = subject.base
    said = (
        f"Quotes of {stamp(subject.as_of)}: {prices}. Shares below are of the {name}, {subject.amount(value)} "
        f"{subject.currency}; results are judged in {subject.currency}."
    )
    return Section("position", "Position", (Text(said), _holdings(subject), *_exposures(subject)))


def _holdings(subject: Subject) -> Table:
    """One row a holding, and the money."""
    titles: Columns = [
        Column("holding", False),
        "quantity",
        "units",
        f"entry [{subject.money}]",
        f"value [{subject.money}]",
    ]
    declared = bool(subject.book.accounts)
    rows = []
    for market in subject.markets:
        held = subject.book.of(market.asset)
        values = subject.book.values(market, today())[0, 0] if held else []
        for item, worth in zip(held, values, strict=True):
            entry = NOTHING if item.entry is None else amount(item.entry, 2)
            cells = (exact(item.quantity, 10), exact(item.units, 10), entry, amount(float(worth), 0))
            rows.append((item.instrument.symbol, *cells, *([item.account or "cold"] if declared else [])))
    if subject.book.cash or not rows:
        cells = (NOTHING, NOTHING, NOTHING, amount(subject.book.cash, 0))
        rows.append(("cash", *cells, *([NOTHING] if declared else [])))
    columns: Columns = [*titles, *([Column("account", False)] if declared else [])]
    return tabled("What is held, at today's values", columns, rows, most=60)


def _exposures(subject: Subject) -> list[Table]:
    """Greeks by asset, before and after the plan."""
    tables = []
    for market in subject.markets:
        books = {"position alone": subject.book}
        if subject.plan is not None:
            books["with the plan"] = subject.book + subject.legs
        found = [book.exposure(market) for book in books.values()]
        rows = [
            (
                text,
                *(exact(getattr(each, name)) for each in found),
                unit_of(name, market.asset, subject.money),
            )
            for name, text in SHOWN.items()
        ]
        columns: Columns = [Column("Greek", False), *books, Column("unit", False)]
        tables.append(tabled(f"{market.asset}: Greeks of today's quotes", columns, rows))
    return tables


def unit_of(greek: str, asset: str, money: str) -> str:
    """Unit of a position's Greek, in words."""
    if greek == "delta_value":
        return money
    return GREEK_UNITS[greek].position.replace("units of underlying", asset).replace("money", money)
