"""What a message on a book's file says to write is taken when it is written there, of every key and many spellings."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from hedging._ground import fields
from hedging._ground.hints import with_form
from hedging._ground.toml import parse_toml
from hedging.book._broken import DAYS, NUMBERS, way_out
from hedging.book._written import BookFile
from hedging.book.files import book_from_dict
from hedging.errors import InputError
from hedging.planner.request.mandate import mandate_from_dict
from hedging.planner.request.misfits import _unheld

SPELLINGS = [
    *("1k", "25 BTC", "88 000", "15%", "$88000", "1,000.5", "25.0BTC", "1e4 USD", "88'000", "1.000,5", "−5"),
    *(".5", "007", "+25", "0,5", "88k USD", "500 EUR", "about 25", "twenty", "25;", "(25)", "30 days", "2w"),
    *("24.04.2026", "2026-4-24", "24/04/26", "Apr 24 2026", "24 April 2026", "04/24/2026", "20260424"),
    *("2026-04-24 08:00 UTC", "2026-02-30", "tomorrow", "04/05/2026", "24APR26"),
    *("BTC", "Put", "spot (coins)", "Standard", "none", "True", "BTC 27MAR26 60000 P"),
    *("8-12", "8 to 12", "[8, 12]", ">= 8", "at most 12", "10 +/- 2", "8:12 BTC", "12:8", "1k:2k", "{8,12}"),
    *("15 percent", "-20k", "-20,000 USD", "minus 15%", "7d: -8%", "-15,5%", "{ 7 = -8% }"),
    *("20d:100d", "2026-03-01 to 2026-06-01", "1.3.2026:1.6.2026", "7+", "[perpetual, future]"),
]
ACCOUNT = '[accounts.deribit]\nmodel = "standard"\n'
HELD = {"asset": '"BTC"', "kind": '"put"', "quantity": "5", "expiry": "2026-12-25", "strike": "60_000"}
MOVED = {"asset": '"BTC"', "quantity": "1", "from": '"cold"', "to": '"deribit"'}


def table(name: str, **keys: str) -> str:
    return f"{name}\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())


def with_top(key: str, value: str) -> str:
    return f"{key} = {value}\n{table('[[holdings]]', **HELD)}{ACCOUNT}"


def with_held(key: str, value: str) -> str:
    return table("[[holdings]]", **HELD | {key: value}) + ACCOUNT


def with_account(key: str, value: str) -> str:
    return table("[[holdings]]", **HELD) + ACCOUNT.replace("deribit]", f"deribit]\n{key} = {value}")


def with_moved(key: str, value: str) -> str:
    return (
        table("[[holdings]]", **HELD)
        + ACCOUNT
        + table("[[transfers]]", **MOVED | {"day" if key != "date" else key: "3"} | {key: value})
    )


def with_aim(name: str) -> Callable[[str, str], str]:
    return lambda key, value: table("[[holdings]]", **HELD) + table(f"[{name}]", **{key: value})


KEYS: list[tuple[str, Callable[[str, str], str]]] = [
    *((key, with_top) for key in ("cash", "numeraire", "orders")),
    *((key, with_held) for key in (*HELD, "entry", "settlement", "multiplier", "lot", "exercise", "account")),
    *((key, with_account) for key in ("cash", "stablecoins.USDC", "haircuts.USDC", "parameters.maintenance")),
    *((key, with_moved) for key in (*MOVED, "day", "date")),
    *((key, with_aim("targets")) for key in {read: key for key, read in fields.TARGETS.items()}.values()),
    *((key, with_aim("limits")) for key in {read: key for key, read in fields.LIMITS.items()}.values()),
]


def said_of(text: str) -> str:
    """What the readers of a book's file say against a text; empty where they say nothing."""
    try:
        content = parse_toml(text, "book", way_out)
        book = book_from_dict(content)
        mandate = mandate_from_dict(content)
    except InputError as error:
        return str(error)
    return " | ".join(said for _, said in _unheld(book, mandate))


def forms_in(said: str) -> list[str]:
    """The values that the first message says to write."""
    first = said.split(" | ")[0].split("; hedging book new")[0].rstrip(".")
    found = re.search(r": write [\w.]+ = (.*)$", first)
    if found is None or "TOLERANCE" in first or " in place of " in first:  # of another key
        return []
    return [re.split(r" for |, with ", form)[0] for form in re.split(r" or |, (?=\S+ for )", found[1])]


@pytest.mark.parametrize(("key", "put"), KEYS, ids=[key for key, _ in KEYS])
def test_what_a_message_says_to_write_is_taken(key: str, put: Callable[[str, str], str]) -> None:
    for spelling in SPELLINGS:
        for value in (spelling, f'"{spelling}"'):
            said = said_of(put(key, value))
            for form in forms_in(said):
                assert not said_of(put(key, form)), (value, said)


def test_numbers_and_days_of_a_book_are_what_its_form_says() -> None:
    schema = BookFile.model_json_schema()
    tables = [schema, *schema["$defs"].values()]
    every = {key: told for each in tables for key, told in each["properties"].items()}
    numbers = {key for key, told in every.items() if "'number'" in str(told)}
    assert numbers - {"stablecoins", "haircuts", "parameters"} == NUMBERS - {
        "entry"
    }  # entry_price by another name
    assert set(every) >= DAYS


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("cash = 1k", "write cash = 1_000"),
        ("cash = $88000", "write cash = 88_000"),
        ("cash = 1.000,5", "write cash = 1000.5"),
        ('cash = "1e4 USD"', "write cash = 10_000"),
        ("cash = 1,500", "write cash = 1_500 or 1.5"),
        ("cash: 5", "write cash = 5"),
        ("cash == 5", "write cash = 5"),
        ("- cash: 5", "write cash = 5"),
        ("// cash", "write # cash, or leave the line out"),
        ("numeraire: USD", 'write numeraire = "USD"'),
        ("[[holdings]", "write [[holdings]]"),
        ("[targets", "write [targets]"),
    ],
)
def test_a_line_is_hinted_as_it_was_meant(line: str, hint: str) -> None:
    said = said_of(f"{line}\n{table('[[holdings]]', **HELD)}")
    assert hint in said


def test_what_may_be_two_things_is_not_guessed() -> None:
    for key, value in (("expiry", "04/05/2026"), ("quantity", '"25 ETH"'), ("entry", "500 EUR")):
        assert ": write" not in said_of(with_held(key, value))


# Their values are words, whose nearest right one is told instead.
UNHINTED = frozenset(
    "vega_by_days joint betas soft minimise robust outright close account".split()  # noqa: SIM905
)


@pytest.mark.parametrize("key", [*fields.TARGETS, *fields.LIMITS])
def test_what_an_option_says_to_write_is_taken(key: str) -> None:
    read = {**fields.TARGETS, **fields.LIMITS}[key]
    told, refused = 0, []
    for spelling in SPELLINGS:
        try:
            read(spelling)
        except InputError as error:
            _, found, forms = with_form(str(error), spelling, read).partition(": write ")
            for form in re.split(r" or |, (?=\S+ for )", forms) if found else []:
                typed = form.partition(" for ")[0].replace("TOLERANCE", "1")
                told += 1
                try:
                    read(typed)
                except InputError as again:
                    refused.append((spelling, typed, str(again)))
    assert refused == []
    assert told or key in UNHINTED


def test_tables_of_other_files_are_hinted_by_their_form() -> None:
    with pytest.raises(InputError, match=r"write near = 0\.5"):
        parse_toml("near = .5\n", "rules.toml")
