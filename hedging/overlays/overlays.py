"""The standard overlays on a long position: functions that pick listed options and return legs.

Every leg is priced where it would trade: bought at the ask, sold at the bid, with fees. `compare` puts
overlays side by side.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging.book.book import Book
from hedging.book.legs import Cost, Leg, cost_of, option_leg, orders_frame, outright_leg
from hedging.errors import InputError
from hedging.market.chain import OptionChain
from hedging.market.contracts import FeeRule, Option, Perpetual
from hedging.market.market import Market, market_of
from hedging.paths.paths import grid
from hedging.units import days as days_between

__all__ = [
    "Overlay",
    "collar",
    "compare",
    "covered_call",
    "protective_put",
    "put_spread",
    "put_spread_collar",
    "short_perpetual",
    "zero_cost_collar",
]

Window = tuple[float, float]
MONTH: Window = (20.0, 45.0)
# A listed strike further than this from the one asked for is another trade: say so instead of taking it.
STRIKE_TOLERANCE = 0.05
# A slope of less than this share of the position is the rest of a lot, and counts as flat.
FLAT = 1e-4


@dataclass(frozen=True, slots=True)
class Overlay:
    """A named set of legs on a book; ``book + overlay`` is the book after trading it."""

    name: str
    legs: tuple[Leg, ...]

    @property
    def cost(self) -> Cost:
        """What trading it costs, in money."""
        return cost_of(self.legs)

    @property
    def orders(self) -> pd.DataFrame:
        """The order ticket, one row a leg."""
        return orders_frame(self.legs)

    def __repr__(self) -> str:
        head = f"{self.name}: execution {self.cost.execution:,.0f}, net premium {self.cost.premium:,.0f}"
        legs = (
            f"  {leg.side:<4} {abs(leg.quantity):>10,.10g}  {leg.instrument.symbol} at {leg.price_text}"
            for leg in self.legs
        )
        return "\n".join([head, *legs])

    def _repr_html_(self) -> str:
        return f"<b>{self.name}</b>{self.orders.to_html(index=False)}"


def protective_put(
    book: Book,
    chain: OptionChain,
    *,
    coverage: float = 1.0,
    days: Window = MONTH,
    strike: float | None = None,
    delta: float | None = 0.30,
) -> Overlay:
    """Buy puts on a share of the position.

    Parameters
    ----------
    book : Book
        Its long units of the chain's asset are what is covered.
    chain : OptionChain
    coverage : float
        Share of the position, > 0; rounded down to whole lots.
    days : (float, float)
        Window of days to expiry; of the expiries in it the one nearest its middle is taken.
    strike : float, optional
        Strike wanted [money]; the nearest quoted one within 5 % is taken. Overrides `delta`.
    delta : float, optional
        Absolute delta wanted, in (0, 1), where no strike is given.

    Returns
    -------
    Overlay

    Raises
    ------
    InputError
        If nothing is held long, the coverage is below one lot, or no such option is quoted.
    """
    put = _Pick("p", "buy", strike, delta)
    return _build("protective put", book, chain, coverage, days, [put])


def covered_call(
    book: Book,
    chain: OptionChain,
    *,
    coverage: float = 1.0,
    days: Window = MONTH,
    strike: float | None = None,
    delta: float | None = 0.20,
) -> Overlay:
    """Sell calls against a share of the position; parameters as in `protective_put`."""
    call = _Pick("c", "sell", strike, delta)
    return _build("covered call", book, chain, coverage, days, [call])


def put_spread(
    book: Book,
    chain: OptionChain,
    *,
    coverage: float = 1.0,
    days: Window = MONTH,
    strike: float | None = None,
    delta: float | None = 0.30,
    lower_strike: float | None = None,
    lower_delta: float | None = 0.10,
) -> Overlay:
    """Buy puts and sell as many at a lower strike; parameters as in `protective_put`."""
    upper = _Pick("p", "buy", strike, delta)
    lower = _Pick("p", "sell", lower_strike, lower_delta)
    overlay = _build("put spread", book, chain, coverage, days, [upper, lower])
    _ascending(overlay, lower=1, upper=0)
    return overlay


def collar(
    book: Book,
    chain: OptionChain,
    *,
    coverage: float = 1.0,
    days: Window = MONTH,
    put_strike: float | None = None,
    put_delta: float | None = 0.25,
    call_strike: float | None = None,
    call_delta: float | None = 0.25,
) -> Overlay:
    """Buy puts and sell as many calls above them; parameters as in `protective_put`."""
    put = _Pick("p", "buy", put_strike, put_delta)
    call = _Pick("c", "sell", call_strike, call_delta)
    overlay = _build("collar", book, chain, coverage, days, [put, call])
    _ascending(overlay, lower=0, upper=1)
    return overlay


def put_spread_collar(
    book: Book,
    chain: OptionChain,
    *,
    coverage: float = 1.0,
    days: Window = MONTH,
    put_strike: float | None = None,
    put_delta: float | None = 0.30,
    lower_strike: float | None = None,
    lower_delta: float | None = 0.10,
    call_strike: float | None = None,
    call_delta: float | None = 0.20,
) -> Overlay:
    """Buy a put spread and sell as many calls above it; parameters as in `protective_put`."""
    picks = [
        _Pick("p", "buy", put_strike, put_delta),
        _Pick("p", "sell", lower_strike, lower_delta),
        _Pick("c", "sell", call_strike, call_delta),
    ]
    overlay = _build("put-spread collar", book, chain, coverage, days, picks)
    _ascending(overlay, lower=1, upper=0)
    _ascending(overlay, lower=0, upper=2)
    return overlay


def zero_cost_collar(
    book: Book,
    chain: OptionChain,
    *,
    coverage: float = 1.0,
    days: Window = MONTH,
    put_strike: float | None = None,
    put_delta: float | None = 0.25,
) -> Overlay:
    """Buy puts, and sell the highest-struck calls whose bid pays for them, both fees in.

    The call is the highest listed strike with ``bid - fee >= ask(put) + fee``; what it pays beyond that is
    kept as a credit. Parameters as in `protective_put`.

    Raises
    ------
    InputError
        As `protective_put`, and if no quoted call above the put pays for it.
    """
    whole = protective_put(book, chain, coverage=coverage, days=days, strike=put_strike, delta=put_delta)
    put = replace(whole.legs[0], quantity=chain.terms.lot)
    due = put.price + put.fee
    bought = chain.option(put.instrument.symbol)
    quotes = chain.quotes
    calls = quotes[
        (quotes["flag"] == "c")
        & (quotes["expiry"] == bought.expiry)
        & (quotes["strike"] > bought.strike)
        & quotes["bid"].notna()
    ].sort_values("strike", ascending=False)
    for symbol in calls["symbol"]:
        call = option_leg(chain, symbol, -chain.terms.lot)
        if call.price - call.fee >= due:
            return Overlay("zero-cost collar", _sized([put, call], book, chain, coverage))
    raise InputError(
        f"no quoted call above {put.instrument.symbol} has a bid that pays its ask and fees ({due:,.2f} per "
        f"unit); choose a lower put, or a collar that costs something."
    )


def short_perpetual(
    book: Book,
    chain: OptionChain,
    *,
    coverage: float = 1.0,
    half_spread: float = 1e-4,
    fee: FeeRule | None = None,
    lot: float = 0.001,
) -> Overlay:
    """Sell the perpetual against a share of the position: no upside, no premium, funding from then on.

    Parameters
    ----------
    book, chain, coverage
        As in `protective_put`.
    half_spread : float
        Distance of the bid from spot, as a share of it.
    fee : FeeRule, optional
        A taker's fee; 0.05 % of the notional by default.
    lot : float
        Smallest order and its increment. [units of underlying]

    Raises
    ------
    InputError
        If nothing is held long, the coverage is not in (0, 1], or it is less than one lot.
    """
    perpetual = Perpetual(chain.asset, chain.terms.settlement)
    one = outright_leg(perpetual, chain.spot, -1.0, half_spread=half_spread, fee=fee or FeeRule(0.0005))
    return Overlay("short perpetual", _sized([replace(one, quantity=-lot)], book, chain, coverage))


def standard(book: Book, chain: OptionChain, *, coverage: float = 1.0, days: Window = MONTH) -> list[Overlay]:
    """Every overlay of this module that the chain's quotes allow, with its defaults."""
    overlays = []
    makers: list[Callable[..., Overlay]] = [
        protective_put,
        put_spread,
        collar,
        zero_cost_collar,
        put_spread_collar,
        covered_call,
    ]
    reasons = []
    for make in makers:
        try:
            overlays.append(make(book, chain, coverage=coverage, days=days))
        except InputError as error:
            reasons.append(str(error))
    if not overlays:
        raise InputError(reasons[0])
    overlays.append(short_perpetual(book, chain, coverage=coverage))
    return overlays


