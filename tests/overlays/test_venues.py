"""Structures over several venues: all legs at one, the one that costs least to enter, under its own terms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases.markets import flat_chain

from hedging import Book, Holding, InputError, OptionChain, overlays
from hedging.market import consolidated

BOOK = Book(Holding.spot("BTC", 10.0, entry=100.0))
WINDOW = {"days": (20.0, 45.0)}


def at(venue: str, settlement="coin", lot: float = 0.1, **changes) -> OptionChain:
    usual = {"half_spread": 0.02, "days": (2.0, 30.0, 60.0), "strikes": tuple(range(60, 145, 5))}
    chain = flat_chain(settlement, **usual | changes)
    return replace(chain, terms=replace(chain.terms, venue=venue, lot=lot))


def unquoted(chain: OptionChain, flag: str) -> OptionChain:
    """The same chain, on which nobody quotes puts, or calls."""
    quotes = chain.quotes.copy()
    quotes.loc[quotes["flag"] == flag, ["bid", "ask", "bid_quoted", "ask_quoted"]] = np.nan
    return replace(chain, quotes=quotes)


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("cheap", ["one", "two"])
def test_each_structure_is_the_cheapest_venues_own(cheap: str, order: int) -> None:
    spreads = {"one": 0.03, "two": 0.03} | {cheap: 0.01}
    own = [at("one", half_spread=spreads["one"]), at("two", "cash", lot=1.0, half_spread=spreads["two"])]
    made = overlays.standard(BOOK, consolidated(own[::order]))
    alone = overlays.standard(BOOK, next(each for each in own if each.terms.venue == cheap))
    assert [each.name for each in made] == list(overlays.STRUCTURES)
    for each, same in zip(made[:-1], alone[:-1], strict=True):
        assert [leg.instrument.symbol for leg in each.legs] == [
            f"{cheap}:{leg.instrument.symbol}" for leg in same.legs
        ]
        assert [(leg.quantity, leg.instrument.terms) for leg in each.legs] == [
            (leg.quantity, leg.instrument.terms) for leg in same.legs
        ]
        assert each.cost.execution == pytest.approx(same.cost.execution, rel=1e-12)
        assert any(note.startswith(f"at {cheap}, where it costs least to enter") for note in each.remarks)


def test_cost_is_compared_per_unit_covered() -> None:
    # 9 of 9.9 units at the coarse lot: less to pay in all at the same spread a unit, and dearer by it.
    book = Book(Holding.spot("BTC", 9.9, entry=100.0))
    both = consolidated([at("coarse", lot=3.0, half_spread=0.0205), at("fine", half_spread=0.02)])
    (leg,) = overlays.protective_put(book, both).legs
    assert (leg.instrument.terms.venue, leg.quantity) == ("fine", pytest.approx(9.9))


def test_legs_are_never_of_two_venues() -> None:
    both = consolidated([unquoted(at("puts"), "c"), unquoted(at("calls", "cash"), "p")])
    (put,) = overlays.protective_put(BOOK, both).legs
    assert put.instrument.terms.venue == "puts"
    assert any(note.startswith("none at calls: ") for note in overlays.protective_put(BOOK, both).remarks)
    (call,) = overlays.covered_call(BOOK, both).legs
    assert call.instrument.terms.venue == "calls"
    with pytest.raises(InputError, match=r"puts: no expiry .*calls: no expiry"):
        overlays.collar(BOOK, both)


def test_what_no_venue_can_do_is_said_once() -> None:
    short = Book(Holding.spot("BTC", -1.0, entry=100.0))
    with pytest.raises(InputError, match=r"^these overlays protect a long position"):
        overlays.protective_put(short, consolidated([at("one"), at("two")]))


def test_a_perpetual_is_sold_where_any_venue_has_one() -> None:
    none = at("cboe", "cash")  # nothing of the underlying is traded beside an index's options
    for order in (1, -1):
        (leg,) = overlays.short_perpetual(BOOK, consolidated([none, at("two")][::order])).legs
        assert leg.instrument.symbol == "BTC-PERPETUAL"
        contracts = {"perpetual": -1.0}
        assert overlays.of_contracts(consolidated([none, at("two")][::order]), contracts).legs
    with pytest.raises(InputError, match="no perpetual on BTC"):
        overlays.short_perpetual(BOOK, none)


def test_tables_say_which_contract_each_cell_is_of() -> None:
    # The near expiry is listed at one venue, the far one at the other.
    both = consolidated([at("near", days=(2.0, 30.0)), at("far", days=(60.0,))])
    table = overlays.over_strikes("protective put", BOOK, both, strikes=[0.9], expiries=(20.0, 100.0))
    assert table["symbol"].str.partition(":")[0].tolist() == ["near", "far"]
    assert "near:BTC-8MAR26-90-P" in overlays.over_strikes_shown(table, "symbol").to_string()
    assert overlays.compare(BOOK, both).loc["protective put", "delta"] < 10.0
