"""What the rules foresaw against what was quoted, for the options of a book."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from hedging.book.book import Book
from hedging.book.pricer import Pricer
from hedging.errors import InputError
from hedging.market.by_exercise import undiscounted
from hedging.market.chain import OptionChain
from hedging.market.contracts import Option
from hedging.market.ex_dates import Early
from hedging.market.market import Market
from hedging.paths.paths import along
from hedging.paths.reactions import Reaction
from hedging.scenario.rule import rule_of
from hedging.units import days as days_between

__all__ = ["predicted_against_actual"]


def predicted_against_actual(
    book: Book, chains: Sequence[OptionChain], reaction: Reaction | None = None
) -> pd.DataFrame:
    """Foresee the options of a book along the spot path that came, and compare with what was quoted.

    The first chain is today. Spot of the later ones is given to the scenario; vol, skew and forwards are
    foreseen by the rules of `reaction`. The error is what those rules missed.

    Parameters
    ----------
    book : Book
        Options on the chains' asset, quoted in the first chain.
    chains : sequence of OptionChain
        One asset, ascending in time, at least two.
    reaction : Reaction, optional
        By default as fitted for the asset, for a market at the first chain's 30-day vol.

    Returns
    -------
    DataFrame
        One row per chain and option that the chain still quotes, of the whole position [money]: ``as_of, spot,
        option, predicted, actual, error``; the error as ``basis`` (the forward was another), ``vol`` and
        ``mark`` (the venue's mark beside the model at its own vol), which sum to it; ``vol_predicted`` and
        ``vol_actual`` [decimal a year].

    Raises
    ------
    InputError
        If there are fewer than two chains, or they do not ascend in time.
    """
    if len(chains) < 2 or any(b.as_of <= a.as_of for a, b in pairwise(chains)):
        raise InputError("at least two chains are needed, ascending in time.")
    today = Market.of(chains[0])
    held = [item for item in book.of(today.asset) if isinstance(item.instrument, Option)]
    days = np.array([days_between(today.as_of, chain.as_of) for chain in chains])
    log_price = np.log(np.array([chain.spot for chain in chains]) / today.spot)
    paths = along(days, log_price[None, :], ("as it came",), reaction or rule_of(today))
    pricer = Pricer.of([item.instrument for item in held], [item.entry for item in held], today)
    rows = []
    for date, chain in enumerate(chains[1:], start=1):
        nodes = pricer.options_at(paths, date)
        for place, item in enumerate(held):
            found = _quoted(chain, item.instrument)  # type: ignore[arg-type]
            if found is None:
                continue
            predicted = float(nodes.value[place, 0])
            moved = _revalued(found, chain.early, float(nodes.vol[place, 0]))
            model = _revalued(found, chain.early, float(found["mark_vol"]))
            actual = float(found["mark"])
            parts = (actual - predicted, moved - predicted, model - moved, actual - model)
            rows.append(
                {
                    "as_of": chain.as_of,
                    "spot": chain.spot,
                    "option": item.instrument.symbol,
                    "predicted": predicted * item.units,
                    "actual": actual * item.units,
                    **dict(
                        zip(("error", "basis", "vol", "mark"), (p * item.units for p in parts), strict=True)
                    ),
                    "vol_predicted": float(nodes.vol[place, 0]),
                    "vol_actual": float(found["mark_vol"]),
                }
            )
    return pd.DataFrame(rows)


def _quoted(chain: OptionChain, option: Option) -> pd.Series | None:
    quotes = chain.quotes
    same = (
        (quotes["flag"] == option.flag)
        & (quotes["strike"] == option.strike)
        & (quotes["expiry"] == option.expiry)
    )
    rows = quotes[same & quotes["mark"].notna() & quotes["mark_vol"].notna()]
    return None if rows.empty else rows.iloc[0]


def _revalued(quote: pd.Series, early: Early | None, vol: float) -> float:
    """Value of one unit at a quote's own forward and discount, and a stated vol. [money]"""
    row = quote.to_frame().T.infer_objects()
    value = undiscounted(row, pd.Series(vol, index=row.index), ("price",), early)["price"]
    return float(value.iloc[0]) * float(quote["discount"])
