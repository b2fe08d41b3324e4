"""What a plan is asked on the command line: `Target`, `Limits`, a view and outcomes, from tables of options."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from hedging.cli import _console as console
from hedging.cli._moves import add_correlation, drawn
from hedging.errors import InputError

if TYPE_CHECKING:
    from hedging.book import Book, Ladder
    from hedging.market import Market
    from hedging.paths import Paths
    from hedging.planner import Effort, Limits, PriceHistory, Target, View

__all__ = [
    "add_asked",
    "add_chains",
    "add_effort",
    "add_prices",
    "book_and_markets",
    "depth_of",
    "effort_of",
    "history_of",
    "limits_of",
    "option",
    "outcomes_of",
    "target_of",
    "view_of",
]

Table: TypeAlias = tuple[tuple[str, Callable[[str], Any], str, str], ...]


def _band(text: str) -> Any:
    """A band ``8:12`` for every asset, or bands by asset, ``BTC=8:12,ETH=50:80``."""
    return console.band(text) if "=" not in text else _by_name(text, str, console.band)


def _floor(text: str) -> Any:
    """A share for all dates, or shares by day, ``7:-8%,30:-15%``."""
    return console.share(text) if ":" not in text else _by_name(text, console.number, console.share, sign=":")


def _windows(text: str) -> Any:
    """Bands by window of days, ``0:30=-500:500,30:90=0:``."""
    return _by_name(text, console.window, console.band)


def _prices(text: str) -> Any:
    """Prices by the name of a target, ``delta-value=1000,vega-by-days 0-30=50``."""

    def named(name: str) -> str:
        field, space, which = name.partition(" ")
        return field.replace("-", "_") + space + which

    return _by_name(text, named, console.number)


def _by_name(text: str, key: Callable[[str], Any], value: Callable[[str], Any], sign: str = "=") -> Any:
    parts = [part.partition(sign) for part in text.split(",")]
    if not all(name and found and rest for name, found, rest in parts):
        raise argparse.ArgumentTypeError(f"must be NAME{sign}VALUE, several with commas; got {text!r}")
    pairs = [(key(name), value(rest)) for name, _, rest in parts]
    if len(dict(pairs)) < len(pairs):
        raise argparse.ArgumentTypeError(f"names one thing twice; got {text!r}")
    return dict(pairs)


def _moneyness(text: str) -> tuple[float, float]:
    """A window of strikes as multiples of spot, either side open."""
    low, high = console.band(text)
    return 0.0 if low is None else low, float("inf") if high is None else high


def _closed(text: str) -> tuple[float, float]:
    low, high = console.band(text)
    if low is None or high is None:
        raise argparse.ArgumentTypeError(f"must be LO:HI, both given; got {text!r}")
    return low, high


def _outright(text: str) -> Any:
    """Kinds of outright trades, at their usual terms: ``perpetual,future``."""
    from hedging.planner import Outright

    try:
        return tuple(Outright(kind) for kind in text.split(","))  # type: ignore[arg-type]
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _rule(text: str) -> str | float:
    """A rule's name, or its ratio as a number; which names there are `Target` knows."""
    try:
        return float(text)
    except ValueError:
        return text


