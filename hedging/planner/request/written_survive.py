"""What accounts must live through, as it is written: nodes, moves of spot, a fall, a crash that happened."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from hedging._ground.along import Along
from hedging.errors import InputError
from hedging.market.market import Market
from hedging.paths.crash import crash_path
from hedging.planner.request.survive import Survive
from hedging.scenario.joint import falls, replayed

__all__ = ["survive_from"]


def survive_from(
    along: Along | None, markets: Sequence[Market], account: str | None = None
) -> Survive | None:
    """The limit that is asked for, with the paths of each market; None without one.

    Raises
    ------
    InputError
        If no crash has such a name, or rules are named without what is to be lived through.
    """
    if along is None:
        if account:
            raise InputError(
                "account= says by which rules an account must survive, or is freed: give survive= or minimise='margin' too."
            )
        return None
    paths = [falls(markets, partial(crash_path, *fall)) for fall in along.falls]
    paths += [replayed(markets, name) for name in along.crashes]
    return Survive(paths, along.moves, account)
