"""What an overlay would have cost and saved: recorded quotes replayed, every coin of it in a ledger that adds up."""

from hedging._ground.kinds import guarded as _guarded
from hedging.backtest.compare import Comparison, Starts, compare, comparing, starts
from hedging.backtest.hedged import banded, pair, planned
from hedging.backtest.indices import bxm, cll, cllz, pput
from hedging.backtest.intervals import deflated_sharpe, interval, superior, walk_forward
from hedging.backtest.ledger import Entry
from hedging.backtest.modelled import (
    SmileShape,
    SpreadShape,
    beside,
    deribit_expiries,
    fit_smile,
    fit_spread,
    modelled,
)
from hedging.backtest.named import STRATEGIES, named
from hedging.backtest.reading import read_tape
from hedging.backtest.rebalance import cost_curve
from hedging.backtest.result import Backtest
from hedging.backtest.rules import Rules
from hedging.backtest.run import run, run_blocks
from hedging.backtest.state import Order, State, Strategy, Wait
from hedging.backtest.strategies import MAKERS, hold, rolled
from hedging.backtest.sweep import sweep
from hedging.backtest.tape import Tape
from hedging.prices.delivery import Delivery, read_delivery
from hedging.risk.rebalancing import (
    leland_vol,
    next_trade_prices,
    rebalancing_trade,
    whalley_wilmott,
    zakamouline,
)

__all__ = [
    "MAKERS",
    "STRATEGIES",
    "Backtest",
    "Comparison",
    "Delivery",
    "Entry",
    "Order",
    "Rules",
    "SmileShape",
    "SpreadShape",
    "Starts",
    "State",
    "Strategy",
    "Tape",
    "Wait",
    "banded",
    "beside",
    "bxm",
    "cll",
    "cllz",
    "compare",
    "comparing",
    "cost_curve",
    "deflated_sharpe",
    "deribit_expiries",
    "fit_smile",
    "fit_spread",
    "hold",
    "interval",
    "leland_vol",
    "modelled",
    "named",
    "next_trade_prices",
    "pair",
    "planned",
    "pput",
    "read_delivery",
    "read_tape",
    "rebalancing_trade",
    "rolled",
    "run",
    "run_blocks",
    "starts",
    "superior",
    "sweep",
    "walk_forward",
    "whalley_wilmott",
    "zakamouline",
]

_guarded(globals())
