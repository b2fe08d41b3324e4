"""Outcomes of hedged positions as a sample: one column a coin, its overlay included, as shares of its value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hedging._numerics.types import Array
from hedging.errors import InputError
from hedging.scenario import ScenarioResult

__all__ = ["Sample", "effective_bets", "sample_of", "tail_correlation"]

FEWEST = 20  # scenarios


@dataclass(frozen=True, eq=False)
class Sample:
    """Returns of positions over scenarios.

    Attributes
    ----------
    returns : DataFrame
        Scenarios by positions; gain over the position's value today.
    values : Series
        Of each position today. [money], or 1 each where only returns are known.
    """

    returns: pd.DataFrame
    values: pd.Series[float]

    @property
    def weights(self) -> pd.Series[float]:
        """Shares of the whole today."""
        return self.values / self.values.sum()

    @property
    def array(self) -> Array:
        """Returns, shape (scenarios, positions)."""
        return np.asarray(self.returns.to_numpy(dtype=float))

    @property
    def covariance(self) -> Array:
        """Of the returns, shape (positions, positions)."""
        return np.asarray(np.atleast_2d(np.cov(self.array.T)), dtype=np.float64)

    @property
    def shares(self) -> Array:
        """`weights` as an array."""
        return np.asarray(self.weights, dtype=np.float64)


def sample_of(result: ScenarioResult | pd.DataFrame, *, hedged: bool = True) -> Sample:
    """The sample of a scenario result at its last date, or of a table of returns as it is.

    Parameters
    ----------
    result : ScenarioResult or DataFrame
        As `hedging.scenario.run` returns it, leg by leg; or returns, scenarios by positions.
    hedged : bool
        Whether orders of the overlay count with the coin they are on.

    Raises
    ------
    InputError
        If there are fewer than twenty scenarios, a position is worth nothing today, or a return is no number.
    """
    if isinstance(result, pd.DataFrame):
        if not result.columns.is_unique:
            twice = result.columns[result.columns.duplicated()][0]
            raise InputError(f"{twice!s} stands in more than one column of the returns; which one is meant?")
        try:
            table = result.astype(float)
        except (TypeError, ValueError) as error:
            raise InputError(f"returns must be numbers: {error}.") from None
        values = pd.Series(1.0, table.columns)
    elif isinstance(result, ScenarioResult):
        table, values = _by_coin(result, hedged=hedged)
    else:
        raise InputError(
            f"result must be a ScenarioResult or a table of returns; got {type(result).__name__}."
        )
    if len(table) < FEWEST or table.shape[1] < 1:
        raise InputError(f"weights need at least {FEWEST} scenarios of one position; got {table.shape}.")
    bad = ~np.isfinite(table.to_numpy())
    if bad.any():
        row, column = map(int, np.argwhere(bad)[0])
        raise InputError(
            f"returns must be finite; got {float(table.to_numpy()[row, column])} of {table.columns[column]!s} in row {row}."
        )
    return Sample(table, values)


def _by_coin(result: ScenarioResult, *, hedged: bool) -> tuple[pd.DataFrame, pd.Series[float]]:
    """Gains of each coin's legs over what they are worth today."""
    gains, values = {}, {}
    owner = [_coin(label, tuple(result.spot)) for label in result.legs]
    for coin in dict.fromkeys(owner):
        own = [i for i, each in enumerate(owner) if each == coin]
        held = [i for i in own if result.groups[i] == "position"]
        value = float(result.start[held].sum())
        if not value > 0.0:
            raise InputError(
                f"the position in {coin} is worth {value:,.2f} today; a weight needs a value > 0."
            )
        gains[coin] = result.pnl[:, -1, own if hedged else held].sum(axis=1) / value
        values[coin] = value
    return pd.DataFrame(gains), pd.Series(values)


def _coin(label: str, coins: tuple[str, ...]) -> str:
    """The coin that a leg is on; cash is a position of its own."""
    symbol = label.removeprefix("buy ").removeprefix("sell ")
    fitting = [
        coin for coin in coins if symbol == coin or symbol.startswith((f"{coin}-", f"{coin}_", f"{coin} "))
    ]
    return max(fitting, key=len, default=symbol)


def effective_bets(weights: Array, covariance: Array) -> float:
    """Number of equal independent bets that a portfolio amounts to: exponential of the entropy of its principal ones [1]_.

    References
    ----------
    .. [1] A. Meucci, Managing Diversification, Risk, 2009.
    """
    variances, vectors = np.linalg.eigh(covariance)
    parts = (vectors.T @ weights) ** 2 * np.maximum(variances, 0.0)
    if not parts.sum() > 0.0:
        return 1.0
    shares = parts[parts > 0.0] / parts.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def tail_correlation(returns: Array, weights: Array, level: float = 0.95) -> float:
    """Mean correlation of pairs over the worst ``1 - level`` of the whole; NaN where nothing is left to vary."""
    if returns.shape[1] < 2:
        return float("nan")
    total = returns @ weights
    worst = returns[np.argsort(total, kind="stable")[: max(3, round((1.0 - level) * len(total)))]]
    spread = worst.std(axis=0)
    if not (spread > 1e-12).all():
        return float("nan")
    correlation = np.asarray(np.corrcoef(worst.T)).reshape(worst.shape[1], worst.shape[1])
    return float(correlation[np.triu_indices(len(correlation), 1)].mean())
