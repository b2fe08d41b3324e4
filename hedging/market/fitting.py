"""The surface through the quotes of a chain: SVI slices free of arbitrage, or the stiffer SSVI alone."""

from __future__ import annotations

import numpy as np

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
    table = chain.quotes.assign(k=np.log(chain.quotes["strike"] / chain.quotes["forward"]))
    known = table[table["mark_vol"].notna()]
    out = known[out_of_the_money(known)]
    if out.empty:
        raise ChainError(
            f"the {chain.asset} chain has no out-of-the-money quote with a vol to fit a smile to."
        )
    vega = undiscounted(out, out["mark_vol"], ("vega",))["vega"] / VOL_POINT
    # Far out, vega vanishes; the floor keeps an expiry of nothing but far strikes from weighing nothing.
    weight = vega.clip(lower=1e-4 * out["forward"] * np.sqrt(out["time_to_expiry"]))
    bid, ask = (side_vols(out, side, chain.early) for side in ("bid", "ask"))
    both = bid.notna() & ask.notna()
    fitted = out.assign(
        vol=out["mark_vol"].clip(lower=bid.where(both), upper=ask.where(both)),
        weight=weight,
        middle=((bid + ask) / 2.0).where(both, 0.0),
        half_spread=((ask - bid) / 2.0).where(both, np.inf),
    )
    of_expiry = chain.expiries.set_index("expiry")["forward"]
    times, forwards, quotes = [], [], []
    for expiry, rows in fitted.groupby("expiry", sort=True):
        times.append(float(rows["time_to_expiry"].iloc[0]))
        forwards.append(float(of_expiry[expiry]))
        names = ("k", "vol", "weight", "middle", "half_spread")
        k, vol, w, middle, half_spread = (rows[name].to_numpy() for name in names)
        w = w / np.sqrt((w**2).mean())
        quotes.append(_smile_fit.Quotes(times[-1], k, vol, w, middle, half_spread, np.ones_like(k)))
    return np.array(times), np.array(forwards), quotes
