"""Free lunches of a scenario set, and the probabilities that have none.

Scenarios that disagree with the chain pay somebody: an optimiser that sees them finds orders that never lose
and sells them as a hedge. `free_lunch` finds such orders, by a linear programme whose rows come as they are
broken. `reweighted` moves the probabilities by as little as possible, in relative entropy, until no order at
the quoted prices has a gain to expect. `agreed` does both for a plan, over its own orders and outcomes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hedging._numerics.types import Array
from hedging.book.book import Book, Holding
from hedging.book.legs import Leg
from hedging.errors import InputError, SolverError
from hedging.market.market import Chains, markets_of
from hedging.paths.paths import Paths
from hedging.planner.candidates.candidates import leg_of
from hedging.planner.outcomes.entropy import least_entropy, relative_entropy
from hedging.planner.programme.build import Problem, allowed
from hedging.planner.programme.shortfall import Outcomes
from hedging.planner.request.request import Task
from hedging.planner.request.target import Limits, Target
from hedging.planner.result.saved import legs_from, legs_to_dicts

__all__ = ["Agreement", "FreeLunch", "Reweighting", "agreed", "free_lunch", "reweighted"]


WORTH_SAYING = 1e-5  # of the underlying: a gain below it is rounding
LOSS = 1e-7  # of the underlying: the precision of the linear programme's rows
ROWS_ADDED = 4  # scenarios that come in at a time; the next mixture tells better which others are needed
NAMED = 4  # orders of a free lunch that a sentence names
WAY_OUT = (
    "Give outcomes in which they lose (more of them, vols that move too, a date at each expiry on the way), or leave "
    "such options out, as by Limits(expiries=...)"
)


@dataclass(frozen=True, slots=True)
class FreeLunch:
    """Orders that lose in no scenario.

    Attributes
    ----------
    legs : tuple of Leg
        Continuous sizes: a certificate, no order ticket.
    gain : float
        What they make on average. [money]
    """

    legs: tuple[Leg, ...]
    gain: float

    @property
    def share(self) -> float:
        """The gain as a share of the underlying that the orders are on. [1]"""
        return self.gain / sum(abs(leg.units) * leg.spot for leg in self.legs)

    def __str__(self) -> str:
        largest = sorted(self.legs, key=lambda leg: -abs(leg.units) * leg.spot)
        named = [f"{leg.side} {abs(leg.quantity):.3g} {leg.instrument.symbol}" for leg in largest[:NAMED]]
        more = [f"{len(largest) - NAMED} more in smaller size"] if len(largest) > NAMED else []
        return ", ".join([*named, *more])

    def to_dict(self) -> dict[str, Any]:
        """The orders and what they gain, as plain values."""
        return {"orders": legs_to_dicts(self.legs), "gain": self.gain, "gain_share": self.share}

    @staticmethod
    def from_dict(saved: dict[str, Any]) -> FreeLunch:
        """The free lunch that `to_dict` gave."""
        return FreeLunch(legs_from(saved["orders"]), saved["gain"])


@dataclass(frozen=True, slots=True, eq=False)
class Reweighting:
    """Probabilities under which no quoted order has a gain to expect.

    Attributes
    ----------
    outcomes : Outcomes
    entropy : float
        Relative entropy to the probabilities before. [nat]
    effective : float
        Number of scenarios that carry the weight, ``exp(entropy of the weights)``.
    worst : float
        Largest expected gain of any order that is left, at most 0. [share of its underlying]
    """

    outcomes: Outcomes
    entropy: float
    effective: float
    worst: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """How the outcomes of a plan agree with the quotes it trades at.

    Attributes
    ----------
    outcomes : int
    gain : float
        Largest expected gain of any order under the probabilities given. [share of its underlying]
    lunch : FreeLunch or None
        Orders that lose in no outcome, if there are any.
    entropy : float or None
        Least relative entropy, to the probabilities given, of some under which no order gains; None where there
        are none. [nat]
    effective : float or None
        Number of outcomes that carry the weight of those.
    gain_left : float or None
        Largest expected gain under those, at most 0. [share of its underlying]
    reweighted : bool
        Whether the plan was made with those, or with the ones given.
    """

    outcomes: int
    gain: float
    lunch: FreeLunch | None = None
    entropy: float | None = None
    effective: float | None = None
    gain_left: float | None = None
    reweighted: bool = False

    def __str__(self) -> str:
        text = f"{self.outcomes:,}, {'no free lunch' if self.lunch is None else 'a free lunch among them'}; "
        if self.gain <= 0.0:
            return f"{text}no order gains on average: they fit the quotes"
        text += f"an order gains up to {self.gain:.2%} of its underlying on average"
        if self.entropy is None:
            return f"{text}, and no probabilities change that"
        fit = "reweighted to fit the quotes" if self.reweighted else "they would fit the quotes reweighted"
        return f"{text}; {fit}, entropy {self.entropy:.3g}, {self.effective:,.0f} effective"

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a free lunch is, what it means and the way out."""
        if self.lunch is None:
            return ()
        return (
            f"the outcomes disagree with the quotes: {self.lunch} lose in none of {self.outcomes:,} and gain "
            f"{self.lunch.gain:,.0f} on average ({self.lunch.share:.2%} of their size), so that what is taken over "
            f"them is too kind to such orders. {WAY_OUT}",
        )

    def to_dict(self) -> dict[str, Any]:
        """The agreement as plain values."""
        return {
            "count": self.outcomes,
            "largest_gain": self.gain,
            "free_lunch": None if self.lunch is None else self.lunch.to_dict(),
            "entropy": self.entropy,
            "effective": self.effective,
            "largest_gain_left": self.gain_left,
            "reweighted": self.reweighted,
        }

    @staticmethod
    def from_dict(saved: dict[str, Any]) -> Agreement:
        """The agreement that `to_dict` gave."""
        lunch = saved["free_lunch"]
        return Agreement(
            outcomes=saved["count"],
            gain=saved["largest_gain"],
            lunch=None if lunch is None else FreeLunch.from_dict(lunch),
            entropy=saved["entropy"],
            effective=saved["effective"],
            gain_left=saved["largest_gain_left"],
            reweighted=saved["reweighted"],
        )


