"""After the plan: what earned what, when a limit breaks, and what to roll into.

A plan lives for weeks. `explain` says which Greek earned how much between two real chains; `watch` holds a plan
against every new chain and tells transitions only; `roll` sets keeping an overlay beside what could replace it.
"""

from hedging.monitor.explain import explain, explain_over
from hedging.monitor.explanation import PARTS, Explanation

__all__ = ["PARTS", "Explanation", "explain", "explain_over"]
