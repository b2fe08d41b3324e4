"""Wrong command lines over all commands: one line on stderr that names what came and the way out, and the README's code."""

from __future__ import annotations

import gzip
import shlex
from pathlib import Path

import pytest
from cases.commands import one_line
from cases.strangers import write_files

from hedging.cli import main as cli

LINES = {
    "plan book.toml --chain chain.csv --delta BTC=8:12 --delta ETH=1:2": "--delta is given twice; write it once, with commas where it takes several values",
    "backtest book.toml --chains recorded --strategy put --strategy=collar": "--strategy is given twice",
    "explain plan.json": "explain needs --chain FILE|FOLDER",
    "explain book.toml --chain recorded": "book.toml is a book in TOML, which is given as BOOK; a saved result in JSON is asked for here",
    "explain plan.json --chain recordd": "'recordd' cannot be read: there is no such file; did you mean recorded?",
    "explain plan.json --chain bare": "the folder bare holds no file that ends in .parquet",
    "explain plan.json --chain recorded --since tomorrow": "or a day, 2026-02-06; got 'tomorrow'",
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
    "plan book.toml --chain chain.csv --delta 1e30:1e31": "--delta must be a number of at most 1e15",
    "plan book.toml --chain chain.csv --vega 5+-1e16": "--vega must be a number of at most 1e15",
    "plan book.toml --chain chain.csv --delta BTC=:-1e20": "--delta must be a number of at most 1e15",
    "plan book.toml --chain chain.csv --gross-vega 1e20": "--gross-vega must be a number of at most 1e15",
    "plan book.toml --chain chain.csv --floor -5% --soft floor=1e30": "--soft must be a number of at most 1e15",
    "plan book.toml --chain chain.csv --floor -5% --soft floor=1e13": "--soft must be a price >= 0, 1e12 at most",
    "plan book.toml --chain chain.csv --time-limit 1e20": "604,800 at most; got '1e20'",
    "worth plan.json --chain chain.csv --quote 1e300": "--quote must be a number of at most 1e15",
    "plan book.toml --chain chain.csv --gap 5000%": "got '5000%': 1000% is the most",
    "plan book.toml --chain chain.csv --budget 1e9": "got '1e9': write 1000000000USD for money",
    "plan book.toml --chain chain.csv --budget 1e30USD": "--budget must be a number of at most 1e15",
    "plan book.toml --chain chain.csv --delta 8:12 --budget 3E4EUR": "--budget of 30,000 EUR is in none of BTC, USD",
    "plan named.toml --chain chain.csv": "holding 1: asset must not be empty",
    "audit page.html --chain chain.csv": "page.html is a page in HTML or XML",
    "book check page.html": "page.html is a page in HTML or XML",
    "chain map chain.csv": "chain.csv needs no map: it is of the known format hedging",
    "backtest book.toml --chains chain.csv": "two snapshots at least; --chains chain.csv has 1",
    "backtest book.toml --chain recorded --strategy foo": "--strategy must be one of hold, put",
    "backtest book.toml --chain recorded --expiries 20:40": "write --set expiries=VALUE, with --strategy planned",
    "backtest book.toml --chain recorded --moneynes 1:2": "takes no such option",
    "book check typo.toml": "no such key; did you mean quantity?\n",
    "overlays book.toml --chain chain.csv --days 45:20": "--days must be DAYS:DAYS",
    "overlays book.toml --chain chain.csv --expiries 45:20": "--expiries must be DAYS:DAYS",
    "overlays book.toml --chain chain.csv --far-days 45:20": "--far-days must be DAYS:DAYS",
    "overlays book.toml --chain chain.csv --structure put": "did you mean protective put?",
    "book check chain.csv": "chain.csv is a chain of option quotes, which --chain FILE takes; here it must be TOML",
    "plan chain.csv --chain chain.csv --delta 8:12": "hedging book new FILE writes one to begin with",
    "audit book.toml --chain chain.csv": "book.toml is a book in TOML",
    "roll plan.json --chain tomorrow.csv --when soon": "--when must be days to expiry >= 0, such as 30; got 'soon'",
    "roll plan.json --chain tomorrow.csv --when -3": "--when must be days to expiry >= 0",
    "roll plan.json --chain tomorrow.csv --asset ETH": "tomorrow.csv holds BTC, not ETH",
    "roll plan.json --chain tomorrow.csv --csv nowhere/x.csv": "cannot be written: there is no folder nowhere",
    "watch plan.json --chain live --every 5": "--every must be a time such as 30s, 5m or 1h; got '5'",
    "watch plan.json --chain recorded --rules rules.toml": "rules.toml has naer; rules have near",
    "watch plan.json --chain recorded --url https://test": "--url is an exchange's address: it goes with --chain live",
    "watch plan.json --chain recorded --json-lines bare": "it is a folder or a device",
    "chain convert chain.csv": "chain convert needs -o/--output FILE",
    "chain convert chain.csv -o out.txt": "-o out.txt: the ending must be one of .parquet, .csv, .csv.gz",
    "chain convert bare -o out.csv": "'bare' cannot be read: it is a folder, without files",
    "chain map latin.csv": "latin.csv is neither Parquet nor UTF-8 text: byte 9 is 0xef",
    "chain map bad.json": "bad.json holds a JSON object with keys ['a'], no table",
    "chain map missing.csv": "'missing.csv' cannot be read",
    "chain fetch deribit": "chain fetch needs ASSET and -o/--output FILE",
    "chain fetch deribit BTC -o x.txt": "-o x.txt: the ending must be one of .parquet",
    "chain show chain.csv --expiry 2026-03-28": "it has 2026-03-03, 2026-03-06",
    "chain show chain.csv --at 2020-01-01": "chain.csv is of 2026-03-02 12:00 UTC, not of 2020-01-01: leave --at out",
    "chain check chain.csv --timezone Mars/Base": "--timezone must be a zone's name such as Europe/Rome",
    "chain check chain.csv --format deribt": "did you mean deribit-full?",
    "chain check chain.csv --lot 1": "chain.csv says its own terms; leave --settlement, --exercise, --multiplier, --lot",
    "chain check chain.csv --rate 5%": "whose rows say that themselves: leave --rate out",
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
    "screen chain.csv": "chain.csv is a chain of option quotes, which --chain FILE takes; prices are a table",
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
    "frontier book.toml --chain chain.csv --levels 5%:60%:12": "--levels of floor must be shares of the book from -100% to 0%; got 5%: a loss is written -5%",
    "frontier book.toml --chain chain.csv --over delta": "--over must be one of floor, shortfall, budget",
    "plan book.toml --chain chain.csv --delta 8:12 --depth empty": "empty is empty",
    "plan book.toml --chain chain.csv --delta 8:12 --prices chain.csv": "prices are a table of closes or bars",
    "plan book.toml --chain chain.csv --delta 8:12 --survive now": "no replay is called 'now'; there are mar-2020",
    "plan book.toml --chain chain.csv --delta ETH=8:12": "give a chain of that asset, or remove the band",
    # More than any memory holds, and numbers in other forms.
    "scenario book.toml --chain chain.csv --velocity -2% --days 1e9": "--days must be a number of days > 0, 18,250 at most; got '1e9'",
    "scenario book.toml --chain chain.csv --monte-carlo 999999999999": "--monte-carlo must be",
    "scenario book.toml --chain chain.csv --velocity -200%": "--velocity must be a move of log-price a day from -100% to +100%",
    "scenario book.toml --chain chain.csv --velocity -100% --days 30": "--velocity -100% and acceleration 0.0 over 30.0 days move log-price by 30, 20 at most",
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
    "plan book.toml --chain chain.csv --delta 8:12 --survive 40%": "write -40%:0% for a fall, 0%:40% for a rise",
    "plan book.toml --chain chain.csv --delta 8:12 --survive -40%": "write -40%:0%",
    "plan book.toml --chain chain.csv --delta 8:12 --tier two": "--tier must be a whole number >= 0; got 'two'",
    "plan book.toml --chain chain.csv --delt 8:12": "names are written whole; did you mean --delta or --delta-value or",
    "plan book.toml --chain chain.csv --strikes 60000:70000": "hedging plan takes no such option (try",
    "plan book.toml --chain chain.csv --max_legs 3": "takes no such option: write --max-legs (try",
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
    # What would change nothing is refused.
    "scenario book.toml --chain chain.csv --grid --acceleration -1%": "--acceleration goes with --velocity",
    "scenario book.toml --chain chain.csv --grid --accel -1%": "names are written whole; did you mean --acceleration?",
    "backtest book.toml --chain recorded --start 2026-02-06": "takes no such option: write --from (try",
    "backtest book.toml --chain recorded --end 2026-02-06": "takes no such option: write --to (try",
    "plan --verbose": "--verbose: hedging plan takes no such option: all there is to say is printed, and --json - has every figure",
    "plan book.toml --chain chain.csv --delta 8:12 -q": "add 2>/dev/null",
    "plan --version": "write hedging --version",
    "plan book.toml --chain chain.csv --delta 8:12 --output x": "what it writes is --json FILE, --csv FILE, --plot FILE, --ticket FILE",
    "--debug plan book.toml": "--debug: hedging takes no such option",
    "audit plan.json --chain chain.csv --no-color": "set NO_COLOR=1",
    # What is empty names nothing.
    "plan book.toml --chain chain.csv --delta 8:12 --json ''": "--json must not be empty: give FILE|-, or leave --json out",
    "plan book.toml --chain chain.csv --delta 8:12 --plot ''": "--plot must not be empty: give FILE, or leave --plot out",
    "plan book.toml --chain '' --delta 8:12": "--chain must not be empty",
    "plan '' --chain chain.csv --delta 8:12": "BOOK must not be empty: give BOOK, or name a file",
    "plan book.toml --chain chain.csv --delta ' '": "--delta must not be empty",
    "report book.toml --chain chain.csv -o ''": "-o must not be empty",
    "scenario book.toml --chain chain.csv --velocity -2% --plan ''": "--plan must not be empty",
    "book new ''": "FILE must not be empty",
    "scenario book.toml --chain chain.csv --replay feb-2026 --days 5": "as a replay has its own",
    "scenario book.toml --chain chain.csv --velocity -2% --seed 1": "--seed goes with --monte-carlo",
    "scenario book.toml --chain chain.csv --monte-carlo 9 --correlation 50%": "the book holds one",
    "frontier book.toml --chain chain.csv --floor -10%": "--floor is what this frontier moves",
    "frontier book.toml --chain chain.csv --over budget --budget 2%": "--budget is what this frontier moves",
    "frontier book.toml --chain chain.csv --delta 8:12 --seed 1": "--seed changes nothing here",
    "plan book.toml --chain chain.csv --delta 8:12 --ticket-for any": "--ticket-for goes with --ticket",
    "plan book.toml --chain chain.csv --delta 8:12 --level 95%": "it goes with --shortfall, --value-at-risk",
    "plan book.toml --chain chain.csv --delta 8:12 --outcomes 1000": "outcomes that are drawn",
    "plan book.toml --chain chain.csv --delta 8:12 --reference-days 20": "it goes with --vega-weighted",
    "plan book.toml --chain chain.csv --floor -20% --joint together": "it goes with a book of several assets",
    "plan book.toml --chain chain.csv --delta 8:12 --funding 0.01%": "perpetuals, held or offered",
    "plan book.toml --chain chain.csv --delta 8:12 --trading --json -": "--trading is printed with the plan",
    "plan book.toml --chain chain.csv --delta 8:12 --beside chain.csv": "no second file belongs",
    "overlays book.toml --chain chain.csv --structure collar --far-expiries 40:90": "--far-expiries is of what a calendar",
    "overlays book.toml --chain chain.csv --structure collar --over-strikes 80% --put-delta .2": "leave --put-delta out",
    "overlays book.toml --chain chain.csv --structure collar --structure collar": "is given twice",
    "overlays book.toml --chain chain.csv --structure collar --over-strikes 80% --over-deltas .1": "exclude each other",
    "roll plan.json --chain tomorrow.csv --when 3 --programme 7:2": "exclude each other",
    "report book.toml --chain chain.csv --edited": "--edited goes with --plan",
    "book check book.toml --lot 3": "--lot goes with --chain",
    "frontier nofile.toml --chain chain.csv --levels -5%:-30%": "write -5%:-30%:12",
    "plan nofile.toml --chain chain.csv --at yesterday": "--at must be a time in UTC",
    "explain nofile.json --chain recorded --since yesterday": "--since must be a time in UTC",
    "plan nofile.toml --chain chain.csv --deltas 0.6:0.05": "write 0.05:0.6",
    "plan nofile.toml --chain chain.csv --floor -150%": "--floor must be a loss of all at most",
    "chain show chain.csv --rule maxspread=0.5": "did you mean max_spread?",
    # Terms, zones and rules, before any file is read.
    "plan nofile.toml --chain chain.csv --lot 0": "--lot must be a number > 0; got '0'",
    "plan nofile.toml --chain chain.csv --tick 0:0": "--tick must be a step",
    "plan nofile.toml --chain chain.csv --fee 3bp": "write 0.0003",
    "plan nofile.toml --chain chain.csv --settlement usd": "--settlement must be one of coin, cash; got 'usd'",
    "plan nofile.toml --chain chain.csv --exercise asian": "--exercise must be one of european, american",
    "plan nofile.toml --chain chain.csv --timezone Rome": "write Europe/Rome",
    "plan nofile.toml --chain chain.csv --rate 4.5": "write 4.5%",
    "plan nofile.toml --chain chain.csv --delta-rule sticky": "--delta-rule must be one of sticky_strike",
    # Files of a book, and names of files beside.
    "book check bare.toml": "got 'asset=BTC': write asset = \"BTC\"",
    "book check share.toml": "got 'floor=-15%': write floor = \"-15%\"",
    "book check thousands.toml": "write entry = 88_000",
    "book check many.toml": "line 4, holding 1: qty: no such key; did you mean quantity? | line 6: limits.delta: it belongs in [targets]: "
    "move the line there | line 8: targets.budget: it belongs in [limits]",
    "book check twice.toml": "limits.max-legs: given twice, as max_legs too",
    "book check unlisted.toml --chain chain.csv": "close to it: BTC-27MAR26-60000-P",
    "book check euro.toml --chain chain.csv": "numeraire must be USD or an asset of the chain (BTC); got 'EUR'",
    "book check nothing.toml": "holding 1, BTC: quantity must not be 0; leave the holding out",
    "book check ether.toml --chain chain.csv --asset BTC": "the book holds ETH, but the chain is BTC",
    "book check expired.toml --chain chain.csv": "BTC-27FEB26-60000-P expired before the quotes",
    "book check bok.toml": "did you mean book.toml?",
    "plan bok.toml --chain chain.csv --delta 8:12": "did you mean book.toml?",
    "plan book.toml --chain chian.csv --delta 8:12": "did you mean chain.csv?",
    "audit plna.json --chain chain.csv": "did you mean plan.json?",
    "plan book.toml --chain nowhere/chain.csv --delta 8:12": "there is no folder nowhere",
    # Files of another kind, and days of no calendar.
    "explain plan.json --chain recorded --since 2026-02-31": "got '2026-02-31'",
    "chain show chain.csv --expiry 31FEB26": "--expiry must be a day of the calendar, as 2026-02-06; got '31FEB26'",
    "plan book.toml --chain recorded --delta 8:12 --at 2026-02-31": "cannot be read",
    "plan book.toml --chain book.toml --delta 8:12": "book.toml is a book in TOML, which is given as BOOK; it holds no quotes",
    "plan book.toml --chain plan.json --delta 8:12": "plan.json is a saved plan, which hedging audit, watch and report take",
    "plan book.toml --chain prices.csv --delta 8:12": "is a table of prices, which --prices FILE takes and hedging screen",
    "plan book.toml --chain refused.json --delta 8:12": "is an exchange's error reply (too_many_requests 10028): ask it again",
    "plan book.toml --chain instruments.json --delta 8:12": "is a list of instruments without quotes",
    "plan book.toml --chain chain.csv --delta 8:12 --depth packed.csv.gz": "is a chain of option quotes, which --chain FILE takes, packed by gzip",
    "plan book.toml --chain chain.csv --delta 8:12 --prices plan.json": "--prices plan.json is a saved plan",
    "plan book.toml --chain chain.csv --delta 8:12 --map rules.toml": "--map rules.toml",
    "plan plan.json --chain chain.csv --delta 8:12": "book file plan.json is a saved plan",
    "plan packed.csv.gz --chain chain.csv --delta 8:12": "is a chain of option quotes, which --chain FILE takes, packed by gzip",
    "scenario book.toml --chain chain.csv --velocity -2% --plan rules.toml": "--plan rules.toml",
    "scenario book.toml --chain chain.csv --velocity -2% --plan nothing.toml": "--plan nothing.toml is a book in TOML",
    "watch plan.json --chain recorded --rules book.toml": "--rules book.toml is a book in TOML, which is given as BOOK; rules have",
    "screen book.toml": "book.toml is a book in TOML, which is given as BOOK; prices are a table",
    "screen plan.json": "plan.json is a saved plan",
    "chain map book.toml": "book.toml is a book in TOML, which is given as BOOK; a map is of a table of quotes",
    "report book.toml --chain chain.csv --screen refused.json": "the screen is an exchange's error reply",
    "plan book.toml --chain chain.csv --delta BTCC=8:12": "did you mean BTC?",
}
HELD = '[[holdings]]\nasset="BTC"\nkind="spot"\n'
BOOKS = {
    "bare": "[[holdings]]\nasset=BTC\n",
    "share": HELD + "quantity=1\n[targets]\nfloor=-15%\n",
    "thousands": HELD + "quantity=1\nentry=88,000\n",
    "many": HELD + 'qty=1\n[limits]\ndelta="8:12"\n[targets]\nbudget="2%"\n',
    "twice": HELD + "quantity=1\n[limits]\nmax_legs=3\nmax-legs=4\n",
    "unlisted": '[[holdings]]\ncontract="BTC-27MAR26-60001-P"\nquantity=1\n',
    "expired": '[[holdings]]\ncontract="BTC-27FEB26-60000-P"\nquantity=1\n',
    "euro": 'numeraire="EUR"\n' + HELD + "quantity=1\n",
    "nothing": HELD + "quantity=0\n",
    "named": '[[holdings]]\nasset=""\nkind="spot"\nquantity=1\n',
    "typo": HELD + "quantty=1\nquantity=1\n",
    "ether": HELD.replace("BTC", "ETH") + "quantity=1\n",
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
    (path / "refused.json").write_text(
        '{"jsonrpc": "2.0", "error": {"code": 10028, "message": "too_many_requests"}}'
    )
    (path / "instruments.json").write_text(
        '{"result": [{"instrument_name": "BTC-27MAR26-60000-P", "tick_size": 0.1}]}'
    )
    (path / "packed.csv.gz").write_bytes(gzip.compress((path / "chain.csv").read_bytes()))
    for name, text in BOOKS.items():
        (path / f"{name}.toml").write_text(text)
    (path / "page.html").write_text("<!doctype html>\n<html><body>a report</body></html>\n")
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
    assert "?." not in said
    assert not [word for word in FOREIGN if word in said]
    assert {path: path.stat().st_mtime_ns for path in files.rglob("*")} == before  # nothing was written
