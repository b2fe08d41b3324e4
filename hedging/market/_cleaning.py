"""Which quotes are unusable, and why: the named rules that every chain is read through.

Quotes reach this file as one table in the columns of `RAW_COLUMNS`. Each rule is a function of that table
that says which rows break it; the first rule a row breaks is the reason it is rejected for.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._ground.counts import number_of
from hedging._numerics.types import Mask
from hedging.errors import ChainError, InputError
from hedging.market._contradicted import contradicted

__all__ = [
    "BEYOND_BELIEF",
    "NUMBER_COLUMNS",
    "RAW_COLUMNS",
    "VENDORS_NONE",
    "ChainRules",
    "distinct",
    "judge",
    "numbers",
    "percent_signs",
    "rejected_rows",
    "require_columns",
    "unread",
]

NUMBER_COLUMNS: Final = (
    "strike",
    "forward",
    "index",
    "bid",
    "ask",
    "mark",
    "bid_size",
    "ask_size",
    "mark_vol",
    "discount",
    "open_interest",
    "volume",
)
RAW_COLUMNS: Final = ("symbol", "flag", "expiry", *NUMBER_COLUMNS)
_INFORMATION: Final = ("bid_size", "ask_size", "open_interest", "volume")  # a quote is good without them
_PRICED: Final = ("bid", "ask", "mark", "mark_vol")
_NOTHING: Final = frozenset(
    {"", "-", "--", "\u2013", "\u2014", "nan", "none", "null", "na", "n/a", "#n/a", "n.a."}
)  # as vendors write it, in any case
VENDORS_NONE: Final = -999.0  # the "none" of Schwab and TD Ameritrade, which nothing below can be
_ALWAYS_SAID: Final = ("strike", "forward", "index", "discount")

BEYOND_BELIEF: Final = 1e15  # no price, size or count is larger, and squares of it are still numbers

Reasons = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class ChainRules:
    """Limits beyond which a quote is rejected as unusable.

    Attributes
    ----------
    max_spread : float
        Widest usable ask - bid, as a share of the most the option can be worth: the forward of a call, the
        strike of a put. [1]
    max_spread_ratio : float
        Largest usable ask / bid among quotes whose spread is more than 1 % of that bound. [1]
    max_forward_gap : float
        Largest distance of a row's forward from the median of its expiry. [share of that median]
    max_basis : float
        Largest ratio of a forward to the index price, or of the index price to it. [1]
    min_vol, max_vol : float
        Least and largest believable vol; beyond them a unit is suspected. [decimal a year]
    max_below_intrinsic : float
        How far an ask or a mark may lie below the undiscounted intrinsic value. [share of the forward]
    max_above_bound : float
        How far a bid, an ask or a mark may lie above that bound; of an ask that counts only without a bid, or where the
        mid lies above the bound too: else it is dear, and the bid is good. [share of the bound]
    max_contradiction : float
        How far a bid may lie above what another option of the expiry is asked, with the distance of their strikes in
        cash where that one is worth less. [share of the forward]
    two_sided : bool
        Whether a quote without a bid or without an ask is unusable; by default it is kept.
    """

    max_spread: float = 0.25
    max_spread_ratio: float = 20.0
    max_forward_gap: float = 0.005
    max_basis: float = 3.0
    min_vol: float = 0.01
    max_vol: float = 10.0
    max_below_intrinsic: float = 0.002
    max_above_bound: float = 0.01
    max_contradiction: float = 0.002
    two_sided: bool = False

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name != "two_sided" and not value > 0:
                raise InputError(
                    f"{field.name} must be a number > 0 (infinity switches it off); got {value!r}."
                )


OTHER_QUOTE = "; another row of the same time quotes it otherwise"
"""Ends the detail of a duplicate that is no copy."""
QUOTED = ["bid", "ask", "mark"]


def numbers(raw: pd.DataFrame) -> tuple[pd.DataFrame, Reasons]:
    """Coerce the number columns to floats, a missing quote to NaN, whatever its vendor writes for it.

    What cannot be read rejects its row, but for a column that only informs: there it is unknown.

    Returns
    -------
    table : DataFrame
        The same rows; a bid, ask, size or vol of 0 is NaN, for venues write "none" as null or as 0.
    reasons : ndarray of str
        Per row why it cannot be read, ``""`` where it can.
    """
    columns, reasons = {}, np.full(len(raw), "", dtype=object)
    for name in NUMBER_COLUMNS:
        value, blank = _figures(raw[name])
        if name in _INFORMATION:
            blank |= np.isnan(value)  # `unread` says so
        if name not in _ALWAYS_SAID:
            blank |= value == VENDORS_NONE
            value = np.where(value == VENDORS_NONE, np.nan, value)
        size = np.abs(value)
        for broken, rule in (
            (np.isnan(value) & ~blank, "not a number"),
            (np.isinf(value), "not finite"),
            (np.isfinite(value) & (size > BEYOND_BELIEF), "beyond belief"),
        ):
            if broken.any():
                reasons[broken & (reasons == "")] = f"{name} is {rule}"
        columns[name] = np.where(size <= BEYOND_BELIEF, value, np.nan)
    for name in ("bid", "ask", "bid_size", "ask_size", "mark_vol"):
        columns[name][columns[name] == 0.0] = np.nan
    # Nobody bids for what is worth nothing: such a mark is none.
    columns["mark"][(columns["mark"] == 0.0) & (columns["bid"] > 0.0)] = np.nan
    return raw.assign(**columns), reasons


def _figures(column: pd.Series) -> tuple[npt.NDArray[np.float64], Mask]:
    """Cells as numbers, NaN where they are none, and which of them say nothing."""
    blank: Mask = np.array(column.isna(), dtype=bool)
    if column.dtype == np.float64:
        return np.asarray(column), blank
    if not pd.api.types.is_numeric_dtype(column.dtype):
        blank |= column.astype(str).str.strip().str.lower().isin(_NOTHING).to_numpy(dtype=bool)
    return np.asarray(pd.to_numeric(column, errors="coerce").astype(float)), blank


def unread(table: pd.DataFrame) -> tuple[str, ...]:
    """Columns that only inform with figures that are no numbers, such as ``$1,200``; a quote is good without them."""
    told = []
    for name in (each for each in _INFORMATION if each in table.columns):
        value, blank = _figures(table[name])
        odd = [
            str(table[name].iloc[row])
            for row in np.flatnonzero(np.isnan(value) & ~blank)
            if re.search(r"\d", str(table[name].iloc[row]))  # words say nothing
        ]
        if odd:
            told.append(
                f"{name} is no number in {number_of(len(odd), 'row')}, such as {odd[0]:.20}: unknown there"
            )
    return tuple(told)


def percent_signs(vols: pd.Series, divisor: float) -> pd.Series:
    """Vols with those written ``50%`` as the numbers that `divisor` makes decimals of: the sign says its own unit."""
    if pd.api.types.is_numeric_dtype(vols.dtype):
        return vols
    signed = vols.astype(str).str.strip().str.endswith("%")
    bare = pd.to_numeric(vols.astype(str).str.strip().str.removesuffix("%"), errors="coerce")
    good = signed & bare.notna()
    return vols.where(~good, bare * (divisor / 100.0)) if good.any() else vols


def judge(table: pd.DataFrame, reasons: Reasons, rules: ChainRules, *, american: bool = False) -> Reasons:
    """Name for each row the first rule that it breaks.

    Parameters
    ----------
    table : DataFrame
        Columns of `RAW_COLUMNS`, with prices undiscounted and in money, as `forward` is; ``snapshot``, the
        number of the chain a row belongs to, and ``as_of``, its time: what has expired by then is rejected.
    reasons : ndarray of str
        Reasons found before, which stay; ``""`` where there is none yet.
    rules : ChainRules
        The limits.
    american : bool
        Whether the options may be exercised early.

    Returns
    -------
    ndarray of str
        ``""`` for a usable row.
    """
    found = reasons.copy()
    left = np.flatnonzero(found == "")
    rest = table.iloc[left]
    for name, rule in _rules(rules, american=american):
        broken = np.asarray(rule(rest), dtype=bool)
        if broken.any():
            found[left[broken]] = name
            left, rest = left[~broken], rest[~broken]
    return found


def distinct(column: pd.Series) -> tuple[npt.NDArray[np.intp], pd.Series]:
    """Distinct cells of a column, and which of them each row holds: files of years repeat a few thousands of times.

    Cells that cannot be hashed, such as lists that came instead of names, stand for themselves.
    """
    try:
        # In its own form: an object for each cell would take longer than all that is read of them.
        codes, cells = pd.factorize(column, use_na_sentinel=False)
    except TypeError:
        return np.arange(len(column)), pd.Series(column.to_numpy(dtype=object), dtype=object)
    return codes, pd.Series(cells).astype(object)


def rejected_rows(raw: pd.DataFrame, reasons: Reasons, labels: pd.Index) -> pd.DataFrame:
    """List the rejected rows: ``row`` (its label in the source), ``symbol, reason`` and what came in words."""
    bad = raw[reasons != ""]
    why = reasons[reasons != ""]
    other = why == OTHER_QUOTE
    details = [
        _detail(row) + OTHER_QUOTE * bool(each)
        for row, each in zip(bad.to_dict("records") if len(bad) else (), other, strict=True)
    ]
    return pd.DataFrame(
        {
            "row": labels[reasons != ""],
            "symbol": bad["symbol"].astype(str).to_numpy(),
            "reason": np.where(other, "duplicate", why),
            "detail": details,
        }
    )


def _other_quote(table: pd.DataFrame) -> Mask:
    """Rows of a contract that one before them quotes otherwise at the same time: which of them holds, no file says."""
    again = table.duplicated(["snapshot", "symbol"]).to_numpy()
    if again.any():
        again = again & ~table.duplicated(["snapshot", "symbol", *QUOTED]).to_numpy()
    return np.asarray(again)


def _unshown(names: pd.Series) -> Mask:
    """Names with characters that would steer the terminal they are printed on."""
    return np.array([not str(name).isprintable() for name in names], dtype=bool)


def _rules(rules: ChainRules, *, american: bool) -> list[tuple[str, Callable[[pd.DataFrame], Mask]]]:
    """Every rule under its name, in the order in which a row meets them."""
    return [
        (
            "name not understood",
            lambda t: (
                ~t["flag"].isin(["c", "p"]).to_numpy() | t["expiry"].isna().to_numpy() | _unshown(t["symbol"])
            ),
        ),
        ("strike not above 0", lambda t: ~(t["strike"].to_numpy() >= 1.0 / BEYOND_BELIEF)),
        ("negative price", lambda t: (_figures_of(t, _PRICED) < 0).any(axis=1)),
        ("negative size or count", lambda t: (_figures_of(t, _INFORMATION) < 0).any(axis=1)),
        ("expired", lambda t: (t["expiry"] <= t["as_of"]).to_numpy()),
        (OTHER_QUOTE, _other_quote),
        ("duplicate", lambda t: t.duplicated(["snapshot", "symbol"]).to_numpy()),
        ("discount not in (0, 2)", lambda t: ~t["discount"].between(0, 2, inclusive="neither").to_numpy()),
        ("no forward", lambda t: ~(t["forward"].to_numpy() >= 1.0 / BEYOND_BELIEF)),
        ("no quote", lambda t: np.isnan(_figures_of(t, _PRICED)).all(axis=1)),
        ("crossed", lambda t: t["bid"].to_numpy() > t["ask"].to_numpy()),
        ("forward off its expiry's median", lambda t: _off_median(t) > rules.max_forward_gap),
        ("forward off the index", lambda t: _off_index(t) > rules.max_basis),
        ("vol unit suspected", lambda t: _odd_vol(t, rules)),
        ("junk spread", lambda t: _junk_spread(t, rules)),
        ("ask above any possible value", lambda t: _above_bound(t, "ask", rules) & ~_mid_possible(t)),
        ("ask below intrinsic", lambda t: _below_intrinsic(t, "ask", rules)),
        ("bid above any possible value", lambda t: _above_bound(t, "bid", rules)),
        ("mark above any possible value", lambda t: _above_bound(t, "mark", rules)),
        ("mark below intrinsic", lambda t: _below_intrinsic(t, "mark", rules)),
        (
            "contradicted by other quotes",
            lambda t: contradicted(t, rules.max_contradiction, american=american),
        ),
        (
            "no two-sided quote",
            lambda t: np.isnan(_figures_of(t, ("bid", "ask"))).any(axis=1) & bool(rules.two_sided),
        ),
    ]


def _off_median(table: pd.DataFrame) -> npt.NDArray[np.float64]:
    median = table.groupby(["snapshot", "expiry"])["forward"].transform("median")
    ratio: npt.NDArray[np.float64] = table["forward"].to_numpy() / median.to_numpy()
    return np.abs(ratio - 1.0)


def _off_index(table: pd.DataFrame) -> npt.NDArray[np.float64]:
    with np.errstate(all="ignore"):  # an index of 0 or next to it is off by infinity
        ratio: npt.NDArray[np.float64] = table["forward"].to_numpy() / table["index"].to_numpy()
        return np.maximum(ratio, 1.0 / ratio)


def _odd_vol(table: pd.DataFrame, rules: ChainRules) -> Mask:
    vol = table["mark_vol"].to_numpy()
    return np.asarray((vol < rules.min_vol) | (vol > rules.max_vol))


def _junk_spread(table: pd.DataFrame, rules: ChainRules) -> Mask:
    bid, ask = table["bid"].to_numpy(), table["ask"].to_numpy()
    share = (ask - bid) / _bound(table)
    lopsided = (share > 0.01) & (ask > rules.max_spread_ratio * bid)
    return np.asarray((share > rules.max_spread) | lopsided)


def _above_bound(table: pd.DataFrame, price: str, rules: ChainRules) -> Mask:
    return np.asarray(table[price].to_numpy() > (1.0 + rules.max_above_bound) * _bound(table))


def _mid_possible(table: pd.DataFrame) -> Mask:
    """Whether there is a mid, and an option can be worth it."""
    mid = (table["bid"].to_numpy() + table["ask"].to_numpy()) / 2.0
    return np.asarray(mid <= _bound(table))


def _bound(table: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Most that an option can be worth: a call its forward, a put its strike."""
    return np.where(_calls(table), table["forward"].to_numpy(), table["strike"].to_numpy())


