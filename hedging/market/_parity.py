"""Put-call parity: the forward, and the discount factor, that quotes of one expiry imply."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._ground.counts import number_of
from hedging.errors import ChainError
from hedging.units import DAYS_PER_YEAR

__all__ = [
    "RATES",
    "forwards_of_marks",
    "implied_discount",
    "implied_forwards",
    "implied_spot",
    "pairs",
    "smooth_discount",
]

Array = npt.NDArray[np.float64]

RATES: Final = (-0.02, 0.20)  # what a rate may be: outside, something else is wrong
_TELLING: Final = 30.0 / DAYS_PER_YEAR  # years: in less, a tick of a quote is percentage points of a rate
_FEWEST: Final = 3  # pairs of an expiry that say where spot is
_STALE: Final = 4.0  # half spreads, or typical distances, that a pair may be off the line of the others
_NEXT_HOUR: Final = pd.Timedelta(hours=1)
_SOON: Final = pd.Timedelta(days=10)

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
        columns = (found[name].to_numpy(dtype=float) for name in ("strike", "gap", "slack"))
        factors[expiry] = -_slope(*columns) if len(found) > 2 else np.nan
    return pd.Series(factors, dtype=float)


def _slope(strike: Array, gap: Array, slack: Array) -> float:
    """Slope of call - put over strikes, without the pairs whose quotes are of another hour.

    The repeated median of slopes, which holds although a third of the pairs are stale, is where to start from. Those
    off its line by several spreads are left out of the fit, which weighs by tightness.
    """
    with np.errstate(invalid="ignore"):
        slopes = (gap[:, None] - gap) / (strike[:, None] - strike)  # NaN of each with itself
    start = float(np.median(np.nanmedian(slopes, axis=1)))
    off = gap - start * strike
    off = np.abs(off - np.median(off))
    good = off <= _STALE * np.maximum(slack, np.median(off))
    if good.sum() < _FEWEST:
        return start
    weight = 1.0 / np.maximum(slack[good], 1e-9)
    return float(np.polyfit(strike[good], gap[good], 1, w=weight)[0])


_SILENT = 2e-3  # log of a discount that ticks alone make, of which no rate of days or weeks can be told


def smooth_discount(
    table: pd.DataFrame, as_of: pd.Timestamp, rate: float | None = None, *, source: str = "table"
) -> pd.Series:
    """Discount factor of each expiry of European options from one curve of rates.

    Expiries of a month and more tell the curve; nearer ones, where a tick of a quote is percentage points of a
    rate, take it from there.

    Parameters
    ----------
    table : DataFrame
        As in `implied_discount`.
    as_of : Timestamp
        Earlier expiries are left out.
    rate : float, optional
        Continuous; from the quotes unless given. [1/year]
    source : str
        Named in errors.

    Raises
    ------
    ChainError
        If the rates of most expiries lie outside `RATES`.
    """
    expiries = pd.DatetimeIndex(
        sorted(table.loc[table["expiry"] > as_of, "expiry"].unique()), tz="UTC", name="expiry"
    )
    T = pd.Series((expiries - as_of) / pd.Timedelta(days=DAYS_PER_YEAR), index=expiries, dtype=float)
    if rate is not None:
        return pd.Series(np.exp(-rate * T), index=expiries)
    factor = implied_discount(table).reindex(expiries)
    implied = -np.log(factor.where(factor > 0.0)) / T
    known = implied[(T >= _TELLING) & factor.notna()]
    if known.empty:
        known = implied[factor.notna()]
        silent = np.log(factor.where(factor > 0.0)).abs().reindex(known.index) <= _SILENT
        known = known.mask(silent, known.clip(*RATES))
    good = known[known.between(*RATES)]
    if len(known) and 2 * len(good) < len(known):
        worst = factor[known.index[(known.fillna(np.inf) - 0.03).abs().argmax()]]
        raise ChainError(
            f"{source}: discount factors such as {worst:.4f} imply rates outside {RATES[0]:.0%} to {RATES[1]:.0%} a "
            f"year for {len(known) - len(good)} of {number_of(len(known), 'expiry')}. Were calls and puts quoted at the same time, "
            "and is exercise European? Pass rate= (--rate) if you know it."
        )
    if good.empty:
        return pd.Series(np.nan, index=expiries)
    return pd.Series(np.exp(-np.interp(T, T[good.index], good) * T), index=expiries)


def implied_spot(
    table: pd.DataFrame, as_of: pd.Timestamp, *, expiries: int = 1
) -> tuple[pd.Timestamp, float, float] | None:
    """Forward of the first expiries that show one, which spot cannot be far from.

    Parameters
    ----------
    table : DataFrame
        As in `implied_discount`.
    as_of : Timestamp
        What expires within an hour of it is left out.
    expiries : int
        Of how many within ten days of the first the median is taken.

    Returns
    -------
    (expiry, forward, half spread) or None
        The first expiry, and [money].
    """
    found = pairs(table)
    found = found[found["expiry"] > as_of + _NEXT_HOUR]
    levels: list[tuple[pd.Timestamp, float, float]] = []
    for expiry, mine in found.groupby("expiry"):
        near = mine.iloc[mine["gap"].abs().argsort(kind="stable")].head(_TIGHTEST)
        late = bool(levels) and pd.Timestamp(expiry) - levels[0][0] > _SOON  # type: ignore[arg-type]
        if late or len(levels) == expiries:
            break
        if len(near) >= _FEWEST:
            level = float((near["strike"] + near["gap"]).median())
            if level > 0.0:  # calls and puts of damaged quotes can say anything
                levels.append((pd.Timestamp(expiry), level, float(near["slack"].median())))  # type: ignore[arg-type]
    if not levels:
        return None
    return levels[0][0], float(np.median([level for _, level, _ in levels])), levels[0][2]
