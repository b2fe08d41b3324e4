"""What the rules foresaw against what was quoted: the error is split exactly, and small in a recorded crash."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cases.markets import AS_OF, flat_chain, flat_market, option
from numpy.testing import assert_allclose

from hedging import overlays, read_chain
from hedging.book.book import Book, Holding
from hedging.errors import InputError
from hedging.market.chain import OptionChain
from hedging.paths.reactions import BTC, ETH, STILL, Reaction
from hedging.scenario import predicted_against_actual

SPOT = Book(Holding.spot("BTC", 10.0))


def later(chain: OptionChain, days: float, spot: float, vol: float) -> OptionChain:
    """The same contracts some days later, at another spot and vol."""
    moved = flat_chain("cash", spot=spot, vol=vol, days=(30.0 - days,))
    quotes = moved.quotes.assign(expiry=chain.quotes["expiry"].max())
    return replace(moved, as_of=AS_OF + pd.Timedelta(days=days), quotes=quotes)


def test_error_is_split_exactly_and_named_by_its_cause() -> None:
    first = flat_chain("cash", days=(30.0,))
    put = option(flat_market("cash", days=(30.0,)), "p", 90.0, 30.0)
    second = later(first, 5.0, 80.0, 0.6)
    table = predicted_against_actual(Book(Holding(put, 4.0)), [first, second], STILL)
    row = table.iloc[0]
    assert_allclose(row["error"], 0.0, atol=1e-3)  # same vol, same spot: foreseen
    third = later(first, 10.0, 80.0, 0.7)
    row = predicted_against_actual(Book(Holding(put, 4.0)), [first, third], STILL).iloc[0]
    assert_allclose(row["error"], row["basis"] + row["vol"] + row["mark"], atol=1e-12)
    assert_allclose(row["vol"], row["error"], rtol=1e-3)
    assert row["vol_actual"] == pytest.approx(0.7)


def test_check_needs_chains_in_order() -> None:
    with pytest.raises(InputError, match="at least two chains"):
        predicted_against_actual(SPOT, [flat_chain()])


@pytest.fixture(scope="module")
def crash(shared_data: Path) -> dict[str, list[OptionChain]]:
    file = shared_data / "chains" / "deribit_crash_6h_20260129_20260208.parquet"
    stamps = pd.read_parquet(file, columns=["timestamp"])["timestamp"].drop_duplicates().sort_values()
    return {
        asset: [read_chain(file, asset=asset, at=at) for at in stamps.iloc[1::4]] for asset in ("BTC", "ETH")
    }


# Of the range of the marks. The rules know no date after November 2025; the 30-day vols were 36 and 51 % at the start.
@pytest.mark.parametrize(("asset", "rule"), [("BTC", BTC.at(0.36)), ("ETH", ETH.at(0.51))])
@pytest.mark.parametrize("name", ["protective_put", "put_spread", "collar"])
def test_february_2026_is_foreseen_within_a_few_per_cent(
    crash: dict[str, list[OptionChain]], asset: str, rule: Reaction, name: str
) -> None:
    # Bought on 29 January, revalued along the spot that came, against the marks that came.
    chains = crash[asset]
    legs = getattr(overlays, name)(Book(Holding.spot(asset, 25.0)), chains[0], days=(25, 62))

    def error(reaction: Reaction) -> tuple[float, float]:
        table = predicted_against_actual(Book() + legs, chains, reaction)
        sums = table.groupby("as_of")[["predicted", "actual", "error"]].sum()
        return float(np.sqrt((sums["error"] ** 2).mean())), float(np.ptp(sums["actual"]))

    (ruled, span), (still, _) = error(rule), error(STILL)
    assert ruled < 0.03 * span
    assert ruled < 0.45 * still