def compare(
    book: Book, chain: OptionChain | Market, overlays: Iterable[Overlay] | None = None
) -> pd.DataFrame:
    """Overlays side by side, judged at the expiry of their last option.

    Parameters
    ----------
    book : Book
    chain : OptionChain or Market
    overlays : iterable of Overlay, optional
        `standard` ones by default.

    Returns
    -------
    DataFrame
        One row an overlay, the bare book first. `execution` and `premium` [money]; `floor` and `cap`: worst and
        best P&L of the whole book over all prices at expiry, as shares of `Book.base` (infinite is
        unbounded); `upside`: units of underlying that go on gaining above all strikes, which is what is left
        of the coins where calls are sold for coin (0 below 0.01 % of the position); `breakeven`: the price nearest to spot at which the book
        is worth what it is now [money]; `delta` [units], `delta_value` [money], `gamma` [units per 1.00 of
        spot], `vega` [money per vol point], `theta` [money per day] after the trade, and `carry_day`: the
        change in theta it brings. [money per day]

    Raises
    ------
    InputError
        If the book holds another asset or is worth nothing, or no overlay can be built.

    Notes
    -----
    Floor and cap are exact where every option has expired by then: the value is piecewise linear between the
    strikes, so zero, the strikes and the two slopes decide.
    """
    market = market_of(chain)
    overlays = standard(book, market.chain) if overlays is None else list(overlays)
    book.check_assets(market)
    before = book.exposure(market)
    rows = []
    for overlay in [Overlay("no hedge", ()), *overlays]:
        after = (book + overlay).exposure(market)
        rows.append(
            {
                "overlay": overlay.name,
                "execution": overlay.cost.execution,
                "premium": overlay.cost.premium,
                **_extremes(book, overlay, market),
                "delta": after.delta,
                "delta_value": after.delta_value,
                "gamma": after.gamma,
                "vega": after.vega,
                "theta": after.theta,
                "carry_day": after.theta - before.theta,
            }
        )
    return pd.DataFrame(rows).set_index("overlay")


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """`compare`'s table as text: money in whole units, floor and cap in percent, a dash for what is not there."""
    forms = dict.fromkeys(("floor", "cap"), "{:.1%}")
    forms |= dict.fromkeys(("upside", "delta"), "{:,.3f}") | {"gamma": "{:.3g}", "breakeven": "{:,.8g}"}

    def text(name: str, value: float) -> str:
        if math.isnan(value):
            return "-"
        return "unbounded" if math.isinf(value) else forms.get(name, "{:,.0f}").format(value + 0.0)

    return pd.DataFrame(
        {name: [text(str(name), x) for x in table[name]] for name in table}, index=table.index
    )


