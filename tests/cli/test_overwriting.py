"""Results never overwrite an input of the same command, by whatever name both go."""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
from pathlib import Path

import pandas as pd
import pytest
from cases.commands import one_line

from hedging import OptionChain
from hedging.cli import main as cli
from hedging.cli._overwriting import INPUTS, OUTPUTS
from hedging.venues import write_chain

PLAN = ["plan", "book.toml", "--chain", "chain.csv"]
LINES = (
    ["chain", "convert", "chain.csv", "-o", "chain.csv"],
    ["chain", "convert", "quotes/../chain.csv", "-o", "chain.csv"],
    ["chain", "convert", "chain.csv", "-o", "linked.csv"],
    ["chain", "convert", "linked.csv", "-o", "chain.csv"],
    ["chain", "check", "x.csv", "chain.csv", "--csv", "chain.csv"],
    ["chain", "map", "chain.csv", "-o", "chain.csv"],
    [*PLAN, "--json", "book.toml"],
    [*PLAN, "--csv", "chain.csv"],
    [*PLAN, "--ticket", "chain.csv"],
    [*PLAN, "--map", "map.toml", "--json", "map.toml"],
    [*PLAN, "--dividends", "div.csv", "--csv", "div.csv"],
    [*PLAN, "--depth", "depth.json", "--json", "depth.json"],
    [*PLAN, "--prices", "prices.csv", "--csv", "prices.csv"],
    ["plan", "book.toml", "--chain", "depth.json+chain.csv", "--csv", "chain.csv"],
    ["plan", "book.toml", "--chain", "x.csv", "--chain", "chain.csv", "--csv", "chain.csv"],
    ["frontier", "book.toml", "--chain", "chain.csv", "--over", "floor", "--csv", "chain.csv"],
    ["overlays", "book.toml", "--chain", "chain.csv", "--plot", "book.toml"],
    ["audit", "plan.json", "--chain", "chain.csv", "--json", "plan.json"],
    ["audit", "plan.json", "--chain", "chain.csv", "--delivery", "prices.csv", "--csv", "prices.csv"],
    ["watch", "plan.json", "--chain", "chain.csv", "--json-lines", "plan.json"],
    ["explain", "plan.json", "--chain", "quotes", "--csv", "quotes/monday.csv"],
    ["roll", "plan.json", "--chain", "chain.csv", "--json", "plan.json"],
    ["worth", "plan.json", "--chain", "chain.csv", "--json", "plan.json"],
    ["scenario", "book.toml", "--chain", "chain.csv", "--velocity", "-2%", "--csv", "book.toml"],
    ["screen", "prices.csv", "--csv", "prices.csv"],
    ["backtest", "book.toml", "--chain", "chain.csv", "--csv", "chain.csv"],
    ["backtest", "book.toml", "--chain", "quotes", "--csv", "quotes/monday.csv"],
    ["report", "book.toml", "--chain", "chain.csv", "--screen", "screen.json", "-o", "screen.json"],
    ["book", "check", "book.toml", "--json", "book.toml"],
    ["book", "check", "book.toml", "--json", "hard.toml"],
)


