"""Forwards and discounts of American chains: made ones whose answer is known, small files, and SPY."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hedging import greeks, read_chain
from hedging.errors import ChainError
from hedging.market._american_parity import american_curve
from hedging.market._parity import implied_spot

AS_OF = pd.Timestamp("2026-03-19T20:00Z")
CASES = Path(__file__).resolve().parents[3] / "shared" / "cases"
DAYS = (1, 8, 29, 64, 92, 120, 183)


def made(rate: float, dividends: list[tuple[float, float]], days: tuple[int, ...] = DAYS) -> pd.DataFrame:
    """Quotes of 2 cents and more around American values at spot 450."""
    rows = []
    for day in days:
        T = day / 365
        strikes = np.arange(400.0, 501.0, 5.0 if day < 40 else 10.0)
        vol = 0.16 - 0.15 * np.log(strikes / 450)
        for flag in "cp":
            mid = greeks.american_price(flag, 450.0, strikes, T, rate, vol, dividends=dividends)
            half = np.maximum(0.01, 0.002 * mid)
            rows.append(
                pd.DataFrame(
                    {
                        "expiry": AS_OF + pd.Timedelta(days=day),
                        "strike": strikes,
                        "flag": flag,
                        "bid": np.round(mid - half, 2),
                        "ask": np.round(mid + half, 2),
                    }
                )
            )
    table = pd.concat(rows, ignore_index=True)
    return table[table["bid"] > 0]


@pytest.mark.parametrize("rate", [0.0, 0.04])
@pytest.mark.parametrize("dividends", [[], [(0.6 / 365, 1.8), (91.5 / 365, 1.8)]])
def test_rate_forward_and_dividends_are_found_again(
    rate: float, dividends: list[tuple[float, float]]
) -> None:
    curve = american_curve(made(rate, dividends), AS_OF, 450.0)
    T = np.array(DAYS) / 365
    known = np.array([sum(a * math.exp(-rate * t) for t, a in dividends if t <= end) for end in T])
    forward = (450.0 - known) * np.exp(rate * T)
    found = -np.log(curve["discount"].to_numpy()) / T
    assert np.ptp(found) < 1e-12
    assert found[0] == pytest.approx(rate, abs=0.007 if dividends else 0.002)
    miss = curve["forward"].to_numpy() / forward - 1.0
    after = (
        T == 92 / 365
    )  # half a day after an ex-date: calls are exercised before it, which a yield cannot say
    assert np.abs(miss[~after]).max() < (1.2e-3 if dividends else 2e-4)
    assert np.abs(miss[after]).max() < 2.1e-3
    assert curve["dividends"].to_numpy()[~after] == pytest.approx(
        known[~after], abs=1.3 if dividends else 0.4
    )


def test_a_rate_that_is_given_wins() -> None:
    curve = american_curve(made(0.04, []), AS_OF, 450.0, rate=0.03)
    assert -np.log(curve["discount"].iloc[-1]) / (183 / 365) == pytest.approx(0.03, rel=1e-12)


def test_what_cannot_be_is_refused_by_name() -> None:
    table = made(0.04, [])
    dear = table.assign(**{side: table[side] + 200.0 * (table["flag"] == "c") for side in ("bid", "ask")})
    with pytest.raises(ChainError, match=r"the forward of 2026-.* is .* at most 30% within a year"):
        american_curve(dear, AS_OF, 450.0)
    with pytest.raises(ChainError, match="at a spot of 900 one of every two would be exercised"):
        american_curve(table, AS_OF, 900.0)
    later = table["expiry"] > AS_OF + pd.Timedelta(days=100)
    table.loc[later & (table["flag"] == "c"), ["bid", "ask"]] += 60.0
    with pytest.raises(ChainError, match=r"imply a rate of .* a year, outside -2% to 20%"):
        american_curve(table, AS_OF, 450.0)


@pytest.mark.parametrize("which", ["first", "all"])
def test_quotes_that_make_a_forward_negative_say_nothing(which: str) -> None:
    table = made(0.04, [])
    damaged = (table["flag"] == "p") & ((which == "all") | (table["expiry"] == table["expiry"].min()))
    table.loc[damaged, ["bid", "ask"]] = 1e9
    if which == "first":
        curve = american_curve(table, AS_OF, 450.0)
        assert np.isnan(curve["forward"].iloc[0])
        assert (curve["forward"].iloc[1:] > 0.0).all()
        level = implied_spot(table, AS_OF)
        assert level is not None
        assert level[1] == pytest.approx(450.0, rel=0.01)
    else:
        with pytest.raises(ChainError, match="no call and put of one strike say where the forward is"):
            american_curve(table, AS_OF, 450.0)
        assert implied_spot(table, AS_OF) is None


@pytest.mark.parametrize("name", ["american_dividend.csv", "european_same.csv"])
def test_the_evening_before_an_ex_date(name: str) -> None:
    if not (CASES / name).exists():
        pytest.skip("the small cases are not here")
    chain = read_chain(CASES / name)
    first = chain.quotes["expiry"] == chain.quotes["expiry"].min()
    assert chain.quotes.loc[first, "discount"].to_numpy() == pytest.approx(0.99989, abs=1e-5)
    assert chain.greeks(("delta",))["delta"].abs().max() <= 1.0
    assert not chain.rejected["reason"].str.contains("intrinsic").any()
    assert chain.terms.exercise == "american"


def test_spy_the_evening_before_its_ex_date(shared_data: Path) -> None:
    file = shared_data / "found" / "cboe_spy_20230914.csv.gz"
    chain = read_chain(file)
    quotes = chain.quotes
    rates = -np.log(quotes["discount"]) / quotes["time_to_expiry"]
    assert rates.between(0.05, 0.058).all()  # bills and swaps of September 2023: 5.3 to 5.5 %
    delta = chain.greeks(("delta",))["delta"]
    assert delta.abs().max() <= 1.0
    assert not chain.rejected["reason"].str.contains("intrinsic").any()
    shown = shown_deltas(file)
    out = np.where(
        quotes["flag"] == "c", quotes["strike"] > quotes["forward"], quotes["strike"] < quotes["forward"]
    )
    gap = (delta - quotes["symbol"].map(shown)).abs()[out & (quotes["time_to_expiry"] > 3 / 365)]
    assert gap.median() < 0.01


def shown_deltas(file: Path) -> dict[str, float]:
    """Cboe's own deltas, by symbol."""
    table: Any = pd.read_csv(file, skiprows=3)
    sides = [table[["Calls", "Delta"]], table[["Puts", "Delta.1"]]]
    return {symbol: delta for side in sides for symbol, delta in side.itertuples(index=False)}
