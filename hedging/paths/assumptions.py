"""What scenarios assume where nothing else is said, as one table for a plan and a report to print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from hedging.paths.reactions import CALM, STRESS_BETA, Reaction, measured

__all__ = ["assumptions"]

_POINTS, _SHARE, _DAYS = "{:+.1f} points", "{:.0%}", "{:g} days"


def assumptions(
    assets: Sequence[str] = ("BTC",),
    *,
    vols: Mapping[str, float] | None = None,
    reactions: Mapping[str, Reaction] | None = None,
) -> pd.DataFrame:
    """Everything that the rules of scenarios assume about some assets, in words and numbers.

    Parameters
    ----------
    assets : sequence of str
    vols : mapping of asset to float, optional
        30-day vol now, which sets how far vol rises; see `Reaction.at`. By default 60 %.
    reactions : mapping of asset to Reaction, optional
        As in `hedging.paths.student_t`.

    Returns
    -------
    DataFrame
        One row an assumption: ``asset, what, value, source``.

    Examples
    --------
    >>> table = assumptions(["SOL"])
    >>> str(table.loc[table["what"] == "fitted to", "value"].item())
    'ETH: none was fitted to SOL, a guess'
    """
    rows: list[tuple[str, str, str, str]] = []
    for asset in assets:
        chosen = (reactions or {}).get(asset)
        rule = measured(asset, reactions)
        if chosen is None and vols and asset in vols:
            rule = rule.at(vols[asset])
        source = _source(asset, rule)
        rows += [(asset, what, value, source) for what, value in _rules(asset, rule)]
        rows += [] if chosen is not None else [(asset, *_now(asset, vols or {}))]
    rows += [("all", what, value, source) for what, value, source in _COMMON]
    return pd.DataFrame(rows, columns=["asset", "what", "value", "source"])


def _source(asset: str, rule: Reaction) -> str:
    if not rule.fitted_to:
        return "given by the user"
    return "fitted, see hedging.paths.reactions" if rule.fitted_to == asset else f"fitted to {rule.fitted_to}"


def _now(asset: str, vols: Mapping[str, float]) -> tuple[str, str, str]:
    """The vol that the rises of vol are those at."""
    what = "30-day vol now, which its rises depend on"
    if asset in vols:
        return what, f"{vols[asset]:.1%}", "the surface"
    return what, f"not given: those at {_SHARE.format(CALM)}", "convention"


def _rules(asset: str, rule: Reaction) -> list[tuple[str, str]]:
    """The rules of one asset, what they are first."""
    guess = f"{rule.fitted_to}: none was fitted to {asset}, a guess"
    fitted = "nothing" if not rule.fitted_to else rule.fitted_to if rule.fitted_to == asset else guess
    return [
        ("fitted to", fitted),
        (
            "30-day vol per 10 % of a remembered fall",
            f"{_POINTS.format(100 * rule.vol_rise)} beyond the first {_SHARE.format(rule.grace)}, half of the fall forgotten "
            f"in {_DAYS.format(rule.memory)}",
        ),
        (
            "30-day vol per 10 % of a sudden fall",
            f"{_POINTS.format(100 * rule.vol_speed)} beyond the first {_SHARE.format(rule.speed_grace)}, half of it forgotten in "
            f"{_DAYS.format(rule.speed_memory)}",
        ),
        ("vol when spot rises", "the fall is made up for; beyond that no move"),
        ("vol of other tenors", f"(30 days / tenor)^{rule.tenor_power:g} of the 30-day vol's move"),
        ("25-delta risk reversal", f"{-rule.skew_rise:+.2f} of what vol rises by"),
        (
            "bid-ask spread",
            f"times 1 {rule.spread_rise:+.2f} per 10 % of a remembered fall {rule.spread_speed:+.2f} per 10 % a day; the size "
            "quoted shrinks alike",
        ),
        (
            "funding per 8 hours per 10 % of a remembered fall",
            f"{-100 * rule.funding_fall:+.3f} %, half forgotten in {_DAYS.format(rule.funding_memory)}, by "
            f"{100 * rule.funding_cap:.2g} % at most",
        ),
        ("carry of forwards", f"{-100 * rule.carry_speed + 0.0:+.2f} % a year per 10 % a day"),
        ("smile", f"each moneyness keeps its vol; stickiness {rule.stickiness:g}"),
        (
            "drawn vol beside the price",
            f"{_SHARE.format(rule.noise)} of vol in the long run, half gone in {_DAYS.format(rule.noise_half_life)}; skew "
            f"{_SHARE.format(rule.skew_noise)}, term {_SHARE.format(rule.term_noise)} of vol, carry "
            f"{100 * rule.carry_noise:g} % a year, half gone in {_DAYS.format(rule.shape_half_life)}",
        ),
        *(
            [("log-price lost per log-price lost by BTC", f"{STRESS_BETA[asset]:g}")]
            if asset in STRESS_BETA
            else []
        ),
    ]


_COMMON = (
    ("mean of drawn spot", "the forward, on every date", "by construction"),
    ("distribution of drawn spot", "the one that the surface implies, on every date", "by construction"),
    ("order of drawn scenarios", "Student-t of 4 degrees by steps of a week at most; or jumps, six a year, of 40 % of variance", "convention"),
    ("surface as time passes", "paths: each tenor keeps its vol; drawn: each expiry keeps its forward variance", "convention"),
    ("settlement on paths", "at 08:00 UTC the mean of spot over the last 30 minutes; elsewhere spot at expiry", "exchanges"),
    ("settlement on grids and under floors", "at the level of the grid", "convention"),
    ("delivery of shares", "none: an option is worth its payoff, and the shares held stay", "not modelled"),
    ("volume and liquidations by others", "none", "not modelled"),
)  # fmt: skip