@pytest.fixture(autouse=True)
def inputs(folder: Path, sample: OptionChain) -> Path:
    write_chain(sample, folder / "chain.csv")
    for name in ("plan.json", "prices.csv", "div.csv", "map.toml", "depth.json", "screen.json"):
        (folder / name).write_text(f"what is in {name}\n")
    (folder / "quotes").mkdir()
    write_chain(sample, folder / "quotes" / "monday.csv")
    (folder / "linked.csv").symlink_to("chain.csv")
    os.link(folder / "book.toml", folder / "hard.toml")
    return folder


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("line", LINES, ids=" ".join)
def test_a_result_that_would_overwrite_an_input_is_refused_before_anything_is_read(
    line: list[str], inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(inputs)
    assert cli.main(line) == 2
    said = one_line(capsys)
    assert f"{line[-2]} {line[-1]} is " in said
    assert "give another name" in said
    assert contents(inputs) == before


def test_stdin_that_is_redirected_from_the_result_is_refused(
    inputs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with (inputs / "book.toml").open() as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        assert cli.main(["book", "check", "-", "--json", "book.toml"]) == 2
    assert "is the file that is read" in one_line(capsys)


def test_an_older_result_may_be_overwritten(inputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for empty in ("", "\n", "[]\n"):
        (inputs / "old.csv").write_text(empty)
        assert cli.main(["book", "check", "book.toml", "--csv", "old.csv"]) == 0
    (inputs / "old.csv").write_text("# hedging-chain {}\nan older chain")
    assert cli.main(["chain", "convert", "chain.csv", "-o", "old.csv"]) == 0
    assert (inputs / "old.csv").read_bytes() == (inputs / "chain.csv").read_bytes()


@pytest.mark.parametrize(
    "line",
    [
        ["overlays", "book.toml", "--chain", "chain.csv", "--csv", "other.toml"],
        ["overlays", "book.toml", "--chain", "chain.csv", "--json", "recorded.csv"],
        ["overlays", "book.toml", "--chain", "chain.csv", "--plot", "closes.png"],
        ["overlays", "book.toml", "--chain", "chain.csv", "--json", "reply.json"],
        ["overlays", "book.toml", "--chain", "chain.csv", "--json", "packed.json.gz"],
        ["chain", "convert", "chain.csv", "-o", "closes.csv"],
        ["chain", "map", "quotes/table.csv", "-o", "done.toml"],
        ["book", "schema", "-o", "other.toml"],
    ],
    ids=" ".join,
)
def test_what_somebody_wrote_or_recorded_is_no_older_result(
    line: list[str], inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("closes.csv", "closes.png"):
        (inputs / name).write_text("date,BTC,ETH\n2026-01-01,70000,2000\n")
    (inputs / "other.toml").write_bytes((inputs / "book.toml").read_bytes())
    (inputs / "done.toml").write_text('asset = "BTC"\n[columns]\nstrike = "K"\n')
    (inputs / "recorded.csv").write_bytes((inputs / "chain.csv").read_bytes())
    (inputs / "reply.json").write_text('{"jsonrpc": "2.0", "result": []}')
    (inputs / "packed.json.gz").write_bytes(gzip.compress(b"{}"))
    (inputs / "quotes" / "table.csv").write_text("K,T\n1,2\n")
    before = contents(inputs)
    assert cli.main(line) == 2
    assert f"{line[-2]} {line[-1]} is " in (said := one_line(capsys))
    assert "which no result replaces; give another name" in said
    assert contents(inputs) == before


@pytest.mark.parametrize(
    "text",
    [
        "symbol,bid1Price,bid1Iv,ask1Price\n",
        '{"retCode": 0, "result": {"list": [{"symbol": "XRP", "bid1Price": "1"}]}}',
        '{"code": "0", "data": [{"instId": "BTC-USD", "askPx": "0.2", "bidPx": "0.1"}]}',
        "instrument_name,bid_price,ask_price,mark_price\n",
        '{"instrument_name": "BTC-27MAR26-55000-C", "bid_price": 0.2}\n',
        "timestamp,currency,instrument_name,candle_close\n",
        "exchange,symbol,timestamp,local_timestamp,type,strike_price\n",
        'SPY,Last: 450.0\n"Date: March 19, 2026 at 4:31 PM EDT",Bid: 450.0\nExpiration Date,Calls,Last Sale\n',
        "contractSymbol,lastTradeDate,strike\n",
        "Symbol,Last,Net Change,Bid,Ask\n",
        "Effective Date,Expiry Date,Last Trade Date,Option Type,Strike,Bid,Ask\n",
        '{"symbol": "MSFT", "underlyingPrice": 245.4, "callExpDateMap": {}}',
        '{"data": [{"date": "2026-09-20", "delivery_price": 80321.21}]}',
        "month,start_timestamp_ms,end_timestamp_ms,BTC-PERPETUAL\n",
        "date,amount\n2026-03-20,1.78\n",
    ],
)
@pytest.mark.parametrize(
    "line", [["book", "check", "book.toml", "--csv"], ["chain", "convert", "chain.csv", "-o"]]
)
def test_what_a_venue_or_a_vendor_says_is_no_older_result(
    line: list[str], text: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "theirs.csv").write_text(text)
    assert cli.main([*line, "theirs.csv"]) == 2
    assert "which no result replaces" in one_line(capsys)
    assert (folder / "theirs.csv").read_text() == text


@pytest.mark.parametrize(
    "text",
    [
        "call the desk on Monday\n",
        "name,phone,street\nA,1,2\n",
        '{"my": "settings"}\n',
        '{\n  "version": 2,\n  "name": "a package of mine"\n}\n',
        "[section]\nkey = 1\n",
        "<html><title>Hedge report</title></html>\n",
        "\x89PNG of a scanner",
        "\x00\x01 what no text is",
    ],
)
@pytest.mark.parametrize("option", ["--json", "--csv", "--plot"])
def test_what_nobody_here_wrote_is_kept(
    option: str, text: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "mine.svg").write_bytes(data := text.encode("latin-1"))
    assert cli.main(["overlays", "book.toml", "--chain", "chain.csv", option, "mine.svg"]) == 2
    said = one_line(capsys)
    assert f"{option} mine.svg is a file that no command of hedging wrote, which no result replaces" in said
    assert "give another name, or remove that file first" in said
    assert (folder / "mine.svg").read_bytes() == data


def test_a_chain_replaces_one_chain_and_no_table_of_many(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pd.DataFrame({"date": ["2026-01-01"], "close": [70_000.0]}).to_parquet(folder / "closes.parquet")
    (folder / "old.csv.gz").write_bytes(gzip.compress(b"timestamp,symbol,bid,ask\n"))
    for name in ("closes.parquet", "old.csv.gz"):
        before = (folder / name).read_bytes()
        assert cli.main(["chain", "convert", "chain.csv", "-o", name]) == 2
        assert "which no result replaces" in one_line(capsys)
        assert (folder / name).read_bytes() == before
    for name in ("one.parquet", "one.csv.gz", "one.csv"):
        line = ["chain", "convert", "chain.csv", "-o", name]
        assert [cli.main(line), cli.main(line)] == [0, 0], capsys.readouterr().err


def test_every_result_may_be_written_anew(inputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (inputs / "result.csv").write_text("time,kind,instrument,quantity,price\n")  # a ledger of a backtest
    # What `plan --ticket-for deribit` and `okx` write: an order names its instrument as quotes do.
    order = [{"method": "private/buy", "params": {"instrument_name": "BTC-20MAR26-69000-C", "price": 0.05}}]
    batch = [
        {
            "method": "POST",
            "path": "/api/v5/trade/batch-orders",
            "body": [{"instId": "BTC-USD", "px": "0.05"}],
        }
    ]
    for number, ticket in enumerate((order, batch)):
        (inputs / f"ticket{number}.json").write_text(json.dumps(ticket, indent=2))
        assert cli.main(["book", "check", "book.toml", "--json", f"ticket{number}.json"]) == 0
    frame = ["--chain", "chain.csv", "--csv", "result.csv", "--json", "result.json"]
    for line in (
        ["overlays", "book.toml", *frame],
        ["scenario", "book.toml", *frame, "--velocity", "-2%", "--days", "2"],
        ["chain", "show", "chain.csv", *frame[2:]],
        ["chain", "check", "chain.csv", *frame[2:]],
        ["chain", "convert", "chain.csv", "-o", "copy.csv.gz"],
        ["book", "check", "book.toml", *frame],
    ):
        assert [cli.main(line), cli.main(line)] == [0, 0], capsys.readouterr().err


def test_two_results_of_one_file_by_two_names_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["book", "check", "book.toml", "--json", "x", "--csv", "quotes/../x"]) == 2
    assert "named twice" in one_line(capsys)


def test_every_argument_that_names_a_file_is_known_as_read_or_written() -> None:
    forms = ("FILE", "BOOK", "PLAN", "PRICES", "FOLDER")

    def named(parser: argparse.ArgumentParser) -> set[str]:
        found = set()
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                found |= {name for step in action.choices.values() for name in named(step)}
            elif action.metavar and any(form in str(action.metavar) for form in forms):
                found.add(action.dest)
        return found

    assert named(cli.the_parser()) <= {*INPUTS, *OUTPUTS}
