"""Orders that never lose are found where they are planted, of any number of quotes, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases.markets import flat_chain
from scipy.optimize import linprog

from hedging import OptionChain
from hedging.market import check
from hedging.market.contracts import ContractTerms
from hedging.market.terms import FeeRule

NEVER, CALENDAR = "orders that never lose, after fees", "calendar below 0, after fees"


def quoted(
    settlement: str, half: float, fee: FeeRule | None = None, days: tuple[float, ...] = (30.0,)
) -> OptionChain:
    """Quotes around one vol, each `half` of a spread wide [money]."""
    made = flat_chain(settlement, days=days)  # type: ignore[arg-type]
    quotes = made.quotes.assign(bid=made.quotes["mark"] - half, ask=made.quotes["mark"] + half)
    terms = replace(made.terms, fee=fee or FeeRule())
    return replace(made, quotes=quotes[quotes["bid"] > 0.0], terms=terms)


def found(chain: OptionChain, rule: str) -> pd.DataFrame:
    violations = check(chain).violations
    return violations[violations["rule"] == rule]


def moved(
    chain: OptionChain, flag: str, strike: float, side: str, price: float, day: float = 30.0
) -> OptionChain:
    """The chain with one side of one quote at another price, the other side as far beyond as it has to be."""
    quotes = chain.quotes.copy()
    days = quotes["time_to_expiry"] * 365.0
    row = quotes.index[(quotes["flag"] == flag) & (quotes["strike"] == strike) & (np.abs(days - day) < 1e-6)]
    quotes.loc[row, side] = price
    quotes.loc[row, "ask"] = np.maximum(quotes.loc[row, "ask"], quotes.loc[row, "bid"])
    return replace(chain, quotes=quotes)


def price_of(chain: OptionChain, flag: str, strike: float, side: str, day: float = 30.0) -> float:
    quotes = chain.quotes
    here = (quotes["flag"] == flag) & (quotes["strike"] == strike)
    return float(quotes[side][here & (np.abs(quotes["time_to_expiry"] * 365.0 - day) < 1e-6)].iloc[0])


@pytest.mark.parametrize("settlement", ["coin", "cash"])
@pytest.mark.parametrize("half", [0.0, 0.3])
def test_quotes_of_one_vol_let_nobody_win(settlement: str, half: float) -> None:
    assert check(quoted(settlement, half, days=(3.0, 30.0, 60.0))).violations.empty


@pytest.mark.parametrize("settlement", ["coin", "cash"])
def test_a_butterfly_over_strikes_apart_is_found_with_its_gain(settlement: str) -> None:
    # The neighbours of 100 are asked so much that no butterfly of neighbours pays; that of 80, 100 and 120 does.
    chain = quoted(settlement, 0.05)
    for strike in (90.0, 110.0):
        chain = moved(chain, "c", strike, "ask", price_of(chain, "c", strike, "ask") + 9.0)
    wings = [price_of(chain, "c", strike, "ask") for strike in (80.0, 120.0)]
    chain = moved(chain, "c", 100.0, "bid", sum(wings) / 2.0 + 1.5)
    chain = replace(chain, quotes=chain.quotes[chain.quotes["flag"] == "c"])
    # Two sold and two bought bring 3 today, of four units.
    (row,) = found(chain, NEVER).itertuples()
    assert row.amount == pytest.approx(3.0 / 4.0, rel=1e-6)
    assert len(row.symbols.split()) == 3
    charged = replace(chain, terms=replace(chain.terms, fee=FeeRule(0.0074)))  # of a spot of 100
    (row,) = found(charged, NEVER).itertuples()
    assert row.amount == pytest.approx(3.0 / 4.0 - 0.74, rel=1e-4)
    assert found(replace(chain, terms=replace(chain.terms, fee=FeeRule(0.0076))), NEVER).empty


@pytest.mark.parametrize("settlement", ["coin", "cash"])
@pytest.mark.parametrize("seed", range(12))
def test_there_is_one_where_no_distribution_of_spot_meets_all_quotes(settlement: str, seed: int) -> None:
    draw = np.random.default_rng(seed)
    chain = quoted(settlement, 0.25)
    shift = draw.normal(0.0, 0.12 * (1 + seed % 4), len(chain.quotes))
    quotes = chain.quotes.assign(bid=chain.quotes["bid"] + shift, ask=chain.quotes["ask"] + shift)
    chain = replace(chain, quotes=quotes[quotes["bid"] > 0.0])
    rows = chain.quotes
    strike, sign = rows["strike"].to_numpy(), np.where(rows["flag"] == "c", 1.0, -1.0)
    spot = np.concatenate(([1e-4], np.unique(strike), [1e6]))
    paid = np.maximum(sign[:, None] * (spot - strike[:, None]), 0.0)
    # Weights of what is paid: of money they sum to 1; of coins, each worth its spot then and 100 now, no bond is quoted.
    worth = np.ones(spot.size) if settlement == "cash" else spot / 100.0
    within = linprog(
        np.zeros(spot.size),
        A_ub=np.concatenate((paid, -paid)),
        b_ub=np.concatenate((rows["ask"], -rows["bid"])),
        A_eq=worth[None, :],
        b_eq=[1.0],
    )
    violations = check(chain).violations["rule"]
    said = violations.str.contains("never lose|butterfly|rises|falls").any()
    assert said == (within.status == 2)


@pytest.mark.parametrize("settlement", ["coin", "cash"])
def test_an_option_bid_above_a_later_one_is_found_with_its_gain(settlement: str) -> None:
    chain = quoted(settlement, 0.1, days=(30.0, 60.0))
    later = price_of(chain, "c", 110.0, "ask", 60.0)
    assert found(chain, CALENDAR).empty
    (row,) = found(moved(chain, "c", 110.0, "bid", later + 0.4), CALENDAR).itertuples()
    assert row.amount == pytest.approx(0.4)
    assert row.symbols.split()[0] != row.symbols.split()[1]
    american = replace(chain, terms=ContractTerms(exercise="american"))
    assert found(moved(american, "c", 110.0, "bid", later + 0.4), CALENDAR).empty


def test_early_exercise_earns_no_interest() -> None:
    # Sold at 60 and at 30, strikes of 160 and 130: by interest alone, or by exercise at once, nobody wins.
    chain = flat_chain("cash", carry=0.2, days=(730.0,), strikes=(130.0, 160.0))
    puts = chain.quotes[chain.quotes["flag"] == "p"]
    puts = puts.assign(bid=[29.9, 59.9], ask=[30.0, 60.0], discount=np.exp(-0.4))
    europeans = replace(chain, quotes=puts)
    assert len(found(europeans, NEVER)) == 1  # 29.9 and its interest are more than the 30 that can be owed
    assert found(replace(europeans, terms=ContractTerms(exercise="american")), NEVER).empty
