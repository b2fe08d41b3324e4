"""Every row of the hand-made cases that no other file has: what its table calls right."""

from __future__ import annotations

import math
import resource
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import hedging as hg
from hedging import greeks
from hedging.cli.main import main
from hedging.planner.plan import UNBOUNDED

AS_OF = pd.Timestamp("2026-02-06T08:00Z")


@pytest.fixture(scope="module")
def cases() -> Path:
    folder = Path(__file__).resolve().parents[3] / "shared" / "cases"
    if not folder.is_dir():
        pytest.skip(f"the hand-made cases are not here: {folder} does not exist")
    return folder


def gaps() -> pd.DataFrame:
    """The table of ``from_frame_gaps.py``: a flat vol of 50 % on a forward of 100, thirty days ahead."""
    rows = [
        {"flag": flag, "strike": strike, "expiry": AS_OF + pd.Timedelta(days=30), "iv": 0.5}
        for strike in (80.0, 90.0, 100.0, 110.0, 120.0)
        for flag in "cp"
    ]
    table = pd.DataFrame(rows)
    value = greeks.black76_price(table["flag"], 100.0, table["strike"], 30 / 365, 0.0, 0.5)
    return table.assign(bid=value * 0.99, ask=value * 1.01)


@pytest.mark.parametrize(
    ("change", "given", "kept"),
    [
        (lambda table: table[table["flag"] == "p"], {"spot": 100.0, "rate": 0.03}, 5),
        (lambda table: table.assign(bid=0.0, ask=0.0), {"spot": 100.0}, 10),
        (lambda table: table.assign(volume="-"), {}, 10),
        (lambda table: table.assign(iv=-999.0), {}, 10),
        (lambda table: table.assign(iv="NaN"), {}, 10),
        (lambda table: table.assign(iv="50%"), {}, 10),
    ],
)
def test_tables_that_people_have_are_kept_wherever_a_price_or_a_vol_is_good(change, given, kept) -> None:
    chain = hg.OptionChain.from_frame(
        change(gaps()),
        asset="XYZ",
        as_of=AS_OF,
        units={"price": "money", "vol": "decimal"},
        columns={"mark_vol": "iv"},
        **given,
    )
    assert len(chain.quotes) == kept
    rate = given.get("rate", 0.0)
    assert chain.quotes["forward"].to_numpy() == pytest.approx(100.0 * np.exp(rate * 30 / 365), rel=1e-6)
    if not rate:  # the vol of the mids, or the one shown
        assert chain.quotes["mark_vol"].to_numpy() == pytest.approx(0.5, abs=1e-6)


@pytest.mark.slow  # a chain of ordinary size: 25,740 quotes
def test_a_plan_on_a_chain_of_ordinary_size_takes_ordinary_memory(cases) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    chain, book = hg.read_chain(cases / "spx_ordinary_size.csv.gz"), hg.read_book(cases / "spx.toml")
    plan = hg.plan(
        book,
        chain,
        hg.Target(delta=(400, 600), floor=-0.12),
        hg.Limits(budget=0.02, max_legs=3, expiries=(20, 100)),
        effort=hg.Effort(gap=1e-3, time_limit=120, alternatives=False),
    )
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2e6  # kB
    assert all(check.ok for check in plan.checks)
    assert 400 <= plan.after.delta <= 600


def test_a_plan_that_nothing_is_proven_of_can_be_saved(cases, tmp_path) -> None:
    chain, book = hg.read_chain(cases / "deribit_summary.json"), hg.Book([hg.Holding.spot("BTC", 25)])
    with pytest.raises(hg.InfeasibleHedgeError) as caught:
        hg.plan(book, chain, hg.Target(delta=(-500, -400)), effort=hg.Effort(time_limit=5))
    made = replace(caught.value.closest, bound=max(-math.inf, -UNBOUNDED))
    made.to_json(tmp_path / "closest.json")
    assert hg.read_plan(tmp_path / "closest.json").gap > 1.0


def test_four_venues_in_one_plan(cases, tmp_path, capsys) -> None:
    (tmp_path / "book.toml").write_text(
        '[[holdings]]\nasset = "BTC"\nkind = "spot"\nquantity = 25\n', encoding="utf-8"
    )
    chains = {
        "deribit": str(cases / "deribit_summary.json"),
        "bybit": str(cases / "bybit_v5.csv"),
        "okx": f"{cases / 'okx_tickers.json'}+{cases / 'okx_opt_summary.json'}",
        "binance": str(cases / "binance_ticker.json"),
    }

    def cost(names) -> float | None:
        files = [part for name in names for part in ("--chain", chains[name])]
        out = str(tmp_path / f"{'-'.join(names)}.json")
        asked = ["--at", "2026-02-06T08:00Z", "--delta", "8:15", "--json", out]
        if main(["plan", str(tmp_path / "book.toml"), *files, *asked]) == 0:
            return hg.read_plan(out).objective
        return None

    alone = [cost([name]) for name in ("deribit", "binance")]
    together = cost(list(chains))
    assert together <= min(found for found in alone if found is not None)
    said = capsys.readouterr()
    assert "must lie there" in said.out
    assert "USD, USDT are counted alike" in said.err


def test_a_chain_given_twice_for_one_venue_is_refused(cases, tmp_path, capsys) -> None:
    (tmp_path / "book.toml").write_text(
        '[[holdings]]\nasset = "BTC"\nkind = "spot"\nquantity = 25\n', encoding="utf-8"
    )
    again = ["--chain", str(cases / "deribit_summary.json"), "--chain", str(cases / "deribit_summary.csv")]
    assert main(["plan", str(tmp_path / "book.toml"), *again, "--delta", "8:15"]) == 2
    assert "BTC has its chain of deribit already" in capsys.readouterr().err
