"""Plans of coins without options: what is promised against an independent valuation, and against what came."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cases.coins import walks

import hedging as hg
from hedging import risk
from hedging.errors import InputError
from hedging.market import Market
from hedging.planner import PriceHistory
from hedging.scenario import resample, run

CHAIN = hg.samples.chain()
BOOK = hg.Book([hg.Holding.spot("BTC", 2.0), hg.Holding.spot("C00", 500.0)])
DAYS = 1_000
EFFORT = hg.Effort(alternatives=False)


def closes(**how: float) -> pd.DataFrame:
    """Walks that end on the day before the chain, BTC at its spot."""
    found = walks(coins=1, days=DAYS, **how)  # type: ignore[arg-type]
    found.index = pd.date_range(end="2026-03-01", periods=DAYS, tz="UTC", name="date")
    return found / found.iloc[-1] * [hg.samples.SPOT, 200.0]


def history(table: pd.DataFrame) -> PriceHistory:
    return PriceHistory(hg.Prices.from_frame(table), days=300, scenarios=200, seed=4)


def planned(table: pd.DataFrame, target: hg.Target | None = None, **limits: object) -> hg.HedgePlan:
    return hg.plan(
        BOOK,
        {"BTC": CHAIN},
        target or hg.Target(shortfall=-0.12),
        hg.Limits(max_legs=3, expiries=(20, 60), **limits),  # type: ignore[arg-type]
        prices=history(table),
        effort=EFFORT,
    )


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return closes(own=0.01)


@pytest.fixture(scope="module")
def plan(table: pd.DataFrame) -> hg.HedgePlan:
    return planned(table)


def test_days_without_a_price_are_said_to_be_modelled(plan: hg.HedgePlan, table: pd.DataFrame) -> None:
    assert not any("has no return" in remark for remark in plan.remarks)
    holed = table.copy()
    holed.iloc[-40:-30, holed.columns.get_loc("C00")] = np.nan
    told = [remark for remark in planned(holed).remarks if "has no return" in remark]
    assert len(told) == 1
    assert told[0].startswith("C00 has no return on 11 of those days: there it moves with BTC by its beta")


@pytest.mark.parametrize(
    "target", [hg.Target(floor=-0.15), hg.Target(shortfall=-0.1), hg.Target(delta=(1, 2))]
)
def test_where_nothing_may_be_traded_the_closest_plan_says_so(table: pd.DataFrame, target: hg.Target) -> None:
    book = hg.Book([hg.Holding.spot("C00", 5.0)])
    with pytest.raises(hg.InfeasibleHedgeError) as refused:
        hg.plan(book, {}, target, prices=history(table), effort=EFFORT)
    assert refused.value.closest is not None
    assert not refused.value.closest.legs
    assert any(
        each.startswith("nothing may be traded: give a chain") for each in refused.value.closest.remarks
    )


def test_shortfall_is_that_of_a_scenario_run(plan: hg.HedgePlan, table: pd.DataFrame) -> None:
    assert plan.promise is not None
    markets = [Market.of(CHAIN), Market.bare("C00", 200.0, CHAIN.as_of)]
    drawn = resample(hg.Prices.from_frame(table), markets, 30.0, 200, 4, days=300)
    found = run(BOOK, markets, drawn, overlay=plan.legs)
    gains = {"without": found.position[:, -1], "with": found.total[:, -1]}
    for place, name in enumerate(gains):
        assert plan.promise.shortfall[place] == pytest.approx(
            risk.expected_shortfall(gains[name], 0.95) / plan.base, rel=1e-9
        )
        assert plan.promise.quantile[place] == pytest.approx(
            risk.value_at_risk(gains[name], 0.95) / plan.base, rel=1e-9
        )
    assert plan.promise.shortfall[1] <= 0.12 + 1e-9


def test_what_stays_is_the_mean_of_the_worst_outcomes_by_coin(
    plan: hg.HedgePlan, table: pd.DataFrame
) -> None:
    assert plan.promise is not None
    markets = [Market.of(CHAIN), Market.bare("C00", 200.0, CHAIN.as_of)]
    drawn = resample(hg.Prices.from_frame(table), markets, 30.0, 200, 4, days=300)
    total = run(BOOK, markets, drawn, overlay=plan.legs).total[:, -1]
    worst = np.argsort(total)[:10]  # 5 % of 200
    coin = 500.0 * 200.0 * (drawn["C00"].spot[worst, -1] - 1.0)  # no order is on it
    assert plan.promise.stays["C00"] == pytest.approx(coin.mean() / total[worst].mean(), rel=1e-6)
    assert plan.promise.stays.sum() == pytest.approx(1.0)


def test_the_walk_is_what_came_and_the_promise_is_worded_as_one_over_outcomes(
    plan: hg.HedgePlan, table: pd.DataFrame
) -> None:
    promise = plan.promise
    assert promise is not None
    date = promise.walk.index[7]
    moved = table.loc[date + pd.Timedelta(days=30)] / table.loc[date] - 1.0
    lost = (2.0 * hg.samples.SPOT * moved["BTC"] + 100_000.0 * moved["C00"]) / plan.base
    assert promise.walk.loc[date, "without"] == pytest.approx(lost, abs=1e-9)
    assert (np.diff(promise.walk.index) == pd.Timedelta(days=30)).all()
    assert promise.usable
    text = " ".join(str(plan).split())
    assert "holds in 95% of outcomes like those of these years, no hard floor" in text
    assert "what stays of the shortfall comes from BTC" in text
    assert "C00 moves 1." in text


def test_a_promise_that_leaves_most_of_a_fall_is_refused_before_the_orders(table: pd.DataFrame) -> None:
    found = planned(table, hg.Target(shortfall=-0.27))  # without a plan 29 % or so
    assert found.promise is not None
    assert found.promise.falls >= 10
    assert found.promise.calibrated is not None
    assert found.promise.calibrated > 0.75
    assert not found.promise.usable
    said = f"nothing is promised of this plan: {found.promise.refusal}"
    assert found.warnings[0] == said
    text = " ".join(str(found).split())
    assert text.index(said) < text.index(" cost ")
    assert "where a hedge may leave at most 75%" in said
    assert said in found.to_dict()["warnings"]


def test_a_price_that_stands_still_is_remarked_and_so_is_one_that_is_missing(table: pd.DataFrame) -> None:
    odd = table.iloc[-420:].copy()
    days = odd.index
    odd.loc[days[-60:-53], "C00"] = odd.loc[days[-60], "C00"]  # six more closes like that of the first
    odd.loc[days[-30:-28], "C00"] = np.nan
    found = planned(odd)
    still = f"C00 closes unchanged from {days[-59]:%Y-%m-%d} to {days[-54]:%Y-%m-%d}: "
    gone = f"C00 has no close from {days[-30]:%Y-%m-%d} to {days[-29]:%Y-%m-%d}: "
    for said in (still, gone):
        assert len([remark for remark in found.remarks if remark.startswith(said)]) == 1
    whole = planned(table.iloc[-420:])
    assert not [remark for remark in whole.remarks if "unchanged" in remark or "no close" in remark]


def test_only_the_last_dates_of_many_stale_runs_are_said(table: pd.DataFrame) -> None:
    odd = table.iloc[-420:].copy()
    days = odd.index
    for first in (100, 150, 200, 250):
        odd.loc[days[first : first + 6], "C00"] = odd.loc[days[first], "C00"]
    found = planned(odd, hg.Target(floor=-0.6))
    (said,) = (remark for remark in found.remarks if "unchanged" in remark)
    assert f"{days[251]:%Y-%m-%d} to {days[255]:%Y-%m-%d} and once before: " in said
    assert f"{days[101]:%Y-%m-%d}" not in said


def test_what_came_after_the_quotes_changes_no_promise(table: pd.DataFrame) -> None:
    short = table.iloc[-420:]
    after = pd.concat([short, short.set_axis(short.index + pd.Timedelta(days=420)) * 1e6])
    one, other = (planned(each).promise for each in (short, after))
    assert one is not None
    assert other is not None
    assert other.to_dict() == one.to_dict()
    assert not one.usable
    assert "too few to judge" in one.verdict


def test_what_came_after_a_date_changes_no_promise_until_then(table: pd.DataFrame) -> None:
    whole = table.iloc[-700:]
    one = planned(whole)
    assert one.promise is not None
    date = one.promise.walk.index[3]
    other = whole.copy()
    other.loc[other.index <= date, "C00"] *= (
        2.0  # a fall by half, on a day that today's outcomes are not drawn from
    )
    fallen = planned(other)
    assert fallen.promise is not None
    assert fallen.orders.equals(one.orders)
    before, after = (each.promise.walk[:date] for each in (one, fallen) if each.promise is not None)
    for column in ("promised", "limit"):
        assert after[column].tolist() == pytest.approx(before[column].tolist(), rel=1e-6)
    assert after["without"][date] < before["without"][date] - 0.1


def test_a_floor_holds_in_the_outcomes(table: pd.DataFrame) -> None:
    found = planned(table.iloc[-500:], hg.Target(floor=-0.12, level=0.9))
    check = next(check for check in found.checks if check.limit.kind == "value_at_risk")
    assert check.low == -0.12
    assert check.ok
    assert not [check for check in found.checks if check.limit.kind == "floor"]
    assert found.inputs["target"] == {"value_at_risk": -0.12, "level": 0.9}
    assert "what is promised holds in outcomes, at their end, and not in every scenario" in " ".join(
        str(found).split()
    )


def test_perpetuals_of_the_coin_itself_are_used_where_they_may_be() -> None:
    found = planned(
        closes(own=0.06).iloc[-300:], hg.Target(shortfall=-0.14), outright=(hg.Outright("perpetual"),)
    )
    assert "C00-PERPETUAL" in set(found.orders["instrument"])
    assert found.promise is not None
    assert found.promise.stays["C00"] < 0.6


def test_every_coin_bare_needs_no_chain(table: pd.DataFrame) -> None:
    found = hg.plan(
        hg.Book([hg.Holding.spot("C00", 10.0)]),
        {},
        hg.Target(shortfall=-0.05),
        hg.Limits(outright=(hg.Outright("perpetual"),)),
        prices=history(table.iloc[-300:]),
        effort=EFFORT,
    )
    assert found.markets[0].is_bare
    assert found.promise is not None


def test_a_plan_with_a_promise_is_saved_and_held_against_itself(plan: hg.HedgePlan, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    plan.to_json(path)
    again = hg.read_plan(path)
    assert str(again) == str(plan)
    assert again.inputs["prices"]["without_options"] == ["C00"]
    saved = json.loads(path.read_text())
    del saved["digest"]
    saved["version"] = 1
    saved["promise"]["kept"] += 1
    path.write_text(json.dumps(saved))
    with pytest.raises(InputError, match=r"promise\.kept"):
        hg.read_plan(path)


def test_without_a_loss_to_take_there_is_no_promise(table: pd.DataFrame) -> None:
    found = hg.plan(
        BOOK, {"BTC": CHAIN}, hg.Target(delta={"BTC": (0.5, 1.0)}), prices=history(table), effort=EFFORT
    )
    assert found.promise is None
    assert found.agreement is None


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"target": hg.Target(floor={7: -0.1, 30: -0.2})}, "a floor by day is held over scenarios"),
        ({"target": hg.Target(minimise="worst")}, "minimise the 'shortfall'"),
        ({"prices": "prices.csv"}, "prices must be Prices; got str"),
        ({"outcomes": {}}, "prices=..., or outcomes=..., not both"),
        ({"book": hg.Book([hg.Holding.spot("XYZ", 1.0)])}, "has no close of XYZ"),
        ({"book": 3}, "book must be a Book"),
        ({"target": None}, "target must be a Target"),
    ],
)
def test_bad_calls_say_what_and_why(how: dict[str, object], message: str, table: pd.DataFrame) -> None:
    given = {
        "book": BOOK,
        "chain": {"BTC": CHAIN},
        "target": hg.Target(shortfall=-0.2),
        "prices": history(table),
    } | how
    with pytest.raises(InputError, match=message):
        hg.plan(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"days": 30}, "days must be a whole number from 90"),
        ({"scenarios": 10}, "scenarios must be a whole number from 100 to 5000"),
        ({"seed": -1}, "seed must be"),
    ],
)
def test_a_history_checks_its_terms(how: dict[str, int], message: str, table: pd.DataFrame) -> None:
    with pytest.raises(InputError, match=message):
        PriceHistory(hg.Prices.from_frame(table), **how)


def test_a_coin_that_has_stopped_trading_is_named(table: pd.DataFrame) -> None:
    stopped = table.copy()
    stopped.loc[stopped.index[-40] :, "C00"] = np.nan
    with pytest.raises(InputError, match="C00 has no chain, and its last price"):
        planned(stopped)


def test_a_book_that_needs_nothing_promises_what_it_loses_by_itself(table: pd.DataFrame) -> None:
    found = planned(table.iloc[-420:], hg.Target(shortfall=-0.6))
    assert not found.legs
    assert found.promise is not None
    assert found.promise.promised == 1.0
    assert found.promise.walk["with"].equals(found.promise.walk["without"].rename("with"))


def test_a_bare_market_of_ones_own_is_no_chain(table: pd.DataFrame) -> None:
    own = Market.bare("C00", 200.0, CHAIN.as_of, funding_8h=0.0001)
    short = table.iloc[-420:]
    found = hg.plan(BOOK, [CHAIN, own], hg.Target(floor=-0.2), prices=history(short), effort=EFFORT)
    assert found.inputs["prices"]["without_options"] == ["C00"]
    assert found.inputs["target"] == {"value_at_risk": -0.2, "level": 0.95}
    assert found.inputs["funding_8h"]["C00"] == 0.0001


def test_a_plan_with_prices_is_audited_with_newer_ones(
    plan: hg.HedgePlan, table: pd.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "plan.json"
    plan.to_json(path)
    prices = hg.Prices.from_frame(table)
    same = hg.audit(hg.read_plan(path), CHAIN, prices=prices, restore=False)
    checked = next(check for check in same.checks if check.limit.kind == "shortfall")
    assert plan.promise is not None
    gained = same.gain / plan.base  # what entering cost at once is behind it by now
    assert -checked.value == pytest.approx(plan.promise.shortfall[1] + gained, abs=1e-9)
    with pytest.raises(InputError, match=r"prices=\.\.\. where they were drawn from prices"):
        hg.audit(plan, plan.markets)
    with pytest.raises(InputError, match="one chain of each is needed"):
        hg.audit(plan, CHAIN)


def test_a_plan_of_bare_coins_is_reported_and_says_what_it_assumes(
    plan: hg.HedgePlan, tmp_path: Path
) -> None:
    plan.report(tmp_path / "page.html")
    assert "no hard floor" in (tmp_path / "page.html").read_text()
    assert "none was fitted to C00, a guess" in plan.assumptions()["value"].str.cat(sep=" ")