def _extremes(book: Book, overlay: Overlay, market: Market) -> dict[str, float]:
    """Floor, cap and breakeven of the book with an overlay at its last expiry."""
    base, _ = book.base(market)
    hedged = book + overlay
    bought = [leg.instrument for leg in overlay.legs if isinstance(leg.instrument, Option)]
    horizon = max((days_between(market.as_of, option.expiry) for option in bought), default=MONTH[1])
    held = [h.instrument.strike for h in hedged.of(market.asset) if isinstance(h.instrument, Option)]
    prices = np.unique(np.array([1e-9 * market.spot, market.spot, *held, 1e6 * market.spot]))
    paths = grid(prices / market.spot - 1.0, days=[horizon])
    pnl = hedged.values(market, paths)[:, 0].sum(axis=1) + hedged.cash - book.value(market)
    upside = float((pnl[-1] - pnl[-2]) / (prices[-1] - prices[-2]))
    if abs(upside) <= FLAT * book.position(market.asset):
        prices, pnl, upside = prices[:-1], pnl[:-1], 0.0
    return {
        "floor": -math.inf if upside < 0.0 else float(pnl.min() / base),
        "cap": math.inf if upside > 0.0 else float(pnl.max() / base),
        "upside": upside,
        "breakeven": _nearest_zero(prices, pnl, market.spot),
    }


