"""How to make the same page again: command, files with their digests, versions, seeds."""

from __future__ import annotations

import json
import platform
from hashlib import sha256

from hedging._extras import version_of
from hedging._ground.counts import number_of
from hedging.book import Book
from hedging.report.blocks import Block, Column, Section, Table, Text, tabled
from hedging.report.subject import InputFile, Subject
from hedging.report.words import NOTHING

__all__ = ["reproduce"]

LIBRARIES = ("hedging", "numpy", "scipy", "pandas", "matplotlib", "jinja2", "highspy")


def reproduce(subject: Subject) -> Section:
    """The section."""
    blocks: list[Block] = []
    if subject.command:
        blocks.append(Text(f"Command: {subject.command}", verbatim=True))
    blocks += [_files(subject), _versions(subject)]
    blocks.append(
        Text(
            "Nothing on this page is drawn at random: the same files give the same bytes, but for the time at its end, "
            "which SOURCE_DATE_EPOCH fixes." + _seeds(subject)
        )
    )
    return Section("reproduce", "How to reproduce", tuple(blocks))


def _seeds(subject: Subject) -> str:
    if subject.plan is None or not subject.plan.inputs.get("outcomes"):
        return ""
    return f" The plan's {number_of(subject.plan.inputs['outcomes'], 'outcome')} were drawn when it was made, by --seed."


def _files(subject: Subject) -> Table:
    files = list(subject.files) or [_digest_of(subject.book)]
    known = {each.sha256 for each in files}
    files += [
        InputFile(f"chain of {market.asset}", market.chain.source, market.chain.sha256)
        for market in subject.markets
        if market.chain.sha256 not in known
    ]
    rows = [(each.what, each.name, each.sha256 or NOTHING) for each in files]
    if subject.plan is not None:
        rows.append(("plan", "id: what was asked for and what came out", subject.plan.id))
    heads = [Column(name, False) for name in ("input", "file", "sha256")]
    return tabled("Inputs", heads, rows, most=40)


def _digest_of(book: Book) -> InputFile:
    """A book that came from no file, by what it holds."""
    rows = [[held.instrument.symbol, held.quantity, held.entry, held.account] for held in book.holdings]
    text = json.dumps([rows, book.cash, book.numeraire])
    return InputFile("book", "as given: holdings, cash, numeraire", sha256(text.encode()).hexdigest())


def _versions(subject: Subject) -> Table:
    planned = {} if subject.plan is None else subject.plan.inputs.get("versions", {})
    rows = []
    for name in ("python", *LIBRARIES):
        cells = [platform.python_version() if name == "python" else version_of(name)] + (
            [str(planned.get(name, NOTHING))] if planned else []
        )
        rows.append((name, *cells))
    heads = [Column("of", False), Column("page", False), *([Column("plan", False)] if planned else [])]
    return tabled("Versions", heads, rows)
