"""Every value that a public function returns prints, prints in a notebook, becomes a frame and plain values."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import json
import pkgutil
import re
from collections import defaultdict
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hedging as hg
from hedging._ground.cells import date, figure, on_day
from hedging._ground.shown import plain
from hedging._ground.tables import Page, Table, as_html, as_text

ABLE = ("__repr__", "_repr_html_", "to_frame", "to_dict")
EXEMPT = {
    "Drawdown": "a named tuple: a row of numbers",
    "Part": "a named tuple: a row of numbers",
    "Band": "a named tuple: a row of numbers",
    "Quote": "a named tuple: a row of numbers",
    "Level": "a named tuple in a book's ladder, and a Shown value in the monitor",
    "Settlement": "a named tuple: a row of numbers",
    "PlanStatus": "a word",
    "Strategy": "a protocol: what a caller writes",
    "MarginModel": "a protocol: what a caller writes",
    "MarginLimit": "a protocol: what a caller writes",
    "AccountRules": "a protocol: what a caller writes",
}


@cache
def classes() -> dict[str, list[type]]:
    """Every class of the package by its name."""
    found: dict[str, list[type]] = defaultdict(list)
    for module in pkgutil.walk_packages(hg.__path__, "hedging."):
        if module.name in ("hedging.__main__",) or module.name.endswith("_compiled"):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if inspect.isclass(value) and value.__module__ == module.name:
                found[name].append(value)
    return found


def returned(function: Any) -> set[type]:
    """Our classes that a function's return annotation names, those of its own room before others of the name."""
    words = re.findall(r"[A-Za-z_]\w*", str(inspect.signature(function).return_annotation))
    room = function.__module__.split(".")[1]
    found: set[type] = set()
    for word in words:
        known = classes().get(word, [])
        near = [each for each in known if each.__module__.split(".")[1] == room]
        found |= {each for each in near or known if in_the_open(each)}
    return found


def in_the_open(cls: type) -> bool:
    """Whether its room lists it."""
    room = importlib.import_module(".".join(cls.__module__.split(".")[:2]))
    return getattr(room, cls.__name__, None) is cls


def public_functions() -> list[Any]:
    rooms = [
        f"hedging.{room.name}"
        for room in pkgutil.iter_modules(hg.__path__)
        if not room.name.startswith("_") and room.name != "cli"
    ]
    named = [getattr(importlib.import_module(room), "__all__", ()) for room in rooms]
    values = [
        getattr(importlib.import_module(room), name)
        for room, names in zip(rooms, named, strict=True)
        for name in names
    ]
    methods = [
        method
        for value in values
        if inspect.isclass(value)
        for name, method in inspect.getmembers(value, inspect.isroutine)
        # Of a cached property inspect makes a routine from Python 3.13 on.
        if callable(method)
        and not name.startswith("_")
        and str(getattr(method, "__module__", "")).startswith("hedging")
    ]
    return [value for value in values if inspect.isfunction(value)] + methods


def test_the_walk_sees_the_public_functions() -> None:
    seen = {cls.__name__ for function in public_functions() for cls in returned(function)}
    assert {"HedgePlan", "Market", "Smile", "Paths", "Exposure", "Audit", "ChainHealth", "Greeks"} <= seen
    assert {"Momentum", "Proxy", "Liquidation", "Backtest", "Screen", "OptionChain"} <= seen


def test_every_type_that_is_returned_shows_itself() -> None:
    asked = {cls for function in public_functions() for cls in returned(function)} | {hg.Target, hg.Limits}
    missing = {
        f"{cls.__module__}.{cls.__name__}: {name}"
        for cls in asked
        if cls.__module__.startswith("hedging") and not issubclass(cls, Exception)
        if cls.__name__ not in EXEMPT and not cls.__name__.startswith("_")
        for name in ABLE
        if getattr(cls, name, None) in (None, getattr(object, name, None))
    }
    assert missing == set()


CRASH = hg.crash_path(velocity=-0.02, acceleration=-0.004, days=14)


