"""Vols, Greeks and the out-of-the-money side of quotes, row by row."""

from __future__ import annotations

import pandas as pd

from hedging import greeks as _greeks


def implied_vols(table: pd.DataFrame, price: pd.Series) -> pd.Series:
    """Vols at which quotes are worth a price [money]; NaN where there is none."""
    vol = _greeks.black76_implied_vol(
        (price / table["discount"]).to_numpy(),
        table["flag"].to_numpy(),
        table["forward"].to_numpy(),
        table["strike"].to_numpy(),
        table["time_to_expiry"].to_numpy(),
        errors="nan",
    )
    return pd.Series(vol, index=table.index)


def black76_columns(table: pd.DataFrame, vol: pd.Series, names: tuple[str, ...]) -> pd.DataFrame:
    """Undiscounted Black-76 values of quotes at given vols, in market units."""
    values = _greeks.black76_greeks(
        table["flag"].to_numpy(),
        table["forward"].to_numpy(),
        table["strike"].to_numpy(),
        table["time_to_expiry"].to_numpy(),
        0.0,
        vol.to_numpy(),
        names=names,
    )
    return values.to_frame().set_index(table.index)


def out_of_the_money(table: pd.DataFrame) -> pd.Series:
    """Whether each quote's strike lies beyond its forward; at the forward itself the call's does."""
    return (table["flag"] == "c") == (table["strike"] >= table["forward"])
