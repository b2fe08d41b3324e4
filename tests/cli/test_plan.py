"""``hedging plan`` beyond delta, vega and floor: each option is what the library is asked."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import pandas as pd
import pytest
from cases.commands import BOOK

from hedging import samples
from hedging.cli import _asked as asked
from hedging.cli import _console as console
from hedging.cli import main as cli
from hedging.planner import Effort, Limits, Outright, Target, View, plan
from hedging.venues import write_chain


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "book.toml").write_text(BOOK)
    write_chain(samples.chain(), tmp_path / "chain.csv")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def planned(folder: Path, *arguments: str) -> dict:
    run = ["plan", "book.toml", "--chain", "chain.csv", *arguments, "--json", "plan.json"]
    assert cli.main(run) == 0
    return json.loads((folder / "plan.json").read_text())


def orders(saved: dict) -> list[tuple[str, str, float]]:
    return [(order["instrument"], order["side"], order["quantity"]) for order in saved["orders"]]


def test_more_bands_are_those_of_a_target(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--delta-value", "500000:800000", "--vega-weighted", "-200:", "--delta-rule", "0.5"]
    saved = planned(folder, *arguments, "--max-legs", "2")
    target = Target(delta_value=(500_000, 800_000), vega_weighted=(-200, None), delta_rule=0.5)
    expected = plan(
        samples.book(), samples.chain(), target, Limits(max_legs=2), effort=Effort(alternatives=False)
    )
    assert orders(saved) == orders(expected.to_dict())
    assert saved["inputs"]["target"] == json.loads(json.dumps(target.to_dict()))
    assert "delta_value stickiness 0.5" in capsys.readouterr().out


def test_the_least_worst_loss_within_a_cost(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved = planned(folder, "--minimise", "worst", "--cost", "0.1%", "--delta", "6:14", "--max-legs", "2")
    assert saved["inputs"]["target"]["minimise"] == "worst"
    assert saved["cost"]["execution"] <= 0.001 * saved["base"] * (1 + 1e-6)
    assert "minimised" in capsys.readouterr().out


def test_limits_on_outcomes_draw_them_and_say_so_by_seed(folder: Path) -> None:
    arguments = ["--delta", "6:16", "--shortfall", "-15%", "--value-at-risk", "-14%", "--level", "90%"]
    first, again = (planned(folder, *arguments, "--outcomes", "200", "--max-legs", "2") for _ in range(2))
    assert orders(first) == orders(again)
    assert first["inputs"]["outcomes"] == 200
    assert first["inputs"]["target"]["level"] == 0.9
    checks = {check["limit"]: check for check in first["checks"]}
    assert checks["shortfall"]["ok"]
    assert checks["value_at_risk"]["ok"]


def test_outcomes_are_reweighted_to_fit_the_quotes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--delta", "6:16", "--shortfall", "-20%", "--expiries", "31:45", "--max-legs", "1"]
    saved = planned(folder, *arguments, "--outcomes", "300", "--reweight")
    assert saved["outcomes"]["reweighted"]
    assert saved["outcomes"]["largest_gain_left"] <= 0.0  # drawn outcomes leave hardly any before
    assert saved["outcomes"]["entropy"] < 0.01
    assert saved["outcomes"]["widened"] == 0.0
    assert "300, no free lunch" in capsys.readouterr().out


def test_a_view_is_printed_as_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved = planned(folder, "--delta", "8:20", "--drift", "-40%", "--vol", "55%", "--max-legs", "1")
    assert saved["inputs"]["view"] == View(drift=-0.4, vol=0.55).to_dict()
    assert saved["cost"]["carry"] < 0
    assert "drift -40 % a year, vol 55 %" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "a plan needs a target: give --delta LO:HI, --floor SHARE or another of --delta, --delta-value"),
        (["--drift", "-40%"], "not what to reach, and a plan needs a target: give --delta LO:HI"),
        (["--delta", "8+-x"], "--delta must be a number; got 'x'"),
        (
            ["--minimise", "premium"],
            "--minimise must be one of cost, worst, shortfall, margin; got 'premium'",
        ),
        (["--minimise", "worst", "--floor", "-15%"], "leave out --floor -15%"),
        (
            ["--value-at-risk", "14%"],
            "--value-at-risk must be a loss, a share like -15%; got '14%': write -14%",
        ),
        (["--delta", "8:12", "--delta-rule", "sticky"], "rule must be one of"),
        (["--delta", "8:12", "--joint", "apart"], "--joint must be one of box, beta, together; got 'apart'"),
        (["--delta", "8:12", "--vol", "0"], "--vol must be a number > 0"),
        (["--shortfall", "-10%", "--level", "100%"], "--level must lie between 0 and 1"),
        (["--shortfall", "-10%", "--outcomes", "0"], "--outcomes must be a whole number >= 1"),
        (
            ["--cost", "-1%", "--delta", "8:12"],
            "--cost must be a share >= 0 like 2%, or money; got '-1%': write 1%",
        ),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(
    folder: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["plan", "book.toml", "--chain", "chain.csv", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert message in captured.err


def test_what_a_command_line_leaves_out_is_the_default_of_the_library(folder: Path) -> None:
    saved = planned(folder, "--delta", "8:12")
    assert saved["inputs"]["target"] == {"delta": [8.0, 12.0]}
    assert saved["inputs"]["view"] is None
    assert saved["inputs"]["outcomes"] is None
    assert saved["inputs"]["limits"] == json.loads(json.dumps(Limits().to_dict()))


def test_floors_by_day_are_those_of_a_target(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved = planned(folder, "--floor", "7:-12%,30:-0.2", "--delta", "6:16", "--max-legs", "2")
    assert saved["inputs"]["target"]["floor"] == [[7.0, -0.12], [30.0, -0.2]]
    assert "floor day 7" in capsys.readouterr().out
    for wrong in ("7:-12%,", "7:-12%,x:-20%", "7:"):
        assert cli.main(["plan", "book.toml", "--chain", "chain.csv", "--floor", wrong]) == 2
        assert "--floor must be" in capsys.readouterr().err


RARE = {
    "--gamma-value": ("-40000:40000", Target(gamma_value=(-40_000, 40_000))),
    "--vega-coin": ("-0.05:0.05", Target(vega_coin=(-0.05, 0.05))),
    "--theta-coin": ("-0.02:", Target(theta_coin=(-0.02, None))),
    "--vega-by-days": (
        "0:30=-500:500,30:90=0:",
        Target(vega_by_days={(0, 30): (-500, 500), (30, 90): (0, None)}),
    ),
    "--joint": ("together", Target(joint="together")),
    "--reference-days": ("60", Target(reference_days=60.0)),
    "--deltas": ("0.1:0.4", Limits(deltas=(0.1, 0.4))),
    "--moneyness": ("0.7:", Limits(moneyness=(0.7, math.inf))),
    "--outright": ("perpetual,future", Limits(outright=(Outright("perpetual"), Outright("future")))),
    "--min-leg-share": ("10%", Limits(min_leg_share=0.1)),
    "--max-leg-share": ("150%", Limits(max_leg_share=1.5)),
    "--open-interest-share": ("20%", Limits(open_interest_share=0.2)),
    "--gross-vega": ("3000", Limits(gross_vega=3_000.0)),
    "--price-per-leg": ("0.1%", Limits(price_per_leg=0.001)),
    "--parsimony": ("0", Limits(parsimony=0.0)),
    "--no-close": (None, Limits(close=False)),
}


@pytest.mark.parametrize("name", RARE)
def test_every_option_is_the_field_of_its_name(name: str) -> None:
    value, expected = RARE[name]
    parser = console.Parser()
    asked.add_asked(parser)
    args = parser.parse_args([name if value is None else f"{name}={value}"])
    book, chain = samples.book(), samples.chain()
    target, limits = asked.flags_of(args).resolve(book, chain)
    assert (target if isinstance(expected, Target) else limits) == expected
    assert (limits if isinstance(expected, Target) else target) == (
        Limits() if isinstance(expected, Target) else Target()
    )


def test_every_field_of_target_and_limits_has_an_option_but_those_left_to_python() -> None:
    named = {name for name, *_ in (*asked.TARGETS, *asked.TARGET_RULES, *asked.LIMITS)}
    fields = {field.name for kind in (Target, Limits) for field in dataclasses.fields(kind)}
    # Funding, what is robust and what survives have options of their own, which are no single field's.
    in_python = {"quoted_size", "depth", "initial_margin"}
    assert fields - named == in_python | {"minimise", "close", "funding", "robust", "survive"}
    assert named <= fields


def test_rare_limits_are_kept_by_the_plan(folder: Path) -> None:
    arguments = ["--delta", "8:12", "--vega-by-days", "0:60=-200:200", "--outright", "perpetual"]
    saved = planned(folder, *arguments, "--max-legs", "2", "--gap", "1%", "--time-limit", "20")
    checks = {check["limit"]: check for check in saved["checks"]}
    assert checks["vega_by_days 0-60"]["ok"]
    assert saved["gap"] <= 0.01 + 1e-6
    assert [item["kind"] for item in saved["inputs"]["limits"]["outright"]] == ["perpetual"]


def test_a_soft_target_is_priced_on_the_command_line(folder: Path) -> None:
    bands = ["--delta-value", "0:100", "--vega-by-days", "0:30=0:,30:90=0:", "--max-legs", "1"]
    saved = planned(folder, *bands, "--soft", "delta-value=0.0000001,vega-by-days 0-30=5")
    assert saved["inputs"]["target"]["soft"] == {"delta_value": 1e-7, "vega_by_days 0-30": 5.0}
    assert not saved["orders"]


def test_options_held_are_kept_where_none_may_be_closed(folder: Path) -> None:
    held = samples.chain().option("BTC-10APR26-56000-P")
    text = (
        f'[[holdings]]\nasset = "BTC"\nkind = "option"\nflag = "p"\nstrike = {held.strike}\nquantity = 10\n'
    )
    (folder / "book.toml").write_text(BOOK + text + f"expiry = {held.expiry:%Y-%m-%d}\n")
    # No shorter option sold takes the vega away and leaves the gamma.
    arguments = ["--vega", ":10", "--gamma", "0:", "--expiries", "7:12", "--max-legs", "2"]
    saved = planned(folder, *arguments)
    assert held.symbol in {order["instrument"] for order in saved["orders"]}
    run = ["plan", "book.toml", "--chain", "chain.csv", *arguments, "--no-close", "--json", "kept.json"]
    assert cli.main(run) == 1
    kept = json.loads((folder / "kept.json").read_text())
    assert kept["status"] == "closest"
    assert held.symbol not in {order["instrument"] for order in kept["orders"]}


def two_assets(folder: Path) -> None:
    """A book of two coins; a chain of each in its own file, and one file of both."""
    chain = samples.chain()
    other = dataclasses.replace(
        chain,
        asset="ETH",
        quotes=chain.quotes.assign(symbol=chain.quotes["symbol"].str.replace("BTC", "ETH")),
    )
    (folder / "book.toml").write_text(BOOK + BOOK.replace("BTC", "ETH"))
    write_chain(other, folder / "eth.csv")


def test_a_book_of_two_assets_takes_a_chain_of_each(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    two_assets(folder)
    run = ["plan", "book.toml", "--chain", "eth.csv", "--chain", "chain.csv", "--json", "plan.json"]
    assert cli.main([*run, "--delta", "BTC=8:12,ETH=20:25", "--max-legs", "2"]) == 0
    saved = json.loads((folder / "plan.json").read_text())
    assert saved["inputs"]["target"]["delta"] == {"BTC": [8.0, 12.0], "ETH": [20.0, 25.0]}
    assert {check["limit"] for check in saved["checks"]} >= {"delta BTC", "delta ETH"}
    assert list(saved["before"]) == ["BTC", "ETH"]
    assert {order["instrument"][:3] for order in saved["orders"]} == {"BTC"}
    capsys.readouterr()
    chains = ["--chain", "chain.csv", "--chain", "eth.csv"]
    assert cli.main(["audit", "plan.json", *chains, "--json", "-"]) == 0
    audited = json.loads(capsys.readouterr().out)
    assert {check["limit"] for check in audited["checks"]} >= {"delta BTC", "delta ETH"}
    assert audited["ok"]
    bands = ["--delta", "BTC=8:12,ETH=20:25"]
    drawn = [*run, *bands, "--shortfall", "-60%", "--plot", "p.png"]
    assert cli.main(drawn) == 0
    assert (folder / "p.png").exists()
    apart, alike = (_shortfall(folder, [*drawn, "--correlation", share]) for share in ("0%", "100%"))
    assert alike < apart  # what moves together loses together


def test_the_others_follow_the_first_by_betas(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    two_assets(folder)
    run = [
        "plan",
        "book.toml",
        "--chain",
        "eth.csv",
        "--chain",
        "chain.csv",
        "--json",
        "plan.json",
        "--max-legs",
        "2",
    ]
    follow = ["--joint", "beta", "--betas", "ETH=1.5", "--residual", "10%"]
    assert cli.main([*run, "--floor", "-70%", *follow]) == 0
    saved = json.loads((folder / "plan.json").read_text())["inputs"]["target"]
    assert (saved["joint"], saved["betas"], saved["residual"]) == ("beta", {"ETH": 1.5}, 0.1)
    assert "ETH by 1.5), give or take 10 %" in " ".join(capsys.readouterr().out.split())
    assert cli.main([*run, "--floor", "-70%", "--betas", "ETH=1.5"]) == 2
    assert "give --joint beta with them" in capsys.readouterr().err


def _shortfall(folder: Path, run: list[str]) -> float:
    assert cli.main(run) == 0
    checks = json.loads((folder / "plan.json").read_text())["checks"]
    (found,) = (check["value"] for check in checks if check["limit"] == "shortfall")
    return float(found)


def test_chains_that_do_not_fit_the_book_are_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    two_assets(folder)
    for chains, message in (
        (["chain.csv"], "no --chain brings ETH, which the book holds"),
        (["chain.csv", "chain.csv", "eth.csv"], "--chain chain.csv brings none of ETH"),
        (["chain.csv", "eth.csv", "book.toml"], "--chain book.toml brings nothing that is missing"),
        (["absent.csv", "eth.csv"], "--chain absent.csv cannot be read"),
    ):
        named = [part for chain in chains for part in ("--chain", chain)]
        assert cli.main(["plan", "book.toml", *named, "--delta", "8:12"]) == 2
        captured = capsys.readouterr()
        assert captured.err.count("\n") == 1
        assert message in captured.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--vega-by-days", "0:30"], "--vega-by-days must be DAYS:DAYS=LO:HI"),
        (["--vega-by-days", "0:30=1:2,0:30=2:3"], "names one thing twice"),
        (["--vega-by-days", "30=1:2"], "must be DAYS:DAYS such as 20:100"),
        (["--soft", "floor"], "--soft must be NAME=VALUE"),
        (["--soft", "floor=5"], "soft may name targets that are set"),
        (["--outright", "shares"], "--outright must be one of spot, perpetual, future; got 'shares'"),
        (["--outright", "spot,spot"], "at most once"),
        (
            ["--deltas", "0.1:"],
            "--deltas must be absolute deltas from 0 to 1, LO:HI such as 0.05:0.6; got '0.1:'",
        ),
        (
            ["--deltas", "0.1:2"],
            "--deltas must be absolute deltas from 0 to 1, LO:HI such as 0.05:0.6; got '0.1:2' (",
        ),
        (["--solver", "gurobi"], "--solver must be one of highs, scip, cbc; got 'gurobi'"),
        (["--time-limit", "-1"], "--time-limit must be a number of seconds > 0, 604,800 at most; got '-1'"),
        (["--gap", "100%"], "--gap must be a share in [0, 1)"),
        (["--delta", "BTC=8:12,DOGE=1:2"], "the target has a band of DOGE"),
    ],
)
def test_rare_limits_that_make_no_sense_are_refused(
    folder: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ["plan", "book.toml", "--chain", "chain.csv"]
    assert cli.main([*run, *([] if "--delta" in arguments else ["--delta", "8:12"]), *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert message in captured.err


def test_the_help_is_in_groups_and_no_wider_than_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["plan", "--help-all"]) == 0
    text = capsys.readouterr().out
    assert all(f"\n{group}:" in text for group in ("targets", "limits", "a view", "search"))
    assert text.startswith("usage: hedging plan BOOK --chain FILE [options]\n")


def test_times_without_a_zone_are_read_in_the_one_that_is_said(
    folder: Path, shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "sol.toml").write_text('[[holdings]]\nasset = "SOL"\nkind = "spot"\nquantity = 3000\n')
    file = str(shared_data / "chains" / "bybit_btc_sol_usdt_20250702.csv.gz")
    run = ["plan", "sol.toml", "--chain", file, "--delta", "1000:2000", "--json", "plan.json"]
    assert cli.main(run) == 2
    assert "must carry a time zone" in capsys.readouterr().err
    assert cli.main([*run, "--timezone", "Europe/Rome"]) == 0
    saved = json.loads((folder / "plan.json").read_text())
    assert saved["inputs"]["as_of"].startswith("2025-07-02T11:31")  # 13:31 in Rome


def test_funding_is_a_rate_or_a_history_and_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--delta", "8:12", "--outright", "perpetual"]
    saved = planned(folder, *arguments, "--funding", "-0.01%")
    assert saved["inputs"]["funding_8h"] == {"BTC": -1e-4}
    assert "BTC -0.01 % per 8 hours (as given); counted" in capsys.readouterr().out
    times = pd.date_range("2025-01-01", periods=400, freq="8h", tz="UTC")
    table = pd.DataFrame({"time": times, "funding_rate": [3e-4] * 200 + [-2e-4] * 200})
    table.to_csv("funding.csv", index=False)
    saved = planned(folder, *arguments, "--funding-history", "funding.csv")
    counted = saved["inputs"]["funding"]["BTC"]
    assert (counted["low"], counted["high"]) == (pytest.approx(-2e-4), pytest.approx(3e-4))
    assert saved["cost"]["carry"] >= 0.0


def test_income_of_funding_takes_a_history(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = ["plan", "book.toml", "--chain", "chain.csv", "--delta", "8:12", "--outright", "perpetual"]
    assert cli.main([*run, "--funding-received", "20%"]) == 2
    assert "--funding-history FILE" in capsys.readouterr().err
    assert cli.main([*run, "--funding", "5%"]) == 2
    assert "per 8 hours" in capsys.readouterr().err


LEVERED = BOOK + '[[holdings]]\nasset = "BTC"\nkind = "perpetual"\nquantity = 30\nentry = 88_000\n'


def test_an_account_survives_what_the_command_names(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "book.toml").write_text(LEVERED)
    arguments = [
        "--delta",
        "0:60",
        "--max-legs",
        "1",
        "--outright",
        "perpetual",
        "--survive",
        "fall:-2%:-0.4%:21,-10%:10%",
    ]
    saved = planned(folder, *arguments, "--account", "standard")
    (stands,) = saved["survivals"]
    assert stands["after"]["dies"] is None
    assert stands["before"]["dies"] is not None
    assert len(saved["inputs"]["limits"]["survive"]["paths"]) == 1
    assert saved["inputs"]["limits"]["survive"]["moves"] == [-0.1, 0.1]
    assert "survival" in capsys.readouterr().out


def test_margin_is_freed_by_the_rules_that_are_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "book.toml").write_text(LEVERED)
    run = ["--minimise", "margin", "--cost", "0.1%", "--outright", "perpetual", "--max-legs", "1"]
    saved = planned(folder, *run, "--account", "portfolio")
    assert saved["inputs"]["target"] == {"minimise": "margin"}
    assert [each["model"] for each in saved["inputs"]["book"]["accounts"]] == ["portfolio"]
    assert "initial margin by portfolio rules goes from" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--account", "standard"], "give --survive or --minimise"),
        (["--survive", "fall:-2%"], "such as fall:-2%:-0.4%:21"),
        (["--survive", "a:b"], "moves as LO:HI"),
        (["--survive", "nodes,feb-2026"], "nodes alone"),
    ],
)
def test_what_no_account_can_survive_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    assert cli.main(["plan", "book.toml", "--chain", "chain.csv", "--delta", "8:12", *arguments]) != 0
    assert says in capsys.readouterr().err


def test_a_file_that_does_not_name_its_underlying_serves_what_asset_says_alone(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A book of two coins took one file of an index for both."""
    lines = [
        f"2024-11-11,2024-12-20,{kind},{strike},{max(sign * (100 - strike), 0) + 3},{max(sign * (100 - strike), 0) + 3.2}\n"
        for strike in range(90, 115, 5)
        for kind, sign in (("Call", 1), ("Put", -1))
    ]
    (folder / "eod.csv").write_text(
        "Effective Date,Expiry Date,Option Type,Strike,Bid,Ask\n" + "".join(lines)
    )
    for assets in (("BTC",), ("BTC", "ETH")):
        held = [f'[[holdings]]\nkind = "spot"\nasset = "{asset}"\nquantity = 10\n' for asset in assets]
        (folder / "coins.toml").write_text("".join(held))
        assert (
            cli.main(["scenario", "coins.toml", "--chain", "eod.csv", "--velocity", "-2%", "--days", "2"])
            == 2
        )
        assert "does not name its underlying; if it is of" in capsys.readouterr().err
    (folder / "coins.toml").write_text(held[0].replace("BTC", "SPX"))
    line = ["scenario", "coins.toml", "--chain", "eod.csv", "--velocity", "-2%", "--days", "2"]
    assert cli.main([*line, "--asset", "SPX"]) == 0
