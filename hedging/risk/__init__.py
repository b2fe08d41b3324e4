"""Tail risk of gains and losses, what drives them, and what would have to happen for a given loss."""

from hedging.risk.attribution import attribution, profile
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
    "ReverseStress",
    "attribution",
    "expected_shortfall",
    "profile",
    "reverse_stress",
    "shortfall_contributions",
    "student_t_risk",
    "tail_risk",
    "value_at_risk",
    "value_at_risk_contributions",
]
