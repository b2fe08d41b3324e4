"""The formulas compiled by numba as short loops over a chunk of options.

Compiling alone gains nothing: calls of exp, log and erfc into the C library keep a loop scalar. Written as
polynomials they disappear into straight-line arithmetic that the compiler lays out four or eight options abreast.

A formula is cut into short loops, over a chunk that stays in a core's first cache. A processor keeps some 150
operations waiting for each other's results, and a price takes more: in one long loop an option would wait for its own
divisions, in short ones several are under way. What goes into a loop and out of it lies in a few arrays cut into rows,
because a compiler would otherwise have to prove at run time that a dozen arrays do not overlap, and gives up.

All go over whole rows, whatever the last chunk leaves in them: a loop that ended in single steps might round those
otherwise than its wide ones, and a result would depend on where it stands.

Rows of x: w, S, K, T, r, vol (or price), q, D, Q. Of z: x, s and sqrt(T), or the problem of implied vol and three
values of s, each a step better. Of t: d, g, and d1 and d2, later their ratios of Mills. Of y: the results.
"""

from __future__ import annotations

from hedging._numerics import formulas, implied, machine_compiled
from hedging._numerics.cache_compiled import cached
from hedging._numerics.formulas import (
    FIRST,
    HIGHER,
    Terms,
    build_collect,
    build_deviations,
    build_legs,
    build_moneyness,
    build_spread,
    build_values,
)
from hedging._numerics.machine_compiled import _MACHINE, _eight_abreast, _jit, _signed_mills
from hedging._numerics.types import Array

CHUNK = 128  # entries of a row
PRICE, FIRST_ORDER, EVERY, IMPLIED = range(4)  # what is asked for

_cached = cached(formulas, implied, machine_compiled)

_discount = _MACHINE.discount
_spread, _deviations, _legs, _collect, _moneyness = (
    build(_MACHINE) for build in (build_spread, build_deviations, build_legs, build_collect, build_moneyness)
)
_problem, _inside, _tail_start, _start, _step, _answer = (
    build(_MACHINE)
    for build in (
        implied.build_problem,
        implied.build_inside,
        implied.build_tail_start,
        implied.build_start,
        implied.build_step,
        implied.build_answer,
    )
)

_values = build_values(_MACHINE)
(_f0, _f1, _f2, _f3, _f4, _f5, _f6, _f7, _f8) = (_jit(_values[name]) for name in FIRST)
(_h0, _h1, _h2, _h3, _h4, _h5, _h6, _h7, _h8) = (_jit(f) for f in HIGHER.values())


@_jit
def _row(x: Array, k: int) -> Array:
    return x[k * CHUNK : (k + 1) * CHUNK]


@_jit
def _inputs(x: Array, i: int) -> tuple[float, ...]:
    return (
        x[i],
        x[CHUNK + i],
        x[2 * CHUNK + i],
        x[3 * CHUNK + i],
        x[4 * CHUNK + i],
        x[5 * CHUNK + i],
        x[6 * CHUNK + i],
    )


@_jit
def _discounts(x: Array, i: int) -> tuple[float, float]:
    return x[7 * CHUNK + i], x[8 * CHUNK + i]


@_jit
def _tails(t: Array, i: int) -> tuple[float, float, float]:
    return t[CHUNK + i], t[2 * CHUNK + i], t[3 * CHUNK + i]


@_jit
def _terms(x: Array, z: Array, t: Array, i: int) -> Terms:
    spread = (z[i], z[CHUNK + i], z[2 * CHUNK + i])
    terms: Terms = _collect(_inputs(x, i), _discounts(x, i), spread, _tails(t, i))
    return terms


@_cached
def _discount_loop(rate: Array, time: Array, factor: Array) -> None:
    _eight_abreast()
    for i in range(CHUNK):
        factor[i] = _discount(rate[i], time[i])


@_cached
def _spread_loop(x: Array, z: Array) -> None:
    _eight_abreast()
    for i in range(CHUNK):
        _, S, K, T, r, v, q = _inputs(x, i)
        z[i], z[CHUNK + i], z[2 * CHUNK + i] = _spread(S, K, T, r, v, q)


@_cached
def _deviations_loop(x: Array, s: Array, sign: float, t: Array) -> None:
    _eight_abreast()
    for i in range(CHUNK):
        t[i], t[CHUNK + i], t[2 * CHUNK + i], t[3 * CHUNK + i] = _deviations(sign * x[i], s[i])


@_cached
def _mills_loop(d: Array) -> None:
    _eight_abreast()
    for i in range(2 * CHUNK):
        d[i] = _signed_mills(d[i])


