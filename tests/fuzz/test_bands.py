"""Bands of every width on real quotes: a plan, an infeasibility with its reason, or an input error; nothing else."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from cases.outcomes import attempt, tries
from hypothesis import given
from hypothesis import strategies as st

from hedging import Market, OptionChain, samples
from hedging.book import Book, Holding
from hedging.errors import InputError
from hedging.planner import Effort, HedgePlan, InfeasibleHedgeError, Limits, Outright, Target, plan, read_plan
from hedging.venues import read_chains

RECORDED = [
    "deribit_btc_book_summary_20250614.json.gz",
    "deribit_btc_daily_20251230_20260531.parquet",
    "deribit_btc_eod_2021_2022.parquet",
    "deribit_btc_quotes_20260428.csv.gz",
    "deribit_btc_snapshot_20260526.json.gz",
    "deribit_btc_ticker_20200521.csv.gz",
    "deribit_crash_6h_20260129_20260208.parquet",
    "deribit_eth_daily_20251230_20260531.parquet",
    "deribit_full_20260111T091434Z.csv.gz",
    "deribit_full_20260206T043012Z.csv.gz",
    "deribit_full_20260511T121945Z.csv.gz",
    "testnet_deribit_btc_ticker_20210211.csv.gz",
    "testnet_deribit_eth_ticker_20210211.csv.gz",
]
QUICK = Effort(gap=0.05, time_limit=5.0, nodes=5, alternatives=False)

# In units of what some coins have of a Greek; the last ones where programme and check round differently.
sizes = st.sampled_from([0.0, 1.0, -1.0, 0.5, 1e-3, -1e-3, 1e-9, 1e-15, -1e-15, 10.0, 1e3, 1e-300])
numbers = sizes | st.floats(-2.0, 2.0)
points = numbers.map(lambda x: (x, x))
slivers = st.tuples(numbers, st.sampled_from([1e-15, 1e-12, 1e-9, 1e-6])).map(lambda x: (x[0], x[0] + x[1]))
ordered = st.tuples(numbers, numbers).map(lambda pair: tuple(sorted(pair)))
bands = st.one_of(
    st.just((0.0, 0.0)),
    points,
    slivers,
    ordered,
    numbers.map(lambda x: (x, None)),
    numbers.map(lambda x: (None, x)),
)
asked = st.fixed_dictionaries(
    {},
    optional={
        "delta": bands,
        "gamma": bands,
        "vega": bands,
        "theta": bands,
        "delta_value": bands,
        "vega_coin": bands,
        "vega_weighted": bands,
        "floor": st.sampled_from([-1.0, -0.3, -0.15, 0.0]),
    },
).filter(bool)
held = st.sampled_from(["coins", "nothing", "perpetual", "put", "both"])
limits = st.builds(
    Limits,
    max_legs=st.integers(1, 4),
    budget=st.sampled_from([None, 0.0, 0.02, 1.0]),
    gross_vega=st.sampled_from([None, 1e3]),
    outright=st.sampled_from([(), (Outright("spot"),), (Outright("perpetual"),)]),
)


@cache
def chain_of(path: Path) -> OptionChain:
    return next(iter(read_chains(path, asset="ETH" if "eth" in path.name else "BTC")))


@cache
def sample_market() -> Market:
    """One market for all examples: its surface is fitted once."""
    return Market.of(samples.chain())


def book_of(kind: str, market: Market, coins: float) -> Book:
    chain = market.chain
    puts = chain.quotes[(chain.quotes["flag"] == "p") & chain.quotes["bid"].notna()]
    put = Holding(chain.option(str(puts["symbol"].iloc[len(puts) // 2])), 3 * chain.terms.lot)
    perpetual = Holding.perpetual(chain.asset, coins, chain.spot * 1.1)
    return Book(
        {
            "coins": [Holding.spot(chain.asset, coins)],
            "nothing": [],
            "perpetual": [perpetual],
            "put": [Holding.spot(chain.asset, coins), put],
            "both": [perpetual, Holding.spot(chain.asset, coins), put],
        }[kind],
        cash=10.0 * chain.spot,
    )


def scaled(asked: dict[str, Any], coins: float, spot: float) -> dict[str, Any]:
    """Bands in the size of what is held: coins of delta, some of the rest."""
    unit = {"delta": coins, "gamma": coins / spot, "delta_value": coins * spot, "vega_coin": coins / 1_000}
    scale = {name: unit.get(name, coins * spot / 1_000) for name in asked}
    return {
        name: band
        if name == "floor"
        else tuple(None if side is None else side * scale[name] for side in band)
        for name, band in asked.items()
    }


def assert_answered(market: Market, kind: str, coins: float, asked: dict[str, Any], limits: Limits) -> None:
    closest = list[HedgePlan]()

    def planned() -> HedgePlan:
        target = Target(**scaled(asked, coins, market.spot))
        book = book_of(kind, market, coins)
        try:
            return plan(book, market, target, limits, horizon=10.0, effort=QUICK)
        except InfeasibleHedgeError as error:
            closest.extend([error.closest] if error.closest else [])
            raise

    found = attempt("bands", planned, InputError, InfeasibleHedgeError)
    if isinstance(found, HedgePlan):
        assert all(check.ok for check in found.checks)
        closest.append(found)
    with TemporaryDirectory() as folder:
        for each in closest:  # whatever was made, however little was proven of it, can be kept
            each.to_json(Path(folder, "plan.json"))
            assert read_plan(Path(folder, "plan.json")).legs == each.legs


@tries(10)
@given(held, st.sampled_from([0.1, 3.0, 25.0, 1_000.0]), asked, limits)
def test_any_bands_on_the_sample(kind: str, coins: float, asked: dict[str, Any], limits: Limits) -> None:
    assert_answered(sample_market(), kind, coins, asked, limits)


@pytest.mark.parametrize("name", RECORDED)
def test_any_bands_on_recorded_quotes(name: str, shared_data: Path) -> None:
    market = Market.of(chain_of(shared_data / "chains" / name))

    @tries(2)
    @given(held, st.sampled_from([0.1, 3.0, 25.0, 1_000.0]), asked, limits)
    def run(kind: str, coins: float, asked: dict[str, Any], limits: Limits) -> None:
        assert_answered(market, kind, coins, asked, limits)

    run()


@pytest.mark.parametrize("vega", [(0.0, 0.0), (0.0, None), (None, 0.0)])
def test_an_exact_zero_of_a_book_without_options(vega: tuple[float | None, float | None]) -> None:
    market = sample_market()
    assert_answered(
        market,
        "coins",
        25.0,
        {"delta": (8 / 25, 12 / 25), "vega": vega},
        Limits(outright=(Outright("spot"),)),
    )


def test_costs_of_very_different_sizes_are_no_failure_of_the_solver(shared_data: Path) -> None:
    """What a search of a thousand bands found: dual values too large for one of the solver's methods."""
    market = Market.of(chain_of(shared_data / "chains" / "testnet_deribit_btc_ticker_20210211.csv.gz"))
    asked = {
        "vega_coin": (0.0, 0.0),
        "floor": -0.3,
        "vega_weighted": (0.001, 0.001),
        "delta": (-0.5163151481648762, -0.5163151481648762),
    }
    assert_answered(market, "perpetual", 3.0, asked, Limits(max_legs=3))
