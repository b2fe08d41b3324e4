"""Early exercise of a put of strike 1, written once for arrays and machine code; see `american` for the method.

With s the spot, u a time since now, sd = vol sqrt(u) and B the boundary u from now, the put that may be exercised
is worth more than the one that may not by

    integral of r exp(-ru) N(-d2) - q s exp(-qu) N(-d1) du,   d1 = ln(s/B)/sd + (r - q + vol^2/2) u/sd, d2 = d1 - sd

(Kim 1990, Jacka 1991, Carr, Jarrow and Myneni 1992): what interest on the strike earns beyond the yield, while
the option would be exercised.
"""

from __future__ import annotations

from hedging._numerics.formulas import INV_SQRT_2PI, Arithmetic, Function, Number, compiled

__all__ = ["build_integrands", "build_start", "build_tail"]

# `formulas.MILLS` as a Chebyshev series cut at degree 11: N(d) to 7e-11. Lowest power first.
_M0, _M1, _M2, _M3, _M4, _M5, _M6, _M7, _M8, _M9, _M10, _M11 = (
    0.047026970508991205,
    -0.06255729736820453,
    0.054598027888390174,
    -0.03620699637820529,
    0.018524829155843706,
    -0.006938325550098946,
    0.001536407311802617,
    6.69092578171651e-05,
    -0.0001824085999856998,
    4.235002370778771e-05,
    1.0242200610986186e-05,
    -5.2141318243739955e-06,
)


def build_tail(ar: Arithmetic) -> Function:
    """Return ``tail(d) -> N(d), n(d)`` to 1e-10, which is beyond what the quadrature keeps."""
    exp, where = ar.exp, ar.where

    def tail(d: Number) -> tuple[Number, Number]:
        y = abs(d)
        a, b = y + 5.0, y + 2.0 * INV_SQRT_2PI
        both = 1.0 / (a * b)
        t = b * both
        u = (y + y) * t
        z = u - 1.0
        z2 = z * z
        z4 = z2 * z2
        low = (_M0 + z * _M1) + z2 * (_M2 + z * _M3)
        mid = (_M4 + z * _M5) + z2 * (_M6 + z * _M7)
        top = (_M8 + z * _M9) + z2 * (_M10 + z * _M11)
        p = low + z4 * (mid + z4 * top)
        g = exp(-0.5 * d * d)
        beyond = g * (INV_SQRT_2PI + p * u * (10.0 * t)) * (a * both)
        return where(d > 0.0, 1.0 - beyond, beyond), INV_SQRT_2PI * g

    return compiled(ar, tail)


def build_start(ar: Arithmetic) -> Function:
    """Return ``start(r, q, v, root, top) -> c``: the boundary of Bjerksund and Stensland (2002) at time root^2."""
    exp, log, sqrt, maximum = ar.exp, ar.log, ar.sqrt, ar.maximum

    def start(r: Number, q: Number, v: Number, root: Number, top: Number) -> Number:
        a = 0.5 - (q - r) / (v * v)
        beta = a + sqrt(maximum(a * a + 2.0 * q / (v * v), 0.0))
        near = exp(-top)
        far = maximum(beta / maximum(beta - 1.0, 1e-9), near * 1.000001)
        h = ((q - r) * root + 2.0 * v) * root / ((far - near) * near)
        return log(near + (far - near) * (1.0 - exp(-maximum(h, 1e-12)))) + top

    return compiled(ar, start)


def build_integrands(ar: Arithmetic) -> Function:
    """Return ``integrands(s, R, Q, d1, sd)``: of the premium and of its first and second slope in s.

    R and Q are r exp(-ru) and q exp(-qu) times the weight of the point.
    """
    tail = build_tail(ar)

    def integrands(s: Number, R: Number, Q: Number, d1: Number, sd: Number) -> tuple[Number, Number, Number]:
        z = 1.0 / sd
        d2 = d1 - sd
        N1, n1 = tail(-d1)
        N2, n2 = tail(-d2)
        R2, Q1 = R * n2 * z / s, Q * n1 * z
        return R * N2 - Q * s * N1, Q1 - R2 - Q * N1, (R2 * (1.0 + d2 * z) + Q1 * (1.0 - d1 * z)) / s

    return compiled(ar, integrands)
