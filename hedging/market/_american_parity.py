"""Forward and discount factor that quotes of American options imply.

Call minus put of one strike says where the forward is only between bounds, as either may hold a premium for early
exercise. Near the money these are small and depend little on what is sought: they are taken off at the vol of
the out-of-the-money side, and parity is solved again until forwards stand still. What spot loses on the way counts
as a yield there: of made quotes with cash dividends rates come back to 0.7 percentage points and forwards to 0.1 %,
but those of expiries in the days after an ex-date to 0.2 %, up to half a dividend too high: their calls are
exercised right before it, which a yield cannot say.

The slope of call minus put over strikes, which is the discount factor of European options, is no use: it is made
by the options in the money, those that are exercised. What tells the rate is that between two ex-dates a forward
grows at it, and never faster, as dividends are not negative: so it is the fastest growth between any two expiries,
beyond what their quotes may be off by. One rate holds for all expiries of a date.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging import greeks
from hedging.errors import ChainError
from hedging.market._parity import RATES, pairs
from hedging.units import DAYS_PER_YEAR

__all__ = ["CARRY", "RATES", "american_curve"]

Array = npt.NDArray[np.float64]

CARRY: Final = 0.30  # the same of what spot loses until the last expiry within a year, as a share of it
_START: Final = 0.03
_ROUNDS: Final = 8
_CLOSEST: Final = 8  # pairs of an expiry, those nearest to the money
_LEAST_PAIRS: Final = 3  # of an expiry that helps to tell the rate
_APART: Final = (
    60.0,
    40.0,
    20.0,
    6.5,
)  # least days between two expiries that tell the rate: the first there is
_HORIZON: Final = 1.0  # years to the later of them
_STILL: Final = 1e-6  # of spot: forwards that do not move any more


def american_curve(
    table: pd.DataFrame, as_of: pd.Timestamp, spot: float, *, rate: float | None = None, source: str = "table"
) -> pd.DataFrame:
    """Forward and discount factor of each expiry of American options.

    Parameters
    ----------
    table : DataFrame
        Columns ``expiry, strike, flag, bid, ask``, prices in money.
    as_of : Timestamp
        Earlier expiries are left out.
    spot : float
        [money]
    rate : float, optional
        Continuous; from the quotes unless given. [1/year]
    source : str
        Named in errors.

    Returns
    -------
    DataFrame
        By expiry: ``forward`` [money]; ``discount`` [1]; ``dividends``, which spot loses until then [money of
        today]; and ``pairs`` looked at. Where all of them are exercised the forward is NaN.

    Raises
    ------
    ChainError
        If the rate lies outside `RATES`, or spot loses more than `CARRY` of it within a year.
    """
    found = _quoted(table, as_of)
    expiries = pd.DatetimeIndex(
        sorted(table.loc[table["expiry"] > as_of, "expiry"].unique()), tz="UTC", name="expiry"
    )
    T = pd.Series((expiries - as_of) / pd.Timedelta(days=DAYS_PER_YEAR), index=expiries)
    r = _START if rate is None else rate
    centre = pd.Series(spot, index=expiries)
    forward = centre * np.nan
    for _ in range(_ROUNDS if len(found) else 0):
        near = _nearest(found, centre)
        gap = _without_premiums(found[near], centre, spot, r)
        forward, blur = _forwards(found[near], gap, r)
        if rate is None:
            r = _fastest_growth(forward, blur, T, r)
        if forward.empty:
            break
        moved = (forward - centre).abs().max()
        centre = forward.reindex(expiries).fillna(centre)
        if moved <= _STILL * spot:
            break
    discount = np.exp(-r * T)
    curve = pd.DataFrame(
        {
            "forward": forward.reindex(expiries),
            "discount": discount,
            "dividends": spot - discount * forward.reindex(expiries),
            "pairs": found[_nearest(found, centre)].groupby("expiry").size().reindex(expiries, fill_value=0),
        }
    )
    _plausible(curve, T, r, spot, source)
    return curve


def _plausible(curve: pd.DataFrame, T: pd.Series, r: float, spot: float, source: str) -> None:
    way_out = "Were spot and quotes taken at the same time?"
    if curve["pairs"].any() and curve["forward"].isna().all():
        raise ChainError(
            f"{source}: no call and put of one strike say where the forward is; at a spot of {spot:,.6g} one of "
            f"every two would be exercised. {way_out}"
        )
    if not RATES[0] <= r <= RATES[1]:
        raise ChainError(
            f"{source}: forwards imply a rate of {r:.2%} a year, outside {RATES[0]:.0%} to {RATES[1]:.0%}. {way_out}"
        )
    within = curve[(T <= 1.0) & curve["forward"].notna()]
    lost = (within["dividends"] / spot).abs().to_numpy()
    if lost.size and lost.max() > CARRY:
        k = int(lost.argmax())
        raise ChainError(
            f"{source}: the forward of {within.index[k]:%Y-%m-%d} is {within['forward'].iloc[k]:,.6g} at a spot of "
            f"{spot:,.6g}, {lost[k]:.0%} of it away; at most {CARRY:.0%} within a year. {way_out}"
        )


def _quoted(table: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Pairs with their time to expiry and the mids of both sides."""
    found = pairs(table)
    found = found[found["expiry"] > as_of].reset_index(drop=True)
    mid = (table["bid"] + table["ask"]) / 2.0
    return found.assign(
        T=((found["expiry"] - as_of) / pd.Timedelta(days=DAYS_PER_YEAR)).astype(float),
        call_mid=mid.loc[found["call"]].to_numpy(),
        put_mid=mid.loc[found["put"]].to_numpy(),
    )


