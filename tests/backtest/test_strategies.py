"""Strategies on hand-made chains: what is opened, kept, closed, and on which day."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases.strategies import falling, scripted
from cases.tapes import FREE, LATER, call, made_chain, name, put, random_tape, smile_chain
from numpy.testing import assert_allclose

import hedging as hg
from hedging import backtest as bt
from hedging._ground.forms import Money
from hedging.backtest import Order, Rules, State, Tape, Wait, pair, run
from hedging.errors import InputError
from hedging.market import FeeRule, Option, Perpetual
from hedging.planner import Limits, Mandate, Target

BOOK = hg.Book([hg.Holding.spot("BTC", 2.0)])
MONTHS = [
    pd.Timestamp(f"2026-{month:02d}-{day:02d}T08:00Z") for month, day in ((1, 30), (2, 27), (3, 27), (4, 24))
]
FREELY = Rules(longest_gap=60.0, delivery_fee=FeeRule(0.0))


def monthly(spots, strikes=range(60_000, 115_000, 1_000)) -> Tape:
    """One chain at each month's expiry and one before the first, every strike of the next three months quoted."""
    times = [pd.Timestamp("2026-01-02T09:00Z"), *(day + pd.Timedelta(hours=1) for day in MONTHS[:3])]
    chains = []
    for time, spot in zip(times, spots, strict=True):
        rows = []
        for rank, expiry in enumerate([day for day in MONTHS if day > time][:3]):
            for strike in strikes:
                moneyness = strike / spot
                if 0.8 < moneyness < 1.25:
                    away = 0.02 * (rank + 1) * (1 - 3 * abs(moneyness - 1))
                    for make, inside in ((put, moneyness - 1.0), (call, 1.0 - moneyness)):
                        mark = max(inside, 0.0) + away
                        rows.append(make(float(strike), expiry, bid=mark, ask=mark, mark=mark))
        chains.append(made_chain(time, spot, rows, terms=FREE))
    prices = [float(spot) for spot in spots[1:]] + [float(spots[-1])]
    return Tape.of(chains, delivery=pd.Series(prices, index=pd.DatetimeIndex(MONTHS)))


def legs(done: bt.Backtest) -> list[tuple[str, float]]:
    opened = done.ledger[done.ledger["kind"].isin(["open", "close"])]
    return list(zip(opened["instrument"], opened["quantity"], strict=True))


def test_pput_takes_the_closest_strike_below_95_per_cent_each_month() -> None:
    done = run(BOOK, monthly([80_500.0, 78_000.0, 74_300.0, 79_000.0]), bt.pput(MONTHS), rules=FREELY)
    strikes = [76_000, 74_000, 70_000, 75_000]  # 76,475, 74,100, 70,585 and 75,050 rounded down
    assert [symbol for symbol, _ in legs(done)] == [
        name("p", strike, expiry) for strike, expiry in zip(strikes, MONTHS, strict=True)
    ]
    assert {quantity > 0 for _, quantity in legs(done)} == {True}
    # What 74,000 and 70,000 puts pay at 74,300 and 79,000 is nothing; all but the last are settled.
    assert list(done.rolls["how"]) == ["settle"] * 3 + ["held"]


def test_bxm_sells_the_closest_strike_above_spot_each_month() -> None:
    done = run(BOOK, monthly([80_500.0, 78_000.0, 74_300.0, 79_000.0]), bt.bxm(MONTHS), rules=FREELY)
    assert [symbol.split("-")[2] for symbol, _ in legs(done)] == ["81000", "78000", "75000", "79000"]
    assert {quantity < 0 for _, quantity in legs(done)} == {True}


