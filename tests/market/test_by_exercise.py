"""Quotes of American options: their vols, values and Greeks."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cases.markets import flat_chain
from cases.stocks import RATE, SPOT, VOL, YIELD, american_chain

from hedging import greeks, read_chain
from hedging.market import Market, fit_quality, quoted_vols
from hedging.market.by_exercise import side_vols
from hedging.venues import write_chain


def test_vols_of_american_marks_are_american_vols() -> None:
    vol = american_chain().quotes["mark_vol"].dropna()
    assert len(vol) > 30
    assert np.abs(vol - VOL).max() < 1e-8


def test_a_mark_that_is_missing_is_the_american_value_of_its_vol() -> None:
    chain = american_chain()
    q = chain.quotes[chain.quotes["mark_vol"].notna()]
    table = q[["flag", "strike", "expiry", "forward", "discount", "mark_vol"]]
    made = type(chain).from_frame(
        table, asset="XYZ", as_of=chain.as_of, units={"price": "money", "vol": "decimal"}, terms=chain.terms,
        spot=SPOT,
    )  # fmt: skip
    assert np.allclose(made.quotes["mark"], q["mark"], atol=1e-7)


def test_greeks_of_the_chain_are_american() -> None:
    chain = american_chain()
    q = chain.quotes
    known = q["mark_vol"].notna().to_numpy()
    mine = chain.greeks(("delta", "vega", "theta"))[known]
    rows = q[known]
    theirs = greeks.american_greeks(
        rows["flag"], SPOT, rows["strike"], rows["time_to_expiry"], RATE, VOL, YIELD, names=tuple(mine)
    )
    assert np.allclose(mine, theirs.to_frame(), atol=1e-6)
    deep = rows["strike"].eq(120) & rows["flag"].eq("p")
    european = greeks.greeks("p", SPOT, 120, rows["time_to_expiry"][deep], RATE, VOL, YIELD, names=("delta",))
    assert (mine["delta"][deep].to_numpy() < european.delta - 1e-3).all()


def test_the_surface_is_one_of_american_vols() -> None:
    chain = american_chain()
    smile = Market.of(chain).smile
    assert np.abs(smile.vol_at(np.linspace(-0.2, 0.2, 9), 0.2) - VOL).max() < 2e-3
    quality = fit_quality(smile, chain)
    assert (quality["rmse"] < 0.2).all()
    assert (quality["inside"] > 0.9).all()


def test_sides_of_a_quote_lie_around_its_mark() -> None:
    sides = quoted_vols(american_chain()).dropna()
    assert len(sides) > 20
    assert ((sides["bid_vol"] < VOL) & (sides["ask_vol"] > VOL)).all()
    chain = american_chain()
    out = chain.quotes[quoted_vols(chain)["out"] & chain.quotes["mark_vol"].notna()]
    quick = side_vols(out, "ask", SPOT)
    exact = quoted_vols(chain)["ask_vol"][out.index]
    assert np.abs(quick - exact).max() < 1e-4


def test_another_exercise_makes_vols_anew() -> None:
    chain = american_chain()
    european = chain.with_terms(exercise="european")
    q = european.quotes[european.quotes["mark_vol"].notna()]
    value = greeks.black76_price(
        q["flag"], q["forward"], q["strike"], q["time_to_expiry"], 0.0, q["mark_vol"]
    )
    assert np.allclose(np.asarray(value) * q["discount"], q["mark"])
    back = european.with_terms(exercise="american").quotes["mark_vol"]
    assert np.allclose(back.dropna(), VOL, atol=1e-8)
    flat = flat_chain("cash")
    assert flat.with_terms(exercise="european").quotes.equals(flat.quotes)


def test_a_chain_file_of_an_older_version_gets_american_vols(tmp_path: Path) -> None:
    """Up to version 2 their vols were those of European options of the same price."""
    chain = american_chain()
    old = replace(chain, quotes=chain.with_terms(exercise="european").quotes)
    write_chain(old, tmp_path / "old.csv")
    text = (tmp_path / "old.csv").read_text()
    head, body = text.split("\n", 1)
    fields = json.loads(head.removeprefix("# hedging-chain "))
    fields = {k: v for k, v in fields.items() if k not in ("digest", "rows")} | {"version": 1}
    (tmp_path / "old.csv").write_text("# hedging-chain " + json.dumps(fields) + "\n" + body)
    vol = read_chain(tmp_path / "old.csv").quotes["mark_vol"].dropna()
    assert np.abs(vol - VOL).max() < 1e-8
    write_chain(chain, tmp_path / "new.csv")
    assert read_chain(tmp_path / "new.csv").quotes["mark_vol"].equals(chain.quotes["mark_vol"])


def test_no_vol_is_asked_of_what_is_exercised_at_once() -> None:
    deep = american_chain(strikes=(60, 100, 400)).quotes.query("flag == 'p' and strike == 400")
    assert deep["mark"].tolist() == pytest.approx([300.0, 300.0])
    assert deep["mark_vol"].isna().all()
