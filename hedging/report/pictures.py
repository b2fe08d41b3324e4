"""Figures of matplotlib as inline SVG: the same bytes each time, no names that clash, colours that follow the theme."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Final

from hedging.plots.names import shorten
from hedging.plots.saving import save
from hedging.plots.style import styled
from hedging.report.blocks import Picture
from hedging.report.words import typeset

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Studio"]

# What the style draws in is a variable of the page, which has one value by day and one by night.
THEME: Final = {
    "#000000": "currentColor",
    "#757575": "currentColor",
    "#808080": "var(--quiet)",
    "#737373": "var(--quiet)",
    "#0072b2": "var(--blue)",
    "#d55e00": "var(--red)",
    "#009e73": "var(--green)",
    "#e69f00": "var(--orange)",
    "#cc79a7": "var(--pink)",
    "#56b4e9": "var(--sky)",
}
LAID_OUT_AT: Final = 150.0  # dpi: at 72, as SVG has it, letters are measured in whole pixels
NOTHING_BUT_LINES: Final[dict[str, None]] = dict.fromkeys(("Date", "Creator", "Format", "Type"))


class Studio:
    """Draws the figures of one page and numbers them, so that what one defines no other refers to."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def picture(
        self, draw: Callable[[Figure], object], size: tuple[float, float], *, alt: str, caption: str
    ) -> Picture:
        """One figure.

        Parameters
        ----------
        draw : callable
            Draws on an empty figure.
        size : (float, float)
            [inches]
        alt, caption : str
        """
        from matplotlib.figure import Figure
        from matplotlib.text import Text

        with styled(), _as_text():
            figure = Figure(figsize=size, layout="constrained")
            draw(figure)
            shorten(figure)
            for label in figure.findobj(Text):
                label.set_text(typeset(label.get_text()))
            text = io.StringIO()
            save(figure, text, dpi=LAID_OUT_AT, format="svg", transparent=True, metadata=NOTHING_BUT_LINES)
        return Picture(_inline(text.getvalue(), f"p{next(self._numbers)}-"), alt, caption)


@contextmanager
def _as_text() -> Iterator[None]:
    """Text is text: dollars in a name are no formula, and a letter that no font has is the browser's to find."""
    import matplotlib as mpl

    with warnings.catch_warnings(), mpl.rc_context({"text.parse_math": False, "svg.fonttype": "none"}):
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from")
        yield


def _inline(svg: str, prefix: str) -> str:
    """The element alone, its own names prefixed, sized by its box."""
    body = svg[svg.index("<svg") :]
    for alone in ("metadata", "style"):  # a style of one picture would hold for the whole page
        body = re.sub(rf"<{alone}\b.*?</{alone}>", "", body, flags=re.S)
    body = re.sub(r'\bid="', f'id="{prefix}', body)
    body = re.sub(r'(xlink:href="|url\()#', rf"\1#{prefix}", body)
    head, rest = body.split(">", 1)
    head = re.sub(r'\s(width|height|version|xmlns(:xlink)?)="[^"]*"', "", head)
    rest = re.sub("|".join(THEME), lambda found: THEME[found.group()], rest)
    return f'{head} aria-hidden="true" focusable="false">{rest.strip()}'
