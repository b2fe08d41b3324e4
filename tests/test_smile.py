"""The surface gives back the vols it was fitted to, and joins slices in total variance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from hedging import smile
from hedging.chain import OptionChain
from hedging.errors import InputError


def flat_chain(vols: dict[str, float]) -> OptionChain:
    """A chain whose vol is one number per expiry."""
    strikes = np.arange(60.0, 145.0, 5.0)
    frames = [
        pd.DataFrame(
            {"flag": np.where(strikes < 100, "p", "c"), "strike": strikes, "expiry": day, "forward": 100.0}
        ).assign(mark_vol=vol)
        for day, vol in vols.items()
    ]
    return OptionChain.from_frame(
        pd.concat(frames), asset="XYZ", as_of="2026-01-01T08:00Z", units={"price": "money", "vol": "decimal"}
    )


def test_total_variance_is_linear_in_time_between_expiries_and_vol_flat_outside():
    got = smile.fit(flat_chain({"2026-01-31T08:00Z": 0.5, "2026-04-01T08:00Z": 0.4}))
    early, late = 30 / 365, 90 / 365
    middle = 0.5 * (0.25 * early + 0.16 * late)
    assert_allclose(got.vol_at(0.1, 60 / 365) ** 2 * 60 / 365, middle, rtol=1e-6)
    assert_allclose(got.vol_at([0.0, 0.1], [[1 / 365], [early]]), 0.5, rtol=1e-6)
    assert_allclose(got.vol_at(-0.1, 1.0), 0.4, rtol=1e-6)


def test_array_and_scalar_times_agree():
    got = smile.fit(flat_chain({"2026-01-31T08:00Z": 0.5, "2026-04-01T08:00Z": 0.4}))
    k = np.linspace(-0.5, 0.5, 11)
    times = np.array([1.0, 30.0, 45.0, 90.0, 400.0])[:, None] / 365
    assert_allclose(got.vol_at(k, times), [got.vol_at(k, float(t[0])) for t in times], rtol=1e-15)


def test_time_must_be_positive():
    got = smile.fit(flat_chain({"2026-01-31T08:00Z": 0.5}))
    with pytest.raises(InputError, match="must be > 0"):
        got.vol_at(0.0, 0.0)
