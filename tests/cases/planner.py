"""Small chains and requests for the planner's tests, and the programme over them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hedging import greeks
from hedging.book.book import Book, Holding
from hedging.market.chain import OptionChain
from hedging.market.contracts import ContractTerms, FeeRule
from hedging.planner import Limits, Target
from hedging.planner.candidates.build import candidates_of
from hedging.planner.programme.build import build
from hedging.planner.request.request import Request

LOOSE = {"expiries": (0.0, None), "deltas": (0.0, 1.0), "min_leg_share": 0.0, "max_leg_share": 20.0}
"""Limits that exclude no quote for its size, delta or expiry."""
AS_OF = pd.Timestamp("2026-02-06T08:00Z")
SPOT = 100.0
COIN = ContractTerms(settlement="coin", lot=1.0, ticks=((0.0, 1e-4),), fee=FeeRule(0.0003, 0.125))
CASH = ContractTerms(settlement="cash", lot=1.0, ticks=((0.0, 1e-2),), fee=FeeRule(0.0003, 0.125))


def small_chain(
    options: list[tuple[str, float, int]],
    *,
    terms: ContractTerms = COIN,
    spreads: list[float] | None = None,
    sizes: list[float] | None = None,
    vol: float = 0.6,
    carry: float = 0.0,
    asset: str = "BTC",
) -> OptionChain:
    """Options as (flag, strike, days to expiry), quoted around their Black-76 value."""
    flags, strikes, days = (np.array(column) for column in zip(*options, strict=True))
    t = days / 365.0
    forward = SPOT * np.exp(carry * t)
    smile = vol - 0.15 * np.log(strikes / SPOT)
    mark = np.asarray(greeks.coin_price(flags, forward, strikes, t, smile))
    if terms.settlement == "cash":
        mark = mark * forward
    half = mark * np.asarray(spreads if spreads is not None else [0.02] * len(options))
    size = np.asarray(sizes if sizes is not None else [np.nan] * len(options), dtype=float)
    frame = pd.DataFrame(
        {
            "flag": flags,
            "strike": strikes,
            "expiry": AS_OF + pd.to_timedelta(days, unit="D"),
            "forward": forward,
            "index": SPOT,
            "bid": mark - half,
            "ask": mark + half,
            "mark": mark,
            "mark_vol": smile,
            "bid_size": size,
            "ask_size": size,
        }
    )
    unit = "coin" if terms.settlement == "coin" else "money"
    return OptionChain.from_frame(
        frame, asset=asset, as_of=AS_OF, units={"price": unit, "vol": "decimal"}, terms=terms
    )


def coins(quantity: float, **kwargs) -> Book:
    return Book([Holding.spot("BTC", quantity)], **kwargs)


def random_case(seed: int):
    """A chain of at most five options with three lots each, and targets of all kinds, mixed."""
    random = np.random.default_rng(seed)
    count = int(random.integers(2, 6)) if seed % 10 == 0 else int(random.integers(2, 5))
    menu = [(f, k, d) for f in "cp" for k in (75.0, 85.0, 95.0, 105.0, 120.0) for d in (10, 30, 75)]
    options = [menu[i] for i in random.choice(len(menu), count, replace=False)]
    options[0] = [("p", 85.0, 30), ("c", 105.0, 30), ("p", 95.0, 75), ("c", 120.0, 10)][
        seed % 4
    ]  # a vol to fit
    options = list(dict.fromkeys(options))
    count = len(options)
    terms = COIN if seed % 2 else CASH
    chain = small_chain(
        options, terms=terms, spreads=list(random.uniform(0.01, 0.1, count)), sizes=[3.0] * count, carry=0.02
    )
    book = coins(float(random.integers(3, 7)), cash=float(random.choice([0.0, 50.0])))
    delta = book.holdings[0].quantity * random.uniform(0.3, 0.9)
    target = Target(
        delta=(delta - 1.0, delta + 0.5) if random.random() < 0.8 else None,
        vega=(float(random.uniform(-0.2, 0.1)), None) if random.random() < 0.5 else None,
        gamma=(None, 0.05) if random.random() < 0.2 else None,
        theta=(-0.4, None) if random.random() < 0.3 else None,
        floor=float(random.uniform(-0.5, -0.15)) if random.random() < 0.6 else None,
    )
    limits = Limits(
        budget=float(random.uniform(0.0, 0.05)) if random.random() < 0.6 else None,
        max_legs=int(random.integers(1, 4)),
        price_per_leg=float(random.choice([0.0, 0.0005])),
        parsimony=0.0,
        **LOOSE,
    )
    return book, chain, target, limits


def programme_for(
    book: Book, markets, target: Target, limits: Limits, horizon=30.0, scenarios=None, outcomes=None
):
    """The programme over every order that a request may trade, and spot and perpetual in any case."""
    return milp_of(
        Request.of(book, markets, target, limits, horizon=horizon, scenarios=scenarios, outcomes=outcomes)
    )


def milp_of(request: Request):
    """The programme of a request."""
    return build(request, candidates_of(request))


def tradable(whole, limits: Limits):
    """The same over the orders that limits allow."""
    return whole.only(whole.candidates.tradable(limits))
