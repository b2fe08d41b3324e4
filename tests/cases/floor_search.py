"""A search for what breaks a floor, of its own: any level before a turn and after it, none of them the planner's."""

from __future__ import annotations

import numpy as np

from hedging.book.book import Book
from hedging.book.pnl import pnl_of
from hedging.market.contracts import Option
from hedging.market.market import Market
from hedging.paths.paths import Paths
from hedging.planner import HedgePlan
from hedging.units import days

HIGH, LOW, NEAR_ZERO = 3.0, 0.1, 1e-6
CLOSE = np.array([0.98, 0.999, 0.9999, 1.0, 1.0001, 1.001, 1.02])


def lowest(
    book: Book, market: Market, found: HedgePlan, end: float, seed: int, turns: int = 1
) -> tuple[float, str]:
    """Least P&L after a plan in thousands of paths that turn, as a share of its base, and where.

    Spot is anywhere from zero (a tenth, before a turn) to three times today's up to one expiry, and anywhere from then
    on; judged at every expiry, on days of no expiry and at the end. Half of the levels are drawn, half lie about the
    strikes of what is held.
    """
    random, after = np.random.default_rng(seed), book + found
    held = [item.instrument for item in after.holdings if isinstance(item.instrument, Option)]
    left = sorted({days(market.as_of, item.expiry) for item in held})
    inside = [day for day in left if day < end - 1e-6]
    dates = np.unique([0.0, *inside, *(day + 1e-4 for day in inside), *np.linspace(0.0, end, 9), end])
    strikes = np.array([item.strike / market.spot for item in held] or [1.0])
    near = (strikes[:, None] * CLOSE).ravel()
    count, rows = 4_000, []
    for _ in range(turns + 1):
        drawn = np.where(
            random.random(count) < 0.5,
            random.uniform(0.0, HIGH, count),
            np.exp(random.normal(0.0, 0.5, count)),
        )
        rows.append(np.where(random.random(count) < 0.5, drawn, random.choice(near, count)))
    cuts = (
        np.sort(random.choice([0.0, *inside], (count, turns)), axis=1) if inside else np.zeros((count, turns))
    )
    spot = np.broadcast_to(np.clip(rows[-1], NEAR_ZERO, HIGH)[:, None], (count, dates.size)).copy()
    for level, cut in zip(rows[-2::-1], cuts.T[::-1], strict=True):
        spot = np.where(dates <= cut[:, None] + 1e-9, np.clip(level, LOW, HIGH)[:, None], spot)
    paths = Paths(dates, spot, np.zeros(spot.shape), ("",) * count)
    pnl = pnl_of(after, (market,), paths) + after.value(market) - book.value(market)
    row, date = np.unravel_index(int(pnl.argmin()), pnl.shape)
    return float(
        pnl[row, date] / found.base
    ), f"{np.unique(spot[row]).round(3).tolist()} on day {dates[date]:.4g}"
