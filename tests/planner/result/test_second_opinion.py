"""vollib's value and Greeks of a plan's options beside ours."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hedging import samples
from hedging.cli import main as cli
from hedging.market import Market
from hedging.paths import assumptions
from hedging.planner import Effort, Limits, Target, plan, read_plan


@pytest.fixture(scope="module")
def found():
    return plan(samples.book(), samples.chain(), Target(delta=(8, 12), floor=-0.15), Limits(budget=0.02))


def test_vollib_agrees_on_every_option_ordered(found):
    table = found.second_opinion()
    assert len(table) == 5 * len(found.legs)
    assert set(table["number"]) == {"price", "delta", "gamma", "vega", "theta"}
    assert table.attrs["largest"] < 1e-9
    assert (table["difference"] == 0.0).all()  # what rounding left of it
    for leg in found.legs:
        price = table[(table["instrument"] == leg.instrument.symbol) & (table["number"] == "price")]
        assert abs(price["vollib"].iloc[0] / leg.price - 1.0) < 0.05  # the mark lies beside the quote


def test_a_saved_plan_can_still_be_asked(found, tmp_path):
    found.to_json(tmp_path / "plan.json")
    assert read_plan(tmp_path / "plan.json").second_opinion().equals(found.second_opinion())


def test_a_wrong_number_of_ours_is_seen(found):
    from dataclasses import replace

    wrong = replace(found, leg_greeks=(replace(found.leg_greeks[0], vega=found.leg_greeks[0].vega * 1.01),))
    assert wrong.second_opinion().attrs["largest"] == pytest.approx(0.01 / 1.01, rel=1e-6)


def test_the_command_prints_it_and_nothing_loads_vollib_before(tmp_path, capsys):
    from hedging.venues import write_chain

    write_chain(samples.chain(), tmp_path / "chain.csv")
    (tmp_path / "book.toml").write_text('[[holdings]]\nasset = "BTC"\nkind = "spot"\nquantity = 25\n')
    asked = [str(tmp_path / "book.toml"), "--chain", str(tmp_path / "chain.csv"), "--delta", "8:12"]
    assert cli.main(["plan", *asked, "--second-opinion"]) == 0
    assert "second opinion" in capsys.readouterr().out
    probe = "import sys, hedging as hg; hg.plan; print('vollib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_what_scenarios_assume_is_told_of_the_plans_assets_and_vols():
    chain = samples.chain()
    made = plan(samples.book(), chain, Target(delta=(8, 12)), effort=Effort(alternatives=False))
    told = made.assumptions()
    assert set(told["asset"]) == {"BTC", "all"}
    again = assumptions(["BTC"], vols={"BTC": Market.of(chain).vol_of_30_days})
    assert told.equals(again)


def test_a_plan_read_back_assumes_what_it_did(tmp_path):
    chain = samples.chain()
    made = plan(samples.book(), chain, Target(delta=(8, 12)), effort=Effort(alternatives=False))
    made.to_json(tmp_path / "plan.json")
    told = read_plan(tmp_path / "plan.json").assumptions()
    assert told.equals(made.assumptions())
    assert not told.equals(assumptions(["BTC"])), "the sample's vol is not 60 %"


def test_rules_at_a_vol_that_nobody_gave_say_which_it_is():
    what = "30-day vol now, which its rises depend on"
    table = assumptions(["BTC", "ETH"], vols={"ETH": 0.42}).set_index(["asset", "what"])["value"]
    assert table["BTC", what] == "not given: those at 60%"
    assert table["ETH", what] == "42.0%"
