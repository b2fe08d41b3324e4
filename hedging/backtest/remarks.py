"""What a reader of a run must know beside its numbers: sources that were never used, orders nobody could pay, debts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol

import pandas as pd

from hedging._ground.counts import number_of
from hedging.backtest.account import EXHAUSTED
from hedging.backtest.funding import Span
from hedging.backtest.ledger import Entry
from hedging.backtest.owing import SPAN
from hedging.backtest.paying import UNPAID
from hedging.backtest.tape import Tape
from hedging.prices.delivery import Delivery, at_open

__all__ = ["UNUSED", "delivered", "remarks"]

UNUSED = "No delivery price of"


class Run(Protocol):
    """What is read of a backtest here; its fields by the same names."""

    @property
    def tape(self) -> Tape: ...
    @property
    def entries(self) -> tuple[Entry, ...]: ...
    @property
    def counts(self) -> Mapping[str, int]: ...
    @property
    def total_return(self) -> float: ...
    @property
    def equity(self) -> pd.Series[float]: ...
    @property
    def start_value(self) -> float: ...
    @property
    def margin(self) -> str: ...
    @property
    def unmargined(self) -> pd.Timestamp | None: ...
    @property
    def unfunded(self) -> tuple[Span, ...]: ...


def delivered(entries: Sequence[Entry]) -> dict[str, int]:
    """How many settlements took their delivery price from where; prices of the next index count as one source."""
    sources = (entry.source for entry in entries if entry.kind == "settle")
    return dict(Counter("index after expiry" if _is_index(each) else each for each in sources))


def remarks(run: Run) -> list[str]:
    """Sentences, none where there is nothing to say."""
    found = [_unused(each, run.entries) for each in run.tape.deliveries if _never(each, run.entries)]
    missing = [reason for reason in run.counts if reason.startswith(f"refused: {UNPAID}")]
    if missing:
        way = (
            "more collateral"
            if run.margin
            else "coins or cash for it, or an account that lends on margin (account)"
        )
        found.append(f"Orders that the book could not pay were refused: give it {way}.")
    if run.unfunded:
        found.append(_unfunded(run.unfunded))
    if EXHAUSTED in run.counts:
        found.append(
            "The account is below its maintenance margin at the first snapshot already, and is liquidated at the next: "
            "give it more collateral, or begin on another day."
        )
    if float(run.equity.min()) < 0.0:
        found.append(
            f"More was lost than there was: the equity falls to {float(run.equity.min()) / run.start_value:+.0%} of the "
            f"start{'' if run.margin else '. Without an account nothing is liquidated before that: give one (account)'}."
        )
    elif run.unmargined is not None:
        found.append(
            "No account was given, so neither margin nor liquidation was looked at, though from "
            f"{run.unmargined:%Y-%m-%d %H:%M} UTC on the book could have owed more than it was worth, the index up to "
            f"{SPAN:g} times as high or low: give one (account, --account)."
        )
    return found


def _unfunded(spans: Sequence[Span]) -> str:
    """From when to when no funding is known, the first three of them by their times."""
    said = [f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}" for start, end in spans[:3]]
    more = f" and {number_of(len(spans) - 3, 'more time')}" if len(spans) > 3 else ""
    return (
        f"No funding is known from {', '.join(said)} UTC{more}; perpetuals that were held paid none then: give rates that "
        "cover it (funding of the rules, --funding-history)."
    )


def _never(each: Delivery, entries: Sequence[Entry]) -> bool:
    return not {each.source, at_open(each.source)} & {entry.source for entry in entries}


def _unused(each: Delivery, entries: Sequence[Entry]) -> str:
    if not any(entry.kind == "settle" for entry in entries):
        return f"{UNUSED} {each.source} was used: nothing settled."
    times = each.prices.index
    span = f" ({times[0]:%Y-%m-%d %H:%M} to {times[-1]:%Y-%m-%d %H:%M} UTC)" if len(times) else ""
    return (
        f"{UNUSED} {each.source} was used: no expiry settled at its {number_of(len(times), 'price')}{span}."
    )


def _is_index(source: str) -> bool:
    return source.startswith("index ")
