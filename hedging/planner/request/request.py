"""`Request`: everything a plan is asked for, checked; what was left out is filled in."""

from __future__ import annotations

import math
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import product
from typing import Any

from hedging._extras import version_of
from hedging._ground import clock
from hedging._ground.bounds import MOST_DAYS
from hedging._ground.counts import number_of
from hedging._ground.nearest import meant
from hedging.book.book import Book
from hedging.book.saved import book_to_dict
from hedging.errors import InputError
from hedging.market.contracts import Future, Perpetual
from hedging.market.market import Chains, Market, markets_of, vols_of
from hedging.paths.by_asset import PathsBy, paths_by_asset, paths_of_asset
from hedging.paths.paths import Paths
from hedging.planner.request.coerce import number
from hedging.planner.request.default_scenarios import QUARTERS, TURN_LOW, default_scenarios
from hedging.planner.request.effort import Effort
from hedging.planner.request.floors import check_dates, days_of, no_later
from hedging.planner.request.funding import Funding
from hedging.planner.request.joint import Link, linked_paths, links_of
from hedging.planner.request.limit import BANDS, Limit
from hedging.planner.request.limits import Limits
from hedging.planner.request.outcomes import Outcomes
from hedging.planner.request.target import Target
from hedging.planner.request.turning import Turning, end_of
from hedging.planner.request.view import View
from hedging.planner.request.window import strikes_by_day

__all__ = ["Request"]

