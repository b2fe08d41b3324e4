"""What every test shares: no display, no network, the real data where it exists."""

from __future__ import annotations

import gc
import os
import socket
import sys
from collections.abc import Iterator
from functools import cache, wraps
from pathlib import Path

os.environ.setdefault("MPLBACKEND", "Agg")
# Hundreds of tests start a command of their own, which otherwise compiles the whole package anew each time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

import hypothesis
import pandas as pd
import pytest

from hedging import Market, OptionChain, samples
from hedging._ground import clock
from hedging.market import market as markets
from hedging.market.smile import Smile

# The same examples at every run, and no time limit: a busy machine or a lucky draw is no verdict. To look for
# new ones: pytest --hypothesis-profile=search, or =night for as long as a night.
hypothesis.settings.register_profile("search", deadline=None, max_examples=1000)
hypothesis.settings.register_profile("night", deadline=None, max_examples=20_000)
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.load_profile("repeatable")

# One sample and its surface for all tests: hundreds of them ask for it, and nobody writes into its tables.
_made = samples.chain
_shared = cache(_made)
samples.chain = wraps(_made)(lambda *args, **kwargs: _made(*args, **kwargs) if args or kwargs else _shared())

_fit, _fitted = markets.fit, dict[tuple[object, ...], Smile]()


def _fit_once(chain: OptionChain) -> Smile:
    """The surface of these very quotes: thousands of commands read one of a few chains, each a new value."""
    clock.look()
    rows = pd.util.hash_pandas_object(chain.quotes).to_numpy().tobytes()
    key = chain.asset, chain.as_of, chain.spot, chain.terms, *chain.dividends.items(), rows
    if key not in _fitted:
        _fitted[key] = _fit(chain)
    return _fitted[key]


markets.fit = _fit_once

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def pytest_collection_finish() -> None:
    """Leave the thousands of collected tests out of every later search for garbage: an eighth of a run's time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _no_figures_left() -> Iterator[None]:
    """Close what a test drew: the next one counts the figures that are open."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail any test that reaches beyond this machine; loopback serves the replayed exchange."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if self.family != socket.AF_UNIX and (not isinstance(address, tuple) or address[0] not in LOOPBACK):
            raise RuntimeError(f"a test tried to reach {address!r}; tests use no network")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of recorded market data, which is never part of this project."""
    if not SHARED.is_dir():
        pytest.skip(f"recorded market data is not here: {SHARED} does not exist")
    return SHARED


@pytest.fixture(scope="session")
def sample() -> OptionChain:
    """The embedded synthetic chain."""
    return samples.chain()


@pytest.fixture(scope="session")
def market(sample: OptionChain) -> Market:
    """The market of the embedded synthetic chain."""
    return Market.of(sample)
