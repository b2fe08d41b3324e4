"""Options-overlay hedging of a falling position: Greeks, a proven planner, crash scenarios.

>>> import hedging as hg
>>> round(hg.greeks.price("p", spot=100, strike=95, time_to_expiry=0.25, rate=0.03, vol=0.6), 4)
8.9482

Rooms and names load when they are first used, so that the import stays light.
"""

from importlib import import_module as _import_module
from types import ModuleType as _ModuleType
from typing import TYPE_CHECKING

from hedging import _extras

if TYPE_CHECKING:
    from hedging import (
        backtest,
        book,
        errors,
        greeks,
        margin,
        market,
        monitor,
        overlays,
        paths,
        planner,
        plots,
        prices,
        report,
        risk,
        samples,
        scenario,
        screen,
        units,
        venues,
    )
    from hedging.backtest import read_tape
    from hedging.book import Book, Exposure, Holding, read_book
    from hedging.errors import (
        ChainError,
        HedgingError,
        InputError,
        MissingExtraError,
        SolverError,
        VenueError,
    )
    from hedging.market import ContractTerms, Future, Market, Option, OptionChain, Perpetual, Spot
    from hedging.monitor.explain import explain
    from hedging.monitor.programme import programme
    from hedging.monitor.roll import roll
    from hedging.monitor.worth import worth
    from hedging.paths import Paths, crash_path, grid
    from hedging.planner import (
        Effort,
        HedgePlan,
        InfeasibleHedgeError,
        Limits,
        Outcomes,
        Outright,
        Target,
        read_plan,
    )
    from hedging.planner.audit import audit
    from hedging.planner.frontier import frontier
    from hedging.planner.plan import plan
    from hedging.prices import Prices
    from hedging.report.save import save
    from hedging.screen import allocation, rotation
    from hedging.venues import read_chain, read_chains, read_prices

__version__ = "0.2.0"

_HOME = {
    "backtest": ("read_tape",),
    "book": ("Book", "Exposure", "Holding", "read_book"),
    "errors": (
        "ChainError",
        "HedgingError",
        "InputError",
        "MissingExtraError",
        "SolverError",
        "VenueError",
    ),
    "market": ("ContractTerms", "Future", "Market", "Option", "OptionChain", "Perpetual", "Spot"),
    "monitor": ("explain", "programme", "roll", "worth"),
    "paths": ("Paths", "crash_path", "grid"),
    "planner": (
        "Effort",
        "HedgePlan",
        "InfeasibleHedgeError",
        "Limits",
        "Outcomes",
        "Outright",
        "Target",
        "audit",
        "frontier",
        "plan",
        "read_plan",
    ),
    "prices": ("Prices",),
    "report": ("save",),
    "screen": ("allocation", "rotation"),
    "venues": ("read_chain", "read_chains", "read_prices"),
}
_NAMES = {name: room for room, names in _HOME.items() for name in names}
__all__ = [
    "Book",
    "ChainError",
    "ContractTerms",
    "Effort",
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
    "Outcomes",
    "Outright",
    "Paths",
    "Perpetual",
    "Prices",
    "SolverError",
    "Spot",
    "Target",
    "VenueError",
    "allocation",
    "audit",
    "backtest",
    "book",
    "crash_path",
    "errors",
    "explain",
    "frontier",
    "greeks",
    "grid",
    "margin",
    "market",
    "monitor",
    "overlays",
    "paths",
    "plan",
    "planner",
    "plots",
    "prices",
    "programme",
    "read_book",
    "read_chain",
    "read_chains",
    "read_plan",
    "read_prices",
    "read_tape",
    "report",
    "risk",
    "roll",
    "rotation",
    "samples",
    "save",
    "scenario",
    "screen",
    "units",
    "venues",
    "worth",
]


def _room(name: str) -> _ModuleType:
    return _import_module(f"hedging.{name}")


def __getattr__(name: str) -> object:
    if name in _NAMES:
        value: object = getattr(_room(_NAMES[name]), name)
        globals()[name] = value
        return value
    if name in __all__:  # the rest are rooms
        return _room(name)
    raise AttributeError(f"module 'hedging' has no attribute {name!r}")


_extras.open_room = _room


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
