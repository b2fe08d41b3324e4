"""Free lunches among the outcomes of a plan, and probabilities that have none, against other code."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases.markets import flat_market
from cases.planner import small_chain
from scipy.optimize import linprog, minimize
from scipy.special import ndtri

from hedging import read_chain, samples
from hedging._numerics.entropy import least_entropy, relative_entropy
from hedging.book.book import Book, Holding
from hedging.book.legs import option_leg
from hedging.book.pnl import pnl_of
from hedging.errors import InputError
from hedging.market.contracts import FeeRule
from hedging.market.market import Market
from hedging.paths.paths import Paths
from hedging.planner import (
    Effort,
    Limits,
    Outcomes,
    Outright,
    Target,
    audit,
    free_lunch,
    plan,
    read_plan,
    reweighted,
)
from hedging.planner.outcomes.free_lunch import never_losing
from hedging.planner.result.infeasible import InfeasibleHedgeError
from hedging.risk.tails import expected_shortfall
from hedging.scenario import draw

BOOK, CHAIN = samples.book(), samples.chain()
MARKET = Market.of(CHAIN)
WIDE = {"expiries": (0.0, None), "deltas": (0.0, 1.0), "min_leg_share": 0.0}
LADDER = [("p", 80.0, 30), ("p", 90.0, 30), ("p", 100.0, 30), ("c", 105.0, 30), ("c", 115.0, 30)]
TARGET = Target(delta=(8, 14), shortfall=-0.12)
BEYOND = Limits(expiries=(31.0, None))  # all outlive the outcomes: no lunch along a straight path


def falls(count: int, days: float = 30.0) -> Paths:
    random = np.random.default_rng(5)
    move = np.clip(0.25 * random.standard_t(4, count), -2.0, 1.5)
    shift = 0.2 * np.maximum(-move, 0.0) + 0.02 * random.standard_normal(count)
    return Paths(np.array([days]), np.exp(move)[:, None], shift[:, None], tuple(str(i) for i in range(count)))


def lognormal(vol: float, count: int = 1_000, days: float = 30.0) -> Paths:
    deviation = vol * np.sqrt(days / 365)
    move = np.exp(deviation * ndtri((np.arange(count) + 0.5) / count) - deviation**2 / 2)
    return Paths(np.array([days]), move[:, None], np.zeros((count, 1)), ("",) * count)


def gains(count: int, orders: int, seed: int, cheap: float = 0.0) -> np.ndarray:
    """What some orders make: mixtures of a few risks, less what they cost, which may be less than nothing."""
    random = np.random.default_rng(seed)
    risks = np.maximum(random.standard_normal((count, 6)), -1.0)
    mixture = random.standard_normal((6, orders))
    return risks @ mixture - random.uniform(0.1, 0.6, orders) + cheap


def gain_of(legs, paths: Paths) -> np.ndarray:
    """What some orders make by the end of each path, valued as a book of their own."""
    after = Book() + legs
    return after.values(MARKET, paths).sum(axis=2)[:, -1] + after.cash


# --- the numbers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(12))
def test_rows_as_they_are_broken_find_what_all_rows_at_once_find(seed):
    count, orders = 300, 10
    pnl, even = gains(count, orders, seed, cheap=0.4 * (seed % 6)), np.full(count, 1.0 / count)
    worth = np.random.default_rng(seed).uniform(1.0, 5.0, orders)
    shares = never_losing(pnl, worth, even)
    whole = linprog(
        -(even @ pnl) / worth,
        A_ub=np.vstack((np.ones(orders), -pnl / worth)),
        b_ub=np.append(1.0, np.zeros(count)),
    )
    if -whole.fun <= 1e-5:
        assert shares is None
    else:
        made = (pnl / worth) @ shares
        assert made.min() >= -1e-6
        assert even @ made == pytest.approx(-whole.fun, rel=1e-6)


def test_both_kinds_are_among_them():
    even = np.full(300, 1.0 / 300)
    found = [never_losing(gains(300, 10, n, cheap=0.4 * (n % 6)), np.ones(10), even) for n in range(12)]
    assert 3 <= sum(each is None for each in found) <= 9  # or the test above says little


@pytest.mark.parametrize("seed", range(8))
def test_the_least_entropy_is_that_of_a_direct_minimisation(seed):
    """The probabilities themselves as unknowns, one constraint an order."""
    count, random = 40, np.random.default_rng(seed)
    pnl, worth = gains(count, 6, seed), random.uniform(1.0, 3.0, 6)
    prior = random.uniform(0.5, 1.5, count)
    prior /= prior.sum()
    weights = least_entropy(pnl, worth, prior)
    direct = minimize(
        lambda q: q @ np.log(q / prior),
        prior,
        jac=lambda q: np.log(q / prior) + 1.0,
        bounds=[(1e-12, 1.0)] * count,
        constraints=[
            {"type": "eq", "fun": lambda q: q.sum() - 1.0, "jac": np.ones_like},
            {"type": "ineq", "fun": lambda q: -(q @ pnl), "jac": lambda _: -pnl.T},
        ],
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 1_000},
    )
    assert direct.success
    assert relative_entropy(weights, prior) == pytest.approx(direct.fun, rel=1e-6, abs=1e-9)
    np.testing.assert_allclose(weights, direct.x, atol=1e-5)


@pytest.mark.parametrize("seed", range(8))
def test_the_weights_are_exponential_in_orders_that_gain_nothing(seed):
    """Karush, Kuhn and Tucker: ln(q / p) is a constant less a sum of gains, of orders that just break even."""
    pnl, worth, prior = gains(500, 8, seed), np.ones(8), np.full(500, 1 / 500)
    weights = least_entropy(pnl, worth, prior)
    assert weights.sum() == pytest.approx(1.0, abs=1e-12)
    assert (weights @ pnl).max() <= 0.0
    even = np.abs(weights @ pnl) < 1e-8
    design = np.column_stack((np.ones(500), -pnl[:, even]))
    solution, *_ = np.linalg.lstsq(design, np.log(weights / prior), rcond=None)
    np.testing.assert_allclose(design @ solution, np.log(weights / prior), atol=1e-9)
    assert (solution[1:] >= -1e-9).all()


@pytest.mark.parametrize("seed", range(10))
def test_there_are_such_weights_where_a_linear_programme_finds_some(seed):
    pnl, count = gains(60, 10, seed, cheap=0.4 * (seed % 5)), 60
    feasible = linprog(
        np.zeros(count), A_ub=pnl.T, b_ub=np.full(10, -1e-6), A_eq=np.ones((1, count)), b_eq=[1.0]
    )
    found = least_entropy(pnl, np.ones(10), np.full(count, 1.0 / count))
    assert (found is not None) == (feasible.status == 0)


def test_weights_that_leave_no_gain_are_kept_to_the_bit():
    pnl = gains(200, 5, 1) - 5.0
    prior = np.full(200, 1 / 200)
    assert least_entropy(pnl, np.ones(5), prior) is prior


def test_two_orders_that_are_one_share_its_multiplier():
    pnl, prior = gains(300, 4, 3), np.full(300, 1 / 300)
    doubled = np.hstack((pnl, pnl, 2.0 * pnl))
    once = least_entropy(pnl, np.ones(4), prior)
    thrice = least_entropy(doubled, np.repeat([1.0, 1.0, 2.0], 4), prior)
    np.testing.assert_allclose(thrice, once, rtol=1e-6)


# --- in a plan --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def with_lunch():
    return plan(BOOK, CHAIN, TARGET, outcomes=falls(800), effort=Effort(alternatives=False))


@pytest.fixture(scope="module")
def without_lunch():
    return plan(BOOK, CHAIN, TARGET, BEYOND, outcomes=falls(800), effort=Effort(alternatives=False))


@pytest.fixture(scope="module")
def moved():
    return plan(
        BOOK,
        CHAIN,
        TARGET,
        BEYOND,
        outcomes=Outcomes(falls(800), reweight=True),
        effort=Effort(alternatives=False),
    )


def test_the_orders_of_a_lunch_lose_in_no_outcome(with_lunch):
    lunch, outcomes = with_lunch.agreement.lunch, falls(800)
    made, size = gain_of(lunch.legs, outcomes), sum(abs(leg.units) * leg.spot for leg in lunch.legs)
    assert size <= with_lunch.base * (1 + 1e-9)
    assert made.min() >= -1e-6 * size
    # A mark beyond the quote is no gain to the programme, so that it promises no more than comes.
    assert made.mean() >= lunch.gain * (1 - 1e-9) > 0
    assert lunch.share == pytest.approx(lunch.gain / size)


def test_a_lunch_is_a_remark_with_its_orders_and_the_way_out(with_lunch):
    (remark,) = (each for each in with_lunch.remarks if "disagree" in each)
    largest = max(with_lunch.agreement.lunch.legs, key=lambda leg: abs(leg.units))
    assert largest.instrument.symbol in remark
    assert "none of 800" in remark
    assert "Limits(expiries=...)" in remark
    assert "a free lunch among them" in repr(with_lunch)


def test_no_lunch_is_no_remark(without_lunch):
    assert without_lunch.agreement.lunch is None
    assert not any("disagree" in remark for remark in without_lunch.remarks)
    assert "800, no free lunch" in repr(without_lunch)


def test_the_same_code_stands_alone(with_lunch, without_lunch, moved):
    loose = replace(BEYOND, min_leg_share=0.0)
    assert free_lunch(CHAIN, falls(800), size=25.0) is not None
    assert free_lunch(CHAIN, falls(800), loose, size=25.0) is None
    alone = reweighted(CHAIN, falls(800), loose)
    for found in (without_lunch.agreement, moved.agreement):
        assert alone.entropy == pytest.approx(found.entropy, rel=1e-9)
        assert alone.effective == pytest.approx(found.effective, rel=1e-9)


def test_the_largest_gain_is_that_of_one_order_valued_by_itself(without_lunch):
    """Every order on its own, as a book that is valued along the paths."""
    best = max(float(gain_of([leg], falls(800)).mean() / leg.spot) for leg in every_order(BEYOND))
    assert without_lunch.agreement.gain == pytest.approx(best, rel=1e-9)


def test_after_reweighting_no_order_gains_whoever_values_it():
    found = reweighted(CHAIN, falls(800), BEYOND)
    weights = found.outcomes.probabilities
    made = [float(weights @ gain_of([leg], falls(800)) / leg.spot) for leg in every_order(BEYOND)]
    assert max(made) <= 1e-12
    assert max(made) == pytest.approx(found.worst, abs=1e-12)
    assert min(weights) > 0.0


def every_order(limits: Limits):
    """One unit of each option that some limits allow, bought at the ask and sold at the bid."""
    quotes = CHAIN.select(days=(limits.expiries[0], np.inf), delta=limits.deltas).quotes
    for row in quotes.itertuples():
        for side, price in ((1.0, row.ask), (-1.0, row.bid)):
            if price > 0:
                yield option_leg(CHAIN, row.symbol, side)


def test_a_reweighted_plan_keeps_its_limit_under_the_new_probabilities(moved, without_lunch):
    weights = reweighted(CHAIN, falls(800), replace(BEYOND, min_leg_share=0.0)).outcomes.probabilities
    (check,) = (each for each in moved.checks if str(each.limit) == "shortfall")
    after = BOOK + moved
    pnl = pnl_of(after, (MARKET,), falls(800))[:, -1] + after.value(MARKET) - BOOK.value(MARKET)
    assert check.value == pytest.approx(-expected_shortfall(pnl, 0.95, weights) / moved.base, rel=1e-6)
    assert moved.agreement.reweighted
    assert moved.inputs["reweighted"]
    assert not without_lunch.agreement.reweighted
    assert not without_lunch.inputs["reweighted"]
    assert [leg.instrument for leg in moved.legs] != [leg.instrument for leg in without_lunch.legs]
    assert moved.id != without_lunch.id


def test_outcomes_that_fit_the_quotes_are_left_as_they_are():
    chain = small_chain(LADDER, spreads=[0.3] * len(LADDER))
    book, target = Book([Holding.spot("BTC", 100.0)]), Target(shortfall=-0.9)
    for reweight in (False, True):
        outcomes = Outcomes(lognormal(0.6), reweight=reweight)
        found = plan(book, chain, target, Limits(**WIDE), outcomes=outcomes)
        assert found.agreement.gain <= 0.0
        assert found.agreement.entropy == 0.0
        assert found.agreement.effective == pytest.approx(1_000)
        assert "fit the quotes" in repr(found)


def test_probabilities_of_zero_prove_nothing():
    """Orders that only lose where nothing can happen never lose."""
    paths, chain = lognormal(0.6, 400), small_chain([("p", 95.0, 30)])
    assert free_lunch(chain, paths, Limits(**WIDE), size=10.0) is None
    rising = np.where(paths.spot[:, 0] >= 0.95, 1.0, 0.0)
    lunch = free_lunch(chain, Outcomes(paths, rising), Limits(**WIDE), size=10.0)
    assert [leg.side for leg in lunch.legs] == ["sell"]
    wild = Outcomes(lognormal(0.9, 400), np.where(np.arange(400) % 2, 1.0, 0.0))
    weights = reweighted(chain, wild, Limits(**WIDE)).outcomes.probabilities
    assert (weights[::2] == 0.0).all()
    assert (weights[1::2] > 0.0).all()


@pytest.mark.parametrize("target", [{"value_at_risk": -0.2}, {"minimise": "shortfall"}])
def test_every_target_over_outcomes_is_held_against_the_quotes(target):
    found = plan(
        BOOK,
        CHAIN,
        Target(delta=(6, 16), **target),
        replace(BEYOND, cost=0.01, max_legs=2),
        outcomes=Outcomes(falls(150), reweight=True),
        effort=Effort(alternatives=False, time_limit=60.0),
    )
    assert found.agreement.entropy > 0.0
    assert found.agreement.gain_left <= 0.0


def test_orders_of_the_underlying_are_orders_too():
    """Outcomes that rise on average are a gain to whoever may buy spot."""
    rising = replace(lognormal(0.6), spot=lognormal(0.6).spot * 1.05)
    book, chain = Book([Holding.spot("BTC", 100.0)]), small_chain(LADDER, spreads=[0.3] * len(LADDER))
    target, limits = Target(shortfall=-0.5), Limits(**WIDE, outright=(Outright("spot"),))
    found = plan(
        book,
        chain,
        target,
        limits,
        outcomes=Outcomes(rising, reweight=True),
        effort=Effort(alternatives=False),
    )
    assert found.agreement.gain == pytest.approx(rising.spot.mean() - 1.0 - 0.0006, rel=0.01)
    assert found.agreement.gain_left <= 0.0


def test_coins_are_counted_where_the_book_counts_them():
    """In coin a gain is the money it is there over the spot there: other weights, by the same rule."""
    book = Book(BOOK.holdings, cash=BOOK.cash, numeraire="BTC")
    loose = replace(BEYOND, max_legs=1)
    found = plan(
        book, CHAIN, Target(shortfall=-0.5), loose, outcomes=falls(800), effort=Effort(alternatives=False)
    )
    spot = falls(800).spot[:, -1]
    best = max(float((gain_of([leg], falls(800)) / spot).mean() / leg.spot) for leg in every_order(BEYOND))
    assert found.agreement.gain == pytest.approx(best, rel=1e-9)


def test_a_lunch_of_two_assets_is_a_share_of_both():
    other = small_chain([("p", 95.0, 60), ("c", 105.0, 60)], asset="ETH")
    assert other.spot != CHAIN.spot
    other = replace(other, as_of=CHAIN.as_of)
    lunch = free_lunch([CHAIN, other], {"BTC": falls(800), "ETH": falls(800)}, size=25.0)
    size = sum(abs(leg.units) * leg.spot for leg in lunch.legs)
    assert size <= 25.0 * CHAIN.spot * (1 + 1e-9)
    assert lunch.share == pytest.approx(lunch.gain / size)


@pytest.mark.parametrize("file", ["20260206T043012Z", "20260511T121945Z"])
def test_a_lunch_of_a_recorded_chain_is_one(file, shared_data):
    """Straight paths of a month, and every option from a week on: what expires on the way is one lunch more."""
    market = Market.of(read_chain(shared_data / f"chains/deribit_full_{file}.csv.gz", asset="BTC"))
    lunch = free_lunch(market, falls(2_000), size=25.0)
    after = Book() + lunch.legs
    made = after.values(market, falls(2_000)).sum(axis=2)[:, -1] + after.cash
    assert made.min() >= -1e-6 * 25.0 * market.spot
    assert made.mean() >= lunch.gain * (1 - 1e-9) > 0.0


def test_a_plan_remembers_how_its_outcomes_agree(tmp_path, with_lunch, moved):
    for found in (with_lunch, moved):
        found.to_json(tmp_path / "plan.json")
        again = read_plan(tmp_path / "plan.json")
        assert again.agreement.to_dict() == found.agreement.to_dict()
        assert repr(again) == repr(found)
        assert {"gain", "largest_gain", "entropy", "effective"} <= set(found.to_dict()["units"])


def test_a_plan_without_outcomes_has_nothing_to_agree(tmp_path):
    found = plan(BOOK, CHAIN, Target(delta=(8, 12)), effort=Effort(alternatives=False))
    assert found.agreement is None
    found.to_json(tmp_path / "plan.json")
    assert read_plan(tmp_path / "plan.json").agreement is None
    assert "outcomes" not in repr(found)


def test_an_audit_moves_the_probabilities_again(moved, without_lunch):
    def held(saved):
        report = audit(saved, CHAIN, outcomes=falls(800), effort=Effort(time_limit=30.0))
        return next(check.value for check in report.checks if str(check.limit) == "shortfall")

    def planned(saved):
        return next(check.value for check in saved.checks if str(check.limit) == "shortfall")

    assert held(moved) == pytest.approx(planned(moved), abs=0.005)
    assert held(without_lunch) == pytest.approx(planned(without_lunch), abs=0.005)
    assert abs(planned(moved) - planned(without_lunch)) > 0.02


def test_a_closest_plan_says_it_too():
    with pytest.raises(InfeasibleHedgeError) as caught:
        plan(
            BOOK,
            CHAIN,
            Target(delta=(24, 25), shortfall=-0.01),
            Limits(budget=0.0),
            outcomes=falls(400),
            effort=Effort(time_limit=30.0),
        )
    assert caught.value.closest.agreement.lunch is not None


def test_no_probabilities_are_found_where_there_are_none(with_lunch):
    with pytest.raises(InputError, match="no probabilities on these 800 outcomes fit") as caught:
        plan(BOOK, CHAIN, TARGET, outcomes=Outcomes(falls(800), reweight=True))
    assert with_lunch.agreement.lunch.legs[0].instrument.symbol in str(caught.value)


def test_what_is_lost_in_an_outcome_of_no_probability_counts_for_nothing():
    pnl, worth = np.array([[-1e6], [0.2], [-0.05]]), np.ones(1)
    prior = np.array([0.0, 0.5, 0.5])
    found = least_entropy(pnl, worth, prior)
    assert found == pytest.approx([0.0, 0.2, 0.8], abs=1e-7)
    assert least_entropy(pnl[:2], worth, np.array([0.0, 1.0])) is None


@pytest.mark.parametrize("seed", [0, 47])
def test_orders_that_always_gain_leave_no_probabilities_though_one_is_twice_the_other(seed):
    """On the way there all weight comes to lie where nothing varies (seed 47: a matrix of no inverse)."""
    pnl = 1e-3 * np.random.default_rng(seed).normal(size=(18, 5)) + [0.05, 0.05, 0.05, 0.0, -0.05]
    pnl[:, 1] = 2.0 * pnl[:, 0]
    assert least_entropy(pnl, np.ones(5), np.full(18, 1.0 / 18.0)) is None


def test_money_that_is_lent_is_no_free_lunch():
    """A box pays the distance of its strikes for less today, by the rate alone, and its seller borrows at the rate."""
    market = flat_market("cash", carry=0.3, days=(20.0, 40.0))
    quotes = market.chain.quotes
    tight = quotes.assign(bid=quotes["mark"] - 2e-3, ask=quotes["mark"] + 2e-3)
    chain = replace(market.chain, quotes=tight, terms=replace(market.chain.terms, fee=FeeRule(0.0)))
    drawn = draw(chain, 30.0, 500, 1)["BTC"]
    assert free_lunch(chain, drawn, Limits(**WIDE)) is None
    assert reweighted(chain, drawn, Limits(**WIDE)).entropy < 1e-3