def test_cll_holds_its_put_for_three_months_and_its_call_for_one() -> None:
    done = run(BOOK, monthly([80_500.0, 82_000.0, 79_000.0, 80_000.0]), bt.cll(MONTHS), rules=FREELY)
    by_month = done.ledger[done.ledger["kind"] == "open"].groupby("time")["instrument"].apply(list).tolist()
    assert by_month[:3] == [
        [name("p", 76_000, MONTHS[2]), name("c", 89_000, MONTHS[0])],
        [name("c", 91_000, MONTHS[1])],
        [name("c", 87_000, MONTHS[2])],
    ]


def test_cll_replaces_its_put_where_a_new_call_would_be_struck_below_it() -> None:
    done = run(
        BOOK, monthly([80_500.0, 68_000.0, 69_000.0, 70_000.0]).taken([0, 1]), bt.cll(MONTHS), rules=FREELY
    )
    # The call at 110 % of 68,000 is 75,000, below the put of 76,000; that put leaves, one at 95 % comes.
    second = [(s, q > 0) for s, q in legs(done)][2:]
    assert second == [
        (name("c", 75_000, MONTHS[1]), False),
        (name("p", 76_000, MONTHS[2]), False),
        (name("p", 64_000, MONTHS[3]), True),
    ]


def test_cllz_sells_the_highest_call_that_pays_for_its_put_spread() -> None:
    tape = monthly([80_500.0, 78_000.0, 74_300.0, 79_000.0]).taken([0])
    done = run(BOOK, tape, bt.cllz(MONTHS), rules=FREELY)
    symbols = [symbol for symbol, _ in legs(done)]
    assert symbols[:2] == [name("p", 78_000, MONTHS[0]), name("p", 76_000, MONTHS[0])]
    paid = tape.quote(0, symbols[0]).ask - tape.quote(0, symbols[1]).bid
    sold = float(symbols[2].split("-")[2])
    assert tape.quote(0, symbols[2]).bid >= paid
    above = [
        tape.quote(0, name("c", strike, MONTHS[0])) for strike in range(int(sold) + 1_000, 110_000, 1_000)
    ]
    assert all(quote is None or quote.bid < paid for quote in above)


def test_a_schedule_that_is_not_listed_waits_and_says_so() -> None:
    done = run(BOOK, Tape.of([smile_chain("2026-01-05T09:00Z", 80_000.0)]), bt.pput())
    assert done.entries == ()
    assert "no expiry 1 roll ahead" in next(iter(done.counts))
    with pytest.raises(InputError, match="third-friday"):
        bt.pput("every day")


def test_rolled_opens_again_at_the_first_snapshot_after_expiry() -> None:
    tape = random_tape(21, 12, missing=0.0)
    done = run(BOOK, tape, bt.rolled("put", (3.0, 30.0)))
    for before, after in zip(done.rolls.to_dict("records"), done.rolls.to_dict("records")[1:], strict=False):
        first = tape.times[tape.times >= before["ended"]][0]
        assert after["opened"] >= first


def test_rolled_early_sells_and_buys_at_one_snapshot() -> None:
    chains = [smile_chain(f"2026-01-{day:02d}T09:00Z", 80_000.0) for day in (5, 12, 20, 24)]
    done = run(BOOK, Tape.of(chains), bt.rolled("put", (20.0, 45.0), roll=7.0), rules=Rules(longest_gap=10.0))
    sold = done.ledger[done.ledger["kind"] == "close"].iloc[0]
    assert sold["time"] == pd.Timestamp("2026-01-24T09:00Z")
    row = chains[3].row(sold["instrument"])
    assert_allclose(sold["price"], row["bid_quoted"])
    bought = done.ledger[done.ledger["kind"] == "open"].iloc[1]
    assert bought["time"] == sold["time"]
    assert "27FEB26" in bought["instrument"]


