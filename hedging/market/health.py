"""How far a chain can be trusted: what was rejected, what is missing, and which quotes contradict each other.

Every violation here is one beyond bid and ask: it could be traded, were it real. On live markets that is a
stale quote far more often than free money, so the list says which quotes not to build on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from hedging._ground.cells import SHARE, figure
from hedging._ground.counts import number_of
from hedging._ground.shown import Shown, plain
from hedging._ground.tables import Page, Part, Table
from hedging.market import _parity
from hedging.market._static_arbitrage import calendars, index_of_running_minimum, never_losing
from hedging.market.by_exercise import undiscounted
from hedging.market.chain import OptionChain
from hedging.market.ex_dates import Early

__all__ = ["ChainHealth", "VenuesHealth", "check", "check_venue", "stale_spot"]

_ROUNDING: Final = 1e-5  # of the most that an option can be worth: marks are shown in four digits of a coin
_MISSING: Final = ("bid", "ask", "both", "vol")
_INFORMS: Final = ("bid_size", "ask_size", "open_interest", "volume")
_VIOLATION_COLUMNS: Final = ("rule", "expiry", "symbols", "amount")
_SPOT_ROOM: Final = 0.004  # share: recorded chains polled over a minute are 0.3 % off at most, in a crash
_CARRY_ROOM: Final = 0.5  # a year
_DUST: Final = 1e-9  # share of spot below which a violation is a rounding error


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ChainHealth(Shown):
    """What `check` finds.

    Attributes
    ----------
    title : str
        Which chain.
    kept : int
        Usable quotes.
    rejected : Series
        Number of rejected rows by reason.
    missing : Series
        Share of usable quotes without a bid, an ask, both, or a vol. [1]
    unsaid : tuple of str
        Which of sizes, open interest and volume no quote says, so that no limit on them holds.
    forwards : DataFrame
        Per expiry the ``forward`` of the chain, the ``spread`` of its rows around it [share], the forward
        from put-call parity with the range ``low, high`` its quotes allow, and ``stale``: outside that range.
    violations : DataFrame
        ``rule, expiry, symbols, amount``: quotes that break put-call parity, the order of prices over
        strikes, or their convexity, by `amount` beyond bid and ask; options bid above what later ones are asked; and
        of each expiry the orders that gain most whatever spot does, one unit altogether: these two after fees. [money]
    spot : Series
        ``spot``, the ``forward`` of the first expiry, the ``gap`` between them [share], the ``carry`` that it would be
        [1/year], and whether it is ``stale``: more than quotes of one moment and a carry of 50 % leave room for.
    round_trip : Series
        Distance of shown marks from Black-76 at shown vols: ``count, median, p99, most``, named by the quote of the most.
        [as quoted]
    """

    title: str
    kept: int
    rejected: pd.Series
    missing: pd.Series
    unsaid: tuple[str, ...]
    forwards: pd.DataFrame
    violations: pd.DataFrame
    round_trip: pd.Series
    spot: pd.Series

    def to_frame(self) -> pd.DataFrame:
        """The violations, one row each: ``rule, expiry, symbols, amount`` [money]."""
        return self.violations.copy()

    def _page(self) -> Page:
        head, *more = _parts(self)
        return Page(str(head), tuple(more))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as JSON knows them."""
        forwards = self.forwards.reset_index().astype({"expiry": str})
        violations = self.violations.astype({"expiry": str})
        found: dict[str, Any] = plain(
            {
                "title": self.title,
                "kept": self.kept,
                "rejected": self.rejected,
                "missing": self.missing,
                "unsaid": self.unsaid,
                "forwards": forwards,
                "violations": violations,
                "spot": self.spot.astype(float),
                "round_trip": self.round_trip.astype(float),
                "round_trip_worst": self.round_trip.name,
            }
        )
        return found


def _parts(found: ChainHealth) -> list[Part]:
    """What it shows, its title first."""
    parts: list[Part] = [*_lines(found)]
    stale = found.forwards.sort_values("stale", ascending=False, kind="stable")
    shown = stale[["forward", "low", "high", "stale"]]
    units = {"expiry": "UTC"}
    parts.append(Table(shown, units, index=True, caption="forwards, and what put-call parity allows"))
    if len(found.violations):
        worst = found.violations.nlargest(len(found.violations), "amount")
        parts.append(Table(worst, {"amount": "money"}, caption="violations, the largest first"))
    return parts


