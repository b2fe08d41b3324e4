"""What could end in debt without an account is said; what stands behind itself is not."""

from __future__ import annotations

import pytest
from cases.strategies import falling, scripted
from cases.tapes import EXPIRY, FREE, LATER, name

import hedging as hg
from hedging.backtest import Order, hold, run
from hedging.backtest.owing import could_owe
from hedging.margin import DERIBIT_BTC

SPOT = 80_000.0
SAID = "No account was given, so neither margin nor liquidation was looked at"


def coins(units: float) -> hg.Holding:
    return hg.Holding.spot("BTC", units)


def option(flag: str, strike: float, quantity: float, expiry=EXPIRY) -> hg.Holding:
    return hg.Holding.option("BTC", flag, strike, expiry, quantity, terms=FREE)


# 1 coin at a tenth of 80,000 is worth 8,000; ten times as high 800,000.
OWING = {
    "put without money": ([option("p", 80_000, -1)], 0.0),
    "put behind a coin": ([coins(1), option("p", 80_000, -1)], 0.0),  # pays 72,000, has 8,000
    "call beyond the coins": ([coins(1), option("c", 90_000, -1.2)], 0.0),  # -0.2 * 800,000 + 108,000
    "long perpetual, coin": ([coins(1), hg.Holding.perpetual("BTC", 1, 80_000)], 0.0),
    "short perpetual, coin": ([coins(1), hg.Holding.perpetual("BTC", -1.2, 80_000)], 0.0),
    "long future, cash": ([hg.Holding.future("BTC", LATER, 1, 80_000, settlement="cash")], 70_000.0),
    "ratio of puts": ([coins(1), option("p", 80_000, 1), option("p", 70_000, -3)], 0.0),
}
COVERED = {
    "coins": ([coins(1)], 0.0),
    "put bought": ([coins(1), option("p", 80_000, 1)], 0.0),
    "call behind a coin": ([coins(1), option("c", 90_000, -1)], 0.0),
    "put behind money": ([option("p", 80_000, -1)], 72_000.0),
    "put spread": ([coins(1), option("p", 80_000, 1), option("p", 70_000, -1)], 0.0),
    "bought again later": ([option("c", 80_000, -1), option("c", 80_000, 1, LATER)], 1.0),
    "short perpetual of the coins": ([coins(1), hg.Holding.perpetual("BTC", -1, 80_000)], 0.0),
    "long perpetual behind money": ([hg.Holding.perpetual("BTC", 1, 80_000, settlement="cash")], 72_000.0),
}


@pytest.mark.parametrize("which", [*OWING, *COVERED])
def test_a_book_could_owe_where_a_tenth_or_tenfold_index_leaves_less_than_nothing(which: str) -> None:
    held, cash = (OWING | COVERED)[which]
    assert could_owe(hg.Book(held, cash=cash), SPOT) == (which in OWING)


def test_a_run_says_from_when_on_nothing_looked_at_margin() -> None:
    sold = scripted(None, [Order(name("p", SPOT), -1.0)])
    book = hg.Book([coins(1.0)])
    done = run(book, falling(SPOT, 79_000.0, 78_000.0), sold)
    assert any(text.startswith(SAID) and "2026-01-03 09:00 UTC" in text for text in done.remarks)
    assert done.summary["margin"] == "not looked at: no account"
    assert done.to_dict()["unmargined"].startswith("2026-01-03T09:00")
    assert SAID in " ".join(repr(hg.backtest.compare(book, done.tape, [sold])).split())


def test_an_account_or_what_is_covered_says_nothing() -> None:
    tape = falling(SPOT, 79_000.0, 78_000.0)
    leveraged = hg.Book([coins(1.0), hg.Holding.perpetual("BTC", 2.0, SPOT)])
    margined = run(leveraged, tape, hold, account=DERIBIT_BTC)
    covered = run(hg.Book([coins(1.0)]), tape, scripted([Order(name("c", 90_000.0), -0.9)]))
    for done in (margined, covered):
        assert done.unmargined is None
        assert not any(SAID in text for text in done.remarks)
    assert run(leveraged, tape, hold).unmargined == tape.times[0]
