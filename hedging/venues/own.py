"""Our own file format: one chain in Parquet or CSV, which reads back to the same chain to the bit.

The table has the columns of `hedging.market.chain.QUOTE_COLUMNS`. All else of the chain (asset, time, spot, terms,
futures, rejected rows, source) is one line of JSON: in Parquet under the schema's key ``hedging-chain``, in CSV
as the first line, after ``# hedging-chain ``. Floats are written in the shortest form that reads back alike.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._extras import require
from hedging._ground.counts import number_of
from hedging._ground.nearest import meant
from hedging._ground.reading import foreign, parse_json
from hedging._writing import whole_file
from hedging.errors import ChainError, InputError
from hedging.market._cleaning import BEYOND_BELIEF, judge, numbers, rejected_rows
from hedging.market.chain import ChainRules, OptionChain, in_columns
from hedging.market.contracts import ContractTerms, FeeRule
from hedging.units import DAYS_PER_YEAR, utc
from hedging.venues._formats import Format, Pick
from hedging.venues._opening import QuoteFile

__all__ = ["OWN", "write_chain"]

KEY: Final = "hedging-chain"
_MARK: Final = f"# {KEY} "
# Before 2 without a count of rows and without a digest; before 3 with vols of American options that were those of
# European ones of the same price.
_VERSION: Final = 3
_A_MINUTE: Final = 1.0 / (DAYS_PER_YEAR * 24.0 * 60.0)  # years
_NO_LIMITS: Final = ChainRules(
    max_spread=math.inf,
    max_spread_ratio=math.inf,
    max_forward_gap=math.inf,
    max_basis=math.inf,
    min_vol=1e-300,
    max_vol=math.inf,
    max_below_intrinsic=math.inf,
    max_above_bound=math.inf,
    max_contradiction=math.inf,
)
_FORMULA: Final = ("=", "+", "-", "@")
ENDINGS: Final = (".parquet", ".csv", ".csv.gz")


def write_chain(chain: OptionChain, path: str | Path) -> None:
    """Write a chain to a file, whole or not at all; `hedging.venues.read_chain` reads it back.

    Parameters
    ----------
    chain : OptionChain
        What to write.
    path : str or Path
        Ends in .parquet, .csv or .csv.gz.

    Raises
    ------
    InputError
        If the ending is another, the file cannot be written, or the chain is one of several venues.
    """
    chain = chain.of_one_venue("a file is")
    name = Path(path).name
    if not name.endswith(ENDINGS):
        raise InputError(f"{name} must end in {', '.join(ENDINGS)}.")
    parquet = name.endswith(".parquet")
    written = chain.quotes if parquet else chain.quotes.assign(symbol=chain.quotes["symbol"].map(_guarded))
    body = written.to_csv(index=False, lineterminator="\n")
    plain = _head(chain)
    head = json.dumps(plain | {"digest": _digest(plain, body)}, allow_nan=True)
    data = _parquet(chain.quotes, head) if parquet else (_MARK + head + "\n" + body).encode()
    with whole_file(path) as aside:
        # No time stamp inside the gzip: the same chain is the same bytes.
        aside.write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)


def _guarded(symbol: str) -> str:
    """A symbol that no spreadsheet runs: an apostrophe comes before one that it would take for a formula."""
    return f"'{symbol}" if symbol.lstrip("'").lstrip().startswith(_FORMULA) else symbol


def _unguarded(symbol: Any) -> Any:
    """What `_guarded` was given."""
    plain = symbol[1:] if isinstance(symbol, str) and symbol.startswith("'") else symbol
    return plain if isinstance(symbol, str) and _guarded(plain) == symbol else symbol


def _head(chain: OptionChain) -> dict[str, Any]:
    """All of a chain but its quotes, as JSON knows it."""
    return {
        "version": _VERSION,
        "rows": len(chain.quotes),
        "asset": chain.asset,
        "as_of": chain.as_of.isoformat(),
        "spot": chain.spot,
        "source": chain.source,
        "sha256": chain.sha256,
        "terms": asdict(chain.terms),
        "futures": _records(chain.futures),
        "rejected": _records(chain.rejected),
        "notes": list(chain.notes),
        "dividends": dict(chain.dividends),
    }


def _digest(head: Mapping[str, Any], body: str) -> str:
    """Digest of all that a file says: its head but for the digest, and its quotes as CSV."""
    plain = {name: value for name, value in head.items() if name != "digest"}
    return hashlib.sha256((json.dumps(plain, sort_keys=True) + "\n" + body).encode()).hexdigest()


def _records(table: pd.DataFrame) -> dict[str, list[Any]]:
    """Columns as lists; times as text."""
    plain = {
        name: [None if pd.isna(value) else value.isoformat() for value in table[name]]
        if isinstance(table[name].dtype, pd.DatetimeTZDtype)
        else table[name].tolist()
        for name in table.columns
    }
    return {str(name): values for name, values in plain.items()}


def _parquet(quotes: pd.DataFrame, head: str) -> bytes:
    arrow, parquet = require("pyarrow", "parquet"), require("pyarrow.parquet", "parquet")
    table = arrow.Table.from_pandas(quotes, preserve_index=False)
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), KEY.encode(): head.encode()})
    sink = io.BytesIO()
    parquet.write_table(table, sink)
    return sink.getvalue()


def _read(file: QuoteFile, pick: Pick) -> OptionChain:
    head, quotes, body = _parts(file)
    _check_whole(file.name, head, quotes, body)
    if pick.rules is not None:
        raise ChainError(
            f"{file.name} holds quotes that were judged when they were first read; read the original to "
            "judge them by other rules."
        )
    if pick.asset not in (None, head["asset"]):
        raise ChainError(
            f"{file.name} holds {head['asset']}, not {pick.asset}{meant(pick.asset, [head['asset']]) or '.'}"
        )
    with foreign(f"{file.name} is no whole file of our format", ChainError):
        chain = _judged(_chain(head, quotes))
        if head["version"] >= 3 or chain.terms.exercise == "european":
            return chain
        return chain.with_vols_of_marks()


def _chain(head: Mapping[str, Any], quotes: pd.DataFrame) -> OptionChain:
    terms = head["terms"]
    spot = float(head["spot"])
    if not 0.0 < spot <= BEYOND_BELIEF:
        raise ChainError(f"spot must be a number > 0; got {spot!r}.")
    return OptionChain(
        asset=str(head["asset"]),
        as_of=utc(head["as_of"], "as_of"),
        spot=spot,
        quotes=in_columns(quotes, "quotes"),
        rejected=in_columns(pd.DataFrame(head["rejected"]), "rejected"),
        terms=ContractTerms(
            **terms | {"fee": FeeRule(**terms["fee"]), "ticks": tuple(tuple(step) for step in terms["ticks"])}
        ),
        futures=in_columns(pd.DataFrame(head["futures"]), "futures"),
        source=str(head["source"]),
        sha256=str(head["sha256"]),
        notes=tuple(map(str, head.get("notes", ()))),
        dividends={str(day): float(paid) for day, paid in head.get("dividends", {}).items()},
    )


def _check_whole(name: str, head: Any, quotes: pd.DataFrame, body: Callable[[], str]) -> None:
    """Refuse a file that is cut off, was edited, or is of another version; before version 2 nothing of that shows."""
    if not isinstance(head, dict):
        raise ChainError(f"{name} is no whole file of our format: its head is no object.")
    version = head.get("version")
    if isinstance(version, bool) or version not in range(1, _VERSION + 1):
        raise ChainError(
            f"{name} is of version {version!r} of our format; this library reads up to {_VERSION}."
        )
    if version == 1 and not {"rows", "digest"} & head.keys():
        return
    if head.get("rows") != len(quotes):
        raise ChainError(
            f"{name} is cut off or was edited: it has {len(quotes)} of {head.get('rows')!r} quotes."
        )
    if head.get("digest") != _digest(head, body()):
        raise ChainError(
            f"{name}: its digest does not fit: it was edited or damaged. Write it again from its source by write_chain."
        )


def _judged(chain: OptionChain) -> OptionChain:
    """The chain without the quotes that no rules allow, listed with their reasons; any other chain as it is.

    How wide a spread may be was decided when the quotes were first read; a negative bid never was.
    """
    quotes = chain.quotes
    money = 1.0 / quotes["discount"]
    table = quotes.assign(
        **quotes[["bid", "ask", "mark"]].mul(money, axis=0), index=chain.spot, as_of=chain.as_of, snapshot=0
    )
    table, unread = numbers(table)
    reasons = judge(table.assign(as_of=chain.as_of, snapshot=0), unread, _NO_LIMITS)
    reasons = np.where(reasons != "", reasons, _reasons_of_own(chain))
    if not (reasons != "").any():
        return chain
    more = rejected_rows(quotes, reasons, quotes.index)
    if (reasons != "").all():
        raise ChainError(
            f"no usable quote among {number_of(len(quotes), 'row')}: {more['reason'].value_counts().to_dict()}."
        )
    rejected = in_columns(pd.concat([chain.rejected, more], ignore_index=True), "rejected")
    return replace(chain, quotes=in_columns(quotes[reasons == ""], "quotes"), rejected=rejected)


def _reasons_of_own(chain: OptionChain) -> npt.NDArray[np.str_]:
    """Why a row is none, by the columns that no other format brings: the time it has left, and prices as quoted."""
    quotes = chain.quotes
    left = (quotes["expiry"] - chain.as_of) / pd.Timedelta(days=DAYS_PER_YEAR)
    fits = (quotes["time_to_expiry"] - left).abs().to_numpy() <= _A_MINUTE
    quoted = quotes[["bid_quoted", "ask_quoted", "mark_quoted"]].to_numpy()
    known = np.isnan(quoted) | ((quoted >= 0.0) & (quoted <= BEYOND_BELIEF))
    wrong = np.where(fits, "", "time to expiry does not fit the expiry")
    return np.where(known.all(axis=1), wrong, "a price as quoted is negative or beyond belief")


def _parts(file: QuoteFile) -> tuple[Any, pd.DataFrame, Callable[[], str]]:
    """Return the head and the quotes of either kind of file, and what makes the text of the quotes."""
    if file.metadata:
        head, table = parse_json(file.metadata[KEY], file.name, error=ChainError), file.content
        with foreign(f"{file.name} is no whole file of our format", ChainError):
            quotes = in_columns(table, "quotes")
        return head, quotes, lambda: str(quotes.to_csv(index=False, lineterminator="\n"))
    first, _, rest = file.text.partition("\n")
    head = parse_json(first.removeprefix(_MARK), file.name, error=ChainError)
    with foreign(f"{file.name} is no whole file of our format", ChainError):
        # As text first: float() reads the shortest form back exactly, pandas' own parser not in every release.
        table = pd.read_csv(io.StringIO(rest), dtype=str, keep_default_na=False, na_values=[""])
        expiry = pd.to_datetime(table["expiry"], format="ISO8601", utc=True)
        table = table.assign(expiry=expiry, symbol=table["symbol"].map(_unguarded))
    return head, table, lambda: rest


OWN: Final = Format(
    "hedging", lambda file: KEY in file.metadata or file.text.startswith(_MARK), _read, own_terms=True
)
