"""Book files: TOML in, a checked `Book` out, with every mistake named at once, where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

from hedging._ground.arguments import takes
from hedging._ground.reading import foreign, in_line_order, read_text
from hedging._ground.toml import parse_toml, toml_lines
from hedging.book._broken import checked, way_out
from hedging.book._written import BookFile
from hedging.book.book import Book
from hedging.errors import InputError

__all__ = ["BookFile", "book_from_dict", "content_of", "read_book", "template"]

Lines: TypeAlias = Mapping[tuple[str | int, ...], int]
_WAY_OUT: Final = "hedging book new FILE writes one to begin with"


@takes(path=(str, Path))
def read_book(path: str | Path) -> Book:
    """Read a book from a TOML file.

    Parameters
    ----------
    path : path
        Keys: ``cash`` [money], ``numeraire`` (the currency, or an asset for its coin), and one
        ``[[holdings]]`` table per holding with ``asset``, ``kind`` (spot, perpetual, future, option, or put and
        call), ``quantity`` (signed; a short perpetual is negative) and ``entry`` (price paid, in money; also
        ``entry_price``); futures and options add ``expiry`` (a date means 08:00 UTC), options ``flag`` (unless
        their kind says it) and ``strike``, and ``settlement`` (coin or cash), ``multiplier``, ``lot`` and
        ``exercise`` (european or american) where they are not Deribit's, and ``venue`` where a contract is another at
        each; of American options, and of those of venue ``cboe``, a date is the close in New York. ``contract = "BTC-27MAR26-60000-P"`` says all of that by a name. Upper and lower case are
        one.

        Where margin matters, one ``[accounts.NAME]`` table per account with ``model`` (standard, portfolio,
        cross-standard, cross-portfolio, flat, reg-t), and as needed ``cash`` [money], ``stablecoins`` by name,
        ``haircuts`` by asset and ``parameters`` of the rules; each holding in it says ``account = "NAME"``, one
        that does not is held outside of all accounts, as is the ``cash`` at the top. ``orders`` names the account
        that orders are traded in, if there are several. One ``[[transfers]]`` table per movement of collateral
        has ``asset``, ``quantity`` > 0, ``from`` and ``to`` (an account, "cold", or left out for outside of the
        book) and ``day`` (after the quotes) or ``date``.

        ``[targets]`` and ``[limits]`` are the planner's; see `hedging.planner.read_mandate`.

    Returns
    -------
    Book

    Raises
    ------
    InputError
        If the file is missing, no TOML, or breaks a rule; the message names every line and key that does.
    """
    content, lines = content_of(path)
    if not content:
        raise InputError(
            f"book file {path} is empty: it needs a [[holdings]] table for each holding; {_WAY_OUT}."
        )
    return book_from_dict(content, source=str(path), lines=lines)


def content_of(path: str | Path) -> tuple[dict[str, Any], Lines]:
    """Values of a book's file, and the line of each.

    Raises
    ------
    InputError
        If the file cannot be read or is no TOML.
    """
    text = read_text(path, what="book file")
    try:
        return parse_toml(text, f"book file {path}", way_out), toml_lines(text)
    except InputError as error:
        raise InputError(f"{str(error).removesuffix('.')}; {_WAY_OUT}.") from error


def book_from_dict(content: dict[str, Any], *, source: str = "book", lines: Lines | None = None) -> Book:
    """Check the content of a book file and build the book; `source` names it in messages.

    Parameters
    ----------
    content : dict
        As TOML gives it.
    source : str
    lines : mapping of tuple to int, optional
        Line of each key of the file, as `hedging._ground.toml.toml_lines` finds them.

    Raises
    ------
    InputError
        If a rule is broken; the message names every key that does.

    Examples
    --------
    >>> held = {"asset": "BTC", "kind": "spot", "quantity": 25, "entry": 88_000}
    >>> book_from_dict({"holdings": [held]}).holdings[0].units
    25.0
    """
    parsed, broken = checked(content)
    if parsed is None or broken:
        wrong = [f"{_where(place, lines or {})}{said}".removesuffix(".") for place, said in broken]
        raise InputError(f"{source}: {' | '.join(in_line_order(wrong))}.".replace("?.", "?"))
    with foreign(source):
        return parsed.book()


def _where(loc: tuple[str | int, ...], lines: Lines) -> str:
    """The line, and the table that a key stands in."""
    line = next((lines[loc[:size]] for size in range(len(loc), 0, -1) if loc[:size] in lines), None)
    told = [f"line {line}"] if line else []
    if loc[0] in ("holdings", "transfers") and len(loc) > 1 and isinstance(loc[1], int):
        told.append(f"{str(loc[0])[:-1]} {loc[1] + 1}")
    elif loc[0] == "accounts" and len(loc) > 1:
        told.append(".".join(map(str, loc[: max(2, len(loc) - 1)])))
    return f"{', '.join(told)}: " if told else ""


def template() -> str:
    """A book's file to begin with: every kind of holding, accounts, targets and limits, each with a comment.

    Examples
    --------
    >>> template().splitlines()[0]
    '# A book for hedging: what is held, what a plan must reach, and what it may use.'
    """
    return Path(__file__).with_name("template.toml").read_text(encoding="utf-8")
