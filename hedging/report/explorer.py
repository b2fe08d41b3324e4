"""The interactive part: what the template shows without scripting, and the numbers that its script moves over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np

from hedging.report.blocks import Explorer
from hedging.report.grid import Array, Grid
from hedging.report.subject import Subject
from hedging.report.words import HARD_SPACE, amount, day_name, exact, per_cent, signed
from hedging.units import GREEK_UNITS

__all__ = ["TINT", "explorer", "tint"]

ROWS: Final = (0.4, 0.3, 0.2, 0.1, 0.05, 0.0, -0.05, -0.1, -0.15, -0.2, -0.3, -0.4, -0.5, -0.6)
COLUMNS: Final = 7
TINT: Final = 0.42  # of a colour over the page at most: text on it stays readable, by day and by night
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 300, 84, 34, 12, 44  # of the curve [px]
SHOWN: Final = (-0.6, 0.4)  # moves that the curve is drawn over
DIGITS: Final = 7  # of a Greek
HOW: Final = {"position": "position alone", "hedged": "with the plan"}


def explorer(subject: Subject, found: Grid) -> Explorer:
    """The block; at first nothing has moved and it is today."""
    axes = found.axes
    books = [name for name in HOW if name in found.values]
    shown = books[-1]
    start = tuple(int(np.abs(nodes).argmin()) for nodes in (axes.moves, axes.vols, axes.days))
    frame = _Frame.of(found, books)
    return Explorer(
        {
            "grid": _numbers(subject, found, books),
            "books": [{"name": name, "title": HOW[name] + subject.since[name]} for name in books],
            "sliders": _sliders(subject, found),
            "readings": _readings(subject, found, books, start),
            "tables": [_table(subject, found, name, start[1]) for name in reversed(books)],
            "curves": [frame.points(found.values[name][:, start[1], start[2]]) for name in books],
            "frame": frame,
            "ticks": frame.ticks(subject),
            "currency": subject.currency,
            "error": _error(subject, found, shown),
        }
    )


def _numbers(subject: Subject, found: Grid, books: list[str]) -> dict[str, Any]:
    """Nodes and values as JSON holds them; what is the same at every node is one number."""
    axes = found.axes
    cents = max(2, 2 * subject.digits)
    return {
        "moves": axes.moves.tolist(),
        "vols": axes.vols.tolist(),
        "days": axes.days.tolist(),
        "dates": [day_name(subject.as_of, day) for day in axes.days],
        "start": int(subject.as_of.timestamp()),
        "spots": [[market.asset, market.spot] for market in subject.markets],
        "digits": subject.digits,
        "tint": TINT,
        "reach": {name: _reach(found, name) for name in books},
        "values": {
            name: _plain(values, cents if name in books else None) for name, values in found.values.items()
        },
    }


def _plain(values: Array, decimals: int | None) -> Any:
    flat = np.round(values.ravel(), decimals) + 0.0 if decimals is not None else _significant(values.ravel())
    if np.ptp(flat) == 0.0:
        return float(flat[0])
    return [int(value) if value == int(value) else value for value in flat.tolist()]


def _significant(values: Array) -> Array:
    return np.array([float(f"{value:.{DIGITS}g}") + 0.0 for value in values.tolist()])


def _reach(found: Grid, name: str) -> float:
    """Gain that takes the deepest colour: the largest among the moves in the table."""
    return float(np.abs(found.values[name][_inside(found.axes.moves)]).max()) or 1.0


def _inside(moves: Array) -> Array:
    """Which moves are shown."""
    return np.asarray((moves >= SHOWN[0] - 1e-9) & (moves <= SHOWN[1] + 1e-9))


def _sliders(subject: Subject, found: Grid) -> list[dict[str, Any]]:
    axes = found.axes
    return [
        {
            "name": "spot",
            "title": "Spot",
            "low": float(axes.moves[0]),
            "high": float(axes.moves[-1]),
            "step": 0.01,
            "text": _spot_text(subject, 0.0),
        },
        {
            "name": "vol",
            "title": "Vol of 30 days",
            "low": float(axes.vols[0]),
            "high": float(axes.vols[-1]),
            "step": 0.01,
            "text": "0 points",
        },
        {
            "name": "days",
            "title": "Date",
            "low": 0.0,
            "high": float(axes.days[-1]),
            "step": 0.25,
            "text": "today",
        },
    ]


def _spot_text(subject: Subject, move: float) -> str:
    return f"{per_cent(move, 1, sign=True)}: {_prices(subject, move)}"


def _prices(subject: Subject, move: float) -> str:
    """The price of every asset after a move."""
    prices = [market.spot * (1.0 + move) for market in subject.markets]
    texts = [amount(price, 0 if price >= 1_000 else 2 if price >= 1 else 6) for price in prices]
    named = [f"{asset}{HARD_SPACE}{text}" for asset, text in zip(subject.assets, texts, strict=True)]
    return texts[0] if len(texts) == 1 else ", ".join(named)


def _readings(
    subject: Subject, found: Grid, books: list[str], start: tuple[int, ...]
) -> list[dict[str, Any]]:
    """One row a number that the sliders move, with its unit and its value of each book."""
    gains = [{"key": name, "text": subject.gain(float(found.values[name][start]))} for name in books]
    rows: list[dict[str, Any]] = [
        {"title": "gain" if subject.made else "gain since today", "unit": subject.currency, "cells": gains}
    ]
    together = f"delta_value {books[0]}" in found.values
    if together:
        rows.append(_greek(found, "delta in money", "delta_value", subject.money, books, start))
    for market in () if together else subject.markets:
        for greek in ("delta", "gamma"):
            named = greek if len(subject.markets) == 1 else f"{greek} {market.asset}"
            unit = GREEK_UNITS[greek].position.replace("units of underlying", market.asset)
            rows.append(_greek(found, named, f"{greek} {market.asset}", unit, books, start))
    for greek in ("vega", "theta"):
        unit = GREEK_UNITS[greek].position.replace("money", subject.money)
        rows.append(_greek(found, greek, greek, unit, books, start))
    return rows


def _greek(
    found: Grid, title: str, key: str, unit: str, books: list[str], start: tuple[int, ...]
) -> dict[str, Any]:
    cells = [
        {"key": f"{key} {name}", "text": exact(float(found.values[f"{key} {name}"][start]))} for name in books
    ]
    return {"title": title, "unit": unit, "cells": cells}


def _table(subject: Subject, found: Grid, name: str, still: int) -> dict[str, Any]:
    """Gains by price and by date, at today's vol."""
    axes, values = found.axes, found.values[name]
    rows = [int(np.abs(axes.moves - move).argmin()) for move in ROWS]
    columns = _dates(subject, axes.days)
    reach = _reach(found, name)
    return {
        "name": name,
        "title": HOW[name] + subject.since[name],
        "heads": [
            {"day": float(axes.days[k]), "text": day_name(subject.as_of, float(axes.days[k]))}
            for k in columns
        ],
        "rows": [
            {
                "move": float(axes.moves[i]),
                "price": _prices(subject, float(axes.moves[i])),
                "text": per_cent(float(axes.moves[i]), 0, sign=True),
                "cells": [
                    {
                        "text": subject.gain(float(values[i, still, k])),
                        "tint": tint(float(values[i, still, k]), reach),
                    }
                    for k in columns
                ],
            }
            for i in rows
        ],
    }


