"""Overlays on what is held: puts, spreads, collars, covered calls, a short perpetual; side by side."""

from hedging._ground.kinds import guarded as _guarded
from hedging.overlays._picking import FAR, MONTH, Tolerance
from hedging.overlays.compare import compare
from hedging.overlays.compared import RALLIES, Compared, nearly_capped
from hedging.overlays.over_strikes import over_strikes, over_strikes_shown
from hedging.overlays.overlay import Overlay, Overlays
from hedging.overlays.overlays import (
    collar,
    covered_call,
    of_contracts,
    protective_put,
    put_spread,
    put_spread_collar,
    short_perpetual,
    zero_cost_collar,
)
from hedging.overlays.spreads import backspread, calendar, diagonal, seagull
from hedging.overlays.standard import STRUCTURES, standard

__all__ = [
    "FAR",
    "MONTH",
    "RALLIES",
    "STRUCTURES",
    "Compared",
    "Overlay",
    "Overlays",
    "Tolerance",
    "backspread",
    "calendar",
    "collar",
    "compare",
    "covered_call",
    "diagonal",
    "nearly_capped",
    "of_contracts",
    "over_strikes",
    "over_strikes_shown",
    "protective_put",
    "put_spread",
    "put_spread_collar",
    "seagull",
    "short_perpetual",
    "standard",
    "zero_cost_collar",
]

_guarded(globals())
