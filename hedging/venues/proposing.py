"""A first map of a table of quotes: what the names of its columns say, and what they do not left open."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pandas as pd

from hedging._ground.file_kinds import kind_of_text
from hedging.errors import ChainError
from hedging.venues._opening import open_file
from hedging.venues.mapped import table_of

__all__ = ["proposed_map"]

# What columns are called, bare of all but letters and digits. A name that could be two things stands under neither.
_CALLED: Final = {
    "symbol": (
        "symbol",
        "contractsymbol",
        "instrument",
        "instrumentname",
        "optionsymbol",
        "contract",
        "contractname",
    ),
    "flag": ("flag", "type", "optiontype", "callput", "putcall", "cp", "cpflag", "right", "side", "kind"),
    "strike": ("strike", "strikeprice", "k", "exerciseprice"),
    "expiry": (
        "expiry",
        "expiration",
        "expirydate",
        "expirationdate",
        "expdate",
        "exdate",
        "maturity",
        "maturitydate",
    ),
    "bid": ("bid", "bidprice", "bestbid", "bestbidprice", "bidpx"),
    "ask": ("ask", "askprice", "bestask", "bestaskprice", "askpx", "offer", "bestoffer"),
    "mark": ("mark", "markprice", "markpx", "settle", "settlement", "settlementprice", "theo"),
    "bid_size": ("bidsize", "bidqty", "bidamount", "bestbidamount", "bidsz"),
    "ask_size": ("asksize", "askqty", "askamount", "bestaskamount", "asksz", "offersize"),
    "mark_vol": (
        "iv",
        "impliedvolatility",
        "impliedvol",
        "impvol",
        "impvolatility",
        "markiv",
        "markvol",
        "volatility",
    ),
    "forward": ("forward", "forwardprice", "fwd", "fwdpx", "futureprice"),
    "index": ("index", "indexprice", "spot", "spotprice", "underlyinglast", "stockprice", "underlyingclose"),
    "discount": ("discount", "discountfactor", "df"),
    "open_interest": ("openinterest", "oi", "openint"),
    "volume": ("volume", "vol24h", "totalvolume", "volume24h"),
    "as_of": (
        "asof",
        "timestamp",
        "quotetime",
        "quotedate",
        "effectivedate",
        "datadate",
        "time",
        "date",
        "datetime",
    ),
    "asset": ("asset", "underlying", "underlyingsymbol", "root", "ticker", "currency", "basecurrency"),
}
_NEEDED: Final = ("flag", "strike", "expiry")


def proposed_map(path: str | Path) -> str:
    """Text of a map for a file, to be completed: what could not be told is left open, with what it may be.

    Parameters
    ----------
    path : str or Path
        A table: CSV, Excel, Parquet or a JSON list of rows.

    Returns
    -------
    str
        TOML.

    Raises
    ------
    ChainError
        If the file holds no table.
    """
    file = open_file(Path(path))
    if (kind := kind_of_text(file.text)) and ("TOML" in kind or "JSON" in kind):
        raise ChainError(f"{file.name} is {kind}; a map is of a table of quotes.")
    table = table_of(file)
    found, left = _told(table)
    lines = [
        f'# A map of {file.name}. What could not be told is left open (""): fill it in, or take the line out.',
        *_head(found, table),
        "",
        "[columns]",
        *(f"{ours} = {_quoted(theirs)}" for ours, theirs in found.items()),
        *(f'{ours} = ""' for ours in _NEEDED if ours not in found),
    ]
    if left:
        lines += [f"# not used: {', '.join(map(_quoted, left))}"]
    lines += [
        "",
        "[terms]",
        'settlement = ""  # "cash" or "coin"',
        'exercise = ""  # "european" or "american"',
        'multiplier = ""  # units of the underlying a contract: 100 of US stocks; no quotes around the number',
        'lot = ""  # contracts',
        'ticks = ""  # step of prices, or [[0.0, 0.05], [3.0, 0.1]]',
    ]
    return "\n".join(lines) + "\n"


def _told(table: pd.DataFrame) -> tuple[dict[str, str], list[str]]:
    """Our names and the columns that are surely theirs; and the columns that are not used."""
    bare = {str(name): re.sub(r"[^a-z0-9]", "", str(name).lower()) for name in table.columns}
    found = {}
    for ours, names in _CALLED.items():
        matching = [column for column, name in bare.items() if name in names]
        if len(matching) == 1:  # of two that could be meant neither is taken
            found[ours] = matching[0]
    return found, [column for column in bare if column not in found.values()]


def _head(found: dict[str, str], table: pd.DataFrame) -> list[str]:
    lines = [] if "asset" in found else ['asset = ""  # the underlying: "SPX"']
    when = table[found["as_of"]].astype(str).iloc[0] if "as_of" in found else ""
    if "as_of" not in found:
        lines.append('as_of = ""  # when the quotes were taken, with a zone: "2024-11-11T21:00:00Z"')
    expiry = str(table[found["expiry"]].iloc[0]) if "expiry" in found else ""
    shown = " and ".join(f"{text!r}" for text in (when, expiry) if text)
    lines += [
        'timezone = ""  # of times that carry none: "UTC", "America/New_York"',
        'expiry_time = ""  # of expiries that are days, in that zone: "08:00", "16:00"',
        f'dates = ""  # how times are written{": " + shown if shown else ""}: "%m-%d-%Y"; out if as 2026-03-27',
    ]
    if not {"forward", "index"} & set(found):
        lines += ["# spot = 100.0  # with rate = 0.04 forwards where calls and puts do not say them"]
    vol = ', vol = ""' if "mark_vol" in found else ""
    meant = ' and vol "decimal" or "percent"' if vol else ""
    lines.append(f'units = {{price = ""{vol}}}  # price "coin" or "money"{meant}')
    return lines


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
