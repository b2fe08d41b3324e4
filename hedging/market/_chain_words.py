"""A chain in words: its page, and what a message says that it has, or has not."""

from __future__ import annotations

import math
import re
from typing import Protocol

import pandas as pd

from hedging._ground.cells import SHARE
from hedging._ground.counts import number_of
from hedging._ground.tables import Page, Table
from hedging.errors import InputError
from hedging.market._near import nearest_contracts
from hedging.market.contracts import ContractTerms, Option, Spot, instrument_of

__all__ = ["absent", "choice", "page_of"]


class Quoted(Protocol):
    """What is said of an `OptionChain`, which is built upon this."""

    @property
    def asset(self) -> str: ...
    @property
    def as_of(self) -> pd.Timestamp: ...
    @property
    def spot(self) -> float: ...
    @property
    def quotes(self) -> pd.DataFrame: ...
    @property
    def rejected(self) -> pd.DataFrame: ...
    @property
    def terms(self) -> ContractTerms: ...
    @property
    def notes(self) -> tuple[str, ...]: ...
    @property
    def expiries(self) -> pd.DataFrame: ...

    def greeks(self, names: tuple[str, ...]) -> pd.DataFrame: ...


def page_of(chain: Quoted) -> Page:
    """How a chain is shown: what it is of, what was kept and rejected, what was noted, its expiries."""
    head = (
        f"{chain.asset} options at {chain.as_of:%Y-%m-%d %H:%M:%S} UTC, spot {chain.spot:,.10g} "
        f"{chain.terms.currency}, {chain.terms.exercise} exercise, settled in {chain.terms.settlement}"
    )
    kept = f"{number_of(len(chain.quotes), 'quote')} kept, {len(chain.rejected)} rejected"
    if len(chain.rejected):
        reasons = chain.rejected["reason"].value_counts()
        kept += " (" + ", ".join(f"{name}: {count}" for name, count in reasons.items()) + ")"
    units = {"expiry": "UTC", "atm vol": SHARE, "no bid": SHARE, "no ask": SHARE}
    notes = tuple(f"note: {note}" for note in chain.notes)
    return Page(head, (kept, *notes, Table(_summary(chain), units)))


def choice(chain: Quoted) -> str:
    """What there is to choose from, for messages."""
    days = ", ".join(f"{each:.1f}" for each in chain.expiries["days"])
    deltas = chain.greeks(("delta",))["delta"].abs()
    return (
        f"the chain has expiries in {days} days, absolute deltas from {deltas.min():.2f} to {deltas.max():.2f} "
        f"and flags {' '.join(sorted(chain.quotes['flag'].unique()))}"
    )


def absent(chain: Quoted, symbol: str) -> str:
    """Why a chain has no usable quote of a symbol, or what is close to it."""
    why = chain.rejected.loc[chain.rejected["symbol"] == symbol, "reason"]
    if len(why):
        return f"the quote of {symbol} was rejected: {why.iloc[0]}."
    listed = chain.quotes["symbol"].tolist()
    when = f"the {chain.asset} chain of {chain.as_of:%Y-%m-%d %H:%M}"
    if (other := _of_another(chain, symbol)) and symbol not in listed:
        return f"{when} has no quote of {symbol!r}: {other}."
    close = nearest_contracts(chain.quotes, symbol)
    other = f"it has, for one, {listed[0]}" if listed else "it has no quotes at all"
    hint = f"close to it: {', '.join(close)}" if close else other
    return f"{when} has no quote of {symbol!r}; {hint}."


def _of_another(chain: Quoted, symbol: str) -> str:
    """Why no option of the chain is near to a symbol; empty where one may be."""
    try:
        wanted = instrument_of(symbol.upper())
    except InputError:
        return ""
    if isinstance(wanted, Spot) and re.search(r"\d", symbol):  # BTC_27MAR26_60000_P
        return ""
    if not isinstance(wanted, Option):
        return f"it is no option, and names a {type(wanted).__name__.lower()}"
    return "" if wanted.asset == chain.asset else f"it is on {wanted.asset}; give a chain of {wanted.asset}"


def _summary(chain: Quoted) -> pd.DataFrame:
    """Per expiry: days, forward, quotes, the at-the-money vol and the share of missing sides."""
    table = chain.expiries
    missing = chain.quotes[["bid", "ask"]].isna().groupby(chain.quotes["expiry"]).mean()
    known = chain.quotes[chain.quotes["mark_vol"].notna()]
    nearest = (known["strike"] / known["forward"]).map(math.log).abs().groupby(known["expiry"]).idxmin()
    at_the_money = known.loc[nearest].set_index("expiry")["mark_vol"].reindex(table["expiry"])
    return pd.DataFrame(
        {
            "expiry": table["expiry"].dt.strftime("%Y-%m-%d %H:%M"),
            "days": table["days"].round(2),
            "forward": table["forward"],
            "quotes": table["count"],
            "atm vol": at_the_money.to_numpy(),
            "no bid": missing["bid"].to_numpy(),
            "no ask": missing["ask"].to_numpy(),
        }
    )
