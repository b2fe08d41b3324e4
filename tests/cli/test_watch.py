"""``hedging watch``: replays a folder, goes on from its file, runs its hook, and speaks in one line of what is wrong."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from cases.later import later

from hedging import samples
from hedging.cli import main as cli
from hedging.errors import VenueError
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
    assert cli.main([*run[:4], "--json-lines", "-"]) == first  # the same lines, and nothing else
    assert capsys.readouterr().out.splitlines() == lines[1:]
    assert not (folder / "-").exists()


def test_levels_are_told_at_the_end_and_the_code_says_whether_a_target_is_broken(folder, capsys):
    capsys.readouterr()
    assert cli.main(["watch", "plan.json", "--chain", "days/1.csv"]) == 0
    assert "next        delta breaks with spot at" in capsys.readouterr().out
    assert cli.main(["watch", "plan.json", "--chain", "days/2.csv", "--no-levels"]) == 1


def test_a_chain_that_cannot_be_judged_is_no_all_clear(folder, capsys):
    """A file of another asset is the command's mistake; half a file in a watch that goes on is told, and ends as 2."""
    other = replace(samples.chain(), asset="ETH")
    write_chain(later(other, 1.0, 0.0), folder / "other.csv")
    capsys.readouterr()
    assert cli.main(["watch", "plan.json", "--chain", "other.csv"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    run = ["watch", "plan.json", "--json-lines", "w.jsonl", "--no-levels"]
    assert cli.main([*run, "--chain", "days/2.csv"]) == 1
    assert cli.main([*run, "--chain", "days/3.csv"]) == 0
    assert cli.main([*run, "--chain", "other.csv"]) == 2
    assert "cannot be judged" in capsys.readouterr().out
    assert cli.main([*run, "--chain", "days/3.csv"]) == 0


def test_chains_from_before_the_plan_are_no_part_of_a_replay(folder, capsys):
    chain = samples.chain()
    write_chain(later(chain, -2.0, 0.0), folder / "days" / "0.csv")
    run = ["watch", "plan.json", "--no-levels", "--chain"]
    capsys.readouterr()
    assert cli.main([*run, "days"]) in (0, 1)
    assert "cannot be judged" not in capsys.readouterr().out
    assert cli.main([*run, "days/0.csv"]) == 2
    error = capsys.readouterr().err
    assert "has no chain from the plan on" in error
    assert error.count("\n") == 1


def test_a_file_in_the_folder_that_cannot_be_read_stops_nothing(folder, capsys):
    (folder / "days" / "0.csv").write_text("half a fi")
    assert cli.main(["watch", "plan.json", "--chain", "days", "--no-levels"]) in (0, 1)
    told = capsys.readouterr()
    assert "broken" in told.out
    assert "left out: " in told.err  # nobody takes the last of the others for the newest
    assert "0.csv" in told.err


def test_the_hook_gets_each_transition(folder, capsys):
    (folder / "hook.py").write_text("import sys\nopen('told', 'a').write(sys.stdin.read() + '\\n')\n")
    hook = f"{sys.executable} hook.py"
    cli.main(
        ["watch", "plan.json", "--chain", "days", "--no-levels", "--json-lines", "w.jsonl", "--hook", hook]
    )
    told = [json.loads(line) for line in (folder / "told").read_text().splitlines()]
    assert told == [json.loads(line) for line in (folder / "w.jsonl").read_text().splitlines()[1:]]
    capsys.readouterr()
    cli.main(
        ["watch", "plan.json", "--chain", "days", "--no-levels", "--hook", f"{sys.executable} -c exit(3)"]
    )
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
        (["--chain", "days", "--hook", "no-such-command"], "there is no command 'no-such-command'"),
    ],
)
def test_what_is_wrong_is_one_line(folder, capsys, more, message):
    (folder / "rules.toml").write_text('ignore = ["gamma"]\n')
    capsys.readouterr()
    assert cli.main(["watch", "plan.json", *more]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_looking_again_tells_what_changed_and_ends_with_a_line(folder, capsys, monkeypatch):
    """A live chain that cannot be fetched, then one that breaks delta, then the same, then Ctrl-C while it waits."""
    chain = samples.chain()
    replies = [VenueError("the exchange is down"), later(chain, 1.0, -0.1), later(chain, 1.1, -0.1)]
    waits = []

    def fetch(asset, *, url):
        reply = replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def wait(seconds):
        waits.append(seconds)
        if not replies:
            raise KeyboardInterrupt

    monkeypatch.setattr("hedging.venues.deribit.fetch_chain", fetch)
    monkeypatch.setattr("hedging.cli.watch.time.sleep", wait)
    capsys.readouterr()
    run = ["watch", "plan.json", "--chain", "live", "--every", "5m", "--no-levels", "--json-lines", "w.jsonl"]
    assert cli.main(run) == 130
    captured = capsys.readouterr()
    kinds = [json.loads(line)["kind"] for line in (folder / "w.jsonl").read_text().splitlines()[1:]]
    assert kinds[:2] == ["unreadable", "readable"]
    assert kinds.count("broken") == 1
    assert len(captured.out.splitlines()) == len(kinds)
    assert captured.err == "hedging: interrupted\n"
    assert waits == [300.0] * 3


def test_two_watches_on_one_file_are_refused_in_one_line(folder, capsys):
    from hedging.monitor import open_log
    from hedging.planner import read_plan

    with open_log("w.jsonl", read_plan("plan.json")):
        capsys.readouterr()
        assert cli.main(["watch", "plan.json", "--chain", "days", "--json-lines", "w.jsonl"]) == 2
    assert "is open in another watch" in capsys.readouterr().err


def test_a_joint_plan_is_watched_on_chains_of_the_same_time(folder, capsys):
    chain = samples.chain()
    (folder / "two.toml").write_text(BOOK + BOOK.replace("BTC", "ETH"))
    other = replace(
        chain,
        asset="ETH",
        quotes=chain.quotes.assign(symbol=chain.quotes["symbol"].str.replace("BTC", "ETH")),
    )
    write_chain(other, folder / "eth.csv")
    for number, fall in enumerate((0.03, -0.1, 0.03), start=1):
        write_chain(later(other, 1.0 * number, fall), folder / "days" / f"eth{number}.csv")
    plan = [
        "plan",
        "two.toml",
        "--chain",
        "chain.csv",
        "--chain",
        "eth.csv",
        "--delta",
        "10:16",
        "--expiries",
        "5:12",
    ]
    assert cli.main([*plan, "--json", "joint.json"]) == 0
    capsys.readouterr()
    assert cli.main(["watch", "joint.json", "--chain", "days", "--json-lines", "j.jsonl"]) in (0, 1)
    out = capsys.readouterr().out
    told = [json.loads(line) for line in (folder / "j.jsonl").read_text().splitlines()[1:]]
    ahead = [line for line in out.splitlines() if "  next   " in line or "  trade   " in line]
    assert len(out.splitlines()) == len(told) + len(ahead)
    for coin in ("BTC", "ETH"):
        assert any(f"breaks with spot of {coin} at" in line for line in ahead)
        assert any(f"trade       {coin} " in line for line in ahead)
    assert {each["what"] for each in told if each["kind"] == "broken"} >= {"delta BTC", "delta ETH"} or any(
        "ETH" in each["what"] for each in told
    )
    assert len({each["time"] for each in told}) <= 3  # the fourth day has no chain of ETH
