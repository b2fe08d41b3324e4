"""Floors over assets that follow the first by their betas: payoffs written out by hand over a fine grid of both."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from cases.planner import AS_OF, CASH, COIN, LOOSE, SPOT, small_chain

from hedging.book.book import Book, Holding
from hedging.errors import InputError
from hedging.market.contracts import Option
from hedging.paths import STRESS_BETA
from hedging.paths.paths import grid
from hedging.planner import Effort, Limits, Target, plan, read_plan
from hedging.planner.request.joint import Link
from hedging.planner.request.request import Request

QUIET = Effort(alternatives=False, gap=1e-2)
MENU = [("p", 95.0, 30), ("p", 88.0, 30), ("c", 108.0, 30), ("p", 92.0, 12), ("c", 112.0, 12)]


def two_chains(menu=MENU, terms=CASH):
    return [small_chain(menu, asset=asset, terms=terms) for asset in ("BTC", "ETH")]


def paid(book: Book, asset: str, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """What is held of one asset at the end, spot at one level to day 12 and at another on day 30. [money]"""
    value = np.zeros(np.broadcast_shapes(first.shape, last.shape))
    for held in book.of(asset):
        item = held.instrument
        if not isinstance(item, Option):
            value = value + held.units * last
            continue
        early = (item.expiry - AS_OF).days < 29
        at = first if early else last
        coin = item.terms.settlement == "coin" and early
        payoff = np.maximum((at - item.strike) * item.sign, 0.0) * (last / first if coin else 1.0)
        value = value + held.units * payoff
    return value


def test_a_band_is_the_stress_beta_of_log_prices_give_or_take_a_share():
    link = Link(1.35, 0.2)
    low, high = link.band(np.array([0.5, 1.0, 2.0]), 1e-6)
    assert low == pytest.approx(0.8 * np.array([0.5**1.35, 1.0, 2.0**1.35]), rel=1e-12)
    assert high == pytest.approx(1.2 * np.array([0.5**1.35, 1.0, 2.0**1.35]), rel=1e-12)
    between = np.linspace(0.1, 3.0, 500)
    assert link.middle(between) == pytest.approx(between**1.35, rel=0.02)
    crossed = link.crossings(np.array([0.7]))
    assert sorted(np.concatenate([side * link.middle(crossed) for side in (0.8, 1.2)]))[1:3] == pytest.approx(
        [0.7, 0.7]
    )


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("terms", [COIN, CASH], ids=["coin", "cash"])
def test_the_floor_holds_wherever_in_its_band_the_other_is(seed, terms):
    random = np.random.default_rng(seed)
    beta, residual = float(random.uniform(0.6, 1.8)), float(random.choice([0.0, 0.1, 0.25]))
    chains = two_chains(terms=terms)
    book = Book([Holding.spot("BTC", 10.0), Holding.spot("ETH", float(random.choice([-4.0, 8.0])))])
    target = Target(minimise="worst", joint="beta", betas={"ETH": beta}, residual=residual)
    found = plan(
        book, chains, target, Limits(max_legs=3, cost=0.02, budget=0.1, **LOOSE), horizon=30.0, effort=QUIET
    )
    after = book + found
    lead = np.append(np.linspace(0.02, 3.0, 250), 1e-6)
    link, worst = Link(beta, residual), np.inf
    first = lead[lead >= 0.1]
    firsts, lasts = (link.band(levels, low) for levels, low in ((first, 0.1), (lead, 1e-6)))
    own = paid(after, "BTC", SPOT * first[:, None], SPOT * lead[None, :]) + after.cash
    for one, two in product(np.linspace(0.0, 1.0, 9), repeat=2):
        early, late = ((low + share * (high - low)) for (low, high), share in ((firsts, one), (lasts, two)))
        worst = min(
            worst, float((own + paid(after, "ETH", SPOT * early[:, None], SPOT * late[None, :])).min())
        )
    promised = found.troughs[1].pnl + book.value(*Request.of(book, chains, target).markets)
    assert worst >= promised - 1e-6 * found.base
    assert (
        worst <= promised + 0.02 * found.base
    )  # vols and dates before the end are judged too, and take little


def test_between_each_by_itself_and_all_alike():
    chains = two_chains(MENU[:3])
    book = Book([Holding.spot("BTC", 10.0), Holding.spot("ETH", -4.0)])
    worst = {
        joint: plan(
            book,
            chains,
            Target(minimise="worst", joint=joint),
            Limits(cost=0.02, max_legs=2, **LOOSE),
            horizon=30.0,
            effort=QUIET,
        )
        for joint in ("together", "beta", "box")
    }
    shares = [-worst[joint].troughs[1].share for joint in ("together", "beta", "box")]
    assert shares == sorted(shares)
    assert shares[1] < shares[2] - 0.01
    (said,) = (text for text in worst["beta"].warnings if "stress beta" in text)
    assert "ETH by 1.35" in said
    assert "20 %" in said


def test_a_plan_of_betas_is_saved_and_read(tmp_path):
    chains, book = two_chains(MENU[:3]), Book([Holding.spot("BTC", 10.0), Holding.spot("ETH", 4.0)])
    target = Target(floor=-0.5, joint="beta", betas={"ETH": 1.5}, residual=0.1)
    found = plan(book, chains, target, Limits(**LOOSE), effort=QUIET)
    found.to_json(tmp_path / "plan.json")
    assert repr(read_plan(tmp_path / "plan.json")) == repr(found)
    assert found.inputs["target"]["betas"] == {"ETH": 1.5}


def test_scenarios_of_the_others_follow_too():
    chains, book = two_chains(MENU[:3]), Book([Holding.spot("BTC", 10.0), Holding.spot("ETH", 4.0)])
    request = Request.of(
        book, chains, Target(floor=-0.5, joint="beta"), scenarios=grid([-0.5, 0.3], days=[30.0])
    )
    assert request.moves["ETH"].spot.ravel() == pytest.approx(
        [0.5 ** STRESS_BETA["ETH"], 1.3 ** STRESS_BETA["ETH"]], rel=2e-3
    )
    assert request.moves["BTC"] is request.scenarios


def test_of_two_assets_counted_in_coin_each_goes_alone():
    """What is counted in coin is divided by that coin's level: a rise of it takes from what the other is worth."""
    chains = two_chains(MENU[:3], terms=COIN)
    book = Book([Holding.spot("BTC", 10.0), Holding.spot("ETH", 6.0)], numeraire="BTC")
    target = Target(minimise="worst")
    found = plan(book, chains, target, Limits(cost=0.02, budget=0.05, **LOOSE), horizon=30.0, effort=QUIET)
    after, level = book + found, np.linspace(0.1, 3.0, 400)
    other = paid(after, "ETH", SPOT * level, SPOT * np.append(level, 0.1)[:-1]).min() + after.cash
    counted = (paid(after, "BTC", SPOT * level, SPOT * level) + other) / level
    assert counted.min() - 16.0 * SPOT >= found.troughs[1].pnl - 1e-6 * found.base


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"joint": "apart"}, "joint must be 'box', 'beta' or 'together'"),
        ({"joint": "beta", "betas": {"ETH": -1.0}}, "betas must map assets to numbers > 0"),
        ({"joint": "beta", "betas": [1.3]}, "betas must map assets"),
        ({"joint": "beta", "residual": 1.0}, "residual must be a share in"),
        ({"residual": 0.1}, "give joint='beta' with them"),
    ],
)
def test_ways_of_moving_together_that_are_none_are_refused(more, message):
    with pytest.raises(InputError, match=message):
        Target(floor=-0.2, **more)


def test_betas_of_assets_that_do_not_follow_are_refused():
    chains, book = two_chains(MENU[:3]), Book([Holding.spot("BTC", 10.0), Holding.spot("ETH", 4.0)])
    with pytest.raises(InputError, match="betas are of the assets that follow BTC"):
        plan(book, chains, Target(floor=-0.2, joint="beta", betas={"BTC": 1.0}), Limits(**LOOSE))
    other = [chains[0], small_chain(MENU[:3], asset="WIF", terms=CASH)]
    with pytest.raises(InputError, match="no stress beta is known for WIF"):
        plan(Book([Holding.spot("WIF", 1.0)]), other, Target(floor=-0.2, joint="beta"), Limits(**LOOSE))
    with pytest.raises(InputError, match="give the chain of ETH first"):
        plan(Book(book.holdings, numeraire="ETH"), chains, Target(floor=-0.2, joint="beta"), Limits(**LOOSE))
