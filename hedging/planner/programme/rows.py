"""Rows of the programme as a value: ``matrix @ lots <= bound``, each of the limit that it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hedging._numerics.types import Array, Index, Mask
from hedging._numerics.types import Rows as Places
from hedging.planner.request.limit import Limit

__all__ = ["Rows", "rows_of"]

_ARRAYS = ("matrix", "bound", "group", "scale", "soft", "many")


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Some rows of the programme, ``matrix @ lots <= bound``.

    Attributes
    ----------
    limits : tuple of Limit
        The limits that have rows, each once.
    matrix : ndarray, shape (rows, columns)
    bound : ndarray, shape (rows,)
    group : ndarray of int
        The limit that each row belongs to, as its place in `limits`.
    scale : ndarray
        What a miss of 1 is in the norm of the closest plan: the position, or the base.
    soft : ndarray of bool
        Whether the closest plan may miss it. What guards against short tails never gives.
    many : ndarray of bool
        One row of a scenario set, of which few matter: the solver adds these when they are broken.
    """

    limits: tuple[Limit, ...]
    matrix: Array
    bound: Array
    group: Places
    scale: Array
    soft: Mask
    many: Mask

    @staticmethod
    def join(parts: Sequence[Rows]) -> Rows:
        """Put rows on top of each other."""
        place = {
            limit: i for i, limit in enumerate(dict.fromkeys(each for part in parts for each in part.limits))
        }
        moved = [
            replace(part, group=np.array([place[each] for each in part.limits])[part.group]) for part in parts
        ]
        arrays = (np.concatenate([getattr(part, name) for part in moved]) for name in _ARRAYS)
        return Rows(tuple(place), *arrays)

    def of(self, *limits: Limit) -> Mask:
        """Which rows belong to some limits."""
        return np.isin(self.group, [i for i, limit in enumerate(self.limits) if limit in limits])

    def limits_of(self, rows: Index) -> list[Limit]:
        """The limits of some rows, each once."""
        return [self.limits[i] for i in dict.fromkeys(self.group[rows].tolist())]

    def take(self, keep: Index) -> Rows:
        """Return some of the rows, by mask or index."""
        return Rows(self.limits, *(getattr(self, name)[keep] for name in _ARRAYS))

    def columns(self, keep: Index) -> Rows:
        """Return the same rows over some of the columns."""
        return replace(self, matrix=self.matrix[:, keep])


def rows_of(
    limit: Limit,
    matrix: Array,
    bound: Array | float,
    scale: float,
    *,
    soft: bool = True,
    many: bool = False,
) -> Rows:
    """Rows of one limit."""
    matrix = np.atleast_2d(matrix)
    count = len(matrix)
    return Rows(
        (limit,),
        matrix,
        np.broadcast_to(np.asarray(bound, dtype=float), count).copy(),
        np.zeros(count, dtype=np.intp),
        np.full(count, scale),
        np.full(count, soft),
        np.full(count, many),
    )
