"""`Backtest`: what a replay did and what it answers, proven against its own ledger."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging import _extras
from hedging._ground.cells import formatted
from hedging._ground.counts import number_of
from hedging._ground.shown import Shown, plain
from hedging._ground.tables import Page, named_texts
from hedging.backtest import answers
from hedging.backtest.costs import attribution, costs, rolls_of
from hedging.backtest.cover import Bare, uncovered
from hedging.backtest.funding import Span
from hedging.backtest.ledger import Entry, ledger_frame
from hedging.backtest.remarks import delivered, remarks
from hedging.backtest.rules import Rules
from hedging.backtest.state import Strategy
from hedging.backtest.tape import Tape
from hedging.book import Book

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Backtest", "Point"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, repr=False)
class Point(Shown):
    """The book at one snapshot, after its trades.

    Attributes
    ----------
    time : Timestamp
    index, equity : float
        Price of the underlying; value of all that is held. [money]
    coins, cash : float
        Balances. [coins], [money]
    options, linear : float
        Marks of options; gains of perpetuals and futures. [money]
    """

    time: pd.Timestamp
    index: float
    equity: float
    coins: float
    cash: float
    options: float
    linear: float


@dataclass(frozen=True, eq=False, repr=False)
class Backtest(Shown):
    """One run of one strategy.

    Attributes
    ----------
    name : str
    tape : Tape
    strategy : Strategy
    rules : Rules
    start, end : Book
        Before the first snapshot's trades and after the last one's.
    start_value : float
        Value of `start` at the first snapshot. [money]
    entries : tuple of Entry
        The ledger.
    points : tuple of Point
        One a snapshot.
    counts : mapping
        How often each rule changed, refused or watched something.
    marks : mapping
        How many marks came from the venue, a mid, a bid, the smile and so on.
    waits : mapping
        What the strategy last said in whole, by each reason to wait that `counts` counts.
    other_delivery : float, optional
        What would have been added by the other edge of the hour as delivery price, trades unchanged; None where no
        delivery price was one of an hour bar. [coins]
    ended : str
        Why the run ends where it does.
    holding : Backtest, optional
        The same book without the strategy; None where that is this run itself.
    first : int
        Number of the first snapshot on the tape.
    margin : str
        Which accounts were margined by whose rules, in words; empty without any.
    unfunded : tuple of (Timestamp, Timestamp)
        From when to when perpetuals were held and no funding is known, which counted as 0.
    unmargined : Timestamp or None
        From when on the book could have owed more than it was worth, without an account; see
        `hedging.backtest.owing.could_owe`.
    own : tuple of Entry
        The flows of what the strategy has traded, as if the book had come with none of the same contracts: those
        that `rolls` counts.
    left : mapping
        What of it is still held at the end is worth, by contract; of perpetuals and futures the gain. [money]
    """

    name: str
    tape: Tape
    strategy: Strategy
    rules: Rules
    start: Book
    end: Book
    start_value: float
    entries: tuple[Entry, ...]
    points: tuple[Point, ...]
    counts: Mapping[str, int] = field(default_factory=dict)
    marks: Mapping[str, int] = field(default_factory=dict)
    waits: Mapping[str, str] = field(default_factory=dict)
    other_delivery: float | None = None
    ended: str = ""
    holding: Backtest | None = None
    first: int = 0
    margin: str = ""
    unfunded: tuple[Span, ...] = ()
    unmargined: pd.Timestamp | None = None
    own: tuple[Entry, ...] = ()
    left: Mapping[str, float] = field(default_factory=dict)

    # --- curves -----------------------------------------------------------------------------------------

    @cached_property
    def times(self) -> pd.DatetimeIndex:
        """Times of the snapshots, UTC."""
        return self.tape.times[self.first : self.first + len(self.points)]

    @cached_property
    def index(self) -> Array:
        """Index price at each snapshot. [money]"""
        return np.array([point.index for point in self.points])

    @cached_property
    def equity(self) -> pd.Series:
        """Value of the book at each snapshot, after its trades. [money]"""
        return pd.Series([point.equity for point in self.points], index=self.times, name=self.name)

    @property
    def equity_in_coin(self) -> pd.Series:
        """The same in coins of the underlying. [coins]"""
        return self.equity / self.index

    @property
    def held(self) -> pd.Series:
        """Value of the same book without the strategy, from its bankruptcy on as it was then. [money]"""
        values = (self if self.holding is None else self.holding).equity.to_numpy()[: len(self.points)]
        values = np.pad(values, (0, len(self.points) - len(values)), mode="edge")
        return pd.Series(values, index=self.times, name="hold")

    def to_frame(self) -> pd.DataFrame:
        """One row a snapshot: ``index, equity, equity in coin, coins, cash, options, linear, held``."""
        table = pd.DataFrame([asdict(point) for point in self.points]).set_index("time")
        table.insert(2, "equity in coin", table["equity"] / table["index"])
        return self._labelled(table.assign(held=self.held.to_numpy()))

    def _labelled(self, table: pd.DataFrame) -> pd.DataFrame:
        """A table of quotes that no market made says so in a column of its own, wherever it is written."""
        return table if self.tape.kind == "recorded" else table.assign(quotes=self.tape.kind)

    # --- what happened ------------------------------------------------------------------------------------

    @property
    def ledger(self) -> pd.DataFrame:
        """One row a cash flow; see `Entry`."""
        return self._labelled(ledger_frame(self.entries))

    @property
    def trades(self) -> pd.DataFrame:
        """The rows of the ledger that changed a position, with the fee of each. [coins or money as paid]"""
        rows, table = [], self.ledger
        for place, entry in enumerate(self.entries):
            if entry.kind in ("open", "close", "liquidation"):
                after = self.entries[place + 1] if place + 1 < len(self.entries) else None
                paid = after if after is not None and after.kind in ("fee", "liquidation fee") else None
                rows.append((place, 0.0 if paid is None else -paid.value))
        found = table.iloc[[place for place, _ in rows]].reset_index(drop=True)
        return found.assign(fee=[fee for _, fee in rows])

    @cached_property
    def rolls(self) -> pd.DataFrame:
        """One row a leg of each overlay, from its opening to its end; see `hedging.backtest.costs.rolls_of`."""
        return self._labelled(rolls_of(self))

    @cached_property
    def costs(self) -> pd.DataFrame:
        """What the strategy cost, by kind; see `hedging.backtest.costs.costs`."""
        return costs(self)

    def attribution(self) -> pd.DataFrame:
        """Why the equity changed, Greek by Greek; see `hedging.backtest.costs.attribution`."""
        return attribution(self)

    # --- numbers ------------------------------------------------------------------------------------------

    @property
    def total_return(self) -> float:
        """Last equity over the value before the first trade. [1]"""
        return float(self.equity.iloc[-1] / self.start_value - 1.0)

    @property
    def total_return_in_coin(self) -> float:
        """The same counted in coins. [1]"""
        return float(self.equity_in_coin.iloc[-1] / (self.start_value / self.index[0]) - 1.0)

    @property
    def advantage(self) -> float:
        """Return above that of holding. [1]"""
        return float((self.equity.iloc[-1] - self.held.iloc[-1]) / self.start_value)

    @cached_property
    def drawdown(self) -> answers.Drawdown:
        """Deepest fall of the equity from a high, that before the first trade included."""
        curve = self.equity.to_numpy().copy()
        curve[0] = max(curve[0], self.start_value)
        return answers.drawdown(curve, self.times)

    @property
    def protection(self) -> pd.DataFrame:
        """What the strategy did in the worst periods of holding; see `hedging.backtest.answers.protection`."""
        return answers.protection(self.equity.to_numpy(), self.held.to_numpy())

    @property
    def crash(self) -> answers.Crash:
        """The deepest fall of holding, and what the strategy made of it."""
        return answers.crash(self.equity.to_numpy(), self.held.to_numpy(), self.times)

    @property
    def uncovered(self) -> Bare:
        """Time without an overlay, and how much of the underlying it covered; see `hedging.backtest.cover.Bare`."""
        return uncovered(self)

    @property
    def deliveries(self) -> dict[str, int]:
        """How many settlements took their delivery price from where."""
        return delivered(self.entries)

    @property
    def remarks(self) -> list[str]:
        """What must be known beside the numbers, in sentences."""
        return remarks(self)

    @property
    def turnover(self) -> float:
        """Premium that changed hands, as a multiple of the mean equity, a year; NaN where that is none. [1/year]"""
        flows = sum(abs(entry.value) for entry in self.entries if entry.kind in ("open", "close"))
        mean = float(self.equity.mean())
        return answers.per_year(flows / mean, self.times) if mean > 0 else math.nan

    def numbers(self) -> dict[str, Any]:
        """The summary's numbers by name, unrounded; shares as decimals."""
        curve = self.equity.to_numpy()
        hours, share, cover = self.uncovered
        value_at_risk, shortfall = answers.tails(curve)
        fall, cost = self.drawdown, self.costs["money"]
        return {
            "return": self.total_return,
            "return a year": answers.yearly(self.total_return, self.times),
            "return in coin": self.total_return_in_coin,
            "against holding": self.advantage,
            "vol a year": answers.vol(curve, self.times),
            "max drawdown": fall.depth,
            "drawdown from": fall.high,
            "drawdown to": fall.low,
            "VaR 95 %": value_at_risk,
            "ES 95 %": shortfall,
            "coins at the end": float(self.equity_in_coin.iloc[-1]),
            "money at the end": float(curve[-1]),
            **{f"{name} a year": answers.per_year(float(cost[name]), self.times) for name in cost.index},
            "turnover a year": self.turnover,
            "hours without overlay": hours,
            "share without overlay": share,
            "mean cover": cover,
            "other delivery": math.nan if self.other_delivery is None else self.other_delivery,
        }

    @property
    def summary(self) -> pd.Series:
        """The answers in words and numbers, one a row."""
        found, crash = self.numbers(), self.crash
        percent = {
            name: formatted(found[name], "+.2%")
            for name in ("return", "return a year", "return in coin", "against holding")
        }
        fall = self.drawdown
        back = f"back {fall.back:%Y-%m-%d}" if fall.back is not None else "not back"
        rows: dict[str, Any] = {
            "from": f"{self.times[0]:%Y-%m-%d %H:%M}",
            "to": f"{self.times[-1]:%Y-%m-%d %H:%M}; {self.ended}",
            **percent,
            "vol a year": formatted(found["vol a year"], ".1%"),
            "max drawdown": f"{fall.depth:.2%}, {fall.high:%Y-%m-%d} to {fall.low:%Y-%m-%d}, {back}"
            if fall.depth < 0
            else "none",
            "VaR, ES 95 % of a period": ", ".join(
                formatted(found[f"{tail} 95 %"], ".2%") for tail in ("VaR", "ES")
            ),
            "at the end": f"{found['money at the end']:,.2f} {self.tape.currency} = "
            f"{found['coins at the end']:.6f} {self.tape.asset}",
        }
        for name in self.costs.index:
            rows[f"{name} a year"] = formatted(
                found[f"{name} a year"], ",.0f", f" {self.tape.currency} against holding"
            )
        rows["crash of holding"] = (
            f"{crash.held:.1%} from {crash.start:%Y-%m-%d} to {crash.end:%Y-%m-%d}; with the strategy {formatted(crash.strategy, '.1%')}"
            if crash.held < 0
            else "none"
        )
        for share, row in self.protection.iterrows():
            both = (f"{who} {formatted(row[who], '.2%')}" for who in ("held", "strategy"))
            rows[f"worst {share:.0%} of periods"] = ", ".join(both)
        hours, share, cover = self.uncovered
        rows["turnover a year"] = formatted(found["turnover a year"], ".2f", " times the equity in premium")
        mean = "" if math.isnan(cover) else f"; in the mean {cover:.1%} of the underlying covered"
        rows["without overlay"] = f"{hours:.1f} h ({share:.1%} of the time){mean}"
        rows["delivery prices"] = (
            "; ".join(f"{source} {count}" for source, count in self.deliveries.items()) or "none was needed"
        )
        if self.other_delivery is not None:
            rows["the hour's other edge as delivery price"] = self._other_edge(self.other_delivery)
        if self.margin or self.unmargined:
            rows["margin"] = self.margin or "not looked at: no account"
        rows["marks"] = ", ".join(f"{kind} {count}" for kind, count in sorted(self.marks.items())) or "none"
        rows["counted"] = (
            "; ".join(f"{what} {count}" for what, count in sorted(self.counts.items())) or "nothing"
        )
        rows["reconciled"] = (
            f"{number_of(len(self.entries), 'entry')} at {number_of(len(self.points), 'snapshot')}"
        )
        return pd.Series(rows, name=self.name)

    def _other_edge(self, coins: float) -> str:
        shift = coins * self.index[-1] / self.start_value
        edge = "open" if self.rules.delivery == "close" else "close"
        return f"{edge}: return {self.total_return + shift:+.2%} ({coins:+.6f} {self.tape.asset})"

    # --- forms --------------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON knows it; what is no number is null."""
        found = {
            "name": self.name,
            "asset": self.tape.asset,
            "currency": self.tape.currency,
            "quotes": self.tape.kind,
            "files": list(self.tape.sources),
            "rules": self.rules.to_dict(),
            "margin": self.margin,
            "ended": self.ended,
            "numbers": self.numbers(),
            "protection": self.protection.reset_index().to_dict("records"),
            "crash": asdict(self.crash) | {"captured": self.crash.captured},
            "costs": self.costs.reset_index().to_dict("records"),
            "counts": dict(self.counts),
            "marks": dict(self.marks),
            "waits": dict(self.waits),
            "delivery": sorted({entry.source for entry in self.entries if entry.source}),
            "delivery prices": self.deliveries,
            "unfunded": self.unfunded,
            "unmargined": self.unmargined,
            "remarks": self.remarks,
            "rolls": self.rolls.to_dict("records"),
            "ledger": [asdict(entry) for entry in self.entries],
            "points": [asdict(point) for point in self.points],
            "held": self.held.tolist(),
        }
        known: dict[str, Any] = plain(found)
        return known

    def to_json(self) -> str:
        """`to_dict` as text."""
        return json.dumps(self.to_dict(), indent=1, allow_nan=False)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Equity beside holding; see `hedging.plots.equity`."""
        axes: Axes = _extras.open_room("plots").equity([self], ax=ax)
        return axes

    def _page(self) -> Page:
        return Page(self._head(), (named_texts(dict(self.summary)), *self.remarks))

    def _head(self) -> str:
        said = "" if self.tape.kind == "recorded" else f" on {self.tape.kind} quotes"
        return f"Backtest of {self.name} on {self.tape.asset}{said}"