@cache
def values() -> dict[str, Any]:
    """One of each of the types that a session meets first."""
    chain, book = hg.samples.chain(), hg.samples.book()
    market = hg.Market.of(chain)
    target = hg.Target(delta=(8, 12), vega=(0, None), floor=-0.15)
    limits = hg.Limits(budget=0.02, max_legs=2, expiries=(20, 60))
    plan = hg.plan(book, market, target, limits, horizon=30)
    times = pd.date_range("2026-01-01", periods=15, tz="UTC")
    log_prices = -0.02 * np.arange(15) - 0.001 * np.arange(15) ** 2
    prices = pd.Series(1e6 * np.exp(log_prices), times)
    perpetual = hg.Book([hg.Holding.perpetual("BTC", 25, 88_000), hg.Holding.spot("BTC", 12)])
    returns = np.random.default_rng(3).standard_normal((2, 200)) * 0.03
    return {
        "chain": chain,
        "book": book,
        "holding": book.holdings[0],
        "market": market,
        "smile": market.smile,
        "paths": CRASH,
        "exposure": book.exposure(market),
        "target": target,
        "limits": limits,
        "plan": plan,
        "legs": plan.legs[0],
        "cost": plan.cost,
        "check": plan.checks[0],
        "audit": hg.audit(plan, market),
        "health": hg.market.check(chain),
        "venues": hg.market.check(hg.market.consolidated([chain, chain.with_terms(venue="elsewhere")])),
        "greeks": hg.greeks.greeks("c", 49, [50, 55], 20 / 52, 0.05, 0.2),
        "momentum": hg.paths.momentum.measure(prices),
        "proxy": hg.planner.proxy(returns[0] + returns[1], returns[1], asset="AVAX", by="BTC"),
        "liquidation": hg.margin.liquidation_price(perpetual, market, hg.margin.StandardMargin()),
        "survival": hg.margin.survive(perpetual, market, CRASH, hg.margin.StandardMargin()),
        "scenario": hg.scenario.run(book, market, CRASH, overlay=plan),
        "overlay": hg.overlays.collar(book, chain),
        "overlays": hg.overlays.standard(book, chain),
        "frontier": hg.frontier(book, market, target, limits, over="budget", levels=[0.01, 0.03]),
        "reaction": hg.paths.BTC,
        "option": chain.option(plan.legs[0].instrument.symbol),
        **screened(),
    }


def screened() -> dict[str, Any]:
    """A table of prices, and what a screen makes of it."""
    moves = np.random.default_rng(5).normal(0.0, 0.03, (150, 4))
    days = pd.date_range(end="2026-03-02", periods=150, tz="UTC")
    closes = pd.DataFrame(100.0 * np.exp(np.cumsum(moves, axis=0)), days, ["BTC", "ETH", "SOL", "DOGE"])
    prices = hg.Prices.from_frame(closes)
    screen = hg.screen.run(prices, windows=(30, 60, 90))
    return {"prices": prices, "screen": screen, "verdict": screen.verdicts["SOL"]}


NAMES = [
    *("chain", "book", "holding", "market", "smile", "paths", "exposure", "target", "limits", "plan", "legs"),
    *("cost", "check", "audit", "health", "venues", "greeks", "momentum", "proxy", "liquidation", "survival"),
    *("scenario", "overlay", "overlays", "frontier", "reaction", "option", "prices", "screen", "verdict"),
]
UGLY = re.compile(r"\d[eE][+-]\d|\bnan\b|\bNaN\b|\bNaT\b|array\(|dtype|0x[0-9a-f]{6}|Timestamp\(")


