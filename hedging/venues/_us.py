"""What all files of US options share: names, terms, hours, forwards and rates, whoever saved them.

Options on indices are European, those on stocks and funds American: forward and discount factor of each expiry come
from put-call parity as an equation for the first, and from what is left of one for the second. Given rates and
dividends win over both. A spot that the quotes contradict, as a price after hours beside quotes of the close, is
replaced, and the chain notes it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from hedging._ground.counts import number_of
from hedging.errors import ChainError, InputError
from hedging.market import _american_parity, _parity
from hedging.market._cleaning import unread
from hedging.market.chain import ChainRules, OptionChain
from hedging.market.contracts import ContractTerms, FeeRule
from hedging.market.ex_dates import APART
from hedging.units import DAYS_PER_YEAR, utc
from hedging.venues._formats import Pick, columns_there, own_time
from hedging.venues._opening import QuoteFile
from hedging.venues._sessions import LATE, OPEN, ZONE, close_on, closes_on, knows_holidays, last_session
from hedging.venues._terms import agreed, fields_of

__all__ = [
    "NAME",
    "ZONE",
    "Seen",
    "at_or_session_end",
    "halves",
    "named",
    "only_asset",
    "option_terms",
    "root_asset",
    "session_end",
    "settled_at",
    "us_chain",
]

_SETTLED_AT_OPEN: Final = ("SPX", "NDX", "RUT", "VIX")  # roots; their weeklies settle on the close
# Cash-settled index options that are exercised at expiry only; OEX and all stocks and funds are American.
_EUROPEAN: Final = frozenset(
    {"SPX", "XSP", "NDX", "XND", "NQX", "RUT", "MRUT", "VIX", "DJX", "XEO", "MXEA", "MXEF"}
)
_PENNIES: Final = frozenset({"SPY", "QQQ", "IWM"})  # quoted in cents at any price
NAME: Final = re.compile(r"(?P<root>[A-Z]+\d?) *(?P<day>\d{6})(?P<flag>[CP])(?P<strike>\d{8})")

# How far the first forward may be from spot, as shares of it beside 10 % a year. A stock may go ex-dividend before
# the first expiry, by some per cent at most; after hours that is less likely than a move.
_OFF: Final = {"european": 0.001, "american": 0.0015}
_DIVIDEND: Final = {False: 0.03, True: 0.01}
_CARRY: Final = 0.10
_ODD_FORWARD: Final = 0.005
_ROOM: Final = (
    0.05  # of the forward, that good quotes may lie below an intrinsic value at forwards that were given
)
_LEVELS: Final = 5  # first expiries of an index whose forwards say together where it is: one alone may be off


@dataclass(frozen=True, slots=True)
class Seen:
    """What a file says beside its rows.

    Attributes
    ----------
    asset : str
    as_of : Timestamp
        Time of the quotes.
    spot : float, optional
        [money]
    rate : float, optional
        Of the file; the quotes' own comes before it. [1/year]
    closed : bool
        Whether it was saved after hours.
    notes : tuple of str
    """

    asset: str
    as_of: pd.Timestamp
    spot: float | None = None
    rate: float | None = None
    closed: bool = False
    notes: tuple[str, ...] = ()


def option_terms(asset: str = "SPX") -> ContractTerms:
    """Terms of US options: 100 units a contract, exercise and ticks by underlying; no fee set.

    Options on indices are European, those on stocks and funds American. Ticks are 0.05 below 3 and 0.10 above for
    indices, 0.01 and 0.05 for stocks and funds, and 0.01 throughout for SPY, QQQ and IWM. Fees of US options are a
    broker's, per contract and not a share of anything; pass your own terms.
    """
    european = asset in _EUROPEAN
    steps = (0.05, 0.10) if european else (0.01, 0.01 if asset in _PENNIES else 0.05)
    return ContractTerms(
        multiplier=100.0,
        ticks=((0.0, steps[0]), (3.0, steps[1])),
        fee=FeeRule(),
        venue="cboe",
        exercise="european" if european else "american",
    )


def root_asset(root: str) -> str:
    """The underlying of a root: SPX of SPXW, AAPL of the adjusted AAPL1."""
    plain = root.rstrip("0123456789")
    weekly = plain.removesuffix("W")
    return weekly if weekly in _EUROPEAN else plain


def named(rows: pd.DataFrame, column: str = "symbol") -> pd.DataFrame:
    """Add what names of the OSI form say: ``root, asset, expiry, strike, flag``; all empty where it is no such name."""
    read = rows[column].astype(str).str.extract(f"^{NAME.pattern}$")
    day = pd.to_datetime(read["day"], format="%y%m%d", errors="coerce")
    return rows.assign(
        root=read["root"],
        asset=read["root"].map(root_asset, na_action="ignore").astype(object),
        expiry=settled_at(day, read["root"]),
        strike=pd.to_numeric(read["strike"]) / 1000.0,
        flag=read["flag"].str.lower(),
    )


def halves(
    table: pd.DataFrame, header: Sequence[str], names: tuple[str, str], theirs: Mapping[str, str], source: str
) -> pd.DataFrame:
    """Calls and puts that stand side by side, one below the other; each half begins at the column of its symbols.

    Parameters
    ----------
    table : DataFrame
        Columns by place.
    header : sequence of str
    names : tuple of str
        Columns of the symbols of calls and of puts.
    theirs : mapping
        Our columns by their names, in each half; bids and asks must be there, and what the other half has.
    source : str

    Raises
    ------
    ChainError
        Naming the column that a half lacks.
    """
    left = header.index(names[0]) if names[0] in header else -1
    right = header.index(names[1], left + 1) if names[1] in header[left + 1 :] else -1
    if left < 0 or right < 0:
        raise ChainError(
            f"{source} lacks the column {names[0] if left < 0 else names[1]!r} of symbols; it has {', '.join(header)}."
        )
    found = []
    for side, first, last in (("calls", left, right), ("puts", right, len(header))):
        places = {
            ours: header.index(name, first, last)
            for name, ours in theirs.items()
            if name in header[first:last]
        }
        wanted = [name for name, ours in theirs.items() if ours in ("bid", "ask") or name in header]
        if lost := [name for name in wanted if theirs[name] not in places]:
            raise ChainError(
                f"{source} lacks the column {' and '.join(map(repr, lost))} of {side}; it has {', '.join(header)}."
            )
        half = table.iloc[:, [first, *places.values()]]
        found.append(half.set_axis(["symbol", *places], axis=1))
    return pd.concat(found, ignore_index=True)


def settled_at(day: pd.Series, root: pd.Series) -> pd.Series:
    """When the settlement price of an expiry is taken: at the open for old roots of indices, else at the close.

    An expiry on a day without a session is that of the last one before.
    """
    opens = (day.dt.tz_localize(ZONE) + OPEN).dt.tz_convert("UTC")
    return closes_on(day).where(~root.isin(_SETTLED_AT_OPEN), opens)


def session_end(saved: pd.Timestamp) -> tuple[pd.Timestamp, bool]:
    """Time of the quotes in a file saved at `saved`, and whether the session was over.

    Within a session it is `saved`, else the last close before it, a quarter of an hour on: options on indices trade
    until then. Holidays and early closes are those of `_sessions`.
    """
    local = saved.tz_convert(ZONE)
    today = last_session(local)
    close = close_on(today) + LATE
    if today == local.tz_localize(None).normalize():
        if local.normalize() + OPEN <= local < close:
            return saved.tz_convert("UTC"), False
        if local < close:  # before the open
            close = close_on(today - pd.Timedelta(days=1)) + LATE
    return close.tz_convert("UTC"), True


def at_or_session_end(
    pick: Pick, saved: pd.Timestamp, name: str
) -> tuple[pd.Timestamp, bool, tuple[str, ...]]:
    """Time of the quotes: that of `session_end`, or a later one of its day if asked for; with what is to be noted."""
    when, closed = session_end(saved)
    if pick.at is not None and not pick.of_day:
        return own_time(pick, when, name), False, ()
    unknown = "" if knows_holidays() else ", holidays unknown without the extra calendars"
    note = (
        f"saved at {saved.tz_convert('UTC'):%Y-%m-%d %H:%M} UTC, after hours{unknown}: taken as the quotes of the close, "
        f"{when:%Y-%m-%d %H:%M} UTC; at= (--at) sets another time",
    )
    return when, closed, note if closed else ()


def us_chain(rows: pd.DataFrame, file: QuoteFile, pick: Pick, seen: Seen) -> OptionChain:
    """The chain of one US underlying.

    Parameters
    ----------
    rows : DataFrame
        ``symbol, flag, strike, expiry, bid, ask`` and where known ``root, mark, mark_vol, bid_size, ask_size``, and
        ``open_interest, volume`` in contracts. Adjusted contracts, whose root ends in a digit, are rejected.
    file : QuoteFile
    pick : Pick
        Its `terms`, `spot`, `rate` and `dividends` win over what the file says.
    seen : Seen
    """
    columns_there({"bid": "bid", "ask": "ask"}, rows, file.name)  # both, or it says which it lacks
    terms = agreed(pick.terms, fields_of(option_terms(seen.asset)))
    live = _live(rows, seen.as_of)
    spot, notes = _spot(live, pick, seen, terms)
    curve, more = _curve(live, rows, pick, seen, spot, terms)
    counts = {
        name: pd.to_numeric(rows[name], errors="coerce") * terms.multiplier
        for name in {"open_interest", "volume"} & {*rows.columns}
    }
    made = OptionChain.from_frame(
        rows.assign(**counts, **{name: rows["expiry"].map(curve[name]) for name in ("forward", "discount")}),
        asset=seen.asset,
        as_of=seen.as_of,
        units={"price": "money", "vol": "decimal"},
        terms=terms,
        spot=spot,
        reject=_adjusted(rows),
        source=file.name,
        sha256=file.sha256,
        rules=pick.rules or (ChainRules(max_below_intrinsic=_ROOM) if _is_given(pick) else None),
    )
    made = replace(
        made, notes=(*seen.notes, *notes, *more, *unread(rows)), dividends=dict(pick.dividends or {})
    )
    if made.early is None or not made.dividends:
        return made
    told = (_APPROXIMATE,) if len(made.ex_dates) else ()
    return replace(made, notes=(*made.notes, *told)).with_vols_of_marks()


_APPROXIMATE: Final = (
    f"dividends given count as shares of spot: American options are within {APART:g} of one dividend of their values with "
    "cash dividends, which hedging.greeks.american_price(dividends=) solves for"
)


def _is_given(pick: Pick) -> bool:
    """Whether forwards are made of what the caller said, which is no reason to reject a quote that disagrees."""
    return pick.rate is not None or pick.dividends is not None or pick.spot is not None


def _live(rows: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Rows quoted on both sides that have not expired."""
    numbers = rows[["strike", "bid", "ask"]].apply(pd.to_numeric, errors="coerce")
    good = (rows["expiry"] > as_of) & (numbers["bid"] > 0) & (numbers["ask"] >= numbers["bid"])
    live: pd.DataFrame = rows.assign(**numbers)[good & (_adjusted(rows) == "")]
    return live


