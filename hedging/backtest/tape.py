"""`Tape`: every recorded snapshot of one underlying in the order of time, judged once."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._ground.shown import Shown
from hedging._ground.tables import Page, named_texts
from hedging.backtest.quote import Quote
from hedging.backtest.saved import write_tape
from hedging.backtest.settlement import settlement_of
from hedging.errors import InputError
from hedging.market.bare import NoSmile, level_surface
from hedging.market.chain import OptionChain
from hedging.market.contracts import ContractTerms, Option
from hedging.market.market import Market
from hedging.market.snapshots import Snapshots
from hedging.prices.delivery import Deliveries, Delivery, Settlement, deliveries_of
from hedging.units import days_apart, utc, utc_day

__all__ = ["Quote", "Tape"]

LONGEST_GAP = 5.0  # days
ENDINGS = (".parquet", ".csv", ".csv.gz", ".json", ".json.gz")

Paths: TypeAlias = "str | Path | Iterable[str | Path]"


@dataclass(frozen=True, eq=False, repr=False)
class Tape(Shown):
    """Snapshots of one underlying.

    Attributes
    ----------
    snapshots : Snapshots
        All of them usable, ascending in time.
    deliveries : tuple of Delivery
        Where delivery prices come from, the first that has one counts.
    unusable : tuple of (Timestamp, str)
        Snapshots of the files that cannot be used, and why.
    skipped : tuple of str
        What was left out while reading, in words: files of other assets in a folder, snapshots twice there.
    kind : str
        ``recorded``, or ``modelled`` where no market made the quotes.
    """

    snapshots: Snapshots
    deliveries: tuple[Delivery, ...] = ()
    unusable: tuple[tuple[pd.Timestamp, str], ...] = ()
    skipped: tuple[str, ...] = ()
    kind: str = "recorded"

    @classmethod
    def of(
        cls, chains: Iterable[OptionChain], *, delivery: Deliveries | None = None, kind: str = "recorded"
    ) -> Tape:
        """A tape of chains in memory.

        Raises
        ------
        InputError
            If there is none, their assets differ, or their times do not ascend.
        """
        each = list(chains)
        if not each:
            raise InputError("a tape needs at least one chain; got none.")
        assets = sorted({chain.asset for chain in each})
        if len(assets) > 1:
            raise InputError(f"a tape is of one underlying; got chains of {', '.join(assets)}.")
        times = [chain.as_of for chain in each]
        for before, after in pairwise(times):
            if not before < after:
                raise InputError(
                    f"the chains of a tape must ascend in time; {after} comes after {before}. Sort them by as_of, "
                    "and leave out what is there twice."
                )
        return cls(Snapshots.of(each), deliveries_of(delivery, assets[0]), kind=kind)

    @property
    def asset(self) -> str:
        """The underlying."""
        return self.snapshots.asset

    @property
    def times(self) -> pd.DatetimeIndex:
        """Times of the snapshots, UTC."""
        return self.snapshots.times

    @cached_property
    def stamps(self) -> tuple[pd.Timestamp, ...]:
        """The same one by one, made once."""
        return tuple(self.times)

    @cached_property
    def days_apart(self) -> npt.NDArray[np.float64]:
        """Time between each snapshot and the next. [days]"""
        return days_apart(self.times)

    @property
    def spot(self) -> npt.NDArray[np.float64]:
        """Index price at each snapshot. [money]"""
        return self.snapshots.spot

    @cached_property
    def funding_8h(self) -> npt.NDArray[np.float64]:
        """Funding per 8 hours that each snapshot shows of the perpetual, NaN where it shows none. [share of spot]"""
        futures, ends = self.snapshots.futures, self.snapshots.future_ends
        shown = np.flatnonzero((futures["expiry"].isna() & futures["funding_8h"].notna()).to_numpy())
        first, end = (np.searchsorted(shown, ends[k : k + len(self)]) for k in (0, 1))
        found = np.full(len(self), np.nan)
        has = first < end
        found[has] = futures["funding_8h"].to_numpy(dtype=float)[shown[first[has]]]
        return found

    @property
    def currency(self) -> str:
        """The quote currency, the money of every value."""
        return self.snapshots.terms[0].currency

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the files."""
        return tuple(dict.fromkeys(name for name, _ in self.snapshots.sources))

    @property
    def files(self) -> str:
        """Names of the files in a sentence, the first three of many."""
        names = [name for name in self.sources if name] or ["chains in memory"]
        more = f" and {len(names) - 3} more files" if len(names) > 3 else ""
        return f"{', '.join(names[:3])}{more}"

    def __len__(self) -> int:
        return len(self.snapshots)

    def chain(self, number: int) -> OptionChain:
        """The chain of one snapshot, a copy of its own; negative numbers count from the end."""
        if not -len(self) <= number < len(self):
            raise InputError(f"a snapshot must lie between 0 and {len(self) - 1}; got {number}.")
        return copied(self.shared_chain(number % len(self)))

    def shared_chain(self, number: int) -> OptionChain:
        """The chain of one snapshot that all runs over the tape share: to be read, never changed."""
        if number not in self._chains:
            self._chains[number] = self.snapshots.chain(number)
        return self._chains[number]

    @cached_property
    def _chains(self) -> dict[int, OptionChain]:
        return {}

    def shared_market(self, number: int) -> Market:
        """The market of one snapshot that all runs over the tape share: its surface is fitted once, when asked for."""
        if number not in self._markets:
            self._markets[number] = Market.of(self.shared_chain(number))
        return self._markets[number]

    def bare_market(self, number: int) -> Market:
        """The market of one snapshot without a surface, for spot and perpetuals."""
        chain = self.shared_chain(number)
        return Market.of(chain, smile=NoSmile.of(chain.asset, chain.as_of, chain.spot))

    def level_market(self, number: int) -> Market:
        """The market of one snapshot for its own contracts as they are marked, without a fit; shared by all runs."""
        if number not in self._level_markets:
            chain = self.shared_chain(number)
            self._level_markets[number] = Market.of(chain, smile=level_surface(chain))
        return self._level_markets[number]

    @cached_property
    def _level_markets(self) -> dict[int, Market]:
        return {}

    @cached_property
    def _markets(self) -> dict[int, Market]:
        return {}

    @cached_property
    def smile_marks(self) -> dict[tuple[int, str], float]:
        """Marks of contracts that a snapshot does not quote, by its number and their name: fitted once. [money]"""
        return {}

    def __getstate__(self) -> dict[str, object]:
        """What is sent to another process: the tape, not what was worked out from it."""
        return {name: self.__dict__[name] for name in self.__dataclass_fields__}

    def where(self, number: int) -> str:
        """File and time of a snapshot, for messages."""
        name = self.snapshots.sources[number][0] or "chains in memory"
        return f"{name}, {self.times[number]:%Y-%m-%d %H:%M:%S} UTC"

    def between(self, start: str | pd.Timestamp | None = None, end: str | pd.Timestamp | None = None) -> Tape:
        """The snapshots from `start` on and up to `end`, each a date (whole days, UTC) or a time with a zone.

        Raises
        ------
        InputError
            If none is left.
        """
        first = _edge(start, "start") if start is not None else self.times[0]
        last = _edge(end, "end", last=True) if end is not None else self.times[-1]
        inside = np.flatnonzero((self.times >= first) & (self.times <= last))
        if start is not None and end is not None and first > last:
            raise InputError(
                f"the range of {self.files} ends before it begins: start={start} is after end={end}; turn them round."
            )
        if not inside.size:
            raise InputError(
                f"no snapshot of {self.asset} in {self.files} lies between {first:%Y-%m-%d %H:%M} and {last:%Y-%m-%d %H:%M} "
                f"UTC; there are {len(self)} from {self.times[0]:%Y-%m-%d %H:%M} to {self.times[-1]:%Y-%m-%d %H:%M} UTC."
            )
        return self if inside.size == len(self) else replace(self, snapshots=self.snapshots.take(inside))

    def taken(self, numbers: Sequence[int]) -> Tape:
        """The tape of some of its snapshots, ascending."""
        return replace(self, snapshots=self.snapshots.take(numbers))

    def gaps(self, longest: float = LONGEST_GAP) -> pd.DataFrame:
        """Holes longer than `longest` days: ``start, end`` (the snapshots around them), ``days``."""
        days = self.days_apart
        found = np.flatnonzero(days > longest)
        return pd.DataFrame({"start": self.times[found], "end": self.times[found + 1], "days": days[found]})

    def blocks(self, longest: float = LONGEST_GAP) -> list[Tape]:
        """The tapes between the holes longer than `longest` days."""
        cuts = np.flatnonzero(self.days_apart > longest) + 1
        parts = np.split(np.arange(len(self)), cuts)
        return [self] if len(parts) == 1 else [self.taken(part.tolist()) for part in parts]

    @property
    def missing_days(self) -> list[str]:
        """Days without a snapshot between the first and the last, holes of `gaps` included."""
        days = pd.date_range(self.times[0].normalize(), self.times[-1].normalize(), freq="D")
        return [f"{day:%Y-%m-%d}" for day in days.difference(self.times.normalize().unique())]

    @cached_property
    def digest(self) -> str:
        """Digest of all that a replay can see: times, prices, quotes, futures and funding, delivery prices."""
        made = hashlib.sha256()
        made.update(self.times.asi8.tobytes() + self.spot.tobytes())
        quotes = self.snapshots.quotes
        made.update("\n".join(quotes["symbol"]).encode())
        for name in quotes.columns.difference(["symbol", "flag"]):
            values = quotes[name]
            made.update((values.astype("int64") if name == "expiry" else values).to_numpy().tobytes())
        made.update(repr((sorted(set(map(repr, self.snapshots.terms))), self.kind)).encode())
        for each in self.deliveries:
            times = pd.DatetimeIndex(each.prices.index).as_unit("ns").asi8
            made.update(each.source.encode() + times.tobytes() + each.prices.to_numpy().tobytes())
        # As text: their times and empty columns may change their type in a file.
        made.update(self.snapshots.futures.to_csv(index=False, date_format="%Y-%m-%dT%H:%M:%S").encode())
        return made.hexdigest()

    # --- one contract at one snapshot ----------------------------------------------------------------

    @cached_property
    def _symbols(self) -> tuple[npt.NDArray[np.intp], dict[str, int]]:
        codes, names = pd.factorize(self.snapshots.quotes["symbol"].astype(object))
        return codes, {str(name): number for number, name in enumerate(names)}

    @cached_property
    def _quoted(self) -> npt.NDArray[np.float64]:
        """All quotes in the columns of `Quote`, shape (rows, columns)."""
        quotes = self.snapshots.quotes
        shown = quotes["mark"].where(quotes["mark_quoted"].notna())
        columns = [shown if name == "mark_shown" else quotes[name] for name in Quote._fields]
        return np.column_stack([column.to_numpy(dtype=float) for column in columns])

    @property
    def symbols(self) -> dict[str, int]:
        """Names of all options on the tape, and the number of each."""
        return self._symbols[1]

    def row(self, number: int, symbol: str) -> int:
        """Row of a contract among all quotes of the tape, -1 where a snapshot has no usable quote of it."""
        code = self.symbols.get(symbol)
        return -1 if code is None else self._rows_of(number).get(code, -1)

    def _rows_of(self, number: int) -> dict[int, int]:
        """Row of each contract that a snapshot quotes, by the contract's number: looked up once."""
        if number not in self._rows:
            first, end = (int(each) for each in self.snapshots.quote_ends[number : number + 2])
            # The first row of a contract counts, so it is written last.
            self._rows[number] = dict(
                zip(self._symbols[0][first:end][::-1].tolist(), range(end - 1, first - 1, -1), strict=True)
            )
        return self._rows[number]

    @cached_property
    def _rows(self) -> dict[int, dict[int, int]]:
        return {}

    def quote(self, number: int, symbol: str) -> Quote | None:
        """The quote of a contract at a snapshot; None if it has no usable one."""
        row = self.row(number, symbol)
        return None if row < 0 else Quote(*self._quoted[row].tolist())

    def option(self, number: int, symbol: str) -> Option | None:
        """The contract that the venue calls `symbol`; None where a snapshot has no usable quote of it."""
        row = self.row(number, symbol)
        if row < 0:
            return None
        quotes = self.snapshots.quotes
        flag, strike, expiry = (cast("Any", quotes[name].iat[row]) for name in ("flag", "strike", "expiry"))
        return Option(self.asset, flag, float(strike), expiry, self.terms(number), symbol)

    def lists(self, number: int, expiry: pd.Timestamp) -> bool:
        """Whether an option or a future of a snapshot expires at a time."""
        chain = self.shared_chain(number)
        return any((table["expiry"] == expiry).any() for table in (chain.quotes, chain.futures))

    def expiry(self, symbol: str) -> pd.Timestamp | None:
        """When an option expires that any snapshot quotes; None of one that none does."""
        return cast("pd.Timestamp | None", self._of("expiry", symbol))

    def flag(self, symbol: str) -> str | None:
        """``c`` or ``p`` of an option that any snapshot quotes; None of one that none does."""
        return cast("str | None", self._of("flag", symbol))

    def _of(self, column: str, symbol: str) -> object:
        codes, numbers = self._symbols
        if symbol not in numbers:
            return None
        return self.snapshots.quotes[column].iat[int((codes == numbers[symbol]).argmax())]

    def terms(self, number: int) -> ContractTerms:
        """Terms of the options at a snapshot."""
        return self.snapshots.terms[number]

    def delivery(self, expiry: pd.Timestamp) -> Settlement:
        """Delivery price of an expiry: published, else of the hour bar that ends with it, else the next index.

        Raises
        ------
        InputError
            If none is known, and no snapshot within 8 hours after the expiry either.
        """
        return settlement_of(expiry, self.snapshots, self.deliveries, self.files)

    # --- files ---------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> None:
        """Write the tape to one Parquet file, whole or not at all; `read_tape` reads it back to the bit."""
        write_tape((self.snapshots, self.deliveries, self.unusable, self.skipped, self.kind), path)

    def summary(self) -> pd.Series:
        """Snapshots, span, hours of day, missing days, shares without bid or ask."""
        quotes = self.snapshots.quotes
        hours = pd.Series(self.times.hour).value_counts()
        shown = ", ".join(f"{hour:02d}h {count}" for hour, count in hours.items())
        return pd.Series(
            {
                "asset": self.asset,
                "kind": self.kind,
                "snapshots": len(self),
                "from": f"{self.times[0]:%Y-%m-%d %H:%M} UTC",
                "to": f"{self.times[-1]:%Y-%m-%d %H:%M} UTC",
                "hours of day": shown,
                "missing days": len(self.missing_days),
                f"gaps over {LONGEST_GAP:g} days": len(self.gaps()),
                "quotes": len(quotes),
                "rejected": len(self.snapshots.rejected),
                "without a bid": f"{quotes['bid'].isna().mean():.1%}",
                "without an ask": f"{quotes['ask'].isna().mean():.1%}",
                "unusable": len(self.unusable),
                "delivery prices": "; ".join(each.source for each in self.deliveries) or "the next index",
                "files": ", ".join(self.sources),
            }
        )

    def _page(self) -> Page:
        return Page(
            "Tape", (named_texts(dict(self.summary())), *(f"left out: {what}" for what in self.skipped))
        )


def copied(chain: OptionChain) -> OptionChain:
    """A chain whose tables are its own: what is written into them reaches no other."""
    tables = {name: getattr(chain, name).copy() for name in ("quotes", "rejected", "futures")}
    return replace(chain, **tables, terms=copy.deepcopy(chain.terms))


def _edge(value: str | pd.Timestamp, name: str, *, last: bool = False) -> pd.Timestamp:
    """An edge of a range: a bare date is the beginning, or the end, of its day in UTC."""
    if isinstance(value, str) and len(value.strip()) == 10:
        day = utc_day(value, name)
        return day + pd.Timedelta(days=1) - pd.Timedelta(1, "ns") if last else day
    return utc(value, name)
