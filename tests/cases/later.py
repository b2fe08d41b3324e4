"""A chain as it would be quoted some days later."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from hedging import greeks


def later(chain, days: float, fall: float):
    """The same contracts, `days` later, at the same vols, with spot and forwards lower by `fall`."""
    t = chain.quotes["time_to_expiry"] - days / 365
    quotes = chain.quotes[t > 0].reset_index(drop=True)
    t, forward, spot = t[t > 0].to_numpy(), quotes["forward"] * (1 - fall), chain.spot * (1 - fall)
    flag, strike, vol = (quotes[name].to_numpy() for name in ("flag", "strike", "mark_vol"))
    mark = greeks.coin_price(flag, forward.to_numpy(), strike, t, vol) * spot
    alive = quotes.assign(
        time_to_expiry=t,
        forward=forward,
        discount=spot / forward,
        mark=mark,
        bid=0.98 * mark,
        ask=1.02 * mark,
    )
    return replace(chain, as_of=chain.as_of + pd.Timedelta(days=days), spot=spot, quotes=alive)
