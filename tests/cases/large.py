"""Chains of any size, with spreads that differ from quote to quote, and the programme over them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cases.planner import milp_of, tradable
from hedging import greeks
from hedging.book.book import Book, Holding
from hedging.market.chain import OptionChain
from hedging.market.contracts import ContractTerms, FeeRule
from hedging.market.market import Market
from hedging.paths.paths import Paths, grid
from hedging.planner import Limits, Target
from hedging.planner.programme.programme import Programme
from hedging.planner.request.request import Request

SPOT, UNITS = 100.0, 1_000.0
AS_OF = pd.Timestamp("2026-02-06T08:00Z")
TERMS = ContractTerms(settlement="cash", lot=1.0, ticks=((0.0, 0.01),), fee=FeeRule(0.0003, 0.125))
BANDS = Target(delta=(400, 600), vega=(0, None))
LIMITS = {"budget": 0.05, "max_legs": 3, "expiries": (20, 100), "deltas": (0.01, 0.99)}


def chain_of(quotes: int, seed: int = 1) -> OptionChain:
    """A chain of about so many options, as many again as expiries rise with strikes."""
    random = np.random.default_rng(seed)
    expiries = max(2, round((quotes / 2) ** 0.5 / 3))
    days, strikes = np.linspace(20, 100, expiries), np.linspace(50, 170, quotes // (2 * expiries))
    day, strike, flag = (
        each.ravel() for each in np.meshgrid(np.round(days, 3), strikes, ["c", "p"], indexing="ij")
    )
    vol = 0.6 - 0.15 * np.log(strike / SPOT)
    mark = SPOT * np.asarray(greeks.coin_price(flag, SPOT, strike, day / 365.0, vol))
    half = mark * random.uniform(0.005, 0.04, mark.size) + 0.005
    frame = pd.DataFrame(
        {
            "flag": flag,
            "strike": strike,
            "expiry": AS_OF + pd.to_timedelta(day, unit="D"),
            "forward": SPOT,
            "index": SPOT,
            "bid": np.maximum(mark - half, 0.0),
            "ask": mark + half,
            "mark": mark,
            "mark_vol": vol,
        }
    )
    units = {"price": "money", "vol": "decimal"}
    return OptionChain.from_frame(frame, asset="BTC", as_of=AS_OF, units=units, terms=TERMS)


def scenarios_of(moves: int = 40) -> Paths:
    return grid(np.linspace(-0.9, 1.0, moves), (-0.1, 0.0, 0.1), (10.0, 20.0, 30.0))


def request_of(
    chain: OptionChain, target: Target = BANDS, scenarios: Paths | None = None, **limits: object
) -> Request:
    book, market = Book([Holding.spot(chain.asset, UNITS)]), Market.of(chain)
    return Request.of(book, market, target, Limits(**(LIMITS | limits)), horizon=30.0, scenarios=scenarios)


def programme_of(request: Request) -> Programme:
    return tradable(milp_of(request), request.limits)
