"""The command ``hedging chain``: show, check, fetch and convert quote files, and propose maps of others."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hedging._ground.forms import asset, moment
from hedging._ground.nearest import meant
from hedging._writing import check_writable, write_text
from hedging.cli import _console as console
from hedging.cli._reading import add_given, add_terms, given, terms_of
from hedging.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from hedging.market.chain import ChainRules, OptionChain

__all__ = ["add_parser"]


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``chain`` and its commands; each sets ``run``, which takes the arguments and returns 0."""
    text = "quote files: show, check, fetch, convert, map"
    chain = commands.add_parser("chain", help=text, description=f"{text[0].upper()}{text[1:]}.")
    chain.set_defaults(parser=chain)
    steps = chain.add_subparsers(metavar="STEP", required=True)

    text = "expiries, forwards, vols and missing sides; or the quotes of one expiry"
    show = console.command(
        steps, "show", _show, text, example="hedging chain show chain.csv --expiry 2026-03-27"
    )
    _add_file(show)
    show.add_argument("--expiry", metavar="DATE", help="list the quotes of this expiry: 2026-03-27")
    _add_results(show, "expiries, or the quotes of --expiry,")

    check = console.command(
        steps,
        "check",
        _check,
        "what was rejected, what contradicts, how a smile fits; of several files side by side",
        example="hedging chain check chain.csv",
    )
    _add_file(check, several=True)
    _add_results(check, "fit of the smile by expiry")

    fetch = console.command(
        steps,
        "fetch",
        _fetch,
        "save the chain an exchange shows right now",
        example="hedging chain fetch deribit BTC -o chain.parquet",
    )
    fetch.add_argument(
        "venue", metavar="VENUE", help="deribit; or bybit, okx, binance and others by the extra ccxt"
    )
    fetch.add_argument("asset", metavar="ASSET", type=asset, help="BTC, ETH, SOL_USDC, ...")
    fetch.add_argument("-o", "--output", required=True, metavar="FILE", help=".parquet, .csv or .csv.gz")
    fetch.add_argument("--url", help="another address of the API, such as that of the test exchange")
    add_terms(fetch)

    convert = console.command(
        steps,
        "convert",
        _convert,
        "write our own columns, which read back to the bit",
        example="hedging chain convert chain.csv -o chain.parquet",
    )
    _add_file(convert)
    convert.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="FILE",
        help=".parquet, .csv or .csv.gz; - writes CSV to stdout",
    )

    text = "propose a map of a table of no known format, to be completed"
    propose = console.command(steps, "map", _map, text, example="hedging chain map quotes.csv -o map.toml")
    propose.add_argument("file", metavar="FILE", help="CSV, Excel, Parquet or a JSON list of rows")
    propose.add_argument(
        "-o", "--output", metavar="FILE", help="write it to a TOML file instead of printing it"
    )


def _add_results(parser: console.Parser, table: str) -> None:
    """Where the results of a step go."""
    parser.add_argument("--json", metavar="FILE|-", help="write JSON to a file or to stdout")
    console.add_table(parser, table)


def _add_file(parser: argparse.ArgumentParser, *, several: bool = False) -> None:
    if several:
        parser.add_argument("files", metavar="FILE", nargs="+", help="files of option quotes, or -")
    else:
        parser.add_argument("file", metavar="FILE", help="file of option quotes, or -")
    parser.add_argument("--asset", metavar="NAME", type=asset, help="which underlying, in a file of several")
    parser.add_argument(
        "--at", type=moment, metavar="TIME", help="which day or time, in a file of several chains"
    )
    parser.add_argument("--format", metavar="NAME", help="format of the chain; recognised if not given")
    add_given(parser)
    parser.add_argument(
        "--rule",
        action="append",
        default=[],
        metavar="NAME=NUMBER",
        help="change a limit beyond which quotes are rejected: max_spread=0.5; repeatable",
    )


def _read(args: argparse.Namespace, file: str) -> OptionChain:
    from hedging.venues import read_chain  # readers load when a file is read, not with the command

    return read_chain(
        file,
        format=args.format,
        at=args.at,
        asset=args.asset,
        rules=_rules(args.rule) if args.rule else None,
        **given(args),
    )


def _rules(texts: Sequence[str]) -> ChainRules:
    """Rules with some of their limits changed, as ``name=number``."""
    from dataclasses import fields

    from hedging.market.chain import ChainRules

    known = [field.name for field in fields(ChainRules)]
    changes = {}
    for text in texts:
        name, _, number = text.partition("=")
        try:
            changes[name] = float(number)
        except ValueError:
            name = ""
        if name not in known:
            named = text.partition("=")[0]
            near = "" if named in known else meant(named, known)
            raise InputError(
                f"--rule must be NAME=NUMBER with one of {', '.join(known)}; got {text!r}{near}."
            )
    return ChainRules(**changes)  # type: ignore[arg-type]  # 1 and 0 for two_sided


