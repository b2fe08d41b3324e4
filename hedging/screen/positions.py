"""Outcomes of hedged positions as a sample: one column a coin, its overlay included, as shares of its value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._numerics.checks import number
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


def effective_bets(weights: npt.ArrayLike, covariance: npt.ArrayLike) -> float:
    """Number of equal independent bets that a portfolio amounts to: exponential of the entropy of its principal ones [1]_.

    Parameters
    ----------
    weights : array_like, shape (positions,)
    covariance : array_like, shape (positions, positions)

    Raises
    ------
    InputError
        If they are no numbers of these shapes.

    References
    ----------
    .. [1] A. Meucci, Managing Diversification, Risk, 2009.
    """
    shares = _vector("weights", weights)
    spread = _table("covariance", covariance, (shares.size, shares.size))
    variances, vectors = np.linalg.eigh(spread)
    parts = (vectors.T @ shares) ** 2 * np.maximum(variances, 0.0)
    if not parts.sum() > 0.0:
        return 1.0
    shares = parts[parts > 0.0] / parts.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def tail_correlation(returns: npt.ArrayLike, weights: npt.ArrayLike, level: float = 0.95) -> float:
    """Mean correlation of pairs over the worst ``1 - level`` of the whole; NaN where nothing is left to vary.

    Parameters
    ----------
    returns : array_like, shape (scenarios, positions)
        [1]
    weights : array_like, shape (positions,)
    level : float, 0 < level < 1

    Raises
    ------
    InputError
        If they are no numbers of these shapes, or the level is none.
    """
    shares = _vector("weights", weights)
    returns = _table("returns", returns, (None, shares.size))
    if not 0.0 < level < 1.0:
        raise InputError(f"level must lie in (0, 1); got {level!r}.")
    if returns.shape[1] < 2:
        return float("nan")
    total = returns @ shares
    worst = returns[np.argsort(total, kind="stable")[: max(3, round((1.0 - level) * len(total)))]]
    spread = worst.std(axis=0)
    if not (spread > 1e-12).all():
        return float("nan")
    correlation = np.asarray(np.corrcoef(worst.T)).reshape(worst.shape[1], worst.shape[1])
    return float(correlation[np.triu_indices(len(correlation), 1)].mean())


def _vector(name: str, value: npt.ArrayLike) -> Array:
    """Finite numbers in a row."""
    found = number(name, value)
    if found.ndim != 1 or not found.size or not np.isfinite(found).all():
        raise InputError(f"{name} must be finite numbers in one dimension; got shape {found.shape}.")
    return found


def _table(name: str, value: npt.ArrayLike, shape: tuple[int | None, int]) -> Array:
    """Finite numbers of a shape, of which None is any size above 0."""
    found, (rows, columns) = number(name, value), shape
    fits = found.ndim == 2 and found.size and found.shape[1] == columns and rows in (None, len(found))
    if not fits or not np.isfinite(found).all():
        told = f"({'scenarios' if rows is None else rows}, {columns})"
        raise InputError(f"{name} must be finite numbers of shape {told}; got shape {found.shape}.")
    return found
