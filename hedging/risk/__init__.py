"""Tail risk of gains and losses, what drives them, and what would have to happen for a given loss."""

from hedging.risk.tails import (
    ReverseStress,
    attribution,
    expected_shortfall,
    profile,
    reverse_stress,
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