def _lines(found: ChainHealth) -> list[str]:
    lost = int(found.rejected.sum())
    stale = int(found.forwards["stale"].sum())
    count = found.violations["rule"].value_counts()
    lines = [
        found.title,
        f"{number_of(found.kept, 'quote')} kept, {lost} rejected"
        + (": " if lost else "")
        + ", ".join(f"{n} {r}" for r, n in found.rejected.items()),
        "missing: " + ", ".join(f"{name} {share:.1%}" for name, share in found.missing.items()),
        f"{number_of(len(found.forwards), 'expiry')}, {stale} with a forward outside what put-call parity allows",
        f"{number_of(len(found.violations), 'violation')} beyond bid and ask"
        + (": " if len(count) else "")
        + ", ".join(f"{n} {rule}" for rule, n in count.items()),
    ]
    if found.unsaid:
        told = ", ".join(name.replace("_", " ") for name in found.unsaid)
        lines.append(f"no quote says its {told}: no limit on that holds")
    if found.spot["stale"]:
        lines.append(_stale_spot(found.spot))
    if found.round_trip["count"]:
        lines.append(
            f"marks against Black-76 at the shown vols: median {figure(found.round_trip['median'], 2)}, "
            f"99 % {figure(found.round_trip['p99'], 2)}, most {figure(found.round_trip['most'], 2)} at {found.round_trip.name} "
            f"(as quoted, {number_of(found.round_trip['count'], 'quote', '.0f')})"
        )
    return lines


def _counts(found: ChainHealth) -> dict[str, Any]:
    """How many quotes of each kind, and what is missing, as shares."""
    return {
        "kept": found.kept,
        "rejected": int(found.rejected.sum()),
        **{f"missing_{name}": float(found.missing[name]) for name in _MISSING},
        "expiries": len(found.forwards),
        "stale": int(found.forwards["stale"].sum()),
        "violations": len(found.violations),
        "spot_gap": float(found.spot["gap"]),
    }


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class VenuesHealth(Shown, Mapping[str, ChainHealth]):
    """What `check` finds at each of several venues, by name; quotes of two do not belong together to the tick.

    Attributes
    ----------
    title : str
        Which chain.
    found : mapping of ChainHealth
        By venue.
    """

    title: str
    found: Mapping[str, ChainHealth]

    def __getitem__(self, venue: str) -> ChainHealth:
        return self.found[venue]

    def __iter__(self) -> Iterator[str]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)

    @property
    def violations(self) -> pd.DataFrame:
        """Those of all venues, whose names stand before their symbols."""
        return pd.concat([each.violations for each in self.found.values()], ignore_index=True)

    def to_frame(self) -> pd.DataFrame:
        """One row a venue: how many quotes, what they miss, which contradict each other.

        ``kept, rejected``, ``missing_bid, missing_ask, missing_both, missing_vol`` [share of those kept], ``expiries`` and
        how many of their forwards are ``stale``, ``violations``, and ``spot_gap``, of the first forward [share].
        """
        rows = [{"venue": venue} | _counts(each) for venue, each in self.found.items()]
        return pd.DataFrame(rows).set_index("venue")

    def to_dict(self) -> dict[str, Any]:
        """`ChainHealth.to_dict` by venue."""
        return {venue: each.to_dict() for venue, each in self.found.items()}

    def _page(self) -> Page:
        units = dict.fromkeys((*(f"missing_{name}" for name in _MISSING), "spot_gap"), SHARE)
        parts: list[Part] = [Table(self.to_frame(), units, index=True)]
        for venue, each in self.found.items():
            head, *more = _parts(each)
            parts += [f"{venue}: {head}", *more]
        return Page(self.title, tuple(parts))


def check(chain: OptionChain) -> ChainHealth | VenuesHealth:
    """Check a chain's quotes against each other.

    Parameters
    ----------
    chain : OptionChain

    Returns
    -------
    ChainHealth
        Or `VenuesHealth`, one each by name, of a chain of several venues.

    Examples
    --------
    >>> quotes = pd.DataFrame({"flag": "c", "strike": [90.0, 100.0], "expiry": "2026-03-27T08:00Z",
    ...                        "forward": 100.0, "bid": [11.0, 12.125], "ask": [12.0, 13.0]})
    >>> chain = OptionChain.from_frame(quotes, asset="XYZ", as_of="2026-02-06T08:00Z",
    ...     units={"price": "money", "vol": "decimal"})
    >>> check(chain).violations[["rule", "amount"]].to_dict("records")
    [{'rule': 'call rises with strike', 'amount': 0.125}]
    """
    if not chain.venues:
        return check_venue(chain)
    title = f"{chain.asset} options of {', '.join(chain.venues)} at {chain.as_of:%Y-%m-%d %H:%M:%S} UTC"
    return VenuesHealth(title, {part.terms.venue: check_venue(part) for part in chain.by_venue()})


