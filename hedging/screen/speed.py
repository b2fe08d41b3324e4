"""Velocity and acceleration of every coin, with their errors."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from hedging.paths import momentum
from hedging.prices import Past

__all__ = ["SPEED_DAYS", "measure"]

Array = npt.NDArray[np.float64]

SPEED_DAYS: Final = 7


def measure(past: Past, coins: tuple[str, ...]) -> dict[str, Array]:
    """Slope and curvature of log-price at the last bar; see `hedging.paths.momentum.measure`.

    Returns
    -------
    dict of str to ndarray, shape (coins,)
        ``velocity`` [log per day], ``acceleration`` [log per day²], their ``_error`` and ``_t``.
    """
    found = []
    for coin in coins:
        at = momentum.measure(past.series(coin).iloc[-SPEED_DAYS - 1 :], window=SPEED_DAYS)
        found.append((at.velocity, at.velocity_error, at.acceleration, at.acceleration_error))
    values = np.array(found, dtype=float).reshape(-1, 4).T
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "velocity": values[0],
            "velocity_error": values[1],
            "velocity_t": np.where(values[1] > 0.0, values[0] / values[1], np.nan),
            "acceleration": values[2],
            "acceleration_error": values[3],
            "acceleration_t": np.where(values[3] > 0.0, values[2] / values[3], np.nan),
        }
