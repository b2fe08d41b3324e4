"""``hedging watch --chain live`` as it is left running: a process of its own against a local exchange."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cases.exchange import INSTRUMENT, Exchange, result, send, serving, summary_of
from cases.later import later
from cases.processes import ROOT, command

from hedging import samples
from hedging.cli import main as cli
from hedging.venues import write_chain

BOOK = '[[holdings]]\nasset = "BTC"\nkind = "spot"\nquantity = 25\n'
REFUSED = json.dumps({"jsonrpc": "2.0", "error": {"code": 11050, "message": "bad_request"}}).encode()


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("book.toml").write_text(BOOK)
    write_chain(samples.chain(), "chain.csv")
    asked = ["--delta", "10:16", "--expiries", "5:12", "--json", "plan.json"]
    assert cli.main(["plan", "book.toml", "--chain", "chain.csv", *asked]) == 0
    return tmp_path


def serve(exchange: Exchange, chains: list[object]) -> None:
    """Each look gets the next chain; None is refused, the last one repeats."""
    looks = list(chains)
    seen = {}

    def summary(handler, query) -> None:
        if query["kind"] == "option":
            seen["now"] = looks.pop(0) if len(looks) > 1 else looks[0]
        chain = seen["now"]
        if chain is None:
            send(handler, 400, REFUSED)
        else:
            result(summary_of(chain) if query["kind"] == "option" else [])(handler, query)

    def index(handler, query) -> None:
        result({"index_price": seen["now"].spot, "estimated_delivery_price": seen["now"].spot})(
            handler, query
        )

    exchange.replies["get_book_summary_by_currency"] = [summary]
    exchange.replies["get_instruments"] = [result([INSTRUMENT])]
    exchange.replies["get_index_price"] = [index]


def heard() -> None:
    """What a shell has in its background ignores SIGINT, and so does what it starts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.slow  # starts the command twice, and looks every second
def test_it_is_stopped_by_a_signal_and_goes_on_from_its_file(plan):
    chain = samples.chain()
    with serving() as exchange:
        serve(exchange, [later(chain, 0.5, 0.0), None, later(chain, 1.0, -0.1)])
        run = ["watch", "plan.json", "--chain", "live", "--url", exchange.url, "--json-lines", "w.jsonl"]
        told = []
        with subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "hedging", *run, "--every", "1s", "--no-levels"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            preexec_fn=heard,
        ) as started:
            for line in started.stdout:
                told.append(line)
                if "broken" in line:
                    started.send_signal(signal.SIGINT)
            error = started.stderr.read()
        assert (started.returncode, error) == (130, "hedging: interrupted\n")
        kinds = [json.loads(line)["kind"] for line in Path("w.jsonl").read_text().splitlines()[1:]]
        assert [kind for kind in kinds if "readable" in kind] == ["unreadable", "readable"]
        assert kinds[-1] == "broken"
        assert len(told) == len(kinds)
        lines = Path("w.jsonl").read_text()
        again = command(*run, "--no-levels")
        assert (again.returncode, again.stdout, again.stderr) == (1, "", "")
        assert Path("w.jsonl").read_text() == lines
        serve(exchange, [None])
        down = command(*run, "--no-levels")
        assert "bad_request" in down.stdout
        assert down.returncode == 1  # what was broken is so until it is seen mended
