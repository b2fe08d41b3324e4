"""``hedging roll`` prints what the library says."""

from __future__ import annotations

import json

from cases.later import later

from hedging import samples
from hedging.cli import main as cli
from hedging.monitor import roll
from hedging.planner import read_plan
from hedging.venues import read_chain, write_chain

BOOK = '[[holdings]]\nasset = "BTC"\nkind = "spot"\nquantity = 25\nentry = 88_000\n'


def test_it_sets_every_choice_beside_keeping(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "book.toml").write_text(BOOK)
    write_chain(samples.chain(), tmp_path / "chain.csv")
    write_chain(later(samples.chain(), 3.0, 0.1), tmp_path / "later.csv")
    run = [
        "plan",
        "book.toml",
        "--chain",
        "chain.csv",
        "--delta",
        "10:16",
        "--expiries",
        "20:40",
        "--json",
        "plan.json",
    ]
    assert cli.main(run) == 0
    capsys.readouterr()
    assert cli.main(["roll", "plan.json", "--chain", "later.csv", "--when", "30", "--json", "-"]) == 0
    told = json.loads(capsys.readouterr().out)
    found = roll(read_plan("plan.json"), read_chain("later.csv"), when=30.0)
    assert told == json.loads(json.dumps(found.to_dict()))
    assert cli.main(["roll", "plan.json", "--chain", "later.csv"]) == 0
    assert "roll down and out" in capsys.readouterr().out
    assert cli.main(["roll", "plan.json", "--chain", "later.csv", "--when", "-1"]) == 2
    assert "when must be days" in capsys.readouterr().err
