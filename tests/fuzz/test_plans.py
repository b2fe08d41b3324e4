"""Damaged plan files: refused as an input error, or so little changed that the plan says the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cases.mutations import as_json, damaged, damaged_bytes
from cases.outcomes import attempt, tries
from hypothesis import given
from hypothesis import strategies as st

from hedging.errors import InputError
from hedging.planner import HedgePlan, audit, read_plan
from hedging.planner.result.as_dict import digest_of
from hedging.samples import chain
from hedging.venues import deribit

FOLDER = Path(__file__).parents[1] / "planner" / "result" / "plans"
NEWEST = (FOLDER / "version_2.json").read_bytes()
WHOLE = json.loads(NEWEST)


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "plan.json"
    path.write_bytes(content.encode("utf-8", "replace") if isinstance(content, str) else content)
    return path


@tries(70)
@given(damaged(WHOLE))
def test_no_damage_is_trusted(tmp_path: Path, changed: Any) -> None:
    read = attempt("plans", lambda: read_plan(written(tmp_path, as_json(changed))), InputError)
    if isinstance(read, HedgePlan):
        assert json.loads(as_json(changed)) == WHOLE


@tries(70)
@given(damaged(WHOLE))
def test_damage_with_a_digest_that_fits_leaves_a_plan_that_agrees_with_itself(
    tmp_path: Path, changed: Any
) -> None:
    if isinstance(changed, dict):
        changed["digest"] = digest_of(changed)
    read = attempt("plans, resealed", lambda: read_plan(written(tmp_path, as_json(changed))), InputError)
    if isinstance(read, HedgePlan):
        assert read.legs == read_plan(FOLDER / "version_2.json").legs


@tries(50)
@given(damaged(WHOLE))
def test_what_is_only_looked_at_prints_and_is_not_exported(tmp_path: Path, changed: Any) -> None:
    read = attempt(
        "plans, untrusted", lambda: read_plan(written(tmp_path, as_json(changed)), trust=False), InputError
    )
    if isinstance(read, HedgePlan):
        assert "EDITED" in repr(read)
        for export in (read.ticket, lambda: deribit.orders(read)):
            assert isinstance(attempt("plans, exported", export, InputError), str)


@tries(60)
@given(damaged_bytes(NEWEST))
def test_damaged_bytes(tmp_path: Path, content: bytes) -> None:
    read = attempt("plans, bytes", lambda: read_plan(written(tmp_path, content)), InputError)
    if isinstance(read, HedgePlan):
        assert json.loads(content) == WHOLE


@tries(4)
@given(st.sampled_from([1, 2]))
def test_what_is_read_can_be_audited(version: int) -> None:
    plan = read_plan(FOLDER / f"version_{version}.json")
    assert isinstance(attempt("plans, audited", lambda: audit(plan, chain()).ok), bool)
