"""Order books of every option of a chain, and the price of walking them."""

from __future__ import annotations

import numpy as np

from hedging.book.ladder import Ladder


def walked(ladder, quantity) -> tuple[float, float]:
    """Average price of whole levels up to the one an order reaches, and the worst, by walking the book."""
    left, taken = abs(quantity), []
    for price, size in ladder.asks if quantity > 0 else ladder.bids:
        taken.append((price, size))
        left -= size
        if left <= 1e-9:
            break
    assert left <= 1e-9
    return sum(p * s for p, s in taken) / sum(s for _, s in taken), taken[-1][0]


def deep(chain, seed: int):
    """A ladder of three levels on each side of every option, from its quote on."""
    random = np.random.default_rng(seed)
    books = {}
    for row in chain.quotes.itertuples():
        steps = 1.0 + np.cumsum([0.0, *random.uniform(0.01, 0.05, 2)])
        sizes = [tuple(float(size) for size in random.integers(1, 3, 3)) for _ in "ab"]
        books[row.symbol] = Ladder(
            bids=tuple(zip(row.bid_quoted / steps, sizes[0], strict=True)),
            asks=tuple(zip(row.ask_quoted * steps, sizes[1], strict=True)),
        )
    return books
