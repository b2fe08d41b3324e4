"""What an expiry settles at: a published price, the hour bar that ends with it, or the next index."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from hedging.errors import InputError
from hedging.market.snapshots import Snapshots
from hedging.prices.delivery import Delivery, Settlement

__all__ = ["settlement_of"]

LATEST_INDEX = pd.Timedelta(hours=8)
FURTHEST_PRICE = 0.1  # of a delivery price from the index around it: beyond, it is of another asset
NEAR = pd.Timedelta(days=2)


def settlement_of(
    expiry: pd.Timestamp, snapshots: Snapshots, deliveries: Sequence[Delivery], files: str
) -> Settlement:
    """Delivery price of an expiry, from the first of `deliveries` that has one, else the next index.

    Parameters
    ----------
    expiry : Timestamp
    snapshots : Snapshots
        Ascending in time.
    deliveries : sequence of Delivery
    files : str
        What the snapshots are called in messages.

    Raises
    ------
    InputError
        If none is known, and no snapshot within 8 hours after the expiry either; or if it is of another asset.
    """
    for each in deliveries:
        found = each.at(expiry)
        if found is not None:
            _check_near(expiry, found, snapshots, files)
            return found
    times = snapshots.times
    after = int(times.searchsorted(expiry))
    if after < len(times) and times[after] - expiry <= LATEST_INDEX:
        hours = (times[after] - expiry) / pd.Timedelta(hours=1)
        return Settlement(float(snapshots.spot[after]), float("nan"), f"index {hours:.1f} h after expiry")
    following = f"the next is of {times[after]:%Y-%m-%d %H:%M}" if after < len(times) else "none follows"
    given = ", ".join(each.source for each in deliveries) or "none was given"
    raise InputError(
        f"no delivery price of {snapshots.asset} at {expiry:%Y-%m-%d %H:%M} UTC: no published price or hour bar is of that "
        f"time ({given}), and no snapshot of {files} is within {LATEST_INDEX / pd.Timedelta(hours=1):g} hours "
        f"after it ({following}). Pass delivery= with a file that has it."
    )


def _check_near(expiry: pd.Timestamp, found: Settlement, snapshots: Snapshots, files: str) -> None:
    """Refuse a delivery price far from the index around it: a file of another asset."""
    times, spot = snapshots.times, snapshots.spot
    after = min(int(times.searchsorted(expiry)), len(times) - 1)
    around = spot[max(after - 1, 0) : after + 1]
    low, high = around.min() * (1.0 - FURTHEST_PRICE), around.max() * (1.0 + FURTHEST_PRICE)
    if abs(times[after] - expiry) <= NEAR and not low <= found.price <= high:
        raise InputError(
            f"the delivery price {found.price:,.6g} of {found.source} at {expiry:%Y-%m-%d %H:%M} UTC is not near "
            f"{snapshots.asset}, whose index in {files} is {around[-1]:,.6g} around it: is the file of another asset?"
        )
