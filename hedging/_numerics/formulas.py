"""Black-Scholes-Merton written once, for three arithmetics: floats, arrays and machine code.

Every function here is built from a handful of primitives (`Arithmetic`), and has no branches: what a Python
float, a numpy block and a compiled loop compute is the same text. Nothing is checked.

With A = S exp(-qT) and B = K exp(-rT), the discounted legs, and x = ln(A/B), s = vol sqrt(T), d1 = x/s + s/2,
d2 = x/s - s/2, both normal tails share one density, A n(d1) = B n(d2) = n, and

    w N(w d1) = k1 - n/A R1,  w N(w d2) = k2 - n/B R2,  value = (A k1 - B k2) - n (R1 - R2),

where R is the Mills ratio N(-|d|) / n(d) with the sign of d, and k is 1, 0 or -1: what w N(w d) is without vol.
In the wings the two ratios are close to 1/d and keep their digits, where the textbook difference of two tiny
tails loses them; an option in the money is its intrinsic value plus the same time value (put-call parity).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

Number = Any  # a float, an array of them, or a double inside a compiled loop
Function = Callable[..., Any]

DONE, REFUSED, OVERFLOW = 0, 1, 2  # outcomes of a sweep over blocks

INV_SQRT_2PI = 0.3989422804014327
SQRT_2PI = 2.5066282746310002
ROUNDING = 2.0**-53
LEAST = 5e-324  # smallest positive float64
TINY = 1e-300  # stands for a divisor of zero where the quotient does not matter
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

    number: Callable[[float], Number]  # a constant, as this arithmetic likes it
    exp: Function
    log: Function  # -inf at 0, inf at inf
    log1p: Function  # of y >= 0
    sqrt: Function
    mills: (
        Function  # d1, d2 -> M(|d1|), M(|d2|) with the signs of d1, d2: scaled Mills ratios, R / sqrt(2 pi)
    )
    where: Function
    minimum: Function
    maximum: Function
    copysign: Function
    discount: Function  # rate, time -> exp(-rate time)
    distance: Function  # x, s -> x / s, 0 where x is 0, no larger than FAR
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
    N1: Number  # w N(w d1)
    N2: Number  # w N(w d2)
    spot_leg: Number  # A N1
    strike_leg: Number  # B N2, 0 for an infinite strike that is never paid
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


(_M0, _M1, _M2, _M3, _M4, _M5, _M6, _M7, _M8, _M9, _M10) = MILLS[:11]
(_M11, _M12, _M13, _M14, _M15, _M16, _M17, _M18, _M19, _M20, _M21) = MILLS[11:]


def evaluate_mills(y: Number) -> Number:
    """M(y) = R(y) / sqrt(2 pi) for y >= 0, of a float or inside a compiled loop."""
    t = 1.0 / (y + 5.0)
    u = (y + y) * t  # 1 + z, and 10 t is 1 - z
    z = u - 1.0
    # Four polynomials in z^4 side by side, because a processor would wait for each step of a single one; and
    # written out, because a loop costs floats twice the time.
    z2 = z * z
    z4 = z2 * z2
    p0 = ((((_M20 * z4 + _M16) * z4 + _M12) * z4 + _M8) * z4 + _M4) * z4 + _M0
    p1 = ((((_M21 * z4 + _M17) * z4 + _M13) * z4 + _M9) * z4 + _M5) * z4 + _M1
    p2 = (((_M18 * z4 + _M14) * z4 + _M10) * z4 + _M6) * z4 + _M2
    p3 = (((_M19 * z4 + _M15) * z4 + _M11) * z4 + _M7) * z4 + _M3
    p = (p2 * z2 + p0) + z * (p3 * z2 + p1)
    return (INV_SQRT_2PI + p * u * (10.0 * t)) / (y + 2.0 * INV_SQRT_2PI)


def build_deviations(ar: Arithmetic) -> Function:
    """Return ``deviations(x, s) -> d, g, d1, d2`` of x = ln(A/B), with d = x / s, d1 = d + s/2 and d2 = d - s/2.

    g is exp(-y^2/2) of the smaller y = |d1| or |d2|. With m = M(|d|) with the sign of d, the tails beyond d1 and d2
    are g min(A, B)/A |m1| and g min(A, B)/B |m2|.
    """
    exp, distance = ar.exp, ar.distance
    half, minus_half = ar.number(0.5), ar.number(-0.5)

    def deviations(x: Number, s: Number) -> tuple[Number, ...]:
        d, half_s = distance(x, s), half * s
        near = abs(d) - half_s
        return d, exp(minus_half * (near * near)), d + half_s, d - half_s

    return compiled(ar, deviations)


def build_legs(ar: Arithmetic) -> Function:
    """Return ``legs(w, A, B, g, m1, m2) -> price, n, k1, k2``; w N(w d1) is k1 - n/A m1, w N(w d2) k2 - n/B m2.

    n is sqrt(2 pi) times A n(d1) = B n(d2). The numbers k are 1, 0 or -1: what w N(w d) is without vol. So the
    price is what the option pays without vol and the time value on top; but near the money it is the most that
    the option can be worth, A or B, less what is missing, for A - B carries the rounding of both in full.
    """
    minimum, copysign, product = ar.minimum, ar.copysign, ar.product
    half = ar.number(0.5)

    def legs(w: Number, A: Number, B: Number, g: Number, m1: Number, m2: Number) -> tuple[Number, ...]:
        half_w = half * w
        k1, k2 = copysign(half, m1) + half_w, copysign(half, m2) + half_w
        low = minimum(A, B)
        return A * k1 - product(B, k2) - low * (g * (m1 - m2)), low * g, k1, k2

    return compiled(ar, legs)


def build_black(ar: Arithmetic) -> Function:
    """Return ``black(w, A, B, x, s)``, the value on discounted legs with x = ln(A/B)."""
    mills, deviations, legs = ar.mills, build_deviations(ar), build_legs(ar)

    def black(w: Number, A: Number, B: Number, x: Number, s: Number) -> Number:
        _, g, d1, d2 = deviations(x, s)
        m1, m2 = mills(d1, d2)
        return legs(w, A, B, g, m1, m2)[0]

    return compiled(ar, black)


def build_spread(ar: Arithmetic) -> Function:
    """Return ``spread(S, K, T, r, v, q) -> x, s, root``: log-moneyness, total deviation, and the root of time."""
    log, sqrt, ratio = ar.log, ar.sqrt, ar.ratio

    def spread(S: Number, K: Number, T: Number, r: Number, v: Number, q: Number) -> tuple[Number, ...]:
        root = sqrt(T)
        return log(ratio(S, K)) + (r - q) * T, v * root, root

    return compiled(ar, spread)


def build_price(ar: Arithmetic) -> Function:
    """Return ``price(w, S, K, T, r, v, q)``."""
    discount, spread, black = ar.discount, build_spread(ar), build_black(ar)

    def price(w: Number, S: Number, K: Number, T: Number, r: Number, v: Number, q: Number) -> Number:
        x, s, _ = spread(S, K, T, r, v, q)
        return black(w, S * discount(q, T), K * discount(r, T), x, s)

    return compiled(ar, price)


def build_collect(ar: Arithmetic) -> Function:
    """Return ``collect(inputs, discounts, spread, tails) -> Terms``; tails are g, m1, m2 of `deviations`."""
    ratio, product, legs, density = ar.ratio, ar.product, build_legs(ar), ar.number(INV_SQRT_2PI)

    def collect(
        inputs: tuple[Number, ...],
        discounts: tuple[Number, Number],
        spread: tuple[Number, ...],
        tails: tuple[Number, ...],
    ) -> Terms:
        w, S, K, T, r, v, q = inputs
        D, Q = discounts
        x, s, root = spread
        g, m1, m2 = tails
        A, B = S * Q, K * D
        price, n, k1, k2 = legs(w, A, B, g, m1, m2)
        N1 = k1 - ratio(n, A) * m1
        N2 = k2 - ratio(n, B) * m2
        n = density * n
        return Terms(
            w, S, K, T, r, v, q, D, Q, root, s, x, n, ratio(n, s), N1, N2, A * N1, product(B, N2), price
        )  # fmt: skip

    return compiled(ar, collect)


def build_terms(ar: Arithmetic) -> Function:
    """Return ``terms(w, S, K, T, r, v, q) -> Terms``."""
    discount, mills = ar.discount, ar.mills
    spread, deviations, collect = build_spread(ar), build_deviations(ar), build_collect(ar)

    def terms(w: Number, S: Number, K: Number, T: Number, r: Number, v: Number, q: Number) -> Terms:
        x, s, root = spread(S, K, T, r, v, q)
        _, g, d1, d2 = deviations(x, s)
        discounts, tails = (discount(r, T), discount(q, T)), (g, *mills(d1, d2))
        return collect((w, S, K, T, r, v, q), discounts, (x, s, root), tails)  # type: ignore[no-any-return]

    return compiled(ar, terms)


def build_moneyness(ar: Arithmetic) -> Function:
    """Return ``moneyness(terms) -> Moneyness``."""
    where, distance, ratio, product = ar.where, ar.distance, ar.ratio, ar.product

    def moneyness(t: Terms) -> Moneyness:
        # On the kink m is the limit of x / s^2 as time runs out, and 0 as vol does. A distance, because its
        # square stays finite: what multiplies it may be 0.
        variance = t.v * t.v
        kink = where(t.T == 0.0, distance(t.r - t.q, variance + where(variance == 0.0, 1.0, 0.0)), 0.0)
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
FIRST = (
    "price",
    "delta",
    "gamma",
    "vega",
    "theta",
    "rho",
    "rho_yield",
    "rho_forward",
    "dual_delta",
)
COIN = ("coin_price", "coin_delta", "coin_gamma", "coin_vega", "coin_theta")
OTHER = ("elasticity", "in_the_money")


def build_values(ar: Arithmetic) -> dict[str, Callable[[Terms], Number]]:
    """Return the values of first order by name, those of FIRST, COIN and OTHER, each a function of the terms."""
    product, half = ar.product, ar.number(0.5)

    def _decay(t: Terms) -> Number:
        return product(t.n_s, half * (t.v * t.v))  # n vol / (2 sqrt(T))

    decay = compiled(ar, _decay)
    return {
        "price": lambda t: t.price,
        "delta": lambda t: t.Q * t.N1,
        "gamma": lambda t: t.n_s / t.S / t.S,
        "vega": lambda t: t.n * t.root,
        "theta": lambda t: t.q * t.spot_leg - product(t.r, t.strike_leg) - decay(t),
        "rho": lambda t: product(t.T, t.strike_leg),
        "rho_yield": lambda t: -(t.T * t.spot_leg),
        "rho_forward": lambda t: -(t.T * t.price),  # the forward held: only the discount factor moves
        "dual_delta": lambda t: -(t.D * t.N2),
        # Of a coin-settled option at zero rates, in coin; S is the forward. Delta is the premium-adjusted one,
        # delta - price / S without the cancellation, and gamma is its slope.
        "coin_price": lambda t: t.price / t.S,
        "coin_delta": lambda t: t.strike_leg / t.S,
        "coin_gamma": lambda t: (t.n_s - t.strike_leg) / t.S / t.S,
        "coin_vega": lambda t: t.n * t.root / t.S,
        "coin_theta": lambda t: -decay(t) / t.S,
        # Infinite, not NaN, for a worthless option.
        "elasticity": lambda t: t.w * ((t.w * t.spot_leg + LEAST) / t.price),
        "in_the_money": lambda t: t.w * t.N2,
    }


HIGHER: dict[str, Callable[[Terms, Moneyness], Number]] = {
    "vanna": lambda t, u: -t.n * t.root * (u.m - 0.5) / t.S,
    "volga": lambda t, u: t.n * t.T * t.s * (u.m + 0.5) * (u.m - 0.5),
    "charm": lambda t, u: t.q * t.Q * t.N1 - u.drift / t.S,
    "veta": lambda t, u: t.n * t.root * (t.q + (t.r - t.q) * (u.m + 0.5)) - u.bend,
    "speed": lambda t, u: -t.n_s * (u.m + 1.5) / t.S / t.S / t.S,
    "zomma": lambda t, u: u.zoom / t.S / t.S,
    "color": lambda t, u: u.blur / t.S / t.S,
    "dual_gamma": lambda _, u: u.dual,
    "ultima": lambda t, u: (
        -t.n * t.root * t.T * ((u.m + 0.5) * (u.m - 0.5) * (1.0 - u.d1d2) + 2.0 * u.m * u.m + 0.5)
    ),
}
