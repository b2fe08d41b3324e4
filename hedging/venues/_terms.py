"""Terms that the caller gives, put in the place of a venue's, or completing what is not known of them here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Final

from hedging._ground.reading import foreign
from hedging.errors import ChainError, InputError
from hedging.market.contracts import ContractTerms, FeeRule

__all__ = ["agreed", "fields_of"]

_ON_COMMAND: Final = {
    "multiplier": "--multiplier 1",
    "lot": "--lot 1",
    "ticks": "--tick 0.01",
    "fee": "--fee 0.0003:0.07",
    "settlement": "--settlement cash",
}
_IN_CALL: Final = {
    "multiplier": '"multiplier": 1',
    "lot": '"lot": 1',
    "ticks": '"ticks": 0.01',
    "fee": '"fee": (0.0003, 0.07)',
    "settlement": '"settlement": "cash"',
}


def agreed(
    given: ContractTerms | Mapping[str, Any] | None,
    known: Mapping[str, Any],
    *,
    missing: Sequence[str] = (),
    who: str = "",
) -> ContractTerms:
    """Terms as given, else the venue's.

    Parameters
    ----------
    given : ContractTerms or mapping, optional
        Whole terms; or some fields, of which ``ticks`` may be one step, and ``fee`` a rate or a pair of rate and cap.
    known : mapping
        Fields that the venue has for this underlying.
    missing : sequence of str
        Fields without which the terms are none, and that are not known here.
    who : str
        Whose terms, for the message.

    Raises
    ------
    ChainError
        If one of `missing` is not given.
    InputError
        If a field is unknown or impossible.

    Examples
    --------
    >>> agreed({"lot": 1, "ticks": 0.0001}, {"venue": "bybit"}, missing=["lot", "ticks"]).ticks
    ((0.0, 0.0001),)
    """
    if isinstance(given, ContractTerms):
        return given
    own = dict(given or {})
    names = [field.name for field in fields(ContractTerms)]
    if unknown := sorted(map(str, set(own) - set(names))):
        raise InputError(f"terms have {', '.join(names)}; got {', '.join(unknown)}.")
    if lacking := [name for name in missing if name not in own]:
        call = ", ".join(_IN_CALL[name] for name in lacking)
        command = " ".join(_ON_COMMAND[name] for name in lacking)
        raise ChainError(
            f"no terms are known for {who}: {', '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} missing. "
            f"Pass terms={{{call}}} with their own values, on the command {command}."
        )
    with foreign("terms", InputError, ours=False):
        return ContractTerms(**dict(known) | {name: _whole(name, value) for name, value in own.items()})


def fields_of(terms: ContractTerms) -> dict[str, Any]:
    """Fields of terms by name, as `agreed` takes what is known."""
    return {field.name: getattr(terms, field.name) for field in fields(terms)}


def _whole(name: str, value: Any) -> Any:
    """One step of price as ticks, a rate as a fee; numbers as floats."""
    if name == "ticks":
        steps = ((0.0, float(value)),) if isinstance(value, int | float | str) else tuple(map(tuple, value))
        if not all(len(step) == 2 and step[1] > 0.0 for step in steps):
            raise InputError(f"ticks must be a step > 0, or pairs of price and step; got {value!r}.")
        return steps
    if name == "fee" and not isinstance(value, FeeRule):
        parts = (value,) if isinstance(value, int | float | str) else tuple(value)
        rule = FeeRule(*map(float, parts))
        if not (0.0 <= rule.rate < 1.0 and rule.cap >= 0.0):
            raise InputError(
                f"a fee must be a share of the underlying's price, and its cap >= 0; got {value!r}."
            )
        return rule
    return float(value) if name in ("multiplier", "lot", "combo_waiver") else value