def _adjusted(rows: pd.DataFrame) -> pd.Series:
    if "root" not in rows.columns:
        return pd.Series("", index=rows.index, dtype=object)
    odd = rows["root"].astype(str).str.contains(r"\d$")
    return odd.map({True: "adjusted contract, of another deliverable", False: ""}).astype(object)


def _spot(live: pd.DataFrame, pick: Pick, seen: Seen, terms: ContractTerms) -> tuple[float, tuple[str, ...]]:
    """Spot as given, as the file says it, or as its quotes do where they contradict it."""
    if pick.spot is not None:
        if not 0.0 < pick.spot < math.inf:
            raise InputError(f"spot must be a number > 0; got {pick.spot!r}.")
        return pick.spot, ()
    first = _parity.implied_spot(live, seen.as_of, expiries=1 if terms.exercise == "american" else _LEVELS)
    if seen.spot is None or not seen.spot > 0.0:
        if first is None:
            raise ChainError(
                f"spot of {seen.asset} is not in the file, nor do its quotes say it: pass spot= (--spot)."
            )
        return first[1], (
            f"no spot in the file: the forward of {first[0]:%Y-%m-%d}, {first[1]:,.6g}, stands for it",
        )
    if first is None:
        return seen.spot, ()
    expiry, level, slack = first
    years = (expiry - seen.as_of) / pd.Timedelta(days=DAYS_PER_YEAR)
    above = _OFF[terms.exercise] + _CARRY * years + slack / level
    below = above + (_DIVIDEND[seen.closed] if terms.exercise == "american" else 0.0)
    if -below <= level / seen.spot - 1.0 <= above:
        return seen.spot, ()
    return level, (
        f"spot {seen.spot:,.6g} of the file does not fit its quotes, whose forwards from {expiry:%Y-%m-%d} on begin at "
        f"{level:,.6g}: that stands in its place (a price after hours beside quotes of the close?); spot= (--spot) sets another",
    )


