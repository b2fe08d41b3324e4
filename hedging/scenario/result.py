"""What a scenario run returns: values of every leg at every node, and the views on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from hedging import _extras
from hedging._ground.cells import SIGNED_SHARE, amount, on_day
from hedging._ground.counts import number_of
from hedging._ground.shown import Shown
from hedging._ground.tables import Page, Table
from hedging._numerics.crossings import zeros
from hedging._numerics.types import Array
from hedging.book.entering import Entering, counted_from
from hedging.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Group", "ScenarioResult"]

Group: TypeAlias = Literal["position", "overlay"]

WHOLE_FROM = 10_000
"""Worth of a position from which gains are shown in whole units."""
DUST = 1e-12
"""Share of what a position is worth that is no gain, but what rounding leaves of values that cancel."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ScenarioResult(Shown):
    """Values of every leg in every scenario on every date.

    Attributes
    ----------
    currency : str
        What the values are in: the quote currency, or the asset whose coin they are counted in.
    money : str
        The quote currency, which spot is in.
    days : ndarray, shape (dates,)
        Days from now.
    labels : tuple of str
        One name per scenario.
    spot : dict of str to ndarray, shape (scenarios, dates)
        Spot of each asset. [money]
    spot_now : dict of str to float
        Spot of each asset today. [money]
    legs, groups : tuple of str
        Name of each leg, and whether it belongs to the position or to the overlay.
    start : ndarray, shape (legs,)
        Value today; 0 for a leg of an overlay, whose price and fee are counted in its values. [currency]
    values : ndarray, shape (scenarios, dates, legs)
        Of an overlay's leg less what was paid for it; see `worth`. [currency]
    exit_cost : ndarray, shape (scenarios, dates), optional
        Half the spreads that closing all options would cost, the spreads of today times what they have widened by;
        see `leaving`. [currency]
    exit_cost_now : float
        The same today. [currency]
    remarks : tuple of str
        What is assumed that may surprise: at what options settle, and rules that were fitted to another asset.
    entering : Entering or None
        From what the overlay's orders cost to what they gain at once, before anything moves; None without any.
    as_of : Timestamp or None
        When day 0 was, UTC.
    filled : Timestamp or None
        When the orders of a plan on older quotes were filled, from when their gains count; None where all count from day 0.
    paid : dict of str to ndarray, shape (legs,)
        What the orders of each leg paid, fees included, by what it is in: the quote currency, or an asset's coins.
    """

    currency: str
    money: str
    days: Array
    labels: tuple[str, ...]
    spot: dict[str, Array]
    spot_now: dict[str, float]
    legs: tuple[str, ...]
    groups: tuple[Group, ...]
    start: Array
    values: Array
    exit_cost: Array | None = None
    exit_cost_now: float = 0.0
    remarks: tuple[str, ...] = ()
    entering: Entering | None = None
    as_of: pd.Timestamp | None = None
    filled: pd.Timestamp | None = None
    paid: Mapping[str, Array] = field(default_factory=dict)

    @property
    def pnl(self) -> Array:
        """Gain since today, of orders filled before since then, shape (scenarios, dates, legs). [currency]"""
        return np.asarray(self.values - self.start)

    @property
    def worth(self) -> Array:
        """Value of each leg by itself, whatever was paid for it, shape (scenarios, dates, legs). [currency]"""
        found = np.array(self.values)
        for unit, amounts in self.paid.items():
            rate = self.spot.get(unit, np.ones(1)) / self.spot.get(self.currency, np.ones(1))
            paid = rate[..., None] * amounts
            found += paid
            found[np.abs(found) <= DUST * np.abs(paid)] = 0.0  # what expired is worth nothing
        return found

    @property
    def position(self) -> Array:
        """Gain of the position alone, shape (scenarios, dates). [currency]"""
        return self._gain("position")

    @property
    def overlay(self) -> Array:
        """Gain of the overlay, what it cost included, shape (scenarios, dates). [currency]"""
        return self._gain("overlay")

    @property
    def total(self) -> Array:
        """Gain of both together, shape (scenarios, dates). [currency]"""
        return self.position + self.overlay

    @property
    def has_overlay(self) -> bool:
        """Whether there is anything to compare the position with."""
        return "overlay" in self.groups

    @property
    def base(self) -> float:
        """Value of the position today, of which shares are taken. [currency]"""
        return float(sum(v for v, group in zip(self.start, self.groups, strict=True) if group == "position"))

    def _gain(self, group: Group) -> Array:
        gain = np.zeros(self.values.shape[:2])
        for leg, belongs_to in enumerate(self.groups):
            if belongs_to == group:
                gain += self.values[:, :, leg] - self.start[leg]
        gain[np.abs(gain) <= DUST * abs(self.base)] = 0.0
        return gain

    def breakevens(self) -> Array:
        """Spots of the first asset at which both together have gained nothing on the last date, ascending. [money]

        Straight lines between scenarios, in the order of their spot: of a `payoff`, where its line crosses zero.
        """
        spot, gain = next(iter(self.spot.values()))[:, -1], self.total[:, -1]
        order = np.argsort(spot, kind="stable")
        return zeros(spot[order], gain[order])

    def in_coin(self, asset: str | None = None) -> ScenarioResult:
        """Return the same result counted in coins of `asset`, each node at its own spot.

        Raises
        ------
        InputError
            If the asset is not part of the result, or the result is in coin already.
        """
        asset = asset or next(iter(self.spot), "")
        if asset not in self.spot or self.currency in self.spot:
            raise InputError(
                f"a result in {self.currency} over {', '.join(self.spot)} has no version in coins of {asset!r}."
            )
        return replace(
            self,
            currency=asset,
            start=self.start / self.spot_now[asset],
            values=self.values / self.spot[asset][:, :, None],
            exit_cost=None if self.exit_cost is None else self.exit_cost / self.spot[asset],
            exit_cost_now=self.exit_cost_now / self.spot_now[asset],
            entering=None if self.entering is None else self.entering.in_coin(asset, self.spot_now[asset]),
        )

    def leaving(self) -> pd.DataFrame:
        """Cost of closing every option today, and where it is dearest on the way, by scenario.

        Returns
        -------
        DataFrame
            Index ``scenario``; ``today``, ``at worst``, ``on day`` and the ``multiple``; NaN where no option is
            quoted. [currency]
        """
        cost = np.zeros_like(self.position) if self.exit_cost is None else self.exit_cost
        worst = cost.max(axis=1)
        return pd.DataFrame(
            {
                "today": self.exit_cost_now,
                "at worst": worst,
                "on day": self.days[cost.argmax(axis=1)],
                "multiple": worst / self.exit_cost_now if self.exit_cost_now else np.nan,
            },
            index=pd.Index(self.labels, name="scenario"),
        )

    def to_frame(self) -> pd.DataFrame:
        """One row per scenario, day and leg: ``scenario, day, leg, group, value, pnl``; as `worth` and `pnl`. [currency]"""
        scenarios, dates, legs = self.values.shape
        return pd.DataFrame(
            {
                "scenario": np.repeat(np.array(self.labels, dtype=object), dates * legs),
                "day": np.tile(np.repeat(self.days, legs), scenarios),
                "leg": np.tile(np.array(self.legs, dtype=object), scenarios * dates),
                "group": np.tile(np.array(self.groups, dtype=object), scenarios * dates),
                "value": self.worth.ravel(),
                "pnl": self.pnl.ravel(),
            }
        )

    def summary(self) -> pd.DataFrame:
        """One row per scenario: gains at the end, and the worst on the way, of position and both.

        Returns
        -------
        DataFrame
            Index ``scenario``; ``<asset> end`` as a relative move; ``position``, ``overlay``, ``both`` at
            the last date; ``position worst``, ``both worst`` over all dates with ``worst day`` of both.
            [currency]
        """
        total = self.total
        columns: dict[str, Array] = {
            f"{asset} end": spot[:, -1] / self.spot_now[asset] - 1.0 for asset, spot in self.spot.items()
        }
        columns["position"] = self.position[:, -1]
        if self.has_overlay:
            columns |= {"overlay": self.overlay[:, -1], "both": total[:, -1]}
        columns["position worst"] = self.position.min(axis=1)
        if self.has_overlay:
            columns["both worst"] = total.min(axis=1)
        columns["worst day"] = self.days[total.argmin(axis=1)]
        return pd.DataFrame(columns, index=pd.Index(self.labels, name="scenario"))

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain lists, for JSON."""
        return {
            "currency": self.currency,
            "units": {"gain": self.currency, "spot": f"{self.money} per unit", "days": "from now"},
            "days": self.days.tolist(),
            "base": self.base,
            "exit_cost_now": self.exit_cost_now,
            "remarks": list(self.remarks),
            "entering": None if self.entering is None else self.entering.to_dict(),
            "filled": None if self.filled is None else self.filled.isoformat(),
            "scenarios": [
                {
                    "label": label,
                    "spot": {asset: spot[i].tolist() for asset, spot in self.spot.items()},
                    "position": self.position[i].tolist(),
                    "overlay": self.overlay[i].tolist(),
                    "both": self.total[i].tolist(),
                    "exit_cost": None if self.exit_cost is None else self.exit_cost[i].tolist(),
                    "legs": {leg: self.pnl[i, :, j].tolist() for j, leg in enumerate(self.legs)},
                }
                for i, label in enumerate(self.labels)
            ],
        }

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the gains over time; see `hedging.plots.pnl_paths`."""
        axes: Axes = _extras.open_room("plots").pnl_paths(self, ax=ax)
        return axes

    def _head(self) -> str:
        return (
            f"{number_of(len(self.labels), 'scenario')} x {number_of(self.days.size, 'date')} x {number_of(len(self.legs), 'leg')}; gains in "
            f"{self.currency} on a position worth {amount(self.base, self.currency)} today"
        )

    def _notes(self) -> tuple[str, ...]:
        """What entering and leaving cost, and the remarks."""
        entering = () if self.entering is None else (self._entered(self.entering),)
        if not self.exit_cost_now:
            return (*entering, *self.remarks)
        dearest = self.leaving().sort_values("at worst").iloc[-1]
        form = "{:,.0f}" if abs(self.base) >= WHOLE_FROM else "{:,.4f}"
        cost = (
            f"closing all options costs {form.format(self.exit_cost_now)} {self.currency} in half spreads today, "
            f"{form.format(dearest['at worst'])} at worst ({dearest.name}, {on_day(self.as_of, dearest['on day'])})"
        )
        return (*entering, cost, *self.remarks)

    def _entered(self, entering: Entering) -> str:
        if self.filled is None or self.as_of is None:
            return f"the overlay gains {entering}"
        return f"the overlay gained {entering.gained} by now; gains: {counted_from(self.as_of, self.filled)}"

    def _page(self) -> Page:
        table = self.summary().reset_index()
        table["worst day"] = [on_day(self.as_of, day) for day in table["worst day"]]
        units = {name: self.currency for name in table if name not in ("scenario", "worst day")}
        units |= {f"{asset} end": SIGNED_SHARE for asset in self.spot}
        gains = [str(name) for name, unit in units.items() if unit == self.currency]
        if abs(self.base) >= WHOLE_FROM:
            table[gains] = table[gains].round(0)
        return Page(self._head(), (Table(table, units), *self._notes()))
