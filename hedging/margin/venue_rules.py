"""What venues ask of options sold, where no account says otherwise: their published formulas, dated.

All are of one form, the larger of a share of the index less what the option is out of the money and a floor, plus its
mark; what differs are the numbers, what a put's floor is a share of, and a fee of liquidation.
"""

from __future__ import annotations

from typing import Final

from hedging.margin.cross import Segregated
from hedging.margin.rules import STANDARD
from hedging.margin.standard import StandardMargin
from hedging.market.terms import Settlement

__all__ = ["VENUE_RULES", "venue_rules"]

_BYBIT: Final = StandardMargin(
    "cash",
    option_maintenance=0.03,
    liquidation_fee=0.002,
    put_from_strike=False,
    as_of="2023-12",
    source="Bybit, Initial and Maintenance Margin Calculation (Options), regular margin",
)


def _okx(maintenance: float, settled: str) -> StandardMargin:
    """In the first tier, where the margin factor is 1."""
    return StandardMargin(
        "coin" if settled == "coin" else "cash",
        option_maintenance=maintenance,
        put_from_strike=False,
        as_of="2024-04",
        source="OKX, Option Margin, unified account without portfolio margin, first tier",
    )


VENUE_RULES: Final[dict[str, dict[str, dict[str, StandardMargin]]]] = {
    "bybit": {"cash": {"BTC": _BYBIT, "ETH": _BYBIT}},
    "okx": {
        settled: {"BTC": _okx(0.03, settled), "ETH": _okx(0.05, settled)} for settled in ("coin", "cash")
    },
}
"""Rules by venue, by what options settle in, by asset."""


def venue_rules(venue: str, asset: str, settlement: Settlement) -> tuple[Segregated, str]:
    """Rules of a venue for options on an asset, and what they are called.

    Deribit's standard margin stands in for a venue whose own formula is not among these.
    """
    coin, cash = STANDARD["coin"], STANDARD["cash"]
    rule = VENUE_RULES.get(venue, {}).get(settlement, {}).get(asset)
    if rule is None:
        stands_in = "" if venue == "deribit" else f", as {venue}'s own rules are not known here"
        return Segregated(coin, cash), f"Deribit's standard margin{stands_in}"
    if settlement == "coin":
        return Segregated(coin | {asset: rule}, cash), f"{rule.source}, {rule.as_of}"
    return Segregated(coin, cash | {asset: rule}), f"{rule.source}, {rule.as_of}"
