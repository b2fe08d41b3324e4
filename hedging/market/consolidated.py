"""One chain of the quotes of several venues on one asset, each under the terms of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import pandas as pd

from hedging._ground.counts import number_of
from hedging.errors import InputError
from hedging.market._cleaning import rejected_rows
from hedging.market._columns import in_columns
from hedging.market.chain import OptionChain
from hedging.units import SECONDS_PER_YEAR

__all__ = ["FURTHEST_SPOTS", "WITHIN", "consolidated"]

WITHIN: Final = "15min"
"""How far apart the times of the chains may be: older quotes are not there any more."""

FURTHEST_SPOTS: Final = 0.01
"""How far apart their prices of the asset may be: further, they are of different times, or of different things."""

_DOLLARS: Final = frozenset({"USD", "USDC", "USDT"})
_WORTH_SAYING: Final = 0.0005  # of spot
_PRICES: Final = ("bid", "ask", "mark")


def consolidated(chains: Iterable[OptionChain], *, within: str | pd.Timedelta = WITHIN) -> OptionChain:
    """Quotes of one asset on several venues side by side, as `hedging.plan` and others take them.

    Every contract keeps its fee, lot, ticks and settlement, and its name has its venue before it:
    ``bybit:BTC-27MAR26-60000-P-USDT``. Each row keeps its own forward; spot is that of the first chain, and coins
    paid and received are worth it. Dollars of all kinds are counted alike, which is noted.

    Parameters
    ----------
    chains : iterable of OptionChain
        One a venue. One alone is returned as it is.
    within : str or Timedelta
        How far apart their times may be.

    Returns
    -------
    OptionChain
        At the latest of the times; `OptionChain.venues` has the terms by venue.

    Raises
    ------
    InputError
        If there is none, they are of several assets, of one venue twice or of one that is not named, too far apart
        in time or in spot, or in different currencies.

    Examples
    --------
    >>> from hedging import samples
    >>> chain = samples.chain()
    >>> both = consolidated([chain, chain.with_terms(venue="elsewhere", lot=1.0)])
    >>> both.quotes["symbol"].iloc[0], both.terms_of("elsewhere:" + chain.quotes["symbol"].iloc[0]).lot
    ('deribit:BTC-3MAR26-65000-C', 1.0)
    """
    each = list(chains)
    if len(each) == 1:
        return each[0]
    _check(each, pd.Timedelta(within))
    first, as_of = each[0], max(chain.as_of for chain in each)
    quotes = pd.concat([_restated(chain, first.spot, as_of) for chain in each], ignore_index=True)
    quotes = quotes.sort_values(["expiry", "strike", "flag"], kind="stable", ignore_index=True)
    gone = np.where(quotes["time_to_expiry"] > 0.0, "", "expired").astype(object)
    rejected = [_labelled(chain, chain.rejected) for chain in each]
    return OptionChain(
        asset=first.asset,
        as_of=as_of,
        spot=first.spot,
        quotes=in_columns(quotes[gone == ""], "quotes"),
        rejected=in_columns(
            pd.concat([*rejected, rejected_rows(quotes, gone, quotes.index)], ignore_index=True), "rejected"
        ),
        terms=first.terms,
        futures=in_columns(
            pd.concat([_labelled(chain, chain.futures) for chain in each], ignore_index=True), "futures"
        ),
        source=" + ".join(chain.source for chain in each if chain.source),
        sha256=" + ".join(chain.sha256 for chain in each if chain.sha256),
        notes=(
            *(f"{chain.terms.venue}: {note}" for chain in each for note in chain.notes),
            *_differences(each, as_of),
        ),
        venues={chain.terms.venue: chain.terms for chain in each},
    )


def _restated(chain: OptionChain, spot: float, as_of: pd.Timestamp) -> pd.DataFrame:
    """Rows of a chain under names with its venue, at a common time and, where they settle in coin, a common spot."""
    quotes = _labelled(chain, chain.quotes)
    quotes["time_to_expiry"] = (quotes["expiry"] - as_of).dt.total_seconds() / SECONDS_PER_YEAR
    if chain.terms.settlement == "coin":
        for name in _PRICES:
            quotes[name] = quotes[name] * (spot / chain.spot)
        quotes["discount"] = spot / quotes["forward"]
    return quotes


def _labelled(chain: OptionChain, table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(symbol=chain.terms.venue + ":" + table["symbol"].astype(str))


def _differences(chains: Sequence[OptionChain], as_of: pd.Timestamp) -> list[str]:
    """What is counted alike and is not: dollars of several kinds, prices of the asset, times."""
    first, found = chains[0], []
    kinds = dict.fromkeys(chain.terms.currency for chain in chains)
    if len(kinds) > 1:
        found.append(f"{', '.join(kinds)} are counted alike, one for one")
    for chain in chains[1:]:
        apart = chain.spot / first.spot - 1.0
        if abs(apart) > _WORTH_SAYING:
            found.append(
                f"{chain.terms.venue} has spot at {chain.spot:,.8g}, {apart:+.2%} from {first.terms.venue}'s "
                f"{first.spot:,.8g}, which stands for both"
            )
    found += [
        f"the quotes of {chain.terms.venue} are {number_of((as_of - chain.as_of) / pd.Timedelta('1min'), 'minute', '.3g')} older"
        for chain in chains
        if as_of - chain.as_of >= pd.Timedelta("1min")
    ]
    return found


def _check(chains: Sequence[OptionChain], within: pd.Timedelta) -> None:
    """Refuse chains that no order could be chosen over: of several assets, times, prices or currencies."""
    for chain in chains:
        if not isinstance(chain, OptionChain):
            raise InputError(f"each must be an OptionChain; got {type(chain).__name__}.")
    if not chains:
        raise InputError("at least one chain is needed; got none.")
    assets = dict.fromkeys(chain.asset for chain in chains)
    if len(assets) > 1:
        raise InputError(f"chains of one asset are put side by side; got {', '.join(assets)}.")
    names = [chain.terms.venue for chain in chains]
    if "" in names or any(":" in name for name in names):
        raise InputError(
            f"each chain must say its venue; got {names}. Name it: chain.with_terms(venue='my venue')."
        )
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise InputError(
            f"two chains are of {twice[0]}, and a contract has one quote: leave one out, or tell two products apart by "
            f"chain.with_terms(venue='{twice[0]} linear')."
        )
    money = {chain.terms.currency for chain in chains}
    if len(money) > 1 and not money <= _DOLLARS:
        raise InputError(
            f"chains must be in one currency, or in dollars of any kind; got {', '.join(sorted(money))}."
        )
    old, new = (f(chains, key=lambda chain: chain.as_of) for f in (min, max))
    if new.as_of - old.as_of > within:
        told = ", ".join(
            f"{chain.terms.venue} of {chain.as_of:%Y-%m-%d %H:%M:%S} UTC" for chain in (old, new)
        )
        raise InputError(
            f"the chains must be of one time, {within} apart at most; got {told}. Take them together, or say how old "
            "quotes may be: consolidated(chains, within='1h')."
        )
    low, high = (f(chains, key=lambda chain: chain.spot) for f in (min, max))
    if high.spot > (1.0 + FURTHEST_SPOTS) * low.spot:
        raise InputError(
            f"{high.asset} is at {high.spot:,.8g} on {high.terms.venue} and at {low.spot:,.8g} on {low.terms.venue}: more "
            f"than {FURTHEST_SPOTS:.0%} apart, these are not quotes of one time."
        )
