"""The command ``hedging chain``: each step is one public call, and bad input one line."""

from __future__ import annotations

import argparse
import io
import json
import sys

import pandas as pd
import pytest
from cases.tables import chain, rows

from hedging.cli import chain as cli_chain
from hedging.cli import main as cli
from hedging.errors import ChainError, InputError
from hedging.venues import read_chain, write_chain


def run(*argv: str) -> int:
    parser = argparse.ArgumentParser()
    cli_chain.add_parser(parser.add_subparsers())
    args = parser.parse_args(["chain", *argv])
    return args.run(args)


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "chain.csv.gz"
    write_chain(chain(), path)
    return str(path)


def test_show_prints_the_chain_and_the_quotes_of_an_expiry(saved, capsys):
    assert run("show", saved, "--expiry", "2026-03-27") == 0
    out = capsys.readouterr().out
    assert "4 quotes kept" in out
    assert "BTC-27MAR26-70000-P" in out
    with pytest.raises(InputError, match="not in the chain; it has 2026-03-27"):
        run("show", saved, "--expiry", "2026-03-28")


def test_convert_writes_the_same_file_to_stdout(saved, tmp_path, capsys):
    assert run("convert", saved, "-o", str(tmp_path / "own.csv")) == 0
    capsys.readouterr()
    assert run("convert", saved, "-o", "-") == 0
    assert capsys.readouterr().out == (tmp_path / "own.csv").read_text()


def test_check_prints_and_writes_json(saved, tmp_path, capsys):
    assert run("check", saved) == 0
    assert "1 violation beyond bid and ask" in capsys.readouterr().out
    assert run("check", saved, "--json", "-") == 0
    assert json.loads(capsys.readouterr().out)["kept"] == 4
    assert run("check", saved, "--json", str(tmp_path / "check.json")) == 0
    assert json.loads((tmp_path / "check.json").read_text())["smile"][0]["butterfly"] > 0


def test_check_of_several_files_is_side_by_side(saved, tmp_path, capsys):
    other = tmp_path / "summary.json"
    other.write_text(json.dumps(rows()))
    assert run("check", saved, str(other)) == 0
    assert capsys.readouterr().out.count("quotes kept") == 2
    assert run("check", saved, str(other), "--json", "-", "--csv", str(tmp_path / "fits.csv")) == 0
    assert [each["kept"] for each in json.loads(capsys.readouterr().out)] == [
        len(chain().quotes),
        len(read_chain(str(other)).quotes),
    ]
    assert pd.read_csv(tmp_path / "fits.csv")["file"].unique().tolist() == [saved, str(other)]


def test_rules_are_printed_and_can_be_changed(tmp_path, capsys):
    path = tmp_path / "summary.json"
    path.write_text(json.dumps(rows()[:-1] + [rows()[-1] | {"bid_price": None}]))
    assert run("check", str(path)) == 0
    assert "max_forward_gap 0.005" in capsys.readouterr().out
    assert run("check", str(path), "--rule", "two_sided=1", "--rule", "max_spread=0.5") == 0
    out = capsys.readouterr().out
    assert "1 no two-sided quote" in out
    assert "max_spread 0.5" in out
    for wrong in ("max_spread", "max_spread=wide", "spread=1"):
        with pytest.raises(InputError, match="must be NAME=NUMBER with one of max_spread, max_spread_ratio"):
            run("show", str(path), "--rule", wrong)


def test_a_chain_from_stdin_is_checked(monkeypatch, capsys):
    for content, code, told in (
        (json.dumps(rows()), 0, "0 rejected"),
        ("a,b\n1,2\n", 2, "`hedging chain map -` begins a map"),
    ):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content.encode())))
        assert cli.main(["chain", "check", "-"]) == code
        assert told in "".join(capsys.readouterr())


@pytest.mark.parametrize("ending", ["parquet", "csv", "csv.gz"])
def test_convert_reads_back_to_the_same_chain(saved, tmp_path, ending):
    target = tmp_path / f"converted.{ending}"
    assert run("convert", saved, "-o", str(target)) == 0
    pd.testing.assert_frame_equal(read_chain(target).quotes, chain().quotes, check_exact=True)


def test_fetch_saves_what_the_exchange_sends_and_nothing_if_it_fails(tmp_path, monkeypatch):
    from hedging import venues

    target = tmp_path / "live.parquet"
    monkeypatch.setattr(venues, "fetch_chain", lambda _, asset, **__: chain(asset=asset))
    assert run("fetch", "deribit", "BTC", "-o", str(target)) == 0
    assert read_chain(target).asset == "BTC"

    def refuse(venue: str, asset: str, **_: object) -> None:
        raise ChainError("no")

    monkeypatch.setattr(venues, "fetch_chain", refuse)
    with pytest.raises(ChainError):
        run("fetch", "deribit", "BTC", "-o", str(tmp_path / "other.parquet"))
    assert [path.name for path in tmp_path.iterdir()] == ["live.parquet"]
