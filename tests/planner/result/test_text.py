"""The plan as text: what must stay readable whatever the figures are."""

from __future__ import annotations

import pytest

from hedging import samples
from hedging._ground.tables import on_screen
from hedging.planner import Limits, Target, plan
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


def test_the_claim_names_what_it_is_over_and_what_would_be_cheaper_outside():
    """Of a delta alone selling spot is nearly free; once it is allowed the claim is over it too."""
    book, chain = samples.book(), samples.chain()
    found = plan(book, chain, Target(delta=(8, 12)), Limits(max_legs=1))
    spot = next(item for item in found.alternatives if item.name == "spot")
    assert not spot.misses
    assert spot.cost.execution < found.cost.execution
    assert found.message.startswith("No plan of options that meets every limit costs less")
    assert (
        'Trading spot outright costs less and is no part of that claim; Limits(outright=("spot",))'
        in found.message
    )
    with_spot = plan(book, chain, Target(delta=(8, 12)), Limits(max_legs=1, outright=("spot",)))
    assert (
        with_spot.message == "No plan of options and spot that meets every limit costs less, within the gap."
    )
    floored = plan(book, chain, Target(delta=(8, 12), floor=-0.2), Limits(max_legs=1))
    assert any(item.misses for item in floored.alternatives if item.name == "spot")
    assert "outright" not in floored.message
