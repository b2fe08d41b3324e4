"""From a table as it came to usable quotes: columns by our names, numbers, forwards, and what is missing filled.

The road of a row: `laid_out` gives it our column names, `_cleaning.numbers` makes its cells numbers,
`with_forwards` its expiry's forward, `_cleaning.judge` a reason where it is unusable, `completed` its
money values and whichever of mark and mark vol the venue does not show.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging.errors import ChainError
from hedging.market import _parity
from hedging.market._cleaning import RAW_COLUMNS, distinct, require_columns
from hedging.market.by_exercise import implied_vols, undiscounted
from hedging.market.contracts import option_symbol
from hedging.market.ex_dates import Early
from hedging.units import DAYS_PER_YEAR, SECONDS_PER_YEAR

__all__ = ["PRICES", "completed", "disagreements", "laid_out", "spots_of", "vol_divisor", "with_forwards"]

PRICES: Final = ["bid", "ask", "mark"]
_FLAGS: Final = {"c": "c", "call": "c", "p": "p", "put": "p"}
_UNITS: Final = {"price": ("coin", "money"), "vol": ("decimal", "percent")}


def vol_divisor(units: Mapping[str, str], source: str) -> float:
    """Check that both units are said; return what a vol is divided by to be a decimal.

    Raises
    ------
    ChainError
        If one is unsaid or unknown.
    """
    for name, choices in _UNITS.items():
        if units.get(name) not in choices:
            raise ChainError(
                f"{source}: units must say {name!r} as one of {choices}; got {units.get(name)!r}. "
                "A unit is never guessed from the numbers."
            )
    return 100.0 if units["vol"] == "percent" else 1.0


def laid_out(frame: pd.DataFrame, columns: Mapping[str, str], asset: str, source: str) -> pd.DataFrame:
    """Bring a table into the columns of `RAW_COLUMNS`, absent ones as NaN; the index counts its rows."""
    unknown = sorted(set(columns) - set(RAW_COLUMNS))
    if unknown:
        raise ChainError(f"{source}: columns may rename {list(RAW_COLUMNS)}; got {unknown}.")
    names = {name: columns.get(name, name) for name in RAW_COLUMNS}
    require_columns(
        frame, (*(names[name] for name in ("flag", "strike", "expiry")), *columns.values()), source
    )
    if not any(names[name] in frame.columns for name in (*PRICES, "mark_vol")):
        raise ChainError(f"{source}: one of bid, ask, mark, mark_vol is needed; the table has none.")
    repeated = sorted({str(name) for name in frame.columns[frame.columns.duplicated()]} & set(names.values()))
    if repeated:
        raise ChainError(f"{source}: columns {repeated} occur more than once; which one is meant?")
    raw = pd.DataFrame(
        {  # expiries follow, as times
            ours: frame[theirs].to_numpy() if theirs in frame and ours != "expiry" else np.nan
            for ours, theirs in names.items()
        },
        index=pd.RangeIndex(len(frame)),
    )
    codes, kinds = distinct(raw["flag"])
    flags = kinds.astype(str).str.strip().str.lower().map(_FLAGS)
    raw["flag"] = flags.astype(object).to_numpy()[codes]
    raw["expiry"] = _expiries(frame[names["expiry"]], source)
    if names["symbol"] not in frame.columns:
        raw["symbol"] = _symbols(raw, asset)
    return raw


def _symbols(raw: pd.DataFrame, asset: str) -> list[str]:
    """Names in Deribit's style for a table that has none."""
    strikes = pd.to_numeric(raw["strike"], errors="coerce")
    known = strikes.notna() & raw["flag"].notna() & raw["expiry"].notna()
    return [
        option_symbol(asset, expiry, strike, flag) if whole else f"row {row}"
        for row, expiry, strike, flag, whole in zip(
            raw.index, raw["expiry"], strikes, raw["flag"], known, strict=True
        )
    ]


