"""`HedgePlan`: what to trade, what it costs, what it changes, and the proof. A value that prints and saves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd

from hedging import _extras
from hedging._ground.shown import Shown
from hedging._ground.tables import Page
from hedging._writing import write_text
from hedging.book.book import Exposure
from hedging.book.entering import Entering
from hedging.book.legs import Cost, Leg, orders_frame
from hedging.book.saved import book_from, legs_to_dicts
from hedging.book.structure import structure
from hedging.book.tickets import ticket
from hedging.errors import InputError
from hedging.market.market import Chains, Market
from hedging.paths.assumptions import assumptions
from hedging.planner.request.funding import Funding
from hedging.planner.request.mandate_source import MandateSource
from hedging.planner.result.accounts import AccountSurvival, LiquidationMove
from hedging.planner.result.agreement import Agreement
from hedging.planner.result.as_dict import as_dict
from hedging.planner.result.carry import BreakEven, Decay
from hedging.planner.result.checks import Check, Trough
from hedging.planner.result.fills import Fills
from hedging.planner.result.robustness import Robustness
from hedging.planner.result.second_opinion import LegGreeks, second_opinion
from hedging.planner.result.status import PlanStatus, message_of
from hedging.planner.result.text import plan_page, plan_text
from hedging.planner.result.values import Alternative, Driver, JointFeasibility, Numeraire, ShadowPrice
from hedging.planner.result.venue_needs import VenueNeed
from hedging.risk import Promise
from hedging.units import utc

__all__ = ["HedgePlan"]


@dataclass(frozen=True, slots=True, eq=False)
class HedgePlan(Shown):
    """The cheapest orders that bring a book to its target, verified, with the proof.

    Attributes
    ----------
    legs : tuple of Leg
        ``book + plan`` is the book after them.
    cost : Cost
        [money]
    exposures : tuple of (Exposure, Exposure)
        Before and after, per asset. `before` and `after` are those of the first asset.
    status : PlanStatus
    objective : float
        Execution cost, carry to the horizon, the price of legs and of misses. Where a loss is minimised it
        stands in the place of the cost, of which only a thousandth is added. [money]
    bound : float
        No plan within the limits has a lower objective. [money]
    seconds, nodes : float, int
        What the search took.
    checks : tuple of Check
        Every limit, held against the book revalued after the orders.
    binding : tuple of str
        Limits that one more lot of some order would break.
    troughs : tuple of (Trough, Trough)
        Worst case over the scenarios without and with the plan, each at its own place.
    base : float
        What shares are shares of. [money]
    base_name : str
    shadow_prices : tuple of ShadowPrice
        What one more step of each limit would save, from the relaxation.
    drivers : tuple of Driver
        Scenarios that the floor is paid for.
    warnings : tuple of str
        What its reader must know first: a refused promise, a premium that nobody limited, one band for
        several coins.
    remarks : tuple of str
        What a desk would say about the orders.
    alternatives : tuple of Alternative
        Other structures, the sale of part of the position outright among them; and the optimum, where a
        plan with fewer legs costs hardly more.
    clashes : tuple of str
        Limits that cannot hold together, where the plan is only the closest.
    agreement : Agreement or None
        How the outcomes agree with the quotes: a free lunch among them, what orders gain on average, and how
        far their probabilities were moved; None for a plan without outcomes.
    joint_feasibility : tuple of JointFeasibility
        What the bands of several Greeks take together, by asset.
    numeraires : tuple of Numeraire
        Cost and worst case in money and in coin, where options settle in one coin.
    leg_greeks : tuple of LegGreeks
        Value and Greeks of one unit of each option ordered; see `second_opinion`.
    liquidations : tuple of LiquidationMove
        Where each margin account is liquidated without and with the plan; empty of a book without leverage.
    survivals : tuple of AccountSurvival
        How each account lives through what `Limits.survive` names, and the top-up that would do instead.
    robustness : tuple of Robustness
        By how much each limit moves over the surfaces that the quotes allow.
    fills : Fills or None
        What the plan is while it fills, and at one tick worse.
    venues : tuple of VenueNeed
        What must lie at each venue, where the quotes are of several.
    decay : Decay or None
        What holding the orders to the horizon costs if nothing moves.
    break_even : BreakEven or None
        At which funding a plan without the perpetual is cheaper, where the plan trades one.
    promise : Promise or None
        Of a plan with prices: what holds in outcomes like the past's, what stays by coin, and what the same rule kept
        of its promises before.
    asked : MandateSource or None
        Which targets and limits the book's file said, of a plan that was asked for with such a file.
    inputs : dict
        Chain, book, targets, limits, horizon, scenarios, versions.
    markets : tuple of Market
        What it was made on; empty in a plan that was read back.
    trusted : bool
        False for one read from an edited file: to be looked at, its orders are not exported.
    """

    legs: tuple[Leg, ...]
    cost: Cost
    exposures: tuple[tuple[Exposure, Exposure], ...]
    status: PlanStatus
    objective: float
    bound: float
    seconds: float
    nodes: int
    checks: tuple[Check, ...]
    binding: tuple[str, ...]
    troughs: tuple[Trough, Trough]
    base: float
    base_name: str
    shadow_prices: tuple[ShadowPrice, ...] = ()
    drivers: tuple[Driver, ...] = ()
    warnings: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    clashes: tuple[str, ...] = ()
    agreement: Agreement | None = None
    joint_feasibility: tuple[JointFeasibility, ...] = ()
    numeraires: tuple[Numeraire, ...] = ()
    leg_greeks: tuple[LegGreeks, ...] = ()
    liquidations: tuple[LiquidationMove, ...] = ()
    survivals: tuple[AccountSurvival, ...] = ()
    robustness: tuple[Robustness, ...] = ()
    fills: Fills | None = None
    venues: tuple[VenueNeed, ...] = ()
    decay: Decay | None = None
    break_even: BreakEven | None = None
    promise: Promise | None = None
    asked: MandateSource | None = None
    inputs: dict[str, Any] = field(default_factory=dict)
    markets: tuple[Market, ...] = ()
    trusted: bool = True

    @property
    def as_of(self) -> pd.Timestamp:
        """When the quotes that it was made on were taken."""
        return utc(self.inputs["as_of"])

    @property
    def before(self) -> Exposure:
        """Exposure of the first asset without the plan."""
        return self.exposures[0][0]

    @property
    def after(self) -> Exposure:
        """Exposure of the first asset with the plan."""
        return self.exposures[0][1]

    @property
    def gap(self) -> float:
        """Share of the objective that a better plan could save at most."""
        return max(0.0, self.objective - self.bound) / max(abs(self.objective), 1e-9)

    @property
    def orders(self) -> pd.DataFrame:
        """The order ticket; columns as in `hedging.book.orders_frame`."""
        return orders_frame(self.legs, self.inputs.get("currency", "money"))

    @property
    def entering(self) -> Entering | None:
        """From what the orders cost to enter to what they gain at once; None without any. [money]"""
        if not self.legs:
            return None
        # What coins pay for is in the exposures; what money pays for is not.
        paid = sum(leg.paid for leg in self.legs if not leg.pays_coin)
        gained = sum(after.value - before.value for before, after in self.exposures) - paid
        entering = Entering.of(self.legs, gained, self.inputs.get("currency", "money"))
        coin, spots = self.inputs["book"].get("numeraire"), self.inputs["spot"]
        return replace(entering, coin=coin, spot=spots[coin]) if coin in spots else entering

    def base_at(self, spots: Mapping[str, float]) -> float:
        """The base at other spots: a book that counts in a coin stakes so many coins, whatever they cost. [money]"""
        coin, then = self.inputs["book"].get("numeraire"), self.inputs["spot"]
        return self.base * spots[coin] / then[coin] if coin in then else self.base

    def share_gained(self, gain: float, spots: Mapping[str, float]) -> float:
        """A gain of book and plan in money since the plan, as a share of the base; in coin where the book counts so."""
        coin = self.inputs["book"].get("numeraire")
        if coin in self.inputs["spot"]:
            gain = self.coins_gained(gain, spots) * spots[coin]
        return gain / self.base_at(spots)

    def coins_gained(self, gain: float, spots: Mapping[str, float]) -> float:
        """A gain in money since the plan, of a book that counts in a coin: coins worth what it is now, less those then."""
        coin, then = self.inputs["book"]["numeraire"], self.inputs["spot"]
        start = self.inputs["book"].get("cash", 0.0) + sum(before.value for before, _ in self.exposures)
        return float((start + gain) / spots[coin] - start / then[coin])

    @property
    def structure(self) -> str:
        """What the orders are called: ``'put'``, ``'collar'``, ``'put roll'`` ..."""
        return structure(self.legs, book_from(self.inputs["book"]))

    @property
    def outright(self) -> Alternative | None:
        """Selling part of the position instead, if that was looked at."""
        plain = ("spot", "perpetual", "future")
        return next((item for item in self.alternatives if item.name in plain), None)

    @property
    def funding(self) -> tuple[str, ...]:
        """What funding of each perpetual that may be traded counts for, and where it breaks even."""
        counted = self.inputs.get("funding", {})
        lines = (f"{asset} {Funding(**each)}" for asset, each in counted.items())
        return (*lines, *([str(self.break_even)] if self.break_even else []))

    @property
    def message(self) -> str:
        """What the status means, and what to do about it."""
        return message_of(self)

    @property
    def id(self) -> str:
        """Digest of what was asked for and what came out: the same plan has the same id, wherever it is read."""
        content = {"inputs": self.inputs, "orders": legs_to_dicts(self.legs)}
        return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def ticket(self, *, time_in_force: str | None = None) -> dict[str, Any]:
        """The orders in words that every venue shares; the schema is that of `hedging.book.tickets`."""
        return ticket(
            self,
            as_of=self.inputs["as_of"],
            currency=self.inputs["currency"],
            plan=self.id,
            remarks=self.remarks,
            time_in_force=time_in_force,
        )

    def to_ticket(self, path: str | Path | None = None, *, time_in_force: str | None = None) -> str:
        """The ticket as JSON text; also written to `path` if one is given.

        Raises
        ------
        InputError
            If the file cannot be written.
        """
        text = json.dumps(self.ticket(time_in_force=time_in_force), indent=2, allow_nan=False)
        if path is not None:
            write_text(path, text + "\n")
        return text

    def next_trades(self, chains: Chains | None = None, **more: Any) -> Any:
        """At which spot delta leaves its band, and how many lots of the perpetual bring it back at what cost.

        Parameters
        ----------
        chains : OptionChain or Market, or several of them, optional
            By default those that the plan was made on, which a plan read back from a file has no longer.
        more
            Other arguments of `hedging.monitor.next_trades`, which makes the answer.

        Raises
        ------
        InputError
            If there are no quotes, or as `hedging.monitor.next_trades`.
        """
        if chains is None and not self.markets:
            raise InputError(
                "a plan read back from a file has no quotes: pass the chain, plan.next_trades(hedging.read_chain(file))."
            )
        return _extras.open_room("monitor").next_trades(self, chains or self.markets, **more)

    def report(self, path: str | Path, chains: Chains | None = None, **more: Any) -> None:
        """Write position, plan, proof, payoffs, falls and quotes as one HTML page; see `hedging.report.write`.

        Parameters
        ----------
        path : str or Path
            Ends in ``.html`` or ``.htm``.
        chains : OptionChain or Market, or several of them, optional
            By default those that the plan was made on, which a plan read back from a file has no longer.
        more
            Other arguments of `hedging.report.write`.

        Raises
        ------
        InputError
            If there are no quotes to price the page with, or the file cannot be written.
        """
        if chains is None and not self.markets:
            raise InputError(
                "a plan read back from a file has no quotes: pass the chain, plan.report(path, hedging.read_chain(file))."
            )
        book = book_from(self.inputs["book"])
        _extras.open_room("report").write(
            path, book, self.markets if chains is None else chains, self, **more
        )

    def second_opinion(self) -> pd.DataFrame:
        """Value and Greeks of each option ordered by vollib beside ours, with the largest difference."""
        return second_opinion(self.leg_greeks)

    def assumptions(self) -> pd.DataFrame:
        """What scenarios of the plan's assets assume unless told: ``asset, what, value, source``; of the vols it was made on.

        A file from before these were kept has none: the rules are then those at a vol of 60 %, and say so.
        """
        vols = self.inputs.get("vol_30_days", {})
        return assumptions([before.asset for before, _ in self.exposures], vols=vols)

    def to_frame(self) -> pd.DataFrame:
        """The order ticket: `orders`."""
        return self.orders

    def to_dict(self) -> dict[str, Any]:
        """The whole plan as plain values, ready for JSON."""
        return as_dict(self)

    def to_json(self, path: str | Path | None = None) -> str:
        """The plan as JSON text; also written to `path` if one is given.

        Raises
        ------
        InputError
            If the file cannot be written.
        """
        text = json.dumps(self.to_dict(), indent=2, allow_nan=False)
        if path is not None:
            write_text(path, text + "\n")
        return text

    def __repr__(self) -> str:
        return plan_text(self)

    def _page(self) -> Page:
        return plan_page(self)
