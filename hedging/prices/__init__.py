"""Prices of many coins, cut at an instant so that no measure can look ahead.

`Prices` holds what a file or a table brought; `Prices.until` alone hands data on, as a `Past` that ends at a
given time. What is odd about a series (restarts, gaps, stale runs, bad prints, late listings) is listed in
``events`` with what was done about it; nothing is ever filled in.
"""

from hedging._ground.kinds import guarded as _guarded
from hedging.prices.bar import Bar
from hedging.prices.cutoff import Disagreement, compare, day_end
from hedging.prices.delivery import Delivery, Settlement, read_delivery
from hedging.prices.events import Event
from hedging.prices.past import Past
from hedging.prices.prices import Prices

__all__ = [
    "Bar",
    "Delivery",
    "Disagreement",
    "Event",
    "Past",
    "Prices",
    "Settlement",
    "compare",
    "day_end",
    "read_delivery",
]

_guarded(globals())
