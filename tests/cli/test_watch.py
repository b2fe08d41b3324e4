"""``hedging watch``: replays a folder, goes on from its file, runs its hook, and speaks in one line of what is wrong."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from cases.later import later

from hedging import samples
from hedging.cli import main as cli
from hedging.venues import write_chain

BOOK = '[[holdings]]\nasset = "BTC"\nkind = "spot"\nquantity = 25\nentry = 88_000\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "book.toml").write_text(BOOK)
    chain = samples.chain()
    write_chain(chain, tmp_path / "chain.csv")
    (tmp_path / "days").mkdir()
    for number, fall in enumerate((0.03, -0.1, 0.03, -0.1), start=1):
        write_chain(later(chain, 1.0 * number, fall), tmp_path / "days" / f"{number}.csv")
    run = [
        "plan",
        "book.toml",
        "--chain",
        "chain.csv",
        "--delta",
        "10:16",
        "--expiries",
        "5:12",
        "--json",
        "plan.json",
    ]
    assert cli.main(run) == 0
    return tmp_path


def test_a_folder_is_replayed_and_a_second_time_nothing_is_told(folder, capsys):
    capsys.readouterr()
    run = ["watch", "plan.json", "--chain", "days", "--json-lines", "w.jsonl", "--no-levels"]
    first = cli.main(run)
    told = capsys.readouterr().out
    assert "broken" in told
    assert "mended" in told
    lines = (folder / "w.jsonl").read_text().splitlines()
    assert len(lines) == 1 + len(told.splitlines())
    assert cli.main(run) == first
    assert capsys.readouterr().out == ""
    assert (folder / "w.jsonl").read_text().splitlines() == lines


def test_levels_are_told_at_the_end_and_the_code_says_whether_a_target_is_broken(folder, capsys):
    capsys.readouterr()
    assert cli.main(["watch", "plan.json", "--chain", "days/1.csv"]) == 0
    assert "next        delta breaks with spot at" in capsys.readouterr().out
    assert cli.main(["watch", "plan.json", "--chain", "days/2.csv", "--no-levels"]) == 1


def test_a_file_in_the_folder_that_cannot_be_read_stops_nothing(folder, capsys):
    (folder / "days" / "0.csv").write_text("half a fi")
    assert cli.main(["watch", "plan.json", "--chain", "days", "--no-levels"]) in (0, 1)
    assert "broken" in capsys.readouterr().out


def test_the_hook_gets_each_transition(folder, capsys):
    (folder / "hook.py").write_text("import sys\nopen('told', 'a').write(sys.stdin.read() + '\\n')\n")
    hook = f"{sys.executable} hook.py"
    cli.main(
        ["watch", "plan.json", "--chain", "days", "--no-levels", "--json-lines", "w.jsonl", "--hook", hook]
    )
    told = [json.loads(line) for line in (folder / "told").read_text().splitlines()]
    assert told == [json.loads(line) for line in (folder / "w.jsonl").read_text().splitlines()[1:]]
    capsys.readouterr()
    cli.main(["watch", "plan.json", "--chain", "days", "--no-levels", "--hook", "no-such-command"])
    captured = capsys.readouterr()
    assert "the hook failed" in captured.err
    assert "broken" in captured.out


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--chain", "nowhere"], "nowhere"),
        (["--chain", "days", "--every", "5"], "must be a time such as"),
        (["--chain", "days", "--rules", "rules.toml"], "the rules name gamma"),
        (["--chain", "days", "--json-lines", "days"], "must be a file"),
        (["--chain", "days", "--settled", "BTC"], "takes EXPIRY=PRICE"),
    ],
)
def test_what_is_wrong_is_one_line(folder, capsys, more, message):
    (folder / "rules.toml").write_text('ignore = ["gamma"]\n')
    capsys.readouterr()
    assert cli.main(["watch", "plan.json", *more]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
