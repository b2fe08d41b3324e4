"""Payoff by price and by date: a picture of each asset, a table of prices and dates, and the sliders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hedging import plots
from hedging.market import Market
from hedging.report.blocks import Block, Section, Text
from hedging.report.explorer import explorer
from hedging.report.grid import Grid
from hedging.report.pictures import Studio
from hedging.report.subject import Subject
from hedging.report.words import amount

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["payoffs"]


def payoffs(subject: Subject, found: Grid, studio: Studio) -> Section:
    """The section."""
    together = ", every asset by the same share" if len(subject.assets) > 1 else ""
    said = (
        f"Gains{'' if subject.made else ' since today'} in {subject.currency}, of everything held{together}{subject.bases}. Spot goes straight there; what expires on "
        "the way settles on it."
    )
    blocks: list[Block] = [Text(said), explorer(subject, found)]
    blocks += [_picture(subject, market, studio) for market in subject.markets]
    return Section("payoff", "Payoff by price and by date", tuple(blocks))


def _picture(subject: Subject, market: Market, studio: Studio) -> Block:
    planned = subject.plan is not None
    alt = (
        f"Gain over the price of {market.asset}, today at {amount(market.spot, 2)}, from −60 % to +40 %, on three days: "
        f"{'dashed the position alone, in full lines with the plan' if planned else 'the position alone'}. The table "
        "above has the numbers."
    )

    def draw(figure: Figure) -> None:
        # A plan for one asset has its floor drawn; one for several has one floor for all of them together.
        overlay = subject.plan if len(subject.markets) == 1 else subject.orders_in(market.asset)
        plots.payoff(subject.book, market, overlay if planned else None, ax=figure.subplots())

    caption = f"Gain over the price of {market.asset}{subject.bases}"
    return studio.picture(draw, (7.6, 4.4), alt=alt, caption=caption)
