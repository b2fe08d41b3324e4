from __future__ import annotations

import math

import numpy as np
import pytest

from hedging import Book, Holding, InputError, Market, OptionChain, overlays
from hedging.market.contracts import Option
from hedging.overlays import Overlay
from hedging.paths.paths import grid

BOOK = Book(Holding.spot("BTC", 25.0, entry=88_000.0))


def strikes(overlay: Overlay) -> list[float]:
    return [leg.instrument.strike for leg in overlay.legs if isinstance(leg.instrument, Option)]


def at_expiry(overlay: Overlay, market: Market, prices: np.ndarray) -> np.ndarray:
    """P&L at expiry from the payoff formulas alone: coins left, plus intrinsic values, minus today's value."""
    coins, payoff = 25.0, np.zeros_like(prices)
    for leg in overlay.legs:
        assert isinstance(leg.instrument, Option)
        sign = 1.0 if leg.instrument.flag == "c" else -1.0
        payoff += leg.quantity * np.maximum(sign * (prices - leg.instrument.strike), 0.0)
        coins -= (leg.quantity * leg.price + abs(leg.quantity) * leg.fee) / market.spot
    return coins * prices + payoff - 25.0 * market.spot


@pytest.mark.parametrize(
    ("make", "sides", "flags"),
    [
        (overlays.protective_put, ["buy"], ["p"]),
        (overlays.covered_call, ["sell"], ["c"]),
        (overlays.put_spread, ["buy", "sell"], ["p", "p"]),
        (overlays.collar, ["buy", "sell"], ["p", "c"]),
        (overlays.zero_cost_collar, ["buy", "sell"], ["p", "c"]),
        (overlays.put_spread_collar, ["buy", "sell", "sell"], ["p", "p", "c"]),
    ],
)
def test_structure_lots_and_prices(make, sides, flags, sample: OptionChain) -> None:  # type: ignore[no-untyped-def]
    overlay = make(BOOK, sample)
    assert [leg.side for leg in overlay.legs] == sides
    assert [leg.instrument.flag for leg in overlay.legs] == flags
    assert len({leg.instrument.expiry for leg in overlay.legs}) == 1
    for leg in overlay.legs:
        row = sample.row(leg.instrument.symbol)
        assert leg.price == row["ask" if leg.quantity > 0 else "bid"]
        lots = abs(leg.quantity) / sample.terms.lot
        assert lots == pytest.approx(round(lots))
        assert abs(leg.quantity) <= 25.0


def test_delta_picks_the_nearest_quoted_option(sample: OptionChain) -> None:
    leg = overlays.protective_put(BOOK, sample, delta=0.2, days=(20, 30)).legs[0]
    quotes = sample.quotes.assign(delta=sample.greeks(("delta",))["delta"].abs())
    same = quotes[
        (quotes["flag"] == "p") & (quotes["expiry"] == leg.instrument.expiry) & quotes["ask"].notna()  # type: ignore[union-attr]
    ]
    assert same.loc[(same["delta"] - 0.2).abs().idxmin(), "symbol"] == leg.instrument.symbol


def test_strike_overrides_delta_and_takes_the_nearest(sample: OptionChain) -> None:
    assert strikes(overlays.protective_put(BOOK, sample, strike=60_400)) == [60_000.0]
    with pytest.raises(InputError, match="quotes a put to buy at strike 30,000 within 5%: the nearest is"):
        overlays.protective_put(BOOK, sample, strike=30_000)


def test_coverage_rounds_down_to_whole_lots(sample: OptionChain) -> None:
    assert overlays.protective_put(BOOK, sample, coverage=0.29).legs[0].quantity == pytest.approx(7.2)
    small = Book(Holding.spot("BTC", 0.29))
    assert overlays.protective_put(small, sample).legs[0].quantity == pytest.approx(0.2)
    with pytest.raises(InputError, match=r"less than one lot of 0\.1 BTC"):
        overlays.protective_put(small, sample, coverage=0.3)


