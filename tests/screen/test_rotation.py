"""Ways out of laggards, each for the same floor; pairs, and how little a test of them says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cases.coins import walks

import hedging as hg
from hedging import Book, Holding, Market, Prices, samples, scenario
from hedging.errors import InputError
from hedging.paths import STILL, along
from hedging.screen import Decision, decide, pair


@pytest.fixture(scope="module")
def prices() -> Prices:
    """Of the sample chain's day: C01 follows BTC closely, C02 hardly, and both have fallen."""
    chain = samples.chain()
    table = walks(coins=8, days=260)
    rng = np.random.default_rng(9)
    market = np.log(table["BTC"]).diff().fillna(0.0)
    falling = np.linspace(0.0, -1.2, 260)
    table["C01"] = 2.0 * np.exp((1.2 * market + rng.normal(0, 0.008, 260)).cumsum() + falling)
    table["C02"] = 5.0 * np.exp((0.3 * market + rng.normal(0, 0.05, 260)).cumsum() + falling)
    table["BTC"] *= chain.spot / table["BTC"].iloc[-1]
    end = chain.as_of.normalize() - pd.Timedelta(days=1)
    return Prices.from_frame(table.set_axis(pd.date_range(end=end, periods=260, name="date")))


@pytest.fixture(scope="module")
def decision(prices: Prices) -> Decision:
    book = Book([Holding.spot("BTC", 2.0), Holding.spot("C01", 60_000.0), Holding.spot("C02", 30_000.0)])
    return decide(
        book, prices, {"BTC": samples.chain()}, {"C01": 0.0001, "C02": -0.0003}, coins=["C01", "C02"]
    )


def test_every_way_that_keeps_the_floor_does_so_when_revalued(prices: Prices, decision: Decision) -> None:
    nodes = along([15.0, 30.0], np.log([[1e-6, 1e-6], [0.5, 0.2], [1.0, 1.5]]), reaction=STILL)
    kept = [way for way in decision.ways if way.open]
    assert {way.way for way in kept} == {"short perpetual", "sell part"}
    for way in kept:
        spot = prices.closes[way.coin].iloc[-1]
        rate = {"C01": 0.0001, "C02": -0.0003}[way.coin]
        market = Market.bare(way.coin, spot, decision.screen.as_of, funding_8h=rate)
        book = Book([Holding.spot(way.coin, 60_000.0 if way.coin == "C01" else 30_000.0)])
        result = scenario.run(book, market, nodes, overlay=way.orders)
        assert result.total.min() / result.base >= decision.floor - 1e-4
        assert way.worst_left == pytest.approx(result.total.min() / result.base, abs=0.01)


def test_a_proxy_obeys_its_verdict_and_promises_no_floor(decision: Decision) -> None:
    close, loose = (
        next(way for way in decision.of(coin) if way.way == "BTC puts") for coin in ("C01", "C02")
    )
    assert close.residual < 0.5 < loose.residual
    assert not close.open
    assert not loose.open
    assert close.orders
    assert close.crash_left > close.crash
    assert close.worst_left < -1.0  # the coin falls alone, and the puts are paid for
    assert not loose.orders
    assert "Do not hedge C02 with BTC" in loose.note
    for way in (close, loose):
        assert "2025-10-10" in way.note


def test_a_proxy_that_would_have_failed_is_shown_failing(decision: Decision) -> None:
    way = next(way for way in decision.of("C01") if way.way == "BTC puts")
    left = -0.70 + decision.proxies["C01"].downside_beta * 0.12
    assert f"leaves {left:.0%}" in way.note
    assert left < -0.5


