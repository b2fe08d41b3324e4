"""The list of assumptions: every figure of a rule is in it, and a rule that stands in for another says so."""

from __future__ import annotations

from hedging.paths import BTC, Reaction, assumptions


def value(asset: str, what: str, **given: object) -> str:
    table = assumptions([asset], **given)  # type: ignore[arg-type]
    return str(table[(table["asset"] == asset) & (table["what"] == what)]["value"].item())


def test_rules_of_another_asset_are_called_a_guess() -> None:
    assert "a guess" in value("SOL", "fitted to")
    assert value("ETH", "fitted to") == "ETH"
    own = assumptions(["SOL"], reactions={"SOL": Reaction()})
    assert (own.loc[own["asset"] == "SOL", "source"] == "given by the user").all()


def test_figures_are_those_of_the_rule_at_the_vol_of_today() -> None:
    what = "30-day vol per 10 % of a remembered fall"
    assert f"{100 * BTC.vol_rise:+.1f} points" in value("BTC", what)
    assert f"{200 * BTC.vol_rise:+.1f} points" in value("BTC", what, vols={"BTC": 0.60 / 2**0.4})


def test_what_holds_for_all_is_listed_once() -> None:
    table = assumptions(["BTC", "ETH"])
    assert (table["asset"] == "all").sum() == (assumptions()["asset"] == "all").sum()
    assert table["value"].str.len().min() > 0
