"""A watch tells every breach once: against an audit of each snapshot, cut anywhere, through what cannot be read."""

from __future__ import annotations

import errno
import itertools
import json
import os
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases.later import later

from hedging import samples
from hedging.backtest import read_tape
from hedging.book.book import Book, Holding
from hedging.book.expired import expiry_name
from hedging.errors import ChainError, InputError
from hedging.market.fitting import fit_ssvi
from hedging.market.market import Market
from hedging.monitor import Rules, State, Watch, levels_of, open_log, read_rules, watch
from hedging.planner import Effort, Limits, Target, audit, plan

CHAIN = samples.chain()
BOOK = Book([Holding.spot("BTC", 25)])
FAST = Effort(alternatives=False)
LEFT = (CHAIN.expiries["expiry"].iloc[2] - CHAIN.as_of) / pd.Timedelta(days=1)


@pytest.fixture(scope="module")
def made():
    limits = Limits(expiries=(LEFT - 0.1, LEFT + 0.1), max_legs=2)
    return plan(
        BOOK, CHAIN, Target(delta=(10, 16), vega=(0, 4_000), floor=-0.3), limits, horizon=LEFT, effort=FAST
    )


@pytest.fixture(scope="module")
def walk():
    """A price that falls, comes back and falls, past the expiry of the plan's legs."""
    random = np.random.default_rng(5)
    days = np.sort(random.uniform(0.1, LEFT + 2.0, 40))
    days = np.sort(np.append(days, LEFT + 0.1))
    falls = 0.15 * np.sin(days) + random.normal(0.0, 0.03, days.size)
    chains = [later(CHAIN, day, fall) for day, fall in zip(days, falls, strict=True)]
    return [
        Market.of(chain, smile=fit_ssvi(chain)) for chain in chains
    ]  # a tenth of what the finer surface takes


def brute_force(plan, chains) -> list[tuple[str, str, str]]:
    """Every break and mend, by an audit of each snapshot by itself; settled at the first index after the expiry."""
    known: dict[str, float] = {}
    broken: dict[str, bool] = {}
    found = []
    for chain in chains:
        report = audit(plan, chain, restore=False, settled=known)
        for each in report.settled:
            known.setdefault(expiry_name(each.holding.asset, each.expiry), each.price)
        for check in report.checks:
            name = str(check.limit)
            if (not check.ok) != broken.get(name, False):
                broken[name] = not check.ok
                found.append((chain.as_of.isoformat(), name, "broken" if broken[name] else "mended"))
    return found


def breaches(events) -> list[tuple[str, str, str]]:
    return [(each.time, each.what, each.kind) for each in events if each.kind in ("broken", "mended")]


def test_it_tells_what_an_audit_of_each_snapshot_finds_each_once(made, walk):
    events = list(watch(made, walk))
    expected = brute_force(made, walk)
    assert sum(kind == "broken" for *_, kind in expected) >= 3
    assert breaches(events) == expected
    for before, after in itertools.pairwise(events):
        assert (before.what, before.after) != (after.what, after.after)
    assert [each.what for each in events].count("settled") == 1


@pytest.mark.parametrize("cut", [1, 7, 20, 33, 40])
def test_stopped_anywhere_it_goes_on_as_if_it_had_not_been(made, walk, cut, tmp_path):
    whole = list(watch(made, walk))
    told = []
    for chains in (walk[:cut], walk[max(cut - 1, 0) :]):  # the last one is read again
        with open_log(tmp_path / "watch.jsonl", made) as log:
            for event in watch(made, chains, state=log.state):
                log.write(event)
                told.append(event)
    assert told == whole
    lines = (tmp_path / "watch.jsonl").read_text().splitlines()
    assert len(lines) == 1 + len(whole)


@pytest.mark.parametrize("lost", [1, 5, 60, 200])
def test_a_line_cut_short_by_a_stop_is_told_again(made, walk, lost, tmp_path):
    path, whole = tmp_path / "watch.jsonl", list(watch(made, walk))
    with open_log(path, made) as log:
        for event in whole:
            log.write(event)
    path.write_bytes(path.read_bytes()[:-lost])
    with open_log(path, made) as log:
        since = [chain for chain in walk if not log.state.last or chain.as_of >= pd.Timestamp(log.state.last)]
        for event in watch(made, since, state=log.state):
            log.write(event)
    assert [json.loads(line)["time"] for line in path.read_text().splitlines()[1:]] == [e.time for e in whole]


def test_a_chain_that_cannot_be_read_is_told_once_and_nothing_else_changes(made, walk):
    def broken():
        raise ChainError("half a file")

    other = replace(walk[3].chain, asset="ETH")
    older = walk[0]
    sources = [*walk[:5], broken, broken, other, older, *walk[5:]]
    events = list(watch(made, sources))
    chain = [each.kind for each in events if each.what == "chain"]
    assert chain == ["unreadable", "readable"]
    assert [each for each in events if each.what != "chain"] == list(watch(made, walk))


