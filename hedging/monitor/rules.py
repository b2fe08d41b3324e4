"""Rules of a watch: what counts as near, what is watched besides the plan's own limits, what a transition runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from hedging._ground.file_kinds import kind_of_values
from hedging._ground.reading import read_text
from hedging._ground.shown import Shown
from hedging._ground.toml import parse_toml
from hedging.errors import InputError

__all__ = ["EXTRA", "Rules", "read_rules"]

EXTRA: Final = {
    "gain": "money, of book and plan since the plan",
    "overlay_gain": "money, of the plan's legs",
    "worst_since_plan": "share of the plan's base, the floor's worst case from now on and the gain so far together",
    "days_to_expiry": "days until the first of what is held expires",
    "days_to_roll": "days until the first option that was bought is worth rolling out, if nothing moves",
    "days_left": "days of the plan's horizon that are left",
}
"""What may be watched besides the limits of the plan, and its unit."""
NEAR: Final = 0.1


@dataclass(frozen=True, slots=True, repr=False)
class Rules(Shown):
    """How a plan is watched.

    Attributes
    ----------
    near : float
        Share of a band, or of a limit with one side, within which a value is near its edge. [1]
    near_of : mapping
        The same for single limits, by name.
    bands : mapping
        ``{name: (low, high)}`` of what is watched besides; names and units are those of `EXTRA`.
    ignore : tuple of str
        Limits that are not watched.
    """

    near: float = NEAR
    near_of: Mapping[str, float] = field(default_factory=dict)
    bands: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, value in {"near": self.near, **self.near_of}.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value < 1.0:
                raise InputError(f"near must be a share from 0 to below 1; got {value!r} for {name}.")
        for name, band in self.bands.items():
            if name not in EXTRA:
                raise InputError(f"a band must be of {', '.join(EXTRA)}; got {name!r}.")
            low, high = band
            if (low is None and high is None) or (low is not None and high is not None and not low <= high):
                raise InputError(f"the band of {name} needs low, high or both, ascending; got {band!r}.")

    def check_names(self, known: set[str]) -> None:
        """Refuse rules of limits that the plan does not have.

        Raises
        ------
        InputError
        """
        unknown = sorted({*self.near_of, *self.ignore} - known - set(EXTRA))
        if unknown:
            raise InputError(
                f"the rules name {', '.join(unknown)}, which the plan does not hold; it holds {', '.join(sorted(known))}."
            )


def read_rules(path: str | Path) -> Rules:
    """Read rules from a TOML file: ``near``, ``ignore``, and tables ``[near_of]`` and ``[bands.NAME]``.

    Raises
    ------
    InputError
        If it cannot be read, or holds anything else.
    """
    saved = parse_toml(read_text(path), str(path))
    unknown = sorted(set(saved) - {"near", "near_of", "bands", "ignore"})
    if unknown:
        has = kind_of_values(saved, f"has {', '.join(unknown)}")
        raise InputError(f"{path} {has}; rules have near, near_of, bands and ignore.")
    try:
        bands = {name: _band(path, name, band) for name, band in saved.get("bands", {}).items()}
        return Rules(saved.get("near", NEAR), saved.get("near_of", {}), bands, tuple(saved.get("ignore", ())))
    except (AttributeError, TypeError) as error:
        raise InputError(f"{path}: near_of and bands must be tables, ignore a list; {error}.") from error


def _band(path: str | Path, name: str, band: Any) -> tuple[float | None, float | None]:
    sides = {side: band.get(side) for side in ("low", "high")}
    odd = sorted(set(band) - set(sides)) or [
        side
        for side, value in sides.items()
        if isinstance(value, bool) or not isinstance(value, int | float | None)
    ]
    if odd:
        raise InputError(f"{path}: the band of {name} takes numbers low and high; got {', '.join(odd)}.")
    return sides["low"], sides["high"]
