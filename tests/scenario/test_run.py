"""Scenario results: sums, financing of an overlay, coin, blocks and executors, grids, tables."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import numpy as np
import pytest
from cases.markets import flat_chain, flat_market, option
from numpy.testing import assert_allclose

from hedging import scenario
from hedging.book import as_book
from hedging.book import pricer as valuation
from hedging.book.book import Book, Holding
from hedging.book.legs import Leg, Orders, option_leg
from hedging.errors import HedgingError, InputError
from hedging.market.contracts import FeeRule
from hedging.market.market import Market
from hedging.paths.crash import crash_path, fan
from hedging.paths.paths import Paths, grid, join
from hedging.paths.reactions import BTC, STILL, Reaction
from hedging.scenario import _blocks

SPOT = Book(Holding.spot("BTC", 10.0))


def collar(market: Market, days: float = 30.0) -> list[Leg]:
    put, call = option(market, "p", 90.0, days), option(market, "c", 120.0, days)
    return [option_leg(market.chain, put.symbol, 10.0), option_leg(market.chain, call.symbol, -10.0)]


def many(count: int, seed: int = 1) -> Paths:
    """Random scenarios over three dates, everything moving."""
    random = np.random.default_rng(seed)
    shape = (count, 3)
    return Paths(
        days=np.array([1.0, 2.5, 10.0]),
        spot=np.exp(np.cumsum(random.normal(0, 0.1, shape), axis=1)),
        vol_shift=random.normal(0, 0.2, shape),
        labels=tuple(str(i) for i in range(count)),
        skew_shift=random.normal(0, 0.05, shape),
        carry_shift=random.normal(0, 0.1, shape),
        funding_shift=random.normal(0, 1e-4, shape),
    )


def test_spot_gains_its_move_and_the_closed_form_floor_of_a_put_holds() -> None:
    market = flat_market("cash", half_spread=0.02)
    put = option_leg(market.chain, option(market, "p", 90.0, 30.0).symbol, 10.0)
    result = scenario.run(SPOT, market, grid([-0.5, -0.2, 0.1], days=[30.0]), [put])
    cost = 10 * (put.price + put.fee)
    assert_allclose(result.position[:, 0], [-500.0, -200.0, 100.0])
    assert_allclose(result.overlay[:, 0], np.array([400.0, 100.0, 0.0]) - cost)
    assert_allclose(result.total, result.position + result.overlay)
    assert result.base == 1000.0


@pytest.mark.parametrize("settlement", ["coin", "cash"])
def test_overlay_beside_the_book_is_the_book_after_trading_it(settlement: str) -> None:
    market = flat_market(settlement, half_spread=0.03, carry=0.05)
    legs = collar(market)
    apart = scenario.run(SPOT, market, fan(-0.02, -0.004, 35), legs)
    merged = scenario.run(SPOT + legs, market, fan(-0.02, -0.004, 35))
    assert_allclose(
        apart.base + apart.total, merged.values.sum(axis=-1), rtol=1e-12
    )  # its own start is lower by what trading cost
    assert_allclose(
        merged.base, SPOT.value(market) - sum(abs(leg.units) * (leg.half_spread + leg.fee) for leg in legs)
    )


def test_coin_premium_is_coins_that_no_longer_move_with_spot() -> None:
    market = flat_market("coin")
    put = option_leg(market.chain, option(market, "p", 80.0, 2.0).symbol, 10.0)
    walk = Paths(np.array([2.0]), np.array([[2.0]]), np.zeros((1, 1)), ("doubles",))
    result = scenario.run(SPOT, market, walk, [put])
    assert_allclose(result.overlay[0, 0], -2 * 10 * put.price)  # lapsed; the coins paid would be worth twice


def test_gains_by_leg_sum_to_the_groups() -> None:
    market = flat_market(half_spread=0.01)
    book = Book(Holding.spot("BTC", 3.0), Holding.perpetual("BTC", -1.0, 105.0), cash=50.0)
    result = scenario.run(book, market, many(20), collar(market))
    overlay = np.array(result.groups) == "overlay"
    assert_allclose(result.pnl[..., overlay].sum(-1), result.overlay, atol=1e-10)
    assert_allclose(result.pnl[..., ~overlay].sum(-1), result.position, atol=1e-10)
    assert result.legs[:3] == ("BTC", "BTC-PERPETUAL", "cash")


def test_equal_expiries_reach_the_payoff_in_closed_form() -> None:
    market = flat_market("coin")
    legs = collar(market)
    result = scenario.run(SPOT, market, grid([-0.4, 0.5], days=[30.0]), legs)
    spot = np.array([60.0, 150.0])
    payoff = 10 * (np.maximum(90 - spot, 0) - np.maximum(spot - 120, 0))
    paid = sum(leg.units * leg.price for leg in legs) / 100 * spot
    assert_allclose(result.overlay[:, 0], payoff - paid, rtol=1e-12)


def test_coin_result_divides_each_node_by_its_own_spot() -> None:
    market = flat_market("coin")
    short = Book(Holding.perpetual("BTC", 10.0, 100.0))
    result = scenario.run(short, market, grid([-0.2, 0.25])).in_coin()
    # An inverse long of 1,000 money: 1000 (1/100 - 1/P) coins.
    assert_allclose(result.position[:, 0], 1000 * (1 / 100 - 1 / np.array([80.0, 125.0])))
    assert result.currency == "BTC"
    assert scenario.run(Book(Holding.spot("BTC", 1), numeraire="BTC"), market, grid([0.1])).currency == "BTC"
    with pytest.raises(InputError, match="no version in coins of 'ETH'"):
        scenario.run(SPOT, market, grid([0.0])).in_coin("ETH")


@pytest.fixture(params=["arrays", "compiled"])
def loops(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways of pricing, whatever the size of the run."""
    if request.param == "compiled":
        pytest.importorskip("numba")
    monkeypatch.setattr(valuation, "COMPILED", 1 if request.param == "compiled" else 10**9)


