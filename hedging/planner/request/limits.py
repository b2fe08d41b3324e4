"""What a plan may use: budget, legs, windows of expiry, delta and moneyness, the underlying outright, margin."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
import pandas as pd

from hedging._ground.bounds import LARGEST
from hedging._ground.cells import SHARE
from hedging._ground.numbers import in_digits
from hedging._ground.shown import Shown
from hedging._numerics.types import Array
from hedging.book.book import Book, Holding
from hedging.book.ladder import Ladder
from hedging.book.saved import plain_fee
from hedging.errors import InputError
from hedging.margin.requirement import Requirement
from hedging.market.contracts import FeeRule, Future, Linear, Perpetual, Settlement, Spot, instrument_of
from hedging.market.market import Market
from hedging.planner.request.coerce import number, pair
from hedging.planner.request.funding import Funding
from hedging.planner.request.survive import Survive, checked_survive

__all__ = ["Limits", "MarginLimit", "Outright", "terms_of_outright"]


UNASKED_PREMIUM = 0.05
"""Share of the base from which premium that no budget bounds is said first. [1]"""


@dataclass(frozen=True, slots=True)
class Outright(Shown):
    """Trading the underlying itself: spot, the perpetual or dated futures, at a stated spread and fee.

    Futures are those whose expiry lies within `Limits.expiries`: the ones the chain lists, or one for each
    expiry of its options where it lists none. Their fair price is the chain's own forward.

    Attributes
    ----------
    kind : {'spot', 'perpetual', 'future'}
    half_spread : float
        Distance from spot, or the forward, to the price got, as a share of it. [1]
    fee : FeeRule
        What a taker pays.
    settlement : {'coin', 'cash'}
        Of perpetual and futures.
    lot : float
        Smallest order and its increment. [units of underlying]
    """

    kind: Literal["spot", "perpetual", "future"] = "spot"
    half_spread: float = 0.0001
    fee: FeeRule = field(default_factory=lambda: FeeRule(0.0005))
    settlement: Settlement = "coin"
    lot: float = 0.001

    def __post_init__(self) -> None:
        kind, settlement = _in_words(self.kind, self.settlement)
        object.__setattr__(self, "kind", kind)
        object.__setattr__(self, "settlement", settlement)
        if self.kind not in ("spot", "perpetual", "future"):
            raise InputError(f"kind must be 'spot', 'perpetual' or 'future'; got {self.kind!r}.")
        if self.settlement not in ("coin", "cash"):
            raise InputError(f"settlement must be 'coin' or 'cash'; got {self.settlement!r}.")
        if not isinstance(self.fee, FeeRule):
            raise InputError(f"fee must be a FeeRule, such as FeeRule(0.0005) for 5 bp; got {self.fee!r}.")
        if not 0.0 <= number(self.half_spread) < 1.0:
            raise InputError(f"half_spread must be a share in [0, 1); got {self.half_spread!r}.")
        if not 0.0 < number(self.lot) < math.inf:
            raise InputError(f"lot must be a number > 0; got {self.lot!r}.")

    def instrument(self, asset: str, expiry: pd.Timestamp | None = None) -> Linear:
        """The instrument traded on `asset`; a future needs its expiry.

        Raises
        ------
        InputError
            If a future has none.
        """
        if self.kind == "future":
            if expiry is None:
                raise InputError(f"a future on {asset} needs its expiry.")
            return Future(asset, expiry, self.settlement)
        return Spot(asset) if self.kind == "spot" else Perpetual(asset, self.settlement)


def _in_words(kind: Any, settlement: Settlement) -> tuple[Any, Settlement]:
    """Kind and settlement of what is named in another way: perp, futures, or a contract such as BTC-PERPETUAL."""
    if not isinstance(kind, str):
        return kind, settlement
    word = kind.strip().lower()
    known = {"perp": "perpetual", "perpetuals": "perpetual", "futures": "future"}.get(word, word)
    if known in ("spot", "perpetual", "future"):
        return known, settlement
    named = instrument_of(kind, settlement) if kind.isupper() else None
    if isinstance(named, Spot | Perpetual):
        return ("spot" if isinstance(named, Spot) else "perpetual"), settlement
    raise InputError(
        f"outright trades 'spot', 'perpetual' or 'future', of each asset of the book; got {kind!r}. Which futures: "
        "Limits(expiries=(20, 60)) bounds their days; which options: hedging.overlays.of_contracts."
    )


@dataclass(frozen=True, slots=True, repr=False)
class Limits(Shown):
    """What a plan may use; the defaults keep it to what a desk would trade.

    Attributes
    ----------
    budget : float, optional
        Greatest net premium as a share of the plan's base; 0 is zero cost, None is no limit. [1]
    cost : float, optional
        Greatest execution cost, carry to the horizon included, as a share of the base; what a view expects
        to gain is no money to spend. [1]
    max_legs : int
        Greatest number of orders. One that closes an option held counts, so that a roll is two: each has its
        spread, its fee and its ticket.
    expiries : (float, float or None)
        Least and greatest time to expiry. [days]
    deltas : (float, float)
        Least and greatest absolute delta of an option. Deep in-the-money options are sales of the
        underlying in disguise, far ones lottery tickets. [1]
    moneyness : (float, float)
        Least and greatest strike as a multiple of spot. [1]
    min_leg_share : float
        Smallest leg as a share of the position; an order of a few lots protects nobody. [1]
    max_leg_share : float
        Largest leg as a multiple of the position: a hedge of many times what it hedges is another bet. [1]
    outright : tuple of Outright
        Also trade the underlying, as further legs.
    price_per_leg : float
        What each further order must save to earn its place, as a share of the base. [1]
    parsimony : float
        Among plans that cost this share more than the optimum at most, the one with the fewest legs is
        taken, of these the most standard structure, and of that the easiest to trade; see
        `hedging.planner.selection.structure_rank` and `hedging.planner.selection.liquid`. [1]
    quoted_size : bool
        Trade no more than is quoted, where the quoted size is known.
    open_interest_share : float, optional
        Trade no more than this share of a contract's open interest, where that is known. [1]
    depth : mapping of str to Ladder
        Order books of some options by the venue's symbol, as `hedging.book.Ladder`; an order there may reach beyond the best quote, at
        the prices of the levels it takes. Trade no more than they hold, where `quoted_size` is set.
    gross_vega : float, optional
        Greatest sum of the absolute vegas of the orders. [money per vol point]
    initial_margin : InitialMargin, optional
        Greatest initial margin of the account after the plan, and the rules that say what it is; see
        `hedging.margin.InitialMargin`. Where several assets are held, of the account of each.
    funding : Funding or {asset: Funding}, optional
        What funding of perpetuals counts for. By default the market's rate counts where it is paid, and for nothing
        where it is received.
    survive : Survive, True, (low, high) or Paths, optional
        Every margin account stays above its maintenance, premium and fees paid out of the one that trades: at all
        nodes of the scenarios down to 2 % of today's spot (True), within moves of spot, or along paths; see `Survive`.
    close : bool
        Whether options held may be closed, also outside these windows and in any size: from one lot to all of
        it, whatever the leg shares.

    Raises
    ------
    InputError
        If a number is out of its range, or a window upside down.
    """

    budget: float | None = None
    cost: float | None = None
    max_legs: int = 4
    expiries: tuple[float, float | None] = (7.0, None)
    deltas: tuple[float, float] = (0.05, 0.60)
    moneyness: tuple[float, float] = (0.0, math.inf)
    min_leg_share: float = 0.04
    max_leg_share: float = 1.5
    outright: tuple[Outright, ...] = ()
    price_per_leg: float = 0.00005
    parsimony: float = 0.01
    quoted_size: bool = True
    open_interest_share: float | None = None
    depth: Mapping[str, Ladder] = field(default_factory=dict)
    gross_vega: float | None = None
    initial_margin: MarginLimit | None = None
    survive: Survive | None = None
    close: bool = True
    funding: Funding | Mapping[str, Funding] | None = None

    _UNITS: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(("budget", "cost", "parsimony", "open_interest_share", "price_per_leg"), SHARE),
        "expiries": "days",
        "deltas": "absolute",
        "moneyness": "strike over spot",
        "min_leg_share": "of the position",
        "max_leg_share": "of the position",
        "gross_vega": "money per vol point",
    }

    def __post_init__(self) -> None:
        _check_numbers(self)
        _check_windows(self)
        _check_kinds(self)
        first, last = pair(self.expiries)
        for name in ("quoted_size", "close"):
            object.__setattr__(self, name, bool(getattr(self, name)))
        object.__setattr__(self, "survive", checked_survive(self.survive))
        object.__setattr__(self, "outright", _outrights(self.outright))
        object.__setattr__(self, "max_legs", int(self.max_legs))
        object.__setattr__(self, "expiries", (float(first), float(last) if math.isfinite(last) else None))

    @property
    def ladders(self) -> Mapping[str, Ladder]:
        """Order books by symbol; none where what is quoted is no limit."""
        return self.depth if self.quoted_size else {}

    def funding_of(self, asset: str) -> Funding:
        """What funding of one asset counts for; with no rate of its own, where none is given."""
        found = self.funding.get(asset) if isinstance(self.funding, Mapping) else self.funding
        return found or Funding()

    def to_dict(self) -> dict[str, Any]:
        """The limits by name; an uncapped fee shows no cap."""
        plain = asdict(replace(self, initial_margin=None, survive=None))
        plain["initial_margin"] = None if self.initial_margin is None else self.initial_margin.to_dict()
        plain["survive"] = None if self.survive is None else self.survive.to_dict()
        plain["moneyness"] = [side if math.isfinite(side) else None for side in self.moneyness]
        for item in plain["outright"]:
            item["fee"] = plain_fee(item["fee"])
        return plain


class MarginLimit(Protocol):
    """A limit on the initial margin of an account, as the planner asks about it. All in money."""

    @property
    def most(self) -> float:
        """Share of the base that the account of one asset may need. [1]"""

    def of(self, book: Book, market: Market) -> float:
        """Initial margin of what a book holds of the market's asset."""

    def held(self, book: Book, market: Market) -> tuple[Array, float]:
        """Losses of the holdings at each node, and the rest."""

    def alone(self, holdings: Sequence[Holding], market: Market) -> tuple[Array, Array]:
        """The same of each of some holdings by itself, shapes (nodes, holdings) and (holdings,)."""

    def requirement(self, book: Book, market: Market, orders: Sequence[Holding]) -> Requirement | None:
        """The same as a function of orders with its slopes; None where these are not known."""

    def to_dict(self) -> dict[str, Any]:
        """The limit as plain values."""


