"""Outcomes of the past: means, betas, residuals and dates against what they were drawn from, and no look ahead."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from cases.coins import walks

import hedging as hg
from hedging.errors import InputError
from hedging.market import Market
from hedging.scenario import resample
from hedging.scenario.resample import past_returns, realised

AS_OF = pd.Timestamp("2024-12-31T00:00Z")  # the end of the 365th day of the walks
DAYS = 365


def markets(closes: pd.DataFrame, *coins: str) -> list[Market]:
    return [Market.bare(coin, float(closes[coin].iloc[-1]), AS_OF) for coin in coins]


def test_moves_are_those_of_whole_days() -> None:
    closes = walks(coins=2, days=DAYS, beta=1.4, own=0.02)
    drawn = resample(hg.Prices.from_frame(closes), markets(closes, "BTC", "C00"), 1.0, 4_000, days=364)
    assert drawn["BTC"].days.tolist() == [0.5, 1.0]
    returns = np.log(closes[["BTC", "C00"]]).diff().iloc[1:].to_numpy()
    # One day's move of all coins at once, shifted so that each coin's mean is 1.
    found = np.column_stack([np.log(drawn[coin].spot[:, -1]) for coin in ("BTC", "C00")])
    found += np.log(np.exp(returns).mean(axis=0))
    apart = np.abs(found[:, None, :] - returns[None]).max(axis=2)
    assert apart.min(axis=1).max() < 0.005  # the mean of 4,000 drawn is off by its error
    assert len(np.unique(apart.argmin(axis=1))) > 350


def test_mean_is_the_forward_and_today() -> None:
    chain = hg.samples.chain()
    closes = walks(coins=1, days=900)
    market = Market.of(chain)
    both = [market, Market.bare("C00", 5.0, chain.as_of)]
    prices = hg.Prices.from_frame(closes.iloc[: (chain.as_of.normalize() - closes.index[0]).days])
    drawn = resample(prices, both, 30.0, 500)
    for at, day in enumerate(drawn["BTC"].days):
        grown = float(np.exp(market.carry(day / 365.0) * day / 365.0))
        assert drawn["BTC"].spot[:, at].mean() == pytest.approx(grown, rel=1e-9)
        assert drawn["C00"].spot[:, at].mean() == pytest.approx(1.0, rel=1e-9)
    settled = [day for day in market.smile.times * 365.0 if day < 30.0]
    assert np.allclose(drawn["BTC"].days, sorted([*settled, 15.0, 30.0]))


def test_what_lies_after_the_quotes_changes_no_bit() -> None:
    closes = walks(coins=1, days=500)
    poisoned = closes.copy()
    poisoned.iloc[DAYS:] = 1e9
    one, other = (
        resample(hg.Prices.from_frame(each), markets(closes.iloc[:DAYS], "BTC", "C00"), 10.0, 50)
        for each in (closes, poisoned)
    )
    assert all(np.array_equal(one[coin].spot, other[coin].spot) for coin in one)


def test_a_young_coin_moves_by_its_two_betas_and_a_residual_of_its_own() -> None:
    rng = np.random.default_rng(5)
    lead = rng.normal(0.0, 0.03, 1_000)
    own = np.where(lead < 0.0, 2.0, 0.5) * lead + rng.choice([-0.01, 0.01], 1_000)
    closes = pd.DataFrame({"BTC": np.exp(lead.cumsum()), "NEW": np.exp(own.cumsum())})
    closes.index = pd.date_range("2022-01-01", periods=1_000, tz="UTC")
    closes.loc[closes.index[:500], "NEW"] = np.nan
    found = past_returns(closes, 900, 3)
    filled, led = found["NEW"].to_numpy()[:400], found["BTC"].to_numpy()[:400]
    for side, beta in ((led < 0.0, 2.0), (led >= 0.0, 0.5)):
        residual = filled[side] - beta * led[side]
        assert np.abs(np.abs(residual) - 0.01).max() < 4e-3  # the drawn residual, up to the error of the beta
        assert filled[side] @ led[side] / (led[side] @ led[side]) == pytest.approx(beta, abs=0.1)
    assert np.array_equal(found["NEW"].to_numpy()[401:], np.diff(np.log(closes["NEW"].to_numpy()[500:])))


def test_what_came_is_read_off_the_closes_and_a_coin_that_stops_keeps_its_price() -> None:
    closes = walks(coins=1, days=20)
    closes.loc[closes.index[3] :, "C00"] = np.nan
    known = past_returns(walks(coins=1, days=200), 150, 1)
    path = realised(
        closes.iloc[:11], markets(walks(coins=1, days=20), "BTC", "C00"), np.array([2.5, 10.0]), known
    )
    btc = closes["BTC"].to_numpy()
    assert path["BTC"].spot[0] == pytest.approx([np.sqrt(btc[2] * btc[3]) / btc[0], btc[10] / btc[0]])
    assert path["C00"].spot[0, -1] == pytest.approx(closes["C00"].iloc[2] / closes["C00"].iloc[0])


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"horizon": 0.0}, "horizon must be a number of days > 0"),
        ({"days": 10}, "days of the past must be a whole number >= 90"),
        ({"scenarios": 0}, "scenarios must be a whole number >= 1"),
        ({"coins": ("BTC", "XYZ")}, "has no close of XYZ"),
        ({"as_of": pd.Timestamp("2025-03-01T00:00Z")}, "prices may be 3 days older at most"),
        ({"as_of": pd.Timestamp("2023-03-01T00:00Z")}, "lies before the first bar"),
    ],
)
def test_bad_calls_say_what_and_why(how: dict[str, object], message: str) -> None:
    closes = walks(coins=1, days=DAYS)
    coins = how.pop("coins", ("BTC", "C00"))
    as_of = how.pop("as_of", AS_OF)
    chains = [Market.bare(coin, 1.0, as_of) for coin in coins]  # type: ignore[arg-type,attr-defined]
    given = {"horizon": 30.0, "scenarios": 50} | how
    with pytest.raises(InputError, match=message):
        resample(hg.Prices.from_frame(closes), chains, **given)  # type: ignore[arg-type]


def test_too_few_days_of_a_coin_name_it() -> None:
    closes = walks(coins=1, days=DAYS)
    closes.loc[closes.index[:300], "C00"] = np.nan
    with pytest.raises(InputError, match="C00 has 64"):
        resample(hg.Prices.from_frame(closes), markets(closes, "BTC", "C00"), 30.0, 50)
