"""Messages of the library in the words of the command: an argument of a call is an option here."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from pathlib import Path

from hedging._ground import fields
from hedging.cli._parser import Parser

__all__ = ["calls_in_words", "in_words_of"]

_MADE = re.compile(r"\b(?:Target|Limits|Effort|View)\(([a-z_]+=[^()]*)\)")
_KNOWN = {*fields.TARGETS, *fields.LIMITS, "gap", "time_limit", "drift", "vol"} - {"close"}
_ARGUMENT = re.compile(r"\b([a-z][a-z_]*)=(?![{\[(])((?:'[^']*'|\"[^\"]*\"|\.\.\.|[\w.%:-]*\w)?)")
# Said for both, as plans are read by both: here the option alone; a line may end anywhere in it.
_BOTH = re.compile(r"Limits\([^()]*\([^()]*\)\),\s+in\s+the\s+command\s+(?P<option>--[\w-]+\s+[\w,]+),")
_PROSE = re.compile(r"^(?=\S)(?!.*  )[^\n]+(?:\n(?=\S)(?!.*  )[^\n]+)+", re.MULTILINE)
_COMMANDS = {  # a call of the library, and what does the same here
    "plan.to_json(path)": "hedging plan ... --json FILE",
    "change them with chain.with_terms(...) once it is read": "leave --settlement, --exercise, --multiplier, --lot, --tick and --fee out",
}
_COMMANDS |= {
    "from its source by write_chain": "from its source by hedging chain convert SOURCE -o FILE",
    "read_plan(path, trust=False)": "--edited",
    "was read from an edited file, to be looked at (trust=False)": "was changed by hand, and is looked at by --edited",
    "read the file as it was written": "give the file as it was written",
    "hedging.book.tickets": "hedging plan ... --ticket FILE, without --ticket-for",
    "Outright('perpetual')": "--outright perpetual",
    "Outright('future')": "--outright future",
}
# Arguments of the library that are called otherwise here.
_OTHER_NAMES = (("time_zone", "timezone"), ("scenarios", "outcomes"), ("scenarios", "monte_carlo"))
_CAME = re.compile(r"\bgot (?:'[^']*'|\"[^\"]*\")(?:: write [^|]*)?")
_SEE = re.compile(r",? \(see hedging\.[\w.]+\)|, see hedging\.[\w.]+")  # which nobody opens from a command
_TWICE = re.compile(r"(--[a-z][a-z-]*)((?: [^\s();,]+)?) \(\1(?: [^()]*)?\)")
_ELSEWHERE = re.compile(r"\b([a-z_]+)= \((--[a-z-]+)\)")  # an option that another command has
_CALLS = re.compile("|".join(map(re.escape, _COMMANDS)))
_FIRST = re.compile(r"^([a-z][a-z_]*)(?= (?:must|takes|of|needs|has|may)\b)")
_AFTER_FILE = re.compile(r"(?<=: )([a-z][a-z_]*)(?= must )")
_IN_BOOK = re.compile(r"\b(?:line|holding|transfer) \d+[^:|]*: $")  # a key of the file, and no option
_FIELD = re.compile(r"(?<![\w.'-])([a-z]+(?:_[a-z]+)+)(?![\w.(='-])")


def calls_in_words(text: str) -> str:
    """A result's text with every field of `Target`, `Limits`, `Effort` and `View` written as its option.

    Examples
    --------
    >>> calls_in_words("which Limits(deltas=...) keeps out; Limits(open_interest_share=1.0) keeps to it")
    'which --deltas keeps out; --open-interest-share 1.0 keeps to it'
    >>> calls_in_words("Limits(quoted_size=False)")
    'Limits(quoted_size=False)'
    >>> calls_in_words('Limits(outright=("spot",)), in the command --outright spot, makes it one.')
    '--outright spot makes it one.'
    """
    return _said(_PROSE.sub(_refilled, text))


def _refilled(block: re.Match[str]) -> str:
    """A paragraph over several lines, wrapped anew where other words stand in it."""
    whole = " ".join(block[0].split("\n"))
    if (said := _said(whole)) == whole:
        return block[0]
    width = max(map(len, block[0].split("\n")))
    return textwrap.fill(said, width, break_long_words=False, break_on_hyphens=False)


def _said(text: str) -> str:
    def options(made: re.Match[str]) -> str:
        parts = [part.partition("=") for part in re.split(r",\s+", made[1])]
        if not {name for name, _, _ in parts} <= _KNOWN:
            return made[0]
        values = ("" if value == "..." else f" {value}" for _, _, value in parts)
        return ", ".join(
            f"--{name.replace('_', '-')}{value}" for (name, _, _), value in zip(parts, values, strict=True)
        )

    told = _BOTH.sub(lambda both: both["option"], _SEE.sub("", text))
    return _MADE.sub(options, _CALLS.sub(lambda call: _COMMANDS[call[0]], told))


def in_words_of(parser: Parser | None, message: str, in_book: Mapping[str, str] | None = None) -> str:
    """A message with every argument that is an option of the command written as one.

    Parameters
    ----------
    parser : Parser, optional
    message : str
    in_book : mapping of str to str, optional
        The file that gives a target or a limit, by its name, of those that no option gives: it is a key there.

    Examples
    --------
    >>> from hedging.cli.main import the_parser
    >>> plan = the_parser().parse_args(["plan", "book.toml", "--chain", "c.json"]).parser
    >>> in_words_of(plan, "max_legs must be a whole number; pass asset='BTC', or Target(shortfall=...).")
    '--max-legs must be a whole number; give --asset BTC, or --shortfall.'
    """
    if parser is None or _of_book(parser, message):
        return message
    long = [
        action
        for action in parser._actions
        if any(name.startswith("--") for name in action.option_strings) and action.const is not False
    ]
    named = {name[2:].replace("-", "_"): action for action in long for name in action.option_strings}
    options = {
        name: parser.called(action.option_strings)
        for name, action in (named | {action.dest: action for action in long}).items()
    }
    options |= {ours: options[name] for ours, name in _OTHER_NAMES if name in options}

    def argument(match: re.Match[str]) -> str:
        if in_book and match[1] in in_book:
            return f"{match[1]} in {in_book[match[1]]}"
        if match[1] not in options:
            return match[0]
        value = match[2].strip("'\"")
        return f"{options[match[1]]}{f' {value}' if value and value != '...' else ''}"

    def field(match: re.Match[str]) -> str:
        return options.get(match[1], match[1])

    # What came is the text of whoever typed it: no word of it is an argument of ours.
    came = _CAME.findall(message)
    told = _MADE.sub(r"\1", calls_in_words(_CAME.sub("got \0", message)))
    told = re.sub(r"\bpass (?=([a-z_]+)=)", lambda m: "give " if m[1] in options else m[0], told)
    told = _TWICE.sub(r"\1\2", _ARGUMENT.sub(argument, told))
    told = _ELSEWHERE.sub(r"\2 (an option of hedging chain convert)", told)
    told = _FIELD.sub(field, _FIRST.sub(field, told))
    told = _AFTER_FILE.sub(
        lambda found: found[0] if _IN_BOOK.search(told[: found.start()]) else field(found), told
    )
    told = _as_typed(parser, options, re.sub("got \0", lambda _: came.pop(0), told))
    return _with_option(parser, options, told)


def _of_book(parser: Parser, message: str) -> bool:
    """Whether a message is about the keys of the book's file, which are no options."""
    files = {text for name, text in parser.texts if name == "book"}
    return any(message.startswith((f"{file}: ", f"book file {file}")) for file in files)


def _with_option(parser: Parser, options: Mapping[str, str], told: str) -> str:
    """A message about a file begins with the option that the file was given to."""
    begun = {
        dest
        for dest, text in parser.texts
        if len(text) > 2 and re.match(rf"'?(?:{re.escape(text)}|{re.escape(Path(text).name)})'?[ :]", told)
    }
    name = options.get(next(iter(begun))) if len(begun) == 1 else None
    return f"{name} {told}" if name and name not in told else told


def _as_typed(parser: Parser, options: Mapping[str, str], told: str) -> str:
    """Values come back as they were typed: -2%, and not -0.02."""
    for name, (value, text) in parser.came.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        shapes = "|".join(re.escape(shape) for shape in {repr(value), f"{value:g}", f"{value:,}"})
        end, typed, called = r"(?![\w%]|[.,]\d)", text.replace("\\", r"\\"), options.get(name, name)
        if called in told:
            told = re.sub(rf"\bgot (?:{shapes}){end}", f"got {typed}", told)
        told = re.sub(rf"(?<![\w-])(?:{name}|{called}) (?:{shapes}){end}", f"{called} {typed}", told)
    return told