# Each with its parser, its form and its help; the name is that of `Target`, `Limits` or `View`, with dashes.
# What is not given is left to their defaults.
TARGETS: Table = (
    ("delta", _band, "LO:HI", "delta of the hedged book, in coins; or 10+-2, as for all bands"),
    ("delta_value", _band, "LO:HI", "the same in money"),
    ("gamma", _band, "LO:HI", "gamma, coins per 1.00 of spot"),
    ("gamma_value", _band, "LO:HI", "the same, money of delta per 1%% of spot"),
    ("vega", _band, "LO:HI", "vega of the hedged book, money per vol point"),
    ("vega_coin", _band, "LO:HI", "the same in coins"),
    ("vega_weighted", _band, "LO:HI", "the same, each expiry by the root of 30 days over its own"),
    ("vega_by_days", _windows, "DAYS:DAYS=LO:HI", "vega of what expires in a window: 0:30=-500:500,30:90=0:"),
    ("theta", _band, "LO:HI", "theta, money a day"),
    ("theta_coin", _band, "LO:HI", "the same in coins"),
    ("floor", _floor, "SHARE", "worst loss over the scenarios: -15%%, or by day: 7:-8%%,30:-15%%"),
    ("shortfall", console.share, "SHARE", "mean of the worst outcomes, drawn as by --outcomes: -20%%"),
    ("value_at_risk", console.share, "SHARE", "loss that the outcomes exceed with 1 - level at most"),
)
TARGET_RULES: Table = (
    ("level", console.share, "SHARE", "of shortfall and value at risk: 95%%"),
    ("delta_rule", _rule, "RULE", "how vol moves with spot: sticky_strike, sticky_moneyness, or a ratio"),
    (
        "joint",
        str,
        "box|together",
        "how several assets move under a floor: each by itself (box), or all alike",
    ),
    ("reference_days", console.number, "DAYS", "the expiry of weight 1 in --vega-weighted: 30"),
    (
        "soft",
        _prices,
        "NAME=PRICE",
        "targets that may be missed, and the money for each unit or 1%%: floor=50",
    ),
)
LIMITS: Table = (
    ("budget", console.share, "SHARE", "most net premium, share of the book: 2%%"),
    ("cost", console.share, "SHARE", "most execution cost, share of the book: 0.5%%"),
    ("max_legs", int, "N", "most legs"),
    ("expiries", console.window, "DAYS:DAYS", "days to expiry to choose from"),
    ("deltas", _closed, "LO:HI", "absolute deltas to choose from: 0.05:0.6"),
    ("moneyness", _moneyness, "LO:HI", "strikes to choose from, as multiples of spot: 0.7:1.3"),
    ("outright", _outright, "KINDS", "also trade spot, perpetual, future: one or several with commas"),
    ("min_leg_share", console.share, "SHARE", "smallest leg, of the position: 4%%"),
    ("max_leg_share", console.share, "SHARE", "largest leg, of the position: 150%%"),
    ("open_interest_share", console.share, "SHARE", "most of a contract's open interest: 10%%"),
    ("gross_vega", console.number, "MONEY", "most vega of all orders, signs left out, per vol point"),
    ("price_per_leg", console.share, "SHARE", "what another leg must save, of the book: 0.005%%"),
    ("parsimony", console.share, "SHARE", "what fewer legs may cost more than the optimum: 1%%"),
)
VIEW: Table = (
    ("drift", console.share, "SHARE", "drift a year to expect, -40%%"),
    ("vol", console.share, "SHARE", "vol to expect, 55%%"),
)


FUNDING: Table = (
    (
        "funding",
        console.share,
        "RATE",
        "what longs pay per 8 hours: 0.01%%; by default what the chain's file shows",
    ),
    (
        "funding_history",
        str,
        "FILE",
        "rates per 8 hours by time: what is paid counts at their 90th percentile",
    ),
    (
        "funding_received",
        console.share,
        "SHARE",
        "of income that counts, at their 10th percentile (default 0)",
    ),
)


def add_chains(command: console.Parser, *, required: bool = True) -> None:
    """The book, and a chain of each of its assets."""
    command.add_argument("book", metavar="BOOK", help="TOML file of what is held")
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
        type=console.whole,
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
        help="the targets hold on every surface inside the quotes' bid and ask",
    )
    limits = command.add_argument_group("limits")
    _add(limits, LIMITS)
    limits.add_argument(
        "--no-close", action="store_true", help="keep the options held: none is closed or rolled"
    )
    _add(
        command.add_argument_group("a view", "a bet: what it expects orders to gain is off their cost"), VIEW
    )
    funding = command.add_argument_group(
        "funding", "of perpetuals: what is paid counts, what is received does not"
    )
    _add(funding, FUNDING)
    drawn_group = command.add_argument_group("horizon and outcomes")
    drawn_group.add_argument(
        "--horizon", type=console.number, default=30.0, metavar="DAYS", help="days the floor holds for"
    )
    drawn_group.add_argument(
        "--outcomes", type=int, default=1_000, metavar="N", help="drawn with fat tails (default 1000)"
    )
    drawn_group.add_argument(
        "--seed", type=console.whole, default=1, metavar="N", help="of the outcomes (default 1)"
    )
    add_correlation(drawn_group)


