"""Options and arguments that a command does not have: what they may stand for, and where to look instead."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import Final

from hedging._ground import fields
from hedging._ground.forms import meant

__all__ = ["CHAINS", "repeated_option", "unknown_argument", "unknown_options"]

CHAINS: Final = (".csv", ".csv.gz", ".json", ".json.gz", ".parquet", ".xlsx")
_WRITES: Final = ("--json", "--csv", "--plot", "--ticket", "--output")
# What other commands have, and what does it here.
_ELSEWHERE: Final = {
    **dict.fromkeys(("quiet", "q", "silent"), "progress goes to stderr: add 2>/dev/null"),
    **dict.fromkeys(("verbose", "v", "vv", "debug", "log", "log-level"), "all there is to say is printed"),
    **dict.fromkeys(("version", "V"), "write hedging --version"),
    **dict.fromkeys(("color", "colour", "no-color", "no-colour", "plain"), "set NO_COLOR=1 for no colour"),
    **dict.fromkeys(("yes", "y", "force", "f", "no-input"), "no question is asked"),
    **dict.fromkeys(("dry-run", "n", "simulate"), "no order is sent: a ticket is a file"),
    **dict.fromkeys(("config", "c", "settings"), "targets and limits are [targets] and [limits] of BOOK"),
    **dict.fromkeys(("usage", "man", "info", "examples"), "write --help"),
}
_LONG_DASHES: Final = tuple("‐‑‒–—―−")
_DASHES: Final = "".join(("-", *_LONG_DASHES))
_OUTPUTS: Final = ("output", "o", "out", "outfile", "output-file", "save", "to", "export", "write")


def unknown_options(parser: argparse.ArgumentParser, words: Sequence[str]) -> str:
    """What is said of the first option that a command does not have; empty where it has all."""
    several = any(isinstance(action, argparse._SubParsersAction) for action in parser._actions)
    for word in words:
        if several and not word.startswith("-"):  # what follows is the command's
            return ""
        if word == "--":
            return ""
        name = word.partition("=")[0]
        plain = f"--{name.lstrip(_DASHES)}"
        if name[0:1] in _LONG_DASHES and _has(parser, plain):  # as typesetting makes of two dashes
            return f"{name}: {parser.prog} takes no such argument: write {plain}"
        if re.match(r"--?[A-Za-z]", word) and not _has(parser, name):
            return f"{name}: {parser.prog} takes no such option{_stands_for(parser, name)}"
    return ""


def repeated_option(parser: argparse.ArgumentParser, words: Sequence[str]) -> str:
    """What is said of an option whose later value would take the place of the first; empty where there is none."""
    given: set[str] = set()
    for word in words:
        if word == "--":
            break
        action = parser._option_string_actions.get(word.partition("=")[0])
        if type(action) is not argparse._StoreAction:
            continue
        if action.dest in given:
            return f"{action.option_strings[0]} is given twice; write it once, with commas where it takes several values"
        given.add(action.dest)
    return ""


def unknown_argument(parser: argparse.ArgumentParser, words: Sequence[str]) -> str:
    """What is said of arguments that a command does not take."""
    return f"{' '.join(words)}: {parser.prog} takes no such argument{_without_option(parser, words[0])}"


def _has(parser: argparse.ArgumentParser, name: str) -> bool:
    known = parser._option_string_actions
    return name in known or (not name.startswith("--") and name[:2] in known)


def _stands_for(parser: argparse.ArgumentParser, name: str) -> str:
    known = {each[2:]: each for each in parser._option_string_actions if each.startswith("--")}
    plain = name.lstrip("-").replace("_", "-")  # dashes would make all of them alike
    key = plain.replace("-", "_")
    if "set" in known and key in {*fields.TARGETS, *fields.LIMITS}:
        return f": write --set {key}=VALUE, with --strategy planned"
    if plain in _OUTPUTS and (writes := [each for each in _WRITES if each[2:] in known]):
        return f": what it writes is {', '.join(f'{each} FILE' for each in writes)}"
    if plain == "v" and "version" in known:
        return "; did you mean --version?"
    if plain in _ELSEWHERE:
        json = ", and --json - has every figure" if "json" in known and "printed" in _ELSEWHERE[plain] else ""
        return f": {_ELSEWHERE[plain]}{json}"
    if meant_by := next((a for a in parser._actions if a.option_strings and a.dest == key), None):
        return f": write {meant_by.option_strings[0]}"
    begun = [whole for short, whole in known.items() if len(plain) > 1 and short.startswith(plain)]
    if begun:
        return f", and names are written whole; did you mean {' or '.join(begun)}?"
    return re.sub(r"mean ([\w-]+)\?", lambda found: f"mean {known[found[1]]}?", meant(plain, known))


def _without_option(parser: argparse.ArgumentParser, word: str) -> str:
    """The option that a file needs before it."""
    known = parser._option_string_actions
    if "--chain" in known and word.lower().endswith(CHAINS):
        return f": write --chain {word}"
    return f": write --book {word}" if "--book" in known and word.endswith(".toml") else ""
