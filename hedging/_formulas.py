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

INV_SQRT_2PI = 0.3989422804014327
SQRT_2PI = 2.5066282746310002
ROUNDING = 2.0**-53
FAR = 1e150  # stands for infinitely many standard deviations; its square is infinite and its density 0

# (y + 4) R(y) as a polynomial in z = (y - 4) / (y + 4), for all y >= 0 at once: Chebyshev interpolation at 80
# nodes with 40 digits, cut at degree 23 where the next term is below 1e-17, lowest power first. Evaluated
# in float64 it is within 4.4 roundings of the truth (scipy's erfcx: 9.1).
MILLS = (
    1.8932190633084853,
    -1.5237709108199835,
    0.9704095548676177,
    -0.4675409629983325,
    0.1513917623110474,
    -0.018900450861711257,
    -0.008722295248200037,
    0.004087855681200072,
    0.0003342443649391365,
    -0.0005792693046478719,
    -4.781834677436329e-06,
    8.809573121072337e-05,
    1.7912419621396938e-06,
    -1.4843277679080294e-05,
    -1.5665301434775512e-06,
    2.568755311229722e-06,
    6.635890483495518e-07,
    -4.00493929251171e-07,
    -1.974812079272745e-07,
    4.473060051450323e-08,
    4.027496644667924e-08,
    -1.4722998923746307e-09,
    -4.232837128668023e-09,
    -3.0073979672398766e-10,
)


class Arithmetic(NamedTuple):
    """The primitives that differ between floats, arrays and machine code."""

    exp: Function
    log: Function  # -inf at 0, inf at inf
    sqrt: Function
    mills: Function  # two Mills ratios at once: y1, y2 -> R(y1), R(y2)
    where: Function
    minimum: Function
    maximum: Function
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
    """R(y) for y >= 0, of a float or inside a compiled loop."""
    t = 1.0 / (y + 4.0)
    z = (y - 4.0) * t
    p = MILLS[23]
    for k in range(22, -1, -1):
        p = p * z + MILLS[k]
    return p * t


def build_tails(ar: Arithmetic) -> Function:
    """Return ``tails(x, s) -> h, a, n(a), R(|a|), R(b)`` of x = |ln(A/B)|."""
    exp, mills, minimum, ratio = ar.exp, ar.mills, ar.minimum, ar.ratio

    def tails(x: Number, s: Number) -> tuple[Number, ...]:
        h = minimum(ratio(x, s), FAR)  # 0 at the money whatever s is, 0 included
        a = h - 0.5 * s
        b = h + 0.5 * s
        near, far = mills(abs(a), b)
        return h, a, INV_SQRT_2PI * exp(-0.5 * a * a), near, far

    return compiled(ar, tails)


def build_time_value(ar: Arithmetic) -> Function:
    """Return ``time_value(x, s)``, in units of min(A, B)."""
    where, tails = ar.where, build_tails(ar)

    def time_value(x: Number, s: Number) -> Number:
        _, a, pdf, near, far = tails(x, s)
        return where(a < 0.0, 1.0 - pdf * (near + far), pdf * (near - far))

    return compiled(ar, time_value)


def build_price(ar: Arithmetic) -> Function:
    """Return ``price(w, S, K, T, r, v, q)``."""
    exp, log, sqrt = ar.exp, ar.log, ar.sqrt
    minimum, maximum, ratio, time_value = ar.minimum, ar.maximum, ar.ratio, build_time_value(ar)

    def price(w: Number, S: Number, K: Number, T: Number, r: Number, v: Number, q: Number) -> Number:
        A = S * exp(-q * T)
        B = K * exp(-r * T)
        x = log(ratio(S, K)) + (r - q) * T
        return maximum(w * (A - B), 0.0) + minimum(A, B) * time_value(abs(x), v * sqrt(T))

    return compiled(ar, price)


def build_terms(ar: Arithmetic) -> Function:
    """Return ``terms(w, S, K, T, r, v, q) -> Terms``."""
    exp, log, sqrt, where = ar.exp, ar.log, ar.sqrt, ar.where
    minimum, maximum, ratio, product = ar.minimum, ar.maximum, ar.ratio, ar.product
    tails = build_tails(ar)

    def terms(w: Number, S: Number, K: Number, T: Number, r: Number, v: Number, q: Number) -> Terms:
        D = exp(-r * T)
        Q = exp(-q * T)
        A = S * Q
        B = K * D
        root = sqrt(T)
        s = v * root
        x = log(ratio(S, K)) + (r - q) * T
        _, a, pdf, near, far = tails(abs(x), s)
        low = minimum(A, B)
        n = low * pdf
        inside = a < 0.0
        value = where(inside, 1.0 - pdf * (near + far), pdf * (near - far))
        paying = w * x > 0.0  # in the money: its probability is one minus the other side's
        near = pdf * near
        far = n / maximum(A, B) * far
        near = where(inside != paying, 1.0 - near, near)
        far = where(paying, 1.0 - far, far)
        below = x <= 0.0
        N1 = where(below, near, far)
        N2 = where(below, far, near)
        leg = product(B, N2)
        return Terms(
            w, S, K, T, r, v, q, D, Q, root, s, x, n,
            ratio(n, s), ratio(n * v, 2.0 * root), N1, N2, A * N1, leg, product(r, leg), product(T, leg),
            maximum(w * (A - B), 0.0) + low * value,
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
