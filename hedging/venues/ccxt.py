"""Option chains as ccxt returns them: ``fetch_option_chain``'s dictionaries, with no dependency on ccxt.

ccxt passes vols on in whatever unit the exchange uses, and often none at all. Which exchange it was, and what its vols
and its index are, the exchange's own rows under ``info`` say; without them terms must be given, and vols are taken
from the quotes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from hedging._ground.reading import foreign
from hedging.errors import ChainError
from hedging.market.chain import OptionChain
from hedging.market.contracts import ContractTerms
from hedging.venues import binance, bybit, deribit, okx
from hedging.venues._formats import Format, Pick, columns_there, given_time, own_time, pick_asset
from hedging.venues._opening import QuoteFile
from hedging.venues._terms import agreed
from hedging.venues._times import epoch

__all__ = ["OPTION_CHAIN", "read_option_chain"]

_SYMBOL: Final = re.compile(
    r"(?P<base>\w+)/(?P<quote>\w+):(?P<settle>\w+)-(?P<day>\d{6})-(?P<strike>[\d.]+)-(?P<flag>[CP])"
)
_COLUMNS: Final = {
    "bid": "bidPrice",
    "ask": "askPrice",
    "mark": "markPrice",
    "forward": "underlyingPrice",
    "open_interest": "openInterest",
    "volume": "baseVolume",
}

_SHOWN: Final = {
    "deribit": {"mark_vol": "mark_iv", "index": "estimated_delivery_price"},
    "okx": {"mark_vol": "markVol", "forward": "fwdPx"},
    "bybit": {"mark_vol": "markIv", "index": "indexPrice"},
    "binance": {"mark_vol": "markIV", "index": "exercisePrice"},
}
"""Our columns and what the exchanges' own rows call them, in their own units."""


def read_option_chain(
    options: Mapping[str, Mapping[str, Any]],
    *,
    asset: str | None = None,
    as_of: str | pd.Timestamp | None = None,
    terms: ContractTerms | Mapping[str, Any] | None = None,
    source: str = "ccxt",
) -> OptionChain:
    """Build a chain from the dictionaries of ``exchange.fetch_option_chain(code)``.

    Parameters
    ----------
    options : mapping
        ``{symbol: option}``; symbols such as ``BTC/USD:BTC-240927-40000-C``.
    asset : str, optional
        Which underlying, where there are several.
    as_of : str or Timestamp, optional
        Time of the quotes, where the dictionaries carry none.
    terms : ContractTerms or mapping, optional
        Terms of the options; by default those of the exchange, known by its rows under ``info``: Deribit, OKX,
        Bybit or Binance. A mapping changes or completes some fields.
    source : str
        Name for messages and records.

    Raises
    ------
    ChainError
        If there is no option, no time, or no terms.
    """
    with foreign(source, ChainError, ours=False):
        return _read(QuoteFile(source, "", dict(options)), Pick(as_of, asset, terms=terms))


def _read(file: QuoteFile, pick: Pick) -> OptionChain:
    rows = _rows(file)
    asset = pick_asset(rows["asset"], pick, file.name)
    mine = rows[(rows["asset"] == asset) | rows["asset"].isna()]
    settles = mine.loc[mine["asset"].notna(), "settle"].unique()
    if len(settles) != 1:
        raise ChainError(f"{file.name} holds options on {asset} of several settlements; split them first.")
    settle = str(settles[0])
    when = _time(mine, pick, file)
    venue = _venue(mine)
    terms = _terms(venue, mine, asset, settle, when, pick)
    shown = {name: _info(mine, theirs) for name, theirs in _SHOWN.get(venue, {}).items()}
    mine = mine.assign(**{f"info_{name}": column for name, column in shown.items()})
    columns = columns_there(_COLUMNS, mine, file.name)
    return OptionChain.from_frame(
        mine,
        asset=asset,
        as_of=when,
        units={
            "price": "coin" if settle == asset else "money",
            "vol": "percent" if venue == "deribit" else "decimal",
        },
        columns=columns | {name: f"info_{name}" for name in shown},
        terms=terms,
        source=file.name,
        sha256=file.sha256,
        rules=pick.rules,
    )


