"""Signed sensitivities of a position in one underlying."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from hedging.errors import InputError

__all__ = ["Exposure"]


@dataclass(frozen=True, slots=True)
class Exposure:
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
        sums = {f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)[2:]}
        return replace(self, **sums)

    def to_dict(self) -> dict[str, float]:
        """The numbers by name, money versions included."""
        numbers = {f.name: float(getattr(self, f.name)) for f in fields(self)[1:]}
        return numbers | {"delta_value": self.delta_value, "gamma_value": self.gamma_value}
