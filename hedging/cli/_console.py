"""What the commands share: arguments, reading the inputs, writing the results."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hedging._ground import forms
from hedging._ground.nearest import beside, why_not
from hedging._writing import check_writable, for_spreadsheets, whole_file, write_csv, write_text
from hedging.cli import _screen as screen
from hedging.cli._parser import Parser, command, option
from hedging.cli._reading import add_given, given
from hedging.cli._streams import complain
from hedging.cli._words import calls_in_words
from hedging.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from hedging.market import Market, OptionChain

__all__ = [
    "Parser",
    "add_chain",
    "add_outputs",
    "add_table",
    "chain_of",
    "check_outputs",
    "command",
    "emit_csv",
    "emit_json",
    "folder",
    "option",
    "progress",
    "read_markets",
    "records",
    "save_figure",
    "search_progress",
    "show",
    "text_of",
    "write_table",
]

PICTURES = (".pdf", ".png", ".svg")


def chain_of(args: argparse.Namespace, file: str, asset: str | None) -> OptionChain:
    """The chain of one asset in a file, as the options of `add_chain` pick it; ``FILE+BESIDE`` is two that belong together."""
    from hedging.venues import read_chain

    (path, *beside), more = _parts(file), given(args)
    if beside:
        (more["beside"],) = beside
    # A file that does not name its underlying would pass for whatever is held: --asset alone may say what it is of.
    named = asset != args.asset
    chain = read_chain(path, format=args.format, at=args.at, asset=asset, named=named, **more)
    if getattr(args, "tier", 0) or getattr(args, "maker", False):
        if getattr(args, "terms_fee", None) is not None:
            taken = "--tier" if args.tier else "--maker"
            raise InputError(f"--fee and {taken} exclude each other: leave one of them out.")
        from hedging.venues.deribit import at_account_fees

        chain = at_account_fees(chain, tier=args.tier, maker=args.maker)
    for note in chain.notes:
        complain(f"{Path(file).name}: {note}")
    return chain


def _parts(file: str) -> list[str]:
    """The file, or both files of ``FILE+BESIDE``."""
    return [file] if Path(file).exists() else file.split("+", 1)


def read_markets(
    args: argparse.Namespace, assets: Sequence[str | None], *, all_quoted: bool = True
) -> tuple[Market, ...]:
    """The market of each asset: of the files of ``--chain`` that have it, one a venue, side by side.

    Without `all_quoted` some of the assets may be in no file, and a file may bring an asset that is not among them:
    its options stand in for theirs.

    Raises
    ------
    InputError
        If a file brings no asset or venue that is missing yet, or an asset is in no file.
    """
    from hedging.market import Market

    if len(args.chain) == len(assets) == 1 and all_quoted:
        return (Market.of(chain_of(args, args.chain[0], assets[0])),)
    for part in (part for file in args.chain for part in _parts(file)):
        if not Path(part).exists():
            raise InputError(f"--chain {part} cannot be read: there is no such file{beside(part) or '.'}")
    found: dict[str | None, dict[str, OptionChain]] = {}
    for file in args.chain:
        brought, why = _brought(args, file, assets, found)
        if not brought and not all_quoted:
            other = chain_of(args, file, None)
            brought = {} if other.terms.venue in found.get(other.asset, {}) else {other.asset: other}
        if not brought:
            missing = [asset for asset in assets if asset not in found]
            what = f"none of {', '.join(map(str, missing))}" if missing else "nothing that is missing"
            raise InputError(f"--chain {file} brings {what}: {why}")
        for asset, chain in brought.items():
            found.setdefault(asset, {})[chain.terms.venue] = chain
    missing = [asset for asset in assets if asset not in found]
    if missing and all_quoted:
        raise InputError(
            f"no --chain brings {', '.join(map(str, missing))}, which the book holds: {why} "
            "Coins without options take --prices FILE in hedging plan."
        )
    asked = [asset for asset in assets if asset in found]
    return tuple(Market.of(_together(found[asset])) for asset in dict.fromkeys([*asked, *found]))


def _brought(
    args: argparse.Namespace,
    file: str,
    assets: Sequence[str | None],
    found: Mapping[str | None, Mapping[str, OptionChain]],
) -> tuple[dict[str | None, OptionChain], str]:
    """The chains of a file that are of an asset asked for and of a venue that is missing, and why others are not."""
    brought: dict[str | None, OptionChain] = {}
    why = ""
    for asset in assets:
        try:
            chain = chain_of(args, file, asset)
        except InputError as error:
            why = str(error)
            continue
        if chain.terms.venue in found.get(asset, {}):
            why = f"{asset or chain.asset} has its chain of {chain.terms.venue or 'no venue'} already"
        else:
            brought[asset] = chain
    return brought, why


def _together(parts: Mapping[str, OptionChain]) -> OptionChain:
    """One chain of all venues, with what putting them together is worth a note."""
    from hedging.market import consolidated

    chain = consolidated(parts.values())
    for note in chain.notes[sum(len(part.notes) for part in parts.values()) :]:  # those are told already
        complain(f"{chain.source}: {note}")
    return chain


def check_outputs(*files: str | None, plot: str | None = None) -> None:
    """Refuse what cannot be written before the work, so that no run ends with half of its files."""
    if files.count("-") > 1:
        raise InputError("only one result can go to stdout: give a file for all but one of --json and --csv.")
    named = [str(Path(file).resolve()) for file in (*files, plot) if file not in (None, "-")]
    if twice := next((file for file in named if named.count(file) > 1), None):
        raise InputError(f"{twice} is named twice: each result needs a file of its own.")
    if plot is not None and Path(plot).suffix.lower() not in PICTURES:
        raise InputError(f"--plot {plot}: the ending must be one of {', '.join(PICTURES)}.")
    for file in (*files, plot):
        if file is not None and file != "-":
            check_writable(file)


def folder(path: str) -> Path:
    """Make a folder for results if it is not there, and return its path."""
    folder = Path(path)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"-o {folder} is a file; give the name of a folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"-o {folder} must be a folder that can be written: {why_not(folder, error)}."
        ) from error
    return folder


def write_table(path: str | Path, table: Any) -> None:
    """Write a table as CSV, whole or not at all."""
    write_csv(path, table)


def emit_csv(path: str, table: Any) -> None:
    """Write a table as CSV, to a file or to stdout."""
    if path == "-":
        print(for_spreadsheets(table).to_csv(index=False), end="")
    else:
        write_csv(path, table)


def text_of(table: pd.DataFrame, **form: Any) -> str:
    """A table as text, fitted to the terminal where stdout is one."""
    from hedging._ground.tables import frame_text

    return frame_text(table, **form)


def show(*parts: object) -> None:
    """Print results, fitted to the terminal where stdout is one."""
    screen.show(calls_in_words("\n\n".join(str(part) for part in parts)))


def emit(args: argparse.Namespace, found: Any) -> None:
    """A result as ``--json`` and ``--csv`` ask for it, and printed unless one of them goes to stdout."""
    if args.json:
        emit_json(args.json, found.to_dict())
    if args.csv:
        emit_csv(args.csv, found.to_frame())
    if "-" not in (args.json, args.csv):
        show(found)


def emit_json(path: str, content: Any) -> None:
    """Write plain values or a table as JSON, to a file or to stdout."""
    if not isinstance(content, dict | list):
        content = records(content)
    text = json.dumps(content, indent=2, allow_nan=False, default=str)
    if path == "-":
        print(text)
    else:
        write_text(path, text + "\n")


def save_figure(figure: Any, path: str | Path) -> None:
    """Write a figure in the format of the path's ending, whole or not at all, and let go of it."""
    from matplotlib import pyplot as plt

    from hedging.plots.saving import save

    with whole_file(path) as aside:
        save(figure, aside, dpi=150)
    plt.close(figure)