def _expiries(column: pd.Series, source: str) -> pd.DatetimeIndex:
    """Expiry times in UTC; text that is no time becomes NaT, a time without a zone is refused."""
    if not isinstance(column.dtype, pd.DatetimeTZDtype):
        stamps = [pd.to_datetime(value, errors="coerce") for value in column]
        naive = [row for row, stamp in enumerate(stamps) if not pd.isna(stamp) and stamp.tzinfo is None]
        if naive:
            raise ChainError(
                f"{source}: column {column.name!r}, row {naive[0]}: an expiry must carry a time of day and a "
                f"time zone; got {column.iloc[naive[0]]!r}. Write it as 2026-03-27T08:00:00Z."
            )
        column = pd.to_datetime(pd.Series(stamps), utc=True)
    return pd.DatetimeIndex(column).tz_convert("UTC").as_unit("ns")


def with_forwards(
    table: pd.DataFrame, rate: float, futures: pd.DataFrame, *, coin: bool, spot: float | None = None
) -> pd.DataFrame:
    """Add time to expiry and discount, and fill the forward: from its expiry, a future, or put-call parity.

    Where none of these says it, it is a given spot that grows at the rate.
    """
    time = (table["expiry"] - table["as_of"]).dt.total_seconds() / SECONDS_PER_YEAR
    discount = table["discount"]
    if rate or discount.notna().any():
        discount = discount.fillna((-rate * time).map(np.exp))
    else:
        discount = time.where(time.isna(), 1.0)
    table = table.assign(time_to_expiry=time, discount=discount)
    of_expiry = table.groupby(["snapshot", "expiry"])["forward"].transform("median")
    bare = of_expiry.isna()
    for number in table.loc[bare, "snapshot"].unique():
        mine = bare & (table["snapshot"] == number)
        curve = futures[futures["snapshot"] == number]
        of_expiry[mine] = _curve_forwards(table[mine], curve, coin=coin)
    if spot is not None:
        of_expiry = of_expiry.fillna(spot / discount)
    return table.assign(forward=table["forward"].fillna(of_expiry))


def _curve_forwards(table: pd.DataFrame, futures: pd.DataFrame, *, coin: bool) -> pd.Series:
    """Forwards of one snapshot's rows whose expiry shows none: the mark of its future, else put-call parity.

    Parity of marks, which the venue makes of one forward, comes before that of quotes, which are apart.
    """
    found = pd.Series(np.nan, index=table.index)
    if len(futures):
        marks = futures.dropna(subset=["expiry"]).drop_duplicates("expiry").set_index("expiry")
        found = found.fillna(table["expiry"].map(marks["mark"].fillna((marks["bid"] + marks["ask"]) / 2.0)))
    if found.isna().any():
        found = found.fillna(table["expiry"].map(_parity.forwards_of_marks(table[found.isna()], coin=coin)))
    if found.isna().any():
        parity = _parity.implied_forwards(table[found.isna()], coin=coin)["forward"]
        found = found.fillna(table["expiry"].map(parity))
    return found


def spots_of(table: pd.DataFrame, spot: float | None, count: int) -> npt.NDArray[np.float64]:
    """Index price of each snapshot: the one given, else its rows' median, else the forward of its shortest expiry."""
    if spot is not None:
        return np.full(count, float(spot))
    found = table.groupby("snapshot")["index"].median().reindex(range(count)).to_numpy(dtype=float, copy=True)
    for number in np.flatnonzero(np.isnan(found)):
        known = table[(table["snapshot"] == number) & table["forward"].notna()]
        if len(known):
            found[number] = known.loc[known["expiry"] == known["expiry"].min(), "forward"].median()
    return found


