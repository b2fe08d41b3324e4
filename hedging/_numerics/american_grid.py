"""Where the exercise boundary of an American option is known, and the quadratures over it: fixed numbers.

The boundary of a put of strike 1 is written B(t) = X exp(-c(t)) with t the time to expiry, X its value at expiry,
and c^2 as a polynomial in sqrt(t): smooth where B itself has a vertical tangent (Andersen, Lake and
Offengenden, "High-performance American option pricing", 2016). An integral over the times u since now and t - u
until expiry has a root at either end; with u = t sin^2(a) both are smooth in the angle a, and Gauss-Legendre
nodes in a reach with a dozen points what one root left standing denies to a hundred.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["FINE", "FINE_TABLE", "QUICK", "QUICK_TABLE", "Grid", "build_grid"]

Array = npt.NDArray[np.float64]


class Grid(NamedTuple):
    """Nodes and weights, the longest time and vol being 1.

    Attributes
    ----------
    nodes, rows : int
        Nodes of the boundary, those where t > 0; and one more than the angles of their integrals.
    flat : ndarray, shape (3, rows, nodes)
        sqrt(u); the weight of u; and the weight of the value at expiry, 1 in the last row, u = t, and else 0.
    to_angles : ndarray, shape (nodes, rows - 1, nodes)
        c^2 at the nodes times this is c^2 at the times t - u of each angle and node.
    sines, weights : ndarray, shape (points,)
        sqrt(u) and weights of the premium itself, over the longest time.
    to_points : ndarray, shape (nodes, points)
    fixed, newton : int
        Rounds of plain fixed-point iteration, which come near from anywhere, and of Newton's, which finish.
    """

    nodes: int
    rows: int
    flat: Array
    to_angles: Array
    sines: Array
    weights: Array
    to_points: Array
    fixed: int
    newton: int


def _angles(count: int) -> tuple[Array, Array, Array]:
    """Return sin(a), cos(a) and the weights 2 sin(a) cos(a) da of a Gauss-Legendre rule on (0, pi/2)."""
    points, weights = np.polynomial.legendre.leggauss(count)
    a = (points + 1.0) * (np.pi / 4.0)
    sine, cosine = np.sin(a), np.cos(a)
    return sine, cosine, 2.0 * sine * cosine * weights * (np.pi / 4.0)


def _interpolate(nodes: Array, at: Array) -> Array:
    """Return the matrix, shape (nodes, at), from values at Chebyshev points to those of their polynomial."""
    signs = (-1.0) ** np.arange(len(nodes))
    signs[[0, -1]] *= 0.5
    distance = at[None, :] - nodes[:, None]
    hit = np.abs(distance) < 1e-15
    matrix = signs[:, None] / np.where(hit, 1.0, distance)
    matrix = np.where(hit.any(axis=0), hit * 1.0, matrix)
    return np.asarray(matrix / matrix.sum(axis=0))


def build_grid(nodes: int, angles: int, points: int, fixed: int, newton: int) -> Grid:
    """Return the grid of so many nodes of the boundary, angles of their integrals and points of the premium."""
    at = 0.5 * (1.0 + np.cos(np.pi * np.arange(nodes + 1) / nodes))  # falling from 1 to 0, where c is 0
    sine, cosine, weights = _angles(angles)
    roots = np.outer(np.append(sine, 1.0), at[:-1])
    inside = np.outer(np.append(weights, 0.0), at[:-1] ** 2)
    whole = np.outer(np.append(0.0 * weights, 1.0), np.ones(nodes))
    to_angles = _interpolate(at, np.outer(cosine, at[:-1]).ravel())[:-1]
    last_sine, last_cosine, last_weights = _angles(points)
    return Grid(
        nodes,
        angles + 1,
        np.stack([roots, inside, whole]),
        to_angles.reshape(nodes, angles, nodes),
        last_sine,
        last_weights,
        np.ascontiguousarray(_interpolate(at, last_cosine)[:-1]),
        fixed,
        newton,
    )


# For a standard deviation until expiry below 1, and beyond: the boundary bends more the longer it is.
QUICK = build_grid(nodes=10, angles=9, points=48, fixed=6, newton=2)
FINE = build_grid(nodes=15, angles=14, points=96, fixed=8, newton=4)
# The same boundaries for a table, whose cubics keep less than half of the points of its premiums do.
QUICK_TABLE = build_grid(nodes=10, angles=9, points=24, fixed=6, newton=2)
FINE_TABLE = build_grid(nodes=15, angles=14, points=48, fixed=8, newton=4)
