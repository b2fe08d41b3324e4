"""Surfaces that need no fit: of coins on which no option is quoted, and for contracts at their own mark vols."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._numerics.checks import positive
from hedging._numerics.types import Array
from hedging.errors import InputError
from hedging.market.chain import QUOTE_COLUMNS, OptionChain, in_columns
from hedging.market.contracts import ContractTerms
from hedging.market.smile import Smile
from hedging.units import DAYS_PER_YEAR, utc

__all__ = ["NoSmile", "bare_chain", "level_surface", "no_options"]


def no_options(asset: str, what: str = "an option") -> InputError:
    """The refusal of whatever needs a quote that nobody makes."""
    return InputError(
        f"{what} on {asset} cannot be valued: no option on {asset} is quoted. Bring a chain of {asset}, or hedge by "
        "spot, by its perpetual, or by the options of another coin (see hedging.planner.proxy)."
    )


class NoSmile(Smile):
    """The surface of a coin without options: it has a spot and nothing to read a vol or a forward off."""

    __slots__ = ()

    @classmethod
    def of(cls, asset: str, as_of: pd.Timestamp, spot: float) -> NoSmile:
        """The one of a spot."""
        none = np.empty(0)
        return cls(asset, as_of, spot, none, none, np.empty((0, 5)))

    def vol_at(self, log_moneyness: npt.ArrayLike, time_to_expiry: npt.ArrayLike) -> Array:
        """Refuse any vol; see `Smile.vol_at` for the arguments."""
        shape = np.broadcast_shapes(np.shape(log_moneyness), np.shape(time_to_expiry))
        if np.prod(shape, dtype=int):
            raise no_options(self.asset)
        return np.empty(shape)

    def carry(self, time_to_expiry: npt.ArrayLike) -> Array:
        """Refuse any forward; see `Smile.carry` for the argument."""
        times = np.asarray(time_to_expiry, dtype=float)
        if times.size:
            raise no_options(self.asset, "a future or an option")
        return np.empty(times.shape)

    def __repr__(self) -> str:
        return f"{self.asset}: no options are quoted"


def bare_chain(
    asset: str, spot: float, as_of: str | pd.Timestamp, currency: str
) -> tuple[OptionChain, NoSmile]:
    """A chain without quotes, and the surface that goes with it."""
    if not isinstance(asset, str) or not asset:
        raise InputError(f"asset must be the name of a coin; got {asset!r}.")
    price, when = float(positive("spot", spot)), utc(as_of, "as_of")
    columns = pd.DataFrame(columns=["row", "symbol", "reason", "detail"])
    chain = OptionChain(
        asset=asset,
        as_of=when,
        spot=price,
        quotes=in_columns(pd.DataFrame(columns=list(QUOTE_COLUMNS)), "quotes"),
        rejected=in_columns(columns, "rejected"),
        terms=ContractTerms(settlement="cash", currency=currency),
        source=f"price of {asset}",
    )
    return chain, NoSmile.of(asset, when, price)


def level_surface(chain: OptionChain) -> Smile:
    """Surface of one vol through the forwards of a chain: enough for its own contracts, by their marks, as of now.

    A contract with a mark vol of its own reads a surface only for what that vol changes by on a path.
    """
    expiries = chain.expiries
    times = expiries["days"].to_numpy(dtype=float) / DAYS_PER_YEAR
    slices = np.zeros((len(times), 5))
    slices[:, 0], slices[:, 4] = times, 1.0  # a total variance of 1 a year at every strike
    return Smile(
        chain.asset, chain.as_of, chain.spot, times, expiries["forward"].to_numpy(dtype=float), slices
    )