def test_rolled_takes_profit_and_minds_its_delta() -> None:
    chains = [smile_chain("2026-01-05T09:00Z", 80_000.0), smile_chain("2026-01-06T09:00Z", 66_000.0)]
    gain = run(BOOK, Tape.of(chains), bt.rolled("put", profit=1.0))
    assert "close" in set(gain.ledger["kind"])
    rise = [chains[0], smile_chain("2026-01-06T09:00Z", 95_000.0)]
    far = run(BOOK, Tape.of(rise), bt.rolled("put", delta=0.15))
    assert "close" in set(far.ledger["kind"])
    assert "close" not in set(run(BOOK, Tape.of(rise), bt.rolled("put")).ledger["kind"])


@pytest.mark.parametrize(
    "bad",
    [
        lambda: bt.rolled("straddle"),
        lambda: bt.rolled("put", (45.0, 20.0)),
        lambda: bt.rolled("put", roll=50.0),
        lambda: bt.rolled("put", profit=-1.0),
        lambda: bt.rolled("put", delta=1.5),
        lambda: bt.rolled("put", settings={"call_delta": 0.2}),
        lambda: bt.rolled("put", settings={"delta": 7.0}),
        lambda: bt.rolled("collar", settings={"call_delta": -0.2}),
        lambda: bt.rolled("put", settings={"coverage": 0.0}),
        lambda: bt.rolled("put", settings={"strike": -1.0}),
        lambda: bt.banded(5.0, -1.0),
        lambda: bt.banded(5.0, lot=0.0),
        lambda: bt.planned(Target(delta=(0, 1)), every=0.0),
    ],
)
def test_settings_out_of_range_are_refused(bad) -> None:
    with pytest.raises(InputError):
        bad()


def test_banded_keeps_delta_in_its_band_and_does_not_trade_inside() -> None:
    tape = random_tape(22, 12, missing=0.0)
    option = hg.Holding.option("BTC", "p", 80_000.0, LATER, 2.0, terms=tape.terms(0))
    seen = []

    def watch(state):
        seen.append(state.book.exposure(hg.Market.of(state.chain)).delta)

    book = hg.Book([hg.Holding.spot("BTC", 2.0), option])
    done = run(book, tape.taken(range(6)), bt.pair(bt.banded(1.0, 0.1), watch), rules=Rules(funding=0.0))
    assert len(done.ledger[done.ledger["kind"].isin(["open", "close"])]) >= 2
    alone = run(book, tape.taken(range(6)), bt.banded(1.0, 10.0), rules=Rules(funding=0.0))
    assert alone.entries == ()


def test_banded_goes_by_the_clock_and_to_the_edge() -> None:
    book = hg.Book([hg.Holding.spot("BTC", 5.0)])
    done = run(book, random_tape(23, 3), bt.banded(3.0, 0.5, to="edge"), rules=Rules(funding=0.0))
    opened = done.ledger[done.ledger["kind"] == "open"]
    assert list(opened["quantity"]) == [-1.5]
    held = [held for held in done.end.holdings if isinstance(held.instrument, Perpetual)]
    assert held[0].quantity == -1.5


@pytest.mark.parametrize("funding", [0.0, 1e-4])
def test_the_clock_of_a_band_runs_from_its_last_trade_whatever_is_paid_since(funding: float) -> None:
    tape = falling(*(80_000.0 + 1_000.0 * day for day in range(6)))
    option = hg.Holding.option("BTC", "p", 80_000.0, LATER, 10.0, terms=tape.terms(0))
    book = hg.Book([hg.Holding.spot("BTC", 10.0), option])
    hedged = bt.pair(scripted((), [bt.Order("BTC-27FEB26-76000-P", 0.1)]), bt.banded(5.0, every=2.0))
    for strategy in (bt.banded(5.0, every=2.0), hedged):
        trades = run(book, tape, strategy, rules=Rules(funding=funding)).trades
        perpetual = trades[trades["instrument"] == "BTC-PERPETUAL"]
        assert [f"{time:%d}" for time in perpetual["time"]] == ["02", "04", "06"]


