"""Everyday tasks: each in one or two lines, with the number that a hand or an identity gives."""

from __future__ import annotations

import inspect

import numpy as np
import pandas as pd
import pytest

import hedging as hg
from hedging import greeks, market, overlays, plots, risk, scenario
from hedging.errors import InputError

CHAIN, BOOK = hg.samples.chain(), hg.samples.book()
COLLAR = {"BTC-27MAR26-62000-P": 25.0, "BTC-27MAR26-80000-C": -25.0}


@pytest.fixture(scope="module")
def quoted() -> hg.Market:
    return hg.Market.of(CHAIN)


def test_value_of_a_collar_at_ten_vol_points_more(quoted: hg.Market) -> None:
    collar = overlays.of_contracts(CHAIN, COLLAR)
    now = hg.book.as_book(collar).value(CHAIN)
    marks = CHAIN.quotes.set_index("symbol")["mark"]
    assert now == pytest.approx(sum(quantity * marks[name] for name, quantity in COLLAR.items()), rel=1e-3)
    more = hg.book.as_book(collar).values(quoted, hg.grid([0.0], [0.10])).sum()
    gain = scenario.run(BOOK, quoted, hg.grid([0.0], [0.10]), collar).overlay[0, 0]
    assert more - sum(leg.paid for leg in collar.legs) == pytest.approx(gain, abs=0.01)
    vega = sum(
        quantity
        * float(
            greeks.black76_greeks(
                row.flag, row.forward, row.strike, row.time_to_expiry, 0.0, row.mark_vol, names=("vega",)
            ).vega
        )
        for name, quantity in COLLAR.items()
        for row in [CHAIN.row(name)]
    )
    small = hg.book.as_book(collar).values(quoted, hg.grid([0.0], [0.0001])).sum() - now
    # A shift of 30 days' vol, at 25 days; the surface's rule is 30 days' over the option's, to a power.
    assert small == pytest.approx(0.01 * vega, rel=0.2)


def test_a_put_at_90_per_cent_of_spot_in_each_expiry() -> None:
    puts = overlays.over_strikes("protective put", BOOK, CHAIN, strikes=[0.9])
    found = puts[puts["reason"] == ""]
    assert len(found) >= 2
    for row in found.itertuples():
        listed = CHAIN.quotes.query("flag == 'p' and strike == @row.strike and expiry == @row.expiry")
        assert row.premium == pytest.approx(25.0 * float(listed["ask"].iloc[0]))
        assert row.strike == pytest.approx(63_000.0, abs=2_000.0)


def test_the_smile_of_an_expiry_by_its_date(quoted: hg.Market) -> None:
    at = pd.Timestamp("2026-03-27T08:00Z")
    strikes = [60_000.0, 70_000.0]
    expected = quoted.smile.vol(strikes, at)
    for written in ("2026-03-27", "27MAR26", at):
        np.testing.assert_array_equal(quoted.smile.vol(strikes, written), expected)
        assert plots.smile(CHAIN, expiries=written).get_lines()[1].get_label() == "27 Mar 2026"
    sides = market.quoted_vols(CHAIN).query("expiry == @at and strike in @strikes")
    assert len(sides) == 4


def test_three_contracts_by_name_pay_what_each_pays(quoted: hg.Market) -> None:
    three = {"BTC-27MAR26-62000-P": 25.0, "BTC-27MAR26-54000-P": -25.0, "BTC-27MAR26-80000-C": -10.0}
    legs = overlays.of_contracts(CHAIN, three)
    end = scenario.payoff(BOOK, quoted, legs, spot_moves=[-0.3, 0.0, 0.3])
    paid = sum(leg.paid for leg in legs.legs)  # in coin, which has moved since
    for row, spot in enumerate(end.spot["BTC"][:, -1]):
        puts = 25 * max(62_000 - spot, 0) - 25 * max(54_000 - spot, 0)
        worth = puts - 10 * max(spot - 80_000, 0)
        assert end.overlay[row, -1] == pytest.approx(worth - paid * spot / CHAIN.spot, abs=1.0)


@pytest.mark.parametrize("vega", [0, 0.0, (0, 0), {"BTC": 0}])
def test_the_vega_of_a_sold_call_is_brought_to_nothing(vega: object) -> None:
    sold = hg.Book(hg.Holding.spot("BTC", 10), hg.Holding.option("BTC", "call", 80_000, "2026-03-27", -10))
    assert hg.Target(vega=vega).band("vega", "BTC") == (0.0, 0.0)  # type: ignore[arg-type]
    if vega == 0 and isinstance(vega, int):
        assert hg.plan(sold, CHAIN, hg.Target(vega=vega), hg.Limits(max_legs=1)).after.vega == pytest.approx(
            0.0, abs=1e-6
        )


def test_value_at_risk_before_and_after(quoted: hg.Market) -> None:
    drawn = scenario.draw(CHAIN, horizon=10, scenarios=400, seed=1)
    run = scenario.run(BOOK, quoted, drawn, overlays.of_contracts(CHAIN, COLLAR))
    table = risk.tail_risk({"before": run.position[:, -1], "after": run.total[:, -1]}, levels=[0.95])
    assert table.loc[("after", 0.95), "VaR"] < table.loc[("before", 0.95), "VaR"]
    sorted_losses = np.sort(-run.position[:, -1])
    assert table.loc[("before", 0.95), "VaR"] == pytest.approx(sorted_losses[int(0.95 * 400) - 1], rel=0.05)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: hg.Holding.option("BTC", "put", 80_000, "soon", 1),
        lambda: hg.Holding.option("BTC", "straddle", 80_000, "2026-03-27", 1),
        lambda: hg.Book(hg.Holding.spot("BTC", 1), 5),
        lambda: scenario.payoff(BOOK, CHAIN, ["BTC-27MAR26-62000-P"]),
        lambda: hg.Limits(budget=20_000),
        lambda: hg.Target(vega="none"),
        lambda: hg.Target(vega=float("nan")),
        lambda: hg.Target(vega=True),
        lambda: hg.book.as_book("collar"),
        lambda: plots.greeks_profile("delta"),
        lambda: overlays.over_strikes(BOOK, CHAIN, "protective put", strikes=[0.9]),
    ],
)
def test_wrong_kinds_are_named(wrong) -> None:
    with pytest.raises(InputError):
        wrong()


def test_strings_are_taken_where_people_write_them() -> None:
    written = hg.Holding.option("BTC", "put", 80_000, "2026-03-27", 1).instrument
    assert written == hg.Holding.option("BTC", "p", 80_000, pd.Timestamp("2026-03-27T08:00Z"), 1).instrument
    assert overlays.collar(BOOK, hg.Market.of(CHAIN)) == overlays.collar(BOOK, CHAIN)
    assert CHAIN.option("BTC-27MAR26-80000-P").flag == "p"
    assert hg.Outright("perpetual") == hg.Outright(kind="perpetual")


@pytest.mark.parametrize("quotes", [CHAIN, hg.Market.of(CHAIN)], ids=["chain", "market"])
def test_a_word_that_a_structure_does_not_have_is_told_the_same_of_a_chain_and_a_market(quotes) -> None:
    structures = [
        made
        for made in map(vars(overlays).get, overlays.__all__)
        if inspect.isfunction(made) and next(iter(inspect.signature(made).parameters)) == "book"
    ]
    assert overlays.collar in structures
    for made in structures:
        with pytest.raises((TypeError, InputError), match="expiry"):
            made(BOOK, quotes, expiry="2026-03-27")
