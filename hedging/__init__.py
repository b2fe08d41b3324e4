"""Options-overlay hedging of a falling position: Greeks, a proven planner, crash scenarios.

>>> import hedging as hg
>>> round(hg.greeks.price("p", spot=100, strike=95, time_to_expiry=0.25, rate=0.03, vol=0.6), 4)
8.9482

Rooms and names load when they are first used, so that the import stays light.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hedging import (
        backtest,
        book,
        errors,
        greeks,
        margin,
        market,
        overlays,
        paths,
        planner,
        plots,
        risk,
        samples,
        scenario,
        units,
        venues,
    )
    from hedging.backtest import read_tape
    from hedging.book import Book, Exposure, Holding, read_book
    from hedging.errors import (
        ChainError,
        HedgingError,
        InfeasibleHedgeError,
        InputError,
        MissingExtraError,
        SolverError,
        VenueError,
    )
    from hedging.market import ContractTerms, Future, Market, Option, OptionChain, Perpetual, Spot
    from hedging.paths import Paths, crash_path, grid
    from hedging.planner import HedgePlan, Limits, Outright, Target, read_plan
    from hedging.planner.frontier import frontier
    from hedging.planner.plan import plan
    from hedging.venues import read_chain, read_chains

__version__ = "0.1.0"

_HOME = {
    "backtest": ("read_tape",),
    "book": ("Book", "Exposure", "Holding", "read_book"),
    "errors": (
        "ChainError",
        "HedgingError",
        "InfeasibleHedgeError",
        "InputError",
        "MissingExtraError",
        "SolverError",
        "VenueError",
    ),
    "market": ("ContractTerms", "Future", "Market", "Option", "OptionChain", "Perpetual", "Spot"),
    "paths": ("Paths", "crash_path", "grid"),
    "planner": ("HedgePlan", "Limits", "Outright", "Target", "frontier", "plan", "read_plan"),
    "venues": ("read_chain", "read_chains"),
}
_NAMES = {name: room for room, names in _HOME.items() for name in names}
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
    "backtest",
    "book",
    "crash_path",
    "errors",
    "frontier",
    "greeks",
    "grid",
    "margin",
    "market",
    "overlays",
    "paths",
    "plan",
    "planner",
    "plots",
    "read_book",
    "read_chain",
    "read_chains",
    "read_plan",
    "read_tape",
    "risk",
    "samples",
    "scenario",
    "units",
    "venues",
]


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name in _NAMES:
        value: object = getattr(import_module(f"hedging.{_NAMES[name]}"), name)
        globals()[name] = value
        return value
    if name in __all__:  # the rest are rooms
        return import_module(f"hedging.{name}")
    raise AttributeError(f"module 'hedging' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