@pytest.mark.parametrize("strategy", [
    bt.rolled("put"), bt.planned(hg.Target(floor=-0.2)), bt.banded(5.0), bt.pair(bt.rolled("put"), bt.banded(5.0)),
    bt.pput("last-friday"), bt.cllz("last-friday"),
], ids=lambda each: each.name)  # fmt: skip
@pytest.mark.parametrize("bare", ["rows", "sides"])
@pytest.mark.parametrize("at", [0, 1])
def test_a_snapshot_without_a_quote_is_waited_out(strategy, bare: str, at: int) -> None:
    chains = [falling(80_000.0, 78_000.0, 76_000.0).chain(k) for k in range(3)]
    quotes = chains[at].quotes
    empty = quotes.iloc[:0] if bare == "rows" else quotes.assign(bid=np.nan, ask=np.nan)
    chains[at] = replace(chains[at], quotes=empty)
    done = run(
        hg.Book([hg.Holding.spot("BTC", 10.0)]), bt.Tape.of(chains), strategy, rules=Rules(funding=0.0)
    )
    assert len(done.points) == 3
    assert any(entry.kind == "open" for entry in done.entries)


def test_pair_of_rolled_puts_and_a_perpetual_rolls_on() -> None:
    tape = random_tape(24, 12, missing=0.0)
    strategy = bt.pair(bt.rolled("put", (3.0, 15.0), settings={"strike": 80_000.0}), bt.banded(1.0, 0.2))
    done = run(BOOK, tape, strategy, rules=Rules(funding=0.0))
    puts = [row for row in done.rolls["instrument"] if row.endswith("-P")]
    assert len(puts) >= 2
    assert any(row.endswith("PERPETUAL") for row in done.rolls["instrument"])


def test_planned_trades_the_planners_legs() -> None:
    chains = [smile_chain(f"2026-01-{day:02d}T09:00Z", 80_000.0) for day in (5, 6)]
    target, limits = Target(delta=(1.0, 1.6)), Limits(max_legs=2)
    done = run(BOOK, Tape.of(chains), bt.planned(target, limits, 20.0))
    said = hg.plan(BOOK, chains[0], target, limits, horizon=20.0)
    assert legs(done) == [(leg.instrument.symbol, leg.quantity) for leg in said.legs]
    none = run(
        BOOK, Tape.of(chains), bt.planned(Target(delta=(-9.0, -8.5)), Limits(max_legs=1, outright=()), 20.0)
    )
    assert none.counts == {"waited: no feasible plan": 2}


def test_a_mandate_is_resolved_at_the_book_and_quotes_of_each_plan() -> None:
    first, later = (
        smile_chain(f"2026-01-{day:02d}T09:00Z", spot) for day, spot in ((5, 80_000.0), (12, 60_000.0))
    )
    told = Mandate({"delta": (1.0, 1.6), "horizon": 7.0}, {"budget": Money(2_000.0, "USD"), "max_legs": 2})
    done = run(BOOK, Tape.of([first, later]), bt.planned(told), rules=Rules(longest_gap=9.0))
    opened = done.ledger[done.ledger["kind"] == "open"]
    assert opened["time"].nunique() == 2
    target, limits = told.resolve(BOOK, first)
    assert_allclose(limits.budget, 2_000.0 / (2.0 * 80_000.0))
    said = hg.plan(BOOK, first, target, limits, horizon=7.0)
    mine = opened[opened["time"] == first.as_of]
    assert list(mine["quantity"]) == [leg.quantity for leg in said.legs]


def test_a_wait_of_one_of_a_pair_does_not_silence_the_other() -> None:
    done = run(
        BOOK, random_tape(1, 2), bt.pair(lambda _: Wait("x"), bt.banded(1.0)), rules=Rules(funding=0.0)
    )
    assert done.entries


