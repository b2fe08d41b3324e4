"""Money that lies in an account and carries nothing there."""

from __future__ import annotations

from hedging.book.book import Book
from hedging.margin.rules import rules_of
from hedging.margin.whole import WholeAccount
from hedging.market.market import Chains, markets_of

__all__ = ["idle_money"]


def idle_money(book: Book, chains: Chains) -> dict[str, str]:
    """Money in declared accounts that carries none of the contracts there, with the reason, by account."""
    markets = markets_of(chains)
    found: dict[str, str] = {}
    for declared in book.accounts:
        whole, rules = WholeAccount.of(book, markets, declared.name), rules_of(declared, markets)
        told = [whole.idle_money(rules, purse) for purse in sorted(whole.purses())]
        if told and all(told):
            found[declared.name] = told[0]
    return found
