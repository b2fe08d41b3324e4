"""The command ``hedging backtest``: what it prints and writes, and how it refuses."""

from __future__ import annotations

import json
import signal

import pandas as pd
import pytest
from cases.tapes import random_tape

from hedging.cli.main import main

BOOK = 'cash = 0\n[[holdings]]\nkind = "spot"\nasset = "BTC"\nquantity = 2\n'


@pytest.fixture
def files(tmp_path):
    random_tape(41).save(tmp_path / "tape.parquet")
    (tmp_path / "book.toml").write_text(BOOK)
    return tmp_path


def command(files, *more: str) -> list[str]:
    return ["backtest", str(files / "book.toml"), "--chains", str(files / "tape.parquet"), *more]


def test_it_prints_the_comparison_and_each_run(files, capsys) -> None:
    more = ("--strategy", "put,collar", "--set", "days=3:60", "--set", "delta=0.25", "--starts", "2")
    assert main(command(files, *more)) == 0
    out = capsys.readouterr().out
    for said in ("hold", "collar", "2 starts", "max drawdown", "reconciled", "without overlay"):
        assert said in out


def test_json_csv_and_picture(files, capsys) -> None:
    more = (
        "--set",
        "days=3:60",
        "--json",
        "-",
        "--csv",
        str(files / "l.csv"),
        "--plot",
        str(files / "p.png"),
    )
    assert main(command(files, *more)) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["quotes"] == "recorded"
    assert [run["name"] for run in found["runs"]] == ["hold", "put"]
    ledger = pd.read_csv(files / "l.csv")
    assert len(ledger) == len(found["runs"][1]["ledger"])
    assert (files / "p.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--strategy", "straddle"), "--strategy must be one of hold, put"),
        (("--set", "delta"), "write it as key=value"),
        (("--set", "deltax=3"), "no such setting: deltax"),
        (("--set", "delta=x"), "must be a number"),
        (("--set", "days=30"), "a window such as 20:45"),
        (("--set", "delay=2"), "delay must be 0 or 1"),
        (("--set", "depth=5"), "depth must be true or false"),
        (("--strategy", "hold", "--set", "delta=0.3"), "delta has no use"),
        (("--set", "funding=0.0001"), "funding has no use"),
        (("--set", "liquidation_fee=0.01"), "no use without an account that can be liquidated: --account"),
        (("--set", "delta=0.3,delta=0.2"), "delta is given twice, as 0.3 and as 0.2"),
        (("--set", "delta=0.3,strike=70000"), "delta and strike choose one option"),
        (("--from", "2026-01-09", "--to", "2026-01-03"), "ends before it begins"),
        (("--strategy", "banded"), "--set target="),
        (("--from", "2027-01-01"), "no snapshot of BTC"),
        (("--starts", "500"), "starts must be a whole number of days"),
        (("--asset", "ETH"), "not ETH"),
        (("--prices", "nowhere.parquet"), "nowhere.parquet cannot be read"),
        (("--json", "-", "--csv", "-"), "only one result can go to stdout"),
        (("--plot", "p.bmp"), "the ending must be one of"),
    ],
)
def test_bad_input_is_one_line_and_code_2(files, capsys, more, said) -> None:
    assert main(command(files, *more)) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_several_settings_at_once_are_those_one_by_one(files, capsys) -> None:
    outs = []
    for more in (
        ("--set", "days=3:60,delta=0.25, delay=1"),
        ("--set", "days=3:60", "--set", "delta=0.25", "--set", "delay=1"),
    ):
        assert main(command(files, *more)) == 0
        outs.append(capsys.readouterr().out)
    assert outs[0] == outs[1]
    assert "over 6 starts" in outs[0]  # half of the tape's twelve days


def test_the_last_day_alone_is_no_backtest(files, capsys) -> None:
    assert main(command(files, "--from", "2026-01-23", "--set", "days=3:60")) == 2
    assert "takes two snapshots at least" in capsys.readouterr().err


def test_two_snapshots_are_a_run_of_one_period(files, capsys) -> None:
    assert main(command(files, "--from", "2026-01-21", "--set", "days=3:60")) == 0
    found = capsys.readouterr()
    assert "nan" not in found.out
    assert found.err == ""
    assert "one start, which is luck" in " ".join(found.out.split())


