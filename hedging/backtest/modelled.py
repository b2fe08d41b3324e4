"""Chains where none was recorded: prices and a vol index, a stated smile and half spread, a stated calendar.

No market made these quotes. A tape of them is of kind ``modelled``, and every table, file and picture says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging import greeks
from hedging._ground.arguments import must_be
from hedging._ground.shown import Shown
from hedging.backtest.tape import Tape
from hedging.errors import InputError
from hedging.market._judging import Source
from hedging.market.chain import ChainRules, no_futures
from hedging.market.contracts import ContractTerms, option_symbol
from hedging.market.snapshots import Snapshots
from hedging.prices.delivery import Deliveries, deliveries_of
from hedging.units import DAYS_PER_YEAR
from hedging.units import years as between
from hedging.venues.deribit import option_terms

__all__ = ["SmileShape", "SpreadShape", "beside", "deribit_expiries", "fit_smile", "fit_spread", "modelled"]

Array = npt.NDArray[np.float64]

OLDEST_VOL = pd.Timedelta(days=3)
FURTHEST = 2.5  # standard deviations from the forward to which strikes are listed, and fits look
FITTED_DAYS = (7.0, 100.0)
ROLLED_DAYS = (20.0, 45.0)
LEAST_VOL = 0.05


@dataclass(frozen=True, slots=True, repr=False)
class SmileShape(Shown):
    """Vol over strike as multiples of the vol index.

    With ``z = ln(strike / forward) / (index * sqrt(time))`` the vol is
    ``index * (level + skew * z + bend * z**2) * (days / 30) ** term``.

    Attributes
    ----------
    level : float
        At the money over the index, which also weighs far strikes and lies above.
    skew, bend : float
        Slope and curvature in z; a skew < 0 makes low strikes dearer.
    term : float
        Power of the tenor over 30 days.
    """

    level: float = 1.0
    skew: float = 0.0
    bend: float = 0.0
    term: float = 0.0

    def __post_init__(self) -> None:
        for name in ("level", "skew", "bend", "term"):
            value = getattr(self, name)
            must_be(f"{name} of a smile", value, int, float, np.number)
            if not math.isfinite(value) or (name == "level" and not value > 0.0):
                what = "number > 0, 1 for the vol index" if name == "level" else "finite number"
                raise InputError(f"{name} of a smile must be a {what}; got {value!r}.")

    def vol(self, index: Array, log_moneyness: Array, years: Array) -> Array:
        """Vol of options, decimal a year, never below 5 %."""
        z = log_moneyness / (index * np.sqrt(years))
        tenor = (years * DAYS_PER_YEAR / 30.0) ** self.term
        return np.maximum(index * (self.level + self.skew * z + self.bend * z**2) * tenor, LEAST_VOL)


@dataclass(frozen=True, slots=True, repr=False)
class SpreadShape(Shown):
    """Half spread of puts and calls as a share of the mark, and its least. [1], [coin or money as quoted]"""

    put: float = 0.02
    call: float = 0.02
    least: float = 0.0

    def __post_init__(self) -> None:
        for name in ("put", "call"):
            if not 0 <= getattr(self, name) < 1:
                raise InputError(
                    f"half spread of a {name} must be a share from 0 to below 1; got {getattr(self, name)!r}."
                )
        if not self.least >= 0:
            raise InputError(f"the least half spread must be >= 0; got {self.least!r}.")


def modelled(
    prices: pd.Series,
    vols: pd.Series,
    smile: SmileShape,
    spread: SpreadShape,
    *,
    asset: str,
    expiries: Callable[[pd.Timestamp], list[pd.Timestamp]] | None = None,
    delivery: Deliveries | None = None,
) -> Tape:
    """A tape of modelled chains, to be replayed as a recorded one.

    Parameters
    ----------
    prices : Series
        Index price by UTC time, one a snapshot. [money]
    vols : Series
        Vol index by UTC time, such as DVOL / 100; the last one not after a snapshot counts. [decimal a year]
    smile : SmileShape
    spread : SpreadShape
    asset : str
        ``"BTC"`` or ``"ETH"``, whose terms of Deribit hold.
    expiries : callable, optional
        Listed expiries at a time; by default `deribit_expiries`.
    delivery : path, Series, or several of them, optional
        As in `read_tape`.

    Raises
    ------
    InputError
        If a series is empty, not by time or not above 0, or a snapshot's last vol is older than 3 days.
    """
    prices, vols = _checked(prices, "prices"), _checked(vols, "vols")
    if vols.max() > 5.0:
        raise InputError(f"vols must be decimals a year; got {vols.max():g}. Is it per cent? Divide by 100.")
    times = pd.DatetimeIndex(prices.index)
    terms = [option_terms(asset, time) for time in times]
    frame = _frame(asset, prices, _as_of(vols, times), smile, spread, terms, expiries or deribit_expiries)
    source = Source(asset, "modelled", {"price": "coin", "vol": "decimal"}, {}, 0.0, ChainRules())
    found = Snapshots.from_frame(
        frame.drop(columns="snapshot"),
        frame["snapshot"].to_numpy(dtype=np.intp),
        list(times),
        source=source,
        terms=terms,
        futures=no_futures().assign(snapshot=0),
    )
    if any(found.errors):
        raise InputError(next(error for error in found.errors if error))
    return Tape(found, deliveries_of(delivery, asset), kind="modelled")


def _checked(values: pd.Series, name: str) -> pd.Series:
    if not isinstance(values.index, pd.DatetimeIndex) or values.index.tz is None or values.empty:
        raise InputError(f"{name} must be a Series by time, with a time zone, and not empty.")
    if not (values > 0).all():
        raise InputError(
            f"{name} must be > 0; got {values[~(values > 0)].iloc[0]!r} at {values.index[~(values > 0)][0]}."
        )
    if values.index.has_duplicates:
        raise InputError(f"{name} has the time {values.index[values.index.duplicated()][0]} more than once.")
    index = values.index.tz_convert("UTC").as_unit("ns")
    return values.astype(float).set_axis(index).sort_index()


def _as_of(vols: pd.Series, times: pd.DatetimeIndex) -> Array:
    """The last vol not after each time, refused where it is older than 3 days."""
    known = pd.DatetimeIndex(vols.index)
    place = np.asarray(known.searchsorted(times, side="right")) - 1
    for time, at in zip(times, place.tolist(), strict=True):
        if at < 0 or time - known[at] > OLDEST_VOL:
            last = "there is none before" if at < 0 else f"the last one is of {known[at]:%Y-%m-%d %H:%M}"
            raise InputError(
                f"no vol within 3 days before {time:%Y-%m-%d %H:%M} UTC: {last}. End the prices there, or bring vols "
                "that go on."
            )
    return vols.to_numpy(dtype=float)[place]


def _frame(
    asset: str,
    prices: pd.Series,
    vols: Array,
    smile: SmileShape,
    spread: SpreadShape,
    terms: list[ContractTerms],
    expiries: Callable[[pd.Timestamp], list[pd.Timestamp]],
) -> pd.DataFrame:
    """Quotes of all snapshots, in coin."""
    rows: list[tuple[Any, ...]] = []
    for number, (time, spot, vol) in enumerate(zip(prices.index, prices, vols, strict=True)):
        for expiry in expiries(time):
            tenor = between(time, expiry)
            for strike in _strikes(spot, vol, tenor):
                rows += [(number, flag, strike, expiry, tenor, spot, vol) for flag in "cp"]
    frame = pd.DataFrame(rows, columns=["snapshot", "flag", "strike", "expiry", "years", "index", "level"])
    spot, years, strike = (frame[name].to_numpy(dtype=float) for name in ("index", "years", "strike"))
    vol = smile.vol(frame["level"].to_numpy(), np.log(strike / spot), years)
    mark = np.asarray(greeks.black76_price(frame["flag"].to_numpy(), spot, strike, years, 0.0, vol)) / spot
    share = np.where(frame["flag"] == "p", spread.put, spread.call)
    half = np.maximum(share * mark, spread.least)
    ticks = terms[0].ticks
    symbols = [
        option_symbol(asset, expiry, strike, flag)
        for expiry, strike, flag in zip(frame["expiry"], frame["strike"], frame["flag"], strict=True)
    ]
    bid = _on_ticks(mark - half, ticks, np.floor)
    return frame.drop(columns=["years", "level"]).assign(
        symbol=symbols,
        forward=spot,
        mark=mark,
        mark_vol=vol,
        bid=np.where(bid > 0, bid, np.nan),
        ask=np.maximum(_on_ticks(mark + half, ticks, np.ceil), ticks[0][1]),
    )


def _on_ticks(
    values: Array, ticks: tuple[tuple[float, float], ...], rounding: Callable[[Array], Array]
) -> Array:
    """Prices moved onto their ticks, outwards."""
    steps = np.full(values.shape, ticks[0][1])
    for start, tick in ticks:
        steps = np.where(values >= start, tick, steps)
    return np.asarray(np.round(rounding(np.round(values / steps, 9)) * steps, 10))


def _strikes(spot: float, vol: float, years: float) -> Array:
    """Strikes to 2.5 standard deviations, at steps as round as an exchange's, about 1.2 % of spot."""
    size = 10.0 ** np.floor(np.log10(spot * 0.012))
    step = size * min((1.0, 2.0, 2.5, 5.0, 10.0), key=lambda each: abs(each * size - spot * 0.012))
    reach = FURTHEST * vol * np.sqrt(years)
    low, high = spot * np.exp(-reach), spot * np.exp(reach)
    return np.asarray(np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step)