def agreed(task: Task, whole: Problem, *, reweight: bool) -> tuple[Task, Problem]:
    """Hold the outcomes of a task against the quotes, and give them other probabilities if asked to.

    Returns
    -------
    (Task, Problem)
        The task with its `agreement`, and its programme over every order, both with the probabilities to plan
        with; as they were where there are no outcomes.

    Raises
    ------
    InputError
        If other probabilities are asked for and there are no outcomes, or none that fit the quotes.
    """
    if task.outcomes is None:
        if reweight:
            raise InputError(
                "reweight moves the probabilities of outcomes; give outcomes=..., or leave it out."
            )
        return task, whole
    orders = _Orders.of(task, whole.only(allowed(whole, task.limits)))
    lunch = orders.lunch(whole.base)
    found = Agreement(len(orders.pnl), orders.best(orders.prior), lunch)
    new = None if lunch else orders.reweighted(task.outcomes)
    if new is not None:
        found = replace(found, entropy=new.entropy, effective=new.effective, gain_left=new.worst)
    if not reweight:
        return replace(task, agreement=found), whole
    if new is None:
        raise InputError(_unfit(found.outcomes, lunch))
    task = replace(task, outcomes=new.outcomes, agreement=replace(found, reweighted=True))
    return task, whole.weighted(new.outcomes.probabilities)


def _unfit(count: int, lunch: FreeLunch | None) -> str:
    why = "some order gains under all of them" if lunch is None else f"{lunch} lose in none of them"
    return f"no probabilities on these {count:,} outcomes fit the quotes: {why}. {WAY_OUT}."


def free_lunch(
    chain: Chains, outcomes: Outcomes | Paths, limits: Limits | None = None, *, size: float = 1.0
) -> FreeLunch | None:
    """Orders that lose in no scenario and gain in some, after spread and fees; None if there are none.

    Parameters
    ----------
    chain : OptionChain or Market
    outcomes : Outcomes or Paths
    limits : Limits, optional
        Which orders to look at.
    size : float
        Largest size of all together. [units of the first chain's underlying]
    """
    task, orders = _chain_orders(chain, outcomes, limits, size)
    return orders.lunch(size * task.markets[0].spot)