def add_effort(command: console.Parser, *, gap: str, seconds: str) -> None:
    """What looks for the plan, and for how long; what is not given is left to the library."""
    effort = command.add_argument_group("search")
    effort.add_argument("--solver", choices=["highs", "scip", "cbc"], default="highs", help="default highs")
    effort.add_argument(
        "--gap", type=console.share, metavar="SHARE", help=f"of the cost, that counts as optimal: {gap}"
    )
    effort.add_argument(
        "--time-limit", type=console.number, metavar="SECONDS", help=f"then the best so far: {seconds}"
    )


def _add(group: argparse._ArgumentGroup, table: Table) -> None:
    for name, kind, form, text in table:
        group.add_argument(option(name), type=kind, metavar=form, help=text)


def option(name: str) -> str:
    """How the option of a field is written."""
    return f"--{name.replace('_', '-')}"


def target_of(args: argparse.Namespace, **more: Any) -> Target:
    """The target asked for; `more` are fields that only one command has."""
    from hedging.planner import Target

    return Target(**_given(args, (*TARGETS, *TARGET_RULES)), robust=args.robust, **more)


def limits_of(args: argparse.Namespace) -> Limits:
    """The limits asked for."""
    from hedging.planner import Limits

    return Limits(**_given(args, LIMITS), close=not args.no_close, funding=_funding_of(args))


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


def _funding_of(args: argparse.Namespace) -> Any:
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
        return Funding(args.funding, source=source)
    from hedging.book import read_book
    from hedging.venues import read_funding

    assets = (args.asset,) if args.asset else read_book(args.book).assets
    more = {"rate": args.funding, "received": args.funding_received or 0.0, "source": source}
    return {
        asset: Funding.from_history(read_funding(args.funding_history, asset=asset), args.horizon, **more)
        for asset in assets
    }


def view_of(args: argparse.Namespace) -> View | None:
    """The view asked for, None without one."""
    from hedging.planner import View

    given = _given(args, VIEW)
    return View(**given) if given else None


def effort_of(
    args: argparse.Namespace, progress: Callable[[float, float], object] | None, *, gap: float
) -> Effort:
    """Solver, gap and time as they were given, or as they are by default."""
    from hedging.planner import Effort

    given = {"gap": args.gap, "time_limit": args.time_limit}
    named = {name: value for name, value in given.items() if value is not None}
    return Effort(**({"gap": gap} | named), solver=args.solver, progress=progress)


def outcomes_of(args: argparse.Namespace, markets: Sequence[Market]) -> dict[str, Paths]:
    """Outcomes drawn for every asset together."""
    return drawn(markets, args.horizon, args.outcomes, args.seed, args.correlation)


def book_and_markets(args: argparse.Namespace, *, all_quoted: bool = True) -> tuple[Book, tuple[Market, ...]]:
    """The book, and the market of each of its assets; without `all_quoted` of those on which options are quoted."""
    from hedging.book import read_book

    book = read_book(args.book)
    assets = (args.asset,) if args.asset else book.assets or (None,)
    return book, console.read_markets(args, assets, all_quoted=all_quoted)


def _given(args: argparse.Namespace, table: Table) -> Mapping[str, Any]:
    values = {name: getattr(args, name) for name, *_ in table}
    return {name: value for name, value in values.items() if value is not None}