def _rows(file: QuoteFile) -> pd.DataFrame:
    if not isinstance(file.content, dict) or not file.content:
        raise ChainError(f"{file.name} holds no option of ccxt's, which come as a dictionary by symbol.")
    rows = pd.DataFrame([dict(option) | {"symbol": symbol} for symbol, option in file.content.items()])
    parts = rows["symbol"].astype(str).str.extract(f"^{_SYMBOL.pattern}$")
    day = pd.to_datetime(parts["day"], format="%y%m%d", errors="coerce").dt.tz_localize("UTC")
    return rows.assign(
        asset=parts["base"].where(parts["base"].notna(), None),
        quote=parts["quote"],
        settle=parts["settle"],
        expiry=day + pd.Timedelta(hours=8),  # Deribit, Bybit, OKX and Binance alike
        strike=pd.to_numeric(parts["strike"], errors="coerce"),
        flag=parts["flag"].str.lower(),
    )


def _time(rows: pd.DataFrame, pick: Pick, file: QuoteFile) -> pd.Timestamp:
    """The latest time that the options carry, or the one asked for."""
    own = rows["timestamp"] if "timestamp" in rows.columns else pd.Series(index=rows.index, dtype=float)
    counts = own.where(own.notna(), _info(rows, "creation_timestamp")).dropna()
    if counts.empty and pick.at is not None:
        return given_time(pick, file.name)
    if counts.empty:
        raise ChainError(f"{file.name}: no option carries a time; pass as_of= (at= when reading a file).")
    latest: pd.Timestamp = epoch(counts.rename("timestamp"), "ms", file.name).max()
    return own_time(pick, latest, file.name)


def _info(rows: pd.DataFrame, key: str) -> pd.Series:
    """One field of the exchange's own rows; None where it has none."""
    if "info" not in rows.columns:
        return pd.Series(None, index=rows.index, dtype=object)
    return rows["info"].map(lambda info: info.get(key) if isinstance(info, dict) else None)


def _venue(rows: pd.DataFrame) -> str:
    """The exchange, by what its own rows call a contract; ``""`` where they do not say."""
    if deribit.parse_name(_first(rows, "instrument_name")) is not None:
        return "deribit"
    if re.fullmatch(okx.NAME, _first(rows, "instId")):
        return "okx"
    symbol = _first(rows, "symbol")
    if re.fullmatch(binance.NAME, symbol):
        return "binance"
    return "bybit" if deribit.parse_name(re.sub("-USD[TC]$", "", symbol)) is not None else ""


def _first(rows: pd.DataFrame, key: str) -> str:
    values = _info(rows, key).dropna()
    return str(values.iloc[0]) if len(values) else ""


def _terms(
    venue: str, rows: pd.DataFrame, asset: str, settle: str, when: pd.Timestamp, pick: Pick
) -> ContractTerms:
    """Terms of the exchange that the rows are of, never of another."""
    if venue == "deribit":
        return deribit.agreed_terms(asset if settle == asset else f"{asset}_{settle}", when, pick.terms)
    if venue == "okx":
        return okx.agreed_terms(f"{asset}-{rows['quote'].dropna().iloc[0]}", when, pick.terms)
    if venue == "bybit":
        return bybit.agreed_terms(asset, when, settle, pick.terms)
    if venue == "binance":
        return binance.agreed_terms(asset, pick.terms, settle)
    known = {"settlement": "coin" if settle == asset else "cash"}
    who = f"these options on {asset!r}: their rows do not say of which exchange they are"
    return agreed(pick.terms, known, missing=("multiplier", "lot", "ticks", "fee"), who=who)


def _matches(file: QuoteFile) -> bool:
    keys = list(file.content) if isinstance(file.content, dict) else []
    return (
        bool(keys)
        and all(isinstance(file.content[key], dict) for key in keys)
        and any(map(_SYMBOL.fullmatch, keys))
    )


OPTION_CHAIN: Final = Format("ccxt-option-chain", _matches, _read)
