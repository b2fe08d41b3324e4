"""The screen: no look-ahead, no order, no scale; published days; what is planted is found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cases.coins import bars, walks

import hedging as hg
from hedging.errors import InputError, MissingExtraError
from hedging.prices import Prices
from hedging.screen import Rules, run
from hedging.screen._reading_order import evidence_of_decay
from hedging.screen.evidence import false_discovery, two_sided

UTC = "daily_close_utc_2021_2025.parquet"


@pytest.fixture(scope="module")
def recorded(shared_data: Path) -> Prices:
    return hg.read_prices(shared_data / "prices" / UTC)


def assert_same(first: hg.screen.Screen, second: hg.screen.Screen) -> None:
    pd.testing.assert_frame_equal(first.table, second.table, check_exact=True)
    pd.testing.assert_frame_equal(first.excluded, second.excluded)
    assert first.to_dict() == second.to_dict()


@pytest.mark.parametrize("poison", [1e9, np.nan, 1e-9])
@pytest.mark.parametrize("shape", [walks, bars])
def test_a_poisoned_future_changes_no_bit(poison: float, shape: Callable[..., pd.DataFrame]) -> None:
    table = shape(days=200)
    cut = pd.Timestamp("2024-05-29", tz="UTC")
    spoiled = table.copy()
    if "date" in table:
        later = spoiled["date"] > cut
        spoiled.loc[later, ["open", "high", "low", "close", "volume", "quote_volume"]] = poison
    else:
        spoiled.loc[spoiled.index > cut] = poison
        # NaN for every coin is no bar at all, which pandas cannot say in a wide table of dates.
        spoiled.loc[spoiled.index > cut, "BTC"] = 7.0
    at = cut.date()
    assert_same(run(Prices.from_frame(table), at=at), run(Prices.from_frame(spoiled), at=at))


def test_a_poisoned_future_changes_no_bit_of_the_record(recorded: Prices) -> None:
    table = recorded.closes
    table.loc[table.index > pd.Timestamp("2022-05-09", tz="UTC")] = 1e9
    assert_same(
        run(recorded, at="2022-05-09"), run(Prices.from_frame(table, source=recorded.source), at="2022-05-09")
    )


def test_order_of_coins_and_rows_changes_nothing() -> None:
    table = bars()
    assert_same(run(Prices.from_frame(table)), run(Prices.from_frame(table.sample(frac=1, random_state=1))))


@pytest.mark.parametrize("factor", [1e-6, 7.0, 1e6])
def test_scale_of_prices_changes_nothing_but_what_counts_money(factor: float) -> None:
    table = bars()
    scaled = table.copy()
    coin = scaled["ticker"] == "C02"
    scaled.loc[coin, ["open", "high", "low", "close", "quote_volume"]] *= factor
    before, after = run(Prices.from_frame(table)).table, run(Prices.from_frame(scaled)).table
    money = [name for name in before if name.startswith(("amihud", "kyle_obizhaeva"))]
    # Rounding alone: an exact fit has a spread of nothing, and momentum's error of it is a ratio of two.
    pd.testing.assert_frame_equal(before.drop(columns=money), after.drop(columns=money), rtol=1e-6, atol=1e-9)
    for name in money:
        power = 1.0 if name.startswith("amihud") else 1.0 / 3.0
        assert after.loc["C02", name] == pytest.approx(before.loc["C02", name] / factor**power, rel=1e-9)


# Section 1 of the reference: measured on the UTC closes by an independent prototype.
DAYS = {
    ("2022-05-08", "LUNA"): {
        "alpha_90": 1.694,
        "alpha_t_90": 0.81,
        "alpha_30": -0.761,
        "alpha_t_30": -0.27,
        "break": -0.72,
    },
    ("2022-05-09", "LUNA"): {"break": -5.68, "break_peers": -5.75, "beta_30": 3.12},
    ("2022-11-06", "FTT"): {"break": -4.24, "break_peers": -5.14},
    ("2022-11-07", "FTT"): {"break": -4.78, "break_peers": -5.85, "alpha_90": -0.767, "alpha_t_90": -1.08},
}
RANKS = {
    ("2022-05-08", "LUNA"): {"velocity": 1, "acceleration": 1, "momentum_1w": 3, "alpha_90": 64},
    ("2022-05-09", "LUNA"): {"break_peers": 1, "strength_30": 1, "alpha_30": 35},
    ("2022-11-07", "FTT"): {"break_peers": 1, "alpha_90": 25},
}


@pytest.mark.parametrize("case", DAYS, ids=str)
def test_the_days_on_which_luna_and_ftt_broke(recorded: Prices, case: tuple[str, str]) -> None:
    date, coin = case
    screen = run(recorded, at=date)
    assert len(screen.table) == 67
    for name, value in DAYS[case].items():
        tolerance = 0.05 if name.startswith("break") else 0.006
        assert screen.table.loc[coin, name] == pytest.approx(value, abs=tolerance), name
    for name, rank in RANKS.get(case, {}).items():
        assert screen.rank(name)[coin] == rank, name


def test_both_were_called_a_break_and_luna_not_a_day_early(recorded: Prices) -> None:
    words = {case: run(recorded, at=case[0]).verdicts[case[1]].word for case in DAYS}
    assert words["2022-05-08", "LUNA"] != "break"
    assert {words[case] for case in DAYS if case[0] != "2022-05-08"} == {"break"}


def test_the_next_lowest_break_is_far_off(recorded: Prices) -> None:
    for date, second in (("2022-05-09", -2.9), ("2022-11-07", -2.5)):
        assert run(recorded, at=date).table["break_peers"].nsmallest(2).iloc[1] == pytest.approx(
            second, abs=0.05
        )


def test_a_planted_break_is_found_and_the_same_move_of_all_is_not() -> None:
    table = walks(coins=20, days=150)
    fallen = table.copy()
    fallen.loc[fallen.index[-3:], "C07"] *= 0.4
    screen = run(Prices.from_frame(fallen))
    assert screen.verdicts["C07"].word == "break"
    assert [coin for coin, verdict in screen.verdicts.items() if verdict.word == "break"] == ["C07"]
    together = table.copy()
    together.iloc[-3:] *= 0.4
    assert "break" not in {verdict.word for verdict in run(Prices.from_frame(together)).verdicts.values()}


@pytest.mark.slow  # 25 screens of 68 coins
def test_false_discovery_holds_over_random_walks() -> None:
    flagged = []
    for seed in range(25):
        moves = np.random.default_rng(seed).normal(0.0, 0.04, (91, 69)).cumsum(axis=0)
        table = pd.DataFrame(
            np.exp(moves), pd.date_range("2024-01-01", periods=91), ["BTC", *map(str, range(68))]
        )
        flagged.append((run(Prices.from_frame(table), windows=(90,)).table["alpha_t_90_fdr"] <= 0.05).mean())
    assert np.mean(flagged) <= 0.05


def test_false_discovery_is_benjamini_and_hochberg() -> None:
    p = np.array([0.01, 0.02, 0.03, 0.5, np.nan])
    np.testing.assert_allclose(false_discovery(p), [0.04, 0.04, 0.04, 0.5, np.nan])
    np.testing.assert_allclose(two_sided([1.959963984540054, -1.959963984540054]), 0.05)


def test_a_coin_without_the_window_is_excluded_with_the_reason(recorded: Prices) -> None:
    screen = run(recorded, at="2022-11-20")
    ftt = screen.excluded[screen.excluded["coin"] == "FTT"]
    assert set(ftt["window"]) == {30, 60, 90, 97}
    assert ftt["reason"].str.contains("the last is that of 2022-11-14").all()
    late = run(recorded, at="2022-06-20").excluded.set_index("coin")["reason"]
    assert "the first is that of 2022-05-31" in late["LUNA@2022-05-31"].iloc[0]
    assert "the last is that of 2022-05-12" in late["LUNA"].iloc[0]


def test_a_bad_print_excludes_and_says_so(shared_data: Path) -> None:
    old = hg.read_prices(shared_data / "prices" / "daily_ohlc_2017_2024.parquet")
    screen = run(old, at="2018-04-20", windows=(30,))
    assert (
        "that of 2018-04-07 is a bad print" in screen.excluded.set_index("coin").loc["MKR", "reason"].iloc[0]
    )
    assert "MKR" not in screen.table.index or np.isnan(screen.table.loc["MKR", "alpha_30"])


@pytest.mark.parametrize("benchmark", ["C00", "equal", "volume"])
def test_a_benchmark_is_a_coin_or_the_mean_of_the_others(benchmark: str) -> None:
    table = bars()
    screen = run(Prices.from_frame(table), benchmark, windows=(60,))
    assert ("C00" in screen.table.index) == (benchmark != "C00")
    wide = table.pivot(index="date", columns="ticker", values="close").iloc[-61:]
    moves = np.log(wide).diff().iloc[1:]
    if benchmark == "equal":
        expected = moves.drop(columns="C01").mean(axis=1)
    elif benchmark == "volume":
        volume = (
            table.pivot(index="date", columns="ticker", values="quote_volume")
            .iloc[-61:-1]
            .drop(columns="C01")
        )
        expected = (moves.drop(columns="C01") * volume.to_numpy()).sum(axis=1) / volume.sum(axis=1).to_numpy()
    else:
        expected = moves["C00"]
    slope = np.polyfit(expected, moves["C01"], 1)[0]
    assert screen.table.loc["C01", "beta_60"] == pytest.approx(slope, rel=1e-9)


def test_factors_stand_beside_the_benchmark() -> None:
    table = walks(days=150)
    rng = np.random.default_rng(4)
    dollar = pd.Series(rng.normal(0, 0.005, 150), table.index)
    table["C05"] *= np.exp(-3.0 * dollar.cumsum())
    screen = run(Prices.from_frame(table), windows=(90,), factors={"dollar": dollar})
    assert (
        abs(screen.table.loc["C05", "beta_dollar_90"] + 3.0)
        < 3 * screen.table.loc["C05", "beta_dollar_error_90"]
    )
    with pytest.raises(InputError, match=r"factor 'dollar' must have a finite value .* 2024-05-2"):
        run(Prices.from_frame(table), windows=(90,), factors={"dollar": dollar.iloc[:-1]})


def test_votes_tell_each_measure_and_threshold() -> None:
    screen = run(Prices.from_frame(walks()), rules=Rules(break_peers=100.0))
    verdict = screen.verdicts["C00"]
    assert verdict.word == "break"
    assert str(verdict.deciding[0]).endswith("<= 100: yes")
    assert verdict.deciding[0].value == screen.table.loc["C00", "break_peers"]
    assert {vote.verdict for vote in verdict.votes} == set(hg.screen.VERDICTS)
    for vote in verdict.votes:
        beyond = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}[vote.relation]
        assert vote.holds == beyond(vote.value, vote.threshold)


def test_a_screen_is_shown_and_saved(recorded: Prices) -> None:
    screen = run(recorded, at="2022-05-09")
    assert screen.weakest(1) == ["LUNA"]
    assert "LUNA: break (break_peers -5.75 <= -5: yes)" in repr(screen)
    assert "<table" in screen._repr_html_()
    saved = json.loads(json.dumps(screen.to_dict(), allow_nan=False))
    assert len(saved["coins"]) == 67
    assert screen.to_frame().loc["LUNA", "verdict"] == "break"
    with pytest.raises(InputError, match="no measure 'alfa'"):
        screen.rank("alfa")


BAD_CALLS = {
    "benchmark absent": ({"benchmark": "XYZ"}, "benchmark 'XYZ' is not in table"),
    "no volumes": ({"benchmark": "volume"}, "has no volumes"),
    "window too long": (
        {"windows": (400,)},
        "a window of 400 days needs 401 closes in a row, and table has 150",
    ),
    "window of text": ({"windows": "30"}, "whole numbers of days"),
    "window too short": ({"windows": (3,)}, ">= 10"),
    "window twice": ({"windows": (30, 30)}, "must differ"),
    "no window": ({"windows": ()}, "one or more"),
    "future": ({"at": "2030-01-01"}, "after the last bar"),
    "past": ({"at": "2020-01-01"}, "before the first bar"),
}


@pytest.mark.parametrize("case", BAD_CALLS)
def test_bad_calls_say_what_and_why(case: str) -> None:
    how, message = BAD_CALLS[case]
    with pytest.raises(InputError, match=message):
        run(Prices.from_frame(walks()), **how)  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [-1, 1.5, "3", True])
def test_a_count_of_the_weakest_is_a_whole_number(count: object) -> None:
    with pytest.raises(InputError, match="count must be a whole number >= 0"):
        run(Prices.from_frame(walks()), windows=(30,)).weakest(count)  # type: ignore[arg-type]


def test_a_benchmark_with_holes_one_coin_and_none_are_refused() -> None:
    table = walks()
    holed = table.copy()
    holed.loc[holed.index[-20], "BTC"] = np.nan
    with pytest.raises(
        InputError, match=r"BTC cannot carry a window of 30 days .* 1 are missing, the first of 2024-05-10"
    ):
        run(Prices.from_frame(holed))
    with pytest.raises(InputError, match="no coin of table can be measured"):
        run(Prices.from_frame(table[["BTC"]]))
    with pytest.raises(InputError, match="the mean of the other coins"):
        run(Prices.from_frame(table[["C01"]]), "equal")
    flat = table.copy()
    flat["BTC"] = 1.0
    with pytest.raises(InputError, match=r"BTC cannot carry a window of 30 days .* did not move"):
        run(Prices.from_frame(flat))
    with pytest.raises(InputError, match="must be Prices"):
        run(table)  # type: ignore[arg-type]


def test_a_missing_extra_names_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "statsmodels.stats.multitest", None)
    with pytest.raises(MissingExtraError, match="the extra stats is"):
        run(Prices.from_frame(walks()))


def test_structural_decay_is_told_with_the_evidence_behind_it() -> None:
    rates = [0.01, 0.2, 0.9]
    table = pd.DataFrame({"verdict": ["structural decay"] * 3, "fdr": rates}, index=list("ABC"))
    assert "of 3 coins with it, 1 have a false discovery rate" in evidence_of_decay(table)
    assert evidence_of_decay(table.assign(verdict="unclear")) == ""
    assert evidence_of_decay(table.drop(columns="fdr")) == ""
