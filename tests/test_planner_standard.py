"""Standard structures: which is which, what stands beside a plan, and that they come first among equals."""

from __future__ import annotations

import pytest
from planner_cases import small_chain

from hedging.book import Book, Holding
from hedging.legs import option_leg
from hedging.planner import Limits, Target
from hedging.planner.alternatives import beside
from hedging.planner.structure import is_a, structure
from hedging.planner.task import Task

LOOSE = {"expiries": (0.0, None), "deltas": (0.0, 1.0), "min_leg_share": 0.0, "max_leg_share": 20.0}
MENU = [
    ("p", 80.0, 30),
    ("p", 90.0, 30),
    ("p", 95.0, 30),
    ("p", 90.0, 60),
    ("c", 110.0, 30),
    ("c", 120.0, 60),
]
BOOK = Book([Holding.spot("BTC", 10)])


def legs_of(chain, *orders):
    """Orders as (flag, strike, days, quantity)."""
    place = {(r.flag, r.strike, round(r.time_to_expiry * 365)): r.symbol for r in chain.quotes.itertuples()}
    return tuple(
        option_leg(chain, place[flag, strike, days], quantity) for flag, strike, days, quantity in orders
    )


# --- what stands beside a plan ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("orders", "named", "hidden"),
    [
        ([("p", 95.0, 30, 5.0)], "put", "put"),
        ([("p", 90.0, 30, 5.0), ("p", 90.0, 60, 5.0)], "put over 2 expiries", "put"),
        ([("p", 95.0, 30, 5.0), ("p", 80.0, 30, -5.0)], "put spread", "put spread"),
        ([("p", 95.0, 30, 5.0), ("c", 120.0, 60, -5.0)], "collar over 2 expiries", "collar"),
        (
            [("p", 95.0, 30, 5.0), ("p", 80.0, 30, -5.0), ("c", 110.0, 30, -5.0)],
            "put-spread collar",
            None,
        ),
    ],
)
def test_a_structure_is_not_shown_beside_itself_and_every_other_is(orders, named, hidden):
    chain = small_chain(MENU)
    legs = legs_of(chain, *orders)
    assert structure(legs, BOOK) == named
    task = Task.of(BOOK, chain, Target(delta=(7, 8)), Limits(budget=0.01, **LOOSE), 30.0, None, None)
    names = {item.name for item in beside(task, task.problem(), but=legs)}
    assert names == {"put", "put spread", "collar", "spot"} - {hidden}


def test_a_roll_and_what_closes_an_option_are_no_structure_of_their_own():
    chain = small_chain(MENU)
    (sold,) = legs_of(chain, ("p", 90.0, 30, -4.0))
    (bought,) = legs_of(chain, ("p", 90.0, 60, 4.0))
    held = Book([Holding.spot("BTC", 10), Holding(sold.instrument, 4.0)])
    assert is_a("put spread", (bought, sold), BOOK)
    assert not is_a("put spread", (bought, sold), held)
    assert is_a("put roll", (bought, sold), held)
    assert is_a("close", (sold,), held)
    assert not is_a("put", (), BOOK)
