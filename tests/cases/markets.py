"""Small chains that a test can work out by hand: flat vol, round prices, carry as asked."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from hedging import greeks
from hedging.market.chain import OptionChain
from hedging.market.contracts import ContractTerms, Option
from hedging.market.market import Market

AS_OF = pd.Timestamp("2026-02-06T08:00Z")
STRIKES = (70.0, 80.0, 90.0, 100.0, 110.0, 120.0, 130.0)


def flat_chain(
    settlement: Literal["coin", "cash"] = "coin",
    *,
    asset: str = "BTC",
    spot: float = 100.0,
    vol: float = 0.6,
    carry: float = 0.0,
    days: tuple[float, ...] = (2.0, 3.0, 30.0),
    strikes: tuple[float, ...] = STRIKES,
    skew: float = 0.0,
    half_spread: float = 0.0,
) -> OptionChain:
    """Calls and puts at every strike and expiry; vol falls by `skew` per unit of log-moneyness."""
    rows = [(flag, strike, day) for day in days for strike in strikes for flag in "cp"]
    table = pd.DataFrame(rows, columns=["flag", "strike", "day"])
    time = table["day"] / 365.0
    forward = spot * np.exp(carry * time)
    vols = vol - skew * np.log(table["strike"] / forward)
    money = greeks.black76_price(table["flag"], forward, table["strike"], time, 0.0, vols)
    mark = money / forward if settlement == "coin" else money * np.exp(-carry * time)
    table = table.assign(
        expiry=AS_OF + pd.to_timedelta(table["day"], unit="D"),
        forward=forward,
        mark=mark,
        bid=mark * (1 - half_spread),
        ask=mark * (1 + half_spread),
        mark_vol=vols,
    )
    return OptionChain.from_frame(
        table,
        asset=asset,
        as_of=AS_OF,
        units={"price": "coin" if settlement == "coin" else "money", "vol": "decimal"},
        terms=ContractTerms(settlement=settlement, lot=0.1),
        spot=spot,
        rate=carry,
    )


def flat_market(settlement: Literal["coin", "cash"] = "coin", **changes: float) -> Market:
    return Market.of(flat_chain(settlement, **changes))  # type: ignore[arg-type]


def option(market: Market, flag: str, strike: float, days: float) -> Option:
    """The listed contract."""
    quotes = market.chain.quotes
    near = np.isclose(quotes["time_to_expiry"] * 365.0, days)
    found = quotes[(quotes["flag"] == flag) & (quotes["strike"] == strike) & near]
    return market.chain.option(found["symbol"].iloc[0])
