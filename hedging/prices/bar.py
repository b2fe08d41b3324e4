"""Bars of prices: how long they are, whether their stamp is their open or their close, and what they hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import pandas as pd

from hedging._ground.shown import Shown
from hedging.errors import InputError

__all__ = ["FIELDS", "Bar"]

FIELDS: Final = ("open", "high", "low", "close", "volume", "quote_volume")


DAY: Final = pd.Timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Bar(Shown):
    """How long a bar is, and which of its ends its stamp names.

    Attributes
    ----------
    length : Timedelta
    stamp : {'open', 'close'}
    """

    length: pd.Timedelta
    stamp: Literal["open", "close"]

    def __post_init__(self) -> None:
        if not (isinstance(self.length, pd.Timedelta) and self.length > pd.Timedelta(0)):
            raise InputError(f"the length of a bar must be a Timedelta > 0; got {self.length!r}.")
        if self.stamp not in ("open", "close"):
            raise InputError(f"the stamp of a bar is that of its 'open' or its 'close'; got {self.stamp!r}.")

    def __str__(self) -> str:
        hours = self.length / pd.Timedelta(hours=1)
        return f"{hours / 24:g} d" if hours >= 24 else f"{hours:g} h"
