"""Replies that say the same of a contract in two places are put together; of very many places nothing is made."""

from __future__ import annotations

from typing import Any

import pytest

from hedging.venues._opening import QuoteFile
from hedging.venues._replies import MOST, joined

NAME = "BTC-260327-70000-C"


def _joined(content: Any) -> list[dict[str, Any]]:
    return joined(QuoteFile("x.json", "", content), "symbol").to_dict("records")


def test_two_places_are_put_together_by_name() -> None:
    quotes, vols = {"symbol": NAME, "bidPrice": 1.0}, {"symbol": NAME, "markIV": 0.5}
    for content in ({"a": [quotes], "b": {"c": [vols]}}, [quotes, vols]):
        assert _joined(content) == [quotes | vols]


@pytest.mark.parametrize("count", [MOST + 1, 20_000])
def test_a_file_of_very_many_tables_is_of_another_kind(count: int) -> None:
    """Each would be put beside all before it: time and memory as the square of what a hostile file holds."""
    assert _joined({str(place): [{"symbol": str(place)}] for place in range(count)}) == []
    assert _joined([{"symbol": NAME, str(place): 1.0} for place in range(count)]) == []
