"""What an overlay cost and why: roll by roll, by kind of cost, by Greek."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd

from hedging import greeks
from hedging.backtest.ledger import MOVES_POSITION, Entry
from hedging.backtest.tape import Tape
from hedging.book.book import Book
from hedging.market.contracts import Option, Spot
from hedging.risk.attribution import ATTRIBUTED
from hedging.units import VOL_POINT, years

__all__ = ["attribution", "costs", "rolls_of"]

DUST = 1e-9  # contracts
ENDS = ("close", "settle", "liquidation")
KINDS = ("spread", "fees", "funding", "options", "outright")
FEES = ("fee", "delivery fee", "liquidation fee")


class Replayed(Protocol):
    """What is read of a backtest here; its fields by the same names."""

    @property
    def tape(self) -> Tape: ...
    @property
    def start(self) -> Book: ...
    @property
    def start_value(self) -> float: ...
    @property
    def entries(self) -> tuple[Entry, ...]: ...
    @property
    def own(self) -> tuple[Entry, ...]: ...
    @property
    def left(self) -> Mapping[str, float]: ...
    @property
    def points(self) -> Sequence[Any]: ...
    @property
    def first(self) -> int: ...
    @property
    def times(self) -> pd.DatetimeIndex: ...
    @property
    def equity(self) -> pd.Series[float]: ...
    @property
    def holding(self) -> Replayed | None: ...
    @property
    def held(self) -> pd.Series[float]: ...
    @property
    def rolls(self) -> pd.DataFrame: ...


def rolls_of(run: Replayed) -> pd.DataFrame:
    """One row a leg of each overlay.

    Returns
    -------
    DataFrame
        ``opened, ended`` (NaT: still held), ``how`` it ended, ``instrument, quantity`` [contracts], ``price``
        and ``end price`` [as quoted; what a settlement paid], ``delivery`` [money], ``coin, money``: all its
        flows, fees included, and the mark of what is still held in ``left`` [money]. Contracts of the same name
        that the book came with are another's: selling those opens a leg, whose gain begins at its price.
    """
    rows: list[dict[str, object]] = []
    open_rows: dict[str, list[dict[str, object]]] = defaultdict(list)
    left: dict[str, float] = defaultdict(float)
    for entry in run.own:
        if entry.kind in MOVES_POSITION:
            option = entry.instrument in run.tape.symbols
            left[entry.instrument] += entry.quantity if option else entry.outright_units
        if entry.kind == "open":
            row: dict[str, object] = {
                "opened": entry.time, "ended": pd.NaT, "how": "held", "instrument": entry.instrument,
                "quantity": entry.quantity, "price": entry.price, "end price": math.nan, "delivery": math.nan,
                "coin": 0.0, "money": 0.0, "left": math.nan,
            }  # fmt: skip
            rows.append(row)
            open_rows[entry.instrument].append(row)
        elif entry.kind in ENDS and abs(left[entry.instrument]) <= DUST:
            for row in (each for each in open_rows[entry.instrument] if each["how"] == "held"):
                row |= {"ended": entry.time, "how": entry.kind, "end price": entry.price}
                row["delivery"] = entry.index if entry.kind == "settle" else math.nan
        last = open_rows[entry.instrument][-1]
        last["coin"] = float(last["coin"]) + entry.coin  # type: ignore[arg-type]
        last["money"] = float(last["money"]) + entry.money  # type: ignore[arg-type]
    for symbol, value in run.left.items():
        open_rows[symbol][-1]["left"] = value
    columns = ["opened", "ended", "how", "instrument", "quantity", "price", "end price", "delivery"]
    table = pd.DataFrame(rows, columns=[*columns, "coin", "money", "left"])
    for name in ("opened", "ended"):
        table[name] = pd.to_datetime(table[name], utc=True)
    return table


def costs(run: Replayed) -> pd.DataFrame:
    """What the strategy did to the equity, by kind; the rows sum to the gain over holding.

    Returns
    -------
    DataFrame
        Index ``spread, fees, funding, options, outright, revaluation``; ``money`` [at the index of each flow's
        own time] and ``coin``. A cost is negative. ``options`` is what premium decayed to or paid, at the middle
        of the quotes; ``outright`` the gains of perpetuals and futures; ``revaluation`` what coins gained or
        lost by it were worth more or less in the end. [money], [coins]
    """
    found = _by_kind(run)
    if run.holding is not None:
        found -= _by_kind(
            run.holding
        )  # what the start book's own contracts did happened without the strategy too
    gained = 0.0 if run.holding is None else float(run.equity.iloc[-1] - run.held.iloc[-1])
    total = pd.Series({"money": gained, "coin": gained / run.points[-1].index})
    found.loc["revaluation"] = total - found.sum()
    return found if run.holding is not None else found * 0.0


def _by_kind(run: Replayed) -> pd.DataFrame:
    """Flows of a ledger by kind, each at its own index, and the marks of what is left."""
    names = {held.instrument.symbol for held in run.start.holdings if isinstance(held.instrument, Option)}
    names |= {entry.instrument for entry in run.entries if entry.instrument in run.tape.symbols}
    last = run.points[-1]
    added = [(_kind(entry, names), entry.value, entry.index) for entry in run.entries if _counts(entry, run)]
    for entry in run.entries:
        side = "options" if entry.instrument in names else "outright"
        added += [("spread", -entry.half_spread, entry.index), (side, entry.half_spread, entry.index)]
    added += [("options", last.options, last.index), ("outright", last.linear, last.index)]
    money, coin = dict.fromkeys(KINDS, 0.0), dict.fromkeys(KINDS, 0.0)
    for kind, value, index in added:
        money[kind] += value
        coin[kind] += value / index
    return pd.DataFrame({"money": money, "coin": coin}).rename_axis("kind")


def _counts(entry: Entry, run: Replayed) -> bool:
    """Whether an entry is a gain or a cost: buying the coin itself for money is neither."""
    return entry.instrument != run.tape.asset or entry.kind in FEES


def _kind(entry: Entry, options: set[str]) -> str:
    if entry.kind in FEES:
        return "fees"
    if entry.kind == "funding":
        return "funding"
    return "options" if entry.instrument in options else "outright"


def attribution(run: Replayed) -> pd.DataFrame:
    """Why the equity changed between snapshots, Greek by Greek.

    Returns
    -------
    DataFrame
        Index the time of each period's end; ``spot`` (coins, perpetuals and futures with the index), the Greeks
        of the options held, ``funding``, ``execution`` (spread and fees of the trades), ``unexplained``, and
        ``total``, the change of equity. The columns before it sum to it. [money]

    Notes
    -----
    Between two snapshots an option moves by its Greeks at the first one's mark vol times the moves of the index,
    of its own mark vol and of time, as in `hedging.risk.attribution`; what its marks or its delivery price say
    beyond is unexplained.
    """
    moves = {name: np.zeros(len(run.points)) for name in ("spot", *ATTRIBUTED[:6], "funding", "execution")}
    positions = _positions(run)
    for number in range(1, len(run.points)):
        before = run.points[number - 1]
        change = run.points[number].index - before.index
        moves["spot"][number] = before.coins * change
        for symbol, units in positions[number - 1].items():
            parts = _option_moves(run, number, symbol) if units and symbol in run.tape.symbols else None
            if parts is None:
                moves["spot"][number] += 0.0 if symbol in run.tape.symbols else units * change
                continue
            for name, part in parts.items():
                moves[name][number] += units * part
    ends = np.searchsorted(run.times.asi8, [entry.time.value for entry in run.entries])
    for entry, number in zip(run.entries, ends, strict=True):
        if entry.kind == "funding":
            moves["funding"][number] += entry.value
        elif entry.kind in FEES:
            moves["execution"][number] += entry.value
        moves["execution"][number] -= entry.half_spread
    table = pd.DataFrame(moves, index=run.times)
    total = np.diff(run.equity.to_numpy(), prepend=run.start_value)
    table["unexplained"] = total - table.sum(axis=1).to_numpy()
    return table.assign(total=total)


def _positions(run: Replayed) -> list[dict[str, float]]:
    """Signed units of every contract after each snapshot, from the ledger."""
    units: dict[str, float] = defaultdict(float)
    for held in run.start.holdings:
        if not isinstance(held.instrument, Spot):
            units[held.instrument.symbol] += held.units
    multiplier = run.tape.terms(0).multiplier
    found, place = [], 0
    for time in run.times:
        while place < len(run.entries) and run.entries[place].time <= time:
            entry = run.entries[place]
            if entry.kind in MOVES_POSITION and entry.instrument != run.tape.asset:
                option = entry.instrument in run.tape.symbols
                left = units[entry.instrument]
                left += entry.quantity * multiplier if option else entry.outright_units
                units[entry.instrument] = left if abs(left) > 1e-12 else 0.0
            place += 1
        found.append({symbol: each for symbol, each in units.items() if each})
    return found


def _option_moves(run: Replayed, number: int, symbol: str) -> dict[str, float] | None:
    """What each Greek explains of one unit of an option between two snapshots; None where it had no quote."""
    place = run.first + number
    before, after = run.tape.quote(place - 1, symbol), run.tape.quote(place, symbol)
    option = run.tape.option(place - 1, symbol)
    if before is None or option is None or not before.mark_vol > 0:
        return None
    start, end = run.times[number - 1], min(run.times[number], option.expiry)
    spot = run.points[number - 1].index
    time = years(start, option.expiry)
    carry = math.log(before.forward / spot) / time
    rate = carry if option.terms.settlement == "coin" else 0.0
    found = greeks.greeks(
        option.flag, spot, option.strike, time, rate, before.mark_vol, rate - carry, names=ATTRIBUTED[:6]
    )
    change = run.points[number].index - spot
    moved = (
        (after.mark_vol - before.mark_vol) / VOL_POINT if after is not None and after.mark_vol > 0 else 0.0
    )
    days = (end - start) / pd.Timedelta(days=1)
    each = {name: float(getattr(found, name)) for name in ATTRIBUTED[:6]}
    return {
        "delta": each["delta"] * change,
        "gamma": 0.5 * each["gamma"] * change**2,
        "vega": each["vega"] * moved,
        "vanna": each["vanna"] * change * moved,
        "volga": 0.5 * each["volga"] * moved**2,
        "theta": each["theta"] * days,
    }
