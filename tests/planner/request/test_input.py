"""Input that makes no sense, and input at the edge of it: each with what is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases.planner import LOOSE, coins, small_chain

from hedging import margin, samples
from hedging._ground import forms
from hedging.book.book import Book, Holding
from hedging.book.ladder import Ladder
from hedging.book.legs import option_leg
from hedging.errors import ChainError, InputError
from hedging.paths.paths import grid
from hedging.planner import Effort, Limits, Outright, PlanStatus, Target, View, around, plan
from hedging.planner.result.infeasible import InfeasibleHedgeError

BOOK, CHAIN = samples.book(), samples.chain()
LADDERS = Ladder(asks=((0.05, 1.0),))
LADDER = [
    ("p", 80.0, 30),
    ("p", 90.0, 30),
    ("p", 100.0, 30),
    ("c", 110.0, 30),
    ("p", 95.0, 60),
    ("c", 120.0, 60),
]


# --- targets that no plan can reach -------------------------------------------------------------------


def test_targets_that_contradict_each_other_are_both_named():
    with pytest.raises(InfeasibleHedgeError, match="delta and delta_value cannot hold together") as caught:
        plan(BOOK, CHAIN, Target(delta=(8, 12), delta_value=(2e6, 3e6)), effort=Effort(alternatives=False))
    assert caught.value.clashes == ("delta", "delta_value")


def test_a_target_out_of_reach_is_named_alone():
    with pytest.raises(InfeasibleHedgeError, match="vega cannot be kept by what may be traded") as caught:
        plan(BOOK, CHAIN, Target(vega=(1e9, None)), effort=Effort(alternatives=False, time_limit=60.0))
    assert caught.value.clashes == ("vega",)
    assert "vega is " in str(caught.value)


# --- chains with next to nothing in them --------------------------------------------------------------


def test_a_chain_without_asks_buys_nothing():
    chain = small_chain(LADDER)
    chain = replace(chain, quotes=chain.quotes.assign(ask=np.nan))
    with pytest.raises(InfeasibleHedgeError, match="floor cannot be kept by what may be traded"):
        plan(coins(10), chain, Target(floor=-0.2), Limits(**LOOSE))


def test_a_chain_of_no_expiry_says_what_is_missing():
    empty = replace(CHAIN, quotes=CHAIN.quotes.iloc[:0])
    with pytest.raises(ChainError, match="BTC chain has no out-of-the-money quote"):
        plan(BOOK, empty, Target(delta=(8, 12)))


def test_a_chain_of_one_expiry_is_enough():
    expiry = CHAIN.quotes["expiry"].unique()[2]
    one = replace(CHAIN, quotes=CHAIN.quotes[CHAIN.quotes["expiry"] == expiry].reset_index(drop=True))
    found = plan(BOOK, one, Target(delta=(8, 12)), effort=Effort(alternatives=False))
    assert 8 <= found.after.delta <= 12
    assert {leg.instrument.expiry for leg in found.legs} == {expiry}


def test_a_chain_without_vols_cannot_be_planned_on():
    blind = replace(CHAIN, quotes=CHAIN.quotes.assign(mark_vol=np.nan))
    with pytest.raises(ChainError, match="with a vol to fit a smile to"):
        plan(BOOK, blind, Target(delta=(8, 12)))


@pytest.mark.parametrize("rule", [None, "sticky_moneyness"])
def test_quotes_without_a_vol_leave_every_greek_a_number(rule):
    vols = CHAIN.quotes["mark_vol"].to_numpy().copy()
    vols[::3] = np.nan
    patchy = replace(CHAIN, quotes=CHAIN.quotes.assign(mark_vol=vols))
    held = Holding(CHAIN.option(CHAIN.quotes["symbol"].iloc[0]), 2.0)
    target = Target(delta=(8, 12), vega_weighted=(None, 1e6), delta_rule=rule)
    found = plan(Book(*BOOK.holdings, held), patchy, target, effort=Effort(alternatives=False))
    assert all(np.isfinite(check.value) for check in found.checks)


# --- sizes that do not fit ----------------------------------------------------------------------------


def test_lots_larger_than_the_holding_leave_the_book_as_it_is():
    with pytest.raises(InfeasibleHedgeError, match="delta cannot be kept"):
        plan(
            Book(Holding.spot("BTC", 0.04)),
            CHAIN,
            Target(delta=(0.01, 0.02)),
            effort=Effort(alternatives=False),
        )
    with pytest.raises(InputError, match="no order fits a position of"):
        plan(Book(Holding.spot("BTC", 0.0001)), CHAIN, Target(delta=(0.00001, 0.00002)))


@pytest.mark.slow  # the plan is checked over every turn of the path, each with 506 options held
def test_a_thousand_legs_held_are_measured_as_one_book():
    random = np.random.default_rng(4)
    options = [CHAIN.option(name) for name in CHAIN.quotes["symbol"]]
    legs = [Holding(options[i % len(options)], float(random.choice([-0.1, 0.1]))) for i in range(1_000)]
    target = Target(delta=(8, 12), vega_weighted=(-1e4, 1e4), delta_rule=0.5)
    found = plan(
        Book(Holding.spot("BTC", 25), *legs),
        CHAIN,
        target,
        effort=Effort(alternatives=False, time_limit=60.0),
    )
    assert all(check.ok for check in found.checks)


# --- nothing to do, nothing to spend ------------------------------------------------------------------


def test_a_book_on_target_is_left_alone_and_so_is_a_plan_of_a_plan():
    found = plan(BOOK, CHAIN, Target(delta=(20, 30)), effort=Effort(alternatives=False))
    assert found.legs == ()
    assert found.message == "The book meets every limit already; nothing to trade."
    target = Target(delta_value=(600_000, 800_000), vega_weighted=(0, None), delta_rule="sticky_moneyness")
    first = plan(BOOK, CHAIN, target, Limits(max_legs=2), effort=Effort(alternatives=False))
    assert first.legs
    assert plan(BOOK + first, CHAIN, target, Limits(max_legs=2), effort=Effort(alternatives=False)).legs == ()


def test_a_budget_of_nothing_is_a_hedge_that_pays_for_itself():
    found = plan(BOOK, CHAIN, Target(delta=(8, 12)), Limits(budget=0.0), effort=Effort(alternatives=False))
    assert found.legs
    assert found.cost.premium <= 1e-6


def test_a_cost_of_nothing_is_no_order_at_all():
    with pytest.raises(InfeasibleHedgeError, match="cost") as caught:
        plan(BOOK, CHAIN, Target(delta=(8, 12)), Limits(cost=0.0), effort=Effort(alternatives=False))
    assert set(caught.value.clashes) == {"delta", "cost"}


def test_a_horizon_past_every_expiry_settles_all_that_is_bought():
    chain = small_chain([("p", 95.0, 10), ("p", 90.0, 20), ("c", 105.0, 20)])
    view = View(drift=-0.5, vol=0.8)
    found = plan(coins(10), chain, Target(delta=(None, 8.5)), Limits(**LOOSE), horizon=60.0, view=view)
    assert found.status is PlanStatus.OPTIMAL
    assert found.cost.carry < 0.0  # puts are expected to pay at their own expiries
    with pytest.raises(InfeasibleHedgeError, match="floor cannot be kept"):
        plan(coins(10), chain, Target(floor=-0.3), Limits(**LOOSE), horizon=365.0)


# --- values of the wrong kind -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"floor": "-15%"}, "floor must be a share between -1 and 0; got '-15%'"),
        ({"value_at_risk": [-0.1]}, "value_at_risk must be a share"),
        ({"shortfall": True}, "shortfall must be a share"),
        ({"shortfall": -0.1, "level": "95%"}, "level must lie between 0 and 1"),
        ({"vega_weighted": (0, 1), "reference_days": None}, "reference_days must be a number of days"),
        ({"delta": (0, 1), "delta_rule": [1.0]}, "rule must be one of"),
        ({"delta": "8:12"}, "delta must be a band"),
        ({"delta": (0, 1), "soft": {"delta": "dear"}}, "price of missing delta"),
        ({"delta": (0, 1), "soft": 3.0}, "soft must be a mapping"),
        ({"vega_by_days": (20, 40)}, "vega_by_days must be a mapping"),
        ({"vega_by_days": {20: (0, 1)}}, "takes windows"),
        ({"delta": {}}, r"delta by asset must be such as .*; got \{\}. Leave it out if free"),
        ({"delta": {1: (1, 2)}}, "delta by asset must be such as"),
        ({"delta": (True, 2)}, "band of finite numbers"),
        ({"delta": ("1", "2")}, "band of finite numbers"),
        ({"delta": (1e30, 1e31)}, "band of finite numbers, 1e15 at most"),
        ({"gamma": {"BTC": (None, -1e16)}}, "band of finite numbers, 1e15 at most"),
        ({"vega_by_days": {(0, 30): (1e20, None)}}, "band of finite numbers, 1e15 at most"),
        (
            {"delta": (0, 1), "soft": {"delta": 1e13}},
            "price of missing delta must be a number >= 0, 1e12 at most",
        ),
        ({"minimise": []}, r"minimise must be one of cost, worst, shortfall, margin; got \[\]"),
    ],
)
def test_a_target_of_the_wrong_kind_is_refused(wrong, message):
    with pytest.raises(InputError, match=message):
        Target(**wrong)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"budget": "2%"}, "budget must be a share >= 0"),
        ({"cost": float("nan")}, "cost must be a share >= 0"),
        ({"max_legs": float("nan")}, "max_legs must be a whole number"),
        ({"max_legs": "four"}, "max_legs must be a whole number"),
        ({"max_legs": True}, "max_legs must be a whole number"),
        ({"expiries": 30}, "expiries must be"),
        ({"expiries": ("a", "b")}, "expiries must be"),
        ({"expiries": (float("nan"), None)}, "expiries must be"),
        ({"deltas": (0.1,)}, "deltas must be"),
        ({"moneyness": ("a", 1)}, "moneyness must be"),
        ({"min_leg_share": "4%"}, "min_leg_share must be a share"),
        ({"max_leg_share": "all"}, "max_leg_share must be a number"),
        ({"gross_vega": "x"}, "gross_vega must be a number"),
        ({"gross_vega": 1e16}, "gross_vega must be a number > 0, 1e15 at most"),
        ({"outright": "swap"}, "outright trades 'spot', 'perpetual' or 'future', .*got 'swap'"),
        ({"outright": "BTC-27FEB26"}, "Which futures: "),
        ({"outright": "BTC-27FEB26-80000-P"}, "which options: "),
        ({"outright": None}, "outright takes 'spot', .* got None"),
        ({"quoted_size": "no"}, "quoted_size must be True or False; got 'no'"),
        ({"close": "no"}, "close must be True or False; got 'no'"),
        ({"initial_margin": margin.InitialMargin}, "takes the rules of the account with the share"),
    ],
)
def test_a_limit_of_the_wrong_kind_is_refused(wrong, message):
    with pytest.raises(InputError, match=message):
        Limits(**wrong)


@pytest.mark.parametrize("word", ["perpetual", "perp", "Perpetual", "BTC-PERPETUAL", ("perpetual",)])
def test_the_perpetual_is_taken_by_any_of_its_names(word):
    assert Limits(outright=word).outright == (Outright("perpetual"),)


def test_terms_of_the_wrong_kind_are_refused():
    with pytest.raises(InputError, match="half_spread"):
        Outright("spot", half_spread="1bp")
    with pytest.raises(InputError, match="lot must be a number > 0"):
        Outright("spot", lot=float("inf"))
    with pytest.raises(InputError, match="settlement must be 'coin' or 'cash'; got 'foo'"):
        Outright(settlement="foo")
    with pytest.raises(InputError, match=r"fee must be a FeeRule, such as FeeRule\(0.0005\) .* got 0.0005"):
        Outright(fee=0.0005)


@pytest.mark.parametrize("model", [None, "standard", 0.1, margin.StandardMargin, {}])
def test_rules_of_the_wrong_kind_make_no_margin(model):
    with pytest.raises(InputError, match="model must be one of StandardMargin, PortfolioMargin"):
        margin.InitialMargin(model, 0.1)


@pytest.mark.parametrize("most", [None, True, "10%", float("nan"), float("inf"), -0.1, [0.1]])
def test_shares_of_the_wrong_kind_make_no_margin(most):
    with pytest.raises(InputError, match=r"most must be a share >= 0 .* 10 % is written 0.10"):
        margin.InitialMargin(margin.DERIBIT_BTC, most)


@pytest.mark.parametrize("name", ["drift", "vol"])
@pytest.mark.parametrize("value", [True, "0.5", float("nan"), float("inf"), [0.5], {"BTC": None}, {3: 0.5}])
def test_a_view_of_the_wrong_kind_is_refused(name, value):
    with pytest.raises(InputError, match=rf"{name} (must be a number|by asset must be)"):
        View(**{name: value})
    with pytest.raises(InputError, match="a view needs a drift, a vol or both"):
        View(**{name: None})


def test_outcomes_that_end_before_the_horizon_are_remarked_on():
    target, moves = Target(shortfall=-0.3), np.linspace(-0.4, 0.4, 9)
    keywords = {"target": target, "effort": Effort(alternatives=False), "horizon": 30.0}
    said = {
        last: [
            remark
            for remark in plan(BOOK, CHAIN, outcomes=grid(moves, days=[last]), **keywords).remarks
            if remark.startswith("the outcomes end after")
        ]
        for last in (10.0, 30.0)
    }
    assert said[30.0] == []
    assert len(said[10.0]) == 1
    assert "after 10 days, before the horizon of 30" in said[10.0][0]


def test_a_value_with_a_tolerance_is_a_band():
    assert around(10.0, 0.5) == (9.5, 10.5)
    assert Target(delta=around(10, 2)) == Target(delta=(8, 12))
    assert forms.band("10+-0.5") == forms.band("10±0.5") == (9.5, 10.5)
    assert forms.band("-10+-0") == (-10.0, -10.0)
    for value, tolerance in ((10.0, -0.5), (float("nan"), 1.0), (10.0, float("inf")), ("10", 1.0), (True, 1)):
        with pytest.raises(InputError, match="two numbers, the tolerance >= 0"):
            around(value, tolerance)
    for text in ("10+-", "+-1", "10+--1", "10+-x", "10+-1:3"):
        with pytest.raises(InputError, match=r"number|tolerance"):
            forms.band(text)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"book": "book.toml"}, "book must be a Book; got str"),
        ({"target": {"delta": (8, 12)}}, "target must be a Target; got dict"),
        ({"target": None}, "target must be a Target; got NoneType"),
        ({"limits": {"budget": 0.02}}, "limits must be a Limits; got dict"),
        ({"view": "bear"}, "view must be a View; got str"),
        ({"scenarios": [0.1]}, "scenarios must be a Paths; got list"),
        (
            {"outcomes": [0.1], "target": Target(shortfall=-0.1)},
            "outcomes must be Outcomes or Paths; got list",
        ),
        ({"horizon": "30"}, "horizon must be a number of days > 0, .* got '30'"),
        ({"horizon": float("nan")}, "horizon must be a number of days > 0, .* got nan"),
        ({"target": Target(delta={"ETH": (1, 2)})}, "a band of ETH, but the chain is BTC"),
        ({"outcomes": grid([0.1], (0.0,), (30.0,))}, "outcomes one of these to limit"),
        ({"chain": None}, "a chain must be an OptionChain or a Market; got NoneType. Read one with"),
        ({"chain": "chain.csv"}, "a chain must be an OptionChain or a Market; got str"),
        ({"chain": [None]}, "a chain must be an OptionChain or a Market; got NoneType"),
        (
            {"limits": Limits(depth={"TYPO": LADDERS})},
            "a ladder of TYPO, which the chain does not list: name",
        ),
    ],
)
def test_an_argument_of_the_wrong_kind_is_refused(wrong, message):
    with pytest.raises(InputError, match=message):
        plan(**({"book": BOOK, "chain": CHAIN, "target": Target(delta=(8, 12))} | wrong))


def test_whole_numbers_of_numpy_are_numbers():
    limits = Limits(max_legs=np.int64(2), budget=np.float32(0.5), expiries=(np.int32(7), None))
    assert limits.max_legs == 2
    assert Target(floor=np.float64(-0.2)).floor == -0.2


def test_an_order_that_is_no_whole_lot_is_refused():
    with pytest.raises(InputError, match="whole lots"):
        option_leg(CHAIN, CHAIN.quotes["symbol"].iloc[0], 0.05)
