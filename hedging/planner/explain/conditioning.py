"""Whether some options can hedge some Greeks at all, or only in absurd size.

Within one expiry vega is gamma times S² vol T: the two are one Greek there, and hedging both with options of
one expiry takes positions that grow without bound as the vols of the options get closer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hedging._ground.shown import Shown
from hedging._numerics.types import Array
from hedging.book.book import Book, Exposure
from hedging.book.unit_greeks import unit_greeks
from hedging.errors import InputError
from hedging.market.contracts import Option
from hedging.market.market import Market

__all__ = ["Conditioning", "conditioning", "row_scale", "singular_values"]


ILL = 100.0  # condition number from which small errors of the quotes decide the hedge
ROUNDING = 1e-13  # of the largest singular value
MOVE = 0.01  # of spot: the shock that rows are scaled to


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Conditioning(Shown):
    """How well some options span some Greeks.

    Attributes
    ----------
    greeks : tuple of str
    symbols : tuple of str
    singular_values : ndarray
        Of the Greeks of one unit of each option, as money for a move of spot by 1 % and of vol by one point,
        each Greek scaled to a largest entry of 1. Descending. [1]
    units : ndarray
        Smallest position that takes the Greeks of the book to zero (least squares). [units of underlying]
    residual : dict of str to float
        Share of each Greek that is left with it.
    expiries : int
    """

    greeks: tuple[str, ...]
    symbols: tuple[str, ...]
    singular_values: Array
    units: Array
    residual: dict[str, float]
    expiries: int

    @property
    def condition(self) -> float:
        """Largest over smallest singular value; infinite if the options cannot span the Greeks."""
        smallest = self.singular_values[-1]
        return float(self.singular_values[0] / smallest) if smallest > 0 else np.inf

    @property
    def gross(self) -> float:
        """Units of underlying that the hedge takes, long and short added up."""
        return float(np.abs(self.units).sum())

    @property
    def message(self) -> str:
        """What this means, and the way out."""
        head = f"hedging {' and '.join(self.greeks)} takes {self.gross:,.4g} units gross, condition {self.condition:,.3g}"
        if self.condition < ILL:
            return f"{head}: well conditioned."
        second = "; add an option of another expiry" if self.expiries == 1 else ""
        return f"{head}: ill conditioned, small errors of the quotes decide the hedge{second}."


def conditioning(
    book: Book, market: Market, options: Sequence[Option], greeks: Sequence[str] = ("gamma", "vega")
) -> Conditioning:
    """How well `options` can take `greeks` of a book to zero.

    Raises
    ------
    InputError
        If there is no option, or fewer than one Greek.
    """
    if not options or not greeks:
        raise InputError("conditioning needs at least one option and one Greek.")
    unit = unit_greeks(list(options), [0.0] * len(options), market)
    scale = np.array([_shock(name, market.spot) for name in greeks])
    matrix = np.array([unit[name] for name in greeks]) * scale[:, None]
    held = np.array([_of(book.exposure(market), name) for name in greeks]) * scale
    norm = row_scale(matrix)
    units, *_ = np.linalg.lstsq(matrix / norm[:, None], -held / norm, rcond=None)
    left = held + matrix @ units
    residual = {
        name: float(rest / was) if was else 0.0 for name, rest, was in zip(greeks, left, held, strict=True)
    }
    expiries = len({option.expiry for option in options})
    return Conditioning(
        tuple(greeks),
        tuple(option.symbol for option in options),
        singular_values(matrix),
        units,
        residual,
        expiries,
    )


def singular_values(matrix: Array) -> Array:
    """Singular values of a matrix whose rows are scaled to a largest entry of 1, descending.

    One for each row, 0 where rows are multiples of each other up to rounding.
    """
    values = np.linalg.svd(matrix / row_scale(matrix)[:, None], compute_uv=False)
    values = np.append(values, np.zeros(max(0, len(matrix) - values.size)))
    return np.where(values > values[0] * ROUNDING, values, 0.0)


def row_scale(matrix: Array) -> Array:
    """Largest entry of each row, 1 for an empty one."""
    largest = np.abs(matrix).max(axis=1)
    return np.where(largest > 0, largest, 1.0)


def _of(exposure: Exposure, name: str) -> float:
    return float(getattr(exposure, name))


def _shock(name: str, spot: float) -> float:
    """Money that one unit of a Greek is worth for spot by 1 % or vol by one point, in market units."""
    shocks = {
        "delta": MOVE * spot,
        "gamma": 0.5 * (MOVE * spot) ** 2,
        "vega": 1.0,
        "theta": 1.0,
        "vanna": MOVE * spot,
        "volga": 0.5,
    }
    if name not in shocks:
        raise InputError(f"greeks may be {', '.join(shocks)}; got {name!r}.")
    return shocks[name]
