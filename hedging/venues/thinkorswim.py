"""The export of thinkorswim's option page: calls left, puts right, with symbols of the old form ``SPY1805A225``.

Root, year, day of the month, a letter for month and side (A to L calls, M to X puts), strike. Neither time nor spot
is in the file: the time must be given, spot is what the quotes say.
"""

from __future__ import annotations

import io
import re
from typing import Final

import pandas as pd

from hedging.market.chain import OptionChain
from hedging.venues._formats import PRICING, Format, Pick, given_time
from hedging.venues._opening import QuoteFile
from hedging.venues._us import Seen, halves, only_asset, root_asset, settled_at, us_chain

__all__ = ["EXPORT"]

_SYMBOL: Final = re.compile(
    r"(?P<root>[A-Z]+)(?P<year>\d{2})(?P<day>\d{2})(?P<letter>[A-X])(?P<strike>\d+(?:\.\d+)?)"
)
_THEIRS: Final = {
    "Bid": "bid",
    "Ask": "ask",
    "Volume": "volume",
    "Open Interest": "open_interest",
}
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWX"


def _read(file: QuoteFile, pick: Pick) -> OptionChain:
    when = given_time(pick, file.name)
    rows = _named(_sides(file))
    asset = only_asset(rows["asset"].dropna().unique().tolist(), pick, file.name)
    mine = rows[(rows["asset"] == asset) | rows["asset"].isna()]
    return us_chain(mine, file, pick, Seen(asset, when))


def _sides(file: QuoteFile) -> pd.DataFrame:
    """Both halves of the lines, one below the other."""
    table = pd.read_csv(io.StringIO(file.text), header=None, dtype=str, skipinitialspace=True)
    return halves(table.iloc[1:], table.iloc[0].fillna("").tolist(), ("Symbol", "Symbol"), _THEIRS, file.name)


def _named(rows: pd.DataFrame) -> pd.DataFrame:
    read = rows["symbol"].astype(str).str.extract(f"^[.]?{_SYMBOL.pattern}$")
    place = read["letter"].map(_LETTERS.index, na_action="ignore")
    day = pd.to_datetime(
        "20"
        + read["year"]
        + "-"
        + (place % 12 + 1).astype("Int64").astype(str).str.zfill(2)
        + "-"
        + read["day"],
        format="%Y-%m-%d",
        errors="coerce",
    )
    return rows.assign(
        root=read["root"],
        asset=read["root"].map(root_asset, na_action="ignore").astype(object),
        expiry=settled_at(day, read["root"]),
        strike=pd.to_numeric(read["strike"]),
        flag=(place >= 12).map({True: "p", False: "c"}).where(place.notna()),
    )


def _matches(file: QuoteFile) -> bool:
    lines = [line.split(",") for line in file.text[:5_000].lstrip().splitlines()[:2]]
    if len(lines) < 2 or not {"Symbol", "Net Change"} & {*lines[0]}:
        return False
    return any(_SYMBOL.fullmatch(cell.lstrip(".")) for cell in lines[1])


EXPORT: Final = Format("thinkorswim", _matches, _read, heeds=PRICING)
