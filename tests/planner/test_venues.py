"""One plan over several venues: never dearer than the best of them, each order under its venue's terms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import hedging as hg
from hedging import Book, Holding, Limits, OptionChain, Target
from hedging.book import DeclaredAccount
from hedging.errors import InputError
from hedging.market import FeeRule
from hedging.planner import Effort
from hedging.venues import venue_ticket

TARGET = Target(delta=(8, 12), floor=-0.25)
LIMITS = Limits(budget=0.03, expiries=(15, 100))
EFFORT = Effort(gap=1e-3, alternatives=False)


def wider(chain: OptionChain, venue: str, seed: int, **terms) -> OptionChain:
    """The same marks with half spreads of another width, row by row, in another venue's terms."""
    quotes, by = chain.quotes.copy(), np.random.default_rng(seed).uniform(0.3, 2.0, len(chain.quotes))
    for side in ("bid", "ask"):
        for suffix in ("", "_quoted"):
            mark = quotes[f"mark{suffix}"]
            quotes[side + suffix] = mark + (quotes[side + suffix] - mark) * by
    return replace(chain, quotes=quotes, terms=replace(chain.terms, venue=venue, **terms))


@pytest.mark.slow  # eight plans
@pytest.mark.parametrize("seed", [1, 2])
def test_never_dearer_than_the_best_single_venue(sample, seed) -> None:
    chains = [
        wider(sample, "one", seed),
        wider(sample, "two", 10 + seed, lot=1.0, fee=FeeRule(0.0001, 0.1)),
        wider(sample, "three", 20 + seed, lot=0.5, fee=FeeRule(0.0006, 0.125)),
    ]
    book = hg.samples.book()
    alone = [hg.plan(book, chain, TARGET, LIMITS, effort=EFFORT) for chain in chains]
    joint = hg.plan(book, chains, TARGET, LIMITS, effort=EFFORT)
    best = min(plan.objective for plan in alone)
    assert joint.objective <= best * (
        1.0 + LIMITS.parsimony + EFFORT.gap
    )  # fewer legs may cost that much more
    assert joint.bound <= best
    assert all(check.ok for check in joint.checks)
    for leg in joint.legs:
        venue, _, name = leg.instrument.symbol.partition(":")
        chain = next(each for each in chains if each.terms.venue == venue)
        own = hg.book.option_leg(chain, name, leg.quantity)
        assert (leg.price, leg.fee) == pytest.approx((own.price, own.fee))
        assert leg.instrument.terms == chain.terms


@pytest.fixture(scope="module")
def split():
    """A plan whose put is cheap at one venue and whose call is at another."""
    chain = hg.samples.chain()
    put, call = wider(chain, "deribit", 1), wider(chain, "bybit", 2)
    for made, flag in ((put, "c"), (call, "p")):
        there = made.quotes["flag"] == flag
        made.quotes.loc[there, ["bid", "ask", "bid_quoted", "ask_quoted"]] = np.nan
    return hg.plan(
        hg.samples.book(), [put, call], Target(delta=(8, 10), floor=-0.2), Limits(budget=0.01), effort=EFFORT
    )


def test_the_plan_says_what_must_lie_at_each_venue(split) -> None:
    assert {need.venue for need in split.venues} == {"deribit", "bybit"}
    for need in split.venues:
        legs = [leg for leg in split.legs if leg.instrument.terms.venue == need.venue]
        assert (need.currency, need.orders) == ("BTC", len(legs))
        assert need.paid == pytest.approx(sum(leg.paid for leg in legs) / split.markets[0].spot)
        assert need.collateral == pytest.approx(max(0.0, need.paid + need.initial_margin))
    call = next(need for need in split.venues if need.venue == "bybit")
    sold = next(leg for leg in split.legs if leg.quantity < 0)
    spot, out = sold.spot, sold.instrument.strike - sold.spot
    row = split.markets[0].chain.row(sold.instrument.symbol)
    # Deribit's rule by hand: the larger of 15 % less what it is out of the money and 10 %, and its mark, in coins.
    by_hand = sold.units * -1.0 * (max(0.15 - out / spot, 0.10) + row["mark"] / spot)
    assert call.initial_margin == pytest.approx(by_hand, rel=1e-3)
    assert "must lie there" in str(call)
    assert "venue" in repr(split)


def test_it_is_saved_audited_and_sent_by_venue(split, tmp_path) -> None:
    split.to_json(tmp_path / "plan.json")
    read = hg.read_plan(tmp_path / "plan.json")
    assert read.venues == split.venues
    assert hg.audit(read, split.markets[0]).ok
    sent = venue_ticket(split, "deribit")
    assert [order["params"]["instrument_name"] for order in sent] == [
        leg.instrument.symbol.removeprefix("deribit:")
        for leg in split.legs
        if leg.instrument.terms.venue == "deribit"
    ]
    with pytest.raises(InputError, match="no order of the plan goes to okx; its options are of"):
        venue_ticket(split, "okx")


def test_orders_are_traded_in_the_account_that_bears_the_venues_name(split) -> None:
    names = ("deribit", "bybit")
    book = Book(
        [Holding.spot("BTC", 15).in_account("deribit"), Holding.spot("BTC", 10).in_account("bybit")],
        accounts=[DeclaredAccount(name) for name in names],
        orders="deribit",
    )
    after = book + split
    for name in names:
        held = {item.instrument.symbol for item in after.holdings if item.account == name}
        assert held == {"BTC"} | {
            leg.instrument.symbol for leg in split.legs if leg.instrument.terms.venue == name
        }


def test_closing_is_done_where_it_is_held() -> None:
    one = wider(hg.samples.chain(), "one", 1)
    two = wider(hg.samples.chain(), "two", 2)
    market = hg.Market.of(hg.market.consolidated([one, two]))
    symbol = next(s for s in market.chain.quotes["symbol"] if s.startswith("two:") and s.endswith("-60000-P"))
    held = market.chain.option(symbol)
    book = Book([Holding.spot("BTC", 25), Holding(held, 20.0, 1_000.0)])
    plan = hg.plan(book, market, Target(delta=(24.5, 25.5)), effort=EFFORT)
    closing = [leg for leg in plan.legs if leg.instrument.strike == held.strike and leg.quantity < 0]
    assert [leg.instrument.terms.venue for leg in closing if leg.instrument.expiry == held.expiry] in (
        ["two"],
        [],
    )
