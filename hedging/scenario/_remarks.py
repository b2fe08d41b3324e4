"""What a scenario assumes that may surprise its reader, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from hedging.book.book import Book
from hedging.book.holding import Holding
from hedging.book.settlement import is_averaged
from hedging.market.contracts import Option, Spot
from hedging.market.market import Market
from hedging.paths.paths import Paths
from hedging.paths.reactions import BTC, CALM, ETH, measured

__all__ = ["remarks_on"]

_FITTED: Final = (BTC, ETH)


def remarks_on(book: Book, moves: Mapping[str, Paths], markets: Mapping[str, Market]) -> tuple[str, ...]:
    """Where an asset moves by rules that are not those of its market now, and where options settle at an average."""
    found = [
        remark
        for asset, paths in moves.items()
        for remark in _on_rules(book.of(asset), markets[asset], paths)
    ]
    averaged = [
        holding
        for holding in book.holdings
        if isinstance(holding.instrument, Option)
        and moves[holding.asset].averaged
        and is_averaged(holding.instrument)
    ]
    if averaged:
        found.append("what expires at 08:00 UTC settles at the mean of spot over the last 30 minutes")
    return tuple(found)


def _on_rules(held: Sequence[Holding], market: Market, paths: Paths) -> Iterator[str]:
    """Where paths move by the rules of another asset, or as from another vol, than the market's own would."""
    asset, fitted = market.asset, paths.fitted_to
    own = measured(asset).fitted_to == asset
    if all(isinstance(item.instrument, Spot) for item in held):
        return  # which follows the price alone
    if fitted not in ("", asset):
        yield f"vol, skew, spreads and funding of {asset} move by the rules fitted to {fitted}: " + (
            f"those fitted to {asset} are hedging.scenario.rule_of(chain), given as the reaction of the paths"
            if own
            else f"none were fitted to {asset}, give reactions of your own (hedging.paths.Reaction)"
        )
    options = any(isinstance(item.instrument, Option) for item in held)
    if (
        options
        and not market.is_bare
        and f"{market.vol_of_30_days:.0%}" != f"{CALM:.0%}"
        and _rises_as_from_calm(paths)
    ):
        yield (
            f"vol of {asset} rises as from a 30-day vol of {CALM:.0%}, and is at {market.vol_of_30_days:.1%}: "
            "hedging.scenario.rule_of(chain), given as the reaction of the paths, lets it rise from there, as the "
            "command does"
        )


def _rises_as_from_calm(paths: Paths) -> bool:
    """Whether vol moves by rules as they are fitted, which know no market; told by the scenario in which it does most."""
    most = int(paths.vol_shift.max(axis=1).argmax())
    moved = paths.vol_shift[most]
    if paths.straight or not moved.any():
        return False
    days, logs = paths.days, np.log(paths.spot[[most]])
    return any(
        np.allclose(moved, rule.along(days, logs)["vol_shift"], rtol=1e-6, atol=1e-9)
        for rule in _FITTED
        if rule.fitted_to == paths.fitted_to
    )