def test_funding_is_a_carry_and_never_pays_for_the_order(decision: Decision) -> None:
    receives, pays = (
        next(way for way in decision.of(coin) if way.way == "short perpetual") for coin in ("C01", "C02")
    )
    assert receives.carry < 0.0 < pays.carry
    assert pays.carry == pytest.approx(0.0003 * 3 * 365 * 0.85, rel=0.05)
    assert receives.break_even < 0.0
    assert pays.break_even < receives.break_even
    shown = decision.table["break-even fall"]
    for way, paid in ((receives, 0.0), (pays, 0.0003 * 3 * 30)):  # of the 85 % that are short
        (leg,) = way.orders
        fall = way.execution / abs(leg.quantity * leg.spot) + paid
        assert shown[way.coin, way.way] == pytest.approx(-fall, rel=1e-2)
    assert shown.drop(["short perpetual"], level="way").isna().all()
    assert "break-even fall" in repr(decision)
    assert np.isfinite(receives.headroom)
    assert receives.execution > 0.0


def test_what_is_given_up_and_what_stays(decision: Decision) -> None:
    for coin in ("C01", "C02"):
        ways = {way.way: way for way in decision.of(coin)}
        assert ways["leave"].upside == 0.0
        assert ways["leave"].worst_left == pytest.approx(-1.0, abs=1e-5)
        assert ways["sell part"].upside == pytest.approx(0.85, abs=0.01)
        assert ways["overlay"].note == f"no option on {coin} is quoted"
    assert list(decision.collateral.index) == ["C01", "C02"]
    assert (decision.collateral["worst value"] < decision.collateral["value now"]).all()


def test_a_coin_with_its_own_chain_has_an_overlay(prices: Prices) -> None:
    found = decide(
        Book([Holding.spot("BTC", 20.0)]), prices, {"BTC": samples.chain()}, coins=["BTC"], benchmark="C05"
    )
    overlay = next(way for way in found.ways if way.way == "overlay")
    assert overlay.open
    assert overlay.worst_left >= -0.15 - 1e-4
    assert overlay.upside < 0.85
    assert overlay.orders == found.plans["BTC", "overlay"].legs


def test_a_decision_is_shown_drawn_and_saved(decision: Decision) -> None:
    assert "collateral that is itself a laggard" in repr(decision)
    assert "shares of each position, cost in USD\n" in repr(decision)
    assert "<table" in decision._repr_html_()
    saved = json.loads(json.dumps(decision.to_dict(), allow_nan=False))
    assert len(saved["ways"]) == len(decision.ways) == 10
    ax = hg.plots.decision(decision)
    beside = {text.xy[1]: text.get_text() for text in ax.texts}
    for row, way in enumerate(decision.ways):
        if way.worst_left is not None:
            assert beside[row].startswith("cost ")
            assert " USD,\ncarry " in beside[row]
        else:
            assert beside[row] == ("does not exist" if way.way == "overlay" else "refused")
    lines = {line.get_label(): line for line in ax.get_lines()}
    np.testing.assert_array_equal(lines["worst, this way"].get_xdata(), decision.table["worst with"])
    np.testing.assert_array_equal(lines["crash, this way"].get_xdata(), decision.table["crash with"])


def test_by_default_only_laggards_are_decided_about(prices: Prices) -> None:
    book = Book([Holding.spot(coin, 100.0) for coin in prices.coins])
    found = decide(book, prices)
    words = {coin: verdict.word for coin, verdict in found.screen.verdicts.items()}
    assert found.coins
    assert all(words[coin] not in ("unclear", "recovering") for coin in found.coins)


def test_a_coin_that_stopped_is_no_laggard_and_no_comfort(prices: Prices) -> None:
    table = prices.closes.copy()
    table.iloc[-20:, table.columns.get_loc("C02")] = np.nan
    stopped = Prices.from_frame(table)
    found = decide(Book([Holding.spot("BTC", 1.0), Holding.spot("C02", 100.0)]), stopped)
    assert not found.ways
    assert list(found.unjudged) == ["C02"]
    assert "among the coins that were judged" in repr(found)
    assert "not judged: C02: 98 closes in a row are needed" in repr(found)
    assert found.to_dict()["unjudged"] == dict(found.unjudged)


