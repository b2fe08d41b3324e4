"""Rows that carry times of their own, brought together to the snapshots that they are of."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import pandas as pd

from hedging._ground.counts import number_of
from hedging.errors import ChainError

__all__ = ["check_rows", "step_of"]

_STEPS: Final = ("1min", "2min", "5min", "10min", "15min", "30min", "1h", "2h", "4h", "8h", "12h", "1d")
_FEWEST: Final = 20  # times, of which a pattern is one
_CLOSE: Final = pd.Timedelta(minutes=1)  # nobody records all of a venue more often, a row or two at a time


def step_of(every: str | pd.Timedelta) -> pd.Timedelta:
    """The time between chains.

    Raises
    ------
    ChainError
        If it is none.
    """
    try:
        step = pd.Timedelta(every)
    except ValueError:
        step = pd.Timedelta(0)
    if not step > pd.Timedelta(0):
        raise ChainError(f"every must be a time such as '1h', longer than 0; got {every!r}.")
    return step


def check_rows(times: pd.Series, stamps: pd.DatetimeIndex, name: str, *, steps: bool) -> None:
    """Refuse rows that were stamped one by one as snapshots: each would be a chain of one quote.

    Parameters
    ----------
    times : Series
        Of the rows.
    stamps : DatetimeIndex
        The same, each once, ascending.
    name : str
        Of the file.
    steps : bool
        Whether its format takes a step.
    """
    if len(stamps) < _FEWEST or times.notna().sum() >= 2 * len(stamps):
        return
    apart = stamps.to_series().diff().median()
    if apart >= _CLOSE:
        return
    way = (
        f"pass the time between chains by every= (--step), such as {_step(stamps, max(10 * apart, _CLOSE))!r}"
        if steps
        else "write one time into all rows of a snapshot"
    )
    raise ChainError(
        f"{name} stamps its rows one by one ({number_of(len(stamps), 'time')} of {number_of(len(times), 'row')}, in the "
        f"median {apart.total_seconds():.3g} s apart), so that none is a snapshot of all that is quoted: {way}."
    )


def _step(stamps: pd.DatetimeIndex, most: pd.Timedelta) -> str:
    """The shortest usual step of which none parts rows that follow each other within `most`."""
    near = [(one, other) for one, other in pairwise(stamps) if other - one <= most]
    ends = pd.DatetimeIndex([one for one, _ in near]), pd.DatetimeIndex([other for _, other in near])
    return next((step for step in _STEPS if (ends[0].ceil(step) == ends[1].ceil(step)).all()), "1h")