def check_venue(chain: OptionChain) -> ChainHealth:
    """Check the quotes of one venue against each other; the rest as in `check`."""
    quotes = chain.quotes
    bid, ask, vol = (quotes[name].isna() for name in ("bid", "ask", "mark_vol"))
    pairs = []
    for (expiry, flag), rows in quotes.groupby(["expiry", "flag"], sort=True):
        pairs += [_order_violations(rows, expiry, str(flag)), _convexity_violations(rows, expiry, str(flag))]
    named = pd.concat([_violations("", None, [], []), *pairs], ignore_index=True)
    # What two or three quotes of an expiry say already is not said again of more.
    rest = quotes[~quotes["expiry"].isin(named["expiry"])]
    found = [_parity_violations(quotes), *_bound_violations(quotes), named]
    for rule, orders in (
        ("calendar below 0, after fees", calendars(quotes, chain.terms)),
        ("orders that never lose, after fees", never_losing(rest, chain.terms)),
    ):
        found += [_violations(rule, expiry, [symbols], gain) for expiry, symbols, gain in orders]
    violations = pd.concat(found, ignore_index=True)
    return ChainHealth(
        title=f"{chain.asset} options at {chain.as_of:%Y-%m-%d %H:%M:%S} UTC ({chain.source or 'no file'})",
        kept=len(quotes),
        rejected=chain.rejected["reason"].value_counts(),
        missing=pd.Series(
            {"bid": bid.mean(), "ask": ask.mean(), "both": (bid & ask).mean(), "vol": vol.mean()}
        ),
        unsaid=tuple(name for name in _INFORMS if quotes[name].isna().all()),
        forwards=_forwards(chain),
        violations=violations[violations["amount"] > _DUST * chain.spot].reset_index(drop=True),
        round_trip=_round_trip(quotes, chain.early),
        spot=_spot(chain),
    )


def _violations(rule: str, expiry: Any, symbols: list[str], amount: Any) -> pd.DataFrame:
    table = pd.DataFrame({"rule": rule, "expiry": expiry, "symbols": symbols, "amount": amount})
    return table[list(_VIOLATION_COLUMNS)].astype({"amount": float, "expiry": "datetime64[ns, UTC]"})


def _parity_violations(quotes: pd.DataFrame) -> pd.DataFrame:
    """Calls and puts of one strike whose synthetic forward misses the chain's by more than their spreads."""
    pairs = _parity.pairs(quotes)
    worth = quotes["discount"] * (quotes["forward"] - quotes["strike"])
    # Call and put may carry forwards polled a moment apart: the pair is judged at their mean.
    due = (worth.loc[pairs["call"]].to_numpy() + worth.loc[pairs["put"]].to_numpy()) / 2.0
    amount = (pairs["gap"] - due).abs() - pairs["slack"]
    names = quotes["symbol"]
    symbols = [f"{names[call]} {names[put]}" for call, put in zip(pairs["call"], pairs["put"], strict=True)]
    table = _violations("put-call parity", pairs["expiry"], symbols, amount)
    return table[table["amount"] > 0]


def _bound_violations(quotes: pd.DataFrame) -> list[pd.DataFrame]:
    """Bids and marks above all that an option can be worth, asks and marks below its intrinsic value.

    What is so by more than the chain's rules allow was rejected when it was read; this is what they let pass.
    """
    call = quotes["flag"] == "c"
    most = quotes["discount"] * quotes["forward"].where(call, quotes["strike"])
    least = (quotes["discount"] * (quotes["forward"] - quotes["strike"]) * np.where(call, 1.0, -1.0)).clip(
        lower=0
    )
    tables = []
    for name in ("bid", "ask", "mark"):
        for rule, amount in (
            (f"{name} above any possible value", quotes[name] - most),
            (f"{name} below intrinsic", least - quotes[name]),
        ):
            # A bid below intrinsic is only low, an ask above the bound only dear.
            bad = amount > _ROUNDING * most
            if bad.any() and rule not in ("bid below intrinsic", "ask above any possible value"):
                symbols = quotes["symbol"][bad].tolist()
                tables.append(
                    _violations(rule, quotes["expiry"][bad].to_numpy(), symbols, amount[bad].to_numpy())
                )
    return tables


