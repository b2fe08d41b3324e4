"""What must lie at each venue for a plan over several: premium and fees, and the margin of what is sold."""

from __future__ import annotations

from collections.abc import Sequence

from hedging.book.accounts import DeclaredAccount
from hedging.book.book import Book
from hedging.book.legs import Leg
from hedging.errors import InputError
from hedging.margin.account import Margin
from hedging.margin.cross import CASH, AccountRules
from hedging.margin.rules import rules_of
from hedging.margin.venue_rules import venue_rules
from hedging.margin.whole import WholeAccount
from hedging.market.contracts import Option
from hedging.market.market import Market
from hedging.paths.paths import today
from hedging.planner.result.venue_needs import VenueNeed

__all__ = ["venue_needs"]


def venue_needs(
    book: Book, markets: Sequence[Market], legs: Sequence[Leg]
) -> tuple[tuple[VenueNeed, ...], tuple[str, ...]]:
    """What orders on assets with quotes of several venues need at each, and what cannot be known of it.

    Returns
    -------
    (tuple of VenueNeed, tuple of str)
        None where every asset has one venue.
    """
    needs: list[VenueNeed] = []
    unknown: list[str] = []
    for market in markets:
        for venue in market.chain.venues:
            mine = [leg for leg in legs if _is_at(leg, market, venue)]
            for currency in dict.fromkeys(_currency(leg) for leg in mine):
                there = [leg for leg in mine if _currency(leg) == currency]
                try:
                    needs.append(_need(book, market, venue, currency, there))
                except InputError as error:
                    unknown.append(f"what {venue} needs in {currency} is not known: {error}")
    return tuple(needs), tuple(unknown)


def _need(book: Book, market: Market, venue: str, currency: str, legs: Sequence[Leg]) -> VenueNeed:
    """What some orders at a venue need in one currency, beside what lies there under the rules declared for it."""
    declared = any(account.name == venue for account in book.accounts)
    before = book.account(venue) if declared else Book(accounts=[DeclaredAccount(venue)], orders=venue)
    in_coin = currency == market.asset
    unit = market.spot if in_coin else 1.0
    own, name = venue_rules(venue, market.asset, market.chain.venues[venue].settlement)
    rules = rules_of(before.accounts[0], {market.asset: market}) if declared else own
    now, then = (_margin(each, rules, market, venue, in_coin) for each in (before, before + legs))
    # Rules over all collateral count in money.
    in_money = market.spot if in_coin and then.currency == CASH else 1.0
    return VenueNeed(
        venue,
        currency,
        len(legs),
        sum(leg.paid for leg in legs) / unit,
        float(then.initial[0]) / in_money,
        float(now.balance[0]) / in_money,
        venue if declared else "",
        "the account's" if declared else name,
    )


def _margin(book: Book, rules: AccountRules, market: Market, venue: str, in_coin: bool) -> Margin:
    """Balance and requirement of the purse that options of one settlement are margined in."""
    markets = {market.asset: market}
    purses = WholeAccount.of(book, markets, venue).margins(rules, {market.asset: today()}, every=True)
    found = purses.get(market.asset if in_coin else CASH) or next(iter(purses.values()))
    return found[0]


def _is_at(leg: Leg, market: Market, venue: str) -> bool:
    item = leg.instrument
    return isinstance(item, Option) and item.asset == market.asset and item.terms.venue == venue


def _currency(leg: Leg) -> str:
    """What an option's premium and payoff are paid in."""
    assert isinstance(leg.instrument, Option)
    return leg.instrument.asset if leg.pays_coin else leg.instrument.terms.currency
