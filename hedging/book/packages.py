"""Orders as packages of a fixed ratio, which a venue charges less for: what is bought and sold together, 1 to 1."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from hedging.book.legs import Leg
from hedging.market.contracts import Option

__all__ = ["Package", "package_fees", "packages"]

DUST = 1e-9  # of a contract


@dataclass(frozen=True, slots=True)
class Package:
    """An option bought and one sold in one order, as many of each.

    Attributes
    ----------
    bought, sold : Option
    contracts : float
    waived : float
        Fee that the venue waives, of the cheaper one. [money]
    """

    bought: Option
    sold: Option
    contracts: float
    waived: float


def packages(legs: Iterable[Leg]) -> tuple[Package, ...]:
    """The packages that some orders can be given as; what is left over is ordered alone.

    A venue that waives the cheaper side's fee of a package does so by group: all bought against all sold. At a
    ratio of 1 to 1 those are the pairs of orders of one underlying, with the dearest fees paired first, and no
    package needs another to trade.

    Examples
    --------
    >>> packages([])
    ()
    """
    options = [
        leg for leg in legs if isinstance(leg.instrument, Option) and leg.instrument.terms.combo_waiver
    ]
    found: list[Package] = []
    for asset, settlement in dict.fromkeys((leg.instrument.asset, leg.pays_coin) for leg in options):
        mine = [leg for leg in options if (leg.instrument.asset, leg.pays_coin) == (asset, settlement)]
        found += _paired(mine)
    return tuple(found)


def package_fees(legs: Sequence[Leg]) -> float:
    """Fees of some orders, given as packages where they can be. [money]"""
    return sum(abs(leg.units) * leg.fee for leg in legs) - sum(each.waived for each in packages(legs))


def _paired(legs: Sequence[Leg]) -> Iterator[Package]:
    """Bought and sold in pairs, the dearest fee of each side first."""
    dearest = sorted(legs, key=lambda leg: -leg.fee)
    left = {id(leg): abs(leg.quantity) for leg in legs}
    for buy in (leg for leg in dearest if leg.quantity > 0):
        for sale in (leg for leg in dearest if leg.quantity < 0):
            size = min(left[id(buy)], left[id(sale)])
            if size > DUST:
                left[id(buy)] -= size
                left[id(sale)] -= size
                bought, sold = buy.instrument, sale.instrument
                assert isinstance(bought, Option)
                assert isinstance(sold, Option)
                cheaper = min(buy.fee * buy.multiplier, sale.fee * sale.multiplier)
                waiver = min(bought.terms.combo_waiver, sold.terms.combo_waiver)
                yield Package(bought, sold, size, waiver * cheaper * size)
