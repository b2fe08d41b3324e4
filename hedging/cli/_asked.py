"""What a plan is asked on the command line: `Target`, `Limits`, a view and outcomes, from tables of options."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from hedging._ground import fields, forms
from hedging.cli import _console as console
from hedging.cli._moves import add_correlation, drawn
from hedging.cli._parser import option
from hedging.cli._stdin import named
from hedging.cli._used import check_used
from hedging.errors import InputError

if TYPE_CHECKING:
    from hedging.book import Book, Ladder
    from hedging.market import Market
    from hedging.paths import Paths
    from hedging.planner import Effort, Limits, Mandate, MandateSource, Outright, PriceHistory, Target, View

__all__ = [
    "add_asked",
    "add_chains",
    "add_effort",
    "add_prices",
    "asked_of",
    "book_and_markets",
    "depth_of",
    "effort_of",
    "flags_of",
    "history_of",
    "option",
    "outcomes_of",
    "request_of",
    "view_of",
]

Table: TypeAlias = tuple[tuple[str, str, str], ...]

# Each with its form and its help; the name is that of `Target` or `Limits`, with dashes, and how it is read is in
# `hedging._ground.fields`. What is not given is left to the book's file, and then to their defaults.
TARGETS: Table = (
    ("delta", "LO:HI", "delta of the hedged book, in coins; or 10+-2, as for all bands"),
    ("delta_value", "LO:HI", "the same in money"),
    ("gamma", "LO:HI", "gamma, coins per 1.00 of spot"),
    ("gamma_value", "LO:HI", "the same, money of delta per 1%% of spot"),
    ("vega", "LO:HI", "vega of the hedged book, money per vol point"),
    ("vega_coin", "LO:HI", "the same in coins"),
    ("vega_weighted", "LO:HI", "the same, each expiry by the root of 30 days over its own"),
    ("vega_by_days", "DAYS:DAYS=LO:HI", "vega of what expires in a window: 0:30=-500:500,30:90=0:"),
    ("theta", "LO:HI", "theta, money a day"),
    ("theta_coin", "LO:HI", "the same in coins"),
    (
        "floor",
        "SHARE",
        "worst loss over the scenarios: -15%%, or by day: 7:-8%%,30:-15%%; or money: -20000USD",
    ),
    ("shortfall", "SHARE", "mean of the worst outcomes, drawn as by --outcomes: -20%%"),
    ("value_at_risk", "SHARE", "loss that the outcomes exceed with 1 - level at most"),
)
TARGET_RULES: Table = (
    ("level", "SHARE", "of shortfall and value at risk: 95%%"),
    ("delta_rule", "RULE", "how vol moves with spot: sticky_strike, sticky_moneyness, or a ratio"),
    (
        "joint",
        "box|beta|together",
        "how several assets move under a floor: each by itself (box), by betas to the first (beta), or all alike",
    ),
    ("betas", "ASSET=BETA", "of each asset's log-price to the first's, with --joint beta: ETH=1.35"),
    ("residual", "SHARE", "how far an asset may be off its beta, of its price, with --joint beta: 20%%"),
    ("reference_days", "DAYS", "the expiry of weight 1 in --vega-weighted: 30"),
    ("soft", "NAME=PRICE", "targets that may be missed, and the money for each unit or 1%%: floor=50"),
)
LIMITS: Table = (
    ("budget", "SHARE", "most net premium, share of the book: 2%%; or money: 20000USD"),
    ("cost", "SHARE", "most execution cost, share of the book: 0.5%%; or money: 500USD"),
    ("max_legs", "N", "most legs"),
    ("expiries", "DAYS:DAYS", "days to expiry to choose from: 20:100, or dates: 2026-03-01:2026-06-01"),
    ("deltas", "LO:HI", "absolute deltas to choose from: 0.05:0.6"),
    ("moneyness", "LO:HI", "strikes to choose from, as multiples of spot: 0.7:1.3, or 70%%:130%%"),
    ("outright", "KINDS", "also trade spot, perpetual, future: one or several with commas"),
    ("min_leg_share", "SHARE", "smallest leg, of the position: 4%%"),
    ("max_leg_share", "SHARE", "largest leg, of the position: 150%%"),
    ("open_interest_share", "SHARE", "most of a contract's open interest: 10%%"),
    ("gross_vega", "MONEY", "most vega of all orders, signs left out, per vol point"),
    ("price_per_leg", "SHARE", "what another leg must save, of the book: 0.005%%"),
    ("parsimony", "SHARE", "what fewer legs may cost more than the optimum: 1%%"),
)
VIEW: Table = (
    ("drift", "SHARE", "drift a year to expect, -40%%"),
    ("vol", "SHARE", "vol to expect, 55%%"),
)
FUNDING: Table = (
    (
        "funding",
        "RATE",
        "of perpetuals, what longs pay per 8 hours: 0.01%%, or by asset: BTC=0.01%%; by default the chain's",
    ),
    (
        "funding_history",
        "FILE",
        "rates per 8 hours by time: what is paid counts at their 90th percentile",
    ),
    ("funding_received", "SHARE", "of income that counts, at their 10th percentile (default 0)"),
)
READERS: Mapping[str, Callable[[str], Any]] = {
    **fields.TARGETS,
    **fields.LIMITS,
    "drift": forms.share,
    "vol": forms.share,
    "funding": forms.funding,
    "funding_history": str,
    "funding_received": forms.share,
}


def add_chains(command: console.Parser, *, required: bool = True) -> None:
    """The book, and a chain of each of its assets."""
    command.add_argument("book", metavar="BOOK", help="TOML file of what is held, or -")
    console.add_chain(command, several=True, required=required)


def add_prices(command: console.Parser) -> None:
    """Prices of coins without options."""
    group = command.add_argument_group(
        "coins without options",
        "hedged by the options of others and by their own perpetuals, over outcomes like the past's",
    )
    group.add_argument("--prices", metavar="FILE", help="daily prices of every coin of the book")
    group.add_argument(
        "--price-days",
        type=forms.count,
        metavar="DAYS",
        help="of the past that outcomes are drawn from (default 365)",
    )


def history_of(args: argparse.Namespace) -> PriceHistory | None:
    """The prices of ``--prices`` and how outcomes are drawn from them; None without.

    Raises
    ------
    InputError
        If neither prices nor a chain are given, or days of none.
    """
    if args.prices is None:
        if args.price_days is not None:
            raise InputError(
                "--price-days says how much of --prices outcomes are drawn from: give --prices FILE too."
            )
        if not args.chain:
            raise InputError(
                "a plan needs quotes: give --chain FILE, or --prices FILE for coins without options."
            )
        return None
    from hedging.planner import PriceHistory
    from hedging.venues import read_prices

    days = {} if args.price_days is None else {"days": args.price_days}
    prices = read_prices(args.prices, timezone=args.timezone)
    return PriceHistory(prices, scenarios=args.outcomes, seed=args.seed, **days)


def add_asked(command: console.Parser) -> None:
    """Targets, limits, the view and the outcomes, each a group of the help."""
    target = command.add_argument_group(
        "targets", "bands hold for every asset, or by asset: BTC=8:12,ETH=50:80"
    )
    _add(target, (*TARGETS, *TARGET_RULES))
    target.add_argument(
        "--robust",
        action="store_true",
        default=None,
        help="the targets hold on every surface inside the quotes' bid and ask",
    )
    limits = command.add_argument_group("limits")
    _add(limits, LIMITS)
    limits.add_argument(
        "--no-close",
        action="store_false",
        default=None,
        dest="close",
        help="keep the options held: none is closed or rolled",
    )
    _add(
        command.add_argument_group("a view", "a bet: what it expects orders to gain is off their cost"), VIEW
    )
    funding = command.add_argument_group(
        "funding", "of perpetuals: what is paid counts, what is received does not"
    )
    _add(funding, FUNDING)
    outcomes = command.add_argument_group("horizon and outcomes")
    outcomes.add_argument(
        "--horizon", type=forms.days, metavar="DAYS", help="days the floor holds for (default 30)"
    )
    outcomes.add_argument(
        "--outcomes",
        type=forms.count,
        default=1_000,
        metavar="N",
        help="drawn from what the chain quotes (default 1000)",
    )
    outcomes.add_argument(
        "--seed", type=forms.whole, default=1, metavar="N", help="of what is drawn (default 1)"
    )
    add_correlation(outcomes)


def add_effort(command: console.Parser) -> None:
    """What looks for the plan, and for how long; what is not given is left to the library."""
    effort = command.add_argument_group("search")
    effort.add_argument("--solver", choices=["highs", "scip", "cbc"], default="highs", help="default highs")
    effort.add_argument(
        "--gap",
        type=forms.share,
        metavar="SHARE",
        help="of the cost, that counts as optimal (default 0.1%%, of a frontier 1%%)",
    )
    effort.add_argument(
        "--time-limit",
        type=forms.seconds,
        metavar="SECONDS",
        help="then the best so far (default 10), of all levels of a frontier together",
    )


def _add(group: argparse._ArgumentGroup, table: Table) -> None:
    for name, form, text in table:
        group.add_argument(option(name), type=READERS[name], metavar=form, help=text)


class Asked(NamedTuple):
    """What the book's file and the options ask for together, and which says what."""

    mandate: Mandate
    source: MandateSource


