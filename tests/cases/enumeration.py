"""The slow twin of the planner: every book of whole contracts, judged by `Book` alone, all at once."""

from __future__ import annotations

import itertools
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.stats import norm

from cases.planner import AS_OF, SPOT, small_chain
from hedging.book.book import Book, Holding
from hedging.book.legs import Leg, option_leg
from hedging.market.contracts import Option
from hedging.market.market import Market
from hedging.paths.paths import Paths
from hedging.planner import Effort, HedgePlan, Limits, Outcomes, PlanStatus, Target, View, plan
from hedging.planner.request.target import BANDS
from hedging.planner.result.infeasible import InfeasibleHedgeError
from hedging.risk.tails import expected_shortfall, value_at_risk

ROUNDING = 1e-9
MENU = [
    (flag, strike, day)
    for flag in "cp"
    for strike in (75.0, 85.0, 95.0, 105.0, 120.0)
    for day in (10, 30, 75)
]

EFFORT = Effort(gap=1e-6, time_limit=300.0, alternatives=False)


def random_chain(random: np.random.Generator, most: int = 4, terms=None, **kwargs):
    """Two to `most` options, the first near the money so that there is a vol to fit, three lots quoted of each."""
    count = int(random.integers(2, most + 1))
    first = [("p", 85.0, 30), ("c", 105.0, 30), ("p", 95.0, 75), ("p", 95.0, 30)][int(random.integers(4))]
    menu = [option for option in MENU if option != first]
    options = [first, *(menu[i] for i in random.choice(len(menu), count - 1, replace=False))]
    spreads = list(random.uniform(0.01, 0.1, len(options)))
    keywords = {"spreads": spreads, "sizes": [3.0] * len(options), "carry": 0.02} | kwargs
    return (
        small_chain(options, **keywords) if terms is None else small_chain(options, terms=terms, **keywords)
    )


def random_outcomes(random: np.random.Generator, count: int, days: float = 20.0) -> Outcomes:
    """Falls more than rises, vol up in falls, weights uneven half of the time."""
    move = np.clip(0.2 * random.standard_t(4, count) - 0.02, -1.5, 1.0)
    paths = Paths(
        np.array([days]),
        np.exp(move)[:, None],
        (0.2 * np.maximum(-move, 0.0))[:, None],
        tuple(f"outcome {i}" for i in range(count)),
    )
    return Outcomes(paths, random.uniform(0.5, 2.0, count) if random.random() < 0.5 else None)


def measure(name: str | tuple[float, float], book: Book, market: Market, target: Target) -> float:
    """One number of a book that a target may hold in a band, from its value and Greeks; the vega of a window of days."""
    if isinstance(name, tuple):
        dated = [held for held in book.holdings if isinstance(held.instrument, Option)]
        left = [(held.instrument.expiry - AS_OF) / pd.Timedelta(days=1) for held in dated]
        inside = [held for held, day in zip(dated, left, strict=True) if name[0] <= day <= name[1]]
        return sum(Book(held).exposure(market).vega for held in inside)
    greek, _, unit = name.partition("_")
    if target.delta_rule is not None and greek in ("delta", "gamma"):
        value = bumped(greek, book, market, target.delta_rule)
    elif name == "vega_weighted":
        dated = [held for held in book.holdings if isinstance(held.instrument, Option)]
        left = [(held.instrument.expiry - AS_OF) / pd.Timedelta(days=1) for held in dated]
        vegas = [Book(held).exposure(market).vega for held in dated]
        return sum(v * (target.reference_days / d) ** 0.5 for v, d in zip(vegas, left, strict=True))
    else:
        value = float(getattr(book.exposure(market), greek))
    # 1 % of spot is 1.00, and delta in money per 1.00 of it
    return (
        value * {"": 1.0, "value": SPOT if greek == "delta" else SPOT * 0.01 * SPOT, "coin": 1 / SPOT}[unit]
    )


def bumped(greek: str, book: Book, market: Market, rule: float, step: float = 1e-3) -> float:
    """Delta or gamma by revaluing the book with spot moved and the surface sliding by a rule."""
    spot = 1.0 + step * np.array([-1.0, 0.0, 1.0])
    paths = Paths(np.zeros(1), spot[:, None], np.zeros((3, 1)), ("down", "now", "up"), stickiness=rule)
    down, now, up = gains(book, market, paths)[:, 0]
    move = step * market.spot
    return float((up - down) / (2.0 * move) if greek == "delta" else (up - 2.0 * now + down) / move**2)


