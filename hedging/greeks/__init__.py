"""Black-Scholes-Merton and Black-76: values, Greeks and implied vol, vectorised, in market units.

* Spot form (`spot`): ``price(flag, spot, strike, time_to_expiry, rate, vol, dividend_yield)`` and one function a
  Greek with the same arguments; `greeks` returns several at once for the time of one. `probabilities`: of ending
  in the money and of being touched.
* Forward form, the forward held fixed (`black76`): ``black76_price(flag, forward, strike, time_to_expiry, rate,
  vol)``, discounted by `rate`, and `black76_greeks`.
* Coin-settled (inverse) options (`coin`): `coin_price`, `coin_delta`, `coin_greeks`.
* Options that may be exercised early, with a yield and cash dividends (`american`): `american_price`,
  `american_greeks`, `american_implied_vol`.
* From price to vol (`implied`): `implied_vol`, `black76_implied_vol`, `coin_implied_vol`.
* From delta to strike (`strikes`): `strike_from_delta`.
* Forwards near or below zero (`bachelier`): `bachelier_price`, `bachelier_implied_vol`.

Conventions of every function
    * The order is py_vollib's: ``flag, spot or forward, strike, time_to_expiry, rate, vol``. A coin-settled option
      has no rate.
    * Arguments are scalars, lists, numpy arrays or pandas objects, and broadcast. A float comes back for
      scalars, the same pandas kind with the same index for pandas, an array for anything else.
    * `flag` is ``'c'`` or ``'p'``; any other spelling is refused.
    * Greeks are in market units, those of `hedging.units.GREEK_UNITS`; theta, charm, veta and color are changes
      per calendar day that passes.
    * Zero time, zero vol, zero and infinite strikes give the limits exactly. On the kink (at the money without
      time or vol) delta is half its jump and gamma infinite.
    * ``errors="raise"`` refuses a call with any bad entry, ``errors="nan"`` returns NaN in its row; a bad row
      never touches another.

Deribit's published Greeks are those of `greeks` at the forward with ``rate=0``. Only its theta is cut short: in an
option's last day it is that of the part of a day that is left, and never more than the option is worth, as far as two
days before expiry; here it is the derivative, whatever is left. Values are within a few roundings of what float64 inputs determine; the figures are in
``tests/greeks/reference/README.md``.
"""

from hedging._ground.kinds import guarded as _guarded
from hedging.greeks._evaluate import DEFAULT
from hedging.greeks.american import american_greeks, american_implied_vol, american_price
from hedging.greeks.bachelier import bachelier_implied_vol, bachelier_price
from hedging.greeks.black76 import black76_greeks, black76_price
from hedging.greeks.coin import coin_delta, coin_greeks, coin_price
from hedging.greeks.implied import black76_implied_vol, coin_implied_vol, implied_vol
from hedging.greeks.probabilities import probability_in_the_money, probability_of_touch
from hedging.greeks.result import Greeks
from hedging.greeks.spot import (
    charm,
    color,
    delta,
    dual_delta,
    dual_gamma,
    elasticity,
    gamma,
    greeks,
    price,
    rho,
    rho_yield,
    speed,
    theta,
    ultima,
    vanna,
    vega,
    veta,
    volga,
    zomma,
)
from hedging.greeks.strikes import strike_from_delta

__all__ = [
    "DEFAULT",
    "Greeks",
    "american_greeks",
    "american_implied_vol",
    "american_price",
    "bachelier_implied_vol",
    "bachelier_price",
    "black76_greeks",
    "black76_implied_vol",
    "black76_price",
    "charm",
    "coin_delta",
    "coin_greeks",
    "coin_implied_vol",
    "coin_price",
    "color",
    "delta",
    "dual_delta",
    "dual_gamma",
    "elasticity",
    "gamma",
    "greeks",
    "implied_vol",
    "price",
    "probability_in_the_money",
    "probability_of_touch",
    "rho",
    "rho_yield",
    "speed",
    "strike_from_delta",
    "theta",
    "ultima",
    "vanna",
    "vega",
    "veta",
    "volga",
    "zomma",
]

_guarded(globals())
