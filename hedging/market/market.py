"""All that prices instruments of one asset: spot, forwards, smile, and the quirks of listed contracts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._ground import clock
from hedging._ground.arguments import must_be
from hedging._ground.cells import figure
from hedging._ground.shown import Shown, plain
from hedging._ground.tables import Page
from hedging._numerics.american_table import Tables
from hedging._numerics.checks import finite
from hedging._numerics.types import Array
from hedging.errors import InputError
from hedging.market import smile as smiles
from hedging.market.bare import NoSmile, bare_chain, no_options
from hedging.market.chain import OptionChain
from hedging.market.consolidated import consolidated
from hedging.market.contracts import Option
from hedging.market.ex_dates import rate_at
from hedging.market.fitting import fit
from hedging.market.option_table import OptionTable
from hedging.units import DAYS_PER_YEAR, years

__all__ = ["Chains", "Market", "OptionTable", "chain_of", "market_of", "markets_of", "vols_of"]


@dataclass(frozen=True, eq=False, repr=False)
class Market(Shown):
    """The state of one underlying at one instant.

    Attributes
    ----------
    chain : OptionChain
        The quotes it was made of.
    smile : Smile
        The vol surface fitted to them, with the forwards of its expiries.
    funding_8h : float
        What longs of a perpetual pay shorts per 8 hours, as a share of spot.
    funding_source : str
        Where that is from: the name of the chain's perpetual, or nothing.
    premiums : dict
        What early exercise is worth, by rate, yield and time, as far as scenarios have asked; markets that differ in
        vols or funding alone may share it.
    """

    chain: OptionChain
    smile: smiles.Smile
    funding_8h: float = 0.0
    funding_source: str = ""
    premiums: Tables = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        chain: OptionChain,
        *,
        smile: smiles.Smile | None = None,
        funding_8h: float | None = None,
        premiums: Tables | None = None,
    ) -> Market:
        """Market of a chain; the surface is fitted, and funding is what its perpetual shows, unless they are given."""
        chain = chain_of(chain)
        must_be("smile", smile, smiles.Smile, NoSmile, type(None))
        source = ""
        if funding_8h is not None:
            must_be("funding_8h", funding_8h, int, float, np.number)
            funding_8h = float(finite("funding_8h", funding_8h))
        if funding_8h is None:
            funding_8h, source = _shown_funding(chain)
        known = {} if premiums is None else premiums
        return cls(chain, smile or _fitted(chain), funding_8h, source, known)

    @classmethod
    def bare(
        cls,
        asset: str,
        spot: float,
        as_of: str | pd.Timestamp,
        *,
        funding_8h: float = 0.0,
        currency: str = "USD",
    ) -> Market:
        """Market of a coin on which no option is quoted, from its price.

        Spot and perpetuals are valued, shocked, margined and planned over; options and futures are refused by
        name.

        Parameters
        ----------
        asset : str
        spot : float, > 0
            [money]
        as_of : str or Timestamp
            When that was the price, with a time zone.
        funding_8h : float
            What longs of a perpetual pay shorts per 8 hours, as a share of spot.
        currency : str
            The money of the price.

        Raises
        ------
        InputError
            If the price, the funding or the time is none.

        Examples
        --------
        >>> Market.bare("DOGE", 0.12, "2026-01-15T08:00Z", funding_8h=0.0001).spot
        0.12
        """
        chain, smile = bare_chain(asset, spot, as_of, currency)
        return cls(chain, smile, float(finite("funding_8h", funding_8h)))

    def to_frame(self) -> pd.DataFrame:
        """One row an expiry, as `Smile.to_frame`; empty where no option is quoted."""
        return pd.DataFrame() if self.is_bare else self.smile.to_frame()

    def to_dict(self) -> dict[str, Any]:
        """The state in plain values: spot, funding, and what the surface says at each expiry."""
        return {
            "asset": self.asset,
            "as_of": self.as_of.isoformat(),
            "spot": self.spot,
            "currency": self.currency,
            "funding_8h": self.funding_8h,
            "funding_source": self.funding_source,
            "expiries": plain(self.to_frame()),
        }

    def _page(self) -> Page:
        source = f", as {self.funding_source} shows" if self.funding_source else ""
        head = (
            f"Market of {self.asset} at {self.as_of:%Y-%m-%d %H:%M:%S} UTC, spot {figure(self.spot, 8)} "
            f"{self.currency}, funding {self.funding_8h:+.4%} per 8 hours{source}"
        )
        return Page(head, ("no options are quoted",) if self.is_bare else (smiles.table_of(self.smile),))

    @property
    def is_bare(self) -> bool:
        """Whether no option of this asset is quoted."""
        return isinstance(self.smile, NoSmile)

    @property
    def asset(self) -> str:
        """Name of the underlying."""
        return self.chain.asset

    @property
    def spot(self) -> float:
        """Price of the underlying now. [money]"""
        return self.chain.spot

    @property
    def as_of(self) -> pd.Timestamp:
        """When the quotes were taken, UTC."""
        return self.chain.as_of

    @property
    def currency(self) -> str:
        """The quote currency, the money of every value."""
        return self.chain.terms.currency

    def carry(self, time_to_expiry: npt.ArrayLike) -> Array:
        """Carry of the forward to any time, as `Smile.carry`. [1/year]"""
        return self.smile.carry(time_to_expiry)

    @property
    def vol_of_30_days(self) -> float:
        """Vol of the surface at the forward of 30 days, by which `hedging.paths.Reaction.at` knows a calm market."""
        return float(self.smile.vol_at(0.0, 30.0 / DAYS_PER_YEAR))

    def with_funding(self, funding_8h: float) -> Market:
        """The same market under another funding; what was looked up of its options is shared."""
        key = ("funding", funding_8h)
        if key not in self.memo:
            self.memo[key] = other = replace(self, funding_8h=funding_8h)
            other.__dict__.update(_looked_up=self._looked_up, _places=self._places)
        found: Market = self.memo[key]
        return found

    def forward(self, expiry: str | pd.Timestamp) -> float:
        """Price of the underlying for delivery at `expiry`, a time or a date such as ``'2026-03-27'``. [money]"""
        return float(self.smile.forward(self.smile.time_to(expiry)))

    def table(self, options: Sequence[Option]) -> OptionTable:
        """Everything that prices some options today, contracts of the chain at their own mark.

        Raises
        ------
        InputError
            If an option is of another asset, or expired before the chain was taken.
        """
        for option in options:
            must_be("an option", option, Option)
        if self.is_bare and options:
            raise no_options(self.asset, options[0].symbol)
        new = [option for option in dict.fromkeys(options) if option not in self._looked_up]
        if new:
            self._looked_up.update(zip(new, self._look_up(new), strict=True))
        rows = [self._looked_up[option] for option in options]
        sign, strike, t, carry, rate, vol, smile_vol, coin, american = (
            np.array(rows, dtype=float).reshape(len(rows), 9).T.copy()
        )
        early = american.astype(bool)
        return OptionTable(
            sign, strike, t, carry, rate, vol, smile_vol, coin.astype(bool), early, self.chain.ex_dates
        )

    @cached_property
    def _looked_up(self) -> dict[Option, tuple[Any, ...]]:
        """Fields of `OptionTable` of every option that was asked for: looked up once per market."""
        return {}

    @cached_property
    def memo(self) -> dict[Any, Any]:
        """What rooms above have computed of this market already, by keys of their own."""
        return {}

    def _look_up(self, options: Sequence[Option]) -> list[tuple[Any, ...]]:
        for option in options:
            if option.asset != self.asset:
                raise InputError(f"{option.symbol} is no option on {self.asset}, the asset of the chain.")
            if option.expiry <= self.as_of:
                raise InputError(
                    f"{option.symbol} expired before the chain of {self.as_of:%Y-%m-%d %H:%M} UTC was taken; "
                    "remove it from the book or take a chain from before."
                )
        clock.look()
        # The clock that futures are timed by: two formulas differ in the last bit, and no longer group.
        t = np.array([years(self.as_of, option.expiry) for option in options], dtype=float)
        strike = np.array([option.strike for option in options], dtype=float)
        coin = np.array([option.terms.settlement == "coin" for option in options], dtype=bool)
        carry = self.carry(t)
        american = np.array([option.terms.exercise == "american" for option in options], dtype=bool)
        american &= ~coin
        rate = np.where(coin, carry, 0.0)
        if american.any():
            rate = np.where(american, rate_at(self.chain.quotes, t), rate)
        smile_vol = self.smile.vol_at(np.log(strike / self.spot) - carry * t, t)
        vol = smile_vol.copy()
        clock.look()
        listed = self.rows_of(options)
        if listed.size and (found := listed >= 0).any():
            quotes, own_t = self.chain.quotes, t[found]
            forward, discount, mark_vol = (
                quotes[name].to_numpy(dtype=float)[listed[found]]
                for name in ("forward", "discount", "mark_vol")
            )
            carry[found] = np.log(forward / self.spot) / own_t
            rate[found] = -np.log(discount) / own_t
            vol[found] = mark_vol
            # The surface is read at the contract's own forward, as every later state of it will be.
            k = np.log(strike[found] / self.spot) - carry[found] * own_t
            smile_vol[found] = self.smile.vol_at(k, own_t)
            vol = np.where(vol > 0, vol, smile_vol)  # also where NaN: no mark vol was published
        sign = [option.sign for option in options]
        return list(zip(sign, strike, t, carry, rate, vol, smile_vol, coin, american, strict=True))

    def half_spread(self, option: Option | str) -> float:
        """Half of what ask and bid of a listed option are apart per unit, 0 where not both are known. [money]"""
        if isinstance(option, str):
            option = self.chain.option(option)
        must_be("option", option, Option)
        row = int(self.rows_of([option])[0])
        if row < 0:
            return 0.0
        quote = self.chain.quotes.iloc[row]
        spread = float(quote["ask"]) - float(quote["bid"])
        return spread / 2.0 if spread > 0 else 0.0

    def rows_of(self, options: Sequence[Option]) -> npt.NDArray[np.intp]:
        """Row of each option in the chain's quotes, -1 where it is not listed.

        Of several venues that of its own; of none of them, that of the first with its settlement.
        """
        rows = [self._place(option) for option in options]
        return np.array(rows, dtype=np.intp)

    def _place(self, option: Option) -> int:
        key = option.flag, float(option.strike), option.expiry, option.terms.settlement
        places = self._places
        return places.get((*key, option.terms.venue), places.get((*key, ""), -1))

    @cached_property
    def _places(self) -> dict[tuple[str, float, pd.Timestamp, str, str], int]:
        """Row of each contract in the chain's quotes, by its venue, and by none for the first that lists it."""
        found: dict[tuple[str, float, pd.Timestamp, str, str], int] = {}
        parts = self.chain.by_venue()
        for part in parts:
            q, terms = part.quotes, part.terms
            keys = zip(q["flag"], q["strike"].astype(float), q["expiry"], strict=True)
            rows = range(len(q)) if len(parts) == 1 else self.chain.quotes.index.get_indexer(q.index)
            for key, row in zip(keys, map(int, rows), strict=True):
                found.setdefault((*key, terms.settlement, ""), row)
                if len(parts) > 1:
                    found[*key, terms.settlement, terms.venue] = row
        return found


