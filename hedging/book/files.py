"""Book files: TOML in, a checked `Book` out, with every mistake named at once, where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

from pydantic import ValidationError

from hedging._ground.arguments import takes
from hedging._ground.forms import meant
from hedging._ground.reading import foreign, in_line_order, parse_toml, read_text, rule_broken, toml_lines
from hedging.book._written import KINDS, BookFile, plain_holding
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
        return parse_toml(text, f"book file {path}"), toml_lines(text)
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
        Line of each key of the file, as `hedging._ground.reading.toml_lines` finds them.

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
    wrong: list[str] = []
    lines = lines or {}
    plain = dict(content)
    held = content.get("holdings")
    if isinstance(held, list):
        plain["holdings"] = [_plain(told, place, wrong, lines) for place, told in enumerate(held)]
    try:
        parsed = BookFile.model_validate(plain)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        wrong += [_in_words(problem, plain, lines) for problem in problems if not _told(problem, plain)]
    if wrong:
        raise InputError(
            f"{source}: {' | '.join(each.removesuffix('.') for each in in_line_order(wrong))}.".replace(
                "?.", "?"
            )
        )
    with foreign(source):
        return parsed.book()


_BROKEN = object()  # a holding that was found wrong before the rules see it


def _plain(told: Any, place: int, wrong: list[str], lines: Lines) -> Any:
    try:
        return plain_holding(told)
    except InputError as error:
        wrong.append(f"{_where(('holdings', place), lines)}{error}")
        return _BROKEN


def _told(problem: Any, content: Mapping[str, Any]) -> bool:
    """Whether a broken rule is of a holding that was named already."""
    loc = problem["loc"]
    return len(loc) > 1 and loc[0] == "holdings" and content["holdings"][loc[1]] is _BROKEN


def _in_words(problem: Any, content: Mapping[str, Any], lines: Lines) -> str:
    """One broken rule: where, the rule, what came, and the nearest right word."""
    loc = _without_kind(problem["loc"])
    *above, key = loc
    place, kind = tuple(above), problem["type"]
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        came = problem["input"].get("kind") if isinstance(problem["input"], dict) else None
        got = f"; got {came!r}{meant(str(came), KINDS)}" if came is not None else ""
        if kind == "union_tag_not_found":
            given = problem["input"] if isinstance(problem["input"], dict) else {}
            near = meant("kind", given).replace("did you mean", "is it")
            return f"{_where(loc, lines)}kind is missing; it must be {_or(KINDS)}, or give contract{near}"
        return f"{_where((*loc, 'kind'), lines)}kind must be {_or(KINDS)}{got}"
    if kind == "extra_forbidden":
        known = _keys(place, content)
        twice = "entry" in known and key in ("entry", "entry_price") and _is_twice(place, content)
        rule = "given twice under two names (entry, entry_price)" if twice else "no such key"
        return f"{_where(loc, lines)}{key}: {rule}{'' if twice else meant(str(key), known) or _among(known)}"
    if key == "entry_price" and kind == "missing":
        key = "entry"
    if key in ("holdings", "transfers") and kind == "list_type":
        return (
            f"{_where(loc, lines)}each of the {key} is a table of its own: write [[{key}]], in two brackets"
        )
    if isinstance(key, int):  # a table that is none
        return f"{_where(loc, lines)}{rule_broken(problem)}"
    return f"{_where(loc, lines)}{key} {rule_broken(problem)}{_form(str(key), kind)}"


_FORMS = {
    "quantity": "quantity = 25",
    "entry": "entry = 88_000",
    "entry_price": "entry = 88_000, the price paid",
    "strike": "strike = 60_000",
    "expiry": "expiry = 2026-03-27",
    "asset": 'asset = "BTC"',
    "flag": 'flag = "p", or kind = "put"',
    "holdings": 'a table [[holdings]] with asset = "BTC", kind = "spot", quantity = 25',
    "model": 'model = "standard"',
}


def _form(key: str, kind: str) -> str:
    return f": write {_FORMS[key]}" if kind == "missing" and key in _FORMS else ""


def _is_twice(place: tuple[str | int, ...], content: Any) -> bool:
    for part in place:
        content = content[part]
    return "entry" in content and "entry_price" in content


def _keys(place: tuple[str | int, ...], content: Any) -> list[str]:
    """The keys that a table may have."""
    if not place:
        return list(BookFile.model_fields)
    schema = BookFile.model_json_schema()["$defs"]
    if place[0] == "holdings":
        kind = content["holdings"][place[1]].get("kind", "spot")
        names = [*schema[f"_Held{str(kind).title()}"]["properties"]]
        return [{"entry_price": "entry"}.get(name, name) for name in names]
    return [*schema[{"accounts": "_Account", "transfers": "_Transfer"}[str(place[0])]]["properties"]]


def _among(known: list[str]) -> str:
    return f"; there are {', '.join(known)}"


def _or(words: tuple[str, ...]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"


def _without_kind(loc: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """A place in the file: pydantic puts the kind of a holding into it."""
    return (*loc[:2], *loc[3:]) if loc[0] == "holdings" and len(loc) > 2 else tuple(loc)


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
