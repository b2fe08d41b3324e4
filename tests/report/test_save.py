"""Results as files: read back by other code they are the same tables, whatever the ending."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import hedging as hg
from hedging.errors import InputError, MissingExtraError

CHAIN, BOOK = hg.samples.chain(), hg.samples.book()
COLLAR = hg.overlays.collar(BOOK, CHAIN)
READERS = {".csv": pd.read_csv, ".parquet": pd.read_parquet, ".xlsx": pd.read_excel}


@pytest.fixture(scope="module")
def run() -> hg.scenario.ScenarioResult:
    return hg.scenario.run(BOOK, CHAIN, hg.crash_path(-0.02, days=3), COLLAR)


@pytest.mark.parametrize("ending", READERS)
def test_a_table_is_read_back_by_pandas(ending: str, run: hg.scenario.ScenarioResult, tmp_path: Path) -> None:
    path = tmp_path / f"run{ending}"
    hg.save(run, path)
    found, made = READERS[ending](path), run.to_frame()
    assert list(found) == list(made)
    assert len(found) == len(made)
    np.testing.assert_allclose(found["value"], made["value"], rtol=5e-12)  # CSV has twelve significant digits
    assert found["leg"].tolist() == made["leg"].tolist()


@pytest.mark.parametrize("ending", READERS)
@pytest.mark.parametrize(
    "result",
    [
        CHAIN,
        BOOK,
        COLLAR,
        COLLAR.legs,
        hg.overlays.compare(BOOK, CHAIN),
        hg.Market.of(CHAIN),
        BOOK.exposure(CHAIN),
        hg.crash_path(-0.02, days=3),
        hg.risk.over_time(BOOK + COLLAR, CHAIN, [0, 5]),
        {"a": hg.risk.profile(BOOK, CHAIN, [0.0]), "b": hg.risk.profile(BOOK + COLLAR, CHAIN, [0.0])},
        {"delta": 1.0, "name": "BTC"},
        hg.greeks.greeks("p", spot=100, strike=[90, 95], time_to_expiry=0.25, rate=0.03, vol=0.6),
        np.eye(2),
        pd.Series([1.0, 2.0], index=["x", "y"]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_kind_of_result_has_a_file(ending: str, result: object, tmp_path: Path) -> None:
    path = tmp_path / f"it{ending}"
    hg.save(result, path)
    assert len(READERS[ending](path)) > 0
    hg.save(result, tmp_path / "it.json")
    json.loads((tmp_path / "it.json").read_text())


def test_an_index_that_says_something_is_a_column(tmp_path: Path) -> None:
    table = hg.overlays.compare(BOOK, CHAIN)
    hg.save(table, tmp_path / "it.csv")
    assert pd.read_csv(tmp_path / "it.csv")["overlay"].tolist() == list(table.index)


def test_times_say_their_zone_in_a_sheet(tmp_path: Path) -> None:
    hg.save(CHAIN, tmp_path / "chain.xlsx")
    found = pd.read_excel(tmp_path / "chain.xlsx")
    pd.testing.assert_series_equal(
        found["expiry [UTC]"].dt.tz_localize("UTC"),
        CHAIN.quotes["expiry"],
        check_names=False,
        check_dtype=False,
    )


def test_no_text_is_a_formula(tmp_path: Path) -> None:
    hg.save(pd.DataFrame({"name": ["=HYPERLINK(1)"]}), tmp_path / "it.xlsx")
    assert pd.read_excel(tmp_path / "it.xlsx")["name"].tolist() == ["'=HYPERLINK(1)"]


def test_a_plan_is_read_back(tmp_path: Path) -> None:
    plan = hg.plan(BOOK, CHAIN, hg.Target(delta=(8, 12)), hg.Limits(budget=0.05, max_legs=1))
    hg.save(plan, tmp_path / "plan.json")
    again = hg.read_plan(tmp_path / "plan.json")
    assert again.id == plan.id
    hg.save(plan, tmp_path / "plan.csv")
    assert pd.read_csv(tmp_path / "plan.csv")["instrument"].tolist() == plan.orders["instrument"].tolist()
    edited = json.loads((tmp_path / "plan.json").read_text())
    edited["orders"][0]["quantity"] *= 10
    (tmp_path / "edited.json").write_text(json.dumps(edited))
    with pytest.raises(InputError, match="edited"):
        hg.save(hg.read_plan(tmp_path / "edited.json", trust=False), tmp_path / "orders.csv")


TWICE = {
    "columns": pd.DataFrame([[1, 2]], columns=["a", "a"]),
    "columns that read alike": pd.DataFrame([[1, 2]], columns=["1", 1]),
    "columns of one table of several": {"t": pd.DataFrame([[1, 2]], columns=["a", "a"])},
}


@pytest.mark.parametrize("ending", [*READERS, ".json"])
@pytest.mark.parametrize("result", TWICE.values(), ids=list(TWICE))
def test_two_columns_of_one_name_are_refused_rather_than_one_lost(
    result: object, ending: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"two columns .* one name"):
        hg.save(result, tmp_path / f"it{ending}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "result", [pd.Series([1, 2], index=["x", "x"]), {"1": 2, 1: 3}], ids=["series", "mapping"]
)
def test_no_entry_is_lost_under_the_name_of_another(result: object, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="one name"):
        hg.save(result, tmp_path / "it.json")
    hg.save(result, tmp_path / "it.csv")
    assert len(pd.read_csv(tmp_path / "it.csv")) == 2


def _levels(**names: object) -> pd.DataFrame:
    return pd.DataFrame({"a": [1], "index": [2]}, index=pd.MultiIndex.from_tuples([(3, 4)], **names))


NAMELESS = {
    "no names": (_levels(), [3, 4, 1, 2]),
    "one name twice": (_levels(names=["x", "x"]), [3, 4, 1, 2]),
    "a name of a column": (_levels(names=["a", "index"]), [3, 4, 1, 2]),
    "a series": (pd.Series([1], index=pd.MultiIndex.from_tuples([(3, 4)])), [3, 4, 1]),
    "a mapping in a mapping": ({"a": {"b": "x"}}, ["a", "b", "x"]),
    "two deep": ({"a": {"b": {"c": "x"}}}, ["a", "b", "c", "x"]),
    "a table with names": ({"q": pd.DataFrame({"name": ["x"], "v": [1]})}, ["q", "x", 1]),
}


@pytest.mark.parametrize("ending", READERS)
@pytest.mark.parametrize(("result", "row"), NAMELESS.values(), ids=list(NAMELESS))
def test_whatever_has_no_name_of_its_own_gets_one(
    result: object, row: list[object], ending: str, tmp_path: Path
) -> None:
    hg.save(result, tmp_path / f"it{ending}")
    assert READERS[ending](tmp_path / f"it{ending}").iloc[0].tolist() == row
    if not isinstance(result, pd.Series):
        hg.save(result, tmp_path / "it.json")


@pytest.mark.parametrize("ending", [*READERS, ".json"])
def test_a_table_of_nothing_is_written(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"it{ending}"
    hg.save(pd.DataFrame(), path)
    assert path.is_file()
    if ending == ".csv":  # not one cell of it
        assert not path.read_text().strip()
    elif ending == ".json":
        assert json.loads(path.read_text()) == []
    else:
        assert READERS[ending](path).empty


@pytest.mark.parametrize("path", ["it", "it.txt", "it.xls", "", "nowhere/it.csv", 3, None])
def test_other_endings_and_folders_are_named(path: object, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError):
        hg.save(BOOK, path)  # type: ignore[arg-type]


@pytest.mark.parametrize("result", [None, 3, "text", [], {}, object(), [1, 2]])
def test_what_is_no_result_is_named(result: object, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="must be"):
        hg.save(result, tmp_path / "it.csv")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("ending", [*READERS, ".json"])
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is full")
def test_a_full_disk_leaves_what_was_there(ending: str, tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / f"it{ending}"
    path.write_bytes(b"before")

    def full(self: Path, target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(InputError, match="No space left"):
        hg.save(COLLAR, path)
    assert path.read_bytes() == b"before"
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(("ending", "module"), [(".parquet", "pyarrow"), (".xlsx", "openpyxl")])
def test_a_missing_library_is_named_with_its_extra(
    ending: str, module: str, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(MissingExtraError, match="pip install"):
        hg.save(COLLAR, tmp_path / f"it{ending}")


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_a_chain_is_read_back(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"chain{ending}"
    hg.save(CHAIN, path)
    again = hg.read_chain(path)
    pd.testing.assert_frame_equal(again.quotes, CHAIN.quotes)
    assert (again.asset, again.as_of, again.terms) == (CHAIN.asset, CHAIN.as_of, CHAIN.terms)
