"""What earned what: sums to the cent, per leg and in total, and leaves little."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases.later import later

from hedging import samples
from hedging.backtest import read_tape
from hedging.book.book import Book, Holding
from hedging.book.legs import option_leg, outright_leg
from hedging.errors import InputError
from hedging.market.contracts import ContractTerms, FeeRule, Option, Perpetual
from hedging.market.market import Market
from hedging.monitor import PARTS, explain, explain_over
from hedging.planner import Effort, Limits, Target, audit, plan

CHAIN = samples.chain()
EXPIRIES = list(CHAIN.expiries["expiry"])
BOOK = Book([Holding.spot("BTC", 25)])
QUOTES = CHAIN.quotes
NEAR = QUOTES[(QUOTES["expiry"] == EXPIRIES[4]) & QUOTES["ask"].notna() & QUOTES["bid"].notna()]
PUT = NEAR[NEAR["flag"] == "p"].iloc[(NEAR[NEAR["flag"] == "p"]["strike"] - 0.9 * CHAIN.spot).abs().argmin()]
SOON = EXPIRIES[1]
LEFT = (SOON - CHAIN.as_of) / pd.Timedelta(days=1)


def option(expiry, flag="p", moneyness=1.0, settlement="coin"):
    return Option("BTC", flag, round(moneyness * CHAIN.spot), expiry, ContractTerms(settlement=settlement))


def wide_book(numeraire: str = "USD") -> Book:
    """Every kind of holding, options on two expiries among them, one of which ends soon."""
    return Book(
        [
            Holding.spot("BTC", 25),
            Holding.perpetual("BTC", -4.0, 0.98 * CHAIN.spot),
            Holding.future("BTC", EXPIRIES[4], 3.0, 1.01 * CHAIN.spot),
            Holding.future("BTC", EXPIRIES[4], -2.0, 1.01 * CHAIN.spot, settlement="cash"),
            Holding(option(EXPIRIES[4]), 10.0),
            Holding(option(EXPIRIES[5], "c", 1.1), -6.0),
            Holding(option(SOON, "p", 1.05), 3.0),
            Holding(option(SOON, "c", 0.8, "cash"), -2.0),
        ],
        cash=50_000.0,
        numeraire=numeraire,
    )


def check_sums(found, tolerance: float) -> None:
    rows = found.table
    assert rows[list(PARTS)].sum(axis=1).to_numpy() == pytest.approx(rows["total"].to_numpy(), abs=tolerance)
    legs = rows.drop(index="total")
    assert legs.sum().to_numpy() == pytest.approx(rows.loc["total"].to_numpy(), abs=tolerance)


@pytest.mark.parametrize(("numeraire", "tolerance"), [("USD", 0.005), ("BTC", 1e-9)])
@pytest.mark.parametrize(("ahead", "fall"), [(0.5, 0.02), (3.0, 0.15), (3.0, -0.2), (LEFT + 0.3, 0.1)])
def test_the_sum_is_what_the_book_is_worth_more(numeraire, tolerance, ahead, fall):
    book, start = wide_book(numeraire), Market.of(CHAIN, funding_8h=0.0003)
    end = Market.of(later(CHAIN, ahead, fall))
    found = explain(book, start, end)
    check_sums(found, tolerance)
    # By hand: what lives at its mark, what expired at the index, funding, all over the price of the coin. Funding is
    # coins on the money that was sold, half of them at either price.
    alive = Book([h for h in book.holdings if getattr(h.instrument, "expiry", EXPIRIES[6]) > end.as_of])
    sold = 4.0 * 0.98 * CHAIN.spot
    coins = sold * 0.0003 * 3 * ahead * 0.5 * (1.0 / start.spot + 1.0 / end.spot)
    value = alive.value(end) + 50_000.0 + coins * end.spot
    if ahead > LEFT:
        strikes = {flag: round(k * CHAIN.spot) for flag, k in (("p", 1.05), ("c", 0.8))}
        value += 3.0 * max(strikes["p"] - end.spot, 0.0) - 2.0 * max(end.spot - strikes["c"], 0.0)
    worth = (start.spot, end.spot) if numeraire == "BTC" else (1.0, 1.0)
    assert found.total == pytest.approx(value / worth[1] - book.value(start) / worth[0], abs=tolerance)


def test_a_plan_explained_gains_what_its_audit_says():
    found = plan(BOOK, CHAIN, Target(delta=(8, 12)), Limits(max_legs=2), effort=Effort(alternatives=False))
    moved = later(CHAIN, 2.0, 0.05)
    explained = explain(found, CHAIN, moved)
    check_sums(explained, 0.005)
    report = audit(found, moved, restore=False)
    assert explained.total == pytest.approx(report.gain, abs=0.005)
    assert -explained.parts["trades"] - explained.parts["fees"] == pytest.approx(
        found.cost.execution, rel=0.3
    )
    assert explained.parts["fees"] == pytest.approx(-found.cost.fees, rel=1e-9)
    # From a later chain on, the orders are held and cost nothing more.
    held = explain(found, later(CHAIN, 1.0, 0.0), moved)
    assert held.parts["trades"] == held.parts["fees"] == 0.0


@pytest.mark.parametrize(("numeraire", "tolerance"), [("USD", 0.005), ("BTC", 1e-9)])
def test_chained_it_sums_to_the_whole(numeraire, tolerance):
    """With a trade on the way, and an expiry."""
    chains = [CHAIN, *(later(CHAIN, ahead, 0.02 * ahead) for ahead in (1.0, 2.0, 3.0, LEFT + 0.2))]
    book = wide_book(numeraire)
    legs = [
        option_leg(chains[2], str(PUT["symbol"]), 2.0),
        outright_leg(Perpetual("BTC"), chains[2].spot, -1.0, half_spread=0.0001, fee=FeeRule(0.0005)),
    ]
    found = explain_over(book, chains, trades={chains[2].as_of: legs}, settled={_name(SOON): chains[-1].spot})
    check_sums(found, 5 * tolerance)
    held = explain(book + legs, chains[2], chains[3])
    cost = sum((Book() + [leg]).value(Market.of(chains[2])) for leg in legs)
    cost /= chains[2].spot if numeraire == "BTC" else 1.0
    assert found.steps[2].total == pytest.approx(held.total + cost, abs=tolerance)
    assert found.steps[2].parts[["trades", "fees"]].sum() == pytest.approx(cost, abs=tolerance)
    assert sum(step.total for step in found.steps) == pytest.approx(found.total, abs=tolerance)
    assert found.vega_by_expiry.sum() == pytest.approx(found.parts["vega"], abs=tolerance)
    assert len(found.to_frame()) == 4


def _name(expiry: pd.Timestamp) -> str:
    return f"BTC-{expiry.day}{expiry:%b%y}".upper()


def test_shorter_steps_leave_less():
    book = Book([Holding.spot("BTC", 25), Holding(option(EXPIRIES[4]), 20.0)])
    left = []
    for steps in (2, 4, 8):
        ahead = np.linspace(0.0, 4.0, steps + 1)[1:]
        chains = [CHAIN, *(later(CHAIN, day, 0.2 * day / 4.0) for day in ahead)]
        left.append(abs(explain_over(book, chains).unexplained))
    # Third order in each step: halving leaves about a quarter of the sum.
    assert left[1] < 0.4 * left[0]
    assert left[2] < 0.4 * left[1]


def test_each_move_alone_lands_in_its_own_column():
    book = Book([Holding(option(EXPIRIES[4]), 10.0), Holding.future("BTC", EXPIRIES[4], 5.0, CHAIN.spot)])
    second = pd.Timedelta(seconds=1)
    shifted = replace(CHAIN, as_of=CHAIN.as_of + second)
    still = explain(book, CHAIN, shifted).parts
    assert still.abs().max() < 2.0  # a second of time
    from hedging import greeks

    q = CHAIN.quotes
    vol = q["mark_vol"] + 0.02
    mark = (
        greeks.coin_price(
            q["flag"].to_numpy(),
            q["forward"].to_numpy(),
            q["strike"].to_numpy(),
            q["time_to_expiry"].to_numpy(),
            vol.to_numpy(),
        )
        * CHAIN.spot
    )
    raised = replace(shifted, quotes=q.assign(mark_vol=vol, mark=mark))
    parts = explain(book, CHAIN, raised).parts
    assert parts["vega"] == pytest.approx(2.0 * book.exposure(Market.of(CHAIN)).vega, rel=1e-3)
    assert parts["delta"] == parts["gamma"] == parts["vanna"] == 0.0
    assert abs(parts["unexplained"]) < 0.01 * parts["vega"]
    dearer = q.assign(forward=q["forward"] * 1.01, discount=CHAIN.spot / (q["forward"] * 1.01))
    parts = explain(book, CHAIN, replace(shifted, quotes=dearer)).parts
    assert parts["delta"] == 0.0
    assert abs(parts["basis"]) > 100 * abs(parts["unexplained"])


def test_several_assets_each_by_its_own_spot_and_all_in_one_coin():
    other = replace(CHAIN, asset="ETH", spot=CHAIN.spot / 20, quotes=_scaled(CHAIN.quotes, 1 / 20))
    book = Book(
        [
            Holding.spot("BTC", 3),
            Holding.spot("ETH", 40),
            Holding(Option("ETH", "p", 3500, EXPIRIES[4], ContractTerms(settlement="coin")), 5),
        ],
        numeraire="BTC",
    )
    start = [Market.of(CHAIN), Market.of(other)]
    end = [Market.of(later(CHAIN, 1.0, 0.1)), Market.of(later(other, 1.0, 0.02))]
    found = explain(book, start, end)
    check_sums(found, 1e-9)
    expected = book.value(*end) / end[0].spot - book.value(*start) / start[0].spot
    assert found.total == pytest.approx(expected, abs=1e-9)
    assert found.unit == "BTC"
    assert found.table.loc["BTC", "total"] == pytest.approx(0.0, abs=1e-9)


def _scaled(quotes, by):
    money = ["strike", "forward", "bid", "ask", "mark"]
    return quotes.assign(**{name: quotes[name] * by for name in money})


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda: explain(BOOK, CHAIN, CHAIN), "must ascend in time"),
        (lambda: explain(BOOK, later(CHAIN, 1.0, 0.0), CHAIN), "must ascend in time"),
        (lambda: explain(BOOK, CHAIN, replace(later(CHAIN, 1.0, 0.0), asset="ETH")), "same assets"),
        (lambda: explain("book", CHAIN, later(CHAIN, 1.0, 0.0)), "a plan or a book"),
        (lambda: explain_over(BOOK, [CHAIN]), "at least two chains"),
        (
            lambda: explain(wide_book(), CHAIN, later(CHAIN, LEFT + 3.0, 0.0)),
            "no delivery price of BTC-",
        ),
        (
            lambda: explain_over(BOOK, [CHAIN, later(CHAIN, 1.0, 0.0)], trades={"2020-01-01T00:00Z": ()}),
            "lies outside the chains",
        ),
        (
            lambda: explain_over(BOOK, [CHAIN, later(CHAIN, 1.0, 0.0)], settled={"BTC-1JAN30": 1.0}),
            "nothing held expired then",
        ),
    ],
)
def test_bad_input_is_named(run, message):
    with pytest.raises(InputError, match=message):
        run()


def test_the_crash_is_explained(shared_data):
    tape = read_tape(shared_data / "chains" / "deribit_crash_6h_20260129_20260208.parquet", asset="BTC")
    book = Book([Holding.spot("BTC", 25)])
    found = plan(
        book,
        tape.chain(0),
        Target(delta=(8, 16)),
        Limits(expiries=(20, 60), max_legs=2),
        effort=Effort(alternatives=False),
    )
    chains = [tape.shared_chain(number) for number in range(0, len(tape), 3)]
    explained = explain_over(found, chains)
    check_sums(explained, 0.01)
    whole = (book + found).value(Market.of(chains[-1])) - book.value(Market.of(chains[0]))
    assert explained.total == pytest.approx(whole, abs=0.01)
    assert explained.unexplained_share < 0.02
