"""Where spot and vol may go, as arrays: grids, accelerating crashes, Monte Carlo, recorded crashes, momentum.

`Paths` is what scenarios, margin and the planner walk along; `Reaction` says how vol answers a move of spot.
"""

from hedging._ground.kinds import guarded as _guarded
from hedging.paths.assumptions import assumptions
from hedging.paths.crash import crash_path, fan, hitting_time
from hedging.paths.crashes import REPLAYS, Replay, from_prices, replay
from hedging.paths.historical import block_bootstrap, ewma_vol, filtered_historical, garch_vol
from hedging.paths.joint import couple, stress_betas
from hedging.paths.momentum import Momentum, measure, rolling
from hedging.paths.monte_carlo import jump_diffusion, stressed_correlation, student_t
from hedging.paths.paths import Paths, along, grid, join, today
from hedging.paths.reactions import BTC, ETH, STILL, STRESS_BETA, Reaction, measured, tenor_scale, term_weight
from hedging.paths.vol_drift import VolDrift

__all__ = [
    "BTC",
    "ETH",
    "REPLAYS",
    "STILL",
    "STRESS_BETA",
    "Momentum",
    "Paths",
    "Reaction",
    "Replay",
    "VolDrift",
    "along",
    "assumptions",
    "block_bootstrap",
    "couple",
    "crash_path",
    "ewma_vol",
    "fan",
    "filtered_historical",
    "from_prices",
    "garch_vol",
    "grid",
    "hitting_time",
    "join",
    "jump_diffusion",
    "measure",
    "measured",
    "replay",
    "rolling",
    "stress_betas",
    "stressed_correlation",
    "student_t",
    "tenor_scale",
    "term_weight",
    "today",
]

_guarded(globals())