def _nearest_zero(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], near: float) -> float:
    """Zero of a piecewise linear curve nearest to a point, NaN if there is none."""
    left, right = y[:-1], y[1:]
    crosses = np.flatnonzero((left * right <= 0) & (left != right))
    if not crosses.size:
        return math.nan
    zeros = x[crosses] - left[crosses] * (x[crosses + 1] - x[crosses]) / (right[crosses] - left[crosses])
    return float(zeros[np.abs(zeros - near).argmin()])


@dataclass(frozen=True, slots=True)
class _Pick:
    """Which option to take: a side, and a strike or an absolute delta."""

    flag: str
    side: str
    strike: float | None
    delta: float | None

    def __post_init__(self) -> None:
        if self.strike is None and (self.delta is None or not 0 < self.delta < 1):
            raise InputError(f"give a strike, or a delta between 0 and 1; got delta {self.delta!r}.")
        if self.strike is not None and not self.strike > 0:
            raise InputError(f"strike must be > 0; got {self.strike!r}.")

    @property
    def wanted_delta(self) -> float:
        return math.nan if self.delta is None else self.delta

    def __str__(self) -> str:
        kind = f"{'put' if self.flag == 'p' else 'call'} to {self.side}"
        return f"{kind} at {f'delta {self.delta:g}' if self.strike is None else f'strike {self.strike:g}'}"


def _build(
    name: str, book: Book, chain: OptionChain, coverage: float, days: Window, picks: list[_Pick]
) -> Overlay:
    greeks = chain.greeks(("delta",))["delta"].abs()
    for expiry in _expiries(chain, days):
        symbols = [_find(chain, greeks, expiry, pick) for pick in picks]
        if None not in symbols:
            sides = [1.0 if pick.side == "buy" else -1.0 for pick in picks]
            lot = chain.terms.lot
            legs = [option_leg(chain, str(s), side * lot) for s, side in zip(symbols, sides, strict=True)]
            return Overlay(name, _sized(legs, book, chain, coverage))
    wanted = " and a ".join(str(pick) for pick in picks)
    raise InputError(
        f"no expiry between {days[0]:g} and {days[1]:g} days quotes a {wanted}; widen the window, or ask for "
        "another strike or delta."
    )


