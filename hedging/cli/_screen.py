"""Results on a terminal: fitted to its width, tables by rich where it is installed; plain and stable anywhere else.

Results come as the text that the library prints. A block of aligned lines is a table: where it is wider than the
terminal its columns go below each other in groups, the first one repeated, and no number is broken.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence

__all__ = ["fitted", "show"]

NARROWEST = 20
GAP = "  "
Rows = list[list[str]]


def show(text: str) -> None:
    """Print a result: as it is into a pipe or a file, fitted and with some colour on a terminal."""
    if not sys.stdout.isatty():
        print(text)
        return
    width = max(shutil.get_terminal_size().columns, NARROWEST)
    for line, head in fitted(text, width):
        _print(line, head)


def _print(line: str, head: bool) -> None:
    """One line, a heading in bold; rich says whether the terminal takes that."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") in ("dumb", "unknown", None):
        print(line)
        return
    try:
        from rich.console import Console
        from rich.text import Text
    except ModuleNotFoundError:  # the extra cli
        print(line)
        return
    shown = Text(line, style="bold" if head else "", no_wrap=True, overflow="ignore", end="\n")
    if not head:
        shown.highlight_regex(r"(?<![\w.])-[\d,.]+%?(?![\w-])", "red")
        shown.highlight_regex(r"^  [a-z][a-z ]{2,13}(?=  )", "cyan")
    Console(file=sys.stdout, highlight=False, soft_wrap=True, legacy_windows=False).print(
        shown, soft_wrap=True, crop=False
    )


def fitted(text: str, width: int) -> Iterator[tuple[str, bool]]:
    r"""The lines of a result within a width, each with whether it is a heading.

    Examples
    --------
    >>> [line for line, _ in fitted("  name      low    high\n  one      1.25    2.50\n  two     10.25   20.50", 20)]
    ['  name    low', '  one    1.25', '  two   10.25', '', '  name   high', '  one    2.50', '  two   20.50']
    """
    for place, block in enumerate(_blocks(text.split("\n"))):
        wide = max(map(len, block)) > width
        rows = _columns(block) if wide and len(block) > 1 else []
        if rows:
            for part, group in enumerate(_groups(rows, width)):
                if part:
                    yield "", False
                for number, line in enumerate(_aligned(group, _indent(block))):
                    yield from ((piece, number == 0) for piece in _wrapped(line, width))
        else:
            for number, line in enumerate(block):
                head = place == 0 and number == 0
                yield from ((piece, head) for piece in _wrapped(line, width))


def _blocks(lines: Sequence[str]) -> Iterator[list[str]]:
    """Lines that may be one table: those that stand together and are cut at the same columns."""
    block: list[str] = []
    for line in lines:
        if block and (not line.strip() or not block[-1].strip() or not _fits(block, line)):
            yield block
            block = []
        block.append(line)
    if block:
        yield block


def _fits(block: list[str], line: str) -> bool:
    """Whether a line goes on with the table of a block: its columns stay apart, and no less of them."""
    cuts = len(_cuts(block))
    return cuts >= 2 and len(_cuts([*block, line])) >= max(2, cuts - 1)


def _cuts(block: Sequence[str]) -> list[tuple[int, int]]:
    """Where columns begin and end: between them every line is blank for a place at least, in one of them two."""
    width = max(map(len, block), default=0)
    padded = [line.ljust(width) for line in block]
    filled = [any(line[at] != " " for line in padded) for at in range(width)]
    ends = [at for at in range(width + 1) if (at < width and filled[at]) != (at > 0 and filled[at - 1])]
    spans = list(zip(ends[::2], ends[1::2], strict=True))
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and start - joined[-1][1] < len(GAP) and not _numeric(padded, (start, end)):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _numeric(lines: Sequence[str], right: tuple[int, int]) -> bool:
    """Whether two spans a single blank apart are columns: the right one holds numbers, aligned at their ends."""
    cells = [line[slice(*right)] for line in lines[1:]]
    return bool(cells) and all(re.fullmatch(r"\s*(?:[-+]?[\d.,]+%?|NaN|nan|-|)", cell) for cell in cells)


def _columns(block: Sequence[str]) -> Rows:
    """The cells of a table, none where the lines are no table."""
    cuts = _cuts(block)
    if len(cuts) < 2 or len(block) < 2:
        return []
    width = max(map(len, block))
    return [[line.ljust(width)[start:end] for start, end in cuts] for line in block]


def _groups(rows: Rows, width: int) -> Iterator[Rows]:
    """Columns that fit beside the first one, group by group."""
    sizes = [max(len(row[column].strip()) for row in rows) for column in range(len(rows[0]))]
    # pandas pads the index; what is only blank there is one
    first, used = sizes[0] + 2, 0
    group: list[int] = []
    for column in range(1, len(sizes)):
        need = sizes[column] + len(GAP)
        if group and first + used + need > width:
            yield [[row[0], *(row[at] for at in group)] for row in rows]
            group, used = [], 0
        group.append(column)
        used += need
    yield [[row[0], *(row[at] for at in group)] for row in rows]


def _aligned(rows: Rows, indent: str) -> Iterator[str]:
    """The lines of a table, each column no wider than it must be and aligned as it was."""
    columns = list(zip(*rows, strict=True))
    sides = [all(not cell.strip() or cell[-1] != " " for cell in column) for column in columns]
    sizes = [max(len(cell.strip()) for cell in column) for column in columns]
    for row in rows:
        cells = [
            cell.strip().rjust(size) if right and place else cell.strip().ljust(size)
            for place, (cell, size, right) in enumerate(zip(row, sizes, sides, strict=True))
        ]
        yield (indent + GAP.join(cells)).rstrip()


def _indent(block: Sequence[str]) -> str:
    least = min((len(line) - len(line.lstrip()) for line in block if line.strip()), default=0)
    return " " * min(least, 2)


def _wrapped(line: str, width: int) -> list[str]:
    """A line over several, the rest below its text; no word and no number is broken."""
    if len(line) <= width:
        return [line]
    label = re.match(r"(\s*\S.{0,14}?\s{2,})\S", line)
    lead = len(line) - len(line.lstrip())
    indent = len(label[1]) if label and len(label[1]) <= width // 3 else lead + 2
    if label and len(label[1]) > width // 3:
        line = " " * lead + re.sub(r"\s{2,}", GAP, line.strip())
    return textwrap.wrap(
        line,
        width,
        subsequent_indent=" " * min(indent, width // 2),
        break_long_words=False,
        break_on_hyphens=False,
        replace_whitespace=False,
    ) or [line]
