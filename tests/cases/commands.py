"""The book and the request that runs of the command share, and how its complaints are read."""

from __future__ import annotations

import pytest

BOOK = '[[holdings]]\nasset = "BTC"\nkind = "spot"\nquantity = 25\nentry = 88_000\n'
REFERENCE = ["--delta", "8:12", "--vega", "0:", "--floor", "-15%", "--budget", "2%", "--max-legs", "4"]
REFERENCE += ["--expiries", "20:100", "--horizon", "30"]


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    """The whole of stderr, which is one line, after a run that printed nothing else."""
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1, captured.err
    return captured.err
