"""Tail risk of gains and losses, what drives them, what would have to happen for a given loss; when to hedge again."""

from hedging._ground.kinds import guarded as _guarded
from hedging.risk.attribution import attribution, profile
from hedging.risk.over_time import over_time
from hedging.risk.promise import Promise
from hedging.risk.rebalancing import (
    Band,
    leland_number,
    leland_vol,
    next_trade_prices,
    rebalancing_lots,
    rebalancing_trade,
    whalley_wilmott,
    zakamouline,
)
from hedging.risk.reverse_stress import ReverseStress, reverse_stress
from hedging.risk.tails import (
    expected_shortfall,
    shortfall_contributions,
    student_t_risk,
    tail_risk,
    value_at_risk,
    value_at_risk_contributions,
)

__all__ = [
    "Band",
    "Promise",
    "ReverseStress",
    "attribution",
    "expected_shortfall",
    "leland_number",
    "leland_vol",
    "next_trade_prices",
    "over_time",
    "profile",
    "rebalancing_lots",
    "rebalancing_trade",
    "reverse_stress",
    "shortfall_contributions",
    "student_t_risk",
    "tail_risk",
    "value_at_risk",
    "value_at_risk_contributions",
    "whalley_wilmott",
    "zakamouline",
]

_guarded(globals())
