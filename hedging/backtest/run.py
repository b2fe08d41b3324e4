"""`run`: a strategy on a book over recorded quotes, in one go or in stretches without a hole."""

from __future__ import annotations

from concurrent.futures import BrokenExecutor, CancelledError, Executor
from dataclasses import replace

from hedging._ground.arguments import must_be
from hedging._ground.workers import result_of, submitted
from hedging.backtest.replay import Replay, StartError
from hedging.backtest.result import Backtest
from hedging.backtest.rules import Rules
from hedging.backtest.state import Strategy
from hedging.backtest.strategies import Hold
from hedging.backtest.tape import Tape
from hedging.book import Book
from hedging.errors import HedgingError, InputError
from hedging.margin import MarginModel

__all__ = ["StartError", "check_kinds", "check_strategy", "replayed", "run", "run_blocks"]


def run(
    book: Book,
    tape: Tape,
    strategy: Strategy,
    *,
    rules: Rules | None = None,
    account: MarginModel | None = None,
    executor: Executor | None = None,
    first: int = 0,
    name: str = "",
) -> Backtest:
    """Replay a strategy on a book over recorded quotes.

    At each snapshot: what has expired since the last one settles at the delivery price of its own expiry;
    funding accrues; everything is marked; margin is checked; the strategy is asked; its orders trade at this
    snapshot's bid and ask, or the next one's.

    Parameters
    ----------
    book : Book
        What is held at the first snapshot, in the tape's asset and cash. Its transfers between accounts are carried
        out, days counted from that snapshot, each at the first snapshot from its time on.
    tape : Tape
    strategy : Strategy
        A function of a `State`.
    rules : Rules, optional
        Prices, delays, fees, limits.
    account : MarginModel, optional
        Rules by which the accounts are liquidated, such as `hedging.margin.DERIBIT_BTC`; by default those that each
        account of the book declares. Where it declares none, all of it is the account, and without rules it is
        never liquidated. What lies in no declared account is cold: it margins nothing.
    first : int
        Number of the snapshot to begin at.
    name : str
        For tables; by default the strategy's own.
    executor : Executor, optional
        Where the run takes place, such as a process pool; by default here.

    Returns
    -------
    Backtest

    Raises
    ------
    InputError
        If the book holds what the tape does not price, an option in it has expired, a delivery price is missing,
        or the strategy orders what cannot be ordered; file, time and rule are named.
    SolverError
        If the ledger does not reconcile, which is an error of this library.
    """
    check_kinds(book, tape, strategy, rules, account)
    rules = rules or Rules()
    if executor is not None:
        asked = submitted(
            executor, run, book, tape, strategy, rules=rules, account=account, first=first, name=name
        )
        try:
            return result_of(asked, executor)
        except HedgingError:
            raise
        except (BrokenExecutor, CancelledError) as error:
            raise HedgingError(
                f"the run was lost with its worker ({type(error).__name__}: {error}). Was it killed, perhaps for want of "
                "memory? Make a new executor."
            ) from error
    return replayed(book, tape, strategy, rules, account, first, {}, name)


def replayed(
    book: Book,
    tape: Tape,
    strategy: Strategy,
    rules: Rules,
    account: MarginModel | None,
    first: int,
    holds: dict[int, Backtest],
    name: str = "",
) -> Backtest:
    """One run beside holding the same book in the same account; `holds` keeps those by their first snapshot."""
    if not 0 <= first < len(tape):
        raise InputError(f"first must be the number of a snapshot, 0 to {len(tape) - 1}; got {first!r}.")
    _check_book(book, tape, first)
    if not isinstance(strategy, Hold):
        _ = book.trading_account  # refuses several of which none is said to be that one
    if first not in holds:
        holds[first] = Replay(book, tape, Hold(), rules, account, first).result()
    if isinstance(strategy, Hold):
        return replace(holds[first], strategy=strategy, name=name or strategy.name)
    done = Replay(book, tape, strategy, rules, account, first).result()
    return replace(done, holding=holds[first], name=name or done.name)


def run_blocks(
    book: Book,
    tape: Tape,
    strategy: Strategy,
    *,
    rules: Rules | None = None,
    account: MarginModel | None = None,
) -> list[Backtest]:
    """One run for each stretch of the tape without a hole longer than ``rules.longest_gap``, each from the same book."""
    rules = rules or Rules()
    return [
        run(book, block, strategy, rules=rules, account=account) for block in tape.blocks(rules.longest_gap)
    ]


def check_kinds(book: object, tape: object, strategy: object, rules: object, account: object) -> None:
    """Refuse what is no book, tape, strategy, rules or account."""
    must_be("book", book, Book)
    must_be("tape", tape, Tape, hint="read_tape makes one of files, Tape.of one of chains.")
    check_strategy(strategy)
    if rules is not None:
        must_be("rules", rules, Rules)
    if account is not None and not callable(getattr(account, "assess", None)):
        raise InputError(
            f"account must be a model of `hedging.margin`, such as DERIBIT_BTC; got {account!r:.80}."
        )


def check_strategy(strategy: object) -> None:
    """Refuse what is no function of a state."""
    if not callable(strategy):
        raise InputError(
            f"strategy must be a function of a State; got {strategy!r:.80}. rolled('put') makes one, as do the others "
            "of hedging.backtest."
        )


def _check_book(book: Book, tape: Tape, first: int) -> None:
    others = [asset for asset in book.assets if asset != tape.asset]
    if others:
        raise InputError(
            f"the book holds {', '.join(others)}, but the tape is of {tape.asset}; run each asset on its own tape."
        )
    if book.numeraire not in ("USD", tape.currency, tape.asset):
        raise InputError(
            f"numeraire must be {tape.currency} or {tape.asset}, those of the tape; got {book.numeraire!r}."
        )
    for held in book.holdings:
        expiry = getattr(held.instrument, "expiry", None)
        if expiry is not None and expiry <= tape.times[first]:
            why = f"{held.instrument.symbol} of the book expired at {expiry:%Y-%m-%d %H:%M} UTC"
            raise StartError(f"{why}, before the first snapshot ({tape.where(first)}); remove it.", why)
