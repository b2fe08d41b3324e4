"""The quote table that Cboe's site saves for SPX, SPY and other US options: calls and puts on one line.

The first lines name the index and the time; the header repeats its column names for calls and for puts. SPX
(settled on the opening prices of its day) and SPXW (on the close) share strikes and days: the root is part of
the name, and the two settle at different times. Cboe shows no mark: mark vols are those of the mids, with
forward and discount factor of each expiry from put-call parity: as an equation for options on indices, which are
European, and as what is left of one for those on stocks and funds, which are American.
"""

from __future__ import annotations

import re
from typing import Final

import pandas as pd

from hedging.errors import ChainError
from hedging.market import _american_parity, _parity
from hedging.market.chain import OptionChain
from hedging.market.contracts import ContractTerms, FeeRule
from hedging.units import utc
from hedging.venues._files import Format, Pick, QuoteFile

__all__ = ["QUOTES", "option_terms"]

_ZONE: Final = "America/New_York"
_CLOSE: Final = pd.Timedelta(hours=16, minutes=15)  # end of the regular session of index options
_OPEN: Final = pd.Timedelta(hours=9, minutes=30)
_SETTLED_AT_OPEN: Final = ("SPX", "NDX", "RUT", "VIX")  # roots; their weeklies settle on the close
# Cash-settled index options that are exercised at expiry only; OEX and all stocks and funds are American.
_EUROPEAN: Final = frozenset(
    {"SPX", "XSP", "NDX", "XND", "NQX", "RUT", "MRUT", "VIX", "DJX", "XEO", "MXEA", "MXEF"}
)
_PENNIES: Final = frozenset({"SPY", "QQQ", "IWM"})  # quoted in cents at any price
_NAME: Final = re.compile(r"(?P<root>[A-Z]+)(?P<day>\d{6})(?P<flag>[CP])(?P<strike>\d{8})")
_SIDE: Final = ["symbol", "last", "net", "bid", "ask", "volume", "iv", "delta", "gamma", "open_interest"]


def option_terms(asset: str = "SPX") -> ContractTerms:
    """Terms of US options: 100 units a contract, exercise and ticks by underlying; no fee set.

    Options on indices are European, those on stocks and funds American. Ticks are 0.05 below 3 and 0.10 above for
    indices, 0.01 and 0.05 for stocks and funds, and 0.01 throughout for SPY, QQQ and IWM. Fees of US options are a
    broker's, per contract and not a share of anything; pass your own terms.
    """
    european = asset in _EUROPEAN
    steps = (0.05, 0.10) if european else (0.01, 0.01 if asset in _PENNIES else 0.05)
    return ContractTerms(
        multiplier=100.0,
        ticks=((0.0, steps[0]), (3.0, steps[1])),
        fee=FeeRule(),
        venue="cboe",
        exercise="european" if european else "american",
    )


def _read(file: QuoteFile, pick: Pick) -> OptionChain:
    head, rows = _parts(file)
    spot = _figure(r"Last:\s*([\d.]+)", head, file.name)
    asset = pick.asset or _asset(rows, file.name)
    when = utc(pick.at, "at") if pick.at is not None else _session_end(head, file.name)
    read = _named(rows)
    mine = read[read["root"].isin([asset, f"{asset}W"]) | read["root"].isna()]
    if mine["root"].isna().all():
        roots = ", ".join(sorted(read["root"].dropna().unique()))
        raise ChainError(f"{file.name} holds no option on {asset}; its roots are {roots}.")
    numbers = mine[["strike", "bid", "ask"]].apply(pd.to_numeric, errors="coerce")
    live = mine.assign(**numbers)[(mine["expiry"] > when) & (numbers["bid"] > 0) & (numbers["ask"] > 0)]
    terms = option_terms(asset)
    if terms.exercise == "american":
        curve = _american_parity.american_curve(live, when, spot, source=file.name)
    else:
        curve = _parity.implied_discount(live).to_frame("discount")
    return OptionChain.from_frame(
        mine.assign(**{name: mine["expiry"].map(curve[name]) for name in {"forward", "discount"} & {*curve}}),
        asset=asset,
        as_of=when,
        units={"price": "money", "vol": "decimal"},
        terms=terms,
        spot=spot,
        source=file.name,
        sha256=file.sha256,
        rules=pick.rules,
    )


