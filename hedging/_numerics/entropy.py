r"""Probabilities as close as possible to given ones under which no order has a gain to expect.

Close means relative entropy, :math:`\sum_k q_k \ln(q_k / p_k)`. The probabilities that make it least are
:math:`q_k \propto p_k \exp(-\sum_j \lambda_j g_{kj})` [1]_, with one multiplier :math:`\lambda_j \ge 0` for each
order :math:`j` that gains :math:`g_{kj}` in scenario :math:`k`. They minimise

.. math:: \ln \sum_k p_k \exp(-\textstyle\sum_j \lambda_j g_{kj}),

a convex function whose slopes are minus the expected gains. Where orders contradict each other some gain must be
left: :math:`s_j` of it at a price of :math:`s_j^2 / 2 r_j` in entropy adds :math:`\sum_j r_j \lambda_j^2 / 2`.

Hundreds of orders are quoted, few end with a multiplier above 0: so orders come in as they are found to gain, and go
when their multiplier falls to 0. Over those few, Newton's method goes from bound to bound, as in non-negative least
squares.

References
----------
.. [1] M. Avellaneda et al., Weighted Monte Carlo, 2001: minimum relative entropy to benchmark prices.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hedging._ground import clock
from hedging._numerics.types import Array

__all__ = ["least_entropy", "relative_entropy"]

Indices = npt.NDArray[np.intp]

MARGIN = 1e-9  # of the underlying: what an order is made to lose, so that rounding leaves none that gains
PRECISION = 1e-11  # of the underlying: of the expected gains of orders with a multiplier
ADDED = 2  # orders that come in at a time; those they hedge often go, so more would be more work
STEPS = 8  # of Newton's method before other orders are looked at
ROUNDS = 500
SUFFICIENT = 1e-4  # share of the decrease that a step's slope promises, below which it is halved
SHORTEST = 1e-12  # step that is none
LEAST_VARIANCE = 1e-24  # of a gain; where all weight is on one scenario nothing varies, and any step will do
ROUNDING = 1e-14  # of the value, which at the end changes by less than floats tell


def relative_entropy(weights: Array, prior: Array) -> float:
    """Relative entropy of some probabilities to others, 0 where they are the same. [nat]"""
    at = weights > 0.0
    return float(weights[at] @ np.log(weights[at] / prior[at]))


def least_entropy(pnl: Array, worth: Array, prior: Array, room: Array | None = None) -> Array | None:
    """The probabilities of least relative entropy under which no order gains on average; None if there are none.

    With `room`, no order gains but what it costs less to leave: there always are such probabilities.

    Parameters
    ----------
    pnl : ndarray, shape (scenarios, orders)
        Gain of each order, per lot. [money]
    worth : ndarray, shape (orders,)
        Value of the underlying of a lot, which gains are a share of. [money]
    prior : ndarray, shape (scenarios,)
        The given probabilities; they sum to 1.
    room : ndarray, shape (orders,), optional
        Square of the gain, as a share of `worth`, that costs half a nat to leave. [1/nat]
    """
    possible = prior > 0.0
    if not possible.all():  # what has no probability gets none, however much is gained there
        found = least_entropy(pnl[possible], worth, prior[possible], room)
        return None if found is None else _spread(found, possible)
    # No probabilities on these scenarios have more entropy; what is left costs more than any.
    likeliest_none = -np.log(prior.min()) if room is None else np.inf
    room = np.zeros(worth.size) if room is None else room
    used: Indices = np.zeros(0, dtype=np.intp)
    prices, weights, settled = np.zeros(0), prior, True
    for _ in range(ROUNDS):
        clock.look()
        gain = (weights @ pnl) / worth
        gain[used] = -np.inf
        new = np.argsort(-gain)[:ADDED]
        new = new[gain[new] > 0.0]
        if settled and not new.size:
            return weights
        used, prices = np.append(used, new), np.append(prices, np.zeros(new.size))
        gains = pnl[:, used] / worth[used] + MARGIN
        prices, weights, entropy, settled = _fitted(gains, prices, prior, room[used])
        if entropy > likeliest_none:
            return None
        if settled:
            used, prices = used[prices > 0.0], prices[prices > 0.0]
    return None


def _spread(weights: Array, at: npt.NDArray[np.bool_]) -> Array:
    """Probabilities over all scenarios, 0 outside `at`."""
    out = np.zeros(at.size)
    out[at] = weights
    return out


def _fitted(gains: Array, prices: Array, prior: Array, room: Array) -> tuple[Array, Array, float, bool]:
    """Some steps towards the best multipliers of some orders.

    Returns
    -------
    (ndarray, ndarray, float, bool)
        The multipliers, their probabilities, the entropy that any probabilities have at least, and whether these
        are the best.
    """
    value, weights = _tilted(gains, prices, prior, room)
    for _ in range(STEPS):
        mean = weights @ gains - room * prices
        free = np.flatnonzero((prices > 0.0) | (mean > 0.0))
        if np.abs(mean[free]).max(initial=0.0) <= PRECISION:
            return prices, weights, -value, True
        way = _newton(gains, weights, mean, free, prices, room)
        falling = way < 0.0
        length = min(1.0, (prices[falling] / -way[falling]).min(initial=np.inf))
        while True:
            there = np.maximum(prices + length * way, 0.0)
            # What reaches its bound is put there: rounding would leave it just above.
            there[falling & (there <= SHORTEST * prices)] = 0.0
            below, tilted = _tilted(gains, there, prior, room)
            if below <= value - SUFFICIENT * length * float(mean @ way) + ROUNDING * (1.0 + abs(value)):
                break
            length /= 2.0
            if length < SHORTEST:
                return prices, weights, -value, True  # as good as floats tell
        prices, value, weights = there, below, tilted
    return prices, weights, -value, False


def _tilted(gains: Array, prices: Array, prior: Array, room: Array) -> tuple[float, Array]:
    """The function that is minimised, and the probabilities at its argument."""
    exponent = -(gains @ prices)
    top = float(exponent.max())
    weights = prior * np.exp(exponent - top)
    total = float(weights.sum())
    return top + float(np.log(total)) + float(room @ prices**2) / 2.0, weights / total


def _newton(gains: Array, weights: Array, mean: Array, free: Indices, prices: Array, room: Array) -> Array:
    """Newton's step over the free multipliers; one at 0 that would fall is not free."""
    made = weights @ gains
    covariance = (gains * weights[:, None]).T @ gains - np.outer(made, made) + np.diag(room)
    way = np.zeros(prices.size)
    while True:
        part = covariance[np.ix_(free, free)]
        scale = np.sqrt(np.maximum(part.diagonal(), LEAST_VARIANCE))
        # The ridge settles orders that gain and lose together: any mixture of them is as good.
        part = part / np.outer(scale, scale) + SHORTEST * np.eye(free.size)
        # Least squares: what is rounding of nothing leaves no inverse.
        step = np.linalg.lstsq(part, mean[free] / scale, rcond=None)[0] / scale
        held = (prices[free] == 0.0) & (step < 0.0)
        if not held.any():
            way[free] = step
            return way
        free = free[~held]
