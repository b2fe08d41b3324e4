"""Implied vol, written once like `_formulas`: a start within a fifth of the answer, then two steps of order four.

The idea of the normalised out-of-the-money value, and of solving for its logarithm (of its distance from the
maximum in the upper half), is Jäckel's, "Let's be rational", Wilmott 2015. The start is ours: the larger of
two lower bounds, one exact for small total deviations, one for far strikes. A grid of 500,000 points over all
attainable values needs no third step.
"""

from __future__ import annotations

import math

from hedging._numerics.formulas import (
    INV_SQRT_2PI,
    LEAST,
    ROUNDING,
    SQRT_2PI,
    TINY,
    Arithmetic,
    Function,
    Number,
    build_deviations,
    compiled,
)

OK, INVALID, BELOW, ABOVE, NO_INFORMATION, NOT_CONVERGED = range(6)
STATUS = ("ok", "invalid input", "below intrinsic", "above maximum", "no information", "not converged")

# A vol is reported only where rounding of the inputs leaves two digits of it.
BLUR = 0.01

# Hastings' rational approximation of the normal quantile: Abramowitz and Stegun 26.2.23, error < 4.5e-4.
_TOP = (2.515517, 0.802853, 0.010328)
_BOTTOM = (1.432788, 0.189269, 0.001308)
# h as a function of n(h)/h - N(-h), the inverse of Bachelier's formula, to 6e-4 for all 0 < h < 36: least
# squares, reweighted towards the largest error.
_RISE = (0.22942941, -0.04931344, 0.10867525)
_FALL = (0.21720967, 0.4188112, -0.01249326, 0.05424219)


def build_small_start(ar: Arithmetic) -> Function:
    """Return ``small_start(x, value) -> s`` with s (n(h) - h N(-h)) = value and h = x/s, Bachelier's, to 6e-4."""
    log1p, sqrt, minimum, maximum = ar.log1p, ar.sqrt, ar.minimum, ar.maximum
    one, two, top, root_2pi = (ar.number(c) for c in (1.0, 2.0, 1e300, SQRT_2PI))
    close, least = ar.number(1e-17), ar.number(LEAST)  # an x that cannot be told from 0, where h is 0/0
    a1, a2, a3 = map(ar.number, _RISE)
    b1, b2, b3, b4 = map(ar.number, _FALL)

    def small_start(x: Number, value: Number) -> Number:
        x = maximum(x, maximum(close * value, least))
        y = log1p(minimum(x / (root_2pi * value), top))
        t = sqrt(two * y)
        h = y * (one + t * (a1 + t * (a2 + t * a3))) / (one + t * (b1 + t * (b2 + t * (b3 + t * b4))))
        return x / h

    return compiled(ar, small_start)


def build_tail_start(ar: Arithmetic) -> Function:
    """Return ``tail_start(x, value, rest) -> s``, a lower bound, exact for far strikes."""
    log, sqrt, where, minimum, maximum = ar.log, ar.sqrt, ar.where, ar.minimum, ar.maximum
    one, two, tiny = (ar.number(c) for c in (1.0, 2.0, TINY))
    a0, a1, a2 = map(ar.number, _TOP)
    b1, b2, b3 = map(ar.number, _BOTTOM)

    def tail_start(x: Number, value: Number, rest: Number) -> Number:
        # value < N(-a)
        y = sqrt(-(two * log(minimum(value, rest))))
        z = y - (a0 + y * (a1 + y * a2)) / (one + y * (b1 + y * (b2 + y * b3)))
        x2 = x + x
        sum_ = maximum(sqrt(z * z + x2) + z, tiny)
        return where(value < rest, x2 / sum_, sum_)

    return compiled(ar, tail_start)


def build_start(ar: Arithmetic) -> Function:
    """Return ``start(x, value, tail) -> s``, to within a fifth, from what `tail_start` returned."""
    exp, minimum, maximum, small_start = ar.exp, ar.minimum, ar.maximum, build_small_start(ar)
    one, half, tenth = (ar.number(c) for c in (1.0, 0.5, 0.1))

    def start(x: Number, value: Number, tail: Number) -> Number:
        # value < s exp(x/2) (n(h) - h N(-h)): exact for small s
        small = small_start(x, value * exp(-(half * x)))
        # Where both bounds are alike both are low; the tenth was found by trying.
        larger = maximum(tail, small)
        closeness = minimum(tail, small) / larger
        return larger * (one + tenth * (closeness * closeness))

    return compiled(ar, start)


def build_order_four(ar: Arithmetic) -> Function:
    """Return ``order_four(newton, g, b, b3)``, Householder's step of order four on ln(value), from Newton's.

    g, b, b3 are the ratios value'/value, value''/value' and the third over the first.
    """
    one, half, sixth, two, three = (ar.number(c) for c in (1.0, 0.5, 1.0 / 6.0, 2.0, 3.0))

    def order_four(newton: Number, g: Number, b: Number, b3: Number) -> Number:
        h2 = b - g
        h3 = b3 + g * (two * g - three * b)
        return newton * (one + half * h2 * newton) / (one + newton * (h2 + sixth * h3 * newton))

    return compiled(ar, order_four)