def _parts(file: QuoteFile) -> tuple[str, pd.DataFrame]:
    """Return the lines above the header, and one row an option: calls first, then puts."""
    lines = file.text.splitlines()
    start = next((i for i, line in enumerate(lines) if line.startswith("Expiration Date")), None)
    if start is None:
        raise ChainError(
            f"{file.name}: no line starts with 'Expiration Date', as the header of a Cboe table does."
        )
    cells = [line.split(",") for line in lines[start + 1 :] if line.strip()]
    if not cells:
        raise ChainError(f"{file.name} ends with its header; is the file cut off?")
    broken = [i for i, row in enumerate(cells) if len(row) != 22]
    if broken:
        raise ChainError(
            f"{file.name}: line {start + 2 + broken[0]} has {len(cells[broken[0]])} cells, not 22; is the file cut off?"
        )
    table = pd.DataFrame(cells)
    sides = [table[range(first, first + 10)].set_axis(_SIDE, axis=1) for first in (1, 12)]
    rows = pd.concat(sides, ignore_index=True)
    return "\n".join(lines[:start]), rows


def _figure(pattern: str, head: str, name: str) -> float:
    match = re.search(pattern, head)
    if match is None:
        raise ChainError(f"{name}: the lines above the header name no last price of the index.")
    return float(match[1])


def _asset(rows: pd.DataFrame, name: str) -> str:
    """Return the one underlying of the roots: SPX of SPX and SPXW."""
    roots = rows["symbol"].str.extract(r"^([A-Z]+)\d{6}[CP]\d{8}$")[0].dropna()
    bases = sorted({root.removesuffix("W") for root in roots.unique()})
    if len(bases) != 1:
        raise ChainError(f"{name} holds options on {', '.join(bases) or 'nothing'}; pass asset= to pick one.")
    return str(bases[0])


def _session_end(head: str, name: str) -> pd.Timestamp:
    """Time of the quotes: that of the file, or the last close before it if it was saved after hours."""
    match = re.search(r"Date:\s*([A-Z][a-z]+ \d{1,2}, \d{4}),? (?:at )?(\d{1,2}:\d{2} [AP]M) E[DS]?T", head)
    if match is None:
        raise ChainError(
            f"{name}: the lines above the header name no date such as 'June 10, 2022, 4:15 PM EDT'."
        )
    saved = pd.to_datetime(f"{match[1]} {match[2]}", format="%B %d, %Y %I:%M %p").tz_localize(_ZONE)
    close = saved.normalize() + _CLOSE
    while close.weekday() > 4 or close > saved:  # holidays are not known here: pass at= after one
        close = (close - pd.Timedelta(days=1)).normalize() + _CLOSE
    in_session = saved.weekday() < 5 and saved.normalize() + _OPEN <= saved < saved.normalize() + _CLOSE
    return (saved if in_session else close).tz_convert("UTC")


def _named(rows: pd.DataFrame) -> pd.DataFrame:
    """Add what the names say; an expiry is the time its settlement price is taken."""
    read = rows["symbol"].str.extract(f"^{_NAME.pattern}$")
    day = pd.to_datetime(read["day"], format="%y%m%d", errors="coerce").dt.tz_localize(_ZONE)
    at_open = read["root"].isin(_SETTLED_AT_OPEN)
    moment = day + at_open.map({True: _OPEN, False: pd.Timedelta(hours=16)})
    return rows.assign(
        root=read["root"],
        expiry=moment.dt.tz_convert("UTC"),
        strike=pd.to_numeric(read["strike"]) / 1000.0,
        flag=read["flag"].str.lower(),
    )


QUOTES: Final = Format("cboe-quotes", lambda file: "Expiration Date,Calls," in file.text[:2000], _read)
