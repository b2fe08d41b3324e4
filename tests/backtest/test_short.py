"""Runs with little to say: one snapshot, two, and a market that never falls; what is not known is shown as nothing."""

from __future__ import annotations

import json
import math

import pandas as pd
import pytest
from cases.strategies import falling, scripted
from cases.tapes import made_chain, name, put, random_tape

import hedging as hg
from hedging import plots
from hedging.backtest import Order, Tape, compare, hold, rolled, run, starts
from hedging.errors import InputError

COINS = hg.Book([hg.Holding.spot("BTC", 2.0)])
PUT = scripted([Order(name("p", 80_000.0), 1.0)])
TAPES = {
    "one": falling(80_000.0),
    "two": falling(80_000.0, 79_000.0),
    "rise": falling(80_000.0, 81_000.0, 82_000.0),
    "flat": falling(80_000.0, 80_000.0),
}


def words(text: str) -> set[str]:
    return set(text.replace("%", " ").replace(",", " ").lower().split())


@pytest.mark.parametrize("which", list(TAPES))
@pytest.mark.parametrize("strategy", [hold, PUT], ids=["hold", "put"])
def test_every_answer_is_given_or_is_nothing_and_warns_of_nothing(which, strategy) -> None:
    done = run(COINS, TAPES[which], strategy)  # warnings are errors
    shown = [repr(done), done._repr_html_(), json.dumps(done.to_dict()), done.to_json()]
    compared = compare(COINS, TAPES[which], {"it": strategy})
    shown += [repr(compared), compared._repr_html_(), repr(starts(COINS, TAPES[which], strategy))]
    for text in shown:
        assert not {"nan", "inf", "nat"} & words(text)
    assert done.to_frame().notna().all().all()
    assert_pictures(done, compared)


def assert_pictures(done, compared) -> None:
    import matplotlib.pyplot as plt

    plots.backtest(compared).canvas.draw()
    done.plot().figure.canvas.draw()
    plots.waterfall(done).figure.canvas.draw()
    plt.close("all")


def test_one_snapshot_has_trades_but_no_period() -> None:
    done = run(COINS, TAPES["one"], PUT)
    numbers = done.numbers()
    for name_ in ("return a year", "vol a year", "VaR 95 %", "ES 95 %", "fees a year", "turnover a year"):
        assert math.isnan(numbers[name_]), name_
    assert done.protection["periods"].tolist() == [0, 0, 0]
    assert numbers["return"] < 0  # the spread and the fee, at once
    assert done.costs["money"].sum() == pytest.approx(done.equity.iloc[-1] - done.start_value)
    assert math.isnan(done.crash.captured)


def test_the_usual_starts_are_no_more_than_half_of_the_days() -> None:
    tape = random_tape(3, 12)  # every second day
    assert len(starts(COINS, tape, hold).table) == 6
    assert compare(COINS, tape, [hold]).count == 6
    assert "over 6 starts" in repr(compare(COINS, tape, [hold]))
    assert len(starts(COINS, tape, hold, 11).table) == 11
    with pytest.raises(InputError, match=r"from 1 to 11, those of made\.csv but the last; got 12"):
        starts(COINS, tape, hold, 12)


def test_one_start_is_called_luck() -> None:
    shown = repr(compare(COINS, random_tape(3, 4), [hold], starts=1))
    assert "one start, which is luck" in " ".join(shown.split())


def test_a_strategy_that_never_trades_is_told_apart_from_holding() -> None:
    tape = random_tape(3, 4)
    idle = rolled("put", (300.0, 400.0), name="far put")
    text = repr(compare(COINS, tape, [idle]))
    assert "far put never traded (waited: no overlay" in text
    assert "never traded" not in repr(compare(COINS, tape, [hold]))


def test_a_range_without_a_snapshot_names_the_file() -> None:
    tape = random_tape(3, 4)
    with pytest.raises(
        InputError, match=r"no snapshot of BTC in made\.csv lies between .*; there are 4 from 2026-01-01"
    ):
        tape.between("2027-01-01")
    with pytest.raises(InputError, match=r"the range of made\.csv ends before it begins"):
        tape.between("2026-01-05", "2026-01-02")


def test_a_delivery_price_that_is_missing_names_expiry_and_files() -> None:
    expiry = pd.Timestamp("2026-01-03T08:00Z")
    row = put(75_000.0, expiry, bid=0.019, ask=0.02)
    tape = Tape.of(
        [
            made_chain("2026-01-02T09:00Z", 80_000.0, [row]),
            made_chain("2026-01-05T09:00Z", 80_000.0, [put(75_000.0, ask=0.01)]),
        ],
        delivery=pd.Series([80_000.0], index=pd.DatetimeIndex(["2026-01-04T08:00Z"])),
    )
    said = (
        r"no delivery price of BTC at 2026-01-03 08:00 UTC: .*published prices.*no snapshot of made\.csv is within 8 "
        r"hours after it \(the next is of 2026-01-05 09:00\)\. Pass delivery="
    )
    with pytest.raises(InputError, match=said):
        run(COINS, tape, scripted([Order(name("p", 75_000.0, expiry), 1.0)]))