def deribit_expiries(time: pd.Timestamp) -> list[pd.Timestamp]:
    """Deribit's weekly, monthly and quarterly expiries from a day ahead on, 08:00 UTC.

    Four Fridays, the last Fridays of three months, and of two quarters.
    """
    hour, start = pd.Timedelta(hours=8), time.normalize()
    fridays = [day + hour for day in pd.date_range(start, periods=400, freq="D") if day.weekday() == 4]
    fridays = [day for day in fridays if day - time > pd.Timedelta(days=1)]
    last = [day for day in fridays if (day + pd.Timedelta(days=7)).month != day.month]
    quarters = [day for day in last if day.month in (3, 6, 9, 12)]
    return sorted({*fridays[:4], *last[:3], *quarters[:2]})


# --- from recorded chains -----------------------------------------------------------------------------


def fit_smile(tape: Tape, vols: pd.Series) -> SmileShape:
    """Smile of recorded chains as multiples of a vol index, by least squares over all marks.

    Parameters
    ----------
    tape : Tape
        Recorded.
    vols : Series
        As in `modelled`; snapshots after it ends are left out.

    Raises
    ------
    InputError
        If no snapshot has a vol.
    """
    rows = _recorded(tape, vols)
    rows = rows[(rows["days"].between(*FITTED_DAYS)) & (rows["z"].abs() < FURTHEST) & rows["otm"]]
    ratio = rows["mark_vol"] / rows["level"]
    term = 0.0
    for _ in range(5):  # the power of the tenor, and what is linear given it, in turn
        tenor = (rows["days"] / 30.0) ** term
        design = np.column_stack([np.ones(len(rows)), rows["z"], rows["z"] ** 2])
        shape = np.linalg.lstsq(design, ratio / tenor, rcond=None)[0]
        flat = np.maximum(design @ shape, 0.1)
        logs = np.log(rows["days"] / 30.0)
        term = float((logs @ np.log(ratio / flat)) / (logs @ logs))
    level, skew, bend = map(float, shape)
    return SmileShape(level, skew, bend, term)


