"""Books and limits of every kind: options already held, several assets, coins as money, hard input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases.planner import AS_OF, CASH, COIN, LOOSE, SPOT, coins, small_chain

from hedging import samples
from hedging.book.book import Book, Holding
from hedging.book.legs import option_leg
from hedging.errors import InputError
from hedging.market.contracts import ContractTerms, Option, Spot
from hedging.market.market import Market
from hedging.paths.paths import grid
from hedging.planner import Effort, Limits, Outright, PlanStatus, Target, audit, plan
from hedging.planner.candidates.columns import Columns
from hedging.planner.programme.programme import Problem
from hedging.planner.programme.rows import Rows
from hedging.planner.request.default_scenarios import default_scenarios
from hedging.planner.request.limit import Limit
from hedging.planner.result.infeasible import InfeasibleHedgeError
from hedging.planner.solver import exact as branching
from hedging.planner.solver.search import relax

LADDER = [
    ("p", 80.0, 30),
    ("p", 90.0, 30),
    ("p", 99.0, 30),
    ("c", 105.0, 30),
    ("c", 115.0, 60),
    ("p", 90.0, 60),
]


def symbol(chain, flag: str, strike: float, days: int) -> str:
    rows = chain.quotes
    hit = (rows["flag"] == flag) & (rows["strike"] == strike)
    hit &= (rows["time_to_expiry"] * 365).round() == days
    return str(rows["symbol"][hit].iloc[0])


# --- published sizings, as continuous limits --------------------------------------------------------


def neutral(greeks: np.ndarray, held: np.ndarray, most: float = 1e6) -> np.ndarray:
    """Quantities that take the held Greeks to zero, at equal cost per unit; greeks is (greeks, instruments)."""
    count = greeks.shape[1]
    both = np.hstack((greeks, -greeks))
    ones, zeros = np.ones(2 * count), np.zeros(2 * count)
    names = ("premium", "delta", "gamma", "vega", "theta", "entry", "coins", "cash", "least", "closes")
    columns = Columns(
        instruments=(Spot("A"),) * (2 * count),
        size=ones,
        lot=ones,
        cost=ones,
        most=np.full(2 * count, most),
        **dict.fromkeys(names, zeros),
    )
    rows = 2 * len(held)
    none = np.zeros(rows, dtype=bool)
    group = np.zeros(rows, dtype=int)
    bound = np.hstack((-held, held))
    equal = Rows((Limit("delta"),), np.vstack((both, -both)), bound, group, np.ones(rows), none, none)
    found = relax(Problem(columns, equal, 0.0, 2 * count, 1.0, "one"))
    assert found is not None
    return found.lots[:count] - found.lots[count:]


def test_hulls_delta_gamma_and_vega_neutral_portfolio():
    """Hull, Options, Futures and Other Derivatives: gamma -5,000, vega -8,000; two options and the asset."""
    options = np.array([[0.6, 0.5, 2.0], [0.5, 0.8, 1.2], [1.0, 0.0, 0.0]]).T
    all_three = neutral(options, np.array([0.0, -5_000.0, -8_000.0]))
    assert all_three == pytest.approx([400.0, 6_000.0, -3_240.0])
    assert neutral(options[:2][:, [0, 2]], np.array([0.0, -5_000.0])) == pytest.approx([10_000.0, -6_000.0])
    assert neutral(options[[0, 2]][:, [0, 2]], np.array([0.0, -8_000.0])) == pytest.approx(
        [4_000.0, -2_400.0]
    )


def test_matlabs_hedgeopt_neutral_portfolio():
    """MATLAB Financial Instruments Toolbox, hedgeopt: instruments 2, 3 and 6 free, all sensitivities zero."""
    delta = np.array([-272.6462, -347.4315, -8.0781, -272.6462, -1.0445, 294.9700, -47.1629, -282.0465])
    gamma = 1e3 * np.array([1.0299, 1.6227, 0.6434, 1.0299, 0.0033, 6.8526, 8.4600, 1.0597])
    vega = np.array([0.0, -0.0397, 34.0746, 0.0, 0.0, 93.6946, 93.6946, 0.0])
    price = np.array([98.7159, 97.5280, 0.0486, 98.7159, 100.5529, 6.2831, 0.0486, 3.6923])
    holdings = np.array([100.0, 50.0, -50.0, 80.0, 8.0, 30.0, 40.0, 10.0])
    assert holdings @ price == pytest.approx(23_674.62, abs=0.02)
    free = [1, 2, 5]
    fixed = np.setdiff1d(np.arange(8), free)
    greeks = np.vstack((delta, gamma, vega))
    found = neutral(greeks[:, free], greeks[:, fixed] @ holdings[fixed])
    assert found == pytest.approx([-182.36, -19.55, -32.97], abs=0.02)
    value = found @ price[free] + holdings[fixed] @ price[fixed]
    assert holdings @ price - value == pytest.approx(23_055.90, abs=0.1)


def test_a_multiplier_divides_the_contracts():
    """pmorissette/bt, pull request 540: risk +100, unit risk 1, multiplier 10 takes 10 contracts sold, not 100."""
    terms = ContractTerms(settlement="cash", multiplier=10.0, lot=1.0)
    chain = small_chain([("c", 105.0, 30)], terms=terms)
    found = plan(
        coins(100),
        chain,
        Target(delta=(None, 60.0)),
        Limits(max_leg_share=2.0, **{k: LOOSE[k] for k in ("expiries", "deltas", "min_leg_share")}),
    )
    (leg,) = found.legs
    assert leg.units == 10 * leg.quantity
    each = -chain.greeks(("delta",))["delta"].iloc[0]
    assert leg.quantity == -np.ceil(40 / 10 / -each)


# --- what is held already ---------------------------------------------------------------------------


def test_options_held_are_closed_even_outside_the_windows():
    chain = small_chain([*LADDER, ("c", 101.0, 3)])
    near = symbol(chain, "c", 101.0, 3)
    short = Book([Holding.spot("BTC", 10), Holding(chain.option(near), -4.0)])
    limits = Limits(expiries=(7.0, None), deltas=(0.01, 0.99))
    found = plan(short, chain, Target(delta=(9.0, None)), limits)
    assert [leg.instrument.symbol for leg in found.legs] == [near]
    assert 0 < found.legs[0].quantity <= 4
    kept = replace(limits, close=False)
    try:
        other = plan(short, chain, Target(delta=(9.0, None)), kept)
        assert near not in {leg.instrument.symbol for leg in other.legs}
    except InfeasibleHedgeError:
        pass


def test_a_put_held_can_be_sold_but_no_more_of_it_than_is_held():
    chain = small_chain([("p", 90.0, 30)])
    book = Book([Holding.spot("BTC", 10), Holding(chain.option(chain.quotes["symbol"].iloc[0]), 5.0)])
    found = plan(book, chain, Target(delta=(9.0, None)), Limits(**LOOSE))
    assert -5 <= found.legs[0].quantity < 0
    with pytest.raises(InfeasibleHedgeError):
        plan(book, chain, Target(delta=(10.5, None)), Limits(**LOOSE))


def test_a_thousand_legs_held_are_no_trouble():
    chain = samples.chain()
    random = np.random.default_rng(4)
    options = [chain.option(name) for name in chain.quotes["symbol"]]
    legs = [Holding(options[i % len(options)], float(random.choice([-0.1, 0.1]))) for i in range(1_000)]
    found = plan(
        Book([Holding.spot("BTC", 25), *legs]),
        chain,
        Target(delta=(8, 12)),
        Limits(),
        effort=Effort(alternatives=False),
    )
    assert 8 <= found.after.delta <= 12


def test_books_equal_by_parity_cost_the_same_to_hedge():
    """Coins with puts, or calls with the strike in cash: the same book, without fees the same hedge."""
    terms = replace(CASH, fee=type(CASH.fee)())
    chain = small_chain(
        [("p", 95.0, 30), ("c", 95.0, 30), ("p", 85.0, 30)], terms=terms, spreads=[0.02, 0.02, 0.02]
    )
    put, call = (chain.option(symbol(chain, flag, 95.0, 30)) for flag in "pc")
    quotes = chain.quotes.assign(mark_vol=0.6)
    chain = replace(chain, quotes=quotes)
    one = Book([Holding.spot("BTC", 10), Holding(put, 10.0)])
    other = Book([Holding(call, 10.0)], cash=950.0)
    market = Market.of(chain)
    assert one.value(market) == pytest.approx(other.value(market), rel=1e-6)
    target = Target(delta=(None, 4.0), floor=-0.5)
    costs = [plan(book, chain, target, Limits(**LOOSE)).objective for book in (one, other)]
    assert costs[0] == pytest.approx(costs[1], rel=1e-6)


# --- money and coin ---------------------------------------------------------------------------------


def test_a_floor_in_coin_is_a_floor_of_coins():
    chain = small_chain([*LADDER, ("c", 140.0, 30)])
    scenarios = grid(np.linspace(-0.6, 1.0, 17), (0.0,), (15.0, 30.0))
    book = coins(100, numeraire="BTC")
    target = Target(delta=(40, 60), floor=-0.30)
    found = plan(book, chain, target, Limits(**LOOSE), scenarios=scenarios)
    market = Market.of(chain)
    after = book + found
    coins_then = after.values(market, scenarios).sum(axis=2) / (market.spot * scenarios.spot)
    assert coins_then.min() >= 70.0 * (1 - 1e-9)
    assert found.troughs[1].share == pytest.approx(coins_then.min() / 100.0 - 1.0)
    # Unhedged coins stay what they are, counted in coins.
    assert found.troughs[0].share == pytest.approx(0.0, abs=1e-12)


def test_shares_of_a_perpetual_are_shares_of_its_notional():
    chain = small_chain(LADDER)
    market = Market.of(chain)
    alone = Book([Holding.perpetual("BTC", 10, entry=90.0)])
    assert alone.base(market) == (10 * SPOT, "gross notional")
    assert coins(10).base(market) == (10 * SPOT, "book value")
    found = plan(alone, chain, Target(delta=(None, 7)), Limits(**LOOSE))
    assert found.base_name == "gross notional"


def test_two_assets_are_hedged_in_one_plan_with_one_floor():
    btc, eth = small_chain(LADDER), small_chain(LADDER, asset="ETH", vol=0.9)
    book = Book([Holding.spot("BTC", 20), Holding.spot("ETH", 30)])
    target = Target(delta={"BTC": (8, 14), "ETH": (10, 20)}, floor=-0.35)
    found = plan(book, [btc, eth], target, Limits(max_legs=5, **LOOSE))
    assert found.status is PlanStatus.OPTIMAL
    markets = (Market.of(btc), Market.of(eth))
    after = book + found
    assert 8 <= after.exposure(markets[0]).delta <= 14
    assert 10 <= after.exposure(markets[1]).delta <= 20
    paths = default_scenarios(30.0)
    then = sum(after.values(market, paths).sum(axis=2) for market in markets) + after.cash
    assert then.min() >= 0.65 * book.value(*markets) - 1e-6
    assert {leg.instrument.asset for leg in found.legs} == {"BTC", "ETH"}
    assert "delta BTC" in repr(found)
    assert "delta ETH" in repr(found)


# --- limits -----------------------------------------------------------------------------------------


def test_strikes_open_interest_and_gross_vega_are_kept():
    chain = small_chain(LADDER)
    quotes = chain.quotes.assign(open_interest=100.0)
    chain = replace(chain, quotes=quotes)
    target = Target(delta=(None, 7.0))
    near = plan(coins(10), chain, target, Limits(moneyness=(0.95, 1.2), **LOOSE))
    assert all(95 <= leg.instrument.strike <= 120 for leg in near.legs)
    small = plan(coins(10), chain, target, Limits(open_interest_share=0.03, max_legs=6, **LOOSE))
    assert all(abs(leg.units) <= 3 for leg in small.legs)
    free = sum(abs(leg.units) for leg in plan(coins(10), chain, target, Limits(**LOOSE)).legs)
    assert free > 0
    market = Market.of(chain)
    capped = plan(coins(10), chain, target, Limits(gross_vega=0.9, **LOOSE))
    gross = sum(abs((Book() + legs).exposure(market).vega) for legs in ((leg,) for leg in capped.legs))
    assert gross <= 0.9


def test_vega_is_kept_by_expiry(tmp_path):
    chain = small_chain(LADDER)
    target = Target(delta=(None, 7.0), vega_by_days={(0, 45): (None, 0.0), (45, 90): (0.1, 2.0)})
    found = plan(coins(10), chain, target, Limits(**LOOSE))
    table = (coins(10) + found).exposure_by_expiry(Market.of(chain))
    by_days = {(expiry - AS_OF).days: vega for expiry, vega in table["vega"].items() if not pd.isna(expiry)}
    assert by_days.get(30, 0.0) <= 1e-9
    assert 0.1 <= by_days[60] <= 2.0
    assert {str(check.limit) for check in found.checks} >= {"vega_by_days 0-45", "vega_by_days 45-90"}
    found.to_json(tmp_path / "plan.json")
    assert audit(found, chain).ok
    with pytest.raises(InputError, match="first <= last"):
        Target(vega_by_days={(60, 30): (0, 1)})


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"moneyness": (1.2, 0.8)}, "moneyness"),
        ({"open_interest_share": 0.0}, "open_interest_share"),
        ({"gross_vega": -1.0}, "gross_vega"),
    ],
)
def test_such_limits_that_make_no_sense_are_refused(wrong, message):
    with pytest.raises(InputError, match=message):
        Limits(**wrong)


# --- hard input -------------------------------------------------------------------------------------


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


def test_an_interrupt_returns_the_best_plan_so_far(monkeypatch):
    chain = samples.chain()
    calls = []
    whole = branching.branch_and_bound

    def interrupted(*args, **kwargs):
        calls.append(1)
        if len(calls) > 1:
            raise KeyboardInterrupt
        return whole(*args, **kwargs)

    monkeypatch.setattr(branching, "branch_and_bound", interrupted)
    target = Target(delta=(8, 12), vega=(0, None), floor=-0.12)
    found = plan(
        samples.book(),
        chain,
        target,
        Limits(budget=0.04, parsimony=0.0),
        effort=Effort(alternatives=False, gap=1e-6),
    )
    assert found.legs
    assert found.status is PlanStatus.FEASIBLE
    assert found.bound < found.objective


def test_an_order_ticket_is_a_table():
    found = plan(samples.book(), samples.chain(), Target(delta=(8, 12)), effort=Effort(alternatives=False))
    ticket = found.orders
    assert list(ticket["quantity"]) == [abs(leg.quantity) for leg in found.legs]
    assert ticket.to_csv(index=False).startswith("instrument,side,quantity,limit_price")
    lot = samples.chain().terms.lot
    assert all(abs(q / lot - round(q / lot)) < 1e-9 for q in ticket["quantity"])
    for leg in found.legs:
        tick = samples.chain().terms.tick_at(leg.quoted_price)
        assert abs(leg.quoted_price / tick - round(leg.quoted_price / tick)) < 1e-6


def test_orders_of_a_plan_can_be_given_one_by_one():
    chain = samples.chain()
    found = plan(samples.book(), chain, Target(delta=(8, 12)), effort=Effort(alternatives=False))
    again = [option_leg(chain, leg.instrument.symbol, leg.quantity) for leg in found.legs]
    assert tuple(again) == found.legs