def test_names_of_strategies_may_stand_apart(files, capsys) -> None:
    assert main(command(files, "--strategy", "put, collar", "--set", "days=3:60", "--starts", "1")) == 0
    assert "collar" in capsys.readouterr().out


def test_times_without_a_zone_are_read_by_timezone(shared_data, tmp_path, capsys) -> None:
    file = shared_data / "chains" / "bybit_btc_sol_usdt_20250702.csv.gz"
    table = pd.read_csv(file)
    folder = tmp_path / "recorded"
    folder.mkdir()
    for day in ("02", "03"):
        dated = table["download_date"].str.replace("2025-07-02", f"2025-07-{day}")
        table.assign(download_date=dated).to_csv(folder / f"{day}.csv", index=False)
    (tmp_path / "book.toml").write_text(BOOK)
    asked = ["backtest", str(tmp_path / "book.toml"), "--chain", str(folder), "--set", "days=20:95"]
    assert main(asked) == 2
    error = capsys.readouterr().err
    assert "--timezone" in error
    assert "timezone=" not in error
    assert main([*asked, "--timezone", "Europe/Rome"]) == 0
    assert "2025-07-02 11:31" in capsys.readouterr().out  # Rome's 13:31
    assert main([*asked, "--timezone", "Mars/Phobos"]) == 2


def test_single_updates_need_their_step(shared_data, files, capsys) -> None:
    asked = [
        "backtest",
        str(files / "book.toml"),
        "--chain",
        str(shared_data.parent / "cases/tardis_okx.csv"),
    ]
    if not (shared_data.parent / "cases").is_dir():
        pytest.skip("the hand-made cases are not here")
    assert main(asked) == 2
    assert "give --step with the time between chains" in capsys.readouterr().err
    assert main([*asked, "--step", "1h"]) == 2
    assert "two snapshots at least" in capsys.readouterr().err


def test_what_is_said_of_a_saved_tape_is_refused(files, capsys) -> None:
    assert main(command(files, "--timezone", "Europe/Rome")) == 2
    assert "leave --timezone out" in capsys.readouterr().err


def test_a_start_without_worth_is_counted_and_the_rest_shown(files, capsys) -> None:
    spot = random_tape(41).spot
    low = min(range(1, 6), key=lambda day: spot[day])
    debt = 2 * spot[low] + 1.0
    assert debt < 2 * spot[0]
    (files / "book.toml").write_text(BOOK.replace("cash = 0", f"cash = {-debt}"))
    assert main(command(files, "--set", "days=3:60")) == 0
    out = " ".join(capsys.readouterr().out.split())
    lost = sum(2 * spot[day] <= debt for day in range(6))
    assert f"over {6 - lost} of 6 starts" in out
    assert f"{lost} of 6 starts left out: 2026-01-" in out
    assert "(the book is worth -1.00 USD)" in out


def test_of_a_book_of_several_assets_one_is_chosen(files, capsys) -> None:
    assert main(command(files, "--set", "days=3:60", "--json", str(files / "one.json"))) == 0
    (files / "book.toml").write_text(BOOK + '[[holdings]]\nkind = "spot"\nasset = "ETH"\nquantity = 2\n')
    capsys.readouterr()
    assert main(command(files)) == 2
    assert "the book holds BTC, ETH" in (said := capsys.readouterr().err)
    assert "--asset" in said
    assert main(command(files, "--asset", "SOL")) == 2
    assert "not SOL" in capsys.readouterr().err
    more = ("--asset", "BTC", "--set", "days=3:60", "--json", str(files / "two.json"))
    assert main(command(files, *more)) == 0
    assert json.loads((files / "two.json").read_text()) == json.loads((files / "one.json").read_text())


