"""What options on shares bring with them: delivery by the hundred, odd lots, and calls that are exercised for a dividend."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import pandas as pd

from hedging._ground.counts import number_of
from hedging.book.book import Book
from hedging.book.holding import Holding
from hedging.book.legs import Leg
from hedging.market.chain import OptionChain
from hedging.market.contracts import Option, Spot, kind_of

__all__ = ["called_early", "delivery_remarks", "expected_dividends"]

TOLD: Final = (
    0.0015  # of spot: what forwards lose between two expiries beyond it is a dividend, and no spread
)


def delivery_remarks(book: Book, legs: Sequence[Leg], chain: OptionChain) -> tuple[str, ...]:
    """What is to be known of orders for American options beside their price; nothing of European ones.

    Parameters
    ----------
    book : Book
        Before the orders.
    legs : sequence of Leg
    chain : OptionChain

    Returns
    -------
    tuple of str
        How many shares change hands at expiry, how many are too few for a contract, and which calls sold are likely
        to be exercised before which ex-date.
    """
    if chain.terms.exercise != "american":
        return ()
    after = book + legs
    return (
        *_delivered(legs, chain),
        *_odd(book, legs, chain),
        *called_early(after, chain),
    )


def expected_dividends(chain: OptionChain) -> pd.DataFrame:
    """Dividends until the last expiry: those given to the chain, else what its forwards lose from one expiry to the next.

    Returns
    -------
    DataFrame
        ``after, until`` (the ex-date, or the two expiries that it lies between) and ``amount`` [money a share].
    """
    columns = ["after", "until", "amount"]
    if chain.dividends:
        days = [pd.Timestamp(f"{day[:10]}T13:30Z") for day in chain.dividends]
        rows = [
            (day, day, amount)
            for day, amount in zip(days, chain.dividends.values(), strict=True)
            if day > chain.as_of
        ]
        return pd.DataFrame(rows, columns=columns)
    by_expiry = chain.quotes.groupby("expiry")[["forward", "discount"]].median()
    lost = chain.spot - by_expiry["discount"] * by_expiry["forward"]
    # Of a falling sum, what a spread put in is taken out again by the next expiry.
    falling = np.minimum.accumulate(lost.to_numpy()[::-1])[::-1]
    until = list(by_expiry.index)
    after = [chain.as_of, *until[:-1]]
    amounts = np.diff(falling, prepend=0.0)
    rows = [row for row in zip(after, until, amounts, strict=True) if row[2] > TOLD * chain.spot]
    return pd.DataFrame(rows, columns=columns)


def _delivered(legs: Sequence[Leg], chain: OptionChain) -> Iterator[str]:
    """How many shares the orders deliver and take, where they end in the money; puts and calls do not both."""
    moved: dict[tuple[str, str], float] = {}
    for leg in legs:
        if isinstance(option := leg.instrument, Option):
            # A put bought and a call sold give shares away, the others bring them.
            way = "sell" if leg.units * option.sign < 0.0 else "buy"
            key = f"{kind_of(option)}s {'bought' if leg.quantity > 0 else 'sold'}", way
            moved[key] = moved.get(key, 0.0) + abs(leg.units)
    if moved:
        told = ", ".join(f"{kind} {way} {number_of(units, 'share')}" for (kind, way), units in moved.items())
        yield (
            f"options on {chain.asset} are American and settled by delivery, {number_of(chain.terms.multiplier, 'share')} a "
            f"contract: in the money at expiry {told} at their strikes"
        )


def _odd(book: Book, legs: Sequence[Leg], chain: OptionChain) -> Iterator[str]:
    """Shares that are too few for a contract."""
    held = sum(item.units for item in book.of(chain.asset) if isinstance(item.instrument, Spot))
    odd = math.fmod(held, chain.terms.multiplier)
    if odd and any(isinstance(leg.instrument, Option) for leg in legs):
        yield (
            f"{odd:,.6g} of {held:,.6g} {chain.asset} are an odd lot, less than a contract of "
            f"{number_of(chain.terms.multiplier, 'share')}: no option covers them exactly"
        )


def called_early(after: Book, chain: OptionChain) -> Iterator[str]:
    """Calls that are held short over an ex-date: exercised before it where the dividend is more than waiting is worth."""
    american = chain.terms.exercise == "american"
    short = [item for item in after.of(chain.asset) if _is_short_call(item)] if american else []
    if not short:
        return
    paid = expected_dividends(chain)
    listed = chain.quotes.set_index("symbol")["mark"]
    for item in short:
        option = item.instrument
        assert isinstance(option, Option)
        for _, row in paid[paid["after"] < option.expiry].iterrows():
            if row["until"] > option.expiry:
                continue
            said = row["after"] == row["until"]
            when = f"on {row['until']:%Y-%m-%d}"
            if not said:
                when = f"between {row['after']:%Y-%m-%d} and {row['until']:%Y-%m-%d}, as forwards imply"
            value = float(listed.get(option.symbol, np.nan))
            left = value - max(chain.spot - option.strike, 0.0)
            now = chain.spot > option.strike and left < row["amount"]
            yield (
                f"{abs(item.quantity):,.6g} {option.symbol} are short over an ex-dividend of {row['amount']:,.4g} a share "
                f"{when}: "
                + (
                    f"at {left:,.4g} of time value they are likely to be assigned the evening before"
                    if now
                    else "in the money by then with less time value than that, they are assigned the evening before"
                )
                + f", {number_of(abs(item.units), 'share')} with {abs(item.units) * row['amount']:,.6g} {chain.terms.currency} of "
                "dividends; buy them back or roll up before"
            )


def _is_short_call(item: Holding) -> bool:
    option = item.instrument
    return isinstance(option, Option) and option.flag == "c" and item.units < 0.0
