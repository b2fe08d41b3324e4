"""Strategies by name, with settings in text: each is used, or refused."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

import hedging as hg
from hedging.backtest import STRATEGIES, banded, bxm, named, pair, rolled
from hedging.errors import InputError
from hedging.planner import Mandate

NEEDED = {"banded": {"target": "5"}, "planned": {"floor": "-20%"}}
TARGET = NEEDED["banded"]
# A value of each setting that is not its default.
VALUES = {
    "days": "25:50", "roll": "3", "profit": "2", "roll_delta": "0.1", "coverage": "0.5", "strike": "70000",
    "delta": "0.2", "lower_strike": "60000", "lower_delta": "0.15", "put_strike": "70000", "put_delta": "0.2",
    "call_strike": "90000", "call_delta": "0.15", "expiries": "third-friday", "target": "4", "band": "0.5:1",
    "to": "edge", "every": "2", "lot": "0.01",
}  # fmt: skip
PLANNED = {
    "delta": "4:8",
    "delta_value": "1e5:2e5",
    "gamma": "0:1",
    "gamma_value": "0:1e5",
    "vega": "0:9",
    "vega_coin": "0:1",
    "vega_weighted": "0:9",
    "vega_by_days": "0:30=-500:500,30:90=0:",
    "theta": "-99:0",
    "theta_coin": "-1:0",
    "floor": "7:-8%,30:-15%",
    "level": "90%",
    "delta_rule": "sticky_strike",
    "joint": "together",
    "betas": "BTC=1",
    "residual": "20%",
    "reference_days": "60",
    "soft": "floor=50",
    "minimise": "worst",
    "robust": "true",
    "horizon": "20",
    "budget": "2%",
    "cost": "500USD",
    "max_legs": "2",
    "expiries": "20:100",
    "deltas": "0.05:0.6",
    "moneyness": "70%:130%",
    "outright": "perpetual,future",
    "min_leg_share": "4%",
    "max_leg_share": "150%",
    "open_interest_share": "10%",
    "gross_vega": "9",
    "price_per_leg": "0.01%",
    "parsimony": "2%",
    "close": "false",
    "survive": "nodes",
    "account": "portfolio",
    "every": "7",
}
RULES = {
    "delay": "1", "price": "mid", "open_interest": "0.1", "volume": "0.1", "depth": "true", "delivery": "open",
    "half_spread": "0.001", "funding": "0.0001", "longest_gap": "9", "liquidation_fee": "0.01",
}  # fmt: skip


def asked(name: str, **settings: str):
    return named([name], NEEDED.get(name, {}) | settings)


def values(name: str) -> dict[str, str]:
    return VALUES | RULES | (PLANNED if name == "planned" else {})


def listed(name: str) -> list[str]:
    """The settings that a refusal says there are."""
    with pytest.raises(InputError) as refused:
        asked(name, nonsense="1")
    return str(refused.value).partition("there are ")[2].rstrip(".").split(", ")


def test_a_banded_hedge_takes_its_settings_in_text() -> None:
    _, found = named(["banded"], {"target": "5", "band": "0.5", "to": "edge"})
    assert found["banded"] == banded(5.0, 0.5, to="edge", name="banded")
    _, found = named(["banded"], {"target": "4:6", "band": "0:1"})
    assert found["banded"] == banded((4.0, 6.0), (0.0, 1.0), name="banded")


def test_an_index_takes_its_expiries_and_a_rolled_overlay_its_own_settings() -> None:
    _, found = named(["bxm", "put"], {"expiries": "third-friday", "delta": "0.2", "roll": "3"})
    assert found["bxm"] == bxm("third-friday")
    assert found["put"] == rolled("put", roll=3.0, settings={"delta": 0.2}, name="put")


@pytest.mark.parametrize("name", STRATEGIES)
def test_an_unknown_setting_is_refused_whatever_the_strategy(name: str) -> None:
    with pytest.raises(InputError, match=r"no such setting: delat.*here are"):
        asked(name, delat="0.3")


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("key", sorted(VALUES | RULES))
def test_a_setting_changes_the_run_or_is_refused(name: str, key: str) -> None:
    value = values(name)[key]
    plain = asked(name)
    with pytest.raises(InputError) if key not in listed(name) else nullcontext() as refused:
        rules, found = asked(name, **{key: value})
    if refused is None:
        assert found[name] != plain[1][name] or rules.to_dict() != plain[0].to_dict()
    else:
        assert f"{key} has no use" in str(refused.value)


@pytest.mark.parametrize("name", STRATEGIES)
def test_what_a_refusal_lists_is_taken(name: str) -> None:
    assert len(listed(name)) > 1
    for key in listed(name):
        asked(name, **{key: values(name)[key]})


def test_a_plan_is_of_the_book_s_file_and_of_what_settings_say_instead() -> None:
    file = Mandate({"floor": -0.3, "horizon": 20.0}, {"budget": 0.02, "max_legs": 4})
    _, found = named(["planned"], {"floor": "-10%", "max_legs": "2", "every": "7"}, mandate=file)
    made = found["planned"]
    assert made.mandate == Mandate({"floor": -0.1, "horizon": 20.0}, {"budget": 0.02, "max_legs": 2})
    assert (made.horizon, made.every) == (20.0, 7.0)
    with pytest.raises(InputError, match="planned draws no outcomes"):
        named(["planned"], {}, mandate=Mandate({"shortfall": -0.2}))


def test_a_pair_is_both_of_its_parts_under_one_name() -> None:
    _, found = named(["put+banded", "banded"], {"target": "5", "delta": "0.2"})
    first = rolled("put", settings={"delta": 0.2}, name="put")
    assert found["put+banded"] == pair(first, banded(5.0, name="banded"), name="put+banded")
    assert found["banded"] == banded(5.0, name="banded")
    _, found = named(["planned+banded"], {"target": "5", "floor": "-20%"})
    assert found["planned+banded"].first.mandate.limits["outright"] == ()  # the perpetual is the other one's


@pytest.mark.parametrize(
    ("names", "settings", "said"),
    [
        (["hold"], {"delta": "0.3"}, "delta has no use: it is a setting of put"),
        (["bxm"], {"days": "20:45"}, "days has no use: it is a setting of put"),
        (["banded"], {**TARGET, "roll": "3"}, "roll has no use"),
        (["put"], {"call_delta": "0.2"}, "call_delta has no use: it is a setting of collar"),
        (["hold"], {"depth": "true"}, "depth has no use: it is a rule of what is not traded"),
        (["put"], {"half_spread": "0.1"}, "half_spread has no use"),
        (["banded"], {**TARGET, "volume": "0.1"}, "volume has no use"),
        (["put"], {"depth": "5"}, "depth must be true or false"),
        (["put"], {"depth": "1"}, "depth must be true or false"),
        (["put"], {"delay": "true"}, "delay must be"),
        (["put"], {"open_interest": "true"}, "open_interest must be a number"),
        (["put"], {"open_interest": "inf"}, "open_interest must be a share"),
        (["put"], {"longest_gap": "nan"}, "longest_gap must be a number of days"),
        (["put"], {"delta": "0.3", "strike": "70000"}, "delta and strike choose one option"),
        (["collar"], {"call_delta": "0.3", "call_strike": "70000"}, "call_delta and call_strike choose"),
        (["put"], {"delta": "true"}, "delta must be a number"),
        (["put"], {"tolerance": "1"}, "no such setting: tolerance"),
        (["bxm"], {"expiries": "daily"}, "expiries must be times, 'third-friday'"),
        (["planned"], {}, "planned needs a target: --set floor=-20%"),
        (["planned"], {"horizon": "20"}, "planned needs a target"),
        (["planned"], {"floor": "-20%", "budget": "x"}, "settings: limits.budget must be"),
        (["planned"], {"shortfall": "-20%"}, "no such setting: shortfall"),
        (["planned"], {"minimise": "shortfall", "cost": "1%"}, "planned draws no outcomes"),
        (["put"], {"floor": "-20%"}, "floor has no use: it is a setting of planned"),
        (["put", "planned"], {"delta": "0.25", "floor": "-20%"}, r"delta means one thing to planned.*\[targets\]"),
        (["bxm", "planned"], {"expiries": "20:100", "floor": "-20%"}, r"expiries means.*to bxm.*\[limits\]"),
        (["put+put"], {}, "such as put.banded; got .put.put."),
        (["hold+banded"], TARGET, "such as put.banded"),
        (["put+bandit"], TARGET, "strategy must be one of.*bandit"),
        (["put+banded"], {}, "banded needs --set target="),
    ],
)  # fmt: skip
def test_a_setting_without_a_use_or_of_another_kind_says_so(names, settings, said) -> None:
    with pytest.raises(InputError, match=said):
        named(names, settings)


def test_rules_of_what_is_held_or_lent_have_a_use() -> None:
    perpetual = hg.Book([hg.Holding.perpetual("BTC", 1.0, 80_000.0)])
    spot = hg.Book([hg.Holding.spot("BTC", 1.0)])
    assert named(["hold"], {"funding": "0.0001"}, book=perpetual)[0].funding == 0.0001
    with pytest.raises(InputError, match="funding has no use"):
        named(["put"], {"funding": "0.0001"}, book=spot)
    assert named(["put"], {"liquidation_fee": "0.01"}, account=True)[0].liquidation_fee == 0.01
    with pytest.raises(InputError, match="--account"):
        named(["put"], {"liquidation_fee": "0.01"}, account=False)
