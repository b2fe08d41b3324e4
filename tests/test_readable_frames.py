"""Frames that results hand out are frames to programs and tables to readers."""

from __future__ import annotations

import pickle
import re

import numpy as np
import pandas as pd
import pytest

import hedging as hg
from hedging._ground.frames import ReadableFrame, readable

FRAME = pd.DataFrame({"leg": ["put", "call"], "premium": [1_750_000.0, -0.5]})


def test_it_reads_as_a_table_and_computes_as_a_frame() -> None:
    shown = readable(FRAME, {"premium": "USD"})
    assert repr(shown).splitlines()[0].split() == ["leg", "premium", "[USD]"]
    assert "1,750,000" in repr(shown)
    assert shown._repr_html_().count("<tr>") == 3
    pd.testing.assert_frame_equal(shown.to_frame(), FRAME)
    assert shown.equals(FRAME)
    assert type(shown[["leg"]]) is type(shown.round(0)) is type(shown.to_frame()) is pd.DataFrame
    assert repr(pickle.loads(pickle.dumps(shown))) == repr(shown)


@pytest.mark.parametrize(
    "frame", [FRAME.iloc[:0], FRAME.set_index("leg"), pd.concat([FRAME, FRAME], axis=1), pd.DataFrame()]
)
def test_any_frame_can_be_shown(frame: pd.DataFrame) -> None:
    shown = readable(frame)
    assert repr(shown)
    assert shown._repr_html_()


def test_dust_and_money_stand_in_one_column_without_exponents() -> None:
    shown = readable(pd.DataFrame({"gap": [4_755.62, -6.8e-21, 1e-9, 0.0]}))
    assert [line.strip() for line in repr(shown).splitlines()] == ["gap", "4,755.62", "0", "0.000000001", "0"]


def test_tickets_and_costs_name_their_currency() -> None:
    chain, book = hg.samples.chain(), hg.samples.book()
    made = hg.overlays.of_contracts(chain, {"BTC-27MAR26-62000-P": 25.0})
    standard = hg.overlays.zero_cost_collar(book, chain)
    alike = hg.OptionChain.from_frame(
        chain.quotes[["flag", "strike", "expiry", "forward", "bid", "ask"]],
        asset="BTC",
        as_of=chain.as_of,
        units={"price": "money", "vol": "decimal"},
        spot=chain.spot,
    )
    assert made.currency == standard.currency == chain.terms.currency == "USD"
    assert hg.overlays.collar(book, alike).currency == alike.terms.currency
    assert made.to_dict()["currency"] == "USD"
    for ticket in (made.orders, standard.orders):
        assert isinstance(ticket, ReadableFrame)
        assert "premium [USD]" in repr(ticket)
    assert re.search(r"net premium [\d,]+ USD", repr(made))
    assert "money]" not in repr(made) + repr(standard)
    gains = {"a": np.arange(100.0)}
    assert "<table" in hg.risk.tail_risk(gains)._repr_html_()