Chains: TypeAlias = OptionChain | Market | Iterable[OptionChain | Market] | Mapping[str, OptionChain | Market]
"""Whatever names the quotes of one or several underlyings."""


_SURFACES: WeakKeyDictionary[OptionChain, smiles.Smile] = WeakKeyDictionary()


def _fitted(chain: OptionChain) -> smiles.Smile:
    """The surface of a chain, fitted once however many markets are made of it."""
    if chain not in _SURFACES:
        _SURFACES[chain] = fit(chain)
    return _SURFACES[chain]


def _shown_funding(chain: OptionChain) -> tuple[float, str]:
    """Funding of the perpetual among a chain's futures, and its name; 0 where none is shown."""
    shown = chain.futures[chain.futures["expiry"].isna() & chain.futures["funding_8h"].notna()]
    if shown.empty:
        return 0.0, ""
    return float(shown["funding_8h"].iloc[0]), str(shown["symbol"].iloc[0])


def market_of(chain: OptionChain | Market) -> Market:
    """The market of a chain, its surface fitted; a market is taken as it is.

    Raises
    ------
    InputError
        If it is neither, or several of them.
    """
    if not isinstance(chain, OptionChain | Market):
        raise InputError(
            f"a chain must be an OptionChain or a Market; got {type(chain).__name__}{_way_out(chain)}"
        )
    return Market.of(chain) if isinstance(chain, OptionChain) else chain


