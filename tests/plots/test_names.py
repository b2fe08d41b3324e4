"""Names are text in every picture: an asset called like a formula is drawn letter by letter, and breaks none."""

from __future__ import annotations

import pytest
from cases.pictures import PICTURES, WHOLE, compared, falls_of, market_of
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.text import Text

from hedging import plots

NAMES = (r"$\frac$", "a_b^$c$")
NO_PICTURES = {"Explorer", "explore", "money"}  # widgets and a word; the explorer draws a payoff


def test_every_public_picture_is_tried() -> None:
    assert {*PICTURES} | NO_PICTURES == {*plots.__all__}


@pytest.mark.parametrize("picture", PICTURES)
def test_no_name_is_a_formula(picture: str) -> None:
    """On a figure of its own, and on a caller's, whose texts were made to be parsed."""
    theirs = Figure(figsize=(5, 4), dpi=40)
    on = {"figure": theirs} if picture in WHOLE else {"ax": theirs.subplots()}
    with plt.rc_context({"figure.figsize": (5, 4), "figure.dpi": 40}):
        drawn = PICTURES[picture](NAMES[0], {})
    PICTURES[picture](NAMES[1], on)
    for figure in (getattr(drawn, "figure", drawn), theirs):
        figure.canvas.draw()  # raises on what is no formula
        texts = [each for each in figure.findobj(Text) if "$" in each.get_text()]
        assert not [each.get_text() for each in texts if each.get_parse_math()]
    plt.close("all")


@pytest.mark.parametrize("picture", ["decision", "overlays"])
def test_texts_below_a_narrow_panel_lie_apart(picture: str) -> None:
    with plt.rc_context({"figure.figsize": (3.4, 2.4)}):
        ax = PICTURES[picture](NAMES[1], {})
    ax.figure.canvas.draw()
    low, high = ax.get_xlim()
    ticks = [each for each in ax.get_xticklabels() if low <= each.get_position()[0] <= high]
    below = [each.get_window_extent() for each in (*ticks, ax.xaxis.label, ax.get_legend())]
    assert not [1 for place, first in enumerate(below) for other in below[:place] if first.overlaps(other)]
    plt.close("all")


def test_lines_of_falls_are_named_and_labels_have_one_minus() -> None:
    names = [run.name for run in compared("SOL").runs]
    told = [each.get_text() for each in plots.underwater(compared("SOL").runs).get_legend().get_texts()]
    assert told == names
    legend = plots.pnl_paths(falls_of("SOL")).get_legend()
    assert legend.get_texts()[1].get_text() == "SOL at −2 %/day, −0.4 %/day²"
    plt.close("all")


def test_what_the_caller_wrote_stays_a_formula() -> None:
    ax = Figure().subplots()
    ax.set_title(r"$\sigma^2$", loc="right")
    ax.annotate(r"$\alpha$", (0.0, 0.0))
    plots.term_structure(market_of(NAMES[0]), ax=ax)
    formulas = {
        each.get_text() for each in ax.findobj(Text) if "$" in each.get_text() and each.get_parse_math()
    }
    assert formulas == {r"$\sigma^2$", r"$\alpha$"}
