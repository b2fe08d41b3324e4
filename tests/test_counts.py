"""One thing is not said to be several, wherever the library counts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import hedging
from hedging._ground.counts import number_of, twelve_digits
from hedging._writing import for_spreadsheets

HOUSE = Path(hedging.__file__).parent
COUNTS = re.compile(
    r"(\blen\(.*\)|\.size|\.sum\(\)|\.count|np\.count_nonzero\(.*\))$"
)  # what is no constant, and whole
PLURAL = re.compile(
    r" (?!(?:of|in|and|or|has|is|was|does|this|across|less|unless|as|plus|minus)\b)(?:[a-z]+ )?[a-z]+s\b"
)


@pytest.mark.parametrize(
    ("count", "noun", "words"),
    [
        (0, "holding", "0 holdings"),
        (1, "holding", "1 holding"),
        (np.int64(1), "scenario", "1 scenario"),
        (1.0, "day", "1 day"),
        (-1, "day", "-1 day"),
        (1.5, "day", "1.5 days"),
        (2_000, "scenario", "2,000 scenarios"),
        (10_000_000.0, "unit", "1e+07 units"),
        (2, "expiry", "2 expiries"),
        (2, "past day", "2 past days"),
        (2, "loss", "2 losses"),
        (2, "branch", "2 branches"),
        (2, "close", "2 closes"),
    ],
)
def test_a_noun_is_singular_where_its_count_is_shown_as_one(count: float, noun: str, words: str) -> None:
    assert number_of(count, noun) == words


def test_what_is_shown_decides() -> None:
    assert number_of(1.04, "day", ".0f") == "1 day"
    assert number_of(1.04, "day", ".1f") == "1.0 days"
    assert number_of(1, "point", "+.0f") == "+1 point"


def slips(source: str) -> Iterator[tuple[int, str]]:
    """Counts before a plural that is written out, as in ``f"{len(legs)} legs"``."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            for value, after in zip(node.values, node.values[1:], strict=False):
                if isinstance(value, ast.FormattedValue) and isinstance(after, ast.Constant):
                    counted = ast.unparse(value.value)
                    if COUNTS.search(counted) and PLURAL.match(str(after.value)):
                        yield value.lineno, f"{counted}{after.value}"


def test_the_search_finds_what_it_looks_for() -> None:
    assert [line for line, _ in slips('f"{len(a)} legs"\nf"{a.size:,} past days"\nf"{len(a)} of us"')] == [
        1,
        2,
    ]


def test_no_sentence_puts_a_count_before_a_plural_of_its_own() -> None:
    found = [
        f"{path.relative_to(HOUSE)}:{line}: {words}"
        for path in sorted(HOUSE.rglob("*.py"))
        for line, words in slips(path.read_text(encoding="utf-8"))
    ]
    assert not found, found


@pytest.mark.parametrize("lot", [0.001, 0.01, 0.1, 1.0, 10.0, 100.0])
def test_a_quantity_of_whole_lots_has_no_more_digits_than_its_lot(lot: float) -> None:
    digits = max(0, -round(np.log10(lot)))
    for lots in (1, 3, 7, 33, 333, 70_001, 1_234_567, 99_999_999):
        summed = float(np.full(min(lots, 10_000), lot).sum()) * (lots / min(lots, 10_000))
        for dusty in (lots * lot, summed, lots * lot * (1 + 6e-15)):
            assert repr(twelve_digits(dusty)) == repr(float(f"{lots * lot:.{digits}f}"))


def test_a_table_for_spreadsheets_carries_no_dust() -> None:
    table = pd.DataFrame(
        {"quantity": [700.0000000000045, -0.30000000000000004], "mixed": ["BTC", 134.39999999999998]}
    )
    assert for_spreadsheets(table).to_csv(index=False) == "quantity,mixed\n700.0,BTC\n-0.3,134.4\n"
    assert np.isnan(for_spreadsheets(pd.DataFrame({"gap": [np.nan]}))["gap"].iloc[0])
    assert for_spreadsheets(pd.DataFrame({"n": [2**60]}))["n"].iloc[0] == 2**60
