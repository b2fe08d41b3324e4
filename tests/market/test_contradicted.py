"""Quotes that others of their expiry contradict are rejected, and good ones are kept, however they are exercised."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hedging import greeks, read_chain
from hedging.market.chain import ChainRules, OptionChain
from hedging.market.contracts import ContractTerms

REASON = "contradicted by other quotes"
AS_OF, EXPIRY = "2026-02-06T21:00Z", "2028-02-04T21:00Z"
STRIKES = np.arange(50.0, 160.0, 10.0)


def quotes(exercise: str, half: float = 0.05, rate: float = 0.08) -> pd.DataFrame:
    """Two years of a rate of 8 %: deep puts are worth exercising, and cash of then is 15 % less today."""
    rows = pd.DataFrame([(flag, strike) for flag in "cp" for strike in STRIKES], columns=["flag", "strike"])
    value = greeks.american_price if exercise == "american" else greeks.price
    mid = value(rows["flag"].to_numpy(), 100.0, rows["strike"].to_numpy(), 2.0, rate, 0.3)
    more = {"expiry": EXPIRY, "forward": 100.0 * np.exp(2.0 * rate), "discount": np.exp(-2.0 * rate)}
    return rows.assign(bid=mid - half, ask=mid + half, **more)


def read(frame: pd.DataFrame, exercise: str, **rules: float) -> OptionChain:
    return OptionChain.from_frame(
        frame,
        asset="XYZ",
        as_of=AS_OF,
        units={"price": "money", "vol": "decimal"},
        terms=ContractTerms(settlement="cash", exercise=exercise),  # type: ignore[arg-type]
        spot=100.0,
        rules=ChainRules(max_below_intrinsic=1.0, max_above_bound=1.0, **rules),
    )


def stale(chain: OptionChain) -> set[tuple[str, float]]:
    found = chain.rejected[chain.rejected["reason"] == REASON]["symbol"].str.split("-")
    return {(each[-1].lower(), float(each[-2])) for each in found}


@pytest.mark.parametrize("exercise", ["american", "european"])
@pytest.mark.parametrize("half", [0.0, 0.05, 1.0])
def test_quotes_of_one_vol_are_kept(exercise: str, half: float) -> None:
    assert not stale(read(quotes(exercise, half), exercise))


@pytest.mark.parametrize("exercise", ["american", "european"])
@pytest.mark.parametrize(("flag", "strike", "by"), [("p", 130.0, 15.0), ("p", 110.0, 12.0), ("c", 60.0, 9.0)])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_one_of_another_hour_is_rejected_and_no_other(
    exercise: str, flag: str, strike: float, by: float, sign: float
) -> None:
    frame = quotes(exercise)
    row = frame.index[(frame["flag"] == flag) & (frame["strike"] == strike)]
    frame.loc[row, ["bid", "ask"]] += sign * by
    for order in (frame, frame.sample(frac=1.0, random_state=3)):
        assert stale(read(order, exercise)) == {(flag, strike)}
    assert not stale(read(frame, exercise, max_contradiction=np.inf))


def test_a_bid_above_one_put_alone_and_the_cash_between_them_is_that_further_in_the_money() -> None:
    frame = pd.DataFrame(
        {"flag": "p", "strike": [90.0, 110.0], "expiry": EXPIRY, "forward": 100.0}
        | {"bid": [3.0, 24.0], "ask": [3.5, 24.5]}
    )
    assert stale(read(frame, "european")) == {("p", 110.0)}  # 24.0 for what 3.5 and 20.0 of cash are worth
    # Within the room, 0.2 % of the forward of 100: 23.7 is at its edge.
    assert not stale(read(frame.assign(bid=[3.0, 23.69]), "european"))
    assert stale(read(frame.assign(bid=[3.0, 23.71]), "european")) == {("p", 110.0)}


@pytest.mark.parametrize("seed", range(20))
def test_what_is_left_holds_no_pair_that_contradicts_each_other(seed: int) -> None:
    """Every bid against every ask, by the two sentences of the rule."""
    random = np.random.default_rng(seed)
    frame = quotes("european")
    odd = random.choice(len(frame), 5, replace=False)
    frame.loc[odd, ["bid", "ask"]] += random.uniform(-12.0, 25.0, (5, 1))
    frame = frame[frame["bid"] > 0.0]
    chain = read(frame, "european")
    names = stale(chain)
    assert len(names) <= 5

    def pairs(kept: pd.DataFrame) -> int:
        count = 0
        for a in kept.itertuples():
            for b in kept.itertuples():
                if a.flag == b.flag and a.strike != b.strike:
                    deeper = (a.strike > b.strike) == (a.flag == "p")
                    cash = abs(a.strike - b.strike) * np.exp(-0.16) if deeper else 0.0
                    count += a.bid > b.ask + cash + 0.002 * 100.0 + 1e-9
        return count

    assert pairs(chain.quotes) == 0
    assert (pairs(frame) > 0) == bool(names)


def test_stale_quotes_of_a_recorded_file_are_listed(shared_data: Path) -> None:
    """A vendor's end of day: a bid of 2,634 for a put that is worth 1,337, among others of the same kind."""
    chain = read_chain(shared_data / "found" / "spx_eod_20241111.csv.gz", asset="SPX")
    found = chain.rejected[chain.rejected["reason"] == REASON]
    assert "SPX-17JAN25-7400-P" in set(found["symbol"])
    assert len(found) < 0.03 * len(chain.quotes)


@pytest.mark.parametrize("stamp", ["20260111T091434Z", "20260206T043012Z", "20260511T121945Z"])
@pytest.mark.parametrize("asset", ["BTC", "ETH"])
def test_quotes_of_an_exchange_are_kept(shared_data: Path, stamp: str, asset: str) -> None:
    chain = read_chain(shared_data / "chains" / f"deribit_full_{stamp}.csv.gz", asset=asset)
    assert REASON not in set(chain.rejected["reason"])