def test_funding_that_is_not_known_is_not_said_to_be_received(prices: Prices) -> None:
    found = decide(Book([Holding.spot("C01", 100.0)]), prices, coins=["C01"])
    short = next(way for way in found.ways if way.way == "short perpetual")
    assert "no funding is known or counted" in short.note
    assert str(short.carry) == "0.0"


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"floor": 0.1}, "floor must be a share"),
        ({"horizon": 0.0}, "horizon must be a number of days"),
        ({"coins": ["XYZ"]}, "XYZ is not"),
        ({"chains": {"ETH": samples.chain()}}, "is a chain of BTC"),
        ({"chains": {"BTC": samples.chain()}, "at": "-30"}, "at most 3 days apart"),
    ],
)
def test_bad_calls_say_what_and_why(prices: Prices, how: dict[str, object], message: str) -> None:
    if how.get("at"):
        how = how | {"at": (prices.stamps[-30]).date()}
    with pytest.raises(InputError, match=message):
        decide(Book([Holding.spot("C01", 100.0)]), prices, **how)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="has no close of ZZZ"):
        decide(Book([Holding.spot("ZZZ", 1.0)]), prices)


def cointegrated(days: int = 260, seed: int = 0) -> Prices:
    rng = np.random.default_rng(seed)
    common = rng.normal(0, 0.03, days).cumsum()
    gap = np.zeros(days)
    for day in range(1, days):
        gap[day] = 0.7 * gap[day - 1] + rng.normal(0, 0.02)
    return Prices.from_frame(
        pd.DataFrame(
            {"A": np.exp(common + gap), "B": 3 * np.exp(common)}, pd.date_range("2024-01-01", periods=days)
        )
    )


def test_a_pair_that_comes_back_is_found_and_one_that_does_not_is_a_bet() -> None:
    together = pair(cointegrated(), "A", "B", 10_000, "beta")
    assert together.converges
    assert together.half_life == pytest.approx(-np.log(2) / np.log(0.7), rel=0.5)
    assert "one pair in twenty" in together.verdict
    apart = pair(Prices.from_frame(walks(coins=3, days=260)), "C01", "C02", 10_000)
    assert not apart.converges
    assert "bet on relative strength" in repr(apart)


@pytest.mark.slow  # 300 tests of cointegration
def test_independent_walks_pass_no_more_often_than_stated() -> None:
    passed = []
    for seed in range(300):
        moves = np.random.default_rng(seed).normal(0, 0.04, (181, 2)).cumsum(axis=0)
        table = pd.DataFrame(np.exp(moves), pd.date_range("2024-01-01", periods=181), ["A", "B"])
        logs = np.log(table.to_numpy())
        passed.append(hg.screen.pairs._engle_granger(logs)[2] < 0.05)
    assert np.mean(passed) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)


