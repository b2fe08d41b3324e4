"""One vol surface per chain: total variance as a function of log-moneyness and time.

``log_moneyness`` is ``k = ln(strike / forward)`` throughout, with the forward of the option's own expiry.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging.chain import OptionChain
from hedging.errors import ChainError, InputError
from hedging.units import utc, years

__all__ = ["Smile", "fit"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Smile:
    """A vol surface: one slice per expiry, joined linearly in total variance over time.

    Outside what was quoted the vol is flat: in log-moneyness beyond the outermost strikes of a slice, and
    in time (at the same log-moneyness) before the first and after the last expiry.

    Attributes
    ----------
    asset : str
        The underlying.
    as_of : Timestamp
        Time of the quotes.
    spot : float
        Index price at `as_of`. [money]
    times : ndarray
        Time to each expiry, ascending. [years]
    forwards : ndarray
        Forward of each expiry. [money]
    nodes : tuple of (ndarray, ndarray)
        Per expiry the log-moneyness of its quotes, ascending, and their vols. [1, decimal]
    """

    asset: str
    as_of: pd.Timestamp
    spot: float
    times: Array
    forwards: Array
    nodes: tuple[tuple[Array, Array], ...]

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
            If a time is not above 0, or an entry is NaN.
        """
        k, time = np.asarray(log_moneyness, dtype=float), np.asarray(time_to_expiry, dtype=float)
        if not (time > 0).all():
            raise InputError("time_to_expiry must be > 0 years in every entry.")
        if np.isnan(k).any():
            raise InputError("log_moneyness must be a number in every entry; got NaN.")
        shape = np.broadcast_shapes(k.shape, time.shape)
        after = np.searchsorted(self.times, time)  # the first slice not before `time`
        if time.size == 1:
            return self._between(int(after.flat[0]), np.broadcast_to(k, shape), time.reshape(()))
        k, time, after = (np.broadcast_to(a, shape) for a in (k, time, after))
        vol = np.empty(shape)
        for index in np.unique(after):
            here = after == index
            vol[here] = self._between(int(index), k[here], time[here])
        return vol

    def vol(self, strike: npt.ArrayLike, expiry: str | pd.Timestamp) -> Array:
        """Vol of a strike at an expiry, quoted or not; the forward in between is log-linear in time.

        Raises
        ------
        InputError
            If `expiry` is not after `as_of`, or a strike not above 0.
        """
        time = years(self.as_of, utc(expiry, "expiry"))
        if not time > 0:
            raise InputError(f"expiry must lie after {self.as_of}; got {expiry}.")
        strikes = np.asarray(strike, dtype=float)
        if not (strikes > 0).all():
            raise InputError("strike must be > 0 in every entry.")
        return self.vol_at(np.log(strikes / self.forward(time)), time)

    def forward(self, time_to_expiry: npt.ArrayLike) -> Array:
        """Forward at each time: carry linear in time through spot and the expiries, its rate flat beyond. [money]"""
        time = np.asarray(time_to_expiry, dtype=float)
        known = np.concatenate([[0.0], self.times])
        carry = np.concatenate([[0.0], np.log(self.forwards / self.spot)])
        beyond = np.maximum(time - known[-1], 0.0) * carry[-1] / known[-1]
        return np.asarray(self.spot * np.exp(np.interp(time, known, carry) + beyond))

    def _between(self, after: int, k: Array, time: Array) -> Array:
        """Vol between the slices `after - 1` and `after`, or beyond the last or before the first."""
        if after == 0:
            return self._slice(0, k)
        if after == len(self.times):
            return self._slice(after - 1, k)
        early, late = self.times[after - 1], self.times[after]
        weight = (time - early) / (late - early)
        variance = (1.0 - weight) * early * self._slice(after - 1, k) ** 2
        variance += weight * late * self._slice(after, k) ** 2
        return np.asarray(np.sqrt(variance / time))

    def _slice(self, index: int, k: Array) -> Array:
        return np.asarray(np.interp(k, *self.nodes[index]))


def fit(chain: OptionChain) -> Smile:
    """Fit the surface of a chain to its out-of-the-money mark vols.

    Raises
    ------
    ChainError
        If no expiry has a quote with a mark vol.
    """
    quotes = chain.quotes
    k = np.log(quotes["strike"] / quotes["forward"])
    out = (quotes["flag"] == "c") == (k >= 0)
    used = quotes.assign(k=k)[out & quotes["mark_vol"].notna()]
    if used.empty:
        raise ChainError(
            f"the {chain.asset} chain has no out-of-the-money quote with a vol to fit a smile to."
        )
    times, forwards, nodes = [], [], []
    for _, rows in used.groupby("expiry", sort=True):
        by_k = rows.groupby("k", sort=True)["mark_vol"].mean()
        times.append(float(rows["time_to_expiry"].iloc[0]))
        forwards.append(float(rows["forward"].median()))
        nodes.append((by_k.index.to_numpy(dtype=float), by_k.to_numpy(dtype=float)))
    return Smile(chain.asset, chain.as_of, chain.spot, np.array(times), np.array(forwards), tuple(nodes))
