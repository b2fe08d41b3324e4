"""Which quotes may be traded: windows, missing sides, missing vols, expired options."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases.planner import AS_OF, COIN, LOOSE, coins, programme_for, small_chain

from hedging import samples
from hedging.book.book import Book, Holding
from hedging.errors import InputError
from hedging.market.contracts import ContractTerms, Option
from hedging.market.market import Market
from hedging.paths.paths import grid
from hedging.planner import Limits, Outright, PlanStatus, Target, plan
from hedging.planner.result.infeasible import InfeasibleHedgeError

LADDER = [
    ("p", 80.0, 30),
    ("p", 90.0, 30),
    ("p", 99.0, 30),
    ("c", 105.0, 30),
    ("c", 115.0, 60),
    ("p", 90.0, 60),
]
BOOK, CHAIN = samples.book(), samples.chain()


def test_a_window_without_options_is_told_what_the_chain_has():
    with pytest.raises(InputError, match=r"expiries must take in one.*; got 300 to 400 days") as caught:
        plan(BOOK, CHAIN, Target(delta=(8, 12)), Limits(expiries=(300, 400)))
    assert all(f"{each:.1f}" in str(caught.value) for each in CHAIN.expiries["days"])
    with pytest.raises(InputError, match="meets days") as caught:
        plan(BOOK, CHAIN, Target(delta=(8, 12)), Limits(deltas=(0.9999, 1.0)))
    said = str(caught.value)
    assert "flag" not in said.partition(";")[0]
    assert "absolute deltas from" in said


def test_a_chain_without_asks_only_sells():
    chain = small_chain(LADDER)
    chain = replace(chain, quotes=chain.quotes.assign(ask=np.nan))
    found = plan(coins(10), chain, Target(delta=(None, 8)), Limits(**LOOSE))
    assert all(leg.quantity < 0 and leg.instrument.flag == "c" for leg in found.legs)
    with pytest.raises(InfeasibleHedgeError):
        plan(coins(10), chain, Target(floor=-0.2), Limits(**LOOSE))


def test_a_chain_without_any_quote_says_so():
    chain = small_chain(LADDER)
    chain = replace(chain, quotes=chain.quotes.assign(ask=np.nan, bid=np.nan))
    with pytest.raises(InputError, match="has a bid or an ask"):
        plan(coins(10), chain, Target(delta=(None, 8)), Limits(**LOOSE))
    sold = plan(coins(10), chain, Target(delta=(None, 8)), Limits(outright=(Outright("spot"),), **LOOSE))
    assert [leg.instrument.symbol for leg in sold.legs] == ["BTC"]


def test_one_expiry_is_enough():
    chain = small_chain([("p", 90.0, 30), ("c", 110.0, 30)])
    assert plan(coins(10), chain, Target(delta=(6, 7)), Limits(**LOOSE)).legs


def test_lots_larger_than_the_holding_are_no_hedge():
    terms = ContractTerms(settlement="coin", lot=5.0)
    chain = small_chain([("p", 90.0, 30), ("c", 110.0, 30)], terms=terms)
    with pytest.raises(InfeasibleHedgeError):
        plan(coins(1), chain, Target(delta=(0.4, 0.6)), Limits(expiries=(0.0, None)))


def test_a_horizon_past_every_expiry_settles_every_leg_on_the_way():
    chain = small_chain([("p", 95.0, 10), ("p", 90.0, 20), ("c", 105.0, 20)])
    found = plan(coins(10), chain, Target(delta=(None, 8.5)), Limits(**LOOSE), horizon=60.0)
    assert found.status is PlanStatus.OPTIMAL
    # Nothing that expires within can hold a floor at the end of a slow fall.
    with pytest.raises(InfeasibleHedgeError, match="floor"):
        plan(coins(10), chain, Target(floor=-0.3), Limits(**LOOSE), horizon=365.0)


def test_an_option_without_a_vol_is_not_traded():
    chain = small_chain(LADDER)
    vols = chain.quotes["mark_vol"].to_numpy().copy()
    vols[0] = np.nan
    broken = replace(chain, quotes=chain.quotes.assign(mark_vol=vols))
    found = plan(coins(10), broken, Target(delta=(None, 8)), Limits(**LOOSE))
    assert broken.quotes["symbol"].iloc[0] not in {leg.instrument.symbol for leg in found.legs}
    assert np.isfinite(found.after.delta)


def test_an_option_that_has_expired_is_named():
    gone = Option("BTC", "p", 90.0, AS_OF - pd.Timedelta(days=1), COIN)
    with pytest.raises(InputError, match="expired"):
        plan(
            Book([Holding.spot("BTC", 10), Holding(gone, 1.0)]), small_chain(LADDER), Target(delta=(None, 8))
        )


def test_a_mark_beyond_the_quote_is_never_a_gain():
    from dataclasses import replace

    chain = small_chain([("p", 90.0, 30), ("p", 95.0, 30)])
    quotes = chain.quotes.copy()
    quotes["mark"] = quotes["mark"] * 1.2  # above the ask: buying looks like a gift
    quotes["mark_vol"] = quotes["mark_vol"] * 1.1
    rich = replace(chain, quotes=quotes)
    scenarios = grid([-0.5, 0.0], (0.0,), (1.0, 10.0))
    found = plan(coins(10), rich, Target(delta=(None, 9)), Limits(**LOOSE), scenarios=scenarios)
    assert found.cost.half_spread > 0
    now = grid([0.0], (0.0,), (0.0,))
    today = programme_for(coins(10), (Market.of(rich),), Target(floor=-0.5), Limits(**LOOSE), 10.0, now)
    assert (today.candidates.pnl((Market.of(rich),), now) <= 1e-9).all()