def test_plans_are_of_the_book_s_tables_and_pairs_of_two_strategies(files, capsys) -> None:
    table = (
        "[targets]\ndelta = '0.5:1.5'\n[limits]\nmax_legs = 1\nexpiries = '5:60'\noutright = 'perpetual'\n"
    )
    (files / "book.toml").write_text(table + BOOK.replace("cash = 0\n", ""))
    more = ("--strategy", "planned,put+banded", "--set", "target=1,band=0.5,horizon=9", "--starts", "1")
    asked = ("--set", "days=3:60,delay=0", "--json", str(files / "j.json"))
    assert main(command(files, *more, *asked)) == 0
    assert "put+banded" in capsys.readouterr().out
    _, planned, both = json.loads((files / "j.json").read_text())["runs"]
    first = planned["ledger"][0]["time"]
    opened = [entry for entry in planned["ledger"] if (entry["kind"], entry["time"]) == ("open", first)]
    assert len(opened) == 1  # one leg at most
    kinds = {entry["instrument"].rsplit("-")[-1] for entry in both["ledger"]}
    assert {"PERPETUAL", "P"} <= kinds


def test_commas_inside_a_setting_stay_in_it() -> None:
    from hedging.cli.backtest import _settings

    assert _settings(["floor=7:-8%,30:-15%,budget=2%, max-legs=3"]) == {
        "floor": "7:-8%,30:-15%",
        "budget": "2%",
        "max_legs": "3",
    }


def holed(files, *parts: tuple[int, int]):
    """A folder of one file each for some stretches of a tape of every second day, and a file of nothing."""
    tape, folder = random_tape(41, 22), files / "folder"
    folder.mkdir()
    for number, (first, end) in enumerate(parts):
        tape.taken(list(range(first, end))).save(folder / f"{number}.parquet")
    (folder / "z.csv").write_text("nothing\n1\n")
    return [
        "backtest",
        str(files / "book.toml"),
        "--chains",
        str(folder),
        "--set",
        "days=3:90",
        "--starts",
        "1",
    ]