def asked_of(args: argparse.Namespace) -> Asked:
    """The mandate in the book's file, with what the options say in place of it."""
    from hedging.planner import MandateSource, read_mandate

    file, flags = read_mandate(args.book), flags_of(args)
    return Asked(flags.over(file), MandateSource.of(named(args.book), file, flags))


def flags_of(args: argparse.Namespace) -> Mandate:
    """The mandate that the options say."""
    from hedging.planner import Mandate

    return Mandate(_given(args, fields.TARGETS), _given(args, fields.LIMITS))


def request_of(
    args: argparse.Namespace, mandate: Mandate, book: Book, markets: Sequence[Market]
) -> tuple[Target, Limits]:
    """The target and the limits of a mandate for a book at some quotes."""
    from dataclasses import replace

    target, limits = mandate.resolve(book, markets)
    limits = replace(limits, outright=_at_venue_fees(args, limits, markets))
    if isinstance(args.funding, dict):
        known = list(dict.fromkeys([*book.assets, *(market.asset for market in markets)]))
        if unknown := [name for name in args.funding if name not in known]:
            raise InputError(
                f"--funding names {', '.join(unknown)}; the book and its chains are of {', '.join(known)}."
            )
    funding = _funding_of(args, mandate.horizon)
    return target, replace(limits, funding=funding) if funding is not None else limits