def test_a_gap_over_an_expiry_is_told_and_a_price_closes_it(made):
    gap = [later(CHAIN, 1.0, 0.0), later(CHAIN, LEFT + 3.0, 0.0), later(CHAIN, LEFT + 4.0, 0.0)]
    (told,) = [each for each in watch(made, gap) if each.what == "chain"]
    assert "no delivery price" in told.text
    name = expiry_name("BTC", made.legs[0].instrument.expiry)
    kinds = [each.kind for each in watch(made, gap, settled={name: CHAIN.spot})]
    assert "unreadable" not in kinds
    assert "settled" in kinds


def test_rules_watch_more_and_less(made, walk):
    rules = Rules(near=0.0, bands={"days_to_expiry": (7, None), "gain": (-50_000, None)}, ignore=("delta",))
    events = list(watch(made, walk, rules))
    assert "near" not in {each.after for each in events}
    assert "delta" not in {each.what for each in events}
    (soon,) = [each for each in events if each.what == "days_to_expiry"]
    first = next(m for m in walk if (made.legs[0].instrument.expiry - m.as_of) < pd.Timedelta(days=7))
    assert soon.time == first.as_of.isoformat()
    gains = [audit(made, m, restore=False).gain for m in walk if m.as_of < made.legs[0].instrument.expiry]
    assert ("gain" in {e.what for e in events if e.kind == "broken"}) == (min(gains) < -50_000)


def test_the_floor_holds_from_today_on_and_from_the_plan_on_where_that_is_asked_for(made, walk):
    """By the audit of each chain: its worst case alone, and with the gain so far."""
    reports = [audit(made, chain, restore=False) for chain in walk[:25]]
    floors = [next(c.value for c in each.checks if c.limit.kind == "floor") for each in reports]
    since = [floor + each.gain / made.base for floor, each in zip(floors, reports, strict=True)]
    assert max(since) - min(since) < max(floors) - min(
        floors
    )  # what was lost on the way is in it, not beside it
    for low in (min(since) - 1e-4, max(since) + 1e-4):
        rules = Rules(near=0.0, bands={"worst_since_plan": (low, None)})
        broken = [value < low - 1e-9 for value in since]
        expected = [
            (chain.as_of.isoformat(), "broken" if now else "mended")
            for chain, before, now in zip(walk, [False, *broken], broken, strict=False)
            if now != before
        ]
        events = [e for e in watch(made, walk[:25], rules) if e.what == "worst_since_plan"]
        assert [(e.time, e.kind) for e in events] == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("near = 2", "near must be a share"),
        ("close = 0.1", "has close; rules have near"),
        ("[bands.profit]\nlow = 1", "a band must be of gain"),
        ("[bands.gain]\nleast = 1", "takes numbers low and high; got least"),
        ("[bands.gain]\nlow = 2\nhigh = 1", "ascending"),
        ("bands = 3", "must be tables"),
        ("near =", "is not TOML"),
        ("near = " + "[" * 50_000 + "]" * 50_000, "nested too deep"),
        ("near = 0x" + "f" * 5_000, "more than 308 digits"),
    ],
)
def test_rules_that_break_theirs_are_named(tmp_path, text, message):
    (tmp_path / "rules.toml").write_text(text)
    with pytest.raises(InputError, match=message):
        read_rules(tmp_path / "rules.toml")


def test_rules_of_a_limit_that_the_plan_does_not_hold_are_refused(made, walk):
    with pytest.raises(InputError, match="the rules name gamma, which the plan does not hold"):
        list(watch(made, walk, Rules(ignore=("gamma",))))


def test_the_file_of_a_watch_is_of_one_plan_and_one_watch(made, tmp_path):
    path = tmp_path / "watch.jsonl"
    other = plan(BOOK, CHAIN, Target(delta=(8, 9)), effort=FAST)
    with (
        open_log(path, made),
        pytest.raises(InputError, match="is open in another watch"),
        open_log(path, made),
    ):
        pass
    with pytest.raises(InputError, match="of another plan"), open_log(path, other):
        pass
    path.write_text('{"no": 1}\n')
    with pytest.raises(InputError, match="no file of a watch"), open_log(path, made):
        pass
    with pytest.raises(InputError, match="cannot be written"), open_log(tmp_path / "no" / "file", made):
        pass


def test_a_full_disk_is_an_error_that_says_so_and_the_watch_goes_on_later(made, walk, tmp_path, monkeypatch):
    path, whole = tmp_path / "watch.jsonl", list(watch(made, walk))
    sync, count = os.fsync, 0

    def full(handle: int) -> None:
        nonlocal count
        count += 1
        if count == 4:
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(handle)

    with open_log(path, made) as log:
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(InputError, match="cannot be written: No space left"):
            list(map(log.write, whole))
    monkeypatch.undo()
    with open_log(path, made) as log:
        since = [chain for chain in walk if chain.as_of >= pd.Timestamp(log.state.last)]
        for event in watch(made, since, state=log.state):
            log.write(event)
    assert [json.loads(line)["time"] for line in path.read_text().splitlines()[1:]] == [e.time for e in whole]
    with pytest.raises(InputError, match="must be a file"), open_log(tmp_path, made):
        pass


