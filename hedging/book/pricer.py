"""What one unit of an instrument is worth, now and in every scenario, and its Greeks now.

Legs that expire on the way settle on the path at their own expiry: a coin payoff stays coin and moves with
spot from then on, a cash payoff stays money. Where paths say so, what expires at 08:00 UTC settles at the mean
of spot over the half hour before (`hedging.book.settlement`). Nothing here knows quantities or signs; `book`
does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hedging._ground import clock
from hedging._ground.shown import Shown
from hedging._numerics import kernels, revaluation
from hedging._numerics.american_table import Tables
from hedging._numerics.types import Array, Rows
from hedging.book._node import Node, OptionNodes, Roll, carry_of, log_growth, moves_of, options_of
from hedging.book.early import with_early_exercise
from hedging.book.linear import SHORTEST_YEARS, future_terms, linear_value
from hedging.book.settlement import AVERAGED, averaged_value, is_averaged, mean_spot, sd_share
from hedging.errors import InputError
from hedging.market.contracts import Future, Instrument, Linear, Option
from hedging.market.market import Market
from hedging.market.option_table import OptionTable
from hedging.market.smile import Smile
from hedging.paths.paths import Paths, today
from hedging.units import DAYS_PER_YEAR

__all__ = ["GREEKS", "Pricer", "time_left", "unit_values", "unit_values_now"]


GREEKS = ("price", "delta", "gamma", "vega", "theta", "rho", "vanna", "volga", "charm")
# Nodes from which loading the compiled loops pays.
COMPILED = 10_000


def unit_values_now(
    instruments: Sequence[Instrument], entries: Sequence[float | None], market: Market
) -> Array:
    """Today's value of one unit of underlying of each instrument, shape (instruments,). [money]

    Perpetuals and futures are worth their gain since `entries`; options their mark.
    """
    return np.asarray(unit_values(instruments, entries, market, today())[0, 0])


def unit_values(
    instruments: Sequence[Instrument], entries: Sequence[float | None], market: Market, paths: Paths
) -> Array:
    """Value of one unit of underlying of each instrument at every node.

    Parameters
    ----------
    instruments : sequence of Instrument
        All on the market's asset.
    entries : sequence of float
        Entry price of each, in money; used by perpetuals and futures only.
    market : Market
    paths : Paths

    Returns
    -------
    ndarray, shape (scenarios, dates, instruments)
        [money]

    Raises
    ------
    InputError
        If an instrument is of another asset or has expired already.
    """
    return Pricer.of(instruments, entries, market, nodes=paths.spot.size).values(paths)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Pricer(Shown):
    """All that values some instruments of one asset in any scenario, small enough to send to a worker.

    Attributes
    ----------
    instruments : tuple of Instrument
    entries : ndarray, shape (instruments,)
        NaN where unknown. [money]
    spot : float
        Today's. [money]
    funding_8h : float
        What longs of a perpetual pay per 8 hours now. [share of spot]
    smile : Smile
    options : OptionTable
        The options among the instruments.
    premiums : dict
        Tables of what early exercise is worth, which American options share.
    option_columns : tuple of int
        Where they stand.
    futures : dict of int to (float, float)
        Time to expiry and carry of the dated futures, by where they stand. [years], [1/year]
    averaged : ndarray of bool, shape (options,)
        Whether each option settles at an average where paths have it.
    roll : bool
        Whether options are bought anew when they expire; otherwise they lapse.
    half_spread : ndarray, shape (options,)
        Half of today's spread of each option, where they roll; see `roll_costs`. [share of spot]
    compiled : bool
        Whether options are valued by the compiled loop, where numba is installed. It agrees with numpy to
        rounding, so that the choice is made once for all scenarios of a run.
    """

    instruments: tuple[Instrument, ...]
    entries: Array
    spot: float
    funding_8h: float
    smile: Smile
    options: OptionTable
    option_columns: tuple[int, ...]
    futures: dict[int, tuple[float, float]]
    half_spread: Array
    averaged: npt.NDArray[np.bool_]
    premiums: Tables
    roll: bool = False
    compiled: bool = False

    @classmethod
    def of(
        cls,
        instruments: Sequence[Instrument],
        entries: Sequence[float | None],
        market: Market,
        *,
        roll: bool = False,
        nodes: int = 0,
    ) -> Pricer:
        """Look everything up in the market once; `nodes` is the number of scenarios times dates to come.

        Raises
        ------
        InputError
            If an instrument is of another asset or has expired already.
        """
        futures = {}
        for column, item in enumerate(instruments):
            if item.asset != market.asset:
                raise InputError(f"{item.symbol} is not on {market.asset}, the asset of the chain.")
            if isinstance(item, Future):
                futures[column] = future_terms(item, market)
        options = {column: item for column, item in enumerate(instruments) if isinstance(item, Option)}
        return cls(
            instruments=tuple(instruments),
            entries=np.array(entries, dtype=float),
            spot=market.spot,
            funding_8h=market.funding_8h,
            smile=market.smile,
            options=market.table(list(options.values())),
            option_columns=tuple(options),
            futures=futures,
            half_spread=np.array([market.half_spread(item) for item in options.values() if roll])
            / market.spot,
            averaged=np.array([is_averaged(item) for item in options.values()], dtype=bool),
            premiums=market.premiums,
            roll=roll,
            # Whoever switches the compiled kernels off means these too.
            compiled=nodes >= max(COMPILED, kernels.COMPILED),
        )

    def values(self, paths: Paths) -> Array:
        """Value of one unit of each instrument at every node, shape (scenarios, dates, instruments). [money]

        Scenarios lie side by side in memory, so that a leg's values are one sweep.
        """
        values = np.empty((len(self.instruments), paths.days.size, len(paths)))
        self._into(values, paths)
        return values.transpose(2, 1, 0)

    def total(self, paths: Paths, units: Array) -> Array:
        """Value of some units of every instrument together at every node, shape (scenarios, dates). [money]

        What each is worth by itself is kept for one expiry and date at a time: a thousand legs over every turn of a
        path would be gigabytes.
        """
        spot = np.ascontiguousarray((self.spot * paths.spot).T)
        total = np.zeros(spot.shape)
        held = units[list(self.option_columns)]
        for date in range(paths.days.size if self.option_columns else 0):
            for rows, values in self._on(Node.of(paths, date, spot[date], self.spot), paths):
                # Not by BLAS, whose sums may depend on how many threads there are.
                total[date] += np.einsum("i,ij->j", held[rows], values)
        for column, item in enumerate(self.instruments):
            if not isinstance(item, Option):
                total += units[column] * self._linear(column, item, spot, paths)
        return total.T

    def values_on(self, paths: Paths, dates: Rows) -> Array:
        """Value of one unit of each instrument on one date of each scenario, shape (scenarios, instruments). [money]

        What most of the nodes of `values` would be, where few are asked for, is not computed.
        """
        out = np.empty((len(paths), len(self.instruments)))
        for date in np.unique(dates).tolist():
            here = np.flatnonzero(dates == date)
            some = paths.select(here.tolist())
            spot = np.ascontiguousarray((self.spot * some.spot).T)
            values = np.empty((len(self.instruments), here.size))
            self._options_into(values, Node.of(some, date, spot[date], self.spot), some)
            for column, item in enumerate(self.instruments):
                if not isinstance(item, Option):
                    values[column] = self._linear(column, item, spot, some)[date]
            out[here] = values.T
        return out

    def _into(self, values: Array, paths: Paths) -> None:
        """Write the values at some scenarios, shape (instruments, dates, scenarios)."""
        spot = np.ascontiguousarray((self.spot * paths.spot).T)
        for date in range(paths.days.size if self.option_columns else 0):
            self._options_into(values[:, date], Node.of(paths, date, spot[date], self.spot), paths)
        for column, item in enumerate(self.instruments):
            if not isinstance(item, Option):
                values[column] = self._linear(column, item, spot, paths)

    def options_at(self, paths: Paths, date: int) -> OptionNodes:
        """What margin rules ask about every option on one date, expired ones included."""
        spot = np.ascontiguousarray(self.spot * paths.spot[:, date])
        node = Node.of(paths, date, spot, self.spot)
        shape = (len(self.option_columns), spot.size)
        forward, vol, value = np.full(shape, np.nan), np.full(shape, np.nan), np.empty(shape)
        for time, rows in self._expiries(node.day):
            if time > SHORTEST_YEARS:
                leg = options_of(self.options, rows, time, node, self.smile)
                moves = moves_of(node, time, coin=bool(self.options.coin[rows[0]]))
                carry = carry_of(self.options, rows, time, node, self.smile)
                forward[rows] = np.exp(carry[:, None] * time) * moves.spot / moves.money
                vol[rows] = revaluation.vol(leg, moves)
                value[rows] = self._value(rows, time, node, paths)
            else:
                value[rows] = self._settled(rows, node, paths)
        return OptionNodes(time_left(self.options.time_to_expiry, node.day), forward, vol, value)

    def linear_values(self, paths: Paths) -> Array:
        """Value of one unit of each instrument that is no option, shape (such instruments, dates, scenarios)."""
        spot = np.ascontiguousarray((self.spot * paths.spot).T)
        found = [
            self._linear(column, item, spot, paths)
            for column, item in enumerate(self.instruments)
            if not isinstance(item, Option)
        ]
        return np.array(found).reshape(len(found), *spot.shape)

    def _expiries(self, day: float) -> Iterator[tuple[float, Rows]]:
        """Time left to each expiry, and the options that have it; those settled in coin, and American ones, by themselves."""
        remaining = self.options.time_to_expiry - day / DAYS_PER_YEAR
        coins, americans = self.options.coin, self.options.american
        kinds = zip(remaining.tolist(), coins.tolist(), americans.tolist(), strict=True)
        for time, coin, american in sorted(set(kinds)):
            yield time, np.flatnonzero((remaining == time) & (coins == coin) & (americans == american))

    def _options_into(self, values: Array, node: Node, paths: Paths) -> None:
        """Write the value of every option on one date into `values`, shape (instruments, scenarios)."""
        columns = np.array(self.option_columns, dtype=np.intp)
        for rows, found in self._on(node, paths):
            values[columns[rows]] = found

    def _on(self, node: Node, paths: Paths) -> Iterator[tuple[Rows, Array]]:
        """The options of each expiry, and their values on one date, shape (options, scenarios)."""
        for time, rows in self._expiries(node.day):
            clock.look()
            if time > SHORTEST_YEARS:
                yield rows, self._value(rows, time, node, paths)
            elif self.roll:
                yield rows, self._rolled(rows, node, paths)
            else:
                yield rows, self._settled(rows, node, paths)

    def _settled(self, rows: Rows, node: Node, paths: Paths) -> Array:
        """Value of options that have expired on the way, shape (rows, scenarios)."""
        table = self.options
        expiry_day = float(table.time_to_expiry[rows[0]]) * DAYS_PER_YEAR
        settled = self._settlement(rows, min(expiry_day, node.day), paths)[:, node.date]
        payoff = np.maximum(table.sign[rows, None] * (settled - table.strike[rows, None]), 0.0)
        # A coin payoff is a number of coins: payoff / settled of them, each worth spot today.
        coins = np.where(table.coin[rows, None], node.spot / settled, 1.0)
        return np.asarray(payoff * coins)

    def _settlement(self, rows: Rows, day: float, paths: Paths) -> Array:
        """Price at which options that expire on `day` settle, shape (scenarios, dates). [money]"""
        average = paths.averaged and bool(self.averaged[rows[0]])
        return self.spot * mean_spot(paths, max(day - AVERAGED, 0.0) if average else day, day)

    def _rolled(self, rows: Rows, node: Node, paths: Paths) -> Array:
        """Value of options that were bought anew whenever they expired, shape (rows, scenarios).

        At the model's value; `roll_costs` come on top. The new one has the old one's flag, tenor and moneyness. Values scale with spot and strike alike, so
        an option struck at another level is the old one, in money of that level.
        """
        table = self.options
        sign, strike, coin = table.sign[rows, None], table.strike[rows, None], table.coin[rows, None]
        level, account = np.ones_like(node.spot), np.zeros((rows.size, node.spot.size))
        for roll in self._rolls(rows, node, paths):
            payoff = np.maximum(sign * (roll.settled - strike * level), 0.0)
            # Kept as coins where coins are paid, as money elsewhere.
            account = account + payoff / np.where(coin, roll.settled, 1.0)
            account = account - roll.premium / np.where(coin, roll.spot, 1.0)
            level, expiry = roll.spot / self.spot, roll.next_expiry
        scaled = replace(node, spot=node.spot / level, log_ratio=np.log(node.spot / level / self.spot))
        alive = self._value(rows, expiry - node.day / DAYS_PER_YEAR, scaled) * level
        return np.asarray(account * np.where(coin, node.spot, 1.0) + alive)

    def _rolls(self, rows: Rows, node: Node, paths: Paths) -> Iterator[Roll]:
        """Every expiry up to a node of options that have expired at least once by then."""
        tenor = float(self.options.time_to_expiry[rows[0]])
        expiry, now = tenor, node.day / DAYS_PER_YEAR
        while now - expiry >= -SHORTEST_YEARS:
            day = min(expiry * DAYS_PER_YEAR, node.day)
            spot = self.spot * paths.spot_at(day)[:, node.date]
            spread = paths.spread_at(day)
            there = Node.on_the_way(paths, day, node, np.full_like(spot, self.spot))
            expiry += tenor
            yield Roll(
                spot=spot,
                settled=self._settlement(rows, day, paths)[:, node.date],
                premium=self._value(rows, tenor, there) * (spot / self.spot),
                spread=1.0 if spread is None else spread[:, node.date],
                next_expiry=expiry,
            )

    def roll_costs(self, paths: Paths) -> Array:
        """What buying or selling one unit of each option anew has cost, shape (options, dates, scenarios). [money]

        At each roll half of today's spread as a share of spot, times the spread's multiple there, and the fee
        on the model's premium; as coins from then on where coins are paid.
        """
        costs = np.zeros((len(self.option_columns), paths.days.size, len(paths)))
        for date in range(paths.days.size):
            spot = np.ascontiguousarray(self.spot * paths.spot[:, date])
            node = Node.of(paths, date, spot, self.spot)
            for time, rows in self._expiries(node.day):
                if time <= SHORTEST_YEARS:
                    coin = bool(self.options.coin[rows[0]])
                    paid = sum(
                        self._roll_cost(rows, roll) / (roll.spot if coin else 1.0)
                        for roll in self._rolls(rows, node, paths)
                    )
                    costs[rows, date] = paid * spot if coin else paid
        return costs

    def _roll_cost(self, rows: Rows, roll: Roll) -> Array:
        fees = [self.instruments[self.option_columns[row]].terms.fee for row in rows]
        paid = [fee.per_unit(premium, roll.spot) for fee, premium in zip(fees, roll.premium, strict=True)]
        return np.array(paid) + self.half_spread[rows, None] * roll.spread * roll.spot

    def _value(self, rows: Rows, time: float, node: Node, paths: Paths | None = None) -> Array:
        """Value of options of one expiry that is still ahead, shape (rows, scenarios)."""
        leg = options_of(self.options, rows, time, node, self.smile)
        moves = moves_of(node, time, coin=bool(self.options.coin[rows[0]]))
        if paths is not None and paths.averaged and self.averaged[rows[0]]:
            days_left = time * DAYS_PER_YEAR
            if days_left < AVERAGED:
                return self._in_the_average(rows, days_left, node, paths, revaluation.vol(leg, moves))
            leg = leg._replace(root=leg.root * sd_share(days_left, days_left + node.day))
        value = revaluation.values(leg, moves, compiled=self.compiled)
        if not self.options.american[rows[0]]:
            return value
        carry = carry_of(self.options, rows, time, node, self.smile)
        vol = revaluation.vol(leg, moves)
        ahead = self.options.ahead(node.day / DAYS_PER_YEAR)

        def american(scenarios: Rows | slice, solved: bool) -> Array:
            market = (self.options, rows, time, carry, ahead, self.premiums, solved)
            return with_early_exercise(value[:, scenarios], node.spot[scenarios], vol[:, scenarios], *market)

        found = american(slice(None), solved=False)
        unmoved = node.unmoved
        if unmoved.size:  # to the last digit what exposures show: tables would be cents off
            found[:, unmoved] = american(unmoved[:1], solved=True)
        return found

    def _in_the_average(self, rows: Rows, days_left: float, node: Node, paths: Paths, vol: Array) -> Array:
        """Value of options in their last half hour, of which the path so far is known, shape (rows, scenarios)."""
        begun = max(node.day + days_left - AVERAGED, 0.0)
        # What the half hour had before today is not known: it is taken as today's spot.
        before = AVERAGED - days_left - (node.day - begun)
        walked = self.spot * mean_spot(paths, begun, node.day)[:, node.date]
        known = (before * self.spot + (node.day - begun) * walked) / (AVERAGED - days_left)
        sign, strike = self.options.sign[rows, None], self.options.strike[rows, None]
        return averaged_value(sign, node.spot, strike, known, days_left, vol)

    def _linear(self, column: int, item: Linear, spot: Array, paths: Paths) -> Array:
        """Value of one unit of spot, a perpetual or a future at every node, shape (dates, scenarios)."""
        aged = paths.ageing == "expiry" and isinstance(item, Future)
        grown = log_growth(self.smile, paths.days / DAYS_PER_YEAR, self.spot) if aged else None
        return linear_value(
            item,
            float(self.entries[column]),
            spot,
            paths,
            today=self.spot,
            funding_8h=self.funding_8h,
            future=self.futures.get(column),
            grown=grown,
        )


def time_left(times: Array, day: float) -> Array:
    """Times to expiry as they stand on a day, 0 for what has expired by then. [years]"""
    left = times - day / DAYS_PER_YEAR
    return np.where(left > SHORTEST_YEARS, left, 0.0)
