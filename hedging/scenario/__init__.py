"""What a book and its overlay come to in every scenario: full revaluation, leg by leg, date by date.

`run` revalues every leg on the moved surface, settles on the path what expires on the way, and keeps the
position and the overlay apart. `payoff` and `table` are the same over grids.
"""

from hedging._ground.kinds import guarded as _guarded
from hedging.scenario.draw import draw
from hedging.scenario.hindsight import predicted_against_actual
from hedging.scenario.resample import resample
from hedging.scenario.result import ScenarioResult
from hedging.scenario.risk_neutral import risk_neutral
from hedging.scenario.rule import rule_of
from hedging.scenario.run import by_speed, payoff, run, table

__all__ = [
    "ScenarioResult",
    "by_speed",
    "draw",
    "payoff",
    "predicted_against_actual",
    "resample",
    "risk_neutral",
    "rule_of",
    "run",
    "table",
]

_guarded(globals())
