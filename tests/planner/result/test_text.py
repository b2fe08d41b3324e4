"""The plan as text: what must stay readable whatever the figures are."""

from __future__ import annotations

import pytest

from hedging._ground.tables import on_screen
from hedging.planner.result.text import _exposure_line


@pytest.mark.parametrize("columns", [None, 60])
@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("gamma", "0", "-0.000067635"),  # as long as its column
        ("gamma", "-0.000067635", "-0.000012345"),
        ("delta BTC", "-1,234,567,890", "-1,234,567,890"),
        ("vega_weighted BTC", "", "-0.000067635"),
        ("weighted vega of 0 to 30 days", "", "-0.000067635"),
    ],
)
def test_long_figures_do_not_touch(name: str, before: str, after: str, columns: int | None) -> None:
    with on_screen(columns):
        line = _exposure_line((name, before, after, "8 .. 12", "BTC"))
    assert line.split()[len(name.split()) :][: 1 + bool(before)] == [each for each in (before, after) if each]