def fit_spread(tape: Tape, *, delta: float = 0.25) -> SpreadShape:
    """Median half spread over the mark of options near a delta, 20 to 45 days out."""
    found = {}
    for flag in "pc":
        shares = []
        for number in range(len(tape)):
            quotes = tape.shared_chain(number).quotes
            days = quotes["time_to_expiry"] * DAYS_PER_YEAR
            near = tape.shared_chain(number).greeks(("delta",))["delta"].abs().sub(delta).abs()
            rows = quotes[(quotes["flag"] == flag) & days.between(*ROLLED_DAYS) & (near < 0.05)]
            shares += list(((rows["ask"] - rows["bid"]) / 2.0 / rows["mark"]).dropna())
        if not shares:
            raise InputError(
                f"no quote of delta {delta:g} within {ROLLED_DAYS} days on the tape has both sides."
            )
        found[flag] = float(np.median(shares))
    return SpreadShape(put=found["p"], call=found["c"])


def _recorded(tape: Tape, vols: pd.Series) -> pd.DataFrame:
    """Quotes of the snapshots that have a vol, with it and their place on the smile."""
    vols = _checked(vols, "vols")
    known, quotes, parts = pd.DatetimeIndex(vols.index), tape.snapshots.quotes, []
    for number, time in enumerate(tape.times):
        place = int(known.searchsorted(time, side="right")) - 1
        if place >= 0 and time - known[place] <= OLDEST_VOL:
            rows = slice(tape.snapshots.quote_ends[number], tape.snapshots.quote_ends[number + 1])
            parts.append(quotes.iloc[rows].assign(snapshot=number, level=float(vols.iloc[place])))
    if not parts:
        raise InputError("no snapshot of the tape has a vol within the 3 days before it.")
    table = pd.concat(parts, ignore_index=True)
    moneyness = np.log(table["strike"] / table["forward"])
    return table[table["mark_vol"] > 0].assign(
        days=table["time_to_expiry"] * DAYS_PER_YEAR,
        z=moneyness / (table["level"] * np.sqrt(table["time_to_expiry"])),
        otm=(moneyness >= 0) == (table["flag"] == "c"),
    )