MOST_OUTCOMES = 5_000
REQUIRED = ("book", "target")


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """What is asked of a plan; the arguments of `hedging.plan` after checking.

    Attributes
    ----------
    book : Book
    markets : tuple of Market
    target : Target
    limits : Limits
    horizon : float
        [days]
    scenarios : Paths
        What the floor holds over.
    outcomes : Outcomes or None
    view : View or None
    effort : Effort
    turning : Turning or None
        The single turns that a floor holds over besides; None where the scenarios were given.
    ends : float
        When the time limit is up, on `hedging._ground.clock`. [seconds]
    sides : {asset: (Funding, float)}
        Which side of each perpetual funding is counted for, +1 for longs; where empty both, as it comes.
    """

    book: Book
    markets: tuple[Market, ...]
    target: Target
    limits: Limits
    horizon: float
    scenarios: Paths
    outcomes: Outcomes | None = None
    view: View | None = None
    effort: Effort = field(default_factory=Effort)
    turning: Turning | None = None
    ends: float = math.inf
    sides: Mapping[str, tuple[Funding, float]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        book: Book,
        chain: Chains,
        target: Target,
        limits: Limits | None = None,
        *,
        horizon: float = 30.0,
        scenarios: Paths | None = None,
        outcomes: Outcomes | PathsBy | None = None,
        view: View | None = None,
        effort: Effort | None = None,
    ) -> Request:
        """Check the arguments and fill in what was left out; parameters as for `hedging.plan`.

        Raises
        ------
        InputError
            If one is of another type, the horizon is no number of days, the book holds an asset of no chain, or
            a part of the request names what no chain knows.
        """
        began = clock.now()
        drawn = None if outcomes is None else Outcomes.of(outcomes)
        given = (
            ("book", book, Book),
            ("target", target, Target),
            ("limits", limits, Limits),
            ("scenarios", scenarios, Paths),
            ("view", view, View),
            ("effort", effort, Effort),
        )
        for name, value, kind in given:
            if not isinstance(value, kind) and not (value is None and name not in REQUIRED):
                raise InputError(f"{name} must be a {kind.__name__}; got {type(value).__name__}.")
        if not 0.0 < number(horizon) <= MOST_DAYS:
            raise InputError(f"horizon must be a number of days > 0, {MOST_DAYS:g} at most; got {horizon!r}.")
        markets = tuple(markets_of(chain).values())
        book.check_assets(*markets)
        limits = limits or Limits()
        _check_names(target, markets)
        _check_joint(target, book, markets)
        _check_depth(limits, markets)
        _check_view(view, markets)
        _check_outcomes(target, drawn, markets)
        _check_floor(target, horizon)
        turning = None if scenarios is not None else _turning(book, markets, target, limits, float(horizon))
        if turning is not None:
            target = replace(target, floor=no_later(target.floor, turning.end))
        found = scenarios or _scenarios(turning, target)
        effort = effort or Effort()
        check_dates(target.floor, found.days)
        return cls(
            book,
            markets,
            target,
            limits,
            float(horizon),
            found,
            drawn,
            view,
            effort,
            turning,
            began + effort.time_limit,
        )

    @property
    def by_default(self) -> bool:
        """Whether the scenarios were not given: they come again from the same chain, book and limits."""
        return self.turning is not None

    @property
    def moves(self) -> PathsBy:
        """The scenarios by asset: the same for all, but where others follow the first, or funding is counted."""
        names = [market.asset for market in self.markets]
        return self.counted(linked_paths(self.scenarios, names, self.links))

    @property
    def links(self) -> dict[str, Link]:
        """How other assets follow the first under a floor; none where they do not."""
        return links_of(self.target, [market.asset for market in self.markets])

    @property
    def turns(self) -> bool:
        """Whether a floor holds over every single turn: of one asset, of several that move apart, or by their betas."""
        return self.turning is not None and (len(self.markets) == 1 or self.target.joint != "together")

    @property
    def apart(self) -> bool:
        """Whether a floor holds with each asset anywhere by itself."""
        return self.turning is not None and len(self.markets) > 1 and self.target.joint == "box"

    def turning_to(self, limit: Limit) -> Turning:
        """The turns that a floor is judged over: up to its day, or at every date."""
        assert self.turning is not None
        return self.turning if limit.day is None else self.turning.up_to(limit.day)

    def at_fundings(self, paths: PathsBy) -> tuple[Request, ...]:
        """The same request at every funding that its limits hold at: what longs are counted to pay, and what shorts are.

        What a side receives counts as little as in the cost, also where scenarios or outcomes move the rate.
        Positions of one asset are funded net, so that the worse of both rates is the worst for whatever is held; of
        several assets, every combination. Both sides at one rate are two cases only where some paths move it.
        """
        given = paths.values() if isinstance(paths, Mapping) else (paths,)
        moves = any(each.funding_shift is not None for each in given)
        each = [
            [(market.with_funding(rate), side) for rate, side in self._rates(market, moves=moves)]
            for market in self.markets
        ]
        found = []
        for case in product(*each):
            there = replace(
                self,
                markets=tuple(market for market, _ in case),
                sides={
                    market.asset: (self.funding_of(own), side)
                    for own, (market, side) in zip(self.markets, case, strict=True)
                },
            )
            drawn = self.outcomes
            moved = None if drawn is None else replace(drawn, paths=there.counted(drawn.paths))
            found.append(replace(there, outcomes=moved))
        return tuple(found)

    def ways(self, *, finer: bool = False) -> list[dict[str, Paths]]:
        """All that accounts must live through, by asset, or what lies between; nothing where that is no limit."""
        survive, assets = self.limits.survive, [market.asset for market in self.markets]
        if survive is None:
            return []
        expiries = sorted(strikes_by_day(self.markets, self.limits, self.book))
        each = (survive.between if finer else survive.ways)(self.moves, assets, expiries)
        return [paths_by_asset(self.counted(ways), assets) for ways in each]

    def counted(self, paths: PathsBy) -> PathsBy:
        """Paths on which the side of funding that is looked at receives no more than it is counted to."""
        given = paths.values() if isinstance(paths, Mapping) else (paths,)
        if not self.sides or all(each.funding_shift is None for each in given):
            return paths
        return {
            asset: funding.along(paths_of_asset(paths, asset), side)
            for asset, (funding, side) in self.sides.items()
        }

    def at_todays_funding(self) -> Request:
        """The same request with markets at the rate of funding given, where one is, or else their own."""
        return replace(
            self, markets=tuple(each.with_funding(self.funding_of(each).rate or 0.0) for each in self.markets)
        )

    def _rates(self, market: Market, *, moves: bool) -> list[tuple[float, float]]:
        """Rates of funding that matter to what may be held, and whose they are; today's alone where nothing is funded."""
        held = any(isinstance(item.instrument, Perpetual | Future) for item in self.book.of(market.asset))
        if not (held or any(each.kind == "perpetual" for each in self.limits.outright)):
            return [(market.funding_8h, 1.0)]
        funding = self.funding_of(market)
        both = [(funding.counted(1.0), 1.0), (0.0 - funding.counted(-1.0), -1.0)]
        return both[:1] if both[0][0] == both[1][0] and not moves else both

    def funding_of(self, market: Market) -> Funding:
        """What funding of one market counts for: the rate given, or the market's."""
        return self.limits.funding_of(market.asset).at(market.funding_8h, market.funding_source)

    def with_outcomes(self, outcomes: Outcomes) -> Request:
        """The same request over other outcomes."""
        return replace(self, outcomes=outcomes)

    def to_dict(self) -> dict[str, Any]:
        """What went in, as plain values."""
        chains = [market.chain for market in self.markets]
        return {
            "files": [{"name": chain.source, "sha256": chain.sha256} for chain in chains],
            "as_of": chains[0].as_of.isoformat(),
            "currency": chains[0].terms.currency,
            "spot": {chain.asset: chain.spot for chain in chains},
            "vol_30_days": vols_of(self.markets),
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
            "outcomes": None if self.outcomes is None else len(self.outcomes),
            "reweighted": self.outcomes is not None and self.outcomes.reweight,
            "view": None if self.view is None else self.view.to_dict(),
            "funding_8h": {market.asset: self.funding_of(market).rate for market in self.markets},
            "funding": {
                market.asset: self.funding_of(market).to_dict()
                for market in self.markets
                if any(each.kind == "perpetual" for each in self.limits.outright)
            },
            "versions": dict(_versions()),
        }


