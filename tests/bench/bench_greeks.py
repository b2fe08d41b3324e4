"""Speed and share of right answers of the Greeks layer, against textbook numpy and every installed peer.

Run from the project root: ``python tests/bench/bench_greeks.py [options] [rounds]`` (1,000,000 and 9 unless
told). Everything is called through its public API on the same arrays, in one process, in interleaved rounds;
ratios of medians count, absolute times depend on who else uses the machine.
"""

from __future__ import annotations

import sys
import timeit
from collections.abc import Callable
from importlib.util import find_spec
from time import perf_counter
from typing import Any

import numpy as np
from scipy.special import ndtr

from hedging import greeks
from hedging._numerics import kernels
from hedging.units import GREEK_UNITS

HOUR = 1 / 8760
WANTED = greeks.DEFAULT
OTHERS = tuple(name for name in GREEK_UNITS if name not in WANTED)


def options(count: int, seed: int = 0) -> dict[str, Any]:
    """Crypto-like: K/S 0.3 to 3, an hour to two years, vol 10 % to 300 %."""
    rng = np.random.default_rng(seed)

    def between(low: float, high: float) -> np.ndarray:
        return np.exp(rng.uniform(np.log(low), np.log(high), count))

    return {
        "flag": rng.choice(["c", "p"], count),
        "spot": np.ones(count),
        "strike": between(0.3, 3),
        "time_to_expiry": between(HOUR, 2),
        "rate": rng.uniform(0, 0.1, count),
        "vol": between(0.1, 3),
    }


# Textbook numpy, the yardstick: no checks, no limits, no wings ----------------------------------------------


def textbook_price(w: Any, S: Any, K: Any, T: Any, r: Any, vol: Any) -> Any:
    s = vol * np.sqrt(T)
    d1 = (np.log(S / K) + r * T) / s + s / 2
    return w * (S * ndtr(w * d1) - K * np.exp(-r * T) * ndtr(w * (d1 - s)))


def textbook_greeks(w: Any, S: Any, K: Any, T: Any, r: Any, vol: Any) -> tuple[Any, ...]:
    root = np.sqrt(T)
    s = vol * root
    d1 = (np.log(S / K) + r * T) / s + s / 2
    n1, n2 = ndtr(w * d1), ndtr(w * (d1 - s))
    density = np.exp(-0.5 * d1 * d1) / np.sqrt(2 * np.pi)
    leg = K * np.exp(-r * T)
    theta = -S * density * vol / (2 * root) - w * r * leg * n2
    return w * (S * n1 - leg * n2), w * n1, density / (S * s), S * density * root, theta, w * T * leg * n2


def textbook_implied(p: Any, w: Any, S: Any, K: Any, T: Any, r: Any) -> Any:
    """Newton from the inflection point, eight steps."""
    root = np.sqrt(T)
    vol = np.sqrt(2 * np.abs(np.log(S / K) + r * T)) / root + 1e-3
    for _ in range(8):
        s = vol * root
        d1 = (np.log(S / K) + r * T) / s + s / 2
        leg = K * np.exp(-r * T)
        error = w * (S * ndtr(w * d1) - leg * ndtr(w * (d1 - s))) - p
        vol = np.maximum(vol - error / (S * np.exp(-0.5 * d1 * d1) / np.sqrt(2 * np.pi) * root), 1e-4)
    return vol


# Peers: name -> (price, Greeks, implied vol), each a function of the same dictionary ------------------------


