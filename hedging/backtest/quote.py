"""`Quote`: what a tape knows of one contract at one snapshot."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Quote"]


class Quote(NamedTuple):
    """One contract at one snapshot, per unit of underlying; NaN where a side is missing.

    Attributes
    ----------
    bid, ask, mark : float
        [money]
    mark_shown : float
        The venue's own mark, NaN where it shows none. [money]
    mark_vol, forward : float
        [decimal a year], [money]
    bid_size, ask_size : float
        [contracts]
    open_interest, volume : float
        [units of underlying]
    """

    bid: float
    ask: float
    mark: float
    mark_shown: float
    mark_vol: float
    forward: float
    bid_size: float
    ask_size: float
    open_interest: float
    volume: float
