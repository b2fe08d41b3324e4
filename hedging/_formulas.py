"""Black-Scholes-Merton written once, for three arithmetics: floats, arrays and machine code.

Every function here is built from a handful of primitives (`Arithmetic`), and has no branches: what a Python
float, a numpy block and a compiled loop compute is the same text. Nothing is checked.

The value rests on the out-of-the-money side alone. With A = S exp(-qT) and B = K exp(-rT), the discounted
legs, h = |ln(A/B)| / s and s = vol sqrt(T), the normal tails lie at a = h - s/2 (below the smaller leg) and
b = h + s/2 (below the larger), share one density, min(A, B) n(a) = max(A, B) n(b), and

    time value = min(A, B) n(a) (R(a) - R(b)),    R(y) = N(-y) / n(y), the Mills ratio.

In the wings the two ratios are close to 1/y and keep their digits, where the textbook difference of two tiny
tails loses them; an option in the money is its intrinsic value plus the same time value (put-call parity).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

Number = Any  # a float, an array of them, or a double inside a compiled loop
Function = Callable[..., Any]

BLOCK = 8192  # entries that go through the formulas at once: some dozen rows of them fit in the cache

DONE, REFUSED, OVERFLOW = 0, 1, 2  # outcomes of a sweep over blocks

INV_SQRT_2PI = 0.3989422804014327
SQRT_2PI = 2.5066282746310002
ROUNDING = 2.0**-53
FAR = 1e150  # stands for infinitely many standard deviations; its square is infinite and its density 0

# M(y) = R(y) / sqrt(2 pi) for all y >= 0 at once. With c = 1 / sqrt(2 pi), (y + 2c) M(y) is c at both ends and
# between them hardly more, c + (1 - z^2) p(z) with z = (y - 5) / (y + 5), so that rounding in p counts little.
# p is the Chebyshev interpolation at 120 nodes in 50 digits, cut at degree 21, where the error of M is 5e-17;
# lowest power first.
MILLS = (
    0.04702697034084335,
    -0.06255729504567631,
    0.05459803987537943,
    -0.03620706228321866,
    0.018524691364166374,
    -0.006937788259697766,
    0.0015369811546316202,
    6.50135862876168e-05,
    -0.00018346578940526013,
    4.566572042708317e-05,
    1.10817062928214e-05,
    -8.135998669275037e-06,
    -1.5738818422115145e-07,
    1.1801348701890986e-06,
    -9.121123891129196e-08,
    -1.7585590686506587e-07,
    2.102768806630685e-08,
    2.7663653101989484e-08,
    -3.036750781481169e-09,
    -4.003575260396138e-09,
    2.463031242713736e-10,
    3.609700923940185e-10,
)


class Arithmetic(NamedTuple):
    """The primitives that differ between floats, arrays and machine code."""

    exp: Function
    log: Function  # -inf at 0, inf at inf
    sqrt: Function
    mills: Function  # two scaled Mills ratios at once: y1, y2 -> M(y1), M(y2), with M = R / sqrt(2 pi)
    where: Function
    minimum: Function
    maximum: Function
    copysign: Function
    ratio: Function  # top / bottom, 0 where top is 0
    product: Function  # a * b, 0 where either is 0
    compile: Callable[[Function], Any]  # applied to every function below


class Terms(NamedTuple):
    """Inputs and shared parts of the formulas of first order, discounted."""

    w: Number  # +1 call, -1 put
    S: Number
    K: Number
    T: Number
    r: Number
    v: Number
    q: Number
    D: Number  # discount factor
    Q: Number  # yield factor
    root: Number  # sqrt(T)
    s: Number  # vol sqrt(T)
    x: Number  # ln(A/B)
    n: Number  # A n(d1) = B n(d2)
    n_s: Number  # n / s, 0 where n is
    decay: Number  # n vol / (2 sqrt(T))
    N1: Number  # N(w d1)
    N2: Number  # N(w d2)
    spot_leg: Number  # A N1
    strike_leg: Number  # B N2, 0 for an infinite strike that is never paid
    r_leg: Number  # r * strike_leg
    T_leg: Number  # T * strike_leg
    price: Number


class Moneyness(NamedTuple):
    """What the formulas of higher order need besides; all of it 0 where the density is."""

    m: Number  # ln(A/B) / s^2, so that d1 = s (m + 1/2) and d2 = s (m - 1/2)
    d1d2: Number
    drift: Number  # n / s times the calendar speed of -d1 s
    bend: Number  # vega decay: n (1 + d1 d2) / (2 sqrt(T))
    blur: Number  # colour: n / s (q + speed (m + 1/2) + 1 / (2 T))
    zoom: Number  # n / s (d1 d2 - 1) / vol
    dual: Number  # n / (s K^2)


def compiled(ar: Arithmetic, function: Function) -> Function:
    """Return the function as the arithmetic wants it: as it is, or as machine code."""
    result: Function = ar.compile(function)
    return result


def evaluate_mills(y: Number) -> Number:
    """M(y) = R(y) / sqrt(2 pi) for y >= 0, of a float or inside a compiled loop."""
    t = 1.0 / (y + 5.0)
    u = (y + y) * t  # 1 + z, and 10 t is 1 - z
    z = u - 1.0
    p = MILLS[21]
    for k in range(20, -1, -1):
        p = p * z + MILLS[k]
    return (INV_SQRT_2PI + p * u * (10.0 * t)) / (y + 2.0 * INV_SQRT_2PI)


def build_tails(ar: Arithmetic) -> Function:
    """Return ``tails(x, s) -> h, a, g, M(|a|), M(b)`` of x = |ln(A/B)|, with g = exp(-a^2/2)."""
    exp, mills, minimum, ratio = ar.exp, ar.mills, ar.minimum, ar.ratio

    def tails(x: Number, s: Number) -> tuple[Number, ...]:
        h = minimum(ratio(x, s), FAR)  # 0 at the money whatever s is, 0 included
        a = h - 0.5 * s
        b = h + 0.5 * s
        near, far = mills(abs(a), b)
        return h, a, exp(-0.5 * a * a), near, far

    return compiled(ar, tails)


def build_value(ar: Arithmetic) -> Function:
    """Return ``value(w, A, B, a, g, M(|a|), M(b))`` of an option on the discounted legs A and B."""
    where, minimum, maximum, copysign = ar.where, ar.minimum, ar.maximum, ar.copysign

    def value(w: Number, A: Number, B: Number, a: Number, g: Number, near: Number, far: Number) -> Number:
        # Near the money from the maximum down: the intrinsic value carries the rounding of both legs in full.
        base = where(a < 0.0, where(w > 0.0, A, B), maximum(w * (A - B), 0.0))
        return base + minimum(A, B) * (g * (copysign(near, a) - far))

    return compiled(ar, value)


def build_black(ar: Arithmetic) -> Function:
    """Return ``black(w, A, B, x, s)``, the value on discounted legs with x = ln(A/B)."""
    tails, value = build_tails(ar), build_value(ar)

    def black(w: Number, A: Number, B: Number, x: Number, s: Number) -> Number:
        _, a, g, near, far = tails(abs(x), s)
        return value(w, A, B, a, g, near, far)

    return compiled(ar, black)


def build_price(ar: Arithmetic) -> Function:
    """Return ``price(w, S, K, T, r, v, q)``."""
    exp, log, sqrt, ratio, black = ar.exp, ar.log, ar.sqrt, ar.ratio, build_black(ar)

    def price(w: Number, S: Number, K: Number, T: Number, r: Number, v: Number, q: Number) -> Number:
        x = log(ratio(S, K)) + (r - q) * T
        return black(w, S * exp(-q * T), K * exp(-r * T), x, v * sqrt(T))

    return compiled(ar, price)


def build_terms(ar: Arithmetic) -> Function:
    """Return ``terms(w, S, K, T, r, v, q) -> Terms``."""
    exp, log, sqrt, where = ar.exp, ar.log, ar.sqrt, ar.where
    minimum, maximum, ratio, product = ar.minimum, ar.maximum, ar.ratio, ar.product
    tails, value_of = build_tails(ar), build_value(ar)

    def terms(w: Number, S: Number, K: Number, T: Number, r: Number, v: Number, q: Number) -> Terms:
        D = exp(-r * T)
        Q = exp(-q * T)
        A = S * Q
        B = K * D
        root = sqrt(T)
        s = v * root
        x = log(ratio(S, K)) + (r - q) * T
        _, a, g, near, far = tails(abs(x), s)
        value = value_of(w, A, B, a, g, near, far)
        low = minimum(A, B)
        below = x <= 0.0
        paying = (w > 0.0) != below  # in the money: its probabilities are one minus the other side's
        near = g * near
        far = low / maximum(A, B) * g * far
        near = where((a < 0.0) != paying, 1.0 - near, near)
        far = where(paying, 1.0 - far, far)
        N1 = where(below, near, far)
        N2 = where(below, far, near)
        leg = product(B, N2)
        n = low * (INV_SQRT_2PI * g)
        return Terms(
            w, S, K, T, r, v, q, D, Q, root, s, x, n,
            ratio(n, s), ratio(n * v, 2.0 * root), N1, N2, A * N1, leg, product(r, leg), product(T, leg),
            value,
        )  # fmt: skip

    return compiled(ar, terms)


def build_moneyness(ar: Arithmetic) -> Function:
    """Return ``moneyness(terms) -> Moneyness``."""
    where, ratio, product = ar.where, ar.ratio, ar.product

    def moneyness(t: Terms) -> Moneyness:
        # On the kink m is the limit of x / s^2 as time runs out, and 0 as vol does.
        kink = where(t.T == 0.0, ratio(t.r - t.q, t.v * t.v + where(t.v == 0.0, 1.0, 0.0)), 0.0)
        m = where(t.x == 0.0, kink, ratio(t.x, t.s * t.s))
        m = where(t.n == 0.0, 0.0, m)
        sm = t.s * m
        d1d2 = sm * sm - 0.25 * t.s * t.s
        speed = t.r - t.q - 0.5 * t.v * t.v * (m - 0.5)
        return Moneyness(
            m,
            d1d2,
            ratio(t.n * speed, t.s),
            ratio(t.n * (1.0 + d1d2), 2.0 * t.root),
            ratio(product(t.n, t.q + speed * (m + 0.5) + ratio(0.5, t.T)), t.s),
            ratio(t.n_s * (d1d2 - 1.0), t.v),
            ratio(ratio(t.n_s, t.K), t.K),
        )

    return compiled(ar, moneyness)


# Haug, The Complete Guide to Option Pricing Formulas, 2nd ed., ch. 2, rearranged so that the limits hold.
# Derivatives per 1.00 of each variable and per year; those to time are to calendar time.
FIRST: dict[str, Callable[[Terms], Number]] = {
    "price": lambda t: t.price,
    "delta": lambda t: t.w * t.Q * t.N1,
    "gamma": lambda t: t.n_s / t.S / t.S,
    "vega": lambda t: t.n * t.root,
    "theta": lambda t: t.w * (t.q * t.spot_leg - t.r_leg) - t.decay,
    "rho": lambda t: t.w * t.T_leg,
    "rho_yield": lambda t: -t.w * t.T * t.spot_leg,
    "rho_forward": lambda t: -t.T * t.price,  # the forward held: only the discount factor moves
    "dual_delta": lambda t: -t.w * t.D * t.N2,
}
HIGHER: dict[str, Callable[[Terms, Moneyness], Number]] = {
    "vanna": lambda t, u: -t.n * t.root * (u.m - 0.5) / t.S,
    "volga": lambda t, u: t.n * t.T * t.s * (u.m + 0.5) * (u.m - 0.5),
    "charm": lambda t, u: t.w * t.q * t.Q * t.N1 - u.drift / t.S,
    "veta": lambda t, u: t.n * t.root * (t.q + (t.r - t.q) * (u.m + 0.5)) - u.bend,
    "speed": lambda t, u: -t.n_s * (u.m + 1.5) / t.S / t.S / t.S,
    "zomma": lambda t, u: u.zoom / t.S / t.S,
    "color": lambda t, u: u.blur / t.S / t.S,
    "dual_gamma": lambda _, u: u.dual,
    "ultima": lambda t, u: (
        -t.n * t.root * t.T * ((u.m + 0.5) * (u.m - 0.5) * (1.0 - u.d1d2) + 2.0 * u.m * u.m + 0.5)
    ),
}
# Of a coin-settled option at zero rates, in coin; S is the forward. Delta is the premium-adjusted one,
# delta - price / S without the cancellation, and gamma is its slope.
COIN: dict[str, Callable[[Terms], Number]] = {
    "coin_price": lambda t: t.price / t.S,
    "coin_delta": lambda t: t.w * t.strike_leg / t.S,
    "coin_gamma": lambda t: (t.n_s - t.w * t.strike_leg) / t.S / t.S,
    "coin_vega": lambda t: t.n * t.root / t.S,
    "coin_theta": lambda t: -t.decay / t.S,
}
OTHER: dict[str, Callable[[Terms], Number]] = {
    "elasticity": lambda t: (
        t.w * ((t.spot_leg + 5e-324) / t.price)
    ),  # infinite, not NaN, for a worthless option
    "in_the_money": lambda t: t.N2,
}
