"""The command ``hedging backtest``: what strategies would have cost and saved over recorded quotes."""

from __future__ import annotations

import argparse
import re
import sys
from typing import TYPE_CHECKING, Any

from hedging._ground import forms
from hedging.cli import _console as console
from hedging.cli._reading import add_given, given
from hedging.cli._survive import add_account
from hedging.errors import InputError

if TYPE_CHECKING:
    from hedging.backtest import Comparison, Rules, Strategy, Tape
    from hedging.book import Book
    from hedging.margin import MarginModel

__all__ = ["add_parser"]

# As `hedging.backtest.STRATEGIES` has them; that room loads when the command runs, not for its help.
STRATEGIES = "hold, put, put-spread, collar, zero-cost-collar, put-spread-collar, covered-call, pput, cll, cllz, bxm, banded, planned"


SETTING = re.compile(
    r",(?=\s*[A-Za-z_-]+\s*=)"
)  # a comma that begins one, none inside a value: floor=7:-8%,30:-15%

COMMON = (
    *(
        "--chain",
        "--delivery",
        "--strategy",
        "--set",
        "--from",
        "--to",
        "--starts",
        "--timezone",
        "--account",
    ),
    *("--json", "--csv", "--plot"),
)


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``backtest`` to the commands."""
    command = console.command(
        commands,
        "backtest",
        _run,
        "what overlays would have cost and saved over recorded quotes",
        example="hedging backtest book.toml --chain recorded/ --strategy put --set days=20:45",
    )
    command.show_in_help(*COMMON)
    command.add_argument("book", metavar="BOOK", help="TOML file of what is held")
    command.add_argument(
        "--chain",
        "--chains",
        required=True,
        dest="chains",
        metavar="FILE|FOLDER",
        help="recorded chains, or a saved tape",
    )
    command.add_argument(
        "--asset", metavar="NAME", type=forms.asset, help="which underlying; by default the book's"
    )
    command.add_argument(
        "--delivery",
        "--prices",
        dest="prices",
        metavar="FILE",
        action="append",
        default=[],
        help="file of delivery prices, or of hour bars",
    )
    command.add_argument(
        "--strategy",
        default="put",
        metavar="NAME[,NAME...]",
        help=f"default put; also {STRATEGIES} (by the book's [targets] and [limits]); put+banded is both at once",
    )
    command.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE[,KEY=VALUE...]",
        dest="settings",
        help="a setting of the strategies or of the rules: delta=0.25, days=20:45, roll=7, delay=1, floor=-20%%",
    )
    command.add_argument("--from", type=forms.moment, metavar="DATE", dest="start", help="first day or time")
    command.add_argument("--to", type=forms.moment, metavar="DATE", dest="end", help="last day or time")
    command.add_argument(
        "--starts",
        type=forms.whole,
        metavar="N",
        help="begin on each of the first N days, as one start is luck (default 28, or half of the days)",
    )
    command.add_argument(
        "--funding-history",
        metavar="FILE",
        help="rates of the perpetual per 8 hours by time, instead of those recorded",
    )
    add_account(command)
    add_given(command, several=True)
    console.add_table(command, "ledgers")
    console.add_outputs(command, "equity, falls, rolls and costs")


def _run(args: argparse.Namespace) -> int:
    from hedging.backtest import named, read_tape
    from hedging.backtest.stretches import one_stretch
    from hedging.book import read_book
    from hedging.planner import read_mandate

    console.check_outputs(args.json, args.csv, plot=args.plot)
    book, mandate = read_book(args.book), read_mandate(args.book)
    beside = _collateral_beside(book, args.asset)
    if len(book.assets) != 1:
        book = _of_asset(book, args.asset)
    names = [name.strip() for name in args.strategy.split(",") if name.strip()]
    settings = _settings(args.settings)
    try:
        rules, strategies = named(
            names,
            settings,
            book=book,
            account=args.account is not None or bool(book.accounts),
            mandate=mandate,
        )
    except InputError as error:
        if str(error).partition(" ")[0] not in settings:
            raise
        raise InputError(f"--set {error}") from error
    rules = _with_funding(rules, args, book, names)
    tape = read_tape(
        args.chains,
        asset=args.asset or book.assets[0],
        named=args.asset is None,
        start=args.start,
        end=args.end,
        delivery=args.prices or None,
        **given(args),
    )
    tape = one_stretch(tape, rules.longest_gap, first=args.start is not None)
    comparison = _compared(args, book, tape, strategies, rules)
    _show(args, tape, comparison, beside)
    if comparison.unfinished:
        print(f"hedging: interrupted; {comparison.unfinished}", file=sys.stderr)
        return 130
    return 0


def _with_funding(rules: Rules, args: argparse.Namespace, book: Book, names: list[str]) -> Rules:
    """The rules with the payments of a file, where one is given and a perpetual is held or traded."""
    from dataclasses import replace

    from hedging.backtest.funding import payments_of
    from hedging.market.contracts import Perpetual
    from hedging.venues import read_funding

    if args.funding_history is None:
        return rules
    if rules.funding is not None:
        raise InputError("--funding-history and --set funding= exclude each other: leave one of them out.")
    trades = any("banded" in name or "planned" in name for name in names)
    if not trades and not any(isinstance(held.instrument, Perpetual) for held in book.holdings):
        raise InputError(
            f"--funding-history has no use: the book holds no perpetual, and none of {', '.join(names)} trades one."
        )
    return replace(
        rules, funding=payments_of(read_funding(args.funding_history, asset=args.asset or book.assets[0]))
    )


def _of_asset(book: Book, asset: str | None) -> Book:
    """The holdings in one of several underlyings, each in its account, and all money."""
    from hedging.book import Book

    if not book.assets or asset not in (None, *book.assets):
        raise InputError(
            f"the book holds {', '.join(book.assets) or 'nothing'}, not {asset or 'an asset of the chains'}."
        )
    if asset is None:
        raise InputError(
            f"the book holds {', '.join(book.assets)}, and a backtest is of one asset, that of the chains: choose it by "
            "--asset, whose holdings it is then of, with all the book's cash."
        )
    return Book(
        book.of(asset),
        cash=book.cash,
        numeraire=book.numeraire if book.numeraire in ("USD", asset) else "USD",
        accounts=book.accounts,
        transfers=book.transfers,
        orders=book.orders,
    )


def _collateral_beside(book: Book, asset: str | None) -> list[str]:
    """What else lies in accounts that take all collateral together, in sentences."""
    found = []
    for account in book.accounts:
        others = {held.asset for held in book.holdings if held.account == account.name} - {asset}
        if asset is not None and others and account.model not in ("standard", "portfolio"):
            found.append(
                f"Account {account.name} ({account.model}) also holds {', '.join(sorted(others))}, which a backtest of "
                f"{asset} leaves out: it carries nothing here."
            )
    return found


def _compared(
    args: argparse.Namespace, book: Book, tape: Tape, strategies: dict[str, Strategy], rules: Rules
) -> Comparison:
    """The strategies one after the other; an interruption keeps the runs that are done."""
    from hedging.backtest import comparing

    if len(tape) < 2:
        called = args.parser.called(("--chain", "--chains"))
        raise InputError(f"a backtest takes two snapshots at least; {called} {args.chains} has {len(tape)}.")
    account = _account(args.account, tape)
    found: Comparison | None = None
    with console.progress("backtest") as report:
        try:
            for found in comparing(book, tape, strategies, starts=args.starts, rules=rules, account=account):
                if report is not None:
                    report(len(found.rows), len(found.names) * found.count)
        except KeyboardInterrupt:
            if found is None or (len(found.names) > 1 and len(found.runs) == 1):  # holding alone
                raise
    assert found is not None
    return found


def _account(kind: str | None, tape: Tape) -> MarginModel | None:
    """Deribit's rules for the tape's asset."""
    if kind is None:
        return None
    from hedging import margin

    known: dict[tuple[str, str], MarginModel] = {
        ("standard", "BTC"): margin.DERIBIT_BTC,
        ("standard", "ETH"): margin.DERIBIT_ETH,
        ("portfolio", "BTC"): margin.DERIBIT_BTC_2024,
        ("portfolio", "ETH"): margin.DERIBIT_ETH_2026,
    }
    if (kind, tape.asset) not in known or tape.terms(0).settlement != "coin":
        raise InputError(
            f"--account {kind} knows coin-settled BTC and ETH; the tape is of {tape.asset}, settled in "
            f"{tape.terms(0).settlement}."
        )
    return known[kind, tape.asset]


def _settings(given: list[str]) -> dict[str, str]:
    """Settings by name, as text."""
    found: dict[str, str] = {}
    for item in (part for each in given for part in SETTING.split(each)):
        key, equals, value = (part.strip() for part in item.partition("="))
        if not (equals and key and value):
            raise InputError(f"--set {item}: write it as key=value, such as --set delta=0.25.")
        key = key.replace("-", "_")
        if found.get(key, value) != value:
            raise InputError(f"--set {key} is given twice, as {found[key]} and as {value}.")
        found[key] = value
    return found


def _show(args: argparse.Namespace, tape: Tape, comparison: Comparison, beside: list[str]) -> None:
    from hedging.backtest.stretches import left_out
    from hedging.plots import backtest

    if args.json:
        console.emit_json(args.json, comparison.to_dict())
    if args.csv:
        _write_ledgers(args.csv, comparison)
    if "-" not in (args.json, args.csv):
        left = left_out(tape)
        console.show(comparison, *beside, *comparison.runs[1:], *([left] if left else []))
    if args.plot:
        console.save_figure(backtest(comparison), args.plot)


def _write_ledgers(path: str, comparison: Comparison) -> None:
    import pandas as pd

    table = pd.concat([done.ledger.assign(strategy=done.name) for done in comparison.runs], ignore_index=True)
    console.emit_csv(path, table)
