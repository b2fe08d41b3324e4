"""The time limit is a promise for a whole call: wherever the clock runs out, there is a plan or a reason."""

from __future__ import annotations

import numpy as np
import pytest
from cases.large import LIMITS, chain_of
from cases.planner import programme_for

from hedging import samples
from hedging._ground import clock
from hedging._ground.clock import OutOfTimeError
from hedging._numerics import american
from hedging.book import Book, Holding
from hedging.greeks import american_price
from hedging.market.chain import OptionChain
from hedging.market.market import Market
from hedging.paths import grid
from hedging.planner import Effort, InfeasibleHedgeError, Limits, Outcomes, Target, frontier, plan, read_plan
from hedging.planner.request.surfaces import surfaces_of

LIMIT = 1_000.0  # seconds: what a real clock does meanwhile is nothing
TARGETS = {
    "band and floor": Target(delta=(8, 12), floor=-0.2),
    "value at risk": Target(value_at_risk=-0.25, level=0.9),
    "shortfall": Target(shortfall=-0.3),
    "robust floor": Target(floor=-0.25, robust=True),
    "impossible": Target(delta=(23, 25), floor=-0.02),
}


class _Clock:
    """A clock that stands still for so many looks, and is past every limit from then on."""

    def __init__(self, looks: int) -> None:
        self.looks, self.after = looks, 0

    def __call__(self) -> float:
        self.looks -= 1
        if self.looks >= 0:
            return 0.0
        self.after += 1
        return 1e6


@pytest.fixture(scope="module")
def outcomes():
    return Outcomes(grid(np.linspace(-0.6, 0.5, 40), (0.0,), (30.0,)))


def _answer(call, *args, **options):
    """What a call returns, or why it does not: no other error may come of the time."""
    try:
        return call(*args, effort=Effort(time_limit=LIMIT), **options), None
    except InfeasibleHedgeError as error:
        return None, error


def _saved(found, folder):
    found.to_json(folder / "plan.json")
    return folder / "plan.json"


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("looks", [3, 20, 100, 400])
def test_wherever_the_time_runs_out_there_is_a_plan_or_a_reason(name, looks, outcomes, monkeypatch, tmp_path):
    monkeypatch.setattr(clock, "now", _Clock(looks))
    target, limits = TARGETS[name], Limits(budget=0.02)
    given = {"outcomes": outcomes} if target.needs_outcomes else {}
    found, error = _answer(plan, samples.book(), samples.chain(), target, limits, **given)
    if error is not None:
        assert "no plan" in str(error)
        assert error.clashes or f"in {LIMIT:g} s" in str(error)
        found = error.closest
        assert found is None or read_plan(_saved(found, tmp_path)).legs == found.legs
        return
    assert read_plan(_saved(found, tmp_path)).legs == found.legs
    assert all(check.ok for check in found.checks)
    assert found.bound <= found.objective + 1e-9


@pytest.mark.parametrize("looks", [2, 8, 30, 150])
def test_a_frontier_whose_time_is_up_has_what_it_found(looks, monkeypatch):
    monkeypatch.setattr(clock, "now", _Clock(looks))
    target, levels = Target(delta=(5, 15)), [-0.1, -0.15, -0.2, -0.3]
    curve, error = _answer(
        frontier, samples.book(), samples.chain(), target, Limits(budget=0.03), levels=levels
    )
    if error is not None:
        assert error.closest is None
        assert "before what may be traded was known" in str(error)
        return
    found = curve.table.dropna(subset=["cost"])
    assert list(curve.table["floor"]) == levels
    assert (np.diff(found["cost"]) <= 1e-6).all()
    assert not (found["bound"] > found["cost"] + 1e-6).any()


@pytest.mark.parametrize("over", ["floor", "budget"])
def test_a_frontier_ends_in_no_other_error_at_any_look(over, monkeypatch):
    """Looks all along a small frontier are tried: what is said of a level that was found is no part of the search."""
    chain, levels = samples.chain(), [-0.25, -0.3] if over == "floor" else [0.02, 0.04]
    market = Market.of(chain)
    ticking = _Clock(10**9)
    monkeypatch.setattr(clock, "now", ticking)

    def found(looks: int):
        ticking.looks = looks
        return _answer(
            frontier, samples.book(), market, Target(delta=(5, 15), floor=-0.3), over=over, levels=levels
        )

    assert found(10**9)[1] is None
    whole = 10**9 - ticking.looks
    assert whole > 20
    for looks in np.unique(np.linspace(1, whole, 20, dtype=int)):
        curve, error = found(int(looks))
        assert (curve is None) == (error is not None)