def _check_numbers(limits: Limits) -> None:
    """Refuse a number out of its range."""
    for name in ("budget", "cost"):
        share = getattr(limits, name)
        if share is not None and not 0.0 <= number(share) <= 1.0:
            raise InputError(
                f"{name} must be a share >= 0 and <= 1 of the book's value; got {share!r}. 2 % is written 0.02."
            )
    if not (number(limits.max_legs) >= 1.0 and number(limits.max_legs).is_integer()):
        raise InputError(f"max_legs must be a whole number >= 1; got {limits.max_legs!r}.")
    for name in ("open_interest_share", "gross_vega"):
        value = getattr(limits, name)
        if value is not None and not 0.0 < number(value) <= LARGEST:
            raise InputError(f"{name} must be a number > 0, {in_digits(LARGEST)} at most; got {value!r}.")
    for name in ("min_leg_share", "price_per_leg", "parsimony"):
        if not 0.0 <= number(getattr(limits, name)) < 1.0:
            raise InputError(f"{name} must be a share in [0, 1); got {getattr(limits, name)!r}.")
    if not max(limits.min_leg_share, 1e-300) <= number(limits.max_leg_share) < math.inf:
        raise InputError(
            f"max_leg_share must be a number > 0 and >= min_leg_share; got {limits.max_leg_share!r}."
        )


