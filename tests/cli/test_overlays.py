"""The command ``overlays``, run as a user runs it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from hedging import Book, Holding, OptionChain, overlays, samples
from hedging.cli import main as cli
from hedging.venues import write_chain

BOOK = Book(Holding.spot("BTC", 25.0, entry=88_000.0))
RUN = ["overlays", "book.toml", "--chain", "chain.csv"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "book.toml").write_text('[[holdings]]\nasset = "BTC"\nkind = "spot"\nquantity = 25\n')
    write_chain(samples.chain(), tmp_path / "chain.csv")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rows_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, object]]:
    assert cli.main([*RUN, *arguments, "--json", "-"]) == 0
    rows: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return rows


def symbols(row: dict[str, object]) -> list[str]:
    return [order["instrument"] for order in row["orders"]]  # type: ignore[attr-defined]


def test_strikes_deltas_days_and_coverage_are_those_of_the_library(
    folder: Path, sample: OptionChain, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--put-delta", ".25", "--call-strike", "72000", "--days", "20:45", "--coverage", "80%"]
    rows = {row["overlay"]: row for row in rows_of(capsys, *asked)}
    made = overlays.standard(BOOK, sample, coverage=0.8, put_delta=0.25, call_strike=72_000.0)
    assert list(rows) == ["no hedge", *(overlay.name for overlay in made)]
    for overlay in made:
        assert symbols(rows[overlay.name]) == [leg.instrument.symbol for leg in overlay.legs]
        sizes = [order["quantity"] for order in rows[overlay.name]["orders"]]  # type: ignore[attr-defined]
        assert sizes == [abs(leg.quantity) for leg in overlay.legs]
    assert rows["no hedge"]["gain_25"] == pytest.approx(0.25)
    assert rows["zero-cost collar"]["remarks"]


def test_structures_are_picked_by_name(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    named = ["--structure", "collar", "--structure", "put-spread-collar", "--upper-delta", ".1"]
    assert cli.main([*RUN, *named]) == 2
    assert "--upper-delta: none of collar, put-spread collar has such a leg" in capsys.readouterr().err
    assert [row["overlay"] for row in rows_of(capsys, *named[:4])][1:] == ["collar", "put-spread collar"]
    assert cli.main([*RUN, "--structure", "butterfly"]) == 2
    assert "structure must be one of protective put" in capsys.readouterr().err


def test_what_the_quotes_do_not_allow_is_said_on_stderr(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*RUN, "--far-days", "300:400", "--plot", "overlays.png"]) == 0
    captured = capsys.readouterr()
    assert "hedging: no calendar: no expiry lies between 300 and 400 days" in captured.err
    assert "at +100%" in captured.out
    assert (folder / "overlays.png").read_bytes().startswith(b"\x89PNG")


def test_one_structure_over_strikes_and_expiries(
    folder: Path, sample: OptionChain, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--structure", "protective-put", "--over-strikes", "80%,90%", "--days", "20:60"]
    rows = rows_of(capsys, *asked)
    table = overlays.over_strikes("protective put", BOOK, sample, strikes=[0.8, 0.9], expiries=(20.0, 60.0))
    assert [row["premium"] for row in rows] == table["premium"].tolist()
    assert cli.main([*RUN, *asked]) == 0
    printed = capsys.readouterr().out
    assert "premium, share of the book" in printed
    lines = printed.splitlines()
    assert lines[2].startswith("80% of spot")
    assert f"{table['premium_share'].iloc[3]:.2%}" in lines[3]
    assert "27 Mar 26 (25d)" in lines[1]


def test_a_calendar_over_deltas_moves_what_it_buys(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--structure", "calendar", "--over-deltas", ".3", "--days", "10:12", "--far-days", "20:60"]
    rows = rows_of(capsys, *asked)
    assert [round(float(str(row["days"]))) for row in rows] == [25, 39, 53]
    assert all(row["by"] == "delta" for row in rows)
    assert any(row["reason"] == "" for row in rows)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--over-strikes", "90%"], "give --structure NAME once"),
        (["--structure", "collar", "--over-strikes", "90%", "--plot", "x.png"], "leave one of them out"),
        (["--put-delta", ".2", "--put-strike", "60000"], "--put-strike and --put-delta exclude each other"),
        (["--put-delta", "25"], "must be a delta between 0 and 1; got 25: write 0.25"),
        (["--over-strikes", "ninety"], "must be a share like"),
        (["--off-mark", "some"], "must be a share like"),
        (["--off-mark", "0"], "tolerance of --off-mark must be a number > 0"),
        (["--delta-tolerance", "0"], "tolerance of delta must be a number > 0"),
    ],
)
def test_wrong_wishes_end_in_one_line(
    arguments: list[str], message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*RUN, *arguments]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1


def test_a_stub_is_sold_with_consent_alone(
    shared_data: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stub = str(shared_data.parent / "cases" / "stub_bid_summary.json")
    asked = [
        "overlays",
        "book.toml",
        "--chain",
        stub,
        "--structure",
        "covered-call",
        "--call-strike",
        "40000",
    ]
    assert cli.main(asked) == 2
    assert "BTC-2MAR26-40000-C has a bid of 350, 99% off its mark" in capsys.readouterr().err
    assert cli.main([*asked, "--off-mark", "any"]) == 0
    assert "40000-C" in capsys.readouterr().out


def test_several_venues_each_structure_where_it_costs_least(
    folder: Path, sample: OptionChain, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = sample.with_terms(venue="bybit", lot=1.0)
    quotes = elsewhere.quotes.assign(ask=lambda x: x["ask"] + 5.0, bid=lambda x: x["bid"] - 5.0)
    write_chain(replace(elsewhere, quotes=quotes), folder / "bybit.csv")
    rows = rows_of(capsys, "--chain", "bybit.csv", "--structure", "collar")
    assert [name.partition(":")[0] for name in symbols(rows[1])] == ["deribit", "deribit"]
    assert any("costs least to enter" in remark for remark in rows[1]["remarks"])  # type: ignore[attr-defined]
    over = [*RUN, "--chain", "bybit.csv", "--structure", "protective put", "--over-strikes", "90%"]
    assert cli.main(over) == 0
    out = capsys.readouterr().out
    assert "contract" in out
    assert "deribit:BTC-10APR26-64000-P" in out


def test_a_book_in_coin_is_told_in_coin(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    book = (folder / "book.toml").read_text()
    (folder / "book.toml").write_text('numeraire = "BTC"\n' + book)
    assert {row["currency"] for row in rows_of(capsys)} == {"BTC"}
    assert cli.main(RUN) == 0
    assert "execution [BTC]" in capsys.readouterr().out
    assert cli.main([*RUN, "--structure", "protective put", "--over-strikes", "90%"]) == 0
    assert "counted in BTC" in capsys.readouterr().out
    assert cli.main([*RUN, "--csv", "-"]) == 0
    assert all(line.endswith(",BTC") for line in capsys.readouterr().out.splitlines()[1:])
