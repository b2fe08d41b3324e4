"""Quotes of several venues side by side: nothing of any is changed but its name and what a coin is worth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases.markets import flat_chain

from hedging import Market, OptionChain
from hedging.errors import InputError
from hedging.market import consolidated, rich_cheap, stub_quotes
from hedging.market.health import check
from hedging.market.market import markets_of


def at(venue: str, settlement="coin", **changes) -> OptionChain:
    return replace(
        flat_chain(settlement, **changes), terms=replace(flat_chain(settlement).terms, venue=venue)
    )


@pytest.fixture
def both() -> OptionChain:
    return consolidated([at("one"), at("two", "cash", spot=100.5)])


def test_every_contract_keeps_its_terms_and_its_row_its_own_forward(both) -> None:
    one, two = at("one"), at("two", "cash", spot=100.5)
    assert len(both.quotes) == len(one.quotes) + len(two.quotes)
    for own in (one, two):
        part = next(each for each in both.by_venue() if each.terms == own.terms)
        assert (part.quotes["symbol"].to_numpy() == f"{own.terms.venue}:" + own.quotes["symbol"]).all()
        for name in ("forward", "mark_vol", "bid_quoted", "ask_quoted", "strike"):
            assert part.quotes[name].to_numpy() == pytest.approx(own.quotes[name].to_numpy())
    assert both.option("two:" + two.quotes["symbol"].iloc[0]).terms == two.terms


def test_coins_are_worth_the_common_spot_and_money_is_money(both) -> None:
    swapped = consolidated([at("two", "cash", spot=100.5), at("one")])
    coin = swapped.by_venue()[1].quotes
    assert coin["ask"].to_numpy() == pytest.approx(100.5 * coin["ask_quoted"].to_numpy())
    assert coin["discount"].to_numpy() == pytest.approx(100.5 / coin["forward"].to_numpy())
    cash = both.by_venue()[1].quotes
    assert cash["ask"].to_numpy() == pytest.approx(cash["ask_quoted"].to_numpy())


def test_each_is_valued_at_its_own_mark(both) -> None:
    market = Market.of(both)
    for part in both.by_venue():
        symbols = part.quotes["symbol"].iloc[:8]
        table = market.table([both.option(symbol) for symbol in symbols])
        assert table.vol == pytest.approx(part.quotes["mark_vol"].iloc[:8].to_numpy())
        assert (table.coin == (part.terms.settlement == "coin")).all()


def test_what_differs_and_is_counted_alike_is_noted(both) -> None:
    assert any("two has spot at 100.5, +0.50% from one's 100" in note for note in both.notes)
    tether = at("two", "cash")
    tether = tether.with_terms(currency="USDT")
    old = replace(tether, as_of=tether.as_of - pd.Timedelta("3min"), notes=("its own",))
    notes = consolidated([at("one"), old]).notes
    assert "USD, USDT are counted alike, one for one" in notes
    assert any("two are 3 minutes older" in note for note in notes)
    assert "two: its own" in notes


def test_what_has_expired_by_the_latest_time_is_rejected() -> None:
    old = at("old", days=(0.005, 3.0))  # 7 minutes
    new = at("new", days=(2.0, 3.0))
    late = replace(new, as_of=new.as_of + pd.Timedelta("10min"))
    both = consolidated([old, late])
    assert (both.quotes["time_to_expiry"] > 0).all()
    assert both.rejected["reason"].tolist() == ["expired"] * (len(old.quotes) // 2)


@pytest.mark.parametrize(
    ("chains", "match"),
    [
        ([], "at least one chain"),
        ([at("one"), at("two", asset="ETH")], "of one asset are put side by side; got BTC, ETH"),
        ([at("one"), flat_chain()], "each chain must say its venue"),
        ([at("one"), at("one", "cash")], "two chains are of one"),
        ([at("one"), at("two", spot=103.0)], "more than 1% apart"),
        ([at("one"), at("two").with_terms(currency="EUR")], "in one currency, or in dollars"),
        ([at("one"), replace(at("two"), as_of=pd.Timestamp("2026-02-06T09:00Z"))], "must be of one time"),
        ([at("one"), "two.csv"], "must be an OptionChain; got str"),
    ],
)
def test_what_does_not_belong_together_is_refused(chains, match) -> None:
    with pytest.raises(InputError, match=match):
        consolidated(chains)


def test_one_alone_is_itself_and_older_ones_may_be_asked_for() -> None:
    one = at("one")
    assert consolidated([one]) is one
    late = replace(at("two"), as_of=one.as_of + pd.Timedelta("1h"))
    assert consolidated([one, late], within="2h").as_of == late.as_of


def test_chains_of_one_asset_become_one_market() -> None:
    found = markets_of([at("one"), at("two"), flat_chain(asset="ETH")])
    assert list(found) == ["BTC", "ETH"]
    assert list(found["BTC"].chain.venues) == ["one", "two"]


def test_a_contract_is_found_by_its_venue_or_where_only_one_lists_it(both) -> None:
    symbol = at("one").quotes["symbol"].iloc[0]
    assert both.option(f"two:{symbol}").terms.venue == "two"
    with pytest.raises(InputError, match="has no quote of"):
        both.option(symbol)  # both list it
    alone = at("one", strikes=(85.0,)).quotes["symbol"].iloc[0]
    assert consolidated([at("one", strikes=(85.0,)), at("two")]).option(alone).terms.venue == "one"
    assert at("one").option(f"one:{symbol}").symbol == symbol  # a plan over several, on the chain of one
    assert both.option(f"two:{symbol}").own_symbol == symbol


def test_what_is_of_one_venue_is_refused_or_done_for_each(both) -> None:
    with pytest.raises(InputError, match="one, two"):
        both.with_terms(lot=2.0)
    assert len(stub_quotes(both, off_mark=10.0)) == 0
    assert np.isfinite(rich_cheap(Market.of(both).smile, both)["fee"]).all()


def test_the_health_of_each_venue_stands_beside_the_others(both) -> None:
    crossed = both.quotes.copy()
    row = crossed.index[crossed["symbol"].str.startswith("two:")][0]
    crossed.loc[row, "bid"] = 99.0  # a call struck at 70: above any put and call around it
    found = check(replace(both, quotes=crossed))
    assert list(found) == ["one", "two"]
    assert [found[name].kept for name in found] == [len(at("one").quotes), len(at("two", "cash").quotes)]
    assert found["one"].violations.empty
    assert len(found["two"].violations)
    assert all(name.startswith("two:") for names in found.violations["symbols"] for name in names.split())
    assert found.to_frame()["violations"].tolist() == [0, len(found["two"].violations)]
    for text in ("of one, two at", "one: BTC options", "two: BTC options"):
        assert text in str(found)
    assert found.to_dict()["two"]["kept"] == found["two"].kept


def test_the_health_of_a_venue_is_that_of_its_own_chain() -> None:
    own = [at("one", half_spread=0.01), at("two", "cash", half_spread=0.02)]
    beside = check(consolidated(own))
    for chain in own:
        alone, there = check(chain), beside[chain.terms.venue]
        pd.testing.assert_frame_equal(there.forwards, alone.forwards)
        pd.testing.assert_series_equal(
            there.round_trip, alone.round_trip, check_names=False
        )  # with the venue
        assert there.kept == alone.kept