def _check_windows(limits: Limits) -> None:
    """Refuse a window that is upside down."""
    first, last = pair(limits.expiries)  # an open end is infinite
    if not 0.0 <= first <= last:
        raise InputError(
            f"expiries must be (first day, last day) from now, such as (20, 100), first <= last; got {limits.expiries!r}."
        )
    low, high = pair(limits.deltas)
    if not 0.0 <= low <= high <= 1.0:
        raise InputError(f"deltas must be 0 <= low <= high <= 1; got {limits.deltas!r}.")
    low, high = pair(limits.moneyness)
    if not 0.0 <= low <= high:
        raise InputError(f"moneyness must be 0 <= low <= high; got {limits.moneyness!r}.")


def _check_kinds(limits: Limits) -> None:
    """Refuse what is another kind of thing than a field takes."""
    ladders = limits.depth.values() if isinstance(limits.depth, Mapping) else (limits.depth,)
    if not all(isinstance(ladder, Ladder) for ladder in ladders):
        raise InputError(f"depth must map symbols to Ladder values; got {limits.depth!r:.100}.")
    for name in ("quoted_size", "close"):
        if not isinstance(getattr(limits, name), bool | np.bool_):
            raise InputError(f"{name} must be True or False; got {getattr(limits, name)!r}.")
    fundings = limits.funding.values() if isinstance(limits.funding, Mapping) else (limits.funding,)
    if not all(isinstance(each, Funding | None) for each in fundings):
        raise InputError(
            f"funding takes a Funding, such as Funding(rate=0.0001) for 0.01 % per 8 hours; got {limits.funding!r}."
        )
    margin = limits.initial_margin
    if margin is not None and (isinstance(margin, type) or not hasattr(margin, "alone")):
        raise InputError(
            "initial_margin takes the rules of the account with the share, such as "
            f"hedging.margin.InitialMargin(hedging.margin.DERIBIT_BTC, 0.1); got {margin!r}."
        )


def _outrights(given: Any) -> tuple[Outright, ...]:
    """Outrights by their kinds or as they are; one is taken for a tuple of one."""
    several = given if isinstance(given, Iterable) and not isinstance(given, str) else (given,)
    made: tuple[Any, ...] = tuple(Outright(item) if isinstance(item, str) else item for item in several)  # type: ignore[arg-type]
    if not all(isinstance(item, Outright) for item in made):
        raise InputError(
            f"outright takes 'spot', 'perpetual' or 'future', or Outright values with their costs; got {given!r}."
        )
    if len({item.kind for item in made}) < len(made):
        raise InputError(
            "outright must name each of spot, perpetual and future at most once; got "
            f"{', '.join(item.kind for item in made)}."
        )
    return made


def terms_of_outright(limits: Limits) -> dict[str, Outright]:
    """Terms by kind: as in `limits`, and the usual ones of spot and perpetual where it does not allow them."""
    usual = {"spot": Outright("spot"), "perpetual": Outright("perpetual")}
    return usual | {item.kind: item for item in limits.outright}
