"""Skew-aware Greeks are the slopes of the price with the surface moving along."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from hedging.book import skew_delta as skew
from hedging.book.book import Book, Holding
from hedging.errors import InputError
from hedging.greeks import black76_price
from hedging.market import fitting, rich_cheap, smile
from hedging.market.chain import OptionChain
from hedging.market.market import Market
from hedging.venues import read_chain

AS_OF, EXPIRY = "2026-01-01T08:00Z", "2026-03-02T08:00Z"


def chain() -> OptionChain:
    strikes = np.arange(60.0, 151.0, 10.0)
    k = np.log(strikes / 102.0)
    table = pd.DataFrame(
        {"flag": np.where(k < 0, "p", "c"), "strike": strikes, "expiry": EXPIRY, "forward": 102.0}
    )
    table["mark_vol"] = 0.6 - 0.25 * k + 0.3 * k**2
    return OptionChain.from_frame(
        table, asset="XYZ", as_of=AS_OF, spot=100.0, units={"price": "money", "vol": "decimal"}
    )


def price_after(shift: float, made: OptionChain, surface: smile.Smile, rule: str | float) -> np.ndarray:
    """Revalue every option with spot, forwards and surface moved; each keeps its ratio to the surface."""
    q = made.quotes
    forward, strike, time = (q[name].to_numpy() for name in ("forward", "strike", "time_to_expiry"))
    ratio = q["mark_vol"].to_numpy() / surface.vol_at(np.log(strike / forward), time)
    moved = forward * (1 + shift)
    vol = ratio * surface.move(shift, rule).vol_at(np.log(strike / moved), time)
    return q["discount"].to_numpy() * black76_price(q["flag"].to_numpy(), moved, strike, time, 0.0, vol)


@pytest.mark.parametrize("rule", ["sticky_strike", "sticky_moneyness", 0.5, 2.0])
def test_delta_and_gamma_are_slopes_of_the_price_with_the_surface_moving(rule):
    made = chain()
    surface = fitting.fit(made)
    got = skew.delta_gamma(made, surface, rule)
    h = 1e-3
    up, mid, down = (price_after(shift, made, surface, rule) for shift in (h, 0.0, -h))
    assert_allclose(got["delta"], (up - down) / (2 * h * 100), rtol=1e-5, atol=1e-7)
    assert_allclose(got["gamma"], (up - 2 * mid + down) / (h * 100) ** 2, rtol=1e-4, atol=1e-8)


def test_sticky_strike_is_black_scholes_and_sticky_moneyness_lowers_deltas_under_a_put_skew():
    made = chain()
    surface = fitting.fit(made)
    plain = made.greeks(("delta", "gamma"))
    assert_allclose(skew.delta_gamma(made, surface, "sticky_strike"), plain, rtol=1e-12)
    # With R = 0 a fall lifts no strike's moneyness vol: fixed strikes get cheaper vols, so deltas rise.
    assert (skew.delta_gamma(made, surface, "sticky_moneyness")["delta"] > plain["delta"]).all()
    assert (skew.delta_gamma(made, surface, 2.0)["delta"] < plain["delta"]).all()


def test_a_book_is_the_sum_of_its_options_and_what_has_no_vol():
    made = chain()
    market = Market.of(made)
    put, call = made.option("XYZ-2MAR26-80-P"), made.option("XYZ-2MAR26-120-C")
    book = Book(Holding.spot("XYZ", 10.0), Holding(put, 7.0), Holding(call, -3.0))
    for rule in ("sticky_moneyness", 1.5):
        each = skew.delta_gamma(made, market.smile, rule).set_index(made.quotes["symbol"])
        expected = 7.0 * each.loc[put.symbol] - 3.0 * each.loc[call.symbol] + [10.0, 0.0]
        got = skew.book_delta_gamma(book, market, rule)
        assert_allclose([got["delta"], got["gamma"]], expected, rtol=1e-9)
    assert skew.book_delta_gamma(Book(Holding.spot("XYZ", 10.0)), market)["delta"] == 10.0


def test_an_unknown_rule_is_refused():
    made = chain()
    with pytest.raises(InputError, match="rule must be one of"):
        skew.delta_gamma(made, fitting.fit(made), "sticky_fingers")


def test_rich_and_cheap_quotes_are_those_beyond_their_spread():
    made = chain().quotes.assign(bid=lambda t: t["mark"] - 0.05, ask=lambda t: t["mark"] + 0.05)
    made.loc[2, ["bid", "ask"]] += 1.0  # rich
    made.loc[7, ["bid", "ask"]] -= 0.5  # cheap
    quoted = OptionChain("XYZ", chain().as_of, 100.0, made, chain().rejected)
    table = rich_cheap(fitting.fit(chain()), quoted)
    assert table[["symbol", "side"]].to_numpy().tolist() == [
        [made.loc[2, "symbol"], "rich"],
        [made.loc[7, "symbol"], "cheap"],
    ]
    assert_allclose(
        table["edge"], [0.95, 0.45], atol=0.03
    )  # less the half spread; the fit is off by a little
    assert_allclose(table["net"], table["edge"] - table["fee"])


def test_few_real_quotes_leave_anything_after_costs(shared_data):
    real = read_chain(shared_data / "chains/deribit_full_20260511T121945Z.csv.gz", asset="BTC")
    table = rich_cheap(fitting.fit(real), real)
    assert len(table) < 0.06 * len(real.quotes)
    assert (table["net"] > 0).mean() < 0.5
