"""Values of American options of one expiry over many spots and vols: premiums are looked up, not solved one by one.

As in `american` all is one put of strike 1, a call being one with spot and strike, rate and yield exchanged. With
y = (ln s - ln B) / (vol sqrt(T)), the distance from the boundary, the premium is smooth in y >= 0 and in ln(vol), and
below the boundary what exercise pays is known: so no kink is ever interpolated. Premiums are solved on a fixed
lattice of both, vol by vol as they are asked for, and read by cubics. The lattice is the same whatever is asked, so
that no answer depends on what else was. With rates to 8 % and vols of 5 to 200 % within 1e-6 of the strike of solving
each up to three months, 2e-6 up to a year and 2e-5 at two and a half.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np

from hedging._numerics.american import is_double, is_fine, never, premiums, premiums_along
from hedging._numerics.types import Array, Mask

__all__ = ["PremiumTable", "Tables", "american_value", "pays"]

STEP: Final = 0.12  # of ln(vol)
APART: Final = 0.2  # of y
FARTHEST: Final = 6.6  # of y; beyond nothing is left
LEAST_VOL: Final = 1e-3
_Y: Final[Array] = APART * np.arange(round(FARTHEST / APART) + 1, dtype=float)


@dataclass(frozen=True, slots=True, eq=False)
class PremiumTable:
    """Premium of puts of strike 1 at one rate, yield and time to expiry.

    Attributes
    ----------
    r, q, T : float
    columns : dict of int to (float, ndarray, ndarray)
        What was solved so far, by the number of the vol on its lattice: ln B, the premium, and its slope in y.
    each : dict of (float, float) to (float, float)
        What was solved by itself, by spot and vol: the premium and ln B.
    """

    r: float
    q: float
    T: float
    columns: dict[int, tuple[float, Array, Array]] = field(default_factory=dict)
    each: dict[tuple[float, float], tuple[float, float]] = field(default_factory=dict)

    def premium(self, s: Array, v: Array) -> tuple[Array, Mask]:
        """Premium at some spots and vols, and where the put is exercised; arrays of one shape."""
        at = np.log(np.maximum(v, LEAST_VOL)) / STEP
        first = np.floor(at).astype(np.intp)
        low = int(first.min()) - 1
        self._solve(range(low, int(first.max()) + 3))
        numbers = range(low, int(first.max()) + 3)
        edge, value, slope = (np.array([self.columns[n][part] for n in numbers]) for part in range(3))
        weights, places = _through_four(at - first), [first - low + k for k in (-1, 0, 1, 2)]
        boundary = sum(w * edge[place] for w, place in zip(weights, places, strict=True))
        y = (np.log(s) - boundary) / (np.exp(at * STEP) * np.sqrt(self.T)) / APART
        cell = np.clip(y, 0, _Y.size - 2).astype(np.intp)
        ahead = np.clip(y - cell, 0.0, 1.0)
        a, b, c, d = _hermite(ahead)
        found = sum(
            w * (a * value[k, cell] + b * slope[k, cell] + c * value[k, cell + 1] + d * slope[k, cell + 1])
            for w, k in zip(weights, places, strict=True)
        )
        near = y < _Y.size - 1
        return np.where(near, np.maximum(found, 0.0), 0.0), np.asarray(y <= 0.0)

    def solved(self, s: Array, v: Array) -> tuple[Array, Mask]:
        """The same, each solved by itself when it is first asked for."""
        asked = list(zip(s.tolist(), v.tolist(), strict=True))
        new = [each for each in dict.fromkeys(asked) if each not in self.each]
        if new:
            spot, vol = np.array(new).T
            r, q, T = (np.full(vol.size, number) for number in (self.r, self.q, self.T))
            extra, _, _, edges = premiums(spot, r, q, vol, T, is_fine(T, r, vol, q))
            self.each.update(zip(new, zip(extra.tolist(), edges.tolist(), strict=True), strict=True))
        found, edge = np.array([self.each[each] for each in asked]).T
        return found, np.asarray(np.log(s) <= edge)

    def _solve(self, numbers: range) -> None:
        new = [number for number in numbers if number not in self.columns]
        if not new:
            return
        v: Array = np.exp(STEP * np.array(new, dtype=float))
        r, q, T = (np.full(v.size, number) for number in (self.r, self.q, self.T))
        edge, value, slope = premiums_along(r, q, v, T, _Y, is_fine(T, r, v, q))
        self.columns.update(zip(new, zip(edge.tolist(), value, slope * APART, strict=True), strict=True))


Tables: TypeAlias = dict[tuple[float, float, float], PremiumTable]
"""Tables of one market, by rate, yield and time."""


def american_value(
    w: Array,
    S: Array,
    K: Array,
    v: Array,
    european: Array,
    *,
    r: float,
    T: float,
    q: float,
    tables: Tables,
    solved: bool = False,
) -> Array:
    """Value of American options of one expiry, rate and yield, given that of the European ones.

    Parameters
    ----------
    w, S, K, v, european : ndarray, shape (options, scenarios) or what broadcasts to that of `european`
    r, T, q : float
        T > 0.
    tables : dict
        Tables by rate, yield and time, kept for the next call.
    solved : bool
        Whether each value is solved by itself, once for each spot and vol.

    Notes
    -----
    Where rate and yield are negative and exercise would pay between two boundaries only, it is left out: what it is
    worth there is far below a spread, and the European value is less than the American one.
    """
    shape = european.shape
    w, S, K, v = (np.broadcast_to(each, shape) for each in (w, S, K, v))
    out = european.copy()
    for sign in (1.0, -1.0):
        here = (w == sign) & (v > 0.0)
        if not here.any() or not pays(sign, r, q):
            continue
        call = sign > 0.0
        s, k = S[here], K[here]
        spot, strike = (k, s) if call else (s, k)
        key = (q, r, T) if call else (r, q, T)
        table = tables.setdefault(key, PremiumTable(*key))
        extra, exercised = (table.solved if solved else table.premium)(spot / strike, v[here])
        paid = sign * (s - k)
        out[here] = np.where(exercised, paid, np.maximum(european[here] + strike * extra, paid))
    return out


def pays(sign: float, r: float, q: float) -> bool:
    """Whether calls (1) or puts (-1) are ever exercised early, but for the case of two boundaries."""
    one, rate, yielded = np.array([sign]), np.array([r]), np.array([q])
    return not (is_double(one, rate, yielded)[0] or never(one, rate, yielded)[0])


def _through_four(x: Array) -> tuple[Array, Array, Array, Array]:
    """Weights of the cubic through values at -1, 0, 1, 2."""
    a, b, c = x + 1.0, x - 1.0, x - 2.0
    return -x * b * c / 6.0, a * b * c / 2.0, -a * x * c / 2.0, a * x * b / 6.0


def _hermite(x: Array) -> tuple[Array, Array, Array, Array]:
    """Weights of value and slope at 0 and at 1."""
    y = 1.0 - x
    return y * y * (1.0 + 2.0 * x), y * y * x, x * x * (1.0 + 2.0 * y), -x * x * y
