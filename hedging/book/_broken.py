"""The rules that a book's file breaks: the place of each, what is said of it, and how the line is written instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from copy import deepcopy
from typing import Any, Final, TypeAlias

from pydantic import ValidationError

from hedging._ground import fields
from hedging._ground.forms import meant, share, written
from hedging._ground.hints import as_line, takes, with_form
from hedging._ground.numbers import as_number, number
from hedging._ground.reading import rule_broken
from hedging._ground.spellings import form_meant, literal
from hedging._ground.toml import parse_toml, toml_lines, toml_value, with_line
from hedging.book._written import KINDS, BookFile, plain_holding
from hedging.errors import InputError
from hedging.market.contracts import expiry_of, instrument_of

__all__ = ["DAYS", "NUMBERS", "Place", "checked", "way_out"]

Place: TypeAlias = tuple[str | int, ...]
NUMBERS: Final = frozenset({"cash", "quantity", "entry", "entry_price", "strike", "multiplier", "lot", "day"})
DAYS: Final = frozenset({"expiry", "date"})
_SHARES: Final = ("haircuts", "parameters")
_MONEY: Final = ("USD", "US$", "$", "DOLLARS", "DOLLAR")
_DAY_RULE: Final = "must be a day, or a time with its zone in quotes"
_COINS: Final = ("COINS", "COIN", "SHARES", "SHARE")
_TABLES: Final = {
    **{each: f"[[{each}]]" for each in ("holdings", "transfers")},
    **{each: f"[{each}]" for each in ("targets", "limits")},
    "accounts": "[accounts.NAME]",
}
_SIDES: Final = ("long", "short", "buy", "sell", "bought", "sold")
_NO_NUMBER: Final = ("float_type", "float_parsing")
_FORMS: Final = {
    "cash": "cash = 10_000",
    "quantity": "quantity = 25",
    "entry": "entry = 88_000",
    "entry_price": "entry = 88_000, the price paid",
    "strike": "strike = 60_000",
    "expiry": "expiry = 2026-03-27",
    "date": "date = 2026-03-27",
    "day": "day = 3",
    "asset": 'asset = "BTC"',
    "flag": 'flag = "p", or kind = "put"',
    "holdings": 'a table [[holdings]] with asset = "BTC", kind = "spot", quantity = 25',
    "model": 'model = "standard"',
}


def checked(content: Mapping[str, Any]) -> tuple[BookFile | None, list[tuple[Place, str]]]:
    """A content in its form, and every rule that it breaks: the place, and the rule, what came and the way out."""
    wrong: list[tuple[Place, str]] = []
    plain, held = dict(content), content.get("holdings")
    if isinstance(held, list):
        plain["holdings"] = [_spelled(told, place, wrong) for place, told in enumerate(held)]
    try:
        return BookFile.model_validate(plain), wrong
    except ValidationError as error:
        problems = error.errors(include_url=False)
    told_of = {at for at, _ in wrong}
    places = [_without_kind(problem["loc"]) for problem in problems]
    wrong += [
        _said(place, problem, plain)
        for place, problem in zip(places, problems, strict=True)
        if place[:2] not in told_of
    ]
    return None, wrong


def _spelled(told: Any, place: int, wrong: list[tuple[Place, str]]) -> Any:
    try:
        return plain_holding(told)
    except InputError as error:
        wrong.append((("holdings", place), str(error)))
        return told


def _said(place: Place, problem: Any, content: Mapping[str, Any]) -> tuple[Place, str]:
    """One broken rule: where, the rule, what came, and the nearest right word."""
    key, kind = str(place[-1]), problem["type"]
    given = problem["input"] if isinstance(problem["input"], dict) else {}
    if kind == "union_tag_not_found":
        near = meant("kind", given).replace("did you mean", "is it")
        return place, f"kind is missing; it must be {_or(KINDS)}, or give contract{near}"
    if kind == "union_tag_invalid":
        came = given.get("kind")
        side = str(came).lower() in _SIDES
        near = "; the sign of quantity says which side" if side else meant(str(came), KINDS)
        got = f"; got {came!r}{near}" if came is not None else ""
        return (*place, "kind"), f"kind must be {_or(KINDS)}{got}"
    if kind == "extra_forbidden":
        known = _keys(place[:-1], content)
        if "entry" in known and key in ("entry", "entry_price") and _is_twice(place[:-1], content):
            return place, f"{key}: given twice under two names (entry, entry_price)"
        where = _belongs(key, place, problem["input"]) or meant(key, known) or _among(known)
        return place, f"{key}: no such key{where}"
    if key in ("holdings", "transfers") and kind == "list_type":
        return place, f"each of the {key} is a table of its own: write [[{key}]], in two brackets"
    if place[0] == "accounts" and len(place) <= 2 and kind in ("model_type", "dict_type", "mapping_type"):
        return place, "each account is a table with its name: write [accounts.NAME]"
    if isinstance(place[-1], int):  # a table that is none
        return place, rule_broken(problem)
    key = "entry" if key == "entry_price" and kind == "missing" else key
    rule = rule_broken(problem)
    if key == "quantity" and kind == "greater_than_equal":
        rule += ": what is held short is a perpetual, a future or an option"
    if kind == "missing":
        return place, f"{key} {rule}{f': write {_FORMS[key]}' if key in _FORMS else ''}"
    if kind in _NO_NUMBER or key in DAYS:
        came = problem["input"]
        near = as_written(place, str(came), content) if isinstance(came, str | int) else ""
        if key in DAYS and "Write it as" not in rule:
            rule = f"{_DAY_RULE}; got {came!r:.80}"
        if near:
            rule = f"{rule.partition('. Write it as ')[0]}{near}"
        elif key in _FORMS and "Write it as" not in rule:
            rule += f": such as {_FORMS[key]}"
    return place, f"{key} {rule}"


def as_written(place: Place, came: str, content: Mapping[str, Any]) -> str:
    """How the line of a text that its key does not take is written; empty where nobody knows, or it breaks a rule too."""
    key = str(place[-1])
    if not (read := _reader(place, came)):
        return ""
    found = (
        came if takes(read, came) else form_meant(came, read, units=_units(place, content), days=key == "day")
    )
    forms = (
        [found] if found else as_number(came).removeprefix(": write ").split(" or ") if read is number else []
    )
    told = [_told(read(form), form) for form in forms if form]
    kept = " or ".join(each for each in told if _keeps(place, toml_value(each), content))
    return f": write {key} = {kept}" if kept else ""


def _told(value: Any, form: str) -> str:
    """A value as TOML has it: a number, a day, or text in quotes."""
    if isinstance(value, float):
        return literal(f"{value:.15g}")
    return form if re.fullmatch(r"\d{4}-\d{2}-\d{2}", form) else f'"{form}"'


def way_out(text: str, line: int, key: str, value: str) -> str:
    """How a line of a book's file is written that is none of TOML, or the rule of its key where that is broken too."""
    place, content = _begun(text, line, key)
    if place[0] in ("targets", "limits"):
        return _of_form(key, value)
    if value.startswith("{"):
        return f": write {key} = {value}" if _keeps(place, toml_value(value), content) else ""
    if told := as_written(place, value, content):
        return told
    quoted = value.strip("\"'")
    parsed, wrong = checked(_with(content, place, quoted))
    about = (said for at, said in wrong if at == place or (at == place[:2] and said.startswith(key)))
    broken = next(about, "") or (_unbooked(parsed) if parsed is not None and not wrong else "")
    return f": {broken}" if broken else f': write {key} = "{quoted}"'


