"""A plan that an account lives through: by its own rules, along paths and at nodes, and the top-up instead."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from cases.markets import flat_market, option
from cases.planner import programme_for
from numpy.testing import assert_allclose

from hedging import margin
from hedging.book import Book, DeclaredAccount, Holding
from hedging.errors import InputError
from hedging.market.contracts import Option
from hedging.market.market import Market
from hedging.paths.crash import crash_path
from hedging.paths.paths import Paths, grid
from hedging.planner import (
    Effort,
    InfeasibleHedgeError,
    Limits,
    Outright,
    Survive,
    Target,
    plan,
    read_plan,
)
from hedging.planner.candidates.orders import leg_of
from hedging.planner.request.finer import finer_levels

SPOT = 64_000.0
STRIKES = (45e3, 50e3, 55e3, 60e3, 64e3, 70e3, 80e3)
BTC = flat_market(spot=SPOT, strikes=STRIKES, days=(10.0, 45.0), half_spread=0.01)
CRASH = crash_path(-0.02, -0.004, 21.0)
QUIET = Effort(alternatives=False, time_limit=60.0)
WIDE = {"deltas": (0.0, 1.0), "expiries": (0.0, None)}
FLOOR = Target(floor=-0.25)


def levered(model: str, *, coins: float = 5.0, size: float = 10.0) -> Book:
    account = DeclaredAccount("deribit", model)
    held = [Holding.spot("BTC", coins), Holding.perpetual("BTC", size, SPOT)]
    return Book([item.in_account("deribit") for item in held], accounts=[account])


def test_the_floor_kills_under_standard_margin_and_saves_under_portfolio_margin() -> None:
    for model, lives in (("standard", False), ("portfolio", True)):
        found = plan(levered(model), BTC, FLOOR, Limits(**WIDE), effort=QUIET)
        assert margin.survive(levered(model), BTC, CRASH, overlay=found).survives.all() == lives
    late = Limits(survive=CRASH, expiries=(22.0, None))  # what has not expired counts for nothing there
    with pytest.raises(InfeasibleHedgeError, match=r"survive deribit.*top-up of deribit"):
        plan(levered("standard"), BTC, FLOOR, late, effort=QUIET)


@pytest.mark.parametrize("model", ["standard", "portfolio"])
@pytest.mark.parametrize("survive", [CRASH, (-0.4, 0.3)], ids=["a fall", "moves"])
def test_what_is_planned_lives_by_the_rules_themselves(
    model: str, survive: Paths | tuple[float, float]
) -> None:
    book = levered(model)
    limits = Limits(survive=survive, outright=(Outright("perpetual"),), **WIDE)  # type: ignore[arg-type]
    found = plan(book, BTC, Target(delta=(4.0, 16.0)), limits, effort=QUIET)
    assert found.legs
    (stands,) = found.survivals
    (check,) = (each for each in found.checks if each.limit.kind == "survive")
    assert check.ok
    assert stands.before.dies is not None
    assert stands.after.dies is None
    falls = CRASH if isinstance(survive, Paths) else Survive(moves=survive).ways(_nodes(), ["BTC"])[0]["BTC"]
    assert margin.survive(book, BTC, falls, overlay=found).survives.all()
    assert not margin.survive(book, BTC, falls).survives.all()


def _nodes() -> Paths:
    from hedging.planner.request.default_scenarios import default_scenarios

    return default_scenarios(30.0, {}, (), to_zero=True)


def test_the_top_up_is_what_it_takes() -> None:
    book = levered("standard")
    limits = Limits(survive=CRASH, outright=(Outright("perpetual"),), **WIDE)
    (stands,) = plan(book, BTC, Target(delta=(0.0, 16.0)), limits, effort=QUIET).survivals
    assert stands.top_up_before is not None
    unpaid = replace(CRASH, funding_shift=None)  # a long receives in a fall, and that keeps nobody alive
    for share, lives in ((1.001, True), (0.999, False)):
        topped = levered("standard", coins=5.0 + share * stands.top_up_before)
        assert margin.survive(topped, BTC, unpaid).survives.all() == lives
    assert_allclose(stands.before.dies, margin.survive(book, BTC, unpaid).first()[0][0])


@pytest.mark.parametrize("model", ["standard", "portfolio"])
def test_rows_never_promise_more_than_the_rules_keep(model: str) -> None:
    short = Holding(option(BTC, "c", 70e3, 45.0), -4.0)
    book = levered(model)
    book = Book([*book.holdings, short.in_account("deribit")], accounts=book.accounts)
    unpaid = replace(CRASH, funding_shift=None)
    limits = Limits(survive=Survive([unpaid], (-0.5, 0.5)), outright=(Outright("perpetual"),), **WIDE)
    whole = programme_for(book, [BTC], Target(delta=(0.0, 20.0)), limits)
    rows = [each for each in whole.lazy if each.limit.kind == "survive"]
    ways = limits.survive.ways(_scenarios(book, limits), ["BTC"])  # type: ignore[union-attr]
    draw, exact = np.random.default_rng(5), 0
    for _ in range(10 if model == "standard" else 4):
        lots = np.zeros(len(whole.candidates))
        some = draw.choice(lots.size, 3, replace=False)
        lots[some] = np.ceil(draw.uniform(0.1, 0.8, 3) * whole.candidates.most[some])
        legs = [leg_of(whole.candidates, int(i), lots[i], {"BTC": BTC}, limits) for i in some]
        for each, paths in zip(rows, ways, strict=True):
            room = -each.over(lots)
            at = draw.choice(len(each), 20)
            assert_allclose(each.held[at] - each.by_row(at) @ lots, room[at], rtol=1e-9, atol=1e-6)
            kept = margin.survive_accounts(book, BTC, paths, legs)["deribit"]
            true = kept.headroom * SPOT * paths["BTC"].spot
            promised = room.reshape(-1, *true.shape).min(axis=0)
            assert (promised <= true + 1e-6 * SPOT).all()
            names = {leg.instrument.symbol for leg in legs}
            plain = len(names) == len(legs) and short.instrument.symbol not in names
            if model == "standard" and plain and all(isinstance(leg.instrument, Option) for leg in legs):
                exact += 1
                assert_allclose(promised, true, atol=1e-6 * SPOT)
    assert exact > 3 or model == "portfolio"


@pytest.mark.parametrize("kind", ["perpetual", "future"])
@pytest.mark.parametrize("model", ["standard", "portfolio", "cross-standard", "flat"])
@pytest.mark.parametrize("held", [10.0, -10.0])
def test_what_nets_with_a_contract_held_is_counted_as_what_is_left(
    model: str, kind: str, held: float
) -> None:
    """An order against a perpetual or future that is held, and beyond it: by the rules, |held + ordered| alone."""
    numbers = {"flat": {"initial": 0.1, "maintenance": 0.05}, "portfolio": {}}.get(model, {"per_unit": 0.0})
    account = DeclaredAccount("deribit", model, haircuts={"BTC": 0.0}, parameters=numbers)
    expiry = BTC.chain.quotes["expiry"].max()
    leg = (
        Holding.perpetual("BTC", held, SPOT)
        if kind == "perpetual"
        else Holding.future("BTC", expiry, held, SPOT)
    )
    book = Book([each.in_account("deribit") for each in (Holding.spot("BTC", 5.0), leg)], accounts=[account])
    swing = Paths(np.array([10.0, 50.0]), np.array([[0.6, 0.9], [1.2, 1.5]]), np.zeros((2, 2)), ("a", "b"))
    limits = Limits(survive=Survive([swing]), outright=(Outright(kind),), **WIDE)  # type: ignore[arg-type]
    whole = programme_for(book, [BTC], Target(delta=(-30.0, 30.0)), limits)
    (rows,) = (each for each in whole.lazy if each.limit.kind == "survive")
    mine = [i for i, item in enumerate(whole.candidates.instruments) if item == leg.instrument]
    assert len(mine) == 2
    for i in mine:
        for coins in (4.0, 10.0, 13.0):
            lots = np.zeros(len(whole.candidates))
            lots[i] = round(coins / abs(float(whole.candidates.size[i])))
            promised = (-rows.over(lots)).reshape(-1, *swing.spot.shape).min(axis=0)
            order = leg_of(whole.candidates, i, lots[i], {"BTC": BTC}, limits)
            true = margin.survive_accounts(book, BTC, swing, [order])["deribit"].headroom
            true = true * (SPOT * swing.spot if model in ("standard", "portfolio") else 1.0)
            assert (promised <= true + 1e-6 * SPOT).all()
            # Portfolio margin sets a future's roll shock against options that expire with it: not counted on both sides.
            if (model, kind) != ("portfolio", "future"):
                assert_allclose(promised, true, atol=1e-6 * SPOT)


def test_a_rate_that_rises_with_size_is_never_too_little() -> None:
    book = levered("standard")
    swing = Paths(np.array([10.0]), np.array([[0.6], [1.2]]), np.zeros((2, 1)), ("a", "b"))
    limits = Limits(survive=Survive([swing]), outright=(Outright("perpetual"),), **WIDE)
    whole = programme_for(book, [BTC], Target(delta=(-30.0, 30.0)), limits)
    (rows,) = (each for each in whole.lazy if each.limit.kind == "survive")
    sold = next(
        i
        for i, item in enumerate(whole.candidates.instruments)
        if not isinstance(item, Option) and whole.candidates.size[i] < 0
    )
    most = float(whole.candidates.most[sold])
    for share in (0.1, 0.4, 0.7, 1.0):
        lots = np.zeros(len(whole.candidates))
        lots[sold] = round(share * most)
        promised = (-rows.over(lots)).reshape(-1, 2).min(axis=0)
        order = leg_of(whole.candidates, sold, lots[sold], {"BTC": BTC}, limits)
        true = margin.survive_accounts(book, BTC, swing, [order])["deribit"].headroom * SPOT * swing.spot
        assert (promised <= true[:, 0] + 1e-6 * SPOT).all()
        assert (promised >= true[:, 0] - 0.002 * 10.0 * SPOT).all()  # it was 2 % of what is closed
    assert_allclose(promised, true[:, 0], atol=1e-6 * SPOT)


def test_all_nodes_are_those_where_coins_keep_an_account_and_are_named() -> None:
    book = levered("standard")
    ways = Survive().ways(_nodes(), ["BTC"])[0]["BTC"]
    assert_allclose(ways.spot.min(), 0.1)
    found = plan(
        book, BTC, FLOOR, Limits(survive=True, outright=(Outright("perpetual"),), **WIDE), effort=QUIET
    )
    (stands,) = found.survivals
    assert stands.after.dies is None
    assert stands.reach == (float(ways.spot.min()) - 1.0, float(ways.spot.max()) - 1.0)
    assert "of spot from -90 % to +200 %" in " ".join(str(found).split())
    assert margin.survive(book, BTC, ways, overlay=found).survives.all()
    low = grid([-0.99], [0.0], [0.0, 30.0])
    with pytest.raises(InputError, match=r"above 2% of today's spot"):
        Survive().ways(low, ["BTC"])


def test_where_no_plan_lives_through_all_it_is_said_how_far_one_does() -> None:
    """The moves that are told have a plan, and those to the next node below have none."""
    book, limits = levered("standard"), Limits(survive=True, expiries=(40.0, None))
    with pytest.raises(InfeasibleHedgeError, match="keeps them alive from spot") as caught:
        plan(book, BTC, Target(), limits, effort=QUIET)
    told = re.search(r"from spot (-[\d.]+) % to \+200 %", str(caught.value))
    assert told is not None
    low = float(told[1]) / 100.0
    within, beyond = (replace(limits, survive=(each, 2.0)) for each in (low, low - 0.05))
    assert plan(book, BTC, Target(), within, effort=QUIET).survivals[0].after.dies is None
    with pytest.raises(InfeasibleHedgeError):
        plan(book, BTC, Target(), beyond, effort=QUIET)


def _scenarios(book: Book, limits: Limits) -> Paths:
    from hedging.planner.request.request import Request

    return Request.of(book, BTC, Target(delta=(0.0, 20.0)), limits).scenarios


def test_what_lies_between_the_nodes_is_looked_at_and_said() -> None:
    """A straddle held is worth least at its strike, which the path passes between two dates."""
    account = DeclaredAccount("deribit", "cross-portfolio", haircuts={"BTC": 0.0})
    held = [Holding(option(BTC, flag, 64e3, 45.0), 8.0) for flag in "cp"]
    book = Book(
        [each.in_account("deribit") for each in (Holding.spot("BTC", 1.0), *held)], accounts=[account]
    )
    days, levels = np.array([0.0, 10.0, 20.0]), np.array([1.0, 0.7, 1.4])
    swing = Paths(days[1:], levels[None, 1:], np.zeros((1, 2)), ("a swing",))
    limits = Limits(survive=swing, close=False, **WIDE)
    found = plan(book, BTC, Target(), limits, effort=QUIET)
    (stands,) = found.survivals
    fine = np.linspace(0.0, 20.0, 401)
    walked = Paths(fine, np.exp(np.interp(fine, days, np.log(levels)))[None], np.zeros((1, 401)), ("",))
    kept = margin.survive_accounts(book, BTC, walked)["deribit"]
    by_hand = float(kept.headroom.min()) / found.base
    assert not found.legs
    assert stands.between is not None
    assert by_hand - 1e-9 <= stands.between.share <= by_hand + 0.01 < stands.after.share
    assert "between the nodes, of which nothing is proven" in str(stands)


def test_levels_between_are_within_those_of_the_nodes() -> None:
    nodes = grid([-0.4, 0.3], [0.0], [0.0, 7.0])
    found = finer_levels(nodes, np.array([0.0]))
    assert_allclose([found.spot.min(), found.spot.max()], [0.6, 1.3])
    assert np.diff(np.log(np.unique(found.spot[:, 0].round(12)))).max() < 0.01
    assert found.days.tolist() == nodes.days.tolist()


def test_of_several_assets_each_move_is_named() -> None:
    eth = Market.bare("ETH", 2_000.0, BTC.as_of)
    account = DeclaredAccount("deribit", "standard")
    held = [
        *(Holding.spot("BTC", 5.0), Holding.perpetual("BTC", 5.0, SPOT)),
        *(Holding.spot("ETH", 100.0), Holding.perpetual("ETH", 100.0, 2_000.0)),
    ]
    book = Book([each.in_account("deribit") for each in held], accounts=[account])
    fall = {
        "BTC": Paths(np.array([5.0]), np.array([[0.9]]), np.zeros((1, 1)), ("a fall",)),
        "ETH": Paths(np.array([5.0]), np.array([[0.8]]), np.zeros((1, 1)), ("a fall",)),
    }
    found = plan(book, [BTC, eth], Target(), Limits(survive=fall, **WIDE), effort=QUIET)
    assert {each.after.scenario for each in found.survivals} == {"a fall (BTC -10 %, ETH -20 %)"}


def test_the_plan_keeps_it_in_its_file(tmp_path) -> None:
    limits = Limits(survive=Survive(CRASH, model="portfolio", spare=0.01), **WIDE)
    found = plan(levered("standard"), BTC, FLOOR, limits, effort=QUIET)
    found.to_json(tmp_path / "plan.json")
    read = read_plan(tmp_path / "plan.json")
    assert read.survivals == found.survivals
    assert read.inputs["limits"]["survive"]["spare"] == 0.01
    assert "  survival" in repr(read).partition("  buy")[0]
    again = Survive.from_dict(read.inputs["limits"]["survive"])
    assert again.to_dict() == limits.survive.to_dict()  # type: ignore[union-attr]


@pytest.mark.parametrize("wrong", [0.3, (-1.5, 0.2), (0.4, -0.2), "crash", Survive, [1.0, 2.0, 3.0]])
def test_what_is_no_survival_is_refused(wrong: object) -> None:
    with pytest.raises(InputError, match="survive"):
        Limits(survive=wrong)  # type: ignore[arg-type]


def test_paths_of_an_asset_that_is_missing_are_refused() -> None:
    with pytest.raises(InputError, match="missing for BTC"):
        plan(levered("standard"), BTC, FLOOR, Limits(survive={"ETH": CRASH}), effort=QUIET)  # type: ignore[arg-type]


def test_funding_received_keeps_no_account_alive() -> None:
    """A short perpetual that lives by its funding alone: what it is counted is nothing, and the account dies."""
    account = DeclaredAccount("deribit", "standard")
    held = [Holding.spot("BTC", 0.28), Holding.perpetual("BTC", -10.0, SPOT)]
    book = Book([item.in_account("deribit") for item in held], accounts=[account])
    rise = Paths(np.array([10.0, 20.0]), np.array([[1.0, 1.02]]), np.zeros((1, 2)), ("a rise",))
    paid = Market.of(BTC.chain, smile=BTC.smile, funding_8h=1e-3)  # 6 % of the short by day 20
    assert margin.survive_accounts(book, paid, rise)["deribit"].survives.all()
    with pytest.raises(InfeasibleHedgeError, match="survive deribit"):
        plan(
            book,
            paid,
            Target(),
            Limits(survive=rise, max_leg_share=0.01, min_leg_share=0.0, **WIDE),
            effort=QUIET,
        )
