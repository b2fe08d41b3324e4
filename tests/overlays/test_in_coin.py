"""Overlays of a book that counts in coin: by hand at every price, in every column, table and picture."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hedging import overlays, plots
from hedging.book import Book, Holding
from hedging.market import Market, OptionChain
from hedging.market.contracts import Option

COINS = Book(Holding.spot("BTC", 25.0), numeraire="BTC")
DOLLARS = Book(Holding.spot("BTC", 25.0))
MONEY = ("execution", "premium", "delta_value", "vega", "theta", "carry_day")


def coins_at(overlay: overlays.Overlay, price: float) -> float:
    """Coins at expiry: what is held, less what was paid in coin, and intrinsic values over the price."""
    coins = 25.0
    for leg in overlay.legs:
        assert isinstance(leg.instrument, Option)
        sign = 1.0 if leg.instrument.flag == "c" else -1.0
        coins += leg.quantity * max(sign * (price - leg.instrument.strike), 0.0) / price
        coins -= leg.paid / leg.spot
    return coins


@pytest.mark.parametrize("name", ["protective_put", "covered_call", "collar", "put_spread", "backspread"])
def test_where_it_ends_is_counted_in_coins_by_hand(name: str, sample: OptionChain, market: Market) -> None:
    overlay = getattr(overlays, name)(COINS, sample)
    row = overlays.compare(COINS, market, [overlay]).loc[overlay.name]
    for column, share in overlays.RALLIES.items():
        at = coins_at(overlay, market.spot * (1.0 + share))
        assert row[column] == pytest.approx(at / 25.0 - 1.0, abs=1e-9)
    strikes = [leg.instrument.strike for leg in overlay.legs if isinstance(leg.instrument, Option)]
    prices = np.unique([*np.geomspace(1e-3, 1e9, 2_000), *strikes])
    gains = np.array([coins_at(overlay, float(price)) / 25.0 - 1.0 for price in prices])
    assert row["floor"] == pytest.approx(gains.min(), abs=1e-3)
    if math.isinf(row["cap"]):
        assert gains[0] > 100.0  # puts make coins without end
    else:
        assert row["cap"] == pytest.approx(gains.max(), abs=1e-3)
    if not math.isnan(row["breakeven"]):
        assert coins_at(overlay, row["breakeven"]) == pytest.approx(25.0, abs=1e-9)


def test_money_of_a_book_in_dollars_is_coins_at_todays_price(sample: OptionChain, market: Market) -> None:
    made = overlays.standard(DOLLARS, sample)
    dollars, coins = (overlays.compare(book, market, made) for book in (DOLLARS, COINS))
    for column in MONEY:
        assert (market.spot * coins[column]).tolist() == pytest.approx(dollars[column].tolist())
    assert coins.loc["no hedge", ["floor", "cap", "gain_100"]].tolist() == [0.0, 0.0, 0.0]
    assert not overlays.nearly_capped(coins).any()


def test_a_loan_in_money_is_lost_without_end_in_coin(market: Market) -> None:
    indebted = Book(Holding.spot("BTC", 25.0), cash=-100_000.0, numeraire="BTC")
    alone = overlays.compare(indebted, market, []).loc["no hedge"]
    assert alone["floor"] == -math.inf
    # 25 coins less 100,000 / S: at best none of the debt is left, against 25 - 100,000 / 70,000 now.
    assert alone["cap"] == pytest.approx(25.0 / (25.0 - 1e5 / 7e4) - 1.0, abs=1e-5)


def test_every_header_and_the_picture_name_the_coin(sample: OptionChain, market: Market) -> None:
    table = overlays.compare(COINS, market)
    text = repr(table)
    for header in ("execution [BTC]", "carry a day [BTC]", "vega [BTC per point]", "theta [BTC a day]"):
        assert header in text
    assert "breakeven [USD]" in text
    assert "counted in BTC" in text
    assert "delta value" not in text
    ax = plots.overlays(table)
    assert "BTC" in ax.get_xlabel()
    assert any("[BTC]" in label.get_text() for label in ax.texts)


def test_rallies_are_inside_the_picture(sample: OptionChain, market: Market) -> None:
    for book in (COINS, DOLLARS):
        table = overlays.compare(book, market)
        low, high = plots.overlays(table).get_xlim()
        drawn = table[[*overlays.RALLIES]].to_numpy()
        assert low < drawn.min()
        assert drawn.max() < high


def test_over_strikes_counts_as_the_rows_of_compare(sample: OptionChain) -> None:
    table = overlays.over_strikes("protective put", COINS, sample, strikes=[0.9], expiries=(20.0, 40.0))
    found = table[table["reason"] == ""].iloc[0]
    assert table.attrs["currency"] == "BTC"
    assert found["premium_share"] == pytest.approx(found["premium"] / 25.0)
    assert "0." in overlays.over_strikes_shown(table, "premium").iloc[0, 0]
