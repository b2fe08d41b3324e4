"""Targets and limits as they are written, against what a book and its quotes make of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from hedging import Book, Holding, samples
from hedging.errors import InputError
from hedging.planner import Mandate, mandate_from_dict, read_mandate

CHAIN = samples.chain()
BOOK = Book([Holding.spot("BTC", 25, entry=88_000)])
WORTH = 25 * CHAIN.spot


@pytest.mark.parametrize(
    ("told", "field", "value"),
    [
        ("8:12", "delta", (8.0, 12.0)),
        ([8, 12], "delta", (8.0, 12.0)),
        ("10+-2", "delta", (8.0, 12.0)),
        ({"btc": "8:12"}, "delta", {"BTC": (8.0, 12.0)}),
        ("-15%", "floor", -0.15),
        (-0.15, "floor", -0.15),
        ({"7": "-8%", "30": -0.15}, "floor", {7.0: -0.08, 30.0: -0.15}),
        ("0:30=-500:500", "vega_by_days", {(0.0, 30.0): (-500.0, 500.0)}),
        (True, "robust", True),
    ],
)
def test_a_target_is_read_from_text_and_from_plain_values(told: Any, field: str, value: Any) -> None:
    target, _ = mandate_from_dict({"targets": {field: told}}).resolve(BOOK, CHAIN)
    assert getattr(target, field) == value


@pytest.mark.parametrize(
    ("told", "field", "value"),
    [
        ("2%", "budget", 0.02),
        (f"{WORTH / 50:.4f}USD", "budget", 0.02),
        (f"{WORTH / 50:.4f} usd", "budget", 0.02),
        ("0.5 BTC", "budget", 0.02),
        ("0.5btc", "cost", 0.02),
        (4, "max_legs", 4),
        ("20:100", "expiries", (20.0, 100.0)),
        ("70%:130%", "moneyness", (0.7, 1.3)),
        ([0.7, 1.3], "moneyness", (0.7, 1.3)),
        ("5%:60%", "deltas", (0.05, 0.6)),
        (False, "close", False),
    ],
)
def test_a_limit_is_read_and_money_becomes_a_share_of_the_book(told: Any, field: str, value: Any) -> None:
    _, limits = mandate_from_dict({"limits": {field: told}}).resolve(BOOK, CHAIN)
    assert getattr(limits, field) == pytest.approx(value, rel=1e-6)


def test_a_floor_in_money_is_its_share_of_the_book() -> None:
    target, _ = mandate_from_dict({"targets": {"floor": f"-{WORTH / 10:.6f}USD"}}).resolve(BOOK, CHAIN)
    assert target.floor == pytest.approx(-0.1)


def test_dates_are_days_from_the_quotes_and_both_are_in_the_window() -> None:
    """From the day of the quotes to the end of the tenth after it, by hand from the time of the chain."""
    midnight = CHAIN.as_of.floor("D")
    first, last = midnight.date(), (midnight + pd.Timedelta(days=10)).date()
    _, limits = mandate_from_dict({"limits": {"expiries": f"{first}:{last}"}}).resolve(BOOK, CHAIN)
    low, high = limits.expiries
    assert low == 0.0  # midnight of the day of the quotes lies before them
    assert high == pytest.approx(11 - (CHAIN.as_of - midnight).total_seconds() / 86_400)


def test_one_date_is_that_day_alone() -> None:
    expiries = CHAIN.quotes["expiry"].drop_duplicates().sort_values().tolist()
    _, limits = mandate_from_dict({"limits": {"expiries": expiries[2].date()}}).resolve(BOOK, CHAIN)
    low, high = limits.expiries
    days = [(each - CHAIN.as_of).total_seconds() / 86_400 for each in expiries]
    assert [each for each in days if low <= each <= high] == [days[2]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"targets": {"detla": "8:12"}}, r"targets\.detla: no such key; did you mean delta\?"),
        ({"limits": {"max-leg": 4}}, r"did you mean max_legs\?"),
        ({"targets": {"delta": "8-12"}}, "got '8-12': write delta = \"8:12\""),
        ({"targets": {"delta": 10}}, r'write delta = "10:" for at least that, ":10" for at most that'),
        ({"targets": {"delta": "12:8"}}, 'write delta = "8:12"'),
        ({"targets": {"floor": "15%"}}, 'write floor = "-15%"'),
        ({"targets": {"floor": 0.15}}, "write floor = -0.15"),
        ({"limits": {"budget": "-2%"}}, "got '-2%': write budget = \"2%\""),
        ({"limits": {"budget": "20000"}}, 'write budget = "20000USD" for money'),
        ({"limits": {"moneyness": "70:130"}}, 'write moneyness = "70%:130%" for per cent of spot'),
        ({"limits": {"moneyness": "40%-60%"}}, "must be strikes as multiples of spot"),
        ({"limits": {"expiries": "100:20"}}, 'write expiries = "20:100"'),
        ({"limits": {"expiries": 20}}, "must be DAYS:DAYS such as 20:100"),
        ({"limits": {"survive": "-40%:50%,nodes"}}, "nodes alone"),
        ({"limits": {"survive": "fall:-2%"}}, "fall:VELOCITY:ACCELERATION:DAYS"),
        ({"limits": {"outright": "perpetul"}}, "did you mean perpetual"),
        ({"targets": 5}, r"must be a table \[targets\]"),
    ],
)
def test_a_mistake_says_the_key_the_form_and_what_may_be_meant(content: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        mandate_from_dict(content)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"budget": "20000 EUR"}, "in none of BTC, USD"),
        ({"expiries": "2001-01-01:2001-02-01"}, "lie before the quotes"),
        ({"survive": "feb-2062"}, "feb-2026"),
        ({"account": "standard"}, "give survive= or minimise='margin' too"),
    ],
)
def test_what_only_the_quotes_can_refuse_is_refused_with_them(limits: dict, message: str) -> None:
    mandate = mandate_from_dict({"limits": limits})
    with pytest.raises(InputError, match=message):
        mandate.resolve(BOOK, CHAIN)


def test_what_accounts_survive_is_moves_falls_and_crashes() -> None:
    told = {"limits": {"survive": "-40%:50%,fall:-2%:-0.4%:21,feb-2026", "account": "portfolio"}}
    _, limits = mandate_from_dict(told).resolve(BOOK, CHAIN)
    assert limits.survive is not None
    assert limits.survive.moves == (-0.4, 0.5)
    assert limits.survive.model == "portfolio"
    assert [set(paths) for paths in limits.survive.paths] == [{"BTC"}, {"BTC"}]


def test_one_mandate_over_another_keeps_what_only_the_other_says() -> None:
    file = mandate_from_dict({"targets": {"delta": "8:12", "floor": "-15%"}, "limits": {"budget": "2%"}})
    flags = mandate_from_dict({"targets": {"floor": "-20%", "horizon": 14}})
    both = flags.over(file)
    assert both.targets == {"delta": (8.0, 12.0), "floor": -0.2, "horizon": 14.0}
    assert (both.horizon, file.horizon) == (14.0, 30.0)
    assert both.limits == {"budget": 0.02}
    assert Mandate().over(file) == file


def test_a_books_file_holds_a_mandate(tmp_path: Path) -> None:
    path = tmp_path / "book.toml"
    path.write_text(
        '[targets]\ndelta = "8:12"\nfloor = { 7 = "-8%", 30 = "-15%" }\n[limits]\nexpiries = 2026-03-27\n'
    )
    mandate = read_mandate(path)
    assert mandate.targets == {"delta": (8.0, 12.0), "floor": {7.0: -0.08, 30.0: -0.15}}
    assert str(mandate.limits["expiries"]) == "2026-03-27:2026-03-27"
