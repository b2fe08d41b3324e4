"""A plan file is evidence: as it was written it is read, whatever was edited is refused with the field's name."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from hedging import samples
from hedging.book import ticket
from hedging.errors import InputError
from hedging.planner import HedgePlan, read_plan
from hedging.planner.result.as_dict import digest_of
from hedging.venues import deribit

EXAMPLES = Path(__file__).parent / "plans"
NEWEST = json.loads((EXAMPLES / "version_2.json").read_text())


def edited(folder: Path, path: str, value: Any, *, sealed: bool = False) -> Path:
    """The newest example with one field changed, or removed by `...`; `sealed` writes a digest that fits again."""
    made = copy.deepcopy(NEWEST)
    *parents, last = (int(part) if part.isdigit() else part for part in path.split("."))
    place: Any = made
    for part in parents:
        place = place[part]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    if sealed:
        made["digest"] = digest_of(made)
    file = folder / "plan.json"
    file.write_text(json.dumps(made))
    return file


EDITS = [
    # Other sizes, sides and prices.
    ("orders.0.quantity", 223.0), ("orders.0.quantity", -1.0), ("orders.0.quantity", 0.0),
    ("orders.0.quantity", float("nan")), ("orders.0.quantity", "10"), ("orders.0.quantity", True),
    ("orders.0.quantity", 10**400), ("orders.0.quantity", None), ("orders.0.quantity", ...),
    ("orders.0.side", "sell"), ("orders.0.side", "hold"), ("orders.0.limit_price_money", 99_999.0),
    ("orders.0.limit_price", 1.544), ("orders.0.limit_price", float("inf")), ("orders.0.price_per_unit", 1.0),
    ("orders.0.half_spread_per_unit", 0.0), ("orders.0.fee_per_unit", 0.0), ("orders.0.spot", 0.0),
    ("orders.0.instrument", "BTC-1JAN30-1-C"), ("orders.0.quote_unit", "ETH"),
    # Other contracts.
    ("orders.0.terms.strike", 1e300), ("orders.0.terms.strike", "62000"), ("orders.0.terms.flag", "x"),
    ("orders.0.terms.expiry", "2026-02-30"), ("orders.0.terms.expiry", "8022-01-01T08:00:00+00:00"),
    ("orders.0.terms.expiry", 7), ("orders.0.terms.kind", "swap"), ("orders.0.terms.contract", None),
    ("orders.0.terms.contract.multiplier", 1e300), ("orders.0.terms.contract.ticks", []),
    ("orders.0.terms.contract.fee", {"rate": "low", "cap": None}), ("orders.0.terms.contract.settlement", "cash"),
    ("orders.0.terms.contract.margin", 1), ("orders", {}), ("orders", []), ("orders.0", None),
    # Better news than there is.
    ("cost.half_spread", 0.0), ("cost.premium", 0.0), ("cost.execution", 1.0), ("cost", None),
    ("status", "feasible"), ("status", "closest"), ("status", "perfect"), ("objective", 1.0), ("bound", 1e9),
    ("gap", 0.5), ("after.BTC.delta", 11.0), ("after.BTC.vega", 1e6), ("after.BTC.value", 2e6),
    ("after.BTC.delta_value", 1.0), ("after", {}), ("after.ETH", {}), ("before.BTC.spot", 1.0),
    ("checks.0.value", 10.0), ("checks.0.low", None), ("checks.0.high", 30.0), ("checks.0.ok", False),
    ("checks.0.limit", "gamma"), ("checks.0.of", {"kind": "delta", "colour": "red"}), ("checks.0.of.expiry", "soon"),
    ("checks.8.value", 0.14), ("worst.after.share", 0.0), ("worst.after", None), ("base", 0.0), ("base", 1.0),
    ("numeraires.1.cost.fees", 0.0), ("numeraires.1.price", 1.0), ("alternatives.0.orders.0.quantity", 1.0),
    ("alternatives.0.misses", None), ("alternatives.0.cost.fees", 0.0), ("leg_greeks.0.vega", 0.0),
    # What it was made for.
    ("inputs.book.holdings.0.quantity", 250.0), ("inputs.book.holdings", None), ("inputs.book.cash", float("nan")),
    ("inputs.target.delta", [8, 30]), ("inputs.target.delta", "8:12"), ("inputs.target.colour", 1),
    ("inputs.target", None), ("inputs.limits.budget", 5.0), ("inputs.limits.max_legs", 1.5),
    ("inputs.limits.expiries", 7), ("inputs.limits", []), ("inputs.as_of", "2027-01-01T00:00:00+00:00"),
    ("inputs.horizon_days", -3), ("inputs.spot.BTC", 1.0), ("inputs", None), ("inputs.currency", ...),
    # The seal, and what is not looked at elsewhere.
    ("id", "0" * 64), ("id", 7), ("digest", "0" * 64), ("digest", None), ("digest", ...), ("version", "2"),
    ("version", 0), ("version", 1), ("message", "All is well."), ("remarks", ["trust me"]), ("binding", ["nothing"]),
    ("seconds", -1.0), ("nodes", 1.5), ("note", "added"), ("drivers", 3), ("units", None),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value"), EDITS, ids=[f"{path}={value!r:.20}" for path, value in EDITS])
def test_an_edit_is_refused(tmp_path: Path, path: str, value: Any) -> None:
    file = edited(tmp_path, path, value)
    with pytest.raises(InputError, match=r"plan\.json") as caught:
        read_plan(file)
    assert type(caught.value) is InputError


# What a reader believes and no other part of the file says: how the search went, what remarks and names say.
UNSAID = {
    "message", "remarks", "seconds", "nodes", "drivers", "units", "digest", "version", "status",
    "numeraires.1.price", "binding", "orders.0.limit_price_money",
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value"),
    [edit for edit in EDITS if edit[0] not in UNSAID],
    ids=[f"{path}={value!r:.20}" for path, value in EDITS if path not in UNSAID],
)
def test_an_edit_is_refused_by_what_else_the_file_says_even_if_its_digest_is_written_anew(
    tmp_path: Path, path: str, value: Any
) -> None:
    try:
        file = edited(tmp_path, path, value, sealed=True)
    except ValueError:
        pytest.skip("no digest of such a value")
    with pytest.raises(InputError) as caught:
        read_plan(file)
    assert "digest does not fit" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("orders.0.quantity", float("nan"), "NaN is no number"),
        ("orders.0.quantity", "10", r"orders\.0\.quantity: .*got '10'"),
        ("orders.0.quantity", ..., r"orders\.0\.quantity: is missing"),
        ("orders.0.limit_price_money", 99_999.0, r"orders\.0\.limit_price"),
        ("cost.half_spread", 0.0, r"cost\.half_spread is 0\.0, but the orders add up to"),
        ("checks.0.ok", False, r"checks\.0\.ok"),
        ("after.BTC.vega", 1e6, r"after\.BTC\.vega"),
        ("inputs.target.colour", 1, r"inputs\.target"),
        ("inputs.limits.max_legs", 1.5, r"inputs\.limits: max_legs"),
    ],
)
def test_the_message_names_the_field(tmp_path: Path, path: str, value: Any, named: str) -> None:
    with pytest.raises(InputError, match=named):
        read_plan(edited(tmp_path, path, value, sealed=value == value))


def test_an_edited_plan_can_be_looked_at_and_is_never_exported(tmp_path: Path) -> None:
    file = edited(tmp_path, "orders.0.quantity", 223.0)
    plan = read_plan(file, trust=False)
    assert not plan.trusted
    assert plan.orders["quantity"].iloc[0] == 223.0
    assert "EDITED" in repr(plan)
    assert "EDITED" in plan._repr_html_()
    exports = [
        plan.ticket,
        plan.to_ticket,
        lambda: deribit.orders(plan),
        lambda: ticket(plan, as_of="2026-03-02", currency="USD"),
    ]
    for export in exports:
        with pytest.raises(InputError, match="edited file"):
            export()
    # Saved again it is no better.
    plan.to_json(file)
    with pytest.raises(InputError, match="digest"):
        read_plan(file)
    assert not read_plan(file, trust=False).trusted


def test_also_what_is_only_looked_at_has_its_types_and_numbers(tmp_path: Path) -> None:
    for path, value in (
        ("orders.0.quantity", "many"),
        ("cost", None),
        ("gap", float("nan")),
        ("drivers.1.day", 6.8e15),
    ):
        with pytest.raises(InputError):
            read_plan(edited(tmp_path, path, value), trust=False)


@pytest.mark.parametrize("version", [1, 2])
def test_plans_of_every_version_are_read(version: int, tmp_path: Path) -> None:
    plan = read_plan(EXAMPLES / f"version_{version}.json")
    assert isinstance(plan, HedgePlan)
    assert plan.trusted
    assert 8.0 <= plan.after.delta <= 12.0
    assert deribit.orders(plan)
    assert plan.to_json(tmp_path / "again.json")
    assert read_plan(tmp_path / "again.json").legs == plan.legs


def test_an_edit_of_a_plan_before_digests_is_refused_by_its_id_or_by_what_else_it_says(
    tmp_path: Path,
) -> None:
    oldest = json.loads((EXAMPLES / "version_1.json").read_text())
    assert "digest" not in oldest
    oldest["orders"][0]["quantity"] *= 10.0
    (tmp_path / "plan.json").write_text(json.dumps(oldest))
    with pytest.raises(InputError, match="contradicts itself"):
        read_plan(tmp_path / "plan.json")


def test_a_plan_of_a_newer_version_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="version 3; this library reads up to version 2: upgrade it"):
        read_plan(edited(tmp_path, "version", 3, sealed=True))


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"7", b"null", b"\xff\xfe", b"{" * 100_000, b"[" * 100_000, b'{"a": 1e999}', b"9" * 5_000],
)
def test_what_is_no_plan_at_all(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "plan.json").write_bytes(content)
    with pytest.raises(InputError, match=r"plan\.json"):
        read_plan(tmp_path / "plan.json")


def test_a_path_that_none_can_be(tmp_path: Path) -> None:
    for path in ("a\0b", tmp_path, tmp_path / "none.json", "x" * 5_000):
        with pytest.raises(InputError, match="cannot be read"):
            read_plan(path)
    with pytest.raises(InputError, match="cannot be written"):
        read_plan(EXAMPLES / "version_2.json").to_json("a\0b")


def test_the_book_of_the_sample_is_that_of_the_examples() -> None:
    assert NEWEST["inputs"]["files"][0]["name"] == samples.chain().source
