"""What earned what: P&L between two real chains, Greek by Greek, leg by leg."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from hedging import greeks
from hedging._numerics.types import Array
from hedging.book.book import Book, Holding
from hedging.book.expired import DeliveryPrices, Settled, expiry_name, settle
from hedging.book.legs import Leg, Legs, legs_of
from hedging.book.linear import FUNDING_PERIODS_PER_DAY, notional
from hedging.book.pricer import unit_values
from hedging.book.saved import book_from
from hedging.book.unit_greeks import unit_greeks
from hedging.errors import InputError
from hedging.market.contracts import Future, Option, Perpetual
from hedging.market.market import Chains, Market, markets_of
from hedging.monitor.explanation import PARTS, Explanation, summed
from hedging.paths.paths import along
from hedging.planner.result.plan import HedgePlan
from hedging.prices.delivery import Deliveries
from hedging.units import VOL_POINT, days, utc, years

__all__ = ["explain", "explain_over"]


def explain(
    held: HedgePlan | Book,
    before: Chains,
    after: Chains,
    *,
    trades: Legs = (),
    settled: Mapping[str, float] | None = None,
    delivery: Deliveries | None = None,
    funding: Mapping[str, float] | None = None,
) -> Explanation:
    """P&L of a book between two chains, by what earned it.

    Each option moves by its Greeks at the first chain times the moves of spot, of its own mark vol and of time;
    the move of its forward against spot is revalued; what the second chain says beyond is unexplained. Both chains
    are real: nothing is modelled but the interpolation of what one of them does not list.

    Parameters
    ----------
    held : HedgePlan or Book
        A plan stands for its book with its orders; where `before` is the chain that it was made on, its orders are
        trades, so that their cost is told.
    before, after : OptionChain or Market, or several of them
        Of the same assets.
    trades : plan, overlay or legs
        Traded in between. What their price differs from the mark of `before` by is what the trade gained or cost.
    settled, delivery
        As for `hedging.audit`: at what expired options and futures settled.
    funding : mapping, optional
        What one unit long of a perpetual has paid in between, by asset; by default the rate that the earlier market
        shows, over the time and the mean price. [money]

    Returns
    -------
    Explanation
        In money, or in coins where the book is judged in a coin.

    Raises
    ------
    InputError
        If the chains are of different assets or not in the order of time, or a delivery price is missing.
    """
    start, end = markets_of(before), markets_of(after)
    _check_order(start, end)
    book, own = _book_of(held, start)
    legs = (*own, *legs_of(trades))
    prices = DeliveryPrices.of(settled, delivery, end)
    explained, _ = _step(book, legs, start, end, prices, funding or {})
    return explained


def explain_over(
    held: HedgePlan | Book,
    chains: Iterable[Chains],
    *,
    trades: Mapping[str | pd.Timestamp, Legs] | None = None,
    settled: Mapping[str, float] | None = None,
    delivery: Deliveries | None = None,
) -> Explanation:
    """P&L over many chains, explained from each to the next and added up; shorter steps explain more.

    Parameters
    ----------
    held : HedgePlan or Book
    chains : iterable of chains
        Ascending in time.
    trades : mapping, optional
        Legs by time: they count from the last chain at or before it.
    settled, delivery
        As for `explain`.

    Returns
    -------
    Explanation
        Of the whole, with those of its ``steps``.

    Raises
    ------
    InputError
        As `explain`; and if there are fewer than two chains, or trades before the first or after the last one.
    """
    each = [markets_of(chain) for chain in chains]
    if len(each) < 2:
        raise InputError(f"at least two chains are needed to explain what lies between; got {len(each)}.")
    for first, second in itertools.pairwise(each):
        _check_order(first, second)
    times = [min(market.as_of for market in markets.values()) for markets in each]
    at = _by_step(trades or {}, times)
    book, own = _book_of(held, each[0])
    at[0] = (*own, *at.get(0, ()))
    prices = DeliveryPrices.of(settled, delivery, each[0])
    steps, used = [], set()
    for number, (first, second) in enumerate(itertools.pairwise(each)):
        here = _given_here(prices, book + at.get(number, ()), second)
        used |= set(here.given)
        explained, book = _step(book, at.get(number, ()), first, second, here, {})
        steps.append(explained)
    unused = sorted(set(prices.given) - used)
    if unused:
        raise InputError(f"a delivery price of {', '.join(unused)} is given, but nothing held expired then.")
    return summed(steps)


def _given_here(prices: DeliveryPrices, book: Book, markets: Mapping[str, Market]) -> DeliveryPrices:
    """The prices with those given of what expires in one step alone."""
    names = {
        expiry_name(item.asset, item.expiry)
        for item in (held.instrument for held in book.holdings)
        if isinstance(item, Option | Future) and item.expiry <= markets[item.asset].as_of
    }
    return replace(prices, given={name: price for name, price in prices.given.items() if name in names})


def _by_step(
    trades: Mapping[str | pd.Timestamp, Legs], times: Sequence[pd.Timestamp]
) -> dict[int, tuple[Leg, ...]]:
    """Legs by the number of the chain they count from."""
    found: dict[int, tuple[Leg, ...]] = {}
    for when, legs in trades.items():
        time = utc(when, "the time of a trade")
        if not times[0] <= time < times[-1]:
            raise InputError(
                f"a trade at {time} lies outside the chains, from {times[0]} to before {times[-1]}."
            )
        number = int(pd.DatetimeIndex(list(times)).searchsorted(time, side="right")) - 1
        found[number] = (*found.get(number, ()), *legs_of(legs))
    return found


def _check_order(start: Mapping[str, Market], end: Mapping[str, Market]) -> None:
    if set(start) != set(end):
        raise InputError(
            f"both chains must be of the same assets; got {' and '.join(start)} before and {' and '.join(end)} after."
        )
    for asset, market in start.items():
        if not market.as_of < end[asset].as_of:
            raise InputError(
                f"the chains of {asset} must ascend in time; {end[asset].as_of} comes after {market.as_of}."
            )


def _book_of(held: HedgePlan | Book, start: Mapping[str, Market]) -> tuple[Book, tuple[Leg, ...]]:
    """The book before the first chain, and the orders traded on it."""
    if isinstance(held, Book):
        return held, ()
    if not isinstance(held, HedgePlan):
        raise InputError(f"a plan or a book is explained; got {type(held).__name__}.")
    book = book_from(held.inputs["book"])
    made = held.as_of
    first = min(market.as_of for market in start.values())
    if first < made:
        raise InputError(
            f"the chain of {first} is older than the plan of {made}; explain its book before that."
        )
    return (book, held.legs) if first == made else (book + held, ())


# --- one step ---------------------------------------------------------------------------------------


def _step(
    book: Book,
    legs: Sequence[Leg],
    start: Mapping[str, Market],
    end: Mapping[str, Market],
    prices: DeliveryPrices,
    funding: Mapping[str, float],
) -> tuple[Explanation, Book]:
    """What earned what between two chains, and the book at the second one."""
    traded = book + legs
    traded.check_assets(*start.values())
    after, payments = settle(traded, end, prices, {asset: market.spot for asset, market in start.items()})
    paid = {each.holding: each for each in payments}
    worth = _numeraire(book, start, end)
    rows: list[tuple[str, pd.Timestamp | None, Array]] = []
    for asset, market in start.items():
        holdings = traded.of(asset)
        rows += _held(holdings, market, end[asset], paid, funding.get(asset), worth, book.numeraire == asset)
    rows += [(leg.instrument.symbol, _expiry(leg.instrument), _traded(leg, start, worth[0])) for leg in legs]
    if book.numeraire in start:
        rows.append(("cash", None, _moved(traded.cash, worth)))
    after = _funded(after, traded, start, end, funding)
    total = after.value(*end.values()) / worth[1] - book.value(*start.values()) / worth[0]
    first = next(iter(start.values()))
    found = Explanation.of(
        rows,
        total=total,
        start=min(market.as_of for market in start.values()),
        end=max(market.as_of for market in end.values()),
        unit=book.numeraire if book.numeraire in start else first.currency,
        settled=payments,
        spots={asset: (market.spot, end[asset].spot) for asset, market in start.items()},
    )
    return found, after


def _numeraire(book: Book, start: Mapping[str, Market], end: Mapping[str, Market]) -> tuple[float, float]:
    """What one unit of the numeraire is worth before and after. [money]"""
    if book.numeraire in start:
        return start[book.numeraire].spot, end[book.numeraire].spot
    return 1.0, 1.0


def _traded(leg: Leg, start: Mapping[str, Market], worth: float) -> Array:
    """What a trade gained against the mark of the first chain, and its fee."""
    market = start[leg.instrument.asset]
    whole = (Book() + [leg]).value(market)
    # Coins that were paid are worth the first chain's spot there.
    fee = abs(leg.units) * leg.fee * (market.spot / leg.spot if leg.pays_coin else 1.0)
    return _row(trades=(whole + fee) / worth, fees=-fee / worth)


def _moved(value: float, worth: tuple[float, float]) -> Array:
    """What a value gains because the coin that it is counted in moves."""
    return _row(numeraire=value / worth[1] - value / worth[0])


def _held(
    holdings: Sequence[Holding],
    start: Market,
    end: Market,
    paid: Mapping[Holding, Settled],
    funding: float | None,
    worth: tuple[float, float],
    own_coin: bool,
) -> list[tuple[str, pd.Timestamp | None, Array]]:
    """What each holding of one asset gained from one chain to the next."""
    each = unit_greeks([h.instrument for h in holdings], [h.entry for h in holdings], start)
    rows = []
    for number, held in enumerate(holdings):
        unit = {name: float(values[number]) for name, values in each.items()}
        gone = paid.get(held)
        stop = start.as_of if gone is None else gone.expiry
        spot = end.spot if gone is None else gone.price
        elapsed = days(start.as_of, end.as_of if gone is None else stop)
        parts = _by_greek(held, unit, start, None if gone is not None else end, spot, elapsed, own_coin)
        if gone is not None:
            final, later = gone.value, gone.coins * end.spot + gone.money
        else:
            final = later = held.units * _value_now(held, end)
        scale = (spot if own_coin else 1.0), (start.spot if own_coin else 1.0)
        lived = final / scale[0] - held.units * unit["price"] / scale[1]
        row = _row(**{name: held.units * value for name, value in parts.items()})
        row[PARTS.index("unexplained")] = lived - row.sum()
        row[PARTS.index("settlements")] = later / (end.spot if own_coin else 1.0) - final / scale[0]
        if not own_coin:
            row = row / worth[1] + _moved(held.units * unit["price"], worth)
        if isinstance(held.instrument, Perpetual):
            row += _row(funding=_funding(held, start, end, funding) / worth[1])
        rows.append((held.instrument.symbol, _expiry(held.instrument), row))
    return rows


def _by_greek(
    held: Holding,
    unit: Mapping[str, float],
    start: Market,
    end: Market | None,
    spot: float,
    elapsed: float,
    own_coin: bool,
) -> dict[str, float]:
    """What each Greek explains of one unit, in money or in its own coin; `end` is None for what has expired."""
    g = _in_coin(unit, start.spot) if own_coin else dict(unit)
    item, ds, dv, basis = held.instrument, spot - start.spot, 0.0, 0.0
    if end is not None and isinstance(item, Option):
        then, now = start.table([item]), end.table([item])
        dv = float(now.vol[0] - then.vol[0]) / VOL_POINT
        basis = _carried(item, start, float(now.carry[0]), float(now.rate[0])) - _carried(
            item, start, float(then.carry[0]), float(then.rate[0])
        )
    elif end is not None and isinstance(item, Future):
        basis = _future_basis(held, start, end)
    return {
        "delta": g["delta"] * ds,
        "gamma": 0.5 * g["gamma"] * ds**2,
        "vega": g["vega"] * dv,
        "vanna": g["vanna"] * ds * dv,
        "volga": 0.5 * g["volga"] * dv**2,
        "theta": g["theta"] * elapsed,
        "charm": g["charm"] * ds * elapsed,
        "basis": basis / (start.spot if own_coin else 1.0),
    }


def _in_coin(unit: Mapping[str, float], spot: float) -> dict[str, float]:
    """Greeks of the value in coins, by the rule for quotients."""
    value, delta = unit["price"], unit["delta"]
    plain = {name: unit[name] / spot for name in ("vega", "volga", "theta")}
    return plain | {
        "delta": (delta - value / spot) / spot,
        "gamma": unit["gamma"] / spot - 2.0 * delta / spot**2 + 2.0 * value / spot**3,
        "vanna": unit["vanna"] / spot - unit["vega"] / spot**2,
        "charm": unit["charm"] / spot - unit["theta"] / spot**2,
    }


def _carried(option: Option, market: Market, carry: float, rate: float) -> float:
    """Value of one unit at the first chain, with the forward and discount of some carry and rate. [money]"""
    table = market.table([option])
    flag, time, vol = option.flag, float(table.time_to_expiry[0]), float(table.vol[0])
    return float(greeks.price(flag, market.spot, option.strike, time, rate, vol, rate - carry))


def _future_basis(held: Holding, start: Market, end: Market) -> float:
    """What a future gains as its forward moves against spot. [money per unit]"""
    assert isinstance(held.instrument, Future)
    shift = float(end.carry(years(end.as_of, held.instrument.expiry))) - float(
        start.carry(years(start.as_of, held.instrument.expiry))
    )
    moved = along([0.0], np.zeros((2, 1)), averaged=False)
    moved = replace(moved, carry_shift=np.array([[0.0], [shift]]))
    values = unit_values([held.instrument], [held.entry], start, moved)[:, 0, 0]
    return float(values[1] - values[0])


def _value_now(held: Holding, market: Market) -> float:
    return float(unit_greeks([held.instrument], [held.entry], market)["price"][0])


def _funding(held: Holding, start: Market, end: Market, given: float | None) -> float:
    """What a perpetual received in between, < 0 for paid; coins at the price of the second chain. [money]"""
    if given is not None:
        return -held.units * given
    item = held.instrument
    assert isinstance(item, Perpetual)
    periods = days(start.as_of, end.as_of) * FUNDING_PERIODS_PER_DAY
    paid_on = notional(item, held.entered, start.spot) * 0.5 * (1.0 + end.spot / start.spot)
    return -held.units * start.funding_8h * periods * paid_on


def _funded(
    after: Book,
    held: Book,
    start: Mapping[str, Market],
    end: Mapping[str, Market],
    given: Mapping[str, float],
) -> Book:
    """The book with the funding of its perpetuals in its cash: coins at the price of the second chain."""
    received = sum(
        _funding(item, start[item.asset], end[item.asset], given.get(item.asset))
        for item in held.holdings
        if isinstance(item.instrument, Perpetual)
    )
    return after.like(after.holdings, after.cash + received, after.accounts)


def _expiry(item: object) -> pd.Timestamp | None:
    return item.expiry if isinstance(item, Option | Future) else None


def _row(**parts: float) -> Array:
    return np.array([parts.get(name, 0.0) for name in PARTS])
