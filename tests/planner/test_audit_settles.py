"""A plan that lives on: what expires is settled, the verdict needs no repair, and it knows whose it is."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest
from cases.later import later

from hedging import samples
from hedging.book.book import Book, Holding
from hedging.errors import InputError
from hedging.market.contracts import ContractTerms, Future, Option
from hedging.market.market import Market
from hedging.monitor import watch
from hedging.planner import Effort, Limits, Target, audit, plan, read_plan

CHAIN = samples.chain()
BOOK = Book([Holding.spot("BTC", 25)])
FAST = Effort(alternatives=False)
FIRST = CHAIN.expiries["expiry"].iloc[1]
LEFT = (FIRST - CHAIN.as_of) / pd.Timedelta(days=1)


@pytest.fixture(scope="module")
def short_dated():
    return plan(
        BOOK,
        CHAIN,
        Target(delta=(8, 16)),
        Limits(expiries=(LEFT - 0.1, LEFT + 0.1), max_legs=2),
        horizon=LEFT,
        effort=FAST,
    )


def name_of(expiry: pd.Timestamp) -> str:
    return f"BTC-{expiry.day}{expiry:%b%y}".upper()


def test_a_leg_that_expired_is_settled_by_hand_and_the_audit_goes_on(short_dated):
    moved, price = later(CHAIN, LEFT + 2.0, 0.2), 0.77 * CHAIN.spot
    report = audit(short_dated, moved, settled={name_of(FIRST): price})
    coins = sum(
        leg.units * max(leg.instrument.sign * (price - leg.instrument.strike), 0.0) / price
        for leg in short_dated.legs
    )
    paid = sum(leg.paid for leg in short_dated.legs) / CHAIN.spot
    assert {each.source for each in report.settled} == {"as given"}
    assert report.overlay_gain == pytest.approx((coins - paid) * moved.spot, rel=1e-9)
    assert report.gain == pytest.approx((25 + coins - paid) * moved.spot - 25 * CHAIN.spot, rel=1e-9)
    assert not report.ok
    assert report.cost_now is None
    assert "settled at" in repr(report)


def test_the_first_index_of_the_day_after_settles_and_says_so(short_dated):
    report = audit(short_dated, later(CHAIN, LEFT + 0.25, 0.1), restore=False)
    assert {each.source for each in report.settled} == {"index 6.0 h after expiry"}
    assert report.settled[0].price == pytest.approx(0.9 * CHAIN.spot)
    with pytest.raises(InputError, match=rf"no delivery price of {name_of(FIRST)}.*--settled"):
        audit(short_dated, later(CHAIN, LEFT + 2.0, 0.1))


def test_a_published_price_goes_before_the_index_and_a_given_one_before_both(short_dated):
    published = pd.Series([0.95 * CHAIN.spot], index=pd.DatetimeIndex([FIRST]))
    moved = later(CHAIN, LEFT + 0.25, 0.1)
    (first, *_) = audit(short_dated, moved, delivery=published, restore=False).settled
    assert first.price == pytest.approx(0.95 * CHAIN.spot)
    given = {name_of(FIRST): 0.93 * CHAIN.spot}
    (first, *_) = audit(short_dated, moved, delivery=published, settled=given, restore=False).settled
    assert first.price == pytest.approx(0.93 * CHAIN.spot)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"BTC-1JAN30": 60_000.0}, "nothing held expires then"),
        ({name_of(FIRST): 0.0}, "must be a number > 0"),
        ({name_of(FIRST): float("nan")}, "must be a number > 0"),
        ({name_of(FIRST): 676.9}, "is not near BTC"),
        ({name_of(FIRST): 0.7 * CHAIN.spot}, "contradicts the index 6.0 h later"),
        ({name_of(FIRST): 1.15 * CHAIN.spot}, "contradicts the index 6.0 h later"),
    ],
)
def test_a_delivery_price_that_cannot_be_is_refused(short_dated, given, message):
    with pytest.raises(InputError, match=message):
        audit(short_dated, later(CHAIN, LEFT + 0.25, 0.1), settled=given)


@pytest.mark.parametrize("flag", ["c", "p"])
@pytest.mark.parametrize("settlement", ["coin", "cash"])
@pytest.mark.parametrize("quantity", [-3.0, 2.0])
def test_what_the_book_held_and_expired_counts_in_the_gain_not_in_the_overlay(flag, settlement, quantity):
    terms = ContractTerms(settlement=settlement, multiplier=0.5)
    held = Holding(Option("BTC", flag, round(CHAIN.spot), FIRST, terms), quantity)
    future = Holding.future("BTC", FIRST, 4.0, 0.9 * CHAIN.spot, settlement=settlement)
    book = Book([Holding.spot("BTC", 25), held, future], cash=1_000.0)
    found = plan(book, CHAIN, Target(), Limits(), effort=FAST)
    assert not found.legs
    moved, price = later(CHAIN, LEFT + 0.1, 0.1), 0.91 * CHAIN.spot
    report = audit(found, moved, settled={name_of(FIRST): price})
    payoff = max((price - round(CHAIN.spot)) * (1 if flag == "c" else -1), 0.0) * quantity * 0.5
    gained = 4.0 * (price - 0.9 * CHAIN.spot)
    worth = (payoff + gained) * (moved.spot / price if settlement == "coin" else 1.0)
    after = 25 * moved.spot + worth + 1_000.0
    assert report.gain == pytest.approx(after - book.value(Market.of(CHAIN)), rel=1e-9)
    assert report.overlay_gain == pytest.approx(0.0, abs=1e-9)


def test_the_verdict_is_printed_where_no_quote_is_left_in_the_window():
    limits = Limits(expiries=(LEFT - 0.2, LEFT + 0.1), max_legs=2)
    found = plan(BOOK, CHAIN, Target(delta=(8, 16)), limits, horizon=LEFT, effort=FAST)
    moved = later(CHAIN, 1.0, 0.1)
    with pytest.raises(InputError, match="expiries must take in one"):
        plan(BOOK + found, moved, Target(delta=(8, 9)), limits, effort=FAST)
    report = audit(found, moved)
    assert report.restore is None
    assert report.message.startswith("No repair: ")
    assert report.gain == pytest.approx(
        (BOOK + found).value(Market.of(moved)) - BOOK.value(Market.of(CHAIN)), rel=1e-9
    )
    assert [check.ok for check in report.checks] == [
        check.ok for check in audit(found, moved, restore=False).checks
    ]
    json.dumps(report.to_dict(), allow_nan=False)


def test_a_frame_has_a_row_for_each_target(short_dated):
    table = audit(short_dated, later(CHAIN, 1.0, 0.0), restore=False).to_frame()
    assert len(table) == len(set(table["limit"]))
    assert table["ok"].dtype == bool


# --- whose plan it is -------------------------------------------------------------------------------


def test_an_edited_quantity_is_noticed(short_dated, tmp_path):
    path = tmp_path / "plan.json"
    short_dated.to_json(path)
    assert read_plan(path).id == short_dated.id
    saved = json.loads(path.read_text())
    saved["orders"][0]["quantity"] += 1.0
    path.write_text(json.dumps(saved))
    with pytest.raises(InputError, match="was changed after it was made"):
        read_plan(path)
    assert read_plan(path, trust=False).legs[0].quantity == short_dated.legs[0].quantity + 1.0


def test_a_plan_of_another_book_or_asset_is_refused(short_dated):
    audit(short_dated, CHAIN, book=BOOK, restore=False)
    with pytest.raises(InputError, match="belongs to another book: BTC 25 when planned, 24 here"):
        audit(short_dated, CHAIN, book=Book([Holding.spot("BTC", 24)]))
    with pytest.raises(InputError, match="goes with a book of BTC; this book holds ETH"):
        audit(short_dated, CHAIN, book=Book([Holding.spot("ETH", 24)]))
    with pytest.raises(
        InputError, match="the plan is of BTC, but the chain is of ETH: a chain of that asset"
    ):
        audit(short_dated, replace(CHAIN, asset="ETH"))
    with pytest.raises(InputError, match="the plan is of BTC, but the chain is of BTC and ETH"):
        audit(short_dated, [CHAIN, replace(CHAIN, asset="ETH")])


def test_a_joint_plan_goes_with_its_joint_book_only():
    chains = [CHAIN, replace(CHAIN, asset="ETH")]
    book = Book([Holding.spot("BTC", 5), Holding.spot("ETH", 5)])
    found = plan(book, chains, Target(delta={"BTC": (2, 3)}), effort=FAST)
    with pytest.raises(
        InputError, match="the plan is of BTC and ETH, but the chain is of BTC: one chain of each"
    ):
        audit(found, CHAIN)
    with pytest.raises(InputError, match="joint book of BTC and ETH; this book holds BTC"):
        audit(found, chains, book=Book([Holding.spot("BTC", 5)]))
    assert audit(found, chains, book=book, restore=False).ok


def test_a_future_settles_too():
    book = Book([Holding.spot("BTC", 1), Holding(Future("BTC", FIRST, "cash"), -1.0, CHAIN.spot)])
    found = plan(book, CHAIN, Target(), effort=FAST)
    report = audit(found, later(CHAIN, LEFT + 0.1, 0.3), restore=False)
    assert report.settled[0].money == pytest.approx(0.3 * CHAIN.spot)


def test_a_price_of_what_has_not_expired_yet_is_refused_and_a_watch_lets_it_wait(short_dated):
    early = later(CHAIN, LEFT - 0.25, 0.1)
    given = {name_of(FIRST): 0.9 * CHAIN.spot}
    with pytest.raises(InputError, match=f"{name_of(FIRST)} is given, which expires .* after the chain of"):
        audit(short_dated, early, settled=given, restore=False)
    assert list(watch(short_dated, [early], settled=given)) == list(watch(short_dated, [early]))
