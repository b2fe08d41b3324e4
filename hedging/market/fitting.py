"""The surface through the quotes of a chain: SVI slices free of arbitrage, or the stiffer SSVI alone."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hedging._numerics.types import Array
from hedging.errors import ChainError
from hedging.market import _smile_fit
from hedging.market.by_exercise import out_of_the_money, side_vols, undiscounted
from hedging.market.chain import OptionChain
from hedging.market.smile import Smile
from hedging.units import VOL_POINT

__all__ = ["fit", "fit_ssvi"]


def fit(chain: OptionChain) -> Smile:
    """Fit one SVI slice per expiry, held together by an SSVI surface and free of arbitrage on a fine grid.

    Each slice is fitted to the out-of-the-money mark vols, moved to the nearer side of the quote where they lie
    outside it and both sides exist, and weighed by vega; and it is drawn inside the quotes, by what it misses
    them in half spreads. Quotes that no smile can meet are weighed down.

    Parameters
    ----------
    chain : OptionChain
        Quotes with vols in at least one expiry.

    Raises
    ------
    ChainError
        If no expiry has a quote with a vol.

    See Also
    --------
    fit_quality : the error of the fit.
    Smile.arbitrage : what is left of it.
    """
    times, forwards, quotes = _targets(chain)
    return Smile(
        chain.asset,
        chain.as_of,
        chain.spot,
        times,
        forwards,
        _smile_fit.fit_svi(quotes, _smile_fit.fit_ssvi(quotes)),
    )


def fit_ssvi(chain: OptionChain) -> Smile:
    """Fit the SSVI surface alone: three numbers for the shape of all expiries, and a level for each.

    Stiffer than `fit` and coarser; for thin chains, and where a shape must not follow single quotes.

    Parameters
    ----------
    chain : OptionChain
        Quotes with vols in at least one expiry.

    Raises
    ------
    ChainError
        If no expiry has a quote with a vol.
    """
    times, forwards, quotes = _targets(chain)
    return Smile(chain.asset, chain.as_of, chain.spot, times, forwards, _smile_fit.fit_ssvi(quotes))


def _targets(chain: OptionChain) -> tuple[Array, Array, list[_smile_fit.Quotes]]:
    """Times, forwards and the vols to fit, per expiry that has any."""
    quotes = chain.quotes
    known = (quotes["mark_vol"].notna() & out_of_the_money(quotes)).to_numpy()
    out = quotes[known]
    if out.empty:
        raise ChainError(
            f"the {chain.asset} chain has no out-of-the-money quote with a vol to fit a smile to."
        )
    k = np.log((quotes["strike"] / quotes["forward"]).to_numpy())[known]
    shown, forward, time = (out[name].to_numpy() for name in ("mark_vol", "forward", "time_to_expiry"))
    vega = undiscounted(out, out["mark_vol"], ("vega",))["vega"].to_numpy() / VOL_POINT
    # Far out, vega vanishes; the floor keeps an expiry of nothing but far strikes from weighing nothing.
    weight = np.maximum(vega, 1e-4 * forward * np.sqrt(time))
    bid, ask = (side_vols(out, side, chain.early).to_numpy() for side in ("bid", "ask"))
    both = ~(np.isnan(bid) | np.isnan(ask))
    vol = np.where(both, np.minimum(np.maximum(shown, bid), ask), shown)
    middle, half_spread = np.where(both, (bid + ask) / 2.0, 0.0), np.where(both, (ask - bid) / 2.0, np.inf)
    number, expiries = pd.factorize(out["expiry"], sort=True)
    of_expiry = quotes.groupby("expiry")["forward"].median()
    found = []
    for each in range(len(expiries)):
        of = number == each
        share = weight[of] / np.sqrt((weight[of] ** 2).mean())
        trust = np.ones(share.size)
        found.append(
            _smile_fit.Quotes(float(time[of][0]), k[of], vol[of], share, middle[of], half_spread[of], trust)
        )
    return np.array([q.time for q in found]), of_expiry.reindex(expiries).to_numpy(dtype=float), found
