"""What of a book's file no plan would take, though each key alone is right: found without quotes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hedging._ground.nearest import meant
from hedging._ground.reading import in_line_order
from hedging.book.accounts import COLD
from hedging.book.book import Book
from hedging.book.doubts import overdrawn
from hedging.book.files import content_of
from hedging.errors import InputError
from hedging.margin.rules import rules_of
from hedging.planner.request.limit import BANDS
from hedging.planner.request.mandate import Mandate

__all__ = ["misfits"]


def misfits(path: str, book: Book, mandate: Mandate) -> list[str]:
    """Bands of assets not held, parameters that are none of their account's model, transfers of what lies nowhere.

    Parameters
    ----------
    path : str
        The file that both were read from.
    book : Book
    mandate : Mandate

    Returns
    -------
    list of str
        Each with its line, in their order; empty where all fits.
    """
    _, lines = content_of(path)
    found = [*_unheld(book, mandate), *_unruly(book), *_overdrawn(book)]
    return in_line_order(f"{_line(lines, place)}{said}" for place, said in found)


def _unheld(book: Book, mandate: Mandate) -> Iterator[tuple[tuple[str, ...], str]]:
    for name in (*BANDS, "betas"):
        told: Any = mandate.targets.get(name)
        for asset in told if isinstance(told, Mapping) else ():
            if asset not in book.assets:
                held = ", ".join(book.assets)
                said = f"targets.{name} has {asset}, and the book holds {held}{meant(asset, book.assets)}"
                yield ("targets", name), said


def _unruly(book: Book) -> Iterator[tuple[tuple[str, ...], str]]:
    for account in book.accounts:
        try:
            rules_of(account, book.assets)
        except InputError as error:
            yield ("accounts", account.name, "parameters"), str(error).removesuffix(".")


def _overdrawn(book: Book) -> Iterator[tuple[tuple[str, ...], str]]:
    if missing := overdrawn(book, COLD):
        yield ("transfers",), f"transfers move {missing}"


def _line(lines: Mapping[tuple[str | int, ...], int], place: tuple[str, ...]) -> str:
    line = next((lines[place[:size]] for size in range(len(place), 1, -1) if place[:size] in lines), None)
    return f"line {line}: " if line else ""
