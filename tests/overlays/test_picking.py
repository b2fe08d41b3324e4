"""Which options an overlay takes, and which it refuses by name."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hedging import Book, Holding, InputError, OptionChain, overlays, read_book, read_chain
from hedging.market import stub_quotes
from hedging.market.contracts import Option
from hedging.overlays import Overlay, Tolerance

BOOK = Book(Holding.spot("BTC", 25.0, entry=88_000.0))


@pytest.fixture(scope="module")
def cases(shared_data: Path) -> Path:
    return shared_data.parent / "cases"


def strikes(overlay: Overlay) -> list[float]:
    return [leg.instrument.strike for leg in overlay.legs if isinstance(leg.instrument, Option)]


def requote(chain: OptionChain, symbol: str, **columns: float) -> OptionChain:
    """The chain with some numbers of one quote changed."""
    quotes = chain.quotes.copy()
    for name, value in columns.items():
        quotes.loc[quotes["symbol"] == symbol, name] = value
    return replace(chain, quotes=quotes)


def test_rows_without_a_vol_are_never_taken(cases: Path) -> None:
    book, chain = read_book(cases / "spx.toml"), read_chain(cases / "no_vol_row.csv")
    assert chain.quotes.loc[chain.quotes["strike"] == 1200, "mark_vol"].isna().all()
    assert strikes(overlays.protective_put(book, chain)) == [4_900.0]
    # 0.219 delta; the 5150 has 0.287, the 5250 0.161.
    assert strikes(overlays.covered_call(book, chain)) == [5_200.0]
    made = overlays.standard(book, chain)
    assert {"protective put", "covered call", "collar"} <= {overlay.name for overlay in made}
    assert all(strike >= 4_000.0 for overlay in made for strike in strikes(overlay))


def test_recorded_spx_overlays_lie_where_their_deltas_do(shared_data: Path) -> None:
    chain = read_chain(shared_data / "chains" / "cboe_spx_20220610.csv.gz")
    book = Book(Holding.spot("SPX", 1_000.0))
    delta = chain.greeks(("delta",))["delta"].abs().set_axis(chain.quotes["symbol"])
    put, call = overlays.protective_put(book, chain), overlays.covered_call(book, chain)
    assert delta[put.legs[0].instrument.symbol] == pytest.approx(0.30, abs=0.10)
    assert delta[call.legs[0].instrument.symbol] == pytest.approx(0.20, abs=0.10)
    assert 0.8 * chain.spot < strikes(put)[0] < chain.spot < strikes(call)[0] < 1.2 * chain.spot
    assert strikes(call)[0] > chain.spot


def test_a_stub_bid_is_named_and_sold_by_no_overlay(cases: Path) -> None:
    chain = read_chain(cases / "stub_bid_summary.json")
    listed = stub_quotes(chain)
    bids = listed[listed["side"] == "bid"]
    assert bids["symbol"].tolist() == ["BTC-2MAR26-40000-C"]
    assert bids["distance"].tolist() == pytest.approx([1 - 0.005 / 0.428572], rel=1e-6)
    stub = r"BTC-2MAR26-40000-C has a bid of 350, 99% off its mark of 30,000"
    with pytest.raises(InputError, match=stub):
        overlays.covered_call(BOOK, chain)
    with pytest.raises(InputError, match=stub):
        overlays.collar(BOOK, requote(chain, "BTC-2MAR26-65000-P", ask=1_820.0), put_strike=65_000.0)
    with pytest.raises(
        InputError, match=r"quotes a put to buy at delta 0\.25 within 0\.1: no put has both ask and vol"
    ):
        overlays.zero_cost_collar(BOOK, chain)
    # Were there a put, no call would pay for it, whatever the stub gives.
    put = "BTC-2MAR26-60000-P"
    with pytest.raises(InputError, match="no quoted call above BTC-2MAR26-60000-P has a bid that pays"):
        overlays.zero_cost_collar(BOOK, requote(chain, put, ask=640.0), put_strike=60_000.0)
    with pytest.raises(InputError, match="no put has both ask and vol"):
        overlays.standard(BOOK, chain)
    made = overlays.standard(BOOK, requote(chain, put, ask=640.0), put_strike=60_000.0)
    assert [overlay.name for overlay in made] == ["protective put", "short perpetual"]
    assert {"covered call", "collar", "zero-cost collar"} <= set(made.refused)
    assert all("40000" not in leg.instrument.symbol for overlay in made for leg in overlay.legs)
    assert "no covered call: " in repr(made)


def test_a_stub_is_traded_by_its_strike_with_consent_alone(cases: Path) -> None:
    chain = read_chain(cases / "stub_bid_summary.json")
    with pytest.raises(InputError, match="99% off its mark"):
        overlays.covered_call(BOOK, chain, strike=40_000)
    consent = Tolerance(off_mark=math.inf)
    assert strikes(overlays.covered_call(BOOK, chain, strike=40_000, tolerance=consent)) == [40_000.0]
    with pytest.raises(
        InputError, match=r"within 0\.1: the nearest is BTC-2MAR26-40000-C, strike 40,000, delta"
    ):
        overlays.covered_call(BOOK, chain, tolerance=consent)


def test_a_stub_near_the_delta_is_passed_over_and_said(sample: OptionChain) -> None:
    first = overlays.protective_put(BOOK, sample).legs[0].instrument
    mark = float(sample.row(first.symbol)["mark"])
    # An ask of twice the mark; the neighbours are a little further from the delta.
    found = overlays.protective_put(BOOK, requote(sample, first.symbol, ask=2.0 * mark))
    assert found.legs[0].instrument.symbol != first.symbol
    assert found.legs[0].instrument.expiry == first.expiry  # type: ignore[union-attr]
    assert [remark.split(" has an ask")[0] for remark in found.remarks] == [first.symbol]
    assert "100% off its mark" in found.remarks[0]
    assert found.remarks[0] in repr(found)
    assert found.remarks[0] in found._repr_html_()
    # Too good is no more real than too bad.
    assert (
        overlays.protective_put(BOOK, requote(sample, first.symbol, ask=0.4 * mark)).legs[0].instrument
        != first
    )


def test_two_ticks_from_the_mark_make_no_stub(sample: OptionChain) -> None:
    cheap = sample.quotes[(sample.quotes["mark_quoted"] < 0.0004) & sample.quotes["ask"].notna()].iloc[0]
    tick = sample.terms.tick_at(cheap["mark_quoted"]) * sample.spot
    assert 2 * tick > 0.25 * cheap["mark"]
    for ticks, stub in ((2.0, False), (3.0, True)):
        quoted = requote(sample, cheap["symbol"], ask=cheap["mark"] + ticks * tick)
        rows = stub_quotes(quoted)
        assert (((rows["symbol"] == cheap["symbol"]) & (rows["side"] == "ask")).any()) == stub, ticks


def test_zero_cost_collar_sells_no_stub(sample: OptionChain) -> None:
    plain = overlays.zero_cost_collar(BOOK, sample)
    call = plain.legs[1].instrument
    assert isinstance(call, Option)
    higher = sample.quotes[
        (sample.quotes["flag"] == "c")
        & (sample.quotes["expiry"] == call.expiry)
        & (sample.quotes["strike"] > call.strike)
    ]
    symbol = str(higher["symbol"].iloc[-1])
    odd = overlays.zero_cost_collar(BOOK, requote(sample, symbol, bid=5_000.0, ask=5_100.0))
    assert odd.legs == plain.legs
    assert any(remark.startswith(f"{symbol} has a bid of 5,000") for remark in odd.remarks)


def test_delta_without_an_option_near_it_names_the_nearest(sample: OptionChain) -> None:
    near = sample.quotes[(sample.quotes["flag"] == "c")].assign(delta=sample.greeks(("delta",))["delta"])
    cut = sample.quotes.drop(near.index[near["delta"].between(0.05, 0.5)]).reset_index(drop=True)
    gap = replace(sample, quotes=cut)
    with pytest.raises(
        InputError, match=r"call to sell at delta 0\.2 within 0\.1: the nearest is BTC-\w+-\d+-C"
    ):
        overlays.covered_call(BOOK, gap)
    wide = overlays.covered_call(BOOK, gap, tolerance=Tolerance(delta=0.35)).legs[0].instrument.symbol
    assert not 0.05 <= float(gap.greeks(("delta",))["delta"][gap.quotes["symbol"] == wide].iloc[0]) <= 0.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"delta": 0.0}, "tolerance of delta must be a number > 0; got 0"),
        ({"strike": math.nan}, "tolerance of strike must be a number > 0; got nan"),
        ({"off_mark": -1.0}, "tolerance of off_mark"),
        ({"off_mark": "none"}, "tolerance of off_mark"),
    ],
)
def test_impossible_tolerances_are_refused(arguments: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Tolerance(**arguments)


def test_every_leg_of_every_overlay_lies_within_the_tolerances(sample: OptionChain) -> None:
    random = np.random.default_rng(3)
    delta = sample.greeks(("delta",))["delta"].abs().set_axis(sample.quotes["symbol"])
    checked = 0
    for _ in range(40):
        quotes = sample.quotes.copy()
        quotes.loc[random.random(len(quotes)) < 0.5, "bid"] = np.nan
        quotes.loc[random.random(len(quotes)) < 0.3, ["mark", "mark_vol"]] = np.nan
        far = random.random(len(quotes)) < 0.2
        quotes.loc[far, "bid"] *= 0.5
        quotes.loc[far, "ask"] *= 1.6
        thin = replace(sample, quotes=quotes)
        rows = quotes.set_index("symbol")
        try:
            put = overlays.protective_put(BOOK, thin, delta=0.3)
            call = overlays.covered_call(BOOK, thin, delta=0.2)
        except InputError:
            continue
        for overlay, wanted in ((put, 0.3), (call, 0.2)):
            row = rows.loc[overlay.legs[0].instrument.symbol]
            price = row["ask" if overlay is put else "bid"]
            assert abs(delta[row.name] - wanted) <= 0.10
            assert math.isfinite(row["mark_vol"])
            tick = sample.terms.tick_at(max(price, row["mark"]) / sample.spot) * sample.spot
            assert abs(price / row["mark"] - 1) <= 0.25 or abs(price - row["mark"]) <= 2.001 * tick
            checked += 1
    assert checked > 40
