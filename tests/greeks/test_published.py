"""Values printed in books and by exchanges, to the digits printed there."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from hedging import greeks


@dataclass(frozen=True)
class Row:
    """One exchange row: inputs and what the exchange showed."""

    flag: str
    forward: float
    strike: float
    seconds: float
    vol: float
    mark: float
    delta: float
    gamma: float
    vega: float
    theta: float
    rho: float


# Deribit, published beside the mark: 8:00 UTC expiry, 365-day year, rate 0, money per coin of underlying.
DERIBIT = [
    Row("p", 48390.5, 51000, 1_033_112, 0.4938, 0.0697, -0.70641, 8e-05, 30.15361, -62.26424, -12.30382),
    Row(
        "p", 81606.61, 98000, 25_786_348.793, 0.4186, 0.2843, -0.61575, 1e-05, 281.91318, -19.77072, -600.5794
    ),
    Row("c", 38992.71, 40000, 27_845_452, 0.6127, 0.2168, 0.59621, 2e-05, 141.90146, -13.48784, 130.63998),
    Row("p", 9756.36, 9875, 115_200.6, 0.6289, 0.02210436, -0.61752, 0.00103, 2.24964, -53.05655, -0.22796),
]


@pytest.mark.parametrize("row", DERIBIT)
def test_greeks_at_zero_rate_are_the_ones_deribit_publishes(row: Row) -> None:
    years = row.seconds / (365 * 86_400)
    ours = greeks.greeks(row.flag, row.forward, row.strike, years, 0.0, row.vol)
    # Deribit rounds the vol to 0.01 points and the time to a second.
    assert ours.delta == pytest.approx(row.delta, abs=1.5e-5)
    assert ours.gamma == pytest.approx(row.gamma, abs=0.5e-5)
    assert ours.vega == pytest.approx(row.vega, rel=5e-5)
    assert ours.theta == pytest.approx(row.theta, rel=1e-4)
    assert ours.rho == pytest.approx(row.rho, rel=2e-5)
    coin = greeks.coin_price(row.flag, row.forward, row.strike, years, row.vol)
    assert coin == pytest.approx(row.mark, abs=5e-5)


def test_premium_adjusted_delta_of_the_deribit_put() -> None:
    years = 25_786_348.793 / (365 * 86_400)
    adjusted = greeks.coin_delta("p", 81606.61, 98000, years, 0.4186)
    assert adjusted == pytest.approx(-0.61575 - 0.28429, abs=2e-5)


# Hull, Options, Futures and Other Derivatives: the chapters on Black-Scholes-Merton, Greek letters, futures options.
def test_hull_greek_letters_example() -> None:
    ours = greeks.greeks("c", 49, 50, 20 / 52, 0.05, 0.20)
    assert ours.price == pytest.approx(2.4005, abs=5e-5)
    assert ours.delta == pytest.approx(0.5216, abs=5e-5)
    assert ours.gamma == pytest.approx(0.06554, abs=5e-6)
    assert ours.vega == pytest.approx(12.1055 / 100, abs=5e-7)
    assert ours.theta == pytest.approx(-4.3053 / 365, abs=5e-5 / 365)
    assert ours.rho == pytest.approx(8.9070 / 100, abs=5e-7)


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (("c", 42, 40, 0.5, 0.10, 0.20), 4.7594),
        (("p", 42, 40, 0.5, 0.10, 0.20), 0.8086),
        # Haug, The Complete Guide to Option Pricing Formulas, 2nd ed., ch. 1.
        (("c", 60, 65, 0.25, 0.08, 0.30), 2.1334),
        (("p", 100, 95, 0.5, 0.10, 0.20, 0.05), 2.4648),
        (("c", 1.56, 1.60, 0.5, 0.06, 0.12, 0.08), 0.0291),
    ],
)
def test_spot_prices_of_hull_and_haug(arguments: tuple[float, ...], printed: float) -> None:
    assert greeks.price(*arguments) == pytest.approx(printed, abs=5e-5)


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (("p", 20, 20, 4 / 12, 0.09, 0.25), 1.1166),  # Hull
        (("c", 19, 19, 0.75, 0.10, 0.28), 1.7011),  # Haug
        (("p", 19, 19, 0.75, 0.10, 0.28), 1.7011),
        (("c", 90, 100, 0.5, 0.10, 0.35), 4.9329),
        (("c", 100, 100, 0.5, 0.10, 0.35), 9.3679),
        (("c", 110, 100, 0.5, 0.10, 0.35), 15.3086),
    ],
)
def test_forward_prices_of_hull_and_haug(arguments: tuple[float, ...], printed: float) -> None:
    assert greeks.black76_price(*arguments) == pytest.approx(printed, abs=5.1e-5)


def test_greeks_of_haug() -> None:
    call, put = greeks.black76_greeks(["c", "p"], 105, 100, 0.5, 0.10, 0.36).delta
    assert call == pytest.approx(0.5946, abs=5e-5)
    assert put == pytest.approx(-0.3566, abs=5e-5)
    assert greeks.gamma("c", 55, 60, 0.75, 0.10, 0.30) == pytest.approx(0.0278, abs=5e-5)
    assert greeks.vega("p", 55, 60, 0.75, 0.10, 0.30) == pytest.approx(18.9358 / 100, abs=5e-7)
    assert greeks.theta("p", 430, 405, 1 / 12, 0.07, 0.20, 0.05) == pytest.approx(
        -31.1924 / 365, abs=5e-5 / 365
    )
