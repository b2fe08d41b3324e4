"""An option chain keeps every quote or says why not, in money by one rule."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from cases.tables import AS_OF, EXPIRY, chain, table
from numpy.testing import assert_allclose

from hedging.errors import ChainError, InputError
from hedging.greeks import black76_price
from hedging.market.chain import QUOTE_COLUMNS, ChainRules, OptionChain
from hedging.market.contracts import ContractTerms, FeeRule, Option
from hedging.venues.deribit import option_terms


def test_coin_prices_are_worth_coin_times_spot_and_discount_by_spot_over_forward():
    quotes = chain().quotes
    assert list(quotes.columns) == list(QUOTE_COLUMNS)
    assert_allclose(quotes["bid"], quotes["bid_quoted"] * 70_000.0, rtol=1e-15)
    assert_allclose(quotes["discount"], 70_000.0 / 70_500.0, rtol=1e-15)
    assert_allclose(quotes["time_to_expiry"], 49 / 365, rtol=1e-15)
    assert_allclose(quotes["mark_vol"], [0.60, 0.55, 0.55, 0.54], rtol=1e-15)


def test_greeks_price_is_black_76_times_discount_for_every_row():
    quotes = chain().quotes
    from hedging.greeks import black76_price

    forward_form = black76_price(
        quotes["flag"].to_numpy(),
        quotes["forward"].to_numpy(),
        quotes["strike"].to_numpy(),
        quotes["time_to_expiry"].to_numpy(),
        0.0,
        quotes["mark_vol"].to_numpy(),
    )
    assert_allclose(chain().greeks(("price",))["price"], quotes["discount"] * forward_form, rtol=1e-12)


def test_every_row_is_kept_or_rejected_with_its_reason():
    frame = pd.concat([table()] * 4, ignore_index=True)
    frame["strike"] += np.repeat([0.0, 1_000.0, 2_000.0, 3_000.0], 4)
    frame["flag"] = frame["flag"].astype(object)
    frame["bid"] = frame["bid"].astype(object)
    frame.loc[0, "expiry"] = "2026-02-06T08:00:00Z"  # this very moment
    frame.loc[1] = frame.loc[2]  # repeats: row 2 goes
    frame.loc[3, "bid"] = 0.5
    frame.loc[4, "flag"] = "straddle"
    frame.loc[5, "strike"] = -1.0
    frame.loc[6, "bid"] = "ask us"
    frame.loc[7, ["bid", "ask", "mark", "mark_vol"]] = np.nan
    frame.loc[8, "forward"] = 72_000.0
    frame.loc[9, "mark_vol"] = 5_500.0
    frame.loc[10, ["flag", "ask"]] = ["c", 0.5]
    frame.loc[11, "ask"] = np.inf
    frame.loc[12, "bid"] = -0.01
    got = chain(frame)
    assert dict(zip(got.rejected["row"], got.rejected["reason"], strict=True)) == {
        0: "expired",
        2: "duplicate",
        3: "crossed",
        4: "name not understood",
        5: "strike not above 0",
        6: "bid is not a number",
        7: "no quote",
        8: "forward off its expiry's median",
        9: "vol unit suspected",
        10: "junk spread",
        11: "ask is not finite",
        12: "negative price",
    }
    assert len(got.quotes) + len(got.rejected) == len(frame)


def test_a_one_sided_quote_is_kept_and_zero_means_no_quote():
    quotes = chain(table(bid=[0.0, np.nan, 0.065, 0.028])).quotes
    assert quotes["bid"].isna().tolist() == [True, False, True, False]  # ordered by strike, then flag
    assert quotes["ask"].notna().all()


@pytest.mark.parametrize(("bid", "ask", "kept"), [(190, 203, True), (np.nan, 203, False), (199, 203, False)])
def test_an_ask_above_what_a_call_can_be_worth_leaves_a_good_bid(bid, ask, kept):
    """A call of strike 5 at a forward of 200 is worth 195, never above 200: who asks 203 is only dear."""
    quotes = {"flag": "c", "strike": [5.0, 200.0], "expiry": EXPIRY, "forward": 200.0}
    frame = pd.DataFrame(quotes | {"bid": [bid, 19.0], "ask": [ask, 20.0]})
    units = {"price": "money", "vol": "decimal"}
    made = OptionChain.from_frame(frame, asset="XYZ", as_of=AS_OF, units=units)
    assert made.rejected["reason"].tolist() == ["ask above any possible value"] * (not kept)


def test_rules_can_be_changed():
    wide = table(ask=[0.021, 0.062, 0.067, 0.5])
    assert chain(wide).rejected["reason"].tolist() == ["junk spread"]
    assert chain(wide, rules=ChainRules(max_spread=np.inf, max_spread_ratio=np.inf)).rejected.empty


def test_quotes_of_one_side_can_be_refused():
    one = table(bid=[0.0, np.nan, 0.065, 0.028])
    strict = chain(one, rules=ChainRules(two_sided=True))
    assert strict.rejected["reason"].tolist() == ["no two-sided quote"] * 2
    assert len(strict.quotes) == 2


def test_terms_can_be_the_users_own():
    made = chain(table(bid_size=30.0))
    fee = FeeRule(0.0001, 0.05)
    own = made.with_terms(fee=fee, multiplier=10.0)
    assert own.terms.lot == made.terms.lot
    assert own.option("BTC-27MAR26-70000-P").terms.fee == fee
    assert_allclose(own.quotes["bid_size"] * 10.0, made.quotes["bid_size"])  # the same coins
    assert made.terms.fee != fee
    with pytest.raises(InputError, match=r"terms that can be changed are currency, multiplier, .*; got tick"):
        made.with_terms(tick=0.1)
    with pytest.raises(InputError, match="got settlement"):
        made.with_terms(settlement="cash")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"units": {"price": "coin"}}, "units must say 'vol'"),
        ({"units": {"price": "money", "vol": "decimal"}}, "do not fit options settled in coin"),
        ({"as_of": "2026-02-06 08:00"}, "must carry a time zone"),
        ({"columns": {"flag": "kind"}}, r"columns \['kind'\] are missing"),
        ({"columns": {"iv": "mark_vol"}}, "columns may rename"),
        ({"as_of": "2027-01-01T00:00Z"}, "no usable quote of BTC among 4 rows; rejected: {'expired': 4}"),
    ],
)
def test_a_table_that_cannot_be_used_says_why(change, message):
    with pytest.raises(InputError, match=message):
        chain(**change)


def test_an_expiry_without_a_zone_is_refused_by_row():
    with pytest.raises(ChainError, match="column 'expiry', row 0: an expiry must carry a time of day"):
        chain(table(expiry="2026-03-27"))


def test_select_by_days_flag_and_delta():
    assert len(chain().select(days=(0, 60), flag="p").quotes) == 2
    near = chain().select(delta=(0.3, 0.7)).greeks(("delta",))["delta"].abs()
    assert near.between(0.3, 0.7).all()
    with pytest.raises(InputError, match=r"the chain has expiries in 49.0 days"):
        chain().select(days=(0, 5))


def test_an_option_is_found_by_its_name_and_an_absent_one_named():
    got = chain().option("BTC-27MAR26-70000-P")
    assert got == Option("BTC", "p", 70_000.0, pd.Timestamp(EXPIRY), option_terms("BTC", AS_OF), got.symbol)
    with pytest.raises(InputError, match="close to it: BTC-27MAR26-7"):
        chain().row("BTC-27MAR26-75000-P")
    with pytest.raises(InputError, match="was rejected: crossed"):
        chain(table(bid=[0.02, 0.07, 0.065, 0.028])).row("BTC-27MAR26-70000-P")


def test_cash_settled_options_discount_at_the_stated_rate():
    money = table(**{side: table()[side] * 70_500 for side in ("bid", "ask", "mark")})
    got = chain(money, units={"price": "money", "vol": "percent"}, terms=None, rate=0.04)
    assert_allclose(got.quotes["discount"], np.exp(-0.04 * 49 / 365), rtol=1e-15)
    assert_allclose(got.quotes["bid"], got.quotes["bid_quoted"], rtol=0)


def test_an_expiry_without_a_forward_takes_its_futures_and_else_parity():
    bare = table().drop(columns="forward")
    futures = pd.DataFrame(
        {"symbol": "BTC-27MAR26", "expiry": pd.Timestamp(EXPIRY), "bid": np.nan, "ask": np.nan, "mark": 70_800.0,
         "funding_8h": np.nan, "open_interest": np.nan}, index=[0],
    )  # fmt: skip
    assert (chain(bare, futures=futures).quotes["forward"] == 70_800.0).all()
    # Call and put of 70,000 differ by 0.066 - 0.061 coins: forward = strike / (1 - 0.005).
    assert_allclose(chain(bare).quotes["forward"], 70_000 / 0.995, rtol=1e-12)


def test_it_prints_a_short_summary():
    text = repr(chain(table(bid=[0.02, 0.07, 0.065, 0.028])))
    assert "3 quotes kept, 1 rejected (crossed: 1)" in text
    assert 3 <= len(text.splitlines()) <= 20
    assert "<table" in chain()._repr_html_()


# --- forwards that no column shows -----------------------------------------------------------------


@pytest.mark.parametrize("coin", [True, False])
def test_forwards_without_a_column_come_from_marks_where_they_exist(coin):
    strike, flag = np.tile(np.arange(70.0, 140.0, 5.0), 2), np.repeat(["c", "p"], 14)
    mark = black76_price(flag, 101.3, strike, 49 / 365, 0.0, 0.6) / (101.3 if coin else 1.0)
    # Asks of calls too high and of puts too low, as on a thin chain: the middle says another forward.
    skewed = np.where(flag == "c", 1.06, 0.97)
    table = pd.DataFrame(
        {
            "flag": flag,
            "strike": strike,
            "expiry": "2026-03-27T08:00Z",
            "bid": mark * 0.97,
            "ask": mark * skewed * 1.03,
        }
    )
    units = {"price": "coin" if coin else "money", "vol": "decimal"}
    settled = ContractTerms(settlement="coin" if coin else "cash")

    def forward(frame):
        made = OptionChain.from_frame(
            frame, asset="XYZ", as_of="2026-02-06T08:00Z", units=units, terms=settled, spot=101.0
        )
        return made.quotes["forward"].to_numpy()

    np.testing.assert_allclose(forward(table.assign(mark=np.round(mark, 6))), 101.3, rtol=2e-5)
    assert np.all(np.abs(forward(table) / 101.3 - 1.0) > 1e-3)


def test_a_mark_of_zero_under_a_bid_is_none():
    """Nobody bids for what is worth nothing: the mark is then that of the vol, as where none is given."""
    found = chain(table(mark=0.0)).quotes
    none = chain(table(mark=np.nan)).quotes
    assert_allclose(found["mark"], none["mark"], rtol=1e-15)
    assert (found["mark"] > 0.0).all()
    unbid = chain(table(mark=[0.0, 0.061, 0.066, 0.0285], bid=[np.nan, 0.06, 0.065, 0.028])).quotes
    assert unbid["mark_quoted"].iloc[0] == 0.0
