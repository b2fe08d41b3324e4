"""What collateral counts for: an asset less its haircut, a debt in full."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hedging._numerics.types import Array
from hedging.errors import InputError

__all__ = ["after_haircut", "counted_coins"]


def after_haircut(amount: Array, haircut: float) -> Array:
    """An amount less a share of it; a debt in full."""
    return np.asarray(np.where(amount > 0, amount * (1.0 - haircut), amount))


def counted_coins(coins: Array, asset: str, haircuts: Mapping[str, float]) -> Array:
    """What coins count for as collateral.

    Raises
    ------
    InputError
        If there are any, and their haircut is not known: none is taken in full unasked.
    """
    if asset not in haircuts and (coins > 0).any():
        raise InputError(
            f"no haircut is set for {asset} as collateral: give haircuts.{asset}, the share that does not count (0 counts it "
            f"in full), as haircuts = {{ {asset} = 0.1 }} in the account of a book file or haircuts={{{asset!r}: 0.1}}."
        )
    return after_haircut(coins, haircuts.get(asset, 0.0))
