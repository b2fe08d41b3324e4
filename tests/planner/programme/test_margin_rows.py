"""A limit on initial margin against the account's own model and every book within it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from cases.orders import enumerated
from cases.planner import CASH, COIN, LOOSE, SPOT, small_chain

from hedging import margin, samples
from hedging.book.book import Book, Holding
from hedging.book.legs import option_leg, outright_leg
from hedging.errors import InputError
from hedging.market.contracts import FeeRule, Option, Perpetual
from hedging.market.market import Market
from hedging.paths.paths import grid
from hedging.planner import Effort, Limits, Outright, Target, audit, plan, read_plan
from hedging.planner.result.infeasible import InfeasibleHedgeError

BOOK, CHAIN = samples.book(), samples.chain()
PM = replace(margin.DERIBIT_BTC_2024, extended_dampener=0.0)
NO_ROLL = replace(PM, annualised_move_risk=0.0, min_annualised_move=0.0)
QUIET = Effort(gap=1e-6, alternatives=False)
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
                plan(book, chain, target, limited, horizon=20.0, scenarios=scenarios, effort=QUIET)
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
