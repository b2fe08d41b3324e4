"""Many snapshots of one asset judged in one pass, and one snapshot as the least of many.

Every rule of `_cleaning` and every step of `_completing` knows which snapshot a row belongs to: medians, doubles,
forwards and index prices are those of its own. A chain read alone and one cut out of a file of years are
therefore the same to the bit; what costs per call is paid once for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._ground.counts import number_of
from hedging._ground.names import check_name
from hedging.errors import ChainError
from hedging.market import _completing
from hedging.market._cleaning import ChainRules, judge, numbers, percent_signs, rejected_rows, unread
from hedging.market.contracts import ContractTerms, Exercise

__all__ = ["Judged", "Source", "check_settlement", "judged"]


_NO_INDEX: Final = "no row says the index price: the forward of the first expiry stands for spot"


@dataclass(frozen=True, slots=True)
class Source:
    """How a table of quotes is to be read.

    Attributes
    ----------
    asset, name : str
        The underlying; the file or table, for messages.
    units, columns : mapping
        As in `OptionChain.from_frame`.
    rate : float
        [1/year]
    rules : ChainRules
    spot : float, optional
        [money]
    exercise : {'european', 'american'}
        What a vol is missing of, or a mark, is made by.
    """

    asset: str
    name: str
    units: Mapping[str, str]
    columns: Mapping[str, str]
    rate: float
    rules: ChainRules
    spot: float | None = None
    exercise: Exercise = "european"

    def __post_init__(self) -> None:
        if isinstance(self.asset, str):
            check_name("asset", self.asset)


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What became of the rows of some snapshots.

    Attributes
    ----------
    spot : ndarray, shape (snapshots,)
        NaN where a snapshot cannot be used. [money]
    quotes, rejected : DataFrame
        Rows in the order of the snapshots, with ``snapshot``, the number of each row's own.
    errors : tuple of str
        Why a snapshot cannot be used; ``""`` where it can.
    notes : tuple of str
        What was put in place of something missing, or could not be read, in any of them.
    """

    spot: npt.NDArray[np.float64]
    quotes: pd.DataFrame
    rejected: pd.DataFrame
    errors: tuple[str, ...]
    notes: tuple[str, ...] = ()


def judged(
    frame: pd.DataFrame,
    snapshot: npt.NDArray[np.intp],
    times: Sequence[pd.Timestamp],
    futures: pd.DataFrame,
    source: Source,
    reject: npt.ArrayLike | None = None,
) -> Judged:
    """Judge the rows of some snapshots, complete the usable ones and list the others.

    Parameters
    ----------
    frame : DataFrame
        As in `OptionChain.from_frame`, any number of snapshots one after the other or mixed.
    snapshot : ndarray of int, shape (rows,)
        Which of `times` each row belongs to.
    times : sequence of Timestamp
        UTC.
    futures : DataFrame
        Columns of `FUTURES_COLUMNS`, and ``snapshot``.
    source : Source
    reject : array_like of str, optional
        Per row a reason to reject it that was found before.

    Raises
    ------
    ChainError
        If a column is missing or a unit unsaid: what is wrong with all snapshots alike.
    """
    divisor = _completing.vol_divisor(source.units, source.name)
    coin = source.units["price"] == "coin"
    raw = _completing.laid_out(frame, source.columns, source.asset, source.name)
    raw["mark_vol"] = percent_signs(raw["mark_vol"], divisor)
    table, reasons = numbers(raw)
    if reject is not None:
        before = np.asarray(reject, dtype=object)
        reasons[before != ""] = before[before != ""]
    as_of = pd.DatetimeIndex(list(times)).as_unit("ns")[snapshot]
    table = table.assign(snapshot=snapshot, as_of=as_of)
    table["mark_vol"] /= divisor  # not times 0.01: 58.6 must be 0.586 exactly
    table = _completing.with_forwards(table, source.rate, futures, coin=coin, spot=source.spot)
    to_forward_money = table["forward"] if coin else 1.0 / table["discount"]
    undiscounted = table.assign(
        **table[_completing.PRICES].mul(to_forward_money, axis=0),
        index=table["index"] if source.spot is None else source.spot,
    )
    reasons = judge(undiscounted, reasons, source.rules, american=source.exercise == "american")
    labels = frame.index if pd.api.types.is_integer_dtype(frame.index.dtype) else raw.index
    rejected = rejected_rows(raw, reasons, labels).assign(snapshot=snapshot[reasons != ""])
    rejected = rejected.sort_values("snapshot", kind="stable")
    found = _usable(table[reasons == ""], rejected, len(times), snapshot, source, coin=coin)
    unsaid = source.spot is None and table["index"].isna().all()
    return replace(found, notes=(*((_NO_INDEX,) if unsaid else ()), *unread(raw)))


def _usable(
    kept: pd.DataFrame,
    rejected: pd.DataFrame,
    count: int,
    snapshot: npt.NDArray[np.intp],
    source: Source,
    *,
    coin: bool,
) -> Judged:
    """Complete the usable rows of every snapshot that has an index price, and say what the others lack."""
    spots = _completing.spots_of(kept, source.spot, count)
    errors = [""] * count
    for number in map(int, np.flatnonzero(np.bincount(kept["snapshot"], minlength=count) == 0)):
        counts = rejected.loc[rejected["snapshot"] == number, "reason"].value_counts().to_dict()
        rows = int((snapshot == number).sum())
        errors[number] = (
            f"no usable quote of {source.asset} among {number_of(rows, 'row')}; rejected: {counts}."
        )
    for number in map(int, np.flatnonzero(~((spots > 0) & np.isfinite(spots)))):
        if not errors[number]:
            errors[number] = f"spot must be a number > 0; got {float(spots[number])!r}. Pass spot=."
    good = np.array([not error for error in errors], dtype=bool)
    usable = kept[good[kept["snapshot"].to_numpy()]]
    quotes = _completing.completed(
        usable, spots[usable["snapshot"].to_numpy()], coin=coin, american=source.exercise == "american"
    )
    american = spots if source.exercise == "american" else None
    for place, error in _completing.disagreements(quotes, american).items():
        errors[place] = error
    spots = np.where([not error for error in errors], spots, np.nan)
    named = tuple(error and f"{source.name}: {error}" for error in errors)
    found = Judged(spots, quotes, rejected, named)
    return found if all(good) and not any(errors) else _without_unusable(found)


def _without_unusable(found: Judged) -> Judged:
    """Leave out the quotes of snapshots that cannot be used; their rejected rows stay."""
    good = np.isfinite(found.spot)
    return replace(found, quotes=found.quotes[good[found.quotes["snapshot"].to_numpy()]])


def check_settlement(source: Source, terms: ContractTerms) -> None:
    """Refuse units that are unsaid, or prices in what the options are not settled in.

    Raises
    ------
    ChainError
    """
    _completing.vol_divisor(source.units, source.name)
    price = source.units["price"]
    if (price == "coin") != (terms.settlement == "coin"):
        raise ChainError(
            f"{source.name}: prices in {price} do not fit options settled in {terms.settlement}; "
            "coin-settled options are quoted in coin, cash-settled ones in money."
        )
