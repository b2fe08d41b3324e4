"""A second opinion on the orders of a plan: value and Greeks by vollib beside ours.

vollib (py_vollib's new name) is the library that desks know. It is imported only when it is asked, as that takes a
second.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any

import pandas as pd

from hedging._ground.frames import readable
from hedging._ground.shown import Shown
from hedging.market.terms import Exercise

__all__ = ["COMPARED", "LegGreeks", "second_opinion"]

ROUNDING = 1e-12  # of a number: what two orders of the same sums differ by
COMPARED = ("price", "delta", "gamma", "vega", "theta")


@dataclass(frozen=True, slots=True, repr=False)
class LegGreeks(Shown):
    """What one unit of an option of a plan is worth and how it moves, and what that is calculated from.

    Attributes
    ----------
    instrument, flag : str
    spot, strike : float
        [money]
    time_to_expiry : float
        [years]
    rate, dividend_yield : float
        Continuous; a coin-settled option is discounted at the carry of its forward. [1/year]
    vol : float
        [1/sqrt(year)]
    exercise : {'european', 'american'}
    price, delta, gamma, vega, theta : float
        Ours, of one unit, in the units of `hedging.units.GREEK_UNITS`.
    """

    instrument: str
    flag: str
    spot: float
    strike: float
    time_to_expiry: float
    rate: float
    dividend_yield: float
    vol: float
    price: float
    delta: float
    gamma: float
    vega: float
    theta: float
    exercise: Exercise = "european"

    def to_dict(self) -> dict[str, Any]:
        """The numbers by name."""
        return asdict(self)


def second_opinion(legs: Sequence[LegGreeks]) -> pd.DataFrame:
    """Value and Greeks of one unit of each option, ours and vollib's, and how far they are apart.

    American options, which vollib does not value, are left out; ours of them are held against QuantLib by the tests.

    Returns
    -------
    DataFrame
        One row an option and number: ``instrument, number, ours, vollib, difference``, the largest difference as a
        share of ours in ``attrs["largest"]``. What rounding leaves of nothing is 0.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what vollib says of its own imports concerns nobody here
        value = import_module("vollib.black_scholes_merton").black_scholes_merton
        greeks = import_module("vollib.black_scholes_merton.greeks.analytical")
    rows = []
    for leg in legs:
        if leg.exercise == "american":
            continue
        given = (leg.flag, leg.spot, leg.strike, leg.time_to_expiry, leg.rate, leg.vol, leg.dividend_yield)
        for number in COMPARED:
            theirs = float((value if number == "price" else getattr(greeks, number))(*given))
            ours = float(getattr(leg, number))
            apart = theirs - ours if abs(theirs - ours) > ROUNDING * abs(ours) else 0.0
            rows.append((leg.instrument, number, ours, theirs, apart))
    table = pd.DataFrame(rows, columns=["instrument", "number", "ours", "vollib", "difference"])
    size = table["ours"].abs().where(table["ours"] != 0.0, 1.0)
    table.attrs["largest"] = float((table["difference"].abs() / size).max()) if rows else 0.0
    return readable(table)