def _way_out(given: object) -> str:
    """What to pass instead: one of several markets, where one is wanted, or what is read from a file."""
    items = given.values() if isinstance(given, Mapping) else given
    if isinstance(items, Iterable) and not isinstance(items, str):
        found = [item.asset for item in items if isinstance(item, OptionChain | Market)]
        if found:
            return f" of {', '.join(found)}, and one is wanted here: pass that of {' or of '.join(found)} by itself."
    return ". Read one with hedging.read_chain(path)."


def chain_of(chain: OptionChain | Market) -> OptionChain:
    """The quotes of a chain, or those that a market was made of.

    Raises
    ------
    InputError
        If it is neither.
    """
    return market_of(chain).chain if not isinstance(chain, OptionChain) else chain


def markets_of(chains: Chains) -> dict[str, Market]:
    """Markets by asset; the surface is fitted for a chain, a market is taken as it is.

    Several chains of one asset, one a venue, are put side by side as by `hedging.market.consolidated`.

    Raises
    ------
    InputError
        If there is none, one stands under another asset's name, or two of one asset cannot be put side by side.
    """
    if isinstance(chains, OptionChain | Market) or not isinstance(chains, Iterable):
        chains = (chains,)
    items = list(chains.values() if isinstance(chains, Mapping) else chains)
    if not items:
        raise InputError("at least one chain or market is needed; got none.")
    for item in items:
        chain_of(item)  # refuses what is neither
    for name, item in chains.items() if isinstance(chains, Mapping) else ():
        if name != item.asset:
            raise InputError(
                f"chains by asset must stand under their own: that of {item.asset} stands under {name!r}."
            )
    by_asset: dict[str, list[OptionChain | Market]] = {}
    for item in items:
        by_asset.setdefault(item.asset, []).append(item)
    return {asset: market_of(_one(each)) for asset, each in by_asset.items()}


def vols_of(markets: Iterable[Market]) -> dict[str, float]:
    """30-day vol of each market that has a surface, to six decimals: what a vol move is measured from."""
    return {each.asset: round(each.vol_of_30_days, 6) for each in markets if not each.is_bare}


def _one(items: Sequence[OptionChain | Market]) -> OptionChain | Market:
    """The only one of an asset, or the chains of several venues as one."""
    return items[0] if len(items) == 1 else consolidated(chain_of(item) for item in items)
