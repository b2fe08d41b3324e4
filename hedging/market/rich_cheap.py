"""Quotes against the surface: how well it fits, and which options are rich or cheap by it."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from hedging.market.by_exercise import out_of_the_money, undiscounted
from hedging.market.chain import OptionChain
from hedging.market.smile import Smile
from hedging.units import DAYS_PER_YEAR, VOL_POINT

__all__ = ["fit_quality", "rich_cheap"]


_CORE_DELTA: Final = 0.03  # the fit's error is judged on options of at least this delta


def fit_quality(smile: Smile, chain: OptionChain) -> pd.DataFrame:
    """How well the surface fits a chain and whether it is free of arbitrage, per expiry.

    Parameters
    ----------
    smile : Smile
    chain : OptionChain
        The quotes, as a rule those it was fitted to.

    Returns
    -------
    DataFrame
        ``expiry, days, quotes`` (out of the money, with a vol), ``rmse`` of options of at least 3 % delta
        and ``rmse_all`` [vol points], ``two_sided`` (all quotes with bid, ask and a vol), ``inside`` (share of
        those with the model price between them), ``butterfly`` (least g; no arbitrage where >= 0) and
        ``calendar`` (least gain of total variance over the slice before; likewise), both as
        `Smile.arbitrage` finds them: within two of the forward in log-moneyness.
    """
    judged = _judged(smile, chain)
    rows = []
    for expiry, q in judged.groupby("expiry", sort=True):
        core = q["out"] & (q["delta"].abs() >= _CORE_DELTA)
        rows.append(
            {
                "expiry": expiry,
                "days": q["time_to_expiry"].iloc[0] * DAYS_PER_YEAR,
                "quotes": int(q["out"].sum()),
                "rmse": np.sqrt((q.loc[core, "error"] ** 2).mean()) / VOL_POINT,
                "rmse_all": np.sqrt((q.loc[q["out"], "error"] ** 2).mean()) / VOL_POINT,
                "two_sided": int(q["two_sided"].sum()),
                "inside": q.loc[q["two_sided"], "inside"].mean(),
            }
        )
    table = pd.DataFrame(rows)
    return table.merge(smile.arbitrage(), on="expiry", how="left")


def rich_cheap(smile: Smile, chain: OptionChain) -> pd.DataFrame:
    """Quotes that lie beyond the surface by more than their half spread, and what trading on it would leave.

    For information: nothing in this library trades on it. A surface that misses a quote is more often wrong
    than the quote, and a quote that no vol fits is left out.

    Parameters
    ----------
    smile : Smile
        The surface.
    chain : OptionChain
        The quotes.

    Returns
    -------
    DataFrame
        ``symbol, side`` (``'cheap'``: the ask is below the model; ``'rich'``: the bid is above), ``bid, ask,
        model`` [money per unit], ``edge``, from the crossed side to the model [money per unit], ``edge_vol``
        [vol points], ``half_spread`` and a taker's ``fee`` [money per unit], ``net``: edge less fee, and
        ``size``, contracts quoted there. Largest net first.
    """
    judged = _judged(smile, chain)
    cheap, rich = judged["model"] - judged["ask"], judged["bid"] - judged["model"]
    out = judged[judged["two_sided"] & ((cheap > 0) | (rich > 0))]
    is_cheap = cheap[out.index] > 0
    crossed = out["ask"].where(is_cheap, out["bid"])
    edge = cheap[out.index].where(is_cheap, rich[out.index])
    vega = undiscounted(out, out["model_vol"], ("vega",), chain.early)["vega"] * out["discount"]
    fee = pd.Series(0.0, index=out.index)
    for part in chain.by_venue():
        here = out.index.intersection(part.quotes.index)
        fee[here] = part.terms.fee.per_unit(crossed[here].to_numpy(), chain.spot)
    table = pd.DataFrame(
        {
            "symbol": out["symbol"],
            "side": np.where(is_cheap, "cheap", "rich"),
            "bid": out["bid"],
            "ask": out["ask"],
            "model": out["model"],
            "edge": edge,
            "edge_vol": (edge / vega).where(vega > 1e-9 * chain.spot),
            "half_spread": (out["ask"] - out["bid"]) / 2.0,
            "fee": fee,
            "net": edge - fee,
            "size": out["ask_size"].where(is_cheap, out["bid_size"]),
        }
    )
    return table.sort_values("net", ascending=False, kind="stable").reset_index(drop=True)


def _judged(smile: Smile, chain: OptionChain) -> pd.DataFrame:
    """Quotes with the model's price and vol beside them."""
    table = chain.quotes
    k = np.log(table["strike"].to_numpy() / table["forward"].to_numpy())
    vol = pd.Series(smile.vol_at(k, table["time_to_expiry"].to_numpy()), index=table.index)
    values = undiscounted(table, vol, ("price", "delta"), chain.early)
    price = values["price"] * table["discount"]
    return table.assign(
        model=price,
        model_vol=vol,
        delta=values["delta"],
        error=vol - table["mark_vol"],
        out=out_of_the_money(table) & table["mark_vol"].notna(),
        two_sided=table[["bid", "ask", "mark_vol"]].notna().all(axis=1),
        inside=price.between(table["bid"], table["ask"]),
    )