def gains(book: Book, market: Market, paths: Paths) -> np.ndarray:
    """Value at every node, shape (scenarios, dates)."""
    return book.values(market, paths).sum(axis=2) + book.cash


def cheapest(*asked: Any, **more: Any) -> float | None:
    """The least objective of all books of whole contracts, arguments as for `every_book`; None if none meets all limits."""
    _, objective = every_book(*asked, **more)
    least = float(objective.min())
    return least if np.isfinite(least) else None


def assert_proven(
    book: Book,
    chain,
    target: Target,
    limits: Limits,
    scenarios: Paths,
    most: int,
    *,
    share=0.0,
    judged=None,
    **more,
) -> HedgePlan | None:
    """The plan, which costs what the cheapest of all books does and is proven; None where neither finds any.

    `share` of the base is what rounding may cost; `judged` stands for the target where the slow twin reads it.
    """
    expected = cheapest(book, chain, judged or target, limits, scenarios, most, **more)
    ask = partial(plan, book, chain, target, limits, horizon=20.0, scenarios=scenarios, effort=EFFORT)
    if expected is None:
        with pytest.raises(InfeasibleHedgeError) as caught:
            ask(**more)
        assert caught.value.clashes
        assert str(target.least) not in caught.value.clashes
        return None
    found = ask(**more)
    rounding = share * found.base if share else 1e-7
    assert found.status is PlanStatus.OPTIMAL
    assert_allclose(found.objective, expected, rtol=2e-6, atol=rounding)
    assert found.bound <= expected + rounding
    return found