def test_zero_cost_collar_is_the_highest_call_that_pays(sample: OptionChain) -> None:
    put, call = overlays.zero_cost_collar(BOOK, sample).legs
    assert call.price - call.fee >= put.price + put.fee
    option = call.instrument
    assert isinstance(option, Option)
    quotes = sample.quotes
    higher = quotes[
        (quotes["flag"] == "c")
        & (quotes["expiry"] == option.expiry)
        & (quotes["strike"] > option.strike)
        & quotes["bid"].notna()
    ]
    assert len(higher), "the sample lists calls beyond"
    fees = sample.terms.fee.per_unit(higher["bid"], sample.spot)
    assert (higher["bid"] - fees < put.price + put.fee).all()


def test_zero_cost_collar_without_a_paying_call_says_so(sample: OptionChain) -> None:
    with pytest.raises(InputError, match="has a bid that pays its ask and fees"):
        overlays.zero_cost_collar(BOOK, sample, put_strike=88_000, days=(20, 30))


@pytest.mark.parametrize("make", [overlays.collar, overlays.put_spread_collar, overlays.covered_call])
def test_no_overlay_is_short_a_rally(make, sample: OptionChain, market: Market) -> None:  # type: ignore[no-untyped-def]
    hedged = BOOK + make(BOOK, sample)
    far = grid([1e4, 2e4], days=[60.0])
    value = hedged.values(market, far)[:, 0].sum(axis=1)
    assert value[1] >= value[0]


def test_floor_cap_and_breakeven_are_those_of_the_payoff(sample: OptionChain, market: Market) -> None:
    made = [
        overlays.protective_put(BOOK, sample),
        overlays.collar(BOOK, sample),
        overlays.put_spread(BOOK, sample),
    ]
    table = overlays.compare(BOOK, market, made)
    prices = np.concatenate(([0.0], np.linspace(100.0, 400_000.0, 400_000)))
    for overlay in made:
        pnl = at_expiry(overlay, market, prices)
        row = table.loc[overlay.name]
        assert row["floor"] == pytest.approx(pnl.min() / (25 * market.spot), abs=1e-5)
        if math.isinf(row["cap"]):
            assert pnl[-1] - pnl[-2] > 0
        else:
            # Upside sold against the last coin: what is left of the slope is less than one lot.
            assert row["cap"] == pytest.approx(pnl[prices <= 1e5].max() / (25 * market.spot), abs=2e-3)
        crossing = prices[np.flatnonzero(np.diff(np.sign(pnl)))]
        nearest = crossing[np.abs(crossing - market.spot).argmin()]
        assert row["breakeven"] == pytest.approx(nearest, abs=2.0)


def test_greeks_before_and_after_are_the_books(sample: OptionChain, market: Market) -> None:
    overlay = overlays.protective_put(BOOK, sample)
    table = overlays.compare(BOOK, market, [overlay])
    after = (BOOK + overlay).exposure(market)
    assert table.loc["no hedge", "delta"] == 25.0
    assert table.loc["protective put", "delta"] == after.delta
    assert table.loc["protective put", "carry_day"] == after.theta
    assert after.theta < 0


def test_standard_overlays_all_stand_side_by_side(market: Market) -> None:
    table = overlays.compare(BOOK, market)
    assert list(table.index) == [
        "no hedge",
        "protective put",
        "put spread",
        "collar",
        "zero-cost collar",
        "put-spread collar",
        "covered call",
        "backspread",
        "seagull",
        "calendar",
        "diagonal",
        "short perpetual",
    ]
    assert np.isfinite(table[["execution", "premium", "delta", "vega", "theta"]]).all().all()


