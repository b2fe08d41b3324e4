"""A basket of coins without options, hedged by perpetuals of others: sized jointly, judged walking forward."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy import sparse

from hedging._ground.counts import number_of
from hedging._numerics.types import Array
from hedging.errors import InputError, SolverError
from hedging.paths import block_bootstrap
from hedging.prices import Prices
from hedging.risk import Promise, expected_shortfall, shortfall_contributions, value_at_risk
from hedging.risk.promise import MOST_LEFT

__all__ = ["Basket", "basket"]

MOST_HEDGE: Final = 2.0  # times the basket
BLOCK: Final = 5.0  # days of a run of the bootstrap
WALK_SCENARIOS: Final = 500


@dataclass(frozen=True, eq=False, repr=False)
class Basket(Promise):
    """Proxies for a basket, what they promise, and what the same rule kept of its promises.

    Beside `hedge`, fields as in `hedging.risk.Promise`: shares are of the basket, and a proxy's own part of what stays
    is its gain there, < 0.

    Attributes
    ----------
    hedge : Series
        Money short by proxy.
    """

    hedge: pd.Series[float]

    @property
    def usable(self) -> bool:
        """Whether the promise has been judged and leaves little enough."""
        return self.calibrated is not None and self.calibrated <= MOST_LEFT

    @property
    def _way_out(self) -> str:
        return "Sell part of the basket instead."

    def __repr__(self) -> str:
        short = ", ".join(f"{money:,.0f} {coin}" for coin, money in self.hedge.items() if money > 0.0)
        return f"short {short or 'nothing'} against {self.value:,.0f}; {super().__repr__()}"


def basket(
    prices: Prices,
    held: Mapping[str, float],
    by: Sequence[str] = ("BTC", "ETH"),
    *,
    horizon: int = 30,
    days: int = 365,
    level: float = 0.95,
    at: str | dt.date | pd.Timestamp | None = None,
    scenarios: int = 2_000,
    seed: int = 0,
) -> Basket:
    """Size perpetuals of a few coins against a basket of others, and judge the rule on the past.

    Parameters
    ----------
    prices : Prices
    held : mapping of str to float
        Money by coin, > 0.
    by : sequence of str
        Coins that are shorted.
    horizon : int
        Days of an outcome, and between the dates of the walk.
    days : int
        Daily returns that outcomes are drawn from: whole days in runs of five, so that downside betas,
        correlations and each coin's own moves are what they were.
    level : float
        Of the shortfall that is made least.
    at
        As in `Prices.until`.
    scenarios, seed : int
        Of the bootstrap.

    Returns
    -------
    Basket

    Raises
    ------
    InputError
        If a coin has not the days, is held and shorted, or an argument breaks its rule.
    SolverError
        If no sizes are found.
    """
    coins, proxies = list(held), list(by)
    _check(held, proxies, horizon, days, level)
    past = prices.daily().until(at)
    missing = [coin for coin in (*coins, *proxies) if coin not in past.coins]
    if missing:
        raise InputError(f"{past.source} has no close of {', '.join(missing)} by {past.at}.")
    closes = past.closes[[*coins, *proxies]]
    if not closes.iloc[-days - 1 :].notna().all().all() or len(closes) <= days:
        short = closes.iloc[-days - 1 :].notna().sum()
        raise InputError(
            f"outcomes are drawn from {number_of(days, 'day')} in a row of every coin; {short.idxmin()} has {max(0, int(short.min()) - 1)}."
        )
    money = np.array([held[coin] for coin in coins], dtype=float)
    share = money / money.sum()
    own, other = _outcomes(closes.iloc[-days - 1 :], coins, proxies, horizon, scenarios, seed)
    sizes = _least_shortfall(own @ share, other, level)
    without, together = own @ share, own @ share - other @ sizes
    parts = np.column_stack((own * share, -other * sizes))
    left = shortfall_contributions(parts, level)
    hedged = float(expected_shortfall(together, level))
    return Basket(
        hedge=pd.Series(sizes * money.sum(), proxies),
        value=float(money.sum()),
        horizon=horizon,
        level=level,
        quantile=(float(value_at_risk(without, level)), float(value_at_risk(together, level))),
        shortfall=(float(expected_shortfall(without, level)), hedged),
        walk=_walk(closes, coins, proxies, share, horizon, days, level, seed),
        stays=pd.Series(left / left.sum(), [*coins, *(f"short {coin}" for coin in proxies)]),
    )


def _check(held: Mapping[str, float], proxies: Sequence[str], horizon: int, days: int, level: float) -> None:
    if not held or not proxies:
        raise InputError("a basket needs at least one coin held and one to short.")
    bad = {coin: money for coin, money in held.items() if not (money > 0.0 and math.isfinite(money))}
    if bad:
        raise InputError(f"what is held must be money > 0; got {bad}.")
    both = sorted(set(held) & set(proxies))
    if both:
        raise InputError(f"{', '.join(both)} cannot be held and shorted in one basket: net it first.")
    for name, value, least in (("horizon", horizon, 1), ("days", days, 90)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise InputError(f"{name} must be a whole number >= {least}; got {value!r}.")
    if not 0.5 <= level < 1.0:
        raise InputError(f"level must lie in [0.5, 1); got {level!r}.")


def _outcomes(
    closes: pd.DataFrame, coins: list[str], proxies: list[str], horizon: int, scenarios: int, seed: int
) -> tuple[Array, Array]:
    """Returns over the horizon of what is held and of the proxies, shape (scenarios, coins) each."""
    drawn = block_bootstrap(closes, horizon, scenarios, seed, mean_block=BLOCK)
    ends = {coin: path.spot[:, -1] - 1.0 for coin, path in drawn.items()}
    return np.column_stack([ends[coin] for coin in coins]), np.column_stack([ends[coin] for coin in proxies])


def _least_shortfall(own: Array, other: Array, level: float) -> Array:
    """Sizes, per unit of the basket, that make the shortfall least: the linear programme of Rockafellar and Uryasev.

    Short only, of no more than twice the basket in all.
    """
    from scipy.optimize import linprog

    count, proxies = other.shape
    # Unknowns: sizes, the quantile, and each outcome's excess over it; loss = -own + other @ sizes.
    objective = np.concatenate((np.zeros(proxies), [1.0], np.full(count, 1.0 / ((1.0 - level) * count))))
    excess: Any = sparse.hstack(
        [sparse.csr_array(other), sparse.csr_array(-np.ones((count, 1))), -sparse.eye_array(count)]
    )
    cap: Any = sparse.csr_array(np.concatenate((np.ones(proxies), np.zeros(count + 1)))[None])
    bounds = [*([(0.0, None)] * proxies), (None, None), *([(0.0, None)] * count)]
    found = linprog(
        objective,
        A_ub=sparse.vstack([excess, cap], format="csr"),
        b_ub=np.concatenate((own, [MOST_HEDGE])),
        bounds=bounds,
        method="highs",
    )
    if found.status != 0 or found.x is None:
        raise SolverError(f"no sizes of the proxies were found: {found.message}")
    return np.asarray(found.x[:proxies], dtype=float)


def _walk(
    closes: pd.DataFrame,
    coins: list[str],
    proxies: list[str],
    share: Array,
    horizon: int,
    days: int,
    level: float,
    seed: int,
) -> pd.DataFrame:
    """The same rule at past dates, a horizon apart, each with data up to it, and what then came."""
    rows = {}
    for last in range(len(closes) - 1 - horizon, days - 1, -horizon):
        known, then = closes.iloc[last - days : last + 1], closes.iloc[[last, last + horizon]]
        if not (known.notna().all().all() and then.notna().all().all()):
            continue
        own, other = _outcomes(known, coins, proxies, horizon, WALK_SCENARIOS, seed)
        sizes = _least_shortfall(own @ share, other, level)
        without, together = own @ share, own @ share - other @ sizes
        promised = expected_shortfall(together, level) / expected_shortfall(without, level)
        came = then.iloc[1].to_numpy(dtype=float) / then.iloc[0].to_numpy(dtype=float) - 1.0
        alone = float(came[: len(coins)] @ share)
        hedged = alone - float(came[len(coins) :] @ sizes)
        rows[closes.index[last]] = Promise.row(promised, value_at_risk(together, level), alone, hedged)
    return Promise.table(rows)
