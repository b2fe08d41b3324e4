"""One structure over strikes and expiries: what the same protection costs at each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from hedging._ground.arguments import takes
from hedging._ground.cells import SHARE, SIGNED_SHARE, amount
from hedging._ground.counts import number_of
from hedging._ground.frames import readable
from hedging.book.book import Book
from hedging.errors import InputError
from hedging.market.chain import OptionChain
from hedging.market.contracts import Option
from hedging.market.market import Market, chain_of, market_of
from hedging.overlays._picking import FAR, MONTH, Tolerance, Window
from hedging.overlays.compare import compare
from hedging.overlays.compared import RALLIES, counted_in
from hedging.overlays.standard import BY_NAME, named, standard

__all__ = ["over_strikes", "over_strikes_shown"]

_KEPT = ("premium", "execution", "floor", "cap", *RALLIES)
_COLUMNS = ("by", "asked", "expiry", "days", "symbol", "strike", "delta", "premium_share", *_KEPT, "reason")


@takes(book=Book, chain=chain_of)
def over_strikes(
    structure: str,
    book: Book,
    chain: OptionChain | Market,
    *,
    strikes: Sequence[float] = (),
    deltas: Sequence[float] = (),
    expiries: Window = (0.0, math.inf),
    coverage: float = 1.0,
    days: Window = MONTH,
    tolerance: Tolerance | None = None,
    **asked: float,
) -> pd.DataFrame:
    """One structure over strikes and expiries: what a 90 % put costs at each expiry, and what it leaves.

    Parameters
    ----------
    structure : str
        A name among `STRUCTURES`.
    book : Book
    chain : OptionChain or Market
    strikes : sequence of float
        Strikes of its leading leg, the first that its function names. [share of spot]
    deltas : sequence of float
        Or its absolute deltas.
    expiries : (float, float)
        Window of days of the expiries that it is shown at; of a calendar or diagonal, of what is bought.
    coverage, days, tolerance, **asked
        As in `standard`; `days` only where a structure has two expiries, and sells the nearer.

    Returns
    -------
    DataFrame
        One row a strike and expiry: ``by`` (``'strike'`` or ``'delta'``), ``asked`` (share of spot, or delta), ``expiry, days``, ``symbol, strike``
        [money] and ``delta`` [1] of the option listed, ``premium, execution`` [currency, as `compare` counts],
        ``premium_share`` [share of `Book.base`], ``floor, cap`` and what `compare` says of rallies, as shares, and
        ``reason``: why there is none, where the other columns are NaN. Its ``attrs`` hold ``currency``.

    Raises
    ------
    InputError
        If the structure has no option, not either strikes or deltas are given, no expiry lies in the window, or
        none of them allows the structure at all.
    """
    name = named(structure)
    leading = next(iter(BY_NAME[name].legs), None)
    if leading is None or bool(strikes) == bool(deltas):
        raise InputError("a table over strikes needs a structure of options, and either strikes or deltas.")
    if twice := [name for name in (f"{leading}_strike", f"{leading}_delta") if name in asked]:
        raise InputError(
            f"a table over strikes or deltas of {named(structure)} is over those of its {leading}: leave {twice[0]} out."
        )
    market = market_of(chain)
    table = market.chain.expiries
    inside = table[table["days"].between(*expiries)]
    if inside.empty:
        raise InputError(
            f"no expiry lies between {expiries[0]:g} and {number_of(expiries[1], 'day')}; the chain has "
            f"{', '.join(f'{day:.1f}' for day in table['days'])} days."
        )
    kind, wanted = ("strike", strikes) if strikes else ("delta", deltas)
    rows: list[dict[str, Any]] = []
    for each in wanted:
        value = float(each) * (market.spot if kind == "strike" else 1.0)
        if kind == "strike" and not 0.0 < each <= 10.0:
            raise InputError(f"strikes are shares of spot, 0.9 for 90 %; got {each!r}.")
        options = {**asked, f"{leading}_{kind}": value}
        for expiry, day in zip(inside["expiry"], inside["days"], strict=True):
            at = (day * (1.0 - 1e-12), day * (1.0 + 1e-12))
            windows = (days, at) if BY_NAME[name].two_expiries else (at, FAR)
            row = {"by": kind, "asked": float(each), "expiry": expiry, "days": float(day)}
            rows.append(row | _cell(name, book, market, coverage, tolerance, windows, options))
    if all(row["reason"] for row in rows):
        raise InputError(rows[-1]["reason"])
    found = pd.DataFrame(rows, columns=list(_COLUMNS))
    currency = counted_in(book, market)
    found.attrs["currency"] = currency
    shares = dict.fromkeys(("floor", "cap", *RALLIES), SIGNED_SHARE) | {"premium_share": SHARE}
    return readable(found, shares | {"strike": market.currency, "premium": currency, "execution": currency})


def over_strikes_shown(table: pd.DataFrame, column: str = "premium_share") -> pd.DataFrame:
    """One column of `over_strikes` as text, strikes or deltas down and expiries across; a dash where there is none.

    Parameters
    ----------
    table : DataFrame
        As `over_strikes` returns it.
    column : str
        One of its columns of numbers, or ``'symbol'``.
    """
    amounts = column in ("premium", "execution", "strike")
    form = "{:.3f}" if column == "delta" else "{:.2%}"

    def text_of(value: Any) -> str:
        if pd.isna(value):
            return "-"
        if isinstance(value, str):
            return value
        return "unbounded" if math.isinf(value) else amount(value) if amounts else form.format(value + 0.0)

    asked = table["asked"].map(
        "{:.0%} of spot".format if table["by"].iloc[0] == "strike" else "delta {:g}".format
    )
    dates = table["expiry"].dt.strftime("%d %b %y") + table["days"].map(" ({:.0f}d)".format)
    wide = pd.DataFrame({"asked": asked, "expiry": dates, "text": table[column].map(text_of)})
    shown = wide.pivot(index="asked", columns="expiry", values="text")
    ordered = shown.reindex(index=asked.unique(), columns=dates.unique())
    return ordered.rename_axis(index=None, columns=None)


def _cell(
    name: str,
    book: Book,
    market: Market,
    coverage: float,
    tolerance: Tolerance | None,
    windows: tuple[Window, Window],
    asked: Mapping[str, float],
) -> dict[str, Any]:
    """Numbers of one structure at one strike and expiry."""
    try:
        (overlay,) = standard(
            book,
            market.chain,
            coverage=coverage,
            days=windows[0],
            far_days=windows[1],
            tolerance=tolerance,
            structures=[name],
            **asked,
        )
    except InputError as error:
        return {"reason": str(error)}
    lead = overlay.legs[BY_NAME[name].place].instrument
    assert isinstance(lead, Option)
    greeks = market.chain.greeks(("delta",)).set_index(market.chain.quotes["symbol"])
    compared = compare(book, market, [overlay]).iloc[1]
    base, _ = book.base(market)
    return {
        "symbol": lead.symbol,
        "strike": lead.strike,
        "delta": abs(float(greeks["delta"][lead.symbol])),
        "premium_share": overlay.cost.premium / base,
        **{column: float(compared[column]) for column in _KEPT},
        "reason": "",
    }
