"""Put-call parity: the forward, and the discount factor, that quotes of one expiry imply."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

__all__ = ["forwards_of_marks", "implied_discount", "implied_forwards", "pairs"]

_TIGHTEST: Final = 10  # pairs of an expiry that its forward is taken from


def pairs(table: pd.DataFrame) -> pd.DataFrame:
    """Call and put of one strike and expiry side by side, where all four sides are quoted.

    Parameters
    ----------
    table : DataFrame
        Columns ``expiry, strike, flag, bid, ask``.

    Returns
    -------
    DataFrame
        ``expiry, strike``, the synthetic forward's value ``gap`` (call - put, mids) and how far it may be
        off by, ``slack`` (the sum of both half spreads); and ``call, put``, the index labels of the two.
    """
    both = table.dropna(subset=["bid", "ask"]).drop_duplicates(["expiry", "strike", "flag"])
    both = both.assign(mid=(both["bid"] + both["ask"]) / 2.0, half=(both["ask"] - both["bid"]) / 2.0)
    sides = [
        both.loc[both["flag"] == flag, ["expiry", "strike", "mid", "half"]].reset_index(names=name)
        for flag, name in (("c", "call"), ("p", "put"))
    ]
    joined = sides[0].merge(sides[1], on=["expiry", "strike"], suffixes=("_call", "_put"))
    joined["gap"] = joined["mid_call"] - joined["mid_put"]
    joined["slack"] = joined["half_call"] + joined["half_put"]
    return joined[["expiry", "strike", "gap", "slack", "call", "put"]]


def implied_forwards(table: pd.DataFrame, *, coin: bool) -> pd.DataFrame:
    """Forward of each expiry from its ten tightest pairs.

    Parameters
    ----------
    table : DataFrame
        Columns ``expiry, strike, flag, bid, ask, discount``, prices as quoted.
    coin : bool
        Whether prices are in coin: then ``call - put = 1 - strike / forward``, else
        ``call - put = discount * (forward - strike)``.

    Returns
    -------
    DataFrame
        Indexed by expiry: ``forward`` (median of the pairs), ``dispersion`` (median distance from it), and
        the range ``low, high`` that every one of these pairs' quotes allows (empty where low > high), [money];
        and ``pairs``.
    """
    found = pairs(table)
    if not coin:
        discount = table.groupby("expiry")["discount"].median()
        found[["gap", "slack"]] = found[["gap", "slack"]].div(found["expiry"].map(discount), axis=0)
    tight = found.sort_values("slack", kind="stable").groupby("expiry").head(_TIGHTEST)
    gaps = {"mid": tight["gap"], "low": tight["gap"] - tight["slack"], "high": tight["gap"] + tight["slack"]}
    if coin:
        # A pair whose call is worth a whole coin more than its put says nothing about the forward.
        level = {name: tight["strike"] / (1.0 - gap).where(gap < 1.0) for name, gap in gaps.items()}
    else:
        level = {name: tight["strike"] + gap for name, gap in gaps.items()}
    grouped = tight.assign(**level).groupby("expiry")
    median = grouped["mid"].median()
    off = (tight.assign(**level)["mid"] - tight["expiry"].map(median)).abs().groupby(tight["expiry"]).median()
    return pd.DataFrame(
        {
            "forward": median,
            "dispersion": off,
            "low": grouped["low"].max(),
            "high": grouped["high"].min(),
            "pairs": grouped.size(),
        }
    )


def forwards_of_marks(table: pd.DataFrame, *, coin: bool) -> pd.Series:
    """Forward of each expiry from the marks of its ten pairs nearest the money; parameters as in `implied_forwards`.

    Returns
    -------
    Series
        By expiry, without those of which fewer than two pairs are marked. [money]
    """
    marked = table[table["mark"] > 0.0]
    found = pairs(marked.assign(bid=marked["mark"], ask=marked["mark"]))
    if not coin:
        found["gap"] /= found["expiry"].map(table.groupby("expiry")["discount"].median())
    # Where call and put are worth the same the strike is the forward, and a rounded mark tells it best.
    near = found.iloc[found["gap"].abs().argsort(kind="stable")].groupby("expiry").head(_TIGHTEST)
    level = (
        near["strike"] / (1.0 - near["gap"]).where(near["gap"] < 1.0)
        if coin
        else near["strike"] + near["gap"]
    )
    grouped = level.groupby(near["expiry"])
    return grouped.median()[grouped.count() >= 2]


def implied_discount(table: pd.DataFrame) -> pd.Series:
    """Discount factor of each expiry of cash-settled options: minus the slope of call - put over strikes.

    Parameters
    ----------
    table : DataFrame
        Columns ``expiry, strike, flag, bid, ask``, prices in money.

    Returns
    -------
    Series
        By expiry; NaN with fewer than three pairs.
    """
    factors = {}
    for expiry, found in pairs(table).groupby("expiry"):
        weight = 1.0 / np.maximum(found["slack"].to_numpy(), 1e-9)
        enough = len(found) > 2
        factors[expiry] = -np.polyfit(found["strike"], found["gap"], 1, w=weight)[0] if enough else np.nan
    return pd.Series(factors, dtype=float)
