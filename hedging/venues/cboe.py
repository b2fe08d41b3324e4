"""The quote table that Cboe's site saves for SPX, SPY and other US options: calls and puts on one line.

The first lines name the index and the time; the header repeats its column names for calls and for puts. SPX
(settled on the opening prices of its day) and SPXW (on the close) share strikes and days: the root is part of
the name, and the two settle at different times. Cboe shows no mark: mark vols are those of the mids.
"""

from __future__ import annotations

import re
from typing import Final

import pandas as pd

from hedging._ground.counts import number_of
from hedging.errors import ChainError
from hedging.market.chain import OptionChain
from hedging.venues._formats import PRICING, Format, Pick
from hedging.venues._opening import QuoteFile
from hedging.venues._us import (
    ZONE,
    Seen,
    at_or_session_end,
    halves,
    named,
    only_asset,
    option_terms,
    us_chain,
)

__all__ = ["QUOTES", "option_terms"]

_THEIRS: Final = {"Bid": "bid", "Ask": "ask", "Volume": "volume", "Open Interest": "open_interest"}
_CALLS, _PUTS = "Calls", "Puts"


def _read(file: QuoteFile, pick: Pick) -> OptionChain:
    head, rows = _parts(file)
    read = named(rows)
    asset = only_asset(read["asset"].dropna().unique().tolist(), pick, file.name)
    when, closed, notes = at_or_session_end(pick, _saved(head, file.name), file.name)
    spot = _figure(r"Last:\s*([\d.]+)", head, file.name)
    mine = read[(read["asset"] == asset) | read["asset"].isna()]
    return us_chain(mine, file, pick, Seen(asset, when, spot, closed=closed, notes=notes))


def _parts(file: QuoteFile) -> tuple[str, pd.DataFrame]:
    """Return the lines above the header, and one row an option: calls first, then puts."""
    lines = file.text.splitlines()
    start = _header(file)
    header = [name.strip() for name in lines[start].split(",")]
    cells = [line.split(",") for line in lines[start + 1 :] if line.strip()]
    if not cells:
        raise ChainError(f"{file.name} ends with its header; is the file cut off?")
    broken = [i for i, row in enumerate(cells) if len(row) != len(header)]
    if broken:
        raise ChainError(
            f"{file.name}: line {start + 2 + broken[0]} has {number_of(len(cells[broken[0]]), 'cell')}, not {len(header)}; is "
            "the file cut off?"
        )
    rows = halves(pd.DataFrame(cells), header, (_CALLS, _PUTS), _THEIRS, file.name)
    return "\n".join(lines[:start]), rows


def _header(file: QuoteFile) -> int:
    """Number of the line that names the columns; -1 where there is none."""
    lines = file.text[:2_000].splitlines()
    names = [{name.strip() for name in line.split(",")} for line in lines]
    return next((i for i, each in enumerate(names) if len(each & {"Expiration Date", _CALLS, _PUTS}) > 1), -1)


def _figure(pattern: str, head: str, name: str) -> float:
    match = re.search(pattern, head)
    if match is None:
        raise ChainError(f"{name}: the lines above the header name no last price of the index.")
    return float(match[1])


def _saved(head: str, name: str) -> pd.Timestamp:
    """When the file was saved."""
    match = re.search(
        r"Date:\s*([A-Z][a-z]+ \d{1,2}),? (\d{4}),? (?:at )?(\d{1,2}:\d{2} [AP]M) E[DS]?T", head
    )
    if match is None:
        raise ChainError(
            f"{name}: the lines above the header name no date such as 'June 10, 2022, 4:15 PM EDT'."
        )
    return pd.to_datetime(f"{match[1]} {match[2]} {match[3]}", format="%B %d %Y %I:%M %p").tz_localize(ZONE)


QUOTES: Final = Format("cboe-quotes", lambda file: _header(file) >= 0, _read, heeds=PRICING)
