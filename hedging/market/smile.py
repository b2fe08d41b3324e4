"""One vol surface per chain, free of arbitrage: SVI slices, joined in total variance over time.

``log_moneyness`` is ``k = ln(strike / forward)`` throughout, with the forward of the option's own expiry.

Extrapolation, stated once: beyond the outermost strikes each slice goes on as SVI does, linear in total
variance with a slope below Lee's bound of 2. Before the first expiry the vol of each log-moneyness stays that of
the first slice. After the last one total variance grows at every log-moneyness by what it grows at the money if
the vol there stays: the skew fades, where a flat vol would in the end break the bound.

Arbitrage is looked for, and fitted away, within two of the forward in log-moneyness (from 0.14 to 7.4 times the
forward). There neither extrapolation in time adds any. Beyond it nothing is promised: wings that have no quote
near them may cross there, or have a density below 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._ground.cells import SHARE, figure
from hedging._ground.forms import meant
from hedging._ground.shown import Shown, plain
from hedging._ground.tables import Page, Table
from hedging._numerics import svi
from hedging._numerics.checks import number
from hedging._numerics.types import Array
from hedging.errors import InputError
from hedging.market import _smile_fit
from hedging.market.contracts import expiry_of
from hedging.units import DAYS_PER_YEAR, years

__all__ = ["STICKINESS", "Smile", "stickiness"]


STICKINESS: Final = {"sticky_moneyness": 0.0, "sticky_strike": 1.0}
"""How far the vol of a fixed log-moneyness slides along the skew when spot moves, by the rule's name."""

