"""Files of funding rates in the shapes that they come in."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from hedging.errors import InputError
from hedging.venues import read_funding


def written(tmp_path, table):
    path = tmp_path / "funding.csv"
    table.to_csv(path, index=False)
    return path


def test_a_table_of_several_coins_gives_one(tmp_path):
    table = pd.DataFrame(
        {"ticker": ["BTC", "ETH", "BTC"], "time": ["2024-01-01 08:00", "2024-01-01 08:00", "2024-01-01"],
         "funding_rate": [2e-4, 3e-4, 1e-4]}
    )  # fmt: skip
    found = read_funding(written(tmp_path, table), asset="BTC")
    assert found.to_list() == [1e-4, 2e-4]
    assert str(found.index.tz) == "UTC"
    with pytest.raises(InputError, match="BTC, ETH: say which"):
        read_funding(written(tmp_path, table))
    with pytest.raises(InputError, match="no funding of SOL"):
        read_funding(written(tmp_path, table), asset="SOL")


def test_rows_of_deribit_are_read(tmp_path):
    path = tmp_path / "history.json"
    rows = [{"timestamp": 1_700_000_000_000, "interest_8h": 1e-4, "interest_1h": 2e-5}]
    path.write_text(json.dumps({"result": rows}))
    found = read_funding(path, asset="BTC")
    assert found.to_dict() == {pd.Timestamp("2023-11-14T22:13:20Z"): 1e-4}


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"when": ["2024-01-01"], "rate": [1e-4]}, "no column of the time"),
        ({"time": ["2024-01-01"], "level": [1e-4]}, "no column of the rate"),
        ({"time": ["2024-01-01"], "price": [1e-4]}, "a table of prices, which --prices FILE takes"),
        ({"time": ["soon"], "rate": [1e-4]}, "must be a time"),
        ({"time": ["2024-01-01"], "rate": ["0.01%"]}, "must be a rate"),
        (
            {"time": ["2024-01-01"] * 2, "rate": [1e-4, 2e-4], "exchange": ["a", "b"]},
            "the rows of one exchange",
        ),
    ],
)
def test_what_is_no_history_is_refused(tmp_path, table, says):
    with pytest.raises(InputError, match=says):
        read_funding(written(tmp_path, pd.DataFrame(table)), asset="BTC")


def test_recorded_histories(shared_data):
    found = read_funding(shared_data / "funding" / "binance_funding_8h.csv.gz", asset="BTC")
    assert found.size == 3_474
    assert found.between(-0.003, 0.003).all()
    with pytest.raises(InputError, match="several rates of one time"):
        read_funding(shared_data / "funding" / "spot_perp_funding_8h_2023_2024.csv.gz", asset="BTC")
