"""The command line's parser: complaints in one line with the nearest right word, help in two lengths."""

from __future__ import annotations

import argparse
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

from hedging._ground.counts import number_of
from hedging._ground.forms import meant
from hedging._ground.hints import with_form
from hedging.cli._unknown import repeated_option, unknown_options

__all__ = ["Parser", "command", "option"]

CODES = """exit codes:
  0    done
  1    no feasible plan (the closest is printed), or a watched target is broken
  2    bad input
  3    no time for a plan, or the solver, an exchange or the system failed
  130  interrupted"""


class _HelpAll(argparse.Action):
    """Prints every option, also those that few need."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        assert isinstance(parser, Parser)
        parser.common = ()
        parser.print_help()
        parser.exit()


class _Fitted(argparse.RawDescriptionHelpFormatter):
    """Descriptions and examples fitted to the terminal, as argparse fits the options between them."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:  # noqa: ARG002 - argparse's own, always empty
        return "\n".join(part for line in text.splitlines() for part in _parts(line, width))


def _parts(line: str, width: int) -> list[str]:
    """A line over several; of a command such that all of it can be copied as it stands."""
    is_command = line.startswith("  hedging ")
    lead = " " * (6 if is_command else len(line) - len(line.lstrip()))
    room = max(width - (2 if is_command else 0), 20)
    parts = textwrap.wrap(
        line, room, subsequent_indent=lead, break_long_words=False, break_on_hyphens=False
    ) or [""]
    return [f"{part} \\" for part in parts[:-1]] + parts[-1:] if is_command else parts


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line; the whole usage is what --help is for.

    Attributes
    ----------
    common : tuple of str
        Options that ``--help`` shows; all of them where it is empty.
    came : dict of str to (value, str)
        Of each argument: its value, and how it was typed.
    texts : list of (str, str)
        All that was typed, also of what is given several times.
    """

    common: tuple[str, ...] = ()
    _typed: frozenset[str] = frozenset()

    def __init__(self, **told: Any) -> None:
        # Begun names are refused: `--start` would be `--starts`, and tomorrow's option changes what they mean.
        own: dict[str, Any] = {"formatter_class": _Fitted, "allow_abbrev": False}
        super().__init__(**(own | told))
        self.came: dict[str, tuple[Any, str]] = {}
        self.texts: list[tuple[str, str]] = []
        self._needs: list[tuple[str, tuple[str, ...], str]] = []

    def goes_with(self, name: str, *others: str, why: str = "") -> None:
        """An option changes something only where one of others is given too: alone it is refused, not ignored."""
        self._needs.append((name, others, why))

    def gives(self, name: str) -> bool:
        """Whether an option was typed, by whichever of its names."""
        return bool(self._typed & {*self._option_string_actions[name].option_strings})

    def check_given(self) -> None:
        """Leave with 2 where an option that was typed would change nothing."""
        for name, others, why in self._needs:
            if self.gives(name) and not any(map(self.gives, others)):
                called = self.called(self._option_string_actions[name].option_strings)
                beside = " or ".join(others)
                self.error(f"{called} goes with {beside}{why}: give {beside} too, or leave {called} out")

    def _print_message(self, message: str, file: Any = None) -> None:
        """Print, and leave it to the command to say so where stdout takes no more: argparse would be silent."""
        if message and file is sys.stdout and file is not None:
            file.write(message)
        else:
            super()._print_message(message, file)

    def error(self, message: str) -> NoReturn:
        """Leave with 2 and the message in our words."""
        self.exit(2, f"hedging: {self._in_words(message)} (try {self.prog} --help)\n")

    def parse_known_args(self, args: Any = None, namespace: Any = None, **told: Any) -> Any:
        """As argparse's, remembering which names were typed; an option that is none is told before what is missing."""
        self._typed = frozenset(str(word).partition("=")[0] for word in args or ())
        if wrong := unknown_options(self, args or ()) or repeated_option(self, args or ()):
            self.error(wrong)
        return super().parse_known_args(args, namespace, **told)

    def called(self, names: Sequence[str]) -> str:
        """An option by the name that was typed, else by its first long one."""
        long = next((name for name in names if name.startswith("--")), names[0])
        return next((name for name in names if name in self._typed), long)

    def format_help(self) -> str:
        """The help, without the options that few need where others are named as common."""
        if not self.common:
            return super().format_help()
        rare = [a for a in self._actions if a.option_strings and not {*a.option_strings} & {*self.common}]
        rare = [action for action in rare if action.dest not in ("help", "help_all")]
        with _hidden(rare, self._action_groups):
            text = super().format_help()
        more = f"{number_of(len(rare), 'more option')}: {self.prog} --help-all"
        return f"{text}\n{more}\n"

    def show_in_help(self, *names: str) -> None:
        """Name the options that ``--help`` shows; ``--help-all`` shows the others too."""
        self.common = names
        self.usage = f"{self.prog} BOOK --chain FILE [options]"  # of which there are too many for a line
        self.add_argument("--help-all", action=_HelpAll, nargs=0, help="show every option and leave")

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:
        """A value as its reader takes it; argparse would say of ours only that it is invalid."""
        read = self._registry_get("type", action.type, action.type)
        if not arg_string.strip() and not isinstance(action, argparse._SubParsersAction):
            what = (
                f"leave {self.called(action.option_strings)} out" if action.option_strings else "name a file"
            )
            raise argparse.ArgumentError(
                action, f"must not be empty: give {action.metavar or 'a value'}, or {what}"
            )
        try:
            value = read(arg_string)
            self.came[action.dest] = (value, arg_string)
            self.texts.append((action.dest, arg_string))
            return value
        except (argparse.ArgumentTypeError, TypeError, ValueError) as error:
            said = with_form(str(error), arg_string, read).rstrip(".")
            raise argparse.ArgumentError(action, said) from error

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            known = [str(each) for each in action.choices]
            said = f"must be one of {', '.join(known)}; got {value!r}{meant(str(value), known)}"
            raise argparse.ArgumentError(action, said)

    def _in_words(self, message: str) -> str:
        rule = re.match(r"argument ([^:]+): ((?:must|names) .*)", message, re.DOTALL)
        if rule:
            return f"{self.called(rule[1].split('/'))} {rule[2]}"
        twice = re.match(r"argument ([^:]+): not allowed with argument (.+)", message)
        if twice:
            return f"{twice[1]} and {twice[2]} exclude each other: leave one of them out"
        flag = re.match(r"argument ([^:]+): ignored explicit argument (.+)", message)
        if flag:
            return f"{self.called(flag[1].split('/'))} takes no value; got {flag[2]}: leave it out"
        name = re.match(r"argument ([^:]+): expected ", message)
        if name:
            metavar = next(
                (a.metavar for a in self._actions if name[1].split("/")[0] in a.option_strings), None
            )
            return f"{name[1]} needs a value{f' {metavar}' if metavar else ''}"
        missing = re.match(r"the following arguments are required: (.*)", message)
        if missing:
            if missing[1] == "COMMAND" or missing[1] == "STEP":
                return f"{missing[1]} is missing: one of {', '.join(_steps_of(self))}"
            needed = [_shown(part, self._actions) for part in missing[1].split(", ")]
            return f"{self.prog.removeprefix('hedging ')} needs {' and '.join(needed)}"
        among = re.match(r"one of the arguments (.*) is required", message)
        if among:
            return f"{self.prog.removeprefix('hedging ')} needs one of {', '.join(among[1].split())}"
        return message