def _dates(subject: Subject, days: Array) -> list[int]:
    """Nodes that are columns: today, expiries and the horizon first, then such as fill the widest gaps.

    One a calendar date, as a head says no hour: of an expiry and the horizon on one date, the expiry.
    """
    dates = [day_name(subject.as_of, float(day)) for day in days]
    wanted = [*subject.expiries, subject.end, float(days[-1])]
    nodes = [int(np.abs(days - day).argmin()) for day in wanted if day <= days[-1] + 1.0]
    named = {dates[k]: k for k in reversed(nodes)}
    chosen = [0, *sorted(set(named.values()) - {0})[1 - COLUMNS :]]
    while free := [k for k in range(days.size) if dates[k] not in {dates[c] for c in chosen}]:
        if len(chosen) >= COLUMNS:
            break
        gaps = [min(abs(days[k] - days[c]) for c in chosen) for k in free]
        chosen = sorted([*chosen, free[int(np.argmax(gaps))]])
    return chosen


def tint(gain: float, reach: float) -> str:
    """Background of a gain: blue for one, red for a loss, deeper where it is larger; the sign says the same."""
    share = TINT * min(1.0, abs(gain) / reach) ** 0.5
    return f"rgba({'0,114,178' if gain > 0 else '213,94,0'},{share:.3f})"