def reweighted(chain: Chains, outcomes: Outcomes | Paths, limits: Limits | None = None) -> Reweighting:
    """Move probabilities until the model price of every order lies within bid and ask.

    Raises
    ------
    InputError
        If no probabilities on these scenarios do: they hold a free lunch.
    """
    task, orders = _chain_orders(chain, outcomes, limits, 1.0)
    assert task.outcomes is not None
    lunch = orders.lunch(task.markets[0].spot)
    found = None if lunch else orders.reweighted(task.outcomes)
    if found is None:
        raise InputError(_unfit(len(orders.pnl), lunch))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Orders:
    """The orders of a programme and what each makes in every outcome.

    Attributes
    ----------
    pnl : ndarray, shape (outcomes, orders)
        Per lot, as the programme has it. [money]
    worth : ndarray, shape (orders,)
        Value of the underlying of a lot. [money]
    prior : ndarray, shape (outcomes,)
        Probabilities as given.
    """

    task: Task
    problem: Problem
    pnl: Array
    worth: Array
    prior: Array

    @classmethod
    def of(cls, task: Task, problem: Problem) -> _Orders:
        assert task.outcomes is not None
        spot = {market.asset: market.spot for market in task.markets}
        worth = np.abs(problem.columns.size) * [spot[item.asset] for item in problem.columns.instruments]
        prior = task.outcomes.probabilities
        pnl = problem.outcome_pnl
        if not prior.all():  # what cannot happen proves nothing
            pnl, prior = pnl[prior > 0.0], prior[prior > 0.0]
        return cls(task, problem, pnl, worth, prior)

    def best(self, weights: Array) -> float:
        """Largest expected gain of any order under some probabilities, as a share of its underlying."""
        return float(((weights @ self.pnl) / self.worth).max())

    def lunch(self, size: float) -> FreeLunch | None:
        """Orders on an underlying worth `size` altogether, or as much as is quoted, that never lose. [money]"""
        shares = never_losing(self.pnl, self.worth, self.prior)
        if shares is None:
            return None
        lots, most = size * shares / self.worth, self.problem.columns.most
        used = np.flatnonzero(lots)
        lots *= min(1.0, float((most[used] / lots[used]).min()))
        return FreeLunch(
            tuple(self._leg(int(i), float(lots[i])) for i in used),
            float(self.prior @ (self.pnl[:, used] @ lots[used])),
        )

    def _leg(self, column: int, lots: float) -> Leg:
        """An order of any size, whole lots or not."""
        markets = {market.asset: market for market in self.task.markets}
        one = leg_of(self.problem.columns, column, 1.0, markets, self.task.limits)
        return replace(one, quantity=one.quantity * lots)

    def reweighted(self, outcomes: Outcomes) -> Reweighting | None:
        """The probabilities of least relative entropy to those of the outcomes under which no order gains."""
        weights = least_entropy(self.pnl, self.worth, self.prior)
        if weights is None:
            return None
        every = np.zeros(len(outcomes.paths))
        every[outcomes.probabilities > 0.0] = weights
        return Reweighting(
            outcomes=Outcomes(outcomes.paths, every),
            entropy=relative_entropy(weights, self.prior),
            effective=float(np.exp(-relative_entropy(weights, np.ones_like(weights)))),
            worst=self.best(weights),
        )


def never_losing(pnl: Array, worth: Array, probabilities: Array) -> Array | None:
    """The share of each order in the mixture that loses in no outcome and gains most on average; None if none does.

    Outcomes enter the linear programme as they are broken. Each solution bounds what any mixture gains, so that
    most often a few dozen outcomes prove that there is none.

    Parameters
    ----------
    pnl, worth, probabilities
        As in `hedging.planner.outcomes.entropy.least_entropy`.

    Returns
    -------
    ndarray, shape (orders,)
        Shares of the underlying worth; they sum to 1.

    Raises
    ------
    SolverError
        If the linear programme stops for no good reason.
    """
    from scipy.optimize import linprog

    mean = (probabilities @ pnl) / worth
    broken = np.zeros(len(pnl), dtype=bool)
    while True:
        rows = -pnl[broken] / worth
        result: Any = linprog(
            -mean,
            A_ub=np.vstack((np.ones(worth.size), rows)),
            b_ub=np.append(1.0, np.zeros(len(rows))),
            method="highs-ds",
        )
        if result.status != 0:
            raise SolverError(f"the search for a free lunch stopped: {result.message}")
        if -result.fun <= WORTH_SAYING:
            return None
        shares: Array = np.maximum(result.x, 0.0)
        used = np.flatnonzero(shares)
        gain = pnl[:, used] @ (shares / worth)[used]
        worst = np.argpartition(gain, min(ROWS_ADDED, gain.size) - 1)[:ROWS_ADDED]
        new = worst[(gain[worst] < -LOSS) & ~broken[worst]]
        if not new.size:
            return shares
        broken[new] = True


def _chain_orders(
    chain: Chains, outcomes: Outcomes | Paths, limits: Limits | None, size: float
) -> tuple[Task, _Orders]:
    """All orders for options that `limits` allow, for a holding of `size`."""
    outcomes = Outcomes(outcomes) if isinstance(outcomes, Paths) else outcomes
    markets = tuple(markets_of(chain).values())
    limits = replace(limits or Limits(), min_leg_share=0.0, max_leg_share=1.0, outright=())
    book = Book([Holding.spot(market.asset, size) for market in markets])
    target = Target(minimise="shortfall")  # any that is taken over outcomes has their P&L in its programme
    task = Task.of(book, markets, target, limits, float(outcomes.paths.days[-1]), None, outcomes)
    whole = task.problem()
    problem = whole.only(allowed(whole, limits))
    if not len(problem.columns):
        raise InputError(f"no option has a lot of at most {size:g} units; give a larger size.")
    return task, _Orders.of(task, problem)
