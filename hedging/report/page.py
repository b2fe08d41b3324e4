"""The page: its sections in order, rendered by the template, and written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from hedging._ground.arguments import must_be
from hedging._ground.reading import read_bytes
from hedging._numerics.quiet import quiet
from hedging._writing import check_writable, write_text
from hedging.book import Book
from hedging.errors import InputError
from hedging.market import Chains
from hedging.planner import HedgePlan, PlanStatus
from hedging.planner.result.text import status_of
from hedging.report import given
from hedging.report.blocks import Section
from hedging.report.certificate import certificate
from hedging.report.costs import costs
from hedging.report.falls import Fall, accounts, falls, falls_of, first_liquidations
from hedging.report.grid import grid_of
from hedging.report.payoffs import payoffs
from hedging.report.pictures import Studio
from hedging.report.position import position
from hedging.report.quotes import quotes
from hedging.report.reproduce import reproduce
from hedging.report.subject import InputFile, Subject
from hedging.report.trades import missed_now, trades
from hedging.report.words import amount, per_cent, places, stamp, typeset

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["html", "write"]

EPOCH = "SOURCE_DATE_EPOCH"
LONG_WORD = 36  # characters; a longer one is broken, so that no name makes a table as wide as itself


def write(
    path: str | Path,
    book: Book,
    chains: Chains,
    plan: HedgePlan | None = None,
    *,
    backtest: object = None,
    screen: object = None,
    files: Mapping[str, str | Path] | None = None,
    command: str = "",
) -> None:
    """Write a report as one HTML file that needs no other file and no network.

    Parameters
    ----------
    path : str or Path
        Ends in ``.html`` or ``.htm``; written whole or not at all.
    book, chains, plan, backtest, screen, files, command
        As in `html`.

    Raises
    ------
    InputError
        As `html`, and if the ending is another, or the file cannot be written.

    Examples
    --------
    >>> import hedging as hg, tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "report.html"
    >>> hg.report.write(path, hg.samples.book(), hg.samples.chain())
    >>> path.read_text(encoding="utf-8")[:15]
    '<!doctype html>'
    """
    check_page(path)
    check_writable(path)
    text = html(book, chains, plan, backtest=backtest, screen=screen, files=files, command=command)
    write_text(path, text)


def check_page(path: str | Path, name: str = "path") -> None:
    """Refuse a name that no page has; a folder is told as one where it is written.

    Raises
    ------
    InputError
        If the ending is neither ``.html`` nor ``.htm``.
    """
    made = Path(must_be(name, path, str, Path))
    if not made.is_dir() and made.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"{name} {path}: a report is a page of HTML; the ending must be .html or .htm.")


@quiet
def html(
    book: Book,
    chains: Chains,
    plan: HedgePlan | None = None,
    *,
    backtest: object = None,
    screen: object = None,
    files: Mapping[str, str | Path] | None = None,
    command: str = "",
) -> str:
    """A report as the text of one HTML page: position, plan and proof, payoffs, falls, accounts, quotes.

    Parameters
    ----------
    book : Book
    chains : OptionChain or Market, or several of them
        Of every asset of the book and the plan.
    plan : HedgePlan, optional
        Also one that only comes closest: the page then shows what clashes.
    backtest, screen : optional
        A `hedging.backtest.Comparison` and a `hedging.screen.Screen`, or what their `to_dict` gives.
    files : mapping of str to path, optional
        Files that the arguments were read from, by what they hold; their digests are printed.
    command : str
        The command line that writes the same page, to be printed.

    Returns
    -------
    str
        The same to the byte for the same input, but for one line of time, which the environment variable
        ``SOURCE_DATE_EPOCH`` fixes.

    Raises
    ------
    InputError
        If an asset has no chain, the book is empty, or a file or result is not what it is said to be.
    """
    must_be("command", command, str)
    must_be("files", files or {}, Mapping)
    written = _written()
    subject = Subject.of(
        book,
        chains,
        plan,
        backtest=None if backtest is None else given.check_given("backtest", backtest),
        screen=None if screen is None else given.check_given("screen", screen),
        files=tuple(_digest(what, path) for what, path in (files or {}).items()),
        command=command,
    )
    fallen = falls_of(subject)
    page = _environment().get_template("page.html.j2")
    text = page.render(
        title=f"Hedge report: {', '.join(subject.assets)}",
        lead=_lead(subject, fallen[0]),
        alert=plan.message if plan is not None and plan.status is PlanStatus.CLOSEST else "",
        sections=_sections(subject, fallen),
        style=_resource("page.css"),
        script=_resource("page.js"),
        written=written,
    )
    # A file may hold half a character, which no page can.
    return text.encode("utf-8", "replace").decode("utf-8")


def _sections(subject: Subject, fallen: tuple[Fall, ...]) -> list[Section]:
    """The page from top to bottom."""
    studio, found = Studio(), grid_of(subject)
    sections = [
        position(subject),
        trades(subject),
        costs(subject, found),
        payoffs(subject, found, studio),
        falls(subject, fallen, studio),
        accounts(subject, fallen, studio),
        certificate(subject, found),
        quotes(subject),
    ]
    if subject.screen is not None:
        sections.append(given.screen(subject.screen, subject))
    if subject.backtest is not None:
        sections.append(given.backtest(subject.backtest, subject, studio))
    return [*sections, reproduce(subject)]


def _lead(subject: Subject, fall: Fall) -> Sequence[tuple[str, str]]:
    """What a reader wants to know first: name and number."""
    spots = ", ".join(f"{each.asset} {amount(each.spot, 2)}" for each in subject.markets)
    facts = [("quotes of", stamp(subject.as_of)), (f"spot [{subject.money}]", spots)]
    plan = subject.plan
    if plan is None:
        return [*facts, ("plan", "none given"), *first_liquidations(subject, fall)]
    alone, hedged = plan.troughs
    status = status_of(plan) if plan.trusted else "edited, not proven"
    at, money = subject.at_plan, plan.inputs["currency"]
    return [
        *facts,
        (f"plan{at}", f"{plan.structure}, {status}"),
        (f"worst, alone{at}", per_cent(alone.share)),
        (f"worst, with the plan{at}", per_cent(hedged.share)),
        (f"cost [{money}]{at}", amount(plan.cost.execution, places(plan.base))),
        (f"net premium [{money}]{at}", amount(plan.cost.premium, places(plan.base))),
        *first_liquidations(subject, fall),
        *([("limits at the page's quotes", missed_now(subject))] if subject.made is not None else []),
    ]


def _environment() -> Environment:
    """Templates that escape whatever they show."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    made = Environment(
        loader=FunctionLoader(_resource),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["typeset"] = typeset
    made.tests["long"] = lambda text: any(len(word) > LONG_WORD for word in text.split())
    return made


def _resource(name: str) -> str:
    return (resources.files("hedging.report") / name).read_text(encoding="utf-8")


def _digest(what: str, path: str | Path) -> InputFile:
    return InputFile(what, Path(path).name, sha256(read_bytes(path, what=what)).hexdigest())


def _written() -> str:
    """Now, or the time that SOURCE_DATE_EPOCH says."""
    said = os.environ.get(EPOCH)
    if said is None:
        return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
    try:
        return f"{datetime.fromtimestamp(int(said), UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError, OSError) as error:
        raise InputError(f"{EPOCH} must be whole seconds since 1970; got {said!r}.") from error
