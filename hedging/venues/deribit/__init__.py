"""Deribit: names, dated terms, recorded files and the live exchange.

>>> from hedging.venues import deribit
>>> deribit.option_terms("BTC", "2026-02-06T00:00Z").settlement
'coin'
"""

from __future__ import annotations

from hedging.venues.deribit.account import book_from_account
from hedging.venues.deribit.depth import ladders, read_depth
from hedging.venues.deribit.live import TEST_URL, URL, Client, fetch_chain
from hedging.venues.deribit.names import Name, parse_name
from hedging.venues.deribit.orders import orders
from hedging.venues.deribit.packages import BLOCK_MINIMUM, block_rfq, combo_orders
from hedging.venues.deribit.rows import chain_from_rows, futures_from_rows
from hedging.venues.deribit.terms import (
    LinearTerms,
    agreed_terms,
    at_account_fees,
    linear_terms,
    option_terms,
    terms_from_instrument,
)

__all__ = [
    "BLOCK_MINIMUM",
    "TEST_URL",
    "URL",
    "Client",
    "LinearTerms",
    "Name",
    "agreed_terms",
    "at_account_fees",
    "block_rfq",
    "book_from_account",
    "chain_from_rows",
    "combo_orders",
    "fetch_chain",
    "futures_from_rows",
    "ladders",
    "linear_terms",
    "option_terms",
    "orders",
    "parse_name",
    "read_depth",
    "terms_from_instrument",
]
