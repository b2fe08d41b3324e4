"""``hedging explain``, ``worth`` and ``roll --programme`` print what the library says; a venue is refused before the work."""

from __future__ import annotations

import csv
import json

import pytest
from cases.later import later

from hedging import samples
from hedging.book.book import Book, Holding
from hedging.cli import main as cli
from hedging.market.market import Market
from hedging.monitor import explain_over, programme, worth
from hedging.monitor.programme import Held
from hedging.planner import Target, read_plan
from hedging.planner.result.saved import limits_from
from hedging.units import days
from hedging.venues import read_chain, write_chain

BOOK = '[[holdings]]\nasset = "BTC"\nkind = "spot"\nquantity = 25\n'
ASKED = ["--delta", "10:16", "--expiries", "20:40", "--max-legs", "1", "--budget", "20%"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A plan on the sample, and a day of chains after it."""
    path = tmp_path_factory.mktemp("after")
    (path / "book.toml").write_text(BOOK)
    chain = samples.chain()
    (path / "days").mkdir()
    write_chain(chain, path / "days" / "0.csv")
    for number, fall in enumerate((0.02, -0.03), start=1):
        write_chain(later(chain, number, fall), path / "days" / f"{number}.csv")
    files = ["--chain", str(path / "days" / "0.csv"), "--json", str(path / "plan.json")]
    assert cli.main(["plan", str(path / "book.toml"), *ASKED, *files]) == 0
    return path


@pytest.fixture
def run(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    capsys.readouterr()

    def command(*argv: str) -> tuple[int, str, str]:
        code = cli.main(list(argv))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return command


def test_what_earned_what_over_a_folder(run):
    code, out, _ = run("explain", "plan.json", "--chain", "days", "--json", "-")
    chains = [read_chain(f"days/{number}.csv") for number in range(3)]
    expected = explain_over(read_plan("plan.json"), chains)
    assert code == 0
    assert json.loads(out) == json.loads(json.dumps(expected.to_dict()))
    until = f"{chains[1].as_of:%Y-%m-%d}"
    _, out, _ = run("explain", "plan.json", "--chain", "days", "--until", until, "--csv", "-")
    assert len(out.splitlines()) == 1 + 1
    code, _, error = run("explain", "plan.json", "--chain", "days", "--since", until)
    assert code == 0
    code, _, error = run("explain", "plan.json", "--chain", "days/0.csv")
    assert (code, error.count("\n")) == (2, 1)
    assert "has 1 chain from" in error
    assert run("explain", "plan.json", "--chain", "days", "--plot", "fall.png")[0] == 0


def test_what_a_quote_is_worth_to_a_plan(run):
    chain, plan = read_chain("days/0.csv"), read_plan("plan.json")
    (leg,) = plan.legs
    package = {leg.instrument.symbol: leg.quantity}
    code, out, _ = run("worth", "plan.json", "--chain", "days/0.csv", "--quote", "40000", "--json", "-")
    book, target = Book([Holding.spot("BTC", 25)]), Target(delta=(10, 16))
    expected = worth(package, book, chain, target, limits_from(plan.inputs["limits"]), quote=40_000.0)
    assert code == 0
    assert json.loads(out) == json.loads(json.dumps(expected.to_dict()))
    named = f"{leg.instrument.symbol}={leg.quantity}"
    assert json.loads(
        run("worth", "plan.json", "--chain", "days/0.csv", "--quote", "40000", "--leg", named, "--json", "-")[
            1
        ]
    ) == json.loads(out)
    assert "worth" in run("worth", "plan.json", "--chain", "days/0.csv")[1]
    lower = run("worth", "plan.json", "--chain", "days/0.csv", "--leg", named.lower(), "--csv", "-")[1]
    rows = {row[0]: row[1] for row in csv.reader(lower.splitlines())}
    assert float(rows["price"]) == expected.price
    assert float(rows[f"package {leg.instrument.symbol}"]) == leg.quantity


def test_when_to_roll_what_is_held(run):
    code, out, _ = run("roll", "plan.json", "--chain", "days/1.csv", "--programme", "5:2", "--json", "-")
    plan, chain = read_plan("plan.json"), read_chain("days/1.csv")
    (leg,) = plan.legs
    held = Held(days(chain.as_of, leg.instrument.expiry), leg.instrument.strike, leg.units)
    after = Book([Holding.spot("BTC", 25)]) + plan
    rest = Book([each for each in after.holdings if each.instrument != leg.instrument])
    expected = programme(rest, Market.of(chain), Target(delta=(10, 16)), dates=[0, 5, 10], held=held)
    assert code == 0
    assert json.loads(out) == json.loads(json.dumps(expected.to_dict()))
    assert "today: " in run("roll", "plan.json", "--chain", "days/1.csv", "--programme", "5:2")[1]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["worth", "plan.json", "--chain", "days/0.csv", "--leg", "BTC"], "SYMBOL=CONTRACTS"),
        (["worth", "plan.json", "--chain", "days/0.csv", "--leg", "BTC-1JAN30-1-P=2"], "has no quote of 'BTC-1JAN30-1-P'"),
        (["worth", "plan.json", "--chain", "days/0.csv", "--leg", "A=1", "--leg", "A=2"], "twice"),
        (["worth", "plan.json", "--chain", "days/0.csv", "--leg", "ETH-27MAR26-2000-P=5"], "it is on ETH; give a chain of ETH"),
        (["worth", "plan.json", "--chain", "days/0.csv", "--leg", "BTC-PERPETUAL=5"], "names a perpetual"),
        (["roll", "plan.json", "--chain", "days/1.csv", "--programme", "7"], "DAYS:TIMES"),
        (["roll", "plan.json", "--chain", "days/1.csv", "--programme", "7:99"], "steps at most"),
        (["explain", "plan.json", "--chain", "days", "--until", "never"], "must be a time"),
        (["explain", "plan.json", "--chain", "nowhere"], "nowhere"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line(run, argv, message):
    code, _, error = run(*argv)
    assert (code, error.count("\n")) == (2, 1)
    assert message in error


def test_a_venue_that_does_not_trade_the_chain_is_refused_before_planning(run, monkeypatch):
    monkeypatch.setattr("hedging.planner.plan", lambda *_, **__: pytest.fail("it planned"))
    for venue in ("bybit", "okx", "binance"):
        code, out, error = run(
            "plan", "book.toml", *ASKED, "--chain", "days/0.csv", "--ticket", "-", "--ticket-for", venue
        )
        assert (code, out, error.count("\n")) == (2, "", 1)
        assert venue.capitalize() in error or venue.upper() in error or f"not of {venue}" in error


def test_what_has_expired_is_settled_before_a_package_is_judged(run, folder):
    chain = samples.chain()
    first = chain.expiries["expiry"].iloc[0]
    puts = chain.quotes[(chain.quotes["expiry"] == first) & (chain.quotes["flag"] == "p")]
    held = puts.loc[puts["strike"].idxmax()]
    (folder / "held.toml").write_text(f'{BOOK}[[holdings]]\ncontract = "{held["symbol"]}"\nquantity = 5\n')
    files = ["--chain", "days/0.csv", "--json", "held.json"]
    assert run("plan", "held.toml", *ASKED, *files)[0] == 0
    write_chain(later(chain, days(chain.as_of, first) + 0.25, 0.02), folder / "gone.csv")
    price = 0.99 * chain.spot
    given = ["--settled", f"{held['symbol'].rsplit('-', 2)[0]}={price}"]
    code, out, _ = run("worth", "held.json", "--chain", "gone.csv", *given, "--json", "-")
    assert code == 0
    plan = read_plan("held.json")
    package = {leg.instrument.symbol: leg.quantity for leg in plan.legs}
    paid = Book([Holding.spot("BTC", 25 + 5 * (held["strike"] - price) / price)])
    limits = limits_from(plan.inputs["limits"])
    expected = worth(package, paid, read_chain("gone.csv"), Target(delta=(10, 16)), limits)
    found, by_hand = json.loads(out), expected.to_dict()
    assert found["why"] == by_hand["why"]
    for name in ("screen", "alone", "price"):
        assert found[name] == (None if by_hand[name] is None else pytest.approx(by_hand[name], rel=1e-6))


def test_the_way_out_of_a_missing_delivery_price_is_what_the_command_takes(run, folder):
    chain = samples.chain()
    write_chain(later(chain, 45.0, 0.0), folder / "late.csv")
    code, _, error = run("audit", "plan.json", "--chain", "late.csv")
    assert code == 2
    assert "--delivery FILE for the command" in error
    assert "--settled{" not in error