def _nearest(found: pd.DataFrame, centre: pd.Series) -> npt.NDArray[np.bool_]:
    """Which pairs are among those of their expiry whose strikes are nearest to the forward."""
    distance = (found["strike"] / found["expiry"].map(centre)).map(np.log).abs()
    return np.asarray(distance.groupby(found["expiry"]).rank(method="first") <= _CLOSEST)


def _without_premiums(found: pd.DataFrame, centre: pd.Series, spot: float, r: float) -> pd.Series:
    """Call less put as if both were European; NaN where one of them is exercised now, or has no vol."""
    F, K, T = (
        column.to_numpy(float) for column in (found["expiry"].map(centre), found["strike"], found["T"])
    )
    r = max(r, 0.0)  # the two boundaries of negative rates take long, for premiums that hardly matter
    q = r - np.log(F / spot) / T
    upper = K >= F
    flag, price = np.where(upper, "c", "p"), np.where(upper, found["call_mid"], found["put_mid"])
    vol = np.asarray(greeks.american_implied_vol(price, flag, spot, K, T, r, q, errors="nan"))
    known = vol > 0.0
    extra = np.full((2, K.size), np.nan)
    for side, (letter, sign) in enumerate((("c", 1.0), ("p", -1.0))):
        arguments = (letter, spot, K[known], T[known], r, vol[known], q[known])
        value, paid = greeks.american_price(*arguments), sign * (spot - K[known])
        extra[side, known] = np.where(value > paid, value - greeks.price(*arguments), np.nan)
    return pd.Series(found["gap"].to_numpy() - (extra[0] - extra[1]), index=found.index)


def _forwards(found: pd.DataFrame, gap: pd.Series, r: float) -> tuple[pd.Series, pd.Series]:
    """Median over the pairs of each expiry, and how far it may be off."""
    level = (found["strike"] + gap * np.exp(r * found["T"])).dropna()
    expiry = found.loc[level.index, "expiry"]
    count = level.groupby(expiry).size()
    forward = level.groupby(expiry).median()
    forward = forward[forward > 0.0]  # quotes that say otherwise are damaged, and say nothing
    off = (level - expiry.map(forward)).abs().groupby(expiry).median()
    slack = found.loc[level.index, "slack"].groupby(expiry).median()
    return forward, ((1.4826 * off + 0.5 * slack) / np.sqrt(count)).where(count >= _LEAST_PAIRS)


def _fastest_growth(forward: pd.Series, blur: pd.Series, T: pd.Series, before: float) -> float:
    """The rate: the fastest growth of forwards, after what both may be off by."""
    F = forward[blur.reindex(forward.index).notna()]
    t, s = T.reindex(F.index).to_numpy(), (blur.reindex(F.index) / F).to_numpy()
    i, j = np.triu_indices(len(F), 1)
    level = np.log(F.to_numpy())
    for days in _APART:
        far = (t[j] - t[i] >= days / DAYS_PER_YEAR) & (t[j] <= _HORIZON)
        if far.any():
            i, j = i[far], j[far]
            return float(((level[j] - level[i] - s[i] - s[j]) / (t[j] - t[i])).max())
    return before