class Tags(HTMLParser):
    """Balance of the tags, and all text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, _attributes: object) -> None:
        self.seen.append(tag)
        if tag not in ("br",):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.mark.parametrize("name", NAMES)
def test_it_prints_without_a_number_or_a_word_that_only_a_program_reads(name: str) -> None:
    value = values()[name]
    lines = repr(value).splitlines()
    assert not UGLY.search(repr(value)) or len(lines) == 1  # a one-line value is written as its constructor
    assert len(lines) == 1 or max(map(len, lines)) <= 130
    assert str(value)


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_gets_tables_in_the_colours_of_the_page(name: str) -> None:
    html = values()[name]._repr_html_()
    tags = Tags()
    tags.feed(html)
    assert tags.open == []
    assert "table" in tags.seen
    assert "pre" not in tags.seen
    assert not UGLY.search(" ".join(tags.text))
    assert not re.search(r"#[0-9a-fA-F]{3,6}\b|rgb\(|black|white[^-]", html)
    assert "script" not in tags.seen


@pytest.mark.parametrize("name", NAMES)
def test_it_becomes_a_frame_and_plain_values(name: str) -> None:
    value = values()[name]
    assert isinstance(value.to_frame(), pd.DataFrame)
    text = json.dumps(value.to_dict(), allow_nan=False)
    assert json.loads(text) is not None


def test_a_plan_is_tables_with_its_legs_its_exposures_and_its_proof() -> None:
    plan = values()["plan"]
    tags = Tags()
    tags.feed(plan._repr_html_())
    assert tags.seen.count("table") >= 4
    cells = [text.strip() for text in tags.text]
    for leg in plan.legs:
        assert leg.instrument.symbol in cells
    assert {"delta", "before", "after", "target", "binds", "proof"} <= set(cells)


def test_one_module_makes_all_tables_of_notebooks() -> None:
    own = {
        str(file.relative_to(Path(hg.__file__).parent))
        for file in Path(hg.__file__).parent.rglob("*.py")
        if re.search(r"\.to_html\(|def _repr_html_", file.read_text(encoding="utf-8"))
    }
    # A frame of which columns were dropped is shown as pandas shows frames.
    assert own == {"_ground/shown.py", "overlays/compared.py"}


def test_a_value_that_is_said_in_a_sentence_takes_one_line_in_a_list() -> None:
    leg = values()["plan"].legs[0]
    assert (
        repr(leg) == f"Leg: {leg.side} {abs(leg.quantity):,.10g} {leg.instrument.symbol} at {leg.price_text}"
    )
    assert "\n" not in repr(values()["plan"].checks)
    assert repr(hg.Holding("BTC-27FEB26-80000-P", 5)) == "Holding('BTC-27FEB26-80000-P', 5)"


def test_several_values_of_one_kind_are_rows_of_a_table() -> None:
    votes = values()["verdict"].votes
    html = values()["verdict"]._repr_html_()
    assert html.count("<tr>") >= min(len(votes), 12)
    assert votes[0].measure in html


def test_a_liquidation_names_the_coin_whose_price_it_is() -> None:
    book = hg.Book([hg.Holding.perpetual("BTC", 40, 70_000), hg.Holding.spot("BTC", 8)])
    kept = hg.margin.survive(book, hg.samples.chain(), CRASH, hg.margin.StandardMargin())
    assert not kept.survives.all()
    assert "price of BTC [money]" in repr(kept)
    assert "Liquidation, BTC now 70,000" in repr(
        hg.margin.liquidation_price(book, hg.samples.chain(), hg.margin.StandardMargin())
    )


def test_an_expiry_of_quotes_taken_between_two_seconds_is_its_hour() -> None:
    smile = values()["smile"]
    late = dataclasses.replace(smile, as_of=smile.as_of + pd.Timedelta(milliseconds=553))
    times = smile.times - 0.553 / hg.units.SECONDS_PER_YEAR
    shown = dataclasses.replace(late, times=times).to_frame()["expiry"]
    assert list(shown) == list(smile.to_frame()["expiry"])


def test_numbers_are_written_without_exponents() -> None:
    assert figure(1.75e6) == "1,750,000"
    assert figure(3.5e-7, 3) == "0.00000035"
    assert figure(float("inf")) == "unbounded"
    assert figure(float("nan")) == "-"


def test_dates_stand_where_a_day_was() -> None:
    start = pd.Timestamp("2026-03-02T12:00Z")
    assert on_day(start, 49.1) == "2026-04-20"  # 2 March noon and 49 days: 20 April, in the afternoon
    assert date("2026-03-27T08:00Z") == "2026-03-27"
    assert date("2026-03-27T09:30Z") == "2026-03-27 09:30"


def test_a_long_table_says_how_many_rows_are_left() -> None:
    page = Page("head", (Table(pd.DataFrame({"x": np.arange(20.0)})),))
    assert as_text(page).splitlines()[-1] == "... and 8 more"
    assert "... and 8 more" in as_html(page)
    assert as_html(page).count("<tr>") == 13


def test_columns_line_up_by_their_points() -> None:
    frame = pd.DataFrame({"name": ["a", "bb"], "x": [0.5, 1234.25], "share": [-0.149, 0.02]})
    lines = as_text(Page("head", (Table(frame, {"share": "signed share", "x": "USD"}),))).splitlines()
    assert [len(line) for line in lines[1:]] == [len(lines[1])] * 3
    assert lines[2].index(".5") == lines[3].index(".2")
    assert lines[1].split() == ["name", "x", "[USD]", "share"]
    assert lines[2].endswith("-14.9%")
    assert lines[3].endswith("+2.0%")


def test_names_are_escaped() -> None:
    frame = pd.DataFrame({"<b>": ["<script>alert(1)</script>"]})
    html = as_html(Page("<i>", (Table(frame, caption="<u>"), "<s>")))
    for tag in ("<script", "<i>", "<u>", "<s>"):
        assert tag not in html


def test_plain_values_hold_nothing_that_json_does_not() -> None:
    value = {
        "a": np.array([1.0, np.inf]),
        "b": pd.NaT,
        "c": (np.int64(3), True),
        pd.Timestamp("2026-01-01"): None,
    }
    assert plain(value) == {"a": [1.0, None], "b": None, "c": [3, True], "2026-01-01T00:00:00": None}
