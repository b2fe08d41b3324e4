"""Implied vol, written once like `_formulas`: a start within a fifth of the answer, then two steps of order four.

The idea of the normalised out-of-the-money value, and of solving for its logarithm (of its distance from the
maximum in the upper half), is Jäckel's, "Let's be rational", Wilmott 2015. The start is ours: the larger of
two lower bounds, one exact for small total deviations, one for far strikes. A grid of 500,000 points over all
attainable values needs no third step.
"""

from __future__ import annotations

from hedging._formulas import (
    INV_SQRT_2PI,
    ROUNDING,
    SQRT_2PI,
    Arithmetic,
    Function,
    Number,
    build_tails,
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
    log, sqrt, where, minimum, ratio = ar.log, ar.sqrt, ar.where, ar.minimum, ar.ratio

    def small_start(x: Number, value: Number) -> Number:
        y = minimum(ratio(x, SQRT_2PI * value), 1e300)
        y = where(y < 1e-3, y - 0.5 * y * y, log(1.0 + y))
        t = sqrt(2.0 * y)
        h = y * (1.0 + t * (_RISE[0] + t * (_RISE[1] + t * _RISE[2])))
        h = h / (1.0 + t * (_FALL[0] + t * (_FALL[1] + t * (_FALL[2] + t * _FALL[3]))))
        return where(x > 0.0, ratio(x, h), SQRT_2PI * value)

    return compiled(ar, small_start)


def build_start(ar: Arithmetic) -> Function:
    """Return ``start(x, value, rest) -> s``, to within a fifth; `rest` is 1 - value, in units of min(A, B)."""
    exp, log, sqrt, where = ar.exp, ar.log, ar.sqrt, ar.where
    minimum, maximum, ratio, small_start = ar.minimum, ar.maximum, ar.ratio, build_small_start(ar)

    def start(x: Number, value: Number, rest: Number) -> Number:
        # value < N(-a): exact for far strikes
        y = sqrt(-2.0 * log(minimum(value, rest)))
        z = y - (_TOP[0] + y * (_TOP[1] + y * _TOP[2])) / (
            1.0 + y * (_BOTTOM[0] + y * (_BOTTOM[1] + y * _BOTTOM[2]))
        )
        root = sqrt(z * z + 2.0 * x)
        tail = where(value < rest, ratio(2.0 * x, root + z), root + z)
        # value < s exp(x/2) (n(h) - h N(-h)): exact for small s
        small = small_start(x, value * exp(-0.5 * x))
        # Where both bounds are alike both are low; the tenth was found by trying.
        larger = maximum(tail, small)
        closeness = minimum(tail, small) / larger
        return larger * (1.0 + 0.1 * closeness * closeness)

    return compiled(ar, start)


def householder(newton: Number, g: Number, b: Number, b3: Number) -> Number:
    """Step of order four on ln(value), from Newton's: g, b, b3 are ratios value'/value, value''/value', ..."""
    h2 = b - g
    h3 = b3 - 3.0 * g * b + 2.0 * g * g
    return newton * (1.0 + 0.5 * h2 * newton) / (1.0 + newton * (h2 + h3 * newton / 6.0))


def build_step(ar: Arithmetic) -> Function:
    """Return ``step(x, s, target, upper) -> s, n(a)``, one step towards the target value or rest."""
    log, where, tails, order_four = ar.log, ar.where, build_tails(ar), compiled(ar, householder)

    def step(x: Number, s: Number, target: Number, upper: Number) -> tuple[Number, Number]:
        h, a, bell, near, far = tails(x, s)
        inside = a < 0.0
        value = bell * where(inside, near + far, near - far)
        value = where(upper == inside, value, 1.0 - value)
        pdf = INV_SQRT_2PI * bell
        g = where(upper, -pdf, pdf) / value
        b = h * h / s - 0.25 * s
        b3 = b * b - 3.0 * (h / s) * (h / s) - 0.25
        return s + order_four(-log(value / target) / g, g, b, b3), pdf

    return compiled(ar, step)


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


def build_implied(ar: Arithmetic) -> Function:
    """Return ``implied(w, S, K, T, r, p, q) -> vol, status``; the vol means nothing unless the status is OK."""
    exp, log, sqrt, where = ar.exp, ar.log, ar.sqrt, ar.where
    minimum, maximum, ratio = ar.minimum, ar.maximum, ar.ratio
    start, step, verdict = build_start(ar), build_step(ar), build_verdict(ar)

    def implied(
        w: Number, S: Number, K: Number, T: Number, r: Number, p: Number, q: Number
    ) -> tuple[Number, Number]:
        A = S * exp(-q * T)
        B = K * exp(-r * T)
        x = abs(log(S / K) + (r - q) * T)
        low = minimum(A, B)
        forward = w * (A - B)
        value = (p - maximum(forward, 0.0)) / low
        top = where(w > 0.0, A, B)
        rest = (top - p) / low
        noise = ROUNDING * (A + B + p) / low
        inside = (value > 0.0) & (rest > 0.0)
        v = where(inside, minimum(value, 1.0), 0.5)
        c = where(inside, minimum(rest, 1.0), 0.5)
        upper = v > c
        target = minimum(v, c)
        s1, _ = step(x, start(x, v, c), target, upper)
        s, pdf = step(x, s1, target, upper)
        # An out-of-the-money price carries its whole time value; any other is a difference.
        difference = where(upper, ROUNDING * (top + p) / low, where(forward > 0.0, noise, 0.0))
        blur = ratio(difference, pdf * s)
        return s / sqrt(where(T > 0.0, T, 1.0)), verdict(value, rest, noise, blur, abs(s - s1) / s, T)

    return compiled(ar, implied)