def _show(args: argparse.Namespace) -> int:
    console.check_outputs(args.json, args.csv)
    chain = _read(args, args.file)
    table = chain.expiries if args.expiry is None else _of_expiry(chain, args.expiry)
    if args.json:
        console.emit_json(args.json, table)
    if args.csv:
        console.emit_csv(args.csv, table)
    if "-" not in (args.json, args.csv):
        console.show(chain)
        if args.expiry is not None:
            console.show(console.text_of(table, index=False))
    return 0


def _of_expiry(chain: OptionChain, expiry: str) -> pd.DataFrame:
    """Quotes of one expiry."""
    from hedging.units import utc_day

    day = utc_day(expiry, "--expiry")
    rows = chain.quotes[chain.quotes["expiry"].dt.normalize() == day]
    if rows.empty:
        days = ", ".join(chain.expiries["expiry"].dt.strftime("%Y-%m-%d"))
        raise InputError(f"--expiry {expiry} is not in the chain; it has {days}.")
    shown = ["symbol", "strike", "bid_quoted", "ask_quoted", "mark_quoted", "mark_vol", "open_interest"]
    found: pd.DataFrame = rows[shown]
    return found


def _check(args: argparse.Namespace) -> int:
    from dataclasses import asdict

    import pandas as pd

    from hedging._ground.cells import SHARE
    from hedging._ground.tables import Page, Table, as_text
    from hedging.market import check_venue, fit, fit_quality

    console.check_outputs(args.json, args.csv)
    rules, several = asdict(_rules(args.rule)), len(args.files) > 1
    told = ", ".join(f"{name} {limit:g}" for name, limit in rules.items())
    units = {"expiry": "UTC", "inside": SHARE, **dict.fromkeys(("rmse", "rmse_all"), "vol points")}
    records, reports, texts = [], [], []
    chains = [_read(args, file) for file in args.files]  # before any of the work
    for file, chain in zip(args.files, chains, strict=True):
        found, report = check_venue(chain), fit_quality(fit(chain), chain)
        records.append(found.to_dict() | {"rules": rules, "smile": console.records(report)})
        fits = Table(report.round({"days": 1}), units, rows=len(report), caption="smile")
        texts.append(f"{f'{file}: ' if several else ''}{found}\n{as_text(Page(f'rules: {told}', (fits,)))}")
        reports.append(report.assign(file=file)[["file", *report]] if several else report)
    if args.json:
        console.emit_json(args.json, records if several else records[0])
    if args.csv:
        console.emit_csv(args.csv, pd.concat(reports, ignore_index=True))
    if "-" not in (args.json, args.csv):
        console.show("\n\n".join(texts))
    return 0


def _fetch(args: argparse.Namespace) -> int:
    from hedging.venues import fetch_chain

    _check_ending(args.output)

    return _saved(
        fetch_chain(args.venue.lower(), args.asset, url=args.url, terms=terms_of(args)), args.output
    )


def _check_ending(output: str) -> None:
    """Refuse a name that no chain can be written to before the work, not after it."""
    from hedging.venues.own import ENDINGS

    if not output.endswith(ENDINGS):
        raise InputError(f"-o {output}: the ending must be one of {', '.join(ENDINGS)}.")
    check_writable(output)


def _convert(args: argparse.Namespace) -> int:
    if args.output == "-":
        return _to_stdout(_read(args, args.file))
    _check_ending(args.output)
    return _saved(_read(args, args.file), args.output)


def _to_stdout(chain: OptionChain) -> int:
    """The file of a chain, which is written whole before it is printed."""
    from tempfile import TemporaryDirectory

    from hedging.venues import write_chain

    with TemporaryDirectory() as folder:
        path = Path(folder, "chain.csv")
        write_chain(chain, path)
        print(path.read_text(encoding="utf-8"), end="")
    return 0


def _map(args: argparse.Namespace) -> int:
    from hedging.venues.proposing import proposed_map

    text = proposed_map(args.file)
    if args.output is None:
        print(text, end="")
        return 0
    write_text(args.output, text)
    print(f"wrote {Path(args.output)}")
    return 0


def _saved(chain: OptionChain, output: str) -> int:
    from hedging.venues import write_chain

    write_chain(chain, output)
    print(f"{chain}\nwrote {Path(output)}")
    return 0
