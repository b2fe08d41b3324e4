"""Initial margin as rows where its slopes are not known: what orders and holdings may need at most, added up.

The planner knows no margin rules. It is given a value that does, such as `hedging.margin.InitialMargin`, asks it
what the holdings need and what each order would need alone, and adds up: at every node of the model's table of
losses, and for the rest, of which the whole needs no more than the sum of its parts. So a plan within the rows is
within the limit; `hedging.planner.verify` asks the model itself about the whole account.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hedging._numerics.types import Array
from hedging.book.book import Book, Holding
from hedging.market.market import Market
from hedging.planner.candidates.candidates import Candidates
from hedging.planner.request.limits import MarginLimit

__all__ = ["margin_rows"]


def margin_rows(
    limit: MarginLimit,
    book: Book,
    market: Market,
    candidates: Candidates,
    here: npt.NDArray[np.bool_],
    base: float,
) -> tuple[Array, Array]:
    """One row a node of the model's table: what an order needs per lot, and what is left for orders.

    Per lot of the largest order, as some rates rise with size. Closing a short option gives nothing back, and
    closing a long one counts as a sale: more than is needed, where holdings are closed.
    """
    index = np.flatnonzero(here)
    contracts = np.sign(candidates.size) * candidates.lot * candidates.most
    orders = [
        Holding(candidates.instruments[i], float(contracts[i]), float(candidates.entry[i])) for i in index
    ]
    losses, rest = limit.alone(orders, market)
    held, held_rest = limit.held(book, market)
    matrix = np.zeros((len(losses), len(candidates)))
    matrix[:, index] = (losses + rest) / candidates.most[index]
    return matrix, limit.most * base - held - held_rest
