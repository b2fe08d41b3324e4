"""Crashes that happened, as scenarios: stated facts by the hour, the user's own series, and a check.

Each replay is a small table: hours, price in per cent of the start, 30-day implied vol in points where it
is known, with its source. Between the points log-price and vol are straight lines. What is not known follows
the rules of `hedging.paths`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import pandas as pd

from hedging._ground.bounds import check_dates
from hedging._ground.forms import meant
from hedging._ground.shown import Shown
from hedging._numerics.types import Array
from hedging.errors import InputError
from hedging.paths.paths import Paths, along
from hedging.paths.reactions import BTC, Reaction, measured
from hedging.units import SECONDS_PER_DAY

__all__ = ["REPLAYS", "Replay", "from_prices", "replay"]


HOURS = 24.0
Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, repr=False)
class Replay(Shown):
    """A crash as stated facts.

    Attributes
    ----------
    name, title : str
    start : str
        UTC; hours count from here.
    hours : tuple of float
    price : mapping of asset to tuple of float
        Per cent of the price at the start, one per hour of `hours`.
    vol : mapping of asset to points of (hour, 30-day implied vol in points)
    funding : mapping of asset to points of (hour, funding per 8 hours in per cent)
    source : str
    """

    name: str
    title: str
    start: str
    hours: tuple[float, ...]
    price: Mapping[str, tuple[float, ...]]
    source: str
    vol: Mapping[str, Points] = field(default_factory=dict)
    funding: Mapping[str, Points] = field(default_factory=dict)

    def paths(self, asset: str = "BTC", *, step: float = 0.25, reaction: Reaction | None = None) -> Paths:
        """One scenario, on every stated hour and every `step` days in between.

        Parameters
        ----------
        asset : str
            One of those the replay knows.
        step : float
            Days, > 0.
        reaction : Reaction, optional
            What moves beside price, vol and funding that are stated; by default as measured for the asset.

        Raises
        ------
        InputError
            If the replay does not know the asset, or the step is not above 0.
        """
        if asset not in self.price:
            raise InputError(f"{self.title} has prices of {', '.join(self.price)}; got {asset!r}.")
        if not step > 0:
            raise InputError(f"step must be a number of days > 0; got {step!r}.")
        known = np.array(self.hours) / HOURS
        check_dates(float(known[-1]), step)
        days = np.union1d(known, np.arange(0.0, known[-1], step))
        log_price = np.interp(days, known, np.log(np.array(self.price[asset]) / 100.0))
        made = along(days, log_price[None, :], (self.title,), reaction or measured(asset))
        if asset in self.vol:
            made = replace(made, vol_shift=self._since_start(self.vol[asset], days))
        if asset in self.funding:
            made = replace(made, funding_shift=self._since_start(self.funding[asset], days))
        return made

    @staticmethod
    def _since_start(points: Points, days: Array) -> Array:
        """Change since the start, per cent to decimal, shape (1, dates)."""
        hours, level = np.array(points).T
        return np.asarray((np.interp(days, hours / HOURS, level) - level[0])[None, :] / 100.0)


_BINANCE = "hourly closes of Binance, rounded"
_DVOL = "Deribit DVOL"

REPLAYS: Final[dict[str, Replay]] = {
    item.name: item
    for item in (
        Replay(
            "mar-2020",
            "12-13 March 2020",
            "2020-03-12T00:00Z",
            (0, 10, 11, 18, 23, 24, 25, 26, 28, 29, 30),
            {
                "BTC": (100, 92.7, 75.3, 77, 73, 60, 57.2, 51.2, 64.9, 59.4, 61.7),
                "ETH": (100, 86.4, 67.6, 72.9, 65.4, 54.8, 54.5, 49.1, 64, 56.1, 59.9),
            },
            f"{_BINANCE} (perpetuals; BitMEX fell to 3,596). One-month vol 55 to 65 before and 133 on 20 March "
            "(Deribit option flows); its level at the low was not recorded and is taken as that.",
            vol={"BTC": ((0, 60), (26, 133), (30, 133))},
        ),
        Replay(
            "may-2021",
            "19 May 2021",
            "2021-05-17T00:00Z",
            (0, 4, 12, 17, 36, 58, 61, 65, 71, 73, 84),
            {
                "BTC": (100, 92.6, 98.6, 91.8, 97.7, 86.9, 75.5, 85.4, 84.2, 77.1, 87.1),
                "ETH": (100, 90.7, 98.3, 89.6, 98.8, 83.1, 65.2, 79.7, 74.2, 62.3, 76.9),
            },
            f"{_BINANCE} (perpetuals); {_DVOL}",
            vol={"BTC": ((0, 105), (4, 141), (17, 128), (36, 115), (58, 126), (61, 135), (65, 118), (73, 130), (84, 120))},
        ),
        Replay(
            "luna-2022",
            "LUNA, 5-13 May 2022",
            "2022-05-05T00:00Z",
            (0, 13, 20, 105, 120, 127, 155, 157, 159, 174, 204),
            {
                "BTC": (100, 99.6, 91.4, 84.8, 75.7, 80.8, 80.2, 73.8, 80.2, 68.3, 77.2),
                "ETH": (100, 99.6, 92.8, 83.8, 75.8, 81.5, 82.7, 73.9, 79.9, 62.4, 71.9),
            },
            f"{_BINANCE} (perpetuals); {_DVOL}",
            vol={"BTC": ((0, 60), (20, 64), (105, 71), (120, 87), (127, 78), (157, 91), (174, 131), (204, 96))},
        ),
        Replay(
            "ftx-2022",
            "FTX, 5-13 November 2022",
            "2022-11-06T00:00Z",
            (0, 24, 48, 72, 96, 120, 144, 168, 192),
            {
                "BTC": (100, 98.2, 96.7, 87.1, 74.8, 82.6, 80.1, 78.9, 76.7),
                "ETH": (100, 96.4, 96.4, 82, 67.8, 79.9, 79.2, 77.3, 75.1),
                "SOL": (100, 88.4, 80.3, 66.1, 38.2, 47.9, 44.6, 39.5, 35.7),
            },
            f"daily closes of Binance, rounded (the low of BTC was 27 % down); {_DVOL}; funding of a Binance dashboard",
            vol={"BTC": ((24, 57), (48, 60), (72, 77), (96, 115), (120, 93), (144, 102), (168, 103), (192, 108))},
            funding={"BTC": ((72, 0.0), (88, -0.033), (104, -0.119), (112, -0.112), (144, 0.0))},
        ),
        Replay(
            "aug-2024",
            "2-5 August 2024",
            "2024-08-02T00:00Z",
            (0, 14, 25, 61, 66, 71, 74, 82, 85, 87, 96),
            {
                "BTC": (100, 99.8, 93.5, 93.4, 88.5, 89.8, 83.3, 80.6, 76.2, 82.7, 82.7),
                "ETH": (100, 98.7, 92.5, 91.3, 84.3, 85, 72.4, 72.3, 69.6, 75, 75.5),
            },
            f"{_BINANCE} (spot); {_DVOL}",
            vol={
                "BTC": ((0, 49), (25, 52), (66, 55), (74, 59), (82, 67), (85, 67), (96, 62)),
                "ETH": ((0, 54), (25, 58), (61, 61), (66, 70), (74, 79), (96, 76)),
            },
        ),
        Replay(
            "oct-2025",
            "10 October 2025",
            "2025-10-10T00:00Z",
            (0, 21.3),
            {"BTC": (100, 84.2), "ETH": (100, 79.0)},
            "BTC 122,550 to 103,135 and ETH 4,346 to 3,436 on the day, by an exchange's own prints; the cascade ran from "
            f"20:50 to 21:30 UTC, and the way to it is drawn straight. {_DVOL}: the rise was in short tenors.",
            vol={"BTC": ((0, 40), (21.3, 44))},
        ),
        Replay(
            "feb-2026",
            "28 January to 6 February 2026",
            "2026-01-28T08:00Z",
            (0, 30, 43, 70, 84, 145, 155, 173, 194, 208, 232),
            {
                "BTC": (100, 98.8, 92.2, 94.2, 87.2, 88.3, 82.1, 85.5, 80.3, 70.6, 79.2),
                "ETH": (100, 97.7, 91.1, 89.8, 79.3, 77.1, 70.6, 74.7, 71, 60.8, 68.7),
            },
            f"{_BINANCE} (spot); {_DVOL}",
            vol={
                "BTC": ((0, 38), (30, 39), (43, 45), (70, 41), (84, 49), (145, 46), (155, 52), (194, 55), (208, 84), (232, 59)),
                "ETH": ((0, 54), (43, 63), (70, 59), (84, 64), (155, 72), (173, 72), (194, 81), (208, 95), (232, 77)),
            },
        ),
    )
}  # fmt: skip
"""The crashes known by name."""


def replay(name: str) -> Replay:
    """Return a crash by its name.

    Raises
    ------
    InputError
        If there is none of that name; the message lists them.

    Examples
    --------
    >>> luna = replay("luna-2022").paths("BTC")
    >>> round(float(luna.spot.min()), 3), round(float(luna.vol_shift.max()), 2)
    (0.683, 0.71)
    """
    if name not in REPLAYS:
        raise InputError(
            f"no replay is called {name!r}; there are {', '.join(REPLAYS)}{meant(str(name), REPLAYS) or '.'}"
        )
    return REPLAYS[name]


def from_prices(
    prices: pd.Series[float],
    vols: pd.Series[float] | None = None,
    *,
    label: str = "own series",
    reaction: Reaction = BTC,
) -> Paths:
    """Replay the user's own price series, from its first bar on.

    Parameters
    ----------
    prices : Series
        Prices > 0 over an ascending DatetimeIndex. [money]
    vols : Series, optional
        30-day implied vol over the same kind of index, as decimals; by default it follows `reaction`.
    label : str
        Name of the scenario.
    reaction : Reaction
        What moves beside.

    Raises
    ------
    InputError
        If the series is not such.
    """
    values = prices.to_numpy(dtype=float)
    index = prices.index
    if not isinstance(index, pd.DatetimeIndex) or not index.is_monotonic_increasing or index.has_duplicates:
        raise InputError("prices must be a Series over times that ascend without repeats.")
    if values.size < 2 or not (np.isfinite(values) & (values > 0)).all():
        raise InputError("prices must be at least two numbers > 0.")
    days = (index - index[0]).total_seconds().to_numpy() / SECONDS_PER_DAY
    made = along(days, np.log(values / values[0])[None, :], (label,), reaction)
    if vols is None:
        return made
    if not isinstance(vols.index, pd.DatetimeIndex) or not np.isfinite(vols.to_numpy(dtype=float)).all():
        raise InputError("vols must be a Series of finite numbers over times.")
    at = (vols.index - index[0]).total_seconds().to_numpy() / SECONDS_PER_DAY
    level = np.interp(days, at, vols.to_numpy(dtype=float))
    return replace(made, vol_shift=(level - level[0])[None, :])
