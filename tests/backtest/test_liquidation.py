"""Accounts along a replay: liquidated at the price that margin says, or left alone."""

from __future__ import annotations

from cases.strategies import falling, scripted
from cases.tapes import LATER, TERMS, name
from numpy.testing import assert_allclose

import hedging as hg
from hedging import margin
from hedging.backtest import Order, Rules, hold, run
from hedging.backtest.account import Watch
from hedging.backtest.marks import Marker
from hedging.market import Perpetual, market

LEGS = [("p", 72_000.0, -1.5), ("p", 64_000.0, 2.0), ("c", 90_000.0, -0.5)]


def no_fit(chain):
    raise AssertionError("a surface was fitted")


def test_a_liquidation_is_in_the_ledger_at_the_price_that_margin_says() -> None:
    book = hg.Book([hg.Holding.spot("BTC", 1.0), hg.Holding.perpetual("BTC", 4.0, 80_000.0)])
    tape = falling(80_000.0, 76_000.0, 55_000.0, 54_000.0)
    rules = Rules(funding=0.0)
    done = run(book, tape, hold, account=margin.DERIBIT_BTC, rules=rules)
    said = margin.liquidation_price(book, hg.Market.of(tape.chain(1)), margin.DERIBIT_BTC).down
    assert 55_000.0 < said < 76_000.0
    row = done.ledger[done.ledger["kind"] == "liquidation"].iloc[0]
    assert (row["price"], row["index"]) == (said, said)
    assert row["time"] == tape.times[2]
    assert_allclose(row["coin"], 4.0 * (said - 80_000.0) / said, rtol=1e-12)
    fee = done.ledger[done.ledger["kind"] == "liquidation fee"].iloc[0]
    assert_allclose(fee["coin"], -0.0075 * 4.0 * 80_000.0 / said, rtol=1e-12)
    assert not [held for held in done.end.holdings if isinstance(held.instrument, Perpetual)]
    assert run(book, tape, hold, rules=rules).counts.get("liquidations") is None


def test_an_account_that_covers_its_requirement_is_left_alone() -> None:
    book = hg.Book([hg.Holding.spot("BTC", 10.0), hg.Holding.perpetual("BTC", 1.0, 80_000.0)])
    done = run(book, falling(80_000.0, 70_000.0, 60_000.0), hold, account=margin.DERIBIT_BTC)
    assert "liquidation" not in set(done.ledger["kind"])


def test_short_options_are_bought_back_when_the_account_cannot_carry_them() -> None:
    short = hg.Holding.option("BTC", "p", 72_000.0, LATER, -3.0, terms=TERMS)
    book = hg.Book([hg.Holding.spot("BTC", 0.8), short])
    done = run(book, falling(80_000.0, 60_000.0), hold, account=margin.DERIBIT_BTC)
    row = done.ledger[done.ledger["kind"] == "liquidation"].iloc[0]
    quote = falling(80_000.0, 60_000.0).quote(1, name("p", 72_000.0, LATER))
    assert row["quantity"] == 3.0
    assert_allclose(row["price"], quote.ask / 60_000.0, rtol=1e-12)


def test_a_run_over_surfaces_that_another_fitted_is_the_same_run() -> None:
    short = hg.Holding.option("BTC", "p", 72_000.0, LATER, -0.5, terms=TERMS)  # what needs a surface
    book = hg.Book([hg.Holding.spot("BTC", 1.0), hg.Holding.perpetual("BTC", 2.0, 80_000.0), short])
    spots, rules = (80_000.0, 70_000.0, 62_000.0, 50_000.0), Rules(funding=0.0)
    shared = falling(*spots)
    for first in (1, 0, 1):
        runs = [
            run(book, tape, hold, account=margin.DERIBIT_BTC, rules=rules, first=first)
            for tape in (shared, falling(*spots))
        ]
        assert runs[0].entries == runs[1].entries
        assert list(runs[0].equity) == list(runs[1].equity)
    assert "liquidation" in set(runs[0].ledger["kind"])


def test_a_bankrupt_book_ends_the_run() -> None:
    book = hg.Book([hg.Holding.spot("BTC", 0.5), hg.Holding.perpetual("BTC", 8.0, 80_000.0)])
    done = run(book, falling(80_000.0, 60_000.0, 90_000.0), hold, rules=Rules(funding=0.0))
    assert "bankrupt at 2026-01-03" in done.ended
    assert len(done.points) == 2


def test_spot_and_perpetuals_need_no_surface(monkeypatch) -> None:
    # A fit a snapshot was nine tenths of such a run; the price above is the one that margin says with a surface.
    monkeypatch.setattr(market, "_fitted", no_fit)
    book = hg.Book([hg.Holding.spot("BTC", 1.0), hg.Holding.perpetual("BTC", 4.0, 80_000.0)])
    for model in (margin.DERIBIT_BTC, margin.PortfolioMargin()):
        done = run(book, falling(80_000.0, 76_000.0, 55_000.0), hold, account=model, rules=Rules(funding=0.0))
        assert "liquidation" in set(done.ledger["kind"])


def test_what_an_account_has_room_for_is_the_same_without_a_fit() -> None:
    # Contracts at their own mark vols are worth what they are worth over any surface.
    held = [hg.Holding.option("BTC", flag, strike, LATER, units, terms=TERMS) for flag, strike, units in LEGS]
    book = hg.Book([hg.Holding.spot("BTC", 3.0), hg.Holding.perpetual("BTC", 2.0, 80_000.0), *held])
    tape = falling(80_000.0, 71_000.0)
    marker = Marker(tape)
    for model in (margin.DERIBIT_BTC, margin.PortfolioMargin()):
        now, fitted = (
            Watch(model).room(book, each(1, book)) for each in (marker.market_now, marker.market_for)
        )
        assert_allclose(now["BTC"], fitted["BTC"], rtol=1e-12)
        assert now["BTC"] != 0.0


def test_puts_that_an_account_cannot_pay_are_refused_without_a_fit(monkeypatch) -> None:
    monkeypatch.setattr(market, "_fitted", no_fit)
    book = hg.Book([hg.Holding.spot("BTC", 0.4), hg.Holding.perpetual("BTC", -5.0, 80_000.0)])
    buys = [Order(name("p", 72_000.0, LATER), 40.0)]
    done = run(
        book,
        falling(80_000.0, 80_500.0),
        scripted(buys, buys),
        account=margin.DERIBIT_BTC,
        rules=Rules(funding=0.0),
    )
    assert done.counts["refused: not enough margin for it in the account"] == 2
