"""Bottom performers: which coins decline, why, and whether to hedge, rotate, reduce or leave.

`run` measures every coin at an instant and gives verdicts by stated rules; `history` says what each measure
and verdict was followed by in the past. A screen shows what is. It does not forecast: on recorded prices past
losers do not go on losing, and only risk ranks risk.
"""

from hedging._ground.kinds import guarded as _guarded
from hedging.screen import allocation, rotation
from hedging.screen.basket import Basket, basket
from hedging.screen.evidence import false_discovery
from hedging.screen.history import History, history
from hedging.screen.rolling import drawdowns, rolling_alpha
from hedging.screen.rotation import Decision, Pair, decide, pair
from hedging.screen.rules import VERDICTS, Rules
from hedging.screen.screen import Screen, Verdict, Vote, run

__all__ = [
    "VERDICTS",
    "Basket",
    "Decision",
    "History",
    "Pair",
    "Rules",
    "Screen",
    "Verdict",
    "Vote",
    "allocation",
    "basket",
    "decide",
    "drawdowns",
    "false_discovery",
    "history",
    "pair",
    "rolling_alpha",
    "rotation",
    "run",
]

_guarded(globals())
