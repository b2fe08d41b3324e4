"""Standard overlays on what is held: puts, spreads, collars, covered calls, a short perpetual; side by side."""

from hedging.overlays._picking import Overlay
from hedging.overlays.compare import compare, shown
from hedging.overlays.overlays import (
    collar,
    covered_call,
    protective_put,
    put_spread,
    put_spread_collar,
    short_perpetual,
    standard,
    zero_cost_collar,
)

__all__ = [
    "Overlay",
    "collar",
    "compare",
    "covered_call",
    "protective_put",
    "put_spread",
    "put_spread_collar",
    "short_perpetual",
    "shown",
    "standard",
    "zero_cost_collar",
]