def _curve(
    live: pd.DataFrame, rows: pd.DataFrame, pick: Pick, seen: Seen, spot: float, terms: ContractTerms
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Forward and discount factor by expiry, for all expiries of the rows; with what is to be noted."""
    expiries = pd.DatetimeIndex(
        sorted(rows.loc[rows["expiry"] > seen.as_of, "expiry"].dropna().unique()), tz="UTC", name="expiry"
    )
    T = pd.Series((expiries - seen.as_of) / pd.Timedelta(days=DAYS_PER_YEAR), index=expiries, dtype=float)
    told = len(_parity.pairs(live)) > 0
    rate = pick.rate if told or pick.rate is not None else seen.rate
    note: tuple[str, ...] = ()
    if not told and rate is None:
        rate = 0.0
        note = (
            "no call stands beside a put, so that quotes tell no rate: 0 is taken; rate= (--rate) sets another",
        )
    if terms.exercise == "american":
        curve = _american_parity.american_curve(live, seen.as_of, spot, rate=rate, source=seen.asset)
    else:
        factor = _parity.smooth_discount(live, seen.as_of, rate, source=seen.asset)
        level = _parity.implied_forwards(live.assign(discount=live["expiry"].map(factor)), coin=False)[
            "forward"
        ]
        curve = pd.DataFrame({"discount": factor, "forward": level.reindex(factor.index)})
    rates = (-np.log(curve["discount"]) / T.reindex(curve.index)).dropna()
    flat = rate if rate is not None else 0.0
    r = np.interp(T, T[rates.index], rates) if len(rates) else np.full(len(T), flat)
    discount = pd.Series(np.exp(-r * T), index=expiries)
    known = curve["forward"].reindex(expiries)
    lost = (spot - discount * known).dropna()
    # Where quotes do not say, what spot loses until then lies between what it loses until the expiries around.
    between = pd.Series(np.interp(T, [0.0, *T[lost.index]], [0.0, *lost]), index=expiries)
    if pick.dividends is not None:
        paid, last = _paid(pick.dividends, seen, spot, discount)
        # Beyond the last one given, spot goes on losing what the quotes say.
        at_last = float(np.interp(last, [0.0, *T], [0.0, *between]))
        later = (between - at_last).clip(lower=0.0).where(last < T, 0.0)
        told_of = f"dividends as given until {seen.as_of + pd.Timedelta(days=last * DAYS_PER_YEAR):%Y-%m-%d}"
        more = (f"{told_of}, from then on as the quotes imply them",) if (later > 0.0).any() else ()
        forward = (spot - paid - later) / discount
        return pd.DataFrame({"forward": forward, "discount": discount}), (
            *note,
            *more,
            *_contradicted(forward, known),
        )
    return pd.DataFrame({"forward": known.fillna((spot - between) / discount), "discount": discount}), note


def _contradicted(given: pd.Series, quoted: pd.Series) -> tuple[str, ...]:
    """A note where forwards by given dividends are not those of the quotes."""
    apart = (given / quoted - 1.0).dropna()
    far = apart[apart.abs() > _ODD_FORWARD]
    if far.empty:
        return ()
    worst: Any = far.abs().idxmax()
    return (
        f"the rate and dividends given put {len(far)} of {number_of(len(apart), 'forward')} more than {_ODD_FORWARD:.1%} from what "
        f"the quotes say, that of {worst:%Y-%m-%d} by {far[worst]:+.1%}: are all dividends of it given?",
    )


def _paid(
    dividends: Mapping[str, float], seen: Seen, spot: float, discount: pd.Series
) -> tuple[pd.Series, float]:
    """What a spot that pays cash on given ex-dates loses until each expiry, as of today, and years to the last of them."""
    days = np.array([(moment - seen.as_of) / pd.Timedelta(days=1) for moment in discount.index])
    rates = -np.log(discount.to_numpy()) / days if len(days) else np.zeros(0)
    paid, last = np.zeros(len(days)), 0.0
    for day, amount in dividends.items():
        ex = (utc(f"{str(day)[:10]}T13:30Z", "ex-date") - seen.as_of) / pd.Timedelta(days=1)
        if not (isinstance(amount, int | float) and 0.0 <= amount < spot):
            raise InputError(f"a dividend must be an amount >= 0 and below spot; got {amount!r} on {day}.")
        if ex > 0.0:
            paid += np.where(days > ex, amount * np.exp(-np.interp(ex, days, rates) * ex), 0.0)
            last = max(last, ex / DAYS_PER_YEAR)
    return pd.Series(paid, index=discount.index), last


def only_asset(assets: Sequence[str], pick: Pick, name: str) -> str:
    """The asset asked for, or the only one of a file."""
    there = sorted(set(assets))
    if pick.asset is not None and pick.asset not in there:
        raise ChainError(f"{name} holds no option on {pick.asset}; its roots are {', '.join(there)}.")
    if pick.asset is None and len(there) != 1:
        raise ChainError(f"{name} holds options on {', '.join(there) or 'nothing'}; pass asset= to pick one.")
    return pick.asset or there[0]
