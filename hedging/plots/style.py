"""One look for all pictures: colours by role, ticks of money, shares and dates, a style applied locally."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet

import numpy as np
import pandas as pd

from hedging.errors import InputError
from hedging.plots.margins import widen_margins
from hedging.plots.names import shortened_within

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

__all__ = [
    "HEDGED",
    "MARKERS",
    "OVERLAY",
    "QUIET",
    "SERIES",
    "UNHEDGED",
    "UNHEDGED_DASHES",
    "axes_or_new",
    "check_drawable",
    "date_axis",
    "date_text",
    "dates",
    "every",
    "figure_or_new",
    "ink",
    "is_ours",
    "money",
    "money_axis",
    "percent",
    "plain",
    "points",
    "roles",
    "share",
    "styled",
    "width_of",
]

STYLE = Path(__file__).parents[1] / "hedging.mplstyle"

# Colour by role, from the style's cycle: the same thing looks the same in every picture.
HEDGED, UNHEDGED, OVERLAY = "#0072B2", "#D55E00", "#009E73"
QUIET = "0.45"
INK: Final = "#757575"
"""Colour of texts on a ground that is not known: 4.5 to 1 on white and on black alike."""
SERIES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#808080")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
UNHEDGED_DASHES = (0, (4, 2))

LEAST_ROW: Final = 1.5  # inches of height that a usual panel needs beside its labels
_WIDE: Final = 6.4  # inches of a panel from which texts have their full size
# Of years, months, days, hours, minutes, seconds: each tick says all but the year, which stands at the end.
_SMALLEST: Final = 0.7
_SIZES: Final = {
    "font.size": 10.0,
    "axes.titlesize": 11.0,
    "axes.labelsize": 10.0,
    "legend.fontsize": 9.0,
    "xtick.labelsize": 9.0,
    "ytick.labelsize": 9.0,
    "lines.linewidth": 1.8,
    "lines.markersize": 6.0,
}
_OURS: Final[WeakSet[Any]] = WeakSet()  # figures that were made here, not by a caller
_INKED: Final = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")


@contextmanager
def styled(target: Axes | Figure | None = None) -> Iterator[None]:
    """Apply the style of this library, and nothing but inside the block.

    What is drawn on a figure of the caller's keeps the caller's colours and gets texts that fit its size, and margins
    that hold them where nothing else lays it out. A new one
    has no ground of its own, and texts that are read on light and on dark, unless the caller chose colours.

    Raises
    ------
    InputError
        If the target is neither axes nor a figure.
    """
    _check_target(target)
    import matplotlib as mpl
    from matplotlib import style

    chosen = _groundless(mpl.rcParams, mpl.rcParamsDefault) if _has_no_ground(target) else {}
    scale = float(np.clip(width_of(target) / _WIDE, _SMALLEST, 1.0))
    sizes: dict[str, Any] = {name: scale * size for name, size in _SIZES.items()}
    before = _formulas(target)
    with style.context([str(STYLE), chosen | sizes]):
        with shortened_within(target):
            yield
        for text, said in before.items():
            text.set_parse_math(text.get_text() == said)
        if target is not None:
            widen_margins(target)
        interactive = mpl.is_interactive()
    # A notebook's backend turns this on with its first figure, which may be ours: keep it on, or no later
    # figure shows.
    mpl.interactive(interactive)


def _formulas(target: Axes | Figure | None) -> dict[Text, str]:
    """Texts of the caller's that may be formulas, and what they say: what a picture writes into one is none."""
    from matplotlib.text import Text

    texts: list[Text] = [] if target is None else target.findobj(Text)
    return {text: text.get_text() for text in texts if text.get_parse_math()}


def _check_target(target: Any) -> None:
    from matplotlib.axes import Axes
    from matplotlib.figure import FigureBase

    if target is not None and not isinstance(target, Axes | FigureBase):
        raise InputError(
            "ax must be axes of matplotlib, as plt.subplots() makes them, and figure a figure; got "
            f"{type(target).__name__}."
        )