def _unbooked(parsed: BookFile) -> str:
    """What forbids a book of a content whose every key is right; empty where nothing does."""
    try:
        parsed.book()
    except InputError as error:
        return str(error).removesuffix(".")
    return ""


def _reader(place: Place, came: str) -> Callable[[str], Any] | None:
    """What reads the text of a key as its line has it; None of a key that takes text."""
    key = place[-1]
    if key in DAYS:
        return expiry_of
    if key == "contract":
        return _named
    shares = len(place) > 2 and place[2] in _SHARES
    if not (key in NUMBERS or shares or (len(place) > 2 and place[2] == "stablecoins")):
        return None
    return (share if shares else None) if "%" in came else number


def _named(text: str) -> Any:
    """A contract of a name with its parts: of a bare word nobody knows more than the asset."""
    if "-" not in text:
        raise InputError("a contract's name has parts")
    return instrument_of(text)


def _units(place: Place, content: Mapping[str, Any]) -> tuple[str, ...]:
    """What a number is in anyhow."""
    key = place[-1]
    if key in ("cash", "entry", "entry_price", "strike"):
        return _MONEY
    if len(place) > 2 and place[2] == "stablecoins":
        return (str(key),)
    if key != "quantity":
        return ()
    told = _at(content, place[:-1])
    return (*_COINS, str(told["asset"]).upper()) if isinstance(told, dict) and "asset" in told else _COINS


