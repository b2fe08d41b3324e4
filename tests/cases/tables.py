"""Small tables of quotes, and the chains read from them."""

from __future__ import annotations

import pandas as pd

from hedging.greeks import black76_price
from hedging.market.chain import OptionChain
from hedging.venues.deribit import option_terms

AS_OF = "2026-02-06T08:00:00Z"
EXPIRY = "2026-03-27T08:00:00Z"
UNITS = {"price": "coin", "vol": "percent"}


def table(**columns: object) -> pd.DataFrame:
    """A small BTC table in coin: three strikes, both sides; `columns` overrides."""
    base = {
        "flag": ["p", "p", "c", "c"],
        "strike": [60_000.0, 70_000.0, 70_000.0, 80_000.0],
        "expiry": EXPIRY,
        "forward": 70_500.0,
        "index": 70_000.0,
        "bid": [0.02, 0.06, 0.065, 0.028],
        "ask": [0.021, 0.062, 0.067, 0.029],
        "mark": [0.0205, 0.061, 0.066, 0.0285],
        "mark_vol": [60.0, 55.0, 55.0, 54.0],
        "open_interest": 10.0,
    }
    return pd.DataFrame(base | columns)


def chain(frame: pd.DataFrame | None = None, **keywords: object) -> OptionChain:
    settings: dict = {"asset": "BTC", "as_of": AS_OF, "units": UNITS, "terms": option_terms("BTC", AS_OF)}
    return OptionChain.from_frame(table() if frame is None else frame, **(settings | keywords))


SUMMARY_AS_OF = pd.Timestamp("2026-02-06T04:30:12Z")


def rows() -> list[dict]:
    """A consistent book summary: 2 expiries, 5 strikes, calls and puts, around Black-76 at 55 %."""
    made = []
    for day, expiry in (("27MAR26", "2026-03-27T08:00Z"), ("26JUN26", "2026-06-26T08:00Z")):
        time = (pd.Timestamp(expiry) - SUMMARY_AS_OF).total_seconds() / (365 * 86_400)
        for strike in (50_000, 60_000, 70_000, 80_000, 90_000):
            for flag in "CP":
                mark = black76_price(flag.lower(), 70_500.0, float(strike), time, 0.0, 0.55) / 70_500.0
                made.append(
                    {
                        "instrument_name": f"BTC-{day}-{strike}-{flag}",
                        "bid_price": round(mark * 0.98, 6),
                        "ask_price": round(mark * 1.02, 6),
                        "mark_price": mark,
                        "mark_iv": 55.0,
                        "underlying_price": 70_500.0,
                        "underlying_index": f"BTC-{day}",
                        "estimated_delivery_price": 70_000.0,
                        "creation_timestamp": int(SUMMARY_AS_OF.timestamp() * 1000),
                        "open_interest": 1.0,
                        "volume": 0.0,
                    }
                )
    return made