def add_chain(command: Parser, *, several: bool = False, required: bool = True, text: str = "") -> None:
    """A file of quotes, and which chain in it; `several` takes one for each asset of a book."""
    before = len(command._actions)
    if several:
        text = text or (
            "file of option quotes, or -; again for each asset of the book, and for each venue to choose from"
        )
        command.add_argument(
            "--chain", required=required, default=[], metavar="FILE", action="append", help=text
        )
    else:
        text = "file of option quotes, or -"
        command.add_argument("--chain", required=True, metavar="FILE", help=text)
    command.add_argument("--format", metavar="NAME", help="format of the chain; recognised if not given")
    command.add_argument(
        "--at", type=forms.moment, metavar="TIME", help="which day or time, in a file of several chains"
    )
    command.add_argument(
        "--asset", metavar="NAME", type=forms.asset, help="which underlying, in a file of several"
    )
    add_given(command)
    if not required:
        of_chain = (action for action in command._actions[before:] if action.option_strings)
        for action in of_chain:
            if "--chain" not in action.option_strings:
                command.goes_with(action.option_strings[0], "--chain")


def add_outputs(command: Parser, picture: str) -> None:
    """Where results go."""
    command.add_argument("--json", metavar="FILE|-", help="write JSON to a file or to stdout")
    command.add_argument("--plot", metavar="FILE", help=f"draw the {picture} to a PNG, SVG or PDF file")


def add_table(command: Parser, table: str, *, also: str = "") -> None:
    """Where a table goes; `also` is an older name of the option."""
    names = ("--csv", also) if also else ("--csv",)
    command.add_argument(*names, metavar="FILE|-", help=f"write the {table} as CSV to a file or to stdout")


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain values; JSON knows no NaN, so what is not there is null."""
    rows = table.astype(object).where(table.notna(), None).to_dict(orient="records")
    return [{str(name): value for name, value in row.items()} for row in rows]


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], object] | None]:
    """Report progress on a terminal, where tqdm is installed; say nothing anywhere else."""
    try:
        from tqdm import tqdm
    except ModuleNotFoundError:
        yield None
        return
    # disable=None: only where stderr is a terminal
    with tqdm(desc=what, unit="block", disable=None, leave=False, file=sys.stderr) as bar:

        def report(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield report


@contextmanager
def search_progress(what: str) -> Iterator[Callable[[float, float], object] | None]:
    """Report a search that takes longer than a second on a terminal, where tqdm is installed."""
    try:
        from tqdm import tqdm
    except ModuleNotFoundError:
        yield None
        return
    shape = "{desc} {elapsed}{postfix}"  # nobody knows how much is left
    with tqdm(desc=what, delay=1.0, bar_format=shape, disable=None, leave=False, file=sys.stderr) as bar:

        def report(cost: float, bound: float) -> None:
            best = (
                f"best {cost:,.0f}, gap {(cost - bound) / abs(cost):.2%}"
                if math.isfinite(cost) and cost
                else "none yet"
            )
            # tqdm would show it at once, before the delay, and not clear it
            bar.set_postfix_str(f"{best}, bound {bound:,.0f}; Ctrl-C keeps the best", refresh=False)
            bar.update()

        yield report
