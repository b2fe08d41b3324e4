"""Structures by name, legs asked for, zero cost by size, rallies, and one structure over strikes and expiries."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hedging import Book, Holding, InputError, Market, OptionChain, overlays, read_chain
from hedging.market.contracts import Option
from hedging.overlays import Overlay

BOOK = Book(Holding.spot("BTC", 25.0, entry=88_000.0))


def strikes(overlay: Overlay) -> list[float]:
    return [leg.instrument.strike for leg in overlay.legs if isinstance(leg.instrument, Option)]


def coarse(chain: OptionChain, step: float) -> OptionChain:
    """The same chain with fewer strikes."""
    kept = chain.quotes["strike"] % step == 0
    return replace(chain, quotes=chain.quotes[kept].reset_index(drop=True))


def net(overlay: Overlay, fees: bool = True) -> float:
    """What the options cost at once, with fees. [money]"""
    return sum(leg.units * leg.price + abs(leg.units) * leg.fee * fees for leg in overlay.legs)


@pytest.mark.parametrize("step", [2_000.0, 4_000.0, 6_000.0])
def test_zero_cost_by_size_leaves_less_than_one_lot_of_credit(step: float, sample: OptionChain) -> None:
    chain = coarse(sample, step)
    overlay = overlays.zero_cost_collar(BOOK, chain)
    put, call = overlay.legs
    one = chain.terms.lot * (call.price - call.fee)
    assert -one < net(overlay) <= 1e-9
    # The next strike up does not pay even with as many calls as puts.
    quotes = chain.quotes
    option = call.instrument
    assert isinstance(option, Option)
    higher = quotes[(quotes["flag"] == "c") & (quotes["expiry"] == option.expiry)]
    higher = higher[(higher["strike"] > option.strike) & higher["bid"].notna()]
    fee = chain.terms.fee.per_unit(higher["bid"], chain.spot)
    assert (higher["bid"] - fee < put.price + put.fee).all()


def test_zero_cost_by_size_keeps_more_upside_and_less_credit(sample: OptionChain, market: Market) -> None:
    chain = coarse(sample, 6_000.0)
    fewer = overlays.zero_cost_collar(BOOK, chain)
    put, call = fewer.legs
    all_calls = replace(fewer, legs=(put, replace(call, quantity=-put.quantity)))
    assert -call.quantity < put.quantity
    assert any("of the puts pay for them" in remark for remark in fewer.remarks)
    table = overlays.compare(BOOK, market, [fewer, replace(all_calls, name="as many")])
    few, many = table.loc["zero-cost collar"], table.loc["as many"]
    assert few["upside"] > many["upside"] + 0.5
    assert few["gain_100"] > many["gain_100"]
    assert net(all_calls) < 20 * net(fewer) < 0.0 or net(fewer) == 0.0


def test_zero_cost_at_a_call_asked_for(sample: OptionChain) -> None:
    usual = overlays.zero_cost_collar(BOOK, sample)
    asked = overlays.zero_cost_collar(BOOK, sample, call_strike=72_000.0)
    assert strikes(asked)[1] == 72_000.0
    assert asked.legs[0] == usual.legs[0]
    assert -asked.legs[1].quantity < -usual.legs[1].quantity
    assert -0.1 * asked.legs[1].price < net(asked) <= 1e-9
    with pytest.raises(InputError, match="more calls than puts would have to be sold"):
        overlays.zero_cost_collar(BOOK, sample, call_strike=90_000.0)
    with pytest.raises(InputError, match="must have a lower strike"):
        overlays.zero_cost_collar(BOOK, sample, put_strike=72_000.0, call_strike=70_000.0)


def test_collars_for_coin_show_their_rallies_instead_of_an_unbounded_cap(market: Market) -> None:
    table = overlays.compare(BOOK, market)
    slight = overlays.nearly_capped(table)
    assert set(table.index[slight]) == {"collar", "zero-cost collar", "put-spread collar", "covered call"}
    assert np.isinf(table.loc[slight, "cap"]).all()
    ends = next(part for part in repr(table).split("where it ends\n")[1:])
    shown = {line[:18].strip(): line[18:].split() for line in ends.splitlines()[1 : 1 + len(table)]}
    for name in table.index[slight]:
        assert shown[name][2] == shown[name][5] == f"{table.loc[name, 'gain_100']:+.1%}"
    assert shown["protective put"][2] == "unbounded"
    assert table.loc["no hedge", list(overlays.RALLIES)].tolist() == pytest.approx([0.25, 0.5, 1.0])


def test_legs_asked_for_reach_every_structure_that_has_them(sample: OptionChain) -> None:
    made = overlays.standard(BOOK, sample, put_strike=64_000.0, call_strike=72_000.0, coverage=0.8)
    by_name = {overlay.name: overlay for overlay in made}
    assert made.refused == {}
    for name in (
        "protective put",
        "put spread",
        "collar",
        "zero-cost collar",
        "put-spread collar",
        "seagull",
    ):
        assert strikes(by_name[name])[0] == 64_000.0, name
    assert strikes(by_name["backspread"])[1] == 64_000.0
    assert strikes(by_name["covered call"]) == [72_000.0]
    assert strikes(by_name["collar"])[1] == strikes(by_name["seagull"])[1] == 72_000.0
    assert by_name["protective put"].legs[0].quantity == 20.0
    assert by_name["collar"] == overlays.collar(
        BOOK, sample, coverage=0.8, put_strike=64_000.0, call_strike=72_000.0
    )


def test_names_take_hyphens_or_blanks_and_unknown_ones_are_refused(sample: OptionChain) -> None:
    made = overlays.standard(BOOK, sample, structures=["Put-Spread-Collar", "zero cost collar"])
    assert [overlay.name for overlay in made] == ["put-spread collar", "zero-cost collar"]
    with pytest.raises(InputError, match=r"structure must be one of protective put, .*; got 'butterfly'"):
        overlays.standard(BOOK, sample, structures=["butterfly"])
    with pytest.raises(InputError, match=r"legs may be asked for by put_strike, .*; got put"):
        overlays.standard(BOOK, sample, put=64_000.0)
    with pytest.raises(InputError, match="call_strike: none of protective put has such a leg"):
        overlays.standard(BOOK, sample, structures=["protective put"], call_strike=80_000.0)


@pytest.mark.parametrize(
    "asked", [{"put_delta": 1.0}, {"call_delta": math.nan}, {"put_strike": -1.0}, {"put_strike": math.inf}]
)
def test_impossible_strikes_and_deltas_are_refused_as_a_whole(
    asked: dict[str, float], sample: OptionChain
) -> None:
    with pytest.raises(
        InputError, match=f"{next(iter(asked))} must be a (delta between 0 and 1|strike > 0); got"
    ):
        overlays.standard(BOOK, sample, **asked)


def test_what_the_quotes_do_not_allow_is_listed_with_its_reason(sample: OptionChain) -> None:
    made = overlays.standard(BOOK, sample, far_days=(300.0, 400.0))
    assert set(made.refused) == {"calendar", "diagonal"}
    assert "no expiry lies between 300 and 400 days" in made.refused["calendar"]
    assert len(made) == len(overlays.STRUCTURES) - 2
    assert made[0].name == "protective put"
    with pytest.raises(InputError, match="no expiry lies between 300 and 400 days"):
        overlays.standard(BOOK, sample, days=(300.0, 400.0))


@pytest.mark.parametrize("name", [name for name in overlays.STRUCTURES if name != "short perpetual"])
def test_a_table_over_strikes_repeats_each_structure(name: str, sample: OptionChain, market: Market) -> None:
    table = overlays.over_strikes(name, BOOK, market, deltas=[0.3], expiries=(20.0, 60.0), days=(15.0, 30.0))
    assert table["days"].round(1).tolist() == [24.8, 38.8, 52.8]
    done = table[table["reason"] == ""]
    assert len(done)
    two = name in ("calendar", "diagonal")
    for _, row in done.iterrows():
        at = (row["days"] - 1e-6, row["days"] + 1e-6)
        windows = {"days": (15.0, 30.0), "far_days": at} if two else {"days": at}
        lead = "call" if name == "covered call" else "put"
        (one,) = overlays.standard(BOOK, sample, structures=[name], **windows, **{f"{lead}_delta": 0.3})  # type: ignore[arg-type]
        compared = overlays.compare(BOOK, market, [one]).iloc[1]
        assert row["premium"] == compared["premium"]
        assert row["floor"] == compared["floor"]
        assert row["premium_share"] == pytest.approx(row["premium"] / (25 * market.spot))
        assert row["strike"] in strikes(one)
        assert row["delta"] == pytest.approx(0.3, abs=0.10)
    assert table.loc[table["reason"] != "", ["strike", "premium", "floor"]].isna().all().all()


def test_a_put_of_ninety_percent_costs_more_the_longer_it_lives(sample: OptionChain) -> None:
    table = overlays.over_strikes("protective put", BOOK, sample, strikes=[0.8, 0.9], expiries=(10.0, 130.0))
    wide = table.pivot(index="expiry", columns="asked", values="premium")
    assert (wide[0.9] > wide[0.8]).all()
    assert wide[0.9].is_monotonic_increasing
    assert table.loc[table["asked"] == 0.9, "strike"].between(0.855 * 70_000, 0.945 * 70_000).all()


def test_a_table_over_strikes_says_what_it_needs(sample: OptionChain) -> None:
    for arguments in ({}, {"strikes": [0.9], "deltas": [0.2]}):
        with pytest.raises(InputError, match="either strikes or deltas"):
            overlays.over_strikes("collar", BOOK, sample, **arguments)
    with pytest.raises(InputError, match="needs a structure of options"):
        overlays.over_strikes("short perpetual", BOOK, sample, strikes=[0.9])
    with pytest.raises(InputError, match=r"strikes are shares of spot, 0\.9 for 90 %; got 63000"):
        overlays.over_strikes("collar", BOOK, sample, strikes=[63_000])
    with pytest.raises(InputError, match=r"no expiry lies between 200 and 300 days; the chain has 0\.8, "):
        overlays.over_strikes("collar", BOOK, sample, strikes=[0.9], expiries=(200.0, 300.0))
    with pytest.raises(InputError, match="the nearest is BTC-"):
        overlays.over_strikes("collar", BOOK, sample, strikes=[0.1])
    short = Book(Holding.perpetual("BTC", -1.0, 70_000.0))
    with pytest.raises(InputError, match="protect a long position"):
        overlays.over_strikes("collar", short, sample, strikes=[0.9])


def test_an_overview_without_any_gain_column_left_is_whole(market: Market) -> None:
    table = overlays.compare(BOOK, market)
    assert isinstance(table, pd.DataFrame)
    assert not any(math.isnan(value) for value in table[list(overlays.RALLIES)].to_numpy().ravel())


def test_zero_cost_by_size_on_coarse_strikes_of_a_recorded_chain(shared_data: Path) -> None:
    file = shared_data / "chains" / "deribit_eth_daily_20251230_20260531.parquet"
    chain = read_chain(file, at="2026-01-06")
    overlay = overlays.zero_cost_collar(Book(Holding.spot("ETH", 800.0)), chain)
    put, call = overlay.legs
    as_many = replace(overlay, legs=(put, replace(call, quantity=-put.quantity)))
    assert net(as_many) < -17_000.0  # credit that nobody asked for, paid with upside
    assert -chain.terms.lot * call.price < net(overlay) <= 1e-9
    assert -call.quantity / put.quantity == pytest.approx(0.76, abs=0.01)
