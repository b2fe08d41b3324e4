"""A fall with a speed and an acceleration: closed-form paths, a fan of them, and when a level is hit."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hedging._ground.arguments import must_be
from hedging._ground.bounds import check_dates
from hedging.errors import InputError
from hedging.paths.paths import Paths, _check, along, join
from hedging.paths.reactions import BTC, Reaction

__all__ = ["crash_path", "fan", "hitting_time"]


def crash_path(
    velocity: float,
    acceleration: float = 0.0,
    days: float = 21.0,
    *,
    depth: float | None = None,
    stall: float = 0.0,
    rebound: float = 0.0,
    half_life: float = 7.0,
    step: float = 1.0,
    reaction: Reaction = BTC,
) -> Paths:
    r"""A fall that starts at `velocity`, gets faster by `acceleration`, and may end and rebound.

    While it falls, log-price after t days is :math:`v t + a t^2 / 2`; a fall has negative signs. It ends
    where `depth` is reached or where an opposite acceleration has braked it to a stand; then the price
    stays for `stall` days and regains the share `rebound` of the fall, half of that every `half_life`.

    Parameters
    ----------
    velocity : float
        Log-price per day; -0.02 falls by 2 % a day.
    acceleration : float
        Log-price per day per day; -0.004 makes the next day's fall 0.4 % larger.
    days : float
        Length of the path, > 0.
    depth : float, optional
        Greatest fall as a share of today's price, 0 < depth < 1; 0.4 ends it at -40 %.
    stall : float
        Days at the low, >= 0.
    rebound : float
        Share of the fall in log-price that comes back in the end, 0 to 1.
    half_life : float
        Days in which half of the remaining rebound comes, > 0.
    step : float
        Days between dates, > 0; the last date is `days` itself.
    reaction : Reaction
        What moves with the price; by default as measured for BTC, from a 30-day vol of 60 %. A path knows no market:
        ``hedging.scenario.rule_of(chain)`` is the same from today's, as the command and a report take it.

    Returns
    -------
    Paths
        One scenario.

    Raises
    ------
    InputError
        If a number is not finite or out of its range.

    See Also
    --------
    hitting_time, fan

    Examples
    --------
    >>> path = crash_path(velocity=-0.02, acceleration=-0.004, days=21)
    >>> round(float(np.log(path.spot[0, -1])), 4)  # -0.02 * 21 - 0.004 * 21**2 / 2
    -1.302
    >>> stopped = crash_path(-0.02, -0.004, 21, depth=0.3, rebound=0.5, half_life=3)
    >>> stopped.spot[0, [0, 9, 10, 21]].round(3).tolist()
    [1.0, 0.71, 0.72, 0.827]
    """
    numbers = {"velocity": velocity, "acceleration": acceleration, "stall": stall, "rebound": rebound}
    for name, value in (*numbers.items(), ("days", days), ("step", step), ("half_life", half_life)):
        must_be(name, value, int, float, np.number)
    for name, value in numbers.items():
        _check(name, value, np.isfinite(value), "a finite number")
    for name, value in {"days": days, "step": step, "half_life": half_life}.items():
        _check(name, value, np.isfinite(value) and value > 0, "a number > 0")
    check_dates(days, step)
    must_be("depth", depth, int, float, np.number, type(None))
    _check("depth", depth, depth is None or 0 < depth < 1, "a share of today's price between 0 and 1")
    _check("stall", stall, stall >= 0, "a number of days >= 0")
    _check("rebound", rebound, 0 <= rebound <= 1, "a share between 0 and 1")
    dates = np.append(np.arange(0.0, days * (1 - 1e-12), step), days)
    end = min(_braking_time(velocity, acceleration), hitting_time(velocity, acceleration, depth or 1.0))
    falling = np.minimum(dates, end)
    log_price = velocity * falling + 0.5 * acceleration * falling**2
    regained = 1.0 - 0.5 ** (np.maximum(dates - end - stall, 0.0) / half_life)
    log_price = log_price * (1.0 - rebound * regained)
    if np.abs(log_price).max() > 20.0:
        raise InputError(
            f"velocity {velocity:g} and acceleration {acceleration:g} over {days:g} days move log-price by "
            f"{np.abs(log_price).max():.3g}, 20 at most; velocity is a move a day: -0.02 is 2 %."
        )
    label = f"at {100 * velocity:+.3g} %/day, {100 * acceleration + 0.0:+.3g} %/day²"
    return along(dates, log_price[None, :], (label,), reaction)


def hitting_time(velocity: float, acceleration: float, depth: float) -> float:
    r"""Days until a fall has reached `depth`; infinity if it is braked before.

    Solves :math:`v t + a t^2 / 2 = \ln(1 - D)`; written so that it holds its digits as a goes to 0.

    Parameters
    ----------
    velocity, acceleration : float
        As in `crash_path`: log-price per day, per day per day.
    depth : float
        Share of today's price, 0 to 1; a fall by all of it takes for ever.

    Examples
    --------
    >>> round(hitting_time(-0.02, 0.0, 0.3), 3), round(hitting_time(-0.02, -0.004, 0.3), 3)
    (17.834, 9.26)
    >>> hitting_time(-0.02, 0.004, 0.3)  # stalls at 0.02 / 0.004 = 5 days, 5 % down
    inf
    """
    if depth >= 1.0:
        return float("inf")
    distance = -math.log1p(-depth)
    under_root = velocity**2 - 2.0 * acceleration * distance
    if under_root < 0.0:
        return float("inf")
    root = math.sqrt(under_root)
    # Two forms of one solution, each without a difference of nearly equal numbers.
    if velocity > 0.0:
        return (velocity + root) / -acceleration if acceleration < 0.0 else float("inf")
    return 2.0 * distance / (root - velocity) if root > velocity else float("inf")


def _braking_time(velocity: float, acceleration: float) -> float:
    """When an opposite acceleration has brought a fall to a stand."""
    return -velocity / acceleration if velocity < 0.0 < acceleration else float("inf")


def fan(
    velocity: float,
    acceleration: float,
    days: float = 21.0,
    *,
    multiples: Sequence[float] = (0.0, 1.0, 2.0, 4.0),
    step: float = 1.0,
    depth: float | None = None,
    stall: float = 0.0,
    rebound: float = 0.0,
    half_life: float = 7.0,
    reaction: Reaction = BTC,
) -> Paths:
    """The same fall at several multiples of its acceleration, one scenario each, alike ones once; see `crash_path`.

    Examples
    --------
    >>> fan(-0.02, -0.004, 10).spot[:, -1].round(3).tolist()
    [0.819, 0.67, 0.549, 0.368]
    """
    parts = [
        crash_path(
            velocity,
            each,
            days,
            depth=depth,
            stall=stall,
            rebound=rebound,
            half_life=half_life,
            step=step,
            reaction=reaction,
        )
        for each in dict.fromkeys(multiple * acceleration for multiple in multiples)
    ]
    return join(*parts)