def test_each_half_of_a_pair_sees_its_own_age_cost_and_value() -> None:
    # Puts on the first day, the perpetual on the second; the puts are closed on the fourth, bought again on the fifth.
    tape, seen = falling(80_000.0, 78_000.0, 76_000.0, 75_000.0, 74_000.0, 73_000.0), []
    symbol = next(each for each in tape.chain(0).quotes["symbol"] if each.endswith("-P"))
    first = {0: 2.0, 3: -2.0, 4: 1.0}
    second = {1: -3.0, 2: 1.0}

    def options(state: State) -> list[Order]:
        seen.append((state.age, state.cost, state.value, {held.instrument.symbol for held in state.overlay}))
        step = len(state.times) - 1
        return [Order(symbol, first[step])] if step in first else []

    def perpetual(state: State) -> list[Order]:
        assert all(not isinstance(held.instrument, Option) for held in state.overlay)
        step = len(state.times) - 1
        return [Order(Perpetual("BTC", "coin"), second[step])] if step in second else []

    book = hg.Book([hg.Holding.spot("BTC", 10.0)])
    done = run(book, tape, pair(options, perpetual), rules=Rules(funding=0.0))
    alone = run(book, tape, scripted(*([Order(symbol, first[k])] if k in first else [] for k in range(6))))
    puts = done.ledger[done.ledger["instrument"] == symbol]
    paid = -(puts["coin"] * puts["index"] + puts["money"])
    bought = [float(paid[puts["time"] == done.times[k]].sum()) for k in (0, 4)]
    ages, costs, values, held = zip(*seen, strict=True)
    assert [None if math.isnan(age) else round(age) for age in ages] == [None, 1, 2, 3, None, 1]
    assert_allclose(costs, [0.0, bought[0], bought[0], bought[0], 0.0, bought[1]], rtol=1e-12)
    assert list(held) == [set(), {symbol}, {symbol}, {symbol}, set(), {symbol}]
    # The perpetual beside them moves neither what they are worth.
    marks = [float(tape.chain(k).quotes.set_index("symbol").loc[symbol, "mark"]) for k in range(6)]
    assert_allclose(values, [0.0, 2 * marks[1], 2 * marks[2], 2 * marks[3], 0.0, marks[5]], rtol=1e-12)
    assert alone.ledger[alone.ledger["instrument"] == symbol]["coin"].tolist() == puts["coin"].tolist()


@pytest.mark.parametrize(
    ("own", "trades", "seen"),
    [
        (0.0, (-2.0, -2.0), [0.0, -2.0, -4.0]),  # lots at two prices
        (
            -5.0,
            (-2.0, 1.0),
            [0.0, -2.0, 79 / 80 - 2.0],
        ),  # beside the book's own; 79,000 of 160,000 bought back
        (0.0, (-2.0, 1.0), [0.0, -2.0, 79 / 80 - 2.0]),
    ],
)
def test_the_overlay_holds_as_much_of_a_perpetual_as_was_traded(own, trades, seen) -> None:
    perpetual, found = Perpetual("BTC", "coin"), []

    def watched(state: State) -> list[Order]:
        found.append(sum(held.quantity for held in state.overlay))
        step = len(state.times) - 1
        return [Order(perpetual, trades[step])] if step < len(trades) else []

    held = [hg.Holding.perpetual("BTC", own, 90_000.0)] if own else []
    book = hg.Book([hg.Holding.spot("BTC", 10.0), *held])
    run(book, falling(80_000.0, 79_000.0, 78_000.0), watched, rules=Rules(funding=0.0, half_spread=0.0))
    assert found == pytest.approx(seen)


def test_a_pair_that_would_lose_sight_of_its_options_is_refused() -> None:
    with pytest.raises(InputError, match="turn the two round"):
        bt.pair(bt.banded(5.0), bt.rolled("put"))
    with pytest.raises(InputError, match="never find its options again"):
        bt.pair(bt.rolled("put"), bt.rolled("covered-call"))
    with pytest.raises(InputError, match="one banded"):
        bt.pair(bt.banded(5.0), bt.banded(4.0))
