"""`Survive`: along what an account must stay above its maintenance, and by whose rules."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np

from hedging._ground.forms import meant
from hedging._ground.shown import Shown
from hedging.book.accounts import ACCOUNT_MODELS
from hedging.book.book import Book
from hedging.errors import InputError
from hedging.margin.requirement import ASSUMED_MODEL
from hedging.paths.by_asset import PathsBy, leading, selected
from hedging.paths.paths import Paths, grid
from hedging.paths.vol_drift import VolDrift
from hedging.planner.request.coerce import number, pair
from hedging.planner.request.finer import LOWEST, finer_dates, finer_levels, with_expiries

__all__ = ["ASSUMED_MODEL", "Survive", "Ways", "checked_survive"]

Ways: TypeAlias = Paths | Mapping[str, Paths]
"""Paths of every asset, or of each by name."""
VOL_SHIFTS: Final = (-0.1, 0.0, 0.1)
_ARRAYS: Final = ("vol_shift", "skew_shift", "term_shift", "carry_shift", "funding_shift", "spread")
_RULES: Final = ("straight", "stickiness", "tenor_power", "ageing", "averaged", "fitted_to")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Survive(Shown):
    """Where every account must stay above its maintenance, premium and fees paid out of the one that trades.

    Attributes
    ----------
    paths : Paths, or {asset: Paths}, or several of these
        Along which: a `hedging.paths.crash_path`, a replay, drawn ones.
    moves : (low, high), optional
        Also at every node of the plan's scenarios whose spot stays within these moves, and at both of them: (-0.4, 0.5)
        is from 40 % below today's spot to 50 % above it. Where neither these nor paths are given, at all nodes but
        those below 2 % of today's spot: there coins keep no account, and a rate that rises with the coins a contract
        is worth asks for any number of them. What was looked at is said beside the plan. [1]
    model : str, optional
        Rules of every account, as `hedging.book.DeclaredAccount` names them; by default those that each declares, and
        ``'standard'`` where the book declares none and so all of it is the account.
    spare : float
        What must be left above maintenance, at the prices there, as a share of the plan's base. [1]

    Raises
    ------
    InputError
        If something is none of these.

    Notes
    -----
    Held at the nodes, on the dates of the paths, and on them at every expiry of what may be traded or is held and right
    before it. What lies between them is looked at after the plan on a finer grid,
    and the worst found there is said beside. Of several assets the nodes move all by the same share, or by their betas
    where `Target.joint` says so; paths by asset move each as they say. Rows are exact for new options, and
    for perpetuals and futures against those that are held, under standard margin but for a rate that rises with size; a
    future against a held one counts as one more position under portfolio margin, so that some plan may be passed over
    that the account would live through by a little.
    """

    paths: Ways | Sequence[Ways] = ()
    moves: tuple[float, float] | None = None
    model: str | None = None
    spare: float = 0.0

    def __post_init__(self) -> None:
        given: Any = self.paths
        given = (given,) if isinstance(given, Paths | Mapping) else given
        given = tuple(given) if isinstance(given, Sequence) else (given,)
        for ways in given:
            each = tuple(ways.values()) if isinstance(ways, Mapping) else (ways,)
            if not each or not all(isinstance(item, Paths) for item in each):
                raise InputError(f"paths of survive must be Paths, or Paths by asset; got {ways!r:.100}.")
        object.__setattr__(self, "paths", given)
        if self.moves is not None:
            low, high = pair(self.moves)
            if not -1.0 < low <= high < math.inf:
                raise InputError(
                    f"moves of survive must be -1 < low <= high, such as (-0.4, 0.5); got {self.moves!r}."
                )
            object.__setattr__(self, "moves", (low, high))
        if self.model is not None and self.model not in ACCOUNT_MODELS:
            raise InputError(
                f"model of survive must be one of {', '.join(ACCOUNT_MODELS)}; got {self.model!r}{meant(str(self.model), ACCOUNT_MODELS) or '.'}"
            )
        if not 0.0 <= number(self.spare) < math.inf:
            raise InputError(f"spare of survive must be a share >= 0; got {self.spare!r}.")

    @property
    def _every(self) -> tuple[Ways, ...]:
        """The paths as they were checked: one or several."""
        given: Any = self.paths
        return tuple(given)

    @property
    def ways_given(self) -> bool:
        """Whether paths are among it."""
        return bool(self._every)

    def book(self, book: Book) -> Book:
        """The book with the accounts that are looked at."""
        model = self.model or ("" if book.accounts else ASSUMED_MODEL)
        return book.with_model(model) if model else book

    def ways(
        self, scenarios: PathsBy, assets: Sequence[str], expiries: Sequence[float] = ()
    ) -> list[dict[str, Paths]]:
        """All that accounts must live through, by asset; paths also on each expiry, and right before it. [days]

        Raises
        ------
        InputError
            If the paths name no path of an asset.
        """
        found: list[Ways] = [_each(ways, expiries) for ways in self._every]
        if self.moves is not None:
            ends = grid(self.moves, VOL_SHIFTS, leading(scenarios).days)
            found += [_within(scenarios, *self.moves), ends]
        elif not found:
            found.append(_within(scenarios, LOWEST - 1.0, math.inf))
        for each in found:
            absent = [asset for asset in assets if isinstance(each, Mapping) and asset not in each]
            if absent:
                raise InputError(f"paths of survive are missing for {', '.join(absent)}.")
        return [
            {asset: each[asset] if isinstance(each, Mapping) else each for asset in assets} for each in found
        ]

    def between(
        self, scenarios: PathsBy, assets: Sequence[str], expiries: Sequence[float] = ()
    ) -> list[dict[str, Paths]]:
        """The same, finer: more dates on the paths that are given, and more levels of spot within those of nodes."""
        ways, given = self.ways(scenarios, assets, expiries), len(self._every)
        finer = [{asset: finer_dates(paths) for asset, paths in each.items()} for each in ways[:given]]
        # Of moves the nodes within them come first, and then their ends, which are there with or without such nodes.
        nodes = ways[-1:]
        levels = [
            {asset: finer_levels(paths, np.array(VOL_SHIFTS)) for asset, paths in each.items()}
            for each in (nodes if len(ways) > given else ())
        ]
        return finer + levels

    def to_dict(self) -> dict[str, Any]:
        """The limit as plain values, paths and all."""
        return {
            "paths": [_plain_ways(each) for each in self._every],
            "moves": None if self.moves is None else list(self.moves),
            "model": self.model,
            "spare": self.spare,
        }

    @staticmethod
    def from_dict(saved: dict[str, Any]) -> Survive:
        """The limit that `to_dict` gave."""
        paths = [
            _paths(each) if "days" in each else {name: _paths(item) for name, item in each.items()}
            for each in saved["paths"]
        ]
        moves = None if saved["moves"] is None else tuple(saved["moves"])
        return Survive(paths, moves, saved["model"], saved["spare"])


def checked_survive(given: Any) -> Survive | None:
    """What `Limits.survive` may be: nothing, True, moves, paths, or all of it.

    Raises
    ------
    InputError
        If it is none of these.
    """
    if given is None or given is False:
        return None
    if given is True:
        return Survive()
    if isinstance(given, Survive):
        return given
    if isinstance(given, Paths | Mapping):
        return Survive(given)
    if isinstance(given, tuple | list) and len(given) == 2 and not any(math.isnan(number(x)) for x in given):
        return Survive(moves=tuple(given))
    if isinstance(given, tuple | list):
        return Survive(given)
    raise InputError(
        "survive takes True for every node of the scenarios, moves such as (-0.4, 0.5), paths such as a crash_path, or "
        f"a hedging.planner.Survive; got {given!r:.100}."
    )


def _each(ways: Ways, expiries: Sequence[float]) -> Ways:
    if isinstance(ways, Paths):
        return with_expiries(ways, expiries)
    return {asset: with_expiries(paths, expiries) for asset, paths in ways.items()}


def _within(scenarios: PathsBy, low: float, high: float) -> PathsBy:
    """Scenarios in which the first asset stays within two moves."""
    spot = leading(scenarios).spot
    inside = ((spot >= 1.0 + low) & (spot <= 1.0 + high)).all(axis=1)
    if not inside.any() and math.isinf(high):
        raise InputError(
            f"no scenario stays above {LOWEST:.0%} of today's spot, below which no account is judged: give moves, or paths."
        )
    return selected(scenarios, np.flatnonzero(inside).tolist())


def _plain_ways(ways: Ways) -> dict[str, Any]:
    return _plain(ways) if isinstance(ways, Paths) else {name: _plain(item) for name, item in ways.items()}


def _plain(paths: Paths) -> dict[str, Any]:
    arrays = {name: values.tolist() for name, values in paths.arrays().items()}
    rules = {name: getattr(paths, name) for name in _RULES}
    drift = {} if paths.vol_drift is None else {"vol_drift": paths.vol_drift.to_dict()}
    return {"days": paths.days.tolist(), "labels": list(paths.labels)} | arrays | rules | drift


def _paths(saved: dict[str, Any]) -> Paths:
    arrays = {
        name: np.array(saved[name]) for name in ("days", "spot", *_ARRAYS) if saved.get(name) is not None
    }
    every: dict[str, Any] = arrays | {name: saved[name] for name in _RULES}
    drift = VolDrift(**saved["vol_drift"]) if saved.get("vol_drift") else None
    return Paths(labels=tuple(saved["labels"]), vol_drift=drift, **every)
