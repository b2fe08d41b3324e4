"""Messages of the library in the words of the command: an argument of a call is an option here."""

from __future__ import annotations

import argparse
import re

__all__ = ["in_words_of"]

_MADE = re.compile(r"\b(?:Target|Limits|Effort|View)\(([a-z_]+=[^()]*)\)")
_ARGUMENT = re.compile(r"\b([a-z][a-z_]*)=((?:'[^']*'|\"[^\"]*\"|\.\.\.|[\w.%:-]*\w)?)")
_FIRST = re.compile(r"^([a-z][a-z_]*)(?= (?:must|takes|of|needs|has|may)\b)")
_FIELD = re.compile(r"(?<![\w.'-])([a-z]+(?:_[a-z]+)+)(?![\w.(='-])")


def in_words_of(parser: argparse.ArgumentParser | None, message: str) -> str:
    """A message with every argument that is an option of the command written as one.

    Examples
    --------
    >>> from hedging.cli.main import the_parser
    >>> plan = the_parser().parse_args(["plan", "book.toml", "--chain", "c.json"]).parser
    >>> in_words_of(plan, "max_legs must be a whole number; pass asset='BTC', or Target(shortfall=...).")
    "--max-legs must be a whole number; give --asset BTC, or --shortfall ...."
    """
    if parser is None:
        return message
    options = {
        action.dest: next(name for name in action.option_strings if name.startswith("--"))
        for action in parser._actions
        if any(name.startswith("--") for name in action.option_strings)
    }
    options |= {"time_zone": "--timezone"} if "timezone" in options else {}

    def argument(match: re.Match[str]) -> str:
        if match[1] not in options:
            return match[0]
        value = match[2].strip("'\"")
        return f"{options[match[1]]}{f' {value}' if value and value != '...' else ''}"

    def field(match: re.Match[str]) -> str:
        return options.get(match[1], match[1])

    told = _MADE.sub(r"\1", message)
    told = re.sub(r"\bpass (?=([a-z_]+)=)", lambda m: "give " if m[1] in options else m[0], told)
    told = _ARGUMENT.sub(argument, told)
    return _FIELD.sub(field, _FIRST.sub(field, told))
