"""What execution costs and what is gained at once are led to each other, equal to the cent in every output."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cases.markets import flat_market, option
from numpy.testing import assert_allclose

from hedging import samples, scenario
from hedging.book import Book, Entering, Holding, option_leg, outright_leg
from hedging.market import Market
from hedging.market.contracts import FeeRule, Perpetual
from hedging.paths.paths import grid
from hedging.planner import Effort, Limits, Outright, Target, audit, plan, read_plan

STILL = grid([0.0], [0.0], [0.0])
QUICK = Effort(alternatives=False)


def test_a_quote_that_beats_the_mark_is_named_and_costs_what_a_bad_one_costs() -> None:
    """Bought at 810 what is marked at 835: the value at once is 25 above the price, the cost 25 all the same."""
    chain = samples.chain()
    quotes = chain.quotes.copy()
    row = int(((quotes["flag"] == "p") & (quotes["strike"] == 66_000.0)).to_numpy().nonzero()[0][-1])
    mark = float(quotes.loc[row, "mark"])
    quotes.loc[row, ["bid", "ask"]] = mark - 35.0, mark - 25.0
    market = Market.of(replace(chain, quotes=quotes))
    leg = option_leg(market.chain, str(quotes.loc[row, "symbol"]), 10.0)
    assert_allclose(leg.half_spread, 25.0)
    result = scenario.run(samples.book(), market, STILL, [leg])
    found = result.entering
    assert found is not None
    assert_allclose(found.execution, 10.0 * (25.0 + leg.fee))
    assert_allclose(found.at_once, result.overlay[0, 0])
    assert_allclose(
        found.quotes, 500.0, atol=10.0
    )  # a gain of 25 and a cost of 25, of ten; marks are rounded


@pytest.mark.parametrize("settlement", ["coin", "cash"])
@pytest.mark.parametrize("outright", [(), (Outright("perpetual"),), (Outright("spot"),)])
def test_plan_scenario_and_audit_say_the_same_to_the_cent(
    settlement: str, outright: tuple[Outright, ...]
) -> None:
    market = flat_market(settlement, half_spread=0.02)  # type: ignore[arg-type]
    book = Book(Holding.spot("BTC", 10.0), cash=5_000.0)
    made = plan(
        book, market, Target(delta=(3.0, 5.0), vega=(0.1, None)), Limits(outright=outright), effort=QUICK
    )
    result = scenario.run(book, market, STILL, made)
    report = audit(made, market.chain, effort=QUICK)
    assert made.entering is not None
    assert result.entering is not None
    assert_allclose(result.entering.at_once, result.overlay[0, 0], atol=1e-8)
    for other in (result.entering, report.entering):
        assert_allclose(
            [other.execution, other.quotes, other.at_once],
            [made.entering.execution, made.entering.quotes, made.entering.at_once],
            atol=1e-6,
        )
    assert_allclose(report.overlay_gain, made.entering.at_once, atol=1e-6)
    assert_allclose(made.entering.execution, made.cost.half_spread + made.cost.fees)
    line = str(made.entering)
    for output in (repr(made), repr(result), repr(report)):
        assert line in " ".join(output.split())
    assert f"and {0.0:+,.2f} USD since" in " ".join(repr(report).split())


def test_in_coin_it_is_the_same_at_todays_spot() -> None:
    market = flat_market("coin", half_spread=0.02)
    legs = [
        option_leg(market.chain, option(market, "p", 90.0, 30.0).symbol, 10.0),
        outright_leg(Perpetual("BTC"), market.spot, -2.0, half_spread=0.001, fee=FeeRule(0.0005)),
    ]
    money = scenario.run(Book(Holding.spot("BTC", 10.0)), market, STILL, legs)
    coin = money.in_coin()
    assert_allclose(coin.entering.at_once, money.entering.at_once / market.spot)
    assert_allclose(coin.entering.at_once, coin.overlay[0, 0], atol=1e-12)
    assert scenario.run(Book(Holding.spot("BTC", 10.0)), market, STILL).entering is None


@pytest.mark.parametrize("settlement", ["coin", "cash"])
def test_a_book_that_counts_in_coin_is_told_in_coin_by_every_output(settlement: str, tmp_path: Path) -> None:
    market = flat_market(settlement, half_spread=0.02)  # type: ignore[arg-type]
    book = Book(Holding.spot("BTC", 10.0), numeraire="BTC")
    made = plan(book, market, Target(delta=(3.0, 5.0)), effort=QUICK)
    result = scenario.run(book, market, STILL, made)
    assert result.entering is not None
    assert made.entering is not None
    assert_allclose(result.entering.at_once, made.entering.at_once / market.spot)
    line = str(result.entering)
    assert line.split()[1] == "BTC"
    made.to_json(tmp_path / "plan.json")
    for output in (result, made, read_plan(tmp_path / "plan.json"), audit(made, market.chain, effort=QUICK)):
        assert line in " ".join(repr(output).split())
    assert "USD at once" in repr(made)


def test_its_line_adds_up_as_it_is_printed() -> None:
    for execution, quotes in (
        (1_751.4049, 428.3049),
        (3_029.8459, 5.0815),
        (0.0, 0.0),
        (450.0, 511.005),
        (0.01234567, 0.0023),
    ):
        said = str(Entering(execution, quotes, "USD")).replace(",", "")
        at_once, cost, edge = (
            float(part.split()[0]) for part in (said, said.split("execution ")[1], said.split("values ")[1])
        )
        assert_allclose(at_once, cost + edge, atol=1e-9)
        digits = 2 if execution + quotes >= 1.0 else 6
        assert (at_once, cost) == (round(quotes - execution, digits), -round(execution, digits))
