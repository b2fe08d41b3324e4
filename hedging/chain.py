"""`OptionChain`: every quote of one underlying at one instant, and what was rejected and why.

Money rule: the premium of a coin-settled option is paid in coin today, so a quote of ``x`` coins is worth
``x * spot`` in money, and the coins that settle at expiry are priced with ``discount = spot / forward``.
Then ``price = discount * Black-76(forward, strike, time_to_expiry, vol)`` holds for every row of every
venue, and the spot-form parameters of a row are ``rate = -ln(discount) / T`` and
``dividend_yield = rate - ln(forward / spot) / T``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging import greeks as _greeks
from hedging._cleaning import RAW_COLUMNS, ChainRules, judge, numbers, rejected_rows, require_columns
from hedging.errors import ChainError, InputError
from hedging.instruments import ContractTerms, Option, option_symbol
from hedging.units import DAYS_PER_YEAR, SECONDS_PER_YEAR, utc

__all__ = ["FUTURES_COLUMNS", "QUOTE_COLUMNS", "ChainRules", "OptionChain", "no_futures"]

QUOTE_COLUMNS: Final = {
    "symbol": "the venue's name",
    "flag": "'c' or 'p'",
    "strike": "quote currency per unit",
    "expiry": "UTC",
    "time_to_expiry": "years, ACT/365",
    "forward": "quote currency per unit, for this expiry",
    "discount": "value today of 1 at expiry",
    "bid": "money per unit of underlying; NaN: no bid",
    "ask": "money per unit of underlying; NaN: no ask",
    "mark": "money per unit of underlying",
    "bid_quoted": "as the venue shows it (coin where coin-settled)",
    "ask_quoted": "as the venue shows it (coin where coin-settled)",
    "mark_quoted": "as the venue shows it (coin where coin-settled); NaN: shows none",
    "bid_size": "contracts; NaN: unknown",
    "ask_size": "contracts; NaN: unknown",
    "mark_vol": "decimal a year",
    "open_interest": "units of underlying; NaN: unknown",
    "volume": "units of underlying in 24 hours; NaN: unknown",
}
"""The columns of `OptionChain.quotes` and what they hold."""

FUTURES_COLUMNS: Final = ("symbol", "expiry", "bid", "ask", "mark", "funding_8h", "open_interest")
"""The columns of `OptionChain.futures`; expiry NaT is the perpetual, funding a share per 8 hours."""

_PRICES: Final = ["bid", "ask", "mark"]
_FLAGS: Final = {"c": "c", "call": "c", "p": "p", "put": "p"}


def no_futures() -> pd.DataFrame:
    """Return an empty table of futures."""
    table = pd.DataFrame(columns=list(FUTURES_COLUMNS)).astype(dict.fromkeys(FUTURES_COLUMNS[2:], float))
    return table.assign(symbol=pd.Series(dtype=object), expiry=pd.Series(dtype="datetime64[ns, UTC]"))


@dataclass(frozen=True, slots=True, eq=False)
class OptionChain:
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
        futures: pd.DataFrame | None = None,
        source: str = "table",
        sha256: str = "",
    ) -> OptionChain:
        """Build a chain from any table of quotes whose units are said.

        Parameters
        ----------
        frame : DataFrame
            One row a quote. Needs ``flag, strike, expiry`` and one of ``bid, ask, mark, mark_vol``;
            reads ``symbol, forward, index, bid_size, ask_size, open_interest, volume`` where present.
            Sizes are in contracts, open interest and volume in units of underlying.
        asset : str
            The underlying.
        as_of : str or Timestamp
            Time of the quotes, with a time zone.
        units : mapping
            ``{"price": "coin" or "money", "vol": "decimal" or "percent"}``: what bid, ask and mark, and
            mark_vol, are in. Nothing is guessed from the size of a number.
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
        price_unit, vol_scale = _units(units, source)
        settlement = "coin" if price_unit == "coin" else "cash"
        terms = ContractTerms(settlement=settlement) if terms is None else terms  # type: ignore[arg-type]
        if terms.settlement != settlement:
            raise ChainError(
                f"{source}: prices in {price_unit} do not fit options settled in {terms.settlement}; "
                "coin-settled options are quoted in coin, cash-settled ones in money."
            )
        raw = _raw(frame, columns or {}, asset, source)
        table, reasons = numbers(raw)
        table["mark_vol"] *= vol_scale
        table["forward"] = table["forward"].fillna(table.groupby("expiry")["forward"].transform("median"))
        index = _spot(table, spot, source)
        to_forward_money = table["forward"] if settlement == "coin" else 1.0
        prices = table[_PRICES].mul(to_forward_money, axis=0)
        reasons = judge(table.assign(**prices), reasons, when, rules or ChainRules())
        rejected = rejected_rows(raw, reasons, frame.index)
        if (reasons != "").all():
            counts = rejected["reason"].value_counts().to_dict()
            raise ChainError(
                f"{source}: no usable quote of {asset} among {len(raw)} rows; rejected: {counts}."
            )
        quotes = _quotes(table[reasons == ""], when, index, rate, settlement)
        curve = no_futures() if futures is None else futures
        return cls(asset, when, index, quotes, rejected, terms, curve, source, sha256)

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
            raise InputError(
                f"no quote of {self.asset} meets days={days}, flag={flag!r}, delta={delta}; "
                f"the chain has expiries of {self.expiries['days'].round(1).tolist()} days."
            )
        return replace(self, quotes=quotes[keep].reset_index(drop=True))

    def row(self, symbol: str) -> pd.Series:
        """Return the quote of one contract.

        Raises
        ------
        InputError
            If the chain has no usable quote of it; the message says why, or names what is close.
        """
        found = np.flatnonzero(self.quotes["symbol"].to_numpy() == symbol)
        if found.size == 0:
            raise InputError(self._absent(symbol))
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
        return Option(self.asset, row["flag"], float(row["strike"]), row["expiry"], self.terms, symbol)

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
        values = _greeks.greeks(
            q["flag"].to_numpy(),
            self.spot,
            q["strike"].to_numpy(),
            q["time_to_expiry"].to_numpy(),
            rate[known],
            q["mark_vol"].to_numpy(),
            dividend_yield[known],
            names=tuple(names),
        )
        return values.to_frame().set_index(q.index).reindex(self.quotes.index)

    def _carry(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Rate and dividend yield of each row, which turn its forward form into the spot form."""
        time = self.quotes["time_to_expiry"].to_numpy()
        rate = -np.log(self.quotes["discount"].to_numpy()) / time
        return rate, rate - np.log(self.quotes["forward"].to_numpy() / self.spot) / time

    def _absent(self, symbol: str) -> str:
        why = self.rejected.loc[self.rejected["symbol"] == symbol, "reason"]
        if len(why):
            return f"the quote of {symbol} was rejected: {why.iloc[0]}."
        close = difflib.get_close_matches(symbol, self.quotes["symbol"].tolist(), n=3)
        hint = (
            f"close to it: {', '.join(close)}"
            if close
            else f"it has, for one, {self.quotes['symbol'].iloc[0]}"
        )
        return f"the {self.asset} chain of {self.as_of:%Y-%m-%d %H:%M} has no quote of {symbol!r}; {hint}."

    def __repr__(self) -> str:
        head = (
            f"{self.asset} options at {self.as_of:%Y-%m-%d %H:%M:%S} UTC, spot {self.spot:,.10g} "
            f"{self.terms.currency}, settled in {self.terms.settlement}"
        )
        kept = f"{len(self.quotes)} quotes kept, {len(self.rejected)} rejected"
        if len(self.rejected):
            reasons = self.rejected["reason"].value_counts()
            kept += " (" + ", ".join(f"{name}: {count}" for name, count in reasons.items()) + ")"
        return "\n".join([head, kept, self._summary().to_string(index=False, max_rows=14)])

    def _repr_html_(self) -> str:
        head, kept, *_ = repr(self).splitlines()
        from html import escape

        table = self._summary().to_html(index=False, max_rows=14, border=0)
        return f"<p><b>{escape(head)}</b><br>{escape(kept)}</p>{table}"

    def _summary(self) -> pd.DataFrame:
        """Per expiry: days, forward, quotes, the at-the-money vol and the share of missing sides."""
        table = self.expiries
        missing = self.quotes[["bid", "ask"]].isna().groupby(self.quotes["expiry"]).mean()
        distance = (self.quotes["strike"] / self.quotes["forward"]).apply(np.log).abs()
        nearest = distance.groupby(self.quotes["expiry"]).idxmin()
        return pd.DataFrame(
            {
                "expiry": table["expiry"].dt.strftime("%Y-%m-%d %H:%M"),
                "days": table["days"].round(2),
                "forward": table["forward"].map("{:,.8g}".format),
                "quotes": table["count"],
                "atm vol": self.quotes["mark_vol"].loc[nearest].map("{:.1%}".format).to_numpy(),
                "no bid": missing["bid"].map("{:.0%}".format).to_numpy(),
                "no ask": missing["ask"].map("{:.0%}".format).to_numpy(),
            }
        )


def _units(units: Mapping[str, str], source: str) -> tuple[str, float]:
    """Check that both units are said; return the price unit and the factor that makes vol a decimal."""
    allowed = {"price": ("coin", "money"), "vol": ("decimal", "percent")}
    for name, choices in allowed.items():
        if units.get(name) not in choices:
            raise ChainError(
                f"{source}: units must say {name!r} as one of {choices}; got {units.get(name)!r}. "
                "A unit is never guessed from the numbers."
            )
    return units["price"], 0.01 if units["vol"] == "percent" else 1.0


def _raw(frame: pd.DataFrame, columns: Mapping[str, str], asset: str, source: str) -> pd.DataFrame:
    """Bring a table into the columns of `RAW_COLUMNS`, absent ones as NaN; the index counts its rows."""
    unknown = sorted(set(columns) - set(RAW_COLUMNS))
    if unknown:
        raise ChainError(f"{source}: columns may rename {list(RAW_COLUMNS)}; got {unknown}.")
    names = {name: columns.get(name, name) for name in RAW_COLUMNS}
    require_columns(
        frame, (*(names[name] for name in ("flag", "strike", "expiry")), *columns.values()), source
    )
    if not any(names[name] in frame.columns for name in (*_PRICES, "mark_vol")):
        raise ChainError(f"{source}: one of bid, ask, mark, mark_vol is needed; the table has none.")
    raw = pd.DataFrame(
        {ours: frame[theirs].to_numpy() if theirs in frame else np.nan for ours, theirs in names.items()},
        index=pd.RangeIndex(len(frame)),
    )
    raw["flag"] = raw["flag"].astype(str).str.strip().str.lower().map(_FLAGS)
    raw["expiry"] = _expiries(frame[names["expiry"]], source)
    if names["symbol"] not in frame.columns:
        strikes = pd.to_numeric(raw["strike"], errors="coerce")
        known = strikes.notna() & raw["flag"].notna() & raw["expiry"].notna()
        raw["symbol"] = [
            option_symbol(asset, expiry, strike, flag) if whole else f"row {row}"
            for row, expiry, strike, flag, whole in zip(
                raw.index, raw["expiry"], strikes, raw["flag"], known, strict=True
            )
        ]
    return raw


def _expiries(column: pd.Series, source: str) -> pd.DatetimeIndex:
    """Expiry times in UTC; text that is no time becomes NaT, a time without a zone is refused."""
    if not isinstance(column.dtype, pd.DatetimeTZDtype):
        stamps = [pd.to_datetime(value, errors="coerce") for value in column]
        naive = [row for row, stamp in enumerate(stamps) if not pd.isna(stamp) and stamp.tzinfo is None]
        if naive:
            raise ChainError(
                f"{source}: column {column.name!r}, row {naive[0]}: an expiry must carry a time of day and a "
                f"time zone; got {column.iloc[naive[0]]!r}. Write it as 2026-03-27T08:00:00Z."
            )
        column = pd.to_datetime(pd.Series(stamps), utc=True)
    return pd.DatetimeIndex(column).tz_convert("UTC").as_unit("ns")


def _spot(table: pd.DataFrame, spot: float | None, source: str) -> float:
    """Take the index price given, else the rows' median, else the forward of the shortest expiry."""
    if spot is None:
        shortest = table.loc[table["expiry"] == table["expiry"].min(), "forward"]
        spot = float((table["index"] if table["index"].notna().any() else shortest).median())
    if not (spot > 0 and np.isfinite(spot)):
        raise ChainError(f"{source}: spot must be a number > 0; got {spot!r}. Pass spot=.")
    return float(spot)


def _quotes(
    kept: pd.DataFrame, as_of: pd.Timestamp, spot: float, rate: float, settlement: str
) -> pd.DataFrame:
    """Lay the usable rows out in `QUOTE_COLUMNS`, in money and as quoted."""
    time = ((kept["expiry"] - as_of) / pd.Timedelta(seconds=SECONDS_PER_YEAR)).astype(float)
    coin = settlement == "coin"
    quotes = kept.assign(
        time_to_expiry=time, discount=spot / kept["forward"] if coin else np.exp(-rate * time)
    )
    for name in _PRICES:
        quotes[f"{name}_quoted"] = kept[name]
        quotes[name] = kept[name] * spot if coin else kept[name]
    quotes["mark"] = quotes["mark"].fillna(_price_at_mark_vol(quotes))
    ordered = quotes.sort_values(["expiry", "strike", "flag"], kind="stable")
    return ordered[list(QUOTE_COLUMNS)].reset_index(drop=True)


def _price_at_mark_vol(quotes: pd.DataFrame) -> pd.Series:
    """Black-76 at the venue's own vol, for venues that show a vol and no mark; NaN without a vol."""
    known = quotes[quotes["mark_vol"].notna() & quotes["mark"].isna()]
    value = _greeks.black76_price(
        known["flag"].to_numpy(),
        known["forward"].to_numpy(),
        known["strike"].to_numpy(),
        known["time_to_expiry"].to_numpy(),
        known["mark_vol"].to_numpy(),
    )
    return pd.Series(value * known["discount"].to_numpy(), index=known.index).reindex(quotes.index)
