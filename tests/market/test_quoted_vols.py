"""Vols of both sides: at its vol each quote is worth what it is quoted at."""

from __future__ import annotations

import numpy as np

from hedging import greeks, market, samples


def test_at_its_vol_each_quote_is_worth_what_it_is_quoted_at() -> None:
    chain = samples.chain()
    vols = market.quoted_vols(chain)
    quotes = chain.quotes
    for side in ("bid", "ask"):
        known = vols[f"{side}_vol"].notna() & (vols[f"{side}_vol"] > 0.05)
        assert known.sum() > 300
        worth = greeks.black76_price(
            quotes["flag"][known],
            quotes["forward"][known],
            quotes["strike"][known],
            quotes["time_to_expiry"][known],
            0.0,
            vols[f"{side}_vol"][known],
        )
        np.testing.assert_allclose(worth * quotes["discount"][known], quotes[side][known], rtol=1e-6)
    assert vols["bid_vol"][quotes["bid"].isna()].isna().all()  # no side, no vol
    assert (vols["out"] == ((vols["flag"] == "c") == (vols["strike"] >= vols["forward"]))).all()
