"""What a reader of a screen looks at first: which coins in which order, and which measures of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd

from hedging._ground.counts import number_of
from hedging.screen.rules import UNCLEAR, VERDICTS

__all__ = ["UNITS", "evidence_of_decay", "summarised", "weakest_first"]

SURE: Final = 0.05  # false discovery rate
UNITS: Final = "alpha a year; strength, drawdown and the week in logs, break in standard deviations"


def weakest_first(table: pd.DataFrame, words: Mapping[str, str], windows: Sequence[int]) -> list[str]:
    """Coins from the weakest verdict on, within one by t of alpha over the longest window."""
    order = {word: place for place, word in enumerate((*VERDICTS, UNCLEAR))}
    places = [order.get(words[coin], len(order)) for coin in table.index]
    t = table.get(f"alpha_t_{max(windows)}")
    by = pd.DataFrame({"word": places, "t": float("nan") if t is None else t}, table.index)
    return [str(coin) for coin in by.sort_values(["word", "t"], kind="stable").index]


def summarised(table: pd.DataFrame, words: Mapping[str, str], windows: Sequence[int]) -> pd.DataFrame:
    """The columns that a reader looks at first, weakest coin first, of a screen or of its saved rows."""
    short, long = min(windows), max(windows)
    names = {
        f"alpha_{long}": f"alpha {long} d",
        f"alpha_t_{long}": "t",
        f"alpha_t_{long}_fdr": "fdr",
        f"beta_{long}": "beta",
        f"idiosyncratic_vol_{long}": "own vol",
        f"strength_{short}": f"strength {short} d",
        f"drawdown_{long}": f"drawdown {long} d",
        "momentum_1w": "1 week",
        "velocity": "velocity/d",
        "acceleration": "accel/d²",
        "break_peers": "break",
    }
    names = {old: new for old, new in names.items() if old in table}
    shown = table.loc[weakest_first(table, words, windows), list(names)].rename(columns=names)
    shown.insert(0, "verdict", [words[coin] for coin in shown.index])
    return shown


def evidence_of_decay(summary: pd.DataFrame) -> str:
    """How much is behind the word "structural decay" in a summary; empty where no coin has it."""
    found = summary[summary["verdict"] == "structural decay"]
    if found.empty or "fdr" not in found:
        return ""
    sure = int((found["fdr"] <= SURE).sum())
    return (
        "structural decay says that t of alpha is low in most windows, neither why nor that it goes on: of "
        f"{number_of(len(found), 'coin')} with it, {sure} have a false discovery rate (fdr) of at most {SURE:.0%}"
    )
