"""The command `hedging report`: a page from files, and what it refuses in one line."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cases.commands import BOOK, one_line
from cases.pages import Page, number, raw

import hedging as hg
from hedging.cli import main as cli
from hedging.prices import Prices
from hedging.venues import write_chain

PLAN = [
    "plan",
    "book.toml",
    "--chain",
    "chain.csv",
    "--delta",
    "8:12",
    "--expiries",
    "20:60",
    "--horizon",
    "30",
]
REPORT = ["report", "book.toml", "--chain", "chain.csv"]


@pytest.fixture
def files(folder: Path) -> Path:
    """A book and the synthetic chain, as files."""
    write_chain(hg.samples.chain(), folder / "chain.csv")
    return folder


def page(path: str = "report.html") -> Page:
    return Page(Path(path).read_text(encoding="utf-8"))


def test_a_book_and_a_chain_make_a_page_that_says_how_to_make_it_again(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    assert cli.main([*PLAN, "--json", "plan.json"]) == 0
    capsys.readouterr()
    assert cli.main([*REPORT, "--plan", "plan.json", "-o", "out.html"]) == 0
    assert capsys.readouterr().out == "wrote out.html\n"
    found = page("out.html")
    for what, name in (("book", "book.toml"), ("chain", "chain.csv"), ("plan", "plan.json")):
        assert [what, name, sha256(Path(name).read_bytes()).hexdigest()] in found.table("Inputs")
    told = found.by_id("reproduce").text.partition("Command: ")[2].splitlines()[0]
    first = Path("out.html").read_bytes()
    Path("out.html").unlink()
    assert cli.main(shlex.split(told)[1:]) == 0
    assert Path("out.html").read_bytes() == first


def test_the_closest_plan_that_the_command_saves_shows_its_clash(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hard = [*PLAN, "--floor", "-1%", "--budget", "0.1%", "--json", "plan.json"]
    assert cli.main(hard) == 1
    capsys.readouterr()
    assert cli.main([*REPORT, "--plan", "plan.json"]) == 0
    found = page()
    assert "Infeasible" in found.all("header")[0].text
    for clash in json.loads(Path("plan.json").read_text())["clashes"]:
        assert clash in found.by_id("plan").text


def test_one_account_of_all_is_followed_where_it_is_asked_for(files: Path) -> None:
    (files / "book.toml").write_text(
        f'{BOOK}\n[[holdings]]\nasset = "BTC"\nkind = "perpetual"\nquantity = 100\nentry = 70_000\n'
    )
    assert cli.main([*REPORT, "--account", "standard"]) == 0
    assert "Liquidated" in page().by_id("accounts").text
    assert "--account standard" in page().by_id("reproduce").text


SCREEN = {
    "benchmark": "BTC",
    "as_of": "2026-03-01",
    "source": "prices.csv",
    "windows": [30, 90],
    "coins": [
        {"coin": "DOGE", "verdict": "unclear", "alpha_t_90": -0.5, "strength_30": None},
        {"coin": "<b>SOL", "verdict": "break", "alpha_t_90": -3.25, "strength_30": -0.5},
        {"coin": "BTC", "verdict": "unclear", "alpha_t_90": None, "strength_30": 0.0},
    ],
    "verdicts": [],
}
BACKTEST = {
    "quotes": "recorded",
    "starts": 28,
    "table": [
        {"strategy": "hold", "return": -0.25},
        {"strategy": "put", "return": -0.125, "cost a year": 1234.5},
    ],
    "runs": [
        {
            "name": "put",
            "points": [
                {"time": "2026-01-01T00:00:00+00:00", "equity": 100.0},
                {"time": "2026-02-01T00:00:00+00:00", "equity": 87.5},
            ],
        }
    ],
}


def test_a_screen_and_a_backtest_stand_on_it_if_given(files: Path) -> None:
    Path("screen.json").write_text(json.dumps(SCREEN))
    Path("backtest.json").write_text(json.dumps(BACKTEST))
    assert cli.main([*REPORT, "--screen", "screen.json", "--backtest", "backtest.json"]) == 0
    assert raw(Path("report.html").read_text(encoding="utf-8")) == []
    found = page()
    coins = found.table("Coins by verdict, over 90 days")
    assert [row[0] for row in coins[1:]] == ["BTC", "<b>SOL", "DOGE"]  # own coins, verdicts, the rest
    assert coins[2][1:4] == ["break", "−3.25", "−0.5"]
    assert coins[3][3] == "–"
    strategies = found.table("Strategies side by side")
    assert strategies[1:] == [["hold", "−25.0 %", "–"], ["put", "−12.5 %", "1,234"]]
    pictures = [
        each.attributes.get("aria-label", "") for each in found.by_id("backtest").children[-1].all("div")
    ]
    assert any("put ends at 88" in each or "put ends at 87" in each for each in pictures)


def test_a_screen_has_every_coin_that_is_flagged_in_the_order_of_the_command(files: Path) -> None:
    """Alphabetically the first dozen are all unclear."""
    rng = np.random.default_rng(4)
    common = rng.normal(0.0, 0.02, 150)
    drift = dict.fromkeys([f"A{place:02}" for place in range(14)], 0.0) | {"Y": -0.015, "Z": -0.02}
    moves = {name: common + rng.normal(each, 0.01, 150) for name, each in drift.items()} | {"BTC": common}
    prices = pd.DataFrame(100 * np.exp(pd.DataFrame(moves).cumsum()))
    prices.index = pd.date_range("2026-01-01", periods=150)
    found = hg.screen.run(Prices.from_frame(prices))
    Path("screen.json").write_text(json.dumps(found.to_dict()))
    assert cli.main([*REPORT, "--screen", "screen.json"]) == 0
    heads, *rows = page().table("Coins by verdict, over 90 days")
    summary = found.summary()
    flagged = [coin for coin, word in summary["verdict"].items() if word != "unclear"]
    assert {"Y", "Z"} <= set(flagged)
    shown = [row[0] for row in rows]
    assert shown == list(summary.index)[: len(rows)]
    assert set(flagged) <= set(shown)
    assert [head.removesuffix(" [% a year]") for head in heads[1:]] == list(summary.columns)
    own = heads.index("own vol [% a year]")
    assert number(rows[0][own]) == pytest.approx(100 * summary["own vol"].iloc[0], abs=0.05)


def test_a_backtest_says_of_what_and_when_it_is_and_that_the_book_is_another(files: Path) -> None:
    points = {"name": "put", "points": BACKTEST["runs"][0]["points"]}  # type: ignore[index]
    table = [{"strategy": "put", "cost a year": 1.0, "coins at the end": 2.0, "hours without overlay": 3.0}]
    other = BACKTEST | {"runs": [points | {"asset": "DOGE", "currency": "USDC"}], "table": table}
    Path("backtest.json").write_text(json.dumps(other))
    assert cli.main([*REPORT, "--backtest", "backtest.json"]) == 0
    text = page().by_id("backtest").text
    assert "Of DOGE, 2026-01-01 to 2026-02-01, on recorded quotes" in text
    assert "it is of DOGE, and the page of BTC" in text
    heads = page().table("Strategies side by side")[0]
    assert heads[1:] == ["cost a year [USDC]", "coins at the end [DOGE]", "without overlay [hours]"]
    Path("backtest.json").write_text(json.dumps(BACKTEST | {"runs": [points | {"asset": "BTC"}]}))
    assert cli.main([*REPORT, "--backtest", "backtest.json"]) == 0
    assert "Another asset" not in page().by_id("backtest").text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"coins": [], "verdicts": [], "benchmark": "BTC"}', "windows of the screen must be whole days"),
        ("[]", "it must have coins, verdicts, benchmark"),
        ("{}", "it must have coins, verdicts, benchmark"),
        ('{"coins": 1, "verdicts": [], "benchmark": "BTC"}', "coins of the screen must be rows"),
        ('{"coins": [1], "verdicts": [], "benchmark": "BTC"}', "coins of the screen must be rows"),
        ("{", "--screen screen.json: the JSON is cut off or damaged"),
        ("\x00", "--screen screen.json: the JSON is cut off or damaged"),
    ],
)
def test_a_screen_that_is_none_is_refused_in_one_line(
    files: Path, capsys: pytest.CaptureFixture[str], content: str, said: str
) -> None:
    Path("screen.json").write_text(content)
    assert cli.main([*REPORT, "--screen", "screen.json"]) == 2
    assert said in one_line(capsys)
    assert not Path("report.html").exists()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--plan", "book.toml"], "book.toml"),
        (["--plan", "none.json"], "cannot be read"),
        (["--screen", "none.json"], "--screen none.json cannot be read"),
        (["--backtest", "."], "--backtest . cannot be read"),
        (["--asset", "ETH"], "ETH"),
        (["-o", "missing/report.html"], "missing/report.html cannot be written"),
        (["-o", "."], "is a folder"),
    ],
)
def test_bad_files_are_refused_in_one_line_and_nothing_is_written(
    files: Path, capsys: pytest.CaptureFixture[str], more: list[str], said: str
) -> None:
    before = sorted(each.name for each in files.iterdir())
    assert cli.main([*REPORT, *more]) == 2
    assert said in one_line(capsys)
    assert sorted(each.name for each in files.iterdir()) == before


def changed(**fields: object) -> None:
    """The saved plan with some fields of its own."""
    saved = json.loads(Path("plan.json").read_text())
    Path("plan.json").write_text(json.dumps(saved | fields))


def test_a_plan_of_a_newer_version_is_refused_in_one_line(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*PLAN, "--json", "plan.json"]) == 0
    capsys.readouterr()
    changed(version=999)
    assert cli.main([*REPORT, "--plan", "plan.json"]) == 2
    assert "version" in one_line(capsys)
    assert not Path("report.html").exists()


def test_a_plan_that_was_edited_can_be_looked_at_and_is_said_to_be_one(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*PLAN, "--json", "plan.json"]) == 0
    capsys.readouterr()
    changed(bound=-1.0)
    assert cli.main([*REPORT, "--plan", "plan.json"]) == 2
    assert "changed after it was made" in one_line(capsys)
    assert cli.main([*REPORT, "--plan", "plan.json", "--edited"]) == 0
    found = page()
    assert "nothing of it is proven" in found.by_id("plan").text
    assert "no orders within the limits have one below" not in found.by_id("plan").text
    assert "--edited" in found.by_id("reproduce").text


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "\"'&<img src=x onerror=alert(1)>", "my coin", "A" * 200, "ßcoin"]
)
def test_a_coin_of_any_name_has_a_plan_and_a_page(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    write_chain(replace(hg.samples.chain(), asset=name), "chain.csv")
    held = f'[[holdings]]\nasset = {json.dumps(name)}\nkind = "spot"\nquantity = 25\n'
    Path("book.toml").write_text(held, encoding="utf-8")
    assert cli.main([*PLAN, "--max-legs", "1", "--json", "plan.json"]) == 0
    assert cli.main([*REPORT, "--plan", "plan.json"]) == 0
    capsys.readouterr()
    assert page().all("h1")[0].text == f"Hedge report: {name}"
    assert not [each for each in page().elements if any(key.startswith("on") for key in each.attributes)]


@pytest.mark.parametrize(
    "command", [["report"], ["scenario", "--velocity", "-2%"]], ids=["report", "scenario"]
)
def test_quotes_from_before_the_plan_are_refused_in_one_line(
    files: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    assert cli.main([*PLAN, "--json", "plan.json"]) == 0
    chain = hg.samples.chain()
    longer = chain.quotes.assign(time_to_expiry=chain.quotes["time_to_expiry"] + 94 / 365)
    write_chain(replace(chain, quotes=longer, as_of=chain.as_of - pd.Timedelta(days=94)), "old.csv")
    capsys.readouterr()
    name, *more = command
    assert cli.main([name, "book.toml", "--chain", "old.csv", "--plan", "plan.json", *more]) == 2
    assert "94.00 days older than the plan" in one_line(capsys)
