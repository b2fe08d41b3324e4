"""Weights, growth and learned coverage: published weights, closed forms, brute force, nothing seen ahead."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from cases.coins import walks
from cases.markets import flat_market, option
from scipy import stats

from hedging import Book, Holding, Market, Prices, risk, scenario
from hedging.book import DeclaredAccount, option_leg
from hedging.errors import InputError, SolverError
from hedging.paths import STILL, along
from hedging.screen.allocation import effective_bets, growth, learned_coverage, sample_of, weights
from hedging.screen.learned import pinball

pytest.importorskip("skfolio")

MEAN = np.array([0.010111, 0.0043532, 0.0137058])
COVARIANCE = np.array(
    [
        [0.00324625, 0.00022983, 0.00420395],
        [0.00022983, 0.00049937, 0.00019247],
        [0.00420395, 0.00019247, 0.00764097],
    ]
)


def normal(mean: np.ndarray, covariance: np.ndarray, count: int = 8_192, seed: int = 1) -> pd.DataFrame:
    """Quasi-random draws whose sample mean and covariance are the ones given."""
    draws = stats.norm.ppf(stats.qmc.Sobol(len(mean), rng=seed).random(count))
    draws -= draws.mean(axis=0)
    draws = np.linalg.solve(np.linalg.cholesky(np.cov(draws.T)), draws.T).T
    return pd.DataFrame(mean + draws @ np.linalg.cholesky(covariance).T, columns=list("abcdef"[: len(mean)]))


def test_three_assets_of_rockafellar_and_uryasev() -> None:
    """Their table of 2000: weights and CVaR at 90 % for a required return of 0.011."""
    returns = normal(MEAN, COVARIANCE, 16_384)
    found = weights(returns, level=0.90, least=0.011)
    np.testing.assert_allclose(found.weights, [0.452013, 0.115573, 0.432414], atol=0.006)
    assert found.after == pytest.approx(0.096975, rel=0.006)


def test_its_shortfall_is_that_of_the_risk_room() -> None:
    from skfolio.measures import cvar

    returns = normal(MEAN, COVARIANCE, 1_024)
    found = weights(returns)
    gains = returns.to_numpy() @ found.weights.to_numpy()
    assert found.after == pytest.approx(risk.expected_shortfall(gains, 0.95), abs=1e-12)
    assert found.after == pytest.approx(cvar(gains, 0.95), abs=1e-8)


@pytest.mark.parametrize("correlation", [-0.3, 0.0, 0.5])
@pytest.mark.parametrize("risk_measure", ["variance", "shortfall"])
def test_two_assets_have_the_closed_form(correlation: float, risk_measure: str) -> None:
    vols = np.array([0.03, 0.05])
    covariance = np.outer(vols, vols) * np.array([[1.0, correlation], [correlation, 1.0]])
    returns = normal(np.zeros(2), covariance)
    found = weights(returns, risk_measure)  # type: ignore[arg-type]
    expected = (covariance[1, 1] - covariance[0, 1]) / (
        covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    )
    # Normal returns of mean 0: least shortfall is least variance. The sample's tail is what differs.
    assert found.weights.iloc[0] == pytest.approx(expected, abs=0.005 if risk_measure == "variance" else 0.02)
    parity = weights(returns, risk_measure, budget=True)  # type: ignore[arg-type]
    assert parity.weights.iloc[0] == pytest.approx(vols[1] / vols.sum(), abs=0.005)


@pytest.mark.parametrize("risk_measure", ["variance", "shortfall"])
def test_risk_is_shared_equally(risk_measure: str) -> None:
    found = weights(normal(MEAN, COVARIANCE, 2_048), risk_measure, budget=True)  # type: ignore[arg-type]
    tolerance = 1e-4 if risk_measure == "variance" else 2e-3  # the sample's tail is a step in the weights
    np.testing.assert_allclose(found.table["risk after"], 1 / 3, atol=tolerance)


def two_coins(count: int = 400) -> tuple[Book, dict[str, Market], dict[str, object]]:
    """BTC and ETH alike in all but their draws."""
    btc = flat_market(half_spread=0.02)
    eth = Market.bare("ETH", btc.spot, btc.as_of)
    rng = np.random.default_rng(0)
    moves = rng.multivariate_normal([0, 0], [[0.04, 0.02], [0.02, 0.04]], count)
    paths = {
        "BTC": along([30.0], moves[:, :1], reaction=STILL),
        "ETH": along([30.0], moves[:, 1:], reaction=STILL),
    }
    return Book([Holding.spot("BTC", 10.0), Holding.spot("ETH", 10.0)]), {"BTC": btc, "ETH": eth}, paths


def test_a_hedged_position_gets_at_least_the_weight_of_the_same_one_unhedged() -> None:
    book, markets, paths = two_coins()
    put = option_leg(markets["BTC"].chain, option(markets["BTC"], "p", 90.0, 30.0).symbol, 10.0)
    bare = weights(scenario.run(book, markets, paths), "shortfall")
    hedged = weights(scenario.run(book, markets, paths, overlay=[put]), "shortfall")
    assert hedged.weights["BTC"] >= bare.weights["BTC"]
    assert hedged.after < bare.after


def test_options_are_revalued_not_taken_as_linear() -> None:
    book, markets, paths = two_coins()
    put = option_leg(markets["BTC"].chain, option(markets["BTC"], "p", 90.0, 30.0).symbol, 10.0)
    result = scenario.run(book, markets, paths, overlay=[put])
    sample = sample_of(result)
    assert list(sample.returns) == ["BTC", "ETH"]
    total = (sample.array * sample.values.to_numpy()).sum(axis=1)
    np.testing.assert_allclose(total, result.total[:, -1])
    assert sample.returns["BTC"].min() > -0.2 > sample_of(result, hedged=False).returns["BTC"].min()


def test_weights_go_back_into_lots_with_their_cost() -> None:
    book, markets, paths = two_coins()
    put = option_leg(markets["BTC"].chain, option(markets["BTC"], "p", 90.0, 30.0).symbol, 10.0)
    hedged = book + [put]
    found = weights(scenario.run(hedged, markets, paths))
    after, table = found.to_book(hedged, markets, {put.instrument.symbol: 1.0}, cost_rate=0.001)
    scale = found.table["after"] / found.table["before"]
    assert after.position("ETH") == pytest.approx(10.0 * scale["ETH"], abs=1e-3)
    options = [item for item in after.holdings if item.instrument.symbol == put.instrument.symbol]
    assert options[0].quantity == np.floor(10.0 * scale["BTC"] + 1e-9)
    traded = abs(after.position("ETH") - 10.0)
    assert table.loc["ETH", "cost"] == pytest.approx(0.001 * traded * markets["ETH"].spot)
    moved = abs(options[0].quantity - 10.0)
    assert table.loc[put.instrument.symbol, "cost"] == pytest.approx(
        moved * markets["BTC"].half_spread(put.instrument)
    )
    # Accounts stay as they are, and every holding in its own.
    kept = Book(
        [item.in_account("a") for item in hedged.holdings], accounts=[DeclaredAccount("a")], numeraire="ETH"
    )
    again, _ = found.to_book(kept, markets, {put.instrument.symbol: 1.0})
    assert (again.accounts, again.numeraire) == (kept.accounts, "ETH")
    assert {item.account for item in again.holdings} == {"a"}


def test_near_twins_are_warned_of() -> None:
    rng = np.random.default_rng(0)
    first = rng.normal(0, 0.03, 500)
    returns = pd.DataFrame({"a": first, "b": first + rng.normal(0, 1e-4, 500), "c": rng.normal(0, 0.03, 500)})
    found = weights(returns, "variance")
    assert found.condition > 1e3
    assert "their weights noise" in repr(found)
    assert found.effective_rank < 2.1
    assert not weights(returns[["a", "c"]], "variance").warning


def test_effective_bets_of_known_portfolios() -> None:
    assert effective_bets(np.full(4, 0.25), np.eye(4)) == pytest.approx(4.0)
    assert effective_bets(np.array([1.0, 0.0]), np.diag([1.0, 2.0])) == pytest.approx(1.0)
    assert effective_bets(np.full(3, 1 / 3), np.ones((3, 3))) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"risk": "vol"}, "risk must be one of"),
        ({"level": 1.0}, "level must lie"),
        ({"budget": True, "least": 0.01}, "least= is for least risk"),
        ({"result": pd.DataFrame(np.zeros((5, 2)))}, "at least 20 scenarios"),
        ({"result": pd.DataFrame(np.full((50, 2), np.nan))}, "returns must be finite"),
        ({"level": "0.95"}, "level must lie"),
        ({"result": pd.DataFrame(np.zeros((50, 2)), columns=["a", "a"])}, "a stands in more than one column"),
        ({"result": pd.DataFrame({"a": ["x"] * 50})}, "returns must be numbers"),
        ({"result": [1.0]}, "must be a ScenarioResult or a table"),
    ],
)
def test_bad_calls_say_what_and_why(how: dict[str, object], message: str) -> None:
    given: dict[str, object] = {"result": normal(MEAN, COVARIANCE, 64)} | how
    with pytest.raises(InputError, match=message):
        weights(**given)  # type: ignore[arg-type]


def test_a_return_that_no_position_has_is_no_weights() -> None:
    with pytest.raises(SolverError, match="no weights were found"):
        weights(normal(MEAN, COVARIANCE, 64), least=0.5)


# --- growth -----------------------------------------------------------------------------------------


def insured(price: float) -> scenario.ScenarioResult:
    """A coin that doubles or halves, and a bet of 100 that pays 100 when it halves, at a price."""
    market = Market.bare("ABC", 100.0, "2026-01-01T00:00Z")
    result = scenario.run(
        Book([Holding.spot("ABC", 1.0)]), market, along([365.0], np.log([[2.0], [0.5]] * 20), reaction=STILL)
    )
    values = np.concatenate(
        (result.values, np.array([[100.0 * 0 - price], [100.0 - price]] * 20)[:, :, None]), axis=2
    )
    from dataclasses import replace

    return replace(
        result,
        legs=("ABC", "buy ABC-PUT"),
        groups=("position", "overlay"),
        start=np.array([100.0, 0.0]),
        values=values,
    )


@pytest.mark.parametrize("price", [40.0, 50.0, 60.0])
def test_growth_and_kelly_have_the_closed_form(price: float) -> None:
    found = growth(insured(price), floor=-0.15)
    up, down, hedge_up, hedge_down = 2.0, 0.5, -price / 100, 1 - price / 100
    assert found.without == pytest.approx(0.5 * np.log(up * down))
    assert found.with_overlay == pytest.approx(0.5 * np.log(up + hedge_up) + 0.5 * np.log(down + hedge_down))
    # The slope of the mean log is 0: hedge_up (down + c hedge_down) + hedge_down (up + c hedge_up) = 0
    kelly = -(hedge_up * down + hedge_down * up) / (2 * hedge_up * hedge_down)
    assert found.kelly == pytest.approx(min(3.0, max(0.0, kelly)), abs=1e-6)
    assert found.half_kelly == pytest.approx(found.kelly / 2)
    assert found.at_kelly >= max(found.without, found.with_overlay) - 1e-12
    assert found.coverage == pytest.approx((0.85 - down) / hedge_down)
    assert found.premium == pytest.approx(-(hedge_up + hedge_down) / 2)
    assert ("raises" in found.verdict) == (found.with_overlay > found.without)


def test_a_put_that_costs_and_raises_growth_says_so_and_one_that_lowers_it_too() -> None:
    dear, cheap = growth(insured(95.0)), growth(insured(52.0))
    assert cheap.premium > 0.0
    assert cheap.with_overlay > cheap.without
    assert "raises growth" in repr(cheap)
    assert "lowers growth" in repr(dear)


def test_growth_needs_an_overlay_and_days() -> None:
    market = Market.bare("ABC", 100.0, "2026-01-01T00:00Z")
    plain = scenario.run(
        Book([Holding.spot("ABC", 1.0)]), market, along([30.0], np.zeros((30, 1)), reaction=STILL)
    )
    with pytest.raises(InputError, match="run the scenario with overlay"):
        growth(plain)
    with pytest.raises(InputError, match="floor must be a share"):
        growth(insured(50.0), floor=0.1)


# --- learned ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def many() -> Prices:
    return Prices.from_frame(walks(coins=25, days=420))


def test_the_pinball_loss_is_least_at_the_quantile() -> None:
    loss = np.random.default_rng(0).exponential(size=20_000)
    levels = np.linspace(1.0, 5.0, 401)
    best = levels[np.argmin([pinball(loss, level, 0.95).mean() for level in levels])]
    assert best == pytest.approx(np.quantile(loss, 0.95), abs=0.02)


@pytest.mark.slow  # fits trees
def test_no_row_after_the_date_is_seen(many: Prices) -> None:
    table = many.closes
    cut = table.index[-60]
    spoiled = table.copy()
    spoiled.loc[spoiled.index > cut] *= np.random.default_rng(0).uniform(2, 50, table.shape[1])
    before, after = (
        learned_coverage(Prices.from_frame(each), at=cut.date(), retrain=60) for each in (table, spoiled)
    )
    pd.testing.assert_frame_equal(before.coverage, after.coverage, check_exact=True)
    pd.testing.assert_frame_equal(before.forecasts, after.forecasts, check_exact=True)
    assert before.trained == after.trained
    assert max(before.trained) <= cut


@pytest.mark.slow  # fits trees
def test_on_noise_nothing_is_learned_and_the_simple_rule_stays(many: Prices) -> None:
    factor = pd.Series(np.random.default_rng(1).normal(size=420), many.stamps)
    found = learned_coverage(many, {"noise": factor}, retrain=60)
    assert found.chosen == "EWMA vol x constant"
    assert "default stays" in repr(found)
    assert found.coverage["chosen"].equals(found.coverage["EWMA vol x constant"])
    assert found.coverage["always half"].to_numpy() == pytest.approx(0.5)
    assert ((found.coverage >= 0) & (found.coverage <= 1)).to_numpy().all()


def test_too_little_to_learn_from_is_said() -> None:
    with pytest.raises(InputError, match="learning needs 500 rows"):
        learned_coverage(Prices.from_frame(walks(coins=5, days=200)))
    with pytest.raises(InputError, match="quantile must lie"):
        learned_coverage(Prices.from_frame(walks()), quantile=1.0)
