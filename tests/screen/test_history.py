"""The honest test: reference values on recorded closes, overlap allowed for, nothing seen ahead."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cases.coins import walks
from scipy import stats

import hedging as hg
from hedging.errors import InputError
from hedging.prices import Prices
from hedging.screen import History, Verdict, history, run
from hedging.screen.evidence import of_measures, of_verdicts, rank_correlations

AFTER = ("forward_", "over_universe_", "recovery_", "drawdown_after_")

# An independent prototype on the UTC closes, weekly from 2021-05-06, BTC as benchmark:
# rank correlation, naive, Newey-West and non-overlapping t over 30 days; the same without naive over 90.
REFERENCE = {
    "idiosyncratic_vol_30": (-0.128, -10.0, -6.0, -4.8, -0.144, -4.3, -2.6),
    "r2_30": (0.100, 9.4, 5.6, 3.9, 0.075, 2.6, 1.3),
    "largest_day_30": (-0.079, -6.9, -4.4, -3.3, -0.104, -3.7, -2.6),
    "alpha_30": (-0.049, -4.1, -2.6, -1.9, -0.014, -0.6, 1.2),
    "alpha_90": (-0.032, -2.3, -1.3, -1.6, 0.005, 0.2, 0.3),
    "momentum_3w": (-0.041, -3.2, -2.3, -1.8, -0.023, -1.3, 0.3),
    "velocity": (-0.017, -1.5, -1.8, -1.4, -0.011, -0.8, -0.8),
    "drawdown_90": (-0.013, -0.9, -0.5, -0.3, 0.064, 2.0, 1.6),
}


@pytest.fixture(scope="module")
def recorded(shared_data: Path) -> History:
    """Seven seconds of work, shared by what follows: 215 screens of 68 coins."""
    return history(hg.read_prices(shared_data / "prices" / "daily_close_utc_2021_2025.parquet"))


@pytest.fixture(scope="module")
def small() -> tuple[Prices, History]:
    prices = Prices.from_frame(walks(coins=8, days=260))
    return prices, history(prices, horizons=(30,))


@pytest.mark.slow  # 215 screens of the record
@pytest.mark.parametrize("measure", REFERENCE)
def test_rank_correlations_of_the_record(recorded: History, measure: str) -> None:
    assert (recorded.dates[0], recorded.every) == (pd.Timestamp("2021-05-06", tz="UTC"), 7)
    near, far = recorded.table.loc[30].loc[measure], recorded.table.loc[90].loc[measure]
    ic, naive, nw, apart, ic_90, nw_90, apart_90 = REFERENCE[measure]
    assert (near["ic"], far["ic"]) == pytest.approx((ic, ic_90), abs=0.005)
    found = (near["naive_t"], near["nw_t"], near["apart_t"], far["nw_t"], far["apart_t"])
    assert found == pytest.approx((naive, nw, apart, nw_90, apart_90), abs=0.4)


@pytest.mark.slow  # the history above
def test_what_may_be_claimed_of_the_record(recorded: History) -> None:
    table = recorded.table
    assert table.loc[30].loc["idiosyncratic_vol_30", "claim"].startswith("high values lag")
    assert table.loc[30].loc["alpha_30", "claim"] == "none"  # its naive t is -4
    assert table.loc[90]["claim"].str.startswith("too few").all()
    assert table.loc[90].loc["alpha_30", "claim"].startswith("too few: 16")
    assert recorded.drawdowns.loc[30].loc["vol_90", "ic"] == pytest.approx(-0.27, abs=0.01)


@pytest.mark.slow  # the history above
def test_verdicts_of_the_record(recorded: History) -> None:
    table = recorded.verdicts.loc[30]
    decay, trap = table.loc["structural decay"], table.loc["liquidity trap"]
    assert decay["cases"] == pytest.approx(4_109, rel=0.03)
    assert (decay["mean"], decay["low"], decay["high"]) == pytest.approx((0.004, -0.004, 0.014), abs=0.003)
    assert trap["cases"] == pytest.approx(188, rel=0.03)
    assert (trap["mean"], trap["low"], trap["high"]) == pytest.approx((0.021, -0.042, 0.107), abs=0.01)
    assert table.loc["all", "lost_half"] == pytest.approx(0.003, abs=0.0005)


@pytest.mark.slow  # the history above
def test_a_screen_shows_past_cases_beside_the_verdict(recorded: History, shared_data: Path) -> None:
    prices = hg.read_prices(shared_data / "prices" / "daily_close_utc_2021_2025.parquet")
    verdict = run(prices, at="2022-05-09", history=recorded).verdicts["YGG"]
    assert verdict.past is not None
    assert verdict.past["cases"] == recorded.verdicts.loc[30].loc["structural decay", "cases"]
    assert "past cases" in str(verdict)


def test_each_date_is_the_screen_of_that_date(small: tuple[Prices, History]) -> None:
    prices, found = small
    for date in found.dates[[0, 5, -1]]:
        screen = run(prices, at=date.date())
        panel = found.panel.loc[date]
        common = [name for name in panel if name in screen.table]
        pd.testing.assert_frame_equal(
            panel[common], screen.table[common], check_exact=True, check_names=False
        )
        assert panel["verdict"].to_dict() == {coin: verdict.word for coin, verdict in screen.verdicts.items()}


def test_outcomes_are_what_came_next(small: tuple[Prices, History]) -> None:
    prices, found = small
    logs = np.log(prices.closes)
    date = found.dates[3]
    later = logs.loc[date : date + pd.Timedelta(days=30)] - logs.loc[date]
    row = found.panel.loc[(date, "C02")]
    assert row["forward_30"] == pytest.approx(later["C02"].iloc[-1] - later["BTC"].iloc[-1])
    assert row["drawdown_after_30"] == pytest.approx(later["C02"].min())
    assert row["recovery_30"] == pytest.approx(later["C02"].iloc[-1] - later["C02"].min())
    coins = [coin for coin in logs if coin != "BTC"]
    assert row["over_universe_30"] == pytest.approx(later["C02"].iloc[-1] - later[coins].iloc[-1].mean())
    assert found.panel.loc[found.dates[-1], "forward_30"].isna().all()


def test_a_coin_that_stops_keeps_its_last_price_and_counts() -> None:
    table = walks(coins=8, days=260)
    table.loc[table.index[200:], "C04"] = np.nan
    found = history(Prices.from_frame(table), horizons=(30,))
    date = max(date for date in found.dates if date <= table.index[199])
    last = np.log(table["C04"].iloc[199] / table.loc[date, "C04"])
    after = table.loc[date + pd.Timedelta(days=30), "BTC"] / table.loc[date, "BTC"]
    assert found.panel.loc[(date, "C04"), "forward_30"] == pytest.approx(last - np.log(after))


def test_the_future_changes_no_measure() -> None:
    table = walks(coins=8, days=260)
    spoiled = table.copy()
    spoiled.iloc[220:] *= 1e9 * np.random.default_rng(0).uniform(1, 2, table.shape[1])
    before, after = (history(Prices.from_frame(each), horizons=(30,)) for each in (table, spoiled))
    known = [date for date in before.dates if date < table.index[220]]
    assert len(known) > 5
    pd.testing.assert_frame_equal(
        before.panel.loc[known, before.measures], after.panel.loc[known, before.measures], check_exact=True
    )


def test_an_executor_gives_the_same_bits(small: tuple[Prices, History]) -> None:
    prices, found = small
    seen: list[tuple[int, int]] = []
    with ThreadPoolExecutor(2) as executor:
        other = history(prices, horizons=(30,), executor=executor, progress=lambda *done: seen.append(done))
    pd.testing.assert_frame_equal(found.panel, other.panel, check_exact=True)
    pd.testing.assert_frame_equal(found.table, other.table, check_exact=True)
    assert seen[-1] == (len(found.dates), len(found.dates))


def test_an_interruption_keeps_what_is_done() -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    prices = Prices.from_frame(walks(coins=8, days=320))
    found = history(prices, horizons=(30,), progress=stop)
    assert not found.complete
    assert len(found.dates) == 16
    assert "interrupted" in repr(found)


def test_correlations_are_spearmans(small: tuple[Prices, History]) -> None:
    _, found = small
    table = rank_correlations(found.panel, ["alpha_30", "stale_days_30"], "forward_30")
    for date in table.index[:4]:
        rows = found.panel.loc[date]
        assert table.loc[date, "alpha_30"] == pytest.approx(
            stats.spearmanr(rows["alpha_30"], rows["forward_30"])[0]
        )
    assert table["stale_days_30"].isna().all()  # all alike: no rank


def test_overlap_does_not_make_a_claim() -> None:
    """Noise whose outcomes overlap passes a naive t far too often; the weakest test does not."""
    naive, claimed = [], []
    for seed in range(15):
        rng = np.random.default_rng(seed)
        noise = rng.normal(size=(304, 10)).cumsum(axis=0)
        overlapping = pd.DataFrame(noise[4:] - noise[:-4])  # each date shares three quarters with the next
        found = of_measures(overlapping, horizon=28, every=7, seed=seed)
        naive.append((found["naive_t"].abs() > 1.96).mean())
        claimed.append((found["claim"] != "none").mean())
    assert np.mean(naive) > 0.2
    assert np.mean(claimed) < 0.05


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"every": 0}, "every must be whole numbers of days >= 1"),
        ({"horizons": (1.5,)}, "horizons must be whole"),
        ({"horizons": ()}, "at least one"),
        ({"horizons": 30}, "horizons must be an Iterable; got int: 30"),
        ({"windows": (300,)}, "has no date with 300 days in a row before it"),
        ({"benchmark": "XYZ"}, "benchmark 'XYZ' is not in"),
    ],
)
def test_bad_calls_say_what_and_why(how: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        history(Prices.from_frame(walks(coins=6, days=200)), **how)  # type: ignore[arg-type]


def test_cases_of_one_week_have_no_interval_and_the_verdict_says_so() -> None:
    dates = pd.date_range("2024-01-03", periods=8, freq="7D")
    index = pd.MultiIndex.from_product([dates, ["A", "B"]], names=["date", "coin"])
    over = np.linspace(-0.2, 0.3, len(index))
    panel = pd.DataFrame(
        {"over_universe_30": over, "forward_30": over, "drawdown_after_30": -np.abs(over)}, index
    )
    holds = pd.DataFrame({"often": True, "once": False, "never": False}, index)
    holds.loc[index[0], "once"] = True
    table = of_verdicts(panel, holds, 30, 7)
    assert table.loc["often", "low"] < table.loc["often", "mean"] < table.loc["often", "high"]
    assert table.loc["once", ["low", "high"]].isna().all()
    told = {word: str(Verdict("A", word, (), row.to_dict())) for word, row in table.iterrows()}
    assert "After 1 past case: -20.0% over the universe (too few weeks for an interval)" in told["once"]
    assert told["never"].endswith("No past case")
    assert "After 16 past cases" in told["often"]


def test_episodes_count_a_run_of_cases_once(small: tuple[Prices, History]) -> None:
    _, found = small
    episodes = found.episodes("structural decay", apart=30)
    for _, of_coin in episodes.groupby(level=1):
        dates = pd.DatetimeIndex(of_coin.index.get_level_values(0))
        assert len(dates) == 1 or np.diff(dates).min() > pd.Timedelta(days=7)
    with pytest.raises(InputError, match="verdict must be one of"):
        found.episodes("doom")


def test_a_history_is_its_table_and_says_where_nothing_may_be_claimed() -> None:
    found = history(Prices.from_frame(walks(coins=5, days=250)), every=30, horizons=(30,))
    frame = found.to_frame()
    assert {"horizon", "measure", "ic", "claim"} <= set(frame.columns)
    assert len(frame) == len(found.table)
    assert "none: too few periods that do not overlap" in repr(found)