def ours(o: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    head = (o["flag"], o["spot"], o["strike"], o["time_to_expiry"], o["rate"])
    return {
        "price": lambda: greeks.price(*head, o["vol"]),
        "greeks": lambda: greeks.greeks(*head, o["vol"], names=WANTED),
        "implied": lambda: greeks.implied_vol(o["price"], *head, errors="nan"),
    }


def textbook(o: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    head = (np.where(o["flag"] == "c", 1.0, -1.0), o["spot"], o["strike"], o["time_to_expiry"], o["rate"])
    return {
        "price": lambda: textbook_price(*head, o["vol"]),
        "greeks": lambda: textbook_greeks(*head, o["vol"]),
        "implied": lambda: textbook_implied(o["price"], *head),
    }


def scalar_loop(function: Callable[..., Any], columns: list[Any]) -> list[Any]:
    return [function(*row) for row in zip(*(c.tolist() for c in columns), strict=True)]


def vollib(o: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    from vollib.black_scholes import black_scholes
    from vollib.black_scholes.greeks import analytical
    from vollib.black_scholes.implied_volatility import implied_volatility

    head = [o["flag"], o["spot"], o["strike"], o["time_to_expiry"], o["rate"]]
    five = [getattr(analytical, name) for name in WANTED[1:]]
    return {
        "price": lambda: scalar_loop(black_scholes, [*head, o["vol"]]),
        "greeks": lambda: [scalar_loop(f, [*head, o["vol"]]) for f in (black_scholes, *five)],
        "implied": lambda: scalar_loop(implied_volatility, [o["price"], *head[1:4], head[4], head[0]]),
    }


def fast_vollib(o: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    import fast_vollib as fv

    head = (o["flag"], o["spot"], o["strike"], o["time_to_expiry"], o["rate"])
    kind = {"return_as": "numpy", "model": "black_scholes"}
    return {
        "price": lambda: fv.fast_black_scholes(*head, o["vol"], return_as="numpy"),
        "greeks": lambda: (
            fv.fast_black_scholes(*head, o["vol"], return_as="numpy"),
            fv.get_all_greeks(*head, o["vol"], **kind),
        ),
        "implied": lambda: fv.fast_implied_volatility(
            o["price"], *head[1:], o["flag"], **kind, on_error="ignore"
        ),
    }


def pyvolr(o: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    from pyvolr import bs  # type: ignore[import-not-found]

    head = (o["flag"], o["spot"], o["strike"], o["time_to_expiry"], o["rate"])
    return {
        "price": lambda: bs.price(*head, o["vol"]),
        "greeks": lambda: (bs.price(*head, o["vol"]), bs.greeks(*head, o["vol"])),
        "implied": lambda: bs.implied_vol(o["price"], *head, on_error="ignore"),
    }


def quantlib(o: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    import QuantLib as ql  # type: ignore[import-not-found]  # noqa: N813 - the name its own manual uses

    kind = np.where(o["flag"] == "c", ql.Option.Call, ql.Option.Put)
    discount = np.exp(-o["rate"] * o["time_to_expiry"])
    forward, root = o["spot"] / discount, np.sqrt(o["time_to_expiry"])

    def implied() -> Any:
        columns = [kind, o["strike"], forward, o["price"], discount]
        sd = scalar_loop(ql.blackFormulaImpliedStdDevLiRS, columns)
        return np.array(sd) / root

    return {
        "price": lambda: scalar_loop(
            ql.blackFormula, [kind, o["strike"], forward, o["vol"] * root, discount]
        ),
        "implied": implied,
    }


def lbriv(o: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    """It takes one forward and one flag a call, at a time of 1: strikes over the forward, calls and puts apart."""
    import lbriv as lib  # type: ignore[import-not-found]

    discount, root = np.exp(-o["rate"] * o["time_to_expiry"]), np.sqrt(o["time_to_expiry"])
    forward = o["spot"] / discount
    strike, scale, sd = o["strike"] / forward, discount * forward, o["vol"] * root
    sides = [(1, o["flag"] == "c"), (-1, o["flag"] == "p")]

    def joined(one_side: Callable[[int, Any], Any]) -> Any:
        result = np.empty(strike.size)
        for sign, mask in sides:
            result[mask] = one_side(sign, mask)
        return result

    return {
        "price": lambda: (
            joined(lambda sign, m: lib.black76_undiscounted(1.0, strike[m], sd[m], sign)) * scale
        ),
        "implied": lambda: (
            joined(
                lambda sign, m: lib.vectorized_implied_vol_strikes(
                    (o["price"] / scale)[m], 1.0, strike[m], sign
                )
            )
            / root
        ),
    }


PEERS: dict[str, tuple[str, Callable[[dict[str, Any]], dict[str, Callable[[], Any]]], bool]] = {
    # title: module, adapter, one option at a time
    "vollib": ("vollib", vollib, True),
    "fast-vollib": ("fast_vollib", fast_vollib, False),
    "pyvolr": ("pyvolr", pyvolr, False),
    "lbriv": ("lbriv", lbriv, False),
    "QuantLib": ("QuantLib", quantlib, True),
}


def share_right(kind: str, answer: Any, truth: Any) -> float:
    """Share of answers within 1e-9 relative of ours, which the tables of 20 digits vouch for (vol: 1e-7)."""
    first = answer[0] if isinstance(answer, (tuple, list)) and kind == "greeks" else answer
    first = first.values["price"] if isinstance(first, greeks.Greeks) else first
    found = np.asarray(first, dtype=float).ravel()
    with np.errstate(all="ignore"):
        close = np.abs(found / truth - 1.0) < (1e-7 if kind == "implied" else 1e-9)
    return float(np.mean(close | (np.abs(truth) < 1e-250)))


def recoverable(o: dict[str, Any]) -> np.ndarray:
    """Options whose price carries the vol to 1e-7 or better: time value above 1e-6 of spot, as quotes have."""
    leg = o["strike"] * np.exp(-o["rate"] * o["time_to_expiry"])
    sign = np.where(o["flag"] == "c", 1.0, -1.0)
    return o["price"] - np.maximum(sign * (o["spot"] - leg), 0.0) > 1e-6 * o["spot"]


def timed(calls: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Median seconds of each, in interleaved rounds."""
    times: dict[str, list[float]] = {title: [] for title in calls}
    for _ in range(rounds):
        for title, call in calls.items():
            start = perf_counter()
            call()
            times[title].append(perf_counter() - start)
    return {title: float(np.median(found)) for title, found in times.items()}


def throughput(count: int, rounds: int) -> None:
    big = options(count)
    big["price"] = greeks.price(*big.values())
    quoted = {name: column[recoverable(big)] for name, column in big.items()}
    for kind in ("price", "greeks", "implied"):
        source = quoted if kind == "implied" else big
        few = {name: column[:5000] for name, column in source.items()}
        calls = {"textbook numpy, 1 thread": (textbook(source)[kind], source)}
        calls["hedging, core"] = (without_numba(ours(source)[kind]), source)
        if find_spec("numba"):
            calls["hedging[fast]"] = (ours(source)[kind], source)
        for title, (module, adapter, one_by_one) in PEERS.items():
            if find_spec(module) and (call := adapter(few if one_by_one else source).get(kind)):
                calls[title] = (call, few if one_by_one else source)
        answers = {title: call() for title, (call, _) in calls.items()}  # also compiles
        times = timed({title: call for title, (call, _) in calls.items()}, rounds)
        print(f"\n{kind}: {len(source['spot']):,} options")
        base = times["textbook numpy, 1 thread"] / len(source["spot"])
        for title, (_, used) in calls.items():
            each = times[title] / len(used["spot"])
            truth = used["vol"] if kind == "implied" else used["price"]
            right = share_right(kind, answers[title], truth)
            print(f"  {title:26s} {1e-6 / each:8.2f} M/s  {base / each:6.2f} x   right {right:8.3%}")
    others(big, rounds)


def others(o: dict[str, Any], rounds: int) -> None:
    """The other Greeks against the price and the five."""
    arguments = [o[name] for name in ("flag", "spot", "strike", "time_to_expiry", "rate", "vol")]
    five = {"hedging, core": without_numba(ours(o)["greeks"])}
    rest = {"hedging, core": without_numba(lambda: greeks.greeks(*arguments, names=OTHERS))}
    if find_spec("numba"):
        five["hedging[fast]"] = ours(o)["greeks"]
        rest["hedging[fast]"] = lambda: greeks.greeks(*arguments, names=OTHERS)
    print(f"\nthe other {len(OTHERS)} Greeks, over the time of the price and the five")
    for title, call in five.items():
        times = timed({"five": call, "rest": rest[title]}, rounds)
        print(f"  {title:26s} {times['rest'] / times['five']:6.2f} x")


def without_numba(call: Callable[[], Any]) -> Callable[[], Any]:
    def core() -> Any:
        usual, kernels.COMPILED = kernels.COMPILED, sys.maxsize
        try:
            return call()
        finally:
            kernels.COMPILED = usual

    return core


def latency() -> None:
    print("\nmicroseconds a call, checks included: best of 60 interleaved rounds")
    calls: dict[tuple[int, str, str], tuple[Callable[[], Any], int]] = {}
    for count in (1, 50, 1000):
        o = options(8 * count + 50, seed=1)
        o["price"] = greeks.price(*o.values())
        keep = np.flatnonzero(recoverable(o))[:count]
        o = {name: column[keep] for name, column in o.items()}
        if count == 1:
            o = {name: column.item() for name, column in o.items()}
        for kind, call in ours(o).items():
            calls[count, "core", kind] = (call, sys.maxsize)
            if count > 1 and find_spec("numba"):
                calls[count, "fast", kind] = (call, 1)
    best = dict.fromkeys(calls, np.inf)
    usual = kernels.COMPILED
    for _ in range(60):
        for key, (call, kernels.COMPILED) in calls.items():
            best[key] = min(best[key], timeit.timeit(call, number=20) / 20 * 1e6)
    kernels.COMPILED = usual
    for count, engine in dict.fromkeys(key[:2] for key in calls):
        line = "  ".join(
            f"{kind} {best[count, engine, kind]:8.1f}" for kind in ("price", "greeks", "implied")
        )
        print(f"  {count:5d} options, {engine}: {line}")


if __name__ == "__main__":
    arguments = [int(text) for text in sys.argv[1:]]
    latency()
    throughput(*(arguments + [1_000_000, 9][len(arguments) :]))