def _below_intrinsic(table: pd.DataFrame, price: str, rules: ChainRules) -> Mask:
    forward = table["forward"].to_numpy()
    intrinsic = np.maximum(np.where(_calls(table), 1.0, -1.0) * (forward - table["strike"].to_numpy()), 0.0)
    return np.asarray((intrinsic - table[price].to_numpy()) / forward > rules.max_below_intrinsic)


def _calls(table: pd.DataFrame) -> Mask:
    return np.asarray(table["flag"].to_numpy(dtype=object) == "c")


def _figures_of(table: pd.DataFrame, names: tuple[str, ...]) -> npt.NDArray[np.float64]:
    """Some of its number columns side by side."""
    return np.column_stack([table[name].to_numpy() for name in names])


def _detail(row: dict[str, object]) -> str:
    """What came, as text: enough to find the quote again."""
    shown = ("expiry", "strike", "forward", "bid", "ask", "mark", "mark_vol")
    return ", ".join(f"{name} {row[name]!s:.40}" for name in shown if not _blank(row[name]))


def _blank(value: object) -> bool:
    """Whether a cell is empty: None, NaN or NaT, whatever else may have come instead of a number."""
    return value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value))


def require_columns(frame: pd.DataFrame, names: tuple[str, ...], source: str) -> None:
    """Raise a `ChainError` that lists what is missing and what is there."""
    missing = [name for name in dict.fromkeys(names) if name not in frame.columns]
    if missing:
        raise ChainError(
            f"{source}: columns {missing} are missing; the table has {list(map(str, frame.columns))}."
        )