@pytest.mark.parametrize("ratio", ["vol", "beta", "rolling"])
def test_a_pair_is_sized_as_asked(ratio: str) -> None:
    prices = cointegrated()
    found = pair(prices, "A", "B", 10_000, ratio, funding={"A": 0.0002, "B": 0.0001})  # type: ignore[arg-type]
    short, long = found.legs
    assert short.quantity * short.spot == pytest.approx(-10_000, rel=1e-3)
    assert long.quantity * long.spot == pytest.approx(found.ratio * 10_000, rel=1e-3)
    moves = np.log(prices.closes).diff().iloc[-180:]
    expected = {
        "vol": moves["A"].std() / moves["B"].std(),
        "beta": np.polyfit(moves["B"], moves["A"], 1)[0],
        "rolling": np.polyfit(moves["B"].iloc[-60:], moves["A"].iloc[-60:], 1)[0],
    }
    assert found.ratio == pytest.approx(expected[ratio], rel=1e-9)
    carry = (0.0001 * long.quantity * long.spot + 0.0002 * short.quantity * short.spot) * 3 * 365
    assert found.carry == pytest.approx(carry)
    markets = [Market.bare(coin, prices.closes[coin].iloc[-1], "2024-09-16T00:00Z") for coin in ("A", "B")]
    fall = along([1.0], np.array([[-0.1]]), reaction=STILL)
    shocked = scenario.run(found.book(), markets, {"A": fall, "B": fall})
    assert shocked.total[0, -1] == pytest.approx(
        (1 - found.ratio) * 10_000 * (1 - np.exp(-0.1)), rel=0.02, abs=10
    )
    assert found.to_dict()["orders"] == {"A": short.quantity, "B": long.quantity}


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"ratio": "kalman"}, "ratio must be one of"),
        ({"long": "A"}, "of two coins"),
        ({"notional": -1.0}, "notional must be"),
        ({"window": 10}, "window must be"),
        ({"window": 400}, "needs 401 closes in a row of A"),
        ({"long": "XYZ"}, "closes in a row of XYZ"),
        ({"lots": {"A": 1e9}}, "less than one lot"),
        ({"lots": {"A": "1"}}, "the lot of A must be > 0"),
        ({"notional": "1000"}, "notional must be a number > 0"),
        ({"maintenance": 2}, "maintenance must be a share"),
        ({"funding": {"A": "0.01%"}}, "the funding of A must be a share per 8 hours"),
    ],
)
def test_a_bad_pair_says_why(how: dict[str, object], message: str) -> None:
    given: dict[str, object] = {"short": "A", "long": "B", "notional": 1_000.0} | how
    with pytest.raises(InputError, match=message):
        pair(cointegrated(), **given)  # type: ignore[arg-type]


def test_the_command_decides(tmp_path: Path, prices: Prices, capsys: pytest.CaptureFixture[str]) -> None:
    from hedging.cli import main as cli
    from hedging.venues import write_chain

    prices.closes.to_csv(tmp_path / "prices.csv", index_label="date")
    write_chain(samples.chain(), tmp_path / "chain.csv")
    holding = '[[holdings]]\nasset = "{}"\nkind = "spot"\nquantity = 1000\n'
    (tmp_path / "book.toml").write_text(holding.format("C01") + holding.format("C02"))
    asked = [
        "--book",
        str(tmp_path / "book.toml"),
        "--chain",
        str(tmp_path / "chain.csv"),
        "--funding",
        "C01=0.01%",
    ]
    picture = tmp_path / "s.png"
    assert (
        cli.main(["screen", str(tmp_path / "prices.csv"), *asked, "--json", "-", "--plot", str(picture)]) == 0
    )
    saved = json.loads(capsys.readouterr().out)
    assert {way["coin"] for way in saved["decision"]["ways"]} <= {"C01", "C02"}
    assert picture.stat().st_size > 20_000
    assert cli.main(["screen", str(tmp_path / "prices.csv"), "--funding", "C01"]) == 2


def test_all_laggards_are_planned_for_as_one_book(prices: Prices) -> None:
    book = Book([Holding.spot("BTC", 2.0), Holding.spot("C01", 60_000.0), Holding.spot("C02", 30_000.0)])
    found = decide(
        book,
        prices,
        {"BTC": samples.chain()},
        {"C01": -0.0003},
        -0.2,
        coins=["C01", "C02"],
        together=True,
    )
    plan = found.together
    assert plan is not None
    assert plan.promise is not None
    held = {before.asset: before.delta for before, _ in plan.exposures}
    assert held == {"BTC": 0.0, "C01": 60_000.0, "C02": 30_000.0}  # what is no laggard is none of it
    assert plan.inputs["target"]["value_at_risk"] == -0.2
    assert plan.inputs["funding"]["C01"]["rate"] == -0.0003
    assert plan.promise.quantile[1] <= 0.2 + 1e-9
    assert "all of them together" in repr(found)
    assert found.to_dict()["together"]["id"] == plan.id
