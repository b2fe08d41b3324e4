"""Our own file format: one chain in Parquet or CSV, which reads back to the same chain to the bit.

The table has the columns of `hedging.market.chain.QUOTE_COLUMNS`. All else of the chain (asset, time, spot, terms,
futures, rejected rows, source) is one line of JSON: in Parquet under the schema's key ``hedging-chain``, in CSV
as the first line, after ``# hedging-chain ``. Floats are written in the shortest form that reads back alike.
"""

from __future__ import annotations

import gzip
import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import pandas as pd

from hedging._extras import require
from hedging._writing import whole_file
from hedging.errors import ChainError, InputError
from hedging.market.chain import OptionChain, in_columns
from hedging.market.contracts import ContractTerms, FeeRule
from hedging.units import utc
from hedging.venues._files import Format, Pick, QuoteFile

__all__ = ["OWN", "write_chain"]

KEY: Final = "hedging-chain"
_MARK: Final = f"# {KEY} "
_VERSION: Final = 1
_ENDINGS: Final = (".parquet", ".csv", ".csv.gz")


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
        If the ending is another, or the file cannot be written.
    """
    name = Path(path).name
    if not name.endswith(_ENDINGS):
        raise InputError(f"{name} must end in {', '.join(_ENDINGS)}.")
    head = json.dumps(_head(chain), allow_nan=True)
    if name.endswith(".parquet"):
        data = _parquet(chain.quotes, head)
    else:
        data = (_MARK + head + "\n" + chain.quotes.to_csv(index=False, lineterminator="\n")).encode()
    with whole_file(path) as aside:
        # No time stamp inside the gzip: the same chain is the same bytes.
        aside.write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)


def _head(chain: OptionChain) -> dict[str, Any]:
    """All of a chain but its quotes, as JSON knows it."""
    return {
        "version": _VERSION,
        "asset": chain.asset,
        "as_of": chain.as_of.isoformat(),
        "spot": chain.spot,
        "source": chain.source,
        "sha256": chain.sha256,
        "terms": asdict(chain.terms),
        "futures": _records(chain.futures),
        "rejected": _records(chain.rejected),
    }


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
    try:
        head, quotes = _parts(file)
        if head["version"] != _VERSION:
            raise ChainError(
                f"{file.name} is of version {head['version']!r} of our format; this library reads {_VERSION}."
            )
        if pick.rules is not None:
            raise ChainError(
                f"{file.name} holds quotes that were judged when they were first read; read the original to "
                "judge them by other rules."
            )
        if pick.asset not in (None, head["asset"]):
            raise ChainError(f"{file.name} holds {head['asset']}, not {pick.asset}.")
        terms = head["terms"]
        return OptionChain(
            asset=head["asset"],
            as_of=utc(head["as_of"], "as_of"),
            spot=float(head["spot"]),
            quotes=in_columns(quotes, "quotes"),
            rejected=in_columns(pd.DataFrame(head["rejected"]), "rejected"),
            terms=ContractTerms(
                **terms
                | {"fee": FeeRule(**terms["fee"]), "ticks": tuple(tuple(step) for step in terms["ticks"])}
            ),
            futures=in_columns(pd.DataFrame(head["futures"]), "futures"),
            source=head["source"],
            sha256=head["sha256"],
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, InputError):
            raise
        raise ChainError(f"{file.name} is no whole file of our format: {error!r}.") from error


def _parts(file: QuoteFile) -> tuple[dict[str, Any], pd.DataFrame]:
    """Return the head and the quotes of either kind of file."""
    if file.metadata:
        return json.loads(file.metadata[KEY]), file.content
    first, _, rest = file.text.partition("\n")
    # As text first: float() reads the shortest form back exactly, pandas' own parser not in every release.
    table = pd.read_csv(io.StringIO(rest), dtype=str, keep_default_na=False, na_values=[""])
    expiry = pd.to_datetime(table["expiry"], format="ISO8601", utc=True)
    return json.loads(first.removeprefix(_MARK)), table.assign(expiry=expiry)


OWN: Final = Format("hedging", lambda file: KEY in file.metadata or file.text.startswith(_MARK), _read)
