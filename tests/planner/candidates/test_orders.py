"""The orders of a plan: whole lots on ticks, each as `option_leg` makes it alone."""

from __future__ import annotations

from cases.planner import LOOSE, coins, small_chain

from hedging import samples
from hedging.book.legs import option_leg
from hedging.planner import Effort, Limits, Target, plan

LADDER = [
    ("p", 80.0, 30),
    ("p", 90.0, 30),
    ("p", 100.0, 30),
    ("c", 110.0, 30),
    ("p", 95.0, 60),
    ("c", 120.0, 60),
]


def test_an_order_ticket_is_a_table():
    found = plan(samples.book(), samples.chain(), Target(delta=(8, 12)), effort=Effort(alternatives=False))
    ticket = found.orders
    assert list(ticket["quantity"]) == [abs(leg.quantity) for leg in found.legs]
    assert ticket.to_csv(index=False).startswith("instrument,side,quantity,limit_price")
    lot = samples.chain().terms.lot
    assert all(abs(q / lot - round(q / lot)) < 1e-9 for q in ticket["quantity"])
    for leg in found.legs:
        tick = samples.chain().terms.tick_at(leg.quoted_price)
        assert abs(leg.quoted_price / tick - round(leg.quoted_price / tick)) < 1e-6


def test_orders_of_a_plan_can_be_given_one_by_one():
    chain = samples.chain()
    found = plan(samples.book(), chain, Target(delta=(8, 12)), effort=Effort(alternatives=False))
    again = [option_leg(chain, leg.instrument.symbol, leg.quantity) for leg in found.legs]
    assert tuple(again) == found.legs


def test_no_leg_is_smaller_than_its_share_or_larger_than_quoted():
    chain = small_chain(LADDER, sizes=[3.0] * len(LADDER))
    found = plan(
        coins(20),
        chain,
        Target(delta=(16, 17)),
        Limits(min_leg_share=0.1, **{k: LOOSE[k] for k in ("expiries", "deltas")}),
    )
    assert all(2.0 <= abs(leg.quantity) <= 3.0 for leg in found.legs)
