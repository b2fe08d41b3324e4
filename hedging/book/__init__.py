"""What is held: holdings, books, orders, their exposure; files, tickets and the names of structures.

The only place where quantity, multiplier and sign meet.
"""

from hedging._ground.kinds import guarded as _guarded
from hedging.book.accounts import ACCOUNT_MODELS, COLD, DeclaredAccount, Transfer
from hedging.book.as_book import as_book
from hedging.book.book import Book, Exposure, Holding
from hedging.book.entering import Entering
from hedging.book.expired import DeliveryPrices, Settled, settle
from hedging.book.files import book_from_dict, read_book, template
from hedging.book.fix import FIX_TAGS, fix_orders
from hedging.book.ladder import Ladder, Level
from hedging.book.legs import (
    Cost,
    HasLegs,
    Leg,
    Legs,
    cost_of,
    legs_of,
    option_leg,
    orders_frame,
    outright_leg,
)
from hedging.book.pricer import Pricer
from hedging.book.skew_delta import book_delta_gamma, delta_gamma, option_delta_gamma
from hedging.book.structure import structure
from hedging.book.tickets import ticket

__all__ = [
    "ACCOUNT_MODELS",
    "COLD",
    "FIX_TAGS",
    "Book",
    "Cost",
    "DeclaredAccount",
    "DeliveryPrices",
    "Entering",
    "Exposure",
    "HasLegs",
    "Holding",
    "Ladder",
    "Leg",
    "Legs",
    "Level",
    "Pricer",
    "Settled",
    "Transfer",
    "as_book",
    "book_delta_gamma",
    "book_from_dict",
    "cost_of",
    "delta_gamma",
    "fix_orders",
    "legs_of",
    "option_delta_gamma",
    "option_leg",
    "orders_frame",
    "outright_leg",
    "read_book",
    "settle",
    "structure",
    "template",
    "ticket",
]

_guarded(globals())
