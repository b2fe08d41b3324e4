"""Hand-made chains and tapes in coin, whose every quote a test states."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from hedging import greeks
from hedging.backtest import Tape
from hedging.market.chain import OptionChain
from hedging.market.contracts import ContractTerms, FeeRule, option_symbol
from hedging.venues.deribit import option_terms

TERMS = option_terms("BTC", "2026-01-01T00:00Z")
FREE = ContractTerms("coin", lot=0.1, ticks=((0.0, 1e-4),), fee=FeeRule(0.0))
EXPIRY = pd.Timestamp("2026-01-30T08:00Z")
LATER = pd.Timestamp("2026-02-27T08:00Z")


def made_chain(
    time: str | pd.Timestamp,
    spot: float,
    rows: Sequence[dict[str, Any]],
    *,
    terms: ContractTerms = TERMS,
    futures: pd.DataFrame | None = None,
    units: dict[str, str] | None = None,
) -> OptionChain:
    """A BTC chain; each row says flag, strike, expiry and any of bid, ask, mark (coin), sizes, open interest."""
    table = pd.DataFrame([{"forward": spot, "index": spot, **row} for row in rows])
    # Far from every bound: hand-made quotes need not be those of a smile.
    return OptionChain.from_frame(
        table,
        asset="BTC",
        as_of=time,
        units=units or {"price": "coin", "vol": "decimal"},
        terms=terms,
        futures=futures,
        source="made.csv",
    )


def put(strike: float, expiry: pd.Timestamp = EXPIRY, **quotes: float) -> dict[str, Any]:
    """A put's row."""
    return {"flag": "p", "strike": strike, "expiry": expiry, **quotes}


def call(strike: float, expiry: pd.Timestamp = EXPIRY, **quotes: float) -> dict[str, Any]:
    """A call's row."""
    return {"flag": "c", "strike": strike, "expiry": expiry, **quotes}


def name(flag: str, strike: float, expiry: pd.Timestamp = EXPIRY) -> str:
    """The venue's name of one of these options."""
    return option_symbol("BTC", expiry, strike, flag)


@cache  # and with it the surface of each of its chains
def random_tape(
    seed: int, snapshots: int = 12, *, terms: ContractTerms = TERMS, missing: float = 0.1
) -> Tape:
    """A random walk with puts and calls of three expiries that follow it, a share of the sides missing."""
    random = np.random.default_rng(seed)
    times = pd.date_range("2026-01-01T09:00Z", periods=snapshots, freq="2D")
    spot = 80_000.0 * np.exp(np.cumsum(random.normal(0.0, 0.04, snapshots)))
    expiries = [pd.Timestamp(day) for day in ("2026-01-09T08:00Z", "2026-01-16T08:00Z", "2026-02-27T08:00Z")]
    chains = []
    for time, price in zip(times, spot, strict=True):
        rows = []
        for expiry in expiries:
            years = (expiry - time) / pd.Timedelta(days=365)
            if years <= 0:
                continue
            for strike in (60_000.0, 70_000.0, 80_000.0, 90_000.0, 100_000.0):
                for flag in "cp":
                    inside = max(price / strike - 1, 0) if flag == "c" else max(strike / price - 1, 0)
                    mark = min(inside, 0.6) + 0.4 * 0.6 * years**0.5 * np.exp(
                        -abs(np.log(strike / price)) * 4
                    )
                    half = 0.0005 + 0.02 * mark
                    quote = {"bid": max(mark - half, 0.0001), "ask": mark + half, "mark": mark}
                    quote |= {side: np.nan for side in ("bid", "ask") if random.random() < missing}
                    rows.append({"flag": flag, "strike": strike, "expiry": expiry, **quote})
        chains.append(made_chain(time, float(price), rows, terms=terms))
    prices = pd.Series(float(spot.mean()), index=pd.DatetimeIndex(expiries))
    near = [float(spot[min(int(times.searchsorted(day)), snapshots - 1)]) for day in expiries]
    return Tape.of(chains, delivery=pd.Series(near, index=prices.index))


@cache
def smile_chain(
    time: str | pd.Timestamp, spot: float, *, vol: float = 0.6, terms: ContractTerms = TERMS
) -> OptionChain:
    """Puts and calls of two expiries at one vol, from which a surface can be fitted."""
    rows = []
    for expiry in (EXPIRY, LATER):
        years = (expiry - pd.Timestamp(time)) / pd.Timedelta(days=365)
        for strike in np.arange(0.7, 1.35, 0.025) * 80_000.0:
            for flag in "cp":
                mark = float(greeks.black76_price(flag, spot, strike, years, 0.0, vol)) / spot
                quote = {
                    "bid": max(mark - 0.0005, 0.0001),
                    "ask": mark + 0.0005,
                    "mark": mark,
                    "mark_vol": vol,
                }
                rows.append({"flag": flag, "strike": round(strike, 2), "expiry": expiry, **quote})
    return made_chain(time, spot, rows, terms=terms)
