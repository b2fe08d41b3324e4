"""Whether every account lives through what it must, by its own rules and no other: `hedging.margin` follows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from hedging._numerics.types import Array
from hedging.book.legs import Leg
from hedging.margin import Survival, survive_accounts
from hedging.paths.by_asset import PathsBy
from hedging.paths.paths import Paths
from hedging.planner.request.limit import Limit
from hedging.planner.request.request import Request
from hedging.planner.request.wording import move
from hedging.planner.result.accounts import AccountSurvival, Least
from hedging.planner.result.checks import Check

__all__ = ["survival_checks", "survival_of"]


def survival_checks(request: Request, legs: Sequence[Leg], base: float) -> Iterator[Check]:
    """The least headroom of every account over all that it must live through, at the prices there."""
    survive = request.limits.survive
    if survive is None:
        return
    for name, followed in _followed(request, legs).items():
        yield Check(Limit("survive", rule=name), _least(followed, base).share, low=survive.spare)


def survival_of(request: Request, legs: Sequence[Leg], base: float) -> tuple[AccountSurvival, ...]:
    """Where every account stands at its worst without and with some orders, and what would do instead of them."""
    if request.limits.survive is None:
        return ()
    alone, hedged = _followed(request, ()), _followed(request, legs)
    finer = _followed(request, legs, finer=True)
    found = []
    for name, after in hedged.items():
        currency = after[0][0].currency
        before = alone.get(name) or alone.get(name.partition(": ")[0], after)
        before = before if before[0][0].currency == currency else after
        most = MOST_TOP_UP * base / next((m.spot for m in request.markets if m.asset == currency), 1.0)
        found.append(
            AccountSurvival(
                name,
                currency,
                _least(before, base),
                _least(after, base),
                _top_up(before, most),
                _top_up(after, most),
                _between(finer.get(name, []), _least(after, base), base),
                _reach(after),
            )
        )
    return tuple(found)


MOST_TOP_UP = 100.0  # bases

WORTH_SAYING = 1e-4  # of the base, that an account has less between nodes than at them

Followed = list[tuple[Survival, Array, dict[str, Paths]]]
"""An account along several sets of paths, the price of its currency there, and the paths by asset. [money]"""


def _followed(request: Request, legs: Sequence[Leg], *, finer: bool = False) -> dict[str, Followed]:
    """Every account along all that it must live through, whatever the funding, or what lies between."""
    found = dict[str, Followed]()
    for ways in request.ways(finer=finer):
        for there in request.at_fundings(ways):
            for name, followed in _along(there, there.counted(ways), legs).items():
                found.setdefault(name, []).append(followed)
    return found


def _along(
    request: Request, ways: PathsBy, legs: Sequence[Leg]
) -> dict[str, tuple[Survival, Array, dict[str, Paths]]]:
    """The same along some paths under one funding."""
    survive = request.limits.survive
    assert survive is not None
    assert not isinstance(ways, Paths)
    markets = {market.asset: market for market in request.markets}
    book, found = survive.book(request.book), {}
    for name, kept in survive_accounts(book, markets, ways, legs).items():
        coin = kept.currency in markets
        price = markets[kept.currency].spot * ways[kept.currency].spot if coin else np.ones(kept.spot.shape)
        found[name] = kept, price, dict(ways)
    return found


def _least(followed: Followed, base: float) -> Least:
    """The worst place of an account."""
    places = []
    for kept, price, ways in followed:
        room = kept.headroom * price
        scenario, date = np.unravel_index(int(np.argmin(room)), room.shape)
        day, _ = kept.first()
        dies = np.fmin.reduce(day)
        places.append(
            Least(
                float(room[scenario, date]) / base,
                _named(kept.labels[int(scenario)], ways, int(scenario), int(date)),
                float(kept.days[date]),
                None if np.isnan(dies) else float(dies),
            )
        )
    first = [each.dies for each in places if each.dies is not None]
    worst = min(places, key=lambda each: each.share)
    return Least(worst.share, worst.scenario, worst.day, min(first, default=None))


def _between(finer: Followed, least: Least, base: float) -> Least | None:
    """The worst place between the nodes, None where it is no worse than they are."""
    if not finer:
        return None
    found = _least(finer, base)
    return found if found.share < least.share - WORTH_SAYING else None


def _reach(followed: Followed) -> tuple[float, float]:
    """The least and the greatest move of spot of any asset."""
    levels = [paths.spot for *_, ways in followed for paths in ways.values()]
    return min(float(each.min()) for each in levels) - 1.0, max(float(each.max()) for each in levels) - 1.0


def _named(label: str, ways: dict[str, Paths], scenario: int, date: int) -> str:
    """Where a node is; of several assets, each with its own move."""
    if len(ways) == 1:
        return label
    moves = (f"{asset} {move(float(paths.spot[scenario, date]))}" for asset, paths in ways.items())
    return f"{label} ({', '.join(moves)})"


def _top_up(followed: Followed, most: float) -> float | None:
    """What must be added today, None where that is out of all proportion, as of coins where spot goes to zero."""
    amount = max(float(kept.top_up.max()) for kept, *_ in followed)
    return amount if amount <= most else None