@pytest.mark.usefixtures("loops")
@pytest.mark.parametrize("block", [1, 7, 64, 1000])
def test_block_size_changes_no_bit(block: int) -> None:
    market = flat_market(carry=0.05, skew=0.3)
    whole = scenario.run(SPOT, market, many(500), collar(market, 3.0) + collar(market), block=1000)
    assert np.array_equal(
        scenario.run(SPOT, market, many(500), collar(market, 3.0) + collar(market), block=block).values,
        whole.values,
    )


@pytest.mark.usefixtures("loops")
class Forgetful(Executor):
    """Loses every so many-th block the first time that it comes, as a cluster loses a worker; or always."""

    def __init__(self, every: int, *, always: bool = False) -> None:
        self.every, self.always, self.blocks = every, always, list[bytes]()

    def submit(self, call, /, *args, **kwargs):  # type: ignore[no-untyped-def]
        future: Future = Future()
        block = args[1]["BTC"].spot.tobytes()
        new = block not in self.blocks
        self.blocks += [block] * new
        if self.always or (new and len(self.blocks) % self.every == 0):
            future.set_exception(ValueError("lost task"))
        else:
            future.set_result(call(*args, **kwargs))
        return future


@pytest.mark.parametrize("every", [1, 2, 3])
def test_a_lost_block_is_computed_by_another_worker(every: int) -> None:
    market = flat_market("coin", half_spread=0.01)
    plain = scenario.run(SPOT, market, many(300), collar(market))
    told: list[tuple[int, int]] = []
    found = scenario.run(
        SPOT, market, many(300), collar(market), block=40, executor=Forgetful(every),
        progress=lambda done, count: told.append((done, count)),
    )  # fmt: skip
    assert found.total.tobytes() == plain.total.tobytes()
    assert told == [(done, 8) for done in range(1, 9)]


def test_a_block_that_is_lost_twice_is_named() -> None:
    market = flat_market("coin")
    with pytest.raises(HedgingError, match=r"block of scenarios 0 to 39 was lost .*ValueError: lost task"):
        scenario.run(SPOT, market, many(300), collar(market), block=40, executor=Forgetful(1, always=True))


def test_a_pool_whose_worker_was_killed_is_no_foreign_exception() -> None:
    market = flat_market("coin")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        with pytest.raises(BrokenExecutor):
            pool.submit(os._exit, 1).result()
        with pytest.raises(HedgingError, match=r"block of scenarios 0 to 99 .* Make a new executor"):
            scenario.run(SPOT, market, many(300), collar(market), block=100, executor=pool)


