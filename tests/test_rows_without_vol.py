"""Rows that no vol fits, planted in a chain, change no answer of the library: whatever selects, ranks or sorts."""

from __future__ import annotations

from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import hedging as hg
from hedging import Book, Holding, Limits, Market, OptionChain, Target, overlays
from hedging.book import skew_delta
from hedging.market import check, density, fit, fit_quality, fit_ssvi, rich_cheap, stub_quotes
from hedging.market._chain_words import _summary as summary_of
from tests.cases.markets import with_expiry_without_vol, with_rows_without_vol

BOOK = Book(Holding.spot("BTC", 25.0, entry=88_000.0))
TARGET, LIMITS = Target(delta=(8, 12), floor=-0.15), Limits(budget=0.02, max_legs=3, expiries=(20, 100))
ASKED = {"put_strike": 63_000.0, "call_strike": 80_000.0}


def hedged(chain: OptionChain) -> Book:
    """A book that holds options of good rows, to be closed or carried."""
    return BOOK + overlays.collar(BOOK, hg.samples.chain())


def frame(table: pd.DataFrame) -> str:
    return table.reset_index(drop=True).to_string()


def listed(table: pd.DataFrame) -> pd.DataFrame:
    """Without the planted rows and expiries, which a table over all of them lists."""
    return table[~table["expiry"].isin(with_only_planted())] if "expiry" in table else table


def with_only_planted() -> set[pd.Timestamp]:
    sample = hg.samples.chain()
    return set(with_expiry_without_vol(sample).expiries["expiry"]) - set(sample.expiries["expiry"])


def smile_lines(chain: OptionChain) -> str:
    figure, ax = plt.subplots()
    hg.plots.smile(chain, fit(hg.samples.chain()), ax=ax)
    plt.close(figure)
    return str([np.asarray(line.get_xydata()).tolist() for line in ax.get_lines()])


ANSWERS: dict[str, Callable[[OptionChain], str]] = {
    "surface": lambda c: repr(fit(c)) + repr(fit_ssvi(c)),
    "density": lambda c: repr(density(fit(c), [5e4, 7e4, 9e4], c.as_of + pd.Timedelta(days=30))),
    "fit quality": lambda c: frame(listed(fit_quality(fit(c), c))),
    "rich and cheap": lambda c: frame(rich_cheap(fit(hg.samples.chain()).move(-0.03), c)),
    "at-the-money vols": lambda c: str([vol for vol in summary_of(c)["atm vol"] if pd.notna(vol)]),
    "forwards": lambda c: frame(listed(check(c).forwards.reset_index())),
    "round trip": lambda c: repr(check(c).round_trip),
    "select by delta": lambda c: frame(c.select(delta=(0.0, 1.0), days=(5, 200)).quotes),
    "Greeks": lambda c: frame(c.greeks().dropna()),
    "skew deltas": lambda c: frame(skew_delta.delta_gamma(c, fit(hg.samples.chain())).dropna()),
    "stub quotes": lambda c: frame(stub_quotes(c, off_mark=0.05)),
    "overlays": lambda c: repr(overlays.standard(BOOK, c)),
    "overlays by strike": lambda c: repr(overlays.standard(BOOK, c, **ASKED)),
    "overlays compared": lambda c: overlays.compare(BOOK, c).to_string(),
    "over strikes": lambda c: frame(
        listed(overlays.over_strikes("collar", BOOK, c, strikes=[0.9], expiries=(15, 60)))
    ),
    "plan": lambda c: repr(hg.plan(BOOK, c, TARGET, LIMITS, horizon=30).orders),
    "plan that closes": lambda c: repr(
        hg.plan(hedged(c), c, Target(delta=(18, 20)), LIMITS, horizon=30).orders
    ),
    "exposure": lambda c: repr(hedged(c).exposure(Market.of(c))),
    "scenario": lambda c: repr(
        hg.scenario.run(hedged(c), c, hg.crash_path(velocity=-0.02, acceleration=-0.004, days=21))
    ),
    "picture of the smile": smile_lines,
}


@pytest.mark.parametrize("plant", [with_rows_without_vol, with_expiry_without_vol])
@pytest.mark.parametrize("name", ANSWERS)
def test_answers_are_those_of_the_chain_without_the_rows(
    name: str, plant: Callable[[OptionChain], OptionChain], sample: OptionChain
) -> None:
    planted = plant(sample)
    assert planted.quotes["mark_vol"].isna().sum() > sample.quotes["mark_vol"].isna().sum() + 50
    assert ANSWERS[name](planted) == ANSWERS[name](sample)


def test_what_is_wrong_with_the_good_rows_is_still_listed(sample: OptionChain) -> None:
    quotes = sample.quotes.copy()
    quotes.loc[40, ["bid", "ask"]] += 5_000.0
    odd = OptionChain(sample.asset, sample.as_of, sample.spot, quotes, sample.rejected, sample.terms)
    found = set(check(odd).violations["symbols"])
    assert found
    assert found <= set(check(with_expiry_without_vol(odd)).violations["symbols"])


def test_a_chain_of_which_no_row_has_a_vol_prints(sample: OptionChain) -> None:
    expiry = with_expiry_without_vol(sample)
    line = next(line for line in repr(expiry).splitlines() if "54" in line and " - " in line)
    assert "nan" not in line
