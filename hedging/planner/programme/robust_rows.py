"""Rows that hold on every surface that the quotes allow: each limit again, with orders and book valued there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hedging.book.unit_greeks import unit_greeks
from hedging.market.market import Market
from hedging.planner.candidates.candidates import Candidates
from hedging.planner.request.limit import GREEK_TARGETS

__all__ = ["on_surface"]


def on_surface(candidates: Candidates, markets: Sequence[Market]) -> Candidates:
    """The same orders at the same prices, their Greeks on another surface."""
    changed = {name: getattr(candidates, name).copy() for name in GREEK_TARGETS}
    for market in markets:
        here = np.array(
            [i for i, item in enumerate(candidates.instruments) if item.asset == market.asset], dtype=int
        )
        items = [candidates.instruments[i] for i in here]
        found = unit_greeks(items, candidates.entry[here].tolist(), market)
        for name in GREEK_TARGETS:
            left = candidates.coins[here] if name == "delta" else 0.0
            changed[name][here] = found[name] * candidates.size[here] - left
    return replace(candidates, **changed)
