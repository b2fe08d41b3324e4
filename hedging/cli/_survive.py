"""What an account must live through, on the command line: nodes, moves of spot, a fall, a crash that happened."""

from __future__ import annotations

import argparse

from hedging._ground import forms
from hedging.cli import _console as console

__all__ = ["add_account", "add_survive"]


def add_survive(command: console.Parser) -> None:
    """Arguments of what every margin account must live through."""
    group = command.add_argument_group("margin accounts")
    group.add_argument(
        "--survive",
        type=forms.survival,
        metavar="WHERE",
        help="accounts stay above maintenance, one or several with commas: all nodes (nodes), moves of spot "
        "(-40%%:50%%), a crash that happened (feb-2026), a fall by velocity, acceleration, days (fall:-2%%:-0.4%%:21)",
    )
    add_account(group)


def add_account(command: argparse._ActionsContainer) -> None:
    """By whose rules accounts are margined."""
    command.add_argument(
        "--account",
        choices=["standard", "portfolio"],
        help="margin by these rules of Deribit instead of those that each account of the book declares; where it "
        "declares none, all of it is the account",
    )