def test_a_folder_with_holes_begins_on_its_longest_stretch_and_names_the_others(files, capsys) -> None:
    asked = holed(files, (0, 2), (6, 14), (18, 20))
    assert main([*asked, "--json", str(files / "j.json")]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "BTC, 2026-01-13 to 2026-01-27" in out
    assert "2 left out: the longest stretch without a hole of more than 5 days counts" in out
    assert "2026-01-01 to 2026-01-03 (2 snapshots); 2026-02-06 to 2026-02-08 (2 snapshots)" in out
    assert "z.csv" in out
    left = json.loads((files / "j.json").read_text())["left out"]
    assert any("2026-01-01 to 2026-01-03" in each for each in left)
    assert any("z.csv" in each for each in left)


def test_a_first_day_begins_on_its_own_stretch(files, capsys) -> None:
    asked = holed(files, (0, 2), (6, 14), (18, 20))
    assert main([*asked, "--from", "2026-02-01"]) == 0
    assert "BTC, 2026-02-06 to 2026-02-08" in capsys.readouterr().out
    assert main([*asked, "--from", "2026-01-01"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "BTC, 2026-01-01 to 2026-01-03" in out
    assert "the first stretch" in out
    assert main([*asked, "--set", "longest_gap=30"]) == 0
    assert "BTC, 2026-01-01 to 2026-02-08" in capsys.readouterr().out


def test_files_of_delivery_prices_that_are_none_are_told_by_their_own_name(files, capsys) -> None:
    for name in ("chains", "delivery", "prices"):
        (files / name).mkdir()
        assert main(command(files, "--prices", str(files / name))) == 2
        assert "is a folder: delivery prices are read of one file" in capsys.readouterr().err
        (files / f"in-{name}").mkdir()
        (files / f"in-{name}" / name).write_text("")
        assert main(command(files, "--prices", str(files / f"in-{name}" / name))) == 2
        assert f"the file {name} must end in" in capsys.readouterr().err


def test_a_history_of_funding_is_paid_by_the_book_s_perpetual(files, capsys) -> None:
    # 0.01 % per 8 hours, in rows of 8 hours and of one hour: the same payments, 0.03 % a day for 10 days.
    (files / "book.toml").write_text(
        BOOK + '[[holdings]]\nkind = "perpetual"\nasset = "BTC"\nquantity = 1\nentry = 80000\n'
    )
    for step in (8, 1):
        times = pd.date_range("2025-12-30", "2026-01-31", freq=f"{step}h", tz="UTC")
        table = pd.DataFrame({"time": times, "funding_rate": 0.0001})
        table.to_csv(files / f"{step}.csv", index=False)
        more = ("--strategy", "hold", "--starts", "1", "--to", "2026-01-11")
        asked = ("--funding-history", str(files / f"{step}.csv"), "--json", str(files / "j.json"))
        assert main(command(files, *more, *asked)) == 0
        ledger = json.loads((files / "j.json").read_text())["runs"][0]["ledger"]
        # On the 80,000 that it was entered at, paid in coin at the index of each time.
        paid = sum(entry["coin"] * entry["index"] for entry in ledger if entry["kind"] == "funding")
        assert paid == pytest.approx(-80_000 * 0.0003 * 10, rel=1e-9)
    assert main(command(files, *more, *asked, "--set", "funding=0.0001")) == 2
    assert "exclude each other" in capsys.readouterr().err
    (files / "book.toml").write_text(BOOK)
    assert main(command(files, *more, *asked)) == 2
    assert "--funding-history has no use" in capsys.readouterr().err


def test_one_of_two_assets_keeps_its_accounts_and_what_lies_cold(files, capsys) -> None:
    lines = [
        ("ETH", "quantity = 1"),
        ("BTC", "quantity = 100"),
        ("BTC", 'quantity = 0.2\naccount = "deribit"'),
    ]
    text = "".join(f'[[holdings]]\nkind = "spot"\nasset = "{asset}"\n{more}\n' for asset, more in lines)
    text += '[[holdings]]\ncontract = "BTC-PERPETUAL"\nquantity = 5\nentry = 80000\naccount = "deribit"\n'
    (files / "book.toml").write_text(text + '[accounts.deribit]\nmodel = "standard"\n')
    more = ("--asset", "BTC", "--strategy", "hold", "--starts", "1", "--json", str(files / "j.json"))
    assert main(command(files, *more)) == 0
    assert "deribit (standard): by the rules that the book declares" in capsys.readouterr().out
    run = json.loads((files / "j.json").read_text())["runs"][0]
    assert "liquidation" in {entry["kind"] for entry in run["ledger"]}  # 0.2 coins carry 5: the 100 do not
    assert run["points"][-1]["coins"] < 100.2
    assert main(command(files, *more, "--account", "portfolio")) == 0
    assert "instead of its own" in capsys.readouterr().out


@pytest.fixture
def interruptible():
    """What a shell has in its background ignores SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def pressed(monkeypatch, make: str, number: int) -> None:
    """Press Ctrl-C while a rolled overlay decides for so many times."""
    from hedging.backtest.strategies import Rolled

    honest, calls = Rolled.__call__, []

    def stopped(self, state):
        calls.append(1) if self.name == make else None
        if len(calls) == number:
            signal.raise_signal(signal.SIGINT)
        return honest(self, state)

    monkeypatch.setattr(Rolled, "__call__", stopped)


def interrupted(files, capsys) -> tuple[str, dict]:
    more = ("--strategy", "put,collar", "--set", "days=3:60", "--json", str(files / "j.json"))
    assert main(command(files, *more)) == 130
    return capsys.readouterr().err, json.loads((files / "j.json").read_text())


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_keeps_the_strategies_that_are_done(files, capsys, monkeypatch) -> None:
    pressed(monkeypatch, "collar", 1)
    said, found = interrupted(files, capsys)
    assert "interrupted; collar not begun" in said
    assert [run["name"] for run in found["runs"]] == ["hold", "put"]
    assert {row["variant"] for row in found["each start"]} == {"hold", "put"}


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_keeps_the_starts_that_are_done(files, capsys, monkeypatch) -> None:
    pressed(
        monkeypatch, "collar", 30
    )  # 12 snapshots from the first day, 12 in its start, 6 into the next one's 11
    said, found = interrupted(files, capsys)
    assert "interrupted; 1 of 6 starts of collar done" in said
    assert [run["name"] for run in found["runs"]] == ["hold", "put", "collar"]
    starts = [row["variant"] for row in found["each start"]]
    assert [starts.count(name) for name in ("hold", "put", "collar")] == [6, 6, 1]


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_before_anything_is_done_writes_nothing(files, capsys, monkeypatch) -> None:
    pressed(monkeypatch, "put", 3)
    assert main(command(files, "--set", "days=3:60", "--json", str(files / "j.json"))) == 130
    assert "Traceback" not in capsys.readouterr().err
    assert not (files / "j.json").exists()
