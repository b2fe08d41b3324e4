"""`OptionChain`: every quote of one underlying at one instant, and what was rejected and why.

Money rule: the premium of a coin-settled option is paid in coin today, so a quote of ``x`` coins is worth
``x * spot`` in money, and the coins that settle at expiry are priced with ``discount = spot / forward``.
Then ``price = discount * Black-76(forward, strike, time_to_expiry, vol)`` holds for every row of every
venue whose options are exercised at expiry, and the spot-form parameters of a row are ``rate = -ln(discount) / T`` and
``dividend_yield = rate - ln(forward / spot) / T``. Where exercise is American, price and vol are tied by
`hedging.greeks.american_price` of these instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._ground.arguments import must_be
from hedging._ground.forms import in_words
from hedging._ground.shown import Shown, plain
from hedging._ground.tables import Page
from hedging.errors import ChainError, InputError
from hedging.market._chain_words import absent, choice, page_of
from hedging.market._cleaning import OTHER_QUOTE, ChainRules
from hedging.market._columns import FUTURES_COLUMNS, QUOTE_COLUMNS, in_columns, no_futures
from hedging.market._judging import Source, check_settlement, judged
from hedging.market.by_exercise import option_greeks, vols_of_marks
from hedging.market.contracts import ContractTerms, Option
from hedging.market.ex_dates import Early, ex_dates_of
from hedging.units import DAYS_PER_YEAR, utc

__all__ = [
    "FUTURES_COLUMNS",
    "OTHER_QUOTE",
    "QUOTE_COLUMNS",
    "ChainRules",
    "OptionChain",
    "in_columns",
    "no_futures",
]


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False, repr=False)
class OptionChain(Shown):
    """Every quote of one underlying at one instant, in columns.

    Attributes
    ----------
    asset : str
        The underlying, such as ``"BTC"``.
    as_of : Timestamp
        Time of the quotes, UTC.
    spot : float
        Index price; the median where rows carry slightly different ones. [money]
    quotes : DataFrame
        Usable quotes in the columns of `QUOTE_COLUMNS`, ordered by expiry, strike and flag.
    rejected : DataFrame
        ``row, symbol, reason, detail`` of every row of the source that is not in `quotes`; `row` counts
        from 0 without the header.
    terms : ContractTerms
        Settlement, multiplier, lot, ticks and fee of these options at `as_of`.
    futures : DataFrame
        Futures of the same underlying in the columns of `FUTURES_COLUMNS`; may be empty.
    source, sha256 : str
        Name and digest of the file the quotes come from, if any.
    notes : tuple of str
        What the reader put in place of something that was missing or did not fit, and why.
    venues : mapping of str to ContractTerms
        Terms by venue of a chain that `hedging.market.consolidated` made of several; empty for one of one venue.
    dividends : mapping of str to float
        Cash a share by ex-date that the reader was given; its forwards are made of them. [money]
    """

    asset: str
    as_of: pd.Timestamp
    spot: float
    quotes: pd.DataFrame
    rejected: pd.DataFrame
    terms: ContractTerms = field(default_factory=ContractTerms)
    futures: pd.DataFrame = field(default_factory=no_futures)
    source: str = ""
    sha256: str = ""
    notes: tuple[str, ...] = ()
    venues: Mapping[str, ContractTerms] = field(default_factory=dict)
    dividends: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        *,
        asset: str,
        as_of: str | pd.Timestamp,
        units: Mapping[str, str],
        columns: Mapping[str, str] | None = None,
        terms: ContractTerms | None = None,
        spot: float | None = None,
        rate: float = 0.0,
        rules: ChainRules | None = None,
        reject: npt.ArrayLike | None = None,
        futures: pd.DataFrame | None = None,
        source: str = "table",
        sha256: str = "",
    ) -> OptionChain:
        """Build a chain from any table of quotes whose units are said.

        Parameters
        ----------
        frame : DataFrame
            One row a quote. Needs ``flag, strike, expiry`` and one of ``bid, ask, mark, mark_vol``;
            reads ``symbol, forward, discount, index, bid_size, ask_size, open_interest, volume`` where
            present. Sizes are in contracts, open interest and volume in units of underlying. A row
            without a forward takes its expiry's median; an expiry without any takes the mark of its future,
            without one what put-call parity implies, and without that `spot` grown at `rate`;
            a row without a vol takes that of its mark, or of its mid; one without a mark the model's.
        asset : str
            The underlying.
        as_of : str or Timestamp
            Time of the quotes, with a time zone.
        units : mapping
            ``{"price": "coin" or "money", "vol": "decimal" or "percent"}``: what bid, ask and mark, and
            mark_vol, are in. Nothing is guessed from the size of a number; a vol written ``50%`` says its unit.
        columns : mapping, optional
            ``{our name: name in the table}`` for columns that are called otherwise there.
        terms : ContractTerms, optional
            Terms of the options; by default settled in coin where prices are in coin, else in cash.
        spot : float, optional
            Index price. Default: the median of column ``index``; without one, the forward of the
            shortest expiry. [money]
        rate : float
            Continuous rate that discounts cash-settled options; coin-settled ones need none. [1/year]
        rules : ChainRules, optional
            Limits beyond which a quote is rejected.
        reject : array_like of str, optional
            Per row a reason to reject it that the caller has found before; ``""`` for none.
        futures : DataFrame, optional
            Futures in the columns of `FUTURES_COLUMNS`.
        source, sha256 : str
            Where the table comes from, for messages and records.

        Raises
        ------
        ChainError
            If a column is missing, a unit is unsaid or contradicts the terms, or no quote is usable.

        Examples
        --------
        >>> table = pd.DataFrame({"type": ["call", "put"], "strike": 100.0, "expiry": "2026-03-27T08:00Z",
        ...                       "forward": 100.0, "bid": [4.9, 4.8], "ask": [5.1, 5.2], "iv": 40.0})
        >>> chain = OptionChain.from_frame(table, asset="XYZ", as_of="2026-02-06T08:00Z",
        ...     units={"price": "money", "vol": "percent"}, columns={"flag": "type", "mark_vol": "iv"})
        >>> chain.quotes["symbol"].tolist(), chain.spot
        (['XYZ-27MAR26-100-C', 'XYZ-27MAR26-100-P'], 100.0)
        """
        when = utc(as_of, "as_of")
        coin = units.get("price") == "coin"
        terms = ContractTerms(settlement="coin" if coin else "cash") if terms is None else terms
        said = Source(asset, source, units, columns or {}, rate, rules or ChainRules(), spot, terms.exercise)
        check_settlement(said, terms)
        curve = no_futures() if futures is None else in_columns(futures, "futures")
        rows = np.zeros(len(frame), dtype=np.intp)
        found = judged(frame, rows, [when], curve.assign(snapshot=0), said, reject)
        if found.errors[0]:
            raise ChainError(found.errors[0])
        quotes, rejected = in_columns(found.quotes, "quotes"), in_columns(found.rejected, "rejected")
        spot = float(found.spot[0])
        return cls(asset, when, spot, quotes, rejected, terms, curve, source, sha256, found.notes)

    @property
    def expiries(self) -> pd.DataFrame:
        """One row an expiry: ``expiry, days, forward`` (median) and ``count`` of quotes."""
        grouped = self.quotes.groupby("expiry", sort=True)
        return pd.DataFrame(
            {
                "days": grouped["time_to_expiry"].first() * DAYS_PER_YEAR,
                "forward": grouped["forward"].median(),
                "count": grouped.size(),
            }
        ).reset_index()

    def select(
        self,
        *,
        days: tuple[float, float] | None = None,
        flag: str | None = None,
        delta: tuple[float, float] | None = None,
    ) -> OptionChain:
        """Return the chain of those quotes that meet every condition given.

        Parameters
        ----------
        days : (float, float), optional
            Least and greatest time to expiry. [days]
        flag : {'c', 'p'}, optional
            Calls or puts only.
        delta : (float, float), optional
            Least and greatest absolute delta. [1]

        Raises
        ------
        InputError
            If no quote is left.
        """
        quotes = self.quotes
        keep = np.ones(len(quotes), dtype=bool)
        if days is not None:
            keep &= (quotes["time_to_expiry"] * DAYS_PER_YEAR).between(*days).to_numpy()
        if flag is not None:
            if flag not in ("c", "p"):
                raise InputError(f"flag must be 'c' or 'p'; got {flag!r}.")
            keep &= (quotes["flag"] == flag).to_numpy()
        if delta is not None:
            keep &= self.greeks(("delta",))["delta"].abs().between(*delta).to_numpy()
        if not keep.any():
            asked = ", ".join(
                f"{name} {value}"
                for name, value in (
                    ("days", days and in_words(*days)),
                    ("flag", flag),
                    ("absolute delta", delta and in_words(*delta)),
                )
                if value
            )
            raise InputError(f"no quote of {self.asset} meets {asked}; {choice(self)}.")
        return replace(self, quotes=quotes[keep].reset_index(drop=True))

    def with_terms(self, **changes: Any) -> OptionChain:
        """Return the same quotes under other terms: your own fee, lot or ticks in place of the venue's.

        Parameters
        ----------
        **changes
            Fields of `ContractTerms`. Of another `multiplier`, sizes count as many units as before; under another
            `exercise` vols are made of the marks anew.

        Raises
        ------
        InputError
            If a field is unknown or its value impossible, or it is the settlement, in which the quotes are told; or
            the chain is one of several venues.

        Examples
        --------
        >>> from hedging import samples
        >>> from hedging.market import FeeRule
        >>> samples.chain().with_terms(fee=FeeRule(0.0002, 0.1)).terms.fee.rate
        0.0002
        """
        if self.venues:
            raise InputError(
                f"the chain is one of {', '.join(self.venues)}: change the terms of each before."
            )
        known = [f.name for f in fields(self.terms) if f.name != "settlement"]
        if unknown := sorted(set(changes) - set(known)):
            raise InputError(f"terms that can be changed are {', '.join(known)}; got {', '.join(unknown)}.")
        terms = replace(self.terms, **changes)
        sizes = self.quotes[["bid_size", "ask_size"]] * (self.terms.multiplier / terms.multiplier)
        quotes = self.quotes.assign(**sizes)
        if terms.exercise != self.terms.exercise:
            return replace(self, terms=terms, quotes=quotes).with_vols_of_marks()
        return replace(self, terms=terms, quotes=quotes)

    @property
    def ex_dates(self) -> npt.NDArray[np.float64]:
        """Dividends given that are to come, shape (dividends, 2): years until each, and log of what is left of spot."""
        return ex_dates_of(self.dividends, self.quotes, self.as_of, self.spot)

    @property
    def early(self) -> Early | None:
        """What early exercise is valued by, None where options are exercised at expiry alone."""
        return Early(self.spot, self.ex_dates) if self.terms.exercise == "american" else None

    def with_vols_of_marks(self) -> OptionChain:
        """The same quotes with the vols that their marks have under the chain's terms and dividends."""
        vols = vols_of_marks(self.quotes, self.early)
        return replace(self, quotes=self.quotes.assign(mark_vol=vols))

    def row(self, symbol: str) -> pd.Series:
        """Return the quote of one contract; of several venues, of the one named before it, or the only one that has it.

        Raises
        ------
        InputError
            If the chain has no usable quote of it; the message says why, or names what is close.
        """
        must_be("symbol", symbol, str, hint="Write it as the venue does, such as BTC-27MAR26-60000-P.")
        symbols = self.quotes["symbol"].to_numpy()
        found = np.flatnonzero(symbols == symbol)
        if found.size == 0:
            own = self.terms.venue and symbol.removeprefix(f"{self.terms.venue}:")
            found = np.flatnonzero(np.isin(symbols, [f"{venue}:{symbol}" for venue in self.venues] or [own]))
        if found.size != 1:
            raise InputError(absent(self, symbol))
        row: pd.Series = self.quotes.iloc[int(found[0])]
        return row

    def option(self, symbol: str) -> Option:
        """Return the contract that the venue calls `symbol`.

        Raises
        ------
        InputError
            If the chain has no usable quote of it.
        """
        row = self.row(symbol)
        name = str(row["symbol"])
        return Option(self.asset, row["flag"], float(row["strike"]), row["expiry"], self.terms_of(name), name)

    def terms_of(self, symbol: str) -> ContractTerms:
        """Terms of the contract that the venue calls `symbol`: those of the chain, or of the venue it is listed at."""
        return self.venues[symbol.partition(":")[0]] if self.venues else self.terms

    def of_one_venue(self, what: str) -> OptionChain:
        """The chain itself.

        Raises
        ------
        InputError
            If it is one of several venues, where `what` must be done for each.
        """
        if self.venues:
            raise InputError(
                f"{what} of one venue's quotes; the chain has those of {', '.join(self.venues)}. Take each of "
                "chain.by_venue()."
            )
        return self

    def by_venue(self) -> tuple[OptionChain, ...]:
        """The chain of each venue, under its own terms, the rows of `quotes` keeping their labels; itself, if of one."""
        if not self.venues:
            return (self,)
        of_row = self.quotes["symbol"].str.partition(":")[0]
        return tuple(
            replace(
                self,
                quotes=self.quotes[of_row == name],
                rejected=self.rejected[self.rejected["symbol"].str.startswith(f"{name}:")],
                terms=terms,
                venues={},
            )
            for name, terms in self.venues.items()
            if (of_row == name).any()
        )

    def greeks(self, names: Iterable[str] = ("delta", "gamma", "vega", "theta")) -> pd.DataFrame:
        """Greeks of every quote at its mark vol, per unit of underlying, in market units.

        Parameters
        ----------
        names : iterable of str
            Which ones; see `hedging.units.GREEK_UNITS`.

        Returns
        -------
        DataFrame
            One column a name, aligned with `quotes`; NaN where a row has no mark vol.
        """
        rate, dividend_yield = self._carry()
        known = self.quotes["mark_vol"].notna().to_numpy()
        q = self.quotes[known]
        values = option_greeks(
            self.terms.exercise == "american",
            q["flag"].to_numpy(),
            self.spot,
            q["strike"].to_numpy(),
            q["time_to_expiry"].to_numpy(),
            rate[known],
            q["mark_vol"].to_numpy(),
            dividend_yield[known],
            tuple(names),
            self.ex_dates,
        )
        return pd.DataFrame(values, index=q.index).reindex(self.quotes.index)

    def _carry(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Rate and dividend yield of each row, which turn its forward form into the spot form."""
        time = self.quotes["time_to_expiry"].to_numpy()
        rate = -np.log(self.quotes["discount"].to_numpy()) / time
        return rate, rate - np.log(self.quotes["forward"].to_numpy() / self.spot) / time

    def _page(self) -> Page:
        return page_of(self)

    def to_frame(self) -> pd.DataFrame:
        """One row a quote kept, with its vol, forward and discount: `quotes`."""
        return self.quotes.copy()

    def to_dict(self) -> dict[str, Any]:
        """What the chain is of, when, its quotes and what was rejected."""
        return {
            "asset": self.asset,
            "as_of": self.as_of.isoformat(),
            "spot": self.spot,
            "terms": plain(self.terms),
            "quotes": plain(self.quotes),
            "futures": plain(self.futures),
            "rejected": plain(self.rejected),
            "notes": list(self.notes),
        }
