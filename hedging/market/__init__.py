"""What is quoted: contract terms, option chains, their health, the surface through them, what it implies.

An `OptionChain` holds cleaned quotes of one instant, a `Smile` the surface fitted to them, a `Market` both with
spot, forwards and funding: what books, plans and scenarios are valued on.
"""

from hedging._ground.kinds import guarded as _guarded
from hedging.market.chain import FUTURES_COLUMNS, QUOTE_COLUMNS, ChainRules, OptionChain
from hedging.market.consolidated import consolidated
from hedging.market.contracts import (
    CASH_EQUITY,
    ContractTerms,
    Exercise,
    FeeRule,
    Future,
    Instrument,
    Linear,
    Option,
    Perpetual,
    Settlement,
    Spot,
    Ticks,
    option_symbol,
)
from hedging.market.density import density, probability_below, touch_probability
from hedging.market.fitting import fit, fit_ssvi
from hedging.market.health import ChainHealth, VenuesHealth, check, check_venue
from hedging.market.market import Chains, Market, market_of, markets_of
from hedging.market.quoted_vols import quoted_vols
from hedging.market.rich_cheap import fit_quality, rich_cheap
from hedging.market.smile import STICKINESS, Smile, stickiness
from hedging.market.stubs import stub_quotes

__all__ = [
    "CASH_EQUITY",
    "FUTURES_COLUMNS",
    "QUOTE_COLUMNS",
    "STICKINESS",
    "ChainHealth",
    "ChainRules",
    "Chains",
    "ContractTerms",
    "Exercise",
    "FeeRule",
    "Future",
    "Instrument",
    "Linear",
    "Market",
    "Option",
    "OptionChain",
    "Perpetual",
    "Settlement",
    "Smile",
    "Spot",
    "Ticks",
    "VenuesHealth",
    "check",
    "check_venue",
    "consolidated",
    "density",
    "fit",
    "fit_quality",
    "fit_ssvi",
    "market_of",
    "markets_of",
    "option_symbol",
    "probability_below",
    "quoted_vols",
    "rich_cheap",
    "stickiness",
    "stub_quotes",
    "touch_probability",
]

_guarded(globals())