def test_blocks_are_neither_tiny_nor_too_large_for_memory() -> None:
    assert _blocks._block_size(1) == _blocks.BLOCK_VALUES
    for width in (1, 20, 200, 2_000, 20_000, 10**6, 10**8):
        size = _blocks._block_size(width)
        assert size == 1 or size * width <= _blocks.MOST_VALUES
        assert size >= min(_blocks.LEAST_SCENARIOS, _blocks.MOST_VALUES // width)


def test_any_executor_gives_the_same_bits() -> None:
    market = flat_market(carry=0.05, skew=0.3)
    alone = scenario.run(SPOT, market, many(300), collar(market))
    with ThreadPoolExecutor(2) as threads:
        threaded = scenario.run(SPOT, market, many(300), collar(market), block=40, executor=threads)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        spawned = scenario.run(SPOT, market, many(300), collar(market), block=100, executor=processes)
    assert np.array_equal(alone.values, threaded.values)
    assert np.array_equal(alone.values, spawned.values)


def test_progress_counts_blocks() -> None:
    seen: list[tuple[int, int]] = []
    market = flat_market()
    scenario.run(SPOT, market, many(100), block=30, progress=lambda *at: seen.append(at))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """What a shell has in its background ignores SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible")
def test_an_interrupt_in_a_long_run_leaves_no_thread_behind() -> None:
    market, done = flat_market(), []

    def interrupt(count: int, _all: int) -> None:
        done.append(count)
        if count == 2:
            signal.raise_signal(signal.SIGINT)  # as Ctrl-C does

    paths = many(4_000)
    with pytest.raises(KeyboardInterrupt):
        scenario.run(SPOT, market, paths, collar(market), block=20, progress=interrupt)
    assert done == [1, 2]
    assert not [t for t in threading.enumerate() if t.name.startswith("hedging-scenario")]
    with ThreadPoolExecutor(1) as own:
        done.clear()
        with pytest.raises(KeyboardInterrupt):
            scenario.run(SPOT, market, paths, block=20, progress=interrupt, executor=own)
        assert own.submit(len, "abc").result() == 3  # a pool of one's own goes on working


def test_two_assets_each_on_their_own_path() -> None:
    btc, eth = flat_chain(), flat_chain(asset="ETH", spot=4.0, strikes=(3.0, 4.0, 5.0))
    book = Book(Holding.spot("BTC", 1.0), Holding.spot("ETH", 100.0))
    crash = crash_path(-0.05, days=4)
    with pytest.raises(InputError, match="give paths of each by name"):
        scenario.run(book, [btc, eth], crash)
    moves = {"BTC": crash, "ETH": replace(crash, spot=crash.spot**1.3)}
    result = scenario.run(book, [btc, eth], moves)
    assert_allclose(result.position[0, -1], 100 * np.expm1(-0.2) + 400 * np.expm1(-0.26))
    with pytest.raises(InputError, match="no paths are given for ETH"):
        scenario.run(book, [btc, eth], {"BTC": crash})
    with pytest.raises(InputError, match="scenarios and dates of those"):
        scenario.run(book, [btc, eth], moves | {"ETH": crash_path(-0.05, days=5)})


def test_unknown_asset_is_refused() -> None:
    with pytest.raises(InputError, match="holds DOGE, but the chain is BTC"):
        scenario.run(Book(Holding.spot("DOGE", 1.0)), flat_market(), grid([0.0]))


def test_frame_is_long_and_holds_every_number() -> None:
    market = flat_market()
    result = scenario.run(SPOT, market, many(4), collar(market))
    frame = result.to_frame()
    assert len(frame) == 4 * 3 * 3
    one = frame[(frame["scenario"] == "2") & (frame["day"] == 2.5) & (frame["leg"] == result.legs[1])]
    assert one["pnl"].item() == result.pnl[2, 1, 1]
    assert one["group"].item() == "overlay"


@pytest.mark.parametrize("by_leg", [True, False])
@pytest.mark.parametrize("coin", [True, False])
@pytest.mark.parametrize("settlement", ["coin", "cash"])
def test_value_of_an_overlay_is_what_its_contracts_are_worth(
    settlement: str, coin: bool, by_leg: bool
) -> None:
    market = flat_market(settlement, half_spread=0.02, days=(2.0, 9.0))
    legs, paths = collar(market, 9.0), many(5)  # expired by the last date
    found = scenario.run(SPOT, market, paths, legs, by_leg=by_leg)
    found = found.in_coin() if coin else found
    worth = as_book(legs).values(market, paths) / (found.spot["BTC"][..., None] if coin else 1.0)
    expected = worth if by_leg else worth.sum(axis=-1, keepdims=True)
    frame = found.to_frame()
    values = frame.loc[frame["group"] == "overlay", "value"].to_numpy()
    assert_allclose(values, expected.ravel(), rtol=1e-9, atol=1e-9)
    expired = frame["day"].eq(10.0) & frame["leg"].str.startswith("buy") & frame["pnl"].lt(0.0)
    assert set(frame.loc[expired, "value"]) <= {0.0}
    held = frame[frame["group"] == "position"]
    start = 10.0 if coin else 1000.0
    assert_allclose(held["value"] - held["pnl"], start)


def test_summary_finds_the_worst_day() -> None:
    walk = Paths(np.array([1.0, 2.0, 3.0]), np.array([[0.9, 0.5, 0.8]]), np.zeros((1, 3)), ("dip",))
    row = scenario.run(SPOT, flat_market(), walk).summary().iloc[0]
    assert_allclose(row[["position", "position worst", "worst day"]].to_numpy(dtype=float), [-200, -500, 2])


def test_result_prints_and_goes_to_json() -> None:
    market = flat_market()
    result = scenario.run(SPOT, market, fan(-0.02, -0.004, 5), collar(market))
    assert "-2 %/day, -0.4 %/day²" in repr(result)
    assert "with <" not in result._repr_html_()
    back = json.loads(json.dumps(result.to_dict()))
    assert_allclose(back["scenarios"][1]["both"], result.total[1])
    assert "and 38 more" in repr(scenario.run(SPOT, market, many(50)))


def test_payoff_runs_to_the_first_expiry_of_the_overlay() -> None:
    market = flat_market("cash")
    result = scenario.payoff(SPOT, market, collar(market), spot_moves=[-0.5, 0.0])
    assert_allclose(result.days, [0.0, 15.0, 30.0])
    cost = sum(leg.units * leg.price for leg in collar(market))
    assert_allclose(result.total[:, -1], [-100 - cost, -cost], atol=1e-9)
    assert scenario.payoff(SPOT, market).days[-1] == 30.0


def test_table_of_spot_against_vol_and_against_days() -> None:
    market = flat_market()
    legs = collar(market)
    by_vol = scenario.table(SPOT, market, legs, spot_moves=[-0.2, 0.0], vol_shifts=[0.0, 0.1], days=5.0)
    by_day = scenario.table(SPOT, market, legs, spot_moves=[-0.2, 0.0], days=[5.0, 10.0])
    assert by_vol.shape == (2, 2)
    assert_allclose(by_vol.loc[-0.2, 0.0], by_day.loc[-0.2, 5.0])
    one = scenario.run(SPOT, market, grid([-0.2], [0.1], [5.0]), legs)
    assert_allclose(by_vol.loc[-0.2, 0.1], one.total[0, 0])
    with pytest.raises(InputError, match="two axes"):
        scenario.table(SPOT, market, vol_shifts=[0.0], days=[1.0, 2.0])


def test_faster_falls_lose_no_less_before_any_floor() -> None:
    market = flat_market()
    falls = join(*(crash_path(-0.01, a, 10) for a in (0.0, -0.002, -0.004)))
    ends = scenario.run(SPOT, market, falls).position[:, -1]
    assert (np.diff(ends) < 0).all()


def test_closing_costs_half_the_spread_while_it_lasts_and_widens() -> None:
    market = flat_market("cash", half_spread=0.05)
    put = option(market, "p", 90.0, 2.0)
    mark = float(market.chain.row(put.symbol)["mark"])
    book = Book(Holding(put, -3.0))
    walk = Paths(
        np.array([0.0, 1.0, 3.0]),
        np.array([[1.0, 0.8, 0.8]]),
        np.zeros((1, 3)),
        ("x",),
        spread=np.array([[1.0, 2.5, 2.5]]),
    )
    plain, closed = (scenario.run(book, market, walk, closing=flag) for flag in (False, True))
    half = 3 * 0.05 * mark
    # As a share of spot, times the multiple; nothing once it has expired.
    assert_allclose(plain.values - closed.values, [[[half], [2.5 * half * 0.8], [0.0]]], atol=1e-12)


@pytest.mark.parametrize("settlement", ["coin", "cash"])
@pytest.mark.parametrize("units", [2.0, -2.0])
def test_rolling_pays_half_the_spread_and_the_fee_once_by_hand(settlement: str, units: float) -> None:
    tight, wide = (
        flat_market(settlement, half_spread=half, days=(10.0,), strikes=(90.0, 100.0)) for half in (0.0, 0.05)
    )
    put = option(wide, "p", 90.0, 10.0)
    walk = Paths(
        np.array([5.0, 10.0, 15.0]),
        np.array([[0.9, 0.8, 0.4]]),
        np.zeros((1, 3)),
        ("falls",),
        spread=np.array([[1.0, 3.0, 9.0]]),
    )
    free = scenario.run(Book(Holding(put, units)), tight, walk, roll=True).values[0, :, 0]
    fee = FeeRule(0.01, 0.125)
    dear = replace(put, terms=replace(put.terms, fee=fee))
    paying = scenario.run(Book(Holding(dear, units)), wide, walk, roll=True).values[0, :, 0]
    # Spot is 80 at the roll, and the spread three times as wide; of a premium of 0.8 marks the cap takes an
    # eighth if that is less than 1 % of 80.
    mark = float(wide.chain.row(put.symbol)["mark"])
    cost = 2.0 * (3.0 * 0.05 * mark * 0.8 + min(0.01 * 80.0, 0.125 * 0.8 * mark))
    later = cost * (0.4 / 0.8 if settlement == "coin" else 1.0)  # coins paid would have fallen too
    assert_allclose(free - paying, [0.0, cost, later], rtol=1e-9, atol=1e-9)


def test_rolled_options_cost_as_much_to_close_as_the_first() -> None:
    market = flat_market("cash", half_spread=0.05, days=(10.0,))
    put = option(market, "p", 90.0, 10.0)
    mark = float(market.chain.row(put.symbol)["mark"])
    walk = Paths(np.array([15.0]), np.array([[0.8]]), np.zeros((1, 1)), ("x",))
    book = Book(Holding(put, 3.0))
    plain, closed = (scenario.run(book, market, walk, roll=True, closing=flag) for flag in (False, True))
    assert_allclose(plain.values - closed.values, 3 * 0.05 * mark * 0.8)


def test_speed_alone_changes_nothing_without_options_and_feeds_puts() -> None:
    market = flat_market(days=(2.0, 90.0))
    bare = scenario.by_speed(SPOT, market, velocity=-0.02, acceleration=-0.002, depth=0.25)
    assert_allclose(bare["position"], -250.0)
    assert_allclose(bare["days"], bare["days"].iloc[1] / bare.index)
    put = [option_leg(market.chain, option(market, "p", 90.0, 90.0).symbol, 10.0)]
    fed = scenario.by_speed(SPOT, market, put, velocity=-0.02, depth=0.25)
    assert (fed["per doubling"].iloc[1:] > 0).all()  # more time value left, and vol rises with speed
    assert_allclose(fed["per doubling"].iloc[1:], np.diff(fed["both"]))
    with pytest.raises(InputError, match="never reach"):
        scenario.by_speed(SPOT, market, velocity=-0.02, acceleration=0.01, depth=0.25)


def test_a_dask_cluster_gives_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    distributed = pytest.importorskip("distributed")
    # It would ask the system which address leads outside; this cluster lives in this process.
    monkeypatch.setattr("distributed.utils._get_ip", lambda *_args, **_kwargs: "127.0.0.1")
    market = flat_market(carry=0.05, skew=0.3)
    alone = scenario.run(SPOT, market, many(200), collar(market))
    with distributed.Client(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
    ) as client:
        clustered = scenario.run(
            SPOT, market, many(200), collar(market), block=30, executor=client.get_executor()
        )
    assert np.array_equal(alone.values, clustered.values)


def test_stickiness_of_paths_is_that_of_the_moved_surface() -> None:
    market = flat_market(skew=0.4, days=(30.0,))
    put = option(market, "p", 90.0, 30.0)
    for ratio in (0.0, 0.5, 1.0):
        moved = scenario.run(Book(Holding(put, 1.0)), market, grid([-0.1], stickiness=ratio)).values[0, 0, 0]
        surface = market.smile.move(-0.1, ratio)
        vol = float(surface.vol_at(np.log(90 / 90.0), 30 / 365))
        flat = scenario.run(Book(Holding(put, 1.0)), flat_market(vol=vol, days=(30.0,)), grid([-0.1])).values[
            0, 0, 0
        ]
        assert_allclose(moved, flat, rtol=2e-3)  # the contract keeps its own distance from the fit


def test_block_must_hold_a_scenario() -> None:
    with pytest.raises(InputError, match="block must be"):
        scenario.run(SPOT, flat_market(), grid([0.0]), block=0)


def test_totals_alone_are_the_sums_of_the_legs() -> None:
    market = flat_market(half_spread=0.02)
    by_leg = scenario.run(SPOT, market, many(50), collar(market))
    totals = scenario.run(SPOT, market, many(50), collar(market), by_leg=False)
    assert totals.values.shape == (50, 3, 2)
    assert_allclose(totals.position, by_leg.position, atol=1e-9)
    assert_allclose(totals.overlay, by_leg.overlay, atol=1e-9)


def test_leaving_in_the_crash_costs_todays_spread_times_its_widening() -> None:
    market = Market.of(flat_chain("cash", days=(30.0,), half_spread=0.05))
    put = option(market, "p", 90.0, 30.0)
    book = Book(Holding(put, 4.0))
    half = market.half_spread(put)
    assert half > 0
    rule = Reaction(vol_rise=0.0, vol_speed=0.0, spread_rise=1.0, spread_speed=0.0, memory=np.inf)
    result = scenario.run(book, market, crash_path(-0.05, days=4, reaction=rule))
    assert_allclose(result.exit_cost_now, 4.0 * half)
    t = np.arange(5)
    # A share of spot, times 1 + 1 per 10 % of the fall.
    assert_allclose(result.exit_cost, [4.0 * half * np.exp(-0.05 * t) * (1.0 + 0.5 * t)], rtol=1e-12)
    row = result.leaving().iloc[0]
    assert_allclose(row["multiple"], 3.0 * np.exp(-0.2))
    assert row["on day"] == 4
    assert "half spreads today" in repr(result)
    assert_allclose(
        scenario.run(book, market, crash_path(-0.05, days=4, reaction=STILL)).leaving()["multiple"], 1.0
    )


def test_rules_that_were_fitted_to_another_asset_are_named() -> None:
    market = flat_market(days=(30.0,))
    other = replace(BTC, fitted_to="ETH")
    put = Book(Holding(option(market, "p", 90.0, 30.0), 1.0))
    assert any(
        "fitted to ETH" in remark
        for remark in scenario.run(put, market, crash_path(-0.02, reaction=other)).remarks
    )
    assert not any("fitted to" in remark for remark in scenario.run(put, market, crash_path(-0.02)).remarks)


def test_a_fall_says_where_it_rises_vol_from_and_the_markets_own_rule_says_nothing() -> None:
    market = flat_market(days=(30.0,), vol=0.4)
    put, coins = Book(Holding(option(market, "p", 90.0, 30.0), 1.0)), Book(Holding.spot("BTC", 1.0))
    as_given = scenario.run(put, market, crash_path(-0.02)).remarks
    own = scenario.run(put, market, crash_path(-0.02, reaction=scenario.rule_of(market))).remarks
    assert any("from a 30-day vol of 60%" in remark and "rule_of(chain)" in remark for remark in as_given)
    assert not any("rule_of" in remark for remark in own)
    assert not any("rule_of" in each for each in scenario.run(coins, market, crash_path(-0.02)).remarks)
    still = scenario.run(put, market, crash_path(-0.02, reaction=STILL)).remarks
    rising = scenario.run(put, market, crash_path(+0.02)).remarks
    assert not any("rule_of" in remark for remark in (*still, *rising))


def test_a_coin_with_rules_of_its_own_is_not_said_to_have_none() -> None:
    remarks = {}
    for asset in ("ETH", "SOL"):
        market = flat_market(asset=asset, days=(30.0,))
        put = Book(Holding(option(market, "p", 90.0, 30.0), 1.0))
        remarks[asset] = " ".join(scenario.run(put, market, crash_path(-0.02)).remarks)
    assert "those fitted to ETH are hedging.scenario.rule_of(chain)" in remarks["ETH"]
    assert "none were fitted to SOL" in remarks["SOL"]


def test_orders_of_older_quotes_say_from_when_they_count() -> None:
    then, now = flat_market(half_spread=0.01), flat_chain(spot=80.0, half_spread=0.01)
    later = replace(now, as_of=now.as_of + np.timedelta64(1, "D"))
    made = Orders(tuple(collar(then)), then.as_of)
    told = "those of the plan's orders since their fills of"
    fall = crash_path(-0.02, days=2, reaction=STILL)
    fresh, old = (scenario.run(SPOT, market, fall, made) for market in (then, later))
    assert fresh.filled is None
    assert told not in repr(fresh)
    assert old.filled == then.as_of
    said = " ".join(repr(old).split())
    assert told in said
    assert f"the overlay gained {old.total[0, 0]:+,.2f} USD by now" in said
    assert scenario.table(SPOT, later, made).attrs["filled"] == then.as_of.isoformat()
    assert scenario.payoff(SPOT, later, made).filled == then.as_of
