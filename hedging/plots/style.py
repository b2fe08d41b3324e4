"""One look for all pictures: colours by role, ticks of money and shares, a style applied locally."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "HEDGED",
    "MARKERS",
    "OVERLAY",
    "QUIET",
    "SERIES",
    "UNHEDGED",
    "UNHEDGED_DASHES",
    "axes_or_new",
    "money",
    "money_axis",
    "percent",
    "plain",
    "points",
    "roles",
    "share",
    "styled",
]

STYLE = Path(__file__).parents[1] / "hedging.mplstyle"

# Colour by role, from the style's cycle: the same thing looks the same in every picture.
HEDGED, UNHEDGED, OVERLAY = "#0072B2", "#D55E00", "#009E73"
QUIET = "0.45"
SERIES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
UNHEDGED_DASHES = (0, (4, 2))


@contextmanager
def styled() -> Iterator[None]:
    """Apply the style of this library, and nothing but inside the block."""
    import matplotlib as mpl
    from matplotlib import style

    with style.context(str(STYLE)):
        yield
        interactive = mpl.is_interactive()
    # A notebook's backend turns this on with its first figure, which may be ours: keep it on, or no later
    # figure shows.
    mpl.interactive(interactive)


def axes_or_new(ax: Axes | None) -> Axes:
    """Take the axes given, or a new figure's that a notebook will show."""
    if ax is not None:
        return ax
    from matplotlib import pyplot as plt

    return plt.subplots()[1]


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
    return [UNHEDGED, HEDGED] if len(named) == 2 else list(SERIES)


def money_axis(axis: Any) -> None:
    """Give an axis ticks of money."""
    axis.set_major_formatter(money)
