"""What may be traded and what comes out: audits with outcomes, futures, margins, rolls, liquidity, depth."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
from cases.planner import AS_OF, CASH, COIN, LOOSE, SPOT, programme, small_chain

from hedging import margin, samples
from hedging.book.book import Book, Holding
from hedging.book.ladder import Ladder
from hedging.book.legs import option_leg, outright_leg
from hedging.book.structure import closings, structure
from hedging.errors import InputError
from hedging.market.chain import in_columns
from hedging.market.contracts import FeeRule, Future, Option, Perpetual
from hedging.market.market import Market
from hedging.paths.paths import Paths, grid
from hedging.planner import Effort, Limits, Outright, Target, audit, plan, read_plan
from hedging.planner.candidates.orders import leg_of
from hedging.planner.result.infeasible import InfeasibleHedgeError
from hedging.planner.result.saved import limits_from
from hedging.planner.selection import select
from hedging.planner.selection.liquid import illiquidity
from hedging.venues import deribit

BOOK, CHAIN = samples.book(), samples.chain()


# --- audits of an expected shortfall ----------------------------------------------------------------


def falls(count: int, days: float = 30.0, seed: int = 5) -> Paths:
    move = np.clip(0.25 * np.random.default_rng(seed).standard_t(4, count), -2.0, 1.5)
    shift = 0.2 * np.maximum(-move, 0.0)
    return Paths(np.array([days]), np.exp(move)[:, None], shift[:, None], tuple(str(i) for i in range(count)))


def test_a_shortfall_is_audited_over_the_outcomes_it_is_given(tmp_path):
    outcomes, worse = falls(500), falls(500, seed=6)
    found = plan(
        BOOK,
        CHAIN,
        Target(delta=(8, 14), shortfall=-0.12),
        outcomes=outcomes,
        effort=Effort(alternatives=False),
    )
    found.to_json(tmp_path / "plan.json")
    saved = read_plan(tmp_path / "plan.json")
    with pytest.raises(InputError, match=r"pass them, hedging.audit\(plan, chain, outcomes="):
        audit(saved, CHAIN)
    today = audit(saved, CHAIN, outcomes=outcomes)
    said = {str(check.limit): check.value for check in today.checks}
    planned = {str(check.limit): check.value for check in found.checks}
    assert today.ok
    # The audit counts from after the orders, the plan from before.
    market = Market.of(CHAIN)
    paid = BOOK.value(market) - (BOOK + found).value(market)
    assert said["shortfall"] == pytest.approx(planned["shortfall"] + paid / found.base, abs=1e-9)
    other = audit(saved, CHAIN, outcomes=worse)
    assert {str(check.limit): check.value for check in other.checks}["shortfall"] != said["shortfall"]


# --- messages ---------------------------------------------------------------------------------------


def test_a_window_without_options_is_told_what_the_chain_has():
    with pytest.raises(InputError, match="meets days") as caught:
        plan(BOOK, CHAIN, Target(delta=(8, 12)), Limits(expiries=(300, 400)))
    said = str(caught.value)
    assert "flag" not in said.partition(";")[0]
    assert str(CHAIN.expiries["days"].round(1).tolist()) in said
    assert "absolute deltas from" in said


# --- every book there is ----------------------------------------------------------------------------


GREEKS = ("delta", "gamma", "vega", "theta")


def enumerated(book, market, orders, target, limits, scenarios, most, judge=None) -> float:
    """Least cost of any book of whole lots, valued by `Book`; infinity if none is within the limits.

    `orders` make a leg out of a signed quantity; `judge` may refuse a set of legs by one more limit. All sets
    are tried, the cheapest first; what a set does is the sum of what its legs do, each valued alone.
    """
    base, now = book.value(market), book.exposure(market)
    held = book.values(market, scenarios).sum(axis=2) + book.cash - base
    signs = [[None, *filter(None, (make(float(q)) for q in range(-most, most + 1) if q))] for make in orders]
    alone = {leg: Book() + [leg] for legs in signs for leg in legs if leg is not None}
    pnl = {leg: one.values(market, scenarios).sum(axis=2) + one.cash for leg, one in alone.items()}
    greeks = {leg: np.array([getattr(one.exposure(market), g) for g in GREEKS]) for leg, one in alone.items()}
    sets = [[leg for leg in chosen if leg is not None] for chosen in itertools.product(*signs)]
    costs = [
        sum(abs(leg.units) * (leg.half_spread + leg.fee) + limits.price_per_leg * base for leg in legs)
        for legs in sets
    ]
    start = np.array([getattr(now, g) for g in GREEKS])
    for number in np.argsort(costs, kind="stable"):
        legs = sets[number]
        if len(legs) > limits.max_legs or not _banded(
            target, start + sum(greeks[leg] for leg in legs), market.asset
        ):
            continue
        premium = sum(leg.units * leg.price for leg in legs if isinstance(leg.instrument, Option))
        if limits.budget is not None and premium > limits.budget * base + 1e-9:
            continue
        if (
            target.floor is not None
            and (held + sum(pnl[leg] for leg in legs)).min() < target.floor * base - 1e-9
        ):
            continue
        if _no_tail(book, book + legs, legs) and (judge is None or judge(legs)):
            return costs[number]
    return np.inf


def _banded(target, values, asset) -> bool:
    for name, value in zip(GREEKS, values, strict=True):
        low, high = target.band(name, asset) or (None, None)
        if (low is not None and value < low - 1e-9) or (high is not None and value > high + 1e-9):
            return False
    return True


def _no_tail(book, after, legs) -> bool:
    """From every expiry on, what lives then is short no more than before."""
    dates = {getattr(h.instrument, "expiry", None) for h in after.holdings} - {None}
    paid = sum(
        leg.units * leg.price * isinstance(leg.instrument, Option) + abs(leg.units) * leg.fee
        for leg in legs
        if leg.pays_coin
    )

    def sums(held, date):
        alive = [h for h in held.holdings if getattr(h.instrument, "expiry", date) >= date]
        puts = [h for h in alive if getattr(h.instrument, "flag", "") == "p"]
        up = sum(h.units for h in alive) - sum(h.units for h in puts)
        return up, sum(h.units for h in puts), sum(h.units * h.instrument.strike for h in puts)

    for date in dates:
        before, then = sums(book, date), sums(after, date)
        owed = max(paid, 0.0) / SPOT if before[0] <= 0.0 else 0.0
        if any(t + o < min(0.0, b) - 1e-9 for b, t, o in zip(before, then, (owed, 0.0, 0.0), strict=True)):
            return False
    return True


# --- dated futures ----------------------------------------------------------------------------------

ONE = {"half_spread": 0.001, "fee": FeeRule(0.0005), "lot": 1.0}


@pytest.mark.parametrize("settlement", ["coin", "cash"])
@pytest.mark.parametrize("quantity", [3.0, -3.0])
def test_a_future_costs_its_spread_and_fee_at_once(settlement, quantity):
    market = Market.of(small_chain([("p", 90.0, 30), ("p", 90.0, 90)], carry=0.3))
    future = Future("BTC", AS_OF + pd.Timedelta(days=90), settlement)
    forward = SPOT * np.exp(0.3 * 90 / 365)
    assert market.forward(future.expiry) == pytest.approx(forward, rel=1e-12)
    leg = outright_leg(future, SPOT, quantity, half_spread=0.002, fee=FeeRule(0.0005), forward=forward)
    assert leg.price == pytest.approx(forward * (1 + 0.002 * np.sign(quantity)))
    book = Book([Holding.spot("BTC", 10.0)])
    lost = book.value(market) - (book + [leg]).value(market)
    assert lost == pytest.approx(3.0 * (leg.half_spread + leg.fee), rel=1e-12)


def future_case(seed: int):
    random = np.random.default_rng(seed)
    terms = COIN if seed % 2 else CASH
    menu = [("p", 85.0, 30), ("p", 95.0, 60), ("c", 110.0, 30), ("c", 115.0, 60)]
    options = [menu[i] for i in sorted(random.choice(4, 2, replace=False))]
    chain = small_chain(
        options, terms=terms, spreads=[0.03, 0.05], sizes=[3.0, 3.0], carry=float(random.uniform(-0.2, 0.3))
    )
    outright = Outright("future", settlement="coin" if seed % 3 else "cash", **ONE)
    book = Book([Holding.spot("BTC", 5.0)], cash=20.0)
    delta = float(random.uniform(1.0, 4.5))
    target = Target(
        delta=(delta - 0.6, delta + 0.6),
        gamma=(0.0, None) if random.random() < 0.3 else None,
        floor=float(random.uniform(-0.5, -0.2)) if random.random() < 0.6 else None,
    )
    limits = Limits(
        outright=outright,
        max_legs=int(random.integers(1, 4)),
        parsimony=0.0,
        **LOOSE | {"max_leg_share": 0.6},
    )
    return book, chain, target, limits


@pytest.mark.parametrize("seed", range(4))
def test_no_book_with_futures_is_cheaper(seed):
    book, chain, target, limits = future_case(seed)
    market, scenarios = Market.of(chain), grid(np.linspace(-0.6, 0.6, 7), (-0.1, 0.1), (5.0, 20.0))
    (terms,) = limits.outright
    # An independent price: the forward of the quotes, a spread and a fee away from it.
    forwards = chain.quotes.groupby("expiry")["forward"].first()

    def future(expiry):
        item = Future("BTC", expiry, terms.settlement)
        return lambda q: outright_leg(
            item, SPOT, q, half_spread=0.001, fee=FeeRule(0.0005), forward=float(forwards[expiry])
        )

    symbols = list(chain.quotes["symbol"])
    orders = [lambda q, symbol=symbol: option_leg(chain, symbol, q) for symbol in symbols]
    orders += [future(expiry) for expiry in forwards.index]
    expected = enumerated(book, market, orders, target, limits, scenarios, most=3)
    if not np.isfinite(expected):
        with pytest.raises(InfeasibleHedgeError):
            plan(book, chain, target, limits, horizon=20.0, scenarios=scenarios, effort=Effort(gap=1e-6))
        return
    found = plan(book, chain, target, limits, horizon=20.0, scenarios=scenarios, effort=Effort(gap=1e-6))
    assert found.objective == pytest.approx(expected, rel=2e-6, abs=1e-7)


def test_basis_is_no_income():
    """Calls bought and futures sold would earn the basis of a steep curve for ever, if it counted."""
    chain = small_chain([("c", 90.0, 30), ("p", 90.0, 30), ("p", 100.0, 60)], carry=0.5)
    found = plan(
        Book([Holding.spot("BTC", 10.0)]),
        chain,
        Target(delta=(0, 11)),
        Limits(outright=Outright("future", **ONE), **LOOSE),
    )
    assert found.legs == ()
    short = plan(
        Book([Holding.spot("BTC", 10.0)]),
        chain,
        Target(delta=(4, 5)),
        Limits(outright=Outright("future", **ONE), **LOOSE),
    )
    assert short.cost.carry == 0.0
    assert short.cost.execution > 0.0


@pytest.mark.parametrize(("days", "covers"), [(30, False), (90, True)])
def test_a_future_covers_only_calls_that_expire_no_later(days, covers):
    chain = small_chain([("c", 110.0, 60), ("c", 120.0, 60)])
    future = Holding.future("BTC", AS_OF + pd.Timedelta(days=days), 10.0, SPOT)
    book, limits = Book([future], cash=1_000.0), Limits(max_legs=1, **LOOSE)
    if covers:
        assert plan(book, chain, Target(delta=(None, 8)), limits).after.delta <= 8
    else:
        with pytest.raises(InfeasibleHedgeError, match="calls covered"):
            plan(book, chain, Target(delta=(None, 8)), limits)


def test_a_future_sold_is_covered_when_the_calls_over_it_are_gone():
    """Calls of 30 days cover a future of 45 days only for 30 of them: the day between counts too."""
    chain = small_chain([("c", 110.0, 30), ("c", 120.0, 60)])
    book = Book([Holding.future("BTC", AS_OF + pd.Timedelta(days=45), -5.0, SPOT)], cash=1_000.0)
    market = Market.of(chain)
    legs = [
        option_leg(chain, chain.quotes["symbol"].iloc[0], 5.0),
        option_leg(chain, chain.quotes["symbol"].iloc[1], -1.0),
    ]
    assert not _no_tail(book, book + legs, legs)
    found = plan(book, chain, Target(delta=(-4.0, None)), Limits(**LOOSE))
    assert all(check.ok for check in found.checks)
    assert [c for c in found.checks if str(c.limit) == "calls covered, 23 Mar 2026"]
    assert found.after.delta >= -4.0
    assert market.asset == "BTC"


def test_futures_are_those_that_are_listed_within_the_window():
    chain = small_chain([("p", 90.0, 30), ("p", 90.0, 60), ("p", 90.0, 90)])
    listed = pd.DataFrame(
        {name: [np.nan] * 3 for name in ("bid", "ask", "mark", "funding_8h", "open_interest")}
    )
    listed["symbol"] = ["BTC-8MAR26", "BTC-7APR26", "BTC-PERPETUAL"]
    listed["expiry"] = [AS_OF + pd.Timedelta(days=30), AS_OF + pd.Timedelta(days=60), pd.NaT]
    known = replace(chain, futures=in_columns(listed, "futures"))
    book, target = Book([Holding.spot("BTC", 10.0)]), Target(delta=(4, 5))
    limits = Limits(outright=Outright("future", **ONE), **LOOSE | {"expiries": (40.0, None)})
    found = plan(book, known, target, limits)
    assert [leg.instrument.symbol for leg in found.legs] == ["BTC-7APR26"]
    with pytest.raises(
        InputError, match=r"no future on BTC expires within \(70.0, None\) days; .*30.0, 60.0"
    ):
        plan(book, known, target, replace(limits, expiries=(70.0, None)))


def test_a_plan_with_a_future_is_saved_read_and_audited(tmp_path):
    limits = Limits(outright=Outright("future"), expiries=(20, 100), budget=0.02)
    found = plan(BOOK, CHAIN, Target(delta=(8, 12), vega=(0, None), floor=-0.15), limits)
    (future,) = [leg for leg in found.legs if isinstance(leg.instrument, Future)]
    assert found.structure == "put and future"
    assert {"future", "spot"} <= {item.name for item in found.alternatives}
    found.to_json(tmp_path / "plan.json")
    saved = read_plan(tmp_path / "plan.json")
    assert (saved.legs, saved.id, saved.inputs) == (
        found.legs,
        found.id,
        json.loads(json.dumps(found.inputs)),
    )
    report = audit(saved, CHAIN)
    assert report.ok
    assert report.cost_now == found.cost  # the same quotes, the future's among them
    order = found.ticket()["orders"][found.legs.index(future)]["instrument"]
    assert (order["kind"], pd.Timestamp(order["expiry"])) == ("future", future.instrument.expiry)


# --- rolls ------------------------------------------------------------------------------------------


def rolled_book() -> tuple[Book, object]:
    """Ten coins, ten puts that expire in ten days, and longer ones to roll into."""
    chain = small_chain(
        [("p", 90.0, 10), ("p", 85.0, 40), ("p", 95.0, 40), ("c", 120.0, 40)], spreads=[0.02] * 4
    )
    held = Holding.option("BTC", "p", 90.0, AS_OF + pd.Timedelta(days=10), 10.0, 2.0)
    return Book([Holding.spot("BTC", 10.0), held]), chain


def test_a_put_that_runs_out_is_rolled_and_the_orders_say_so():
    book, chain = rolled_book()
    # No vega left in the short expiry, as much in the long one: from outside the window of new legs, too.
    target = Target(delta=(6, 8.5), vega_by_days={(0, 20): (-0.001, 0.001), (20, 60): (0.8, None)})
    found = plan(book, chain, target, Limits(price_per_leg=0.0, **LOOSE | {"expiries": (20.0, None)}))
    sold = next(leg for leg in found.legs if leg.quantity < 0)
    bought = next(leg for leg in found.legs if leg.quantity > 0)
    assert (sold.instrument.expiry, sold.quantity) == (AS_OF + pd.Timedelta(days=10), -10.0)
    said = f"rolls {min(bought.quantity, 10.0):g} {sold.instrument.symbol} into {bought.instrument.symbol}"
    assert said in found.remarks
    assert said in found.ticket()["remarks"]
    assert found.structure.startswith("put roll")
    # Whoever allows one order gets no roll: closing is an order.
    with pytest.raises(InfeasibleHedgeError):
        plan(book, chain, target, Limits(max_legs=1, **LOOSE | {"expiries": (20.0, None)}))


@pytest.mark.parametrize(
    ("orders", "name", "said"),
    [
        ([("p", 90.0, 10, -10.0), ("p", 85.0, 40, 7.0)], "put roll and close", ("rolls 7", "closes 3")),
        ([("p", 90.0, 10, -4.0), ("p", 85.0, 40, 7.0)], "put roll and put", ("rolls 4",)),
        ([("p", 90.0, 10, -10.0)], "close", ("closes 10",)),
        ([("p", 90.0, 10, -12.0)], "combination and close", ("closes 10",)),
        ([("p", 90.0, 10, -10.0), ("c", 120.0, 40, -5.0)], "covered call and close", ("closes 10",)),
        (
            [("p", 90.0, 10, -5.0), ("p", 85.0, 40, 2.0), ("p", 95.0, 40, 3.0)],
            "put roll",
            ("rolls 2", "rolls 3"),
        ),
        ([("p", 90.0, 10, 3.0), ("p", 85.0, 40, -3.0)], "put spread over 2 expiries", ()),
    ],
)
def test_what_closes_and_what_opens_in_its_place(orders, name, said):
    book, chain = rolled_book()
    by_place = {
        (r.flag, r.strike, round(r.time_to_expiry * 365)): r.symbol for r in chain.quotes.itertuples()
    }
    legs = [
        option_leg(chain, by_place[flag, strike, days], quantity) for flag, strike, days, quantity in orders
    ]
    assert structure(legs, book) == name
    remarks = closings(legs, book)
    assert len(remarks) == len(said)
    assert all(remark.startswith(start) for remark, start in zip(remarks, said, strict=True))
    # Nothing is closed of a book that holds none of them.
    assert closings(legs, Book([Holding.spot("BTC", 10.0)])) == ()


# --- closing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
def test_no_book_that_closes_in_any_size_and_opens_within_its_shares_is_cheaper(seed):
    """New legs of two or three contracts; of what is held one, or all of six: less and more than new legs may be."""
    random = np.random.default_rng([4, seed])
    spreads = list(random.uniform(0.02, 0.08, 3))
    options = [("p", 90.0, 30), ("c", 105.0, 30), ("p", 95.0, 60)]
    chain = small_chain(options, terms=COIN if seed % 2 else CASH, spreads=spreads)
    place = {(row.flag, row.strike): row.symbol for row in chain.quotes.itertuples()}
    symbols = [place[flag, strike] for flag, strike, _ in options]
    sizes = [6.0 if seed % 4 < 2 else 4.0, -5.0, 0.0]
    held = [Holding(chain.option(s), q) for s, q in zip(symbols, sizes, strict=True) if q]
    book = Book(Holding.spot("BTC", 5.0), *held, cash=200.0)
    market, scenarios = Market.of(chain), grid((-0.4, 0.4), (0.0,), (20.0,))
    position = book.position("BTC")
    leg_shares = {"min_leg_share": 1.5 / position, "max_leg_share": 3.5 / position}
    # In half of the cases what is held lies outside of the window: it may only be closed.
    window = {"expiries": (40.0, None)} if seed % 2 else {}
    limits = Limits(max_legs=3, price_per_leg=0.0, parsimony=0.0, **LOOSE | leg_shares | window)

    def order(symbol, owned):
        def leg(quantity):
            beyond = abs(quantity) > (abs(owned) if quantity * owned < 0 else 0.0)
            new = 2.0 <= abs(quantity) <= 3.0 and not (owned and window)
            return option_leg(chain, symbol, quantity) if (new or not beyond) else None

        return leg

    orders = [order(symbol, owned) for symbol, owned in zip(symbols, sizes, strict=True)]
    aim = book + [
        orders[0](-(1.0 if seed % 4 < 2 else 4.0)),
        orders[1](1.0 if seed % 3 else 5.0),
        orders[2](2.0),
    ]
    then, width = aim.exposure(market), 0.02
    target = Target(
        delta=(then.delta - width, then.delta + width), vega=(then.vega - width, then.vega + width)
    )
    expected = enumerated(book, market, orders, target, limits, scenarios, most=6)
    assert np.isfinite(expected)
    found = plan(
        book,
        chain,
        target,
        limits,
        horizon=20.0,
        scenarios=scenarios,
        effort=Effort(gap=1e-6, alternatives=False),
    )
    assert found.objective == pytest.approx(expected, rel=2e-6, abs=1e-7)


def test_one_lot_or_all_of_what_is_held_is_closed_and_no_more_of_it_outside_the_window():
    chain = small_chain([("p", 95.0, 10), ("p", 90.0, 40)], terms=CASH)
    near = chain.quotes["symbol"][chain.quotes["time_to_expiry"] < 20 / 365].iloc[0]
    book = Book(Holding.spot("BTC", 10.0), Holding(chain.option(near), 9.0))
    each = -(Book(Holding(chain.option(near), 1.0)).exposure(Market.of(chain)).delta)
    now = book.exposure(Market.of(chain)).delta
    limits = Limits(**LOOSE | {"expiries": (20.0, None), "min_leg_share": 0.5, "max_leg_share": 0.6})
    ask = partial(plan, book, chain, limits=limits, effort=Effort(alternatives=False))
    for lots in (1, 9):
        (leg,) = ask(target=Target(delta=(now + (lots - 0.5) * each, None))).legs
        assert (leg.instrument.symbol, leg.quantity) == (near, -lots)
    with pytest.raises(InfeasibleHedgeError, match="delta"):
        ask(target=Target(delta=(now + 9.5 * each, None)))


# --- initial margin ---------------------------------------------------------------------------------

PM = replace(margin.DERIBIT_BTC_2024, extended_dampener=0.0)
NO_ROLL = replace(PM, annualised_move_risk=0.0, min_annualised_move=0.0)
FLAT_RATE = replace(margin.DERIBIT_BTC, per_unit=0.0)


def needed(book, market, model) -> float:
    """Initial margin of a whole account by the model itself. [money]"""
    found = margin.assess(book, market, model)
    return float(found.initial[0]) * (market.spot if found.currency == "BTC" else 1.0)


@pytest.mark.parametrize(
    ("model", "seed"),
    [(FLAT_RATE, 0), (FLAT_RATE, 1), (NO_ROLL, 0), (margin.FlatMargin(0.1, 0.05, "coin"), 1)],
    ids=["standard-0", "standard-1", "portfolio-0", "flat-1"],
)
def test_no_book_within_the_margin_is_cheaper(model, seed):
    random = np.random.default_rng(seed)
    chain = small_chain(
        [("p", 85.0, 30), ("p", 97.0, 30), ("c", 105.0, 60)],
        spreads=list(random.uniform(0.02, 0.08, 3)),
        sizes=[3.0] * 3,
    )
    market, book = Market.of(chain), Book([Holding.spot("BTC", 5.0)], cash=20.0)
    target = Target(delta=(1.0, float(random.uniform(1.8, 2.6))))
    perpetual = Outright("perpetual", half_spread=0.004, fee=FeeRule(0.0005), lot=1.0)
    limits = Limits(outright=perpetual, max_legs=3, parsimony=0.0, **LOOSE | {"max_leg_share": 0.6})
    scenarios = grid((-0.3, 0.3), (0.0,), (20.0,))
    orders = [lambda q, symbol=symbol: option_leg(chain, symbol, q) for symbol in chain.quotes["symbol"]]
    orders.append(lambda q: outright_leg(Perpetual("BTC"), SPOT, q, half_spread=0.004, fee=FeeRule(0.0005)))
    free = plan(
        book,
        chain,
        target,
        limits,
        horizon=20.0,
        scenarios=scenarios,
        effort=Effort(gap=1e-6, alternatives=False),
    )
    bites = 0
    for share in np.array([0.9, 0.6]) * needed(book + free, market, model) / book.value(market):
        expected = enumerated(
            book,
            market,
            orders,
            target,
            limits,
            scenarios,
            3,
            lambda legs, s=share: needed(book + legs, market, model) <= s * book.value(market) + 1e-9,
        )
        limited = replace(limits, initial_margin=margin.InitialMargin(model, float(share)))
        if not np.isfinite(expected):
            with pytest.raises(InfeasibleHedgeError, match="initial_margin"):
                plan(book, chain, target, limited, horizon=20.0, scenarios=scenarios, effort=Effort(gap=1e-6))
            bites += 1
            continue
        found = plan(
            book,
            chain,
            target,
            limited,
            horizon=20.0,
            scenarios=scenarios,
            effort=Effort(gap=1e-6, alternatives=False),
        )
        assert found.objective == pytest.approx(expected, rel=2e-6, abs=1e-7)
        bites += expected > free.objective + 1e-6
    assert bites


@pytest.mark.parametrize(
    "model", [margin.DERIBIT_BTC, PM, margin.DERIBIT_BTC_2024, margin.RegT(), margin.DERIBIT_BTC_USDC]
)
@pytest.mark.parametrize("seed", range(5))
def test_orders_together_never_need_more_than_alone(model, seed):
    random = np.random.default_rng(seed)
    coin = not (isinstance(model, margin.RegT) or model == margin.DERIBIT_BTC_USDC)
    chain = small_chain(
        [("p", 85.0, 30), ("p", 97.0, 60), ("c", 105.0, 30), ("c", 120.0, 60)], terms=COIN if coin else CASH
    )
    market, limit = Market.of(chain), margin.InitialMargin(model, 1.0)
    items = [chain.option(symbol) for symbol in chain.quotes["symbol"]]
    linear = [] if isinstance(model, margin.RegT) else [Perpetual("BTC", "coin" if coin else "cash")]

    def some():
        picked = [Holding(item, float(random.integers(-5, 6))) for item in items]
        picked += [Holding(item, float(random.integers(-5, 6)), 100.0) for item in linear]
        return [holding for holding in picked if holding.quantity] + [
            Holding.spot("BTC", float(random.integers(-2, 9)))
        ]

    held, orders = some(), some()
    losses, rest = limit.held(Book(held), market)
    more, more_rest = limit.alone(orders, market)
    assert limit.of(Book(held), market) == pytest.approx(max(0.0, losses.max()) + rest, abs=1e-6)
    together = needed(Book(held + orders), market, model)
    bound = max(0.0, (losses + more.sum(axis=1)).max()) + rest + more_rest.sum()
    assert together <= bound + 1e-6
    # Short options of the standard model add up exactly.
    if model == margin.DERIBIT_BTC:
        short = [
            holding
            for holding in held + orders
            if isinstance(holding.instrument, Option) and holding.quantity < 0
        ]
        total = sum(limit.alone([holding], market)[1][0] for holding in short)
        assert needed(Book(short), market, model) == pytest.approx(total, rel=1e-12)


def test_a_plan_within_its_margin_is_saved_read_and_audited(tmp_path):
    limit = margin.InitialMargin(margin.DERIBIT_BTC_2024, 0.05)
    limits = Limits(expiries=(20, 60), budget=0.03, initial_margin=limit)
    found = plan(BOOK, CHAIN, Target(delta=(10, 14)), limits, effort=Effort(alternatives=False))
    (check,) = [check for check in found.checks if str(check.limit) == "initial_margin"]
    after = needed(BOOK + found, Market.of(CHAIN), margin.DERIBIT_BTC_2024)
    assert check.value == pytest.approx(after / found.base, rel=1e-9)
    assert check.ok
    found.to_json(tmp_path / "plan.json")
    saved = read_plan(tmp_path / "plan.json")
    assert saved.inputs["limits"]["initial_margin"] == json.loads(json.dumps(limit.to_dict()))
    assert margin.InitialMargin.from_dict(saved.inputs["limits"]["initial_margin"]) == limit
    assert "initial_margin" in {str(check.limit) for check in audit(saved, CHAIN).checks}
    assert saved.to_dict() == found.to_dict() == json.loads(found.to_json())


def test_margin_gross_vega_and_windows_are_shown_with_where_the_plan_stands():
    limits = Limits(
        expiries=(20, 60), initial_margin=margin.InitialMargin(margin.DERIBIT_BTC, 0.25), gross_vega=9_000.0
    )
    found = plan(
        BOOK,
        CHAIN,
        Target(delta=(14, 16), vega_by_days={(20, 60): (None, 5e3)}),
        limits,
        effort=Effort(alternatives=False),
    )
    values = {str(check.limit): check.value for check in found.checks}
    lines = [line.split() for line in repr(found).splitlines()]
    assert ["initial_margin", f"{values['initial_margin']:.2%}", "..", "25%", "of", "book", "value"] in lines
    for name, most in (("gross_vega", "9,000"), ("vega_by_days 20-60", "5,000")):
        shown = [*name.split(), f"{values[name]:,.5g}", "..", most, "USD", "per", "vol", "point"]
        assert shown in lines


def test_portfolio_margin_has_no_table_of_what_settles_in_cash():
    chain = small_chain([("p", 85.0, 30), ("p", 95.0, 30)], terms=CASH)
    limits = Limits(initial_margin=margin.InitialMargin(PM, 0.5), **LOOSE)
    with pytest.raises(InputError, match="coin-settled"):
        plan(Book([Holding.spot("BTC", 5.0)]), chain, Target(delta=(2, 3)), limits)


def test_a_margin_is_a_share():
    for most in (-0.1, float("nan"), "10 %"):
        with pytest.raises(InputError, match="most must be a share"):
            margin.InitialMargin(margin.DERIBIT_BTC, most)
    with pytest.raises(InputError, match="model must be one of StandardMargin"):
        margin.InitialMargin("standard", 0.1)
    with pytest.raises(InputError, match="takes the rules of the account with the share"):
        Limits(initial_margin=0.1)


# --- liquidity --------------------------------------------------------------------------------------

PUTS = [("p", strike, days) for strike in (80.0, 85.0, 90.0, 95.0) for days in (30, 60)]


def hardness(chain, legs) -> float:
    """What crossing costs over the price, and shares of quote and open interest, from the quotes by hand."""
    total = 0.0
    for leg in legs:
        row = chain.row(leg.instrument.symbol)
        price, size = leg.price, row["ask_size"] if leg.quantity > 0 else row["bid_size"]
        total += max(abs(price - (row["bid"] + row["ask"]) / 2), abs(price - row["mark"])) / price
        total += abs(leg.quantity) / size + abs(leg.units) / row["open_interest"]
    return total


def mixed_chain(seed: int):
    random = np.random.default_rng(seed)
    count = len(PUTS)
    chain = small_chain(
        PUTS, spreads=list(random.uniform(0.01, 0.06, count)), sizes=list(random.integers(9, 60, count))
    )
    return replace(chain, quotes=chain.quotes.assign(open_interest=random.uniform(20, 400, count)))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("share", [0.02, 0.3])
def test_no_single_order_within_the_share_is_easier_to_trade(seed, share):
    chain, book = mixed_chain(seed), Book([Holding.spot("BTC", 10.0)])
    market, target = Market.of(chain), Target(delta=(6.0, 7.0))
    limits = Limits(max_legs=1, parsimony=share, price_per_leg=0.0, **LOOSE)
    found = plan(book, chain, target, limits, effort=Effort(alternatives=False))
    plans = []
    for symbol, most in zip(chain.quotes["symbol"], chain.quotes["ask_size"], strict=True):
        one = (Book() + [option_leg(chain, symbol, 1.0)]).exposure(market).delta
        for quantity in range(1, int(most) + 1):
            leg = option_leg(chain, symbol, float(quantity))
            if 6.0 <= 10.0 + quantity * one <= 7.0:
                plans.append((leg.units * (leg.half_spread + leg.fee), hardness(chain, [leg])))
    cheapest = min(cost for cost, _ in plans)
    assert found.objective <= (1 + share) * cheapest * (1 + 1e-9)
    easiest = min(hard for cost, hard in plans if cost <= (1 + share) * cheapest * (1 + 1e-9))
    assert hardness(chain, found.legs) == pytest.approx(easiest, rel=1e-9)


@pytest.mark.parametrize("seed", [7, 12])
def test_several_orders_stay_as_many_and_of_their_kind_and_get_easier(seed, monkeypatch):
    chain, target = samples.chain(seed), Target(delta=(8, 12), vega=(0, None), floor=-0.2)
    limits = Limits(budget=0.03, expiries=(20, 100), parsimony=0.15)
    monkeypatch.setattr(
        select, "most_standard", lambda *given, **_: given[1]
    )  # a structure comes before its ease
    found = plan(BOOK, chain, target, limits, effort=Effort(alternatives=False))
    best = plan(BOOK, chain, target, replace(limits, parsimony=0.0), effort=Effort(alternatives=False))
    monkeypatch.setattr(select, "most_liquid", lambda *given, **_: given[1])
    simple = plan(BOOK, chain, target, limits, effort=Effort(alternatives=False))
    assert found.objective <= 1.15 * best.objective * (1 + 2e-3)
    assert all(check.ok for check in found.checks)
    sides = [sorted((leg.instrument.flag, leg.side) for leg in one.legs) for one in (found, simple)]
    assert sides[0] == sides[1]
    assert hardness(chain, found.legs) < 0.9 * hardness(chain, simple.legs)
    (optimum,) = [item for item in found.alternatives if item.name == "optimum"]
    assert optimum.cost.execution == pytest.approx(best.cost.execution, rel=2e-3)


def test_of_futures_that_cost_the_same_the_nearest_is_sold_and_the_perpetual_before_it():
    target, limits = (
        Target(delta=(8, 12), floor=-0.26),
        Limits(expiries=(20, None), budget=0.03, parsimony=0.02),
    )
    dated = plan(
        BOOK,
        CHAIN,
        target,
        replace(limits, outright=(Outright("future"),)),
        effort=Effort(alternatives=False),
    )
    sold = [leg.instrument.expiry for leg in dated.legs if isinstance(leg.instrument, Future)]
    within = CHAIN.expiries["expiry"][CHAIN.expiries["days"] >= 30]
    assert sold == [within.min()]
    both = (Outright("future"), Outright("perpetual"))
    found = plan(BOOK, CHAIN, target, replace(limits, outright=both), effort=Effort(alternatives=False))
    assert [type(leg.instrument) for leg in found.legs if not isinstance(leg.instrument, Option)] == [
        Perpetual
    ]


# --- depth ------------------------------------------------------------------------------------------


def walked(ladder, quantity) -> tuple[float, float]:
    """Average price of whole levels up to the one an order reaches, and the worst, by walking the book."""
    left, taken = abs(quantity), []
    for price, size in ladder.asks if quantity > 0 else ladder.bids:
        taken.append((price, size))
        left -= size
        if left <= 1e-9:
            break
    assert left <= 1e-9
    return sum(p * s for p, s in taken) / sum(s for _, s in taken), taken[-1][0]


def deep(chain, seed: int):
    """A ladder of three levels on each side of every option, from its quote on."""
    random = np.random.default_rng(seed)
    books = {}
    for row in chain.quotes.itertuples():
        steps = 1.0 + np.cumsum([0.0, *random.uniform(0.01, 0.05, 2)])
        sizes = [tuple(float(size) for size in random.integers(1, 3, 3)) for _ in "ab"]
        books[row.symbol] = Ladder(
            bids=tuple(zip(row.bid_quoted / steps, sizes[0], strict=True)),
            asks=tuple(zip(row.ask_quoted * steps, sizes[1], strict=True)),
        )
    return books


@pytest.mark.parametrize("terms", [COIN, CASH], ids=["coin", "cash"])
def test_an_order_into_the_book_pays_its_levels_and_no_less(terms):
    chain = small_chain([("p", 90.0, 30), ("c", 110.0, 60)], terms=terms)
    books = deep(chain, 1)
    money = SPOT if terms is COIN else 1.0
    for symbol, ladder in books.items():
        middle = (chain.row(symbol)["bid"] + chain.row(symbol)["ask"]) / 2
        for side, quotes in ((1.0, ladder.asks), (-1.0, ladder.bids)):
            for quantity in range(1, int(sum(size for _, size in quotes)) + 1):
                leg = option_leg(chain, symbol, side * quantity, ladder)
                average, worst = walked(ladder, side * quantity)
                assert leg.price == pytest.approx(average * money, rel=1e-12)
                assert leg.limit == pytest.approx(worst * money, rel=1e-12)
                assert leg.half_spread == pytest.approx(abs(average * money - middle), rel=1e-9)
                # What is filled is filled at this average or better, and within the limit.
                exact = sum([p for p, s in quotes for _ in range(int(s))][:quantity]) / quantity
                assert side * exact <= side * average + 1e-12
            with pytest.raises(InputError, match="finds only"):
                option_leg(chain, symbol, side * (quantity + 1), ladder)


@pytest.mark.parametrize("seed", range(4))
def test_no_book_of_levels_is_cheaper(seed):
    random = np.random.default_rng(seed)
    chain = small_chain(
        [("p", 85.0, 30), ("p", 95.0, 60), ("c", 110.0, 30)],
        terms=COIN if seed % 2 else CASH,
        spreads=[0.03] * 3,
        sizes=[1.0] * 3,
    )
    books, market, book = deep(chain, seed), Market.of(chain), Book([Holding.spot("BTC", 5.0)], cash=20.0)
    delta = float(random.uniform(2.0, 4.2))
    target = Target(
        delta=(delta - 0.4, delta + 0.4), floor=float(random.uniform(-0.6, -0.3)) if seed % 3 else None
    )
    limits = Limits(
        depth=books,
        max_legs=int(random.integers(1, 4)),
        budget=0.06 if seed % 2 else None,
        parsimony=0.0,
        **LOOSE | {"max_leg_share": 0.8},
    )
    scenarios = grid(np.linspace(-0.6, 0.6, 7), (0.0,), (5.0, 20.0))

    def order(symbol):
        held = {1.0: sum(s for _, s in books[symbol].asks), -1.0: sum(s for _, s in books[symbol].bids)}
        return lambda q: option_leg(chain, symbol, q, books[symbol]) if abs(q) <= held[np.sign(q)] else None

    orders = [order(symbol) for symbol in chain.quotes["symbol"]]
    expected = enumerated(book, market, orders, target, limits, scenarios, most=4)
    ask = partial(
        plan,
        book,
        chain,
        target,
        horizon=20.0,
        scenarios=scenarios,
        effort=Effort(gap=1e-6, alternatives=False),
    )
    if not np.isfinite(expected):
        with pytest.raises(InfeasibleHedgeError):
            ask(limits)
        return
    found = ask(limits)
    assert found.objective == pytest.approx(expected, rel=2e-6, abs=1e-7)
    assert len({leg.instrument for leg in found.legs}) == len(found.legs)
    # The best quotes alone can do no more, and dearer where they can.
    try:
        shallow = ask(replace(limits, depth={}))
    except InfeasibleHedgeError:
        return
    assert found.objective <= shallow.objective + 1e-6


@pytest.mark.parametrize("terms", [COIN, CASH], ids=["coin", "cash"])
def test_an_order_into_the_book_is_as_hard_to_trade_as_what_it_pays(terms):
    chain = small_chain(PUTS, terms=terms, spreads=list(np.linspace(0.01, 0.08, 8)), sizes=[2.0] * 8)
    chain = replace(chain, quotes=chain.quotes.assign(open_interest=50.0))
    limits, book = Limits(depth=deep(chain, 3), **LOOSE), Book([Holding.spot("BTC", 10.0)])
    market = Market.of(chain)
    columns = programme(
        book, (market,), Target(delta=(6, 7)), limits, 30.0, grid([-0.3], days=[20.0])
    ).columns
    measure, deepest = illiquidity(columns, (market,), limits), 0
    for i in np.flatnonzero(np.isin(columns.kinds, ("put", "call"))):
        for lots in (columns.least[i], columns.most[i]):
            leg = leg_of(columns, int(i), lots, {"BTC": market}, limits)
            expected = hardness(chain, [leg])
            assert measure.of(lots * (np.arange(len(columns)) == i)) == pytest.approx(expected, rel=1e-9)
            quoted = chain.row(leg.instrument.symbol)["ask" if leg.quantity > 0 else "bid"]
            deepest += abs(leg.price / quoted - 1.0) > 0.01
    assert deepest > 20


def test_a_plan_into_the_book_is_saved_and_sent_with_its_limits(tmp_path):
    books = {}
    for row in CHAIN.quotes.itertuples():
        tick = CHAIN.terms.tick_at(row.ask_quoted)
        prices = [round(row.ask_quoted + step * tick, 4) for step in range(8)]
        books[row.symbol] = Ladder(asks=tuple((price, 4.0) for price in prices))
    limits = Limits(depth=books, expiries=(20, 60), max_legs=1)
    found = plan(BOOK, CHAIN, Target(delta=(18, 20), floor=-0.75), limits, effort=Effort(alternatives=False))
    (leg,) = found.legs
    average, worst = walked(books[leg.instrument.symbol], leg.quantity)
    assert worst > average > books[leg.instrument.symbol].asks[0][0]
    assert found.orders["limit_price"].tolist() == [pytest.approx(worst, rel=1e-12)]
    assert found.cost.premium == pytest.approx(leg.units * average * CHAIN.spot)
    (sent,) = deribit.orders(found)
    assert sent["params"]["price"] == worst
    assert found.ticket()["orders"][0]["limit_price"] == pytest.approx(worst, rel=1e-12)
    found.to_json(tmp_path / "plan.json")
    saved = read_plan(tmp_path / "plan.json")
    assert (saved.legs, saved.id) == (found.legs, found.id)
    assert saved.to_dict() == found.to_dict() == json.loads(found.to_json())
    assert limits_from(saved.inputs["limits"]) == limits
    assert audit(saved, CHAIN).ok


def test_books_of_the_exchange_become_ladders_in_contracts():
    terms = deribit.option_terms("SOL_USDC", "2026-03-01T00:00Z")
    chain = replace(CHAIN, terms=terms)
    rows = [("S", "ask", 1, 7.6, 50.0), ("S", "ask", 0, 7.5, 30.0), ("S", "bid", 0, 7.2, 10.0)]
    table = pd.DataFrame(rows, columns=["symbol", "side", "level", "price", "amount"])
    assert deribit.ladders(table, chain) == {"S": Ladder(bids=((7.2, 1.0),), asks=((7.5, 3.0), (7.6, 5.0)))}
    with pytest.raises(InputError, match="'bid' or 'ask'"):
        deribit.ladders(table.assign(side="offer"), chain)


@pytest.mark.parametrize(
    ("sides", "message"),
    [
        ({"asks": ((0.06, 1.0), (0.05, 1.0))}, "get worse"),
        ({"bids": ((0.05, 1.0), (0.06, 1.0))}, "get worse"),
        ({"asks": ((0.05, 0.0),)}, "> 0"),
        ({"asks": ((float("nan"), 1.0),)}, "> 0"),
        ({"bids": (0.05, 1.0)}, "pairs"),
        ({"bids": 5}, "pairs"),
    ],
)
def test_what_is_no_ladder_is_refused(sides, message):
    with pytest.raises(InputError, match=message):
        Ladder(**sides)


@pytest.mark.parametrize("depth", [{"A": ((0.05, 1.0),)}, 5, None])
def test_depth_is_ladders(depth):
    with pytest.raises(InputError, match="depth must map symbols to Ladder"):
        Limits(depth=depth)
    with pytest.raises(InputError, match="needs the columns symbol, side"):
        deribit.ladders(pd.DataFrame(), CHAIN)
