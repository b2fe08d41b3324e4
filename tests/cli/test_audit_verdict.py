"""``hedging audit``: what it prints, writes and leaves with."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from cases.later import later

from hedging import samples
from hedging.cli import main as cli
from hedging.venues import write_chain

BOOK = '[[holdings]]\nasset = "BTC"\nkind = "spot"\nquantity = 25\nentry = 88_000\n'


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audit")
    (folder / "book.toml").write_text(BOOK)
    (folder / "other.toml").write_text(BOOK.replace("25", "24"))
    chain = samples.chain()
    write_chain(chain, folder / "chain.csv")
    write_chain(later(chain, 3.0, 0.2), folder / "fallen.csv")
    write_chain(later(chain, 13.0, 0.2), folder / "after.csv")
    arguments = ["--delta", "8:12", "--expiries", "5:12", "--json", str(folder / "plan.json")]
    inputs = [str(folder / "book.toml"), "--chain", str(folder / "chain.csv")]
    assert cli.main(["plan", *inputs, *arguments]) == 0
    return folder


@pytest.fixture
def folder(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(made)
    return made


def test_it_leaves_with_0_where_all_holds_and_with_1_where_a_target_is_broken(folder, capsys):
    assert cli.main(["audit", "plan.json", "--chain", "chain.csv"]) == 0
    assert "every target holds" in capsys.readouterr().out
    assert cli.main(["audit", "plan.json", "--chain", "fallen.csv", "--no-repair"]) == 1
    assert "delta is" in capsys.readouterr().out


def test_json_and_csv_say_the_same(folder, capsys):
    assert cli.main(["audit", "plan.json", "--chain", "fallen.csv", "--json", "-", "--csv", "a.csv"]) == 1
    told = json.loads(capsys.readouterr().out)
    table = pd.read_csv("a.csv")
    assert table["value"].tolist() == pytest.approx([check["value"] for check in told["checks"]])
    assert table["ok"].tolist() == [check["ok"] for check in told["checks"]]
    assert cli.main(["audit", "plan.json", "--chain", "fallen.csv", "--no-repair", "--csv", "-"]) == 1
    assert capsys.readouterr().out.startswith("as_of,limit,value,low,high,ok,gain,overlay_gain")


def test_an_expired_leg_needs_its_price_and_takes_it(folder, capsys):
    run = ["audit", "plan.json", "--chain", "after.csv", "--no-repair"]
    assert cli.main(run) == 2
    (name,) = {word for word in capsys.readouterr().err.split() if word.endswith("=PRICE")}
    assert cli.main([*run, "--settled", name.replace("PRICE", "60000")]) == 1
    assert "settled at 60,000.00 (as given)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["BTC-27FEB26"], "takes EXPIRY=PRICE"),
        (["BTC-27FEB26=much"], "takes EXPIRY=PRICE"),
        (["BTC-27FEB26=-1"], "takes EXPIRY=PRICE"),
        (["BTC-27FEB26=1", "BTC-27FEB26=2"], "two prices"),
        (["BTC-27FEB26=60000"], "nothing held expires then"),
    ],
)
def test_a_wrong_price_is_one_line(folder, capsys, given, message):
    more = [part for each in given for part in ("--settled", each)]
    assert cli.main(["audit", "plan.json", "--chain", "fallen.csv", *more]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_the_plan_of_another_book_is_refused_and_remarked(folder, capsys):
    assert cli.main(["audit", "plan.json", "--chain", "chain.csv", "--book", "other.toml"]) == 2
    assert "belongs to another book" in capsys.readouterr().err
    fall = ["--velocity", "-2%", "--days", "5"]
    assert cli.main(["scenario", "other.toml", "--chain", "chain.csv", "--plan", "plan.json", *fall]) == 0
    assert "was planned for another book: BTC 25 when planned, 24 here" in capsys.readouterr().err


def test_an_edited_plan_is_refused_unless_one_says_so(folder, capsys):
    saved = json.loads((folder / "plan.json").read_text())
    saved["orders"][0]["quantity"] *= 2
    (folder / "edited.json").write_text(json.dumps(saved))
    assert cli.main(["audit", "edited.json", "--chain", "chain.csv"]) == 2
    assert "was changed after it was made" in capsys.readouterr().err
    assert cli.main(["audit", "edited.json", "--chain", "chain.csv", "--edited", "--no-repair"]) in (0, 1)
