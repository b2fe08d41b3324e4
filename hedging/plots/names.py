"""Names from files may have hundreds of letters: texts of a picture leave room for what is drawn."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from hedging._ground.cells import true_minus

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["shorten", "shortened", "shortened_within"]

LONGEST_WORD: Final = 26  # characters: a contract of a venue has 24
LONGEST_LINE: Final = 96


def shortened(text: str) -> str:
    """The text with the middle of what is longer than any name or line left out.

    Examples
    --------
    >>> shortened("price of BTC-27MAR26-62000-P-USDT"), shortened("A" * 200 + ": price")
    ('price of BTC-27MAR26-62000-P-USDT', 'AAAAAAAAAAAA…AAAAAAAAAAA: price')
    """
    return "\n".join(
        _cut(" ".join(_cut(word, LONGEST_WORD) for word in line.split(" ")), LONGEST_LINE)
        for line in text.split("\n")
    )


def _cut(text: str, longest: int) -> str:
    half = longest // 2 - 1
    return text if len(text) <= longest else f"{text[:half]}…{text[-half:]}"


def shorten(target: Axes | Figure) -> None:
    """Shorten titles, labels, ticks, legends and texts of a panel, or of all of a figure; minus is one as on the axes."""
    from matplotlib.figure import FigureBase
    from matplotlib.ticker import FixedFormatter

    whole: Any = target
    panels: Iterable[Any] = whole.axes if isinstance(target, FigureBase) else [whole]
    for text in [*whole.texts, *_of_legends(whole), *(each for panel in panels for each in _of_panel(panel))]:
        text.set_text(true_minus(shortened(text.get_text())))
    for title in (title for panel in panels for title in (*_titles(panel), panel.yaxis.label)):
        # At the edge of a small figure; matplotlib measures what it breaks as if a dollar began a formula.
        title.set_wrap("$" not in title.get_text())
    for axis in (axis for panel in panels for axis in (panel.xaxis, panel.yaxis)):
        ticks = axis.get_major_formatter()
        if isinstance(ticks, FixedFormatter):
            ticks.seq = [shortened(str(each)) for each in ticks.seq]


def _titles(panel: Any) -> Iterator[Any]:
    return (getattr(panel, name) for name in ("title", "_left_title", "_right_title"))


def _of_panel(panel: Any) -> Iterator[Any]:
    yield from _titles(panel)
    yield from (panel.xaxis.label, panel.yaxis.label, *panel.texts)
    yield from _of_legends(panel)


def _of_legends(target: Any) -> Iterator[Any]:
    legends = [target.get_legend()] if hasattr(target, "get_legend") else target.legends
    for legend in legends:
        if legend is not None:
            yield from (legend.get_title(), *legend.get_texts())


@contextmanager
def shortened_within(target: Axes | Figure | None) -> Iterator[None]:
    """Shorten what is drawn inside: on the target, or on the figures that are made there."""
    before = _shown()
    yield
    made = _shown()
    for each in [made[number] for number in made.keys() - before.keys()] if target is None else [target]:
        shorten(each)


def _shown() -> dict[int, Any]:
    """Figures of pyplot by number, where anybody has loaded it."""
    helpers: Any = sys.modules.get("matplotlib._pylab_helpers")
    if helpers is None:
        return {}  # pyplot.figure(number) would make that one the current figure
    return {number: manager.canvas.figure for number, manager in helpers.Gcf.figs.items()}
