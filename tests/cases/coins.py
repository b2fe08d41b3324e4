"""Made prices of coins: seeded random walks around a market, with volumes and ranges."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hedging import Prices


def walks(
    coins: int = 12, days: int = 150, seed: int = 0, *, beta: float = 1.1, own: float = 0.03
) -> pd.DataFrame:
    """Closes of BTC and of coins that follow it, wide, by UTC day."""
    rng = np.random.default_rng(seed)
    market = rng.normal(0.0, 0.03, days)
    moves = np.column_stack([market, beta * market[:, None] + rng.normal(0.0, own, (days, coins))])
    names = ["BTC", *(f"C{place:02d}" for place in range(coins))]
    start = pd.Timestamp("2024-01-01", tz="UTC")
    return pd.DataFrame(
        100.0 * np.exp(moves.cumsum(axis=0)), pd.date_range(start, periods=days, name="date"), names
    )


def bars(coins: int = 6, days: int = 150, seed: int = 0) -> pd.DataFrame:
    """The same with open, high, low, close and volumes, long."""
    closes = walks(coins, days, seed)
    rng = np.random.default_rng(seed + 1)
    parts = []
    for coin in closes:
        close = closes[coin].to_numpy()
        opened = np.concatenate(([close[0]], close[:-1]))
        high = np.maximum(opened, close) * np.exp(rng.uniform(0, 0.02, days))
        low = np.minimum(opened, close) * np.exp(-rng.uniform(0, 0.02, days))
        volume = rng.lognormal(8, 0.5, days)
        table = {"open": opened, "high": high, "low": low, "close": close, "volume": volume}
        parts.append(
            pd.DataFrame({"ticker": coin, "date": closes.index, **table, "quote_volume": volume * close})
        )
    return pd.concat(parts, ignore_index=True)


def long(closes: pd.DataFrame) -> pd.DataFrame:
    """A wide table as rows of coin, date and close; what is missing has no row."""
    found = closes.rename_axis(index="date", columns="ticker").stack().rename("close").reset_index()
    return found[["ticker", "date", "close"]]


def prices(**how: float) -> Prices:
    """`walks` as `Prices`."""
    return Prices.from_frame(walks(**how))  # type: ignore[arg-type]
