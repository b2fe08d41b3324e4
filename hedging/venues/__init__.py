"""One file an exchange or format: what it publishes becomes an `OptionChain`, its terms dated data."""

from hedging.venues import deribit
from hedging.venues._files import FORMATS, QuoteFile, read_chain, read_chains, read_snapshots
from hedging.venues._formats import snapshots
from hedging.venues.funding import read_funding
from hedging.venues.own import write_chain
from hedging.venues.prices import read_prices

__all__ = [
    "FORMATS",
    "QuoteFile",
    "deribit",
    "read_chain",
    "read_chains",
    "read_funding",
    "read_prices",
    "read_snapshots",
    "snapshots",
    "write_chain",
]
