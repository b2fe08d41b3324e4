"""Arguments of the wrong kind: an error of ours comes out, or a result, and never another."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

import hedging as hg
from hedging.errors import HedgingError

WRONG: tuple[Any, ...] = (
    *(None, 5, -1.5, "x", b"x", "", [], [None], ["x"], {}, {"a": 1}, {5: "x"}, (1, 2, 3), object()),
    *(float("nan"), np.array([1.0, np.nan]), pd.DataFrame({"a": [1]}), pd.Series(["x"]), True, int, pd.NaT),
)
CRASH = hg.crash_path(velocity=-0.02, acceleration=-0.004, days=5)


@cache
def made() -> tuple[hg.Book, hg.OptionChain, hg.Market]:
    chain = hg.samples.chain()
    return hg.samples.book(), chain, hg.Market.of(chain)


def calls() -> dict[str, Callable[[Any], Any]]:
    book, chain, market = made()
    model = hg.margin.StandardMargin()
    return {
        "Holding": lambda x: hg.Holding(x, 5),
        "Holding quantity": lambda x: hg.Holding.spot("BTC", x),
        "Holding entry": lambda x: hg.Holding.perpetual("BTC", 1, x),
        "Holding.option flag": lambda x: hg.Holding.option("BTC", x, 80_000, "2026-03-27", 5),
        "Holding.option strike": lambda x: hg.Holding.option("BTC", "p", x, "2026-03-27", 5),
        "Holding.option expiry": lambda x: hg.Holding.option("BTC", "p", 80_000, x, 5),
        "Holding.future expiry": lambda x: hg.Holding.future("BTC", x, 5, 70_000),
        "Spot": hg.Spot,
        "Perpetual": lambda x: hg.Perpetual("BTC", x),
        "Book": hg.Book,
        "Book, two": lambda x: hg.Book(book.holdings[0], x),
        "Book cash": lambda x: hg.Book(book.holdings, cash=x),
        "Book numeraire": lambda x: hg.Book(book.holdings, numeraire=x),
        "book + ": lambda x: book + x,
        "book.exposure": book.exposure,
        "book.value": book.value,
        "book.base": book.base,
        "Market.of": hg.Market.of,
        "Market.of smile": lambda x: hg.Market.of(chain, smile=x),
        "Market.of funding": lambda x: hg.Market.of(chain, funding_8h=x),
        "market.forward": market.forward,
        "market.half_spread": market.half_spread,
        "smile.vol strike": lambda x: market.smile.vol(x, "2026-03-27"),
        "smile.vol expiry": lambda x: market.smile.vol(80_000, x),
        "chain.option": chain.option,
        "collar book": lambda x: hg.overlays.collar(x, chain),
        "collar chain": lambda x: hg.overlays.collar(book, x),
        "standard": lambda x: hg.overlays.standard(book, x),
        "calendar": lambda x: hg.overlays.calendar(x, chain),
        "compare": lambda x: hg.overlays.compare(book, chain, x),
        "of_contracts": lambda x: hg.overlays.of_contracts(chain, x),
        "of_contracts quantity": lambda x: hg.overlays.of_contracts(chain, {"BTC-10APR26-66000-P": x}),
        "payoff book": lambda x: hg.scenario.payoff(x, market),
        "payoff market": lambda x: hg.scenario.payoff(book, x),
        "payoff overlay": lambda x: hg.scenario.payoff(book, market, x, spot_moves=[-0.1, 0.1], days=[1]),
        "payoff overlay of": lambda x: hg.scenario.payoff(book, market, [x], spot_moves=[0.1], days=[1]),
        "payoff moves": lambda x: hg.scenario.payoff(book, market, spot_moves=x, days=[1]),
        "payoff days": lambda x: hg.scenario.payoff(book, market, spot_moves=[0.1], days=x),
        "run book": lambda x: hg.scenario.run(x, market, CRASH),
        "run market": lambda x: hg.scenario.run(book, x, CRASH),
        "run paths": lambda x: hg.scenario.run(book, market, x),
        "grid": hg.grid,
        "grid vols": lambda x: hg.grid([0.1], x),
        "grid days": lambda x: hg.grid([0.1], days=x),
        "crash_path": lambda x: hg.crash_path(velocity=x, acceleration=0.0, days=5),
        "crash_path days": lambda x: (
            hg.crash_path(velocity=-0.01, acceleration=0.0, days=x)
            if not isinstance(x, float | int) or x < 100
            else None
        ),
        "liquidation_price": lambda x: hg.margin.liquidation_price(x, market, model),
        "liquidation_price model": lambda x: hg.margin.liquidation_price(book, market, x),
        "survive": lambda x: hg.margin.survive(book, market, x, model),
        "profile": lambda x: hg.risk.profile(book, x),
        "attribution": lambda x: hg.risk.attribution(book, market, x),
        "tail_risk": hg.risk.tail_risk,
        "proxy": lambda x: hg.planner.proxy(x, x),
        "Target delta": lambda x: hg.Target(delta=x),
        "Target floor": lambda x: hg.Target(floor=x),
        "Target soft": lambda x: hg.Target(delta=(1, 2), soft=x),
        "Limits budget": lambda x: hg.Limits(budget=x),
        "Limits expiries": lambda x: hg.Limits(expiries=x),
        "Limits outright": lambda x: hg.Limits(outright=x),
        "Limits depth": lambda x: hg.Limits(depth=x),
        "plan book": lambda x: hg.plan(x, chain, hg.Target(delta=(8, 12))),
        "plan chain": lambda x: hg.plan(book, x, hg.Target(delta=(8, 12))),
        "plan target": lambda x: hg.plan(book, chain, x),
        "audit": lambda x: hg.audit(x, chain),
        "frontier": lambda x: hg.frontier(book, chain, x),
        "read_book": hg.read_book,
        "read_chain": hg.read_chain,
        "read_plan": hg.read_plan,
    }


@pytest.mark.parametrize("name", list(calls()))
def test_only_errors_of_ours_come_out(name: str) -> None:
    call, others = calls()[name], []
    for value in WRONG:
        try:
            call(value)
        except HedgingError:
            pass
        except Exception as error:
            others.append(f"{type(value).__name__} {value!r}: {type(error).__name__} {error}")
    assert others == []


def test_what_is_clearly_wrong_is_refused_in_words() -> None:
    book, _, market = made()
    for call, word in (
        (lambda: hg.Book(book.holdings[0], 5), "cash="),
        (lambda: hg.scenario.payoff(book, market, ["BTC-10APR26-66000-P"]), "of_contracts"),
        (lambda: hg.Limits(budget=20_000), "0.02"),
        (lambda: hg.overlays.collar(book, "chain.json"), "read_chain"),
        (lambda: hg.Holding.option("BTC", "p", 80_000, "2026-03-27T08:00", 5), "zone"),
        (lambda: hg.Holding.option("BTC", "straddle", 80_000, "2026-03-27", 5), "'call' or 'put'"),
        (lambda: hg.Holding("BTC-27FEB26", 5), "entry"),
    ):
        with pytest.raises(hg.InputError, match=word):
            call()


def test_words_are_taken_where_people_write_them() -> None:
    book, chain, market = made()
    written = hg.Holding.option("BTC", "put", 80_000, "2026-02-27", 5)
    assert written.instrument == hg.Holding("BTC-27FEB26-80000-P", 5).instrument.__class__(
        "BTC", "p", 80_000.0, pd.Timestamp("2026-02-27T08:00Z"), written.instrument.terms
    )
    assert hg.Holding("BTC-27FEB26-80000-P", 5).instrument.expiry == written.instrument.expiry
    assert hg.Holding("BTC-PERPETUAL", 1, 70_000) == hg.Holding.perpetual("BTC", 1, 70_000)
    assert hg.Holding("BTC", 2) == hg.Holding.spot("BTC", 2)
    assert book.value(chain) == book.value(market)
    assert hg.overlays.collar(book, market) == hg.overlays.collar(book, chain)
    assert market.forward("2026-03-27") == market.forward(pd.Timestamp("2026-03-27T08:00Z"))
    assert market.half_spread("BTC-10APR26-66000-P") > 0
