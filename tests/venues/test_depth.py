"""Order books of an exchange become ladders in contracts."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from hedging import samples
from hedging.book.ladder import Ladder
from hedging.errors import InputError
from hedging.venues import deribit

BOOK, CHAIN = samples.book(), samples.chain()


def test_books_of_the_exchange_become_ladders_in_contracts():
    terms = deribit.option_terms("SOL_USDC", "2026-03-01T00:00Z")
    chain = replace(CHAIN, terms=terms)
    rows = [("S", "ask", 1, 7.6, 50.0), ("S", "ask", 0, 7.5, 30.0), ("S", "bid", 0, 7.2, 10.0)]
    table = pd.DataFrame(rows, columns=["symbol", "side", "level", "price", "amount"])
    assert deribit.ladders(table, chain) == {"S": Ladder(bids=((7.2, 1.0),), asks=((7.5, 3.0), (7.6, 5.0)))}
    with pytest.raises(InputError, match="'bid' or 'ask'"):
        deribit.ladders(table.assign(side="offer"), chain)