def completed(
    kept: pd.DataFrame, spot: npt.NDArray[np.float64], *, coin: bool, american: bool = False
) -> pd.DataFrame:
    """Add money values, and fill whichever of mark and mark vol is missing; ordered by expiry and strike.

    `spot` is the index price of each row's snapshot; snapshots stay in their order. Where exercise is `american` vols
    are those of American options.
    """
    early = pd.Series(spot, index=kept.index) if american else None
    quotes = kept.assign(discount=spot / kept["forward"]) if coin else kept.copy()
    for name in PRICES:
        quotes[f"{name}_quoted"] = kept[name]
        quotes[name] = kept[name] * spot if coin else kept[name]
    shown = quotes["mark"].fillna((quotes["bid"] + quotes["ask"]) / 2.0)
    quotes["mark_vol"] = quotes["mark_vol"].fillna(
        _each(
            quotes,
            quotes["mark_vol"].isna() & shown.notna(),
            lambda part: _vol_of(part, shown[part.index], early),
        )
    )
    quotes["mark"] = quotes["mark"].fillna(
        _each(quotes, quotes["mark"].isna(), lambda part: _price_at(part, part["mark_vol"], early))
    )
    order = ["snapshot", "expiry", "strike", "flag"]
    return quotes.sort_values(order, kind="stable").reset_index(drop=True)


def _each(quotes: pd.DataFrame, wanted: pd.Series, fill: Callable[[pd.DataFrame], pd.Series]) -> pd.Series:
    """What `fill` makes of the wanted rows, snapshot by snapshot.

    Not of all at once: long arrays take other kernels, whose last digit may differ from those of a chain read alone.
    """
    found = pd.Series(np.nan, index=quotes.index)
    for _, part in quotes[wanted].groupby("snapshot") if wanted.any() else ():
        found[part.index] = fill(part)
    return found


def disagreements(quotes: pd.DataFrame, spots: npt.NDArray[np.float64] | None = None) -> dict[int, str]:
    """Snapshots whose shown vols do not price their shown marks, or mids, near the money for most quotes.

    Then a unit was stated wrongly, or a column swapped. `spots` are those of the snapshots where exercise is American.
    """
    columns = ("mark_quoted", "mark", "bid", "ask", "strike", "forward", "time_to_expiry", "mark_vol")
    quoted, mark, bid, ask, strike, forward, time, vol = (quotes[name].to_numpy() for name in columns)
    shown = np.where(np.isnan(quoted), (bid + ask) / 2.0, mark)
    near = (strike / forward >= 0.75) & (strike / forward <= 1.35) & (time > 0.5 / DAYS_PER_YEAR)
    told = near & ~np.isnan(vol) & (shown > 0)
    rows = quotes[told]
    if rows.empty:
        return {}
    early = None if spots is None else pd.Series(spots[rows["snapshot"].to_numpy()], index=rows.index)
    model, price = _price_at(rows, rows["mark_vol"], early), pd.Series(shown[told], index=rows.index)
    off: pd.Series = (model - price).abs() / np.maximum(model, price)
    grouped = off.groupby(rows["snapshot"])
    odd = grouped.median()[(grouped.size() >= 3) & (grouped.median() > 0.5)]
    found = {}
    for number in odd.index:
        label = off[rows["snapshot"] == number].idxmax()
        row = rows.loc[label]
        found[int(number)] = (
            f"most vols near the money do not price their own quotes: {row['symbol']} has price "
            f"{price[label]:.6g} and vol {row['mark_vol']:.6g}, which prices it at {model[label]:.6g}. "
            "Is a unit stated wrongly (percent or decimal, coin or money), or a column swapped?"
        )
    return found


def _price_at(quotes: pd.DataFrame, vol: pd.Series, early: pd.Series | None) -> pd.Series:
    """Value today at given vols, American where `early` has spots; NaN where there is none. [money]"""
    known = quotes[vol.notna()]
    given = None if early is None else Early(early[known.index].to_numpy())
    value = undiscounted(known, vol[known.index], ("price",), given)["price"]
    return (value * known["discount"]).reindex(quotes.index)


def _vol_of(quotes: pd.DataFrame, price: pd.Series, early: pd.Series | None) -> pd.Series:
    """Vol at which a quote is worth a price [money], American where `early` has spots; NaN where no vol does."""
    known = quotes[price.notna() & quotes["mark_vol"].isna()]
    given = None if early is None else Early(early[known.index].to_numpy())
    vol = implied_vols(known, price[known.index], given)
    return vol.where(vol > 0).reindex(quotes.index)
