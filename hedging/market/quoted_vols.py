"""Vols of the two sides of every quote."""

from __future__ import annotations

import pandas as pd

from hedging.market.by_exercise import implied_vols, out_of_the_money
from hedging.market.chain import OptionChain
from hedging.market.market import Market, chain_of

__all__ = ["quoted_vols"]

_KEPT = ("symbol", "flag", "strike", "expiry", "forward")


def quoted_vols(chain: OptionChain | Market) -> pd.DataFrame:
    """Vols at which bid, ask and mark of each quote are worth what they are.

    Parameters
    ----------
    chain : OptionChain or Market

    Returns
    -------
    DataFrame
        One row a quote: ``symbol, flag, strike, expiry, forward`` [money], ``bid_vol, ask_vol, mark_vol`` [decimal a
        year], of American options with their early exercise; NaN where a side is not quoted or no vol is worth it. ``out`` says whether the
        strike lies beyond the forward.

    Examples
    --------
    >>> import hedging as hg
    >>> table = quoted_vols(hg.samples.chain())
    >>> both = table.dropna()
    >>> bool((both["bid_vol"] < both["ask_vol"]).all())
    True
    """
    chain = chain_of(chain)
    quotes, early = chain.quotes, chain.early
    sides = {f"{side}_vol": implied_vols(quotes, quotes[side], early) for side in ("bid", "ask")}
    return quotes[list(_KEPT)].assign(**sides, mark_vol=quotes["mark_vol"], out=out_of_the_money(quotes))
