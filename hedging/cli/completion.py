"""The command ``hedging completion``: what a shell needs to complete commands, options and files."""

from __future__ import annotations

import argparse
from typing import Any

from hedging._extras import require
from hedging.cli import _console as console
from hedging.cli._parser import Parser

__all__ = ["add_parser"]

SHELLS = ("bash", "zsh", "fish")


def add_parser(commands: argparse._SubParsersAction[Any], whole: Parser) -> None:
    """Add ``completion`` to the commands; `whole` is the parser that it completes."""
    command = console.command(
        commands,
        "completion",
        lambda args: _run(args, whole),
        "a script by which bash, zsh or fish completes this command",
        example='eval "$(hedging completion bash)"',
    )
    command.add_argument("shell", choices=SHELLS, metavar="SHELL", help="write its script to stdout")


def _run(args: argparse.Namespace, whole: Parser) -> int:
    if args.shell == "fish":
        print(fish(whole))
        return 0
    shtab = require("shtab", "cli")
    print(shtab.complete(whole, shell=args.shell))
    return 0


def fish(whole: Parser) -> str:
    """A script for fish, which shtab does not know: commands first, then the options of each."""
    lines = ["complete -c hedging -f"]
    for name, parser, above in _commands(whole, ()):
        seen = "".join(f"; and __fish_seen_subcommand_from {each}" for each in above)
        steps = " ".join(each for each, *_ in _commands(whole, ()) if each)
        here = f"not __fish_seen_subcommand_from {steps}" if not above else f"true{seen}"
        lines.append(f"complete -c hedging -n '{here}' -a {name} -d {_quoted(parser.description or '')}")
        lines += [
            _option(action, f"true{seen}; and __fish_seen_subcommand_from {name}")
            for action in _options(parser)
        ]
    return "\n".join(lines)


def _commands(parser: argparse.ArgumentParser, above: tuple[str, ...]) -> Any:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, each in action.choices.items():
                yield name, each, above
                yield from _commands(each, (*above, name))


def _options(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in parser._actions if action.option_strings]


def _option(action: argparse.Action, here: str) -> str:
    name = next(each for each in action.option_strings if each.startswith("--"))
    takes = "" if action.nargs == 0 else " -r"
    among = f" -a '{' '.join(map(str, action.choices))}'" if action.choices else " -F" if takes else ""
    text = _quoted((action.help or "").replace("%%", "%"))
    return f"complete -c hedging -n '{here}' -l {name.removeprefix('--')}{takes}{among} -d {text}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