def _has_no_ground(target: Axes | Figure | None) -> bool:
    """Whether nobody knows what is behind the texts: of a figure of ours, or another that is transparent."""
    if target is None:
        return True
    whole = _whole(target)
    return bool(whole.get_facecolor()[3] == 0.0) or not whole.patch.get_visible()


def _groundless(now: Any, default: Any) -> dict[str, Any]:
    """Settings of a figure without ground; a caller's own colours stay."""
    names = ("figure.facecolor", "axes.facecolor", *_INKED)
    if any(now[name] != default[name] for name in names):
        return {}
    return {"figure.facecolor": "none", "axes.facecolor": "none"} | dict.fromkeys(_INKED, INK)


def width_of(target: Axes | Figure | None) -> float:
    """Width of the panel, or of the figure that will be made."""
    import matplotlib as mpl

    if target is None:
        return float(mpl.rcParams["figure.figsize"][0])
    share = target.get_position().width / 0.775 if hasattr(target, "get_position") else 1.0
    return float(_whole(target).get_figwidth() * min(share, 1.0))


def _whole(target: Any) -> Any:
    """The figure that a panel, or a part of a figure, is on."""
    return target.get_figure(root=True)


def ink() -> Any:
    """The colour that texts are drawn in now."""
    import matplotlib as mpl

    return mpl.rcParams["text.color"]


def axes_or_new(ax: Axes | None) -> Axes:
    """Take the axes given, or a new figure's that a notebook will show."""
    import matplotlib as mpl

    if ax is not None:
        # Made before the style was there: their ticks and labels fit the panel as its other texts do.
        ax.tick_params(labelsize=mpl.rcParams["xtick.labelsize"])
        for axis in (ax.xaxis, ax.yaxis):
            axis.label.set_fontsize(mpl.rcParams["axes.labelsize"])
            axis.get_offset_text().set_fontsize(mpl.rcParams["xtick.labelsize"])
        return ax
    from matplotlib import pyplot as plt

    return _on_the_page(plt.figure()).subplots()


def figure_or_new(figure: Figure | None, height: float = 1.0) -> Figure:
    """Take the figure given, or a new one of the user's width and so many times the user's height.

    An empty figure that nothing lays out gets an engine, if it is not far too small for one: labels of several panels
    stand between them.
    """
    if figure is not None:
        bare = not figure.axes and figure.get_layout_engine() is None
        if bare and hasattr(figure, "set_layout_engine") and figure.get_figheight() >= LEAST_ROW * height:
            figure.set_layout_engine("constrained")
        return figure
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    width, tall = mpl.rcParams["figure.figsize"]
    return _on_the_page(plt.figure(figsize=(width, height * tall)))


def is_ours(figure: Any) -> bool:
    """Whether a figure was made here, not by a caller: its height is ours to choose."""
    return figure in _OURS


def _on_the_page(figure: Figure) -> Figure:
    """A new figure whose ground is the notebook's.

    Behind a figure of no colour Jupyter puts white, in its dark theme too, as dark texts are on it; one that has a
    colour and does not draw it is left as it is.
    """
    import matplotlib as mpl

    _OURS.add(figure)
    ground: Any = figure.get_facecolor()
    if "inline" in mpl.get_backend() and ground[3] == 0.0:
        figure.set_facecolor("white")
        figure.patch.set_visible(False)
    return figure


def dates(as_of: pd.Timestamp | None, days: Any) -> Any:
    """Days from now as the dates that they are, where it is known when now was."""
    if as_of is None:
        return np.asarray(days, dtype=float)
    return (
        as_of.tz_convert("UTC").tz_localize(None) + pd.to_timedelta(np.asarray(days, dtype=float), "D")
    ).to_numpy()


