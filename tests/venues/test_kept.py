"""Files as people keep them: each is known by what it holds, and says what it lacks."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cases.tables import rows

from hedging import OptionChain, read_chain
from hedging.cli.main import main
from hedging.errors import ChainError, InputError
from hedging.greeks import black76_price, price
from hedging.market import _parity
from hedging.venues import ccxt, yfinance
from hedging.venues.dividends import read_dividends
from hedging.venues.proposing import proposed_map

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases"
AT = "2026-02-06T08:00Z"


@pytest.fixture
def case():
    if not CASES.is_dir():
        pytest.skip("the small cases are not here")
    return lambda name: CASES / name


# --- crypto venues ----------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet", "xlsx"])
def test_a_book_summary_is_one_chain_however_it_is_saved(tmp_path, ending):
    (tmp_path / "x.json").write_text(json.dumps(rows()))
    path, frame = tmp_path / f"x.{ending}", pd.DataFrame(rows())
    write = {
        "csv": lambda: frame.to_csv(path, index=False),
        "jsonl": lambda: path.write_text("\n".join(map(json.dumps, rows()))),
        "parquet": lambda: frame.to_parquet(path),
        "xlsx": lambda: frame.to_excel(path, index=False),
    }
    write[ending]()
    one, other = read_chain(tmp_path / "x.json"), read_chain(path)
    exact = {"rtol": 1e-14} if ending == "xlsx" else {"check_exact": True}  # sheets keep sixteen digits
    pd.testing.assert_frame_equal(one.quotes, other.quotes, **exact)
    assert (one.as_of, one.spot, one.terms) == (other.as_of, other.spot, other.terms)


@pytest.mark.parametrize("name", ["csv", "jsonl", "parquet"])
def test_the_summary_of_the_cases(case, name):
    own = read_chain(case("deribit_summary.json"))
    assert len(own.quotes) == 14
    pd.testing.assert_frame_equal(
        own.quotes, read_chain(case(f"deribit_summary.{name}")).quotes, check_exact=True
    )


def test_the_export_of_deribits_page_knows_its_sizes_by_their_place(case):
    path = case("BTC-27MAR26-export.csv")
    with pytest.raises(ChainError, match="does not say when its quotes were taken; pass at="):
        read_chain(path)
    chain = read_chain(path, at=AT)
    assert len(chain.quotes) == 14
    assert (chain.quotes["bid_size"] == 1.0).all()
    assert (chain.quotes["ask_size"] == 2.0).all()
    assert chain.quotes["forward"].to_numpy() == pytest.approx(70_000.0, rel=2e-4)  # marks of four digits


@pytest.mark.parametrize(
    ("name", "given", "venue", "tick", "lot", "multiplier", "settlement"),
    [
        ("bybit_v5.csv", {"at": AT}, "bybit", 5.0, 0.01, 1.0, "cash"),
        ("binance_ticker.json", {"at": AT}, "binance", 5.0, 0.01, 1.0, "cash"),
        ("okx_tickers.json", {}, "okx", 0.0005, 1.0, 0.01, "coin"),
        ("okx_opt_summary.json", {}, "okx", 0.0005, 1.0, 0.01, "coin"),
        ("tardis_okx.csv", {}, "okx", 0.0005, 1.0, 0.01, "coin"),
    ],
)
def test_other_venues_have_their_own_terms(case, name, given, venue, tick, lot, multiplier, settlement):
    chain = read_chain(case(name), **given)
    terms = chain.terms
    assert len(chain.quotes) == 14
    assert (terms.venue, terms.lot, terms.multiplier, terms.settlement) == (
        venue,
        lot,
        multiplier,
        settlement,
    )
    assert terms.tick_at(0.05 if settlement == "coin" else 1_000.0) == tick
    assert chain.quotes["mark_vol"].to_numpy() == pytest.approx(0.55, abs=0.01)


def test_replies_of_okx_are_read_together(case):
    chain = read_chain(case("okx_tickers.json"), beside=case("okx_opt_summary.json"))
    row = chain.row("BTC-USD-260327-70000-C")
    assert (row["bid_quoted"], row["mark_vol"], row["forward"]) == (0.0787, 0.55, 70_000.0)
    with pytest.raises(ChainError, match="does not belong beside"):
        read_chain(case("okx_tickers.json"), beside=case("bybit_v5.csv"))


def test_a_coin_without_known_terms_says_how_to_give_them(case, capsys):
    with pytest.raises(ChainError, match=r"lot, ticks are missing. Pass terms=.*--lot 1 --tick"):
        read_chain(case("bybit_xrp.json"))
    chain = read_chain(case("bybit_xrp.json"), terms={"lot": 10, "ticks": 0.0001})
    assert (chain.terms.lot, chain.terms.ticks, chain.terms.venue) == (10.0, ((0.0, 0.0001),), "bybit")
    with pytest.raises(ChainError, match="multiplier, lot, ticks are missing"):
        read_chain(case("deribit_unknown_coin.json"))
    assert main(["chain", "show", str(case("bybit_xrp.json")), "--lot", "1", "--tick", "0.0001"]) == 0
    assert "14 quotes kept" in capsys.readouterr().out
    with pytest.raises(InputError, match="terms have settlement"):
        read_chain(case("bybit_xrp.json"), terms={"lots": 1})


def test_ccxts_rows_of_okx_and_binance_have_their_own_terms():
    okx = {"BTC/USD:BTC-260327-70000-C": {
        "timestamp": 1_770_364_800_000, "bidPrice": None, "askPrice": None, "markPrice": None, "underlyingPrice": None,
        "info": {"instId": "BTC-USD-260327-70000-C", "markVol": "0.55", "fwdPx": "70000"}}}  # fmt: skip
    assert ccxt.read_option_chain(okx).terms.multiplier == 0.01
    binance = {"BTC/USDT:USDT-260327-70000-C": {
        "timestamp": 1_770_364_800_000, "bidPrice": 5500.0, "askPrice": 5700.0, "markPrice": 5600.0,
        "underlyingPrice": 70_000.0, "info": {"symbol": "BTC-260327-70000-C", "exercisePrice": "70000"}}}  # fmt: skip
    assert ccxt.read_option_chain(binance).terms.fee.cap == 0.1  # of Binance, where Bybit has 0.07


# --- US options -------------------------------------------------------------------------------------

NOW = pd.Timestamp("2026-02-11T17:27Z")
SPOT, RATE = 100.0, 0.04


def us_quotes(root: str = "XYZ", days: tuple[str, ...] = ("260320", "260618")) -> list[dict]:
    """Quotes of options at 30 % vol, European values of a stock without dividends."""
    made = []
    for day in days:
        expiry = pd.Timestamp(f"20{day[:2]}-{day[2:4]}-{day[4:]} 16:00", tz="America/New_York")
        years = (expiry - NOW) / pd.Timedelta(days=365)
        for strike in range(80, 125, 5):
            for flag in "CP":
                value = float(price(flag.lower(), SPOT, float(strike), years, RATE, 0.3))
                name = f"{root}{day}{flag}{strike * 1000:08d}"
                made.append({"symbol": name, "bid": value - 0.02, "ask": value + 0.02})
    return made


def yahoo(**more: object) -> pd.DataFrame:
    frame = pd.DataFrame(us_quotes()).rename(columns={"symbol": "contractSymbol"})
    return frame.assign(lastTradeDate=str(NOW), openInterest=3, volume="-", underlyingPrice=SPOT, **more)


def test_frames_of_yfinance_are_american_in_hundreds_of_shares(tmp_path):
    yahoo().to_csv(tmp_path / "x.csv", index=False)
    chain = read_chain(tmp_path / "x.csv")
    assert (chain.asset, chain.spot, chain.as_of) == ("XYZ", SPOT, NOW)
    assert (chain.terms.exercise, chain.terms.multiplier) == ("american", 100.0)
    assert (chain.quotes["open_interest"] == 300.0).all()  # shares
    assert chain.quotes["forward"].iloc[0] == pytest.approx(SPOT * np.exp(RATE * 37.1 / 365), rel=1e-3)
    pair = (yahoo()[yahoo()["contractSymbol"].str.contains("C0")], yahoo())[0], yahoo()
    assert len(yfinance.read_option_chain((pair[0], pair[1].drop(pair[0].index))).quotes) == 36


def test_frames_without_a_recent_trade_need_a_time(tmp_path):
    frame = yahoo()
    frame["lastTradeDate"] = [str(NOW - pd.Timedelta(hours=row)) for row in range(len(frame))]
    frame.to_csv(tmp_path / "x.csv", index=False)
    with pytest.raises(ChainError, match="too few contracts traded shortly before"):
        read_chain(tmp_path / "x.csv")


def test_a_spot_that_the_quotes_contradict_is_replaced_and_told(tmp_path):
    yahoo().assign(underlyingPrice=97.0).to_csv(tmp_path / "x.csv", index=False)
    chain = read_chain(tmp_path / "x.csv")
    assert chain.spot == pytest.approx(SPOT, rel=0.01)
    assert "does not fit its quotes" in chain.notes[0]
    assert "does not fit its quotes" in repr(chain)
    assert read_chain(tmp_path / "x.csv", spot=99.9).spot == 99.9


def test_given_rates_and_dividends_win(tmp_path):
    yahoo().to_csv(tmp_path / "x.csv", index=False)
    (tmp_path / "d.csv").write_text("date,amount\n2026-03-02,1.5\n2026-12-01,9\n")
    paid = read_dividends(tmp_path / "d.csv")
    chain = read_chain(tmp_path / "x.csv", rate=0.05, dividends=paid)
    days = (pd.Timestamp("2026-03-02T13:30Z") - NOW) / pd.Timedelta(days=1)
    years = chain.quotes["time_to_expiry"].iloc[0]
    by_hand = (SPOT - 1.5 * np.exp(-0.05 * days / 365)) * np.exp(0.05 * years)
    assert chain.quotes["forward"].iloc[0] == pytest.approx(by_hand, rel=1e-12)
    (tmp_path / "d.csv").write_text("date,amount\n2026-03-02,-1\n")
    with pytest.raises(ChainError, match="an amount must be a number >= 0"):
        read_dividends(tmp_path / "d.csv")


def test_what_a_file_says_itself_is_not_taken(tmp_path):
    (tmp_path / "x.json").write_text(json.dumps(rows()))
    with pytest.raises(ChainError, match="leave rate= out"):
        read_chain(tmp_path / "x.json", rate=0.04)


def test_delayed_quotes_of_cboe(tmp_path):
    options = [{"option": each["symbol"], "bid": each["bid"], "ask": each["ask"]} for each in us_quotes()]
    reply = {"timestamp": "2026-02-11 17:42:00", "symbol": "XYZ",
             "data": {"current_price": SPOT, "last_trade_time": "2026-02-11T12:27:00", "options": options}}  # fmt: skip
    (tmp_path / "x.json").write_text(json.dumps(reply))
    chain = read_chain(tmp_path / "x.json")
    assert (chain.as_of, chain.spot, len(chain.quotes)) == (NOW, SPOT, 36)


def test_optionsdx_writes_calls_and_puts_on_a_line(tmp_path):
    header = ["QUOTE_UNIXTIME", "UNDERLYING_LAST", "EXPIRE_DATE", "C_SIZE", "C_BID", "C_ASK", "STRIKE", "P_BID",
              "P_ASK", "P_SIZE"]  # fmt: skip
    quotes = {each["symbol"]: each for each in us_quotes(days=("260320",))}
    with (tmp_path / "x.txt").open("w") as out:
        out.write(", ".join(f"[{name}]" for name in header) + "\n")
        for strike in range(80, 125, 5):
            call, put = (quotes[f"XYZ260320{flag}{strike * 1000:08d}"] for flag in "CP")
            line = [int(NOW.timestamp()), SPOT, "2026-03-20", "3 x 4", call["bid"], call["ask"], strike, put["bid"],
                    put["ask"], "5 x 6"]  # fmt: skip
            csv.writer(out).writerow(line)
    with pytest.raises(ChainError, match="does not name its underlying; pass asset="):
        read_chain(tmp_path / "x.txt")
    chain = read_chain(tmp_path / "x.txt", asset="XYZ")
    assert len(chain.quotes) == 18
    assert chain.row("XYZ-20MAR26-100-P")["ask_size"] == 6.0


def test_a_date_without_a_comma(case):
    assert len(read_chain(case("date_without_comma.csv")).quotes) == 140


@pytest.mark.parametrize(
    ("name", "given", "kept", "asset"),
    [
        ("tda_msft_puts_20210518.json.gz", {}, 380, "MSFT"),
        ("thinkorswim_spy_2018.csv.gz", {"at": "2018-01-02T20:00Z"}, 211, "SPY"),
        ("yfinance_ibit_20260211.csv.gz", {}, 2_100, "IBIT"),
        ("deribit_site_export_btc_27sep24.csv", {"at": "2024-04-08T08:00Z"}, 130, "BTC"),
        ("spx_eod_20241111.csv.gz", {"asset": "SPX"}, 12_900, "SPX"),
    ],
)
def test_found_files_open_with_what_is_not_in_them(shared_data, name, given, kept, asset):
    chain = read_chain(shared_data / "found" / name, **given)
    assert chain.asset == asset
    assert len(chain.quotes) >= kept
    rates = -np.log(chain.quotes["discount"]) / chain.quotes["time_to_expiry"]
    assert chain.terms.settlement == "coin" or rates.between(-0.02, 0.20).all()


def test_stale_pairs_have_no_say_in_the_rate():
    expiry = pd.Timestamp("2026-08-06T08:00Z")
    strikes = np.arange(60.0, 145.0, 5.0)
    table = pd.DataFrame({"expiry": expiry, "strike": np.tile(strikes, 2), "flag": np.repeat(["c", "p"], 17)})
    mid = [
        black76_price(f, 100.0, k, 0.5, 0.0, 0.3) * 0.98
        for f, k in zip(table["flag"], table["strike"], strict=True)
    ]
    table = table.assign(bid=np.array(mid) - 0.01, ask=np.array(mid) + 0.01)
    table.loc[:3, ["bid", "ask"]] += 5.0  # calls of an hour before
    factor = _parity.smooth_discount(table, pd.Timestamp("2026-02-06T08:00Z"))
    assert factor.iloc[0] == pytest.approx(0.98, abs=1e-4)
    with pytest.raises(ChainError, match="imply rates outside"):
        _parity.smooth_discount(table.assign(strike=table["strike"] * 3), pd.Timestamp("2026-02-06T08:00Z"))


# --- any other table --------------------------------------------------------------------------------


def plain(**more: object) -> pd.DataFrame:
    table = [
        {"flag": f, "strike": k, "expiry": "2026-03-08T08:00Z", "iv": 0.5,
         "bid": 0.99 * float(black76_price(f, 100.0, k, 30 / 365, 0.0, 0.5)),
         "ask": 1.01 * float(black76_price(f, 100.0, k, 30 / 365, 0.0, 0.5))}
        for k in (80.0, 90.0, 100.0, 110.0, 120.0) for f in "cp"
    ]  # fmt: skip
    return pd.DataFrame(table).assign(**more)


def built(frame: pd.DataFrame, price: str = "money", **more: object) -> OptionChain:
    return OptionChain.from_frame(
        frame,
        asset="XYZ",
        as_of=AT,
        units={"price": price, "vol": "decimal"},
        columns={"mark_vol": "iv"},
        **more,
    )


def test_spot_and_rate_make_forwards_where_nothing_better_does():
    frame, grown = plain().query("flag == 'p'"), 100.0 * np.exp(0.03 * 30 / 365)
    in_coin = frame.assign(bid=frame["bid"] / grown, ask=frame["ask"] / grown)
    for puts in (built(frame, spot=100.0, rate=0.03), built(in_coin, "coin", spot=100.0, rate=0.03)):
        assert puts.quotes["forward"].to_numpy() == pytest.approx(grown, rel=1e-12)
    assert len(built(plain(bid=0.0, ask=0.0), spot=100.0).quotes) == 10


@pytest.mark.parametrize("change", [{"volume": "-"}, {"iv": -999.0}, {"iv": "NaN"}, {"iv": "50%"}])
def test_what_vendors_write_for_nothing_rejects_no_quote(change):
    chain = built(plain(**change))
    assert len(chain.quotes) == 10
    assert chain.quotes["mark_vol"].to_numpy() == pytest.approx(0.5, abs=0.02)


def test_a_map_reads_a_table_that_nobody_knows(tmp_path, capsys):
    table = plain().rename(columns={"flag": "Option Type", "bid": "Best Bid", "ask": "Offer"})
    table["expiry"] = "08/03/2026"
    table.to_csv(tmp_path / "x.csv", index=False)
    text = proposed_map(tmp_path / "x.csv")
    assert 'flag = "Option Type"' in text
    (tmp_path / "open.toml").write_text(text)
    with pytest.raises(InputError, match="is left open"):
        read_chain(tmp_path / "x.csv", map=tmp_path / "open.toml")
    (tmp_path / "map.toml").write_text(
        'asset = "XYZ"\nas_of = "2026-02-06T08:00Z"\ntimezone = "UTC"\nexpiry_time = "08:00"\ndates = "%d/%m/%Y"\n'
        'units = {price = "money", vol = "decimal"}\n[columns]\nflag = "Option Type"\nstrike = "strike"\n'
        'expiry = "expiry"\nbid = "Best Bid"\nask = "Offer"\nmark_vol = "iv"\n[terms]\nlot = 1\nticks = 0.05\n'
    )
    chain = read_chain(tmp_path / "x.csv", map=tmp_path / "map.toml")
    pd.testing.assert_frame_equal(chain.quotes, built(plain()).quotes, check_exact=True)
    out = tmp_path / "out.parquet"
    assert (
        main(
            ["chain", "convert", str(tmp_path / "x.csv"), "--map", str(tmp_path / "map.toml"), "-o", str(out)]
        )
        == 0
    )
    assert read_chain(out).terms.ticks == ((0.0, 0.05),)
    capsys.readouterr()
    assert main(["chain", "map", str(tmp_path / "x.csv")]) == 0
    assert capsys.readouterr().out == text