def _at_venue_fees(
    args: argparse.Namespace, limits: Limits, markets: Sequence[Market]
) -> tuple[Outright, ...]:
    """What may be traded outright, at what Deribit charged on the day; orders that rest cross no spread.

    Spot that is taken may be traded anywhere, and keeps the usual fee.
    """
    from dataclasses import replace

    from hedging.venues.deribit import linear_terms

    if markets[0].chain.terms.venue != "deribit":
        return limits.outright
    resting = getattr(args, "maker", False)
    found = []
    for each in limits.outright:
        terms = linear_terms(each.kind, markets[0].as_of, maker=resting)
        if resting:
            found.append(replace(each, fee=terms.fee, half_spread=terms.half_spread))
        else:
            found.append(each if each.kind == "spot" else replace(each, fee=terms.fee))
    return tuple(found)


def depth_of(args: argparse.Namespace, markets: Sequence[Market]) -> dict[str, Ladder]:
    """Order books by symbol from the files of ``--depth``, each symbol as the chain that lists it counts it."""
    from hedging.venues import deribit

    books: dict[str, Ladder] = {}
    chains = [market.chain for market in markets]
    for file in args.depth:
        table = deribit.read_depth(file)
        named: set[str] = set()
        for chain in chains:
            listed = {str(symbol) for part in (chain.quotes, chain.rejected) for symbol in part["symbol"]}
            for part in chain.by_venue():
                before = f"{part.terms.venue}:" if chain.venues else ""
                own = table.assign(symbol=before + table["symbol"].astype(str))
                here = own["symbol"].isin(listed)
                named |= set(table.loc[here, "symbol"].astype(str))
                books |= deribit.ladders(own[here], part)
        unknown = sorted(set(table["symbol"].astype(str)) - named)
        if unknown:
            raise InputError(
                f"--depth {file} has books of {', '.join(unknown[:3])}, which no --chain lists: leave them out."
            )
    return books


