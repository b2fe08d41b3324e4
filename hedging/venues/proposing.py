"""A first map of a table of quotes: what the names of its columns say, and what they do not left open."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Final

import pandas as pd

from hedging._ground.file_kinds import kind_of_text
from hedging.errors import ChainError, InputError
from hedging.venues._opening import open_file
from hedging.venues._recognised import recognised
from hedging.venues._texts import decimal_of, forms_of_days
from hedging.venues._us import NAME
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
_WORDS: Final = ("symbol", "flag", "expiry", "as_of", "asset")
_SIDES: Final = {
    "calls": r"^(calls?|c)[\W_]+|[\W_]+(calls?|c)$",
    "puts": r"^(puts?|p)[\W_]+|[\W_]+(puts?|p)$",
}


def proposed_map(path: str | Path) -> str:
    """Text of a map for a file, to be completed: what could not be told is left open, with what it may be.

    Parameters
    ----------
    path : str or Path
        A table: text parted by commas, semicolons, tabs or bars, Excel, Parquet, or rows or columns of JSON.

    Returns
    -------
    str
        TOML.

    Raises
    ------
    ChainError
        If the file holds no table.
    InputError
        If it is of a known format, which needs no map.
    """
    file = open_file(Path(path))
    if (kind := kind_of_text(file.text)) and ("TOML" in kind or "JSON" in kind):
        raise ChainError(f"{file.name} is {kind}; a map is of a table of quotes.")
    _check_unknown(path, file.name)
    table = table_of(file)
    told, left = _told(table)
    found, sides = _beside(table, told)
    needed = [ours for ours in _NEEDED if ours not in found and not (sides and ours == "flag")]
    if needed == list(_NEEDED) and _say_all(table, found):
        needed = []
    used = {name for columns in sides.values() for name in columns.values()}
    left = [name for name in left if name not in used]
    lines = [
        f'# A map of {file.name}. What could not be told is left open (""): fill it in, or take the line out.',
        *_head(
            found, table, [name for columns in (found, *sides.values()) for name in columns.values() if name]
        ),
        "",
        "[columns]",
        *(f"{ours} = {_quoted(theirs)}" for ours, theirs in found.items()),
        *(f'{ours} = ""' for ours in needed),
    ]
    if left:
        lines += [f"# not used: {', '.join(map(_quoted, left))}"]
    for side, columns in sides.items():
        lines += _side_lines(side, columns, told)
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


def _check_unknown(path: str | Path, name: str) -> None:
    """Refuse a file of a known format: a map would read it worse than its own reader does."""
    with suppress(ChainError):
        _, reader = recognised(path, None)
        raise InputError(
            f"{name} needs no map: it is of the known format {reader.name}, which is read as it is."
        )


def _told(table: pd.DataFrame) -> tuple[dict[str, str], list[str]]:
    """Our names and the columns that are surely theirs; and the columns that are not used."""
    bare = {str(name): re.sub(r"[^a-z0-9]", "", str(name).lower()) for name in table.columns}
    found = {}
    for ours, names in _CALLED.items():
        matching = [column for column, name in bare.items() if name in names]
        if len(matching) == 1:  # of two that could be meant neither is taken
            found[ours] = matching[0]
    return found, [column for column in bare if column not in found.values()]


def _beside(table: pd.DataFrame, found: dict[str, str]) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Columns of a table with calls beside puts: those of both, and by side what is called after it, or stands twice.

    Which of two of one name is the calls' is left open.
    """
    if "flag" in found:
        return found, {}
    names = [str(name) for name in table.columns]
    sides: dict[str, dict[str, str]] = {}
    for side, called in _SIDES.items():
        plain = {re.sub(r"[^a-z0-9]", "", re.sub(called, "", name.lower())): name for name in names
                 if re.search(called, name.lower())}  # fmt: skip
        sides[side] = {
            ours: plain[name] for ours, known in _CALLED.items() for name in known if name in plain
        }
    twice = [ours for ours, name in found.items() if f"{name}.1" in names]
    for columns in sides.values():
        columns.update(dict.fromkeys(twice, ""))
    if not all(sides.values()):
        return found, {}
    return {ours: name for ours, name in found.items() if ours not in twice}, sides


def _side_lines(side: str, columns: dict[str, str], found: dict[str, str]) -> list[str]:
    return [
        "",
        f"[{side}]",
        *(
            f"{ours} = {_quoted(name)}"
            + (f"  # {_quoted(found[ours])} or {_quoted(found[ours] + '.1')}" if not name else "")
            for ours, name in columns.items()
        ),
    ]


def _say_all(table: pd.DataFrame, found: dict[str, str]) -> bool:
    """Whether symbols are of the OSI form, and say side, strike and expiry themselves."""
    return "symbol" in found and bool(table[found["symbol"]].astype(str).str.fullmatch(NAME.pattern).all())


def _head(found: dict[str, str], table: pd.DataFrame, used: list[str]) -> list[str]:
    lines = [] if "asset" in found else ['asset = ""  # the underlying: "SPX"']
    if "as_of" not in found:
        lines.append('as_of = ""  # when the quotes were taken, with a zone: "2024-11-11T21:00:00Z"')
    lines += [
        'timezone = ""  # of times that carry none: "UTC", "America/New_York"',
        'expiry_time = ""  # of expiries that are days, in that zone: "08:00", "16:00"',
        *_dates(table, [found[ours] for ours in ("as_of", "expiry") if ours in found]),
        *_decimal(table, [name for name in used if name not in {found.get(ours) for ours in _WORDS}]),
    ]
    if not {"forward", "index"} & set(found):
        lines += ["# spot = 100.0  # with rate = 0.04 forwards where calls and puts do not say them"]
    vol = _vol(table, found)
    meant = ' and vol "decimal" or "percent"' if vol else ""
    lines.append(f'units = {{price = ""{vol}}}  # price "coin" or "money"{meant}')
    return lines


def _dates(table: pd.DataFrame, columns: list[str]) -> list[str]:
    """How days are written: told where one form alone reads all of them."""
    shown = " and ".join(repr(str(table[name].iloc[0])) for name in columns)
    hint = f"# how times are written{': ' + shown if shown else ''}"
    forms = [each for name in columns if (each := forms_of_days(table[name])) is not None]
    if columns and not forms:
        return []
    fitting = [form for form in forms[0] if all(form in each for each in forms)] if forms else []
    if len(fitting) == 1:
        return [f'dates = "{fitting[0]}"  {hint}']
    either = f", {' or '.join(map(_quoted, fitting))}" if fitting else ': "%m-%d-%Y"'
    return [f'dates = ""  {hint}{either}; out if as 2026-03-27']


def _decimal(table: pd.DataFrame, columns: list[str]) -> list[str]:
    """What commas in numbers part, where there are any."""
    mark = decimal_of([table[name] for name in columns])
    return [] if mark is None else [f'decimal = "{mark}"  # before decimals, in texts: "." or ","']


def _vol(table: pd.DataFrame, found: dict[str, str]) -> str:
    if "mark_vol" not in found:
        return ""
    cells = table[found["mark_vol"]].dropna().astype(str).str.strip()
    return f', vol = "{"percent" if len(cells) and cells.str.endswith("%").all() else ""}"'


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
