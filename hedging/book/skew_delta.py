"""Delta and gamma that know that vol moves with spot: Black-Scholes plus what the surface's rule adds.

When spot moves, the surface slides by its stickiness ratio R (`Smile.move`), so the vol of a strike changes by
``dvol = (R - 1) * skew * d ln(spot)``, skew being the slope of vol in log-moneyness. Sticky strike (R = 1)
leaves Black-Scholes as it is; sticky moneyness (R = 0) makes a put's delta more negative where the skew is.
A contract's vol moves in proportion to the surface's, so that its mark stays its mark.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from hedging._numerics.types import Array
from hedging.book.book import Book
from hedging.market.by_exercise import option_greeks
from hedging.market.chain import OptionChain
from hedging.market.contracts import Option
from hedging.market.market import Market
from hedging.market.smile import Smile, stickiness
from hedging.units import GREEK_UNITS

__all__ = ["book_delta_gamma", "delta_gamma", "option_delta_gamma"]

_NAMES = ("delta", "gamma", "vega", "vanna", "volga")


def delta_gamma(chain: OptionChain, smile: Smile, rule: str | float = "sticky_strike") -> pd.DataFrame:
    """Delta and gamma of every quote with the surface moving by a rule, per unit of underlying.

    Parameters
    ----------
    chain : OptionChain
        The quotes; each is valued at its own mark vol.
    smile : Smile
        The surface.
    rule : {'sticky_strike', 'sticky_moneyness'} or float
        As in `Smile.move`.

    Returns
    -------
    DataFrame
        ``delta`` [price per 1.00 of spot] and ``gamma`` [delta per 1.00 of spot], aligned with the quotes;
        NaN where a quote has no vol.

    Raises
    ------
    InputError
        If the rule is none.
    """
    q = chain.quotes
    values = chain.greeks(_NAMES)
    k = np.log(q["strike"].to_numpy() / q["forward"].to_numpy())
    slopes = _vol_slopes(smile, k, q["time_to_expiry"].to_numpy(), q["mark_vol"].to_numpy(), chain.spot, rule)
    delta, gamma = _with_skew({name: values[name].to_numpy() for name in _NAMES}, *slopes)
    return pd.DataFrame({"delta": delta, "gamma": gamma}, index=q.index)


def book_delta_gamma(book: Book, market: Market, rule: str | float = "sticky_strike") -> dict[str, float]:
    """Delta and gamma of a book's holdings of one asset, with the surface moving by a rule.

    Parameters
    ----------
    book : Book
        What is held.
    market : Market
        Prices, and the surface.
    rule : {'sticky_strike', 'sticky_moneyness'} or float
        As in `Smile.move`.

    Returns
    -------
    dict
        ``delta`` [units of underlying] and ``gamma`` [units of underlying per 1.00 of spot]; at sticky
        strike those of `Book.exposure`.

    Raises
    ------
    InputError
        If the rule is none, or an option cannot be priced by the market.
    """
    exposure = book.exposure(market)
    held = [holding for holding in book.of(market.asset) if isinstance(holding.instrument, Option)]
    if not held:
        return {"delta": exposure.delta, "gamma": exposure.gamma}
    options = [holding.instrument for holding in held if isinstance(holding.instrument, Option)]
    added = option_delta_gamma(options, market, rule)
    units = np.array([holding.units for holding in held])
    return {
        "delta": exposure.delta + float(units @ added["delta"]),
        "gamma": exposure.gamma + float(units @ added["gamma"]),
    }


def option_delta_gamma(
    options: Sequence[Option], market: Market, rule: str | float = "sticky_strike"
) -> dict[str, Array]:
    """What the surface's move adds to delta and gamma of one unit of some options, each shape (options,).

    Parameters and units are those of `book_delta_gamma`; nothing is added at sticky strike.
    """
    table = market.table(options)
    time, spot = table.time_to_expiry, market.spot
    values = option_greeks(
        table.american,
        np.where(table.sign > 0, "c", "p"),
        spot,
        table.strike,
        time,
        table.rate,
        table.vol,
        table.rate - table.carry,
        _NAMES,
        table.ex_dates,
    )
    plain = {name: values[name].astype(float) for name in _NAMES}
    k = np.log(table.strike / spot) - table.carry * time
    delta, gamma = _with_skew(plain, *_vol_slopes(market.smile, k, time, table.vol, spot, rule))
    return {"delta": delta - plain["delta"], "gamma": gamma - plain["gamma"]}


def _vol_slopes(
    smile: Smile, k: Array, time: Array, vol: Array, spot: float, rule: str | float
) -> tuple[Array, Array]:
    """First and second derivative of each contract's vol with respect to spot. [decimal per 1.00, per 1.00^2]"""
    variance, slope, curvature = smile.slopes_at(k, time)
    level = np.sqrt(variance / time)
    first = slope / (2.0 * level * time)
    second = curvature / (2.0 * level * time) - first**2 / level
    slide = stickiness(rule) - 1.0
    ratio = vol / level  # the contract keeps its distance from the surface
    return ratio * slide * first / spot, ratio * (slide**2 * second - slide * first) / spot**2


def _with_skew(values: dict[str, Array], first: Array, second: Array) -> tuple[Array, Array]:
    """Total derivatives by the chain rule, from market units and back."""
    raw = {name: value / GREEK_UNITS[name].scale for name, value in values.items()}
    delta = raw["delta"] + raw["vega"] * first
    gamma = raw["gamma"] + 2.0 * raw["vanna"] * first + raw["volga"] * first**2 + raw["vega"] * second
    return delta * GREEK_UNITS["delta"].scale, gamma * GREEK_UNITS["gamma"].scale