def _find(chain: OptionChain, deltas: pd.Series, expiry: pd.Timestamp, pick: _Pick) -> str | None:
    """Symbol of the quoted option nearest to what is asked for, None if there is none."""
    quotes = chain.quotes
    quoted = quotes["ask" if pick.side == "buy" else "bid"].notna()
    rows = quotes[(quotes["flag"] == pick.flag) & (quotes["expiry"] == expiry) & quoted]
    if rows.empty:
        return None
    if pick.strike is None:
        best = int((deltas[rows.index] - pick.wanted_delta).abs().to_numpy().argmin())
    else:
        away = (rows["strike"] / pick.strike - 1.0).abs().to_numpy()
        best = int(away.argmin())
        if away[best] > STRIKE_TOLERANCE:
            return None
    return str(rows["symbol"].iloc[best])


def _expiries(chain: OptionChain, days: Window) -> list[pd.Timestamp]:
    """Expiries inside a window of days, the nearest to its middle first."""
    if not days[0] <= days[1]:
        raise InputError(f"days must be a window (from, to) that ascends; got {days}.")
    table = chain.expiries
    inside = table[(table["days"] >= days[0]) & (table["days"] <= days[1])]
    if inside.empty:
        listed = ", ".join(f"{day:.1f}" for day in table["days"])
        raise InputError(
            f"no expiry lies between {days[0]:g} and {days[1]:g} days; the chain has {listed} days."
        )
    middle = (days[0] + days[1]) / 2.0
    order = (inside["days"] - middle).abs().sort_values(kind="stable").index
    return list(inside.loc[order, "expiry"])


def _long_units(book: Book, chain: OptionChain) -> float:
    held = [h for h in book.of(chain.asset) if not isinstance(h.instrument, Option)]
    units = sum(h.units for h in held)
    if units <= 0:
        raise InputError(
            f"these overlays protect a long position; the book holds {units:g} {chain.asset} in spot, perpetuals "
            "and futures."
        )
    return units


def _sized(one_lot: Sequence[Leg], book: Book, chain: OptionChain, coverage: float) -> tuple[Leg, ...]:
    """Legs of one lot each, made as many whole lots as cover a share of the position."""
    if not (coverage > 0 and math.isfinite(coverage)):
        raise InputError(f"coverage must be a number > 0 (1 covers all); got {coverage!r}.")
    size = abs(one_lot[0].units)
    units = _covered_units(one_lot, book, chain, coverage)
    # The nudge keeps 0.29 * 100 = 28.999999999999996 at 29 lots.
    lots = math.floor(units / size + 1e-9)
    if lots < 1:
        raise InputError(
            f"coverage {coverage:g} of {_long_units(book, chain):g} {chain.asset} is less than one lot of "
            f"{size:g} {chain.asset}."
        )
    return tuple(replace(leg, quantity=round(lots * leg.quantity, 12)) for leg in one_lot)


def _covered_units(legs: Sequence[Leg], book: Book, chain: OptionChain, coverage: float) -> float:
    """Units that a share of the position covers.

    Where upside is sold, premium and fees paid in coin leave fewer coins to deliver: H coins cover
    n = H / (1 + p) units that cost p coins each, or the position ends short of a rally.
    """
    held = _long_units(book, chain)
    sells_upside = any(
        leg.quantity < 0 and not (isinstance(leg.instrument, Option) and leg.instrument.flag == "p")
        for leg in legs
    )
    if not sells_upside:
        return coverage * held
    if coverage > 1:
        raise InputError(f"coverage must be at most 1 where calls or perpetuals are sold; got {coverage!r}.")
    paid = sum(
        (math.copysign(leg.price, leg.quantity) * isinstance(leg.instrument, Option) + leg.fee) / leg.spot
        for leg in legs
        if leg.pays_coin
    )
    return min(coverage * held, held / (1.0 + paid))


def _ascending(overlay: Overlay, *, lower: int, upper: int) -> None:
    low, high = (leg.instrument for leg in (overlay.legs[lower], overlay.legs[upper]))
    if isinstance(low, Option) and isinstance(high, Option) and not low.strike < high.strike:
        raise InputError(f"{overlay.name}: {low.symbol} must have a lower strike than {high.symbol}.")