def every_book(
    book: Book,
    chain,
    target: Target,
    limits: Limits,
    scenarios: Paths,
    most: int,
    outcomes: Outcomes | None = None,
    view: View | None = None,
    horizon: float = 20.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Contracts of each option in every book, and its objective, infinite where it breaks a limit."""
    market = Market.of(chain)
    start, symbols = book.value(market), list(chain.quotes["symbol"])
    quantities = np.array(list(itertools.product(range(-most, most + 1), repeat=len(symbols))))
    quantities = quantities[np.count_nonzero(quantities, axis=1) <= limits.max_legs]
    sides = np.hstack((np.maximum(quantities, 0), np.maximum(-quantities, 0)))
    legs = [option_leg(chain, symbol, side * chain.terms.lot) for side in (1, -1) for symbol in symbols]
    ones = [Book() + [leg] for leg in legs]

    def total(of) -> np.ndarray:
        """The sum of something of one contract over every book, shape (books, ...)."""
        return np.tensordot(sides, np.array([of(one) for one in ones]), axes=1)

    cost = sides @ np.array([abs(leg.units) * (leg.half_spread + leg.fee) for leg in legs])
    premium = sides @ np.array([leg.units * leg.price for leg in legs])
    fine = _covered(book, chain, quantities, -total(lambda one: sum(_spot(held) for held in one.holdings)))
    fine &= limits.budget is None or premium <= limits.budget * start + ROUNDING
    fine &= limits.cost is None or cost <= limits.cost * start + ROUNDING
    penalty = np.zeros(len(quantities))

    def judge(price: float | None, missed: np.ndarray) -> None:
        """A miss breaks a limit, or costs its price per unit where there is one."""
        nonlocal fine, penalty
        if price is None:
            fine = fine & (missed <= ROUNDING)
        else:
            penalty = penalty + price * np.maximum(missed, 0.0)

    bands = {name: (target.band(name, market.asset), target.soft.get(name)) for name in BANDS}
    for (first, last), band in target.vega_by_days.items():
        own = target.soft.get(f"vega_by_days {first:g}-{last:g}", target.soft.get("vega_by_days"))
        bands[first, last] = (band, own)
    for name, (band, price) in bands.items():
        if band is None:
            continue
        low, high = band
        value = measure(name, book, market, target) + total(
            lambda one, n=name: measure(n, one, market, target)
        )
        below = -np.inf if low is None else low - value
        judge(price, np.maximum(below, -np.inf if high is None else value - high))
    pnl_at = gains(book, market, scenarios) - start + total(lambda one: gains(one, market, scenarios))
    worst = pnl_at.min(axis=(1, 2))
    percent = {name: 100.0 / start * price for name, price in target.soft.items()}  # of money missed
    if isinstance(target.floor, dict):
        for day, share in target.floor.items():
            then = pnl_at[:, :, list(scenarios.days).index(day)].min(axis=1)
            judge(percent.get("floor"), share * start - then)
    elif target.floor is not None:
        judge(percent.get("floor"), target.floor * start - worst)
    tail = np.zeros(len(quantities))
    if outcomes is not None:
        pnl = gains(book, market, outcomes.paths)[:, -1] - start
        each = pnl + total(lambda one: gains(one, market, outcomes.paths)[:, -1])
        if target.shortfall is not None or target.minimise == "shortfall":
            tail = np.array([expected_shortfall(row, target.level, outcomes.weights) for row in each])
        if target.shortfall is not None:
            judge(percent.get("shortfall"), target.shortfall * start + tail)
        if target.value_at_risk is not None:
            least = target.value_at_risk * start
            if "value_at_risk" in target.soft:
                losses = [value_at_risk(row, target.level, outcomes.weights) for row in each]
                judge(percent["value_at_risk"], least + np.array(losses))
            else:
                beyond = (each < least - ROUNDING) @ outcomes.probabilities
                fine &= beyond <= 1.0 - target.level + ROUNDING
    lost = {"cost": cost, "worst": np.maximum(-worst, 0.0), "shortfall": np.maximum(tail, 0.0)}
    if view is not None:
        gains_each = [view_gain(leg, chain, view.drift, view.vol, horizon) for leg in legs]
        cost -= sides @ np.array(gains_each)
    objective = lost[target.minimise] + (0.0 if target.minimise == "cost" else 1e-3 * cost)
    objective = objective + penalty + limits.price_per_leg * start * np.count_nonzero(quantities, axis=1)
    return quantities, np.where(fine, objective, np.inf)


def view_gain(leg: Leg, chain, drift: float, vol: float, horizon: float) -> float:
    """Expected gain of one order of an option, by the Black formula written out, from the quotes alone."""
    row, h = chain.row(leg.instrument.symbol), horizon / 365.0
    forward, own, time = float(row["forward"]), float(row["mark_vol"]), float(row["time_to_expiry"])
    carry, coin = np.log(forward / chain.spot) / time, chain.terms.settlement == "coin"
    discount = chain.spot / forward if coin else float(row["discount"])
    sign, strike, until = (1.0 if row["flag"] == "c" else -1.0), float(row["strike"]), min(time, h)

    def black(mean: float, variance: float) -> float:
        d1 = (np.log(mean / strike) + variance / 2.0) / variance**0.5
        d2 = d1 - variance**0.5
        return float(sign * (mean * norm.cdf(sign * d1) - strike * norm.cdf(sign * d2)))

    later = chain.spot * np.exp(drift * until + carry * (time - until))
    held = black(later, vol**2 * until + own**2 * (time - until))
    if coin:
        held *= np.exp((drift - carry) * (h - until))
    gain = leg.units * discount * (held - black(forward, own**2 * time))
    paid = leg.units * leg.price + abs(leg.units) * leg.fee
    # The carry to the horizon, as the market has it between its expiries.
    return gain - paid * np.expm1((drift - float(Market.of(chain).carry(h))) * h) if coin else gain


def _spot(held: Holding) -> float:
    return 0.0 if isinstance(held.instrument, Option) else held.units


def _covered(book: Book, chain, quantities: np.ndarray, paid: np.ndarray) -> np.ndarray:
    """Calls sold covered by coins left and longer calls, puts sold by longer puts: for books of spot alone."""
    q, coins_left = chain.quotes, sum(held.units for held in book.holdings) - paid
    units, strike = quantities * chain.terms.lot, q["strike"].to_numpy()
    fine = np.ones(len(quantities), dtype=bool)
    for expiry in q["expiry"].unique():
        alive = (q["expiry"] >= expiry).to_numpy()
        call, put = ((q["flag"] == flag).to_numpy() & alive for flag in "cp")
        fine &= coins_left + units[:, call].sum(axis=1) >= -ROUNDING
        fine &= units[:, put].sum(axis=1) >= -ROUNDING
        fine &= units[:, put] @ strike[put] >= -ROUNDING
    return fine
