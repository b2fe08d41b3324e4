"""Weights of hedged positions: least risk or equal risk, from scenarios in which options are revalued."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from hedging._extras import require
from hedging._ground.forms import meant
from hedging._ground.shown import Shown
from hedging._ground.tables import Page, Table
from hedging._numerics.types import Array
from hedging.book import Book, Holding
from hedging.errors import InputError, SolverError
from hedging.market import Chains, Market, Option, markets_of
from hedging.risk import expected_shortfall, shortfall_contributions
from hedging.scenario import ScenarioResult
from hedging.screen.positions import Sample, effective_bets, sample_of, tail_correlation

__all__ = ["Weights", "weights"]

RISKS: Final = ("shortfall", "variance")
ILL: Final = 1e3  # condition number of the correlation beyond which weights follow noise


@dataclass(frozen=True, eq=False, repr=False)
class Weights(Shown):
    """Weights before and after, with the risk of both.

    Attributes
    ----------
    table : DataFrame
        Index position; ``before, after`` [1], ``risk before, risk after``: share of each in the risk. [1]
    risk : str
        ``shortfall`` or ``variance``.
    level : float
    before, after : float
        Expected shortfall, or standard deviation, of the whole. [share]
    bets : tuple of float
        Effective number of bets before and after.
    tail : tuple of float
        Mean correlation in the tail before and after.
    condition, effective_rank : float
        Of the correlation of the sample.
    sample : Sample
    """

    table: pd.DataFrame
    risk: str
    level: float
    before: float
    after: float
    bets: tuple[float, float]
    tail: tuple[float, float]
    condition: float
    effective_rank: float
    sample: Sample

    @property
    def weights(self) -> pd.Series[float]:
        """After."""
        return self.table["after"]

    @property
    def warning(self) -> str:
        """What to beware of; empty where nothing."""
        if self.condition <= ILL:
            return ""
        return (
            f"The correlation has a condition number of {self.condition:,.0f} (beyond {ILL:,.0f}) and an effective rank "
            f"of {self.effective_rank:.1f} in {len(self.table)}: some positions are nearly one, and their weights noise."
        )

    def to_book(
        self,
        book: Book,
        markets: Chains,
        lots: Mapping[str, float] | None = None,
        *,
        cost_rate: float = 0.001,
    ) -> tuple[Book, pd.DataFrame]:
        """Put weights back into whole lots, each coin's holdings scaled alike.

        Parameters
        ----------
        book : Book
            The hedged book that the scenarios were run of.
        markets : OptionChain, Market, or several of them
            Of every coin of the book.
        lots : mapping of str to float, optional
            Smallest step by symbol; by default a thousandth.
        cost_rate : float
            Half spread and fee of spot and linear contracts; options pay their own. [share]

        Returns
        -------
        tuple of Book and DataFrame
            The new book, and by symbol ``before, after`` [units] and ``cost`` of getting there. [money]
        """
        by_coin = markets_of(markets)
        before, after = self.table["before"].to_dict(), self.table["after"].to_dict()
        holdings, rows = [], {}
        for holding in book.holdings:
            coin = holding.asset
            scale = after[coin] / before[coin] if coin in before else 1.0
            lot = (lots or {}).get(holding.instrument.symbol, 0.001)
            units = round(math.floor(abs(holding.quantity) * scale / lot + 1e-9) * lot, 10)
            units = math.copysign(units, holding.quantity)
            cost = abs(units - holding.quantity) * _cost_a_unit(holding, by_coin, cost_rate)
            rows[holding.instrument.symbol] = (holding.quantity, units, cost)
            if units != 0.0:
                holdings.append(replace(holding, quantity=units))
        table = pd.DataFrame.from_dict(rows, orient="index", columns=["before", "after", "cost"]).rename_axis(
            "symbol"
        )
        return book.like(holdings, book.cash, book.accounts), table

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "risk": self.risk,
            "level": self.level,
            "before": self.before,
            "after": self.after,
            "positions": self.table.reset_index(names="position").to_dict(orient="records"),
            "effective_bets": list(self.bets),
            "condition": self.condition,
            "effective_rank": self.effective_rank,
            "warning": self.warning,
        }

    def _page(self) -> Page:
        name = f"expected shortfall at {self.level:.0%}" if self.risk == "shortfall" else "standard deviation"
        head = (
            f"{name}: {self.before:.2%} before, {self.after:.2%} after; effective bets {self.bets[0]:.1f} and "
            f"{self.bets[1]:.1f}, correlation in the tail {self.tail[0]:.2f} and {self.tail[1]:.2f}"
        )
        rank = f"condition number {self.condition:,.1f}, effective rank {self.effective_rank:.1f} of {len(self.table)}"
        table = Table(self.table.round(3).rename_axis("position"), index=True)
        return Page(head, (table, rank, *([self.warning] if self.warning else [])))


def _cost_a_unit(holding: Holding, markets: Mapping[str, Market], rate: float) -> float:
    """Half spread and fee of one unit of quantity. [money]"""
    instrument = holding.instrument
    market = markets.get(holding.asset)
    if market is None:
        raise InputError(f"markets must have one of every coin of the book; {holding.asset} has none.")
    if not isinstance(instrument, Option):
        return rate * market.spot
    price = Book([Holding(instrument, 1.0)]).value(market) / instrument.terms.multiplier
    fee = float(instrument.terms.fee.per_unit(price, market.spot))
    return (market.half_spread(instrument) + fee) * instrument.terms.multiplier


def weights(
    result: ScenarioResult | pd.DataFrame,
    risk: Literal["shortfall", "variance"] = "shortfall",
    budget: bool = False,
    level: float = 0.95,
    *,
    least: float | None = None,
) -> Weights:
    """Weights of positions that make their risk least, or share it equally; long only, summing to one.

    Parameters
    ----------
    result : ScenarioResult or DataFrame
        Hedged positions over scenarios, options revalued; or their returns, scenarios by positions.
    risk : {'shortfall', 'variance'}
        Expected shortfall at the last date; or variance, shrunk after Ledoit and Wolf.
    budget : bool
        Whether each position is to carry the same risk, instead of the whole the least.
    level : float
        Of the shortfall.
    least : float, optional
        Mean return that the weights must have over the scenarios; not with `budget`. [1]

    Returns
    -------
    Weights

    Raises
    ------
    InputError
        If an argument breaks its rule, or the sample is too small.
    SolverError
        If no weights are found, such as for a return that no position has.
    MissingExtraError
        If the extra `allocation` is not installed.

    Notes
    -----
    A position is a coin with its overlay. Its return is over the value of what is held, so that a put that
    is paid for lowers the mean and cuts the tail; nothing is taken as linear in spot.
    """
    if risk not in RISKS:
        raise InputError(
            f"risk must be one of {', '.join(RISKS)}; got {risk!r}{meant(str(risk), RISKS) or '.'}"
        )
    if not isinstance(level, (int, float, np.floating)) or not 0.5 <= level < 1.0:
        raise InputError(f"level must lie in [0.5, 1); got {level!r}.")
    if budget and least is not None:
        raise InputError("least= is for least risk; with budget=True every position carries the same risk.")
    sample = sample_of(result)
    if sample.returns.shape[1] == 1:
        return _told(sample, np.ones(1), sample.covariance, risk, level)
    found, covariance = _solved(sample, risk, budget, level, least)
    return _told(sample, found, covariance, risk, level)


def _solved(
    sample: Sample, risk: str, budget: bool, level: float, least: float | None
) -> tuple[Array, Array]:
    """Weights by skfolio, and the covariance that it took."""
    optimization, skfolio = require("skfolio.optimization", "allocation"), require("skfolio", "allocation")
    prior, moments = require("skfolio.prior", "allocation"), require("skfolio.moments", "allocation")
    measure = skfolio.RiskMeasure.CVAR if risk == "shortfall" else skfolio.RiskMeasure.VARIANCE
    shrunk = prior.EmpiricalPrior(covariance_estimator=moments.LedoitWolf())
    how: dict[str, Any] = {"risk_measure": measure, "cvar_beta": level, "prior_estimator": shrunk}
    model = optimization.RiskBudgeting(**how) if budget else optimization.MeanRisk(min_return=least, **how)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of solvers, about accuracy that is checked below
            model.fit(sample.returns.set_axis([str(name) for name in sample.returns.columns], axis=1))
    except Exception as error:
        raise SolverError(f"no weights were found: {error}") from error
    found = np.asarray(model.weights_, dtype=float)
    if not (np.isfinite(found).all() and abs(found.sum() - 1.0) < 1e-6 and found.min() > -1e-6):
        raise SolverError(f"the solver's weights fail their check: {found.round(6).tolist()}.")
    found = np.maximum(found, 0.0)
    covariance = np.asarray(model.prior_estimator_.return_distribution_.covariance, dtype=np.float64)
    return np.asarray(found / found.sum()), covariance


def _told(sample: Sample, after: Array, covariance: Array, risk: str, level: float) -> Weights:
    """Measure both sets of weights alike."""
    returns, before = sample.array, sample.shares
    table = pd.DataFrame({"before": before, "after": after}, sample.returns.columns)
    whole = []
    for name, each in (("before", before), ("after", after)):
        if risk == "shortfall":
            parts = shortfall_contributions(returns * each, level)
            whole.append(float(expected_shortfall(returns @ each, level)))
        else:
            parts = each * (covariance @ each)
            whole.append(float(np.sqrt(each @ covariance @ each)))
        table[f"risk {name}"] = parts / parts.sum() if parts.sum() else np.nan
    # Of the sample, not of what was shrunk: shrinking hides how little the sample tells.
    of_sample = sample.covariance
    spread = np.sqrt(np.diag(of_sample))
    values = (
        np.linalg.eigvalsh(of_sample / np.outer(spread, spread))
        if (spread > 0).all()
        else np.array([0.0, 1.0])
    )
    shares = np.maximum(values, 1e-300) / np.maximum(values, 1e-300).sum()
    return Weights(
        table=table,
        risk=risk,
        level=level,
        before=whole[0],
        after=whole[1],
        bets=(effective_bets(before, covariance), effective_bets(after, covariance)),
        tail=(tail_correlation(returns, before, level), tail_correlation(returns, after, level)),
        condition=float(values.max() / values.min()) if values.min() > 0.0 else math.inf,
        effective_rank=float(np.exp(-(shares * np.log(shares)).sum())),
        sample=sample,
    )
