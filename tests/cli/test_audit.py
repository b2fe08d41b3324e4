"""The command `hedging audit`: a saved plan against newer quotes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cases.commands import REFERENCE, one_line

from hedging.cli import main as cli


def test_a_saved_plan_is_audited_against_newer_quotes(
    folder: Path, shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    daily = str(shared_data / "chains" / "deribit_btc_daily_20251230_20260531.parquet")
    plan = ["plan", "book.toml", "--chain", daily, "--at", "2026-02-05", *REFERENCE, "--json", "plan.json"]
    assert cli.main(plan) == 0
    capsys.readouterr()
    assert cli.main(["audit", "plan.json", "--chain", daily, "--at", "2026-02-06", "--json", "-"]) == 0
    audit = json.loads(capsys.readouterr().out)
    assert 0.5 < audit["days"] < 1.5
    assert {check["limit"] for check in audit["checks"]} >= {"delta", "floor"}
    assert cli.main(["audit", "plan.json", "--chain", daily, "--at", "2026-02-04"]) == 2
    assert "older than the plan" in one_line(capsys)
    assert cli.main(["audit", "book.toml", "--chain", daily, "--at", "2026-02-06"]) == 2
    assert "book.toml" in one_line(capsys)
