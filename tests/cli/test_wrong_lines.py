"""Wrong command lines over all commands: one line on stderr that names what came and the way out, and the README's code."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from cases.commands import one_line
from cases.strangers import write_files

from hedging.cli import main as cli

LINES = {
    "explain plan.json": "explain needs --chain FILE|FOLDER",
    "explain book.toml --chain recorded": "the JSON is cut off or damaged",
    "explain plan.json --chain recordd": "'recordd' cannot be read: No such file or directory",
    "explain plan.json --chain bare": "the folder bare holds no file that ends in .parquet",
    "explain plan.json --chain recorded --since tomorrow": "--since must be a time; got 'tomorrow'",
    "explain plan.json --chain recorded --since 2027-01-01": "has 0 chains from 2027-01-01 00:00 UTC on; two are needed",
    "explain plan.json --chain recorded --settled BTC-27MAR26=abc": "--settled takes EXPIRY=PRICE",
    "explain plan.json --chain recorded --settled BTC-27FEB25=70000": "nothing held expired then",
    "explain plan.json --chain recorded --plot fall.gif": "the ending must be one of .pdf, .png, .svg",
    "explain plan.json --chain recorded --json bare": "bare is a folder",
    "worth plan.json --chain chain.csv --quote much": "--quote must be a number; got 'much'",
    "worth plan.json --chain chain.csv --leg BTC-27MAR26-60000-P": "--leg takes SYMBOL=CONTRACTS",
    "worth plan.json --chain chain.csv --leg BTC-27MAR26-60001-P=25": "close to it: BTC-27MAR26-60000-P",
    "worth plan.json --chain chain.csv --leg BTC-27MAR26-60000-P=0.05": "must be whole lots of 0.1; got 0.05",
    "worth plan.json --chain quotes.csv": "`hedging chain map quotes.csv` begins a map of it",
    "worth empty --chain chain.csv": "empty is empty",
    "worth bad.json --chain chain.csv": "Save one with hedging plan ... --json FILE",
    "roll plan.json --chain tomorrow.csv --programme 7": "--programme must be DAYS:TIMES, as 7:6",
    "roll plan.json --chain tomorrow.csv --programme 7:600": "12 steps at most; got 600: write 7:12",
    "roll plan.json --chain tomorrow.csv --programme 7:99999999999": "12 steps at most; got 99,999,999,999",
    "roll plan.json --chain tomorrow.csv --programme -7:6": "--programme must be DAYS:TIMES, as 7:6",
    "overlays book.toml --chain chain.csv --days 45:20": "--days must be DAYS:DAYS",
    "overlays book.toml --chain chain.csv --expiries 45:20": "--expiries must be DAYS:DAYS",
    "overlays book.toml --chain chain.csv --far-days 45:20": "--far-days must be DAYS:DAYS",
    "overlays book.toml --chain chain.csv --structure put": "did you mean protective put?",
    "book check chain.csv": "is not TOML: line 2: a line is key = value, or a [table]; got 'symbol,flag",
    "plan chain.csv --chain chain.csv --delta 8:12": "hedging book new FILE writes one to begin with",
    "audit book.toml --chain chain.csv": "it begins with",
    "roll plan.json --chain tomorrow.csv --when soon": "--when must be days to expiry >= 0, such as 30; got 'soon'",
    "roll plan.json --chain tomorrow.csv --when -3": "--when must be days to expiry >= 0",
    "roll plan.json --chain tomorrow.csv --asset ETH": "tomorrow.csv holds BTC, not ETH",
    "roll plan.json --chain tomorrow.csv --csv nowhere/x.csv": "its folder is missing",
    "watch plan.json --chain live --every 5": "--every must be a time such as 30s, 5m or 1h; got '5'",
    "watch plan.json --chain recorded --rules rules.toml": "rules.toml has naer; rules have near",
    "watch plan.json --chain recorded --url https://test": "--url is an exchange's address: it goes with --chain live",
    "watch plan.json --chain recorded --json-lines bare": "it is a folder or a device",
    "chain convert chain.csv": "chain convert needs -o/--output FILE",
    "chain convert chain.csv -o out.txt": "-o out.txt: the ending must be one of .parquet, .csv, .csv.gz",
    "chain convert bare -o out.csv": "'bare' cannot be read: Is a directory",
    "chain map latin.csv": "latin.csv is neither Parquet nor UTF-8 text: byte 9 is 0xef",
    "chain map bad.json": "bad.json holds a JSON object with keys ['a'], no table",
    "chain map missing.csv": "'missing.csv' cannot be read",
    "chain fetch deribit": "chain fetch needs ASSET and -o/--output FILE",
    "chain fetch deribit BTC -o x.txt": "-o x.txt: the ending must be one of .parquet",
    "chain show chain.csv --expiry 2026-03-28": "it has 2026-03-03, 2026-03-06",
    "chain show chain.csv --at 2020-01-01": "chain.csv is of 2026-03-02 12:00 UTC, not of 2020-01-01: leave --at out",
    "chain check chain.csv --timezone Mars/Base": "--timezone must be a name such as 'America/New_York'",
    "chain check chain.csv --format deribt": "did you mean deribit-full?",
    "chain check chain.csv --lot 1": "chain.csv says its own terms; leave --settlement, --exercise, --multiplier, --lot",
    "chain check chain.csv --rate 5%": "whose rows say that themselves: leave the rate out",
    "report book.toml --chain chain.csv --plan bad.json": "bad.json is no hedge plan",
    "report book.toml --chain chain.csv --backtest plan.json": "it must have table, runs, starts",
    "report book.toml --chain chain.csv --screen plan.json": "it must have coins, verdicts, benchmark",
    "report book.toml --chain chain.csv -o report.pdf": "the ending must be .html or .htm",
    "report book.toml --chain chain.csv --account gold": "--account must be one of standard, portfolio; got 'gold'",
    "backtest book.toml --chain recorded --strategy puts": "did you mean put?",
    "backtest book.toml --chain recorded --set delta": "write it as key=value, such as --set delta=0.25",
    "backtest book.toml --chain recorded --set detla=0.25": "no such setting: detla; did you mean delta?",
    "backtest book.toml --chain recorded --set days=45:20": "must be a window (from, to) that ascends",
    "backtest book.toml --chain recorded --starts 99": "--starts must be",
    "backtest book.toml --chain recorded --from 2027-01-01": "there are 3 from 2026-03-02 12:00 to 2026-03-04 12:00",
    "backtest book.toml --chain chain.csv": "a backtest takes two snapshots at least; --chain chain.csv has 1",
    "screen prices.csv --benchmark XYZ": "the benchmark 'XYZ' is not in prices.csv",
    "screen prices.csv --windows 30;60": "--windows must be whole days with commas, such as 30,60,90; got '30;60'",
    "screen prices.csv --windows 9999": "a window of 9,999 days needs 10,000 closes in a row",
    "screen prices.csv --floor 15%": "--floor must be a loss, a share like -15%; got '15%': write -15%",
    "screen prices.csv --together": "give --book BOOK",
    "screen chain.csv": "chain.csv is a chain of option quotes; prices are a table",
    "demo -o empty": "-o empty is a file; give the name of a folder",
    "demo extra": "extra: hedging demo takes no such argument",
    "completion": "completion needs SHELL",
    "completion powershell": "SHELL must be one of bash, zsh, fish; got 'powershell'",
    "book new": "book.toml exists already: give the name of a new file",
    "book check empty": "hedging book new FILE writes one to begin with",
    "book schema -o bare": "bare is a folder",
    "audit plan.json --chain chain.csv --book missing.toml": "book file missing.toml cannot be read",
    "audit plan.json --chain chain.csv --delivery empty": "to be read as delivery prices",
    "audit plan.json --chain chain.csv --at 2026-03-05T12:00Z": "not of 2026-03-05T12:00Z: leave --at out",
    "overlays book.toml --chain chain.csv --put-delta 25": "--put-delta must be a delta between 0 and 1; got 25: write 0.25",
    "overlays book.toml --chain chain.csv --structure straddle": "--structure must be one of protective put",
    "overlays book.toml --chain chain.csv --coverage 0": "--coverage must be a number > 0 (1 covers all)",
    "overlays book.toml --chain chain.csv --days 500:600": "the chain has 0.8, 3.8",
    "scenario book.toml --chain chain.csv": "scenario needs one of --velocity, --replay, --monte-carlo, --grid",
    "scenario book.toml --chain chain.csv --replay feb-2025": "did you mean feb-2026?",
    "scenario book.toml --chain chain.csv --monte-carlo 1e9": "--monte-carlo must be a whole number >= 1",
    "frontier book.toml --chain chain.csv --levels 5%:60%:12": "--levels of floor must be shares from -1 to 0; got 0.05",
    "frontier book.toml --chain chain.csv --over delta": "--over must be one of floor, shortfall, budget",
    "plan book.toml --chain chain.csv --delta 8:12 --depth empty": "empty is empty",
    "plan book.toml --chain chain.csv --delta 8:12 --prices chain.csv": "prices are a table of closes or bars",
    "plan book.toml --chain chain.csv --delta 8:12 --survive now": "no replay is called 'now'; there are mar-2020",
    "plan book.toml --chain chain.csv --delta ETH=8:12": "give a chain of that asset, or remove the band",
    # More than any memory holds, and numbers in other forms.
    "scenario book.toml --chain chain.csv --velocity -2% --days 1e9": "--days must be a number of days > 0, 18,250 at most; got '1e9'",
    "scenario book.toml --chain chain.csv --monte-carlo 999999999999": "--monte-carlo must be",
    "scenario book.toml --chain chain.csv --velocity -200%": "--velocity -200%",
    "scenario book.toml --chain chain.csv --grid --days 1m": "got '1m': write 30",
    "plan book.toml --chain chain.csv --shortfall -20% --outcomes 99999999999": "--outcomes must be",
    "plan book.toml --chain chain.csv --delta 8:12 --survive fall:-2%:0:1e9": "fall:VELOCITY:ACCELERATION:DAYS",
    "plan book.toml --chain chain.csv --floor 1e9:-5%": "--floor must be a loss like -15%, or losses by day",
    "plan book.toml --chain chain.csv --delta 8:12 --horizon 2w": "got '2w': write 14",
    "plan book.toml --chain chain.csv --delta 8:12 --time-limit 1e99": "604,800 at most",
    "plan book.toml --chain chain.csv --delta 8:12 --budget 20.000USD": "write 20000USD or 20USD",
    "plan book.toml --chain chain.csv --delta 8:12 --budget 1,5USD": "write 1.5USD",
    "plan book.toml --chain chain.csv --delta 8:12 --budget 5k": "write 5000USD",
    "plan book.toml --chain chain.csv --floor -20.000USD": "write -20000USD or -20USD",
    "plan book.toml --chain chain.csv --floor 40%:60%": "or losses by day like 7:-8%,30:-15%; got '40%:60%'",
    "plan book.toml --chain chain.csv --floor 30:15%": "write 30:-15%",
    "plan book.toml --chain chain.csv --delta 4,5:9": "got '4,5:9': write 4.5:9",
    "plan book.toml --chain chain.csv --delta 8:12 --survive 40:50": "write -40%:50%",
    "plan book.toml --chain chain.csv --delta 8:12 --survive -40%": "write -40%:0%",
    "plan book.toml --chain chain.csv --delta 8:12 --tier two": "--tier must be a whole number >= 0; got 'two'",
    "plan book.toml --chain chain.csv --delt 8:12": "--delt is no whole name; it may be --delta, --delta-value",
    "plan book.toml --chain chain.csv --strikes 60000:70000": "hedging plan takes no such option (try",
    "plan book.toml --chain chain.csv --max_legs 3": "did you mean --max-legs?",
    "plan book.toml chain.csv --delta 8:12": "takes no such argument: write --chain chain.csv",
    "worth plan.json --chain chain.csv --quote 40k": "got '40k': write 40000",
    "roll plan.json --chain tomorrow.csv --programme 1e9:6": "--programme must be DAYS:TIMES",
    "watch plan.json --chain recorded --every 99999h": "--every must be a time of a week at most",
    "watch plan.json --chain recorded --every 5min": "write 5m",
    "watch plan.json --chain recorded --hook nosuchcommand": "there is no command 'nosuchcommand'",
    'watch plan.json --chain recorded --hook "\'"': "its quotes are not closed",
    "overlays book.toml --chain chain.csv --off-mark all": "write any",
    "chain show chain.csv --spot abc": "--spot must be a number; got 'abc'",
    "screen prices.csv --book book.toml --horizon 1e9": "--horizon must be a number of days > 0, 18,250 at most",
}
# How the libraries below say it; nobody who typed a command has heard of those.
FOREIGN = (
    "codec can't",
    "unrecognized arguments",
    "No columns to parse",
    "invalid literal",
    "Traceback",
    "Warning",
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("wrong")
    write_files(path)
    (path / "bare").mkdir()
    (path / "empty").touch()
    (path / "latin.csv").write_bytes(b"symbol,b\xefd\n1,2\n")
    (path / "bad.json").write_text('{"a": 1}')
    (path / "rules.toml").write_text("naer = 0.1\n")
    return path


@pytest.mark.parametrize("line", LINES)
def test_a_wrong_line_is_told_in_one(
    line: str, files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(files)
    before = {path: path.stat().st_mtime_ns for path in files.rglob("*")}
    assert cli.main(shlex.split(line)) == 2
    said = one_line(capsys)
    assert LINES[line] in said
    assert not [word for word in FOREIGN if word in said]
    assert {path: path.stat().st_mtime_ns for path in files.rglob("*")} == before  # nothing was written