def test_a_level_is_where_the_audit_says_so(made):
    """Just this side of it every limit holds that holds now; just beyond, this one is broken."""
    now = later(CHAIN, 0.5, 0.0)
    found = {each.limit: each for each in levels_of(made, now)}
    assert found["delta"].spot_below is not None
    assert found["delta"].spot_above is not None
    for name in ("spot_below", "spot_above"):
        level = getattr(found["delta"], name)
        side = -1 if name == "spot_below" else 1
        for share, ok in ((-1e-3, True), (1e-3, False)):
            fall = 1.0 - (level * (1.0 + side * share)) / now.spot
            checks = {str(c.limit): c.ok for c in audit(made, _sticky(now, fall), restore=False).checks}
            assert checks["delta"] is ok


def _sticky(chain, fall: float) -> Market:
    """The market after a fall at which each moneyness keeps its vol, by the library's own moved surface."""
    market = Market.of(chain)
    smile = market.smile.move(-fall, "sticky_moneyness")
    # Each listed contract keeps what its vol is of the surface's.
    q = chain.quotes
    time, strike, forward = (q[name].to_numpy() for name in ("time_to_expiry", "strike", "forward"))
    ratio = smile.vol_at(np.log(strike / (forward * (1 - fall))), time) / market.smile.vol_at(
        np.log(strike / forward), time
    )
    quotes = q.assign(forward=forward * (1 - fall), mark_vol=q["mark_vol"] * ratio)
    return Market.of(replace(chain, spot=chain.spot * (1 - fall), quotes=quotes), smile=smile)


def test_a_watch_by_hand_is_the_same(made, walk):
    watched, state, told = Watch(made), State(), []
    for chain in walk:
        events, state = watched.step(chain, state)
        told += events
    assert told == list(watch(made, walk))


@pytest.mark.slow  # audits each of 153 recorded days twice
@pytest.mark.parametrize(
    "file", ["deribit_btc_daily_20251230_20260531.parquet", "deribit_crash_6h_20260129_20260208.parquet"]
)
def test_recorded_days_are_told_as_an_audit_of_each_finds_them(shared_data, file):
    tape = read_tape(shared_data / "chains" / file, asset="BTC")
    found = plan(
        BOOK,
        tape.shared_chain(0),
        Target(delta=(8, 16), vega=(0, None), floor=-0.2),
        Limits(expiries=(20, 60), max_legs=2),
        horizon=20,
        effort=FAST,
    )
    chains = _markets([tape.shared_chain(number) for number in range(len(tape))])
    expected = brute_force(found, chains)
    assert expected
    assert breaches(watch(found, chains)) == expected


def _markets(chains) -> list[Market]:
    """Every tenth chain's own surface and those of the days between: listed contracts have their own vols anyway."""
    found = []
    for number, chain in enumerate(chains):
        if number % 10 == 0:
            fitted = Market.of(chain).smile
        ratio = chain.spot / fitted.spot
        smile = replace(fitted, as_of=chain.as_of, spot=chain.spot, forwards=fitted.forwards * ratio)
        found.append(Market.of(chain, smile=smile))
    return found


@pytest.mark.parametrize("zone", ["Europe/Rome", "America/New_York", "Australia/Lord_Howe"])
def test_neither_the_clock_of_the_machine_nor_its_summer_time_changes_a_watch(made, walk, zone, monkeypatch):
    """Times are the chains' own: shown in another zone they are the same, whatever the machine says it is."""
    whole = list(watch(made, walk))
    jumps = itertools.cycle([0.0, 4e9, 1e9])
    monkeypatch.setattr(time, "time", lambda: next(jumps))
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        local = [
            Market.of(replace(each.chain, as_of=each.as_of.tz_convert(zone)), smile=each.smile)
            for each in walk
        ]
        assert list(watch(made, local)) == whole
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_chain_that_jumps_ahead_over_an_expiry_is_told_and_the_watch_goes_on(made, walk):
    """An exchange's clock that is days ahead for one reply: nothing held is settled at a price of the future."""
    ahead = Market.of(replace(walk[3].chain, as_of=walk[3].as_of + pd.Timedelta(days=400)))
    events = list(watch(made, [*walk[:3], ahead, *walk[3:]]))
    assert [e.kind for e in events if e.what == "chain"] == ["unreadable", "readable"]
    assert [e for e in events if e.what != "chain"] == list(watch(made, walk))


def test_a_delivery_price_of_what_is_not_held_is_refused_before_any_chain(made):
    with pytest.raises(InputError, match="BTC-1JAN30 is given, but nothing held expires then"):
        next(iter(watch(made, [], settled={"BTC-1JAN30": 60_000.0})), None)
