"""Signed sensitivities of a position in one underlying."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar

from hedging._ground.cells import figure
from hedging._ground.shown import Shown
from hedging.errors import InputError
from hedging.units import GREEK_UNITS

__all__ = ["Exposure"]


@dataclass(frozen=True, slots=True, repr=False)
class Exposure(Shown):
    """Signed sensitivities of a position in one underlying. Exposures of one underlying add.

    Attributes
    ----------
    asset : str
    spot : float
        [money]
    value : float
        [money]
    delta : float
        Of the value in money. [units of underlying]
    gamma : float
        [units of underlying per 1.00 of spot]
    vega, theta, rho : float
        [money per vol point], [money per calendar day], [money per 1 % of rate]
    vanna, volga, charm : float
        [units per vol point], [money per vol point squared], [units per day]
    currency : str
        What the money is.
    """

    asset: str
    spot: float
    value: float = 0.0
    delta: float = 0.0
    gamma: float = 0.0
    vega: float = 0.0
    theta: float = 0.0
    rho: float = 0.0
    vanna: float = 0.0
    volga: float = 0.0
    charm: float = 0.0
    currency: str = field(default="money", compare=False)

    _UNITS: ClassVar[Mapping[str, str]] = {
        **{name: each.position for name, each in GREEK_UNITS.items()},
        "value": "money",
        "delta_value": "money",
        "gamma_value": "money per 1 % of spot",
    }

    @property
    def delta_value(self) -> float:
        """Delta in money: what the position moves with, per 100 % of spot."""
        return self.delta * self.spot

    @property
    def gamma_value(self) -> float:
        """Change of `delta_value` when spot moves by 1 %. [money]"""
        return self.gamma * self.spot**2 * 0.01

    def __add__(self, other: Exposure) -> Exposure:
        if (self.asset, self.spot) != (other.asset, other.spot):
            raise InputError(
                f"only exposures of one underlying at one spot add; got {self.asset} at {self.spot} and "
                f"{other.asset} at {other.spot}."
            )
        sums = {name: getattr(self, name) + getattr(other, name) for name in self._numbers()}
        return replace(self, **sums)

    def _fields(self) -> list[tuple[str, Any]]:
        """Each number beside its money version."""
        shown = ("value", "delta", "delta_value", "gamma", "gamma_value")
        rest = (name for name in self._numbers() if name not in shown)
        return [(name, getattr(self, name)) for name in (*shown, *rest)]

    def _numbers(self) -> list[str]:
        return [f.name for f in fields(self) if f.name not in ("asset", "spot", "currency")]

    def _unit_of(self, name: str) -> str:
        return self._UNITS[name].replace("units of underlying", self.asset).replace("money", self.currency)

    def _head(self) -> str:
        unit = "" if self.currency == "money" else f" {self.currency}"
        return f"Exposure to {self.asset} at {figure(self.spot, 8)}{unit}"

    def to_dict(self) -> dict[str, Any]:
        """The numbers by name, money versions included."""
        numbers = {name: float(getattr(self, name)) for name in ("spot", *self._numbers())}
        return numbers | {"delta_value": self.delta_value, "gamma_value": self.gamma_value}
