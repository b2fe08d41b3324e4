"""Outcomes meet the quotes of each expiry where a surface of few numbers misses them, and only where they can."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cases.markets import flat_chain
from numpy.testing import assert_allclose

from hedging import Market, OptionChain, greeks, read_chain
from hedging.market.by_exercise import out_of_the_money
from hedging.scenario import draw
from hedging.scenario._at_quotes import MISS, surface_shares

STRIKES = tuple(np.arange(70.0, 132.5, 2.5))
SHARES = (np.arange(8_000) + 0.5) / 8_000


def wavy(settlement: str, half: float = 0.005, carry: float = 0.0, wave: float = 0.012) -> OptionChain:
    """Two expiries whose vols go up and down over the strikes as no slice does; quotes of `half` of spot around them."""
    chain = flat_chain(settlement, days=(10.0, 25.0), strikes=STRIKES, carry=carry)  # type: ignore[arg-type]
    quotes = chain.quotes
    vols = 0.6 + wave * np.cos(9.0 * np.log(quotes["strike"] / quotes["forward"]))
    value = quotes["discount"] * greeks.black76_price(
        quotes["flag"], quotes["forward"], quotes["strike"], quotes["time_to_expiry"], 0.0, vols
    )
    return replace(chain, quotes=quotes.assign(mark=value, bid=value - half, ask=value + half, mark_vol=vols))


def missed(chain: OptionChain, day: float, spot: np.ndarray) -> np.ndarray:
    """How far what quotes pay on a day lies beyond bid and ask, undiscounted; 0 within them. [money]"""
    rows = chain.quotes[out_of_the_money(chain.quotes)]
    rows = rows[(np.abs(rows["time_to_expiry"] * 365.0 - day) < 1e-6) & (rows["bid"] > 0.0)]
    sign = np.where(rows["flag"] == "c", 1.0, -1.0)
    paid = np.maximum(sign[:, None] * (spot - rows["strike"].to_numpy()[:, None]), 0.0).mean(axis=1)
    bid, ask = rows["bid"] / rows["discount"], rows["ask"] / rows["discount"]
    return np.maximum(np.maximum(paid - ask, bid - paid), 0.0)


@pytest.mark.parametrize("settlement", ["coin", "cash"])
@pytest.mark.parametrize("tails", ["student-t", "jumps"])
def test_what_options_pay_lies_within_their_quotes(settlement: str, tails: str) -> None:
    chain = wavy(settlement, carry=0.1)
    market = Market.of(chain)
    paths = draw(market, 30.0, 1_000, 1, tails=tails)[market.asset]  # type: ignore[arg-type]
    kept = draw(market, 30.0, 1_000, 1, tails=tails)[market.asset]  # type: ignore[arg-type]
    assert_allclose(kept.spot, paths.spot, rtol=0)
    for day in (10.0, 25.0):
        date = int(np.flatnonzero(np.isclose(paths.days, day))[0])
        assert missed(chain, day, market.spot * paths.spot[:, date]).max() < 1e-3
    assert_allclose(paths.spot.mean(axis=0), np.exp(0.1 * paths.days / 365), rtol=1e-9)


def test_the_surface_alone_would_miss_them() -> None:
    from hedging.market.density import quantiles

    chain = wavy("cash")
    market = Market.of(chain)
    for day in (10.0, 25.0):
        surface = quantiles(market.smile, SHARES, day / 365)
        assert missed(chain, day, surface).max() > 0.02
        met = quantiles(market.smile, surface_shares(market, day, SHARES), day / 365)
        assert missed(chain, day, met).max() < 2e-3


def test_shares_grow_and_are_the_surfaces_where_it_meets_all_quotes() -> None:
    fits = Market.of(wavy("cash", half=0.05, wave=0.0))
    assert_allclose(surface_shares(fits, 10.0, SHARES), SHARES, atol=1e-12)
    market = Market.of(wavy("cash"))
    early, late = (surface_shares(market, day, SHARES) for day in (10.0, 25.0))
    assert (np.diff(early) > 0.0).all()
    assert np.abs(early - SHARES).max() > 1e-3
    # In between by both, as the surface is, and beyond the last by its own.
    middle = surface_shares(market, 17.5, SHARES)
    assert ((middle - early) * (late - middle) >= -1e-6).all()
    assert_allclose(surface_shares(market, 40.0, SHARES), late, rtol=0)
    assert_allclose(surface_shares(market, 3.0, SHARES), early, rtol=0)


def test_quotes_of_another_forward_leave_the_surface_as_it_is() -> None:
    chain = wavy("cash")
    up = np.where(chain.quotes["flag"] == "c", 2.0, -2.0) * (chain.quotes["mark"] > 2.5)
    other = chain.quotes.assign(bid=chain.quotes["bid"] + up, ask=chain.quotes["ask"] + up)
    market = Market.of(replace(chain, quotes=other))
    assert_allclose(surface_shares(market, 10.0, SHARES), SHARES, rtol=0)


def test_quotes_of_one_side_move_nothing() -> None:
    chain = wavy("cash")
    market = Market.of(replace(chain, quotes=chain.quotes.assign(bid=np.nan)))
    assert_allclose(surface_shares(market, 10.0, SHARES), SHARES, atol=1e-12)


def test_tight_quotes_of_an_index_are_met(shared_data: Path) -> None:
    """Cboe's SPX of June 2022, whose surface misses quotes of two weeks to two months by 2 to 14 half spreads."""
    from hedging.market.density import quantiles

    chain = read_chain(shared_data / "chains" / "cboe_spx_20220610.csv.gz").select(days=(24.5, 28.5))
    market = Market.of(chain)
    for time in market.smile.times:
        day = time * 365.0
        surface = quantiles(market.smile, SHARES, time)
        met = quantiles(market.smile, surface_shares(market, day, SHARES), time)
        before, after = (
            missed(chain, day, spot * market.smile.forward(time) / spot.mean()) for spot in (surface, met)
        )
        half = (chain.quotes["ask"] - chain.quotes["bid"])[after.index] / 2.0
        assert (before / half).max() > 8.0
        assert (after / half).max() < MISS  # some contradict each other
        assert np.quantile(after / half, 0.95) < 1.0
        assert after.mean() < before.mean() / 200.0
