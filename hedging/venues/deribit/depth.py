"""Deribit's order books as ladders, which a plan may reach into."""

from __future__ import annotations

import pandas as pd

from hedging.book.ladder import Ladder
from hedging.errors import InputError
from hedging.market.chain import OptionChain

__all__ = ["ladders"]


def ladders(depth: pd.DataFrame, chain: OptionChain) -> dict[str, Ladder]:
    """Ladders by symbol, for `hedging.planner.Limits.depth`.

    Parameters
    ----------
    depth : DataFrame
        As `Client.depth` returns it: ``symbol, side, level, price`` [as quoted], ``amount`` [units of underlying].
    chain : OptionChain
        Whose options these are; it knows how many units a contract has.

    Raises
    ------
    InputError
        If a column is missing, a side is neither bid nor ask, or a book is no ladder.

    Examples
    --------
    >>> import hedging as hg
    >>> book = pd.DataFrame({"symbol": "A", "side": ["ask", "ask"], "level": [0, 1], "price": [0.05, 0.06],
    ...                      "amount": [2.0, 5.0]})
    >>> ladders(book, hg.samples.chain())["A"].asks
    ((0.05, 2.0), (0.06, 5.0))
    """
    missing = [name for name in ("symbol", "side", "level", "price", "amount") if name not in depth.columns]
    if missing:
        raise InputError(f"a table of order books needs the columns {', '.join(missing)}; see Client.depth.")
    unknown = sorted(set(depth["side"]) - {"bid", "ask"})
    if unknown:
        raise InputError(f"the side of a level must be 'bid' or 'ask'; got {unknown}.")
    ordered = depth.sort_values("level", kind="stable")
    sides = {
        (symbol, side): tuple(
            (float(price), float(amount) / chain.terms.multiplier)
            for price, amount in zip(rows["price"], rows["amount"], strict=True)
        )
        for (symbol, side), rows in ordered.groupby(["symbol", "side"], sort=False)
    }
    return {
        str(symbol): Ladder(sides.get((symbol, "bid"), ()), sides.get((symbol, "ask"), ()))
        for symbol in dict.fromkeys(depth["symbol"])
    }
