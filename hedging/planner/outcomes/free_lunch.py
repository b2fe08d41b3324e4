"""Free lunches of a scenario set, and the probabilities that have none.

Scenarios that disagree with the chain pay somebody: an optimiser that sees them finds orders that never lose
and sells them as a hedge. `free_lunch` finds such orders, by a linear programme whose rows come as they are
broken. `reweighted` moves the probabilities by as little as possible, in relative entropy, until no order at
the quoted prices has a gain to expect; where some never lose, at prices as much worse as it takes. `check_outcomes`
does both for a plan, over its own orders and outcomes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hedging._ground import clock
from hedging._ground.counts import number_of
from hedging._numerics.entropy import least_entropy, relative_entropy
from hedging._numerics.types import Array
from hedging.book.book import Book, Holding
from hedging.book.legs import Leg
from hedging.errors import InputError
from hedging.market.market import Chains, Market, markets_of
from hedging.paths.by_asset import PathsBy
from hedging.planner.candidates.build import candidates_of
from hedging.planner.candidates.orders import leg_of
from hedging.planner.outcomes.gains_today import gains_today
from hedging.planner.outcomes.widening import WIDEST, widening
from hedging.planner.programme.build import build
from hedging.planner.programme.programme import Programme
from hedging.planner.request.limits import Limits
from hedging.planner.request.outcomes import Outcomes
from hedging.planner.request.request import Request
from hedging.planner.request.target import Target
from hedging.planner.result.agreement import WAY_OUT, Agreement, FreeLunch, Reweighting
from hedging.planner.solver.linear import LinearProgramme

__all__ = ["check_outcomes", "free_lunch", "reweighted"]


WORTH_SAYING = 1e-5  # of the underlying: a gain below it is rounding
LOSS = 1e-7  # of the underlying: the precision of the linear programme's rows
ROWS_ADDED = 4  # scenarios that come in at a time; the next mixture tells better which others are needed


def check_outcomes(request: Request, whole: Programme) -> tuple[Request, Programme, Agreement | None]:
    """Hold the outcomes of a request against the quotes, and give them other probabilities if asked to.

    Returns
    -------
    (Request, Programme, Agreement or None)
        The request and its programme over every order, with the probabilities to plan with, and what was found;
        as they were and None where there are no outcomes.

    Raises
    ------
    InputError
        If other probabilities are asked for and none fit the quotes.
    """
    outcomes = request.outcomes
    if (
        outcomes is None or not whole.candidates.tradable(request.limits).any()
    ):  # no order gains where there is none
        return request, whole, None
    orders = _Orders.of(request, whole.only(whole.candidates.tradable(request.limits)))
    lunch = orders.lunch(whole.base)
    found = Agreement(len(orders.pnl), orders.best(orders.prior), lunch)
    new = orders.reweighted(outcomes, lunch)
    if new is not None:
        found = replace(
            found, entropy=new.entropy, effective=new.effective, gain_left=new.worst, widened=new.widened
        )
    if not outcomes.reweight:
        return request, whole, found
    if new is None:
        raise InputError(_unfit(found.outcomes, lunch))
    moved = replace(new.outcomes, reweight=True)
    return request.with_outcomes(moved), whole.weighted(moved.probabilities), replace(found, reweighted=True)


def _unfit(count: int, lunch: FreeLunch | None) -> str:
    why = "some order gains under all of them" if lunch is None else f"{lunch} lose in none of them"
    return (
        f"no probabilities on these {number_of(count, 'outcome')} fit the quotes, were they {WIDEST:.2%} of the underlying "
        f"wider: {why}. {WAY_OUT}."
    )


def free_lunch(
    chain: Chains, outcomes: Outcomes | PathsBy, limits: Limits | None = None, *, size: float | None = None
) -> FreeLunch | None:
    """Orders that lose in no scenario and gain in some, after spread and fees; None if there are none.

    Parameters
    ----------
    chain : OptionChain or Market
    outcomes : Outcomes or Paths
    limits : Limits, optional
        Which orders to look at.
    size : float, optional
        Largest size of all together; by default one, or a whole lot where that is more. [units of the first chain's
        underlying]
    """
    request, orders = _chain_orders(chain, outcomes, limits, size)
    return orders.lunch(_size(request.markets, size) * request.markets[0].spot)


def reweighted(chain: Chains, outcomes: Outcomes | PathsBy, limits: Limits | None = None) -> Reweighting:
    """Move probabilities until the model price of every order lies within bid and ask.

    Where orders lose in no scenario, within bid and ask as much wider as takes that away (`Reweighting.widened`).

    Raises
    ------
    InputError
        If no probabilities on these scenarios do, at quotes a little wider than they are: they hold a free lunch.
    """
    request, orders = _chain_orders(chain, outcomes, limits, None)
    assert request.outcomes is not None
    lunch = orders.lunch(_size(request.markets, None) * request.markets[0].spot)
    found = orders.reweighted(request.outcomes, lunch)
    if found is None:
        raise InputError(_unfit(len(orders.pnl), lunch))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Orders:
    """The orders of a programme and what each makes in every outcome.

    Attributes
    ----------
    pnl : ndarray, shape (outcomes, orders)
        Per lot, as `gains_today` has it. [money]
    worth : ndarray, shape (orders,)
        Value of the underlying of a lot. [money]
    prior : ndarray, shape (outcomes,)
        Probabilities as given.
    """

    request: Request
    programme: Programme
    pnl: Array
    worth: Array
    prior: Array

    @classmethod
    def of(cls, request: Request, programme: Programme) -> _Orders:
        assert request.outcomes is not None
        spot = {market.asset: market.spot for market in request.markets}
        worth = np.abs(programme.candidates.size) * [
            spot[item.asset] for item in programme.candidates.instruments
        ]
        prior = request.outcomes.probabilities
        pnl = gains_today(request, programme)
        if not prior.all():  # what cannot happen proves nothing
            pnl, prior = pnl[prior > 0.0], prior[prior > 0.0]
        return cls(request, programme, pnl, worth, prior)

    def best(self, weights: Array) -> float:
        """Largest expected gain of any order under some probabilities, as a share of its underlying."""
        return float(((weights @ self.pnl) / self.worth).max())

    def lunch(self, size: float) -> FreeLunch | None:
        """Orders on an underlying worth `size` altogether, or as much as is quoted, that never lose. [money]"""
        shares = never_losing(self.pnl, self.worth, self.prior)
        if shares is None:
            return None
        lots, most = size * shares / self.worth, self.programme.candidates.most
        used = np.flatnonzero(lots)
        lots *= min(1.0, float((most[used] / lots[used]).min()))
        return FreeLunch(
            tuple(self._leg(int(i), float(lots[i])) for i in used),
            float(self.prior @ (self.pnl[:, used] @ lots[used])),
        )

    def _leg(self, column: int, lots: float) -> Leg:
        """An order of any size, whole lots or not."""
        markets = {market.asset: market for market in self.request.markets}
        one = leg_of(self.programme.candidates, column, 1.0, markets, self.request.limits)
        return replace(one, quantity=one.quantity * lots)

    def reweighted(self, outcomes: Outcomes, lunch: FreeLunch | None) -> Reweighting | None:
        """The probabilities of least relative entropy to those of the outcomes under which no order gains.

        Where there is a free lunch, at quotes that are as much wider as takes it away.
        """
        wider = 0.0 if lunch is None else widening(self.pnl, self.worth)
        if wider is None:
            return None
        weights = least_entropy(self.pnl - wider * self.worth if wider else self.pnl, self.worth, self.prior)
        if weights is None:
            return None
        every = np.zeros(len(outcomes))
        every[outcomes.probabilities > 0.0] = weights
        return Reweighting(
            outcomes=Outcomes(outcomes.paths, every),
            entropy=relative_entropy(weights, self.prior),
            effective=float(np.exp(-relative_entropy(weights, np.ones_like(weights)))),
            worst=self.best(weights),
            widened=wider,
        )


def never_losing(pnl: Array, worth: Array, probabilities: Array) -> Array | None:
    """The share of each order in the mixture that loses in no outcome and gains most on average; None if none does.

    Outcomes enter the linear programme as they are broken. Each solution bounds what any mixture gains, so that
    most often a few dozen outcomes prove that there is none.

    Parameters
    ----------
    pnl, worth, probabilities
        As in `hedging._numerics.entropy.least_entropy`.

    Returns
    -------
    ndarray, shape (orders,)
        Shares of the underlying worth; they sum to 1.

    Raises
    ------
    SolverError
        If the linear programme stops for no good reason.
    """
    mean = (probabilities @ pnl) / worth
    none, any_share = np.zeros(worth.size), np.full(worth.size, np.inf)
    programme = LinearProgramme(-mean, none, any_share, over=clock.over)
    programme.add(np.ones((1, worth.size)), np.ones(1))
    broken = np.zeros(len(pnl), dtype=bool)
    while True:
        clock.look()
        found = programme.solve()
        if found is None or -found.value <= WORTH_SAYING:
            return None
        shares = np.maximum(found.x, 0.0)
        used = np.flatnonzero(shares)
        gain = pnl[:, used] @ (shares / worth)[used]
        worst = np.argpartition(gain, min(ROWS_ADDED, gain.size) - 1)[:ROWS_ADDED]
        new = worst[(gain[worst] < -LOSS) & ~broken[worst]]
        if not new.size:
            return shares
        broken[new] = True
        programme.add(-pnl[new] / worth, np.zeros(new.size))


def _size(markets: Sequence[Market], size: float | None) -> float:
    """The size that is given, or one unit, or a lot of some market where that is more."""
    lots = (market.chain.terms.lot * market.chain.terms.multiplier for market in markets)
    return max(1.0, *lots) if size is None else size


def _chain_orders(
    chain: Chains, outcomes: Outcomes | PathsBy, limits: Limits | None, size: float | None
) -> tuple[Request, _Orders]:
    """All orders for options that `limits` allow, for a holding of `size`."""
    drawn = Outcomes.of(outcomes)
    markets = tuple(markets_of(chain).values())
    limits = replace(limits or Limits(), min_leg_share=0.0, max_leg_share=1.0, outright=())
    held = _size(markets, size)
    book = Book([Holding.spot(market.asset, held) for market in markets])
    target = Target(minimise="shortfall")  # any that is taken over outcomes has their P&L in its programme
    request = Request.of(book, markets, target, limits, horizon=float(drawn.days[-1]), outcomes=drawn)
    whole = build(request, candidates_of(request))
    programme = whole.only(whole.candidates.tradable(limits))
    if not len(programme.candidates):
        raise InputError(f"no option has a lot of at most {number_of(held, 'unit')}; give a larger size.")
    return request, _Orders.of(request, programme)
