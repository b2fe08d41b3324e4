"""Write a picture to a file, laid out once."""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["save"]

_NOTHING: Final[Any] = {"figure.autolayout": False, "figure.constrained_layout.use": False}


def save(figure: Figure, target: str | Path | IO[Any], *, dpi: float, **options: Any) -> None:
    """Write a figure as `Figure.savefig` does, which draws all of a figure with a layout twice, the first time for that.

    Parameters
    ----------
    figure : Figure
        It keeps its places and loses what laid it out.
    target : path or file
    dpi : float
        [dots per inch]
    **options
        Of `Figure.savefig`.
    """
    import matplotlib as mpl

    figure.dpi = dpi
    if (engine := figure.get_layout_engine()) is not None:
        engine.execute(figure)
        with mpl.rc_context(_NOTHING):
            figure.set_layout_engine(None)
    figure.savefig(target, dpi=dpi, **options)