def test_no_step_goes_on_for_long_once_the_time_is_up():
    """Looks at the clock after its end, as a share of those that the whole call takes: steps, and not seconds."""
    chain = chain_of(400)
    book, target = Book(Holding.spot(chain.asset, 1_000.0)), Target(delta=(400, 600), floor=-0.3)

    def looked(looks: int) -> tuple[int, int]:
        with pytest.MonkeyPatch.context() as patched:
            ticking = _Clock(looks)
            patched.setattr(clock, "now", ticking)
            _answer(plan, book, Market.of(chain), target, Limits(**LIMITS))
            return looks - ticking.looks - ticking.after, ticking.after

    whole, none = looked(10**9)
    assert not none
    late = [looked(int(share * whole))[1] for share in (0.02, 0.1, 0.3, 0.6)]
    assert max(late) < 0.25 * whole


def test_what_lies_inside_a_limit_ends_with_it_and_nothing_else_does():
    clock.look()
    with clock.until(clock.now() - 1.0):
        with clock.until(clock.now() + 1e6), pytest.raises(OutOfTimeError):
            clock.look()
        assert clock.over()
        assert not clock.seconds_left()
    assert not clock.over()


def test_a_surface_that_was_not_fitted_in_time_is_fitted_when_there_is_time():
    chain = chain_of(200, seed=3)
    with clock.until(clock.now() - 1.0), pytest.raises(OutOfTimeError):
        Market.of(chain)
    assert np.isfinite(Market.of(chain).vol_of_30_days)


def test_thousands_of_early_exercises_stop_with_the_clock_and_are_the_same_in_parts(monkeypatch):
    strike = np.linspace(60.0, 140.0, 41)
    options = np.tile(["c", "p"], 21)[:41], 100.0, strike, 0.5, 0.05, 0.3, 0.02
    whole = american_price(*options)
    monkeypatch.setattr(american, "LOOKED", 4)
    assert np.array_equal(american_price(*options), whole)
    ticking = _Clock(3)
    monkeypatch.setattr(clock, "now", ticking)
    with clock.until(LIMIT), pytest.raises(OutOfTimeError):
        american_price(*options)
    assert ticking.after == 1


def test_surfaces_inside_the_quotes_are_left_out_when_the_time_is_up():
    market = Market.of(chain_of(200, seed=3))
    with clock.until(clock.now() - 1.0), pytest.raises(OutOfTimeError):
        surfaces_of((market,))
    assert surfaces_of((market,))


def test_deltas_of_what_may_be_traded_are_computed_once(monkeypatch):
    asked = []
    greeks_of = OptionChain.greeks

    def counted(chain, names=()):
        asked.append(names)
        return greeks_of(chain, names)

    monkeypatch.setattr(OptionChain, "greeks", counted)
    plan(
        samples.book(),
        samples.chain(),
        Target(delta=(8, 12)),
        Limits(max_legs=1),
        effort=Effort(alternatives=False),
    )
    assert asked == [("delta",)]


def test_a_number_of_orders_without_end_is_as_many_as_there_are():
    # Each number of orders is gone through, so it ends at how many there are to trade.
    asked = Target(delta=(8, 12), floor=-0.2)
    book = Book(Holding.spot("BTC", 25.0))
    built = programme_for(book, Market.of(samples.chain()), asked, Limits(budget=0.03, max_legs=10**9))
    assert built.max_legs == len(built.candidates) + 1  # or the search below would not end
    few, many = (
        plan(
            book,
            samples.chain(),
            asked,
            Limits(budget=0.03, max_legs=legs),
            effort=Effort(alternatives=False),
        )
        for legs in (6, 10**9)
    )
    assert many.legs == few.legs
    assert many.inputs["limits"]["max_legs"] == 10**9
