"""Where what is proven ends: the dates, the moves of several assets and the turns that a floor is held over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hedging.planner.request.limit import FLOOR
from hedging.planner.request.request import Request
from hedging.planner.result.checks import Check

__all__ = ["edges_of", "joint_of"]

WORTH_SAYING = 1e-3  # of the base


def edges_of(request: Request, checks: Sequence[Check], beyond: float | None) -> Iterator[str]:
    """Remarks on what a floor does not hold over, with the loss beyond where it can be known."""
    if request.limits.survive is not None and request.apart:
        names = " and ".join(market.asset for market in request.markets)
        yield (
            f"accounts live where {names} move by the same share, or along the paths given: by itself one may fall "
            "further than an account bears (give survive= paths by asset)"
        )
    floors = [check for check in checks if check.limit.kind == FLOOR.kind]
    if not floors or request.turning is None:
        return
    if abs(request.turning.end - request.horizon) > WORTH_SAYING:
        yield (
            f"an expiry within a day of the horizon counts as it: the floor is judged to day "
            f"{request.turning.end:.4g}, not {request.horizon:g}"
        )
    if request.apart:
        names = " and ".join(market.asset for market in request.markets)
        yield f"the floor holds with {names} each anywhere by itself, from zero to +200 %, vols as they are"
    if beyond is not None and beyond < min(check.value for check in floors) - WORTH_SAYING:
        yield (
            f"the floor holds where spot turns once; where it turns at every expiry, each time to the worst place, "
            f"the book loses up to {-beyond:.1%}"
        )


def joint_of(request: Request, checks: Sequence[Check]) -> Iterator[str]:
    """How several assets must move together for a floor to hold: what its reader must know first."""
    floored = any(check.limit.kind == FLOOR.kind for check in checks)
    if not floored or request.apart or len(request.markets) < 2:
        return
    names = [market.asset for market in request.markets]
    if not request.links:
        both = " and ".join(names)
        yield f"the floor holds only where {both} move by the same share; a move of one alone may break it"
        return
    follow = ", ".join(f"{asset} by {link.beta:.4g}" for asset, link in request.links.items())
    yield (
        f"the floor holds where the others move by their stress beta to {names[0]} (log-price: {follow}), give or take "
        f"{100.0 * request.target.residual:.4g} % of their price there; beyond that band it may break (joint='box' holds there)"
    )
