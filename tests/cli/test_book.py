"""``hedging book``: a file to begin with, a check of one, the schema of all; and plans that need no options."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from cases.commands import BOOK, one_line

from hedging import OptionChain, read_book
from hedging.book import template
from hedging.cli import main as cli
from hedging.planner import book_schema, read_mandate, read_plan
from hedging.venues import write_chain

MANDATE = '[targets]\ndelta = "8:12"\n[limits]\nmax_legs = 1\nbudget = "90_000 USD"\n'
PLAN = ["plan", "book.toml", "--chain", "chain.csv"]


@pytest.fixture(autouse=True)
def inputs(folder: Path, sample: OptionChain) -> Path:
    write_chain(sample, folder / "chain.csv")
    return folder


def test_a_new_book_is_read_and_never_overwrites_one(
    inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["book", "new", "mine.toml"]) == 0
    assert capsys.readouterr().out.startswith("wrote mine.toml")
    assert (inputs / "mine.toml").read_text() == template()
    assert cli.main(["book", "new", "mine.toml"]) == 2
    assert "mine.toml exists already" in one_line(capsys)
    assert cli.main(["book", "new", "-"]) == 0
    assert capsys.readouterr().out == template()


def test_every_line_of_the_template_that_is_off_works_when_it_is_on(tmp_path: Path) -> None:
    text = re.sub(r"^# (?=\[|[a-z_]+ = )", "", template(), flags=re.MULTILINE)
    (tmp_path / "all.toml").write_text(text)
    book = read_book(tmp_path / "all.toml")
    assert [type(held.instrument).__name__ for held in book.holdings] == [
        *("Spot", "Perpetual", "Future", "Option", "Option")
    ]
    assert {account.name for account in book.accounts} == {"deribit"}
    mandate = read_mandate(tmp_path / "all.toml")
    assert {"delta", "vega", "gamma", "theta", "floor", "horizon"} <= set(mandate.targets)
    assert {"survive", "close", "outright", "moneyness", "deltas"} <= set(mandate.limits)


def test_a_plan_of_a_book_with_targets_needs_no_options_and_options_win(
    inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (inputs / "book.toml").write_text(BOOK + MANDATE)
    assert cli.main([*PLAN, "--json", "plan.json"]) == 0
    assert "asked         delta, max_legs, budget as book.toml says" in capsys.readouterr().out
    whole = json.loads((inputs / "plan.json").read_text())
    assert whole["asked"] == {"book": "book.toml", "kept": ["delta", "max_legs", "budget"], "replaced": []}
    saved = whole["inputs"]
    assert saved["target"]["delta"] == [8.0, 12.0]
    assert saved["limits"]["budget"] == pytest.approx(90_000 / (25 * 70_000))
    assert cli.main([*PLAN, "--delta", "10:14", "--json", "plan.json"]) == 0
    shown = capsys.readouterr().out
    assert "max_legs, budget as book.toml says; delta in place of what book.toml says" in shown
    whole = json.loads((inputs / "plan.json").read_text())
    assert whole["asked"] == {"book": "book.toml", "kept": ["max_legs", "budget"], "replaced": ["delta"]}
    assert whole["inputs"]["target"]["delta"] == [10.0, 14.0]
    assert read_plan(inputs / "plan.json").to_json() == (inputs / "plan.json").read_text().rstrip("\n")


def test_a_curve_says_what_of_it_the_book_asked_for(inputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (inputs / "book.toml").write_text(BOOK + MANDATE)
    line = ["frontier", *PLAN[1:], "--levels", "-30%", "--max-legs", "1"]
    assert cli.main([*line, "--json", "curve.json"]) == 0
    assert "asked: delta, budget as book.toml says; max_legs in place of" in capsys.readouterr().out
    asked = json.loads((inputs / "curve.json").read_text())["asked"]
    assert asked == {"book": "book.toml", "kept": ["delta", "budget"], "replaced": ["max_legs"]}


def test_the_check_names_every_mistake_of_both_parts_by_line(
    inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (inputs / "book.toml").write_text(
        BOOK.replace("25", "'25'").replace("entry", "entri") + "[targets]\ndetla = 8\n"
    )
    assert cli.main(["book", "check", "book.toml"]) == 2
    said = one_line(capsys)
    assert "line 4, holding 1: quantity must be a number" in said
    assert "line 5, holding 1: entri: no such key; did you mean entry?" in said
    assert "line 7: targets.detla: no such key; did you mean delta?" in said


def test_the_check_shows_what_a_file_says(inputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (inputs / "book.toml").write_text(BOOK + MANDATE)
    assert cli.main(["book", "check", "book.toml", "--chain", "chain.csv"]) == 0
    shown = capsys.readouterr().out
    assert "targets  delta 8:12" in shown
    assert "budget 90,000 USD" in shown
    assert cli.main(["book", "check", "book.toml", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["targets"] == {"delta": "8.0:12.0"}


def test_the_schema_takes_the_template_and_refuses_what_reading_refuses() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    import tomllib

    check = jsonschema.Draft202012Validator(book_schema())
    text = re.sub(r"^# (?=\[|[a-z_]+ = )", "", template(), flags=re.MULTILINE)
    content = json.loads(json.dumps(tomllib.loads(text), default=str))
    assert list(check.iter_errors(content)) == []
    content["holdings"][0]["quantty"] = 1
    assert list(check.iter_errors(content))


def test_the_schema_names_every_key_of_a_book_and_a_mandate(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["book", "schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema == book_schema()
    assert {"cash", "holdings", "accounts", "transfers", "targets", "limits"} <= set(schema["properties"])
    text = json.dumps(schema)
    for key in ("contract", "asset", "kind", "quantity", "entry", "delta", "floor", "budget", "expiries"):
        assert f'"{key}"' in text


@pytest.mark.parametrize(
    ("added", "message"),
    [
        (
            '[accounts.deribit]\nmodel = "standard"\nparameters = { maintenace = 0.30 }',
            "parameters.maintenace of account deribit is no number of model standard",
        ),
        ('[accounts.deribit]\nmodel = "flat"\nparameters = { maintenance = 0.3 }', "set parameters.initial"),
        ('[targets]\ndelta = { ETH = "8:12" }', "targets.delta has ETH, and the book holds BTC"),
        ('[targets]\nfloor = "-15%"\njoint = "beta"\nbetas = { ETH = 1.3 }', "targets.betas has ETH"),
    ],
)
def test_the_check_refuses_what_no_plan_takes(
    added: str, message: str, inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    held = '[[holdings]]\nasset = "BTC"\nkind = "spot"\nquantity = 25\n'
    (inputs / "odd.toml").write_text(f"{held}{added}\n")
    assert cli.main(["book", "check", "odd.toml"]) == 2
    said = one_line(capsys)
    assert message in said
    assert re.search(r"odd.toml: line \d+: ", said)
    (inputs / "odd.toml").write_text(held + added.replace("ETH", "BTC").replace("maintenace", "maintenance"))
    code = cli.main(["book", "check", "odd.toml"])
    assert code == (2 if "flat" in added else 0)  # two shares are needed there


def test_the_check_prints_no_python(inputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (inputs / "all.toml").write_text(
        '[[holdings]]\nasset = "BTC"\nkind = "spot"\nquantity = 25\n'
        '[targets]\ndelta = { BTC = "8:12" }\nvega_by_days = { "0:30" = "-500:" }\nsoft = { delta = 50 }\n'
        'floor = { 7 = "-8%", 30 = "-20000USD" }\nrobust = true\n'
        '[limits]\noutright = ["spot", "perpetual"]\nexpiries = "2026-03-01:2026-06-01"\n'
    )
    assert cli.main(["book", "check", "all.toml"]) == 0
    told = capsys.readouterr().out.partition("targets")[2]
    assert not re.search(r"[{}'\[\]]|\.0\b|\bTrue\b|None", told), told
    for part in ("delta BTC 8:12", "vega-by-days 0:30 -500:", "soft delta 50", "30 -20,000 USD"):
        assert part in told
    assert "outright spot, perpetual" in told
    assert "expiries 2026-03-01:2026-06-01" in told


def test_the_check_notes_what_a_plan_takes_with_doubt(
    inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (inputs / "far.toml").write_text('numeraire = "EUR"\n' + BOOK.replace("88_000", "70.5"))
    assert cli.main(["book", "check", "far.toml"]) == 0
    assert "note: numeraire 'EUR' is neither USD nor an asset held (BTC)" in capsys.readouterr().out
    (inputs / "far.toml").write_text(BOOK.replace("88_000", "70.5"))
    line = ["book", "check", "far.toml", "--chain", "chain.csv"]
    assert [cli.main(line), cli.main([*line, "--json", "-"])] == [0, 0]
    out, err = capsys.readouterr()
    assert "note: BTC is entered at 70.5 USD, where its quotes are at 70,000" in out
    assert "note: BTC is entered at 70.5 USD" in err


def test_the_check_refuses_transfers_of_what_lies_nowhere(
    inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moved = '[accounts.d]\nmodel = "flat"\n[[transfers]]\nasset = "BTC"\nquantity = 30\nfrom = "cold"\nto = "d"\nday = 1\n'
    (inputs / "moved.toml").write_text(BOOK + moved)
    assert cli.main(["book", "check", "moved.toml"]) == 2
    assert "transfers move 5 BTC more out of 'cold' than lies there on day 1" in one_line(capsys)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("true", "number; got true: such as quantity = 25"),
        ('"5"', "number, without quotes; got '5': write quantity = 5"),
    ],
)
def test_a_value_is_told_as_the_file_writes_it(
    value: str, told: str, inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (inputs / "odd.toml").write_text(BOOK.replace("quantity = 25", f"quantity = {value}"))
    assert cli.main(["book", "check", "odd.toml"]) == 2
    assert f"quantity must be a {told}" in one_line(capsys)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ('[[accounts]]\nname = "d"\n', "each account is a table with its name: write [accounts.NAME]"),
        (
            '[accounts.d]\nmodel = "flat"\n[[transfers]]\nasset = "BTC"\nquantity = 1\nfrom = "cold"\nto = "d"\n',
            "needs either its day, such as 3, or its date, such as 2026-12-01; got neither",
        ),
        ('[[holdings]]\nasset = ""\nkind = "spot"\nquantity = 1\n', "asset must not be empty; got ''"),
    ],
)
def test_what_is_wrong_has_a_way_out(
    more: str, told: str, inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (inputs / "odd.toml").write_text(BOOK + more)
    assert cli.main(["book", "check", "odd.toml"]) == 2
    assert told in one_line(capsys)


def test_the_check_notes_that_a_plan_asks_where_orders_go(
    inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (inputs / "two.toml").write_text(
        BOOK + '[accounts.d]\nmodel = "standard"\n[accounts.e]\nmodel = "standard"\n'
    )
    assert cli.main(["book", "check", "two.toml"]) == 0
    assert "note: accounts d, e, and none for orders" in capsys.readouterr().out
    (inputs / "two.toml").write_text('orders = "d"\n' + (inputs / "two.toml").read_text())
    assert cli.main(["book", "check", "two.toml"]) == 0
    assert "note" not in capsys.readouterr().out
