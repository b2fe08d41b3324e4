"""Free lunches of a scenario set, and the probabilities that have none.

Scenarios that disagree with the chain pay somebody: an optimiser that sees them finds orders that never lose
and sells them as a hedge. `free_lunch` finds such orders. `reweighted` moves the probabilities by as little
as possible, in relative entropy, until no order at the quoted prices has a gain to expect [1]_.

References
----------
.. [1] M. Avellaneda et al., Weighted Monte Carlo, 2001: minimum relative entropy to benchmark prices.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hedging.book import Book, Holding
from hedging.errors import InputError
from hedging.legs import Leg
from hedging.market import Chains, markets_of
from hedging.paths import Paths
from hedging.planner.problem import Problem, Rows
from hedging.planner.solve import minimise, relax
from hedging.planner.tails import Outcomes
from hedging.planner.targets import Limits, Target
from hedging.planner.task import Task
from hedging.planner.universe import Columns, leg_of

__all__ = ["FreeLunch", "Reweighting", "free_lunch", "reweighted"]

Array = npt.NDArray[np.float64]

WORTH_SAYING = 1e-6  # of the position's value: an expected gain below it is rounding


@dataclass(frozen=True, slots=True)
class FreeLunch:
    """Orders that lose in no scenario.

    Attributes
    ----------
    legs : tuple of Leg
        Continuous sizes, no larger than `size` units each.
    gain : float
        What they make on average. [money]
    """

    legs: tuple[Leg, ...]
    gain: float


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
        Largest expected gain of one unit of any order that is left. [money]
    """

    outcomes: Outcomes
    entropy: float
    effective: float
    worst: float


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
        Largest size of each. [units of underlying]
    """
    task, columns, pnl, outcomes = _orders(chain, outcomes, limits, size)
    mean = outcomes.probabilities @ pnl
    count = len(pnl)
    rows = Rows(
        -pnl,
        np.zeros(count),
        np.full(count, "loss"),
        np.ones(count),
        np.zeros(count, dtype=bool),
        np.ones(count, dtype=bool),
    )
    found = relax(Problem(replace(columns, cost=-mean), rows, 0.0, len(columns), 1.0, "one"))
    worth = size * task.markets[0].spot
    if found is None or -found.value <= WORTH_SAYING * worth:
        return None
    return FreeLunch(_continuous(columns, found.lots, task), -found.value)


def reweighted(chain: Chains, outcomes: Outcomes | Paths, limits: Limits | None = None) -> Reweighting:
    """Move probabilities until the model price of every order lies within bid and ask.

    Raises
    ------
    InputError
        If no probabilities on these scenarios do: they hold a free lunch.
    """
    task, columns, pnl, outcomes = _orders(chain, outcomes, limits, 1.0)
    prior = outcomes.probabilities
    gain = pnl / (np.abs(columns.size)[None])  # per unit of underlying
    scale = task.markets[0].spot
    scaled = gain / scale

    def dual(prices: Array) -> tuple[float, Array]:
        exponent = -(scaled @ prices)
        top = exponent.max()
        weight = prior * np.exp(exponent - top)
        total = weight.sum()
        return float(top + np.log(total)), -(weight / total) @ scaled

    prices = minimise(dual, np.zeros(len(columns)))
    exponent = -(scaled @ prices)
    weight = prior * np.exp(exponent - exponent.max())
    weight /= weight.sum()
    worst = float((weight @ gain).max())
    if worst > 1e-4 * scale:
        raise InputError(
            f"no probabilities on these {len(prior)} scenarios fit the quotes: an order still gains "
            f"{worst:,.4g} per unit on average. Add scenarios; `free_lunch` shows what they lack."
        )
    positive = weight > 0
    return Reweighting(
        outcomes=Outcomes(outcomes.paths, weight),
        entropy=float(weight[positive] @ np.log(weight[positive] / prior[positive])),
        effective=float(np.exp(-(weight[positive] @ np.log(weight[positive])))),
        worst=worst,
    )


def _orders(
    chain: Chains, outcomes: Outcomes | Paths, limits: Limits | None, size: float
) -> tuple[Task, Columns, Array, Outcomes]:
    """All orders that `limits` allow and their P&L in each scenario, per lot."""
    outcomes = Outcomes(outcomes) if isinstance(outcomes, Paths) else outcomes
    markets = tuple(markets_of(chain).values())
    limits = replace(limits or Limits(), min_leg_share=0.0, max_leg_share=1.0)
    book = Book([Holding.spot(market.asset, size) for market in markets])
    task = Task.of(book, markets, Target(), limits, float(outcomes.paths.days[-1]), outcomes.paths, None)
    columns = task.problem().columns
    columns = columns.take(np.isin(columns.kinds, ("call", "put")))
    if not len(columns):
        raise InputError(f"no option has a lot of at most {size:g} units; give a larger size.")
    return task, columns, columns.pnl(markets, outcomes.paths)[:, -1], outcomes


def _continuous(columns: Columns, lots: Array, task: Task) -> tuple[Leg, ...]:
    """Legs of fractional lots: a certificate, no order ticket."""
    markets = {market.asset: market for market in task.markets}
    legs = []
    for index in np.flatnonzero(lots > 1e-9):
        leg = leg_of(columns, int(index), 1.0, markets, task.limits)
        legs.append(replace(leg, quantity=leg.quantity * float(lots[index])))
    return tuple(legs)
