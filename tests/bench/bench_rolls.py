"""Rolling a put by the tree beside rolling it by the clock: each chosen on the first half of the weeks, judged on the second.

Run it as ``python tests/bench/bench_rolls.py``; it needs the recorded chains beside the project. Once a week a put is
kept, or sold at the bid and another bought at the ask, so that delta lies in its band; what is compared is what that
cost in spread and fees, with what is held at the end sold. The clock buys the first expiry of so many days at a
moneyness and rolls it when fewer than so many are left, or when delta has left the band.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

import hedging as hg
from hedging.backtest import read_tape
from hedging.errors import InputError
from hedging.market import Market
from hedging.monitor import Held, programme
from hedging.units import days

CHAINS = Path(__file__).resolve().parents[3] / "shared" / "data" / "chains"
WEEK = 7
BUY, ROLL, AT = (14, 30, 60, 90), (3, 7, 14, 21), (0.9, 0.95, 1.0)
MENUS, STEPS = ((0.9,), (0.95,), (1.0,), (0.95, 1.0)), (4, 8)


@dataclass(frozen=True)
class Position:
    """Units of a coin and the band of their delta."""

    units: float
    low: float
    high: float


@dataclass(frozen=True)
class Put:
    """Puts that are held: when they expire, their strike, how many."""

    expiry: pd.Timestamp
    strike: float
    units: float


Rule = Callable[[Market, Position, Put | None], Put | None]


def row_of(market: Market, put: Put) -> pd.Series | None:
    """The quote of what is held, None where there is none."""
    q = market.chain.quotes
    rows = q[(q["flag"] == "p") & (q["strike"] == put.strike) & (q["expiry"] == put.expiry)]
    return None if rows.empty else rows.iloc[0]


def crossing(market: Market, put: Put, side: str) -> float:
    """Half spread and fee of trading what is held now, against its mark; a bid that is not there is 0. [money]"""
    row = row_of(market, put)
    if row is None:
        return 0.0
    mark = float(row["mark"])
    price = float(row[side]) if np.isfinite(row[side]) else 0.0
    fee = float(market.chain.terms.fee.per_unit(mark, market.spot))
    return put.units * (abs(price - mark) + fee)


def delta_of(market: Market, position: Position, put: Put | None) -> float:
    """Delta of coins and puts, premium apart. [units]"""
    if put is None:
        return position.units
    row = row_of(market, put)
    if row is None:
        return float("nan")
    option = market.chain.option(row["symbol"])
    return position.units + hg.Book([hg.Holding(option, put.units)]).exposure(market).delta


def kept(market: Market, position: Position, put: Put | None) -> bool:
    return position.low <= delta_of(market, position, put) <= position.high


def clock(buy: float, roll: float, at: float) -> Rule:
    """Roll by the calendar; see the head of the file."""

    def rule(market: Market, position: Position, held: Put | None) -> Put | None:
        left = 0.0 if held is None else days(market.as_of, held.expiry)
        if left >= roll and kept(market, position, held):
            return held
        q = market.chain.quotes
        puts = q[(q["flag"] == "p") & q["ask"].notna() & q["bid"].notna()]
        times = np.array([days(market.as_of, each) for each in puts["expiry"]])
        first = times[times >= buy].min() if (times >= buy).any() else times.max()
        same = puts[times == first]
        row = same.iloc[int((same["strike"] - at * market.spot).abs().argmin())]
        one = delta_of(market, Position(0.0, 0.0, 0.0), Put(row["expiry"], row["strike"], 1.0))
        units = round((position.units - 0.5 * (position.low + position.high)) / -one, 1)
        return Put(row["expiry"], float(row["strike"]), units)

    return rule


def tree(menu: tuple[float, ...], steps: int) -> Rule:
    """The first decision of a programme over so many weeks."""

    def rule(market: Market, position: Position, held: Put | None) -> Put | None:
        book = hg.Book([hg.Holding.spot(market.asset, position.units)])
        target = hg.Target(delta=(position.low, position.high))
        now = None if held is None else Held(days(market.as_of, held.expiry), held.strike, held.units)
        dates = [float(WEEK * step) for step in range(steps + 1)]
        found = programme(book, market, target, dates=dates, moneyness=menu, held=now).first.held
        if found is None or found == now:
            return None if found is None else held
        return Put(
            min(market.chain.quotes["expiry"], key=lambda each: abs(days(market.as_of, each) - found.expiry)),
            found.strike,
            found.units,
        )

    return rule


def cost_of(rule: Rule, markets: Sequence[Market], position: Position) -> tuple[float, int, int]:
    """Money spent on trading, how many rolls, and weeks that ended with delta outside of the band."""
    held, spent, rolls, missed = None, 0.0, 0, 0
    for market in markets:
        if held is not None and held.expiry <= market.as_of:
            held = None
        try:
            wanted = rule(market, position, held)
        except InputError:  # no put keeps the band at some node
            wanted = held
        if wanted != held:
            spent += (crossing(market, held, "bid") if held else 0.0) + (
                crossing(market, wanted, "ask") if wanted else 0.0
            )
            rolls += 1
            held = wanted
        missed += not kept(market, position, held)
    return spent + (crossing(markets[-1], held, "bid") if held else 0.0), rolls, missed


def compared(asset: str, position: Position) -> None:
    """One line a rule: its cost in the half it was chosen on, and in the other."""
    tape = read_tape(CHAINS / f"deribit_{asset.lower()}_daily_20251230_20260531.parquet", asset=asset)
    markets = [Market.of(tape.shared_chain(number)) for number in range(0, len(tape), WEEK)]
    half = len(markets) // 2
    halves = markets[:half], markets[half:]
    print(f"{asset}: {len(halves[0])} weeks to choose, {len(halves[1])} to judge")
    families = {
        "clock": {f"{each}": clock(*each) for each in itertools.product(BUY, ROLL, AT)},
        "tree": {f"{each}": tree(*each) for each in itertools.product(MENUS, STEPS)},
    }
    for family, rules in families.items():
        first = {name: cost_of(rule, halves[0], position) for name, rule in rules.items()}
        # Fewest weeks outside of the band, then the least cost.
        name = min(first, key=lambda each: (first[each][2], first[each][0]))
        second = {each: cost_of(rule, halves[1], position) for each, rule in rules.items()}
        spent, rolls, missed = second[name]
        typical = np.median([cost for cost, _, _ in second.values()])
        print(
            f"  {family:<6}{name:<20} chosen at {first[name][0]:8,.0f} ({first[name][1]} rolls); judged at {spent:8,.0f} "
            f"({rolls} rolls, {missed} weeks outside); median of its family {typical:8,.0f}"
        )


if __name__ == "__main__":
    compared("BTC", Position(25.0, 8.0, 16.0))
    compared("ETH", Position(500.0, 160.0, 320.0))