def _begun(text: str, line: int, key: str) -> tuple[Place, dict[str, Any]]:
    """The place of a line, and the content of the file around it as far as it can be read."""
    stand_in = f"{key} = 0"
    places = toml_lines(with_line(text, line, stand_in))
    place = next((at for at, number in places.items() if number == line), (key,))
    for last in (False, True):
        with suppress(InputError):
            return place, parse_toml(with_line(text, line, stand_in, last=last), "")
    return place, {}


def _of_form(key: str, value: str) -> str:
    """How a target or a limit is written, which the command line has a reader for."""
    read = {**fields.TARGETS, **fields.LIMITS}.get(key.replace("-", "_"))
    if value.startswith("{"):
        told = written(toml_value(value), ":" if key == "floor" else "=")
        return f": write {key} = {value}" if read and takes(read, told) else ""
    try:
        if read is not None:
            read(value)
    except InputError as error:
        return f": {key} {as_line(key, with_form(str(error), value, read or str))}"
    return f": write {key} = {literal(value)}"


def _keeps(place: Place, value: Any, content: Mapping[str, Any]) -> bool:
    """Whether a value keeps the rules of its place."""
    _, wrong = checked(_with(content, place, value))
    return not any(at[: len(place)] == place for at, _ in wrong)


def _with(content: Mapping[str, Any], place: Place, value: Any) -> dict[str, Any]:
    """A content with another value at a place."""
    changed = deepcopy(dict(content))
    table = _at(changed, place[:-1])
    if isinstance(table, dict):
        table[place[-1]] = value
    return changed


def _at(content: Any, place: Place) -> Any:
    """The table at a place; None where there is none."""
    for part in place:
        try:
            content = content[part]
        except (KeyError, IndexError, TypeError):
            return None
    return content


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


def _belongs(key: str, place: Place, came: Any) -> str:
    """Where a key goes that another table has: in TOML a line belongs to the header above it."""
    field = key.replace("-", "_")
    for table, forms in (("targets", fields.TARGETS), ("limits", fields.LIMITS)):
        if field in forms and not (field == "account" and isinstance(came, dict)):
            return f" here; it belongs in [{table}]: move the line there"
    if len(place) == 1:
        return (
            " here; it belongs below a [[holdings]]: write that above it"
            if key in (*_FORMS, "kind", "contract")
            else ""
        )
    if key in ("cash", "numeraire", "orders"):
        return " here; it belongs to the top of the file: move the line above the first [table]"
    return f" here; it is a table of its own: write {_TABLES[key]}" if key in _TABLES else ""


def _among(known: list[str]) -> str:
    return f"; there are {', '.join(known)}"


def _or(words: tuple[str, ...]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"


def _without_kind(loc: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """A place in the file: pydantic puts the kind of a holding into it."""
    return (*loc[:2], *loc[3:]) if loc[0] == "holdings" and len(loc) > 2 else tuple(loc)
