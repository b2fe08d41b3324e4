"""Small chains that a test can work out by hand: flat vol, round prices, carry as asked."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Literal

import numpy as np
import pandas as pd

from hedging import greeks
from hedging.market.chain import OptionChain
from hedging.market.contracts import ContractTerms, Option
from hedging.market.market import Market

AS_OF = pd.Timestamp("2026-02-06T08:00Z")
STRIKES = (70.0, 80.0, 90.0, 100.0, 110.0, 120.0, 130.0)


@cache  # and with it its surface: whoever writes into its tables makes a copy first
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


def with_rows_without_vol(chain: OptionChain) -> OptionChain:
    """The chain with rows that no vol fits in every expiry, before, between and behind the good ones."""
    quotes, extra = chain.quotes, []
    for expiry, rows in quotes.groupby("expiry"):
        middle = float(rows["strike"].median())
        for strike in (0.3 * middle, middle * 1.0001, 0.93 * middle, 1.07 * middle, 3.0 * middle):
            for flag in "cp":
                row = rows.iloc[0].copy()
                row[
                    quotes.select_dtypes(float).columns.difference(["time_to_expiry", "forward", "discount"])
                ] = np.nan
                row["symbol"], row["flag"], row["strike"] = (
                    f"novol-{expiry:%j}-{strike:.0f}-{flag}",
                    flag,
                    strike,
                )
                inner = max((row["forward"] - strike) * (1 if flag == "c" else -1), 0.0)
                row["bid"], row["ask"] = 0.97 * inner if inner else np.nan, 1.02 * inner + 0.001 * chain.spot
                row["bid_size"] = row["ask_size"] = row["open_interest"] = 100.0
                extra.append(row)
    table = pd.concat([quotes, pd.DataFrame(extra)]).astype(quotes.dtypes.to_dict())
    return _in_order(chain, table)


def with_expiry_without_vol(chain: OptionChain) -> OptionChain:
    """The chain with one more expiry, in the middle, none of whose quotes has a mark or a vol."""
    quotes, as_of = chain.quotes, chain.as_of
    dates = chain.expiries["expiry"]
    rows = quotes[quotes["expiry"] == dates.iloc[-1]].copy()
    rows["expiry"] = dates.iloc[len(dates) // 2] + pd.Timedelta(days=2)
    rows["time_to_expiry"] = (rows["expiry"] - as_of) / pd.Timedelta(days=365)
    rows["symbol"] = "novol-" + rows["symbol"]
    rows[["mark", "mark_quoted", "mark_vol"]] = np.nan
    return _in_order(chain, pd.concat([quotes, rows]))


def _in_order(chain: OptionChain, table: pd.DataFrame) -> OptionChain:
    ordered = table.sort_values(["expiry", "strike", "flag"], kind="stable").reset_index(drop=True)
    return replace(chain, quotes=ordered)
