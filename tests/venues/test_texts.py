"""Tables as people write them: one chain, however it was written; and what is open is said, not guessed."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cases.tables import rows

from hedging import OptionChain, read_chain
from hedging.errors import ChainError, InputError
from hedging.greeks import black76_price
from hedging.venues._texts import with_commas
from hedging.venues.proposing import proposed_map

AT = "2026-02-06T08:00Z"
EXPIRIES = ("2026-03-27", "2026-06-26")
SPOT = 10_000.0
ANSWERS = {"asset": "XYZ", "as_of": AT, "timezone": "UTC", "expiry_time": "08:00"}


def table() -> pd.DataFrame:
    rows = []
    for expiry in EXPIRIES:
        time = (pd.Timestamp(f"{expiry}T08:00Z") - pd.Timestamp(AT)) / pd.Timedelta(days=365)
        for strike in (8_000.0, 9_250.5, 10_000.0, 11_000.25):
            for flag in "cp":
                fair = float(black76_price(flag, SPOT, strike, time, 0.0, 0.5))
                rows.append((flag, strike, expiry, round(0.98 * fair, 2), round(1.02 * fair, 2), 0.5, 10))
    return pd.DataFrame(rows, columns=["Type", "Strike", "Expiry", "Bid", "Ask", "IV", "Volume"])


def days(form: str) -> pd.DataFrame:
    return table().assign(Expiry=lambda x: pd.to_datetime(x["Expiry"]).dt.strftime(form))


def money(form: Callable[[str], str]) -> pd.DataFrame:
    """Prices to cents with thousands parted, in some way of writing them."""
    written = {name: [form(f"{x:,.2f}") for x in table()[name]] for name in ("Strike", "Bid", "Ask")}
    return table().assign(**written)


def german(text: str) -> str:
    return text.translate(str.maketrans(",.", ".,"))


def csv(frame: pd.DataFrame, **form: Any) -> str:
    return frame.to_csv(index=False, **form)


def osi() -> pd.DataFrame:
    made = table()
    parts = zip(pd.to_datetime(made["Expiry"]), made["Type"].str.upper(), made["Strike"], strict=True)
    symbols = [f"XYZ{day:%y%m%d}{flag}{round(1000 * strike):08d}" for day, flag, strike in parts]
    return made.assign(Symbol=symbols).drop(columns=["Type", "Strike", "Expiry"])


def total() -> pd.DataFrame:
    made = table().astype(object)
    made.loc[len(made)] = ["Total", *5 * [None], 160]
    return made


WRITTEN: dict[str, str | bytes] = {
    "semicolons": csv(money(german).assign(IV="50,0 %", Expiry=days("%d.%m.%Y")["Expiry"]), sep=";"),
    "tabs": csv(table(), sep="\t"),
    "bars": csv(table(), sep="|"),
    "dollars": csv(money(lambda text: f"${text}")),
    "blanks": csv(money(lambda text: text.replace(",", "\u202f"))),
    "swiss": csv(money(lambda text: text.replace(",", "'"))),
    "german days": csv(days("%d.%m.%Y")),
    "american days": csv(days("%m/%d/%Y")),
    "venue's days": csv(days("%d%b%y")),
    "long days": csv(days("%B %d, %Y")),
    "numbers for days": csv(days("%Y%m%d")),
    "days of sheets": csv(table().assign(Expiry=lambda x: (pd.to_datetime(x["Expiry"]) - pd.Timestamp("1899-12-30")).dt.days)),
    "signs of per cent": csv(table().assign(IV="50%")),
    "none as a number": csv(table().assign(Volume=-999)),
    "none as words": csv(table().assign(Volume="n/a")),
    "lines above": f"My broker's export\nAs of Feb 6, 2026, after hours\n\n{csv(table())}",
    "blanks around": csv(table().rename(columns=lambda name: f" {name} ")),
    "upper case": csv(table().rename(columns=str.upper)),
    "other order": csv(table()[::-1][["Ask", "Volume", "Bid", "IV", "Expiry", "Strike", "Type"]]),
    "a line of totals": csv(total()),
    "words for sides": csv(table().assign(Type=lambda x: x["Type"].map({"c": "CALL", "p": "Put"}))),
    "utf-16": csv(table()).encode("utf-16"),
    "json under a key": json.dumps({"status": "ok", "data": table().to_dict("records")}),
    "json by column": table().to_json(),
    "json split": table().to_json(orient="split"),
    "names of the OSI form": csv(osi()),
}  # fmt: skip


def saved(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "x.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def completed(path: Path, **more: object) -> dict[str, Any]:
    """The map proposed for a file, with the answers that no table has."""
    said: dict[str, Any] = tomllib.loads(proposed_map(path))
    said |= {key: value for key, value in ANSWERS.items() if key in said}
    vol = {"vol": said["units"]["vol"] or "decimal"} if "vol" in said["units"] else {}
    said |= {
        "units": {"price": "money"} | vol,
        "spot": SPOT,
        "terms": {"settlement": "cash", "lot": 1, "ticks": 0.01},
    }
    return {key: value for key, value in said.items() if value != ""} | more  # fmt: skip


def prices(chain: OptionChain) -> pd.DataFrame:
    rows = chain.quotes.assign(day=chain.quotes["expiry"].dt.strftime("%Y-%m-%d"))
    return rows.sort_values(["day", "strike", "flag"])[["day", "strike", "flag", "bid", "ask", "mark_vol"]]


@pytest.mark.parametrize("way", WRITTEN)
def test_one_chain_however_it_is_written(way: str, tmp_path: Path) -> None:
    path = saved(tmp_path, WRITTEN[way])
    found = prices(read_chain(path, map=completed(path)))
    right = (
        table().rename(columns=str.lower).rename(columns={"type": "flag", "expiry": "day", "iv": "mark_vol"})
    )
    right = right.sort_values(["day", "strike", "flag"])[list(found)]
    assert found.to_numpy().tolist() == right.to_numpy().tolist()  # to the bit


@pytest.mark.parametrize("exercise", ["european", "american"])
def test_what_a_comma_parts_is_asked_for(tmp_path: Path, exercise: str) -> None:
    path = saved(tmp_path, WRITTEN["semicolons"])
    told = completed(path)
    assert (told["decimal"], told["dates"], told["units"]["vol"]) == (",", "%d.%m.%Y", "percent")
    told["terms"]["exercise"] = exercise
    with pytest.raises(ChainError, match=r"column 'Strike': map must say decimal .* as in '8\.000,00'"):
        read_chain(path, map={key: value for key, value in told.items() if key != "decimal"})
    with pytest.raises(ChainError, match="no usable quote of XYZ among 16 rows; rejected"):
        read_chain(path, map=told | {"decimal": "."})
    with pytest.raises(InputError, match="decimal must be"):
        read_chain(path, map=told | {"decimal": ";"})


def test_what_two_readings_fit_is_left_open(tmp_path: Path) -> None:
    thousands = table().assign(Strike=["8,000", "9,250"] * 8, Expiry="05/06/2026")
    text = proposed_map(saved(tmp_path, csv(thousands)))
    assert 'decimal = ""' in text
    assert 'dates = ""' in text
    assert '"%d/%m/%Y" or "%m/%d/%Y"' in text


def test_a_day_that_is_not_written_so_is_named(tmp_path: Path) -> None:
    path = saved(tmp_path, WRITTEN["american days"])
    with pytest.raises(ChainError, match="has '03/27/2026', which is not written as dates = '%d/%m/%Y'"):
        read_chain(path, map=completed(path, dates="%d/%m/%Y"))


def test_a_column_that_the_map_does_not_name_is_told(tmp_path: Path) -> None:
    path = saved(tmp_path, csv(table()))
    told = completed(path)
    for name in ("flag", "strike", "expiry"):
        columns = {ours: theirs for ours, theirs in told["columns"].items() if ours != name}
        with pytest.raises(ChainError, match=f"names no column of {name}; the table has 'Type', 'Strike'"):
            read_chain(path, map=told | {"columns": columns})
    with pytest.raises(ChainError, match=re.escape("has no column for bid = 'Bit'")):
        read_chain(path, map=told | {"columns": told["columns"] | {"bid": "Bit"}})


@pytest.mark.parametrize(
    "names", [("Bid", "Ask", "Bid", "Ask"), ("Call Bid", "Call Ask", "Put Bid", "Put Ask")]
)
def test_calls_beside_puts(tmp_path: Path, names: tuple[str, ...]) -> None:
    calls, puts = (
        table().query(f"Type == '{flag}'").set_index(["Expiry", "Strike"])[["Bid", "Ask"]] for flag in "cp"
    )
    beside = pd.concat([calls, puts], axis=1).reset_index()
    beside.columns = ["Expiration Date", "Strike", *names]
    path = saved(tmp_path, csv(beside))
    told = completed(path)
    if len(set(names)) < 4:  # nothing says which are the calls'
        assert '[puts]\nbid = ""  # "Bid" or "Bid.1"' in proposed_map(path)
        told |= {"calls": {"bid": "Bid", "ask": "Ask"}, "puts": {"bid": "Bid.1", "ask": "Ask.1"}}
    found = prices(read_chain(path, map=told))
    right = table().sort_values(["Expiry", "Strike", "Type"])
    for ours, theirs in {"strike": "Strike", "flag": "Type", "bid": "Bid", "ask": "Ask"}.items():
        assert found[ours].tolist() == right[theirs].tolist()


def test_a_side_that_is_none_leaves_the_other(tmp_path: Path) -> None:
    made = table()
    made.loc[0, "Bid"], made.loc[1, "Ask"], made.loc[2, "IV"] = -999, -999, -999
    path = saved(tmp_path, csv(made))
    quotes = read_chain(path, map=completed(path)).quotes
    assert len(quotes) == len(made)
    assert quotes[["bid", "ask"]].isna().sum().tolist() == [1, 1]
    assert np.isfinite(quotes["mark_vol"]).all()


def test_cells_of_a_sheet_are_numbers_whatever_the_map_says_of_texts(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    path = tmp_path / "x.xlsx"
    table().assign(Strike=lambda x: x["Strike"] / 1000.0 + 0.125).to_excel(path, index=False)
    told = completed(path, decimal=",") | {"spot": 10.0}
    told["columns"] = {ours: told["columns"][ours] for ours in ("flag", "strike", "expiry", "mark_vol")}
    assert read_chain(path, map=told).quotes["strike"].min() == 8.125


def test_a_known_file_is_known_with_semicolons_too(tmp_path: Path) -> None:
    frame = pd.DataFrame(rows())
    whole = read_chain(saved(tmp_path, csv(frame)))
    for mark, decimal in ((";", "."), (";", ","), ("\t", "."), ("|", ",")):
        other = read_chain(saved(tmp_path, csv(frame, sep=mark, decimal=decimal)))
        pd.testing.assert_frame_equal(other.quotes, whole.quotes, check_exact=True)


@pytest.mark.parametrize("cells", ["60,000;1,200", "60.000;1.200", "60.5;1,2", "27.03.2026;1,200"])
def test_a_comma_that_may_be_either_is_left(cells: str) -> None:
    assert (
        with_commas(f"strike;bid\n{cells}\n").replace('"', "") == f"strike,bid\n{cells.replace(';', ',')}\n"
    )


def test_a_tiny_number_keeps_its_exponent_and_its_row(tmp_path: Path) -> None:
    frame = pd.DataFrame(rows())
    frame.loc[0, ["bid_price", "ask_price"]], frame.loc[0, "mark_price"] = np.nan, 1.3e-07
    frame.loc[0, "instrument_name"] = "BTC-27MAR26-900000-C"
    whole = read_chain(saved(tmp_path, csv(frame)))
    assert 1.3e-07 in whole.quotes["mark_quoted"].tolist()
    other = read_chain(saved(tmp_path, csv(frame, sep=";", decimal=",")))
    pd.testing.assert_frame_equal(other.quotes, whole.quotes, check_exact=True)


def test_thousands_go_where_decimals_are_known() -> None:
    assert with_commas("strike;bid;day\n60.000;0,5;27.03.2026\n") == "strike,bid,day\n60000,0.5,27.03.2026\n"
