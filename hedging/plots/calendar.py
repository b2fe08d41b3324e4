"""Ticks of an axis of dates: as many as there is room for when it is drawn, none upon its neighbour."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from matplotlib import dates as mdates

__all__ = ["DateTicks", "formatter"]

_FORMATS: Final = ["%Y", "%b", "%d %b", "%d %b %H:%M", "%d %b %H:%M", "%H:%M:%S"]
_FIRSTS: Final = ["%Y", "%Y", *_FORMATS[2:]]  # where a January is named, nothing stands beside the axis
_YEARS: Final = ["", "%Y", "%Y", "%Y", "%Y", "%d %b %Y"]


class DateTicks(mdates.AutoDateLocator):
    """Dates of round steps, fewer on a narrow axis; its width is known when it is drawn, not when it is made."""

    def __init__(self) -> None:
        super().__init__(minticks=3, maxticks=8)  # type: ignore[no-untyped-call]
        self.intervald[mdates.HOURLY] = [
            1,
            2,
            3,
            4,
            6,
            12,
            24,
        ]  # so few reach over the days below daily ticks
        self.intervald[mdates.MINUTELY] = [1, 2, 5, 10, 15, 30]

    def __call__(self) -> Any:
        """Ticks within the view, every second or third where room is scarce, none at a month's end beside its first day."""
        low, high = sorted(self._drawn.get_view_interval())
        ticks = np.asarray(super().__call__())  # type: ignore[no-untyped-call]
        ticks = ticks[(ticks >= low) & (ticks <= high)]
        if ticks.size < 2:
            return ticks
        room = self._room(hours=bool((ticks % 1.0).any()))
        step = int(np.ceil((high - low) / np.median(np.diff(ticks)) / room))
        ticks = ticks[:: min(step, ticks.size - 1)]
        near = np.append(np.diff(ticks) < 0.8 * (high - low) / room, False)
        return ticks[~near] if (~near).sum() > 1 else ticks[[0, -1]]

    @property
    def _drawn(self) -> Any:
        return self.axis

    def _room(self, *, hours: bool) -> float:
        """Labels that fit, by matplotlib's count of those half as long; hours carry their date too."""
        return max(1.0, float(self._drawn.get_tick_space()) * (0.36 if hours else 0.65))


def formatter(locator: DateTicks) -> Any:
    """Texts of the ticks, the year once: in the place of a January, or beside the axis."""
    return mdates.ConciseDateFormatter(  # type: ignore[no-untyped-call]
        locator, formats=_FORMATS, zero_formats=_FIRSTS, offset_formats=_YEARS
    )
