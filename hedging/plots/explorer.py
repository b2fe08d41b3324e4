"""Sliders over one book in a notebook: spot, vol, date, acceleration and strike move picture, gains and Greeks."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from hedging import risk, scenario
from hedging._extras import require
from hedging._ground.arguments import takes
from hedging._ground.shown import Shown
from hedging._ground.tables import Page, Table, as_html
from hedging.book.book import Book
from hedging.book.legs import Leg, Legs, Orders, option_leg, orders_of
from hedging.errors import InputError
from hedging.market.contracts import Option
from hedging.market.market import Market, market_of
from hedging.paths import STILL, Paths, crash_path, grid
from hedging.plots.legends import legend
from hedging.plots.saving import save
from hedging.plots.style import (
    HEDGED,
    QUIET,
    UNHEDGED,
    UNHEDGED_DASHES,
    date_text,
    gain_label,
    money_axis,
    note_fills,
    styled,
)
from hedging.scenario import ScenarioResult
from hedging.units import days as days_between

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hedging.market.chain import OptionChain

__all__ = ["Explorer", "explore"]

MOVES: Final = np.linspace(-0.7, 0.7, 57)
USUAL_DAYS: Final = 30.0
FASTEST: Final = 0.01  # log-price per day per day
FARTHEST: Final = 1.5  # in log-price, of what acceleration adds by the date
DEEPEST: Final = 0.97
SIZE: Final = (7.2, 4.0)  # inches


class Explorer(Shown):
    """A book and an overlay under sliders; in a notebook it shows itself, elsewhere it prints its numbers.

    Attributes
    ----------
    spot, vol, date, acceleration, strike : ipywidgets widgets
        Set their ``value`` by hand or by program: relative move of spot by the date, shift of the 30-day vol (0.1 is
        ten points), days from now, log-price per day per day on top of a steady move, strike of the first option of the
        overlay (or of a put on all coins, where no overlay is given; 0 is none).
    """

    def __init__(self, book: Book, market: Market, overlay: Legs | None) -> None:
        widgets = require("ipywidgets", "interactive")
        given = orders_of(overlay)
        self._book, self._market, self._legs, self._made = book, market, given.legs, given.as_of
        self._moved = _moved_leg(book, market, given.legs)
        wide = {"layout": widgets.Layout(width="34em"), "style": {"description_width": "9em"}}
        late = {"continuous_update": False}
        self.spot = widgets.FloatSlider(
            0.0, min=-0.7, max=0.7, step=0.01, readout_format="+.0%", description="spot", **late, **wide
        )
        self.vol = widgets.FloatSlider(
            0.0,
            min=-0.3,
            max=0.6,
            step=0.01,
            readout_format="+.0%",
            description="vol of 30 days",
            **late,
            **wide,
        )
        self.date = widgets.SelectionSlider(options=self._dates(), description="date", **late, **wide)
        self.acceleration = widgets.FloatSlider(
            0.0,
            min=-FASTEST,
            max=FASTEST,
            step=FASTEST / 100,
            readout_format="+.2%",
            description="acceleration/day²",
            **late,
            **wide,
        )
        strikes, first = self._strikes()
        self.strike = widgets.SelectionSlider(
            options=strikes, value=first, description="strike", **late, **wide
        )
        self._table, self._image = widgets.HTML(), widgets.Image(format="png")
        sliders = (self.spot, self.vol, self.date, self.acceleration, self.strike)
        self.widget = widgets.VBox([*sliders, self._table, self._image])
        self.date.observe(self._bound_acceleration, names="value")
        for slider in sliders:
            slider.observe(self._show, names="value")
        self._show()

    @property
    def overlay(self) -> tuple[Leg, ...]:
        """The orders with the strike where it stands."""
        moved = self._moved
        strike = self.strike.value
        if moved is None or not strike:
            return self._legs
        if moved.place is not None and strike == _option(self._legs[moved.place]).strike:
            return self._legs  # at its own price, which may be that of several levels
        leg = option_leg(self._market.chain, moved.symbols[strike], moved.quantity)
        if moved.place is None:
            return (leg, *self._legs)
        return (*self._legs[: moved.place], leg, *self._legs[moved.place + 1 :])

    @property
    def paths(self) -> Paths:
        """The one scenario that the sliders say; vol moves by its own slider alone."""
        day, move = float(self.date.value), float(self.spot.value)
        if day == 0.0:
            return grid([move], [float(self.vol.value)])
        path = crash_path(
            math.log1p(move) / day,
            float(self.acceleration.value),
            day,
            depth=DEEPEST,
            step=day / 20,
            reaction=STILL,
        )
        # Delivered at the price of the slider, as on the curve of the picture, not at the venue's average.
        return replace(path, averaged=False).with_vol_shift(float(self.vol.value))

    @property
    def result(self) -> ScenarioResult:
        """`hedging.scenario.run` of the book and the overlay along `paths`."""
        return scenario.run(self._book, self._market, self.paths, self._orders)

    @property
    def _orders(self) -> Orders | None:
        legs = self.overlay
        return Orders(legs, self._made) if legs else None

    def to_frame(self) -> pd.DataFrame:
        """Where the sliders stand and what it comes to: ``name, value, unit``."""
        result, asset = self.result, self._market.asset
        end = float(result.spot[asset][0, -1])
        hedged = self._book + self.overlay if self.overlay else self._book
        greeks = risk.profile(
            hedged,
            self._market,
            [end / self._market.spot - 1.0],
            day=float(self.date.value),
            vol_shift=float(self.vol.value),
        ).iloc[0]
        money, units = self._market.currency, result.currency
        rows = [
            (f"{asset} spot", end, money),
            ("gain of the position", float(result.position[0, -1]), units),
            ("gain of the overlay", float(result.overlay[0, -1]), units),
            ("gain of both", float(result.total[0, -1]), units),
            ("delta", float(greeks["delta"]), asset),
            ("gamma", float(greeks["gamma"]), f"{asset} per {money}"),
            ("vega", float(greeks["vega"]), f"{money} per vol point"),
            ("theta", float(greeks["theta"]), f"{money} per day"),
        ]
        return pd.DataFrame(rows, columns=["name", "value", "unit"])

    def to_dict(self) -> dict[str, Any]:
        """Sliders and numbers as plain values."""
        table = self.to_frame()
        sliders = {
            name: getattr(self, name).value for name in ("spot", "vol", "date", "acceleration", "strike")
        }
        return {"sliders": sliders, "numbers": dict(zip(table["name"], table["value"], strict=True))}

    def figure(self) -> Figure:
        """The gain over spot on the date, and where the sliders stand on it."""
        from matplotlib.figure import Figure

        day, end = float(self.date.value), self.result
        over = scenario.payoff(
            self._book,
            self._market,
            self._orders,
            spot_moves=MOVES,
            days=[day],
            vol_shift=float(self.vol.value),
        )
        asset = self._market.asset
        with styled():
            figure = Figure(figsize=SIZE, layout="constrained")
            ax = figure.subplots()
            spot = over.spot[asset][:, 0]
            ax.axhline(0.0, color=QUIET, linewidth=0.8)
            ax.plot(
                spot, over.position[:, 0], color=UNHEDGED, linestyle=UNHEDGED_DASHES, label="position alone"
            )
            if over.has_overlay:
                ax.plot(spot, over.total[:, 0], color=HEDGED, label="with overlay")
            at = float(end.spot[asset][0, -1])
            ax.plot([at], [end.total[0, -1]], marker="o", color=HEDGED, linestyle="none", label="sliders")
            ax.set(
                xlabel=f"{asset} spot [{end.money}]",
                title=f"{date_text(self._market.as_of, day)}, vol {100 * self.vol.value:+.0f} points",
            )
            ax.set_ylabel(gain_label(end.currency, end.filled))
            note_fills(ax, end.filled)
            money_axis(ax.xaxis)
            money_axis(ax.yaxis)
            legend(ax)
        return figure

    def _show(self, _change: object = None) -> None:
        self._table.value = as_html(Page("", (self._rows(),)))
        picture = io.BytesIO()
        save(self.figure(), picture, dpi=110, format="png")
        self._image.value = picture.getvalue()

    def _bound_acceleration(self, change: Any) -> None:
        """What acceleration adds by the date stays within what a price can do."""
        most = min(FASTEST, 2.0 * FARTHEST / max(float(change["new"]), 1.0) ** 2)
        with self.acceleration.hold_trait_notifications():
            self.acceleration.min, self.acceleration.max = -most, most
            self.acceleration.step = most / 100

    def _dates(self) -> list[tuple[str, float]]:
        """Every day to the last expiry, and the expiries themselves."""
        held = [item.instrument for item in self._book.holdings]
        ordered = [leg.instrument for leg in self._legs]
        options = [each for each in (*held, *ordered) if isinstance(each, Option)]
        if self._moved is not None:
            options += [self._market.chain.option(next(iter(self._moved.symbols.values())))]
        as_of = self._market.as_of
        expiries = {days_between(as_of, option.expiry) for option in options}
        last = max(expiries, default=USUAL_DAYS)
        days = sorted({*map(float, range(int(last) + 1)), *expiries})
        names: dict[str, float] = {}
        for day in days:
            names[f"{as_of + pd.Timedelta(days=day):%d %b %Y %H:%M}"] = day
        return list(names.items())

    def _strikes(self) -> tuple[list[tuple[str, float]], float]:
        moved = self._moved
        if moved is None:
            return [("none", 0.0)], 0.0
        listed = [(f"{strike:,.10g}", strike) for strike in moved.symbols]
        if moved.place is None:
            return [("none", 0.0), *listed], 0.0
        return listed, _option(self._legs[moved.place]).strike

    def _rows(self) -> Table:
        return Table(self.to_frame(), rows=20)

    def _head(self) -> str:
        return f"{self._market.asset} on {self.date.label} UTC; the sliders show in a notebook"

    def _page(self) -> Page:
        return Page(self._head(), (self._rows(),))

    def _repr_mimebundle_(self, **arguments: Any) -> Any:
        return self.widget._repr_mimebundle_(**arguments)


class _Moved:
    """The option whose strike moves: its place among the legs, its quantity, the contracts it may be."""

    __slots__ = ("place", "quantity", "symbols")

    def __init__(self, place: int | None, quantity: float, symbols: dict[float, str]) -> None:
        self.place, self.quantity, self.symbols = place, quantity, symbols


def _option(leg: Leg) -> Option:
    assert isinstance(leg.instrument, Option)
    return leg.instrument


def _moved_leg(book: Book, market: Market, legs: Sequence[Leg]) -> _Moved | None:
    """The first option ordered, at every strike that is quoted on its side; else a put on all coins."""
    if market.is_bare:
        return None
    for place, leg in enumerate(legs):
        if isinstance(leg.instrument, Option) and leg.instrument.asset == market.asset:
            symbols = _quoted(market, leg.instrument.expiry, leg.instrument.flag, leg.quantity)
            symbols.setdefault(leg.instrument.strike, leg.instrument.symbol)
            return _Moved(place, leg.quantity, dict(sorted(symbols.items())))
    lots = math.floor(
        book.position(market.asset) / market.chain.terms.multiplier / market.chain.terms.lot + 1e-9
    )
    if legs or lots <= 0:
        return None
    expiries = market.chain.expiries
    near = expiries["expiry"].iloc[int((expiries["days"] - USUAL_DAYS).abs().argmin())]
    symbols = _quoted(market, near, "p", 1.0)
    return _Moved(None, lots * market.chain.terms.lot, symbols) if symbols else None


def _quoted(market: Market, expiry: pd.Timestamp, flag: str, quantity: float) -> dict[float, str]:
    """Contracts of an expiry that can be ordered on a side, by strike."""
    quotes = market.chain.quotes
    side = "ask" if quantity > 0 else "bid"
    rows = quotes[(quotes["expiry"] == expiry) & (quotes["flag"] == flag) & quotes[side].notna()]
    found = {}
    for strike, symbol in zip(rows["strike"], rows["symbol"], strict=True):
        try:
            option_leg(market.chain, symbol, quantity)
        except InputError:  # one side alone, or less than a lot
            continue
        found[float(strike)] = str(symbol)
    return dict(sorted(found.items()))


def _one_asset(given: str) -> InputError:
    return InputError(
        f"explore moves one asset, and got {given}: give Book(book.of('BTC')) and the chain of BTC; the sliders of a report "
        "move several by the same share."
    )


def _only_market(chain: Any) -> Market:
    if isinstance(chain, list | tuple | dict):
        raise _one_asset("several chains")
    return market_of(chain)


@takes(book=Book, chain=_only_market, overlay=orders_of)
def explore(book: Book, chain: OptionChain | Market, overlay: Legs | None = None) -> Explorer:
    """Sliders for spot, vol, date, acceleration and strike, with the gains that `hedging.scenario.run` gives.

    Parameters
    ----------
    book : Book
        In the chain's asset.
    chain : OptionChain or Market
    overlay : plan, overlay or legs, optional
        The strike of its first option moves; without one, that of a put on all coins.

    Returns
    -------
    Explorer
        Shows itself in a notebook. Spot goes to its place in a straight line of log-price by the date; acceleration
        comes on top, as in `hedging.crash_path`, and the fall ends at -97 %. What expires is delivered at the price
        of its moment, as on a `hedging.grid`, not at a venue's average of the minutes before.

    Raises
    ------
    MissingExtraError
        Without ipywidgets, which the extra ``interactive`` brings.
    InputError
        If the book holds another asset.
    """
    if len(book.assets) > 1:
        raise _one_asset(f"a book of {' and '.join(book.assets)}")
    market = market_of(chain)
    book.check_assets(market)
    return Explorer(book, market, overlay)