def build_step(ar: Arithmetic) -> Function:
    """Return ``step(s, v, c, d, tails) -> s, n(d1)``, one step towards the value v and the rest c.

    d is that of `deviations` at x = -|ln(A/B)| and s, and tails are g, m1 and m2.
    """
    log, where, minimum, order_four = ar.log, ar.where, ar.minimum, build_order_four(ar)
    zero, quarter, one, three, density = (ar.number(c) for c in (0.0, 0.25, 1.0, 3.0, INV_SQRT_2PI))

    def step(s: Number, v: Number, c: Number, d: Number, tails: tuple[Number, ...]) -> tuple[Number, Number]:
        g, m1, m2 = tails
        upper = v > c  # then it is the rest that is solved for
        found = abs(g * (m1 - m2))  # the value; within a deviation of the money the rest
        found = where(upper == (m1 > zero), found, one - found)
        pdf = density * g
        slope = where(upper, -pdf, pdf) / found
        t = d / s
        b = d * t - quarter * s
        b3 = b * b - three * (t * t) - quarter
        return s + order_four(log(minimum(v, c) / found) / slope, slope, b, b3), pdf

    return compiled(ar, step)


def build_problem(ar: Arithmetic) -> Function:
    """Return ``problem(inputs, discounts) -> x, value, rest, noise, difference``.

    These are |ln(A/B)|, the out-of-the-money value, what it lacks to the largest, and what rounding may do to the
    value and to the smaller of the two; all but x in units of min(A, B).
    """
    log, where, minimum, maximum = ar.log, ar.where, ar.minimum, ar.maximum
    zero, ulp = ar.number(0.0), ar.number(ROUNDING)

    def problem(inputs: tuple[Number, ...], discounts: tuple[Number, Number]) -> tuple[Number, ...]:
        w, S, K, T, r, p, q = inputs
        D, Q = discounts
        A, B = S * Q, K * D
        x = abs(log(S / K) + (r - q) * T)
        low = minimum(A, B)
        forward = w * (A - B)
        value = (p - maximum(forward, zero)) / low
        top = where(w > zero, A, B)
        rest = (top - p) / low
        noise = ulp * (A + B + p) / low
        # An out-of-the-money price carries its whole time value; any other is a difference.
        difference = where(value > rest, ulp * (top + p) / low, where(forward > zero, noise, zero))
        return x, value, rest, noise, difference

    return compiled(ar, problem)


def build_inside(ar: Arithmetic) -> Function:
    """Return ``inside(value, rest)``, the same two where there is a vol, and a half where there is none."""
    where, minimum = ar.where, ar.minimum
    zero, half, one = (ar.number(c) for c in (0.0, 0.5, 1.0))

    def inside(value: Number, rest: Number) -> tuple[Number, Number]:
        both = (value > zero) & (rest > zero)
        return where(both, minimum(value, one), half), where(both, minimum(rest, one), half)

    return compiled(ar, inside)


def build_verdict(ar: Arithmetic) -> Function:
    """Return ``verdict(value, rest, noise, blur, last, T) -> status``, one of the codes above as a float."""
    where = ar.where

    def verdict(value: Number, rest: Number, noise: Number, blur: Number, last: Number, T: Number) -> Number:
        status = where(last < 1e-3, 0.0, 1.0 * NOT_CONVERGED)
        status = where((blur > BLUR) | (value <= 0.0) | (T == 0.0), 1.0 * NO_INFORMATION, status)
        status = where(rest <= 0.0, 1.0 * ABOVE, status)
        # A price on the intrinsic value, up to rounding, carries no information; only below it is wrong.
        return where(value < -4.0 * noise, 1.0 * BELOW, status)

    return compiled(ar, verdict)


def build_answer(ar: Arithmetic) -> Function:
    """Return ``answer(problem, T, s1, s, pdf) -> vol, status``, of the last two steps and the density at the last."""
    sqrt, where, maximum = ar.sqrt, ar.where, ar.maximum
    inside, verdict = build_inside(ar), build_verdict(ar)
    zero, one, tiny = (ar.number(c) for c in (0.0, 1.0, TINY))
    close, root_2pi, cubic = (ar.number(c) for c in (1e-4, SQRT_2PI, math.pi / 12.0))

    def answer(
        problem: tuple[Number, ...], T: Number, s1: Number, s: Number, pdf: Number
    ) -> tuple[Number, Number]:
        x, value, rest, noise, difference = problem
        v, _ = inside(value, rest)
        # At the money a small value is 2 N(s/2) - 1, inverted by its series; as a difference it is all rounding.
        money = (x == zero) & (v < close)
        exact = root_2pi * v * (one + cubic * v * v)
        s, s1 = where(money, exact, s), where(money, exact, s1)
        blur = difference / maximum(pdf * s, tiny)
        return s / sqrt(T), verdict(value, rest, noise, blur, abs(s - s1) / s, T)

    return compiled(ar, answer)


def build_implied(ar: Arithmetic) -> Function:
    """Return ``implied(w, S, K, T, r, p, q) -> vol, status``; the vol means nothing unless the status is OK."""
    discount, mills, deviations = ar.discount, ar.mills, build_deviations(ar)
    problem, inside, answer = build_problem(ar), build_inside(ar), build_answer(ar)
    tail_start, start, step = build_tail_start(ar), build_start(ar), build_step(ar)

    def implied(
        w: Number, S: Number, K: Number, T: Number, r: Number, p: Number, q: Number
    ) -> tuple[Number, Number]:
        found = problem((w, S, K, T, r, p, q), (discount(r, T), discount(q, T)))
        x, value, rest, _, _ = found
        v, c = inside(value, rest)
        s = start(x, v, tail_start(x, v, c))
        for _ in range(2):
            s1 = s
            d, g, d1, d2 = deviations(-x, s1)
            s, pdf = step(s1, v, c, d, (g, *mills(d1, d2)))
        return answer(found, T, s1, s, pdf)  # type: ignore[no-any-return]

    return compiled(ar, implied)
