"""Strategies that write into what they are shown: an error that names them, and nothing of the caller's is changed."""

from __future__ import annotations

import copy

import pytest
from cases.strategies import falling
from cases.tapes import LATER, TERMS

import hedging as hg
from hedging.backtest import Order, run
from hedging.errors import InputError


def book() -> hg.Book:
    put = hg.Holding.option("BTC", "p", 72_000.0, LATER, 1.0, terms=TERMS)
    return hg.Book([hg.Holding.spot("BTC", 10.0), put], cash=5.0)


WRITES = {
    "quantity": lambda s: object.__setattr__(s.book.holdings[0], "quantity", 1_000.0),
    "cash": lambda s: object.__setattr__(s.book, "cash", 1e9),
    "holdings": lambda s: object.__setattr__(s.book, "holdings", ()),
    "strike": lambda s: object.__setattr__(s.book.holdings[1].instrument, "strike", 1e6),
    "terms": lambda s: object.__setattr__(s.book.holdings[1].instrument.terms, "multiplier", 9.0),
}


@pytest.mark.parametrize("which", list(WRITES))
@pytest.mark.parametrize("when", [1, 2])
def test_a_strategy_that_changes_the_book_is_named_and_the_book_is_as_it_was(which, when) -> None:
    mine, tape = book(), falling(80_000.0, 79_000.0, 78_000.0)

    def writer(state):
        if len(state.times) == when:
            WRITES[which](state)

    with pytest.raises(
        InputError, match=r"made\.csv, 2026-01-0. 09:00:00 UTC: the strategy writer failed: it changed"
    ):
        run(mine, tape, writer)
    assert mine == book()


def test_a_strategy_that_changes_the_ledger_is_named() -> None:
    def writer(state):
        if len(state.times) == 1:
            return [Order(hg.Spot("BTC"), -1.0)]
        object.__setattr__(state.entries[0], "money", 1e6)
        return None

    with pytest.raises(InputError, match="the strategy writer failed: it changed the ledger"):
        run(book(), falling(80_000.0, 79_000.0), writer)


def test_a_strategy_that_changes_the_terms_of_its_chain_trades_by_those_of_the_tape() -> None:
    tape = falling(80_000.0, 79_000.0)
    before = copy.deepcopy(tape.terms(0))

    def writer(state):
        object.__setattr__(state.chain.terms, "lot", 1e-9)
        object.__setattr__(state.chain.terms.fee, "rate", 0.0)

    run(book(), tape, writer)
    assert tape.terms(0) == before


def test_the_times_of_a_state_do_not_lead_to_the_future() -> None:
    tape = falling(80_000.0, 79_000.0, 78_000.0)

    def peek(state):
        for array in (state.times.asi8, state.times.tz_convert(None).to_numpy(), state.spot):
            while array is not None:
                assert not hasattr(array, "size") or array.size <= len(state.times)
                array = getattr(array, "base", None)
        state.times.asi8[:] = 0

    before = tape.times.asi8.copy()
    run(book(), tape, peek)
    assert (tape.times.asi8 == before).all()
