"""The export button of Deribit's option page: one expiry, no time, ``Size`` twice, ``-`` for nothing.

The first ``Size`` stands before the bid and is its, the second after the ask. Prices are in what the options settle
in; vols of bid and ask are the page's, no mark vol is shown. The page shows neither index nor forward: that is what
the marks of calls and puts say of each other, and spot is it too unless it is given.
"""

from __future__ import annotations

import io
from typing import Final

import pandas as pd

from hedging.errors import ChainError
from hedging.market.chain import OptionChain
from hedging.venues._formats import Format, Pick, given_time, pick_asset
from hedging.venues._opening import QuoteFile
from hedging.venues.deribit.names import named
from hedging.venues.deribit.rows import chain_from_rows

__all__ = ["EXPORT"]

_COLUMNS: Final = {
    "symbol": "Instrument",
    "bid": "Bid",
    "ask": "Ask",
    "mark": "Mark",
    "bid_size": "bid_size",
    "ask_size": "ask_size",
    "open_interest": "Open",
    "volume": "Volume",
}


def _read(file: QuoteFile, pick: Pick) -> OptionChain:
    when = given_time(pick, file.name)
    rows = named(_table(file), "Instrument")
    return chain_from_rows(
        rows,
        asset=pick_asset(rows.loc[rows["flag"] != "", "asset"], pick, file.name),
        as_of=when,
        columns=_COLUMNS,
        terms=pick.terms,
        spot=pick.spot,
        source=file.name,
        sha256=file.sha256,
        rules=pick.rules,
    )


def _table(file: QuoteFile) -> pd.DataFrame:
    """The rows as text, the two sizes told apart by their place; ``-`` is nothing."""
    table = pd.read_csv(
        io.StringIO(file.text), dtype=str, header=None, na_values=["-"], skipinitialspace=True
    )
    header = table.iloc[0].fillna("").tolist()
    if lost := [name for name in ("Instrument", "Bid", "Ask") if name not in header]:
        raise ChainError(
            f"{file.name} lacks the column {' and '.join(map(repr, lost))}; it has {', '.join(header)}."
        )
    sizes = [place for place, name in enumerate(header) if name == "Size"]
    bid, ask = header.index("Bid"), header.index("Ask")
    if len(sizes) != 2 or not sizes[0] < bid < ask < sizes[1]:
        raise ChainError(
            f"{file.name}: 'Size' must stand twice, before 'Bid' and after 'Ask'; the columns are {header}."
        )
    header[sizes[0]], header[sizes[1]] = "bid_size", "ask_size"
    return table.iloc[1:].set_axis(header, axis=1).reset_index(drop=True)


def _matches(file: QuoteFile) -> bool:
    first = file.text[:2_000].lstrip().partition("\n")[0]
    return len({"Instrument", "ExtValue", "IV Bid", "IV Ask", "NDelta"} & {*first.strip().split(",")}) > 2


EXPORT: Final = Format("deribit-export", _matches, _read, heeds=("spot",))
