"""Dividends given to a chain, held against finite differences with cash dividends and against the quotes' own marks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases.stocks import AS_OF, RATE, SPOT, american_chain

from hedging import greeks
from hedging.book.pricer import Pricer
from hedging.book.unit_greeks import unit_greeks
from hedging.market import Market
from hedging.market.by_exercise import option_greeks
from hedging.market.ex_dates import APART, ex_dates_of, exercises
from hedging.paths.paths import along
from hedging.paths.reactions import STILL

STRIKES = np.array([70.0, 80, 90, 100, 110, 120, 140] * 2)
FLAGS = np.array(["c"] * 7 + ["p"] * 7)


def with_dividends(days: float, paid: list[tuple[float, float]], vol: float) -> tuple[np.ndarray, ...]:
    """Values by shares of spot, by cash and finite differences, and European ones."""
    T, left, rows = days / 365, SPOT, []
    for day, amount in paid:
        worth = amount * np.exp(-RATE * day / 365)
        rows.append((day / 365, np.log1p(-worth / left)))
        left -= worth
    q = -sum(kept for _, kept in rows) / T
    mine = option_greeks(True, FLAGS, SPOT, STRIKES, T, RATE, vol, q, ("price",), np.array(rows))["price"]
    cash = [(day / 365, amount) for day, amount in paid]
    true = greeks.american_price(FLAGS, SPOT, STRIKES, T, RATE, vol, dividends=cash)
    return mine, np.asarray(true), np.asarray(greeks.price(FLAGS, SPOT, STRIKES, T, RATE, vol, q))


@pytest.mark.parametrize("vol", [0.15, 0.3])
@pytest.mark.parametrize(
    ("days", "paid"), [(30, [(1, 0.4)]), (30, [(28, 0.4)]), (120, [(10, 0.4), (101, 0.4)])]
)
def test_within_a_part_of_the_dividend(days: float, paid: list[tuple[float, float]], vol: float) -> None:
    mine, true, european = with_dividends(days, paid, vol)
    assert np.abs(mine - true).max() < 0.4 * sum(amount for _, amount in paid)
    assert np.abs(mine - true).max() < 0.6 * np.abs(european - true).max()


@pytest.mark.parametrize(
    ("time", "first", "amount", "rate", "vol"),
    [(1.0, 0.217, 0.2, 0.06, 0.6), (1.5, 0.154, 1.0, 0.045, 0.6), (0.5, 0.027, 0.4, 0.045, 0.35), (0.05, 0.04, 0.2, 0.06, 0.6)],
)  # fmt: skip
def test_as_far_from_cash_as_is_told(
    time: float, first: float, amount: float, rate: float, vol: float
) -> None:
    """The worst that a search over 120 terms found: within what chains note, which is no more than is needed."""
    ex = np.arange(first, time, 0.25)
    left = SPOT - np.cumsum(amount * np.exp(-rate * ex))
    kept = np.log(left / np.array([SPOT, *left[:-1]]))
    strikes = SPOT * np.exp(np.tile(np.linspace(-2, 2, 7), 2) * vol * np.sqrt(time))
    terms = (FLAGS, SPOT, strikes, time, rate, vol)
    mine = option_greeks(True, *terms, -kept.sum() / time, ("price",), np.column_stack([ex, kept]))["price"]
    cash = greeks.american_price(*terms, dividends=[(day, amount) for day in ex.tolist()])
    assert 0.45 * amount < np.abs(mine - cash).max() < APART * amount


def test_deep_in_the_money_before_an_ex_date_it_is_exercised_on_the_right_day() -> None:
    """A call the evening before, a put the morning after: by hand."""
    mine, *_ = with_dividends(30, [(1, 0.4)], 0.15)
    assert mine[0] == pytest.approx(SPOT - 70.0 * np.exp(-RATE / 365), abs=1e-6)
    after = SPOT - 0.4 * np.exp(-RATE / 365)
    assert mine[-1] == pytest.approx(140.0 * np.exp(-RATE / 365) - after, abs=1e-6)


def test_carry_to_an_ex_date_lacks_what_was_paid_by_then() -> None:
    ex = np.array([(0.1, -0.01), (0.3, -0.02), (0.9, -0.5)])
    found = {
        (when, bool(options[0])): carry
        for options, when, carry in exercises(
            np.array([1.0, -1.0]), np.array([0.5, 0.5]), np.array([0.0, 0.0]), ex
        )
    }
    smooth = 0.03 / 0.5
    assert found[0.3, True][0] == pytest.approx(smooth - 0.01 / 0.3)
    assert found[0.3, False][1] == pytest.approx(smooth - 0.03 / 0.3)
    assert all(when < 0.5 for when, _ in found)


def test_today_legs_are_their_marks_and_greeks_their_slopes() -> None:
    chain = replace(american_chain(), dividends={"2026-03-01": 0.3, "2026-05-20": 0.3}).with_vols_of_marks()
    market = Market.of(chain)
    assert len(chain.ex_dates) == 2
    known = chain.quotes[chain.quotes["mark_vol"].notna() & chain.quotes["bid"].notna()]
    items = [chain.option(symbol) for symbol in known["symbol"]]
    pricer = Pricer.of(items, [None] * len(items), market)
    moves = np.log([0.999, 1.0, 1.001])[:, None]
    found = pricer.values(along([0.0], moves, reaction=STILL, averaged=False))[:, 0]
    assert found[1] == pytest.approx(known["mark"].to_numpy(), abs=2e-5)
    got = unit_greeks(items, [None] * len(items), market)
    assert got["price"] == pytest.approx(known["mark"].to_numpy(), abs=1e-6)
    assert (np.abs(got["delta"]) <= 1.0 + 1e-9).all()


def test_what_is_past_is_no_ex_date() -> None:
    chain = american_chain()
    days = {"2026-01-05": 0.5, "2026-02-06": 0.5, "2026-02-20": 0.5}
    found = ex_dates_of(days, chain.quotes, AS_OF, SPOT)
    assert len(found) == 1
    assert found[0, 1] == pytest.approx(np.log1p(-0.5 * np.exp(-RATE * found[0, 0]) / SPOT))