def _turning(
    book: Book, markets: Sequence[Market], target: Target, limits: Limits, horizon: float
) -> Turning:
    """The turns between the expiries of what may be traded or is held, up to what counts as the horizon."""
    in_money = book.numeraire not in {market.asset for market in markets}
    expiries = strikes_by_day(markets, limits, book)
    end = end_of(horizon, expiries)
    # Of several assets each moves by itself, and all are judged on one date: on those of the grid too.
    grid = (end * QUARTERS).tolist() if len(markets) > 1 else []
    return Turning.of(end, expiries, [*days_of(target.floor), *grid], to_zero=in_money)


def _scenarios(turning: Turning | None, target: Target) -> Paths:
    assert turning is not None
    to_zero = turning.lowest < TURN_LOW
    return default_scenarios(turning.end, turning.expiries, days_of(target.floor), to_zero=to_zero)


def _check_names(target: Target, markets: Sequence[Market]) -> None:
    """Refuse a band of an asset that has no chain: it would hold nothing."""
    bands = [band for name in BANDS if isinstance(band := getattr(target, name), Mapping)]
    known = [market.asset for market in markets]
    unknown = sorted({asset for band in bands for asset in band if asset not in known})
    if unknown:
        raise InputError(
            f"the target has a band of {', '.join(unknown)}, but the chain is {', '.join(known)}: give a chain of that "
            f"asset, or remove the band{next((near for name in unknown if (near := meant(name, known))), '.')}"
        )


def _check_joint(target: Target, book: Book, markets: Sequence[Market]) -> None:
    """Refuse assets of unknown beta, and a coin to count in that follows another."""
    assets = [market.asset for market in markets]
    if book.numeraire in links_of(target, assets):
        raise InputError(
            f"joint='beta' counts in money or in {assets[0]}, the first asset, which the others follow; got numeraire "
            f"{book.numeraire}: give the chain of {book.numeraire} first."
        )


def _check_floor(target: Target, horizon: float) -> None:
    """Refuse a floor by day beyond the horizon."""
    late = [day for day in days_of(target.floor) if day > horizon]
    if late:
        raise InputError(
            f"the floor of day {late[0]:g} lies beyond the horizon of {number_of(horizon, 'day')}: lengthen the horizon."
        )


def _check_outcomes(target: Target, outcomes: Outcomes | None, markets: Sequence[Market]) -> None:
    """Refuse a limit over outcomes without any, outcomes that nothing is taken over, and too many for a quantile."""
    if target.needs_outcomes != (outcomes is not None):
        raise InputError(
            "an expected shortfall or value at risk needs outcomes to be taken over, and outcomes one of these "
            "to limit or minimise: give both Target(shortfall=...) and outcomes=..., or neither."
        )
    if outcomes is None:
        return
    if target.joint != "together" or not isinstance(outcomes.paths, Paths):
        paths_by_asset(outcomes.paths, [market.asset for market in markets])
    if target.value_at_risk is not None and len(outcomes) > MOST_OUTCOMES:
        raise InputError(
            f"a value at risk is judged outcome by outcome, of {MOST_OUTCOMES:,} at most; got "
            f"{len(outcomes):,}. Thin them, or limit the expected shortfall, which takes any number."
        )


def _check_depth(limits: Limits, markets: Sequence[Market]) -> None:
    """Refuse a ladder of a symbol that no chain knows: it would hold nothing."""
    if not limits.depth:
        return
    tables = [table for market in markets for table in (market.chain.quotes, market.chain.rejected)]
    known = {str(symbol) for table in tables for symbol in table["symbol"]}
    unknown = [str(symbol) for symbol in limits.depth if symbol not in known]
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


@cache
def _versions() -> dict[str, str]:
    """Versions of what a plan is made with: read from their files once, and copied by who hands them on."""
    versions = {"python": platform.python_version()}
    libraries = ("hedging", "numpy", "scipy", "pandas", "highspy")
    return versions | {name: version_of(name) for name in libraries}
