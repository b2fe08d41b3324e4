"""Pictures of what the other modules returned; nothing is computed here.

Every function takes `ax` (or makes one through pyplot), returns what it drew on, shows nothing, and leaves
the settings of matplotlib as they were.
"""

from hedging._ground.kinds import guarded as _guarded
from hedging.plots.backtests import (
    backtest,
    cost_against_protection,
    equity,
    holdings,
    rolls,
    underwater,
    waterfall,
)
from hedging.plots.explorer import Explorer, explore
from hedging.plots.heatmaps import heatmap, payoff_table
from hedging.plots.monitors import explanation
from hedging.plots.orders import depth, order_book, orders
from hedging.plots.payoffs import payoff
from hedging.plots.plans import frontier
from hedging.plots.quotes import overlays, smile, surface, term_structure
from hedging.plots.risks import attribution, distribution, greeks_profile, headroom, over_time
from hedging.plots.scenarios import crash_fan, pnl_paths
from hedging.plots.screens import decision, drawdowns, ranking, rolling_alpha
from hedging.plots.style import money

__all__ = [
    "Explorer",
    "attribution",
    "backtest",
    "cost_against_protection",
    "crash_fan",
    "decision",
    "depth",
    "distribution",
    "drawdowns",
    "equity",
    "explanation",
    "explore",
    "frontier",
    "greeks_profile",
    "headroom",
    "heatmap",
    "holdings",
    "money",
    "order_book",
    "orders",
    "over_time",
    "overlays",
    "payoff",
    "payoff_table",
    "pnl_paths",
    "ranking",
    "rolling_alpha",
    "rolls",
    "smile",
    "surface",
    "term_structure",
    "underwater",
    "waterfall",
]

_guarded(globals())
