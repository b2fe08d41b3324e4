"""Messages of the library in the words of the command: an argument of a call is an option here."""

from __future__ import annotations

import re

from hedging._ground import fields
from hedging.cli._parser import Parser

__all__ = ["calls_in_words", "in_words_of"]

_MADE = re.compile(r"\b(?:Target|Limits|Effort|View)\(([a-z_]+=[^()]*)\)")
_KNOWN = {*fields.TARGETS, *fields.LIMITS, "gap", "time_limit", "drift", "vol"} - {"close"}
_ARGUMENT = re.compile(r"\b([a-z][a-z_]*)=(?![{\[(])((?:'[^']*'|\"[^\"]*\"|\.\.\.|[\w.%:-]*\w)?)")
_COMMANDS = {  # a call of the library, and what does the same here
    "plan.to_json(path)": "hedging plan ... --json FILE",
    "change them with chain.with_terms(...) once it is read": "leave --settlement, --exercise, --multiplier, --lot, --tick and --fee out",
}
_CALLS = re.compile("|".join(map(re.escape, _COMMANDS)))
_FIRST = re.compile(r"^([a-z][a-z_]*)(?= (?:must|takes|of|needs|has|may)\b)")
_FIELD = re.compile(r"(?<![\w.'-])([a-z]+(?:_[a-z]+)+)(?![\w.(='-])")


def calls_in_words(text: str) -> str:
    """A result's text with every field of `Target`, `Limits`, `Effort` and `View` written as its option.

    Examples
    --------
    >>> calls_in_words("which Limits(deltas=...) keeps out; Limits(open_interest_share=1.0) keeps to it")
    'which --deltas keeps out; --open-interest-share 1.0 keeps to it'
    >>> calls_in_words("Limits(quoted_size=False)")
    'Limits(quoted_size=False)'
    """

    def options(made: re.Match[str]) -> str:
        parts = [part.partition("=") for part in re.split(r",\s+", made[1])]
        if not {name for name, _, _ in parts} <= _KNOWN:
            return made[0]
        values = ("" if value == "..." else f" {value}" for _, _, value in parts)
        return ", ".join(
            f"--{name.replace('_', '-')}{value}" for (name, _, _), value in zip(parts, values, strict=True)
        )

    return _MADE.sub(options, _CALLS.sub(lambda call: _COMMANDS[call[0]], text))


def in_words_of(parser: Parser | None, message: str) -> str:
    """A message with every argument that is an option of the command written as one.

    Examples
    --------
    >>> from hedging.cli.main import the_parser
    >>> plan = the_parser().parse_args(["plan", "book.toml", "--chain", "c.json"]).parser
    >>> in_words_of(plan, "max_legs must be a whole number; pass asset='BTC', or Target(shortfall=...).")
    '--max-legs must be a whole number; give --asset BTC, or --shortfall.'
    """
    if parser is None:
        return message
    options = {
        action.dest: parser.called(action.option_strings)
        for action in parser._actions
        if any(name.startswith("--") for name in action.option_strings) and action.const is not False
    }
    options |= {"time_zone": "--timezone"} if "timezone" in options else {}

    def argument(match: re.Match[str]) -> str:
        if match[1] not in options:
            return match[0]
        value = match[2].strip("'\"")
        return f"{options[match[1]]}{f' {value}' if value and value != '...' else ''}"

    def field(match: re.Match[str]) -> str:
        return options.get(match[1], match[1])

    told = _MADE.sub(r"\1", calls_in_words(message))
    told = re.sub(r"\bpass (?=([a-z_]+)=)", lambda m: "give " if m[1] in options else m[0], told)
    told = _ARGUMENT.sub(argument, told)
    return _FIELD.sub(field, _FIRST.sub(field, told))