def beside(
    tape: Tape, vols: pd.Series, smile: SmileShape, spread: SpreadShape, *, delta: float = 0.25
) -> pd.DataFrame:
    """Modelled beside recorded premiums: the put nearest a delta, 20 to 45 days out, at each snapshot with a vol.

    Returns
    -------
    DataFrame
        Index the time; ``instrument``, ``recorded`` and ``modelled`` ask, ``flat`` (the index as the only vol, no
        spread) [as quoted], and ``ratio`` of modelled to recorded.
    """
    rows = _recorded(tape, vols)
    rows = rows[(rows["flag"] == "p") & rows["days"].between(*ROLLED_DAYS) & rows["ask_quoted"].notna()]
    terms = ("flag", "forward", "strike", "time_to_expiry")
    flag, forward, strike, years = (rows[name].to_numpy() for name in terms)
    found = greeks.black76_greeks(
        flag, forward, strike, years, 0.0, rows["mark_vol"].to_numpy(), names=("delta",)
    )
    away = np.abs(np.asarray(found.delta) + delta)
    rows = (
        rows.assign(away=away)
        .sort_values("away", kind="stable")
        .groupby("snapshot")
        .head(1)
        .sort_values("snapshot")
    )
    flag, forward, strike, years = (rows[name].to_numpy() for name in terms)
    vol = smile.vol(rows["level"].to_numpy(), np.log(strike / forward), years)
    mark, flat = (
        np.asarray(greeks.black76_price(flag, forward, strike, years, 0.0, each)) / forward
        for each in (vol, rows["level"].to_numpy())
    )
    ask = mark + np.maximum(spread.put * mark, spread.least)
    table = pd.DataFrame(
        {
            "instrument": rows["symbol"].to_numpy(),
            "recorded": rows["ask_quoted"].to_numpy(),
            "modelled": ask,
            "flat": flat,
        },
        index=tape.times[rows["snapshot"].to_numpy()],
    )
    return table.assign(ratio=table["modelled"] / table["recorded"])
