"""Fees of an account's tier and of orders that rest, on quotes of a day on which there are such.

All recorded chains are older than Deribit's tiers of 1 August 2026. One is moved 16 weeks on, so that Fridays stay
Fridays: spot 73,817.34, and the fees expected are that of its table by hand.
"""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from hedging.cli import main as cli

LATER = pd.Timedelta(weeks=16)
SPOT = 73_817.34
CHEAP = ["--floor", "-30%", "--horizon", "5", "--expiries", "4:9", "--max-legs", "1"]
SOLD = ["--delta", "8:12", "--max-legs", "1", "--outright", "perpetual"]


@pytest.fixture
def later(folder: Path, shared_data: Path) -> str:
    """The last day of the daily chains, as if it were 20 September 2026."""
    rows = pd.read_parquet(shared_data / "chains" / "deribit_btc_daily_20251230_20260531.parquet")
    rows = rows[rows["timestamp"] == rows["timestamp"].max()].copy()
    rows["timestamp"] += LATER
    rows["expiry"] += LATER
    day = rows["expiry"].dt.day.astype(str) + rows["expiry"].dt.strftime("%b%y").str.upper()
    names = rows["instrument_name"].str.split("-", expand=True)
    rows["instrument_name"] = names[0] + "-" + day + "-" + names[2] + "-" + names[3]
    listed = rows["underlying_index"] != "index_price"
    rows.loc[listed, "underlying_index"] = ("BTC-" + day)[listed]
    rows.to_parquet(folder / "later.parquet")
    return "later.parquet"


def planned(chain: str, capsys: pytest.CaptureFixture[str], *options: str) -> dict:
    assert cli.main(["plan", "book.toml", "--chain", chain, *options, "--json", "-"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(("tier", "cap"), [(0, 0.125), (1, 0.1042), (5, 0.0417)])
def test_an_option_costs_what_its_tier_takes_of_the_premium(later, capsys, tier, cap):
    plan = planned(later, capsys, *CHEAP, "--tier", str(tier))
    (order,) = plan["orders"]
    per_coin = min(0.0003, cap * order["limit_price"])
    assert plan["cost"]["fees"] == pytest.approx(order["quantity"] * per_coin * SPOT, rel=1e-9)


def test_a_tier_makes_a_cheaper_option_the_better_one(later, capsys):
    # 0.0003 of the index on 18.2 puts at 0.0042 are 403; 10.42 % of 0.0027 on 18.5 are 384, and 4.17 % are 154.
    found = [planned(later, capsys, *CHEAP, "--tier", tier) for tier in ("0", "1", "5")]
    assert [round(plan["cost"]["fees"]) for plan in found] == [403, 384, 154]


def test_what_is_traded_outright_pays_the_fee_of_the_day(later, shared_data, capsys):
    taken, rested = planned(later, capsys, *SOLD), planned(later, capsys, *SOLD, "--maker")
    for plan, rate in ((taken, 0.00035), (rested, 0.00015)):
        (order,) = plan["orders"]
        assert order["instrument"] == "BTC-PERPETUAL"
        assert plan["cost"]["fees"] == pytest.approx(abs(order["quantity"]) * rate * order["limit_price"])
    assert taken["cost"]["half_spread"] > 0.0 == rested["cost"]["half_spread"]
    before = str(shared_data / "chains" / "deribit_btc_daily_20251230_20260531.parquet")
    (order,) = (early := planned(before, capsys, "--at", "2026-05-31", *SOLD))["orders"]
    assert early["cost"]["fees"] == pytest.approx(abs(order["quantity"]) * 0.0005 * order["limit_price"])


def test_a_tier_before_there_were_tiers_says_so_and_no_fee_is_given_twice(shared_data, folder, capsys):
    chain = str(shared_data / "chains" / "deribit_btc_book_summary_20250614.json.gz")
    line = ["plan", "book.toml", "--chain", chain, *SOLD]
    assert [cli.main(line), cli.main([*line, "--tier", "0"])] == [0, 0]
    assert "tier" not in capsys.readouterr().err
    assert cli.main([*line, "--tier", "3"]) == 0
    assert "tier 3 changes no fee: Deribit has tiers from 2026-08-01 on" in capsys.readouterr().err
    for option in (["--tier", "3"], ["--maker"]):
        capsys.readouterr()
        assert cli.main([*line, *option, "--fee", "0.0003:0.125"]) == 2
        assert f"--fee and {option[0]} exclude each other: leave one of them out" in capsys.readouterr().err
