"""American values and Greeks of arrays, raw: the European ones, and the slopes of the premium on top.

Slopes in spot come with the premium, that in time from the differential equation it obeys, all others by central
differences: what differs is smooth, and small beside the European part, which is exact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hedging._numerics import kernels
from hedging._numerics.american import Early, best_time, compiled, early_exercise, is_double, is_fine
from hedging._numerics.american_steps import premium_of_arrays, stepped

__all__ = ["NAMES", "Options", "options", "premium", "present_value", "settled_value", "values"]

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

# Relative steps of differences: of the collocated boundary; of finite differences, whose error is less smooth; and
# of their second differences.
STEP, ROUGH_STEP, ROUGH_SECOND_STEP = 1e-3, 2e-2, 1e-1
WORTH = 100  # what an option costs by finite differences, over one by its boundary
LEAST_RATE = 0.01  # what a step of a rate is relative to, if the rate is smaller


class Options(NamedTuple):
    """Options in one dimension, and the cash dividends that all of them see.

    Attributes
    ----------
    w, X, K, T, r, v, q : ndarray, shape (options,)
        X is the spot less the present value of the dividends within the option's life.
    times, amounts : ndarray, shape (dividends,)
    lag : ndarray, shape (options,)
        How much later than `times` the dividends come.
    fine : ndarray of bool, shape (options,)
    """

    w: Array
    X: Array
    K: Array
    T: Array
    r: Array
    v: Array
    q: Array
    times: Array
    amounts: Array
    lag: Array
    fine: Mask

    def european(self, *names: str) -> list[Array]:
        """Values of the European options, by name."""
        codes = np.where(self.w > 0.0, ord("c"), ord("p")).astype(np.uint32)
        inputs: list[npt.NDArray[Any]] = [codes, self.X, self.K, self.T, self.r, self.v, self.q]
        return kernels.black_scholes(names, inputs, self.T.shape) or []

    def dividends_after(self, when: Array) -> tuple[Array, Array]:
        """Present value of what is paid after `when` and until expiry, and minus its slope in the rate."""
        times = self.times[:, None] + self.lag
        inside = (times > when) & (times <= self.T)
        worth = np.where(inside, self.amounts[:, None] * np.exp(-self.r * times), 0.0)
        return worth.sum(axis=0), (worth * times).sum(axis=0)

    @property
    def by_steps(self) -> Mask:
        """Which need finite differences: dividends within their life, or two boundaries."""
        within = (self.times[:, None] <= self.T - self.lag).any(axis=0)
        return np.asarray((within | is_double(self.w, self.r, self.q)) & (self.T > 0.0) & (self.v > 0.0))


def present_value(T: Array, r: Array, times: Array, amounts: Array) -> Array:
    """Present value of the dividends that go ex until T."""
    worth = amounts[:, None] * np.exp(-r * times[:, None])
    return np.asarray(np.where(times[:, None] <= T, worth, 0.0).sum(axis=0))


def options(
    w: Array, S: Array, K: Array, T: Array, r: Array, v: Array, q: Array, times: Array, amounts: Array
) -> Options:
    """Return the options on a spot S with its dividends."""
    X = S - present_value(T, r, times, amounts)
    return Options(w, X, K, T, r, v, q, times, amounts, np.zeros_like(T), is_fine(T, r, v, q))


# The premium ------------------------------------------------------------------------------------------------------


def premium(o: Options) -> Early:
    """Premium of early exercise; where an option is exercised at once, what it pays less the European value."""
    by_steps, certain = o.by_steps, (o.v == 0.0) & (o.T > 0.0)
    found = early_exercise(o.w, o.X, o.K, o.T, o.r, np.where(by_steps, 0.0, o.v), o.q, o.fine)
    _fill(found, _by_steps(o, np.flatnonzero(by_steps)), by_steps)
    if certain.any():
        found.until[certain] = _best_time(o)[certain]
    european = o.european("price", "delta", "gamma")
    paid = o.w * (o.X + o.dividends_after(np.zeros_like(o.T))[0] - o.K)
    now = (found.until == 0.0) | ((european[0] + found.value <= paid) & (found.value > 0.0))
    exercised = paid - european[0], o.w - european[1], -european[2], np.zeros_like(o.T)
    now &= o.T > 0.0
    # Where next to nothing is gained by exercise the boundary found may lie on the wrong side; who waits has the European.
    waits = now & ~certain & (paid < european[0])
    _fill(found, tuple(part[waits] for part in (*np.zeros((3, o.T.size)), o.T)), waits)
    now &= ~waits
    _fill(found, tuple(part[now] for part in exercised), now)
    return found


def _fill(found: Early, what: tuple[Array, ...], where: Mask) -> None:
    for target, source in zip(found, what, strict=True):
        target[where] = source


def _by_steps(o: Options, rows: npt.NDArray[np.intp]) -> tuple[Array, ...]:
    """Rows of value, slope, bend and until of the options in `rows`."""
    march = _march(rows.size)
    out = np.empty((4, rows.size))
    for k, i in enumerate(rows):
        times = o.times + o.lag[i]
        inside = times <= o.T[i]
        numbers = (float(a[i]) for a in (o.w, o.X, o.K, o.T, o.r, o.v, o.q))
        *out[:3, k], now = stepped(*numbers, times=times[inside], amounts=o.amounts[inside], march=march)
        out[3, k] = 0.0 if now else o.T[i]
    return tuple(out)


def _march(count: int) -> Callable[..., Any]:
    if count and compiled(WORTH * count):
        from hedging._numerics import american_steps_compiled

        return american_steps_compiled.premium
    return premium_of_arrays


def _best_time(o: Options) -> Array:
    """When to exercise without vol: now, at expiry, between, or when a dividend goes ex."""
    if not o.times.size:
        return best_time(o.w, o.X, o.K, o.T, o.r, o.q)
    times = [np.zeros_like(o.T), best_time(o.w, o.X, o.K, o.T, o.r, o.q), o.T]
    for time in o.times:
        at = np.minimum(time + o.lag, o.T)
        times += [at, np.nextafter(at, 0.0)]
    paid = np.stack([settled_value(o, time)["price"] for time in times])
    best = np.take_along_axis(np.stack(times), np.argmax(paid, axis=0)[None], axis=0)[0]
    return np.where(paid.max(axis=0) > 0.0, best, o.T)


def settled_value(o: Options, at: Array) -> dict[str, Array]:
    """Values of an exercise at a time that is certain, by name; those that are not there are 0."""
    spot, strike = np.exp(-o.q * at), o.K * np.exp(-o.r * at)
    coming, coming_slope = o.dividends_after(at)
    return {
        "price": o.w * (o.X * spot - strike + coming),
        "delta": o.w * spot,
        "theta": o.w * np.where(at > 0.0, o.q * o.X * spot - o.r * (strike - coming), o.r * coming),
        "rho": o.w * (at * strike - coming_slope),
        "rho_yield": -o.w * o.X * at * spot,
        "dual_delta": -o.w * np.exp(-o.r * at),
    }


# Greeks -----------------------------------------------------------------------------------------------------------

# Which part of the premium (value, slope), and in which variables it is differenced.
_DIFFERENCES = {
    "vega": ("value", "v"),
    "rho": ("value", "r"),
    "rho_yield": ("value", "q"),
    "dual_delta": ("value", "K"),
    "vanna": ("slope", "v"),
    "volga": ("value", "vv"),
    "charm": ("slope", "T"),
    "veta": ("value", "vT"),
}
NAMES = ("price", "delta", "gamma", "theta", *_DIFFERENCES)


def values(names: tuple[str, ...], o: Options) -> list[Array]:
    """Values by name, per 1.00 of each variable and per year; those to time are to calendar time."""
    with np.errstate(all="ignore"):
        needed = tuple(sorted({*names, *(("delta", "gamma", "vanna") if o.times.size else ())}))
        base, european = premium(o), dict(zip(needed, o.european(*needed), strict=True))
        held = base.until >= o.T
        certain = settled_value(o, base.until)
        found = {name: np.where(held, european[name], certain.get(name, 0.0)) for name in needed}
        open_ = held & (o.T > 0.0) & (o.v > 0.0) & ((base.value != 0.0) | (base.slope != 0.0))
        _add(found, _slopes_in_spot(o, base), open_)
        _add(found, _differences(names, o), open_)
        if o.times.size:
            _follow_dividends(found, o)
    return [found[name] + 0.0 for name in names]


def _add(found: dict[str, Array], parts: dict[str, Array], where: Mask) -> None:
    for name in parts.keys() & found.keys():
        found[name] = np.where(where, found[name] + parts[name], found[name])


def _slopes_in_spot(o: Options, base: Early) -> dict[str, Array]:
    drift, variance = (o.r - o.q) * o.X * base.slope, (o.v * o.X) ** 2 * base.bend
    theta = o.r * base.value - drift - 0.5 * variance
    return {"price": base.value, "delta": base.slope, "gamma": base.bend, "theta": theta}


def _follow_dividends(found: dict[str, Array], o: Options) -> None:
    """X moves with the rate and as the dividends come nearer, while spot stands still."""
    worth, slope = o.dividends_after(np.zeros_like(o.T))
    moves = -o.r * worth
    parts = {"rho": found["delta"] * slope, "theta": found["delta"] * moves}
    parts |= {"charm": found["gamma"] * moves, "veta": found["vanna"] * moves}
    _add(found, parts, worth > 0.0)


def _differences(names: tuple[str, ...], o: Options) -> dict[str, Array]:
    wanted = {*names, "vanna"} if o.times.size and "veta" in names else {*names}
    seen: dict[str, Early] = {}

    def at(moves: str) -> Early:
        if moves not in seen:
            seen[moves] = premium(_moved(o, moves))
        return seen[moves]

    found = {}
    for name, (part, variables) in _DIFFERENCES.items():
        if name in wanted:
            found[name] = _difference(o, at, part, variables)
    return found


def _difference(o: Options, at: Callable[[str], Early], part: str, variables: str) -> Array:
    def take(moves: str) -> Array:
        result: Array = getattr(at(moves), part)
        return result

    first = variables[0]
    h = _step(o, first)
    if variables == "vv":
        h = _step(o, "V")
        return (take("+V") - 2.0 * take("") + take("-V")) / (h * h)
    if len(variables) == 2:
        second = variables[1]
        both = take(f"+{first}+{second}") - take(f"-{first}+{second}")
        both = both - take(f"+{first}-{second}") + take(f"-{first}-{second}")
        return -both / (4.0 * h * _step(o, second))
    slope = (take(f"+{first}") - take(f"-{first}")) / (2.0 * h)
    return -slope if first == "T" else slope


def _step(o: Options, variable: str) -> Array:
    share = np.where(o.by_steps, ROUGH_SECOND_STEP if variable == "V" else ROUGH_STEP, STEP)
    if variable in "rq":
        return np.asarray(share * np.maximum(abs(getattr(o, variable)), LEAST_RATE))
    if variable == "T" and o.times.size:
        return np.asarray(np.minimum(share * o.T, 0.5 * o.times.min()))
    return np.asarray(share * getattr(o, variable.replace("V", "v")))


def _moved(o: Options, moves: str) -> Options:
    """Move variables up or down by a step: ``"+v-T"``; V is v by the step of second differences.

    Dividends move with time.
    """
    for sign, variable in zip(moves[::2], moves[1::2], strict=True):
        step = _step(o, variable) * (1.0 if sign == "+" else -1.0)
        variable = variable.replace("V", "v")
        o = o._replace(**{variable: getattr(o, variable) + step})
        if variable == "T":
            o = o._replace(lag=o.lag + step)
    return o
