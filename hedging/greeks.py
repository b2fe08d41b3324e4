"""Black-Scholes-Merton and Black-76: values, Greeks and implied vol, vectorised, in market units.

Spot form: ``price(flag, spot, strike, time_to_expiry, rate, vol, dividend_yield)`` and one function a Greek
with the same arguments; `greeks` returns several at once for the price of one. Forward form: `black76_price`,
`black76_greeks`, the forward held fixed. Coin-settled (inverse) options: `coin_price`, `coin_greeks`.

Every argument is a scalar or an array, and arrays broadcast. `flag` is ``'c'`` or ``'p'``, nothing else. Units
are those of `hedging.units.GREEK_UNITS`. Zero time, zero vol, zero and infinite strikes give the exact limits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging import _arrays, _kernels
from hedging.errors import InputError
from hedging.units import GREEK_UNITS

Result = Any  # float for scalars, else ndarray of the broadcast shape

DEFAULT = ("price", "delta", "gamma", "vega", "theta", "rho")


class Greeks:
    """Values of one or many options by name, as attributes; only what was asked for is there."""

    __slots__ = ("_values",)

    def __init__(self, values: dict[str, Result]) -> None:
        object.__setattr__(self, "_values", values)

    def __getattr__(self, name: str) -> Result:
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(
                f"{name} was not asked for; these were: {', '.join(self._values)}. Pass names=[..., {name!r}]."
            ) from None

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("Greeks are frozen")

    def to_frame(self) -> pd.DataFrame:
        """One row an option, one column a Greek."""
        return pd.DataFrame({name: np.ravel(value) for name, value in self._values.items()})


def _checked(
    spot_name: str,
    flag: object,
    spot: object,
    strike: object,
    time_to_expiry: object,
    rate: object,
    vol: object,
    dividend_yield: object,
) -> list[npt.NDArray[np.float64]]:
    return _arrays.broadcast(
        **{
            "flag": _arrays.flags(flag),
            spot_name: _arrays.positive(spot_name, spot),
            "strike": _arrays.nonnegative("strike", strike, infinite=True),
            "time_to_expiry": _arrays.nonnegative("time_to_expiry", time_to_expiry),
            "rate": _arrays.finite("rate", rate),
            "vol": _arrays.nonnegative("vol", vol),
            "dividend_yield": _arrays.finite("dividend_yield", dividend_yield),
        }
    )


def _plain(value: npt.NDArray[np.float64]) -> Result:
    return value if value.ndim else float(value)


def _market(names: Sequence[str], arguments: Sequence[npt.NDArray[np.float64]]) -> list[Result]:
    unknown = [name for name in names if name not in _kernels.FORMULAS]
    if unknown:
        raise InputError(f"names must be among {', '.join(_kernels.FORMULAS)}; got {unknown[0]!r}.")
    raw = _kernels.black_scholes(tuple(names), *arguments)
    return [_plain(value * GREEK_UNITS[name].scale) for name, value in zip(names, raw, strict=True)]


def greeks(
    flag: object,
    spot: object,
    strike: object,
    time_to_expiry: object,
    rate: object,
    vol: object,
    dividend_yield: object = 0.0,
    names: Sequence[str] = DEFAULT,
) -> Greeks:
    """Several Black-Scholes-Merton values at once, in market units.

    Raises
    ------
    InputError
        If an entry breaks its condition, is NaN, or the shapes do not broadcast.
    """
    arguments = _checked("spot", flag, spot, strike, time_to_expiry, rate, vol, dividend_yield)
    return Greeks(dict(zip(names, _market(names, arguments), strict=True)))


def black76_greeks(
    flag: object,
    forward: object,
    strike: object,
    time_to_expiry: object,
    vol: object,
    rate: object = 0.0,
    names: Sequence[str] = DEFAULT,
) -> Greeks:
    """Several Black-76 values at once: delta per 1.00 of forward, theta and rho with the forward held fixed."""
    arguments = _checked("forward", flag, forward, strike, time_to_expiry, rate, vol, rate)
    values = dict(zip(names, _market(names, arguments), strict=True))
    if "rho" in values:  # the forward does not move with the rate: only the discount factor does
        values["rho"] = values["rho"] + _market(("rho_yield",), arguments)[0]
    return Greeks(values)


def black76_price(
    flag: object, forward: object, strike: object, time_to_expiry: object, vol: object, rate: object = 0.0
) -> Result:
    """Black-76 value, discounted by `rate`."""
    return black76_greeks(flag, forward, strike, time_to_expiry, vol, rate, names=("price",)).price


def coin_price(flag: object, forward: object, strike: object, time_to_expiry: object, vol: object) -> Result:
    """Value of a coin-settled option in coin: its undiscounted Black-76 value over the forward."""
    return coin_greeks(flag, forward, strike, time_to_expiry, vol, names=("price",)).price


def coin_delta(flag: object, forward: object, strike: object, time_to_expiry: object, vol: object) -> Result:
    """Premium-adjusted delta: coins gained per relative move of the forward, delta minus coin price."""
    return coin_greeks(flag, forward, strike, time_to_expiry, vol, names=("delta",)).delta


def coin_greeks(
    flag: object,
    forward: object,
    strike: object,
    time_to_expiry: object,
    vol: object,
    names: Sequence[str] = ("price", "delta", "vega", "theta"),
) -> Greeks:
    """Value and Greeks of a coin-settled option in coin; delta is the premium-adjusted one."""
    arguments = _checked("forward", flag, forward, strike, time_to_expiry, 0.0, vol, 0.0)
    allowed = ("price", "delta", "vega", "theta")
    for name in names:
        if name not in allowed:
            raise InputError(f"names must be among {', '.join(allowed)}; got {name!r}.")
    _, F, K, *_ = arguments
    found: dict[str, Result] = {}
    for name in names:
        if name == "delta":  # K/F N(d2), which is delta - price/F without the cancellation
            part = _market(("dual_delta",), arguments)[0]
            found[name] = _plain(np.where(np.asarray(part) == 0.0, 0.0, -part * (K / F)))
        else:
            found[name] = _plain(np.asarray(_market((name,), arguments)[0] / F))
    return Greeks(found)


def _single(name: str) -> Callable[..., Result]:
    def one(
        flag: object,
        spot: object,
        strike: object,
        time_to_expiry: object,
        rate: object,
        vol: object,
        dividend_yield: object = 0.0,
    ) -> Result:
        return _market(
            (name,), _checked("spot", flag, spot, strike, time_to_expiry, rate, vol, dividend_yield)
        )[0]

    one.__name__ = one.__qualname__ = name
    one.__doc__ = f"Black-Scholes-Merton {name}, in {GREEK_UNITS[name].per_unit}."
    return one


price = _single("price")
delta = _single("delta")
gamma = _single("gamma")
vega = _single("vega")
theta = _single("theta")
rho = _single("rho")
rho_yield = _single("rho_yield")
vanna = _single("vanna")
volga = _single("volga")
charm = _single("charm")
veta = _single("veta")
speed = _single("speed")
zomma = _single("zomma")
color = _single("color")
ultima = _single("ultima")
dual_delta = _single("dual_delta")
dual_gamma = _single("dual_gamma")


def implied_vol(
    price: object,
    flag: object,
    spot: object,
    strike: object,
    time_to_expiry: object,
    rate: object,
    dividend_yield: object = 0.0,
    *,
    errors: Literal["raise", "nan"] = "raise",
    return_status: bool = False,
) -> Result:
    """Vol at which `price` is the Black-Scholes-Merton value."""
    p = _arrays.nonnegative("price", price) if errors == "raise" else _arrays.number("price", price)
    w, S, K, T, r, _, q = _checked("spot", flag, spot, strike, time_to_expiry, rate, 0.0, dividend_yield)
    with np.errstate(all="ignore"):
        sd = _kernels.black76_total_sd(w, S * np.exp((r - q) * T), K, p * np.exp(r * T))
        vol = sd / np.sqrt(T)
    if errors == "raise":
        _arrays.refuse(
            "price",
            np.broadcast_to(p, vol.shape),
            ~np.isfinite(vol),
            "between the discounted intrinsic value and the maximum, with time left",
        )
    status = np.where(np.isfinite(vol), "ok", "no vol")
    return (_plain(vol), status) if return_status else _plain(vol)


def black76_implied_vol(
    price: object,
    flag: object,
    forward: object,
    strike: object,
    time_to_expiry: object,
    rate: object = 0.0,
    *,
    errors: Literal["raise", "nan"] = "raise",
    return_status: bool = False,
) -> Result:
    """Vol at which `price` is the Black-76 value, discounted by `rate`."""
    return implied_vol(
        price, flag, forward, strike, time_to_expiry, rate, rate, errors=errors, return_status=return_status
    )


def coin_implied_vol(
    price: object,
    flag: object,
    forward: object,
    strike: object,
    time_to_expiry: object,
    *,
    errors: Literal["raise", "nan"] = "raise",
    return_status: bool = False,
) -> Result:
    """Vol at which `price`, in coin, is the value of a coin-settled option."""
    money = _arrays.number("price", price) * _arrays.positive("forward", forward)
    return black76_implied_vol(
        money, flag, forward, strike, time_to_expiry, errors=errors, return_status=return_status
    )
