"""Pictures of what the other modules returned; nothing is computed here.

Every function takes `ax` (or makes one through pyplot), returns what it drew on, shows nothing, and leaves
the settings of matplotlib as they were.
"""

from hedging.plots.backtests import (
    backtest,
    cost_against_protection,
    equity,
    rolls,
    underwater,
    waterfall,
)
from hedging.plots.monitors import explanation
from hedging.plots.plans import frontier
from hedging.plots.quotes import overlays, smile, surface
from hedging.plots.risks import attribution, distribution, greeks_profile, headroom
from hedging.plots.scenarios import crash_fan, heatmap, payoff, pnl_paths
from hedging.plots.screens import decision, drawdowns, ranking, rolling_alpha
from hedging.plots.style import money

__all__ = [
    "attribution",
    "backtest",
    "cost_against_protection",
    "crash_fan",
    "decision",
    "distribution",
    "drawdowns",
    "equity",
    "explanation",
    "frontier",
    "greeks_profile",
    "headroom",
    "heatmap",
    "money",
    "overlays",
    "payoff",
    "pnl_paths",
    "ranking",
    "rolling_alpha",
    "rolls",
    "smile",
    "surface",
    "underwater",
    "waterfall",
]