def _funding_of(args: argparse.Namespace, horizon: float) -> Any:
    """Funding by asset, where a rate or a history was given."""
    from hedging.planner import Funding

    if args.funding is None and args.funding_history is None:
        if args.funding_received is not None:
            raise InputError(
                "--funding-received counts income by its history: give --funding-history FILE too."
            )
        return None
    source = "as given" if args.funding is not None else ""
    if args.funding_history is None:
        if isinstance(args.funding, dict):
            return {asset: Funding(rate, source=source) for asset, rate in args.funding.items()}
        return Funding(args.funding, source=source)
    if isinstance(args.funding, dict):
        raise InputError(
            "--funding by asset and --funding-history exclude each other: leave one of them out."
        )
    from hedging.book import read_book
    from hedging.venues import read_funding

    assets = (args.asset,) if args.asset else read_book(args.book).assets
    more = {"rate": args.funding, "received": args.funding_received or 0.0, "source": source}
    return {
        asset: Funding.from_history(read_funding(args.funding_history, asset=asset), horizon, **more)
        for asset in assets
    }


def view_of(args: argparse.Namespace) -> View | None:
    """The view asked for, None without one."""
    from hedging.planner import View

    given = _given(args, [name for name, *_ in VIEW])
    return View(**given) if given else None


def effort_of(
    args: argparse.Namespace, progress: Callable[[float, float], object] | None, *, gap: float
) -> Effort:
    """Solver, gap and time as they were given, or as they are by default."""
    from hedging.planner import Effort

    given = {"gap": args.gap, "time_limit": args.time_limit}
    named = {name: value for name, value in given.items() if value is not None}
    return Effort(**({"gap": gap} | named), solver=args.solver, progress=progress)


def outcomes_of(args: argparse.Namespace, markets: Sequence[Market], horizon: float) -> dict[str, Paths]:
    """Outcomes drawn for every asset together."""
    return drawn(markets, horizon, args.outcomes, args.seed, args.correlation)


def book_and_markets(
    args: argparse.Namespace, mandate: Mandate | None = None, *, all_quoted: bool = True
) -> tuple[Book, tuple[Market, ...]]:
    """The book, and the market of each of its assets; without `all_quoted` of those on which options are quoted.

    What a mandate leaves without effect is refused before a chain is read.
    """
    from hedging.book import read_book

    book = read_book(args.book)
    if mandate is not None:
        check_used(args, mandate, book)
    assets = (args.asset,) if args.asset else book.assets or (None,)
    return book, console.read_markets(args, assets, all_quoted=all_quoted)


def _given(args: argparse.Namespace, names: Iterable[str]) -> Mapping[str, Any]:
    values = {name: getattr(args, name, None) for name in names}
    return {name: value for name, value in values.items() if value is not None}
