"""One file an exchange or format: what it publishes becomes an `OptionChain`, its terms dated data."""

from hedging._ground.kinds import guarded as _guarded
from hedging.venues import binance, bybit, deribit, okx
from hedging.venues._files import FORMATS, QuoteFile, read_chain, read_chains, read_snapshots
from hedging.venues._formats import snapshots
from hedging.venues.fetching import fetch_chain
from hedging.venues.funding import read_funding
from hedging.venues.own import write_chain
from hedging.venues.prices import read_prices
from hedging.venues.tickets import TICKETS, venue_ticket

__all__ = [
    "FORMATS",
    "TICKETS",
    "QuoteFile",
    "binance",
    "bybit",
    "deribit",
    "fetch_chain",
    "okx",
    "read_chain",
    "read_chains",
    "read_funding",
    "read_prices",
    "read_snapshots",
    "snapshots",
    "venue_ticket",
    "write_chain",
]

_guarded(globals())
