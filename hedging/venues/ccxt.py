"""Option chains as ccxt returns them: ``fetch_option_chain``'s dictionaries, with no dependency on ccxt.

ccxt passes vols on in whatever unit the exchange uses, and often none at all. For Deribit the exchange's own
row under ``info`` is read; for others vols are taken from the quotes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from hedging._reading import foreign
from hedging.errors import ChainError
from hedging.market.chain import OptionChain
from hedging.market.contracts import ContractTerms
from hedging.units import utc
from hedging.venues import bybit, deribit
from hedging.venues._files import Format, Pick, QuoteFile, pick_asset
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


def read_option_chain(
    options: Mapping[str, Mapping[str, Any]],
    *,
    asset: str | None = None,
    as_of: str | pd.Timestamp | None = None,
    terms: ContractTerms | None = None,
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
    terms : ContractTerms, optional
        Terms of the options; by default Deribit's or Bybit's, by the exchange's rows under ``info``.
    source : str
        Name for messages and records.

    Raises
    ------
    ChainError
        If there is no option, no time, or no terms.
    """
    with foreign(source, ChainError, ours=False):
        return _read(QuoteFile(source, "", dict(options)), Pick(as_of, asset), terms)


def _read(file: QuoteFile, pick: Pick, terms: ContractTerms | None = None) -> OptionChain:
    rows = _rows(file)
    asset = pick_asset(rows["asset"], pick, file.name)
    mine = rows[(rows["asset"] == asset) | rows["asset"].isna()]
    settles = mine.loc[mine["asset"].notna(), "settle"].unique()
    if len(settles) != 1:
        raise ChainError(f"{file.name} holds options on {asset} of several settlements; split them first.")
    settle = str(settles[0])
    when = _time(mine, pick, file)
    own = _is_deribit(mine)
    if terms is None and own:
        terms = deribit.option_terms(asset if settle == asset else f"{asset}_{settle}", when)
    elif terms is None:
        terms = bybit.option_terms(asset, when, settle)
    if own:
        mine = mine.assign(mark_iv=_info(mine, "mark_iv"), index=_info(mine, "estimated_delivery_price"))
    columns = {ours: theirs for ours, theirs in _COLUMNS.items() if theirs in mine.columns}
    return OptionChain.from_frame(
        mine,
        asset=asset,
        as_of=when,
        units={"price": "coin" if settle == asset else "money", "vol": "percent"},
        columns=columns | ({"mark_vol": "mark_iv"} if own else {}),
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
    """Time asked for, or the latest one the options carry."""
    if pick.at is not None:
        return utc(pick.at, "as_of")
    own = rows["timestamp"] if "timestamp" in rows.columns else pd.Series(index=rows.index, dtype=float)
    counts = own.where(own.notna(), _info(rows, "creation_timestamp")).dropna()
    if counts.empty:
        raise ChainError(f"{file.name}: no option carries a time; pass as_of= (at= when reading a file).")
    latest: pd.Timestamp = epoch(counts.rename("timestamp"), "ms", file.name).max()
    return latest


def _info(rows: pd.DataFrame, key: str) -> pd.Series:
    """One field of the exchange's own rows; None where it has none."""
    if "info" not in rows.columns:
        return pd.Series(None, index=rows.index, dtype=object)
    return rows["info"].map(lambda info: info.get(key) if isinstance(info, dict) else None)


def _is_deribit(rows: pd.DataFrame) -> bool:
    names = _info(rows, "instrument_name").dropna()
    return bool(len(names)) and deribit.parse_name(str(names.iloc[0])) is not None


def _matches(file: QuoteFile) -> bool:
    keys = list(file.content) if isinstance(file.content, dict) else []
    return (
        bool(keys)
        and all(isinstance(file.content[key], dict) for key in keys)
        and any(map(_SYMBOL.fullmatch, keys))
    )


OPTION_CHAIN: Final = Format("ccxt-option-chain", _matches, _read)
