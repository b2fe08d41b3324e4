"""A tape as one Parquet file, which reads back to the same tape to the bit in a fraction of the time."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import pandas as pd

from hedging._extras import require
from hedging._writing import whole_file
from hedging.errors import ChainError, InputError
from hedging.market.chain import in_columns
from hedging.market.contracts import ContractTerms, FeeRule
from hedging.market.snapshots import Snapshots
from hedging.prices.delivery import Delivery

__all__ = ["is_saved", "load_tape", "write_tape"]

Parts: TypeAlias = tuple[
    Snapshots, tuple[Delivery, ...], tuple[tuple[pd.Timestamp, str], ...], tuple[str, ...], str
]
"""The fields of `hedging.backtest.Tape`, in their order."""
KEY: Final = b"hedging-tape"
VERSION: Final = 2
UNSUMMED: Final = 1  # the version whose files carry no digest of themselves
DIGEST: Final = re.compile(rb'"sha256": "([0-9a-f]{64})"')
BLANK: Final = b"0" * 64


def write_tape(tape: Parts, path: str | Path) -> None:
    """Write a tape to a file that ends in .parquet, whole or not at all."""
    if not Path(path).name.endswith(".parquet"):
        raise InputError(f"a tape is saved as Parquet; {Path(path).name} must end in .parquet.")
    arrow, parquet = require("pyarrow", "parquet"), require("pyarrow.parquet", "parquet")
    quotes = tape[0].quotes
    repeated = {name: quotes[name].astype("category") for name in ("symbol", "flag")}
    table = arrow.Table.from_pandas(quotes.assign(**repeated), preserve_index=False)
    table = table.replace_schema_metadata({KEY: json.dumps(_head(tape)).encode()})
    sink = io.BytesIO()
    parquet.write_table(table, sink)
    with whole_file(path) as aside:
        aside.write_bytes(_summed(sink.getvalue()))


def _summed(content: bytes) -> bytes:
    """The file with its own digest in the place kept for it."""
    found = DIGEST.findall(content)
    if found != [BLANK]:
        raise InputError("the tape's own texts hold what stands for a digest; rename its sources.")
    return DIGEST.sub(b'"sha256": "' + hashlib.sha256(content).hexdigest().encode() + b'"', content)


def _check_sum(content: bytes, name: str) -> bool:
    """Whether a file carries its digest; one that is not its own is refused."""
    found = DIGEST.findall(content)
    if len(found) != 1:
        return False
    if hashlib.sha256(DIGEST.sub(b'"sha256": "' + BLANK + b'"', content)).hexdigest().encode() != found[0]:
        raise ChainError(
            f"{name} is no whole tape: it is not what was saved, by its own digest. Save it again from its files."
        )
    return True


def is_saved(path: Path) -> bool:
    """Whether a file is a saved tape; a file that cannot be opened is none."""
    try:
        with path.open("rb") as stream:
            if stream.read(4) != b"PAR1":
                return False
        parquet = require("pyarrow.parquet", "parquet")
        return KEY in (parquet.read_schema(path).metadata or {})
    except (OSError, ValueError):
        return False


def load_tape(path: Path) -> Parts:
    """Read a saved tape.

    Raises
    ------
    ChainError
        If the file is no whole tape, not what was saved, or of another version.
    """
    arrow, parquet = require("pyarrow", "parquet"), require("pyarrow.parquet", "parquet")
    try:
        content = path.read_bytes()
        summed = _check_sum(content, path.name)
        table = parquet.read_table(arrow.BufferReader(content))
        head = json.loads(table.schema.metadata[KEY])
        if head["version"] not in (VERSION, UNSUMMED):
            raise ChainError(
                f"{path.name} is a tape of version {head['version']!r}; this library reads {VERSION}."
            )
        if not summed and head["version"] != UNSUMMED:
            raise ChainError(
                f"{path.name} is no whole tape: it has lost its digest. Save it again from its files."
            )
        return _tape(head, table.to_pandas())
    except (arrow.ArrowException, OSError, KeyError, TypeError, ValueError, IndexError) as error:
        if isinstance(error, InputError):
            raise
        raise ChainError(f"{path.name} is no whole tape: {error!r}.") from error


def _head(tape: Parts) -> dict[str, Any]:
    """All of a tape but its quotes, as JSON knows it."""
    found, deliveries, unusable, skipped, kind = tape
    terms = list(dict.fromkeys(found.terms))
    sources = list(dict.fromkeys(found.sources))
    return {
        "version": VERSION,
        "sha256": BLANK.decode(),
        "asset": found.asset,
        "kind": kind,
        "times": found.times.asi8.tolist(),
        "spot": found.spot.tolist(),
        "ends": [ends.tolist() for ends in (found.quote_ends, found.rejected_ends, found.future_ends)],
        "terms": [asdict(each) for each in terms],
        "terms_of": [terms.index(each) for each in found.terms],
        "sources": sources,
        "source_of": [sources.index(each) for each in found.sources],
        "rejected": {name: found.rejected[name].tolist() for name in found.rejected},
        "futures": _columns(found.futures),
        "unusable": [(int(time.value), why) for time, why in unusable],
        "skipped": skipped,
        "deliveries": [
            {
                "source": each.source,
                "times": pd.DatetimeIndex(each.prices.index).asi8.tolist(),
                "prices": each.prices.tolist(),
                "opens": None if each.opens is None else each.opens.tolist(),
            }
            for each in deliveries
        ],
    }


def _columns(table: pd.DataFrame) -> dict[str, list[Any]]:
    """Columns as lists; times as counts, NaT as null."""
    return {
        str(name): [None if pd.isna(value) else value.value for value in table[name]]
        if isinstance(table[name].dtype, pd.DatetimeTZDtype)
        else table[name].tolist()
        for name in table.columns
    }


def _tape(head: Mapping[str, Any], quotes: pd.DataFrame) -> Parts:
    repeated = {
        name: np.asarray(quotes[name].cat.categories, dtype=object)[quotes[name].cat.codes]
        for name in ("symbol", "flag")
    }
    futures = pd.DataFrame(head["futures"])
    futures["expiry"] = _times(futures["expiry"])
    terms = [
        ContractTerms(
            **each | {"fee": FeeRule(**each["fee"]), "ticks": tuple(tuple(step) for step in each["ticks"])}
        )
        for each in head["terms"]
    ]
    quote_ends, rejected_ends, future_ends = (np.array(ends, dtype=np.intp) for ends in head["ends"])
    times = _times(head["times"])
    count = len(times)
    snapshots = Snapshots(
        asset=head["asset"],
        times=times,
        spot=np.array(head["spot"], dtype=float),
        quotes=in_columns(quotes.assign(**repeated), "quotes"),
        rejected=in_columns(pd.DataFrame(head["rejected"]), "rejected"),
        futures=in_columns(futures, "futures"),
        quote_ends=quote_ends,
        rejected_ends=rejected_ends,
        future_ends=future_ends,
        terms=tuple(terms[k] for k in head["terms_of"]),
        errors=("",) * count,
        sources=tuple((name, digest) for name, digest in (head["sources"][k] for k in head["source_of"])),
    )
    if not (len(snapshots.spot) == len(quote_ends) - 1 == count and quote_ends[-1] == len(quotes)):
        raise ValueError("its parts are of different lengths")
    return (
        snapshots,
        tuple(_delivery(each) for each in head["deliveries"]),
        tuple((_times([time])[0], why) for time, why in head["unusable"]),
        tuple(head["skipped"]),
        head["kind"],
    )


def _delivery(saved: Mapping[str, Any]) -> Delivery:
    index = _times(saved["times"])
    opens = None if saved["opens"] is None else pd.Series(saved["opens"], index=index, dtype=float)
    return Delivery(pd.Series(saved["prices"], index=index, dtype=float), opens, saved["source"])


def _times(counts: Any) -> pd.DatetimeIndex:
    """Times of counts of nanoseconds since 1970."""
    return pd.DatetimeIndex(pd.to_datetime(counts, unit="ns", utc=True)).as_unit("ns")
