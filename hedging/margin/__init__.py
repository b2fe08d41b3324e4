"""Whether an account survives: requirements, liquidation prices, top-ups, by dated account models.

A model says what counts as collateral and what must stay; `liquidation_price` and `survive` revalue the
account and look for the first moment at which the one no longer covers the other.
"""

from hedging._ground.kinds import guarded as _guarded
from hedging.margin.account import Account, Margin, MarginModel
from hedging.margin.cross import AccountRules, Cross, CrossPortfolio, Securities, Segregated
from hedging.margin.headroom import Headroom, headroom
from hedging.margin.initial import InitialMargin
from hedging.margin.portfolio import DERIBIT_BTC_2024, DERIBIT_ETH_2026, PortfolioMargin
from hedging.margin.reg_t import RegT
from hedging.margin.rules import rules_of
from hedging.margin.spiral import collateral_quality, deleverage
from hedging.margin.standard import (
    DERIBIT_BTC,
    DERIBIT_BTC_USDC,
    DERIBIT_ETH,
    DERIBIT_ETH_USDC,
    FlatMargin,
    StandardMargin,
)
from hedging.margin.survival import (
    Liquidation,
    Survival,
    assess,
    liquidation_price,
    survive,
    survive_accounts,
)

__all__ = [
    "DERIBIT_BTC",
    "DERIBIT_BTC_2024",
    "DERIBIT_BTC_USDC",
    "DERIBIT_ETH",
    "DERIBIT_ETH_2026",
    "DERIBIT_ETH_USDC",
    "Account",
    "AccountRules",
    "Cross",
    "CrossPortfolio",
    "FlatMargin",
    "Headroom",
    "InitialMargin",
    "Liquidation",
    "Margin",
    "MarginModel",
    "PortfolioMargin",
    "RegT",
    "Securities",
    "Segregated",
    "StandardMargin",
    "Survival",
    "assess",
    "collateral_quality",
    "deleverage",
    "headroom",
    "liquidation_price",
    "rules_of",
    "survive",
    "survive_accounts",
]

_guarded(globals())