def _error(subject: Subject, found: Grid, shown: str) -> str:
    """How far the numbers between nodes are off, in a sentence."""
    nodes = " × ".join(str(size) for size in found.axes.shape)
    base, name = subject.base
    greeks = [key for key in found.values if key.endswith(f" {shown}")]
    off = ", ".join(f"{key.removesuffix(f' {shown}')} {exact(found.usual[key], 2)}" for key in greeks)
    american = any(market.chain.terms.exercise == "american" for market in subject.markets)
    kind = "those of American options" if american else "Black-Scholes"
    largest, usual = found.largest.get(shown, 0.0), found.usual.get(shown, 0.0)
    return (
        f"At the {nodes} nodes of spot, vol and date the numbers are those of a full revaluation (hedging.scenario.run); "
        f"between them they are straight lines. Held against a revaluation in the middle of every cell, gains are off by "
        f"{signed(largest, subject.digits).lstrip('+')} {subject.currency} at most ({per_cent(largest / base, 3)} of the "
        f"{name}) and by {amount(usual, subject.digits)} or less in 95 % of cells; Greeks, which jump at an expiry, are "
        f"within {off} in 95 % of cells. Vol moves by its 30-day figure, other tenors by the root rule of "
        f"hedging.paths; Greeks are {kind} at the vol of the node, funding left out."
    )


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where gains lie in the picture of the curve.

    Attributes
    ----------
    moves : ndarray
        Of all nodes. [1]
    low, high : float
        Gains at its lower and upper edge. [currency]
    """

    moves: Array
    low: float
    high: float
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = RIGHT
    top: int = TOP
    bottom: int = BOTTOM
    first: float = SHOWN[0]
    last: float = SHOWN[1]

    @classmethod
    def of(cls, found: Grid, books: Iterable[str]) -> _Frame:
        gains = [found.values[name][_inside(found.axes.moves)] for name in books]
        low, high = min(float(each.min()) for each in gains), max(float(each.max()) for each in gains)
        room = 0.05 * (high - low) or 1.0
        return cls(found.axes.moves, low - room, high + room)

    def x(self, move: float) -> float:
        """Place of a move. [px]"""
        share = (move - self.first) / (self.last - self.first)
        return self.left + share * (self.width - self.left - self.right)

    def y(self, gain: float) -> float:
        """Place of a gain. [px]"""
        share = (gain - self.low) / (self.high - self.low)
        return self.height - self.bottom - share * (self.height - self.top - self.bottom)

    def points(self, gains: Array) -> str:
        """A line over the moves that are shown."""
        shown = _inside(self.moves)
        pairs = zip(self.moves[shown].tolist(), gains[shown].tolist(), strict=True)
        return " ".join(f"{self.x(move):.1f},{self.y(gain):.1f}" for move, gain in pairs)

    def ticks(self, subject: Subject) -> dict[str, list[dict[str, Any]]]:
        """Moves with their price below, gains at the left, at round numbers."""
        moves = np.round(np.arange(self.first, self.last + 0.01, 0.2), 10)
        price = subject.markets[0].spot if len(subject.markets) == 1 else None
        return {
            "x": [
                {
                    "at": self.x(float(move)),
                    "text": per_cent(float(move), 0, sign=True),
                    "price": "" if price is None else _prices(subject, float(move)),
                }
                for move in moves
            ],
            "y": [{"at": self.y(gain), "text": signed(gain, _places(step))} for gain, step in self._round()],
        }

    def _round(self) -> list[tuple[float, float]]:
        """Round gains between the edges, with their distance."""
        rough = (self.high - self.low) / 6.0
        size = 10.0 ** np.floor(np.log10(rough))
        step = next(float(size * m) for m in (1, 2, 5, 10) if size * m >= rough)
        first = int(np.ceil(self.low / step))
        found = [(k * step, step) for k in range(first, int(np.floor(self.high / step)) + 1)]
        assert all(a[0] < b[0] for a, b in pairwise(found))
        return found


def _places(step: float) -> int:
    return max(0, int(-np.floor(np.log10(step))))
