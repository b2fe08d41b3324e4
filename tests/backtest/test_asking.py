"""What strategies return and raise: orders, or an error that says at which snapshot and of whom."""

from __future__ import annotations

import pickle
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest
from cases.strategies import scripted
from cases.tapes import LATER, name, random_tape

import hedging as hg
from hedging.backtest import Order, State, run
from hedging.errors import ChainError, HedgingError, InputError, SolverError, VenueError
from hedging.market import Perpetual

COINS = hg.Book([hg.Holding.spot("BTC", 2.0)])
TAPE = random_tape(14, 2, missing=0.0)
WHERE = r"made\.csv, 2026-01-01 09:00:00 UTC"
PUT = name("p", 80_000.0, LATER)


@pytest.mark.parametrize(
    "instrument",
    [123, None, 1.5, ["BTC"], b"BTC", hg.Holding.spot("BTC", 1.0), pd.Timestamp("2026-01-01"), str],
)
def test_an_order_of_no_instrument_is_refused_by_its_type(instrument) -> None:
    with pytest.raises(InputError, match=f"{WHERE}: the instrument of an Order must be"):
        run(COINS, TAPE, scripted([Order(instrument, 1.0)]))


@pytest.mark.parametrize("quantity", ["1", None, True, 1j, float("nan"), float("inf"), np.nan, [1.0]])
@pytest.mark.parametrize("instrument", [PUT, Perpetual("BTC", "coin")])
def test_a_quantity_that_is_no_number_is_refused(instrument, quantity) -> None:
    with pytest.raises(InputError, match=f"{WHERE}: the quantity of .* must be a finite number"):
        run(COINS, TAPE, scripted([Order(instrument, quantity)]))


@pytest.mark.parametrize("quantity", [1, 1.0, np.int64(1), np.float32(1.0), np.float64(1.0)])
def test_a_number_of_any_type_is_an_order(quantity) -> None:
    done = run(COINS, TAPE, scripted([Order(PUT, quantity)]))
    assert done.entries[0].quantity == 1.0
    assert done.to_json()


@pytest.mark.parametrize("decision", [3.0, True, object(), len])
def test_a_decision_that_holds_no_orders_is_told_what_it_may_be(decision) -> None:
    with pytest.raises(InputError, match=f"{WHERE}: the strategy script must return legs, orders"):
        run(COINS, TAPE, scripted(decision))


@pytest.mark.parametrize("decision", ["buy", {"BTC": 1.0}, [None], [PUT], (1.0,)])
def test_a_list_of_what_are_no_orders_is_refused(decision) -> None:
    with pytest.raises(InputError, match=f"{WHERE}: a strategy's orders must be Leg or Order"):
        run(COINS, TAPE, scripted(decision))


RAISED = [
    ValueError("no"), KeyError("delta"), ZeroDivisionError("by zero"), IndexError("9"), AttributeError("ask"),
    RecursionError("deep"), AssertionError(), StopIteration(), OSError("disk"), UnicodeError("bytes"),
    InputError("a strike"), ChainError("a chain"), SolverError("stopped"), VenueError("silent"), HedgingError("else"),
]  # fmt: skip


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("lazy", [False, True])
def test_a_strategy_that_raises_is_an_error_of_ours_with_its_cause(error, lazy) -> None:
    def breaks(state):
        raise error

    def breaks_lazily(state):
        yield breaks(state)

    strategy = breaks_lazily if lazy else breaks
    with pytest.raises(HedgingError, match=f"{WHERE}: the strategy {strategy.__name__} failed: ") as raised:
        run(COINS, TAPE, strategy)
    cause = raised.value.__cause__
    # Python itself turns a StopIteration of a generator into a RuntimeError.
    assert cause is error or isinstance(cause.__cause__, type(error))
    known = isinstance(error, HedgingError)
    assert isinstance(raised.value, InputError) == (not known or isinstance(error, InputError))
    assert str(error) in str(raised.value)
    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)  # as a worker sends it


@pytest.mark.parametrize("field", [each.name for each in fields(State)])
def test_writing_to_a_state_is_an_error_that_says_so(field) -> None:
    def cheat(state):
        setattr(state, field, None)

    with pytest.raises(InputError, match=f"{WHERE}: the strategy cheat failed: .*never written to") as raised:
        run(COINS, TAPE, cheat)
    assert isinstance(raised.value.__cause__, AttributeError)


def test_what_a_state_holds_cannot_be_written_to_either() -> None:
    def attempts(state):
        return [
            lambda: setattr(state.book, "cash", 1e9),
            lambda: state.book.holdings.append(None),
            lambda: setattr(state.book.holdings[0], "quantity", 9.0),
            lambda: state.entries.clear(),
            lambda: setattr(state.entries[0], "coin", 9.0),
            lambda: state.overlay.pop(),
            lambda: state.times.values.__setitem__(0, np.datetime64(0, "s")),
        ]

    for number in range(7):

        def cheat(state, number=number):
            if state.entries:
                attempts(state)[number]()
            return [] if state.entries else [Order(PUT, 1.0)]

        with pytest.raises(InputError, match="the strategy cheat failed"):
            run(COINS, TAPE, cheat)


def test_an_interruption_is_no_error_of_the_strategy() -> None:
    def stop(state):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(COINS, TAPE, stop)


def test_a_strategy_by_its_name_is_told_how_to_be_had() -> None:
    for word in ("put", None, 3, {"put": 1}):
        with pytest.raises(InputError, match=r"strategy must be a function of a State.*rolled"):
            run(COINS, TAPE, word)
