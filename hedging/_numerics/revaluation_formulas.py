"""What one option is worth over many scenarios of one date: the formulas once, for arrays and machine code.

All that depends on the option and the date alone is worked out beforehand (`OptionColumns`), and all that depends on the
date and the scenario alone as well (`Moves`). What is left is one pass: log-moneyness, the vol there on the
moved surface, and Black's formula on the discounted legs.
"""

from __future__ import annotations

from typing import NamedTuple

from hedging._numerics import svi
from hedging._numerics.formulas import Arithmetic, Function, Number, build_black, compiled
from hedging._numerics.vol_moves import shifted_vol, skew_bend

__all__ = ["Moves", "OptionColumns", "build_value", "build_vol"]


class OptionColumns(NamedTuple):
    """Options of one expiry on one date, each field a column (options, 1); inside a loop, numbers.

    The two slices are raw SVI whose sum is the square of the vol; see `Smile.slices_at`.
    """

    sign: Number
    spot_leg: Number  # forward over spot, discounted
    strike_leg: Number  # strike, discounted
    log_strike: Number  # ln(strike / forward) with today's spot
    root: Number  # sqrt(time to expiry)
    a: Number
    b: Number
    rho: Number
    m: Number
    s: Number
    late_a: Number
    late_b: Number
    late_rho: Number
    late_m: Number
    late_s: Number


class Moves(NamedTuple):
    """What has moved by one date, as the options of one expiry feel it; each field has shape (scenarios,) or ()."""

    spot: Number  # factor on the spot leg: spot, and what the carry has moved by where money is discounted
    money: Number  # factor on the strike leg: what the discount has moved by
    log_forward: Number  # log of the forward over that of today's spot at today's carry
    slide: Number  # added to log-moneyness where the surface is read
    vol_shift: Number
    skew_shift: Number | None  # of the risk reversal of this expiry; None if none moves in any scenario


def build_vol(ar: Arithmetic, *, skewed: bool) -> Function:
    """Return ``vol(leg, k, slide, vol_shift, skew_shift)`` at log-moneyness k."""
    sqrt = ar.sqrt
    variance, shifted, bend = (compiled(ar, f) for f in (svi.variance, shifted_vol, skew_bend))

    def vol(leg: OptionColumns, k: Number, slide: Number, vol_shift: Number, skew_shift: Number) -> Number:
        seen = k + slide
        early = variance(leg.a, leg.b, leg.rho, leg.m, leg.s, seen)
        late = variance(leg.late_a, leg.late_b, leg.late_rho, leg.late_m, leg.late_s, seen)
        level = shifted(sqrt(early + late), vol_shift)
        if skewed:
            level = shifted(level, skew_shift * bend(k, level * leg.root))
        return level

    return compiled(ar, vol)


def build_moved(ar: Arithmetic, *, skewed: bool) -> Function:
    """Return ``moved(leg, log_forward, slide, vol_shift, skew_shift) -> x, s``: ln(A/B) and total deviation."""
    vol = build_vol(ar, skewed=skewed)

    def moved(
        leg: OptionColumns, log_forward: Number, slide: Number, vol_shift: Number, skew_shift: Number
    ) -> tuple[Number, Number]:
        k = leg.log_strike - log_forward
        return -k, vol(leg, k, slide, vol_shift, skew_shift) * leg.root

    return compiled(ar, moved)


def build_value(ar: Arithmetic, *, skewed: bool) -> Function:
    """Return ``value(leg, *moves)``."""
    moved, black = build_moved(ar, skewed=skewed), build_black(ar)

    def value(
        leg: OptionColumns,
        spot: Number,
        money: Number,
        log_forward: Number,
        slide: Number,
        vol_shift: Number,
        skew_shift: Number,
    ) -> Number:
        x, s = moved(leg, log_forward, slide, vol_shift, skew_shift)
        return black(leg.sign, leg.spot_leg * spot, leg.strike_leg * money, x, s)

    return compiled(ar, value)
