"""Reg T: published worked examples, hand examples of each strategy, and every pairing enumerated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from cases.markets import AS_OF, flat_market
from numpy.testing import assert_allclose

from hedging import margin
from hedging._numerics.least_cost import least_cost
from hedging.book.book import Book, Holding
from hedging.errors import InputError
from hedging.margin.account import Account, Ledger
from hedging.market.contracts import ContractTerms
from hedging.market.market import Market
from hedging.paths.paths import grid, today

RULES = margin.RegT()
TERMS = ContractTerms(multiplier=100.0)


def days(count: float) -> pd.Timestamp:
    return AS_OF + pd.Timedelta(days=count)


def short_or_long(flag: str, strike: float, contracts: float, expiry: float = 30.0) -> Holding:
    return Holding.option("XYZ", flag, strike, days(expiry), contracts, terms=TERMS)


@cache
def stock_market(spot: float) -> Market:
    return flat_market("cash", asset="XYZ", spot=spot, strikes=(spot,), days=(30.0,))


def account(spot: float, *holdings: Holding, cash: float = 0.0, marks: tuple[float, ...] = ()) -> Account:
    """One account at one price; `marks` are stated values of its options in the order listed."""
    held = Ledger(Book(holdings, cash=cash), stock_market(spot)).at(today(), 0)
    return replace(held, option_value=np.array(marks)[:, None]) if marks else held


def stock(units: float) -> Holding:
    return Holding.spot("XYZ", units)


@pytest.mark.parametrize(
    ("holdings", "marks", "published"),
    [
        # Cboe's comparison with portfolio margin, prices of 23 Feb 2007, IBM at 97.73: strategy-based, initial, what
        # is deposited. Premiums received are applied, premiums paid are added.
        ([short_or_long("c", 100, -100)], (1.68,), 172_760),
        ([short_or_long("p", 100, -100)], (3.18,), 195_460),
        ([stock(10_000), short_or_long("c", 100, -100)], (1.68,), 471_850),
        ([stock(10_000), short_or_long("p", 95, 100)], (1.02,), 498_850),
        ([short_or_long("c", 100, 100), short_or_long("p", 100, -100)], (1.68, 3.18), 212_260),
        ([short_or_long("p", 95, 100), short_or_long("c", 105, -100)], (1.02, 0.40), 132_960),
        ([stock(10_000), short_or_long("p", 95, 100), short_or_long("c", 105, -100)], (1.02, 0.40), 494_850),
        ([short_or_long("c", 95, 100), short_or_long("c", 105, -100)], (4.53, 0.40), 41_300),
    ],
)
def test_published_deposits(holdings: list[Holding], marks: tuple[float, ...], published: float) -> None:
    held = account(97.73, *holdings, marks=marks)
    paid = float(held.coins[0]) * 97.73 + float(held.option_units @ np.array(marks))
    # What must be deposited for the balance to reach the initial requirement once everything is paid for.
    found = RULES.assess(replace(held, cash=np.array([-paid])))
    assert_allclose(found.initial - found.balance, published, rtol=1e-12)


@pytest.mark.parametrize(
    ("spot", "holdings", "maintenance"),
    [
        (100, [stock(100)], 2_500),
        (100, [stock(-100)], 3_000),
        (10, [stock(-100)], 500),  # 5 dollars a share are more than 30 %
        (4, [stock(-100)], 400),  # all of it below 5 dollars
        (2, [stock(-100)], 250),  # and 2.50 at least
        (95, [short_or_long("p", 90, -1)], 1_400),  # 20 % of 95 less 5
        (100, [short_or_long("p", 60, -1)], 600),  # 10 % of the strike
        (100, [short_or_long("c", 150, -1)], 1_000),  # 10 % of the price
        (100, [short_or_long("p", 95, -1), short_or_long("p", 90, 1)], 500),  # bull put spread
        (100, [short_or_long("c", 105, -1), short_or_long("c", 110, 1)], 500),  # bear call spread
        (100, [short_or_long("p", 90, -1), short_or_long("p", 95, 1)], 0),  # paid for in full
        (100, [short_or_long("p", 95, -1, 60), short_or_long("p", 90, 1, 30)], 1_500),  # expires first: no spread
        (100, [short_or_long("p", 95, -1, 30), short_or_long("p", 90, 1, 60)], 500),
        (100, [short_or_long("c", 100, -1), short_or_long("p", 100, -1)], 2_000),  # straddle
        (100, [short_or_long("p", 90, -1), short_or_long("p", 85, 1), short_or_long("c", 110, -1),
               short_or_long("c", 115, 1)], 500),  # iron condor: one side can lose
        (100, [short_or_long("c", 95, 1), short_or_long("c", 100, -2), short_or_long("c", 105, 1)], 0),  # butterfly
        (100, [short_or_long("c", 95, -1), short_or_long("c", 100, 2), short_or_long("c", 105, -1)], 500),
        (100, [short_or_long("c", 95, -1), short_or_long("p", 95, 1), short_or_long("c", 105, 1),
               short_or_long("p", 105, -1)], 1_000),  # short box: the difference of strikes
        (100, [stock(100), short_or_long("c", 110, -1)], 2_500),  # covered
        (120, [stock(100), short_or_long("c", 110, -1)], 2_750 + 1_000),  # counted at no more than the strike
        (100, [stock(-100), short_or_long("p", 90, -1)], 3_000),
        (80, [stock(-100), short_or_long("p", 90, -1)], 2_400 + 1_000),
        (100, [stock(100), short_or_long("p", 95, 1)], 950 + 500),  # married put
        (100, [stock(100), short_or_long("p", 70, 1)], 2_500),  # too far out to help
        (100, [stock(-100), short_or_long("c", 105, 1)], 1_050 + 500),
        (100, [stock(100), short_or_long("p", 100, 1), short_or_long("c", 100, -1)], 1_000),  # conversion
        (107, [stock(100), short_or_long("p", 100, 1), short_or_long("c", 100, -1)], 1_000 + 700),
        (100, [stock(-100), short_or_long("c", 100, 1), short_or_long("p", 100, -1)], 1_000),
        (93, [stock(-100), short_or_long("c", 100, 1), short_or_long("p", 100, -1)], 1_000 + 700),
        (100, [stock(100), short_or_long("p", 95, 1), short_or_long("c", 110, -1)], 950 + 500),  # collar
        (100, [stock(100), short_or_long("p", 60, 1), short_or_long("c", 102, -1)], 2_500),
    ],
)  # fmt: skip
def test_strategies_by_hand(spot: float, holdings: list[Holding], maintenance: float) -> None:
    # Marks of 2: what is sold is worth nothing more than that, so that no value decides a pairing.
    options = [held for held in holdings if held.asset != held.instrument.symbol]
    for order in (holdings, holdings[::-1]):
        found = RULES.assess(account(spot, *order, cash=1e6, marks=(2.0,) * len(options)))
        assert_allclose(found.maintenance, maintenance, rtol=1e-12)


def test_what_is_paired_in_a_spread_owes_its_width_and_not_its_value_as_well() -> None:
    # Sold at 5, bought at 2, 5 apart: 200 deposited and 300 received cover all that can be lost.
    spread = [short_or_long("p", 95, -1), short_or_long("p", 90, 1)]
    for value in (5.0, 25.0):
        found = RULES.assess(account(100.0, *spread, cash=500.0, marks=(value, 2.0)))
        assert_allclose(found.headroom, 0.0, atol=1e-9)
    # Alone the same put owes its value too.
    alone = RULES.assess(account(100.0, spread[0], cash=500.0, marks=(5.0,)))
    assert_allclose(alone.headroom, 500 - 500 - 1_500)


def test_a_straddle_owes_the_greater_side_and_the_value_of_both() -> None:
    found = RULES.assess(
        account(100.0, short_or_long("c", 110, -1), short_or_long("p", 100, -1), cash=5_000, marks=(1.0, 4.0))
    )
    assert_allclose([found.maintenance[0], found.headroom[0]], [2_000, 5_000 - 2_000 - 500])


def partitions(items: list[int]) -> Iterator[list[list[int]]]:
    """All ways to put items into groups."""
    if not items:
        yield []
        return
    first, rest = items[0], items[1:]
    for part in partitions(rest):
        yield [[first], *part]
        for i in range(len(part)):
            yield [*part[:i], [first, *part[i]], *part[i + 1 :]]


def enumerated(held: Account, unit: float) -> float:
    """Least requirement, values in it, over all ways to group whole contracts and lots of stock."""
    S = float(held.spot[0])
    legs: list[tuple[str, float, float, float, int, float]] = []
    for i, units in enumerate(held.option_units):
        kind = "c" if held.option_sign[i] > 0 else "p"
        leg = (float(np.sign(units)), held.option_strike[i], float(held.option_value[i, 0]))
        legs += [(kind, *leg, int(held.option_term[i]), 0.0)] * round(abs(units) / unit)
    coins = float(held.coins[0])
    legs += [("s", float(np.sign(coins)), 0.0, 0.0, 0, 0.0)] * round(abs(coins) / unit)
    best = np.inf
    for groups in partitions(list(range(len(legs)))):
        best = min(best, sum(group_needs([legs[i] for i in group], S) for group in groups))
    return best * unit


def group_needs(legs: list[tuple[str, float, float, float, int, float]], S: float) -> float:
    """What one group needs by the rule book, infinite if no rule knows it."""

    def naked(kind: str, K: float, V: float) -> float:
        out = max(K - S, 0) if kind == "c" else max(S - K, 0)
        return V + max(0.2 * S - out, 0.1 * (S if kind == "c" else K))

    kinds = sorted((kind, side) for kind, side, *_ in legs)
    strike = {(kind, side): K for kind, side, K, *_ in legs}
    terms = {(kind, side): term for kind, side, _, _, term, _ in legs}
    short_stock = max(S, 2.5) if S < 5 else max(0.3 * S, 5.0)
    rules: dict[tuple[tuple[str, float], ...], Callable[[], float]] = {
        (("s", 1.0),): lambda: 0.25 * S,
        (("s", -1.0),): lambda: short_stock,
        (("c", 1.0),): lambda: 0.0,
        (("p", 1.0),): lambda: 0.0,
        (("c", -1.0), ("s", 1.0)): lambda: 0.25 * min(S, strike["c", -1.0]) + max(S - strike["c", -1.0], 0),
        (("p", -1.0), ("s", -1.0)): lambda: short_stock + max(strike["p", -1.0] - S, 0),
        (("p", 1.0), ("s", 1.0)): lambda: min(
            0.1 * strike["p", 1.0] + max(S - strike["p", 1.0], 0), 0.25 * S
        ),
        (("c", 1.0), ("s", -1.0)): lambda: min(
            0.1 * strike["c", 1.0] + max(strike["c", 1.0] - S, 0), short_stock
        ),
    }
    key = tuple(kinds)
    if key in rules:
        return rules[key]()
    if key in ((("c", -1.0),), (("p", -1.0),)):
        return naked(legs[0][0], legs[0][2], legs[0][3])
    if key == (("c", -1.0), ("p", -1.0)):
        (a, b) = legs
        needs = [naked(*(x[0], x[2], x[3])) for x in (a, b)]
        return max(needs[0] + b[3], needs[1] + a[3])
    if key == (("c", -1.0), ("p", 1.0), ("s", 1.0)) and terms["c", -1.0] == terms["p", 1.0]:
        C, P = strike["c", -1.0], strike["p", 1.0]
        if C == P:
            return 0.1 * P + max(S - C, 0)
        return min(0.1 * P + max(S - P, 0), 0.25 * C) + max(S - C, 0) if P < C else np.inf
    if key == (("c", 1.0), ("p", -1.0), ("s", -1.0)) and terms["c", 1.0] == terms["p", -1.0]:
        C, P = strike["c", 1.0], strike["p", -1.0]
        return 0.1 * P + max(P - S, 0) if C == P else np.inf
    if any(kind == "s" for kind, *_ in legs):
        return np.inf
    longs, shorts = ([leg for leg in legs if leg[1] * side > 0] for side in (1, -1))
    if not (longs and shorts) or min(x[4] for x in longs) < max(x[4] for x in shorts):
        return np.inf
    if sum(x[1] for x in legs if x[0] == "c") < 0:
        return np.inf

    def loss(price: float) -> float:
        worth = [x[1] * max((price - x[2]) * (1 if x[0] == "c" else -1), 0) for x in legs]
        return -sum(worth)

    return max(0.0, *(loss(price) for price in [0.0, *(x[2] for x in legs)]))


@pytest.mark.parametrize("seed", range(25))
def test_no_pairing_of_whole_contracts_needs_less_and_most_need_no_more(seed: int) -> None:
    draw = np.random.default_rng(seed)
    spot = float(draw.choice([3.0, 30.0, 100.0]))
    strikes = spot * np.array([0.8, 0.9, 1.0, 1.1, 1.2])
    holdings = [
        short_or_long(str(draw.choice(["c", "p"])), float(draw.choice(strikes)), float(draw.choice([-1, 1])),
                      float(draw.choice([30.0, 60.0])))
        for _ in range(int(draw.integers(2, 6)))
    ]  # fmt: skip
    held = account(spot, *holdings, stock(float(draw.choice([-100, 0, 100]))), cash=1e4)
    found = RULES.assess(held)
    in_full = 1e4 + float(held.coins[0]) * spot - float(found.headroom[0])
    by_hand = enumerated(held, 100.0)
    assert in_full <= by_hand + 1e-6
    # Halves of contracts can be paired better now and then; on these books never by much.
    assert in_full >= 0.9 * by_hand - 1e-6


def test_whole_contracts_are_nearly_always_best() -> None:
    same = 0
    for seed in range(30):
        draw = np.random.default_rng(1_000 + seed)
        holdings = [
            short_or_long(str(draw.choice(["c", "p"])), float(draw.choice([80, 90, 100, 110])),
                          float(draw.choice([-1, 1])))
            for _ in range(4)
        ]  # fmt: skip
        held = account(100.0, *holdings, stock(float(draw.choice([-100, 0, 100]))), cash=1e4)
        in_full = 1e4 + float(held.coins[0]) * 100 - float(RULES.assess(held).headroom[0])
        same += bool(np.isclose(in_full, enumerated(held, 100.0), rtol=1e-9, atol=1e-6))
    assert same >= 28


def test_every_scenario_gets_its_own_best_pairing() -> None:
    market = flat_market("cash", asset="XYZ", spot=100.0, strikes=(90.0, 100.0, 110.0), days=(30.0, 60.0))
    book = Book(
        stock(150), short_or_long("c", 100, -2), short_or_long("p", 90, 1), short_or_long("p", 110, -3, 60.0),
        short_or_long("p", 100, 1, 60.0), short_or_long("c", 110, 1, 60.0), cash=1e5,
    )  # fmt: skip
    paths = grid(np.linspace(-0.5, 0.5, 41), [-0.2, 0.0, 0.4], [10.0])
    together = RULES.assess(Ledger(book, market).at(paths, 0))
    for i in range(0, len(paths), 7):
        alone = RULES.assess(Ledger(book, market).at(paths.select([i]), 0))
        assert_allclose(
            [alone.maintenance[0], alone.initial[0], alone.balance[0]],
            [together.maintenance[i], together.initial[i], together.balance[i]], rtol=1e-9,
        )  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_least_cost_is_that_of_each_programme_by_itself(seed: int) -> None:
    from scipy.optimize import linprog

    draw = np.random.default_rng(seed)
    matrix = np.concatenate((draw.integers(0, 2, (4, 9)), np.eye(4)), axis=1).astype(float)
    bound, costs = draw.integers(0, 5, 4).astype(float), draw.uniform(0, 1, (13, 60)).round(1)
    each = [linprog(cost, A_eq=matrix, b_eq=bound).fun for cost in costs.T]
    assert_allclose(least_cost(costs, matrix, bound), each, rtol=1e-9, atol=1e-12)


def test_futures_and_coin_settled_options_are_refused() -> None:
    market = flat_market(asset="XYZ")
    with pytest.raises(InputError, match="Reg T account holds stock"):
        margin.assess(Book(Holding.perpetual("XYZ", 1.0, 100.0)), market, RULES)
