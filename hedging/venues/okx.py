"""OKX's options: ``BTC-USD-260327-70000-C``, settled in coin, in contracts of a share of a coin.

Quotes come in one reply (tickers), vols and forwards in another (opt-summary); each is read alone, the two together
where one is handed in beside the other, or where rows of both were put in one list.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

from hedging.market.chain import OptionChain
from hedging.market.contracts import ContractTerms, FeeRule, Ticks
from hedging.venues._formats import Format, Pick, columns_there, pick_asset
from hedging.venues._okx_orders import orders
from hedging.venues._opening import QuoteFile
from hedging.venues._replies import joined, six_digit_names
from hedging.venues._terms import agreed
from hedging.venues._times import epoch, held

__all__ = ["NAME", "REPLIES", "agreed_terms", "chain_of", "okx_names", "orders", "pick_pair"]


class _Product(NamedTuple):
    multiplier: float  # coins a contract
    ticks: Ticks


# Sizes: the exchange's introduction to its options. Ticks as its instruments state them, which may differ by
# contract: 0.0001 below 0.005 and 0.0005 above.
_COIN_TICKS: Final = ((0.0, 0.0001), (0.005, 0.0005))
_PRODUCTS: Final = {"BTC-USD": _Product(0.01, _COIN_TICKS), "ETH-USD": _Product(0.1, _COIN_TICKS)}
# A regular taker: 0.03 % of the underlying; of the premium at most 12.5 %, 7 % since 15 May 2025.
_FEE: Final = {"2020-01-01": FeeRule(0.0003, 0.125), "2025-05-15": FeeRule(0.0003, 0.07)}

NAME: Final = r"(?P<base>[A-Z0-9]+)-(?P<quote>[A-Z]+)-(?P<day>\d{6})-(?P<strike>[\d.]+)-(?P<flag>[CP])"
_COLUMNS: Final = {
    "symbol": "instId",
    "bid": "bidPx",
    "ask": "askPx",
    "bid_size": "bidSz",
    "ask_size": "askSz",
    "mark": "markPx",
    "mark_vol": "markVol",
    "forward": "fwdPx",
    "index": "idxPx",
    "open_interest": "oiCcy",
    "volume": "volCcy24h",
}


def agreed_terms(
    underlying: str, as_of: str | pd.Timestamp, given: ContractTerms | Mapping[str, Any] | None = None
) -> ContractTerms:
    """Terms of OKX's options on ``"BTC-USD"`` or another pair, with those given in their place or beside them.

    Raises
    ------
    ChainError
        If the pair is not known here and its size, ticks or settlement are not given.
    """
    product = _PRODUCTS.get(underlying)
    quote = underlying.partition("-")[2]
    known: dict[str, Any] = {"venue": "okx", "fee": held(_FEE, as_of), "lot": 1.0, "currency": quote or "USD"}
    if product is not None:
        known |= {"settlement": "coin", "multiplier": product.multiplier, "ticks": product.ticks}
        return agreed(given, known)
    who = f"OKX options on {underlying!r}; known are {', '.join(_PRODUCTS)}"
    return agreed(given, known, missing=("settlement", "multiplier", "ticks"), who=who)


def okx_names(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Add what OKX's names say: ``base, quote, expiry, strike, flag`` and ``asset``, the pair."""
    read = six_digit_names(rows, column, NAME)
    return read.assign(asset=(read["base"] + "-" + read["quote"]).where(read["base"].notna(), None))


def chain_of(
    rows: pd.DataFrame,
    file: QuoteFile,
    pick: Pick,
    *,
    pair: str,
    as_of: pd.Timestamp,
    columns: Mapping[str, str] = _COLUMNS,
    vol: str = "decimal",
) -> OptionChain:
    """The chain of one pair from rows that `okx_names` returned."""
    mine = rows[(rows["asset"] == pair) | rows["asset"].isna()]
    terms = agreed_terms(pair, as_of, pick.terms)
    return OptionChain.from_frame(
        mine.assign(
            open_interest=np.nan, volume=np.nan
        ),  # contracts under these names, coins under the replies' own
        asset=pair.partition("-")[0],
        as_of=as_of,
        units={"price": "coin" if terms.settlement == "coin" else "money", "vol": vol},
        columns=columns_there(columns, mine, file.name),
        terms=terms,
        spot=pick.spot,
        source=file.name,
        sha256=file.sha256,
        rules=pick.rules,
    )


def _read(file: QuoteFile, pick: Pick) -> OptionChain:
    rows = okx_names(joined(file, "instId"), "instId")
    pair = pick_pair(rows["asset"], pick, file.name)
    moments = epoch(rows.loc[rows["asset"] == pair, "ts"].dropna(), "ms", file.name)
    return chain_of(rows, file, pick, pair=pair, as_of=moments.max())


def pick_pair(assets: pd.Series, pick: Pick, name: str) -> str:
    """The pair to read; BTC stands for BTC-USD where that is all there is of it."""
    mine = [pair for pair in assets.dropna().unique() if pick.asset == pair.partition("-")[0]]
    return str(mine[0]) if len(mine) == 1 else pick_asset(assets, pick, name)


REPLIES: Final = Format(
    "okx",
    lambda file: bool({"bidPx", "markVol", "markPx"} & set(joined(file, "instId").columns)),
    _read,
    heeds=("spot",),
    takes_beside=True,
)
