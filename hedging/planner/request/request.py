"""What was asked for, checked, and the ways from a solution of the programme back to orders and limits."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy

from hedging.book.book import Book
from hedging.book.legs import Cost, Leg
from hedging.errors import InputError
from hedging.market.market import Chains, Market, markets_of
from hedging.paths.paths import Paths
from hedging.planner.candidates.candidates import leg_of, strikes_by_day
from hedging.planner.programme.build import Problem, build
from hedging.planner.programme.shortfall import Outcomes
from hedging.planner.request.default_scenarios import default_scenarios
from hedging.planner.request.floors import days_of, with_dates
from hedging.planner.request.target import BANDS, Limits, Target, number
from hedging.planner.request.view import View
from hedging.planner.result.saved import book_to_dict
from hedging.planner.verify.revalue import Check, cost_with_carry, revalue

if TYPE_CHECKING:
    from hedging.planner.outcomes.free_lunch import Agreement

__all__ = ["Task"]

LONGEST = 50 * 365.0  # days: beyond it a horizon is a slip of the keyboard

MOST_OUTCOMES = 5_000
REQUIRED = ("book", "target")


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """Everything a plan is made of; the arguments of `hedging.planner.plan` after checking.

    `by_default` says that the scenarios were not given: they come again from the same chain, book and limits;
    `agreement` is what came of holding the outcomes against the quotes, once that was done.
    """

    book: Book
    markets: tuple[Market, ...]
    target: Target
    limits: Limits
    horizon: float
    scenarios: Paths
    outcomes: Outcomes | None = None
    view: View | None = None
    by_default: bool = False
    agreement: Agreement | None = None

    @classmethod
    def of(
        cls,
        book: Book,
        chain: Chains,
        target: Target,
        limits: Limits | None,
        horizon: float,
        scenarios: Paths | None,
        outcomes: Outcomes | Paths | None,
        view: View | None = None,
    ) -> Task:
        """Check the arguments and fill in what was left out.

        Raises
        ------
        InputError
            If the horizon is no number of days, or the book holds an asset of no chain.
        """
        kinds = {"book": Book, "target": Target, "limits": Limits, "scenarios": Paths, "view": View}
        given = {"book": book, "target": target, "limits": limits, "scenarios": scenarios, "view": view}
        for name, kind in kinds.items():
            if not isinstance(given[name], kind) and not (given[name] is None and name not in REQUIRED):
                raise InputError(f"{name} must be a {kind.__name__}; got {type(given[name]).__name__}.")
        if not 0.0 < number(horizon) <= LONGEST:
            raise InputError(f"horizon must be a number of days > 0, {LONGEST:g} at most; got {horizon!r}.")
        markets = tuple(markets_of(chain).values())
        book.check_assets(*markets)
        _check_names(target, markets)
        _check_depth(limits, markets)
        _check_view(view, markets)
        if isinstance(outcomes, Paths):
            outcomes = Outcomes(outcomes)
        if not (outcomes is None or isinstance(outcomes, Outcomes)):
            raise InputError(f"outcomes must be Outcomes or Paths; got {type(outcomes).__name__}.")
        if target.needs_outcomes != (outcomes is not None):
            raise InputError(
                "an expected shortfall or value at risk needs outcomes to be taken over, and outcomes one of these "
                "to limit or minimise: give both Target(shortfall=...) and outcomes=..., or neither."
            )
        if target.value_at_risk is not None and outcomes is not None and len(outcomes.paths) > MOST_OUTCOMES:
            raise InputError(
                f"a value at risk is judged outcome by outcome, of {MOST_OUTCOMES:,} at most; got "
                f"{len(outcomes.paths):,}. Thin them, or limit the expected shortfall, which takes any number."
            )
        limits, by_default = limits or Limits(), scenarios is None
        if scenarios is None:
            strikes = strikes_by_day(markets, limits, book)
            in_money = book.numeraire not in {market.asset for market in markets}
            scenarios = default_scenarios(horizon, strikes, _floor_days(target, horizon), to_zero=in_money)
        with_dates(target, scenarios)
        return cls(book, markets, target, limits, float(horizon), scenarios, outcomes, view, by_default)

    def problem(self) -> Problem:
        """The programme over every order, spot and perpetual included."""
        return build(
            self.book,
            self.markets,
            self.target,
            self.limits,
            self.horizon,
            self.scenarios,
            self.outcomes,
            self.view,
        )

    def legs(self, problem: Problem, lots: npt.NDArray[np.float64]) -> tuple[Leg, ...]:
        """Orders of a number of lots per column, buys first."""
        markets = {market.asset: market for market in self.markets}
        legs = [leg_of(problem.columns, int(i), lots[i], markets, self.limits) for i in np.flatnonzero(lots)]
        return tuple(sorted(legs, key=lambda leg: (leg.quantity < 0, leg.instrument.symbol)))

    def cost(self, legs: Sequence[Leg]) -> Cost:
        """What some orders cost, what the view expects them to gain taken off."""
        return cost_with_carry(legs, self.markets, self.horizon, self.view)

    def checks(self, legs: Sequence[Leg], base: float) -> list[Check]:
        """Every limit, held against the book revalued after some orders."""
        return revalue(
            self.book,
            legs,
            self.markets,
            self.target,
            self.limits,
            self.horizon,
            self.scenarios,
            base,
            self.outcomes,
        )

    def to_dict(self) -> dict[str, Any]:
        """What went in, as plain values."""
        chains = [market.chain for market in self.markets]
        return {
            "files": [{"name": chain.source, "sha256": chain.sha256} for chain in chains],
            "as_of": chains[0].as_of.isoformat(),
            "currency": chains[0].terms.currency,
            "spot": {chain.asset: chain.spot for chain in chains},
            "book": book_to_dict(self.book),
            "target": self.target.to_dict(),
            "limits": self.limits.to_dict(),
            "horizon_days": self.horizon,
            "scenarios": {
                "default": self.by_default,
                "count": len(self.scenarios),
                "days": self.scenarios.days.tolist(),
                "spot": [float(self.scenarios.spot.min()), float(self.scenarios.spot.max())],
                "vol_shift": [float(self.scenarios.vol_shift.min()), float(self.scenarios.vol_shift.max())],
            },
            "outcomes": None if self.outcomes is None else len(self.outcomes.paths),
            "reweighted": self.agreement is not None and self.agreement.reweighted,
            "view": None if self.view is None else self.view.to_dict(),
            "funding_8h": {market.asset: market.funding_8h for market in self.markets},
            "versions": _versions(),
        }


def check_effort(gap: float, seconds: float) -> None:
    """Refuse a gap that proves nothing, and a time that is none.

    Raises
    ------
    InputError
        If the gap is no share of the cost, or the time no number of seconds.
    """
    if not 0.0 <= number(gap) < 1.0:
        raise InputError(f"gap must be a share in [0, 1), such as 0.001; got {gap!r}.")
    if not 0.0 <= number(seconds) < math.inf:
        raise InputError(f"the time limit must be a number of seconds >= 0; got {seconds!r}.")


def _check_names(target: Target, markets: Sequence[Market]) -> None:
    """Refuse a band of an asset that has no chain: it would hold nothing."""
    bands = [band for name in BANDS if isinstance(band := getattr(target, name), Mapping)]
    known = [market.asset for market in markets]
    unknown = sorted({asset for band in bands for asset in band if asset not in known})
    if unknown:
        raise InputError(
            f"the target has a band of {', '.join(unknown)}, but the chain is {', '.join(known)}: give a chain of that "
            "asset, or remove the band."
        )


def _floor_days(target: Target, horizon: float) -> tuple[float, ...]:
    """The days of floors by day, which must come within the horizon."""
    late = [day for day in days_of(target.floor) if day > horizon]
    if late:
        raise InputError(
            f"the floor of day {late[0]:g} lies beyond the horizon of {horizon:g} days: lengthen the horizon."
        )
    return days_of(target.floor)


def _check_depth(limits: Limits | None, markets: Sequence[Market]) -> None:
    """Refuse a ladder of a symbol that no chain knows: it would hold nothing."""
    tables = [table for market in markets for table in (market.chain.quotes, market.chain.rejected)]
    known = {str(symbol) for table in tables for symbol in table["symbol"]}
    unknown = [str(symbol) for symbol in (limits.depth if limits else ()) if symbol not in known]
    if unknown:
        raise InputError(
            f"depth has a ladder of {', '.join(unknown[:3])}{' and others' * (len(unknown) > 3)}, which the chain does "
            "not list: name them as chain.quotes['symbol'] does, or leave them out."
        )


def _check_view(view: View | None, markets: Sequence[Market]) -> None:
    """Refuse a view of an asset that has no chain: nothing would come of it."""
    known = [market.asset for market in markets]
    given = [each for each in (view.drift, view.vol) if isinstance(each, Mapping)] if view else []
    unknown = sorted({asset for each in given for asset in each if asset not in known})
    if unknown:
        raise InputError(
            f"the view is of {', '.join(unknown)}, but the chain is {', '.join(known)}: give a chain of that asset."
        )


def _versions() -> dict[str, str]:
    import platform

    import hedging

    return {
        "hedging": hedging.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "pandas": pd.__version__,
    }