def test_short_perpetual_takes_the_delta_to_less_than_a_lot(sample: OptionChain, market: Market) -> None:
    overlay = overlays.short_perpetual(BOOK, sample)
    # 25 coins less 0.05 % of fee cover 25 / 1.0005 = 24.9875 coins, in lots of 0.001.
    assert overlay.legs[0].quantity == -24.987
    assert 0.0 <= (BOOK + overlay).exposure(market).delta < 0.001
    assert overlay.cost.execution == pytest.approx(24.987 * (7.0 + 0.0005 * 69_993.0), rel=1e-12)
    assert overlays.short_perpetual(BOOK, sample, coverage=0.5, lot=0.1).legs[0].quantity == -12.5
    with pytest.raises(InputError, match=r"less than one lot of 0\.001 BTC"):
        overlays.short_perpetual(Book(Holding.spot("BTC", 5e-4)), sample)
    for coverage in (0.0, -1.0):
        with pytest.raises(InputError, match="coverage must be a number > 0"):
            overlays.short_perpetual(BOOK, sample, coverage=coverage)


def test_upside_is_the_coins_left_above_all_strikes(sample: OptionChain, market: Market) -> None:
    call, put = overlays.covered_call(BOOK, sample), overlays.protective_put(BOOK, sample)
    table = overlays.compare(BOOK, market, [call, put])
    assert table.loc["no hedge", "upside"] == pytest.approx(25.0)
    for overlay in (call, put):
        leg = overlay.legs[0]
        coins = 25.0 - (leg.quantity * leg.price + abs(leg.quantity) * leg.fee) / market.spot
        left = coins + min(leg.quantity, 0.0)
        assert table.loc[overlay.name, "upside"] == pytest.approx(left, rel=1e-9)


def test_shares_of_a_perpetual_are_of_its_notional(sample: OptionChain, market: Market) -> None:
    spot = overlays.compare(BOOK, market, [overlays.protective_put(BOOK, sample)])
    held = Book(Holding.perpetual("BTC", 25.0, 69_999.0))
    table = overlays.compare(held, market, [overlays.protective_put(held, sample)])
    # The same gains and losses, whatever the entry price.
    assert table["floor"].tolist() == pytest.approx(spot["floor"].tolist())


def test_the_table_says_what_is_unbounded_or_missing(market: Market) -> None:
    lines = [line.split() for line in repr(overlays.compare(BOOK, market)).splitlines()]
    alone = next(line for line in lines if line[:2] == ["no", "hedge"] and "unbounded" in line)
    assert alone[3:5] == ["-100.0%", "unbounded"]
    assert alone[-1] == "70,000"
    short = next(line for line in lines if line[:2] == ["short", "perpetual"] and len(line) == 9)
    assert short[-1] == "-"


def test_an_overlay_prints_its_prices_as_quoted(sample: OptionChain) -> None:
    overlay = overlays.protective_put(BOOK, sample)
    leg = overlay.legs[0]
    quoted = sample.row(leg.instrument.symbol)["ask_quoted"]
    assert f"{leg.instrument.symbol}  {quoted:.4f} BTC = {quoted * 70_000:,.2f}" in repr(overlay)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"days": (200, 300)}, r"no expiry lies between 200 and 300 days; the chain has 0\.8,"),
        ({"days": (45, 20)}, "must be a window"),
        ({"coverage": 0.0}, "coverage must be a number > 0"),
        ({"coverage": math.nan}, "coverage must be a number > 0"),
        ({"delta": 1.5}, "a delta between 0 and 1"),
        ({"strike": -5.0}, "strike must be > 0"),
    ],
)
def test_bad_requests_are_named(arguments: dict[str, object], message: str, sample: OptionChain) -> None:
    with pytest.raises(InputError, match=message):
        overlays.protective_put(BOOK, sample, **arguments)  # type: ignore[arg-type]


def test_selling_more_calls_than_coins_is_refused(sample: OptionChain) -> None:
    with pytest.raises(InputError, match="coverage must be at most 1"):
        overlays.collar(BOOK, sample, coverage=1.5)


def test_a_short_book_has_nothing_to_protect(sample: OptionChain) -> None:
    with pytest.raises(InputError, match="protect a long position; the book holds -3 BTC"):
        overlays.protective_put(Book(Holding.perpetual("BTC", -3.0, 70_000.0)), sample)