def _order_violations(rows: pd.DataFrame, expiry: Any, flag: str) -> pd.DataFrame:
    """Bids above an ask that should cost more: a call of a lower strike, a put of a higher one."""
    ordered = rows.sort_values("strike", ascending=flag == "c")
    ask = ordered["ask"].fillna(np.inf).to_numpy()
    cheapest = np.minimum.accumulate(ask)
    where = index_of_running_minimum(ask)
    amount = ordered["bid"].fillna(-np.inf).to_numpy()[1:] - cheapest[:-1]
    names = ordered["symbol"].to_numpy()
    bad = np.flatnonzero(amount > 0)
    symbols = [f"{names[i + 1]} {names[where[i]]}" for i in bad]
    rule = "call rises with strike" if flag == "c" else "put falls with strike"
    return _violations(rule, expiry, symbols, amount[bad])


def _convexity_violations(rows: pd.DataFrame, expiry: Any, flag: str) -> pd.DataFrame:
    """Butterflies of neighbouring strikes that would be paid to be bought."""
    ordered = rows.sort_values("strike")
    strike, bid, ask = (ordered[name].to_numpy() for name in ("strike", "bid", "ask"))
    if len(strike) < 3:
        return _violations("", expiry, [], [])
    share = (strike[2:] - strike[1:-1]) / (strike[2:] - strike[:-2])  # of the lower wing
    amount = bid[1:-1] - (share * ask[:-2] + (1.0 - share) * ask[2:])
    names = ordered["symbol"].to_numpy()
    bad = np.flatnonzero(amount > 0)  # NaN, a missing side, is no violation
    symbols = [" ".join(names[i : i + 3]) for i in bad]
    return _violations(f"{'call' if flag == 'c' else 'put'} butterfly below 0", expiry, symbols, amount[bad])


def _forwards(chain: OptionChain) -> pd.DataFrame:
    quotes = chain.quotes
    by_expiry = quotes.groupby("expiry")["forward"]
    forward = by_expiry.median()
    quoted = quotes.assign(bid=quotes["bid_quoted"], ask=quotes["ask_quoted"])
    parity = _parity.implied_forwards(quoted, coin=chain.terms.settlement == "coin").reindex(forward.index)
    stale = (parity["low"] <= parity["high"]) & ~forward.between(parity["low"], parity["high"])
    return pd.DataFrame(
        {
            "forward": forward,
            "spread": (by_expiry.max() - by_expiry.min()) / forward,
            "parity": parity["forward"],
            "dispersion": parity["dispersion"],
            "low": parity["low"],
            "high": parity["high"],
            "pairs": parity["pairs"].fillna(0).astype(int),
            "stale": stale,
        }
    )


def _spot(chain: OptionChain) -> pd.Series:
    """Spot against the forward of the first expiry."""
    first = chain.quotes[chain.quotes["expiry"] == chain.quotes["expiry"].min()]
    forward, time = float(first["forward"].median()), float(first["time_to_expiry"].iloc[0])
    gap = float(np.log(forward / chain.spot))
    stale = abs(gap) > _SPOT_ROOM + _CARRY_ROOM * time
    return pd.Series(
        {"spot": chain.spot, "forward": forward, "gap": gap, "carry": gap / time, "stale": stale},
        dtype=object,
    )


def _stale_spot(found: pd.Series) -> str:
    return (
        f"spot {found['spot']:,.6g} is {abs(found['gap']):.2%} off the first forward, {found['forward']:,.6g}, "
        f"a carry of {found['carry']:.0%} a year: one of them is stale; give the spot of that moment"
    )


def stale_spot(chain: OptionChain) -> str:
    """What a spot that contradicts the first forward is told as; empty where it does not."""
    found = _spot(chain)
    return _stale_spot(found) if found["stale"] else ""


def _round_trip(quotes: pd.DataFrame, early: Early | None) -> pd.Series:
    shown = quotes[quotes["mark_quoted"].notna() & quotes["mark_vol"].notna()]
    model = undiscounted(shown, shown["mark_vol"], ("price",), early)["price"] * shown["discount"]
    # In the quoted unit: what turns money into it is the same for the mark and its model value.
    unit = (shown["mark_quoted"] / shown["mark"]).where(shown["mark"] > 0).median()
    off = (model - shown["mark"]).abs() * unit
    worst = shown["symbol"].iloc[int(np.argmax(off.fillna(-1.0)))] if len(shown) else None
    found = {"count": len(shown), "median": off.median(), "p99": off.quantile(0.99), "most": off.max()}
    return pd.Series(found, name=worst)