def date_axis(ax: Axes, *, known: bool = True) -> None:
    """Ticks of dates along the bottom, or of days from now where no date is known."""
    if not known:
        ax.set_xlabel("days from now")
        return
    from hedging.plots.calendar import DateTicks, formatter

    ticks = DateTicks()
    ax.xaxis.set_major_locator(ticks)
    ax.xaxis.set_major_formatter(formatter(ticks))


def gain_label(currency: str, filled: pd.Timestamp | None) -> str:
    """The label of an axis of gains since today, unless orders were filled before: see `note_fills`."""
    return f"gain{' since today' if filled is None else ''} [{currency}]"


def fills_text(filled: pd.Timestamp) -> str:
    """From when gains of orders count that were filled before today."""
    return f"orders: since their fills, {filled:%d %b %Y}"


def note_fills(ax: Axes, filled: pd.Timestamp | None) -> None:
    """Let the legend say from when gains of orders count, where they were filled before today."""
    if filled is not None:
        ax.plot([], [], linestyle="none", label=fills_text(filled))


def check_drawable(what: str, values: Any) -> Any:
    """Numbers as an array, if there is one to draw.

    Raises
    ------
    InputError
        If there is none, or none that is finite.
    """
    try:
        numbers = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise InputError(f"{what} must be numbers; got {type(values).__name__}.") from error
    if not numbers.size:
        raise InputError(f"there is nothing to draw: {what} is empty.")
    if not np.isfinite(numbers).any():
        raise InputError(f"there is nothing to draw: {what} has no number that is finite.")
    return numbers


def money(value: float, _position: object = None) -> str:
    """A tick of money: 1.5M, 250k, -80; as matplotlib's formatters are called.

    Examples
    --------
    >>> money(-1_500_000), money(250_000), money(0.0), money(0.25)
    ('−1.5M', '250k', '0', '0.25')
    """
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.4g}{letter}".replace("-", "−")
    return f"{value + 0.0:.4g}".replace("-", "−")


def percent(value: float, _position: object = None) -> str:
    """A tick of a share: −20 %.

    Examples
    --------
    >>> percent(-0.2), percent(0.05)
    ('−20 %', '+5 %')
    """
    points = round(100 * value, 9)  # 0.1 * 3 - 0.3 is not quite nothing
    return f"{points:+.3g} %".replace("-", "−") if points else "0 %"


def share(value: float, _position: object = None) -> str:
    """A tick of a share without a sign: 20 %."""
    return f"{100 * value:g} %"


def points(value: float, _position: object = None) -> str:
    """A tick of a decimal in hundredths: vol points, per cent."""
    return f"{100 * value:g}"


def plain(value: float, _position: object = None) -> str:
    """A tick of a plain number, also on a logarithmic axis."""
    return f"{value:g}"


def roles(named: Mapping[str, object]) -> list[str]:
    """Colours: the position's and the hedged book's for two, else a series."""
    if len(named) == 2:
        return [UNHEDGED, HEDGED]
    return [SERIES[place % len(SERIES)] for place in range(len(named))]


def money_axis(axis: Any) -> None:
    """Give an axis ticks of money."""
    axis.set_major_formatter(money)


def date_text(as_of: pd.Timestamp | None, day: float) -> str:
    """One day as text: today, 27 Mar, or day 15 where no date is known.

    Examples
    --------
    >>> date_text(pd.Timestamp("2026-03-02T12:00Z"), 25.0), date_text(None, 15.0), date_text(None, 0)
    ('27 Mar', 'day 15', 'today')
    """
    if day == 0:
        return "today"
    if as_of is None:
        return f"day {day:.3g}"
    at = as_of + pd.Timedelta(days=float(day))
    return f"{at.day} {at:%b}" + ("" if at.year == as_of.year else f" {at.year}")


def every(marks: Sequence[Any] | Any) -> int:
    """Step that leaves about eight of some marks."""
    return max(1, len(marks) // 8)
