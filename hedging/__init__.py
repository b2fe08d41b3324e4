"""Options-overlay hedging of a falling position: Greeks, a proven planner, crash scenarios.

>>> import hedging as hg
>>> round(hg.greeks.price("p", spot=100, strike=95, time_to_expiry=0.25, rate=0.03, vol=0.6), 4)
8.9482

Submodules and names load when they are first used, so that the import stays light.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hedging import (
        book,
        chain,
        errors,
        greeks,
        health,
        instruments,
        legs,
        margin,
        market,
        momentum,
        overlays,
        paths,
        planner,
        plots,
        reactions,
        replays,
        risk,
        samples,
        scenario,
        simulate,
        smile,
        tickets,
        units,
        valuation,
        venues,
    )
    from hedging.book import Book, Exposure, Holding
    from hedging.chain import OptionChain
    from hedging.config import read_book
    from hedging.errors import (
        ChainError,
        HedgingError,
        InfeasibleHedgeError,
        InputError,
        MissingExtraError,
        SolverError,
        VenueError,
    )
    from hedging.instruments import ContractTerms, Future, Option, Perpetual, Spot
    from hedging.market import Market
    from hedging.paths import Paths, crash_path, grid
    from hedging.planner import HedgePlan, Limits, Outright, Target, plan, read_plan
    from hedging.planner.frontier import frontier
    from hedging.venues import read_chain, read_chains

__version__ = "0.1.0"

_HOME = {
    "book": ("Book", "Exposure", "Holding"),
    "chain": ("OptionChain",),
    "config": ("read_book",),
    "errors": (
        "ChainError",
        "HedgingError",
        "InfeasibleHedgeError",
        "InputError",
        "MissingExtraError",
        "SolverError",
        "VenueError",
    ),
    "instruments": ("ContractTerms", "Future", "Option", "Perpetual", "Spot"),
    "market": ("Market",),
    "paths": ("Paths", "crash_path", "grid"),
    "planner": ("HedgePlan", "Limits", "Outright", "Target", "frontier", "plan", "read_plan"),
    "venues": ("read_chain", "read_chains"),
}
_NAMES = {name: module for module, names in _HOME.items() for name in names}
__all__ = [
    "Book",
    "ChainError",
    "ContractTerms",
    "Exposure",
    "Future",
    "HedgePlan",
    "HedgingError",
    "Holding",
    "InfeasibleHedgeError",
    "InputError",
    "Limits",
    "Market",
    "MissingExtraError",
    "Option",
    "OptionChain",
    "Outright",
    "Paths",
    "Perpetual",
    "SolverError",
    "Spot",
    "Target",
    "VenueError",
    "book",
    "chain",
    "crash_path",
    "errors",
    "frontier",
    "greeks",
    "grid",
    "health",
    "instruments",
    "legs",
    "margin",
    "market",
    "momentum",
    "overlays",
    "paths",
    "plan",
    "planner",
    "plots",
    "reactions",
    "read_book",
    "read_chain",
    "read_chains",
    "read_plan",
    "replays",
    "risk",
    "samples",
    "scenario",
    "simulate",
    "smile",
    "tickets",
    "units",
    "valuation",
    "venues",
]


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        value = getattr(import_module(f"hedging.{_NAMES[name]}"), name)
        globals()[name] = value
        return value
    if name in __all__:  # the rest are submodules
        return import_module(f"hedging.{name}")
    raise AttributeError(f"module 'hedging' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
