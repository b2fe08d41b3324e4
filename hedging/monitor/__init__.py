"""After the plan: what earned what, when a limit breaks, and what to roll into.

A plan lives for weeks. `explain` says which Greek earned how much between two real chains; `watch` holds a plan
against every new chain and tells transitions only; `levels_of` says ahead where each limit breaks next; `roll` sets
keeping an overlay beside what could replace it.
"""

from hedging._ground.kinds import guarded as _guarded
from hedging.monitor.choices import Choice, Roll
from hedging.monitor.execution import Execution, Slice, Stage, Step, execution
from hedging.monitor.explain import explain, explain_over
from hedging.monitor.explanation import PARTS, Explanation
from hedging.monitor.levels import Level
from hedging.monitor.log import Log, open_log
from hedging.monitor.next_trades import NextTrade, NextTrades, next_trades
from hedging.monitor.programme import Decision, Held, Programme, programme, programme_of
from hedging.monitor.renewal import RollDate, roll_dates
from hedging.monitor.roll import roll
from hedging.monitor.rules import Rules, read_rules
from hedging.monitor.watch import Event, State, Watch, levels_of, watch
from hedging.monitor.worth import Worth, worth

__all__ = [
    "PARTS",
    "Choice",
    "Decision",
    "Event",
    "Execution",
    "Explanation",
    "Held",
    "Level",
    "Log",
    "NextTrade",
    "NextTrades",
    "Programme",
    "Roll",
    "RollDate",
    "Rules",
    "Slice",
    "Stage",
    "State",
    "Step",
    "Watch",
    "Worth",
    "execution",
    "explain",
    "explain_over",
    "levels_of",
    "next_trades",
    "open_log",
    "programme",
    "programme_of",
    "read_rules",
    "roll",
    "roll_dates",
    "watch",
    "worth",
]

_guarded(globals())