def _steps_of(parser: argparse.ArgumentParser) -> list[str]:
    """The commands that a parser has below it."""
    found = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return [name for action in found for name in action.choices]


def _shown(name: str, actions: Iterable[argparse.Action]) -> str:
    """An argument with the form of its value."""
    found = next((a for a in actions if name.split("/")[0] in a.option_strings), None)
    return f"{name} {found.metavar}" if found is not None and found.metavar else name


@contextmanager
def _hidden(actions: Iterable[argparse.Action], groups: Iterable[argparse._ArgumentGroup]) -> Iterator[None]:
    """Leave some options out of the help, and the descriptions of groups that none is left of."""
    helps = {action: action.help for action in actions}
    told = {group: group.description for group in groups}
    for action in helps:
        action.help = argparse.SUPPRESS
    for group in told:
        if all(action.help is argparse.SUPPRESS for action in group._group_actions):
            group.description = None
    try:
        yield
    finally:
        for action, text in helps.items():
            action.help = text
        for group, text in told.items():
            group.description = text


def command(
    commands: argparse._SubParsersAction[Any],
    name: str,
    run: Callable[[argparse.Namespace], int],
    text: str,
    *,
    example: str,
) -> Parser:
    """Add one command; `text` is its help, `run` what it does, and `example` a line of it that works."""
    epilog = f"example:\n  {example}"
    added: Parser = commands.add_parser(
        name, help=text, description=text[0].upper() + text[1:] + ".", epilog=epilog
    )
    added.set_defaults(run=run, parser=added)
    return added


def option(name: str) -> str:
    """How the option of a field is written."""
    return f"--{name.replace('_', '-')}"
