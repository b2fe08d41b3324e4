"""Discounts of European chains from parity: one curve of rates, and what near expiries cannot say of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hedging.errors import ChainError
from hedging.market._parity import smooth_discount


@pytest.mark.parametrize(("discount", "days"), [(1.0004, 3.0), (0.9985, 0.5), (1.0, 10.0)])
def test_a_discount_that_ticks_alone_make_says_nothing_of_rates(discount: float, days: float) -> None:
    as_of = pd.Timestamp("2022-06-10 20:00", tz="UTC")
    strikes = np.linspace(95.0, 105.0, 11)
    call, put = (
        np.maximum(100.0 - strikes, 0.0) * discount + 2.0,
        np.maximum(strikes - 100.0, 0.0) * discount + 2.0,
    )
    rows = {
        "expiry": as_of + pd.Timedelta(days=days),
        "strike": np.tile(strikes, 2),
        "flag": np.repeat(["c", "p"], 11),
        "bid": np.concatenate((call, put)) - 0.01,
        "ask": np.concatenate((call, put)) + 0.01,
    }
    (found,) = smooth_discount(pd.DataFrame(rows), as_of)
    rate = -np.log(found) / days * 365.0
    assert -0.02 - 1e-12 <= rate <= 0.20 + 1e-12
    rows["bid"], rows["ask"] = rows["bid"] * 1.04, rows["ask"] * 1.04  # 4 % in days is no rate
    with pytest.raises(ChainError, match="imply rates outside"):
        smooth_discount(pd.DataFrame(rows), as_of)