@_cached
def _price_loop(x: Array, t: Array, y: Array) -> None:
    _eight_abreast()
    for i in range(CHUNK):
        D, Q = _discounts(x, i)
        g, m1, m2 = _tails(t, i)
        y[i] = _legs(x[i], x[CHUNK + i] * Q, x[2 * CHUNK + i] * D, g, m1, m2)[0]


@_cached
def _first_loop(x: Array, z: Array, t: Array, y: Array) -> None:
    _eight_abreast()
    for i in range(CHUNK):
        terms = _terms(x, z, t, i)
        y[i] = _f0(terms)
        y[CHUNK + i] = _f1(terms)
        y[2 * CHUNK + i] = _f2(terms)
        y[3 * CHUNK + i] = _f3(terms)
        y[4 * CHUNK + i] = _f4(terms)
        y[5 * CHUNK + i] = _f5(terms)
        y[6 * CHUNK + i] = _f6(terms)
        y[7 * CHUNK + i] = _f7(terms)
        y[8 * CHUNK + i] = _f8(terms)


@_cached
def _higher_loop(x: Array, z: Array, t: Array, y: Array) -> None:
    _eight_abreast()
    for i in range(CHUNK):
        terms = _terms(x, z, t, i)
        u = _moneyness(terms)
        y[9 * CHUNK + i] = _h0(terms, u)
        y[10 * CHUNK + i] = _h1(terms, u)
        y[11 * CHUNK + i] = _h2(terms, u)
        y[12 * CHUNK + i] = _h3(terms, u)
        y[13 * CHUNK + i] = _h4(terms, u)
        y[14 * CHUNK + i] = _h5(terms, u)
        y[15 * CHUNK + i] = _h6(terms, u)
        y[16 * CHUNK + i] = _h7(terms, u)
        y[17 * CHUNK + i] = _h8(terms, u)


@_cached
def _problem_loop(x: Array, z: Array) -> None:
    _eight_abreast()
    for i in range(CHUNK):
        (
            z[i],
            z[CHUNK + i],
            z[2 * CHUNK + i],
            z[3 * CHUNK + i],
            z[4 * CHUNK + i],
        ) = _problem(_inputs(x, i), _discounts(x, i))


@_cached
def _tail_start_loop(z: Array, s: Array) -> None:
    _eight_abreast()
    for i in range(CHUNK):
        v, c = _inside(z[CHUNK + i], z[2 * CHUNK + i])
        s[i] = _tail_start(z[i], v, c)


@_cached
def _start_loop(z: Array, s: Array) -> None:
    _eight_abreast()
    for i in range(CHUNK):
        v, _ = _inside(z[CHUNK + i], z[2 * CHUNK + i])
        s[i] = _start(z[i], v, s[i])


@_cached
def _step_loop(z: Array, t: Array, s: Array, better: Array) -> None:
    """The density there goes where g was."""
    _eight_abreast()
    for i in range(CHUNK):
        v, c = _inside(z[CHUNK + i], z[2 * CHUNK + i])
        better[i], t[CHUNK + i] = _step(s[i], v, c, t[i], _tails(t, i))


@_cached
def _answer_loop(x: Array, z: Array, t: Array, y: Array) -> None:
    _eight_abreast()
    for i in range(CHUNK):
        problem = (z[i], z[CHUNK + i], z[2 * CHUNK + i], z[3 * CHUNK + i], z[4 * CHUNK + i])
        y[i], y[CHUNK + i] = _answer(
            problem, x[3 * CHUNK + i], z[6 * CHUNK + i], z[7 * CHUNK + i], t[CHUNK + i]
        )


@_cached
def _imply(x: Array, z: Array, t: Array, y: Array) -> None:
    _problem_loop(x, z)
    _tail_start_loop(z, _row(z, 5))
    _start_loop(z, _row(z, 5))
    for k in range(5, 7):
        _deviations_loop(_row(z, 0), _row(z, k), -1.0, t)
        _mills_loop(t[2 * CHUNK :])
        _step_loop(z, t, _row(z, k), _row(z, k + 1))
    _answer_loop(x, z, t, y)


@_cached
def evaluate(asked: int, without_yield: bool, x: Array, z: Array, t: Array, y: Array) -> None:
    """Fill the rows of y that were asked for; without a yield Q stays what it is, 1."""
    _discount_loop(_row(x, 4), _row(x, 3), _row(x, 7))
    if not without_yield:
        _discount_loop(_row(x, 6), _row(x, 3), _row(x, 8))
    if asked == IMPLIED:
        _imply(x, z, t, y)
        return
    _spread_loop(x, z)
    _deviations_loop(_row(z, 0), _row(z, 1), 1.0, t)
    _mills_loop(t[2 * CHUNK :])
    if asked == PRICE:
        _price_loop(x, t, y)
    else:
        _first_loop(x, z, t, y)
        if asked == EVERY:
            _higher_loop(x, z, t, y)
