"""OptionsDX's raw text of US options: ``[QUOTE_UNIXTIME], ..., [C_BID], [C_ASK], [STRIKE], [P_BID], ...``.

Calls and puts of one strike share a line, sizes are written ``300 x 300``, every day of a month follows the last.
The file does not name its underlying, which must be given; times are counts of seconds since 1970. Its vols are the
vendor's own and are not read.
"""

from __future__ import annotations

from typing import Final

import pandas as pd

from hedging.errors import ChainError
from hedging.market.chain import OptionChain
from hedging.market.contracts import option_symbol
from hedging.venues._formats import PRICING, Format, Pick, pick_snapshot
from hedging.venues._opening import QuoteFile
from hedging.venues._times import moments
from hedging.venues._us import Seen, settled_at, us_chain

__all__ = ["TEXT"]

_NEEDED: Final = {"[QUOTE_UNIXTIME]", "[UNDERLYING_LAST]", "[EXPIRE_DATE]", "[C_BID]", "[STRIKE]", "[P_ASK]"}


def _times(file: QuoteFile, pick: Pick) -> pd.Series:
    del pick  # all rows are of the one underlying
    return moments(file.content["[QUOTE_UNIXTIME]"], file.name)


def _read(file: QuoteFile, pick: Pick) -> OptionChain:
    if pick.asset is None:
        raise ChainError(f"{file.name} does not name its underlying; pass asset= (--asset), as 'SPY'.")
    times = _times(file, pick)
    when = pick_snapshot(times, pick, file.name)
    lines = file.content[times == when]
    rows = pd.concat([_side(lines, letter, pick.asset) for letter in "CP"], ignore_index=True)
    spot = float(pd.to_numeric(lines["[UNDERLYING_LAST]"], errors="coerce").median())
    return us_chain(rows, file, pick, Seen(pick.asset, when, spot))


def _side(lines: pd.DataFrame, letter: str, asset: str) -> pd.DataFrame:
    """Calls or puts of the lines, one row each."""
    day = pd.to_datetime(lines["[EXPIRE_DATE]"].astype(str).str.strip(), format="%Y-%m-%d", errors="coerce")
    expiry = settled_at(day, pd.Series("", index=lines.index))
    strike = pd.to_numeric(lines["[STRIKE]"], errors="coerce")
    whole = expiry.notna() & strike.notna()
    made = pd.DataFrame({"flag": letter.lower(), "strike": strike, "expiry": expiry})
    symbols = [
        option_symbol(asset, moment, level, letter) if good else f"row {row}"
        for row, moment, level, good in zip(lines.index, expiry, strike, whole, strict=True)
    ]
    sizes = _sizes(lines, f"[{letter}_SIZE]")
    return made.assign(
        symbol=symbols,
        bid=lines[f"[{letter}_BID]"],
        ask=lines[f"[{letter}_ASK]"],
        bid_size=sizes[0],
        ask_size=sizes[1],
        volume=lines.get(f"[{letter}_VOLUME]"),
    )


def _sizes(lines: pd.DataFrame, column: str) -> pd.DataFrame:
    """Sizes of bid and ask, written ``300 x 300``; NaN where they are not."""
    if column not in lines.columns:
        return pd.DataFrame(float("nan"), index=lines.index, columns=[0, 1])
    read = lines[column].astype(str).str.extract(r"^\s*(\d+)\s*x\s*(\d+)\s*$")
    sizes: pd.DataFrame = read.apply(pd.to_numeric)
    return sizes


TEXT: Final = Format(
    "optionsdx", lambda file: file.columns >= _NEEDED, _read, _times, heeds=PRICING, silent=True
)
