"""`Snapshots`: the chains of one underlying at many instants, in columns, cut where one is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._ground.counts import number_of
from hedging._ground.shown import Shown
from hedging.errors import ChainError
from hedging.market._columns import in_columns
from hedging.market._judging import Source, check_settlement, judged
from hedging.market.chain import OptionChain
from hedging.market.contracts import ContractTerms

__all__ = ["Snapshots"]

Ends = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Snapshots(Shown):
    """Chains of one underlying, one after the other.

    Attributes
    ----------
    asset : str
        The underlying.
    times : DatetimeIndex
        UTC, as the rows came: ascending where a file's reader made them.
    spot : ndarray, shape (snapshots,)
        Index price, NaN where a snapshot cannot be used. [money]
    quotes, rejected, futures : DataFrame
        The three tables of `OptionChain`, all snapshots one after the other.
    quote_ends, rejected_ends, future_ends : ndarray of int, shape (snapshots + 1,)
        Rows ``ends[k]:ends[k + 1]`` are those of snapshot ``k``.
    terms : tuple of ContractTerms
        Of each snapshot.
    errors : tuple of str
        Why a snapshot cannot be used; ``""`` where it can.
    sources : tuple of (str, str)
        Name and digest of the file of each snapshot.
    """

    asset: str
    times: pd.DatetimeIndex
    spot: npt.NDArray[np.float64]
    quotes: pd.DataFrame
    rejected: pd.DataFrame
    futures: pd.DataFrame
    quote_ends: Ends
    rejected_ends: Ends
    future_ends: Ends
    terms: tuple[ContractTerms, ...]
    errors: tuple[str, ...]
    sources: tuple[tuple[str, str], ...]

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        snapshot: Ends,
        times: Sequence[pd.Timestamp],
        *,
        source: Source,
        terms: Sequence[ContractTerms],
        futures: pd.DataFrame,
        sha256: str = "",
        reject: npt.ArrayLike | None = None,
    ) -> Snapshots:
        """Judge a table of several snapshots in one pass.

        Parameters
        ----------
        frame : DataFrame
            As in `OptionChain.from_frame`.
        snapshot : ndarray of int, shape (rows,)
            Which of `times` each row belongs to.
        times : sequence of Timestamp
            UTC.
        source : Source
            How to read the table.
        terms : sequence of ContractTerms
            Of each snapshot.
        futures : DataFrame
            Columns of `FUTURES_COLUMNS`, and ``snapshot``.
        sha256 : str
            Digest of the file.
        reject : array_like of str, optional
            As in `OptionChain.from_frame`.

        Raises
        ------
        ChainError
            If a column is missing or a unit unsaid; what is wrong with one snapshot stands in `errors`.
        """
        for each in set(terms):
            check_settlement(source, each)
        found = judged(frame, snapshot, times, futures, source, reject)
        futures = futures.sort_values("snapshot", kind="stable")
        count = len(times)
        return cls(
            asset=source.asset,
            times=pd.DatetimeIndex(list(times)).as_unit("ns"),
            spot=found.spot,
            quotes=in_columns(found.quotes, "quotes"),
            rejected=in_columns(found.rejected, "rejected"),
            futures=in_columns(futures, "futures"),
            quote_ends=_ends(found.quotes["snapshot"].to_numpy(), count),
            rejected_ends=_ends(found.rejected["snapshot"].to_numpy(), count),
            future_ends=_ends(futures["snapshot"].to_numpy(), count),
            terms=tuple(terms),
            errors=found.errors,
            sources=((source.name, sha256),) * count,
        )

    @classmethod
    def of(cls, chains: Iterable[OptionChain]) -> Snapshots:
        """Put whole chains of one underlying one after the other."""
        each = list(chains)
        tables: dict[str, Any] = {}
        for name, ends in (
            ("quotes", "quote_ends"),
            ("rejected", "rejected_ends"),
            ("futures", "future_ends"),
        ):
            parts = [getattr(chain, name) for chain in each]
            tables[name] = pd.concat(parts, ignore_index=True)
            tables[ends] = np.concatenate([[0], np.cumsum([len(part) for part in parts])])
        return cls(
            asset=each[0].asset,
            times=pd.DatetimeIndex([chain.as_of for chain in each]).as_unit("ns"),
            spot=np.array([chain.spot for chain in each]),
            terms=tuple(chain.terms for chain in each),
            errors=("",) * len(each),
            sources=tuple((chain.source, chain.sha256) for chain in each),
            **tables,
        )

    def __len__(self) -> int:
        return len(self.times)

    def __repr__(self) -> str:
        return f"Snapshots of {self.asset}: {len(self)}, {number_of(len(self.quotes), 'quote')}"

    def chain(self, number: int) -> OptionChain:
        """The chain of one snapshot.

        Raises
        ------
        ChainError
            If it cannot be used, as if it had been read alone.
        """
        if self.errors[number]:
            raise ChainError(self.errors[number])
        name, digest = self.sources[number]
        return OptionChain(
            self.asset,
            self.times[number],
            float(self.spot[number]),
            _cut(self.quotes, self.quote_ends, number),
            _cut(self.rejected, self.rejected_ends, number),
            self.terms[number],
            _cut(self.futures, self.future_ends, number),
            name,
            digest,
        )

    def take(self, numbers: Sequence[int] | Ends) -> Snapshots:
        """Some of the snapshots, in the order given."""
        picked: dict[str, Any] = {}
        for name, ends in (
            ("quotes", "quote_ends"),
            ("rejected", "rejected_ends"),
            ("futures", "future_ends"),
        ):
            old = getattr(self, ends)
            rows = [np.arange(old[k], old[k + 1]) for k in numbers]
            picked[name] = getattr(self, name).iloc[np.concatenate([*rows, []]).astype(np.intp)]
            picked[name] = picked[name].reset_index(drop=True)
            picked[ends] = np.concatenate([[0], np.cumsum([len(part) for part in rows])]).astype(np.intp)
        each = list(map(int, numbers))
        return Snapshots(
            asset=self.asset,
            times=self.times[each],
            spot=self.spot[each],
            terms=tuple(self.terms[k] for k in each),
            errors=tuple(self.errors[k] for k in each),
            sources=tuple(self.sources[k] for k in each),
            **picked,
        )

    def joined(self, other: Snapshots) -> Snapshots:
        """These snapshots, then those of another file; same underlying."""
        tables: dict[str, Any] = {}
        for name, ends in (
            ("quotes", "quote_ends"),
            ("rejected", "rejected_ends"),
            ("futures", "future_ends"),
        ):
            mine, theirs = getattr(self, name), getattr(other, name)
            tables[name] = pd.concat([mine, theirs], ignore_index=True)
            tables[ends] = np.concatenate([getattr(self, ends), getattr(other, ends)[1:] + len(mine)])
        return Snapshots(
            asset=self.asset,
            times=pd.DatetimeIndex(self.times.append(other.times)),
            spot=np.concatenate([self.spot, other.spot]),
            terms=self.terms + other.terms,
            errors=self.errors + other.errors,
            sources=self.sources + other.sources,
            **tables,
        )


def _ends(snapshot: Ends, count: int) -> Ends:
    """Where the rows of each snapshot begin and end, of sorted numbers of snapshots."""
    return np.searchsorted(snapshot, np.arange(count + 1)).astype(np.intp)


def _cut(table: pd.DataFrame, ends: Ends, number: int) -> pd.DataFrame:
    return table.iloc[ends[number] : ends[number + 1]].reset_index(drop=True)
