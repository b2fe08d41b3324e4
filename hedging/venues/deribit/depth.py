"""Deribit's order books as ladders, which a plan may reach into."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pandas as pd

from hedging._ground.file_kinds import kind_of_bytes, kind_of_value
from hedging._ground.reading import MOST_BYTES, foreign, parse_json, read_bytes
from hedging.book.ladder import Ladder
from hedging.errors import InputError
from hedging.market.chain import OptionChain

__all__ = ["ladders", "read_depth"]

COLUMNS = ("symbol", "side", "level", "price", "amount")


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
    missing = [name for name in COLUMNS if name not in depth.columns]
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


def read_depth(path: str | Path) -> pd.DataFrame:
    """Order books from a file: a CSV table as `Client.depth` returns it, or replies of ``get_order_book`` as JSON.

    Parameters
    ----------
    path : str or Path
        One reply, a list of replies, or their ``result`` parts; or the table.

    Returns
    -------
    DataFrame
        ``symbol, side, level, price`` [as quoted], ``amount`` [units of underlying; dollars of inverse futures].

    Raises
    ------
    InputError
        If it cannot be read or is neither.
    """
    data = read_bytes(path, most=MOST_BYTES)
    if data.lstrip()[:1] in (b"{", b"["):
        content = parse_json(data, str(path), finite=True)
        with foreign(f"{path} is no reply of get_order_book"):
            replies = content if isinstance(content, list) else [content]
            if kind := kind_of_value(content):
                raise InputError(f"{path} is {kind}; order books are replies of get_order_book.")
            return pd.DataFrame([row for reply in replies for row in _levels(reply)], columns=list(COLUMNS))
    if not data.strip():
        raise InputError(f"{path} is empty.")
    if (kind := kind_of_bytes(data)) and "order books" not in kind:
        raise InputError(f"{path} is {kind}; order books are a table of {', '.join(COLUMNS)}, unpacked.")
    with foreign(str(path)):
        table = pd.read_csv(io.BytesIO(data))
        missing = [name for name in COLUMNS if name not in table.columns]
        if missing:
            raise InputError(f"a table of order books needs the columns {', '.join(missing)}.")
        return table[list(COLUMNS)].astype({"level": int, "price": float, "amount": float})


def _levels(reply: dict[str, Any]) -> list[tuple[str, str, int, float, float]]:
    book = reply.get("result", reply)
    return [
        (str(book["instrument_name"]), side, level, float(price), float(amount))
        for side, quotes in (("bid", book["bids"]), ("ask", book["asks"]))
        for level, (price, amount) in enumerate(quotes)
    ]
