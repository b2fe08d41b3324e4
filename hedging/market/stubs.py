"""Stub quotes: a bid or ask so far from the mark that nobody means it."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from hedging.errors import InputError
from hedging.market.chain import OptionChain

__all__ = ["OFF_MARK", "distance_from_mark", "stub_quotes"]

OFF_MARK: Final = 0.25
"""Share of the mark beyond which a bid or an ask is a stub. Recorded quotes of 0.05 to 0.5 delta and a week
or more stay within 0.17."""

_TICKS: Final = 2.0  # nor is a quote of so few price steps from its mark a stub, however cheap the option


def distance_from_mark(chain: OptionChain, side: str) -> pd.Series:
    """Distance of each quote of one side from its mark, aligned with `OptionChain.quotes`.

    Parameters
    ----------
    chain : OptionChain
    side : {'bid', 'ask'}

    Returns
    -------
    Series
        [share of the mark]; 0 within two ticks of it, NaN where there is no quote or no mark above 0.
    """
    if side not in ("bid", "ask"):
        raise InputError(f"side must be 'bid' or 'ask'; got {side!r}.")
    parts = [_distance(part, side) for part in chain.by_venue()]
    return pd.concat(parts).reindex(chain.quotes.index) if len(parts) > 1 else parts[0]


def _distance(chain: OptionChain, side: str) -> pd.Series:
    quotes, terms = chain.quotes, chain.terms
    price, mark = (quotes[name].to_numpy(dtype=float) for name in (side, "mark"))
    mark = np.where(mark > 0.0, mark, np.nan)
    money = chain.spot if terms.settlement == "coin" else 1.0
    shown = np.nan_to_num(np.fmax(price, mark) / money)
    steps = np.sort(np.array(terms.ticks), axis=0)
    at = np.clip(np.searchsorted(steps[:, 0], shown, side="right") - 1, 0, None)
    apart = np.abs(price - mark)
    near = apart <= _TICKS * (1.0 + 1e-9) * steps[at, 1] * money
    return pd.Series(np.where(near, 0.0, apart / mark), index=quotes.index)


def stub_quotes(chain: OptionChain, *, off_mark: float = OFF_MARK) -> pd.DataFrame:
    """Bids and asks further than a stated share from their marks, the furthest first.

    Parameters
    ----------
    chain : OptionChain
    off_mark : float
        Share of the mark, > 0.

    Returns
    -------
    DataFrame
        ``symbol, side`` (``'bid'`` or ``'ask'``), ``price, mark`` [money per unit of underlying] and ``distance``
        [share of the mark].

    Examples
    --------
    >>> from hedging import samples
    >>> chain = samples.chain()
    >>> len(stub_quotes(chain, off_mark=10.0))
    0
    """
    if not off_mark > 0.0:
        raise InputError(f"off_mark must be a share > 0 of the mark; got {off_mark!r}.")
    found = []
    for side in ("bid", "ask"):
        distance = distance_from_mark(chain, side)
        rows = chain.quotes[distance > off_mark]
        table = {"symbol": rows["symbol"], "side": side, "price": rows[side], "mark": rows["mark"]}
        found.append(pd.DataFrame(table | {"distance": distance[rows.index]}))
    whole = pd.concat(found, ignore_index=True)
    return whole.sort_values("distance", ascending=False, kind="stable").reset_index(drop=True)
