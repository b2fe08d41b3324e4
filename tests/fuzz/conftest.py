"""Attacks on what reads and calculates; how many were tried and what they ended in is told at the end.

A short run belongs to the suite; ``pytest tests/fuzz --hypothesis-profile=night`` takes a night.
"""

from __future__ import annotations

import pytest
from cases.outcomes import COUNTS


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the counts by what was attacked."""
    if not COUNTS:
        return
    terminalreporter.section("attacks and what they ended in")
    for what in sorted({what for what, _ in COUNTS}):
        ends = {end: count for (attacked, end), count in sorted(COUNTS.items()) if attacked == what}
        told = ", ".join(f"{count:,} {end}" for end, count in ends.items())
        terminalreporter.write_line(f"{what:<28}{sum(ends.values()):>8,}: {told}")
