"""Order books as ladders: what an order into them pays, and what is no ladder."""

from __future__ import annotations

import pytest
from cases.depth import deep, walked
from cases.planner import CASH, COIN, SPOT, small_chain

from hedging.book.ladder import Ladder
from hedging.book.legs import option_leg
from hedging.errors import InputError


@pytest.mark.parametrize("terms", [COIN, CASH], ids=["coin", "cash"])
def test_an_order_into_the_book_pays_its_levels_and_no_less(terms):
    chain = small_chain([("p", 90.0, 30), ("c", 110.0, 60)], terms=terms)
    books = deep(chain, 1)
    money = SPOT if terms is COIN else 1.0
    for symbol, ladder in books.items():
        middle = (chain.row(symbol)["bid"] + chain.row(symbol)["ask"]) / 2
        for side, quotes in ((1.0, ladder.asks), (-1.0, ladder.bids)):
            for quantity in range(1, int(sum(size for _, size in quotes)) + 1):
                leg = option_leg(chain, symbol, side * quantity, ladder)
                average, worst = walked(ladder, side * quantity)
                assert leg.price == pytest.approx(average * money, rel=1e-12)
                assert leg.limit == pytest.approx(worst * money, rel=1e-12)
                assert leg.half_spread == pytest.approx(abs(average * money - middle), rel=1e-9)
                # What is filled is filled at this average or better, and within the limit.
                exact = sum([p for p, s in quotes for _ in range(int(s))][:quantity]) / quantity
                assert side * exact <= side * average + 1e-12
            with pytest.raises(InputError, match="finds only"):
                option_leg(chain, symbol, side * (quantity + 1), ladder)


@pytest.mark.parametrize(
    ("sides", "message"),
    [
        ({"asks": ((0.06, 1.0), (0.05, 1.0))}, "get worse"),
        ({"bids": ((0.05, 1.0), (0.06, 1.0))}, "get worse"),
        ({"asks": ((0.05, 0.0),)}, "> 0"),
        ({"asks": ((float("nan"), 1.0),)}, "> 0"),
        ({"bids": (0.05, 1.0)}, "pairs"),
        ({"bids": 5}, "pairs"),
    ],
)
def test_what_is_no_ladder_is_refused(sides, message):
    with pytest.raises(InputError, match=message):
        Ladder(**sides)