_REAL: Final = (int, float, np.integer, np.floating)
_FARTHEST: Final = 1_500.0  # log-moneyness: no two floats have a ratio whose logarithm is greater


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Smile(Shown):
    """A vol surface: one raw SVI slice per expiry.

    As `fit` returns it, free of arbitrage within two of the forward in log-moneyness; moved, not always (`move`).

    Attributes
    ----------
    asset : str
        The underlying.
    as_of : Timestamp
        Time of the quotes.
    spot : float
        Index price at `as_of`. [money]
    times : ndarray, shape (expiries,)
        Time to each expiry, ascending. [years]
    forwards : ndarray, shape (expiries,)
        Forward of each expiry. [money]
    slices : ndarray, shape (expiries, 5)
        ``a, b, rho, m, s`` of each expiry's total variance.
    """

    asset: str
    as_of: pd.Timestamp
    spot: float
    times: Array
    forwards: Array
    slices: Array

    def vol_at(self, log_moneyness: npt.ArrayLike, time_to_expiry: npt.ArrayLike) -> Array:
        """Vol at each ``ln(strike / forward)`` and time; the arguments broadcast.

        Parameters
        ----------
        log_moneyness : array_like
            ``ln(strike / forward)``. [1]
        time_to_expiry : array_like, > 0
            Also shorter than the first expiry or longer than the last. [years]

        Returns
        -------
        ndarray, the broadcast shape
            [decimal a year]

        Raises
        ------
        InputError
            If a time is not above 0, an entry is no finite number, or the shapes do not broadcast.
        """
        k, time = number("log_moneyness", log_moneyness), number("time_to_expiry", time_to_expiry)
        if not ((time > 0) & (time < np.inf)).all():
            raise InputError("time_to_expiry must be > 0 years and finite in every entry.")
        if not np.isfinite(k).all():
            raise InputError("log_moneyness must be finite in every entry.")
        if not (np.abs(k) <= _FARTHEST).all():
            raise InputError(
                f"log_moneyness must lie within -{_FARTHEST:g} and {_FARTHEST:g} in every entry."
            )
        try:
            shape = np.broadcast_shapes(k.shape, time.shape)
        except ValueError as error:
            raise InputError(
                f"log_moneyness and time_to_expiry must broadcast; got shapes {k.shape} and {time.shape}."
            ) from error
        after = np.searchsorted(self.times, time)  # the first slice not before `time`
        if time.size == 1:
            return self._between(int(after.flat[0]), np.broadcast_to(k, shape), time.reshape(()))
        k, time = np.broadcast_to(k, shape), np.broadcast_to(time, shape)
        after = np.broadcast_to(after, shape)
        vol = np.empty(shape)
        for index in np.unique(after):
            here = after == index
            vol[here] = self._between(int(index), k[here], time[here])
        return vol

    def vol(self, strike: npt.ArrayLike, expiry: str | date | pd.Timestamp) -> Array:
        """Vol of a strike at an expiry, whether quoted or not.

        Parameters
        ----------
        strike : array_like, > 0
            [money]
        expiry : str, date or Timestamp
            With a time zone; a date alone as in `time_to`.

        Returns
        -------
        ndarray, the shape of `strike`
            [decimal a year]

        Raises
        ------
        InputError
            If `expiry` is not after `as_of`, or a strike not above 0.
        """
        time = self._time(expiry)
        return self.vol_at(np.log(_strikes(strike) / self.forward(time)), time)

    def carry(self, time_to_expiry: npt.ArrayLike) -> Array:
        """Rate of the forward over spot: ``carry * time`` is linear between expiries, the carry flat before and after.

        Parameters
        ----------
        time_to_expiry : array_like
            [years]

        Returns
        -------
        ndarray, the shape of `time_to_expiry`
            [1/year]
        """
        time = np.clip(np.asarray(time_to_expiry, dtype=float), self.times[0], self.times[-1])
        return np.asarray(np.interp(time, self.times, np.log(self.forwards / self.spot)) / time)

    def forward(self, time_to_expiry: npt.ArrayLike) -> Array:
        """Forward at each time, by `carry`. [money]"""
        return np.asarray(self.spot * np.exp(self.carry(time_to_expiry) * np.asarray(time_to_expiry, float)))

    def move(self, spot_shift: float, rule: str | float = "sticky_strike") -> Smile:
        """Return the surface after spot has moved at once.

        Parameters
        ----------
        spot_shift : float, > -1
            Relative move: -0.1 is a fall by 10 %. Forwards move alike. [share of spot]
        rule : {'sticky_strike', 'sticky_moneyness'} or float
            Sticky strike: each strike keeps its vol. Sticky moneyness: each ``strike / forward`` does. A
            number is the stickiness ratio between and beyond them: 0 moneyness, 1 strike, 2 what a local-vol
            model gives for short expiries.

        Returns
        -------
        Smile

        Raises
        ------
        InputError
            If spot would not stay above 0, or the rule is none of these.

        Notes
        -----
        Only sticky moneyness leaves the surface as free of arbitrage as it was. Vols that stay with the strike
        while the forward moves can end in a butterfly arbitrage: mostly in the wings, after large moves (g down
        to about -0.04 for sticky strike and a fall of 30 %). `arbitrage` of the moved surface shows it.

        References
        ----------
        L. Bergomi, Stochastic Volatility Modeling, 2016, chapter 9 (the skew stickiness ratio).
        """
        if not (isinstance(spot_shift, _REAL) and -1.0 < spot_shift < np.inf):
            raise InputError(f"spot_shift must be a relative move > -1; got {spot_shift!r}.")
        slices = self.slices.copy()
        slices[:, 3] -= stickiness(rule) * np.log1p(spot_shift)
        factor = 1.0 + spot_shift
        return replace(self, spot=self.spot * factor, forwards=self.forwards * factor, slices=slices)

    def slopes_at(
        self, log_moneyness: npt.ArrayLike, time_to_expiry: npt.ArrayLike
    ) -> tuple[Array, Array, Array]:
        """Total variance ``w`` and its first and second derivative in log-moneyness; the arguments broadcast.

        Raises
        ------
        InputError
            As `vol_at`.
        """
        vol = self.vol_at(log_moneyness, time_to_expiry)
        k, time = np.broadcast_arrays(np.asarray(log_moneyness, float), np.asarray(time_to_expiry, float))
        early = np.clip(np.searchsorted(self.times, time) - 1, 0, len(self.times) - 1)
        late = np.minimum(early + (time > self.times[0]), len(self.times) - 1)
        gap = self.times[late] - self.times[early]
        weight = np.where(gap > 0, (time - self.times[early]) / np.where(gap > 0, gap, 1.0), 0.0)
        scale = np.where(time < self.times[0], time / self.times[0], 1.0)
        first, second = (
            scale
            * (
                (1.0 - weight) * svi.variance_slopes(self.slices[early], k[..., None])[order][..., 0]
                + weight * svi.variance_slopes(self.slices[late], k[..., None])[order][..., 0]
            )
            for order in (1, 2)
        )
        return vol**2 * time, first, second

    def arbitrage(self) -> pd.DataFrame:
        """Least butterfly and calendar margin of each slice on a fine grid; a negative one is an arbitrage.

        Returns
        -------
        DataFrame
            ``expiry, butterfly, calendar``. The grid has 900 points: within two of the forward in
            log-moneyness, and closer ones within eight standard deviations of it, as far as those lie within
            two. What lies beyond two is not looked at.
        """
        rows = []
        for i, time in enumerate(self.times):
            butterfly, calendar = _smile_fit.margins(self.slices[i], self.slices[i - 1] if i else None)
            expiry = (self.as_of + pd.Timedelta(days=time * DAYS_PER_YEAR)).round("s")
            rows.append({"expiry": expiry, "butterfly": butterfly, "calendar": calendar})
        return pd.DataFrame(rows)

    def slices_at(self, time_to_expiry: float) -> Array:
        """Two raw SVI slices, shape (2, 5), whose sum is the square of the vol at one time; what `vol_at` reads.

        For loops that read the surface many times at one expiry. [1/year]
        """
        time = np.asarray(time_to_expiry, dtype=float)
        parts, added = self._blend(int(np.searchsorted(self.times, time)), time)
        slices = np.zeros((2, 5))
        for row, (index, share) in zip(slices, parts, strict=False):
            row[:] = self.slices[index]
            row[:2] *= share
        slices[0, 0] += added
        return slices

    @property
    def late_growth(self) -> float:
        """Growth of total variance after the last expiry: the variance at the money of its slice. [1/year]"""
        return float(svi.total_variance(self.slices[-1], np.zeros(1))[0] / self.times[-1])

    def _between(self, after: int, k: Array, time: Array) -> Array:
        """Vol between the slices `after - 1` and `after`, or before the first or beyond the last."""
        parts, added = self._blend(after, time)
        return np.asarray(np.sqrt(sum(share * _variance(self.slices[i], k) for i, share in parts) + added))

    def _blend(self, after: int, time: Array) -> tuple[list[tuple[int, Any]], Any]:
        """Slices by number with their shares, and a constant, that sum to the square of the vol."""
        if after == 0:
            return [(0, 1.0 / self.times[0])], 0.0
        if after == len(self.times):
            return [(after - 1, 1.0 / time)], self.late_growth * (time - self.times[-1]) / time
        early, late = self.times[after - 1], self.times[after]
        weight = (time - early) / (late - early)
        return [(after - 1, (1.0 - weight) / time), (after, weight / time)], 0.0

    def time_to(self, expiry: str | date | pd.Timestamp) -> float:
        """Years to an expiry; a date alone is the surface's own expiry on that day, or 08:00 UTC where it has none."""
        when = expiry_of(expiry)
        bare = isinstance(expiry, date) and not isinstance(expiry, datetime)
        if bare or (isinstance(expiry, str) and len(expiry) <= len("2026-03-27")):
            ends = self.as_of + pd.to_timedelta(self.times * DAYS_PER_YEAR, unit="D")
            own = np.flatnonzero(ends.round("s").normalize() == when.normalize())
            if own.size:
                return float(self.times[own[-1]])
        return years(self.as_of, when)

    def _time(self, expiry: str | date | pd.Timestamp) -> float:
        time = self.time_to(expiry)
        if not time > 0:
            raise InputError(f"expiry must lie after {self.as_of}; got {expiry}.")
        return time

    def to_frame(self) -> pd.DataFrame:
        """One row an expiry: ``expiry, days, forward`` [money] and vols at 90, 100 and 110 % of the forward."""
        vols = {
            f"vol {share:.0%}": [float(self.vol_at(math.log(share), t)) for t in self.times]
            for share in (0.9, 1.0, 1.1)
        }
        days = self.times * DAYS_PER_YEAR
        expiry = (self.as_of + pd.to_timedelta(days, unit="D")).round("s")
        return pd.DataFrame({"expiry": expiry, "days": days, "forward": self.forwards, **vols})

    def to_dict(self) -> dict[str, Any]:
        """What the surface is made of, and what it says at each expiry."""
        whole = {item.name: plain(getattr(self, item.name)) for item in fields(self)}
        return whole | {"expiries": plain(self.to_frame())}

    def _page(self) -> Page:
        head = f"{self.asset} vol surface at {self.as_of:%Y-%m-%d %H:%M:%S} UTC, spot {figure(self.spot, 8)}"
        return Page(head, (table_of(self),))


def table_of(smile: Smile) -> Table:
    """The expiries of a surface as they are read."""
    table = smile.to_frame()
    units = {name: SHARE for name in table if str(name).startswith("vol")} | {"expiry": "UTC"}
    return Table(table.assign(days=table["days"].round(1)), units)


def stickiness(rule: str | float) -> float:
    """Return the stickiness ratio of a rule's name, or the number itself.

    Raises
    ------
    InputError
        If it is neither.
    """
    ratio = STICKINESS.get(rule) if isinstance(rule, str) else rule
    if not (isinstance(ratio, _REAL) and np.isfinite(ratio)):
        raise InputError(
            f"rule must be one of {', '.join(STICKINESS)} or a finite number; got {rule!r}{meant(str(rule), STICKINESS) or '.'}"
        )
    return float(ratio)


def _variance(slice_: Array, k: Array) -> Array:
    """Total variance of one slice at points of any shape."""
    return svi.total_variance(slice_, k.ravel()).reshape(k.shape)


def _strikes(strike: npt.ArrayLike) -> Array:
    strikes = number("strike", strike)
    if not ((strikes > 0) & np.isfinite(strikes)).all():
        raise InputError("strike must be > 0 and finite in every entry.")
    return strikes
