"""The table of `compare`: a frame that shows itself as three, so that nothing is lost beyond the right edge."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from hedging._ground.cells import SIGNED_SHARE, on_day
from hedging._ground.frames import ReadableFrame
from hedging._ground.tables import Page, Table
from hedging.book.book import Book
from hedging.market.market import Market

__all__ = ["RALLIES", "Compared", "counted_in", "nearly_capped"]

RALLIES: Final = {"gain_25": 0.25, "gain_50": 0.50, "gain_100": 1.00}
"""Columns of `compare` that say where a rally of the share stated ends."""

# Upside of less than this share of that without a hedge is what coin premium left over, and no reader calls it unbounded.
_NEARLY: Final = 0.05
_WHOLE_FROM: Final = 1_000.0  # money from which cents say nothing
_COSTS: Final = ("execution", "premium", "carry_day")
_ENDS: Final = ("floor", "cap", *RALLIES, "breakeven")
_AFTER: Final = ("upside", "delta", "delta_value", "gamma", "vega", "theta")


def nearly_capped(table: pd.DataFrame) -> pd.Series:
    """Rows of `compare` that gain without bound, but with less than 5 % of the largest upside of all rows.

    So a collar for coin ends: calls on all coins but what the premium left over. What it gains is what `RALLIES` say.
    Of a book that counts in coin there is none: what it gains without bound it gains in a fall.
    """
    if table.attrs.get("currency", "") == table.attrs.get("asset"):
        return pd.Series(data=False, index=table.index)
    slight = table["upside"] <= _NEARLY * table["upside"].max()
    return pd.Series(np.isinf(table["cap"].to_numpy(dtype=float)) & slight.to_numpy(), index=table.index)


def counted_in(book: Book, market: Market) -> str:
    """What a book beside one market counts in: the coin, or the money that quotes are in."""
    return market.asset if book.numeraire == market.asset else market.currency


class Compared(ReadableFrame):
    """A DataFrame that prints as three tables: what overlays cost, where they end, what the book is after them.

    What is taken out of it is a plain DataFrame. Its ``attrs`` hold ``asset``, ``as_of``, ``currency``, which the
    book counts in, and ``money``, which prices are in.
    """

    def _whole(self) -> bool:
        """Whether it still is what `compare` made: columns may have been dropped or replaced."""
        return {*_COSTS, *_ENDS, *_AFTER, "days"} <= set(self.columns) and "asset" in self.attrs

    def _page(self) -> Page:
        if not self._whole():
            return super()._page()
        asset, currency, money = (self.attrs[name] for name in ("asset", "currency", "money"))
        as_of = pd.Timestamp(self.attrs["as_of"])
        plain, slight = self.to_frame(), nearly_capped(self)
        plain["cap"] = plain["cap"].where(~slight, plain["gain_100"])
        for name in ("execution", "premium", "breakeven", "delta_value", "vega", "theta", "carry_day"):
            if plain[name].abs().max() >= _WHOLE_FROM:
                plain[name] = plain[name].round(0)
        ends = plain[list(_ENDS)].rename(
            columns={name: f"at +{share:.0%}" for name, share in RALLIES.items()}
        )
        ends.insert(0, "judged", [on_day(as_of, day) for day in plain["days"]])
        shares = ("floor", "cap", *(f"at +{share:.0%}" for share in RALLIES.values()))
        units: dict[Any, str] = dict.fromkeys(shares, SIGNED_SHARE)
        units["breakeven"] = money
        costs = plain[list(_COSTS)].rename(columns={"carry_day": "carry a day"})
        # In coin the value of a delta is the delta.
        after = plain[[name for name in _AFTER if name != "delta_value" or currency != asset]]
        after = after.round({"upside": 3, "delta": 3, "gamma": 6})
        units_after: dict[Any, str] = {
            "upside": asset,
            "delta": asset,
            "delta_value": currency,
            "gamma": f"{asset} per {money}",
            "vega": f"{currency} per point",
            "theta": f"{currency} a day",
        }
        notes = (
            [f"cap of {', '.join(map(str, self.index[slight]))}: where a rally of 100 % ends"]
            if slight.any()
            else []
        )
        count = len(self)
        return Page(
            f"Overlays on {asset}: the whole book, as shares of its value now, counted in {currency}",
            (
                Table(costs, dict.fromkeys(costs, currency), index=True, rows=count, caption="what it costs"),
                Table(ends, units, index=True, rows=count, caption="where it ends"),
                *notes,
                Table(after, units_after, index=True, rows=count, caption="the book after it, today"),
            ),
        )
